// Products are made of blocks: up to ROWS rows times a panel of columns, up to 28 sums in registers that a stretch of the
// inner dimension is added to.
//
// The rows of a block lie equally far apart, and what is read of each are pieces: a product of matrices has one, a
// convolution one for each row of its kernel. Columns lie in panels of PANEL, or of half as many, word by word side by
// side, in the order in which they are read. A word is one float32, or two bfloat16 that are multiplied and added at once.
//
// No more than STRETCH words are summed in a row before the sum is added to others: long sums in one float32 lose
// digits.
#ifndef SUTURE_BLOCKS_H
#define SUTURE_BLOCKS_H

#include "CKernels.h"

#include <immintrin.h>

typedef uint32_t word;

enum {
  ROWS = 14,
  PANEL = 32,
  STRETCH = 256,
  STRIDE = 272,       // an odd number of cache lines, so that rows do not fall into the same places of the cache
  TILE = 112,         // the rows that a thread takes at a time, at most
  CACHE = 640 << 10,  // the bytes that they may take
};

#define VECTORS "avx512f,avx512bw,avx512vl,avx512dq,fma"
#define ROUNDING VECTORS ",avx512bf16"
#define INLINE static inline __attribute__((always_inline))

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

// What a block reads of each row, `pitch` words apart: `count` pieces.
typedef struct {
  ptrdiff_t start, words;
} piece;

typedef struct {
  const word *rows;
  ptrdiff_t pitch, count;
  const piece *pieces;
} block_source;

// What a block's sums begin with, a panel of floats for every row, and where they go, after what lies in `base` and in
// `also` has been added to them, if those are there. Pitches are in floats.
typedef struct {
  const float *start;
  float *to;
  const float *base, *also;
  ptrdiff_t to_pitch, base_pitch, also_pitch;
  __mmask16 masks[2];  // the columns of `to` and `also` that there are
  const char *ahead;   // what is read next, from far away
  bool activates;      // x · σ(x) of what is stored
} block_target;

typedef void block_kernel(const block_source *source, const word *panel, const block_target *target);

// For panels of 16 and of 32 columns, each height from 1 to ROWS.
typedef block_kernel *const block_kernels[2][ROWS + 1];
extern block_kernels suture_float32_blocks, suture_bfloat16_blocks;

INLINE block_kernels *blocks_of(suture_precision precision) {
  return precision == SUTURE_PRECISION_BFLOAT16 ? &suture_bfloat16_blocks : &suture_float32_blocks;
}

extern const float suture_zeros[PANEL];

// The masks of a panel of which `columns` are there.
INLINE void mask(block_target *target, ptrdiff_t columns) {
  target->masks[0] = (__mmask16)((1u << least(columns, 16)) - 1);
  target->masks[1] = (__mmask16)((1u << most(least(columns, PANEL) - 16, 0)) - 1);
}

// Asks for where the sums of `rows` rows will go, so that it is at hand when they are done.
INLINE void claim(const block_target *target, ptrdiff_t rows) {
  for (ptrdiff_t row = 0; row < rows; row++) {
    __builtin_prefetch(target->to + row * target->to_pitch, 1);
    __builtin_prefetch(target->to + row * target->to_pitch + 16, 1);
  }
}

// How the words of a row are dealt out to stretches.
typedef struct {
  ptrdiff_t per_word, words, count, length;
} stretches;

INLINE stretches stretches_of(ptrdiff_t elements, suture_precision precision) {
  stretches s;
  s.per_word = precision == SUTURE_PRECISION_BFLOAT16 ? 2 : 1;
  s.words = quotient(elements, s.per_word);
  s.count = quotient(s.words, STRETCH);
  s.length = quotient(s.words, s.count);
  return s;
}

INLINE ptrdiff_t stretch_words(const stretches *s, ptrdiff_t number) {
  return least(s->length, s->words - number * s->length);
}

// Puts a row of floats into stretches that lie `pitch` words apart. The row's last word must be whole.
void suture_place(const stretches *s, suture_precision precision, const float *row, word *to, ptrdiff_t pitch);

// Rounds `count` floats to words of two bfloat16; the second half of a last one may be 0.
void suture_round(const float *from, word *to, ptrdiff_t count);

// Packs `columns` rows of a matrix, `pitch` floats apart, as a panel `width` columns wide; what is missing is 0.
void suture_pack_panel(
  word *panel, ptrdiff_t width, const float *matrix, ptrdiff_t pitch, ptrdiff_t columns, ptrdiff_t length,
  ptrdiff_t per_word);

// Sixteen or fewer floats, and 0 for the rest.
#define REST(count) ((__mmask16)((1u << (count)) - 1))

#endif
