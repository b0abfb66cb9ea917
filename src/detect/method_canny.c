/* The method canny: the edge map, or the strength of the thinned gradient. */
#include "detect/detect_priv.h"

static const char *const nms_names[] = { "sector", "interp", NULL };
static const char *const emit_names[] = { "binary", "strength", NULL };
static const char *const strength_names[] = { "root", "linear", NULL };

static const struct edgel_param params[] = {
    EDGEL_PARAM_SIGMA("3"),
    EDGEL_PARAM_KSIZE,
    EDGEL_PARAM_APERTURE,
    EDGEL_PARAM_NORM,
    { .key = "low",
      .kind = EDGEL_PARAM_THRESHOLD,
      .def = "30",
      .metavar = "T",
      .help =
          "Lower threshold: a number in gradient units of 8-bit images, P% for that quantile of the non-zero "
          "magnitudes, auto or auto-matlab. The smaller of the two is the lower one, as in OpenCV." },
    { .key = "high",
      .kind = EDGEL_PARAM_THRESHOLD,
      .def = "60",
      .metavar = "T",
      .help =
          "Upper threshold; auto-matlab: the 70 % quantile over all pixels, and 0.4 of it as the lower one; auto: the "
          "same, but not below the noise, as the median magnitude tells it." },
    { .key = "nms",
      .kind = EDGEL_PARAM_CHOICE,
      .choices = nms_names,
      .def = "sector",
      .help = "Thinning: four sectors exactly as OpenCV, or comparison with interpolated neighbours." },
    { .key = "emit",
      .kind = EDGEL_PARAM_CHOICE,
      .choices = emit_names,
      .def = "binary",
      .help = "The edge map, or the strength of the thinned gradient without thresholds." },
    { .key = "strength",
      .kind = EDGEL_PARAM_CHOICE,
      .choices = strength_names,
      .def = "root",
      .help = "Scale of the strength: the square root of the share of the largest possible response, or that "
              "share itself." },
    EDGEL_PARAM_DEPTH,
    EDGEL_PARAM_GRAY("channels"),
};

static struct edgel_canny_params canny_of(const struct edgel_method *m)
{
    return (struct edgel_canny_params){ .aperture = edgel_param_number(m, "aperture"),
                                        .norm = edgel_param_choice(m, "norm") ? EDGEL_NORM_L2 : EDGEL_NORM_L1,
                                        .low = edgel_param_threshold(m, "low"),
                                        .high = edgel_param_threshold(m, "high"),
                                        .nms = edgel_param_choice(m, "nms") ? EDGEL_NMS_INTERP
                                                                            : EDGEL_NMS_SECTOR };
}

static enum edgel_status check(const struct edgel_method *m, struct edgel_error *err)
{
    const struct edgel_canny_params c = canny_of(m);
    return edgel_canny_check(&c, err);
}

static enum edgel_result result(const struct edgel_method *m)
{
    return edgel_param_choice(m, "emit") == 1 ? EDGEL_RESULT_STRENGTH : EDGEL_RESULT_EDGES;
}

static bool uses(const struct edgel_method *m, const char *key)
{
    const bool strength = result(m) == EDGEL_RESULT_STRENGTH;
    if (strcmp(key, "low") == 0 || strcmp(key, "high") == 0)
        return !strength;
    return strength || strcmp(key, "strength") != 0;
}

static int context(const struct edgel_method *m)
{
    return canny_of(m).aperture / 2 + 1; /* suppression compares with rows beside */
}

static bool streams(const struct edgel_method *m)
{
    const struct edgel_canny_params c = canny_of(m);
    return result(m) == EDGEL_RESULT_STRENGTH || !edgel_canny_counts_pixels(&c);
}

static struct edgel_method_scale scale(const struct edgel_method *m, enum edgel_type type)
{
    const struct edgel_canny_params c = canny_of(m);
    if (result(m) != EDGEL_RESULT_STRENGTH)
        return (struct edgel_method_scale){ 0 };
    return (struct edgel_method_scale){ edgel_canny_full_strength(type, &c),
                                        edgel_param_choice(m, "strength") == 1 };
}

/* --- the image as a whole --- */

static enum edgel_status strength_rows(void *user, const struct edgel_part *part, struct edgel_error *err)
{
    const struct edgel_method_job *j = user;
    const struct edgel_view in = j->in;
    const struct edgel_canny_params c = canny_of(j->method);
    const struct edgel_method_scale s = scale(j->method, in.type);
    struct edgel_image thin;
    EDGEL_TRY(edgel_arena_image(part->arena, &thin, in.w, part->to - part->from, 1, EDGEL_F32, err));
    EDGEL_TRY(edgel_strength_rows(part, in, &c, &thin, err));
    for (int y = part->from; y < part->to; y++) {
        const float *strength = edgel_out_row(&thin, y - part->from);
        for (int x = 0; x < in.w; x++) {
            const double share = fmin(1, (double)strength[x] / s.full);
            edgel_put_sample(edgel_out_row(j->out, y), j->out->type, x, s.linear ? share : sqrt(share), 1);
        }
    }
    return EDGEL_OK;
}

/* Thresholds in the units that they are asked for in. */
static void take_used(struct edgel_edge_map *map, const struct edgel_canny_used *used, enum edgel_type type)
{
    map->low = type == EDGEL_U16 ? used->low / 257 : type == EDGEL_F32 ? used->low * 255 : used->low;
    map->high = type == EDGEL_U16 ? used->high / 257 : type == EDGEL_F32 ? used->high * 255 : used->high;
}

static enum edgel_status run(struct edgel_scratch *scratch, struct edgel_view in,
                             const struct edgel_method *m, const struct edgel_image *out,
                             struct edgel_edge_map *edges, struct edgel_error *err)
{
    const struct edgel_smoothing smoothing = edgel_param_smoothing(m);
    const struct edgel_canny_params c = canny_of(m);
    if (result(m) == EDGEL_RESULT_STRENGTH) {
        struct edgel_method_job job = { in, m, out };
        EDGEL_TRY(edgel_method_smooth(scratch, in, m, &job.in, err));
        return edgel_method_share(scratch, &job, 2 * context(m), strength_rows, err);
    }
    struct edgel_bit_map map;
    struct edgel_canny_used used;
    EDGEL_TRY(
        edgel_canny_map(scratch, in, edgel_smooths(smoothing) ? &smoothing : NULL, &c, &map, &used, err));
    take_used(edges, &used, in.type);
    edges->edges = edgel_bit_map_count(&map);
    edges->pixels = (uint64_t)in.w * (uint64_t)in.h;
    return edgel_bit_map_into(scratch, &map, out, err);
}

/* --- edges band by band: each writes its classes into one map of the whole image; hysteresis follows when all of it is
 * there --- */

static enum edgel_status begin(struct edgel_band_run *r, struct edgel_error *err)
{
    struct edgel_bit_map *map = edgel_arena_alloc(&r->kept, 1, sizeof *map);
    if (!map)
        return edgel_fail(err, EDGEL_ENOMEM, "canny: image %dx%d: out of memory", r->in.w, r->in.h);
    r->state = map;
    return edgel_bit_map_init(map, &r->kept, r->in.w, r->in.h, err);
}

static enum edgel_status band(struct edgel_band_run *r, struct edgel_view view, int from, int to, int at,
                              struct edgel_error *err)
{
    const struct edgel_smoothing smoothing = edgel_param_smoothing(&r->method);
    const struct edgel_canny_params c = canny_of(&r->method);
    struct edgel_canny_used used;
    edgel_arena_reset(&r->scratch->arena);
    EDGEL_TRY(edgel_canny_band(r->scratch, view, edgel_smooths(smoothing) ? &smoothing : NULL, &c,
                               (struct edgel_band){ from, to, at, false }, r->state, &used, err));
    take_used(&r->map, &used, r->in.type);
    return EDGEL_OK;
}

static enum edgel_status end(struct edgel_band_run *r, struct edgel_error *err)
{
    struct edgel_worklist list;
    struct edgel_bit_map *map = r->state;
    edgel_arena_finish(&r->scratch->arena);
    EDGEL_TRY(edgel_worklist_init(&list, &r->scratch->arena, map, err));
    edgel_hysteresis_part(map, &list, 0, r->in.h);
    r->map.edges = edgel_bit_map_count(map);
    r->map.pixels = (uint64_t)r->in.w * (uint64_t)r->in.h;
    EDGEL_TRY(edgel_image_init(&r->result, r->out.w, 1, 1, r->out.type, err));
    for (int y = 0; y < r->in.h; y++) {
        edgel_bit_map_edges(map, y, r->out.type, r->result.data, false);
        EDGEL_TRY(r->sink.row(r->sink.user, r->result.data, err));
    }
    return EDGEL_OK;
}

static const struct edgel_band_steps *steps(const struct edgel_method *m)
{
    static const struct edgel_band_steps edges = { begin, band, end };
    return result(m) == EDGEL_RESULT_EDGES ? &edges : NULL;
}

const struct edgel_method_row edgel_canny_row = {
    .info = { .name = "canny",
              .summary =
                  "Gaussian, Sobel, non-maximum suppression, double threshold and hysteresis; on 8-bit images the "
                  "default thinning equals OpenCV's Canny(GaussianBlur(gray)) bit for bit",
              .params = params,
              .nparams = sizeof params / sizeof *params,
              .results = EDGEL_RESULT_EDGES | EDGEL_RESULT_STRENGTH,
              .shares = true },
    .check = check,
    .result = result,
    .uses = uses,
    .context = context,
    .streams = streams,
    .steps = steps,
    .scale = scale,
    .run = run,
};
