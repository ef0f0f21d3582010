#include "special.h"

#include <string.h>

#include "per_processor.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are compared as they lie in a file");

// How many bytes are looked at before what was found is: within them there is no branch, so that many words are done at once.
enum { BLOCK = 1 << 14 };

#define SEARCH(word)                                                                            \
  PER_PROCESSOR                                                                                 \
  static int find_##word(const char *words, size_t count, uint64_t wide_mask, uint64_t wide) {  \
    word mask = (word)wide_mask, bits = (word)wide;                                             \
    enum { MOST = BLOCK / sizeof(word) };                                                       \
    for (size_t done = 0; done < count; done += MOST) {                                         \
      size_t now = count - done < MOST ? count - done : MOST;                                   \
      word found = 0;                                                                           \
      for (size_t i = 0; i < now; i++) {                                                        \
        word one;                                                                               \
        memcpy(&one, words + (done + i) * sizeof one, sizeof one);                              \
        found |= (word)-((one & mask) == bits);                                                 \
      }                                                                                         \
      if (found) return 1;                                                                      \
    }                                                                                           \
    return 0;                                                                                   \
  }

SEARCH(uint8_t)
SEARCH(uint16_t)
SEARCH(uint32_t)
SEARCH(uint64_t)

int suture_has_special(const void *words, size_t size, size_t count, uint64_t mask, uint64_t bits) {
  switch (size) {
  case 1: return find_uint8_t(words, count, mask, bits);
  case 2: return find_uint16_t(words, count, mask, bits);
  case 4: return find_uint32_t(words, count, mask, bits);
  default: return find_uint64_t(words, count, mask, bits);
  }
}
