/* edgel/nn.h: a small convolutional network: layers, losses, optimizers, training, model files. */
#ifndef EDGEL_NN_H
#define EDGEL_NN_H

#include "edgel/base.h"
#include <math.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- architecture --- */

/* Spread of the starting weights: He: normal, variance 2 / fan-in (for rectifiers); Xavier: uniform, variance
 * 2 / (fan-in + fan-out). Biases start at 0, batch norm at scale 1 and shift 0.
 * Source: He et al. 2015, arXiv:1502.01852; Glorot and Bengio 2010. */
enum edgel_init { EDGEL_INIT_HE, EDGEL_INIT_XAVIER };

/* Text of a preset architecture (linear, edge-tiny, unet-tiny, dilated-tiny), a static string; NULL for other names.
 * The grammar is in README and src/nn/architecture.c. */
EDGEL_API const char *edgel_preset(const char *name);
/* Name of the k-th preset; NULL after the last. */
EDGEL_API const char *edgel_preset_name(int k);

/* --- sizes of maps along one axis --- */

/* Side that a convolution makes of a side n: (n + 2 pad - dilation (k - 1) - 1) / stride + 1, rounded down; 0 if the
 * kernel does not fit or an argument is out of range (n, k, stride, dilation >= 1, pad >= 0). */
EDGEL_API int edgel_conv_out_size(int n, int k, int stride, int pad, int dilation);
/* Side that a transposed convolution makes of a side n: (n - 1) stride - 2 pad + dilation (k - 1) + 1 + output_padding,
 * with 0 <= output_padding < stride; 0 if that is less than 1 or an argument is out of range. */
EDGEL_API int edgel_conv_transpose_out_size(int n, int k, int stride, int pad, int dilation,
                                            int output_padding);
/* Whether a transposed convolution can make `size` of a side n, that is edgel_conv_out_size(size, ...) == n. A side of
 * 3 under k = 3, stride 2, pad 1 comes from 5 or from 6. EDGEL_OK, or EDGEL_EINVAL naming the sizes that can be. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_conv_transpose_check(int size, int n, int k, int stride,
                                                                       int pad, int dilation,
                                                                       struct edgel_error *err);

/* --- labels --- */

/* Label of a pixel that is not counted. */
enum { EDGEL_LABEL_IGNORE = 65535 };

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
 *
 * iou, dice and lovasz sum over the batch first and then take the plain mean over the classes that occur in it
 * (sum t > 0; for lovasz some t >= 0.5); with none the value is 0. Class weights do not touch them. Without any pixel
 * that counts, all are 0.
 *
 * Sources: Rahman and Wang 2016 (iou); Milletari et al. 2016, arXiv:1606.04797 (dice); Berman et al. 2018,
 * arXiv:1705.08790 (lovasz); Girshick 2015, arXiv:1504.08083 (smoothl1).
 */
enum edgel_loss {
    EDGEL_LOSS_CE,
    EDGEL_LOSS_BCE,
    EDGEL_LOSS_IOU,
    EDGEL_LOSS_DICE,
    EDGEL_LOSS_LOVASZ,
    EDGEL_LOSS_L1,
    EDGEL_LOSS_L2,
    EDGEL_LOSS_SMOOTHL1
};
enum { EDGEL_LOSS_KINDS = 8 };

/* "ce", "bce", ..; NULL past the last. */
EDGEL_API const char *edgel_loss_name(int kind);

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
    double smooth;      /* s of iou and dice, pixels, >= 0 */
    double smooth_beta; /* beta of smoothl1, > 0 */
};
#define EDGEL_LOSS_DEFAULTS               \
    {                                     \
        .smooth = 1.0, .smooth_beta = 0.1 \
    }

/* One of labels and soft is NULL. */
struct edgel_loss_batch {
    int n, classes;
    size_t pixels;          /* of one sample */
    const float *logits;    /* [n][classes][pixels] */
    const uint16_t *labels; /* [n][pixels]: below max(classes, 2), or EDGEL_LABEL_IGNORE */
    const float *soft;      /* [n][classes][pixels] targets in [0, 1]; negative in the first class: ignored */
};

/* Memory of edgel_loss_eval, kept from call to call: the same shapes again allocate nothing. Zero-initialise. */
struct edgel_loss_scratch {
    void *block;
    size_t bytes;
};
EDGEL_API void edgel_loss_scratch_finish(struct edgel_loss_scratch *s);

/*
 * Values of the terms, their weighted sum and its gradient by the logits.
 *
 * terms[nterms], nterms >= 1; a kind may stand twice
 * pool     threads to use
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
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_box_loss(enum edgel_box_loss kind, const double pred[4],
                                                           const double truth[4], double *value, double *grad,
                                                           struct edgel_error *err);

/* --- training: parameters, optimizers, penalties, clipping --- */

/* A part [begin, end) of a flat array of parameters. What is not trainable keeps its value: no step, no penalty, no
 * clipping, no share of the norm. Penalties and weight decay take the decayed parts alone (the weights of convolutions,
 * not biases, not batch normalisation). */
struct edgel_param_range {
    size_t begin, end;
    bool trainable, decayed;
};

/* n parameters and their parts, in increasing order, none overlapping; a parameter in no part is not trainable. */
struct edgel_param_ranges {
    size_t n;
    const struct edgel_param_range *ranges;
    size_t count;
};

/* EDGEL_OK, or EDGEL_EINVAL when the parts are out of order, overlap, or reach beyond n. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_param_ranges_check(const struct edgel_param_ranges *p,
                                                                     struct edgel_error *err);

enum edgel_optimizer_kind {
    EDGEL_OPTIMIZER_GD,
    EDGEL_OPTIMIZER_SGD,
    EDGEL_OPTIMIZER_MOMENTUM,
    EDGEL_OPTIMIZER_NESTEROV,
    EDGEL_OPTIMIZER_RMSPROP,
    EDGEL_OPTIMIZER_ADAM,
    EDGEL_OPTIMIZER_ADAMW
};
enum { EDGEL_OPTIMIZERS = 7, EDGEL_OPTIMIZER_STATE_MAX = 2 };

/*
 * How parameters w follow their gradient g at learning rate lr; t = 1, 2, … is the number of the step. The formulas and
 * the defaults are PyTorch's:
 *
 *   gd, sgd   w -= lr g                             (gd is fed the gradient over the whole set, sgd that of a batch)
 *   momentum  b = momentum b + g;  w -= lr b
 *   nesterov  b = momentum b + g;  w -= lr (g + momentum b)
 *   rmsprop   v = alpha v + (1 - alpha) g^2;  w -= lr g / (sqrt(v) + epsilon)
 *   adam      m += (1 - beta1) (g - m);  v = beta2 v + (1 - beta2) g^2;
 *             w -= lr / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
 *   adamw     w *= 1 - lr weight_decay (decayed parts), then adam
 *
 * State (b; v; m, then v) starts at 0.
 */
struct edgel_optimizer {
    enum edgel_optimizer_kind kind;
    double momentum;     /* 0..1, 1 excluded; momentum, nesterov; default 0.9 (PyTorch has none) */
    double alpha;        /* 0..1, 1 excluded; rmsprop; 0.99 */
    double beta1, beta2; /* 0..1, 1 excluded; adam, adamw; 0.9, 0.999 */
    double epsilon;      /* > 0; rmsprop, adam, adamw; 1e-8 */
    double weight_decay; /* >= 0, decoupled; adamw alone, 0 for the others; 0.01 */
};

/* The settings of a kind, all defaults, and its usual learning rate (0.01 for gd to rmsprop, 0.001 for adam, adamw). */
EDGEL_API struct edgel_optimizer edgel_optimizer_defaults(enum edgel_optimizer_kind kind);
EDGEL_API double edgel_optimizer_default_lr(enum edgel_optimizer_kind kind);

/* "gd", "sgd", …; a static string, NULL if there is no such kind. */
EDGEL_API const char *edgel_optimizer_name(enum edgel_optimizer_kind kind);
/* EDGEL_OK, or EDGEL_EINVAL with the list of names. */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_optimizer_find(const char *name, enum edgel_optimizer_kind *out, struct edgel_error *err);

/* Floats of state per parameter: 0, 1 or 2 (EDGEL_OPTIMIZER_STATE_MAX). */
EDGEL_API int edgel_optimizer_state_floats(enum edgel_optimizer_kind kind);

/* EDGEL_OK, or EDGEL_EINVAL when a setting is out of its range. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_optimizer_check(const struct edgel_optimizer *o,
                                                                  struct edgel_error *err);

/*
 * One step over all trainable parts.
 *
 * t           number of the step, from 1
 * lr          >= 0, finite
 * gradient    [params->n]
 * weights     [params->n], changed
 * state       [edgel_optimizer_state_floats() * params->n], changed: zeros before the first step; the first state of
 *             all parameters, then the second. With t it is all there is to store. NULL where there is none.
 * Returns EDGEL_OK or EDGEL_EINVAL (then nothing is changed). Single precision, each operation rounded, in the order
 * written above, the factors made in double precision; the same bits on every machine and for any number of threads.
 * Source: Kingma, Ba: Adam (2015); Loshchilov, Hutter: Decoupled weight decay (2019); Sutskever et al. (2013);
 * Tieleman, Hinton: RMSProp (2012).
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_optimizer_step(const struct edgel_optimizer *o, const struct edgel_param_ranges *params, uint64_t t,
                     double lr, const float *gradient, float *weights, float *state, struct edgel_pool *pool,
                     struct edgel_error *err);

/*
 * Adds the penalties  l1 sum |w|  +  l2 / 2 sum w^2  of the trainable decayed parts to the loss: their gradient
 * l1 sign(w) + l2 w (sign(0) = 0) is added to gradient[params->n], and their value is returned in *value (may be NULL).
 * So l2 is what PyTorch calls weight_decay; it is added there after clipping. l1, l2: >= 0, finite.
 * Returns EDGEL_OK or EDGEL_EINVAL. Values are summed in double precision; the same bits for any number of threads.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_penalty_add(double l1, double l2, const struct edgel_param_ranges *params, const float *weights,
                  float *gradient, double *value, struct edgel_pool *pool, struct edgel_error *err);

/* Limits each component of the trainable parts of gradient[params->n] to -limit..limit; NaN stays. limit: > 0, finite.
 * Returns EDGEL_OK or EDGEL_EINVAL. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_clip_value(double limit,
                                                             const struct edgel_param_ranges *params,
                                                             float *gradient, struct edgel_pool *pool,
                                                             struct edgel_error *err);

/*
 * Euclidean norm of the trainable parts of gradient[params->n] into *norm, summed in double precision; a norm over
 * limit scales the gradient by limit / (norm + 1e-6), as PyTorch. limit: > 0; INFINITY only measures.
 * A gradient with a value that is not finite has the norm inf or NaN and stays as it is: the caller looks at *norm.
 * Returns EDGEL_OK or EDGEL_EINVAL. The same bits for any number of threads.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_clip_norm(double limit,
                                                            const struct edgel_param_ranges *params,
                                                            float *gradient, double *norm,
                                                            struct edgel_pool *pool, struct edgel_error *err);

/* --- training: learning rate and its end --- */

enum edgel_schedule_kind {
    EDGEL_SCHEDULE_CONSTANT,
    EDGEL_SCHEDULE_STEP,
    EDGEL_SCHEDULE_COSINE,
    EDGEL_SCHEDULE_POLY
};
enum { EDGEL_SCHEDULES = 4 };

/*
 * The learning rate as a factor of the given one, at time t in epochs (a fraction within an epoch):
 *
 *   t < warmup   start + (1 - start) t / warmup; after it, with u = t - warmup and U = total - warmup, u at most U:
 *   constant     1
 *   step         gamma^floor(u / every)
 *   cosine       end + (1 - end) (1 + cos(pi u / U)) / 2
 *   poly         end + (1 - end) (1 - u / U)^power
 *
 * Constant and step do not depend on total, so that a longer run begins as a shorter one does.
 */
struct edgel_schedule {
    enum edgel_schedule_kind kind;
    double total;  /* planned epochs, > warmup; cosine, poly */
    double warmup; /* epochs, >= 0; default 0 */
    double start;  /* 0..1, 0 excluded; 0.01 */
    double every;  /* epochs, > 0; step; 30 */
    double gamma;  /* 0..1, 0 excluded; step; 0.1 */
    double power;  /* 0..10, 0 excluded; poly; 0.9 */
    double end;    /* 0..1; cosine, poly; 0 */
};
EDGEL_API struct edgel_schedule edgel_schedule_defaults(enum edgel_schedule_kind kind, double total);

/* "constant", "step", "cosine", "poly"; a static string, NULL if there is no such kind. */
EDGEL_API const char *edgel_schedule_name(enum edgel_schedule_kind kind);
/* EDGEL_OK, or EDGEL_EINVAL with the list of names. */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_schedule_find(const char *name, enum edgel_schedule_kind *out, struct edgel_error *err);
/* Whether the learning rate depends on the planned length. */
EDGEL_API bool edgel_schedule_uses_total(enum edgel_schedule_kind kind);

/* EDGEL_OK, or EDGEL_EINVAL when a setting that the kind uses is out of its range. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_schedule_check(const struct edgel_schedule *s,
                                                                 struct edgel_error *err);
/* lr times the factor at t >= 0 of a schedule that was checked. The same bits on every machine. */
EDGEL_API double edgel_schedule_lr(const struct edgel_schedule *s, double lr, double t);

/*
 * Early stopping on a watched value. Zero-initialise, then set the first three; what follows is the state, to be stored
 * with a checkpoint.
 */
struct edgel_early_stop {
    int64_t patience; /* epochs without a better value until the end; 0: never */
    double min_delta; /* >= 0: a value is better when it is so by more than this */
    bool minimise;    /* better is smaller (a loss), not larger (a score) */
    int64_t seen;     /* values so far */
    int64_t best_at;  /* which of them was the best, from 1; 0: none yet */
    double best;
};
/* Takes the value of the next epoch; true: it is time to end. A value that is no number is never the best. */
EDGEL_API bool edgel_early_stop_update(struct edgel_early_stop *s, double value);

/* --- training: samples and their augmentation --- */

/* One image with its truth; rows without gaps. Each pixel has a class (label) or a share of the foreground (soft). */
struct edgel_sample {
    int w, h, channels;
    float *image;    /* [channels][h][w], 0..1 */
    uint16_t *label; /* [h][w], class or EDGEL_LABEL_IGNORE; NULL if soft */
    float *soft;     /* [h][w], 0..1, negative: not counted; NULL if hard */
};

/* Memory for a sample, image and truth unset; label and soft say which truth. Returns EDGEL_OK, EDGEL_EINVAL (sides
 * 1..2^20, channels 1..4096), EDGEL_ENOMEM; *s is then zeroed. finish frees and zeroes; a zeroed sample is fine. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_sample_init(struct edgel_sample *s, int w, int h,
                                                              int channels, bool label, bool soft,
                                                              struct edgel_error *err);
EDGEL_API void edgel_sample_finish(struct edgel_sample *s);

/*
 * Random changes of a sample, each by an amount; 0 leaves it out. First one geometric change of image and truth
 * together:
 *
 *   flip, vflip  probability of a mirror image, left-right and top-bottom
 *   turn         probability of a quarter turn by 90, 180 or 270 degrees, each as likely
 *   scale        enlarged by exp(u log(1 + scale)), u in -1..1
 *   rotate       turned clockwise by -rotate..rotate degrees about the centre of the crop
 *   crop         of the size wanted, anywhere within the image, or (centred) in its middle; where the image is smaller,
 *                it lies anywhere, or centred, within the crop
 *
 * Without scale and rotate pixels are copied; else images are sampled bilinearly, labels are those of the nearest
 * pixel, and soft truth is sampled bilinearly, not counted if any pixel with a share in it is not. Beyond its border
 * the image goes on as reflect-101 (... 2 1 0 1 2 ...), and truth is not counted. Then the image v alone:
 *
 *   colour       v_c += colour (L z)_c, z three normal numbers, L L^T the covariance of the training set's colours
 *   brightness   v += u, u in -brightness..brightness
 *   contrast     v = m + (v - m) f, f in 1 - contrast..1 + contrast, m the mean of the changed image
 *   gamma        v = v^exp(u log(1 + gamma)), u in -1..1, of v limited to 0..1
 *   blur         Gaussian of sigma in 0..blur pixels, reflect-101, taps to ceil(3 sigma)
 *   noise        v += s z, z normal for each value, s in 0..noise for the image
 *
 * and v is limited to 0..1 if any of these is on. Ranges are drawn from evenly. Each change draws from a stream of its
 * own: one more of them leaves the others as they are. resample does not change samples: see edgel_resample_weights().
 */
struct edgel_augment {
    double flip, vflip, turn, rotate, scale;
    double brightness, contrast, gamma, noise, blur, colour;
    double resample;
    bool centred;
    double covariance[3][3]; /* for colour; the first [channels][channels] of it are used */
};

/* Name, default amount and largest amount of each change, in the order of the text form; NULL name: there is no
 * i-th. */
struct edgel_augment_info {
    const char *name, *what;
    double amount, most;
};
EDGEL_API struct edgel_augment_info edgel_augment_info(int i);

/*
 * Reads the text form NAME[:AMOUNT],... ("flip,rotate:10"): sets the amounts named, those without AMOUNT to their
 * defaults, and the rest of *out to 0. "" sets none. EDGEL_EINVAL for an unknown name (with the list), a name given
 * twice, or an amount out of its range.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_augment_parse(const char *text, struct edgel_augment *out,
                                                                struct edgel_error *err);
/* EDGEL_OK, or EDGEL_EINVAL: an amount out of its range, colour without a covariance. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_augment_check(const struct edgel_augment *a,
                                                                struct edgel_error *err);

/* Working memory of edgel_augment(), one per thread; holds no results between calls. create returns NULL when out of
 * memory; destroying NULL is fine. */
struct edgel_augment_scratch;
EDGEL_API EDGEL_NODISCARD struct edgel_augment_scratch *edgel_augment_scratch_create(void);
EDGEL_API void edgel_augment_scratch_destroy(struct edgel_augment_scratch **scratch);

/*
 * Changes one sample at random.
 *
 * seed   all that is random is a function of it and of the inputs: mix run, epoch and index of the sample into it
 * in     sides 1..2^20, channels 1..4096 (with colour: 1..3)
 * out    w, h: the crop wanted; channels as in; the memory is the caller's, not that of in; truth of the kinds in has
 * Returns EDGEL_OK, EDGEL_EINVAL or EDGEL_ENOMEM. The same bits on every machine.
 * Source: Krizhevsky et al. (2012) for the colour noise.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_augment(const struct edgel_augment *a, uint64_t seed, const struct edgel_sample *in,
              struct edgel_sample *out, struct edgel_augment_scratch *scratch, struct edgel_error *err);

/*
 * Weights by which images with rare classes are drawn more often: sum_c p_c / P_c^amount, p_c the share of class c in
 * the counted pixels of the image, P_c in those of all images, divided so that the mean is 1. An image without counted
 * pixels has weight 0.
 *
 * histograms  [n][classes], pixels of each class
 * amount      0..1; 0: equal weights, 1: all classes count the same
 * weights     [n], out
 * Returns EDGEL_OK; EDGEL_EINVAL when amount is out of range or no image has counted pixels; EDGEL_ENOMEM.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_resample_weights(const int64_t *histograms, size_t n,
                                                                   int classes, double amount,
                                                                   double *weights, struct edgel_error *err);

/*
 * The order of an epoch of n samples into order[n]: a random permutation of 0..n-1, or with weights[n] (not NULL) a
 * draw where sample i comes up n weights_i / sum times, rounded down or up at random so that the mean is exact.
 * A function of seed and weights. Returns EDGEL_OK, or EDGEL_EINVAL when a weight is negative or not finite, or all are
 * 0.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_epoch_order(size_t n, const double *weights, uint64_t seed,
                                                              size_t *order, struct edgel_error *err);

/* --- training: the trainer --- */

struct edgel_model;

/*
 * The data of a training. Samples are loaded by index whenever they are needed, from several threads at once, and
 * always with the same content.
 *
 * load    makes a sample (edgel_sample_init): image planes of 0..1, as many as the model takes, not normalised, and
 *         labels (below the number of outputs, 2 for one output; or EDGEL_LABEL_IGNORE) or soft targets (one output),
 *         the same for all samples. The trainer finishes it.
 */
struct edgel_train_data {
    void *user;
    size_t ntrain, nval; /* ntrain > 0; without validation samples the watched value is the training loss */
    enum edgel_status (*load)(void *user, bool validation, size_t index, struct edgel_sample *out,
                              struct edgel_error *err);
};

/* What is known of samples before the first step. */
struct edgel_survey {
    size_t n;
    int classes, channels;
    bool soft;                /* samples have soft targets; pixels of 0.5 and more are counted as class 1 */
    int *w, *h;               /* [n] */
    int64_t *pixels;          /* [n][classes]: pixels of each class */
    int64_t *ignored;         /* [n]: pixels that are not counted */
    int64_t *total;           /* [classes]: sums of pixels; 0: a class that never occurs */
    double *mean, *deviation; /* [channels] over the pixels of all images; deviation at least 1e-6 */
    double covariance[3][3];  /* of the first three channels; 0 for those that are not there */
};
/*
 * Loads every sample of training (or validation) once and counts. classes: labels are below it, >= 2.
 * Returns EDGEL_OK; what load returned, for the first bad sample; EDGEL_EINVAL, which names the sample, for a label or
 * a number of channels out of range, labels as well as soft targets; EDGEL_ENOMEM. *out is finished by the caller, also
 * after a failure. The same numbers for any number of threads.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_survey_make(const struct edgel_train_data *data, bool validation, int classes, int channels,
                  struct edgel_pool *pool, struct edgel_survey *out, struct edgel_error *err);
EDGEL_API void edgel_survey_finish(struct edgel_survey *s);

/* What is watched over the validation samples. */
enum edgel_monitor { EDGEL_MONITOR_IOU, EDGEL_MONITOR_F1, EDGEL_MONITOR_ACCURACY, EDGEL_MONITOR_LOSS };
/* "iou", "f1", "accuracy", "loss"; a static string, NULL if there is no such one. */
EDGEL_API const char *edgel_monitor_name(enum edgel_monitor m);
/* EDGEL_OK, or EDGEL_EINVAL with the list of names. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_monitor_find(const char *name, enum edgel_monitor *out,
                                                               struct edgel_error *err);

/* When running estimates of batch normalisation are made anew, as plain averages over one pass through the training
 * samples with the weights of that moment: never (they run along), once at the end for the best weights, or before each
 * validation. */
enum edgel_recompute { EDGEL_RECOMPUTE_NEVER, EDGEL_RECOMPUTE_END, EDGEL_RECOMPUTE_EPOCH };

enum { EDGEL_TRAIN_BATCH_MAX = 4096, EDGEL_TRAIN_CROPS_MAX = 10000, EDGEL_TRAIN_TERMS_MAX = 16 };

/*
 * How to train. An epoch is a number of batches of samples in an order drawn anew: all samples, `crops` times each, or
 * as many as `steps` batches hold. Only the last batch of an epoch without `steps` may be smaller; its loss and
 * gradient are means over its own valid pixels. With gd an epoch is one step along the gradient of all its batches,
 * each weighted by its valid pixels.
 */
struct edgel_train_params {
    const struct edgel_loss_term *terms;  /* the loss: their weighted sum */
    int nterms;                           /* 1..EDGEL_TRAIN_TERMS_MAX */
    const struct edgel_loss_params *loss; /* class weights and smoothing; NULL: EDGEL_LOSS_DEFAULTS */
    struct edgel_optimizer optimizer;
    double lr;                      /* >= 0 */
    struct edgel_schedule schedule; /* over epochs; the lr of a step is that at its begin */
    double l1, l2;                  /* >= 0; see edgel_penalty_add */
    double clip_value, clip_norm;   /* > 0, INFINITY: none; in this order, before penalties */
    double dropout;                 /* 0..0.95: of all dropout layers; negative: what the architecture says */
    const struct edgel_augment *augment; /* NULL: none; its resample chooses the samples of an epoch */
    int batch;                           /* 1..EDGEL_TRAIN_BATCH_MAX */
    /* Sides of what is trained on; 0 and 0: whole images, those smaller than the largest width and height filled up
     * with pixels that are not counted. */
    int crop_w, crop_h;
    int crops;      /* of each sample in an epoch without steps, 1..EDGEL_TRAIN_CROPS_MAX */
    int64_t steps;  /* of an epoch; 0: as many as all samples need */
    int64_t epochs; /* in all, those before a resume counted; >= 0 */
    /* > 0, of one run; INFINITY: none. No epoch begins that would not end in time, as the one before tells, and one
     * that takes longer all the same is cut, so that its validation ends in time. A validation that takes longer yet is
     * given up once there is a best model: the epoch is then not done, and a resume validates it or goes on with it.
     * What EDGEL_RECOMPUTE_END does comes on top. */
    double max_seconds;
    int64_t patience; /* epochs without a better value before the end; 0: no early end */
    double min_delta; /* >= 0: a value is better when it is so by more than this */
    enum edgel_monitor monitor;
    int first_scored; /* classes before it are not in the means of IoU and F1: 1 leaves out the background */
    enum edgel_recompute recompute; /* other than NEVER: some batch normalisation is not frozen */
    /* 0..1, 1 excluded: what is validated and kept as best are not the weights but their average a = ema a + (1 - ema)
     * w after each step; 0: the weights. */
    double ema;
    /* Beginnings of names of layers that keep their parameters, then NULL; or NULL. Each is that of a layer with
     * parameters. */
    const char *const *freeze;
    uint64_t seed;             /* of order, augmentation and dropout */
    double checkpoint_seconds; /* > 0, between checkpoints within an epoch; INFINITY: only at its end */
};
/* terms and nterms are the caller's. */
#define EDGEL_TRAIN_DEFAULTS                                                                      \
    {                                                                                             \
        .optimizer = { .kind = EDGEL_OPTIMIZER_ADAM,                                              \
                       .momentum = 0.9,                                                           \
                       .alpha = 0.99,                                                             \
                       .beta1 = 0.9,                                                              \
                       .beta2 = 0.999,                                                            \
                       .epsilon = 1e-8 },                                                         \
        .lr = 1e-3,                                                                               \
        .schedule = { .kind = EDGEL_SCHEDULE_CONSTANT,                                            \
                      .total = 100,                                                               \
                      .start = 0.01,                                                              \
                      .every = 30,                                                                \
                      .gamma = 0.1,                                                               \
                      .power = 0.9 },                                                             \
        .clip_value = (double)INFINITY, .clip_norm = (double)INFINITY, .dropout = -1, .batch = 8, \
        .crops = 1, .epochs = 100, .max_seconds = (double)INFINITY, .monitor = EDGEL_MONITOR_IOU, \
        .checkpoint_seconds = 60                                                                  \
    }

/* One row of the record of a training. What does not exist is NaN. */
struct edgel_epoch {
    int64_t epoch;                       /* from 1 */
    int64_t steps;                       /* batches of it that were done */
    double lr;                           /* of its last step */
    double train_loss;                   /* mean over its batches; penalties are not in it */
    double terms[EDGEL_TRAIN_TERMS_MAX]; /* the terms of train_loss, not weighted */
    double penalty;                      /* of l1 and l2, mean over its steps */
    double gradient_norm;                /* the largest before clipping */
    double val_loss;                     /* mean over the validation samples with valid pixels */
    int classes;                         /* at least 2 */
    const uint64_t *confusion; /* [truth][prediction] of validation, valid until the call returns, or NULL */
    double accuracy, iou,
        f1; /* of validation: over all pixels; means over the classes that occur in truth or prediction */
    double watched;              /* the monitor's value */
    bool best;                   /* better than all before */
    int64_t since_best;          /* epochs */
    double seconds, val_seconds; /* spent on training, on validation */
    double images_per_second;    /* of training */
};

struct edgel_step {
    int64_t epoch, step; /* just done, from 1 */
    int64_t epochs, steps;
    double loss, lr;
    double images_per_second; /* of this epoch in this run */
    double seconds;           /* of this run */
};

enum edgel_save { EDGEL_SAVE_BEST, EDGEL_SAVE_LAST };
enum edgel_train_end { EDGEL_TRAIN_EPOCHS, EDGEL_TRAIN_PATIENCE, EDGEL_TRAIN_TIME, EDGEL_TRAIN_STOPPED };

/* What a trainer tells, on the thread that runs it. Each may be NULL. */
struct edgel_train_events {
    void *user;
    void (*step_done)(void *user, const struct edgel_step *step);
    void (*epoch_done)(void *user, const struct edgel_epoch *row);
    /* Asked after each step, validation sample and batch of running estimates; true: write a checkpoint and return. */
    bool (*stop)(void *user);
    /* BEST: the model file of the best weights, whenever there are better ones, before epoch_done. LAST: the model file
     * of the last weights with all that a resume needs, after epoch_done, now and then within an epoch, and after stop.
     * A failure ends the run. */
    enum edgel_status (*save)(void *user, enum edgel_save kind, const void *bytes, size_t size,
                              struct edgel_error *err);
};

struct edgel_trainer;

/*
 * model    trained in place, from the weights it has when the first run begins; must outlive the trainer, as params,
 *          data and what they point to must
 * survey   of the training samples, or NULL: made here when it is needed
 * Returns EDGEL_OK; EDGEL_EINVAL with the value and the rule; EDGEL_ENOMEM; what loading returned.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_trainer_create(struct edgel_model *model, const struct edgel_train_params *params,
                     const struct edgel_train_data *data, const struct edgel_survey *survey,
                     struct edgel_pool *pool, struct edgel_trainer **out, struct edgel_error *err);
EDGEL_API void edgel_trainer_destroy(struct edgel_trainer **t);

/*
 * Trains until params->epochs are done, the patience or the time is over, or stop says true: *end tells (may be NULL).
 * model then holds the last weights. A stopped trainer may run on.
 * Returns EDGEL_OK; EDGEL_EINTERRUPTED after stop; EDGEL_EINVAL with epoch and step when loss or gradient are not
 * finite: model then holds the weights at the end of the epoch before; what load and save returned; EDGEL_ENOMEM.
 * Weights, rows and saved bytes are the same for any number of threads and any CPU level, seconds aside.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_trainer_run(struct edgel_trainer *t,
                                                              const struct edgel_train_events *events,
                                                              enum edgel_train_end *end,
                                                              struct edgel_error *err);
/* Puts the best weights so far into model, the trainer's own or a copy of it; false if there are none yet. */
EDGEL_API bool edgel_trainer_best(const struct edgel_trainer *t, struct edgel_model *model);
/* Epochs that are done, and steps of the one that is not. */
EDGEL_API void edgel_trainer_position(const struct edgel_trainer *t, int64_t *epochs, int64_t *steps);

/*
 * The bytes of EDGEL_SAVE_LAST as of now, to be freed with edgel_model_free(): a model file (edgel_model_decode) with
 * the trainer's state as tensors "train.*" and what shaped its steps as the note "training". EDGEL_OK or EDGEL_ENOMEM;
 * EDGEL_EINVAL when weights are not finite.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_trainer_encode(const struct edgel_trainer *t,
                                                                 unsigned char **bytes, size_t *size,
                                                                 struct edgel_error *err);
/*
 * Goes on from such bytes as if there had been no break, weights included. Number of epochs, patience, limits of time
 * may be others than before; what shapes the steps may not, nor the pixels of each class in a survey: the text names
 * the first that differs.
 * The bytes are not trusted; name is for messages. Returns EDGEL_OK; EDGEL_EFORMAT for no model file, one without a
 * state, or one of another network; EDGEL_EINVAL for other params, ids of classes or labels; EDGEL_ENOMEM. The trainer
 * is as new after a failure.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_trainer_resume(struct edgel_trainer *t, const void *bytes,
                                                                 size_t size, const char *name,
                                                                 struct edgel_error *err);

/*
 * Layer-wise pre-training. Stage k begins with the k-th convolution (transposed ones included) in the order of the
 * network that does not follow another one directly, so that a separable convolution is one stage, and ends before the
 * next; the last, which makes the classes, is left out. Each stage is trained for `epochs` under a 1x1 convolution to
 * the classes, enlarged to the size of the image, all stages before it frozen; this convolution is then thrown away. In
 * the end model holds the weights of all stages; train it as usual then.
 * Of params, the schedule, freeze, patience, recompute and ema do not count, validation samples are not looked at, and
 * max_seconds is for all stages together. An interrupted pre-training starts anew. events: save is not called.
 * stage_begins may be NULL; stage counts from 1, layer is the name of its convolution. *end (may be NULL):
 * EDGEL_TRAIN_EPOCHS, or EDGEL_TRAIN_TIME where the time did not do for all stages. Returns what edgel_trainer_run
 * does.
 * Source: Bengio et al. 2007, "Greedy layer-wise training of deep networks".
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_pretrain_layerwise(struct edgel_model *model, const struct edgel_train_params *params, int64_t epochs,
                         const struct edgel_train_data *data, const struct edgel_survey *survey,
                         struct edgel_pool *pool, const struct edgel_train_events *events,
                         void (*stage_begins)(void *user, int stage, int stages, const char *layer),
                         enum edgel_train_end *end, struct edgel_error *err);

/* --- model --- : a network with its parameters and all that is needed to run it */

enum {
    EDGEL_MODEL_OUTPUTS_MAX = 4096,   /* channels that a network makes */
    EDGEL_MODEL_FLOATS_MAX = 1 << 28, /* parameters and running estimates together */
    EDGEL_MODEL_STRING_MAX = 1 << 16, /* bytes of a class name, key or note */
    EDGEL_MODEL_NOTES_MAX = 1000,
    EDGEL_MODEL_ID_MAX = 65534
};

/*
 * Input: images of in_channels values per pixel, 0..1, of which the network sees (x - mean) / deviation. Output: one
 * logit per pixel and class; probabilities are sigmoid of the one (1 output), or softmax over all (2 and more). The
 * output has the size of the image.
 */
struct edgel_model;

/* What the truth was that the model learned, and so what its masks stand for. */
enum edgel_model_labels {
    EDGEL_MODEL_IDS,     /* every pixel has the id of one class */
    EDGEL_MODEL_BINARY,  /* foreground or not */
    EDGEL_MODEL_BOUNDARY /* on a contour or not, by several annotators */
};
/* "ids", "binary", "boundary"; a static string. */
EDGEL_API const char *edgel_model_labels_name(enum edgel_model_labels labels);

struct edgel_model_class {
    int id;           /* 0..EDGEL_MODEL_ID_MAX: value in masks */
    const char *name; /* 1 byte or more, no control characters */
};

struct edgel_model_params {
    const char *text; /* architecture; edgel_preset() has some */
    size_t size;      /* bytes of text */
    const char *name; /* of the text in messages */
    int outputs;      /* 1..EDGEL_MODEL_OUTPUTS_MAX: what `out=classes` means */
    enum edgel_init init;
    uint64_t seed; /* starting weights are a function of it and the architecture */
};

/*
 * Makes a model with starting weights. Labels are ids (1 output: binary), classes have ids 0, 1, ... and names "class
 * 0", ... (1 output: id 1, "foreground"), mean is 0, deviation 1, threshold 0.5, there are no notes.
 *
 * *out  NULL on failure; the caller destroys it
 * Returns EDGEL_OK; EDGEL_EFORMAT: the text is no architecture; EDGEL_EINVAL: outputs out of range, the last layer is a
 * softmax or sigmoid or makes another number of channels, or an output whose size is not that of the image;
 * EDGEL_ELIMIT: more than EDGEL_MODEL_FLOATS_MAX floats; EDGEL_ENOMEM.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_model_create(const struct edgel_model_params *params,
                                                               struct edgel_model **out,
                                                               struct edgel_error *err);
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_model_copy(const struct edgel_model *model, struct edgel_model **out, struct edgel_error *err);
EDGEL_API void edgel_model_destroy(struct edgel_model **model); /* NULL is fine */

/* What a model is. Pointers live until the model is changed or destroyed. */
struct edgel_model_info {
    int in_channels, outputs, layers; /* layers: the input not counted */
    size_t params, buffers; /* floats that are trained, and running estimates of batch normalisation */
    bool sigmoid;           /* one output; else softmax */
    bool drops;             /* has layers of dropout */
    int stages;             /* that edgel_pretrain_layerwise() would train */
    enum edgel_model_labels labels;
    double threshold;                        /* one output: foreground from this probability on, 0..1 */
    const struct edgel_model_class *classes; /* [outputs] */
    const double *mean, *deviation;          /* [in_channels] */
};
EDGEL_API void edgel_model_describe(const struct edgel_model *model, struct edgel_model_info *out);
/* The architecture as text that edgel_model_create() reads, attributes that are not the default spelled out; to be
 * freed with edgel_model_free(). NULL: out of memory. */
EDGEL_API char *edgel_model_text(const struct edgel_model *model);
EDGEL_API void edgel_model_free(void *text_or_bytes); /* NULL is fine */

/* Each takes copies. EDGEL_EINVAL: a value that is not allowed, with the rule; EDGEL_ENOMEM. The model is then as it
 * was. */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_model_set_classes(struct edgel_model *model, const struct edgel_model_class *classes, int count,
                        struct edgel_error *err); /* count == outputs, ids differ */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_model_set_normalisation(struct edgel_model *model, const double *mean, const double *deviation,
                              int count,
                              struct edgel_error *err); /* count == in_channels; deviation >= 1e-6 */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_model_set_labels(struct edgel_model *model, enum edgel_model_labels labels, struct edgel_error *err);
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_model_set_threshold(struct edgel_model *model, double threshold, struct edgel_error *err); /* 0..1 */

/* Free text under a key, kept in model files: how the model was trained. A NULL value takes the note out. Keys that
 * files use themselves (architecture, classes, ...) are EDGEL_EINVAL. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_model_set_note(struct edgel_model *model, const char *key,
                                                                 const char *value, struct edgel_error *err);
/* NULL: no such note; and the k-th key, NULL after the last. */
EDGEL_API const char *edgel_model_note(const struct edgel_model *model, const char *key);
EDGEL_API const char *edgel_model_note_key(const struct edgel_model *model, int k);

/* What one layer is on an image. Strings live as long as the model. */
struct edgel_layer {
    const char *name, *op;
    char text[160];     /* inputs and attributes as the architecture spells them: "fine up", "out=16 k=3" */
    int channels, h, w; /* of what it makes */
    size_t params;
    double macs; /* multiply-adds */
    int field;   /* sides of the square of pixels that one of its values depends on; 0: more than 2^20 */
};
/* Fills out[layers + 1], the input first, for an image of w x h. EDGEL_EINVAL: the network cannot take this size;
 * EDGEL_ENOMEM. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_model_layers(const struct edgel_model *model, int w, int h,
                                                               struct edgel_layer *out,
                                                               struct edgel_error *err);
/* Bytes that a predictor without pool needs for it in one piece. As edgel_model_layers(). */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_model_memory(const struct edgel_model *model, int w, int h,
                                                               size_t *bytes, struct edgel_error *err);

/*
 * Fine-tuning: takes the arrays (weights, biases, running estimates) of `from` whose name and shape are those of an
 * array of the model; others, such as a head for another number of classes, stay as they are.
 */
struct edgel_model_taken {
    int arrays, arrays_taken;
    size_t floats, floats_taken;
    char left[160]; /* the first array that was not taken and why, or "" */
};
EDGEL_API void edgel_model_take(struct edgel_model *model, const struct edgel_model *from,
                                struct edgel_model_taken *taken);

/*
 * A model file is safetensors: an array of each layer is the F32 tensor LAYER.ARRAY (conv1.weight), shaped and ordered
 * as in PyTorch, and __metadata__ holds format "edgel.model/1", architecture, classes, mean, std, head, labels,
 * threshold and the notes.
 *
 * encode  *bytes is to be freed with edgel_model_free(). EDGEL_EINVAL: a parameter that is NaN or infinite;
 *         EDGEL_ENOMEM
 * decode  untrusted bytes; name is for messages. EDGEL_EFORMAT: malformed, or tensors that are not those of the
 *         architecture, or a value that is not finite; EDGEL_EINVAL, EDGEL_ELIMIT as edgel_model_create();
 *         EDGEL_EUNSUPPORTED: no model of edgel, or of a later version; EDGEL_ENOMEM. Tensors named "train.*" are
 *         passed over.
 * Source: https://github.com/huggingface/safetensors
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_model_encode(const struct edgel_model *model,
                                                               unsigned char **bytes, size_t *size,
                                                               struct edgel_error *err);
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_model_decode(const void *bytes, size_t size,
                                                               const char *name, struct edgel_model **out,
                                                               struct edgel_error *err);

/* --- running a model --- */

/*
 * A model made ready to run: batch normalisation is folded into convolutions, so that logits differ from those of the
 * layers one by one by rounding alone. Not for several threads at once; each thread may have its own.
 */
struct edgel_predictor;

struct edgel_predictor_params {
    struct edgel_pool
        *pool; /* threads within an image, must outlive the predictor; NULL: the caller's thread alone */
    /* Memory of a run. An image that needs more is cut into tiles that overlap by what their outputs depend on; the
     * results are the same bits. */
    size_t max_bytes;
};
#define EDGEL_PREDICTOR_DEFAULTS \
    {                            \
        NULL, (size_t)1 << 30    \
    }

/* The model is copied. EDGEL_ENOMEM; *out is NULL then. Destroying NULL is fine. */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_predictor_create(const struct edgel_model *model, const struct edgel_predictor_params *params,
                       struct edgel_predictor **out, struct edgel_error *err);
EDGEL_API void edgel_predictor_destroy(struct edgel_predictor **predictor);

/* One image, read and written by parts. */
struct edgel_predict_io {
    int w, h;
    bool logits; /* write gets logits instead of probabilities */
    void *user;
    /* Fills planar[in_channels][h][w] with the values 0..1 of a part of the image. Parts may overlap. */
    void (*read)(void *user, int x, int y, int w, int h, float *planar);
    /* Takes planar[outputs][h][w] of a part; the parts cover the image once. A status other than EDGEL_OK ends the run
     * and is what it returns. */
    enum edgel_status (*write)(void *user, int x, int y, int w, int h, const float *planar,
                               struct edgel_error *err);
};
/*
 * Probabilities: 1 / (1 + e^-x) of the logit (1 output); else with m the largest logit of the pixel, e^(x_k - m)
 * divided by their sum over the classes.
 *
 * Returns EDGEL_OK; what write returned; EDGEL_EINVAL: a size that the network cannot take, or of which it makes
 * another; logits that are not finite;
 * EDGEL_ELIMIT: max_bytes are not enough for any tile; EDGEL_EUNSUPPORTED: tiles are needed, and layers of the network
 * do not keep step; EDGEL_ENOMEM. The same bits for every max_bytes, number of threads and CPU level.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_predictor_run(struct edgel_predictor *predictor,
                                                                const struct edgel_predict_io *prediction,
                                                                struct edgel_error *err);
/* The same from image[in_channels][h][w] to out[outputs][h][w]. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_predict(struct edgel_predictor *predictor,
                                                          const float *image, int w, int h, bool logits,
                                                          float *out, struct edgel_error *err);

/*
 * The class of n pixels by their logits [outputs][plane]: that of the largest, the first of equals. With one output it
 * is 1 where the logit is at least log(T / (1 - T)), rounded to float, T the threshold, and else 0: with T = 0 it is 1
 * everywhere, with T = 1 nowhere. So classes are decided in validation and masks. Logits are finite.
 */
EDGEL_API void edgel_logit_classes(const float *logits, size_t plane, int outputs, double threshold, size_t n,
                                   uint16_t *classes);

/* --- objects of a mask --- */

/* A component: pixels of one label that are joined by sides or corners. */
struct edgel_component {
    int label;
    int64_t area;
    int x, y, w, h; /* the box around it */
    double cx, cy;  /* mean of its pixels' coordinates, which are whole numbers in their centres */
};
/*
 * Components of labels[h][w] other than background (-1: all labels count), numbered 1, 2, ... by their first pixel in
 * reading order; numbers[h][w] are those of the pixels, 0 background.
 *
 * *out  [*n], component k at k - 1, freed with edgel_model_free()
 * Returns EDGEL_OK; EDGEL_EINVAL: a side below 1 or 2^32 - 1 pixels and more; EDGEL_ENOMEM.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_components(const uint16_t *labels, int w, int h,
                                                             int background, uint32_t *numbers,
                                                             struct edgel_component **out, size_t *n,
                                                             struct edgel_error *err);

/* --- ONNX --- */

struct edgel_onnx_params {
    bool logits;   /* the output is "logits", not "probabilities" */
    bool unfolded; /* batch normalisation stays a node of its own */
};
/*
 * The model as an ONNX graph (operator set 13, IR version 8), which runs elsewhere: input "image", float
 * [N][in_channels] [H][W] of 0..1, normalised within the graph; output [N][outputs][H][W]; classes, labels and
 * threshold as metadata.
 *
 * *bytes  to be freed with edgel_model_free()
 * Returns EDGEL_OK; EDGEL_EUNSUPPORTED: a layer that has no form in ONNX; EDGEL_ENOMEM.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_model_onnx(const struct edgel_model *model,
                                                             const struct edgel_onnx_params *params,
                                                             unsigned char **bytes, size_t *size,
                                                             struct edgel_error *err);

#ifdef __cplusplus
}
#endif

#endif
