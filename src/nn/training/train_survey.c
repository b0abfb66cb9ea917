/*
 * What is known of samples before the first step: sizes, pixels of each class, and the moments of the colours.
 *
 *     mean_i = sum v_i / N,  covariance_ij = sum v_i v_j / N - mean_i mean_j
 *
 * over the N pixels of all images. Sums are made per image, in double and in the order of its pixels, and added in the
 * order of the images.
 */
#include "nn/training/trainer_priv.h"
#include <math.h>
#include <string.h>

enum { COLOURS = 3 };

struct sums { /* of one image */
    double product[COLOURS][COLOURS];
};

struct work {
    const struct edgel_train_data *data;
    struct edgel_survey *survey;
    bool validation, *soft; /* soft: [n] */
    struct sums *sums;      /* [n] */
    double *sum, *square;   /* [n][channels] */
};

static const char *split_name(bool validation)
{
    return validation ? "validation" : "training";
}

static enum edgel_status count_labels(const struct work *w, size_t i, const struct edgel_sample *s,
                                      struct edgel_error *err)
{
    const struct edgel_survey *v = w->survey;
    const size_t pixels = (size_t)s->w * (size_t)s->h;
    int64_t *count = v->pixels + i * (size_t)v->classes;
    for (size_t p = 0; p < pixels; p++) {
        const uint16_t label = s->label[p];
        if (label < v->classes)
            count[label]++;
        else if (label == EDGEL_LABEL_IGNORE)
            v->ignored[i]++;
        else
            return edgel_fail(err, EDGEL_EINVAL, "%s sample %zu: label %u at %zu, %zu: must be below %d",
                              split_name(w->validation), i, label, p % (size_t)s->w, p / (size_t)s->w,
                              v->classes);
    }
    return EDGEL_OK;
}

static enum edgel_status count_soft(const struct work *w, size_t i, const struct edgel_sample *s,
                                    struct edgel_error *err)
{
    const struct edgel_survey *v = w->survey;
    const size_t pixels = (size_t)s->w * (size_t)s->h;
    int64_t *count = v->pixels + i * (size_t)v->classes;
    for (size_t p = 0; p < pixels; p++) {
        const float share = s->soft[p];
        if (!(share <= 1))
            return edgel_fail(err, EDGEL_EINVAL, "%s sample %zu: share %g at %zu, %zu: must be at most 1",
                              split_name(w->validation), i, (double)share, p % (size_t)s->w,
                              p / (size_t)s->w);
        if (share < 0)
            v->ignored[i]++;
        else
            count[share >= 0.5f]++;
    }
    return EDGEL_OK;
}

static void add_colours(const struct work *w, size_t i, const struct edgel_sample *s)
{
    const size_t pixels = (size_t)s->w * (size_t)s->h, channels = (size_t)s->channels;
    const size_t colours = channels < COLOURS ? channels : COLOURS;
    for (size_t c = 0; c < channels; c++) {
        const float *v = s->image + c * pixels;
        double sum = 0, square = 0;
        for (size_t p = 0; p < pixels; p++) {
            sum += (double)v[p];
            square += (double)v[p] * (double)v[p];
        }
        w->sum[i * channels + c] = sum;
        w->square[i * channels + c] = square;
    }
    for (size_t a = 0; a < colours; a++)
        for (size_t b = 0; b < a; b++) {
            const float *va = s->image + a * pixels, *vb = s->image + b * pixels;
            double sum = 0;
            for (size_t p = 0; p < pixels; p++)
                sum += (double)va[p] * (double)vb[p];
            w->sums[i].product[a][b] = sum;
        }
}

static enum edgel_status look_at(void *user, int thread, size_t i, struct edgel_error *err)
{
    const struct work *w = user;
    struct edgel_survey *v = w->survey;
    struct edgel_sample s;
    (void)thread;
    enum edgel_status status = nn_sample_load(w->data, w->validation, i, v->channels, &s, err);
    if (status == EDGEL_OK)
        status = s.label ? count_labels(w, i, &s, err) : count_soft(w, i, &s, err);
    if (status == EDGEL_OK) {
        v->w[i] = s.w;
        v->h[i] = s.h;
        w->soft[i] = s.soft;
        add_colours(w, i, &s);
    }
    edgel_sample_finish(&s);
    return status;
}

static enum edgel_status add_up_counts(struct edgel_survey *v, const struct work *w, struct edgel_error *err)
{
    v->soft = w->soft[0];
    for (size_t i = 0; i < v->n; i++) {
        if (w->soft[i] != v->soft)
            return edgel_fail(err, EDGEL_EINVAL, "%s sample %zu has another kind of truth than the first",
                              split_name(w->validation), i);
        for (int c = 0; c < v->classes; c++)
            v->total[c] += v->pixels[i * (size_t)v->classes + (size_t)c];
    }
    return EDGEL_OK;
}

static void add_up_colours(struct edgel_survey *v, const struct work *w)
{
    const size_t channels = (size_t)v->channels;
    double pixels = 0;
    for (size_t i = 0; i < v->n; i++) {
        pixels += (double)v->w[i] * (double)v->h[i];
        for (size_t c = 0; c < channels; c++) {
            v->mean[c] += w->sum[i * channels + c];
            v->deviation[c] += w->square[i * channels + c];
        }
        for (int a = 0; a < COLOURS; a++)
            for (int b = 0; b < a; b++)
                v->covariance[a][b] += w->sums[i].product[a][b];
    }
    for (size_t c = 0; c < channels; c++) {
        v->mean[c] /= pixels;
        const double variance = v->deviation[c] / pixels - v->mean[c] * v->mean[c];
        if (c < COLOURS)
            v->covariance[c][c] = variance > 0 ? variance : 0;
        v->deviation[c] = variance > 1e-12 ? sqrt(variance) : 1e-6;
    }
    for (int a = 0; a < COLOURS && a < v->channels; a++)
        for (int b = 0; b < a; b++)
            v->covariance[a][b] = v->covariance[b][a] =
                v->covariance[a][b] / pixels - v->mean[a] * v->mean[b];
}

static enum edgel_status look_at_all(struct work *w, struct edgel_pool *pool, struct edgel_error *err)
{
    struct edgel_survey *v = w->survey;
    EDGEL_TRY(nn_try_each(pool, v->n, look_at, w, err));
    EDGEL_TRY(add_up_counts(v, w, err));
    add_up_colours(v, w);
    return EDGEL_OK;
}

static bool take_memory(struct edgel_survey *v, struct work *w)
{
    const size_t n = v->n, channels = (size_t)v->channels, classes = (size_t)v->classes;
    v->w = edgel_calloc(n, sizeof *v->w);
    v->h = edgel_calloc(n, sizeof *v->h);
    v->pixels = edgel_calloc(n, classes * sizeof *v->pixels);
    v->ignored = edgel_calloc(n, sizeof *v->ignored);
    v->total = edgel_calloc(classes, sizeof *v->total);
    v->mean = edgel_calloc(channels, sizeof *v->mean);
    v->deviation = edgel_calloc(channels, sizeof *v->deviation);
    w->soft = edgel_calloc(n, sizeof *w->soft);
    w->sums = edgel_calloc(n, sizeof *w->sums);
    w->sum = edgel_calloc(n, channels * sizeof *w->sum);
    w->square = edgel_calloc(n, channels * sizeof *w->square);
    return v->w && v->h && v->pixels && v->ignored && v->total && v->mean && v->deviation && w->soft &&
           w->sums && w->sum && w->square;
}

enum edgel_status edgel_survey_make(const struct edgel_train_data *data, bool validation, int classes,
                                    int channels, struct edgel_pool *pool, struct edgel_survey *out,
                                    struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    *out = (struct edgel_survey){ 0 };
    EDGEL_REQUIRE(data);
    *out = (struct edgel_survey){ .n = validation ? data->nval : data->ntrain,
                                  .classes = classes,
                                  .channels = channels };
    if (out->n < 1 || out->n > UINT32_MAX || classes < 2 || classes > NN_CHANNELS_MAX || channels < 1 ||
        channels > NN_CHANNELS_MAX)
        return edgel_fail(err, EDGEL_EINVAL,
                          "%zu %s samples, %d classes, %d channels: must be 1.., 2..%d, 1..%d", out->n,
                          split_name(validation), classes, channels, NN_CHANNELS_MAX, NN_CHANNELS_MAX);
    struct work w = { .data = data, .survey = out, .validation = validation };
    enum edgel_status status = EDGEL_OK;
    if (!take_memory(out, &w))
        status = edgel_fail(err, EDGEL_ENOMEM, "survey of %zu samples: out of memory", out->n);
    if (status == EDGEL_OK)
        status = look_at_all(&w, pool, err);
    edgel_free(w.soft);
    edgel_free(w.sums);
    edgel_free(w.sum);
    edgel_free(w.square);
    return status;
}

void edgel_survey_finish(struct edgel_survey *v)
{
    if (!v)
        return;
    edgel_free(v->w);
    edgel_free(v->h);
    edgel_free(v->pixels);
    edgel_free(v->ignored);
    edgel_free(v->total);
    edgel_free(v->mean);
    edgel_free(v->deviation);
    *v = (struct edgel_survey){ 0 };
}
