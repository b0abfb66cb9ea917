/*
 * Validation: each sample as a whole, one after the other, the network spread over the threads. The class of a pixel is
 * that of edgel_logit_classes() at the model's threshold. The confusion matrix is summed over all samples, then, over
 * its classes c,
 *
 *     IoU_c = TP / (TP + FP + FN),  F1_c = 2 TP / (2 TP + FP + FN)
 *
 * and the means are over the classes that occur in truth or prediction. Soft truth counts as class 1 from 0.5 on.
 */
#include "nn/training/trainer_priv.h"
#include <math.h>
#include <string.h>

/* Requests to stop and the time limit, within passes over many samples. */
enum edgel_status nn_halt_check(struct nn_halt *h, const char *what, int64_t epoch, struct edgel_error *err)
{
    if (h->events->stop && h->events->stop(h->events->user))
        return edgel_fail(err, EDGEL_EINTERRUPTED, "stopped in the %s of epoch %lld", what, (long long)epoch);
    h->late = edgel_clock() > h->ends;
    if (h->late)
        return edgel_fail(err, EDGEL_EINTERRUPTED, "out of time in the %s of epoch %lld", what,
                          (long long)epoch);
    return EDGEL_OK;
}

const float *nn_scored_params(const struct edgel_trainer *t)
{
    return t->average ? t->average : t->model->params;
}

float *nn_scored_buffers(const struct edgel_trainer *t)
{
    return t->params.recompute == EDGEL_RECOMPUTE_EPOCH ? t->scored_buffers : t->model->buffers;
}

enum { COUNT_PIXELS = 1 << 14, COUNT_ROW = 1 << 10 };

void nn_sizes_finish(struct nn_sizes *s)
{
    for (int i = 0; i < NN_PLANS_KEPT; i++)
        nn_plan_destroy(&s->plans[i]);
    edgel_free(s->logits);
    *s = (struct nn_sizes){ 0 };
}

/* Frees plans until the others are within the limit. */
static void bound_plans(struct nn_sizes *s)
{
    size_t bytes = 0;
    for (int i = 0; i < NN_PLANS_KEPT; i++) {
        const size_t more = s->plans[i] ? nn_plan_bytes(s->plans[i]) : 0;
        if (more > s->most_bytes - bytes)
            nn_plan_destroy(&s->plans[i]);
        else
            bytes += more;
    }
}

/* The plan for h x w, and logits for it. */
static enum edgel_status plan_for(struct edgel_trainer *t, int h, int w, struct nn_plan **out,
                                  struct edgel_error *err)
{
    struct nn_sizes *s = &t->sizes;
    const size_t floats = (size_t)t->classes * (size_t)h * (size_t)w;
    if (floats > s->floats) {
        edgel_free(s->logits);
        s->logits = edgel_alloc(floats, sizeof *s->logits);
        s->floats = s->logits ? floats : 0;
        if (!s->logits)
            return edgel_fail(err, EDGEL_ENOMEM, "logits of %dx%d: out of memory", w, h);
    }
    for (int i = 0; i < NN_PLANS_KEPT; i++)
        if (s->plans[i] && s->h[i] == h && s->w[i] == w) {
            *out = s->plans[i];
            return EDGEL_OK;
        }
    const int i = s->next;
    nn_plan_destroy(&s->plans[i]);
    bound_plans(s);
    EDGEL_TRY(nn_plan_create(&t->net, 1, h, w, false, t->pool, &s->plans[i], err));
    s->h[i] = h;
    s->w[i] = w;
    s->next = (i + 1) % NN_PLANS_KEPT;
    *out = s->plans[i];
    return EDGEL_OK;
}

/* --- counting --- */

struct counting {
    struct edgel_trainer *t;
    const struct edgel_sample *sample;
    const float *logits;
    size_t pixels;
};

static void count_pixels(const struct counting *c, uint64_t *counts, size_t begin, size_t n)
{
    uint16_t predicted[COUNT_ROW];
    edgel_logit_classes(c->logits + begin, c->pixels, c->t->classes, c->t->model->threshold, n, predicted);
    for (size_t i = 0; i < n; i++) {
        const size_t p = begin + i;
        if (c->sample->label ? c->sample->label[p] == EDGEL_LABEL_IGNORE : !(c->sample->soft[p] >= 0))
            continue;
        const size_t truth = c->sample->label ? c->sample->label[p] : c->sample->soft[p] >= 0.5f;
        counts[truth * (size_t)c->t->scored + predicted[i]]++;
    }
}

static void count_part(void *user, int thread, size_t i)
{
    const struct counting *c = user;
    const size_t scored = (size_t)c->t->scored, begin = i * COUNT_PIXELS;
    const size_t end = c->pixels - begin < COUNT_PIXELS ? c->pixels : begin + COUNT_PIXELS;
    uint64_t *counts = c->t->thread_counts + (size_t)thread * scored * scored;
    for (size_t p = begin; p < end; p += COUNT_ROW)
        count_pixels(c, counts, p, end - p < COUNT_ROW ? end - p : COUNT_ROW);
}

/* --- one sample --- */

struct summing {
    double loss;
    uint64_t with_pixels;
};

static enum edgel_status add_loss(struct edgel_trainer *t, const struct edgel_sample *s, struct summing *sum,
                                  struct edgel_error *err)
{
    const size_t pixels = (size_t)s->w * (size_t)s->h;
    if (nn_valid_pixels(s->label, s->soft, pixels) == 0)
        return EDGEL_OK;
    const struct edgel_loss_batch batch = { 1, t->classes, pixels, t->sizes.logits, s->label, s->soft, s->w };
    double total;
    EDGEL_TRY(edgel_loss_eval(t->params.terms, t->params.nterms, &t->loss, &batch, t->pool, &t->scratch, NULL,
                              &total, NULL, err));
    sum->loss += total;
    sum->with_pixels++;
    return EDGEL_OK;
}

static enum edgel_status judge(struct edgel_trainer *t, struct edgel_sample *s, struct summing *sum,
                               struct edgel_error *err)
{
    const size_t pixels = (size_t)s->w * (size_t)s->h;
    struct nn_plan *plan = NULL;
    EDGEL_TRY(plan_for(t, s->h, s->w, &plan, err));
    nn_model_normalise(t->model, s->image, pixels);
    nn_plan_forward(plan, 1, s->image, nn_scored_params(t), nn_scored_buffers(t), 0, t->sizes.logits);
    EDGEL_TRY(add_loss(t, s, sum, err)); /* it checks the labels */
    struct counting c = { t, s, t->sizes.logits, pixels };
    edgel_pool_run(t->pool, (pixels + COUNT_PIXELS - 1) / COUNT_PIXELS, count_part, &c);
    return EDGEL_OK;
}

/* --- all samples --- */

struct loading {
    struct edgel_trainer *t;
    struct edgel_sample *samples;
    size_t first;
};

static enum edgel_status load_one(void *user, int thread, size_t i, struct edgel_error *err)
{
    const struct loading *l = user;
    (void)thread;
    return nn_sample_load(l->t->data, true, l->first + i, l->t->net.in_channels, &l->samples[i], err);
}

static enum edgel_status judge_group(const struct loading *l, size_t n, struct nn_halt *halt,
                                     struct summing *sum, struct edgel_error *err)
{
    for (size_t i = 0; i < n; i++) {
        EDGEL_TRY(judge(l->t, &l->samples[i], sum, err));
        EDGEL_TRY(nn_halt_check(halt, "validation", l->t->epoch + 1, err));
    }
    return EDGEL_OK;
}

static enum edgel_status judge_all(struct edgel_trainer *t, struct nn_halt *halt, struct summing *sum,
                                   struct edgel_error *err)
{
    const size_t group = 2 * (size_t)edgel_pool_threads(t->pool);
    struct loading l = { t, edgel_calloc(group, sizeof *l.samples), 0 };
    enum edgel_status status = EDGEL_OK;
    if (!l.samples)
        return edgel_fail(err, EDGEL_ENOMEM, "validation: out of memory");
    for (; status == EDGEL_OK && l.first < t->data->nval; l.first += group) {
        const size_t left = t->data->nval - l.first, n = left < group ? left : group;
        status = nn_try_each(t->pool, n, load_one, &l, err);
        if (status == EDGEL_OK)
            status = judge_group(&l, n, halt, sum, err);
        for (size_t i = 0; i < group; i++)
            edgel_sample_finish(&l.samples[i]);
    }
    edgel_free(l.samples);
    return status;
}

/* --- scores --- */

static void add_threads(struct edgel_trainer *t)
{
    const size_t n = (size_t)t->scored * (size_t)t->scored;
    memset(t->confusion, 0, n * sizeof *t->confusion);
    for (int i = 0; i < edgel_pool_threads(t->pool); i++)
        for (size_t k = 0; k < n; k++)
            t->confusion[k] += t->thread_counts[(size_t)i * n + k];
}

static void score(const struct edgel_trainer *t, struct nn_scores *out)
{
    const size_t n = (size_t)t->scored;
    double iou = 0, f1 = 0, correct = 0, all = 0;
    int occur = 0;
    for (size_t c = 0; c < n; c++) {
        double truth = 0, prediction = 0;
        for (size_t k = 0; k < n; k++) {
            truth += (double)t->confusion[c * n + k];
            prediction += (double)t->confusion[k * n + c];
        }
        const double both = (double)t->confusion[c * n + c];
        correct += both;
        all += truth;
        if ((int)c < t->params.first_scored || truth + prediction == 0)
            continue;
        occur++;
        iou += both / (truth + prediction - both);
        f1 += 2 * both / (truth + prediction);
    }
    out->accuracy = all > 0 ? correct / all : NAN;
    out->iou = occur ? iou / occur : NAN;
    out->f1 = occur ? f1 / occur : NAN;
}

enum edgel_status nn_validate(struct edgel_trainer *t, struct nn_halt *halt, struct nn_scores *out,
                              struct edgel_error *err)
{
    const size_t n = (size_t)t->scored * (size_t)t->scored * (size_t)edgel_pool_threads(t->pool);
    struct summing sum = { 0, 0 };
    memset(t->thread_counts, 0, n * sizeof *t->thread_counts);
    EDGEL_TRY(judge_all(t, halt, &sum, err));
    add_threads(t);
    score(t, out);
    out->loss = sum.with_pixels ? sum.loss / (double)sum.with_pixels : NAN;
    return EDGEL_OK;
}
