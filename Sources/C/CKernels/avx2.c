#if defined(__x86_64__)
#define PER_WORD 1
#include "vectors_avx2.h"

#include "one_kind.h"

const suture_kernels suture_avx2_kernels = TABLE;
#pragma clang attribute pop
#endif
