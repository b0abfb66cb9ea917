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

/* --- what does not go together --- */

bool score_built_in(const char *colors)
{
    const char *name;
    for (int i = 0; (name = edgel_color_set_name(i)) != NULL; i++)
        if (strcmp(name, colors) == 0)
            return true;
    return false;
}

int score_set(struct edgel_measure *m, const struct cli_args *args, const struct score_value *values,
              size_t n)
{
    struct edgel_error err = { 0 };
    for (size_t i = 0; i < n; i++)
        if (edgel_measure_set_number(m, values[i].key, values[i].value, &err) != EDGEL_OK)
            return cli_usage(args->command, "%s", err.msg);
    return 0;
}

/* The option of `edgel eval` that sets a parameter: --max-dist of "max_dist", --boundary davis of "davis". */
static void name_of(const struct edgel_measure *m, const char *key, char *buf, size_t size)
{
    static const char *const others[][2] = { { "boundary", "boundary bsds" },
                                             { "davis", "boundary davis" },
                                             { "band", "boundary iou" },
                                             { "votes", "annotator" } };
    const bool objects = strcmp(key, "objects") == 0 && edgel_measure_asks(m, EDGEL_OBJECTS);
    snprintf(buf, size, "%s%s%s", key, objects ? " " : "", objects ? edgel_measure_word(m, key) : "");
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(key, others[i][0]) == 0)
            snprintf(buf, size, "%s", others[i][1]);
    for (char *c = buf; *c; c++)
        if (*c == '_')
            *c = '-';
}

struct given {
    const struct edgel_measure *m;
    const struct cli_args *args;
};

/* Whether the command line names a parameter. --boundary stands for several. */
static bool given(void *user, const char *key)
{
    const struct given *g = user;
    char name[64];
    name_of(g->m, key, name, sizeof name);
    const char *word = strchr(name, ' ');
    if (strcmp(key, "votes") == 0)
        return g->m->annotator == EDGEL_ANNOTATOR_ANY || g->m->annotator == EDGEL_ANNOTATOR_MAJORITY;
    if (!word)
        return cli_given(g->args, name);
    const char *text = (name[word - name] = '\0', cli_given_text(g->args, name));
    return text && strcmp(text, word + 1) == 0;
}

/* "--boundary bsds or --regions"; report names the counts of these. Empty: nothing asks for any of them. */
static void list_families(const struct edgel_measure *m, const struct cli_args *args, unsigned families,
                          char *buf, size_t size)
{
    const char *before = strcmp(args->command->name, "eval") == 0 ? "" : "counts of eval ";
    buf[0] = '\0';
    for (int f = 0; f < EDGEL_FAMILIES; f++) {
        const char *key = families >> f & 1 ? edgel_family_key((enum edgel_family)f) : NULL;
        const size_t n = strlen(buf);
        char name[64];
        if (!key)
            continue;
        name_of(m, key, name, sizeof name);
        snprintf(buf + n, size - n, "%s--%s", n ? " or " : before, name);
    }
}

int score_clash(const struct edgel_measure *m, const struct cli_args *args)
{
    struct given g = { m, args };
    struct edgel_clash c;
    char key[64], other[64], list[256];
    if (!edgel_measure_clash(m, given, &g, &c))
        return 0;
    name_of(m, c.key, key, sizeof key);
    if (c.families) {
        list_families(m, args, c.families, list, sizeof list);
        return cli_usage(args->command, "--%s needs %s", key, list);
    }
    name_of(m, c.other, other, sizeof other);
    const bool votes = strcmp(c.key, "votes") == 0, fresh = strcmp(args->command->name, "eval") == 0;
    return cli_usage(args->command, "--%s%s%s %s %s--%s", key, votes ? " " : "",
                     votes ? edgel_convention_word(EDGEL_CONVENTION_ANNOTATOR, (int)m->annotator) : "",
                     c.needs ? "needs" : "has no use with", fresh ? "" : "counts of eval ", other);
}

/* A bar needs one of the families its score is computed from. */
static int check_bar(const struct score *s, const struct cli_args *args, const struct edgel_score *score)
{
    char list[256];
    for (int f = 0; f < EDGEL_FAMILIES; f++)
        if (score->families >> f & 1 &&
            (f == EDGEL_PIXELS ? edgel_measure_counts_pixels(&s->measure)
                               : edgel_measure_asks(&s->measure, (enum edgel_family)f)))
            return 0;
    list_families(&s->measure, args, score->families, list, sizeof list);
    if (!*list)
        return cli_usage(args->command, "--fail-under %s is for pixels, and none are counted", score->key);
    return cli_usage(args->command, "--fail-under %s needs %s", score->key, list);
}

int score_check(const struct score *s, const struct cli_args *args)
{
    const struct edgel_measure *m = &s->measure;
    struct edgel_error err = { 0 };
    int code = score_clash(m, args);
    for (size_t i = 0; i < s->nbars && code == 0; i++)
        code = check_bar(s, args, s->bars[i].score);
    if (code != 0)
        return code;
    if (edgel_measure_asks(m, EDGEL_REGIONS) && !edgel_measure_asks(m, EDGEL_BOUNDARY) &&
        cli_given(args, "csv"))
        return cli_usage(args->command, "--csv: regions have no rows by class");
    if (cli_given(args, "bsds-files") && s->nmethods > 1)
        return cli_usage(args->command, "--bsds-files: the files are of one method, and there are %zu",
                         s->nmethods);
    if (cli_given(args, "confusion") && !edgel_measure_counts_pixels(m))
        return cli_usage(args->command, "--confusion is of pixels, and none are counted");
    if (cli_given(args, "confusion") && s->nmethods > 1)
        return cli_usage(args->command, "--confusion: the matrix is of one method, and there are %zu",
                         s->nmethods);
    const bool binary = m->labels == EDGEL_LABELS_BINARY;
    if (binary && cli_given(args, "classes"))
        return cli_usage(args->command,
                         "--classes is for ids, and the labels are binary (--labels ids changes that)");
    if (binary && cli_given(args, "exclude-from-mean"))
        return cli_usage(args->command,
                         "--exclude-from-mean is for ids, and the labels are binary: they have one "
                         "class (--labels ids changes that)");
    if (edgel_reduce_check(m, &s->reduce, &err) != EDGEL_OK)
        return cli_usage(args->command, "%s", err.msg);
    return 0;
}

static void discard_outputs(struct score *s)
{
    edgel_output_discard(&s->csv);
    edgel_output_discard(&s->pairs_csv);
    edgel_output_discard(&s->confusion);
    edgel_output_discard(&s->json);
}

enum edgel_status score_begin(struct score *s, const struct score_options *o, struct edgel_error *err)
{
    enum edgel_status status = EDGEL_OK;
    if (o->csv)
        status = edgel_output_begin(o->csv, &s->csv, err);
    if (status == EDGEL_OK && o->pairs_csv)
        status = edgel_output_begin(o->pairs_csv, &s->pairs_csv, err);
    if (status == EDGEL_OK && o->confusion)
        status = edgel_output_begin(o->confusion, &s->confusion, err);
    if (status == EDGEL_OK && o->json)
        status = edgel_output_begin(o->json, &s->json, err);
    if (status != EDGEL_OK)
        return status;
    struct edgel_scoring_params params;
    edgel_scoring_params_init(&params);
    params.measure = &s->measure;
    params.reduce = &s->reduce;
    params.methods = s->methods;
    params.nmethods = s->nmethods;
    params.csv = s->csv;
    params.pairs_csv = s->pairs_csv;
    params.bsds_folder = o->bsds_files;
    return edgel_scoring_create(&params, &s->scoring, err);
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
        if (s->bars[i].score->families >> EDGEL_CURVE & 1 && edgel_summary_curve(summary)->coarse)
            cli_message(
                "warning: %s: --fail-under %s: %s is coarse, since the counts have no levels (edgel.counts/1)",
                summary->prediction, s->bars[i].text, s->bars[i].score->key);
        if (edgel_bar_reached(&s->bars[i], summary, &v))
            continue;
        result->bar_missed = true;
        if (isnan(v))
            cli_message("%s: under %s: undefined", summary->prediction, s->bars[i].text);
        else
            cli_message("%s: under %s: %.6g", summary->prediction, s->bars[i].text, v);
    }
}

static enum edgel_status print_table(const char *partial, const struct edgel_summary *v, size_t n,
                                     struct edgel_error *err)
{
    struct edgel_output *out = NULL;
    enum edgel_status status = edgel_output_begin("-", &out, err);
    if (status == EDGEL_OK && partial)
        status = edgel_output_write(out, partial, strlen(partial), err);
    if (status == EDGEL_OK)
        status = edgel_report_table(out, v, n, (size_t)cli_output_columns(), err);
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
    if (status == EDGEL_OK && s->confusion && !partial)
        status = edgel_report_summary_confusion(s->confusion, &v[0], err);
    if (status == EDGEL_OK && s->confusion && !partial)
        status = edgel_output_commit(&s->confusion, err);
    else if (o->confusion && partial)
        cli_message("%s: not written, the run was interrupted", o->confusion);
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
    discard_outputs(s);
    edgel_classes_finish(&s->classes);
    free(s->ignore);
    free(s->exclude);
    free(s->bars);
    *s = (struct score){ 0 };
}
