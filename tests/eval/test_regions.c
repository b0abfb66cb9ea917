/* Regions against their definitions, over random small maps: components by flooding at every threshold, every pair of
 * pixels looked at, every pair of regions compared. Lists of segmentations, hierarchies, and one in the form of an
 * image. */
#include "eval/eval_priv.h"
#include "eval_defaults.h"
#include "random.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { W = 7, H = 5, N = W * H, GW = 2 * W + 1, GH = 2 * H + 1, K = 6, ANNOTATORS = 3 };

static uint64_t seed = 1;

static uint32_t rnd(uint32_t n)
{
    return random_below(&seed, n);
}

struct scene {
    uint16_t truth[ANNOTATORS][N], list[K][N];
    double grid[GW * GH];
    uint16_t grid16[GW * GH];
    struct edgel_mask truth_masks[ANNOTATORS], list_masks[K], grid_mask;
};

static struct edgel_mask mask_of(const uint16_t *v, int w, int h)
{
    return (struct edgel_mask){ .view = { v, w, h, 1, EDGEL_U16, (ptrdiff_t)sizeof *v * w }, .bits = 16 };
}

/* A few blocks of labels. */
static void fill(uint16_t *v, uint32_t labels)
{
    for (int i = 0; i < N; i++)
        v[i] = i % W > 0 && rnd(3) > 0 ? v[i - 1] : i >= W && rnd(2) ? v[i - W] : (uint16_t)rnd(labels);
}

/* Some pixels of the hierarchy (odd points) may lie above thresholds as well when rough. */
static void make_scene(struct scene *s, bool rough)
{
    for (int a = 0; a < ANNOTATORS; a++) {
        fill(s->truth[a], 2 + rnd(5));
        if (rnd(4) == 0)
            s->truth[a][rnd(N)] = 65535;
        s->truth_masks[a] = mask_of(s->truth[a], W, H);
    }
    for (int k = 0; k < K; k++) {
        fill(s->list[k], 1 + rnd(6));
        s->list_masks[k] = mask_of(s->list[k], W, H);
    }
    for (int i = 0; i < GW * GH; i++) {
        const bool pixel = i % GW % 2 == 1 && i / GW % 2 == 1;
        s->grid16[i] =
            pixel && !(rough && rnd(6) == 0) ? 0 : (uint16_t)(rnd(8) * 8192u % 65536u + rnd(2) * 8191);
        s->grid[i] = s->grid16[i] / 65535.0;
    }
    s->grid_mask = mask_of(s->grid16, GW, GH);
}

/* Regions of the hierarchy at threshold k, by flooding. */
static void naive_regions(const struct scene *s, int k, uint16_t out[N])
{
    const double t = edgel_boundary_threshold(k + 1, K);
    int region[GW * GH] = { 0 }, queue[GW * GH], regions = 0;
    for (int from = 0; from < GW * GH; from++) {
        if (region[from] || s->grid[from] > t)
            continue;
        int head = 0, tail = 0;
        queue[tail++] = from;
        region[from] = ++regions;
        while (head < tail) {
            const int x = queue[head] % GW, y = queue[head] / GW;
            head++;
            for (int v = y - 1; v <= y + 1; v++)
                for (int u = x - 1; u <= x + 1; u++)
                    if (u >= 0 && u < GW && v >= 0 && v < GH && !region[v * GW + u] &&
                        s->grid[v * GW + u] <= t) {
                        region[v * GW + u] = regions;
                        queue[tail++] = v * GW + u;
                    }
        }
    }
    for (int i = 0; i < N; i++)
        out[i] = (uint16_t)region[(2 * (i / W) + 1) * GW + 2 * (i % W) + 1];
}

static double iou_of(const uint16_t *a, int i, const uint16_t *b, int j)
{
    int both = 0, either = 0;
    for (int p = 0; p < N; p++) {
        both += a[p] == a[i] && b[p] == b[j];
        either += a[p] == a[i] || b[p] == b[j];
    }
    return (double)both / either;
}

/* Mutual information and entropies from shares, term by term. */
static double naive_voi(const uint16_t *a, const uint16_t *b)
{
    double h = 0;
    for (int i = 0; i < N; i++) { /* every pixel stands for 1 / N of its cell */
        int na = 0, nb = 0, both = 0;
        for (int p = 0; p < N; p++) {
            na += a[p] == a[i];
            nb += b[p] == b[i];
            both += a[p] == a[i] && b[p] == b[i];
        }
        h += (log2((double)na / both) + log2((double)nb / both)) / N;
    }
    return h;
}

struct naive {
    double covered, reverse, voi;
    uint64_t apart;
};

static struct naive naive_scores(const struct scene *s, const uint16_t *map)
{
    struct naive n = { 0 };
    for (int i = 0; i < N; i++) {
        double reverse = 0;
        for (int a = 0; a < ANNOTATORS; a++) {
            double covered = 0;
            for (int j = 0; j < N; j++) {
                covered = fmax(covered, iou_of(s->truth[a], i, map, j));
                reverse = fmax(reverse, iou_of(map, i, s->truth[a], j));
                n.apart += i < j && (s->truth[a][i] == s->truth[a][j]) != (map[i] == map[j]);
            }
            n.covered += covered;
        }
        n.reverse += reverse;
    }
    for (int a = 0; a < ANNOTATORS; a++)
        n.voi += naive_voi(s->truth[a], map) / ANNOTATORS;
    return n;
}

static double naive_best(const struct scene *s, uint16_t maps[K][N])
{
    double sum = 0;
    for (int a = 0; a < ANNOTATORS; a++)
        for (int i = 0; i < N; i++) {
            double best = 0;
            for (int k = 0; k < K; k++)
                for (int j = 0; j < N; j++)
                    best = fmax(best, iou_of(s->truth[a], i, maps[k], j));
            sum += best;
        }
    return sum;
}

static struct edgel_measure measure_of(bool listed)
{
    struct edgel_measure m = measure_defaults();
    m.labels = EDGEL_LABELS_IDS;
    ask(&m, "regions", true);
    m.thresholds = K;
    m.listed = listed;
    return m;
}

static void compare(const struct scene *s, const struct edgel_row *row, uint16_t maps[K][N])
{
    const struct edgel_region_counts *c = edgel_row_regions(row);
    assert_true(c->n == K && c->annotators == ANNOTATORS && row->w == W && row->h == H);
    for (int k = 0; k < K; k++) {
        const struct naive n = naive_scores(s, maps[k]);
        assert_int_equal(c->apart[k], n.apart);
        assert_true(fabs(c->covered[k] - n.covered) < 1e-9 && fabs(c->reverse[k] - n.reverse) < 1e-9);
        assert_true(fabs(c->voi[k] - n.voi) < 1e-12);
    }
    assert_true(fabs(c->best - naive_best(s, maps)) < 1e-9);
    assert_null(edgel_family_of(EDGEL_REGIONS)->sound(&(struct edgel_measure){ .thresholds = K }, row));
}

static void check(const struct scene *s, const struct edgel_prediction *p, bool listed, uint16_t maps[K][N])
{
    const struct edgel_measure m = measure_of(listed);
    const struct edgel_truth truth = { .segmentations = s->truth_masks, .n = ANNOTATORS };
    struct edgel_row row = { 0 };
    struct edgel_error err = { 0 };
    if (edgel_measure_maps(&m, p, false, &truth, &row, &err) != EDGEL_OK)
        fail_msg("%s", err.msg);
    compare(s, &row, maps);
    edgel_row_finish(&row);
}

static void test_against_definitions(void **state)
{
    (void)state;
    for (int round = 0; round < 60; round++) {
        struct scene s;
        uint16_t maps[K][N];
        make_scene(&s, round % 2);
        check(&s, &(struct edgel_prediction){ .segmentations = s.list_masks, .n = K }, true, s.list);
        for (int k = 0; k < K; k++)
            naive_regions(&s, k, maps[k]);
        check(&s, &(struct edgel_prediction){ .ucm2 = s.grid, .w = GW, .h = GH }, false, maps);
        check(&s, &(struct edgel_prediction){ .map = &s.grid_mask }, false, maps);
    }
}

/* The same map on both sides: everything is covered, no pair is apart, nothing varies; a mirrored pair of sides swaps
 * nothing but covering. */
static void test_identity(void **state)
{
    (void)state;
    struct scene s;
    struct edgel_measure m = measure_of(true);
    struct edgel_row row = { 0 }, back = { 0 };
    m.thresholds = 1;
    make_scene(&s, false);
    const struct edgel_truth itself = { .segmentations = s.list_masks, .n = 1 },
                             other = { .segmentations = s.truth_masks, .n = 1 };
    const struct edgel_prediction p = { .segmentations = s.list_masks, .n = 1 },
                                  q = { .segmentations = s.truth_masks, .n = 1 };
    assert_int_equal(edgel_measure_maps(&m, &p, false, &itself, &row, NULL), EDGEL_OK);
    assert_true(edgel_row_regions(&row)->covered[0] == N && edgel_row_regions(&row)->best == N &&
                edgel_row_regions(&row)->reverse[0] == N && edgel_row_regions(&row)->apart[0] == 0 &&
                edgel_row_regions(&row)->voi[0] < 1e-14);
    edgel_row_finish(&row);
    assert_int_equal(edgel_measure_maps(&m, &p, false, &other, &row, NULL), EDGEL_OK);
    assert_int_equal(edgel_measure_maps(&m, &q, false, &itself, &back, NULL), EDGEL_OK);
    assert_int_equal(edgel_row_regions(&row)->apart[0], edgel_row_regions(&back)->apart[0]);
    assert_true(fabs(edgel_row_regions(&row)->voi[0] - edgel_row_regions(&back)->voi[0]) < 1e-12);
    assert_true(fabs(edgel_row_regions(&row)->covered[0] - edgel_row_regions(&back)->reverse[0]) < 1e-9);
    edgel_row_finish(&row);
    edgel_row_finish(&back);
}

static void test_missing(void **state)
{
    (void)state;
    struct scene s;
    const struct edgel_measure m = measure_of(true);
    struct edgel_row row = { 0 };
    make_scene(&s, false);
    const struct edgel_truth truth = { .segmentations = s.truth_masks, .n = ANNOTATORS };
    assert_int_equal(edgel_measure_maps(&m, NULL, false, &truth, &row, NULL), EDGEL_OK);
    assert_true(row.kind == EDGEL_ROW_MISSING && edgel_row_regions(&row)->covered[K - 1] == 0 &&
                edgel_row_regions(&row)->best == 0);
    assert_int_equal(edgel_row_regions(&row)->apart[0], ANNOTATORS * (N * (N - 1) / 2));
    assert_true(fabs(edgel_row_regions(&row)->voi[0] - log2(N)) < 1e-12);
    edgel_row_finish(&row);
}

static void test_refused(void **state)
{
    (void)state;
    struct scene s;
    struct edgel_measure m = measure_of(true);
    struct edgel_row row = { 0 };
    struct edgel_error err = { 0 };
    make_scene(&s, false);
    const struct edgel_truth truth = { .segmentations = s.truth_masks, .n = ANNOTATORS }, none = { .n = 1 };
    struct edgel_prediction p = { .segmentations = s.list_masks, .n = K - 1 };
    assert_int_equal(edgel_measure_maps(&m, &p, false, &truth, &row, &err), EDGEL_EFORMAT);
    assert_non_null(strstr(err.msg, "5 segmentations, the run 6"));
    p.n = K;
    assert_int_equal(edgel_measure_maps(&m, &p, false, &none, &row, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_measure_image(&m, &s.list_masks[0], false, s.truth_masks, 1, NULL, &row, NULL),
                     EDGEL_EINVAL);
    m.listed = false;
    assert_int_equal(edgel_measure_maps(&m, &p, false, &truth, &row, NULL), EDGEL_EFORMAT);
    p = (struct edgel_prediction){ .map = &s.list_masks[0] };
    assert_int_equal(edgel_measure_maps(&m, &p, false, &truth, &row, NULL), EDGEL_EFORMAT);
    p = (struct edgel_prediction){ .ucm2 = s.grid, .w = GW, .h = GH - 2 };
    assert_int_equal(edgel_measure_maps(&m, &p, false, &truth, &row, NULL), EDGEL_EFORMAT);
    p.h = GH;
    for (int i = 0; i < 4; i++) {
        m = measure_of(false);
        m.thresholds = i == 0 ? 0 : K;
        m.labels = i == 1 ? EDGEL_LABELS_BINARY : EDGEL_LABELS_IDS;
        ask(&m, "distances", i == 2);
        m.annotator = i == 3 ? EDGEL_ANNOTATOR_ANY : EDGEL_ANNOTATOR_NONE;
        assert_int_equal(edgel_measure_maps(&m, &p, false, &truth, &row, NULL), EDGEL_EINVAL);
    }
    m = measure_of(false);
    ask(&m, "regions", false);
    assert_int_equal(edgel_measure_maps(&m, &p, false, &truth, &row, NULL), EDGEL_EINVAL);
}

/* Boundaries and regions at once; what predicts them in three forms. */
struct both {
    struct edgel_measure m;
    struct edgel_truth truth;
    struct edgel_prediction p;
};

enum { FORMS = 3 };

static struct both both_of(struct scene *s, int form)
{
    struct both b = { .m = measure_of(form == 0) };
    ask(&b.m, "boundary", 1);
    b.m.labels = EDGEL_LABELS_BINARY;
    b.truth = (struct edgel_truth){ s->truth_masks, s->truth_masks, ANNOTATORS };
    b.p = form == 0   ? (struct edgel_prediction){ .segmentations = s->list_masks, .n = K }
          : form == 1 ? (struct edgel_prediction){ .ucm2 = s->grid, .w = GW, .h = GH }
                      : (struct edgel_prediction){ .map = &s->grid_mask };
    return b;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    struct scene s;
    make_scene(&s, true);
    for (int form = 0; form < FORMS; form++) {
        const struct both b = both_of(&s, form);
        const long live = edgel_alloc_live();
        enum edgel_status st = EDGEL_ENOMEM;
        for (long n = 0; st == EDGEL_ENOMEM; n++) {
            struct edgel_row row = { 0 };
            edgel_alloc_fail_after(n);
            st = edgel_measure_maps(&b.m, &b.p, false, &b.truth, &row, NULL);
            edgel_alloc_fail_after(-1);
            edgel_row_finish(&row);
            assert_int_equal(edgel_alloc_live(), live);
        }
        assert_int_equal(st, EDGEL_OK);
    }
}

static bool count_down(void *user)
{
    int *left = user;
    return (*left)-- <= 0;
}

/* It is asked for before each change of each annotator's matching, and before each threshold of the regions. */
static void test_stop_at_any_time(void **state)
{
    (void)state;
    struct scene s;
    make_scene(&s, true);
    for (int form = 0; form < 2 * FORMS; form++) {
        struct both b = both_of(&s, form % FORMS);
        const bool regions_alone = form >= FORMS;
        const long live = edgel_alloc_live();
        enum edgel_status st = EDGEL_EINTERRUPTED;
        int n = 0;
        b.m.stop = count_down;
        if (regions_alone) {
            ask(&b.m, "boundary", 0);
            b.m.labels = EDGEL_LABELS_IDS;
        }
        for (; st == EDGEL_EINTERRUPTED; n++) {
            struct edgel_row row = { 0 };
            struct edgel_error err = { 0 };
            int left = n;
            b.m.stop_user = &left;
            st = edgel_measure_maps(&b.m, &b.p, false, &b.truth, &row, &err);
            assert_string_equal(err.msg, st == EDGEL_OK ? "" : "interrupted");
            assert_true((edgel_row_regions(&row)->covered != NULL) == (st == EDGEL_OK));
            edgel_row_finish(&row);
            assert_int_equal(edgel_alloc_live(), live);
        }
        assert_int_equal(st, EDGEL_OK);
        assert_true(n > (regions_alone ? K : K * (ANNOTATORS + 2)));
    }
}

/* --- scores --- */

/* Two images of 100 pixels and one annotator, three thresholds; by hand. */
static void test_scores(void **state)
{
    (void)state;
    double covered[2][3] = { { 10, 60, 60 }, { 50, 40, 30 } }, reverse[3] = { 1, 2, 3 };
    uint64_t apart[2][3] = { { 4950, 2475, 0 }, { 495, 990, 4950 } };
    double voi[2][3] = { { 3, 1, 2 }, { 2, 2, 4 } };
    const struct edgel_measure m = measure_of(false);
    const struct edgel_reduce reduce = reduce_defaults();
    struct edgel_measure three = m;
    struct edgel_reducer *r;
    struct edgel_summary sum;
    three.thresholds = 3;
    assert_int_equal(edgel_reducer_create(&three, &reduce, "p", &r, NULL), EDGEL_OK);
    for (int i = 0; i < 2; i++) {
        struct edgel_region_counts c = {
            3, false, 1, covered[i], i ? 55.0 : 65.0, reverse, apart[i], voi[i]
        };
        struct edgel_row row = { .w = 10, .h = 10, .counts[EDGEL_REGIONS] = &c };
        assert_int_equal(edgel_reducer_add(r, &row, NULL), EDGEL_OK);
    }
    assert_int_equal(edgel_reducer_summary(r, &sum, NULL), EDGEL_OK);
    assert_true(edgel_summary_regions(&sum)->covering.threshold == 0.5 &&
                edgel_summary_regions(&sum)->covering.ods == 0.5);
    assert_true(edgel_summary_regions(&sum)->covering.ois == 1.1 / 2 &&
                edgel_summary_regions(&sum)->best == 1.2 / 2);
    assert_true(edgel_summary_regions(&sum)->pri.threshold == 0.5 &&
                fabs(edgel_summary_regions(&sum)->pri.ods - (0.5 + 0.8) / 2) < 1e-15);
    assert_true(fabs(edgel_summary_regions(&sum)->pri.ois - (1 + 0.9) / 2) < 1e-15);
    assert_true(edgel_summary_regions(&sum)->voi.threshold == 0.5 &&
                edgel_summary_regions(&sum)->voi.ods == 1.5 && edgel_summary_regions(&sum)->voi.ois == 1.5);
    edgel_summary_finish(&sum);
    edgel_reducer_destroy(&r);
}

/* What the benchmark's files round: six digits of each image before the sum. */
static void test_rounded(void **state)
{
    (void)state;
    double covered[] = { 123456.5001, 0.1234567 }, reverse[] = { 1234564.9, 1 },
           voi[] = { 1.23456789, 0.000123456789 };
    uint64_t apart[] = { 0, 1 };
    struct edgel_region_sums s;
    struct edgel_region_best best;
    struct edgel_region_counts counts = { 2, true, 1, covered, 1234565.5, reverse, apart, voi };
    const struct edgel_row row = { .w = 2000, .h = 2000, .counts[EDGEL_REGIONS] = &counts };
    assert_true(edgel_region_sums_init(&s, 2, true, true));
    edgel_region_sums_add(&s, &row);
    assert_true(s.covered[0] == 123457 && s.covered[1] == 0.123457 && s.best == 1234570);
    assert_true(s.voi[0] == 1.23457 && s.voi[1] == 0.000123457 && s.area == 4e6 && s.pri[1] == 1);
    edgel_region_sums_finish(&s);
    assert_int_equal(edgel_region_best_point(edgel_row_regions(&row), 2000, 2000, &best, NULL), EDGEL_OK);
    assert_true(best.threshold == 1 && best.covering == 123457 / 4e6 && best.reverse == 1234560 / 4e6);
    assert_int_equal(edgel_region_best_point(&(struct edgel_region_counts){ 0 }, 1, 1, &best, NULL),
                     EDGEL_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_definitions),
        cmocka_unit_test(test_identity),
        cmocka_unit_test(test_missing),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_stop_at_any_time),
        cmocka_unit_test(test_scores),
        cmocka_unit_test(test_rounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
