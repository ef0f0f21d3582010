// Numbers of a kind that has certain bits: NaN and infinity for one.
#ifndef SUTURE_SPECIAL_H
#define SUTURE_SPECIAL_H

#include <stddef.h>
#include <stdint.h>

// Whether one of `count` little-endian words of `size` bytes, 1, 2, 4 or 8, has exactly `bits` where `mask` is set.
int suture_has_special(const void *words, size_t size, size_t count, uint64_t mask, uint64_t bits);

#endif
