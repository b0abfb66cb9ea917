/* Inputs, the run, its progress line and its JSON lines. */
#include "core/core_priv.h"
#include "edgel/batch.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

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
    run.threads = 0;
    assert_int_equal(edgel_run_execute(&run, &finished, NULL), EDGEL_EINVAL);
    assert_int_equal(finished, 0);
    run.threads = 3;
    run.window = 0;
    assert_int_equal(edgel_run_window(&run), 24);
    run.count = 0;
    assert_int_equal(edgel_run_execute(&run, &finished, NULL), EDGEL_OK);
    run.count = 40;
    run.threads = 2000; /* more threads than the window holds */
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
    edgel_progress_text(s, sizeof s, 66, "detect", 120, 240, 1, 0.4);
    assert_string_equal(s, "detect [##########----------] 120/240  50% 300/s ETA 0:01 1 failed");
    edgel_progress_text(s, sizeof s, 54, "detect", 120, 240, 1, 0.4);
    assert_string_equal(s, "detect [####----] 120/240  50% 300/s ETA 0:01 1 failed");
    edgel_progress_text(s, sizeof s, 200, "x", 1, 100, 0, 250);
    assert_non_null(strstr(s, " 1/100   1% 0.0/s ETA 6:52:30"));
    edgel_progress_text(s, sizeof s, 80, "x", 0, 0, 0, 0);
    assert_non_null(strstr(s, "0/0 100%"));
    edgel_progress_text(s, sizeof s, 80, "x", 0, 10, 0, 0);
    assert_null(strstr(s, "ETA"));
    edgel_progress_text(s, sizeof s, 80, "x", 999, 1000, 0, 1);
    assert_non_null(strstr(s, " 99% ")); /* 100 % is only said of all */
    edgel_progress_text(s, sizeof s, 3, "detect", 120, 240, 1, 0.4);
    assert_string_equal(s, "50%");
    edgel_progress_text(s, sizeof s, 8, "detect", 120, 240, 1, 0.4);
    assert_string_equal(s, "120/240");
    edgel_progress_text(s, sizeof s, 2, "detect", 120, 240, 1, 0.4);
    assert_string_equal(s, "");
    edgel_progress_text(s, sizeof s, -1, "detect", 120, 240, 1, 0.4);
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
                edgel_progress_text(s, size, columns, "a label of some length", 123 * k, 12345, k,
                                    seconds[k]);
                assert_non_null(memchr(s, '\0', size));
                assert_true((int)strlen(s) <= (columns > 0 ? columns : 0));
                for (size_t j = size; j < sizeof s; j++)
                    assert_int_equal(s[j], 'x');
            }
    for (int columns = 60; columns <= 200; columns++) { /* the bar takes the room that is left */
        edgel_progress_text(s, sizeof s, columns, "detect", 120, 240, 1, 0.4);
        assert_int_equal(strlen(s), columns < 86 ? columns : 86);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run_is_ordered_and_stops),
        cmocka_unit_test(progress_names_everything_when_wide),
        cmocka_unit_test(progress_fits_every_width),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
