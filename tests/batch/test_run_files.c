/* The files of a training run that are no models: arguments and curves. */
#define _XOPEN_SOURCE 700 /* nftw */
#include "core/core_priv.h"
#include "edgel/batch.h"
#include "edgel/report.h"
#include "tree.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *const words[] = { "--truth", "a \"b\"\n\xff", "", "\xc3\xa9" };
static const struct edgel_setting settings[] = { { "truth", "a \"b\"\n\xff" }, { "lr", "0.001" } };

static void words_come_back(void **state)
{
    (void)state;
    struct edgel_arguments a;
    struct edgel_error err = { 0 };
    assert_int_equal(edgel_arguments_write("run/args.json", "train", words, 4, settings, 2, &err), EDGEL_OK);
    assert_int_equal(edgel_arguments_read("run/args.json", "train", &a, &err), EDGEL_OK);
    assert_int_equal(a.n, 4);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(a.words[i], words[i]);
    assert_int_equal(a.noptions, 2);
    for (size_t i = 0; i < 2; i++) {
        const size_t k = strcmp(a.options[0].name, settings[i].name) == 0 ? 0 : 1;
        assert_string_equal(a.options[k].name, settings[i].name);
        assert_string_equal(a.options[k].value, settings[i].value);
    }
    edgel_arguments_finish(&a);
    assert_null(a.options);
    assert_int_equal(edgel_arguments_read("run/args.json", "detect", &a, &err), EDGEL_EFORMAT);
    assert_non_null(strstr(err.msg, "run/args.json: not of the command detect"));
}

static void refuses(const char *text)
{
    struct edgel_arguments a;
    tree_put("a.json", text);
    assert_int_equal(edgel_arguments_read("a.json", "train", &a, NULL), EDGEL_EFORMAT);
    assert_null(a.words);
}

static void other_files_are_refused(void **state)
{
    (void)state;
    struct edgel_arguments a;
    assert_int_equal(edgel_arguments_read("none.json", "train", &a, NULL), EDGEL_EIO);
    refuses("");
    refuses("[]");
    refuses("{\"schema\":\"edgel.arguments/2\",\"command\":\"train\",\"arguments\":[]}");
    refuses("{\"schema\":\"edgel.arguments/1\",\"command\":\"train\"}");
    refuses("{\"schema\":\"edgel.arguments/1\",\"command\":\"train\",\"arguments\":[1]}");
    refuses("{\"schema\":\"edgel.arguments/1\",\"command\":\"train\",\"arguments\":[\"a\",null]}");
}

static void memory_that_runs_out_is_told(void **state)
{
    (void)state;
    enum edgel_status s = EDGEL_ENOMEM;
    for (long n = 0; s != EDGEL_OK; n++) {
        struct edgel_arguments a = { 0 };
        edgel_alloc_fail_after(n);
        s = edgel_arguments_write("args.json", "train", words, 4, settings, 2, NULL);
        if (s == EDGEL_OK)
            s = edgel_arguments_read("args.json", "train", &a, NULL);
        edgel_alloc_fail_after(-1);
        assert_true(s == EDGEL_OK || s == EDGEL_ENOMEM);
        edgel_arguments_finish(&a);
        assert_int_equal(edgel_alloc_live(), 0);
    }
}

/* --- curves --- */

static char *curves(const double *y, size_t n)
{
    const struct edgel_curve line = { "a<b", y };
    const struct edgel_curve_panel panel = { "loss", &line, 1 };
    struct edgel_output *out;
    static char text[8192];
    assert_int_equal(edgel_output_begin("c.svg", &out, NULL), EDGEL_OK);
    assert_int_equal(edgel_report_curves(out, &panel, 1, n, NULL), EDGEL_OK);
    assert_int_equal(edgel_output_commit(&out, NULL), EDGEL_OK);
    FILE *f = fopen("c.svg", "rb");
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    return text;
}

/* The panel is 760 wide with 64 and 130 at the sides, 240 high with 28 above and below: 0 and 4 are at its ends. */
static void values_lie_where_their_scale_says(void **state)
{
    (void)state;
    const double y[] = { 0, 4, NAN, 1, 2 };
    const char *svg = curves(y, 5);
    assert_non_null(strstr(svg, "d=\"M64.0,212.0L205.5,28.0M488.5,166.0L630.0,120.0\""));
    assert_non_null(strstr(svg, ">a&lt;b<"));
    assert_non_null(strstr(svg, ">4</text>"));
    assert_non_null(strstr(svg, "epoch 5"));
    const double one[] = { 0.25 };
    assert_non_null(strstr(curves(one, 1), "M347.0,"));
    const double none[] = { NAN, INFINITY };
    assert_null(strstr(curves(none, 2), "nan"));
    assert_null(strstr(curves(none, 0), "nan"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TREE_TEST(words_come_back),
        TREE_TEST(other_files_are_refused),
        TREE_TEST(memory_that_runs_out_is_told),
        TREE_TEST(values_lie_where_their_scale_says),
    };
    return cmocka_run_group_tests_name("run_files", tests, NULL, NULL);
}
