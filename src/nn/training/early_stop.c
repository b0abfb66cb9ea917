/* Early stopping: stop after `patience` values in a row that are no better than the best before them. */
#include "nn/training/train_priv.h"
#include <math.h>

bool edgel_early_stop_update(struct edgel_early_stop *s, double value)
{
    const double gain = s->minimise ? s->best - value : value - s->best;
    s->seen++;
    if (!isnan(value) && (s->best_at == 0 || gain > s->min_delta)) {
        s->best = value;
        s->best_at = s->seen;
    }
    return s->patience > 0 && s->seen - s->best_at >= s->patience;
}
