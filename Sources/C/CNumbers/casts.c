// What torch 2.13 does on x86, measured with ATEN_CPU_CAPABILITY=default, avx2 and avx512, on large
// contiguous tensors, strided ones and single elements:
//
// - Every conversion goes through float32, rounding to nearest even on the way in and again on the way out.
//   From float64 that is two roundings, and some results are not the nearest.
// - On numbers all of its paths agree. What is too large becomes infinite, or NaN where there is no infinity;
//   but float8_e4m3fn saturates: what is too large, even infinite, becomes 448. The fnuz formats have no -0:
//   it becomes 0. Subnormal numbers are kept.
// - float8_e8m0fnu has powers of two alone. The sign is dropped, 0 becomes 2^-127, halfway goes up, Inf
//   becomes NaN. Between 2^-127 and 2^-126 torch takes the higher one, not the nearer.
// - A NaN stays one. On its bits the paths disagree in three places; what keeps the most of it is taken:
//     float32, float64 -> bfloat16   some give FFFF, some 7FC0, both without regard to the sign; neither is
//                                    taken: sign and upper bits are kept
//     float16 -> float32             single elements give 7FFFFFFF, all else keeps sign and bits
//     any -> float16                 without AVX2 the sign and 7E00, with it the upper bits too
//   Everywhere else they agree, and so do we: from float16 and the 8-bit formats bfloat16 gets 7FC0. A NaN
//   that is signalling becomes quiet where torch makes it so: not from bfloat16, fnuz or e8m0 to float32.
#include "CNumbers.h"
#include "per_processor.h"

#include <stdint.h>
#include <string.h>

// How many elements go through float32 at a time: 8 KiB, which stay in the nearest cache.
enum { BLOCK = 2048 };

#define INFINITY_BITS 0x7F800000u
#define QUIET_BIT 0x00400000u

#define INLINE static inline __attribute__((always_inline))

INLINE uint32_t bits_of(float number) {
  uint32_t bits;
  memcpy(&bits, &number, sizeof bits);
  return bits;
}

INLINE float float_of(uint32_t bits) {
  float number;
  memcpy(&number, &bits, sizeof number);
  return number;
}

// MARK: to float32

PER_PROCESSOR
static uint32_t float64_to_float32(const double *from, float *to, size_t count) {
  uint32_t overflows = 0;
  for (size_t i = 0; i < count; i++) {
    float number = (float)from[i];
    to[i] = number;
    overflows += (__builtin_fabs(from[i]) < __builtin_inf()) & (__builtin_fabsf(number) == __builtin_inff());
  }
  return overflows;
}

// An 8-bit format with a sign: how many bits its fraction has, and its exponent's bias. Its bits, moved to
// where float32 has them, make a number that only the bias sets apart; the product is exact, also where the
// number is subnormal.
INLINE uint32_t widened(uint8_t bits, int fraction, int bias) {
  uint32_t magnitude = (uint32_t)(bits & 0x7F) << (23 - fraction);
  float scale = float_of((uint32_t)(127 - bias + 127) << 23);
  return bits_of(float_of(magnitude) * scale) | (uint32_t)(bits & 0x80) << 24;
}

PER_PROCESSOR
static void float8_e4m3fn_to_float32(const uint8_t *from, float *to, size_t count) {
  for (size_t i = 0; i < count; i++) {
    uint32_t nan = 0x7FF00000u | (uint32_t)(from[i] & 0x80) << 24;
    to[i] = float_of((from[i] & 0x7F) == 0x7F ? nan : widened(from[i], 3, 7));
  }
}

PER_PROCESSOR
static void float8_e5m2_to_float32(const uint8_t *from, float *to, size_t count) {
  for (size_t i = 0; i < count; i++) {
    uint32_t magnitude = from[i] & 0x7F, sign = (uint32_t)(from[i] & 0x80) << 24;
    uint32_t special = sign | INFINITY_BITS | (magnitude & 3) << 21 | (magnitude > 0x7C ? QUIET_BIT : 0);
    to[i] = float_of(magnitude >= 0x7C ? special : widened(from[i], 2, 15));
  }
}

PER_PROCESSOR
static void float8_e4m3fnuz_to_float32(const uint8_t *from, float *to, size_t count) {
  for (size_t i = 0; i < count; i++) {
    to[i] = float_of(from[i] == 0x80 ? INFINITY_BITS | 1 : widened(from[i], 3, 8));
  }
}

PER_PROCESSOR
static void float8_e5m2fnuz_to_float32(const uint8_t *from, float *to, size_t count) {
  for (size_t i = 0; i < count; i++) {
    to[i] = float_of(from[i] == 0x80 ? INFINITY_BITS | 1 : widened(from[i], 2, 16));
  }
}

PER_PROCESSOR
static void float8_e8m0fnu_to_float32(const uint8_t *from, float *to, size_t count) {
  for (size_t i = 0; i < count; i++) {
    uint32_t power = from[i] == 0 ? 0x00400000u : (uint32_t)from[i] << 23;
    to[i] = float_of(from[i] == 0xFF ? INFINITY_BITS | 1 : power);
  }
}

static uint32_t to_float32(enum suture_float format, const void *from, float *to, size_t count) {
  switch (format) {
    case SUTURE_FLOAT64: return float64_to_float32(from, to, count);
    case SUTURE_FLOAT32: memcpy(to, from, count * sizeof *to); break;
    case SUTURE_FLOAT16: suture_float16_to_float32(from, to, count); break;
    case SUTURE_BFLOAT16: suture_bfloat16_to_float32(from, to, count); break;
    case SUTURE_FLOAT8_E4M3FN: float8_e4m3fn_to_float32(from, to, count); break;
    case SUTURE_FLOAT8_E5M2: float8_e5m2_to_float32(from, to, count); break;
    case SUTURE_FLOAT8_E4M3FNUZ: float8_e4m3fnuz_to_float32(from, to, count); break;
    case SUTURE_FLOAT8_E5M2FNUZ: float8_e5m2fnuz_to_float32(from, to, count); break;
    case SUTURE_FLOAT8_E8M0FNU: float8_e8m0fnu_to_float32(from, to, count); break;
  }
  return 0;
}

// MARK: from float32; each returns how many finite numbers overflowed

PER_PROCESSOR
static void float32_to_float64(const float *from, double *to, size_t count) {
  for (size_t i = 0; i < count; i++) to[i] = from[i];
}

PER_PROCESSOR
static uint32_t float32_to_float16(const float *from, uint16_t *to, size_t count) {
  uint32_t overflows = 0;
  for (size_t i = 0; i < count; i++) {
    _Float16 half = (_Float16)from[i];
    memcpy(&to[i], &half, sizeof half);
    overflows += ((to[i] & 0x7FFF) == 0x7C00) & ((bits_of(from[i]) & ~0x80000000u) < INFINITY_BITS);
  }
  return overflows;
}

// `nan` stands for every NaN; 0 keeps the sign and upper bits of each.
INLINE uint32_t to_bfloat16(const float *from, uint16_t *to, size_t count, uint16_t nan) {
  uint32_t overflows = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t bits = bits_of(from[i]), magnitude = bits & ~0x80000000u;
    uint32_t rounded = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
    uint32_t kept = nan ? nan : (bits | QUIET_BIT) >> 16;
    to[i] = (uint16_t)(magnitude > INFINITY_BITS ? kept : rounded);
    overflows += ((rounded & 0x7FFF) == 0x7F80) & (magnitude < INFINITY_BITS);
  }
  return overflows;
}

PER_PROCESSOR
static uint32_t float32_to_bfloat16(const float *from, uint16_t *to, size_t count) {
  return to_bfloat16(from, to, count, 0);
}

PER_PROCESSOR
static uint32_t float32_to_bfloat16_with_one_nan(const float *from, uint16_t *to, size_t count) {
  return to_bfloat16(from, to, count, 0x7FC0);
}

// An 8-bit format with a sign.
struct float8 {
  int fraction;        // how many bits
  int bias;            // of the exponent
  uint32_t end;        // the bits behind those of the largest number
  uint32_t too_large;  // what becomes of a larger one
  uint32_t nan;        // of the fnuz formats 0x80, which would be -0
};

INLINE uint32_t to_float8(const float *from, uint8_t *to, size_t count, struct float8 format) {
  const int dropped = 23 - format.fraction;
  const uint32_t smallest_normal = (uint32_t)(1 - format.bias + 127) << 23;
  // Added to a number that is subnormal in the target, it puts the last bit where the target has its own.
  const uint32_t anchor = (uint32_t)(1 - format.bias + dropped + 127) << 23;
  const uint32_t rebias = (uint32_t)(127 - format.bias) << 23;
  uint32_t overflows = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t bits = bits_of(from[i]), magnitude = bits & ~0x80000000u, sign = bits >> 24 & 0x80;
    uint32_t subnormal = bits_of(float_of(magnitude) + float_of(anchor)) - anchor;
    uint32_t almost_half = (1u << (dropped - 1)) - 1 + (magnitude >> dropped & 1);
    uint32_t normal = (magnitude - rebias + almost_half) >> dropped;
    uint32_t rounded = magnitude < smallest_normal ? subnormal : normal;
    overflows += (rounded >= format.end) & (magnitude < INFINITY_BITS);
    rounded = rounded >= format.end ? format.too_large : rounded;
    rounded = magnitude > INFINITY_BITS ? format.nan : rounded;
    if (format.nan == 0x80) sign = rounded == 0 ? 0 : sign;
    to[i] = (uint8_t)(rounded | sign);
  }
  return overflows;
}

PER_PROCESSOR
static uint32_t float32_to_float8_e4m3fn(const float *from, uint8_t *to, size_t count) {
  return to_float8(from, to, count, (struct float8){3, 7, 0x7F, 0x7E, 0x7F});
}

PER_PROCESSOR
static uint32_t float32_to_float8_e5m2(const float *from, uint8_t *to, size_t count) {
  return to_float8(from, to, count, (struct float8){2, 15, 0x7C, 0x7C, 0x7F});
}

PER_PROCESSOR
static uint32_t float32_to_float8_e4m3fnuz(const float *from, uint8_t *to, size_t count) {
  return to_float8(from, to, count, (struct float8){3, 8, 0x80, 0x80, 0x80});
}

PER_PROCESSOR
static uint32_t float32_to_float8_e5m2fnuz(const float *from, uint8_t *to, size_t count) {
  return to_float8(from, to, count, (struct float8){2, 16, 0x80, 0x80, 0x80});
}

PER_PROCESSOR
static uint32_t float32_to_float8_e8m0fnu(const float *from, uint8_t *to, size_t count) {
  uint32_t overflows = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t magnitude = bits_of(from[i]) & ~0x80000000u;
    // Half an exponent more carries into the next; of a subnormal number any bit below 2^-127 does.
    uint32_t normal = (magnitude + 0x00400000u) >> 23, subnormal = magnitude > 0x00400000u;
    uint32_t power = magnitude < 0x00800000u ? subnormal : normal;
    to[i] = (uint8_t)(magnitude >= INFINITY_BITS ? 0xFF : power);
    overflows += (power == 0xFF) & (magnitude < INFINITY_BITS);
  }
  return overflows;
}

static uint32_t from_float32(
    enum suture_float format, const float *from, void *to, size_t count, enum suture_float origin) {
  switch (format) {
    case SUTURE_FLOAT64: float32_to_float64(from, to, count); break;
    case SUTURE_FLOAT32: break;
    case SUTURE_FLOAT16: return float32_to_float16(from, to, count);
    case SUTURE_BFLOAT16:
      if (origin == SUTURE_FLOAT64 || origin == SUTURE_FLOAT32) return float32_to_bfloat16(from, to, count);
      return float32_to_bfloat16_with_one_nan(from, to, count);
    case SUTURE_FLOAT8_E4M3FN: return float32_to_float8_e4m3fn(from, to, count);
    case SUTURE_FLOAT8_E5M2: return float32_to_float8_e5m2(from, to, count);
    case SUTURE_FLOAT8_E4M3FNUZ: return float32_to_float8_e4m3fnuz(from, to, count);
    case SUTURE_FLOAT8_E5M2FNUZ: return float32_to_float8_e5m2fnuz(from, to, count);
    case SUTURE_FLOAT8_E8M0FNU: return float32_to_float8_e8m0fnu(from, to, count);
  }
  return 0;
}

// MARK: both ways

static size_t byte_count(enum suture_float format) {
  switch (format) {
    case SUTURE_FLOAT64: return 8;
    case SUTURE_FLOAT32: return 4;
    case SUTURE_FLOAT16:
    case SUTURE_BFLOAT16: return 2;
    default: return 1;
  }
}

size_t suture_cast_floats(
    enum suture_float from, const void *source, enum suture_float to, void *target, size_t count) {
  const size_t from_bytes = byte_count(from), to_bytes = byte_count(to);
  if (count == 0) return 0;
  if (from == to) {
    memcpy(target, source, count * to_bytes);
    return 0;
  }
  float block[BLOCK];
  size_t overflows = 0;
  for (size_t first = 0; first < count; first += BLOCK) {
    size_t part = count - first < BLOCK ? count - first : BLOCK;
    const void *in = (const char *)source + first * from_bytes;
    void *out = (char *)target + first * to_bytes;
    if (to == SUTURE_FLOAT32) {
      overflows += to_float32(from, in, out, part);
    } else if (from == SUTURE_FLOAT32) {
      overflows += from_float32(to, in, out, part, from);
    } else {
      overflows += to_float32(from, in, block, part);
      overflows += from_float32(to, block, out, part, from);
    }
  }
  return overflows;
}
