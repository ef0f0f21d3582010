// Products are made of blocks: up to ROWS rows times a panel of columns, as many sums as there are registers for, that a
// stretch of the inner dimension is added to.
//
// The rows of a block lie equally far apart, and what is read of each are pieces: a product of matrices has one, a
// convolution one for each row of its kernel. Columns lie in panels of two vectors, or of one, word by word side by side, in
// the order in which they are read.
//
// No more than STRETCH words are summed in a row before the sum is added to others: long sums in one float32 lose
// digits.
#ifndef SUTURE_BLOCKS_H
#define SUTURE_BLOCKS_H

#include "silu.h"

enum {
  WIDE = 2,  // vectors
  PANEL = WIDE * LANES,
  STRETCH = 256,
  STRIDE = 272,  // an odd number of cache lines, so that rows do not fall into the same places of the cache
  TILE = 112,    // the rows that a thread takes at a time, at most
  FEW = 42,      // rows for which it does not read all weights if it can read a part of them
};

static const float zeros[PANEL] = {0};

// What a block reads of each row, `pitch` words apart: `count` pieces.
typedef struct {
  ptrdiff_t start, words;
} piece;

typedef struct {
  const word *rows;
  ptrdiff_t pitch, count;
  const piece *pieces;
} block_source;

// What a block's sums begin with, a panel of floats for every row, and where they go: with `before` added, which are earlier
// sums, then activated, then with `added`; NULL adds nothing. Pitches are in floats.
typedef struct {
  const float *start;
  float *to;
  const float *before, *added;
  ptrdiff_t to_pitch, before_pitch, added_pitch;
  part there[WIDE];   // the columns of all three
  const char *ahead;  // what is read next, from far away
  bool activates;     // x · σ(x) of the sums
} block_target;

// Stores a vector of sums, with what is added where that is not NULL.
INLINE void finish(
  float *to, const float *before, const float *added, part there, bool whole, bool activates, vector sum) {
  if (before) sum = sum + (whole ? load(before) : load_part(there, before));
  if (activates) sum = silu(sum);
  if (added) sum = sum + (whole ? load(added) : load_part(there, added));
  if (whole) {
    store(to, sum);
  } else {
    store_part(to, there, sum);
  }
}

#define WIDTH 1
#define BLOCK_NAME(rows) narrow_block_##rows
#include "block.h"
#define WIDTH 2
#define BLOCK_NAME(rows) block_##rows
#include "block.h"

#if ROWS == 14
#define HEIGHTS(name)                                                                                                  \
  {NULL,    name##1, name##2, name##3,  name##4,  name##5,  name##6, name##7,                                          \
   name##8, name##9, name##10, name##11, name##12, name##13, name##14}
#elif ROWS == 12
#define HEIGHTS(name)                                                                                                  \
  {NULL, name##1, name##2, name##3, name##4, name##5, name##6, name##7, name##8, name##9, name##10, name##11, name##12}
#else
#define HEIGHTS(name) {NULL, name##1, name##2, name##3, name##4, name##5, name##6}
#endif

// By width in vectors, less one, and by height.
typedef void block_kernel(const block_source *source, const word *panel, const block_target *target);
static block_kernel *const blocks[WIDE][ROWS + 1] = {HEIGHTS(narrow_block_), HEIGHTS(block_)};

// The columns of a panel of which so many are there.
INLINE void show(block_target *target, ptrdiff_t columns) {
  for (int v = 0; v < WIDE; v++) target->there[v] = part_of(columns - v * LANES);
}

// Asks for where the sums of `rows` rows will go, so that it is at hand when they are done.
INLINE void claim(const block_target *target, ptrdiff_t rows) {
  for (ptrdiff_t row = 0; row < rows; row++)
    for (int byte = 0; byte < PANEL * (int)sizeof(float); byte += 64)
      __builtin_prefetch((const char *)(target->to + row * target->to_pitch) + byte, 1);
}

// How the words of a row are dealt out to stretches.
typedef struct {
  ptrdiff_t words, count, length;
} stretches;

INLINE stretches stretches_of(ptrdiff_t elements) {
  stretches s = {.words = quotient(elements, PER_WORD)};
  s.count = quotient(s.words, STRETCH);
  s.length = quotient(s.words, s.count);
  return s;
}

INLINE ptrdiff_t stretch_words(const stretches *s, ptrdiff_t number) {
  return least(s->length, s->words - number * s->length);
}

// Puts `count` floats into words; a last one that is half full is filled with 0.
INLINE void to_words(const float *from, word *to, ptrdiff_t count) {
#if PER_WORD == 2
  for (ptrdiff_t k = 0; k < count; k += 2 * LANES) {
    vector low = load_part(part_of(count - k), from + k), high = load_part(part_of(count - k - LANES), from + k + LANES);
    store_rounded(to + k / 2, part_of(quotient(count - k, 2)), low, high);
  }
#else
  memcpy(to, from, (size_t)count * sizeof(float));
#endif
}

INLINE uint16_t rounded(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

// Packs `columns` rows of a matrix, `pitch` floats apart, as a panel `width` columns wide; what is missing is 0.
static void pack_panel(
  word *panel, ptrdiff_t width, const float *matrix, ptrdiff_t pitch, ptrdiff_t columns, ptrdiff_t length) {
  ptrdiff_t words = quotient(length, PER_WORD);
  if (columns < width) memset(panel, 0, (size_t)(words * width) * sizeof(word));
  // Sixteen words at a time stay in the first cache.
  for (ptrdiff_t start = 0; start < words; start += 16) {
    ptrdiff_t end = least(start + 16, words);
    for (ptrdiff_t column = 0; column < columns; column++) {
      const float *row = matrix + column * pitch;
#if PER_WORD == 2
      for (ptrdiff_t k = start; k < end; k++) {
        word low = rounded(row[2 * k]), high = 2 * k + 1 < length ? rounded(row[2 * k + 1]) : 0;
        panel[k * width + column] = low | high << 16;
      }
#else
      for (ptrdiff_t k = start; k < end; k++) memcpy(&panel[k * width + column], &row[k], sizeof(word));
#endif
    }
  }
}

#endif
