// Numbers as digits, rounded as C rounds them: the exact value to the nearest, ties to even.
#ifndef SUTURE_DECIMALS_H
#define SUTURE_DECIMALS_H

#include <stddef.h>

// Writes `value` with so many digits behind the point, or as one digit and a power of ten, and a zero byte.
// Returns how many characters that takes, which may be more than there is room for.
int suture_write_fixed(double value, int places, char *text, size_t room);
int suture_write_scientific(double value, int places, char *text, size_t room);

#endif
