#include "CPictures.h"
#include "library.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

#define FUNCTIONS(X) \
  X(jpeg_std_error) X(jpeg_CreateDecompress) X(jpeg_destroy_decompress) X(jpeg_mem_src) X(jpeg_read_header)  \
  X(jpeg_start_decompress) X(jpeg_read_scanlines)

// Its name follows the interface that its headers describe: 62 is Debian's, 80 Ubuntu's.
#if JPEG_LIB_VERSION >= 80
#define LIBRARY "libjpeg.so.8"
#define PACKAGE "libjpeg-turbo8"
#else
#define LIBRARY "libjpeg.so.62"
#define PACKAGE "libjpeg62-turbo"
#endif

SUTURE_LIBRARY(lib, LIBRARY, NULL, NULL, FUNCTIONS(SUTURE_POINTER), FUNCTIONS(SUTURE_NAME))

// Opens the library when the first picture comes. 0, or -1 with words.
static int open_or_say(char *message) {
  const char *missing = suture_open(&lib_library);
  if (missing) snprintf(message, SUTURE_PICTURE_MESSAGE, "%s; on Debian: apt-get install " PACKAGE, missing);
  return missing ? -1 : 0;
}

struct failure {
  struct jpeg_error_mgr manager;
  jmp_buf place;
  char *message;
  int is_cut;
};

static void fail(j_common_ptr jpeg) {
  struct failure *failure = (struct failure *)jpeg->err;
  char words[JMSG_LENGTH_MAX];
  jpeg->err->format_message(jpeg, words);
  snprintf(failure->message, SUTURE_PICTURE_MESSAGE, "%s", words);
  longjmp(failure->place, 1);
}

// Warnings are let pass as PIL does, but for a file that ends too early: libjpeg would make up the rest.
static void warn(j_common_ptr jpeg, int level) {
  (void)level;
  (void)jpeg;
}

static boolean refill(j_decompress_ptr jpeg) {
  ((struct failure *)jpeg->err)->is_cut = 1;
  static const JOCTET end[2] = {0xFF, JPEG_EOI};
  jpeg->src->next_input_byte = end;
  jpeg->src->bytes_in_buffer = 2;
  return TRUE;
}

static int read(const uint8_t *bytes, size_t count, uint8_t *rgb, uint32_t *width, uint32_t *height, char *message) {
  if (open_or_say(message) != 0) return -1;
  struct jpeg_decompress_struct jpeg;
  struct failure failure;
  jpeg.err = lib.jpeg_std_error(&failure.manager);
  failure.manager.error_exit = fail;
  failure.manager.emit_message = warn;
  failure.message = message;
  failure.is_cut = 0;
  if (setjmp(failure.place)) {
    lib.jpeg_destroy_decompress(&jpeg);
    return -1;
  }
  lib.jpeg_CreateDecompress(&jpeg, JPEG_LIB_VERSION, sizeof jpeg);
  // A progressive picture may ask for many times its size.
  jpeg.mem->max_memory_to_use = 1L << 30;
  lib.jpeg_mem_src(&jpeg, bytes, (unsigned long)count);
  jpeg.src->fill_input_buffer = refill;
  lib.jpeg_read_header(&jpeg, TRUE);
  if (jpeg.num_components != 1 && jpeg.num_components != 3) {
    snprintf(message, SUTURE_PICTURE_MESSAGE, "it has %d channels; grey and colour are supported", jpeg.num_components);
    lib.jpeg_destroy_decompress(&jpeg);
    return -1;
  }
  if (rgb) {
    jpeg.out_color_space = JCS_RGB;
    lib.jpeg_start_decompress(&jpeg);
    if (jpeg.output_width != *width || jpeg.output_height != *height) {
      snprintf(message, SUTURE_PICTURE_MESSAGE, "the size changed");
      lib.jpeg_destroy_decompress(&jpeg);
      return -1;
    }
    while (jpeg.output_scanline < jpeg.output_height && !failure.is_cut) {
      JSAMPROW row = rgb + (size_t)jpeg.output_scanline * *width * 3;
      lib.jpeg_read_scanlines(&jpeg, &row, 1);
    }
  }
  *width = jpeg.image_width;
  *height = jpeg.image_height;
  lib.jpeg_destroy_decompress(&jpeg);
  if (failure.is_cut) {
    snprintf(message, SUTURE_PICTURE_MESSAGE, "the file ends too early");
    return -1;
  }
  return 0;
}

int suture_jpeg_size(const uint8_t *bytes, size_t count, uint32_t *width, uint32_t *height, char *message) {
  return read(bytes, count, NULL, width, height, message);
}

int suture_jpeg_decode(const uint8_t *bytes, size_t count, uint8_t *rgb, uint32_t width, uint32_t height,
                       char *message) {
  return read(bytes, count, rgb, &width, &height, message);
}
