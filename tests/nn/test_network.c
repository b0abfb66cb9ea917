/* The text of architectures, shapes, memory plans, and whole passes of small networks. */
#include "nn/nn_priv.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static enum edgel_status parse(const char *text, struct nn_network *net, struct edgel_error *err)
{
    edgel_error_clear(err);
    return nn_network_parse(text, strlen(text), "t", 3, net, err);
}

static void refuses(const char *text, const char *message)
{
    struct nn_network net;
    struct edgel_error err;
    assert_int_equal(parse(text, &net, &err), EDGEL_EFORMAT);
    if (!strstr(err.msg, message))
        fail_msg("\"%s\" does not hold \"%s\"", err.msg, message);
    assert_null(net.layers);
}

static void faults_are_named_by_line(void **state)
{
    (void)state;
    refuses("", "t:1: an architecture has an input");
    refuses("input channels=3\n", "an input and at least one layer");
    refuses("relu\n", "t:1: the first layer, and no other, must be the input");
    refuses("input channels=3\nrelu\ninput channels=3\n", "t:3: the first layer");
    refuses("input\nrelu\n", "t:1: input needs channels=");
    refuses("input channels=0\nrelu\n", "channels");
    refuses("input channels=99999999999\nrelu\n", "channels");
    refuses("input channels=3\nrelo\n", "t:2: no operator is named relo");
    refuses("input channels=3\na:\n", "t:2: a: an operator must follow");
    refuses("input channels=3\nrelu b\n", "t:2: no earlier layer is named b");
    refuses("input channels=3\na: relu\na: relu\n", "t:3: two layers are named a");
    refuses("input channels=3\na/b: relu\n", "layer name");
    refuses("input channels=3\nrelu input input\n", "at most 1 inputs");
    refuses("input channels=3\nrelu slope=1\n", "relu has no slope");
    refuses("input channels=3\nleaky_relu slope=2\n", "slope");
    refuses("input channels=3\nleaky_relu slope=nan\n", "slope");
    refuses("input channels=3\nleaky_relu slope=0.1 slope=0.1\n", "slope stands twice");
    refuses("input channels=3\na: relu\nmaxpool like=a\n", "t:3: maxpool has no like");
    refuses("input channels=3\nconv out=3 like=input\n", "t:2: conv has no like");
    refuses("input channels=3\nupsample like=b\n", "like=b: no earlier layer has this name");
    refuses("input channels=3\na: relu\nrelu input\n", "no layer reads a");
    refuses("input channels=3\ntrain: relu\n", "no layer may be named train");
    refuses("x: input channels=3\nrelu\n", "the input is named input");
}

static void text_reads_back(void **state)
{
    (void)state;
    static const char text[] = "input: input channels=3\n"
                               "batchnorm1: batchnorm momentum=0.25\n"
                               "a: leaky_relu slope=0.125\n"
                               "relu1: relu\n"
                               "elu1: elu\n";
    struct nn_network net;
    struct edgel_error err;
    struct edgel_text out = { 0 };
    assert_int_equal(
        parse("input channels=3 # the image\n\nbatchnorm momentum=.25\r\na: leaky_relu slope=0.125\n"
              "relu a\nelu",
              &net, &err),
        EDGEL_OK);
    nn_network_text(&net, &out);
    assert_string_equal(out.s, text);
    edgel_text_finish(&out);
    nn_network_finish(&net);
}

static void parse_survives_no_memory(void **state)
{
    (void)state;
    struct nn_network net;
    struct edgel_error err;
    edgel_alloc_fail_after(0);
    assert_int_equal(parse("input channels=3\nrelu\n", &net, &err), EDGEL_ENOMEM);
    edgel_alloc_fail_after(-1);
    assert_int_equal(edgel_alloc_live(), 0);
}

static void living_slots_do_not_overlap(void **state)
{
    (void)state;
    enum { N = 60 };
    struct edgel_rng r = edgel_rng_seed(1, 2, 3, 4);
    for (int trial = 0; trial < 200; trial++) {
        struct nn_slot s[N];
        size_t floats, sum = 0, peak = 0;
        for (int i = 0; i < N; i++) {
            int first = (int)edgel_rng_below(&r, 40);
            s[i] =
                (struct nn_slot){ edgel_rng_below(&r, 1000), 0, first, first + (int)edgel_rng_below(&r, 20) };
        }
        assert_int_equal(nn_slots_place(s, N, &floats, NULL), EDGEL_OK);
        for (int i = 0; i < N; i++) {
            sum += s[i].floats;
            assert_true(s[i].at % NN_LANES == 0 && s[i].at + s[i].floats <= floats);
            for (int k = 0; k < i; k++)
                assert_true(s[i].last < s[k].first || s[k].last < s[i].first ||
                            s[i].at + s[i].floats <= s[k].at || s[k].at + s[k].floats <= s[i].at);
        }
        for (int t = 0; t < 60; t++) {
            size_t alive = 0;
            for (int i = 0; i < N; i++)
                alive += s[i].first <= t && t <= s[i].last ? s[i].floats : 0;
            peak = alive > peak ? alive : peak;
        }
        assert_true(floats >= peak && floats <= sum && floats < 2 * peak);
    }
}

/* --- passes --- */

enum { W = 9, H = 7, C = 3, BATCH = 2, FLOATS = BATCH * C * H * W };

static void fill(float *v, size_t n, uint64_t seed)
{
    struct edgel_rng r = edgel_rng_seed(seed, 0, 0, 0);
    for (size_t i = 0; i < n; i++)
        v[i] = (float)edgel_rng_normal(&r);
}

static double tests_pass(const char *text, int n, bool training, const float *in, float *params, float *out,
                         float *grads)
{
    struct nn_network net;
    struct edgel_error err;
    struct edgel_pool *pool;
    struct nn_plan *plan;
    float buffers[64], grad_out[FLOATS], start[2048];
    double sum = 0;
    assert_int_equal(parse(text, &net, &err), EDGEL_OK);
    assert_int_equal(edgel_pool_create(2, &pool, &err), EDGEL_OK);
    if (nn_plan_create(&net, n, H, W, training, pool, &plan, &err) != EDGEL_OK)
        fail_msg("%s", err.msg);
    assert_true(net.nparams <= sizeof start / sizeof *start);
    nn_network_init(&net, EDGEL_INIT_HE, 1, start, buffers);
    nn_plan_forward(plan, n, in, params ? params : start, buffers, 7, out);
    fill(grad_out, FLOATS, 99);
    for (int i = 0; i < n * C * H * W; i++)
        sum += (double)grad_out[i] * (double)out[i];
    if (grads)
        nn_plan_backward(plan, grad_out, params ? params : start, grads);
    nn_plan_destroy(&plan);
    edgel_pool_destroy(&pool);
    nn_network_finish(&net);
    return sum;
}

/* Absorbed activations give what the layers apart give: a dropout of nothing keeps them apart. */
static void absorbed_activations_change_nothing(void **state)
{
    (void)state;
    float in[FLOATS], fused[FLOATS], apart[FLOATS], g1[16], g2[16], p[12];
    fill(in, FLOATS, 5);
    fill(p, 12, 6);
    for (const struct nn_op *const *op = nn_operators(); *op; op++) {
        char text[2][200];
        if (!(*op)->activation)
            continue;
        snprintf(text[0], sizeof text[0], "input channels=3\nbatchnorm\na: %s\nbatchnorm\n", (*op)->name);
        snprintf(text[1], sizeof text[1], "input channels=3\nbatchnorm\ndropout p=0\na: %s\nbatchnorm\n",
                 (*op)->name);
        tests_pass(text[0], BATCH, true, in, p, fused, g1);
        tests_pass(text[1], BATCH, true, in, p, apart, g2);
        assert_memory_equal(fused, apart, sizeof fused);
        for (int k = 0; k < 12; k++)
            assert_true(fabsf(g1[k] - g2[k]) <= 1e-5f * (1 + fabsf(g1[k])));
    }
}

/* Sums that inference makes within convolutions, and those that it must not, are those of training, which has them
 * apart. */
static void absorbed_sums_change_nothing(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "conv out=3 k=1\nb: conv input out=3 k=1\nadd conv1 b\n",
        "conv out=3 k=1\nb: conv input out=3 k=1\nadd b conv1\nelu\nconv out=3 k=1\n",
        "a: tanh\nconv out=3 k=1\nb: add conv1 a\nrelu\nadd b relu1\n",
        "conv out=3 k=1\nb: tanh input\nadd conv1 b\n",
        "conv out=3 k=1\nadd conv1 conv1\n",
        "conv out=3 k=1\nb: conv out=3 k=1\nc: add b conv1\nadd c b\n",
        "a: tanh\nb: conv out=3 k=1\nc: conv input out=3 k=1\nadd a b c\nrelu\n",
        "a: tanh\nb: conv out=3 k=1\nc: relu\nadd c a\nsilu\n",
        "a: tanh\nb: conv out=3 k=1\nc: add b a\nd: add c input\nsigmoid\n",
        "a: tanh\nb: conv_transpose out=3 k=1\nadd b a\nsilu\n",
        "a: tanh\nb: conv out=3 k=1 groups=3\nadd b a\nsilu\n",
    };
    float in[FLOATS], fused[FLOATS], apart[FLOATS];
    fill(in, FLOATS, 5);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char text[200];
        snprintf(text, sizeof text, "input channels=3\n%s", texts[i]);
        tests_pass(text, BATCH, false, in, NULL, fused, NULL);
        tests_pass(text, BATCH, true, in, NULL, apart, NULL);
        if (memcmp(fused, apart, sizeof fused) != 0)
            fail_msg("inference differs:\n%s", texts[i]);
    }
}

/* One sample at a time inference makes what a concatenation reads in its place; two at a time it is copied there. */
static void parts_of_concatenations_are_copies(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "a: conv out=16 k=1\nb: tanh\nconcat a b\nconv out=3 k=1\n",
        "a: conv out=5 k=1\nb: conv input out=16 k=1\nc: concat a b\nd: concat b a\nadd c d\nconv out=3 k=1\n",
        "a: conv out=16 k=1\nconcat a a input\nconv out=3 k=1\n",
        "a: conv out=16 k=1\nb: concat a input\nc: concat a b\nconv out=3 k=1\n",
        "a: conv out=5 k=1\nb: conv input out=11 k=1\nc: concat a b\nd: conv a out=16 k=1\nadd c d\nconv out=3\n",
        "a: conv out=16 k=1\nb: tanh\nc: conv out=16 k=1\nd: add c b\nconcat d b\nconv out=3 k=1\n",
        "a: conv out=16 k=1\nb: conv out=48 k=1\nc: conv out=16 k=1\nd: elu\nconcat d a\nconv out=3 k=1\n",
        "a: conv out=2 k=1\nb: conv input out=1 k=1\nconcat a b\n",
    };
    float in[FLOATS], one[FLOATS], two[FLOATS];
    fill(in, FLOATS, 5);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char text[200];
        snprintf(text, sizeof text, "input channels=3\n%s", texts[i]);
        tests_pass(text, 1, false, in, NULL, one, NULL);
        tests_pass(text, BATCH, false, in, NULL, two, NULL);
        if (memcmp(one, two, sizeof one / BATCH) != 0)
            fail_msg("one sample differs:\n%s", texts[i]);
    }
}

/* The gradient of the scale and shift of the first of two norms, against differences of the whole pass. */
static void gradients_pass_through(void **state)
{
    (void)state;
    static const char text[] = "input channels=3\nbatchnorm\na: silu\ntanh a\nbatchnorm\nelu\n";
    float in[FLOATS], out[FLOATS], p[12], g[12], scrap[12];
    fill(in, FLOATS, 5);
    fill(p, 12, 6);
    tests_pass(text, BATCH, true, in, p, out, g);
    for (int k = 0; k < 12; k++) {
        const float keep = p[k], h = 1e-2f;
        p[k] = keep + h;
        double up = tests_pass(text, BATCH, true, in, p, out, scrap);
        p[k] = keep - h;
        double down = tests_pass(text, BATCH, true, in, p, out, scrap);
        p[k] = keep;
        const double d = (up - down) / (2 * (double)h);
        if (!(fabs(d - (double)g[k]) <= 2e-3 * (1 + fabs(d))))
            fail_msg("parameter %d: gradient %g, differences %g", k, (double)g[k], d);
    }
}

static void presets_are_architectures(void **state)
{
    (void)state;
    static const size_t most[] = { 76 * 2 + 76, 30000, 150000, 150000 };
    const char *name;
    for (int k = 0; (name = edgel_preset_name(k)); k++) {
        struct nn_network net;
        struct edgel_error err;
        if (parse(edgel_preset(name), &net, &err) != EDGEL_OK)
            fail_msg("%s: %s", name, err.msg);
        assert_true(net.nparams <= most[k]);
        struct nn_shape *shapes = edgel_calloc((size_t)net.nlayers, sizeof *shapes);
        for (int side = 1; side < 70; side += 3) {
            assert_int_equal(nn_network_shapes(&net, side, 70 - side, shapes, &err), EDGEL_OK);
            const struct nn_shape last = shapes[net.nlayers - 1];
            assert_true(last.c == 3 && last.h == side && last.w == 70 - side);
        }
        edgel_free(shapes);
        nn_network_finish(&net);
    }
    assert_null(edgel_preset("unet"));
    assert_null(edgel_preset_name(-1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_are_named_by_line),
        cmocka_unit_test(text_reads_back),
        cmocka_unit_test(parse_survives_no_memory),
        cmocka_unit_test(living_slots_do_not_overlap),
        cmocka_unit_test(absorbed_activations_change_nothing),
        cmocka_unit_test(absorbed_sums_change_nothing),
        cmocka_unit_test(parts_of_concatenations_are_copies),
        cmocka_unit_test(gradients_pass_through),
        cmocka_unit_test(presets_are_architectures),
    };
    return cmocka_run_group_tests_name("network", tests, NULL, NULL);
}
