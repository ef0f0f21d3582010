// The kernels of CKernels against sums in double precision, on sizes that chance makes up: for processors that the tests do
// not run on, by way of an emulator. `.ci/aarch64` builds and runs it.
#include "CKernels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static unsigned long long state;

static unsigned long long next(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

static long between(long least, long most) { return least + (long)(next() % (unsigned long long)(most - least + 1)); }

static float *numbers(long count, float size) {
  float *memory = malloc((size_t)(count + 1) * sizeof(float));
  for (long i = 0; i < count; i++) memory[i] = ((float)(next() >> 40) / (1 << 23) - 1) * size;
  return memory;
}

// Whole cache lines, full of what must not be read.
static void *room(size_t bytes) {
  bytes = (bytes / 64 + 1) * 64;
  void *memory = aligned_alloc(64, bytes);
  memset(memory, 0xFF, bytes);
  return memory;
}

static long failures, checks;

static void expect(double truth, double ours, double bound, const char *what) {
  checks++;
  if (fabs(truth - ours) <= bound) return;
  if (failures++ < 10) printf("%s: %.9g is %.9g\n", what, truth, ours);
}

static void normalize(const float *x, long channels, double *to) {
  double mean = 0, variance = 0;
  for (long c = 0; c < channels; c++) mean += x[c];
  mean /= (double)channels;
  for (long c = 0; c < channels; c++) variance += (x[c] - mean) * (x[c] - mean);
  for (long c = 0; c < channels; c++) to[c] = (x[c] - mean) / sqrt(variance / (double)channels + 1e-6);
}

static void check_convolution(suture_isa isa) {
  suture_convolution layer = {
    .isa = isa, .batch = between(1, 2), .height = between(4, 20), .width = between(4, 20),
    .inputs = between(1, between(0, 9) ? 40 : 300), .outputs = between(1, 100), .kernel = between(1, 4),
    .stride = between(1, 3), .normalizes = between(0, 2) == 0, .activates = between(0, 1), .epsilon = 1e-6f,
    .threads = (int)between(1, 4)};
  layer.padding = layer.normalizes ? 0 : between(0, layer.kernel);
  long apart = between(0, 20), adds = between(0, 1);
  layer.pitches = (suture_pitches){layer.inputs + apart, layer.outputs + apart, layer.outputs + apart};
  long area = layer.kernel * layer.kernel, length = area * layer.inputs;
  long down = (layer.height + 2 * layer.padding - layer.kernel) / layer.stride + 1;
  long across = (layer.width + 2 * layer.padding - layer.kernel) / layer.stride + 1;
  float *kernels = numbers(layer.outputs * length, 1 / sqrtf((float)length)), *bias = numbers(layer.outputs, 1);
  float *x = numbers(layer.batch * layer.height * layer.width * layer.pitches.input, 2);
  float *added = numbers(layer.batch * down * across * layer.pitches.added, 2);
  float *y = room((size_t)(layer.batch * down * across * layer.pitches.output) * sizeof(float));
  void *weights = room((size_t)suture_convolution_weight_words(&layer) * 4);
  float *biases = room((size_t)suture_convolution_bias_count(&layer) * 4);
  float *packing = room((size_t)suture_convolution_packing_floats(&layer) * 4);
  void *scratch = room(suture_convolution_scratch(&layer));
  suture_convolution_pack(&layer, kernels, bias, weights, biases, packing);
  suture_convolution_run(&layer, x, adds ? added : NULL, y, weights, biases, scratch);
  double *pixel = malloc((size_t)layer.inputs * sizeof(double));
  for (int round = 0; round < 20; round++) {
    long row = between(0, down - 1), column = between(0, across - 1), image = between(0, layer.batch - 1);
    long output = between(0, layer.outputs - 1);
    double sum = bias[output];
    for (long place = 0; place < area; place++) {
      long top = row * layer.stride + place / layer.kernel - layer.padding;
      long left = column * layer.stride + place % layer.kernel - layer.padding;
      if (top < 0 || top >= layer.height || left < 0 || left >= layer.width) continue;
      const float *from = x + ((image * layer.height + top) * layer.width + left) * layer.pitches.input;
      for (long input = 0; input < layer.inputs; input++) pixel[input] = from[input];
      if (layer.normalizes) normalize(from, layer.inputs, pixel);
      for (long input = 0; input < layer.inputs; input++)
        sum += pixel[input] * kernels[(output * layer.inputs + input) * area + place];
    }
    long place = (image * down + row) * across + column;
    double truth = layer.activates ? sum / (1 + exp(-sum)) : sum;
    if (adds) truth += added[place * layer.pitches.added + output];
    expect(truth, y[place * layer.pitches.output + output], 3e-6 * fmax(1, fabs(sum)), "a convolution");
  }
  free(kernels), free(bias), free(x), free(added), free(y), free(weights), free(biases), free(packing), free(scratch);
  free(pixel);
}

static void check_max_pool(suture_isa isa) {
  suture_max_pool layer = {
    .isa = isa, .batch = between(1, 2), .height = between(5, 12), .width = between(5, 12), .channels = between(1, 70),
    .kernel = between(1, 5), .stride = between(1, 3), .threads = (int)between(1, 4)};
  layer.padding = between(0, layer.kernel / 2);
  layer.down = (layer.height + 2 * layer.padding - layer.kernel) / layer.stride + 1;
  layer.across = (layer.width + 2 * layer.padding - layer.kernel) / layer.stride + 1;
  layer.pitches = (suture_pitches){layer.channels + between(0, 9), layer.channels + between(0, 9), 0};
  float *x = numbers(layer.batch * layer.height * layer.width * layer.pitches.input, 2);
  float *y = room((size_t)(layer.batch * layer.down * layer.across * layer.pitches.output) * sizeof(float));
  void *scratch = room(suture_max_pool_scratch(&layer));
  if (between(0, 1)) x[0] = NAN;
  suture_max_pool_run(&layer, x, y, scratch);
  for (int round = 0; round < 50; round++) {
    long row = between(0, layer.down - 1), column = between(0, layer.across - 1), image = between(0, layer.batch - 1);
    long channel = between(0, layer.channels - 1);
    float peak = -INFINITY;
    for (long top = row * layer.stride - layer.padding, i = 0; i < layer.kernel; i++, top++)
      for (long left = column * layer.stride - layer.padding, j = 0; j < layer.kernel; j++, left++) {
        if (top < 0 || top >= layer.height || left < 0 || left >= layer.width) continue;
        float value = x[((image * layer.height + top) * layer.width + left) * layer.pitches.input + channel];
        if (value > peak || isnan(value)) peak = value;
      }
    float ours = y[((image * layer.down + row) * layer.across + column) * layer.pitches.output + channel];
    expect(isnan(peak) ? 1 : peak, isnan(peak) ? isnan(ours) : ours, 0, "a window");
  }
  free(x), free(y), free(scratch);
}

static void check_depthwise(suture_isa isa, int is_small) {
  long kernel = is_small ? between(1, 6) : 7, stride = is_small ? between(1, 3) : 1;
  long padding = is_small ? between(0, kernel) : 3, least = kernel > 2 * padding ? kernel - 2 * padding : 1;
  long channels = between(1, 150), batch = between(1, 2);
  long height = between(least, least + 15), width = between(least, least + 100);
  int threads = (int)between(1, 4), activates = is_small && between(0, 1);
  suture_depthwise large = {
    .isa = isa, .batch = batch, .height = height, .width = width, .channels = channels, .threads = threads};
  suture_small_depthwise small = {
    .isa = isa, .batch = batch, .height = height, .width = width, .channels = channels, .kernel = kernel,
    .stride = stride, .padding = padding, .activates = activates, .threads = threads};
  long down = (height + 2 * padding - kernel) / stride + 1, across = (width + 2 * padding - kernel) / stride + 1;
  float *kernels = numbers(channels * kernel * kernel, 1), *bias = numbers(channels, 1);
  float *x = numbers(batch * height * width * channels, 1);
  float *y = room((size_t)(batch * down * across * channels) * sizeof(float));
  float *weights = room((size_t)(is_small ? suture_small_depthwise_weight_count(&small)
                                          : suture_depthwise_weight_count(&large)) * 4);
  float *biases = room((size_t)(is_small ? suture_small_depthwise_bias_count(&small)
                                         : suture_depthwise_bias_count(&large)) * 4);
  void *scratch = room(is_small ? 0 : suture_depthwise_scratch(&large));
  if (is_small) {
    suture_small_depthwise_pack(&small, kernels, bias, weights, biases);
    suture_small_depthwise_run(&small, x, y, weights, biases);
  } else {
    suture_depthwise_pack(&large, kernels, bias, weights, biases);
    suture_depthwise_run(&large, x, y, weights, biases, scratch);
  }
  for (int round = 0; round < 40; round++) {
    long row = between(0, down - 1), column = between(0, across - 1), image = between(0, batch - 1);
    long channel = between(0, channels - 1);
    double sum = bias[channel];
    for (long place = 0; place < kernel * kernel; place++) {
      long top = row * stride + place / kernel - padding, left = column * stride + place % kernel - padding;
      if (top < 0 || top >= height || left < 0 || left >= width) continue;
      sum += (double)x[((image * height + top) * width + left) * channels + channel]
        * kernels[channel * kernel * kernel + place];
    }
    double truth = activates ? sum / (1 + exp(-sum)) : sum;
    expect(truth, y[((image * down + row) * across + column) * channels + channel], 2e-5,
           is_small ? "a small depthwise convolution" : "a depthwise convolution");
  }
  free(kernels), free(bias), free(x), free(y), free(weights), free(biases), free(scratch);
}

static void check_feed_forward(suture_isa isa) {
  suture_feed_forward layer = {
    .isa = isa, .rows = between(1, between(0, 4) ? 40 : 300), .channels = between(1, between(0, 7) ? 60 : 400),
    .hidden = between(1, 400), .epsilon = 1e-6f, .threads = (int)between(1, 4)};
  long channels = layer.channels, hidden = layer.hidden;
  float *first = numbers(hidden * channels, 1 / sqrtf((float)channels)), *first_bias = numbers(hidden, 1);
  float *second = numbers(channels * hidden, 1 / sqrtf((float)hidden)), *second_bias = numbers(channels, 1);
  float *x = numbers(layer.rows * channels, 2), *y = numbers(layer.rows * channels, 1);
  float *residual = room((size_t)(layer.rows * channels) * sizeof(float));
  memcpy(residual, y, (size_t)(layer.rows * channels) * sizeof(float));
  void *weights = room((size_t)suture_feed_forward_weight_words(&layer) * 4);
  float *biases = room((size_t)suture_feed_forward_bias_count(&layer) * 4);
  void *scratch = room(suture_feed_forward_scratch(&layer));
  suture_feed_forward_pack_first(&layer, first, first_bias, weights, biases);
  suture_feed_forward_pack_second(&layer, second, second_bias, weights, biases);
  suture_feed_forward_run(&layer, x, y, weights, biases, scratch);
  double *normal = malloc((size_t)channels * sizeof(double)), *middle = malloc((size_t)hidden * sizeof(double));
  for (int round = 0; round < 3; round++) {
    long row = between(0, layer.rows - 1);
    normalize(x + row * channels, channels, normal);
    for (long unit = 0; unit < hidden; unit++) {
      double sum = first_bias[unit];
      for (long c = 0; c < channels; c++) sum += normal[c] * first[unit * channels + c];
      middle[unit] = 0.5 * sum * (1 + erf(sum / sqrt(2)));
    }
    for (long c = 0; c < channels; c++) {
      double sum = second_bias[c] + residual[row * channels + c];
      for (long unit = 0; unit < hidden; unit++) sum += middle[unit] * second[c * hidden + unit];
      expect(sum, y[row * channels + c], 3e-6 * fmax(1, fabs(sum)), "a feed-forward layer");
    }
  }
  free(first), free(first_bias), free(second), free(second_bias), free(x), free(y), free(residual), free(weights);
  free(biases), free(scratch), free(normal), free(middle);
}

static void check_norm(suture_isa isa) {
  suture_layer_norm layer = {
    .isa = isa, .rows = between(1, 40), .channels = between(1, 100), .epsilon = 1e-6f, .threads = (int)between(1, 4)};
  float *weight = numbers(layer.channels, 1), *bias = numbers(layer.channels, 1);
  float *x = numbers(layer.rows * layer.channels, 2), *y = room((size_t)(layer.rows * layer.channels) * 4);
  memcpy(y, x, (size_t)(layer.rows * layer.channels) * 4);
  suture_layer_norm_run(&layer, y, weight, bias);
  double *normal = malloc((size_t)layer.channels * sizeof(double));
  for (long row = 0; row < layer.rows; row++) {
    normalize(x + row * layer.channels, layer.channels, normal);
    for (long c = 0; c < layer.channels; c++)
      expect(normal[c] * weight[c] + bias[c], y[row * layer.channels + c], 1e-5, "a layer norm");
  }
  free(weight), free(bias), free(x), free(y), free(normal);
}

int main(int count, char **words) {
  static const char *const names[] = {"plain", "neon", "avx2", "avx512"};
  state = count > 1 ? strtoull(words[1], NULL, 10) : (unsigned long long)time(NULL) * 2654435761u + 1;
  printf("seed %llu\n", state);
  int kinds = 0;
  for (int isa = SUTURE_ISA_PLAIN; isa <= SUTURE_ISA_AVX512; isa++) {
    if (!suture_kernels_available((suture_isa)isa, SUTURE_PRECISION_FLOAT32)) continue;
    long before = checks;
    for (int round = 0; round < 40; round++) {
      check_convolution((suture_isa)isa);
      check_max_pool((suture_isa)isa);
      check_depthwise((suture_isa)isa, 0);
      check_depthwise((suture_isa)isa, 1);
      check_feed_forward((suture_isa)isa);
      check_norm((suture_isa)isa);
    }
    printf("%s: %ld numbers are right\n", names[isa], checks - before - failures);
    kinds++;
  }
  if (failures) printf("%ld numbers are wrong\n", failures);
  return failures || !kinds;
}
