/*
 * A network as inference wants it: batch normalisation with running estimates is a scale and a shift per channel,
 *
 *     s = weight / sqrt(running_var + eps),   y = s x + (bias - s running_mean),
 *
 * so that one that alone reads a convolution goes into its weights and bias (w s, and (b - mean) s + beta; in double,
 * rounded once). Other batch normalisations stay. Dropout does nothing and is taken out.
 * Source: Jacob et al. 2018, arXiv:1712.05877, section 3.2.
 */
#include "nn/nn_priv.h"
#include <string.h>

struct folding {
    const struct edgel_model *m;
    struct nn_network *net;
    float *params, *buffers; /* of the new network */
    int to[NN_LAYERS_MAX];   /* new layer that stands for an old one */
    int from[NN_LAYERS_MAX]; /* old layer of a new one */
    int norm[NN_LAYERS_MAX]; /* old batch norm that went into a new layer; 0: none */
};

/* How many inputs of old layers are new layer n. */
static int readers(const struct folding *f, int n)
{
    int count = 0;
    for (int i = 1; i < f->m->net.nlayers; i++)
        for (int k = 0; k < f->m->net.layers[i].ninputs; k++)
            count += f->to[f->m->net.layers[i].input[k]] == n &&
                     f->to[i] != n; /* == n: a dropout that went away */
    return count;
}

/* Dropout goes away; but what is last in the old network must be last in the new one. */
static bool goes_away(const struct folding *f, int i)
{
    const struct nn_layer *l = &f->m->net.layers[i];
    return l->op->flags & NN_DROPS &&
           (i < f->m->net.nlayers - 1 || f->to[l->input[0]] == f->net->nlayers - 1);
}

/* The new layers, with indices of the old network in input and like until all have been placed. */
static void place_layers(struct folding *f)
{
    f->net->nlayers = 0;
    for (int i = 0; i < f->m->net.nlayers; i++)
        f->to[i] = -1;
    for (int i = 0; i < f->m->net.nlayers; i++) {
        if (goes_away(f, i)) {
            f->to[i] = f->to[f->m->net.layers[i].input[0]];
            continue;
        }
        f->to[i] = f->net->nlayers;
        f->from[f->net->nlayers] = i;
        f->net->layers[f->net->nlayers++] = f->m->net.layers[i];
    }
}

/* Batch normalisations that go into the convolution before them; a second one in a row stays a layer. */
static void find_norms(struct folding *f)
{
    int kept = 0, moved[NN_LAYERS_MAX];
    for (int n = 0; n < f->net->nlayers; n++) {
        const int i = f->from[n];
        const struct nn_layer *l = &f->m->net.layers[i];
        const int in = n ? f->to[l->input[0]] : 0;
        if (n && l->op->affine && f->net->layers[moved[in]].op->weight_channel && f->norm[moved[in]] == 0 &&
            readers(f, in) == 1 && (n < f->net->nlayers - 1 || moved[in] == kept - 1)) {
            moved[n] = moved[in];
            f->norm[moved[in]] = i;
            continue;
        }
        moved[n] = kept;
        f->from[kept] = i;
        f->net->layers[kept++] = f->net->layers[n];
    }
    f->net->nlayers = kept;
    for (int i = 0; i < f->m->net.nlayers; i++)
        f->to[i] = moved[f->to[i]];
}

static enum edgel_status join_layers(struct folding *f, struct edgel_error *err)
{
    for (int n = 0; n < f->net->nlayers; n++) {
        struct nn_layer *l = &f->net->layers[n];
        int channels[NN_INPUTS_MAX];
        for (int k = 0; k < l->ninputs; k++) {
            l->input[k] = f->to[l->input[k]];
            channels[k] = f->net->layers[l->input[k]].channels;
        }
        if (l->like >= 0)
            l->like = f->to[l->like];
        if (f->norm[n])
            l->bias = 1;
        if (l->op->setup)
            EDGEL_TRY(l->op->setup(l, channels, err));
    }
    return nn_network_layout(f->net, "network without batch normalisation", err);
}

/* --- weights --- */

static float *array_of(const struct nn_layer *l, const char *name, float *params, float *buffers,
                       struct nn_array *out)
{
    struct nn_array a[NN_ARRAYS_MAX];
    const int n = l->op->arrays ? l->op->arrays(l, a) : 0;
    for (int i = 0; i < n; i++)
        if (strcmp(a[i].name, name) == 0) {
            *out = a[i];
            return a[i].buffer ? buffers + l->buffers_at + a[i].at : params + l->params_at + a[i].at;
        }
    return NULL;
}

static void copy_arrays(const struct folding *f, int n)
{
    const struct nn_layer *old = &f->m->net.layers[f->from[n]], *now = &f->net->layers[n];
    struct nn_array a[NN_ARRAYS_MAX], b;
    const int count = now->op->arrays ? now->op->arrays(now, a) : 0;
    for (int i = 0; i < count; i++) {
        float *to =
            a[i].buffer ? f->buffers + now->buffers_at + a[i].at : f->params + now->params_at + a[i].at;
        const float *from = array_of(old, a[i].name, f->m->params, f->m->buffers, &b);
        if (from)
            memcpy(to, from, nn_array_floats(&a[i]) * sizeof *to);
        else
            memset(to, 0, nn_array_floats(&a[i]) * sizeof *to);
    }
}

static void fold_norm(const struct folding *f, int n)
{
    const struct nn_layer *l = &f->net->layers[n], *norm = &f->m->net.layers[f->norm[n]];
    const float *params = f->m->params + norm->params_at, *buffers = f->m->buffers + norm->buffers_at;
    struct nn_array w, b;
    float *weight = array_of(l, "weight", f->params, f->buffers, &w);
    float *bias = array_of(l, "bias", f->params, f->buffers, &b);
    const size_t floats = nn_array_floats(&w);
    double mean, scale, shift;
    for (size_t e = 0; e < floats; e++) {
        norm->op->affine(norm, params, buffers, l->op->weight_channel(l, &w, e), &mean, &scale, &shift);
        weight[e] = (float)((double)weight[e] * scale);
    }
    for (int c = 0; c < l->channels; c++) {
        norm->op->affine(norm, params, buffers, c, &mean, &scale, &shift);
        bias[c] = (float)(((double)bias[c] - mean) * scale + shift);
    }
}

static enum edgel_status fold(struct folding *f, struct edgel_error *err)
{
    place_layers(f);
    find_norms(f);
    EDGEL_TRY(join_layers(f, err));
    f->params = edgel_alloc(f->net->nparams + 1, sizeof *f->params);
    f->buffers = edgel_alloc(f->net->nbuffers + 1, sizeof *f->buffers);
    if (!f->params || !f->buffers)
        return edgel_fail(err, EDGEL_ENOMEM, "network for inference: out of memory");
    for (int n = 0; n < f->net->nlayers; n++) {
        copy_arrays(f, n);
        if (f->norm[n])
            fold_norm(f, n);
    }
    return EDGEL_OK;
}

enum edgel_status nn_fold(const struct edgel_model *m, struct nn_network *net, float **params,
                          float **buffers, struct edgel_error *err)
{
    enum edgel_status s;
    *net = (struct nn_network){ .classes = m->net.classes };
    *params = *buffers = NULL;
    struct folding *f = edgel_calloc(1, sizeof *f);
    net->layers = edgel_calloc((size_t)m->net.nlayers, sizeof *net->layers);
    if (!f || !net->layers) {
        s = edgel_fail(err, EDGEL_ENOMEM, "network for inference: out of memory");
        goto out;
    }
    f->m = m;
    f->net = net;
    s = fold(f, err);
    if (s == EDGEL_OK) {
        *params = f->params;
        *buffers = f->buffers;
    } else {
        edgel_free(f->params);
        edgel_free(f->buffers);
    }
out:
    if (s != EDGEL_OK)
        nn_network_finish(net);
    edgel_free(f);
    return s;
}
