/* The loops over features at the level of plain C, and the choice of the level. */
#include "ml/ml_dsp.h"
#include "core/core_priv.h"

#define LEVEL(name) name##_c
#include "ml/ml_rows.h"

void ml_dsp_init(struct ml_dsp *t, unsigned flags)
{
    (void)flags;
    ml_rows_c(t);
#ifdef EDGEL_HAVE_AVX2
    if (flags & EDGEL_CPU_AVX2)
        ml_rows_avx2(t);
#endif
#ifdef EDGEL_HAVE_AVX512
    if (flags & EDGEL_CPU_AVX512)
        ml_rows_avx512(t);
#endif
}
