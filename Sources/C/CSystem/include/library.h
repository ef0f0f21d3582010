// Libraries that are opened when they are first needed: so that all else starts sooner, and works where they are not installed.
//
// A file that uses one lists the functions that it asks for, each name first, and everything else follows from that:
//
//     #define FUNCTIONS(X) X(png_error) X(png_get_io_ptr)
//     SUTURE_LIBRARY(lib, "libpng16.so.16", NULL, NULL, FUNCTIONS(SUTURE_POINTER), FUNCTIONS(SUTURE_NAME))
//
//     const char *missing = suture_open(&lib_library);    // NULL, or what is missing; then lib.png_error(…)
#pragma once

#include <stdatomic.h>
#include <stddef.h>

struct suture_library {
  const char *file;
  // The names of functions, and behind them NULL; to as many pointers.
  const char *const *names;
  void **pointers;
  // What is done before it is opened, and when it has been, or is missing: NULL for nothing. The latter gives what is missing.
  void (*prepare)(void);
  const char *(*start)(const char *missing);
  const char *missing;
  atomic_int is_settled;
};

// Opens it the first time, on whichever thread. NULL, or what the linker or `start` say, which is never freed.
const char *suture_open(struct suture_library *library);

#define SUTURE_POINTER(name, ...) __typeof__(&name) name;
#define SUTURE_NAME(name, ...) #name,
#define SUTURE_LIBRARY(lib, file, prepare, start, pointers, ...)                                                          \
  static struct { pointers } lib;                                                                                         \
  static const char *const lib##_names[] = {__VA_ARGS__ NULL};                                                            \
  static struct suture_library lib##_library = {file, lib##_names, (void **)&lib, prepare, start, NULL, 0};

// The same of a library whose functions are called by their own names: here each says the type of its answer, its parameters,
// and the same without types too.
//
//     #define FUNCTIONS(X) X(zip_fclose, int, (zip_file_t * file), (file))
//     SUTURE_LIBRARY_BY_NAME("libzip.so.4", FUNCTIONS)
#define SUTURE_CALL(name, type, parameters, arguments)                                                                    \
  type name parameters { return lib.name arguments; }
#define SUTURE_LIBRARY_BY_NAME(file, functions)                                                                           \
  SUTURE_LIBRARY(lib, file, NULL, NULL, functions(SUTURE_POINTER), functions(SUTURE_NAME))                                \
  functions(SUTURE_CALL)
