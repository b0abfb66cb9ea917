/* Losses of a batch and their gradient.
 *
 * The batch is cut into chunks of LOSS_CHUNK pixels of one sample, the tasks of the pool; each chunk goes row by row
 * through the kernels of loss_rows.h and sums into doubles of its own, which are added in the order of the chunks. So
 * the number of threads changes nothing.
 *
 *   count     targets only: pixels and targets per class. Gives all denominators, and shows labels out of range.
 *   forward   logits -> probabilities (left where the gradient will stand) -> sums
 * reduce    values; for iou, dice and lovasz what multiplies dp, as it depends on sums over the whole batch
 *   backward  probabilities -> gradient, in place
 *
 * When no term needs reduce first, backward follows forward row by row, and each row is touched once. */
#include "nn/kernels/loss_priv.h"
#include <math.h>
#include <string.h>

/* Doubles of a chunk: pixels that count, the first bad target + 1, sum t of each class; then values of kinds that are
 * sums over pixels, sum p t and sum p of each class. */
enum { COUNTED, BAD, TARGETS };

struct loss_run {
    const struct edgel_loss_batch *b;
    const struct edgel_loss_params *params;
    struct loss_kernels kernels;
    double weight[EDGEL_LOSS_KINDS];
    bool used[EDGEL_LOSS_KINDS];
    float *grad;
    float *p;        /* [n][classes][pixels], grad itself if there is one; NULL: each thread has a row */
    float *lovasz;   /* [n][classes][pixels], NULL: none */
    size_t chunks;   /* of one sample */
    double *counts;  /* [n * chunks][TARGETS + classes] */
    double *sums;    /* [n * chunks][EDGEL_LOSS_KINDS + 2 * classes] */
    double *targets; /* [classes]: sum t of the batch */
    double *lovasz_values;              /* [classes], negative: the class does not occur */
    float *w0, *w1;                     /* [n][classes], of struct loss_row */
    float *slope0, *slope_t;            /* [classes]: dL/dp of iou and dice is slope0 + slope_t t */
    double ce_denominator, denominator; /* of the kinds that are sums over pixels */
    double value[EDGEL_LOSS_KINDS];
    float scale[EDGEL_LOSS_KINDS]; /* of the gradient of a kind */
    char *thread_memory;           /* [threads][thread_bytes] */
    size_t thread_bytes;
    bool forward, backward; /* what the pass over the chunks does */
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
    row.p = row.q + classes * LOSS_ROW;
    row.p_stride = LOSS_ROW;
    return row;
}

static size_t row_bytes(int classes)
{
    return (5 + 3 * (size_t)classes) * LOSS_ROW * sizeof(float);
}

static void place_row(const struct loss_run *r, int sample, size_t at, size_t n, struct loss_row *row)
{
    const size_t classes = (size_t)r->b->classes, offset = (size_t)sample * classes * r->b->pixels + at;
    row->n = (int)n;
    row->x = r->b->logits + offset;
    row->w0 = r->w0 + (size_t)sample * classes;
    row->w1 = r->w1 + (size_t)sample * classes;
    row->lovasz = r->lovasz ? r->lovasz + offset : NULL;
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

static void forward_row(const struct loss_run *r, const struct loss_row *row, double *sums)
{
    const struct loss_kernels *k = &r->kernels;
    const float beta = (float)r->params->smooth_beta;
    if (row->classes == 1)
        k->sigmoid(row, &k->numeric);
    else
        k->softmax(row, &k->numeric);
    if (r->used[EDGEL_LOSS_CE])
        sums[EDGEL_LOSS_CE] += k->ce(row);
    if (r->used[EDGEL_LOSS_BCE])
        sums[EDGEL_LOSS_BCE] += k->bce(row, &k->numeric);
    if (r->used[EDGEL_LOSS_L1])
        sums[EDGEL_LOSS_L1] += k->l1.forward(row, beta);
    if (r->used[EDGEL_LOSS_L2])
        sums[EDGEL_LOSS_L2] += k->l2.forward(row, beta);
    if (r->used[EDGEL_LOSS_SMOOTHL1])
        sums[EDGEL_LOSS_SMOOTHL1] += k->smoothl1.forward(row, beta);
    if (r->used[EDGEL_LOSS_IOU] || r->used[EDGEL_LOSS_DICE])
        k->overlap(row, sums + EDGEL_LOSS_KINDS, sums + EDGEL_LOSS_KINDS + row->classes);
}

static bool through_probabilities(const struct loss_run *r)
{
    for (int k = 0; k < EDGEL_LOSS_KINDS; k++)
        if (r->used[k] && k != EDGEL_LOSS_CE && k != EDGEL_LOSS_BCE)
            return true;
    return false;
}

static void backward_row(const struct loss_run *r, const struct loss_row *row)
{
    const struct loss_kernels *k = &r->kernels;
    const float beta = (float)r->params->smooth_beta;
    const bool with_q = through_probabilities(r);
    if (with_q)
        k->linear(row, r->slope0, r->slope_t);
    if (r->used[EDGEL_LOSS_L1])
        k->l1.backward(row, beta, r->scale[EDGEL_LOSS_L1]);
    if (r->used[EDGEL_LOSS_L2])
        k->l2.backward(row, beta, r->scale[EDGEL_LOSS_L2]);
    if (r->used[EDGEL_LOSS_SMOOTHL1])
        k->smoothl1.backward(row, beta, r->scale[EDGEL_LOSS_SMOOTHL1]);
    if (r->used[EDGEL_LOSS_LOVASZ])
        k->add_lovasz(row, r->scale[EDGEL_LOSS_LOVASZ]);
    if (row->classes == 1) {
        k->sigmoid_gradient(row, r->scale[EDGEL_LOSS_BCE], with_q);
        return;
    }
    k->softmax_gradient(row, r->scale[EDGEL_LOSS_CE], with_q);
    if (r->used[EDGEL_LOSS_BCE])
        k->add_bce(row, &k->numeric, r->scale[EDGEL_LOSS_BCE]);
}

static void pass_chunk(void *user, int thread, size_t i)
{
    const struct loss_run *r = user;
    const size_t slots = EDGEL_LOSS_KINDS + 2 * (size_t)r->b->classes;
    const size_t sample = i / r->chunks, begin = i % r->chunks * LOSS_CHUNK;
    const size_t end = r->b->pixels - begin < LOSS_CHUNK ? r->b->pixels : begin + LOSS_CHUNK;
    struct loss_row row = thread_row(r, thread);
    double *sums = r->sums + i * slots;
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

static void lovasz_class(void *user, int thread, size_t c)
{
    const struct loss_run *r = user;
    void *memory = r->thread_memory + (size_t)thread * r->thread_bytes;
    if (!loss_lovasz(r->b, (int)c, r->p, r->lovasz, memory, &r->lovasz_values[c]))
        r->lovasz_values[c] = -1;
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
        r->denominator += w1 * targets[c] + w0 * rest;
        r->ce_denominator += w1 * targets[c];
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
            r->sums[i] += r->sums[k * slots + i];
    return r->sums;
}

static double over(double a, double b)
{
    return b > 0 ? a / b : 0;
}

/* Values of iou and dice and their slopes: with I' = t, U' = 1 - t for Jaccard's, N' = 2 t, M' = 1 for Dice's. */
static void reduce_overlap(struct loss_run *r, const double *both, const double *probability)
{
    const double s = r->params->smooth;
    int present = 0;
    for (int c = 0; c < r->b->classes; c++)
        present += r->targets[c] > 0;
    for (int c = 0; c < r->b->classes; c++) {
        r->slope0[c] = r->slope_t[c] = 0;
        if (!(r->targets[c] > 0))
            continue;
        const double i = both[c] + s, u = probability[c] + r->targets[c] - both[c] + s;
        const double n = 2 * both[c] + s, m = probability[c] + r->targets[c] + s;
        const double iou = r->weight[EDGEL_LOSS_IOU] / present, dice = r->weight[EDGEL_LOSS_DICE] / present;
        r->value[EDGEL_LOSS_IOU] += (1 - i / u) / present;
        r->value[EDGEL_LOSS_DICE] += (1 - n / m) / present;
        r->slope0[c] = (float)(iou * i / (u * u) + dice * n / (m * m));
        r->slope_t[c] = (float)(-iou * (1 / u + i / (u * u)) - dice * 2 / m);
    }
}

static void reduce_lovasz(struct loss_run *r)
{
    int present = 0;
    double sum = 0;
    for (int c = 0; c < r->b->classes; c++) {
        const bool absent = r->lovasz_values[c] < 0;
        present += !absent;
        sum += absent ? 0 : r->lovasz_values[c];
    }
    r->value[EDGEL_LOSS_LOVASZ] = over(sum, present);
    r->scale[EDGEL_LOSS_LOVASZ] = (float)over(r->weight[EDGEL_LOSS_LOVASZ], present);
}

/* What a kind's sum over pixels is divided by; 0 for the others. */
static double denominator(const struct loss_run *r, int kind)
{
    if (kind == EDGEL_LOSS_IOU || kind == EDGEL_LOSS_DICE || kind == EDGEL_LOSS_LOVASZ)
        return 0;
    return kind == EDGEL_LOSS_CE ? r->ce_denominator : r->denominator;
}

static void run_passes(struct loss_run *r, struct edgel_pool *pool)
{
    const size_t tasks = (size_t)r->b->n * r->chunks;
    const bool apart = r->used[EDGEL_LOSS_IOU] || r->used[EDGEL_LOSS_DICE] || r->used[EDGEL_LOSS_LOVASZ];
    for (int k = 0; k < EDGEL_LOSS_KINDS; k++)
        r->scale[k] = (float)over(r->weight[k], denominator(r, k));
    memset(r->slope0, 0, (size_t)r->b->classes * sizeof *r->slope0);
    memset(r->slope_t, 0, (size_t)r->b->classes * sizeof *r->slope_t);
    r->forward = true;
    r->backward = r->grad && !apart;
    edgel_pool_run(pool, tasks, pass_chunk, r);
    const double *sums = reduce_sums(r);
    for (int k = 0; k < EDGEL_LOSS_KINDS; k++)
        r->value[k] = over(sums[k], denominator(r, k));
    if (r->used[EDGEL_LOSS_IOU] || r->used[EDGEL_LOSS_DICE])
        reduce_overlap(r, sums + EDGEL_LOSS_KINDS, sums + EDGEL_LOSS_KINDS + r->b->classes);
    if (r->used[EDGEL_LOSS_LOVASZ]) {
        edgel_pool_run(pool, (size_t)r->b->classes, lovasz_class, r);
        reduce_lovasz(r);
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
    if (!(p->smooth >= 0 && isfinite(p->smooth)))
        return edgel_fail(err, EDGEL_EINVAL, "smooth %g: must be >= 0 and finite", p->smooth);
    if (!(p->smooth_beta > 0 && isfinite(p->smooth_beta)))
        return edgel_fail(err, EDGEL_EINVAL, "smooth_beta %g: must be > 0 and finite", p->smooth_beta);
    return EDGEL_OK;
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

static enum edgel_status take_terms(const struct edgel_loss_term *terms, int nterms, struct loss_run *r,
                                    struct edgel_error *err)
{
    if (nterms < 1)
        return edgel_fail(err, EDGEL_EINVAL, "loss of %d terms: must be at least 1", nterms);
    for (int i = 0; i < nterms; i++) {
        int kind = (int)terms[i].kind;
        if (!edgel_loss_name(kind))
            return edgel_fail(err, EDGEL_EINVAL, "loss %d: not known", kind);
        if (!(terms[i].weight >= 0 && isfinite(terms[i].weight)))
            return edgel_fail(err, EDGEL_EINVAL, "weight %g of %s: must be >= 0 and finite", terms[i].weight,
                              edgel_loss_name(kind));
        if (r->b->classes == 1 && kind == EDGEL_LOSS_CE)
            kind = EDGEL_LOSS_BCE;
        r->used[kind] = true;
        r->weight[kind] += terms[i].weight;
    }
    if (r->used[EDGEL_LOSS_LOVASZ] && (size_t)r->b->n * r->b->pixels >= (size_t)1 << 31)
        return edgel_fail(err, EDGEL_ELIMIT, "lovasz on %zu pixels: must be below 2^31",
                          (size_t)r->b->n * r->b->pixels);
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
    const bool lovasz = r->used[EDGEL_LOSS_LOVASZ];
    size_t at = 0;
    r->counts = part(base, &at, tasks * (TARGETS + classes) * sizeof(double));
    r->sums = part(base, &at, tasks * (EDGEL_LOSS_KINDS + 2 * classes) * sizeof(double));
    r->targets = part(base, &at, classes * sizeof(double));
    r->lovasz_values = part(base, &at, classes * sizeof(double));
    r->w0 = part(base, &at, n * classes * sizeof(float));
    r->w1 = part(base, &at, n * classes * sizeof(float));
    r->slope0 = part(base, &at, classes * sizeof(float));
    r->slope_t = part(base, &at, classes * sizeof(float));
    const size_t sorting = lovasz ? loss_lovasz_bytes(n * r->b->pixels) : 0;
    r->thread_bytes = row_bytes(r->b->classes) > sorting ? row_bytes(r->b->classes) : sorting;
    r->thread_memory = part(base, &at, (size_t)threads * r->thread_bytes);
    r->p = r->grad;
    if (lovasz && r->grad)
        r->lovasz = part(base, &at, all);
    else if (lovasz)
        r->p = part(base, &at, all);
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
        const bool as_bce = batch->classes == 1 && terms[i].kind == EDGEL_LOSS_CE;
        const double v = r.value[as_bce ? EDGEL_LOSS_BCE : terms[i].kind];
        sum += terms[i].weight * v;
        if (value)
            value[i] = v;
    }
    if (total)
        *total = sum;
    return EDGEL_OK;
}

void edgel_loss_params_init(struct edgel_loss_params *params)
{
    *params = (struct edgel_loss_params){ .smooth = 1, .smooth_beta = 0.1 };
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
