#include "CChecksums.h"
#include "library.h"

#include <isa-l/crc.h>
#include <pthread.h>

SUTURE_LIBRARY(lib, "libisal.so.2", NULL, NULL, SUTURE_POINTER(crc32_gzip_refl), SUTURE_NAME(crc32_gzip_refl))

// Opening the library takes as long as the tables do for a hundred kilobytes.
enum { WORTH_OPENING = 1 << 17 };

// How many bytes the tables have summed up: many small stretches are worth it too.
static atomic_size_t by_tables;

uint32_t suture_crc32(uint32_t before, const void *bytes, size_t count) {
  if (!atomic_load_explicit(&lib_library.is_settled, memory_order_relaxed) &&
      atomic_fetch_add_explicit(&by_tables, count, memory_order_relaxed) + count < WORTH_OPENING)
    return suture_crc32_by_tables(before, bytes, count);
  if (suture_open(&lib_library)) return suture_crc32_by_tables(before, bytes, count);
  return lib.crc32_gzip_refl(before, bytes, count);
}

// MARK: By tables

enum { STEP = 8 };

// What a byte does to the checksum, and what it does where as many bytes follow it as the table's number says.
static uint32_t tables[STEP][256];

static void make_tables(void) {
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t value = byte;
    for (int bit = 0; bit < 8; bit++) value = value >> 1 ^ (value & 1 ? 0xEDB88320u : 0);
    tables[0][byte] = value;
  }
  for (int further = 1; further < STEP; further++) {
    for (int byte = 0; byte < 256; byte++) {
      uint32_t value = tables[further - 1][byte];
      tables[further][byte] = value >> 8 ^ tables[0][value & 255];
    }
  }
}

uint32_t suture_crc32_by_tables(uint32_t before, const void *bytes, size_t count) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, make_tables);
  const uint8_t *next = bytes;
  uint32_t value = ~before;
  for (; count >= STEP; count -= STEP, next += STEP) {
    uint32_t first = value ^ (next[0] | (uint32_t)next[1] << 8 | (uint32_t)next[2] << 16 | (uint32_t)next[3] << 24);
    value = tables[7][first & 255] ^ tables[6][first >> 8 & 255] ^ tables[5][first >> 16 & 255] ^ tables[4][first >> 24] ^
            tables[3][next[4]] ^ tables[2][next[5]] ^ tables[1][next[6]] ^ tables[0][next[7]];
  }
  for (; count; count--, next++) value = value >> 8 ^ tables[0][(value ^ *next) & 255];
  return ~value;
}
