#include "CPictures.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

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
  struct jpeg_decompress_struct jpeg;
  struct failure failure;
  jpeg.err = jpeg_std_error(&failure.manager);
  failure.manager.error_exit = fail;
  failure.manager.emit_message = warn;
  failure.message = message;
  failure.is_cut = 0;
  if (setjmp(failure.place)) {
    jpeg_destroy_decompress(&jpeg);
    return -1;
  }
  jpeg_create_decompress(&jpeg);
  // A progressive picture may ask for many times its size.
  jpeg.mem->max_memory_to_use = 1L << 30;
  jpeg_mem_src(&jpeg, bytes, (unsigned long)count);
  jpeg.src->fill_input_buffer = refill;
  jpeg_read_header(&jpeg, TRUE);
  if (jpeg.num_components != 1 && jpeg.num_components != 3) {
    snprintf(message, SUTURE_PICTURE_MESSAGE, "it has %d channels; grey and colour are supported", jpeg.num_components);
    jpeg_destroy_decompress(&jpeg);
    return -1;
  }
  if (rgb) {
    jpeg.out_color_space = JCS_RGB;
    jpeg_start_decompress(&jpeg);
    if (jpeg.output_width != *width || jpeg.output_height != *height) {
      snprintf(message, SUTURE_PICTURE_MESSAGE, "the size changed");
      jpeg_destroy_decompress(&jpeg);
      return -1;
    }
    while (jpeg.output_scanline < jpeg.output_height && !failure.is_cut) {
      JSAMPROW row = rgb + (size_t)jpeg.output_scanline * *width * 3;
      jpeg_read_scanlines(&jpeg, &row, 1);
    }
  }
  *width = jpeg.image_width;
  *height = jpeg.image_height;
  jpeg_destroy_decompress(&jpeg);
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
