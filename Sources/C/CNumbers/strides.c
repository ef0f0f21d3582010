#include "CNumbers.h"

#include <string.h>

#define COPY(bytes)                                                      \
  case bytes:                                                            \
    for (size_t i = 0; i < count; i++) {                                 \
      memcpy(target + i * to_step * bytes, source + i * from_step * bytes, bytes); \
    }                                                                    \
    return;

// Of steps and a size that the compiler knows, many elements are moved at once.
static inline __attribute__((always_inline)) void copy(
    const char *source, size_t from_step, char *target, size_t to_step, size_t count, size_t size) {
  switch (size) {
    COPY(1)
    COPY(2)
    COPY(4)
    COPY(8)
    COPY(16)
  }
  for (size_t i = 0; i < count; i++) memcpy(target + i * to_step * size, source + i * from_step * size, size);
}

void suture_copy_strided(const void *from, size_t from_step, void *to, size_t to_step, size_t count, size_t size) {
  if (to_step == 1) {
    switch (from_step) {
      case 1: memcpy(to, from, count * size); return;
      case 2: copy(from, 2, to, 1, count, size); return;
      case 3: copy(from, 3, to, 1, count, size); return;
      case 4: copy(from, 4, to, 1, count, size); return;
    }
  }
  copy(from, from_step, to, to_step, count, size);
}
