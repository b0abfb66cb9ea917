/* edgel/dataset.h: pairs of images and truth, read under one set of conventions. */
#ifndef EDGEL_DATASET_H
#define EDGEL_DATASET_H

#include "edgel/image.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- lists of classes and colours --- */

/* text: a number N (ids 0..N-1, names "0".."N-1"), or a file with lines "ID NAME" or, when no line starts with a
 * number, one NAME per line from id 0 on; "#" starts a comment. EDGEL_EIO, EDGEL_EFORMAT (file, line, rule),
 * EDGEL_EINVAL (N is not 1 to EDGEL_CLASSES_MAX), EDGEL_ENOMEM; *out is then empty. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_classes_read(const char *text, struct edgel_classes *out,
                                                               struct edgel_error *err);
/* A file with lines "R G B ID [NAME]"; names are for readers of the file and not kept.
 * EDGEL_EIO, EDGEL_EFORMAT, EDGEL_ENOMEM; *out is then empty. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_colors_read(const char *path, struct edgel_colors *out,
                                                              struct edgel_error *err);

/* --- values of masks --- */

/* The values seen in masks, to decide labels once per run. Start zeroed; merging is the bitwise or of the fields. */
struct edgel_mask_values {
    bool above_one; /* some value above 1 in a file that is not 1-bit */
    bool one;       /* some value 1 in a file that is not 1-bit */
    /* Some value at the full range: 255 in any file, 65535, 1.0 in float files, 3 and 15 in 2- and 4-bit gray files. */
    bool full;
    bool other; /* some value that is neither 0, 1 nor the full range */
};
/* Adds one mask's values. Ignored ids are passed over. */
EDGEL_API void edgel_mask_values_add(struct edgel_mask_values *values, const struct edgel_mask *mask,
                                     const int32_t *ignore, size_t nignore);
/* auto: BINARY if and only if all truth values lie in {0,1} or all in {0, full range}, or the files are 1-bit. */
EDGEL_API enum edgel_labels edgel_mask_values_labels(const struct edgel_mask_values *truth);
/* True when predictions hold 0 and 1 instead of shares of the full range: some 1 and nothing above. */
EDGEL_API bool edgel_mask_values_zero_one(const struct edgel_mask_values *prediction);

#ifdef __cplusplus
}
#endif

#endif
