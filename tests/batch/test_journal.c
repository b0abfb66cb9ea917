/* The record of a run: marks, reading back what was written, a file that ends anywhere, memory that runs out. */
#define _XOPEN_SOURCE 700 /* nftw */
#include "batch/journal_priv.h"
#include "tree.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct edgel_setting settings[] = { { "-m", "canny" }, { "--name", "a \"b\" \xff" } };
static const struct edgel_journal_params params = { .folder = "out/deep",
                                                    .settings = settings,
                                                    .nsettings = 2 };

static struct edgel_mark mark(uint64_t k)
{
    return (struct edgel_mark){
        .hash = k * 7919 % 100, .size_bytes = k, .seconds = -3, .nanoseconds = 999999999
    };
}

static enum edgel_status write_some(size_t n)
{
    struct edgel_journal *j = NULL;
    enum edgel_status s = edgel_journal_begin(&params, &j, NULL);
    for (size_t k = 0; k < n && s == EDGEL_OK; k++) {
        const struct edgel_mark m = mark(k);
        s = edgel_journal_add(j, &m, NULL);
    }
    edgel_journal_close(&j);
    return s;
}

static void check(const struct edgel_journal *j, size_t n)
{
    assert_int_equal(edgel_journal_count(j), n);
    for (size_t k = 0; k < 300; k++) {
        struct edgel_mark m = mark(k);
        assert_int_equal(edgel_journal_has(j, &m), k < n);
        m.nanoseconds--;
        assert_false(edgel_journal_has(j, &m));
    }
}

static void what_was_added_is_found_again(void **state)
{
    (void)state;
    struct edgel_journal *j;
    assert_int_equal(edgel_journal_find(&params, &j, NULL), EDGEL_OK);
    assert_null(j);
    assert_int_equal(write_some(250), EDGEL_OK);
    assert_int_equal(edgel_journal_find(&params, &j, NULL), EDGEL_OK);
    check(j, 250);
    edgel_journal_remove(&j);
    assert_null(j);
    assert_int_equal(access("out/deep/.edgel-journal", F_OK), -1);
    assert_int_equal(edgel_journal_begin(&params, &j, NULL), EDGEL_OK);
    edgel_journal_remove(&j); /* folders that were there stay */
    assert_int_equal(access("out/deep", F_OK), 0);
    assert_int_equal(edgel_alloc_live(), 0);
}

static void folders_made_for_it_go_with_it(void **state)
{
    (void)state;
    struct edgel_journal *j = NULL;
    assert_int_equal(edgel_journal_begin(&params, &j, NULL), EDGEL_OK);
    edgel_journal_remove(&j);
    assert_int_equal(access("out", F_OK), -1);
    tree_put("out/x", NULL);
    assert_int_equal(edgel_journal_begin(&params, &j, NULL), EDGEL_OK);
    edgel_journal_remove(&j);
    assert_int_equal(access("out/deep", F_OK), -1);
    assert_int_equal(access("out/x", F_OK), 0);
    tree_put("file", NULL);
    const struct edgel_journal_params in_file = { .folder = "file/x" };
    struct edgel_error e = { 0 };
    assert_int_equal(edgel_journal_begin(&in_file, &j, &e), EDGEL_EIO);
    assert_null(j);
}

static void cut_anywhere_it_is_read_and_goes_on(void **state)
{
    (void)state;
    struct edgel_journal *j;
    assert_int_equal(write_some(6), EDGEL_OK);
    char text[4096];
    FILE *f = fopen("out/deep/.edgel-journal", "rb");
    size_t size = fread(text, 1, sizeof text, f);
    fclose(f);
    for (size_t cut = 0; cut <= size; cut++) {
        size_t whole = 0;
        for (size_t i = 0; i < cut; i++)
            whole += text[i] == '\n';
        f = fopen("out/deep/.edgel-journal", "wb");
        assert_int_equal(fwrite(text, 1, cut, f), cut);
        fclose(f);
        assert_int_equal(edgel_journal_find(&params, &j, NULL), EDGEL_OK);
        assert_int_equal(j == NULL, whole == 0);
        if (!j)
            continue;
        size_t n = whole < 2 ? 0 : whole - 2; /* the first two lines are no images */
        check(j, n);
        assert_int_equal(edgel_journal_begin(&params, &j, NULL), EDGEL_OK);
        const struct edgel_mark m = mark(n);
        assert_int_equal(edgel_journal_add(j, &m, NULL), EDGEL_OK);
        edgel_journal_close(&j);
        assert_int_equal(edgel_journal_find(&params, &j, NULL), EDGEL_OK);
        check(j, n + 1);
        edgel_journal_close(&j);
    }
}

/* After a power failure: bytes that did not reach the disk are NUL, anywhere. */
static void lines_with_lost_bytes_do_not_count(void **state)
{
    (void)state;
    struct edgel_journal *j;
    assert_int_equal(write_some(6), EDGEL_OK);
    char text[4096], lost[4096];
    FILE *f = fopen("out/deep/.edgel-journal", "rb");
    const size_t size = fread(text, 1, sizeof text, f);
    fclose(f);
    const size_t head = (size_t)((char *)memchr(text, '\n', size) - text);
    for (size_t at = 0; at < size; at++) {
        memcpy(lost, text, size);
        lost[at] = '\0';
        f = fopen("out/deep/.edgel-journal", "wb");
        assert_int_equal(fwrite(lost, 1, size, f), size);
        fclose(f);
        struct edgel_error e = { 0 };
        assert_int_equal(edgel_journal_find(&params, &j, &e), EDGEL_OK);
        assert_int_equal(j == NULL, at <= head);
        if (j)
            assert_in_range(edgel_journal_count(j), 4, 6);
        edgel_journal_close(&j);
    }
}

static void other_settings_are_refused(void **state)
{
    (void)state;
    const struct edgel_setting other[] = { { "-m", "canny" }, { "--name", "c" } };
    struct edgel_journal_params p = params;
    struct edgel_journal *j;
    struct edgel_error e = { 0 };
    assert_int_equal(write_some(1), EDGEL_OK);
    p.settings = other;
    assert_int_equal(edgel_journal_find(&p, &j, &e), EDGEL_EINVAL);
    assert_null(j);
    assert_non_null(strstr(e.msg, "--name"));
    const struct edgel_shard part = { .index = 2, .count = 3 };
    p.shard = &part;
    assert_int_equal(edgel_journal_find(&p, &j, NULL), EDGEL_OK);
    assert_null(j); /* a part has a record of its own */
}

/* A run that ended leaves the last mark of each image, in an order that does not depend on that of the run. */
static void an_ended_run_is_known_as_such(void **state)
{
    (void)state;
    struct edgel_setting other[] = { { "-m", "sobel" }, { "--name", "x" } };
    struct edgel_journal_params p = params;
    struct edgel_journal *j;
    char text[2][4096] = { "", "" };
    for (int round = 0; round < 2; round++) {
        j = NULL;
        assert_int_equal(edgel_journal_begin(&params, &j, NULL), EDGEL_OK);
        assert_false(edgel_journal_finished(j));
        for (uint64_t k = 0; k < 20; k++) {
            struct edgel_mark m = mark(round ? 19 - k : k);
            m.seconds = 5;
            assert_int_equal(edgel_journal_add(j, &m, NULL), EDGEL_OK);
        }
        for (uint64_t k = 0; k < 20; k += 3) { /* again, the file changed */
            const struct edgel_mark m = mark(k);
            assert_int_equal(edgel_journal_add(j, &m, NULL), EDGEL_OK);
        }
        assert_int_equal(edgel_journal_end(&params, &j, round == 1, NULL), EDGEL_OK);
        assert_null(j);
        FILE *f = fopen("out/deep/.edgel-journal", "rb");
        assert_in_range(fread(text[round], 1, sizeof text[round] - 1, f), 500, 2000);
        fclose(f);
    }
    assert_string_equal(text[0], text[1]);
    assert_int_equal(edgel_journal_find(&params, &j, NULL), EDGEL_OK);
    assert_true(edgel_journal_finished(j));
    assert_int_equal(edgel_journal_count(j), 20);
    for (uint64_t k = 0; k < 20; k++) {
        struct edgel_mark m = mark(k);
        assert_int_equal(edgel_journal_has(j, &m), k % 3 == 0);
        m.seconds = 5;
        assert_int_equal(edgel_journal_has(j, &m), k % 3 != 0);
    }
    edgel_journal_close(&j);
    p.settings = other; /* it is nothing to a run with other settings */
    assert_int_equal(edgel_journal_find(&p, &j, NULL), EDGEL_OK);
    assert_null(j);
    assert_int_equal(edgel_journal_find(&params, &j, NULL), EDGEL_OK); /* goes on: interrupted from now on */
    assert_int_equal(edgel_journal_begin(&params, &j, NULL), EDGEL_OK);
    edgel_journal_close(&j);
    assert_int_equal(edgel_journal_find(&params, &j, NULL), EDGEL_OK);
    assert_false(edgel_journal_finished(j));
    assert_int_equal(edgel_journal_count(j), 20);
    edgel_journal_close(&j);
    FILE *f = fopen("out/deep/.edgel-journal", "rb");
    text[0][fread(text[0], 1, sizeof text[0] - 1, f)] = '\0';
    fclose(f);
    for (long n = 0;; n++) { /* memory that runs out leaves it as it is */
        tree_put("out/deep/.edgel-journal", text[0]);
        assert_int_equal(edgel_journal_find(&params, &j, NULL), EDGEL_OK);
        assert_int_equal(edgel_journal_begin(&params, &j, NULL), EDGEL_OK);
        edgel_alloc_fail_after(n);
        const enum edgel_status s = edgel_journal_end(&params, &j, true, NULL);
        edgel_alloc_fail_after(-1);
        assert_null(j);
        assert_int_equal(edgel_journal_find(&params, &j, NULL), EDGEL_OK);
        assert_int_equal(edgel_journal_count(j), 20);
        assert_int_equal(edgel_journal_finished(j), s == EDGEL_OK);
        edgel_journal_close(&j);
        if (s == EDGEL_OK)
            break;
        assert_int_equal(s, EDGEL_ENOMEM);
    }
    j = NULL; /* without an image there is nothing to keep */
    assert_int_equal(edgel_journal_begin(&params, &j, NULL), EDGEL_OK);
    assert_int_equal(edgel_journal_end(&params, &j, false, NULL), EDGEL_OK);
    assert_int_equal(access("out/deep/.edgel-journal", F_OK), -1);
    assert_int_equal(edgel_alloc_live(), 0);
}

static void marks_tell_files_apart(void **state)
{
    (void)state;
    struct edgel_mark a, b;
    tree_put("x", "1");
    assert_true(edgel_mark_input(&a, "x"));
    assert_true(edgel_mark_input(&b, "x"));
    assert_memory_equal(&a, &b, sizeof a);
    edgel_mark_output(&a, "out/1");
    edgel_mark_output(&b, "out/2");
    assert_int_not_equal(a.hash, b.hash);
    tree_put("x", "12");
    assert_true(edgel_mark_input(&b, "x"));
    assert_int_equal(b.size_bytes, 2);
    assert_false(edgel_mark_input(&a, "y"));
}

static void memory_that_runs_out_leaves_nothing_half(void **state)
{
    (void)state;
    for (long n = 0;; n++) {
        struct edgel_journal *j = NULL;
        edgel_alloc_fail_after(n);
        enum edgel_status s = write_some(2);
        if (s == EDGEL_OK)
            s = edgel_journal_find(&params, &j, NULL);
        edgel_alloc_fail_after(-1);
        edgel_journal_remove(&j);
        assert_int_equal(edgel_alloc_live(), 0);
        if (s == EDGEL_OK)
            break;
        assert_int_equal(s, EDGEL_ENOMEM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TREE_TEST(what_was_added_is_found_again),
        TREE_TEST(folders_made_for_it_go_with_it),
        TREE_TEST(cut_anywhere_it_is_read_and_goes_on),
        TREE_TEST(lines_with_lost_bytes_do_not_count),
        TREE_TEST(other_settings_are_refused),
        TREE_TEST(an_ended_run_is_known_as_such),
        TREE_TEST(marks_tell_files_apart),
        TREE_TEST(memory_that_runs_out_leaves_nothing_half),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
