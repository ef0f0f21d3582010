// Debian's libzip, opened with the first zip archive: a process that reads other files never pays for it, nor for libcrypto
// and the compressors that come with it.
//
// Its functions are called by their own names; `suture_libzip_open` comes before the first of them.
#ifndef SUTURE_CLIBZIP_H
#define SUTURE_CLIBZIP_H

// Nobody else is to find these functions where the library's are meant: the library itself calls some of them.
#define ZIP_EXTERN __attribute__((visibility("hidden")))
#include <zip.h>

// NULL where libzip is there, otherwise what the linker says. May be called from any thread.
const char *suture_libzip_open(void);

#endif
