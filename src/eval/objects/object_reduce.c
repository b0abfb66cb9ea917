/*
 * Scores of objects from the pairs of object_match.c. Of a class, over all images: t objects of the truth, p
 * predictions, x passed over; TP(T) = pairs with IoU >= T, e(T) = pairs below T whose prediction is excused;
 *
 *   FN(T) = t - TP(T)    FP(T) = p - x - e(T) - TP(T)
 *   precision(T) = TP / (TP + FP)    recall(T) = TP / (TP + FN)    T = 0.5, 0.55, ... 0.95
 *
 * compared without rounding: 20 both >= k either, k = 10..19. Panoptic quality, with TP, FP, FN of the pairs of IoU >
 * 0.5:
 *
 *   SQ = sum of their IoU / TP    RQ = TP / (TP + FP / 2 + FN / 2)    PQ = SQ RQ
 *
 * Counts are summed over images, whatever the rule of reduction says, as the paper has it. SQ and PQ are 0 where there
 * are objects but no pair. A class without objects (TP + FP + FN = 0), and a precision or recall 0 / 0, follows the
 * rule for empty ones; undefined values leave the mean. Measures of boxes (boxes.c) are means over all pairs (IoU >=
 * 0.5 of pixels), undefined without any. Mean: over the classes in the mean. Classes: those given, else those that have
 * objects, ignored ones left out. Sums of real numbers run over the images in their order, then over the truth's
 * objects.
 * Source: A. Kirillov et al., "Panoptic segmentation", 2019.
 */
#include "eval/objects/objects_priv.h"
#include <math.h>

static struct edgel_object_sums *sums_of(const struct edgel_objects_sums *s, int32_t id)
{
    size_t lo = 0, n = s->n;
    while (n > 1) {
        const size_t half = n / 2;
        if (s->v[lo + half].id <= id)
            lo += half;
        n -= half;
    }
    return n == 1 && s->v[lo].id == id ? &s->v[lo] : NULL;
}

/* A class that takes part: of components, ids are raw values, some of which are left out. */
static bool judged(const struct edgel_reducer *r, int32_t id)
{
    return edgel_objects_alone(r->measure) || !edgel_reducer_ignores(r, id);
}

static bool begin(const struct edgel_reducer *r, void *sums)
{
    const struct edgel_classes *given = r->reduce->classes;
    struct edgel_objects_sums *s = sums;
    if (!given)
        return true;
    s->fixed = true;
    if (!(s->v = edgel_calloc(given->n + 1, sizeof *s->v)))
        return false;
    for (size_t i = 0; i < given->n; i++) {
        const int32_t id = given->v[i].id;
        if (judged(r, id) && (id > 0 || edgel_objects_alone(r->measure)))
            s->v[s->n++].id = id;
    }
    return true;
}

/* Makes room for the classes of a row. */
static enum edgel_status prepare(const struct edgel_reducer *r, void *sums, const struct edgel_row *row,
                                 struct edgel_error *err)
{
    const struct edgel_object_list *list = edgel_row_objects(row);
    struct edgel_objects_sums *s = sums;
    size_t fresh = 0, from = 0, k = 0, to = 0;
    for (size_t i = 0; i < list->n; i++) {
        const int32_t id = list->v[i].id;
        const bool known = sums_of(s, id) != NULL;
        if (!known && s->fixed && judged(r, id))
            return edgel_fail(err, EDGEL_EFORMAT, "objects of class %d, which is none of the classes", id);
        fresh += !known && judged(r, id);
    }
    if (fresh == 0)
        return EDGEL_OK;
    if (s->n + fresh > EDGEL_CLASSES_MAX)
        return edgel_fail(err, EDGEL_EFORMAT, "objects of more than %d classes", EDGEL_CLASSES_MAX);
    struct edgel_object_sums *v = edgel_calloc(s->n + fresh, sizeof *v);
    if (!v)
        return edgel_reduce_no_memory(err);
    while (from < s->n || k < list->n) {
        const bool old = k == list->n || (from < s->n && s->v[from].id <= list->v[k].id);
        const int32_t id = old ? s->v[from].id : list->v[k].id;
        k += k < list->n && list->v[k].id == id;
        if (old)
            v[to++] = s->v[from++];
        else if (judged(r, id))
            v[to++].id = id;
    }
    edgel_free(s->v);
    s->v = v;
    s->n = to;
    return EDGEL_OK;
}

static struct edgel_box box_of(const int b[4])
{
    return (struct edgel_box){ b[0], b[1], b[2], b[3] };
}

static void add_pair(struct edgel_object_sums *s, const struct edgel_object_pair *p)
{
    const struct edgel_box t = box_of(p->truth_box), q = box_of(p->prediction_box);
    for (unsigned k = 0; k < EDGEL_OBJECT_IOUS; k++) {
        const bool reached = 20 * p->both >= (10 + k) * p->either;
        s->tp_at[k] += reached;
        s->excused_below[k] += !reached && p->excused;
    }
    if (2 * p->both > p->either) {
        s->tp++;
        s->iou += (double)p->both / (double)p->either;
    } else {
        s->excused_half += p->excused;
    }
    s->pairs++;
    s->box[0] += edgel_box_iou(&t, &q);
    s->box[1] += edgel_box_giou(&t, &q);
    s->box[2] += edgel_box_diou(&t, &q);
    s->box[3] += edgel_box_ciou(&t, &q);
}

static void add(const struct edgel_adding *a, void *sums)
{
    const struct edgel_object_list *list = edgel_row_objects(a->row);
    for (size_t i = 0; i < list->n; i++) {
        const struct edgel_object_counts *c = &list->v[i];
        struct edgel_object_sums *s = sums_of(sums, c->id);
        if (!s)
            continue;
        s->truth += c->truth;
        s->prediction += c->prediction;
        s->passed += c->passed;
        for (size_t k = 0; k < c->npairs; k++)
            add_pair(s, &c->pairs[k]);
    }
}

static void finish(void *sums)
{
    struct edgel_objects_sums *s = sums;
    edgel_free(s->v);
    *s = (struct edgel_objects_sums){ 0 };
}

/* --- scores --- */

enum { NVALUES = 9 + 2 * EDGEL_OBJECT_IOUS };

static double *value_at(struct edgel_object_scores *s, int i)
{
    double *const single[9] = { &s->pq,      &s->sq,       &s->rq,       &s->mean_precision, &s->mean_recall,
                                &s->box_iou, &s->box_giou, &s->box_diou, &s->box_ciou };
    if (i < 9)
        return single[i];
    i -= 9;
    return i < EDGEL_OBJECT_IOUS ? &s->precision[i] : &s->recall[i - EDGEL_OBJECT_IOUS];
}

static void panoptic(const struct edgel_object_result *c, double iou, enum edgel_empty empty,
                     struct edgel_object_scores *s)
{
    const double tp = (double)c->tp, wrong = ((double)c->fp + (double)c->fn) / 2;
    if (c->tp + c->fp + c->fn == 0) {
        s->pq = s->sq = s->rq = edgel_ratio(0, 0, empty);
        return;
    }
    s->sq = c->tp > 0 ? iou / tp : 0;
    s->rq = tp / (tp + wrong);
    s->pq = iou / (tp + wrong);
}

static void score(const struct edgel_object_sums *s, enum edgel_empty empty, struct edgel_object_result *out)
{
    struct edgel_object_scores *to = &out->scores;
    struct edgel_mean precision = { 0 }, recall = { 0 };
    const uint64_t judged_predictions = s->prediction - s->passed;
    for (int i = 0; i < NVALUES; i++)
        *value_at(to, i) = NAN;
    out->truth = s->truth;
    out->prediction = s->prediction;
    out->passed = s->passed;
    out->pairs = s->pairs;
    out->tp = s->tp;
    out->fn = s->truth - s->tp;
    out->fp = judged_predictions - s->tp - s->excused_half;
    panoptic(out, s->iou, empty, to);
    for (int k = 0; k < EDGEL_OBJECT_IOUS; k++) {
        const double tp = (double)s->tp_at[k];
        to->precision[k] = edgel_ratio(tp, (double)(judged_predictions - s->excused_below[k]), empty);
        to->recall[k] = edgel_ratio(tp, (double)s->truth, empty);
        edgel_mean_add(&precision, to->precision[k]);
        edgel_mean_add(&recall, to->recall[k]);
    }
    to->mean_precision = edgel_mean_value(&precision);
    to->mean_recall = edgel_mean_value(&recall);
    for (int i = 0; i < 4 && s->pairs > 0; i++)
        *value_at(to, 5 + i) = s->box[i] / (double)s->pairs;
}

static bool result(const struct edgel_reducer *r, void *to)
{
    const struct edgel_objects_sums *s = r->family[EDGEL_OBJECTS].sums;
    struct edgel_objects_result *out = to;
    *out = (struct edgel_objects_result){ 0 };
    if (!(out->classes = edgel_calloc(s->n + 1, sizeof *out->classes)))
        return false;
    out->nclasses = s->n;
    for (size_t i = 0; i < s->n; i++) {
        struct edgel_object_result *c = &out->classes[i];
        c->id = s->v[i].id;
        c->in_mean = !edgel_id_in(r->reduce->exclude_from_mean, r->reduce->nexclude, c->id);
        score(&s->v[i], r->reduce->empty, c);
        const char *foreground = edgel_reducer_binary(r) ? "foreground" : NULL;
        if (!(c->name = edgel_class_name(r->reduce->classes, c->id, foreground)))
            return false;
    }
    for (int i = 0; i < NVALUES; i++) {
        struct edgel_mean m = { 0 };
        for (size_t k = 0; k < s->n; k++)
            if (out->classes[k].in_mean)
                edgel_mean_add(&m, *value_at(&out->classes[k].scores, i));
        *value_at(&out->mean, i) = edgel_mean_value(&m);
    }
    return true;
}

static void finish_result(void *out)
{
    struct edgel_objects_result *o = out;
    for (size_t i = 0; o->classes && i < o->nclasses; i++)
        edgel_free(o->classes[i].name);
    edgel_free(o->classes);
    *o = (struct edgel_objects_result){ 0 };
}

/* One image's classes for a table of image x class: counts, precision, recall and F1 (RQ) of the pairs of IoU > 0.5. */
static enum edgel_status classes(const struct edgel_reducer *r, const struct edgel_row *row,
                                 struct edgel_class_result **out, size_t *n, struct edgel_error *err)
{
    (void)row;
    struct edgel_objects_result o;
    bool ok = result(r, &o);
    struct edgel_class_result *v = ok ? edgel_calloc(o.nclasses + 1, sizeof *v) : NULL;
    for (size_t i = 0; v && i < o.nclasses; i++) {
        struct edgel_object_result *c = &o.classes[i];
        const double tp = (double)c->tp;
        v[i] = (struct edgel_class_result){
            .id = c->id, .name = c->name, .in_mean = c->in_mean, .tp = c->tp, .fp = c->fp, .fn = c->fn
        };
        c->name = NULL;
        v[i].scores =
            edgel_scores_matched(edgel_ratio(tp, tp + (double)c->fp, r->reduce->empty),
                                 edgel_ratio(tp, tp + (double)c->fn, r->reduce->empty), c->scores.rq);
    }
    *n = v ? o.nclasses : 0;
    *out = v;
    finish_result(&o);
    return v ? EDGEL_OK : edgel_reduce_no_memory(err);
}

static double pq_of(const void *results)
{
    const struct edgel_objects_result *r = results;
    return r->mean.pq;
}

static double sq_of(const void *results)
{
    const struct edgel_objects_result *r = results;
    return r->mean.sq;
}

static double rq_of(const void *results)
{
    const struct edgel_objects_result *r = results;
    return r->mean.rq;
}

static const struct edgel_family_score scores[] = {
    { "pq", pq_of }, { "sq", sq_of }, { "rq", rq_of }, { NULL, NULL }
};

const struct edgel_summing edgel_objects_summing = {
    .sums_size = sizeof(struct edgel_objects_sums),
    .result_size = sizeof(struct edgel_objects_result),
    .begin = begin,
    .prepare = prepare,
    .add = add,
    .result = result,
    .scores = scores,
    .classes = classes,
    .finish = finish,
    .finish_result = finish_result,
};
