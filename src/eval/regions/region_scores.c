/*
 * Scores of regions from the counts of regions.c. Of one image with A annotators of N pixels, at a threshold:
 *   covering  covered / (A N)
 *   pri       1 - apart / (A N (N - 1) / 2), the probabilistic Rand index; 1 for a single pixel
 *   voi       as counted
 * ODS  covering: covered and A N summed over images; pri, voi: means over images; the first best threshold of the set
 *      (voi: the least), without interpolation.
 * OIS  covering: covered of each image's best threshold (the last of equals) summed, over A N summed; pri, voi: mean of
 *      each image's best.
 * reverse covering of the prediction by the truth, reverse / N.
 * best covering of the best region at any threshold, summed as covered.
 *
 * Rounded: the benchmark writes the values of each image with six digits (printf "%10g") and reads them back before
 * they are summed; only then do its last digits come out.
 * Source: the segmentation benchmark of the Berkeley data set.
 */
#include "eval/eval_priv.h"
#include <math.h>

/* The double next to v written with six significant digits. */
static double six_digits(double v)
{
    static const double powers[] = { 1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                     1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15 };
    if (!(v >= 1e-10 && v < 1e20))
        return v;
    int up = 0; /* digits after the point; below 0: zeros before it */
    while (up < 15 && rint(v * powers[up]) < 1e5)
        up++;
    while (up > -15 && (up >= 0 ? rint(v * powers[up]) : rint(v / powers[-up])) >= 1e6)
        up--;
    return up >= 0 ? rint(v * powers[up]) / powers[up] : rint(v / powers[-up]) * powers[-up];
}

bool edgel_region_sums_init(struct edgel_region_sums *s, int n, bool listed, bool rounded)
{
    *s = (struct edgel_region_sums){ .n = n, .listed = listed, .rounded = rounded };
    if (n == 0)
        return true;
    s->covered = edgel_calloc((size_t)n, sizeof *s->covered);
    s->pri = edgel_calloc((size_t)n, sizeof *s->pri);
    s->voi = edgel_calloc((size_t)n, sizeof *s->voi);
    return s->covered && s->pri && s->voi;
}

void edgel_region_sums_finish(struct edgel_region_sums *s)
{
    edgel_free(s->covered);
    edgel_free(s->pri);
    edgel_free(s->voi);
    *s = (struct edgel_region_sums){ 0 };
}

static double pri_of(const struct edgel_region_counts *c, double pixels, int k)
{
    const double pairs = (double)c->annotators * (pixels * (pixels - 1) / 2);
    return pairs > 0 ? 1 - (double)c->apart[k] / pairs : 1;
}

static double threshold_of(int n, bool listed, int k)
{
    return listed ? k + 1 : (k + 1) / ((double)n + 1);
}

static double as_is(double v)
{
    return v;
}

void edgel_region_sums_add(struct edgel_region_sums *s, const struct edgel_row *row)
{
    const struct edgel_region_counts *c = edgel_row_regions(row);
    const double pixels = (double)row->w * row->h;
    double (*const r)(double) = s->rounded ? six_digits : as_is;
    double covered = 0, pri = 0, voi = INFINITY;
    if (s->n == 0)
        return;
    for (int k = 0; k < s->n; k++) {
        const double now[] = { r(c->covered[k]), r(pri_of(c, pixels, k)), r(c->voi[k]) };
        s->covered[k] += now[0];
        s->pri[k] += now[1];
        s->voi[k] += now[2];
        covered = fmax(covered, now[0]);
        pri = fmax(pri, now[1]);
        voi = fmin(voi, now[2]);
    }
    s->area += r((double)c->annotators * pixels);
    s->ois += covered;
    s->best += r(c->best);
    s->pri_ois += pri;
    s->voi_ois += voi;
    s->images++;
}

static void find_ods(const struct edgel_region_sums *s, struct edgel_region_result *out)
{
    for (int k = 0; k < s->n; k++) {
        const struct edgel_region_point *p = &out->points[k];
        if (k == 0 || p->covering > out->covering.ods)
            out->covering = (struct edgel_region_score){ p->threshold, p->covering, out->covering.ois };
        if (k == 0 || p->pri > out->pri.ods)
            out->pri = (struct edgel_region_score){ p->threshold, p->pri, out->pri.ois };
        if (k == 0 || p->voi < out->voi.ods)
            out->voi = (struct edgel_region_score){ p->threshold, p->voi, out->voi.ois };
    }
}

bool edgel_region_sums_result(const struct edgel_region_sums *s, struct edgel_region_result *out)
{
    const struct edgel_region_score none = { NAN, NAN, NAN };
    const double images = (double)s->images;
    *out = (struct edgel_region_result){ .n = s->n, .covering = none, .pri = none, .voi = none, .best = NAN };
    if (s->n == 0)
        return true;
    if (!(out->points = edgel_alloc((size_t)s->n, sizeof *out->points)))
        return false;
    for (int k = 0; k < s->n; k++) {
        const bool any = s->images > 0;
        out->points[k] =
            (struct edgel_region_point){ threshold_of(s->n, s->listed, k),
                                         any ? s->covered[k] / s->area : NAN, any ? s->pri[k] / images : NAN,
                                         any ? s->voi[k] / images : NAN };
    }
    if (s->images == 0)
        return true;
    out->covering.ois = s->ois / s->area;
    out->pri.ois = s->pri_ois / images;
    out->voi.ois = s->voi_ois / images;
    out->best = s->best / s->area;
    find_ods(s, out);
    return true;
}

enum edgel_status edgel_region_best_point(const struct edgel_region_counts *c, int w, int h,
                                          struct edgel_region_best *out, struct edgel_error *err)
{
    EDGEL_REQUIRE(c);
    EDGEL_REQUIRE(out);
    const double pixels = (double)w * h;
    int best = 0;
    *out = (struct edgel_region_best){ NAN, NAN, NAN };
    if (c->n < 1)
        return edgel_fail(err, EDGEL_EINVAL, "regions were not measured");
    for (int k = 1; k < c->n; k++)
        if (six_digits(c->covered[k]) > six_digits(c->covered[best]))
            best = k;
    *out =
        (struct edgel_region_best){ threshold_of(c->n, c->listed, best),
                                    six_digits(c->covered[best]) / six_digits((double)c->annotators * pixels),
                                    six_digits(c->reverse[best]) / six_digits(pixels) };
    return EDGEL_OK;
}

struct sums {
    struct edgel_region_sums exact, rounded;
};

static bool begin(const struct edgel_reducer *r, void *sums)
{
    struct sums *s = sums;
    const struct edgel_measure *m = r->measure;
    return edgel_region_sums_init(&s->exact, m->thresholds, m->listed, false) &&
           edgel_region_sums_init(&s->rounded, m->thresholds, m->listed, true);
}

static void add(const struct edgel_adding *a, void *sums)
{
    struct sums *s = sums;
    edgel_region_sums_add(&s->exact, a->row);
    edgel_region_sums_add(&s->rounded, a->row);
}

static bool result(const struct edgel_reducer *r, void *out)
{
    const struct sums *s = r->family[EDGEL_REGIONS].sums;
    struct edgel_regions_result *to = out;
    return edgel_region_sums_result(&s->exact, &to->exact) &&
           edgel_region_sums_result(&s->rounded, &to->rounded);
}

static void finish(void *sums)
{
    struct sums *s = sums;
    edgel_region_sums_finish(&s->exact);
    edgel_region_sums_finish(&s->rounded);
}

static void finish_result(void *out)
{
    struct edgel_regions_result *r = out;
    edgel_free(r->exact.points);
    edgel_free(r->rounded.points);
}

const struct edgel_summing edgel_regions_summing = {
    .sums_size = sizeof(struct sums),
    .result_size = sizeof(struct edgel_regions_result),
    .begin = begin,
    .add = add,
    .result = result,
    .finish = finish,
    .finish_result = finish_result,
};
