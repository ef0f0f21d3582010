// Numbers in bulk: conversions that want an instruction of the processor at hand, and copies of elements that lie apart.
#ifndef SUTURE_CNUMBERS_H
#define SUTURE_CNUMBERS_H

#include <stddef.h>
#include <stdint.h>

#include "casts.h"
#include "decimals.h"
#include "exponentials.h"
#include "gather.h"
#include "special.h"
#include "summary.h"

// Widens `count` elements, given as their bit patterns in host byte order. `from` and `to` do not overlap.
void suture_float16_to_float32(const uint16_t *from, float *to, size_t count);
void suture_bfloat16_to_float32(const uint16_t *from, float *to, size_t count);

// Copies `count` elements of `size` bytes that lie `from_step` elements apart to places `to_step` elements apart.
void suture_copy_strided(const void *from, size_t from_step, void *to, size_t to_step, size_t count, size_t size);

#endif
