/* The options by which counts become scores, and what their values mean. */
#include "cli/eval/score.h"
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT(field) .at = offsetof(struct score_options, field)

static const char *const *reduce_words(void)
{
    return edgel_convention_words(EDGEL_CONVENTION_REDUCE);
}

static const char *const *empty_words(void)
{
    return edgel_convention_words(EDGEL_CONVENTION_EMPTY);
}

static const char *const *missing_words(void)
{
    return edgel_convention_words(EDGEL_CONVENTION_MISSING);
}

static void list_keys(char *buf, size_t size)
{
    int n = snprintf(buf, size, "KEY is one of");
    for (size_t i = 0; edgel_score_at(i) && n >= 0 && (size_t)n < size; i++)
        n += snprintf(buf + n, size - (size_t)n, "%s %s", i ? "," : "", edgel_score_at(i)->key);
    if (n >= 0 && (size_t)n + 1 < size)
        snprintf(buf + n, size - (size_t)n, ".");
}

const struct cli_option score_rows[] = {
    { .name = "reduce",
      .kind = CLI_CHOICE,
      AT(reduce),
      .words = reduce_words,
      .def = "pooled",
      .help = "pooled: counts of all images are summed first. image: scores per image and class, then their "
              "mean." },
    { .name = "empty",
      .kind = CLI_CHOICE,
      AT(empty),
      .words = empty_words,
      .def = "nan",
      .help = "The value of a score that would be 0/0: undefined and left out of the mean, 0, or 1." },
    { .name = "missing",
      .kind = CLI_CHOICE,
      AT(missing),
      .words = missing_words,
      .def = "error",
      .help =
          "What to do with truth that has no prediction: report an error, skip it, or score it as all wrong. A "
          "prediction without truth is an error with 'error' and a message otherwise." },
    { .name = "classes",
      .kind = CLI_STRING,
      .metavar = "FILE|N",
      AT(classes),
      .help =
          "The classes: ids 0..N-1, or a file with lines 'ID NAME', or NAME alone from id 0 on, or voc or "
          "cityscapes. Other ids are then an error." },
    { .name = "ignore",
      .kind = CLI_STRING,
      .metavar = "IDS",
      AT(ignore),
      .help = "Leave out pixels whose truth is one of these ids, as in 255 or 0,255." },
    { .name = "exclude-from-mean",
      .kind = CLI_STRING,
      .metavar = "IDS",
      AT(exclude),
      .help = "Leave these classes out of the mean; their pixels stay." },
    { .name = "nsd-tolerance",
      .kind = CLI_LIST,
      .metavar = "D",
      AT(nsd),
      .note = "1",
      .help =
          "With distances: the share of surface pixels within D pixels of the other side's surface. May be "
          "repeated, up to 8 times." },
    { .name = "fail-under",
      .kind = CLI_LIST,
      .metavar = "KEY=V",
      AT(bars),
      .help =
          "Exit with 4 when a score is below V or undefined. May be repeated; every method must pass. A score of "
          "classes is their mean; accuracy is that of all pixels; ods, ois and ap are of the boundaries when these "
          "are matched; pq, sq and rq are of objects.",
      .more = list_keys },
    { 0 },
};

const struct cli_option score_output_rows[] = {
    { .name = "json",
      .kind = CLI_STRING,
      .metavar = "FILE",
      AT(json),
      .help = "Write the summary document; - is standard output, in place of the table." },
    { .name = "csv",
      .kind = CLI_STRING,
      .metavar = "FILE",
      AT(csv),
      .help = "Write one row per image and class; - is standard output, in place of the table." },
    { .name = "confusion",
      .kind = CLI_STRING,
      .metavar = "FILE",
      AT(confusion),
      .help =
          "Write the confusion matrix of one method as CSV, with the names of the classes: rows truth, columns "
          "prediction, pixels; - is standard output, in place of the table." },
    { .name = "pairs-csv",
      .kind = CLI_STRING,
      .metavar = "FILE",
      AT(pairs_csv),
      .help =
          "With objects: write one row per matched pair: ids, pixels, boxes, and the IoU, GIoU, DIoU and CIoU of "
          "these; - is standard output, in place of the table." },
    { .name = "bsds-files",
      .kind = CLI_STRING,
      .metavar = "DIR",
      AT(bsds_files),
      .help =
          "With --boundary bsds or --regions and one method: write the benchmark's text files to DIR: IMAGE_ev1.txt, "
          "eval_bdry.txt, eval_bdry_thr.txt and eval_bdry_img.txt; eval_cover.txt, eval_cover_th.txt, "
          "eval_cover_img.txt, eval_RI_VOI.txt and eval_RI_VOI_thr.txt." },
    { 0 },
};

#define NO_PICTURES "no pictures are made of scores; --json FILE and --csv FILE hold the numbers for plots"
const struct cli_hint score_hints[] = {
    { "format",
      "--json FILE, --csv FILE and --pairs-csv FILE choose what is written, - for standard output" },
    { "svg", NO_PICTURES },
    { "plot", NO_PICTURES },
    { "png", NO_PICTURES },
    { 0 },
};

const struct cli_exit score_exits[] = {
    { CLI_EXIT_OK, "everything was scored" },
    { CLI_EXIT_FAILED,
      "some images could not be scored, each was reported, the rest was scored; or a result could "
      "not be written" },
    { CLI_EXIT_USAGE, "wrong usage, or refused before any work" },
    { CLI_EXIT_NOTHING, "there was nothing to score" },
    { CLI_EXIT_BAR, "a score is below its --fail-under; 1 goes first when images failed as well" },
    { CLI_EXIT_INTERRUPTED,
      "interrupted; the table of what was measured is printed as partial, counts are kept" },
    { 0 },
};

enum edgel_status score_parse_bars(const struct cli_list *list, struct edgel_bar **out,
                                   struct edgel_error *err)
{
    *out = cli_alloc(list->n, sizeof **out);
    for (size_t i = 0; i < list->n; i++)
        if (edgel_bar_parse("--fail-under", list->v[i], &(*out)[i], err) != EDGEL_OK)
            return EDGEL_EINVAL;
    return EDGEL_OK;
}

enum edgel_status score_parse_nsd(const struct cli_list *list, struct edgel_reduce *reduce,
                                  struct edgel_error *err)
{
    if (list->n > EDGEL_NSD_MAX)
        return edgel_error_set(err, EDGEL_EINVAL, "--nsd-tolerance: at most %d of them", EDGEL_NSD_MAX);
    for (size_t i = 0; i < list->n; i++) {
        double *v = &reduce->nsd_tolerance[i];
        if (edgel_parse_real("--nsd-tolerance", list->v[i], 0, 100000, v, err) != EDGEL_OK)
            return EDGEL_EINVAL;
        for (size_t k = 0; k < i; k++)
            if (reduce->nsd_tolerance[k] == *v)
                return edgel_error_set(err, EDGEL_EINVAL, "--nsd-tolerance %s: is given twice", list->v[i]);
    }
    if (list->n > 0)
        reduce->nnsd = list->n;
    return EDGEL_OK;
}

enum edgel_status score_parse_ids(const char *what, const char *text, int32_t **out, size_t *n,
                                  struct edgel_error *err)
{
    *n = 0;
    *out =
        cli_alloc(strlen(text) / 2 + 1, sizeof **out); /* a number and a comma take two characters at least */
    while (true) {
        int64_t id;
        size_t length = strcspn(text, ",");
        char *number = cli_strndup(text, length);
        enum edgel_status s = edgel_parse_int(what, number, 0, INT32_MAX, &id, err);
        free(number);
        if (s != EDGEL_OK)
            return s;
        (*out)[(*n)++] = (int32_t)id;
        if (!text[length])
            return EDGEL_OK;
        text += length + 1;
    }
}

enum edgel_status score_check_outputs(const struct score_output *outputs, size_t noutputs,
                                      const char *const *inputs, size_t ninputs, struct edgel_error *err)
{
    for (size_t i = 0; i < noutputs; i++) {
        const struct score_output *a = &outputs[i];
        for (size_t j = 0; a->path && j < i; j++)
            if (outputs[j].path &&
                (strcmp(a->path, outputs[j].path) == 0 || edgel_same_file(a->path, outputs[j].path)))
                return edgel_error_set(err, EDGEL_EINVAL, "--%s and --%s both write %s", outputs[j].option,
                                       a->option, strcmp(a->path, "-") == 0 ? "to standard output" : a->path);
        for (size_t j = 0; a->path && strcmp(a->path, "-") != 0 && j < ninputs; j++)
            if (inputs[j] && edgel_same_file(a->path, inputs[j]))
                return edgel_error_set(err, EDGEL_EINVAL, "--%s %s: is an input", a->option, a->path);
    }
    return EDGEL_OK;
}
