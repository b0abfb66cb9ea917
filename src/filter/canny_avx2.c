/* Canny's row kernels in 256-bit registers. */
#include "filter/filter_priv.h"
#include <immintrin.h>

static __m256i load(const int16_t *p)
{
    return _mm256_loadu_si256((const __m256i *)p);
}

static void magnitude_l1_avx2(int16_t *m, const int16_t *gx, const int16_t *gy, int n)
{
    int i = 0;
    for (; i + 16 <= n; i += 16) {
        const __m256i x = _mm256_abs_epi16(load(gx + i)), y = _mm256_abs_epi16(load(gy + i));
        _mm256_storeu_si256((__m256i *)(m + i), _mm256_add_epi16(x, y));
    }
    for (; i < n; i++)
        m[i] = (int16_t)((gx[i] < 0 ? -gx[i] : gx[i]) + (gy[i] < 0 ? -gy[i] : gy[i]));
}

void edgel_canny_dsp_init_avx2(struct edgel_filter_dsp *dsp)
{
    dsp->magnitude_l1 = magnitude_l1_avx2;
}
