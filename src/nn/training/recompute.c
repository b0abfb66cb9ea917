/*
 * Running estimates of batch normalisation over the whole training set: the samples are run in their order as in
 * training (batch statistics, no dropout, no changes but the crop), and after batch k = 1, 2, … an estimate is the
 * plain average of those of the batches, running = (1 - 1/k) running + 1/k batch.
 * Source: the "precise batch norm" of Wu and Johnson 2021, arXiv:2105.07576.
 */
#include "nn/training/trainer_priv.h"
#include <string.h>

/* The network runs with the momentum of batch k and without dropout, until restore. */
static void set_momentum(struct nn_network *net, double momentum)
{
    for (int i = 0; i < net->nlayers; i++)
        if (net->layers[i].op->flags & NN_NORMALISES)
            net->layers[i].momentum = momentum;
        else if (net->layers[i].op->flags & NN_DROPS)
            net->layers[i].p = 0;
}

static enum edgel_status run_all(struct edgel_trainer *t, struct nn_halt *halt, const float *params,
                                 float *buffers, struct edgel_error *err)
{
    const size_t n = t->data->ntrain, batch = (size_t)t->params.batch;
    for (size_t at = 0, k = 1; at < n; at += batch, k++) {
        const int count = (int)(n - at < batch ? n - at : batch);
        for (int i = 0; i < count; i++)
            t->draws[i] = (struct nn_draw){ at + (size_t)i,
                                            edgel_hash(t->params.seed, NN_RANDOM_PLAIN, at, (size_t)i) };
        EDGEL_TRY(nn_batch_fill(&t->loader, &t->plain, t->draws, count, &t->batch, err));
        set_momentum(&t->net, 1 / (double)k);
        nn_plan_forward(t->plan, count, t->batch.image, params, buffers, 0, t->logits);
        EDGEL_TRY(nn_halt_check(halt, "running estimates", t->epoch + 1, err));
    }
    return EDGEL_OK;
}

enum edgel_status nn_recompute(struct edgel_trainer *t, struct nn_halt *halt, const float *params,
                               float *buffers, struct edgel_error *err)
{
    const size_t bytes = (size_t)t->net.nlayers * sizeof *t->net.layers;
    struct nn_layer *kept = edgel_alloc(bytes, 1);
    if (!kept)
        return edgel_fail(err, EDGEL_ENOMEM, "network of %d layers: out of memory", t->net.nlayers);
    memcpy(kept, t->net.layers, bytes);
    memcpy(buffers, t->model->buffers, t->net.nbuffers * sizeof *buffers);
    const enum edgel_status status = run_all(t, halt, params, buffers, err);
    memcpy(t->net.layers, kept, bytes);
    edgel_free(kept);
    return status;
}
