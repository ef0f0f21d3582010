// The depthwise convolution, 7×7 over a border of three zeros.
//
// A vector of channels at a time, a slab: seven rows of its pixels, copied side by side with their border, stay in the
// first cache while some pixels of an output row are summed in registers.
#ifndef SUTURE_DEPTHWISE_H
#define SUTURE_DEPTHWISE_H

#include "blocks.h"

enum {
  KERNEL = 7,
  BORDER = 3,
  STRIP = 84,  // columns that are computed at a time: their rows fit into the first cache
};

typedef struct {
  ptrdiff_t slabs, strips, strip, bands, band;
} depthwise_geometry;

static depthwise_geometry measure_depthwise(const suture_depthwise *layer) {
  depthwise_geometry g;
  g.slabs = quotient(layer->channels, LANES);
  g.strips = quotient(layer->width, STRIP);
  g.strip = quotient(layer->width, g.strips);
  g.strips = quotient(layer->width, g.strip);
  // A band for each thread, so that its rows are those that the thread has had before; each copies six rows that its
  // neighbours copy too.
  ptrdiff_t wanted = layer->batch >= layer->threads ? 1 : quotient(layer->threads, layer->batch);
  g.bands = most(1, least(wanted, layer->height / KERNEL));
  g.band = quotient(layer->height, g.bands);
  g.bands = quotient(layer->height, g.band);
  return g;
}

static ptrdiff_t depthwise_weight_count(const suture_depthwise *layer) {
  return multiple(layer->channels, LANES) * KERNEL * KERNEL;
}

static ptrdiff_t depthwise_bias_count(const suture_depthwise *layer) { return multiple(layer->channels, LANES); }

static void depthwise_pack(
  const suture_depthwise *layer, const float *kernels, const float *bias, float *weights, float *biases) {
  memset(weights, 0, (size_t)depthwise_weight_count(layer) * sizeof(float));
  memset(biases, 0, (size_t)depthwise_bias_count(layer) * sizeof(float));
  memcpy(biases, bias, (size_t)layer->channels * sizeof(float));
  for (ptrdiff_t channel = 0; channel < layer->channels; channel++)
    for (ptrdiff_t place = 0; place < KERNEL * KERNEL; place++)
      weights[(channel / LANES * KERNEL * KERNEL + place) * LANES + channel % LANES] =
        kernels[channel * KERNEL * KERNEL + place];
}

// Sums of `pixels` neighbours: over the kernel's rows from `first` to `last`, of pixels that lie LANES floats apart.
typedef void line_kernel(
  const float *const *rows, int first, int last, const float *weights, vector bias, part there, float *to,
  ptrdiff_t pitch);

#define EACH(i, count) _Pragma("GCC unroll 32") for (int i = 0; i < (count); i++)

#define LINE(pixels)                                                                                                   \
  static void line_##pixels(                                                                                           \
    const float *const *rows, int first, int last, const float *weights, vector bias, part there, float *to,           \
    ptrdiff_t pitch) {                                                                                                 \
    vector sums[pixels];                                                                                               \
    EACH(p, pixels) sums[p] = bias;                                                                                    \
    for (int row = first; row <= last; row++) {                                                                        \
      vector factors[KERNEL];                                                                                          \
      EACH(k, KERNEL) factors[k] = load(weights + (row * KERNEL + k) * LANES);                                         \
      const float *from = rows[row];                                                                                   \
      EACH(place, pixels + KERNEL - 1) {                                                                               \
        vector value = load(from + place * LANES);                                                                     \
        EACH(k, KERNEL) if (place >= k && place - k < pixels)                                                          \
          sums[place - k] = fma_of(value, factors[k], sums[place - k]);                                                \
      }                                                                                                                \
    }                                                                                                                  \
    if (is_whole(there)) {                                                                                             \
      EACH(p, pixels) store(to + p * pitch, sums[p]);                                                                  \
    } else {                                                                                                           \
      EACH(p, pixels) store_part(to + p * pitch, there, sums[p]);                                                      \
    }                                                                                                                  \
  }

LINE(1)
LINE(2)
LINE(3)
LINE(4)
LINE(5)
LINE(6)
#if ROWS >= 12
LINE(7)
LINE(8)
LINE(9)
LINE(10)
LINE(11)
LINE(12)
#endif
#if ROWS >= 14
LINE(13)
LINE(14)
#endif
#undef EACH

static line_kernel *const lines[ROWS + 1] = HEIGHTS(line_);

typedef struct {
  const suture_depthwise *layer;
  depthwise_geometry g;
  const float *x, *weights, *biases;
  float *y;
  char *scratch;
  bool is_large;  // more than the second cache holds
  work_list list;
} depthwise_job;

static ptrdiff_t window_floats(const depthwise_geometry *g) { return (g->strip + 2 * BORDER) * LANES; }

static ptrdiff_t window_bytes(const depthwise_geometry *g) {
  return KERNEL * window_floats(g) * (ptrdiff_t)sizeof(float);
}

static size_t depthwise_scratch(const suture_depthwise *layer) {
  depthwise_geometry g = measure_depthwise(layer);
  return (size_t)room_of(layer->threads, window_bytes(&g));
}

// Copies the pixels from column `left` on, those that there are, and zeros for the others.
static void copy_row(
  const suture_depthwise *layer, const float *row, ptrdiff_t left, ptrdiff_t count, part there, float *to) {
  for (ptrdiff_t place = 0; place < count; place++) {
    ptrdiff_t column = left + place;
    bool is_there = column >= 0 && column < layer->width;
    store(to + place * LANES, is_there ? load_part(there, row + column * layer->channels) : every(0));
  }
}

// Asks for the pixels of a row that will be read, or written.
static void fetch_row(const float *row, ptrdiff_t column, ptrdiff_t count, ptrdiff_t channels) {
  if (!row) return;
  for (ptrdiff_t place = column; place < column + count; place++) __builtin_prefetch(row + place * channels);
}

static void claim_row(float *row, ptrdiff_t column, ptrdiff_t count, ptrdiff_t channels) {
  for (ptrdiff_t place = column; place < column + count; place++) __builtin_prefetch(row + place * channels, 1);
}

static void compute_band(const depthwise_job *r, ptrdiff_t job, float *window) {
  const suture_depthwise *layer = r->layer;
  const depthwise_geometry *g = &r->g;
  ptrdiff_t slab = job % g->slabs, strip = job / g->slabs % g->strips;
  ptrdiff_t band = job / g->slabs / g->strips % g->bands, image = job / g->slabs / g->strips / g->bands;
  ptrdiff_t channels = layer->channels, height = layer->height, line = layer->width * channels;
  ptrdiff_t left = strip * g->strip, width = least(g->strip, layer->width - left);
  ptrdiff_t top = band * g->band, bottom = least(top + g->band, height);
  part there = part_of(channels - slab * LANES);
  const float *x = r->x + image * height * line + slab * LANES;
  float *y = r->y + image * height * line + slab * LANES;
  const float *weights = r->weights + slab * KERNEL * KERNEL * LANES;
  vector bias = load(r->biases + slab * LANES);
  ptrdiff_t count = quotient(width, ROWS), floats = window_floats(g);

  ptrdiff_t copied = most(top - BORDER, 0);
  for (ptrdiff_t row = top; row < bottom; row++) {
    for (; copied <= least(row + BORDER, height - 1); copied++)
      copy_row(
        layer, x + copied * line, left - BORDER, width + 2 * BORDER, there, window + copied % KERNEL * floats);
    const float *rows[KERNEL];
    int first = (int)most(BORDER - row, 0), last = (int)least(KERNEL - 1, height - 1 - row + BORDER);
    // What is copied next lies far away: the next row, or the first rows of the next slab.
    ptrdiff_t ahead = row + BORDER + 1, surplus = ahead - least(bottom + BORDER, height);
    const float *next = NULL, *after_next = NULL;
    if (surplus < 0) {
      next = x + ahead * line;
    } else if (slab + 1 < g->slabs) {
      next = x + LANES + (most(top - BORDER, 0) + surplus * 2) * line;
      after_next = next + line;
    }
    for (ptrdiff_t part = 0; part < count; part++) {
      ptrdiff_t start = width * part / count, pixels = width * (part + 1) / count - start;
      for (int k = first; k <= last; k++)
        rows[k] = window + (row + k - BORDER) % KERNEL * floats + start * LANES;
      fetch_row(next, left + start, pixels, channels);
      fetch_row(after_next, left + start, pixels, channels);
      if (r->is_large && row + 1 < bottom) claim_row(y + (row + 1) * line, left + start, pixels, channels);
      lines[pixels](rows, first, last, weights, bias, there, y + row * line + (left + start) * channels, channels);
    }
  }
}

static void work_on_depthwise(void *argument) {
  depthwise_job *r = argument;
  float *window = (float *)(r->scratch + room_of(suture_team_member(), window_bytes(&r->g)));
  for (ptrdiff_t job; (job = take_work(&r->list, suture_team_member())) >= 0;) compute_band(r, job, window);
}

static void depthwise_run(
  const suture_depthwise *layer, const float *x, float *y, const float *weights, const float *biases, void *scratch) {
  depthwise_job r = {
    .layer = layer, .g = measure_depthwise(layer), .x = x, .y = y, .weights = weights, .biases = biases, .scratch = scratch};
  r.is_large = layer->batch * layer->height * layer->width * layer->channels > 1 << 19;
  list_work(&r.list, layer->batch * r.g.bands * r.g.strips * r.g.slabs, layer->threads);
  suture_team_run(work_on_depthwise, &r, layer->threads);
}

#endif
