/* What a network is apart from its memory: parameters, shapes, starting values. */
#include "nn/nn_priv.h"

enum { PARAMS_MAX = 1 << 28 }; /* floats, 1 GiB */

enum edgel_status nn_network_layout(struct nn_network *net, const char *name, struct edgel_error *err)
{
    net->nparams = net->nbuffers = 0;
    net->in_channels = net->layers[0].channels;
    for (int i = 0; i < net->nlayers; i++) {
        struct nn_layer *l = &net->layers[i];
        l->params_at = net->nparams;
        l->buffers_at = net->nbuffers;
        net->nparams += l->nparams; /* each is at most 2^36 by the bounds of channels and sizes */
        net->nbuffers += l->nbuffers;
        if (net->nparams > PARAMS_MAX)
            return edgel_fail(err, EDGEL_ELIMIT, "%s: layer %s brings the parameters to %zu: at most %d",
                              name, l->name, net->nparams, PARAMS_MAX);
    }
    return EDGEL_OK;
}

void nn_network_finish(struct nn_network *net)
{
    edgel_free(net->layers);
    *net = (struct nn_network){ 0 };
}

enum edgel_status nn_network_shapes(const struct nn_network *net, int h, int w, struct nn_shape *shapes,
                                    struct edgel_error *err)
{
    if (h < 1 || w < 1 || h > NN_SIDE_MAX || w > NN_SIDE_MAX || (int64_t)h * w > INT32_MAX)
        return edgel_fail(err, EDGEL_EINVAL, "image of %dx%d: sides must be 1..%d, at most 2^31 pixels", w, h,
                          NN_SIDE_MAX);
    shapes[0] = (struct nn_shape){ net->in_channels, h, w };
    for (int i = 1; i < net->nlayers; i++) {
        const struct nn_layer *l = &net->layers[i];
        struct nn_shape in[NN_INPUTS_MAX];
        for (int k = 0; k < l->ninputs; k++)
            in[k] = shapes[l->input[k]];
        struct edgel_error e = { .code = EDGEL_OK };
        shapes[i] = in[0];
        if (l->op->shape &&
            l->op->shape(l, in, l->like >= 0 ? &shapes[l->like] : NULL, &shapes[i], &e) != EDGEL_OK)
            return edgel_fail(err, e.code, "layer %s for an image of %dx%d: %s", l->name, w, h, e.msg);
        shapes[i].c = l->channels;
        if ((int64_t)shapes[i].h * shapes[i].w > INT32_MAX)
            return edgel_fail(err, EDGEL_ELIMIT, "layer %s for an image of %dx%d: more than 2^31 pixels",
                              l->name, w, h);
        if (shapes[i].h < 1 || shapes[i].w < 1 || shapes[i].h > NN_SIDE_MAX || shapes[i].w > NN_SIDE_MAX)
            return edgel_fail(err, EDGEL_EINVAL,
                              "layer %s for an image of %dx%d: output of %dx%d: sides must be 1..%d", l->name,
                              w, h, shapes[i].w, shapes[i].h, NN_SIDE_MAX);
    }
    return EDGEL_OK;
}

void nn_network_init(const struct nn_network *net, enum edgel_init init, uint64_t seed, float *params,
                     float *buffers)
{
    for (int i = 0; i < net->nlayers; i++) {
        const struct nn_layer *l = &net->layers[i];
        if (l->op->init) /* a seed of its own for each layer: another layer changes no other's weights */
            l->op->init(l, init, seed + (uint64_t)i * 0x9E3779B97F4A7C15u, params + l->params_at,
                        buffers + l->buffers_at);
    }
}

/* --- stages --- */

static bool is_conv(const struct nn_layer *l)
{
    return l->op->flags & NN_CONVOLVES;
}

bool nn_network_begins_stage(const struct nn_network *net, int i)
{
    const struct nn_layer *l = &net->layers[i];
    return is_conv(l) && !is_conv(&net->layers[l->input[0]]);
}

int nn_network_stages(const struct nn_network *net)
{
    int n = 0;
    for (int i = 1; i < net->nlayers; i++)
        n += nn_network_begins_stage(net, i);
    return n > 0 ? n - 1 : 0;
}
