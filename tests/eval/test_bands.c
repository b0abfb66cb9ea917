/* Boundary IoU and DAVIS: counts against their definitions by erosion and dilation, scores by hand. */
#include "eval/eval_priv.h"
#include "eval_defaults.h"
#include "eval_masks.h"
#include <math.h>
#include <string.h>

enum { SIDE = 22 };

struct plane {
    int w, h;
    int32_t id[SIDE * SIDE];
};

static void fill_plane(struct plane *p, int w, int h, int ids)
{
    p->w = w;
    p->h = h;
    for (int i = 0; i < w * h; i++)
        p->id[i] = rnd(4) ? 0 : rnd(9) ? (int32_t)rnd((uint32_t)ids) : -1;
    for (int k = 0; k < 4; k++) {
        const int x0 = (int)rnd((uint32_t)w), y0 = (int)rnd((uint32_t)h), id = (int)rnd((uint32_t)ids);
        const int x1 = x0 + (int)rnd((uint32_t)w), y1 = y0 + (int)rnd((uint32_t)h);
        for (int y = y0; y < y1 && y < h; y++)
            for (int x = x0; x < x1 && x < w; x++)
                p->id[y * w + x] = id;
    }
}

static bool is_id(const struct plane *p, int x, int y, int32_t id)
{
    return x >= 0 && y >= 0 && x < p->w && y < p->h && p->id[y * p->w + x] == id;
}

/* Left after d erosions by 3x3: the square of side 2d + 1 around it is of the class. */
static bool in_band(const struct plane *p, int x, int y, int32_t id, int d)
{
    bool all = true;
    for (int v = y - d; v <= y + d; v++)
        for (int u = x - d; u <= x + d; u++)
            all &= is_id(p, u, v, id);
    return is_id(p, x, y, id) && !all;
}

static void check_band(const struct plane *t, const struct plane *p, int d, const struct edgel_band_counts *c)
{
    uint64_t nt = 0, np = 0, both = 0;
    for (int y = 0; y < t->h; y++)
        for (int x = 0; x < t->w; x++) {
            const bool a = in_band(t, x, y, c->id, d), b = in_band(p, x, y, c->id, d);
            nt += a;
            np += b;
            both += a && b;
        }
    assert_int_equal(c->truth, nt);
    assert_int_equal(c->prediction, np);
    assert_int_equal(c->both, both);
    const double iou = edgel_band_iou(c, EDGEL_EMPTY_NAN);
    assert_true(nt + np == 0 ? isnan(iou) : iou >= 0 && iou <= 1);
}

static void bands_are_what_erosion_takes_away(void **state)
{
    (void)state;
    static struct plane t, p;
    for (int round = 0; round < 300; round++) {
        const int w = 1 + (int)rnd(SIDE), h = 1 + (int)rnd(SIDE), only = rnd(3) ? -1 : 1;
        const double share = 0.02 + rnd(20) * 0.01;
        struct edgel_band_list c;
        fill_plane(&t, w, h, 3);
        fill_plane(&p, w, h, 3);
        assert_int_equal(edgel_bands_measure(t.id, p.id, w, h, share, only, &c, NULL), EDGEL_OK);
        for (size_t i = 0; i < c.n; i++) {
            assert_true((i == 0 || c.v[i].id > c.v[i - 1].id) && (only < 0 || c.v[i].id == only));
            check_band(&t, &p, edgel_band_width(share, w, h), &c.v[i]);
        }
        edgel_free(c.v);
        assert_int_equal(edgel_bands_measure(t.id, t.id, w, h, share, -1, &c, NULL), EDGEL_OK);
        for (size_t i = 0; i < c.n; i++)
            assert_true(edgel_band_iou(&c.v[i], EDGEL_EMPTY_NAN) == 1);
        edgel_free(c.v);
    }
    assert_int_equal(edgel_alloc_live(), 0);
}

static void bands_are_symmetric_and_end_as_iou(void **state)
{
    (void)state;
    static struct plane t, p;
    for (int round = 0; round < 200; round++) {
        const int w = 1 + (int)rnd(SIDE), h = 1 + (int)rnd(SIDE);
        struct edgel_band_list c, back;
        fill_plane(&t, w, h, 3);
        fill_plane(&p, w, h, 3);
        for (int whole = 0; whole < 2; whole++) {
            const double share = whole ? 1 : 0.05;
            assert_int_equal(edgel_bands_measure(t.id, p.id, w, h, share, -1, &c, NULL), EDGEL_OK);
            assert_int_equal(edgel_bands_measure(p.id, t.id, w, h, share, -1, &back, NULL), EDGEL_OK);
            assert_int_equal(c.n, back.n);
            for (size_t i = 0; i < c.n; i++) {
                uint64_t truth = 0, prediction = 0, both = 0;
                assert_true(c.v[i].id == back.v[i].id && c.v[i].truth == back.v[i].prediction &&
                            c.v[i].prediction == back.v[i].truth && c.v[i].both == back.v[i].both);
                for (int k = 0; k < w * h; k++) {
                    truth += t.id[k] == c.v[i].id;
                    prediction += p.id[k] == c.v[i].id;
                    both += t.id[k] == c.v[i].id && p.id[k] == c.v[i].id;
                }
                assert_true(c.v[i].truth <= truth && c.v[i].prediction <= prediction && c.v[i].both <= both);
                assert_true(!whole || (c.v[i].truth == truth && c.v[i].prediction == prediction &&
                                       c.v[i].both == both));
            }
            edgel_free(c.v);
            edgel_free(back.v);
        }
    }
    assert_int_equal(edgel_alloc_live(), 0);
}

static void the_width_is_rounded_to_even(void **state)
{
    (void)state;
    assert_int_equal(edgel_band_width(0.02, 500, 375), 12); /* 12.5 */
    assert_int_equal(edgel_band_width(0.02, 700, 525), 18); /* 17.5 */
    assert_int_equal(edgel_band_width(0.02, 640, 480), 16);
    assert_int_equal(edgel_band_width(0.02, 80, 60), 2);
    assert_int_equal(edgel_band_width(0.02, 4, 3), 1);
    assert_int_equal(edgel_band_width(1, 2147483647, 2147483647), 2147483647);
}

/* As the evaluation code of the benchmark has it, borders included. */
static bool on_contour(const struct plane *p, int x, int y, int32_t id)
{
    const bool c = is_id(p, x, y, id);
    if (x == p->w - 1 && y == p->h - 1)
        return false;
    if (y == p->h - 1)
        return c != is_id(p, x + 1, y, id);
    if (x == p->w - 1)
        return c != is_id(p, x, y + 1, id);
    return c != is_id(p, x + 1, y, id) || c != is_id(p, x, y + 1, id) || c != is_id(p, x + 1, y + 1, id);
}

static void check_contour(const struct plane *of, const struct plane *to, int32_t id, int r, uint64_t all,
                          uint64_t matched)
{
    uint64_t n = 0, near = 0;
    for (int y = 0; y < of->h; y++)
        for (int x = 0; x < of->w; x++) {
            bool found = false;
            if (!on_contour(of, x, y, id))
                continue;
            n++;
            for (int v = y - r; v <= y + r; v++)
                for (int u = x - r; u <= x + r; u++)
                    found |= u >= 0 && v >= 0 && u < to->w && v < to->h &&
                             (u - x) * (u - x) + (v - y) * (v - y) <= r * r && on_contour(to, u, v, id);
            near += found;
        }
    assert_int_equal(all, n);
    assert_int_equal(matched, near);
}

static void contours_are_what_the_disk_reaches(void **state)
{
    (void)state;
    static struct plane t, p;
    for (int round = 0; round < 300; round++) {
        const int w = 1 + (int)rnd(SIDE), h = 1 + (int)rnd(SIDE), only = rnd(3) ? -1 : 1;
        struct edgel_tolerance_list c;
        fill_plane(&t, w, h, 3);
        fill_plane(&p, w, h, 3);
        assert_int_equal(edgel_contours_measure(t.id, p.id, w, h, only, &c, NULL), EDGEL_OK);
        for (size_t i = 0; i < c.n; i++) {
            const int r = (int)ceil(0.008 * sqrt(w * w + h * h));
            check_contour(&t, &p, c.v[i].id, r, c.v[i].truth, c.v[i].matched_truth);
            check_contour(&p, &t, c.v[i].id, r, c.v[i].prediction, c.v[i].matched_prediction);
        }
        edgel_free(c.v);
    }
    assert_int_equal(edgel_alloc_live(), 0);
}

static struct edgel_tolerance_counts contours_of(const int32_t *truth, const int32_t *prediction, int w,
                                                 int h)
{
    struct edgel_tolerance_list c;
    assert_int_equal(edgel_contours_measure(truth, prediction, w, h, 1, &c, NULL), EDGEL_OK);
    assert_int_equal(c.n, 1);
    const struct edgel_tolerance_counts one = c.v[0];
    edgel_free(c.v);
    return one;
}

/* The tolerance is a share of the diagonal: an image that is wider by empty columns has a larger one. */
static void widen(const struct plane *p, int32_t *out, int w)
{
    for (int y = 0; y < p->h; y++)
        for (int x = 0; x < w; x++)
            out[y * w + x] = x < p->w - 1 && y < p->h - 1 ? p->id[y * p->w + x] == 1 : 0;
}

static void contours_are_symmetric_and_grow_with_the_tolerance(void **state)
{
    (void)state;
    enum { WIDE = 700 };
    static struct plane t, p;
    static int32_t a[SIDE * WIDE], b[SIDE * WIDE];
    uint64_t grown = 0;
    for (int round = 0; round < 100; round++) {
        struct edgel_tolerance_counts last = { 0 };
        const int h = 2 + (int)rnd(SIDE - 1);
        fill_plane(&t, 2 + (int)rnd(SIDE - 1), h, 3);
        fill_plane(&p, t.w, h, 3);
        for (int w = SIDE; w <= WIDE; w += 113) {
            widen(&t, a, w);
            widen(&p, b, w);
            const struct edgel_tolerance_counts c = contours_of(a, b, w, h), back = contours_of(b, a, w, h),
                                                same = contours_of(a, a, w, h);
            assert_true(c.truth == back.prediction && c.prediction == back.truth &&
                        c.matched_truth == back.matched_prediction &&
                        c.matched_prediction == back.matched_truth);
            assert_true(c.matched_truth <= c.truth && c.matched_prediction <= c.prediction);
            assert_true(same.matched_truth == c.truth && same.matched_prediction == c.truth);
            assert_true(w == SIDE || (c.truth == last.truth && c.prediction == last.prediction &&
                                      c.matched_truth >= last.matched_truth &&
                                      c.matched_prediction >= last.matched_prediction));
            grown += w > SIDE && c.matched_truth > last.matched_truth;
            last = c;
        }
    }
    assert_true(grown > 20);
    assert_int_equal(edgel_alloc_live(), 0);
}

/* One frame of 4 x 1: tp pixels right of 4, contour counts as given. */
static void add_frame(struct edgel_reducer *r, const char *image, uint64_t tp,
                      struct edgel_tolerance_counts c)
{
    struct edgel_cell cells[] = { { 1, 0, 4 - tp }, { 1, 1, tp } };
    struct edgel_pixels_counts p = { 4, tp == 4 ? cells + 1 : cells, tp == 0 || tp == 4 ? 1 : 2 };
    struct edgel_row row = { .image = (char *)image, .w = 4, .h = 1, .counts[EDGEL_PIXELS] = &p };
    row.counts[EDGEL_DAVIS] = &(struct edgel_tolerance_list){ &c, 1 };
    assert_int_equal(edgel_reducer_add(r, &row, NULL), EDGEL_OK);
}

static void statistics_are_those_of_the_page(void **state)
{
    (void)state;
    struct edgel_measure m = measure_defaults();
    struct edgel_reduce reduce = reduce_defaults();
    struct edgel_reducer *r;
    struct edgel_summary s;
    m.labels = EDGEL_LABELS_BINARY;
    ask(&m, "davis", true);
    assert_int_equal(edgel_reducer_create(&m, &reduce, "p", &r, NULL), EDGEL_OK);
    /* J of the first sequence: 1 for 150 frames, then 1/4 for 150: e = 0, 75, 150, 224, 299. */
    for (int i = 0; i < 300; i++)
        add_frame(r, "a/x", i < 150 ? 4 : 1, (struct edgel_tolerance_counts){ 1, 2, 4, 4, 4 });
    add_frame(r, "b/x", 2, (struct edgel_tolerance_counts){ 1, 0, 0, 0, 4 });
    assert_int_equal(edgel_reducer_summary(r, &s, NULL), EDGEL_OK);
    assert_int_equal(edgel_summary_davis(&s)->sequences, 2);
    assert_int_equal(edgel_summary_davis(&s)->nobjects, 2);
    const struct edgel_davis_object *a = &edgel_summary_davis(&s)->objects[0],
                                    *b = &edgel_summary_davis(&s)->objects[1];
    assert_string_equal(a->sequence, "a");
    assert_true(a->frames == 300 && a->id == 1);
    assert_true(a->j.mean == 0.625 && a->j.recall == 0.5 && a->j.decay == 0.75);
    assert_true(fabs(a->f.mean - 2. / 3) < 1e-12 && a->f.recall == 1 && fabs(a->f.decay) < 1e-12);
    assert_true(b->j.mean == 0.5 && b->j.recall == 0 && b->j.decay == 0 && b->f.mean == 0);
    assert_true(edgel_summary_davis(&s)->j.mean == 0.5625 && edgel_summary_davis(&s)->j.decay == 0.375);
    edgel_summary_finish(&s);
    edgel_reducer_destroy(&r);
    assert_int_equal(edgel_alloc_live(), 0);
}

static void f_of_frames_without_contours(void **state)
{
    (void)state;
    static const struct {
        struct edgel_tolerance_counts c;
        double f;
    } frames[] = {
        { { 1, 0, 0, 0, 0 }, 1 }, /* an object as large as the image, found */
        { { 1, 0, 5, 0, 0 }, 0 },
        { { 1, 0, 0, 0, 5 }, 0 },
        { { 1, 0, 5, 0, 4 }, 0 },
    };
    struct edgel_measure m = measure_defaults();
    struct edgel_reduce reduce = reduce_defaults();
    struct edgel_summary s;
    m.labels = EDGEL_LABELS_BINARY;
    ask(&m, "davis", true);
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
        struct edgel_reducer *r;
        assert_int_equal(edgel_reducer_create(&m, &reduce, "p", &r, NULL), EDGEL_OK);
        add_frame(r, "x", 4, frames[i].c);
        assert_int_equal(edgel_reducer_summary(r, &s, NULL), EDGEL_OK);
        assert_true(edgel_summary_davis(&s)->objects[0].f.mean == frames[i].f &&
                    edgel_summary_davis(&s)->objects[0].j.mean == 1);
        edgel_summary_finish(&s);
        edgel_reducer_destroy(&r);
    }
    assert_int_equal(edgel_alloc_live(), 0);
}

static void a_frame_without_the_object_is_right_when_nothing_is_found(void **state)
{
    (void)state;
    struct edgel_measure m = measure_defaults();
    struct edgel_reduce reduce = reduce_defaults();
    struct edgel_cell nothing = { 0, 0, 4 };
    struct edgel_tolerance_counts c = { 1, 0, 0, 0, 0 };
    struct edgel_row row = { .image = (char *)"x",
                             .w = 4,
                             .h = 1,
                             .counts[EDGEL_PIXELS] = &(struct edgel_pixels_counts){ 4, &nothing, 1 } };
    struct edgel_reducer *r;
    struct edgel_summary s;
    row.counts[EDGEL_DAVIS] = &(struct edgel_tolerance_list){ &c, 1 };
    m.labels = EDGEL_LABELS_BINARY;
    ask(&m, "davis", true);
    assert_int_equal(edgel_reducer_create(&m, &reduce, "p", &r, NULL), EDGEL_OK);
    add_frame(r, "x", 2, (struct edgel_tolerance_counts){ 1, 1, 1, 1, 1 });
    assert_int_equal(edgel_reducer_add(r, &row, NULL), EDGEL_OK);
    row.image = (char *)"y/x"; /* a sequence without an object */
    assert_int_equal(edgel_reducer_add(r, &row, NULL), EDGEL_OK);
    assert_int_equal(edgel_reducer_summary(r, &s, NULL), EDGEL_OK);
    assert_true(edgel_summary_davis(&s)->sequences == 2 && edgel_summary_davis(&s)->j.mean == 0.75 &&
                edgel_summary_davis(&s)->f.mean == 1);
    assert_true(edgel_summary_davis(&s)->nobjects == 1 && edgel_summary_davis(&s)->objects[0].frames == 2);
    assert_true(edgel_summary_davis(&s)->objects[0].j.mean == 0.75 &&
                edgel_summary_davis(&s)->objects[0].f.mean == 1);
    edgel_summary_finish(&s);
    edgel_reducer_destroy(&r);
    assert_int_equal(edgel_alloc_live(), 0);
}

/* Quarters end at rounded frames, halves up: of 4 frames at 1 and 2, of 3 at 1 and 2 (0.5 and 1.5). */
static void quarters_end_at_the_nearest_frame(void **state)
{
    (void)state;
    struct edgel_measure m = measure_defaults();
    struct edgel_reduce reduce = reduce_defaults();
    struct edgel_tolerance_counts c = { 1, 4, 4, 4, 4 };
    struct edgel_reducer *r;
    struct edgel_summary s;
    m.labels = EDGEL_LABELS_BINARY;
    ask(&m, "davis", true);
    assert_int_equal(edgel_reducer_create(&m, &reduce, "p", &r, NULL), EDGEL_OK);
    for (int i = 0; i < 4; i++)
        add_frame(r, "a/b/x", (const uint64_t[]){ 4, 2, 1, 0 }[i], c);
    for (int i = 0; i < 3; i++)
        add_frame(r, "a/c/x", (const uint64_t[]){ 4, 2, 1 }[i], c);
    add_frame(r, "a/d/x", 3, c);
    assert_int_equal(edgel_reducer_summary(r, &s, NULL), EDGEL_OK);
    assert_true(edgel_summary_davis(&s)->sequences == 3 && edgel_summary_davis(&s)->nobjects == 3);
    const struct edgel_davis_object *o = edgel_summary_davis(&s)->objects;
    assert_string_equal(o[1].sequence, "a/c");
    assert_true(o[0].j.decay == 0.625 && o[1].j.decay == 0.5 && o[2].j.decay == 0);
    assert_true(o[0].j.recall == 0.25 && o[2].j.recall == 1);
    edgel_summary_finish(&s);
    edgel_reducer_destroy(&r);
    assert_int_equal(edgel_alloc_live(), 0);
}

static void no_memory_is_an_error(void **state)
{
    (void)state;
    static struct plane t, p;
    struct edgel_band_list b = { 0 };
    struct edgel_tolerance_list c = { 0 };
    long k = 0;
    fill_plane(&t, SIDE, SIDE, 3);
    fill_plane(&p, SIDE, SIDE, 3);
    for (enum edgel_status st = EDGEL_ENOMEM; st != EDGEL_OK; k++) {
        edgel_alloc_fail_after(k);
        st = edgel_bands_measure(t.id, p.id, SIDE, SIDE, 0.1, -1, &b, NULL);
        edgel_alloc_fail_after(-1);
        assert_true(st == EDGEL_OK || (st == EDGEL_ENOMEM && !b.v && b.n == 0));
        edgel_free(b.v);
    }
    assert_true(k > 4);
    k = 0;
    for (enum edgel_status st = EDGEL_ENOMEM; st != EDGEL_OK; k++) {
        edgel_alloc_fail_after(k);
        st = edgel_contours_measure(t.id, p.id, SIDE, SIDE, -1, &c, NULL);
        edgel_alloc_fail_after(-1);
        assert_true(st == EDGEL_OK || (st == EDGEL_ENOMEM && !c.v && c.n == 0));
        edgel_free(c.v);
    }
    assert_true(k > 7);
    assert_int_equal(edgel_alloc_live(), 0);
}

/* A row of 4 x 1 pixels, ids: truth 1 at x 0, prediction 1 at x 2. */
static void check_says(const char *text, const char *rule)
{
    struct edgel_measure m = measure_defaults();
    struct edgel_cell cells[] = { { 0, 0, 2 }, { 0, 1, 1 }, { 1, 0, 1 } };
    struct edgel_row row = { .w = 4,
                             .h = 1,
                             .counts[EDGEL_PIXELS] = &(struct edgel_pixels_counts){ 4, cells, 3 } };
    struct edgel_json *doc;
    struct edgel_error err = { 0 };
    m.labels = EDGEL_LABELS_IDS;
    ask(&m, "band", strstr(text, "bands") ? 0.02 : NAN);
    ask(&m, "davis", strstr(text, "contours") != NULL);
    assert_int_equal(edgel_json_parse(text, strlen(text), "here", &doc, NULL), EDGEL_OK);
    enum edgel_status st = edgel_family_read(EDGEL_BANDS, doc, "here", &m, &row, &err);
    if (st == EDGEL_OK)
        st = edgel_family_read(EDGEL_DAVIS, doc, "here", &m, &row, &err);
    if (st == EDGEL_OK)
        st = edgel_counts_check_row(&m, &row, "here", &err);
    if (rule ? st != EDGEL_EFORMAT || !strstr(err.msg, rule) : st != EDGEL_OK)
        fail_msg("%s: '%s' instead of '%s'", text, err.msg, rule ? rule : "");
    edgel_json_finish(doc);
    row.counts[EDGEL_PIXELS] = NULL; /* not on the heap */
    edgel_row_finish(&row);
}

static void each_rule_refuses(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        { "{\"bands\":[[0,3,3,2],[1,1,1,0]]}", NULL },
        { "{\"bands\":7}", "list" },
        { "{\"bands\":[[0,3,3]]}", "numbers" },
        { "{\"bands\":[[65536,3,3,2]]}", "ids are" },
        { "{\"bands\":[[0,-3,3,2]]}", "whole number" },
        { "{\"bands\":[[0,3,3,2]]}", "every id" },
        { "{\"bands\":[[0,3,3,2],[0,3,3,2]]}", "rise" },
        { "{\"bands\":[[0,4,3,2],[1,1,1,0]]}", "some of the pixels" },
        { "{\"bands\":[[0,0,3,0],[1,1,1,0]]}", "some of the pixels" },
        { "{\"bands\":[[0,3,3,3],[1,1,1,0]]}", "agrees" },
        { "{\"bands\":[[0,3,1,2],[1,1,1,0]]}", "agrees" },
        { "{\"contours\":[[0,1,2,1,2],[1,0,1,0,1]]}", NULL },
        { "{\"contours\":[[0,1,2,1]]}", "numbers" },
        { "{\"contours\":[[0,1,2,1,2]]}", "every id" },
        { "{\"contours\":[[1,0,1,0,1],[0,1,2,1,2]]}", "rise" },
        { "{\"contours\":[[0,1,5,1,2],[1,0,1,0,1]]}", "of the image" },
        { "{\"contours\":[[0,3,2,1,2],[1,0,1,0,1]]}", "exceed" },
        { "{\"contours\":[[0,1,2,0,2],[1,0,1,0,1]]}", "both sides" },
        { "{\"contours\":[[0,1,2,1,2],[1,0,1,0,1],[2,0,0,0,1]]}", "in the cells" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_says(cases[i][0], cases[i][1]);
    assert_int_equal(edgel_alloc_live(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bands_are_what_erosion_takes_away),
        cmocka_unit_test(bands_are_symmetric_and_end_as_iou),
        cmocka_unit_test(the_width_is_rounded_to_even),
        cmocka_unit_test(contours_are_what_the_disk_reaches),
        cmocka_unit_test(contours_are_symmetric_and_grow_with_the_tolerance),
        cmocka_unit_test(statistics_are_those_of_the_page),
        cmocka_unit_test(f_of_frames_without_contours),
        cmocka_unit_test(a_frame_without_the_object_is_right_when_nothing_is_found),
        cmocka_unit_test(quarters_end_at_the_nearest_frame),
        cmocka_unit_test(no_memory_is_an_error),
        cmocka_unit_test(each_rule_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
