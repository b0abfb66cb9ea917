/*
 * What the samples of an image mean: the values of black and white, min and max. A sample v becomes
 *
 *   whole numbers:  v' = (v - min) W / (max - min), rounded to the nearest, halves to even, and cut to 0..W, where W is
 *                   the largest value of the type, 255 or 65535; computed in double, rounded once
 *   floats:         v' = (v - min) / (max - min), computed in double and rounded once; not cut, as floats never are
 *
 * so that all that follows, thresholds included, finds white where the type has it. A range beyond what a type of whole
 * numbers holds (12bit, of an 8-bit image) leaves that type as it is. Alpha has the range of its type and stays.
 */
#include "io/io_priv.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* --- texts --- */

static const struct {
    const char *name;
    double max;
} names[] = { { "8bit", 255 }, { "10bit", 1023 }, { "12bit", 4095 }, { "14bit", 16383 }, { "16bit", 65535 } };
enum { NAMES = sizeof names / sizeof *names };

static enum edgel_status wrong(const char *what, const char *text, struct edgel_error *err)
{
    return edgel_fail(
        err, EDGEL_EINVAL,
        "%s %s: must be full, auto, 8bit, 10bit, 12bit, 14bit, 16bit or MIN,MAX, or one of these "
        "but auto for whole numbers and one for floats, with / between",
        what, text);
}

/* text: n bytes, "full", "12bit" or "MIN,MAX". */
static enum edgel_status parse_span(const char *what, const char *whole, const char *text, size_t n,
                                    struct edgel_levels *out, struct edgel_error *err)
{
    char copy[80];
    *out = (struct edgel_levels){ 0 };
    if (n >= sizeof copy)
        return wrong(what, whole, err);
    memcpy(copy, text, n);
    copy[n] = '\0';
    if (strcmp(copy, "full") == 0)
        return EDGEL_OK;
    for (int i = 0; i < NAMES; i++)
        if (strcmp(copy, names[i].name) == 0) {
            out->max = names[i].max;
            return EDGEL_OK;
        }
    char *comma = strchr(copy, ',');
    if (!comma)
        return wrong(what, whole, err);
    *comma = '\0';
    if (edgel_parse_real(what, copy, -1e30, 1e30, &out->min, NULL) != EDGEL_OK ||
        edgel_parse_real(what, comma + 1, -1e30, 1e30, &out->max, NULL) != EDGEL_OK)
        return wrong(what, whole, err);
    if (!(out->min < out->max))
        return edgel_fail(err, EDGEL_EINVAL, "%s %s: MIN must be below MAX", what, whole);
    return EDGEL_OK;
}

enum edgel_status edgel_range_parse(const char *what, const char *text, struct edgel_range *range,
                                    struct edgel_error *err)
{
    EDGEL_REQUIRE(what);
    EDGEL_REQUIRE(text);
    EDGEL_REQUIRE(range);
    struct edgel_range r = { .automatic = strcmp(text, "auto") == 0 };
    const char *slash = strchr(text, '/');
    if (!r.automatic) {
        EDGEL_TRY(parse_span(what, text, text, slash ? (size_t)(slash - text) : strlen(text), &r.whole, err));
        r.real = r.whole;
        if (slash)
            EDGEL_TRY(parse_span(what, text, slash + 1, strlen(slash + 1), &r.real, err));
    }
    *range = r;
    return EDGEL_OK;
}

static bool is_full(struct edgel_levels s)
{
    return s.min == 0 && s.max == 0;
}

static bool same(struct edgel_levels a, struct edgel_levels b)
{
    return a.min == b.min && a.max == b.max;
}

static void span_text(struct edgel_levels s, char *buf, size_t size)
{
    for (int i = 0; i < NAMES; i++)
        if (s.min == 0 && s.max == names[i].max) {
            snprintf(buf, size, "%s", names[i].name);
            return;
        }
    if (is_full(s))
        snprintf(buf, size, "full");
    else
        snprintf(buf, size, "%.17g,%.17g", s.min, s.max);
}

void edgel_range_text(const struct edgel_range *range, char *buf, size_t size)
{
    char whole[64], real[64];
    span_text(range->whole, whole, sizeof whole);
    span_text(range->real, real, sizeof real);
    if (range->automatic)
        snprintf(buf, size, "auto");
    else if (same(range->whole, range->real))
        snprintf(buf, size, "%s", whole);
    else
        snprintf(buf, size, "%s/%s", whole, real);
}

/* --- a range for what was found --- */

static struct edgel_levels span_for(double largest, double full)
{
    if (!(largest > full) && full == 1)
        return (struct edgel_levels){ 0 };
    for (int i = 0; i < NAMES; i++)
        if (largest <= names[i].max)
            return (struct edgel_levels){ 0, names[i].max < full || full == 1 ? names[i].max : 0 };
    return (struct edgel_levels){ 0, full == 1 ? largest : 0 };
}

struct edgel_range edgel_range_for(double largest_whole, double largest_real)
{
    return (struct edgel_range){ .whole = largest_whole > 0 ? span_for(largest_whole, 65535)
                                                            : (struct edgel_levels){ 0 },
                                 .real = span_for(largest_real, 1) };
}

/* --- samples --- */

enum edgel_status edgel_range_check(const struct edgel_range *range, struct edgel_error *err)
{
    const struct edgel_levels spans[] = { range->whole, range->real };
    if (range->automatic)
        return edgel_fail(err, EDGEL_EINVAL, "range auto: must be decided before images are read");
    for (int i = 0; i < 2; i++)
        if (!is_full(spans[i]) &&
            !(spans[i].min < spans[i].max && fabs(spans[i].min) <= 1e30 && fabs(spans[i].max) <= 1e30))
            return edgel_fail(err, EDGEL_EINVAL, "range %g,%g: MIN must be below MAX", spans[i].min,
                              spans[i].max);
    return EDGEL_OK;
}

bool edgel_range_changes(const struct edgel_range *range, enum edgel_type type)
{
    const double most = type == EDGEL_U8 ? 255 : type == EDGEL_U16 ? 65535 : 1;
    const struct edgel_levels s = type == EDGEL_F32 ? range->real : range->whole;
    if (is_full(s) || (s.min == 0 && s.max == most))
        return false;
    return type == EDGEL_F32 || ((type == EDGEL_U8 || type == EDGEL_U16) && s.max <= most);
}

/* Numbers of 0..2^51 to the nearest whole one, halves to even. */
static double nearest(double v)
{
    const double shift = 0x1.8p52;
    return (v + shift) - shift;
}

#define DEFINE_SCALE(name, type, most)                                   \
    static void name(type *row, size_t n, struct edgel_levels s)         \
    {                                                                    \
        const double min = s.min, width = s.max - s.min;                 \
        for (size_t i = 0; i < n; i++) {                                 \
            const double v = (row[i] - min) * (most) / width;            \
            row[i] = (type)nearest(v < 0 ? 0 : v > (most) ? (most) : v); \
        }                                                                \
    }
DEFINE_SCALE(scale_u8, uint8_t, 255)
DEFINE_SCALE(scale_u16, uint16_t, 65535)

static void scale_f32(float *row, size_t n, struct edgel_levels s)
{
    const double min = s.min, width = s.max - s.min;
    for (size_t i = 0; i < n; i++)
        row[i] = (float)(((double)row[i] - min) / width);
}

/* n samples that follow each other. */
static void scale(const struct edgel_range *range, enum edgel_type type, void *row, size_t n)
{
    if (type == EDGEL_U8)
        scale_u8(row, n, range->whole);
    else if (type == EDGEL_U16)
        scale_u16(row, n, range->whole);
    else
        scale_f32(row, n, range->real);
}

void edgel_range_row(const struct edgel_range *range, enum edgel_type type, int channels, void *row, int w)
{
    const bool alpha = channels == 2 || channels == 4;
    const size_t size = edgel_type_size(type);
    if (!alpha) {
        scale(range, type, row, (size_t)w * (size_t)channels);
        return;
    }
    for (int x = 0; x < w; x++)
        scale(range, type, (char *)row + (size_t)x * (size_t)channels * size, (size_t)channels - 1);
}

/* --- the largest value --- */

static double largest_u8(const uint8_t *row, size_t n)
{
    uint8_t most = 0;
    for (size_t i = 0; i < n; i++)
        most = row[i] > most ? row[i] : most;
    return most;
}

static double largest_u16(const uint16_t *row, size_t n)
{
    uint16_t most = 0;
    for (size_t i = 0; i < n; i++)
        most = row[i] > most ? row[i] : most;
    return most;
}

static double largest_f32(const float *row, size_t n)
{
    float most = 0;
    for (size_t i = 0; i < n; i++)
        most = row[i] > most && isfinite(row[i]) ? row[i] : most;
    return (double)most;
}

double edgel_view_largest(struct edgel_view v)
{
    double most = 0;
    for (int y = 0; y < v.h && v.data; y++) {
        const void *row = (const char *)v.data + y * v.stride;
        const size_t n = (size_t)v.w * (size_t)v.channels;
        const double m = v.type == EDGEL_U8    ? largest_u8(row, n)
                         : v.type == EDGEL_U16 ? largest_u16(row, n)
                         : v.type == EDGEL_F32 ? largest_f32(row, n)
                                               : 0;
        most = m > most ? m : most;
    }
    return most;
}
