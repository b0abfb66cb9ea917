/*
 * What must hold of the counts of one image, beyond their types: a counts file is somebody else's text.
 *
 * Cells rise without repetition, none is 0, they sum to the pixels, and these are at most w * h. BINARY ids are 0 and
 * 1, in truth also the ignored ones. Sweep: its positives and negatives are the cells' judged truth, its counts never
 * rise with the threshold. Tolerance: ids rise, matched <= all, the totals of each id are those of the cells, and
 * pixels that agree are matched. Boundaries: matched <= all, and a matched detection has a truth pixel of its own.
 */
#include "eval/eval_priv.h"
#include <inttypes.h>

struct totals {
    uint64_t judged, positives, predicted; /* predicted: judged pixels that have a prediction */
};

struct check {
    const struct edgel_measure *m;
    const struct edgel_row *row;
    const char *where;
    struct edgel_error *err;
};

static enum edgel_status refuse(const struct check *k, const char *rule)
{
    return edgel_fail(k->err, EDGEL_EFORMAT, "%s: %s", k->where, rule);
}

static bool binary(const struct check *k)
{
    return k->m->labels == EDGEL_LABELS_BINARY;
}

static bool ignored(const struct check *k, int32_t id)
{
    return edgel_id_in(k->m->ignore, k->m->nignore, id);
}

static enum edgel_status check_cells(const struct check *k, struct totals *t)
{
    const struct edgel_row *r = k->row;
    uint64_t left = r->pixels;
    for (size_t i = 0; i < r->ncells; i++) {
        const struct edgel_cell *c = &r->cells[i];
        if (i > 0 &&
            (c->truth < c[-1].truth || (c->truth == c[-1].truth && c->prediction <= c[-1].prediction)))
            return refuse(k, "cells must rise by truth, then prediction, each pair once");
        if (c->n == 0 || c->n > left)
            return refuse(k, "cells must be above 0 and sum to pixels");
        if (binary(k) && (c->prediction < 0 || c->prediction > 1 || (c->truth > 1 && !ignored(k, c->truth))))
            return refuse(k, "ids of binary masks are 0 and 1, and in truth the ignored ones");
        left -= c->n;
        if (ignored(k, c->truth))
            continue;
        t->judged += c->n;
        t->positives += c->truth == 1 ? c->n : 0;
        t->predicted += c->prediction != EDGEL_ID_NONE ? c->n : 0;
    }
    return left == 0 ? EDGEL_OK : refuse(k, "cells must sum to pixels");
}

static enum edgel_status check_curve(const struct check *k, const struct totals *t)
{
    const struct edgel_row *r = k->row;
    if (r->thresholds != edgel_curve_thresholds(k->m))
        return refuse(k, "curve must have as many entries as the first line says thresholds");
    if (r->thresholds == 0)
        return EDGEL_OK;
    if (r->positives != t->positives || r->negatives != t->judged - t->positives)
        return refuse(k, "curve: positives and negatives must be those of the cells");
    uint64_t tp = r->positives, fp = r->negatives;
    for (int i = 0; i < r->thresholds; i++) {
        if (r->curve_tp[i] > tp || r->curve_fp[i] > fp)
            return refuse(k, "curve: tp and fp must not rise with the threshold");
        tp = r->curve_tp[i];
        fp = r->curve_fp[i];
    }
    return EDGEL_OK;
}

void edgel_id_totals(const struct edgel_measure *m, const struct edgel_row *row, struct edgel_id_totals *of)
{
    for (size_t i = 0; i < row->ncells; i++) {
        const struct edgel_cell *c = &row->cells[i];
        if (edgel_id_in(m->ignore, m->nignore, c->truth))
            continue;
        of[c->truth].truth += c->n;
        if (c->prediction != EDGEL_ID_NONE)
            of[c->prediction].prediction += c->n;
        if (c->truth == c->prediction)
            of[c->truth].both += c->n;
    }
}

static enum edgel_status check_ids(const struct check *k, const struct totals *t,
                                   const struct edgel_id_totals *of)
{
    const struct edgel_row *r = k->row;
    uint64_t truth = 0, prediction = 0;
    for (size_t i = 0; i < r->ntolerance; i++) {
        const struct edgel_tolerance_counts *c = &r->tolerance[i];
        if (i > 0 && c->id <= c[-1].id)
            return refuse(k, "tolerance: ids must rise");
        if (c->matched_prediction > c->prediction || c->matched_truth > c->truth)
            return refuse(k, "tolerance: matched pixels must not exceed all");
        if (c->truth != of[c->id].truth || c->prediction != of[c->id].prediction)
            return refuse(k, "tolerance: totals must be those of the cells");
        if (c->matched_prediction < of[c->id].both || c->matched_truth < of[c->id].both)
            return refuse(k, "tolerance: pixels that agree must be matched");
        truth += c->truth;
        prediction += c->prediction;
    }
    if (!binary(k) && (truth != t->judged || prediction != t->predicted))
        return refuse(k, "tolerance: every id of the cells must be listed");
    return EDGEL_OK;
}

static enum edgel_status check_tolerance(const struct check *k, const struct totals *t)
{
    const struct edgel_row *r = k->row;
    if (k->m->tolerance < 0)
        return r->ntolerance == 0 ? EDGEL_OK : refuse(k, "tolerance: the first line has none");
    if (binary(k) && (r->ntolerance != 1 || r->tolerance[0].id != 1))
        return refuse(k, "tolerance: binary masks have id 1 alone");
    struct edgel_id_totals *of = edgel_calloc(EDGEL_IDS, sizeof *of);
    if (!of)
        return edgel_fail(k->err, EDGEL_ENOMEM, "%s: out of memory", k->where);
    edgel_id_totals(k->m, k->row, of);
    enum edgel_status st = check_ids(k, t, of);
    edgel_free(of);
    return st;
}

static enum edgel_status check_boundary(const struct check *k)
{
    const struct edgel_boundary_counts *c = &k->row->boundary;
    if (!edgel_of_maps(k->m))
        return EDGEL_OK;
    if (k->row->pixels != 0)
        return refuse(k, "pixels are not counted where boundaries or regions are");
    for (int i = 0; i < c->n; i++) {
        if (c->prediction[i] > (uint64_t)k->row->w * (uint64_t)k->row->h)
            return refuse(k, "boundary: prediction must be at most width times height");
        if (c->matched_truth[i] > c->truth || c->matched_prediction[i] > c->prediction[i])
            return refuse(k, "boundary: matched pixels must not exceed all");
        if (c->matched_prediction[i] > c->matched_truth[i])
            return refuse(k, "boundary: a matched detection has a truth pixel of its own");
    }
    return EDGEL_OK;
}

enum edgel_status edgel_counts_check_row(const struct edgel_measure *m, const struct edgel_row *row,
                                         const char *where, struct edgel_error *err)
{
    const struct check k = { m, row, where, err };
    struct totals t = { 0 };
    if (row->pixels > (uint64_t)row->w * (uint64_t)row->h)
        return refuse(&k, "pixels must be at most width times height");
    EDGEL_TRY(check_cells(&k, &t));
    EDGEL_TRY(check_curve(&k, &t));
    EDGEL_TRY(edgel_distances_check(m, row, where, err));
    EDGEL_TRY(check_boundary(&k));
    EDGEL_TRY(edgel_bands_check(m, row, where, err));
    EDGEL_TRY(edgel_objects_check(m, row, where, err));
    return check_tolerance(&k, &t);
}
