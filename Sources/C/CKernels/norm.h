// Layer norm over the channels of each pixel: x less its mean, over the root of its variance.
//
// Four pixels at a time: the sums of all lanes are found for four with little more work than for one, and while one waits for
// a root or a quotient there is something else to do.
#ifndef SUTURE_NORM_H
#define SUTURE_NORM_H

#include "blocks.h"

enum { TOGETHER = 4 };  // pixels

// What is taken from each value of a pixel, first `middle` and then `left`, and what the rest is multiplied by.
//
// The mean is found in two steps, the second from what the first left: where it is large beside the deviations, one
// float32 is too short for it.
typedef struct {
  float middle[TOGETHER], left[TOGETHER], scale[TOGETHER];
} pixel_norms;

#define EACH_PIXEL _Pragma("GCC unroll 4") for (int i = 0; i < TOGETHER; i++)

// Adds what the channels from `c` on deviate from `middle`, and the squares of that: a vector of them, or those `there`.
INLINE void add_deviations(
  const float *const *pixels, ptrdiff_t c, bool is_whole, part there, const vector *middle, vector *sums, vector *squares) {
  EACH_PIXEL {
    const float *x = pixels[i] + c;
    vector deviation = is_whole ? load(x) - middle[i] : keep(there, load_part(there, x) - middle[i]);
    sums[i] = sums[i] + deviation;
    squares[i] = fma_of(deviation, deviation, squares[i]);
  }
}

INLINE void sum_deviations(
  const float *const *pixels, ptrdiff_t channels, const vector *middle, vector *sums, vector *squares) {
  EACH_PIXEL sums[i] = squares[i] = every(0);
  ptrdiff_t c = 0;
  for (; c + LANES <= channels; c += LANES) add_deviations(pixels, c, true, part_of(LANES), middle, sums, squares);
  if (c < channels) add_deviations(pixels, c, false, part_of(channels - c), middle, sums, squares);
}

// Of the first TOGETHER of `count` pixels, or as many as there are, that lie `pitch` floats apart.
static pixel_norms measure_norms(const float *x, ptrdiff_t pitch, ptrdiff_t count, ptrdiff_t channels, float epsilon) {
  const float *pixels[TOGETHER];
  EACH_PIXEL pixels[i] = x + least(i, count - 1) * pitch;
  // Four rows at once are no stream that a processor would see by itself.
  for (ptrdiff_t i = 2 * TOGETHER; i < least(count, 3 * TOGETHER); i++)
    for (ptrdiff_t c = 0; c < channels; c += 64 / (ptrdiff_t)sizeof(float)) __builtin_prefetch(x + i * pitch + c);
  pixel_norms norms;
  float share = 1 / (float)channels, variance[TOGETHER];
  vector middle[TOGETHER], sums[TOGETHER], squares[TOGETHER];
  EACH_PIXEL middle[i] = every(0);
  sum_deviations(pixels, channels, middle, sums, squares);
  totals(sums, norms.middle);
  EACH_PIXEL norms.middle[i] *= share;
  EACH_PIXEL middle[i] = every(norms.middle[i]);
  sum_deviations(pixels, channels, middle, sums, squares);
  totals(sums, norms.left);
  totals(squares, variance);
  EACH_PIXEL {
    norms.left[i] *= share;
    norms.scale[i] = 1 / __builtin_sqrtf(variance[i] * share - norms.left[i] * norms.left[i] + epsilon);
  }
  return norms;
}

// Normalises `count` channels of a pixel, the `i`th of those measured.
INLINE void normalize(const pixel_norms *norms, ptrdiff_t i, const float *x, ptrdiff_t count, float *to) {
  vector middle = every(norms->middle[i]), left = every(norms->left[i]), scale = every(norms->scale[i]);
  ptrdiff_t c = 0;
  for (; c + LANES <= count; c += LANES) store(to + c, (load(x + c) - middle - left) * scale);
  if (c == count) return;
  part there = part_of(count - c);
  store_part(to + c, there, (load_part(there, x + c) - middle - left) * scale);
}

// The same into words, by way of `room` where words are not floats.
INLINE void normalize_words(const pixel_norms *norms, ptrdiff_t i, const float *x, ptrdiff_t count, word *to, float *room) {
#if PER_WORD == 2
  normalize(norms, i, x, count, room);
  to_words(room, to, count);
#else
  normalize(norms, i, x, count, (float *)to);
#endif
}

#undef EACH_PIXEL

#endif
