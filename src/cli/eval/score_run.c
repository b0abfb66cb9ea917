/*
 * From rows to scores. eval and report both come here with the same rows in the same order, so that what they write is
 * the same to the last byte.
 */
#include "cli/eval/score.h"
#include "edgel/dataset.h"
#include "edgel/report.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- before the run --- */

static void take_reduce(struct edgel_reduce *r, const struct cli_args *args, const struct score_options *o)
{
    if (cli_given(args, "reduce"))
        r->reduce = (enum edgel_reduce_kind)o->reduce;
    if (cli_given(args, "empty"))
        r->empty = (enum edgel_empty)o->empty;
    if (cli_given(args, "missing"))
        r->missing = (enum edgel_missing)o->missing;
}

static enum edgel_status take_ids(struct score *s, const struct score_options *o, struct edgel_error *err)
{
    struct edgel_reduce *r = &s->reduce;
    if (o->ignore) {
        if (score_parse_ids("--ignore", o->ignore, &s->ignore, &r->nignore, err) != EDGEL_OK)
            return EDGEL_EINVAL;
        r->ignore = s->ignore;
    }
    if (o->exclude) {
        if (score_parse_ids("--exclude-from-mean", o->exclude, &s->exclude, &r->nexclude, err) != EDGEL_OK)
            return EDGEL_EINVAL;
        r->exclude_from_mean = s->exclude;
    }
    if (o->classes) {
        enum edgel_status status = edgel_classes_read(o->classes, &s->classes, err);
        if (status != EDGEL_OK)
            return status;
        r->classes = &s->classes;
    }
    return EDGEL_OK;
}

int score_prepare(struct score *s, const struct cli_args *args, const struct score_options *o)
{
    struct edgel_error err = { 0 };
    take_reduce(&s->reduce, args, o);
    s->nbars = o->bars.n;
    if (take_ids(s, o, &err) != EDGEL_OK || score_parse_bars(&o->bars, &s->bars, &err) != EDGEL_OK ||
        score_parse_nsd(&o->nsd, &s->reduce, &err) != EDGEL_OK)
        return cli_usage(args->command, "%s", err.msg);
    return 0;
}

/* How pixels are reduced does not concern boundaries and regions. */
static int check_boundary(const struct score *s, const struct cli_args *args)
{
    static const char *const of_pixels[] = {
        "reduce", "empty", "classes", "ignore", "exclude-from-mean", "nsd-tolerance"
    };
    const bool regions = s->measure.boundary == EDGEL_BOUNDARY_NONE;
    const char *bar = score_bar_outside(s->bars, s->nbars, 1 << EDGEL_BOUNDARY);
    for (size_t i = 0; i < 6; i++)
        if (cli_given(args, of_pixels[i]))
            return cli_usage(args->command, "--%s is for pixels, and %s were asked for", of_pixels[i],
                             regions ? "regions" : "boundaries");
    if (regions && s->nbars > 0)
        return cli_usage(args->command, "--fail-under %s: regions have no bar", s->bars[0].text);
    if (regions && cli_given(args, "csv"))
        return cli_usage(args->command, "--csv: regions have no rows by class");
    if (cli_given(args, "bsds-files") && s->nmethods > 1)
        return cli_usage(args->command, "--bsds-files: the files are of one method, and there are %zu",
                         s->nmethods);
    if (bar)
        return cli_usage(args->command, "--fail-under %s is for pixels; boundaries have ods, ois and ap",
                         bar);
    return 0;
}

/* Objects by ids are all there is, and of one class unless a document names others. */
static int check_object_ids(const struct score *s, const struct cli_args *args)
{
    const char *bar = score_bar_outside(s->bars, s->nbars, 1 << EDGEL_OBJECTS);
    if (cli_given(args, "reduce"))
        return cli_usage(args->command, "--reduce is for pixels, and objects by ids are summed over images");
    if (bar)
        return cli_usage(args->command, "--fail-under %s: objects by ids have pq, sq and rq", bar);
    return 0;
}

int score_check(const struct score *s, const struct cli_args *args)
{
    const struct edgel_measure *m = &s->measure;
    const char *bar = score_bar_of(s->bars, s->nbars, 1 << EDGEL_CURVE);
    const char *objects = score_bar_of(s->bars, s->nbars, 1 << EDGEL_OBJECTS);
    const unsigned families = 1 << EDGEL_PIXELS | 1 << EDGEL_CURVE | 1 << EDGEL_OBJECTS;
    const char *boundary = score_bar_outside(s->bars, s->nbars, families);
    struct edgel_error err = { 0 };
    if (m->objects == EDGEL_OBJECTS_NONE && objects)
        return cli_usage(args->command, "--fail-under %s needs objects: eval --objects", objects);
    if (m->objects == EDGEL_OBJECTS_NONE && cli_given(args, "pairs-csv"))
        return cli_usage(args->command, "--pairs-csv needs objects: eval --objects");
    if (m->boundary != EDGEL_BOUNDARY_NONE || m->regions)
        return check_boundary(s, args);
    if (cli_given(args, "bsds-files"))
        return cli_usage(args->command,
                         "--bsds-files needs boundaries or regions: eval --boundary bsds, eval --regions");
    if (edgel_objects_alone(m->objects) && check_object_ids(s, args) != 0)
        return CLI_EXIT_USAGE;
    if (m->labels == EDGEL_LABELS_BINARY && cli_given(args, "classes"))
        return cli_usage(args->command,
                         "--classes is for ids, and the labels are binary (--labels ids changes that)");
    if (m->labels == EDGEL_LABELS_BINARY && cli_given(args, "exclude-from-mean"))
        return cli_usage(args->command,
                         "--exclude-from-mean is for ids, and the labels are binary: they have one "
                         "class (--labels ids changes that)");
    if (cli_given(args, "nsd-tolerance") && !m->distances)
        return cli_usage(args->command, "--nsd-tolerance needs distances: eval --distances");
    if (boundary)
        return cli_usage(args->command, "--fail-under %s needs boundaries: eval --boundary bsds", boundary);
    if (bar && m->thresholds == 0)
        return cli_usage(args->command, "--fail-under %s needs a sweep: eval --thresholds N", bar);
    if (edgel_reduce_check(m, &s->reduce, &err) != EDGEL_OK)
        return cli_usage(args->command, "%s", err.msg);
    return 0;
}

enum edgel_status score_begin(struct score *s, const struct score_options *o, struct edgel_error *err)
{
    enum edgel_status status = EDGEL_OK;
    if (o->csv)
        status = edgel_output_begin(o->csv, &s->csv, err);
    if (status == EDGEL_OK && o->pairs_csv)
        status = edgel_output_begin(o->pairs_csv, &s->pairs_csv, err);
    if (status == EDGEL_OK && o->json)
        status = edgel_output_begin(o->json, &s->json, err);
    if (status != EDGEL_OK)
        return status;
    const struct edgel_scoring_params params = { .measure = &s->measure,
                                                 .reduce = &s->reduce,
                                                 .methods = s->methods,
                                                 .nmethods = s->nmethods,
                                                 .csv = s->csv,
                                                 .pairs_csv = s->pairs_csv,
                                                 .bsds_folder = o->bsds_files };
    return edgel_scoring_create(&params, &s->scoring, err);
}

enum edgel_status score_add(struct score *s, const struct edgel_row *row, struct edgel_error *err)
{
    return edgel_scoring_add(s->scoring, row, err);
}

/* --- after the run --- */

static void warn_ignored(const struct edgel_summary *s)
{
    if (edgel_summary_pixels(s)->ignored_predicted > 0)
        cli_message("warning: %s: %" PRIu64
                    " pixels are predicted as an ignored id where the truth is not ignored; "
                    "they count as wrong",
                    s->prediction, edgel_summary_pixels(s)->ignored_predicted);
}

static void check_bars(const struct score *s, const struct edgel_summary *summary,
                       struct score_result *result)
{
    for (size_t i = 0; i < s->nbars; i++) {
        double v;
        if (edgel_bar_reached(&s->bars[i], summary, &v))
            continue;
        result->bar_missed = true;
        if (isnan(v))
            cli_message("%s: under %s: undefined", summary->prediction, s->bars[i].text);
        else
            cli_message("%s: under %s: %.6g", summary->prediction, s->bars[i].text, v);
    }
}

/* Tables fit the screen; in pipes and files they are never folded. */
static size_t table_columns(void)
{
    const int n = isatty(STDOUT_FILENO) ? cli_terminal_columns(STDOUT_FILENO) : 0;
    return n > 0 ? (size_t)n : 0;
}

static enum edgel_status print_table(const char *partial, const struct edgel_summary *v, size_t n,
                                     struct edgel_error *err)
{
    struct edgel_output *out = NULL;
    enum edgel_status status = edgel_output_begin("-", &out, err);
    if (status == EDGEL_OK && partial)
        status = edgel_output_write(out, partial, strlen(partial), err);
    if (status == EDGEL_OK)
        status = edgel_report_table(out, v, n, table_columns(), err);
    if (status == EDGEL_OK)
        return edgel_output_commit(&out, err);
    edgel_output_discard(&out);
    return status;
}

static void judge(const struct score *s, const struct edgel_summary *v, struct score_result *result)
{
    *result = (struct score_result){ 0 };
    for (size_t i = 0; i < s->nmethods; i++) {
        result->images += v[i].images;
        result->missing += v[i].missing;
        result->failed += v[i].failed;
        warn_ignored(&v[i]);
        check_bars(s, &v[i], result);
    }
}

enum edgel_status score_end(struct score *s, const struct score_options *o, bool table, const char *partial,
                            struct score_result *result, struct edgel_error *err)
{
    struct edgel_summary *v = cli_alloc(s->nmethods, sizeof *v);
    enum edgel_status status = EDGEL_OK;
    status = edgel_scoring_summaries(s->scoring, v, err);
    if (status == EDGEL_OK && s->csv)
        status = edgel_output_commit(&s->csv, err);
    if (status == EDGEL_OK && s->pairs_csv)
        status = edgel_output_commit(&s->pairs_csv, err);
    if (status == EDGEL_OK && s->json && !partial)
        status = edgel_report_json(s->json, v, s->nmethods, err);
    if (status == EDGEL_OK && s->json && !partial)
        status = edgel_output_commit(&s->json, err);
    else if (o->json && partial)
        cli_message("%s: not written, the run was interrupted", o->json);
    if (status == EDGEL_OK && !partial)
        status = edgel_scoring_bsds(s->scoring, &v[0], err);
    else if (o->bsds_files && partial)
        cli_message("%s/eval_*.txt: not written, the run was interrupted", o->bsds_files);
    if (status == EDGEL_OK && table)
        status = print_table(partial, v, s->nmethods, err);
    if (status == EDGEL_OK)
        judge(s, v, result);
    for (size_t i = 0; i < s->nmethods; i++)
        edgel_summary_finish(&v[i]);
    free(v);
    return status;
}

void score_finish(struct score *s)
{
    edgel_scoring_destroy(&s->scoring);
    edgel_output_discard(&s->csv);
    edgel_output_discard(&s->pairs_csv);
    edgel_output_discard(&s->json);
    edgel_classes_finish(&s->classes);
    free(s->ignore);
    free(s->exclude);
    free(s->bars);
    *s = (struct score){ 0 };
}
