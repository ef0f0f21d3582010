// Boxes of elements that are put in another order.
#ifndef SUTURE_GATHER_H
#define SUTURE_GATHER_H

#include <stddef.h>
#include <stdint.h>

enum { SUTURE_MOST_AXES = 66 };

// How many indices an axis has, and how many elements apart its neighbours lie in the source and in the target.
struct suture_axis {
  size_t count, from_step, to_step;
};

// Copies the elements of `size` bytes of a box of up to SUTURE_MOST_AXES axes; source and target do not overlap.
void suture_gather(const void *from, void *to, size_t size, const struct suture_axis *axes, int rank);

// The same, one element at a time: what the former is tested against.
void suture_gather_plainly(const void *from, void *to, size_t size, const struct suture_axis *axes, int rank);

#endif
