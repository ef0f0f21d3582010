#include "CPictures.h"

#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct input {
  const uint8_t *bytes;
  size_t count, position;
};

static void fail(png_structp png, png_const_charp words) {
  snprintf(png_get_error_ptr(png), SUTURE_PICTURE_MESSAGE, "%s", words);
  png_longjmp(png, 1);
}

static void ignore(png_structp png, png_const_charp words) {
  (void)png;
  (void)words;
}

static void take(png_structp png, png_bytep to, png_size_t count) {
  struct input *input = png_get_io_ptr(png);
  if (count > input->count - input->position) png_error(png, "the file ends too early");
  memcpy(to, input->bytes + input->position, count);
  input->position += count;
}

// Reads the header, and the pixels where there is a place for them.
static int read(const uint8_t *bytes, size_t count, uint8_t *rgb, uint32_t *width, uint32_t *height, char *message) {
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, message, fail, ignore);
  png_infop info = png ? png_create_info_struct(png) : NULL;
  png_bytep *volatile rows = NULL;
  if (!info) {
    snprintf(message, SUTURE_PICTURE_MESSAGE, "there is no memory");
    png_destroy_read_struct(&png, NULL, NULL);
    return -1;
  }
  struct input input = {bytes, count, 0};
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_read_struct(&png, &info, NULL);
    free((void *)rows);
    return -1;
  }
  png_set_read_fn(png, &input, take);
  png_set_user_limits(png, 1 << 20, 1 << 20);
  png_set_chunk_malloc_max(png, 1 << 24);
  png_read_info(png, info);
  uint32_t w = png_get_image_width(png, info), h = png_get_image_height(png, info);
  if (rgb) {
    if (w != *width || h != *height) png_error(png, "the size changed");
    // As PIL's convert("RGB") does: palettes looked up, 16 bits cut to 8, alpha thrown away, no gamma.
    png_set_expand(png);
    png_set_strip_16(png);
    png_set_strip_alpha(png);
    if (!(png_get_color_type(png, info) & PNG_COLOR_MASK_COLOR)) png_set_gray_to_rgb(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    if (png_get_rowbytes(png, info) != (size_t)w * 3) png_error(png, "it has an unusual number of channels");
    rows = malloc(sizeof(png_bytep) * h);
    if (!rows) png_error(png, "there is no memory");
    for (uint32_t y = 0; y < h; y++) rows[y] = rgb + (size_t)y * w * 3;
    png_read_image(png, rows);
    png_read_end(png, NULL);
  }
  *width = w;
  *height = h;
  png_destroy_read_struct(&png, &info, NULL);
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
  struct output *output = png_get_io_ptr(png);
  output->write(output->context, from, count);
}

static void flush(png_structp png) { (void)png; }

int suture_png_encode(const uint8_t *rgb, uint32_t width, uint32_t height, void *context,
                      void (*write)(void *context, const uint8_t *bytes, size_t count), char *message) {
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, message, fail, ignore);
  png_infop info = png ? png_create_info_struct(png) : NULL;
  if (!info) {
    snprintf(message, SUTURE_PICTURE_MESSAGE, "there is no memory");
    png_destroy_write_struct(&png, NULL);
    return -1;
  }
  struct output output = {context, write};
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_write_struct(&png, &info);
    return -1;
  }
  png_set_write_fn(png, &output, put, flush);
  png_set_IHDR(png, info, width, height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  for (uint32_t y = 0; y < height; y++) png_write_row(png, rgb + (size_t)y * width * 3);
  png_write_end(png, NULL);
  png_destroy_write_struct(&png, &info);
  return 0;
}
