// Norm, first product, GELU, second product, and the residual, a tile of pixels at a time.
//
//     rows of x ─ norm ─► normal ─┐                      for each chunk of the hidden layer:
//                                 ├─ first ─ GELU ─► middle ─ second ─► partial sums ─► + residual
//                         weights ┘
//
// A tile is as large as the second cache holds, a chunk of the hidden layer STRETCH words: what is between the two
// products never leaves the cache.
//
// Threads take tiles in turn. Where there are fewer tiles than threads, each tile is computed in parts of the hidden
// layer, whose sums are added behind a barrier.
#ifndef SUTURE_FEED_FORWARD_H
#define SUTURE_FEED_FORWARD_H

#include "blocks.h"
#include "gelu.h"
#include "norm.h"

// The sizes that follow from a layer.
typedef struct {
  stretches s;              // of a row of the input
  ptrdiff_t chunks, chunk;  // of the hidden layer, in columns: a multiple of PANEL
  ptrdiff_t panels;         // of the output
  ptrdiff_t tiles, tile;    // of the rows
  ptrdiff_t parts;          // of the hidden layer that a tile is computed in
} feed_forward_geometry;

static feed_forward_geometry measure_feed_forward(const suture_feed_forward *layer) {
  feed_forward_geometry g;
  g.s = stretches_of(layer->channels);
  ptrdiff_t chunks = quotient(layer->hidden, STRETCH * PER_WORD);
  g.chunk = multiple(quotient(layer->hidden, chunks), PANEL);
  g.chunks = quotient(layer->hidden, g.chunk);
  g.panels = quotient(layer->channels, PANEL);
  ptrdiff_t row_bytes = ((g.s.count + 1) * STRIDE + g.panels * PANEL) * (ptrdiff_t)sizeof(word);
  ptrdiff_t tile = most(FEW, least(TILE, suture_second_cache() / 8 * 5 / row_bytes / ROWS * ROWS));
  // As many tiles as all threads can have the same number of, unless that makes them too small.
  g.tiles = quotient(layer->rows, tile);
  if (layer->rows >= FEW * layer->threads) g.tiles = multiple(g.tiles, layer->threads);
  g.tile = quotient(layer->rows, g.tiles);
  g.tiles = quotient(layer->rows, g.tile);
  g.parts = g.tiles >= layer->threads ? 1 : least(quotient(layer->threads, g.tiles), g.chunks);
  return g;
}

static ptrdiff_t chunk_columns(const suture_feed_forward *layer, const feed_forward_geometry *g, ptrdiff_t chunk) {
  return least(g->chunk, layer->hidden - chunk * g->chunk);
}

// Where a chunk's weights begin: the panels of the first product, then those of the second.
static ptrdiff_t chunk_start(const feed_forward_geometry *g, ptrdiff_t chunk) {
  return chunk * (g->chunk * g->s.words + g->chunk / PER_WORD * g->panels * PANEL);
}

static ptrdiff_t feed_forward_weight_words(const suture_feed_forward *layer) {
  feed_forward_geometry g = measure_feed_forward(layer);
  ptrdiff_t columns = chunk_columns(layer, &g, g.chunks - 1);
  return chunk_start(&g, g.chunks - 1) + multiple(columns, PANEL) * g.s.words
    + quotient(columns, PER_WORD) * g.panels * PANEL;
}

static ptrdiff_t feed_forward_bias_count(const suture_feed_forward *layer) {
  return multiple(layer->hidden, PANEL) + multiple(layer->channels, PANEL);
}

static void feed_forward_pack_first(
  const suture_feed_forward *layer, const float *first, const float *bias, void *weights, float *biases) {
  feed_forward_geometry g = measure_feed_forward(layer);
  for (ptrdiff_t chunk = 0; chunk < g.chunks; chunk++) {
    word *panel = (word *)weights + chunk_start(&g, chunk);
    ptrdiff_t columns = chunk_columns(layer, &g, chunk);
    for (ptrdiff_t column = 0; column < columns; column += PANEL) {
      const float *rows = first + (chunk * g.chunk + column) * layer->channels;
      pack_panel(
        panel, PANEL, rows, layer->channels, least(PANEL, columns - column), layer->channels);
      panel += g.s.words * PANEL;
    }
  }
  memset(biases, 0, (size_t)multiple(layer->hidden, PANEL) * sizeof(float));
  memcpy(biases, bias, (size_t)layer->hidden * sizeof(float));
}

static void feed_forward_pack_second(
  const suture_feed_forward *layer, const float *second, const float *bias, void *weights, float *biases) {
  feed_forward_geometry g = measure_feed_forward(layer);
  for (ptrdiff_t chunk = 0; chunk < g.chunks; chunk++) {
    ptrdiff_t columns = chunk_columns(layer, &g, chunk);
    word *panel = (word *)weights + chunk_start(&g, chunk) + multiple(columns, PANEL) * g.s.words;
    for (ptrdiff_t output = 0; output < layer->channels; output += PANEL) {
      const float *rows = second + output * layer->hidden + chunk * g.chunk;
      pack_panel(
        panel, PANEL, rows, layer->hidden, least(PANEL, layer->channels - output), columns);
      panel += quotient(columns, PER_WORD) * PANEL;
    }
  }
  biases += multiple(layer->hidden, PANEL);
  memset(biases, 0, (size_t)multiple(layer->channels, PANEL) * sizeof(float));
  memcpy(biases, bias, (size_t)layer->channels * sizeof(float));
}

static void activate(const float *sums, ptrdiff_t rows, word *to) {
  for (ptrdiff_t row = 0; row < rows; row++, sums += PANEL, to += STRIDE) {
    vector left = gelu(load(sums)), right = gelu(load(sums + LANES));
#if PER_WORD == 2
    store_rounded(to, part_of(LANES), left, right);
#else
    store((float *)to, left);
    store((float *)to + LANES, right);
#endif
  }
}

typedef struct {
  const suture_feed_forward *layer;
  feed_forward_geometry g;
  const float *x;
  float *y;
  const word *weights;
  const float *biases;
  char *scratch;
  ptrdiff_t thread_bytes;
  float *parts;  // the sums of each part of each tile, where there are parts
  work_list list;
} feed_forward_job;

// What a thread works in.
typedef struct {
  word *normal;    // [stretches][tile][STRIDE]
  word *middle;    // [tile][STRIDE]
  float *partial;  // [tile][panels * PANEL]
  float *sums;     // [ROWS][PANEL]
  float *row;      // a stretch of one normalised pixel
} workplace;

// Divides the memory at `at` and gives the place; `at` is behind it then.
static workplace settle_workplace(const feed_forward_geometry *g, char **at) {
  workplace w;
  w.normal = take(at, g->s.count * g->tile * STRIDE);
  w.middle = take(at, g->tile * STRIDE);
  w.partial = take(at, g->tile * g->panels * PANEL);
  w.sums = take(at, ROWS * PANEL);
  w.row = take(at, g->s.length * PER_WORD);
  return w;
}

static ptrdiff_t thread_bytes(const feed_forward_geometry *g) {
  char *at = NULL;
  settle_workplace(g, &at);
  return (ptrdiff_t)at;
}

// The sums of one part of a tile.
static ptrdiff_t part_floats(const feed_forward_geometry *g) { return g->parts > 1 ? g->tile * g->panels * PANEL : 0; }

static size_t feed_forward_scratch(const suture_feed_forward *layer) {
  feed_forward_geometry g = measure_feed_forward(layer);
  return (size_t)room_of(layer->threads, thread_bytes(&g))
    + (size_t)(g.tiles * g.parts * part_floats(&g)) * sizeof(float);
}

// The rows of a tile, and the blocks that they are computed in.
typedef struct {
  ptrdiff_t first, rows, blocks;
} extent;

static extent extent_of(const feed_forward_job *r, ptrdiff_t tile) {
  ptrdiff_t first = tile * r->g.tile, rows = least(r->g.tile, r->layer->rows - first);
  return (extent){first, rows, quotient(rows, ROWS)};
}

static ptrdiff_t block_start(extent e, ptrdiff_t block) { return e.rows * block / e.blocks; }

static void normalize_rows(const feed_forward_job *r, const workplace *w, extent e) {
  const feed_forward_geometry *g = &r->g;
  ptrdiff_t channels = r->layer->channels, length = g->s.length * PER_WORD;
  pixel_norms norms;
  for (ptrdiff_t row = 0; row < e.rows; row++) {
    const float *x = r->x + (e.first + row) * channels;
    if (row % TOGETHER == 0) norms = measure_norms(x, channels, e.rows - row, channels, r->layer->epsilon);
    for (ptrdiff_t number = 0; number < g->s.count; number++) {
      ptrdiff_t first = number * length, count = least(length, channels - first);
      word *to = w->normal + (number * g->tile + row) * STRIDE;
      normalize_words(&norms, row % TOGETHER, x + first, count, to, w->row);
    }
  }
}

// From normal to middle, by the weights at `panel`; gives where the weights of the second product begin.
static const word *first_product(
  const feed_forward_job *r, const workplace *w, extent e, ptrdiff_t chunk, const word *panel) {
  const feed_forward_geometry *g = &r->g;
  ptrdiff_t columns = chunk_columns(r->layer, g, chunk);
  for (ptrdiff_t column = 0; column < columns; column += PANEL, panel += g->s.words * PANEL) {
    const float *bias = r->biases + chunk * g->chunk + column;
    const char *ahead = (const char *)(panel + g->s.words * PANEL);
    for (ptrdiff_t block = 0; block < e.blocks; block++) {
      ptrdiff_t start = block_start(e, block), height = block_start(e, block + 1) - start;
      block_target target = {.to = w->sums, .to_pitch = PANEL, .before_pitch = PANEL};
      show(&target, PANEL);
      for (ptrdiff_t number = 0; number < g->s.count; number++) {
        ptrdiff_t words = stretch_words(&g->s, number);
        target.start = number == 0 ? bias : zeros;
        target.before = number == 0 ? NULL : w->sums;
        target.ahead = ahead;
        piece all = {0, words};
        block_source source = {w->normal + (number * g->tile + start) * STRIDE, STRIDE, 1, &all};
        blocks[WIDE - 1][height](&source, panel + number * g->s.length * PANEL, &target);
        ahead += words * PANEL;
      }
      word *middle = w->middle + start * STRIDE + column / PER_WORD;
      activate(w->sums, height, middle);
    }
  }
  return panel;
}

// Adds what middle gives to the sums of the chunks before, and the last of all to the residual.
//
// Without a part, the sums of all chunks are in `partial` until the last; with one they stay there, without the bias.
static void second_product(
  const feed_forward_job *r, const workplace *w, extent e, ptrdiff_t chunk, const word *panel, bool is_first, bool is_last,
  float *part) {
  const feed_forward_geometry *g = &r->g;
  ptrdiff_t channels = r->layer->channels, width = g->panels * PANEL;
  ptrdiff_t words = quotient(chunk_columns(r->layer, g, chunk), PER_WORD);
  piece all = {0, words};
  for (ptrdiff_t output = 0; output < width; output += PANEL, panel += words * PANEL) {
    const char *ahead = (const char *)(panel + words * PANEL);
    for (ptrdiff_t block = 0; block < e.blocks; block++) {
      ptrdiff_t start = block_start(e, block), height = block_start(e, block + 1) - start;
      float *partial = (part ? part : w->partial) + start * width + output;
      block_target target = {
        .start = zeros, .before = partial, .before_pitch = width, .to = partial, .to_pitch = width, .ahead = ahead};
      show(&target, PANEL);
      if (is_first) {
        target.before = NULL;
        if (!part) target.start = r->biases + multiple(r->layer->hidden, PANEL) + output;
      }
      if (is_last && !part) {
        target.to = r->y + (e.first + start) * channels + output;
        target.added = target.to;
        target.to_pitch = target.added_pitch = channels;
        show(&target, channels - output);
      }
      // Other layers have worked in other places.
      if (is_first || (is_last && !part)) claim(&target, height);
      block_source source = {w->middle + start * STRIDE, STRIDE, 1, &all};
      blocks[WIDE - 1][height](&source, panel, &target);
      ahead += words * PANEL;
    }
  }
}

// Computes a tile over the chunks from `from` to `to`: to `y` when those are all, to `part` otherwise.
static void compute_rows(const feed_forward_job *r, const workplace *w, ptrdiff_t tile, ptrdiff_t from, ptrdiff_t to, float *part) {
  extent e = extent_of(r, tile);
  normalize_rows(r, w, e);
  for (ptrdiff_t chunk = from; chunk < to; chunk++) {
    const word *panel = first_product(r, w, e, chunk, r->weights + chunk_start(&r->g, chunk));
    second_product(r, w, e, chunk, panel, chunk == from, chunk + 1 == to, part);
  }
}

// Adds the parts of all tiles to the residual.
static void gather_parts(const feed_forward_job *r, int thread, int threads) {
  const feed_forward_geometry *g = &r->g;
  ptrdiff_t channels = r->layer->channels, width = g->panels * PANEL;
  const float *bias = r->biases + multiple(r->layer->hidden, PANEL);
  ptrdiff_t part_size = part_floats(g);
  ptrdiff_t first = r->layer->rows * thread / threads, end = r->layer->rows * (thread + 1) / threads;
  for (ptrdiff_t row = first; row < end; row++) {
    ptrdiff_t tile = row / g->tile, within = row % g->tile;
    const float *sums = r->parts + tile * g->parts * part_size + within * width;
    float *y = r->y + row * channels;
    for (ptrdiff_t c = 0; c < channels; c += LANES) {
      part there = part_of(channels - c);
      vector sum = load(bias + c);
      for (ptrdiff_t p = 0; p < g->parts; p++) sum = sum + load(sums + p * part_size + c);
      store_part(y + c, there, load_part(there, y + c) + sum);
    }
  }
}

static void work_on_feed_forward(void *argument) {
  feed_forward_job *r = argument;
  const feed_forward_geometry *g = &r->g;
  char *at = r->scratch + room_of(suture_team_member(), r->thread_bytes);
  workplace w = settle_workplace(g, &at);
  ptrdiff_t part_size = part_floats(g);
  for (ptrdiff_t job; (job = take_work(&r->list, suture_team_member())) >= 0;) {
    ptrdiff_t tile = job / g->parts, part = job % g->parts;
    compute_rows(
      r, &w, tile, g->chunks * part / g->parts, g->chunks * (part + 1) / g->parts,
      g->parts > 1 ? r->parts + job * part_size : NULL);
  }
  if (g->parts > 1) {
    suture_team_wait();
    gather_parts(r, suture_team_member(), suture_team_count());
  }
}

static void feed_forward_run(
  const suture_feed_forward *layer, const float *x, float *y, const void *weights, const float *biases,
  void *scratch) {
  prepare_gelu();
  feed_forward_job r = {.layer = layer, .g = measure_feed_forward(layer), .x = x, .y = y, .weights = weights, .biases = biases};
  r.scratch = scratch;
  r.thread_bytes = thread_bytes(&r.g);
  r.parts = (float *)(r.scratch + room_of(layer->threads, r.thread_bytes));
  list_work(&r.list, r.g.tiles * r.g.parts, layer->threads);
  suture_team_run(work_on_feed_forward, &r, layer->threads);
}

#endif
