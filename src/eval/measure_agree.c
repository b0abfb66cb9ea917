/* Whether counts were measured alike, so that they can be put together. */
#include "eval/eval_priv.h"

static bool same_ids(const int32_t *a, size_t na, const int32_t *b, size_t nb)
{
    for (size_t i = 0; i < na; i++)
        if (!edgel_id_in(b, nb, a[i]))
            return false;
    for (size_t i = 0; i < nb; i++)
        if (!edgel_id_in(a, na, b[i]))
            return false;
    return true;
}

static bool same_colors(const struct edgel_colors *a, const struct edgel_colors *b)
{
    if (!a || !b || a->n != b->n)
        return a == b;
    for (size_t i = 0; i < a->n; i++)
        if (a->v[i].r != b->v[i].r || a->v[i].g != b->v[i].g || a->v[i].b != b->v[i].b ||
            a->v[i].id != b->v[i].id)
            return false;
    return true;
}

enum edgel_status edgel_measure_agree(const struct edgel_measure *a, const struct edgel_measure *b,
                                      struct edgel_error *err)
{
    const bool tolerant = a->tolerance >= 0 || b->tolerance >= 0;
    const bool numbered = a->annotator == EDGEL_ANNOTATOR_INDEX;
    const char *what = NULL;
    if (a->labels != b->labels)
        what = "labels";
    else if (a->threshold != b->threshold)
        what = "threshold";
    else if (a->thresholds != b->thresholds)
        what = "thresholds";
    else if (tolerant && a->tolerance != b->tolerance)
        what = "tolerance";
    else if (!same_ids(a->ignore, a->nignore, b->ignore, b->nignore))
        what = "ignore";
    else if (a->valid != b->valid)
        what = "valid";
    else if (a->annotator != b->annotator || (numbered && a->annotator_index != b->annotator_index))
        what = "annotator";
    else if (!same_colors(a->colors, b->colors))
        what = "colors";
    if (what)
        return edgel_fail(err, EDGEL_EFORMAT, "measured differently (%s): cannot be put together", what);
    return EDGEL_OK;
}
