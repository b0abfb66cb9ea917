/*
 * Samples, loaded, changed at random and normalised, each on any thread and into its own place of a batch. Of calls
 * that fail on several threads, the failure of the smallest index is reported.
 */
#include "nn/training/trainer_priv.h"

/* --- a loop on the pool whose calls can fail --- */

struct loop {
    enum edgel_status (*work)(void *user, int thread, size_t i, struct edgel_error *err);
    void *user;
    struct nn_failure *failures; /* [threads] */
};

static void try_one(void *user, int thread, size_t i)
{
    const struct loop *l = user;
    struct nn_failure *f = &l->failures[thread];
    if (f->failed) /* indices of a thread increase */
        return;
    edgel_error_clear(&f->error);
    f->failed = l->work(l->user, thread, i, &f->error) != EDGEL_OK;
    f->index = i;
}

enum edgel_status nn_try_each(struct edgel_pool *pool, size_t n,
                              enum edgel_status (*work)(void *user, int thread, size_t i,
                                                        struct edgel_error *err),
                              void *user, struct edgel_error *err)
{
    const int threads = edgel_pool_threads(pool);
    struct loop l = { work, user, edgel_calloc((size_t)threads, sizeof *l.failures) };
    if (!l.failures)
        return edgel_fail(err, EDGEL_ENOMEM, "loop of %d threads: out of memory", threads);
    edgel_pool_run(pool, n, try_one, &l);
    const struct nn_failure *first = NULL;
    for (int t = 0; t < threads; t++)
        if (l.failures[t].failed && (!first || l.failures[t].index < first->index))
            first = &l.failures[t];
    enum edgel_status status = EDGEL_OK;
    if (first)
        status = edgel_fail(err, first->error.code ? first->error.code : EDGEL_EIO, "%s", first->error.msg);
    edgel_free(l.failures);
    return status;
}

/* --- samples --- */

enum edgel_status nn_sample_load(const struct edgel_train_data *data, bool validation, size_t index,
                                 int channels, struct edgel_sample *out, struct edgel_error *err)
{
    const char *split = validation ? "validation" : "training";
    *out = (struct edgel_sample){ 0 };
    EDGEL_TRY(data->load(data->user, validation, index, out, err));
    if (!out->image || !out->label == !out->soft || out->w < 1 || out->h < 1)
        return edgel_fail(err, EDGEL_EINVAL, "%s sample %zu: must have an image and one kind of truth", split,
                          index);
    if (out->channels != channels)
        return edgel_fail(err, EDGEL_EINVAL, "%s sample %zu has %d channels, the model takes %d", split,
                          index, out->channels, channels);
    return EDGEL_OK;
}

/* --- a batch of them --- */

bool nn_loader_init(struct nn_loader *l, const struct edgel_train_data *data, const struct edgel_model *model,
                    struct edgel_pool *pool)
{
    const int threads = edgel_pool_threads(pool);
    *l = (struct nn_loader){ .data = data, .model = model, .pool = pool };
    l->scratch = edgel_calloc((size_t)threads, sizeof *l->scratch);
    for (int i = 0; l->scratch && i < threads; i++)
        if (!(l->scratch[i] = edgel_augment_scratch_create()))
            return false;
    return l->scratch;
}

void nn_loader_finish(struct nn_loader *l)
{
    for (int i = 0; l->scratch && i < edgel_pool_threads(l->pool); i++)
        edgel_augment_scratch_destroy(&l->scratch[i]);
    edgel_free(l->scratch);
    *l = (struct nn_loader){ 0 };
}

static size_t batch_pixels(const struct nn_batch *b)
{
    return (size_t)b->h * (size_t)b->w;
}

bool nn_batch_init(struct nn_batch *b, bool soft)
{
    const size_t values = (size_t)b->n * batch_pixels(b);
    b->image = edgel_alloc(values, (size_t)b->channels * sizeof *b->image);
    b->valid = edgel_calloc((size_t)b->n, sizeof *b->valid);
    if (soft)
        b->soft = edgel_alloc(values, sizeof *b->soft);
    else
        b->label = edgel_alloc(values, sizeof *b->label);
    return b->image && b->valid && (b->soft || b->label);
}

void nn_batch_finish(struct nn_batch *b)
{
    edgel_free(b->image);
    edgel_free(b->label);
    edgel_free(b->soft);
    edgel_free(b->valid);
    *b = (struct nn_batch){ 0 };
}

uint64_t nn_valid_pixels(const uint16_t *label, const float *soft, size_t pixels)
{
    uint64_t n = 0;
    for (size_t p = 0; p < pixels; p++)
        n += label ? label[p] != EDGEL_LABEL_IGNORE : soft[p] >= 0;
    return n;
}

struct filling {
    const struct nn_loader *loader;
    const struct edgel_augment *augment;
    const struct nn_draw *draws;
    struct nn_batch *batch;
};

/* The place of sample i in the batch. */
static struct edgel_sample place_of(const struct nn_batch *b, size_t i)
{
    const size_t pixels = batch_pixels(b);
    return (struct edgel_sample){ .w = b->w,
                                  .h = b->h,
                                  .channels = b->channels,
                                  .image = b->image + i * pixels * (size_t)b->channels,
                                  .label = b->label ? b->label + i * pixels : NULL,
                                  .soft = b->soft ? b->soft + i * pixels : NULL };
}

static enum edgel_status fill_one(void *user, int thread, size_t i, struct edgel_error *err)
{
    const struct filling *f = user;
    const struct nn_loader *l = f->loader;
    const struct nn_batch *b = f->batch;
    struct edgel_sample in, out = place_of(b, i);
    enum edgel_status status = nn_sample_load(l->data, false, f->draws[i].index, b->channels, &in, err);
    if (status == EDGEL_OK && !in.label != !out.label)
        status = edgel_fail(err, EDGEL_EINVAL, "training sample %zu has another kind of truth than others",
                            f->draws[i].index);
    if (status == EDGEL_OK)
        status = edgel_augment_sample(f->augment, f->draws[i].seed, &in, &out, l->scratch[thread], err);
    if (status == EDGEL_OK) {
        nn_model_normalise(l->model, out.image, batch_pixels(b));
        b->valid[i] = nn_valid_pixels(out.label, out.soft, batch_pixels(b));
    }
    edgel_sample_finish(&in);
    return status;
}

enum edgel_status nn_batch_fill(const struct nn_loader *l, const struct edgel_augment *augment,
                                const struct nn_draw *draws, int count, struct nn_batch *b,
                                struct edgel_error *err)
{
    struct filling f = { l, augment, draws, b };
    b->count = count;
    return nn_try_each(l->pool, (size_t)count, fill_one, &f, err);
}
