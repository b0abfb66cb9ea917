/* edgel/filter.h: Gaussian, gradient operators and Canny on pixels in memory.
 *
 * Rules of every call: scratch may be NULL, working memory is then of the call alone and it runs on one thread; err may
 * be NULL; other pointers must point to something unless it says otherwise. Views must have pixels, sides >= 1 and a
 * stride that holds a row, else EDGEL_EINVAL. Output images are zeroed or earlier images, whose memory is used again;
 * they are not the memory of an input, and are empty after a failure. The texts of failures name the value and the
 * rule. */
#ifndef EDGEL_FILTER_H
#define EDGEL_FILTER_H

#include "edgel/image.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Working memory that calls take their scratch from, so that a run over many images stops allocating. One per
 * thread; it holds no results between calls. */
struct edgel_scratch;
/* NULL: out of memory. */
EDGEL_API EDGEL_NODISCARD struct edgel_scratch *edgel_scratch_create(void);
/* Frees it and sets *scratch to NULL; NULL is fine. */
EDGEL_API void edgel_scratch_destroy(struct edgel_scratch **scratch);

/* Lets calls with this scratch share the rows of an image among all threads of a pool (NULL: among none, as at first).
 * The results are the same, byte for byte. The pool stays the caller's; it must live as long as it is used here, and
 * serves one call at a time. Each thread takes working memory for some rows; small images stay on one.
 * Returns EDGEL_OK, or EDGEL_ENOMEM (the scratch then has no pool). */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_scratch_use_pool(struct edgel_scratch *scratch, struct edgel_pool *pool, struct edgel_error *err);

/* --- Gaussian --- */

/*
 * Separable Gaussian smoothing, each channel by itself; border reflect-101 (... 2 1 0 1 2 ...), an axis of length 1
 * is not filtered.
 *
 *   ksize 0: n = round(6 sigma + 1) | 1 (U8) or round(8 sigma + 1) | 1 (U16, F32), halves to even
 *   sigma 0: sigma = 0.15 n + 0.35, as OpenCV for a given size
 *   tap(x) = exp(-x^2 / (2 sigma^2)), normalised to sum 1; for sigma 0 and n = 1, 3, 5, 7, 9 OpenCV's fixed tables
 *
 * U8:  taps in 1/256 with error diffusion, exact sums, rounded half up once: bit-identical to OpenCV 4 GaussianBlur.
 * U16: taps in 1/65536 made the same way, exact 64-bit sums, rounded half up once.
 * F32: sums in ascending tap order, horizontal first, each a float product added to a float sum.
 *
 * sigma   >= 0, at most 1000; 0 needs ksize
 * ksize   0, or odd and 1..8191
 * out     same size, channels and type; not the memory of in
 * Returns EDGEL_OK, EDGEL_EINVAL, EDGEL_ENOMEM. Same bytes on every machine.
 * Source: OpenCV's fixed-point path for 8-bit images.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_gaussian(struct edgel_scratch *scratch,
                                                           struct edgel_view in, struct edgel_image *out,
                                                           double sigma, int ksize, struct edgel_error *err);

/* --- gradients --- */

enum edgel_operator { EDGEL_SOBEL, EDGEL_PREWITT, EDGEL_SCHARR, EDGEL_ROBERTS };
enum edgel_norm { EDGEL_NORM_L1, EDGEL_NORM_L2 };

/*
 * Horizontal and vertical derivative, unnormalised, each channel by itself; border replicated.
 *
 *   gx = d (x) s, gy = s (x) d, correlation with x to the right and y downwards:
 *   Sobel 3: s = 1 2 1, d = -1 0 1   Sobel 5: s = 1 4 6 4 1, d = -1 -2 0 2 1
 *   Sobel 7: s = 1 6 15 20 15 6 1, d = -1 -4 -5 0 5 4 1
 *   Prewitt: s = 1 1 1, d = -1 0 1   Scharr: s = 3 10 3, d = -1 0 1
 *   Roberts: gx = p(x,y) - p(x+1,y+1), gy = p(x+1,y) - p(x,y+1)
 *
 * in        U8, U16 or F32
 * aperture  3, 5 or 7 for Sobel; ignored by the others
 * gx, gy    out; same size and channels; I32 for integer input (exact), F32 for float
 * Returns EDGEL_OK, EDGEL_EINVAL, EDGEL_ENOMEM.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_gradient(struct edgel_scratch *scratch,
                                                           struct edgel_view in, enum edgel_operator op,
                                                           int aperture, struct edgel_image *gx,
                                                           struct edgel_image *gy, struct edgel_error *err);

/*
 * Magnitude of a gradient: |gx| + |gy|, or sqrt(gx^2 + gy^2), computed in double and rounded once. With several
 * channels the strongest of each pixel.
 *
 * gx, gy  I16, I32 or F32, 1 to 4 channels; of one size, type and number of channels
 * out     F32, 1 channel, in units of the gradient
 * Returns EDGEL_OK, EDGEL_EINVAL, EDGEL_ENOMEM. Same bytes on every machine.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_magnitude(struct edgel_view gx, struct edgel_view gy,
                                                            enum edgel_norm norm, struct edgel_image *out,
                                                            struct edgel_error *err);

/*
 * Direction of a gradient: atan2(gy, gx), 0 where both are 0; an own polynomial, within 2e-6 of the true value.
 *
 * gx, gy  as of edgel_magnitude(), with 1 channel
 * out     F32, 1 channel, radians, (-pi, pi]
 * Returns EDGEL_OK, EDGEL_EINVAL, EDGEL_ENOMEM. Same bytes on every machine.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_orientation(struct edgel_view gx, struct edgel_view gy,
                                                              struct edgel_image *out,
                                                              struct edgel_error *err);

/* --- Canny --- */

enum edgel_threshold_kind {
    EDGEL_THRESHOLD_VALUE,
    EDGEL_THRESHOLD_QUANTILE,
    EDGEL_THRESHOLD_AUTO,
    EDGEL_THRESHOLD_AUTO_MATLAB
};

struct edgel_threshold {
    enum edgel_threshold_kind kind;
    /* VALUE        in gradient units of 8-bit images, -1e9..1e9: times 257 for U16, divided by 255 for F32.
     * QUANTILE     in percent, 0..100: of the N magnitudes above 0, sorted, number ceil(N value / 100), at least the
     *              first; 0 where there is none.
     * AUTO_MATLAB  value unused. As the high one, with M the largest magnitude: 64 bins count each pixel at
     *              floor(63 m / M + 1/2), zeros included; b is the first bin up to which more than 0.7 of all pixels
     *              are counted; M (b + 1) / 64. As the low one: 0.4 of the high one. Source: MATLAB's edge().
     * AUTO         value unused. As AUTO_MATLAB, but never below the noise: with m50 the median magnitude, number
     *              ceil(n / 2) of all n pixels, zeros included, and N = 3.8559 m50 (L1) or 3.6452 m50 (L2), which
     *              noise alone exceeds at one pixel in 10,000 (L2: exp(-N^2 / 2 s^2) with m50 = s sqrt(ln 4), as of
     *              Rayleigh's distribution; L1: 1 - erf(N / 2s)^2 with m50 = 2 s erfinv(sqrt(1/2))), the high one is
     *              at least N and the low one at least 0.4 N; and both are at least the largest response / 255
     *              (Sobel 3, L1, 8-bit: 8), which a step of one 8-bit level does not exceed. Sources: Voorhees and
     *              Poggio 1987; Kovesi 1999. */
    double value;
};

enum edgel_nms { EDGEL_NMS_SECTOR, EDGEL_NMS_INTERP };

/* Whichever of the two thresholds is smaller is the low one. */
struct edgel_canny_params {
    int aperture; /* Sobel 3, 5, 7 */
    enum edgel_norm norm;
    struct edgel_threshold low, high;
    enum edgel_nms nms;
};
/* Sobel 3, L1, 30 and 60, sectors: for images that were smoothed with sigma 3, as `edgel detect` does by default. */
EDGEL_API void edgel_canny_params_init(struct edgel_canny_params *params);

/* The thresholds that were used, in gradient units of the input's own type (quantile and auto resolved). */
struct edgel_canny_used {
    double low, high;
};

/*
 * Canny's edges without the smoothing: Sobel, non-maximum suppression, double threshold, hysteresis.
 *
 *   1. gx, gy: Sobel, border replicated. U8 with aperture 7 and SECTOR: both divided by 16, halves to even.
 *   2. m = |gx| + |gy| (L1) or sqrt(gx^2 + gy^2) (L2); of several channels the strongest of each pixel, the first of
 *      equals in the order last to first (B, G, R); 0 outside the image.
 *   3. Thinning: m stays where it is a maximum along the gradient. SECTOR compares with the two neighbours of one of
 *      four directions as OpenCV does; INTERP with values interpolated between the neighbours along the gradient.
 *   4. What stays is strong where m > high, weak where m > low.
 *   5. Hysteresis: edges are strong pixels, and weak ones connected to them through weak ones over 8 neighbours.
 *
 * in      U8, U16 or F32; 1 or 3 channels. VALUE thresholds are multiplied by 257 for U16 and divided by 255 for
 *         F32; floored for U8 only
 * out     U8, 1 channel: 255 on edges, 0 elsewhere
 * used    may be NULL
 * Returns EDGEL_OK, EDGEL_EINVAL, EDGEL_ENOMEM. Exact; 8-bit with SECTOR: bit-identical to OpenCV Canny.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_canny(struct edgel_scratch *scratch, struct edgel_view in, const struct edgel_canny_params *params,
            struct edgel_image *out, struct edgel_canny_used *used, struct edgel_error *err);

/*
 * Thinned gradient strength: the magnitude where it survives non-maximum suppression (thresholds play no part, but
 * must be valid), 0 elsewhere.
 *
 * in      as of edgel_canny()
 * out     F32, 1 channel, gradient units of the input's type
 * Returns EDGEL_OK, EDGEL_EINVAL, EDGEL_ENOMEM. Same bytes on every machine.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_canny_strength(struct edgel_scratch *scratch,
                                                                 struct edgel_view in,
                                                                 const struct edgel_canny_params *params,
                                                                 struct edgel_image *out,
                                                                 struct edgel_error *err);

/* The strength that counts as full: both derivatives at their largest for the input type (U8, U16, F32), summed (L1) or
 * the root of their squares (L2). Sobel 3, L1, 8-bit: 2040. params must be valid. */
EDGEL_API double edgel_canny_full_strength(enum edgel_type type, const struct edgel_canny_params *params);

#ifdef __cplusplus
}
#endif

#endif
