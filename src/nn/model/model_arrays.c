/* The arrays of a model by name: what files and PyTorch call them. */
#include "nn/nn_priv.h"
#include <string.h>

int edgel_model_array_count(const struct edgel_model *m)
{
    struct nn_array_walk walk = { .net = &m->net };
    struct nn_named_array a;
    int n = 0;
    while (nn_array_next(&walk, &a))
        n++;
    return n;
}

static void describe(const struct nn_named_array *a, struct edgel_model_array *out)
{
    *out = (struct edgel_model_array){ .ndims = a->array.ndims,
                                       .values = a->floats,
                                       .estimate = a->array.buffer };
    memcpy(out->name, a->name, sizeof a->name);
    memcpy(out->dims, a->array.dims, sizeof out->dims);
}

enum edgel_status edgel_model_array_at(const struct edgel_model *m, int k, struct edgel_model_array *out,
                                       struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    *out = (struct edgel_model_array){ .ndims = 0 };
    EDGEL_REQUIRE(m);
    struct nn_array_walk walk = { .net = &m->net };
    struct nn_named_array a;
    for (int i = 0; nn_array_next(&walk, &a); i++)
        if (i == k) {
            describe(&a, out);
            return EDGEL_OK;
        }
    return edgel_fail(err, EDGEL_EINVAL, "array %d: the model has %d", k, edgel_model_array_count(m));
}

enum edgel_status nn_array_find(const struct nn_network *net, const char *name, struct nn_named_array *out,
                                struct edgel_error *err)
{
    struct nn_array_walk walk = { .net = net };
    while (nn_array_next(&walk, out))
        if (strcmp(out->name, name) == 0)
            return EDGEL_OK;
    return edgel_fail(err, EDGEL_EINVAL, "%.80s: the model has no such array", name);
}

enum edgel_status nn_array_check_size(const struct nn_named_array *a, size_t n, struct edgel_error *err)
{
    return n == a->floats
               ? EDGEL_OK
               : edgel_fail(err, EDGEL_EINVAL, "%s: has %zu values, not %zu", a->name, a->floats, n);
}

enum edgel_status edgel_model_array_find(const struct edgel_model *m, const char *name,
                                         struct edgel_model_array *out, struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    *out = (struct edgel_model_array){ .ndims = 0 };
    EDGEL_REQUIRE(m);
    EDGEL_REQUIRE(name);
    struct nn_named_array a;
    EDGEL_TRY(nn_array_find(&m->net, name, &a, err));
    describe(&a, out);
    return EDGEL_OK;
}

enum edgel_status edgel_model_array_get(const struct edgel_model *m, const char *name, float *values,
                                        size_t n, struct edgel_error *err)
{
    EDGEL_REQUIRE(m);
    EDGEL_REQUIRE(name);
    EDGEL_REQUIRE(values);
    struct nn_named_array a;
    EDGEL_TRY(nn_array_find(&m->net, name, &a, err));
    EDGEL_TRY(nn_array_check_size(&a, n, err));
    memcpy(values, (a.array.buffer ? m->buffers : m->params) + a.at, n * sizeof *values);
    return EDGEL_OK;
}

enum edgel_status edgel_model_array_set(struct edgel_model *m, const char *name, const float *values,
                                        size_t n, struct edgel_error *err)
{
    EDGEL_REQUIRE(m);
    EDGEL_REQUIRE(name);
    EDGEL_REQUIRE(values);
    struct nn_named_array a;
    EDGEL_TRY(nn_array_find(&m->net, name, &a, err));
    EDGEL_TRY(nn_array_check_size(&a, n, err));
    const size_t bad = nn_first_not_finite(values, n);
    if (bad < n)
        return edgel_fail(err, EDGEL_EINVAL, "%s: value %zu is %g: must be finite", name, bad,
                          (double)values[bad]);
    memcpy((a.array.buffer ? m->buffers : m->params) + a.at, values, n * sizeof *values);
    return EDGEL_OK;
}
