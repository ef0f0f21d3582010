#include "CPeak.h"

// Sixteen sums that do not wait for each other: more than latency times units of any processor so far.
#define SUMS 16

// Nobody reads it: it keeps the sums from being left out.
static _Thread_local volatile float sink;

// Hides from the compiler what a vector holds: it leaves out a sum that it can see does not change, and one of sixteen
// left out makes the peak look 7 % higher than it is.
#if defined(__aarch64__)
#define HIDE(vector) __asm__ volatile("" : "+w"(vector))
#else
#define HIDE(vector) __asm__ volatile("" : "+v"(vector))
#endif

// Every processor's: a product and a sum where it has no instruction that does both.
static double float32_four(int64_t rounds) {
  typedef float vector __attribute__((vector_size(16)));
  enum { FOURS = 12 };
  vector sums[FOURS], a = {0.999f, 0.999f, 0.999f, 0.999f}, b = {1e-3f, 1e-3f, 1e-3f, 1e-3f};
  for (int i = 0; i < FOURS; i++) sums[i] = b * (float)i;
  for (int64_t round = 0; round < rounds; round++) {
    HIDE(a);
    HIDE(b);
#pragma GCC unroll 12
    for (int i = 0; i < FOURS; i++) sums[i] = sums[i] * a + b;
  }
  for (int i = 0; i < FOURS; i++) sink = sums[i][0];
  return (double)rounds * FOURS * 4 * 2;
}

#if defined(__x86_64__)
#include <immintrin.h>

__attribute__((target("avx512f"))) static double float32_avx512(int64_t rounds) {
  __m512 sums[SUMS], a = _mm512_set1_ps(0.999f), b = _mm512_set1_ps(1e-3f);
  for (int i = 0; i < SUMS; i++) sums[i] = _mm512_set1_ps((float)i);
  for (int64_t round = 0; round < rounds; round++) {
    HIDE(a);
    HIDE(b);
#pragma clang loop unroll(full)
    for (int i = 0; i < SUMS; i++) sums[i] = _mm512_fmadd_ps(sums[i], a, b);
  }
  for (int i = 0; i < SUMS; i++) sink = _mm512_reduce_add_ps(sums[i]);
  return (double)rounds * SUMS * 16 * 2;
}

__attribute__((target("avx2,fma"))) static double float32_avx2(int64_t rounds) {
  // Sixteen registers hold twelve sums and two factors.
  __m256 sums[12], a = _mm256_set1_ps(0.999f), b = _mm256_set1_ps(1e-3f);
  for (int i = 0; i < 12; i++) sums[i] = _mm256_set1_ps((float)i);
  for (int64_t round = 0; round < rounds; round++) {
    HIDE(a);
    HIDE(b);
#pragma clang loop unroll(full)
    for (int i = 0; i < 12; i++) sums[i] = _mm256_fmadd_ps(sums[i], a, b);
  }
  for (int i = 0; i < 12; i++) sink = _mm256_cvtss_f32(sums[i]);
  return (double)rounds * 12 * 8 * 2;
}

__attribute__((target("avx512f,avx512bf16"))) static double bfloat16_avx512(int64_t rounds) {
  __m512 sums[SUMS];
  __m512bh a = (__m512bh)_mm512_set1_epi16(0x3C00), b = (__m512bh)_mm512_set1_epi16(0x3C00);
  for (int i = 0; i < SUMS; i++) sums[i] = _mm512_set1_ps((float)i);
  for (int64_t round = 0; round < rounds; round++) {
    HIDE(a);
    HIDE(b);
#pragma clang loop unroll(full)
    for (int i = 0; i < SUMS; i++) sums[i] = _mm512_dpbf16_ps(sums[i], a, b);
  }
  for (int i = 0; i < SUMS; i++) sink = _mm512_reduce_add_ps(sums[i]);
  return (double)rounds * SUMS * 32 * 2;
}

double suture_peak_float32(int64_t rounds, int lanes) {
  if (lanes == 16) return __builtin_cpu_supports("avx512f") ? float32_avx512(rounds) : 0;
  if (lanes == 8)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? float32_avx2(rounds) : 0;
  return float32_four(rounds);
}

double suture_peak_bfloat16(int64_t rounds) {
  return __builtin_cpu_supports("avx512bf16") ? bfloat16_avx512(rounds) : 0;
}
#else
double suture_peak_float32(int64_t rounds, int lanes) { return lanes == 4 ? float32_four(rounds) : 0; }
double suture_peak_bfloat16(int64_t rounds) { return 0; }
#endif
