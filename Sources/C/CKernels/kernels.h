// The functions of CKernels.h for one kind of vector, in a table.
#ifndef SUTURE_KERNELS_H
#define SUTURE_KERNELS_H

#include "CKernels.h"

// X(result, name, (parameters), (arguments)); the first parameter is the layer.
#define SUTURE_KERNEL_FUNCTIONS(X)                                                                                     \
  X(ptrdiff_t, feed_forward_weight_words, (const suture_feed_forward *layer), (layer))                                 \
  X(ptrdiff_t, feed_forward_bias_count, (const suture_feed_forward *layer), (layer))                                   \
  X(void, feed_forward_pack_first,                                                                                     \
    (const suture_feed_forward *layer, const float *first, const float *bias, void *weights, float *biases),           \
    (layer, first, bias, weights, biases))                                                                             \
  X(void, feed_forward_pack_second,                                                                                    \
    (const suture_feed_forward *layer, const float *second, const float *bias, void *weights, float *biases),          \
    (layer, second, bias, weights, biases))                                                                            \
  X(size_t, feed_forward_scratch, (const suture_feed_forward *layer), (layer))                                         \
  X(void, feed_forward_run,                                                                                            \
    (const suture_feed_forward *layer, const float *x, float *y, const void *weights, const float *biases,             \
     void *scratch),                                                                                                   \
    (layer, x, y, weights, biases, scratch))                                                                           \
  X(ptrdiff_t, depthwise_weight_count, (const suture_depthwise *layer), (layer))                                       \
  X(ptrdiff_t, depthwise_bias_count, (const suture_depthwise *layer), (layer))                                         \
  X(void, depthwise_pack,                                                                                              \
    (const suture_depthwise *layer, const float *kernels, const float *bias, float *weights, float *biases),           \
    (layer, kernels, bias, weights, biases))                                                                           \
  X(size_t, depthwise_scratch, (const suture_depthwise *layer), (layer))                                               \
  X(void, depthwise_run,                                                                                               \
    (const suture_depthwise *layer, const float *x, float *y, const float *weights, const float *biases,               \
     void *scratch),                                                                                                   \
    (layer, x, y, weights, biases, scratch))                                                                           \
  X(ptrdiff_t, small_depthwise_weight_count, (const suture_small_depthwise *layer), (layer))                           \
  X(ptrdiff_t, small_depthwise_bias_count, (const suture_small_depthwise *layer), (layer))                             \
  X(void, small_depthwise_pack,                                                                                        \
    (const suture_small_depthwise *layer, const float *kernels, const float *bias, float *weights, float *biases),     \
    (layer, kernels, bias, weights, biases))                                                                           \
  X(void, small_depthwise_run,                                                                                         \
    (const suture_small_depthwise *layer, const float *x, float *y, const float *weights, const float *biases),        \
    (layer, x, y, weights, biases))                                                                                    \
  X(ptrdiff_t, convolution_weight_words, (const suture_convolution *layer), (layer))                                   \
  X(ptrdiff_t, convolution_bias_count, (const suture_convolution *layer), (layer))                                     \
  X(ptrdiff_t, convolution_packing_floats, (const suture_convolution *layer), (layer))                                 \
  X(void, convolution_pack,                                                                                            \
    (const suture_convolution *layer, const float *kernels, const float *bias, void *weights, float *biases,           \
     float *scratch),                                                                                                  \
    (layer, kernels, bias, weights, biases, scratch))                                                                  \
  X(size_t, convolution_scratch, (const suture_convolution *layer), (layer))                                           \
  X(void, convolution_run,                                                                                             \
    (const suture_convolution *layer, const float *x, const float *added, float *y, const void *weights,               \
     const float *biases, void *scratch),                                                                              \
    (layer, x, added, y, weights, biases, scratch))                                                                           \
  X(size_t, max_pool_scratch, (const suture_max_pool *layer), (layer))                                                 \
  X(void, max_pool_run, (const suture_max_pool *layer, const float *x, float *y, void *scratch),                       \
    (layer, x, y, scratch))                                                                                            \
  X(void, layer_norm_run, (const suture_layer_norm *layer, float *x, const float *weight, const float *bias),          \
    (layer, x, weight, bias))

typedef struct {
#define POINTER(result, name, parameters, arguments) result(*name) parameters;
  SUTURE_KERNEL_FUNCTIONS(POINTER)
#undef POINTER
} suture_kernels;

#if defined(__x86_64__)
extern const suture_kernels suture_avx512_kernels, suture_avx512_bfloat16_kernels, suture_avx2_kernels;
#endif
extern const suture_kernels suture_four_kernels;

#endif
