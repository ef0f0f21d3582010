// PNG and JPEG through libpng and libjpeg-turbo, whose errors jump: that cannot be told to Swift, so it stays in C.
#ifndef SUTURE_CPICTURES_H
#define SUTURE_CPICTURES_H

#include <stddef.h>
#include <stdint.h>

#define SUTURE_PICTURE_MESSAGE 200

// Reads the header alone. 0, or -1 with words in `message`.
int suture_png_size(const uint8_t *bytes, size_t count, uint32_t *width, uint32_t *height, char *message);
int suture_jpeg_size(const uint8_t *bytes, size_t count, uint32_t *width, uint32_t *height, char *message);

// Decodes to 8-bit RGB, row after row, as many bytes as the size that the header gave needs. 0, or -1 with words.
int suture_png_decode(const uint8_t *bytes, size_t count, uint8_t *rgb, uint32_t width, uint32_t height, char *message);
int suture_jpeg_decode(const uint8_t *bytes, size_t count, uint8_t *rgb, uint32_t width, uint32_t height, char *message);

// Encodes 8-bit RGB; gives the bytes to `write`, piece by piece. 0, or -1 with words.
int suture_png_encode(const uint8_t *rgb, uint32_t width, uint32_t height, void *context,
                      void (*write)(void *context, const uint8_t *bytes, size_t count), char *message);

#endif
