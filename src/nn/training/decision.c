/* Logits to classes: one function for validation and for masks. */
#include "core/core_priv.h"
#include "edgel/nn.h"

/* The logit of a probability. */
static float logit_of(double threshold)
{
    if (threshold <= 0)
        return -INFINITY;
    return threshold < 1 ? (float)(edgel_ln(threshold) - edgel_ln(1 - threshold)) : INFINITY;
}

void edgel_logit_classes(const float *logits, size_t plane, int outputs, double threshold, size_t n,
                         uint16_t *classes)
{
    const float least = logit_of(threshold);
    if (outputs == 1) {
        for (size_t i = 0; i < n; i++)
            classes[i] = logits[i] >= least;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        int best = 0;
        for (int k = 1; k < outputs; k++)
            if (logits[(size_t)k * plane + i] > logits[(size_t)best * plane + i])
                best = k;
        classes[i] = (uint16_t)best;
    }
}
