/*
 * The regions of a hierarchy (ucm2) at rising thresholds: components, by 8 neighbours, of its points with ucm2 <= t.
 * The points are sorted by the first threshold that includes them, and a union-find takes them in one after the other,
 * so that all thresholds together cost little more than one. The root of a component is its first point, whatever the
 * order of unions.
 */
#include "eval/eval_priv.h"

static uint16_t level_of(double v, int n)
{
    int lo = 0, hi = n;
    while (lo < hi) {
        const int mid = (lo + hi + 1) / 2;
        if (v > edgel_boundary_threshold(mid, n))
            lo = mid;
        else
            hi = mid - 1;
    }
    return (uint16_t)lo;
}

bool edgel_hierarchy_init(struct edgel_hierarchy *h, const struct edgel_prediction *p, int w, int thresholds)
{
    const size_t n = (size_t)p->w * (size_t)p->h, pixels = (size_t)w * (size_t)(p->h / 2);
    *h = (struct edgel_hierarchy){ .w = w, .grid_w = p->w, .grid_h = p->h };
    h->levels = edgel_alloc(n, sizeof *h->levels);
    h->parent = edgel_alloc(n, sizeof *h->parent);
    h->name = edgel_alloc(n, sizeof *h->name);
    h->points = edgel_alloc(n, sizeof *h->points);
    h->at = edgel_calloc((size_t)thresholds + 3, sizeof *h->at);
    h->base = edgel_alloc(pixels, sizeof *h->base);
    h->map = edgel_alloc(pixels, sizeof *h->map);
    if (!h->levels || !h->parent || !h->name || !h->points || !h->at || !h->base || !h->map)
        return false;
    for (size_t i = 0; i < n; i++) {
        h->parent[i] = (uint32_t)i;
        h->levels[i] = level_of(p->ucm2[i], thresholds);
        h->at[h->levels[i] + 2]++;
    }
    for (int l = 2; l <= thresholds + 2; l++)
        h->at[l] += h->at[l - 1];
    for (size_t i = 0; i < n; i++)
        h->points[h->at[h->levels[i] + 1]++] = (uint32_t)i;
    return true;
}

void edgel_hierarchy_finish(struct edgel_hierarchy *h)
{
    edgel_free(h->levels);
    edgel_free(h->parent);
    edgel_free(h->name);
    edgel_free(h->points);
    edgel_free(h->at);
    edgel_free(h->base);
    edgel_free(h->map);
    *h = (struct edgel_hierarchy){ 0 };
}

static uint32_t find(const struct edgel_hierarchy *h, uint32_t i)
{
    while (h->parent[i] != i)
        i = h->parent[i] = h->parent[h->parent[i]];
    return i;
}

static void unite(const struct edgel_hierarchy *h, uint32_t a, uint32_t b)
{
    a = find(h, a);
    b = find(h, b);
    if (a < b)
        h->parent[b] = a;
    else
        h->parent[a] = b;
}

void edgel_hierarchy_grow(const struct edgel_hierarchy *h, int k)
{
    for (uint32_t j = h->at[k]; j < h->at[k + 1]; j++) {
        const uint32_t i = h->points[j];
        const int x = (int)(i % (uint32_t)h->grid_w), y = (int)(i / (uint32_t)h->grid_w);
        for (int dy = -1; dy <= 1; dy++)
            for (int dx = -1; dx <= 1; dx++) {
                if (x + dx < 0 || x + dx >= h->grid_w || y + dy < 0 || y + dy >= h->grid_h)
                    continue;
                const uint32_t other = (uint32_t)(y + dy) * (uint32_t)h->grid_w + (uint32_t)(x + dx);
                if (h->levels[other] <= k)
                    unite(h, i, other);
            }
    }
}

/* The point of pixel i. */
static uint32_t point_of(const struct edgel_hierarchy *h, size_t i)
{
    const size_t x = i % (size_t)h->w, y = i / (size_t)h->w;
    return (uint32_t)((2 * y + 1) * (size_t)h->grid_w + 2 * x + 1);
}

uint32_t edgel_hierarchy_number(const struct edgel_hierarchy *h, int k, bool whole)
{
    uint32_t regions = whole ? 0 : 1;
    for (uint32_t i = 0; i < h->nbase; i++)
        h->name[find(h, h->base[i])] = UINT32_MAX;
    for (uint32_t i = 0; i < h->nbase; i++) {
        uint32_t *name = &h->name[find(h, h->base[i])];
        const bool above = h->levels[h->base[i]] > k;
        if (!above && *name == UINT32_MAX)
            *name = regions++;
        h->map[i] = above ? 0 : *name;
    }
    return regions;
}

bool edgel_hierarchy_base(struct edgel_hierarchy *h, size_t pixels, uint32_t *region_of)
{
    bool whole = true;
    for (size_t i = 0; i < pixels; i++)
        h->name[find(h, point_of(h, i))] = UINT32_MAX;
    for (size_t i = 0; i < pixels; i++) {
        const uint32_t point = point_of(h, i), root = find(h, point);
        whole &= h->levels[point] == 0;
        if (h->name[root] == UINT32_MAX) {
            h->name[root] = h->nbase;
            h->base[h->nbase++] = point;
        }
        region_of[i] = h->name[root];
    }
    return whole;
}

void edgel_hierarchy_merge(struct edgel_hierarchy *h)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < h->nbase; i++)
        if (h->map[i] == n)
            h->base[n++] = h->base[i];
    h->nbase = n;
}
