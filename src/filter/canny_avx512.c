/* Canny's row kernels in 512-bit registers: what filter_dsp.c computes, 32 samples at a time. */
#define EDGEL_VEC 64
#include "filter/canny_x86.h"

/* Mask of the maxima among the lanes of k. */
static __mmask32 kept_l1(__mmask32 k, __m512i m, __m512i dx, __m512i dy, const int16_t *up,
                         const int16_t *mid, const int16_t *down)
{
    const __m512i y = _mm512_abs_epi16(dy);
    const __m512i x2 = _mm512_slli_epi16(_mm512_abs_epi16(dx), 1);
    const __m512i t = _mm512_mulhi_epi16(x2, _mm512_set1_epi16(13573));
    const __mmask32 level = _mm512_cmple_epi16_mask(y, t);
    const __mmask32 upright = _mm512_cmpgt_epi16_mask(y, _mm512_add_epi16(x2, t));
    const __mmask32 falling = _mm512_movepi16_mask(_mm512_xor_si512(dx, dy));
    __m512i before = _mm512_mask_loadu_epi16(load(up - 1), falling, up + 1);
    __m512i after = _mm512_mask_loadu_epi16(load(down + 1), falling, down - 1);
    before = _mm512_mask_loadu_epi16(before, upright, up);
    after = _mm512_mask_loadu_epi16(after, upright, down);
    before = _mm512_mask_loadu_epi16(before, level, mid - 1);
    after = _mm512_mask_loadu_epi16(after, level, mid + 1);
    /* m >= after is m > after - 1; slanted is strict on both sides */
    after = _mm512_mask_add_epi16(after, level | upright, after, _mm512_set1_epi16(-1));
    k = _mm512_mask_cmpgt_epi16_mask(k, m, before);
    return _mm512_mask_cmpgt_epi16_mask(k, m, after);
}

/* Bit i: word i, of up to 64 words of magnitudes, has one above low. */
static uint64_t busy_words(const int16_t *m, int n, __m512i low)
{
    uint64_t busy = 0;
    for (int i = 0; i < n; i += 64) {
        const __m512i most = _mm512_max_epi16(load(m + i), load(m + i + 32));
        busy |= (uint64_t)(_mm512_cmpgt_epi16_mask(most, low) != 0) << (i / 64);
    }
    return busy;
}

static void sector_l1_avx512(uint64_t *weak, uint64_t *strong, const struct edgel_sector_rows *r, int n,
                             int low, int high)
{
    const int16_t *up = r->up, *mid = r->mid, *down = r->down;
    const __m512i lo = _mm512_set1_epi16((int16_t)low), hi = _mm512_set1_epi16((int16_t)high);
    memset(weak, 0, (size_t)(n + 63) / 64 * sizeof *weak);
    memset(strong, 0, (size_t)(n + 63) / 64 * sizeof *strong);
    for (int from = 0; from < n; from += 4096)
        for (uint64_t busy = busy_words(mid + from, n - from < 4096 ? n - from : 4096, lo); busy != 0;
             busy &= busy - 1) {
            const int word = from / 64 + __builtin_ctzll(busy), i = 64 * word, j = i + 32;
            const uint64_t inside = n - i < 64 ? ((uint64_t)1 << (n - i)) - 1 : ~(uint64_t)0;
            const struct derivatives d = derivatives_at(r, i);
            const __m512i m0 = load(mid + i), m1 = load(mid + j);
            __mmask32 k0 = _mm512_cmpgt_epi16_mask(m0, lo), k1 = _mm512_cmpgt_epi16_mask(m1, lo);
            k0 = kept_l1(k0, m0, d.x[0], d.y[0], up + i, mid + i, down + i);
            k1 = kept_l1(k1, m1, d.x[1], d.y[1], up + j, mid + j, down + j);
            weak[word] = (k0 | (uint64_t)k1 << 32) & inside;
            k0 = _mm512_mask_cmpgt_epi16_mask(k0, m0, hi);
            k1 = _mm512_mask_cmpgt_epi16_mask(k1, m1, hi);
            strong[word] = (k0 | (uint64_t)k1 << 32) & inside;
        }
}

static __m512i or3(__m512i a, __m512i b, __m512i c)
{
    return _mm512_ternarylogic_epi64(a, b, c, 0xFE);
}

static bool grow_words_avx512(uint64_t *s, const uint64_t *weak, const uint64_t *from, int words)
{
    bool grew = false;
    for (int i = 0; i < words; i += 8) {
        const __mmask8 k = (__mmask8)(words - i < 8 ? (1 << (words - i)) - 1 : 255);
        const __m512i w = _mm512_maskz_loadu_epi64(k, weak + i), before = _mm512_maskz_loadu_epi64(k, s + i);
        const __m512i open = _mm512_andnot_si512(before, w);
        if (_mm512_test_epi64_mask(open, open) == 0)
            continue;
        const __m512i f = _mm512_maskz_loadu_epi64(k, from + i);
        const __m512i fl = _mm512_maskz_loadu_epi64(k, from + i - 1);
        const __m512i fr = _mm512_maskz_loadu_epi64(k, from + i + 1);
        const __m512i beside = or3(_mm512_slli_epi64(f, 1), _mm512_srli_epi64(f, 1), f);
        const __m512i ends = _mm512_or_si512(_mm512_srli_epi64(fl, 63), _mm512_slli_epi64(fr, 63));
        const __m512i near = or3(_mm512_slli_epi64(before, 1), _mm512_srli_epi64(before, 1), beside);
        const __mmask8 grows = _mm512_test_epi64_mask(_mm512_or_si512(near, ends), open);
        if (grows == 0)
            continue;
        grew = true;
        const __m512i seeds = _mm512_or_si512(before, _mm512_and_si512(_mm512_or_si512(beside, ends), w));
        const __m512i carried = _mm512_xor_si512(_mm512_add_epi64(w, seeds), w);
        __m512i left = seeds, run = w;
        for (unsigned step = 1; step < 64; step *= 2) {
            left = _mm512_or_si512(left, _mm512_and_si512(run, _mm512_srli_epi64(left, step)));
            run = _mm512_and_si512(run, _mm512_srli_epi64(run, step));
        }
        _mm512_mask_storeu_epi64(s + i, grows, _mm512_or_si512(left, _mm512_and_si512(carried, w)));
    }
    return grew;
}

static int next_crossing_avx512(const uint64_t *s, const uint64_t *weak, int from, int words)
{
    for (int i = from; i < words; i += 8) {
        const __mmask8 k = (__mmask8)(words - i < 8 ? (1 << (words - i)) - 1 : 255);
        const __m512i a = _mm512_maskz_loadu_epi64(k, s + i), b = _mm512_maskz_loadu_epi64(k, s + i + 1);
        const __m512i open = _mm512_andnot_si512(a, _mm512_maskz_loadu_epi64(k, weak + i));
        const __m512i open_next = _mm512_andnot_si512(b, _mm512_maskz_loadu_epi64(k, weak + i + 1));
        const __m512i onward = _mm512_and_si512(_mm512_srli_epi64(a, 63), open_next);
        const __m512i back = _mm512_and_si512(_mm512_slli_epi64(b, 63), open);
        const __m512i any = _mm512_or_si512(onward, back);
        const unsigned crosses = _mm512_test_epi64_mask(any, any);
        if (crosses != 0)
            return i + __builtin_ctz(crosses);
    }
    return words;
}

/* Masked stores of bytes are slow, so only the last store is masked. */
static void expand_u8_avx512(uint8_t *dst, const uint64_t *bits, int n, bool past_caches)
{
    int i = 0;
    for (; past_caches && (uintptr_t)dst % 64 == 0 && i + 64 <= n; i += 64)
        _mm512_stream_si512((void *)(dst + i), _mm512_movm_epi8(bits[i / 64]));
    for (; i + 64 <= n; i += 64)
        store(dst + i, _mm512_movm_epi8(bits[i / 64]));
    if (i < n)
        _mm512_mask_storeu_epi8(dst + i, ((uint64_t)1 << (n - i)) - 1, _mm512_movm_epi8(bits[i / 64]));
}

void edgel_canny_dsp_init_avx512(struct edgel_filter_dsp *dsp)
{
    dsp->magnitude_l1 = magnitude_l1;
    dsp->sobel_l1 = sobel_l1;
    dsp->sector_l1 = sector_l1_avx512;
    dsp->grow_words = grow_words_avx512;
    dsp->next_crossing = next_crossing_avx512;
    dsp->expand_u8 = expand_u8_avx512;
}
