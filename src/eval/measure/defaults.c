/* The defaults of parameters. */
#include "eval/eval_priv.h"

void edgel_boundary_params_init(struct edgel_boundary_params *params)
{
    *params = (struct edgel_boundary_params){
        .max_dist = 0.0075, .thin = true, .nms = false, .nms_ratio = 1.01, .nms_radius = 1
    };
}

void edgel_measure_init(struct edgel_measure *measure)
{
    *measure = (struct edgel_measure){ .labels = EDGEL_LABELS_AUTO,
                                       .threshold = 0.5,
                                       .tolerance = -1,
                                       .annotator = EDGEL_ANNOTATOR_NONE,
                                       .annotator_index = 1 };
    edgel_boundary_params_init(&measure->boundary_params);
}

void edgel_reduce_init(struct edgel_reduce *reduce)
{
    *reduce = (struct edgel_reduce){ .reduce = EDGEL_REDUCE_POOLED,
                                     .empty = EDGEL_EMPTY_NAN,
                                     .missing = EDGEL_MISSING_ERROR,
                                     .nsd_tolerance = { 1 },
                                     .nnsd = 1 };
}
