/* losses.h: losses as rows. A loss is its row and what the row names; losses.c lists the rows, and loss.c runs those of
 * a batch. Adding one is a file with its row, its kind in edgel/nn_loss.h and its name in the list.
 *
 * A row has one of three functions, which say what its value is:
 *
 *   pixels    a sum over pixels and classes, divided by a sum of weights
 *   sums      a function of sum p t, sum p and sum t of each class over the batch; the mean over the classes that occur
 *   planes    a function of all p of a class; the mean over the classes that occur */
#ifndef EDGEL_LOSSES_H
#define EDGEL_LOSSES_H

#include "nn/kernels/loss_priv.h"

/* --- numbers that losses take: fields of struct edgel_loss_params --- */

enum nn_loss_param {
    NN_LOSS_SMOOTH,
    NN_LOSS_SMOOTH_BETA,
    NN_LOSS_FOCAL_GAMMA,
    NN_LOSS_TVERSKY_ALPHA,
    NN_LOSS_TVERSKY_BETA,
    NN_LOSS_CLDICE_STEPS,
    NN_LOSS_BORDER_WEIGHT,
    NN_LOSS_BORDER_SIGMA,
    NN_LOSS_PARAMS
};
struct nn_loss_number {
    struct edgel_loss_param info;
    const char *note; /* in the note of settings of a checkpoint */
    bool always;      /* there whether a loss takes it or not */
    size_t at;        /* in struct edgel_loss_params */
};
const struct nn_loss_number *nn_loss_number(int i); /* NULL past the last */
double nn_loss_number_of(const struct edgel_loss_params *p, int i);

/* --- rows --- */

struct nn_class_sums {                /* of one class over the batch */
    double both, probability, target; /* sum p t, sum p, sum t > 0 */
};

/* What the sum of a loss over pixels is divided by. */
enum nn_loss_over { NN_OVER_BOTH /* sum w_1 t + w_0 (1 - t) */, NN_OVER_TARGETS /* sum w_1 t */ };

/* Whether the gradient by the logits is made in one step with that of the softmax or the sigmoid (struct
 * loss_kernels). */
enum nn_loss_joins { NN_JOINS_SOFTMAX = 1, NN_JOINS_SIGMOID = 2 };

struct nn_loss {
    enum edgel_loss kind;
    const char *name, *what;
    const struct nn_loss *one_class; /* the loss it is when there is one class; NULL: itself */
    bool weighted;                   /* class weights and balance hold for it */
    unsigned numbers;                /* 1 << enum nn_loss_param of those it takes */

    /* The sum over the pixels of a row and its classes. */
    double (*pixels)(const struct loss_kernels *k, const struct loss_row *row,
                     const struct edgel_loss_params *p);
    enum nn_loss_over over;
    /* Of pixels, those that apply. by_probability: row->q += scale dL/dp. by_logit: row->direct += scale dL/dx, not
     * called where it joins. */
    void (*by_probability)(const struct loss_kernels *k, const struct loss_row *row,
                           const struct edgel_loss_params *p, float scale);
    void (*by_logit)(const struct loss_kernels *k, const struct loss_row *row,
                     const struct edgel_loss_params *p, float scale);
    unsigned joins;
    /* Weights of the pixels of sample n, which row->map then is, from its truth. memory: weigh_bytes. NULL: none. */
    void (*weigh)(const struct edgel_loss_batch *b, const struct edgel_loss_params *params, int n,
                  void *memory, float *map);
    size_t (*weigh_bytes)(const struct edgel_loss_batch *b);

    /* The value of one class. Its gradient times weight, dL/dp = slope0 + slope_t t, is added to *slope0, *slope_t. */
    double (*sums)(const struct nn_class_sums *s, const struct edgel_loss_params *p, double weight,
                   double *slope0, double *slope_t);

    /* The value of class c from p [n][classes][pixels], and its dL/dp into gradient (same layout, 0 where ignored;
     * NULL: none). memory: planes_bytes. Returns false, and a gradient of 0, if the class does not occur. */
    bool (*planes)(const struct edgel_loss_batch *b, const struct edgel_loss_params *params, int c,
                   const float *p, float *gradient, void *memory, double *value);
    size_t (*planes_bytes)(const struct edgel_loss_batch *b, const struct edgel_loss_params *params);
    /* What else must hold of a batch; NULL: nothing. */
    enum edgel_status (*check)(const struct edgel_loss_batch *b, struct edgel_error *err);
};

const struct nn_loss *nn_loss_row(int kind); /* NULL: there is none */
/* Every number within its range; EDGEL_EINVAL names the one that is not. */
EDGEL_NODISCARD enum edgel_status nn_loss_check_numbers(const struct edgel_loss_params *p,
                                                        struct edgel_error *err);

/* For losses that look at neighbours. */
EDGEL_NODISCARD static inline enum edgel_status
nn_loss_check_width(const char *name, const struct edgel_loss_batch *b, struct edgel_error *err)
{
    if (b->w < 1 || b->pixels % (size_t)b->w != 0 || b->pixels > INT32_MAX)
        return edgel_fail(err, EDGEL_EINVAL,
                          "w %d: %s needs the pixels of a row, a divisor of the %zu pixels", b->w, name,
                          b->pixels);
    return EDGEL_OK;
}

/* The rows. loss_pixels.c: */
extern const struct nn_loss nn_loss_ce, nn_loss_bce, nn_loss_l1, nn_loss_l2, nn_loss_smoothl1;
/* loss_overlap.c: */
extern const struct nn_loss nn_loss_iou, nn_loss_dice, nn_loss_tversky;
/* each in its file: */
extern const struct nn_loss nn_loss_focal, nn_loss_border, nn_loss_lovasz, nn_loss_cldice;

#endif
