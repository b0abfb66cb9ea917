/*
 * What the masks hold, before anything is measured: the truth's values decide between binary and ids (--labels auto),
 * the predictions' values tell masks of 0 and 1 from masks of 0 and 255.
 */
#include "cli/eval/score.h"

static void begin(void *user, const char *what, size_t n)
{
    const struct eval_run *run = user;
    cli_run_begin(what, run->options, n);
}

static void step(void *user, bool failed)
{
    (void)user;
    cli_run_step(failed ? EDGEL_OUTCOME_ERROR : EDGEL_OUTCOME_OK);
}

static void end(void *user)
{
    struct edgel_totals totals;
    (void)user;
    cli_run_end(&totals);
}

static enum edgel_status survey(struct eval_run *run, const struct eval_method *method, bool truth,
                                struct edgel_mask_values *out, bool *read_any, struct edgel_error *err)
{
    const struct edgel_dataset_run job = { .threads = (int)run->options->jobs,
                                           .user = run,
                                           .begin = begin,
                                           .step = step,
                                           .end = end,
                                           .stop = cli_stop };
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
    if (run->score->measure.labels != EDGEL_LABELS_BINARY)
        return status;
    for (size_t m = 0; m < run->nmethods && status == EDGEL_OK; m++) {
        struct eval_method *method = &run->methods[m];
        status = survey(run, method, false, &seen, NULL, err);
        method->zero_one = edgel_mask_values_zero_one(&seen);
        if (status == EDGEL_OK && method->zero_one && !run->options->quiet)
            cli_message("%s: the masks hold 0 and 1; 1 is taken as the full value", method->name);
    }
    return status;
}
