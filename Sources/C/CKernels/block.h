// Blocks of each height for one kind of product and one width: included by blocks.c with ADD_PRODUCT, WIDTH (in vectors
// of 16), BLOCK_NAME and BLOCK_TARGET defined.

#define EACH(i, count) _Pragma("clang loop unroll(full)") for (int i = 0; i < (count); i++)

// One word of each row times the columns. Every third row is pointed at, the two behind it are reached by the pitch.
#define ADD_STEP(height, step)                                                                                         \
  {                                                                                                                    \
    __m512i columns[WIDTH];                                                                                            \
    EACH(v, WIDTH) columns[v] = _mm512_loadu_si512(panel + ((step) * WIDTH + v) * 16);                                 \
    EACH(r, height) {                                                                                                  \
      __m512i value = _mm512_set1_epi32(*(const int *)(at[r / 3] + r % 3 * pitch + (step) * sizeof(word)));            \
      EACH(v, WIDTH) sums[r][v] = ADD_PRODUCT(sums[r][v], value, columns[v]);                                          \
    }                                                                                                                  \
  }

// The pointers are not to be made one of the other again: that would be fourteen of them, more than there are registers.
#define KEEP_APART(height) __asm__("" : "+r"(at[0]), "+r"(at[1]), "+r"(at[2]), "+r"(at[3]), "+r"(at[4]))

#define BLOCK(height)                                                                                                  \
  __attribute__((target(BLOCK_TARGET), noinline)) static void BLOCK_NAME(height)(                                      \
    const block_source *source, const word *panel, const block_target *target) {                                       \
    __m512 sums[height][WIDTH];                                                                                        \
    EACH(r, height) EACH(v, WIDTH) sums[r][v] = _mm512_loadu_ps(target->start + v * 16);                               \
    const char *ahead = target->ahead;                                                                                 \
    ptrdiff_t pitch = source->pitch * (ptrdiff_t)sizeof(word);                                                         \
    for (const piece *part = source->pieces, *end = part + source->count; part < end; part++) {                        \
      const char *row = (const char *)(source->rows + part->start);                                                    \
      const char *at[] = {row, row + 3 * pitch, row + 6 * pitch, row + 9 * pitch, row + 12 * pitch};                   \
      ptrdiff_t k = part->words;                                                                                       \
      for (; k >= 4; k -= 4) {                                                                                         \
        EACH(v, WIDTH) _mm_prefetch(ahead + v * 64, _MM_HINT_T0);                                                      \
        ahead += 64 * WIDTH;                                                                                           \
        EACH(step, 4) ADD_STEP(height, step)                                                                           \
        panel += 64 * WIDTH;                                                                                           \
        EACH(third, 5) at[third] += 4 * sizeof(word);                                                                  \
        KEEP_APART(height);                                                                                            \
      }                                                                                                                \
      for (; k > 0; k--) {                                                                                             \
        ADD_STEP(height, 0)                                                                                            \
        panel += 16 * WIDTH;                                                                                           \
        EACH(third, 5) at[third] += sizeof(word);                                                                      \
      }                                                                                                                \
    }                                                                                                                  \
    if (!target->activates) {                                                                                          \
      EACH(r, height) EACH(v, WIDTH) finish(target, r, v, sums[r][v], false);                                          \
      return;                                                                                                          \
    }                                                                                                                  \
    __m512 done[height][WIDTH];                                                                                        \
    EACH(r, height) EACH(v, WIDTH) done[r][v] = sums[r][v];                                                            \
    __asm__("" : "+m"(done));                                                                                          \
    _Pragma("clang loop unroll(disable)") for (int r = 0; r < height; r++)                                             \
      EACH(v, WIDTH) finish(target, r, v, done[r][v], true);                                                           \
  }

BLOCK(1)
BLOCK(2)
BLOCK(3)
BLOCK(4)
BLOCK(5)
BLOCK(6)
BLOCK(7)
BLOCK(8)
BLOCK(9)
BLOCK(10)
BLOCK(11)
BLOCK(12)
BLOCK(13)
BLOCK(14)

#undef ADD_STEP
#undef BLOCK
#undef BLOCK_NAME
#undef EACH
#undef WIDTH
#undef KEEP_APART
