/*
 * Random Fourier features: the kernel exp(-gamma |u - v|^2) is about z(u) z(v) with
 *
 *     z_k(u) = sqrt(2 / D) cos(frequency_k u + phase_k),  frequency normal with variance 2 gamma, phase uniform in
 *     [0, 2 pi)
 *
 * so that a linear learner on z is one with that kernel on u. The error of one kernel value has a deviation of at most
 * 1 / sqrt(D). Frequencies are a function of the seed: a file holds the seed alone.
 * Source: Rahimi and Recht, Random features for large-scale kernel machines, NIPS 2007.
 */
#include "ml/ml_priv.h"
#include <math.h>

enum edgel_status ml_fourier_init(struct ml_fourier *f, int features, int count, double gamma, uint64_t seed,
                                  struct edgel_error *err)
{
    const double turn = 6.283185307179586;
    const size_t n = (size_t)features;
    *f = (struct ml_fourier){ .count = count, .gamma = gamma, .seed = seed };
    f->mean = edgel_calloc(n, sizeof *f->mean);
    f->scale = edgel_alloc(n, sizeof *f->scale);
    f->frequencies = edgel_alloc((size_t)count * n, sizeof *f->frequencies);
    f->phases = edgel_alloc((size_t)count, sizeof *f->phases);
    if (!f->mean || !f->scale || !f->frequencies || !f->phases) {
        ml_fourier_finish(f);
        return edgel_no_memory(err, "Fourier features");
    }
    for (size_t j = 0; j < n; j++)
        f->scale[j] = 1;
    struct edgel_rng rng = edgel_rng_seed(seed, 'r' << 8 | 'f', 0, 0);
    for (size_t i = 0; i < (size_t)count * n; i++)
        f->frequencies[i] = sqrt(2 * gamma) * edgel_rng_normal(&rng);
    for (int k = 0; k < count; k++)
        f->phases[k] = turn * edgel_rng_uniform(&rng);
    return EDGEL_OK;
}

void ml_fourier_finish(struct ml_fourier *f)
{
    edgel_free(f->phases);
    edgel_free(f->frequencies);
    edgel_free(f->scale);
    edgel_free(f->mean);
    *f = (struct ml_fourier){ 0 };
}

void ml_fourier_row(const struct ml_fourier *f, const struct ml_dsp *dsp, int features, const float *x,
                    float *u, float *z)
{
    const double scale = sqrt(2.0 / f->count);
    for (int j = 0; j < features; j++)
        u[j] = (float)((x[j] - f->mean[j]) * f->scale[j]);
    for (size_t k = 0; k < (size_t)f->count; k++) {
        const double *frequency = f->frequencies + k * (size_t)features;
        z[k] = (float)(scale * edgel_cos(dsp->dot(frequency, u, (size_t)features) + f->phases[k]));
    }
}
