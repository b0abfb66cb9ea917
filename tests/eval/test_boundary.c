/* The boundary benchmark against naive twins: thinning by its rules pixel by pixel, matching by shortest augmenting
 * paths with Bellman and Ford, the counts of an image from both. */
#include "eval/boundary/boundary_priv.h"
#include "eval_defaults.h"
#include "eval_masks.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 150, NODES = 128 };

/* --- thinning --- */

static int at(const uint8_t *map, int w, int h, int x, int y)
{
    return x >= 0 && y >= 0 && x < w && y < h && map[y * w + x];
}

static bool deleted(const uint8_t *map, int w, int h, int px, int py, bool second)
{
    static const int dx[] = { 1, 1, 0, -1, -1, -1, 0, 1 }, dy[] = { 0, -1, -1, -1, 0, 1, 1, 1 };
    int x[10], crossings = 0, n1 = 0, n2 = 0;
    for (int i = 0; i < 8; i++)
        x[i + 1] = at(map, w, h, px + dx[i], py + dy[i]);
    x[9] = x[1];
    for (int i = 1; i <= 4; i++) {
        crossings += !x[2 * i - 1] && (x[2 * i] || x[2 * i + 1]);
        n1 += x[2 * i - 1] || x[2 * i];
        n2 += x[2 * i] || x[2 * i + 1];
    }
    const int fewer = n1 < n2 ? n1 : n2;
    const bool g3 = second ? (x[6] || x[7] || !x[4]) && x[5] : (x[2] || x[3] || !x[8]) && x[1];
    return map[py * w + px] && crossings == 1 && fewer >= 2 && fewer <= 3 && !g3;
}

static void naive_thin(uint8_t *map, int w, int h)
{
    static uint8_t copy[SIDE * SIDE];
    for (bool changed = true; changed;) {
        changed = false;
        for (int second = 0; second < 2; second++) {
            memcpy(copy, map, (size_t)w * (size_t)h);
            for (int y = 0; y < h; y++)
                for (int x = 0; x < w; x++)
                    if (deleted(copy, w, h, x, y, second)) {
                        map[y * w + x] = 0;
                        changed = true;
                    }
        }
    }
}

/* Disks, bars and noise. */
static void draw_map(uint8_t *map, int w, int h)
{
    memset(map, 0, (size_t)w * (size_t)h);
    for (int k = (int)rnd(8); k >= 0; k--) {
        const int cx = (int)rnd((uint32_t)w), cy = (int)rnd((uint32_t)h), r = (int)rnd(20), bar = (int)rnd(3);
        for (int y = 0; y < h; y++)
            for (int x = 0; x < w; x++) {
                const int u = x - cx, v = y - cy;
                map[y * w + x] |= bar == 0   ? u * u + v * v <= r * r
                                  : bar == 1 ? abs(u) <= r / 5
                                             : abs(u + v) <= r / 4;
            }
    }
    const uint32_t noise = rnd(30);
    for (int i = 0; i < w * h; i++)
        map[i] ^= rnd(100) < noise;
}

static void thinning_follows_its_rules(void **state)
{
    (void)state;
    static uint8_t map[SIDE * SIDE];
    for (int n = 0; n < 400; n++) {
        const int w = 1 + (int)rnd(SIDE), h = 1 + (int)rnd(n % 4 ? 40 : 3);
        struct edgel_bits bits, gone;
        uint32_t *stamps = edgel_alloc((size_t)h + 2, sizeof *stamps);
        assert_true(edgel_bits_init(&bits, w, h) && edgel_bits_init(&gone, w, h) && stamps);
        draw_map(map, w, h);
        for (int i = 0; i < w * h; i++)
            if (map[i])
                edgel_bits_set(&bits, i % w, i / w);
        edgel_thin(&bits, &gone, stamps);
        naive_thin(map, w, h);
        for (int i = 0; i < w * h; i++)
            if (edgel_bits_get(&bits, i % w, i / w) != map[i])
                fail_msg("%dx%d, x %d y %d: %d", w, h, i % w, i / w, !map[i]);
        edgel_free(stamps);
        edgel_bits_finish(&bits);
        edgel_bits_finish(&gone);
    }
}

/* --- matching --- */

struct cost {
    int64_t distance, tie;
};

/* What may be matched: d2[t][d] or -1. */
struct problem {
    int nt, nd;
    int d2[NODES][NODES];
    uint32_t tie[NODES];
    bool present[NODES];
};
struct solution {
    int size;
    struct cost cost;
    int of_truth[NODES], of_detection[NODES];
};

static bool cheaper(struct cost a, struct cost b)
{
    return a.distance < b.distance || (a.distance == b.distance && a.tie < b.tie);
}

static int64_t fixed(int d2)
{
    return (int64_t)nearbyint(sqrt(d2) * 4294967296.0);
}

/* The shortest augmenting path from any free truth pixel by Bellman and Ford; false: none. */
static bool augment(const struct problem *p, struct solution *s)
{
    const struct cost far = { INT64_MAX / 2, 0 };
    struct cost truth[NODES], detection[NODES], best = far;
    int from[NODES], end = -1;
    for (int t = 0; t < p->nt; t++)
        truth[t] = s->of_truth[t] < 0 ? (struct cost){ 0, 0 } : far;
    for (int d = 0; d < p->nd; d++)
        detection[d] = far;
    for (bool moved = true; moved;) {
        moved = false;
        for (int t = 0; t < p->nt; t++)
            for (int d = 0; d < p->nd; d++) {
                if (p->d2[t][d] < 0 || !p->present[d] || s->of_truth[t] == d ||
                    truth[t].distance >= far.distance)
                    continue;
                const struct cost c = { truth[t].distance + fixed(p->d2[t][d]), truth[t].tie + p->tie[d] };
                if (!cheaper(c, detection[d]))
                    continue;
                detection[d] = c;
                from[d] = t;
                moved = true;
                const int mate = s->of_detection[d];
                if (mate >= 0)
                    truth[mate] =
                        (struct cost){ c.distance - fixed(p->d2[mate][d]), c.tie - (int64_t)p->tie[d] };
            }
    }
    for (int d = 0; d < p->nd; d++)
        if (p->present[d] && s->of_detection[d] < 0 && cheaper(detection[d], best)) {
            best = detection[d];
            end = d;
        }
    for (int d = end, next; d >= 0; d = next) {
        next = s->of_truth[from[d]];
        s->of_truth[from[d]] = d;
        s->of_detection[d] = from[d];
    }
    s->size += end >= 0;
    s->cost.distance += end >= 0 ? best.distance : 0;
    s->cost.tie += end >= 0 ? best.tie : 0;
    return end >= 0;
}

static void solve(const struct problem *p, struct solution *s)
{
    *s = (struct solution){ 0 };
    for (int i = 0; i < NODES; i++)
        s->of_truth[i] = s->of_detection[i] = -1;
    while (augment(p, s)) {
    }
}

static void random_problem(struct problem *p)
{
    const int side = 2 + (int)rnd(12), reach = 1 + (int)rnd(20), nt = (int)rnd(24), nd = (int)rnd(24);
    int x[2][NODES], y[2][NODES];
    *p = (struct problem){ .nt = nt, .nd = nd };
    for (int i = 0; i < NODES; i++)
        for (int s = 0; s < 2; s++) {
            x[s][i] = (int)rnd((uint32_t)side);
            y[s][i] = (int)rnd((uint32_t)side);
        }
    for (int t = 0; t < nt; t++)
        for (int d = 0; d < nd; d++) {
            const int u = x[0][t] - x[1][d], v = y[0][t] - y[1][d];
            p->d2[t][d] = u * u + v * v <= reach ? u * u + v * v : -1;
            p->tie[d] = edgel_assignment_tie(d, 7);
        }
}

static struct edgel_assignment *make_assignment(const struct problem *p)
{
    size_t first[NODES + 1] = { 0 };
    int32_t detection[NODES * NODES];
    uint32_t d2[NODES * NODES];
    size_t n = 0;
    for (int t = 0; t < p->nt; t++) {
        for (int d = 0; d < p->nd; d++)
            if (p->d2[t][d] >= 0) {
                detection[n] = d;
                d2[n++] = (uint32_t)p->d2[t][d];
            }
        first[t + 1] = n;
    }
    const struct edgel_reach reach = { p->nt, p->nd, first, detection, d2 };
    struct edgel_assignment *a;
    assert_int_equal(edgel_assignment_create(&(struct edgel_measure){ 0 }, &reach, p->tie, &a, NULL),
                     EDGEL_OK);
    return a;
}

static void compare(const struct problem *p, const struct edgel_assignment *a)
{
    struct solution s;
    struct cost cost = { 0 };
    int size = 0;
    solve(p, &s);
    for (int t = 0; t < p->nt; t++) {
        const int d = edgel_assignment_mate(a, t);
        if (d < 0)
            continue;
        assert_true(p->present[d] && p->d2[t][d] >= 0);
        cost.distance += fixed(p->d2[t][d]);
        cost.tie += p->tie[d];
        size++;
    }
    assert_int_equal(size, s.size);
    assert_int_equal(edgel_assignment_size(a), s.size);
    assert_int_equal(cost.distance, s.cost.distance);
    assert_int_equal(cost.tie, s.cost.tie);
    for (int d = 0; d < p->nd; d++)
        assert_int_equal(edgel_assignment_matched(a)[0] >> d & 1, s.of_detection[d] >= 0);
}

static void matching_is_optimal_after_every_change(void **state)
{
    (void)state;
    for (int n = 0; n < 600; n++) {
        struct problem p;
        random_problem(&p);
        struct edgel_assignment *a = make_assignment(&p);
        for (int k = 0; k < 3 * p.nd; k++) {
            const int d = (int)rnd((uint32_t)p.nd);
            if (p.present[d])
                edgel_assignment_remove(a, d);
            else
                edgel_assignment_insert(a, d);
            p.present[d] = !p.present[d];
            compare(&p, a);
        }
        edgel_assignment_destroy(&a);
    }
}

/* --- an image --- */

enum { W = 24, H = 10, K = 9, ANNOTATORS = 3 };

struct scene {
    struct edgel_image prediction, truth[ANNOTATORS];
    struct edgel_mask p, t[ANNOTATORS];
};

static void make_scene(struct scene *s)
{
    init_image(&s->prediction, W, H, 1, EDGEL_U8);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            put(&s->prediction, x, y, rnd(3) ? 0 : (int)rnd(256));
    s->p = (struct edgel_mask){ .view = edgel_image_view(&s->prediction), .bits = 8 };
    for (int a = 0; a < ANNOTATORS; a++) {
        init_image(&s->truth[a], W, H, 1, EDGEL_U8);
        for (int i = 0; i < W * H; i++)
            put(&s->truth[a], i % W, i / W, 0);
        for (int i = 0; i < 18; i++)
            put(&s->truth[a], (int)rnd(W), (int)rnd(H), 255);
        s->t[a] = (struct edgel_mask){ .view = edgel_image_view(&s->truth[a]), .bits = 8 };
    }
}

static void finish_scene(struct scene *s)
{
    edgel_image_finish(&s->prediction);
    for (int a = 0; a < ANNOTATORS; a++)
        edgel_image_finish(&s->truth[a]);
}

static struct edgel_measure measure_of(int thresholds, bool thin)
{
    struct edgel_measure m = measure_defaults();
    m.labels = EDGEL_LABELS_BINARY;
    ask(&m, "boundary", 1);
    ask(&m, "max_dist", 0.1); /* 2.6 px */
    ask(&m, "thin", thin);
    m.thresholds = thresholds;
    return m;
}

/* The counts of one threshold. */
static void naive_counts(const struct scene *s, const struct edgel_measure *m, int k, uint64_t out[3])
{
    uint8_t map[W * H];
    bool matched[W * H] = { 0 };
    int n = 0, px[W * H], py[W * H];
    for (int i = 0; i < W * H; i++)
        map[i] = get(&s->prediction, i % W, i / W) / 255.0 >= (double)k / (K + 1);
    if (edgel_measure_value(m, "thin") > 0)
        naive_thin(map, W, H);
    for (int i = 0; i < W * H; i++)
        if (map[i]) {
            px[n] = i % W;
            py[n++] = i / W;
        }
    assert_true(n <= NODES);
    out[0] = out[2] = 0;
    out[1] = (uint64_t)n;
    for (int a = 0; a < ANNOTATORS; a++) {
        struct problem p = { .nd = n };
        struct solution sol;
        for (int i = 0; i < W * H; i++)
            if (get(&s->truth[a], i % W, i / W)) {
                for (int d = 0; d < n; d++) {
                    const int u = px[d] - i % W, v = py[d] - i / W;
                    p.d2[p.nt][d] = u * u + v * v <= 0.01 * (W * W + H * H) ? u * u + v * v : -1;
                }
                p.nt++;
            }
        for (int d = 0; d < n; d++) {
            p.tie[d] = edgel_assignment_tie(px[d], py[d]);
            p.present[d] = true;
        }
        solve(&p, &sol);
        out[0] += (uint64_t)sol.size;
        for (int d = 0; d < n; d++) {
            out[2] += sol.of_detection[d] >= 0 && !matched[d];
            matched[d] |= sol.of_detection[d] >= 0;
        }
    }
}

static void an_image_is_counted_as_defined(void **state)
{
    (void)state;
    for (int n = 0; n < 60; n++) {
        struct scene s;
        const struct edgel_measure m = measure_of(K, n % 3 != 0);
        struct edgel_row row = { 0 };
        make_scene(&s);
        if (n % 3 == 0) /* not thinned: fewer pixels */
            for (int i = 0; i < W * H; i++)
                if (rnd(4))
                    put(&s.prediction, i % W, i / W, 0);
        assert_int_equal(edgel_measure_image(&m, &s.p, false, s.t, ANNOTATORS, NULL, &row, NULL), EDGEL_OK);
        assert_int_equal(edgel_row_boundary(&row)->n, K);
        uint64_t truth = 0;
        for (int i = 0; i < W * H * ANNOTATORS; i++)
            truth += get(&s.truth[i / (W * H)], i % W, i / W % H) != 0;
        assert_int_equal(edgel_row_boundary(&row)->truth, truth);
        for (int k = 1; k <= K; k++) {
            uint64_t want[3];
            naive_counts(&s, &m, k, want);
            assert_int_equal(edgel_row_boundary(&row)->matched_truth[k - 1], want[0]);
            assert_int_equal(edgel_row_boundary(&row)->prediction[k - 1], want[1]);
            assert_int_equal(edgel_row_boundary(&row)->matched_prediction[k - 1], want[2]);
        }
        edgel_row_finish(&row);
        finish_scene(&s);
    }
}

static struct edgel_row measure_one(const struct edgel_mask *prediction, const struct edgel_mask *truth,
                                    double max_dist)
{
    struct edgel_measure m = measure_of(1, false);
    struct edgel_row row = { 0 };
    ask(&m, "max_dist", max_dist);
    assert_int_equal(edgel_measure_image(&m, prediction, false, truth, 1, NULL, &row, NULL), EDGEL_OK);
    return row;
}

static void matches_are_symmetric_and_grow_with_the_distance(void **state)
{
    (void)state;
    uint64_t grown = 0;
    for (int n = 0; n < 60; n++) {
        struct scene s;
        uint64_t last = 0;
        make_scene(&s);
        for (double share = 0.01; share < 0.5; share *= 1.5) {
            struct edgel_row there = measure_one(&s.t[0], &s.t[1], share),
                             back = measure_one(&s.t[1], &s.t[0], share),
                             same = measure_one(&s.t[0], &s.t[0], share);
            const struct edgel_boundary_counts *a = edgel_row_boundary(&there),
                                               *b = edgel_row_boundary(&back), *c = edgel_row_boundary(&same);
            assert_true(a->truth == b->prediction[0] && a->prediction[0] == b->truth);
            assert_true(a->matched_truth[0] == a->matched_prediction[0] &&
                        a->matched_truth[0] == b->matched_truth[0]);
            assert_true(a->matched_truth[0] <= a->truth && a->matched_truth[0] <= a->prediction[0]);
            assert_true(a->matched_truth[0] >= last);
            assert_true(c->matched_truth[0] == c->truth && c->matched_prediction[0] == c->truth);
            grown += a->matched_truth[0] > last;
            last = a->matched_truth[0];
            edgel_row_finish(&there);
            edgel_row_finish(&back);
            edgel_row_finish(&same);
        }
        finish_scene(&s);
    }
    assert_true(grown > 100);
}

struct helped {
    const struct scene *scene;
    struct edgel_measure measure;
    struct edgel_row row;
    enum edgel_status status;
};

static void measure_helped(void *user, int thread, size_t i)
{
    (void)thread;
    (void)i;
    struct helped *h = user;
    h->status =
        edgel_measure_image(&h->measure, &h->scene->p, false, h->scene->t, ANNOTATORS, NULL, &h->row, NULL);
}

static void annotators_are_matched_by_any_number_of_threads(void **state)
{
    (void)state;
    for (int n = 0; n < 40; n++) {
        struct scene s;
        struct edgel_row one = { 0 };
        struct helped h = { .scene = &s, .measure = measure_of(K, true) };
        struct edgel_ordered o = {
            .n = 1, .threads = 2 + n % 3, .window = 4, .user = &h, .work = measure_helped
        };
        make_scene(&s);
        if (n % 8 == 7) /* several values */
            for (int x = 0; x < W; x++)
                put(&s.truth[n % ANNOTATORS], x, 2, 7);
        assert_int_equal(edgel_measure_image(&h.measure, &s.p, false, s.t, ANNOTATORS, NULL, &one, NULL),
                         EDGEL_OK);
        assert_int_equal(edgel_helpers_create(&h.measure.helpers, NULL), EDGEL_OK);
        o.helpers = h.measure.helpers;
        assert_int_equal(edgel_ordered_run(&o, NULL, NULL), EDGEL_OK);
        edgel_helpers_destroy(&o.helpers);
        assert_int_equal(h.status, EDGEL_OK);
        const struct edgel_boundary_counts *a = edgel_row_boundary(&one), *b = edgel_row_boundary(&h.row);
        assert_int_equal(a->truth, b->truth);
        assert_int_equal(one.remarks, h.row.remarks);
        assert_memory_equal(a->matched_truth, b->matched_truth, K * sizeof *a->matched_truth);
        assert_memory_equal(a->prediction, b->prediction, K * sizeof *a->prediction);
        assert_memory_equal(a->matched_prediction, b->matched_prediction, K * sizeof *a->matched_prediction);
        edgel_row_finish(&one);
        edgel_row_finish(&h.row);
        finish_scene(&s);
    }
}

static void a_missing_prediction_detects_nothing(void **state)
{
    (void)state;
    struct scene s;
    const struct edgel_measure m = measure_of(3, true);
    struct edgel_row row = { 0 };
    make_scene(&s);
    assert_int_equal(edgel_measure_image(&m, NULL, false, s.t, ANNOTATORS, NULL, &row, NULL), EDGEL_OK);
    assert_true(row.kind == EDGEL_ROW_MISSING && edgel_row_boundary(&row)->truth > 0);
    for (int k = 0; k < 3; k++)
        assert_int_equal(edgel_row_boundary(&row)->prediction[k] +
                             edgel_row_boundary(&row)->matched_truth[k] +
                             edgel_row_boundary(&row)->matched_prediction[k],
                         0);
    edgel_row_finish(&row);
    finish_scene(&s);
}

static void params_that_do_not_suit_are_refused(void **state)
{
    (void)state;
    struct edgel_measure bad[6];
    struct scene s;
    struct edgel_row row = { 0 };
    make_scene(&s);
    for (int i = 0; i < 6; i++)
        bad[i] = measure_of(5, true);
    bad[0].thresholds = 0;
    bad[1].labels = EDGEL_LABELS_IDS;
    ask(&bad[2], "max_dist", NAN);
    ask(&bad[3], "max_dist", 1.01);
    bad[4].annotator = EDGEL_ANNOTATOR_ANY;
    ask(&bad[5], "tolerance", 1);
    for (int i = 0; i < 6; i++)
        assert_int_equal(edgel_measure_image(&bad[i], &s.p, false, s.t, ANNOTATORS, NULL, &row, NULL),
                         EDGEL_EINVAL);
    finish_scene(&s);
}

static unsigned remarks_of(int low, int high, int truth)
{
    struct scene s;
    const struct edgel_measure m = measure_of(9, true);
    struct edgel_row row = { 0 };
    make_scene(&s);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            put(&s.prediction, x, y, x == 3 ? high : low);
            put(&s.truth[0], x, y,
                truth == 1   ? 255 * (x < 12)
                : truth == 2 ? 100 * (x == 4) + 50 * (y == 4)
                             : 255 * (x == 4));
        }
    assert_int_equal(edgel_measure_image(&m, &s.p, false, s.t, 1, NULL, &row, NULL), EDGEL_OK);
    const unsigned remarks = row.remarks;
    edgel_row_finish(&row);
    finish_scene(&s);
    return remarks;
}

static void what_looks_wrong_is_remarked_on(void **state)
{
    (void)state;
    assert_int_equal(remarks_of(30, 200, 0), 0);
    assert_int_equal(remarks_of(0, 255, 0), EDGEL_REMARK_TWO_VALUED);
    assert_int_equal(remarks_of(0, 0, 0), 0);
    assert_int_equal(remarks_of(200, 30, 0), EDGEL_REMARK_INVERTED);
    assert_int_equal(remarks_of(30, 200, 1), EDGEL_REMARK_TRUTH_THICK);
    assert_int_equal(remarks_of(30, 200, 2), EDGEL_REMARK_TRUTH_VALUES);
}

static void running_out_of_memory_leaves_nothing(void **state)
{
    (void)state;
    struct scene s;
    const struct edgel_measure m = measure_of(K, true);
    make_scene(&s);
    const long live = edgel_alloc_live();
    for (long n = 0;; n++) {
        struct edgel_row row = { 0 };
        edgel_alloc_fail_after(n);
        const enum edgel_status st = edgel_measure_image(&m, &s.p, false, s.t, ANNOTATORS, NULL, &row, NULL);
        edgel_alloc_fail_after(-1);
        if (st == EDGEL_OK) {
            assert_true(n > 20);
            edgel_row_finish(&row);
            break;
        }
        assert_int_equal(st, EDGEL_ENOMEM);
        assert_int_equal(edgel_alloc_live(), live);
    }
    assert_int_equal(edgel_alloc_live(), live);
    finish_scene(&s);
}

/* --- scores --- */

static void assert_near(double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%.17g is not %.17g", got, want);
}

static struct edgel_row counted(uint64_t truth, const uint64_t v[3][3])
{
    struct edgel_row r = { .w = 100, .h = 100 };
    struct edgel_boundary_counts *c = edgel_row_part(&r, EDGEL_BOUNDARY);
    uint64_t **const to[] = { &c->matched_truth, &c->prediction, &c->matched_prediction };
    c->n = 3;
    c->truth = truth;
    for (int i = 0; i < 3; i++) {
        *to[i] = edgel_alloc(3, sizeof **to[i]);
        memcpy(*to[i], v[i], sizeof v[i]);
    }
    return r;
}

/* Image one: R .8 .6 .2, P .5 .75 1; image two: R .5 .4 .1, P .25 .5 0/0 = 0. */
static void scores_are_those_of_the_formulas(void **state)
{
    (void)state;
    static const uint64_t one[3][3] = { { 80, 60, 20 }, { 100, 60, 20 }, { 50, 45, 20 } };
    static const uint64_t two[3][3] = { { 50, 40, 10 }, { 100, 60, 0 }, { 25, 30, 0 } };
    struct edgel_row rows[2] = { counted(100, one), counted(100, two) };
    struct edgel_measure m = measure_of(3, true);
    const struct edgel_reduce d = reduce_defaults();
    struct edgel_reducer *r;
    struct edgel_summary s;
    assert_int_equal(edgel_reducer_create(&m, &d, "p", &r, NULL), EDGEL_OK);
    for (int i = 0; i < 2; i++)
        assert_int_equal(edgel_reducer_add(r, &rows[i], NULL), EDGEL_OK);
    assert_int_equal(edgel_reducer_summary(r, &s, NULL), EDGEL_OK);
    /* sums: R 130/200 100/200 30/200, P 75/200 75/120 20/20 */
    const double recall[] = { .65, .5, .15 }, precision[] = { .375, .625, 1 };
    double best = 0;
    for (int k = 0; k < 3; k++) {
        assert_near(edgel_summary_boundary(&s)->points[k].recall, recall[k], 1e-15);
        assert_near(edgel_summary_boundary(&s)->points[k].precision, precision[k], 1e-15);
        assert_near(edgel_summary_boundary(&s)->points[k].threshold, (k + 1) / 4.0, 1e-15);
    }
    for (int i = 0; i <= 198; i++) {
        const int k = i / 99 < 1 ? 0 : 1;
        const double u = (i - 99 * k) / 99.0, p = precision[k] + u * (precision[k + 1] - precision[k]),
                     q = recall[k] + u * (recall[k + 1] - recall[k]);
        best = fmax(best, 2 * p * q / (p + q));
    }
    assert_near(edgel_summary_boundary(&s)->ods.f1, best, 1e-14);
    /* best of each: the second threshold of both */
    assert_near(edgel_summary_boundary(&s)->ois.recall, 100 / 200.0, 1e-15);
    assert_near(edgel_summary_boundary(&s)->ois.precision, 75 / 120.0, 1e-15);
    double ap = 0;
    for (int i = 15; i <= 65; i++) {
        const double x = i / 100.0;
        ap += (x <= .5 ? 1 + (x - .15) / .35 * (.625 - 1) : .625 + (x - .5) / .15 * (.375 - .625)) * .01;
    }
    assert_near(edgel_summary_boundary(&s)->ap, ap, 1e-14);
    assert_near(edgel_summary_boundary(&s)->r50, .65 + (.5 - .375) / .25 * (.5 - .65), 1e-15);
    assert_int_equal(edgel_summary_pixels(&s)->nclasses, 0);
    assert_true(isnan(edgel_summary_pixels(&s)->mean.v[EDGEL_F1]) &&
                isnan(edgel_summary_pixels(&s)->accuracy) && edgel_summary_curve(&s)->n == 0);
    edgel_summary_finish(&s);
    edgel_reducer_destroy(&r);
    for (int i = 0; i < 2; i++)
        edgel_row_finish(&rows[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thinning_follows_its_rules),
        cmocka_unit_test(matching_is_optimal_after_every_change),
        cmocka_unit_test(an_image_is_counted_as_defined),
        cmocka_unit_test(matches_are_symmetric_and_grow_with_the_distance),
        cmocka_unit_test(annotators_are_matched_by_any_number_of_threads),
        cmocka_unit_test(a_missing_prediction_detects_nothing),
        cmocka_unit_test(params_that_do_not_suit_are_refused),
        cmocka_unit_test(what_looks_wrong_is_remarked_on),
        cmocka_unit_test(running_out_of_memory_leaves_nothing),
        cmocka_unit_test(scores_are_those_of_the_formulas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
