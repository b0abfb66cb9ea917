/* Spreads the rows of a blocked tensor over the pool: a task is a band of rows of one block of channels of one sample.
 * Bands are about as large as half a first-level cache per tensor, so that what an operator reads twice is still there,
 * and small images still give every thread something to do. Bands depend on the shape alone. */
#include "nn/nn_priv.h"

enum { BAND_FLOATS = 16384 };

struct band_loop {
    const struct nn_call *call;
    nn_band_work work;
    int blocks, rows, height, bands; /* bands of `height` of the `rows` rows */
};

static void run_band(void *user, int thread, size_t i)
{
    const struct band_loop *l = user;
    const size_t plane = i / (size_t)l->bands;
    const int y = (int)(i % (size_t)l->bands) * l->height;
    const int end = l->rows - y > l->height ? y + l->height : l->rows;
    l->work(l->call, thread, (int)(plane / (size_t)l->blocks), (int)(plane % (size_t)l->blocks), y, end);
}

void nn_row_bands(const struct nn_call *c, struct nn_tensor t, int blocks, nn_band_work work)
{
    const int height = t.w < BAND_FLOATS / NN_LANES ? BAND_FLOATS / NN_LANES / t.w : 1;
    struct band_loop l = { c, work, blocks, t.h, height, (t.h + height - 1) / height };
    edgel_pool_run(c->pool, (size_t)t.n * (size_t)blocks * (size_t)l.bands, run_band, &l);
}
