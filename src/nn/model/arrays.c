/* The arrays of a network in the order of its flat parameters and buffers. */
#include "nn/nn_priv.h"
#include <stdio.h>

size_t nn_array_floats(const struct nn_array *a)
{
    size_t n = 1;
    for (int i = 0; i < a->ndims; i++)
        n *= (size_t)a->dims[i];
    return n;
}

bool nn_array_next(struct nn_array_walk *w, struct nn_named_array *out)
{
    while (w->next == w->count) {
        if (w->layer + 1 >= w->net->nlayers) /* the input has none */
            return false;
        const struct nn_layer *l = &w->net->layers[++w->layer];
        w->next = 0;
        w->count = l->op->arrays ? l->op->arrays(l, w->arrays) : 0;
    }
    const struct nn_layer *l = &w->net->layers[w->layer];
    *out = (struct nn_named_array){ .array = w->arrays[w->next++], .layer = w->layer };
    snprintf(out->name, sizeof out->name, "%s.%s", l->name, out->array.name);
    out->floats = nn_array_floats(&out->array);
    out->at = (out->array.buffer ? l->buffers_at : l->params_at) + out->array.at;
    return true;
}
