#define PER_WORD 1
#include "vectors_four.h"

#include "one_kind.h"

const suture_kernels suture_four_kernels = TABLE;
