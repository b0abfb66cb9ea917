/* Objects: components against flood fill, matching against its definition, panoptic quality by hand, counts files. */
#include "eval/objects/objects_priv.h"
#include "eval_defaults.h"
#include "eval_masks.h"
#include <math.h>
#include <string.h>

enum { SIDE = 20, PIXELS = SIDE * SIDE, OBJECTS = PIXELS + 1 };

struct plane {
    int w, h;
    int32_t id[PIXELS];
};

static void fill_plane(struct plane *p, int w, int h, int ids, bool voids)
{
    p->w = w;
    p->h = h;
    for (int i = 0; i < w * h; i++)
        p->id[i] = rnd(3) ? 0 : voids && rnd(8) == 0 ? -1 : (int32_t)rnd((uint32_t)ids);
    for (int k = 0; k < 5; k++) {
        const int x0 = (int)rnd((uint32_t)w), y0 = (int)rnd((uint32_t)h), id = (int)rnd((uint32_t)ids);
        const int x1 = x0 + 1 + (int)rnd((uint32_t)w / 2 + 1), y1 = y0 + 1 + (int)rnd((uint32_t)h / 2 + 1);
        for (int y = y0; y < y1 && y < h; y++)
            for (int x = x0; x < x1 && x < w; x++)
                p->id[y * w + x] = voids && k == 4 ? -1 : id;
    }
}

/* The same with a few pixels changed, so that objects have partners. */
static void spoil(const struct plane *from, struct plane *to, int ids)
{
    *to = *from;
    for (int i = 0; i < from->w * from->h; i++) {
        if (to->id[i] < 0)
            to->id[i] = (int32_t)rnd((uint32_t)ids);
        if (rnd(12) == 0)
            to->id[i] = (int32_t)rnd((uint32_t)ids);
    }
}

/* --- components --- */

static void flood(const struct plane *p, int x, int y, int32_t label, int32_t *labels)
{
    labels[y * p->w + x] = label;
    for (int v = y - 1; v <= y + 1; v++)
        for (int u = x - 1; u <= x + 1; u++)
            if (u >= 0 && v >= 0 && u < p->w && v < p->h && labels[v * p->w + u] == 0 &&
                p->id[v * p->w + u] == p->id[y * p->w + x])
                flood(p, u, v, label, labels);
}

/* Numbered by first pixels along rows or columns; returns how many. */
static int32_t flood_all(const struct plane *p, bool columns, int32_t *labels)
{
    int32_t n = 0;
    memset(labels, 0, PIXELS * sizeof *labels);
    for (int k = 0; k < p->w * p->h; k++) {
        const int x = columns ? k / p->h : k % p->w, y = columns ? k % p->h : k / p->w;
        if (p->id[y * p->w + x] > 0 && labels[y * p->w + x] == 0)
            flood(p, x, y, ++n, labels);
    }
    return n;
}

/* Labels of the pixels by the spans of a set, 1 + index of the object; voids -1. */
static void paint(const struct edgel_object_set *s, int32_t *labels)
{
    memset(labels, 0, PIXELS * sizeof *labels);
    for (size_t i = 0; i < s->nspans + s->nvoids; i++) {
        const struct edgel_span *span = i < s->nspans ? &s->spans[i] : &s->voids[i - s->nspans];
        for (uint32_t k = span->start; k < span->end; k++) {
            const size_t at = s->columns ? k % (uint32_t)s->h * (size_t)s->w + k / (uint32_t)s->h : k;
            assert_int_equal(labels[at], 0);
            labels[at] = i < s->nspans ? (int32_t)span->object + 1 : -1;
        }
    }
}

static void check_extent(const struct edgel_object_set *s, const int32_t *labels, size_t k)
{
    const struct edgel_object *o = &s->objects[k];
    int box[4] = { s->w, s->h, 0, 0 };
    uint64_t n = 0;
    for (int y = 0; y < s->h; y++)
        for (int x = 0; x < s->w; x++)
            if (labels[y * s->w + x] == (int32_t)k + 1) {
                box[0] = x < box[0] ? x : box[0];
                box[1] = y < box[1] ? y : box[1];
                box[2] = x >= box[2] ? x + 1 : box[2];
                box[3] = y >= box[3] ? y + 1 : box[3];
                n++;
            }
    assert_int_equal(o->pixels, n);
    assert_memory_equal(o->box, box, sizeof box);
}

static void components_are_what_a_flood_fills(void **state)
{
    (void)state;
    static struct plane p;
    static int32_t want[PIXELS], got[PIXELS];
    for (int round = 0; round < 600; round++) {
        const bool columns = rnd(2);
        struct edgel_object_set s;
        fill_plane(&p, 1 + (int)rnd(SIDE), 1 + (int)rnd(SIDE), 2 + (int)rnd(3), true);
        const int32_t n = flood_all(&p, columns, want);
        assert_int_equal(edgel_objects_of_components(p.id, p.w, p.h, columns, &s, NULL), EDGEL_OK);
        assert_int_equal(s.nobjects, n);
        paint(&s, got);
        for (int i = 0; i < p.w * p.h; i++) {
            assert_int_equal(got[i], p.id[i] < 0 ? -1 : want[i]);
            if (want[i] > 0)
                assert_int_equal(s.objects[want[i] - 1].class_id, p.id[i]);
        }
        for (size_t k = 0; k < s.nobjects; k++) {
            assert_int_equal(s.objects[k].id, (int)k + 1);
            check_extent(&s, got, k);
        }
        edgel_object_set_finish(&s);
    }
    assert_int_equal(edgel_alloc_live(), 0);
}

static void ids_are_values(void **state)
{
    (void)state;
    static struct plane p;
    static int32_t got[PIXELS];
    for (int round = 0; round < 300; round++) {
        struct edgel_object_set s;
        fill_plane(&p, 1 + (int)rnd(SIDE), 1 + (int)rnd(SIDE), 2 + (int)rnd(30), true);
        assert_int_equal(edgel_objects_of_ids(p.id, p.w, p.h, rnd(2), &s, NULL), EDGEL_OK);
        paint(&s, got);
        for (size_t k = 0; k < s.nobjects; k++) {
            assert_true(k == 0 || s.objects[k].id > s.objects[k - 1].id);
            assert_int_equal(s.objects[k].class_id, 1);
            check_extent(&s, got, k);
        }
        for (int i = 0; i < p.w * p.h; i++)
            assert_int_equal(got[i] > 0 ? s.objects[got[i] - 1].id : got[i], p.id[i]);
        edgel_object_set_finish(&s);
    }
    assert_int_equal(edgel_alloc_live(), 0);
}

/* --- matching --- */

/* A set of overlapping objects: rectangles, of two classes, some of them crowds. */
static void overlapping(struct edgel_object_set *s, int w, int h, int n, bool crowds, uint8_t *pixels)
{
    size_t room = 0;
    int x0 = 0, y0 = 0, x1 = 0, y1 = 0;
    *s = (struct edgel_object_set){ .w = w, .h = h, .columns = true };
    s->objects = edgel_calloc((size_t)n + 1, sizeof *s->objects);
    s->nobjects = (size_t)n;
    for (int k = 0; k < n; k++) {
        int64_t counts[PIXELS + 2];
        size_t m = 0;
        const bool again = k > 0 && rnd(3) == 0; /* the same place, so that pairs are equally good */
        x0 = again ? x0 : (int)rnd((uint32_t)w);
        y0 = again ? y0 : (int)rnd((uint32_t)h);
        x1 = again ? x1 : x0 + (int)rnd(6) + 2;
        y1 = again ? y1 : y0 + (int)rnd(6) + 2;
        uint8_t *of = pixels + k * PIXELS, last = 0;
        s->objects[k] = (struct edgel_object){ .id = 10 + k,
                                               .class_id = 1 + (int)rnd(2),
                                               .crowd = crowds && rnd(4) == 0 };
        memset(of, 0, PIXELS);
        counts[0] = 0;
        for (int i = 0; i < w * h; i++) {
            const int x = i / h, y = i % h;
            of[y * w + x] = x >= x0 && x < x1 && y >= y0 && y < y1;
            if (of[y * w + x] != last)
                counts[++m] = 0;
            last = of[y * w + x];
            counts[m]++;
        }
        assert_int_equal(edgel_rle_counts(counts, m + 1, (uint32_t)k, s, &room, NULL), EDGEL_OK);
    }
    edgel_objects_sort(s);
    edgel_objects_extents(s);
}

struct naive {
    double iou[OBJECTS / 8][OBJECTS / 8];
    uint64_t both[OBJECTS / 8][OBJECTS / 8], either[OBJECTS / 8][OBJECTS / 8];
    int of_truth[OBJECTS / 8], of_prediction[OBJECTS / 8];
};

static bool has(const uint8_t *pixels, size_t k, int i)
{
    return pixels[k * PIXELS + (size_t)i];
}

/* By the definition: the best free pair, again and again. */
static void match_naively(const struct edgel_object_set *t, const struct edgel_object_set *p,
                          const uint8_t *tp, const uint8_t *pp, const uint8_t *voids, struct naive *m)
{
    for (size_t a = 0; a < t->nobjects; a++)
        for (size_t b = 0; b < p->nobjects; b++) {
            uint64_t both = 0, either = 0;
            for (int i = 0; i < t->w * t->h; i++) {
                both += has(tp, a, i) && has(pp, b, i);
                either += has(tp, a, i) || (has(pp, b, i) && !voids[i]);
            }
            m->both[a][b] = both;
            m->either[a][b] = either;
            m->iou[a][b] = either ? (double)both / (double)either : 0;
        }
    for (size_t a = 0; a < t->nobjects; a++)
        m->of_truth[a] = -1;
    for (size_t b = 0; b < p->nobjects; b++)
        m->of_prediction[b] = -1;
    while (true) {
        double best = 0;
        size_t ba = 0, bb = 0;
        for (size_t a = 0; a < t->nobjects; a++)
            for (size_t b = 0; b < p->nobjects; b++)
                if (!t->objects[a].crowd && t->objects[a].class_id == p->objects[b].class_id &&
                    m->of_truth[a] < 0 && m->of_prediction[b] < 0 && m->iou[a][b] >= 0.5 &&
                    m->iou[a][b] > best) {
                    best = m->iou[a][b];
                    ba = a;
                    bb = b;
                }
        if (best == 0)
            return;
        m->of_truth[ba] = (int)bb;
        m->of_prediction[bb] = (int)ba;
    }
}

static bool is_excused(const struct edgel_object_set *t, const struct edgel_object_set *p, const uint8_t *tp,
                       const uint8_t *pp, const uint8_t *voids, size_t b)
{
    uint64_t n = 0, all = 0;
    for (int i = 0; i < t->w * t->h; i++) {
        if (!has(pp, b, i))
            continue;
        all++;
        n += voids[i];
        for (size_t a = 0; a < t->nobjects; a++)
            n += t->objects[a].crowd && t->objects[a].class_id == p->objects[b].class_id && has(tp, a, i);
    }
    return 2 * n > all;
}

static void check_match(const struct edgel_object_set *t, const struct edgel_object_set *p, const uint8_t *tp,
                        const uint8_t *pp, const uint8_t *voids)
{
    static struct naive m;
    struct edgel_object_counts *v;
    size_t n, pairs = 0;
    match_naively(t, p, tp, pp, voids, &m);
    assert_int_equal(edgel_objects_match(t, p, &v, &n, NULL), EDGEL_OK);
    for (size_t i = 0; i < n; i++) {
        uint64_t truth = 0, prediction = 0, passed = 0;
        for (size_t a = 0; a < t->nobjects; a++)
            truth += t->objects[a].class_id == v[i].id && !t->objects[a].crowd;
        for (size_t b = 0; b < p->nobjects; b++)
            if (p->objects[b].class_id == v[i].id) {
                prediction++;
                passed += m.of_prediction[b] < 0 && is_excused(t, p, tp, pp, voids, b);
            }
        assert_int_equal(v[i].truth, truth);
        assert_int_equal(v[i].prediction, prediction);
        assert_int_equal(v[i].passed, passed);
        for (size_t k = 0; k < v[i].npairs; k++) {
            const struct edgel_object_pair *pair = &v[i].pairs[k];
            size_t a = 0;
            while (t->objects[a].id != pair->truth || t->objects[a].class_id != v[i].id)
                a++;
            const int b = m.of_truth[a];
            assert_true(b >= 0 && p->objects[b].id == pair->prediction);
            assert_int_equal(pair->both, m.both[a][b]);
            assert_int_equal(pair->either, m.either[a][b]);
            assert_int_equal(pair->excused, is_excused(t, p, tp, pp, voids, (size_t)b));
            assert_memory_equal(pair->truth_box, t->objects[a].box, sizeof pair->truth_box);
            assert_memory_equal(pair->prediction_box, p->objects[b].box, sizeof pair->prediction_box);
            assert_true(k == 0 || pair->truth > pair[-1].truth);
            pairs++;
        }
    }
    for (size_t a = 0; a < t->nobjects; a++)
        pairs -= m.of_truth[a] >= 0;
    assert_int_equal(pairs, 0);
    edgel_objects_free(v, n);
}

static void spread(const struct edgel_object_set *s, uint8_t *pixels, uint8_t *voids)
{
    static int32_t labels[PIXELS];
    paint(s, labels);
    memset(pixels, 0, s->nobjects * PIXELS);
    for (int i = 0; i < s->w * s->h; i++) {
        if (labels[i] > 0)
            pixels[(size_t)(labels[i] - 1) * PIXELS + (size_t)i] = 1;
        if (voids)
            voids[i] = labels[i] < 0;
    }
}

static void matching_is_its_definition(void **state)
{
    (void)state;
    static struct plane a, b;
    static uint8_t tp[OBJECTS * PIXELS], pp[OBJECTS * PIXELS], voids[PIXELS];
    for (int round = 0; round < 300; round++) {
        struct edgel_object_set t, p;
        const int ids = 2 + (int)rnd(8), w = 2 + (int)rnd(8), h = 2 + (int)rnd(4);
        fill_plane(&a, w, h, ids, rnd(2));
        spoil(&a, &b, ids);
        const bool by_ids = rnd(2), columns = rnd(2);
        assert_int_equal(
            (by_ids ? edgel_objects_of_ids : edgel_objects_of_components)(a.id, w, h, columns, &t, NULL),
            EDGEL_OK);
        assert_int_equal(
            (by_ids ? edgel_objects_of_ids : edgel_objects_of_components)(b.id, w, h, columns, &p, NULL),
            EDGEL_OK);
        for (size_t k = 0; k < t.nobjects; k++)
            t.objects[k].crowd = rnd(6) == 0;
        spread(&t, tp, voids);
        spread(&p, pp, NULL);
        check_match(&t, &p, tp, pp, voids);
        edgel_object_set_finish(&t);
        edgel_object_set_finish(&p);
    }
    memset(voids, 0, sizeof voids);
    for (int round = 0; round < 300; round++) {
        struct edgel_object_set t, p;
        const int w = 8 + (int)rnd(8), h = 8 + (int)rnd(8);
        overlapping(&t, w, h, (int)rnd(12), true, tp);
        overlapping(&p, w, h, (int)rnd(12), false, pp);
        check_match(&t, &p, tp, pp, voids);
        edgel_object_set_finish(&t);
        edgel_object_set_finish(&p);
    }
    assert_int_equal(edgel_alloc_live(), 0);
}

/* --- scores --- */

static struct edgel_row measure(const char *truth, const char *prediction, int w, int h,
                                const struct edgel_measure *m)
{
    struct edgel_image images[2];
    struct edgel_row row = { 0 };
    const char *const texts[] = { truth, prediction };
    for (int k = 0; k < 2; k++) {
        init_image(&images[k], w, h, 1, EDGEL_U8);
        for (int i = 0; i < w * h; i++)
            put(&images[k], i % w, i / w, texts[k][i] - '0');
    }
    const struct edgel_mask t = mask_of(&images[0], 8), p = mask_of(&images[1], 8);
    assert_int_equal(edgel_measure_image(m, &p, false, &t, 1, NULL, &row, NULL), EDGEL_OK);
    edgel_image_finish(&images[0]);
    edgel_image_finish(&images[1]);
    return row;
}

static struct edgel_summary reduce(struct edgel_row *rows, size_t n, const struct edgel_measure *m,
                                   const struct edgel_reduce *how)
{
    struct edgel_reducer *r;
    struct edgel_summary s;
    assert_int_equal(edgel_reducer_create(m, how, "p", &r, NULL), EDGEL_OK);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(edgel_reducer_add(r, &rows[i], NULL), EDGEL_OK);
        edgel_row_finish(&rows[i]);
    }
    assert_int_equal(edgel_reducer_summary(r, &s, NULL), EDGEL_OK);
    edgel_reducer_destroy(&r);
    return s;
}

static const struct edgel_reduce plain = { .nsd_tolerance = { 1 }, .nnsd = 1 };

static void thresholds_and_panoptic_quality(void **state)
{
    (void)state;
    struct edgel_measure m = measure_defaults();
    m.labels = EDGEL_LABELS_IDS;
    ask(&m, "objects", EDGEL_OBJECTS_IDS);
    /* Truth 1: 5 pixels, 4 of them predicted as 4: IoU 0.8. Truth 2: 4 pixels, 2 of them as 5: IoU 0.5, a pair but no
     * TP of the panoptic quality. Truth 3: missed. Prediction 7: invented. */
    struct edgel_row row = measure("11111022220330000", "44440055000000077", 17, 1, &m);
    assert_int_equal(edgel_row_pixels(&row)->n, 0);
    struct edgel_summary s = reduce(&row, 1, &m, &plain);
    const struct edgel_object_result *c = &edgel_summary_objects(&s)->classes[0];
    assert_int_equal(edgel_summary_objects(&s)->nclasses, 1);
    assert_true(c->truth == 3 && c->prediction == 3 && c->passed == 0 && c->pairs == 2);
    assert_true(c->tp == 1 && c->fp == 2 && c->fn == 2);
    assert_true(c->scores.sq == 0.8 && c->scores.rq == 1. / 3 && fabs(c->scores.pq - 0.8 / 3) < 1e-15);
    for (int k = 0; k < EDGEL_OBJECT_IOUS; k++) {
        const double want = k == 0 ? 2. / 3 : k <= 6 ? 1. / 3 : 0; /* 0.8 is the seventh */
        assert_true(c->scores.precision[k] == want && c->scores.recall[k] == want);
    }
    assert_true(fabs(c->scores.mean_recall - (2. / 3 + 6. / 3) / 10) < 1e-15);
    assert_true(fabs(c->scores.box_iou - (0.8 + 0.5) / 2) < 1e-15);
    assert_true(edgel_summary_objects(&s)->mean.pq == c->scores.pq);
    edgel_summary_finish(&s);
}

static void classes_void_and_mean(void **state)
{
    (void)state;
    struct edgel_measure m = measure_defaults();
    const int32_t ignore[] = { 9 }, exclude[] = { 3 };
    struct edgel_reduce how = reduce_defaults();
    m.labels = EDGEL_LABELS_IDS;
    ask(&m, "objects", EDGEL_OBJECTS_COMPONENTS);
    m.ignore = how.ignore = ignore;
    m.nignore = how.nignore = 1;
    how.exclude_from_mean = exclude;
    how.nexclude = 1;
    /* Class 1: two components found (one loses void pixels of the union), a third invented mostly in void, passed over.
     * Class 2: missed. Class 3: invented, not in the mean. Class 9 is ignored, and none where it is predicted
     * either. */
    struct edgel_row rows[] = {
        measure("1101199"
                "1101199"
                "0000000"
                "2203999",
                "1101110"
                "1101110"
                "9000000"
                "0030111",
                7, 4, &m),
    };
    struct edgel_summary s = reduce(rows, 1, &m, &how);
    const struct edgel_object_result *c = edgel_summary_objects(&s)->classes;
    assert_int_equal(edgel_summary_objects(&s)->nclasses, 3);
    assert_true(c[0].truth == 2 && c[0].prediction == 3 && c[0].passed == 1 && c[0].tp == 2 && c[0].fp == 0);
    assert_true(c[0].scores.pq == 1 && c[0].scores.precision[9] == 1);
    assert_true(c[1].id == 2 && c[1].fn == 1 && c[1].scores.pq == 0 && c[1].scores.sq == 0);
    assert_true(isnan(c[1].scores.precision[0]) && c[1].scores.recall[0] == 0);
    assert_true(c[2].id == 3 && c[2].fp == 1 && c[2].fn == 1 && !c[2].in_mean);
    assert_true(edgel_summary_objects(&s)->mean.pq == 0.5);
    edgel_summary_finish(&s);
}

/* A prediction with half of it in void pairs at IoU 0.5; below the threshold it is passed over. */
static void excused_pairs_are_no_mistakes(void **state)
{
    (void)state;
    struct edgel_object_pair pair = { 1, 1, 3, 6, { 0, 0, 6, 1 }, { 0, 0, 6, 1 }, true };
    struct edgel_object_counts c = { 1, 1, 1, 0, &pair, 1 };
    struct edgel_row row = { .w = 20, .h = 1, .counts[EDGEL_OBJECTS] = &(struct edgel_object_list){ &c, 1 } };
    struct edgel_measure m = measure_defaults();
    struct edgel_reducer *r;
    struct edgel_summary s;
    m.labels = EDGEL_LABELS_IDS;
    ask(&m, "objects", EDGEL_OBJECTS_IDS);
    assert_int_equal(edgel_reducer_create(&m, &plain, "p", &r, NULL), EDGEL_OK);
    assert_int_equal(edgel_reducer_add(r, &row, NULL), EDGEL_OK);
    assert_int_equal(edgel_reducer_summary(r, &s, NULL), EDGEL_OK);
    assert_true(edgel_summary_objects(&s)->classes[0].fp == 0 &&
                edgel_summary_objects(&s)->classes[0].fn == 1);
    assert_true(edgel_summary_objects(&s)->mean.precision[0] == 1 &&
                isnan(edgel_summary_objects(&s)->mean.precision[1]) &&
                edgel_summary_objects(&s)->mean.recall[1] == 0);
    edgel_summary_finish(&s);
    edgel_reducer_destroy(&r);
    assert_int_equal(edgel_alloc_live(), 0);
}

static void what_agrees_is_perfect(void **state)
{
    (void)state;
    static struct plane p;
    struct edgel_measure m = measure_defaults();
    m.labels = EDGEL_LABELS_IDS;
    for (int round = 0; round < 200; round++) {
        char text[PIXELS];
        ask(&m, "objects", rnd(2) ? EDGEL_OBJECTS_IDS : EDGEL_OBJECTS_COMPONENTS);
        fill_plane(&p, 1 + (int)rnd(SIDE), 1 + (int)rnd(SIDE), 5, false);
        for (int i = 0; i < p.w * p.h; i++)
            text[i] = (char)('0' + p.id[i]);
        struct edgel_row row = measure(text, text, p.w, p.h, &m);
        struct edgel_summary s = reduce(&row, 1, &m, &plain);
        const struct edgel_object_scores *v = &edgel_summary_objects(&s)->mean;
        if (edgel_summary_objects(&s)->nclasses == 0)
            assert_true(isnan(v->pq));
        else
            assert_true(v->pq == 1 && v->sq == 1 && v->rq == 1 && v->mean_precision == 1 &&
                        v->mean_recall == 1 && v->box_iou == 1 && v->box_giou == 1 && v->box_diou == 1 &&
                        v->box_ciou == 1);
        edgel_summary_finish(&s);
    }
    assert_int_equal(edgel_alloc_live(), 0);
}

/* Truth and prediction change places: so do precision and recall, PQ stays. */
static void sides_are_symmetric(void **state)
{
    (void)state;
    static struct plane a, b;
    struct edgel_measure m = measure_defaults();
    m.labels = EDGEL_LABELS_IDS;
    for (int round = 0; round < 200; round++) {
        char texts[2][PIXELS];
        ask(&m, "objects", rnd(2) ? EDGEL_OBJECTS_IDS : EDGEL_OBJECTS_COMPONENTS);
        fill_plane(&a, 1 + (int)rnd(SIDE), 1 + (int)rnd(SIDE), 6, false);
        spoil(&a, &b, 6);
        for (int i = 0; i < a.w * a.h; i++) {
            texts[0][i] = (char)('0' + a.id[i]);
            texts[1][i] = (char)('0' + b.id[i]);
        }
        struct edgel_row there = measure(texts[0], texts[1], a.w, a.h, &m);
        struct edgel_row back = measure(texts[1], texts[0], a.w, a.h, &m);
        struct edgel_summary s = reduce(&there, 1, &m, &plain), t = reduce(&back, 1, &m, &plain);
        assert_int_equal(edgel_summary_objects(&s)->nclasses, edgel_summary_objects(&t)->nclasses);
        for (size_t i = 0; i < edgel_summary_objects(&s)->nclasses; i++) {
            const struct edgel_object_result *x = &edgel_summary_objects(&s)->classes[i],
                                             *y = &edgel_summary_objects(&t)->classes[i];
            assert_true(x->tp == y->tp && x->fp == y->fn && x->fn == y->fp);
            assert_true(fabs(x->scores.pq - y->scores.pq) < 1e-12);
            for (int k = 0; k < EDGEL_OBJECT_IOUS; k++) {
                const double p = x->scores.precision[k], r = y->scores.recall[k];
                assert_true((isnan(p) && isnan(r)) || p == r);
                assert_true(k == 0 || isnan(p) || p <= x->scores.precision[k - 1]);
                assert_true(isnan(p) || (p >= 0 && p <= 1));
            }
        }
        edgel_summary_finish(&s);
        edgel_summary_finish(&t);
    }
    assert_int_equal(edgel_alloc_live(), 0);
}

/* --- counts --- */

static void check_says(const char *text, const char *rule)
{
    struct edgel_measure m = measure_defaults();
    struct edgel_cell cells[] = { { 0, 0, 8 }, { 1, 1, 4 } };
    struct edgel_row row = { .w = 4,
                             .h = 3,
                             .counts[EDGEL_PIXELS] = &(struct edgel_pixels_counts){ 12, cells, 2 } };
    struct edgel_json *doc;
    struct edgel_error err = { 0 };
    m.labels = EDGEL_LABELS_IDS;
    ask(&m, "objects", strstr(text, "off") ? EDGEL_OBJECTS_NONE : EDGEL_OBJECTS_COMPONENTS);
    row.kind = strstr(text, "missing") ? EDGEL_ROW_MISSING : EDGEL_ROW_MEASURED;
    assert_int_equal(edgel_json_parse(text, strlen(text), "here", &doc, NULL), EDGEL_OK);
    enum edgel_status st = edgel_family_read(EDGEL_OBJECTS, doc, "here", &m, &row, &err);
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
        { "{\"objects\":[[1,2,1,0,[[1,1,2,4,0,0,2,1,0,0,4,1,0]]]]}", NULL },
        { "{\"objects\":[[1,2,1,1,[]],[7,0,2,2,[]]]}", NULL }, /* objects of 7 in void */
        { "{\"objects\":[[1,2,0,0,[]]],\"missing\":1}", NULL },
        { "{\"objects\":[[1,2,1,0,[]]],\"missing\":1}", "what is missing" },
        { "{\"objects\":[[1,2,1,0,[]]],\"off\":1}", "first line has none" },
        { "{\"objects\":7}", "list" },
        { "{\"objects\":[7]}", "an entry is" },
        { "{\"objects\":[[1,2,1,0]]}", "an entry is" },
        { "{\"objects\":[[1,2,1,0,0]]}", "an entry is" },
        { "{\"objects\":[[1,2,-1,0,[]]]}", "whole" },
        { "{\"objects\":[[1,2,2147483648,0,[]]]}", "whole" },
        { "{\"objects\":[[1,2,1,0,[[1]]]]}", "13" },
        { "{\"objects\":[[1,2,1,0,[[1,1,2,4,0,0,2,1,0,0,4,1,2]]]]}", "13" },
        { "{\"objects\":[[1,2,1,0,[[1,1,2,4,0,0,2,1,0,0,4,2147483648,0]]]]}", "13" },
        { "{\"objects\":[[1,2,1,0,[[1,1,2,4,0,-1,2,1,0,0,4,1,0]]]]}", "13" },
        { "{\"objects\":[[1,1,2,0,[[1,1,2,4,0,0,2,1,0,0,4,1,0],[2,2,2,4,0,0,2,1,0,0,4,1,0]]]]}",
          "some of the objects" },
        { "{\"objects\":[[1,2,1,0,[[1,1,2,4,0,0,2,1,0,0,4,1,0],[2,2,2,4,0,0,2,1,0,0,4,1,0]]]]}",
          "some of the objects" },
        { "{\"objects\":[[1,2,1,1,[[1,1,2,4,0,0,2,1,0,0,4,1,0]]]]}", "some of the objects" },
        { "{\"objects\":[[1,0,0,0,[]]]}", "some of the objects" },
        { "{\"objects\":[[0,2,1,0,[]]]}", "classes 1 to" },
        { "{\"objects\":[[65536,2,1,0,[]]]}", "classes 1 to" },
        { "{\"objects\":[[1,5,1,0,[]]]}", "pixels of their class" },
        { "{\"objects\":[[2,1,1,0,[]]]}", "pixels of their class" },
        { "{\"objects\":[[2,0,1,0,[]],[1,2,1,0,[]]]}", "classes must rise" },
        { "{\"objects\":[[1,2,1,0,[]],[1,2,1,0,[]]]}", "classes must rise" },
        { "{\"objects\":[[1,0,1,0,[]]]}", "must have components" },
        { "{\"objects\":[[1,1,0,0,[]]]}", "must have components" },
        { "{\"objects\":[]}", "must have components" },
        { "{\"objects\":[[1,2,1,0,[[1,1,2,4,0,0,2,1,0,0,5,1,0]]]]}", "boxes" },
        { "{\"objects\":[[1,2,1,0,[[1,1,2,4,0,0,2,4,0,0,4,1,0]]]]}", "boxes" },
        { "{\"objects\":[[1,2,1,0,[[1,1,2,4,2,0,2,1,0,0,4,1,0]]]]}", "boxes" },
        { "{\"objects\":[[1,2,1,0,[[1,1,2,4,0,1,2,1,0,0,4,1,0]]]]}", "boxes" },
        { "{\"objects\":[[1,2,1,0,[[1,1,3,4,0,0,2,1,0,0,4,1,0]]]]}", "both boxes" },
        { "{\"objects\":[[1,2,1,0,[[1,1,2,5,0,0,2,1,0,0,4,1,0]]]]}", "IoU" },
        { "{\"objects\":[[1,2,1,0,[[1,1,2,1,0,0,2,1,0,0,4,1,0]]]]}", "IoU" },
        { "{\"objects\":[[1,2,1,0,[[1,1,0,0,0,0,2,1,0,0,4,1,0]]]]}", "IoU" },
        { "{\"objects\":[[1,2,1,0,[[1,1,12,13,0,0,4,3,0,0,4,3,0]]]]}", "IoU" },
        { "{\"objects\":[[1,2,2,0,[[2,1,2,4,0,0,2,1,0,0,4,1,0],[2,2,2,4,0,0,2,1,0,0,4,1,0]]]]}",
          "ids of the truth" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_says(cases[i][0], cases[i][1]);
    assert_int_equal(edgel_alloc_live(), 0);
}

static void no_memory_is_an_error(void **state)
{
    (void)state;
    static struct plane a, b;
    fill_plane(&a, SIDE, SIDE, 4, true);
    spoil(&a, &b, 4);
    for (int mode = 0; mode < 2; mode++) {
        long k = 0;
        for (enum edgel_status st = EDGEL_ENOMEM; st != EDGEL_OK; k++) {
            struct edgel_object_set t = { 0 }, p = { 0 };
            struct edgel_object_counts *v = NULL;
            size_t n = 0;
            edgel_alloc_fail_after(k);
            st = (mode ? edgel_objects_of_ids : edgel_objects_of_components)(a.id, SIDE, SIDE, false, &t,
                                                                             NULL);
            if (st == EDGEL_OK)
                st = (mode ? edgel_objects_of_ids : edgel_objects_of_components)(b.id, SIDE, SIDE, false, &p,
                                                                                 NULL);
            if (st == EDGEL_OK)
                st = edgel_objects_match(&t, &p, &v, &n, NULL);
            edgel_alloc_fail_after(-1);
            assert_true(st == EDGEL_OK || (st == EDGEL_ENOMEM && !v && n == 0));
            edgel_objects_free(v, n);
            edgel_object_set_finish(&t);
            edgel_object_set_finish(&p);
            assert_int_equal(edgel_alloc_live(), 0);
        }
        assert_true(k > 15);
    }
}

static void no_memory_to_reduce_is_an_error(void **state)
{
    (void)state;
    struct edgel_measure m = measure_defaults();
    long k = 0;
    m.labels = EDGEL_LABELS_IDS;
    ask(&m, "objects", EDGEL_OBJECTS_COMPONENTS);
    for (enum edgel_status st = EDGEL_ENOMEM; st != EDGEL_OK; k++) {
        struct edgel_row row = measure("1102200", "1100330", 7, 1, &m);
        struct edgel_class_result *results = NULL;
        struct edgel_reducer *r = NULL;
        struct edgel_summary s = { 0 };
        size_t n = 0;
        edgel_alloc_fail_after(k);
        st = edgel_reducer_create(&m, &plain, "p", &r, NULL);
        if (st == EDGEL_OK)
            st = edgel_reducer_add(r, &row, NULL);
        if (st == EDGEL_OK)
            st = edgel_reducer_summary(r, &s, NULL);
        if (st == EDGEL_OK)
            st = edgel_row_scores(&row, &m, &plain, &results, &n, NULL);
        edgel_alloc_fail_after(-1);
        edgel_class_results_free(results, n);
        edgel_summary_finish(&s);
        edgel_reducer_destroy(&r);
        edgel_row_finish(&row);
        assert_int_equal(edgel_alloc_live(), 0);
    }
    assert_true(k > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(components_are_what_a_flood_fills),
        cmocka_unit_test(ids_are_values),
        cmocka_unit_test(matching_is_its_definition),
        cmocka_unit_test(thresholds_and_panoptic_quality),
        cmocka_unit_test(classes_void_and_mean),
        cmocka_unit_test(excused_pairs_are_no_mistakes),
        cmocka_unit_test(what_agrees_is_perfect),
        cmocka_unit_test(sides_are_symmetric),
        cmocka_unit_test(each_rule_refuses),
        cmocka_unit_test(no_memory_is_an_error),
        cmocka_unit_test(no_memory_to_reduce_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
