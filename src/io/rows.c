/* Converts raw rows to the pixels of params->decode. Gray of colour is (9797 R + 19234 G + 3737 B) >> 15 for 8 bits; 16
 * bits: 16384 is added first; floats: the sum is divided by 32768. CMYK: R = C K / 255, rounded to nearest, where 255
 * means no ink; G from M and B from Y in the same way. Samples of 1, 2 and 4 bits are multiplied by 255, 85 and 17. A
 * row is converted while it is in the cache. If no conversion is needed, decoders write directly to the image. */
#include "io/io_priv.h"
#include <assert.h>
#include <string.h>

static unsigned gray8(unsigned r, unsigned g, unsigned b)
{
    return (9797 * r + 19234 * g + 3737 * b) >> 15;
}

/* --- row functions --- */

static void convert_lut1(const struct edgel_rows *rows, const void *raw, void *out)
{
    const uint8_t *s = raw;
    uint8_t *d = out;
    for (int x = 0; x < rows->raw.w; x++)
        d[x] = rows->lut[s[x]][0];
}

static void convert_lut(const struct edgel_rows *rows, const void *raw, void *out)
{
    const uint8_t *s = raw;
    uint8_t *d = out;
    int n = rows->lut_size;
    for (int x = 0; x < rows->raw.w; x++, d += n)
        memcpy(d, rows->lut[s[x]], (size_t)n);
}

static void convert_gray8(const struct edgel_rows *rows, const void *raw, void *out)
{
    const uint8_t *s = raw;
    uint8_t *d = out;
    for (int x = 0; x < rows->raw.w; x++, s += rows->raw.samples)
        d[x] = (uint8_t)gray8(s[0], s[1], s[2]);
}

static void convert_gray16(const struct edgel_rows *rows, const void *raw, void *out)
{
    const uint16_t *s = raw;
    uint16_t *d = out;
    for (int x = 0; x < rows->raw.w; x++, s += rows->raw.samples)
        d[x] = (uint16_t)((9797u * s[0] + 19234u * s[1] + 3737u * s[2] + 16384u) >> 15);
}

static void convert_gray_float(const struct edgel_rows *rows, const void *raw, void *out)
{
    const float *s = raw;
    float *d = out;
    for (int x = 0; x < rows->raw.w; x++, s += rows->raw.samples)
        d[x] = (float)((9797.0 * s[0] + 19234.0 * s[1] + 3737.0 * s[2]) / 32768.0);
}

/* Drops alpha: copies the first bytes of each pixel. */
static void convert_drop_alpha(const struct edgel_rows *rows, const void *raw, void *out)
{
    const char *s = raw;
    char *d = out;
    size_t size = edgel_type_size(rows->raw.type);
    size_t from = size * (size_t)rows->raw.samples, to = size * (size_t)rows->out->channels;
    for (int x = 0; x < rows->raw.w; x++, s += from, d += to)
        memcpy(d, s, to);
}

static void convert_key8(const struct edgel_rows *rows, const void *raw, void *out)
{
    const uint8_t *s = raw;
    uint8_t *d = out;
    const uint16_t *key = rows->raw.key;
    for (int x = 0; x < rows->raw.w; x++, s += 3, d += 4) {
        memcpy(d, s, 3);
        d[3] = s[0] == key[0] && s[1] == key[1] && s[2] == key[2] ? 0 : 255;
    }
}

static void convert_key16(const struct edgel_rows *rows, const void *raw, void *out)
{
    const uint16_t *s = raw;
    uint16_t *d = out;
    int n = rows->raw.samples;
    for (int x = 0; x < rows->raw.w; x++, s += n, d += n + 1) {
        bool same = true;
        for (int c = 0; c < n; c++) {
            d[c] = s[c];
            same = same && s[c] == rows->raw.key[c];
        }
        d[n] = same ? 0 : 65535;
    }
}

static void convert_cmyk(const struct edgel_rows *rows, const void *raw, void *out)
{
    const uint8_t *s = raw;
    uint8_t *d = out;
    unsigned flip = rows->raw.inverted ? 0 : 255;
    for (int x = 0; x < rows->raw.w; x++, s += 4) {
        unsigned k = s[3] ^ flip, rgb[3];
        for (int c = 0; c < 3; c++)
            rgb[c] = ((s[c] ^ flip) * k + 127) / 255;
        if (rows->out->channels == 1)
            *d++ = (uint8_t)gray8(rgb[0], rgb[1], rgb[2]);
        else
            for (int c = 0; c < 3; c++)
                *d++ = (uint8_t)rgb[c];
    }
}

/* --- choice --- */

static bool is_color(const struct edgel_raw *raw)
{
    return raw->indexed || raw->samples - raw->alpha >= 3;
}

static int channels_of(const struct edgel_raw *raw, enum edgel_decode decode)
{
    if (decode == EDGEL_DECODE_GRAY || (decode == EDGEL_DECODE_LABELS && raw->indexed))
        return 1;
    bool alpha = decode == EDGEL_DECODE_FULL && (raw->alpha || raw->keyed || raw->palette_alpha);
    return (is_color(raw) ? 3 : 1) + alpha;
}

/* One entry per value of a one-sample pixel: palettes, few bits, a transparent gray. */
static void fill_lut(struct edgel_rows *rows, int channels)
{
    const struct edgel_raw *raw = &rows->raw;
    int top = (1 << raw->bits) - 1;
    rows->lut_size = channels;
    for (int i = 0; i < 256; i++) {
        const uint8_t *p = raw->palette[i];
        uint8_t *e = rows->lut[i];
        if (!raw->indexed) {
            e[0] = (uint8_t)((i & top) * (255 / top));
            e[1] = raw->keyed && i == raw->key[0] ? 0 : 255;
        } else if (channels == 1)
            e[0] = (uint8_t)gray8(p[0], p[1], p[2]);
        else
            memcpy(e, p, 4);
    }
    rows->convert = channels == 1 ? convert_lut1 : convert_lut;
}

/* convert stays NULL if rows need no conversion. */
static void choose(struct edgel_rows *rows, enum edgel_decode decode, int channels)
{
    const struct edgel_raw *raw = &rows->raw;
    bool adds_alpha = decode == EDGEL_DECODE_FULL && raw->keyed;
    if (raw->cmyk)
        rows->convert = convert_cmyk;
    else if (raw->type == EDGEL_U8 && raw->samples == 1) {
        bool scales = raw->bits < 8 && decode != EDGEL_DECODE_LABELS;
        if ((raw->indexed && decode != EDGEL_DECODE_LABELS) || scales || adds_alpha)
            fill_lut(rows, channels);
    } else if (is_color(raw) && channels == 1)
        rows->convert = raw->type == EDGEL_U8    ? convert_gray8
                        : raw->type == EDGEL_U16 ? convert_gray16
                                                 : convert_gray_float;
    else if (adds_alpha)
        rows->convert = raw->type == EDGEL_U8 ? convert_key8 : convert_key16;
    else if (channels < raw->samples)
        rows->convert = convert_drop_alpha;
}

/* Tells the sink the shape of the image. */
static enum edgel_status begin_sink(const struct edgel_source *src, const struct edgel_raw *raw, int channels)
{
    const struct edgel_view shape = { NULL, raw->w, raw->h, channels, raw->type, 0 };
    return src->sink->begin(src->sink->user, shape, src->err);
}

enum edgel_status edgel_rows_init(struct edgel_rows *rows, const struct edgel_source *src,
                                  struct edgel_image *out, bool whole)
{
    enum { RING = 16 }; /* the most rows that decoders write at once */
    const struct edgel_raw *raw = &rows->raw;
    int channels = channels_of(raw, src->params->decode);
    rows->src = src;
    rows->out = out;
    if (src->sink)
        EDGEL_TRY(begin_sink(src, raw, channels));
    EDGEL_TRY(edgel_image_init(out, raw->w, src->sink && raw->h > RING ? RING : raw->h, channels, raw->type,
                               src->err));
    choose(rows, src->params->decode, channels);
    rows->raw_bytes = (size_t)raw->w * (size_t)raw->samples * edgel_type_size(raw->type);
    rows->whole = whole;
    rows->ranged =
        src->params->decode != EDGEL_DECODE_LABELS && edgel_range_changes(&src->params->range, raw->type);
    if (rows->convert) {
        rows->raw_rows = edgel_calloc(whole ? (size_t)raw->h : 1, rows->raw_bytes);
        if (!rows->raw_rows)
            return edgel_no_memory(src->err, src->name);
    }
    if (src->params->lenient)
        memset(out->data, 0, (size_t)out->h * (size_t)out->stride);
    return EDGEL_OK;
}

static void *out_row(const struct edgel_rows *rows, int y)
{
    return (char *)rows->out->data + (rows->src->sink ? y % rows->out->h : y) * rows->out->stride;
}

void *edgel_rows_at(const struct edgel_rows *rows, int y)
{
    if (!rows->raw_rows)
        return out_row(rows, y);
    return rows->raw_rows + (rows->whole ? (size_t)y * rows->raw_bytes : 0);
}

bool edgel_rows_put(struct edgel_rows *rows, int y)
{
    const struct edgel_row_sink *sink = rows->src->sink;
    assert(y >= 0 && y < rows->raw.h);
    if (rows->convert)
        rows->convert(rows, edgel_rows_at(rows, y), out_row(rows, y));
    if (rows->ranged)
        edgel_range_row(&rows->src->params->range, rows->out->type, rows->out->channels, out_row(rows, y),
                        rows->out->w);
    if (sink)
        rows->refused = sink->row(sink->user, out_row(rows, y), rows->src->err);
    return rows->refused == EDGEL_OK;
}

void edgel_rows_finish(struct edgel_rows *rows)
{
    edgel_free(rows->raw_rows);
    rows->raw_rows = NULL;
}
