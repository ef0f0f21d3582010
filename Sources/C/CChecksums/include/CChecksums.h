// The CRC-32 of zip and gzip, by Intel's ISA-L, which knows the widest instructions of each processor.
//
// Debian's libisal is opened when there is so much to sum up that it is worth it; of less, and where it is not there, the
// checksum is computed by tables.
#ifndef SUTURE_CCHECKSUMS_H
#define SUTURE_CCHECKSUMS_H

#include <stddef.h>
#include <stdint.h>

// Goes on from the checksum of what came before, 0 for nothing. May be called from any thread.
uint32_t suture_crc32(uint32_t before, const void *bytes, size_t count);

// The same by tables alone: what the former is tested against.
uint32_t suture_crc32_by_tables(uint32_t before, const void *bytes, size_t count);

#endif
