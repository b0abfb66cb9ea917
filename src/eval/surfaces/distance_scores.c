/*
 * Distance measures of a class from the counts of distances.c. P, T: surfaces of prediction and truth; d(p, T):
 * distance of a surface pixel to the nearest one of the other side; pixels are the unit.
 *
 *   hd    max over both directions of all d (Hausdorff)
 *   hd95  max of the two directions' 95th percentiles; percentile of n sorted values v_0..v_(n-1): at position
 *         0.95 (n - 1), between neighbours by linear interpolation (NumPy's "linear")
 *   assd  (sum of d(p, T) over P + sum of d(t, P) over T) / (|P| + |T|)
 *   nsd   (pixels of P with d <= tolerance + pixels of T with d <= tolerance) / (|P| + |T|)
 *
 * These are values of an image, whatever the rule of reduction says: a class has their means over the images, and
 * the overall value is the mean over the classes in the mean.
 *
 * One side empty: the object was missed or invented. Distances are then the diagonal of the image,
 * sqrt(w^2 + h^2), which is larger than any distance in it, and nsd is 0, under every rule: an image must not leave
 * the mean because the object was not found. Both sides empty: by the rule for empty ones; nan = undefined, leaves the
 * mean; one = perfect, distances 0 and nsd 1; zero = the worst, the diagonal and 0. All of these images are counted.
 */
#include "eval/eval_priv.h"
#include <math.h>

double *edgel_distance_at(struct edgel_distance_scores *s, int i)
{
    return i == 0 ? &s->hd : i == 1 ? &s->hd95 : i == 2 ? &s->assd : &s->nsd[i - 3];
}

/* The value at position k of the sorted distances. */
static double nth(const struct edgel_surface *s, uint64_t k)
{
    size_t i = 0;
    for (; i + 1 < s->nbins && k >= s->bins[i].n; i++)
        k -= s->bins[i].n;
    return sqrt((double)s->bins[i].d2);
}

static double percentile_95(const struct edgel_surface *s)
{
    const uint64_t last = s->pixels - 1;
    const uint64_t k = last / 20 * 19 + last % 20 * 19 / 20, twentieths = last % 20 * 19 % 20;
    const double a = nth(s, k);
    return twentieths == 0 ? a : a + (nth(s, k + 1) - a) * ((double)twentieths / 20);
}

static double sum_of(const struct edgel_surface *s)
{
    double sum = 0;
    for (size_t i = 0; i < s->nbins; i++)
        sum += sqrt((double)s->bins[i].d2) * (double)s->bins[i].n;
    return sum;
}

static uint64_t within(const struct edgel_surface *s, double tolerance)
{
    uint64_t n = 0;
    for (size_t i = 0; i < s->nbins && (double)s->bins[i].d2 <= tolerance * tolerance; i++)
        n += s->bins[i].n;
    return n;
}

static void score(const struct edgel_distance_counts *c, const struct edgel_reduce *reduce,
                  struct edgel_distance_scores *out)
{
    const struct edgel_surface *p = &c->prediction, *t = &c->truth;
    const double all = (double)p->pixels + (double)t->pixels;
    out->hd = fmax(nth(p, p->pixels - 1), nth(t, t->pixels - 1));
    out->hd95 = fmax(percentile_95(p), percentile_95(t));
    out->assd = (sum_of(p) + sum_of(t)) / all;
    for (size_t i = 0; i < reduce->nnsd; i++) {
        const double tolerance = reduce->nsd_tolerance[i];
        out->nsd[i] = ((double)within(p, tolerance) + (double)within(t, tolerance)) / all;
    }
}

static void fill(struct edgel_distance_scores *s, double distance, double share)
{
    for (int i = 0; i < EDGEL_NDISTANCES; i++)
        *edgel_distance_at(s, i) = i < 3 ? distance : share;
}

void edgel_distance_sums_add(struct edgel_distance_sums *sums, const struct edgel_distance_counts *c, int w,
                             int h, const struct edgel_reduce *reduce)
{
    const double diagonal = sqrt((double)w * w + (double)h * h);
    const bool prediction = c && c->prediction.pixels > 0, truth = c && c->truth.pixels > 0;
    struct edgel_distance_scores s;
    fill(&s, NAN, NAN);
    if (prediction && truth)
        score(c, reduce, &s);
    else if (prediction || truth || reduce->empty == EDGEL_EMPTY_ZERO)
        fill(&s, diagonal, 0);
    else if (reduce->empty == EDGEL_EMPTY_ONE)
        fill(&s, 0, 1);
    sums->both += prediction && truth;
    sums->missed += truth && !prediction;
    sums->invented += prediction && !truth;
    sums->empty += !prediction && !truth;
    for (int i = 0; i < EDGEL_NDISTANCES; i++)
        edgel_mean_add(&sums->values[i], *edgel_distance_at(&s, i));
}

void edgel_distance_sums_result(const struct edgel_distance_sums *sums, struct edgel_distance_result *out)
{
    for (int i = 0; i < EDGEL_NDISTANCES; i++)
        *edgel_distance_at(&out->scores, i) = edgel_mean_value(&sums->values[i]);
    out->both = sums->both;
    out->missed = sums->missed;
    out->invented = sums->invented;
    out->empty = sums->empty;
}

static void add(const struct edgel_adding *a, void *unused)
{
    const struct edgel_reducer *r = a->reducer;
    const struct edgel_distance_list *list = edgel_row_distances(a->row);
    size_t k = 0;
    (void)unused;
    for (size_t i = 0; i <= r->nclasses; i++) {
        while (i < r->nclasses && k < list->n && list->v[k].id < r->ids[i])
            k++;
        const bool here = i < r->nclasses && k < list->n && list->v[k].id == r->ids[i];
        edgel_distance_sums_add(edgel_reducer_class(r, EDGEL_DISTANCES, i), here ? &list->v[k] : NULL,
                                a->row->w, a->row->h, r->reduce);
    }
}

static bool result(const struct edgel_reducer *r, void *out)
{
    const size_t first = edgel_reducer_first(r);
    struct edgel_distances_result *to = out;
    struct edgel_distance_sums mean = { 0 };
    if (r->nclasses > first && !(to->classes = edgel_calloc(r->nclasses - first, sizeof *to->classes)))
        return false;
    to->n = to->classes ? r->nclasses - first : 0;
    for (size_t k = 0; k < to->n; k++) {
        struct edgel_distance_result *c = &to->classes[k];
        edgel_distance_sums_result(edgel_reducer_class(r, EDGEL_DISTANCES, first + k), c);
        if (!edgel_reducer_in_mean(r, r->ids[first + k]))
            continue;
        for (int i = 0; i < EDGEL_NDISTANCES; i++)
            edgel_mean_add(&mean.values[i], *edgel_distance_at(&c->scores, i));
        mean.both += c->both;
        mean.missed += c->missed;
        mean.invented += c->invented;
        mean.empty += c->empty;
    }
    edgel_distance_sums_result(&mean, &to->mean);
    return true;
}

static void finish_result(void *out)
{
    struct edgel_distances_result *r = out;
    edgel_free(r->classes);
}

const struct edgel_summing edgel_distances_summing = {
    .class_size = sizeof(struct edgel_distance_sums),
    .result_size = sizeof(struct edgel_distances_result),
    .add = add,
    .result = result,
    .finish_result = finish_result,
};
