/*
 * The run of eval: one image per thread, rows delivered in the order of the methods and their pairs to the counts
 * file, the CSV and the reducer. An image that fails leaves a row that says so and nothing else; so does, after an
 * interruption, every image that was not reached or not finished, so that the counts never look complete when they are
 * not.
 */
#include "cli/eval/score.h"
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOTES_SHOWN = 10 };

struct eval_slot {
    struct edgel_row row;
    bool given_up; /* half-way, for a stop: as if it had not been reached */
    struct edgel_error err;
    char remark[1000];
    double seconds;
};

struct eval_state {
    struct eval_run *run;
    struct edgel_dataset_masks *files; /* of each thread */
    struct eval_slot *slots;
    size_t window;
    size_t missing, lone; /* truth without prediction, prediction without truth */
    struct edgel_error broken;
    atomic_bool stop;
};

/* The k-th pair of the part to measure. */
static const struct edgel_pair *pair_at(const struct eval_run *run, size_t k, size_t *method)
{
    size_t m = run->nmethods - 1, i = edgel_shard_at(&run->shard, k);
    while (i < run->methods[m].first)
        m--;
    *method = m;
    return edgel_pairs_at(run->methods[m].pairs, i - run->methods[m].first);
}

/* --- work --- */

uint64_t eval_rows(const struct eval_run *run)
{
    uint64_t rows = 0;
    for (size_t k = 0; k < edgel_shard_size(&run->shard, run->total); k++) {
        size_t m;
        rows += pair_at(run, k, &m)->ntruth > 0;
    }
    return rows;
}

/* Boundaries or regions in whatever form they are predicted. */
static enum edgel_status measure_maps(const struct edgel_measure *m, const struct edgel_dataset_masks *f,
                                      bool zero_one, struct edgel_row *row, struct edgel_error *err)
{
    const struct edgel_prediction prediction = { .map = f->map.view.data ? &f->map : NULL,
                                                 .segmentations = f->nsegmentations ? f->segmentations : NULL,
                                                 .n = f->nsegmentations,
                                                 .ucm2 = f->ucm2,
                                                 .w = f->ucm2_w,
                                                 .h = f->ucm2_h };
    const struct edgel_truth truth = { .boundaries = f->truth,
                                       .segmentations = f->truth_regions,
                                       .n = f->ntruth };
    return edgel_measure_maps(m, f->predicted ? &prediction : NULL, zero_one, &truth, row, err);
}

/* i: of the pair among those of the method. */
static enum edgel_status measure_pair(struct eval_state *s, struct edgel_dataset_masks *f,
                                      const struct eval_method *method, size_t i, struct eval_slot *slot)
{
    const struct edgel_measure *m = &s->run->score->measure;
    const struct edgel_pair *p = edgel_pairs_at(method->pairs, i);
    const struct edgel_pair masks = method->images ? eval_documents_masks(s->run, method, p) : *p;
    struct edgel_error err = { 0 };
    if (p->missing_valid)
        return edgel_error_set(&slot->err, EDGEL_EIO, "%s: no mask of valid pixels for it", p->key);
    enum edgel_status status = edgel_dataset_masks_read(method->data, &masks, f, &slot->err);
    memcpy(slot->remark, f->remark, sizeof slot->remark);
    if (status != EDGEL_OK)
        return status;
    const struct edgel_mask *valid = p->valid ? &f->valid : NULL;
    if (method->images)
        status = eval_documents_measure(s->run, method, i, masks.prediction ? &f->map : NULL,
                                        masks.ntruth ? f->truth : NULL, valid, &slot->row, &err);
    else if (score_of_maps(m))
        status = measure_maps(m, f, method->zero_one, &slot->row, &err);
    else
        status = edgel_measure_image(m, p->prediction ? &f->map : NULL, method->zero_one, f->truth, f->ntruth,
                                     valid, &slot->row, &err);
    if (status != EDGEL_OK)
        (void)edgel_error_set(&slot->err, status, "%s: %s", p->prediction ? p->prediction : p->key, err.msg);
    return status;
}

static void work(void *user, int thread, size_t k)
{
    struct eval_state *s = user;
    struct eval_slot *slot = &s->slots[k % s->window];
    double start = cli_clock();
    size_t m;
    const struct edgel_pair *p = pair_at(s->run, k, &m);
    *slot = (struct eval_slot){ 0 };
    if (p->ntruth == 0)
        return;
    const struct eval_method *method = &s->run->methods[m];
    const size_t i = edgel_shard_at(&s->run->shard, k) - method->first;
    const enum edgel_status status = measure_pair(s, &s->files[thread], method, i, slot);
    slot->given_up = status == EDGEL_EINTERRUPTED;
    if (status != EDGEL_OK) {
        edgel_row_finish(&slot->row);
        slot->row = (struct edgel_row){ .kind = EDGEL_ROW_FAILED };
    }
    slot->row.prediction = (int)m;
    slot->row.image = (char *)p->key; /* lent: taken back before the row is finished */
    slot->seconds = cli_clock() - start;
}

/* --- what looks like a mistake in maps and truth of boundaries --- */

static void take_remarks(struct eval_method *method, unsigned remarks)
{
    for (int i = 0; i < EVAL_REMARKS; i++)
        method->remarks[i] += remarks >> i & 1;
}

static void tell_remarks(const struct eval_method *method)
{
    static const char *const texts[EVAL_REMARKS] = {
        "maps look inverted: most of their pixels are in the upper half of the range, and boundaries have "
        "to be the high values",
        "maps are binary: thresholds are swept over soft maps, and --thresholds 1 is enough for these",
        "images have truth that is not thin; matching is one to one, so that thick lines cost recall",
        "images have truth with several values that are not 0; all of them were taken as boundary (label maps "
        "are no boundaries)",
    };
    for (int i = 0; i < EVAL_REMARKS; i++)
        if (method->remarks[i] > 0)
            cli_message("warning: %s: %zu %s", method->name, method->remarks[i], texts[i]);
}

/* --- done --- */

const char *eval_input(const struct edgel_pair *p)
{
    return p->prediction ? p->prediction : p->truth[0];
}

static void give_up(struct eval_state *s, const struct edgel_error *err)
{
    if (s->broken.code == EDGEL_OK)
        s->broken = *err;
    atomic_store(&s->stop, true);
}

/* One line per file, the first few only unless everything is wanted. */
static void note(const struct eval_state *s, size_t count, bool failure, const char *path, const char *what)
{
    const struct cli_run_options *o = s->run->options;
    if ((o->quiet && !failure) || (count > NOTES_SHOWN && !o->verbose))
        return;
    cli_message("%s: %s", path, what);
}

static void note_rest(const struct eval_state *s, size_t count, bool failure, const char *what)
{
    const struct cli_run_options *o = s->run->options;
    if (count > NOTES_SHOWN && !o->verbose && (failure || !o->quiet))
        cli_message("%zu more files: %s (-v lists them)", count - NOTES_SHOWN, what);
}

static const char no_truth[] = "no truth for this prediction",
                  no_prediction[] = "no prediction for this truth";

static enum edgel_outcome done_lone(struct eval_state *s, const struct edgel_pair *p, struct eval_slot *slot)
{
    bool failure = s->run->score->reduce.missing == EDGEL_MISSING_ERROR;
    note(s, ++s->lone, failure, p->prediction, no_truth);
    (void)edgel_error_set(&slot->err, EDGEL_EINVAL, "%s: %s", p->prediction, no_truth);
    return failure ? EDGEL_OUTCOME_ERROR : EDGEL_OUTCOME_SKIPPED;
}

static enum edgel_outcome done_missing(struct eval_state *s, const struct edgel_pair *p,
                                       struct eval_slot *slot)
{
    enum edgel_missing rule = s->run->score->reduce.missing;
    note(s, ++s->missing, rule == EDGEL_MISSING_ERROR, p->truth[0], no_prediction);
    (void)edgel_error_set(&slot->err, EDGEL_EINVAL, "%s: %s", p->truth[0], no_prediction);
    return rule == EDGEL_MISSING_ERROR  ? EDGEL_OUTCOME_ERROR
           : rule == EDGEL_MISSING_SKIP ? EDGEL_OUTCOME_SKIPPED
                                        : EDGEL_OUTCOME_OK;
}

/* Hands the row to the counts and to the scores. A row that cannot be scored stays in the counts: another choice of
 * classes may score it. */
static enum edgel_status deliver(struct eval_state *s, const struct edgel_row *row, struct edgel_error *err)
{
    enum edgel_status status = EDGEL_OK;
    if (s->run->counts)
        status = edgel_counts_write_row(s->run->counts, row, err);
    return status == EDGEL_OK ? edgel_scoring_add(s->run->score->scoring, row, err) : status;
}

static enum edgel_outcome done_truth(struct eval_state *s, const struct edgel_pair *p, struct eval_slot *slot)
{
    struct edgel_error err = { 0 };
    bool failed = slot->row.kind == EDGEL_ROW_FAILED;
    enum edgel_status status = deliver(s, &slot->row, &err);
    if (status == EDGEL_EFORMAT) {
        (void)edgel_error_set(&slot->err, status, "%s: %s", p->prediction ? p->prediction : p->key, err.msg);
        failed = true;
    } else if (status != EDGEL_OK) {
        give_up(s, &err);
    }
    if (failed) {
        cli_message("%s", slot->err.msg);
        return EDGEL_OUTCOME_ERROR;
    }
    if (!p->prediction)
        return done_missing(s, p, slot);
    if (slot->remark[0] && !s->run->options->quiet)
        cli_message("%s: %s", p->prediction, slot->remark);
    else if (s->run->options->verbose)
        cli_message("%s: %dx%d, %.3f s", p->prediction, slot->row.w, slot->row.h, slot->seconds);
    return EDGEL_OUTCOME_OK;
}

/* The row of a pair that a stop came before. */
static void done_unreached(struct eval_state *s, const struct edgel_pair *p, size_t method)
{
    struct edgel_error err = { 0 };
    const struct edgel_row row = { .kind = EDGEL_ROW_FAILED,
                                   .prediction = (int)method,
                                   .image = (char *)p->key };
    if (p->ntruth && deliver(s, &row, &err) != EDGEL_OK)
        give_up(s, &err);
}

static void done(void *user, size_t k)
{
    struct eval_state *s = user;
    struct eval_slot *slot = &s->slots[k % s->window];
    struct edgel_error err = { 0 };
    size_t m;
    const struct edgel_pair *p = pair_at(s->run, k, &m);
    if (slot->given_up) {
        done_unreached(s, p, m);
        return;
    }
    take_remarks(&s->run->methods[m], slot->row.remarks);
    enum edgel_outcome outcome = p->ntruth ? done_truth(s, p, slot) : done_lone(s, p, slot);
    struct edgel_record record = { .input = eval_input(p),
                                   .outcome = outcome,
                                   .error = slot->err.msg[0] ? slot->err.msg : NULL,
                                   .remark = slot->remark,
                                   .width = slot->row.w,
                                   .height = slot->row.h,
                                   .seconds = slot->seconds };
    if (edgel_log_image(s->run->log, &record, &err) != EDGEL_OK)
        give_up(s, &err);
    slot->row.image = NULL;
    edgel_row_finish(&slot->row);
    cli_run_step(outcome);
}

static bool stop(void *user)
{
    struct eval_state *s = user;
    return cli_stop(NULL) || atomic_load(&s->stop);
}

/* --- the run --- */

static void mark_unreached(struct eval_state *s, size_t from)
{
    size_t count = edgel_shard_size(&s->run->shard, s->run->total);
    for (size_t k = from; k < count && s->broken.code == EDGEL_OK; k++) {
        size_t m;
        const struct edgel_pair *p = pair_at(s->run, k, &m);
        done_unreached(s, p, m);
    }
}

static void finish(struct eval_state *s, int threads)
{
    for (int t = 0; t < threads; t++)
        edgel_dataset_masks_finish(&s->files[t]);
    free(s->files);
    free(s->slots);
}

enum edgel_status eval_execute(struct eval_run *run, struct edgel_totals *totals, struct edgel_error *err)
{
    struct eval_state s = { .run = run };
    int threads;
    if (edgel_threads_resolve((int)run->options->jobs, &threads, err) != EDGEL_OK)
        return EDGEL_EINVAL;
    struct edgel_run job = { .count = edgel_shard_size(&run->shard, run->total),
                             .threads = threads,
                             .user = &s,
                             .work = work,
                             .done = done,
                             .stop = stop };
    bool failure = run->score->reduce.missing == EDGEL_MISSING_ERROR;
    size_t finished = 0;
    s.window = edgel_run_window(&job);
    s.slots = cli_alloc(s.window, sizeof *s.slots);
    s.files = cli_alloc((size_t)threads, sizeof *s.files);
    struct edgel_measure *m = &run->score->measure;
    enum edgel_status status = EDGEL_OK;
    if (edgel_measure_asks(m, EDGEL_BOUNDARY)) /* nothing else is shared among threads inside an image */
        status = edgel_helpers_create(&job.helpers, err);
    m->helpers = job.helpers;
    m->stop = cli_stop;
    cli_run_begin("eval", run->options, job.count);
    if (status == EDGEL_OK)
        status = edgel_run_execute(&job, &finished, err);
    cli_run_end(totals);
    m->helpers = NULL;
    m->stop = NULL;
    edgel_helpers_destroy(&job.helpers);
    note_rest(&s, s.missing, failure, no_prediction);
    note_rest(&s, s.lone, failure, no_truth);
    for (size_t i = 0; i < run->nmethods; i++)
        tell_remarks(&run->methods[i]);
    if (status == EDGEL_EINTERRUPTED)
        mark_unreached(&s, finished);
    if (s.broken.code != EDGEL_OK) {
        *err = s.broken;
        status = s.broken.code;
    }
    finish(&s, threads);
    return status;
}
