// Blocks of each height for one kind of product: included by blocks.c with ADD_PRODUCT, BLOCK_NAME, BLOCK_TABLE
// and BLOCK_TARGET defined.

#define BLOCK(height)                                                                                            \
  __attribute__((target(BLOCK_TARGET), noinline)) static void BLOCK_NAME(height)(                                \
    const word *rows, const word *panel, ptrdiff_t words, const block_target *target) {                          \
    __m512 sums[height][2];                                                                                      \
    _Pragma("clang loop unroll(full)") for (int r = 0; r < height; r++) {                                        \
      sums[r][0] = _mm512_loadu_ps(target->start);                                                               \
      sums[r][1] = _mm512_loadu_ps(target->start + 16);                                                          \
    }                                                                                                            \
    const char *ahead = target->ahead;                                                                           \
    ptrdiff_t k = 0;                                                                                             \
    for (; k + 4 <= words; k += 4) {                                                                             \
      _mm_prefetch(ahead, _MM_HINT_T0);                                                                          \
      _mm_prefetch(ahead + 64, _MM_HINT_T0);                                                                     \
      ahead += 128;                                                                                              \
      _Pragma("clang loop unroll(full)") for (int step = 0; step < 4; step++) {                                  \
        __m512i left = _mm512_loadu_si512(panel), right = _mm512_loadu_si512(panel + 16);                        \
        _Pragma("clang loop unroll(full)") for (int r = 0; r < height; r++) {                                    \
          __m512i value = _mm512_set1_epi32((int)rows[r * STRIDE + step]);                                       \
          sums[r][0] = ADD_PRODUCT(sums[r][0], value, left);                                                     \
          sums[r][1] = ADD_PRODUCT(sums[r][1], value, right);                                                    \
        }                                                                                                        \
        panel += PANEL;                                                                                          \
      }                                                                                                          \
      rows += 4;                                                                                                 \
    }                                                                                                            \
    for (; k < words; k++) {                                                                                     \
      __m512i left = _mm512_loadu_si512(panel), right = _mm512_loadu_si512(panel + 16);                          \
      _Pragma("clang loop unroll(full)") for (int r = 0; r < height; r++) {                                      \
        __m512i value = _mm512_set1_epi32((int)rows[r * STRIDE]);                                                \
        sums[r][0] = ADD_PRODUCT(sums[r][0], value, left);                                                       \
        sums[r][1] = ADD_PRODUCT(sums[r][1], value, right);                                                      \
      }                                                                                                          \
      panel += PANEL;                                                                                            \
      rows++;                                                                                                    \
    }                                                                                                            \
    _Pragma("clang loop unroll(full)") for (int r = 0; r < height; r++) {                                        \
      _Pragma("clang loop unroll(full)") for (int half = 0; half < 2; half++) {                                  \
        __mmask16 mask = target->masks[half];                                                                    \
        __m512 sum = sums[r][half];                                                                              \
        if (target->base)                                                                                        \
          sum = _mm512_add_ps(sum, _mm512_loadu_ps(target->base + r * target->base_pitch + half * 16));          \
        if (target->also) {                                                                                      \
          const float *also = target->also + r * target->also_pitch + half * 16;                                 \
          sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(mask, also));                                           \
        }                                                                                                        \
        _mm512_mask_storeu_ps(target->to + r * target->to_pitch + half * 16, mask, sum);                         \
      }                                                                                                          \
    }                                                                                                            \
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

block_kernel *const BLOCK_TABLE[ROWS + 1] = {
  NULL,           BLOCK_NAME(1),  BLOCK_NAME(2),  BLOCK_NAME(3),  BLOCK_NAME(4),
  BLOCK_NAME(5),  BLOCK_NAME(6),  BLOCK_NAME(7),  BLOCK_NAME(8),  BLOCK_NAME(9),
  BLOCK_NAME(10), BLOCK_NAME(11), BLOCK_NAME(12), BLOCK_NAME(13), BLOCK_NAME(14),
};

#undef BLOCK
#undef BLOCK_NAME
#undef BLOCK_TABLE
#undef BLOCK_TARGET
#undef ADD_PRODUCT
