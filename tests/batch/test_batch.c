/* The run, its progress line and its JSON lines. */
#define _XOPEN_SOURCE 700
#include "core/core_priv.h"
#include "edgel/batch.h"
#include "edgel/batch_folder.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "tree.h"

/* --- the run --- */

struct counted {
    atomic_size_t worked;
    size_t expected, limit;
    size_t slot[64];
};

static void work_counted(void *user, int thread, size_t i)
{
    struct counted *c = user;
    assert_true(thread >= 0 && thread < 3);
    atomic_fetch_add(&c->worked, 1);
    c->slot[i % 5] = i;
}

static void done_in_order(void *user, size_t i)
{
    struct counted *c = user;
    assert_int_equal(i, c->expected);
    assert_int_equal(c->slot[i % 5], i);
    c->expected++;
}

static bool stop_at_limit(void *user)
{
    struct counted *c = user;
    return atomic_load(&c->worked) >= c->limit;
}

static void run_is_ordered_and_stops(void **state)
{
    (void)state;
    struct counted c = { .limit = SIZE_MAX };
    struct edgel_run run = { .count = 1000,
                             .threads = 3,
                             .window = 5,
                             .user = &c,
                             .work = work_counted,
                             .done = done_in_order,
                             .stop = stop_at_limit };
    size_t finished;
    assert_int_equal(edgel_run_execute(&run, &finished, NULL), EDGEL_OK);
    assert_int_equal(finished, 1000);
    c = (struct counted){ .limit = 20 };
    assert_int_equal(edgel_run_execute(&run, &finished, NULL), EDGEL_EINTERRUPTED);
    assert_true(finished >= 20 && finished < 30);
    assert_int_equal(finished, atomic_load(&c.worked));
    run.threads = -1;
    assert_int_equal(edgel_run_execute(&run, &finished, NULL), EDGEL_EINVAL);
    assert_int_equal(finished, 0);
    run.threads = EDGEL_POOL_MAX + 1;
    assert_int_equal(edgel_run_execute(&run, &finished, NULL), EDGEL_EINVAL);
    run.threads = 0; /* one for each core */
    run.window = 0;
    c = (struct counted){ .limit = SIZE_MAX };
    assert_int_equal(edgel_run_window(&run), 8 * (size_t)edgel_cpu_count());
    assert_int_equal(edgel_run_execute(&run, &finished, NULL), EDGEL_OK);
    assert_int_equal(finished, 1000);
    run.threads = 3;
    run.window = 0;
    assert_int_equal(edgel_run_window(&run), 24);
    run.count = 0;
    assert_int_equal(edgel_run_execute(&run, &finished, NULL), EDGEL_OK);
    run.count = 40;
    run.threads = 1000; /* more threads than the window holds */
    run.window = 2;
    c = (struct counted){ .limit = SIZE_MAX };
    assert_int_equal(edgel_run_execute(&run, &finished, NULL), EDGEL_OK);
    assert_int_equal(finished, 40);
    assert_int_equal(edgel_alloc_live(), 0);
}

/* --- progress --- */

static void progress_names_everything_when_wide(void **state)
{
    (void)state;
    char s[256];
    edgel_progress_text(s, sizeof s, 66, "detect", 120, 240, 1, 0, 0.4);
    assert_string_equal(s, "detect [##########----------] 120/240  50% 300/s ETA 0:01 1 failed");
    edgel_progress_text(s, sizeof s, 54, "detect", 120, 240, 1, 0, 0.4);
    assert_string_equal(s, "detect [####----] 120/240  50% 300/s ETA 0:01 1 failed");
    edgel_progress_text(s, sizeof s, 200, "x", 1, 100, 0, 0, 250);
    assert_non_null(strstr(s, " 1/100   1% 0.0/s ETA 6:52:30"));
    edgel_progress_text(s, sizeof s, 80, "x", 0, 0, 0, 0, 0);
    assert_non_null(strstr(s, "0/0 100%"));
    edgel_progress_text(s, sizeof s, 80, "x", 0, 10, 0, 0, 0);
    assert_null(strstr(s, "ETA"));
    edgel_progress_text(s, sizeof s, 80, "x", 999, 1000, 0, 0, 1);
    assert_non_null(strstr(s, " 99% ")); /* 100 % is only said of all */
    edgel_progress_text(s, sizeof s, 80, "x", 900, 1000, 0, 890,
                        2); /* 10 in 2 s; the others were done before */
    assert_non_null(strstr(s, "900/1000  90% 5.0/s ETA 0:20"));
    edgel_progress_text(s, sizeof s, 80, "x", 900, 1000, 0, 900, 2);
    assert_null(strstr(s, "ETA"));
    edgel_progress_text(s, sizeof s, 3, "detect", 120, 240, 1, 0, 0.4);
    assert_string_equal(s, "50%");
    edgel_progress_text(s, sizeof s, 8, "detect", 120, 240, 1, 0, 0.4);
    assert_string_equal(s, "120/240");
    edgel_progress_text(s, sizeof s, 2, "detect", 120, 240, 1, 0, 0.4);
    assert_string_equal(s, "");
    edgel_progress_text(s, sizeof s, -1, "detect", 120, 240, 1, 0, 0.4);
    assert_string_equal(s, "");
}

static void progress_fits_every_width(void **state)
{
    (void)state;
    static const double seconds[] = { 0, 1e-9, 0.5, 3600, 1e9, -1 };
    char s[300];
    for (int columns = -1; columns <= 200; columns++)
        for (size_t k = 0; k < sizeof seconds / sizeof *seconds; k++)
            for (size_t size = 1; size < 250; size += 31) {
                memset(s, 'x', sizeof s);
                edgel_progress_text(s, size, columns, "a label of some length", 123 * k, 12345, k, 0,
                                    seconds[k]);
                assert_non_null(memchr(s, '\0', size));
                assert_true((int)strlen(s) <= (columns > 0 ? columns : 0));
                for (size_t j = size; j < sizeof s; j++)
                    assert_int_equal(s[j], 'x');
            }
    for (int columns = 60; columns <= 200; columns++) { /* the bar takes the room that is left */
        edgel_progress_text(s, sizeof s, columns, "detect", 120, 240, 1, 0, 0.4);
        assert_int_equal(strlen(s), columns < 86 ? columns : 86);
    }
}

/* --- JSON lines --- */

static char *read_line(FILE *f, struct edgel_json **json)
{
    static char line[4096];
    if (!fgets(line, sizeof line, f))
        return NULL;
    assert_int_equal(edgel_json_parse(line, strlen(line), "line", json, NULL), EDGEL_OK);
    return line;
}

static void assert_text(const struct edgel_json *v, const char *want)
{
    char *s = edgel_json_strdup(v);
    assert_non_null(s);
    assert_string_equal(s, want);
    edgel_free(s);
}

static void assert_number(const struct edgel_json *v, double want)
{
    double got;
    assert_true(edgel_json_real(v, &got));
    assert_true(got == want);
}

static void log_lines_read_back(void **state)
{
    (void)state;
    static const char name[] = "dir/\xff\"\\\n\t\xc3\xa9.png";
    const char *outputs[] = { name, "b.png" };
    struct edgel_log *log;
    struct edgel_record r = { .input = name,
                              .outputs = outputs,
                              .noutputs = 1,
                              .width = 3,
                              .height = 4,
                              .seconds = 0.0123456789,
                              .remark = "odd \x01" };
    assert_int_equal(edgel_log_create("run.jsonl", &log, NULL), EDGEL_OK);
    assert_int_equal(edgel_log_image(log, &r, NULL), EDGEL_OK);
    r.noutputs = 2;
    r.outcome = EDGEL_OUTCOME_SKIPPED;
    r.remark = "";
    assert_int_equal(edgel_log_image(log, &r, NULL), EDGEL_OK);
    r = (struct edgel_record){ .input = "bad", .outcome = EDGEL_OUTCOME_ERROR, .error = "bad: \xfe broken" };
    assert_int_equal(edgel_log_image(log, &r, NULL), EDGEL_OK);
    assert_int_not_equal(access("run.jsonl", F_OK), 0); /* only with finish */
    const struct edgel_totals totals = { 1, 2, 3, 4, true, 5.25 };
    assert_int_equal(edgel_log_finish(&log, &totals, NULL), EDGEL_OK);
    assert_null(log);

    FILE *f = fopen("run.jsonl", "rb");
    struct edgel_json *j;
    assert_non_null(f);
    assert_non_null(read_line(f, &j));
    assert_text(edgel_json_get(j, "type"), "image");
    assert_text(edgel_json_get(j, "input"), name);
    assert_text(edgel_json_get(j, "output"), name);
    assert_text(edgel_json_get(j, "status"), "ok");
    assert_text(edgel_json_get(j, "remark"), "odd \x01");
    assert_number(edgel_json_get(j, "width"), 3);
    assert_number(edgel_json_get(j, "height"), 4);
    assert_number(edgel_json_get(j, "seconds"), 0.012346);
    edgel_json_finish(j);
    assert_non_null(read_line(f, &j));
    assert_text(edgel_json_get(j, "status"), "skipped");
    assert_null(edgel_json_get(j, "remark"));
    assert_int_equal(edgel_json_count(edgel_json_get(j, "output")), 2);
    assert_text(edgel_json_at(edgel_json_get(j, "output"), 0), name);
    assert_text(edgel_json_at(edgel_json_get(j, "output"), 1), "b.png");
    edgel_json_finish(j);
    const char *line = read_line(f, &j);
    assert_string_equal(line,
                        "{\"type\":\"image\",\"input\":\"bad\",\"output\":null,\"status\":\"error\","
                        "\"error\":\"bad: \\udcfe broken\",\"width\":null,\"height\":null,\"seconds\":0}\n");
    edgel_json_finish(j);
    line = read_line(f, &j);
    assert_string_equal(line, "{\"type\":\"summary\",\"ok\":1,\"failed\":2,\"skipped\":3,\"not_images\":4,"
                              "\"interrupted\":true,\"seconds\":5.25}\n");
    edgel_json_finish(j);
    assert_int_equal(fgetc(f), EOF);
    fclose(f);
    assert_int_equal(edgel_alloc_live(), 0);
}

static void log_may_be_dropped_or_fail(void **state)
{
    (void)state;
    struct edgel_log *log;
    struct edgel_error e = { 0 };
    const struct edgel_record r = { .input = "a" };
    const struct edgel_totals totals = { 0 };
    assert_int_equal(edgel_log_create(NULL, &log, NULL), EDGEL_OK);
    assert_int_equal(edgel_log_image(log, &r, NULL), EDGEL_OK);
    assert_int_equal(edgel_log_finish(&log, &totals, NULL), EDGEL_OK);
    assert_null(log);
    tree_put("file", NULL);
    assert_int_equal(edgel_log_create("file/x", &log, &e), EDGEL_EIO);
    assert_null(log);
    assert_non_null(strstr(e.msg, "file"));
    assert_int_equal(edgel_log_create("gone.jsonl", &log, NULL), EDGEL_OK);
    assert_int_equal(edgel_log_image(log, &r, NULL), EDGEL_OK);
    edgel_log_discard(&log);
    edgel_log_discard(&log);
    assert_int_not_equal(access("gone.jsonl", F_OK), 0);
    for (long n = 0;; n++) {
        edgel_alloc_fail_after(n);
        enum edgel_status s = edgel_log_create("a.jsonl", &log, NULL);
        if (s == EDGEL_OK)
            s = edgel_log_image(log, &r, NULL);
        if (s == EDGEL_OK)
            s = edgel_log_finish(&log, &totals, NULL);
        edgel_alloc_fail_after(-1);
        edgel_log_discard(&log);
        assert_int_equal(edgel_alloc_live(), 0);
        assert_int_equal(access("a.jsonl", F_OK) == 0, s == EDGEL_OK);
        if (s == EDGEL_OK)
            break;
        assert_int_equal(s, EDGEL_ENOMEM);
    }
}

/* As base.h says of pointers. */
static void null_is_refused(void **state)
{
    (void)state;
    struct edgel_inputs *inputs;
    struct edgel_plan *plan;
    struct edgel_pairs *pairs;
    struct edgel_journal *journal = NULL;
    struct edgel_arguments arguments;
    struct edgel_totals totals = { 0 };
    struct edgel_error err = { 0 };
    assert_int_equal(edgel_inputs_collect(NULL, &inputs, &err), EDGEL_EINVAL);
    assert_string_equal(err.msg, "edgel_inputs_collect: params must not be NULL");
    assert_int_equal(edgel_plan_create(NULL, &plan, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_pairs_collect(NULL, &pairs, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_pairs_build(NULL, 1, NULL, &pairs, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_run_execute(NULL, NULL, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_journal_find(NULL, &journal, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_journal_begin(NULL, &journal, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_journal_add(NULL, NULL, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_arguments_read(NULL, "train", &arguments, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_arguments_write("x", NULL, NULL, 0, NULL, 0, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_log_create("x", NULL, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_log_image(NULL, NULL, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_log_shard(NULL, NULL, NULL, 0, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_log_finish(NULL, &totals, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_log_merge(NULL, 1, "x", NULL, NULL, NULL, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_folder_run_execute(NULL, NULL, NULL), EDGEL_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run_is_ordered_and_stops),  cmocka_unit_test(progress_names_everything_when_wide),
        cmocka_unit_test(progress_fits_every_width), TREE_TEST(log_lines_read_back),
        TREE_TEST(log_may_be_dropped_or_fail),       cmocka_unit_test(null_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
