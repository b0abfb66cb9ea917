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

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS };

/* Counts of one thread. Small, because each thread of the pool has one. */
struct tally {
    double max;
    size_t above;  /* 0 */
    uint64_t bits; /* that are set in any magnitude */
    size_t counts[DIGITS];
};

/* The magnitudes of a whole image. Threads share its rows; counts and maxima are exact, so the result does not depend
 * on which thread counts which row. */
struct magnitudes {
    struct edgel_scratch *scratch;
    struct edgel_view in;
    const struct edgel_canny_params *params;
    int rows; /* of a part */
    double *m;
    size_t n;
    struct tally *tally; /* [threads]; all in the first when they have counted */
    void (*count)(const struct magnitudes *all, const double *m, size_t n, size_t *counts);
    int known, shift; /* for digits: the bits from known on up are prefix, those from shift on are counted */
    uint64_t prefix;
};

static uint64_t bits_of(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

static void look_at(struct tally *tally, const double *m, int n)
{
    double max = tally->max;
    size_t above = 0;
    uint64_t bits = 0;
    for (int x = 0; x < n; x++) {
        above += m[x] > 0;
        max = m[x] > max ? m[x] : max;
        bits |= bits_of(m[x]);
    }
    tally->max = max;
    tally->above += above;
    tally->bits |= bits;
}

static enum edgel_status derive_rows(void *user, const struct edgel_part *part, struct edgel_error *err)
{
    const struct magnitudes *all = user;
    const struct edgel_view in = all->in;
    struct tally *tally = &all->tally[part->thread];
    struct edgel_derive d;
    EDGEL_TRY(edgel_derive_init(&d, part->arena, in, EDGEL_SOBEL, all->params->aperture, part->from, err));
    double *gx = edgel_arena_alloc(part->arena, (size_t)in.w, sizeof *gx);
    double *gy = edgel_arena_alloc(part->arena, (size_t)in.w, sizeof *gy);
    if (!gx || !gy)
        return edgel_fail(err, EDGEL_ENOMEM, "canny: image %dx%d: out of memory", in.w, in.h);
    const bool sixteenths = edgel_canny_sixteenths(in.type, all->params);
    for (int y = part->from; y < part->to; y++) {
        double *m = all->m + (size_t)y * (size_t)in.w;
        edgel_derive_row(&d, y);
        edgel_strongest(&d, all->params->norm, sixteenths, gx, gy, m);
        look_at(tally, m, in.w);
    }
    return EDGEL_OK;
}

static enum edgel_status all_magnitudes(struct magnitudes *all, struct edgel_error *err)
{
    const struct edgel_view in = all->in;
    struct edgel_arena *arena = &all->scratch->arena;
    const int threads = edgel_share_threads(all->scratch);
    all->n = (size_t)in.w * (size_t)in.h;
    all->m = edgel_arena_alloc(arena, all->n, sizeof *all->m);
    all->tally = edgel_arena_alloc(arena, (size_t)threads, sizeof *all->tally);
    if (!all->m || !all->tally)
        return edgel_fail(err, EDGEL_ENOMEM, "canny: image %dx%d: out of memory", in.w, in.h);
    for (int t = 0; t < threads; t++) {
        all->tally[t].max = 0;
        all->tally[t].above = 0;
        all->tally[t].bits = 0;
    }
    all->rows = edgel_share_rows(all->scratch, in.h, in.w * in.channels, all->params->aperture - 1);
    EDGEL_TRY(edgel_share(all->scratch, in.h, all->rows, derive_rows, all, err));
    for (int t = 1; t < threads; t++) {
        all->tally->above += all->tally[t].above;
        all->tally->bits |= all->tally[t].bits;
        all->tally->max = all->tally[t].max > all->tally->max ? all->tally[t].max : all->tally->max;
    }
    return EDGEL_OK;
}

/* --- counting magnitudes --- */

static void count_digits(const struct magnitudes *all, const double *m, size_t n, size_t *counts)
{
    const uint64_t mask = (UINT64_C(1) << (all->known - all->shift)) - 1;
    for (size_t i = 0; i < n; i++) {
        const uint64_t bits = bits_of(m[i]);
        if (m[i] > 0 && (all->known == 64 || bits >> all->known == all->prefix))
            counts[bits >> all->shift & mask]++;
    }
}

static void count_bins(const struct magnitudes *all, const double *m, size_t n, size_t *counts)
{
    const double max = all->tally->max;
    for (size_t i = 0; i < n; i++) {
        double bin = floor((BINS - 1) * edgel_magnitude_unit(m[i] / max, all->params->norm) + 0.5);
        counts[bin > 0 && bin < BINS ? (int)bin : 0]++;
    }
}

static enum edgel_status count_rows(void *user, const struct edgel_part *part, struct edgel_error *err)
{
    const struct magnitudes *all = user;
    const size_t w = (size_t)all->in.w;
    (void)err;
    all->count(all, all->m + (size_t)part->from * w, (size_t)(part->to - part->from) * w,
               all->tally[part->thread].counts);
    return EDGEL_OK;
}

/* Counts of all magnitudes, of the given number of kinds. */
static enum edgel_status count_all(struct magnitudes *all, size_t kinds, struct edgel_error *err)
{
    const int threads = edgel_share_threads(all->scratch);
    size_t *sum = all->tally->counts;
    for (int t = 0; t < threads; t++)
        memset(all->tally[t].counts, 0, kinds * sizeof *sum);
    EDGEL_TRY(edgel_share(all->scratch, all->in.h, all->rows, count_rows, all, err));
    for (int t = 1; t < threads; t++)
        for (size_t i = 0; i < kinds; i++)
            sum[i] += all->tally[t].counts[i];
    return EDGEL_OK;
}

/* The value of the given rank (from 1) among those above 0, found digit by digit from the highest: positive doubles are
 * ordered as their bits are. Low bits that no magnitude has set, as those of integers, are skipped. */
static enum edgel_status select_rank(double *v, struct magnitudes *all, size_t rank, struct edgel_error *err)
{
    const size_t *counts = all->tally->counts;
    all->count = count_digits;
    all->prefix = 0;
    for (all->known = 64; all->known > 0; all->known = all->shift) {
        if (!(all->tally->bits << (64 - all->known)))
            break;
        all->shift = all->known > DIGIT_BITS ? all->known - DIGIT_BITS : 0;
        EDGEL_TRY(count_all(all, DIGITS, err));
        uint64_t digit = 0;
        while (digit < DIGITS - 1 && counts[digit] < rank)
            rank -= counts[digit++];
        all->prefix = all->prefix << (all->known - all->shift) | digit;
    }
    all->prefix <<= all->known;
    memcpy(v, &all->prefix, sizeof *v);
    return EDGEL_OK;
}

static enum edgel_status quantile(double *out, struct magnitudes *all, double percent,
                                  struct edgel_error *err)
{
    const size_t above = all->tally->above;
    size_t rank = (size_t)ceil(percent * (double)above / 100);
    rank = rank < 1 ? 1 : rank > above ? above : rank;
    *out = 0;
    return above ? select_rank(out, all, rank, err) : EDGEL_OK;
}

static enum edgel_status automatic_high(double *out, struct magnitudes *all, struct edgel_error *err)
{
    const double max = all->tally->max;
    const size_t *counts = all->tally->counts;
    *out = 0;
    if (!(max > 0))
        return EDGEL_OK;
    all->count = count_bins;
    EDGEL_TRY(count_all(all, BINS, err));
    int b = 0;
    double below = (double)counts[0];
    while (b < BINS - 1 && !(below > share_below_high * (double)all->n))
        below += (double)counts[++b];
    const double k = b + 1;
    *out = all->params->norm == EDGEL_NORM_L1 ? k * max / BINS : k * k * max / (BINS * BINS);
    return EDGEL_OK;
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

enum edgel_status edgel_threshold_resolve(struct edgel_scratch *scratch, struct edgel_view in,
                                          const struct edgel_canny_params *params,
                                          struct edgel_limits_pair *limits, struct edgel_canny_used *used,
                                          struct edgel_error *err)
{
    const struct edgel_threshold wanted[2] = { params->high, params->low };
    const enum edgel_norm norm = params->norm;
    const bool sixteenths = edgel_canny_sixteenths(in.type, params);
    struct magnitudes all = { .scratch = scratch, .in = in, .params = params };
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
            EDGEL_TRY(all_magnitudes(&all, err));
        if (wanted[i].kind == EDGEL_THRESHOLD_AUTO)
            EDGEL_TRY(automatic_high(&r[i].compared, &all, err));
        else
            EDGEL_TRY(quantile(&r[i].compared, &all, wanted[i].value, err));
        r[i].used = units(r[i].compared, norm, sixteenths);
    }
    const int low = r[1].compared > r[0].compared ? 0 : 1;
    *limits = (struct edgel_limits_pair){ .low = r[low].compared, .high = r[1 - low].compared };
    *used = (struct edgel_canny_used){ .low = r[low].used, .high = r[1 - low].used };
    return EDGEL_OK;
}
