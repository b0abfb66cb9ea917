/*
 * The state of a trainer as a model file with further tensors:
 *
 *     train.position      where the training stands and what the epoch has summed up, 16 bits of a number per float
 *     train.optimizer     its state
 *     train.best          the best weights and running estimates
 *     train.average       the averaged weights, where they are kept
 *     train.gradient_sum  of gd
 *
 * and a note "training" of all that shapes the steps, one "key=value" a line. A training goes on only under the same
 * settings. Further notes stand for the data: "training truth" for the pixels that each class has in each training
 * sample, where these were counted, "validation truth" for those of the validation samples, and "validation images" for
 * their sizes and the mean and deviation of their channels.
 */
#include "nn/losses/losses.h"
#include "nn/training/trainer_priv.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char note_key[] = "training", truth_key[] = "training truth",
                  val_truth_key[] = "validation truth", val_images_key[] = "validation images";

/* --- settings --- */

static void add_int(struct edgel_text *t, const char *key, int64_t v)
{
    edgel_text_printf(t, "%s=%" PRId64 "\n", key, v);
}

static void add_real(struct edgel_text *t, const char *key, double v)
{
    edgel_text_printf(t, "%s=", key);
    if (isinf(v))
        edgel_text_str(t, "none");
    else
        edgel_text_real(t, v);
    edgel_text_str(t, "\n");
}

/* Numbers too many to be spelled out. */
static void add_bytes(struct edgel_text *t, const char *key, const void *bytes, size_t n)
{
    edgel_text_printf(t, "%s=%016" PRIx64 "\n", key, edgel_hash_bytes(EDGEL_HASH_START, bytes, n));
}

static void add_loss(const struct edgel_trainer *t, struct edgel_text *out)
{
    edgel_text_str(out, "loss=");
    for (int i = 0; i < t->params.nterms; i++) {
        edgel_text_printf(out, "%s%s:", i ? "," : "", edgel_loss_name(t->params.terms[i].kind));
        edgel_text_real(out, t->params.terms[i].weight);
    }
    edgel_text_str(out, "\n");
    if (t->loss.class_weights)
        add_bytes(out, "class weights", t->loss.class_weights,
                  (size_t)t->scored * sizeof *t->loss.class_weights);
    add_int(out, "balance", t->loss.balance);
    for (int i = 0; i < NN_LOSS_PARAMS; i++) {
        bool used = nn_loss_number(i)->always;
        for (int k = 0; k < t->params.nterms; k++)
            used |= edgel_loss_takes((int)t->params.terms[k].kind, i);
        if (used)
            add_real(out, nn_loss_number(i)->note, nn_loss_number_of(&t->loss, i));
    }
}

static void add_optimizer(const struct edgel_trainer *t, struct edgel_text *out)
{
    const struct edgel_optimizer *o = &t->params.optimizer;
    edgel_text_printf(out, "optimizer=%s\n", edgel_optimizer_name(o->kind));
    add_real(out, "momentum", o->momentum);
    add_real(out, "alpha", o->alpha);
    add_real(out, "beta1", o->beta1);
    add_real(out, "beta2", o->beta2);
    add_real(out, "epsilon", o->epsilon);
    add_real(out, "weight decay", o->weight_decay);
    add_real(out, "lr", t->params.lr);
}

static void add_schedule(const struct edgel_trainer *t, struct edgel_text *out)
{
    const struct edgel_schedule *s = &t->params.schedule;
    edgel_text_printf(out, "schedule=%s\n", edgel_schedule_name(s->kind));
    add_real(out, "warmup", s->warmup);
    add_real(out, "warmup start", s->start);
    const struct edgel_schedule_info info = edgel_schedule_at((int)s->kind);
    if (info.total) {
        add_real(out, "schedule epochs", s->total);
        add_real(out, "schedule power", s->power);
        add_real(out, "schedule end", s->end);
    }
    if (info.every) {
        add_real(out, "schedule every", s->every);
        add_real(out, "schedule gamma", s->gamma);
    }
}

static void add_augment(const struct edgel_trainer *t, struct edgel_text *out)
{
    const struct edgel_augment *a = &t->augment;
    for (int i = 0; edgel_augment_at(i).name; i++)
        add_real(out, edgel_augment_at(i).name, edgel_augment_amount(a, i));
    add_real(out, "centred", a->centred);
    if (a->colour > 0)
        add_bytes(out, "colour covariance", a->covariance, sizeof a->covariance);
}

static void add_data(const struct edgel_trainer *t, struct edgel_text *out)
{
    const struct edgel_train_params *p = &t->params;
    const size_t channels = (size_t)t->net.in_channels;
    add_int(out, "training samples", (int64_t)t->data->ntrain);
    add_int(out, "validation samples", (int64_t)t->data->nval);
    add_bytes(out, "mean", t->model->mean, channels * sizeof *t->model->mean);
    add_bytes(out, "deviation", t->model->deviation, channels * sizeof *t->model->deviation);
    add_int(out, "batch", p->batch);
    add_int(out, "width", t->batch.w);
    add_int(out, "height", t->batch.h);
    add_int(out, "crops", p->crops);
    add_int(out, "steps", t->steps);
    add_int(out, "samples of an epoch", t->items);
}

void nn_settings_text(const struct edgel_trainer *t, struct edgel_text *out)
{
    const struct edgel_train_params *p = &t->params;
    add_loss(t, out);
    add_optimizer(t, out);
    add_schedule(t, out);
    add_real(out, "l1", p->l1);
    add_real(out, "l2", p->l2);
    add_real(out, "clip value", p->clip_value);
    add_real(out, "clip norm", p->clip_norm);
    add_real(out, "dropout", p->dropout < 0 ? -1 : p->dropout);
    add_augment(t, out);
    add_data(t, out);
    edgel_text_printf(out, "monitor=%s\n", edgel_monitor_name(p->monitor));
    add_int(out, "first class of the means", p->first_scored);
    add_real(out, "threshold", t->model->threshold);
    add_int(out, "recompute", p->recompute);
    add_real(out, "ema", p->ema);
    for (const char *const *f = p->freeze; f && *f; f++)
        edgel_text_printf(out, "freeze=%s\n", *f);
    edgel_text_printf(out, "seed=%" PRIu64 "\n", p->seed);
}

static enum edgel_status note_hash(const struct edgel_trainer *t, const char *key, uint64_t hash,
                                   struct edgel_error *err)
{
    char text[24];
    snprintf(text, sizeof text, "%016" PRIx64, hash);
    return edgel_model_set_note(t->model, key, text, err);
}

static enum edgel_status note_truth(const struct edgel_trainer *t, const char *key,
                                    const struct edgel_survey *s, struct edgel_error *err)
{
    if (!s)
        return edgel_model_set_note(t->model, key, NULL, err);
    const uint64_t hash =
        edgel_hash_bytes(EDGEL_HASH_START, s->pixels, s->n * (size_t)s->classes * sizeof *s->pixels);
    return note_hash(t, key, edgel_hash_bytes(hash, s->ignored, s->n * sizeof *s->ignored), err);
}

static enum edgel_status note_images(const struct edgel_trainer *t, const char *key,
                                     const struct edgel_survey *s, struct edgel_error *err)
{
    if (!s)
        return edgel_model_set_note(t->model, key, NULL, err);
    uint64_t hash = edgel_hash_bytes(EDGEL_HASH_START, s->w, s->n * sizeof *s->w);
    hash = edgel_hash_bytes(hash, s->h, s->n * sizeof *s->h);
    hash = edgel_hash_bytes(hash, s->mean, (size_t)s->channels * sizeof *s->mean);
    return note_hash(t, key, edgel_hash_bytes(hash, s->deviation, (size_t)s->channels * sizeof *s->deviation),
                     err);
}

enum edgel_status nn_note_settings(struct edgel_trainer *t, const struct edgel_survey *training,
                                   const struct edgel_survey *validation, struct edgel_error *err)
{
    struct edgel_text text = { 0 };
    nn_settings_text(t, &text);
    enum edgel_status status = EDGEL_OK;
    if (text.failed)
        status = edgel_fail(err, EDGEL_ENOMEM, "settings: out of memory");
    if (status == EDGEL_OK)
        status = edgel_model_set_note(t->model, note_key, text.s, err);
    edgel_text_finish(&text);
    EDGEL_TRY(status);
    EDGEL_TRY(note_truth(t, truth_key, training, err));
    EDGEL_TRY(note_truth(t, val_truth_key, validation, err));
    return note_images(t, val_images_key, validation, err);
}

/* The value of a key; NULL: there is none. */
static const char *find_value(const char *settings, const char *key, int *length)
{
    const size_t n = strlen(key);
    for (const char *line = settings; *line; line += strcspn(line, "\n"), line += *line == '\n')
        if (strncmp(line, key, n) == 0 && line[n] == '=') {
            const size_t rest = strcspn(line + n + 1, "\n");
            *length = (int)(rest < 100 ? rest : 100);
            return line + n + 1;
        }
    return NULL;
}

/* Whether the data differ. The number of samples is told first: a hash would tell a reader nothing. */
static enum edgel_status compare_data(const char *before, const char *now, const char *name,
                                      struct edgel_error *err)
{
    static const struct {
        const char *key;
        bool number, weights; /* a number that can be told; class weights, which may be missing */
        const char *text;
    } data[] = {
        { "training samples", true, false, "trained" },
        { "validation samples", true, false, "validated" },
        { "mean", false, false,
          "the training images, or the model that it started from, are not those it began with: their mean "
          "is another" },
        { "deviation", false, false,
          "the training images, or the model that it started from, are not those it began with: their standard "
          "deviation is another" },
        { "colour covariance", false, false,
          "the training images are not those it began with: the covariance of their colours is another" },
        { "class weights", false, true,
          "the class weights are not those it began with: given otherwise, or counted from other truth" },
    };
    for (size_t i = 0; i < sizeof data / sizeof *data; i++) {
        int a = 0, b = 0;
        const char *was = find_value(before, data[i].key, &a), *is = find_value(now, data[i].key, &b);
        if (!was != !is && data[i].weights)
            return edgel_fail(err, EDGEL_EINVAL, "%s: was trained %s class weights, which cannot change",
                              name, was ? "with" : "without");
        if (!was || !is || (a == b && memcmp(was, is, (size_t)a) == 0))
            continue;
        if (data[i].number)
            return edgel_fail(err, EDGEL_EINVAL, "%s: was %s on %.*s images, and now there are %.*s", name,
                              data[i].text, a, was, b, is);
        return edgel_fail(err, EDGEL_EINVAL, "%s: %s", name, data[i].text);
    }
    return EDGEL_OK;
}

/* The first line in which two settings differ. */
static enum edgel_status compare_settings(const char *before, const char *now, const char *name,
                                          struct edgel_error *err)
{
    EDGEL_TRY(compare_data(before, now, name, err));
    while (*before && *now) {
        const size_t a = strcspn(before, "\n"), b = strcspn(now, "\n");
        if (a != b || memcmp(before, now, a) != 0)
            return edgel_fail(err, EDGEL_EINVAL, "%s: was trained with %.*s, which cannot become %.*s", name,
                              (int)(a < 100 ? a : 100), before, (int)(b < 100 ? b : 100), now);
        before += a + (before[a] == '\n');
        now += b + (now[b] == '\n');
    }
    const char *more = *before ? before : now;
    const size_t n = strcspn(more, "\n");
    if (*more)
        return edgel_fail(err, EDGEL_EINVAL, "%s: was trained %s %.*s, which cannot change", name,
                          *before ? "with" : "without", (int)(n < 100 ? n : 100), more);
    return EDGEL_OK;
}

/* --- numbers as floats: a float holds 16 bits exactly --- */

enum { INTS = 8, REALS = 6 + EDGEL_TRAIN_TERMS_MAX, FORMAT = 1, NUMBERS = 1 + INTS + REALS, PARTS = 4 };

static void pack_number(uint64_t v, float *out)
{
    for (int i = 0; i < PARTS; i++)
        out[i] = (float)(v >> (16 * i) & 0xffff);
}

/* A part out of range counts as 0, fractions are cut off; the result is checked like any number. */
static uint64_t unpack_number(const float *in)
{
    uint64_t v = 0;
    for (int i = 0; i < PARTS; i++)
        if (in[i] >= 0 && in[i] <= 0xffff)
            v |= (uint64_t)in[i] << (16 * i);
    return v;
}

struct position {
    int64_t ints[INTS];
    double reals[REALS];
};

static struct position position_of(const struct edgel_trainer *t)
{
    const struct nn_totals *s = &t->totals;
    struct position p = { { t->epoch, t->step, t->updates, s->batches, s->steps, t->early.seen,
                            t->early.best_at, t->has_best },
                          { s->loss, s->penalty, s->norm, s->lr, s->valid, t->early.best } };
    memcpy(p.reals + 6, s->terms, sizeof s->terms);
    return p;
}

static void set_position(struct edgel_trainer *t, const struct position *p)
{
    struct nn_totals *s = &t->totals;
    t->epoch = p->ints[0];
    t->step = p->ints[1];
    t->updates = p->ints[2];
    s->batches = p->ints[3];
    s->steps = p->ints[4];
    t->early.seen = p->ints[5];
    t->early.best_at = p->ints[6];
    t->has_best = p->ints[7];
    s->loss = p->reals[0];
    s->penalty = p->reals[1];
    s->norm = p->reals[2];
    s->lr = p->reals[3];
    s->valid = p->reals[4];
    t->early.best = p->reals[5];
    memcpy(s->terms, p->reals + 6, sizeof s->terms);
}

static void pack_position(const struct position *p, float floats[NUMBERS * PARTS])
{
    pack_number(FORMAT, floats);
    for (int i = 0; i < INTS; i++)
        pack_number((uint64_t)p->ints[i], floats + (1 + i) * PARTS);
    for (int i = 0; i < REALS; i++) {
        uint64_t bits;
        memcpy(&bits, &p->reals[i], sizeof bits);
        pack_number(bits, floats + (1 + INTS + i) * PARTS);
    }
}

static bool unpack_position(const struct edgel_trainer *t, const float floats[NUMBERS * PARTS],
                            struct position *p)
{
    bool fine = unpack_number(floats) == FORMAT;
    for (int i = 0; i < INTS; i++) {
        p->ints[i] = (int64_t)unpack_number(floats + (1 + i) * PARTS);
        fine &= p->ints[i] >= 0 && p->ints[i] <= INT64_C(1) << 50;
    }
    for (int i = 0; i < REALS; i++) {
        const uint64_t bits = unpack_number(floats + (1 + INTS + i) * PARTS);
        memcpy(&p->reals[i], &bits, sizeof bits);
        fine &= (bool)isfinite(p->reals[i]);
    }
    return fine && p->ints[1] <= t->steps && p->ints[6] <= p->ints[5] && p->ints[7] <= 1;
}

/* --- to bytes --- */

enum { ARRAYS_MAX = 5 };

static size_t list_arrays(const struct edgel_trainer *t, float *position, struct nn_extra out[ARRAYS_MAX])
{
    const size_t np = t->net.nparams, nb = t->net.nbuffers;
    const size_t states = (size_t)edgel_optimizer_state_floats(t->params.optimizer.kind);
    size_t n = 0;
    out[n++] = (struct nn_extra){ "train.position", position, NUMBERS * PARTS, false };
    out[n++] = (struct nn_extra){ "train.best", t->best, np + nb, false };
    if (t->state)
        out[n++] = (struct nn_extra){ "train.optimizer", t->state, states * np, false };
    if (t->average)
        out[n++] = (struct nn_extra){ "train.average", t->average, np, false };
    if (t->gradient_sum)
        out[n++] = (struct nn_extra){ "train.gradient_sum", t->gradient_sum, np, false };
    return n;
}

enum edgel_status edgel_trainer_encode(const struct edgel_trainer *t, unsigned char **bytes, size_t *size,
                                       struct edgel_error *err)
{
    EDGEL_REQUIRE(bytes);
    EDGEL_REQUIRE(size);
    *bytes = NULL;
    *size = 0;
    EDGEL_REQUIRE(t);
    float floats[NUMBERS * PARTS];
    struct nn_extra extras[ARRAYS_MAX];
    const struct position p = position_of(t);
    pack_position(&p, floats);
    return nn_model_encode(t->model, extras, list_arrays(t, floats, extras), bytes, size, err);
}

/* --- from bytes --- */

struct resuming {
    struct edgel_trainer *t;
    const void *bytes;
    size_t size;
    const char *name;
    struct edgel_error *err;
    struct edgel_model *model;
    struct nn_extra arrays[ARRAYS_MAX]; /* the trainer's */
    struct nn_extra read[ARRAYS_MAX];   /* the same out of the file */
    size_t narrays;
    float floats[NUMBERS * PARTS];
    struct position position;
};

/* Ids are what the labels of the samples stand for; names are free. */
static enum edgel_status compare_classes(const struct resuming *r)
{
    const struct edgel_model *before = r->model, *now = r->t->model;
    for (int k = 0; k < now->net.classes; k++)
        if (before->classes[k].id != now->classes[k].id)
            return edgel_fail(r->err, EDGEL_EINVAL,
                              "%s: was trained on a class of id %d, which cannot become %d", r->name,
                              before->classes[k].id, now->classes[k].id);
    if (before->labels != now->labels)
        return edgel_fail(r->err, EDGEL_EINVAL, "%s: was trained on %s labels, which cannot become %s",
                          r->name, edgel_model_labels_name(before->labels),
                          edgel_model_labels_name(now->labels));
    return EDGEL_OK;
}

/* Files of an earlier version have no such notes. */
static enum edgel_status compare_samples(const struct resuming *r)
{
    static const struct {
        const char *key, *text;
    } notes[] = {
        { truth_key,
          "the truth of the training images is not what it began with: other pixels count, or are of "
          "its classes" },
        { val_images_key,
          "the validation images are not those it began with: their sizes or colours are others" },
        { val_truth_key,
          "the truth of the validation images is not what it began with: other pixels count, or are "
          "of its classes" },
    };
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        const char *before = edgel_model_note(r->model, notes[i].key),
                   *now = edgel_model_note(r->t->model, notes[i].key);
        if (before && now && strcmp(before, now) != 0)
            return edgel_fail(r->err, EDGEL_EINVAL, "%s: %s", r->name, notes[i].text);
    }
    return EDGEL_OK;
}

static enum edgel_status compare_models(const struct resuming *r)
{
    struct edgel_text before = { 0 }, now = { 0 };
    const char *settings = edgel_model_note(r->model, note_key);
    enum edgel_status status = EDGEL_OK;
    nn_network_text(&r->model->net, &before);
    nn_network_text(&r->t->model->net, &now);
    if (before.failed || now.failed)
        status = edgel_fail(r->err, EDGEL_ENOMEM, "%s: out of memory", r->name);
    else if (strcmp(before.s, now.s) != 0 || r->model->net.classes != r->t->model->net.classes)
        status = edgel_fail(r->err, EDGEL_EFORMAT,
                            "%s: holds another network than this one, or other classes", r->name);
    else if (!settings)
        status = edgel_fail(r->err, EDGEL_EFORMAT, "%s: a model, but not the state of a training", r->name);
    edgel_text_finish(&before);
    edgel_text_finish(&now);
    EDGEL_TRY(status);
    EDGEL_TRY(compare_classes(r));
    EDGEL_TRY(compare_settings(settings, edgel_model_note(r->t->model, note_key), r->name, r->err));
    return compare_samples(r);
}

static enum edgel_status read_arrays(struct resuming *r)
{
    r->narrays = list_arrays(r->t, r->floats, r->arrays);
    memcpy(r->read, r->arrays, sizeof r->read);
    for (size_t i = 0; i < r->narrays; i++)
        r->read[i].data = NULL;
    for (size_t i = 0; i < r->narrays; i++)
        if (!(r->read[i].data = edgel_alloc(r->read[i].floats, sizeof(float))))
            return edgel_fail(r->err, EDGEL_ENOMEM, "%s: out of memory", r->name);
    EDGEL_TRY(nn_model_extras(r->bytes, r->size, r->name, r->read, r->narrays, r->err));
    for (size_t i = 0; i < r->narrays; i++) {
        if (!r->read[i].found)
            return edgel_fail(r->err, EDGEL_EFORMAT, "%s: tensor %s is missing or of another size", r->name,
                              r->read[i].name);
        if (nn_first_not_finite(r->read[i].data, r->read[i].floats) < r->read[i].floats)
            return edgel_fail(r->err, EDGEL_EFORMAT, "%s: tensor %s holds a value that is not finite",
                              r->name, r->read[i].name);
    }
    if (!unpack_position(r->t, r->read[0].data, &r->position))
        return edgel_fail(r->err, EDGEL_EFORMAT, "%s: train.position is out of range", r->name);
    return EDGEL_OK;
}

static void take_over(struct resuming *r)
{
    struct edgel_trainer *t = r->t;
    const size_t np = t->net.nparams, nb = t->net.nbuffers;
    for (size_t i = 1; i < r->narrays; i++)
        memcpy(r->arrays[i].data, r->read[i].data, r->read[i].floats * sizeof(float));
    set_position(t, &r->position);
    memcpy(t->model->params, r->model->params, np * sizeof(float));
    memcpy(t->model->buffers, r->model->buffers, nb * sizeof(float));
    memcpy(t->good, r->model->params, np * sizeof(float));
    memcpy(t->good + np, r->model->buffers, nb * sizeof(float));
    t->model->unhashed = r->model->unhashed;
    t->order_epoch = -1;
}

enum edgel_status edgel_trainer_resume(struct edgel_trainer *t, const void *bytes, size_t size,
                                       const char *name, struct edgel_error *err)
{
    EDGEL_REQUIRE(t);
    EDGEL_REQUIRE(bytes);
    EDGEL_REQUIRE(name);
    struct resuming r = { .t = t, .bytes = bytes, .size = size, .name = name, .err = err };
    enum edgel_status status = edgel_model_decode(bytes, size, name, &r.model, err);
    if (status == EDGEL_OK)
        status = compare_models(&r);
    if (status == EDGEL_OK)
        status = read_arrays(&r);
    if (status == EDGEL_OK)
        take_over(&r);
    for (size_t i = 0; i < r.narrays; i++)
        edgel_free(r.read[i].data);
    edgel_model_destroy(&r.model);
    return status;
}
