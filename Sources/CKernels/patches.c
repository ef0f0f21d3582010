// Norm and a convolution whose stride is its kernel's size: a product of patches that do not overlap.
//
// The normalised pixels of a patch lie one after the other in a row of the product.
#include "CKernels.h"

#if defined(__x86_64__)
#include "blocks.h"
#include "norm.h"
#include "threads.h"

#include <string.h>

typedef struct {
  stretches s;
  ptrdiff_t rows, panels;
  ptrdiff_t tiles, tile;
} geometry;

static ptrdiff_t patch_size(const suture_patches *layer) { return layer->kernel * layer->kernel * layer->inputs; }

static geometry measure(const suture_patches *layer) {
  geometry g;
  g.s = stretches_of(patch_size(layer), layer->precision);
  g.rows = layer->batch * (layer->height / layer->kernel) * (layer->width / layer->kernel);
  g.panels = quotient(layer->outputs, PANEL);
  ptrdiff_t row_bytes = g.s.count * STRIDE * (ptrdiff_t)sizeof(word);
  ptrdiff_t tile = most(ROWS * 3, least(TILE, CACHE / row_bytes / ROWS * ROWS));
  g.tiles = multiple(quotient(g.rows, tile), layer->threads);
  g.tile = quotient(g.rows, g.tiles);
  g.tiles = quotient(g.rows, g.tile);
  return g;
}

ptrdiff_t suture_patches_weight_words(const suture_patches *layer) {
  geometry g = measure(layer);
  return g.panels * PANEL * g.s.words;
}

ptrdiff_t suture_patches_bias_count(const suture_patches *layer) { return multiple(layer->outputs, PANEL); }

ptrdiff_t suture_patches_packing_floats(const suture_patches *layer) { return PANEL * patch_size(layer); }

void suture_patches_pack(
  const suture_patches *layer, const float *kernels, const float *bias, void *weights, float *biases, float *scratch) {
  geometry g = measure(layer);
  ptrdiff_t area = layer->kernel * layer->kernel, length = patch_size(layer);
  for (ptrdiff_t panel = 0; panel < g.panels; panel++) {
    ptrdiff_t columns = least(PANEL, layer->outputs - panel * PANEL);
    for (ptrdiff_t column = 0; column < columns; column++) {
      const float *kernel = kernels + (panel * PANEL + column) * length;
      for (ptrdiff_t input = 0; input < layer->inputs; input++)
        for (ptrdiff_t place = 0; place < area; place++)
          scratch[column * length + place * layer->inputs + input] = kernel[input * area + place];
    }
    suture_pack_panel((word *)weights + panel * PANEL * g.s.words, scratch, length, columns, length, g.s.per_word);
  }
  memset(biases, 0, (size_t)suture_patches_bias_count(layer) * sizeof(float));
  memcpy(biases, bias, (size_t)layer->outputs * sizeof(float));
}

typedef struct {
  const suture_patches *layer;
  geometry g;
  const float *x, *biases;
  const word *weights;
  float *y;
  char *scratch;
  work_list list;
} run;

// The words of a thread: its rows in stretches, and one row as floats.
static ptrdiff_t thread_words(const geometry *g) {
  return multiple(g->s.count * g->tile * STRIDE, 16) + multiple(g->s.words * 2 + 48, 16);
}

size_t suture_patches_scratch(const suture_patches *layer) {
  geometry g = measure(layer);
  return (size_t)(layer->threads * thread_words(&g)) * sizeof(word);
}

static void compute(const run *r, ptrdiff_t tile, word *patches, float *row) {
  const suture_patches *layer = r->layer;
  const geometry *g = &r->g;
  ptrdiff_t kernel = layer->kernel, inputs = layer->inputs, outputs = layer->outputs;
  ptrdiff_t across = layer->width / kernel, down = layer->height / kernel;
  ptrdiff_t first = tile * g->tile, rows = least(g->tile, g->rows - first);
  bool is_direct = g->s.count == 1 && layer->precision == SUTURE_FLOAT32;
  for (ptrdiff_t patch = 0; patch < rows; patch++) {
    float *place = is_direct ? (float *)(patches + patch * STRIDE) : row;
    ptrdiff_t number = first + patch, column = number % across, line = number / across % down;
    ptrdiff_t image = number / across / down;
    for (ptrdiff_t y = 0; y < kernel; y++) {
      const float *pixels =
        r->x + ((image * layer->height + line * kernel + y) * layer->width + column * kernel) * inputs;
      for (ptrdiff_t x = 0; x < kernel; x++, place += inputs)
        normalize(pixels + x * inputs, inputs, layer->epsilon, place);
    }
    if (!is_direct) suture_place(&g->s, layer->precision, row, patches + patch * STRIDE, g->tile * STRIDE);
  }

  block_kernel *const *blocks = blocks_of(layer->precision);
  ptrdiff_t count = quotient(rows, ROWS);
  const word *panel = r->weights;
  for (ptrdiff_t output = 0; output < outputs; output += PANEL) {
    const char *ahead = (const char *)(panel + g->s.words * PANEL);
    for (ptrdiff_t block = 0; block < count; block++) {
      ptrdiff_t start = rows * block / count, height = rows * (block + 1) / count - start;
      float *to = r->y + (first + start) * outputs + output;
      for (ptrdiff_t number = 0; number < g->s.count; number++) {
        ptrdiff_t words = stretch_words(&g->s, number);
        block_target target = {
          .start = number == 0 ? r->biases + output : suture_zeros, .also = number == 0 ? NULL : to,
          .also_pitch = outputs, .to = to, .to_pitch = outputs, .ahead = ahead};
        mask(&target, outputs - output);
        blocks[height](
          patches + (number * g->tile + start) * STRIDE, panel + number * g->s.length * PANEL, words, &target);
        ahead += words * 32;
      }
    }
    panel += g->s.words * PANEL;
  }
}

static void work(void *argument) {
  run *r = argument;
  char *at = r->scratch + thread_number() * thread_words(&r->g) * (ptrdiff_t)sizeof(word);
  word *patches = take(&at, r->g.s.count * r->g.tile * STRIDE);
  float *row = take(&at, r->g.s.words * 2 + 48);
  // What no row fills is read all the same.
  memset(row, 0, (size_t)(r->g.s.words * 2 + 48) * sizeof(float));
  for (ptrdiff_t tile; (tile = take_work(&r->list, thread_number())) >= 0;) compute(r, tile, patches, row);
}

void suture_patches_run(
  const suture_patches *layer, const float *x, float *y, const void *weights, const float *biases, void *scratch) {
  run r = {
    .layer = layer, .g = measure(layer), .x = x, .y = y, .weights = weights, .biases = biases, .scratch = scratch};
  list_work(&r.list, r.g.tiles, layer->threads);
  in_parallel(work, &r, layer->threads);
}
#endif
