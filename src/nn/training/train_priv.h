/* train_priv.h: parts of flat arrays of parameters, and the steps of augmentation. */
#ifndef EDGEL_NN_TRAIN_PRIV_H
#define EDGEL_NN_TRAIN_PRIV_H

#include "core/core_priv.h"
#include "edgel/nn.h"

/* --- param_ranges.c --- */
/* A flat array is cut into at most this many chunks, which depend on its length alone: sums are made per chunk and
 * added in the order of chunks, whatever thread made them. */
enum { NN_CHUNKS = 64 };

/* Runs work(user, chunk, part) for every trainable part of every chunk, parts clipped to the chunk and those of a
 * chunk in order on one thread. params have been checked. */
void nn_each_chunk(const struct edgel_param_ranges *params, struct edgel_pool *pool,
                   void (*work)(void *user, size_t chunk, const struct edgel_param_range *part), void *user);

/* --- name_list.c --- */
/* EDGEL_EINVAL: name is none of the names of n rows, `stride` bytes from one to the next. */
EDGEL_NODISCARD enum edgel_status nn_refuse_name(const char *what, const char *name, const char *const *first,
                                                 size_t stride, int n, struct edgel_error *err);

/* --- augment_geometry.c --- */
/* What is to be done: flips, then quarter turns clockwise, then scale, then the crop at (left, top) of that image,
 * turned clockwise about its centre. */
struct nn_geometry {
    bool flip, vflip, sampled; /* sampled: scale or degrees may be other than 1 and 0 */
    int turns;                 /* 0..3 */
    double scale, degrees, left, top;
};
struct nn_geometry nn_geometry_draw(const struct edgel_augment *a, uint64_t seed,
                                    const struct edgel_sample *in, int w, int h);
EDGEL_NODISCARD enum edgel_status nn_geometry_apply(const struct nn_geometry *g,
                                                    const struct edgel_sample *in, struct edgel_sample *out,
                                                    struct edgel_arena *arena, struct edgel_error *err);
/* Index i of an axis of n samples that goes on as reflect-101. */
int nn_reflect(int i, int n);

/* --- augment_colour.c --- */
/* L of L L^T = covariance (n x n, positive semi-definite), lower triangular. */
void nn_cholesky(int n, const double covariance[3][3], double out[3][3]);
EDGEL_NODISCARD enum edgel_status nn_colour_apply(const struct edgel_augment *a, uint64_t seed,
                                                  struct edgel_sample *sample, struct edgel_arena *arena,
                                                  struct edgel_error *err);

/* Streams of random numbers of a sample, one for each change. */
enum nn_stream {
    NN_STREAM_FLIP = 1,
    NN_STREAM_VFLIP,
    NN_STREAM_TURN,
    NN_STREAM_ROTATE,
    NN_STREAM_SCALE,
    NN_STREAM_CROP,
    NN_STREAM_COLOUR,
    NN_STREAM_BRIGHTNESS,
    NN_STREAM_CONTRAST,
    NN_STREAM_GAMMA,
    NN_STREAM_BLUR,
    NN_STREAM_NOISE
};

#endif
