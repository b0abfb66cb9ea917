/* Predictions and their truth: each case is a small tree and the pairs it must give. */
#define _XOPEN_SOURCE 700
#include "core/core_priv.h"
#include "edgel/batch.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tree.h"

/* "key:prediction:truth,truth" each, with ":mask" when masks were asked for; or '!' and the refusal. */
static const char *paired(const struct edgel_pairs_params *params, enum edgel_status want)
{
    static char s[16384];
    struct edgel_pairs *pairs;
    struct edgel_error e = { 0 };
    enum edgel_status got = edgel_pairs_collect(params, &pairs, &e);
    if (got != want)
        fail_msg("status %s, want %s: %s", edgel_status_name(got), edgel_status_name(want), e.msg);
    size_t n = (size_t)snprintf(s, sizeof s, "%s%s", got ? "!" : "", e.msg);
    if (got != EDGEL_OK) {
        assert_null(pairs);
        return s;
    }
    for (size_t i = 0; i < edgel_pairs_count(pairs); i++) {
        const struct edgel_pair *p = edgel_pairs_at(pairs, i);
        n += (size_t)snprintf(s + n, sizeof s - n, "%s%s:%s:", i ? " " : "", p->key,
                              p->prediction ? p->prediction : "-");
        for (size_t k = 0; k < p->ntruth; k++)
            n += (size_t)snprintf(s + n, sizeof s - n, "%s%s", k ? "," : "", p->truth[k]);
        if (params->valid)
            n += (size_t)snprintf(s + n, sizeof s - n, ":%s%s", p->valid ? p->valid : "-",
                                  p->missing_valid ? "(missing)" : "");
        assert_true(n < sizeof s);
    }
    edgel_pairs_destroy(&pairs);
    return s;
}

/* Files separated by blanks. */
static void put_all(const char *folder, const char *files)
{
    char copy[1024], path[1200];
    snprintf(copy, sizeof copy, "%s", files);
    snprintf(path, sizeof path, "%s/", folder);
    tree_put(path, NULL);
    for (char *f = strtok(copy, " "); f; f = strtok(NULL, " ")) {
        snprintf(path, sizeof path, "%s/%s", folder, f);
        tree_put(path, NULL);
    }
}

static const struct edgel_pairs_params folders = { .prediction = "p", .truth = "t" };

static void truth_comes_in_three_forms(void **state)
{
    (void)state;
    static const struct {
        const char *p, *t, *want;
    } cases[] = {
        { "a.png", "a.png", "a:p/a.png:t/a.png" },
        { "b.jpg a.pgm", "b.png a.png", "a:p/a.pgm:t/a.png b:p/b.jpg:t/b.png" },
        { "d/a.png a.png d-a.png", "a.png d/a.png d-a.png",
          "a:p/a.png:t/a.png d-a:p/d-a.png:t/d-a.png d/a:p/d/a.png:t/d/a.png" },
        { "a.png", "a/1.png a/2.png a/10.png", "a:p/a.png:t/a/1.png,t/a/10.png,t/a/2.png" },
        { "a.png", "a_1.png a_2.png a_10.png a_3.png a_9.png",
          "a:p/a.png:t/a_1.png,t/a_2.png,t/a_3.png a_10:-:t/a_10.png a_9:-:t/a_9.png" },
        { "a.png", "a_01.png a_0.png", "a:p/a.png: a_0:-:t/a_0.png a_01:-:t/a_01.png" },
        { "a.png", "", "a:p/a.png:" },
        { "", "a.png", "a:-:t/a.png" },
        { "", "", "" },
        /* a file whose own key is a prediction's belongs to that prediction */
        { "a.png a/b.png", "a.png a/b.png", "a:p/a.png:t/a.png a/b:p/a/b.png:t/a/b.png" },
        { "a.png a_1.png", "a.png a_1.png", "a:p/a.png:t/a.png a_1:p/a_1.png:t/a_1.png" },
        { "a_1.png a.png", "a_1_1.png a_1_2.png a.png",
          "a:p/a.png:t/a.png a_1:p/a_1.png:t/a_1_1.png,t/a_1_2.png" },
        /* numbers before folders */
        { "a.png a/x.png", "a/x_1.png a/x_2.png a/y.png",
          "a:p/a.png:t/a/y.png a/x:p/a/x.png:t/a/x_1.png,t/a/x_2.png" },
        { "d/a.png", "d/a_1.png d/a_2.png", "d/a:p/d/a.png:t/d/a_1.png,t/d/a_2.png" },
        { "a.png", "a/d/x.png", "a:p/a.png: a/d/x:-:t/a/d/x.png" },
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        put_all("p", cases[k].p);
        put_all("t", cases[k].t);
        assert_string_equal(paired(&folders, EDGEL_OK), cases[k].want);
        tree_remove();
        tree_make();
    }
}

static void unclaimed_annotators_count_once(void **state)
{
    (void)state;
    static const struct {
        const char *p, *t, *want;
    } cases[] = {
        /* nothing matched: numbers are a group, folders a tree */
        { "", "a_1.png a_2.png b/1.png b/2.png", "a:-:t/a_1.png,t/a_2.png b/1:-:t/b/1.png b/2:-:t/b/2.png" },
        { "", "a.png a_1.png", "a:-:t/a.png a_1:-:t/a_1.png" },
        { "", "d/_1.png", "d/_1:-:t/d/_1.png" },
        /* matched by name: the frames of a film are no annotators */
        { "f_3.png", "f_1.png f_2.png f_3.png", "f_1:-:t/f_1.png f_2:-:t/f_2.png f_3:p/f_3.png:t/f_3.png" },
        /* matched by number, by folder */
        { "a.png", "a_1.png b_1.png b_2.png c.png",
          "a:p/a.png:t/a_1.png b:-:t/b_1.png,t/b_2.png c:-:t/c.png" },
        { "a.png", "a/1.png b/1.png b/2.png b/c/1.png d.png",
          "a:p/a.png:t/a/1.png b:-:t/b/1.png,t/b/2.png b/c:-:t/b/c/1.png d:-:t/d.png" },
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        put_all("p", cases[k].p);
        put_all("t", cases[k].t);
        assert_string_equal(paired(&folders, EDGEL_OK), cases[k].want);
        tree_remove();
        tree_make();
    }
}

static void ambiguity_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *p, *t, *want;
    } cases[] = {
        { "a.png a.jpg", "a.png", "!p/a.jpg and p/a.png have one key, a: a key stands for one file" },
        { "a.png", "a.png a.jpg", "!t/a.jpg and t/a.png have one key, a: a key stands for one file" },
        { "a.png", "a.png a_1.png", "!truth of a: could be t/a.png or t/a_1.png; one form must be used" },
        { "a.png", "a.png a/1.png", "!truth of a: could be t/a.png or t/a/1.png; one form must be used" },
        { "a.png", "a_1.png a/1.png", "!truth of a: could be t/a_1.png or t/a/1.png; one form must be used" },
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        put_all("p", cases[k].p);
        put_all("t", cases[k].t);
        assert_string_equal(paired(&folders, EDGEL_EINVAL), cases[k].want);
        tree_remove();
        tree_make();
    }
}

static void suffixes_are_stripped_where_present(void **state)
{
    (void)state;
    put_all("p", "a_pred.png b.png _pred.png");
    put_all("t", "a_gt_ids.png b_gt_ids.png c_gt_ids_1.png x/a_gt_ids.png");
    struct edgel_pairs_params params = folders;
    params.prediction_suffix = "_pred";
    params.truth_suffix = "_gt_ids";
    assert_string_equal(paired(&params, EDGEL_OK),
                        "_pred:p/_pred.png: a:p/a_pred.png:t/a_gt_ids.png b:p/b.png:t/b_gt_ids.png "
                        "c_gt_ids_1:-:t/c_gt_ids_1.png x/a:-:t/x/a_gt_ids.png");
    tree_put("p/a.png", NULL);
    assert_non_null(strstr(paired(&params, EDGEL_EINVAL), "have one key, a"));
}

static void files_pair_with_files(void **state)
{
    (void)state;
    put_all("p", "a_x.png");
    put_all("t", "b.png");
    struct edgel_pairs_params params = { .prediction = "p/a_x.png",
                                         .truth = "t/b.png",
                                         .prediction_suffix = "_x" };
    assert_string_equal(paired(&params, EDGEL_OK), "a:p/a_x.png:t/b.png");
    params.truth = "t";
    assert_string_equal(paired(&params, EDGEL_EINVAL),
                        "!p/a_x.png and t: one is a folder, the other a file; both must be the same");
    params.prediction = "p";
    params.truth = "t/b.png";
    assert_non_null(strstr(paired(&params, EDGEL_EINVAL), "one is a folder"));
    params.truth = "gone";
    assert_string_equal(paired(&params, EDGEL_EIO), "!gone: cannot be read: No such file or directory");
    params.truth = NULL;
    assert_non_null(strstr(paired(&params, EDGEL_EINVAL), "need a prediction and a truth"));
}

static void a_bad_file_fails_alone(void **state)
{
    (void)state;
    put_all("p", "a.png b.png");
    put_all("t", "a.png");
    assert_int_equal(symlink("/nowhere", "t/b.png"), 0);
    const struct edgel_pairs_params params = { .prediction = "p", .truth = "t" };
    assert_string_equal(paired(&params, EDGEL_OK), "a:p/a.png:t/a.png b:p/b.png:t/b.png");
}

static void masks_follow_the_key(void **state)
{
    (void)state;
    put_all("p", "a.png d/b.png");
    put_all("t", "a.png d/b.png");
    put_all("v", "d/b.pgm z.png");
    struct edgel_pairs_params params = { .prediction = "p", .truth = "t", .valid = "v" };
    assert_string_equal(paired(&params, EDGEL_OK),
                        "a:p/a.png:t/a.png:-(missing) d/b:p/d/b.png:t/d/b.png:v/d/b.pgm");
    params.valid = "v/z.png";
    assert_string_equal(paired(&params, EDGEL_OK),
                        "a:p/a.png:t/a.png:v/z.png d/b:p/d/b.png:t/d/b.png:v/z.png");
    params.valid = "gone";
    assert_string_equal(paired(&params, EDGEL_EIO), "!gone: cannot be read: No such file or directory");
}

static void lists_give_pairs(void **state)
{
    (void)state;
    tree_put("list", "b/x_p.png\ty.png\n\n#a.png\t/abs/1.png\t2.png\t3.png");
    struct edgel_pairs_params params = { .pairs_file = "list", .prediction_suffix = "_p" };
    assert_string_equal(paired(&params, EDGEL_OK), "#a:#a.png:/abs/1.png,2.png,3.png b/x:b/x_p.png:y.png");
    params.prediction = "P//";
    params.truth = "/";
    assert_string_equal(paired(&params, EDGEL_OK),
                        "#a:P/#a.png:/abs/1.png,/2.png,/3.png b/x:P/b/x_p.png:/y.png");
    static const struct {
        const char *list, *want;
    } bad[] = {
        { "a.png\tb.png\nalone.png\n", "!list, line 2: must be PREDICTION, a tab and TRUTH" },
        { "\tb.png\n", "!list, line 1: must be PREDICTION, a tab and TRUTH" },
        { "a.png\t\n", "!list, line 1: a name between tabs is empty" },
        { "a.png\tx.png\t\tz.png\n", "!list, line 1: a name between tabs is empty" },
        { "a.png\tx.png\na.jpg\ty.png\n",
          "!P/a.jpg and P/a.png have one key, a: a key stands for one image" },
    };
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        tree_put("list", bad[k].list);
        assert_non_null(strstr(paired(&params, EDGEL_EINVAL), bad[k].want));
    }
    params.pairs_file = "gone";
    assert_non_null(strstr(paired(&params, EDGEL_EIO), "!gone: cannot be opened"));
}

static void many_pairs_are_found(void **state)
{
    (void)state;
    enum { N = 2000 };
    char path[64];
    for (int k = 0; k < N; k++) {
        snprintf(path, sizeof path, "p/%d/%d.png", k % 10, k);
        tree_put(path, NULL);
        for (int a = 1; a <= k % 3; a++) {
            snprintf(path, sizeof path, "t/%d/%d_%d.png", k % 10, k, a);
            tree_put(path, NULL);
        }
    }
    struct edgel_pairs *pairs;
    assert_int_equal(edgel_pairs_collect(&folders, &pairs, NULL), EDGEL_OK);
    assert_int_equal(edgel_pairs_count(pairs), N);
    for (size_t i = 0; i < N; i++) {
        const struct edgel_pair *p = edgel_pairs_at(pairs, i);
        int k = atoi(p->key + 2);
        assert_int_equal(p->ntruth, k % 3);
        for (size_t a = 0; a < p->ntruth; a++) {
            snprintf(path, sizeof path, "t/%d/%d_%zu.png", k % 10, k, a + 1);
            assert_string_equal(p->truth[a], path);
        }
        if (i > 0)
            assert_true(strcmp(edgel_pairs_at(pairs, i - 1)->key, p->key) < 0);
    }
    edgel_pairs_destroy(&pairs);
}

static void given_pairs_are_a_list(void **state)
{
    (void)state;
    const char *const two[] = { "t/b1", "t/b2" }, *const one[] = { "t/c" };
    const struct edgel_pair given[] = {
        { .key = "c", .truth = one, .ntruth = 1 },
        { .key = "b", .prediction = "p/b", .truth = two, .ntruth = 2 },
        { .key = "a", .prediction = "p/a" },
    };
    const struct edgel_pair twice[] = { given[1], given[1] }, nothing = { .key = "d" };
    put_all("v", "b.png");
    for (long n = 0;; n++) {
        struct edgel_pairs *pairs;
        edgel_alloc_fail_after(n);
        enum edgel_status s = edgel_pairs_build(given, 3, "v", &pairs, NULL);
        edgel_alloc_fail_after(-1);
        if (s == EDGEL_ENOMEM) {
            assert_null(pairs);
            assert_int_equal(edgel_alloc_live(), 0);
            continue;
        }
        assert_int_equal(s, EDGEL_OK);
        assert_true(n > 5 && edgel_pairs_count(pairs) == 3);
        const struct edgel_pair *p = edgel_pairs_at(pairs, 0);
        assert_string_equal(p[0].key, "a");
        assert_true(p[0].ntruth == 0 && p[0].missing_valid && !p[2].prediction);
        assert_string_equal(p[1].prediction, "p/b");
        assert_string_equal(p[1].truth[1], "t/b2");
        assert_string_equal(p[1].valid, "v/b.png");
        assert_string_equal(p[2].truth[0], "t/c");
        edgel_pairs_destroy(&pairs);
        break;
    }
    struct edgel_pairs *pairs;
    assert_int_equal(edgel_pairs_build(twice, 2, NULL, &pairs, NULL), EDGEL_EINVAL);
    assert_null(pairs);
    assert_int_equal(edgel_pairs_build(&nothing, 1, NULL, &pairs, NULL), EDGEL_EINVAL);
}

static void pairs_survive_lack_of_memory(void **state)
{
    (void)state;
    put_all("p", "a.png b.png c.png");
    put_all("t", "a.png b_1.png b_2.png c/1.png c/2.png d_1.png e/1.png");
    put_all("v", "a.png");
    tree_put("list", "x.png\ty.png\tz.png\n");
    const struct edgel_pairs_params params[] = {
        { .prediction = "p", .truth = "t", .valid = "v" },
        { .pairs_file = "list", .prediction = "p", .truth = "t", .valid = "v" },
    };
    for (size_t k = 0; k < 2; k++)
        for (long n = 0;; n++) {
            struct edgel_pairs *pairs;
            struct edgel_error e = { 0 };
            edgel_alloc_fail_after(n);
            enum edgel_status s = edgel_pairs_collect(&params[k], &pairs, &e);
            edgel_alloc_fail_after(-1);
            if (s == EDGEL_OK) {
                assert_int_equal(edgel_pairs_count(pairs), k == 0 ? 5 : 1);
                edgel_pairs_destroy(&pairs);
                assert_true(n > 5);
                break;
            }
            assert_int_equal(s, EDGEL_ENOMEM);
            assert_int_equal(e.code, EDGEL_ENOMEM);
            assert_null(pairs);
            assert_int_equal(edgel_alloc_live(), 0);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TREE_TEST(truth_comes_in_three_forms), TREE_TEST(unclaimed_annotators_count_once),
        TREE_TEST(ambiguity_is_refused),       TREE_TEST(suffixes_are_stripped_where_present),
        TREE_TEST(files_pair_with_files),      TREE_TEST(a_bad_file_fails_alone),
        TREE_TEST(masks_follow_the_key),       TREE_TEST(lists_give_pairs),
        TREE_TEST(many_pairs_are_found),       TREE_TEST(pairs_survive_lack_of_memory),
        TREE_TEST(given_pairs_are_a_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
