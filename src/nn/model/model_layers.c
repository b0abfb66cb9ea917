/* The layers of a model on an image of a given size: shapes, parameters, multiply-adds, receptive field. */
#include "nn/nn_priv.h"
#include <string.h>

enum { FIELD_MAX = 1 << 20, PHASES = 32 };

/* Sides of what one value of layer l depends on, far from borders; 0: more than FIELD_MAX. */
static int field_of(const struct nn_network *net, int l, const struct nn_reach *within, struct nn_reach *need)
{
    const struct nn_network part = { .layers = net->layers, .nlayers = l + 1 };
    int most = 0;
    for (int at = 0; at < PHASES; at++) { /* neighbours differ where a layer enlarges */
        nn_field(&part, within, at, at, need);
        const int size = need[0].hi - need[0].lo + 1;
        if (need[0].lo <= within[0].lo || need[0].hi >= within[0].hi)
            return 0;
        most = size > most ? size : most;
    }
    return most;
}

/* What follows "NAME: OPERATOR" in a line of nn_network_text(). */
static void copy_rest(const char *line, const struct nn_layer *layer, struct edgel_layer *out)
{
    line += strlen(layer->name) + 2 + strlen(layer->op->name);
    line += *line == ' ';
    size_t n = strcspn(line, "\n");
    n = n < sizeof out->text ? n : sizeof out->text - 1;
    memcpy(out->text, line, n);
}

static void describe(const struct nn_network *net, const struct nn_shape *shapes, int l,
                     struct edgel_layer *out)
{
    const struct nn_layer *layer = &net->layers[l];
    struct nn_shape in[NN_INPUTS_MAX];
    for (int k = 0; k < layer->ninputs; k++)
        in[k] = shapes[layer->input[k]];
    *out = (struct edgel_layer){ .name = layer->name,
                                 .op = layer->op->name,
                                 .channels = shapes[l].c,
                                 .h = shapes[l].h,
                                 .w = shapes[l].w,
                                 .params = layer->nparams,
                                 .macs = layer->op->macs ? layer->op->macs(layer, in, shapes[l]) : 0 };
}

enum edgel_status edgel_model_layers(const struct edgel_model *m, int w, int h, struct edgel_layer *out,
                                     struct edgel_error *err)
{
    EDGEL_REQUIRE(m);
    EDGEL_REQUIRE(out);
    const struct nn_network *net = &m->net;
    const size_t n = (size_t)net->nlayers;
    struct nn_shape *shapes = edgel_alloc(n, sizeof *shapes);
    struct nn_reach *spans = edgel_alloc(2 * n, sizeof *spans);
    struct edgel_text text = { 0 };
    enum edgel_status s = EDGEL_OK;
    nn_network_text(net, &text);
    if (!shapes || !spans || text.failed)
        s = edgel_fail(err, EDGEL_ENOMEM, "model: out of memory");
    else
        s = nn_network_shapes(net, h, w, shapes, err);
    for (int l = 0; l < net->nlayers && s == EDGEL_OK; l++)
        spans[l] = (struct nn_reach){ -FIELD_MAX, FIELD_MAX };
    const char *line = text.s;
    for (int l = 0; l < net->nlayers && s == EDGEL_OK; l++) {
        describe(net, shapes, l, &out[l]);
        copy_rest(line, &net->layers[l], &out[l]);
        line = strchr(line, '\n') + 1;
        out[l].field = field_of(net, l, spans, spans + n);
    }
    edgel_free(shapes);
    edgel_free(spans);
    edgel_text_finish(&text);
    return s;
}
