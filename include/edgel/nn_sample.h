/* edgel/nn_sample.h: samples of a training: truth, augmentation, the order of an epoch. */
#ifndef EDGEL_NN_SAMPLE_H
#define EDGEL_NN_SAMPLE_H

#include "edgel/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- samples and their augmentation --- */

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
 * pixel, and soft truth is sampled bilinearly. A sampled value is ignored if any pixel it is interpolated from is
 * ignored. Thin contours next to ignored pixels lose over half. Beyond its border the image goes on as reflect-101
 * (... 2 1 0 1 2 ...), and truth is ignored. Then the image v alone:
 *
 *   colour       v_c += colour (L z)_c, z three normal numbers, L L^T the covariance of the training set's colours
 *   brightness   v += u, u in -brightness..brightness
 *   contrast     v = m + (v - m) f, f in 1 - contrast..1 + contrast, m the mean of the changed image
 *   gamma        v = v^exp(u log(1 + gamma)), u in -1..1, of v limited to 0..1
 *   blur         Gaussian of sigma in 0..blur pixels, reflect-101, taps to ceil(3 sigma)
 *   noise        v += s z, z normal for each value, s in 0..noise for the image
 *
 * and v is limited to 0..1 if any of these is on. Ranges are drawn from evenly. Each change draws from a stream of its
 * own, so switching one on leaves the others unchanged. resample does not change samples: see edgel_resample_weights().
 */
struct edgel_augment {
    double flip, vflip, turn, rotate, scale;
    double brightness, contrast, gamma, noise, blur, colour;
    double resample;
    bool centred;
    double covariance[3][3]; /* for colour; the first [channels][channels] of it are used */
};

EDGEL_API void edgel_augment_init(struct edgel_augment *a); /* no change at all */

/* What is known of each change, in the order of the text form; name NULL: there is no i-th. */
struct edgel_augment_info {
    const char *name, *what; /* "rotate", "rotation"; static strings */
    double amount, most;     /* the default and the largest amount */
    const char *unit;        /* of the amount: "degrees" */
};
EDGEL_API struct edgel_augment_info edgel_augment_at(int i);
/* The amount of the i-th change; 0 if there is none. */
EDGEL_API double edgel_augment_amount(const struct edgel_augment *a, int i);

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

/* Working memory of edgel_augment_sample(), one per thread; holds no results between calls. create returns NULL when
 * out of memory; destroying NULL is fine. */
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
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_augment_sample(const struct edgel_augment *a, uint64_t seed,
                                                                 const struct edgel_sample *in,
                                                                 struct edgel_sample *out,
                                                                 struct edgel_augment_scratch *scratch,
                                                                 struct edgel_error *err);

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

#ifdef __cplusplus
}
#endif

#endif
