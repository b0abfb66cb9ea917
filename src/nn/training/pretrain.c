/*
 * Layer-wise pre-training. A stage begins with a convolution that does not follow another one directly (a separable
 * convolution is one stage) and ends before the next such one. Its network is the part of the whole that the last layer
 * of the stage needs, and on it a head: a 1x1 convolution to the classes, enlarged to the size of the image.
 *
 *     input -> stages before, frozen (batch norm by its running estimates) -> stage -> 1x1 convolution -> upsample
 */
#include "nn/training/trainer_priv.h"
#include <stdio.h>
#include <string.h>

struct stage {
    int begin, last; /* its convolution; the layer that the head reads */
};

struct stages {
    const struct nn_network *net;
    struct stage *list;
    int n;
    bool *needed; /* [nlayers] of the stage at work */
    int *place;   /* [nlayers] in the stage's network */
};

/* The last layer before `end` that the convolution `begin` leads to. needed is scratch. */
static int last_reached(const struct stages *s, int begin, int end)
{
    int last = begin;
    memset(s->needed, 0, (size_t)s->net->nlayers * sizeof *s->needed);
    s->needed[begin] = true;
    for (int i = begin + 1; i < end; i++) {
        for (int k = 0; k < s->net->layers[i].ninputs; k++)
            s->needed[i] |= s->needed[s->net->layers[i].input[k]];
        if (s->needed[i])
            last = i;
    }
    return last;
}

static enum edgel_status find_stages(const struct nn_network *net, struct stages *s, struct edgel_error *err)
{
    const size_t n = (size_t)net->nlayers;
    int last = 0;
    *s = (struct stages){ .net = net,
                          .list = edgel_calloc(n, sizeof *s->list),
                          .needed = edgel_calloc(n, sizeof *s->needed),
                          .place = edgel_calloc(n, sizeof *s->place) };
    if (!s->list || !s->needed || !s->place)
        return edgel_fail(err, EDGEL_ENOMEM, "stages of a network: out of memory");
    for (int i = 1; i < net->nlayers; i++)
        if (nn_network_begins_stage(net, i)) {
            if (last > 0)
                s->list[s->n++] = (struct stage){ last, last_reached(s, last, i) };
            last = i;
        }
    return EDGEL_OK; /* the last one makes the classes */
}

static void finish_stages(struct stages *s)
{
    edgel_free(s->list);
    edgel_free(s->needed);
    edgel_free(s->place);
}

/* --- the network of a stage --- */

static void mark_needed(const struct stages *s, int last)
{
    memset(s->needed, 0, (size_t)s->net->nlayers * sizeof *s->needed);
    s->needed[0] = s->needed[last] = true;
    for (int i = last; i > 0; i--) {
        const struct nn_layer *l = &s->net->layers[i];
        for (int k = 0; s->needed[i] && k < l->ninputs; k++)
            s->needed[l->input[k]] = true;
        if (s->needed[i] && l->like >= 0)
            s->needed[l->like] = true;
    }
}

/* The layers that are needed, as a network whose layers array is the caller's. */
static struct nn_network take_needed(const struct stages *s, int last, struct nn_layer *layers)
{
    struct nn_network part = *s->net;
    part.layers = layers;
    part.nlayers = 0;
    for (int i = 0; i <= last; i++) {
        if (!s->needed[i])
            continue;
        struct nn_layer *l = &layers[part.nlayers];
        *l = s->net->layers[i];
        for (int k = 0; k < l->ninputs; k++)
            l->input[k] = s->place[l->input[k]];
        l->like = l->like >= 0 ? s->place[l->like] : -1;
        s->place[i] = part.nlayers++;
    }
    return part;
}

/* The least whole factor that makes the output of a layer as large as the image, at these sizes. */
static enum edgel_status factor_of(const struct nn_network *net, int layer, int h, int w, int *factor,
                                   struct edgel_error *err)
{
    struct nn_shape *shapes = edgel_calloc((size_t)net->nlayers, sizeof *shapes);
    if (!shapes)
        return edgel_fail(err, EDGEL_ENOMEM, "shapes of a network: out of memory");
    enum edgel_status status = nn_network_shapes(net, h, w, shapes, err);
    const struct nn_shape out = shapes[layer];
    while (status == EDGEL_OK && (out.h * *factor < h || out.w * *factor < w))
        (*factor)++;
    edgel_free(shapes);
    return status;
}

static enum edgel_status stage_text(const struct stages *s, const struct stage *stage,
                                    struct edgel_text *text, struct edgel_error *err)
{
    int factor = 1;
    EDGEL_TRY(factor_of(s->net, stage->last, 256, 320, &factor, err));
    EDGEL_TRY(factor_of(s->net, stage->last, 251, 199, &factor, err));
    struct nn_layer *layers = edgel_alloc((size_t)s->net->nlayers, sizeof *layers);
    if (!layers)
        return edgel_fail(err, EDGEL_ENOMEM, "network of a stage: out of memory");
    mark_needed(s, stage->last);
    const struct nn_network part = take_needed(s, stage->last, layers);
    nn_network_text(&part, text);
    edgel_text_printf(text, "pretrain_head: conv %s out=classes k=1\n", s->net->layers[stage->last].name);
    edgel_text_printf(text, "pretrain_output: upsample factor=%d like=%s\n", factor, s->net->layers[0].name);
    edgel_free(layers);
    return text->failed ? edgel_fail(err, EDGEL_ENOMEM, "network of a stage: out of memory") : EDGEL_OK;
}

/* Every part of the stage's network that lies before its convolution is frozen. */
static void freeze_before(const struct stages *s, const struct stage *stage, struct nn_network *net)
{
    for (int i = 1; i < stage->begin; i++)
        if (s->needed[i])
            net->layers[s->place[i]].frozen = true;
}

static enum edgel_status make_model(const struct edgel_model *model, const struct stages *s, int k,
                                    uint64_t seed, struct edgel_model **out, struct edgel_error *err)
{
    struct edgel_text text = { 0 };
    struct edgel_model_taken taken;
    enum edgel_status status = stage_text(s, &s->list[k], &text, err);
    if (status == EDGEL_OK) {
        const struct edgel_model_params p = {
            text.s,         text.len,
            "pre-training", model->net.classes,
            EDGEL_INIT_HE,  edgel_hash(seed, NN_RANDOM_STAGE, (uint64_t)k, 0)
        };
        status = edgel_model_create(&p, out, err);
    }
    edgel_text_finish(&text);
    EDGEL_TRY(status);
    edgel_model_take(*out, model, &taken);
    freeze_before(s, &s->list[k], &(*out)->net);
    return edgel_model_set_normalisation(*out, model->mean, model->deviation, model->net.in_channels, err);
}

/* --- training --- */

struct pretraining {
    struct edgel_model *model;
    struct edgel_train_params params;
    struct edgel_train_data data;
    const struct edgel_survey *survey;
    struct edgel_pool *pool;
    struct edgel_train_events events;
    double ends; /* on the clock */
};

static enum edgel_status train_stage(struct pretraining *p, const struct stages *s, int k, bool *time_over,
                                     struct edgel_error *err)
{
    struct edgel_model *stage = NULL;
    struct edgel_trainer *t = NULL;
    struct edgel_model_taken taken;
    enum edgel_train_end end = EDGEL_TRAIN_EPOCHS;
    const double left = p->ends - edgel_clock();
    *time_over = !(left > 0);
    if (*time_over)
        return EDGEL_OK;
    p->params.max_seconds = left;
    enum edgel_status status = make_model(p->model, s, k, p->params.seed, &stage, err);
    if (status == EDGEL_OK)
        status = edgel_trainer_create(stage, &p->params, &p->data, p->survey, p->pool, &t, err);
    if (status == EDGEL_OK)
        status = edgel_trainer_run(t, &p->events, &end, err);
    if (status == EDGEL_OK)
        edgel_model_take(p->model, stage, &taken);
    *time_over = end == EDGEL_TRAIN_TIME;
    edgel_trainer_destroy(&t);
    edgel_model_destroy(&stage);
    return status;
}

enum edgel_status
edgel_pretrain_layerwise(struct edgel_model *model, const struct edgel_train_params *params, int64_t epochs,
                         const struct edgel_train_data *data, const struct edgel_survey *survey,
                         struct edgel_pool *pool, const struct edgel_train_events *events,
                         void (*stage_begins)(void *user, int stage, int stages, const char *layer),
                         enum edgel_train_end *end, struct edgel_error *err)
{
    EDGEL_REQUIRE(model);
    EDGEL_REQUIRE(params);
    EDGEL_REQUIRE(data);
    struct pretraining p = {
        model, *params, *data, survey, pool, { 0 }, edgel_clock() + params->max_seconds
    };
    struct stages s;
    bool time_over = false;
    if (events)
        p.events = *events;
    p.events.save = NULL;
    p.data.nval = 0;
    p.params.epochs = epochs;
    p.params.patience = 0;
    p.params.freeze = NULL;
    p.params.recompute = EDGEL_RECOMPUTE_NEVER;
    p.params.ema = 0;
    edgel_schedule_init(&p.params.schedule, EDGEL_SCHEDULE_CONSTANT, 1);
    enum edgel_status status = find_stages(&model->net, &s, err);
    for (int k = 0; k < s.n && status == EDGEL_OK && !time_over; k++) {
        if (stage_begins)
            stage_begins(p.events.user, k + 1, s.n, model->net.layers[s.list[k].begin].name);
        status = train_stage(&p, &s, k, &time_over, err);
    }
    finish_stages(&s);
    if (end)
        *end = time_over ? EDGEL_TRAIN_TIME : EDGEL_TRAIN_EPOCHS;
    return status;
}
