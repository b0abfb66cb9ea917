/*
 * The bank: what a pixel looks like at several scales. The rows that are asked for are cut out of the image with as
 * many rows around them as the widest smoothing and the differences reach (or as the image has), so that the rows in
 * the middle are those of the whole image. Each scale smooths the gray plane once; the features of the scale read that.
 *
 * A feature is one row of the table; a new one is a function from a scale's planes to its values.
 */
#include "core/core_priv.h"
#include "edgel/ml_features.h"
#include "filter/filter_priv.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* The planes of one scale over the rows that were cut out. */
struct scale {
    struct edgel_scratch *scratch;
    double sigma;
    struct edgel_view gray;     /* F32: v */
    struct edgel_image smooth;  /* G */
    struct edgel_image made[3]; /* room for what a feature makes of it */
    int first, count;           /* rows of the planes that are asked for */
    float *values;              /* of the first pixel: the feature's first value */
    int step;                   /* floats from pixel to pixel */
};

static const float *row_of(const struct edgel_image *plane, int y)
{
    y = y < 0 ? 0 : y >= plane->h ? plane->h - 1 : y;
    return (const float *)((const char *)plane->data + y * plane->stride);
}

static float *row_to(struct edgel_image *plane, int y)
{
    return (float *)((char *)plane->data + y * plane->stride);
}

static float *values_of(const struct scale *s, int y)
{
    return s->values + (size_t)y * (size_t)s->gray.w * (size_t)s->step;
}

/* Derivatives at (x, y) of G. */
struct slopes {
    float x, y;
};
struct bends {
    float xx, xy, yy;
};

static struct slopes slopes_at(const struct edgel_image *g, int x, int y)
{
    const float *at = row_of(g, y), *up = row_of(g, y - 1), *down = row_of(g, y + 1);
    const int left = x > 0 ? x - 1 : 0, right = x < g->w - 1 ? x + 1 : x;
    return (struct slopes){ (at[right] - at[left]) * 0.5F, (down[x] - up[x]) * 0.5F };
}

static struct bends bends_at(const struct edgel_image *g, int x, int y)
{
    const int above = y > 0 ? y - 1 : 0, below = y < g->h - 1 ? y + 1 : y;
    const int left = x > 0 ? x - 1 : 0, right = x < g->w - 1 ? x + 1 : x;
    const struct slopes l = slopes_at(g, left, y), r = slopes_at(g, right, y);
    const struct slopes u = slopes_at(g, x, above), d = slopes_at(g, x, below);
    return (struct bends){ (r.x - l.x) * 0.5F, (d.x - u.x) * 0.5F, (d.y - u.y) * 0.5F };
}

/* Of (a b; b c): (a + c) / 2 +- sqrt(((a - c) / 2)^2 + b^2). */
static void eigenvalues(float a, float b, float c, float *to)
{
    const float half = (a - c) * 0.5F, middle = (a + c) * 0.5F, away = sqrtf(half * half + b * b);
    to[0] = middle + away;
    to[1] = middle - away;
}

static enum edgel_status gaussian(struct scale *s, struct edgel_error *err)
{
    (void)err;
    for (int y = 0; y < s->count; y++) {
        const float *from = row_of(&s->smooth, s->first + y);
        float *to = values_of(s, y);
        for (int x = 0; x < s->gray.w; x++, to += s->step)
            *to = from[x];
    }
    return EDGEL_OK;
}

static enum edgel_status gradient(struct scale *s, struct edgel_error *err)
{
    (void)err;
    for (int y = 0; y < s->count; y++) {
        float *to = values_of(s, y);
        for (int x = 0; x < s->gray.w; x++, to += s->step) {
            const struct slopes d = slopes_at(&s->smooth, x, s->first + y);
            *to = sqrtf(d.x * d.x + d.y * d.y);
        }
    }
    return EDGEL_OK;
}

static enum edgel_status laplacian(struct scale *s, struct edgel_error *err)
{
    (void)err;
    for (int y = 0; y < s->count; y++) {
        float *to = values_of(s, y);
        for (int x = 0; x < s->gray.w; x++, to += s->step) {
            const struct bends d = bends_at(&s->smooth, x, s->first + y);
            *to = d.xx + d.yy;
        }
    }
    return EDGEL_OK;
}

static enum edgel_status hessian(struct scale *s, struct edgel_error *err)
{
    (void)err;
    for (int y = 0; y < s->count; y++) {
        float *to = values_of(s, y);
        for (int x = 0; x < s->gray.w; x++, to += s->step) {
            const struct bends d = bends_at(&s->smooth, x, s->first + y);
            eigenvalues(d.xx, d.xy, d.yy, to);
        }
    }
    return EDGEL_OK;
}

/* Smooths plane k of `made` by the scale's sigma, in place. */
static enum edgel_status smooth_made(struct scale *s, int k, struct edgel_error *err)
{
    struct edgel_image out = { 0 };
    enum edgel_status status =
        edgel_gaussian(s->scratch, edgel_image_view(&s->made[k]), &out, s->sigma, 0, err);
    edgel_image_finish(&s->made[k]);
    s->made[k] = out;
    return status;
}

static enum edgel_status structure(struct scale *s, struct edgel_error *err)
{
    const int w = s->gray.w, h = s->gray.h;
    for (int k = 0; k < 3; k++)
        EDGEL_TRY(edgel_image_init(&s->made[k], w, h, 1, EDGEL_F32, err));
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            const struct slopes d = slopes_at(&s->smooth, x, y);
            row_to(&s->made[0], y)[x] = d.x * d.x;
            row_to(&s->made[1], y)[x] = d.x * d.y;
            row_to(&s->made[2], y)[x] = d.y * d.y;
        }
    for (int k = 0; k < 3; k++)
        EDGEL_TRY(smooth_made(s, k, err));
    for (int y = 0; y < s->count; y++) {
        float *to = values_of(s, y);
        for (int x = 0; x < w; x++, to += s->step)
            eigenvalues(row_of(&s->made[0], s->first + y)[x], row_of(&s->made[1], s->first + y)[x],
                        row_of(&s->made[2], s->first + y)[x], to);
    }
    return EDGEL_OK;
}

static enum edgel_status deviation(struct scale *s, struct edgel_error *err)
{
    const int w = s->gray.w;
    EDGEL_TRY(edgel_image_init(&s->made[0], w, s->gray.h, 1, EDGEL_F32, err));
    for (int y = 0; y < s->gray.h; y++) {
        const float *from = (const float *)((const char *)s->gray.data + y * s->gray.stride);
        for (int x = 0; x < w; x++)
            row_to(&s->made[0], y)[x] = from[x] * from[x];
    }
    EDGEL_TRY(smooth_made(s, 0, err));
    for (int y = 0; y < s->count; y++) {
        const float *square = row_of(&s->made[0], s->first + y), *mean = row_of(&s->smooth, s->first + y);
        float *to = values_of(s, y);
        for (int x = 0; x < w; x++, to += s->step) {
            const float variance = square[x] - mean[x] * mean[x];
            *to = variance > 0 ? sqrtf(variance) : 0;
        }
    }
    return EDGEL_OK;
}

static const double NARROWER = 0.66;

static enum edgel_status difference(struct scale *s, struct edgel_error *err)
{
    EDGEL_TRY(edgel_gaussian(s->scratch, s->gray, &s->made[0], NARROWER * s->sigma, 0, err));
    for (int y = 0; y < s->count; y++) {
        const float *narrow = row_of(&s->made[0], s->first + y), *wide = row_of(&s->smooth, s->first + y);
        float *to = values_of(s, y);
        for (int x = 0; x < s->gray.w; x++, to += s->step)
            *to = wide[x] - narrow[x];
    }
    return EDGEL_OK;
}

static const struct feature_row {
    const char *name, *summary;
    const char *parts[2]; /* names of its values; the second NULL: there is one. None: colour */
    enum edgel_status (*make)(struct scale *s, struct edgel_error *err);
} rows[EDGEL_BANK_FEATURES] = {
    [EDGEL_BANK_COLOUR] = { "colour", "The pixel's own value: gray, or red, green and blue.", { 0 }, NULL },
    [EDGEL_BANK_GAUSSIAN] = { "gaussian", "The smoothed value.", { "" }, gaussian },
    [EDGEL_BANK_GRADIENT] = { "gradient", "How steep it is: edges.", { "" }, gradient },
    [EDGEL_BANK_LAPLACIAN] = { "laplacian",
                               "How bent it is: blobs, both sides of edges.",
                               { "" },
                               laplacian },
    [EDGEL_BANK_HESSIAN] = { "hessian",
                             "Bends along and across: lines and blobs.",
                             { "larger", "smaller" },
                             hessian },
    [EDGEL_BANK_STRUCTURE] = { "structure",
                               "Gradients of the neighbourhood: edges, corners, texture.",
                               { "larger", "smaller" },
                               structure },
    [EDGEL_BANK_DEVIATION] = { "deviation",
                               "How much the neighbourhood varies: texture.",
                               { "" },
                               deviation },
    [EDGEL_BANK_DIFFERENCE] = { "difference", "Of two smoothings: details of one size.", { "" }, difference },
};

const char *edgel_bank_feature_name(enum edgel_bank_feature feature)
{
    return (int)feature >= 0 && feature < EDGEL_BANK_FEATURES ? rows[feature].name : NULL;
}

const char *edgel_bank_feature_summary(enum edgel_bank_feature feature)
{
    return (int)feature >= 0 && feature < EDGEL_BANK_FEATURES ? rows[feature].summary : NULL;
}

void edgel_bank_params_init(struct edgel_bank_params *params)
{
    *params = (struct edgel_bank_params){ .sigma = { 0.7, 1, 1.6, 3.5, 5, 10 },
                                          .scales = 6,
                                          .features = (1U << EDGEL_BANK_FEATURES) - 1 };
}

static enum edgel_status check(const struct edgel_bank_params *p, int channels, struct edgel_error *err)
{
    if (channels != 1 && channels != 3)
        return edgel_fail(err, EDGEL_EINVAL, "features of %d channels: must be 1 or 3", channels);
    if (p->features == 0 || p->features >> EDGEL_BANK_FEATURES)
        return edgel_fail(err, EDGEL_EINVAL, "features: at least one, and none that is not known");
    if (p->scales < 1 || p->scales > EDGEL_BANK_SCALES_MAX)
        return edgel_fail(err, EDGEL_EINVAL, "%d scales: must be 1..%d", p->scales,
                          (int)EDGEL_BANK_SCALES_MAX);
    for (int k = 0; k < p->scales; k++)
        if (!(p->sigma[k] >= 0.3 && p->sigma[k] <= 50) || (k > 0 && !(p->sigma[k] > p->sigma[k - 1])))
            return edgel_fail(err, EDGEL_EINVAL, "sigma %g: must be 0.3..50 and above the one before",
                              p->sigma[k]);
    return EDGEL_OK;
}

static int parts_of(const struct feature_row *row)
{
    return row->parts[1] ? 2 : 1;
}

int edgel_bank_values(const struct edgel_bank_params *params, int channels)
{
    if (!params || check(params, channels, NULL) != EDGEL_OK)
        return 0;
    int n = params->features & 1U << EDGEL_BANK_COLOUR ? channels : 0;
    for (int f = EDGEL_BANK_COLOUR + 1; f < EDGEL_BANK_FEATURES; f++)
        if (params->features & 1U << f)
            n += params->scales * parts_of(&rows[f]);
    return n;
}

enum edgel_status edgel_bank_value_name(const struct edgel_bank_params *params, int channels, int k,
                                        char *name, struct edgel_error *err)
{
    EDGEL_REQUIRE(params);
    EDGEL_REQUIRE(name);
    EDGEL_TRY(check(params, channels, err));
    static const char *const colours[] = { "red", "green", "blue" };
    int left = k;
    if (params->features & 1U << EDGEL_BANK_COLOUR) {
        if (left >= 0 && left < channels) {
            (void)snprintf(name, EDGEL_BANK_FEATURE_NAME_MAX, "%s", channels == 1 ? "gray" : colours[left]);
            return EDGEL_OK;
        }
        left -= channels;
    }
    for (int s = 0; left >= 0 && s < params->scales; s++)
        for (int f = EDGEL_BANK_COLOUR + 1; f < EDGEL_BANK_FEATURES; f++)
            for (int part = 0; params->features & 1U << f && part < parts_of(&rows[f]); part++)
                if (left-- == 0) {
                    struct edgel_text sigma = { 0 };
                    edgel_text_general(&sigma, params->sigma[s], 0);
                    const char *which = rows[f].parts[part];
                    (void)snprintf(name, EDGEL_BANK_FEATURE_NAME_MAX, "%s %s%s%s", rows[f].name,
                                   sigma.s ? sigma.s : "", which[0] ? " " : "", which);
                    const bool failed = sigma.failed;
                    edgel_text_finish(&sigma);
                    return failed ? edgel_no_memory(err, "a feature's name") : EDGEL_OK;
                }
    return edgel_fail(err, EDGEL_EINVAL, "value %d of the features: there is no such one", k);
}

/* --- the bank --- */

/* Rows that the values of a row depend on, to either side: two smoothings (each reaches (round(8 sigma + 1) | 1) / 2
 * rows) and two differences. */
static int reach_of(const struct edgel_bank_params *p)
{
    return 2 * ((int)floor(4 * p->sigma[p->scales - 1]) + 2) + 3;
}

static float gray_of(const float *const planes[3], int channels, size_t i)
{
    if (channels == 1)
        return planes[0][i];
    return (9797.0F * planes[0][i] + 19234.0F * planes[1][i] + 3737.0F * planes[2][i]) / 32768.0F;
}

static enum edgel_status make_scale(struct scale *s, const struct edgel_bank_params *p, int *at,
                                    float *values, struct edgel_error *err)
{
    EDGEL_TRY(edgel_gaussian(s->scratch, s->gray, &s->smooth, s->sigma, 0, err));
    for (int f = EDGEL_BANK_COLOUR + 1; f < EDGEL_BANK_FEATURES; f++) {
        if (!(p->features & 1U << f))
            continue;
        s->values = values + *at;
        EDGEL_TRY(rows[f].make(s, err));
        *at += parts_of(&rows[f]);
    }
    return EDGEL_OK;
}

enum edgel_status edgel_bank(struct edgel_scratch *scratch, struct edgel_view image,
                             const struct edgel_bank_params *params, int first, int count, float *values,
                             struct edgel_error *err)
{
    EDGEL_REQUIRE(params);
    EDGEL_REQUIRE(values);
    EDGEL_TRY(edgel_view_check("features", image, 3, err));
    EDGEL_TRY(check(params, image.channels, err));
    if (first < 0 || count < 1 || first > image.h - count)
        return edgel_fail(err, EDGEL_EINVAL, "features: rows %d to %d of an image of %d rows", first,
                          first + count - 1, image.h);
    const int reach = reach_of(params), w = image.w, channels = image.channels;
    const int top = first > reach ? first - reach : 0;
    const int bottom = image.h - first - count > reach ? first + count + reach : image.h;
    const size_t plane = (size_t)w * (size_t)(bottom - top);
    struct scale s = {
        .scratch = scratch, .first = first - top, .count = count, .step = edgel_bank_values(params, channels)
    };
    struct edgel_image gray = { 0 };
    float *planes = edgel_alloc(plane, (size_t)channels * sizeof *planes);
    enum edgel_status status = planes ? EDGEL_OK : edgel_no_memory(err, "features");
    if (status == EDGEL_OK)
        status = edgel_image_planes(image, channels, 0, top, w, bottom - top, planes, err);
    if (status == EDGEL_OK)
        status = edgel_image_init(&gray, w, bottom - top, 1, EDGEL_F32, err);
    if (status != EDGEL_OK)
        goto out;
    const float *const each[3] = { planes, channels == 3 ? planes + plane : planes,
                                   channels == 3 ? planes + 2 * plane : planes };
    for (int y = 0; y < bottom - top; y++)
        for (int x = 0; x < w; x++)
            row_to(&gray, y)[x] = gray_of(each, channels, (size_t)y * (size_t)w + (size_t)x);
    s.gray = edgel_image_view(&gray);
    int at = 0;
    if (params->features & 1U << EDGEL_BANK_COLOUR) {
        for (int c = 0; c < channels; c++)
            for (size_t i = 0; i < (size_t)w * (size_t)count; i++)
                values[i * (size_t)s.step + (size_t)c] = each[c][(size_t)s.first * (size_t)w + i];
        at = channels;
    }
    for (int k = 0; status == EDGEL_OK && k < params->scales; k++) {
        s.sigma = params->sigma[k];
        status = make_scale(&s, params, &at, values, err);
    }
out:
    for (int k = 0; k < 3; k++)
        edgel_image_finish(&s.made[k]);
    edgel_image_finish(&s.smooth);
    edgel_image_finish(&gray);
    edgel_free(planes);
    return status;
}
