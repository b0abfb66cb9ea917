#include "core/core_priv.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static atomic_long fail_after = -1;
static atomic_long live;

void edgel_alloc_fail_after(long n)
{
    atomic_store(&fail_after, n);
}

long edgel_alloc_live(void)
{
    return atomic_load(&live);
}

void *edgel_alloc(size_t n, size_t size)
{
    if (n == 0 || size == 0 || n > (SIZE_MAX - 63) / size)
        return NULL;
    if (atomic_load(&fail_after) >= 0 && atomic_fetch_sub(&fail_after, 1) == 0)
        return NULL;
    void *p = aligned_alloc(64, (n * size + 63) & ~(size_t)63);
    if (p)
        atomic_fetch_add(&live, 1);
    return p;
}

void *edgel_calloc(size_t n, size_t size)
{
    void *p = edgel_alloc(n, size);
    if (p)
        memset(p, 0, n * size);
    return p;
}

void *edgel_realloc(void *p, size_t used, size_t n, size_t size)
{
    void *q = edgel_alloc(n, size);
    if (!q)
        return NULL;
    if (used)
        memcpy(q, p, used);
    edgel_free(p);
    return q;
}

void edgel_free(void *p)
{
    if (p)
        atomic_fetch_sub(&live, 1);
    free(p);
}

char *edgel_strdup(const char *s)
{
    size_t n = strlen(s) + 1;
    char *p = edgel_alloc(n, 1);
    if (p)
        memcpy(p, s, n);
    return p;
}
