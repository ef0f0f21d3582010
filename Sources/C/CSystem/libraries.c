#include "CSystem.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

const char *suture_open_library(const char *name, const char *const *functions, void **pointers) {
  void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (!library) return strdup(dlerror());
  for (; *functions; functions++, pointers++) {
    if ((*pointers = dlsym(library, *functions))) continue;
    char words[200];
    snprintf(words, sizeof words, "%s has no %s", name, *functions);
    return strdup(words);
  }
  return NULL;
}
