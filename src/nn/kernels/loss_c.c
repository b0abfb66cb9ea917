/* The row kernels of the machine's baseline, and the choice among the levels. */
#define LEVEL(name) name##_c
#include "nn/kernels/loss_rows.h"

void loss_kernels_init(struct loss_kernels *k, unsigned flags)
{
    loss_kernels_c(k);
#ifdef EDGEL_HAVE_AVX2
    if (flags & EDGEL_CPU_AVX2)
        loss_kernels_avx2(k);
#endif
#ifdef EDGEL_HAVE_AVX512
    if (flags & EDGEL_CPU_AVX512)
        loss_kernels_avx512(k);
#endif
    edgel_numeric_init(&k->numeric, flags);
}
