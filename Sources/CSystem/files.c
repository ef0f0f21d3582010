#define _GNU_SOURCE
#include "CSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SLOTS = 256, INTERRUPTED = 130 };

// A slot holds a path that this file owns. The handler only reads the pointers and calls unlink and
// _exit, which are async-signal-safe. A forgotten path is leaked, not freed: a handler on another
// thread may be reading it.
static _Atomic(char *) guarded[SLOTS];

int suture_errno(void) { return errno; }

int suture_rename_exclusive(const char *from, const char *to) {
  int result = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
  if (result == 0 || (errno != EINVAL && errno != ENOSYS)) return result;
  // A file system without RENAME_NOREPLACE: a hard link fails on an existing name just as atomically.
  if (link(from, to) != 0) return -1;
  return unlink(from);
}

int suture_guard_file(const char *path) {
  char *copy = strdup(path);
  if (!copy) return -1;
  for (int slot = 0; slot < SLOTS; slot++) {
    char *empty = NULL;
    if (atomic_compare_exchange_strong(&guarded[slot], &empty, copy)) return slot;
  }
  free(copy);
  return -1;
}

void suture_forget_file(int slot) {
  if (slot >= 0 && slot < SLOTS) atomic_store(&guarded[slot], NULL);
}

static void remove_files_and_exit(int signal) {
  (void)signal;
  for (int slot = 0; slot < SLOTS; slot++) {
    char *path = atomic_load(&guarded[slot]);
    if (path) unlink(path);
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
