/*
 * Thresholds of Canny: numbers, quantiles, automatic.
 *
 * VALUE     in gradient units of 8-bit images: times 257 for U16, divided by 255 for F32.
 * QUANTILE  of the N magnitudes above 0 of the image, sorted: number ceil(N percent / 100), at least the first
 *           (nearest rank). 0 where there is none.
 * AUTO      high: with M the largest magnitude, bin floor(63 m / M + 1/2) of 64 counts each pixel, those of magnitude
 *           0 included; b is the first bin (from 0) up to which more than 0.7 of all pixels are counted, and
 *           high = M (b + 1) / 64. low: 0.4 high, whatever kind high is of.
 *
 * Whichever is smaller is the low one. Magnitudes are the norm's own, for L2 after the square root; the result is
 * squared to be compared with squares. For integer input all but the bins is exact, and m > T decides as m > floor(T).
 *
 * Source of AUTO: MATLAB's edge(I, 'canny').
 */
#include "filter/filter_priv.h"
#include <math.h>
#include <string.h>

static const double max_value = 1e9, share_below_high = 0.7;

enum { BINS = 64 };

enum edgel_status edgel_threshold_check(const char *name, struct edgel_threshold t, struct edgel_error *err)
{
    switch (t.kind) {
    case EDGEL_THRESHOLD_VALUE:
        if (!(t.value >= -max_value && t.value <= max_value))
            return edgel_fail(err, EDGEL_EINVAL, "%s %g: must be a number from -1e9 to 1e9", name, t.value);
        return EDGEL_OK;
    case EDGEL_THRESHOLD_QUANTILE:
        if (!(t.value >= 0 && t.value <= 100))
            return edgel_fail(err, EDGEL_EINVAL, "%s %g%%: must be 0%% to 100%%", name, t.value);
        return EDGEL_OK;
    case EDGEL_THRESHOLD_AUTO: return EDGEL_OK;
    }
    return edgel_fail(err, EDGEL_EINVAL, "%s: kind %d: must be a value, a quantile or auto", name,
                      (int)t.kind);
}

/* One threshold: as magnitudes are compared (squared for L2), and in gradient units. */
struct resolved {
    double compared, used;
};

/* The magnitudes of a whole image. */
struct magnitudes {
    double *m;
    size_t n;
};

static enum edgel_status all_magnitudes(struct magnitudes *all, struct edgel_arena *arena,
                                        struct edgel_view in, const struct edgel_canny *params,
                                        struct edgel_error *err)
{
    struct edgel_derive d;
    EDGEL_TRY(edgel_derive_init(&d, arena, in, EDGEL_SOBEL, params->aperture, err));
    all->n = (size_t)in.w * (size_t)in.h;
    all->m = edgel_arena_alloc(arena, all->n, sizeof *all->m);
    double *gx = edgel_arena_alloc(arena, (size_t)in.w, sizeof *gx);
    double *gy = edgel_arena_alloc(arena, (size_t)in.w, sizeof *gy);
    if (!all->m || !gx || !gy)
        return edgel_fail(err, EDGEL_ENOMEM, "canny: image %dx%d: out of memory", in.w, in.h);
    const bool sixteenths = edgel_canny_sixteenths(in.type, params);
    for (int y = 0; y < in.h; y++) {
        edgel_derive_row(&d, y);
        edgel_strongest(&d, params->norm, sixteenths, gx, gy, all->m + (size_t)y * (size_t)in.w);
    }
    return EDGEL_OK;
}

static uint64_t bits_of(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

/* The value of the given rank (from 1) among those above 0, found digit by digit: the bits of doubles above 0 rise with
 * their values. counts holds 65536. */
static double select_rank(const struct magnitudes *all, size_t rank, size_t *counts)
{
    uint64_t prefix = 0;
    for (int shift = 48; shift >= 0; shift -= 16) {
        memset(counts, 0, 65536 * sizeof *counts);
        for (size_t i = 0; i < all->n; i++) {
            const uint64_t bits = bits_of(all->m[i]);
            if (all->m[i] > 0 && (shift == 48 || bits >> (shift + 16) == prefix))
                counts[bits >> shift & 65535]++;
        }
        uint64_t digit = 0;
        while (digit < 65535 && counts[digit] < rank)
            rank -= counts[digit++];
        prefix = prefix << 16 | digit;
    }
    double v;
    memcpy(&v, &prefix, sizeof v);
    return v;
}

static enum edgel_status quantile(double *out, const struct magnitudes *all, double percent,
                                  struct edgel_arena *arena, struct edgel_error *err)
{
    size_t *counts = edgel_arena_alloc(arena, 65536, sizeof *counts);
    if (!counts)
        return edgel_fail(err, EDGEL_ENOMEM, "quantile: out of memory");
    size_t above = 0;
    for (size_t i = 0; i < all->n; i++)
        above += all->m[i] > 0;
    size_t rank = (size_t)ceil(percent * (double)above / 100);
    rank = rank < 1 ? 1 : rank > above ? above : rank;
    *out = above ? select_rank(all, rank, counts) : 0;
    return EDGEL_OK;
}

static double automatic_high(const struct magnitudes *all, enum edgel_norm norm)
{
    size_t counts[BINS] = { 0 };
    double max = 0;
    for (size_t i = 0; i < all->n; i++)
        max = all->m[i] > max ? all->m[i] : max;
    if (!(max > 0))
        return 0;
    for (size_t i = 0; i < all->n; i++) {
        double bin = floor((BINS - 1) * edgel_magnitude_unit(all->m[i] / max, norm) + 0.5);
        counts[bin > 0 && bin < BINS ? (int)bin : 0]++;
    }
    int b = 0;
    double below = (double)counts[0];
    while (b < BINS - 1 && !(below > share_below_high * (double)all->n))
        below += (double)counts[++b];
    const double k = b + 1;
    return norm == EDGEL_NORM_L1 ? k * max / BINS : k * k * max / (BINS * BINS);
}

/* Gradient units of a compared value; the root is rounded up, so that its square is not below the value. */
static double units(double compared, enum edgel_norm norm, bool sixteenths)
{
    double v = edgel_magnitude_unit(compared, norm);
    if (norm == EDGEL_NORM_L2 && v * v < compared)
        v = nextafter(v, INFINITY);
    return sixteenths ? v * 16 : v;
}

static struct resolved from_value(double value, enum edgel_type type, enum edgel_norm norm, bool sixteenths)
{
    struct resolved r;
    r.used = type == EDGEL_U16 ? value * 257 : type == EDGEL_F32 ? value / 255 : value;
    const double v = sixteenths ? r.used / 16 : r.used;
    r.compared = norm == EDGEL_NORM_L2 && v > 0 ? v * v : v;
    return r;
}

enum edgel_status edgel_threshold_resolve(struct edgel_arena *arena, struct edgel_view in,
                                          const struct edgel_canny *params, struct edgel_limits_pair *limits,
                                          struct edgel_canny_used *used, struct edgel_error *err)
{
    const struct edgel_threshold wanted[2] = { params->high, params->low };
    const enum edgel_norm norm = params->norm;
    const bool sixteenths = edgel_canny_sixteenths(in.type, params);
    struct magnitudes all = { 0 };
    struct resolved r[2]; /* high, low */
    for (int i = 0; i < 2; i++) {
        const bool fraction_of_high = i == 1 && wanted[i].kind == EDGEL_THRESHOLD_AUTO;
        if (wanted[i].kind == EDGEL_THRESHOLD_VALUE) {
            r[i] = from_value(wanted[i].value, in.type, norm, sixteenths);
            continue;
        }
        if (fraction_of_high) {
            const bool squared = norm == EDGEL_NORM_L2 && r[0].compared > 0;
            r[1].compared = squared ? r[0].compared * 4 / 25 : r[0].compared * 2 / 5;
            r[1].used = r[0].used * 2 / 5;
            continue;
        }
        if (!all.m)
            EDGEL_TRY(all_magnitudes(&all, arena, in, params, err));
        if (wanted[i].kind == EDGEL_THRESHOLD_AUTO)
            r[i].compared = automatic_high(&all, norm);
        else
            EDGEL_TRY(quantile(&r[i].compared, &all, wanted[i].value, arena, err));
        r[i].used = units(r[i].compared, norm, sixteenths);
    }
    const int low = r[1].compared > r[0].compared ? 0 : 1;
    *limits = (struct edgel_limits_pair){ .low = r[low].compared, .high = r[1 - low].compared };
    *used = (struct edgel_canny_used){ .low = r[low].used, .high = r[1 - low].used };
    return EDGEL_OK;
}
