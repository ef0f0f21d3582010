#if defined(__x86_64__)
#define PER_WORD 2
#include "vectors_avx512.h"

#include "one_kind.h"

const suture_kernels suture_avx512_bfloat16_kernels = TABLE;
#pragma clang attribute pop
#endif
