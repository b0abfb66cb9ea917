/*
 * A run of one operation over files and folders. Everything that can be refused is refused before any work: inputs are
 * collected, outputs planned, names and log checked. Then threads work on images, one each; results are delivered in
 * the order of the inputs, to the log, the record and the caller.
 */
#include "batch/folder/folder_priv.h"

void edgel_folder_run_init(struct edgel_folder_run *run)
{
    *run = (struct edgel_folder_run){ .default_name = "{stem}.png",
                                      .noutputs = 1,
                                      .existing = EDGEL_EXISTING_ERROR };
}

struct job {
    struct edgel_folder f;
    const struct edgel_folder_run *run; /* of f */
    struct edgel_folder_result *result;
    struct edgel_folder_paths *thread_paths; /* [threads] */
    struct edgel_folder_paths paths;         /* of the image that is delivered */
    int threads;
    struct edgel_folder_slot *slots; /* [window], the k-th image of the part in slot k % window */
    size_t window, count;
    struct edgel_folder_group group; /* durable */
    struct edgel_log *log;
    struct edgel_error log_error; /* why the log cannot be written */
    double began;
};

/* --- delivery --- */

static void fail_log(struct job *j, const struct edgel_error *err)
{
    if (j->log_error.code == EDGEL_OK && j->run->warn)
        j->run->warn(j->run->listener, EDGEL_FOLDER_LOG_LOST, err->msg);
    j->log_error = *err;
}

/* Fills in scales[noutputs]; false when no output is a strength map, or none was made. */
static bool take_scales(const struct job *j, const struct edgel_folder_slot *slot, struct edgel_scale *scales)
{
    bool any = false;
    if (!scales || slot->outcome != EDGEL_OUTCOME_OK)
        return false;
    for (size_t m = 0; m < j->run->noutputs; m++)
        scales[m] = (struct edgel_scale){ 0 };
    j->run->scales(j->run->user, slot->type, scales);
    for (size_t m = 0; m < j->run->noutputs; m++)
        any = any || scales[m].full > 0;
    return any;
}

static bool has_edges(const struct job *j, const struct edgel_folder_slot *slot)
{
    for (size_t m = 0; m < j->run->noutputs; m++)
        if (slot->outcome == EDGEL_OUTCOME_OK && slot->edges[m].share >= 0)
            return true;
    return false;
}

static void log_image(struct job *j, const char *input, const struct edgel_folder_slot *slot)
{
    const bool failed = slot->outcome == EDGEL_OUTCOME_ERROR;
    struct edgel_error err = { 0 };
    struct edgel_scale *scales = NULL;
    if (!j->run->log || j->log_error.code != EDGEL_OK)
        return;
    if (j->run->scales && !(scales = edgel_calloc(j->run->noutputs, sizeof *scales))) {
        (void)edgel_fail(&err, EDGEL_ENOMEM, "%s: out of memory", j->run->log);
        fail_log(j, &err);
        return;
    }
    const bool scaled = take_scales(j, slot, scales);
    const struct edgel_record record = { .input = input,
                                         .outputs = (const char *const *)j->paths.at,
                                         .noutputs = failed ? 0 : j->run->noutputs,
                                         .scales = scaled ? scales : NULL,
                                         .outcome = slot->outcome,
                                         .error = failed ? slot->error.msg : NULL,
                                         .remark = slot->damage[0] ? slot->damage : slot->remark,
                                         .width = slot->width,
                                         .height = slot->height,
                                         .pages = slot->pages,
                                         .seconds = slot->seconds,
                                         .edges = has_edges(j, slot) ? slot->edges : NULL,
                                         .range = j->f.range,
                                         .note = slot->note };
    if (edgel_log_image(j->log, &record, &err) != EDGEL_OK)
        fail_log(j, &err);
    edgel_free(scales);
}

static void tell(const struct job *j, size_t i, const char *input, const struct edgel_folder_slot *slot)
{
    const struct edgel_folder_report r = { .i = i,
                                           .input = input,
                                           .plan = j->f.plan,
                                           .paths = (const char *const *)j->paths.at,
                                           .outcome = slot->outcome,
                                           .error =
                                               slot->outcome == EDGEL_OUTCOME_ERROR ? slot->error.msg : NULL,
                                           .remark = slot->remark,
                                           .damage = slot->damage,
                                           .width = slot->width,
                                           .height = slot->height,
                                           .pages = slot->pages,
                                           .type = slot->type,
                                           .seconds = slot->seconds,
                                           .note = slot->note };
    if (j->run->report)
        j->run->report(j->run->listener, &r);
}

static void count(struct edgel_totals *t, enum edgel_outcome outcome)
{
    switch (outcome) {
    case EDGEL_OUTCOME_OK: t->ok++; break;
    case EDGEL_OUTCOME_ERROR: t->failed++; break;
    case EDGEL_OUTCOME_SKIPPED: t->skipped++; break;
    }
}

static void show_progress(struct job *j)
{
    j->result->totals.seconds = edgel_clock() - j->began;
    if (j->run->progress)
        j->run->progress(j->run->listener, &j->result->totals, j->count);
}

static void deliver(struct job *j, size_t i, const struct edgel_folder_slot *slot)
{
    const char *input = edgel_inputs_at(j->f.inputs, i)->path;
    edgel_folder_paths_fill(&j->paths, &j->f, i);
    tell(j, i, input, slot);
    log_image(j, input, slot);
    edgel_folder_record_note(&j->f, slot);
    count(&j->result->totals, slot->outcome);
    show_progress(j);
}

/* Makes what waits in the group durable, and delivers it. */
static void end_group(struct job *j)
{
    edgel_folder_group_commit(&j->group, &j->f, &j->paths);
    for (size_t w = 0; w < j->group.count; w++)
        deliver(j, j->group.items[w], &j->group.slots[w]);
    j->group.count = 0;
}

/* --- work --- */

static void work(void *user, int thread, size_t k)
{
    struct job *j = user;
    edgel_folder_work(&j->f, &j->thread_paths[thread], thread, edgel_folder_item(&j->f, k),
                      &j->slots[k % j->window]);
}

static void done(void *user, size_t k)
{
    struct job *j = user;
    struct edgel_folder_slot *slot = &j->slots[k % j->window];
    const size_t i = edgel_folder_item(&j->f, k);
    if (!j->run->durable)
        deliver(j, i, slot);
    else if (edgel_folder_group_add(&j->group, &j->f, i, slot))
        end_group(j);
}

static bool is_stopped(const struct job *j)
{
    return j->run->stop && j->run->stop(j->run->listener);
}

/* The run stops when its log cannot be written: the log would be incomplete. */
static bool stop(void *user)
{
    const struct job *j = user;
    return j->log_error.code != EDGEL_OK || is_stopped(j);
}

static enum edgel_status make_room(struct job *j, struct edgel_error *err)
{
    j->thread_paths = edgel_calloc((size_t)j->threads, sizeof *j->thread_paths);
    if (!j->thread_paths)
        return edgel_fail(err, EDGEL_ENOMEM, "paths of %d threads: out of memory", j->threads);
    for (int t = 0; t < j->threads; t++)
        EDGEL_TRY(edgel_folder_paths_init(&j->thread_paths[t], &j->f, err));
    EDGEL_TRY(edgel_folder_slots_create(&j->f, j->window, &j->slots, err));
    return j->run->durable ? edgel_folder_group_init(&j->group, &j->f, err) : EDGEL_OK;
}

static void free_room(struct job *j)
{
    for (int t = 0; j->thread_paths && t < j->threads; t++)
        edgel_folder_paths_finish(&j->thread_paths[t]);
    edgel_free(j->thread_paths);
    edgel_folder_slots_destroy(&j->slots);
    edgel_folder_group_finish(&j->group);
}

static enum edgel_status work_on_all(struct job *j, struct edgel_error *err)
{
    struct edgel_run run = {
        .count = j->count, .threads = j->threads, .user = j, .work = work, .done = done, .stop = stop
    };
    struct edgel_totals *t = &j->result->totals;
    j->window = edgel_run_window(&run);
    j->began = edgel_clock();
    enum edgel_status s = make_room(j, err);
    if (s == EDGEL_OK) {
        show_progress(j);
        s = edgel_run_execute(&run, NULL, err);
        if (j->run->durable)
            end_group(j);
    }
    t->seconds = edgel_clock() - j->began;
    t->interrupted = t->ok + t->failed + t->skipped < j->count &&
                     (is_stopped(j) || (s == EDGEL_EINTERRUPTED && j->log_error.code == EDGEL_OK));
    free_room(j);
    return s;
}

static enum edgel_status begin_log(struct job *j, struct edgel_error *err)
{
    for (size_t i = 0; i < edgel_inputs_count(j->f.inputs); i++)
        edgel_shard_add(&j->f.shard, edgel_inputs_at(j->f.inputs, i)->path);
    EDGEL_TRY(edgel_log_create(j->run->log, &j->log, err));
    return edgel_log_shard(j->log, &j->f.shard, j->f.settings, j->f.nsettings, err);
}

static void end_log(struct job *j)
{
    struct edgel_error err = { 0 };
    if (j->log_error.code == EDGEL_OK && edgel_log_finish(&j->log, &j->result->totals, &err) != EDGEL_OK)
        fail_log(j, &err);
    edgel_log_discard(&j->log);
}

static enum edgel_status start(struct job *j, struct edgel_error *err)
{
    EDGEL_TRY(begin_log(j, err));
    return edgel_folder_record_begin(&j->f, err);
}

/* The log is ended, and the record if all was done. */
static enum edgel_status work_and_end(struct job *j, struct edgel_error *err)
{
    struct edgel_totals *t = &j->result->totals;
    t->not_images = edgel_inputs_passed_over(j->f.inputs);
    enum edgel_status s = work_on_all(j, err);
    end_log(j);
    j->result->resumable = j->f.journal && t->interrupted;
    if ((s == EDGEL_OK || s == EDGEL_EINTERRUPTED) && j->log_error.code != EDGEL_OK) {
        edgel_error_clear(err);
        s = edgel_fail(err, j->log_error.code, "%s", j->log_error.msg);
    }
    if ((s == EDGEL_OK || s == EDGEL_EINTERRUPTED) && !t->interrupted)
        edgel_folder_record_end(&j->f);
    struct edgel_error moved = { 0 };
    if (s == EDGEL_OK && j->f.out && edgel_output_folder_check(j->f.out, &moved) != EDGEL_OK) {
        s = edgel_fail(err, moved.code, "%s", moved.msg);
        if (j->run->warn)
            j->run->warn(j->run->listener, EDGEL_FOLDER_MOVED, moved.msg);
    }
    return s;
}

static enum edgel_status begin_and_work(struct job *j, struct edgel_error *err)
{
    int most;
    enum edgel_status s = edgel_threads_resolve(j->run->threads, &most, err);
    if (s != EDGEL_OK)
        return s;
    j->threads = j->count < (size_t)most ? (j->count ? (int)j->count : 1) : most;
    j->result->stage = EDGEL_FOLDER_BEGIN;
    if (j->run->begin)
        s = j->run->begin(j->run->user, j->threads, most / j->threads, err);
    if (s == EDGEL_OK) {
        j->result->stage = EDGEL_FOLDER_START;
        s = start(j, err);
    }
    if (s == EDGEL_OK) {
        j->result->stage = EDGEL_FOLDER_WORK;
        s = work_and_end(j, err);
    }
    if (j->run->end)
        j->run->end(j->run->user, j->threads);
    return s;
}

static enum edgel_status foresee_all(struct job *j, struct edgel_error *err)
{
    j->result->stage = EDGEL_FOLDER_WORK;
    j->result->totals.not_images = edgel_inputs_passed_over(j->f.inputs);
    EDGEL_TRY(edgel_folder_slots_create(&j->f, 1, &j->slots, err));
    for (size_t k = 0; k < j->count; k++) {
        const size_t i = edgel_folder_item(&j->f, k);
        edgel_folder_foresee(&j->f, &j->paths, i, j->slots);
        edgel_folder_paths_fill(&j->paths, &j->f, i);
        tell(j, i, edgel_inputs_at(j->f.inputs, i)->path, j->slots);
        count(&j->result->totals, j->slots->outcome);
    }
    edgel_folder_slots_destroy(&j->slots);
    return EDGEL_OK;
}

/* --- before any work --- */

static enum edgel_status take_settings(struct edgel_folder *f, struct edgel_error *err)
{
    f->nsettings = f->run->nsettings + (f->range ? 2 : 1);
    f->settings = edgel_calloc(f->nsettings, sizeof *f->settings);
    if (!f->settings)
        return edgel_fail(err, EDGEL_ENOMEM, "settings of the run: out of memory");
    f->settings[0] = (struct edgel_setting){ "version", edgel_version() };
    for (size_t k = 0; k < f->run->nsettings; k++)
        f->settings[k + 1] = f->run->settings[k];
    if (f->range)
        f->settings[f->nsettings - 1] = (struct edgel_setting){ "--range", f->range };
    return EDGEL_OK;
}

static enum edgel_status collect(struct edgel_folder *f, struct edgel_error *err)
{
    struct edgel_inputs_params p = f->run->inputs;
    p.skip_folder = f->run->output;
    EDGEL_TRY(edgel_inputs_collect(&p, &f->inputs, err));
    if (f->run->survey)
        EDGEL_TRY(f->run->survey(f->run->user, f->inputs, &f->range, err));
    return take_settings(f, err);
}

static bool owns(void *user, size_t i)
{
    struct job *j = user;
    return edgel_folder_record_owns(&j->f, i, &j->paths);
}

/* A run that was interrupted leaves outputs that exist but are not in its record: they were renamed, but not noted,
 * when it was killed. One that ended has noted all that are its own. */
static struct edgel_plan_rule existing_rule(struct job *j)
{
    struct edgel_plan_rule rule = { .folder = j->f.out, .existing = j->run->existing, .shard = &j->f.shard };
    const bool found = j->f.journal != NULL, ended = found && edgel_journal_finished(j->f.journal);
    if (found && !ended && rule.existing == EDGEL_EXISTING_ERROR)
        rule.existing = EDGEL_EXISTING_OVERWRITE;
    if (ended) {
        rule.owns = owns;
        rule.user = j;
    }
    return rule;
}

/* The names of the outputs. */
static enum edgel_status plan(struct job *j, struct edgel_error *err)
{
    const struct edgel_folder_run *run = j->run;
    const struct edgel_plan_params p = { .inputs = j->f.inputs,
                                         .output = run->output,
                                         .name = run->name,
                                         .default_name = run->default_name,
                                         .extension = run->extension,
                                         .methods = run->methods,
                                         .classes = run->classes,
                                         .nmethods = run->noutputs };
    EDGEL_TRY(edgel_plan_names(&p, UINT64_MAX, &j->f.plan, err));
    j->count = edgel_folder_count(&j->f);
    EDGEL_TRY(edgel_folder_paths_init(&j->paths, &j->f, err));
    if (!run->resume || edgel_plan_folder(j->f.plan))
        return EDGEL_OK;
    j->result->stage = EDGEL_FOLDER_RECORD;
    return edgel_fail(err, EDGEL_EINVAL, "the output is a single file");
}

/* Opens the output folder, and tells others of this run. A part that has no images needs no folder. why: the folder
 * cannot be written to, which does not matter when there is nothing to write. */
static enum edgel_status enter(struct job *j, struct edgel_error *why, struct edgel_error *err)
{
    struct edgel_folder *f = &j->f;
    if (!edgel_plan_folder(f->plan))
        return EDGEL_OK;
    if (j->run->dry_run || j->count == 0)
        return edgel_output_folder_find(j->run->output, j->run->follow_links, &f->out, err);
    j->result->stage = EDGEL_FOLDER_START;
    EDGEL_TRY(edgel_output_folder_open(j->run->output, j->run->follow_links, &f->out, err));
    const enum edgel_status s = edgel_folder_announce(f, &j->paths, why);
    return s == EDGEL_OK || s == EDGEL_EIO ? EDGEL_OK : edgel_fail(err, s, "%s", why->msg);
}

static enum edgel_status check_existing(struct job *j, struct edgel_error *err)
{
    struct edgel_folder *f = &j->f;
    j->result->stage = EDGEL_FOLDER_RECORD;
    if (j->run->resume)
        EDGEL_TRY(edgel_folder_record_find(f, err));
    j->result->stage = EDGEL_FOLDER_PLAN;
    const struct edgel_plan_rule rule = existing_rule(j);
    const enum edgel_status s = edgel_plan_check_existing(f->plan, &rule, err);
    if (s != EDGEL_OK && !j->run->resume)
        j->result->resumable = edgel_folder_record_exists(f);
    return s;
}

static enum edgel_status execute(struct job *j, struct edgel_error *err)
{
    enum edgel_folder_stage *stage = &j->result->stage;
    struct edgel_error why = { 0 };
    *stage = EDGEL_FOLDER_INPUTS;
    EDGEL_TRY(collect(&j->f, err));
    j->result->inputs = edgel_inputs_count(j->f.inputs);
    *stage = EDGEL_FOLDER_PLAN;
    EDGEL_TRY(plan(j, err));
    *stage = EDGEL_FOLDER_NAMES;
    EDGEL_TRY(edgel_folder_check_names(&j->f, &j->paths, err));
    *stage = EDGEL_FOLDER_LOG;
    EDGEL_TRY(edgel_folder_check_log(&j->f, &j->paths, err));
    EDGEL_TRY(enter(j, &why, err));
    EDGEL_TRY(check_existing(j, err));
    *stage = EDGEL_FOLDER_START;
    if (why.code != EDGEL_OK && !edgel_folder_can_write(&j->f, &j->paths))
        return edgel_fail(err, why.code, "%s", why.msg);
    return j->run->dry_run ? foresee_all(j, err) : begin_and_work(j, err);
}

enum edgel_status edgel_folder_run_execute(const struct edgel_folder_run *run,
                                           struct edgel_folder_result *result, struct edgel_error *err)
{
    EDGEL_REQUIRE(run);
    struct edgel_folder_result unwanted;
    struct edgel_error own = { 0 };
    struct job j = { .run = run,
                     .result = result ? result : &unwanted,
                     .f = { .run = run, .shard = run->shard } };
    *j.result = (struct edgel_folder_result){ 0 };
    if (!run->write && !run->dry_run)
        return edgel_fail(err, EDGEL_EINVAL, "run over folders: write must be set");
    if (!run->output || *run->output == '\0')
        return edgel_fail(err, EDGEL_EINVAL, "output '': must name a file or a folder");
    if (run->noutputs < 1 || !run->methods)
        return edgel_fail(err, EDGEL_EINVAL, "methods: there must be at least one");
    int threads;
    EDGEL_TRY(edgel_threads_resolve(run->threads, &threads, err));
    enum edgel_status s = execute(&j, err ? err : &own);
    edgel_log_discard(&j.log);
    edgel_journal_close(&j.f.journal);
    edgel_presence_release(&j.f.presence);
    edgel_output_folder_close(&j.f.out);
    edgel_folder_paths_finish(&j.paths);
    edgel_plan_destroy(&j.f.plan);
    edgel_inputs_destroy(&j.f.inputs);
    edgel_free(j.f.settings);
    return s;
}
