// Everything for the kind of vector that has been included: to be included once by a file for each.
#include "kernels.h"

#include "blocks.h"
#include "layer_norm.h"
#include "feed_forward.h"
#include "depthwise.h"
#include "small_depthwise.h"
#include "convolution.h"
#include "max_pool.h"

#define ENTRY(result, name, parameters, arguments) .name = name,
#define TABLE {SUTURE_KERNEL_FUNCTIONS(ENTRY)}
