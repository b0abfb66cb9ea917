/* edgel/filter.h: Gaussian, gradient operators and Canny on pixels in memory. */
#ifndef EDGEL_FILTER_H
#define EDGEL_FILTER_H

#include "edgel/image.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Working memory that calls take their scratch from, so that a run over many images stops allocating. One per
 * thread; it holds no results between calls. create returns NULL when out of memory; destroying NULL is fine. */
struct edgel_scratch;
EDGEL_API EDGEL_NODISCARD struct edgel_scratch *edgel_scratch_create(void);
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

enum edgel_threshold_kind { EDGEL_THRESHOLD_VALUE, EDGEL_THRESHOLD_QUANTILE, EDGEL_THRESHOLD_AUTO };

struct edgel_threshold {
    enum edgel_threshold_kind kind;
    /* VALUE: gradient units of 8-bit images, -1e9..1e9; QUANTILE: percent, 0..100; AUTO: unused. Exact rules at the
     * top of src/filter/threshold.c. Whichever of two thresholds is smaller is the low one. */
    double value;
};

enum edgel_nms { EDGEL_NMS_SECTOR, EDGEL_NMS_INTERP };

struct edgel_canny {
    int aperture; /* Sobel 3, 5, 7 */
    enum edgel_norm norm;
    struct edgel_threshold low, high;
    enum edgel_nms nms;
};
#define EDGEL_CANNY_DEFAULTS                                                                              \
    {                                                                                                     \
        3, EDGEL_NORM_L1, { EDGEL_THRESHOLD_VALUE, 50 }, { EDGEL_THRESHOLD_VALUE, 100 }, EDGEL_NMS_SECTOR \
    }

/* The thresholds that were used, in gradient units of the input's own type (quantile and auto resolved). */
struct edgel_canny_used {
    double low, high;
};

/*
 * Canny's edges without the smoothing: Sobel, non-maximum suppression, double threshold, hysteresis.
 *
 * Details are in the comment at the top of src/filter/canny.c: sectors exactly as OpenCV's Canny, or the
 * interpolated comparison; thresholds; breadth-first hysteresis over 8 neighbours. With several channels the
 * strongest one of each pixel counts, the first of equals in the order last to first (B, G, R).
 *
 * in      U8, U16 or F32; 1 or 3 channels. VALUE thresholds are multiplied by 257 for U16 and divided by 255 for
 *         F32; floored for U8 only
 * out     U8, 1 channel: 255 on edges, 0 elsewhere
 * used    may be NULL
 * Returns EDGEL_OK, EDGEL_EINVAL, EDGEL_ENOMEM. Exact; 8-bit with SECTOR: bit-identical to OpenCV Canny.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_canny(struct edgel_scratch *scratch, struct edgel_view in, const struct edgel_canny *params,
            struct edgel_image *out, struct edgel_canny_used *used, struct edgel_error *err);

/*
 * Thinned gradient strength: the magnitude where it survives non-maximum suppression (thresholds play no part, but
 * must be valid), 0 elsewhere.
 *
 * in      as of edgel_canny()
 * out     F32, 1 channel, gradient units of the input's type
 * Returns EDGEL_OK, EDGEL_EINVAL, EDGEL_ENOMEM. Same bytes on every machine.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_canny_strength(struct edgel_scratch *scratch, struct edgel_view in, const struct edgel_canny *params,
                     struct edgel_image *out, struct edgel_error *err);

/* The strength that counts as full: both derivatives at their largest for the input type (U8, U16, F32), summed (L1) or
 * the root of their squares (L2). Sobel 3, L1, 8-bit: 2040. params must be valid. */
EDGEL_API double edgel_canny_full_strength(enum edgel_type type, const struct edgel_canny *params);

/* --- methods: what `edgel detect` runs --- */

enum edgel_method_id {
    EDGEL_METHOD_GAUSSIAN,
    EDGEL_METHOD_SOBEL,
    EDGEL_METHOD_ROBERTS,
    EDGEL_METHOD_PREWITT,
    EDGEL_METHOD_SCHARR,
    EDGEL_METHOD_CANNY
};

enum edgel_emit { EDGEL_EMIT_BINARY, EDGEL_EMIT_STRENGTH };

struct edgel_method {
    enum edgel_method_id id;
    double sigma; /* Gaussian smoothing before the operator; 0 and ksize 0: none */
    int ksize;
    struct edgel_canny canny; /* aperture and norm also serve the gradient operators */
    enum edgel_emit emit;     /* canny */
    bool linear;              /* canny strength: m / M instead of sqrt(min(1, m / M)) */
    bool channels;            /* strongest channel of a colour image instead of gray; see edgel_method_run */
    int depth;                /* 0 the default, 1, 8, 16, or 32 for float samples (PFM) */
};

/* One row per method; drives help, tests and benchmarks. */
struct edgel_method_info {
    const char *name;
    const char *summary;
    unsigned uses; /* EDGEL_USES_* : the parameters that have a meaning for it */
    struct edgel_method defaults;
};
enum {
    EDGEL_USES_SIGMA = 1,
    EDGEL_USES_APERTURE = 2,
    EDGEL_USES_NORM = 4,
    EDGEL_USES_THRESHOLDS = 8,
    EDGEL_USES_NMS = 16,
    EDGEL_USES_EMIT = 32,
    EDGEL_USES_DEPTH = 64,
    EDGEL_USES_CHANNELS = 128
};
/* How many methods there are. */
EDGEL_API int edgel_method_count(void);
EDGEL_API const struct edgel_method_info *edgel_method_info(int i);            /* 0 <= i < count */
EDGEL_API const struct edgel_method_info *edgel_method_find(const char *name); /* NULL if unknown */

/*
 * Runs one method: smoothing, operator, conversion to what is written.
 *
 * gaussian: the smoothed image, channels kept. sobel, prewitt, scharr, roberts: magnitude, saturated to the depth.
 * canny: edges 0/255, or strength: sqrt(min(1, m / M)), or m / M with linear, times the full range of the depth,
 * halves to even; M is edgel_canny_full_strength().
 * Depth 8 and 16 of an input of another depth: integers are multiplied by 257 or divided by it, halves to even; float
 * input counts 1.0 as full range. Depth 32: F32 samples, full range of integer input = 1.0, nothing saturated.
 *
 * in      U8, U16 or F32; 1 channel, or 3 with method->channels (gaussian: any); not the memory of out
 * out     U1 (depth 1), U8, U16 or F32
 * bits    the depth of out: 1, 8, 16, 32
 * Returns EDGEL_OK, EDGEL_EINVAL (names the parameter, the value and the rule), EDGEL_ENOMEM.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_method_run(struct edgel_scratch *scratch, struct edgel_view in, const struct edgel_method *method,
                 struct edgel_image *out, int *bits, struct edgel_error *err);

/* Checks a method's parameters as far as they do not depend on the image. EDGEL_OK or EDGEL_EINVAL. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_method_check(const struct edgel_method *method,
                                                               struct edgel_error *err);

/* --- methods row by row --- */

/* Whether a method can be run row by row: all but canny's edges with thresholds that are counted over the image. */
EDGEL_API bool edgel_method_streams(const struct edgel_method *method);

/*
 * edgel_method_run() for images that are not whole in memory: the same rows. About 64 MB of them are held at a time;
 * canny's edges take two bits a pixel of the whole image more and come out after the last row.
 *
 * shape   of the input, data NULL
 * sink    takes the result: begin is called by create, row as rows are ready, the last by the last row of the input
 * row     one row of the input, from the first to the last; not kept
 * create  EDGEL_OK, EDGEL_EINVAL, EDGEL_EUNSUPPORTED (edgel_method_streams() is false), EDGEL_ENOMEM, what the sink
 *         says
 * row     EDGEL_OK, EDGEL_EINVAL (a row too many), EDGEL_ENOMEM, what the sink says; after a failure only destroy
 */
struct edgel_stream;
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_stream_create(struct edgel_view shape, const struct edgel_method *method,
                    const struct edgel_row_sink *sink, struct edgel_stream **stream, struct edgel_error *err);
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_stream_row(struct edgel_stream *stream, const void *row,
                                                             struct edgel_error *err);
EDGEL_API void edgel_stream_destroy(struct edgel_stream **stream);

#ifdef __cplusplus
}
#endif

#endif
