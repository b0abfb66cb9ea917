/*
 * Hysteresis: a weak pixel stays if a path of weak pixels over 8 neighbours leads from it to a strong one. Pixels are
 * bits of 64-bit words; the set grows by whole words.
 *
 * The result is that of a breadth-first search from all strong pixels. Let R be the set of strong pixels. Every step
 * adds to R only open pixels (weak, not in R) that touch R, directly or through open pixels of their own word, so R
 * never holds a pixel that the search would not reach. The work ends when no open pixel touches R:
 *
 *     down   each row, as soon as its bits are known, grows from the row above and along itself, until none of its
 *            open pixels touches R there
 *     up     the same from the last row to the first. If the row above grows after a row was finished, the words of
 *            the lower row whose open pixels now touch R go to the worklist
 *     list   a listed word grows from its eight neighbours; neighbours with an open pixel that touches the new pixels
 *            go to the list
 *
 * Then R holds every pixel that the search would reach. The smallest closed set is unique, so the order does not
 * matter.
 *
 * Threads work on parts of the rows at the same time, each part as an image of its own. A part adds only pixels that
 * its own strong pixels reach, so R can only be too small, and within a part no open pixel touches R. Open pixels that
 * touch R across a seam lie in the two rows beside it: their words go to one list for the whole image, and when that is
 * empty no open pixel touches R anywhere. So the result does not depend on the cuts. One thread works off this list,
 * which holds only the growth that crosses seams.
 *
 * Along a word R spreads to higher bits by the carry of an addition, weak + R: it runs from each bit of R to the end
 * of its run of weak bits; to lower bits in six doubling steps (P. Kogge, H. Stone, A Parallel Algorithm for the
 * Efficient Solution of a General Class of Recurrence Equations, 1973).
 *
 * Time: two sweeps over the words, and for the list at most one visit for each pixel that joins. Memory: the list, 5
 * bytes a word, of which only the used part is touched.
 */
#include "filter/filter_priv.h"
#include <string.h>

/* --- the map --- */

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

uint64_t edgel_bit_map_count(const struct edgel_bit_map *map)
{
    uint64_t n = 0;
    for (int y = 0; y < map->h; y++)
        for (int i = 0; i < map->words; i++)
            n += (uint64_t)__builtin_popcountll(edgel_bit_map_strong(map, y)[i]);
    return n;
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

/* Writes whole words; rows of images have room for them. */
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

/* --- hysteresis --- */

enum { AHEAD = 4 }; /* rows of prefetch */

/* Grows a row across the boundaries of its words, each of which is complete by itself. */
static void join_words(const struct edgel_bit_map *map, uint64_t *s, const uint64_t *weak)
{
    const int words = map->words;
    for (int i = 0; (i = map->dsp.next_crossing(s, weak, i, words)) < words; i++) {
        if ((s[i] >> 63 & weak[i + 1] & ~s[i + 1]) != 0)
            s[i + 1] = edgel_spread_right(s[i + 1] | 1, weak[i + 1]);
        for (int k = i; k >= 0 && (s[k + 1] << 63 & weak[k] & ~s[k]) != 0; k--)
            s[k] = edgel_spread_left(s[k] | (uint64_t)1 << 63, weak[k]);
    }
}

void edgel_hysteresis_row(struct edgel_bit_map *map, int y, bool first)
{
    uint64_t *s = edgel_bit_map_strong(map, y);
    const uint64_t *weak = edgel_bit_map_weak(map, y);
    map->dsp.grow_words(s, weak, edgel_bit_map_strong(map, first ? -1 : y - 1), map->words);
    join_words(map, s, weak);
}

/* True if an open pixel of a row touches row s. */
static bool touches(const uint64_t *s, const uint64_t *row, const uint64_t *weak, int words)
{
    uint64_t any = 0;
    for (int i = 0; i < words; i++)
        any |= edgel_widened(s + i) & weak[i] & ~row[i];
    return any != 0;
}

enum edgel_status edgel_worklist_init(struct edgel_worklist *list, struct edgel_arena *arena,
                                      const struct edgel_bit_map *map, struct edgel_error *err)
{
    const size_t total = (size_t)map->pitch * ((size_t)map->h + 2);
    list->place = edgel_arena_alloc(arena, total, sizeof *list->place);
    list->listed = edgel_arena_alloc(arena, total, 1);
    if (!list->place || !list->listed)
        return edgel_fail(err, EDGEL_ENOMEM, "canny: image %dx%d: out of memory", map->w, map->h);
    return EDGEL_OK;
}

/* Worklist: words still to be visited, each at most once, as indices from the first word of the map, guards included.
 * Only indices first..last-1 are visited. */
struct words {
    uint64_t *weak, *strong;
    uint8_t *listed;
    size_t pitch, first, last;
    uint32_t *place;
    size_t n;
};

/* An empty list for rows from..to-1, in the part of the memory that belongs to these rows: no word is listed twice. */
static struct words words_of(const struct edgel_bit_map *map, const struct edgel_worklist *list, int from,
                             int to)
{
    struct words w = { .weak = map->weak - map->pitch - 1,
                       .strong = map->strong - map->pitch - 1,
                       .listed = list->listed,
                       .pitch = (size_t)map->pitch };
    w.first = ((size_t)from + 1) * w.pitch;
    w.last = ((size_t)to + 1) * w.pitch;
    w.place = list->place + w.first;
    return w;
}

/* Lists a word if one of its open pixels touches the new pixels. */
static void offer(struct words *list, size_t at, uint64_t touched)
{
    if ((list->weak[at] & ~list->strong[at] & touched) == 0 || list->listed[at])
        return;
    list->listed[at] = 1;
    list->place[list->n++] = (uint32_t)at;
}

static void work_off(struct words *list)
{
    static const uint64_t nothing[3];
    const size_t pitch = list->pitch;
    while (list->n > 0) {
        const size_t at = list->place[--list->n];
        const bool above = at - pitch >= list->first, below = at + pitch < list->last;
        uint64_t *s = list->strong + at;
        list->listed[at] = 0;
        const uint64_t before = *s, weak = list->weak[at];
        const uint64_t *up = above ? s - pitch : nothing + 1, *down = below ? s + pitch : nothing + 1;
        *s = edgel_spread((before | edgel_widened(up) | edgel_widened(s) | edgel_widened(down)) & weak, weak);
        const uint64_t grown = *s ^ before, beside = grown | grown << 1 | grown >> 1;
        const uint64_t left = grown << 63, right = grown >> 63;
        for (size_t k = above ? at - pitch : at; k <= (below ? at + pitch : at); k += pitch) {
            offer(list, k - 1, left);
            offer(list, k, beside);
            offer(list, k + 1, right);
        }
    }
}

/* Lists the words of row `to` that touch the adjacent row `from`. */
static void offer_row(struct words *list, const struct edgel_bit_map *map, int from, int to)
{
    const uint64_t *s = edgel_bit_map_strong(map, from);
    const size_t at = (size_t)(edgel_bit_map_strong(map, to) - list->strong);
    for (int i = 0; i < map->words; i++)
        offer(list, at + (size_t)i, edgel_widened(s + i));
}

void edgel_hysteresis_part(struct edgel_bit_map *map, const struct edgel_worklist *list, int from, int to)
{
    struct words open = words_of(map, list, from, to);
    memset(open.listed + open.first, 0, open.last - open.first); /* and so they are when the list is empty */
    for (int y = to - 2; y >= from; y--) {
        uint64_t *s = edgel_bit_map_strong(map, y), *below = edgel_bit_map_strong(map, y + 1);
        if (y >= from + AHEAD) {
            edgel_prefetch(edgel_bit_map_strong(map, y - AHEAD), (size_t)map->words * sizeof *s);
            edgel_prefetch(edgel_bit_map_weak(map, y - AHEAD), (size_t)map->words * sizeof *s);
        }
        const uint64_t *weak = edgel_bit_map_weak(map, y);
        if (!map->dsp.grow_words(s, weak, below, map->words))
            continue; /* it was closed before */
        join_words(map, s, weak);
        if (touches(s, below, edgel_bit_map_weak(map, y + 1), map->words))
            offer_row(&open, map, y, y + 1);
    }
    work_off(&open);
}

void edgel_hysteresis_join(struct edgel_bit_map *map, const struct edgel_worklist *list, int rows)
{
    if (rows >= map->h)
        return;
    struct words open = words_of(map, list, 0, map->h);
    for (int64_t at = rows; at < map->h; at += rows) {
        const int y = (int)at;
        offer_row(&open, map, y - 1, y);
        offer_row(&open, map, y, y - 1);
    }
    work_off(&open);
}
