/* `edgel report`: scores from stored counts, under the convention they name or another one. */
#include "cli/eval/score.h"
#include "edgel/report.h"
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct report_options {
    struct score_options score;
};

struct report_source {
    const char *path;
    struct edgel_counts_reader *reader;
    int first; /* its first method among those of all files */
};

struct report {
    struct report_source *sources;
    size_t n;
    const char **methods;
    size_t nmethods;
    struct score score;
    bool interrupted;
};

/* --- opening --- */

static void take_methods(struct report *r, struct report_source *source)
{
    const struct edgel_counts_header *h = edgel_counts_header_of(source->reader);
    source->first = (int)r->nmethods;
    r->methods = cli_realloc(r->methods, r->nmethods + h->npredictions + 1, sizeof *r->methods);
    for (size_t i = 0; i < h->npredictions; i++)
        r->methods[r->nmethods++] = h->predictions[i];
}

static int open_sources(const struct cli_args *args, struct report *r)
{
    r->sources = cli_alloc(args->noperands, sizeof *r->sources);
    for (; r->n < args->noperands; r->n++) {
        struct edgel_error err = { 0 };
        struct report_source *source = &r->sources[r->n];
        source->path = args->operands[r->n];
        if (edgel_counts_open(source->path, &source->reader, &err) != EDGEL_OK)
            return cli_usage(args->command, "%s", err.msg);
        const struct edgel_shard *shard = &edgel_counts_header_of(source->reader)->shard;
        if (shard->count > 0) {
            r->n++;
            return cli_usage(args->command,
                             "%s: is shard %" PRId64 " of %" PRId64
                             ", a part: join all with 'edgel merge' first",
                             source->path, shard->index, shard->count);
        }
        take_methods(r, source);
        if (edgel_measure_agree(&edgel_counts_header_of(r->sources[0].reader)->measure,
                                &edgel_counts_header_of(source->reader)->measure, &err) != EDGEL_OK) {
            r->n++;
            return cli_usage(args->command, "%s and %s: %s", r->sources[0].path, source->path, err.msg);
        }
    }
    return 0;
}

/* --- rows --- */

static enum edgel_status add_rows(struct report *r, const struct report_source *source,
                                  struct edgel_error *err)
{
    struct edgel_row row = { 0 };
    bool more = true;
    enum edgel_status status = EDGEL_OK;
    while (status == EDGEL_OK && more) {
        if (cli_stop(NULL)) {
            r->interrupted = true;
            break;
        }
        status = edgel_counts_next(source->reader, &row, &more, err);
        if (status != EDGEL_OK || !more)
            break;
        struct edgel_error refused = { 0 };
        row.prediction += source->first;
        status = edgel_scoring_add(r->score.scoring, &row, &refused);
        if (status == EDGEL_EFORMAT) {
            cli_message("%s: %s: %.400s", r->methods[row.prediction], row.image, refused.msg);
            status = EDGEL_OK;
        } else if (status != EDGEL_OK) {
            *err = refused;
        }
        edgel_row_finish(&row);
    }
    edgel_row_finish(&row);
    return status;
}

static enum edgel_status reduce_all(const struct cli_args *args, struct report *r,
                                    struct score_result *result, struct edgel_error *err)
{
    const struct report_options *o = args->options;
    bool table = !(o->score.json && strcmp(o->score.json, "-") == 0) &&
                 !(o->score.csv && strcmp(o->score.csv, "-") == 0) &&
                 !(o->score.pairs_csv && strcmp(o->score.pairs_csv, "-") == 0) &&
                 !(o->score.confusion && strcmp(o->score.confusion, "-") == 0);
    enum edgel_status status = score_begin(&r->score, &o->score, err);
    for (size_t i = 0; i < r->n && status == EDGEL_OK; i++)
        status = add_rows(r, &r->sources[i], err);
    if (status != EDGEL_OK)
        return status;
    return score_end(&r->score, &o->score, table, r->interrupted ? "PARTIAL: interrupted\n\n" : NULL, result,
                     err);
}

static int exit_code(const struct report *r, const struct score_result *result)
{
    bool missing = result->missing > 0 && r->score.reduce.missing == EDGEL_MISSING_ERROR;
    if (r->interrupted)
        return CLI_EXIT_INTERRUPTED;
    if (missing)
        cli_message("images without a prediction: %" PRIu64, result->missing);
    if (result->failed > 0)
        cli_message("images that were not measured or cannot be scored: %" PRIu64, result->failed);
    if (missing || result->failed > 0)
        return CLI_EXIT_FAILED;
    if (result->images == 0) {
        cli_message("nothing to score");
        return CLI_EXIT_NOTHING;
    }
    return result->bar_missed ? CLI_EXIT_BAR : CLI_EXIT_OK;
}

static int reduce(const struct cli_args *args, struct report *r)
{
    struct edgel_error err = { 0 };
    struct score_result result = { 0 };
    if (reduce_all(args, r, &result, &err) != EDGEL_OK) {
        cli_message("%s", err.msg);
        return CLI_EXIT_FAILED;
    }
    return exit_code(r, &result);
}

static int check_usage(const struct cli_args *args)
{
    const struct report_options *o = args->options;
    size_t standard_input = 0;
    if (args->noperands == 0)
        return cli_usage(args->command, "no counts file given");
    for (size_t i = 0; i < args->noperands; i++)
        standard_input += strcmp(args->operands[i], "-") == 0;
    if (standard_input > 1)
        return cli_usage(args->command, "standard input can be read once");
    const struct score_output outputs[] = { { "json", o->score.json },
                                            { "csv", o->score.csv },
                                            { "pairs-csv", o->score.pairs_csv },
                                            { "confusion", o->score.confusion } };
    struct edgel_error err = { 0 };
    if (score_check_outputs(outputs, 4, &o->score.classes, 1, &err) != EDGEL_OK ||
        score_check_outputs(outputs, 4, args->operands, args->noperands, &err) != EDGEL_OK)
        return cli_usage(args->command, "%s", err.msg);
    return 0;
}

static int run_report(const struct cli_args *args)
{
    const struct report_options *o = args->options;
    struct report r = { 0 };
    int code = check_usage(args);
    if (code == 0)
        code = open_sources(args, &r);
    if (code == 0) {
        const struct edgel_counts_header *h = edgel_counts_header_of(r.sources[0].reader);
        r.score.measure = h->measure;
        r.score.reduce = h->reduce;
        r.score.methods = r.methods;
        r.score.nmethods = r.nmethods;
        code = score_prepare(&r.score, args, &o->score);
    }
    if (code == 0)
        code = score_check(&r.score, args);
    if (code == 0)
        code = reduce(args, &r);
    score_finish(&r.score);
    for (size_t i = 0; i < r.n; i++)
        edgel_counts_close(&r.sources[i].reader);
    free(r.sources);
    free(r.methods);
    return code;
}

const struct cli_command cli_command_report = {
    .name = "report",
    .summary = "reduce measured counts to scores",
    .synopsis = "[options] COUNTS...",
    .description =
        "Computes scores from counts files of 'edgel eval --counts', without reading an image. The convention is that "
        "of the first file, unless an option changes it; the defaults shown below are those of eval. Several files are "
        "shown side by side; they must have been measured with the same options. - is standard input.\n\n"
        "Counts hold raw ids, so --ignore may name other ids than eval did. Not so when a sweep over thresholds, a "
        "tolerance, distances, boundaries, objects or the votes of annotators were measured: these counts have left "
        "out the ignored pixels already.",
    .groups =
        (const struct cli_group[]){
            { "Scores", score_rows, offsetof(struct report_options, score) },
            { "Outputs", score_output_rows, offsetof(struct report_options, score) },
            { 0 },
        },
    .examples =
        (const struct cli_example[]){
            { "Measure once, then ask for scores per image",
              "edgel detect -m canny -o edges data/scenes/images && "
              "edgel eval --truth data/scenes/boundaries --counts counts.jsonl edges && "
              "edgel report --reduce image counts.jsonl" },
            { 0 },
        },
    .exits = score_exits,
    .hints = score_hints,
    .options_size = sizeof(struct report_options),
    .run = run_report,
};
