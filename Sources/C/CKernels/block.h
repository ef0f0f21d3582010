// Blocks of each height and of one width, WIDTH in vectors: included by blocks.h with BLOCK_NAME defined.

#define EACH(i, count) _Pragma("GCC unroll 16") for (int i = 0; i < (count); i++)

// Every third row is pointed at, the two behind it are reached by the pitch. The pointers are hidden from the compiler as
// they go on: it would make them one of the other again, one for each row, which are more than there are registers.
#define THIRDS(height) (((height) + 2) / 3)

// One word of each row times the columns.
#define ADD_STEP(height, step)                                                                                         \
  {                                                                                                                    \
    words columns[WIDTH];                                                                                              \
    EACH(v, WIDTH) columns[v] = load_words(panel + ((step) * WIDTH + v) * LANES);                                      \
    EACH(r, height) {                                                                                                  \
      words value = every_word(at[r / 3] + r % 3 * pitch + (step) * sizeof(word));                                     \
      EACH(v, WIDTH) sums[r][v] = add_product(sums[r][v], value, columns[v]);                                          \
    }                                                                                                                  \
  }

// Stores all sums. What is said to be so is known when this is compiled, and what the target says lies in a copy: the
// compiler takes it that a store may change the target itself, and would read it again for each vector.
#define STORE_SUMS(height, has_before, has_added, whole)                                                               \
  {                                                                                                                    \
    float *to = own.to;                                                                                                \
    const float *before = own.before, *added = own.added;                                                              \
    EACH(r, height) {                                                                                                  \
      EACH(v, WIDTH)                                                                                                   \
        finish(                                                                                                        \
          to + v * LANES, has_before ? before + v * LANES : NULL, has_added ? added + v * LANES : NULL, own.there[v],  \
          whole, false, sums[r][v]);                                                                                   \
      to += own.to_pitch;                                                                                              \
      if (has_before) before += own.before_pitch;                                                                      \
      if (has_added) added += own.added_pitch;                                                                         \
    }                                                                                                                  \
  }

#define BLOCK(height)                                                                                                  \
  static void BLOCK_NAME(height)(const block_source *source, const word *panel, const block_target *target) {          \
    vector sums[height][WIDTH];                                                                                        \
    EACH(r, height) EACH(v, WIDTH) sums[r][v] = load(target->start + v * LANES);                                       \
    const char *ahead = target->ahead;                                                                                 \
    ptrdiff_t pitch = source->pitch * (ptrdiff_t)sizeof(word);                                                         \
    for (const piece *part = source->pieces, *end = part + source->count; part < end; part++) {                        \
      const char *at[THIRDS(height)];                                                                                  \
      EACH(third, THIRDS(height)) at[third] = (const char *)(source->rows + part->start) + third * 3 * pitch;          \
      ptrdiff_t k = part->words;                                                                                       \
      for (; k >= 4; k -= 4) {                                                                                         \
        for (int byte = 0; byte < 4 * LANES * WIDTH; byte += 64) __builtin_prefetch(ahead + byte);                     \
        ahead += 4 * LANES * WIDTH;                                                                                    \
        EACH(step, 4) ADD_STEP(height, step)                                                                           \
        panel += 4 * LANES * WIDTH;                                                                                    \
        EACH(third, THIRDS(height)) {                                                                                  \
          at[third] += 4 * sizeof(word);                                                                               \
          __asm__("" : "+r"(at[third]));                                                                               \
        }                                                                                                              \
      }                                                                                                                \
      for (; k > 0; k--) {                                                                                             \
        ADD_STEP(height, 0)                                                                                            \
        panel += LANES * WIDTH;                                                                                        \
        EACH(third, THIRDS(height)) at[third] += sizeof(word);                                                         \
      }                                                                                                                \
    }                                                                                                                  \
    const block_target own = *target;                                                                                  \
    bool whole = is_whole(own.there[WIDTH - 1]);                                                                       \
    if (own.activates) {                                                                                               \
      vector done[height][WIDTH];                                                                                      \
      EACH(r, height) EACH(v, WIDTH) done[r][v] = sums[r][v];                                                          \
      __asm__("" : "+m"(done));                                                                                        \
      for (int r = 0; r < height; r++)                                                                                 \
        EACH(v, WIDTH)                                                                                                 \
          finish(                                                                                                      \
            own.to + r * own.to_pitch + v * LANES, own.before ? own.before + r * own.before_pitch + v * LANES : NULL,  \
            own.added ? own.added + r * own.added_pitch + v * LANES : NULL, own.there[v], whole, true, done[r][v]);    \
    } else if (!whole) {                                                                                               \
      STORE_SUMS(height, own.before != NULL, own.added != NULL, false)                                                 \
    } else if (own.added) {                                                                                            \
      STORE_SUMS(height, own.before != NULL, true, true)                                                               \
    } else if (own.before) {                                                                                           \
      STORE_SUMS(height, true, false, true)                                                                            \
    } else {                                                                                                           \
      STORE_SUMS(height, false, false, true)                                                                           \
    }                                                                                                                  \
  }

BLOCK(1)
BLOCK(2)
BLOCK(3)
BLOCK(4)
BLOCK(5)
BLOCK(6)
#if ROWS >= 12
BLOCK(7)
BLOCK(8)
BLOCK(9)
BLOCK(10)
BLOCK(11)
BLOCK(12)
#endif
#if ROWS >= 14
BLOCK(13)
BLOCK(14)
#endif

#undef ADD_STEP
#undef BLOCK
#undef BLOCK_NAME
#undef EACH
#undef STORE_SUMS
#undef THIRDS
#undef WIDTH
