// OpenMP's threads, those that oneDNN computes with: a second team would get in their way.
//
// Clang would want a runtime of its own; these are the functions of libgomp that GCC makes of `#pragma omp parallel`.
#ifndef SUTURE_THREADS_H
#define SUTURE_THREADS_H

#include <stddef.h>

void GOMP_parallel(void (*body)(void *), void *argument, unsigned threads, unsigned flags);
void GOMP_barrier(void);
int omp_get_thread_num(void);
int omp_get_num_threads(void);

static inline void in_parallel(void (*body)(void *), void *argument, int threads) {
  GOMP_parallel(body, argument, (unsigned)threads, 0);
}
static inline void wait_for_all(void) { GOMP_barrier(); }
static inline int thread_number(void) { return omp_get_thread_num(); }
static inline int thread_count(void) { return omp_get_num_threads(); }

// Work in numbered pieces. Each thread begins with a share of its own, the same in every layer, so that what it wrote
// last is still in its caches; who is done takes from the others.
enum { SHARES = 64 };

typedef struct {
  ptrdiff_t count, shares;
  struct {
    _Alignas(64) ptrdiff_t taken;
  } share[SHARES];
} work_list;

static inline void list_work(work_list *list, ptrdiff_t count, int threads) {
  list->count = count;
  list->shares = threads < SHARES ? threads : SHARES;
  for (ptrdiff_t share = 0; share < list->shares; share++) list->share[share].taken = 0;
}

// The next piece for a thread, or -1.
static inline ptrdiff_t take_work(work_list *list, int thread) {
  for (ptrdiff_t turn = 0; turn < list->shares; turn++) {
    ptrdiff_t share = (thread + turn) % list->shares;
    ptrdiff_t start = list->count * share / list->shares, end = list->count * (share + 1) / list->shares;
    ptrdiff_t taken = __atomic_fetch_add(&list->share[share].taken, 1, __ATOMIC_RELAXED);
    if (start + taken < end) return start + taken;
  }
  return -1;
}

#endif
