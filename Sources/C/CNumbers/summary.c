// Statistics and a histogram of numbers that are seen once.
//
// A block of numbers is summed up while it lies in the nearest cache, and then put to what came before: means and squares
// as Chan, Golub and LeVeque do it, which cancels nothing. The histogram need not know where the numbers lie: whenever one
// lies outside, pairs of bins become one, so that it is twice as wide.
#include "summary.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "per_processor.h"

enum { BLOCK = 1024, LANES = 8 };

// What the finite numbers of a block are like, and how many others there are.
struct block {
  size_t count, zeros, nans, infinities;
  double least, largest, mean, squares;
};

PER_PROCESSOR
static void sum_up(double *numbers, size_t count, struct block *block) {
  size_t nans = 0, infinities = 0, zeros = 0, finite = 0;
  double first = 0;
  for (size_t i = 0; i < count; i++) {
    nans += numbers[i] != numbers[i];
    infinities += fabs(numbers[i]) == INFINITY;
    zeros += numbers[i] == 0;
  }
  if (nans + infinities > 0) {
    for (size_t i = 0; i < count; i++) {
      if (isfinite(numbers[i])) numbers[finite++] = numbers[i];
    }
    count = finite;
  }
  memset(block, 0, sizeof *block);
  block->count = count;
  block->zeros = zeros;
  block->nans = nans;
  block->infinities = infinities;
  if (count == 0) return;

  first = numbers[0];
  double least[LANES], largest[LANES], sums[LANES] = {0}, squares[LANES] = {0};
  for (int lane = 0; lane < LANES; lane++) least[lane] = largest[lane] = first;
  size_t whole = count / LANES * LANES;
  for (size_t i = 0; i < whole; i += LANES) {
    for (int lane = 0; lane < LANES; lane++) {
      double number = numbers[i + lane];
      least[lane] = number < least[lane] ? number : least[lane];
      largest[lane] = number > largest[lane] ? number : largest[lane];
      sums[lane] += number;
    }
  }
  for (size_t i = whole; i < count; i++) {
    int lane = (int)(i - whole);
    least[lane] = numbers[i] < least[lane] ? numbers[i] : least[lane];
    largest[lane] = numbers[i] > largest[lane] ? numbers[i] : largest[lane];
    sums[lane] += numbers[i];
  }
  double sum = 0;
  block->least = block->largest = first;
  for (int lane = 0; lane < LANES; lane++) {
    sum += sums[lane];
    block->least = least[lane] < block->least ? least[lane] : block->least;
    block->largest = largest[lane] > block->largest ? largest[lane] : block->largest;
  }
  double mean = sum / (double)count;
  if (block->least == block->largest) {
    mean = first;
  } else if (!isfinite(mean)) {
    // Near the largest double the sum is infinite where the mean is not.
    mean = 0;
    for (size_t i = 0; i < count; i++) mean += numbers[i] / (double)count;
  }
  for (size_t i = 0; i < whole; i += LANES) {
    for (int lane = 0; lane < LANES; lane++) {
      double apart = numbers[i + lane] - mean;
      squares[lane] += apart * apart;
    }
  }
  for (size_t i = whole; i < count; i++) squares[0] += (numbers[i] - mean) * (numbers[i] - mean);
  for (int lane = 0; lane < LANES; lane++) block->squares += squares[lane];
  block->mean = mean;
}

static void put_together(struct suture_summary *all, const struct block *block) {
  all->zeros += block->zeros;
  all->nans += block->nans;
  all->infinities += block->infinities;
  if (block->count == 0) return;
  if (all->count == 0) {
    all->count = block->count;
    all->least = block->least;
    all->largest = block->largest;
    all->mean = block->mean;
    all->squares = block->squares;
    return;
  }
  all->least = fmin(all->least, block->least);
  all->largest = fmax(all->largest, block->largest);
  double before = (double)all->count, added = (double)block->count;
  double share = added / (before + added), apart = block->mean - all->mean;
  all->squares += block->squares + apart * apart * before * share;
  // Near the largest double what lies between is infinite where the mean is not.
  all->mean = isfinite(apart) ? all->mean + apart * share : all->mean * (1 - share) + block->mean * share;
  all->count += block->count;
}

// MARK: The histogram

// The first numbers say where it begins and how wide it is.
static void begin_histogram(struct suture_summary *all, const struct block *block) {
  double range = block->largest - block->least;
  // Numbers that are all the same have some room around them, of which later ones make more.
  double room = fmax(range, fmax(fabs(block->largest), fabs(block->least)) * 1e-12);
  all->start = block->least;
  all->width = fmax(room / (SUTURE_SUMMARY_BINS - 1), DBL_MIN);
}

// Two bins become one, and the other half is free: the upper one, or the lower one.
static void double_width(struct suture_summary *all, int downwards) {
  enum { HALF = SUTURE_SUMMARY_BINS / 2 };
  uint64_t halved[HALF];
  for (int i = 0; i < HALF; i++) halved[i] = all->bins[2 * i] + all->bins[2 * i + 1];
  memset(all->bins, 0, sizeof all->bins);
  memcpy(all->bins + (downwards ? HALF : 0), halved, sizeof halved);
  if (downwards) all->start -= all->width * SUTURE_SUMMARY_BINS;
  all->width *= 2;
}

static void count_into_bins(struct suture_summary *all, const double *numbers, const struct block *block) {
  if (block->count == 0) return;
  if (all->count == 0) begin_histogram(all, block);
  while (all->width > 0) {
    int below = block->least < all->start;
    if (!below && (block->largest - all->start) / all->width < SUTURE_SUMMARY_BINS) break;
    double_width(all, below);
    // Doubles end here.
    if (!isfinite(all->start) || !isfinite(all->width * SUTURE_SUMMARY_BINS)) all->width = 0;
  }
  if (!(all->width > 0) || !isfinite(all->width)) {
    all->width = 0;
    return;
  }
  double start = all->start, scale = 1 / all->width;
  for (size_t i = 0; i < block->count; i++) {
    int bin = (int)((numbers[i] - start) * scale);
    all->bins[bin < SUTURE_SUMMARY_BINS ? bin : SUTURE_SUMMARY_BINS - 1]++;
  }
}

void suture_summarize(
    struct suture_summary *summary, enum suture_float format, size_t size, const void *elements, size_t count) {
  double numbers[BLOCK];
  const char *source = elements;
  for (size_t done = 0; done < count; done += BLOCK) {
    size_t now = count - done < BLOCK ? count - done : BLOCK;
    suture_cast_floats(format, source + done * size, SUTURE_FLOAT64, numbers, now);
    struct block block;
    sum_up(numbers, now, &block);
    count_into_bins(summary, numbers, &block);
    put_together(summary, &block);
  }
}
