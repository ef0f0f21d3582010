#include "blocks.h"

#if defined(__x86_64__)
#include <string.h>

const float suture_zeros[PANEL] = {0};

#define ADD_PRODUCT(sum, a, b) _mm512_fmadd_ps(_mm512_castsi512_ps(a), _mm512_castsi512_ps(b), sum)
#define BLOCK_NAME(rows) float32_##rows
#define BLOCK_TABLE suture_float32_blocks
#define BLOCK_TARGET VECTORS
#include "block.h"

#define ADD_PRODUCT(sum, a, b) _mm512_dpbf16_ps(sum, (__m512bh)(a), (__m512bh)(b))
#define BLOCK_NAME(rows) bfloat16_##rows
#define BLOCK_TABLE suture_bfloat16_blocks
#define BLOCK_TARGET ROUNDING
#include "block.h"

__attribute__((target(ROUNDING))) void suture_round(const float *from, word *to, ptrdiff_t words) {
  for (ptrdiff_t k = 0; k < words; k += 16) {
    __m512 low = _mm512_loadu_ps(from + 2 * k), high = _mm512_loadu_ps(from + 2 * k + 16);
    _mm512_storeu_si512(to + k, (__m512i)_mm512_cvtne2ps_pbh(high, low));
  }
}

void suture_place(const stretches *s, suture_precision precision, const float *row, word *to, ptrdiff_t pitch) {
  for (ptrdiff_t number = 0; number < s->count; number++) {
    ptrdiff_t words = stretch_words(s, number);
    const float *from = row + number * s->length * s->per_word;
    if (precision == SUTURE_PRECISION_BFLOAT16) suture_round(from, to + number * pitch, words);
    else memcpy(to + number * pitch, from, (size_t)words * sizeof(word));
  }
}

static uint16_t rounded(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

void suture_pack_panel(
  word *panel, const float *matrix, ptrdiff_t pitch, ptrdiff_t columns, ptrdiff_t length, ptrdiff_t per_word) {
  ptrdiff_t words = quotient(length, per_word);
  if (columns < PANEL) memset(panel, 0, (size_t)words * PANEL * sizeof(word));
  // Sixteen words at a time stay in the first cache.
  for (ptrdiff_t start = 0; start < words; start += 16) {
    ptrdiff_t end = least(start + 16, words);
    for (ptrdiff_t column = 0; column < columns; column++) {
      const float *row = matrix + column * pitch;
      if (per_word == 1) {
        for (ptrdiff_t k = start; k < end; k++) memcpy(&panel[k * PANEL + column], &row[k], sizeof(word));
      } else {
        for (ptrdiff_t k = start; k < end; k++) {
          word low = rounded(row[2 * k]), high = 2 * k + 1 < length ? rounded(row[2 * k + 1]) : 0;
          panel[k * PANEL + column] = low | high << 16;
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
