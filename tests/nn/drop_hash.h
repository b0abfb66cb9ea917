/* drop_hash.h: model files without their hash, so that what else is checked in a changed file shows. */
#ifndef EDGEL_DROP_HASH_H
#define EDGEL_DROP_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Where piece first stands; NULL: nowhere. */
static inline unsigned char *find_bytes(unsigned char *bytes, size_t size, const char *piece)
{
    for (size_t i = 0; i + strlen(piece) <= size; i++)
        if (memcmp(bytes + i, piece, strlen(piece)) == 0)
            return bytes + i;
    return NULL;
}

/* Makes the hash a note that means nothing, as long as it was; false: there is none. */
static inline bool drop_hash(unsigned char *bytes, size_t size)
{
    static const char none[] = "\"note\":\"nothing:";
    unsigned char *at = find_bytes(bytes, size, "\"hash\":\"fnv1a64:");
    if (at)
        memcpy(at, none, sizeof none - 1);
    return at != NULL;
}

#endif
