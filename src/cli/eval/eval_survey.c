/*
 * What the masks hold, before anything is measured: the truth's values decide between binary and ids (--labels auto),
 * the predictions' values tell masks of 0 and 1 from masks of 0 and 255.
 */
#include "cli/eval/score.h"
#include <stdio.h>

static enum edgel_status survey(struct eval_run *run, const struct eval_method *method, bool truth,
                                struct edgel_mask_values *out, bool *read_any, struct edgel_error *err)
{
    const struct edgel_dataset_run job = cli_dataset_run(run->options);
    return edgel_dataset_values(method->data, truth, &job, out, read_any, err);
}

/* The truth of one method's pairs is the truth of all: pairs hold truth without prediction as well. */
static enum edgel_status decide_labels(struct eval_run *run, struct edgel_error *err)
{
    struct edgel_measure *m = &run->score->measure;
    struct edgel_mask_values seen;
    const char *why;
    bool read_any;
    if (m->colors) {
        m->labels = EDGEL_LABELS_IDS;
        why = "colours are given";
    } else {
        enum edgel_status status = survey(run, &run->methods[0], true, &seen, &read_any, err);
        if (status != EDGEL_OK)
            return status;
        m->labels = edgel_mask_values_labels(&seen);
        why = !read_any ? "no truth could be read"
              : m->labels == EDGEL_LABELS_BINARY
                  ? "the truth holds nothing but 0 and 1, or 0 and the full value"
                  : "the truth holds other values than 0 and 1, or 0 and the full value";
    }
    if (!run->options->quiet)
        cli_message("labels: %s (%s)", edgel_convention_word(EDGEL_CONVENTION_LABELS, (int)m->labels), why);
    return EDGEL_OK;
}

/* The first pair that can be read tells the form of all predictions. */
static void decide_form(struct eval_run *run)
{
    struct edgel_measure *measure = &run->score->measure;
    for (size_t m = 0; m < run->nmethods; m++)
        for (size_t i = 0; i < edgel_pairs_count(run->methods[m].pairs); i++) {
            const struct edgel_pair *p = edgel_pairs_at(run->methods[m].pairs, i);
            struct edgel_dataset_masks f = { 0 };
            const bool read = p->prediction && p->ntruth &&
                              edgel_dataset_masks_read(run->methods[m].data, p, &f, NULL) == EDGEL_OK;
            if (read && f.nsegmentations) {
                measure->listed = true;
                measure->thresholds = (int)f.nsegmentations;
            }
            edgel_dataset_masks_finish(&f);
            if (read)
                return;
        }
}

/* --- ids --- */

enum { MASKS_LOOKED_AT = 32 };

bool score_odd_ids(const struct edgel_ids_seen *seen)
{
    return seen->lossy || seen->numbered || seen->ids > EDGEL_LOOK_IDS;
}

/* What is odd about the ids of a side, and which options would make sense of them. */
static enum edgel_status refuse_ids(const struct edgel_ids_seen *seen, const char *role, const char *path,
                                    bool swapped, struct edgel_error *err)
{
    const char *turned =
        swapped ? "The predictions hold one class: are prediction and --truth swapped? " : "";
    if (seen->lossy) /* no objects, and --labels binary cuts instead of taking all but 0 */
        return edgel_error_set(err, EDGEL_EFORMAT,
                               "%s %s: JPEG files with %zu ids: JPEG changes values, so that they are no "
                               "classes. %sWhat reaches half of the range as one class: --labels binary; "
                               "the values as ids all the same: --classes FILE or N",
                               role, path, seen->ids, turned);
    char what[160];
    if (seen->numbered)
        snprintf(what, sizeof what,
                 "ids from 1 to %d without a gap, another number in each mask: they look like objects",
                 seen->highest);
    else
        snprintf(what, sizeof what, "%zu ids in %zu %s, up to %d: they do not look like classes", seen->ids,
                 seen->files, seen->files == 1 ? "mask" : "masks", seen->highest);
    return edgel_error_set(
        err, EDGEL_EFORMAT,
        "%s %s: %s. %sIf they are classes: --classes FILE or N; objects: --objects ids; all but 0 as "
        "one class: --labels binary",
        role, path, what, turned);
}

/* Classes that nobody listed: by the first masks of both sides. */
static enum edgel_status check_classes(const struct eval_run *run, struct edgel_error *err)
{
    for (size_t m = 0; m < run->nmethods; m++) {
        const struct eval_method *method = &run->methods[m];
        struct edgel_ids_seen truth, own;
        enum edgel_status status = edgel_dataset_look(method->data, true, MASKS_LOOKED_AT, &truth, err);
        if (status == EDGEL_OK)
            status = edgel_dataset_look(method->data, false, MASKS_LOOKED_AT, &own, err);
        if (status == EDGEL_OK && score_odd_ids(&truth))
            status = refuse_ids(&truth, "truth", run->truth_name, own.files > 0 && own.ids <= 1, err);
        if (status == EDGEL_OK && score_odd_ids(&own))
            status = refuse_ids(&own, "prediction", method->name, false, err);
        if (status != EDGEL_OK)
            return status;
    }
    return EDGEL_OK;
}

/* Predictions of ids under binary labels: the threshold cuts them all off, and identical masks would score 0. */
static enum edgel_status check_binary(const struct eval_run *run, const struct eval_method *method,
                                      struct edgel_error *err)
{
    struct edgel_ids_seen truth, own;
    enum edgel_status status = edgel_dataset_look(method->data, false, MASKS_LOOKED_AT, &own, err);
    if (status == EDGEL_OK)
        status = edgel_dataset_look(method->data, true, MASKS_LOOKED_AT, &truth, err);
    const double cut =
        (run->score->measure.thresholds > 0 ? 0.0 : run->score->measure.threshold) * own.largest;
    if (status != EDGEL_OK || own.ids < 2 || own.gaps || own.highest >= cut)
        return status;
    if (truth.ids >= 2 && !truth.gaps)
        return edgel_error_set(
            err, EDGEL_EINVAL,
            "prediction %s: holds ids from 1 to %d, as the truth does, and --labels binary takes a "
            "prediction as foreground from %g of %d on, which none reaches. For objects: --objects "
            "ids; for pixels write the predictions as masks of 0 and %d, or give --threshold %.2g",
            method->name, own.highest, run->score->measure.threshold, own.largest, own.largest,
            0.5 / own.largest);
    cli_message(
        "%s: no value of the first %zu predictions reaches the threshold, %g of %d; the largest is %d (ids of "
        "objects? --objects mixed matches them)",
        method->name, own.files, run->score->measure.threshold, own.largest, own.highest);
    return EDGEL_OK;
}

enum edgel_status eval_survey(struct eval_run *run, struct edgel_error *err)
{
    struct edgel_mask_values seen;
    enum edgel_status status = EDGEL_OK;
    if (score_of_maps(&run->score->measure))
        decide_form(run);
    if (run->score->measure.listed)
        return EDGEL_OK;
    if (run->score->measure.labels == EDGEL_LABELS_AUTO)
        status = decide_labels(run, err);
    for (size_t m = 0; m < run->nmethods; m++)
        edgel_dataset_set_labels(run->methods[m].data, run->score->measure.labels);
    const struct edgel_measure *measure = &run->score->measure;
    const bool classes =
        measure->labels == EDGEL_LABELS_IDS && !measure->colors && !run->score->reduce.classes;
    if (status == EDGEL_OK && classes && !score_of_maps(measure) && !run->objects_alone)
        status = check_classes(run, err);
    if (measure->labels != EDGEL_LABELS_BINARY)
        return status;
    for (size_t m = 0; m < run->nmethods && status == EDGEL_OK; m++) {
        struct eval_method *method = &run->methods[m];
        status = survey(run, method, false, &seen, NULL, err);
        method->zero_one = edgel_mask_values_zero_one(&seen);
        if (status == EDGEL_OK && method->zero_one && !run->options->quiet)
            cli_message("%s: the masks hold 0 and 1; 1 is taken as the full value", method->name);
        if (status == EDGEL_OK && !method->zero_one && !score_of_maps(measure))
            status = check_binary(run, method, err);
    }
    return status;
}
