#include "CCrypto.h"
#include "library.h"

#include <openssl/evp.h>

#define FUNCTIONS(X) \
  X(EVP_MD_CTX_new) X(EVP_MD_CTX_free) X(EVP_DigestInit_ex) X(EVP_DigestUpdate) X(EVP_DigestFinal_ex) X(EVP_sha256)

SUTURE_LIBRARY(lib, "libcrypto.so.3", NULL, NULL, FUNCTIONS(SUTURE_POINTER), FUNCTIONS(SUTURE_NAME))

const char *suture_crypto_open(void) { return suture_open(&lib_library); }

static EVP_MD_CTX *context(struct suture_sha256 *sum) { return (EVP_MD_CTX *)sum; }

struct suture_sha256 *suture_sha256_make(void) {
  EVP_MD_CTX *made = lib.EVP_MD_CTX_new();
  if (made && lib.EVP_DigestInit_ex(made, lib.EVP_sha256(), NULL) == 1) return (struct suture_sha256 *)made;
  lib.EVP_MD_CTX_free(made);
  return NULL;
}

void suture_sha256_free(struct suture_sha256 *sum) { lib.EVP_MD_CTX_free(context(sum)); }

void suture_sha256_update(struct suture_sha256 *sum, const void *bytes, size_t count) {
  lib.EVP_DigestUpdate(context(sum), bytes, count);
}

void suture_sha256_finish(struct suture_sha256 *sum, uint8_t digest[32]) {
  lib.EVP_DigestFinal_ex(context(sum), digest, NULL);
}
