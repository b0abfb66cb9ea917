/* The defaults of reducing. */
#include "eval/eval_priv.h"

void edgel_reduce_init(struct edgel_reduce *reduce)
{
    *reduce = (struct edgel_reduce){ .reduce = EDGEL_REDUCE_POOLED,
                                     .empty = EDGEL_EMPTY_NAN,
                                     .missing = EDGEL_MISSING_ERROR,
                                     .nsd_tolerance = { 1 },
                                     .nnsd = 1 };
}
