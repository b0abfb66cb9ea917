/* train_priv.h: parts of flat arrays of parameters, and the steps of augmentation. */
#ifndef EDGEL_NN_TRAIN_PRIV_H
#define EDGEL_NN_TRAIN_PRIV_H

#include "core/core_priv.h"
#include "edgel/nn.h"

/* --- param_gradient.c --- */
/* A flat array is cut into at most this many chunks, which depend on its length alone: sums are made per chunk and
 * added in the order of chunks, whatever thread made them. */
enum { NN_CHUNKS = 64 };

/* Runs work(user, chunk, part) for every trainable part of every chunk, parts clipped to the chunk and those of a
 * chunk in order on one thread. params have been checked. */
void nn_each_chunk(const struct edgel_param_ranges *params, struct edgel_pool *pool,
                   void (*work)(void *user, size_t chunk, const struct edgel_param_range *part), void *user);

/* --- name_list.c --- */
/* The row of a table that has this name; name_at(i) is that of the i-th, NULL past the last. EDGEL_EINVAL with the list
 * of names: there is none. */
EDGEL_NODISCARD enum edgel_status nn_find_name(const char *what, const char *name,
                                               const char *(*name_at)(int i), int *out,
                                               struct edgel_error *err);

/* --- augment.c: the table of changes --- */

/* What is to be done with the geometry: flips, then quarter turns clockwise, then scale, then the crop at (left, top)
 * of that image, turned clockwise about its centre. */
struct nn_geometry {
    bool flip, vflip, sampled; /* sampled: scale or degrees may be other than 1 and 0 */
    int turns;                 /* 0..3 */
    double scale, degrees, left, top;
};
struct nn_light { /* to be added to the first three channels; to the others */
    double channel[3], rest;
};

/* A change is one row; augment.c lists them, in the order of the text form. A row has one of the three functions, or
 * chooses what is drawn. They are called with amounts above 0, and draw from streams of their own. */
struct nn_change {
    struct edgel_augment_info info;
    size_t at; /* of the amount in struct edgel_augment */
    void (*place)(double amount, uint64_t seed, struct nn_geometry *g);
    void (*light)(const struct edgel_augment *a, uint64_t seed, int channels, struct nn_light *l);
    /* Changes the crop. In rising order of `turn`, all after light. */
    enum edgel_status (*image)(double amount, uint64_t seed, struct edgel_sample *crop,
                               struct edgel_arena *arena, struct edgel_error *err);
    int turn;
    bool draws; /* weighs the images that an epoch draws from */
};
const struct nn_change *nn_change_at(int i); /* NULL past the last */
struct nn_geometry nn_geometry_draw(const struct edgel_augment *a, uint64_t seed,
                                    const struct edgel_sample *in, int w, int h);

extern const struct nn_change nn_flip, nn_vflip, nn_turn, nn_rotate, nn_scale; /* augment_geometry.c */
extern const struct nn_change nn_brightness, nn_contrast, nn_gamma, nn_noise, nn_blur,
    nn_colour; /* augment_colour.c */

/* --- augment_geometry.c --- */
/* Sets the corner of the crop of w x h. */
void nn_geometry_place(struct nn_geometry *g, const struct edgel_augment *a, uint64_t seed,
                       const struct edgel_sample *in, int w, int h);
EDGEL_NODISCARD enum edgel_status nn_geometry_apply(const struct nn_geometry *g,
                                                    const struct edgel_sample *in, struct edgel_sample *out,
                                                    struct edgel_arena *arena, struct edgel_error *err);
/* Index i of an axis of n samples that goes on as reflect-101. */
int nn_reflect(int i, int n);

/* --- augment_colour.c --- */
/* L of L L^T = covariance (n x n, positive semi-definite), lower triangular. */
void nn_cholesky(int n, const double covariance[3][3], double out[3][3]);
void nn_light_add(const struct nn_light *l, struct edgel_sample *s);
void nn_limit(struct edgel_sample *s); /* its values to 0..1 */

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
