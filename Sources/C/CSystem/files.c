#define _GNU_SOURCE
#include "CSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <linux/fs.h>

enum { INTERRUPTED = 130 };

enum { IDLE, CLAIMED, ARMED };

// The list of files that a signal removes. The handler only follows pointers and calls unlink and _exit, which are
// async-signal-safe. A node is never freed, since a handler on another thread may be reading it; one that is idle is used
// again, and while its path changes it is empty.
struct suture_guarded {
  struct suture_guarded *next;
  size_t capacity;
  atomic_int state;
  char path[];
};

static _Atomic(struct suture_guarded *) guarded;

// How many threads are doing something that a signal may not cut in two.
static atomic_int holding;

int suture_errno(void) { return errno; }

static _Thread_local sigset_t mask_before;

void suture_hold_signals(void) {
  // The thread that holds them must not run the handler: it would wait for itself.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &mask_before);
  atomic_fetch_add(&holding, 1);
}

void suture_release_signals(void) {
  atomic_fetch_sub(&holding, 1);
  pthread_sigmask(SIG_SETMASK, &mask_before, NULL);
}

void suture_return_freed_memory(void) { malloc_trim(0); }

void suture_keep_freed_memory(void) {
  // As large as the allocator takes it; larger blocks go back to the system all the same.
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
}

void suture_use_large_pages(void) {
  enum { room = 512 << 20, usual = 128 << 10, least = 1 << 20, page = 2 << 20 };
  // Setting one of these keeps the allocator from raising the others by itself, as it would with the first large block.
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  // More than the room: what is given back below comes again as small pages.
  mallopt(M_TRIM_THRESHOLD, 2 * room);
  mallopt(M_TOP_PAD, room);
  char *first = malloc(least);
  mallopt(M_TOP_PAD, usual);
  char *end = sbrk(0);
  // Of an allocator that has its memory elsewhere, as that of a sanitizer, nothing is asked.
  if (first && end > first && end - first <= room + 2 * least) {
    char *start = (char *)(((uintptr_t)first + page - 1) & ~(uintptr_t)(page - 1));
    if (end > start) madvise(start, (size_t)(end - start), MADV_HUGEPAGE);
  }
  free(first);
}

int suture_rename_exclusive(const char *from, const char *to) {
  int result = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
  if (result == 0 || (errno != EINVAL && errno != ENOSYS)) return result;
  // A file system without RENAME_NOREPLACE: a hard link fails on an existing name just as atomically.
  if (link(from, to) != 0) return -1;
  return unlink(from);
}

static struct suture_guarded *claim(size_t size) {
  for (struct suture_guarded *node = atomic_load(&guarded); node; node = node->next) {
    int idle = IDLE;
    if (node->capacity >= size && atomic_compare_exchange_strong(&node->state, &idle, CLAIMED)) return node;
  }
  struct suture_guarded *node = calloc(1, sizeof *node + size);
  if (!node) return NULL;
  node->capacity = size;
  atomic_init(&node->state, CLAIMED);
  node->next = atomic_load(&guarded);
  while (!atomic_compare_exchange_weak(&guarded, &node->next, node)) {
  }
  return node;
}

struct suture_guarded *suture_guard_file(const char *path) {
  size_t size = strlen(path) + 1;
  struct suture_guarded *node = claim(size);
  if (!node) return NULL;
  memcpy(node->path + 1, path + 1, size - 1);
  atomic_thread_fence(memory_order_seq_cst);
  node->path[0] = path[0];
  atomic_store(&node->state, ARMED);
  return node;
}

void suture_forget_file(struct suture_guarded *node) {
  if (!node) return;
  node->path[0] = 0;
  atomic_store(&node->state, IDLE);
}

int suture_make_guarded_file(char *template, struct suture_guarded **file) {
  // Without this a signal might come while the file is there and not yet on the list.
  suture_hold_signals();
  int descriptor = mkostemp(template, O_CLOEXEC);
  if (descriptor >= 0) *file = suture_guard_file(template);
  int reason = errno;
  suture_release_signals();
  errno = reason;
  return descriptor;
}

int suture_share_range(int from, long long offset, long long count, int to, long long at) {
  struct file_clone_range range = {
      .src_fd = from, .src_offset = (unsigned long long)offset, .src_length = (unsigned long long)count,
      .dest_offset = (unsigned long long)at};
  return ioctl(to, FICLONERANGE, &range);
}

// What the handler says before it ends the process.
static char last_words[4096];
static atomic_size_t last_words_length;

void suture_say_on_signals(const char *text) {
  // A handler that comes meanwhile says nothing.
  atomic_store(&last_words_length, 0);
  if (!text) return;
  size_t length = strlen(text);
  if (length > sizeof last_words) length = sizeof last_words;
  memcpy(last_words, text, length);
  atomic_store(&last_words_length, length);
}

// What brings a terminal to the start of an empty line; NULL where nobody looks at one.
static const char *line_start;

static int say(const char *text, size_t length) { return write(2, text, length) == (ssize_t)length; }

static void remove_files_and_exit(int signal) {
  int before = errno;
  if (signal == SIGINT && suture_reader_runs()) {
    errno = before;
    return;
  }
  while (atomic_load(&holding) > 0) {
    const struct timespec moment = {0, 1000000};
    nanosleep(&moment, NULL);
  }
  for (struct suture_guarded *node = atomic_load(&guarded); node; node = node->next) {
    if (atomic_load(&node->state) == ARMED) unlink(node->path);
  }
  size_t length = atomic_load(&last_words_length);
  // On a terminal ^C stands behind half a line of progress: one line is to be left, and the shell's prompt below it.
  if (line_start && !say(line_start, strlen(line_start))) _exit(INTERRUPTED);
  if (length > 0) {
    say(last_words, length);
  } else if (line_start) {
    say("interrupted\n", 12);
  }
  _exit(INTERRUPTED);
}

void suture_remove_guarded_files_on_signals(void) {
  if (isatty(2)) {
    const char *terminal = getenv("TERM");
    line_start = terminal && *terminal && strcmp(terminal, "dumb") != 0 ? "\r\033[K" : "\n";
  }
  struct sigaction action = {0};
  action.sa_handler = remove_files_and_exit;
  sigfillset(&action.sa_mask);
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  // Whoever started this with nohup wants it to outlive the terminal.
  struct sigaction before;
  if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler == SIG_IGN) return;
  sigaction(SIGHUP, &action, NULL);
}
