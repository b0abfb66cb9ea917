/* Parameters of eval with their defaults, for initialisers in tests. */
#ifndef EVAL_DEFAULTS_H
#define EVAL_DEFAULTS_H

#include "edgel/eval.h"
#include <string.h>

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

/* Sets an option of a family, also to what is out of its range. */
static inline void ask(struct edgel_measure *m, const char *key, double value)
{
    const struct edgel_family_option *o;
    for (int f = 0; f < EDGEL_FAMILIES; f++)
        for (int i = 0; (o = edgel_family_option_at((enum edgel_family)f, i)) != NULL; i++)
            if (strcmp(o->key, key) == 0)
                m->options[f][i] = value;
}

#endif
