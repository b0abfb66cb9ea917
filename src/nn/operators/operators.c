/* The table of operators: the order is that of lists and reports. */
#include "nn/nn_priv.h"
#include <string.h>

/* The image itself. It is layer 0 of every network, made by the line `input channels=C`. */
static enum edgel_status input_setup(struct nn_layer *l, const int *in_channels, struct edgel_error *err)
{
    (void)in_channels;
    (void)err;
    l->channels = l->out;
    return EDGEL_OK;
}

static const struct nn_attr input_attrs[] = {
    { "channels", NN_INT, offsetof(struct nn_layer, out), 1, NN_CHANNELS_MAX, 0, true },
    { 0 },
};

const struct nn_op nn_op_input = { .name = "input", .attrs = input_attrs, .setup = input_setup };

static const struct nn_op *const operators[] = {
    &nn_op_input,   &nn_op_conv,    &nn_op_conv_transpose, &nn_op_batchnorm,
    &nn_op_maxpool, &nn_op_avgpool, &nn_op_upsample,       &nn_op_concat,
    &nn_op_add,     &nn_op_dropout, &nn_op_softmax,        &nn_op_sigmoid,
    &nn_op_tanh,    &nn_op_relu,    &nn_op_leaky_relu,     &nn_op_elu,
    &nn_op_silu,    NULL,
};

const struct nn_op *const *nn_operators(void)
{
    return operators;
}

const struct nn_op *nn_operator(const char *name)
{
    for (const struct nn_op *const *op = operators; *op; op++)
        if (strcmp((*op)->name, name) == 0)
            return *op;
    return NULL;
}
