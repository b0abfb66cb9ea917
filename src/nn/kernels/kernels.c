/* Chooses the loops for a CPU level. */
#include "nn/nn_priv.h"

void nn_lanes_init(struct nn_lanes *t, unsigned flags)
{
    nn_lanes_c(t);
    (void)flags; /* unused where no other level is built */
#ifdef EDGEL_HAVE_AVX2
    if (flags & EDGEL_CPU_AVX2)
        nn_lanes_avx2(t);
#endif
#ifdef EDGEL_HAVE_AVX512
    if (flags & EDGEL_CPU_AVX512)
        nn_lanes_avx512(t);
#endif
}

void nn_kernels_init(struct nn_kernels *k, unsigned cpu_flags)
{
    nn_dsp_init(&k->dsp, cpu_flags);
    nn_lanes_init(&k->lanes, cpu_flags);
    edgel_numeric_init(&k->numeric, cpu_flags);
}
