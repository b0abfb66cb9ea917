/* Which images are held out for validation: those whose keys have the lowest hashes, so that the choice hangs on keys,
 * share and seed alone. */
#include "dataset/dataset_priv.h"
#include <stdlib.h>
#include <string.h>

struct drawn {
    uint64_t key;
    size_t index;
};

static int by_key(const void *a, const void *b)
{
    const struct drawn *x = a, *y = b;
    return x->key != y->key ? (x->key < y->key ? -1 : 1) : x->index < y->index ? -1 : x->index > y->index;
}

static int by_index(const void *a, const void *b)
{
    const size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return x < y ? -1 : x > y;
}

/* The images in the order of their hashes. */
static void draw(const struct edgel_dataset *d, uint64_t seed, struct drawn *drawn)
{
    const size_t n = d->parts[0].n;
    for (size_t i = 0; i < n; i++) {
        const char *key = edgel_dataset_pair(d, false, i)->key;
        const uint64_t start = EDGEL_HASH_START ^ seed * 0x9E3779B97F4A7C15u;
        const uint64_t hash = edgel_hash_bytes(start, key, strlen(key));
        drawn[i] = (struct drawn){ hash ^ hash >> 29, d->parts[0].index[i] };
    }
    qsort(drawn, n, sizeof *drawn, by_key);
}

enum edgel_status edgel_dataset_hold_out(struct edgel_dataset *d, double share, uint64_t seed,
                                         struct edgel_error *err)
{
    EDGEL_REQUIRE(d);
    struct edgel_dataset_part *train = &d->parts[0], *val = &d->parts[1];
    const size_t n = train->n;
    if (!(share >= 0 && share <= 1))
        return edgel_fail(err, EDGEL_EINVAL, "share to hold out: must be from 0 to 1");
    const size_t held = (size_t)(share * (double)n + 0.5);
    if (val->pairs)
        return edgel_fail(err, EDGEL_EINVAL, "the set has a validation");
    if (held == 0 || held == n)
        return edgel_fail(err, EDGEL_EINVAL, "%g of %zu images leaves %s empty", share, n,
                          held ? "training" : "validation");
    struct drawn *drawn = edgel_alloc(n, sizeof *drawn);
    val->index = edgel_alloc(held, sizeof *val->index);
    val->kept = edgel_calloc(held, sizeof *val->kept);
    if (!drawn || !val->index || !val->kept) {
        edgel_free(drawn);
        edgel_free(val->index);
        edgel_free(val->kept);
        *val = (struct edgel_dataset_part){ 0 };
        return edgel_fail(err, EDGEL_ENOMEM, "data set of %zu images: out of memory", n);
    }
    draw(d, seed, drawn);
    val->pairs = train->pairs;
    val->n = held;
    train->n = n - held;
    for (size_t i = 0; i < n; i++)
        *(i < held ? &val->index[i] : &train->index[i - held]) = drawn[i].index;
    qsort(val->index, val->n, sizeof *val->index, by_index);
    qsort(train->index, train->n, sizeof *train->index, by_index);
    edgel_free(drawn);
    return EDGEL_OK;
}
