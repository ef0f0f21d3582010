#include <oneapi/dnnl/dnnl.h>

// OpenMP's own, from libgomp, which oneDNN computes with; its header lies in GCC's folder, where Clang does not look.
int omp_get_max_threads(void);
void omp_set_num_threads(int);
