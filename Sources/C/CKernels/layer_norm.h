// A layer norm over the channels of each pixel.
#ifndef SUTURE_LAYER_NORM_H
#define SUTURE_LAYER_NORM_H

#include "norm.h"

typedef struct {
  const suture_layer_norm *layer;
  const float *weight, *bias;
  float *x;
} layer_norm_job;

static void work_on_layer_norm(void *argument) {
  layer_norm_job *job = argument;
  ptrdiff_t rows = job->layer->rows, channels = job->layer->channels;
  int member = suture_team_member(), count = suture_team_count();
  ptrdiff_t first = rows * member / count, end = rows * (member + 1) / count;
  pixel_norms norms;
  for (ptrdiff_t row = first; row < end; row++) {
    float *x = job->x + row * channels;
    ptrdiff_t number = (row - first) % TOGETHER;
    if (number == 0) norms = measure_norms(x, channels, end - row, channels, job->layer->epsilon);
    normalize(&norms, number, x, channels, x);
    for (ptrdiff_t c = 0; c < channels; c += LANES) {
      part there = part_of(channels - c);
      vector weight = load_part(there, job->weight + c), bias = load_part(there, job->bias + c);
      store_part(x + c, there, fma_of(load_part(there, x + c), weight, bias));
    }
  }
}

static void layer_norm_run(const suture_layer_norm *layer, float *x, const float *weight, const float *bias) {
  layer_norm_job job = {layer, weight, bias, x};
  suture_team_run(work_on_layer_norm, &job, layer->rows < layer->threads * 4 ? 1 : layer->threads);
}

#endif
