#include "library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static const char *look_up(struct suture_library *library) {
  void *opened = dlopen(library->file, RTLD_NOW | RTLD_LOCAL);
  if (!opened) return strdup(dlerror());
  void **pointer = library->pointers;
  for (const char *const *name = library->names; *name; name++, pointer++) {
    if ((*pointer = dlsym(opened, *name))) continue;
    char words[200];
    snprintf(words, sizeof words, "%s has no %s", library->file, *name);
    return strdup(words);
  }
  return NULL;
}

const char *suture_open(struct suture_library *library) {
  static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  if (atomic_load_explicit(&library->is_settled, memory_order_acquire)) return library->missing;
  pthread_mutex_lock(&mutex);
  if (!atomic_load_explicit(&library->is_settled, memory_order_relaxed)) {
    if (library->prepare) library->prepare();
    library->missing = look_up(library);
    if (library->start) library->missing = library->start(library->missing);
    atomic_store_explicit(&library->is_settled, 1, memory_order_release);
  }
  pthread_mutex_unlock(&mutex);
  return library->missing;
}
