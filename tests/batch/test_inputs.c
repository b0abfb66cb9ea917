/* What paths name: order, globs, loops, names that are no text, lists. Each case builds a tree and states the list. */
#define _XOPEN_SOURCE 700
#include "core/core_priv.h"
#include "edgel/batch.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tree.h"

/* The list as text: "rel=path" a file, '!' before broken ones, '.' before files named by themselves. */
static const char *listed(const struct edgel_inputs_params *params, size_t *passed_over)
{
    static char s[65536];
    struct edgel_inputs *in;
    struct edgel_error e = { 0 };
    assert_int_equal(edgel_inputs_collect(params, &in, &e), EDGEL_OK);
    size_t n = 0;
    s[0] = '\0';
    for (size_t i = 0; i < edgel_inputs_count(in); i++) {
        const struct edgel_input *f = edgel_inputs_at(in, i);
        n += (size_t)snprintf(s + n, sizeof s - n, "%s%s%s%s=%s", i ? " " : "", f->broken ? "!" : "",
                              f->folder ? "" : ".", f->rel, f->path);
        assert_true(n < sizeof s);
        assert_true(f->broken == (f->error != 0));
    }
    if (passed_over)
        *passed_over = edgel_inputs_passed_over(in);
    edgel_inputs_destroy(&in);
    assert_null(in);
    return s;
}

static const char *list_of(const char *path)
{
    const struct edgel_inputs_params params = { .paths = &path, .npaths = 1 };
    return listed(&params, NULL);
}

static void folders_are_in_byte_order_of_rel(void **state)
{
    (void)state;
    /* '-' < '.' < '/' < '0': the order of whole relative paths, not of the names in each folder */
    tree_put("in/a/x.png", NULL);
    tree_put("in/a-b.png", NULL);
    tree_put("in/a.png", NULL);
    tree_put("in/a0.png", NULL);
    tree_put("in/B.png", NULL);
    tree_put("in/\xff.png", NULL);
    const char *want = "B.png=in/B.png a-b.png=in/a-b.png a.png=in/a.png a/x.png=in/a/x.png a0.png=in/a0.png "
                       "\xff.png=in/\xff.png";
    assert_string_equal(list_of("in"), want);
    assert_string_equal(list_of("in///"), want);
    assert_int_equal(chdir("in/a"), 0);
    assert_string_equal(list_of("."), "x.png=./x.png");
    assert_string_equal(list_of("../a"), "x.png=../a/x.png");
    assert_int_equal(chdir("../.."), 0);
}

static void arguments_keep_their_order(void **state)
{
    (void)state;
    tree_put("z.png", NULL);
    tree_put("d/e/b.png", NULL);
    char whole[128];
    snprintf(whole, sizeof whole, "%s/d", tree_root);
    const char *paths[] = { "z.png", "d/e/b.png", "d", "gone.png", "z.png/", "", whole };
    const struct edgel_inputs_params params = { .paths = paths, .npaths = 7 };
    char want[512];
    snprintf(want, sizeof want,
             ".z.png=z.png .b.png=d/e/b.png e/b.png=d/e/b.png !.gone.png=gone.png !.z.png=z.png/ !.= "
             "e/b.png=%s/d/e/b.png",
             tree_root);
    assert_string_equal(listed(&params, NULL), want);
    assert_string_equal(listed(&(struct edgel_inputs_params){ 0 }, NULL), "");
}

static void content_decides_unless_the_name_does(void **state)
{
    (void)state;
    tree_put("in/empty.png", NULL);
    tree_put("in/notes.txt", "hello");
    tree_put("in/netpbm", "P5\n1 1\n255\nx");
    tree_put("in/none", NULL);
    tree_put("in/.hidden/.x.png", NULL);
    tree_put("in/.edgel-12-3.tmp", "P5\n1 1\n255\nx");
    tree_put("in/.edgel-9.png", NULL);
    const char *path = "in";
    size_t passed_over;
    const struct edgel_inputs_params params = { .paths = &path, .npaths = 1 };
    assert_string_equal(listed(&params, &passed_over),
                        ".hidden/.x.png=in/.hidden/.x.png empty.png=in/empty.png netpbm=in/netpbm");
    assert_int_equal(passed_over, 4);
    assert_string_equal(list_of("in/notes.txt"),
                        ".notes.txt=in/notes.txt"); /* named: an input whatever it is */
}

static void special_files_are_never_opened(void **state)
{
    (void)state;
    tree_put("in/", NULL);
    assert_int_equal(mkfifo("in/a.png", 0600), 0); /* opening either would block for ever */
    assert_int_equal(mkfifo("in/b", 0600), 0);
    alarm(20);
    assert_string_equal(list_of("in"), "");
    assert_string_equal(list_of("in/b"), ".b=in/b");
    alarm(0);
}

static void links_are_followed_and_loops_cut(void **state)
{
    (void)state;
    tree_put("in/a/b/x.png", NULL);
    tree_put("else/y.png", NULL);
    assert_int_equal(symlink("..", "in/a/up"), 0);
    assert_int_equal(symlink(".", "in/self"), 0);
    assert_int_equal(symlink("../else", "in/far"), 0);
    assert_int_equal(symlink("../../in", "in/a/root"), 0);
    assert_int_equal(symlink("gone", "in/lost.png"), 0);
    assert_int_equal(symlink("gone", "in/lost"), 0);
    assert_int_equal(symlink("round", "in/round"), 0);
    assert_int_equal(symlink("a/b/x.png", "in/link.png"), 0);
    assert_string_equal(list_of("in"), "a/b/x.png=in/a/b/x.png far/y.png=in/far/y.png link.png=in/link.png "
                                       "!lost.png=in/lost.png");
    assert_int_equal(symlink("in", "alias"), 0);
    assert_non_null(strstr(list_of("alias"), "a/b/x.png=alias/a/b/x.png"));
}

static void skip_folder_is_not_walked(void **state)
{
    (void)state;
    tree_put("in/a.png", NULL);
    tree_put("in/out/b.png", NULL);
    tree_put("in/c/out/d.png", NULL);
    assert_int_equal(symlink("../out", "in/c/again"), 0);
    const char *path = "in";
    struct edgel_inputs_params params = { .paths = &path, .npaths = 1, .skip_folder = "./in/out/" };
    assert_string_equal(listed(&params, NULL), "a.png=in/a.png c/out/d.png=in/c/out/d.png");
    params.skip_folder = "in"; /* the input itself is walked */
    assert_non_null(strstr(listed(&params, NULL), "a.png=in/a.png"));
    params.skip_folder = "gone";
    assert_non_null(strstr(listed(&params, NULL), "out/b.png=in/out/b.png"));
}

static void globs_choose_walked_files_only(void **state)
{
    (void)state;
    tree_put("in/a/x.png", NULL);
    tree_put("in/a/y.jpg", NULL);
    tree_put("in/x.png", NULL);
    tree_put("in/[.png", NULL);
    tree_put("in/n.txt", "text");
    static const struct {
        const char *include, *exclude, *want;
        size_t passed_over;
    } cases[] = {
        { "x.png", NULL, "a/x.png x.png", 0 },
        { "*.jpg", NULL, "a/y.jpg", 0 },
        { "a/*", NULL, "a/x.png a/y.jpg", 0 },
        { "?.png", "a/*", "[.png x.png", 0 },
        { "/x.png", NULL, "", 0 },
        { NULL, "*.png", "a/y.jpg", 1 },
        { NULL, "*.txt", "[.png a/x.png a/y.jpg x.png", 0 },
        { "[", NULL, "", 0 },
        { "*", "*", "", 0 },
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const char *path = "in";
        const struct edgel_inputs_params params = {
            .paths = &path,
            .npaths = 1,
            .include = &cases[k].include,
            .ninclude = cases[k].include != NULL,
            .exclude = &cases[k].exclude,
            .nexclude = cases[k].exclude != NULL,
        };
        struct edgel_inputs *in;
        assert_int_equal(edgel_inputs_collect(&params, &in, NULL), EDGEL_OK);
        char got[256] = "";
        for (size_t i = 0; i < edgel_inputs_count(in); i++)
            strcat(strcat(got, i ? " " : ""), edgel_inputs_at(in, i)->rel);
        assert_string_equal(got, cases[k].want);
        assert_int_equal(edgel_inputs_passed_over(in), cases[k].passed_over);
        edgel_inputs_destroy(&in);
    }
    const char *named = "in/x.png", *never = "*";
    const struct edgel_inputs_params params = {
        .paths = &named, .npaths = 1, .exclude = &never, .nexclude = 1
    };
    assert_string_equal(listed(&params, NULL), ".x.png=in/x.png");
}

static void unreadable_folders_are_broken_inputs(void **state)
{
    (void)state;
    tree_put("in/a.png", NULL);
    tree_put("in/shut/b.png", NULL);
    tree_put("in/z.png", NULL);
    tree_put("in/names/c", NULL);
    assert_int_equal(chmod("in/names", 0444), 0); /* its names can be read, but not what they are */
    assert_int_equal(chmod("in/shut", 0), 0);
    bool root = geteuid() == 0; /* for whom nothing is unreadable */
    assert_int_equal(chmod(tree_root, 0755), 0);
    if (root)
        assert_int_equal(seteuid(65534), 0);
    char below[256], itself[256];
    strcpy(below, list_of("in"));
    strcpy(itself, list_of("in/shut/"));
    if (root)
        assert_int_equal(seteuid(0), 0);
    assert_int_equal(chmod("in/shut", 0700), 0);
    assert_int_equal(chmod("in/names", 0700), 0);
    assert_string_equal(below, "a.png=in/a.png !names/c=in/names/c !shut=in/shut z.png=in/z.png");
    assert_string_equal(itself, "!.shut=in/shut/");
}

/* Folders below the longest path that the system opens: reported once, the rest is listed. */
static void paths_over_the_limit_are_broken_inputs(void **state)
{
    (void)state;
    char name[201];
    memset(name, 'd', 200);
    name[200] = '\0';
    tree_put("in/a.png", NULL);
    tree_put("in/z.png", NULL);
    int fd = open("in", O_RDONLY | O_DIRECTORY);
    for (int k = 0; k < 25; k++) {
        assert_int_equal(mkdirat(fd, name, 0777), 0);
        int next = openat(fd, name, O_RDONLY | O_DIRECTORY);
        close(fd);
        fd = next;
    }
    close(fd);
    const char *got = list_of("in");
    assert_true(strncmp(got, "a.png=in/a.png !ddd", 19) == 0);
    assert_string_equal(got + strlen(got) - 15, " z.png=in/z.png");
    assert_null(strchr(strchr(got, '!') + 1, '!'));
    assert_int_equal(system("rm -rf in"), 0);
}

static void write_bytes(const char *path, const char *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static void lists_name_files_and_folders(void **state)
{
    (void)state;
    tree_put("in/a.png", NULL);
    tree_put("x y.png", NULL);
    tree_put("l\n.png", NULL);
    const char *first = "in/a.png";
    struct edgel_inputs_params params = { .paths = &first, .npaths = 1, .files_from = "list" };
    tree_put("list", "x y.png\n\nin\n#gone\nin/a.png"); /* no newline at its end */
    assert_string_equal(listed(&params, NULL), ".a.png=in/a.png .x y.png=x y.png a.png=in/a.png "
                                               "!.#gone=#gone .a.png=in/a.png");
    tree_put("list", "x y.png\r\n\r\nin\r\nin/a.png\r"); /* of another system */
    assert_string_equal(listed(&params, NULL),
                        ".a.png=in/a.png .x y.png=x y.png a.png=in/a.png .a.png=in/a.png");
    params.nul = true;
    static const char records[] = "l\n.png\0\0x y.png\0";
    write_bytes("list", records, sizeof records - 1);
    assert_string_equal(listed(&params, NULL), ".a.png=in/a.png .l\n.png=l\n.png .x y.png=x y.png");
    int keep = dup(STDIN_FILENO), fd = open("list", O_RDONLY);
    dup2(fd, STDIN_FILENO);
    params.files_from = "-";
    assert_string_equal(listed(&params, NULL), ".a.png=in/a.png .l\n.png=l\n.png .x y.png=x y.png");
    dup2(keep, STDIN_FILENO);
    close(keep);
    close(fd);
    struct edgel_inputs *in;
    struct edgel_error e = { 0 };
    params.files_from = "list";
    params.nul = false;
    assert_int_equal(edgel_inputs_collect(&params, &in, &e), EDGEL_EINVAL);
    assert_non_null(strstr(e.msg, "list, line 2: holds a NUL byte"));
    FILE *endless = fopen("endless", "wb");
    for (int i = 0; i <= 1 << 20; i++)
        putc('a', endless);
    assert_int_equal(fclose(endless), 0);
    params.files_from = "endless";
    edgel_error_clear(&e);
    assert_int_equal(edgel_inputs_collect(&params, &in, &e), EDGEL_EINVAL);
    assert_string_equal(e.msg, "endless, line 1: longer than 1048576 bytes");
    params.files_from = "gone";
    edgel_error_clear(&e);
    assert_int_equal(edgel_inputs_collect(&params, &in, &e), EDGEL_EIO);
    assert_true(strncmp(e.msg, "gone: ", 6) == 0);
    assert_null(in);
    params.files_from = "in";
    assert_int_equal(edgel_inputs_collect(&params, &in, NULL), EDGEL_EIO);
}

/* A record longer than the blocks that a list is read in, and many records across their edges. */
static void long_lists_are_read_whole(void **state)
{
    (void)state;
    FILE *f = fopen("list", "wb");
    for (int k = 0; k < 5000; k++)
        fprintf(f, "missing/%0*d\n", 1 + k % 37, k);
    for (int k = 0; k < 20000; k++)
        fputc('n', f);
    assert_int_equal(fclose(f), 0);
    struct edgel_inputs *in;
    const struct edgel_inputs_params params = { .files_from = "list" };
    assert_int_equal(edgel_inputs_collect(&params, &in, NULL), EDGEL_OK);
    assert_int_equal(edgel_inputs_count(in), 5001);
    for (int k = 0; k < 5000; k++) {
        char want[64];
        snprintf(want, sizeof want, "missing/%0*d", 1 + k % 37, k);
        assert_string_equal(edgel_inputs_at(in, (size_t)k)->path, want);
        assert_string_equal(edgel_inputs_at(in, (size_t)k)->rel, want + 8);
    }
    assert_int_equal(strlen(edgel_inputs_at(in, 5000)->path), 20000);
    edgel_inputs_destroy(&in);
}

static void collect_survives_lack_of_memory(void **state)
{
    (void)state;
    char name[64];
    for (int k = 0; k < 100; k++) {
        snprintf(name, sizeof name, "in/%d/%d.png", k % 7, k);
        tree_put(name, NULL);
    }
    tree_put("list", "in\nin/0/0.png\n");
    const char *path = "in";
    const struct edgel_inputs_params params = { .paths = &path, .npaths = 1, .files_from = "list" };
    for (long n = 0;; n++) {
        struct edgel_inputs *in;
        struct edgel_error e = { 0 };
        edgel_alloc_fail_after(n);
        enum edgel_status s = edgel_inputs_collect(&params, &in, &e);
        edgel_alloc_fail_after(-1);
        if (s == EDGEL_OK) {
            assert_int_equal(edgel_inputs_count(in), 201);
            edgel_inputs_destroy(&in);
            assert_true(n > 5);
            return;
        }
        assert_int_equal(s, EDGEL_ENOMEM);
        assert_int_equal(e.code, EDGEL_ENOMEM);
        assert_null(in);
        assert_int_equal(edgel_alloc_live(), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TREE_TEST(folders_are_in_byte_order_of_rel),
        TREE_TEST(arguments_keep_their_order),
        TREE_TEST(content_decides_unless_the_name_does),
        TREE_TEST(special_files_are_never_opened),
        TREE_TEST(links_are_followed_and_loops_cut),
        TREE_TEST(skip_folder_is_not_walked),
        TREE_TEST(globs_choose_walked_files_only),
        TREE_TEST(unreadable_folders_are_broken_inputs),
        TREE_TEST(paths_over_the_limit_are_broken_inputs),
        TREE_TEST(lists_name_files_and_folders),
        TREE_TEST(long_lists_are_read_whole),
        TREE_TEST(collect_survives_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
