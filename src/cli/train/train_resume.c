/*
 * `edgel train --resume`: the command line of the run with that of now after it. What is other than before is told, and
 * refused where it would do nothing; what would change the steps is refused by the trainer.
 */
#include "cli/train/train.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The words of the run, and after them (but before a "--") those given now without --resume RUN: what is said last
 * holds. */
static char **joined_words(const struct cli_args *args, const struct edgel_arguments *stored, int *n)
{
    char **words = cli_alloc(stored->n + (size_t)args->argc + 1, sizeof *words);
    size_t ended = 0;
    while (ended < stored->n && strcmp(stored->words[ended], "--") != 0)
        ended++;
    *n = 0;
    for (size_t i = 0; i < ended; i++)
        words[(*n)++] = stored->words[i];
    for (int i = 0; i < args->argc; i++) {
        if (strcmp(args->argv[i], "--resume") == 0)
            i++;
        else if (strncmp(args->argv[i], "--resume=", 9) != 0)
            words[(*n)++] = args->argv[i];
    }
    for (size_t i = ended; i < stored->n; i++)
        words[(*n)++] = stored->words[i];
    return words;
}

static const char *value_of(const struct edgel_setting *settings, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(settings[i].name, name) == 0)
            return settings[i].value;
    return NULL;
}

/* Options that are not what they were in the run: given now, or of another default in this version. */
static void tell_changes(const struct edgel_arguments *stored, const struct cli_args *now)
{
    static const char *const other[] = { "output", "resume", "existing", "jobs", "progress", "quiet", NULL };
    struct edgel_setting *settings;
    const size_t n = cli_settings(now, NULL, &settings);
    for (size_t i = 0; i < n + stored->noptions; i++) {
        const char *name = i < n ? settings[i].name : stored->options[i - n].name;
        const char *was = value_of(stored->options, stored->noptions, name),
                   *is = value_of(settings, n, name);
        bool passed = i >= n && is; /* it was looked at among the settings */
        for (const char *const *o = other; *o; o++)
            passed |= strcmp(name, *o) == 0;
        if (!passed && (!was || !is || strcmp(was, is) != 0))
            cli_message("--%s was %s, is %s", name, was ? was : "not given", is ? is : "not given");
    }
    cli_settings_free(settings, n);
}

/* What shapes the weights that a run begins with says nothing once it has some. */
static int check_beginning(const struct cli_args *args, const struct edgel_arguments *stored)
{
    static const char *const names[] = { "weights", "init", "pretrain", "pretrain-epochs", NULL };
    const struct train_options *o = args->options;
    char *path = train_path(o->resume, "last.safetensors");
    const bool begun = access(path, F_OK) == 0;
    free(path);
    for (const char *const *name = names; *name && begun; name++) {
        const char *was = value_of(stored->options, stored->noptions, *name),
                   *is = cli_given_text(args, *name);
        if (is && (!was || strcmp(was, is) != 0))
            return cli_usage(args->command, "--%s has no use with --resume: the run has its weights already",
                             *name);
    }
    return 0;
}

/* A learning rate that was planned for the epochs of the run cannot be planned anew for others. */
static int check_plan(const struct cli_args *all, const struct edgel_arguments *stored)
{
    const struct train_options *o = all->options;
    const char *planned = value_of(stored->options, stored->noptions, "epochs");
    char epochs[24];
    snprintf(epochs, sizeof epochs, "%lld", (long long)o->epochs);
    if (!edgel_schedule_uses_total((enum edgel_schedule_kind)o->schedule) ||
        cli_given(all, "schedule-epochs") || !planned || strcmp(planned, epochs) == 0)
        return 0;
    return cli_usage(
        all->command,
        "--epochs %s: the learning rate of this run was planned to reach 0 with epoch %s; one that "
        "is begun with a longer --schedule-epochs can be extended",
        epochs, planned);
}

int train_resume(const struct cli_args *args, int (*run)(const struct cli_args *all))
{
    const struct train_options *o = args->options;
    struct edgel_arguments stored;
    struct edgel_error err = { 0 };
    struct cli_args all = { 0 };
    if (args->noperands > 0 || o->output)
        return cli_usage(args->command, "--resume RUN takes images and output from the run");
    if (!*o->resume)
        return cli_usage(args->command, "--resume '': must name the folder of a run");
    if (cli_given(args, "existing"))
        return cli_usage(args->command,
                         "--existing has no use with --resume, which goes on with the run in %s", o->resume);
    char *path = train_path(o->resume, "args.json");
    enum edgel_status status = edgel_arguments_read(path, "train", &stored, &err);
    free(path);
    if (status != EDGEL_OK)
        return cli_usage(args->command, "%s", err.msg);
    int n;
    char **words = joined_words(args, &stored, &n);
    int code = cli_parse(args->command, n, words, &all);
    if (code == 0) {
        struct train_options *joined = all.options;
        if (!o->run.quiet)
            tell_changes(&stored, &all);
        joined->output = joined->resume = o->resume; /* the folder may have been moved */
        joined->run.quiet = o->run.quiet;            /* what this run says is for this one to say */
        code = check_beginning(args, &stored);
        if (code == 0)
            code = check_plan(&all, &stored);
    }
    if (code == 0)
        code = run(&all);
    cli_args_finish(&all);
    free(words);
    edgel_arguments_finish(&stored);
    return code;
}
