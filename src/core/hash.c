/* The one hash of bytes, for everything that is identified by its contents. */
#include "edgel/base.h"

uint64_t edgel_hash_bytes(uint64_t hash, const void *bytes, size_t n)
{
    const unsigned char *b = bytes;
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ b[i]) * UINT64_C(0x100000001b3);
    return hash;
}
