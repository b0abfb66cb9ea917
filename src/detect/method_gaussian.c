/* The method gaussian: smoothing alone, its result in the depth that was asked for. */
#include "detect/detect_priv.h"

static const struct edgel_param params[] = { EDGEL_PARAM_SIGMA("1.4"), EDGEL_PARAM_KSIZE, EDGEL_PARAM_DEPTH,
                                             EDGEL_PARAM_GRAY("luma") };

static enum edgel_status check(const struct edgel_method *m, struct edgel_error *err)
{
    const struct edgel_smoothing s = edgel_param_smoothing(m);
    return edgel_gaussian_check(s.sigma, s.ksize, err);
}

static enum edgel_result result(const struct edgel_method *m)
{
    (void)m;
    return EDGEL_RESULT_IMAGE;
}

static int context(const struct edgel_method *m)
{
    (void)m;
    return 0;
}

static enum edgel_status convert_rows(void *user, const struct edgel_part *part, struct edgel_error *err)
{
    const struct edgel_method_job *j = user;
    const enum edgel_type from = j->in.type, to = j->out->type;
    (void)err;
    for (int y = part->from; y < part->to; y++)
        for (int i = 0; i < j->in.w * j->in.channels; i++)
            edgel_put_sample(edgel_out_row(j->out, y), to, i,
                             edgel_get_sample(edgel_in_row(j->in, y), from, i), edgel_type_range(from));
    return EDGEL_OK;
}

static enum edgel_status run(struct edgel_scratch *scratch, struct edgel_view in,
                             const struct edgel_method *m, const struct edgel_image *out,
                             struct edgel_edge_map *map, struct edgel_error *err)
{
    (void)map;
    struct edgel_method_job job = { in, m, out };
    if (out->type == in.type)
        return edgel_gaussian_into(scratch, in, out, edgel_param_smoothing(m), err);
    EDGEL_TRY(edgel_method_smooth(scratch, in, m, &job.in, err));
    return edgel_method_share(scratch, &job, 0, convert_rows, err);
}

const struct edgel_method_row edgel_gaussian_row = {
    .info = { .name = "gaussian",
              .summary = "the blurred image",
              .params = params,
              .nparams = sizeof params / sizeof *params,
              .results = EDGEL_RESULT_IMAGE,
              .shares = true },
    .check = check,
    .result = result,
    .uses = edgel_row_uses_all,
    .context = context,
    .streams = edgel_row_streams,
    .steps = edgel_row_bands_apart,
    .scale = edgel_row_no_scale,
    .run = run,
};
