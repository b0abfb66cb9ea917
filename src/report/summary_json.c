/*
 * The summary document, schema edgel.eval/1. Reals are written with the fewest digits that read back the same;
 * undefined ones are null. One line per class and per row of the confusion matrix, so that two documents can be
 * compared with diff.
 */
#include "report/report_priv.h"
#include <inttypes.h>
#include <math.h>

static void real(struct edgel_text *t, const char *before, double v)
{
    edgel_text_str(t, before);
    edgel_text_real(t, v);
}

static void ids(struct edgel_text *t, const char *before, const int32_t *v, size_t n)
{
    edgel_text_printf(t, "%s[", before);
    for (size_t i = 0; i < n; i++)
        edgel_text_printf(t, "%s%" PRId32, i ? "," : "", v[i]);
    edgel_text_str(t, "]");
}

static void counts(struct edgel_text *t, const uint64_t *v, size_t n)
{
    edgel_text_str(t, "[");
    for (size_t i = 0; i < n; i++)
        edgel_text_printf(t, "%s%" PRIu64, i ? "," : "", v[i]);
    edgel_text_str(t, "]");
}

static void scores(struct edgel_text *t, const struct edgel_scores *s)
{
    for (size_t i = 0; i < edgel_class_scores(); i++) {
        edgel_text_printf(t, "%s\"%s\":", i ? "," : "", edgel_score_at(i)->key);
        edgel_text_real(t, s->v[i]);
    }
}

static void overall(struct edgel_text *t, const struct edgel_summary *s)
{
    const struct edgel_score *score;
    for (size_t i = 0; (score = edgel_score_at(i)) != NULL; i++) {
        if (!score->overall)
            continue;
        edgel_text_printf(t, "\"%s\":", score->key);
        real(t, "", edgel_score_value(score, s));
        edgel_text_str(t, ",");
    }
    edgel_text_str(t, "\n");
}

static void convention(struct edgel_text *t, const struct edgel_measure *m, const struct edgel_reduce *r)
{
    bool binary = m->labels == EDGEL_LABELS_BINARY;
    edgel_text_printf(t, " \"convention\":{\"name\":\"edgel\",\"reduce\":\"%s\",\"empty\":\"%s\"",
                      edgel_word_of_reduce(r->reduce), edgel_word_of_empty(r->empty));
    ids(t, ",\"ignore\":", r->ignore, r->nignore);
    ids(t, ",\"exclude_from_mean\":", r->exclude_from_mean, r->nexclude);
    edgel_text_printf(t, ",\"labels\":\"%s\"", edgel_word_of_labels(m->labels));
    real(t, ",\"threshold\":", binary && m->boundary == EDGEL_BOUNDARY_NONE ? m->threshold : NAN);
    edgel_text_printf(t, ",\"thresholds\":%d,\"missing\":\"%s\"", m->thresholds,
                      edgel_word_of_missing(r->missing));
    real(t, ",\"tolerance\":", m->tolerance >= 0 ? m->tolerance : NAN);
    edgel_text_printf(t, ",\"valid\":%s,\"annotator\":\"", m->valid ? "true" : "false");
    edgel_word_of_annotator(t, m);
    edgel_text_str(t, "\"");
    if (m->boundary != EDGEL_BOUNDARY_NONE) {
        real(t, ",\"boundary\":\"bsds\",\"max_dist\":", m->boundary_params.max_dist);
        edgel_text_printf(t, ",\"thin\":%s,\"nms\":", m->boundary_params.thin ? "true" : "false");
        if (m->boundary_params.nms) {
            real(t, "{\"ratio\":", m->boundary_params.nms_ratio);
            edgel_text_printf(t, ",\"radius\":%d}", m->boundary_params.nms_radius);
        } else {
            edgel_text_str(t, "null");
        }
    }
    if (m->boundary != EDGEL_BOUNDARY_NONE || m->regions)
        edgel_text_printf(t, ",\"regions\":%s,\"listed\":%s", m->regions ? "true" : "false",
                          m->listed ? "true" : "false");
    edgel_text_str(t, "},\n");
}

static void classes(struct edgel_text *t, const struct edgel_summary *s)
{
    char digits[16];
    edgel_text_str(t, " \"classes\":[");
    for (size_t i = 0; i < s->nclasses; i++) {
        const struct edgel_class_result *c = &s->classes[i];
        edgel_text_printf(t, "%s\n  {\"id\":%" PRId32 ",\"name\":", i ? "," : "", c->id);
        edgel_text_json(t, edgel_class_label(c, digits, sizeof digits));
        edgel_text_printf(t, ",\"in_mean\":%s", c->in_mean ? "true" : "false");
        edgel_text_printf(t, ",\"tp\":%" PRIu64 ",\"fp\":%" PRIu64 ",\"fn\":%" PRIu64 ",\"tn\":%" PRIu64 ",",
                          c->tp, c->fp, c->fn, c->tn);
        scores(t, &c->scores);
        edgel_text_str(t, "}");
    }
    edgel_text_str(t, s->nclasses ? "\n ],\n" : "],\n");
}

static void confusion(struct edgel_text *t, const struct edgel_summary *s)
{
    ids(t, " \"confusion_ids\":", s->matrix_ids, s->nmatrix);
    edgel_text_str(t, ",\n \"confusion\":[");
    for (size_t i = 0; i < s->nmatrix; i++) {
        edgel_text_str(t, i ? ",\n  " : "\n  ");
        counts(t, s->matrix + i * s->nmatrix, s->nmatrix);
    }
    edgel_text_str(t, s->nmatrix ? "\n ],\n \"confusion_other\":" : "],\n \"confusion_other\":");
    counts(t, s->matrix_other, s->nmatrix);
}

static void point(struct edgel_text *t, const struct edgel_operating_point *p)
{
    real(t, "\"recall\":", p->recall);
    real(t, ",\"precision\":", p->precision);
    real(t, ",\"f1\":", p->f1);
    edgel_text_str(t, "}");
}

static void best_points(struct edgel_text *t, const char *key, const struct edgel_operating_point *ods,
                        const struct edgel_operating_point *ois)
{
    edgel_text_printf(t, ",\n \"%s\":{\"ods\":{\"threshold\":", key);
    edgel_text_real(t, ods->threshold);
    edgel_text_str(t, ",");
    point(t, ods);
    edgel_text_str(t, ",\"ois\":{");
    point(t, ois);
}

static void points(struct edgel_text *t, const struct edgel_operating_point *v, int n)
{
    edgel_text_str(t, ",\"points\":[");
    for (int i = 0; i < n; i++) {
        real(t, i ? ",\n  {\"threshold\":" : "\n  {\"threshold\":", v[i].threshold);
        edgel_text_str(t, ",");
        point(t, &v[i]);
    }
    edgel_text_str(t, "\n ]}");
}

static void curve(struct edgel_text *t, const struct edgel_curve_result *c)
{
    best_points(t, "curve", &c->ods, &c->ois);
    real(t, ",\"ap\":", c->ap);
    real(t, ",\"auc\":", c->auc);
    points(t, c->points, c->n);
}

static void boundary(struct edgel_text *t, const struct edgel_boundary_result *b)
{
    best_points(t, "boundary", &b->ods, &b->ois);
    real(t, ",\"ap\":", b->ap);
    real(t, ",\"r50\":", b->r50);
    points(t, b->points, b->n);
}

static void summary(struct edgel_text *t, const struct edgel_summary *s)
{
    edgel_text_str(t, "{\"schema\":\"edgel.eval/1\",\n \"prediction\":");
    edgel_text_json(t, s->prediction);
    edgel_text_str(t, ",\n");
    convention(t, s->measure, s->reduce);
    edgel_text_printf(t, " \"images\":%" PRIu64 ",\"missing\":%" PRIu64 ",\"failed\":%" PRIu64, s->images,
                      s->missing, s->failed);
    edgel_text_printf(
        t, ",\"pixels\":%" PRIu64 ",\"empty_touched\":%" PRIu64 ",\"ignored_predicted\":%" PRIu64 ",\n",
        s->pixels, s->empty_touched, s->ignored_predicted);
    classes(t, s);
    edgel_text_str(t, " \"mean\":{");
    scores(t, &s->mean);
    edgel_text_str(t, "},\n ");
    overall(t, s);
    confusion(t, s);
    if (s->curve.n > 0)
        curve(t, &s->curve);
    edgel_distances_json(t, s);
    if (s->boundary.n > 0)
        boundary(t, &s->boundary);
    edgel_regions_json(t, s);
    edgel_bands_json(t, s);
    edgel_objects_json(t, s);
    edgel_text_str(t, "}");
}

enum edgel_status edgel_report_json(struct edgel_output *out, const struct edgel_summary *s, size_t n,
                                    struct edgel_error *err)
{
    struct edgel_text t = { 0 };
    enum edgel_status status = EDGEL_OK;
    if (n != 1)
        edgel_text_str(&t, "{\"schema\":\"edgel.eval/1\",\"results\":[\n");
    for (size_t i = 0; i < n && status == EDGEL_OK; i++) {
        if (i)
            edgel_text_str(&t, ",\n");
        summary(&t, &s[i]);
        status = edgel_text_deliver(&t, out, err);
    }
    if (n != 1)
        edgel_text_str(&t, "]}");
    edgel_text_str(&t, "\n");
    if (status == EDGEL_OK)
        status = edgel_text_deliver(&t, out, err);
    edgel_text_finish(&t);
    return status;
}
