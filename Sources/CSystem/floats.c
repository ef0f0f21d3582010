#include "CSystem.h"

#include <string.h>

// On x86 the loader picks the variant for the processor at hand; elsewhere half precision is native. The loader does so
// before ThreadSanitizer is set up, which would then fail in the function that picks.
#if !defined(__has_feature)
#define __has_feature(feature) 0
#endif
#if defined(__x86_64__) && defined(__linux__) && !__has_feature(thread_sanitizer)
#define PER_PROCESSOR __attribute__((target_clones("default", "arch=haswell", "arch=skylake-avx512")))
#else
#define PER_PROCESSOR
#endif

PER_PROCESSOR
void suture_float16_to_float32(const uint16_t *from, float *to, size_t count) {
  for (size_t i = 0; i < count; i++) {
    _Float16 half;
    memcpy(&half, &from[i], sizeof half);
    to[i] = (float)half;
  }
}

PER_PROCESSOR
void suture_bfloat16_to_float32(const uint16_t *from, float *to, size_t count) {
  for (size_t i = 0; i < count; i++) {
    uint32_t bits = (uint32_t)from[i] << 16;
    memcpy(&to[i], &bits, sizeof bits);
  }
}
