/*
 * Where the arrays of a plan lie in one block. Each lives from one point of the pass to another; two that live at the
 * same time must not overlap. Greedy: the largest first, each at the lowest place that no living neighbour takes
 * (within a few percent of the optimum on networks; quadratic in the number of arrays).
 */
#include "nn/nn_priv.h"
#include <stdlib.h>

static int larger_first(const void *a, const void *b)
{
    const struct nn_slot *x = *(struct nn_slot *const *)a, *y = *(struct nn_slot *const *)b;
    if (x->floats != y->floats)
        return x->floats < y->floats ? 1 : -1;
    return x < y ? -1 : x > y;
}

static int lower_first(const void *a, const void *b)
{
    const struct nn_slot *x = *(struct nn_slot *const *)a, *y = *(struct nn_slot *const *)b;
    return x->at < y->at ? -1 : x->at > y->at;
}

/* placed: slots that have their place; neighbours: room for them. */
static void place(struct nn_slot *s, struct nn_slot **placed, size_t n, struct nn_slot **neighbours)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        if (placed[i]->first <= s->last && s->first <= placed[i]->last)
            neighbours[k++] = placed[i];
    qsort(neighbours, k, sizeof(struct nn_slot *), lower_first);
    s->at = 0;
    for (size_t i = 0; i < k; i++) {
        if (neighbours[i]->at >= s->at + s->floats)
            break;
        size_t end = neighbours[i]->at + neighbours[i]->floats;
        s->at = end > s->at ? end : s->at;
    }
}

enum edgel_status nn_slots_place(struct nn_slot *slots, size_t n, size_t *floats, struct edgel_error *err)
{
    struct nn_slot **order = edgel_calloc(n, sizeof(struct nn_slot *));
    struct nn_slot **neighbours = edgel_calloc(n, sizeof(struct nn_slot *));
    enum edgel_status status = EDGEL_OK;
    *floats = 0;
    if (!order || !neighbours) {
        status = edgel_fail(err, EDGEL_ENOMEM, "plan of a network: out of memory");
        goto out;
    }
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        slots[i].floats = (slots[i].floats + NN_LANES - 1) / NN_LANES * NN_LANES;
        if (slots[i].floats > 0)
            order[used++] = &slots[i];
    }
    qsort(order, used, sizeof(struct nn_slot *), larger_first);
    for (size_t i = 0; i < used; i++) {
        place(order[i], order, i, neighbours);
        if (order[i]->at + order[i]->floats > *floats)
            *floats = order[i]->at + order[i]->floats;
    }
out:
    edgel_free(order);
    edgel_free(neighbours);
    return status;
}
