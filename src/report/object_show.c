/* Objects, for people and as the key "objects" of the summary document. */
#include "report/report_priv.h"
#include <inttypes.h>
#include <stdio.h>

static const char *const box_names[] = { "iou", "giou", "diou", "ciou" };

static void boxes_of(const struct edgel_object_scores *s, double v[4])
{
    v[0] = s->box_iou;
    v[1] = s->box_giou;
    v[2] = s->box_diou;
    v[3] = s->box_ciou;
}

static void list(struct edgel_text *t, const char *before, const double *v)
{
    edgel_text_str(t, before);
    for (int k = 0; k < EDGEL_OBJECT_IOUS; k++)
        edgel_text_named(t, k ? "," : "[", v[k]);
    edgel_text_str(t, "]");
}

static void scores_json(struct edgel_text *t, const struct edgel_object_scores *s)
{
    double box[4];
    boxes_of(s, box);
    edgel_text_named(t, "\"pq\":", s->pq);
    edgel_text_named(t, ",\"sq\":", s->sq);
    edgel_text_named(t, ",\"rq\":", s->rq);
    list(t, ",\"precision\":", s->precision);
    list(t, ",\"recall\":", s->recall);
    edgel_text_named(t, ",\"mean_precision\":", s->mean_precision);
    edgel_text_named(t, ",\"mean_recall\":", s->mean_recall);
    edgel_text_str(t, ",\"box\":{");
    for (int i = 0; i < 4; i++) {
        edgel_text_printf(t, "%s\"%s\":", i ? "," : "", box_names[i]);
        edgel_text_real(t, box[i]);
    }
    edgel_text_str(t, "}}");
}

static void json(struct edgel_text *t, const struct edgel_summary *s)
{
    const struct edgel_objects_result *o = edgel_summary_objects(s);
    double thresholds[EDGEL_OBJECT_IOUS];
    for (int k = 0; k < EDGEL_OBJECT_IOUS; k++)
        thresholds[k] = (10 + k) / 20.;
    edgel_text_printf(t, ",\n \"objects\":{\"by\":\"%s\",\"reduce\":\"pooled\"",
                      edgel_measure_word(s->measure, "objects"));
    list(t, ",\"iou\":", thresholds);
    edgel_text_str(t, ",\"classes\":[");
    for (size_t i = 0; i < o->nclasses; i++) {
        const struct edgel_object_result *c = &o->classes[i];
        edgel_text_printf(t, "%s\n  {\"id\":%" PRId32 ",\"name\":", i ? "," : "", c->id);
        edgel_text_json(t, c->name);
        edgel_text_printf(t, ",\"in_mean\":%s,\"truth\":%" PRIu64 ",\"prediction\":%" PRIu64,
                          c->in_mean ? "true" : "false", c->truth, c->prediction);
        edgel_text_printf(t,
                          ",\"passed\":%" PRIu64 ",\"pairs\":%" PRIu64 ",\"tp\":%" PRIu64 ",\"fp\":%" PRIu64
                          ",\"fn\":%" PRIu64 ",",
                          c->passed, c->pairs, c->tp, c->fp, c->fn);
        scores_json(t, &c->scores);
    }
    edgel_text_str(t, o->nclasses ? "\n ],\"mean\":{" : "],\"mean\":{");
    scores_json(t, &o->mean);
    edgel_text_str(t, "}");
}

/* --- table --- */

static void score_cells(struct edgel_grid *g, const struct edgel_object_scores *s)
{
    double box[4];
    boxes_of(s, box);
    edgel_grid_score(g, s->pq);
    edgel_grid_score(g, s->sq);
    edgel_grid_score(g, s->rq);
    edgel_grid_score(g, s->mean_precision);
    edgel_grid_score(g, s->mean_recall);
    for (int i = 0; i < 4; i++)
        edgel_grid_score(g, box[i]);
}

static void class_line(struct edgel_grid *g, const struct edgel_object_result *c)
{
    const uint64_t counts[] = { c->truth, c->prediction, c->passed, c->tp, c->fp, c->fn };
    char digits[16];
    snprintf(digits, sizeof digits, "%" PRId32, c->id);
    edgel_grid_str(g, digits);
    edgel_grid_str(g, c->name);
    for (int i = 0; i < 6; i++)
        edgel_grid_count(g, counts[i]);
    score_cells(g, &c->scores);
}

static bool occurs(const struct edgel_object_result *c)
{
    return c->truth + c->prediction > 0;
}

/* Classes without objects are counted, not shown: a document may tell of many. */
static void classes_table(struct edgel_text *t, const struct edgel_objects_result *o, size_t width)
{
    static const char *const heads[] = { "id",     "class",   "truth", "prediction", "passed", "tp",
                                         "fp",     "fn",      "PQ",    "SQ",         "RQ",     "mean P",
                                         "mean R", "box IoU", "GIoU",  "DIoU",       "CIoU" };
    struct edgel_grid g = { .columns = 17, .left = 2, .width = width };
    for (int i = 0; i < 17; i++)
        edgel_grid_str(&g, heads[i]);
    for (size_t i = 0; i < o->nclasses; i++)
        if (occurs(&o->classes[i]))
            class_line(&g, &o->classes[i]);
    edgel_grid_str(&g, "mean");
    for (int i = 0; i < 7; i++)
        edgel_grid_str(&g, "");
    score_cells(&g, &o->mean);
    edgel_grid_print(&g, t);
    edgel_grid_finish(&g);
    size_t without = 0;
    for (size_t i = 0; i < o->nclasses; i++)
        without += !occurs(&o->classes[i]);
    if (without > 0)
        edgel_text_printf(t, "classes without objects: %zu\n", without);
}

static void thresholds_table(struct edgel_text *t, const struct edgel_object_scores *s, size_t width)
{
    struct edgel_grid g = { .columns = 1 + EDGEL_OBJECT_IOUS, .left = 1, .width = width };
    edgel_grid_str(&g, "IoU >=");
    for (int k = 0; k < EDGEL_OBJECT_IOUS; k++) {
        char digits[16];
        snprintf(digits, sizeof digits, "0.%02d", 50 + 5 * k);
        edgel_grid_str(&g, digits);
    }
    edgel_grid_str(&g, "precision");
    for (int k = 0; k < EDGEL_OBJECT_IOUS; k++)
        edgel_grid_score(&g, s->precision[k]);
    edgel_grid_str(&g, "recall");
    for (int k = 0; k < EDGEL_OBJECT_IOUS; k++)
        edgel_grid_score(&g, s->recall[k]);
    edgel_grid_print(&g, t);
    edgel_grid_finish(&g);
}

static void table(struct edgel_text *t, const struct edgel_summary *s, size_t width)
{
    edgel_text_printf(t, "\nobjects (by %s, summed over images; tp fp fn PQ: pairs of IoU > 0.5)\n",
                      edgel_measure_word(s->measure, "objects"));
    classes_table(t, edgel_summary_objects(s), width);
    edgel_text_str(t, "\nobjects, mean over classes\n");
    thresholds_table(t, &edgel_summary_objects(s)->mean, width);
}

/* With several methods: their scores side by side. */
static void side_by_side(struct edgel_text *t, const struct edgel_summary *s, size_t n, size_t width)
{
    static const char *const heads[] = { "method", "images", "missing", "failed", "PQ",   "SQ",  "RQ",
                                         "mean P", "mean R", "box IoU", "GIoU",   "DIoU", "CIoU" };
    struct edgel_grid g = { .columns = 13, .left = 1, .width = width };
    for (int i = 0; i < 13; i++)
        edgel_grid_str(&g, heads[i]);
    for (size_t i = 0; i < n; i++) {
        edgel_grid_str(&g, s[i].prediction);
        edgel_grid_count(&g, s[i].images);
        edgel_grid_count(&g, s[i].missing);
        edgel_grid_count(&g, s[i].failed);
        score_cells(&g, &edgel_summary_objects(&s[i])->mean);
    }
    edgel_text_str(t, "\n");
    edgel_grid_print(&g, t);
    edgel_grid_finish(&g);
}

const struct edgel_show edgel_objects_show = {
    .family = EDGEL_OBJECTS, .json = json, .table = table, .side_by_side = side_by_side
};
