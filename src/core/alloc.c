#include "core/core_priv.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static void *system_allocate(void *user, size_t bytes, size_t alignment)
{
    (void)user;
    return aligned_alloc(alignment, bytes);
}

static void system_release(void *user, void *memory)
{
    (void)user;
    free(memory);
}

static struct edgel_allocator current = { system_allocate, system_release, NULL };
static atomic_bool settled; /* the allocator may not change any more */
static atomic_long fail_after = -1;
static atomic_long live;

enum edgel_status edgel_allocator_set(const struct edgel_allocator *allocator, struct edgel_error *err)
{
    EDGEL_REQUIRE(allocator);
    EDGEL_REQUIRE(allocator->allocate);
    EDGEL_REQUIRE(allocator->release);
    if (atomic_exchange(&settled, true))
        return edgel_fail(err, EDGEL_EINVAL,
                          "the allocator must be set once, before the library takes memory");
    current = *allocator;
    return EDGEL_OK;
}

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
    if (!atomic_load_explicit(&settled, memory_order_relaxed))
        atomic_store(&settled, true);
    void *p = current.allocate(current.user, (n * size + 63) & ~(size_t)63, 64);
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
    if (!p)
        return;
    atomic_fetch_sub(&live, 1);
    current.release(current.user, p);
}

char *edgel_strdup(const char *s)
{
    size_t n = strlen(s) + 1;
    char *p = edgel_alloc(n, 1);
    if (p)
        memcpy(p, s, n);
    return p;
}
