/* The pixels of classes over images: their counts, scores and confusion. Formulas stand at the top of reduce.c. */
#include "eval/eval_priv.h"
#include <inttypes.h>
#include <math.h>

struct sums {
    struct edgel_mean accuracy, kappa, fwiou; /* IMAGE */
};
struct class_sums {
    struct edgel_pixel_counts pooled;
    struct edgel_mean scores[EDGEL_SCORES_MAX]; /* IMAGE */
    uint64_t touched;                           /* IMAGE */
};

static bool tolerant(const struct edgel_reducer *r)
{
    return r->family[EDGEL_TOLERANCE].classes != NULL;
}

static void add_scores(const struct edgel_adding *a, struct class_sums *c,
                       const struct edgel_pixel_counts *pixels,
                       const struct edgel_tolerance_counts *tolerance)
{
    const enum edgel_empty empty = a->reducer->reduce->empty;
    struct edgel_scores s;
    if (tolerant(a->reducer))
        edgel_scores_tolerance(tolerance, empty, &s, &c->touched);
    else
        edgel_scores_pixels(pixels, a->all, empty, &s, &c->touched);
    for (size_t i = 0; i < edgel_scores_count(); i++)
        edgel_mean_add(&c->scores[i], s.v[i]);
}

static void add(const struct edgel_adding *a, void *sums)
{
    static const struct edgel_pixel_counts no_pixels;
    static const struct edgel_tolerance_counts no_tolerance;
    const struct edgel_reducer *r = a->reducer;
    const struct edgel_tolerance_list *list = edgel_row_tolerance(a->row);
    const struct edgel_overall o = edgel_scores_overall(a->pixels, r->nclasses, a->all, r->reduce->empty);
    struct sums *s = sums;
    size_t k = 0;
    for (size_t i = 0; i < r->nclasses; i++) {
        struct class_sums *c = edgel_reducer_class(r, EDGEL_PIXELS, i);
        const struct edgel_pixel_counts *p = &a->pixels[i];
        while (k < list->n && list->v[k].id < r->ids[i])
            k++;
        c->pooled.tp += p->tp;
        c->pooled.truth += p->truth;
        c->pooled.prediction += p->prediction;
        add_scores(a, c, p, k < list->n && list->v[k].id == r->ids[i] ? &list->v[k] : &no_tolerance);
    }
    add_scores(a, edgel_reducer_class(r, EDGEL_PIXELS, r->nclasses), &no_pixels, &no_tolerance);
    edgel_mean_add(&s->accuracy, o.accuracy);
    edgel_mean_add(&s->kappa, o.kappa);
    edgel_mean_add(&s->fwiou, o.fwiou);
}

/* --- results --- */

static void class_scores(const struct edgel_reducer *r, size_t i, struct edgel_class_result *out,
                         uint64_t *touched)
{
    const struct class_sums *c = edgel_reducer_class(r, EDGEL_PIXELS, i);
    if (r->reduce->reduce == EDGEL_REDUCE_IMAGE) {
        for (size_t k = 0; k < edgel_scores_count(); k++)
            out->scores.v[k] = edgel_mean_value(&c->scores[k]);
        *touched += c->touched;
    } else if (tolerant(r)) {
        edgel_scores_tolerance(edgel_reducer_class(r, EDGEL_TOLERANCE, i), r->reduce->empty, &out->scores,
                               touched);
    } else {
        edgel_scores_pixels(&c->pooled, r->all, r->reduce->empty, &out->scores, touched);
    }
}

static void class_counts(const struct edgel_reducer *r, size_t i, struct edgel_class_result *out)
{
    if (tolerant(r)) {
        const struct edgel_tolerance_counts *t = edgel_reducer_class(r, EDGEL_TOLERANCE, i);
        out->matched = true;
        out->tp_prediction = t->matched_prediction;
        out->tp_truth = t->matched_truth;
        out->fp = t->prediction - t->matched_prediction;
        out->fn = t->truth - t->matched_truth;
    } else {
        const struct class_sums *c = edgel_reducer_class(r, EDGEL_PIXELS, i);
        out->tp = c->pooled.tp;
        out->fp = c->pooled.prediction - c->pooled.tp;
        out->fn = c->pooled.truth - c->pooled.tp;
        out->tn = r->all - out->tp - out->fp - out->fn;
    }
}

static enum edgel_status class_results(const struct edgel_reducer *r, struct edgel_class_result **out,
                                       size_t *n, uint64_t *touched, struct edgel_error *err)
{
    const size_t first = edgel_reducer_first(r);
    const char *foreground = edgel_reducer_binary(r) ? "foreground" : NULL;
    *out = NULL;
    *n = 0;
    if (r->nclasses <= first)
        return EDGEL_OK;
    struct edgel_class_result *v = edgel_calloc(r->nclasses - first, sizeof *v);
    if (!v)
        return edgel_reduce_no_memory(err);
    for (size_t i = first; i < r->nclasses; i++) {
        struct edgel_class_result *c = &v[i - first];
        c->id = r->ids[i];
        c->in_mean = edgel_reducer_in_mean(r, c->id);
        class_counts(r, i, c);
        class_scores(r, i, c, touched);
        if (!(c->name = edgel_class_name(foreground ? NULL : r->reduce->classes, c->id, foreground))) {
            edgel_class_results_free(v, r->nclasses - first);
            return edgel_reduce_no_memory(err);
        }
    }
    *out = v;
    *n = r->nclasses - first;
    return EDGEL_OK;
}

void edgel_class_results_free(struct edgel_class_result *results, size_t n)
{
    for (size_t i = 0; results && i < n; i++)
        edgel_free(results[i].name);
    edgel_free(results);
}

static void mean_scores(struct edgel_pixels_result *s)
{
    for (size_t i = 0; i < edgel_scores_count(); i++) {
        struct edgel_mean m = { 0 };
        for (size_t k = 0; k < s->nclasses; k++)
            if (s->classes[k].in_mean)
                edgel_mean_add(&m, s->classes[k].scores.v[i]);
        s->mean.v[i] = edgel_mean_value(&m);
    }
}

static bool fill_matrix(const struct edgel_reducer *r, struct edgel_pixels_result *s)
{
    const size_t n = r->nclasses;
    if (n == 0)
        return true;
    s->matrix_ids = edgel_alloc(n, sizeof *s->matrix_ids);
    s->matrix = edgel_calloc(n * n, sizeof *s->matrix);
    s->matrix_other = edgel_calloc(n, sizeof *s->matrix_other);
    if (!s->matrix_ids || !s->matrix || !s->matrix_other)
        return false;
    s->nmatrix = n;
    for (size_t i = 0; i < n; i++)
        s->matrix_ids[i] = r->ids[i];
    for (size_t i = 0; i < r->ncells; i++) {
        const struct edgel_cell *c = &r->cells[i];
        const size_t t = edgel_reducer_index(r, c->truth);
        if (c->prediction < 0 || edgel_reducer_ignores(r, c->prediction))
            s->matrix_other[t] += c->n;
        else
            s->matrix[t * n + edgel_reducer_index(r, c->prediction)] += c->n;
    }
    return true;
}

static bool fill_overall(const struct edgel_reducer *r, struct edgel_pixels_result *to)
{
    const struct sums *s = r->family[EDGEL_PIXELS].sums;
    struct edgel_overall o = { edgel_mean_value(&s->accuracy), edgel_mean_value(&s->kappa),
                               edgel_mean_value(&s->fwiou) };
    if (r->reduce->reduce == EDGEL_REDUCE_POOLED) {
        struct edgel_pixel_counts *pixels = edgel_calloc(r->nclasses + 1, sizeof *pixels);
        if (!pixels)
            return false;
        for (size_t i = 0; i < r->nclasses; i++)
            pixels[i] = ((const struct class_sums *)edgel_reducer_class(r, EDGEL_PIXELS, i))->pooled;
        o = edgel_scores_overall(pixels, r->nclasses, r->all, r->reduce->empty);
        edgel_free(pixels);
    }
    to->accuracy = o.accuracy;
    to->kappa = o.kappa;
    to->fwiou = o.fwiou;
    return true;
}

static bool result(const struct edgel_reducer *r, void *out)
{
    struct edgel_pixels_result *to = out;
    to->pixels = r->all;
    to->ignored_predicted = r->ignored_predicted;
    to->has_tolerance = tolerant(r);
    if (class_results(r, &to->classes, &to->nclasses, &to->empty_touched, NULL) != EDGEL_OK)
        return false;
    mean_scores(to);
    return fill_matrix(r, to) && fill_overall(r, to);
}

static void finish_result(void *out)
{
    struct edgel_pixels_result *p = out;
    edgel_class_results_free(p->classes, p->nclasses);
    edgel_free(p->matrix_ids);
    edgel_free(p->matrix);
    edgel_free(p->matrix_other);
}

static enum edgel_status classes(const struct edgel_reducer *r, const struct edgel_row *row,
                                 struct edgel_class_result **out, size_t *n, struct edgel_error *err)
{
    uint64_t touched = 0;
    (void)row;
    return class_results(r, out, n, &touched, err);
}

static double accuracy_of(const void *results)
{
    const struct edgel_pixels_result *r = results;
    return r->accuracy;
}

static double kappa_of(const void *results)
{
    const struct edgel_pixels_result *r = results;
    return r->kappa;
}

static double fwiou_of(const void *results)
{
    const struct edgel_pixels_result *r = results;
    return r->fwiou;
}

static const struct edgel_family_score scores[] = {
    { "accuracy", accuracy_of }, { "kappa", kappa_of }, { "fwiou", fwiou_of }, { NULL, NULL }
};

static const struct edgel_summing summing = {
    .sums_size = sizeof(struct sums),
    .class_size = sizeof(struct class_sums),
    .result_size = sizeof(struct edgel_pixels_result),
    .add = add,
    .result = result,
    .scores = scores,
    .classes = classes,
    .finish_result = finish_result,
};

/* --- one image, and counts files --- */

/*
 * The confusion of ids of one image in a counts file.
 *
 *   "pixels":n,"cells":[[truth,prediction,n]...]
 *
 * Checked: pixels are at most w h, and none are counted where boundaries or regions are; cells rise without repetition,
 * none is 0, and they sum to the pixels. BINARY ids are 0 and 1, in truth also the ignored ones.
 */
static bool asked(const struct edgel_measure *m)
{
    (void)m; /* empty where boundaries, regions or objects are measured instead */
    return true;
}

static enum edgel_status measure(const struct edgel_measuring *k, void *counts)
{
    struct edgel_pixels_counts *c = counts;
    if (!k->confusion)
        return EDGEL_OK;
    c->pixels = k->pixels;
    if (!edgel_confusion_cells(k->confusion, &c->cells, &c->n))
        return edgel_no_memory(k->err, "measure");
    for (size_t i = 0; k->missing && k->params->labels != EDGEL_LABELS_BINARY && i < c->n; i++)
        c->cells[i].prediction = EDGEL_ID_NONE;
    return EDGEL_OK;
}

static void write_counts(struct edgel_text *t, const void *counts)
{
    const struct edgel_pixels_counts *p = counts;
    edgel_text_printf(t, ",\"pixels\":%" PRIu64 ",\"cells\":[", p->pixels);
    for (size_t i = 0; i < p->n; i++) {
        const struct edgel_cell *c = &p->cells[i];
        edgel_text_printf(t, "%s[%d,%d,%" PRIu64 "]", i ? "," : "", c->truth, c->prediction, c->n);
    }
    edgel_text_str(t, "]");
}

static enum edgel_status read_cells(const struct edgel_place *p, const struct edgel_json *v,
                                    struct edgel_pixels_counts *out)
{
    size_t n;
    EDGEL_TRY(edgel_place_array(p, v, "cells", SIZE_MAX, &n));
    if (n == 0)
        return EDGEL_OK;
    if (!(out->cells = edgel_alloc(n, sizeof *out->cells)))
        return edgel_place_no_memory(p);
    for (size_t i = 0; i < n; i++) {
        int64_t c[3];
        EDGEL_TRY(edgel_place_tuple(p, edgel_json_at(v, i), "cells", 3, EDGEL_ID_NONE, INT64_MAX, c));
        if (c[0] < 0 || c[0] >= EDGEL_IDS || c[1] >= EDGEL_IDS || c[2] < 0)
            return edgel_place_refuse(p, "cells",
                                      "ids are 0 to 65535 (prediction -1: none), counts not negative");
        out->cells[i] = (struct edgel_cell){ (int32_t)c[0], (int32_t)c[1], (uint64_t)c[2] };
    }
    out->n = n;
    return EDGEL_OK;
}

static enum edgel_status read_counts(const struct edgel_place *p, const struct edgel_json *line,
                                     const struct edgel_measure *m, void *counts)
{
    struct edgel_pixels_counts *c = counts;
    int64_t pixels;
    (void)m;
    EDGEL_TRY(edgel_place_whole(p, edgel_json_get(line, "pixels"), "pixels", 0, INT64_MAX, &pixels));
    c->pixels = (uint64_t)pixels;
    return read_cells(p, edgel_json_get(line, "cells"), c);
}

static const char *check(const struct edgel_measure *m, const struct edgel_row *row,
                         const struct edgel_id_totals *of)
{
    const bool binary = m->labels == EDGEL_LABELS_BINARY;
    const struct edgel_pixels_counts *p = edgel_row_pixels(row);
    uint64_t left = p->pixels;
    (void)of;
    if (p->pixels > (uint64_t)row->w * (uint64_t)row->h)
        return "pixels must be at most width times height";
    for (size_t i = 0; i < p->n; i++) {
        const struct edgel_cell *c = &p->cells[i];
        if (i > 0 &&
            (c->truth < c[-1].truth || (c->truth == c[-1].truth && c->prediction <= c[-1].prediction)))
            return "must rise by truth, then prediction, each pair once";
        if (c->n == 0 || c->n > left)
            return "must be above 0 and sum to pixels";
        if (binary && (c->prediction < 0 || c->prediction > 1 ||
                       (c->truth > 1 && !edgel_id_in(m->ignore, m->nignore, c->truth))))
            return "ids of binary masks are 0 and 1, and in truth the ignored ones";
        left -= c->n;
    }
    if (left != 0)
        return "must sum to pixels";
    return edgel_of_maps(m) && p->pixels != 0 ? "pixels are not counted where boundaries or regions are"
                                              : NULL;
}

static const char *sound(const struct edgel_measure *m, const struct edgel_row *row)
{
    const struct edgel_pixels_counts *p = edgel_row_pixels(row);
    const int32_t ids = m->labels == EDGEL_LABELS_BINARY ? 2 : EDGEL_IDS;
    uint64_t sum = 0;
    for (size_t i = 0; i < p->n; i++) {
        const struct edgel_cell *c = &p->cells[i];
        const bool rises =
            i == 0 || c->truth > c[-1].truth || (c->truth == c[-1].truth && c->prediction > c[-1].prediction);
        if (c->truth < 0 || c->truth >= EDGEL_IDS || c->prediction < EDGEL_ID_NONE || c->prediction >= ids ||
            !rises || c->n > p->pixels - sum)
            return "its cells are not a confusion of its pixels";
        sum += c->n;
    }
    return sum == p->pixels ? NULL : "its cells do not sum to its pixels";
}

static void finish(void *counts)
{
    struct edgel_pixels_counts *c = counts;
    edgel_free(c->cells);
}

const struct edgel_family_row edgel_pixels_family = {
    .family = EDGEL_PIXELS,
    .name = "pixels",
    .key = "cells",
    .measures = "the confusion of ids, pixel by pixel",
    .asked = asked,
    .counts_size = sizeof(struct edgel_pixels_counts),
    .measure = measure,
    .write = write_counts,
    .read = read_counts,
    .check = check,
    .sound = sound,
    .finish = finish,
    .sums = &summing,
};
