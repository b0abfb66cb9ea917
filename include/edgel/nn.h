/* edgel/nn.h: a small convolutional network: layers, losses, optimizers, training, model files. */
#ifndef EDGEL_NN_H
#define EDGEL_NN_H

#include "edgel/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- architecture --- */

/* Spread of the starting weights: He: normal, variance 2 / fan-in (for rectifiers); Xavier: uniform, variance
 * 2 / (fan-in + fan-out). Biases start at 0, batch norm at scale 1 and shift 0.
 * Source: He et al. 2015, arXiv:1502.01852; Glorot and Bengio 2010. */
enum edgel_init { EDGEL_INIT_HE, EDGEL_INIT_XAVIER };

/* Text of a preset architecture (linear, edge-tiny, unet-tiny, dilated-tiny), a static string; NULL for other names.
 * The grammar is in README and src/nn/network.c. */
EDGEL_API const char *edgel_preset(const char *name);
/* Name of the k-th preset; NULL after the last. */
EDGEL_API const char *edgel_preset_name(int k);

/* --- labels --- */

/* Label of a pixel that is not counted. */
enum { EDGEL_LABEL_IGNORE = 65535 };

#ifdef __cplusplus
}
#endif

#endif
