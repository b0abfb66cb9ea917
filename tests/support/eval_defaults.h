/* Parameters of eval with their defaults, for initialisers in tests. */
#ifndef EVAL_DEFAULTS_H
#define EVAL_DEFAULTS_H

#include "edgel/eval.h"

static inline struct edgel_measure measure_defaults(void)
{
    struct edgel_measure m;
    edgel_measure_init(&m);
    return m;
}
static inline struct edgel_reduce reduce_defaults(void)
{
    struct edgel_reduce r;
    edgel_reduce_init(&r);
    return r;
}

#endif
