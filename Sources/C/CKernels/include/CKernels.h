// Layers of networks where fusing them gains more than a library can give, for each kind of vector that processors have.
//
// Activations lie N×H×W×C, float32. Each function runs on the threads of CThreads.
#ifndef SUTURE_CKERNELS_H
#define SUTURE_CKERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// How the products are computed; their sums are float32.
typedef enum { SUTURE_PRECISION_FLOAT32, SUTURE_PRECISION_BFLOAT16 } suture_precision;

// The instructions that kernels are made of; PLAIN are those that every processor has.
typedef enum { SUTURE_ISA_PLAIN, SUTURE_ISA_NEON, SUTURE_ISA_AVX2, SUTURE_ISA_AVX512 } suture_isa;

// Whether this processor has the instructions. Every layer below says which it wants.
bool suture_kernels_available(suture_isa isa, suture_precision precision);

// What follows the depthwise convolution in a block: y + second(GELU(first(norm(x)))), pixel by pixel. What a norm and
// a layer scale multiply by and add lies in the weights.
typedef struct {
  suture_isa isa;
  suture_precision precision;
  ptrdiff_t rows;      // pixels
  ptrdiff_t channels;  // of x and y
  ptrdiff_t hidden;    // between the two products
  float epsilon;       // of the norm
  int threads;
} suture_feed_forward;

// How many 32-bit words the packed weights of both products take, and how many floats the packed biases.
ptrdiff_t suture_feed_forward_weight_words(const suture_feed_forward *layer);
ptrdiff_t suture_feed_forward_bias_count(const suture_feed_forward *layer);

// Packs `first` [hidden, channels] or `second` [channels, hidden], and their biases.
void suture_feed_forward_pack_first(
  const suture_feed_forward *layer, const float *first, const float *bias, void *weights, float *biases);
void suture_feed_forward_pack_second(
  const suture_feed_forward *layer, const float *second, const float *bias, void *weights, float *biases);

// How many bytes suture_feed_forward_run needs beside its arguments; the other layers have the same. They must lie at a
// multiple of 64.
size_t suture_feed_forward_scratch(const suture_feed_forward *layer);

// Adds to `y` [rows, channels] what the layer makes of `x` [rows, channels].
void suture_feed_forward_run(
  const suture_feed_forward *layer, const float *x, float *y, const void *weights, const float *biases,
  void *scratch);

// How many floats lie from a pixel to the next, of the input, the output, and what is added, where these are some channels
// of larger maps; 0 where pixels lie side by side.
typedef struct {
  ptrdiff_t input, output, added;
} suture_pitches;

// A layer norm over the channels of each pixel.
typedef struct {
  suture_isa isa;
  suture_precision precision;  // float32
  ptrdiff_t rows;              // pixels
  ptrdiff_t channels;
  float epsilon;
  int threads;
} suture_layer_norm;

// Normalises `x` [rows, channels] in place, then multiplies by `weight` [channels] and adds `bias` [channels].
void suture_layer_norm_run(const suture_layer_norm *layer, float *x, const float *weight, const float *bias);

// A depthwise convolution of 7×7 with stride 1 and a border of 3.
typedef struct {
  suture_isa isa;
  suture_precision precision;  // float32
  ptrdiff_t batch, height, width, channels;
  int threads;
} suture_depthwise;

// How many floats the packed kernels take, and the packed biases.
ptrdiff_t suture_depthwise_weight_count(const suture_depthwise *layer);
ptrdiff_t suture_depthwise_bias_count(const suture_depthwise *layer);

// Packs kernels [channels, 7, 7] and biases [channels].
void suture_depthwise_pack(
  const suture_depthwise *layer, const float *kernels, const float *bias, float *weights, float *biases);

size_t suture_depthwise_scratch(const suture_depthwise *layer);

// Convolves `x` [batch, height, width, channels] to `y`, which has the same shape.
void suture_depthwise_run(
  const suture_depthwise *layer, const float *x, float *y, const float *weights, const float *biases, void *scratch);

// A depthwise convolution of any small kernel; x · σ(x) follows if `activates`.
typedef struct {
  suture_isa isa;
  suture_precision precision;                // float32
  ptrdiff_t batch, height, width, channels;  // of the input
  ptrdiff_t kernel, stride, padding;
  bool activates;
  int threads;
} suture_small_depthwise;

ptrdiff_t suture_small_depthwise_weight_count(const suture_small_depthwise *layer);
ptrdiff_t suture_small_depthwise_bias_count(const suture_small_depthwise *layer);

// Packs kernels [channels, kernel, kernel] and biases [channels].
void suture_small_depthwise_pack(
  const suture_small_depthwise *layer, const float *kernels, const float *bias, float *weights, float *biases);

// Convolves `x` [batch, height, width, channels] to `y`, output pixels of as many channels. It needs no scratch.
void suture_small_depthwise_run(
  const suture_small_depthwise *layer, const float *x, float *y, const float *weights, const float *biases);

// A convolution of all channels. Its pixels are normalised first if `normalizes` (what the norm multiplies by and adds
// lies in the weights, so there may be no padding then), and x · σ(x) follows if `activates`.
typedef struct {
  suture_isa isa;
  suture_precision precision;
  ptrdiff_t batch, height, width;  // of the input
  ptrdiff_t inputs, outputs;
  ptrdiff_t kernel, stride, padding;
  suture_pitches pitches;
  bool normalizes, activates;
  float epsilon;
  int threads;
} suture_convolution;

// How many 32-bit words the packed kernels take, how many floats the packed biases, and how many packing needs beside
// them.
ptrdiff_t suture_convolution_weight_words(const suture_convolution *layer);
ptrdiff_t suture_convolution_bias_count(const suture_convolution *layer);
ptrdiff_t suture_convolution_packing_floats(const suture_convolution *layer);

// Packs kernels [outputs, inputs, kernel, kernel] and biases [outputs].
void suture_convolution_pack(
  const suture_convolution *layer, const float *kernels, const float *bias, void *weights, float *biases,
  float *scratch);

size_t suture_convolution_scratch(const suture_convolution *layer);

// Convolves `x` [batch, height, width, inputs] to `y`, output pixels of `outputs` channels. At the end `added`, which has
// the shape of `y`, is added, where it is not NULL.
void suture_convolution_run(
  const suture_convolution *layer, const float *x, const float *added, float *y, const void *weights, const float *biases,
  void *scratch);

// The largest of each window, channel by channel; NaN where one is there. What lies beyond the edge is less than anything.
typedef struct {
  suture_isa isa;
  suture_precision precision;                // float32
  ptrdiff_t batch, height, width, channels;  // of the input
  ptrdiff_t down, across;                    // of the output
  ptrdiff_t kernel, stride, padding;
  suture_pitches pitches;
  int threads;
} suture_max_pool;

size_t suture_max_pool_scratch(const suture_max_pool *layer);

// Pools `x` [batch, height, width, channels] to `y` [batch, down, across, channels].
void suture_max_pool_run(const suture_max_pool *layer, const float *x, float *y, void *scratch);

#endif
