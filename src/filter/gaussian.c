/*
 * Gaussian smoothing: out = in * g(x) * g(y), g normalised to sum 1, border reflect-101.
 *
 * Integer images are smoothed with integer taps of sum 256 (8-bit) or 65536 (16-bit). They come from the real ones
 * by carrying the rounding error inwards from the outermost tap (error diffusion) and leaving the rest to the
 * centre:
 *
 *     a = scale g(i) + e,  tap(i) = rint(a),  e = a - tap(i),   i from the end to the middle
 *     tap(centre) = scale - 2 (sum of the others on one side)
 *
 * so that they are even and sum exactly to scale. All sums are exact and the result is rounded once, half up; hence
 * the order of the passes has no influence. 8 bits: the same numbers as OpenCV's fixed-point path.
 *
 * Real taps are computed in double from an exponential of our own (below), because a last bit of the C library's may
 * differ from machine to machine. Memory: ksize rows of sums, two for 8 bits. Time: 2 ksize multiplications a sample.
 */
#include "filter/filter_priv.h"
#include <math.h>
#include <string.h>

enum { MAX_KSIZE = 8191, AHEAD = 2 };

/* exp(x) for x <= 0 within 2 units in the last place, from additions and multiplications alone: x = k ln 2 + r with
 * |r| <= ln(2) / 2, the series of exp(r) to r^13 / 13!, scaled by 2^k. */
static double exp_of_negative(double x)
{
    const double ln2_high = 0x1.62e42feep-1, ln2_low = 0x1.a39ef35793c76p-33;
    if (!(x > -700))
        return 0;
    double k = rint(x * 0x1.71547652b82fep+0);
    double r = (x - k * ln2_high) - k * ln2_low;
    double sum = 1;
    for (int i = 13; i >= 1; i--)
        sum = 1 + sum * r / i;
    return ldexp(sum, (int)k);
}

static int taps_for_sigma(double sigma, enum edgel_type type)
{
    return (int)rint(sigma * (type == EDGEL_U8 ? 6 : 8) + 1) | 1;
}

/* OpenCV's taps for a size without a sigma. */
static const double *fixed_taps(int n)
{
    static const double one[] = { 1 }, three[] = { .25, .5, .25 }, five[] = { .0625, .25, .375, .25, .0625 },
                        seven[] = { .03125, .109375, .21875, .28125, .21875, .109375, .03125 },
                        nine[] = { 4. / 256,  13. / 256, 30. / 256, 51. / 256, 60. / 256,
                                   51. / 256, 30. / 256, 13. / 256, 4. / 256 };
    static const double *const table[] = { one, three, five, seven, nine };
    return n <= 9 ? table[n / 2] : NULL;
}

/* n real taps of sum 1 up to rounding. */
static void real_taps(double *g, int n, double sigma)
{
    const double *fixed = sigma > 0 ? NULL : fixed_taps(n);
    if (fixed) {
        memcpy(g, fixed, (size_t)n * sizeof *g);
        return;
    }
    if (!(sigma > 0))
        sigma = 0.15 * n + 0.35;
    const int r = n / 2;
    const double scale = -0.5 / (sigma * sigma);
    double sum = 0;
    for (int i = 0; i < r; i++) {
        g[i] = exp_of_negative((double)(i - r) * (i - r) * scale);
        sum += g[i];
    }
    const double norm = 1 / (2 * sum + 1);
    for (int i = 0; i < r; i++)
        g[i] = g[n - 1 - i] = g[i] * norm;
    g[r] = norm;
}

/* Error diffusion: integers of sum scale. */
static void whole_taps(uint32_t *tap, const double *g, int n, int scale)
{
    double e = 0;
    int sum = 0;
    for (int i = 0; i < n / 2; i++) {
        double a = g[i] * scale + e, v = rint(a);
        e = a - v;
        tap[i] = tap[n - 1 - i] = (uint32_t)v;
        sum += (int)v;
    }
    tap[n / 2] = (uint32_t)(scale - 2 * sum);
}

/* The taps of one axis. An axis of one pixel has one tap. */
static bool make_axis(struct edgel_axis *axis, struct edgel_arena *arena, int length, double sigma, int ksize,
                      enum edgel_type type)
{
    const int n = length == 1 ? 1 : ksize ? ksize : taps_for_sigma(sigma, type);
    double *g = edgel_arena_alloc(arena, (size_t)n, sizeof *g);
    uint32_t *whole = edgel_arena_alloc(arena, (size_t)n, sizeof *whole);
    axis->n = n;
    axis->tap = edgel_arena_alloc(arena, (size_t)n, 4);
    if (!g || !whole || !axis->tap)
        return false;
    real_taps(g, n, sigma);
    if (type != EDGEL_F32)
        whole_taps(whole, g, n, type == EDGEL_U8 ? 256 : 65536);
    for (int i = 0; i < n; i++)
        if (type == EDGEL_U8)
            ((uint16_t *)axis->tap)[i] = (uint16_t)whole[i];
        else if (type == EDGEL_U16)
            ((uint32_t *)axis->tap)[i] = whole[i];
        else
            ((float *)axis->tap)[i] = (float)g[i];
    return true;
}

/* Position i reflected into 0..n-1, ends not repeated, as often as needed. */
static int reflect_101(int i, int n)
{
    if (n == 1)
        return 0;
    const int64_t period = 2 * ((int64_t)n - 1);
    int64_t at = i % period;
    if (at < 0)
        at += period;
    return (int)(at < n ? at : period - at);
}

/* Puts pad mirrored pixels of px bytes on either side of a row of w. */
static void mirror_ends(char *row, int w, int pad, size_t px)
{
    const ptrdiff_t size = (ptrdiff_t)px;
    for (int i = 1; i <= pad; i++) {
        memcpy(row - i * size, row + reflect_101(-i, w) * size, px);
        memcpy(row + (w - 1 + i) * size, row + reflect_101(w - 1 + i, w) * size, px);
    }
}

/* Row y of in with pad mirrored pixels on either side. */
static void load_row(char *dst, struct edgel_view in, int y, int pad)
{
    const size_t px = edgel_type_size(in.type) * (size_t)in.channels;
    memcpy(dst + (size_t)pad * px, (const char *)in.data + y * in.stride, (size_t)in.w * px);
    mirror_ends(dst + (size_t)pad * px, in.w, pad, px);
}

static void blur_h(const struct edgel_filter_dsp *dsp, enum edgel_type type, void *dst, const void *src,
                   int n, int step, const struct edgel_axis *a)
{
    if (type == EDGEL_U16)
        dsp->blur_h_u16(dst, src, n, step, a->tap, a->n);
    else
        dsp->blur_h_f32(dst, src, n, step, a->tap, a->n);
}

static void blur_v(const struct edgel_filter_dsp *dsp, enum edgel_type type, void *dst, const void *rows,
                   int n, const struct edgel_axis *a)
{
    if (type == EDGEL_U16)
        dsp->blur_v_u16(dst, rows, n, a->tap, a->n);
    else
        dsp->blur_v_f32(dst, rows, n, a->tap, a->n);
}

int edgel_smoothing_radius(struct edgel_smoothing smoothing, enum edgel_type type)
{
    return (smoothing.ksize ? smoothing.ksize : taps_for_sigma(smoothing.sigma, type)) / 2;
}

enum edgel_status edgel_gaussian_check(double sigma, int ksize, struct edgel_error *err)
{
    if (!(sigma >= 0 && sigma <= 1000))
        return edgel_fail(err, EDGEL_EINVAL, "sigma %g: must be >= 0 and at most 1000", sigma);
    if (ksize != 0 && (ksize < 1 || ksize > MAX_KSIZE || ksize % 2 == 0))
        return edgel_fail(err, EDGEL_EINVAL, "ksize %d: must be 0, or odd and at most %d", ksize, MAX_KSIZE);
    if (sigma == 0 && ksize == 0)
        return edgel_fail(err, EDGEL_EINVAL, "sigma 0: must be > 0 when ksize is 0");
    return EDGEL_OK;
}

/* 8 bits: columns are summed first, two rows at a time and straight from the view, into rows of sums with room for what
 * kernels read behind them. Other types: a ring of down.n rows (fewer if the image is lower) holds the horizontal sums
 * that one output row needs; mirrored rows are always among them. */
static bool make_rows(struct edgel_blur *b, struct edgel_arena *arena, int first)
{
    const size_t c = (size_t)b->in.channels, line = ((size_t)b->in.w + (size_t)b->across.n) * c;
    b->rows = edgel_arena_alloc(arena, (size_t)b->down.n + 1, sizeof *b->rows);
    if (b->in.type == EDGEL_U8) {
        b->ahead = -1;
        for (int i = 0; i < 2; i++) {
            b->sums[i] = edgel_arena_alloc(arena, line, sizeof *b->sums[i]);
            if (!b->sums[i])
                return false;
            memset(b->sums[i], 0, line * sizeof *b->sums[i]);
        }
        return b->rows;
    }
    b->slots = b->down.n < b->in.h ? b->down.n : b->in.h;
    b->loaded =
        first > b->down.n / 2 ? first - b->down.n / 2 : 0; /* the mirrored rows are then in the ring */
    b->sum_row = ((size_t)b->in.w * c * 4 + 63) & ~(size_t)63;
    b->line = edgel_arena_alloc(arena, line, edgel_type_size(b->in.type));
    b->ring = edgel_arena_alloc(arena, (size_t)b->slots, b->sum_row);
    return b->rows && b->line && b->ring;
}

enum edgel_status edgel_blur_init(struct edgel_blur *b, struct edgel_arena *arena, struct edgel_view in,
                                  struct edgel_smoothing smoothing, int first, struct edgel_error *err)
{
    *b = (struct edgel_blur){ .in = in };
    edgel_filter_dsp_init(&b->dsp, edgel_cpu_flags());
    if (!make_axis(&b->across, arena, in.w, smoothing.sigma, smoothing.ksize, in.type) ||
        !make_axis(&b->down, arena, in.h, smoothing.sigma, smoothing.ksize, in.type) ||
        !make_rows(b, arena, first))
        return edgel_fail(err, EDGEL_ENOMEM, "gaussian: image %dx%d: out of memory", in.w, in.h);
    return EDGEL_OK;
}

/* Vertical sums of rows y and y + 1. */
static void sum_columns(struct edgel_blur *b, int y)
{
    const int c = b->in.channels, n = b->in.w * c, pad = b->across.n / 2;
    for (int k = 0; k <= b->down.n; k++) {
        const int at = y - b->down.n / 2 + k;
        const int inside = at >= 0 && at < b->in.h ? at : reflect_101(at, b->in.h);
        b->rows[k] = (const char *)b->in.data + inside * b->in.stride;
    }
    for (int i = 0; i < 2; i++) {
        const int next = y + b->down.n / 2 + AHEAD + i;
        if (next < b->in.h)
            edgel_prefetch((const char *)b->in.data + next * b->in.stride, (size_t)n);
    }
    int16_t *sums[2] = { b->sums[0] + (ptrdiff_t)pad * c, b->sums[1] + (ptrdiff_t)pad * c };
    b->dsp.smooth_v_u8(sums[0], sums[1], (const uint8_t *const *)b->rows, n, b->down.tap, b->down.n);
    for (int i = 0; i < 2; i++)
        mirror_ends((char *)sums[i], b->in.w, pad, sizeof *sums[i] * (size_t)c);
}

static void blur_row_u8(struct edgel_blur *b, int y, uint8_t *dst)
{
    const int c = b->in.channels;
    const bool there = y == b->ahead;
    if (!there) {
        sum_columns(b, y);
        b->ahead = y + 1;
    }
    b->dsp.smooth_h_u8(dst, b->sums[there], b->in.w * c, c, b->across.tap, b->across.n);
}

void edgel_blur_row(struct edgel_blur *b, int y, void *dst)
{
    if (b->in.type == EDGEL_U8) {
        blur_row_u8(b, y, dst);
        return;
    }
    const int n = b->in.w * b->in.channels, r = b->down.n / 2, h = b->in.h;
    for (; b->loaded < h && b->loaded <= y + r; b->loaded++) {
        load_row(b->line, b->in, b->loaded, b->across.n / 2);
        blur_h(&b->dsp, b->in.type, b->ring + (size_t)(b->loaded % b->slots) * b->sum_row, b->line, n,
               b->in.channels, &b->across);
    }
    for (int k = 0; k < b->down.n; k++)
        b->rows[k] = b->ring + (size_t)(reflect_101(y - r + k, h) % b->slots) * b->sum_row;
    blur_v(&b->dsp, b->in.type, dst, b->rows, n, &b->down);
}

struct job {
    struct edgel_view in;
    const struct edgel_image *out;
    struct edgel_smoothing smoothing;
};

static enum edgel_status blur_rows(void *user, const struct edgel_part *part, struct edgel_error *err)
{
    const struct job *job = user;
    struct edgel_blur b;
    EDGEL_TRY(edgel_blur_init(&b, part->arena, job->in, job->smoothing, part->from, err));
    for (int y = part->from; y < part->to; y++)
        edgel_blur_row(&b, y, (char *)job->out->data + y * job->out->stride);
    return EDGEL_OK;
}

enum edgel_status edgel_gaussian_into(struct edgel_scratch *scratch, struct edgel_view in,
                                      const struct edgel_image *out, struct edgel_smoothing smoothing,
                                      struct edgel_error *err)
{
    struct job job = { in, out, smoothing };
    const int radius = in.type == EDGEL_U8 ? 0 : edgel_smoothing_radius(smoothing, in.type); /* of the ring */
    const int rows = edgel_share_rows(scratch, in.h, in.w * in.channels, 2 * radius);
    return edgel_share(scratch, in.h, rows, blur_rows, &job, err);
}

static enum edgel_status smooth(struct edgel_scratch *scratch, struct edgel_view in, struct edgel_image *out,
                                struct edgel_smoothing smoothing, struct edgel_error *err)
{
    EDGEL_TRY(edgel_view_check("gaussian", in, 4, err));
    EDGEL_TRY(edgel_gaussian_check(smoothing.sigma, smoothing.ksize, err));
    EDGEL_TRY(edgel_image_init(out, in.w, in.h, in.channels, in.type, err));
    return edgel_gaussian_into(scratch, in, out, smoothing, err);
}

enum edgel_status edgel_gaussian(struct edgel_scratch *scratch, struct edgel_view in, struct edgel_image *out,
                                 double sigma, int ksize, struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    struct edgel_scratch own, *s = edgel_scratch_begin(scratch, &own);
    const enum edgel_status st = smooth(s, in, out, (struct edgel_smoothing){ sigma, ksize }, err);
    edgel_scratch_end(&own);
    if (st != EDGEL_OK)
        edgel_image_finish(out);
    return st;
}
