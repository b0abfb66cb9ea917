/* Canny's row kernels in 512-bit registers; tails are masked. */
#include "filter/filter_priv.h"
#include <immintrin.h>

static void magnitude_l1_avx512(int16_t *m, const int16_t *gx, const int16_t *gy, int n)
{
    for (int i = 0; i < n; i += 32) {
        const __mmask32 k = n - i >= 32 ? ~0u : (1u << (n - i)) - 1;
        const __m512i x = _mm512_abs_epi16(_mm512_maskz_loadu_epi16(k, gx + i));
        const __m512i y = _mm512_abs_epi16(_mm512_maskz_loadu_epi16(k, gy + i));
        _mm512_mask_storeu_epi16(m + i, k, _mm512_add_epi16(x, y));
    }
}

void edgel_canny_dsp_init_avx512(struct edgel_filter_dsp *dsp)
{
    dsp->magnitude_l1 = magnitude_l1_avx512;
}
