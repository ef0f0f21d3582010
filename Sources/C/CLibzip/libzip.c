#include "CLibzip.h"
#include "library.h"

#define FUNCTIONS(X)                                                                                                      \
  X(zip_source_function_create, zip_source_t *, (zip_source_callback callback, void *state, zip_error_t *error),          \
    (callback, state, error))                                                                                             \
  X(zip_open_from_source, zip_t *, (zip_source_t * source, int flags, zip_error_t *error), (source, flags, error))        \
  X(zip_get_num_entries, zip_int64_t, (zip_t * archive, zip_flags_t flags), (archive, flags))                             \
  X(zip_stat_index, int, (zip_t * archive, zip_uint64_t index, zip_flags_t flags, zip_stat_t *stat),                      \
    (archive, index, flags, stat))                                                                                        \
  X(zip_fopen_index, zip_file_t *, (zip_t * archive, zip_uint64_t index, zip_flags_t flags), (archive, index, flags))     \
  X(zip_fread, zip_int64_t, (zip_file_t * file, void *target, zip_uint64_t count), (file, target, count))                 \
  X(zip_fclose, int, (zip_file_t * file), (file))                                                                         \
  X(zip_file_extra_fields_count, zip_int16_t, (zip_t * archive, zip_uint64_t index, zip_flags_t flags),                   \
    (archive, index, flags))                                                                                              \
  X(zip_strerror, const char *, (zip_t * archive), (archive))                                                             \
  X(zip_error_code_zip, int, (const zip_error_t *error), (error))                                                         \
  X(zip_error_strerror, const char *, (zip_error_t * error), (error))                                                     \
  X(zip_source_free, void, (zip_source_t * source), (source))                                                             \
  X(zip_discard, void, (zip_t * archive), (archive))                                                                      \
  X(zip_stat_init, void, (zip_stat_t * stat), (stat))                                                                     \
  X(zip_error_init, void, (zip_error_t * error), (error))                                                                 \
  X(zip_error_fini, void, (zip_error_t * error), (error))

SUTURE_LIBRARY_BY_NAME("libzip.so.4", FUNCTIONS)

const char *suture_libzip_open(void) { return suture_open(&lib_library); }
