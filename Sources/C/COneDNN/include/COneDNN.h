// Debian's oneDNN, opened when the first network is compiled: a machine without it reads and edits checkpoints as before, and
// a process that runs no network never pays for it.
//
// Its functions are called by their own names; `suture_onednn_open` comes before the first of them.
#ifndef SUTURE_CONEDNN_H
#define SUTURE_CONEDNN_H

#include <oneapi/dnnl/dnnl.h>

// NULL where oneDNN is there, otherwise what the linker says. May be called from any thread.
const char *suture_onednn_open(void);

// How many threads oneDNN uses for what the calling thread asks of it: those of OpenMP.
int suture_onednn_threads(void);
void suture_onednn_set_threads(int count);

#endif
