/* Canny's row kernels in 256-bit registers: what filter_dsp.c computes, 16 samples at a time. */
#define EDGEL_VEC 32
#include "filter/canny_x86.h"

/* Mask of the maxima: 16 lanes of 0 or -1. */
static __m256i kept_l1(__m256i dx, __m256i dy, const int16_t *up, const int16_t *mid, const int16_t *down)
{
    const __m256i y = _mm256_abs_epi16(dy), m = load(mid);
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

/* Bit i: word i, of up to 64 words of magnitudes, has one above low. */
static uint64_t busy_words(const int16_t *m, int n, __m256i low)
{
    uint64_t busy = 0;
    for (int i = 0; i < n; i += 64) {
        const __m256i most = _mm256_max_epi16(_mm256_max_epi16(load(m + i), load(m + i + 16)),
                                              _mm256_max_epi16(load(m + i + 32), load(m + i + 48)));
        const __m256i above = _mm256_cmpgt_epi16(most, low);
        busy |= (uint64_t)!_mm256_testz_si256(above, above) << (i / 64);
    }
    return busy;
}

static void sector_l1_avx2(uint64_t *weak, uint64_t *strong, const struct edgel_sector_rows *r, int n,
                           int low, int high)
{
    const int16_t *up = r->up, *mid = r->mid, *down = r->down;
    const __m256i lo = _mm256_set1_epi16((int16_t)low), hi = _mm256_set1_epi16((int16_t)high);
    memset(weak, 0, (size_t)(n + 63) / 64 * sizeof *weak);
    memset(strong, 0, (size_t)(n + 63) / 64 * sizeof *strong);
    for (int from = 0; from < n; from += 4096)
        for (uint64_t busy = busy_words(mid + from, n - from < 4096 ? n - from : 4096, lo); busy != 0;
             busy &= busy - 1) {
            const int word = from / 64 + __builtin_ctzll(busy), i = 64 * word;
            const uint64_t inside = n - i < 64 ? ((uint64_t)1 << (n - i)) - 1 : ~(uint64_t)0;
            uint64_t bits[2] = { 0, 0 };
            for (int k = i; k < i + 64; k += 32) {
                const struct derivatives d = derivatives_at(r, k);
                const __m256i m0 = load(mid + k), m1 = load(mid + k + 16);
                const __m256i k0 = kept_l1(d.x[0], d.y[0], up + k, mid + k, down + k);
                const __m256i k1 = kept_l1(d.x[1], d.y[1], up + k + 16, mid + k + 16, down + k + 16);
                bits[0] |= bits_of(_mm256_and_si256(k0, _mm256_cmpgt_epi16(m0, lo)),
                                   _mm256_and_si256(k1, _mm256_cmpgt_epi16(m1, lo)))
                           << (k - i);
                bits[1] |= bits_of(_mm256_and_si256(k0, _mm256_cmpgt_epi16(m0, hi)),
                                   _mm256_and_si256(k1, _mm256_cmpgt_epi16(m1, hi)))
                           << (k - i);
            }
            weak[word] = bits[0] & inside;
            strong[word] = bits[0] & bits[1] & inside;
        }
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
        const __m256i w = load(weak + i), before = load(s + i);
        const __m256i open = _mm256_andnot_si256(before, w);
        if (_mm256_testz_si256(open, open))
            continue;
        const __m256i f = load(from + i);
        const __m256i ends =
            either(_mm256_srli_epi64(load(from + i - 1), 63), _mm256_slli_epi64(load(from + i + 1), 63));
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

static int next_crossing_avx2(const uint64_t *s, const uint64_t *weak, int from, int words)
{
    int i = from;
    for (; i + 4 <= words; i += 4) {
        const __m256i a = load(s + i), b = load(s + i + 1);
        const __m256i onward =
            _mm256_and_si256(_mm256_srli_epi64(a, 63), _mm256_andnot_si256(b, load(weak + i + 1)));
        const __m256i back =
            _mm256_and_si256(_mm256_slli_epi64(b, 63), _mm256_andnot_si256(a, load(weak + i)));
        const __m256i none = _mm256_cmpeq_epi64(either(onward, back), _mm256_setzero_si256());
        const unsigned crosses = ~(unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(none)) & 15;
        if (crosses != 0)
            return i + __builtin_ctz(crosses);
    }
    for (; i < words; i++)
        if (edgel_crosses(s, weak, i))
            break;
    return i;
}

/* The 32 pixels from i on. */
static inline __m256i expanded(const uint64_t *bits, int i)
{
    const __m256i byte_of = _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
    const __m256i bit_of = _mm256_set1_epi64x((long long)0x8040201008040201u);
    const __m256i four = _mm256_set1_epi32((int)(uint32_t)(bits[i / 64] >> i % 64));
    return _mm256_cmpeq_epi8(_mm256_and_si256(_mm256_shuffle_epi8(four, byte_of), bit_of), bit_of);
}

static void expand_u8_avx2(uint8_t *dst, const uint64_t *bits, int n, bool past_caches)
{
    int i = 0;
    for (; past_caches && (uintptr_t)dst % 32 == 0 && i + 32 <= n; i += 32)
        _mm256_stream_si256((__m256i *)(void *)(dst + i), expanded(bits, i));
    for (; i + 32 <= n; i += 32)
        store(dst + i, expanded(bits, i));
    for (; i < n; i++)
        dst[i] = bits[i / 64] >> i % 64 & 1 ? 255 : 0;
}

void edgel_canny_dsp_init_avx2(struct edgel_filter_dsp *dsp)
{
    dsp->magnitude_l1 = magnitude_l1;
    dsp->sobel_l1 = sobel_l1;
    dsp->expand_u8 = expand_u8_avx2;
    dsp->grow_words = grow_words_avx2;
    dsp->next_crossing = next_crossing_avx2;
    dsp->sector_l1 = sector_l1_avx2;
}
