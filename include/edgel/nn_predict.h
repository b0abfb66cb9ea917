/* edgel/nn_predict.h: running a model, and the connected components of its masks. */
#ifndef EDGEL_NN_PREDICT_H
#define EDGEL_NN_PREDICT_H

#include "edgel/base.h"
#include "edgel/nn_model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- running a model --- */

/*
 * A model made ready to run: batch normalisation is folded into convolutions, so that logits differ from those of the
 * layers one by one by rounding alone. Not for several threads at once; each thread may have its own.
 */
struct edgel_predictor;

struct edgel_predictor_params {
    struct edgel_pool *pool; /* threads within an image; must outlive the predictor */
    /* Memory of a run. An image that needs more is cut into tiles that overlap by what their outputs depend on; the
     * results are the same bits. */
    size_t max_bytes;
};
/* No pool, 1 GiB. */
EDGEL_API void edgel_predictor_params_init(struct edgel_predictor_params *params);

/* The model is copied. EDGEL_ENOMEM; *out is NULL then. Destroying NULL is fine. */
EDGEL_API EDGEL_NODISCARD enum edgel_status
edgel_predictor_create(const struct edgel_model *model, const struct edgel_predictor_params *params,
                       struct edgel_predictor **out, struct edgel_error *err);
EDGEL_API void edgel_predictor_destroy(struct edgel_predictor **predictor);

/* One image, read and written by parts. w, h, read and write must be set. A status of theirs other than EDGEL_OK ends
 * the run and is what it returns. */
struct edgel_predict_io {
    int w, h;
    bool logits; /* write gets logits instead of probabilities */
    void *user;
    /* Fills planar[in_channels][h][w] with the values 0..1 of a part of the image. Parts may overlap. */
    enum edgel_status (*read)(void *user, int x, int y, int w, int h, float *planar, struct edgel_error *err);
    /* Takes planar[outputs][h][w] of a part; the parts cover the image once. */
    enum edgel_status (*write)(void *user, int x, int y, int w, int h, const float *planar,
                               struct edgel_error *err);
};
/* Probabilities of 0x0 pixels without read and write, the caller's to set. */
EDGEL_API void edgel_predict_io_init(struct edgel_predict_io *io);
/*
 * Probabilities: 1 / (1 + e^-x) of the logit (1 output); else with m the largest logit of the pixel, e^(x_k - m)
 * divided by their sum over the classes.
 *
 * Returns EDGEL_OK; what read or write returned; EDGEL_EINVAL: a size that the network cannot take, or of which it
 * makes another; logits that are not finite;
 * EDGEL_ELIMIT: max_bytes are not enough for any tile; EDGEL_EUNSUPPORTED: the image needs tiles, and this network
 * cannot be tiled; EDGEL_ENOMEM. The same bits for every max_bytes, number of threads and CPU level.
 */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_predictor_run(struct edgel_predictor *predictor,
                                                                const struct edgel_predict_io *prediction,
                                                                struct edgel_error *err);
/* The same from image[in_channels][h][w] to out[outputs][h][w]. */
EDGEL_API EDGEL_NODISCARD enum edgel_status edgel_predict(struct edgel_predictor *predictor,
                                                          const float *image, int w, int h, bool logits,
                                                          float *out, struct edgel_error *err);

/*
 * The class of n pixels by their logits [outputs][plane]: that of the largest, the first of equals. With one output it
 * is 1 where the logit is at least log(T / (1 - T)), rounded to float, T the threshold, and else 0: with T = 0 it is 1
 * everywhere, with T = 1 nowhere. So classes are decided in validation and masks. Logits are finite.
 */
EDGEL_API void edgel_logit_classes(const float *logits, size_t plane, int outputs, double threshold, size_t n,
                                   uint16_t *classes);

#ifdef __cplusplus
}
#endif

#endif
