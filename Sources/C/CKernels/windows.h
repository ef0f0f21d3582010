// Windows that slide over a map and may reach beyond its edges.
#ifndef SUTURE_WINDOWS_H
#define SUTURE_WINDOWS_H

#include "words.h"

// From where to where a window that begins at `start` lies within `size`, counted in the window.
typedef struct {
  ptrdiff_t first, end;
} range;

INLINE range inside(ptrdiff_t start, ptrdiff_t kernel, ptrdiff_t size) {
  return (range){most(-start, 0), least(kernel, size - start)};
}

#endif
