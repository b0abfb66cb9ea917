/* Planar samples to blocks of 16 channels and back. */
#include "nn/nn_priv.h"
#include <string.h>

void nn_pack(const float *planar, struct nn_shape s, float *blocked)
{
    const size_t pixels = (size_t)s.h * (size_t)s.w;
    memset(blocked, 0, nn_sample_floats(s) * sizeof *blocked);
    for (int c = 0; c < s.c; c++) {
        const float *restrict from = planar + (size_t)c * pixels;
        float *restrict to = blocked + (size_t)(c / NN_LANES) * pixels * NN_LANES + c % NN_LANES;
        for (size_t i = 0; i < pixels; i++)
            to[i * NN_LANES] = from[i];
    }
}

void nn_unpack(const float *blocked, struct nn_shape s, float *planar)
{
    const size_t pixels = (size_t)s.h * (size_t)s.w;
    for (int c = 0; c < s.c; c++) {
        const float *restrict from = blocked + (size_t)(c / NN_LANES) * pixels * NN_LANES + c % NN_LANES;
        float *restrict to = planar + (size_t)c * pixels;
        for (size_t i = 0; i < pixels; i++)
            to[i] = from[i * NN_LANES];
    }
}
