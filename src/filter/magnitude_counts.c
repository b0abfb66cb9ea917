/*
 * Magnitudes of a whole image as they are counted: the largest, the one of a rank, shares of it in bins.
 *
 * 8-bit images whose magnitudes fit 16-bit lanes (canny_u8.c), L1: one count for each magnitude, no memory per pixel.
 * All others: every magnitude is kept as a double, 8 bytes a pixel; ranks are found digit by digit. Both ways give the
 * same numbers, and threads may share the rows: counts and maxima are exact, so it does not matter who counts which.
 */
#include "filter/filter_priv.h"
#include <math.h>
#include <string.h>

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS };

/* Counts of one thread. Small, because each thread of the pool has one. */
struct edgel_tally {
    double max;
    size_t above;  /* 0 */
    uint64_t bits; /* that are set in any magnitude */
    size_t counts[DIGITS];
};

static enum edgel_status no_memory(const struct edgel_magnitudes *all, struct edgel_error *err)
{
    return edgel_fail(err, EDGEL_ENOMEM, "canny: image %dx%d: out of memory", all->in.w, all->in.h);
}

/* --- one count for each magnitude --- */

static enum edgel_status count_whole(void *user, const struct edgel_part *part, struct edgel_error *err)
{
    const struct edgel_magnitudes *all = user;
    return edgel_canny_u8_count(part->arena, all->in, all->params, part->from, part->to,
                                all->whole + (size_t)part->thread * all->nwhole, err);
}

static enum edgel_status init_whole(struct edgel_magnitudes *all, struct edgel_error *err)
{
    const int threads = edgel_share_threads(all->scratch);
    const size_t n = all->nwhole;
    all->whole = edgel_arena_alloc(&all->scratch->arena, (size_t)threads * n, sizeof *all->whole);
    if (!all->whole)
        return no_memory(all, err);
    memset(all->whole, 0, (size_t)threads * n * sizeof *all->whole);
    EDGEL_TRY(edgel_share(all->scratch, all->in.h, all->rows, count_whole, all, err));
    for (size_t i = 0; i < n; i++) {
        for (int t = 1; t < threads; t++)
            all->whole[i] += all->whole[(size_t)t * n + i];
        all->max = all->whole[i] ? (double)i : all->max;
    }
    all->above = all->n - (size_t)all->whole[0];
    return EDGEL_OK;
}

/* --- every magnitude as a double --- */

static uint64_t bits_of(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

static void look_at(struct edgel_tally *tally, const double *m, int n)
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
    const struct edgel_magnitudes *all = user;
    const struct edgel_view in = all->in;
    struct edgel_tally *tally = &all->tally[part->thread];
    struct edgel_derive d;
    EDGEL_TRY(edgel_derive_init(&d, part->arena, in, EDGEL_SOBEL, all->params->aperture, part->from, err));
    double *gx = edgel_arena_alloc(part->arena, (size_t)in.w, sizeof *gx);
    double *gy = edgel_arena_alloc(part->arena, (size_t)in.w, sizeof *gy);
    if (!gx || !gy)
        return no_memory(all, err);
    const bool sixteenths = edgel_canny_sixteenths(in.type, all->params);
    for (int y = part->from; y < part->to; y++) {
        double *m = all->m + (size_t)y * (size_t)in.w;
        edgel_derive_row(&d, y);
        edgel_strongest(&d, all->params->norm, sixteenths, gx, gy, m);
        look_at(tally, m, in.w);
    }
    return EDGEL_OK;
}

static enum edgel_status init_each(struct edgel_magnitudes *all, struct edgel_error *err)
{
    struct edgel_arena *arena = &all->scratch->arena;
    const int threads = edgel_share_threads(all->scratch);
    all->m = edgel_arena_alloc(arena, all->n, sizeof *all->m);
    all->tally = edgel_arena_alloc(arena, (size_t)threads, sizeof *all->tally);
    if (!all->m || !all->tally)
        return no_memory(all, err);
    for (int t = 0; t < threads; t++) {
        all->tally[t].max = 0;
        all->tally[t].above = 0;
        all->tally[t].bits = 0;
    }
    EDGEL_TRY(edgel_share(all->scratch, all->in.h, all->rows, derive_rows, all, err));
    for (int t = 0; t < threads; t++) {
        all->above += all->tally[t].above;
        all->bits |= all->tally[t].bits;
        all->max = all->tally[t].max > all->max ? all->tally[t].max : all->max;
    }
    return EDGEL_OK;
}

static void count_digits(const struct edgel_magnitudes *all, const double *m, size_t n, size_t *counts)
{
    const uint64_t mask = (UINT64_C(1) << (all->known - all->shift)) - 1;
    for (size_t i = 0; i < n; i++) {
        const uint64_t bits = bits_of(m[i]);
        if (m[i] > 0 && (all->known == 64 || bits >> all->known == all->prefix))
            counts[bits >> all->shift & mask]++;
    }
}

/* Which of the bins, of equal shares of the largest magnitude, a magnitude is in. */
static int bin_of(const struct edgel_magnitudes *all, double m)
{
    enum { BINS = EDGEL_MAGNITUDE_BINS };
    const double bin = floor((BINS - 1) * edgel_magnitude_unit(m / all->max, all->params->norm) + 0.5);
    return bin > 0 && bin < BINS ? (int)bin : 0;
}

static void count_bins(const struct edgel_magnitudes *all, const double *m, size_t n, size_t *counts)
{
    for (size_t i = 0; i < n; i++)
        counts[bin_of(all, m[i])]++;
}

static enum edgel_status count_rows(void *user, const struct edgel_part *part, struct edgel_error *err)
{
    const struct edgel_magnitudes *all = user;
    const size_t w = (size_t)all->in.w;
    (void)err;
    all->count(all, all->m + (size_t)part->from * w, (size_t)(part->to - part->from) * w,
               all->tally[part->thread].counts);
    return EDGEL_OK;
}

/* Counts of all magnitudes, of the given number of kinds, in the first tally. */
static enum edgel_status count_all(struct edgel_magnitudes *all, size_t kinds, struct edgel_error *err)
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

/* Digit by digit from the highest: positive doubles are ordered as their bits are. Low bits that no magnitude has set,
 * as those of integers, are skipped. */
static enum edgel_status select_rank(struct edgel_magnitudes *all, size_t rank, double *v,
                                     struct edgel_error *err)
{
    const size_t *counts = all->tally->counts;
    all->count = count_digits;
    all->prefix = 0;
    for (all->known = 64; all->known > 0; all->known = all->shift) {
        if (!(all->bits << (64 - all->known)))
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

/* --- either way --- */

enum edgel_status edgel_magnitudes_init(struct edgel_magnitudes *all, struct edgel_scratch *scratch,
                                        struct edgel_view in, const struct edgel_canny_params *params,
                                        struct edgel_error *err)
{
    *all = (struct edgel_magnitudes){ .scratch = scratch, .in = in, .params = params };
    all->n = (size_t)in.w * (size_t)in.h;
    all->rows = edgel_share_rows(scratch, in.h, in.w * in.channels, params->aperture - 1);
    all->nwhole = edgel_canny_u8_magnitudes(in, params);
    return all->nwhole ? init_whole(all, err) : init_each(all, err);
}

enum edgel_status edgel_magnitudes_rank(struct edgel_magnitudes *all, size_t rank, double *v,
                                        struct edgel_error *err)
{
    if (!all->whole)
        return select_rank(all, rank, v, err);
    size_t i = 1;
    for (; i + 1 < all->nwhole && all->whole[i] < rank; i++)
        rank -= (size_t)all->whole[i];
    *v = (double)i;
    return EDGEL_OK;
}

enum edgel_status edgel_magnitudes_bins(struct edgel_magnitudes *all, size_t counts[EDGEL_MAGNITUDE_BINS],
                                        struct edgel_error *err)
{
    memset(counts, 0, EDGEL_MAGNITUDE_BINS * sizeof *counts);
    if (all->whole) {
        for (size_t i = 0; i < all->nwhole; i++)
            counts[bin_of(all, (double)i)] += (size_t)all->whole[i];
        return EDGEL_OK;
    }
    all->count = count_bins;
    EDGEL_TRY(count_all(all, EDGEL_MAGNITUDE_BINS, err));
    memcpy(counts, all->tally->counts, EDGEL_MAGNITUDE_BINS * sizeof *counts);
    return EDGEL_OK;
}
