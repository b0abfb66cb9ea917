/* Row kernels of whole 8-bit operations in 512-bit registers, where a sum of products is one instruction. */
#define EDGEL_VEC 64
#include "filter/rows_x86.h"

void edgel_rows_dsp_init_avx512vnni(struct edgel_filter_dsp *dsp)
{
    upgrade(dsp);
}
