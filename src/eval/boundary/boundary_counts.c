/*
 * Matched boundaries of one image in a counts file.
 *
 *   "boundary":{"truth":n,"matched_truth":[...],"prediction":[...],"matched_prediction":[...]}      by threshold
 *
 * Checked: matched <= all, detections are pixels of the image, and a matched detection has a truth pixel of its own.
 */
#include "eval/eval_priv.h"
#include <inttypes.h>

static bool asked(const struct edgel_measure *m)
{
    return m->boundary != EDGEL_BOUNDARY_NONE;
}

static enum edgel_status measure(const struct edgel_measuring *k)
{
    const struct edgel_map_masks *maps = k->maps;
    if (!edgel_row_part(k->row, EDGEL_BOUNDARY, sizeof(struct edgel_boundary_counts)))
        return edgel_fail(k->err, EDGEL_ENOMEM, "boundary, %dx%d: out of memory", k->w, k->h);
    return edgel_boundary_measure(k->params, maps, k->row, k->err);
}

static void write_counts(struct edgel_text *t, const struct edgel_row *row)
{
    const struct edgel_boundary_counts *c = edgel_row_boundary(row);
    if (c->n == 0)
        return;
    edgel_text_printf(t, ",\"boundary\":{\"truth\":%" PRIu64, c->truth);
    edgel_counts_list(t, "matched_truth", c->matched_truth, (size_t)c->n);
    edgel_counts_list(t, "prediction", c->prediction, (size_t)c->n);
    edgel_counts_list(t, "matched_prediction", c->matched_prediction, (size_t)c->n);
    edgel_text_str(t, "}");
}

static enum edgel_status read_counts(const struct edgel_json *line, const char *where,
                                     const struct edgel_measure *m, struct edgel_row *row,
                                     struct edgel_error *err)
{
    const struct edgel_place p = { where, err };
    const struct edgel_json *o = edgel_json_get(line, "boundary");
    struct edgel_boundary_counts *c = edgel_row_part(row, EDGEL_BOUNDARY, sizeof *c);
    int64_t truth;
    if (!c)
        return edgel_place_no_memory(&p);
    EDGEL_TRY(edgel_place_whole(&p, edgel_json_get(o, "truth"), "truth", 0, INT64_MAX / 8, &truth));
    c->truth = (uint64_t)truth;
    EDGEL_TRY(edgel_place_counts(&p, edgel_json_get(o, "matched_truth"), "matched_truth", m->thresholds,
                                 &c->matched_truth));
    EDGEL_TRY(
        edgel_place_counts(&p, edgel_json_get(o, "prediction"), "prediction", m->thresholds, &c->prediction));
    EDGEL_TRY(edgel_place_counts(&p, edgel_json_get(o, "matched_prediction"), "matched_prediction",
                                 m->thresholds, &c->matched_prediction));
    c->n = m->thresholds;
    c->listed = m->listed;
    return EDGEL_OK;
}

static const char *check(const struct edgel_measure *m, const struct edgel_row *row,
                         const struct edgel_id_totals *of)
{
    const struct edgel_boundary_counts *c = edgel_row_boundary(row);
    (void)m;
    (void)of;
    for (int i = 0; i < c->n; i++) {
        if (c->prediction[i] > (uint64_t)row->w * (uint64_t)row->h)
            return "boundary: prediction must be at most width times height";
        if (c->matched_truth[i] > c->truth || c->matched_prediction[i] > c->prediction[i])
            return "boundary: matched pixels must not exceed all";
        if (c->matched_prediction[i] > c->matched_truth[i])
            return "boundary: a matched detection has a truth pixel of its own";
    }
    return NULL;
}

static const char *sound(const struct edgel_measure *m, const struct edgel_row *row)
{
    return edgel_row_boundary(row)->n == m->thresholds ? NULL
                                                       : "its boundaries are of another number of thresholds";
}

static void finish(void *counts)
{
    struct edgel_boundary_counts *c = counts;
    edgel_free(c->matched_truth);
    edgel_free(c->prediction);
    edgel_free(c->matched_prediction);
}

static void write_params(struct edgel_text *t, const struct edgel_measure *m)
{
    const struct edgel_boundary_params *b = &m->boundary_params;
    if (m->boundary == EDGEL_BOUNDARY_NONE)
        return;
    edgel_text_str(t, ",\"boundary\":{\"protocol\":\"bsds\",\"max_dist\":");
    edgel_text_real(t, b->max_dist);
    edgel_text_printf(t, ",\"thin\":%s", b->thin ? "true" : "false");
    if (b->nms) {
        edgel_text_str(t, ",\"nms\":{\"ratio\":");
        edgel_text_real(t, b->nms_ratio);
        edgel_text_printf(t, ",\"radius\":%d}", b->nms_radius);
    }
    edgel_text_str(t, "}");
}

static enum edgel_status read_nms(const struct edgel_place *p, const struct edgel_json *nms,
                                  struct edgel_boundary_params *b)
{
    int64_t radius;
    b->nms = true;
    if (!edgel_json_real(edgel_json_get(nms, "ratio"), &b->nms_ratio))
        return edgel_place_refuse(p, "nms", "its ratio must be a number");
    EDGEL_TRY(edgel_place_whole(p, edgel_json_get(nms, "radius"), "nms", 1, 100, &radius));
    b->nms_radius = (int)radius;
    return EDGEL_OK;
}

static enum edgel_status read_params(const struct edgel_place *p, const struct edgel_json *measure,
                                     struct edgel_measure *m)
{
    static const char *const protocols[] = { "bsds", NULL };
    const struct edgel_json *o = edgel_json_get(measure, "boundary");
    int i;
    if (!o || edgel_json_is_null(o))
        return EDGEL_OK;
    EDGEL_TRY(edgel_place_word(p, edgel_json_get(o, "protocol"), "protocol", protocols, &i));
    m->boundary = EDGEL_BOUNDARY_BSDS;
    if (!edgel_json_real(edgel_json_get(o, "max_dist"), &m->boundary_params.max_dist))
        return edgel_place_refuse(p, "max_dist", "must be a number");
    EDGEL_TRY(edgel_place_bool(p, edgel_json_get(o, "thin"), "thin", &m->boundary_params.thin));
    const struct edgel_json *nms = edgel_json_get(o, "nms");
    return nms ? read_nms(p, nms, &m->boundary_params) : EDGEL_OK;
}

static const char *differs(const struct edgel_measure *a, const struct edgel_measure *b)
{
    const struct edgel_boundary_params *p = &a->boundary_params, *q = &b->boundary_params;
    if (a->boundary != b->boundary)
        return "boundary";
    if (a->boundary == EDGEL_BOUNDARY_NONE)
        return NULL;
    if (p->max_dist != q->max_dist)
        return "max_dist of boundaries";
    if (p->thin != q->thin)
        return "thinning of boundaries";
    return p->nms != q->nms || (p->nms && (p->nms_ratio != q->nms_ratio || p->nms_radius != q->nms_radius))
               ? "nms of boundaries"
               : NULL;
}

/* With regions as well: what holds of maps. */
static enum edgel_status check_params(const struct edgel_measure *m, struct edgel_error *err)
{
    if (edgel_of_maps(m))
        return edgel_boundary_check(m, err);
    return m->listed ? edgel_fail(err, EDGEL_EINVAL,
                                  "listed: lists of segmentations have boundaries, and no pixels")
                     : EDGEL_OK;
}

static const struct edgel_family_params params = { .at = EDGEL_PARAMS_TAIL,
                                                   .write = write_params,
                                                   .read = read_params,
                                                   .differs = differs,
                                                   .check = check_params };

const struct edgel_family_row edgel_boundary_family = {
    .family = EDGEL_BOUNDARY,
    .name = "boundary",
    .key = "boundary",
    .measures = "boundaries matched one to one at every threshold",
    .asked = asked,
    .settles = "the sweep over thresholds",
    .params = &params,
    .needs = EDGEL_NEEDS_MAPS,
    .measure = measure,
    .write = write_counts,
    .read = read_counts,
    .check = check,
    .sound = sound,
    .finish = finish,
    .sums = &edgel_boundary_summing,
};
