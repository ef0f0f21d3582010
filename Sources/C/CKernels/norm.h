#ifndef SUTURE_NORM_H
#define SUTURE_NORM_H

#include "blocks.h"

// Two vectors at a time: with one, each addition would wait for that before it.
enum { VECTOR = 16, ABREAST = 2, STEP = VECTOR * ABREAST };

#define EACH _Pragma("clang loop unroll(full)") for (int i = 0; i < ABREAST; i++)

// How many of `count` floats are in vector `i`.
#define THERE(i) REST(most(0, least(VECTOR, count - (i) * VECTOR)))

typedef struct {
  __m512 sums[ABREAST], squares[ABREAST];
} moments;

// Adds what `count` floats deviate from `middle`, and the squares of that.
__attribute__((target(VECTORS))) INLINE void add(moments *m, const float *x, ptrdiff_t count, __m512 middle) {
  EACH {
    __m512 deviation = _mm512_maskz_sub_ps(THERE(i), _mm512_maskz_loadu_ps(THERE(i), x + i * VECTOR), middle);
    m->sums[i] = _mm512_add_ps(m->sums[i], deviation);
    m->squares[i] = _mm512_fmadd_ps(deviation, deviation, m->squares[i]);
  }
}

__attribute__((target(VECTORS))) INLINE moments moments_of(const float *x, ptrdiff_t channels, __m512 middle) {
  moments m;
  EACH m.sums[i] = m.squares[i] = _mm512_setzero_ps();
  ptrdiff_t c = 0;
  for (; c + STEP <= channels; c += STEP) add(&m, x + c, STEP, middle);
  if (c < channels) add(&m, x + c, channels - c, middle);
  return m;
}

__attribute__((target(VECTORS))) INLINE float total(const __m512 *sums) {
  return _mm512_reduce_add_ps(_mm512_add_ps(sums[0], sums[1]));
}

__attribute__((target(VECTORS))) INLINE void scale_by(
  const float *x, ptrdiff_t count, __m512 middle, __m512 shift, __m512 scale, float *to) {
  EACH {
    __m512 deviation = _mm512_sub_ps(_mm512_maskz_loadu_ps(THERE(i), x + i * VECTOR), middle);
    __m512 normal = _mm512_mul_ps(_mm512_sub_ps(deviation, shift), scale);
    _mm512_mask_storeu_ps(to + i * VECTOR, THERE(i), normal);
  }
}

// Normalises the channels of one pixel.
//
// The mean is found in two steps, the second from what the first left: where it is large beside the deviations, one
// float32 is too short for it.
__attribute__((target(VECTORS), unused)) static void normalize(
  const float *x, ptrdiff_t channels, float epsilon, float *to) {
  float share = 1 / (float)channels;
  moments m = moments_of(x, channels, _mm512_setzero_ps());
  __m512 middle = _mm512_set1_ps(total(m.sums) * share);
  m = moments_of(x, channels, middle);
  float left = total(m.sums) * share, variance = total(m.squares) * share - left * left;
  __m512 shift = _mm512_set1_ps(left), scale = _mm512_set1_ps(1 / __builtin_sqrtf(variance + epsilon));
  ptrdiff_t c = 0;
  for (; c + STEP <= channels; c += STEP) scale_by(x + c, STEP, middle, shift, scale, to + c);
  if (c < channels) scale_by(x + c, channels - c, middle, shift, scale, to + c);
}

#undef EACH
#undef THERE

#endif
