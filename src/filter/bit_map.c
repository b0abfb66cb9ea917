/* Maps of two bits a pixel, and their edges as samples. */
#include "filter/filter_priv.h"
#include <string.h>

enum edgel_status edgel_bit_map_init(struct edgel_bit_map *map, struct edgel_arena *arena, int w, int h,
                                     struct edgel_error *err)
{
    const size_t words = ((size_t)w + 63) / 64, pitch = words + 2, rows = (size_t)h + 2;
    *map = (struct edgel_bit_map){ .w = w, .h = h, .words = (int)words, .pitch = (ptrdiff_t)pitch };
    edgel_filter_dsp_init(&map->dsp, edgel_cpu_flags());
    if (rows > UINT32_MAX / pitch)
        return edgel_fail(err, EDGEL_ENOMEM, "canny: image %dx%d: more than 2^38 pixels", w, h);
    uint64_t *block = edgel_arena_alloc(arena, 2 * rows, pitch * sizeof *block);
    if (!block)
        return edgel_fail(err, EDGEL_ENOMEM, "canny: image %dx%d: out of memory", w, h);
    for (size_t i = 0; i < 2 * rows; i++)
        if (i % rows == 0 || i % rows == rows - 1)
            memset(block + i * pitch, 0, pitch * sizeof *block);
        else
            block[i * pitch] = block[i * pitch + pitch - 1] = 0;
    map->weak = block + pitch + 1;
    map->strong = map->weak + rows * pitch;
    return EDGEL_OK;
}

uint64_t *edgel_bit_map_weak(const struct edgel_bit_map *map, int y)
{
    return map->weak + y * map->pitch;
}

uint64_t *edgel_bit_map_strong(const struct edgel_bit_map *map, int y)
{
    return map->strong + y * map->pitch;
}

/* The bits of each byte in reverse order. */
static uint64_t mirrored(uint64_t v)
{
    v = (v >> 1 & 0x5555555555555555u) | (v & 0x5555555555555555u) << 1;
    v = (v >> 2 & 0x3333333333333333u) | (v & 0x3333333333333333u) << 2;
    return (v >> 4 & 0x0F0F0F0F0F0F0F0Fu) | (v & 0x0F0F0F0F0F0F0F0Fu) << 4;
}

/* Whole words: rows of images have room for them. */
static void pack(uint8_t *dst, const uint64_t *bits, int words)
{
    for (int i = 0; i < words; i++)
        edgel_store_bytes(dst + 8 * i, mirrored(bits[i]));
}

void edgel_bit_map_edges(const struct edgel_bit_map *map, int y, enum edgel_type type, void *dst,
                         bool past_caches)
{
    const uint64_t *bits = edgel_bit_map_strong(map, y);
    if (type == EDGEL_U1)
        pack(dst, bits, map->words);
    else if (type == EDGEL_U8)
        map->dsp.expand_u8(dst, bits, map->w, past_caches);
    else
        for (int x = 0; x < map->w; x++) {
            const bool edge = (bits[x / 64] >> (x % 64) & 1) != 0;
            if (type == EDGEL_U16)
                ((uint16_t *)dst)[x] = edge ? 65535 : 0;
            else
                ((float *)dst)[x] = edge;
        }
}

struct job {
    const struct edgel_bit_map *map;
    const struct edgel_image *out;
};

static enum edgel_status write_rows(void *user, const struct edgel_part *part, struct edgel_error *err)
{
    enum { CACHED = 1 << 22 }; /* bytes */
    const struct job *job = user;
    const struct edgel_image *out = job->out;
    const bool past_caches = (uint64_t)out->w * (uint64_t)out->h > CACHED;
    (void)err;
    for (int y = part->from; y < part->to; y++)
        edgel_bit_map_edges(job->map, y, out->type, (char *)out->data + y * out->stride, past_caches);
    if (past_caches)
        edgel_end_stores();
    return EDGEL_OK;
}

enum edgel_status edgel_bit_map_into(struct edgel_scratch *scratch, const struct edgel_bit_map *map,
                                     const struct edgel_image *out, struct edgel_error *err)
{
    struct job job = { map, out };
    return edgel_share(scratch, map->h, edgel_share_rows(scratch, map->h, map->w, 0), write_rows, &job, err);
}
