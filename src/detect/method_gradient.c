/* The methods sobel, roberts, prewitt and scharr: the magnitude of a gradient, of several channels the strongest,
 * saturated to the depth. */
#include "detect/detect_priv.h"
#include <stdlib.h>

static const struct edgel_param with_aperture[] = { EDGEL_PARAM_SIGMA("0"), EDGEL_PARAM_KSIZE,
                                                    EDGEL_PARAM_APERTURE,   EDGEL_PARAM_NORM,
                                                    EDGEL_PARAM_DEPTH,      EDGEL_PARAM_GRAY("luma") };
static const struct edgel_param params[] = { EDGEL_PARAM_SIGMA("0"), EDGEL_PARAM_KSIZE, EDGEL_PARAM_NORM,
                                             EDGEL_PARAM_DEPTH, EDGEL_PARAM_GRAY("luma") };

struct gradient {
    enum edgel_operator op;
    int aperture;
    enum edgel_norm norm;
};

struct job {
    struct edgel_method_job base; /* first */
    struct gradient gradient;
};

/* A row of 16-bit magnitudes |gx| + |gy|, of several channels the largest: edgel_put_sample() in integers. */
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
    const struct edgel_view in = j->base.in;
    const enum edgel_norm norm = j->gradient.norm;
    const enum edgel_type type = j->base.out->type;
    struct edgel_derive d;
    EDGEL_TRY(edgel_derive_init(&d, part->arena, in, j->gradient.op, j->gradient.aperture, part->from, err));
    const size_t w = (size_t)in.w;
    double *work = edgel_arena_alloc(part->arena, 3 * w, sizeof *work);
    if (!work)
        return edgel_fail(err, EDGEL_ENOMEM, "gradient: image %dx%d: out of memory", in.w, in.h);
    const bool plain = in.type == EDGEL_U16 && type == EDGEL_U16 && norm == EDGEL_NORM_L1;
    for (int y = part->from; y < part->to; y++) {
        edgel_derive_row(&d, y);
        if (plain) {
            put_l1_u16(edgel_out_row(j->base.out, y), &d);
            continue;
        }
        edgel_strongest(&d, norm, false, work, work + w, work + 2 * w);
        for (int x = 0; x < in.w; x++)
            edgel_put_sample(edgel_out_row(j->base.out, y), type, x,
                             edgel_magnitude_unit(work[2 * w + (size_t)x], norm), edgel_type_range(in.type));
    }
    return EDGEL_OK;
}

/* Rows above and below. */
static int reach(const struct gradient *g)
{
    const struct edgel_taps *taps = edgel_operator_taps(g->op, g->aperture);
    return taps ? taps->radius : 1;
}

static struct gradient gradient_of(enum edgel_operator op, const struct edgel_method *m)
{
    return (struct gradient){ op, edgel_param_number(m, "aperture"),
                              edgel_param_choice(m, "norm") ? EDGEL_NORM_L2 : EDGEL_NORM_L1 };
}

static enum edgel_status run(enum edgel_operator op, struct edgel_scratch *scratch, struct edgel_view in,
                             const struct edgel_method *m, const struct edgel_image *out,
                             struct edgel_error *err)
{
    const struct edgel_smoothing smoothing = edgel_param_smoothing(m);
    struct job job = { { in, m, out }, gradient_of(op, m) };
    const struct gradient *g = &job.gradient;
    if (in.type == EDGEL_U8 && out->type == EDGEL_U8)
        return edgel_edge_u8(scratch, in, op, g->aperture, g->norm,
                             edgel_smooths(smoothing) ? &smoothing : NULL, out, err);
    EDGEL_TRY(edgel_method_smooth(scratch, in, m, &job.base.in, err));
    return edgel_method_share(scratch, &job.base, 2 * reach(g), gradient_rows, err);
}

/* A row for each operator, with a run and a context that know it. */
#define ROW(method, op, list)                                                                          \
    static enum edgel_status run_##method(struct edgel_scratch *scratch, struct edgel_view in,         \
                                          const struct edgel_method *m, const struct edgel_image *out, \
                                          struct edgel_edge_map *map, struct edgel_error *err)         \
    {                                                                                                  \
        (void)map;                                                                                     \
        return run(op, scratch, in, m, out, err);                                                      \
    }                                                                                                  \
    static int context_##method(const struct edgel_method *m)                                          \
    {                                                                                                  \
        const struct gradient g = gradient_of(op, m);                                                  \
        return reach(&g);                                                                              \
    }                                                                                                  \
    const struct edgel_method_row edgel_##method##_row = {                                             \
        .info = { .name = #method,                                                                     \
                  .summary = "|gx| + |gy| or the L2 norm, saturated to the depth",                     \
                  .params = list,                                                                      \
                  .nparams = sizeof list / sizeof *list,                                               \
                  .results = EDGEL_RESULT_RESPONSE,                                                    \
                  .shares = true },                                                                    \
        .check = edgel_row_check_nothing,                                                              \
        .result = edgel_row_response,                                                                  \
        .uses = edgel_row_uses_all,                                                                    \
        .context = context_##method,                                                                   \
        .streams = edgel_row_streams,                                                                  \
        .steps = edgel_row_bands_apart,                                                                \
        .scale = edgel_row_no_scale,                                                                   \
        .run = run_##method,                                                                           \
    };
extern const struct edgel_method_row edgel_sobel_row, edgel_roberts_row, edgel_prewitt_row, edgel_scharr_row;
ROW(sobel, EDGEL_SOBEL, with_aperture)
ROW(roberts, EDGEL_ROBERTS, params)
ROW(prewitt, EDGEL_PREWITT, params)
ROW(scharr, EDGEL_SCHARR, params)
