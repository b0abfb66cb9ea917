/*
 * Non-maximum suppression of a soft boundary map before it is matched, as the field applies it to learned and gradient
 * maps.
 *
 * E: the map, 0..1, smoothed by [1 2 1] / 4 along both axes. S: E smoothed by the triangle [1 2 3 4 5 4 3 2 1] / 25
 * along both. Beyond the border both mirror the map, its last pixel included. With derivatives of S by central
 * differences (at the border the difference of the two last values), taken twice, the normal of a boundary is
 *     angle = atan(S_yy sign(-S_xy) / (S_xx + 1e-5))
 * A pixel is set to 0 where ratio * E < E sampled at a distance of 1, 2, .. radius on either side along (cos, sin) of
 * the angle; samples are bilinear, held inside the image (at most side - 1.001). Then the outer 5 pixels (at most half
 * a side) are faded: times k / 5 at a distance k from the border, for either axis. The result is rounded to 8 bits, as
 * such maps are stored.
 *
 * Cosine and sine come from numerator and denominator of the tangent by a square root, with no other function of libm:
 * since both sides are sampled, the half turn that an angle may be off by makes no difference.
 * Source: P. Dollar, C. L. Zitnick, "Fast edge detection using structured forests", PAMI 37 (2015).
 */
#include "eval/eval_priv.h"
#include <math.h>
#include <string.h>

enum { FADE = 5 };

struct nms {
    int w, h;
    double ratio;
    int radius;
    double *e, *s, *xx, *xy, *yy, *line; /* maps, and scratch of a line */
};

/* i mirrored into 0..n-1, the border pixel included. */
static int mirror(int i, int n)
{
    const int period = 2 * n, m = (i % period + period) % period;
    return m < n ? m : period - 1 - m;
}

/* Smooths n values at distance step by taps[2 * reach + 1], whose sum is total. */
static void smooth_line(double *v, int n, ptrdiff_t step, const double *taps, int reach, double total,
                        double *line)
{
    for (int i = 0; i < n; i++)
        line[i] = v[i * step];
    for (int i = 0; i < n; i++) {
        double sum = 0;
        for (int t = -reach; t <= reach; t++)
            sum += taps[t + reach] * line[i + t >= 0 && i + t < n ? i + t : mirror(i + t, n)];
        v[i * step] = sum / total;
    }
}

static void smooth(const struct nms *k, double *v, const double *taps, int reach, double total)
{
    for (int y = 0; y < k->h; y++)
        smooth_line(v + (size_t)y * (size_t)k->w, k->w, 1, taps, reach, total, k->line);
    for (int x = 0; x < k->w; x++)
        smooth_line(v + x, k->h, k->w, taps, reach, total, k->line);
}

/* Derivative of n values at distance step, in place. */
static void derive_line(double *v, int n, ptrdiff_t step, double *line)
{
    for (int i = 0; i < n; i++)
        line[i] = v[i * step];
    for (int i = 0; i < n; i++) {
        const int from = i > 0 ? i - 1 : 0, to = i + 1 < n ? i + 1 : i;
        v[i * step] = to > from ? (line[to] - line[from]) / (to - from) : 0;
    }
}

static void derive_x(const struct nms *k, double *v)
{
    for (int y = 0; y < k->h; y++)
        derive_line(v + (size_t)y * (size_t)k->w, k->w, 1, k->line);
}

static void derive_y(const struct nms *k, double *v)
{
    for (int x = 0; x < k->w; x++)
        derive_line(v + x, k->h, k->w, k->line);
}

static void second_derivatives(const struct nms *k)
{
    const size_t bytes = (size_t)k->w * (size_t)k->h * sizeof *k->s;
    memcpy(k->xx, k->s, bytes);
    memcpy(k->yy, k->s, bytes);
    derive_x(k, k->xx);
    derive_x(k, k->xx);
    derive_y(k, k->yy);
    memcpy(k->xy, k->yy, bytes);
    derive_x(k, k->xy);
    derive_y(k, k->yy);
}

static double inside(double v, int n)
{
    const double last = n - 1.001;
    return v < 0 || last < 0 ? 0 : v > last ? last : v;
}

/* E at (x, y), bilinear. */
static double sample(const struct nms *k, double x, double y)
{
    x = inside(x, k->w);
    y = inside(y, k->h);
    const int x0 = (int)x, y0 = (int)y, x1 = x0 + 1 < k->w ? x0 + 1 : x0, y1 = y0 + 1 < k->h ? y0 + 1 : y0;
    const double dx = x - x0, dy = y - y0;
    const double *top = k->e + (size_t)y0 * (size_t)k->w, *bottom = k->e + (size_t)y1 * (size_t)k->w;
    return (top[x0] * (1 - dx) + top[x1] * dx) * (1 - dy) + (bottom[x0] * (1 - dx) + bottom[x1] * dx) * dy;
}

static bool is_maximum(const struct nms *k, int x, int y)
{
    const size_t i = (size_t)y * (size_t)k->w + (size_t)x;
    const double sign = k->xy[i] < 0 ? 1 : k->xy[i] > 0 ? -1 : 0;
    const double n = k->yy[i] * sign, d = k->xx[i] + 1e-5, length = sqrt(n * n + d * d);
    const double c = length > 0 ? d / length : 1, s = length > 0 ? n / length : 0;
    const double e = k->e[i] * k->ratio;
    for (int t = -k->radius; t <= k->radius; t++)
        if (t != 0 && e < sample(k, x + t * c, y + t * s))
            return false;
    return true;
}

/* Factor of pixel i of n. */
static double fade(int i, int n)
{
    const int width = n / 2 < FADE ? n / 2 : FADE, k = i < n - 1 - i ? i : n - 1 - i;
    return k < width ? (double)k / width : 1;
}

static enum edgel_status read_map(const struct nms *k, const struct edgel_mask *map, int full,
                                  struct edgel_error *err)
{
    uint16_t *ids = edgel_alloc((size_t)k->w, sizeof *ids);
    enum edgel_status st = ids ? EDGEL_OK : edgel_no_memory(err, "nms");
    for (int y = 0; y < k->h && st == EDGEL_OK; y++) {
        double *out = k->e + (size_t)y * (size_t)k->w;
        const float *row = (const float *)(const void *)((const char *)map->view.data + y * map->view.stride);
        if (!edgel_mask_is_float(map))
            st = edgel_mask_read(map, "prediction", y, ids, err);
        for (int x = 0; x < k->w && st == EDGEL_OK; x++) {
            const double v =
                edgel_mask_is_float(map) ? (double)row[x * map->view.channels] : (double)ids[x] / full;
            out[x] = v > 0 ? (v < 1 ? v : 1) : 0;
        }
    }
    edgel_free(ids);
    return st;
}

static void suppress(const struct nms *k, uint8_t *out)
{
    static const double narrow[] = { 1, 2, 1 }, wide[] = { 1, 2, 3, 4, 5, 4, 3, 2, 1 };
    smooth(k, k->e, narrow, 1, 4);
    memcpy(k->s, k->e, (size_t)k->w * (size_t)k->h * sizeof *k->s);
    smooth(k, k->s, wide, 4, 25);
    second_derivatives(k);
    for (int y = 0; y < k->h; y++)
        for (int x = 0; x < k->w; x++) {
            const size_t i = (size_t)y * (size_t)k->w + (size_t)x;
            const double v = k->e[i] > 0 && is_maximum(k, x, y) ? k->e[i] * fade(x, k->w) * fade(y, k->h) : 0;
            out[i] = (uint8_t)floor(v * 255 + 0.5);
        }
}

enum edgel_status edgel_map_nms(const struct edgel_mask *map, int full, double ratio, int radius,
                                uint8_t *out, struct edgel_error *err)
{
    struct nms k = { .w = map->view.w, .h = map->view.h, .ratio = ratio, .radius = radius };
    const size_t n = (size_t)k.w * (size_t)k.h;
    double **const maps[] = { &k.e, &k.s, &k.xx, &k.xy, &k.yy };
    bool ok = (k.line = edgel_alloc((size_t)(k.w > k.h ? k.w : k.h), sizeof *k.line)) != NULL;
    for (int i = 0; i < 5; i++)
        ok = (*maps[i] = edgel_alloc(n, sizeof **maps[i])) != NULL && ok;
    enum edgel_status st = ok ? read_map(&k, map, full, err) : edgel_no_memory(err, "nms");
    if (st == EDGEL_OK)
        suppress(&k, out);
    for (int i = 0; i < 5; i++)
        edgel_free(*maps[i]);
    edgel_free(k.line);
    return st;
}
