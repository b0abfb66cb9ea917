/*
 * Hysteresis: of the weak pixels those stay that are connected, through weak pixels and over 8 neighbours, to a strong
 * one. Breadth-first from all strong pixels at once: each pixel enters the queue when it becomes strong, hence once,
 * and the result does not depend on the order. Time O(pixels), memory 4 bytes a pixel for the queue, of which only
 * what is used is touched.
 */
#include "filter/filter_priv.h"
#include <string.h>

enum { WEAK = 1, STRONG = 2 };

enum edgel_status edgel_class_map_init(struct edgel_class_map *map, struct edgel_arena *arena, int w, int h,
                                       struct edgel_error *err)
{
    const uint64_t total = ((uint64_t)w + 2) * ((uint64_t)h + 2);
    *map = (struct edgel_class_map){ .w = w, .h = h };
    if (total > UINT32_MAX)
        return edgel_fail(err, EDGEL_ENOMEM, "canny: image %dx%d: more than 2^32 pixels", w, h);
    map->data = edgel_arena_alloc(arena, (size_t)total, 1);
    if (!map->data)
        return edgel_fail(err, EDGEL_ENOMEM, "canny: image %dx%d: out of memory", w, h);
    const size_t pitch = (size_t)w + 2;
    memset(map->data, 0, pitch);
    for (size_t y = 1; y <= (size_t)h; y++)
        map->data[y * pitch] = map->data[y * pitch + pitch - 1] = 0;
    memset(map->data + ((size_t)h + 1) * pitch, 0, pitch);
    return EDGEL_OK;
}

uint8_t *edgel_class_map_row(const struct edgel_class_map *map, int y)
{
    return map->data + ((size_t)y + 1) * ((size_t)map->w + 2) + 1;
}

/* Writes the places of all strong pixels to queue, in raster order; returns their number. */
static size_t find_strong(const struct edgel_class_map *map, size_t total, uint32_t *queue)
{
    const uint64_t twos = 0x0202020202020202u;
    size_t n = 0, i = 0;
    for (; i + 8 <= total; i += 8) {
        uint64_t eight;
        memcpy(&eight, map->data + i, 8);
        if (eight & twos)
            for (size_t k = i; k < i + 8; k++)
                if (map->data[k] == STRONG)
                    queue[n++] = (uint32_t)k;
    }
    for (; i < total; i++)
        if (map->data[i] == STRONG)
            queue[n++] = (uint32_t)i;
    return n;
}

enum edgel_status edgel_hysteresis(struct edgel_class_map *map, struct edgel_arena *arena,
                                   struct edgel_error *err)
{
    const size_t pitch = (size_t)map->w + 2, total = pitch * ((size_t)map->h + 2);
    uint32_t *queue = edgel_arena_alloc(arena, (size_t)map->w * (size_t)map->h, sizeof *queue);
    if (!queue)
        return edgel_fail(err, EDGEL_ENOMEM, "canny: image %dx%d: out of memory", map->w, map->h);
    const ptrdiff_t p = (ptrdiff_t)pitch;
    const ptrdiff_t around[8] = { -p - 1, -p, -p + 1, -1, 1, p - 1, p, p + 1 };
    size_t tail = find_strong(map, total, queue);
    for (size_t head = 0; head < tail; head++)
        for (int k = 0; k < 8; k++) {
            const size_t at = (size_t)((ptrdiff_t)queue[head] + around[k]);
            if (map->data[at] == WEAK) {
                map->data[at] = STRONG;
                queue[tail++] = (uint32_t)at;
            }
        }
    return EDGEL_OK;
}
