/* Whether counts were measured alike, so that they can be put together, and whether they can answer what is asked. */
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

static const char *families_differ(const struct edgel_measure *a, const struct edgel_measure *b)
{
    const char *what = NULL;
    for (int f = 0; f < EDGEL_FAMILIES && !what; f++)
        what = edgel_options_differ(edgel_family_of((enum edgel_family)f), a, b);
    return what;
}

enum edgel_status edgel_measure_agree(const struct edgel_measure *a, const struct edgel_measure *b,
                                      struct edgel_error *err)
{
    EDGEL_REQUIRE(a);
    EDGEL_REQUIRE(b);
    const bool numbered = a->annotator == EDGEL_ANNOTATOR_INDEX;
    const char *what = NULL;
    if (a->labels != b->labels)
        what = "labels";
    else if (a->threshold != b->threshold)
        what = "threshold";
    else if (a->thresholds != b->thresholds)
        what = "thresholds";
    else if (edgel_curve_thresholds(a) > 0 && a->coarse != b->coarse)
        what = "levels of the sweep, which counts of schema edgel.counts/1 do not have";
    else if (!same_ids(a->ignore, a->nignore, b->ignore, b->nignore))
        what = "ignore";
    else if (a->valid != b->valid)
        what = "valid";
    else if (a->annotator != b->annotator || (numbered && a->annotator_index != b->annotator_index))
        what = "annotator";
    else if (!same_colors(a->colors, b->colors))
        what = "colors";
    else if (a->listed != b->listed)
        what = "lists of segmentations";
    else
        what = families_differ(a, b);
    if (what)
        return edgel_fail(err, EDGEL_EFORMAT, "measured differently (%s): cannot be put together", what);
    return EDGEL_OK;
}

static bool subset(const int32_t *a, size_t na, const int32_t *b, size_t nb, int32_t *odd)
{
    for (size_t i = 0; i < na; i++)
        if (!edgel_id_in(b, nb, a[i])) {
            *odd = a[i];
            return false;
        }
    return true;
}

enum edgel_status edgel_reduce_check(const struct edgel_measure *measure, const struct edgel_reduce *reduce,
                                     struct edgel_error *err)
{
    EDGEL_REQUIRE(measure);
    EDGEL_REQUIRE(reduce);
    EDGEL_TRY(edgel_convention_check(EDGEL_CONVENTION_LABELS, "labels", (int)measure->labels, err));
    EDGEL_TRY(edgel_convention_check(EDGEL_CONVENTION_ANNOTATOR, "annotator", (int)measure->annotator, err));
    EDGEL_TRY(edgel_convention_check(EDGEL_CONVENTION_REDUCE, "reduce", (int)reduce->reduce, err));
    EDGEL_TRY(edgel_convention_check(EDGEL_CONVENTION_EMPTY, "empty", (int)reduce->empty, err));
    EDGEL_TRY(edgel_convention_check(EDGEL_CONVENTION_MISSING, "missing", (int)reduce->missing, err));
    EDGEL_TRY(edgel_options_in_range(measure, err));
    const bool votes =
        measure->annotator == EDGEL_ANNOTATOR_ANY || measure->annotator == EDGEL_ANNOTATOR_MAJORITY;
    const char *why = votes ? "the annotators' votes" : NULL;
    for (int f = EDGEL_FAMILIES - 1; f >= 0; f--) {
        const struct edgel_family_row *family = edgel_family_of((enum edgel_family)f);
        if (family->settles && edgel_family_asked(family, measure))
            why = family->settles;
    }
    int32_t id;
    if (reduce->nnsd > EDGEL_NSD_MAX)
        return edgel_fail(err, EDGEL_EINVAL, "nsd tolerance: at most %d", EDGEL_NSD_MAX);
    for (size_t i = 0; i < reduce->nnsd; i++)
        if (!(reduce->nsd_tolerance[i] >= 0 && reduce->nsd_tolerance[i] <= EDGEL_TOLERANCE_MAX))
            return edgel_fail(err, EDGEL_EINVAL, "nsd tolerance: must be from 0 to 1e9");
    bool same = subset(reduce->ignore, reduce->nignore, measure->ignore, measure->nignore, &id) &&
                subset(measure->ignore, measure->nignore, reduce->ignore, reduce->nignore, &id);
    if (why && !same)
        return edgel_fail(
            err, EDGEL_EINVAL,
            "ignore: differs (id %d) from what was ignored when the pixels were measured, and %s was "
            "counted then: measure again",
            id, why);
    for (size_t i = 0; i < reduce->nignore; i++) {
        id = reduce->ignore[i];
        if (id < 0 || id >= EDGEL_IDS)
            return edgel_fail(err, EDGEL_EINVAL, "ignore %d: ids are 0 to %d", id, EDGEL_IDS - 1);
        if (measure->labels == EDGEL_LABELS_BINARY && id > 1 &&
            !edgel_id_in(measure->ignore, measure->nignore, id))
            return edgel_fail(
                err, EDGEL_EINVAL,
                "ignore %d: was counted as foreground when the pixels were measured: measure again", id);
    }
    return EDGEL_OK;
}
