#define _GNU_SOURCE
#include "CThreads.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// How long a thread looks again before it sleeps: longer than a wait within a layer, shorter than what another program on
// the same processor would feel.
enum { SPIN_NANOSECONDS = 30000, LOOKS_BETWEEN_CLOCKS = 32 };

static void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static int64_t nanoseconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static void sleep_while(_Atomic uint32_t *word, uint32_t value) {
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void wake(_Atomic uint32_t *word, int count) { syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0); }

// The highest bit of a word says that someone sleeps until it changes.
#define SLEEPS 0x80000000u

// Returns when the word without that bit is no longer `value`; gives what it is then.
static uint32_t wait_until_not(_Atomic uint32_t *word, uint32_t value) {
  int64_t end = 0;
  for (int looks = 0;; looks++) {
    uint32_t found = atomic_load_explicit(word, memory_order_acquire);
    if ((found & ~SLEEPS) != value) return found & ~SLEEPS;
    relax();
    if (looks % LOOKS_BETWEEN_CLOCKS) continue;
    int64_t time = nanoseconds();
    if (!end) end = time + SPIN_NANOSECONDS;
    if (time >= end) break;
  }
  while (1) {
    uint32_t found = atomic_load_explicit(word, memory_order_acquire);
    if ((found & ~SLEEPS) != value) return found & ~SLEEPS;
    if (found & SLEEPS || atomic_compare_exchange_weak(word, &found, found | SLEEPS)) sleep_while(word, value | SLEEPS);
  }
}

// Gives the word another value, and wakes who sleeps on it.
static void change(_Atomic uint32_t *word, uint32_t value) {
  if (atomic_exchange(word, value) & SLEEPS) wake(word, INT_MAX);
}

struct team {
  void (*body)(void *);
  void *argument;
  int count;
  // Members that have not done their part, but for member 0.
  _Alignas(64) _Atomic uint32_t busy;
  // How many have come to the wait, and how many waits are over.
  _Alignas(64) _Atomic uint32_t arrived;
  _Alignas(64) _Atomic uint32_t waits;
};

static _Thread_local struct team *own_team;
static _Thread_local int own_number;

int suture_team_member(void) { return own_team ? own_number : 0; }
int suture_team_count(void) { return own_team ? own_team->count : 1; }

void suture_team_wait(void) {
  struct team *team = own_team;
  if (!team || team->count == 1) return;
  uint32_t before = atomic_load_explicit(&team->waits, memory_order_relaxed) & ~SLEEPS;
  if (atomic_fetch_add(&team->arrived, 1) + 1 == (uint32_t)team->count) {
    atomic_store_explicit(&team->arrived, 0, memory_order_relaxed);
    change(&team->waits, (before + 1) & ~SLEEPS);
  } else {
    wait_until_not(&team->waits, before);
  }
}

// A thread of the pool. A new number of `job` is a new job for it.
struct worker {
  _Alignas(64) _Atomic uint32_t job;
  struct team *team;
  int number;
  struct worker *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
// Those without work; who worked last is first, since it may still be awake.
static struct worker *idle;

static void *live(void *argument) {
  struct worker *worker = argument;
  for (uint32_t job = 0;;) {
    job = wait_until_not(&worker->job, job);
    struct team *team = worker->team;
    own_team = team;
    own_number = worker->number;
    team->body(team->argument);
    own_team = NULL;
    // Afterwards the team may be no more: who waits for it is woken by its address alone.
    uint32_t left = atomic_fetch_sub(&team->busy, 1);
    if (left == (SLEEPS | 1)) wake(&team->busy, 1);
  }
  return NULL;
}

// A system that packs threads onto few processors, as those of virtual machines may, lets a new thread wait behind the one that
// started it, which has work of its own, for milliseconds while another processor has none. This puts it on another; from there
// on it runs wherever the system likes.
static void send_away(pthread_t thread) {
  cpu_set_t all, others;
  int own = sched_getcpu();
  if (own < 0 || sched_getaffinity(0, sizeof all, &all) != 0) return;
  others = all;
  CPU_CLR(own, &others);
  if (CPU_COUNT(&others) == 0) return;
  pthread_setaffinity_np(thread, sizeof others, &others);
  pthread_setaffinity_np(thread, sizeof all, &all);
}

static struct worker *start_worker(void) {
  struct worker *worker = aligned_alloc(_Alignof(struct worker), sizeof(struct worker));
  if (!worker) return NULL;
  memset(worker, 0, sizeof *worker);
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) {
    free(worker);
    return NULL;
  }
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  // Signals are for the threads that the program started itself.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  pthread_t thread;
  int failed = pthread_create(&thread, &attributes, live, worker);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  if (failed) {
    free(worker);
    return NULL;
  }
  send_away(thread);
  return worker;
}

static struct worker *take_worker(void) {
  pthread_mutex_lock(&lock);
  struct worker *worker = idle;
  if (worker) idle = worker->next;
  pthread_mutex_unlock(&lock);
  return worker ? worker : start_worker();
}

void suture_team_run(void (*body)(void *), void *argument, int size) {
  struct team team = {.body = body, .argument = argument, .count = 1};
  struct team *outer = own_team;
  int outer_number = own_number;
  struct worker *workers = NULL, *last = NULL;
  // Within a team every processor has its work already.
  bool is_inner = outer && outer->count > 1;
  while (!is_inner && team.count < size) {
    struct worker *worker = take_worker();
    if (!worker) break;
    worker->next = workers;
    if (!workers) last = worker;
    workers = worker;
    worker->team = &team;
    worker->number = team.count++;
  }
  atomic_store(&team.busy, (uint32_t)(team.count - 1));
  for (struct worker *worker = workers; worker; worker = worker->next) {
    uint32_t job = atomic_load_explicit(&worker->job, memory_order_relaxed) & ~SLEEPS;
    change(&worker->job, (job + 1) & ~SLEEPS);
  }
  own_team = &team;
  own_number = 0;
  body(argument);
  own_team = outer;
  own_number = outer_number;
  for (uint32_t busy = (uint32_t)(team.count - 1); busy;) busy = wait_until_not(&team.busy, busy);
  if (!workers) return;
  pthread_mutex_lock(&lock);
  last->next = idle;
  idle = workers;
  pthread_mutex_unlock(&lock);
}

int suture_processor_count(void) {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

int suture_team_size(void) {
  const char *asked = getenv("OMP_NUM_THREADS");
  if (asked) {
    // A list has a number for each level; ours is the first.
    char *end = NULL;
    errno = 0;
    long count = strtol(asked, &end, 10);
    if (end != asked && errno == 0 && count > 0 && count <= 1024 && (*end == 0 || *end == ',')) return (int)count;
  }
  return suture_processor_count();
}
