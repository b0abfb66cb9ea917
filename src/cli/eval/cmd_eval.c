/* `edgel eval`: measures predictions against truth and shows the scores. */
#include "cli/eval/score.h"
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- before the run --- */

static enum edgel_status read_inputs(const struct eval_options *o, struct edgel_colors *colors,
                                     struct score *s, struct edgel_error *err)
{
    if (o->colors) {
        enum edgel_status status = edgel_colors_read(o->colors, colors, err);
        if (status != EDGEL_OK)
            return status;
        s->measure.colors = colors;
    }
    if (o->colors && !o->score.classes && score_built_in(o->colors)) {
        enum edgel_status status = edgel_classes_read(o->colors, &s->classes, err);
        if (status != EDGEL_OK)
            return status;
        s->reduce.classes = &s->classes;
    }
    s->measure.ignore = s->reduce.ignore;
    s->measure.nignore = s->reduce.nignore;
    return EDGEL_OK;
}

static int fill_measure(const struct cli_args *args, struct edgel_measure *m)
{
    const struct eval_options *o = args->options;
    edgel_measure_init(m);
    m->labels = (enum edgel_labels)o->labels;
    m->threshold = o->threshold;
    m->thresholds = (int)o->thresholds;
    m->valid = o->valid != NULL;
    const struct score_value values[] = {
        { "distances", o->distances }, { "tolerance", cli_given(args, "tolerance") ? o->tolerance : NAN }
    };
    if (cli_given(args, "annotator")) {
        m->annotator = o->annotator;
        m->annotator_index = o->annotator_index;
    }
    int code = score_set(m, args, values, 2);
    if (code == 0)
        code = eval_boundary_fill(args, m);
    return code ? code : eval_objects_fill(args, m);
}

/* Refuses outputs that are one of the paths. */
static int check_outputs(const struct cli_args *args, const char *const *paths, size_t n)
{
    const struct eval_options *o = args->options;
    const struct score_output outputs[] = {
        { "counts", o->counts },   { "json", o->score.json },           { "csv", o->score.csv },
        { "jsonl", o->run.jsonl }, { "pairs-csv", o->score.pairs_csv }, { "confusion", o->score.confusion }
    };
    struct edgel_error err = { 0 };
    if (score_check_outputs(outputs, 6, paths, n, &err) != EDGEL_OK)
        return cli_usage(args->command, "%s", err.msg);
    return 0;
}

static bool to_stdout(const char *path)
{
    return path && strcmp(path, "-") == 0;
}

/* Scores of a part are no result: its rows are, in counts and log. */
static int check_part(const struct cli_args *args)
{
    static const char *const of_the_whole[] = { "json",       "csv",        "pairs-csv",
                                                "fail-under", "bsds-files", "confusion" };
    const struct eval_options *o = args->options;
    for (size_t i = 0; o->part.shard.count > 0 && i < 6; i++)
        if (cli_given(args, of_the_whole[i]))
            return cli_usage(
                args->command,
                "--%s: scores are of the whole: write --counts of each --shard, join them with 'edgel "
                "merge', and give this option to 'edgel report'",
                of_the_whole[i]);
    return 0;
}

static int check_usage(const struct cli_args *args, const struct edgel_measure *m)
{
    const struct eval_options *o = args->options;
    if (!o->truth && !o->pairs)
        return cli_usage(args->command, "no truth: --truth TRUTH or --pairs FILE is needed");
    if (args->noperands == 0 && !o->pairs)
        return cli_usage(args->command, "no prediction given");
    if (o->pairs && (o->pred_suffix || o->truth_suffix))
        return cli_usage(args->command, "--pred-suffix and --truth-suffix have no use with --pairs");
    const char *const named[] = { o->truth, o->pairs, o->score.classes, o->colors };
    int code = check_part(args);
    if (code == 0)
        code = score_clash(m, args);
    if (code == 0)
        code = eval_boundary_check(args);
    if (code == 0)
        code = check_outputs(args, named, 4);
    return code ? code : check_outputs(args, args->operands, args->noperands);
}

/* Options that the decided labels have no use for are refused rather than passed over. */
static int check_labels(const struct cli_args *args, const struct score *s)
{
    static const char *const binary_only[] = { "threshold", "thresholds" };
    const struct edgel_measure *m = &s->measure;
    for (size_t i = 0; m->labels == EDGEL_LABELS_IDS && !score_of_maps(m) && i < 2; i++)
        if (cli_given(args, binary_only[i]))
            return cli_usage(args->command,
                             "--%s is for binary masks, and the labels are ids (--labels binary "
                             "changes that)",
                             binary_only[i]);
    if (m->labels == EDGEL_LABELS_IDS &&
        (m->annotator == EDGEL_ANNOTATOR_ANY || m->annotator == EDGEL_ANNOTATOR_MAJORITY))
        return cli_usage(args->command,
                         "--annotator any and majority are for binary masks, and the labels are ids");
    return score_check(s, args);
}

/* --- pairs --- */

static enum edgel_status pair_method(const struct cli_args *args, const struct eval_run *run,
                                     const char *prediction, struct eval_method *method,
                                     struct edgel_error *err)
{
    const struct eval_options *o = args->options;
    struct edgel_pairs_params params = { .prediction = prediction,
                                         .truth = o->truth,
                                         .valid = o->valid,
                                         .pairs_file = o->pairs,
                                         .prediction_suffix = o->pred_suffix,
                                         .truth_suffix = o->truth_suffix };
    *method = (struct eval_method){ .name = prediction ? cli_standard_name(prediction) : o->pairs };
    if (eval_objects_alone(o) && prediction && o->truth && !o->pairs) {
        enum edgel_status status = eval_documents_pair(args, run, prediction, method, err);
        if (status != EDGEL_OK || method->pairs)
            return status;
    }
    return edgel_pairs_collect(&params, &method->pairs, err);
}

/* Pairs every PRED; one that cannot be read is reported and left out. Returns 0 or CLI_EXIT_USAGE. */
static int collect_pairs(const struct cli_args *args, struct eval_run *run, bool *left_out)
{
    const struct eval_options *o = args->options;
    size_t n = args->noperands ? args->noperands : 1;
    run->methods = cli_alloc(n, sizeof *run->methods);
    for (size_t i = 0; i < n; i++) {
        struct edgel_error err = { 0 };
        struct eval_method *method = &run->methods[run->nmethods];
        enum edgel_status status =
            pair_method(args, run, args->noperands ? args->operands[i] : NULL, method, &err);
        if (status == EDGEL_EINVAL || (status == EDGEL_EIO && o->pairs))
            return cli_usage(args->command, "%s", err.msg);
        if (status != EDGEL_OK) {
            cli_message("%s", err.msg);
            *left_out = true;
            continue;
        }
        method->first = run->total;
        run->total += edgel_pairs_count(method->pairs);
        run->nmethods++;
    }
    return 0;
}

/* Refuses a suffix that no file of any PRED, or of the truth, has. */
static int check_suffixes(const struct eval_options *o, const struct eval_run *run)
{
    struct cli_suffix sides[] = {
        { .option = "pred-suffix", .text = o->pred_suffix, .what = "prediction" },
        { .option = "truth-suffix", .text = o->truth_suffix, .what = "file of the truth", .truth = true },
    };
    int code = 0;
    for (int k = 0; k < 2 && code == 0; k++) {
        for (size_t m = 0; m < run->nmethods; m++)
            cli_suffix_look(&sides[k], run->methods[m].pairs);
        code = cli_suffix_check(&sides[k]);
    }
    return code;
}

/* How the files of each method are read. */
static enum edgel_status open_data(struct eval_run *run, struct edgel_error *err)
{
    const struct edgel_measure *m = &run->score->measure;
    enum edgel_status status = EDGEL_OK;
    for (size_t k = 0; k < run->nmethods && status == EDGEL_OK; k++) {
        struct edgel_dataset_params p;
        edgel_dataset_params_init(&p);
        p.pairs = run->methods[k].pairs;
        p.labels = m->labels;
        p.colors = m->colors;
        p.ignore = m->ignore;
        p.nignore = m->nignore;
        p.regions = edgel_measure_asks(m, EDGEL_REGIONS);
        p.maps = score_of_maps(m);
        p.read = run->read;
        status = edgel_dataset_open(&p, &run->methods[k].data, err);
    }
    return status;
}

/* The files of the pairs are not to be written to either. */
static int check_files(const struct cli_args *args, const struct eval_run *run)
{
    struct cli_list files = { 0 };
    for (size_t m = 0; m < run->nmethods; m++)
        for (size_t i = 0; i < edgel_pairs_count(run->methods[m].pairs); i++) {
            const struct edgel_pair *p = edgel_pairs_at(run->methods[m].pairs, i);
            cli_list_add(&files, p->prediction);
            cli_list_add(&files, p->valid);
            for (size_t k = 0; k < p->ntruth; k++)
                cli_list_add(&files, p->truth[k]);
        }
    int code = check_outputs(args, files.v, files.n);
    free(files.v);
    return code;
}

static int refuse_annotators(const struct cli_args *args, const struct edgel_pair *p, size_t n)
{
    return cli_usage(args->command, "%s has %zu annotators: choose with --annotator K|any|majority", p->key,
                     n);
}

/* One MAT file holds all annotators of an image; the first of these that can be read stands for all. */
static int check_first_truth(const struct cli_args *args, const struct eval_run *run)
{
    int code = 0;
    bool read = false;
    for (size_t k = 0; k < run->nmethods; k++)
        for (size_t i = 0; i < edgel_pairs_count(run->methods[k].pairs) && !read; i++) {
            struct edgel_pair p = *edgel_pairs_at(run->methods[k].pairs, i);
            struct edgel_dataset_masks f = { 0 };
            p.prediction = p.valid = NULL;
            read = p.ntruth > 0 && edgel_named_like_mat(p.truth[0]) &&
                   edgel_dataset_masks_read(run->methods[k].data, &p, &f, NULL) == EDGEL_OK;
            if (read && f.ntruth > 1)
                code = refuse_annotators(args, &p, f.ntruth);
            edgel_dataset_masks_finish(&f);
        }
    return code;
}

static int check_annotators(const struct cli_args *args, const struct eval_run *run)
{
    const struct edgel_measure *m = &run->score->measure;
    if (m->annotator != EDGEL_ANNOTATOR_NONE || score_of_maps(m))
        return 0;
    for (size_t k = 0; k < run->nmethods; k++)
        for (size_t i = 0; i < edgel_pairs_count(run->methods[k].pairs); i++) {
            const struct edgel_pair *p = edgel_pairs_at(run->methods[k].pairs, i);
            if (p->ntruth > 1)
                return refuse_annotators(args, p, p->ntruth);
        }
    return run->truth ? 0 : check_first_truth(args, run);
}

/* --- the run --- */

/* What the parts of the run have in common: of the log every pair, of the counts what has truth. */
static void mark_whole(const struct eval_run *run, struct edgel_shard *log, struct edgel_shard *counts)
{
    *log = *counts = run->shard;
    for (size_t m = 0; m < run->nmethods; m++)
        for (size_t i = 0; i < edgel_pairs_count(run->methods[m].pairs); i++) {
            const struct edgel_pair *p = edgel_pairs_at(run->methods[m].pairs, i);
            edgel_shard_add(log, eval_input(p));
            if (p->ntruth > 0)
                edgel_shard_add(counts, p->key);
        }
}

/* The log of a part says what it was made with: every option but those that say where and how to run and what to
 * write. */
static enum edgel_status begin_log(const struct cli_args *args, struct eval_run *run,
                                   const struct edgel_shard *whole, struct edgel_error *err)
{
    static const struct cli_option *const elsewhere[] = { score_output_rows, eval_counts_rows, cli_shard_rows,
                                                          cli_run_rows, NULL };
    const struct eval_options *o = args->options;
    enum edgel_status status = edgel_log_create(o->run.jsonl, &run->log, err);
    if (status != EDGEL_OK)
        return status;
    struct edgel_setting *settings;
    size_t n = cli_settings(args, elsewhere, &settings);
    settings = cli_realloc(settings, n + 1, sizeof *settings);
    settings[n++] = (struct edgel_setting){ cli_strndup("version", 7),
                                            cli_strndup(edgel_version(), strlen(edgel_version())) };
    status = edgel_log_shard(run->log, whole, settings, n, err);
    cli_settings_free(settings, n);
    return status;
}

static uint64_t other_than(uint64_t v, uint64_t def)
{
    return v == def ? 0 : v;
}

static struct edgel_counts_reading reading_of(const struct edgel_read *read)
{
    struct edgel_limits def;
    edgel_limits_init(&def);
    return (struct edgel_counts_reading){
        .lenient = read->lenient,
        .unoriented = !read->orient,
        .max_pixels = other_than(read->limits.max_pixels, def.max_pixels),
        .max_side = other_than((uint64_t)read->limits.max_side, (uint64_t)def.max_side),
        .max_scans = other_than((uint64_t)read->limits.max_scans, (uint64_t)def.max_scans),
        .max_chunk_bytes = other_than(read->limits.max_chunk_bytes, def.max_chunk_bytes),
        .max_file_bytes = other_than(read->limits.max_file_bytes, def.max_file_bytes)
    };
}

static enum edgel_status begin_outputs(const struct cli_args *args, struct eval_run *run,
                                       struct edgel_error *err)
{
    const struct eval_options *o = args->options;
    struct score *s = run->score;
    struct edgel_counts_header header = {
        .measure = s->measure, .reduce = s->reduce, .predictions = s->methods, .npredictions = s->nmethods
    };
    struct edgel_shard logged;
    mark_whole(run, &logged, &header.shard);
    header.rows = eval_rows(run);
    header.reading = reading_of(&run->read);
    enum edgel_status status = score_begin(s, &o->score, err);
    if (status == EDGEL_OK)
        status = begin_log(args, run, &logged, err);
    if (status == EDGEL_OK && o->counts)
        status = edgel_output_begin(o->counts, &run->counts, err);
    if (status == EDGEL_OK && o->counts)
        status = edgel_counts_write_header(run->counts, &header, err);
    return status;
}

static enum edgel_status end_outputs(const struct eval_options *o, struct eval_run *run,
                                     const struct edgel_totals *totals, struct score_result *result,
                                     struct edgel_error *err)
{
    char partial[160], part[60] = "";
    const struct edgel_shard *shard = &run->shard;
    bool table = !to_stdout(o->counts) && !to_stdout(o->score.json) && !to_stdout(o->score.csv) &&
                 !to_stdout(o->score.pairs_csv) && !to_stdout(o->score.confusion) && !to_stdout(o->run.jsonl);
    enum edgel_status status = EDGEL_OK;
    if (shard->count > 0)
        snprintf(part, sizeof part, " shard %" PRId64 " of %" PRId64, shard->index, shard->count);
    if (totals->interrupted)
        snprintf(partial, sizeof partial, "PARTIAL:%s interrupted after %zu of %zu pairs\n\n", part,
                 totals->ok + totals->failed + totals->skipped, edgel_shard_size(shard, run->total));
    else
        snprintf(partial, sizeof partial, "PARTIAL:%s\n\n", part);
    if (run->counts)
        status = edgel_output_commit(&run->counts, err);
    if (status == EDGEL_OK)
        status = edgel_log_finish(&run->log, totals, err);
    if (status == EDGEL_OK)
        status = score_end(run->score, &o->score, table, totals->interrupted || part[0] ? partial : NULL,
                           result, err);
    return status;
}

static int exit_code(const struct eval_run *run, const struct edgel_totals *totals,
                     const struct score_result *result, bool left_out)
{
    if (totals->interrupted)
        return CLI_EXIT_INTERRUPTED;
    if (totals->failed > 0 || left_out)
        return CLI_EXIT_FAILED;
    if (result->images == 0 && run->shard.count == 0) {
        cli_message("nothing to score");
        return CLI_EXIT_NOTHING;
    }
    return result->bar_missed ? CLI_EXIT_BAR : CLI_EXIT_OK;
}

static int measure(const struct cli_args *args, struct eval_run *run, bool left_out)
{
    const struct eval_options *o = args->options;
    struct edgel_error err = { 0 };
    struct edgel_totals totals = { 0 };
    struct score_result result = { 0 };
    enum edgel_status status = begin_outputs(args, run, &err);
    if (status == EDGEL_OK)
        status = eval_execute(run, &totals, &err);
    if (status == EDGEL_OK || status == EDGEL_EINTERRUPTED) {
        edgel_error_clear(&err);
        status = end_outputs(o, run, &totals, &result, &err);
    }
    if (status != EDGEL_OK) {
        cli_message("%s", err.msg);
        return CLI_EXIT_FAILED;
    }
    cli_run_summary(&o->run, &totals);
    return exit_code(run, &totals, &result, left_out);
}

static int survey_and_measure(const struct cli_args *args, struct eval_run *run, bool left_out)
{
    struct edgel_error err = { 0 };
    enum edgel_status status = eval_survey(run, &err);
    if (status != EDGEL_OK) {
        cli_message("%s", err.msg);
        if (status == EDGEL_EFORMAT || status == EDGEL_EINVAL) /* refused before any work */
            return CLI_EXIT_USAGE;
        return status == EDGEL_EINTERRUPTED ? CLI_EXIT_INTERRUPTED : CLI_EXIT_FAILED;
    }
    int code = eval_boundary_check_form(args, &run->score->measure);
    if (code == 0)
        code = check_labels(args, run->score);
    return code ? code : measure(args, run, left_out);
}

/* Whether there is anything to score: a prediction with its truth, or truth whose prediction counts as worst. */
static bool has_pair(const struct eval_run *run)
{
    const bool worst = run->score->reduce.missing == EDGEL_MISSING_WORST;
    for (size_t m = 0; m < run->nmethods; m++)
        for (size_t i = 0; i < edgel_pairs_count(run->methods[m].pairs); i++) {
            const struct edgel_pair *p = edgel_pairs_at(run->methods[m].pairs, i);
            if (p->ntruth > 0 && (p->prediction || worst))
                return true;
        }
    return false;
}

/* With a name of each side, so that the user sees why. */
static void tell_no_pair(const struct eval_run *run)
{
    const char *prediction = NULL, *truth = NULL;
    for (size_t m = 0; m < run->nmethods; m++)
        for (size_t i = 0; i < edgel_pairs_count(run->methods[m].pairs); i++) {
            const struct edgel_pair *p = edgel_pairs_at(run->methods[m].pairs, i);
            prediction = prediction ? prediction : p->prediction;
            truth = truth || p->ntruth == 0 ? truth : p->truth[0];
        }
    if (prediction && truth)
        cli_message(
            "nothing to score: no pair; names differ, as in %s and %s (--truth-suffix and --pred-suffix strip "
            "endings, --pairs lists pairs)",
            truth, prediction);
    else if (truth || prediction)
        cli_message("nothing to score: no pair; there is %s and no %s", truth ? truth : prediction,
                    truth ? "prediction" : "truth");
    else
        cli_message("nothing to score: no pair");
}

/* "-" is one mask or map: the truth, or the only prediction. */
static int take_standard_input(const struct cli_args *args)
{
    struct eval_options *o = args->options;
    struct edgel_error err = { 0 };
    const uint64_t most = cli_file_bytes(&o->read);
    for (size_t i = 0; i < args->noperands; i++)
        if (strcmp(args->operands[i], "-") == 0 && args->noperands > 1)
            return cli_usage(args->command,
                             "-: is one prediction, and there are %zu; a file of that name is ./-",
                             args->noperands);
    enum edgel_status s = cli_standard_input(&o->truth, 1, most, &err);
    if (s == EDGEL_OK)
        s = cli_standard_input(args->operands, args->noperands, most, &err);
    if (s == EDGEL_OK)
        return 0;
    cli_message("%s", err.msg);
    return s == EDGEL_EINVAL ? CLI_EXIT_USAGE : CLI_EXIT_FAILED;
}

static int run_pairs(const struct cli_args *args, struct eval_run *run)
{
    bool left_out = false;
    int code = take_standard_input(args);
    if (code == 0)
        code = eval_documents_open(args, run);
    if (code == 0)
        code = collect_pairs(args, run, &left_out);
    eval_documents_name(run);
    if (code == 0 && !left_out) /* names of a PRED that cannot be read are not known */
        code = check_suffixes(args->options, run);
    if (code == 0)
        code = check_files(args, run);
    struct edgel_error err = { 0 };
    if (code == 0 && open_data(run, &err) != EDGEL_OK)
        code = cli_usage(args->command, "%s", err.msg);
    if (code == 0)
        code = check_annotators(args, run);
    if (code != 0)
        return code;
    if (!has_pair(run)) {
        if (!left_out)
            tell_no_pair(run);
        return left_out ? CLI_EXIT_FAILED : CLI_EXIT_NOTHING;
    }
    const char **names = cli_alloc(run->nmethods, sizeof *names);
    for (size_t m = 0; m < run->nmethods; m++)
        names[m] = run->methods[m].name;
    run->score->methods = names;
    run->score->nmethods = run->nmethods;
    code = survey_and_measure(args, run, left_out);
    free(names);
    return code;
}

static void discard_outputs(struct eval_run *run)
{
    edgel_output_discard(&run->counts);
    edgel_log_discard(&run->log);
}

static int run_eval(const struct cli_args *args)
{
    const struct eval_options *o = args->options;
    struct score s = { 0 };
    struct edgel_colors colors = { 0 };
    struct edgel_error err = { 0 };
    struct eval_run run = { .score = &s,
                            .truth_name = o->truth ? o->truth : o->pairs,
                            .objects_alone = eval_objects_alone(o),
                            .read = cli_read_params(&o->read, EDGEL_DECODE_LABELS),
                            .options = &o->run,
                            .shard = o->part.shard };
    edgel_reduce_init(&s.reduce);
    int code = fill_measure(args, &s.measure);
    if (code == 0)
        code = check_usage(args, &s.measure);
    if (code == 0)
        code = score_prepare(&s, args, &o->score);
    if (code == 0 && read_inputs(o, &colors, &s, &err) != EDGEL_OK)
        code = cli_usage(args->command, "%s", err.msg);
    if (code == 0)
        code = run_pairs(args, &run);
    discard_outputs(&run);
    for (size_t m = 0; m < run.nmethods; m++) {
        edgel_dataset_destroy(&run.methods[m].data);
        edgel_pairs_destroy(&run.methods[m].pairs);
    }
    score_finish(&s);
    eval_documents_finish(&run);
    free(run.methods);
    edgel_colors_finish(&colors);
    return code;
}

const struct cli_command cli_command_eval = {
    .name = "eval",
    .summary = "measure predictions against ground truth",
    .synopsis = "--truth TRUTH [options] PRED...\n--pairs FILE [options] [PRED...]",
    .description =
        "Compares masks with ground truth, pixel by pixel, and prints scores per class, their mean, the overall "
        "accuracy and the confusion matrix. PRED is a folder or a file; several PRED are several methods, judged side "
        "by side. Pairs are made by relative path without extension; what has no partner is reported.\n\n"
        "Masks are gray, palette (raw indices, never colours), 1-bit, 0/255, 0/1, 16-bit or, with --colors, RGB. "
        "Predictions for binary truth may be soft: 8-bit, 16-bit or float (PFM, TIFF). A MAT file of the "
        "Berkeley benchmark (groundTruth) is truth of several annotators: its boundaries, or with --labels "
        "ids its segmentations.\n\n"
        "Every number depends on a convention, which is printed with it: how images are summed, what an empty class "
        "is, which pixels and classes are left out. 'edgel report' computes the same scores again from --counts under "
        "another convention, without the images.",
    .groups =
        (const struct cli_group[]){
            { "Pairs", eval_pair_rows, 0 },
            { "Masks", eval_mask_rows, 0 },
            { "Boundaries and regions", eval_boundary_rows, 0 },
            { "Objects", eval_object_rows, 0 },
            { "Scores", score_rows, offsetof(struct eval_options, score) },
            { "Outputs", score_output_rows, offsetof(struct eval_options, score) },
            { "Counts", eval_counts_rows, 0 },
            { "Reading", cli_read_rows, offsetof(struct eval_options, read) },
            { "Parts of a run", cli_shard_rows, offsetof(struct eval_options, part) },
            { "Running", cli_run_rows, offsetof(struct eval_options, run) },
            { 0 },
        },
    .examples =
        (const struct cli_example[]){
            { "Edges of the example scenes against their boundaries, within two pixels",
              "edgel detect -m canny -o edges data/scenes/images && "
              "edgel eval --truth data/scenes/boundaries --tolerance 2px edges" },
            { 0 },
        },
    .exits = score_exits,
    .hints = score_hints,
    .options_size = sizeof(struct eval_options),
    .run = run_eval,
};
