/* loss_priv.h: losses row by row. A row is a run of up to LOSS_ROW pixels of one sample, all classes of it; its buffers
 * stay in the first-level cache on the way from logits to values or gradients. */
#ifndef EDGEL_LOSS_PRIV_H
#define EDGEL_LOSS_PRIV_H

#include "core/core_priv.h"
#include "edgel/nn.h"

enum { LOSS_ROW = 512, LOSS_CHUNK = 32 * LOSS_ROW /* pixels of one sum */ };

struct loss_row {
    int n, classes;
    const float *x; /* logits, x_stride from class to class */
    size_t x_stride;
    float *p; /* probabilities, replaced by the gradient of x; p_stride from class to class */
    size_t p_stride;
    const float *map;     /* [n]: weights of the pixels for the loss at work; NULL: none */
    size_t pixel;         /* its first one, counted in the batch */
    size_t offset;        /* of its first pixel in arrays laid out as the logits of the batch */
    const float *w0, *w1; /* [classes]: weights of what is not and what is the class */
    float *t, *q;         /* [classes][LOSS_ROW]: targets, 0 where ignored; dL/dp */
    float *direct;        /* [classes][LOSS_ROW]: dL/dx of losses of logits, but that of the head */
    float *valid;         /* [LOSS_ROW]: 1, or 0 where ignored */
    float *max, *logsum;  /* [LOSS_ROW] of softmax: log p_c = x_c - max - logsum */
    float *temp, *temp2;  /* [LOSS_ROW] */
};

/* Loss of d = p - t alone; forward returns sum v f(d), backward adds scale v f'(d) to q. */
struct loss_distance {
    double (*forward)(const struct loss_row *r, float beta);
    void (*backward)(const struct loss_row *r, float beta, float scale);
};

/* Row kernels; the C variant defines what the others compute. Sums go to 16 doubles in turn, then these in order. */
struct loss_kernels {
    struct edgel_numeric numeric;
    /* valid and t, from labels [n] or from soft targets laid out as x */
    void (*labels)(const struct loss_row *r, const uint16_t *labels);
    void (*soft)(const struct loss_row *r, const float *soft);
    /* p (and max, logsum), as if the logits of ignored pixels were 0 */
    void (*softmax)(const struct loss_row *r, const struct edgel_numeric *f);
    void (*sigmoid)(const struct loss_row *r, const struct edgel_numeric *f);
    double (*ce)(const struct loss_row *r);
    double (*bce)(const struct loss_row *r, const struct edgel_numeric *f);
    /* both[c] += sum p t, probability[c] += sum p */
    void (*overlap)(const struct loss_row *r, double *both, double *probability);
    struct loss_distance l1, l2, smoothl1;
    /* q = a[c] + b[c] t */
    void (*linear)(const struct loss_row *r, const float *a, const float *b);
    /* q += scale * plane, which is laid out as x */
    void (*add_plane)(const struct loss_row *r, const float *plane, float scale);
    /* p -> ce * dCE/dx + sum dL/dp dp/dx; q is left out if not with_q */
    void (*softmax_gradient)(const struct loss_row *r, float ce, bool with_q);
    void (*sigmoid_gradient)(const struct loss_row *r, float bce, bool with_q);
    /* direct += bce * dBCE/dx */
    void (*add_bce)(const struct loss_row *r, const struct edgel_numeric *f, float bce);
    void (*add_direct)(const struct loss_row *r); /* p (already a gradient) += direct */
};
void loss_kernels_init(struct loss_kernels *k, unsigned flags);
void loss_kernels_c(struct loss_kernels *k);
void loss_kernels_avx2(struct loss_kernels *k);
void loss_kernels_avx512(struct loss_kernels *k);

#endif
