#include "CPictures.h"
#include "library.h"

#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FUNCTIONS(X) \
  X(png_create_info_struct) X(png_create_read_struct) X(png_create_write_struct) X(png_destroy_read_struct)  \
  X(png_destroy_write_struct) X(png_error) X(png_get_color_type) X(png_get_error_ptr) X(png_get_image_height)  \
  X(png_get_image_width) X(png_get_io_ptr) X(png_get_rowbytes) X(png_longjmp) X(png_read_end) X(png_read_image)  \
  X(png_read_info) X(png_read_update_info) X(png_set_IHDR) X(png_set_chunk_malloc_max) X(png_set_expand)  \
  X(png_set_gray_to_rgb) X(png_set_interlace_handling) X(png_set_longjmp_fn) X(png_set_read_fn) X(png_set_strip_16)  \
  X(png_set_strip_alpha) X(png_set_user_limits) X(png_set_write_fn) X(png_write_end) X(png_write_info)  \
  X(png_write_row)

SUTURE_LIBRARY(lib, "libpng16.so.16", NULL, NULL, FUNCTIONS(SUTURE_POINTER), FUNCTIONS(SUTURE_NAME))

// Opens the library when the first picture comes. 0, or -1 with words.
static int open_or_say(char *message) {
  const char *missing = suture_open(&lib_library);
  if (missing) snprintf(message, SUTURE_PICTURE_MESSAGE, "%s; on Debian: apt-get install libpng16-16", missing);
  return missing ? -1 : 0;
}

struct input {
  const uint8_t *bytes;
  size_t count, position;
};

static void fail(png_structp png, png_const_charp words) {
  snprintf(lib.png_get_error_ptr(png), SUTURE_PICTURE_MESSAGE, "%s", words);
  lib.png_longjmp(png, 1);
}

static void ignore(png_structp png, png_const_charp words) {
  (void)png;
  (void)words;
}

static void take(png_structp png, png_bytep to, png_size_t count) {
  struct input *input = lib.png_get_io_ptr(png);
  if (count > input->count - input->position) lib.png_error(png, "the file ends too early");
  memcpy(to, input->bytes + input->position, count);
  input->position += count;
}

// Reads the header, and the pixels where there is a place for them.
static int read(const uint8_t *bytes, size_t count, uint8_t *rgb, uint32_t *width, uint32_t *height, char *message) {
  if (open_or_say(message) != 0) return -1;
  png_structp png = lib.png_create_read_struct(PNG_LIBPNG_VER_STRING, message, fail, ignore);
  png_infop info = png ? lib.png_create_info_struct(png) : NULL;
  png_bytep *volatile rows = NULL;
  if (!info) {
    snprintf(message, SUTURE_PICTURE_MESSAGE, "there is no memory");
    lib.png_destroy_read_struct(&png, NULL, NULL);
    return -1;
  }
  struct input input = {bytes, count, 0};
  if (setjmp(*lib.png_set_longjmp_fn(png, longjmp, sizeof(jmp_buf)))) {
    lib.png_destroy_read_struct(&png, &info, NULL);
    free((void *)rows);
    return -1;
  }
  lib.png_set_read_fn(png, &input, take);
  lib.png_set_user_limits(png, 1 << 20, 1 << 20);
  lib.png_set_chunk_malloc_max(png, 1 << 24);
  lib.png_read_info(png, info);
  uint32_t w = lib.png_get_image_width(png, info), h = lib.png_get_image_height(png, info);
  if (rgb) {
    if (w != *width || h != *height) lib.png_error(png, "the size changed");
    // As PIL's convert("RGB") does: palettes looked up, 16 bits cut to 8, alpha thrown away, no gamma.
    lib.png_set_expand(png);
    lib.png_set_strip_16(png);
    lib.png_set_strip_alpha(png);
    if (!(lib.png_get_color_type(png, info) & PNG_COLOR_MASK_COLOR)) lib.png_set_gray_to_rgb(png);
    lib.png_set_interlace_handling(png);
    lib.png_read_update_info(png, info);
    if (lib.png_get_rowbytes(png, info) != (size_t)w * 3) lib.png_error(png, "it has an unusual number of channels");
    rows = malloc(sizeof(png_bytep) * h);
    if (!rows) lib.png_error(png, "there is no memory");
    for (uint32_t y = 0; y < h; y++) rows[y] = rgb + (size_t)y * w * 3;
    lib.png_read_image(png, rows);
    lib.png_read_end(png, NULL);
  }
  *width = w;
  *height = h;
  lib.png_destroy_read_struct(&png, &info, NULL);
  free((void *)rows);
  return 0;
}

int suture_png_size(const uint8_t *bytes, size_t count, uint32_t *width, uint32_t *height, char *message) {
  return read(bytes, count, NULL, width, height, message);
}

int suture_png_decode(const uint8_t *bytes, size_t count, uint8_t *rgb, uint32_t width, uint32_t height,
                      char *message) {
  return read(bytes, count, rgb, &width, &height, message);
}

struct output {
  void *context;
  void (*write)(void *context, const uint8_t *bytes, size_t count);
};

static void put(png_structp png, png_bytep from, png_size_t count) {
  struct output *output = lib.png_get_io_ptr(png);
  output->write(output->context, from, count);
}

static void flush(png_structp png) { (void)png; }

int suture_png_encode(const uint8_t *rgb, uint32_t width, uint32_t height, void *context,
                      void (*write)(void *context, const uint8_t *bytes, size_t count), char *message) {
  if (open_or_say(message) != 0) return -1;
  png_structp png = lib.png_create_write_struct(PNG_LIBPNG_VER_STRING, message, fail, ignore);
  png_infop info = png ? lib.png_create_info_struct(png) : NULL;
  if (!info) {
    snprintf(message, SUTURE_PICTURE_MESSAGE, "there is no memory");
    lib.png_destroy_write_struct(&png, NULL);
    return -1;
  }
  struct output output = {context, write};
  if (setjmp(*lib.png_set_longjmp_fn(png, longjmp, sizeof(jmp_buf)))) {
    lib.png_destroy_write_struct(&png, &info);
    return -1;
  }
  lib.png_set_write_fn(png, &output, put, flush);
  lib.png_set_IHDR(png, info, width, height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  lib.png_write_info(png, info);
  for (uint32_t y = 0; y < height; y++) lib.png_write_row(png, rgb + (size_t)y * width * 3);
  lib.png_write_end(png, NULL);
  lib.png_destroy_write_struct(&png, &info);
  return 0;
}
