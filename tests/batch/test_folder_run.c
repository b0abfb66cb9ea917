/* A run over folders as a user of the library has it: outputs, log, record, stops, refusals. The operation copies a
 * file and adds the name of the output's method. */
#define _XOPEN_SOURCE 700 /* nftw */
#include "core/core_priv.h"
#include "edgel/batch_folder.h"
#include "tree.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>

#include <cmocka.h>

static const char *const methods[] = { "one", "two" };

/* The operation and who follows it. */
struct copier {
    const char *fails; /* input whose second output fails; NULL none */
    size_t stop_after; /* reports; 0: never */
    atomic_size_t written;
    int begun, ended, checked;
    bool begin_fails;
    size_t reports, calls; /* calls: of progress */
    char told[1024];       /* input -> outcome of each report */
    char warned[256];
};

static enum edgel_status begin(void *user, int threads, int inner, struct edgel_error *err)
{
    struct copier *c = user;
    assert_true(threads >= 1 && inner >= 1);
    c->begun++;
    return c->begin_fails ? edgel_fail(err, EDGEL_ELIMIT, "begin: as asked") : EDGEL_OK;
}

static void end(void *user, int threads)
{
    assert_true(threads >= 1);
    ((struct copier *)user)->ended++;
}

static enum edgel_status copy(struct edgel_folder_image *image, size_t m, const struct edgel_bytes *bytes,
                              struct edgel_error *err)
{
    if (edgel_plan_skips(image->plan, image->i, m))
        return EDGEL_OK;
    EDGEL_TRY(edgel_folder_image_begin(image, m, err));
    EDGEL_TRY(edgel_output_write(image->outputs[m], bytes->data, bytes->size, err));
    return edgel_output_write(image->outputs[m], methods[m], 3, err);
}

static enum edgel_status write_copies(void *user, int thread, struct edgel_folder_image *image,
                                      struct edgel_error *err)
{
    struct copier *c = user;
    struct edgel_bytes bytes = { 0 };
    (void)thread;
    enum edgel_status s = edgel_bytes_read(image->input, &bytes, err);
    for (size_t m = 0; s == EDGEL_OK && m < 2; m++)
        s = m == 1 && c->fails && strcmp(c->fails, image->input) == 0
                ? edgel_fail(err, EDGEL_EFORMAT, "%s: fails as asked", image->input)
                : copy(image, m, &bytes, err);
    image->w = (int)bytes.size;
    image->h = 1;
    edgel_bytes_finish(&bytes);
    atomic_fetch_add(&c->written, s == EDGEL_OK);
    return s;
}

static enum edgel_status check(void *user, size_t m, const char *path, struct edgel_error *err)
{
    ((struct copier *)user)->checked++;
    return strstr(path, "bad") ? edgel_fail(err, EDGEL_EINVAL, "%s: refused as method %zu", path, m)
                               : EDGEL_OK;
}

static void scales(void *user, enum edgel_type type, struct edgel_scale *scale)
{
    (void)user;
    assert_int_equal(type, EDGEL_U8);
    assert_true(scale[0].full == 0 && scale[1].full == 0);
    scale[1] = (struct edgel_scale){ 2040, false };
}

static void report(void *user, const struct edgel_folder_report *r)
{
    struct copier *c = user;
    const size_t n = strlen(c->told);
    c->reports++;
    snprintf(c->told + n, sizeof c->told - n, "%s %d\n", r->input, (int)r->outcome);
    assert_true((r->error != NULL) == (r->outcome == EDGEL_OUTCOME_ERROR));
}

static void progress(void *user, const struct edgel_totals *t, size_t count)
{
    struct copier *c = user;
    assert_int_equal(t->ok + t->failed + t->skipped, c->calls++);
    assert_true(c->calls <= count + 1);
}

static void warn(void *user, enum edgel_folder_warning warning, const char *text)
{
    struct copier *c = user;
    snprintf(c->warned, sizeof c->warned, "%d %s", (int)warning, text);
}

static bool stop(void *user)
{
    const struct copier *c = user;
    return c->stop_after && c->reports >= c->stop_after;
}

/* In the middle of the run, the name of its output folder is given to a link that leads elsewhere. */
static enum edgel_status write_and_swap(void *user, int thread, struct edgel_folder_image *image,
                                        struct edgel_error *err)
{
    EDGEL_TRY(write_copies(user, thread, image, err));
    if (image->i == 1) {
        assert_int_equal(rename("out", "moved"), 0);
        assert_int_equal(symlink("outside", "out"), 0);
    }
    return EDGEL_OK;
}

static const char *const in[] = { "in" };

static struct edgel_folder_run run_of(struct copier *c)
{
    struct edgel_folder_run run;
    edgel_folder_run_init(&run);
    run.inputs = (struct edgel_inputs_params){ .paths = in, .npaths = 1 };
    run.output = "out";
    run.methods = methods;
    run.noutputs = 2;
    run.threads = 1;
    run.user = run.listener = c;
    run.begin = begin;
    run.end = end;
    run.write = write_copies;
    run.check = check;
    run.scales = scales;
    run.report = report;
    run.progress = progress;
    run.warn = warn;
    run.stop = stop;
    return run;
}

static void make_inputs(void)
{
    tree_put("in/a.png", "A");
    tree_put("in/b.png", "BB");
    tree_put("in/c/d.png", "D");
    tree_put("in/e.png", "E");
    tree_put("in/notes.txt", "none");
}

static enum edgel_status execute(const struct edgel_folder_run *run, struct edgel_folder_result *result,
                                 struct edgel_error *err)
{
    *err = (struct edgel_error){ 0 };
    return edgel_folder_run_execute(run, result, err);
}

/* The file's text, "" if there is none. Without what stands between "seconds": and the next brace. */
static const char *text_of(const char *path)
{
    static char s[4096];
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(s, 1, sizeof s - 1, f) : 0;
    if (f)
        fclose(f);
    s[n] = '\0';
    for (char *p = s; (p = strstr(p, "\"seconds\":")) != NULL;) {
        p += strlen("\"seconds\":");
        char *brace = strchr(p, '}');
        memmove(p, brace, strlen(brace) + 1);
    }
    return s;
}

static size_t files; /* counted by count_files() */
static int count_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    files += kind == FTW_F && strncmp(path + ftw->base, ".edgel-journal", 14) != 0; /* the record stays */
    return 0;
}

static size_t count_files(const char *folder)
{
    files = 0;
    return nftw(folder, count_one, 16, FTW_PHYS) == 0 ? files : 0;
}

static void remove_out(void)
{
    (void)nftw("out", tree_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static const char whole_log[] =
    "{\"type\":\"image\",\"input\":\"in/a.png\",\"output\":[\"out/one/a.png\",\"out/two/a.png\"],"
    "\"scale\":[null,{\"full\":2040,\"kind\":\"root\"}],\"status\":\"ok\",\"error\":null,\"width\":1,\"height\":1,"
    "\"seconds\":}\n"
    "{\"type\":\"image\",\"input\":\"in/b.png\",\"output\":[\"out/one/b.png\",\"out/two/b.png\"],"
    "\"scale\":[null,{\"full\":2040,\"kind\":\"root\"}],\"status\":\"ok\",\"error\":null,\"width\":2,\"height\":1,"
    "\"seconds\":}\n"
    "{\"type\":\"image\",\"input\":\"in/c/d.png\",\"output\":[\"out/one/c/d.png\",\"out/two/c/d.png\"],"
    "\"scale\":[null,{\"full\":2040,\"kind\":\"root\"}],\"status\":\"ok\",\"error\":null,\"width\":1,\"height\":1,"
    "\"seconds\":}\n"
    "{\"type\":\"image\",\"input\":\"in/e.png\",\"output\":[\"out/one/e.png\",\"out/two/e.png\"],"
    "\"scale\":[null,{\"full\":2040,\"kind\":\"root\"}],\"status\":\"ok\",\"error\":null,\"width\":1,\"height\":1,"
    "\"seconds\":}\n"
    "{\"type\":\"summary\",\"ok\":4,\"failed\":0,\"skipped\":0,\"not_images\":1,\"interrupted\":false,\"seconds\":}\n";

static void assert_whole(void)
{
    assert_int_equal(count_files("out"), 8);
    assert_string_equal(text_of("out/one/a.png"), "Aone");
    assert_string_equal(text_of("out/two/b.png"), "BBtwo");
    assert_string_equal(text_of("out/two/c/d.png"), "Dtwo");
    assert_string_equal(text_of("log"), whole_log);
}

static void outputs_and_log_do_not_depend_on_threads_and_durability(void **state)
{
    (void)state;
    make_inputs();
    for (int k = 0; k < 4; k++) {
        struct copier c = { 0 };
        struct edgel_folder_run run = run_of(&c);
        struct edgel_folder_result result;
        struct edgel_error err;
        run.threads = k & 1 ? 7 : 1;
        run.durable = k & 2;
        run.log = "log";
        assert_int_equal(execute(&run, &result, &err), EDGEL_OK);
        assert_int_equal(result.stage, EDGEL_FOLDER_WORK);
        assert_int_equal(result.inputs, 4);
        assert_int_equal(result.totals.ok, 4);
        assert_int_equal(result.totals.not_images, 1);
        assert_false(result.resumable);
        assert_whole(); /* and no record is left */
        assert_string_equal(c.told, "in/a.png 0\nin/b.png 0\nin/c/d.png 0\nin/e.png 0\n");
        assert_int_equal(c.calls, 5);
        assert_int_equal(c.begun, 1);
        assert_int_equal(c.ended, 1);
        assert_int_equal(c.checked, 8);
        remove_out();
    }
}

static void an_image_that_fails_leaves_nothing(void **state)
{
    (void)state;
    make_inputs();
    for (int durable = 0; durable < 2; durable++) {
        struct copier c = { .fails = "in/b.png" };
        struct edgel_folder_run run = run_of(&c);
        struct edgel_folder_result result;
        struct edgel_error err;
        run.durable = durable;
        run.log = "log";
        assert_int_equal(execute(&run, &result, &err), EDGEL_OK);
        assert_int_equal(result.totals.ok, 3);
        assert_int_equal(result.totals.failed, 1);
        assert_int_equal(count_files("out"), 6);
        assert_string_equal(text_of("out/one/b.png"), "");
        assert_non_null(strstr(text_of("log"), "\"input\":\"in/b.png\",\"output\":null,\"status\":\"error\","
                                               "\"error\":\"in/b.png: fails as asked\""));
        assert_string_equal(c.told, "in/a.png 0\nin/b.png 1\nin/c/d.png 0\nin/e.png 0\n");
        remove_out();
    }
}

static void a_run_that_was_stopped_is_resumed(void **state)
{
    (void)state;
    static const struct edgel_setting settings[] = { { "k", "1" } }, others[] = { { "k", "2" } };
    static const char *const later[] = { "e.png", "d.png" };
    make_inputs();
    for (int durable = 0; durable < 2; durable++) {
        struct copier c = { .stop_after = durable ? 0 : 2 };
        struct edgel_folder_run run = run_of(&c);
        struct edgel_folder_result result;
        struct edgel_error err;
        run.settings = settings;
        run.nsettings = 1;
        run.durable = durable;
        run.log = "log";
        if (durable) { /* outputs of a group appear together: part of the list is done by a run of its own */
            run.inputs.exclude = later;
            run.inputs.nexclude = 2;
            c.stop_after = 1;
            run.durable = false;
        }
        assert_int_equal(execute(&run, &result, &err), EDGEL_EINTERRUPTED);
        assert_true(result.totals.interrupted);
        assert_true(result.resumable);
        const size_t first = atomic_load(&c.written);
        assert_int_equal(first, durable ? 1 : 2);
        assert_non_null(strstr(text_of("log"), "\"interrupted\":true"));

        struct copier again = { 0 };
        struct edgel_folder_run next = run_of(&again);
        assert_int_equal(execute(&next, &result, &err),
                         EDGEL_EINVAL); /* not asked to resume: outputs exist */
        assert_int_equal(result.stage, EDGEL_FOLDER_PLAN);
        assert_true(result.resumable);
        next.resume = true;
        next.settings = others;
        next.nsettings = 1;
        assert_int_equal(execute(&next, &result, &err), EDGEL_EINVAL);
        assert_int_equal(result.stage, EDGEL_FOLDER_RECORD);
        next.settings = settings;
        next.durable = durable;
        next.dry_run = true;
        assert_int_equal(execute(&next, &result, &err), EDGEL_OK);
        assert_int_equal(result.totals.skipped, first);
        assert_int_equal(result.totals.ok, 4 - first);
        assert_int_equal(atomic_load(&again.written), 0);
        next.dry_run = false;
        assert_int_equal(execute(&next, &result, &err), EDGEL_OK);
        assert_int_equal(result.totals.skipped, first);
        assert_int_equal(atomic_load(&again.written), 4 - first);
        assert_int_equal(count_files("out"), 8);
        remove_out();
    }
}

static void expect_refusal(const struct edgel_folder_run *run, enum edgel_status status,
                           enum edgel_folder_stage stage, const char *text)
{
    struct edgel_folder_result result;
    struct edgel_error err;
    assert_int_equal(execute(run, &result, &err), status);
    assert_int_equal(result.stage, stage);
    assert_non_null(strstr(err.msg, text));
}

static void refusals_come_before_any_work(void **state)
{
    (void)state;
    struct copier c = { 0 };
    struct edgel_folder_run run = run_of(&c);
    make_inputs();
    run.inputs.files_from = "no list";
    expect_refusal(&run, EDGEL_EIO, EDGEL_FOLDER_INPUTS, "no list");
    run = run_of(&c);
    run.name = "{stem}_bad.png";
    expect_refusal(&run, EDGEL_EINVAL, EDGEL_FOLDER_NAMES, "out/one/a_bad.png: refused as method 0");
    run = run_of(&c);
    run.log = "in/../in/b.png";
    expect_refusal(&run, EDGEL_EINVAL, EDGEL_FOLDER_LOG, "is the input in/b.png");
    run.log = "out/two/e.png";
    expect_refusal(&run, EDGEL_EINVAL, EDGEL_FOLDER_LOG, "out/two/e.png: is the output of in/e.png");
    run = run_of(&c);
    run.log = "in/a.png/log";
    expect_refusal(&run, EDGEL_EIO, EDGEL_FOLDER_START, "in/a.png/log");
    run = run_of(&c);
    run.output = "in/a.png/out";
    expect_refusal(&run, EDGEL_EIO, EDGEL_FOLDER_START, "in/a.png");
    assert_int_equal(c.begun, 1); /* the folder is entered before */
    assert_int_equal(c.ended, 1);
    c.begin_fails = true;
    run = run_of(&c);
    expect_refusal(&run, EDGEL_ELIMIT, EDGEL_FOLDER_BEGIN, "as asked");
    assert_int_equal(c.ended, 2);
    run = run_of(&c);
    run.noutputs = 1;
    run.inputs.paths = (const char *const[]){ "in/a.png" };
    run.output = "one.png";
    run.resume = true;
    expect_refusal(&run, EDGEL_EINVAL, EDGEL_FOLDER_RECORD, "single file");
    run = run_of(&c);
    run.write = NULL;
    expect_refusal(&run, EDGEL_EINVAL, EDGEL_FOLDER_INPUTS, "write");
    run = run_of(&c);
    run.output = NULL;
    expect_refusal(&run, EDGEL_EINVAL, EDGEL_FOLDER_INPUTS, "output");
    run = run_of(&c);
    run.threads = -1;
    expect_refusal(&run, EDGEL_EINVAL, EDGEL_FOLDER_INPUTS, "threads -1");
    assert_int_equal(c.reports, 0);
    assert_int_equal(count_files("out"), 0);
    assert_int_equal(count_files("in"), 5);
}

static void parts_do_the_whole(void **state)
{
    (void)state;
    make_inputs();
    struct copier c = { 0 };
    for (int k = 0; k < 5; k++) {
        struct edgel_folder_run run = run_of(&c);
        run.shard = (struct edgel_shard){ .index = k + 1, .count = 5 };
        run.progress = NULL;
        struct edgel_folder_result result;
        struct edgel_error err;
        assert_int_equal(execute(&run, &result, &err), EDGEL_OK);
        assert_int_equal(result.totals.ok, k < 4);
        assert_int_equal(result.inputs, 4);
    }
    assert_int_equal(count_files("out"), 8);
}

/* What cannot be opened is the error of its image. Nobody needs to listen. */
static void what_is_missing_fails_alone(void **state)
{
    (void)state;
    struct copier c = { 0 };
    struct edgel_folder_run run = run_of(&c);
    struct edgel_folder_result result;
    make_inputs();
    run.inputs.paths = (const char *const[]){ "in/a.png", "none.png" };
    run.inputs.npaths = 2;
    run.begin = NULL;
    run.end = NULL;
    run.check = NULL;
    run.scales = NULL;
    run.report = NULL;
    run.progress = NULL;
    run.warn = NULL;
    run.stop = NULL;
    assert_int_equal(edgel_folder_run_execute(&run, &result, NULL), EDGEL_OK);
    assert_int_equal(result.totals.ok, 1);
    assert_int_equal(result.totals.failed, 1);
    remove_out();
    assert_int_equal(edgel_folder_run_execute(&run, NULL, NULL), EDGEL_OK);
}

static void a_log_that_cannot_be_written_is_an_error(void **state)
{
    (void)state;
    struct copier c = { 0 };
    struct edgel_folder_run run = run_of(&c);
    struct edgel_folder_result result;
    struct edgel_error err;
    make_inputs();
    if (access("/dev/full", W_OK) != 0)
        skip();
    run.log = "/dev/full";
    assert_int_equal(execute(&run, &result, &err), EDGEL_EIO);
    assert_int_equal(result.stage, EDGEL_FOLDER_WORK);
    assert_int_equal(result.totals.ok, 4);
    assert_int_equal(c.warned[0] - '0', EDGEL_FOLDER_LOG_LOST);
    assert_int_equal(count_files("out"), 8);
    assert_null(strstr(text_of("out/.edgel-journal"), "\"finished\":true")); /* the run has not ended well */
}

static void memory_that_runs_out_leaves_nothing_torn(void **state)
{
    (void)state;
    make_inputs();
    bool refused = false, failed = false;
    for (int durable = 0; durable < 2; durable++) {
        bool all = false;
        for (long n = 0; !all; n++) {
            struct copier c = { 0 };
            struct edgel_folder_run run = run_of(&c);
            struct edgel_folder_result result;
            struct edgel_error err;
            run.durable = durable;
            run.log = "log";
            run.resume = true;
            run.progress = NULL; /* counts from 0 */
            edgel_alloc_fail_after(n);
            const enum edgel_status s = execute(&run, &result, &err);
            edgel_alloc_fail_after(-1);
            assert_int_equal(edgel_alloc_live(), 0);
            assert_true(s == EDGEL_OK || (s == EDGEL_ENOMEM && err.code == EDGEL_ENOMEM));
            refused = refused || s == EDGEL_ENOMEM;
            failed = failed || result.totals.failed > 0;
            all = s == EDGEL_OK && result.totals.ok == 4 && !c.warned[0];
            if (s == EDGEL_OK)
                assert_int_equal(count_files("out"), 2 * result.totals.ok);
            if (strlen(text_of("out/two/b.png")) > 0)
                assert_string_equal(text_of("out/two/b.png"), "BBtwo");
            remove_out();
        }
    }
    assert_true(refused && failed);
}

static void no_output_leaves_its_folder(void **state)
{
    (void)state;
    struct copier c = { 0 };
    struct edgel_folder_run run = run_of(&c);
    struct edgel_folder_result result;
    struct edgel_error err;
    make_inputs();
    tree_put("outside/", NULL);
    run.write = write_and_swap;
    assert_int_equal(execute(&run, &result, &err), EDGEL_EIO);
    assert_int_equal(result.stage, EDGEL_FOLDER_WORK);
    assert_non_null(strstr(c.warned, "out: has become another folder"));
    assert_int_equal(result.totals.ok, 4);
    assert_int_equal(count_files("moved"), 8);
    assert_int_equal(count_files("outside"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TREE_TEST(outputs_and_log_do_not_depend_on_threads_and_durability),
        TREE_TEST(an_image_that_fails_leaves_nothing),
        TREE_TEST(a_run_that_was_stopped_is_resumed),
        TREE_TEST(refusals_come_before_any_work),
        TREE_TEST(parts_do_the_whole),
        TREE_TEST(what_is_missing_fails_alone),
        TREE_TEST(a_log_that_cannot_be_written_is_an_error),
        TREE_TEST(memory_that_runs_out_leaves_nothing_torn),
        TREE_TEST(no_output_leaves_its_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
