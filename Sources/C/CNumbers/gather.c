// Copies boxes of elements whose axes come in another order in the target.
//
// Where the axis that is dense in the source is not the one that is dense in the target, squares of 16 bytes a side are
// transposed in registers, so that every cache line of either is used whole while it is near. A square is turned by
// interleaving its first half with its second as often as halving its side takes.
#include "gather.h"

#include "CNumbers.h"

#include <string.h>

#define INLINE static inline __attribute__((always_inline))

typedef uint8_t bytes16 __attribute__((vector_size(16)));
typedef uint16_t pairs8 __attribute__((vector_size(16)));
typedef uint32_t words4 __attribute__((vector_size(16)));
typedef uint64_t longs2 __attribute__((vector_size(16)));

#define LOW_BYTES(a, b) __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define HIGH_BYTES(a, b) __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#define LOW_PAIRS(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define HIGH_PAIRS(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#define LOW_WORDS(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define HIGH_WORDS(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#define LOW_LONGS(a, b) __builtin_shufflevector(a, b, 0, 2)
#define HIGH_LONGS(a, b) __builtin_shufflevector(a, b, 1, 3)

// A square of `side` rows of 16 bytes; rows lie so many bytes apart.
#define SQUARE(name, vector, side, LOW, HIGH)                                              \
  INLINE void name(const char *from, size_t from_row, char *to, size_t to_row) {           \
    vector rows[side], turned[side];                                                       \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < side; i++) {                    \
      memcpy(&rows[i], from + (size_t)i * from_row, sizeof rows[i]);                       \
    }                                                                                      \
    _Pragma("clang loop unroll(full)") for (int step = 1; step < side; step *= 2) {        \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < side / 2; i++) {              \
        turned[2 * i] = LOW(rows[i], rows[i + side / 2]);                                  \
        turned[2 * i + 1] = HIGH(rows[i], rows[i + side / 2]);                             \
      }                                                                                    \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < side; i++) rows[i] = turned[i]; \
    }                                                                                      \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < side; i++) {                    \
      memcpy(to + (size_t)i * to_row, &rows[i], sizeof rows[i]);                           \
    }                                                                                      \
  }

SQUARE(turn_bytes, bytes16, 16, LOW_BYTES, HIGH_BYTES)
SQUARE(turn_pairs, pairs8, 8, LOW_PAIRS, HIGH_PAIRS)
SQUARE(turn_words, words4, 4, LOW_WORDS, HIGH_WORDS)
SQUARE(turn_longs, longs2, 2, LOW_LONGS, HIGH_LONGS)

// A square of one element.
INLINE void turn_wide(const char *from, size_t from_row, char *to, size_t to_row) { memcpy(to, from, sizeof(bytes16)); }

// How long a cache line is, of how many rows of the source the lines stay near, and from what size on a target outruns the caches.
enum { LINE_BYTES = 64, STRIP_ROWS = 256, PAST_CACHES = 1 << 22 };

// Writes a cache line; past the caches where that is wanted and `to` begins with one.
INLINE void put_line(char *to, const char *line, int past) {
#if __has_builtin(__builtin_nontemporal_store)
  if (past) {
    for (int i = 0; i < 4; i++) __builtin_nontemporal_store(((const bytes16 *)line)[i], (bytes16 *)to + i);
    return;
  }
#else
  (void)past;
#endif
  memcpy(to, line, LINE_BYTES);
}

// How many elements lie before the first line that begins with an element, if lines begin so in each row; else none.
INLINE size_t before_line(const char *to, size_t to_row, size_t size) {
  size_t bytes = -(uintptr_t)to % LINE_BYTES;
  return to_row % LINE_BYTES == 0 && bytes % size == 0 ? bytes / size : 0;
}

// Rows of `columns` elements that lie side by side become columns.
//
// Rows of the target often lie a power of two apart, so that a cache has few places for all of them: each of its lines is put
// together in registers and written at once. Of the source as many rows are taken as stay near until all of their lines are used up.
// What is no whole line is squares of which the last may overlap, and what is no square single elements.
#define TRANSPOSE(name, type, side, turn)                                                                            \
  INLINE void name##_lines(                                                                                          \
      const char *from, size_t from_row, char *to, size_t to_row, size_t rows, size_t columns, int past) {           \
    char lines[side][LINE_BYTES] __attribute__((aligned(LINE_BYTES)));                                               \
    for (size_t column = 0; column < columns; column += side) {                                                      \
      size_t j = column + side <= columns ? column : columns - side;                                                 \
      for (size_t i = 0; i < rows; i += LINE_BYTES / sizeof(type)) {                                                 \
        const char *source = from + i * from_row + j * sizeof(type);                                                 \
        char *target = to + j * to_row + i * sizeof(type);                                                           \
        _Pragma("clang loop unroll(full)") for (size_t k = 0; k < LINE_BYTES / sizeof(type) / side; k++) {           \
          turn(source + k * side * from_row, from_row, lines[0] + k * side * sizeof(type), LINE_BYTES);              \
        }                                                                                                            \
        _Pragma("clang loop unroll(full)") for (size_t k = 0; k < side; k++) {                                       \
          put_line(target + k * to_row, lines[k], past);                                                             \
        }                                                                                                            \
      }                                                                                                              \
    }                                                                                                                \
  }                                                                                                                  \
                                                                                                                     \
  INLINE void name##_squares(                                                                                        \
      const char *from, size_t from_row, char *to, size_t to_row, size_t first, size_t end, size_t rows,             \
      size_t columns) {                                                                                              \
    for (size_t column = 0; column < columns; column += side) {                                                      \
      size_t j = column + side <= columns ? column : columns - side;                                                 \
      for (size_t row = first; row < end; row += side) {                                                             \
        size_t i = row + side <= rows ? row : rows - side;                                                           \
        turn(from + i * from_row + j * sizeof(type), from_row, to + j * to_row + i * sizeof(type), to_row);          \
      }                                                                                                              \
    }                                                                                                                \
  }                                                                                                                  \
                                                                                                                     \
  static void name(                                                                                                  \
      const char *from, size_t from_row, char *to, size_t to_row, size_t all, size_t columns, int past) {            \
    for (size_t done = 0, rows; done < all; done += rows, from += rows * from_row, to += rows * sizeof(type)) {      \
      size_t head = before_line(to, to_row, sizeof(type));                                                           \
      size_t most = STRIP_ROWS + head;                                                                               \
      rows = all - done < most ? all - done : most;                                                                  \
      if (rows < side || columns < side) {                                                                           \
        for (size_t j = 0; j < columns; j++) {                                                                       \
          for (size_t i = 0; i < rows; i++) {                                                                        \
            memcpy(to + j * to_row + i * sizeof(type), from + i * from_row + j * sizeof(type), sizeof(type));        \
          }                                                                                                          \
        }                                                                                                            \
        continue;                                                                                                    \
      }                                                                                                              \
      size_t whole = head < rows ? (rows - head) * sizeof(type) / LINE_BYTES * LINE_BYTES / sizeof(type) : 0;        \
      /* Where only part of each line could be aligned, that is worth less than whole ones. */                       \
      if (whole == 0) {                                                                                              \
        head = 0;                                                                                                    \
        whole = rows * sizeof(type) / LINE_BYTES * LINE_BYTES / sizeof(type);                                        \
      }                                                                                                              \
      char *first = to + head * sizeof(type);                                                                        \
      name##_squares(from, from_row, to, to_row, 0, head, rows, columns);                                            \
      if (past && to_row % LINE_BYTES == 0 && (uintptr_t)first % LINE_BYTES == 0) {                                  \
        name##_lines(from + head * from_row, from_row, first, to_row, whole, columns, 1);                            \
      } else {                                                                                                       \
        name##_lines(from + head * from_row, from_row, first, to_row, whole, columns, 0);                            \
      }                                                                                                              \
      name##_squares(from, from_row, to, to_row, head + whole, rows, rows, columns);                                 \
    }                                                                                                                \
  }

TRANSPOSE(transpose_bytes, uint8_t, 16, turn_bytes)
TRANSPOSE(transpose_pairs, uint16_t, 8, turn_pairs)
TRANSPOSE(transpose_words, uint32_t, 4, turn_words)
TRANSPOSE(transpose_longs, uint64_t, 2, turn_longs)
TRANSPOSE(transpose_wides, bytes16, 1, turn_wide)

typedef void transposition(const char *, size_t, char *, size_t, size_t, size_t, int);

static transposition *transposition_of(size_t size) {
  switch (size) {
    case 1: return transpose_bytes;
    case 2: return transpose_pairs;
    case 4: return transpose_words;
    case 8: return transpose_longs;
    case 16: return transpose_wides;
    default: return NULL;
  }
}

// The same of rows whose elements lie `step` elements apart: stretches of them are put side by side first, where they stay near.
static void transpose_spread(
    transposition *transpose, size_t size, size_t step, const char *from, size_t from_row, char *to, size_t to_row, size_t all,
    size_t columns, int past) {
  // Rows that lay a power of two apart would have the same few places in a cache.
  enum { STRETCH = LINE_BYTES, PITCH = STRETCH + 16 };
  char near[(STRIP_ROWS + LINE_BYTES) * PITCH] __attribute__((aligned(LINE_BYTES)));
  const size_t most = STRETCH / size < columns ? STRETCH / size : columns;
  for (size_t done = 0, rows; done < all; done += rows, from += rows * from_row, to += rows * size) {
    size_t strip = STRIP_ROWS + before_line(to, to_row, size);
    rows = all - done < strip ? all - done : strip;
    for (size_t column = 0; column < columns; column += most) {
      size_t j = column + most <= columns ? column : columns - most;
      for (size_t i = 0; i < rows; i++) {
        suture_copy_strided(from + i * from_row + j * step * size, step, near + i * PITCH, 1, most, size);
      }
      transpose(near, PITCH, to + j * to_row, to_row, rows, most, past);
    }
  }
}

// Axes of one index are left out, and two that are one run in both source and target become one.
static int simplified(const struct suture_axis *axes, int rank, struct suture_axis *simple) {
  int count = 0;
  for (int i = 0; i < rank; i++) {
    if (axes[i].count == 1) continue;
    struct suture_axis *outer = count ? &simple[count - 1] : NULL;
    if (outer && outer->from_step == axes[i].count * axes[i].from_step &&
        outer->to_step == axes[i].count * axes[i].to_step) {
      outer->count *= axes[i].count;
      outer->from_step = axes[i].from_step;
      outer->to_step = axes[i].to_step;
    } else {
      simple[count++] = axes[i];
    }
  }
  return count;
}

// The axis along which neighbours lie nearest, of those that a step leads anywhere on; -1 where there is none.
static int nearest(const struct suture_axis *axes, int rank, int is_source) {
  int found = -1;
  for (int i = 0; i < rank; i++) {
    size_t step = is_source ? axes[i].from_step : axes[i].to_step;
    if (step == 0) continue;
    if (found < 0 || step < (is_source ? axes[found].from_step : axes[found].to_step)) found = i;
  }
  return found;
}

void suture_gather(const void *from, void *to, size_t size, const struct suture_axis *given, int rank) {
  struct suture_axis axes[SUTURE_MOST_AXES];
  size_t index[SUTURE_MOST_AXES] = {0};
  for (int i = 0; i < rank; i++) {
    if (given[i].count == 0) return;
  }
  rank = simplified(given, rank, axes);
  if (rank == 0) {
    memcpy(to, from, size);
    return;
  }
  const int dense_source = nearest(axes, rank, 1), inner = nearest(axes, rank, 0);
  transposition *transpose = NULL;
  size_t apart = 0;
  if (dense_source >= 0 && dense_source != inner && axes[inner].to_step == 1) {
    apart = axes[dense_source].from_step;
    // Of elements further apart no line of the cache has two.
    if (apart * size < LINE_BYTES || apart == 1) transpose = transposition_of(size);
  }
  const int second = transpose ? dense_source : -1;
  size_t reach = 0;
  for (int i = 0; i < rank; i++) reach += (axes[i].count - 1) * axes[i].to_step * size;
  const int past = reach >= PAST_CACHES;
  const char *source = from;
  char *target = to;
  while (1) {
    if (transpose && apart > 1) {
      transpose_spread(transpose, size, apart, source, axes[inner].from_step * size, target, axes[second].to_step * size,
                       axes[inner].count, axes[second].count, past);
    } else if (transpose) {
      transpose(source, axes[inner].from_step * size, target, axes[second].to_step * size, axes[inner].count,
                axes[second].count, past);
    } else {
      suture_copy_strided(source, axes[inner].from_step, target, axes[inner].to_step, axes[inner].count, size);
    }
    int axis = rank - 1;
    for (; axis >= 0; axis--) {
      if (axis == inner || axis == second) continue;
      source += axes[axis].from_step * size;
      target += axes[axis].to_step * size;
      if (++index[axis] < axes[axis].count) break;
      source -= axes[axis].from_step * axes[axis].count * size;
      target -= axes[axis].to_step * axes[axis].count * size;
      index[axis] = 0;
    }
    if (axis < 0) break;
  }
#if defined(__x86_64__)
  // Such writes come in no order, not even before what tells another thread that they are there.
  if (past) __builtin_ia32_sfence();
#endif
}

void suture_gather_plainly(const void *from, void *to, size_t size, const struct suture_axis *axes, int rank) {
  if (rank == 0) {
    memcpy(to, from, size);
    return;
  }
  for (size_t i = 0; i < axes[0].count; i++) {
    suture_gather_plainly(
        (const char *)from + i * axes[0].from_step * size, (char *)to + i * axes[0].to_step * size, size, axes + 1, rank - 1);
  }
}
