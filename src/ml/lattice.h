/* lattice.h: sums of values over all points, weighted by a Gaussian of their distance, approximately. */
#ifndef EDGEL_ML_LATTICE_H
#define EDGEL_ML_LATTICE_H

#include "core/core_priv.h"

enum { ML_LATTICE_DIMS_MAX = 5 };

struct ml_lattice {
    size_t n; /* points */
    int d;
    uint32_t vertices;
    uint32_t *vertex;     /* [n][d + 1]: the corners of the simplex that a point lies in */
    float *share;         /* [n][d + 1]: what they have of it */
    uint32_t *neighbours; /* [d + 1][vertices][2]; `vertices` stands for none */
};

/* Points are [n][d], in units of the Gaussian's deviation. EDGEL_ENOMEM; EDGEL_ELIMIT: a coordinate beyond 10^6, or
 * more than 2^31 corners. finish() frees it, also a zeroed one. */
EDGEL_NODISCARD enum edgel_status ml_lattice_init(struct ml_lattice *l, const float *points, size_t n, int d,
                                                  struct edgel_error *err);
void ml_lattice_finish(struct ml_lattice *l);
/* out[i] = sum over j of the kernel times in[j], for `channels` values a point; room is 2 (vertices + 1) channels. */
void ml_lattice_filter(const struct ml_lattice *l, const float *in, float *out, int channels, float *room,
                       struct edgel_pool *pool);

#endif
