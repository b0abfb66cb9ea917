/* Reducing: scores against their definitions over lists of pixels, the conventions on toy masks, and the sweep. */
#include "eval/eval_priv.h"
#include "eval_defaults.h"
#include "eval_masks.h"
#include <math.h>
#include <string.h>

enum { PIXELS = 60, IMAGES = 6 };

/* An image as a list of pixels. prediction -1: none. */
struct toy {
    int n, truth[PIXELS], prediction[PIXELS];
};

static void row_of_toy(const struct toy *t, struct edgel_row *row)
{
    *row = (struct edgel_row){ .w = t->n, .h = 1 };
    struct edgel_pixels_counts *p = edgel_row_part(row, EDGEL_PIXELS);
    p->pixels = (uint64_t)t->n;
    p->cells = edgel_alloc(PIXELS, sizeof *p->cells); /* each cell has a pixel */
    static const int ids[] = { -1, 0, 1, 2, 3, 5, 7, 8, 9, 200, 255 };
    for (size_t a = 1; a < sizeof ids / sizeof *ids; a++)
        for (size_t b = 0; b < sizeof ids / sizeof *ids; b++) {
            uint64_t n = 0;
            for (int i = 0; i < t->n; i++)
                n += t->truth[i] == ids[a] && t->prediction[i] == ids[b];
            if (n)
                p->cells[p->n++] = (struct edgel_cell){ ids[a], ids[b], n };
        }
}

static struct edgel_summary reduce_toys(const struct toy *t, int n, const struct edgel_measure *m,
                                        const struct edgel_reduce *r)
{
    struct edgel_reducer *reducer;
    struct edgel_summary s;
    assert_int_equal(edgel_reducer_create(m, r, "p", &reducer, NULL), EDGEL_OK);
    for (int i = 0; i < n; i++) {
        struct edgel_row row;
        row_of_toy(&t[i], &row);
        assert_int_equal(edgel_reducer_add(reducer, &row, NULL), EDGEL_OK);
        edgel_row_finish(&row);
    }
    assert_int_equal(edgel_reducer_summary(reducer, &s, NULL), EDGEL_OK);
    edgel_reducer_destroy(&reducer);
    return s;
}

/* --- the naive twin --- */

struct counts {
    double tp, fp, fn, tn;
};

static bool among(const int32_t *v, size_t n, int id)
{
    for (size_t i = 0; i < n; i++)
        if (v[i] == id)
            return true;
    return false;
}

static struct counts count(const struct toy *t, int n, int id, const struct edgel_reduce *r)
{
    struct counts c = { 0, 0, 0, 0 };
    for (int k = 0; k < n; k++)
        for (int i = 0; i < t[k].n; i++) {
            if (among(r->ignore, r->nignore, t[k].truth[i]))
                continue;
            bool a = t[k].truth[i] == id, b = t[k].prediction[i] == id;
            *(a ? b ? &c.tp : &c.fn : b ? &c.fp : &c.tn) += 1;
        }
    return c;
}

static double empty_value(enum edgel_empty e)
{
    return e == EDGEL_EMPTY_NAN ? NAN : e == EDGEL_EMPTY_ONE ? 1 : 0;
}

static double by(double num, double den, enum edgel_empty e)
{
    return den == 0 ? empty_value(e) : num / den;
}

static double score(struct counts c, int which, enum edgel_empty e)
{
    switch (which) {
    case 0: return by(c.tp + c.tn, c.tp + c.fp + c.fn + c.tn, e);
    case 1: return by(c.tp, c.tp + c.fp, e);
    case 2: return by(c.tp, c.tp + c.fn, e);
    case 3: return by(2 * c.tp, 2 * c.tp + c.fp + c.fn, e);
    case 4: return by(c.tp, c.tp + c.fp + c.fn, e);
    case 5: return by(c.tn, c.tn + c.fp, e);
    default:
        return by(c.tp * c.tn - c.fp * c.fn,
                  sqrt((c.tp + c.fp) * (c.tp + c.fn) * (c.tn + c.fp) * (c.tn + c.fn)), e);
    }
}

struct avg {
    double sum;
    int n;
};

static void avg_add(struct avg *a, double v)
{
    if (!isnan(v)) {
        a->sum += v;
        a->n++;
    }
}

static double avg_of(struct avg a)
{
    return a.n ? a.sum / a.n : NAN;
}

static void close_to(double got, double want)
{
    if (isnan(want) ? !isnan(got) : !(fabs(got - want) <= 1e-12))
        fail_msg("%.17g is not %.17g", got, want);
}

static double class_score(const struct toy *t, int n, int id, int which, const struct edgel_reduce *r)
{
    if (r->reduce == EDGEL_REDUCE_POOLED)
        return score(count(t, n, id, r), which, r->empty);
    struct avg a = { 0, 0 };
    for (int k = 0; k < n; k++)
        avg_add(&a, score(count(&t[k], 1, id, r), which, r->empty));
    return avg_of(a);
}

/* accuracy, kappa, fwiou of some images taken together */
static double overall_of(const struct toy *t, int n, const int *ids, int nids, int which,
                         const struct edgel_reduce *r)
{
    double all = 0, correct = 0, chance = 0, fw = 0;
    for (int i = 0; i < nids; i++) {
        struct counts c = count(t, n, ids[i], r);
        all = c.tp + c.fp + c.fn + c.tn;
        correct += c.tp;
        chance += (c.tp + c.fn) * (c.tp + c.fp);
        if (c.tp + c.fn > 0)
            fw += (c.tp + c.fn) / all * (c.tp / (c.tp + c.fp + c.fn));
    }
    if (all == 0)
        return empty_value(r->empty);
    const double po = correct / all, pe = chance / all / all;
    return which == 0 ? po : which == 1 ? by(po - pe, 1 - pe, r->empty) : fw;
}

static double overall(const struct toy *t, int n, const int *ids, int nids, int which,
                      const struct edgel_reduce *r)
{
    if (r->reduce == EDGEL_REDUCE_POOLED)
        return overall_of(t, n, ids, nids, which, r);
    struct avg a = { 0, 0 };
    for (int k = 0; k < n; k++)
        avg_add(&a, overall_of(&t[k], 1, ids, nids, which, r));
    return avg_of(a);
}

static void check_matrix(const struct edgel_summary *s, const struct toy *t, int n,
                         const struct edgel_reduce *r)
{
    for (size_t a = 0; a < edgel_summary_pixels(s)->nmatrix; a++) {
        uint64_t row = 0, truth = 0;
        for (size_t b = 0; b < edgel_summary_pixels(s)->nmatrix; b++) {
            uint64_t want = 0;
            for (int k = 0; k < n; k++)
                for (int i = 0; i < t[k].n; i++)
                    want += t[k].truth[i] == edgel_summary_pixels(s)->matrix_ids[a] &&
                            t[k].prediction[i] == edgel_summary_pixels(s)->matrix_ids[b];
            assert_int_equal(edgel_summary_pixels(s)->matrix[a * edgel_summary_pixels(s)->nmatrix + b], want);
            row += want;
        }
        for (int k = 0; k < n; k++)
            for (int i = 0; i < t[k].n; i++)
                truth += t[k].truth[i] == edgel_summary_pixels(s)->matrix_ids[a];
        assert_int_equal(edgel_summary_pixels(s)->matrix_other[a], truth - row);
    }
    (void)r;
}

static void check_summary(const struct edgel_summary *s, const struct toy *t, int n, const int *ids, int nids,
                          const struct edgel_reduce *r, bool bin)
{
    const int first = bin ? 1 : 0;
    uint64_t touched = 0;
    assert_int_equal(edgel_summary_pixels(s)->nclasses, nids - first);
    assert_int_equal(edgel_summary_pixels(s)->nmatrix, nids);
    for (int which = 0; which < 7; which++) {
        struct avg mean = { 0, 0 };
        for (int i = first; i < nids; i++) {
            struct edgel_class_result *c = &edgel_summary_pixels(s)->classes[i - first];
            assert_int_equal(c->id, ids[i]);
            assert_int_equal(c->in_mean, !among(r->exclude_from_mean, r->nexclude, c->id));
            const double want = class_score(t, n, ids[i], which, r);
            close_to(c->scores.v[which], want);
            if (c->in_mean)
                avg_add(&mean, want);
        }
        struct edgel_scores m = edgel_summary_pixels(s)->mean;
        close_to(m.v[which], avg_of(mean));
    }
    for (int i = first; i < nids; i++) {
        const struct edgel_class_result *c = &edgel_summary_pixels(s)->classes[i - first];
        const struct counts want = count(t, n, ids[i], r);
        assert_true((double)c->tp == want.tp && (double)c->fp == want.fp && (double)c->fn == want.fn &&
                    (double)c->tn == want.tn);
        touched += r->reduce == EDGEL_REDUCE_POOLED && (want.tp + want.fp == 0 || want.tp + want.fn == 0);
        for (int k = 0; k < n && r->reduce == EDGEL_REDUCE_IMAGE; k++) {
            const struct counts one = count(&t[k], 1, ids[i], r);
            touched += one.tp + one.fp == 0 || one.tp + one.fn == 0;
        }
    }
    assert_int_equal(edgel_summary_pixels(s)->empty_touched, touched);
    close_to(edgel_summary_pixels(s)->accuracy, overall(t, n, ids, nids, 0, r));
    close_to(edgel_summary_pixels(s)->kappa, overall(t, n, ids, nids, 1, r));
    close_to(edgel_summary_pixels(s)->fwiou, overall(t, n, ids, nids, 2, r));
    check_matrix(s, t, n, r);
}

static void random_toys(struct toy *t, int n, const int *truth, const int *prediction, uint32_t values)
{
    for (int k = 0; k < n; k++) {
        const uint32_t some = 1 + rnd(values),
                       other = 1 + rnd(values); /* so that classes are absent at times */
        t[k].n = (int)rnd(10) ? 1 + (int)rnd(PIXELS - 1) : 1;
        for (int i = 0; i < t[k].n; i++) {
            t[k].truth[i] = truth[rnd(some)];
            t[k].prediction[i] = rnd(2) ? t[k].truth[i] : prediction[rnd(other)];
        }
    }
}

static void scores_are_their_formulas(void **state)
{
    (void)state;
    static const int truth[] = { 3, 0, 200, 7, 255 }, prediction[] = { 0, 3, 7, 200, 255, -1 };
    static const int ids[] = { 0, 3, 7, 200 };
    struct edgel_class list[] = { { 0, NULL }, { 3, NULL }, { 7, NULL }, { 200, NULL }, { 255, NULL } };
    char name[] = "x";
    for (int i = 0; i < 5; i++)
        list[i].name = name;
    const struct edgel_classes classes = { list, 5 };
    for (int round = 0; round < 600; round++) {
        struct toy t[IMAGES];
        const int n = 1 + (int)rnd(IMAGES);
        random_toys(t, n, truth, prediction, 5);
        struct edgel_measure m = measure_defaults();
        struct edgel_reduce r = reduce_defaults();
        m.labels = EDGEL_LABELS_IDS;
        r.reduce = rnd(2) ? EDGEL_REDUCE_IMAGE : EDGEL_REDUCE_POOLED;
        r.empty = (enum edgel_empty)rnd(3);
        r.ignore = (const int32_t[]){ 255 };
        r.nignore = 1;
        r.exclude_from_mean = (const int32_t[]){ 3 };
        r.nexclude = rnd(2);
        r.classes = rnd(2) ? &classes : NULL;
        int present[4], np = 0;
        for (int i = 0; i < 4; i++) {
            bool seen = r.classes != NULL;
            for (int k = 0; k < n; k++)
                for (int j = 0; j < t[k].n; j++)
                    seen = seen || (t[k].truth[j] != 255 &&
                                    (t[k].truth[j] == ids[i] || t[k].prediction[j] == ids[i]));
            if (seen)
                present[np++] = ids[i];
        }
        struct edgel_summary s = reduce_toys(t, n, &m, &r);
        check_summary(&s, t, n, present, np, &r, false);
        assert_int_equal(s.images, n);
        edgel_summary_finish(&s);
    }
    assert_int_equal(edgel_alloc_live(), 0);
}

static void binary_scores_are_their_formulas(void **state)
{
    (void)state;
    static const int truth[] = { 0, 1, 255 }, prediction[] = { 0, 1 }, ids[] = { 0, 1 };
    for (int round = 0; round < 300; round++) {
        struct toy t[IMAGES];
        const int n = 1 + (int)rnd(IMAGES);
        random_toys(t, n, truth, prediction, 2);
        for (int k = 0; k < n; k++) /* ignored truth, with predictions of 0 and 1 */
            for (int i = 0; i < t[k].n; i++)
                if (rnd(5) == 0)
                    t[k].truth[i] = 255;
        struct edgel_measure m = measure_defaults();
        struct edgel_reduce r = reduce_defaults();
        m.labels = EDGEL_LABELS_BINARY;
        m.ignore = r.ignore = (const int32_t[]){ 255 };
        m.nignore = r.nignore = 1;
        r.reduce = rnd(2) ? EDGEL_REDUCE_IMAGE : EDGEL_REDUCE_POOLED;
        r.empty = (enum edgel_empty)rnd(3);
        struct edgel_summary s = reduce_toys(t, n, &m, &r);
        check_summary(&s, t, n, ids, 2, &r, true);
        assert_string_equal(edgel_summary_pixels(&s)->classes[0].name, "foreground");
        edgel_summary_finish(&s);
        r.nignore = 0; /* then 255 is foreground again */
        for (int k = 0; k < n; k++)
            for (int i = 0; i < t[k].n; i++)
                if (t[k].truth[i] == 255)
                    t[k].prediction[i] = (int)rnd(2);
        s = reduce_toys(t, n, &m, &r);
        for (int k = 0; k < n; k++)
            for (int i = 0; i < t[k].n; i++)
                t[k].truth[i] = t[k].truth[i] != 0;
        check_summary(&s, t, n, ids, 2, &r, true);
        edgel_summary_finish(&s);
    }
    assert_int_equal(edgel_alloc_live(), 0);
}

static void figures_by_hand(void **state)
{
    (void)state;
    /* 20 both, 5 truth only, 10 predicted only, 15 neither: po .7, pe .5, kappa .4; MCC 250 / sqrt(30 25 25 20) */
    struct edgel_cell cells[] = { { 0, 0, 15 }, { 0, 1, 10 }, { 1, 0, 5 }, { 1, 1, 20 } };
    struct edgel_row row = { .w = 50,
                             .h = 1,
                             .counts[EDGEL_PIXELS] = &(struct edgel_pixels_counts){ 50, cells, 4 } };
    struct edgel_measure m = measure_defaults();
    struct edgel_reduce r = reduce_defaults();
    struct edgel_reducer *reducer;
    struct edgel_summary s;
    m.labels = EDGEL_LABELS_BINARY;
    assert_int_equal(edgel_reducer_create(&m, &r, "p", &reducer, NULL), EDGEL_OK);
    assert_int_equal(edgel_reducer_add(reducer, &row, NULL), EDGEL_OK);
    assert_int_equal(edgel_reducer_summary(reducer, &s, NULL), EDGEL_OK);
    close_to(edgel_summary_pixels(&s)->kappa, 0.4);
    close_to(edgel_summary_pixels(&s)->accuracy, 0.7);
    close_to(edgel_summary_pixels(&s)->classes[0].scores.v[EDGEL_MCC], 250 / sqrt(375000));
    close_to(edgel_summary_pixels(&s)->classes[0].scores.v[EDGEL_IOU], 20 / 35.0);
    close_to(edgel_summary_pixels(&s)->fwiou, 0.5 * (20 / 35.0) + 0.5 * (15 / 30.0));
    assert_true(edgel_summary_pixels(&s)->pixels == 50 && s.images == 1);
    edgel_summary_finish(&s);
    edgel_reducer_destroy(&reducer);
}

/* Two images of four classes: 1 occurs in truth alone at times, 2 is predicted only, 3 is nowhere, 9 is void. */
static void conventions_differ_as_they_should(void **state)
{
    (void)state;
    static const struct toy t[2] = {
        { 8, { 0, 0, 0, 0, 1, 1, 9, 9 }, { 0, 0, 0, 2, 1, 0, 1, 0 } },
        { 4, { 0, 0, 0, 0 }, { 0, 0, 0, 0 } },
    };
    char name[] = "x";
    struct edgel_class list[] = { { 0, name }, { 1, name }, { 2, name }, { 3, name } };
    const struct edgel_classes classes = { list, 4 };
    struct edgel_measure m = measure_defaults();
    struct edgel_reduce r = reduce_defaults();
    m.labels = EDGEL_LABELS_IDS;
    r.classes = &classes;
    r.ignore = (const int32_t[]){ 9 };
    r.nignore = 1;
    static const struct {
        enum edgel_reduce_kind reduce;
        enum edgel_empty empty;
        size_t exclude;
        double miou;
        uint64_t touched;
    } want[] = {
        /* class 0: 7 of 9; class 1: 1 of 2; class 2: 0 of 1, no recall; class 3: empty */
        { EDGEL_REDUCE_POOLED, EDGEL_EMPTY_NAN, 0, (7 / 9.0 + 0.5 + 0) / 3, 2 },
        { EDGEL_REDUCE_POOLED, EDGEL_EMPTY_ZERO, 0, (7 / 9.0 + 0.5 + 0 + 0) / 4, 2 },
        { EDGEL_REDUCE_POOLED, EDGEL_EMPTY_ONE, 0, (7 / 9.0 + 0.5 + 0 + 1) / 4, 2 },
        { EDGEL_REDUCE_POOLED, EDGEL_EMPTY_NAN, 1, (0.5 + 0) / 2, 2 },
        /* image 1: 3/5, 1/2, 0, empty; image 2: 1, empty, empty, empty */
        { EDGEL_REDUCE_IMAGE, EDGEL_EMPTY_NAN, 0, (0.8 + 0.5 + 0) / 3, 5 },
        { EDGEL_REDUCE_IMAGE, EDGEL_EMPTY_ZERO, 0, (0.8 + 0.25 + 0 + 0) / 4, 5 },
        { EDGEL_REDUCE_IMAGE, EDGEL_EMPTY_ONE, 0, (0.8 + 0.75 + 0.5 + 1) / 4, 5 },
    };
    r.exclude_from_mean = (const int32_t[]){ 0 };
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        r.reduce = want[i].reduce;
        r.empty = want[i].empty;
        r.nexclude = want[i].exclude;
        struct edgel_summary s = reduce_toys(t, 2, &m, &r);
        close_to(edgel_summary_pixels(&s)->mean.v[EDGEL_IOU], want[i].miou);
        assert_int_equal(edgel_summary_pixels(&s)->empty_touched, want[i].touched);
        assert_int_equal(edgel_summary_pixels(&s)->pixels, 10);
        edgel_summary_finish(&s);
    }
    /* Ignoring background pixels is another thing than leaving background out of the mean. */
    r = reduce_defaults();
    r.ignore = (const int32_t[]){ 9, 0 };
    r.nignore = 2;
    struct edgel_summary s = reduce_toys(t, 2, &m, &r);
    assert_int_equal(edgel_summary_pixels(&s)->nclasses,
                     1); /* of the ids that occur on judged pixels, only 1 is left */
    close_to(edgel_summary_pixels(&s)->mean.v[EDGEL_IOU], 0.5);
    assert_int_equal(edgel_summary_pixels(&s)->ignored_predicted, 1);
    assert_int_equal(edgel_summary_pixels(&s)->matrix_other[0], 1);
    edgel_summary_finish(&s);
}

static void strangers_are_counted_and_nothing_is_added(void **state)
{
    (void)state;
    static const struct toy good = { 3, { 0, 1, 1 }, { 0, 1, 0 } };
    static const struct toy bad = { 7, { 0, 5, 5, 1, 9, 5, 0 }, { 0, 0, 1, 8, 8, 8, 9 } };
    char name[] = "x";
    struct edgel_class list[] = { { 0, name }, { 1, name } };
    const struct edgel_classes classes = { list, 2 };
    struct edgel_measure m = measure_defaults();
    struct edgel_reduce r = reduce_defaults();
    m.labels = EDGEL_LABELS_IDS;
    r.classes = &classes;
    r.ignore = (const int32_t[]){ 9 };
    r.nignore = 1;
    struct edgel_reducer *reducer;
    struct edgel_row rows[2];
    struct edgel_error err = { 0 };
    row_of_toy(&good, &rows[0]);
    row_of_toy(&bad, &rows[1]);
    assert_int_equal(edgel_reducer_create(&m, &r, "p", &reducer, NULL), EDGEL_OK);
    assert_int_equal(edgel_reducer_add(reducer, &rows[0], NULL), EDGEL_OK);
    assert_int_equal(edgel_reducer_add(reducer, &rows[1], &err), EDGEL_EFORMAT);
    assert_string_equal(err.msg,
                        "ids that are neither classes nor ignored: in the truth 5 (3 pixels); in the "
                        "prediction 8 (2 pixels)");
    struct edgel_summary s;
    assert_int_equal(edgel_reducer_summary(reducer, &s, NULL), EDGEL_OK);
    assert_true(s.images == 1 && edgel_summary_pixels(&s)->pixels == 3 &&
                edgel_summary_pixels(&s)->classes[1].tp == 1);
    edgel_summary_finish(&s);
    edgel_reducer_destroy(&reducer);
    edgel_row_finish(&rows[0]);
    edgel_row_finish(&rows[1]);
    assert_int_equal(edgel_alloc_live(), 0);
}

static void missing_and_failed_rows_count(void **state)
{
    (void)state;
    static const struct toy worst = { 4, { 0, 0, 1, 1 }, { -1, -1, -1, -1 } };
    struct edgel_measure m = measure_defaults();
    struct edgel_reduce r = reduce_defaults();
    struct edgel_row full, none = { .kind = EDGEL_ROW_MISSING }, failed = { .kind = EDGEL_ROW_FAILED };
    struct edgel_reducer *reducer;
    struct edgel_summary s;
    m.labels = EDGEL_LABELS_IDS;
    row_of_toy(&worst, &full);
    full.kind = EDGEL_ROW_MISSING;
    for (int w = 0; w < 2; w++) {
        r.missing = w ? EDGEL_MISSING_WORST : EDGEL_MISSING_SKIP;
        assert_int_equal(edgel_reducer_create(&m, &r, "p", &reducer, NULL), EDGEL_OK);
        assert_int_equal(edgel_reducer_add(reducer, &full, NULL), EDGEL_OK);
        assert_int_equal(edgel_reducer_add(reducer, &none, NULL), w ? EDGEL_EFORMAT : EDGEL_OK);
        assert_int_equal(edgel_reducer_add(reducer, &failed, NULL), EDGEL_OK);
        assert_int_equal(edgel_reducer_summary(reducer, &s, NULL), EDGEL_OK);
        assert_int_equal(s.images, w);
        assert_int_equal(s.missing, w ? 1 : 2);
        assert_int_equal(s.failed, 1);
        if (w) {
            close_to(edgel_summary_pixels(&s)->mean.v[EDGEL_IOU], 0);
            close_to(edgel_summary_pixels(&s)->accuracy, 0);
            assert_true(edgel_summary_pixels(&s)->matrix_other[0] == 2 &&
                        edgel_summary_pixels(&s)->matrix_other[1] == 2);
        }
        edgel_summary_finish(&s);
        edgel_reducer_destroy(&reducer);
    }
    edgel_row_finish(&full);
}

static void tolerance_replaces_precision_and_recall(void **state)
{
    (void)state;
    struct edgel_cell cells[] = { { 0, 0, 80 }, { 0, 1, 8 }, { 1, 0, 10 }, { 1, 1, 2 } };
    struct edgel_tolerance_counts tc = { 1, 7, 10, 9, 12 };
    struct edgel_row row = { .w = 100,
                             .h = 1,
                             .counts[EDGEL_PIXELS] = &(struct edgel_pixels_counts){ 100, cells, 4 },
                             .counts[EDGEL_TOLERANCE] = &(struct edgel_tolerance_list){ &tc, 1 } };
    struct edgel_measure m = measure_defaults();
    struct edgel_reduce r = reduce_defaults();
    struct edgel_reducer *reducer;
    struct edgel_summary s;
    m.labels = EDGEL_LABELS_BINARY;
    ask(&m, "tolerance", 2);
    assert_int_equal(edgel_reducer_create(&m, &r, "p", &reducer, NULL), EDGEL_OK);
    assert_int_equal(edgel_reducer_add(reducer, &row, NULL), EDGEL_OK);
    assert_int_equal(edgel_reducer_summary(reducer, &s, NULL), EDGEL_OK);
    const struct edgel_class_result *c = edgel_summary_pixels(&s)->classes;
    assert_true(edgel_summary_pixels(&s)->has_tolerance && c->matched && c->tp_prediction == 7 &&
                c->fp == 3 && c->tp_truth == 9 && c->fn == 3 && c->tp == 0 && c->tn == 0);
    close_to(c->scores.v[EDGEL_PRECISION], 0.7);
    close_to(c->scores.v[EDGEL_RECALL], 0.75);
    close_to(c->scores.v[EDGEL_F1], 2 * 0.7 * 0.75 / 1.45);
    assert_true(isnan(c->scores.v[EDGEL_IOU]) && isnan(c->scores.v[EDGEL_ACCURACY]) &&
                isnan(c->scores.v[EDGEL_MCC]));
    close_to(edgel_summary_pixels(&s)->accuracy, 0.82);
    assert_int_equal(edgel_summary_pixels(&s)->matrix[2], 10);
    edgel_summary_finish(&s);
    edgel_reducer_destroy(&reducer);
    r.nignore = 1;
    r.ignore = (const int32_t[]){ 0 };
    struct edgel_error err = { 0 };
    assert_int_equal(edgel_reducer_create(&m, &r, "p", &reducer, &err), EDGEL_EINVAL);
    assert_non_null(strstr(err.msg, "tolerance"));
}

/* --- the sweep --- */

enum { SWEEP = 7 };

struct sweep {
    uint64_t tp[SWEEP], fp[SWEEP], positives, negatives;
};

static double f_of(double p, double r)
{
    return p + r > 0 ? 2 * p * r / (p + r) : 0;
}

static double ratio0(double a, double b)
{
    return b > 0 ? a / b : 0;
}

static void random_sweep(struct sweep *s)
{
    s->positives = rnd(5) ? 1 + rnd(50) : 0;
    s->negatives = 1 + rnd(50);
    uint64_t tp = s->positives, fp = s->negatives;
    for (int k = 0; k < SWEEP; k++) {
        tp -= rnd(3) ? rnd((uint32_t)tp + 1) / 2 : 0;
        fp -= rnd((uint32_t)fp + 1) / 2;
        s->tp[k] = tp;
        s->fp[k] = fp;
    }
}

/* Unique recall in rising order, each with its first threshold; linear interpolation; sum * .01. */
static double naive_ap(const double *r, const double *p)
{
    double ur[SWEEP], up[SWEEP], sum = 0;
    int n = 0;
    for (double last = -1;;) {
        int best = -1;
        for (int k = SWEEP - 1; k >= 0; k--)
            if (r[k] > last && (best < 0 || r[k] <= r[best]))
                best = k;
        if (best < 0)
            break;
        ur[n] = last = r[best];
        up[n++] = p[best];
    }
    if (n < 2)
        return 0;
    for (int i = 0; i <= 100; i++) {
        const double x = i / 100.0;
        for (int k = 0; k + 1 < n; k++)
            if (x >= ur[k] && (x < ur[k + 1] || (k + 2 == n && x == ur[k + 1]))) {
                sum += up[k] + (up[k + 1] - up[k]) * (x - ur[k]) / (ur[k + 1] - ur[k]);
                break;
            }
    }
    return sum * 0.01;
}

static double naive_auc(const struct sweep *s)
{
    double area = 0, x = 0, y = 0;
    for (int k = SWEEP - 1; k >= -1; k--) {
        const double x1 = k < 0 ? 1 : (double)s->fp[k] / (double)s->negatives;
        const double y1 = k < 0 ? 1 : (double)s->tp[k] / (double)s->positives;
        area += (x1 - x) * (y1 + y) / 2;
        x = x1;
        y = y1;
    }
    return area;
}

static void check_curve(const struct edgel_curve_result *c, const struct sweep *s, int n)
{
    struct sweep sum = { { 0 }, { 0 }, 0, 0 };
    double otp = 0, ofp = 0, r[SWEEP], p[SWEEP], best[4] = { 0, 0, 0, -1 };
    for (int i = 0; i < n; i++) {
        int at = 0;
        for (int k = 0; k < SWEEP; k++) {
            sum.tp[k] += s[i].tp[k];
            sum.fp[k] += s[i].fp[k];
            /* F = 2tp / (tp + fp + positives), compared as fractions */
            uint64_t a = s[i].tp[k] * (s[i].tp[at] + s[i].fp[at] + s[i].positives);
            uint64_t b = s[i].tp[at] * (s[i].tp[k] + s[i].fp[k] + s[i].positives);
            if (a > b)
                at = k;
        }
        sum.positives += s[i].positives;
        sum.negatives += s[i].negatives;
        otp += (double)s[i].tp[at];
        ofp += (double)s[i].fp[at];
    }
    for (int k = 0; k < SWEEP; k++) {
        r[k] = ratio0((double)sum.tp[k], (double)sum.positives);
        p[k] = ratio0((double)sum.tp[k], (double)(sum.tp[k] + sum.fp[k]));
        close_to(c->points[k].threshold, (k + 1) / (SWEEP + 1.0));
        close_to(c->points[k].recall, r[k]);
        close_to(c->points[k].precision, p[k]);
        close_to(c->points[k].f1, f_of(p[k], r[k]));
    }
    if (sum.positives == 0) {
        assert_true(isnan(c->ods.f1) && isnan(c->ois.f1) && isnan(c->ap) && isnan(c->auc));
        return;
    }
    for (int k = 0; k + 1 < SWEEP; k++)
        for (int j = 0; j < 100; j++) {
            const double d = j / 99.0;
            const double rr = r[k] + d * (r[k + 1] - r[k]), pp = p[k] + d * (p[k + 1] - p[k]);
            if (f_of(pp, rr) > best[3] + 1e-13) {
                best[0] = (k + 1 + d) / (SWEEP + 1.0);
                best[1] = rr;
                best[2] = pp;
                best[3] = f_of(pp, rr);
            }
        }
    close_to(c->ods.f1, best[3]);
    close_to(c->ods.threshold, best[0]);
    close_to(c->ods.recall, best[1]);
    close_to(c->ods.precision, best[2]);
    close_to(c->ois.recall, ratio0(otp, (double)sum.positives));
    close_to(c->ois.precision, ratio0(otp, otp + ofp));
    close_to(c->ois.f1, f_of(c->ois.precision, c->ois.recall));
    assert_true(isnan(c->ois.threshold) && c->coarse && isnan(c->ap_error) && isnan(c->auc_error));
    close_to(c->ap, naive_ap(r, p));
    close_to(c->auc, naive_auc(&sum));
}

/* Of counts without levels, schema edgel.counts/1; test_curve.c has those with levels. */
static void coarse_sweeps_are_their_definitions(void **state)
{
    (void)state;
    for (int round = 0; round < 500; round++) {
        struct sweep s[4];
        const int n = 1 + (int)rnd(4);
        struct edgel_curve_sums sums;
        struct edgel_curve_result c;
        assert_true(edgel_curve_sums_init(&sums, SWEEP, true));
        for (int i = 0; i < n; i++) {
            random_sweep(&s[i]);
            struct edgel_curve_counts counts = { .n = SWEEP,
                                                 .tp = s[i].tp,
                                                 .fp = s[i].fp,
                                                 .positives = s[i].positives,
                                                 .negatives = s[i].negatives };
            struct edgel_row row = { .counts[EDGEL_CURVE] = &counts };
            edgel_curve_sums_add(&sums, &row);
        }
        assert_true(edgel_curve_sums_result(&sums, &c));
        check_curve(&c, s, n);
        edgel_free(c.points);
        edgel_curve_sums_finish(&sums);
    }
    assert_int_equal(edgel_alloc_live(), 0);
}

static void later_ignoring_is_checked(void **state)
{
    (void)state;
    struct edgel_measure m = measure_defaults();
    struct edgel_reduce r = reduce_defaults();
    m.labels = EDGEL_LABELS_IDS;
    r.ignore = (const int32_t[]){ 5, 255 };
    r.nignore = 2;
    assert_int_equal(edgel_reduce_check(&m, &r, NULL), EDGEL_OK);
    ask(&m, "tolerance", 1);
    assert_int_equal(edgel_reduce_check(&m, &r, NULL), EDGEL_EINVAL);
    m.ignore = (const int32_t[]){ 255, 5 };
    m.nignore = 2;
    assert_int_equal(edgel_reduce_check(&m, &r, NULL), EDGEL_OK);
    ask(&m, "tolerance", NAN);
    m.labels = EDGEL_LABELS_BINARY;
    m.nignore = 1;
    assert_int_equal(edgel_reduce_check(&m, &r, NULL), EDGEL_EINVAL);
    r.ignore = (const int32_t[]){ 255, 0 };
    assert_int_equal(edgel_reduce_check(&m, &r, NULL), EDGEL_OK);
    m.thresholds = 9;
    assert_int_equal(edgel_reduce_check(&m, &r, NULL), EDGEL_EINVAL);
}

static void allocation_failures_are_reported(void **state)
{
    (void)state;
    static const struct toy t = { 5, { 0, 1, 2, 2, 9 }, { 0, 1, 1, -1, 2 } };
    struct edgel_measure m = measure_defaults();
    struct edgel_reduce r = reduce_defaults();
    struct edgel_row row;
    m.labels = EDGEL_LABELS_IDS;
    row_of_toy(&t, &row);
    long n = 0;
    const long live = edgel_alloc_live(); /* of the row */
    for (enum edgel_status st = EDGEL_ENOMEM; st != EDGEL_OK; n++) {
        struct edgel_reducer *reducer = NULL;
        struct edgel_summary s = { 0 };
        struct edgel_class_result *c = NULL;
        struct edgel_error err = { 0 };
        size_t nc;
        edgel_alloc_fail_after(n);
        st = edgel_reducer_create(&m, &r, "p", &reducer, &err);
        if (st == EDGEL_OK)
            st = edgel_reducer_add(reducer, &row, &err);
        if (st == EDGEL_OK)
            st = edgel_reducer_summary(reducer, &s, &err);
        if (st == EDGEL_OK && (st = edgel_row_scores(&row, &m, &r, &c, &nc, &err)) == EDGEL_OK) {
            assert_int_equal(nc, edgel_summary_pixels(&s)->nclasses);
            edgel_class_results_free(c, nc);
        }
        edgel_alloc_fail_after(-1);
        assert_true(st == EDGEL_OK || (st == EDGEL_ENOMEM && err.msg[0]));
        edgel_summary_finish(&s);
        edgel_reducer_destroy(&reducer);
        assert_int_equal(edgel_alloc_live(), live);
    }
    assert_true(n > 20);
    edgel_row_finish(&row);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_are_their_formulas),
        cmocka_unit_test(binary_scores_are_their_formulas),
        cmocka_unit_test(figures_by_hand),
        cmocka_unit_test(conventions_differ_as_they_should),
        cmocka_unit_test(strangers_are_counted_and_nothing_is_added),
        cmocka_unit_test(missing_and_failed_rows_count),
        cmocka_unit_test(tolerance_replaces_precision_and_recall),
        cmocka_unit_test(coarse_sweeps_are_their_definitions),
        cmocka_unit_test(later_ignoring_is_checked),
        cmocka_unit_test(allocation_failures_are_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
