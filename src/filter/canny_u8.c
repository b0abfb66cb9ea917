/* Weak and strong pixels of 8-bit images with sector suppression: the rules of canny.c in 16-bit lanes. Magnitudes are
 * computed one row at a time into a ring of three rows. Smoothed rows come straight from the smoothing, so all data
 * from the input row to the bits of the result stays in the caches. In the usual case (one channel, Sobel 3, L1) no
 * derivatives are stored: they are computed again where a magnitude is above the low threshold. */
#include "filter/filter_priv.h"
#include <math.h>
#include <string.h>

enum { ROWS = 3, SIDE = 64, ROOM = 128, AHEAD = 2 };

struct lanes {
    struct edgel_filter_dsp dsp;
    const struct edgel_taps *taps;
    struct edgel_view in;
    bool l1, smooths;
    bool direct;              /* derivatives are not stored */
    struct edgel_blur blur;   /* where rows come from, if smooths */
    int w, n, pad;            /* pixels, samples of a row, samples beside it */
    int loaded;               /* the next row to come into a line */
    uint8_t *line[8];         /* ring of 2 radius + 2 rows of samples: enough for two rows of magnitudes */
    void *m[ROWS];            /* int16_t (L1) or int32_t of rows y mod 3, readable in [-1, w] */
    int16_t *vs, *vd;         /* if derivatives are stored: work rows */
    int16_t *all_gx, *all_gy; /* several channels: before one is chosen */
    void *all_m;
    int16_t *gx[2], *gy[2]; /* of rows y mod 2 */
};

/* A row of zeros, with room on either side for the samples that kernels touch. */
static void *take(struct edgel_arena *arena, size_t n, size_t size, bool *ok)
{
    void *p = edgel_arena_alloc(arena, n + SIDE + ROOM, size);
    *ok = *ok && p;
    if (p)
        memset(p, 0, (n + SIDE + ROOM) * size);
    return p ? (char *)p + SIDE * size : NULL;
}

static enum edgel_status lanes_init(struct lanes *s, struct edgel_arena *arena, struct edgel_view in,
                                    const struct edgel_smoothing *smoothing,
                                    const struct edgel_canny_params *params, int first,
                                    struct edgel_error *err)
{
    *s = (struct lanes){ .taps = edgel_operator_taps(EDGEL_SOBEL, params->aperture), .in = in };
    edgel_filter_dsp_init(&s->dsp, edgel_cpu_flags());
    s->smooths = smoothing;
    s->loaded = first > s->taps->radius ? first - s->taps->radius : 0;
    if (smoothing)
        EDGEL_TRY(edgel_blur_init(&s->blur, arena, in, *smoothing, s->loaded, err));
    s->l1 = params->norm == EDGEL_NORM_L1;
    s->w = in.w;
    s->n = in.w * in.channels;
    s->pad = s->taps->radius * in.channels;
    s->direct = s->l1 && in.channels == 1 && s->taps->radius == 1;
    const size_t n = (size_t)s->n, w = (size_t)s->w, size = s->l1 ? 2 : 4;
    bool ok = true;
    for (int i = 0; i <= 2 * s->taps->radius + 1; i++)
        s->line[i] = take(arena, n, 1, &ok);
    if (!s->direct) {
        s->vs = take(arena, n, sizeof *s->vs, &ok);
        s->vd = take(arena, n, sizeof *s->vd, &ok);
        s->all_gx = take(arena, n, sizeof *s->all_gx, &ok);
        s->all_gy = take(arena, n, sizeof *s->all_gy, &ok);
        s->all_m = take(arena, n, size, &ok);
        for (int i = 0; i < 2; i++) {
            s->gx[i] = take(arena, w, sizeof *s->gx[i], &ok);
            s->gy[i] = take(arena, w, sizeof *s->gy[i], &ok);
        }
    }
    for (int i = 0; i < ROWS; i++)
        s->m[i] = take(arena, w, size, &ok);
    return ok ? EDGEL_OK : edgel_fail(err, EDGEL_ENOMEM, "canny: image %dx%d: out of memory", in.w, in.h);
}

/* Row y of samples; outside the image the nearest row. */
static uint8_t *line_at(const struct lanes *s, int y)
{
    const int inside = y < 0 ? 0 : y < s->in.h ? y : s->in.h - 1;
    return s->line[inside % (2 * s->taps->radius + 2)];
}

static void load_line(struct lanes *s, int y)
{
    const int n = s->n;
    uint8_t *dst = line_at(s, y);
    if (s->smooths)
        edgel_blur_row(&s->blur, y, dst);
    else {
        const char *row = (const char *)s->in.data + y * s->in.stride;
        if (y + AHEAD < s->in.h)
            edgel_prefetch(row + AHEAD * s->in.stride, (size_t)n);
        memcpy(dst, row, (size_t)n);
    }
    edgel_repeat_ends(dst, n, s->pad, s->in.channels);
}

/* For each pixel the channel with the largest magnitude; of equals the last channel. */
#define DEFINE_CHOOSE(name, LANE)                   \
    static void name(struct lanes *s, int y)        \
    {                                               \
        const int c = s->in.channels;               \
        const LANE *m = s->all_m;                   \
        LANE *out = s->m[y % ROWS];                 \
        for (int x = 0; x < s->w; x++) {            \
            int best = x * c + c - 1;               \
            for (int i = best - 1; i >= x * c; i--) \
                best = m[i] > m[best] ? i : best;   \
            out[x] = m[best];                       \
            s->gx[y % 2][x] = s->all_gx[best];      \
            s->gy[y % 2][x] = s->all_gy[best];      \
        }                                           \
    }
DEFINE_CHOOSE(choose_l1, int16_t)
DEFINE_CHOOSE(choose_l2, int32_t)

/* Stores the derivatives of row y, and its magnitudes: per channel, or, of a single channel, the final ones. */
static void derive_line(struct lanes *s, int y)
{
    const bool single = s->in.channels == 1;
    const uint8_t *rows[7];
    for (int k = 0; k <= 2 * s->taps->radius; k++)
        rows[k] = line_at(s, y - s->taps->radius + k);
    int16_t *gx = single ? s->gx[y % 2] : s->all_gx, *gy = single ? s->gy[y % 2] : s->all_gy;
    void *m = single ? s->m[y % ROWS] : s->all_m;
    s->dsp.derive_u8(gx, gy, rows, s->n, s->in.channels, s->taps, s->vs, s->vd);
    if (s->l1)
        s->dsp.magnitude_l1(m, gx, gy, s->n);
    else
        s->dsp.magnitude_l2(m, gx, gy, s->n);
    if (single)
        return;
    if (s->l1)
        choose_l1(s, y);
    else
        choose_l2(s, y);
}

/* Magnitudes of row y, 0 below the image; rows come in order, from the first one asked for. */
static void magnitude_line(struct lanes *s, int y)
{
    if (y >= s->in.h) {
        memset(s->m[y % ROWS], 0, (size_t)s->w * (s->l1 ? 2 : 4));
        return;
    }
    for (; s->loaded < s->in.h && s->loaded <= y + s->taps->radius; s->loaded++)
        load_line(s, s->loaded);
    if (s->direct)
        s->dsp.sobel_l1(s->m[y % ROWS], line_at(s, y - 1), line_at(s, y), line_at(s, y + 1), s->n);
    else
        derive_line(s, y);
    if (s->l1)
        ((int16_t *)s->m[y % ROWS])[s->w] = 0; /* kernels write whole words: this is outside the image */
}

static struct edgel_sector_rows sector_rows(const struct lanes *s, int y)
{
    struct edgel_sector_rows rows = { .up = s->m[(y + 2) % ROWS],
                                      .mid = s->m[y % ROWS],
                                      .down = s->m[(y + 1) % ROWS] };
    if (s->direct) {
        rows.a = line_at(s, y - 1);
        rows.b = line_at(s, y);
        rows.c = line_at(s, y + 1);
    } else {
        rows.gx = s->gx[y % 2];
        rows.gy = s->gy[y % 2];
    }
    return rows;
}

static int whole_limit(double t, int max)
{
    t = floor(t);
    return t < -1 ? -1 : t > max ? max : (int)t;
}

size_t edgel_canny_u8_magnitudes(struct edgel_view in, const struct edgel_canny_params *params)
{
    if (in.type != EDGEL_U8 || params->nms != EDGEL_NMS_SECTOR || params->norm != EDGEL_NORM_L1)
        return 0;
    const double most = edgel_canny_full_strength(in.type, params);
    return (size_t)(edgel_canny_sixteenths(in.type, params) ? most / 16 : most) + 1;
}

enum edgel_status edgel_canny_u8_count(struct edgel_arena *arena, struct edgel_view in,
                                       const struct edgel_canny_params *params, int from, int to,
                                       uint64_t *counts, struct edgel_error *err)
{
    struct lanes s;
    EDGEL_TRY(lanes_init(&s, arena, in, NULL, params, from, err));
    for (int y = from; y < to; y++) {
        magnitude_line(&s, y);
        const int16_t *m = s.m[y % ROWS];
        for (int x = 0; x < in.w; x++)
            counts[m[x]]++;
    }
    return EDGEL_OK;
}

enum edgel_status edgel_canny_u8(struct edgel_arena *arena, struct edgel_view in,
                                 const struct edgel_smoothing *smoothing,
                                 const struct edgel_canny_params *params,
                                 const struct edgel_limits_pair *limits, struct edgel_band band,
                                 struct edgel_bit_map *map, struct edgel_error *err)
{
    struct lanes s;
    const int first = band.from > 0 ? band.from - 1 : 0;
    EDGEL_TRY(lanes_init(&s, arena, in, smoothing, params, first, err));
    const int max = s.l1 ? INT16_MAX : INT32_MAX;
    const int low = whole_limit(limits->low, max), high = whole_limit(limits->high, max);
    for (int y = first; y <= band.from; y++)
        magnitude_line(&s, y);
    for (int y = band.from; y < band.to; y++) {
        const int row = y - band.from + band.at;
        magnitude_line(&s, y + 1);
        const struct edgel_sector_rows rows = sector_rows(&s, y);
        uint64_t *weak = edgel_bit_map_weak(map, row), *strong = edgel_bit_map_strong(map, row);
        if (s.l1)
            s.dsp.sector_l1(weak, strong, &rows, in.w, low, high);
        else
            s.dsp.sector_l2(weak, strong, &rows, in.w, low, high);
        edgel_hysteresis_row(map, row, band.apart && y == band.from);
    }
    return EDGEL_OK;
}
