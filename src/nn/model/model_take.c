/* Fine-tuning: takes the arrays of another model that have the same name and shape. */
#include "nn/nn_priv.h"
#include <stdio.h>
#include <string.h>

static bool find_array(const struct nn_network *net, const char *name, struct nn_named_array *out)
{
    struct nn_array_walk walk = { .net = net };
    while (nn_array_next(&walk, out))
        if (strcmp(out->name, name) == 0)
            return true;
    return false;
}

static bool same_shape(const struct nn_array *a, const struct nn_array *b)
{
    return a->buffer == b->buffer && a->ndims == b->ndims &&
           memcmp(a->dims, b->dims, (size_t)a->ndims * sizeof *a->dims) == 0;
}

void edgel_model_take(struct edgel_model *m, const struct edgel_model *from, struct edgel_model_taken *taken)
{
    struct nn_array_walk walk = { .net = &m->net };
    struct nn_named_array to, other;
    *taken = (struct edgel_model_taken){ 0 };
    while (nn_array_next(&walk, &to)) {
        taken->arrays++;
        taken->floats += to.floats;
        const bool found = find_array(&from->net, to.name, &other);
        if (found && same_shape(&to.array, &other.array)) {
            const bool b = to.array.buffer;
            memcpy((b ? m->buffers : m->params) + to.at, (b ? from->buffers : from->params) + other.at,
                   to.floats * sizeof(float));
            taken->arrays_taken++;
            taken->floats_taken += to.floats;
        } else if (!taken->left[0]) {
            snprintf(taken->left, sizeof taken->left, "%s: %s", to.name,
                     found ? "another shape" : "not in the other model");
        }
    }
}
