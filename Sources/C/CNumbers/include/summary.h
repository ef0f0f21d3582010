// What numbers are like, in one pass.
#ifndef SUTURE_SUMMARY_H
#define SUTURE_SUMMARY_H

#include <stddef.h>
#include <stdint.h>

#include "casts.h"

enum { SUTURE_SUMMARY_BINS = 1024 };

// Begins as zeros. All but the three first counts is of the finite numbers.
struct suture_summary {
  uint64_t zeros, nans, infinities;
  uint64_t count;
  double least, largest, mean;
  // The sum of the squares of what lies between a number and the mean.
  double squares;
  // Bin i counts the numbers from start + i * width on; no bin is wider than four 1024ths of what lies between the least
  // number and the largest. Width 0 where doubles cannot tell: then nothing is counted.
  double start, width;
  uint64_t bins[SUTURE_SUMMARY_BINS];
};

// Adds `count` elements of `size` bytes in host byte order.
void suture_summarize(
    struct suture_summary *summary, enum suture_float format, size_t size, const void *elements, size_t count);

#endif
