/* Counts files: what is written reads back and reduces to the same bits; what is damaged is refused by its rule. */
#include "eval/eval_priv.h"
#include "eval_defaults.h"
#include "eval_masks.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[64];

static void write_file(const char *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static char *read_text(void)
{
    static char text[1 << 20];
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t n = fread(text, 1, sizeof text - 1, f);
    text[n] = '\0';
    assert_int_equal(fclose(f), 0);
    return text;
}

/* Reads everything; the number of rows, or -1 with err set. */
static int read_all(struct edgel_error *err)
{
    struct edgel_counts_reader *r;
    int n = 0;
    if (edgel_counts_open(path, &r, err) != EDGEL_OK) {
        assert_null(r);
        return -1;
    }
    bool more = true;
    enum edgel_status st = EDGEL_OK;
    while (st == EDGEL_OK && more) {
        struct edgel_row row;
        st = edgel_counts_next(r, &row, &more, err);
        n += st == EDGEL_OK && more;
        edgel_row_finish(&row);
    }
    edgel_counts_close(&r);
    return st == EDGEL_OK ? n : -1;
}

enum { ROWS = 8 };

struct run {
    struct edgel_counts_header header;
    struct edgel_row rows[ROWS];
    int n;
};

static bool everything; /* is measured */

static void measure_run(struct run *run, enum edgel_labels labels, int thresholds, double tolerance)
{
    static const char *const names[] = { "canny", "so\"bel\xff" };
    static const char *const images[ROWS] = { "a/b", "a/c", "d\xc3\xa9\xfe/\\x", "e/a", "a/b", "a/c",
                                              "a/d", "b/e" };
    static const int32_t ignore[] = { 9 };
    static const int ids[] = { 0, 1, 4, 9 }, truth2[] = { 0, 255, 9 }, soft[] = { 0, 30, 99, 180, 255 };
    const bool bin = labels == EDGEL_LABELS_BINARY;
    *run = (struct run){ .n = ROWS };
    run->header.measure = measure_defaults();
    run->header.reduce = reduce_defaults();
    struct edgel_measure *m = &run->header.measure;
    m->labels = labels;
    m->threshold = 0.1;
    m->thresholds = thresholds;
    ask(m, "tolerance", tolerance < 0 ? NAN : tolerance);
    ask(m, "distances", everything || rnd(2));
    ask(m, "band", everything || rnd(2) ? 0.05 : NAN);
    ask(m, "davis", everything || rnd(2));
    ask(m, "objects", everything || rnd(2) ? EDGEL_OBJECTS_COMPONENTS : EDGEL_OBJECTS_NONE);
    m->ignore = run->header.reduce.ignore = ignore;
    m->nignore = run->header.reduce.nignore = 1;
    run->header.reduce.missing = EDGEL_MISSING_WORST;
    run->header.reduce.reduce = EDGEL_REDUCE_IMAGE;
    run->header.predictions = names;
    run->header.npredictions = 2;
    for (int i = 0; i < ROWS; i++) {
        struct edgel_row *row = &run->rows[i];
        struct edgel_image t, p;
        init_image(&t, 12, 9, 1, EDGEL_U8);
        init_image(&p, 12, 9, 1, EDGEL_U8);
        fill_blocks(&t, bin ? truth2 : ids, bin ? 3 : 4);
        fill_blocks(&p, bin ? soft : ids, bin ? 5 : 4);
        struct edgel_mask tm = mask_of(&t, 8), pm = mask_of(&p, 8);
        if (i == 6)
            *row = (struct edgel_row){ .kind = EDGEL_ROW_FAILED };
        else
            assert_int_equal(edgel_measure_image(m, i == 3 ? NULL : &pm, false, &tm, 1, NULL, row, NULL),
                             EDGEL_OK);
        row->prediction = i >= ROWS / 2;
        row->image = edgel_strdup(images[i]);
        assert_non_null(row->image);
        edgel_image_finish(&t);
        edgel_image_finish(&p);
    }
}

static void finish_run(struct run *run)
{
    for (int i = 0; i < run->n; i++)
        edgel_row_finish(&run->rows[i]);
}

static void write_run(const struct run *run)
{
    struct edgel_output *out;
    assert_int_equal(edgel_output_begin(path, &out, NULL), EDGEL_OK);
    assert_int_equal(edgel_counts_write_header(out, &run->header, NULL), EDGEL_OK);
    for (int i = 0; i < run->n; i++)
        assert_int_equal(edgel_counts_write_row(out, &run->rows[i], NULL), EDGEL_OK);
    assert_int_equal(edgel_output_commit(&out, NULL), EDGEL_OK);
}

static void same_bits(double a, double b)
{
    assert_memory_equal(&a, &b, sizeof a);
}

static void same_davis(const struct edgel_davis_result *a, const struct edgel_davis_result *b)
{
    assert_true(a->nobjects == b->nobjects && a->sequences == b->sequences);
    assert_memory_equal(&a->j, &b->j, sizeof a->j);
    assert_memory_equal(&a->f, &b->f, sizeof a->f);
    for (size_t i = 0; i < a->nobjects; i++) {
        assert_memory_equal(&a->objects[i].j, &b->objects[i].j, sizeof a->j);
        assert_memory_equal(&a->objects[i].f, &b->objects[i].f, sizeof a->f);
    }
}

static void same_objects(const struct edgel_objects_result *a, const struct edgel_objects_result *b)
{
    assert_int_equal(a->nclasses, b->nclasses);
    assert_memory_equal(&a->mean, &b->mean, sizeof a->mean);
    for (size_t i = 0; i < a->nclasses; i++) {
        const struct edgel_object_result *p = &a->classes[i], *q = &b->classes[i];
        assert_true(p->id == q->id && p->truth == q->truth && p->prediction == q->prediction &&
                    p->passed == q->passed && p->tp == q->tp && p->fp == q->fp && p->fn == q->fn);
        assert_memory_equal(&p->scores, &q->scores, sizeof p->scores);
    }
}

static void same_pixels(const struct edgel_pixels_result *a, const struct edgel_pixels_result *b)
{
    assert_true(a->pixels == b->pixels && a->nclasses == b->nclasses && a->nmatrix == b->nmatrix &&
                a->empty_touched == b->empty_touched && a->ignored_predicted == b->ignored_predicted);
    assert_memory_equal(&a->mean, &b->mean, sizeof a->mean);
    for (size_t i = 0; i < a->nclasses; i++) {
        const struct edgel_class_result *p = &a->classes[i], *q = &b->classes[i];
        assert_true(p->id == q->id && p->tp == q->tp && p->fp == q->fp && p->fn == q->fn && p->tn == q->tn);
        assert_memory_equal(&p->scores, &q->scores, sizeof p->scores);
    }
    same_bits(a->accuracy, b->accuracy);
    same_bits(a->kappa, b->kappa);
    same_bits(a->fwiou, b->fwiou);
    if (a->nmatrix)
        assert_memory_equal(a->matrix, b->matrix, a->nmatrix * a->nmatrix * sizeof *a->matrix);
}

static void same_summaries(const struct edgel_summary *a, const struct edgel_summary *b)
{
    assert_true(a->images == b->images && a->missing == b->missing && a->failed == b->failed);
    same_pixels(edgel_summary_pixels(a), edgel_summary_pixels(b));
    const struct edgel_distances_result *d = edgel_summary_distances(a), *e = edgel_summary_distances(b);
    assert_int_equal(d->n, e->n);
    for (size_t i = 0; i < d->n; i++)
        assert_memory_equal(&d->classes[i], &e->classes[i], sizeof d->classes[i]);
    const struct edgel_bands_result *f = edgel_summary_bands(a), *g = edgel_summary_bands(b);
    assert_int_equal(f->n, g->n);
    same_bits(f->mean, g->mean);
    for (size_t i = 0; i < f->n; i++) {
        const struct edgel_band_counts *p = &f->classes[i].counts, *q = &g->classes[i].counts;
        assert_true(p->truth == q->truth && p->prediction == q->prediction && p->both == q->both);
        same_bits(f->classes[i].iou, g->classes[i].iou);
    }
    const struct edgel_tolerance_result *t = edgel_summary_tolerance(a), *u = edgel_summary_tolerance(b);
    assert_int_equal(t->n, u->n);
    for (size_t i = 0; i < t->n; i++)
        assert_memory_equal(&t->classes[i], &u->classes[i], sizeof t->classes[i]);
    same_davis(edgel_summary_davis(a), edgel_summary_davis(b));
    same_objects(edgel_summary_objects(a), edgel_summary_objects(b));
    same_bits(edgel_summary_curve(a)->ods.f1, edgel_summary_curve(b)->ods.f1);
    same_bits(edgel_summary_curve(a)->ois.f1, edgel_summary_curve(b)->ois.f1);
    same_bits(edgel_summary_curve(a)->ap, edgel_summary_curve(b)->ap);
    same_bits(edgel_summary_curve(a)->auc, edgel_summary_curve(b)->auc);
    same_bits(edgel_summary_curve(a)->ap_error, edgel_summary_curve(b)->ap_error);
    same_bits(edgel_summary_curve(a)->auc_error, edgel_summary_curve(b)->auc_error);
    assert_int_equal(edgel_summary_curve(a)->coarse, edgel_summary_curve(b)->coarse);
}

static void check_header(const struct edgel_counts_header *a, const struct edgel_counts_header *b)
{
    assert_int_equal(edgel_measure_agree(&a->measure, &b->measure, NULL), EDGEL_OK);
    assert_true(a->reduce.reduce == b->reduce.reduce && a->reduce.empty == b->reduce.empty &&
                a->reduce.missing == b->reduce.missing && a->reduce.nignore == b->reduce.nignore &&
                a->reduce.nexclude == b->reduce.nexclude && a->npredictions == b->npredictions);
    for (size_t i = 0; i < a->npredictions; i++)
        assert_string_equal(a->predictions[i], b->predictions[i]);
    assert_int_equal(a->reduce.nnsd, b->reduce.nnsd);
    for (size_t i = 0; i < a->reduce.nnsd; i++)
        assert_true(a->reduce.nsd_tolerance[i] == b->reduce.nsd_tolerance[i]);
}

static void what_is_written_reduces_to_the_same_bits(void **state)
{
    (void)state;
    for (int round = 0; round < 40; round++) {
        const bool bin = rnd(2);
        struct run run;
        measure_run(&run, bin ? EDGEL_LABELS_BINARY : EDGEL_LABELS_IDS, bin && rnd(2) ? 1 + (int)rnd(40) : 0,
                    rnd(2) ? 1.5 : -1);
        write_run(&run);
        struct edgel_counts_reader *r;
        assert_int_equal(edgel_counts_open(path, &r, NULL), EDGEL_OK);
        const struct edgel_counts_header *h = edgel_counts_header_of(r);
        check_header(&run.header, h);
        struct edgel_reducer *direct, *later;
        assert_int_equal(edgel_reducer_create(&run.header.measure, &run.header.reduce, "p", &direct, NULL),
                         EDGEL_OK);
        assert_int_equal(edgel_reducer_create(&h->measure, &h->reduce, "p", &later, NULL), EDGEL_OK);
        for (int i = 0; i < run.n; i++) {
            struct edgel_row row;
            bool more;
            assert_int_equal(edgel_counts_next(r, &row, &more, NULL), EDGEL_OK);
            assert_true(more && row.kind == run.rows[i].kind && row.prediction == run.rows[i].prediction);
            assert_string_equal(row.image, run.rows[i].image);
            assert_int_equal(edgel_reducer_add(direct, &run.rows[i], NULL), EDGEL_OK);
            assert_int_equal(edgel_reducer_add(later, &row, NULL), EDGEL_OK);
            edgel_row_finish(&row);
        }
        struct edgel_row row;
        bool more = true;
        assert_int_equal(edgel_counts_next(r, &row, &more, NULL), EDGEL_OK);
        assert_false(more);
        struct edgel_summary a, b;
        assert_int_equal(edgel_reducer_summary(direct, &a, NULL), EDGEL_OK);
        assert_int_equal(edgel_reducer_summary(later, &b, NULL), EDGEL_OK);
        same_summaries(&a, &b);
        assert_true(a.missing == 1 && a.failed == 1 && a.images == ROWS - 1);
        edgel_summary_finish(&a);
        edgel_summary_finish(&b);
        edgel_reducer_destroy(&direct);
        edgel_reducer_destroy(&later);
        edgel_counts_close(&r);
        finish_run(&run);
    }
    assert_int_equal(edgel_alloc_live(), 0);
}

static void headers_carry_everything(void **state)
{
    (void)state;
    static const int32_t ignore[] = { 3, 255 }, exclude[] = { 0 };
    static const char *const names[] = { "one" };
    char sky[] = "sky", road[] = "road \"B\"";
    struct edgel_class list[] = { { 0, sky }, { 65535, road } };
    struct edgel_color colors[] = { { 1, 2, 255, 65535 } };
    const struct edgel_classes classes = { list, 2 };
    const struct edgel_colors c = { colors, 1 };
    struct edgel_counts_header h = {
        { .labels = EDGEL_LABELS_IDS,
          .threshold = 0.30000000000000004,
          .ignore = ignore,
          .nignore = 2,
          .valid = true,
          .annotator = EDGEL_ANNOTATOR_INDEX,
          .annotator_index = 4,
          .colors = &c },
        { .reduce = EDGEL_REDUCE_POOLED,
          .empty = EDGEL_EMPTY_ONE,
          .missing = EDGEL_MISSING_SKIP,
          .ignore = ignore,
          .nignore = 2,
          .exclude_from_mean = exclude,
          .nexclude = 1,
          .classes = &classes,
          .nsd_tolerance = { 0.5, 3 },
          .nnsd = 2 },
        names,
        1,
        { 2, 3, 10, 77 },
        0,
        { .lenient = true, .unoriented = true, .max_scans = 7, .max_file_bytes = UINT64_C(1) << 40 },
    };
    struct edgel_measure defaults;
    edgel_measure_init(&defaults);
    memcpy(h.measure.options, defaults.options, sizeof defaults.options);
    ask(&h.measure, "tolerance", 2.25);
    ask(&h.measure, "distances", 1);
    struct run run = { .header = h };
    write_run(&run);
    struct edgel_counts_reader *r;
    assert_int_equal(edgel_counts_open(path, &r, NULL), EDGEL_OK);
    const struct edgel_counts_header *g = edgel_counts_header_of(r);
    check_header(&h, g);
    assert_memory_equal(&g->shard, &h.shard, sizeof h.shard);
    assert_memory_equal(&g->reading, &h.reading, sizeof h.reading);
    assert_true(g->reduce.ignore[1] == 255 && g->reduce.exclude_from_mean[0] == 0 &&
                edgel_measure_value(&g->measure, "tolerance") == 2.25 && g->measure.annotator_index == 4 &&
                g->measure.colors->v[0].id == 65535 && g->measure.valid);
    assert_string_equal(g->reduce.classes->v[1].name, "road \"B\"");
    struct edgel_measure other[8];
    for (int i = 0; i < 8; i++)
        other[i] = h.measure;
    other[0].labels = EDGEL_LABELS_BINARY;
    other[1].threshold = 0.3;
    other[2].thresholds = 1;
    ask(&other[3], "tolerance", NAN);
    other[4].nignore = 1;
    other[5].valid = false;
    other[6].annotator_index = 3;
    other[7].colors = NULL;
    for (int i = 0; i < 8; i++)
        assert_int_equal(edgel_measure_agree(&other[i], &g->measure, NULL), EDGEL_EFORMAT);
    edgel_counts_close(&r);
    assert_int_equal(edgel_alloc_live(), 0);
}

#define MEASURE                                                                                                \
    "{\"labels\":\"ids\",\"threshold\":0.5,\"thresholds\":0,\"tolerance\":null,\"ignore\":[],\"valid\":false," \
    "\"annotator\":\"none\",\"colors\":null}"
#define REDUCE                                                                                               \
    "{\"reduce\":\"pooled\",\"empty\":\"nan\",\"missing\":\"error\",\"ignore\":[],\"exclude_from_mean\":[]," \
    "\"classes\":null}"
#define HEAD(measure, reduce) \
    "{\"schema\":\"edgel.counts/1\",\"measure\":" measure ",\"reduce\":" reduce ",\"predictions\":[\"p\"]}\n"
#define TOLD(rows)                                                              \
    "{\"schema\":\"edgel.counts/1\",\"measure\":" MEASURE ",\"reduce\":" REDUCE \
    ",\"predictions\":[\"p\"],\"rows\":" rows "}\n"
#define SOFT                                                                                                    \
    "{\"labels\":\"binary\",\"threshold\":0.5,\"thresholds\":2,\"tolerance\":1,\"ignore\":[9],\"valid\":false," \
    "\"annotator\":\"none\",\"colors\":null}"
#define ROW(counts)  "{\"prediction\":0,\"image\":\"a\",\"kind\":\"measured\"," counts "}\n"
#define CELLS(cells) ROW("\"width\":2,\"height\":2,\"pixels\":4,\"cells\":" cells)
#define OF(image)    "{\"prediction\":0,\"image\":\"" image "\",\"kind\":\"failed\"}\n"
#define SOFTROW(curve, tolerance)                                                                              \
    ROW("\"width\":3,\"height\":2,\"pixels\":6,\"cells\":[[0,0,1],[0,1,1],[1,0,1],[1,1,2],[9,1,1]],\"curve\":" \
        "{\"positives\":3,\"negatives\":2," curve "},\"tolerance\":" tolerance)
#define EXACT                                                                                                    \
    "{\"labels\":\"binary\",\"threshold\":0.5,\"thresholds\":2,\"levels\":65536,\"tolerance\":1,\"ignore\":[9]," \
    "\"valid\":false,\"annotator\":\"none\",\"colors\":null}"
#define LEVELROW(curve, levels) SOFTROW(curve ",\"levels\":" levels, "[[1,2,3,2,3]]")
#define LEVELS                  "[[0,1,1],[30000,1,1],[50000,0,1]]"
#define CURVE                   "\"tp\":[2,1],\"fp\":[1,0]"

static void each_rule_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *rule; /* NULL: accepted */
    } t[] = {
        { HEAD(MEASURE, REDUCE), NULL },
        { HEAD(MEASURE, REDUCE) CELLS("[[0,0,1],[0,7,2],[3,-1,1]]"), NULL },
        { HEAD(MEASURE, REDUCE) CELLS("[[0,0,4]],\"later\":{\"x\":[1]}"), NULL },
        { HEAD(SOFT, REDUCE) SOFTROW(CURVE, "[[1,2,3,2,3]]"), NULL },
        { "", "empty" },
        { "{}\n", "schema" },
        { "[]\n", "schema" },
        { "nonsense\n", "JSON" },
        { "{\"schema\":\"edgel.counts/3\"}\n", "schema" },
        { "{\"schema\":\"edgel.counts/1\"}\n", "labels" },
        { HEAD("7", REDUCE), "labels" },
        { HEAD(MEASURE, "{}"), "reduce" },
        { HEAD("{\"labels\":\"auto\"}", REDUCE), "labels" },
        { HEAD("{\"labels\":\"ids\",\"threshold\":1.5}", REDUCE), "threshold" },
        { HEAD("{\"labels\":\"ids\",\"threshold\":1,\"thresholds\":3,\"tolerance\":null}", REDUCE), "swept" },
        { HEAD("{\"labels\":\"binary\",\"threshold\":1,\"thresholds\":1e9}", REDUCE), "thresholds" },
        { HEAD("{\"labels\":\"binary\",\"threshold\":1,\"thresholds\":65536}", REDUCE), "thresholds" },
        { HEAD("{\"labels\":\"ids\",\"threshold\":1,\"thresholds\":0,\"tolerance\":-1}", REDUCE),
          "tolerance" },
        { HEAD("{\"labels\":\"ids\",\"threshold\":1,\"thresholds\":0,\"tolerance\":1,\"ignore\":[65536]}",
               REDUCE),
          "ignore" },
        { "{\"schema\":\"edgel.counts/1\",\"measure\":" MEASURE ",\"reduce\":" REDUCE
          ",\"predictions\":[]}\n",
          "predictions" },
        { "{\"schema\":\"edgel.counts/1\",\"measure\":" MEASURE ",\"reduce\":" REDUCE
          ",\"predictions\":[1]}\n",
          "predictions" },
        { HEAD(MEASURE, REDUCE) "{\"prediction\":1,\"image\":\"a\",\"kind\":\"failed\"}\n", "prediction" },
        { HEAD(MEASURE, REDUCE) "{\"prediction\":-1,\"image\":\"a\",\"kind\":\"failed\"}\n", "prediction" },
        { HEAD(MEASURE, REDUCE) "{\"prediction\":0,\"image\":3,\"kind\":\"failed\"}\n", "image" },
        { HEAD(MEASURE, REDUCE) "{\"prediction\":0,\"image\":\"a\",\"kind\":\"odd\"}\n", "kind" },
        { HEAD(MEASURE, REDUCE) "{\"prediction\":0,\"image\":\"a\",\"kind\":\"failed\",\"cells\":[]}\n",
          "failed" },
        { HEAD(MEASURE, REDUCE) "{\"prediction\":0,\"image\":\"a\",\"kind\":\"measured\"}\n", "width" },
        { HEAD(MEASURE, REDUCE) "{\"prediction\":0,\"image\":\"a\",\"kind\":\"failed\"}", "cut off" },
        { TOLD("2") CELLS("[[0,0,4]]") OF("b"), NULL },
        { HEAD(MEASURE, REDUCE) OF("a") OF("b") OF("b/a"), NULL },
        { HEAD(MEASURE, REDUCE) OF("a") OF("a"), ":3: the row of a stands twice" },
        { HEAD(MEASURE, REDUCE) OF("b") OF("a"), ":3: the row of a is out of order" },
        { HEAD(MEASURE, REDUCE) OF("a") OF("b") OF("a"), ":4: the row of a is out of order" },
        { TOLD("2") CELLS("[[0,0,4]]"), "fewer rows" },
        { TOLD("2"), "fewer rows" },
        { TOLD("1") CELLS("[[0,0,4]]") OF("b"), "more rows" },
        { TOLD("0"), "rows" },
        { TOLD("-1"), "rows" },
        { HEAD(MEASURE, REDUCE) "\n", "JSON" },
        { HEAD(MEASURE, REDUCE) ROW("\"width\":2,\"height\":0,\"pixels\":0,\"cells\":[]"), "height" },
        { HEAD(MEASURE, REDUCE) ROW("\"width\":2,\"height\":2,\"pixels\":5,\"cells\":[[0,0,5]]"), "at most" },
        { HEAD(MEASURE, REDUCE) ROW("\"width\":2,\"height\":2,\"pixels\":-4,\"cells\":[]"), "pixels" },
        { HEAD(MEASURE, REDUCE) CELLS("[[0,0,3]]"), "sum" },
        { HEAD(MEASURE, REDUCE) CELLS("[[0,0,5]]"), "sum" },
        { HEAD(MEASURE, REDUCE) CELLS("[[0,0,0],[0,1,4]]"), "above 0" },
        { HEAD(MEASURE, REDUCE) CELLS("[[0,0,-4]]"), "cells" },
        { HEAD(MEASURE, REDUCE) CELLS("[[0,0,2.5]]"), "whole" },
        { HEAD(MEASURE, REDUCE) CELLS("[[0,0,99999999999999999999]]"), "whole number" },
        { HEAD(MEASURE, REDUCE) CELLS("[[0,0,9223372036854775807],[0,1,9223372036854775807]]"), "sum" },
        { HEAD(MEASURE, REDUCE) CELLS("[[0,1,2],[0,0,2]]"), "rise" },
        { HEAD(MEASURE, REDUCE) CELLS("[[0,0,2],[0,0,2]]"), "rise" },
        { HEAD(MEASURE, REDUCE) CELLS("[[65536,0,4]]"), "ids" },
        { HEAD(MEASURE, REDUCE) CELLS("[[0,65536,4]]"), "ids" },
        { HEAD(MEASURE, REDUCE) CELLS("[[-1,0,4]]"), "ids" },
        { HEAD(MEASURE, REDUCE) CELLS("[[0,-2,4]]"), "whole" },
        { HEAD(MEASURE, REDUCE) CELLS("[[0,0]]"), "numbers" },
        { HEAD(MEASURE, REDUCE) CELLS("{}"), "list" },
        { HEAD(MEASURE, REDUCE) CELLS("[[0,0,4]],\"curve\":{}"), "curve: the first line" },
        { HEAD(MEASURE, REDUCE) CELLS("[[0,0,4]],\"tolerance\":[[0,0,4,0,4]]"), "tolerance" },
        { HEAD(SOFT, REDUCE) CELLS("[[0,0,4]]"), "positives" },
        { HEAD(SOFT, REDUCE) SOFTROW("\"tp\":[2],\"fp\":[1,0]", "[[1,2,3,2,3]]"), "one entry per threshold" },
        { HEAD(SOFT, REDUCE) SOFTROW("\"tp\":[1,2],\"fp\":[1,0]", "[[1,2,3,2,3]]"), "rise" },
        { HEAD(SOFT, REDUCE) SOFTROW("\"tp\":[4,2],\"fp\":[1,0]", "[[1,2,3,2,3]]"), "rise" },
        { HEAD(SOFT, REDUCE) SOFTROW("\"tp\":[2,-2],\"fp\":[1,0]", "[[1,2,3,2,3]]"), "whole" },
        { HEAD(SOFT, REDUCE) SOFTROW(CURVE, "[]"), "id 1 alone" },
        { HEAD(SOFT, REDUCE) SOFTROW(CURVE, "[[1,4,3,2,3]]"), "exceed" },
        { HEAD(SOFT, REDUCE) SOFTROW(CURVE, "[[1,1,2,2,3]]"), "totals" },
        { HEAD(SOFT, REDUCE) SOFTROW(CURVE, "[[0,1,3,2,3]]"), "id 1 alone" },
        { HEAD(SOFT, REDUCE) SOFTROW(CURVE, "[[1,1,3,2,3]]"), "agree" },
        { HEAD(SOFT, REDUCE) SOFTROW(CURVE, "[[1,2,3,1,3]]"), "agree" },
        { HEAD(SOFT, REDUCE) LEVELROW(CURVE, LEVELS),
          NULL }, /* levels that the first line does not tell of */
        { HEAD(EXACT, REDUCE) LEVELROW(CURVE, LEVELS), NULL },
        { HEAD(EXACT, REDUCE) LEVELROW(CURVE, LEVELS ",\"binned\":true"), NULL },
        { HEAD(EXACT, REDUCE) LEVELROW(CURVE, LEVELS ",\"binned\":1"), "binned" },
        { HEAD("{\"labels\":\"binary\",\"threshold\":0.5,\"thresholds\":2,\"levels\":256}", REDUCE),
          "levels" },
        { HEAD(EXACT, REDUCE) SOFTROW(CURVE, "[[1,2,3,2,3]]"), "levels: must be a list" },
        { HEAD(EXACT, REDUCE) LEVELROW(CURVE, "[[0,1,1],[30000,1,1],[65536,0,1]]"),
          "levels: are 0 to 65535" },
        { HEAD(EXACT, REDUCE) LEVELROW(CURVE, "[[-1,1,1],[30000,1,1],[50000,0,1]]"), "levels" },
        { HEAD(EXACT, REDUCE) LEVELROW(CURVE, "[[0,1,1],[30000,1],[50000,0,1]]"), "levels: an entry" },
        { HEAD(EXACT, REDUCE) LEVELROW(CURVE, "[[30000,1,1],[0,1,1],[50000,0,1]]"), "levels must rise" },
        { HEAD(EXACT, REDUCE) LEVELROW(CURVE, "[[0,1,1],[0,1,1],[50000,0,1]]"), "levels must rise" },
        { HEAD(EXACT, REDUCE) LEVELROW(CURVE, "[[0,1,1],[30000,1,1]]"), "levels must sum" },
        { HEAD(EXACT, REDUCE) LEVELROW(CURVE, "[[0,1,1],[30000,2,1],[50000,0,1]]"), "levels must sum" },
        { HEAD(EXACT, REDUCE) LEVELROW(CURVE, "[[0,1,1],[21844,1,1],[50000,0,1]]"), "those of the levels" },
        { HEAD(EXACT, REDUCE) LEVELROW(CURVE, "[[0,1,1],[21845,1,1],[43689,0,1]]"), "those of the levels" },
        { HEAD(EXACT, REDUCE) LEVELROW(CURVE, "[[0,1,1],[21845,1,1],[43690,0,1]]"), NULL },
        { HEAD(SOFT, REDUCE) ROW(
              "\"width\":2,\"height\":2,\"pixels\":4,\"cells\":[[0,2,4]],\"curve\":{\"positives\":0,\"negatives\":4,"
              "\"tp\":[0,0],\"fp\":[0,0]},\"tolerance\":[[1,0,0,0,0]]"),
          "binary" },
        { HEAD(SOFT, REDUCE) ROW(
              "\"width\":2,\"height\":2,\"pixels\":4,\"cells\":[[7,1,4]],\"curve\":{\"positives\":0,\"negatives\":4,"
              "\"tp\":[0,0],\"fp\":[0,0]},\"tolerance\":[[1,0,4,0,0]]"),
          "binary" },
        { HEAD(SOFT, REDUCE) ROW(
              "\"width\":2,\"height\":2,\"pixels\":4,\"cells\":[[0,1,4]],\"curve\":{\"positives\":1,\"negatives\":3,"
              "\"tp\":[0,0],\"fp\":[0,0]},\"tolerance\":[[1,0,4,0,0]]"),
          "positives" },
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct edgel_error err = { 0 };
        write_file(t[i].text, strlen(t[i].text));
        int n = read_all(&err);
        if (!t[i].rule) {
            if (n < 0)
                fail_msg("case %zu: refused: %s", i, err.msg);
            continue;
        }
        if (n >= 0 || err.code != EDGEL_EFORMAT || !strstr(err.msg, t[i].rule) || !strstr(err.msg, path))
            fail_msg("case %zu: not refused by '%s': %s", i, t[i].rule, err.msg);
    }
    struct edgel_error err = { 0 };
    write_file(t[7].text, strlen(t[7].text));
    assert_int_equal(read_all(&err), -1);
    assert_non_null(strstr(err.msg, ":1:"));
    assert_int_equal(edgel_alloc_live(), 0);
}

/* Counts with and without levels are not put together, unless there is no sweep. */
static void levels_are_not_mixed(void **state)
{
    (void)state;
    struct edgel_measure a = measure_defaults(), b = measure_defaults();
    struct edgel_error err = { 0 };
    a.labels = b.labels = EDGEL_LABELS_BINARY;
    b.coarse = true;
    assert_int_equal(edgel_measure_agree(&a, &b, NULL), EDGEL_OK);
    a.thresholds = b.thresholds = 5;
    assert_int_equal(edgel_measure_agree(&a, &b, &err), EDGEL_EFORMAT);
    assert_non_null(strstr(err.msg, "levels"));
    for (int coarse = 0; coarse < 2; coarse++) { /* what was written says which it is */
        struct run run;
        measure_run(&run, EDGEL_LABELS_BINARY, 5, -1);
        run.header.measure.coarse = coarse;
        write_run(&run);
        struct edgel_counts_reader *r;
        assert_int_equal(edgel_counts_open(path, &r, NULL), EDGEL_OK);
        assert_int_equal(edgel_counts_header_of(r)->measure.coarse, coarse);
        edgel_counts_close(&r);
        finish_run(&run);
    }
}

static void long_lines_are_refused(void **state)
{
    (void)state;
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    static char letters[1 << 20];
    memset(letters, 'x', sizeof letters);
    for (int i = 0; i < 65; i++)
        assert_int_equal(fwrite(letters, 1, sizeof letters, f), sizeof letters);
    assert_int_equal(fclose(f), 0);
    struct edgel_error err = { 0 };
    assert_int_equal(read_all(&err), -1);
    assert_int_equal(err.code, EDGEL_EFORMAT);
    assert_non_null(strstr(err.msg, "longer"));
    assert_int_equal(edgel_alloc_live(), 0);
}

/* First lines as version 0.1 wrote them, when each family had fields of its own: they are read, and written again with
 * the same "measure". */
static void options_of_before_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *measure, *key;
        double value;
    } t[] = {
        { "{\"labels\":\"binary\",\"threshold\":0.5,\"thresholds\":99,\"tolerance\":null,\"ignore\":[],\"valid\":false,"
          "\"annotator\":\"none\",\"colors\":null,\"boundary\":{\"protocol\":\"bsds\",\"max_dist\":0.01,\"thin\":false,"
          "\"nms\":{\"ratio\":1.03,\"radius\":2}}}",
          "nms_radius", 2 },
        { "{\"labels\":\"binary\",\"threshold\":0.5,\"thresholds\":5,\"tolerance\":null,\"ignore\":[],\"valid\":false,"
          "\"annotator\":3,\"regions\":true,\"listed\":true,\"colors\":null,\"boundary\":{\"protocol\":\"bsds\","
          "\"max_dist\":0.0075,\"thin\":true}}",
          "thin", 1 },
        { "{\"labels\":\"ids\",\"threshold\":0.5,\"thresholds\":0,\"tolerance\":1.5,\"ignore\":[9],\"valid\":true,"
          "\"annotator\":\"none\",\"distances\":true,\"band\":0.02,\"davis\":true,\"objects\":\"components\","
          "\"colors\":[[1,2,3,4]]}",
          "objects", EDGEL_OBJECTS_COMPONENTS },
        { "{\"labels\":\"ids\",\"threshold\":0.5,\"thresholds\":0,\"tolerance\":null,\"ignore\":[],\"valid\":false,"
          "\"annotator\":\"none\",\"objects\":\"mixed\",\"colors\":null}",
          "objects", EDGEL_OBJECTS_MIXED },
        { "{\"labels\":\"ids\",\"threshold\":0.5,\"thresholds\":99,\"tolerance\":null,\"ignore\":[],\"valid\":false,"
          "\"annotator\":\"none\",\"regions\":true,\"colors\":null}",
          "regions", 1 },
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct edgel_bytes again = { 0 };
        struct edgel_output *out;
        struct edgel_counts_reader *r;
        struct edgel_error err = { 0 };
        char text[1024];
        const int n = snprintf(text, sizeof text, HEAD("%s", REDUCE), t[i].measure);
        if (edgel_counts_open_bytes(text, (size_t)n, "old", &r, &err) != EDGEL_OK)
            fail_msg("case %zu: %s", i, err.msg);
        const struct edgel_counts_header *h = edgel_counts_header_of(r);
        assert_true(edgel_measure_value(&h->measure, t[i].key) == t[i].value);
        assert_int_equal(edgel_output_begin_bytes(&again, "again", &out, NULL), EDGEL_OK);
        assert_int_equal(edgel_counts_write_header(out, h, NULL), EDGEL_OK);
        assert_int_equal(edgel_output_commit(&out, NULL), EDGEL_OK);
        const size_t before = strlen("{\"schema\":\"edgel.counts/N\",\"measure\":"),
                     all = strlen(t[i].measure);
        assert_true(again.size > before + all);
        assert_memory_equal((const char *)again.data + before, t[i].measure, all);
        edgel_bytes_finish(&again);
        edgel_counts_close(&r);
    }
    assert_int_equal(edgel_alloc_live(), 0);
}

/* Whatever is accepted must also reduce without harm. */
static void reduce_all(void)
{
    struct edgel_counts_reader *r;
    struct edgel_reducer *reducer;
    if (edgel_counts_open(path, &r, NULL) != EDGEL_OK)
        return;
    const struct edgel_counts_header *h = edgel_counts_header_of(r);
    if (edgel_reducer_create(&h->measure, &h->reduce, "p", &reducer, NULL) == EDGEL_OK) {
        struct edgel_summary s;
        struct edgel_row row;
        bool more = true;
        while (edgel_counts_next(r, &row, &more, NULL) == EDGEL_OK && more) {
            if (edgel_reducer_add(reducer, &row, NULL) != EDGEL_OK)
                more = false;
            edgel_row_finish(&row);
        }
        if (edgel_reducer_summary(reducer, &s, NULL) == EDGEL_OK)
            edgel_summary_finish(&s);
        edgel_reducer_destroy(&reducer);
    }
    edgel_counts_close(&r);
}

static void mutations_do_no_harm(void **state)
{
    (void)state;
    static const char bytes[] = "0123456789-+.,:[]{}\"\\eEnul\n\r\t\0\xff";
    int accepted = 0;
    struct run run[4];
    for (int k = 0; k < 4; k++) {
        everything = k >= 2;
        measure_run(&run[k], k % 2 ? EDGEL_LABELS_IDS : EDGEL_LABELS_BINARY, k % 2 ? 0 : 5,
                    k == 2 ? -1 : 2 - k % 2);
    }
    everything = false;
    const long before = edgel_alloc_live();
    for (int k = 0; k < 4; k++) {
        write_run(&run[k]);
        char *text = read_text();
        const size_t len = strlen(text);
        char *copy = malloc(len + 1);
        assert_non_null(copy);
        for (int round = 0; round < 1000; round++) {
            memcpy(copy, text, len);
            size_t n = len;
            for (uint32_t i = 0, e = 1 + rnd(3); i < e; i++)
                copy[rnd((uint32_t)n)] = bytes[rnd(sizeof bytes - 1)];
            if (rnd(8) == 0)
                n = rnd((uint32_t)n);
            write_file(copy, n);
            accepted += read_all(NULL) >= 0;
            reduce_all();
            assert_int_equal(edgel_alloc_live(), before);
        }
        free(copy);
    }
    for (int k = 0; k < 4; k++)
        finish_run(&run[k]);
    assert_int_equal(edgel_alloc_live(), 0);
    assert_true(accepted > 0 && accepted < 2000);
}

static void allocation_failures_are_reported(void **state)
{
    (void)state;
    struct run run;
    measure_run(&run, EDGEL_LABELS_BINARY, 3, 2);
    write_run(&run);
    const long before = edgel_alloc_live();
    long n = 0;
    for (int rows = -1; rows < 0; n++) {
        struct edgel_error err = { 0 };
        edgel_alloc_fail_after(n);
        rows = read_all(&err);
        edgel_alloc_fail_after(-1);
        assert_true(rows == ROWS || err.code == EDGEL_ENOMEM);
        assert_int_equal(edgel_alloc_live(), before);
    }
    assert_true(n > 30);
    n = 0;
    for (enum edgel_status st = EDGEL_ENOMEM; st != EDGEL_OK; n++) {
        struct edgel_output *out;
        assert_int_equal(edgel_output_begin(path, &out, NULL), EDGEL_OK);
        edgel_alloc_fail_after(n);
        st = edgel_counts_write_header(out, &run.header, NULL);
        if (st == EDGEL_OK)
            st = edgel_counts_write_row(out, &run.rows[0], NULL);
        edgel_alloc_fail_after(-1);
        assert_true(st == EDGEL_OK || st == EDGEL_ENOMEM);
        edgel_output_discard(&out);
        assert_int_equal(edgel_alloc_live(), before);
    }
    assert_true(n > 2);
    finish_run(&run);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_reduces_to_the_same_bits),
        cmocka_unit_test(headers_carry_everything),
        cmocka_unit_test(each_rule_refuses),
        cmocka_unit_test(levels_are_not_mixed),
        cmocka_unit_test(long_lines_are_refused),
        cmocka_unit_test(options_of_before_are_read),
        cmocka_unit_test(mutations_do_no_harm),
        cmocka_unit_test(allocation_failures_are_reported),
    };
    snprintf(path, sizeof path, "test_counts.%ld.jsonl", (long)getpid());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
