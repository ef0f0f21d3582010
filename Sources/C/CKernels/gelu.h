// GELU, x · Φ(x) with the exact Φ, of sixteen numbers.
//
// Φ(x) − ½ is odd, and 0.5 beyond 5.4 to within a float32. Below, it is one of 31 polynomials of the fourth degree,
// about points GELU_STEP apart, off by 1e-8 at most. They are found when first wanted, by interpolation through the points of
// Chebyshev; one instruction looks up a coefficient for all sixteen.
#ifndef SUTURE_GELU_H
#define SUTURE_GELU_H

#include <immintrin.h>
#include <math.h>
#include <stdatomic.h>

enum { PIECES = 32, COEFFICIENTS = 5 };

#define GELU_STEP (5.5 / (PIECES - 1))

static _Alignas(64) float gelu_table[COEFFICIENTS][PIECES];
static atomic_bool gelu_is_ready;

// May run on several threads at once: all write the same.
static void prepare_gelu(void) {
  if (atomic_load_explicit(&gelu_is_ready, memory_order_acquire)) return;
  for (int piece = 0; piece < PIECES; piece++) {
    double points[COEFFICIENTS], differences[COEFFICIENTS], polynomial[COEFFICIENTS] = {0};
    for (int i = 0; i < COEFFICIENTS; i++) {
      points[i] = 0.5 * cos((2 * i + 1) * M_PI / (2 * COEFFICIENTS));
      differences[i] = 0.5 * erf((piece + points[i]) * GELU_STEP / M_SQRT2);
    }
    for (int order = 1; order < COEFFICIENTS; order++)
      for (int i = COEFFICIENTS - 1; i >= order; i--)
        differences[i] = (differences[i] - differences[i - 1]) / (points[i] - points[i - order]);
    // Newton's form, multiplied out from the inside.
    for (int i = COEFFICIENTS - 1; i >= 0; i--) {
      for (int power = COEFFICIENTS - 1; power > 0; power--)
        polynomial[power] = polynomial[power - 1] - points[i] * polynomial[power];
      polynomial[0] = differences[i] - points[i] * polynomial[0];
    }
    for (int power = 0; power < COEFFICIENTS; power++) gelu_table[power][piece] = (float)polynomial[power];
  }
  // So that what is far below zero becomes 0, however far.
  for (int power = 0; power < COEFFICIENTS; power++) gelu_table[power][PIECES - 1] = power == 0 ? 0.5f : 0;
  atomic_store_explicit(&gelu_is_ready, true, memory_order_release);
}

__attribute__((target("avx512f"), always_inline)) static inline __m512 gelu_coefficient(int power, __m512i piece) {
  return _mm512_permutex2var_ps(
    _mm512_load_ps(gelu_table[power]), piece, _mm512_load_ps(gelu_table[power] + 16));
}

__attribute__((target("avx512f"), always_inline)) static inline __m512 gelu(__m512 x) {
  // Added to a small number, it leaves the nearest whole number in the lowest bits.
  const __m512 rounder = _mm512_set1_ps(0x1.8p23f);
  __m512 t = _mm512_min_ps(
    _mm512_mul_ps(_mm512_abs_ps(x), _mm512_set1_ps((float)(1 / GELU_STEP))), _mm512_set1_ps(PIECES - 1));
  __m512 nearest = _mm512_add_ps(t, rounder);
  __m512i piece = _mm512_castps_si512(nearest);
  __m512 u = _mm512_sub_ps(t, _mm512_sub_ps(nearest, rounder));
  __m512 h = gelu_coefficient(4, piece);
  h = _mm512_fmadd_ps(h, u, gelu_coefficient(3, piece));
  h = _mm512_fmadd_ps(h, u, gelu_coefficient(2, piece));
  h = _mm512_fmadd_ps(h, u, gelu_coefficient(1, piece));
  h = _mm512_fmadd_ps(h, u, gelu_coefficient(0, piece));
  // |x| · h is x times the odd function.
  return _mm512_fmadd_ps(_mm512_abs_ps(x), h, _mm512_mul_ps(x, _mm512_set1_ps(0.5f)));
}

#endif
