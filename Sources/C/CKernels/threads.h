// Work in numbered pieces. Each thread of the team begins with a share of its own, the same in every layer, so that what it
// wrote last is still in its caches; who is done takes from the others.
#ifndef SUTURE_THREADS_H
#define SUTURE_THREADS_H

#include <stddef.h>

#include "CThreads.h"

enum { SHARES = 64 };

// How far apart lies what two threads work in, in bytes. Processors read on where a thread reads one line after the other,
// even into what the next thread writes, and then the two take these lines from each other again and again: with no gap a
// depthwise convolution by itself takes half as long again on two threads.
enum { APART = 64 << 10 };

// Rooms are multiples of this, in bytes: more than most layers need, so that a thread works in the same place in each of them,
// which is in its caches already.
enum { ROOM = 1 << 20 };

// The bytes that so many threads work in, each in `bytes` of its own. The next one's begin behind them.
static inline ptrdiff_t room_of(int threads, ptrdiff_t bytes) { return threads * ((bytes + APART + ROOM - 1) / ROOM * ROOM); }

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
