// The largest of each window, channel by channel: down the columns first, then along what that gave.
#ifndef SUTURE_MAX_POOL_H
#define SUTURE_MAX_POOL_H

#include "windows.h"

typedef struct {
  const suture_max_pool *layer;
  const float *x;
  float *y;
  char *lines;  // one for each thread, of the largest down each column
  work_list jobs;
} max_pool_job;

static ptrdiff_t line_bytes(const suture_max_pool *layer) {
  return multiple(layer->width * layer->channels, 16) * (ptrdiff_t)sizeof(float);
}

static size_t max_pool_scratch(const suture_max_pool *layer) {
  return (size_t)room_of(layer->threads, line_bytes(layer));
}

// The largest of `count` vectors, `pitch` floats apart.
INLINE vector peak(const float *from, ptrdiff_t pitch, ptrdiff_t count, part there) {
  vector largest = every(-INFINITY);
  for (; count > 0; count--, from += pitch) largest = largest_or_nan(largest, load_part(there, from));
  return largest;
}

// One row of the output.
static void pool_row(const max_pool_job *r, ptrdiff_t job, float *line) {
  const suture_max_pool *layer = r->layer;
  ptrdiff_t channels = layer->channels;
  ptrdiff_t pitch = layer->pitches.input ? layer->pitches.input : channels;
  ptrdiff_t output_pitch = layer->pitches.output ? layer->pitches.output : channels;
  ptrdiff_t top = job % layer->down * layer->stride - layer->padding;
  range rows = inside(top, layer->kernel, layer->height);
  const float *from = r->x + (job / layer->down * layer->height + top + rows.first) * layer->width * pitch;
  float *to = r->y + job * layer->across * output_pitch;
  for (ptrdiff_t column = 0; column < layer->width; column++)
    for (ptrdiff_t c = 0; c < channels; c += LANES) {
      part there = part_of(channels - c);
      store_part(
        line + column * channels + c, there,
        peak(from + column * pitch + c, layer->width * pitch, rows.end - rows.first, there));
    }
  for (ptrdiff_t column = 0; column < layer->across; column++) {
    ptrdiff_t left = column * layer->stride - layer->padding;
    range columns = inside(left, layer->kernel, layer->width);
    const float *first = line + (left + columns.first) * channels;
    for (ptrdiff_t c = 0; c < channels; c += LANES) {
      part there = part_of(channels - c);
      store_part(
        to + column * output_pitch + c, there, peak(first + c, channels, columns.end - columns.first, there));
    }
  }
}

static void work_on_max_pool(void *argument) {
  max_pool_job *r = argument;
  float *line = (float *)(r->lines + room_of(suture_team_member(), line_bytes(r->layer)));
  for (ptrdiff_t job; (job = take_work(&r->jobs, suture_team_member())) >= 0;) pool_row(r, job, line);
}

static void max_pool_run(const suture_max_pool *layer, const float *x, float *y, void *scratch) {
  max_pool_job r = {.layer = layer, .x = x, .y = y, .lines = scratch};
  list_work(&r.jobs, layer->batch * layer->down, layer->threads);
  suture_team_run(work_on_max_pool, &r, layer->threads);
}

#endif
