/* The public functions of nn as a program uses them: what may be NULL, arrays and gradients by name, single steps. */
#include "edgel/nn.h"
#include "nn_defaults.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { W = 12, H = 10, SAMPLES = 5, FIRST = 3 * 4 * 9 };

static const char network[] = "input channels=3\n"
                              "first: conv out=4 bias=0\n"
                              "norm: batchnorm\n"
                              "slope: prelu\n"
                              "last: conv out=classes k=1\n";

static enum edgel_status load(void *user, bool validation, size_t index, struct edgel_sample *out,
                              struct edgel_error *err)
{
    (void)user;
    unsigned state = 12345 + (unsigned)index + (validation ? 500u : 0);
    const enum edgel_status status = edgel_sample_init(out, W, H, 3, true, false, err);
    if (status != EDGEL_OK)
        return status;
    for (int i = 0; i < W * H; i++) {
        out->label[i] = (uint16_t)(i % W > 3 + (int)(index % 4));
        for (int c = 0; c < 3; c++) {
            state = state * 1103515245u + 12345u;
            out->image[c * W * H + i] = (float)(state >> 16 & 255) / 512 + (out->label[i] ? 0.4f : 0);
        }
    }
    return EDGEL_OK;
}

static const struct edgel_train_data data = { NULL, SAMPLES, 2, load };
static const struct edgel_loss_term terms[] = { { EDGEL_LOSS_CE, 1 } };

static struct edgel_model *make_model(void)
{
    struct edgel_model_params p;
    struct edgel_model *m = NULL;
    edgel_model_params_init(&p);
    p.text = network;
    p.size = strlen(network);
    p.outputs = 2;
    assert_int_equal(edgel_model_create(&p, &m, NULL), EDGEL_OK);
    return m;
}

static struct edgel_train_params plain_params(void)
{
    struct edgel_train_params p = train_params();
    p.terms = terms;
    p.nterms = 1;
    p.batch = 2;
    p.epochs = 3;
    p.optimizer = an_optimizer(EDGEL_OPTIMIZER_SGD);
    p.lr = 0.125;
    return p;
}

/* --- NULL --- */

static void losses_and_steps(struct edgel_pool *pool, float *weights)
{
    static const uint16_t labels[] = { 0, 1, 1, EDGEL_LABEL_IGNORE };
    static const struct edgel_loss_term some[] = { { EDGEL_LOSS_CE, 1 }, { EDGEL_LOSS_LOVASZ, 0.5 } };
    const struct edgel_param_range range = { 0, 8, true, true };
    const struct edgel_param_ranges parts = { 8, &range, 1 };
    const struct edgel_optimizer adam = an_optimizer(EDGEL_OPTIMIZER_ADAM);
    const struct edgel_loss_batch batch = { 1, 2, 4, weights, labels, NULL, 2 };
    struct edgel_loss_scratch scratch = { 0 };
    float grad[8], state[16] = { 0 };
    double norm, total;
    for (uint64_t t = 1; t <= 3; t++) {
        assert_int_equal(
            edgel_loss_eval(some, 2, NULL, &batch, pool, pool ? &scratch : NULL, NULL, &total, grad, NULL),
            EDGEL_OK);
        assert_int_equal(edgel_clip_norm(1, &parts, grad, &norm, pool, NULL), EDGEL_OK);
        assert_int_equal(edgel_clip_value(0.2, &parts, grad, pool, NULL), EDGEL_OK);
        assert_int_equal(edgel_penalty_add(0.01, 0.1, &parts, weights, grad, NULL, pool, NULL), EDGEL_OK);
        assert_int_equal(edgel_optimizer_step(&adam, &parts, t, 0.1, grad, weights, state, pool, NULL),
                         EDGEL_OK);
    }
    edgel_loss_scratch_finish(&scratch);
}

static void train_and_predict(struct edgel_pool *pool, float *out)
{
    const struct edgel_train_params p = plain_params();
    struct edgel_predictor_params predicting = predictor_params();
    struct edgel_model *m = make_model();
    struct edgel_trainer *t = NULL;
    struct edgel_predictor *predictor = NULL;
    struct edgel_survey survey;
    struct edgel_sample s;
    assert_int_equal(edgel_survey_make(&data, false, 2, 3, pool, &survey, NULL), EDGEL_OK);
    assert_int_equal(edgel_pretrain_layerwise(m, &p, 1, &data, &survey, pool, NULL, NULL, NULL, NULL),
                     EDGEL_OK);
    assert_int_equal(edgel_trainer_create(m, &p, &data, &survey, pool, &t, NULL), EDGEL_OK);
    assert_int_equal(edgel_trainer_run(t, NULL, NULL, NULL), EDGEL_OK);
    predicting.pool = pool;
    assert_int_equal(edgel_predictor_create(m, &predicting, &predictor, NULL), EDGEL_OK);
    assert_int_equal(load(NULL, true, 0, &s, NULL), EDGEL_OK);
    assert_int_equal(edgel_predict(predictor, s.image, W, H, false, out, NULL), EDGEL_OK);
    edgel_sample_finish(&s);
    edgel_predictor_destroy(&predictor);
    edgel_trainer_destroy(&t);
    edgel_survey_finish(&survey);
    edgel_model_destroy(&m);
}

/* No pool is the calling thread alone, no scratch is memory for the call, no err no text: the same bits. */
static void pool_scratch_and_err_may_be_null(void **state)
{
    (void)state;
    static float with[2 * W * H], without[2 * W * H];
    float w[2][8] = { { 0.5f, -1, 2, 0, 1, 0.25f, -0.5f, 3 } };
    struct edgel_pool *pool = NULL;
    memcpy(w[1], w[0], sizeof w[0]);
    assert_int_equal(edgel_pool_create(3, &pool, NULL), EDGEL_OK);
    losses_and_steps(pool, w[0]);
    losses_and_steps(NULL, w[1]);
    assert_memory_equal(w[0], w[1], sizeof w[0]);
    train_and_predict(pool, with);
    train_and_predict(NULL, without);
    assert_memory_equal(with, without, sizeof with);
    edgel_pool_destroy(&pool);

    struct edgel_augment a;
    struct edgel_augment_scratch *scratch = edgel_augment_scratch_create();
    struct edgel_sample in, out[2];
    edgel_augment_init(&a);
    a.rotate = 20;
    a.blur = 1;
    a.noise = 0.1;
    assert_int_equal(load(NULL, false, 0, &in, NULL), EDGEL_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(edgel_sample_init(&out[i], 8, 9, 3, true, false, NULL), EDGEL_OK);
        assert_int_equal(edgel_augment_sample(&a, 7, &in, &out[i], i ? NULL : scratch, NULL), EDGEL_OK);
    }
    assert_memory_equal(out[0].image, out[1].image, 3 * 8 * 9 * sizeof(float));
    assert_memory_equal(out[0].label, out[1].label, 8 * 9 * sizeof(uint16_t));
    edgel_sample_finish(&in);
    edgel_sample_finish(&out[0]);
    edgel_sample_finish(&out[1]);
    edgel_augment_scratch_destroy(&scratch);
}

/* The text names the function and the argument. */
#define REFUSED(call, argument)                             \
    do {                                                    \
        struct edgel_error err = { .msg = "" };             \
        assert_int_equal((call), EDGEL_EINVAL);             \
        if (!strstr(err.msg, argument " must not be NULL")) \
            fail_msg("%s: %s", #call, err.msg);             \
    } while (0)

static void other_pointers_are_refused(void **state)
{
    (void)state;
    struct edgel_model *m = make_model(), *other = m;
    struct edgel_train_params p = plain_params();
    const struct edgel_predictor_params pp = predictor_params();
    struct edgel_trainer *t = (struct edgel_trainer *)(void *)m;
    struct edgel_predictor *predictor = NULL;
    struct edgel_survey survey;
    struct edgel_model_array array;
    const struct edgel_optimizer adam = an_optimizer(EDGEL_OPTIMIZER_ADAM);
    const struct edgel_param_ranges none = { 0 };
    float v[4] = { 0 };
    double d = 0;
    unsigned char *bytes = (unsigned char *)m;
    size_t size = 1;
    REFUSED(edgel_model_create(NULL, &other, &err), "p");
    assert_null(other); /* a failure leaves outputs empty */
    REFUSED(edgel_model_copy(NULL, &other, &err), "from");
    REFUSED(edgel_model_copy(m, NULL, &err), "out");
    REFUSED(edgel_model_set_note(m, NULL, "", &err), "key");
    REFUSED(edgel_model_set_classes(m, NULL, 2, &err), "classes");
    REFUSED(edgel_model_set_normalisation(m, NULL, NULL, 3, &err), "mean");
    REFUSED(edgel_model_encode(NULL, &bytes, &size, &err), "m");
    assert_true(!bytes && !size);
    REFUSED(edgel_model_decode(NULL, 8, "x", &other, &err), "bytes");
    REFUSED(edgel_model_onnx(m, NULL, &bytes, &size, &err), "params");
    REFUSED(edgel_model_layers(m, 8, 8, NULL, &err), "out");
    REFUSED(edgel_model_memory(NULL, 8, 8, &size, &err), "model");
    REFUSED(edgel_model_array_at(NULL, 0, &array, &err), "m");
    REFUSED(edgel_model_array_find(m, NULL, &array, &err), "name");
    REFUSED(edgel_model_array_get(m, "slope.weight", NULL, 4, &err), "values");
    REFUSED(edgel_model_array_set(m, "slope.weight", NULL, 4, &err), "values");
    REFUSED(edgel_predictor_create(NULL, &pp, &predictor, &err), "model");
    REFUSED(edgel_predictor_run(NULL, NULL, &err), "p");
    REFUSED(edgel_loss_eval(terms, 1, NULL, NULL, NULL, NULL, NULL, NULL, v, &err), "batch");
    REFUSED(edgel_loss_parse(NULL, NULL, NULL, &err), "nterms");
    REFUSED(edgel_class_weights(NULL, 2, v, &err), "count");
    REFUSED(edgel_box_loss_value(EDGEL_BOX_IOU, NULL, NULL, &d, NULL, &err), "pred");
    REFUSED(edgel_optimizer_step(&adam, &none, 1, 0.1, NULL, v, v, NULL, &err), "gradient");
    REFUSED(edgel_optimizer_step(&adam, &none, 1, 0.1, v, v, NULL, NULL, &err), "state");
    REFUSED(edgel_optimizer_check(NULL, &err), "o");
    REFUSED(edgel_schedule_check(NULL, &err), "s");
    REFUSED(edgel_penalty_add(0, 0, &none, NULL, v, NULL, NULL, &err), "weights");
    REFUSED(edgel_clip_norm(1, NULL, v, &d, NULL, &err), "params");
    REFUSED(edgel_augment_parse(NULL, NULL, &err), "out");
    REFUSED(edgel_sample_init(NULL, 1, 1, 1, true, false, &err), "s");
    REFUSED(edgel_epoch_order(3, NULL, 1, NULL, &err), "order");
    REFUSED(edgel_survey_make(NULL, false, 2, 3, NULL, &survey, &err), "data");
    REFUSED(edgel_trainer_create(m, &p, NULL, NULL, NULL, &t, &err), "data");
    assert_null(t);
    REFUSED(edgel_trainer_run(NULL, NULL, NULL, &err), "t");
    REFUSED(edgel_trainer_step(NULL, NULL, NULL, &err), "t");
    REFUSED(edgel_trainer_gradient(NULL, "x", v, 4, &err), "t");
    REFUSED(edgel_trainer_encode(NULL, &bytes, &size, &err), "t");
    REFUSED(edgel_pretrain_layerwise(NULL, &p, 1, &data, NULL, NULL, NULL, NULL, NULL, &err), "model");
    edgel_model_destroy(&m);
    edgel_model_destroy(&m); /* and again */
    edgel_trainer_destroy(&t);
    edgel_predictor_destroy(&predictor);
}

/* --- arrays --- */

static void arrays_are_reached_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int ndims, dims[4];
        bool estimate;
    } want[] = { { "first.weight", 4, { 4, 3, 3, 3 }, false },
                 { "norm.weight", 1, { 4 }, false },
                 { "norm.bias", 1, { 4 }, false },
                 { "norm.running_mean", 1, { 4 }, true },
                 { "norm.running_var", 1, { 4 }, true },
                 { "slope.weight", 1, { 4 }, false },
                 { "last.weight", 4, { 2, 4, 1, 1 }, false },
                 { "last.bias", 1, { 2 }, false } };
    struct edgel_model *m = make_model();
    struct edgel_model_array a;
    float v[4];
    assert_int_equal(edgel_model_array_count(m), sizeof want / sizeof *want);
    for (int k = 0; k < (int)(sizeof want / sizeof *want); k++) {
        size_t values = 1;
        assert_int_equal(edgel_model_array_at(m, k, &a, NULL), EDGEL_OK);
        assert_string_equal(a.name, want[k].name);
        assert_int_equal(a.ndims, want[k].ndims);
        for (int i = 0; i < a.ndims; i++) {
            assert_int_equal(a.dims[i], want[k].dims[i]);
            values *= (size_t)a.dims[i];
        }
        assert_int_equal(a.values, values);
        assert_int_equal(a.estimate, want[k].estimate);
    }
    assert_int_equal(edgel_model_array_at(m, 8, &a, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_model_array_at(m, -1, &a, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_model_array_get(m, "slope.weight", v, 4, NULL), EDGEL_OK);
    for (int i = 0; i < 4; i++)
        assert_true(v[i] == 0.25f);
    v[2] = -3;
    assert_int_equal(edgel_model_array_set(m, "slope.weight", v, 4, NULL), EDGEL_OK);
    v[2] = 0;
    assert_int_equal(edgel_model_array_get(m, "slope.weight", v, 4, NULL), EDGEL_OK);
    assert_true(v[1] == 0.25f && v[2] == -3);
    assert_int_equal(edgel_model_array_get(m, "slope.bias", v, 4, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_model_array_get(m, "slope.weight", v, 3, NULL), EDGEL_EINVAL);
    v[0] = NAN;
    assert_int_equal(edgel_model_array_set(m, "slope.weight", v, 4, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_model_array_get(m, "slope.weight", v, 4, NULL), EDGEL_OK);
    assert_true(v[0] == 0.25f);
    edgel_model_destroy(&m);
}

struct told {
    int steps, epochs, best, last;
};

static void step_done(void *user, const struct edgel_step *step)
{
    (void)step;
    ((struct told *)user)->steps++;
}

static void epoch_done(void *user, const struct edgel_epoch *row)
{
    (void)row;
    ((struct told *)user)->epochs++;
}

static enum edgel_status save(void *user, enum edgel_save kind, const void *bytes, size_t size,
                              struct edgel_error *err)
{
    struct told *told = user;
    (void)err;
    assert_true(bytes && size > 0);
    told->best += kind == EDGEL_SAVE_BEST;
    told->last += kind == EDGEL_SAVE_LAST;
    return EDGEL_OK;
}

/* Plain SGD moves each weight by -lr times the gradient that is read, to the last bit; and single steps are those of a
 * run. */
static void steps_follow_the_gradients_that_are_read(void **state)
{
    (void)state;
    const struct edgel_train_params p = plain_params();
    struct edgel_model *m = make_model(), *whole = make_model();
    struct edgel_trainer *t = NULL;
    struct told told = { 0 };
    const struct edgel_train_events events = {
        .user = &told, .step_done = step_done, .epoch_done = epoch_done, .save = save
    };
    struct edgel_step step;
    static float before[FIRST], after[FIRST], grad[FIRST], other[FIRST];
    int steps = 0;
    assert_int_equal(edgel_trainer_create(m, &p, &data, NULL, NULL, &t, NULL), EDGEL_OK);
    assert_int_equal(edgel_trainer_gradient(t, "first.weight", grad, FIRST, NULL), EDGEL_EINVAL);
    for (;;) {
        double squares = 0;
        assert_int_equal(edgel_model_array_get(m, "first.weight", before, FIRST, NULL), EDGEL_OK);
        assert_int_equal(edgel_trainer_step(t, &events, &step, NULL), EDGEL_OK);
        if (step.step == 0)
            break;
        assert_int_equal(step.step, steps % 3 + 1);
        assert_int_equal(step.epoch, steps / 3 + 1);
        steps++;
        assert_int_equal(edgel_trainer_gradient(t, "first.weight", grad, FIRST, NULL), EDGEL_OK);
        assert_int_equal(edgel_model_array_get(m, "first.weight", after, FIRST, NULL), EDGEL_OK);
        for (int i = 0; i < FIRST; i++) {
            const float moved = 0.125f * grad[i];
            squares += (double)grad[i] * (double)grad[i];
            assert_true(after[i] == before[i] - moved);
        }
        assert_true(squares > 0);
        assert_int_equal(edgel_trainer_gradient(t, "norm.running_mean", grad, 4, NULL), EDGEL_EINVAL);
        assert_int_equal(edgel_trainer_gradient(t, "slope.weight", grad, 4, NULL), EDGEL_OK);
    }
    assert_int_equal(steps, 9);
    assert_true(told.steps == 9 && told.epochs == 3 && told.last == 3 && told.best >= 1);
    edgel_trainer_destroy(&t);

    assert_int_equal(edgel_trainer_create(whole, &p, &data, NULL, NULL, &t, NULL), EDGEL_OK);
    assert_int_equal(edgel_trainer_run(t, NULL, NULL, NULL), EDGEL_OK);
    assert_int_equal(edgel_model_array_get(whole, "first.weight", other, FIRST, NULL), EDGEL_OK);
    assert_memory_equal(other, after, sizeof other);
    edgel_trainer_destroy(&t);
    edgel_model_destroy(&m);
    edgel_model_destroy(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pool_scratch_and_err_may_be_null),
        cmocka_unit_test(other_pointers_are_refused),
        cmocka_unit_test(arrays_are_reached_by_name),
        cmocka_unit_test(steps_follow_the_gradients_that_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
