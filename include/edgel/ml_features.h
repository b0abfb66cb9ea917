/* edgel/ml_features.h: descriptions of pixels and windows that learners take: features of pixels at several scales, and
 * histograms of oriented gradients. */
#ifndef EDGEL_ML_FEATURES_H
#define EDGEL_ML_FEATURES_H

#include "edgel/filter.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- features of pixels --- */

enum { EDGEL_BANK_SCALES_MAX = 16, EDGEL_BANK_FEATURE_NAME_MAX = 64 };

/*
 * What the bank tells of a pixel. v is a plane of the image: integer samples divided by 255 or 65535, floats as they
 * are. G is v smoothed by a Gaussian of the scale sigma (edgel_gaussian()), with its border. Derivatives of G are
 * central differences (G(x+1) - G(x-1)) / 2 with the border replicated, second ones differences of these. All but
 * COLOUR are of the gray value (9797 R + 19234 G + 3737 B) / 32768, and there is one of each for each scale. Values are
 * within 2e-6 of the formulas for images of 0..1, DEVIATION within 1e-3.
 *
 * COLOUR     the planes themselves: 1 or 3, once
 * GAUSSIAN   G
 * GRADIENT   sqrt(Gx^2 + Gy^2)
 * LAPLACIAN  Gxx + Gyy
 * HESSIAN    the two eigenvalues of (Gxx Gxy; Gxy Gyy), the larger first
 * STRUCTURE  the two eigenvalues of the products (Gx Gx, Gx Gy; Gx Gy, Gy Gy) smoothed by the same sigma, larger first
 * DEVIATION  sqrt(max(0, (v^2 smoothed) - G^2)): the local deviation beside the local mean G
 * DIFFERENCE G less v smoothed by 0.66 sigma
 */
enum edgel_bank_feature {
    EDGEL_BANK_COLOUR,
    EDGEL_BANK_GAUSSIAN,
    EDGEL_BANK_GRADIENT,
    EDGEL_BANK_LAPLACIAN,
    EDGEL_BANK_HESSIAN,
    EDGEL_BANK_STRUCTURE,
    EDGEL_BANK_DEVIATION,
    EDGEL_BANK_DIFFERENCE,
    EDGEL_BANK_FEATURES
};

/* "colour", "gaussian", ...; what it is, in a sentence. NULL for other values. Static strings. */
EDGEL_API const char *edgel_bank_feature_name(enum edgel_bank_feature feature);
EDGEL_API const char *edgel_bank_feature_summary(enum edgel_bank_feature feature);

struct edgel_bank_params {
    double sigma[EDGEL_BANK_SCALES_MAX]; /* 0.3..50, ascending */
    int scales;                          /* 1..EDGEL_BANK_SCALES_MAX */
    unsigned features;                   /* the sum of 1 << feature for each that is wanted; at least one */
};
/* Scales 0.7, 1, 1.6, 3.5, 5 and 10, all features. */
EDGEL_API void edgel_bank_params_init(struct edgel_bank_params *params);

/* How many values a pixel has: of an image of 1 or 3 channels. 0: params are not valid. */
EDGEL_API int edgel_bank_values(const struct edgel_bank_params *params, int channels);
/* Name of the k-th value ("hessian 1.6 larger"), in name[EDGEL_BANK_FEATURE_NAME_MAX]. EDGEL_EINVAL: no such value. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_bank_value_name(const struct edgel_bank_params *params,
                                                                  int channels, int k, char *name,
                                                                  struct edgel_error *err);

/*
 * The values of the pixels of some rows.
 *
 * image         U8, U16 or F32; 1 or 3 channels
 * first, count  rows; the values of a row do not depend on which rows they are asked with
 * scratch       may be NULL
 * values        out: [count][w][edgel_bank_values()], as edgel_learner_fit() takes rows
 * Returns EDGEL_OK, EDGEL_EINVAL, EDGEL_ENOMEM. Memory: some planes of count + 8 sigma + 6 rows, sigma the largest. The
 * same bits for any number of threads and any CPU level.
 * Source: Arganda-Carreras et al., Trainable Weka Segmentation, Bioinformatics 33, 2017; Berg et al., ilastik, Nature
 * Methods 16, 2019.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_bank(struct edgel_scratch *scratch, struct edgel_view image,
                                                       const struct edgel_bank_params *params, int first,
                                                       int count, float *values, struct edgel_error *err);

/* --- histograms of oriented gradients --- */

/* How a block of cells is normalised, with v its values, e = 1e-5. */
enum edgel_hog_norm {
    EDGEL_HOG_L1,      /* v / (sum |v| + e) */
    EDGEL_HOG_L1_SQRT, /* the square root of that */
    EDGEL_HOG_L2,      /* v / sqrt(sum v^2 + e^2) */
    EDGEL_HOG_L2_HYS   /* L2, then min(v, 0.2), then L2 */
};

/* Whose rules hold where they differ. */
enum edgel_hog_rules {
    /* The border is replicated; a pixel's vote is shared by the two nearest orientations and the four nearest cells,
     * linearly (Dalal and Triggs). */
    EDGEL_HOG_TRILINEAR,
    /* scikit-image's: no derivative across the border; all of a vote goes to its own orientation and cell; a cell is
     * divided by its number of pixels. */
    EDGEL_HOG_NEAREST
};

struct edgel_hog_params {
    int cell;         /* side of a cell, pixels, 2..256 */
    int block;        /* side of a block, cells, 1..16 */
    int step;         /* from block to block, cells, 1..block */
    int bins;         /* orientations, 2..36 */
    bool signed_bins; /* they cover 360 degrees; else 180: a gradient and its opposite are the same */
    bool root;        /* the square root of the samples first */
    enum edgel_hog_norm norm;
    enum edgel_hog_rules rules;
};
/* Cells of 8, blocks of 2 x 2, each cell a step, 9 unsigned orientations, no root, L2-Hys, trilinear. */
EDGEL_API void edgel_hog_params_init(struct edgel_hog_params *params);

/* What a descriptor is made of: values[blocks_y][blocks_x][block][block][bins]. */
struct edgel_hog_shape {
    int cells_x, cells_y, blocks_x, blocks_y;
    size_t values;
};
/* Of an image of w x h; pixels right of and below the last whole cell count for nothing but the derivative beside them.
 * EDGEL_EINVAL: a parameter out of range, or an image that has no whole block. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_hog_shape_of(const struct edgel_hog_params *params, int w,
                                                               int h, struct edgel_hog_shape *out,
                                                               struct edgel_error *err);

/*
 * Histograms of oriented gradients. gx = p(x+1,y) - p(x-1,y), gy = p(x,y+1) - p(x,y-1); of several channels the one
 * with the strongest gradient, the first of equals. Each pixel votes with sqrt(gx^2 + gy^2) for its orientation
 * atan2(gy, gx); bin k of n covers [k, k + 1) 180 / n degrees.
 *
 * image   U8, U16 or F32, 1 or 3 channels; samples as they are, not scaled; root: not below 0
 * values  out: [shape.values]
 * n       shape.values
 * Returns EDGEL_OK, EDGEL_EINVAL, EDGEL_ENOMEM. The same bits for any number of threads and any CPU level.
 * Source: Dalal and Triggs, Histograms of oriented gradients for human detection, CVPR 2005; scikit-image 0.26, hog().
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_hog(struct edgel_view image,
                                                      const struct edgel_hog_params *params, float *values,
                                                      size_t n, struct edgel_error *err);

/*
 * A picture of the histograms of cells: for each orientation a stroke along the edge, as bright as the orientation's
 * sum is beside the largest of the image; where strokes cross, the brightest.
 *
 * image, params  as of edgel_hog(); blocks play no part
 * out            U8, 1 channel, the size of the image
 * Returns as edgel_hog().
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_hog_picture(struct edgel_view image,
                                                              const struct edgel_hog_params *params,
                                                              struct edgel_image *out,
                                                              struct edgel_error *err);

#ifdef __cplusplus
}
#endif

#endif
