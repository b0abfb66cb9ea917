/* The table of operators. */
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

const struct nn_op nn_op_input = {
    .name = "input", .flags = NN_IMAGE, .attrs = input_attrs, .setup = input_setup
};

/* The list, whose order is that of lists and reports: ROW(x) stands for nn_op_x, of the file x.c or of activation.c. */
/* clang-format off */
#define OPERATORS(ROW) \
    ROW(input)         \
    ROW(conv)          \
    ROW(conv_transpose)\
    ROW(batchnorm)     \
    ROW(maxpool)       \
    ROW(avgpool)       \
    ROW(upsample)      \
    ROW(concat)        \
    ROW(add)           \
    ROW(dropout)       \
    ROW(softmax)       \
    ROW(sigmoid)       \
    ROW(tanh)          \
    ROW(relu)          \
    ROW(leaky_relu)    \
    ROW(elu)           \
    ROW(silu)          \
    ROW(gelu)          \
    ROW(prelu)
/* clang-format on */
#define DECLARED(name) extern const struct nn_op nn_op_##name;
#define LISTED(name)   &nn_op_##name,

OPERATORS(DECLARED)
static const struct nn_op *const operators[] = { OPERATORS(LISTED) NULL };

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
