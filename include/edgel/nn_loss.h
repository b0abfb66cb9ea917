/* edgel/nn_loss.h: losses of pixels and of boxes, with their gradients. */
#ifndef EDGEL_NN_LOSS_H
#define EDGEL_NN_LOSS_H

#include "edgel/base.h"
#include "edgel/nn_sample.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- losses --- */

/*
 * What a loss measures. x are logits, p probabilities (softmax over the classes; with one class the sigmoid), t targets
 * in [0, 1] (1 for the pixel's class, 0 for others, or soft), w class weights; all sums run over the pixels of the
 * whole batch that are not ignored.
 *
 *   ce        -sum w_c t_c log p_c / sum w_c t_c, by log-sum-exp (as PyTorch's CrossEntropyLoss with weights). With one
 *             class it is bce.
 *   bce       sum (w_1 t log(1 + e^-x) + w_0 (1 - t) log(1 + e^x)) / sum v, v = w_1 t + w_0 (1 - t), over pixels and
 *             classes, each class against the rest. With one class w_0 is the background's weight and w_1 the class's,
 *             with several both are the class's.
 *   iou       mean over classes of 1 - (I + s) / (U + s), I = sum p t, U = sum p + sum t - I
 *   dice      mean over classes of 1 - (2 I + s) / (sum p + sum t + s)
 *   lovasz    mean over classes of the Lovasz extension of 1 - Jaccard index at the errors |t - p| (Lovasz-softmax;
 *             with one class the same on the sigmoid, not the hinge). Soft targets count as 1 from 0.5 on.
 *   l1        sum v |p - t| / sum v over pixels and classes, v as for bce
 *   l2        the same of (p - t)^2 (the Brier score)
 *   smoothl1  the same of d^2 / (2 beta) for |d| < beta, else |d| - beta / 2, d = p - t
 *   focal     ce with each -log p_c times (1 - p_c)^g, g the focal_gamma. With one class bce with log(1 + e^-x) times
 *             (1 - p)^g and log(1 + e^x) times p^g. Denominators as theirs
 *   tversky   mean over classes of 1 - (I + s) / (I + a (sum p - I) + b (sum t - I) + s), a the tversky_alpha (false
 *             positives), b the tversky_beta (false negatives)
 *   cldice    mean over classes, without the first of several, of 1 - 2 P R / (P + R), P = (sum S t + s) / (sum S + s),
 *             R = (sum K p + s) / (sum K + s), S and K the soft skeletons of p and t: with E_0 = p, E_(j+1) the least
 *             of a pixel of E_j and its four neighbours, O_j the most of 3x3 pixels of E_(j+1), S = 1 - product over
 *             j = 0 .. cldice_steps of 1 - max(E_j - O_j, 0). It needs w of the batch
 *   border    ce, with one class bce, with each pixel of no object times m = 1 + border_weight
 *             exp(-(d_1 + d_2)^2 / (2 border_sigma^2)), which the denominator leaves out: d_1 and d_2 are the distances
 *             to the nearest pixels of the nearest and the second nearest object; m is 1 where one is over
 *             4 border_sigma. Objects: components, by 8 neighbours, of pixels of one class but the first (with one
 *             class its pixels; soft: at least 0.5). It needs w of the batch
 *
 * iou, dice, tversky, lovasz and cldice sum over the batch first and then take the plain mean over the classes that
 * occur in it (sum t > 0; for lovasz some t >= 0.5); with none the value is 0. Class weights do not touch them. Without
 * any pixel that counts, all are 0.
 *
 * Sources: Rahman and Wang 2016 (iou); Milletari et al. 2016, arXiv:1606.04797 (dice); Berman et al. 2018,
 * arXiv:1705.08790 (lovasz); Girshick 2015, arXiv:1504.08083 (smoothl1); Lin et al. 2017, arXiv:1708.02002 (focal);
 * Salehi et al. 2017, arXiv:1706.05721 (tversky); Shit et al. 2021, arXiv:2003.07311 (cldice); Ronneberger et al.
 * 2015, arXiv:1505.04597 (border).
 */
enum edgel_loss {
    EDGEL_LOSS_CE,
    EDGEL_LOSS_BCE,
    EDGEL_LOSS_IOU,
    EDGEL_LOSS_DICE,
    EDGEL_LOSS_LOVASZ,
    EDGEL_LOSS_L1,
    EDGEL_LOSS_L2,
    EDGEL_LOSS_SMOOTHL1,
    EDGEL_LOSS_FOCAL,
    EDGEL_LOSS_TVERSKY,
    EDGEL_LOSS_CLDICE,
    EDGEL_LOSS_BORDER
};
enum { EDGEL_LOSS_KINDS = EDGEL_LOSS_BORDER + 1 };

/* "ce", "bce", ..; NULL past the last. */
EDGEL_API const char *edgel_loss_name(int kind);
/* What is known of each loss; name NULL past the last. */
struct edgel_loss_info {
    const char *name, *what; /* "iou", "1 - IoU of each class over the batch"; static strings */
    bool weighted;           /* class_weights and balance hold for it */
};
EDGEL_API struct edgel_loss_info edgel_loss_at(int kind);

struct edgel_loss_term {
    enum edgel_loss kind;
    double weight; /* finite, >= 0 */
};

/* Reads "ce:1,iou:0.5"; a weight that is left out is 1. Writes at most EDGEL_LOSS_KINDS terms.
 * Returns EDGEL_OK, or EDGEL_EINVAL (unknown name: the text lists the known ones; a name twice; bad weight). */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_loss_parse(const char *text,
                                                             struct edgel_loss_term terms[EDGEL_LOSS_KINDS],
                                                             int *nterms, struct edgel_error *err);

struct edgel_loss_params {
    const float *class_weights; /* [max(classes, 2)], finite, >= 0; NULL: all 1 */
    /* One class only. Per image, w_1 is multiplied by the share of negatives, w_0 by that of positives (sum t and
     * sum 1 - t over valid pixels; an image without one of them has no weight). Xie and Tu 2015, arXiv:1504.06375. */
    bool balance;
    double smooth;                      /* s of iou, dice, tversky and cldice, pixels, 0..1e9 */
    double smooth_beta;                 /* beta of smoothl1, 1e-6..1e9 */
    double focal_gamma;                 /* 0..10 */
    double tversky_alpha, tversky_beta; /* 0..10 */
    double cldice_steps;                /* 1..50, rounded down */
    double border_weight, border_sigma; /* 0..1000; pixels, 0.1..50 */
};
/* No class weights, not balanced; smooth 1, smooth_beta 0.1, focal_gamma 2, tversky_alpha 0.3, tversky_beta 0.7,
 * cldice_steps 3, border_weight 10, border_sigma 5. */
EDGEL_API void edgel_loss_params_init(struct edgel_loss_params *params);

/* A number of struct edgel_loss_params: the name of its field, what it means, its range and default; name NULL past
 * the last. */
struct edgel_loss_param {
    const char *name, *what; /* "smooth"; static strings */
    double min, max, def;
};
EDGEL_API struct edgel_loss_param edgel_loss_param_at(int i);
/* Whether a loss takes the i-th number; false for a kind or number that is not there. */
EDGEL_API bool edgel_loss_takes(int kind, int i);
/* Sets the i-th number. Returns EDGEL_OK, or EDGEL_EINVAL, params as before: no such number, or out of its range. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_loss_param_set(struct edgel_loss_params *params, int i,
                                                                 double value, struct edgel_error *err);

/* What a loss is taken of. n, classes, pixels, logits and one of labels and soft must be set, the other stays NULL. */
struct edgel_loss_batch {
    int n, classes;         /* samples and classes, >= 1 */
    size_t pixels;          /* of one sample, >= 1 */
    const float *logits;    /* [n][classes][pixels] */
    const uint16_t *labels; /* [n][pixels]: below max(classes, 2), or EDGEL_LABEL_IGNORE */
    const float *soft;      /* [n][classes][pixels] targets in [0, 1]; negative in the first class: ignored */
    int w; /* pixels of a row, a divisor of pixels; 0: not known, cldice and border are refused */
};
/* One sample of one class; pixels and w 0, pointers NULL, the caller's to set. */
EDGEL_API void edgel_loss_batch_init(struct edgel_loss_batch *batch);

/* Memory of edgel_loss_eval(), kept from call to call: the same shapes again allocate nothing. Begins zeroed. */
struct edgel_loss_scratch {
    void *block;
    size_t bytes;
};
EDGEL_API void edgel_loss_scratch_finish(struct edgel_loss_scratch *s);

/*
 * Values of the terms, their weighted sum and its gradient by the logits.
 *
 * terms[nterms], nterms >= 1; a kind may stand twice
 * params   NULL: those of edgel_loss_params_init()
 * value    [nterms], not weighted; may be NULL
 * total    sum of weight * value; may be NULL
 * grad     [n][classes][pixels], written, 0 at ignored pixels; NULL: values alone
 *
 * Logits that are NaN or infinite at pixels that count make values NaN; that is EDGEL_OK. Logits of ignored pixels are
 * not looked at. Returns EDGEL_OK; EDGEL_EINVAL for what is against the comments here, a label out of range included;
 * EDGEL_ENOMEM; EDGEL_ELIMIT for lovasz on 2^31 pixels or more. After a failure values and grad are not set.
 *
 * Exactness: float per pixel, sums in double over fixed runs of pixels in fixed order: the same bits for any number of
 * threads and any CPU level.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_loss_eval(const struct edgel_loss_term *terms, int nterms, const struct edgel_loss_params *params,
                const struct edgel_loss_batch *batch, struct edgel_pool *pool,
                struct edgel_loss_scratch *scratch, double *value, double *total, float *grad,
                struct edgel_error *err);

/* Class weights from the pixels of a training set: weight[c] = median of the share of all classes that occur / share of
 * c (median frequency balancing, shares over all pixels; Eigen and Fergus 2015, arXiv:1411.4734). A class that never
 * occurs gets 0. count[classes] are pixels. With an even number of classes the median is the mean of the middle two.
 * Returns EDGEL_OK, or EDGEL_EINVAL if no class occurs or a count is negative. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_class_weights(const int64_t *count, int classes,
                                                                float *weight, struct edgel_error *err);

/* --- box losses --- */

/* 1 - measure, of two boxes x0, y0, x1, y1 in pixels of the plane (no "+ 1").
 *   iou   IoU = I / U
 *   giou  IoU - (C - U) / C, C the area of the smallest box around both. Rezatofighi et al. 2019, arXiv:1902.09630
 *   diou  IoU - d^2 / c^2, d the distance of the centres, c the diagonal of that box. Zheng et al. 2020,
 *         arXiv:1911.08287
 *   ciou  DIoU - alpha v, v = 4 / pi^2 (atan(w_t / h_t) - atan(w / h))^2, alpha = v / (1 - IoU + v) */
enum edgel_box_loss { EDGEL_BOX_IOU, EDGEL_BOX_GIOU, EDGEL_BOX_DIOU, EDGEL_BOX_CIOU };

/*
 * Value and gradient by the predicted box.
 *
 * value  of iou in [0, 1], giou [0, 2), diou [0, 2), ciou [0, 3)
 * grad   [4] by x0, y0, x1, y1 of pred; may be NULL. alpha is taken as a constant (as in the paper). Where the value
 *        has a kink (edges that coincide), the derivative of one side.
 *
 * A prediction whose x1 <= x0 or y1 <= y0 has the area 0, so IoU 0 and no gradient from it; its corners still span the
 * enclosing box and its centre still pulls. Boxes apart have IoU 0 with gradient 0: iou is then 1 with no gradient, the
 * others still pull. The sides of the truth must be at least 1e-9, the absolute value of all eight numbers at most
 * 1e9: else EDGEL_EINVAL.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_box_loss_value(enum edgel_box_loss kind,
                                                                 const double pred[4], const double truth[4],
                                                                 double *value, double *grad,
                                                                 struct edgel_error *err);

#ifdef __cplusplus
}
#endif

#endif
