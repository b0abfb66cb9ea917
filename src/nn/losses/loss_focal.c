/*
 * Focal loss: cross-entropy in which a pixel counts the less, the better it is predicted already.
 *
 *     one class         w_1 t (1 - p)^g log(1 + e^-x) + w_0 (1 - t) p^g log(1 + e^x)
 *     several classes   -sum_c w_c t_c (1 - p_c)^g log p_c
 *
 * over the same denominators as cross-entropy, which it is with g = 0. Gradients by the logits, with no division by p:
 *
 *     one class         w_1 t (1 - p)^g (g p log p - (1 - p)) + w_0 (1 - t) p^g (p - g (1 - p) log(1 - p))
 *     several classes   w_k t_k a_k - p_k sum_c w_c t_c a_c,  a_c = (1 - p_c)^g (g p_c log p_c / (1 - p_c) - 1)
 *
 * Source: Lin et al. 2017, arXiv:1708.02002; class weights stand for its alpha.
 */
#include "nn/losses/losses.h"
#include <string.h>

/* v = v^g, for v in [0, 1] */
static void power(const struct edgel_numeric *f, float *v, int n, float g)
{
    if (g == 0) {
        for (int i = 0; i < n; i++)
            v[i] = 1;
        return;
    }
    f->log(v, v, (size_t)n);
    for (int i = 0; i < n; i++)
        v[i] *= g;
    f->exp(v, v, (size_t)n);
}

/* Of one class: valid logits, or 0. */
static void take_logits(const struct loss_row *r, float *x)
{
    for (int i = 0; i < r->n; i++)
        x[i] = r->valid[i] != 0 ? r->x[i] : 0;
}

/* One side of a pixel, the class (sign 1) or the rest (-1): out = probability of the other side to the power g, low =
 * -log of the probability of this side, other = that of the other side. */
static void one_side(const struct edgel_numeric *f, const struct loss_row *r, float sign, float g, float *out,
                     float *low, float *other)
{
    take_logits(r, low);
    for (int i = 0; i < r->n; i++)
        low[i] = -sign * low[i];
    f->sigmoid(low, other, (size_t)r->n);
    f->softplus(low, low, (size_t)r->n);
    memcpy(out, other, (size_t)r->n * sizeof *out);
    power(f, out, r->n, g);
}

static double one_class(const struct loss_kernels *k, const struct loss_row *r,
                        const struct edgel_loss_params *p)
{
    double sum = 0;
    for (int side = 0; side < 2; side++) {
        const float w = side ? r->w1[0] : r->w0[0];
        float *factor = r->temp, *low = r->temp2, *other = r->max;
        one_side(&k->numeric, r, side ? 1 : -1, (float)p->focal_gamma, factor, low, other);
        for (int i = 0; i < r->n; i++)
            sum += (double)(r->valid[i] * w * (side ? r->t[i] : 1 - r->t[i]) * factor[i] * low[i]);
    }
    return sum;
}

static void one_class_gradient(const struct loss_kernels *k, const struct loss_row *r,
                               const struct edgel_loss_params *p, float scale)
{
    const float g = (float)p->focal_gamma;
    for (int side = 0; side < 2; side++) {
        const float w = scale * (side ? r->w1[0] : -r->w0[0]);
        float *factor = r->temp, *low = r->temp2, *other = r->max;
        one_side(&k->numeric, r, side ? 1 : -1, g, factor, low, other);
        for (int i = 0; i < r->n; i++)
            r->direct[i] += r->valid[i] * w * (side ? r->t[i] : 1 - r->t[i]) * factor[i] *
                            (-g * (1 - other[i]) * low[i] - other[i]);
    }
}

static double several_classes(const struct loss_kernels *k, const struct loss_row *r,
                              const struct edgel_loss_params *p)
{
    double sum = 0;
    for (int c = 0; c < r->classes; c++) {
        const float *x = r->x + (size_t)c * r->x_stride, *t = r->t + (size_t)c * LOSS_ROW;
        const float *own = r->p + (size_t)c * r->p_stride;
        float *factor = r->temp;
        for (int i = 0; i < r->n; i++)
            factor[i] = 1 - own[i];
        power(&k->numeric, factor, r->n, (float)p->focal_gamma);
        for (int i = 0; i < r->n; i++)
            if (r->valid[i] != 0)
                sum += (double)(r->w1[c] * t[i] * factor[i] * (r->logsum[i] - (x[i] - r->max[i])));
    }
    return sum;
}

static void several_classes_gradient(const struct loss_kernels *k, const struct loss_row *r,
                                     const struct edgel_loss_params *p, float scale)
{
    const float g = (float)p->focal_gamma;
    float *factor = r->temp, *low = r->temp2, *all = r->max; /* all: sum w t a */
    memset(all, 0, (size_t)r->n * sizeof *all);
    for (int c = 0; c < r->classes; c++) {
        const float *t = r->t + (size_t)c * LOSS_ROW, *own = r->p + (size_t)c * r->p_stride;
        float *d = r->direct + (size_t)c * LOSS_ROW;
        for (int i = 0; i < r->n; i++)
            factor[i] = 1 - own[i];
        power(&k->numeric, factor, r->n, g);
        k->numeric.log(own, low, (size_t)r->n);
        for (int i = 0; i < r->n; i++) {
            const float ratio = own[i] == 1 ? -1 : own[i] > 0 ? own[i] * low[i] / (1 - own[i]) : 0;
            const float a = scale * r->w1[c] * r->valid[i] * t[i] * factor[i] * (g * ratio - 1);
            all[i] += a;
            d[i] += a;
        }
    }
    for (int c = 0; c < r->classes; c++) {
        const float *own = r->p + (size_t)c * r->p_stride;
        float *d = r->direct + (size_t)c * LOSS_ROW;
        for (int i = 0; i < r->n; i++)
            d[i] -= own[i] * all[i];
    }
}

static const struct nn_loss of_one_class = {
    .kind = EDGEL_LOSS_FOCAL,
    .name = "focal",
    .what = "focal loss of one class",
    .weighted = true,
    .numbers = 1u << NN_LOSS_FOCAL_GAMMA,
    .pixels = one_class,
    .by_logit = one_class_gradient,
};
const struct nn_loss nn_loss_focal = {
    .kind = EDGEL_LOSS_FOCAL,
    .name = "focal",
    .what = "cross-entropy that counts what is predicted well for less",
    .one_class = &of_one_class,
    .weighted = true,
    .numbers = 1u << NN_LOSS_FOCAL_GAMMA,
    .pixels = several_classes,
    .over = NN_OVER_TARGETS,
    .by_logit = several_classes_gradient,
};
