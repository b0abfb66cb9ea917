/*
 * Canny's edge detector without the smoothing.
 *
 *  1. gx, gy: Sobel, border replicated (gradient.c). 8-bit, aperture 7, sector suppression: both divided by 16 and
 *     rounded half to even, and thresholds divided by 16, as OpenCV does.
 *  2. m = |gx| + |gy| (L1) or gx^2 + gy^2 (L2, compared with squared thresholds). Several channels: the strongest
 *     of each pixel with its derivatives, the first of equals from the last channel to the first. Outside the image
 *     m = 0, so that pixels of the border can be edges.
 *  3. Non-maximum suppression (nms.c): four sectors, or interpolated between the neighbours along the gradient.
 *  4. A pixel that is kept is strong if m > high, weak if m > low, both strict; thresholds in threshold.c. If low is
 *     above high they are swapped. For integer input m is an integer, so the fraction of a threshold has no effect.
 *  5. Hysteresis (hysteresis.c): strong pixels, and weak ones connected to them.
 *
 * With sectors and 8 bits the result is bit-identical to OpenCV 4's Canny for the same derivatives. canny_u8.c computes
 * that case in 16-bit lanes; this file computes the others in double, which holds all integer values exactly.
 * Memory: 3 bits a pixel. Quantile and automatic thresholds, and smoothing outside the 8-bit case, need the whole
 * smoothed image; the former 8 bytes a pixel in addition, but for 8 bits with sectors and L1.
 *
 * Source: J. Canny, A Computational Approach to Edge Detection (1986); OpenCV for sectors and ties.
 */
#include "filter/filter_priv.h"
#include <math.h>
#include <string.h>

void edgel_canny_params_init(struct edgel_canny_params *params)
{
    *params = (struct edgel_canny_params){ .aperture = 3,
                                           .norm = EDGEL_NORM_L1,
                                           .low = { EDGEL_THRESHOLD_VALUE, 30 },
                                           .high = { EDGEL_THRESHOLD_VALUE, 60 },
                                           .nms = EDGEL_NMS_SECTOR };
}

enum edgel_status edgel_canny_check(const struct edgel_canny_params *params, struct edgel_error *err)
{
    EDGEL_TRY(edgel_operator_check(EDGEL_SOBEL, params->aperture, err));
    if (params->norm != EDGEL_NORM_L1 && params->norm != EDGEL_NORM_L2)
        return edgel_fail(err, EDGEL_EINVAL, "norm %d: must be L1 or L2", (int)params->norm);
    if (params->nms != EDGEL_NMS_SECTOR && params->nms != EDGEL_NMS_INTERP)
        return edgel_fail(err, EDGEL_EINVAL, "nms %d: must be sector or interp", (int)params->nms);
    EDGEL_TRY(edgel_threshold_check("low", params->low, err));
    return edgel_threshold_check("high", params->high, err);
}

static enum edgel_status check_input(struct edgel_view in, const struct edgel_canny_params *params,
                                     struct edgel_error *err)
{
    EDGEL_TRY(edgel_view_check("canny", in, 3, err));
    if (in.channels == 2)
        return edgel_fail(err, EDGEL_EINVAL, "canny: input with 2 channels: must have 1 or 3");
    return edgel_canny_check(params, err);
}

/* Thinned magnitudes, row by row, from a ring of three rows of derivatives and magnitudes. */
enum { ROWS = 3 };

struct thinner {
    struct edgel_derive derive;
    enum edgel_norm norm;
    enum edgel_nms nms;
    bool sixteenths, wide;
    double *gx[ROWS], *gy[ROWS], *m[ROWS]; /* m readable in [-1, w] */
    double *kept;                          /* the result */
    int next;                              /* row to be derived */
};

static enum edgel_status thinner_init(struct thinner *t, struct edgel_arena *arena, struct edgel_view in,
                                      const struct edgel_canny_params *params, int first,
                                      struct edgel_error *err)
{
    *t = (struct thinner){ .norm = params->norm, .nms = params->nms, .next = first > 0 ? first - 1 : 0 };
    EDGEL_TRY(edgel_derive_init(&t->derive, arena, in, EDGEL_SOBEL, params->aperture, t->next, err));
    t->sixteenths = edgel_canny_sixteenths(in.type, params);
    t->wide = in.type == EDGEL_U16 && params->norm == EDGEL_NORM_L2;
    const size_t w = (size_t)in.w;
    double *block = edgel_arena_alloc(arena, 10 * (w + 2), sizeof *block);
    if (!block)
        return edgel_fail(err, EDGEL_ENOMEM, "canny: image %dx%d: out of memory", in.w, in.h);
    memset(block, 0, 10 * (w + 2) * sizeof *block);
    for (size_t i = 0; i < ROWS; i++) {
        t->gx[i] = block + i * (w + 2);
        t->gy[i] = block + (3 + i) * (w + 2);
        t->m[i] = block + (6 + i) * (w + 2) + 1;
    }
    t->kept = block + 9 * (w + 2);
    return EDGEL_OK;
}

static void thinner_derive(struct thinner *t, int y)
{
    const int slot = y % ROWS;
    if (y >= t->derive.in.h) {
        memset(t->m[slot], 0, (size_t)t->derive.in.w * sizeof *t->m[slot]);
        return;
    }
    edgel_derive_row(&t->derive, y);
    edgel_strongest(&t->derive, t->norm, t->sixteenths, t->gx[slot], t->gy[slot], t->m[slot]);
}

/* t->kept = the maxima of row y, 0 elsewhere. Rows must be asked for in order. */
static void thinner_row(struct thinner *t, int y)
{
    for (; t->next <= y + 1; t->next++)
        thinner_derive(t, t->next);
    const int slot = y % ROWS;
    edgel_nms_row(t->kept, t->gx[slot], t->gy[slot], t->m[(y + 2) % ROWS], t->m[slot], t->m[(y + 1) % ROWS],
                  t->derive.in.w, t->nms, t->wide);
}

static enum edgel_status classify(struct edgel_arena *arena, struct edgel_view in,
                                  const struct edgel_canny_params *params,
                                  const struct edgel_limits_pair *limits, struct edgel_band band,
                                  struct edgel_bit_map *map, struct edgel_error *err)
{
    struct thinner t;
    EDGEL_TRY(thinner_init(&t, arena, in, params, band.from, err));
    for (int y = band.from; y < band.to; y++) {
        const int row = y - band.from + band.at;
        thinner_row(&t, y);
        uint64_t *weak = edgel_bit_map_weak(map, row), *strong = edgel_bit_map_strong(map, row);
        memset(weak, 0, (size_t)map->words * sizeof *weak);
        memset(strong, 0, (size_t)map->words * sizeof *strong);
        for (int x = 0; x < in.w; x++) {
            const double m = t.kept[x];
            weak[x / 64] |= (uint64_t)(m > 0 && m > limits->low) << x % 64;
            strong[x / 64] |= (uint64_t)(m > 0 && m > limits->high) << x % 64;
        }
        edgel_hysteresis_row(map, row, band.apart && y == band.from);
    }
    return EDGEL_OK;
}

static bool in_lanes(struct edgel_view in, const struct edgel_canny_params *params)
{
    return in.type == EDGEL_U8 && params->nms == EDGEL_NMS_SECTOR;
}

/* Smooths the whole view in advance and clears *smoothing, so that later steps do not smooth again. */
static enum edgel_status smooth_all(struct edgel_scratch *scratch, struct edgel_view *in,
                                    const struct edgel_smoothing **smoothing, struct edgel_error *err)
{
    struct edgel_image smooth;
    if (!*smoothing)
        return EDGEL_OK;
    EDGEL_TRY(edgel_arena_image(&scratch->arena, &smooth, in->w, in->h, in->channels, in->type, err));
    EDGEL_TRY(edgel_gaussian_into(scratch, *in, &smooth, **smoothing, err));
    *in = edgel_image_view(&smooth);
    *smoothing = NULL;
    return EDGEL_OK;
}

static enum edgel_status classes(struct edgel_arena *arena, struct edgel_view in,
                                 const struct edgel_smoothing *smoothing,
                                 const struct edgel_canny_params *params,
                                 const struct edgel_limits_pair *limits, struct edgel_band band,
                                 struct edgel_bit_map *map, struct edgel_error *err)
{
    if (in_lanes(in, params))
        return edgel_canny_u8(arena, in, smoothing, params, limits, band, map, err);
    return classify(arena, in, params, limits, band, map, err);
}

enum edgel_status edgel_canny_band(struct edgel_scratch *scratch, struct edgel_view in,
                                   const struct edgel_smoothing *smoothing,
                                   const struct edgel_canny_params *params, struct edgel_band band,
                                   struct edgel_bit_map *map, struct edgel_canny_used *used,
                                   struct edgel_error *err)
{
    struct edgel_limits_pair limits;
    if (!in_lanes(in, params))
        EDGEL_TRY(smooth_all(scratch, &in, &smoothing, err));
    EDGEL_TRY(edgel_threshold_resolve(scratch, in, params, &limits, used, err));
    return classes(&scratch->arena, in, smoothing, params, &limits, band, map, err);
}

struct job {
    struct edgel_view in;
    const struct edgel_smoothing *smoothing;
    const struct edgel_canny_params *params;
    struct edgel_limits_pair limits;
    struct edgel_bit_map *map;
    struct edgel_worklist list;
};

static enum edgel_status find_edges(void *user, const struct edgel_part *part, struct edgel_error *err)
{
    const struct job *j = user;
    const struct edgel_band band = { part->from, part->to, part->from, true };
    EDGEL_TRY(classes(part->arena, j->in, j->smoothing, j->params, &j->limits, band, j->map, err));
    edgel_hysteresis_part(j->map, &j->list, part->from, part->to);
    return EDGEL_OK;
}

enum edgel_status edgel_canny_map(struct edgel_scratch *scratch, struct edgel_view in,
                                  const struct edgel_smoothing *smoothing,
                                  const struct edgel_canny_params *params, struct edgel_bit_map *map,
                                  struct edgel_canny_used *used, struct edgel_error *err)
{
    struct job job = { .params = params, .map = map };
    if (edgel_canny_counts_pixels(params) || !in_lanes(in, params)) /* over the smoothed image */
        EDGEL_TRY(smooth_all(scratch, &in, &smoothing, err));
    EDGEL_TRY(edgel_threshold_resolve(scratch, in, params, &job.limits, used, err));
    EDGEL_TRY(edgel_bit_map_init(map, &scratch->arena, in.w, in.h, err));
    EDGEL_TRY(edgel_worklist_init(&job.list, &scratch->arena, map, err));
    job.in = in;
    job.smoothing = smoothing;
    const int around = 2 * (params->aperture / 2 + 1);
    const int rows = edgel_share_rows(scratch, in.h, in.w * in.channels, around);
    EDGEL_TRY(edgel_share(scratch, in.h, rows, find_edges, &job, err));
    edgel_hysteresis_join(map, &job.list, rows);
    return EDGEL_OK;
}

enum edgel_status edgel_strength_rows(const struct edgel_part *part, struct edgel_view in,
                                      const struct edgel_canny_params *params, const struct edgel_image *out,
                                      struct edgel_error *err)
{
    struct thinner t;
    EDGEL_TRY(thinner_init(&t, part->arena, in, params, part->from, err));
    const double scale = t.sixteenths ? 16 : 1;
    for (int y = part->from; y < part->to; y++) {
        thinner_row(&t, y);
        float *o = (float *)((char *)out->data + (y - part->from) * out->stride);
        for (int x = 0; x < in.w; x++)
            o[x] = (float)(edgel_magnitude_unit(t.kept[x], params->norm) * scale);
    }
    return EDGEL_OK;
}

static enum edgel_status find(struct edgel_scratch *scratch, struct edgel_view in,
                              const struct edgel_canny_params *params, struct edgel_image *out,
                              struct edgel_canny_used *used, struct edgel_error *err)
{
    struct edgel_bit_map map;
    EDGEL_REQUIRE(params);
    EDGEL_TRY(check_input(in, params, err));
    EDGEL_TRY(edgel_image_init(out, in.w, in.h, 1, EDGEL_U8, err));
    EDGEL_TRY(edgel_canny_map(scratch, in, NULL, params, &map, used, err));
    return edgel_bit_map_into(scratch, &map, out, err);
}

enum edgel_status edgel_canny(struct edgel_scratch *scratch, struct edgel_view in,
                              const struct edgel_canny_params *params, struct edgel_image *out,
                              struct edgel_canny_used *used, struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    struct edgel_canny_used resolved;
    struct edgel_scratch own, *s = edgel_scratch_begin(scratch, &own);
    const enum edgel_status st = find(s, in, params, out, &resolved, err);
    edgel_scratch_end(&own);
    if (st != EDGEL_OK)
        edgel_image_finish(out);
    else if (used)
        *used = resolved;
    return st;
}

struct strength_job {
    struct edgel_view in;
    const struct edgel_canny_params *params;
    const struct edgel_image *out;
};

static enum edgel_status write_strength(void *user, const struct edgel_part *part, struct edgel_error *err)
{
    const struct strength_job *j = user;
    struct edgel_image rows = *j->out;
    rows.data = (char *)rows.data + part->from * rows.stride;
    return edgel_strength_rows(part, j->in, j->params, &rows, err);
}

static enum edgel_status strengthen(struct edgel_scratch *scratch, struct edgel_view in,
                                    const struct edgel_canny_params *params, struct edgel_image *out,
                                    struct edgel_error *err)
{
    struct strength_job job = { in, params, out };
    EDGEL_REQUIRE(params);
    EDGEL_TRY(check_input(in, params, err));
    EDGEL_TRY(edgel_image_init(out, in.w, in.h, 1, EDGEL_F32, err));
    const int rows = edgel_share_rows(scratch, in.h, in.w * in.channels, 2 * (params->aperture / 2 + 1));
    return edgel_share(scratch, in.h, rows, write_strength, &job, err);
}

enum edgel_status edgel_canny_strength(struct edgel_scratch *scratch, struct edgel_view in,
                                       const struct edgel_canny_params *params, struct edgel_image *out,
                                       struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    struct edgel_scratch own, *s = edgel_scratch_begin(scratch, &own);
    const enum edgel_status st = strengthen(s, in, params, out, err);
    edgel_scratch_end(&own);
    if (st != EDGEL_OK)
        edgel_image_finish(out);
    return st;
}
