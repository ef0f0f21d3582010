// Vectors of 512 bits, for processors with AVX-512. With PER_WORD 2, products of bfloat16.
#ifndef SUTURE_VECTORS_H
#define SUTURE_VECTORS_H

#include "words.h"

#include <immintrin.h>

#if PER_WORD == 2
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,fma,avx512bf16"))), apply_to = function)
#else
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,fma"))), apply_to = function)
#endif

#define LANES 16
#define ROWS 14  // 28 sums, the columns, and what they are multiplied by fill the 32 registers

typedef __m512 vector;
typedef __mmask16 part;  // which lanes are there

INLINE part part_of(ptrdiff_t count) { return (part)((1u << most(least(count, LANES), 0)) - 1); }

INLINE bool is_whole(part there) { return there == 0xFFFF; }

INLINE vector load(const float *from) { return _mm512_loadu_ps(from); }
INLINE vector load_part(part there, const float *from) { return _mm512_maskz_loadu_ps(there, from); }
INLINE void store(float *to, vector v) { _mm512_storeu_ps(to, v); }
INLINE void store_part(float *to, part there, vector v) { _mm512_mask_storeu_ps(to, there, v); }
INLINE vector keep(part there, vector v) { return _mm512_maskz_mov_ps(there, v); }
INLINE vector every(float value) { return _mm512_set1_ps(value); }

INLINE vector fma_of(vector a, vector b, vector c) { return _mm512_fmadd_ps(a, b, c); }   // a · b + c
INLINE vector less_product(vector c, vector a, vector b) { return _mm512_fnmadd_ps(a, b, c); }  // c - a · b
INLINE vector largest(vector a, vector b) { return _mm512_max_ps(a, b); }  // b where one is NaN
INLINE vector largest_or_nan(vector a, vector b) {
  return _mm512_mask_mov_ps(_mm512_max_ps(a, b), _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q), a);
}
INLINE vector least_of(vector a, vector b) { return _mm512_min_ps(a, b); }
INLINE vector size_of(vector v) { return _mm512_abs_ps(v); }
INLINE vector nearest(vector v) { return _mm512_roundscale_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
#define SCALES_TO_ZERO 1
INLINE vector scaled(vector v, vector power) { return _mm512_scalef_ps(v, power); }  // v · 2ᵖ, p whole

// The sum of all lanes of each of four vectors.
INLINE void totals(const vector *v, float *to) {
  __m512 first = _mm512_unpacklo_ps(v[0], v[1]) + _mm512_unpackhi_ps(v[0], v[1]);
  __m512 second = _mm512_unpacklo_ps(v[2], v[3]) + _mm512_unpackhi_ps(v[2], v[3]);
  __m512d even = _mm512_castps_pd(first), odd = _mm512_castps_pd(second);
  __m512 all = _mm512_castpd_ps(_mm512_unpacklo_pd(even, odd)) + _mm512_castpd_ps(_mm512_unpackhi_pd(even, odd));
  __m256 half = _mm512_castps512_ps256(all) + _mm512_extractf32x8_ps(all, 1);
  _mm_storeu_ps(to, _mm256_castps256_ps128(half) + _mm256_extractf128_ps(half, 1));
}

// An estimate of 14 bits, mended by a step of Newton's.
INLINE vector inverse(vector v) {
  vector estimate = _mm512_rcp14_ps(v);
  return fma_of(estimate, less_product(every(1), v, estimate), estimate);
}

// One of 32 numbers for each lane, by the lowest bits of `place`.
#define LOOKUP 32
INLINE vector lookup(const float *table, vector place) {
  return _mm512_permutex2var_ps(_mm512_load_ps(table), _mm512_castps_si512(place), _mm512_load_ps(table + 16));
}

#if PER_WORD == 2
typedef __m512i words;
INLINE words load_words(const word *from) { return _mm512_loadu_si512(from); }
INLINE words every_word(const char *from) { return _mm512_set1_epi32(*(const int *)from); }
INLINE vector add_product(vector sum, words a, words b) { return _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)b); }

INLINE void store_rounded(word *to, part there, vector low, vector high) {
  _mm512_mask_storeu_epi32(to, there, (__m512i)_mm512_cvtne2ps_pbh(high, low));
}
#else
#include "float_words.h"
#endif

#endif
