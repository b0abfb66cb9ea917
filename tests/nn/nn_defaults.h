/* nn_defaults.h: parameters as values, for tests that write them in one line. */
#ifndef EDGEL_NN_DEFAULTS_H
#define EDGEL_NN_DEFAULTS_H

#include "edgel/nn.h"

static inline struct edgel_optimizer an_optimizer(enum edgel_optimizer_kind kind)
{
    struct edgel_optimizer o;
    edgel_optimizer_init(&o, kind);
    return o;
}

static inline struct edgel_schedule a_schedule(enum edgel_schedule_kind kind, double total)
{
    struct edgel_schedule s;
    edgel_schedule_init(&s, kind, total);
    return s;
}

static inline struct edgel_predictor_params predictor_params(void)
{
    struct edgel_predictor_params p;
    edgel_predictor_params_init(&p);
    return p;
}

static inline struct edgel_train_params train_params(void)
{
    struct edgel_train_params p;
    edgel_train_params_init(&p);
    return p;
}

#endif
