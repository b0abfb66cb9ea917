/* Losses of the overlap of what is predicted and what is true, from sums over the batch: I = sum p t, P = sum p,
 * T = sum t of each class. With I' = t and P' = 1 by p, the gradient of each is slope0 + slope_t t. */
#include "nn/losses/losses.h"

/* 1 - (I + s) / (U + s), U = P + T - I, so U' = 1 - t */
static double iou(const struct nn_class_sums *c, const struct edgel_loss_params *p, double weight,
                  double *slope0, double *slope_t)
{
    const double i = c->both + p->smooth, u = c->probability + c->target - c->both + p->smooth;
    *slope0 += weight * i / (u * u);
    *slope_t += -weight * (1 / u + i / (u * u));
    return 1 - i / u;
}

/* 1 - (2 I + s) / (P + T + s) */
static double dice(const struct nn_class_sums *c, const struct edgel_loss_params *p, double weight,
                   double *slope0, double *slope_t)
{
    const double n = 2 * c->both + p->smooth, m = c->probability + c->target + p->smooth;
    *slope0 += weight * n / (m * m);
    *slope_t -= weight * 2 / m;
    return 1 - n / m;
}

/* 1 - (I + s) / (I + a FP + b FN + s), FP = P - I, FN = T - I: that is N / M with M' = t + a (1 - t) - b t */
static double tversky(const struct nn_class_sums *c, const struct edgel_loss_params *p, double weight,
                      double *slope0, double *slope_t)
{
    const double a = p->tversky_alpha, b = p->tversky_beta, n = c->both + p->smooth;
    const double m = n + a * (c->probability - c->both) + b * (c->target - c->both);
    *slope0 += weight * n * a / (m * m);
    *slope_t += weight * (n * (1 - a - b) / (m * m) - 1 / m);
    return 1 - n / m;
}

const struct nn_loss nn_loss_iou = {
    .kind = EDGEL_LOSS_IOU,
    .name = "iou",
    .what = "1 - IoU of each class over the batch",
    .numbers = 1u << NN_LOSS_SMOOTH,
    .sums = iou,
};
const struct nn_loss nn_loss_dice = {
    .kind = EDGEL_LOSS_DICE,
    .name = "dice",
    .what = "1 - Dice coefficient of each class over the batch",
    .numbers = 1u << NN_LOSS_SMOOTH,
    .sums = dice,
};
const struct nn_loss nn_loss_tversky = {
    .kind = EDGEL_LOSS_TVERSKY,
    .name = "tversky",
    .what = "dice with false positives and false negatives weighed apart",
    .numbers = 1u << NN_LOSS_SMOOTH | 1u << NN_LOSS_TVERSKY_ALPHA | 1u << NN_LOSS_TVERSKY_BETA,
    .sums = tversky,
};
