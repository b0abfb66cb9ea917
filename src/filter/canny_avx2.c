/* Canny's row kernels in 256-bit registers: what filter_dsp.c computes, 16 samples at a time. */
#include "filter/filter_priv.h"
#include <immintrin.h>

static __m256i load(const int16_t *p)
{
    return _mm256_loadu_si256((const __m256i *)p);
}

static void store(int16_t *p, __m256i v)
{
    _mm256_storeu_si256((__m256i *)p, v);
}

static __m256i load_u8(const uint8_t *p)
{
    return _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)p));
}

static void magnitude_l1_avx2(int16_t *m, const int16_t *gx, const int16_t *gy, int n)
{
    for (int i = 0; i < n; i += 16)
        store(m + i, _mm256_add_epi16(_mm256_abs_epi16(load(gx + i)), _mm256_abs_epi16(load(gy + i))));
}

/* With the falling diagonal p = c[1] - a[-1] and the rising one q = c[-1] - a[1]:
 * gx = p - q + 2 (b[1] - b[-1]), gy = p + q + 2 (c[0] - a[0]). */
static void sobel_l1_avx2(int16_t *gx, int16_t *gy, int16_t *m, const uint8_t *a, const uint8_t *b,
                          const uint8_t *c, int n)
{
    for (int i = 0; i < n; i += 16) {
        const __m256i p = _mm256_sub_epi16(load_u8(c + i + 1), load_u8(a + i - 1));
        const __m256i q = _mm256_sub_epi16(load_u8(c + i - 1), load_u8(a + i + 1));
        const __m256i across = _mm256_sub_epi16(load_u8(b + i + 1), load_u8(b + i - 1));
        const __m256i down = _mm256_sub_epi16(load_u8(c + i), load_u8(a + i));
        const __m256i x = _mm256_add_epi16(_mm256_sub_epi16(p, q), _mm256_slli_epi16(across, 1));
        const __m256i y = _mm256_add_epi16(_mm256_add_epi16(p, q), _mm256_slli_epi16(down, 1));
        store(gx + i, x);
        store(gy + i, y);
        store(m + i, _mm256_add_epi16(_mm256_abs_epi16(x), _mm256_abs_epi16(y)));
    }
}

/* 16 lanes of 0 or -1: what is kept. */
static __m256i kept_l1(const int16_t *gx, const int16_t *gy, const int16_t *up, const int16_t *mid,
                       const int16_t *down)
{
    const __m256i dx = load(gx), dy = load(gy), y = _mm256_abs_epi16(dy), m = load(mid);
    const __m256i x2 = _mm256_slli_epi16(_mm256_abs_epi16(dx), 1);
    const __m256i t = _mm256_mulhi_epi16(x2, _mm256_set1_epi16(13573));
    const __m256i steep = _mm256_cmpgt_epi16(y, t);
    const __m256i upright = _mm256_cmpgt_epi16(y, _mm256_add_epi16(x2, t));
    const __m256i falling = _mm256_srai_epi16(_mm256_xor_si256(dx, dy), 15);
    __m256i before = _mm256_blendv_epi8(load(up - 1), load(up + 1), falling);
    __m256i after = _mm256_blendv_epi8(load(down + 1), load(down - 1), falling);
    before = _mm256_blendv_epi8(before, load(up), upright);
    after = _mm256_blendv_epi8(after, load(down), upright);
    before = _mm256_blendv_epi8(load(mid - 1), before, steep);
    after = _mm256_blendv_epi8(load(mid + 1), after, steep);
    after = _mm256_sub_epi16(after, _mm256_andnot_si256(upright, steep)); /* slanted: strict on both sides */
    return _mm256_andnot_si256(_mm256_cmpgt_epi16(after, m), _mm256_cmpgt_epi16(m, before));
}

/* The lanes of a and b as 32 bits. */
static uint64_t bits_of(__m256i a, __m256i b)
{
    const __m256i bytes = _mm256_permute4x64_epi64(_mm256_packs_epi16(a, b), 0xD8);
    return (uint32_t)_mm256_movemask_epi8(bytes);
}

static void sector_l1_avx2(uint64_t *weak, uint64_t *strong, const int16_t *gx, const int16_t *gy,
                           const int16_t *up, const int16_t *mid, const int16_t *down, int n, int low,
                           int high)
{
    const __m256i lo = _mm256_set1_epi16((int16_t)low), hi = _mm256_set1_epi16((int16_t)high);
    for (int i = 0; i < n; i += 64) {
        const uint64_t inside = n - i < 64 ? ((uint64_t)1 << (n - i)) - 1 : ~(uint64_t)0;
        uint64_t word[2] = { 0, 0 };
        for (int k = i; k < i + 64; k += 32) {
            const __m256i m0 = load(mid + k), m1 = load(mid + k + 16);
            const __m256i w0 = _mm256_cmpgt_epi16(m0, lo), w1 = _mm256_cmpgt_epi16(m1, lo);
            if (_mm256_testz_si256(_mm256_or_si256(w0, w1), _mm256_or_si256(w0, w1)))
                continue;
            const __m256i k0 = kept_l1(gx + k, gy + k, up + k, mid + k, down + k);
            const __m256i k1 = kept_l1(gx + k + 16, gy + k + 16, up + k + 16, mid + k + 16, down + k + 16);
            word[0] |= bits_of(_mm256_and_si256(k0, w0), _mm256_and_si256(k1, w1)) << (k - i);
            word[1] |= bits_of(_mm256_and_si256(k0, _mm256_cmpgt_epi16(m0, hi)),
                               _mm256_and_si256(k1, _mm256_cmpgt_epi16(m1, hi)))
                       << (k - i);
        }
        weak[i / 64] = word[0] & inside;
        strong[i / 64] = word[1] & inside;
    }
}

static __m256i load_words(const uint64_t *p)
{
    return _mm256_loadu_si256((const __m256i *)p);
}

static __m256i either(__m256i a, __m256i b)
{
    return _mm256_or_si256(a, b);
}

static bool grow_words_avx2(uint64_t *s, const uint64_t *weak, const uint64_t *from, int words)
{
    bool grew = false;
    int i = 0;
    for (; i + 4 <= words; i += 4) {
        const __m256i w = load_words(weak + i), before = load_words(s + i);
        const __m256i open = _mm256_andnot_si256(before, w);
        if (_mm256_testz_si256(open, open))
            continue;
        const __m256i f = load_words(from + i);
        const __m256i ends = either(_mm256_srli_epi64(load_words(from + i - 1), 63),
                                    _mm256_slli_epi64(load_words(from + i + 1), 63));
        const __m256i beside =
            either(either(_mm256_slli_epi64(f, 1), _mm256_srli_epi64(f, 1)), either(f, ends));
        const __m256i near = either(_mm256_slli_epi64(before, 1), _mm256_srli_epi64(before, 1));
        if (_mm256_testz_si256(either(beside, near), open))
            continue;
        grew = true;
        const __m256i seeds = either(before, _mm256_and_si256(beside, w));
        const __m256i carried = _mm256_xor_si256(_mm256_add_epi64(w, seeds), w);
        __m256i left = seeds, run = w;
        for (int step = 1; step < 64; step *= 2) {
            left = either(left, _mm256_and_si256(run, _mm256_srli_epi64(left, step)));
            run = _mm256_and_si256(run, _mm256_srli_epi64(run, step));
        }
        _mm256_storeu_si256((__m256i *)(s + i), either(left, _mm256_and_si256(carried, w)));
    }
    for (; i < words; i++) {
        const uint64_t spread = edgel_spread(s[i] | (edgel_widened(from + i) & weak[i]), weak[i]);
        grew = grew || s[i] != spread;
        s[i] = spread;
    }
    return grew;
}

static void expand_u8_avx2(uint8_t *dst, const uint64_t *bits, int n)
{
    const __m256i byte_of = _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
    const __m256i bit_of = _mm256_set1_epi64x((long long)0x8040201008040201u);
    int i = 0;
    for (; i + 32 <= n; i += 32) {
        const __m256i four = _mm256_set1_epi32((int)(uint32_t)(bits[i / 64] >> i % 64));
        const __m256i own = _mm256_and_si256(_mm256_shuffle_epi8(four, byte_of), bit_of);
        _mm256_storeu_si256((__m256i *)(dst + i), _mm256_cmpeq_epi8(own, bit_of));
    }
    for (; i < n; i++)
        dst[i] = bits[i / 64] >> i % 64 & 1 ? 255 : 0;
}

void edgel_canny_dsp_init_avx2(struct edgel_filter_dsp *dsp)
{
    dsp->magnitude_l1 = magnitude_l1_avx2;
    dsp->sobel_l1 = sobel_l1_avx2;
    dsp->expand_u8 = expand_u8_avx2;
    dsp->grow_words = grow_words_avx2;
    dsp->sector_l1 = sector_l1_avx2;
}
