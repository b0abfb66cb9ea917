/* Whether parameters of measuring make sense, before an image is touched. */
#include "eval/eval_priv.h"

enum edgel_status edgel_measure_check(const struct edgel_measure *p, size_t ntruth, struct edgel_error *err)
{
    if (p->labels == EDGEL_LABELS_AUTO)
        return edgel_fail(err, EDGEL_EINVAL, "labels: auto must be resolved before measuring");
    EDGEL_TRY(edgel_convention_check(EDGEL_CONVENTION_LABELS, "labels", (int)p->labels, err));
    EDGEL_TRY(edgel_convention_check(EDGEL_CONVENTION_ANNOTATOR, "annotator", (int)p->annotator, err));
    if (!(p->threshold >= 0 && p->threshold <= 1))
        return edgel_fail(err, EDGEL_EINVAL, "threshold: must be from 0 to 1");
    if (p->thresholds < 0 || p->thresholds > EDGEL_THRESHOLDS_MAX)
        return edgel_fail(err, EDGEL_EINVAL, "thresholds %d: must be from 0 to %d", p->thresholds,
                          EDGEL_THRESHOLDS_MAX);
    if (edgel_curve_thresholds(p) > 0 && p->labels != EDGEL_LABELS_BINARY)
        return edgel_fail(err, EDGEL_EINVAL, "thresholds: only binary masks can be swept");
    for (size_t i = 0; i < p->nignore; i++)
        if (p->ignore[i] < 0 || p->ignore[i] >= EDGEL_IDS)
            return edgel_fail(err, EDGEL_EINVAL, "ignore %d: ids are 0 to %d", p->ignore[i], EDGEL_IDS - 1);
    if (p->listed && !edgel_of_maps(p))
        return edgel_fail(err, EDGEL_EINVAL, "listed: lists of segmentations have boundaries, and no pixels");
    EDGEL_TRY(edgel_options_check(p, err));
    bool votes = p->annotator == EDGEL_ANNOTATOR_ANY || p->annotator == EDGEL_ANNOTATOR_MAJORITY;
    if (votes && p->labels != EDGEL_LABELS_BINARY)
        return edgel_fail(err, EDGEL_EINVAL, "annotator: any and majority need binary masks");
    if (ntruth < 1 || ntruth > INT16_MAX)
        return edgel_fail(err, EDGEL_EINVAL, "truth: %zu masks for one image", ntruth);
    if (ntruth > 1 && p->annotator == EDGEL_ANNOTATOR_NONE && !edgel_of_maps(p))
        return edgel_fail(err, EDGEL_EINVAL, "%zu annotators: say which to take (a number, any or majority)",
                          ntruth);
    if (p->annotator == EDGEL_ANNOTATOR_INDEX && p->annotator_index < 1)
        return edgel_fail(err, EDGEL_EINVAL, "annotator %d: counted from 1", p->annotator_index);
    return EDGEL_OK;
}
