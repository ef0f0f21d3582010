// Conversion between floating-point formats, as torch's `.to()` does it on the CPU.
#ifndef SUTURE_CASTS_H
#define SUTURE_CASTS_H

#include <stddef.h>

enum suture_float {
  SUTURE_FLOAT64,
  SUTURE_FLOAT32,
  SUTURE_FLOAT16,
  SUTURE_BFLOAT16,
  SUTURE_FLOAT8_E4M3FN,
  SUTURE_FLOAT8_E5M2,
  SUTURE_FLOAT8_E4M3FNUZ,
  SUTURE_FLOAT8_E5M2FNUZ,
  SUTURE_FLOAT8_E8M0FNU,
};

// Converts `count` elements in host byte order, aligned as their format wants. `source` and `target` do not
// overlap. Returns how many finite numbers were too large: became infinite, NaN where the target has no
// infinity, or its largest number where it saturates, as torch's float8_e4m3fn does.
size_t suture_cast_floats(
    enum suture_float from, const void *source, enum suture_float to, void *target, size_t count);

#endif
