/*
 * Sparse confusion of ids.
 *
 * Ids below 256 fall into a dense table of 256 x 256, others into a hash table. Label maps are flat nearly everywhere,
 * so four pixels are compared at once and counted together when truth and prediction are both constant: that also
 * avoids the chain of loads and stores to one cell. O(pixels) time, 512 KB and the wide cells of memory.
 */
#include "eval/eval_priv.h"
#include <stdlib.h>
#include <string.h>

bool edgel_confusion_init(struct edgel_confusion *c)
{
    *c = (struct edgel_confusion){ 0 };
    c->dense = edgel_calloc(256 * 256, sizeof *c->dense);
    return c->dense != NULL;
}

void edgel_confusion_finish(struct edgel_confusion *c)
{
    edgel_free(c->dense);
    edgel_free(c->keys);
    edgel_free(c->counts);
    *c = (struct edgel_confusion){ 0 };
}

static size_t slot_of(const struct edgel_confusion *c, uint32_t key)
{
    size_t i = (size_t)((key * UINT64_C(0x9E3779B97F4A7C15)) >> 32) & (c->slots - 1);
    while (c->counts[i] != 0 && c->keys[i] != key)
        i = (i + 1) & (c->slots - 1);
    return i;
}

static bool grow(struct edgel_confusion *c)
{
    struct edgel_confusion bigger = { .slots = c->slots ? 2 * c->slots : 1024, .used = c->used };
    bigger.keys = edgel_alloc(bigger.slots, sizeof *bigger.keys);
    bigger.counts = edgel_calloc(bigger.slots, sizeof *bigger.counts);
    if (!bigger.keys || !bigger.counts) {
        edgel_confusion_finish(&bigger);
        return false;
    }
    for (size_t i = 0; i < c->slots; i++)
        if (c->counts[i]) {
            size_t k = slot_of(&bigger, c->keys[i]);
            bigger.keys[k] = c->keys[i];
            bigger.counts[k] = c->counts[i];
        }
    bigger.dense = c->dense;
    c->dense = NULL;
    edgel_confusion_finish(c);
    *c = bigger;
    return true;
}

static bool add_wide(struct edgel_confusion *c, unsigned t, unsigned p, unsigned n)
{
    if (2 * (c->used + 1) > c->slots && !grow(c))
        return false;
    uint32_t key = (uint32_t)t << 16 | p;
    size_t i = slot_of(c, key);
    c->used += c->counts[i] == 0;
    c->keys[i] = key;
    c->counts[i] += n;
    return true;
}

static inline bool add(struct edgel_confusion *c, unsigned t, unsigned p, unsigned n)
{
    if ((t | p) >= 256)
        return add_wide(c, t, p, n);
    c->dense[t << 8 | p] += n;
    return true;
}

static inline bool flat(const uint16_t *four)
{
    uint64_t v;
    memcpy(&v, four, sizeof v);
    return v == four[0] * UINT64_C(0x0001000100010001);
}

bool edgel_confusion_add(struct edgel_confusion *c, const uint16_t *truth, const uint16_t *prediction,
                         size_t n)
{
    size_t i = 0;
    bool ok = true;
    for (; i + 4 <= n && ok; i += 4) {
        if (flat(truth + i) && flat(prediction + i)) {
            ok = add(c, truth[i], prediction[i], 4);
            continue;
        }
        for (size_t k = i; k < i + 4 && ok; k++)
            ok = add(c, truth[k], prediction[k], 1);
    }
    for (; i < n && ok; i++)
        ok = add(c, truth[i], prediction[i], 1);
    return ok;
}

static int by_ids(const void *a, const void *b)
{
    const struct edgel_cell *x = a, *y = b;
    if (x->truth != y->truth)
        return x->truth < y->truth ? -1 : 1;
    return (x->prediction > y->prediction) - (x->prediction < y->prediction);
}

bool edgel_confusion_cells(const struct edgel_confusion *c, struct edgel_cell **cells, size_t *ncells)
{
    size_t n = c->used, k = 0;
    for (size_t i = 0; i < 256 * 256; i++)
        n += c->dense[i] != 0;
    *cells = NULL;
    *ncells = n;
    if (n == 0)
        return true;
    struct edgel_cell *v = edgel_alloc(n, sizeof *v);
    if (!v)
        return false;
    for (size_t i = 0; i < 256 * 256; i++)
        if (c->dense[i])
            v[k++] = (struct edgel_cell){ (int32_t)(i >> 8), (int32_t)(i & 255), c->dense[i] };
    for (size_t i = 0; i < c->slots; i++)
        if (c->counts[i])
            v[k++] = (struct edgel_cell){ (int32_t)(c->keys[i] >> 16), (int32_t)(c->keys[i] & 65535),
                                          c->counts[i] };
    if (c->used)
        qsort(v, n, sizeof *v, by_ids);
    *cells = v;
    return true;
}
