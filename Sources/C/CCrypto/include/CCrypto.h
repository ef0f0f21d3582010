// Debian's libcrypto, opened when the first SHA-256 is asked for: most commands never do, and loading it takes longer than
// what they do with a small file.
#ifndef SUTURE_CCRYPTO_H
#define SUTURE_CCRYPTO_H

#include <stddef.h>
#include <stdint.h>

// NULL where libcrypto is there, otherwise what the linker says. May be called from any thread, and comes first.
const char *suture_crypto_open(void);

// A SHA-256 that is being computed; NULL where libcrypto does not give one.
struct suture_sha256;
struct suture_sha256 *suture_sha256_make(void);
void suture_sha256_free(struct suture_sha256 *sum);

void suture_sha256_update(struct suture_sha256 *sum, const void *bytes, size_t count);

// The sum of all bytes so far, after which there can be no more.
void suture_sha256_finish(struct suture_sha256 *sum, uint8_t digest[32]);

#endif
