/* Row kernels of whole 8-bit operations in 256-bit registers. */
#define EDGEL_VEC 32
#include "filter/rows_x86.h"

void edgel_rows_dsp_init_avx2(struct edgel_filter_dsp *dsp)
{
    upgrade(dsp);
}
