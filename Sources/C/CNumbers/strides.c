#include "CNumbers.h"

#include <string.h>

#define COPY(bytes)                                                      \
  case bytes:                                                            \
    for (size_t i = 0; i < count; i++) {                                 \
      memcpy(target + i * to_step * bytes, source + i * from_step * bytes, bytes); \
    }                                                                    \
    return;

void suture_copy_strided(const void *from, size_t from_step, void *to, size_t to_step, size_t count, size_t size) {
  const char *source = from;
  char *target = to;
  if (from_step == 1 && to_step == 1) {
    memcpy(target, source, count * size);
    return;
  }
  // A size that the compiler knows becomes a load and a store.
  switch (size) {
    COPY(1)
    COPY(2)
    COPY(4)
    COPY(8)
    COPY(16)
  }
  for (size_t i = 0; i < count; i++) memcpy(target + i * to_step * size, source + i * from_step * size, size);
}
