#ifndef SUTURE_NORM_H
#define SUTURE_NORM_H

// Two vectors at a time: with one, each addition would wait for that before it.
enum { ABREAST = 2, STEP = LANES * ABREAST };

typedef struct {
  vector sums[ABREAST], squares[ABREAST];
} moments;

// Adds what `count` floats, STEP or fewer, deviate from `middle`, and the squares of that.
INLINE void add_moments(moments *m, const float *x, ptrdiff_t count, vector middle) {
  for (int i = 0; i < ABREAST; i++) {
    part there = part_of(count - i * LANES);
    vector deviation = keep(there, load_part(there, x + i * LANES) - middle);
    m->sums[i] = m->sums[i] + deviation;
    m->squares[i] = fma_of(deviation, deviation, m->squares[i]);
  }
}

INLINE moments moments_of(const float *x, ptrdiff_t channels, vector middle) {
  moments m;
  for (int i = 0; i < ABREAST; i++) m.sums[i] = m.squares[i] = every(0);
  ptrdiff_t c = 0;
  for (; c + STEP <= channels; c += STEP) add_moments(&m, x + c, STEP, middle);
  if (c < channels) add_moments(&m, x + c, channels - c, middle);
  return m;
}

INLINE void scale_by(const float *x, ptrdiff_t count, vector middle, vector shift, vector scale, float *to) {
  for (int i = 0; i < ABREAST; i++) {
    part there = part_of(count - i * LANES);
    vector deviation = load_part(there, x + i * LANES) - middle;
    store_part(to + i * LANES, there, (deviation - shift) * scale);
  }
}

// Normalises the channels of one pixel.
//
// The mean is found in two steps, the second from what the first left: where it is large beside the deviations, one
// float32 is too short for it.
static void normalize(const float *x, ptrdiff_t channels, float epsilon, float *to) {
  float share = 1 / (float)channels;
  moments m = moments_of(x, channels, every(0));
  vector middle = every(total(m.sums[0] + m.sums[1]) * share);
  m = moments_of(x, channels, middle);
  float left = total(m.sums[0] + m.sums[1]) * share;
  float variance = total(m.squares[0] + m.squares[1]) * share - left * left;
  vector shift = every(left), scale = every(1 / __builtin_sqrtf(variance + epsilon));
  ptrdiff_t c = 0;
  for (; c + STEP <= channels; c += STEP) scale_by(x + c, STEP, middle, shift, scale, to + c);
  if (c < channels) scale_by(x + c, channels - c, middle, shift, scale, to + c);
}

#endif
