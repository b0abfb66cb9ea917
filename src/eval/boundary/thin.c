/*
 * Thinning of a binary map to lines, 64 pixels at a time.
 *
 * Neighbours of a pixel counter-clockwise from east: x1 = E, x2 = NE, x3 = N, x4 = NW, x5 = W, x6 = SW, x7 = S, x8 =
 * SE, x9 = x1; outside the image they are 0. A set pixel is deleted when
 *   G1  exactly one i in 1..4 has x(2i-1) = 0 and (x(2i) or x(2i+1)): one crossing
 *   G2  2 <= min(n1, n2) <= 3, n1 = sum over i of (x(2i-1) or x(2i)), n2 = sum over i of (x(2i) or x(2i+1))
 *   G3  first subiteration: (x2 or x3 or not x8) and x1 is 0; second: (x6 or x7 or not x4) and x5 is 0.
 * Both subiterations decide on the map as it was before them, and are repeated until a full pass deletes nothing.
 *
 * A row needs to be looked at only when it or a neighbour of it has changed since the same subiteration looked last.
 * O(passes * pixels / 64) at worst.
 * Source: Z. Guo, R. W. Hall, "Parallel thinning with two-subiteration algorithms", CACM 32 (1989), the first of the
 * two.
 */
#include "eval/boundary/boundary_priv.h"

struct neighbours {
    uint64_t e, ne, n, nw, w, sw, s, se;
};

static uint64_t from_east(const uint64_t *p)
{
    return p[0] >> 1 | p[1] << 63;
}

static uint64_t from_west(const uint64_t *p)
{
    return p[0] << 1 | p[-1] >> 63;
}

static struct neighbours around(const uint64_t *up, const uint64_t *mid, const uint64_t *down)
{
    return (struct neighbours){ .e = from_east(mid),
                                .ne = from_east(up),
                                .n = up[0],
                                .nw = from_west(up),
                                .w = from_west(mid),
                                .sw = from_west(down),
                                .s = down[0],
                                .se = from_east(down) };
}

static uint64_t exactly_one(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    return ((a ^ b) & ~(c | d)) | ((c ^ d) & ~(a | b));
}

static uint64_t at_least_two(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    return (a & b) | (c & d) | ((a | b) & (c | d));
}

/* The pixels of 64 that the rules delete if they are set. */
static uint64_t rules(const struct neighbours *x, bool second)
{
    uint64_t g1 = exactly_one(~x->e & (x->ne | x->n), ~x->n & (x->nw | x->w), ~x->w & (x->sw | x->s),
                              ~x->s & (x->se | x->e));
    uint64_t a = x->e | x->ne, b = x->n | x->nw, c = x->w | x->sw, d = x->s | x->se;
    uint64_t p = x->ne | x->n, q = x->nw | x->w, r = x->sw | x->s, t = x->se | x->e;
    uint64_t g2 = at_least_two(a, b, c, d) & at_least_two(p, q, r, t) & ~(a & b & c & d & p & q & r & t);
    uint64_t g3 = second ? (x->sw | x->s | ~x->nw) & x->w : (x->ne | x->n | ~x->se) & x->e;
    return g1 & g2 & ~g3;
}

/* Marks what is to be deleted from row y; true if anything is. */
static bool mark_row(const struct edgel_bits *b, struct edgel_bits *gone, int y, bool second)
{
    const uint64_t *up = edgel_bits_row(b, y - 1), *mid = edgel_bits_row(b, y),
                   *down = edgel_bits_row(b, y + 1);
    uint64_t *out = edgel_bits_row(gone, y), any = 0;
    for (size_t i = 0; i + 2 < b->row; i++) {
        const struct neighbours x = around(up + i, mid + i, down + i);
        out[i] = mid[i] & rules(&x, second);
        any |= out[i];
    }
    return any != 0;
}

static void delete_row(struct edgel_bits *b, const struct edgel_bits *gone, int y)
{
    uint64_t *row = edgel_bits_row(b, y);
    const uint64_t *out = edgel_bits_row(gone, y);
    for (size_t i = 0; i + 2 < b->row; i++)
        row[i] &= ~out[i];
}

void edgel_thin(struct edgel_bits *b, struct edgel_bits *gone, uint32_t *stamps)
{
    enum { START = 2 }; /* so that the first two subiterations look at every row */
    uint32_t *changed = stamps + 1, idle = 0;
    for (int y = -1; y <= b->h; y++)
        changed[y] = START;
    for (uint32_t now = START + 1; idle < 2; now++) {
        const bool second = now % 2 == START % 2;
        bool any = false;
        for (int y = 0; y < b->h; y++) {
            if (changed[y - 1] + 2 < now && changed[y] + 2 < now && changed[y + 1] + 2 < now)
                continue;
            /* A row above that is marked now keeps its pixels until all rows were looked at, but already bears the
             * stamp of this subiteration; looking at a row too often does no harm. */
            if (mark_row(b, gone, y, second)) {
                changed[y] = now;
                any = true;
            }
        }
        for (int y = 0; any && y < b->h; y++)
            if (changed[y] == now)
                delete_row(b, gone, y);
        idle = any ? 0 : idle + 1;
    }
}
