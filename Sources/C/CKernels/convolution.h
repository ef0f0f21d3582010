// A convolution as products of blocks: the pixels under a row of the kernel lie one after the other already, and those of
// neighbouring output pixels equally far apart, so blocks read them where they are.
//
// Where there is a border, a norm or another type to round to, a thread first copies the rows of pixels under its tile,
// border included, to a place of its own that the second cache holds. A tile is some rows of the output, or some pixels of
// one row; a convolution of 1×1 sees all pixels as one row. So does one whose windows lie side by side, as between two
// stages, if it copies: each window is copied as one pixel, a patch. The sums of a group of stretches are added to those before
// it, so that the weights of a group stay in the second cache. Where there are fewer tiles than threads, or too few rows to
// deal out evenly, each computes some of the output's channels.
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
  bool is_row;                     // all pixels are seen as one
  ptrdiff_t patch;                 // how many pixels across, and down, are copied as one
  ptrdiff_t kernel, stride;        // in patches, as all that follows
  ptrdiff_t batch, height, width;  // of the input
  ptrdiff_t down, across;          // of the output
  bool copies;
  ptrdiff_t words;        // of a pixel
  ptrdiff_t pixel, line;  // words from one pixel, and from one row of pixels, to the next where blocks read them
  ptrdiff_t panels, columns;  // columns of all panels; the last may be narrow
  ptrdiff_t bands, band, strips, strip;  // how many there are, and how long the longest is
  ptrdiff_t parts;                       // that the panels are computed in
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
static ptrdiff_t under(const convolution_geometry *g, ptrdiff_t count) { return (count - 1) * g->stride + g->kernel; }

static bool fall_together(const convolution_geometry *g, ptrdiff_t pixel) {
  return g->stride * pixel * (ptrdiff_t)sizeof(word) % SAME_PLACES == 0;
}

static ptrdiff_t tile_count(const convolution_geometry *g) { return g->batch * g->bands * g->strips; }

static ptrdiff_t band_start(const convolution_geometry *g, ptrdiff_t band) { return g->down * band / g->bands; }

// Of so many things dealt out to threads: how many all would have if each had as many as the first.
static ptrdiff_t dealt(const suture_convolution *layer, ptrdiff_t count) { return multiple(count, layer->threads); }

static convolution_geometry measure_convolution(const suture_convolution *layer) {
  convolution_geometry g = {.s = stretches_of(row_length(layer))};
  g.is_row = layer->kernel == layer->stride && layer->padding == 0 && (layer->kernel == 1 || layer->normalizes);
  g.patch = g.is_row ? layer->kernel : 1;
  g.kernel = layer->kernel / g.patch;
  g.stride = layer->stride / g.patch;
  g.batch = g.is_row ? 1 : layer->batch;
  g.height = g.is_row ? 1 : layer->height;
  g.width = g.is_row ? layer->batch * (layer->height / g.patch) * (layer->width / g.patch) : layer->width;
  g.down = (g.height + 2 * layer->padding - g.kernel) / g.stride + 1;
  g.across = (g.width + 2 * layer->padding - g.kernel) / g.stride + 1;

  // Of the second cache, an eighth for a panel's weights, a quarter for the pixels under a tile, half where each is read once.
  g.group = most(suture_second_cache() / 8 / (STRETCH * PANEL * (ptrdiff_t)sizeof(word)), 1);
  g.words = g.patch * g.patch * depth(layer) / PER_WORD;
  g.copies = layer->padding > 0 || layer->normalizes || PER_WORD != 1 || fall_together(&g, input_pitch(layer));
  g.pixel = !g.copies ? input_pitch(layer) : fall_together(&g, g.words) ? g.words + 16 : g.words;

  g.strips = g.bands = 1;
  ptrdiff_t limit = suture_second_cache() / 4 / (ptrdiff_t)sizeof(word) / g.pixel;  // pixels
  if (g.is_row) {
    g.strips = quotient(g.across, least(TILE, most(2 * limit, ROWS)));
    if (g.across >= FEW * layer->threads) g.strips = multiple(g.strips, layer->threads);
  } else {
    ptrdiff_t widest = most((limit / g.kernel - g.kernel) / g.stride + 1, ROWS);
    g.strips = quotient(g.across, widest);
    ptrdiff_t across = quotient(g.across, g.strips);
    ptrdiff_t tallest = (limit / under(&g, across) - g.kernel) / g.stride + 1;
    g.bands = quotient(g.down, most(least(tallest, PIXELS / across), 1));
  }
  g.strip = quotient(g.across, g.strips);
  g.strips = quotient(g.across, g.strip);
  g.panels = quotient(layer->outputs, PANEL);
  g.columns = multiple(layer->outputs, LANES);
  // Rows are dealt out, or, where that gives one thread a sixteenth more than there is for each, and panels less, panels.
  ptrdiff_t rows = g.batch * g.down * g.strips;
  bool is_uneven = dealt(layer, rows) - rows > rows / 16
    && dealt(layer, g.panels) * rows < dealt(layer, rows) * g.panels;
  if (is_uneven) {
    g.parts = least(layer->threads, g.panels);
  } else {
    if (tile_count(&g) % layer->threads != 0) g.bands = least(multiple(g.bands, layer->threads), g.down);
    g.parts = tile_count(&g) >= layer->threads ? 1 : least(quotient(layer->threads, tile_count(&g)), g.panels);
  }
  g.band = quotient(g.down, g.bands);
  g.line = g.pixel * (g.copies ? under(&g, g.strip) : g.width);
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

static piece_list settle_pieces(const convolution_geometry *g, char **at) {
  ptrdiff_t most_pieces = g->kernel * g->kernel + g->s.count;
  piece_list list;
  list.pieces = take(at, most_pieces * (ptrdiff_t)(sizeof(piece) / sizeof(word)));
  list.first = take(at, (g->s.count + 1) * (ptrdiff_t)(sizeof(ptrdiff_t) / sizeof(word)));
  return list;
}

static void list_pieces(const convolution_geometry *g, piece_list list) {
  // Where pixels touch, those under a row of the kernel are one piece.
  ptrdiff_t together = g->pixel == g->words ? g->kernel : 1, length = g->words * together, count = 0;
  for (ptrdiff_t number = 0; number < g->s.count; number++) {
    list.first[number] = count;
    ptrdiff_t at = number * g->s.length, end = at + stretch_words(&g->s, number);
    while (at < end) {
      ptrdiff_t within = at % length, place = at / length * together, some = least(length - within, end - at);
      ptrdiff_t start = place / g->kernel * g->line + place % g->kernel * g->pixel + within;
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

static ptrdiff_t copy_words(const convolution_geometry *g) { return g->copies ? under(g, g->band) * g->line : 0; }

static ptrdiff_t convolution_thread_bytes(const suture_convolution *layer, const convolution_geometry *g) {
  ptrdiff_t words = multiple(copy_words(g), 16) + (layer->normalizes ? multiple(layer->inputs, 16) : 0);
  return words * (ptrdiff_t)sizeof(word);
}

static size_t convolution_scratch(const suture_convolution *layer) {
  convolution_geometry g = measure_convolution(layer);
  char *at = NULL;
  settle_pieces(&g, &at);
  return (size_t)at + (size_t)room_of(layer->threads, convolution_thread_bytes(layer, &g));
}

// Copies `count` pixels, side by side or to the first row of as many patches as they fill.
static void copy_pixels(const convolution_job *r, const float *from, ptrdiff_t count, word *to, float *normal) {
  const suture_convolution *layer = r->layer;
  const convolution_geometry *g = &r->g;
  ptrdiff_t inputs = layer->inputs, pitch = input_pitch(layer);
  if (!layer->normalizes && pitch == inputs && g->pixel * PER_WORD == inputs) {
    // They touch, so they are copied as one.
    to_words(from, to, inputs * count);
    return;
  }
  pixel_norms norms;
  for (ptrdiff_t pixel = 0; pixel < count; pixel++, from += pitch) {
    if (!layer->normalizes) {
      to_words(from, to + pixel * g->pixel, inputs);
      continue;
    }
    if (pixel % TOGETHER == 0) norms = measure_norms(from, pitch, count - pixel, inputs, layer->epsilon);
    word *own = to + pixel / g->patch * g->pixel + pixel % g->patch * (depth(layer) / PER_WORD);
    normalize_words(&norms, pixel % TOGETHER, from, inputs, own, normal);
  }
}

// Copies `count` patches from the `first` on, of a convolution that sees all as one row.
static void copy_patches(const convolution_job *r, ptrdiff_t first, ptrdiff_t count, word *to, float *normal) {
  const suture_convolution *layer = r->layer;
  const convolution_geometry *g = &r->g;
  ptrdiff_t across = layer->width / g->patch, down = layer->height / g->patch;
  ptrdiff_t pitch = input_pitch(layer), row_words = g->patch * (depth(layer) / PER_WORD);
  for (ptrdiff_t patch = first, end = first + count; patch < end;) {
    ptrdiff_t column = patch % across, row = patch / across, some = least(across - column, end - patch);
    ptrdiff_t top = row / down * layer->height + row % down * g->patch;
    for (ptrdiff_t k = 0; k < g->patch; k++) {
      const float *from = r->x + ((top + k) * layer->width + column * g->patch) * pitch;
      copy_pixels(r, from, some * g->patch, to + k * row_words, normal);
    }
    patch += some;
    to += some * g->pixel;
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
  block_source source = {.rows = rows, .pitch = g->stride * g->pixel};
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
  ptrdiff_t tile = job % tile_count(g), part = job / tile_count(g);
  ptrdiff_t strip = tile % g->strips, band = tile / g->strips % g->bands, image = tile / g->strips / g->bands;
  ptrdiff_t left = strip * g->strip, across = least(g->strip, g->across - left);
  ptrdiff_t top = band_start(g, band), down = band_start(g, band + 1) - top;
  const float *x = r->x + image * g->height * g->width * input_pitch(layer);
  ptrdiff_t pixel = (image * g->down + top) * g->across + left;
  ptrdiff_t first_row = top * g->stride - layer->padding, first = left * g->stride - layer->padding;
  const word *rows = copy;
  if (!g->copies) {
    rows = (const word *)(x + (first_row * g->width + first) * input_pitch(layer));
  } else if (g->is_row) {
    copy_patches(r, first, across, copy, normal);
  } else {
    copy_tile(r, x, first_row, under(g, down), first, under(g, across), copy, normal);
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
            r, rows + row * g->stride * g->line + start * g->stride * g->pixel, height, panel, group, weights,
            pixel + row * g->across + start, ahead);
          ahead += words * panel_width(g, panel);
        }
    }
  }
}

static void work_on_convolution(void *argument) {
  convolution_job *r = argument;
  char *at = r->threads + room_of(suture_team_member(), convolution_thread_bytes(r->layer, &r->g));
  word *copy = take(&at, copy_words(&r->g));
  for (ptrdiff_t job; (job = take_work(&r->jobs, suture_team_member())) >= 0;) compute_tile(r, job, copy, (float *)at);
}

static void convolution_run(
  const suture_convolution *layer, const float *x, const float *added, float *y, const void *weights, const float *biases,
  void *scratch) {
  convolution_job r = {
    .layer = layer, .g = measure_convolution(layer), .x = x, .added = added, .y = y, .weights = weights, .biases = biases};
  char *at = scratch;
  r.list = settle_pieces(&r.g, &at);
  r.threads = at;
  list_pieces(&r.g, r.list);
  list_work(&r.jobs, tile_count(&r.g) * r.g.parts, layer->threads);
  suture_team_run(work_on_convolution, &r, layer->threads);
}

#endif
