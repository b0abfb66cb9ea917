/* A trainer from model, parameters and data: checks, memory, and what is frozen. Training itself is in trainer.c. */
#include "nn/training/trainer_priv.h"
#include <math.h>
#include <string.h>

/* --- checks --- */

static enum edgel_status check_range(const char *what, double v, double lo, double hi,
                                     struct edgel_error *err)
{
    if (!(v >= lo && v <= hi))
        return edgel_fail(err, EDGEL_EINVAL, "%s %g: must be %g..%g", what, v, lo, hi);
    return EDGEL_OK;
}

static enum edgel_status check_positive(const char *what, double v, struct edgel_error *err)
{
    if (!(v > 0))
        return edgel_fail(err, EDGEL_EINVAL, "%s %g: must be above 0", what, v);
    return EDGEL_OK;
}

static enum edgel_status check_sides(const struct edgel_train_params *p, struct edgel_error *err)
{
    const bool whole = p->crop_w == 0 && p->crop_h == 0;
    if (!whole && (p->crop_w < 1 || p->crop_h < 1 || p->crop_w > NN_SIDE_MAX || p->crop_h > NN_SIDE_MAX))
        return edgel_fail(err, EDGEL_EINVAL, "crop %dx%d: sides must be 1..%d, or both 0", p->crop_w,
                          p->crop_h, NN_SIDE_MAX);
    return EDGEL_OK;
}

static enum edgel_status check_params(const struct edgel_train_params *p, struct edgel_error *err)
{
    EDGEL_TRY(check_range("number of loss terms", p->nterms, 1, EDGEL_TRAIN_TERMS_MAX, err));
    EDGEL_TRY(edgel_optimizer_check(&p->optimizer, err));
    EDGEL_TRY(check_range("lr", p->lr, 0, 1e30, err));
    EDGEL_TRY(edgel_schedule_check(&p->schedule, err));
    EDGEL_TRY(check_range("l1", p->l1, 0, 1e30, err));
    EDGEL_TRY(check_range("l2", p->l2, 0, 1e30, err));
    EDGEL_TRY(check_positive("clip value", p->clip_value, err));
    EDGEL_TRY(check_positive("clip norm", p->clip_norm, err));
    EDGEL_TRY(check_range("dropout", p->dropout, -1e300, 0.95, err));
    EDGEL_TRY(check_range("batch", p->batch, 1, EDGEL_TRAIN_BATCH_MAX, err));
    EDGEL_TRY(check_sides(p, err));
    EDGEL_TRY(check_range("crops", p->crops, 1, EDGEL_TRAIN_CROPS_MAX, err));
    EDGEL_TRY(check_range("steps", (double)p->steps, 0, 1e12, err));
    EDGEL_TRY(check_range("epochs", (double)p->epochs, 0, 1e12, err));
    EDGEL_TRY(check_positive("time limit", p->max_seconds, err));
    EDGEL_TRY(check_range("patience", (double)p->patience, 0, 1e12, err));
    EDGEL_TRY(check_range("least gain", p->min_delta, 0, 1e30, err));
    EDGEL_TRY(check_range("ema", p->ema, 0, 0.999999999, err));
    return check_positive("seconds between checkpoints", p->checkpoint_seconds, err);
}

static enum edgel_status check_use(const struct edgel_trainer *t, struct edgel_error *err)
{
    const struct edgel_train_params *p = &t->params;
    if (t->data->ntrain < 1 || t->data->ntrain > UINT32_MAX)
        return edgel_fail(err, EDGEL_EINVAL, "%zu training samples: must be 1..%u", t->data->ntrain,
                          UINT32_MAX);
    EDGEL_TRY(check_range("first class of the means", p->first_scored, 0, t->scored - 1, err));
    if (!nn_monitor_at((int)p->monitor))
        return edgel_fail(err, EDGEL_EINVAL, "monitor %d: no such one", (int)p->monitor);
    if ((unsigned)p->recompute > EDGEL_RECOMPUTE_EPOCH)
        return edgel_fail(err, EDGEL_EINVAL, "recomputing of running estimates %d: no such way",
                          (int)p->recompute);
    return EDGEL_OK;
}

/* --- layers --- */

static bool begins_with(const char *s, const char *beginning)
{
    return strncmp(s, beginning, strlen(beginning)) == 0;
}

static enum edgel_status freeze(struct edgel_trainer *t, const char *beginning, struct edgel_error *err)
{
    bool any = false;
    for (int i = 1; i < t->net.nlayers; i++)
        if (begins_with(t->net.layers[i].name, beginning)) {
            t->net.layers[i].frozen = true;
            any |= t->net.layers[i].nparams > 0;
        }
    if (!any)
        return edgel_fail(err, EDGEL_EINVAL, "freeze %s: no layer with parameters has a name that begins so",
                          beginning);
    return EDGEL_OK;
}

static enum edgel_status copy_layers(struct edgel_trainer *t, struct edgel_error *err)
{
    t->net = t->model->net;
    t->net.layers = edgel_alloc((size_t)t->net.nlayers, sizeof *t->net.layers);
    if (!t->net.layers)
        return edgel_fail(err, EDGEL_ENOMEM, "network of %d layers: out of memory", t->net.nlayers);
    memcpy(t->net.layers, t->model->net.layers, (size_t)t->net.nlayers * sizeof *t->net.layers);
    for (int i = 0; i < t->net.nlayers; i++) {
        if ((t->net.layers[i].op->flags & NN_DROPS) && t->params.dropout >= 0)
            t->net.layers[i].p = t->params.dropout;
    }
    for (const char *const *f = t->params.freeze; f && *f; f++)
        EDGEL_TRY(freeze(t, *f, err));
    return EDGEL_OK;
}

/* Running estimates move where a layer that normalises is trained. */
static enum edgel_status check_recompute(const struct edgel_trainer *t, struct edgel_error *err)
{
    bool any = t->params.recompute == EDGEL_RECOMPUTE_NEVER;
    for (int i = 0; i < t->net.nlayers; i++)
        any |= (t->net.layers[i].op->flags & NN_NORMALISES) && !t->net.layers[i].frozen;
    return any ? EDGEL_OK
               : edgel_fail(err, EDGEL_EINVAL,
                            "recomputing of running estimates: no layer of batch normalisation is trained");
}

/* The parts of the parameters, one per array. */
static enum edgel_status list_parts(struct edgel_trainer *t, struct edgel_error *err)
{
    size_t n = 0;
    bool any = false;
    t->ranges = edgel_calloc((size_t)t->net.nlayers, NN_ARRAYS_MAX * sizeof *t->ranges);
    if (!t->ranges)
        return edgel_fail(err, EDGEL_ENOMEM, "network of %d layers: out of memory", t->net.nlayers);
    for (int i = 0; i < t->net.nlayers; i++) {
        const struct nn_layer *l = &t->net.layers[i];
        struct nn_array arrays[NN_ARRAYS_MAX];
        const int count = l->op->arrays ? l->op->arrays(l, arrays) : 0;
        for (int k = 0; k < count; k++)
            if (!arrays[k].buffer) {
                const size_t at = l->params_at + arrays[k].at;
                t->ranges[n++] = (struct edgel_param_range){ at, at + nn_array_floats(&arrays[k]), !l->frozen,
                                                             arrays[k].decayed };
                any |= !l->frozen;
            }
    }
    t->parts = (struct edgel_param_ranges){ t->net.nparams, t->ranges, n };
    if (!any)
        return edgel_fail(err, EDGEL_EINVAL, "no parameters are left to train");
    return edgel_param_ranges_check(&t->parts, err);
}

/* --- data --- */

/* Whole images need the sizes of all samples, drawing by rarity needs their histograms. The kind of truth is that of
 * the first sample. */
static enum edgel_status look_at_data(struct edgel_trainer *t, const struct edgel_survey **survey, bool *soft,
                                      struct edgel_error *err)
{
    const bool needed = t->params.crop_w == 0 || t->augment.resample > 0;
    if (!*survey && needed) {
        EDGEL_TRY(edgel_survey_make(t->data, false, t->scored, t->net.in_channels, t->pool, &t->survey, err));
        *survey = &t->survey;
    }
    if (*survey) {
        *soft = (*survey)->soft;
        if ((*survey)->n != t->data->ntrain || (*survey)->classes != t->scored)
            return edgel_fail(err, EDGEL_EINVAL, "survey of %zu samples with %d classes, not %zu with %d",
                              (*survey)->n, (*survey)->classes, t->data->ntrain, t->scored);
        return EDGEL_OK;
    }
    struct edgel_sample first;
    const enum edgel_status status = nn_sample_load(t->data, false, 0, t->net.in_channels, &first, err);
    *soft = first.soft;
    edgel_sample_finish(&first);
    return status;
}

static void set_sides(struct edgel_trainer *t, const struct edgel_survey *survey)
{
    t->batch =
        (struct nn_batch){ .channels = t->net.in_channels, .h = t->params.crop_h, .w = t->params.crop_w };
    for (size_t i = 0; t->params.crop_w == 0 && i < survey->n; i++) {
        t->batch.h = survey->h[i] > t->batch.h ? survey->h[i] : t->batch.h;
        t->batch.w = survey->w[i] > t->batch.w ? survey->w[i] : t->batch.w;
    }
    t->plain = (struct edgel_augment){ .centred = t->params.crop_w == 0 };
}

static enum edgel_status set_draws(struct edgel_trainer *t, const struct edgel_survey *survey,
                                   struct edgel_error *err)
{
    t->items = (int64_t)t->data->ntrain * t->params.crops;
    t->steps = (t->items + t->params.batch - 1) / t->params.batch;
    if (t->params.steps > 0) {
        t->steps = t->params.steps;
        t->items = t->steps * t->params.batch;
    }
    t->batch.n = t->items < t->params.batch ? (int)t->items : t->params.batch; /* no batch holds more */
    t->order_epoch = -1;
    if (t->augment.resample <= 0)
        return EDGEL_OK;
    t->draw_weights = edgel_alloc(t->data->ntrain, sizeof *t->draw_weights);
    if (!t->draw_weights)
        return edgel_fail(err, EDGEL_ENOMEM, "weights of %zu samples: out of memory", t->data->ntrain);
    return edgel_resample_weights(survey->pixels, survey->n, survey->classes, t->augment.resample,
                                  t->draw_weights, err);
}

/* --- memory --- */

static bool take_floats(float **out, size_t n)
{
    *out = edgel_calloc(n + 1, sizeof **out);
    return *out;
}

static bool take_memory(struct edgel_trainer *t, bool soft)
{
    const size_t np = t->net.nparams, nb = t->net.nbuffers, n = (size_t)t->scored * (size_t)t->scored;
    const size_t values = (size_t)t->classes * (size_t)t->batch.h * (size_t)t->batch.w;
    const size_t threads = (size_t)edgel_pool_threads(t->pool);
    const size_t batch = (size_t)t->batch.n;
    t->draws = edgel_calloc(batch, sizeof *t->draws);
    t->order = edgel_calloc(t->data->ntrain, sizeof *t->order);
    t->logits = edgel_alloc(batch, values * sizeof *t->logits);
    t->grad_logits = edgel_alloc(batch, values * sizeof *t->grad_logits);
    t->confusion = edgel_calloc(n, sizeof *t->confusion);
    t->thread_counts = edgel_calloc(threads, n * sizeof *t->thread_counts);
    const size_t states = (size_t)edgel_optimizer_state_floats(t->params.optimizer.kind);
    return t->draws && t->order && t->logits && t->grad_logits && t->confusion && t->thread_counts &&
           take_floats(&t->grads, np) && (states == 0 || take_floats(&t->state, states * np)) &&
           (t->params.ema <= 0 || take_floats(&t->average, np)) &&
           (!t->gd || take_floats(&t->gradient_sum, np)) &&
           (t->params.recompute == EDGEL_RECOMPUTE_NEVER || take_floats(&t->scored_buffers, nb)) &&
           take_floats(&t->best, np + nb) && take_floats(&t->good, np + nb) &&
           nn_batch_init(&t->batch, soft) && nn_loader_init(&t->loader, t->data, t->model, t->pool);
}

static void set_early_stop(struct edgel_trainer *t)
{
    t->early = (struct edgel_early_stop){ .patience = t->params.patience,
                                          .min_delta = t->params.min_delta,
                                          .minimise = edgel_monitor_at((int)t->params.monitor).minimise ||
                                                      t->data->nval == 0 };
}

/* The validation samples are surveyed only for the notes, by which a resume recognises them. */
static enum edgel_status note_settings(struct edgel_trainer *t, const struct edgel_survey *training,
                                       struct edgel_error *err)
{
    struct edgel_survey validation = { 0 };
    enum edgel_status status = EDGEL_OK;
    if (t->data->nval > 0)
        status = edgel_survey_make(t->data, true, t->scored, t->net.in_channels, t->pool, &validation, err);
    if (status == EDGEL_OK)
        status = nn_note_settings(t, training, t->data->nval > 0 ? &validation : NULL, err);
    edgel_survey_finish(&validation);
    return status;
}

static enum edgel_status make(struct edgel_trainer *t, const struct edgel_survey *survey,
                              struct edgel_error *err)
{
    bool soft = false;
    EDGEL_TRY(check_params(&t->params, err));
    EDGEL_TRY(check_use(t, err));
    EDGEL_TRY(copy_layers(t, err));
    EDGEL_TRY(check_recompute(t, err));
    EDGEL_TRY(list_parts(t, err));
    EDGEL_TRY(look_at_data(t, &survey, &soft, err));
    if (soft && t->classes != 1)
        return edgel_fail(err, EDGEL_EINVAL, "soft targets need a model with one output, not %d", t->classes);
    set_sides(t, survey);
    if (t->params.augment)
        t->augment = *t->params.augment;
    else
        t->augment = t->plain;
    EDGEL_TRY(edgel_augment_check(&t->augment, err));
    EDGEL_TRY(set_draws(t, survey, err));
    if (!take_memory(t, soft))
        return edgel_fail(err, EDGEL_ENOMEM, "training on %d images of %dx%d: out of memory", t->batch.n,
                          t->batch.w, t->batch.h);
    EDGEL_TRY(nn_plan_create(&t->net, t->batch.n, t->batch.h, t->batch.w, true, t->pool, &t->plan, err));
    set_early_stop(t);
    return note_settings(t, survey, err);
}

void edgel_train_params_init(struct edgel_train_params *params)
{
    *params = (struct edgel_train_params){ .lr = 1e-3,
                                           .clip_value = INFINITY,
                                           .clip_norm = INFINITY,
                                           .dropout = -1,
                                           .batch = 8,
                                           .crops = 1,
                                           .epochs = 100,
                                           .max_seconds = INFINITY,
                                           .monitor = EDGEL_MONITOR_IOU,
                                           .checkpoint_seconds = 60 };
    edgel_optimizer_init(&params->optimizer, EDGEL_OPTIMIZER_ADAM);
    edgel_schedule_init(&params->schedule, EDGEL_SCHEDULE_CONSTANT, 100);
}

void edgel_train_data_init(struct edgel_train_data *data)
{
    *data = (struct edgel_train_data){ 0 };
}

void edgel_train_events_init(struct edgel_train_events *events)
{
    *events = (struct edgel_train_events){ 0 };
}

enum edgel_status edgel_trainer_create(struct edgel_model *model, const struct edgel_train_params *params,
                                       const struct edgel_train_data *data, const struct edgel_survey *survey,
                                       struct edgel_pool *pool, struct edgel_trainer **out,
                                       struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    *out = NULL;
    EDGEL_REQUIRE(model);
    EDGEL_REQUIRE(params);
    EDGEL_REQUIRE(data);
    struct edgel_trainer *t = edgel_calloc(1, sizeof *t);
    if (!t)
        return edgel_fail(err, EDGEL_ENOMEM, "trainer: out of memory");
    t->model = model;
    t->params = *params;
    edgel_loss_params_init(&t->loss);
    if (params->loss)
        t->loss = *params->loss;
    t->data = data;
    t->sizes.most_bytes = NN_PLANS_BYTES;
    t->pool = pool;
    t->gd = edgel_optimizer_at((int)params->optimizer.kind).whole_set;
    t->classes = model->net.classes;
    t->scored = t->classes > 2 ? t->classes : 2;
    if (params->augment)
        t->augment = *params->augment;
    const enum edgel_status status = make(t, survey, err);
    if (status != EDGEL_OK)
        edgel_trainer_destroy(&t);
    *out = t;
    return status;
}

void edgel_trainer_destroy(struct edgel_trainer **trainer)
{
    if (!trainer || !*trainer)
        return;
    struct edgel_trainer *t = *trainer;
    nn_plan_destroy(&t->plan);
    nn_sizes_finish(&t->sizes);
    nn_batch_finish(&t->batch);
    nn_loader_finish(&t->loader);
    edgel_loss_scratch_finish(&t->scratch);
    edgel_survey_finish(&t->survey);
    void *const blocks[] = { t->draw_weights, t->net.layers, t->ranges,       t->draws,
                             t->order,        t->logits,     t->grad_logits,  t->grads,
                             t->state,        t->average,    t->gradient_sum, t->scored_buffers,
                             t->best,         t->good,       t->confusion,    t->thread_counts };
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        edgel_free(blocks[i]);
    edgel_free(t);
    *trainer = NULL;
}
