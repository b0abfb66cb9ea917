/* Means that leave out what is undefined. */
#include "eval/eval_priv.h"
#include <math.h>

void edgel_mean_add(struct edgel_mean *m, double v)
{
    if (isnan(v))
        return;
    m->sum += v;
    m->n++;
}

double edgel_mean_value(const struct edgel_mean *m)
{
    return m->n ? m->sum / (double)m->n : NAN;
}

double edgel_ratio(double num, double den, enum edgel_empty empty)
{
    if (den != 0)
        return num / den;
    return empty == EDGEL_EMPTY_NAN ? NAN : empty == EDGEL_EMPTY_ONE ? 1 : 0;
}
