// SiLU, x · σ(x), of a vector.
#ifndef SUTURE_SILU_H
#define SUTURE_SILU_H

// 2ᵗ for t from -126 to 127: 2ⁿ · 2ᶠ with f within ± ½, and 2ᶠ a polynomial, off by 2e-8 at most.
INLINE vector power_of_two(vector t) {
  static const float series[] = {0x1.5f456ap-10f, 0x1.3b2dbcp-7f, 0x1.c6aed4p-5f, 0x1.ebfbdap-3f, 0x1.62e43p-1f, 1};
  vector n = nearest(t), f = t - n, power = every(0x1.41d334p-13f);
  for (int i = 0; i < 6; i++) power = fma_of(power, f, every(series[i]));
  return scaled(power, n);
}

static const float log2_of_e = 0x1.715476p0f;

// x / (1 + e⁻ˣ). Below -87 the result is that of -87, 0 to within a float32. A NaN stays one.
INLINE vector silu(vector x) {
  x = largest(every(-87), x);
  vector t = x * every(-log2_of_e);
  // Below, σ is 1 to within a float32.
  if (!SCALES_TO_ZERO) t = largest(every(-126), t);
  return x * inverse(every(1) + power_of_two(t));
}

#endif
