/* Table, JSON and CSV of a summary built by hand, so that every figure is known. */
#include "core/core_priv.h"
#include "report/report_priv.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const int32_t ignored[] = { 255 };
static const int32_t excluded[] = { 0 };

static const struct edgel_measure ids_measure = { .labels = EDGEL_LABELS_IDS,
                                                  .threshold = 0.5,
                                                  .options[EDGEL_TOLERANCE] = { NAN },
                                                  .ignore = ignored,
                                                  .nignore = 1 };
static const struct edgel_measure sweep_measure = {
    .labels = EDGEL_LABELS_BINARY,
    .threshold = 0.25,
    .thresholds = 2,
    .options[EDGEL_TOLERANCE] = { 1.5 },
    .valid = true,
    .annotator = EDGEL_ANNOTATOR_INDEX,
    .annotator_index = 3,
};
static const struct edgel_reduce ids_reduce = {
    .reduce = EDGEL_REDUCE_IMAGE,
    .empty = EDGEL_EMPTY_ZERO,
    .missing = EDGEL_MISSING_WORST,
    .ignore = ignored,
    .nignore = 1,
    .exclude_from_mean = excluded,
    .nexclude = 1,
};
static const struct edgel_reduce plain_reduce = { .nsd_tolerance = { 1 }, .nnsd = 1 };

static char sky[] = "sky";
static struct edgel_class_result two_classes[] = {
    { .name = sky,
      .tp = 3,
      .fp = 1,
      .fn = 2,
      .tn = 4,
      .scores = { { 0.7, 0.75, 0.6, 2.0 / 3, 0.5, 0.8, 0.408248290463863 } } },
    { .id = 7, .in_mean = true, .tn = 10, .scores = { { 1, NAN, NAN, NAN, NAN, 1, NAN } } },
};
static int32_t two_ids[] = { 0, 7 };
static uint64_t two_matrix[] = { 3, 2, 1, 0 };
static uint64_t two_other[] = { 0, 4 };

/* The results of a summary at hand. */
struct at_hand {
    struct edgel_pixels_result pixels;
    struct edgel_curve_result curve;
};
static struct at_hand *fresh(void)
{
    static struct at_hand pool[8];
    static size_t used;
    struct at_hand *h = &pool[used++ % 8];
    *h = (struct at_hand){ 0 };
    return h;
}
static struct edgel_pixels_result *pixels_of(struct edgel_summary *s)
{
    return s->results[EDGEL_PIXELS];
}

static struct edgel_summary ids_summary(const char *prediction)
{
    struct at_hand *h = fresh();
    struct edgel_summary s = { 0 };
    s.prediction = (char *)prediction; /* only read */
    s.images = 5;
    s.missing = 1;
    s.failed = 2;
    h->pixels = (struct edgel_pixels_result){
        .pixels = 10,
        .classes = two_classes,
        .nclasses = 2,
        .mean = { { 1, NAN, NAN, NAN, NAN, 1, NAN } },
        .accuracy = 0.3,
        .kappa = -0.125,
        .fwiou = NAN,
        .matrix_ids = two_ids,
        .matrix = two_matrix,
        .matrix_other = two_other,
        .nmatrix = 2,
        .empty_touched = 6,
        .ignored_predicted = 8,
    };
    s.results[EDGEL_PIXELS] = &h->pixels;
    s.measure = &ids_measure;
    s.reduce = &ids_reduce;
    return s;
}

static struct edgel_operating_point two_points[] = {
    { 1.0 / 3, 0.9, 0.5, 0.25 },
    { 2.0 / 3, 0.1, NAN, NAN },
};

static struct edgel_summary sweep_summary(const char *prediction)
{
    struct edgel_summary s = ids_summary(prediction);
    struct at_hand *h = fresh();
    h->curve = (struct edgel_curve_result){
        .n = 2,
        .points = two_points,
        .ods = two_points[0],
        .ois = { NAN, 0.875, 0.75, 0.8125 },
        .ap = 0.625,
        .auc = NAN,
    };
    s.results[EDGEL_CURVE] = &h->curve;
    pixels_of(&s)->nclasses = 1;
    pixels_of(&s)->has_tolerance = true;
    s.measure = &sweep_measure;
    s.reduce = &plain_reduce;
    return s;
}

enum kind { TABLE, JSON, CSV };

static enum edgel_status write_csv(struct edgel_output *out, const struct edgel_summary *s,
                                   struct edgel_error *err)
{
    char image[] = "a,\"b\"\nc";
    struct edgel_row row = { 0 };
    row.kind = EDGEL_ROW_MISSING;
    row.image = image;
    row.w = 5;
    row.h = 2;
    EDGEL_TRY(edgel_report_csv_header(out, err));
    return edgel_report_csv_row(out, s->prediction, &row, edgel_summary_pixels(s)->classes,
                                edgel_summary_pixels(s)->nclasses, err);
}

static enum edgel_status write_as(enum kind kind, struct edgel_output *out, const struct edgel_summary *s,
                                  size_t n, struct edgel_error *err)
{
    return kind == TABLE  ? edgel_report_table(out, s, n, 0, err)
           : kind == JSON ? edgel_report_json(out, s, n, err)
                          : write_csv(out, s, err);
}

static const char *path_of_test(void)
{
    static char path[64];
    snprintf(path, sizeof path, "/tmp/edgel-test-report-%ld", (long)getpid());
    return path;
}

/* Commits out; the text that was written, in a static buffer. */
static const char *committed(struct edgel_output **out)
{
    static char buf[20000];
    assert_int_equal(edgel_output_commit(out, NULL), EDGEL_OK);
    FILE *f = fopen(path_of_test(), "rb");
    assert_non_null(f);
    size_t got = fread(buf, 1, sizeof buf - 1, f);
    fclose(f);
    unlink(path_of_test());
    buf[got] = '\0';
    return buf;
}

static const char *written(enum kind kind, const struct edgel_summary *s, size_t n)
{
    struct edgel_output *out;
    assert_int_equal(edgel_output_begin(path_of_test(), &out, NULL), EDGEL_OK);
    assert_int_equal(write_as(kind, out, s, n, NULL), EDGEL_OK);
    return committed(&out);
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part)) {
        fputs(part, stderr);
        fputs(" is not in:\n", stderr);
        fputs(text, stderr);
        fail();
    }
}

static struct edgel_json *parsed(const char *text)
{
    struct edgel_json *doc;
    struct edgel_error e = { 0 };
    if (edgel_json_parse(text, strlen(text), "summary", &doc, &e) != EDGEL_OK)
        fail_msg("%s\n%s", e.msg, text);
    return doc;
}

static double real_at(const struct edgel_json *object, const char *key)
{
    double v = NAN;
    if (!edgel_json_real(edgel_json_get(object, key), &v))
        fail_msg("no number '%s'", key);
    return v;
}

static void assert_null_at(const struct edgel_json *object, const char *key)
{
    double v;
    assert_non_null(edgel_json_get(object, key));
    assert_false(edgel_json_real(edgel_json_get(object, key), &v));
}

static void json_holds_the_contract(void **state)
{
    (void)state;
    struct edgel_summary s = ids_summary("run");
    const char *text = written(JSON, &s, 1);
    assert_has(text, "\"schema\":\"edgel.eval/2\"");
    assert_has(text, "\"name\":\"edgel\",\"reduce\":\"image\",\"empty\":\"zero\",\"ignore\":[255],"
                     "\"exclude_from_mean\":[0],\"labels\":\"ids\",\"threshold\":null");
    assert_has(text, "\"missing\":\"worst\"");
    assert_null(strstr(text, "nan"));
    assert_null(strstr(text, "\"curve\""));
    struct edgel_json *doc = parsed(text);
    const struct edgel_json *c = edgel_json_get(doc, "classes"), *row;
    assert_int_equal(edgel_json_count(c), 2);
    assert_true(real_at(edgel_json_at(c, 0), "f1") == 2.0 / 3);
    assert_true(real_at(edgel_json_at(c, 0), "fn") == 2);
    assert_null_at(edgel_json_at(c, 1), "iou");
    assert_null_at(edgel_json_get(doc, "mean"), "precision");
    assert_null_at(doc, "fwiou");
    assert_true(real_at(doc, "kappa") == -0.125);
    assert_true(real_at(doc, "images") == 5 && real_at(doc, "missing") == 1 && real_at(doc, "failed") == 2);
    assert_true(real_at(doc, "empty_touched") == 6 && real_at(doc, "ignored_predicted") == 8);
    row = edgel_json_at(edgel_json_get(doc, "confusion"), 1);
    int64_t n;
    assert_true(edgel_json_int(edgel_json_at(row, 0), &n) && n == 1);
    char *name = edgel_json_strdup(edgel_json_get(edgel_json_at(c, 1), "name"));
    assert_string_equal(name, "7");
    edgel_free(name);
    edgel_json_finish(doc);
}

static void json_holds_the_curve(void **state)
{
    (void)state;
    struct edgel_summary s = sweep_summary("run");
    struct edgel_json *doc = parsed(written(JSON, &s, 1));
    const struct edgel_json *c = edgel_json_get(doc, "curve");
    assert_true(real_at(edgel_json_get(doc, "convention"), "threshold") == 0.25);
    assert_true(real_at(edgel_json_get(doc, "convention"), "tolerance") == 1.5);
    assert_true(real_at(edgel_json_get(c, "ods"), "threshold") == 1.0 / 3);
    assert_true(real_at(edgel_json_get(c, "ois"), "f1") == 0.8125);
    assert_null(edgel_json_get(edgel_json_get(c, "ois"), "threshold"));
    assert_true(real_at(c, "ap") == 0.625);
    assert_null_at(c, "auc");
    assert_int_equal(edgel_json_count(edgel_json_get(c, "points")), 2);
    edgel_json_finish(doc);
}

static void several_methods_are_an_array(void **state)
{
    (void)state;
    struct edgel_summary s[] = { ids_summary("one"), sweep_summary("caf\xe9") };
    struct edgel_json *doc = parsed(written(JSON, s, 2));
    const struct edgel_json *r = edgel_json_get(doc, "results");
    assert_int_equal(edgel_json_count(r), 2);
    char *name = edgel_json_strdup(edgel_json_get(edgel_json_at(r, 1), "prediction"));
    assert_string_equal(name, "caf\xe9");
    edgel_free(name);
    edgel_json_finish(doc);
    const char *table = written(TABLE, s, 2);
    assert_has(table, "\nmethod  ");
    assert_has(table, "\none  "); /* its line stands before the blocks of the methods */
    assert_true(strstr(table, "\none  ") < strstr(table, "prediction"));
}

static void table_names_the_convention(void **state)
{
    (void)state;
    struct edgel_summary s = ids_summary("run");
    const char *text = written(TABLE, &s, 1);
    assert_has(text, "labels             ids\n");
    assert_has(text, "reduce             image\n");
    assert_has(text, "empty              zero\n");
    assert_has(text, "empty touched  6\n");
    assert_has(text, "ignore             255\n");
    assert_has(text, "exclude-from-mean  0\n");
    assert_has(text, "missing            worst\n");
    assert_null(strstr(text, "threshold"));
    assert_has(text, "sky (not in mean)   3   1   2   4    0.7000     0.7500  0.6000  0.6667  0.5000");
    assert_has(text, "7     7                   0   0   0  10    1.0000          -       -       -       -");
    assert_has(text, "mean  of 1");
    assert_has(text, "truth  0  7  none\n    0  3  2     0\n    7  1  0     4\n");
    assert_null(strstr(text, "method"));
    assert_null(strstr(text, " \n"));
    s = sweep_summary("run");
    text = written(TABLE, &s, 1);
    assert_has(text, "threshold          0.25 of");
    assert_has(text, "tolerance          1.5 px");
    assert_has(text, "annotator          3\n");
    assert_has(text, "valid              only");
    assert_has(text, "ODS       0.3333  0.9000     0.5000  0.2500\n");
    assert_has(text, "OIS            -  0.8750     0.7500  0.8125\n");
    assert_has(text, "AP   0.6250\nAUC       -\n");
}

static void table_tames_names(void **state)
{
    (void)state;
    struct edgel_summary s[] = { ids_summary("\x1b[31m"), ids_summary("\xc3\xa9") };
    const char *text = written(TABLE, s, 2);
    assert_null(strchr(text, '\x1b'));
    assert_has(text, "\n\\x1b[31m       5");
    assert_has(text, "\n\xc3\xa9              5"); /* one character wide, not two */
}

static void csv_quotes(void **state)
{
    (void)state;
    struct edgel_summary s = ids_summary("r\xff");
    const char *text = written(CSV, &s, 1);
    char heads[512] = "", cells[512] = "", want[2048]; /* of the scores that follow the first seven */
    for (size_t i = EDGEL_MCC + 1; edgel_score_at(i)->of_class; i++) {
        strcat(strcat(heads, ","), edgel_score_at(i)->key);
        strcat(cells, ",0");
    }
    snprintf(want, sizeof want,
             "prediction,image,status,width,height,class,name,tp,fp,fn,tn,"
             "accuracy,precision,recall,f1,iou,specificity,mcc%s,tp_prediction,tp_truth\r\n"
             "r\xff,\"a,\"\"b\"\"\nc\",missing,5,2,0,sky,3,1,2,4,"
             "0.7,0.75,0.6,0.6666666666666666,0.5,0.8,0.408248290463863%s,,\r\n"
             "r\xff,\"a,\"\"b\"\"\nc\",missing,5,2,7,7,0,0,0,10,1,,,,,1,%s,,\r\n",
             heads, cells, cells);
    assert_string_equal(text, want);
}

/* Names that need quotes, a class called none beside the column none, more classes than a table has. */
static void confusion_as_csv(void **state)
{
    (void)state;
    static const char *const names[] = { "a \"b\", c", "none" };
    static const uint64_t matrix[] = { 1, 2, 3, UINT64_MAX }, other[] = { 0, 7 }, nothing[] = { 0, 0 };
    static const struct {
        const uint64_t *other;
        const char *want;
    } cases[] = {
        { NULL,
          "truth,\"a \"\"b\"\", c\",\"none\"\n\"a \"\"b\"\", c\",1,2\n\"none\",3,18446744073709551615\n" },
        { nothing,
          "truth,\"a \"\"b\"\", c\",\"none\"\n\"a \"\"b\"\", c\",1,2\n\"none\",3,18446744073709551615\n" },
        { other, "truth,\"a \"\"b\"\", c\",\"none\",none\n\"a \"\"b\"\", c\",1,2,0\n"
                 "\"none\",3,18446744073709551615,7\n" }
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct edgel_output *out;
        struct edgel_bytes bytes = { 0 };
        assert_int_equal(edgel_output_begin_bytes(&bytes, "c", &out, NULL), EDGEL_OK);
        assert_int_equal(edgel_report_confusion(out, names, 2, matrix, cases[i].other, NULL), EDGEL_OK);
        assert_int_equal(edgel_output_commit(&out, NULL), EDGEL_OK);
        assert_int_equal(bytes.size, strlen(cases[i].want));
        assert_memory_equal(bytes.data, cases[i].want, bytes.size);
        edgel_bytes_finish(&bytes);
    }
}

static void large_matrices_stay_out_of_the_table(void **state)
{
    (void)state;
    int32_t ids[21];
    uint64_t matrix[21 * 21] = { 0 }, other[21] = { 0 };
    struct edgel_summary s = ids_summary("run");
    for (int i = 0; i < 21; i++)
        ids[i] = i;
    pixels_of(&s)->matrix_ids = ids;
    pixels_of(&s)->matrix = matrix;
    pixels_of(&s)->matrix_other = other;
    pixels_of(&s)->nmatrix = 20;
    assert_has(written(TABLE, &s, 1), "confusion (rows truth");
    pixels_of(&s)->nmatrix = 21;
    assert_has(written(TABLE, &s, 1), "confusion: 21 x 21, in the JSON document and as CSV (--confusion)\n");
}

/* Fails the n-th allocation: ENOMEM, nothing leaks, or the whole text is there. */
static bool survives(enum kind kind, const struct edgel_summary *s, long n, const char *whole)
{
    struct edgel_error e = { 0 };
    struct edgel_output *out;
    assert_int_equal(edgel_output_begin(path_of_test(), &out, NULL), EDGEL_OK);
    long live = edgel_alloc_live();
    edgel_alloc_fail_after(n);
    enum edgel_status status = write_as(kind, out, s, 2, &e);
    edgel_alloc_fail_after(-1);
    assert_int_equal(edgel_alloc_live(), live);
    assert_int_equal(e.code, status);
    if (status == EDGEL_OK) {
        assert_string_equal(committed(&out), whole);
        return true;
    }
    assert_int_equal(status, EDGEL_ENOMEM);
    edgel_output_discard(&out);
    assert_int_not_equal(access(path_of_test(), F_OK), 0);
    return false;
}

static void allocation_failures_are_told(void **state)
{
    (void)state;
    struct edgel_summary s[] = { ids_summary("one"), sweep_summary("two") };
    for (int kind = TABLE; kind <= CSV; kind++) {
        char whole[20000];
        long n = 0;
        snprintf(whole, sizeof whole, "%s", written((enum kind)kind, s, 2));
        while (!survives((enum kind)kind, s, n, whole))
            n++;
        assert_true(n > 0);
    }
}

static size_t count_of(const char *text, const char *part)
{
    size_t n = 0;
    for (; (text = strstr(text, part)) != NULL; text++)
        n++;
    return n;
}

/* Values that hardly differ, or not at all, have a scale as well; undefined ones leave gaps. */
static void curves_have_a_scale(void **state)
{
    (void)state;
    static const double lines[][3] = {
        { 1e15, 1e15 + 0.125, 1e15 }, { 0.25, 0.25, 0.25 }, { 0, 0, 0 },
        { 3, NAN, INFINITY },         { NAN, NAN, NAN },    { -1e-13, 1e-13, 0 }
    };
    for (int k = 0; k < 6; k++) {
        const struct edgel_curve line = { "<a&b>", lines[k] };
        const struct edgel_curve_panel panel = { "loss", &line, 1 };
        struct edgel_output *out;
        assert_int_equal(edgel_output_begin(path_of_test(), &out, NULL), EDGEL_OK);
        assert_int_equal(edgel_report_curves(out, &panel, 1, 3, NULL), EDGEL_OK);
        const char *svg = committed(&out);
        assert_has(svg, "&lt;a&amp;b>");
        assert_null(strstr(svg, "nan"));
        assert_null(strstr(svg, "inf"));
        assert_true(count_of(svg, "text-anchor=\"end\"") >=
                    3); /* two lines of the grid, and the last epoch */
        assert_int_equal(count_of(svg, "L"), k == 3 || k == 4 ? 0 : 2);
        assert_int_equal(count_of(svg, "h2"), k == 3);
    }
}

/* The longest line of a table for a screen of so many columns. */
static size_t longest_line(const struct edgel_summary *s, size_t width, char *text, size_t size)
{
    struct edgel_output *out;
    size_t longest = 0;
    assert_int_equal(edgel_output_begin(path_of_test(), &out, NULL), EDGEL_OK);
    assert_int_equal(edgel_report_table(out, s, 1, width, NULL), EDGEL_OK);
    snprintf(text, size, "%s", committed(&out));
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
        longest = strcspn(line, "\n") > longest ? strcspn(line, "\n") : longest;
    return longest;
}

/* Narrow screens fold a table and repeat its first columns, wide ones show what there was no room for. */
static void tables_fit_the_screen(void **state)
{
    (void)state;
    static char text[20000];
    const struct edgel_summary s = ids_summary("run");
    const size_t plain = longest_line(&s, 0, text, sizeof text);
    assert_true(plain > 80);
    assert_null(strstr(text, "dice"));
    for (size_t width = 60; width < plain; width += 7) {
        assert_true(longest_line(&s, width, text, sizeof text) <= width);
        const char *first = strstr(text, "sky (not in mean)");
        assert_non_null(first);
        assert_non_null(strstr(first + 1, "sky (not in mean)"));
        assert_has(text, "mcc");
    }
    assert_true(longest_line(&s, 200, text, sizeof text) > plain);
    assert_has(text, "balanced_accuracy");
    /* The mean has no counts: cells without a text. */
    const struct edgel_summary sweep = sweep_summary("run");
    for (size_t width = 52; width < 120; width++) {
        (void)longest_line(&sweep, width, text, sizeof text);
        assert_null(strstr(text, " \n"));
    }
}

/* Each family is shown; a row without one of its parts is seen, whichever row and whichever part. */
static void the_table_of_shows_is_complete(void **state)
{
    (void)state;
    const struct edgel_show *v[EDGEL_FAMILIES];
    for (int f = 0; f < EDGEL_FAMILIES; f++)
        v[f] = edgel_show_of((enum edgel_family)f);
    const char *odd = edgel_shows_odd(v, EDGEL_FAMILIES);
    if (odd)
        fail_msg("%s", odd);
    for (int f = 0; f < EDGEL_FAMILIES; f++)
        for (int part = 0; part < 4; part++) {
            struct edgel_show planted = *edgel_show_of((enum edgel_family)f);
            planted.within = NULL;
            planted.json = part == 0 ? NULL : edgel_pixels_show.json;
            planted.table = part == 1 ? NULL : edgel_pixels_show.table;
            planted.family = part == 2 ? (enum edgel_family)((f + 1) % EDGEL_FAMILIES) : planted.family;
            v[f] = part == 3 ? NULL : &planted;
            assert_non_null(edgel_shows_odd(v, EDGEL_FAMILIES));
            v[f] = edgel_show_of((enum edgel_family)f);
        }
    assert_null(edgel_shows_odd(v, EDGEL_FAMILIES));
    assert_non_null(edgel_shows_odd(v, EDGEL_FAMILIES - 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_of_shows_is_complete),
        cmocka_unit_test(tables_fit_the_screen),
        cmocka_unit_test(json_holds_the_contract),
        cmocka_unit_test(json_holds_the_curve),
        cmocka_unit_test(several_methods_are_an_array),
        cmocka_unit_test(table_names_the_convention),
        cmocka_unit_test(table_tames_names),
        cmocka_unit_test(csv_quotes),
        cmocka_unit_test(confusion_as_csv),
        cmocka_unit_test(large_matrices_stay_out_of_the_table),
        cmocka_unit_test(allocation_failures_are_told),
        cmocka_unit_test(curves_have_a_scale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
