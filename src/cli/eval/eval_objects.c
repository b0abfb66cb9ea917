/* Objects in `edgel eval`: their options. */
#include "cli/eval/score.h"
#include <stddef.h>

#define AT(field) .at = offsetof(struct eval_options, field)

static const char *const object_names[] = { "none", "components", "ids", "mixed",
                                            NULL }; /* as enum edgel_objects */

const struct cli_option eval_object_rows[] = {
    { .name = "objects",
      .kind = CLI_CHOICE,
      AT(objects),
      .choices = object_names,
      .def = "none",
      .help =
          "Match the objects of prediction and truth: panoptic quality, precision and recall at IoU 0.5 to 0.95, "
          "agreement of their boxes. components: 8-connected pixels of one class are an object; pixels are "
          "counted as well. ids: every value but 0 is an object (of RGB masks R + 256 G + 65536 B); pixels are not "
          "counted. mixed: ids in the truth; in the prediction, 8-connected pixels that are not 0. With ids, "
          "PRED and TRUTH may be COCO documents: JSON files of instances or results with run lengths, or panoptic "
          "ones, whose masks lie in the folder of their name." },
    { 0 },
};

void eval_objects_fill(const struct cli_args *args, struct edgel_measure *m)
{
    const struct eval_options *o = args->options;
    m->objects = (enum edgel_objects)o->objects;
    if (edgel_objects_alone(m->objects))
        m->labels = EDGEL_LABELS_IDS;
}

int eval_objects_check(const struct cli_args *args)
{
    static const char *const of_pixels[] = { "labels",    "colors",    "threshold", "thresholds",
                                             "tolerance", "distances", "boundary" };
    const struct eval_options *o = args->options;
    if (o->objects != EDGEL_OBJECTS_NONE && o->boundary == 1)
        return cli_usage(args->command, "--objects has no use with --boundary bsds");
    if (o->objects != EDGEL_OBJECTS_NONE && o->regions)
        return cli_usage(args->command, "--objects has no use with --regions");
    if (!edgel_objects_alone((enum edgel_objects)o->objects))
        return 0;
    for (size_t i = 0; i < 7; i++)
        if (cli_given(args, of_pixels[i]))
            return cli_usage(args->command, "--%s has no use with --objects %s", of_pixels[i],
                             object_names[o->objects]);
    if (o->annotator == EDGEL_ANNOTATOR_ANY || o->annotator == EDGEL_ANNOTATOR_MAJORITY)
        return cli_usage(args->command, "--annotator any and majority have no use with --objects %s",
                         object_names[o->objects]);
    return 0;
}
