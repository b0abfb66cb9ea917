/* A run over files and folders: plan, checks, threads, log, exit code. */
#include "folder.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const existing_names[] = { "error", "skip", "overwrite", NULL };

const struct cli_option folder_rows[] = {
    { .name = "existing",
      .kind = CLI_CHOICE,
      .at = offsetof(struct folder_options, existing),
      .choices = existing_names,
      .def = "error",
      .help = "Outputs that exist: refuse to start, leave them alone, or replace them." },
    { .name = "resume",
      .kind = CLI_FLAG,
      .at = offsetof(struct folder_options, resume),
      .help =
          "Go on with a run into OUT that was interrupted or killed: what it finished is skipped unless the input "
          "has changed since, the rest is done or replaced. The options must be the same. A run that none precedes "
          "just starts." },
    { .name = "durable",
      .kind = CLI_FLAG,
      .at = offsetof(struct folder_options, durable),
      .help =
          "An output that has its name survives a power failure: groups of outputs are written to the disk before "
          "they get their names, and so are the names." },
    { .name = "dry-run",
      .kind = CLI_FLAG,
      .at = offsetof(struct folder_options, dry_run),
      .help = "Do nothing, list input -> output." },
    { 0 },
};

/* --- the run --- */

struct run {
    const struct folder_run *run;
    const struct folder_options *o; /* of run */
    struct folder_job job;
    struct folder_worker *workers; /* [threads] */
    struct edgel_shard shard;      /* the part to do, and the whole list */
    struct folder_result *results; /* [window], the k-th image of the part in slot k % window */
    size_t window;
    struct folder_group group; /* --durable */
    struct edgel_log *log;
    bool log_failed;
};

static char **output_paths(const struct run *r, size_t i)
{
    char **paths = cli_alloc(r->run->noutputs, sizeof *paths);
    for (size_t m = 0; m < r->run->noutputs; m++)
        paths[m] = folder_path(r->job.plan, i, m);
    return paths;
}

static void free_paths(const struct run *r, char **paths)
{
    for (size_t m = 0; paths && m < r->run->noutputs; m++)
        free(paths[m]);
    free(paths);
}

static void work(void *user, int thread, size_t k)
{
    struct run *r = user;
    folder_image(&r->job, &r->workers[thread], thread, edgel_shard_at(&r->shard, k),
                 &r->results[k % r->window]);
}

/* Tells of image i on stderr. */
static void tell(const struct run *r, size_t i, const char *input, const struct folder_result *res,
                 char **paths)
{
    if (res->outcome == EDGEL_OUTCOME_ERROR)
        cli_message("%s", res->error);
    if (r->o->run.quiet)
        return;
    if (res->damage[0])
        cli_message("%s: damaged, taken as far as it decodes: %s", input, res->damage);
    if (res->remark[0])
        cli_message("%s: %s", input, res->remark);
    if (r->o->run.verbose && res->outcome != EDGEL_OUTCOME_ERROR)
        for (size_t m = 0; m < r->run->noutputs; m++)
            cli_message("%s -> %s%s", input, paths[m],
                        edgel_plan_skips(r->job.plan, i, m)     ? " (exists, left alone)"
                        : res->outcome == EDGEL_OUTCOME_SKIPPED ? " (finished before)"
                                                                : "");
}

static void log_image(struct run *r, const char *input, const struct folder_result *res, char **paths)
{
    struct edgel_scale *scales = r->run->scales ? r->run->scales(r->run->user, res) : NULL;
    struct edgel_record record = { .input = input,
                                   .outputs = (const char *const *)paths,
                                   .noutputs = res->outcome == EDGEL_OUTCOME_ERROR ? 0 : r->run->noutputs,
                                   .scales = scales,
                                   .outcome = res->outcome,
                                   .error = res->outcome == EDGEL_OUTCOME_ERROR ? res->error : NULL,
                                   .remark = res->damage[0] ? res->damage : res->remark,
                                   .width = res->width,
                                   .height = res->height,
                                   .pages = res->pages,
                                   .seconds = res->seconds };
    struct edgel_error err = { 0 };
    if (!r->log_failed && edgel_log_image(r->log, &record, &err) != EDGEL_OK) {
        cli_message("%s", err.msg);
        r->log_failed = true;
    }
    free(scales);
}

static void report(struct run *r, size_t i, const struct folder_result *res, char **paths)
{
    const char *input = edgel_inputs_at(r->job.inputs, i)->path;
    char **shown = res->outcome != EDGEL_OUTCOME_ERROR ? paths : NULL;
    tell(r, i, input, res, shown);
    log_image(r, input, res, shown);
    folder_resume_note(&r->job, res);
    cli_run_step(res->outcome);
}

/* Makes what waits in the group durable, and reports it. */
static void end_group(struct run *r)
{
    struct folder_group *g = &r->group;
    folder_group_commit(g, &r->job, &r->shard);
    for (size_t w = 0; w < g->count; w++) {
        report(r, edgel_shard_at(&r->shard, g->at[w].k), &g->at[w].result, g->at[w].paths);
        free_paths(r, g->at[w].paths);
    }
    g->count = 0;
}

static void done(void *user, size_t k)
{
    struct run *r = user;
    const struct folder_result *res = &r->results[k % r->window];
    size_t i = edgel_shard_at(&r->shard, k);
    char **paths = output_paths(r, i);
    if (r->o->durable) {
        if (folder_group_add(&r->group, &r->job, k, res, paths))
            end_group(r);
        return;
    }
    report(r, i, res, paths);
    free_paths(r, paths);
}

/* A log that cannot be written ends the run: its reader would miss what follows. */
static bool stop(void *user)
{
    const struct run *r = user;
    return r->log_failed || cli_stop(NULL);
}

static size_t part_size(const struct run *r)
{
    return edgel_shard_size(&r->shard, edgel_inputs_count(r->job.inputs));
}

static int threads_for(const struct run *r)
{
    size_t count = part_size(r);
    int n = cli_jobs(&r->o->run);
    return count < (size_t)n ? (count ? (int)count : 1) : n;
}

static void make_workers(struct run *r, int threads)
{
    r->workers = cli_alloc((size_t)threads, sizeof *r->workers);
    for (int t = 0; t < threads; t++) {
        r->workers[t].paths = cli_alloc(r->run->noutputs, sizeof *r->workers[t].paths);
        r->workers[t].outputs = cli_alloc(r->run->noutputs, sizeof *r->workers[t].outputs);
    }
}

static void free_workers(struct run *r, int threads)
{
    for (int t = 0; t < threads; t++) {
        free(r->workers[t].paths);
        free(r->workers[t].outputs);
    }
    free(r->workers);
}

/* Runs all images; totals are filled. False when memory ran out. */
static bool run_images(struct run *r, struct edgel_totals *totals)
{
    struct edgel_run run = {
        .count = part_size(r), .threads = threads_for(r), .user = r, .work = work, .done = done, .stop = stop
    };
    struct edgel_error err = { 0 };
    r->window = edgel_run_window(&run);
    r->results = cli_alloc(r->window, sizeof *r->results);
    make_workers(r, run.threads);
    cli_run_begin(r->run->label, &r->o->run, run.count);
    enum edgel_status s = edgel_run_execute(&run, NULL, &err);
    end_group(r);
    folder_group_finish(&r->group);
    cli_run_end(totals);
    totals->not_images = edgel_inputs_passed_over(r->job.inputs);
    if (s != EDGEL_OK && s != EDGEL_EINTERRUPTED)
        cli_message("%s", err.msg);
    free_workers(r, run.threads);
    free(r->results);
    return s == EDGEL_OK || s == EDGEL_EINTERRUPTED;
}

static enum edgel_status begin_log(struct run *r, struct edgel_error *err)
{
    enum edgel_status s = edgel_log_create(r->o->run.jsonl, &r->log, err);
    if (s != EDGEL_OK)
        return s;
    struct folder_settings settings = folder_settings_of(r->run);
    s = edgel_log_shard(r->log, &r->shard, settings.v, settings.n, err);
    folder_settings_finish(&settings);
    return s;
}

static int run_and_log(struct run *r)
{
    struct edgel_error err = { 0 };
    for (size_t i = 0; i < edgel_inputs_count(r->job.inputs); i++)
        edgel_shard_add(&r->shard, edgel_inputs_at(r->job.inputs, i)->path);
    if (begin_log(r, &err) != EDGEL_OK) {
        edgel_log_discard(&r->log);
        cli_message("%s", err.msg);
        return CLI_EXIT_USAGE;
    }
    struct edgel_totals totals;
    if (!folder_resume_begin(&r->job, &r->shard) && part_size(r) > 0) {
        edgel_log_discard(&r->log);
        return CLI_EXIT_USAGE;
    }
    bool ran = run_images(r, &totals);
    if (r->log_failed)
        edgel_log_discard(&r->log);
    else if (edgel_log_finish(&r->log, &totals, &err) != EDGEL_OK) {
        cli_message("%s", err.msg);
        r->log_failed = true;
    }
    cli_run_summary(&r->o->run, &totals);
    if (totals.interrupted && r->job.journal && !r->o->run.quiet)
        cli_message("the same command with --resume goes on from here");
    folder_resume_end(&r->job, ran && !totals.interrupted && !r->log_failed);
    int code = cli_run_exit(&totals);
    if (code == CLI_EXIT_NOTHING && edgel_inputs_count(r->job.inputs) > 0)
        code = CLI_EXIT_OK; /* a part of a list shorter than there are parts */
    if (ran && code == CLI_EXIT_NOTHING)
        cli_message("no image among the inputs");
    return code != CLI_EXIT_INTERRUPTED && (!ran || r->log_failed) ? CLI_EXIT_FAILED : code;
}

static int begin_and_run(struct run *r)
{
    const int threads = threads_for(r), inner = cli_jobs(&r->o->run) / threads;
    int code = r->run->begin(r->run->user, threads, inner);
    if (code == CLI_EXIT_OK)
        code = run_and_log(r);
    r->run->end(r->run->user, threads);
    return code;
}

/* Lists what would be done; inputs that cannot be opened are told of as in a run. */
static int dry_run(const struct run *r)
{
    int code = edgel_inputs_count(r->job.inputs) ? CLI_EXIT_OK : CLI_EXIT_NOTHING;
    if (code == CLI_EXIT_NOTHING)
        cli_message("no image among the inputs");
    for (size_t k = 0; k < part_size(r); k++) {
        size_t i = edgel_shard_at(&r->shard, k);
        const struct edgel_input *in = edgel_inputs_at(r->job.inputs, i);
        if (in->broken) {
            struct edgel_bytes bytes = { 0 };
            struct edgel_error err = { 0 };
            if (edgel_bytes_read(in->path, &bytes, &err) != EDGEL_OK)
                cli_message("%s", err.msg);
            edgel_bytes_finish(&bytes);
            code = CLI_EXIT_FAILED;
            continue;
        }
        char **paths = output_paths(r, i);
        struct edgel_mark mark;
        bool marked, finished = folder_finished(&r->job, i, paths, &mark, &marked);
        for (size_t m = 0; m < r->run->noutputs; m++)
            printf("%s -> %s%s\n", in->path, paths[m],
                   edgel_plan_skips(r->job.plan, i, m) ? " (exists, left alone)"
                   : finished                          ? " (finished before)"
                                                       : "");
        free_paths(r, paths);
    }
    return code;
}

/* Every output's name must fit what is written to it, before any work. */
static int check_formats(const struct run *r)
{
    for (size_t i = 0; r->run->check && i < edgel_inputs_count(r->job.inputs); i++)
        for (size_t m = 0; m < r->run->noutputs && !edgel_inputs_at(r->job.inputs, i)->broken; m++) {
            struct edgel_error err = { 0 };
            char *path = folder_path(r->job.plan, i, m);
            enum edgel_status s = r->run->check(r->run->user, m, path, &err);
            free(path);
            if (s != EDGEL_OK) {
                cli_message("%s", err.msg);
                return CLI_EXIT_USAGE;
            }
        }
    return CLI_EXIT_OK;
}

/* The log is written when all else is done: it must be neither an input nor an output. */
static int check_log(const struct run *r)
{
    const char *log = r->o->run.jsonl, *list = r->o->inputs.files_from;
    if (log && list && strcmp(list, "-") != 0 && cli_same_file(log, list)) {
        cli_message("--jsonl %s: is the input %s; inputs are never written to", log, list);
        return CLI_EXIT_USAGE;
    }
    for (size_t i = 0; log && strcmp(log, "-") != 0 && i < edgel_inputs_count(r->job.inputs); i++) {
        const char *input = edgel_inputs_at(r->job.inputs, i)->path;
        if (cli_same_file(log, input)) {
            cli_message("--jsonl %s: is the input %s; inputs are never written to", log, input);
            return CLI_EXIT_USAGE;
        }
        for (size_t m = 0; m < r->run->noutputs; m++) {
            char *path = folder_path(r->job.plan, i, m);
            bool same = strcmp(log, path) == 0 || cli_same_file(log, path);
            free(path);
            if (same) {
                cli_message("--jsonl %s: is the output of %s", log, input);
                return CLI_EXIT_USAGE;
            }
        }
    }
    return CLI_EXIT_OK;
}

static int fail_before_work(const struct edgel_error *err)
{
    cli_message("%s", err->msg);
    return err->code == EDGEL_ENOMEM ? CLI_EXIT_FAILED : CLI_EXIT_USAGE;
}

/* Going on with a run, what exists beside what it finished is what it was about to note: it is done again. */
static enum edgel_existing existing_rule(const struct run *r)
{
    enum edgel_existing rule = (enum edgel_existing)r->o->existing;
    return r->job.journal && rule == EDGEL_EXISTING_ERROR ? EDGEL_EXISTING_OVERWRITE : rule;
}

static int plan_and_run(const struct cli_args *args, struct run *r)
{
    const struct folder_options *o = r->o;
    struct edgel_inputs_params ip = { .paths = args->operands,
                                      .npaths = args->noperands,
                                      .files_from = o->inputs.files_from,
                                      .nul = o->inputs.nul,
                                      .include = o->inputs.include.v,
                                      .exclude = o->inputs.exclude.v,
                                      .ninclude = o->inputs.include.n,
                                      .nexclude = o->inputs.exclude.n,
                                      .skip_folder = o->output };
    struct edgel_inputs *inputs = NULL;
    struct edgel_plan *plan = NULL;
    struct edgel_error err = { 0 };
    int code;
    if (edgel_inputs_collect(&ip, &inputs, &err) != EDGEL_OK) {
        code = fail_before_work(&err);
        goto out;
    }
    if (o->resume && (code = folder_resume_find(&r->job, o->output, &r->shard)) != CLI_EXIT_OK)
        goto out;
    struct edgel_plan_params pp = { .inputs = inputs,
                                    .output = o->output,
                                    .name = o->name,
                                    .default_name = r->run->name,
                                    .extension = r->run->extension,
                                    .methods = r->run->methods,
                                    .classes = r->run->classes,
                                    .nmethods = r->run->noutputs,
                                    .existing = existing_rule(r),
                                    .shard = &r->shard };
    if (edgel_plan_create(&pp, &plan, &err) != EDGEL_OK) {
        code = fail_before_work(&err);
        if (!o->resume && folder_resume_exists(o->output, &r->shard))
            cli_message("a run into %s was interrupted: --resume goes on with it", o->output);
        goto out;
    }
    if (o->resume && !edgel_plan_folder(plan)) {
        code = cli_usage(args->command, "--resume: the output is a single file");
        goto out;
    }
    r->job.inputs = inputs;
    r->job.plan = plan;
    code = check_formats(r);
    if (code == CLI_EXIT_OK)
        code = check_log(r);
    if (code == CLI_EXIT_OK)
        code = o->dry_run ? dry_run(r) : begin_and_run(r);
out:
    edgel_journal_close(&r->job.journal);
    edgel_plan_destroy(&plan);
    edgel_inputs_destroy(&inputs);
    return code;
}

int folder_check_usage(const struct cli_args *args, const struct folder_options *o)
{
    if (!o->output)
        return cli_usage(args->command, "no output: -o OUT is required");
    if (strcmp(o->output, "-") == 0)
        return cli_usage(args->command,
                         "-o -: images are not written to standard output; a folder of that name is ./-");
    if (args->noperands == 0 && !o->inputs.files_from)
        return cli_usage(args->command, "no input given");
    for (size_t i = 0; i < args->noperands; i++)
        if (strcmp(args->operands[i], "-") == 0 && access("-", F_OK) != 0)
            return cli_usage(
                args->command,
                "-: images are not read from standard input; a list of their names is, with --files-from -");
    if (o->inputs.nul && !o->inputs.files_from)
        return cli_usage(args->command, "--null: there is no --files-from");
    if (o->dry_run && o->run.jsonl)
        return cli_usage(args->command, "--jsonl: --dry-run does no work to report");
    return CLI_EXIT_OK;
}

int folder_run_all(const struct cli_args *args, const struct folder_run *run)
{
    struct run r = { .run = run, .o = run->o, .shard = run->o->part.shard, .job = { .run = run } };
    return plan_and_run(args, &r);
}
