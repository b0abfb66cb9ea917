/* `edgel merge`: joins what the shards of one run wrote. */
#include "cli/eval/score.h"
#include "edgel/eval.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct merge_options {
    const char *output;
    bool quiet;
};

enum merge_kind { MERGE_NOTHING, MERGE_LOGS, MERGE_COUNTS };

static const struct cli_option merge_rows[] = {
    { .name = "output",
      .letter = 'o',
      .kind = CLI_STRING,
      .metavar = "OUT",
      .at = offsetof(struct merge_options, output),
      .help = "File to write; - is standard output. Required." },
    { .name = "quiet",
      .letter = 'q',
      .kind = CLI_FLAG,
      .at = offsetof(struct merge_options, quiet),
      .help = "Print errors only." },
    { 0 },
};

/* By the first key of the first line; what follows is the readers' to check. */
static enum merge_kind kind_of(const char *text)
{
    static const char space[] = " \t\r\n";
    text += strspn(text, space);
    if (*text != '{')
        return MERGE_NOTHING;
    text += 1 + strspn(text + 1, space);
    return strncmp(text, "\"type\"", 6) == 0     ? MERGE_LOGS
           : strncmp(text, "\"schema\"", 8) == 0 ? MERGE_COUNTS
                                                 : MERGE_NOTHING;
}

static enum edgel_status look_at(const char *path, enum merge_kind *kind, struct edgel_error *err)
{
    char head[64];
    FILE *f = fopen(path, "rb");
    if (!f)
        return edgel_error_set(err, EDGEL_EIO, "%s: %s", path, strerror(errno));
    struct stat st;
    if (fstat(fileno(f), &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
        fclose(f);
        return edgel_error_set(err, EDGEL_EIO, "%s: is not a regular file; files to join are read twice",
                               path);
    }
    size_t n = fread(head, 1, sizeof head - 1, f);
    while (ferror(f) && errno == EINTR) {
        clearerr(f);
        n += fread(head + n, 1, sizeof head - 1 - n, f);
    }
    const int failed = ferror(f) ? errno : 0;
    fclose(f); /* read only: nothing can be lost */
    head[n] = '\0';
    *kind = kind_of(head);
    if (failed == 0 && *kind != MERGE_NOTHING)
        return EDGEL_OK;
    if (failed != 0)
        return edgel_error_set(err, EDGEL_EIO, "%s: %s", path, strerror(failed));
    return edgel_error_set(err, EDGEL_EINVAL, "%s: is neither a JSON-lines log nor a counts file", path);
}

/* What all files are. */
static enum edgel_status find_kind(const struct cli_args *args, enum merge_kind *kind,
                                   struct edgel_error *err)
{
    for (size_t i = 0; i < args->noperands; i++) {
        enum merge_kind k = MERGE_NOTHING;
        enum edgel_status status = look_at(args->operands[i], &k, err);
        if (status != EDGEL_OK)
            return status;
        if (i > 0 && k != *kind)
            return edgel_error_set(err, EDGEL_EINVAL, "%s and %s: one is a log, the other a counts file",
                                   args->operands[0], args->operands[i]);
        *kind = k;
    }
    return EDGEL_OK;
}

static int run_merge(const struct cli_args *args)
{
    const struct merge_options *o = args->options;
    const struct score_output output = { "output", o->output };
    const char *const *paths = (const char *const *)args->operands;
    struct edgel_error err = { 0 };
    struct edgel_totals totals = { 0 };
    enum merge_kind kind = MERGE_NOTHING;
    if (!o->output)
        return cli_usage(args->command, "no output: -o OUT is required");
    if (args->noperands == 0)
        return cli_usage(args->command, "no file given");
    if (score_check_outputs(&output, 1, paths, args->noperands, &err) != EDGEL_OK)
        return cli_usage(args->command, "%s", err.msg);
    if (find_kind(args, &kind, &err) != EDGEL_OK) {
        cli_message("%s", err.msg);
        return CLI_EXIT_USAGE;
    }
    const enum edgel_status status =
        kind == MERGE_LOGS ? edgel_log_merge(paths, args->noperands, o->output, cli_stop, NULL, &totals, &err)
                           : edgel_counts_merge(paths, args->noperands, o->output, cli_stop, NULL, &err);
    if (status != EDGEL_OK) {
        cli_message("%s", err.msg);
        return status == EDGEL_EINVAL         ? CLI_EXIT_USAGE
               : status == EDGEL_EINTERRUPTED ? CLI_EXIT_INTERRUPTED
                                              : CLI_EXIT_FAILED;
    }
    if (kind == MERGE_LOGS && !o->quiet)
        cli_message("%zu done, %zu failed, %zu skipped in %zu parts", totals.ok, totals.failed,
                    totals.skipped, args->noperands);
    return CLI_EXIT_OK;
}

const struct cli_command cli_command_merge = {
    .name = "merge",
    .summary = "join the logs or counts of --shard runs",
    .synopsis = "-o OUT FILE...",
    .description =
        "Joins the logs (--jsonl) or the counts (--counts) of all shards of one run into what the whole run would have "
        "written: the same lines in the same order. A joined log has one summary with the numbers added up, 'seconds' "
        "too. Joined counts are those of the whole byte for byte, so 'edgel report' gives the same scores.\n\n"
        "FILE... are the files of all shards, in any order; their content says what they are. A shard is refused, and "
        "nothing is written, when it is missing, given twice or interrupted, or comes from another list of files or a "
        "run with other options: for logs the options that change results, for counts what was measured and the "
        "convention.",
    .groups = (const struct cli_group[]){ { "Options", merge_rows, 0 }, { 0 } },
    .examples =
        (const struct cli_example[]){
            { "Two halves of a run, on one machine or on two, and their logs joined",
              "edgel detect --shard 1/2 --jsonl 1.jsonl -o edges data/scenes/images && "
              "edgel detect --shard 2/2 --jsonl 2.jsonl -o edges data/scenes/images && "
              "edgel merge -o run.jsonl 1.jsonl 2.jsonl" },
            { "Counts of three shards, and the scores of the whole",
              "edgel detect -o found data/scenes/images && for i in 1 2 3; do edgel eval --shard $i/3 --counts "
              "$i.counts --truth data/scenes/boundaries found; done && "
              "edgel merge -o all.counts 1.counts 2.counts 3.counts && edgel report all.counts" },
            { 0 },
        },
    .exits =
        (const struct cli_exit[]){
            { CLI_EXIT_OK, "everything was joined" },
            { CLI_EXIT_FAILED, "a file cannot be read, is damaged, or comes from a run that did not end" },
            { CLI_EXIT_USAGE, "wrong usage, or the files are not all the shards of one run" },
            { CLI_EXIT_INTERRUPTED, "interrupted; nothing was written" },
            { 0 },
        },
    .options_size = sizeof(struct merge_options),
    .run = run_merge,
};
