/*
 * Gradient magnitudes of 8-bit images, saturated to 8 bits. Each row is read once, smoothed if asked for, and kept in a
 * ring of as many rows as the operator is high; each output row is computed from the ring.
 *
 * The result equals that of the general path: integer derivatives; |gx| + |gy|, or the root of the sum of squares
 * rounded to the nearest (no ties: (k + 1/2)^2 is no integer). Saturation and rounding are monotonic, so the strongest
 * channel may be chosen afterwards.
 */
#include "filter/filter_priv.h"
#include <string.h>

enum { MAX_ROWS = 7 };

struct edges {
    struct edgel_filter_dsp dsp;
    const struct edgel_taps *taps; /* NULL: Roberts */
    enum edgel_norm norm;
    struct edgel_view in;
    bool smooths;
    struct edgel_blur blur;
    int above, below;        /* rows needed around a row */
    int pad, n;              /* samples beside a row, samples of a row */
    int loaded;              /* the next row to come into the ring */
    uint8_t *ring[MAX_ROWS]; /* at their first sample */
    int16_t *vs, *vd;        /* work rows */
    uint8_t *all;            /* several channels: before the strongest is chosen */
};

static enum edgel_status edges_init(struct edges *e, struct edgel_arena *arena, struct edgel_view in,
                                    enum edgel_operator op, int aperture, int first, struct edgel_error *err)
{
    *e = (struct edges){ .in = in, .taps = edgel_operator_taps(op, aperture) };
    edgel_filter_dsp_init(&e->dsp, edgel_cpu_flags());
    e->below = e->taps ? e->taps->radius : 1;
    e->above = e->taps ? e->below : 0;
    e->pad = e->below * in.channels;
    e->loaded = first > e->above ? first - e->above : 0;
    e->n = in.w * in.channels;
    const size_t samples = (size_t)e->n + 2 * (size_t)e->pad;
    bool ok = true;
    for (int i = 0; i <= e->above + e->below; i++) {
        uint8_t *row = edgel_arena_alloc(arena, samples, 1);
        ok = ok && row;
        e->ring[i] = row ? row + e->pad : NULL;
    }
    e->vs = edgel_arena_alloc(arena, samples, sizeof *e->vs);
    e->vd = edgel_arena_alloc(arena, samples, sizeof *e->vd);
    e->all = edgel_arena_alloc(arena, samples, 1);
    if (!ok || !e->vs || !e->vd || !e->all)
        return edgel_fail(err, EDGEL_ENOMEM, "gradient: image %dx%d: out of memory", in.w, in.h);
    return EDGEL_OK;
}

/* Row y, its first and last pixel repeated on either side. */
static void load_row(struct edges *e, int y)
{
    uint8_t *dst = e->ring[y % (e->above + e->below + 1)];
    if (e->smooths)
        edgel_blur_row(&e->blur, y, dst);
    else
        memcpy(dst, (const char *)e->in.data + y * e->in.stride, (size_t)e->n);
    edgel_repeat_ends(dst, e->n, e->pad, e->in.channels);
}

static void strongest_channel(uint8_t *restrict dst, const uint8_t *restrict src, int w, int channels)
{
    for (int x = 0; x < w; x++) {
        uint8_t m = src[(ptrdiff_t)x * channels];
        for (int i = 1; i < channels; i++)
            m = src[(ptrdiff_t)x * channels + i] > m ? src[(ptrdiff_t)x * channels + i] : m;
        dst[x] = m;
    }
}

static void edge_row(struct edges *e, int y, uint8_t *dst)
{
    const int h = e->in.h, count = e->above + e->below + 1, c = e->in.channels;
    for (; e->loaded < h && e->loaded <= y + e->below; e->loaded++)
        load_row(e, e->loaded);
    const uint8_t *rows[MAX_ROWS];
    for (int k = 0; k < count; k++) {
        const int at = y - e->above + k;
        rows[k] = e->ring[(at < 0 ? 0 : at >= h ? h - 1 : at) % count];
    }
    uint8_t *to = c == 1 ? dst : e->all;
    const bool l1 = e->norm == EDGEL_NORM_L1;
    if (e->taps)
        (l1 ? e->dsp.edge_l1_u8 : e->dsp.edge_l2_u8)(to, rows, e->n, c, e->taps, e->vs + e->pad,
                                                     e->vd + e->pad);
    else
        (l1 ? e->dsp.edge_roberts_l1_u8 : e->dsp.edge_roberts_l2_u8)(to, rows[0], rows[1], e->n, c);
    if (c > 1)
        strongest_channel(dst, e->all, e->in.w, c);
}

struct job {
    struct edgel_view in;
    enum edgel_operator op;
    int aperture;
    enum edgel_norm norm;
    const struct edgel_smoothing *smoothing;
    const struct edgel_image *out;
};

static enum edgel_status edge_rows(void *user, const struct edgel_part *part, struct edgel_error *err)
{
    const struct job *job = user;
    struct edges e;
    EDGEL_TRY(edges_init(&e, part->arena, job->in, job->op, job->aperture, part->from, err));
    e.norm = job->norm;
    e.smooths = job->smoothing;
    if (job->smoothing)
        EDGEL_TRY(edgel_blur_init(&e.blur, part->arena, job->in, *job->smoothing, e.loaded, err));
    for (int y = part->from; y < part->to; y++)
        edge_row(&e, y, (uint8_t *)job->out->data + y * job->out->stride);
    return EDGEL_OK;
}

enum edgel_status edgel_edge_u8(struct edgel_scratch *scratch, struct edgel_view in, enum edgel_operator op,
                                int aperture, enum edgel_norm norm, const struct edgel_smoothing *smoothing,
                                const struct edgel_image *out, struct edgel_error *err)
{
    struct job job = { in, op, aperture, norm, smoothing, out };
    const int rows = edgel_share_rows(scratch, in.h, in.w * in.channels, MAX_ROWS - 1);
    return edgel_share(scratch, in.h, rows, edge_rows, &job, err);
}
