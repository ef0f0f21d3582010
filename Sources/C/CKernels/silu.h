// SiLU, x · σ(x), of a vector.
#ifndef SUTURE_SILU_H
#define SUTURE_SILU_H

// eˣ for x from -87 to 87: 2ⁿ · 2ᶠ with f within ± ½, and 2ᶠ a polynomial, off by 2e-8 at most.
INLINE vector exponential(vector x) {
  static const float series[] = {0x1.5f456ap-10f, 0x1.3b2dbcp-7f, 0x1.c6aed4p-5f, 0x1.ebfbdap-3f, 0x1.62e43p-1f, 1};
  vector t = x * every(0x1.715476p0f), n = nearest(t), f = t - n, power = every(0x1.41d334p-13f);
  for (int i = 0; i < 6; i++) power = fma_of(power, f, every(series[i]));
  return scaled(power, n);
}

// x / (1 + e⁻ˣ). Below -87 the result is that of -87, 0 to within a float32. A NaN stays one.
INLINE vector silu(vector x) {
  x = largest(every(-87), x);
  vector negative = every(0) - x;
  // Above, σ is 1 to within a float32.
  return x * inverse(every(1) + exponential(largest(every(-87), negative)));
}

#endif
