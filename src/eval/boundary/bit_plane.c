/* Bit planes with a margin of empty words, so that neighbours need no border rule. */
#include "eval/boundary/boundary_priv.h"
#include <string.h>

bool edgel_bits_init(struct edgel_bits *b, int w, int h)
{
    *b = (struct edgel_bits){ .w = w, .h = h, .row = ((size_t)w + 63) / 64 + 2 };
    b->words = edgel_calloc(((size_t)h + 2) * b->row, sizeof *b->words);
    return b->words != NULL;
}

void edgel_bits_finish(struct edgel_bits *b)
{
    edgel_free(b->words);
    *b = (struct edgel_bits){ 0 };
}

void edgel_bits_copy(struct edgel_bits *to, const struct edgel_bits *from)
{
    memcpy(to->words, from->words, ((size_t)from->h + 2) * from->row * sizeof *to->words);
}

uint64_t edgel_bits_count(const struct edgel_bits *b)
{
    uint64_t n = 0;
    for (size_t i = 0; i < ((size_t)b->h + 2) * b->row; i++)
        n += (uint64_t)__builtin_popcountll(b->words[i]);
    return n;
}
