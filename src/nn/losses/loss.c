/* Losses of a batch and their gradient; what each of them is stands in its row (losses.h).
 *
 * The batch is cut into chunks of LOSS_CHUNK pixels of one sample, the tasks of the pool; each chunk goes row by row
 * through the kernels of loss_rows.h and sums into doubles of its own, which are added in the order of the chunks. So
 * the number of threads changes nothing.
 *
 *   count     targets only: pixels and targets per class. Gives all denominators, and shows labels out of range.
 *   forward   logits -> probabilities (left where the gradient will stand) -> sums
 *   reduce    values; for losses of sums and of planes what multiplies dp, as it depends on the whole batch
 *   backward  probabilities -> gradient, in place
 *
 * When no term needs reduce first, backward follows forward row by row, and each row is touched once. */
#include "nn/losses/losses.h"
#include <math.h>
#include <string.h>

/* Doubles of a chunk: pixels that count, the first bad target + 1, sum t of each class; then values of kinds that are
 * sums over pixels, sum p t and sum p of each class. */
enum { COUNTED, BAD, TARGETS };

struct loss_run {
    const struct edgel_loss_batch *b;
    const struct edgel_loss_params *params;
    struct loss_kernels kernels;
    const struct nn_loss *used[EDGEL_LOSS_KINDS]; /* rows of the terms, each once, in the order of kinds */
    int nused;
    double weight[EDGEL_LOSS_KINDS], value[EDGEL_LOSS_KINDS]; /* by kind */
    float scale[EDGEL_LOSS_KINDS];                            /* of the gradient of a kind */
    bool sums, planes, by_probability; /* some loss has sums; planes; a gradient by probabilities */
    float *grad;
    float *p; /* [n][classes][pixels], grad itself if there is one; NULL: each thread has a row */
    float *plane[EDGEL_LOSS_KINDS];         /* [n][classes][pixels]: dL/dp of a loss of planes, NULL: none */
    double *plane_values[EDGEL_LOSS_KINDS]; /* [classes], negative: the class does not occur */
    float *map[EDGEL_LOSS_KINDS];           /* [n][pixels]: weights of pixels, NULL: none */
    size_t chunks;                          /* of one sample */
    double *counts;                         /* [n * chunks][TARGETS + classes] */
    double *chunk_sums;                     /* [n * chunks][EDGEL_LOSS_KINDS + 2 * classes] */
    double *targets;                        /* [classes]: sum t of the batch */
    float *w0, *w1;                         /* [n][classes], of struct loss_row */
    float *slope0, *slope_t;                /* [classes]: dL/dp of the losses of sums is slope0 + slope_t t */
    double denominator[2];                  /* by enum nn_loss_over */
    char *thread_memory;                    /* [threads][thread_bytes] */
    size_t thread_bytes;
    const struct nn_loss *working; /* whose planes or maps are made */
    bool forward, backward;        /* what the pass over the chunks does */
};

/* --- rows --- */

/* The row's buffers, from the memory of one thread. */
static struct loss_row thread_row(const struct loss_run *r, int thread)
{
    const size_t classes = (size_t)r->b->classes;
    float *m = (float *)(void *)(r->thread_memory + (size_t)thread * r->thread_bytes);
    struct loss_row row = { .classes = r->b->classes, .x_stride = r->b->pixels };
    float **const fields[] = { &row.valid, &row.max, &row.logsum, &row.temp, &row.temp2 };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++, m += LOSS_ROW)
        *fields[i] = m;
    row.t = m;
    row.q = row.t + classes * LOSS_ROW;
    row.direct = row.q + classes * LOSS_ROW;
    row.p = row.direct + classes * LOSS_ROW;
    row.p_stride = LOSS_ROW;
    return row;
}

static size_t row_bytes(int classes)
{
    return (5 + 4 * (size_t)classes) * LOSS_ROW * sizeof(float);
}

static void place_row(const struct loss_run *r, int sample, size_t at, size_t n, struct loss_row *row)
{
    const size_t classes = (size_t)r->b->classes, offset = (size_t)sample * classes * r->b->pixels + at;
    row->n = (int)n;
    row->x = r->b->logits + offset;
    row->w0 = r->w0 + (size_t)sample * classes;
    row->w1 = r->w1 + (size_t)sample * classes;
    row->offset = offset;
    row->pixel = (size_t)sample * r->b->pixels + at;
    if (r->p) {
        row->p = r->p + offset;
        row->p_stride = r->b->pixels;
    }
    if (r->b->labels)
        r->kernels.labels(row, r->b->labels + (size_t)sample * r->b->pixels + at);
    else
        r->kernels.soft(row, r->b->soft + offset);
}

/* --- passes --- */

/* Runs over equal labels: masks are made of them. */
static void count_labels(const uint16_t *labels, size_t n, int classes, double *counts)
{
    const int limit = classes > 1 ? classes : 2;
    for (size_t i = 0, start; i < n;) {
        const int label = labels[i];
        for (start = i; i < n && labels[i] == label; i++)
            continue;
        if (label == EDGEL_LABEL_IGNORE)
            continue;
        if (label >= limit) {
            counts[BAD] = counts[BAD] > 0 ? counts[BAD] : (double)start + 1;
            continue;
        }
        counts[COUNTED] += (double)(i - start);
        if (classes > 1)
            counts[TARGETS + label] += (double)(i - start);
        else if (label == 1)
            counts[TARGETS] += (double)(i - start);
    }
}

static void count_soft(const float *soft, size_t n, int classes, size_t stride, double *counts)
{
    for (int c = 0; c < classes; c++)
        for (size_t i = 0; i < n; i++) {
            if (soft[i] < 0)
                continue;
            const float t = soft[(size_t)c * stride + i];
            if (!(t >= 0 && t <= 1))
                counts[BAD] = counts[BAD] > 0 ? counts[BAD] : (double)i + 1;
            counts[COUNTED] += c == 0;
            counts[TARGETS + c] += (double)t;
        }
}

static void count_chunk(void *user, int thread, size_t i)
{
    const struct loss_run *r = user;
    (void)thread;
    const size_t classes = (size_t)r->b->classes, sample = i / r->chunks, at = i % r->chunks * LOSS_CHUNK;
    const size_t n = r->b->pixels - at < LOSS_CHUNK ? r->b->pixels - at : LOSS_CHUNK;
    double *counts = r->counts + i * (TARGETS + classes);
    memset(counts, 0, (TARGETS + classes) * sizeof *counts);
    if (r->b->labels)
        count_labels(r->b->labels + sample * r->b->pixels + at, n, r->b->classes, counts);
    else
        count_soft(r->b->soft + sample * classes * r->b->pixels + at, n, r->b->classes, r->b->pixels, counts);
}

/* Points the row to the map of a loss. pixel: of its first one, in the batch. */
static void take_map(const struct loss_run *r, const struct nn_loss *l, struct loss_row *row)
{
    row->map = r->map[l->kind] ? r->map[l->kind] + row->pixel : NULL;
}

static void forward_row(const struct loss_run *r, struct loss_row *row, double *sums)
{
    const struct loss_kernels *k = &r->kernels;
    if (row->classes == 1)
        k->sigmoid(row, &k->numeric);
    else
        k->softmax(row, &k->numeric);
    for (int i = 0; i < r->nused; i++)
        if (r->used[i]->pixels) {
            take_map(r, r->used[i], row);
            sums[r->used[i]->kind] += r->used[i]->pixels(k, row, r->params);
        }
    if (r->sums)
        k->overlap(row, sums + EDGEL_LOSS_KINDS, sums + EDGEL_LOSS_KINDS + row->classes);
}

/* Gradients by logits that do not come with the head's; false: there are none. */
static bool add_by_logit(const struct loss_run *r, struct loss_row *row, unsigned head)
{
    bool any = false;
    for (int i = 0; i < r->nused; i++) {
        const struct nn_loss *l = r->used[i];
        if (!l->by_logit || l->joins & head)
            continue;
        if (!any)
            memset(row->direct, 0, (size_t)row->classes * LOSS_ROW * sizeof *row->direct);
        take_map(r, l, row);
        l->by_logit(&r->kernels, row, r->params, r->scale[l->kind]);
        any = true;
    }
    return any;
}

static void backward_row(const struct loss_run *r, struct loss_row *row)
{
    const struct loss_kernels *k = &r->kernels;
    const unsigned head = row->classes == 1 ? NN_JOINS_SIGMOID : NN_JOINS_SOFTMAX;
    float joined = 0; /* scale of the loss whose gradient comes with the head's */
    if (r->by_probability)
        k->linear(row, r->slope0, r->slope_t);
    for (int i = 0; i < r->nused; i++) {
        const struct nn_loss *l = r->used[i];
        if (l->by_probability)
            l->by_probability(k, row, r->params, r->scale[l->kind]);
        if (l->joins & head)
            joined = r->scale[l->kind];
    }
    for (int i = 0; i < r->nused; i++)
        if (r->used[i]->planes)
            k->add_plane(row, r->plane[r->used[i]->kind] + row->offset, r->scale[r->used[i]->kind]);
    const bool direct = add_by_logit(r, row, head);
    if (row->classes == 1)
        k->sigmoid_gradient(row, joined, r->by_probability);
    else
        k->softmax_gradient(row, joined, r->by_probability);
    if (direct)
        k->add_direct(row);
}

static void pass_chunk(void *user, int thread, size_t i)
{
    const struct loss_run *r = user;
    const size_t slots = EDGEL_LOSS_KINDS + 2 * (size_t)r->b->classes;
    const size_t sample = i / r->chunks, begin = i % r->chunks * LOSS_CHUNK;
    const size_t end = r->b->pixels - begin < LOSS_CHUNK ? r->b->pixels : begin + LOSS_CHUNK;
    struct loss_row row = thread_row(r, thread);
    double *sums = r->chunk_sums + i * slots;
    if (r->forward)
        memset(sums, 0, slots * sizeof *sums);
    for (size_t at = begin; at < end; at += LOSS_ROW) {
        place_row(r, (int)sample, at, end - at < LOSS_ROW ? end - at : LOSS_ROW, &row);
        if (r->forward)
            forward_row(r, &row, sums);
        if (r->backward)
            backward_row(r, &row);
    }
}

static void planes_of_class(void *user, int thread, size_t c)
{
    const struct loss_run *r = user;
    const struct nn_loss *l = r->working;
    void *memory = r->thread_memory + (size_t)thread * r->thread_bytes;
    double *value = &r->plane_values[l->kind][c];
    if (!l->planes(r->b, r->params, (int)c, r->p, r->plane[l->kind], memory, value))
        *value = -1;
}

static void weigh_pixels(void *user, int thread, size_t n)
{
    const struct loss_run *r = user;
    const struct nn_loss *l = r->working;
    l->weigh(r->b, r->params, (int)n, r->thread_memory + (size_t)thread * r->thread_bytes,
             r->map[l->kind] + n * r->b->pixels);
}

/* --- reduction --- */

static enum edgel_status check_targets(const struct loss_run *r, struct edgel_error *err)
{
    const size_t stride = TARGETS + (size_t)r->b->classes;
    for (size_t i = 0; i < (size_t)r->b->n * r->chunks; i++) {
        if (r->counts[i * stride + BAD] == 0)
            continue;
        const size_t sample = i / r->chunks;
        const size_t pixel = i % r->chunks * LOSS_CHUNK + (size_t)r->counts[i * stride + BAD] - 1;
        if (r->b->labels)
            return edgel_fail(err, EDGEL_EINVAL, "label %d of sample %zu, pixel %zu: must be below %d or %d",
                              r->b->labels[sample * r->b->pixels + pixel], sample, pixel,
                              r->b->classes > 1 ? r->b->classes : 2, EDGEL_LABEL_IGNORE);
        return edgel_fail(err, EDGEL_EINVAL, "soft target of sample %zu, pixel %zu: must be in [0, 1]",
                          sample, pixel);
    }
    return EDGEL_OK;
}

/* Weights of one sample from its pixels and targets; adds to the denominators. */
static void weigh_sample(struct loss_run *r, int sample, double counted, const double *targets)
{
    const int classes = r->b->classes;
    const float *given = r->params->class_weights;
    for (int c = 0; c < classes; c++) {
        const double rest = counted - targets[c];
        float w0 = given ? given[c] : 1, w1 = classes > 1 || !given ? w0 : given[1];
        if (r->params->balance && counted > 0) {
            w0 = (float)(w0 * targets[c] / counted);
            w1 = (float)(w1 * rest / counted);
        }
        r->w0[sample * classes + c] = w0;
        r->w1[sample * classes + c] = w1;
        r->denominator[NN_OVER_BOTH] += w1 * targets[c] + w0 * rest;
        r->denominator[NN_OVER_TARGETS] += w1 * targets[c];
        r->targets[c] += targets[c];
    }
}

/* Adds up what count_chunk() found; the first chunk of each sample takes the sums of the others. */
static void reduce_counts(struct loss_run *r)
{
    const size_t classes = (size_t)r->b->classes, stride = TARGETS + classes;
    memset(r->targets, 0, classes * sizeof *r->targets);
    for (int s = 0; s < r->b->n; s++) {
        double *first = r->counts + (size_t)s * r->chunks * stride;
        for (size_t k = 1; k < r->chunks; k++)
            for (size_t i = 0; i < stride; i++)
                first[i] += first[k * stride + i];
        weigh_sample(r, s, first[COUNTED], first + TARGETS);
    }
}

/* Sums of all chunks, in the first. */
static const double *reduce_sums(const struct loss_run *r)
{
    const size_t slots = EDGEL_LOSS_KINDS + 2 * (size_t)r->b->classes;
    for (size_t k = 1; k < (size_t)r->b->n * r->chunks; k++)
        for (size_t i = 0; i < slots; i++)
            r->chunk_sums[i] += r->chunk_sums[k * slots + i];
    return r->chunk_sums;
}

static double over(double a, double b)
{
    return b > 0 ? a / b : 0;
}

/* Values of the losses of sums, and what their gradients are together. */
static void reduce_class_sums(struct loss_run *r, const double *both, const double *probability)
{
    int present = 0;
    for (int c = 0; c < r->b->classes; c++)
        present += r->targets[c] > 0;
    for (int c = 0; c < r->b->classes; c++) {
        const struct nn_class_sums s = { both[c], probability[c], r->targets[c] };
        double slope0 = 0, slope_t = 0;
        for (int i = 0; i < r->nused && s.target > 0; i++) {
            const struct nn_loss *l = r->used[i];
            if (l->sums)
                r->value[l->kind] +=
                    l->sums(&s, r->params, r->weight[l->kind] / present, &slope0, &slope_t) / present;
        }
        r->slope0[c] = (float)slope0;
        r->slope_t[c] = (float)slope_t;
    }
}

static void reduce_planes(struct loss_run *r, int kind)
{
    int present = 0;
    double sum = 0;
    for (int c = 0; c < r->b->classes; c++) {
        const bool absent = r->plane_values[kind][c] < 0;
        present += !absent;
        sum += absent ? 0 : r->plane_values[kind][c];
    }
    r->value[kind] = over(sum, present);
    r->scale[kind] = (float)over(r->weight[kind], present);
}

static void run_passes(struct loss_run *r, struct edgel_pool *pool)
{
    const size_t tasks = (size_t)r->b->n * r->chunks;
    const bool apart = r->sums || r->planes;
    for (int i = 0; i < r->nused; i++)
        if (r->used[i]->pixels)
            r->scale[r->used[i]->kind] =
                (float)over(r->weight[r->used[i]->kind], r->denominator[r->used[i]->over]);
    memset(r->slope0, 0, (size_t)r->b->classes * sizeof *r->slope0);
    memset(r->slope_t, 0, (size_t)r->b->classes * sizeof *r->slope_t);
    for (int i = 0; i < r->nused; i++)
        if (r->used[i]->weigh) {
            r->working = r->used[i];
            edgel_pool_run(pool, (size_t)r->b->n, weigh_pixels, r);
        }
    r->forward = true;
    r->backward = r->grad && !apart;
    edgel_pool_run(pool, tasks, pass_chunk, r);
    const double *sums = reduce_sums(r);
    for (int i = 0; i < r->nused; i++)
        if (r->used[i]->pixels)
            r->value[r->used[i]->kind] = over(sums[r->used[i]->kind], r->denominator[r->used[i]->over]);
    if (r->sums)
        reduce_class_sums(r, sums + EDGEL_LOSS_KINDS, sums + EDGEL_LOSS_KINDS + r->b->classes);
    for (int i = 0; i < r->nused; i++)
        if (r->used[i]->planes) {
            r->working = r->used[i];
            edgel_pool_run(pool, (size_t)r->b->classes, planes_of_class, r);
            reduce_planes(r, r->used[i]->kind);
        }
    r->forward = false;
    r->backward = true;
    if (r->grad && apart)
        edgel_pool_run(pool, tasks, pass_chunk, r);
}

/* --- checks and memory --- */

static enum edgel_status check_params(const struct edgel_loss_params *p, int classes, struct edgel_error *err)
{
    for (int c = 0; p->class_weights && c < (classes > 1 ? classes : 2); c++)
        if (!(p->class_weights[c] >= 0 && isfinite(p->class_weights[c])))
            return edgel_fail(err, EDGEL_EINVAL, "weight %g of class %d: must be >= 0 and finite",
                              (double)p->class_weights[c], c);
    if (p->balance && classes != 1)
        return edgel_fail(err, EDGEL_EINVAL, "balance with %d classes: must be 1 class", classes);
    return nn_loss_check_numbers(p, err);
}

static enum edgel_status check_batch(const struct edgel_loss_batch *b, struct edgel_error *err)
{
    if (b->n < 1 || b->classes < 1 || b->classes >= EDGEL_LABEL_IGNORE || b->pixels < 1)
        return edgel_fail(err, EDGEL_EINVAL, "batch of %d samples, %d classes, %zu pixels: each must be >= 1",
                          b->n, b->classes, b->pixels);
    if (b->pixels > SIZE_MAX / 64 / (size_t)b->classes / (size_t)b->n)
        return edgel_fail(err, EDGEL_ENOMEM, "batch of %d samples, %d classes, %zu pixels: too large", b->n,
                          b->classes, b->pixels);
    if (!b->labels == !b->soft)
        return edgel_fail(err, EDGEL_EINVAL, "targets: one of labels and soft must be given");
    return EDGEL_OK;
}

/* The row of a term: what it is for this number of classes. */
static const struct nn_loss *row_of(const struct edgel_loss_term *term, int classes)
{
    const struct nn_loss *row = nn_loss_row((int)term->kind);
    return row && row->one_class && classes == 1 ? row->one_class : row;
}

static enum edgel_status take_terms(const struct edgel_loss_term *terms, int nterms, struct loss_run *r,
                                    struct edgel_error *err)
{
    const struct nn_loss *used[EDGEL_LOSS_KINDS] = { NULL };
    if (nterms < 1)
        return edgel_fail(err, EDGEL_EINVAL, "loss of %d terms: must be at least 1", nterms);
    for (int i = 0; i < nterms; i++) {
        const struct nn_loss *row = row_of(&terms[i], r->b->classes);
        if (!row)
            return edgel_fail(err, EDGEL_EINVAL, "loss %d: not known", (int)terms[i].kind);
        if (!(terms[i].weight >= 0 && isfinite(terms[i].weight)))
            return edgel_fail(err, EDGEL_EINVAL, "weight %g of %s: must be >= 0 and finite", terms[i].weight,
                              edgel_loss_name((int)terms[i].kind));
        used[row->kind] = row;
        r->weight[row->kind] += terms[i].weight;
    }
    for (int k = 0; k < EDGEL_LOSS_KINDS; k++) {
        const struct nn_loss *row = used[k];
        if (!row)
            continue;
        if (row->check)
            EDGEL_TRY(row->check(r->b, err));
        r->used[r->nused++] = row;
        r->sums |= row->sums != NULL;
        r->planes |= row->planes != NULL;
        r->by_probability |= row->by_probability || row->sums || row->planes;
    }
    return EDGEL_OK;
}

/* The next part of the scratch block, aligned; only counted while base is NULL. */
static void *part(char *base, size_t *at, size_t bytes)
{
    void *p = base ? base + *at : NULL;
    *at += (bytes + 63) & ~(size_t)63;
    return p;
}

/* Where everything lies in the block; returns how large it must be. */
static size_t lay_out(struct loss_run *r, int threads, char *base)
{
    const size_t n = (size_t)r->b->n, classes = (size_t)r->b->classes, tasks = n * r->chunks;
    const size_t all = n * classes * r->b->pixels * sizeof(float);
    size_t at = 0;
    r->counts = part(base, &at, tasks * (TARGETS + classes) * sizeof(double));
    r->chunk_sums = part(base, &at, tasks * (EDGEL_LOSS_KINDS + 2 * classes) * sizeof(double));
    r->targets = part(base, &at, classes * sizeof(double));
    r->w0 = part(base, &at, n * classes * sizeof(float));
    r->w1 = part(base, &at, n * classes * sizeof(float));
    r->slope0 = part(base, &at, classes * sizeof(float));
    r->slope_t = part(base, &at, classes * sizeof(float));
    r->p = r->grad;
    if (r->planes && !r->grad)
        r->p = part(base, &at, all);
    r->thread_bytes = row_bytes(r->b->classes);
    for (int i = 0; i < r->nused; i++) {
        const struct nn_loss *l = r->used[i];
        const size_t need = l->planes  ? l->planes_bytes(r->b, r->params)
                            : l->weigh ? l->weigh_bytes(r->b)
                                       : 0;
        const size_t bytes = (need + 63) & ~(size_t)63;
        r->thread_bytes = bytes > r->thread_bytes ? bytes : r->thread_bytes;
        if (l->weigh)
            r->map[l->kind] = part(base, &at, n * r->b->pixels * sizeof(float));
        if (l->planes)
            r->plane_values[l->kind] = part(base, &at, classes * sizeof(double));
        if (l->planes && r->grad)
            r->plane[l->kind] = part(base, &at, all);
    }
    r->thread_memory = part(base, &at, (size_t)threads * r->thread_bytes);
    return at;
}

static enum edgel_status take_memory(struct loss_run *r, int threads, struct edgel_loss_scratch *scratch,
                                     struct edgel_error *err)
{
    r->chunks = (r->b->pixels + LOSS_CHUNK - 1) / LOSS_CHUNK;
    const size_t need = lay_out(r, threads, NULL);
    if (need > scratch->bytes) {
        edgel_loss_scratch_finish(scratch);
        scratch->block = edgel_alloc(need, 1);
        if (!scratch->block)
            return edgel_fail(err, EDGEL_ENOMEM, "loss: out of memory for %zu bytes", need);
        scratch->bytes = need;
    }
    (void)lay_out(r, threads, scratch->block);
    return EDGEL_OK;
}

void edgel_loss_scratch_finish(struct edgel_loss_scratch *s)
{
    if (!s)
        return;
    edgel_free(s->block);
    *s = (struct edgel_loss_scratch){ 0 };
}

static enum edgel_status eval_with(const struct edgel_loss_term *terms, int nterms,
                                   const struct edgel_loss_params *params,
                                   const struct edgel_loss_batch *batch, struct edgel_pool *pool,
                                   struct edgel_loss_scratch *scratch, double *value, double *total,
                                   float *grad, struct edgel_error *err)
{
    struct loss_run r = { .b = batch, .params = params, .grad = grad };
    EDGEL_TRY(check_batch(batch, err));
    EDGEL_TRY(check_params(params, batch->classes, err));
    EDGEL_TRY(take_terms(terms, nterms, &r, err));
    EDGEL_TRY(take_memory(&r, edgel_pool_threads(pool), scratch, err));
    loss_kernels_init(&r.kernels, edgel_cpu_flags());
    edgel_pool_run(pool, (size_t)batch->n * r.chunks, count_chunk, &r);
    EDGEL_TRY(check_targets(&r, err));
    reduce_counts(&r);
    run_passes(&r, pool);
    double sum = 0;
    for (int i = 0; i < nterms; i++) {
        const double v = r.value[row_of(&terms[i], batch->classes)->kind];
        sum += terms[i].weight * v;
        if (value)
            value[i] = v;
    }
    if (total)
        *total = sum;
    return EDGEL_OK;
}

void edgel_loss_batch_init(struct edgel_loss_batch *batch)
{
    *batch = (struct edgel_loss_batch){ .n = 1, .classes = 1 };
}

enum edgel_status edgel_loss_eval(const struct edgel_loss_term *terms, int nterms,
                                  const struct edgel_loss_params *params,
                                  const struct edgel_loss_batch *batch, struct edgel_pool *pool,
                                  struct edgel_loss_scratch *scratch, double *value, double *total,
                                  float *grad, struct edgel_error *err)
{
    struct edgel_loss_scratch own = { 0 };
    EDGEL_REQUIRE(terms);
    EDGEL_REQUIRE(batch);
    struct edgel_loss_params defaults;
    edgel_loss_params_init(&defaults);
    const enum edgel_status status = eval_with(terms, nterms, params ? params : &defaults, batch, pool,
                                               scratch ? scratch : &own, value, total, grad, err);
    edgel_loss_scratch_finish(&own);
    return status;
}
