#define _GNU_SOURCE
#include "CSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { INTERRUPTED = 130 };

// The list of files that a signal removes. The handler only follows pointers and calls unlink and _exit, which are
// async-signal-safe. A node is never freed, and its path never changes: a handler on another thread may be reading it.
struct suture_guarded {
  struct suture_guarded *next;
  atomic_bool armed;
  char path[];
};

static _Atomic(struct suture_guarded *) guarded;

int suture_errno(void) { return errno; }

int suture_rename_exclusive(const char *from, const char *to) {
  int result = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
  if (result == 0 || (errno != EINVAL && errno != ENOSYS)) return result;
  // A file system without RENAME_NOREPLACE: a hard link fails on an existing name just as atomically.
  if (link(from, to) != 0) return -1;
  return unlink(from);
}

struct suture_guarded *suture_guard_file(const char *path) {
  size_t size = strlen(path) + 1;
  struct suture_guarded *node = malloc(sizeof *node + size);
  if (!node) return NULL;
  memcpy(node->path, path, size);
  atomic_init(&node->armed, true);
  node->next = atomic_load(&guarded);
  while (!atomic_compare_exchange_weak(&guarded, &node->next, node)) {
  }
  return node;
}

void suture_forget_file(struct suture_guarded *node) {
  if (node) atomic_store(&node->armed, false);
}

static void remove_files_and_exit(int signal) {
  (void)signal;
  for (struct suture_guarded *node = atomic_load(&guarded); node; node = node->next) {
    if (atomic_load(&node->armed)) unlink(node->path);
  }
  _exit(INTERRUPTED);
}

void suture_remove_guarded_files_on_signals(void) {
  struct sigaction action = {0};
  action.sa_handler = remove_files_and_exit;
  sigfillset(&action.sa_mask);
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGHUP, &action, NULL);
}
