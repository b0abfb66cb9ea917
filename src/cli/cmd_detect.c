/* `edgel detect`: edge and filter operators over files and folders. */
#include "detect.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct detect_options {
    struct cli_list methods;
    const char *output, *name;
    int existing; /* enum edgel_existing */
    bool dry_run, resume, durable;
    struct detect_settings settings;
    struct cli_input_options inputs;
    struct cli_read_options read;
    struct cli_shard_options part;
    struct cli_run_options run;
    int64_t stream_over;
};

/* --- the table --- */

static const char *const existing_names[] = { "error", "skip", "overwrite", NULL };

static const struct cli_option output_rows[] = {
    { .name = "output",
      .letter = 'o',
      .kind = CLI_STRING,
      .metavar = "OUT",
      .at = offsetof(struct detect_options, output),
      .help =
          "Folder to write to, mirroring each input folder; or the output file of a single file and a single "
          "method. Required." },
    { .name = "name",
      .kind = CLI_STRING,
      .metavar = "TEMPLATE",
      .at = offsetof(struct detect_options, name),
      .note = "{stem}.png",
      .help =
          "Names of outputs, with {stem} {dir} {ext} {op} {n}. The extension chooses the format: png, tif, pgm, "
          "ppm, pnm, pbm, or pfm (float samples)." },
    { .name = "existing",
      .kind = CLI_CHOICE,
      .at = offsetof(struct detect_options, existing),
      .choices = existing_names,
      .def = "error",
      .help = "Outputs that exist: refuse to start, leave them alone, or replace them." },
    { .name = "resume",
      .kind = CLI_FLAG,
      .at = offsetof(struct detect_options, resume),
      .help =
          "Go on with a run into OUT that was interrupted or killed: what it finished is skipped unless the input "
          "has changed since, the rest is done or replaced. The options must be the same. A run that none precedes "
          "just starts." },
    { .name = "durable",
      .kind = CLI_FLAG,
      .at = offsetof(struct detect_options, durable),
      .help =
          "An output that has its name survives a power failure: groups of outputs are written to the disk before "
          "they get their names, and so are the names." },
    { .name = "dry-run",
      .kind = CLI_FLAG,
      .at = offsetof(struct detect_options, dry_run),
      .help = "Do nothing, list input -> output." },
    { 0 },
};

/* For completion; what is valid is the method table's to say. */
static const char *const method_names[] = {
    "gaussian", "sobel", "roberts", "prewitt", "scharr", "canny", NULL
};

static const struct cli_option method_rows[] = {
    { .name = "method",
      .letter = 'm',
      .kind = CLI_LIST,
      .metavar = "METHOD[:key=value,...]",
      .choices = method_names,
      .at = offsetof(struct detect_options, methods),
      .note = "canny",
      .help =
          "One of gaussian, sobel, roberts, prewitt, scharr, canny, with parameters of its own. Several -m write "
          "OUT/METHOD/..., unless --name holds {op} or {n}." },
    { 0 },
};

static const struct cli_option memory_rows[] = {
    { .name = "stream-over",
      .kind = CLI_INT,
      .metavar = "PIXELS",
      .at = offsetof(struct detect_options, stream_over),
      .min = 0,
      .max = 9e15,
      .def = "67108864",
      .help =
          "Read, filter and write images with more pixels row by row: the same output, and memory that does not grow "
          "with them (canny: by two bits a pixel). Not done for interlaced PNG, progressive JPEG, turned or lenient "
          "images, PFM and thresholds in P% or auto, which need the whole image in memory." },
    { 0 },
};

static const struct cli_group groups[] = {
    { "Output", output_rows, 0 },
    { "Methods", method_rows, 0 },
    { "Method parameters (for every chosen method; as key=value in -m for one)", detect_setting_rows,
      offsetof(struct detect_options, settings) },
    { "Inputs", cli_input_rows, offsetof(struct detect_options, inputs) },
    { "Reading", cli_read_rows, offsetof(struct detect_options, read) },
    { "Parts of a run", cli_shard_rows, offsetof(struct detect_options, part) },
    { "Large images", memory_rows, 0 },
    { "Running", cli_run_rows, offsetof(struct detect_options, run) },
    { 0 },
};

/* --- the run --- */

struct run {
    const struct detect_options *o;
    struct detect_job job;
    struct detect_worker *workers; /* [threads] */
    struct edgel_shard shard;      /* the part to do, and the whole list */
    struct detect_result *results; /* [window], the k-th image of the part in slot k % window */
    size_t window;
    struct detect_group group; /* --durable */
    struct edgel_log *log;
    bool log_failed;
};

static char **output_paths(const struct run *r, size_t i)
{
    char **paths = cli_alloc(r->job.ntasks, sizeof *paths);
    for (size_t m = 0; m < r->job.ntasks; m++)
        paths[m] = detect_path(r->job.plan, i, m);
    return paths;
}

static void free_paths(const struct run *r, char **paths)
{
    for (size_t m = 0; paths && m < r->job.ntasks; m++)
        free(paths[m]);
    free(paths);
}

static void work(void *user, int thread, size_t k)
{
    struct run *r = user;
    detect_image(&r->job, &r->workers[thread], edgel_shard_at(&r->shard, k), &r->results[k % r->window]);
}

/* Tells of image i on stderr. */
static void tell(const struct run *r, size_t i, const char *input, const struct detect_result *res,
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
        for (size_t m = 0; m < r->job.ntasks; m++)
            cli_message("%s -> %s%s", input, paths[m],
                        edgel_plan_skips(r->job.plan, i, m)     ? " (exists, left alone)"
                        : res->outcome == EDGEL_OUTCOME_SKIPPED ? " (finished before)"
                                                                : "");
}

static bool writes_strength(const struct detect_task *t)
{
    return t->method.id == EDGEL_METHOD_CANNY && t->method.emit == EDGEL_EMIT_STRENGTH;
}

/* The scales of an image's outputs, to be freed; NULL when none of them is a strength map that was made now. */
static struct edgel_scale *scales_of(const struct run *r, const struct detect_result *res)
{
    struct edgel_scale *scales = NULL;
    for (size_t m = 0; res->outcome == EDGEL_OUTCOME_OK && m < r->job.ntasks; m++) {
        const struct edgel_method *method = &r->job.tasks[m].method;
        if (!writes_strength(&r->job.tasks[m]))
            continue;
        if (!scales)
            scales = cli_alloc(r->job.ntasks, sizeof *scales);
        scales[m].full = edgel_canny_full_strength(res->type, &method->canny);
        scales[m].linear = method->linear;
    }
    return scales;
}

static void log_image(struct run *r, const char *input, const struct detect_result *res, char **paths)
{
    struct edgel_scale *scales = scales_of(r, res);
    struct edgel_record record = { .input = input,
                                   .outputs = (const char *const *)paths,
                                   .noutputs = res->outcome == EDGEL_OUTCOME_ERROR ? 0 : r->job.ntasks,
                                   .scales = scales,
                                   .outcome = res->outcome,
                                   .error = res->outcome == EDGEL_OUTCOME_ERROR ? res->error : NULL,
                                   .remark = res->damage[0] ? res->damage : res->remark,
                                   .width = res->width,
                                   .height = res->height,
                                   .seconds = res->seconds };
    struct edgel_error err = { 0 };
    if (!r->log_failed && edgel_log_image(r->log, &record, &err) != EDGEL_OK) {
        cli_message("%s", err.msg);
        r->log_failed = true;
    }
    free(scales);
}

static void report(struct run *r, size_t i, const struct detect_result *res, char **paths)
{
    const char *input = edgel_inputs_at(r->job.inputs, i)->path;
    char **shown = res->outcome != EDGEL_OUTCOME_ERROR ? paths : NULL;
    tell(r, i, input, res, shown);
    log_image(r, input, res, shown);
    detect_resume_note(&r->job, res);
    cli_run_step(res->outcome);
}

/* Makes what waits in the group durable, and reports it. */
static void end_group(struct run *r)
{
    struct detect_group *g = &r->group;
    detect_group_commit(g, &r->job, &r->shard);
    for (size_t w = 0; w < g->count; w++) {
        report(r, edgel_shard_at(&r->shard, g->at[w].k), &g->at[w].result, g->at[w].paths);
        free_paths(r, g->at[w].paths);
    }
    g->count = 0;
}

static void done(void *user, size_t k)
{
    struct run *r = user;
    const struct detect_result *res = &r->results[k % r->window];
    size_t i = edgel_shard_at(&r->shard, k);
    char **paths = output_paths(r, i);
    if (r->job.durable) {
        if (detect_group_add(&r->group, &r->job, k, res, paths))
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

/* Runs all images; totals are filled. False when memory ran out. */
static bool run_images(struct run *r, struct edgel_totals *totals)
{
    struct edgel_run run = {
        .count = part_size(r), .threads = threads_for(r), .user = r, .work = work, .done = done, .stop = stop
    };
    r->window = edgel_run_window(&run);
    r->results = cli_alloc(r->window, sizeof *r->results);
    r->workers = cli_alloc((size_t)run.threads, sizeof *r->workers);
    for (int t = 0; t < run.threads; t++)
        detect_worker_init(&r->workers[t], r->job.ntasks);
    struct edgel_error err = { 0 };
    cli_run_begin("detect", &r->o->run, run.count);
    enum edgel_status s = edgel_run_execute(&run, NULL, &err);
    end_group(r);
    detect_group_finish(&r->group);
    cli_run_end(totals);
    totals->not_images = edgel_inputs_passed_over(r->job.inputs);
    if (s != EDGEL_OK && s != EDGEL_EINTERRUPTED)
        cli_message("%s", err.msg);
    for (int t = 0; t < run.threads; t++)
        detect_worker_finish(&r->workers[t]);
    free(r->workers);
    free(r->results);
    return s == EDGEL_OK || s == EDGEL_EINTERRUPTED;
}

static int run_and_log(struct run *r)
{
    struct edgel_error err = { 0 };
    for (size_t i = 0; i < edgel_inputs_count(r->job.inputs); i++)
        edgel_shard_add(&r->shard, edgel_inputs_at(r->job.inputs, i)->path);
    if (edgel_log_create(r->o->run.jsonl, &r->log, &err) != EDGEL_OK ||
        edgel_log_shard(r->log, &r->shard, &err) != EDGEL_OK) {
        edgel_log_discard(&r->log);
        cli_message("%s", err.msg);
        return CLI_EXIT_USAGE;
    }
    struct edgel_totals totals;
    detect_resume_begin(&r->job, &r->shard);
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
    detect_resume_end(&r->job, ran && !totals.interrupted && !r->log_failed);
    int code = cli_run_exit(&totals);
    if (code == CLI_EXIT_NOTHING && edgel_inputs_count(r->job.inputs) > 0)
        code = CLI_EXIT_OK; /* a part of a list shorter than there are parts */
    if (ran && code == CLI_EXIT_NOTHING)
        cli_message("no image among the inputs");
    return code != CLI_EXIT_INTERRUPTED && (!ran || r->log_failed) ? CLI_EXIT_FAILED : code;
}

/* Lists what would be done; inputs that cannot be opened are told of as in a run. */
static int dry_run(const struct run *r)
{
    int code = edgel_inputs_count(r->job.inputs) ? CLI_EXIT_OK : CLI_EXIT_NOTHING;
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
        bool marked, finished = detect_finished(&r->job, i, paths, &mark, &marked);
        for (size_t m = 0; m < r->job.ntasks; m++)
            printf("%s -> %s%s\n", in->path, paths[m],
                   edgel_plan_skips(r->job.plan, i, m) ? " (exists, left alone)"
                   : finished                          ? " (finished before)"
                                                       : "");
        free_paths(r, paths);
    }
    return code;
}

/* Every output's name must fit what its method writes, before any work. */
static int check_formats(const struct run *r)
{
    for (size_t i = 0; i < edgel_inputs_count(r->job.inputs); i++)
        for (size_t m = 0; m < r->job.ntasks && !edgel_inputs_at(r->job.inputs, i)->broken; m++) {
            struct edgel_method method;
            struct edgel_write write;
            struct edgel_error err = { 0 };
            char *path = detect_path(r->job.plan, i, m);
            enum edgel_status s = detect_fit(&r->job.tasks[m], path, &method, &write, &err);
            if (s == EDGEL_OK)
                s = edgel_method_check(&method, &err);
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
        for (size_t m = 0; m < r->job.ntasks; m++) {
            char *path = detect_path(r->job.plan, i, m);
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
    const struct detect_options *o = r->o;
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
    const char **names = cli_alloc(r->job.ntasks, sizeof *names);
    for (size_t m = 0; m < r->job.ntasks; m++)
        names[m] = r->job.tasks[m].info->name;
    if (edgel_inputs_collect(&ip, &inputs, &err) != EDGEL_OK) {
        code = fail_before_work(&err);
        goto out;
    }
    if (o->resume && (code = detect_resume_find(&r->job, o->output, &r->shard)) != CLI_EXIT_OK)
        goto out;
    struct edgel_plan_params pp = { .inputs = inputs,
                                    .output = o->output,
                                    .name = o->name,
                                    .methods = names,
                                    .nmethods = r->job.ntasks,
                                    .existing = existing_rule(r),
                                    .shard = &r->shard };
    if (edgel_plan_create(&pp, &plan, &err) != EDGEL_OK) {
        code = fail_before_work(&err);
        if (!o->resume && detect_resume_exists(o->output, &r->shard))
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
        code = o->dry_run ? dry_run(r) : run_and_log(r);
out:
    edgel_journal_close(&r->job.journal);
    free(names);
    edgel_plan_destroy(&plan);
    edgel_inputs_destroy(&inputs);
    return code;
}

static int run_detect(const struct cli_args *args)
{
    const struct detect_options *o = args->options;
    if (!o->output)
        return cli_usage(args->command, "no output: -o OUT is required");
    if (args->noperands == 0 && !o->inputs.files_from)
        return cli_usage(args->command, "no input given");
    if (o->inputs.nul && !o->inputs.files_from)
        return cli_usage(args->command, "--null: there is no --files-from");
    if (o->dry_run && o->run.jsonl)
        return cli_usage(args->command, "--jsonl: --dry-run does no work to report");
    struct detect_task *tasks = NULL;
    size_t ntasks = 0;
    int code = detect_tasks(args, &o->methods, &o->settings, &tasks, &ntasks);
    if (code == 0) {
        struct run r = { .o = o,
                         .shard = o->part.shard,
                         .job = { .tasks = tasks,
                                  .ntasks = ntasks,
                                  .read = &o->read,
                                  .name = o->name,
                                  .stream_over = (uint64_t)o->stream_over,

                                  .durable = o->durable } };
        code = plan_and_run(args, &r);
    }
    free(tasks);
    return code;
}

const struct cli_command cli_command_detect = {
    .name = "detect",
    .summary = "find edges: Canny, Sobel, Prewitt, Scharr, Roberts, Gaussian",
    .synopsis = "[-m METHOD[:key=value,...]]... [OPTION]... -o OUT INPUT...",
    .description =
        "Runs edge and filter operators over files and folders. Folders are walked recursively in sorted order; what "
        "is an image is decided by content. Each image is decoded once, every method is run on it, and its outputs "
        "appear complete or not at all. One bad image never stops a run.\n\n"
        "With input folder 'in', in/a/b.jpg becomes OUT/a/b.png; with several methods OUT/METHOD/a/b.png. Inputs are "
        "never written to.\n\n"
        "canny is Gaussian, Sobel, non-maximum suppression, double threshold and hysteresis; on 8-bit images its "
        "default thinning equals OpenCV's Canny(GaussianBlur(gray)) bit for bit. The gradient operators write "
        "|gx| + |gy| or the L2 norm, saturated to the depth.",
    .groups = groups,
    .examples =
        (const struct cli_example[]){
            { "Canny edge maps of a folder", "edgel detect -o edges data/scenes/images" },
            { "Two methods from one decode, each with its own parameters",
              "edgel detect -m canny:sigma=2,low=30,high=90 -m sobel:aperture=5 -o out data/scenes/images" },
            { "Thinned gradient strength, to be scored over many thresholds",
              "edgel detect --emit strength --sigma 2 -o soft data/scenes/images" },
            { "What would be written, without writing",
              "edgel detect --dry-run --name '{stem}_{op}.png' -m canny -m scharr -o out2 data/scenes/images" },
            { 0 },
        },
    .exits = cli_batch_exits,
    .options_size = sizeof(struct detect_options),
    .run = run_detect,
};
