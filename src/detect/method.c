/* What every method does alike: its parameters are checked, the shape of its result follows, and its row runs. */
#include "detect/detect_priv.h"

/* --- what rows have in common --- */

enum edgel_status edgel_row_check_nothing(const struct edgel_method *m, struct edgel_error *err)
{
    (void)m;
    (void)err;
    return EDGEL_OK;
}

bool edgel_row_uses_all(const struct edgel_method *m, const char *key)
{
    (void)m;
    (void)key;
    return true;
}

bool edgel_row_streams(const struct edgel_method *m)
{
    (void)m;
    return true;
}

const struct edgel_band_steps *edgel_row_bands_apart(const struct edgel_method *m)
{
    (void)m;
    return NULL;
}

struct edgel_method_scale edgel_row_no_scale(const struct edgel_method *m, enum edgel_type type)
{
    (void)m;
    (void)type;
    return (struct edgel_method_scale){ 0 };
}

enum edgel_result edgel_row_response(const struct edgel_method *m)
{
    (void)m;
    return EDGEL_RESULT_RESPONSE;
}

/* --- a row by itself --- */

static const char *param_fault(const struct edgel_param *p)
{
    if (!p->key || !p->key[0])
        return "a parameter without a key";
    if (!p->help || !p->help[0])
        return "a parameter without help";
    if (!p->def && !p->unset)
        return "a parameter without a default";
    if (p->def && edgel_param_parse(p, p->key, p->def, NULL, NULL) != EDGEL_OK)
        return "a parameter whose default is no value of it";
    if (p->kind == EDGEL_PARAM_CHOICE ? !p->choices : p->choices || !p->metavar)
        return "a parameter without choices or metavar";
    return NULL;
}

const char *edgel_method_row_fault(const struct edgel_method_row *row)
{
    const struct edgel_method_info *info = &row->info;
    if (!info->name || !info->name[0] || !info->summary || !info->summary[0])
        return "no name or summary";
    if (!info->params || info->nparams < 1 || info->nparams > EDGEL_PARAMS_MAX)
        return "no parameters, or too many";
    for (int i = 0; i < info->nparams; i++) {
        const char *fault = info->params[i].kind == EDGEL_PARAM_CHOICE && !info->params[i].choices
                                ? "a parameter without choices or metavar"
                                : param_fault(&info->params[i]);
        if (fault)
            return fault;
    }
    if (!row->check)
        return "no check";
    if (!row->result)
        return "no result";
    if (!row->uses)
        return "no uses";
    if (!row->context)
        return "no context";
    if (!row->streams || !row->steps)
        return "no way to go row by row, or none to say that it cannot";
    if (!row->scale)
        return "no scale";
    if (!row->run)
        return "no run";
    struct edgel_method m = { .info = info };
    edgel_params_reset(&m);
    if (!(info->results & row->result(&m)))
        return "a result that it does not name";
    if (edgel_method_check(&m, NULL) != EDGEL_OK)
        return "defaults that do not go together";
    return NULL;
}

/* --- parameters --- */

bool edgel_method_uses(const struct edgel_method *m, const char *key)
{
    return edgel_param_index(m->info, key) >= 0 && edgel_method_row_of(m)->uses(m, key);
}

int edgel_method_depth(const struct edgel_method *m)
{
    return edgel_param_number(m, "depth");
}

bool edgel_method_takes_color(const struct edgel_method *m)
{
    return edgel_param_choice(m, "gray") > 0;
}

enum edgel_result edgel_method_result(const struct edgel_method *m)
{
    return edgel_method_row_of(m)->result(m);
}

struct edgel_method_scale edgel_method_scale_of(const struct edgel_method *m, enum edgel_type type)
{
    return edgel_method_row_of(m)->scale(m, type);
}

bool edgel_method_streams(const struct edgel_method *m)
{
    return edgel_method_row_of(m)->streams(m);
}

enum edgel_status edgel_method_check(const struct edgel_method *m, struct edgel_error *err)
{
    EDGEL_REQUIRE(m);
    if (!m->info)
        return edgel_fail(err, EDGEL_EINVAL, "no method: it must be one of the table");
    const struct edgel_smoothing s = edgel_param_smoothing(m);
    if (edgel_smooths(s))
        EDGEL_TRY(edgel_gaussian_check(s.sigma, s.ksize, err));
    EDGEL_TRY(edgel_params_check(m, err));
    EDGEL_TRY(edgel_method_row_of(m)->check(m, err));
    const enum edgel_result result = edgel_method_result(m);
    if (edgel_method_depth(m) == 1 && result != EDGEL_RESULT_EDGES)
        return edgel_fail(err, EDGEL_EINVAL, "depth 1: too little for %s%s; only edge maps fit one bit",
                          m->info->name, result == EDGEL_RESULT_STRENGTH ? " strength" : "");
    return EDGEL_OK;
}

/* --- running --- */

/* The depth of the result: the asked one, or the method's default for the input. */
static int depth_for(const struct edgel_method *m, enum edgel_type type)
{
    const int depth = edgel_method_depth(m);
    if (depth)
        return depth;
    switch (edgel_method_result(m)) {
    case EDGEL_RESULT_EDGES: return 1;
    case EDGEL_RESULT_STRENGTH: return 16;
    case EDGEL_RESULT_IMAGE:
    case EDGEL_RESULT_RESPONSE: break;
    }
    return type == EDGEL_U8 ? 8 : type == EDGEL_U16 ? 16 : 32;
}

static enum edgel_type type_of_depth(int depth)
{
    return depth == 32 ? EDGEL_F32 : depth == 16 ? EDGEL_U16 : depth == 1 ? EDGEL_U1 : EDGEL_U8;
}

int edgel_method_context(const struct edgel_method *m, enum edgel_type type)
{
    const struct edgel_smoothing s = edgel_param_smoothing(m);
    return (edgel_smooths(s) ? edgel_smoothing_radius(s, type) : 0) + edgel_method_row_of(m)->context(m);
}

enum edgel_status edgel_method_smooth(struct edgel_scratch *scratch, struct edgel_view in,
                                      const struct edgel_method *m, struct edgel_view *smooth,
                                      struct edgel_error *err)
{
    const struct edgel_smoothing smoothing = edgel_param_smoothing(m);
    *smooth = in;
    if (!edgel_smooths(smoothing))
        return EDGEL_OK;
    struct edgel_image img;
    EDGEL_TRY(edgel_arena_image(&scratch->arena, &img, in.w, in.h, in.channels, in.type, err));
    EDGEL_TRY(edgel_gaussian_into(scratch, in, &img, smoothing, err));
    *smooth = edgel_image_view(&img);
    return EDGEL_OK;
}

enum edgel_status edgel_method_share(struct edgel_scratch *scratch, struct edgel_method_job *job, int around,
                                     edgel_share_work *work, struct edgel_error *err)
{
    const struct edgel_view in = job->in;
    const int rows = edgel_share_rows(scratch, in.h, in.w * in.channels, around);
    return edgel_share(scratch, in.h, rows, work, job, err);
}

enum edgel_status edgel_method_shape(const struct edgel_method *m, struct edgel_view in,
                                     struct edgel_view *out, struct edgel_error *err)
{
    EDGEL_TRY(edgel_method_check(m, err));
    const char *name = m->info->name;
    const bool image = edgel_method_result(m) == EDGEL_RESULT_IMAGE;
    EDGEL_TRY(edgel_view_check(name, in, 4, err));
    if (!image && in.channels != 1 && !(in.channels == 3 && edgel_method_takes_color(m)))
        return edgel_fail(err, EDGEL_EINVAL,
                          "%s: input with %d channels: must have 1, or 3 with channels asked for", name,
                          in.channels);
    *out =
        (struct edgel_view){ NULL, in.w, in.h, image ? in.channels : 1, type_of_depth(depth_for(m, in.type)),
                             0 };
    return EDGEL_OK;
}

enum edgel_status edgel_method_run_map(struct edgel_scratch *scratch, struct edgel_view in,
                                       const struct edgel_method *m, struct edgel_image *out, int *bits,
                                       struct edgel_edge_map *map, struct edgel_error *err)
{
    *map = (struct edgel_edge_map){ 0 };
    struct edgel_view shape = { 0 };
    enum edgel_status st = edgel_method_shape(m, in, &shape, err);
    if (st == EDGEL_OK)
        st = edgel_image_init(out, shape.w, shape.h, shape.channels, shape.type, err);
    if (st == EDGEL_OK) {
        struct edgel_scratch own, *s = edgel_scratch_begin(m->info->shares ? scratch : NULL, &own);
        st = edgel_method_row_of(m)->run(s, in, m, out, map, err);
        edgel_scratch_end(&own);
    }
    if (st != EDGEL_OK)
        edgel_image_finish(out);
    else if (bits)
        *bits = depth_for(m, in.type);
    return st;
}

enum edgel_status edgel_method_run(struct edgel_scratch *scratch, struct edgel_view in,
                                   const struct edgel_method *m, struct edgel_image *out, int *bits,
                                   struct edgel_error *err)
{
    struct edgel_edge_map unused;
    EDGEL_REQUIRE(out);
    return edgel_method_run_map(scratch, in, m, out, bits, &unused, err);
}
