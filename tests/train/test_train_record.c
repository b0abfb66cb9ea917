/* Models as files, and the folder that a training keeps, as a program without any of `edgel train` uses them. */
#include "core/core_priv.h"
#include "edgel/image.h"
#include "edgel/train.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { W = 10, H = 8 };
static char folder[] = "/tmp/edgel-record-XXXXXX";
static char path_text[300];

static const char *in_folder(const char *name)
{
    snprintf(path_text, sizeof path_text, "%s/%s", folder, name);
    return path_text;
}

static enum edgel_status load(void *user, bool validation, size_t index, struct edgel_sample *out,
                              struct edgel_error *err)
{
    (void)user;
    (void)validation;
    const enum edgel_status status = edgel_sample_init(out, W, H, 3, true, false, err);
    for (int i = 0; status == EDGEL_OK && i < W * H; i++) {
        out->label[i] = (uint16_t)(i % W > 3 + (int)(index % 4));
        for (int c = 0; c < 3; c++)
            out->image[c * W * H + i] = (float)((i * 7 + (int)index) % 5) / 10 + (out->label[i] ? 0.4f : 0);
    }
    return status;
}

static const struct edgel_train_data data = { NULL, 4, 2, load };
static const struct edgel_loss_term terms[] = { { EDGEL_LOSS_CE, 1 }, { EDGEL_LOSS_IOU, 0.5 } };
static const struct edgel_model_class classes[] = { { 0, "ground" }, { 1, "say \"edge\"" } };

static struct edgel_model *make_model(void)
{
    struct edgel_model_params fresh;
    struct edgel_model *m = NULL;
    edgel_model_params_init(&fresh);
    fresh.outputs = 2;
    assert_int_equal(edgel_model_open("linear", &fresh, &m, NULL, NULL), EDGEL_OK);
    return m;
}

static struct edgel_trainer *make_trainer(struct edgel_model *m, int64_t epochs)
{
    struct edgel_train_params p;
    struct edgel_trainer *t = NULL;
    edgel_train_params_init(&p);
    p.terms = terms;
    p.nterms = 2;
    p.batch = 2;
    p.epochs = epochs;
    p.lr = 0.05;
    assert_int_equal(edgel_trainer_create(m, &p, &data, NULL, NULL, &t, NULL), EDGEL_OK);
    return t;
}

static struct edgel_train_record_params record_params(void)
{
    struct edgel_train_record_params p;
    edgel_train_record_params_init(&p);
    p.folder = folder;
    p.terms = terms;
    p.nterms = 2;
    p.classes = classes;
    return p;
}

/* Trains up to `epochs`; done: what the folder has already. */
static void train(int64_t done, int64_t epochs, bool *lost)
{
    const struct edgel_train_record_params p = record_params();
    struct edgel_model *m = make_model();
    struct edgel_trainer *t = make_trainer(m, epochs);
    struct edgel_train_record *r = NULL;
    struct edgel_error err = { 0 };
    if (done > 0 && edgel_train_record_resume(folder, t, &err) != EDGEL_OK)
        fail_msg("%s", err.msg);
    if (edgel_train_record_open(&p, done, &r, lost, &err) != EDGEL_OK)
        fail_msg("%s", err.msg);
    const struct edgel_train_events events = edgel_train_record_events(r);
    assert_int_equal(edgel_trainer_run(t, &events, NULL, NULL), EDGEL_OK);
    assert_int_equal(edgel_train_record_status(r, NULL), EDGEL_OK);
    edgel_train_record_close(&r);
    edgel_train_record_close(&r);
    edgel_trainer_destroy(&t);
    edgel_model_destroy(&m);
}

static char *read_text(const char *name)
{
    struct edgel_bytes bytes = { 0 };
    assert_int_equal(edgel_bytes_read(in_folder(name), &bytes, NULL), EDGEL_OK);
    char *text = calloc(bytes.size + 1, 1);
    memcpy(text, bytes.data, bytes.size);
    edgel_bytes_finish(&bytes);
    return text;
}

static void write_text(const char *name, const char *text)
{
    FILE *f = fopen(in_folder(name), "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

/* Without the columns of time, which are the last three before the terms. */
static void cut_times(char *text)
{
    char *to = text;
    int commas = 0;
    for (const char *from = text; *from; from++) {
        commas = *from == '\n' ? 0 : commas + (*from == ',');
        if (commas < 12 || commas > 14)
            *to++ = *from;
    }
    *to = '\0';
}

static void clear(void)
{
    assert_int_equal(edgel_train_record_clear(folder, NULL), EDGEL_OK);
    assert_int_not_equal(access(in_folder("results.csv"), F_OK), 0);
    assert_int_not_equal(access(in_folder("last.safetensors"), F_OK), 0);
}

/* A training of 2 epochs that goes on to 4 leaves what one of 4 leaves. */
static void a_training_goes_on_from_its_folder(void **state)
{
    (void)state;
    static const char *const same[] = { "results.csv", "confusion.csv" };
    char *whole[2], *parts[2];
    struct edgel_model *a = NULL, *b = NULL;
    bool lost;
    clear();
    train(0, 4, &lost);
    assert_false(lost);
    assert_int_equal(edgel_train_record_epochs(folder), 4);
    assert_int_equal(edgel_model_read(in_folder("best.safetensors"), &a, NULL), EDGEL_OK);
    for (int i = 0; i < 2; i++)
        whole[i] = read_text(same[i]);
    assert_int_equal(strncmp(whole[1], "truth,\"ground\",\"say \"\"edge\"\"\"\n\"ground\",", 38), 0);
    clear();
    train(0, 2, &lost);
    train(2, 4, &lost);
    assert_false(lost);
    for (int i = 0; i < 2; i++) {
        parts[i] = read_text(same[i]);
        cut_times(whole[i]);
        cut_times(parts[i]);
        assert_string_equal(whole[i], parts[i]);
        free(whole[i]);
        free(parts[i]);
    }
    assert_int_equal(edgel_model_read(in_folder("best.safetensors"), &b, NULL), EDGEL_OK);
    unsigned char *bytes[2] = { NULL };
    size_t size[2];
    assert_int_equal(edgel_model_encode(a, &bytes[0], &size[0], NULL), EDGEL_OK);
    assert_int_equal(edgel_model_encode(b, &bytes[1], &size[1], NULL), EDGEL_OK);
    assert_int_equal(size[0], size[1]);
    assert_memory_equal(bytes[0], bytes[1], size[0]);
    edgel_model_free(bytes[0]);
    edgel_model_free(bytes[1]);
    edgel_model_destroy(&a);
    edgel_model_destroy(&b);
}

/* Rows after the checkpoint are dropped; a record that is lost is said to be; a damaged one is refused. */
static void earlier_records_are_read_or_refused(void **state)
{
    (void)state;
    const struct edgel_train_record_params p = record_params();
    struct edgel_train_record *r = NULL;
    struct edgel_error err = { 0 };
    bool lost;
    clear();
    train(0, 3, &lost);
    assert_int_equal(edgel_train_record_open(&p, 2, &r, &lost, &err), EDGEL_OK);
    assert_int_equal(edgel_train_record_rows(r), 2);
    assert_true(edgel_train_record_value(r, 1, EDGEL_COLUMN_EPOCH) == 2);
    assert_true(edgel_train_record_value(r, 1, EDGEL_COLUMN_LR) == (double)(float)0.05 ||
                fabs(edgel_train_record_value(r, 1, EDGEL_COLUMN_LR) - 0.05) < 1e-9);
    assert_true(isnan(edgel_train_record_value(r, 2, EDGEL_COLUMN_EPOCH)));
    edgel_train_record_close(&r);
    static const struct {
        const char *text, *why;
    } damaged[] = { { "", "names of its columns" },
                    { "epoch,steps\n1,2\n", "must have 17 fields" },
                    { "epoch,x\n", "no row of epoch 2" },
                    { "epoch,x\n1,,,,,,,,,,,,,,,,\n3,,,,,,,,,,,,,,,,\n2,,,,,,,,,,,,,,,,\n", "no row" },
                    { "epoch,x\n1,,,,,,,,,,,,,,,,\n1,,,,,,,,,,,,,,,,\n", "epoch 1 after 1" },
                    { "epoch,x\n1,two,,,,,,,,,,,,,,,\n", "steps" } };
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        write_text("results.csv", damaged[i].text);
        err = (struct edgel_error){ 0 };
        const enum edgel_status status = edgel_train_record_open(&p, 2, &r, &lost, &err);
        if (status == EDGEL_OK && i == 3) { /* row 3 is dropped, row 2 follows row 1 */
            edgel_train_record_close(&r);
            continue;
        }
        assert_int_equal(status, EDGEL_EINVAL);
        assert_null(r);
        if (!strstr(err.msg, damaged[i].why))
            fail_msg("%zu: %s", i, err.msg);
    }
    assert_int_equal(remove(in_folder("results.csv")), 0);
    assert_int_equal(edgel_train_record_open(&p, 2, &r, &lost, NULL), EDGEL_OK);
    assert_true(lost && edgel_train_record_rows(r) == 0);
    edgel_train_record_close(&r);
}

static void the_best_model_is_made_again(void **state)
{
    (void)state;
    enum edgel_train_best found;
    struct edgel_model *m = make_model();
    struct edgel_trainer *t = make_trainer(m, 2);
    bool lost;
    clear();
    train(0, 2, &lost);
    char before[300];
    snprintf(before, sizeof before, "%s", in_folder("kept"));
    assert_int_equal(edgel_train_record_resume(folder, t, NULL), EDGEL_OK);
    assert_int_equal(edgel_train_record_restore(folder, t, m, &found, NULL), EDGEL_OK);
    assert_int_equal(found, EDGEL_TRAIN_BEST_INTACT);
    assert_int_equal(rename(in_folder("best.safetensors"), before), 0);
    assert_int_equal(edgel_train_record_restore(folder, t, m, &found, NULL), EDGEL_OK);
    assert_int_equal(found, EDGEL_TRAIN_BEST_LOST);
    struct edgel_bytes a = { 0 }, b = { 0 };
    assert_int_equal(edgel_bytes_read(before, &a, NULL), EDGEL_OK);
    assert_int_equal(edgel_bytes_read(in_folder("best.safetensors"), &b, NULL), EDGEL_OK);
    assert_int_equal(a.size, b.size);
    assert_memory_equal(a.data, b.data, a.size);
    write_text("best.safetensors", "no model");
    assert_int_equal(edgel_train_record_restore(folder, t, m, &found, NULL), EDGEL_OK);
    assert_int_equal(found, EDGEL_TRAIN_BEST_DAMAGED);
    assert_int_equal(edgel_bytes_read(in_folder("best.safetensors"), &b, NULL), EDGEL_OK);
    assert_memory_equal(a.data, b.data, a.size);
    edgel_bytes_finish(&a);
    edgel_bytes_finish(&b);
    assert_int_equal(remove(before), 0);
    edgel_trainer_destroy(&t);
    edgel_model_destroy(&m);
}

/* A folder that cannot be written ends the training, and the record says why. */
static void a_file_that_cannot_be_written_stops_it(void **state)
{
    (void)state;
    struct edgel_train_record_params p = record_params();
    struct edgel_model *m = make_model();
    struct edgel_trainer *t = make_trainer(m, 50);
    struct edgel_train_record *r = NULL;
    struct edgel_error err = { 0 };
    int64_t epochs, steps;
    p.folder = "/dev/null/x";
    assert_int_equal(edgel_train_record_open(&p, 0, &r, NULL, NULL), EDGEL_EIO);
    assert_null(r);
    assert_int_equal(mkdir(in_folder("blocked"), 0777), 0);
    assert_int_equal(mkdir(in_folder("blocked/results.csv"), 0777), 0);
    p.folder = in_folder("blocked");
    assert_int_equal(edgel_train_record_open(&p, 0, &r, NULL, NULL), EDGEL_OK);
    struct edgel_train_events events = edgel_train_record_events(r);
    events.save = NULL;
    assert_int_equal(edgel_trainer_run(t, &events, NULL, NULL), EDGEL_EINTERRUPTED);
    edgel_trainer_position(t, &epochs, &steps);
    assert_true(epochs == 1);
    assert_int_equal(edgel_train_record_status(r, &err), EDGEL_EIO);
    assert_non_null(strstr(err.msg, "blocked/results.csv: is a folder"));
    edgel_train_record_close(&r);
    edgel_trainer_destroy(&t);
    edgel_model_destroy(&m);
    (void)rmdir(in_folder("blocked/results.csv"));
    (void)remove(in_folder("blocked/curves.svg"));
    (void)remove(in_folder("blocked/confusion.csv"));
    (void)rmdir(in_folder("blocked"));
}

static void models_have_paths(void **state)
{
    (void)state;
    struct edgel_model_params fresh;
    struct edgel_model *m = make_model(), *read = NULL;
    struct edgel_error err = { 0 };
    bool trained;
    struct edgel_onnx_params onnx;
    edgel_model_params_init(&fresh);
    edgel_onnx_params_init(&onnx);
    assert_int_equal(edgel_model_write(in_folder("m.safetensors"), m, NULL), EDGEL_OK);
    assert_int_equal(edgel_model_open(in_folder("m.safetensors"), &fresh, &read, &trained, NULL), EDGEL_OK);
    assert_true(trained);
    edgel_model_destroy(&read);
    assert_int_equal(edgel_model_write_onnx(in_folder("m.onnx"), m, &onnx, NULL), EDGEL_OK);
    assert_int_equal(access(in_folder("m.onnx"), R_OK), 0);
    write_text("a.txt", "input channels=3\nconv out=classes\n");
    assert_int_equal(edgel_model_open(in_folder("a.txt"), &fresh, &read, &trained, NULL), EDGEL_OK);
    assert_false(trained);
    edgel_model_destroy(&read);
    assert_int_equal(edgel_model_read(in_folder("a.txt"), &read, &err), EDGEL_EFORMAT);
    assert_int_equal(strncmp(err.msg, path_text, strlen(path_text)), 0);
    assert_null(read);
    assert_int_equal(edgel_model_read(in_folder("none"), &read, NULL), EDGEL_EIO);
    assert_int_equal(edgel_model_open("no-such", &fresh, &read, &trained, NULL), EDGEL_EIO);
    edgel_model_destroy(&m);
    (void)remove(in_folder("m.safetensors"));
    (void)remove(in_folder("m.onnx"));
    (void)remove(in_folder("a.txt"));
}

static void memory_may_run_out_anywhere(void **state)
{
    (void)state;
    const struct edgel_train_record_params p = record_params();
    enum edgel_status status = EDGEL_ENOMEM;
    bool lost;
    clear();
    train(0, 2, &lost);
    for (long n = 0; status != EDGEL_OK; n++) {
        struct edgel_train_record *r = NULL;
        const long live = edgel_alloc_live();
        edgel_alloc_fail_after(n);
        status = edgel_train_record_open(&p, 2, &r, NULL, NULL);
        if (status == EDGEL_OK)
            status = edgel_train_record_write(r, NULL);
        edgel_alloc_fail_after(-1);
        assert_true(status == EDGEL_OK || status == EDGEL_ENOMEM);
        edgel_train_record_close(&r);
        assert_int_equal(edgel_alloc_live(), live);
    }
}

static int end(void **state)
{
    (void)state;
    return edgel_train_record_clear(folder, NULL) == EDGEL_OK ? rmdir(folder) : 1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_training_goes_on_from_its_folder),
        cmocka_unit_test(earlier_records_are_read_or_refused),
        cmocka_unit_test(the_best_model_is_made_again),
        cmocka_unit_test(a_file_that_cannot_be_written_stops_it),
        cmocka_unit_test(models_have_paths),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };
    if (!mkdtemp(folder))
        return 1;
    return cmocka_run_group_tests(tests, NULL, end);
}
