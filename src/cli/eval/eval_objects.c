/* Objects in `edgel eval`: their options. */
#include "cli/eval/score.h"
#include <stddef.h>

#define AT(field) .at = offsetof(struct eval_options, field)

static const char *const *object_words(void)
{
    return edgel_family_option_at(EDGEL_OBJECTS, 0)->words;
}

const struct cli_option eval_object_rows[] = {
    { .name = "objects",
      .kind = CLI_CHOICE,
      AT(objects),
      .words = object_words,
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

int eval_objects_fill(const struct cli_args *args, struct edgel_measure *m)
{
    const struct eval_options *o = args->options;
    if (eval_objects_alone(o))
        m->labels = EDGEL_LABELS_IDS;
    return score_set(m, args, &(struct score_value){ "objects", o->objects }, 1);
}
