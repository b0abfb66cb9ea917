/* The table of scores: complete, found by its keys, seen to be incomplete when a part is missing, and each score held
 * against a formula of its own. */
#include "eval/eval_priv.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void the_table_is_complete(void **state)
{
    (void)state;
    size_t n;
    const struct edgel_score_row *rows = edgel_score_rows(&n);
    const char *odd = edgel_scores_odd(rows, n);
    if (odd)
        fail_msg("%s", odd);
    for (size_t i = 0; i < n; i++) {
        assert_ptr_equal(edgel_score_at(i), &rows[i].score);
        assert_ptr_equal(edgel_score_find(rows[i].score.key), edgel_score_at(i));
    }
    assert_null(edgel_score_at(n));
    assert_null(edgel_score_find("no such score"));
    static const struct {
        size_t at;
        const char *key;
    } places[] = { { EDGEL_ACCURACY, "accuracy" },
                   { EDGEL_PRECISION, "precision" },
                   { EDGEL_RECALL, "recall" },
                   { EDGEL_F1, "f1" },
                   { EDGEL_IOU, "iou" },
                   { EDGEL_SPECIFICITY, "specificity" },
                   { EDGEL_MCC, "mcc" } };
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        assert_string_equal(edgel_score_at(places[i].at)->key, places[i].key);
}

/* A row without one of its parts is seen, whichever it is. */
static void a_planted_row_is_seen(void **state)
{
    (void)state;
    size_t n;
    const struct edgel_score_row *rows = edgel_score_rows(&n);
    struct edgel_score_row v[64];
    assert_true(n < 64);
    memcpy(v, rows, n * sizeof *v);
    for (size_t i = 0; i < n; i++)
        for (int part = 0; part < 6; part++) {
            struct edgel_score_row *r = &v[i];
            const struct edgel_score_row *other = &rows[0];
            *r = rows[i];
            if (part == 0)
                r->score.key = NULL;
            else if (part == 1)
                r->score.formula = "";
            else if (part == 2)
                r->score.hi = r->score.lo;
            else if (part == 3)
                r->score.families = 0;
            else if (part == 4)
                r->of_counts = r->of_counts ? NULL : other->of_counts;
            else
                r->score.key = i ? rows[0].score.key : rows[1].score.key;
            assert_non_null(edgel_scores_odd(v, n));
            *r = rows[i];
        }
    assert_null(edgel_scores_odd(v, n));
    v[n] = rows[0]; /* of a class, after those that are not */
    v[n].score.key = "late";
    assert_non_null(edgel_scores_odd(v, n + 1));
}

static double at(const struct edgel_scores *s, const char *key)
{
    for (size_t i = 0; edgel_score_at(i) && edgel_score_at(i)->of_class; i++)
        if (strcmp(edgel_score_at(i)->key, key) == 0)
            return s->v[i];
    fail_msg("no score %s", key);
    return NAN;
}

static void scores_of_a_class(void **state)
{
    (void)state;
    /* tp 6, fp 2, fn 3, tn 9 */
    const struct edgel_pixel_counts c = { .tp = 6, .truth = 9, .prediction = 8 };
    struct edgel_scores s;
    uint64_t touched = 0;
    edgel_scores_pixels(&c, 20, EDGEL_EMPTY_NAN, &s, &touched);
    const struct {
        const char *key;
        double want;
    } want[] = {
        { "accuracy", 15. / 20 }, { "precision", 6. / 8 },    { "recall", 6. / 9 },
        { "f1", 12. / 17 },       { "dice", 12. / 17 },       { "balanced_accuracy", (6. / 9 + 9. / 11) / 2 },
        { "iou", 6. / 11 },       { "specificity", 9. / 11 }, { "mcc", 48 / sqrt(8 * 9 * 11 * 12) }
    };
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        assert_true(fabs(at(&s, want[i].key) - want[i].want) < 1e-12);
    assert_int_equal(touched, 0);
}

static void bars_are_read(void **state)
{
    (void)state;
    struct edgel_error err = { 0 };
    struct edgel_bar bar;
    for (size_t i = 0; edgel_score_at(i); i++) {
        char text[64];
        snprintf(text, sizeof text, "%s=0.25", edgel_score_at(i)->key);
        assert_int_equal(edgel_bar_parse("bar", text, &bar, &err), EDGEL_OK);
        assert_ptr_equal(bar.score, edgel_score_at(i));
        assert_true(bar.value == 0.25);
    }
    static const char *const odd[] = { "iou",  "=1",      "mean=1",   "iou=2", "iou=-0.1",
                                       "iou=", "iou=nan", "iou=0.5x", "" };
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        assert_int_equal(edgel_bar_parse("bar", odd[i], &bar, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_bar_parse("bar", "mcc=-0.5", &bar, &err), EDGEL_OK);
    struct edgel_pixels_result pixels = { 0 };
    struct edgel_summary s = { .results[EDGEL_PIXELS] = &pixels };
    double v;
    pixels.mean.v[EDGEL_MCC] = -0.5;
    assert_true(edgel_bar_reached(&bar, &s, &v) && v == -0.5);
    pixels.mean.v[EDGEL_MCC] = -0.6;
    assert_false(edgel_bar_reached(&bar, &s, NULL));
    pixels.mean.v[EDGEL_MCC] = NAN;
    assert_false(edgel_bar_reached(&bar, &s, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_complete),
        cmocka_unit_test(a_planted_row_is_seen),
        cmocka_unit_test(scores_of_a_class),
        cmocka_unit_test(bars_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
