#include "exponentials.h"

#include <stdint.h>
#include <string.h>

#include "per_processor.h"

// 2ⁿ · eʳ with r within ± ln 2 / 2, and eʳ its Taylor series up to r⁷, off by 5e-9 at most; ln 2 is taken in two parts, so
// that r keeps its digits. Written so that compilers make vectors of it: n is rounded by a sum that has no room for a
// fraction, and its bits lie at the end of that sum's.
static inline float exponential(float x) {
  // Beyond, float32 has no normal numbers. A NaN is neither.
  x = x > 88 ? 88 : x;
  x = x < -87 ? -87 : x;
  const float magic = 0x1.8p23f;
  float sum = x * 0x1.715476p0f + magic;
  float n = sum - magic;
  float r = x - n * 0x1.62e4p-1f;
  r = r - n * 0x1.7f7d1cp-20f;
  float e = 1.0f / 5040;
  e = e * r + 1.0f / 720;
  e = e * r + 1.0f / 120;
  e = e * r + 1.0f / 24;
  e = e * r + 1.0f / 6;
  e = e * r + 0.5f;
  e = e * r + 1;
  e = e * r + 1;
  uint32_t bits;
  memcpy(&bits, &sum, sizeof bits);
  bits = (bits - 0x4B400000u + 127) << 23;
  float power;
  memcpy(&power, &bits, sizeof power);
  return e * power;
}

PER_PROCESSOR
void suture_sigmoids(const float *restrict from, float *restrict to, size_t count) {
  for (size_t i = 0; i < count; i++) to[i] = 1 / (1 + exponential(-from[i]));
}

PER_PROCESSOR
void suture_exponentials(const float *restrict from, float peak, float *restrict to, size_t count) {
  for (size_t i = 0; i < count; i++) to[i] = exponential(from[i] - peak);
}
