/*
 * Connected components over 8 neighbours. Each pixel points to an earlier pixel of its component, or to itself; a root
 * is the first pixel of its component in reading order, so that the second pass numbers components as it meets their
 * roots and every other pixel takes the number of the one it points to. Near-linear (union by index, path halving).
 */
#include "nn/nn_priv.h"
#include <string.h>

static uint32_t root_of(uint32_t *parent, uint32_t p)
{
    while (parent[p] != p) {
        parent[p] = parent[parent[p]];
        p = parent[p];
    }
    return p;
}

static void join(uint32_t *parent, uint32_t a, uint32_t b)
{
    a = root_of(parent, a);
    b = root_of(parent, b);
    if (a < b)
        parent[b] = a;
    else
        parent[a] = b;
}

static void join_neighbours(const uint16_t *labels, uint32_t *parent, int w, int y)
{
    const uint32_t row = (uint32_t)y * (uint32_t)w;
    for (int x = 0; x < w; x++) {
        const uint32_t p = row + (uint32_t)x;
        parent[p] = p;
        if (x > 0 && labels[p - 1] == labels[p])
            join(parent, p, p - 1);
        for (int dx = -1; dx <= 1 && y > 0; dx++)
            if (x + dx >= 0 && x + dx < w && labels[(int64_t)p - w + dx] == labels[p])
                join(parent, p, (uint32_t)((int64_t)p - w + dx));
    }
}

/* Parents to numbers, in place; returns how many components there are. */
static size_t number(const uint16_t *labels, uint32_t *numbers, uint32_t pixels, int background)
{
    uint32_t n = 0;
    for (uint32_t p = 0; p < pixels; p++)
        if (labels[p] == background)
            numbers[p] = 0;
        else
            numbers[p] = numbers[p] == p ? ++n : numbers[numbers[p]];
    return n;
}

static void measure(const uint16_t *labels, const uint32_t *numbers, int w, int h,
                    struct edgel_component *out, size_t n)
{
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            const size_t p = (size_t)y * (size_t)w + (size_t)x;
            if (numbers[p] == 0)
                continue;
            struct edgel_component *c = &out[numbers[p] - 1];
            if (c->area++ == 0)
                *c =
                    (struct edgel_component){ .label = labels[p], .area = 1, .x = x, .y = y, .w = x, .h = y };
            c->x = x < c->x ? x : c->x;
            c->w = x > c->w ? x : c->w; /* the last column and row, until all pixels were seen */
            c->h = y;
            c->cx += x;
            c->cy += y;
        }
    for (size_t i = 0; i < n; i++) {
        out[i].w -= out[i].x - 1;
        out[i].h -= out[i].y - 1;
        out[i].cx /= (double)out[i].area;
        out[i].cy /= (double)out[i].area;
    }
}

enum edgel_status edgel_components(const uint16_t *labels, int w, int h, int background, uint32_t *numbers,
                                   struct edgel_component **out, size_t *n, struct edgel_error *err)
{
    *out = NULL;
    *n = 0;
    if (w < 1 || h < 1 || (uint64_t)w * (uint64_t)h >= UINT32_MAX)
        return edgel_fail(err, EDGEL_EINVAL, "components of %dx%d labels: at most 2^32 - 2", w, h);
    for (int y = 0; y < h; y++)
        join_neighbours(labels, numbers, w, y);
    *n = number(labels, numbers, (uint32_t)w * (uint32_t)h, background);
    *out = edgel_calloc(*n + 1, sizeof **out);
    if (!*out)
        return edgel_fail(err, EDGEL_ENOMEM, "components of %dx%d labels: out of memory", w, h);
    measure(labels, numbers, w, h, *out, *n);
    return EDGEL_OK;
}
