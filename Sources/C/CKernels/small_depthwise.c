// A depthwise convolution of a small kernel: the weights of some vectors of channels stay in the first cache while the
// pixels of a row are summed one after the other.
#include "CKernels.h"

#if defined(__x86_64__)
#include "blocks.h"
#include "silu.h"
#include "threads.h"

#include <string.h>

enum { VECTOR = 16, ABREAST = 4 };  // vectors of channels that are summed at once, at most

static ptrdiff_t area(const suture_small_depthwise *layer) { return layer->kernel * layer->kernel; }

static ptrdiff_t vector_count(const suture_small_depthwise *layer) { return quotient(layer->channels, VECTOR); }

static ptrdiff_t output_size(const suture_small_depthwise *layer, ptrdiff_t size) {
  return (size + 2 * layer->padding - layer->kernel) / layer->stride + 1;
}

ptrdiff_t suture_small_depthwise_weight_count(const suture_small_depthwise *layer) {
  return vector_count(layer) * VECTOR * area(layer);
}

ptrdiff_t suture_small_depthwise_bias_count(const suture_small_depthwise *layer) {
  return vector_count(layer) * VECTOR;
}

void suture_small_depthwise_pack(
  const suture_small_depthwise *layer, const float *kernels, const float *bias, float *weights, float *biases) {
  memset(weights, 0, (size_t)suture_small_depthwise_weight_count(layer) * sizeof(float));
  memset(biases, 0, (size_t)suture_small_depthwise_bias_count(layer) * sizeof(float));
  memcpy(biases, bias, (size_t)layer->channels * sizeof(float));
  for (ptrdiff_t channel = 0; channel < layer->channels; channel++)
    for (ptrdiff_t place = 0; place < area(layer); place++)
      weights[(channel / VECTOR * area(layer) + place) * VECTOR + channel % VECTOR] =
        kernels[channel * area(layer) + place];
}

typedef struct {
  const suture_small_depthwise *layer;
  const float *x, *weights, *biases;
  float *y;
  work_list jobs;
} run;

// From where to where a kernel that begins at `start` lies within `size`.
typedef struct {
  ptrdiff_t first, end;
} range;

static range inside(ptrdiff_t start, ptrdiff_t kernel, ptrdiff_t size) {
  return (range){most(-start, 0), least(kernel, size - start)};
}

#define EACH(v) _Pragma("clang loop unroll(full)") for (int v = 0; v < vectors; v++)

// A row of the output, of so many vectors of channels.
__attribute__((target(VECTORS))) INLINE void compute_row(
  const suture_small_depthwise *layer, const float *line, ptrdiff_t top, const float *weights, const float *bias,
  float *to, ptrdiff_t across, ptrdiff_t channels_left, int vectors) {
  ptrdiff_t channels = layer->channels, kernel = layer->kernel;
  range rows = inside(top, kernel, layer->height);
  __mmask16 mask = REST(least(channels_left - (vectors - 1) * VECTOR, VECTOR));  // of the last
  for (ptrdiff_t column = 0; column < across; column++, to += channels) {
    ptrdiff_t left = column * layer->stride - layer->padding;
    range columns = inside(left, kernel, layer->width);
    __m512 sums[ABREAST];
    EACH(v) sums[v] = _mm512_loadu_ps(bias + v * VECTOR);
    for (ptrdiff_t row = rows.first; row < rows.end; row++) {
      const float *at = line + (row * layer->width + left + columns.first) * channels;
      const float *factors = weights + (row * kernel + columns.first) * VECTOR;
      for (ptrdiff_t place = columns.first; place < columns.end; place++, at += channels, factors += VECTOR)
        EACH(v) {
          __m512 values = _mm512_maskz_loadu_ps(v + 1 == vectors ? mask : 0xFFFF, at + v * VECTOR);
          sums[v] = _mm512_fmadd_ps(values, _mm512_loadu_ps(factors + v * area(layer) * VECTOR), sums[v]);
        }
    }
    EACH(v)
      _mm512_mask_storeu_ps(
        to + v * VECTOR, v + 1 == vectors ? mask : 0xFFFF, layer->activates ? silu(sums[v]) : sums[v]);
  }
}

// One row of the output, some vectors of channels after others.
__attribute__((target(VECTORS))) static void compute(const run *r, ptrdiff_t job) {
  const suture_small_depthwise *layer = r->layer;
  ptrdiff_t down = output_size(layer, layer->height), across = output_size(layer, layer->width);
  ptrdiff_t top = job % down * layer->stride - layer->padding;
  ptrdiff_t count = vector_count(layer), parts = quotient(count, ABREAST);
  for (ptrdiff_t part = 0; part < parts; part++) {
    ptrdiff_t first = count * part / parts, some = count * (part + 1) / parts - first, channel = first * VECTOR;
    const float *line = r->x + (job / down * layer->height + top) * layer->width * layer->channels + channel;
    const float *weights = r->weights + channel * area(layer), *bias = r->biases + channel;
    float *to = r->y + job * across * layer->channels + channel;
    ptrdiff_t left = layer->channels - channel;
    switch (some) {
    case 1: compute_row(layer, line, top, weights, bias, to, across, left, 1); break;
    case 2: compute_row(layer, line, top, weights, bias, to, across, left, 2); break;
    case 3: compute_row(layer, line, top, weights, bias, to, across, left, 3); break;
    default: compute_row(layer, line, top, weights, bias, to, across, left, 4);
    }
  }
}

static void work(void *argument) {
  run *r = argument;
  for (ptrdiff_t job; (job = take_work(&r->jobs, suture_team_member())) >= 0;) compute(r, job);
}

void suture_small_depthwise_run(
  const suture_small_depthwise *layer, const float *x, float *y, const float *weights, const float *biases) {
  run r = {.layer = layer, .x = x, .weights = weights, .biases = biases, .y = y};
  list_work(&r.jobs, layer->batch * output_size(layer, layer->height), layer->threads);
  suture_team_run(work, &r, layer->threads);
}
#endif
