// A convolution as a product: the pixels under the kernel lie one after the other in a row, as many rows as there are
// output pixels.
//
// Only a group of stretches of the rows is laid out at a time, which the second cache holds; the sums of a group are
// added to those before it. Where there are fewer tiles of rows than threads, each computes some of the output's channels.
#include "CKernels.h"

#if defined(__x86_64__)
#include "blocks.h"
#include "norm.h"
#include "silu.h"
#include "threads.h"

#include <string.h>

enum { GROUP = 4 };  // stretches

typedef struct {
  stretches s;
  ptrdiff_t down, across;  // output pixels
  ptrdiff_t rows, panels;
  ptrdiff_t tiles, tile;
  ptrdiff_t parts;  // that the panels are computed in
} geometry;

static ptrdiff_t row_length(const suture_convolution *layer) { return layer->kernel * layer->kernel * layer->inputs; }

static geometry measure(const suture_convolution *layer) {
  geometry g;
  g.s = stretches_of(row_length(layer), layer->precision);
  g.down = (layer->height + 2 * layer->padding - layer->kernel) / layer->stride + 1;
  g.across = (layer->width + 2 * layer->padding - layer->kernel) / layer->stride + 1;
  g.rows = layer->batch * g.down * g.across;
  g.panels = quotient(layer->outputs, PANEL);
  g.tiles = quotient(g.rows, TILE);
  if (g.rows >= ROWS * 3 * layer->threads) g.tiles = multiple(g.tiles, layer->threads);
  g.tile = quotient(g.rows, g.tiles);
  g.tiles = quotient(g.rows, g.tile);
  g.parts = g.tiles >= layer->threads ? 1 : least(quotient(layer->threads, g.tiles), g.panels);
  return g;
}

static ptrdiff_t group_count(const geometry *g) { return quotient(g->s.count, GROUP); }

static ptrdiff_t group_start(const geometry *g, ptrdiff_t group) {
  return least(group * GROUP * g->s.length, g->s.words);
}

ptrdiff_t suture_convolution_weight_words(const suture_convolution *layer) {
  geometry g = measure(layer);
  return g.panels * PANEL * g.s.words;
}

ptrdiff_t suture_convolution_bias_count(const suture_convolution *layer) { return multiple(layer->outputs, PANEL); }

ptrdiff_t suture_convolution_packing_floats(const suture_convolution *layer) { return PANEL * row_length(layer); }

void suture_convolution_pack(
  const suture_convolution *layer, const float *kernels, const float *bias, void *weights, float *biases,
  float *scratch) {
  geometry g = measure(layer);
  ptrdiff_t area = layer->kernel * layer->kernel, length = row_length(layer);
  for (ptrdiff_t panel = 0; panel < g.panels; panel++) {
    ptrdiff_t columns = least(PANEL, layer->outputs - panel * PANEL);
    for (ptrdiff_t column = 0; column < columns; column++) {
      const float *kernel = kernels + (panel * PANEL + column) * length;
      for (ptrdiff_t input = 0; input < layer->inputs; input++)
        for (ptrdiff_t place = 0; place < area; place++)
          scratch[column * length + place * layer->inputs + input] = kernel[input * area + place];
    }
    for (ptrdiff_t group = 0; group < group_count(&g); group++) {
      ptrdiff_t start = group_start(&g, group), words = group_start(&g, group + 1) - start;
      word *to = (word *)weights + (start * g.panels + panel * words) * PANEL;
      ptrdiff_t first = start * g.s.per_word, some = least(words * g.s.per_word, length - first);
      suture_pack_panel(to, scratch + first, length, columns, some, g.s.per_word);
    }
  }
  memset(biases, 0, (size_t)suture_convolution_bias_count(layer) * sizeof(float));
  memcpy(biases, bias, (size_t)layer->outputs * sizeof(float));
}

typedef struct {
  const suture_convolution *layer;
  geometry g;
  const float *x, *biases;
  const word *weights;
  float *y;
  char *scratch;
  float *normal;  // the normalised pixels, where there is a norm
  work_list list;
} run;

// The words of a thread: its rows in stretches, and one stretch as floats.
static ptrdiff_t thread_words(const geometry *g) { return GROUP * g->tile * STRIDE + 2 * STRIDE; }

static ptrdiff_t normal_floats(const suture_convolution *layer) {
  return layer->normalizes ? multiple(layer->batch * layer->height * layer->width * layer->inputs, 16) : 0;
}

size_t suture_convolution_scratch(const suture_convolution *layer) {
  geometry g = measure(layer);
  return (size_t)(layer->threads * thread_words(&g) + normal_floats(layer)) * sizeof(word);
}

// Lays out `count` elements, from `first` on, of what lies under the kernel at an output pixel.
static void lay_out(const run *r, ptrdiff_t pixel, ptrdiff_t first, ptrdiff_t count, float *to) {
  const suture_convolution *layer = r->layer;
  const geometry *g = &r->g;
  ptrdiff_t left = pixel % g->across * layer->stride - layer->padding;
  ptrdiff_t top = pixel / g->across % g->down * layer->stride - layer->padding;
  const float *image = r->x + pixel / g->across / g->down * layer->height * layer->width * layer->inputs;
  for (ptrdiff_t end = first + count; first < end;) {
    ptrdiff_t place = first / layer->inputs, input = first % layer->inputs;
    ptrdiff_t row = top + place / layer->kernel, column = left + place % layer->kernel;
    ptrdiff_t some = least(layer->inputs - input, end - first);
    if (row >= 0 && row < layer->height && column >= 0 && column < layer->width)
      memcpy(to, image + (row * layer->width + column) * layer->inputs + input, (size_t)some * sizeof(float));
    else memset(to, 0, (size_t)some * sizeof(float));
    to += some;
    first += some;
  }
}

__attribute__((target(VECTORS))) static void activate(const block_target *target, ptrdiff_t rows) {
  for (ptrdiff_t row = 0; row < rows; row++)
    for (int half = 0; half < 2; half++) {
      float *at = target->to + row * target->to_pitch + half * 16;
      _mm512_mask_storeu_ps(at, target->masks[half], silu(_mm512_maskz_loadu_ps(target->masks[half], at)));
    }
}

static void compute(const run *r, ptrdiff_t job, word *lines, float *stretch) {
  const suture_convolution *layer = r->layer;
  const geometry *g = &r->g;
  const stretches *s = &g->s;
  ptrdiff_t tile = job / g->parts, part = job % g->parts, outputs = layer->outputs;
  ptrdiff_t first = tile * g->tile, rows = least(g->tile, g->rows - first), count = quotient(rows, ROWS);
  ptrdiff_t from = g->panels * part / g->parts, to = g->panels * (part + 1) / g->parts;
  block_kernel *const *blocks = blocks_of(layer->precision);

  for (ptrdiff_t group = 0; group < group_count(g); group++) {
    ptrdiff_t start = group * GROUP, end = least(start + GROUP, s->count);
    for (ptrdiff_t number = start; number < end; number++) {
      ptrdiff_t element = number * s->length * s->per_word, words = stretch_words(s, number);
      ptrdiff_t elements = least(words * s->per_word, row_length(layer) - element);
      word *at = lines + (number - start) * g->tile * STRIDE;
      for (ptrdiff_t row = 0; row < rows; row++, at += STRIDE) {
        if (layer->precision == SUTURE_PRECISION_FLOAT32) {
          lay_out(r, first + row, element, elements, (float *)at);
        } else {
          lay_out(r, first + row, element, elements, stretch);
          suture_round(stretch, at, words);
        }
      }
    }

    ptrdiff_t words = group_start(g, group + 1) - group_start(g, group);
    const word *panel = r->weights + (group_start(g, group) * g->panels + from * words) * PANEL;
    for (ptrdiff_t number = from; number < to; number++, panel += words * PANEL) {
      ptrdiff_t output = number * PANEL;
      const char *ahead = (const char *)(panel + words * PANEL);
      for (ptrdiff_t block = 0; block < count; block++) {
        ptrdiff_t top = rows * block / count, height = rows * (block + 1) / count - top;
        block_target target = {.to = r->y + (first + top) * outputs + output, .to_pitch = outputs};
        mask(&target, outputs - output);
        for (ptrdiff_t i = start; i < end; i++) {
          target.start = i == 0 ? r->biases + output : suture_zeros;
          target.also = i == 0 ? NULL : target.to;
          target.also_pitch = outputs;
          target.ahead = ahead;
          const word *columns = panel + (i - start) * s->length * PANEL;
          blocks[height](
            lines + ((i - start) * g->tile + top) * STRIDE, columns, stretch_words(s, i), &target);
          ahead += stretch_words(s, i) * 32;
        }
        if (end == s->count && layer->activates) activate(&target, height);
      }
    }
  }
}

static void normalize_all(const run *r, int thread, int threads) {
  ptrdiff_t pixels = r->layer->batch * r->layer->height * r->layer->width, channels = r->layer->inputs;
  for (ptrdiff_t pixel = pixels * thread / threads; pixel < pixels * (thread + 1) / threads; pixel++)
    normalize(r->x + pixel * channels, channels, r->layer->epsilon, r->normal + pixel * channels);
}

static void work(void *argument) {
  run *r = argument;
  if (r->layer->normalizes) {
    normalize_all(r, suture_team_member(), suture_team_count());
    suture_team_wait();
  }
  run own = *r;
  if (r->layer->normalizes) own.x = r->normal;
  char *at = r->scratch + suture_team_member() * thread_words(&r->g) * (ptrdiff_t)sizeof(word);
  word *lines = take(&at, GROUP * r->g.tile * STRIDE);
  float *stretch = take(&at, 2 * STRIDE);
  // What no stretch fills is read all the same, as the second half of a last word.
  memset(stretch, 0, 2 * STRIDE * sizeof(float));
  for (ptrdiff_t job; (job = take_work(&r->list, suture_team_member())) >= 0;) compute(&own, job, lines, stretch);
}

void suture_convolution_run(
  const suture_convolution *layer, const float *x, float *y, const void *weights, const float *biases, void *scratch) {
  run r = {
    .layer = layer, .g = measure(layer), .x = x, .y = y, .weights = weights, .biases = biases, .scratch = scratch};
  r.normal = (float *)(r.scratch + (size_t)(layer->threads * thread_words(&r.g)) * sizeof(word));
  list_work(&r.list, r.g.tiles * r.g.parts, layer->threads);
  suture_team_run(work, &r, layer->threads);
}
#endif
