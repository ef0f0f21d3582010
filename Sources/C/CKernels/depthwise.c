// The depthwise convolution, 7×7 over a border of three zeros.
//
// Sixteen channels at a time, a slab: seven rows of its pixels, copied side by side with their border, stay in the
// first cache while up to 14 pixels of an output row are summed in registers.
#include "CKernels.h"

#if defined(__x86_64__)
#include "blocks.h"
#include "threads.h"

#include <string.h>

enum {
  KERNEL = 7,
  BORDER = 3,
  SLAB = 16,
  STRIP = 84,  // columns that are computed at a time: their rows fit into the first cache
};

typedef struct {
  ptrdiff_t slabs, strips, strip, bands, band;
} geometry;

static geometry measure(const suture_depthwise *layer) {
  geometry g;
  g.slabs = quotient(layer->channels, SLAB);
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

ptrdiff_t suture_depthwise_weight_count(const suture_depthwise *layer) {
  return multiple(layer->channels, SLAB) * KERNEL * KERNEL;
}

ptrdiff_t suture_depthwise_bias_count(const suture_depthwise *layer) { return multiple(layer->channels, SLAB); }

void suture_depthwise_pack(
  const suture_depthwise *layer, const float *kernels, const float *bias, float *weights, float *biases) {
  memset(weights, 0, (size_t)suture_depthwise_weight_count(layer) * sizeof(float));
  memset(biases, 0, (size_t)suture_depthwise_bias_count(layer) * sizeof(float));
  memcpy(biases, bias, (size_t)layer->channels * sizeof(float));
  for (ptrdiff_t channel = 0; channel < layer->channels; channel++)
    for (ptrdiff_t place = 0; place < KERNEL * KERNEL; place++)
      weights[(channel / SLAB * KERNEL * KERNEL + place) * SLAB + channel % SLAB] =
        kernels[channel * KERNEL * KERNEL + place];
}

// Sums of `pixels` neighbours: over the kernel's rows from `first` to `last`, of pixels that lie SLAB floats apart.
typedef void line_kernel(
  const float *const *rows, int first, int last, const float *weights, __m512 bias, __mmask16 mask, float *to,
  ptrdiff_t pitch);

#define LINE(pixels)                                                                                                 \
  __attribute__((target(VECTORS), noinline)) static void line_##pixels(                                              \
    const float *const *rows, int first, int last, const float *weights, __m512 bias, __mmask16 mask, float *to,     \
    ptrdiff_t pitch) {                                                                                               \
    __m512 sums[pixels];                                                                                             \
    _Pragma("clang loop unroll(full)") for (int p = 0; p < pixels; p++) sums[p] = bias;                              \
    for (int row = first; row <= last; row++) {                                                                      \
      __m512 factors[KERNEL];                                                                                        \
      _Pragma("clang loop unroll(full)") for (int k = 0; k < KERNEL; k++) factors[k] =                               \
        _mm512_loadu_ps(weights + (row * KERNEL + k) * SLAB);                                                        \
      const float *from = rows[row];                                                                                 \
      _Pragma("clang loop unroll(full)") for (int place = 0; place < pixels + KERNEL - 1; place++) {                 \
        __m512 value = _mm512_loadu_ps(from + place * SLAB);                                                         \
        _Pragma("clang loop unroll(full)") for (int k = 0; k < KERNEL; k++) if (place >= k && place - k < pixels)    \
          sums[place - k] = _mm512_fmadd_ps(value, factors[k], sums[place - k]);                                     \
      }                                                                                                              \
    }                                                                                                                \
    _Pragma("clang loop unroll(full)") for (int p = 0; p < pixels; p++)                                              \
      _mm512_mask_storeu_ps(to + p * pitch, mask, sums[p]);                                                          \
  }

LINE(1)
LINE(2)
LINE(3)
LINE(4)
LINE(5)
LINE(6)
LINE(7)
LINE(8)
LINE(9)
LINE(10)
LINE(11)
LINE(12)
LINE(13)
LINE(14)

static line_kernel *const lines[ROWS + 1] = {
  NULL,   line_1, line_2,  line_3,  line_4,  line_5,  line_6, line_7,
  line_8, line_9, line_10, line_11, line_12, line_13, line_14,
};

typedef struct {
  const suture_depthwise *layer;
  geometry g;
  const float *x, *weights, *biases;
  float *y, *scratch;
  bool is_large;  // more than the second cache holds
  work_list list;
} run;

static ptrdiff_t row_floats(const geometry *g) { return (g->strip + 2 * BORDER) * SLAB; }

size_t suture_depthwise_scratch(const suture_depthwise *layer) {
  geometry g = measure(layer);
  return (size_t)(layer->threads * KERNEL * row_floats(&g)) * sizeof(float);
}

// Copies the pixels from column `left` on, those that there are, and zeros for the others.
__attribute__((target(VECTORS))) static void copy_row(
  const suture_depthwise *layer, const float *row, ptrdiff_t left, ptrdiff_t count, __mmask16 mask, float *to) {
  for (ptrdiff_t place = 0; place < count; place++) {
    ptrdiff_t column = left + place;
    bool is_there = column >= 0 && column < layer->width;
    __m512 value = is_there ? _mm512_maskz_loadu_ps(mask, row + column * layer->channels) : _mm512_setzero_ps();
    _mm512_storeu_ps(to + place * SLAB, value);
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

__attribute__((target(VECTORS))) static void compute(const run *r, ptrdiff_t job, float *window) {
  const suture_depthwise *layer = r->layer;
  const geometry *g = &r->g;
  ptrdiff_t slab = job % g->slabs, strip = job / g->slabs % g->strips;
  ptrdiff_t band = job / g->slabs / g->strips % g->bands, image = job / g->slabs / g->strips / g->bands;
  ptrdiff_t channels = layer->channels, height = layer->height, line = layer->width * channels;
  ptrdiff_t left = strip * g->strip, width = least(g->strip, layer->width - left);
  ptrdiff_t top = band * g->band, bottom = least(top + g->band, height);
  __mmask16 mask = REST(least(SLAB, channels - slab * SLAB));
  const float *x = r->x + image * height * line + slab * SLAB;
  float *y = r->y + image * height * line + slab * SLAB;
  const float *weights = r->weights + slab * KERNEL * KERNEL * SLAB;
  __m512 bias = _mm512_loadu_ps(r->biases + slab * SLAB);
  ptrdiff_t count = quotient(width, ROWS), floats = row_floats(g);

  ptrdiff_t copied = most(top - BORDER, 0);
  for (ptrdiff_t row = top; row < bottom; row++) {
    for (; copied <= least(row + BORDER, height - 1); copied++)
      copy_row(
        layer, x + copied * line, left - BORDER, width + 2 * BORDER, mask, window + copied % KERNEL * floats);
    const float *rows[KERNEL];
    int first = (int)most(BORDER - row, 0), last = (int)least(KERNEL - 1, height - 1 - row + BORDER);
    // What is copied next lies far away: the next row, or the first rows of the next slab.
    ptrdiff_t ahead = row + BORDER + 1, surplus = ahead - least(bottom + BORDER, height);
    const float *next = NULL, *after_next = NULL;
    if (surplus < 0) {
      next = x + ahead * line;
    } else if (slab + 1 < g->slabs) {
      next = x + SLAB + (most(top - BORDER, 0) + surplus * 2) * line;
      after_next = next + line;
    }
    for (ptrdiff_t part = 0; part < count; part++) {
      ptrdiff_t start = width * part / count, pixels = width * (part + 1) / count - start;
      for (int k = first; k <= last; k++)
        rows[k] = window + (row + k - BORDER) % KERNEL * floats + start * SLAB;
      fetch_row(next, left + start, pixels, channels);
      fetch_row(after_next, left + start, pixels, channels);
      if (r->is_large && row + 1 < bottom) claim_row(y + (row + 1) * line, left + start, pixels, channels);
      lines[pixels](rows, first, last, weights, bias, mask, y + row * line + (left + start) * channels, channels);
    }
  }
}

static void work(void *argument) {
  run *r = argument;
  float *window = r->scratch + suture_team_member() * KERNEL * row_floats(&r->g);
  for (ptrdiff_t job; (job = take_work(&r->list, suture_team_member())) >= 0;) compute(r, job, window);
}

void suture_depthwise_run(
  const suture_depthwise *layer, const float *x, float *y, const float *weights, const float *biases, void *scratch) {
  run r = {
    .layer = layer, .g = measure(layer), .x = x, .y = y, .weights = weights, .biases = biases, .scratch = scratch};
  r.is_large = layer->batch * layer->height * layer->width * layer->channels > 1 << 19;
  list_work(&r.list, layer->batch * r.g.bands * r.g.strips * r.g.slabs, layer->threads);
  suture_team_run(work, &r, layer->threads);
}
#endif
