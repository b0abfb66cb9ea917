/* Boundaries and regions in `edgel eval`: their options. */
#include "cli/eval/score.h"
#include <math.h>
#include <stddef.h>

#define AT(field) .at = offsetof(struct eval_options, field)

enum { NONE, BSDS, DAVIS, IOU }; /* in the order of the names */
static const char *const boundary_names[] = { "none", "bsds", "davis", "iou", NULL };
static const char *const on_off_names[] = { "on", "off", NULL };

const struct cli_option eval_boundary_rows[] = {
    { .name = "boundary",
      .kind = CLI_CHOICE,
      AT(boundary),
      .choices = boundary_names,
      .def = "none",
      .help =
          "bsds: match boundaries instead of counting pixels, by the protocol of the Berkeley benchmark: at "
          "every threshold, pixel by pixel within --max-dist, against each annotator. Predictions are "
          "soft maps, or MAT files with ucm2 (a hierarchy) or segs (one segmentation for each threshold). davis: "
          "J and F of objects in sequences; each folder is a sequence. iou: Boundary IoU of each class." },
    { .name = "max-dist",
      .kind = CLI_REAL,
      .metavar = "D",
      AT(max_dist),
      .min = 1e-6,
      .max = 1,
      .def = "0.0075",
      .help = "bsds: the largest distance of a match, as a share of the image's diagonal." },
    { .name = "thin",
      .kind = CLI_CHOICE,
      AT(thin),
      .choices = on_off_names,
      .def = "on",
      .help = "bsds: thin the detections to lines at every threshold." },
    { .name = "nms",
      .kind = CLI_FLAG,
      AT(nms),
      .help =
          "bsds: non-maximum suppression of soft maps before they are matched. Maps with thick lines, as gradients "
          "and networks give them, need it." },
    { .name = "nms-ratio",
      .kind = CLI_REAL,
      .metavar = "R",
      AT(nms_ratio),
      .min = 1,
      .max = 10,
      .def = "1.01",
      .help = "nms: drop a pixel when R times its value is below a value next to it, across the boundary." },
    { .name = "nms-radius",
      .kind = CLI_INT,
      .metavar = "N",
      AT(nms_radius),
      .min = 1,
      .max = 100,
      .def = "1",
      .help = "nms: compare with the pixels up to N away on either side." },
    { .name = "regions",
      .kind = CLI_FLAG,
      AT(regions),
      .help =
          "Compare regions, not pixels, alone or with --boundary bsds: segmentation covering, probabilistic Rand "
          "index, variation of information. Predictions are label maps, or MAT files with segs or ucm2 (99 "
          "thresholds unless --thresholds says otherwise); truth is label maps of any number of annotators, "
          "or the benchmark's MAT files." },
    { .name = "boundary-width",
      .kind = CLI_REAL,
      .metavar = "W",
      AT(boundary_width),
      .min = 1e-6,
      .max = 1,
      .def = "0.02",
      .help =
          "iou: the width of the band along a boundary, as a share of the image's diagonal; at least 1 pixel." },
    { 0 },
};

int eval_boundary_fill(const struct cli_args *args, struct edgel_measure *m)
{
    const struct eval_options *o = args->options;
    const struct score_value values[] = {
        { "boundary", o->boundary == BSDS },
        { "max_dist", o->max_dist },
        { "thin", o->thin == 0 },
        { "nms", o->nms },
        { "nms_ratio", o->nms_ratio },
        { "nms_radius", (double)o->nms_radius },
        { "regions", o->regions },
        { "band", o->boundary == IOU ? o->boundary_width : NAN },
        { "davis", o->boundary == DAVIS },
    };
    const int code = score_set(m, args, values, sizeof values / sizeof *values);
    if (code != 0 || (o->boundary != BSDS && !o->regions))
        return code;
    m->labels = o->boundary == BSDS ? EDGEL_LABELS_BINARY : EDGEL_LABELS_IDS;
    m->thresholds = cli_given(args, "thresholds") ? (int)o->thresholds : 99;
    return 0;
}

int eval_boundary_check(const struct cli_args *args)
{
    const struct eval_options *o = args->options;
    const bool maps = o->boundary == BSDS || o->regions;
    if (o->regions && o->boundary != BSDS && o->score.csv)
        return cli_usage(args->command,
                         "--csv has no use with --regions alone: --counts has the values of each image");
    if (o->boundary != IOU && cli_given(args, "boundary-width"))
        return cli_usage(args->command, "--boundary-width needs --boundary iou");
    if (maps && o->thresholds == 0 && cli_given(args, "thresholds"))
        return cli_usage(args->command, "--thresholds 0: %s needs at least 1",
                         o->boundary == BSDS ? "--boundary bsds" : "--regions");
    return 0;
}

int eval_boundary_check_form(const struct cli_args *args, const struct edgel_measure *m)
{
    const struct eval_options *o = args->options;
    if (m->listed && o->nms)
        return cli_usage(args->command,
                         "--nms: the predictions are lists of segmentations, whose boundaries are thin");
    if (m->listed && cli_given(args, "thresholds") && o->thresholds != m->thresholds)
        return cli_usage(args->command,
                         "--thresholds %d: the predictions are lists of %d segmentation%s, one a threshold",
                         (int)o->thresholds, m->thresholds, m->thresholds == 1 ? "" : "s");
    return 0;
}
