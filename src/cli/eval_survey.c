/*
 * What the masks hold, before anything is measured: the truth's values decide between binary and ids (--labels auto),
 * the predictions' values tell masks of 0 and 1 from masks of 0 and 255. Each survey ends as soon as no further file
 * can change the answer; of a 1-bit file the header is enough.
 */
#include "edgel/dataset.h"
#include "edgel/eval.h"
#include "score.h"
#include <stdatomic.h>
#include <stdlib.h>

struct survey_worker {
    struct edgel_bytes bytes;
    struct edgel_image image;
};

struct survey {
    const struct edgel_read *read;
    const struct edgel_measure *measure;
    bool truth;
    const char **paths;
    size_t n, window;
    struct survey_worker *workers;
    struct edgel_mask_values *slots; /* [window] */
    struct edgel_mask_values merged;
    atomic_bool read_any; /* some file could be read */
    atomic_bool decided;
};

/* A limit that no image meets makes the decoder stop after the header, which it then has told. */
static struct edgel_info header_of(const struct survey *s, const struct edgel_bytes *b, const char *path)
{
    struct edgel_read read = *s->read;
    struct edgel_image none = { 0 };
    struct edgel_info info = { 0 };
    read.limits.max_pixels = 0;
    if (edgel_image_decode(b->data, b->size, path, &read, &none, &info, NULL) == EDGEL_OK)
        edgel_image_finish(&none);
    return info;
}

static void look(void *user, int thread, size_t i)
{
    struct survey *s = user;
    struct survey_worker *w = &s->workers[thread];
    struct edgel_mask_values *slot = &s->slots[i % s->window];
    struct edgel_info info;
    *slot = (struct edgel_mask_values){ 0 };
    if (edgel_bytes_read(s->paths[i], &w->bytes, NULL) != EDGEL_OK)
        return;
    info = header_of(s, &w->bytes, s->paths[i]);
    if (edgel_mat_of_bytes(w->bytes.data, w->bytes.size)) /* boundaries, unless --labels says otherwise */
        atomic_store(&s->read_any, true);
    if ((info.bits == 1 && !info.indexed) || (!s->truth && info.indexed)) {
        atomic_store(&s->read_any, true);
        return;
    }
    if (edgel_image_decode(w->bytes.data, w->bytes.size, s->paths[i], s->read, &w->image, &info, NULL) !=
        EDGEL_OK)
        return;
    atomic_store(&s->read_any, true);
    struct edgel_mask mask = { edgel_image_view(&w->image), info.bits, info.indexed };
    edgel_mask_values_add(slot, &mask, s->measure->ignore, s->measure->nignore);
}

static void merge(void *user, size_t i)
{
    struct survey *s = user;
    struct edgel_mask_values *to = &s->merged;
    const struct edgel_mask_values *from = &s->slots[i % s->window];
    to->above_one |= from->above_one;
    to->one |= from->one;
    to->full |= from->full;
    to->other |= from->other;
    cli_run_step(EDGEL_OUTCOME_OK);
    if (s->truth ? edgel_mask_values_labels(to) == EDGEL_LABELS_IDS : to->above_one)
        atomic_store(&s->decided, true);
}

static bool enough(void *user)
{
    struct survey *s = user;
    return atomic_load(&s->decided) || cli_stop(NULL);
}

/* Every truth file of the pairs, or every prediction that has truth. */
static void collect(struct survey *s, const struct edgel_pairs *pairs)
{
    struct cli_list list = { 0 };
    for (size_t i = 0; i < edgel_pairs_count(pairs); i++) {
        const struct edgel_pair *p = edgel_pairs_at(pairs, i);
        for (size_t k = 0; s->truth && k < p->ntruth; k++)
            cli_list_add(&list, p->truth[k]);
        if (!s->truth && p->prediction && p->ntruth)
            cli_list_add(&list, p->prediction);
    }
    s->paths = list.v;
    s->n = list.n;
}

/* *read_any (may be NULL): whether there was a file that could be read. */
static enum edgel_status survey(const struct eval_run *run, const struct edgel_pairs *pairs, bool truth,
                                struct edgel_mask_values *out, bool *read_any, struct edgel_error *err)
{
    struct survey s = { .read = &run->read, .measure = &run->score->measure, .truth = truth };
    int threads = cli_jobs(run->options);
    collect(&s, pairs);
    struct edgel_run job = {
        .count = s.n, .threads = threads, .user = &s, .work = look, .done = merge, .stop = enough
    };
    s.window = edgel_run_window(&job);
    s.slots = cli_alloc(s.window, sizeof *s.slots);
    s.workers = cli_alloc((size_t)threads, sizeof *s.workers);
    struct edgel_totals totals;
    cli_run_begin("survey", run->options, s.n);
    enum edgel_status status = s.n ? edgel_run_execute(&job, NULL, NULL) : EDGEL_OK;
    cli_run_end(&totals);
    if (status == EDGEL_EINTERRUPTED && !cli_stop(NULL))
        status = EDGEL_OK; /* it was stopped because it had seen enough */
    if (status != EDGEL_OK)
        (void)cli_fail(err, "survey of the masks: %s", edgel_status_name(status));
    *out = s.merged;
    if (read_any)
        *read_any = atomic_load(&s.read_any);
    for (int t = 0; t < threads; t++) {
        edgel_bytes_finish(&s.workers[t].bytes);
        edgel_image_finish(&s.workers[t].image);
    }
    free(s.workers);
    free(s.slots);
    free(s.paths);
    return status;
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
        enum edgel_status status = survey(run, run->methods[0].pairs, true, &seen, &read_any, err);
        if (status != EDGEL_OK)
            return status;
        m->labels = edgel_mask_values_labels(&seen);
        why = !read_any ? "no truth could be read"
              : m->labels == EDGEL_LABELS_BINARY
                  ? "the truth holds nothing but 0 and 1, or 0 and the full value"
                  : "the truth holds other values than 0 and 1, or 0 and the full value";
    }
    if (!run->options->quiet)
        cli_message("labels: %s (%s)", m->labels == EDGEL_LABELS_BINARY ? "binary" : "ids", why);
    return EDGEL_OK;
}

/* The first pair that can be read tells the form of all predictions. */
static void decide_form(struct eval_run *run)
{
    struct edgel_measure *measure = &run->score->measure;
    for (size_t m = 0; m < run->nmethods; m++)
        for (size_t i = 0; i < edgel_pairs_count(run->methods[m].pairs); i++) {
            const struct edgel_pair *p = edgel_pairs_at(run->methods[m].pairs, i);
            struct eval_files f = { 0 };
            char remark[EVAL_REMARK] = "";
            const bool read = p->prediction && p->ntruth &&
                              eval_files_read(&f, &run->read, p, measure, remark, NULL) == EDGEL_OK;
            if (read && f.prediction.segmentations) {
                measure->listed = true;
                measure->thresholds = (int)f.prediction.n;
            }
            eval_files_finish(&f);
            if (read)
                return;
        }
}

enum edgel_status eval_survey(struct eval_run *run, struct edgel_error *err)
{
    struct edgel_mask_values seen;
    enum edgel_status status = EDGEL_OK;
    if (run->score->measure.boundary != EDGEL_BOUNDARY_NONE || run->score->measure.regions)
        decide_form(run);
    if (run->score->measure.listed)
        return EDGEL_OK;
    if (run->score->measure.labels == EDGEL_LABELS_AUTO)
        status = decide_labels(run, err);
    if (run->score->measure.labels != EDGEL_LABELS_BINARY)
        return status;
    for (size_t m = 0; m < run->nmethods && status == EDGEL_OK; m++) {
        struct eval_method *method = &run->methods[m];
        status = survey(run, method->pairs, false, &seen, NULL, err);
        method->zero_one = edgel_mask_values_zero_one(&seen);
        if (status == EDGEL_OK && method->zero_one && !run->options->quiet)
            cli_message("%s: the masks hold 0 and 1; 1 is taken as the full value", method->name);
    }
    return status;
}
