/* Models: making, settings, files, hostile files. `test_model 10000` tries that many changed files. */
#include "drop_hash.h"
#include "nn/nn_priv.h"
#include "random.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int mutants = 600;

static const char small[] = "input channels=3\n"
                            "norm: batchnorm\n"
                            "relu\n"
                            "batchnorm eps=0.001\n";

static struct edgel_model *make(const char *text, int outputs, uint64_t seed)
{
    struct edgel_model_params p = {
        .text = text, .size = strlen(text), .name = "text", .outputs = outputs, .seed = seed
    };
    struct edgel_error err = { 0 };
    struct edgel_model *m;
    if (edgel_model_create(&p, &m, &err) != EDGEL_OK)
        fail_msg("%s", err.msg);
    return m;
}

/* The small model with everything set to something else than the default. */
static struct edgel_model *make_small(void)
{
    struct edgel_model *m = make(small, 3, 1);
    const struct edgel_model_class classes[] = { { 0, "background" },
                                                 { 7, "nucleus \"x\"" },
                                                 { 300, "\xc3\xa4" } };
    const double mean[] = { 0.485, 0.1, 0.3 }, deviation[] = { 0.229, 0.25, 1.0 / 3 };
    assert_int_equal(edgel_model_set_classes(m, classes, 3, NULL), EDGEL_OK);
    assert_int_equal(edgel_model_set_normalisation(m, mean, deviation, 3, NULL), EDGEL_OK);
    assert_int_equal(edgel_model_set_threshold(m, 0.25, NULL), EDGEL_OK);
    assert_int_equal(edgel_model_set_labels(m, EDGEL_MODEL_BINARY, NULL), EDGEL_OK);
    assert_int_equal(edgel_model_set_note(m, "train.epochs", "12", NULL), EDGEL_OK);
    assert_int_equal(edgel_model_set_note(m, "licence", "none\nat all", NULL), EDGEL_OK);
    for (size_t i = 0; i < m->net.nparams; i++)
        m->params[i] = (float)i * 0.37f - 1;
    for (size_t i = 0; i < m->net.nbuffers; i++)
        m->buffers[i] = (float)i + 0.5f;
    return m;
}

static void assert_same_model(const struct edgel_model *a, const struct edgel_model *b)
{
    char *ta = edgel_model_text(a), *tb = edgel_model_text(b);
    assert_string_equal(ta, tb);
    edgel_model_free(ta);
    edgel_model_free(tb);
    assert_int_equal(a->net.nparams, b->net.nparams);
    assert_memory_equal(a->params, b->params, a->net.nparams * sizeof(float));
    assert_int_equal(a->net.nbuffers, b->net.nbuffers);
    assert_memory_equal(a->buffers, b->buffers, a->net.nbuffers * sizeof(float));
    assert_int_equal(a->net.classes, b->net.classes);
    for (int i = 0; i < a->net.classes; i++) {
        assert_int_equal(a->classes[i].id, b->classes[i].id);
        assert_string_equal(a->classes[i].name, b->classes[i].name);
    }
    assert_memory_equal(a->mean, b->mean, (size_t)a->net.in_channels * sizeof(double));
    assert_memory_equal(a->deviation, b->deviation, (size_t)a->net.in_channels * sizeof(double));
    assert_int_equal(a->labels, b->labels);
    assert_true(a->threshold == b->threshold);
    assert_int_equal(a->nnotes, b->nnotes);
    for (int k = 0; k < a->nnotes; k++)
        assert_string_equal(edgel_model_note(b, a->notes[k].key), a->notes[k].value);
}

/* --- models --- */

static void a_new_model_has_defaults(void **state)
{
    (void)state;
    struct edgel_model *m = make(small, 3, 1);
    struct edgel_model_info info;
    edgel_model_describe(m, &info);
    assert_int_equal(info.in_channels, 3);
    assert_int_equal(info.outputs, 3);
    assert_int_equal(info.layers, 3);
    assert_int_equal(info.params, 12);
    assert_int_equal(info.buffers, 12);
    assert_false(info.sigmoid);
    assert_int_equal(info.labels, EDGEL_MODEL_IDS);
    assert_true(info.threshold == 0.5);
    assert_true(info.mean[2] == 0 && info.deviation[2] == 1);
    assert_int_equal(info.classes[2].id, 2);
    assert_string_equal(info.classes[2].name, "class 2");
    edgel_model_destroy(&m);
    assert_null(m);
    m = make("input channels=1\nbatchnorm\n", 1, 1);
    edgel_model_describe(m, &info);
    assert_true(info.sigmoid);
    assert_int_equal(info.labels, EDGEL_MODEL_BINARY);
    assert_int_equal(info.classes[0].id, 1);
    assert_string_equal(info.classes[0].name, "foreground");
    edgel_model_destroy(&m);
    assert_int_equal(edgel_alloc_live(), 0);
}

static void assert_no_model(const char *text, int outputs, enum edgel_status status, const char *why)
{
    struct edgel_model_params p = {
        .text = text, .size = strlen(text), .name = "net.txt", .outputs = outputs
    };
    struct edgel_error err = { 0 };
    struct edgel_model *m;
    assert_int_equal(edgel_model_create(&p, &m, &err), status);
    assert_null(m);
    if (!strstr(err.msg, why))
        fail_msg("\"%s\" does not say \"%s\"", err.msg, why);
    assert_int_equal(edgel_alloc_live(), 0);
}

static void what_is_no_model_is_refused(void **state)
{
    (void)state;
    assert_no_model(small, 0, EDGEL_EINVAL, "outputs 0");
    assert_no_model(small, 4097, EDGEL_EINVAL, "outputs 4097");
    assert_no_model(
        small, 2, EDGEL_EINVAL,
        "net.txt: the last layer makes 3 channels, and 2 are wanted; out=classes makes what is wanted");
    assert_no_model("input channels=1\nsigmoid\n", 1, EDGEL_EINVAL, "must make logits");
    assert_no_model("input channels=1\nbath\n", 1, EDGEL_EFORMAT, "net.txt:2:");
    assert_no_model("", 1, EDGEL_EFORMAT, "net.txt");
}

/* head, n times body, tail; %d of body is the number. */
static void long_text(struct edgel_text *t, const char *head, const char *body, int n, const char *tail)
{
    edgel_text_clear(t);
    edgel_text_str(t, head);
    for (int i = 0; i < n; i++)
        edgel_text_str(t, body);
    edgel_text_str(t, tail);
    assert_false(t->failed);
}

static void architectures_are_bounded(void **state)
{
    (void)state;
    static const struct {
        const char *head, *body;
        int n;
        const char *tail, *why;
    } cases[] = {
        { "input channels=3\n", "relu\n", 1000, "conv out=classes k=1\n", "layers" },
        { "input channels=4096\n", "conv out=4096 k=3\n", 3, "conv out=classes k=1\n", "parameters" },
        { "input channels=3\n", "upsample factor=32\n", 5, "conv out=classes k=1\n", "2^31 pixels" },
        { "input channels=3\n", "conv out=3 k=3 stride=2 pad=0\n", 20, "conv out=classes k=1\n",
          "for an image of" },
        { "input channels=5000\n", "", 0, "conv out=classes k=1\n", "channels" },
        { "input channels=3\n", "concat input input input input input input input input\n", 5,
          "conv out=classes k=1\n", "no layer reads" },
        { "input channels=3\n", "", 0, "conv out=classes k=1000000000\n", "k" },
        { "input channels=3\n", "", 0, "conv out=classes dilation=1000000000\n", "dilation" },
    };
    struct edgel_text t = { 0 };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct edgel_error err = { 0 };
        struct edgel_model *m;
        long_text(&t, cases[i].head, cases[i].body, cases[i].n, cases[i].tail);
        struct edgel_model_params p = { .text = t.s, .size = t.len, .name = "net", .outputs = 1 };
        if (edgel_model_create(&p, &m, &err) == EDGEL_OK || !strstr(err.msg, cases[i].why))
            fail_msg("case %zu: \"%s\"", i, err.msg);
        assert_null(m);
    }
    edgel_text_finish(&t);
    assert_int_equal(edgel_alloc_live(), 0);
}

static void settings_are_checked(void **state)
{
    (void)state;
    struct edgel_model *m = make(small, 3, 1);
    const struct edgel_model_class twice[] = { { 0, "a" }, { 1, "b" }, { 0, "c" } };
    const struct edgel_model_class large[] = { { 0, "a" }, { 1, "b" }, { 65535, "c" } };
    const struct edgel_model_class empty[] = { { 0, "a" }, { 1, "" }, { 2, "c" } };
    const struct edgel_model_class control[] = { { 0, "a" }, { 1, "b\nb" }, { 2, "c" } };
    const double zero[3] = { 0 }, one[] = { 1, 1, 1 }, bad[] = { 0, NAN, 0 };
    assert_int_equal(edgel_model_set_classes(m, twice, 3, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_model_set_classes(m, twice, 2, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_model_set_classes(m, large, 3, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_model_set_classes(m, empty, 3, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_model_set_classes(m, control, 3, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_model_set_normalisation(m, zero, zero, 3, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_model_set_normalisation(m, bad, one, 3, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_model_set_normalisation(m, zero, one, 2, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_model_set_threshold(m, NAN, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_model_set_threshold(m, 1.5, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_model_set_labels(m, EDGEL_MODEL_BOUNDARY, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_model_set_note(m, "architecture", "x", NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_model_set_note(m, "", "x", NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_model_set_note(m, "k", "1", NULL), EDGEL_OK);
    assert_int_equal(edgel_model_set_note(m, "k", "2", NULL), EDGEL_OK);
    assert_string_equal(edgel_model_note(m, "k"), "2");
    assert_string_equal(edgel_model_note_key(m, 0), "k");
    assert_null(edgel_model_note_key(m, 1));
    assert_int_equal(edgel_model_set_note(m, "k", NULL, NULL), EDGEL_OK);
    assert_null(edgel_model_note(m, "k"));
    edgel_model_destroy(&m);
    assert_int_equal(edgel_alloc_live(), 0);
}

static void a_copy_is_the_same_and_apart(void **state)
{
    (void)state;
    struct edgel_model *m = make_small(), *copy;
    assert_int_equal(edgel_model_copy(m, &copy, NULL), EDGEL_OK);
    assert_same_model(m, copy);
    m->params[0] = 99;
    assert_true(copy->params[0] != 99);
    edgel_model_destroy(&m);
    assert_string_equal(copy->classes[0].name, "background");
    edgel_model_destroy(&copy);
    assert_int_equal(edgel_alloc_live(), 0);
}

static void normalisation_is_by_channel(void **state)
{
    (void)state;
    struct edgel_model *m = make_small();
    float v[6] = { 0, 1, 0, 1, 0, 1 };
    nn_model_normalise(m, v, 2);
    for (int c = 0; c < 3; c++) {
        const float mean = (float)m->mean[c], deviation = (float)m->deviation[c];
        assert_true(v[2 * c] == (0 - mean) / deviation && v[2 * c + 1] == (1 - mean) / deviation);
    }
    edgel_model_destroy(&m);
}

static void weights_are_taken_by_name_and_shape(void **state)
{
    (void)state;
    static const char other[] = "input channels=3\n"
                                "norm: batchnorm\n"
                                "relu\n"
                                "last: batchnorm eps=0.001\n";
    struct edgel_model *from = make_small(), *to = make(other, 3, 1);
    struct edgel_model_taken taken;
    edgel_model_take(to, from, &taken);
    assert_int_equal(taken.arrays, 8);
    assert_int_equal(taken.arrays_taken, 4);
    assert_int_equal(taken.floats, 24);
    assert_int_equal(taken.floats_taken, 12);
    assert_string_equal(taken.left, "last.weight: not in the other model");
    assert_memory_equal(to->params, from->params, 6 * sizeof(float));
    assert_memory_equal(to->buffers, from->buffers, 6 * sizeof(float));
    assert_true(to->params[6] == 1 && to->params[9] == 0); /* fresh */
    edgel_model_destroy(&to);
    to = make("input channels=1\nnorm: batchnorm\n", 1, 1);
    edgel_model_take(to, from, &taken);
    assert_int_equal(taken.arrays_taken, 0);
    assert_string_equal(taken.left, "norm.weight: another shape");
    edgel_model_destroy(&to);
    edgel_model_destroy(&from);
}

/* --- files --- */

static void a_file_reads_back(void **state)
{
    (void)state;
    struct edgel_model *m = make_small(), *back;
    unsigned char *bytes, *again;
    size_t size, again_size;
    struct edgel_error err = { 0 };
    assert_int_equal(edgel_model_encode(m, &bytes, &size, NULL), EDGEL_OK);
    assert_int_equal((8 + (size_t)bytes[0] + 256 * (size_t)bytes[1]) % 64, 0);
    if (edgel_model_decode(bytes, size, "m", &back, &err) != EDGEL_OK)
        fail_msg("%s", err.msg);
    assert_same_model(m, back);
    assert_int_equal(edgel_model_encode(back, &again, &again_size, NULL), EDGEL_OK);
    assert_int_equal(size, again_size);
    assert_memory_equal(bytes, again, size);
    edgel_model_free(bytes);
    edgel_model_free(again);
    edgel_model_destroy(&m);
    edgel_model_destroy(&back);
    assert_int_equal(edgel_alloc_live(), 0);
}

static void a_checkpoint_is_a_model_with_more(void **state)
{
    (void)state;
    struct edgel_model *m = make_small(), *back;
    unsigned char *bytes;
    size_t size;
    float first[5] = { 1, 2, 3, 4, NAN }, second[2] = { 7, 8 }, got[5] = { 0 }, other[3];
    const struct nn_extra extras[] = { { .name = "train.m", .data = first, .floats = 5 },
                                       { .name = "train.v", .data = second, .floats = 2 } };
    struct nn_extra wanted[] = { { .name = "train.m", .data = got, .floats = 5 },
                                 { .name = "train.v", .data = other, .floats = 3 },
                                 { .name = "train.none", .data = other, .floats = 3 } };
    assert_int_equal(nn_model_encode(m, extras, 2, &bytes, &size, NULL), EDGEL_OK);
    assert_int_equal(edgel_model_decode(bytes, size, "m", &back, NULL), EDGEL_OK);
    assert_same_model(m, back);
    assert_int_equal(nn_model_extras(bytes, size, "m", wanted, 3, NULL), EDGEL_OK);
    assert_true(wanted[0].found);
    assert_false(wanted[1].found || wanted[2].found);
    assert_memory_equal(got, first, sizeof first);
    edgel_model_free(bytes);
    edgel_model_destroy(&m);
    edgel_model_destroy(&back);
    assert_int_equal(edgel_alloc_live(), 0);
}

/* The least that the operator can be asked for, between the image and the classes. */
static void least_network(const struct nn_op *op, char *text, size_t size)
{
    int at = snprintf(text, size, "input channels=4\na: %s", op->name);
    for (int i = 0; i < op->min_inputs; i++)
        at += snprintf(text + at, size - (size_t)at, " input");
    for (const struct nn_attr *a = op->attrs; a && a->name; a++)
        if (a->required)
            at += snprintf(text + at, size - (size_t)at, " %s=4", a->name);
    snprintf(text + at, size - (size_t)at, "\nupsample factor=8 like=input\nconv out=classes k=1\n");
}

/* What the row of an operator says is enough for text, summary, files and ONNX. */
static void every_operator_is_written_everywhere(void **state)
{
    (void)state;
    const struct edgel_onnx_params onnx = { 0 };
    for (const struct nn_op *const *op = nn_operators(); *op; op++) {
        char text[300];
        unsigned char *bytes, *graph;
        size_t size, graph_size;
        struct edgel_model *read;
        struct edgel_error err = { .msg = "" };
        if ((*op)->flags & NN_IMAGE)
            continue;
        least_network(*op, text, sizeof text);
        struct edgel_model *m = make(text, 2, 1);
        struct edgel_layer layers[8];
        char *written = edgel_model_text(m);
        assert_non_null(strstr(written, (*op)->name));
        struct edgel_model *again = make(written, 2, 1);
        assert_same_model(m, again);
        assert_int_equal(edgel_model_encode(m, &bytes, &size, &err), EDGEL_OK);
        assert_int_equal(edgel_model_decode(bytes, size, "model", &read, &err), EDGEL_OK);
        assert_same_model(m, read);
        assert_int_equal(edgel_model_onnx(m, &onnx, &graph, &graph_size, &err), EDGEL_OK);
        assert_int_equal(edgel_model_layers(m, 40, 30, layers, &err), EDGEL_OK);
        assert_string_equal(layers[1].op, (*op)->name);
        edgel_model_free(written);
        edgel_model_free(bytes);
        edgel_model_free(graph);
        edgel_model_destroy(&m);
        edgel_model_destroy(&again);
        edgel_model_destroy(&read);
    }
}

static void what_is_not_finite_is_not_written(void **state)
{
    (void)state;
    struct edgel_model *m = make_small();
    unsigned char *bytes;
    size_t size;
    m->params[3] = INFINITY;
    assert_int_equal(edgel_model_encode(m, &bytes, &size, NULL), EDGEL_EINVAL);
    assert_null(bytes);
    edgel_model_destroy(&m);
}

static void test_file(struct edgel_text *t, const char *header, size_t data)
{
    const size_t n = strlen(header);
    edgel_text_clear(t);
    for (int i = 0; i < 8; i++) {
        const char byte = (char)(n >> 8 * i);
        edgel_text_add(t, &byte, 1);
    }
    edgel_text_str(t, header);
    for (size_t i = 0; i < data; i++)
        edgel_text_add(t, "", 1);
}

static void files_mean_one_thing_or_are_refused(void **state)
{
    (void)state;
#define T(type, shape, begin, end) \
    "{\"dtype\":\"" type "\",\"shape\":[" shape "],\"data_offsets\":[" begin "," end "]}"
    static const struct {
        const char *header;
        size_t data;
        const char *why; /* NULL: good */
    } files[] = {
        { "{}", 0, NULL },
        { "{\"a\":" T("F32", "2", "0", "8") "}   ", 8, NULL },
        { "{\"a\":" T("F32", "", "0", "4") "}", 4, NULL },
        { "{\"a\":" T("BF16", "2,0,3", "0", "0") "}", 0, NULL },
        { "{\"a\":" T("I64", "2", "4", "20") ",\"b\":" T("F32", "1", "0", "4") "}", 20, NULL },
        { "{\"__metadata__\":{\"k\":\"v\"}}", 0, NULL },
        { "[]", 0, "no safetensors" },
        { " {}", 0, "no safetensors" },
        { "{\"a\":" T("F32", "2", "0", "8") "}x", 8, "not valid JSON" },
        { "{\"a\":" T("F32", "2", "0", "8") ",\"a\":" T("F32", "2", "8", "16") "}", 16, "stands twice" },
        { "{\"a\":" T("F32", "2", "0", "8") "}", 9, "1 bytes follow" },
        { "{\"a\":" T("F32", "2", "0", "8") "}", 7, "data_offsets" },
        { "{\"a\":" T("F32", "2", "1", "9") "}", 9, "a hole" },
        { "{\"a\":" T("F32", "2", "0", "8") ",\"b\":" T("F32", "2", "4", "12") "}", 12, "overlaps" },
        { "{\"a\":" T("F32", "2", "0", "4") "}", 4, "end - begin must be 8" },
        { "{\"a\":" T("F32", "2", "8", "0") "}", 8, "data_offsets" },
        { "{\"a\":" T("F32", "2", "-8", "0") "}", 8, "data_offsets" },
        { "{\"a\":" T("F32", "2", "0", "8.0") "}", 8, "data_offsets" },
        { "{\"a\":" T("F32", "-2", "0", "8") "}", 8, "no file can hold" },
        { "{\"a\":" T("F32", "2.0", "0", "8") "}", 8, "no file can hold" },
        { "{\"a\":" T("F32", "4611686018427387906", "0", "8") "}", 8, "no file can hold" },
        { "{\"a\":" T("F32", "2147483648,2147483649,4", "0", "16") "}", 16, "no file can hold" },
        { "{\"a\":" T("F32", "1,1,1,1,1,1,1,1,1", "0", "4") "}", 4, "at most 8 sides" },
        { "{\"a\":" T("F31", "2", "0", "8") "}", 8, "dtype" },
        { "{\"a\":{\"dtype\":3,\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "dtype" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":1,\"data_offsets\":[0,4]}}", 4, "shape" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "must have dtype" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"x\":1}}", 4, "must have dtype" },
        { "{\"a\":[]}", 0, "must have dtype" },
        { "{\"__metadata__\":[]}", 0, "strings to strings" },
        { "{\"__metadata__\":{\"k\":1}}", 0, "k is no string" },
    };
#undef T
    struct edgel_text t = { 0 };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct nn_stored_file f;
        struct edgel_error err = { 0 };
        test_file(&t, files[i].header, files[i].data);
        enum edgel_status s = nn_stored_read(t.s, t.len, "file", &f, &err);
        if ((s == EDGEL_OK) != !files[i].why || (files[i].why && !strstr(err.msg, files[i].why)))
            fail_msg("%s: %s", files[i].header, err.msg);
        nn_stored_finish(&f);
    }
    struct nn_stored_file f;
    memset(t.s, 0xff, 8); /* a header of 2^64 - 1 bytes */
    assert_int_equal(nn_stored_read(t.s, t.len, "file", &f, NULL), EDGEL_EFORMAT);
    for (size_t n = 0; n < 10; n++)
        assert_int_equal(nn_stored_read(t.s, n, "file", &f, NULL), EDGEL_EFORMAT);
    edgel_text_finish(&t);
    assert_int_equal(edgel_alloc_live(), 0);
}

/* A model file with one piece of its header changed for another of the same length. */
static void assert_refused(const char *piece, const char *by, enum edgel_status status, const char *why)
{
    struct edgel_model *m = make_small(), *back;
    unsigned char *bytes;
    size_t size;
    struct edgel_error err = { 0 };
    assert_int_equal(edgel_model_encode(m, &bytes, &size, NULL), EDGEL_OK);
    assert_true(drop_hash(bytes, size));
    unsigned char *at = find_bytes(bytes, size, piece);
    assert_non_null(at);
    assert_int_equal(strlen(piece), strlen(by));
    memcpy(at, by, strlen(by));
    const enum edgel_status s = edgel_model_decode(bytes, size, "file", &back, &err);
    if (s != status || !strstr(err.msg, why) || strncmp(err.msg, "file: ", 6) != 0)
        fail_msg("%s: status %d, \"%s\"", by, (int)s, err.msg);
    assert_null(back);
    edgel_model_free(bytes);
    edgel_model_destroy(&m);
    assert_int_equal(edgel_alloc_live(), 0);
}

static void model_files_are_checked(void **state)
{
    (void)state;
    assert_refused("edgel.model/1", "edgel.model/2", EDGEL_EUNSUPPORTED, "this version reads");
    assert_refused("edgel.model/1", "edgel.nodel/1", EDGEL_EUNSUPPORTED, "no model of edgel");
    assert_refused("\"format\"", "\"fornat\"", EDGEL_EUNSUPPORTED, "no model of edgel");
    assert_refused("\"threshold\"", "\"thresholt\"", EDGEL_EFORMAT, "has no threshold");
    assert_refused("\"0.25\"", "\"1.25\"", EDGEL_EFORMAT, "threshold 1.25");
    assert_refused("\"0.25\"", "\"nan \"", EDGEL_EFORMAT, "threshold 'nan");
    assert_refused("softmax", "sigmoid", EDGEL_EFORMAT, "go with softmax");
    assert_refused("\"binary\"", "\"bynary\"", EDGEL_EFORMAT, "labels");
    assert_refused("[0.485,", "[0485e,", EDGEL_EFORMAT, "mean");
    assert_refused("[0.485,", "[  485 ", EDGEL_EFORMAT, "mean");
    assert_refused("[0.229,", "[0.000,", EDGEL_EFORMAT, "deviation");
    assert_refused("\\\"id\\\":300", "\\\"id\\\":007", EDGEL_EFORMAT, "classes");
    assert_refused("\\\"id\\\":300", "\\\"id\\\":  7", EDGEL_EFORMAT, "two classes have id 7");
    assert_refused("\\\"id\\\":300", "\\\"id\\\":-30", EDGEL_EFORMAT, "classes");
    assert_refused("channels=3", "channels=2", EDGEL_EFORMAT, "norm.weight");
    assert_refused("channels=3", "chanels=33", EDGEL_EFORMAT, "architecture:1");
    assert_refused("eps=0.001", "eps=0.0x1", EDGEL_EFORMAT, "architecture:4");
    assert_refused("\"norm.bias\"", "\"norm.bios\"", EDGEL_EFORMAT, "tensor norm.bias is missing");
    assert_refused("\"F32\",\"shape\":[3]", "\"U32\",\"shape\":[3]", EDGEL_EFORMAT,
                   "norm.weight: type or shape");
    assert_refused("\"F32\",\"shape\":[3]", "\"U8\",\"shape\":[12]", EDGEL_EFORMAT,
                   "norm.weight: type or shape");
}

static void values_of_files_are_checked(void **state)
{
    (void)state;
    static const float bad[] = { NAN, INFINITY, -INFINITY };
    struct edgel_model *m = make_small(), *back;
    unsigned char *bytes;
    size_t size;
    assert_int_equal(edgel_model_encode(m, &bytes, &size, NULL), EDGEL_OK);
    assert_true(drop_hash(bytes, size));
    for (size_t i = 0; i < 24; i++)
        for (int k = 0; k < 3; k++) {
            float was;
            unsigned char *at = bytes + size - 4 * (i + 1);
            memcpy(&was, at, sizeof was);
            memcpy(at, &bad[k], sizeof was);
            assert_int_equal(edgel_model_decode(bytes, size, "file", &back, NULL), EDGEL_EFORMAT);
            memcpy(at, &was, sizeof was);
        }
    const float negative = -1;
    struct edgel_error err = { 0 };
    memcpy(bytes + size - 4, &negative, sizeof negative); /* the last: a running variance */
    assert_int_equal(edgel_model_decode(bytes, size, "file", &back, &err), EDGEL_EFORMAT);
    assert_non_null(strstr(err.msg, "negative variance"));
    edgel_model_free(bytes);
    edgel_model_destroy(&m);
    assert_int_equal(edgel_alloc_live(), 0);
}

/* --- the hash --- */

static uint64_t hash_of(const unsigned char *bytes, size_t size)
{
    struct nn_stored_file f;
    assert_int_equal(nn_stored_read(bytes, size, "file", &f, NULL), EDGEL_OK);
    const uint64_t hash = nn_stored_hash(&f);
    nn_stored_finish(&f);
    return hash;
}

/* Every bit of a file, one after the other, is turned over: the file is refused, or holds what it held. */
static void assert_bits_are_held(unsigned char *bytes, size_t size)
{
    struct edgel_model *back;
    unsigned char *again;
    size_t n, refused = 0, same = 0;
    const long live = edgel_alloc_live();
    const uint64_t hash = hash_of(bytes, size);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        struct edgel_error err = { 0 };
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        if (edgel_model_decode(bytes, size, "file", &back, &err) != EDGEL_OK) {
            assert_true(err.msg[0]);
            refused++;
        } else if (hash_of(bytes, size) == hash && edgel_model_encode(back, &again, &n, NULL) == EDGEL_OK) {
            same++;
            edgel_model_free(again);
        } else {
            fail_msg("bit %zu of %zu can be turned over unseen", bit, 8 * size);
        }
        edgel_model_destroy(&back);
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    print_message("# of %zu bits %zu were refused, %zu change nothing\n", 8 * size, refused, same);
    assert_true(same * 1000 < 8 * size);
    assert_int_equal(edgel_alloc_live(), live);
}

static void a_flipped_bit_is_refused(void **state)
{
    (void)state;
    struct edgel_model *m = make_small();
    float optimizer[40], position[8] = { 1, 2, 3 };
    for (int i = 0; i < 40; i++)
        optimizer[i] = 0.1f * (float)i;
    const struct nn_extra extras[] = { { .name = "train.position", .data = position, .floats = 8 },
                                       { .name = "train.optimizer", .data = optimizer, .floats = 40 } };
    unsigned char *bytes;
    size_t size;
    assert_int_equal(edgel_model_encode(m, &bytes, &size, NULL), EDGEL_OK);
    assert_bits_are_held(bytes, size);
    edgel_model_free(bytes);
    assert_int_equal(nn_model_encode(m, extras, 2, &bytes, &size, NULL), EDGEL_OK);
    assert_bits_are_held(bytes, size);
    edgel_model_free(bytes);
    edgel_model_destroy(&m);
}

/* A file that another program wrote anew: other order, other spelling of the header; and one without a hash. */
static void the_hash_is_of_the_contents(void **state)
{
    (void)state;
    struct edgel_model *m = make("input channels=1\nbatchnorm\n", 1, 1), *back;
    struct edgel_model_info info;
    struct nn_stored_file f;
    struct edgel_text t = { 0 }, header = { 0 };
    unsigned char *bytes;
    size_t size, at = 0;
    assert_int_equal(edgel_model_encode(m, &bytes, &size, NULL), EDGEL_OK);
    assert_int_equal(nn_stored_read(bytes, size, "file", &f, NULL), EDGEL_OK);
    edgel_text_str(&header, "{ ");
    for (size_t i = f.ntensors; i-- > 0;) { /* by name, backwards */
        edgel_text_printf(&header,
                          "\"%s\": {\"shape\":[%zu], \"data_offsets\":[%zu,%zu], \"dtype\":\"F32\"}, ",
                          f.tensors[i].name, f.tensors[i].dims[0], at, at + f.tensors[i].bytes);
        at += f.tensors[i].bytes;
    }
    edgel_text_str(&header, "\"__metadata__\": {");
    for (size_t i = f.nmeta; i-- > 0;) {
        edgel_text_json(&header, f.meta[i].key);
        edgel_text_str(&header, ":");
        edgel_text_json(&header, f.meta[i].value);
        edgel_text_str(&header, i ? ", " : "}}");
    }
    test_file(&t, header.s, 0);
    for (size_t i = f.ntensors; i-- > 0;)
        edgel_text_add(&t, (const char *)f.tensors[i].data, f.tensors[i].bytes);
    nn_stored_finish(&f);
    struct edgel_error err = { 0 };
    if (edgel_model_decode(t.s, t.len, "file", &back, &err) != EDGEL_OK)
        fail_msg("%s", err.msg);
    edgel_model_describe(back, &info);
    assert_false(info.unhashed);
    edgel_model_destroy(&back);
    t.s[t.len - 1] ^= 1;
    assert_int_equal(edgel_model_decode(t.s, t.len, "file", &back, &err), EDGEL_EFORMAT);
    assert_non_null(strstr(err.msg, "file: damaged, or changed by a program that left the old hash in"));
    assert_true(drop_hash((unsigned char *)t.s, t.len)); /* as one of an earlier version */
    assert_int_equal(edgel_model_decode(t.s, t.len, "file", &back, &err), EDGEL_OK);
    edgel_model_describe(back, &info);
    assert_true(info.unhashed);
    edgel_model_destroy(&back);
    edgel_text_finish(&t);
    edgel_text_finish(&header);
    edgel_model_free(bytes);
    assert_int_equal(edgel_model_set_note(m, "hash", "x", NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_model_set_note(m, "note", "fnv1a64:0", NULL), EDGEL_EINVAL);
    edgel_model_destroy(&m);
    assert_int_equal(edgel_alloc_live(), 0);
}

/* --- changed files --- */

static size_t below(uint64_t *s, size_t n)
{
    return (size_t)(random_bits(s) % n);
}

/* Bytes that numbers and strings of the header are made of. */
static const char header_bytes[] = "0123456789-+.eE[]{},:\"\\u \n=xNaIf";

/* Changes 1..4 things of the file; most of them in its header. Returns the new size (buffer: 2 size bytes). */
static size_t mutate(unsigned char *b, size_t size, size_t header, uint64_t seed)
{
    uint64_t s = seed;
    for (size_t changes = 1 + below(&s, 4); changes > 0; changes--) {
        const size_t at = below(&s, 4) ? below(&s, header < size ? header : size) : below(&s, size);
        const size_t n = 1 + below(&s, 16), from = below(&s, size);
        switch (below(&s, 7)) {
        case 0: b[at] ^= (unsigned char)(1 << below(&s, 8)); break;
        case 1: b[at] = (unsigned char)random_bits(&s); break;
        case 2: b[at] = (unsigned char)header_bytes[below(&s, sizeof header_bytes - 1)]; break;
        case 3: /* a digit of a number */
            for (size_t i = at; i < size; i++)
                if (b[i] >= '0' && b[i] <= '9') {
                    b[i] = (unsigned char)('0' + below(&s, 10));
                    break;
                }
            break;
        case 4: size = at > 0 ? at : 1; break;
        case 5: /* a piece over another */
            for (size_t i = 0; i < n && at + i < size && from + i < size; i++)
                b[at + i] = b[from + i];
            break;
        case 6: /* a piece in between; the length of the header grows with it half of the time */
            memmove(b + at + n, b + at, size - at);
            memset(b + at, header_bytes[below(&s, sizeof header_bytes - 1)], n);
            size += n;
            if (at >= 8 && below(&s, 2)) {
                const size_t length = b[0] + 256u * b[1] + n;
                b[0] = (unsigned char)length;
                b[1] = (unsigned char)(length >> 8);
            }
            break;
        }
    }
    return size;
}

static void assert_sound(const struct edgel_model *m)
{
    assert_int_equal(nn_first_not_finite(m->params, m->net.nparams), m->net.nparams);
    assert_int_equal(nn_first_not_finite(m->buffers, m->net.nbuffers), m->net.nbuffers);
    for (int i = 0; i < m->net.classes; i++)
        assert_in_range(m->classes[i].id, 0, EDGEL_MODEL_ID_MAX);
    assert_true(m->threshold >= 0 && m->threshold <= 1);
    for (int c = 0; c < m->net.in_channels; c++)
        assert_true(isfinite(m->mean[c]) && m->deviation[c] > 0 && isfinite(m->deviation[c]));
}

/* What was taken runs on a small image, or says why not, in little memory. */
static void run_small(const struct edgel_model *m)
{
    const struct edgel_predictor_params params = { NULL, (size_t)1 << 24 };
    const size_t floats = (size_t)(m->net.in_channels + m->net.classes) * 13 * 9;
    float *v = edgel_calloc(floats, sizeof *v);
    struct edgel_predictor *p;
    struct edgel_error err = { 0 };
    assert_non_null(v);
    assert_int_equal(edgel_predictor_create(m, &params, &p, &err), EDGEL_OK);
    if (edgel_predict(p, v, 13, 9, false, v + (size_t)m->net.in_channels * 13 * 9, &err) != EDGEL_OK)
        assert_true(err.msg[0]);
    edgel_predictor_destroy(&p);
    edgel_free(v);
}

static const char layered[] = "input channels=3\n"
                              "a: conv out=6 k=3 groups=3 bias=0\n"
                              "batchnorm\n"
                              "relu\n"
                              "maxpool k=2 ceil=1\n"
                              "dropout p=0.5\n"
                              "conv out=4 k=1 dilation=1 pad=0 stride=1\n"
                              "up: upsample factor=2 like=a\n"
                              "concat a up\n"
                              "conv_transpose out=classes k=3 pad=1\n";

static void change_and_read(struct edgel_model *m, int count)
{
    struct edgel_model *back;
    unsigned char *bytes, *changed;
    size_t size;
    int refused = 0;
    assert_int_equal(edgel_model_encode(m, &bytes, &size, NULL), EDGEL_OK);
    assert_true(drop_hash(bytes, size));
    const size_t header = 8 + bytes[0] + 256u * bytes[1];
    changed = edgel_alloc(size + 1024, 1);
    const long live = edgel_alloc_live();
    for (int i = 0; i < count; i++) {
        struct edgel_error err = { 0 };
        memcpy(changed, bytes, size);
        const size_t n = mutate(changed, size, header, (uint64_t)i);
        if (edgel_model_decode(changed, n, "file", &back, &err) == EDGEL_OK) {
            assert_sound(back);
            run_small(back);
        } else {
            assert_null(back);
            assert_true(err.msg[0]);
            refused++;
        }
        edgel_model_destroy(&back);
        assert_int_equal(edgel_alloc_live(), live);
    }
    print_message("# %d of %d changed files refused\n", refused, count);
    assert_in_range(refused, count / 2, count);
    edgel_free(changed);
    edgel_model_free(bytes);
    edgel_model_destroy(&m);
}

static void changed_files_are_refused_or_sound(void **state)
{
    (void)state;
    change_and_read(make_small(), mutants / 2);
    change_and_read(make(layered, 2, 3), mutants - mutants / 2);
    assert_int_equal(edgel_alloc_live(), 0);
}

/* --- memory --- */

static void memory_may_run_out_anywhere(void **state)
{
    (void)state;
    struct edgel_model *m = make_small(), *other;
    unsigned char *bytes, *again;
    size_t size, again_size;
    assert_int_equal(edgel_model_encode(m, &bytes, &size, NULL), EDGEL_OK);
    const long live = edgel_alloc_live();
    struct edgel_model_params p = { .text = small, .size = strlen(small), .name = "t", .outputs = 3 };
    for (int what = 0; what < 4; what++) {
        enum edgel_status s = EDGEL_ENOMEM;
        for (long n = 0; s == EDGEL_ENOMEM; n++) {
            struct edgel_error err = { 0 };
            other = NULL;
            again = NULL;
            edgel_alloc_fail_after(n);
            s = what == 0   ? edgel_model_create(&p, &other, &err)
                : what == 1 ? edgel_model_copy(m, &other, &err)
                : what == 2 ? edgel_model_decode(bytes, size, "file", &other, &err)
                            : edgel_model_encode(m, &again, &again_size, &err);
            edgel_alloc_fail_after(-1);
            if (s != EDGEL_OK) {
                if (s != EDGEL_ENOMEM || err.code != EDGEL_ENOMEM)
                    fail_msg("%d, allocation %ld: status %d, \"%s\"", what, n, (int)s, err.msg);
                assert_true(!other && !again);
                assert_int_equal(edgel_alloc_live(), live);
            }
            edgel_model_destroy(&other);
            edgel_model_free(again);
            assert_true(n < 1000);
        }
        assert_int_equal(s, EDGEL_OK);
    }
    edgel_model_free(bytes);
    edgel_model_destroy(&m);
    assert_int_equal(edgel_alloc_live(), 0);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        mutants = atoi(argv[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_model_has_defaults),
        cmocka_unit_test(what_is_no_model_is_refused),
        cmocka_unit_test(architectures_are_bounded),
        cmocka_unit_test(settings_are_checked),
        cmocka_unit_test(a_copy_is_the_same_and_apart),
        cmocka_unit_test(normalisation_is_by_channel),
        cmocka_unit_test(weights_are_taken_by_name_and_shape),
        cmocka_unit_test(a_file_reads_back),
        cmocka_unit_test(a_checkpoint_is_a_model_with_more),
        cmocka_unit_test(every_operator_is_written_everywhere),
        cmocka_unit_test(what_is_not_finite_is_not_written),
        cmocka_unit_test(files_mean_one_thing_or_are_refused),
        cmocka_unit_test(model_files_are_checked),
        cmocka_unit_test(values_of_files_are_checked),
        cmocka_unit_test(a_flipped_bit_is_refused),
        cmocka_unit_test(the_hash_is_of_the_contents),
        cmocka_unit_test(changed_files_are_refused_or_sound),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };
    return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
