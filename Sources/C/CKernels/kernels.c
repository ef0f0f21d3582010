// Which kernels a layer runs on.
#include "kernels.h"

#include <stdatomic.h>
#include <unistd.h>

#include "words.h"

bool suture_kernels_available(suture_isa isa, suture_precision precision) {
  bool is_exact = precision == SUTURE_PRECISION_FLOAT32;
  switch (isa) {
#if defined(__x86_64__)
  case SUTURE_ISA_PLAIN: return is_exact;
  case SUTURE_ISA_AVX2: return is_exact && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  case SUTURE_ISA_AVX512: {
    bool basis = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
      && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
    return basis && (is_exact || __builtin_cpu_supports("avx512bf16"));
  }
#elif defined(__aarch64__)
  case SUTURE_ISA_NEON: return is_exact;
#else
  case SUTURE_ISA_PLAIN: return is_exact;
#endif
  default: return false;
  }
}

ptrdiff_t suture_second_cache(void) {
  static _Atomic ptrdiff_t known;
  ptrdiff_t bytes = atomic_load_explicit(&known, memory_order_relaxed);
  if (bytes) return bytes;
  // Some machines do not say; hardly one has less, and few have more than is worth counting on.
#ifdef _SC_LEVEL2_CACHE_SIZE
  bytes = sysconf(_SC_LEVEL2_CACHE_SIZE);
#endif
  bytes = bytes <= 0 ? 512 << 10 : most(least(bytes, 2 << 20), 128 << 10);
  atomic_store_explicit(&known, bytes, memory_order_relaxed);
  return bytes;
}

static const suture_kernels *kernels_of(suture_isa isa, suture_precision precision) {
#if defined(__x86_64__)
  if (isa == SUTURE_ISA_AVX512)
    return precision == SUTURE_PRECISION_BFLOAT16 ? &suture_avx512_bfloat16_kernels : &suture_avx512_kernels;
  if (isa == SUTURE_ISA_AVX2) return &suture_avx2_kernels;
#endif
  return &suture_four_kernels;
}

#define CALL(result, name, parameters, arguments)                                                                      \
  result suture_##name parameters { return kernels_of(layer->isa, layer->precision)->name arguments; }
SUTURE_KERNEL_FUNCTIONS(CALL)
