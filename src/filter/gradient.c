/*
 * Derivatives by small kernels, unnormalised: gx = d (x) s, gy = s (x) d as correlations, border replicated.
 *
 *     Sobel 3   s = 1 2 1             d = -1 0 1
 *     Sobel 5   s = 1 4 6 4 1         d = -1 -2 0 2 1
 *     Sobel 7   s = 1 6 15 20 15 6 1  d = -1 -4 -5 0 5 4 1
 *     Prewitt   s = 1 1 1             d = -1 0 1
 *     Scharr    s = 3 10 3            d = -1 0 1
 *     Roberts   gx = p(x,y) - p(x+1,y+1), gy = p(x+1,y) - p(x,y+1)
 *
 * Integer input: exact in 32 bits (Sobel 7 of 16 bits stays below 2^26). Float input: sums in double, each result
 * rounded once. Columns are summed before rows, and samples at equal distance are added or subtracted first, so that
 * mirrored images have mirrored derivatives.
 *
 * Source: I. Sobel, An Isotropic 3x3 Image Gradient Operator (1968); J. Prewitt (1970); L. Roberts (1963);
 * H. Scharr (2000).
 */
#include "filter/filter_priv.h"
#include <string.h>

enum { MAX_RADIUS = 3 };

static const struct edgel_taps sobel_3 = { 1, { 2, 1 }, { 0, 1 } };
static const struct edgel_taps sobel_5 = { 2, { 6, 4, 1 }, { 0, 2, 1 } };
static const struct edgel_taps sobel_7 = { 3, { 20, 15, 6, 1 }, { 0, 5, 4, 1 } };
static const struct edgel_taps prewitt = { 1, { 1, 1 }, { 0, 1 } };
static const struct edgel_taps scharr = { 1, { 10, 3 }, { 0, 1 } };

const struct edgel_taps *edgel_operator_taps(enum edgel_operator op, int aperture)
{
    switch (op) {
    case EDGEL_SOBEL: return aperture == 3 ? &sobel_3 : aperture == 5 ? &sobel_5 : &sobel_7;
    case EDGEL_PREWITT: return &prewitt;
    case EDGEL_SCHARR: return &scharr;
    case EDGEL_ROBERTS: break;
    }
    return NULL;
}

enum edgel_status edgel_operator_check(enum edgel_operator op, int aperture, struct edgel_error *err)
{
    switch (op) {
    case EDGEL_SOBEL:
        if (aperture != 3 && aperture != 5 && aperture != 7)
            return edgel_fail(err, EDGEL_EINVAL, "aperture %d: must be 3, 5 or 7", aperture);
        return EDGEL_OK;
    case EDGEL_PREWITT:
    case EDGEL_SCHARR:
    case EDGEL_ROBERTS: return EDGEL_OK;
    }
    return edgel_fail(err, EDGEL_EINVAL, "operator %d: must be Sobel, Prewitt, Scharr or Roberts", (int)op);
}

enum edgel_status edgel_derive_init(struct edgel_derive *d, struct edgel_arena *arena, struct edgel_view in,
                                    enum edgel_operator op, int aperture, int first, struct edgel_error *err)
{
    *d = (struct edgel_derive){ .in = in, .taps = edgel_operator_taps(op, aperture) };
    edgel_filter_dsp_init(&d->dsp, edgel_cpu_flags());
    const int r = d->taps ? d->taps->radius : 1;
    d->above = d->taps ? r : 0;
    d->below = r;
    d->loaded = first > d->above ? first - d->above : 0;
    d->pad = r * in.channels;
    d->n = in.w * in.channels;
    const size_t samples = (size_t)d->n + 2 * (size_t)d->pad;
    bool ok = true;
    for (int i = 0; i <= d->above + d->below; i++) {
        int32_t *row = edgel_arena_alloc(arena, samples, sizeof *row);
        ok = ok && row;
        d->ring[i] = row ? row + d->pad : NULL;
    }
    double *vs = edgel_arena_alloc(arena, samples, sizeof *vs); /* wide enough for either type */
    double *vd = edgel_arena_alloc(arena, samples, sizeof *vd);
    d->vs = vs;
    d->vd = vd;
    d->gx = edgel_arena_alloc(arena, (size_t)d->n, sizeof(int32_t));
    d->gy = edgel_arena_alloc(arena, (size_t)d->n, sizeof(int32_t));
    if (!ok || !vs || !vd || !d->gx || !d->gy)
        return edgel_fail(err, EDGEL_ENOMEM, "gradient: image %dx%d: out of memory", in.w, in.h);
    return EDGEL_OK;
}

/* Row y widened to 32 bits, its first and last pixel repeated on either side. */
static void load_row(struct edgel_derive *d, int y)
{
    int32_t *dst = d->ring[y % (d->above + d->below + 1)];
    const void *src = (const char *)d->in.data + y * d->in.stride;
    const int c = d->in.channels, n = d->n;
    if (d->in.type == EDGEL_F32)
        memcpy(dst, src, (size_t)n * sizeof(float));
    else if (d->in.type == EDGEL_U16)
        for (int i = 0; i < n; i++)
            dst[i] = ((const uint16_t *)src)[i];
    else
        for (int i = 0; i < n; i++)
            dst[i] = ((const uint8_t *)src)[i];
    for (int i = 0; i < d->pad; i++) {
        memcpy(&dst[-1 - i], &dst[c - 1 - i % c], sizeof *dst);
        memcpy(&dst[n + i], &dst[n - c + i % c], sizeof *dst);
    }
}

void edgel_derive_row(struct edgel_derive *d, int y)
{
    const int h = d->in.h, count = d->above + d->below + 1, c = d->in.channels;
    for (; d->loaded < h && d->loaded <= y + d->below; d->loaded++)
        load_row(d, d->loaded);
    const void *rows[7];
    for (int k = 0; k < count; k++) {
        int at = y - d->above + k;
        at = at < 0 ? 0 : at >= h ? h - 1 : at;
        rows[k] = d->ring[at % count];
    }
    int32_t *vs = (int32_t *)d->vs + d->pad, *vd = (int32_t *)d->vd + d->pad;
    if (d->in.type == EDGEL_F32 && d->taps)
        d->dsp.derive_f32(d->gx, d->gy, (const float *const *)rows, d->n, c, d->taps,
                          (double *)d->vs + d->pad, (double *)d->vd + d->pad);
    else if (d->in.type == EDGEL_F32)
        d->dsp.roberts_f32(d->gx, d->gy, rows[0], rows[1], d->n, c);
    else if (d->taps)
        d->dsp.derive_i32(d->gx, d->gy, (const int32_t *const *)rows, d->n, c, d->taps, vs, vd);
    else
        d->dsp.roberts_i32(d->gx, d->gy, rows[0], rows[1], d->n, c);
}

struct job {
    struct edgel_view in;
    enum edgel_operator op;
    int aperture;
    const struct edgel_image *gx, *gy;
};

static enum edgel_status derive_rows(void *user, const struct edgel_part *part, struct edgel_error *err)
{
    const struct job *job = user;
    struct edgel_derive d;
    EDGEL_TRY(edgel_derive_init(&d, part->arena, job->in, job->op, job->aperture, part->from, err));
    const size_t row = (size_t)d.n * edgel_type_size(job->gx->type);
    for (int y = part->from; y < part->to; y++) {
        edgel_derive_row(&d, y);
        memcpy((char *)job->gx->data + y * job->gx->stride, d.gx, row);
        memcpy((char *)job->gy->data + y * job->gy->stride, d.gy, row);
    }
    return EDGEL_OK;
}

static enum edgel_status derive(struct edgel_scratch *scratch, struct edgel_view in, enum edgel_operator op,
                                int aperture, struct edgel_image *gx, struct edgel_image *gy,
                                struct edgel_error *err)
{
    const enum edgel_type type = in.type == EDGEL_F32 ? EDGEL_F32 : EDGEL_I32;
    struct job job = { in, op, aperture, gx, gy };
    EDGEL_TRY(edgel_view_check("gradient", in, 4, err));
    EDGEL_TRY(edgel_operator_check(op, aperture, err));
    EDGEL_TRY(edgel_image_init(gx, in.w, in.h, in.channels, type, err));
    EDGEL_TRY(edgel_image_init(gy, in.w, in.h, in.channels, type, err));
    return edgel_share(scratch, in.h, edgel_share_rows(scratch, in.h, in.w * in.channels, 2 * MAX_RADIUS),
                       derive_rows, &job, err);
}

enum edgel_status edgel_gradient(struct edgel_scratch *scratch, struct edgel_view in, enum edgel_operator op,
                                 int aperture, struct edgel_image *gx, struct edgel_image *gy,
                                 struct edgel_error *err)
{
    EDGEL_REQUIRE(gx);
    EDGEL_REQUIRE(gy);
    struct edgel_scratch own, *s = edgel_scratch_begin(scratch, &own);
    const enum edgel_status st = derive(s, in, op, aperture, gx, gy, err);
    edgel_scratch_end(&own);
    if (st != EDGEL_OK) {
        edgel_image_finish(gx);
        edgel_image_finish(gy);
    }
    return st;
}
