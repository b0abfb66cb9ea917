/* The methods of `edgel detect`: one table row each; smoothing, the operator, and its result in the wanted depth. */
#include "filter/filter_priv.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define METHOD(id, sigma, depth)                                                   \
    {                                                                              \
        id, sigma, 0, EDGEL_CANNY_DEFAULTS, EDGEL_EMIT_BINARY, false, false, depth \
    }
enum {
    USES_GRADIENT = EDGEL_USES_SIGMA | EDGEL_USES_NORM | EDGEL_USES_DEPTH | EDGEL_USES_CHANNELS,
    USES_CANNY =
        USES_GRADIENT | EDGEL_USES_APERTURE | EDGEL_USES_THRESHOLDS | EDGEL_USES_NMS | EDGEL_USES_EMIT
};

static const struct edgel_method_info methods[] = {
    { "gaussian", "Gaussian smoothing", EDGEL_USES_SIGMA | EDGEL_USES_DEPTH | EDGEL_USES_CHANNELS,
      METHOD(EDGEL_METHOD_GAUSSIAN, 1.4, 0) },
    { "sobel", "Sobel gradient magnitude", USES_GRADIENT | EDGEL_USES_APERTURE,
      METHOD(EDGEL_METHOD_SOBEL, 0, 0) },
    { "roberts", "Roberts cross gradient magnitude", USES_GRADIENT, METHOD(EDGEL_METHOD_ROBERTS, 0, 0) },
    { "prewitt", "Prewitt gradient magnitude", USES_GRADIENT, METHOD(EDGEL_METHOD_PREWITT, 0, 0) },
    { "scharr", "Scharr gradient magnitude", USES_GRADIENT, METHOD(EDGEL_METHOD_SCHARR, 0, 0) },
    { "canny", "Canny edges: thinned, with two thresholds and hysteresis", USES_CANNY,
      METHOD(EDGEL_METHOD_CANNY, 1.4, 0) },
};

enum { METHODS = sizeof methods / sizeof *methods };

int edgel_method_count(void)
{
    return METHODS;
}

const struct edgel_method_info *edgel_method_info(int i)
{
    return i >= 0 && i < METHODS ? &methods[i] : NULL;
}

const struct edgel_method_info *edgel_method_find(const char *name)
{
    for (int i = 0; i < METHODS; i++)
        if (strcmp(methods[i].name, name) == 0)
            return &methods[i];
    return NULL;
}

static const struct edgel_method_info *info_of(enum edgel_method_id id)
{
    for (int i = 0; i < METHODS; i++)
        if (methods[i].defaults.id == id)
            return &methods[i];
    return NULL;
}

static enum edgel_operator operator_of(enum edgel_method_id id)
{
    switch (id) {
    case EDGEL_METHOD_ROBERTS: return EDGEL_ROBERTS;
    case EDGEL_METHOD_PREWITT: return EDGEL_PREWITT;
    case EDGEL_METHOD_SCHARR: return EDGEL_SCHARR;
    default: return EDGEL_SOBEL;
    }
}

static struct edgel_smoothing smoothing_of(const struct edgel_method *m)
{
    return (struct edgel_smoothing){ m->sigma, m->ksize };
}

static bool smooths(const struct edgel_method *m)
{
    return m->sigma != 0 || m->ksize != 0;
}

static enum edgel_status check_depth(const struct edgel_method *m, const struct edgel_method_info *info,
                                     struct edgel_error *err)
{
    const bool edges = m->id == EDGEL_METHOD_CANNY && m->emit == EDGEL_EMIT_BINARY;
    if (m->depth != 0 && m->depth != 1 && m->depth != 8 && m->depth != 16 && m->depth != 32)
        return edgel_fail(err, EDGEL_EINVAL, "depth %d: must be 1, 8, 16 or 32", m->depth);
    if (m->depth == 1 && !edges)
        return edgel_fail(err, EDGEL_EINVAL, "depth 1: too little for %s%s; only edge maps fit one bit",
                          info->name, m->id == EDGEL_METHOD_CANNY ? " strength" : "");
    return EDGEL_OK;
}

enum edgel_status edgel_method_check(const struct edgel_method *m, struct edgel_error *err)
{
    const struct edgel_method_info *info = info_of(m->id);
    if (!info)
        return edgel_fail(err, EDGEL_EINVAL, "method %d: must be one of the table", (int)m->id);
    if (smooths(m) || m->id == EDGEL_METHOD_GAUSSIAN)
        EDGEL_TRY(edgel_gaussian_check(m->sigma, m->ksize, err));
    if (info->uses & EDGEL_USES_APERTURE)
        EDGEL_TRY(edgel_operator_check(EDGEL_SOBEL, m->canny.aperture, err));
    if ((info->uses & EDGEL_USES_NORM) && m->canny.norm != EDGEL_NORM_L1 && m->canny.norm != EDGEL_NORM_L2)
        return edgel_fail(err, EDGEL_EINVAL, "norm %d: must be L1 or L2", (int)m->canny.norm);
    if (info->uses & EDGEL_USES_THRESHOLDS)
        EDGEL_TRY(edgel_canny_check(&m->canny, err));
    if ((info->uses & EDGEL_USES_EMIT) && m->emit != EDGEL_EMIT_BINARY && m->emit != EDGEL_EMIT_STRENGTH)
        return edgel_fail(err, EDGEL_EINVAL, "emit %d: must be binary or strength", (int)m->emit);
    return check_depth(m, info, err);
}

/* The depth of the result: the asked one, or the method's default for the input. */
static int depth_for(const struct edgel_method *m, enum edgel_type type)
{
    if (m->depth)
        return m->depth;
    if (m->id == EDGEL_METHOD_CANNY)
        return m->emit == EDGEL_EMIT_BINARY ? 1 : 16;
    return type == EDGEL_U8 ? 8 : type == EDGEL_U16 ? 16 : 32;
}

static enum edgel_type type_of_depth(int depth)
{
    return depth == 32 ? EDGEL_F32 : depth == 16 ? EDGEL_U16 : depth == 1 ? EDGEL_U1 : EDGEL_U8;
}

/* v, where `white` stands for the full range, as sample i of a row: integers round halves to even and saturate (a
 * value that is no number is 0), floats are divided by white. */
static void put(void *row, enum edgel_type type, int i, double v, double white)
{
    if (type == EDGEL_F32) {
        ((float *)row)[i] = (float)(v / white);
        return;
    }
    const double range = edgel_type_range(type), scaled = v * range / white;
    const double kept = scaled >= range ? range : scaled > 0 ? rint(scaled) : 0;
    if (type == EDGEL_U16)
        ((uint16_t *)row)[i] = (uint16_t)kept;
    else
        ((uint8_t *)row)[i] = (uint8_t)kept;
}

static double get(const void *row, enum edgel_type type, int i)
{
    return type == EDGEL_U8    ? ((const uint8_t *)row)[i]
           : type == EDGEL_U16 ? ((const uint16_t *)row)[i]
                               : (double)((const float *)row)[i];
}

static const void *row_of(struct edgel_view v, int y)
{
    return (const char *)v.data + y * v.stride;
}

static void *out_row(const struct edgel_image *img, int y)
{
    return (char *)img->data + y * img->stride;
}

static int context_after_smoothing(const struct edgel_method *m)
{
    const struct edgel_taps *taps = edgel_operator_taps(operator_of(m->id), m->canny.aperture);
    if (m->id == EDGEL_METHOD_GAUSSIAN)
        return 0;
    return (taps ? taps->radius : 1) +
           (m->id == EDGEL_METHOD_CANNY); /* suppression compares with rows beside */
}

/* Smoothing into the arena where the method asks for it; else *smooth is in itself. */
static enum edgel_status smoothed(struct edgel_scratch *scratch, struct edgel_view in,
                                  const struct edgel_method *m, struct edgel_view *smooth,
                                  struct edgel_error *err)
{
    *smooth = in;
    if (!smooths(m))
        return EDGEL_OK;
    struct edgel_image img;
    EDGEL_TRY(edgel_arena_image(&scratch->arena, &img, in.w, in.h, in.channels, in.type, err));
    EDGEL_TRY(edgel_gaussian_into(scratch, in, &img, smoothing_of(m), err));
    *smooth = edgel_image_view(&img);
    return EDGEL_OK;
}

/* Rows of a method, smoothed already, into those of its result. */
struct job {
    struct edgel_view in;
    const struct edgel_method *method;
    const struct edgel_image *out;
};

static enum edgel_status convert_rows(void *user, const struct edgel_part *part, struct edgel_error *err)
{
    const struct job *j = user;
    const enum edgel_type from = j->in.type, to = j->out->type;
    (void)err;
    for (int y = part->from; y < part->to; y++)
        for (int i = 0; i < j->in.w * j->in.channels; i++)
            put(out_row(j->out, y), to, i, get(row_of(j->in, y), from, i), edgel_type_range(from));
    return EDGEL_OK;
}

/* around: rows of its neighbours that a part looks at */
static enum edgel_status share(struct edgel_scratch *scratch, struct job *job, int around,
                               edgel_share_work *work, struct edgel_error *err)
{
    const struct edgel_view in = job->in;
    const int rows = edgel_share_rows(scratch, in.h, in.w * in.channels, around);
    return edgel_share(scratch, in.h, rows, work, job, err);
}

static enum edgel_status run_gaussian(struct edgel_scratch *scratch, struct edgel_view in,
                                      const struct edgel_method *m, const struct edgel_image *out,
                                      struct edgel_error *err)
{
    struct job job = { in, m, out };
    if (out->type == in.type)
        return edgel_gaussian_into(scratch, in, out, smoothing_of(m), err);
    EDGEL_TRY(smoothed(scratch, in, m, &job.in, err));
    return share(scratch, &job, 0, convert_rows, err);
}

/* A row of 16-bit magnitudes |gx| + |gy|, of several channels the largest: put() in integers. */
static inline void put_l1_of(uint16_t *restrict dst, const int32_t *restrict gx, const int32_t *restrict gy,
                             int w, const int channels)
{
    for (int x = 0; x < w; x++) {
        int32_t most = 0;
        for (int i = x * channels; i < (x + 1) * channels; i++) {
            const int32_t m = abs(gx[i]) + abs(gy[i]);
            most = m > most ? m : most;
        }
        dst[x] = (uint16_t)(most < 65535 ? most : 65535);
    }
}

static void put_l1_u16(uint16_t *dst, const struct edgel_derive *d)
{
    if (d->in.channels == 1)
        put_l1_of(dst, d->gx, d->gy, d->in.w, 1);
    else
        put_l1_of(dst, d->gx, d->gy, d->in.w, d->in.channels);
}

static enum edgel_status gradient_rows(void *user, const struct edgel_part *part, struct edgel_error *err)
{
    const struct job *j = user;
    const struct edgel_view in = j->in;
    const enum edgel_norm norm = j->method->canny.norm;
    const enum edgel_type type = j->out->type;
    struct edgel_derive d;
    EDGEL_TRY(edgel_derive_init(&d, part->arena, in, operator_of(j->method->id), j->method->canny.aperture,
                                part->from, err));
    const size_t w = (size_t)in.w;
    double *work = edgel_arena_alloc(part->arena, 3 * w, sizeof *work);
    if (!work)
        return edgel_fail(err, EDGEL_ENOMEM, "gradient: image %dx%d: out of memory", in.w, in.h);
    const bool plain = in.type == EDGEL_U16 && type == EDGEL_U16 && norm == EDGEL_NORM_L1;
    for (int y = part->from; y < part->to; y++) {
        edgel_derive_row(&d, y);
        if (plain) {
            put_l1_u16(out_row(j->out, y), &d);
            continue;
        }
        edgel_strongest(&d, norm, false, work, work + w, work + 2 * w);
        for (int x = 0; x < in.w; x++)
            put(out_row(j->out, y), type, x, edgel_magnitude_unit(work[2 * w + (size_t)x], norm),
                edgel_type_range(in.type));
    }
    return EDGEL_OK;
}

static enum edgel_status run_gradient(struct edgel_scratch *scratch, struct edgel_view in,
                                      const struct edgel_method *m, const struct edgel_image *out,
                                      struct edgel_error *err)
{
    const enum edgel_operator op = operator_of(m->id);
    const struct edgel_smoothing smoothing = smoothing_of(m);
    struct job job = { in, m, out };
    if (in.type == EDGEL_U8 && out->type == EDGEL_U8)
        return edgel_edge_u8(scratch, in, op, m->canny.aperture, m->canny.norm,
                             smooths(m) ? &smoothing : NULL, out, err);
    EDGEL_TRY(smoothed(scratch, in, m, &job.in, err));
    return share(scratch, &job, 2 * context_after_smoothing(m), gradient_rows, err);
}

static enum edgel_status strength_rows(void *user, const struct edgel_part *part, struct edgel_error *err)
{
    const struct job *j = user;
    const struct edgel_view in = j->in;
    struct edgel_image thin;
    const double full = edgel_canny_full_strength(in.type, &j->method->canny);
    EDGEL_TRY(edgel_arena_image(part->arena, &thin, in.w, part->to - part->from, 1, EDGEL_F32, err));
    EDGEL_TRY(edgel_strength_rows(part, in, &j->method->canny, &thin, err));
    for (int y = part->from; y < part->to; y++) {
        const float *strength = out_row(&thin, y - part->from);
        for (int x = 0; x < in.w; x++) {
            const double share = fmin(1, (double)strength[x] / full);
            put(out_row(j->out, y), j->out->type, x, j->method->linear ? share : sqrt(share), 1);
        }
    }
    return EDGEL_OK;
}

static enum edgel_status run_edges(struct edgel_scratch *scratch, struct edgel_view in,
                                   const struct edgel_method *m, const struct edgel_image *out,
                                   struct edgel_error *err)
{
    const struct edgel_smoothing smoothing = smoothing_of(m);
    struct edgel_bit_map map;
    struct edgel_canny_used used;
    EDGEL_TRY(edgel_canny_map(scratch, in, smooths(m) ? &smoothing : NULL, &m->canny, &map, &used, err));
    return edgel_bit_map_into(scratch, &map, out, err);
}

static enum edgel_status run_into(struct edgel_scratch *scratch, struct edgel_view in,
                                  const struct edgel_method *m, const struct edgel_image *out,
                                  struct edgel_error *err)
{
    if (m->id == EDGEL_METHOD_GAUSSIAN)
        return run_gaussian(scratch, in, m, out, err);
    if (m->id != EDGEL_METHOD_CANNY)
        return run_gradient(scratch, in, m, out, err);
    if (m->emit == EDGEL_EMIT_BINARY)
        return run_edges(scratch, in, m, out, err);
    struct job job = { in, m, out };
    EDGEL_TRY(smoothed(scratch, in, m, &job.in, err));
    return share(scratch, &job, 2 * context_after_smoothing(m), strength_rows, err);
}

int edgel_method_context(const struct edgel_method *m, enum edgel_type type)
{
    return (smooths(m) ? edgel_smoothing_radius(smoothing_of(m), type) : 0) + context_after_smoothing(m);
}

bool edgel_method_streams(const struct edgel_method *m)
{
    return m->id != EDGEL_METHOD_CANNY || m->emit != EDGEL_EMIT_BINARY ||
           !edgel_canny_counts_pixels(&m->canny);
}

enum edgel_status edgel_method_shape(const struct edgel_method *m, struct edgel_view in,
                                     struct edgel_view *out, struct edgel_error *err)
{
    EDGEL_TRY(edgel_method_check(m, err));
    const struct edgel_method_info *info = info_of(m->id);
    const bool smoothing_only = m->id == EDGEL_METHOD_GAUSSIAN;
    EDGEL_TRY(edgel_view_check(info->name, in, 4, err));
    if (!smoothing_only && in.channels != 1 && !(in.channels == 3 && m->channels))
        return edgel_fail(err, EDGEL_EINVAL,
                          "%s: input with %d channels: must have 1, or 3 with channels asked for", info->name,
                          in.channels);
    *out = (struct edgel_view){
        NULL, in.w, in.h, smoothing_only ? in.channels : 1, type_of_depth(depth_for(m, in.type)), 0
    };
    return EDGEL_OK;
}

enum edgel_status edgel_method_run(struct edgel_scratch *scratch, struct edgel_view in,
                                   const struct edgel_method *method, struct edgel_image *out, int *bits,
                                   struct edgel_error *err)
{
    struct edgel_view shape = { 0 };
    EDGEL_TRY(edgel_method_shape(method, in, &shape, err));
    *bits = depth_for(method, in.type);
    EDGEL_TRY(edgel_image_init(out, shape.w, shape.h, shape.channels, shape.type, err));
    struct edgel_scratch own, *s = edgel_scratch_begin(scratch, &own);
    enum edgel_status st = run_into(s, in, method, out, err);
    edgel_scratch_end(&own);
    if (st != EDGEL_OK)
        edgel_image_finish(out);
    return st;
}
