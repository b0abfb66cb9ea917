/* Sweeps over all levels of soft maps: the levels against plain loops, AP and AUC against the definitions of
 * scikit-learn written out over sorted values, the best threshold against trying all of them, the error of float maps
 * against their exact order. */
#include "eval/eval_priv.h"
#include "eval_defaults.h"
#include "eval_masks.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- the naive twin: pixels sorted by value --- */

struct pixel {
    double v;
    bool positive;
};

static int falling(const void *a, const void *b)
{
    const struct pixel *p = a, *q = b;
    return p->v > q->v ? -1 : p->v < q->v;
}

/* precision_recall_curve, then average_precision_score: -sum(diff(recall) * precision) over the distinct values. */
static double naive_ap(struct pixel *p, size_t n)
{
    double positives = 0, tp = 0, fp = 0, recall = 0, ap = 0;
    qsort(p, n, sizeof *p, falling);
    for (size_t i = 0; i < n; i++)
        positives += p[i].positive;
    for (size_t i = 0; i < n; i++) {
        tp += p[i].positive;
        fp += !p[i].positive;
        if (i + 1 < n && p[i + 1].v == p[i].v)
            continue;
        ap += (tp / positives - recall) * (tp / (tp + fp));
        recall = tp / positives;
    }
    return positives > 0 ? ap : NAN;
}

/* The share of pairs in which the positive one is higher, equal ones by half: what roc_auc_score integrates. */
static double naive_auc(const struct pixel *p, size_t n)
{
    double won = 0, pairs = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n && p[i].positive; k++)
            if (!p[k].positive) {
                won += p[i].v > p[k].v ? 1 : p[i].v == p[k].v ? 0.5 : 0;
                pairs++;
            }
    return pairs > 0 ? won / pairs : NAN;
}

static void same(double got, double want, double within)
{
    if (isnan(want) ? !isnan(got) : !(fabs(got - want) <= within))
        fail_msg("%.17g instead of %.17g, within %g", got, want, within);
}

/* --- rows of random maps --- */

enum { W = 23, H = 17, N = W * H };

enum shape { NOISE, FEW, CONSTANT, CONFIDENT, SHAPES };

/* A share of the full range. */
static double draw(enum shape shape, bool positive)
{
    const double u = (double)rnd(1u << 20) / (double)(1u << 20);
    switch (shape) {
    case FEW: return rnd(4) / 3.0;
    case CONSTANT: return 0.25;
    case CONFIDENT: return rnd(8) ? positive : u * u;
    default: return positive ? sqrt(u) : u;
    }
}

struct kind {
    enum edgel_type type;
    int bits, full; /* full 0: float */
};
static const struct kind kinds[] = { { EDGEL_U8, 8, 255 },
                                     { EDGEL_U8, 4, 15 },
                                     { EDGEL_U8, 1, 1 },
                                     { EDGEL_U16, 16, 65535 },
                                     { EDGEL_F32, 32, 0 } };
enum { KINDS = sizeof kinds / sizeof *kinds };

struct scene {
    struct edgel_image truth, map, valid;
    struct edgel_mask t, p, v;
    struct edgel_measure m;
    struct pixel pixels[N]; /* judged */
    size_t n;
};

static double sample(const struct edgel_image *map, int x, int y)
{
    return map->type == EDGEL_F32 ? (double)((const float *)map->data)[y * (map->stride / 4) + x]
                                  : get(map, x, y);
}

/* positives: of 10 truth pixels. */
static void make(struct scene *s, const struct kind *k, enum shape shape, uint32_t positives)
{
    *s = (struct scene){ .m = measure_defaults() };
    init_image(&s->truth, W, H, 1, EDGEL_U8);
    init_image(&s->map, W, H, 1, k->type);
    init_image(&s->valid, W, H, 1, EDGEL_U8);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            const bool positive = rnd(10) < positives;
            const double v = draw(shape, positive);
            put(&s->truth, x, y, rnd(9) ? positive * 255 : 7);
            put(&s->valid, x, y, rnd(9) > 0);
            if (k->full)
                put(&s->map, x, y, (int)lrint(v * k->full));
            else
                ((float *)s->map.data)[y * (s->map.stride / 4) + x] = (float)v;
        }
    s->t = mask_of(&s->truth, 8);
    s->p = mask_of(&s->map, k->bits);
    s->v = mask_of(&s->valid, 8);
    s->m.labels = EDGEL_LABELS_BINARY;
    s->m.thresholds = 1 + (int)rnd(99);
    static const int32_t ignored[] = { 7 };
    s->m.ignore = ignored;
    s->m.nignore = 1;
    s->m.valid = true;
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            if (get(&s->truth, x, y) != 7 && get(&s->valid, x, y))
                s->pixels[s->n++] = (struct pixel){ sample(&s->map, x, y), get(&s->truth, x, y) != 0 };
}

static void finish(struct scene *s)
{
    edgel_image_finish(&s->truth);
    edgel_image_finish(&s->map);
    edgel_image_finish(&s->valid);
}

static struct edgel_row measured(const struct scene *s)
{
    struct edgel_row row = { 0 };
    assert_int_equal(edgel_measure_image(&s->m, &s->p, false, &s->t, 1, &s->v, &row, NULL), EDGEL_OK);
    return row;
}

/* --- tests --- */

/* The level of a sample: the highest l of 0..65535 with v / full >= l / 65535; of floats, v >= (float)(l / 65535). */
static int level_by_hand(double v, int full)
{
    if (full)
        return (int)(v * (65535.0 / full));
    int l = (int)(v * 65535) + 2;
    while (l > 65535 || (l > 0 && !((float)v >= (float)(l / 65535.0))))
        l--;
    return l;
}

static void levels_are_those_of_the_pixels(void **state)
{
    (void)state;
    static uint64_t want[2][65536];
    for (int round = 0; round < 200; round++) {
        struct scene s;
        const struct kind *k = &kinds[round % KINDS];
        make(&s, k, (enum shape)rnd(SHAPES), rnd(11));
        struct edgel_row row = measured(&s);
        const struct edgel_curve_counts *c = edgel_row_curve(&row);
        bool binned = false;
        memset(want, 0, sizeof want);
        for (size_t i = 0; i < s.n; i++) {
            const int l = level_by_hand(s.pixels[i].v, k->full);
            want[s.pixels[i].positive][l]++;
            binned |= !k->full && (float)s.pixels[i].v != (float)(l / 65535.0);
        }
        for (size_t i = 0; i < c->nlevels; i++) {
            const struct edgel_curve_level *l = &c->levels[i];
            assert_true(l->level >= 0 && l->level <= 65535 && (i == 0 || l->level > l[-1].level));
            assert_true(l->negatives == want[0][l->level] && l->positives == want[1][l->level]);
            assert_true(l->negatives + l->positives > 0);
            want[0][l->level] = want[1][l->level] = 0;
        }
        for (int l = 0; l < 65536; l++)
            assert_true(want[0][l] == 0 && want[1][l] == 0);
        assert_int_equal(c->binned, binned);
        edgel_row_finish(&row);
        finish(&s);
    }
    assert_int_equal(edgel_alloc_live(), 0);
}

static void odd_floats_have_a_level(void **state)
{
    (void)state;
    struct scene s;
    make(&s, &kinds[4], CONSTANT, 5);
    float *v = s.map.data;
    for (int y = 0; y < H; y++) {
        for (int x = 0; x < W; x++)
            v[y * (s.map.stride / 4) + x] = (float)(x / 65535.0); /* a 16-bit map as floats */
        put(&s.valid, 0, y, 1);
        put(&s.truth, 0, y, 255);
    }
    struct edgel_row row = measured(&s);
    assert_false(edgel_row_curve(&row)->binned);
    assert_int_equal(edgel_row_curve(&row)->levels[0].level, 0);
    assert_int_equal(edgel_row_curve(&row)->levels[0].positives, H);
    edgel_row_finish(&row);
    static const float odd[] = { NAN, -1, 1.5f, INFINITY, 0.99999994f, 1 };
    static const int level[] = { 0, 0, 65535, 65535, 65534, 65535 };
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        for (int y = 0; y < H; y++)
            for (int x = 0; x < W; x++)
                v[y * (s.map.stride / 4) + x] = odd[i];
        row = measured(&s);
        assert_int_equal(edgel_row_curve(&row)->nlevels, 1);
        assert_int_equal(edgel_row_curve(&row)->levels[0].level, level[i]);
        assert_int_equal(edgel_row_curve(&row)->binned, odd[i] != 1);
        edgel_row_finish(&row);
    }
    finish(&s);
    assert_int_equal(edgel_alloc_live(), 0);
}

static void ap_and_auc_are_the_definitions(void **state)
{
    (void)state;
    for (int round = 0; round < 400; round++) {
        struct scene s;
        const struct kind *k = &kinds[round % (KINDS - 1)];
        make(&s, k, (enum shape)rnd(SHAPES), rnd(11));
        struct edgel_row row = measured(&s);
        const struct edgel_curve_counts *c = edgel_row_curve(&row);
        same(edgel_curve_ap(c->levels, c->nlevels), naive_ap(s.pixels, s.n), 1e-12);
        same(edgel_curve_auc(c->levels, c->nlevels), naive_auc(s.pixels, s.n), 1e-12);
        edgel_row_finish(&row);
        finish(&s);
    }
}

/* Six pixels by hand: values .9 .8 .8 .4 .4 .1, truth 1 1 0 0 1 0.
 * Steps: R 1/3 P 1; R 2/3 P 2/3; R 1 P 3/5. Pairs: .9 wins 3, .8 wins 2 and ties 1, .4 wins 1 and ties 1. */
static void six_pixels(void **state)
{
    (void)state;
    static const struct edgel_curve_level v[] = {
        { 100, 1, 0 }, { 400, 1, 1 }, { 800, 1, 1 }, { 900, 0, 1 }
    };
    same(edgel_curve_ap(v, 4), 1. / 3 + 2. / 3 / 3 + 3. / 5 / 3, 1e-15);
    same(edgel_curve_auc(v, 4), (3 + 2.5 + 1.5) / 9, 1e-15);
    const struct edgel_curve_best best = edgel_curve_find_best(v, 4);
    assert_true(best.level == 400 && best.tp == 3 &&
                best.fp == 2); /* F 6/8; at 800 4/6, at 900 2/4, at 100 6/9 */
}

/* A vessel-like head that is nearly sure: 99 thresholds see no point left of the first recall. */
static void confident_maps_keep_their_area(void **state)
{
    (void)state;
    static const struct edgel_curve_level v[] = { { 0, 8000, 100 }, { 65534, 90, 500 }, { 65535, 10, 400 } };
    same(edgel_curve_ap(v, 3), .4 * 400 / 410 + .5 * 900 / 1000 + .1 * 1000 / 9100, 1e-15);
}

static void the_best_threshold_is_found(void **state)
{
    (void)state;
    for (int round = 0; round < 200; round++) {
        struct scene s;
        make(&s, &kinds[round % KINDS], (enum shape)rnd(SHAPES), rnd(11));
        struct edgel_row row = measured(&s);
        const struct edgel_curve_counts *c = edgel_row_curve(&row);
        const struct edgel_curve_best best = edgel_curve_find_best(c->levels, c->nlevels);
        uint64_t tp = 0, fp = 0;
        double largest = 0;
        for (size_t i = 0; i < c->nlevels; i++) { /* whoever passes level i */
            uint64_t a = 0, b = 0;
            for (size_t j = i; j < c->nlevels; j++) {
                a += c->levels[j].positives;
                b += c->levels[j].negatives;
            }
            const double f = 2 * (double)a / (double)(a + b + c->positives);
            if (c->levels[i].level > 0 && f >= largest && f > 0) {
                largest = f;
                tp = a;
                fp = b;
            }
        }
        assert_true(best.tp == tp && best.fp == fp && (best.level > 0) == (tp > 0));
        edgel_row_finish(&row);
        if (best.level > 0) { /* the same as a threshold */
            uint64_t cells[2] = { 0 };
            s.m.threshold = best.level / 65535.0;
            row = measured(&s);
            for (size_t i = 0; i < edgel_row_pixels(&row)->n; i++) {
                const struct edgel_cell *cell = &edgel_row_pixels(&row)->cells[i];
                if (cell->truth <= 1 && cell->prediction == 1)
                    cells[cell->truth] += cell->n;
            }
            assert_true(cells[1] == tp && cells[0] == fp);
            edgel_row_finish(&row);
        }
        finish(&s);
    }
    assert_int_equal(edgel_alloc_live(), 0);
}

/* Floats crowded into a few levels: the exact values lie within the error. */
static void errors_bound_float_maps(void **state)
{
    (void)state;
    double worst = 0;
    for (int round = 0; round < 300; round++) {
        struct scene s;
        make(&s, &kinds[4], NOISE, 1 + rnd(9));
        const double crowd = rnd(3) ? 65535.0 / (1 + rnd(20)) : 1; /* so many pixels to a level */
        float *v = s.map.data;
        for (size_t i = 0; i < (size_t)(s.map.stride / 4) * H; i++)
            v[i] = (float)(0.5 + ((double)v[i] - 0.5) / crowd);
        s.n = 0;
        for (int y = 0; y < H; y++)
            for (int x = 0; x < W; x++)
                if (get(&s.truth, x, y) != 7 && get(&s.valid, x, y))
                    s.pixels[s.n++] = (struct pixel){ sample(&s.map, x, y), get(&s.truth, x, y) != 0 };
        struct edgel_row row = measured(&s);
        const struct edgel_curve_counts *c = edgel_row_curve(&row);
        double ap, auc;
        assert_true(c->binned);
        edgel_curve_errors(c->levels, c->nlevels, &ap, &auc);
        same(edgel_curve_ap(c->levels, c->nlevels), naive_ap(s.pixels, s.n), ap + 1e-12);
        same(edgel_curve_auc(c->levels, c->nlevels), naive_auc(s.pixels, s.n), auc + 1e-12);
        worst = fmax(worst, fabs(edgel_curve_auc(c->levels, c->nlevels) - naive_auc(s.pixels, s.n)));
        assert_true(crowd == 1 ? ap < 0.01 && auc < 0.01 : ap <= 1 && auc <= 0.5);
        edgel_row_finish(&row);
        finish(&s);
    }
    assert_true(worst > 0.01); /* they were crowded */
    /* the extremes of one level: all positives first, and last */
    static const struct edgel_curve_level one[] = { { 5, 30, 10 } };
    double ap, auc;
    edgel_curve_errors(one, 1, &ap, &auc);
    same(auc, 0.5, 0);
    assert_true(ap >= 1 - 10. / 40 && ap <= 1);
}

/* Several images of several kinds in one sweep: their pixels are judged as those of one. */
static void images_are_pooled(void **state)
{
    (void)state;
    enum { IMAGES = 5 };
    static struct pixel all[IMAGES * N];
    for (int round = 0; round < 60; round++) {
        struct edgel_curve_sums sums;
        struct edgel_curve_result c;
        uint64_t tp = 0, fp = 0, positives = 0;
        size_t n = 0;
        bool binned = false;
        assert_true(edgel_curve_sums_init(&sums, 9, false));
        for (int i = 0; i < IMAGES; i++) {
            struct scene s;
            const struct kind *k = &kinds[rnd(round % 2 ? KINDS : KINDS - 1)];
            make(&s, k, (enum shape)rnd(SHAPES), rnd(3) ? rnd(11) : 0);
            s.m.thresholds = 9;
            struct edgel_row row = measured(&s);
            edgel_curve_sums_add(&sums, &row);
            const struct edgel_curve_best best =
                edgel_curve_find_best(edgel_row_curve(&row)->levels, edgel_row_curve(&row)->nlevels);
            tp += best.tp;
            fp += best.fp;
            binned |= edgel_row_curve(&row)->binned;
            for (size_t j = 0; j < s.n; j++) {
                positives += s.pixels[j].positive;
                all[n] = s.pixels[j];
                const double l = level_by_hand(s.pixels[j].v, k->full) / 65535.0;
                const bool there =
                    (float)s.pixels[j].v == (float)l; /* a third as float is that of 85 / 255 */
                all[n++].v = k->full ? s.pixels[j].v / k->full : there ? l : s.pixels[j].v;
            }
            edgel_row_finish(&row);
            finish(&s);
        }
        assert_true(edgel_curve_sums_result(&sums, &c));
        assert_true(!c.coarse && c.n == 9);
        if (positives == 0) {
            assert_true(isnan(c.ods.f1) && isnan(c.ois.f1) && isnan(c.ap) && isnan(c.auc));
        } else {
            const double r = (double)tp / (double)positives, p = tp ? (double)tp / (double)(tp + fp) : 0;
            same(c.ap, naive_ap(all, n), c.ap_error + 1e-12);
            same(c.auc, naive_auc(all, n), c.auc_error + 1e-12);
            assert_true(binned ? c.ap_error > 0 : c.ap_error == 0 && c.auc_error == 0);
            same(c.ois.recall, r, 1e-15);
            same(c.ois.precision, p, 1e-15);
            double largest = 0;
            for (size_t j = 0; j < n && !binned; j++) { /* every value as threshold */
                double a = 0, b = 0;
                for (size_t i = 0; i < n; i++) {
                    a += all[i].positive && all[i].v >= all[j].v;
                    b += !all[i].positive && all[i].v >= all[j].v;
                }
                if (all[j].v > 0)
                    largest = fmax(largest, 2 * a / (a + b + (double)positives));
            }
            if (!binned)
                same(c.ods.f1, largest, 1e-12);
        }
        edgel_free(c.points);
        edgel_curve_sums_finish(&sums);
    }
    assert_int_equal(edgel_alloc_live(), 0);
}

static void allocation_failures_are_reported(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < KINDS; kind += KINDS - 1) {
        struct scene s;
        make(&s, &kinds[kind], NOISE, 5);
        long n = 0;
        const long live = edgel_alloc_live();
        for (enum edgel_status st = EDGEL_ENOMEM; st != EDGEL_OK; n++) {
            struct edgel_row row = { 0 };
            struct edgel_error err = { 0 };
            edgel_alloc_fail_after(n);
            st = edgel_measure_image(&s.m, &s.p, false, &s.t, 1, &s.v, &row, &err);
            edgel_alloc_fail_after(-1);
            assert_true(st == EDGEL_OK || (st == EDGEL_ENOMEM && err.msg[0]));
            edgel_row_finish(&row);
            assert_int_equal(edgel_alloc_live(), live);
        }
        assert_true(n > 10);
        finish(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_are_those_of_the_pixels),   cmocka_unit_test(odd_floats_have_a_level),
        cmocka_unit_test(ap_and_auc_are_the_definitions),   cmocka_unit_test(six_pixels),
        cmocka_unit_test(confident_maps_keep_their_area),   cmocka_unit_test(the_best_threshold_is_found),
        cmocka_unit_test(errors_bound_float_maps),          cmocka_unit_test(images_are_pooled),
        cmocka_unit_test(allocation_failures_are_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
