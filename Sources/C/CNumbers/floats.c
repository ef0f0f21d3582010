#include "CNumbers.h"
#include "per_processor.h"

#include <string.h>

PER_PROCESSOR
void suture_float16_to_float32(const uint16_t *from, float *to, size_t count) {
  for (size_t i = 0; i < count; i++) {
    _Float16 half;
    memcpy(&half, &from[i], sizeof half);
    to[i] = (float)half;
  }
}

PER_PROCESSOR
void suture_bfloat16_to_float32(const uint16_t *from, float *to, size_t count) {
  for (size_t i = 0; i < count; i++) {
    uint32_t bits = (uint32_t)from[i] << 16;
    memcpy(&to[i], &bits, sizeof bits);
  }
}
