/* filter_priv.h: what the files of src/filter share; row kernels, scratch, gradient rows. */
#ifndef EDGEL_FILTER_PRIV_H
#define EDGEL_FILTER_PRIV_H

#include "core/core_priv.h"
#include "edgel/filter.h"
#include <string.h>

/* --- filter_dsp.c --- */

/* Prefetches memory that is read soon: the processor does not foresee where the next row begins. */
static inline void edgel_prefetch(const void *p, size_t bytes)
{
    for (size_t i = 0; i < bytes; i += 64)
        __builtin_prefetch((const char *)p + i);
}

/* Pads a row of n samples: repeats its first and its last pixel over pad samples on either side. */
static inline void edgel_repeat_ends(uint8_t *row, int n, int pad, int channels)
{
    for (int i = 0; i < pad; i++) {
        row[-1 - i] = row[channels - 1 - i % channels];
        row[n + i] = row[n - channels + i % channels];
    }
}

/* Orders non-temporal stores before later ones, so that other threads see them. */
static inline void edgel_end_stores(void)
{
#ifdef __SSE__
    __builtin_ia32_sfence();
#endif
}

/* Stores v as eight bytes, little-endian. */
static inline void edgel_store_bytes(uint8_t *dst, uint64_t v)
{
    if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
        v = __builtin_bswap64(v);
    memcpy(dst, &v, sizeof v);
}

/* Spreads each bit of s over the run of weak bits that contains it: to higher bits by the carry of an addition, to
 * lower bits in doubling steps. */
static inline uint64_t edgel_spread_right(uint64_t s, uint64_t weak)
{
    return s | (((weak + s) ^ weak) & weak);
}
static inline uint64_t edgel_spread_left(uint64_t s, uint64_t weak)
{
    for (int step = 1; step < 64; step *= 2) {
        s |= weak & s >> step;
        weak &= weak >> step;
    }
    return s;
}
static inline uint64_t edgel_spread(uint64_t s, uint64_t weak)
{
    return edgel_spread_right(s, weak) | edgel_spread_left(s, weak);
}
/* Whether, at the boundary of words i and i + 1 of a row, a weak pixel outside s on one side is beside a pixel of s on
 * the other. */
static inline bool edgel_crosses(const uint64_t *s, const uint64_t *weak, int i)
{
    return ((s[i] >> 63 & weak[i + 1] & ~s[i + 1]) | (s[i + 1] << 63 & weak[i] & ~s[i])) != 0;
}
/* The pixels of word *s and their left and right neighbours, those in the adjacent words included. */
static inline uint64_t edgel_widened(const uint64_t *s)
{
    return s[0] | s[0] << 1 | s[0] >> 1 | s[-1] >> 63 | s[1] << 63;
}

/* A separable derivative, gx = d (x) s: s is even, d is odd; index = distance from the centre. */
struct edgel_taps {
    int radius; /* 1..3 */
    int s[4], d[4];
};

/* Input of sector suppression for one row: magnitudes (int16_t for L1, int32_t for L2) of the row above, the row and
 * the row below, and the derivatives of the row. Where gx is NULL the kernel computes derivatives from the three rows
 * of samples a, b, c with Sobel 3, only at pixels above the low threshold: few are, so storing all would cost more. */
struct edgel_sector_rows {
    const void *up, *mid, *down;
    const int16_t *gx, *gy;
    const uint8_t *a, *b, *c;
};

/*
 * Row kernels: cannot fail, allocate nothing, check nothing. n counts samples (pixels times channels), step is
 * the number of channels, i.e. the distance of horizontal neighbours. rows[] run from the top one down.
 * Float kernels compute exactly what their comment says, in that order, so that every variant has the same bits.
 */
struct edgel_filter_dsp {
    /* 8-bit images, columns first, two rows at a time: dst[i] = sum_k tap[k] rows[k][i] - 32768, k = 0..ntap-1, and
     * below[i] = sum_k tap[k] rows[k + 1][i] - 32768; then along the row
     * dst[i] = (sum_k tap[k] (src[i + k step] + 32768) + 32768) / 65536, rounded down. Taps even
     * (tap[k] = tap[ntap-1-k]), of sum 256; src readable in [0, n + ntap step). */
    void (*smooth_v_u8)(int16_t *dst, int16_t *below, const uint8_t *const *rows, int n, const uint16_t *tap,
                        int ntap);
    void (*smooth_h_u8)(uint8_t *dst, const int16_t *src, int n, int step, const uint16_t *tap, int ntap);
    /* dst[i] = sum_k tap[k] src[i + k step], k = 0..ntap-1; taps even, of sum 65536 (u16). f32: ascending k, starting
     * from 0, product and sum each rounded. */
    void (*blur_h_u16)(uint32_t *dst, const uint16_t *src, int n, int step, const uint32_t *tap, int ntap);
    void (*blur_h_f32)(float *dst, const float *src, int n, int step, const float *tap, int ntap);
    /* dst[i] = sum_k tap[k] rows[k][i], the integers rounded half up by 32 bits. */
    void (*blur_v_u16)(uint16_t *dst, const uint32_t *const *rows, int n, const uint32_t *tap, int ntap);
    void (*blur_v_f32)(float *dst, const float *const *rows, int n, const float *tap, int ntap);

    /* Derivatives of 2 radius + 1 rows, each readable in [-radius step, n + radius step). vs and vd are work rows
     * readable in the same range. u8: radius 3 gives sixteenths, rounded half to even (so that 16 bits hold them).
     * f32: in double, columns first, pairs at equal distance joined before the multiplication, ascending distance;
     * rounded once. */
    void (*derive_u8)(int16_t *gx, int16_t *gy, const uint8_t *const *rows, int n, int step,
                      const struct edgel_taps *t, int16_t *vs, int16_t *vd);
    void (*derive_i32)(int32_t *gx, int32_t *gy, const int32_t *const *rows, int n, int step,
                       const struct edgel_taps *t, int32_t *vs, int32_t *vd);
    void (*derive_f32)(float *gx, float *gy, const float *const *rows, int n, int step,
                       const struct edgel_taps *t, double *vs, double *vd);
    /* gx = r0[i] - r1[i + step], gy = r0[i + step] - r1[i] */
    void (*roberts_i32)(int32_t *gx, int32_t *gy, const int32_t *r0, const int32_t *r1, int n, int step);
    void (*roberts_f32)(float *gx, float *gy, const float *r0, const float *r1, int n, int step);

    /* Magnitudes of the derivatives of 8-bit rows, in one go: min(255, |gx| + |gy|), and for l2
     * min(255, rint(sqrt(gx^2 + gy^2))). Rows, vs and vd as for derive_u8, but the derivatives are whole. */
    void (*edge_l1_u8)(uint8_t *dst, const uint8_t *const *rows, int n, int step, const struct edgel_taps *t,
                       int16_t *vs, int16_t *vd);
    void (*edge_l2_u8)(uint8_t *dst, const uint8_t *const *rows, int n, int step, const struct edgel_taps *t,
                       int16_t *vs, int16_t *vd);
    void (*edge_roberts_l1_u8)(uint8_t *dst, const uint8_t *r0, const uint8_t *r1, int n, int step);
    void (*edge_roberts_l2_u8)(uint8_t *dst, const uint8_t *r0, const uint8_t *r1, int n, int step);

    /* Rows of the five kernels below are readable and writable up to n rounded up to a multiple of 64, and one sample
     * further where a kernel reads neighbours. Values there do not influence the first n results. */
    /* |gx| + |gy| of single-channel rows a, b, c with Sobel 3. */
    void (*sobel_l1)(int16_t *m, const uint8_t *a, const uint8_t *b, const uint8_t *c, int n);
    /* |gx| + |gy| and gx^2 + gy^2 of 8-bit derivatives (each at most 12240). */
    void (*magnitude_l1)(int16_t *m, const int16_t *gx, const int16_t *gy, int n);
    void (*magnitude_l2)(int32_t *m, const int16_t *gx, const int16_t *gy, int n);
    /* Sector non-maximum suppression and both thresholds (canny.c): bit i mod 64 of word i / 64 = what is kept and
     * above low (weak), high (strong); bits from n on are 0. Magnitudes readable in [-1, n]; for l1 low and high lie
     * in -1..32767. */
    void (*sector_l1)(uint64_t *weak, uint64_t *strong, const struct edgel_sector_rows *rows, int n, int low,
                      int high);
    void (*sector_l2)(uint64_t *weak, uint64_t *strong, const struct edgel_sector_rows *rows, int n, int low,
                      int high);
    /* Hysteresis along the words of a row: each word of s takes the weak pixels that touch row `from` (whose words -1
     * and n exist), then spreads along its runs of weak bits. False if no word changed. */
    bool (*grow_words)(uint64_t *s, const uint64_t *weak, const uint64_t *from, int words);
    /* The first i in [from, words) with edgel_crosses(), or words. Word `words` exists and is 0. */
    int (*next_crossing)(const uint64_t *s, const uint64_t *weak, int from, int words);
    /* dst[i] = 255 where bit i mod 64 of word i / 64 is set, else 0. past_caches: uses
     * non-temporal stores, for images larger than the caches; edgel_end_stores() must follow. */
    void (*expand_u8)(uint8_t *dst, const uint64_t *bits, int n, bool past_caches);
};
void edgel_filter_dsp_init(struct edgel_filter_dsp *dsp, unsigned cpu_flags); /* C first, then upgrades */
/* Replace the entries that a level has kernels for. Call only where the processor has the level. */
void edgel_canny_dsp_init_avx2(struct edgel_filter_dsp *dsp);   /* canny_avx2.c */
void edgel_canny_dsp_init_avx512(struct edgel_filter_dsp *dsp); /* canny_avx512.c */
void edgel_canny_dsp_init_neon(struct edgel_filter_dsp *dsp);   /* canny_neon.c */

/* Kernels of rows_c.c, which the higher levels call for short rows. */
void edgel_smooth_v_u8_c(int16_t *dst, int16_t *below, const uint8_t *const *rows, int n, const uint16_t *tap,
                         int ntap);
void edgel_smooth_h_u8_c(uint8_t *dst, const int16_t *src, int n, int step, const uint16_t *tap, int ntap);
void edgel_edge_l1_u8_c(uint8_t *dst, const uint8_t *const *rows, int n, int step, const struct edgel_taps *t,
                        int16_t *vs, int16_t *vd);
void edgel_edge_l2_u8_c(uint8_t *dst, const uint8_t *const *rows, int n, int step, const struct edgel_taps *t,
                        int16_t *vs, int16_t *vd);
void edgel_edge_roberts_l1_u8_c(uint8_t *dst, const uint8_t *r0, const uint8_t *r1, int n, int step);
void edgel_edge_roberts_l2_u8_c(uint8_t *dst, const uint8_t *r0, const uint8_t *r1, int n, int step);
/* Each file of kernels fills in its entries of the table. */
void edgel_rows_dsp_init(struct edgel_filter_dsp *dsp);        /* rows_c.c */
void edgel_rows_dsp_init_avx2(struct edgel_filter_dsp *dsp);   /* rows_avx2.c, where the processor has it */
void edgel_rows_dsp_init_avx512(struct edgel_filter_dsp *dsp); /* rows_avx512.c, likewise */
void edgel_rows_dsp_init_avx512vnni(struct edgel_filter_dsp *dsp); /* rows_avx512vnni.c, likewise */
void edgel_rows_dsp_init_neon(struct edgel_filter_dsp *dsp);       /* rows_neon.c, likewise */

/* --- scratch.c --- */
struct edgel_scratch {
    struct edgel_arena arena;  /* of a call: what all of its rows share */
    struct edgel_pool *pool;   /* NULL: one thread */
    int threads;               /* of the pool; 0 without */
    struct edgel_arena *parts; /* [threads] of the rows that a thread works on */
    int rows;                  /* of a part; 0: as many as suit (tests choose) */
};
/* Begins a public call: empties the arena of the scratch and returns it, or, for scratch NULL, returns own. The caller
 * ends own in either case. Inner functions never empty the arena; functions that work on some rows take an arena. */
struct edgel_scratch *edgel_scratch_begin(struct edgel_scratch *scratch, struct edgel_scratch *own);
void edgel_scratch_end(struct edgel_scratch *own);
/* An image in the arena; never to be finished. */
enum edgel_status edgel_arena_image(struct edgel_arena *arena, struct edgel_image *img, int w, int h,
                                    int channels, enum edgel_type type, struct edgel_error *err);
/* EDGEL_EINVAL unless in is a view that can be read: sides >= 1, channels 1..max_channels, samples at multiples of
 * their size, which is not 0. what names the operation. */
enum edgel_status edgel_layout_check(const char *what, struct edgel_view in, int max_channels,
                                     struct edgel_error *err);
/* The same, and the type must be one that filters read: U8, U16 or F32. */
enum edgel_status edgel_view_check(const char *what, struct edgel_view in, int max_channels,
                                   struct edgel_error *err);
/* The value of white: 255, 65535, 1. */
double edgel_type_range(enum edgel_type type);

/* Rows shared among the threads of a scratch. */
/* Rows from..to-1 of an image, for one thread of 0..edgel_share_threads()-1, which has the arena to itself. */
struct edgel_part {
    struct edgel_arena *arena;
    int thread, from, to;
};
typedef enum edgel_status edgel_share_work(void *user, const struct edgel_part *part,
                                           struct edgel_error *err);
int edgel_share_threads(const struct edgel_scratch *scratch);
/* How many rows a part of an image with h rows of n samples has (the last one: at most), where each part looks at
 * `around` rows of its neighbours: h where it is not worth sharing. */
int edgel_share_rows(const struct edgel_scratch *scratch, int h, int n, int around);
/* Runs work for rows 0..h-1 in parts of `rows` and returns when all is done. What a part writes may depend neither on
 * the others nor on the thread. EDGEL_OK, or what a part failed with, the others then being done or not. */
enum edgel_status edgel_share(struct edgel_scratch *scratch, int h, int rows, edgel_share_work *work,
                              void *user, struct edgel_error *err);

/* --- gaussian.c --- */
struct edgel_smoothing {
    double sigma; /* 0: from ksize */
    int ksize;    /* 0: from sigma */
};
/* Rows above and below a row that its smoothing looks at. */
int edgel_smoothing_radius(struct edgel_smoothing smoothing, enum edgel_type type);
enum edgel_status edgel_gaussian_check(double sigma, int ksize, struct edgel_error *err);

/* A smoothed view, one row after the other. */
struct edgel_blur {
    struct edgel_filter_dsp dsp;
    struct edgel_view in;
    struct edgel_axis {
        int n;
        void *tap; /* uint16_t, uint32_t or float, as the kernels of the type take them */
    } across, down;
    int slots, loaded; /* rows of the ring (none for 8 bits); row `loaded` is the next to come into it */
    char *line, *ring; /* a row with mirrored ends; horizontal sums */
    int16_t *sums[2];  /* for 8 bits, vertical sums of a row and, if `ahead` is its number, of the next one */
    int ahead;
    size_t sum_row;    /* bytes of a row of sums */
    const void **rows; /* down.n + 1 */
};
enum edgel_status edgel_blur_init(struct edgel_blur *b, struct edgel_arena *arena, struct edgel_view in,
                                  struct edgel_smoothing smoothing, int first, struct edgel_error *err);
/* Row y into dst, of the type of the view; rows come in order, from `first` on. */
void edgel_blur_row(struct edgel_blur *b, int y, void *dst);
/* out has the size, channels and type of in, and other memory. */
enum edgel_status edgel_gaussian_into(struct edgel_scratch *scratch, struct edgel_view in,
                                      const struct edgel_image *out, struct edgel_smoothing smoothing,
                                      struct edgel_error *err);

/* --- gradient.c --- */
/* NULL for Roberts. */
const struct edgel_taps *edgel_operator_taps(enum edgel_operator op, int aperture);
enum edgel_status edgel_operator_check(enum edgel_operator op, int aperture, struct edgel_error *err);

/* Derivatives of a view, one row after the other. */
struct edgel_derive {
    struct edgel_filter_dsp dsp;
    struct edgel_view in;
    const struct edgel_taps *taps; /* NULL: Roberts */
    int above, below;              /* rows needed around a row */
    int pad, n;                    /* samples beside a row, samples of a row */
    int loaded;                    /* the next row to come into the ring */
    void *ring[7];                 /* rows as int32_t or float, at their first pixel */
    void *vs, *vd;                 /* work rows */
    void *gx, *gy;                 /* the current row: n int32_t, or n float for F32 */
};
enum edgel_status edgel_derive_init(struct edgel_derive *d, struct edgel_arena *arena, struct edgel_view in,
                                    enum edgel_operator op, int aperture, int first, struct edgel_error *err);
/* Fills d->gx and d->gy for row y; rows come in order, from `first` on. */
void edgel_derive_row(struct edgel_derive *d, int y);

/* --- edge_u8.c --- */
/* Magnitudes of an 8-bit image, smoothed first unless smoothing is NULL, of several channels the strongest,
 * saturated to 8 bits. out: U8, 1 channel, the size of in. */
enum edgel_status edgel_edge_u8(struct edgel_scratch *scratch, struct edgel_view in, enum edgel_operator op,
                                int aperture, enum edgel_norm norm, const struct edgel_smoothing *smoothing,
                                const struct edgel_image *out, struct edgel_error *err);

/* --- magnitude.c --- */
/* The strongest channel of each pixel of d's current row, the last of equals: its derivatives and magnitude, L1 or
 * the squared L2. Exact for integer input: all values are below 2^53. sixteenths: derivatives are divided by 16
 * and rounded half to even first. */
void edgel_strongest(const struct edgel_derive *d, enum edgel_norm norm, bool sixteenths, double *gx,
                     double *gy, double *m);
/* m, or its root for L2 */
double edgel_magnitude_unit(double m, enum edgel_norm norm);

/* Sample i of a row of I16, I32 or F32. */
double edgel_gradient_sample(const void *row, enum edgel_type type, int i);
/* EDGEL_EINVAL unless gx and gy are planes of one gradient, of 1..4 channels. what names the operation. */
enum edgel_status edgel_gradient_check(const char *what, struct edgel_view gx, struct edgel_view gy,
                                       struct edgel_error *err);

/* --- nms.c --- */
/* kept[x] = mid[x] where it is a maximum along its gradient, 0 elsewhere. Magnitudes readable in [-1, n].
 * wide: they are integers whose products with a derivative need more than 53 bits. */
void edgel_nms_row(double *kept, const double *gx, const double *gy, const double *up, const double *mid,
                   const double *down, int n, enum edgel_nms nms, bool wide);

/* --- magnitude_counts.c --- */
/* The magnitudes of a whole image, in the scale of edgel_strongest(). All of it lives in the scratch's arena. */
enum { EDGEL_MAGNITUDE_BINS = 64 };
struct edgel_magnitudes {
    size_t n, above; /* how many there are; how many are above 0 */
    double max;
    struct edgel_view in;
    const struct edgel_canny_params *params;
    /* The rest is the file's own. */
    struct edgel_scratch *scratch;
    int rows;        /* of a part */
    uint64_t *whole; /* [nwhole] how often each whole magnitude occurs; NULL: each is in m */
    size_t nwhole;
    double *m;
    struct edgel_tally *tally; /* [threads] */
    uint64_t bits;             /* that are set in any of m */
    void (*count)(const struct edgel_magnitudes *all, const double *m, size_t n, size_t *counts);
    int known, shift; /* for digits: the bits from known on up are prefix, those from shift on are counted */
    uint64_t prefix;
};
enum edgel_status edgel_magnitudes_init(struct edgel_magnitudes *all, struct edgel_scratch *scratch,
                                        struct edgel_view in, const struct edgel_canny_params *params,
                                        struct edgel_error *err);
/* The magnitude of the given rank, 1..above, among those above 0, sorted. */
enum edgel_status edgel_magnitudes_rank(struct edgel_magnitudes *all, size_t rank, double *v,
                                        struct edgel_error *err);
/* How many are in each bin: floor(63 m / max + 1/2), m and max as roots for L2. max must be above 0. */
enum edgel_status edgel_magnitudes_bins(struct edgel_magnitudes *all, size_t counts[EDGEL_MAGNITUDE_BINS],
                                        struct edgel_error *err);

/* --- threshold.c --- */
/* Whether a threshold is counted over the image, and so needs all of it. */
bool edgel_canny_counts_pixels(const struct edgel_canny_params *params);
/* Thresholds in the scale of edgel_strongest's magnitudes: squared for L2, sixteenths where they are. */
struct edgel_limits_pair {
    double low, high;
};
enum edgel_status edgel_threshold_check(const char *name, struct edgel_threshold t, struct edgel_error *err);
enum edgel_status edgel_threshold_resolve(struct edgel_scratch *scratch, struct edgel_view in,
                                          const struct edgel_canny_params *params,
                                          struct edgel_limits_pair *limits, struct edgel_canny_used *used,
                                          struct edgel_error *err);

/* --- hysteresis.c --- */
/* Two bits a pixel: weak (kept and above the low threshold) and strong (above the high one, too). Pixel x is bit x mod
 * 64 of word x / 64 of its row; bits beyond the width are 0. A border of one zero word goes all around. */
struct edgel_bit_map {
    struct edgel_filter_dsp dsp;
    uint64_t *weak, *strong; /* at the first word of row 0 */
    int w, h, words;         /* words of a row */
    ptrdiff_t pitch;         /* words from row to row */
};
enum edgel_status edgel_bit_map_init(struct edgel_bit_map *map, struct edgel_arena *arena, int w, int h,
                                     struct edgel_error *err);
uint64_t *edgel_bit_map_weak(const struct edgel_bit_map *map, int y);
uint64_t *edgel_bit_map_strong(const struct edgel_bit_map *map, int y);
/* The strong bits of row y as samples: U1 (whole words), or U8, U16 or F32 with edges at the full range.
 * past_caches: as of expand_u8. */
void edgel_bit_map_edges(const struct edgel_bit_map *map, int y, enum edgel_type type, void *dst,
                         bool past_caches);
/* How many strong bits there are. */
uint64_t edgel_bit_map_count(const struct edgel_bit_map *map);
/* All rows into an image of the same sides. */
enum edgel_status edgel_bit_map_into(struct edgel_scratch *scratch, const struct edgel_bit_map *map,
                                     const struct edgel_image *out, struct edgel_error *err);

/* Weak pixels 8-connected to strong ones become strong: first edgel_hysteresis_row() for each row of a part,
 * in order, as soon as its bits are there, then edgel_hysteresis_part(), and when all parts are done
 * edgel_hysteresis_join(). A part looks at no rows but its own, so that threads can work on several at once. */
struct edgel_worklist {
    uint32_t *place;
    uint8_t *listed;
}; /* room for each word of a map */
enum edgel_status edgel_worklist_init(struct edgel_worklist *list, struct edgel_arena *arena,
                                      const struct edgel_bit_map *map, struct edgel_error *err);
/* first: of its part */
void edgel_hysteresis_row(struct edgel_bit_map *map, int y, bool first);
void edgel_hysteresis_part(struct edgel_bit_map *map, const struct edgel_worklist *list, int from, int to);
/* Parts begin at rows 0, rows, 2 rows, ... */
void edgel_hysteresis_join(struct edgel_bit_map *map, const struct edgel_worklist *list, int rows);

/* Rows from..to-1 of a view are rows at, at + 1, ... of a map. The view's other rows are there for what surrounds these
 * on the way: those outside the image are not known to the view. */
struct edgel_band {
    int from, to, at;
    bool apart; /* the map's rows above belong to another part */
};

/* --- canny_u8.c --- */
/* Classes of an 8-bit image under sector suppression, in 16-bit (L1) and 32-bit (L2) lanes, rows smoothed on the way
 * (smoothing NULL: not at all), each followed by edgel_hysteresis_row(). map is initialised. */
enum edgel_status edgel_canny_u8(struct edgel_arena *arena, struct edgel_view in,
                                 const struct edgel_smoothing *smoothing,
                                 const struct edgel_canny_params *params,
                                 const struct edgel_limits_pair *limits, struct edgel_band band,
                                 struct edgel_bit_map *map, struct edgel_error *err);

/* How many whole magnitudes there are, from 0 on; 0: they do not fit these lanes. */
size_t edgel_canny_u8_magnitudes(struct edgel_view in, const struct edgel_canny_params *params);
/* Adds the magnitudes of rows from..to-1 to counts, L1. */
enum edgel_status edgel_canny_u8_count(struct edgel_arena *arena, struct edgel_view in,
                                       const struct edgel_canny_params *params, int from, int to,
                                       uint64_t *counts, struct edgel_error *err);

/* --- canny.c --- */
enum edgel_status edgel_canny_check(const struct edgel_canny_params *params, struct edgel_error *err);
/* Whether derivatives, and thresholds with them, are divided by 16: OpenCV's rule for 16-bit lanes. */
static inline bool edgel_canny_sixteenths(enum edgel_type type, const struct edgel_canny_params *params)
{
    return type == EDGEL_U8 && params->aperture == 7 && params->nms == EDGEL_NMS_SECTOR;
}
/* Classes of a band of rows, smoothed first (smoothing NULL: not), into an initialised map whose rows above are there;
 * thresholds are not counted. */
enum edgel_status edgel_canny_band(struct edgel_scratch *scratch, struct edgel_view in,
                                   const struct edgel_smoothing *smoothing,
                                   const struct edgel_canny_params *params, struct edgel_band band,
                                   struct edgel_bit_map *map, struct edgel_canny_used *used,
                                   struct edgel_error *err);
/* Edges of in, smoothed first (smoothing NULL: not): the strong bits of map, which is made in the scratch's arena. */
enum edgel_status edgel_canny_map(struct edgel_scratch *scratch, struct edgel_view in,
                                  const struct edgel_smoothing *smoothing,
                                  const struct edgel_canny_params *params, struct edgel_bit_map *map,
                                  struct edgel_canny_used *used, struct edgel_error *err);
/* Rows of a part into those of out, from its first on: F32, 1 channel. */
enum edgel_status edgel_strength_rows(const struct edgel_part *part, struct edgel_view in,
                                      const struct edgel_canny_params *params, const struct edgel_image *out,
                                      struct edgel_error *err);

#endif
