/* Pixels matched within a tolerance, summed over images; the scores of classes follow from them (pixels_reduce.c). */
#include "eval/eval_priv.h"

static void add(const struct edgel_adding *a, void *sums)
{
    const struct edgel_reducer *r = a->reducer;
    const struct edgel_tolerance_list *list = edgel_row_tolerance(a->row);
    size_t k = 0;
    (void)sums;
    for (size_t i = 0; i < r->nclasses; i++) {
        while (k < list->n && list->v[k].id < r->ids[i])
            k++;
        if (k == list->n || list->v[k].id != r->ids[i])
            continue;
        struct edgel_tolerance_counts *c = edgel_reducer_class(r, EDGEL_TOLERANCE, i);
        c->matched_prediction += list->v[k].matched_prediction;
        c->prediction += list->v[k].prediction;
        c->matched_truth += list->v[k].matched_truth;
        c->truth += list->v[k].truth;
    }
}

static bool result(const struct edgel_reducer *r, void *out)
{
    const size_t first = edgel_reducer_first(r);
    struct edgel_tolerance_result *to = out;
    if (r->nclasses <= first)
        return true;
    if (!(to->classes = edgel_calloc(r->nclasses - first, sizeof *to->classes)))
        return false;
    to->n = r->nclasses - first;
    for (size_t i = 0; i < to->n; i++) {
        to->classes[i] =
            *(const struct edgel_tolerance_counts *)edgel_reducer_class(r, EDGEL_TOLERANCE, first + i);
        to->classes[i].id = r->ids[first + i];
    }
    return true;
}

static void finish_result(void *out)
{
    struct edgel_tolerance_result *r = out;
    edgel_free(r->classes);
}

const struct edgel_summing edgel_tolerance_summing = {
    .class_size = sizeof(struct edgel_tolerance_counts),
    .result_size = sizeof(struct edgel_tolerance_result),
    .add = add,
    .result = result,
    .finish_result = finish_result,
};
