/* Losses that are means over pixels: cross-entropies of logits, and distances of probabilities and targets. The loops
 * over a row are in nn/kernels/loss_rows.h. */
#include "nn/losses/losses.h"

static double ce(const struct loss_kernels *k, const struct loss_row *row, const struct edgel_loss_params *p)
{
    (void)p;
    return k->ce(row);
}

static double bce(const struct loss_kernels *k, const struct loss_row *row, const struct edgel_loss_params *p)
{
    (void)p;
    return k->bce(row, &k->numeric);
}

static void bce_by_logit(const struct loss_kernels *k, const struct loss_row *row,
                         const struct edgel_loss_params *p, float scale)
{
    (void)p;
    k->add_bce(row, &k->numeric, scale);
}

const struct nn_loss nn_loss_ce = {
    .kind = EDGEL_LOSS_CE,
    .name = "ce",
    .what = "cross-entropy",
    .one_class = &nn_loss_bce,
    .weighted = true,
    .pixels = ce,
    .over = NN_OVER_TARGETS,
    .joins = NN_JOINS_SOFTMAX,
};
const struct nn_loss nn_loss_bce = {
    .kind = EDGEL_LOSS_BCE,
    .name = "bce",
    .what = "binary cross-entropy, each class against the rest",
    .weighted = true,
    .pixels = bce,
    .by_logit = bce_by_logit,
    .joins = NN_JOINS_SIGMOID,
};

/* Losses of d = p - t alone. */
#define DISTANCE(name)                                                                \
    static double name(const struct loss_kernels *k, const struct loss_row *row,      \
                       const struct edgel_loss_params *p)                             \
    {                                                                                 \
        return k->name.forward(row, (float)p->smooth_beta);                           \
    }                                                                                 \
    static void name##_back(const struct loss_kernels *k, const struct loss_row *row, \
                            const struct edgel_loss_params *p, float scale)           \
    {                                                                                 \
        k->name.backward(row, (float)p->smooth_beta, scale);                          \
    }
DISTANCE(l1)
DISTANCE(l2)
DISTANCE(smoothl1)

const struct nn_loss nn_loss_l1 = {
    .kind = EDGEL_LOSS_L1,
    .name = "l1",
    .what = "absolute difference of probability and target",
    .weighted = true,
    .pixels = l1,
    .by_probability = l1_back,
};
const struct nn_loss nn_loss_l2 = {
    .kind = EDGEL_LOSS_L2,
    .name = "l2",
    .what = "squared difference, the Brier score",
    .weighted = true,
    .pixels = l2,
    .by_probability = l2_back,
};
const struct nn_loss nn_loss_smoothl1 = {
    .kind = EDGEL_LOSS_SMOOTHL1,
    .name = "smoothl1",
    .what = "l2 of small differences, l1 of large ones",
    .weighted = true,
    .numbers = 1u << NN_LOSS_SMOOTH_BETA,
    .pixels = smoothl1,
    .by_probability = smoothl1_back,
};
