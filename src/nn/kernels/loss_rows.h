/* loss_rows.h: the row kernels of the losses as plain loops. Included once per CPU level with LEVEL(name) defined; the
 * levels differ only in how wide the compiler makes the vectors. Formulas: edgel/nn_loss.h.
 *
 * Gradients: with q_c = dL/dp_c, dL/dx_c = p_c (q_c - sum_k q_k p_k) behind a softmax and q p (1 - p) behind a sigmoid.
 * Cross-entropy is derived by x at once: p_c sum_k w_k t_k - w_c t_c. */
#include "nn/kernels/loss_priv.h"
#include <math.h>
#include <string.h>

/* take ? a : b without a branch */
static inline float choose_float(int take, float a, float b)
{
    uint32_t u, v, mask = -(uint32_t)take;
    memcpy(&u, &a, sizeof u);
    memcpy(&v, &b, sizeof v);
    u = (u & mask) | (v & ~mask);
    memcpy(&a, &u, sizeof a);
    return a;
}

enum { LANES = 16 };

static double sum_row(const float *restrict a, int n)
{
    double lane[LANES] = { 0 }, sum = 0;
    int i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int k = 0; k < LANES; k++)
            lane[k] += (double)a[i + k];
    for (int k = 0; i + k < n; k++)
        lane[k] += (double)a[i + k];
    for (int k = 0; k < LANES; k++)
        sum += lane[k];
    return sum;
}

static double sum_products(const float *restrict a, const float *restrict b, int n)
{
    double lane[LANES] = { 0 }, sum = 0;
    int i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int k = 0; k < LANES; k++)
            lane[k] += (double)a[i + k] * (double)b[i + k];
    for (int k = 0; i + k < n; k++)
        lane[k] += (double)a[i + k] * (double)b[i + k];
    for (int k = 0; k < LANES; k++)
        sum += lane[k];
    return sum;
}

/* --- targets --- */

static void labels_row(const struct loss_row *r, const uint16_t *labels)
{
    float *restrict valid = r->valid, *restrict label = r->temp;
    for (int i = 0; i < r->n; i++) {
        label[i] = (float)labels[i];
        valid[i] = choose_float(labels[i] != EDGEL_LABEL_IGNORE, 1, 0);
    }
    for (int c = 0; c < r->classes; c++) {
        float *restrict t = r->t + (size_t)c * LOSS_ROW;
        const float own = (float)(r->classes == 1 ? 1 : c);
        for (int i = 0; i < r->n; i++)
            t[i] = choose_float(label[i] == own, 1, 0);
    }
}

static void soft_row(const struct loss_row *r, const float *soft)
{
    float *restrict valid = r->valid;
    for (int i = 0; i < r->n; i++)
        valid[i] = choose_float(soft[i] >= 0, 1, 0);
    for (int c = 0; c < r->classes; c++) {
        const float *restrict s = soft + (size_t)c * r->x_stride;
        float *restrict t = r->t + (size_t)c * LOSS_ROW;
        for (int i = 0; i < r->n; i++)
            t[i] = choose_float(valid[i] != 0, s[i], 0);
    }
}

/* --- probabilities --- */

static void softmax_row(const struct loss_row *r, const struct edgel_numeric *f)
{
    float *restrict max = r->max, *restrict sum = r->logsum;
    const float *restrict valid = r->valid;
    memcpy(max, r->x, (size_t)r->n * sizeof *max);
    for (int c = 1; c < r->classes; c++) {
        const float *restrict x = r->x + (size_t)c * r->x_stride;
        for (int i = 0; i < r->n; i++)
            max[i] = choose_float(x[i] > max[i], x[i], max[i]);
    }
    memset(sum, 0, (size_t)r->n * sizeof *sum);
    for (int c = 0; c < r->classes; c++) {
        const float *restrict x = r->x + (size_t)c * r->x_stride;
        float *restrict p = r->p + (size_t)c * r->p_stride;
        for (int i = 0; i < r->n; i++)
            p[i] = choose_float(valid[i] != 0, x[i] - max[i], 0);
        f->exp(p, p, (size_t)r->n);
        for (int i = 0; i < r->n; i++)
            sum[i] += p[i];
    }
    for (int i = 0; i < r->n; i++)
        r->temp[i] = 1 / sum[i];
    for (int c = 0; c < r->classes; c++) {
        const float *restrict share = r->temp;
        float *restrict p = r->p + (size_t)c * r->p_stride;
        for (int i = 0; i < r->n; i++)
            p[i] *= share[i];
    }
    f->log(sum, sum, (size_t)r->n);
}

static void sigmoid_row(const struct loss_row *r, const struct edgel_numeric *f)
{
    const float *restrict x = r->x, *restrict valid = r->valid;
    float *restrict p = r->p;
    for (int i = 0; i < r->n; i++)
        p[i] = choose_float(valid[i] != 0, x[i], 0);
    f->sigmoid(p, p, (size_t)r->n);
}

/* --- values --- */

static double ce_row(const struct loss_row *r)
{
    const float *restrict valid = r->valid, *restrict max = r->max, *restrict logsum = r->logsum;
    float *restrict loss = r->temp;
    memset(loss, 0, (size_t)r->n * sizeof *loss);
    for (int c = 0; c < r->classes; c++) {
        const float *restrict x = r->x + (size_t)c * r->x_stride, *restrict t = r->t + (size_t)c * LOSS_ROW;
        const float w = r->w1[c];
        for (int i = 0; i < r->n; i++)
            loss[i] += w * t[i] * (logsum[i] - choose_float(valid[i] != 0, x[i] - max[i], 0));
    }
    return sum_row(loss, r->n);
}

/* log(1 + e^x) = max(x, 0) + log(1 + e^-|x|) and log(1 + e^-x) = max(-x, 0) + the same: neither cancels */
static double bce_row(const struct loss_row *r, const struct edgel_numeric *f)
{
    double sum = 0;
    for (int c = 0; c < r->classes; c++) {
        const float *restrict t = r->t + (size_t)c * LOSS_ROW, *restrict valid = r->valid;
        const float *restrict x = r->x + (size_t)c * r->x_stride;
        float *restrict z = r->temp, *restrict loss = r->temp2;
        const float w0 = r->w0[c], w1 = r->w1[c];
        for (int i = 0; i < r->n; i++) {
            z[i] = choose_float(valid[i] != 0, x[i], 0);
            loss[i] = -fabsf(z[i]);
        }
        f->softplus(loss, loss, (size_t)r->n);
        for (int i = 0; i < r->n; i++) {
            const float negative = loss[i] + choose_float(z[i] < 0, 0, z[i]);
            const float positive = loss[i] + choose_float(z[i] > 0, 0, -z[i]);
            loss[i] = valid[i] * (w1 * t[i] * positive + w0 * (1 - t[i]) * negative);
        }
        sum += sum_row(loss, r->n);
    }
    return sum;
}

static void overlap_row(const struct loss_row *r, double *both, double *probability)
{
    for (int c = 0; c < r->classes; c++) {
        const float *p = r->p + (size_t)c * r->p_stride;
        both[c] += sum_products(p, r->t + (size_t)c * LOSS_ROW, r->n);
        probability[c] += sum_products(p, r->valid, r->n);
    }
}

/* --- losses of d = p - t --- */

static inline float l1_of(float d, float beta)
{
    (void)beta;
    return fabsf(d);
}

static inline float l1_slope(float d, float beta)
{
    (void)beta;
    return choose_float(d != 0, copysignf(1, d), 0);
}

static inline float l2_of(float d, float beta)
{
    (void)beta;
    return d * d;
}

static inline float l2_slope(float d, float beta)
{
    (void)beta;
    return 2 * d;
}

static inline float smoothl1_of(float d, float beta)
{
    return choose_float(fabsf(d) < beta, d * d / (2 * beta), fabsf(d) - beta / 2);
}

static inline float smoothl1_slope(float d, float beta)
{
    return choose_float(fabsf(d) < beta, d / beta, copysignf(1, d));
}

#define DISTANCE(name)                                                                             \
    static double name##_row(const struct loss_row *r, float beta)                                 \
    {                                                                                              \
        double sum = 0;                                                                            \
        for (int c = 0; c < r->classes; c++) {                                                     \
            const float *restrict t = r->t + (size_t)c * LOSS_ROW, *restrict valid = r->valid;     \
            const float *restrict p = r->p + (size_t)c * r->p_stride;                              \
            float *restrict loss = r->temp;                                                        \
            const float w0 = r->w0[c], w1 = r->w1[c];                                              \
            for (int i = 0; i < r->n; i++)                                                         \
                loss[i] = valid[i] * (w1 * t[i] + w0 * (1 - t[i])) * name##_of(p[i] - t[i], beta); \
            sum += sum_row(loss, r->n);                                                            \
        }                                                                                          \
        return sum;                                                                                \
    }                                                                                              \
    static void name##_back(const struct loss_row *r, float beta, float scale)                     \
    {                                                                                              \
        for (int c = 0; c < r->classes; c++) {                                                     \
            const float *restrict t = r->t + (size_t)c * LOSS_ROW;                                 \
            const float *restrict p = r->p + (size_t)c * r->p_stride;                              \
            float *restrict q = r->q + (size_t)c * LOSS_ROW;                                       \
            const float w0 = r->w0[c], w1 = r->w1[c];                                              \
            for (int i = 0; i < r->n; i++)                                                         \
                q[i] += scale * (w1 * t[i] + w0 * (1 - t[i])) * name##_slope(p[i] - t[i], beta);   \
        }                                                                                          \
    }
DISTANCE(l1)
DISTANCE(l2)
DISTANCE(smoothl1)

/* --- gradients --- */

static void linear_row(const struct loss_row *r, const float *a, const float *b)
{
    for (int c = 0; c < r->classes; c++) {
        const float *restrict t = r->t + (size_t)c * LOSS_ROW;
        float *restrict q = r->q + (size_t)c * LOSS_ROW;
        for (int i = 0; i < r->n; i++)
            q[i] = a[c] + b[c] * t[i];
    }
}

static void add_plane_row(const struct loss_row *r, const float *plane, float scale)
{
    for (int c = 0; c < r->classes; c++) {
        const float *restrict g = plane + (size_t)c * r->x_stride;
        float *restrict q = r->q + (size_t)c * LOSS_ROW;
        for (int i = 0; i < r->n; i++)
            q[i] += scale * g[i];
    }
}

static void softmax_gradient_row(const struct loss_row *r, float ce, bool with_q)
{
    float *restrict common = r->temp; /* what multiplies p in all classes */
    const float *restrict valid = r->valid;
    memset(common, 0, (size_t)r->n * sizeof *common);
    for (int c = 0; c < r->classes; c++) {
        const float *restrict t = r->t + (size_t)c * LOSS_ROW, *restrict q = r->q + (size_t)c * LOSS_ROW;
        const float *restrict p = r->p + (size_t)c * r->p_stride;
        const float w = ce * r->w1[c];
        if (with_q)
            for (int i = 0; i < r->n; i++)
                common[i] += w * t[i] - q[i] * p[i];
        else
            for (int i = 0; i < r->n; i++)
                common[i] += w * t[i];
    }
    for (int c = 0; c < r->classes; c++) {
        const float *restrict t = r->t + (size_t)c * LOSS_ROW, *restrict q = r->q + (size_t)c * LOSS_ROW;
        float *restrict p = r->p + (size_t)c * r->p_stride;
        const float w = ce * r->w1[c];
        if (with_q)
            for (int i = 0; i < r->n; i++)
                p[i] = valid[i] * (p[i] * (common[i] + q[i]) - w * t[i]);
        else
            for (int i = 0; i < r->n; i++)
                p[i] = p[i] * common[i] - w * t[i];
    }
}

static void sigmoid_gradient_row(const struct loss_row *r, float bce, bool with_q)
{
    const float *restrict t = r->t, *restrict q = r->q, *restrict valid = r->valid;
    float *restrict p = r->p;
    const float w0 = bce * r->w0[0], w1 = bce * r->w1[0];
    for (int i = 0; with_q && i < r->n; i++) {
        const float direct = w0 * (1 - t[i]) * p[i] - w1 * t[i] * (1 - p[i]);
        p[i] = valid[i] * (direct + q[i] * p[i] * (1 - p[i]));
    }
    for (int i = 0; !with_q && i < r->n; i++)
        p[i] = valid[i] * (w0 * (1 - t[i]) * p[i] - w1 * t[i] * (1 - p[i]));
}

static void add_bce_row(const struct loss_row *r, const struct edgel_numeric *f, float bce)
{
    for (int c = 0; c < r->classes; c++) {
        const float *restrict t = r->t + (size_t)c * LOSS_ROW, *restrict valid = r->valid;
        const float *restrict x = r->x + (size_t)c * r->x_stride;
        float *restrict s = r->temp, *restrict g = r->direct + (size_t)c * LOSS_ROW;
        const float w0 = bce * r->w0[c], w1 = bce * r->w1[c];
        for (int i = 0; i < r->n; i++)
            s[i] = choose_float(valid[i] != 0, x[i], 0);
        f->sigmoid(s, s, (size_t)r->n);
        for (int i = 0; i < r->n; i++)
            g[i] += valid[i] * (w0 * (1 - t[i]) * s[i] - w1 * t[i] * (1 - s[i]));
    }
}

static void add_direct_row(const struct loss_row *r)
{
    for (int c = 0; c < r->classes; c++) {
        const float *restrict d = r->direct + (size_t)c * LOSS_ROW;
        float *restrict g = r->p + (size_t)c * r->p_stride;
        for (int i = 0; i < r->n; i++)
            g[i] += d[i];
    }
}

void LEVEL(loss_kernels)(struct loss_kernels *k)
{
    *k = (struct loss_kernels){
        .labels = labels_row,
        .soft = soft_row,
        .softmax = softmax_row,
        .sigmoid = sigmoid_row,
        .ce = ce_row,
        .bce = bce_row,
        .overlap = overlap_row,
        .l1 = { l1_row, l1_back },
        .l2 = { l2_row, l2_back },
        .smoothl1 = { smoothl1_row, smoothl1_back },
        .linear = linear_row,
        .add_plane = add_plane_row,
        .softmax_gradient = softmax_gradient_row,
        .sigmoid_gradient = sigmoid_gradient_row,
        .add_bce = add_bce_row,
        .add_direct = add_direct_row,
    };
}
