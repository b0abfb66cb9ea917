/*
 * Training. For each batch of an epoch: load and change its samples, run the network, take the loss and its gradient by
 * the logits, run back to the gradient of the parameters, clip it, add penalties, and let the optimizer make a step.
 *
 * Where a training stands is (epochs done, batches done of the next one, steps of the optimizer): all that is random is
 * a function of the seed and of these numbers, so that a training goes on from a checkpoint as if there had been no
 * break, and a longer one begins as a shorter one does.
 *
 *     order of an epoch   samples k = 0, 1, …: round floor(k / ntrain) of the epoch has an order of its own
 *     batch b             samples b batch .. (b + 1) batch - 1 of that order
 *     learning rate       that of the schedule at epochs + b / batches of an epoch
 *
 * With gd the gradients of the batches are summed, each times its valid pixels, and the step is made along the sum
 * divided by all valid pixels: for a loss that is a mean over pixels, that is the gradient over the whole set.
 */
#include "nn/training/trainer_priv.h"
#include <math.h>
#include <string.h>

struct run {
    const struct edgel_train_events *events;
    double began, saved_at, epoch_began, last_epoch; /* seconds of the clock; of the last whole epoch */
    double last_validation;                          /* seconds of the last one of this run; 0: none yet */
    int64_t images;                                  /* of this epoch in this run */
    bool cut;                                        /* the epoch ran out of time */
    struct nn_halt halt;
};

static bool out_of_time(const struct edgel_trainer *t, const struct run *r, double ahead)
{
    return edgel_clock() - r->began + ahead > t->params.max_seconds;
}

/* --- one batch --- */

/* Fills order[] for the round of the epoch that sample k belongs to. */
static enum edgel_status order_round(struct edgel_trainer *t, int64_t k, struct edgel_error *err)
{
    const int64_t round = k / (int64_t)t->data->ntrain;
    if (t->order_epoch == t->epoch && t->order_round == round)
        return EDGEL_OK;
    const uint64_t seed = edgel_hash(t->params.seed, NN_RANDOM_ORDER, (uint64_t)t->epoch, (uint64_t)round);
    EDGEL_TRY(edgel_epoch_order(t->data->ntrain, t->draw_weights, seed, t->order, err));
    t->order_epoch = t->epoch;
    t->order_round = round;
    return EDGEL_OK;
}

static enum edgel_status load_batch(struct edgel_trainer *t, struct edgel_error *err)
{
    const int64_t first = t->step * t->params.batch, left = t->items - first;
    const int count = left < t->params.batch ? (int)left : t->params.batch;
    for (int i = 0; i < count; i++) {
        const int64_t k = first + i;
        EDGEL_TRY(order_round(t, k, err));
        t->draws[i] =
            (struct nn_draw){ t->order[k % (int64_t)t->data->ntrain],
                              edgel_hash(t->params.seed, NN_RANDOM_CHANGE, (uint64_t)t->epoch, (uint64_t)k) };
    }
    return nn_batch_fill(&t->loader, &t->augment, t->draws, count, &t->batch, err);
}

static double valid_pixels(const struct nn_batch *b)
{
    uint64_t n = 0;
    for (int i = 0; i < b->count; i++)
        n += b->valid[i];
    return (double)n;
}

/* Loss and gradient of the loaded batch: values gets its terms, *total their weighted sum. */
static enum edgel_status run_network(struct edgel_trainer *t, double *values, double *total,
                                     struct edgel_error *err)
{
    const struct nn_batch *b = &t->batch;
    const uint64_t seed =
        edgel_hash(t->params.seed, NN_RANDOM_DROPOUT, (uint64_t)t->epoch, (uint64_t)t->step);
    const struct edgel_loss_batch lb = { b->count,  t->classes, (size_t)b->h * (size_t)b->w,
                                         t->logits, b->label,   b->soft,
                                         b->w };
    nn_plan_forward(t->plan, b->count, b->image, t->model->params, t->model->buffers, seed, t->logits);
    EDGEL_TRY(edgel_loss_eval(t->params.terms, t->params.nterms, &t->loss, &lb, t->pool, &t->scratch, values,
                              total, t->grad_logits, err));
    t->has_gradient = isfinite(*total);
    if (t->has_gradient)
        nn_plan_backward(t->plan, t->grad_logits, t->model->params, t->grads);
    return EDGEL_OK;
}

/* Puts other weights into the model; those it had go into kept (which may be NULL). */
static void put_weights(const struct edgel_trainer *t, struct edgel_model *model, const float *from,
                        float *kept)
{
    const size_t np = t->net.nparams, nb = t->net.nbuffers;
    if (kept) {
        memcpy(kept, model->params, np * sizeof *kept);
        memcpy(kept + np, model->buffers, nb * sizeof *kept);
    }
    memcpy(model->params, from, np * sizeof *from);
    memcpy(model->buffers, from + np, nb * sizeof *from);
}

static enum edgel_status refuse_not_finite(const struct edgel_trainer *t, const char *what,
                                           struct edgel_error *err)
{
    put_weights(t, t->model, t->good, NULL);
    return edgel_fail(
        err, EDGEL_EINVAL,
        "epoch %lld, step %lld: the %s is not finite; a smaller lr or clipping may help; the weights are "
        "those of epoch %lld",
        (long long)t->epoch + 1, (long long)t->step + 1, what, (long long)t->epoch);
}

static void average_weights(struct edgel_trainer *t)
{
    const float keep = (float)t->params.ema, take = (float)(1 - t->params.ema);
    for (size_t i = 0; t->average && i < t->net.nparams; i++)
        t->average[i] = keep * t->average[i] + take * t->model->params[i];
}

/* One step of the optimizer along grads. */
static enum edgel_status update(struct edgel_trainer *t, struct edgel_error *err)
{
    const struct edgel_train_params *p = &t->params;
    double norm, penalty = 0;
    EDGEL_TRY(edgel_clip_norm(INFINITY, &t->parts, t->grads, &norm, t->pool, err));
    if (!isfinite(norm))
        return refuse_not_finite(t, "gradient", err);
    if (isfinite(p->clip_value))
        EDGEL_TRY(edgel_clip_value(p->clip_value, &t->parts, t->grads, t->pool, err));
    double clipped;
    if (isfinite(p->clip_norm))
        EDGEL_TRY(edgel_clip_norm(p->clip_norm, &t->parts, t->grads, &clipped, t->pool, err));
    if (p->l1 > 0 || p->l2 > 0)
        EDGEL_TRY(
            edgel_penalty_add(p->l1, p->l2, &t->parts, t->model->params, t->grads, &penalty, t->pool, err));
    const double time = (double)t->epoch + (double)(t->gd ? 0 : t->step) / (double)t->steps;
    const double lr = edgel_schedule_lr(&p->schedule, p->lr, time);
    EDGEL_TRY(edgel_optimizer_step(&p->optimizer, &t->parts, (uint64_t)t->updates + 1, lr, t->grads,
                                   t->model->params, t->state, t->pool, err));
    t->updates++;
    average_weights(t);
    t->totals.steps++;
    t->totals.lr = lr;
    t->totals.penalty += penalty;
    t->totals.norm = norm > t->totals.norm ? norm : t->totals.norm;
    return EDGEL_OK;
}

static void sum_gradient(struct edgel_trainer *t)
{
    const double valid = valid_pixels(&t->batch);
    for (size_t i = 0; i < t->net.nparams; i++)
        t->gradient_sum[i] = t->gradient_sum[i] + (float)valid * t->grads[i];
    t->totals.valid += valid;
}

/* The step of gd, along the mean of what was summed. */
static enum edgel_status update_by_sum(struct edgel_trainer *t, struct edgel_error *err)
{
    const float scale = t->totals.valid > 0 ? (float)(1 / t->totals.valid) : 0;
    for (size_t i = 0; i < t->net.nparams; i++)
        t->grads[i] = scale * t->gradient_sum[i];
    EDGEL_TRY(update(t, err));
    memset(t->gradient_sum, 0, t->net.nparams * sizeof *t->gradient_sum);
    t->totals.valid = 0;
    return EDGEL_OK;
}

static enum edgel_status train_batch(struct edgel_trainer *t, double *loss, struct edgel_error *err)
{
    double values[EDGEL_TRAIN_TERMS_MAX];
    EDGEL_TRY(load_batch(t, err));
    EDGEL_TRY(run_network(t, values, loss, err));
    if (!isfinite(*loss))
        return refuse_not_finite(t, "loss", err);
    if (!t->gd)
        EDGEL_TRY(update(t, err));
    else
        sum_gradient(t);
    if (t->gd && t->step + 1 == t->steps)
        EDGEL_TRY(update_by_sum(t, err));
    for (int i = 0; i < t->params.nterms; i++)
        t->totals.terms[i] += values[i];
    t->totals.loss += *loss;
    t->totals.batches++;
    t->step++;
    return EDGEL_OK;
}

/* --- saving and telling --- */

static enum edgel_status save_last(const struct edgel_trainer *t, struct run *r, struct edgel_error *err)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    if (!r->events->save)
        return EDGEL_OK;
    enum edgel_status status = edgel_trainer_encode(t, &bytes, &size, err);
    if (status == EDGEL_OK)
        status = r->events->save(r->events->user, EDGEL_SAVE_LAST, bytes, size, err);
    edgel_model_free(bytes);
    r->saved_at = edgel_clock();
    return status;
}

static enum edgel_status save_best(struct edgel_trainer *t, const struct run *r, struct edgel_error *err)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    if (!r->events->save)
        return EDGEL_OK;
    float *kept = edgel_alloc(t->net.nparams + t->net.nbuffers, sizeof *kept);
    if (!kept)
        return edgel_fail(err, EDGEL_ENOMEM, "best weights: out of memory");
    put_weights(t, t->model, t->best, kept);
    enum edgel_status status = edgel_model_encode(t->model, &bytes, &size, err);
    put_weights(t, t->model, kept, NULL);
    edgel_free(kept);
    if (status == EDGEL_OK)
        status = r->events->save(r->events->user, EDGEL_SAVE_BEST, bytes, size, err);
    edgel_model_free(bytes);
    return status;
}

bool edgel_trainer_best(const struct edgel_trainer *t, struct edgel_model *model)
{
    if (t->has_best)
        put_weights(t, model, t->best, NULL);
    return t->has_best;
}

void edgel_trainer_position(const struct edgel_trainer *t, int64_t *epochs, int64_t *steps)
{
    *epochs = t->epoch;
    *steps = t->step;
}

/* NaN: this run has not trained in the epoch, as when it goes on at a validation. */
static double rate(int64_t images, double seconds)
{
    return images > 0 && seconds > 0 ? (double)images / seconds : NAN;
}

static void tell_step(const struct edgel_trainer *t, const struct run *r, double loss)
{
    const double now = edgel_clock();
    const struct edgel_step s = { .epoch = t->epoch + 1,
                                  .step = t->step,
                                  .epochs = t->params.epochs,
                                  .steps = t->steps,
                                  .loss = loss,
                                  .lr = t->totals.lr,
                                  .images_per_second = rate(r->images, now - r->epoch_began),
                                  .seconds = now - r->began };
    if (r->events->step_done)
        r->events->step_done(r->events->user, &s);
}

/* --- one epoch --- */

static enum edgel_status train_epoch(struct edgel_trainer *t, struct run *r, struct edgel_error *err)
{
    r->images = 0;
    r->cut = false;
    while (t->step < t->steps && !r->cut) {
        double loss;
        EDGEL_TRY(train_batch(t, &loss, err));
        r->images += t->batch.count;
        tell_step(t, r, loss);
        if (r->events->stop && r->events->stop(r->events->user))
            return edgel_fail(err, EDGEL_EINTERRUPTED, "stopped in epoch %lld after step %lld",
                              (long long)t->epoch + 1, (long long)t->step);
        r->cut = out_of_time(t, r, 1.25 * r->last_validation);
        if (t->step < t->steps && !r->cut && edgel_clock() - r->saved_at > t->params.checkpoint_seconds)
            EDGEL_TRY(save_last(t, r, err));
    }
    if (r->cut && t->gd && t->totals.valid > 0)
        return update_by_sum(t, err);
    return EDGEL_OK;
}

static double watched_value(const struct edgel_trainer *t, const struct edgel_epoch *row)
{
    if (t->data->nval == 0)
        return row->train_loss;
    return *(const double *)(const void *)((const char *)row + nn_monitor_at((int)t->params.monitor)->at);
}

/* When a validation is given up and left to the next run. Never if there is no best model yet, if this run has trained
 * nothing, or if an epoch of gd was cut short and has made its step. */
static double end_of_validation(const struct edgel_trainer *t, const struct run *r)
{
    const bool waits = t->has_best && r->images > 0 && !(t->gd && r->cut);
    return waits ? r->began + t->params.max_seconds : INFINITY;
}

static enum edgel_status validate(struct edgel_trainer *t, struct run *r, struct edgel_epoch *row,
                                  struct edgel_error *err)
{
    struct nn_scores s = { NAN, NAN, NAN, NAN };
    const double began = edgel_clock();
    r->halt.ends = end_of_validation(t, r);
    if (t->params.recompute == EDGEL_RECOMPUTE_EPOCH)
        EDGEL_TRY(nn_recompute(t, &r->halt, nn_scored_params(t), t->scored_buffers, err));
    if (t->data->nval > 0) {
        EDGEL_TRY(nn_validate(t, &r->halt, &s, err));
        row->confusion = t->confusion;
    }
    row->val_loss = s.loss;
    row->accuracy = s.accuracy;
    row->iou = s.iou;
    row->f1 = s.f1;
    row->val_seconds = r->last_validation = edgel_clock() - began;
    return EDGEL_OK;
}

static void fill_row(const struct edgel_trainer *t, const struct run *r, struct edgel_epoch *row)
{
    const struct nn_totals *s = &t->totals;
    const double batches = (double)(s->batches ? s->batches : 1), steps = (double)(s->steps ? s->steps : 1);
    *row = (struct edgel_epoch){ .epoch = t->epoch + 1,
                                 .steps = s->batches,
                                 .lr = s->lr,
                                 .train_loss = s->loss / batches,
                                 .penalty = s->penalty / steps,
                                 .gradient_norm = s->norm,
                                 .classes = t->scored,
                                 .seconds = edgel_clock() - r->epoch_began };
    for (int i = 0; i < EDGEL_TRAIN_TERMS_MAX; i++)
        row->terms[i] = i < t->params.nterms ? s->terms[i] / batches : NAN;
    row->images_per_second = rate(r->images, row->seconds);
}

/* The best weights and running estimates are those that were validated. */
static void keep_best(struct edgel_trainer *t)
{
    memcpy(t->best, nn_scored_params(t), t->net.nparams * sizeof *t->best);
    memcpy(t->best + t->net.nparams, nn_scored_buffers(t), t->net.nbuffers * sizeof *t->best);
    t->has_best = true;
}

static void keep_good(struct edgel_trainer *t)
{
    memcpy(t->good, t->model->params, t->net.nparams * sizeof *t->good);
    memcpy(t->good + t->net.nparams, t->model->buffers, t->net.nbuffers * sizeof *t->good);
}

/* Ends the epoch: validates, tells its row, and sets the state of the next one. */
static enum edgel_status end_epoch(struct edgel_trainer *t, struct run *r, bool *patience_over,
                                   struct edgel_error *err)
{
    struct edgel_epoch row;
    fill_row(t, r, &row);
    EDGEL_TRY(validate(t, r, &row, err));
    row.watched = watched_value(t, &row);
    *patience_over = edgel_early_stop_update(&t->early, row.watched);
    row.best = t->early.best_at == t->early.seen;
    row.since_best = t->early.seen - t->early.best_at;
    t->epoch++;
    t->step = 0;
    t->totals = (struct nn_totals){ 0 };
    keep_good(t);
    if (row.best) {
        keep_best(t);
        EDGEL_TRY(save_best(t, r, err));
    }
    if (r->events->epoch_done)
        r->events->epoch_done(r->events->user, &row);
    return save_last(t, r, err);
}

/* --- the run --- */

static bool patience_is_over(const struct edgel_trainer *t)
{
    return t->params.patience > 0 && t->early.seen - t->early.best_at >= t->params.patience;
}

/* *waits: the validation of the epoch ran out of time; its checkpoint is written, and the next run validates it. */
static enum edgel_status end_epoch_in_time(struct edgel_trainer *t, struct run *r, bool *patience_over,
                                           bool *waits, struct edgel_error *err)
{
    struct edgel_error e = { .code = EDGEL_OK };
    const enum edgel_status status = end_epoch(t, r, patience_over, &e);
    *waits = status == EDGEL_EINTERRUPTED && r->halt.late;
    if (*waits)
        return save_last(t, r, err);
    return status == EDGEL_OK ? EDGEL_OK : edgel_fail(err, status, "%s", e.msg);
}

static enum edgel_status run_epochs(struct edgel_trainer *t, struct run *r, enum edgel_train_end *end,
                                    struct edgel_error *err)
{
    *end = patience_is_over(t) ? EDGEL_TRAIN_PATIENCE : EDGEL_TRAIN_EPOCHS;
    while (*end == EDGEL_TRAIN_EPOCHS && t->epoch < t->params.epochs) {
        bool patience_over = false, waits = false;
        r->epoch_began = edgel_clock();
        if (out_of_time(t, r, r->last_epoch)) {
            *end = EDGEL_TRAIN_TIME;
            break;
        }
        EDGEL_TRY(train_epoch(t, r, err));
        EDGEL_TRY(end_epoch_in_time(t, r, &patience_over, &waits, err));
        r->last_epoch = edgel_clock() - r->epoch_began;
        if (patience_over)
            *end = EDGEL_TRAIN_PATIENCE;
        else if (r->cut || waits)
            *end = EDGEL_TRAIN_TIME;
    }
    return EDGEL_OK;
}

static enum edgel_status finish_best(struct edgel_trainer *t, struct run *r, struct edgel_error *err)
{
    if (t->params.recompute != EDGEL_RECOMPUTE_END || !t->has_best)
        return EDGEL_OK;
    r->halt.ends = INFINITY; /* no limit of time: the best model must have them */
    EDGEL_TRY(nn_recompute(t, &r->halt, t->best, t->scored_buffers, err));
    memcpy(t->best + t->net.nparams, t->scored_buffers, t->net.nbuffers * sizeof *t->best);
    EDGEL_TRY(save_best(t, r, err));
    return save_last(t, r, err);
}

enum edgel_status edgel_trainer_run(struct edgel_trainer *t, const struct edgel_train_events *events,
                                    enum edgel_train_end *end, struct edgel_error *err)
{
    EDGEL_REQUIRE(t);
    static const struct edgel_train_events silent = { 0 };
    const double now = edgel_clock();
    struct run r = { .events = events ? events : &silent, .began = now, .saved_at = now };
    r.halt.events = r.events;
    enum edgel_train_end how = EDGEL_TRAIN_EPOCHS;
    struct edgel_error e = { .code = EDGEL_OK };
    if (t->epoch == 0 && t->step == 0) { /* the model may have been changed since create */
        keep_good(t);
        if (t->average)
            memcpy(t->average, t->model->params, t->net.nparams * sizeof *t->average);
    }
    enum edgel_status status = run_epochs(t, &r, &how, &e);
    if (status == EDGEL_OK)
        status = finish_best(t, &r, &e);
    if (status == EDGEL_EINTERRUPTED) {
        how = EDGEL_TRAIN_STOPPED;
        struct edgel_error saving = { .code = EDGEL_OK };
        const enum edgel_status saved = save_last(t, &r, &saving);
        if (saved != EDGEL_OK) {
            status = saved;
            e = saving;
        }
    }
    if (end)
        *end = how;
    return status == EDGEL_OK ? EDGEL_OK : edgel_fail(err, status, "%s", e.msg);
}

/* --- one step at a time --- */

/* Events of the caller, and a stop as soon as a batch is done. */
struct single {
    const struct edgel_train_events *events;
    struct edgel_step step;
};

static void single_step(void *user, const struct edgel_step *step)
{
    struct single *s = user;
    s->step = *step;
    if (s->events->step_done)
        s->events->step_done(s->events->user, step);
}

static void single_epoch(void *user, const struct edgel_epoch *row)
{
    const struct single *s = user;
    if (s->events->epoch_done)
        s->events->epoch_done(s->events->user, row);
}

/* Only at the end of an epoch; otherwise each step would write a checkpoint. */
static enum edgel_status single_save(void *user, enum edgel_save kind, const void *bytes, size_t size,
                                     struct edgel_error *err)
{
    const struct single *s = user;
    if (!s->events->save || s->step.step > 0)
        return EDGEL_OK;
    return s->events->save(s->events->user, kind, bytes, size, err);
}

static bool single_stop(void *user)
{
    const struct single *s = user;
    return s->step.step > 0;
}

enum edgel_status edgel_trainer_step(struct edgel_trainer *t, const struct edgel_train_events *events,
                                     struct edgel_step *step, struct edgel_error *err)
{
    static const struct edgel_train_events silent = { 0 };
    EDGEL_REQUIRE(t);
    struct single s = { .events = events ? events : &silent };
    const struct edgel_train_events own = { .user = &s,
                                            .step_done = single_step,
                                            .epoch_done = single_epoch,
                                            .stop = single_stop,
                                            .save = single_save };
    struct edgel_error e = { .code = EDGEL_OK };
    enum edgel_status status = edgel_trainer_run(t, &own, NULL, &e);
    if (step)
        *step = s.step;
    if (status == EDGEL_EINTERRUPTED && s.step.step > 0)
        status = EDGEL_OK;
    return status == EDGEL_OK ? EDGEL_OK : edgel_fail(err, status, "%s", e.msg);
}

enum edgel_status edgel_trainer_gradient(const struct edgel_trainer *t, const char *name, float *values,
                                         size_t n, struct edgel_error *err)
{
    struct nn_named_array a;
    EDGEL_REQUIRE(t);
    EDGEL_REQUIRE(name);
    EDGEL_REQUIRE(values);
    EDGEL_TRY(nn_array_find(&t->net, name, &a, err));
    EDGEL_TRY(nn_array_check_size(&a, n, err));
    if (a.array.buffer)
        return edgel_fail(err, EDGEL_EINVAL, "%s: a running estimate has no gradient", name);
    if (!t->has_gradient)
        return edgel_fail(err, EDGEL_EINVAL, "%s: no batch has been trained yet", name);
    memcpy(values, t->grads + a.at, n * sizeof *values);
    return EDGEL_OK;
}
