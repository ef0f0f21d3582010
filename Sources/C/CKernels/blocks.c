#include "blocks.h"

#if defined(__x86_64__)
#include "silu.h"

#include <string.h>

const float suture_zeros[PANEL] = {0};

// Stores a vector of sums, the `v`th of row `r`.
__attribute__((target(VECTORS))) INLINE void finish(
  const block_target *target, ptrdiff_t r, ptrdiff_t v, __m512 sum, bool activates) {
  __mmask16 mask = target->masks[v];
  if (target->base) sum = _mm512_add_ps(sum, _mm512_loadu_ps(target->base + r * target->base_pitch + v * 16));
  if (target->also)
    sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(mask, target->also + r * target->also_pitch + v * 16));
  if (activates) sum = silu(sum);
  _mm512_mask_storeu_ps(target->to + r * target->to_pitch + v * 16, mask, sum);
}

#define ADD_PRODUCT(sum, a, b) _mm512_fmadd_ps(_mm512_castsi512_ps(a), _mm512_castsi512_ps(b), sum)
#define BLOCK_TARGET VECTORS
#define WIDTH 1
#define BLOCK_NAME(rows) narrow_float32_##rows
#include "block.h"
#define WIDTH 2
#define BLOCK_NAME(rows) float32_##rows
#include "block.h"
#undef ADD_PRODUCT
#undef BLOCK_TARGET

#define ADD_PRODUCT(sum, a, b) _mm512_dpbf16_ps(sum, (__m512bh)(a), (__m512bh)(b))
#define BLOCK_TARGET ROUNDING
#define WIDTH 1
#define BLOCK_NAME(rows) narrow_bfloat16_##rows
#include "block.h"
#define WIDTH 2
#define BLOCK_NAME(rows) bfloat16_##rows
#include "block.h"

#define HEIGHTS(name)                                                                                                  \
  {NULL,    name##1, name##2, name##3,  name##4,  name##5,  name##6, name##7,                                          \
   name##8, name##9, name##10, name##11, name##12, name##13, name##14}

block_kernels suture_float32_blocks = {HEIGHTS(narrow_float32_), HEIGHTS(float32_)};
block_kernels suture_bfloat16_blocks = {HEIGHTS(narrow_bfloat16_), HEIGHTS(bfloat16_)};

__attribute__((target(ROUNDING))) void suture_round(const float *from, word *to, ptrdiff_t count) {
  for (ptrdiff_t k = 0; k < count; k += 32) {
    ptrdiff_t some = least(count - k, 32);
    __m512 low = _mm512_maskz_loadu_ps(REST(least(some, 16)), from + k);
    __m512 high = _mm512_maskz_loadu_ps(REST(most(some - 16, 0)), from + k + 16);
    _mm512_mask_storeu_epi32(to + k / 2, REST(quotient(some, 2)), (__m512i)_mm512_cvtne2ps_pbh(high, low));
  }
}

void suture_place(const stretches *s, suture_precision precision, const float *row, word *to, ptrdiff_t pitch) {
  for (ptrdiff_t number = 0; number < s->count; number++) {
    ptrdiff_t words = stretch_words(s, number);
    const float *from = row + number * s->length * s->per_word;
    if (precision == SUTURE_PRECISION_BFLOAT16) suture_round(from, to + number * pitch, words * 2);
    else memcpy(to + number * pitch, from, (size_t)words * sizeof(word));
  }
}

static uint16_t rounded(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

void suture_pack_panel(
  word *panel, ptrdiff_t width, const float *matrix, ptrdiff_t pitch, ptrdiff_t columns, ptrdiff_t length,
  ptrdiff_t per_word) {
  ptrdiff_t words = quotient(length, per_word);
  if (columns < width) memset(panel, 0, (size_t)(words * width) * sizeof(word));
  // Sixteen words at a time stay in the first cache.
  for (ptrdiff_t start = 0; start < words; start += 16) {
    ptrdiff_t end = least(start + 16, words);
    for (ptrdiff_t column = 0; column < columns; column++) {
      const float *row = matrix + column * pitch;
      if (per_word == 1) {
        for (ptrdiff_t k = start; k < end; k++) memcpy(&panel[k * width + column], &row[k], sizeof(word));
      } else {
        for (ptrdiff_t k = start; k < end; k++) {
          word low = rounded(row[2 * k]), high = 2 * k + 1 < length ? rounded(row[2 * k + 1]) : 0;
          panel[k * width + column] = low | high << 16;
        }
      }
    }
  }
}

bool suture_kernels_available(suture_precision precision) {
  bool basis = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
    && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  return basis && (precision == SUTURE_PRECISION_FLOAT32 || __builtin_cpu_supports("avx512bf16"));
}
#else
bool suture_kernels_available(suture_precision precision) { return false; }
#endif
