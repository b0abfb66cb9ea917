/*
 * The colour step of augmentation, on the finished crop: colour noise and brightness (an offset for each channel),
 * contrast, gamma, blur, noise, in this order; the formulas are in edgel/nn_sample.h. Single precision; sums and
 * factors in double.
 *
 * Powers are exp(e log v) by the project's own row functions. Normal numbers for the noise come in pairs by Marsaglia's
 * polar method: (x, y) even in the unit disk, s = x^2 + y^2, both times sqrt(-2 log(s) / s). Colour noise is L z with
 * the Cholesky factor L of the covariance, which has the same distribution as noise along its eigenvectors.
 */
#include "nn/training/train_priv.h"
#include <math.h>
#include <string.h>

enum {
    BLUR_TAPS_MAX = 31, /* 2 * ceil(3 * 5) + 1 */
    PAIRS = 256         /* of normal numbers, drawn at once */
};

/* A pivot that is 0 but for rounding has a column of zeros: the matrix is only semi-definite. */
void nn_cholesky(int n, const double covariance[3][3], double out[3][3])
{
    memset(out, 0, sizeof(double[3][3]));
    for (int k = 0; k < n; k++) {
        double pivot = covariance[k][k];
        for (int j = 0; j < k; j++)
            pivot -= out[k][j] * out[k][j];
        if (!(pivot > 1e-12 * covariance[k][k]))
            continue;
        out[k][k] = sqrt(pivot);
        for (int i = k + 1; i < n; i++) {
            double v = covariance[i][k];
            for (int j = 0; j < k; j++)
                v -= out[i][j] * out[k][j];
            out[i][k] = v / out[k][k];
        }
    }
}

/* --- the changes --- */

/* Even in -amount..amount. */
static double draw(uint64_t seed, enum nn_stream stream, double amount)
{
    struct edgel_rng r = edgel_rng_seed(seed, stream, 0, 0);
    return amount * (2 * edgel_rng_uniform(&r) - 1);
}

static float *plane_of(const struct edgel_sample *s, int c)
{
    return s->image + (size_t)c * (size_t)s->w * (size_t)s->h;
}

static size_t plane_size(const struct edgel_sample *s)
{
    return (size_t)s->w * (size_t)s->h;
}

static void brightness(const struct edgel_augment *a, uint64_t seed, int channels, struct nn_light *l)
{
    (void)channels;
    const double by = draw(seed, NN_STREAM_BRIGHTNESS, a->brightness);
    l->rest += by;
    for (int c = 0; c < 3; c++)
        l->channel[c] += by;
}

static void colour(const struct edgel_augment *a, uint64_t seed, int channels, struct nn_light *l)
{
    struct edgel_rng r = edgel_rng_seed(seed, NN_STREAM_COLOUR, 0, 0);
    double factor[3][3], z[3];
    nn_cholesky(channels, a->covariance, factor);
    for (int k = 0; k < 3; k++)
        z[k] = a->colour * edgel_rng_normal(&r);
    for (int c = 0; c < channels; c++)
        for (int k = 0; k <= c; k++)
            l->channel[c] += factor[c][k] * z[k];
}

void nn_light_add(const struct nn_light *l, struct edgel_sample *s)
{
    for (int c = 0; c < s->channels; c++) {
        const float by = (float)(c < 3 ? l->channel[c] : l->rest);
        float *v = plane_of(s, c);
        for (size_t i = 0; i < plane_size(s); i++)
            v[i] += by;
    }
}

static enum edgel_status contrast(double amount, uint64_t seed, struct edgel_sample *s,
                                  struct edgel_arena *arena, struct edgel_error *err)
{
    (void)arena;
    (void)err;
    const size_t n = plane_size(s) * (size_t)s->channels;
    const float factor = (float)(1 + draw(seed, NN_STREAM_CONTRAST, amount));
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)s->image[i];
    const float mean = (float)(sum / (double)n);
    for (size_t i = 0; i < n; i++)
        s->image[i] = mean + (s->image[i] - mean) * factor;
    return EDGEL_OK;
}

void nn_limit(struct edgel_sample *s)
{
    const size_t n = plane_size(s) * (size_t)s->channels;
    for (size_t i = 0; i < n; i++)
        s->image[i] = s->image[i] < 0 ? 0 : s->image[i] > 1 ? 1 : s->image[i];
}

/* 0 stays 0: log 0 is -inf, exp of it 0. */
static enum edgel_status gamma_curve(double amount, uint64_t seed, struct edgel_sample *s,
                                     struct edgel_arena *arena, struct edgel_error *err)
{
    (void)arena;
    (void)err;
    struct edgel_numeric rows;
    edgel_numeric_init(&rows, edgel_cpu_flags());
    const size_t n = plane_size(s) * (size_t)s->channels;
    const float exponent = (float)edgel_exp(draw(seed, NN_STREAM_GAMMA, 1) * edgel_ln(1 + amount));
    nn_limit(s);
    rows.log(s->image, s->image, n);
    for (size_t i = 0; i < n; i++)
        s->image[i] *= exponent;
    rows.exp(s->image, s->image, n);
    return EDGEL_OK;
}

/* --- blur --- */

/* taps[radius] is the middle one. */
static int make_taps(double sigma, float taps[BLUR_TAPS_MAX])
{
    const int radius = (int)ceil(3 * sigma);
    double v[BLUR_TAPS_MAX], sum = 0;
    for (int k = -radius; k <= radius; k++) {
        v[k + radius] = sigma > 0 ? edgel_exp(-k * k / (2 * sigma * sigma)) : 1;
        sum += v[k + radius];
    }
    for (int k = 0; k <= 2 * radius; k++)
        taps[k] = (float)(v[k] / sum);
    return radius;
}

/* row has room for 2 radius more than w. */
static void blur_row(const float *from, float *row, float *to, int w, const float *taps, int radius)
{
    for (int x = -radius; x < w + radius; x++)
        row[x + radius] = from[nn_reflect(x, w)];
    for (int x = 0; x < w; x++)
        to[x] = row[x] * taps[0];
    for (int k = 1; k <= 2 * radius; k++)
        for (int x = 0; x < w; x++)
            to[x] += row[x + k] * taps[k];
}

static void blur_plane(float *plane, float *row, float *temporary, int w, int h, const float *taps,
                       int radius)
{
    for (int y = 0; y < h; y++)
        blur_row(plane + (size_t)y * (size_t)w, row, temporary + (size_t)y * (size_t)w, w, taps, radius);
    for (int y = 0; y < h; y++) {
        float *to = plane + (size_t)y * (size_t)w;
        for (int k = 0; k <= 2 * radius; k++) {
            const float *from = temporary + (size_t)nn_reflect(y + k - radius, h) * (size_t)w;
            for (int x = 0; x < w; x++)
                to[x] = (k == 0 ? 0 : to[x]) + from[x] * taps[k];
        }
    }
}

static enum edgel_status blur(double amount, uint64_t seed, struct edgel_sample *s, struct edgel_arena *arena,
                              struct edgel_error *err)
{
    struct edgel_rng r = edgel_rng_seed(seed, NN_STREAM_BLUR, 0, 0);
    float taps[BLUR_TAPS_MAX];
    const int radius = make_taps(amount * edgel_rng_uniform(&r), taps);
    float *row = edgel_arena_alloc(arena, (size_t)s->w + BLUR_TAPS_MAX, sizeof *row);
    float *temporary = edgel_arena_alloc(arena, plane_size(s), sizeof *temporary);
    if (!row || !temporary)
        return edgel_fail(err, EDGEL_ENOMEM, "augment blur: out of memory");
    for (int c = 0; c < s->channels; c++)
        blur_plane(plane_of(s, c), row, temporary, s->w, s->h, taps, radius);
    return EDGEL_OK;
}

/* --- noise --- */

/* Fills x and y with points in the unit disk, square with x^2 + y^2; both coordinates, multiples of 2^-31 in -1..1,
 * come from one random number. */
static void draw_points(struct edgel_rng *r, float x[PAIRS], float y[PAIRS], float square[PAIRS])
{
    for (int i = 0; i < PAIRS;) {
        const uint64_t bits = edgel_rng_next(r);
        x[i] = (float)((int32_t)(uint32_t)bits) * 0x1p-31f;
        y[i] = (float)((int32_t)(uint32_t)(bits >> 32)) * 0x1p-31f;
        square[i] = x[i] * x[i] + y[i] * y[i];
        i += square[i] < 1 && square[i] > 0;
    }
}

/* 2 PAIRS normal numbers times deviation: the x of all points, then their y. */
static void draw_normal(struct edgel_rng *r, float deviation, float out[2 * PAIRS])
{
    float *x = out, *y = out + PAIRS, square[PAIRS], factor[PAIRS];
    struct edgel_numeric rows;
    edgel_numeric_init(&rows, edgel_cpu_flags());
    draw_points(r, x, y, square);
    rows.log(square, factor, PAIRS);
    for (int i = 0; i < PAIRS; i++) {
        factor[i] = deviation * sqrtf(-2 * factor[i] / square[i]);
        x[i] *= factor[i];
        y[i] *= factor[i];
    }
}

static enum edgel_status noise(double amount, uint64_t seed, struct edgel_sample *s,
                               struct edgel_arena *arena, struct edgel_error *err)
{
    (void)arena;
    (void)err;
    struct edgel_rng r = edgel_rng_seed(seed, NN_STREAM_NOISE, 0, 0);
    const size_t n = plane_size(s) * (size_t)s->channels;
    const float deviation = (float)(amount * edgel_rng_uniform(&r));
    float normal[2 * PAIRS];
    for (size_t i = 0; i < n; i++) {
        if (i % (2 * PAIRS) == 0)
            draw_normal(&r, deviation, normal);
        s->image[i] += normal[i % (2 * PAIRS)];
    }
    return EDGEL_OK;
}

/* --- rows --- */

const struct nn_change nn_brightness = {
    .info = { "brightness", "light added or taken", 0.2, 1, "share of white" },
    .at = offsetof(struct edgel_augment, brightness),
    .light = brightness,
};
const struct nn_change nn_colour = {
    .info = { "colour", "colour noise, along the colours of the training set", 0.1, 4, "deviations" },
    .at = offsetof(struct edgel_augment, colour),
    .light = colour,
};
const struct nn_change nn_contrast = {
    .info = { "contrast", "contrast, more or less", 0.2, 1, "share" },
    .at = offsetof(struct edgel_augment, contrast),
    .image = contrast,
    .turn = 1,
};
const struct nn_change nn_gamma = {
    .info = { "gamma", "gamma curve, up or down", 0.2, 3, "share" },
    .at = offsetof(struct edgel_augment, gamma),
    .image = gamma_curve,
    .turn = 2,
};
const struct nn_change nn_blur = {
    .info = { "blur", "Gaussian blur of a random sigma", 1, 5, "pixels" },
    .at = offsetof(struct edgel_augment, blur),
    .image = blur,
    .turn = 3,
};
const struct nn_change nn_noise = {
    .info = { "noise", "Gaussian noise of a random deviation", 0.05, 1, "share of white" },
    .at = offsetof(struct edgel_augment, noise),
    .image = noise,
    .turn = 4,
};
