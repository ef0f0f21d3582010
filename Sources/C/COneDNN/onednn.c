#include "COneDNN.h"
#include "library.h"

#include <stdlib.h>
#include <string.h>

// OpenMP's own, from GNU's libgomp, which comes with oneDNN; its header lies in GCC's folder, where Clang does not look.
int omp_get_max_threads(void);
void omp_set_num_threads(int);

// What is asked of the library: the name of a function, its parameters, and the same without types.
#define CALLS(X)                                                                                                          \
  X(dnnl_engine_create, (dnnl_engine_t *e, dnnl_engine_kind_t kind, size_t index), (e, kind, index))                      \
  X(dnnl_engine_destroy, (dnnl_engine_t e), (e))                                                                          \
  X(dnnl_stream_create, (dnnl_stream_t *s, dnnl_engine_t e, unsigned flags), (s, e, flags))                               \
  X(dnnl_stream_destroy, (dnnl_stream_t s), (s))                                                                          \
  X(dnnl_memory_create, (dnnl_memory_t *m, const dnnl_memory_desc_t *d, dnnl_engine_t e, void *data), (m, d, e, data))    \
  X(dnnl_memory_destroy, (dnnl_memory_t m), (m))                                                                          \
  X(dnnl_memory_desc_init_by_tag,                                                                                         \
    (dnnl_memory_desc_t *d, int rank, const dnnl_dims_t dims, dnnl_data_type_t type, dnnl_format_tag_t tag),              \
    (d, rank, dims, type, tag))                                                                                           \
  X(dnnl_memory_desc_init_by_strides,                                                                                     \
    (dnnl_memory_desc_t *d, int rank, const dnnl_dims_t dims, dnnl_data_type_t type, const dnnl_dims_t strides),          \
    (d, rank, dims, type, strides))                                                                                       \
  X(dnnl_post_ops_create, (dnnl_post_ops_t *o), (o))                                                                      \
  X(dnnl_post_ops_destroy, (dnnl_post_ops_t o), (o))                                                                      \
  X(dnnl_post_ops_append_sum, (dnnl_post_ops_t o, float scale), (o, scale))                                               \
  X(dnnl_post_ops_append_eltwise, (dnnl_post_ops_t o, float scale, dnnl_alg_kind_t kind, float alpha, float beta),        \
    (o, scale, kind, alpha, beta))                                                                                        \
  X(dnnl_primitive_attr_create, (dnnl_primitive_attr_t *a), (a))                                                          \
  X(dnnl_primitive_attr_destroy, (dnnl_primitive_attr_t a), (a))                                                          \
  X(dnnl_primitive_attr_set_scratchpad_mode, (dnnl_primitive_attr_t a, dnnl_scratchpad_mode_t mode), (a, mode))           \
  X(dnnl_primitive_attr_set_post_ops, (dnnl_primitive_attr_t a, const_dnnl_post_ops_t o), (a, o))                         \
  X(dnnl_primitive_attr_set_output_scales, (dnnl_primitive_attr_t a, dnnl_dim_t count, int mask, const float *scales),    \
    (a, count, mask, scales))                                                                                             \
  X(dnnl_primitive_desc_create,                                                                                           \
    (dnnl_primitive_desc_t *d, const_dnnl_op_desc_t operation, const_dnnl_primitive_attr_t a, dnnl_engine_t e,            \
     const_dnnl_primitive_desc_t hint),                                                                                   \
    (d, operation, a, e, hint))                                                                                           \
  X(dnnl_primitive_desc_destroy, (dnnl_primitive_desc_t d), (d))                                                          \
  X(dnnl_primitive_create, (dnnl_primitive_t *p, const_dnnl_primitive_desc_t d), (p, d))                                  \
  X(dnnl_primitive_destroy, (dnnl_primitive_t p), (p))                                                                    \
  X(dnnl_primitive_execute, (const_dnnl_primitive_t p, dnnl_stream_t s, int count, const dnnl_exec_arg_t *arguments),     \
    (p, s, count, arguments))                                                                                             \
  X(dnnl_reorder_primitive_desc_create,                                                                                   \
    (dnnl_primitive_desc_t *d, const dnnl_memory_desc_t *from, dnnl_engine_t source, const dnnl_memory_desc_t *to,        \
     dnnl_engine_t target, const_dnnl_primitive_attr_t a),                                                                \
    (d, from, source, to, target, a))                                                                                     \
  X(dnnl_binary_desc_init,                                                                                                \
    (dnnl_binary_desc_t *d, dnnl_alg_kind_t kind, const dnnl_memory_desc_t *one, const dnnl_memory_desc_t *other,         \
     const dnnl_memory_desc_t *to),                                                                                       \
    (d, kind, one, other, to))                                                                                            \
  X(dnnl_matmul_desc_init,                                                                                                \
    (dnnl_matmul_desc_t *d, const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *weights,                            \
     const dnnl_memory_desc_t *bias, const dnnl_memory_desc_t *to),                                                       \
    (d, from, weights, bias, to))                                                                                         \
  X(dnnl_softmax_forward_desc_init,                                                                                       \
    (dnnl_softmax_desc_t *d, dnnl_prop_kind_t mode, const dnnl_memory_desc_t *data, int axis), (d, mode, data, axis))     \
  X(dnnl_layer_normalization_forward_desc_init,                                                                           \
    (dnnl_layer_normalization_desc_t *d, dnnl_prop_kind_t mode, const dnnl_memory_desc_t *data,                           \
     const dnnl_memory_desc_t *statistics, float epsilon, unsigned flags),                                                \
    (d, mode, data, statistics, epsilon, flags))                                                                          \
  X(dnnl_pooling_forward_desc_init,                                                                                       \
    (dnnl_pooling_desc_t *d, dnnl_prop_kind_t mode, dnnl_alg_kind_t kind, const dnnl_memory_desc_t *from,                 \
     const dnnl_memory_desc_t *to, const dnnl_dims_t strides, const dnnl_dims_t kernel, const dnnl_dims_t left,           \
     const dnnl_dims_t right),                                                                                            \
    (d, mode, kind, from, to, strides, kernel, left, right))                                                              \
  X(dnnl_dilated_convolution_forward_desc_init,                                                                           \
    (dnnl_convolution_desc_t *d, dnnl_prop_kind_t mode, dnnl_alg_kind_t kind, const dnnl_memory_desc_t *from,             \
     const dnnl_memory_desc_t *weights, const dnnl_memory_desc_t *bias, const dnnl_memory_desc_t *to,                     \
     const dnnl_dims_t strides, const dnnl_dims_t dilates, const dnnl_dims_t left, const dnnl_dims_t right),              \
    (d, mode, kind, from, weights, bias, to, strides, dilates, left, right))                                              \
  X(dnnl_deconvolution_forward_desc_init,                                                                                 \
    (dnnl_deconvolution_desc_t *d, dnnl_prop_kind_t mode, dnnl_alg_kind_t kind, const dnnl_memory_desc_t *from,           \
     const dnnl_memory_desc_t *weights, const dnnl_memory_desc_t *bias, const dnnl_memory_desc_t *to,                     \
     const dnnl_dims_t strides, const dnnl_dims_t left, const dnnl_dims_t right),                                         \
    (d, mode, kind, from, weights, bias, to, strides, left, right))

// Those that answer with something else than a status.
#define OTHERS(X)                                                                                                         \
  X(dnnl_memory_desc_get_size) X(dnnl_memory_desc_equal) X(dnnl_primitive_desc_query_md) X(dnnl_set_max_cpu_isa)          \
  X(omp_get_max_threads) X(omp_set_num_threads)

static void prepare(void);
static const char *start(const char *missing);
SUTURE_LIBRARY(lib, "libdnnl.so.2", prepare, start, CALLS(SUTURE_POINTER) OTHERS(SUTURE_POINTER),
  CALLS(SUTURE_NAME) OTHERS(SUTURE_NAME))

// GNU's OpenMP lets a thread that waits spin for milliseconds, in which one that lost its processor to another program, or
// to threads of ours, cannot go on. It reads the setting when it is loaded, which is now; some tens of microseconds will do.
static const char *const setting = "GOMP_SPINCOUNT";
static int is_ours;

static void prepare(void) {
  is_ours = !getenv(setting) && !getenv("OMP_WAIT_POLICY");
  if (is_ours) setenv(setting, "5000", 1);
}

static const char *start(const char *missing) {
  if (is_ours) unsetenv(setting);
  if (missing) return missing;
  // It may not use wider vectors than kernels of ours that are asked for by name.
  const char *asked = getenv("SUTURE_ISA");
  if (asked && strcmp(asked, "avx2") == 0) lib.dnnl_set_max_cpu_isa(dnnl_cpu_isa_avx2);
  if (asked && strcmp(asked, "plain") == 0) lib.dnnl_set_max_cpu_isa(dnnl_cpu_isa_sse41);
  return NULL;
}

const char *suture_onednn_open(void) { return suture_open(&lib_library); }

// Nobody else is to find these functions where the library's are meant: the library itself calls some of them.
#define HERE __attribute__((visibility("hidden")))
#define CALL(name, parameters, arguments)                                                                                 \
  HERE dnnl_status_t name parameters { return lib.name arguments; }
CALLS(CALL)

HERE size_t dnnl_memory_desc_get_size(const dnnl_memory_desc_t *d) { return lib.dnnl_memory_desc_get_size(d); }

HERE int dnnl_memory_desc_equal(const dnnl_memory_desc_t *one, const dnnl_memory_desc_t *other) {
  return lib.dnnl_memory_desc_equal(one, other);
}

HERE const dnnl_memory_desc_t *dnnl_primitive_desc_query_md(const_dnnl_primitive_desc_t d, dnnl_query_t what, int index) {
  return lib.dnnl_primitive_desc_query_md(d, what, index);
}

int suture_onednn_threads(void) { return lib.omp_get_max_threads(); }

void suture_onednn_set_threads(int count) { lib.omp_set_num_threads(count); }
