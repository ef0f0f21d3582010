// Starting a command of the shell. A signal that this process ignores is not to be ignored there.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "CSystem.h"

extern char **environ;

static _Atomic int reader = 0;

void suture_forget_reader(void) { atomic_store(&reader, 0); }

int suture_reader_runs(void) {
  int process = atomic_load(&reader);
  if (process == 0) return 0;
  siginfo_t found = {0};
  // It stays for whoever waits for it.
  int result = waitid(P_PID, (id_t)process, &found, WEXITED | WNOHANG | WNOWAIT);
  return result == 0 && found.si_pid == 0;
}

int suture_make_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int suture_start_reader(const char *command, int input) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  int error = posix_spawn_file_actions_init(&actions);
  if (error) {
    errno = error;
    return -1;
  }
  error = posix_spawnattr_init(&attributes);
  if (!error) {
    sigset_t none, usual;
    sigemptyset(&none);
    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE);
    sigaddset(&usual, SIGINT);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawn_file_actions_adddup2(&actions, input, 0);
    char *const words[] = {"sh", "-c", (char *)command, NULL};
    pid_t process = 0;
    error = posix_spawn(&process, "/bin/sh", &actions, &attributes, words, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (!error) {
      atomic_store(&reader, process);
      return process;
    }
  } else {
    posix_spawn_file_actions_destroy(&actions);
  }
  errno = error;
  return -1;
}
