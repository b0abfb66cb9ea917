/* Raw rows to pixels: every converter against its formula, for every kind of raw row and of decoding. */
#include "io/io_priv.h"
#include "random.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

enum { W = 97, H = 21, SAMPLES = 4 };

static uint64_t state = 5;

/* The raw samples of an image, as doubles. */
static double raw_at[H][W][SAMPLES];

static double random_sample(const struct edgel_raw *raw)
{
    static const double edges[] = { 0, 1, 254, 255 };
    const double top = raw->type == EDGEL_U8 ? (1 << (raw->bits < 8 ? raw->bits : 8)) - 1 : 65535;
    if (raw->type == EDGEL_F32)
        return (double)(float)(random_below(&state, 1 << 20) / 7.0 - 1000);
    if (random_below(&state, 4) == 0) {
        const double v = edges[random_below(&state, 4)];
        return v > top ? top : raw->type == EDGEL_U16 ? v * 257 : v;
    }
    return random_below(&state, (uint32_t)top + 1);
}

static void put_raw(const struct edgel_raw *raw, void *row, int y)
{
    for (int x = 0; x < W; x++)
        for (int c = 0; c < raw->samples; c++) {
            const size_t i = (size_t)x * (size_t)raw->samples + (size_t)c;
            if (raw->type == EDGEL_U8)
                ((uint8_t *)row)[i] = (uint8_t)raw_at[y][x][c];
            else if (raw->type == EDGEL_U16)
                ((uint16_t *)row)[i] = (uint16_t)raw_at[y][x][c];
            else
                ((float *)row)[i] = (float)raw_at[y][x][c];
        }
}

static double gray(const struct edgel_raw *raw, double r, double g, double b)
{
    const double sum = 9797 * r + 19234 * g + 3737 * b;
    if (raw->type == EDGEL_F32)
        return (double)(float)(sum / 32768);
    return floor((sum + (raw->type == EDGEL_U16 ? 16384 : 0)) / 32768);
}

/* Sample c of the pixel that the decoding gives of raw samples v; channels: how many it gives. */
static double expected(const struct edgel_raw *raw, enum edgel_decode decode, const double *v, int channels,
                       int c)
{
    double p[4] = { v[0], raw->samples > 1 ? v[1] : 0, raw->samples > 2 ? v[2] : 0,
                    raw->samples > 3 ? v[3] : 0 };
    const double top = raw->type == EDGEL_U16 ? 65535 : 255;
    bool color = raw->samples - raw->alpha >= 3;
    double alpha = raw->alpha ? v[raw->samples - 1] : top;
    if (raw->cmyk) {
        for (int k = 0; k < 3; k++) {
            const double ink = raw->inverted ? v[k] : 255 - v[k], black = raw->inverted ? v[3] : 255 - v[3];
            p[k] = floor((ink * black + 127) / 255);
        }
        color = true;
    } else if (raw->indexed) {
        if (decode == EDGEL_DECODE_LABELS)
            return v[0];
        for (int k = 0; k < 3; k++)
            p[k] = raw->palette[(int)v[0]][k];
        alpha = raw->palette[(int)v[0]][3];
        color = true;
    } else if (raw->bits < 8 && decode != EDGEL_DECODE_LABELS) {
        p[0] = v[0] * 255 / ((1 << raw->bits) - 1);
    }
    if (raw->keyed) {
        bool same = true;
        for (int k = 0; k < raw->samples; k++)
            same &= v[k] == raw->key[k];
        alpha = same ? 0 : top;
    }
    if (color && decode == EDGEL_DECODE_GRAY)
        return gray(raw, p[0], p[1], p[2]);
    if (c == channels - 1 && (channels == 2 || channels == 4))
        return alpha;
    return p[c];
}

static double sample_of(const void *row, enum edgel_type type, size_t i)
{
    return type == EDGEL_U8    ? ((const uint8_t *)row)[i]
           : type == EDGEL_U16 ? ((const uint16_t *)row)[i]
                               : (double)((const float *)row)[i];
}

struct sink {
    const struct edgel_raw *raw;
    enum edgel_decode decode;
    int channels, y;
};

static void check_row(const struct edgel_raw *raw, enum edgel_decode decode, int channels, int y,
                      const void *row)
{
    for (int x = 0; x < W; x++)
        for (int c = 0; c < channels; c++) {
            const double v = sample_of(row, raw->type, (size_t)x * (size_t)channels + (size_t)c);
            const double e = expected(raw, decode, raw_at[y][x], channels, c);
            if (v != e)
                fail_msg(
                    "samples %d of type %d, bits %d, decoding %d, (%d, %d) channel %d of %d: %.9g, not %.9g",
                    raw->samples, (int)raw->type, raw->bits, (int)decode, x, y, c, channels, v, e);
        }
}

static enum edgel_status begin(void *user, struct edgel_view shape, struct edgel_error *err)
{
    struct sink *s = user;
    (void)err;
    assert_true(shape.w == W && shape.h == H && shape.type == s->raw->type && !shape.data);
    s->channels = shape.channels;
    return EDGEL_OK;
}

static enum edgel_status take(void *user, const void *row, struct edgel_error *err)
{
    struct sink *s = user;
    (void)err;
    check_row(s->raw, s->decode, s->channels, s->y++, row);
    return EDGEL_OK;
}

/* whole: all raw rows are written before the first is put. sunk: rows go to a sink, which sees them in order. */
static void check(struct edgel_raw raw, enum edgel_decode decode, int channels, bool whole, bool sunk)
{
    struct edgel_read params;
    struct edgel_info info = { 0 };
    struct edgel_error err = { 0 };
    struct edgel_image out = { 0 };
    struct sink seen = { .raw = &raw, .decode = decode };
    const struct edgel_row_sink sink = { &seen, begin, take };
    edgel_read_init(&params);
    params.decode = decode;
    raw.w = W;
    raw.h = H;
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            for (int c = 0; c < raw.samples; c++)
                raw_at[y][x][c] = raw.keyed && random_below(&state, 3) ? raw.key[c] : random_sample(&raw);
    const struct edgel_source src = {
        .name = "t", .params = &params, .info = &info, .err = &err, .sink = sunk ? &sink : NULL
    };
    struct edgel_rows rows = { .raw = raw };
    assert_int_equal(edgel_rows_init(&rows, &src, &out, whole), EDGEL_OK);
    for (int y = 0; y < H && whole; y++)
        put_raw(&raw, edgel_rows_at(&rows, y), y);
    for (int y = 0; y < H; y++) {
        if (!whole)
            put_raw(&raw, edgel_rows_at(&rows, y), y);
        assert_true(edgel_rows_put(&rows, y));
    }
    if (sunk) {
        assert_int_equal(seen.y, H);
        assert_int_equal(seen.channels, channels);
        assert_true(out.h < H); /* a ring */
    } else {
        assert_int_equal(out.channels, channels);
        for (int y = 0; y < H; y++)
            check_row(&raw, decode, channels, y, (const char *)out.data + y * out.stride);
    }
    edgel_rows_finish(&rows);
    edgel_image_finish(&out);
}

static void check_all(struct edgel_raw raw, enum edgel_decode decode, int channels)
{
    check(raw, decode, channels, false, false);
    check(raw, decode, channels, false, true);
    check(raw, decode, channels, true, false);
}

static void samples_are_converted(void **unused)
{
    static const enum edgel_type types[] = { EDGEL_U8, EDGEL_U16, EDGEL_F32 };
    (void)unused;
    for (int t = 0; t < 3; t++)
        for (int samples = 1; samples <= 4; samples++) {
            const bool alpha = samples % 2 == 0;
            const int color = samples >= 3 ? 3 : 1;
            const struct edgel_raw raw = {
                .samples = samples, .type = types[t], .bits = 8 << t, .alpha = alpha
            };
            check_all(raw, EDGEL_DECODE_GRAY, 1);
            check_all(raw, EDGEL_DECODE_COLOR, color);
            check_all(raw, EDGEL_DECODE_FULL, samples);
            check_all(raw, EDGEL_DECODE_LABELS, color);
        }
}

static void few_bits_are_scaled(void **unused)
{
    (void)unused;
    for (int bits = 1; bits <= 4; bits *= 2) {
        struct edgel_raw raw = { .samples = 1, .type = EDGEL_U8, .bits = bits };
        for (int d = EDGEL_DECODE_GRAY; d <= EDGEL_DECODE_LABELS; d++)
            check_all(raw, (enum edgel_decode)d, 1);
        raw.keyed = true;
        raw.key[0] = 1;
        check_all(raw, EDGEL_DECODE_GRAY, 1);
        check_all(raw, EDGEL_DECODE_FULL, 2);
    }
}

static void a_colour_stands_for_nothing(void **unused)
{
    (void)unused;
    for (int t = 0; t < 2; t++) {
        struct edgel_raw raw = { .samples = 3,
                                 .type = t ? EDGEL_U16 : EDGEL_U8,
                                 .bits = 8 << t,
                                 .keyed = true,
                                 .key = { 7, 200, 9 } };
        check_all(raw, EDGEL_DECODE_FULL, 4);
        check_all(raw, EDGEL_DECODE_COLOR, 3);
        check_all(raw, EDGEL_DECODE_GRAY, 1);
        raw.samples = 1;
        check_all(raw, EDGEL_DECODE_FULL, 2);
        check_all(raw, EDGEL_DECODE_COLOR, 1);
    }
}

static void palettes_are_looked_up(void **unused)
{
    (void)unused;
    for (int bits = 1; bits <= 8; bits *= 2) {
        struct edgel_raw raw = { .samples = 1, .type = EDGEL_U8, .bits = bits, .indexed = true };
        for (int i = 0; i < 256; i++)
            for (int c = 0; c < 4; c++)
                raw.palette[i][c] = (uint8_t)random_below(&state, 256);
        check_all(raw, EDGEL_DECODE_GRAY, 1);
        check_all(raw, EDGEL_DECODE_COLOR, 3);
        check_all(raw, EDGEL_DECODE_LABELS, 1);
        raw.palette_alpha = true;
        check_all(raw, EDGEL_DECODE_FULL, 4);
    }
}

static void inks_are_mixed(void **unused)
{
    (void)unused;
    for (int inverted = 0; inverted < 2; inverted++) {
        const struct edgel_raw raw = {
            .samples = 4, .type = EDGEL_U8, .bits = 8, .cmyk = true, .inverted = inverted
        };
        check_all(raw, EDGEL_DECODE_GRAY, 1);
        check_all(raw, EDGEL_DECODE_COLOR, 3);
        check_all(raw, EDGEL_DECODE_FULL, 3);
        check_all(raw, EDGEL_DECODE_LABELS, 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(samples_are_converted),
                                        cmocka_unit_test(few_bits_are_scaled),
                                        cmocka_unit_test(a_colour_stands_for_nothing),
                                        cmocka_unit_test(palettes_are_looked_up),
                                        cmocka_unit_test(inks_are_mixed) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
