/* A bump allocator. Reset merges its blocks into one: after the first image of a size, a run takes its scratch from
 * that block and allocates nothing more. */
#include "core/core_priv.h"

struct edgel_arena_block {
    struct edgel_arena_block *next;
    size_t size, used; /* of the bytes behind the header */
};

enum { HEADER = 64, MIN_BLOCK = 1 << 16 };

static bool push_block(struct edgel_arena *a, size_t size)
{
    if (size > SIZE_MAX - HEADER)
        return false;
    struct edgel_arena_block *b = edgel_alloc(1, HEADER + size);
    if (!b)
        return false;
    *b = (struct edgel_arena_block){ .next = a->head, .size = size };
    a->head = b;
    a->total += size;
    return true;
}

void *edgel_arena_alloc(struct edgel_arena *a, size_t n, size_t size)
{
    if (n == 0 || size == 0 || n > (SIZE_MAX - 63) / size)
        return NULL;
    size_t need = (n * size + 63) & ~(size_t)63;
    if (!a->head || a->head->size - a->head->used < need)
        if (!push_block(a, need > MIN_BLOCK ? need : MIN_BLOCK))
            return NULL;
    void *p = (char *)a->head + HEADER + a->head->used;
    a->head->used += need;
    return p;
}

static void free_blocks(struct edgel_arena *a)
{
    while (a->head) {
        struct edgel_arena_block *next = a->head->next;
        edgel_free(a->head);
        a->head = next;
    }
    a->total = 0;
}

void edgel_arena_reset(struct edgel_arena *a)
{
    if (a->head && a->head->next) {
        size_t total = a->total;
        free_blocks(a);
        (void)push_block(a, total); /* if this fails, the next allocation tries again and reports it */
    }
    if (a->head)
        a->head->used = 0;
}

void edgel_arena_finish(struct edgel_arena *a)
{
    free_blocks(a);
}
