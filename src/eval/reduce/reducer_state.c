/* What the sums of families ask of their reducer. */
#include "eval/eval_priv.h"
#include <math.h>

enum edgel_status edgel_reduce_no_memory(struct edgel_error *err)
{
    return edgel_no_memory(err, "reduce");
}

bool edgel_reducer_binary(const struct edgel_reducer *r)
{
    return r->measure->labels == EDGEL_LABELS_BINARY;
}

bool edgel_reducer_ignores(const struct edgel_reducer *r, int32_t id)
{
    return id >= 0 && r->known[id] & EDGEL_IS_IGNORED;
}

size_t edgel_reducer_index(const struct edgel_reducer *r, int32_t id)
{
    size_t lo = 0, hi = r->nclasses;
    while (lo + 1 < hi) {
        size_t mid = (lo + hi) / 2;
        if (r->ids[mid] <= id)
            lo = mid;
        else
            hi = mid;
    }
    return lo;
}

int32_t edgel_reducer_judged(const struct edgel_reducer *r, const struct edgel_cell *c)
{
    if (r->known[c->truth] & EDGEL_IS_IGNORED)
        return EDGEL_ID_NONE;
    return edgel_reducer_binary(r) && c->truth > 1 ? 1 : c->truth;
}

void *edgel_reducer_class(const struct edgel_reducer *r, enum edgel_family family, size_t i)
{
    return r->family[family].classes + i * r->family[family].class_size;
}

size_t edgel_reducer_first(const struct edgel_reducer *r)
{
    return edgel_reducer_binary(r) ? 1 : 0;
}

bool edgel_reducer_in_mean(const struct edgel_reducer *r, int32_t id)
{
    return !edgel_id_in(r->reduce->exclude_from_mean, r->reduce->nexclude, id);
}

/* --- means --- */

/*
 * Means that leave out what is undefined.
 */
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
