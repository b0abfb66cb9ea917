/*
 * Thresholds of Canny: numbers, quantiles, automatic.
 *
 * VALUE        in gradient units of 8-bit images: times 257 for U16, divided by 255 for F32.
 * QUANTILE     of the N magnitudes above 0 of the image, sorted: number ceil(N percent / 100), at least the first
 *              (nearest rank). 0 where there is none.
 * AUTO_MATLAB  high: with M the largest magnitude, bin floor(63 m / M + 1/2) of 64 counts each pixel, those of
 *              magnitude 0 included; b is the first bin (from 0) up to which more than 0.7 of all pixels are counted,
 *              and high = M (b + 1) / 64. low: 0.4 high, whatever kind high is of.
 * AUTO         the same, but high is at least the noise N, and low at least 0.4 N; and both at least Q.
 *
 * The noise. Where an image shows nothing but noise, its derivatives are normal with some deviation s, and magnitudes
 * follow (L2) Rayleigh's distribution, P(m > t) = exp(-t^2 / 2 s^2), or (L1) P(m > t) = 1 - erf(t / 2s)^2: |gx| + |gy|
 * < t is a square, turned by 45 degrees, with independent normal sides. Its median gives s: m50 = s sqrt(ln 4), and
 * 2 s erfinv(sqrt(1/2)). Edges are rare, and the median hardly feels them. N is what noise exceeds at one pixel in
 * 10,000:
 *
 *   L2: N = m50 sqrt(log2 10000) = 3.6452 m50
 *   L1: N = m50 erfinv(sqrt(1 - 1/10000)) / erfinv(sqrt(1/2)) = 3.8559 m50
 *
 * with m50 of all pixels, those of magnitude 0 included, number ceil(n / 2) of n. Of several channels a pixel has its
 * strongest, and so has the median.
 *
 * Rounding to 8 bits makes contours where an image is smooth. A step of one of 255 levels gives at most Q = the largest
 * response of the operator / 255 (Sobel 3, L1: 8, in units of 8-bit images); what is not above it is no edge. This is
 * of the range of the type, 16-bit and float images included, so that an image has the same edges in all of them.
 *
 * Whichever threshold is smaller is the low one. Magnitudes are the norm's own, for L2 after the square root; the
 * result is squared to be compared with squares. For integer input all but the bins and the noise is exact, and m > T
 * decides as m > floor(T).
 *
 * Sources: MATLAB's edge(I, 'canny') for the quantile. Noise from the distribution of magnitudes: H. Voorhees and T.
 * Poggio, Detecting textons and texture boundaries in natural images (1987); from their median, at the finest scale: P.
 * Kovesi, Image features from phase congruency (1999).
 */
#include "filter/filter_priv.h"
#include <math.h>

static const double max_value = 1e9, share_below_high = 0.7;

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
    case EDGEL_THRESHOLD_AUTO:
    case EDGEL_THRESHOLD_AUTO_MATLAB: return EDGEL_OK;
    }
    return edgel_fail(err, EDGEL_EINVAL, "%s: kind %d: must be a value, a quantile, auto or auto-matlab",
                      name, (int)t.kind);
}

/* One threshold: as magnitudes are compared (squared for L2), and in gradient units. */
struct resolved {
    double compared, used;
};

/* What both thresholds are resolved with. */
struct resolving {
    struct edgel_magnitudes all;
    enum edgel_norm norm;
    bool sixteenths;
};

static enum edgel_status quantile(double *out, struct edgel_magnitudes *all, double percent,
                                  struct edgel_error *err)
{
    const size_t above = all->above;
    size_t rank = (size_t)ceil(percent * (double)above / 100);
    rank = rank < 1 ? 1 : rank > above ? above : rank;
    *out = 0;
    return above ? edgel_magnitudes_rank(all, rank, out, err) : EDGEL_OK;
}

static enum edgel_status matlab_high(double *out, struct edgel_magnitudes *all, struct edgel_error *err)
{
    enum { BINS = EDGEL_MAGNITUDE_BINS };
    size_t counts[BINS];
    *out = 0;
    if (!(all->max > 0))
        return EDGEL_OK;
    EDGEL_TRY(edgel_magnitudes_bins(all, counts, err));
    int b = 0;
    double below = (double)counts[0];
    while (b < BINS - 1 && !(below > share_below_high * (double)all->n))
        below += (double)counts[++b];
    const double k = b + 1;
    *out = all->params->norm == EDGEL_NORM_L1 ? k * all->max / BINS : k * k * all->max / (BINS * BINS);
    return EDGEL_OK;
}

/* N, squared for L2. */
static enum edgel_status noise(double *out, struct edgel_magnitudes *all, struct edgel_error *err)
{
    const double l1 = 3.855901407824958, l2_squared = 13.287712379549449; /* log2 10000 */
    const size_t zeros = all->n - all->above, middle = all->n / 2 + all->n % 2;
    double median = 0;
    if (middle > zeros)
        EDGEL_TRY(edgel_magnitudes_rank(all, middle - zeros, &median, err));
    *out = (all->params->norm == EDGEL_NORM_L1 ? l1 : l2_squared) * median;
    return EDGEL_OK;
}

/* Gradient units of a compared value; the root is rounded up, so that its square is not below the value. */
static double units(double compared, const struct resolving *r)
{
    double v = edgel_magnitude_unit(compared, r->norm);
    if (r->norm == EDGEL_NORM_L2 && v * v < compared)
        v = nextafter(v, INFINITY);
    return r->sixteenths ? v * 16 : v;
}

/* The value that is compared, of gradient units. */
static double compared(double used, const struct resolving *r)
{
    const double v = r->sixteenths ? used / 16 : used;
    return r->norm == EDGEL_NORM_L2 && v > 0 ? v * v : v;
}

static struct resolved share(struct resolved high, enum edgel_norm norm)
{
    const bool squared = norm == EDGEL_NORM_L2 && high.compared > 0;
    return (struct resolved){ squared ? high.compared * 4 / 25 : high.compared * 2 / 5, high.used * 2 / 5 };
}

static struct resolved larger(struct resolved a, struct resolved b)
{
    return b.compared > a.compared ? b : a;
}

/* A threshold that is counted, as the high one. */
static enum edgel_status counted(struct resolving *r, struct edgel_threshold t, struct resolved *out,
                                 struct edgel_error *err)
{
    if (t.kind == EDGEL_THRESHOLD_QUANTILE)
        EDGEL_TRY(quantile(&out->compared, &r->all, t.value, err));
    else
        EDGEL_TRY(matlab_high(&out->compared, &r->all, err));
    out->used = units(out->compared, r);
    return EDGEL_OK;
}

/* No lower than what noise, and one level, come to. */
static enum edgel_status lift(struct resolving *r, bool low, struct resolved *t, struct edgel_error *err)
{
    struct resolved n, level;
    EDGEL_TRY(noise(&n.compared, &r->all, err));
    n.used = units(n.compared, r);
    level.used = edgel_canny_full_strength(r->all.in.type, r->all.params) / 255;
    level.compared = compared(level.used, r);
    *t = larger(larger(*t, low ? share(n, r->norm) : n), level);
    return EDGEL_OK;
}

static bool is_counted(enum edgel_threshold_kind kind, bool low)
{
    switch (kind) {
    case EDGEL_THRESHOLD_VALUE: break;
    case EDGEL_THRESHOLD_QUANTILE:
    case EDGEL_THRESHOLD_AUTO: return true;
    case EDGEL_THRESHOLD_AUTO_MATLAB: return !low;
    }
    return false;
}

bool edgel_canny_counts_pixels(const struct edgel_canny_params *params)
{
    return is_counted(params->high.kind, false) || is_counted(params->low.kind, true);
}

enum edgel_status edgel_threshold_resolve(struct edgel_scratch *scratch, struct edgel_view in,
                                          const struct edgel_canny_params *params,
                                          struct edgel_limits_pair *limits, struct edgel_canny_used *used,
                                          struct edgel_error *err)
{
    const struct edgel_threshold wanted[2] = { params->high, params->low };
    struct resolving all = { .norm = params->norm, .sixteenths = edgel_canny_sixteenths(in.type, params) };
    struct resolved r[2]; /* high, low */
    if (edgel_canny_counts_pixels(params))
        EDGEL_TRY(edgel_magnitudes_init(&all.all, scratch, in, params, err));
    for (int i = 0; i < 2; i++) {
        const enum edgel_threshold_kind kind = wanted[i].kind;
        const bool automatic = kind == EDGEL_THRESHOLD_AUTO || kind == EDGEL_THRESHOLD_AUTO_MATLAB;
        if (kind == EDGEL_THRESHOLD_VALUE) {
            const double v = wanted[i].value;
            r[i].used = in.type == EDGEL_U16 ? v * 257 : in.type == EDGEL_F32 ? v / 255 : v;
            r[i].compared = compared(r[i].used, &all);
        } else if (automatic && i == 1)
            r[1] = share(r[0], params->norm);
        else
            EDGEL_TRY(counted(&all, wanted[i], &r[i], err));
        if (kind == EDGEL_THRESHOLD_AUTO)
            EDGEL_TRY(lift(&all, i == 1, &r[i], err));
    }
    const int low = r[1].compared > r[0].compared ? 0 : 1;
    *limits = (struct edgel_limits_pair){ .low = r[low].compared, .high = r[1 - low].compared };
    *used = (struct edgel_canny_used){ .low = r[low].used, .high = r[1 - low].used };
    return EDGEL_OK;
}
