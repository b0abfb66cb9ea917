/* Shards and what they wrote: which items a part has, and joining when memory runs out. What joined files hold is
 * tested with the program (merge.bats). */
#define _XOPEN_SOURCE 700 /* nftw */
#include "batch/batch_priv.h"
#include "edgel/eval.h"
#include "eval_defaults.h"
#include "tree.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void parts_cover_a_list_once(void **state)
{
    (void)state;
    for (size_t n = 0; n < 20; n++)
        for (int64_t count = 1; count < 9; count++) {
            int seen[20] = { 0 };
            for (int64_t index = 1; index <= count; index++) {
                const struct edgel_shard s = { .index = index, .count = count };
                for (size_t k = 0; k < edgel_shard_size(&s, n); k++) {
                    assert_true(edgel_shard_at(&s, k) < n);
                    assert_int_equal(edgel_shard_at(&s, k) % (size_t)count, index - 1);
                    seen[edgel_shard_at(&s, k)]++;
                }
            }
            for (size_t i = 0; i < n; i++)
                assert_int_equal(seen[i], 1);
        }
    const struct edgel_shard whole = { 0 };
    assert_int_equal(edgel_shard_size(&whole, 7), 7);
    assert_int_equal(edgel_shard_at(&whole, 3), 3);
}

static void values_are_read_and_refused(void **state)
{
    (void)state;
    static const char *const bad[] = { "",
                                       "/",
                                       "1",
                                       "1/",
                                       "/1",
                                       "0/1",
                                       "2/1",
                                       "-1/2",
                                       "1/-2",
                                       "1/2 ",
                                       "1 /2",
                                       "a/2",
                                       "1/2/3",
                                       "1/1000001",
                                       "1/99999999999999999999",
                                       "1111111111111111111111111111/3" };
    struct edgel_shard s;
    assert_int_equal(edgel_shard_parse("--shard", "3/1000000", &s, NULL), EDGEL_OK);
    assert_true(s.index == 3 && s.count == 1000000 && s.items == 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct edgel_error e = { 0 };
        assert_int_equal(edgel_shard_parse("--shard", bad[i], &s, &e), EDGEL_EINVAL);
        assert_ptr_equal(strstr(e.msg, "--shard"), e.msg);
    }
}

/* The hash of FNV-1a over "a" and its NUL, and over nothing, as its authors define it. */
static void names_are_hashed(void **state)
{
    (void)state;
    struct edgel_shard s;
    assert_int_equal(edgel_shard_parse("x", "1/2", &s, NULL), EDGEL_OK);
    assert_true(s.digest == UINT64_C(0xcbf29ce484222325));
    edgel_shard_add(&s, "a");
    uint64_t of_a = UINT64_C(0xaf63dc4c8601ec8c); /* the published hash of "a" */
    assert_true(s.items == 1 && s.digest == of_a * UINT64_C(0x100000001b3));
}

/* Two logs; other: the second one has a setting less. */
static void put_logs(bool other)
{
    static const struct edgel_setting settings[] = { { "a", "1" }, { "b \"", "2" } };
    struct edgel_shard list = { 0 };
    char name[16];
    for (int i = 0; i < 5; i++) {
        snprintf(name, sizeof name, "%d.png", i);
        edgel_shard_add(&list, name);
    }
    for (int part = 0; part < 2; part++) {
        struct edgel_log *log;
        struct edgel_totals totals = { .not_images = 4, .seconds = 1.5 };
        struct edgel_shard s = list;
        s.index = part + 1;
        s.count = 2;
        assert_int_equal(edgel_log_create(part ? "2.jsonl" : "1.jsonl", &log, NULL), EDGEL_OK);
        assert_int_equal(edgel_log_shard(log, &s, settings, part && other ? 1 : 2, NULL), EDGEL_OK);
        for (int i = part; i < 5; i += 2, totals.ok++) {
            snprintf(name, sizeof name, "%d.png", i);
            const struct edgel_record r = { .input = name };
            assert_int_equal(edgel_log_image(log, &r, NULL), EDGEL_OK);
        }
        assert_int_equal(edgel_log_finish(&log, &totals, NULL), EDGEL_OK);
    }
}

static bool always(void *user)
{
    (void)user;
    return true;
}

static void logs_are_joined_or_nothing_is_left(void **state)
{
    (void)state;
    static const char *const paths[] = { "2.jsonl", "1.jsonl" };
    struct edgel_totals totals;
    for (int turned = 0; turned < 2; turned++) {
        static const char *const both[][2] = { { "1.jsonl", "2.jsonl" }, { "2.jsonl", "1.jsonl" } };
        struct edgel_error e = { 0 };
        put_logs(true);
        assert_int_equal(edgel_log_merge(both[turned], 2, "all.jsonl", NULL, NULL, NULL, &e), EDGEL_EINVAL);
        assert_non_null(strstr(e.msg, turned ? "2.jsonl has b \" (none), 1.jsonl has 2"
                                             : "1.jsonl has b \" 2, 2.jsonl has (none)"));
        assert_true(access("all.jsonl", F_OK) != 0);
    }
    put_logs(false);
    assert_int_equal(edgel_log_merge(paths, 2, "all.jsonl", always, NULL, NULL, NULL), EDGEL_EINTERRUPTED);
    assert_int_equal(edgel_log_merge(paths, 0, "all.jsonl", NULL, NULL, NULL, NULL), EDGEL_EINVAL);
    static const char *const bad[] = { "bad.jsonl", "1.jsonl" };
    tree_put("bad.jsonl", "{\"type\":7}\n");
    assert_int_equal(edgel_log_merge(bad, 2, "all.jsonl", NULL, NULL, NULL, NULL), EDGEL_EFORMAT);
    for (long n = 0;; n++) {
        edgel_alloc_fail_after(n);
        enum edgel_status s = edgel_log_merge(paths, 2, "all.jsonl", NULL, NULL, &totals, NULL);
        edgel_alloc_fail_after(-1);
        assert_int_equal(edgel_alloc_live(), 0);
        assert_int_equal(access("all.jsonl", F_OK) == 0, s == EDGEL_OK);
        if (s == EDGEL_OK)
            break;
        assert_true(s == EDGEL_ENOMEM || s == EDGEL_EFORMAT);
    }
    assert_true(totals.ok == 5 && totals.not_images == 4 && totals.seconds == 3);
}

static void put_counts(void)
{
    static const char *const names[] = { "m" };
    struct edgel_shard list = { 0 };
    char name[] = "a";
    for (name[0] = 'a'; name[0] < 'f'; name[0]++)
        edgel_shard_add(&list, name);
    for (int part = 0; part < 2; part++) {
        struct edgel_counts_header h = { .measure = measure_defaults(),
                                         .reduce = reduce_defaults(),
                                         .predictions = names,
                                         .npredictions = 1,
                                         .shard = list };
        struct edgel_output *out;
        h.measure.labels = EDGEL_LABELS_IDS;
        h.shard.index = part + 1;
        h.shard.count = 2;
        assert_int_equal(edgel_output_begin(part ? "2.counts" : "1.counts", &out, NULL), EDGEL_OK);
        assert_int_equal(edgel_counts_write_header(out, &h, NULL), EDGEL_OK);
        for (name[0] = (char)('a' + part); name[0] < 'f'; name[0] += 2) {
            struct edgel_cell cell = { 3, 4, 6 };
            const struct edgel_row row = { .image = name,
                                           .w = 2,
                                           .h = 3,
                                           .counts[EDGEL_PIXELS] =
                                               &(struct edgel_pixels_counts){ 6, &cell, 1 } };
            assert_int_equal(edgel_counts_write_row(out, &row, NULL), EDGEL_OK);
        }
        assert_int_equal(edgel_output_commit(&out, NULL), EDGEL_OK);
    }
}

static void counts_are_joined_or_nothing_is_left(void **state)
{
    (void)state;
    static const char *const paths[] = { "2.counts", "1.counts" };
    put_counts();
    assert_int_equal(edgel_counts_merge(paths, 2, "all.counts", always, NULL, NULL), EDGEL_EINTERRUPTED);
    assert_int_equal(edgel_counts_merge(paths, 0, "all.counts", NULL, NULL, NULL), EDGEL_EINVAL);
    for (long n = 0;; n++) {
        edgel_alloc_fail_after(n);
        enum edgel_status s = edgel_counts_merge(paths, 2, "all.counts", NULL, NULL, NULL);
        edgel_alloc_fail_after(-1);
        assert_int_equal(edgel_alloc_live(), 0);
        assert_int_equal(access("all.counts", F_OK) == 0, s == EDGEL_OK);
        if (s == EDGEL_OK)
            break;
        assert_int_not_equal(s, EDGEL_EIO);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_cover_a_list_once),
        cmocka_unit_test(values_are_read_and_refused),
        cmocka_unit_test(names_are_hashed),
        TREE_TEST(logs_are_joined_or_nothing_is_left),
        TREE_TEST(counts_are_joined_or_nothing_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
