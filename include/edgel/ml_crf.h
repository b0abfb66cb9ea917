/* edgel/ml_crf.h: a conditional random field that makes probabilities of pixels agree with their neighbours. */
#ifndef EDGEL_ML_CRF_H
#define EDGEL_ML_CRF_H

#include "edgel/image.h"

#ifdef __cplusplus
extern "C" {
#endif

struct edgel_crf_params {
    double smooth_weight, smooth_sigma; /* w1 >= 0; pixels, above 0 */
    double colour_weight, colour_sigma; /* w2 >= 0; pixels, above 0 */
    double gray_sigma;                  /* gray levels of 8 bits, above 0 */
    /* [classes][classes]: how much a pixel of the class of the row gains by one of the class of the column beside it,
     * or NULL: 1 for the same class, 0 for another (Potts). */
    const double *compatibility;
    int iterations; /* 1..1000 */
    bool exact;     /* sums over all pairs of pixels, in place of the lattice: for small images */
};
/* Weights 3 and 10, sigmas of 3 and 60 pixels, 10 gray levels, Potts, 5 iterations, with the lattice. */
EDGEL_API void edgel_crf_params_init(struct edgel_crf_params *params);

enum { EDGEL_CRF_CLASSES_MAX = 256, EDGEL_CRF_EXACT_PIXELS_MAX = 1 << 14 };

/*
 * Mean field of a fully connected conditional random field. From Q = P, each iteration
 *
 *     Q_l(i) <- P_l(i) exp(sum_m w_m sum_k c(l, k) sum_j K_m(i, j) Q_k(j)) / (the sum of these over l)
 *     K_m(i, j) = k_m(i, j) / sqrt(n_m(i) n_m(j)),    n_m(i) = sum_j k_m(i, j)
 *     k_1 = exp(-|p_i - p_j|^2 / (2 smooth_sigma^2))
 *     k_2 = exp(-|p_i - p_j|^2 / (2 colour_sigma^2) - |v_i - v_j|^2 / (2 gray_sigma^2))
 *
 * with p places in pixels and v samples in gray levels of 8 bits (U16: divided by 257, F32: times 255). The sums are
 * those of a permutohedral lattice, which approximates the kernels, or exact ones.
 *
 * image          U8, U16 or F32; 1 or 3 channels
 * probabilities  in and out: [h][w][classes], 0..1; below 1e-6 counts as 1e-6
 * classes        2..EDGEL_CRF_CLASSES_MAX
 * pool           may be NULL
 * Returns EDGEL_OK; EDGEL_EINVAL with value and rule, or exact and more than EDGEL_CRF_EXACT_PIXELS_MAX pixels;
 * EDGEL_ENOMEM. Probabilities are as before after a failure. Memory: about 100 bytes a pixel of three channels and 12 a
 * pixel and class. The same bits for any number of threads and any CPU level.
 * Source: Kraehenbuehl and Koltun, Efficient inference in fully connected CRFs with Gaussian edge potentials, NIPS
 * 2011; Adams, Baek, Davis, Fast high-dimensional filtering using the permutohedral lattice, Eurographics 2010.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_crf(struct edgel_view image,
                                                      const struct edgel_crf_params *params, int classes,
                                                      float *probabilities, struct edgel_pool *pool,
                                                      struct edgel_error *err);

#ifdef __cplusplus
}
#endif

#endif
