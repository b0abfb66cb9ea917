/* Distances: counts and scores against their definitions, by the most naive loops there are, and their properties. */
#include "eval/eval_priv.h"
#include "eval_defaults.h"
#include "eval_masks.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 24 };

struct plane {
    int w, h;
    int32_t id[SIDE * SIDE]; /* negative: not judged */
};

static void fill_plane(struct plane *p, int w, int h, int ids)
{
    p->w = w;
    p->h = h;
    for (int i = 0; i < w * h; i++)
        p->id[i] = rnd(9) ? (int32_t)rnd((uint32_t)ids) : -1;
    for (int k = 0; k < 5; k++) {
        const int x0 = (int)rnd((uint32_t)w), y0 = (int)rnd((uint32_t)h), id = (int)rnd((uint32_t)ids);
        const int x1 = x0 + (int)rnd((uint32_t)w), y1 = y0 + (int)rnd((uint32_t)h);
        for (int y = y0; y < y1 && y < h; y++)
            for (int x = x0; x < x1 && x < w; x++)
                p->id[y * w + x] = id;
    }
}

static bool has_id(const struct plane *p, int x, int y, int32_t id)
{
    return x >= 0 && y >= 0 && x < p->w && y < p->h && p->id[y * p->w + x] == id;
}

static bool on_surface(const struct plane *p, int x, int y, int32_t id)
{
    return has_id(p, x, y, id) && !(has_id(p, x - 1, y, id) && has_id(p, x + 1, y, id) &&
                                    has_id(p, x, y - 1, id) && has_id(p, x, y + 1, id));
}

static int rising(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorted distances of the surface of a to that of b; their number. INFINITY: b has none. */
static int directed(const struct plane *a, const struct plane *b, int32_t id, double *out)
{
    int n = 0;
    for (int y = 0; y < a->h; y++)
        for (int x = 0; x < a->w; x++) {
            if (!on_surface(a, x, y, id))
                continue;
            double best = INFINITY;
            for (int v = 0; v < b->h; v++)
                for (int u = 0; u < b->w; u++)
                    if (on_surface(b, u, v, id))
                        best = fmin(best, hypot(x - u, y - v));
            out[n++] = best;
        }
    qsort(out, (size_t)n, sizeof *out, rising);
    return n;
}

static void check_side(const struct edgel_surface *s, const double *d, int n, bool other)
{
    assert_int_equal(s->pixels, n);
    int k = 0;
    for (size_t i = 0; i < s->nbins; i++)
        for (uint64_t j = 0; j < s->bins[i].n; j++, k++)
            assert_true(fabs(sqrt((double)s->bins[i].d2) - d[k]) < 1e-9);
    assert_int_equal(k, other ? n : 0);
}

static double percentile(const double *d, int n)
{
    const double at = 0.95 * (n - 1);
    const int k = (int)floor(at + 1e-9);
    return k + 1 < n ? d[k] + (d[k + 1] - d[k]) * (at - k) : d[n - 1];
}

static void check_scores(const struct edgel_distance_counts *c, const double *p, int np, const double *t,
                         int nt, int w, int h)
{
    struct edgel_reduce r = reduce_defaults();
    r.nnsd = 3;
    r.nsd_tolerance[0] = 0;
    r.nsd_tolerance[1] = 1.5;
    r.nsd_tolerance[2] = 4;
    struct edgel_distance_sums sums = { 0 };
    struct edgel_distance_result got;
    edgel_distance_sums_add(&sums, c, w, h, &r);
    edgel_distance_sums_result(&sums, &got);
    assert_int_equal(got.both + got.missed + got.invented + got.empty, 1);
    if (np == 0 || nt == 0) {
        assert_int_equal(got.missed, nt > 0);
        assert_int_equal(got.invented, np > 0);
        if (np + nt == 0)
            assert_true(isnan(got.scores.hd) && isnan(got.scores.nsd[2]));
        else
            assert_true(got.scores.hd == sqrt(w * w + h * h) && got.scores.hd95 == got.scores.hd &&
                        got.scores.assd == got.scores.hd && got.scores.nsd[2] == 0);
        return;
    }
    double sum = 0, near[3] = { 0 };
    for (int i = 0; i < np + nt; i++) {
        const double d = i < np ? p[i] : t[i - np];
        sum += d;
        for (int k = 0; k < 3; k++)
            near[k] += d <= r.nsd_tolerance[k] + 1e-9;
    }
    assert_true(fabs(got.scores.hd - fmax(p[np - 1], t[nt - 1])) < 1e-9);
    assert_true(fabs(got.scores.hd95 - fmax(percentile(p, np), percentile(t, nt))) < 1e-9);
    assert_true(fabs(got.scores.assd - sum / (np + nt)) < 1e-9);
    for (int k = 0; k < 3; k++)
        assert_true(fabs(got.scores.nsd[k] - near[k] / (np + nt)) < 1e-12);
    assert_true(got.scores.nsd[0] <= got.scores.nsd[1] && got.scores.nsd[1] <= got.scores.nsd[2]);
    assert_true(got.scores.assd <= got.scores.hd && got.scores.hd95 <= got.scores.hd);
}

static void counts_and_scores_are_the_double_loop(void **state)
{
    (void)state;
    static struct plane t, p;
    static double dt[SIDE * SIDE], dp[SIDE * SIDE];
    for (int round = 0; round < 400; round++) {
        const int w = 1 + (int)rnd(SIDE), h = 1 + (int)rnd(SIDE), only = rnd(3) ? -1 : 1;
        struct edgel_distance_list c;
        fill_plane(&t, w, h, 4);
        fill_plane(&p, w, h, rnd(4) ? 4 : 1);
        assert_int_equal(edgel_distances_measure(t.id, p.id, w, h, only, &c, NULL), EDGEL_OK);
        size_t k = 0;
        for (int32_t id = 0; id < 4; id++) {
            const int np = directed(&p, &t, id, dp), nt = directed(&t, &p, id, dt);
            if (id != only && (np + nt == 0 || only >= 0))
                continue;
            assert_true(k < c.n && c.v[k].id == id);
            check_side(&c.v[k].prediction, dp, np, nt > 0);
            check_side(&c.v[k].truth, dt, nt, np > 0);
            check_scores(&c.v[k], dp, np, dt, nt, w, h);
            k++;
        }
        assert_int_equal(k, c.n);
        edgel_distances_finish(&c);
    }
    assert_int_equal(edgel_alloc_live(), 0);
}

static void sides_swap_and_equal_masks_are_at_zero(void **state)
{
    (void)state;
    static struct plane t, p;
    for (int round = 0; round < 100; round++) {
        const int w = 1 + (int)rnd(SIDE), h = 1 + (int)rnd(SIDE);
        struct edgel_distance_list a, b, same;
        fill_plane(&t, w, h, 3);
        fill_plane(&p, w, h, 3);
        assert_int_equal(edgel_distances_measure(t.id, p.id, w, h, -1, &a, NULL), EDGEL_OK);
        assert_int_equal(edgel_distances_measure(p.id, t.id, w, h, -1, &b, NULL), EDGEL_OK);
        assert_int_equal(edgel_distances_measure(t.id, t.id, w, h, -1, &same, NULL), EDGEL_OK);
        assert_int_equal(a.n, b.n);
        for (size_t i = 0; i < a.n; i++) {
            assert_true(a.v[i].id == b.v[i].id && a.v[i].truth.pixels == b.v[i].prediction.pixels &&
                        a.v[i].truth.nbins == b.v[i].prediction.nbins);
            if (a.v[i].truth.nbins > 0)
                assert_memory_equal(a.v[i].truth.bins, b.v[i].prediction.bins,
                                    a.v[i].truth.nbins * sizeof *a.v[i].truth.bins);
        }
        for (size_t i = 0; i < same.n; i++)
            assert_true(same.v[i].truth.nbins == 1 && same.v[i].truth.bins[0].d2 == 0 &&
                        same.v[i].truth.bins[0].n == same.v[i].prediction.pixels);
        edgel_distances_finish(&a);
        edgel_distances_finish(&b);
        edgel_distances_finish(&same);
    }
}

static void far_distances_are_exact(void **state)
{
    (void)state;
    const int w = 4000, h = 3;
    int32_t *t = edgel_calloc((size_t)w * (size_t)h, sizeof *t),
            *p = edgel_calloc((size_t)w * (size_t)h, sizeof *p);
    struct edgel_distance_list list;
    assert_true(t && p);
    t[0] = 1;
    p[w * h - 1] = p[w + 1] = 1;
    assert_int_equal(edgel_distances_measure(t, p, w, h, 1, &list, NULL), EDGEL_OK);
    assert_int_equal(list.n, 1);
    const struct edgel_distance_counts *c = list.v;
    assert_int_equal(c->truth.nbins, 1);
    assert_int_equal(c->truth.bins[0].d2, 2);
    assert_int_equal(c->prediction.nbins, 2);
    assert_int_equal(c->prediction.bins[1].d2, 3999 * 3999 + 4);
    edgel_distances_finish(&list);
    edgel_free(t);
    edgel_free(p);
}

static void no_memory_is_an_error(void **state)
{
    (void)state;
    static struct plane t, p;
    struct edgel_distance_list c = { 0 };
    fill_plane(&t, SIDE, SIDE, 3);
    fill_plane(&p, SIDE, SIDE, 3);
    const long before = edgel_alloc_live();
    long k = 0;
    for (enum edgel_status st = EDGEL_ENOMEM; st != EDGEL_OK; k++) {
        edgel_alloc_fail_after(k);
        st = edgel_distances_measure(t.id, p.id, SIDE, SIDE, -1, &c, NULL);
        edgel_alloc_fail_after(-1);
        assert_true(st == EDGEL_OK || (st == EDGEL_ENOMEM && !c.v && c.n == 0));
        edgel_distances_finish(&c);
        assert_int_equal(edgel_alloc_live(), before);
    }
    assert_true(k > 15);
}

/* A row of 4 x 1 pixels, ids: truth 1 at x 0, prediction 1 at x 2. */
static void check_says(const char *bins, const char *rule)
{
    struct edgel_measure m = measure_defaults();
    struct edgel_cell cells[] = { { 0, 0, 2 }, { 0, 1, 1 }, { 1, 0, 1 } };
    struct edgel_row row = { .w = 4,
                             .h = 1,
                             .counts[EDGEL_PIXELS] = &(struct edgel_pixels_counts){ 4, cells, 3 } };
    struct edgel_json *doc;
    struct edgel_error err = { 0 };
    m.labels = EDGEL_LABELS_IDS;
    char line[512];
    ask(&m, "distances", true);
    snprintf(line, sizeof line, "{\"distances\":%s}", bins);
    assert_int_equal(edgel_json_parse(line, strlen(line), "here", &doc, NULL), EDGEL_OK);
    enum edgel_status st = edgel_family_read(EDGEL_DISTANCES, doc, "here", &m, &row, &err);
    if (st == EDGEL_OK)
        st = edgel_counts_check_row(&m, &row, "here", &err);
    if (rule ? st != EDGEL_EFORMAT || !strstr(err.msg, rule) : st != EDGEL_OK)
        fail_msg("%s: '%s' instead of '%s'", bins, err.msg, rule ? rule : "");
    edgel_json_finish(doc);
    row.counts[EDGEL_PIXELS] = NULL; /* not on the heap */
    edgel_row_finish(&row);
}

static void each_rule_refuses(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        { "[[0,3,3,[0,2,1,1],[0,2,1,1]],[1,1,1,[4,1],[4,1]]]", NULL },
        { "{}", "list" },
        { "[7]", "an entry" },
        { "[[0,3,3,[0,3]]]", "an entry" },
        { "[[65536,3,3,[0,3],[0,3]]]", "ids are" },
        { "[[-1,3,3,[0,3],[0,3]]]", "ids are" },
        { "[[0,-3,3,[0,3],[0,3]]]", "whole" },
        { "[[0,3,2.5,[0,3],[0,3]]]", "whole" },
        { "[[0,3,3,[0,3,4],[0,3]]]", "pairs" },
        { "[[0,3,3,7,[0,3]]]", "pairs" },
        { "[[0,3,3,[0,-3],[0,3]]]", "whole" },
        { "[[0,3,3,[0,3],[0,3]]]", "every id" },
        { "[[0,3,3,[0,3],[0,3]],[0,3,3,[0,3],[0,3]]]", "ids must rise" },
        { "[[0,4,3,[0,4],[0,3]],[1,1,1,[4,1],[4,1]]]", "some of the pixels" },
        { "[[0,0,3,[],[]],[1,1,1,[4,1],[4,1]]]", "some of the pixels" },
        { "[[0,3,3,[],[]],[1,1,1,[4,1],[4,1]]]", "sum" },
        { "[[0,3,3,[0,2],[0,3]],[1,1,1,[4,1],[4,1]]]", "sum" },
        { "[[0,3,3,[0,4],[0,3]],[1,1,1,[4,1],[4,1]]]", "sum" },
        { "[[0,3,3,[0,3,1,0],[0,3]],[1,1,1,[4,1],[4,1]]]", "sum" },
        { "[[0,3,3,[1,2,0,1],[0,3]],[1,1,1,[4,1],[4,1]]]", "rise" },
        { "[[0,3,3,[0,3],[0,3]],[1,1,1,[10,1],[4,1]]]", "in the image" },
        { "[[0,3,3,[0,2,1,1],[0,1,1,2]],[1,1,1,[4,1],[4,1]]]", "distance 0" },
        { "[[0,3,3,[0,3],[0,3]],[1,1,1,[4,1],[4,1]],[2,0,0,[],[0,1]]]", "sum" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_says(cases[i][0], cases[i][1]);
    assert_int_equal(edgel_alloc_live(), 0);
}

static void rows_that_do_not_hang_together_are_refused(void **state)
{
    (void)state;
    struct edgel_measure m = measure_defaults();
    struct edgel_reduce r = reduce_defaults();
    struct edgel_cell cells[] = { { 1, 1, 4 } };
    struct edgel_distance_bin bin = { 0, 3 };
    struct edgel_distance_counts c = { .id = 1, .prediction = { 3, &bin, 1 }, .truth = { 3, NULL, 0 } };
    struct edgel_row row = { .w = 4,
                             .h = 1,
                             .counts[EDGEL_PIXELS] = &(struct edgel_pixels_counts){ 4, cells, 1 } };
    struct edgel_reducer *reducer;
    row.counts[EDGEL_DISTANCES] = &(struct edgel_distance_list){ &c, 1 };
    m.labels = EDGEL_LABELS_IDS;
    ask(&m, "distances", true);
    assert_int_equal(edgel_reducer_create(&m, &r, "p", &reducer, NULL), EDGEL_OK);
    assert_int_equal(edgel_reducer_add(reducer, &row, NULL), EDGEL_EINVAL);
    c.truth = c.prediction;
    assert_int_equal(edgel_reducer_add(reducer, &row, NULL), EDGEL_OK);
    c.id = EDGEL_IDS;
    assert_int_equal(edgel_reducer_add(reducer, &row, NULL), EDGEL_EINVAL);
    edgel_reducer_destroy(&reducer);
    r.nsd_tolerance[0] = NAN;
    assert_int_equal(edgel_reducer_create(&m, &r, "p", &reducer, NULL), EDGEL_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_and_scores_are_the_double_loop),
        cmocka_unit_test(sides_swap_and_equal_masks_are_at_zero),
        cmocka_unit_test(far_distances_are_exact),
        cmocka_unit_test(no_memory_is_an_error),
        cmocka_unit_test(each_rule_refuses),
        cmocka_unit_test(rows_that_do_not_hang_together_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
