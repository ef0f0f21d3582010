// Loops of nothing but fused multiply-adds: what the processor can do at most, to measure engines by.
#ifndef SUTURE_CPEAK_H
#define SUTURE_CPEAK_H

#include <stdint.h>

// Both run `rounds` rounds and give how many floating-point operations that was (a multiply-add is two), 0 where the
// processor cannot do them; the first on vectors of `lanes` floats, 16, 8 or 4.
double suture_peak_float32(int64_t rounds, int lanes);
double suture_peak_bfloat16(int64_t rounds);

#endif
