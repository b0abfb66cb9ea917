/* A run over files and folders as the program shows it: options, messages, exit code. */
#include "cli/run/folder.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const char *const existing_names[] = { "error", "skip", "overwrite", NULL };

const struct cli_option folder_rows[] = {
    { .name = "existing",
      .kind = CLI_CHOICE,
      .at = offsetof(struct folder_options, existing),
      .choices = existing_names,
      .def = "error",
      .help = "What to do about outputs that exist: refuse to start, leave them alone, or replace them." },
    { .name = "follow-links",
      .kind = CLI_FLAG,
      .at = offsetof(struct folder_options, follow_links),
      .help =
          "Write through symbolic links below OUT. Without this no output leaves OUT: a link in the place of an output "
          "counts as existing and is itself replaced by overwrite, and one in the place of a folder is refused. OUT "
          "itself may be a link." },
    { .name = "resume",
      .kind = CLI_FLAG,
      .at = offsetof(struct folder_options, resume),
      .help =
          "Continue a run into OUT that was interrupted or killed. Images that it finished are skipped unless their "
          "file has changed; all others are done, and their outputs replaced. The options must be the same. Without "
          "an earlier run it starts afresh; after one that has ended it does what is new or changed, or nothing." },
    { .name = "durable",
      .kind = CLI_FLAG,
      .at = offsetof(struct folder_options, durable),
      .help =
          "Make finished outputs survive a power failure. Outputs are flushed to disk in groups before they are "
          "renamed to their final names, and so are the renames." },
    { .name = "dry-run",
      .kind = CLI_FLAG,
      .at = offsetof(struct folder_options, dry_run),
      .help = "Only list input -> output; write nothing." },
    { 0 },
};

void folder_setting(struct folder_settings *s, const char *name, const char *value)
{
    s->v = cli_realloc(s->v, s->n + 1, sizeof *s->v);
    s->v[s->n++] =
        (struct edgel_setting){ cli_strndup(name, strlen(name)), cli_strndup(value, strlen(value)) };
}

/* --- the range of samples --- */

static const char *path_of(void *user, size_t i)
{
    const struct edgel_input *in = edgel_inputs_at(user, i);
    return in->broken ? NULL : in->path;
}

enum edgel_status folder_decide_range(struct folder_range *r, const struct edgel_range *asked,
                                      const struct folder_options *o, const struct edgel_read *read,
                                      bool all_pages, const struct edgel_inputs *inputs, const char **text,
                                      struct edgel_error *err)
{
    struct edgel_range_found found = { 0 };
    enum edgel_status s = EDGEL_OK;
    r->range = *asked;
    if (asked->automatic) {
        struct edgel_range_survey survey;
        edgel_range_survey_init(&survey);
        survey.count = edgel_inputs_count(inputs);
        survey.user = (void *)inputs; /* path_of() changes nothing */
        survey.path = path_of;
        survey.read = *read;
        survey.all_pages = all_pages;
        survey.threads = (int)o->run.jobs;
        survey.stop = cli_stop;
        s = edgel_range_decide(&survey, &r->range, &found, err);
    }
    edgel_range_text(&r->range, r->text, sizeof r->text);
    *text = r->text;
    if (s == EDGEL_OK && asked->automatic && !o->run.quiet)
        cli_range_say(r->text, &found);
    return s;
}

/* --- what is shown --- */

struct shown {
    const struct folder_options *o;
    const char *label;
    size_t noutputs;
    bool begun; /* the bar stands */
    size_t notes;
};

/* What is to be said of output m. */
static const char *note(const struct edgel_folder_report *r, size_t m)
{
    return edgel_plan_skips(r->plan, r->i, m)    ? " (exists, left alone)"
           : r->outcome == EDGEL_OUTCOME_SKIPPED ? " (finished before)"
                                                 : "";
}

static void list(const struct shown *s, const struct edgel_folder_report *r)
{
    if (r->error)
        cli_message("%s", r->error);
    for (size_t m = 0; m < s->noutputs && !r->error; m++)
        printf("%s -> %s%s\n", r->input, r->paths[m], note(r, m));
}

static void report(void *user, const struct edgel_folder_report *r)
{
    struct shown *s = user;
    if (s->o->dry_run) {
        list(s, r);
        return;
    }
    if (r->error)
        cli_message("%s", r->error);
    if (s->o->run.quiet)
        return;
    if (r->damage[0])
        cli_message("%s: damaged, taken as far as it decodes: %s", r->input, r->damage);
    if (r->remark[0])
        cli_message("%s: %s", r->input, r->remark);
    if (r->note[0] && (s->notes++ == 0 || s->o->run.verbose))
        cli_message("%s: %s", r->input, r->note);
    for (size_t m = 0; m < s->noutputs && s->o->run.verbose && !r->error; m++)
        cli_message("%s -> %s%s", r->input, r->paths[m], note(r, m));
}

static void progress(void *user, const struct edgel_totals *so_far, size_t count)
{
    struct shown *s = user;
    if (!s->begun)
        cli_run_begin(s->label, &s->o->run, count);
    else
        cli_run_show(so_far);
    s->begun = true;
}

static void warn(void *user, enum edgel_folder_warning warning, const char *text)
{
    (void)user;
    switch (warning) {
    case EDGEL_FOLDER_NO_RECORD:
        cli_message("%s; should this run be interrupted, --resume cannot go on with it", text);
        break;
    case EDGEL_FOLDER_RECORD_LOST:
        cli_message("%s; should this run be interrupted, --resume goes on from here", text);
        break;
    case EDGEL_FOLDER_LOG_LOST:
    case EDGEL_FOLDER_MOVED: cli_message("%s", text); break;
    }
}

/* --- the exit code --- */

static int refused(const struct folder_options *o, const struct edgel_folder_result *result,
                   const struct edgel_error *err)
{
    if (err->code == EDGEL_EINTERRUPTED)
        return CLI_EXIT_INTERRUPTED;
    const char *what = result->stage == EDGEL_FOLDER_RECORD ? "--resume: "
                       : result->stage == EDGEL_FOLDER_LOG  ? "--jsonl "
                                                            : "";
    cli_message("%s%s", what, err->msg);
    if (result->resumable)
        cli_message("a run into %s was interrupted: --resume goes on with it", o->output);
    return err->code == EDGEL_ENOMEM || result->stage == EDGEL_FOLDER_BEGIN ? CLI_EXIT_FAILED
                                                                            : CLI_EXIT_USAGE;
}

static int listed(const struct edgel_folder_result *result)
{
    if (result->inputs == 0)
        cli_message("no image among the inputs");
    return result->inputs == 0 ? CLI_EXIT_NOTHING : result->totals.failed > 0 ? CLI_EXIT_FAILED : CLI_EXIT_OK;
}

static int ended(const struct folder_options *o, const struct edgel_folder_result *result, size_t notes,
                 enum edgel_status status, const struct edgel_error *err)
{
    const bool whole = status == EDGEL_OK || status == EDGEL_EINTERRUPTED;
    cli_bar_clear();
    if (status == EDGEL_ENOMEM)
        cli_message("%s", err->msg);
    if (notes > 1 && !o->run.quiet && !o->run.verbose)
        cli_message("%zu images have such notes; -v shows each, and so does the log of --jsonl", notes);
    cli_run_summary(&o->run, &result->totals);
    if (o->resume && !o->run.quiet && status == EDGEL_OK && result->totals.skipped > 0 &&
        result->totals.ok + result->totals.failed == 0)
        cli_message("nothing left to do");
    if (result->resumable && !o->run.quiet)
        cli_message("the same command with --resume goes on from here");
    int code = cli_run_exit(&result->totals);
    if (code == CLI_EXIT_NOTHING && result->inputs > 0)
        code = CLI_EXIT_OK; /* a part of a list shorter than there are parts */
    if (whole && code == CLI_EXIT_NOTHING)
        cli_message("no image among the inputs");
    return code != CLI_EXIT_INTERRUPTED && !whole ? CLI_EXIT_FAILED : code;
}

static bool is_standard(const char *path)
{
    return path && strcmp(path, "-") == 0;
}

static bool reads_standard(const struct cli_args *args)
{
    for (size_t i = 0; i < args->noperands; i++)
        if (is_standard(args->operands[i]))
            return true;
    return false;
}

/* "-" stands for one image; a file or folder of that name is ./-. */
static int check_standard(const struct cli_args *args, const struct folder_options *o)
{
    static const char *const others[] = { "resume", "durable", "dry-run", "shard", "files-from" };
    const bool in = reads_standard(args), out = is_standard(o->output);
    struct stat st;
    if (!in && !out)
        return CLI_EXIT_OK;
    if (args->noperands != 1)
        return cli_usage(args->command,
                         "-: is one image, and there are %zu inputs; a file of that name is ./-",
                         args->noperands);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (cli_given(args, others[i]))
            return cli_usage(args->command, "--%s: is for files and folders; - is one image", others[i]);
    if (out && is_standard(o->run.jsonl))
        return cli_usage(args->command, "--jsonl -: standard output gets the image");
    if (out && !in && stat(args->operands[0], &st) == 0 && S_ISDIR(st.st_mode))
        return cli_usage(args->command,
                         "-o -: takes one image, and %s is a folder; a folder of that name is ./-",
                         args->operands[0]);
    if (in && !out && (!strrchr(o->output, '.') || o->output[strlen(o->output) - 1] == '/'))
        return cli_usage(args->command,
                         "-: an image from standard input has no name; -o names the file, or is -");
    return CLI_EXIT_OK;
}

int folder_check_usage(const struct cli_args *args, const struct folder_options *o)
{
    if (!o->output)
        return cli_usage(args->command, "no output: -o OUT is required");
    if (args->noperands == 0 && !o->inputs.files_from)
        return cli_usage(args->command, "no input given");
    if (o->inputs.nul && !o->inputs.files_from)
        return cli_usage(args->command, "--null: there is no --files-from");
    if (o->dry_run && o->run.jsonl)
        return cli_usage(args->command, "--jsonl: --dry-run does no work to report");
    return check_standard(args, o);
}

static void take_options(const struct cli_args *args, const struct folder_options *o,
                         struct edgel_folder_run *run)
{
    run->inputs = (struct edgel_inputs_params){ .paths = args->operands,
                                                .npaths = args->noperands,
                                                .files_from = o->inputs.files_from,
                                                .nul = o->inputs.nul,
                                                .include = o->inputs.include.v,
                                                .exclude = o->inputs.exclude.v,
                                                .ninclude = o->inputs.include.n,
                                                .nexclude = o->inputs.exclude.n };
    run->output = o->output;
    run->name = o->name;
    run->existing = (enum edgel_existing)o->existing;
    run->shard = o->part.shard;
    run->resume = o->resume;
    run->durable = o->durable;
    run->dry_run = o->dry_run;
    run->follow_links = o->follow_links;
    run->threads = (int)o->run.jobs;
    run->log = o->run.jsonl;
}

static int run_files(const struct cli_args *args, const struct folder_options *o, const char *label,
                     struct edgel_folder_run *run, struct folder_settings *settings)
{
    struct shown shown = { .o = o, .label = label, .noutputs = run->noutputs };
    struct edgel_folder_result result;
    struct edgel_error err = { 0 };
    take_options(args, o, run);
    folder_setting(settings, "--name", o->name ? o->name : run->default_name);
    run->settings = settings->v;
    run->nsettings = settings->n;
    run->listener = &shown;
    run->report = report;
    run->progress = progress;
    run->warn = warn;
    run->stop = cli_stop;
    const enum edgel_status status = edgel_folder_run_execute(run, &result, &err);
    cli_settings_free(settings->v, settings->n);
    if (result.stage != EDGEL_FOLDER_WORK)
        return refused(o, &result, &err);
    return o->dry_run && status == EDGEL_OK ? listed(&result) : ended(o, &result, shown.notes, status, &err);
}

/* The same with a file in the place of each "-". */
static int run_standard(const struct cli_args *args, const struct folder_options *o, const char *label,
                        struct edgel_folder_run *run, struct folder_settings *settings)
{
    const bool out = is_standard(o->output);
    struct cli_standard_output output = { 0 };
    struct folder_options files = *o;
    struct edgel_error err = { 0 };
    int code = CLI_EXIT_USAGE;
    enum edgel_status s = EDGEL_OK;
    if (out && run->noutputs != 1)
        s = edgel_error_set(&err, EDGEL_EINVAL, "-o -: takes one output, and there are %zu", run->noutputs);
    if (s == EDGEL_OK)
        s = cli_standard_input(args->operands, args->noperands, o->max_file, &err);
    if (s == EDGEL_OK && out)
        s = cli_standard_output_begin(&output, o->name ? o->name : run->default_name, &err);
    if (s == EDGEL_OK && out) {
        files.output = output.path;
        files.name = NULL;
    }
    if (s == EDGEL_OK)
        code = run_files(args, &files, label, run, settings);
    else
        cli_settings_free(settings->v, settings->n);
    if (s == EDGEL_OK && out)
        s = cli_standard_output_end(&output, code == CLI_EXIT_OK, &err);
    if (s == EDGEL_OK)
        return code;
    cli_message("%s", err.msg);
    return s == EDGEL_EINVAL ? CLI_EXIT_USAGE : CLI_EXIT_FAILED;
}

int folder_run(const struct cli_args *args, const struct folder_options *o, const char *label,
               struct edgel_folder_run *run, struct folder_settings *settings)
{
    return is_standard(o->output) || reads_standard(args) ? run_standard(args, o, label, run, settings)
                                                          : run_files(args, o, label, run, settings);
}
