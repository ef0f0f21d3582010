#include "CLibzip.h"
#include "CSystem.h"

#include <pthread.h>

// What is asked of the library: the type and the name of a function, its parameters, and the same without types.
#define CALLS(X)                                                                                                          \
  X(zip_source_t *, zip_source_function_create, (zip_source_callback callback, void *state, zip_error_t *error),          \
    (callback, state, error))                                                                                             \
  X(zip_t *, zip_open_from_source, (zip_source_t * source, int flags, zip_error_t *error), (source, flags, error))        \
  X(zip_int64_t, zip_get_num_entries, (zip_t * archive, zip_flags_t flags), (archive, flags))                             \
  X(int, zip_stat_index, (zip_t * archive, zip_uint64_t index, zip_flags_t flags, zip_stat_t *stat),                      \
    (archive, index, flags, stat))                                                                                        \
  X(zip_file_t *, zip_fopen_index, (zip_t * archive, zip_uint64_t index, zip_flags_t flags), (archive, index, flags))     \
  X(zip_int64_t, zip_fread, (zip_file_t * file, void *target, zip_uint64_t count), (file, target, count))                 \
  X(int, zip_fclose, (zip_file_t * file), (file))                                                                         \
  X(zip_int16_t, zip_file_extra_fields_count, (zip_t * archive, zip_uint64_t index, zip_flags_t flags),                   \
    (archive, index, flags))                                                                                              \
  X(const char *, zip_strerror, (zip_t * archive), (archive))                                                             \
  X(int, zip_error_code_zip, (const zip_error_t *error), (error))                                                         \
  X(const char *, zip_error_strerror, (zip_error_t * error), (error))

// Those that answer nothing.
#define COMMANDS(X)                                                   \
  X(zip_source_free, (zip_source_t * source), (source))               \
  X(zip_discard, (zip_t * archive), (archive))                        \
  X(zip_stat_init, (zip_stat_t * stat), (stat))                       \
  X(zip_error_init, (zip_error_t * error), (error))                   \
  X(zip_error_fini, (zip_error_t * error), (error))

#define DECLARE_CALL(type, name, ...) __typeof__(&name) name;
#define DECLARE_COMMAND(name, ...) __typeof__(&name) name;
static struct { CALLS(DECLARE_CALL) COMMANDS(DECLARE_COMMAND) } lib;
#define NAME_CALL(type, name, ...) #name,
#define NAME_COMMAND(name, ...) #name,
static const char *const names[] = {CALLS(NAME_CALL) COMMANDS(NAME_COMMAND) NULL};

static const char *missing;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static void open_library(void) { missing = suture_open_library("libzip.so.4", names, (void **)&lib); }

const char *suture_libzip_open(void) {
  pthread_once(&once, open_library);
  return missing;
}

#define CALL(type, name, parameters, arguments) \
  type name parameters { return lib.name arguments; }
CALLS(CALL)
#define COMMAND(name, parameters, arguments) \
  void name parameters { lib.name arguments; }
COMMANDS(COMMAND)
