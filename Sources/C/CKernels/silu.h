// SiLU, x · σ(x), of sixteen numbers.
#ifndef SUTURE_SILU_H
#define SUTURE_SILU_H

#include <immintrin.h>

// x / (1 + e⁻ˣ). The exponential is 2ⁿ · eʳ with r within ± ln 2 / 2, and eʳ its Taylor series up to r⁷, off by 5e-9 at
// most; ln 2 is taken in two parts, so that r keeps its digits.
__attribute__((target("avx512f"), always_inline)) static inline __m512 silu(__m512 x) {
  static const float series[] = {1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1, 1};
  // Beyond, the result is 0 to within a float32. A NaN stays one: the second operand is given where one is NaN.
  __m512 t = _mm512_sub_ps(_mm512_setzero_ps(), _mm512_max_ps(_mm512_set1_ps(-104), x));
  __m512 n = _mm512_roundscale_ps(
    _mm512_mul_ps(t, _mm512_set1_ps(0x1.715476p0f)), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0x1.62e4p-1f), t);
  r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0x1.7f7d1cp-20f), r);
  __m512 e = _mm512_set1_ps(1.0f / 5040);
#pragma clang loop unroll(full)
  for (int i = 0; i < 7; i++) e = _mm512_fmadd_ps(e, r, _mm512_set1_ps(series[i]));
  return _mm512_div_ps(x, _mm512_add_ps(_mm512_set1_ps(1), _mm512_scalef_ps(e, n)));
}

#endif
