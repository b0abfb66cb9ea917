/* Many short strings one after the other, in blocks that do not move. */
#include "core/core_priv.h"
#include <string.h>

struct edgel_names_block {
    struct edgel_names_block *next;
    size_t used, size;
    char text[];
};

enum { BLOCK = 1 << 16 };

char *edgel_names_room(struct edgel_names *names, size_t n)
{
    struct edgel_names_block *b = names->head;
    if (!b || n > b->size - b->used) {
        const size_t size = n > BLOCK ? n : BLOCK;
        if (size > SIZE_MAX - sizeof *b || !(b = edgel_alloc(1, sizeof *b + size)))
            return NULL;
        b->next = names->head;
        b->used = 0;
        b->size = size;
        names->head = b;
    }
    b->used += n;
    return b->text + (b->used - n);
}

const char *edgel_names_add(struct edgel_names *names, const char *s, size_t n)
{
    char *to = n < SIZE_MAX ? edgel_names_room(names, n + 1) : NULL;
    if (to) {
        memcpy(to, s, n);
        to[n] = '\0';
    }
    return to;
}

void edgel_names_finish(struct edgel_names *names)
{
    while (names->head) {
        struct edgel_names_block *next = names->head->next;
        edgel_free(names->head);
        names->head = next;
    }
}
