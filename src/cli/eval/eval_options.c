/* The options of `edgel eval` beside those it shares with report. */
#include "cli/eval/score.h"
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

const char *const *score_labels_words(void)
{
    return edgel_convention_words(EDGEL_CONVENTION_LABELS);
}

static enum edgel_status take_annotator(void *options, const char *what, const char *text,
                                        struct edgel_error *err)
{
    struct eval_options *o = options;
    return edgel_annotator_parse(what, text, &o->annotator, &o->annotator_index, err);
}

static enum edgel_status take_tolerance(void *options, const char *what, const char *text,
                                        struct edgel_error *err)
{
    struct eval_options *o = options;
    size_t n = strlen(text);
    if (n > 2 && strcmp(text + n - 2, "px") == 0)
        n -= 2;
    char *number = cli_strndup(text, n);
    enum edgel_status s = edgel_parse_real(what, number, 0, 100000, &o->tolerance, err);
    free(number);
    return s;
}

#define AT(field) .at = offsetof(struct eval_options, field)

const struct cli_option eval_pair_rows[] = {
    { .name = "truth",
      .kind = CLI_STRING,
      .metavar = "TRUTH",
      AT(truth),
      .help =
          "The ground truth: a folder, or a file. The truth of a/b.png is a/b.*; of several annotators the files "
          "in a/b/, or a/b_1.*, a/b_2.*, ..." },
    { .name = "pairs",
      .kind = CLI_STRING,
      .metavar = "FILE",
      AT(pairs),
      .help =
          "Take the pairs from lines 'PREDICTION <tab> TRUTH', more annotators in further columns; relative paths "
          "start from PRED and TRUTH when these are given." },
    { .name = "pred-suffix",
      .kind = CLI_STRING,
      .metavar = "TEXT",
      AT(pred_suffix),
      .help =
          "Strip TEXT from the end of the predictions' names, the extension aside, before they are paired." },
    { .name = "truth-suffix",
      .kind = CLI_STRING,
      .metavar = "TEXT",
      AT(truth_suffix),
      .help = "The same for the truth, as in _gtFine_labelIds." },
    { .name = "annotator",
      .kind = CLI_CALL,
      .metavar = "K|any|majority",
      .call = take_annotator,
      .help =
          "With several annotators: take the K-th; or, for binary masks, set a pixel that any of them, or more than "
          "half of them, set." },
    { .name = "valid",
      .kind = CLI_STRING,
      .metavar = "DIR",
      AT(valid),
      .help = "Score only the pixels that are not 0 in the mask of the same name in DIR." },
    { 0 },
};

const struct cli_option eval_mask_rows[] = {
    { .name = "labels",
      .kind = CLI_CHOICE,
      AT(labels),
      .words = score_labels_words,
      .def = "auto",
      .help =
          "What masks hold. auto: binary if all values of the truth are 0 and 1, or 0 and the full value, or its "
          "files are 1-bit; else ids." },
    { .name = "colors",
      .kind = CLI_STRING,
      .metavar = "FILE|voc|cityscapes",
      AT(colors),
      .help =
          "Read RGB masks by lines 'R G B ID [NAME]'. NAME is for readers of the list; --classes names classes. "
          "voc and cityscapes are the colours of these data sets, with their classes." },
    { .name = "threshold",
      .kind = CLI_REAL,
      .metavar = "T",
      AT(threshold),
      .min = 0,
      .max = 1,
      .def = "0.5",
      .help = "Binary: a predicted value v counts as set when v >= T times the full value." },
    { .name = "thresholds",
      .kind = CLI_INT,
      .metavar = "N",
      AT(thresholds),
      .min = 0,
      .max = 65535,
      .def = "0",
      .note = "none; 99 with --boundary bsds",
      .help =
          "Binary: sweep over all thresholds for ODS, OIS, AP and AUC, and list the curve at the N thresholds "
          "k/(N+1)." },
    { .name = "tolerance",
      .kind = CLI_CALL,
      .metavar = "D[px]",
      .call = take_tolerance,
      .help =
          "Count a pixel as right in precision, recall and F1 when the other side has one of its class within D "
          "pixels. The curve over thresholds has no tolerance." },
    { .name = "distances",
      .kind = CLI_FLAG,
      AT(distances),
      .help =
          "Measure the distances between the boundaries of each class as well: Hausdorff, its 95th percentile, the "
          "average (ASSD) and the normalised surface distance. Scores are means over images; where a class is missing "
          "on one side, its distance is the image's diagonal." },
    { 0 },
};

const struct cli_option eval_counts_rows[] = {
    { .name = "counts",
      .kind = CLI_STRING,
      .metavar = "FILE",
      AT(counts),
      .help =
          "Write the counts of each image, from which 'edgel report' makes scores again; - is standard output, in "
          "place of the table." },
    { 0 },
};
