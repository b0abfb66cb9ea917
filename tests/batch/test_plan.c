/* Where outputs go: templates, every refusal, and the collision check against comparing each with each. */
#define _XOPEN_SOURCE 700
#include "batch/batch_priv.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "random.h"
#include "tree.h"

static struct edgel_inputs *collect(const char *a, const char *b)
{
    const char *paths[] = { a, b };
    struct edgel_inputs *in;
    const struct edgel_inputs_params params = { .paths = paths, .npaths = b ? 2 : 1 };
    assert_int_equal(edgel_inputs_collect(&params, &in, NULL), EDGEL_OK);
    return in;
}

static const char *const canny_sobel[] = { "canny", "sobel" };

/* All outputs, or '!' and the refusal. */
static const char *planned(struct edgel_plan_params p, const char *a, const char *b)
{
    static char s[8192];
    struct edgel_inputs *in = collect(a, b);
    struct edgel_plan *plan;
    struct edgel_error e = { 0 };
    p.inputs = in;
    if (!p.methods) {
        p.methods = canny_sobel;
        p.nmethods = p.nmethods ? p.nmethods : 1;
    }
    size_t n = 0;
    s[0] = '\0';
    if (edgel_plan_create(&p, &plan, &e) != EDGEL_OK) {
        assert_int_equal(e.code, EDGEL_EINVAL);
        assert_null(plan);
        snprintf(s, sizeof s, "!%s", e.msg);
    } else {
        for (size_t k = 0; k < edgel_inputs_count(in) * p.nmethods; k++) {
            char path[512];
            size_t i = k / p.nmethods, m = k % p.nmethods;
            size_t len = edgel_plan_output(plan, i, m, path, sizeof path);
            assert_int_equal(len, strlen(path));
            assert_int_equal(edgel_plan_output(plan, i, m, path, len + 1), len);
            assert_int_equal(edgel_plan_output(plan, i, m, path, len), 0);
            assert_int_equal(edgel_plan_output(plan, i, m, NULL, 0), 0);
            edgel_plan_output(plan, i, m, path, sizeof path);
            n += (size_t)snprintf(s + n, sizeof s - n, "%s%s%s", k ? " " : "", path,
                                  edgel_plan_skips(plan, i, m) ? "(skip)" : "");
        }
        edgel_plan_destroy(&plan);
    }
    edgel_inputs_destroy(&in);
    return s;
}

static void templates_expand(void **state)
{
    (void)state;
    tree_put("in/a/b.c.jpg", NULL);
    static const struct {
        const char *name, *output;
        size_t nmethods;
        const char *want;
    } cases[] = {
        { NULL, "out", 1, "out/a/b.c.png" },
        { NULL, "out///", 1, "out/a/b.c.png" },
        { NULL, ".", 1, "./a/b.c.png" },
        { NULL, "/", 1, "/a/b.c.png" },
        { NULL, "x.png", 1,
          "!output x.png: is named like an image, but several inputs or methods, or a folder, need a folder; x.png/ is "
          "one" },
        { NULL, "x.png/", 1, "x.png/a/b.c.png" },
        { NULL, "out", 2, "out/canny/a/b.c.png out/sobel/a/b.c.png" },
        { "{stem}_{op}.png", "out", 2, "out/a/b.c_canny.png out/a/b.c_sobel.png" },
        { "{stem}{n}.pgm", "out", 2, "out/a/b.c1.pgm out/a/b.c2.pgm" },
        { "{stem}.{ext}.PFM", "out", 1, "out/a/b.c.jpg.PFM" },
        { "{op}/{stem}.png", "out", 2, "out/canny/b.c.png out/sobel/b.c.png" },
        { "{dir}_{stem}.png", "out", 1, "out/a_b.c.png" },
        { "{op}/{dir}/{stem}.png", "out", 2, "out/canny/a/b.c.png out/sobel/a/b.c.png" },
        { "x//./{stem}.png/", "out", 1, "out/x/b.c.png" },
        { "}{stem}.png", "out", 1, "out/a/}b.c.png" },
        { "{stem}..png", "out", 1, "out/a/b.c..png" },
        { "a./.b/.../{stem}.png", "out", 1, "out/a./.b/.../b.c.png" },
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const struct edgel_plan_params p = { .output = cases[k].output,
                                             .name = cases[k].name,
                                             .nmethods = cases[k].nmethods };
        assert_string_equal(planned(p, "in", NULL), cases[k].want);
    }
    /* a name that begins with its only dot has no extension */
    const struct edgel_plan_params p = { .output = "o", .name = "{ext}{stem}.png" };
    tree_put("flat/d/.png", "P5\n1 1\n255\nx");
    tree_put(".png", NULL);
    assert_string_equal(planned(p, "flat", NULL), "o/d/.png.png");
    assert_string_equal(planned(p, "flat/d/.png", NULL), "o/.png.png");
    assert_string_equal(planned(p, ".png", NULL), "o/.png.png");
    assert_string_equal(planned((struct edgel_plan_params){ .output = "o" }, "gone/", "."),
                        "o/gone.png o/flat/d/.png.png o/in/a/b.c.png");
}

static void one_file_may_be_named(void **state)
{
    (void)state;
    tree_put("a.jpg", NULL);
    tree_put("b.jpg", NULL);
    tree_put("dir.png/", NULL);
    struct edgel_plan_params p = { .output = "new/o.pgm" };
    assert_string_equal(planned(p, "a.jpg", NULL), "new/o.pgm");
    p.output = "o.jpg";
    assert_non_null(strstr(planned(p, "a.jpg", NULL), "!output o.jpg (of a.jpg): the extension must be png"));
    p.output = "new/o";
    assert_string_equal(planned(p, "a.jpg", NULL), "new/o/a.png");
    p.output = "o.png/";
    assert_string_equal(planned(p, "a.jpg", NULL), "o.png/a.png");
    p.output = "dir.png";
    assert_string_equal(planned(p, "a.jpg", NULL), "dir.png/a.png");
    p.output = "o.png";
    assert_non_null(strstr(planned(p, "a.jpg", "b.jpg"), "!output o.png: is named like an image"));
    p.nmethods = 2;
    assert_non_null(strstr(planned(p, "a.jpg", NULL), "!output o.png: is named like an image"));
    p.output = "o.png/";
    assert_string_equal(planned(p, "a.jpg", NULL), "o.png/canny/a.png o.png/sobel/a.png");
    p.nmethods = 1;
    assert_string_equal(planned(p, "a.jpg", "b.jpg"), "o.png/a.png o.png/b.png");
    p.output = "o.png";
    p.name = "{stem}.png";
    assert_string_equal(planned(p, "a.jpg", NULL),
                        "!name '{stem}.png': has no use when the output is the file o.png");
}

static void refusals_name_their_reason(void **state)
{
    (void)state;
    tree_put("in/a.jpg", NULL);
    tree_put("in/a.png", NULL);
    tree_put("in/s/...png", NULL);
    tree_put("in2/x.jpg", NULL);
    tree_put("in2/y/x.jpg", NULL);
    tree_put("file", NULL);
    static const char *const twice[] = { "canny", "canny" }, *const climbing[] = { ".." };
    static const struct {
        struct edgel_plan_params p;
        const char *a, *b, *want;
    } cases[] = {
        { { .output = "o", .name = "{stm}.png" },
          "in2",
          NULL,
          "!name '{stm}.png': {stm} is unknown; known are {stem}" },
        { { .output = "o", .name = "{}.png" }, "in2", NULL, "!name '{}.png': {} is unknown" },
        { { .output = "o", .name = "x{stem.png" },
          "in2",
          NULL,
          "!name 'x{stem.png': '{stem.png' is not closed" },
        { { .output = "o", .name = "" }, "in2", NULL, "!name '': must not be empty" },
        { { .output = "o", .name = "../{stem}.png" },
          "in2",
          NULL,
          "!name '../{stem}.png': '..' must not be" },
        { { .output = "o", .name = "a/../{stem}.png" }, "in2", NULL, "'..' must not be" },
        { { .output = "o", .name = "{stem}/x.png" },
          "in/s",
          NULL,
          "!in/s/...png: its output o/../x.png would lead out" },
        { { .output = "o", .name = "{op}/{stem}.png", .methods = climbing, .nmethods = 1 },
          "in2/x.jpg",
          NULL,
          "would lead out of its folder" },
        { { .output = "o", .name = "{stem}.{ext}" },
          "in2",
          NULL,
          "!output o/x.jpg (of in2/x.jpg): the extension must be png, tif, tiff, pnm, pbm, pgm, ppm or pfm" },
        { { .output = "o", .name = "{stem}" },
          "in2",
          NULL,
          "!output o/x (of in2/x.jpg): the extension must be" },
        { { .output = "" }, "in2", NULL, "!output '': must name a file or a folder" },
        { { .output = "file" }, "in2", NULL, "!output file: is a file; several inputs" },
        { { .output = "file" },
          "in2/x.jpg",
          NULL,
          "!output file: is a file whose extension is none of png, tif, tiff, pnm, pbm, pgm, ppm or pfm" },
        { { .output = "file", .extension = "csv" },
          "in2/x.jpg",
          NULL,
          "!output file: is a file whose extension is none of csv" },
        { { .output = "o" },
          "in",
          NULL,
          "!in/a.jpg and in/a.png would both be written to o/a.png ({ext} in the name keeps them apart)" },
        { { .output = "o" }, "in2", "in2/", "!in2/x.jpg and in2/x.jpg would both be written to o/x.png" },
        { { .output = "o", .name = "{dir}/x.png", .nmethods = 2 },
          "in2/x.jpg",
          NULL,
          "!in2/x.jpg by method 1 (canny) and in2/x.jpg by method 2 (sobel) would both be written to o/x.png "
          "({n} in the name keeps them apart)" },
        { { .output = "o", .methods = twice, .nmethods = 2 },
          "in2",
          NULL,
          "!in2/x.jpg by method 1 (canny) and in2/x.jpg by method 2 (canny) would both be written to o/canny/x.png "
          "({n} in the name keeps them apart)" },
        { { .output = "o", .name = "/abs/{stem}.png" },
          "in2/x.jpg",
          NULL,
          "!name '/abs/{stem}.png': must not begin with '/': it is a path below the output folder" },
        { { .output = "o", .name = "x.png" },
          "in2/x.jpg",
          "in2/y/x.jpg",
          "!in2/x.jpg and in2/y/x.jpg would both be written to o/x.png" },
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const char *got = planned(cases[k].p, cases[k].a, cases[k].b);
        if (!strstr(got, cases[k].want) || *got != '!')
            fail_msg("case %zu: got %s, want %s", k, got, cases[k].want);
        if (strstr(got, "{ext} keeps") && !strstr(cases[k].want, "{ext} keeps"))
            fail_msg("case %zu: {ext} would not help: %s", k, got);
    }
    assert_string_equal(
        planned((struct edgel_plan_params){ .output = "o", .name = "{stem}_{ext}.png" }, "in", NULL),
        "o/a_jpg.png o/a_png.png o/s/.._png.png"); /* it does keep them apart */
    assert_string_equal(planned(
                            (struct edgel_plan_params){
                                .output = "o", .name = "{stem}_{n}.png", .methods = twice, .nmethods = 2 },
                            "in2/x.jpg", NULL),
                        "o/x_1.png o/x_2.png");
    tree_put("t1/n.png", NULL);
    tree_put("t2/n.png/m.png", NULL);
    assert_string_equal(
        planned((struct edgel_plan_params){ .output = "o" }, "t1", "t2"),
        "!t1/n.png would be written to o/n.png, which is a folder of the output of t2/n.png/m.png");
    struct edgel_error e = { 0 };
    struct edgel_plan *plan;
    struct edgel_inputs *in = collect("in2", NULL);
    const struct edgel_plan_params none = { .inputs = in, .output = "o" };
    assert_int_equal(edgel_plan_create(&none, &plan, &e), EDGEL_EINVAL);
    assert_string_equal(e.msg, "methods: there must be at least one");
    edgel_inputs_destroy(&in);
}

/* A link in the place of an output exists, whatever it leads to; one in the place of its folder is refused. */
static void links_are_what_exists(void **state)
{
    (void)state;
    tree_put("in/a.png", "a");
    tree_put("in/s/b.png", "b");
    tree_put("outside/t/", NULL);
    tree_put("out/", NULL);
    assert_int_equal(symlink("../in/a.png", "out/a.png"), 0);
    struct edgel_plan_params p = { .output = "out" };
    assert_string_equal(planned(p, "in", NULL),
                        "!output out/a.png: exists already (existing outputs can be skipped or overwritten)");
    p.existing = EDGEL_EXISTING_OVERWRITE;
    assert_string_equal(planned(p, "in", NULL),
                        "out/a.png out/s/b.png"); /* the link is replaced, not the input */
    assert_string_equal(
        planned(p, "out/a.png", NULL),
        "!output out/a.png (of out/a.png): is the input out/a.png; inputs are never written to");
    p.follow_links = true;
    assert_string_equal(
        planned(p, "in", NULL),
        "!output out/a.png (of in/a.png): is the input in/a.png; inputs are never written to");
    assert_int_equal(unlink("out/a.png"), 0);
    assert_int_equal(symlink("../outside", "out/s"), 0);
    assert_string_equal(planned(p, "in", NULL), "out/a.png out/s/b.png");
    p.follow_links = false;
    assert_string_equal(planned(p, "in", NULL),
                        "!output out/s/b.png (of in/s/b.png): out/s is a symbolic link; "
                        "outputs are not written through links");
    p.name = "{op}/s/t/{stem}.png";
    tree_put("out/canny/", NULL);
    assert_int_equal(symlink("../../outside", "out/canny/s"), 0);
    assert_string_equal(planned(p, "in/a.png", NULL),
                        "!output out/canny/s/t/a.png (of in/a.png): out/canny/s is a "
                        "symbolic link; outputs are not written through links");
    assert_int_equal(symlink("out", "link"), 0);
    p.name = NULL;
    p.output = "link"; /* that of the folder itself is followed */
    assert_string_equal(planned(p, "in/a.png", NULL), "link/a.png");
}

static void what_exists_is_found(void **state)
{
    (void)state;
    tree_put("in/a.png", NULL);
    tree_put("in/b.png", NULL);
    tree_put("in/c.png", NULL);
    struct edgel_plan_params p = { .output = "out" };
    assert_string_equal(planned(p, "in", NULL), "out/a.png out/b.png out/c.png");
    tree_put("out/b.png", NULL);
    assert_string_equal(planned(p, "in", NULL),
                        "!output out/b.png: exists already (existing outputs can be skipped or overwritten)");
    assert_int_equal(symlink("gone", "out/c.png"), 0);
    assert_string_equal(
        planned(p, "in", NULL),
        "!output out/b.png: exists already, and 1 more does (existing outputs can be skipped or overwritten)");
    tree_put("out/a.png", NULL);
    assert_string_equal(
        planned(p, "in", NULL),
        "!output out/a.png: exists already, and 2 more do (existing outputs can be skipped or overwritten)");
    assert_int_equal(unlink("out/a.png"), 0);
    p.existing = EDGEL_EXISTING_SKIP;
    assert_string_equal(planned(p, "in", NULL), "out/a.png out/b.png(skip) out/c.png(skip)");
    p.nmethods = 2;
    tree_put("out/sobel/b.png", NULL);
    assert_string_equal(planned(p, "in", NULL), "out/canny/a.png out/sobel/a.png out/canny/b.png "
                                                "out/sobel/b.png(skip) out/canny/c.png out/sobel/c.png");
    p.nmethods = 1;
    p.existing = EDGEL_EXISTING_OVERWRITE;
    assert_string_equal(planned(p, "in", NULL), "out/a.png out/b.png out/c.png");
    tree_put("out/a.png/", NULL);
    assert_string_equal(planned(p, "in", NULL), "!output out/a.png (of in/a.png): is a folder");
    p.output = "in";
    assert_string_equal(planned(p, "in", NULL),
                        "!output in/a.png (of in/a.png): is the input in/a.png; inputs are never written to");
    p.existing = EDGEL_EXISTING_SKIP;
    assert_non_null(strstr(planned(p, "in", NULL), "is the input"));
    p.existing = EDGEL_EXISTING_OVERWRITE;
    p.output = "hard";
    tree_put("hard/", NULL);
    assert_int_equal(link("in/c.png", "hard/a.png"), 0); /* the same file by another name */
    assert_string_equal(
        planned(p, "in", NULL),
        "!output hard/a.png (of in/a.png): is the input in/c.png; inputs are never written to");
    p.output = "in/c.png";
    assert_non_null(strstr(planned(p, "in/a.png", "in/c.png"), "is a file"));
    assert_non_null(strstr(planned(p, "in/c.png", NULL), "is the input in/c.png"));
}

static void the_longest_path_is_looked_up_whole(void **state)
{
    (void)state;
    tree_put("in/a.png", NULL);
    tree_put("in/bb.png", NULL);
    tree_put("out/bb.png", NULL);
    assert_string_equal(
        planned((struct edgel_plan_params){ .output = "out" }, "in", NULL),
        "!output out/bb.png: exists already (existing outputs can be skipped or overwritten)");
}

static void broken_inputs_take_no_part(void **state)
{
    (void)state;
    tree_put("a.png", NULL);
    tree_put("out/gone.png", NULL);
    assert_string_equal(planned((struct edgel_plan_params){ .output = "out" }, "gone.jpg", "x/gone.jpg"),
                        "out/gone.png out/gone.png");
    assert_string_equal(
        planned((struct edgel_plan_params){ .output = "o", .name = "{stem}.{ext}" }, "a.png", "b.gif"),
        "o/a.png o/b.gif");
}

static uint64_t seed = 12345;

static uint32_t roll(uint32_t n)
{
    return random_below(&seed, n);
}

/* The first output that equals an earlier one or lies below or above another, by comparing each with each. */
static bool collides(char (*path)[64], size_t n)
{
    for (size_t y = 0; y < n; y++)
        for (size_t x = 0; x < n; x++) {
            size_t len = strlen(path[x]);
            if (x != y && strncmp(path[x], path[y], len) == 0 &&
                (path[y][len] == '\0' || path[y][len] == '/'))
                return true;
        }
    return false;
}

static void random_trees_agree_with_a_naive_check(void **state)
{
    (void)state;
    static const char *const names[] = { "{stem}.png", "{stem}_{op}.png", "{dir}{stem}.png",
                                         "{op}/{stem}{n}.png" };
    static char want[256][64];
    int refused = 0;
    for (int trial = 0; trial < 200; trial++) {
        struct edgel_inputs in = { 0 };
        size_t n = 1 + roll(12), nmethods = 1 + roll(2);
        uint32_t variety = 3 + roll(40);
        for (size_t i = 0; i < n; i++) {
            char rel[64];
            static const char *const dirs[] = { "", "a/", "a/b/", "s1.png/" }, *const ext[] = { "png",
                                                                                                "jpg" };
            snprintf(rel, sizeof rel, "%ss%u.%s", dirs[roll(4)], roll(variety), ext[roll(2)]);
            assert_int_equal(edgel_inputs_add(&in, "", rel, 0, true, 0, NULL), EDGEL_OK);
        }
        const struct edgel_plan_params p = { .inputs = &in,
                                             .output = "none",
                                             .methods = canny_sobel,
                                             .nmethods = nmethods,
                                             .name = names[roll(4)],
                                             .existing = EDGEL_EXISTING_OVERWRITE };
        /* a plan whose inputs are all called broken is never refused: it tells the paths */
        struct edgel_plan *plan;
        for (size_t i = 0; i < n; i++)
            in.at[i].broken = true;
        assert_int_equal(edgel_plan_create(&p, &plan, NULL), EDGEL_OK);
        for (size_t k = 0; k < n * nmethods; k++)
            assert_true(edgel_plan_output(plan, k / nmethods, k % nmethods, want[k], sizeof *want) > 0);
        edgel_plan_destroy(&plan);
        for (size_t i = 0; i < n; i++)
            in.at[i].broken = false;
        static const uint64_t masks[] = { UINT64_MAX, 3, 0 }; /* hashes that collide all the time */
        for (size_t k = 0; k < 3; k++) {
            bool ok = edgel_plan_names(&p, masks[k], &plan, NULL) == EDGEL_OK;
            assert_int_equal(ok, !collides(want, n * nmethods));
            refused += !ok;
            edgel_plan_destroy(&plan);
        }
        edgel_strings_finish(&in.strings);
        edgel_free(in.at);
    }
    assert_in_range(refused, 60, 540); /* both answers were seen often */
}

static void plans_survive_lack_of_memory(void **state)
{
    (void)state;
    tree_put("in/a.png", NULL);
    tree_put("in/b.png", NULL);
    tree_put("out/canny/a.png", NULL);
    struct edgel_inputs *in = collect("in", NULL);
    long before = edgel_alloc_live();
    const struct edgel_plan_params p = {
        .inputs = in, .output = "out", .methods = canny_sobel, .nmethods = 2, .existing = EDGEL_EXISTING_SKIP
    };
    for (long n = 0;; n++) {
        struct edgel_plan *plan;
        struct edgel_error e = { 0 };
        edgel_alloc_fail_after(n);
        enum edgel_status s = edgel_plan_create(&p, &plan, &e);
        edgel_alloc_fail_after(-1);
        if (s == EDGEL_OK) {
            assert_true(edgel_plan_skips(plan, 0, 0) && !edgel_plan_skips(plan, 0, 1));
            edgel_plan_destroy(&plan);
            assert_true(n > 8);
            break;
        }
        assert_int_equal(s, EDGEL_ENOMEM);
        assert_int_equal(e.code, EDGEL_ENOMEM);
        assert_null(plan);
        assert_int_equal(edgel_alloc_live(), before);
    }
    edgel_inputs_destroy(&in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TREE_TEST(templates_expand),
        TREE_TEST(one_file_may_be_named),
        TREE_TEST(refusals_name_their_reason),
        TREE_TEST(links_are_what_exists),
        TREE_TEST(what_exists_is_found),
        TREE_TEST(the_longest_path_is_looked_up_whole),
        TREE_TEST(broken_inputs_take_no_part),
        TREE_TEST(random_trees_agree_with_a_naive_check),
        TREE_TEST(plans_survive_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
