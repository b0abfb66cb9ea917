/*
 * Mean field of a dense CRF: each iteration sums the probabilities over all pixels with both kernels, weighs classes by
 * their compatibility, and makes probabilities of the sums again. A kernel is a lattice over places (k1) or over places
 * and samples (k2), or for small images the sum over all pairs itself.
 */
#include "core/core_priv.h"
#include "edgel/ml_crf.h"
#include "filter/filter_priv.h"
#include "ml/lattice.h"
#include <math.h>
#include <string.h>

enum { KERNELS = 2, PARTS = 64 };

struct kernel {
    double weight;
    int d;
    float *points;             /* [n][d]: in deviations; kept for exact sums alone */
    struct ml_lattice lattice; /* zeroed for exact sums */
    float *scale;              /* [n]: 1 / sqrt of the sum of a pixel's weights */
};

struct field {
    size_t n, classes;
    const struct edgel_crf_params *p;
    struct kernel kernels[KERNELS];
    float *logs;   /* [n][classes]: log P */
    float *q;      /* [n][classes] */
    float *scaled; /* [n][classes]: what a kernel sums */
    float *sums;   /* [n][classes]: one kernel's */
    float *total;  /* [n][classes]: weighted sums of both */
    float *room;   /* of the lattices */
    struct edgel_pool *pool;
    const struct kernel *at;
    struct edgel_numeric numeric;
};

void edgel_crf_params_init(struct edgel_crf_params *params)
{
    *params = (struct edgel_crf_params){ .smooth_weight = 3,
                                         .smooth_sigma = 3,
                                         .colour_weight = 10,
                                         .colour_sigma = 60,
                                         .gray_sigma = 10,
                                         .iterations = 5 };
}

static enum edgel_status check(struct edgel_view image, const struct edgel_crf_params *p, int classes,
                               struct edgel_error *err)
{
    EDGEL_TRY(edgel_view_check("CRF", image, 3, err));
    if (image.channels == 2)
        return edgel_fail(err, EDGEL_EINVAL, "CRF: 2 channels: must be 1 or 3");
    if (classes < 2 || classes > EDGEL_CRF_CLASSES_MAX)
        return edgel_fail(err, EDGEL_EINVAL, "CRF: %d classes: must be 2..%d", classes,
                          (int)EDGEL_CRF_CLASSES_MAX);
    const struct {
        const char *what;
        double value;
        bool above;
    } values[] = { { "smooth_weight", p->smooth_weight, false },
                   { "smooth_sigma", p->smooth_sigma, true },
                   { "colour_weight", p->colour_weight, false },
                   { "colour_sigma", p->colour_sigma, true },
                   { "gray_sigma", p->gray_sigma, true } };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        if (!(values[i].value >= (values[i].above ? 0.01 : 0) && values[i].value <= 1e6))
            return edgel_fail(err, EDGEL_EINVAL, "CRF: %s %g: must be %s..1000000", values[i].what,
                              values[i].value, values[i].above ? "0.01" : "0");
    if (p->iterations < 1 || p->iterations > 1000)
        return edgel_fail(err, EDGEL_EINVAL, "CRF: %d iterations: must be 1..1000", p->iterations);
    for (int i = 0; p->compatibility && i < classes * classes; i++)
        if (!(fabs(p->compatibility[i]) <= 1e6))
            return edgel_fail(err, EDGEL_EINVAL,
                              "CRF: compatibility of classes %d and %d: must be at most 10^6", i / classes,
                              i % classes);
    if (p->exact && (int64_t)image.w * image.h > EDGEL_CRF_EXACT_PIXELS_MAX)
        return edgel_fail(err, EDGEL_EINVAL, "CRF: exact sums over %dx%d pixels: at most %d", image.w,
                          image.h, (int)EDGEL_CRF_EXACT_PIXELS_MAX);
    return EDGEL_OK;
}

static double sample_of(struct edgel_view v, int x, int y, int c)
{
    const char *row = (const char *)v.data + y * v.stride;
    const int i = x * v.channels + c;
    return v.type == EDGEL_U8    ? ((const uint8_t *)row)[i]
           : v.type == EDGEL_U16 ? ((const uint16_t *)row)[i] / 257.0
                                 : 255.0 * (double)((const float *)row)[i];
}

/* Points of the pixels: places, and with gray_sigma above 0 samples. */
static float *points_of(struct edgel_view image, double sigma, double gray_sigma, int *d)
{
    *d = 2 + (gray_sigma > 0 ? image.channels : 0);
    float *points = edgel_alloc((size_t)image.w * (size_t)image.h, (size_t)*d * sizeof *points), *to = points;
    for (int y = 0; points && y < image.h; y++)
        for (int x = 0; x < image.w; x++, to += *d) {
            to[0] = (float)(x / sigma);
            to[1] = (float)(y / sigma);
            for (int c = 0; c < *d - 2; c++)
                to[2 + c] = (float)(sample_of(image, x, y, c) / gray_sigma);
        }
    return points;
}

/* out[i] = sum_j k(i, j) in[j] over all pairs. */
static void sum_pairs(const struct kernel *k, size_t n, const float *in, float *out, size_t channels)
{
    for (size_t i = 0; i < n; i++) {
        double sums[EDGEL_CRF_CLASSES_MAX] = { 0 };
        for (size_t j = 0; j < n; j++) {
            double square = 0;
            for (int a = 0; a < k->d; a++) {
                const double away = (double)k->points[i * (size_t)k->d + (size_t)a] -
                                    (double)k->points[j * (size_t)k->d + (size_t)a];
                square += away * away;
            }
            const double weight = edgel_exp(-square / 2);
            for (size_t c = 0; c < channels; c++)
                sums[c] += weight * (double)in[j * channels + c];
        }
        for (size_t c = 0; c < channels; c++)
            out[i * channels + c] = (float)sums[c];
    }
}

static void apply(const struct field *f, const struct kernel *k, const float *in, float *out, size_t channels)
{
    if (f->p->exact)
        sum_pairs(k, f->n, in, out, channels);
    else
        ml_lattice_filter(&k->lattice, in, out, (int)channels, f->room, f->pool);
}

static enum edgel_status kernel_init(struct field *f, struct kernel *k, struct edgel_view image,
                                     double weight, double sigma, double gray_sigma, struct edgel_error *err)
{
    k->weight = weight;
    k->points = points_of(image, sigma, gray_sigma, &k->d);
    k->scale = edgel_alloc(f->n, sizeof *k->scale);
    if (!k->points || !k->scale)
        return edgel_no_memory(err, "CRF");
    if (f->p->exact)
        return EDGEL_OK;
    EDGEL_TRY(ml_lattice_init(&k->lattice, k->points, f->n, k->d, err));
    edgel_free(k->points);
    k->points = NULL;
    return EDGEL_OK;
}

static void find_scale(struct field *f, struct kernel *k)
{
    for (size_t i = 0; i < f->n; i++)
        f->scaled[i] = 1;
    apply(f, k, f->scaled, k->scale, 1);
    for (size_t i = 0; i < f->n; i++)
        k->scale[i] = 1 / sqrtf(k->scale[i] + 1e-20F);
}

static void scale_part(void *user, int thread, size_t part)
{
    (void)thread;
    const struct field *f = user;
    for (size_t i = f->n * part / PARTS; i < f->n * (part + 1) / PARTS; i++)
        for (size_t c = 0; c < f->classes; c++)
            f->scaled[i * f->classes + c] = f->q[i * f->classes + c] * f->at->scale[i];
}

static void gather_part(void *user, int thread, size_t part)
{
    (void)thread;
    const struct field *f = user;
    const bool first = f->at == f->kernels;
    const float weight = (float)f->at->weight;
    for (size_t i = f->n * part / PARTS; i < f->n * (part + 1) / PARTS; i++)
        for (size_t c = 0; c < f->classes; c++) {
            const float v = weight * f->at->scale[i] * f->sums[i * f->classes + c];
            float *to = &f->total[i * f->classes + c];
            *to = first ? v : *to + v;
        }
}

/* Q from the sums: softmax of log P and what the neighbours add. */
static void update_part(void *user, int thread, size_t part)
{
    (void)thread;
    const struct field *f = user;
    const size_t classes = f->classes;
    for (size_t i = f->n * part / PARTS; i < f->n * (part + 1) / PARTS; i++) {
        const float *total = f->total + i * classes;
        float *q = f->q + i * classes, top = -INFINITY, sum = 0;
        for (size_t l = 0; l < classes; l++) {
            float gain = total[l];
            if (f->p->compatibility) {
                double by_class = 0;
                for (size_t k = 0; k < classes; k++)
                    by_class += f->p->compatibility[l * classes + k] * (double)total[k];
                gain = (float)by_class;
            }
            q[l] = f->logs[i * classes + l] + gain;
            top = q[l] > top ? q[l] : top;
        }
        for (size_t l = 0; l < classes; l++)
            q[l] -= top;
        f->numeric.exp(q, q, classes);
        for (size_t l = 0; l < classes; l++)
            sum += q[l];
        for (size_t l = 0; l < classes; l++)
            q[l] /= sum;
    }
}

static enum edgel_status allocate(struct field *f, struct edgel_error *err)
{
    size_t vertices = 0;
    for (int k = 0; k < KERNELS; k++)
        vertices = f->kernels[k].lattice.vertices > vertices ? f->kernels[k].lattice.vertices : vertices;
    float **const planes[] = { &f->logs, &f->q, &f->scaled, &f->sums, &f->total };
    for (size_t i = 0; i < sizeof planes / sizeof *planes; i++)
        if (!(*planes[i] = edgel_alloc(f->n, f->classes * sizeof **planes)))
            return edgel_no_memory(err, "CRF");
    if (!f->p->exact && !(f->room = edgel_alloc(vertices + 1, 2 * f->classes * sizeof *f->room)))
        return edgel_no_memory(err, "CRF");
    return EDGEL_OK;
}

static enum edgel_status begin(struct field *f, struct edgel_view image, const float *probabilities,
                               struct edgel_error *err)
{
    const struct edgel_crf_params *p = f->p;
    EDGEL_TRY(kernel_init(f, &f->kernels[0], image, p->smooth_weight, p->smooth_sigma, 0, err));
    EDGEL_TRY(kernel_init(f, &f->kernels[1], image, p->colour_weight, p->colour_sigma, p->gray_sigma, err));
    EDGEL_TRY(allocate(f, err));
    edgel_numeric_init(&f->numeric, edgel_cpu_flags());
    for (size_t i = 0; i < f->n * f->classes; i++) {
        if (!(probabilities[i] >= 0 && probabilities[i] <= 1))
            return edgel_fail(err, EDGEL_EINVAL, "CRF: probability of pixel %zu, class %zu: must be 0..1",
                              i / f->classes, i % f->classes);
        f->logs[i] = probabilities[i] > 1e-6F ? probabilities[i] : 1e-6F;
        f->q[i] = probabilities[i];
    }
    f->numeric.log(f->logs, f->logs, f->n * f->classes);
    for (int k = 0; k < KERNELS; k++)
        find_scale(f, &f->kernels[k]);
    return EDGEL_OK;
}

static void finish(struct field *f)
{
    for (int k = 0; k < KERNELS; k++) {
        edgel_free(f->kernels[k].points);
        edgel_free(f->kernels[k].scale);
        ml_lattice_finish(&f->kernels[k].lattice);
    }
    edgel_free(f->logs);
    edgel_free(f->q);
    edgel_free(f->scaled);
    edgel_free(f->sums);
    edgel_free(f->total);
    edgel_free(f->room);
}

enum edgel_status edgel_crf(struct edgel_view image, const struct edgel_crf_params *params, int classes,
                            float *probabilities, struct edgel_pool *pool, struct edgel_error *err)
{
    EDGEL_REQUIRE(params);
    EDGEL_REQUIRE(probabilities);
    EDGEL_TRY(check(image, params, classes, err));
    struct field f = {
        .n = (size_t)image.w * (size_t)image.h, .classes = (size_t)classes, .p = params, .pool = pool
    };
    enum edgel_status s = begin(&f, image, probabilities, err);
    for (int i = 0; s == EDGEL_OK && i < params->iterations; i++) {
        for (int k = 0; k < KERNELS; k++) {
            f.at = &f.kernels[k];
            edgel_pool_run(pool, PARTS, scale_part, &f);
            apply(&f, f.at, f.scaled, f.sums, f.classes);
            edgel_pool_run(pool, PARTS, gather_part, &f);
        }
        edgel_pool_run(pool, PARTS, update_part, &f);
    }
    if (s == EDGEL_OK)
        memcpy(probabilities, f.q, f.n * f.classes * sizeof *probabilities);
    finish(&f);
    return s;
}
