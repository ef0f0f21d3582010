// A depthwise convolution of a small kernel: the weights of some vectors of channels stay in the first cache while the
// pixels of a row are summed one after the other.
#ifndef SUTURE_SMALL_DEPTHWISE_H
#define SUTURE_SMALL_DEPTHWISE_H

#include "silu.h"
#include "windows.h"

enum { SUMS = 4 };  // vectors of channels that are summed at once, at most

static ptrdiff_t small_area(const suture_small_depthwise *layer) { return layer->kernel * layer->kernel; }

static ptrdiff_t small_vector_count(const suture_small_depthwise *layer) { return quotient(layer->channels, LANES); }

static ptrdiff_t small_output_size(const suture_small_depthwise *layer, ptrdiff_t size) {
  return (size + 2 * layer->padding - layer->kernel) / layer->stride + 1;
}

static ptrdiff_t small_depthwise_weight_count(const suture_small_depthwise *layer) {
  return small_vector_count(layer) * LANES * small_area(layer);
}

static ptrdiff_t small_depthwise_bias_count(const suture_small_depthwise *layer) {
  return small_vector_count(layer) * LANES;
}

static void small_depthwise_pack(
  const suture_small_depthwise *layer, const float *kernels, const float *bias, float *weights, float *biases) {
  memset(weights, 0, (size_t)small_depthwise_weight_count(layer) * sizeof(float));
  memset(biases, 0, (size_t)small_depthwise_bias_count(layer) * sizeof(float));
  memcpy(biases, bias, (size_t)layer->channels * sizeof(float));
  for (ptrdiff_t channel = 0; channel < layer->channels; channel++)
    for (ptrdiff_t place = 0; place < small_area(layer); place++)
      weights[(channel / LANES * small_area(layer) + place) * LANES + channel % LANES] =
        kernels[channel * small_area(layer) + place];
}

typedef struct {
  const suture_small_depthwise *layer;
  const float *x, *weights, *biases;
  float *y;
  work_list jobs;
} small_depthwise_job;

#define EACH(v) _Pragma("GCC unroll 4") for (int v = 0; v < vectors; v++)

// A row of the output, of so many vectors of channels.
INLINE void compute_row(
  const suture_small_depthwise *layer, const float *line, ptrdiff_t top, const float *weights, const float *bias,
  float *to, ptrdiff_t across, ptrdiff_t channels_left, int vectors) {
  ptrdiff_t channels = layer->channels, kernel = layer->kernel;
  range rows = inside(top, kernel, layer->height);
  part last = part_of(channels_left - (vectors - 1) * LANES);
  for (ptrdiff_t column = 0; column < across; column++, to += channels) {
    ptrdiff_t left = column * layer->stride - layer->padding;
    range columns = inside(left, kernel, layer->width);
    vector sums[SUMS];
    EACH(v) sums[v] = load(bias + v * LANES);
    for (ptrdiff_t row = rows.first; row < rows.end; row++) {
      const float *at = line + (row * layer->width + left + columns.first) * channels;
      const float *factors = weights + (row * kernel + columns.first) * LANES;
      for (ptrdiff_t place = columns.first; place < columns.end; place++, at += channels, factors += LANES)
        EACH(v) {
          vector values = v + 1 == vectors ? load_part(last, at + v * LANES) : load(at + v * LANES);
          sums[v] = fma_of(values, load(factors + v * small_area(layer) * LANES), sums[v]);
        }
    }
    EACH(v) {
      vector sum = layer->activates ? silu(sums[v]) : sums[v];
      if (v + 1 < vectors || is_whole(last)) {
        store(to + v * LANES, sum);
      } else {
        store_part(to + v * LANES, last, sum);
      }
    }
  }
}

// One row of the output, some vectors of channels after others.
static void compute_small_row(const small_depthwise_job *r, ptrdiff_t job) {
  const suture_small_depthwise *layer = r->layer;
  ptrdiff_t down = small_output_size(layer, layer->height), across = small_output_size(layer, layer->width);
  ptrdiff_t top = job % down * layer->stride - layer->padding;
  ptrdiff_t count = small_vector_count(layer), parts = quotient(count, SUMS);
  for (ptrdiff_t part = 0; part < parts; part++) {
    ptrdiff_t first = count * part / parts, some = count * (part + 1) / parts - first, channel = first * LANES;
    const float *line = r->x + (job / down * layer->height + top) * layer->width * layer->channels + channel;
    const float *weights = r->weights + channel * small_area(layer), *bias = r->biases + channel;
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

#undef EACH

static void work_on_small_depthwise(void *argument) {
  small_depthwise_job *r = argument;
  for (ptrdiff_t job; (job = take_work(&r->jobs, suture_team_member())) >= 0;) compute_small_row(r, job);
}

static void small_depthwise_run(
  const suture_small_depthwise *layer, const float *x, float *y, const float *weights, const float *biases) {
  small_depthwise_job r = {.layer = layer, .x = x, .weights = weights, .biases = biases, .y = y};
  list_work(&r.jobs, layer->batch * small_output_size(layer, layer->height), layer->threads);
  suture_team_run(work_on_small_depthwise, &r, layer->threads);
}

#endif
