/* edgel/ml_features.h: descriptions of pixels and windows that learners take: histograms of oriented gradients. */
#ifndef EDGEL_ML_FEATURES_H
#define EDGEL_ML_FEATURES_H

#include "edgel/image.h"

#ifdef __cplusplus
extern "C" {
#endif

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
