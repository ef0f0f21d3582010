// Functions of e to the power of many float32.
#ifndef SUTURE_EXPONENTIALS_H
#define SUTURE_EXPONENTIALS_H

#include <stddef.h>

// 1 / (1 + e⁻ˣ) of each number, to within 2e-7 of its value, or 2e-38. NaNs stay NaNs.
void suture_sigmoids(const float *from, float *to, size_t count);

// e to the power of each number less `peak`, to within 2e-7 of its value, or 2e-38.
void suture_exponentials(const float *from, float peak, float *to, size_t count);

#endif
