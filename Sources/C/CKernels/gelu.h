// GELU, x · Φ(x) with the exact Φ, of a vector.
#ifndef SUTURE_GELU_H
#define SUTURE_GELU_H

#include "silu.h"

#if LOOKUP
// Φ(x) − ½ is odd, and 0.5 beyond 5.4 to within a float32. Below, it is one of a few polynomials about points GELU_STEP
// apart, off by 1e-8 at most where there are 32, by 4e-8 where 8 of a higher degree. They are found when first wanted, by
// interpolation through the points of Chebyshev; one instruction looks up a coefficient for all lanes.
enum { PIECES = LOOKUP, COEFFICIENTS = PIECES == 32 ? 5 : 7 };

// The last piece is what lies beyond, from half a step before it on.
#define GELU_STEP (5.41 / (PIECES - 1.5))

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

INLINE vector gelu(vector x) {
  // Added to a small number, it leaves the nearest whole number in the lowest bits.
  const vector rounder = every(0x1.8p23f);
  vector t = least_of(size_of(x) * every((float)(1 / GELU_STEP)), every(PIECES - 1));
  vector piece = t + rounder, u = t - (piece - rounder), h = lookup(gelu_table[COEFFICIENTS - 1], piece);
  for (int power = COEFFICIENTS - 2; power >= 0; power--) h = fma_of(h, u, lookup(gelu_table[power], piece));
  // |x| · h is x times the odd function.
  return fma_of(size_of(x), h, x * every(0.5f));
}
#else
static void prepare_gelu(void) {}

// max(x, 0) − |x| · Φ(−|x|), where Φ(−t) is e to the power of −t²/2 times a quotient of polynomials (Mills' ratio), fitted
// on 0 to 13, off by 3.4e-7 of itself at most: what is far below zero becomes 0, and digits are lost nowhere.
INLINE vector gelu(vector x) {
  static const float above[] = {0x1.12ee80p-6f, 0x1.e4f8c2p-4f, 0x1.70a352p-2f, 0x1.fffff4p-2f};
  static const float below[] = {0x1.589f3cp-5f, 0x1.2faf60p-2f, 0x1.e562b8p-1f, 0x1.8492b4p0f, 1};
  vector size = size_of(x), t = every(0) - largest(every(-13), every(0) - size);
  vector p = every(above[0]), q = every(below[0]);
  for (int i = 1; i < 4; i++) p = fma_of(p, t, every(above[i]));
  for (int i = 1; i < 5; i++) q = fma_of(q, t, every(below[i]));
  vector share = power_of_two(t * t * every(-0.5f * log2_of_e)) * p / q;
  return largest(every(0), x) - t * share;
}
#endif

#endif
