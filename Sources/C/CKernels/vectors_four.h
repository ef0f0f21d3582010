// Vectors of four floats as compilers offer them, which are NEON's on AArch64 and those that every x86-64 has.
#ifndef SUTURE_VECTORS_H
#define SUTURE_VECTORS_H

#include "words.h"

#define LANES 4
#if defined(__aarch64__)
#define ROWS 12  // 24 sums of 32 registers
#else
#define ROWS 6  // twelve sums of sixteen registers
#endif

typedef float vector __attribute__((vector_size(16)));
typedef int32_t part __attribute__((vector_size(16)));  // which lanes are there

INLINE part part_of(ptrdiff_t count) {
  part lanes = {0, 1, 2, 3};
  return lanes < (int32_t)least(count, LANES);
}

INLINE bool is_whole(part there) { return there[LANES - 1]; }

INLINE vector load(const float *from) {
  vector v;
  memcpy(&v, from, sizeof v);
  return v;
}

INLINE void store(float *to, vector v) { memcpy(to, &v, sizeof v); }

INLINE vector load_part(part there, const float *from) {
  if (is_whole(there)) return load(from);
  vector v = {0};
  for (int lane = 0; lane < LANES - 1; lane++)
    if (there[lane]) v[lane] = from[lane];
  return v;
}

INLINE void store_part(float *to, part there, vector v) {
  if (is_whole(there)) return store(to, v);
  for (int lane = 0; lane < LANES - 1; lane++)
    if (there[lane]) to[lane] = v[lane];
}

INLINE vector keep(part there, vector v) { return (vector)((part)v & there); }
INLINE vector every(float value) { return (vector){value, value, value, value}; }

// Compilers make one instruction of a product and a sum where the processor has it.
INLINE vector fma_of(vector a, vector b, vector c) { return a * b + c; }
INLINE vector less_product(vector c, vector a, vector b) { return c - a * b; }
INLINE vector largest(vector a, vector b) { return (vector)(((part)a & (a > b)) | ((part)b & ~(a > b))); }  // b where one is NaN
INLINE vector largest_or_nan(vector a, vector b) {
  return (vector)(((part)largest(a, b) & (a == a)) | ((part)a & (a != a)));
}
INLINE vector size_of(vector v) { return (vector)((part)v & 0x7FFFFFFF); }
INLINE vector inverse(vector v) { return every(1) / v; }

// Of numbers below four million: beside that, a float has no room for a fraction.
INLINE vector nearest(vector v) {
  vector sum = v + 0x1.8p23f;
  return sum - 0x1.8p23f;
}

// v · 2ᵖ, p whole, where neither v nor the product is too small to be normal.
#define SCALES_TO_ZERO 0
INLINE vector scaled(vector v, vector power) {
  return (vector)((part)v + (__builtin_convertvector(power, part) << 23));
}

// The sum of all lanes of each of four vectors.
INLINE void totals(const vector *v, float *to) {
  for (int i = 0; i < 4; i++) to[i] = (v[i][0] + v[i][1]) + (v[i][2] + v[i][3]);
}

#define LOOKUP 0
#include "float_words.h"

#endif
