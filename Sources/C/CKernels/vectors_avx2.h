// Vectors of 256 bits, for processors with AVX2 and FMA.
#ifndef SUTURE_VECTORS_H
#define SUTURE_VECTORS_H

#include "words.h"

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define LANES 8
#define ROWS 6  // twelve sums, the columns, and what they are multiplied by fill the sixteen registers but one

typedef __m256 vector;
typedef __m256i part;  // which lanes are there

INLINE part part_of(ptrdiff_t count) {
  static const int32_t there[2 * LANES] = {-1, -1, -1, -1, -1, -1, -1, -1};
  return _mm256_loadu_si256((const __m256i *)(there + LANES - most(least(count, LANES), 0)));
}

INLINE bool is_whole(part there) { return _mm256_movemask_ps(_mm256_castsi256_ps(there)) == 0xFF; }

INLINE vector load(const float *from) { return _mm256_loadu_ps(from); }
INLINE vector load_part(part there, const float *from) { return _mm256_maskload_ps(from, there); }
INLINE void store(float *to, vector v) { _mm256_storeu_ps(to, v); }
INLINE void store_part(float *to, part there, vector v) { _mm256_maskstore_ps(to, there, v); }
INLINE vector keep(part there, vector v) { return _mm256_and_ps(v, _mm256_castsi256_ps(there)); }
INLINE vector every(float value) { return _mm256_set1_ps(value); }

INLINE vector fma_of(vector a, vector b, vector c) { return _mm256_fmadd_ps(a, b, c); }   // a · b + c
INLINE vector less_product(vector c, vector a, vector b) { return _mm256_fnmadd_ps(a, b, c); }  // c - a · b
INLINE vector largest(vector a, vector b) { return _mm256_max_ps(a, b); }  // b where one is NaN
INLINE vector largest_or_nan(vector a, vector b) {
  return _mm256_blendv_ps(_mm256_max_ps(a, b), a, _mm256_cmp_ps(a, a, _CMP_UNORD_Q));
}
INLINE vector least_of(vector a, vector b) { return _mm256_min_ps(a, b); }
INLINE vector size_of(vector v) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), v); }
INLINE vector nearest(vector v) { return _mm256_round_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
INLINE vector inverse(vector v) { return _mm256_div_ps(every(1), v); }

// v · 2ᵖ, p whole, where neither v nor the product is too small to be normal.
#define SCALES_TO_ZERO 0
INLINE vector scaled(vector v, vector power) {
  __m256i bits = _mm256_slli_epi32(_mm256_cvtps_epi32(power), 23);
  return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(v), bits));
}

// The sum of all lanes of each of four vectors.
INLINE void totals(const vector *v, float *to) {
  __m256 all = _mm256_hadd_ps(_mm256_hadd_ps(v[0], v[1]), _mm256_hadd_ps(v[2], v[3]));
  _mm_storeu_ps(to, _mm256_castps256_ps128(all) + _mm256_extractf128_ps(all, 1));
}

// One of 8 numbers for each lane, by the lowest bits of `place`.
#define LOOKUP 8
INLINE vector lookup(const float *table, vector place) {
  return _mm256_permutevar8x32_ps(_mm256_load_ps(table), _mm256_castps_si256(place));
}

#include "float_words.h"

#endif
