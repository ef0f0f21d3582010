// SiLU, x · σ(x), of sixteen numbers.
#ifndef SUTURE_SILU_H
#define SUTURE_SILU_H

#include <immintrin.h>

// x / (1 + e⁻ˣ). The exponential is 2ⁿ · 2ᶠ with f within ± ½, and 2ᶠ a polynomial, off by 2e-8 at most. The quotient is an
// estimate of 14 bits, mended by a step of Newton's. Below -87 the result is that of -87, 0 to within a float32.
__attribute__((target("avx512f"), always_inline)) static inline __m512 silu(__m512 x) {
  static const float series[] = {0x1.5f456ap-10f, 0x1.3b2dbcp-7f, 0x1.c6aed4p-5f, 0x1.ebfbdap-3f, 0x1.62e43p-1f, 1};
  // A NaN stays one: the second operand is given where one is NaN.
  x = _mm512_max_ps(_mm512_set1_ps(-87), x);
  __m512 t = _mm512_mul_ps(x, _mm512_set1_ps(-0x1.715476p0f));
  __m512 n = _mm512_roundscale_ps(t, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  __m512 f = _mm512_sub_ps(t, n), power = _mm512_set1_ps(0x1.41d334p-13f);
#pragma clang loop unroll(full)
  for (int i = 0; i < 6; i++) power = _mm512_fmadd_ps(power, f, _mm512_set1_ps(series[i]));
  __m512 below = _mm512_add_ps(_mm512_set1_ps(1), _mm512_scalef_ps(power, n));
  __m512 share = _mm512_rcp14_ps(below);
  share = _mm512_fmadd_ps(share, _mm512_fnmadd_ps(below, share, _mm512_set1_ps(1)), share);
  return _mm512_mul_ps(x, share);
}

#endif
