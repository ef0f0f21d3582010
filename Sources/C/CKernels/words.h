// What does not depend on how wide a vector is.
#ifndef SUTURE_WORDS_H
#define SUTURE_WORDS_H

#include "CKernels.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "threads.h"

// A float32, or two bfloat16 that are multiplied and added at once: PER_WORD elements.
typedef uint32_t word;

#define INLINE static inline __attribute__((always_inline, unused))

INLINE ptrdiff_t quotient(ptrdiff_t a, ptrdiff_t b) { return (a + b - 1) / b; }
INLINE ptrdiff_t multiple(ptrdiff_t a, ptrdiff_t b) { return quotient(a, b) * b; }
INLINE ptrdiff_t least(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }
INLINE ptrdiff_t most(ptrdiff_t a, ptrdiff_t b) { return a > b ? a : b; }

// Takes `count` words or floats from `at`, whole cache lines.
INLINE void *take(char **at, ptrdiff_t count) {
  void *start = *at;
  *at += multiple(count, 16) * (ptrdiff_t)sizeof(word);
  return start;
}

// How many bytes the second cache of a processor holds.
ptrdiff_t suture_second_cache(void);

#endif
