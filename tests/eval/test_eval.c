/* Measuring: every count against its definition on random masks, by the most naive loop there is. */
#include "eval/eval_priv.h"
#include "eval_defaults.h"
#include "eval_masks.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* --- confusion --- */

static void check_confusion(const struct edgel_row *row, const struct edgel_image *t,
                            const struct edgel_image *p, const struct edgel_image *valid)
{
    uint64_t sum = 0, pixels = 0;
    for (int y = 0; y < t->h; y++)
        for (int x = 0; x < t->w; x++)
            pixels += !valid || get(valid, x, y) != 0;
    for (size_t i = 0; i < edgel_row_pixels(row)->n; i++) {
        const struct edgel_cell *c = &edgel_row_pixels(row)->cells[i];
        uint64_t n = 0;
        for (int y = 0; y < t->h; y++)
            for (int x = 0; x < t->w; x++)
                n += (!valid || get(valid, x, y) != 0) && get(t, x, y) == c->truth &&
                     get(p, x, y) == c->prediction;
        assert_int_equal(n, c->n);
        assert_true(c->n > 0);
        if (i > 0)
            assert_true(c->truth > c[-1].truth ||
                        (c->truth == c[-1].truth && c->prediction > c[-1].prediction));
        sum += n;
    }
    assert_int_equal(sum, pixels);
    assert_int_equal(edgel_row_pixels(row)->pixels, pixels);
}

static void confusion_is_the_double_loop(void **state)
{
    (void)state;
    static const int small[] = { 0, 1, 2, 5, 11, 255 }, wide[] = { 0, 3, 255, 256, 4000, 65535 };
    static const enum edgel_type types[] = { EDGEL_U8, EDGEL_U16 };
    for (int round = 0; round < 200; round++) {
        const int w = 1 + (int)rnd(40), h = 1 + (int)rnd(30);
        const enum edgel_type tt = types[rnd(2)], pt = types[rnd(2)];
        struct edgel_image t, p, v;
        init_image(&t, w, h, rnd(4) ? 1 : 3, tt);
        init_image(&p, w, h, rnd(4) ? 1 : 3, pt);
        init_image(&v, w, h, 1, EDGEL_U8);
        fill_blocks(&t, tt == EDGEL_U8 ? small : wide, 6);
        fill_blocks(&p, pt == EDGEL_U8 ? small : wide, 6);
        fill_blocks(&v, (const int[]){ 0, 7, 255 }, 3);
        struct edgel_mask tm = mask_of(&t, 8), pm = mask_of(&p, 8), vm = mask_of(&v, 8);
        struct edgel_measure m = measure_defaults();
        m.labels = EDGEL_LABELS_IDS;
        m.ignore = (const int32_t[]){ 255 };
        m.nignore = 1;
        const bool masked = rnd(2);
        struct edgel_row row = { 0 };
        assert_int_equal(edgel_measure_image(&m, &pm, false, &tm, 1, masked ? &vm : NULL, &row, NULL),
                         EDGEL_OK);
        assert_int_equal(row.kind, EDGEL_ROW_MEASURED);
        check_confusion(&row, &t, &p, masked ? &v : NULL);
        edgel_row_finish(&row);
        edgel_image_finish(&t);
        edgel_image_finish(&p);
        edgel_image_finish(&v);
    }
    assert_int_equal(edgel_alloc_live(), 0);
}

static void many_wide_ids_are_counted(void **state)
{
    (void)state;
    struct edgel_image t, p;
    init_image(&t, 300, 40, 1, EDGEL_U16);
    init_image(&p, 300, 40, 1, EDGEL_U16);
    for (int y = 0; y < 40; y++)
        for (int x = 0; x < 300; x++) {
            put(&t, x, y, y * 300 + x);
            put(&p, x, y, 65535 - (y * 300 + x));
        }
    struct edgel_mask tm = mask_of(&t, 16), pm = mask_of(&p, 16);
    struct edgel_measure m = measure_defaults();
    m.labels = EDGEL_LABELS_IDS;
    struct edgel_row row = { 0 };
    assert_int_equal(edgel_measure_image(&m, &pm, false, &tm, 1, NULL, &row, NULL), EDGEL_OK);
    assert_int_equal(edgel_row_pixels(&row)->n, 12000);
    for (size_t i = 0; i < edgel_row_pixels(&row)->n; i++)
        assert_true(edgel_row_pixels(&row)->cells[i].n == 1 &&
                    edgel_row_pixels(&row)->cells[i].truth == (int32_t)i &&
                    edgel_row_pixels(&row)->cells[i].prediction == 65535 - (int32_t)i);
    edgel_row_finish(&row);
    edgel_image_finish(&t);
    edgel_image_finish(&p);
}

/* --- binary masks --- */

struct soft {
    enum edgel_type type;
    int bits;
    bool indexed, zero_one;
    int full;
};

static void binary_thresholds_share_of_full(void **state)
{
    (void)state;
    static const struct soft kinds[] = {
        { EDGEL_U8, 8, false, false, 255 },     { EDGEL_U8, 1, false, false, 1 },
        { EDGEL_U8, 4, false, false, 15 },      { EDGEL_U8, 2, false, false, 3 },
        { EDGEL_U8, 8, true, false, 1 },        { EDGEL_U8, 8, false, true, 1 },
        { EDGEL_U16, 16, false, false, 65535 },
    };
    static const double thresholds[] = { 0, 0.2, 0.25, 0.5, 0.6, 1 };
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (int round = 0; round < 30; round++) {
            struct edgel_image t, p;
            init_image(&t, 17, 13, 1, EDGEL_U8);
            init_image(&p, 17, 13, 1, kinds[k].type);
            fill_blocks(&t, (const int[]){ 0, 3, 255, 128 }, 4);
            for (int y = 0; y < 13; y++)
                for (int x = 0; x < 17; x++)
                    put(&p, x, y, (int)rnd((uint32_t)kinds[k].full + 1));
            struct edgel_measure m = measure_defaults();
            m.labels = EDGEL_LABELS_BINARY;
            m.threshold = thresholds[rnd(6)];
            m.thresholds = 1 + (int)rnd(300);
            m.ignore = (const int32_t[]){ 128 };
            m.nignore = 1;
            struct edgel_mask tm = mask_of(&t, 8), pm = mask_of(&p, kinds[k].bits);
            pm.indexed = kinds[k].indexed;
            struct edgel_row row = { 0 };
            assert_int_equal(edgel_measure_image(&m, &pm, kinds[k].zero_one, &tm, 1, NULL, &row, NULL),
                             EDGEL_OK);
            uint64_t n[129][2] = { { 0 } };
            for (int y = 0; y < 13; y++)
                for (int x = 0; x < 17; x++) {
                    int truth = get(&t, x, y) == 128 ? 128 : get(&t, x, y) != 0;
                    n[truth][get(&p, x, y) >= m.threshold * kinds[k].full]++;
                }
            for (int a = 0; a < 129; a++)
                for (int b = 0; b < 2; b++)
                    assert_int_equal(cell_of(&row, a, b), n[a][b]);
            assert_int_equal(edgel_row_curve(&row)->n, m.thresholds);
            for (int i = 1; i <= m.thresholds; i++) {
                uint64_t tp = 0, fp = 0;
                for (int y = 0; y < 13; y++)
                    for (int x = 0; x < 17; x++) {
                        bool pass = (int64_t)get(&p, x, y) * (m.thresholds + 1) >= (int64_t)i * kinds[k].full;
                        tp += pass && get(&t, x, y) != 0 && get(&t, x, y) != 128;
                        fp += pass && get(&t, x, y) == 0;
                    }
                assert_int_equal(edgel_row_curve(&row)->tp[i - 1], tp);
                assert_int_equal(edgel_row_curve(&row)->fp[i - 1], fp);
            }
            assert_int_equal(edgel_row_curve(&row)->positives, n[1][0] + n[1][1]);
            assert_int_equal(edgel_row_curve(&row)->negatives, n[0][0] + n[0][1]);
            edgel_row_finish(&row);
            edgel_image_finish(&t);
            edgel_image_finish(&p);
        }
}

static void float_levels_are_the_loop(void **state)
{
    (void)state;
    for (int round = 0; round < 20000; round++) {
        const int n = 1 + (int)rnd(1000);
        float v = (float)rnd(1u << 20) / (float)(1u << 20);
        if (rnd(2)) /* on a threshold, and next to one */
            v = nextafterf((float)((double)rnd((uint32_t)n + 2) / (n + 1.0)), (float)rnd(3) - 1);
        int k = 0;
        for (int i = 1; i <= n; i++)
            k += v >= (float)(i / (n + 1.0));
        assert_int_equal(edgel_curve_passed_float(v, n), k);
    }
    assert_int_equal(edgel_curve_passed_float(NAN, 9), 0);
    assert_int_equal(edgel_curve_passed_float(-1, 9), 0);
    assert_int_equal(edgel_curve_passed_float(INFINITY, 9), 9);
}

static void float_masks_are_soft_predictions_only(void **state)
{
    (void)state;
    struct edgel_image t, p;
    init_image(&t, 3, 1, 1, EDGEL_U8);
    init_image(&p, 3, 1, 1, EDGEL_F32);
    for (int x = 0; x < 3; x++)
        put(&t, x, 0, x == 2 ? 255 : 0);
    float *f = p.data;
    f[0] = 0.1f;
    f[1] = 0.7f;
    f[2] = NAN;
    struct edgel_measure m = measure_defaults();
    struct edgel_mask tm = mask_of(&t, 8), pm = mask_of(&p, 32);
    struct edgel_row row = { 0 };
    m.labels = EDGEL_LABELS_BINARY;
    m.threshold = 0.7;
    assert_int_equal(edgel_measure_image(&m, &pm, false, &tm, 1, NULL, &row, NULL), EDGEL_OK);
    assert_int_equal(cell_of(&row, 0, 1), 1);
    assert_int_equal(cell_of(&row, 1, 0), 1);
    edgel_row_finish(&row);
    assert_int_equal(edgel_measure_image(&m, &tm, false, &pm, 1, NULL, &row, NULL), EDGEL_EFORMAT);
    m.labels = EDGEL_LABELS_IDS;
    assert_int_equal(edgel_measure_image(&m, &pm, false, &tm, 1, NULL, &row, NULL), EDGEL_EFORMAT);
    edgel_image_finish(&t);
    edgel_image_finish(&p);
    assert_int_equal(edgel_alloc_live(), 0);
}

static void annotators_vote(void **state)
{
    (void)state;
    for (int round = 0; round < 60; round++) {
        struct edgel_image t[5], p;
        struct edgel_mask tm[5];
        const int n = 2 + (int)rnd(4);
        const bool any = rnd(2);
        init_image(&p, 9, 7, 1, EDGEL_U8);
        fill_blocks(&p, (const int[]){ 0, 255 }, 2);
        for (int i = 0; i < n; i++) {
            init_image(&t[i], 9, 7, 1, EDGEL_U8);
            fill_blocks(&t[i], (const int[]){ 0, 255, 200 }, 3);
            tm[i] = mask_of(&t[i], 8);
        }
        struct edgel_measure m = measure_defaults();
        struct edgel_mask pm = mask_of(&p, 8);
        m.labels = EDGEL_LABELS_BINARY;
        m.annotator = any ? EDGEL_ANNOTATOR_ANY : EDGEL_ANNOTATOR_MAJORITY;
        m.ignore = (const int32_t[]){ 200 };
        m.nignore = 1;
        uint64_t want[201][2] = { { 0 } };
        for (int y = 0; y < 7; y++)
            for (int x = 0; x < 9; x++) {
                int yes = 0, no = 0;
                for (int i = 0; i < n; i++) {
                    yes += get(&t[i], x, y) == 255;
                    no += get(&t[i], x, y) == 0;
                }
                int id = yes + no == 0 ? 200 : any ? yes > 0 : yes > no;
                want[id][get(&p, x, y) == 255]++;
            }
        struct edgel_row row = { 0 };
        assert_int_equal(edgel_measure_image(&m, &pm, false, tm, (size_t)n, NULL, &row, NULL), EDGEL_OK);
        for (int a = 0; a < 201; a++)
            for (int b = 0; b < 2; b++)
                assert_int_equal(cell_of(&row, a, b), want[a][b]);
        edgel_row_finish(&row);
        m.annotator = EDGEL_ANNOTATOR_INDEX;
        m.annotator_index = 2;
        m.nignore = 0;
        m.labels = EDGEL_LABELS_IDS;
        assert_int_equal(edgel_measure_image(&m, &pm, false, tm, (size_t)n, NULL, &row, NULL), EDGEL_OK);
        check_confusion(&row, &t[1], &p, NULL);
        edgel_row_finish(&row);
        m.annotator_index = n + 1;
        assert_int_equal(edgel_measure_image(&m, &pm, false, tm, (size_t)n, NULL, &row, NULL), EDGEL_EFORMAT);
        m.annotator = EDGEL_ANNOTATOR_NONE;
        assert_int_equal(edgel_measure_image(&m, &pm, false, tm, (size_t)n, NULL, &row, NULL), EDGEL_EINVAL);
        m.annotator = EDGEL_ANNOTATOR_ANY;
        assert_int_equal(edgel_measure_image(&m, &pm, false, tm, (size_t)n, NULL, &row, NULL), EDGEL_EINVAL);
        for (int i = 0; i < n; i++)
            edgel_image_finish(&t[i]);
        edgel_image_finish(&p);
    }
    assert_int_equal(edgel_alloc_live(), 0);
}

static void sizes_that_differ_are_named(void **state)
{
    (void)state;
    struct edgel_image t, p;
    init_image(&t, 5, 4, 1, EDGEL_U8);
    init_image(&p, 4, 5, 1, EDGEL_U8);
    struct edgel_mask tm = mask_of(&t, 8), pm = mask_of(&p, 8);
    struct edgel_measure m = measure_defaults();
    struct edgel_row row = { .image = NULL, .prediction = 3 };
    struct edgel_error err = { 0 };
    m.labels = EDGEL_LABELS_IDS;
    assert_int_equal(edgel_measure_image(&m, &pm, false, &tm, 1, NULL, &row, &err), EDGEL_EFORMAT);
    assert_non_null(strstr(err.msg, "5x4"));
    assert_non_null(strstr(err.msg, "4x5"));
    assert_int_equal(row.prediction, 3);
    edgel_image_finish(&t);
    edgel_image_finish(&p);
}

static void missing_is_wrong_everywhere(void **state)
{
    (void)state;
    struct edgel_image t;
    init_image(&t, 20, 10, 1, EDGEL_U8);
    fill_blocks(&t, (const int[]){ 0, 1, 9 }, 3);
    uint64_t n[10] = { 0 };
    for (int y = 0; y < 10; y++)
        for (int x = 0; x < 20; x++)
            n[get(&t, x, y)]++;
    struct edgel_mask tm = mask_of(&t, 8);
    struct edgel_measure m = measure_defaults();
    struct edgel_row row = { 0 };
    m.labels = EDGEL_LABELS_IDS;
    ask(&m, "tolerance", 3);
    assert_int_equal(edgel_measure_image(&m, NULL, false, &tm, 1, NULL, &row, NULL), EDGEL_OK);
    assert_int_equal(row.kind, EDGEL_ROW_MISSING);
    for (int id = 0; id < 10; id++)
        assert_int_equal(cell_of(&row, id, EDGEL_ID_NONE), n[id]);
    for (size_t i = 0; i < edgel_row_tolerance(&row)->n; i++)
        assert_true(edgel_row_tolerance(&row)->v[i].matched_truth == 0 &&
                    edgel_row_tolerance(&row)->v[i].prediction == 0);
    edgel_row_finish(&row);
    m.labels = EDGEL_LABELS_BINARY;
    m.thresholds = 4;
    assert_int_equal(edgel_measure_image(&m, NULL, false, &tm, 1, NULL, &row, NULL), EDGEL_OK);
    assert_int_equal(cell_of(&row, 0, 1), n[0]);
    assert_int_equal(cell_of(&row, 1, 0), n[1] + n[9]);
    assert_int_equal(edgel_row_pixels(&row)->n, 2);
    for (int k = 0; k < 4; k++)
        assert_true(edgel_row_curve(&row)->tp[k] == 0 && edgel_row_curve(&row)->fp[k] == n[0]);
    assert_true(edgel_row_tolerance(&row)->v->matched_prediction == 0 &&
                edgel_row_tolerance(&row)->v->prediction == n[0]);
    edgel_row_finish(&row);
    edgel_image_finish(&t);
    assert_int_equal(edgel_alloc_live(), 0);
}

/* --- distances --- */

static int64_t nearest(const uint8_t *set, int w, int h, int x, int y)
{
    int64_t best = INT64_MAX;
    for (int v = 0; v < h; v++)
        for (int u = 0; u < w; u++) {
            int64_t d = (int64_t)(u - x) * (u - x) + (int64_t)(v - y) * (v - y);
            if (set[v * w + u] && d < best)
                best = d;
        }
    return best;
}

static void distances_are_the_nearest(void **state)
{
    (void)state;
    enum { SIDE = 24 };
    uint8_t set[SIDE * SIDE];
    int32_t g[SIDE * SIDE], s[SIDE], t[SIDE];
    int64_t d2[SIDE];
    for (int round = 0; round < 400; round++) {
        const int w = 1 + (int)rnd(SIDE), h = 1 + (int)rnd(SIDE);
        const uint32_t rare = 1 + rnd(60);
        for (int i = 0; i < w * h; i++)
            set[i] = rnd(rare) == 0;
        if (round < 5)
            memset(set, 0, sizeof set);
        edgel_edt_columns(set, w, h, g);
        for (int y = 0; y < h; y++) {
            edgel_edt_row(g + y * w, w, d2, s, t);
            for (int x = 0; x < w; x++)
                assert_int_equal(d2[x], nearest(set, w, h, x, y));
        }
    }
}

/* Pixels of id in `of` with one of id in `to` within the squared distance, by trying all. */
static uint64_t matched(const int *of, const int *to, int w, int h, int id, double limit)
{
    uint64_t n = 0;
    for (int i = 0; i < w * h; i++) {
        bool found = false;
        for (int k = 0; k < w * h && of[i] == id && !found; k++) {
            double dx = i % w - k % w, dy = i / w - k / w;
            found = to[k] == id && dx * dx + dy * dy <= limit;
        }
        n += found;
    }
    return n;
}

static void tolerance_is_brute_force(void **state)
{
    (void)state;
    static const double reach[] = { 0, 1, 1.5, 2, 2.5, 5, 100 };
    for (int round = 0; round < 120; round++) {
        const int w = 1 + (int)rnd(16), h = 1 + (int)rnd(16);
        const bool bin = rnd(2);
        struct edgel_image t, p, v;
        init_image(&t, w, h, 1, EDGEL_U8);
        init_image(&p, w, h, 1, EDGEL_U8);
        init_image(&v, w, h, 1, EDGEL_U8);
        fill_blocks(&t, bin ? (const int[]){ 0, 0, 255, 9 } : (const int[]){ 0, 1, 4, 9 }, 4);
        fill_blocks(&p, bin ? (const int[]){ 0, 0, 0, 255 } : (const int[]){ 0, 1, 4, 9 }, 4);
        fill_blocks(&v, (const int[]){ 0, 1, 1 }, 3);
        int a[256], b[256];
        for (int i = 0; i < w * h; i++) {
            const int tv = get(&t, i % w, i / w), pv = get(&p, i % w, i / w);
            const bool judged = tv != 9 && get(&v, i % w, i / w);
            a[i] = !judged ? -1 : bin ? tv != 0 : tv;
            b[i] = !judged ? -1 : bin ? pv != 0 : pv;
        }
        struct edgel_mask tm = mask_of(&t, 8), pm = mask_of(&p, 8), vm = mask_of(&v, 8);
        struct edgel_measure m = measure_defaults();
        m.labels = bin ? EDGEL_LABELS_BINARY : EDGEL_LABELS_IDS;
        ask(&m, "tolerance", reach[rnd(7)]);
        m.ignore = (const int32_t[]){ 9 };
        m.nignore = 1;
        struct edgel_row row = { 0 };
        assert_int_equal(edgel_measure_image(&m, &pm, false, &tm, 1, &vm, &row, NULL), EDGEL_OK);
        size_t k = 0;
        for (int id = bin ? 1 : 0; id < (bin ? 2 : 10); id++) {
            uint64_t nt = 0, np = 0;
            for (int i = 0; i < w * h; i++) {
                nt += a[i] == id;
                np += b[i] == id;
            }
            if (!bin && nt + np == 0)
                continue;
            assert_true(k < edgel_row_tolerance(&row)->n);
            const struct edgel_tolerance_counts *c = &edgel_row_tolerance(&row)->v[k++];
            assert_int_equal(c->id, id);
            assert_int_equal(c->truth, nt);
            assert_int_equal(c->prediction, np);
            assert_int_equal(c->matched_truth, matched(a, b, w, h, id,
                                                       edgel_measure_value(&m, "tolerance") *
                                                           edgel_measure_value(&m, "tolerance")));
            assert_int_equal(c->matched_prediction, matched(b, a, w, h, id,
                                                            edgel_measure_value(&m, "tolerance") *
                                                                edgel_measure_value(&m, "tolerance")));
        }
        assert_int_equal(k, edgel_row_tolerance(&row)->n);
        edgel_row_finish(&row);
        edgel_image_finish(&t);
        edgel_image_finish(&p);
        edgel_image_finish(&v);
    }
    assert_int_equal(edgel_alloc_live(), 0);
}

static void allocation_failures_are_reported(void **state)
{
    (void)state;
    struct edgel_image t, p;
    init_image(&t, 40, 30, 1, EDGEL_U8);
    init_image(&p, 40, 30, 1, EDGEL_U8);
    fill_blocks(&t, (const int[]){ 0, 255 }, 2);
    fill_blocks(&p, (const int[]){ 0, 100, 255 }, 3);
    struct edgel_mask tm[2] = { mask_of(&t, 8), mask_of(&p, 8) }, pm = mask_of(&p, 8);
    struct edgel_measure m = measure_defaults();
    m.labels = EDGEL_LABELS_BINARY;
    m.thresholds = 9;
    ask(&m, "tolerance", 2);
    m.annotator = EDGEL_ANNOTATOR_ANY;
    long n = 0;
    for (enum edgel_status st = EDGEL_ENOMEM; st != EDGEL_OK; n++) {
        struct edgel_row row = { 0 };
        struct edgel_error err = { 0 };
        edgel_alloc_fail_after(n);
        st = edgel_measure_image(&m, &pm, false, tm, 2, NULL, &row, &err);
        edgel_alloc_fail_after(-1);
        assert_true(st == EDGEL_OK || (st == EDGEL_ENOMEM && err.msg[0] && !edgel_row_pixels(&row)->cells &&
                                       !edgel_row_tolerance(&row)->v));
        edgel_row_finish(&row);
        assert_int_equal(edgel_alloc_live(), 2);
    }
    assert_true(n > 15);
    edgel_image_finish(&t);
    edgel_image_finish(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(confusion_is_the_double_loop),
        cmocka_unit_test(many_wide_ids_are_counted),
        cmocka_unit_test(binary_thresholds_share_of_full),
        cmocka_unit_test(float_levels_are_the_loop),
        cmocka_unit_test(float_masks_are_soft_predictions_only),
        cmocka_unit_test(annotators_vote),
        cmocka_unit_test(sizes_that_differ_are_named),
        cmocka_unit_test(missing_is_wrong_everywhere),
        cmocka_unit_test(distances_are_the_nearest),
        cmocka_unit_test(tolerance_is_brute_force),
        cmocka_unit_test(allocation_failures_are_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
