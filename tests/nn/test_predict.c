/* Running models: tiles against the whole image bit for bit, threads, folding, probabilities, what cannot be run. */
#include "nn/nn_priv.h"
#include "nn_defaults.h"
#include "random.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Layers beyond those of the presets: strides, norms in a row, pools that overlap, enlargement by 3, transposed
 * convolution. */
static const char stride_net[] = "input channels=2\n"
                                 "conv out=17 k=3 stride=2 bias=0\n"
                                 "batchnorm eps=1\n"
                                 "batchnorm\n"
                                 "a: silu\n"
                                 "b: avgpool k=3 stride=2 pad=1 ceil=1\n"
                                 "conv out=17 k=3 dilation=3\n"
                                 "dropout\n"
                                 "batchnorm\n"
                                 "b_up: upsample factor=2 like=a\n"
                                 "add a b_up\n"
                                 "tanh\n"
                                 "upsample factor=2 like=input\n"
                                 "conv out=classes k=3\n"
                                 "batchnorm\n";
static const char third_net[] = "input channels=1\n"
                                "conv out=5 k=3\n"
                                "relu\n"
                                "maxpool k=3 ceil=1\n"
                                "c: conv out=7 k=5\n"
                                "upsample factor=3 like=input\n"
                                "d: conv_transpose out=4 k=3 pad=1\n"
                                "concat d input\n"
                                "conv out=classes k=1\n";

static uint64_t state = 1;
static float uniform(void)
{
    return (float)(random_bits(&state) >> 40) / 16777216;
}

static struct edgel_model *make(const char *text, int outputs)
{
    struct edgel_model_params p = {
        .text = text, .size = strlen(text), .name = "text", .outputs = outputs, .seed = 5
    };
    struct edgel_error err = { 0 };
    struct edgel_model *m;
    if (edgel_model_create(&p, &m, &err) != EDGEL_OK)
        fail_msg("%s", err.msg);
    for (size_t i = 0; i < m->net.nbuffers; i++) /* running estimates that matter */
        m->buffers[i] = 0.2f + uniform();
    for (int l = 0; l < m->net.nlayers; l++)
        if (m->net.layers[l].op == nn_operator("batchnorm"))
            for (size_t i = 0; i < m->net.layers[l].nparams; i++)
                m->params[m->net.layers[l].params_at + i] += 0.3f * uniform();
    for (int c = 0; c < m->net.in_channels; c++) {
        m->mean[c] = 0.3 + 0.1 * c;
        m->deviation[c] = 0.2 + 0.05 * c;
    }
    return m;
}

static float *picture(int channels, int w, int h)
{
    const size_t n = (size_t)channels * (size_t)w * (size_t)h;
    float *v = edgel_alloc(n, sizeof *v);
    for (size_t i = 0; i < n; i++)
        v[i] = uniform();
    return v;
}

static float *predict(const struct edgel_model *m, struct edgel_pool *pool, size_t max_bytes,
                      const float *image, int w, int h, bool logits)
{
    const struct edgel_predictor_params params = { pool, max_bytes };
    struct edgel_error err = { 0 };
    struct edgel_predictor *p;
    float *out = edgel_alloc((size_t)m->net.classes * (size_t)w * (size_t)h, sizeof *out);
    if (edgel_predictor_create(m, &params, &p, &err) != EDGEL_OK ||
        edgel_predict(p, image, w, h, logits, out, &err) != EDGEL_OK)
        fail_msg("%s", err.msg);
    edgel_predictor_destroy(&p);
    return out;
}

struct net {
    const char *name, *text;
    int outputs, norms; /* norms: those that no convolution takes in */
};
static const struct net nets[] = {
    { "linear", NULL, 1, 0 },       { "edge-tiny", NULL, 1, 0 },    { "unet-tiny", NULL, 11, 0 },
    { "dilated-tiny", NULL, 2, 0 }, { "stride", stride_net, 3, 1 }, { "third", third_net, 2, 0 },
};
enum { NETS = sizeof nets / sizeof *nets };

static const char *text_of(const struct net *n)
{
    return n->text ? n->text : edgel_preset(n->name);
}

/* --- tiles --- */

struct counting {
    const float *in;
    int w, h, channels, parts;
    size_t largest;
};

static enum edgel_status read_counting(void *user, int x, int y, int w, int h, float *planar,
                                       struct edgel_error *err)
{
    struct counting *c = user;
    (void)err;
    c->parts++;
    c->largest = (size_t)w * (size_t)h > c->largest ? (size_t)w * (size_t)h : c->largest;
    for (int k = 0; k < c->channels; k++)
        for (int r = 0; r < h; r++, planar += w)
            memcpy(planar, c->in + ((size_t)k * (size_t)c->h + (size_t)(y + r)) * (size_t)c->w + (size_t)x,
                   (size_t)w * sizeof *planar);
    return EDGEL_OK;
}

static enum edgel_status write_nothing(void *user, int x, int y, int w, int h, const float *planar,
                                       struct edgel_error *err)
{
    (void)user;
    (void)x;
    (void)y;
    (void)w;
    (void)h;
    (void)planar;
    (void)err;
    return EDGEL_OK;
}

/* How many tiles an image takes. */
static int count_tiles(const struct edgel_model *m, size_t max_bytes, const float *image, int w, int h)
{
    const struct edgel_predictor_params params = { NULL, max_bytes };
    struct counting c = { .in = image, .w = w, .h = h, .channels = m->net.in_channels };
    const struct edgel_predict_io q = { w, h, true, &c, read_counting, write_nothing };
    struct edgel_predictor *p;
    assert_int_equal(edgel_predictor_create(m, &params, &p, NULL), EDGEL_OK);
    assert_int_equal(edgel_predictor_run(p, &q, NULL), EDGEL_OK);
    edgel_predictor_destroy(&p);
    return c.parts;
}

static size_t memory_of(const struct edgel_model *m, int w, int h)
{
    size_t bytes;
    assert_int_equal(edgel_model_memory(m, w, h, &bytes, NULL), EDGEL_OK);
    return bytes;
}

static void assert_tiles_equal(const struct net *n, int w, int h, int tile_w, int tile_h)
{
    struct edgel_model *m = make(text_of(n), n->outputs);
    float *image = picture(m->net.in_channels, w, h);
    const size_t max_bytes = memory_of(m, tile_w, tile_h);
    float *whole = predict(m, NULL, SIZE_MAX, image, w, h, true);
    float *tiled = predict(m, NULL, max_bytes, image, w, h, true);
    const size_t floats = (size_t)n->outputs * (size_t)w * (size_t)h;
    for (size_t i = 0; i < floats; i++)
        if (memcmp(&whole[i], &tiled[i], sizeof *whole) != 0)
            fail_msg("%s %dx%d, tiles of the memory of %dx%d: value %zu is %.9g, whole %.9g", n->name, w, h,
                     tile_w, tile_h, i, (double)tiled[i], (double)whole[i]);
    const int tiles = count_tiles(m, max_bytes, image, w, h);
    if (tiles < 2)
        fail_msg("%s %dx%d: %d tiles", n->name, w, h, tiles);
    edgel_free(image);
    edgel_free(whole);
    edgel_free(tiled);
    edgel_model_destroy(&m);
}

/* Pixels on one side that an output depends on. */
static int field_of(const struct net *n)
{
    struct edgel_layer layers[100];
    struct edgel_model *m = make(text_of(n), n->outputs);
    assert_in_range(m->net.nlayers, 2, 100);
    assert_int_equal(edgel_model_layers(m, 300, 300, layers, NULL), EDGEL_OK);
    const int field = layers[m->net.nlayers - 1].field;
    edgel_model_destroy(&m);
    return field;
}

/* Whether a multiply-add is an instruction, which under valgrind it never is; else large tiles take minutes. */
static bool multiply_add_is_fast(void)
{
    const char *preloaded = getenv("LD_PRELOAD");
    if (preloaded && strstr(preloaded, "vgpreload"))
        return false;
#ifdef FP_FAST_FMAF
    return true;
#else
    return edgel_cpu_flags() & EDGEL_CPU_AVX2;
#endif
}

static void tiles_give_the_bits_of_the_whole(void **unused)
{
    (void)unused;
    for (int n = 0; n < NETS; n++) {
        const int t = field_of(&nets[n]) + 40;
        if (t > 100 && !multiply_add_is_fast())
            continue;
        print_message("# %s: tiles of %d\n", nets[n].name, t);
        assert_tiles_equal(&nets[n], 2 * t + 13, t + 17, t, t);
        assert_tiles_equal(&nets[n], t + 1, t + 2, t, t);
        assert_tiles_equal(&nets[n], 3 * t + 5, t / 2 + 1, t, t);
        assert_tiles_equal(&nets[n], t / 2 + 2, 3 * t + 7, t, t);
    }
    assert_int_equal(edgel_alloc_live(), 0);
}

static void a_tile_too_small_is_refused(void **unused)
{
    (void)unused;
    struct edgel_model *m = make(edgel_preset("dilated-tiny"), 1);
    float *image = picture(3, 300, 300), *out = edgel_alloc(90000, sizeof *out);
    const struct edgel_predictor_params params = { NULL, memory_of(m, 20, 20) };
    struct edgel_predictor *p;
    struct edgel_error err = { 0 };
    assert_int_equal(edgel_predictor_create(m, &params, &p, NULL), EDGEL_OK);
    assert_int_equal(edgel_predict(p, image, 300, 300, true, out, &err), EDGEL_ELIMIT);
    assert_non_null(strstr(err.msg, "not enough for a tile"));
    edgel_predictor_destroy(&p);
    edgel_free(image);
    edgel_free(out);
    edgel_model_destroy(&m);
}

/* --- the rest --- */

static void threads_change_nothing(void **unused)
{
    (void)unused;
    for (int n = 0; n < NETS; n++) {
        struct edgel_model *m = make(text_of(&nets[n]), nets[n].outputs);
        float *image = picture(m->net.in_channels, 161, 143);
        float *one = predict(m, NULL, SIZE_MAX, image, 161, 143, false);
        struct edgel_pool *pool;
        assert_int_equal(edgel_pool_create(3, &pool, NULL), EDGEL_OK);
        float *three = predict(m, pool, SIZE_MAX, image, 161, 143, false);
        assert_memory_equal(one, three, (size_t)nets[n].outputs * 161 * 143 * sizeof *one);
        edgel_pool_destroy(&pool);
        edgel_free(one);
        edgel_free(three);
        edgel_free(image);
        edgel_model_destroy(&m);
    }
}

/* The network as it is trained, layer by layer, against the folded one. */
static void folding_changes_rounding_alone(void **unused)
{
    (void)unused;
    enum { W = 75, H = 53, N = W * H };
    for (int n = 0; n < NETS; n++) {
        struct edgel_model *m = make(text_of(&nets[n]), nets[n].outputs);
        float *image = picture(m->net.in_channels, W, H);
        float *folded = predict(m, NULL, SIZE_MAX, image, W, H, true);
        float *plain = edgel_alloc((size_t)nets[n].outputs * N, sizeof *plain);
        struct edgel_pool *pool;
        struct nn_plan *plan;
        assert_int_equal(edgel_pool_create(1, &pool, NULL), EDGEL_OK);
        assert_int_equal(nn_plan_create(&m->net, 1, H, W, false, pool, &plan, NULL), EDGEL_OK);
        nn_model_normalise(m, image, N);
        nn_plan_forward(plan, 1, image, m->params, m->buffers, 0, plain);
        double worst = 0, largest = 0;
        for (int i = 0; i < nets[n].outputs * N; i++) {
            worst = fmax(worst, fabs((double)plain[i] - (double)folded[i]));
            largest = fmax(largest, fabs((double)plain[i]));
        }
        print_message("# %s: logits to %.3g, folding changes them by %.2g\n", nets[n].name, largest, worst);
        assert_true(largest > 0.1 && worst <= 1e-5 * largest);
        struct nn_network net;
        float *params, *buffers;
        assert_int_equal(nn_fold(m, &net, &params, &buffers, NULL), EDGEL_OK);
        int norms = 0;
        for (int l = 0; l < net.nlayers; l++) {
            assert_true(net.layers[l].op != nn_operator("dropout"));
            norms += net.layers[l].op == nn_operator("batchnorm");
        }
        assert_int_equal(norms, nets[n].norms);
        nn_network_finish(&net);
        edgel_free(params);
        edgel_free(buffers);
        nn_plan_destroy(&plan);
        edgel_pool_destroy(&pool);
        edgel_free(image);
        edgel_free(folded);
        edgel_free(plain);
        edgel_model_destroy(&m);
    }
    assert_int_equal(edgel_alloc_live(), 0);
}

/* A convolution that others read as well keeps its values, and its batch normalisation. */
static void what_others_read_is_not_folded(void **unused)
{
    (void)unused;
    static const char text[] = "input channels=1\n"
                               "a: conv out=4 k=3\n"
                               "b: batchnorm\n"
                               "add a b\n"
                               "c: conv out=classes k=1\n"
                               "d: batchnorm\n"
                               "add c d\n";
    struct edgel_model *m = make(text, 2);
    struct nn_network net;
    float *params, *buffers;
    assert_int_equal(nn_fold(m, &net, &params, &buffers, NULL), EDGEL_OK);
    assert_int_equal(net.nlayers, m->net.nlayers);
    nn_network_finish(&net);
    edgel_free(params);
    edgel_free(buffers);
    edgel_model_destroy(&m);
}

static void values_that_overflow_are_told(void **unused)
{
    (void)unused;
    struct edgel_model *m = make(edgel_preset("linear"), 2);
    struct edgel_predictor_params params = predictor_params();
    struct edgel_predictor *p;
    struct edgel_error err = { 0 };
    float *image = picture(3, 9, 9), out[2 * 81];
    for (size_t i = 0; i < m->net.nparams; i++)
        m->params[i] = 3e38f;
    assert_int_equal(edgel_predictor_create(m, &params, &p, NULL), EDGEL_OK);
    assert_int_equal(edgel_predict(p, image, 9, 9, false, out, &err), EDGEL_EINVAL);
    assert_non_null(strstr(err.msg, "not finite"));
    edgel_predictor_destroy(&p);
    edgel_free(image);
    edgel_model_destroy(&m);
}

static void probabilities_follow_from_logits(void **unused)
{
    (void)unused;
    enum { W = 61, H = 37, N = W * H };
    for (int outputs = 1; outputs <= 5; outputs += 2) {
        struct edgel_model *m = make(edgel_preset("linear"), outputs);
        float *image = picture(3, W, H);
        float *logits = predict(m, NULL, SIZE_MAX, image, W, H, true);
        float *p = predict(m, NULL, SIZE_MAX, image, W, H, false);
        for (int i = 0; i < N; i++) {
            double sum = 0, of_p = 0;
            for (int k = 0; k < outputs; k++)
                sum += exp((double)logits[k * N + i]);
            for (int k = 0; k < outputs; k++) {
                const double x = (double)logits[k * N + i];
                const double want = outputs == 1 ? 1 / (1 + exp(-x)) : exp(x) / sum;
                assert_true(fabs(want - (double)p[k * N + i]) < 1e-6);
                of_p += (double)p[k * N + i];
            }
            assert_true(outputs == 1 || fabs(of_p - 1) < 1e-6);
        }
        edgel_free(image);
        edgel_free(logits);
        edgel_free(p);
        edgel_model_destroy(&m);
    }
}

static void small_images_run(void **unused)
{
    (void)unused;
    for (int n = 0; n < NETS; n++) {
        struct edgel_model *m = make(text_of(&nets[n]), nets[n].outputs);
        for (int w = 1; w < 20; w += 3)
            for (int h = 1; h < 12; h += 5) {
                float *image = picture(m->net.in_channels, w, h);
                float *out = predict(m, NULL, SIZE_MAX, image, w, h, false);
                for (int i = 0; i < nets[n].outputs * w * h; i++)
                    assert_true(out[i] >= 0 && out[i] <= 1);
                edgel_free(out);
                edgel_free(image);
            }
        edgel_model_destroy(&m);
    }
}

/* Layer by layer, by hand: fields 3, 3, 4 (a 2x2 pool of 3x3), 8 (3x3 at step 2), ... */
static void layers_are_described(void **unused)
{
    (void)unused;
    static const char text[] = "input channels=3\n"
                               "first: conv out=8 k=3 bias=0\n"
                               "relu\n"
                               "maxpool k=2 ceil=1\n"
                               "conv out=16 k=3 dilation=2 groups=4\n"
                               "up: upsample factor=2 like=first\n"
                               "concat first up\n"
                               "conv out=classes k=1\n";
    static const int field[] = { 1, 3, 3, 4, 12, 14, 14, 14 }, channels[] = { 3, 8, 8, 8, 16, 16, 24, 5 };
    static const size_t params[] = { 0, 216, 0, 0, 304, 0, 0, 125 };
    struct edgel_layer layers[8];
    struct edgel_model *m = make(text, 5);
    assert_int_equal(edgel_model_layers(m, 101, 51, layers, NULL), EDGEL_OK);
    for (int l = 0; l < 8; l++) {
        assert_int_equal(layers[l].channels, channels[l]);
        assert_int_equal(layers[l].params, params[l]);
        assert_int_equal(layers[l].w, l == 3 || l == 4 ? 51 : 101);
        assert_int_equal(layers[l].h, l == 3 || l == 4 ? 26 : 51);
        if (layers[l].field != field[l])
            fail_msg("layer %d: field %d", l, layers[l].field);
    }
    assert_string_equal(layers[1].name, "first");
    assert_string_equal(layers[1].op, "conv");
    assert_string_equal(layers[1].text, "out=8 bias=0");
    assert_string_equal(layers[6].text, "first up");
    assert_string_equal(layers[7].text, "out=classes k=1");
    assert_true(layers[1].macs == 216.0 * 101 * 51);
    assert_true(layers[4].macs == 288.0 * 51 * 26);
    edgel_model_destroy(&m);
}

static enum edgel_status refuse_part(void *user, int x, int y, int w, int h, const float *planar,
                                     struct edgel_error *err)
{
    (void)write_nothing(user, x, y, w, h, planar, err);
    return edgel_fail(err, EDGEL_EIO, "full");
}

/* The second of two parts cannot be read. */
static enum edgel_status read_one_part(void *user, int x, int y, int w, int h, float *planar,
                                       struct edgel_error *err)
{
    const struct counting *c = user;
    if (c->parts == 1)
        return edgel_fail(err, EDGEL_EFORMAT, "torn");
    return read_counting(user, x, y, w, h, planar, err);
}

static void a_reader_may_end_the_run(void **unused)
{
    (void)unused;
    struct edgel_model *m = make(edgel_preset("linear"), 1);
    float *image = picture(3, 40, 40);
    struct counting c = { .in = image, .w = 40, .h = 40, .channels = 3 };
    struct edgel_predictor_params params = predictor_params();
    params.max_bytes = memory_of(m, 40, 30);
    struct edgel_predict_io q;
    struct edgel_error err = { 0 };
    edgel_predict_io_init(&q);
    q.w = q.h = 40;
    q.user = &c;
    q.write = write_nothing;
    struct edgel_predictor *p;
    assert_int_equal(edgel_predictor_create(m, &params, &p, NULL), EDGEL_OK);
    assert_int_equal(edgel_predictor_run(p, &q, NULL), EDGEL_EINVAL); /* nothing reads */
    q.read = read_one_part;
    assert_int_equal(edgel_predictor_run(p, &q, &err), EDGEL_EFORMAT);
    assert_string_equal(err.msg, "torn");
    edgel_predictor_destroy(&p);
    edgel_free(image);
    edgel_model_destroy(&m);
}

static void a_writer_may_end_the_run(void **unused)
{
    (void)unused;
    struct edgel_model *m = make(edgel_preset("linear"), 1);
    float *image = picture(3, 40, 40);
    struct counting c = { .in = image, .w = 40, .h = 40, .channels = 3 };
    const struct edgel_predictor_params params = predictor_params();
    const struct edgel_predict_io q = { 40, 40, true, &c, read_counting, refuse_part };
    struct edgel_predictor *p;
    assert_int_equal(edgel_predictor_create(m, &params, &p, NULL), EDGEL_OK);
    assert_int_equal(edgel_predictor_run(p, &q, NULL), EDGEL_EIO);
    edgel_predictor_destroy(&p);
    edgel_free(image);
    edgel_model_destroy(&m);
}

static void memory_may_run_out_anywhere(void **unused)
{
    (void)unused;
    struct edgel_model *m = make(stride_net, 2);
    float *image = picture(2, 90, 80), *out = edgel_alloc(2 * 7200, sizeof *out);
    const struct edgel_predictor_params params = { NULL, memory_of(m, 64, 64) };
    const long live = edgel_alloc_live();
    enum edgel_status s = EDGEL_ENOMEM;
    for (long n = 0; s == EDGEL_ENOMEM; n++) {
        struct edgel_error err = { 0 };
        struct edgel_predictor *p;
        edgel_alloc_fail_after(n);
        s = edgel_predictor_create(m, &params, &p, &err);
        if (s == EDGEL_OK)
            s = edgel_predict(p, image, 90, 80, false, out, &err);
        edgel_alloc_fail_after(-1);
        edgel_predictor_destroy(&p);
        assert_int_equal(edgel_alloc_live(), live);
        assert_true(s == EDGEL_OK || err.code == EDGEL_ENOMEM);
        assert_true(n < 3000);
    }
    assert_int_equal(s, EDGEL_OK);
    edgel_free(image);
    edgel_free(out);
    edgel_model_destroy(&m);
    assert_int_equal(edgel_alloc_live(), 0);
}

/* --- classes --- */

static void classes_follow_logits_and_threshold(void **unused)
{
    static const double thresholds[] = { 0, 1e-9, 0.01, 0.25, 0.5, 0.9, 0.999, 1 };
    float logits[2001];
    uint16_t classes[2001];
    (void)unused;
    for (int i = 0; i < 2001; i++)
        logits[i] = (float)(i - 1000) / 40;
    for (size_t k = 0; k < sizeof thresholds / sizeof *thresholds; k++) {
        const double t = thresholds[k];
        edgel_logit_classes(logits, 2001, 1, t, 2001, classes);
        for (int i = 0; i < 2001; i++) {
            const double p = 1 / (1 + exp(-(double)logits[i]));
            if (fabs(p - t) > 1e-6 * t)
                assert_int_equal(classes[i], p > t);
        }
    }
    edgel_logit_classes(logits + 999, 1, 1, 0.5, 2, classes); /* -1/40 and 0 */
    assert_int_equal(classes[0], 0);
    assert_int_equal(classes[1], 1);
    const float planes[3][3] = { { 1, 2, 3 }, { 1, 5, 0 }, { 0, 5, 4 } };
    edgel_logit_classes(planes[0], 3, 3, 0.5, 3, classes);
    assert_int_equal(classes[0], 0);
    assert_int_equal(classes[1], 1);
    assert_int_equal(classes[2], 2);
}

/* --- ONNX; what the bytes mean is held against ONNX Runtime by scripts/oracles/check_onnx.py --- */

static void onnx_is_written_or_memory_is_out(void **unused)
{
    (void)unused;
    struct edgel_model *m = make(stride_net, 2);
    const struct edgel_onnx_params params = { false, false };
    const long live = edgel_alloc_live();
    enum edgel_status s = EDGEL_ENOMEM;
    for (long n = 0; s == EDGEL_ENOMEM; n++) {
        struct edgel_error err = { 0 };
        unsigned char *bytes;
        size_t size;
        edgel_alloc_fail_after(n);
        s = edgel_model_onnx(m, &params, &bytes, &size, &err);
        edgel_alloc_fail_after(-1);
        assert_true((s == EDGEL_OK) == (bytes != NULL));
        assert_true(s == EDGEL_OK ? size > m->net.nparams : err.code == EDGEL_ENOMEM);
        edgel_model_free(bytes);
        assert_int_equal(edgel_alloc_live(), live);
        assert_true(n < 5000);
    }
    assert_int_equal(s, EDGEL_OK);
    edgel_model_destroy(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tiles_give_the_bits_of_the_whole),
        cmocka_unit_test(a_tile_too_small_is_refused),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(folding_changes_rounding_alone),
        cmocka_unit_test(what_others_read_is_not_folded),
        cmocka_unit_test(values_that_overflow_are_told),
        cmocka_unit_test(probabilities_follow_from_logits),
        cmocka_unit_test(small_images_run),
        cmocka_unit_test(layers_are_described),
        cmocka_unit_test(a_reader_may_end_the_run),
        cmocka_unit_test(a_writer_may_end_the_run),
        cmocka_unit_test(memory_may_run_out_anywhere),
        cmocka_unit_test(classes_follow_logits_and_threshold),
        cmocka_unit_test(onnx_is_written_or_memory_is_out),
    };
    return cmocka_run_group_tests_name("predict", tests, NULL, NULL);
}
