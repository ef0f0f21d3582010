// A convolution as products of blocks: the pixels under a row of the kernel lie one after the other already, and those of
// neighbouring output pixels equally far apart, so blocks read them where they are.
//
// Where there is a border, a norm or another type to round to, a thread first copies the rows of pixels under its tile,
// border included, to a place of its own that the second cache holds. A tile is some rows of the output, or some pixels of
// one row; a convolution of 1×1 sees all pixels as one row. The sums of a group of stretches are added to those before
// it, so that the weights of a group stay in the second cache. Where there are fewer tiles than threads, each computes
// some of the output's channels.
#ifndef SUTURE_CONVOLUTION_H
#define SUTURE_CONVOLUTION_H

#include "blocks.h"
#include "norm.h"

enum {
  PIXELS = 448,           // of the output, that a tile of several rows may have
  SAME_PLACES = 2 << 10,  // bytes: rows so far apart fall into few places of the first cache
};

typedef struct {
  stretches s;
  ptrdiff_t group;                 // how many of them
  ptrdiff_t batch, height, width;  // of the input
  ptrdiff_t down, across;          // of the output
  bool copies;
  ptrdiff_t pixel, line;  // words from one pixel, and from one row of pixels, to the next where blocks read them
  ptrdiff_t panels, columns;  // columns of all panels; the last may be narrow
  ptrdiff_t bands, band, strips, strip;
  ptrdiff_t parts;  // that the panels are computed in
} convolution_geometry;

// The inputs of a pixel with those that are missing to whole words.
static ptrdiff_t depth(const suture_convolution *layer) {
  return multiple(layer->inputs, PER_WORD);
}

static ptrdiff_t row_length(const suture_convolution *layer) { return layer->kernel * layer->kernel * depth(layer); }

static ptrdiff_t input_pitch(const suture_convolution *layer) {
  return layer->pitches.input ? layer->pitches.input : layer->inputs;
}

static ptrdiff_t added_pitch(const suture_convolution *layer) {
  return layer->pitches.added ? layer->pitches.added : layer->outputs;
}

static ptrdiff_t output_pitch(const suture_convolution *layer) {
  return layer->pitches.output ? layer->pitches.output : layer->outputs;
}

// How many pixels of the input lie under `count` neighbours of the output.
static ptrdiff_t under(const suture_convolution *layer, ptrdiff_t count) {
  return (count - 1) * layer->stride + layer->kernel;
}

static bool fall_together(const suture_convolution *layer, ptrdiff_t pixel) {
  return layer->stride * pixel * (ptrdiff_t)sizeof(word) % SAME_PLACES == 0;
}

static ptrdiff_t tile_count(const convolution_geometry *g) { return g->batch * g->bands * g->strips; }

static convolution_geometry measure_convolution(const suture_convolution *layer) {
  convolution_geometry g = {.s = stretches_of(row_length(layer))};
  bool is_product = layer->kernel == 1 && layer->stride == 1 && layer->padding == 0;
  g.batch = is_product ? 1 : layer->batch;
  g.height = is_product ? 1 : layer->height;
  g.width = is_product ? layer->batch * layer->height * layer->width : layer->width;
  g.down = (g.height + 2 * layer->padding - layer->kernel) / layer->stride + 1;
  g.across = (g.width + 2 * layer->padding - layer->kernel) / layer->stride + 1;

  // Of the second cache, an eighth for a panel's weights, a quarter for the pixels under a tile.
  g.group = most(suture_second_cache() / 8 / (STRETCH * PANEL * (ptrdiff_t)sizeof(word)), 1);
  ptrdiff_t words = depth(layer) / PER_WORD;
  g.copies = layer->padding > 0 || layer->normalizes || PER_WORD != 1
    || fall_together(layer, input_pitch(layer));
  g.pixel = !g.copies ? input_pitch(layer) : fall_together(layer, words) ? words + 16 : words;

  g.strips = g.bands = 1;
  if (is_product) {
    g.strips = quotient(g.across, TILE);
    if (g.across >= FEW * layer->threads) g.strips = multiple(g.strips, layer->threads);
  } else {
    ptrdiff_t limit = suture_second_cache() / 4 / (ptrdiff_t)sizeof(word) / g.pixel;  // pixels
    ptrdiff_t widest = most((limit / layer->kernel - layer->kernel) / layer->stride + 1, ROWS);
    g.strips = quotient(g.across, widest);
    ptrdiff_t across = quotient(g.across, g.strips);
    ptrdiff_t tallest = (limit / under(layer, across) - layer->kernel) / layer->stride + 1;
    g.bands = quotient(g.down, most(least(tallest, PIXELS / across), 1));
    if (tile_count(&g) % layer->threads != 0) g.bands = least(multiple(g.bands, layer->threads), g.down);
  }
  g.strip = quotient(g.across, g.strips);
  g.strips = quotient(g.across, g.strip);
  g.band = quotient(g.down, g.bands);
  g.bands = quotient(g.down, g.band);
  g.line = g.pixel * (g.copies ? under(layer, g.strip) : g.width);

  g.panels = quotient(layer->outputs, PANEL);
  g.columns = multiple(layer->outputs, LANES);
  g.parts = tile_count(&g) >= layer->threads ? 1 : least(quotient(layer->threads, tile_count(&g)), g.panels);
  return g;
}

static ptrdiff_t group_count(const convolution_geometry *g) { return quotient(g->s.count, g->group); }

static ptrdiff_t group_start(const convolution_geometry *g, ptrdiff_t group) {
  return least(group * g->group * g->s.length, g->s.words);
}

static ptrdiff_t panel_width(const convolution_geometry *g, ptrdiff_t panel) { return least(PANEL, g->columns - panel * PANEL); }

// Where the weights of a panel and a group begin.
static ptrdiff_t panel_start(const convolution_geometry *g, ptrdiff_t group, ptrdiff_t panel) {
  ptrdiff_t start = group_start(g, group), words = group_start(g, group + 1) - start;
  return start * g->columns + panel * words * PANEL;
}

static ptrdiff_t convolution_weight_words(const suture_convolution *layer) {
  convolution_geometry g = measure_convolution(layer);
  return g.columns * g.s.words;
}

static ptrdiff_t convolution_bias_count(const suture_convolution *layer) { return multiple(layer->outputs, PANEL); }

static ptrdiff_t convolution_packing_floats(const suture_convolution *layer) { return PANEL * row_length(layer); }

static void convolution_pack(
  const suture_convolution *layer, const float *kernels, const float *bias, void *weights, float *biases,
  float *scratch) {
  convolution_geometry g = measure_convolution(layer);
  ptrdiff_t area = layer->kernel * layer->kernel, length = row_length(layer);
  for (ptrdiff_t panel = 0; panel < g.panels; panel++) {
    ptrdiff_t columns = least(PANEL, layer->outputs - panel * PANEL);
    for (ptrdiff_t column = 0; column < columns; column++) {
      const float *kernel = kernels + (panel * PANEL + column) * area * layer->inputs;
      for (ptrdiff_t place = 0; place < area; place++) {
        float *to = scratch + column * length + place * depth(layer);
        for (ptrdiff_t input = 0; input < layer->inputs; input++) to[input] = kernel[input * area + place];
        if (depth(layer) > layer->inputs) to[layer->inputs] = 0;
      }
    }
    for (ptrdiff_t group = 0; group < group_count(&g); group++) {
      ptrdiff_t first = group_start(&g, group) * PER_WORD, end = group_start(&g, group + 1) * PER_WORD;
      pack_panel(
        (word *)weights + panel_start(&g, group, panel), panel_width(&g, panel), scratch + first, length, columns,
        least(end, length) - first);
    }
  }
  memset(biases, 0, (size_t)convolution_bias_count(layer) * sizeof(float));
  memcpy(biases, bias, (size_t)layer->outputs * sizeof(float));
}

// The pieces of all stretches, one behind the other; each stretch's begin at `first`.
typedef struct {
  piece *pieces;
  ptrdiff_t *first;
} piece_list;

static piece_list settle_pieces(const suture_convolution *layer, const convolution_geometry *g, char **at) {
  ptrdiff_t most_pieces = layer->kernel * layer->kernel + g->s.count;
  piece_list list;
  list.pieces = take(at, most_pieces * (ptrdiff_t)(sizeof(piece) / sizeof(word)));
  list.first = take(at, (g->s.count + 1) * (ptrdiff_t)(sizeof(ptrdiff_t) / sizeof(word)));
  return list;
}

static void list_pieces(const suture_convolution *layer, const convolution_geometry *g, piece_list list) {
  // Where pixels touch, those under a row of the kernel are one piece.
  ptrdiff_t words = depth(layer) / PER_WORD, together = g->pixel == words ? layer->kernel : 1;
  ptrdiff_t length = words * together, count = 0;
  for (ptrdiff_t number = 0; number < g->s.count; number++) {
    list.first[number] = count;
    ptrdiff_t at = number * g->s.length, end = at + stretch_words(&g->s, number);
    while (at < end) {
      ptrdiff_t within = at % length, place = at / length * together, some = least(length - within, end - at);
      ptrdiff_t start = place / layer->kernel * g->line + place % layer->kernel * g->pixel + within;
      list.pieces[count++] = (piece){start, some};
      at += some;
    }
  }
  list.first[g->s.count] = count;
}

typedef struct {
  const suture_convolution *layer;
  convolution_geometry g;
  piece_list list;
  const float *x, *added, *biases;
  const word *weights;
  float *y;
  char *threads;
  work_list jobs;
} convolution_job;

static ptrdiff_t copy_words(const suture_convolution *layer, const convolution_geometry *g) {
  return g->copies ? under(layer, g->band) * g->line : 0;
}

static ptrdiff_t convolution_thread_bytes(const suture_convolution *layer, const convolution_geometry *g) {
  ptrdiff_t words = multiple(copy_words(layer, g), 16) + (layer->normalizes ? multiple(layer->inputs, 16) : 0);
  return words * (ptrdiff_t)sizeof(word);
}

static size_t convolution_scratch(const suture_convolution *layer) {
  convolution_geometry g = measure_convolution(layer);
  char *at = NULL;
  settle_pieces(layer, &g, &at);
  return (size_t)at + (size_t)room_of(layer->threads, convolution_thread_bytes(layer, &g));
}

// Copies `count` pixels side by side.
static void copy_pixels(const convolution_job *r, const float *from, ptrdiff_t count, word *to, float *normal) {
  const suture_convolution *layer = r->layer;
  ptrdiff_t inputs = layer->inputs, pitch = input_pitch(layer);
  if (!layer->normalizes && pitch == inputs && r->g.pixel * PER_WORD == inputs) {
    // They touch, so they are copied as one.
    inputs *= count;
    count = 1;
  }
  for (ptrdiff_t pixel = 0; pixel < count; pixel++, from += pitch, to += r->g.pixel) {
    const float *own = from;
    if (layer->normalizes) {
      normalize(from, inputs, layer->epsilon, normal);
      own = normal;
    }
    to_words(own, to, inputs);
  }
}

// Copies what lies under a tile, and zeros for what lies beyond the edge.
static void copy_tile(
  const convolution_job *r, const float *image, ptrdiff_t top, ptrdiff_t rows, ptrdiff_t left, ptrdiff_t count, word *to,
  float *normal) {
  const convolution_geometry *g = &r->g;
  ptrdiff_t before = least(most(-left, 0), count), first = left + before;
  ptrdiff_t there = most(least(g->width - first, count - before), 0), behind = count - before - there;
  for (ptrdiff_t row = top; row < top + rows; row++, to += g->line) {
    if (row < 0 || row >= g->height) {
      memset(to, 0, (size_t)(count * g->pixel) * sizeof(word));
      continue;
    }
    memset(to, 0, (size_t)(before * g->pixel) * sizeof(word));
    copy_pixels(
      r, image + (row * g->width + first) * input_pitch(r->layer), there, to + before * g->pixel, normal);
    memset(to + (before + there) * g->pixel, 0, (size_t)(behind * g->pixel) * sizeof(word));
  }
}

// Adds a group of stretches to a block, or begins with them.
//
// - `pixel`: of the output, the first of the block.
static void add_block(
  const convolution_job *r, const word *rows, ptrdiff_t height, ptrdiff_t panel, ptrdiff_t group, const word *weights,
  ptrdiff_t pixel, const char *ahead) {
  const suture_convolution *layer = r->layer;
  const convolution_geometry *g = &r->g;
  ptrdiff_t vectors = panel_width(g, panel) / LANES, start = group * g->group, end = least(start + g->group, g->s.count);
  block_kernel *kernel = blocks[vectors - 1][height];
  block_source source = {.rows = rows, .pitch = layer->stride * g->pixel};
  float *to = r->y + pixel * output_pitch(layer) + panel * PANEL;
  const float *added = r->added ? r->added + pixel * added_pitch(layer) + panel * PANEL : NULL;
  block_target target = {
    .to = to, .to_pitch = output_pitch(layer), .before_pitch = output_pitch(layer), .added_pitch = added_pitch(layer),
    .ahead = ahead};
  show(&target, layer->outputs - panel * PANEL);
  for (ptrdiff_t i = start; i < end; i++) {
    target.start = i == 0 ? r->biases + panel * PANEL : zeros;
    target.before = i == 0 ? NULL : to;
    target.activates = layer->activates && i + 1 == g->s.count;
    target.added = i + 1 == g->s.count ? added : NULL;
    source.pieces = r->list.pieces + r->list.first[i];
    source.count = r->list.first[i + 1] - r->list.first[i];
    kernel(&source, weights, &target);
    target.ahead += stretch_words(&g->s, i) * LANES * vectors;
    weights += stretch_words(&g->s, i) * LANES * vectors;
  }
}

static void compute_tile(const convolution_job *r, ptrdiff_t job, word *copy, float *normal) {
  const suture_convolution *layer = r->layer;
  const convolution_geometry *g = &r->g;
  ptrdiff_t tile = job / g->parts, part = job % g->parts;
  ptrdiff_t strip = tile % g->strips, band = tile / g->strips % g->bands, image = tile / g->strips / g->bands;
  ptrdiff_t left = strip * g->strip, across = least(g->strip, g->across - left);
  ptrdiff_t top = band * g->band, down = least(g->band, g->down - top);
  const float *x = r->x + image * g->height * g->width * input_pitch(layer);
  ptrdiff_t pixel = (image * g->down + top) * g->across + left;
  ptrdiff_t first_row = top * layer->stride - layer->padding, first = left * layer->stride - layer->padding;
  const word *rows = (const word *)(x + (first_row * g->width + first) * input_pitch(layer));
  if (g->copies) {
    copy_tile(r, x, first_row, under(layer, down), first, under(layer, across), copy, normal);
    rows = copy;
  }
  ptrdiff_t blocks = quotient(across, ROWS);
  for (ptrdiff_t group = 0; group < group_count(g); group++) {
    for (ptrdiff_t panel = g->panels * part / g->parts; panel < g->panels * (part + 1) / g->parts; panel++) {
      const word *weights = r->weights + panel_start(g, group, panel);
      ptrdiff_t words = group_start(g, group + 1) - group_start(g, group);
      const char *ahead = (const char *)(weights + words * panel_width(g, panel));
      for (ptrdiff_t row = 0; row < down; row++)
        for (ptrdiff_t block = 0; block < blocks; block++) {
          ptrdiff_t start = across * block / blocks, height = across * (block + 1) / blocks - start;
          add_block(
            r, rows + row * layer->stride * g->line + start * layer->stride * g->pixel, height, panel, group, weights,
            pixel + row * g->across + start, ahead);
          ahead += words * panel_width(g, panel);
        }
    }
  }
}

static void work_on_convolution(void *argument) {
  convolution_job *r = argument;
  char *at = r->threads + room_of(suture_team_member(), convolution_thread_bytes(r->layer, &r->g));
  word *copy = take(&at, copy_words(r->layer, &r->g));
  for (ptrdiff_t job; (job = take_work(&r->jobs, suture_team_member())) >= 0;) compute_tile(r, job, copy, (float *)at);
}

static void convolution_run(
  const suture_convolution *layer, const float *x, const float *added, float *y, const void *weights, const float *biases,
  void *scratch) {
  convolution_job r = {
    .layer = layer, .g = measure_convolution(layer), .x = x, .added = added, .y = y, .weights = weights, .biases = biases};
  char *at = scratch;
  r.list = settle_pieces(layer, &r.g, &at);
  r.threads = at;
  list_pieces(layer, &r.g, r.list);
  list_work(&r.jobs, tile_count(&r.g) * r.g.parts, layer->threads);
  suture_team_run(work_on_convolution, &r, layer->threads);
}

#endif
