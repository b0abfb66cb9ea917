/* train_priv.h: walking over the trainable parts of flat arrays of parameters. */
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

#endif
