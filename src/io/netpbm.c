/* PNM (P1 to P6) and PFM. A header is a magic, then decimal numbers separated by white space and comments ("#" to the
 * end of the line), then one white space byte before binary samples.
 *
 * Samples are scaled from 0..maxval to the full range, (2 v full + maxval) / (2 maxval) rounded down, that is to the
 * nearest; as labels they stay as they are. In a bitmap 1 is black, so its samples are 255 for 0 and 0 for 1, and as
 * labels 1 for 0 (white) and 0 for 1. PFM rows go from the bottom up, the sign of its scale gives the byte order, and
 * every sample is finite. Sources: netpbm's pbm(5), pgm(5), ppm(5); the PFM description of Debevec's HDRShop. */
#include "io/io_priv.h"
#include <math.h>
#include <string.h>

struct text {
    const unsigned char *b; /* the file, or its first bytes if it is not in memory */
    size_t n, at;
};

struct job {
    const struct edgel_source *src;
    struct text t;
    char magic; /* '1' to '6', 'F', 'f' */
    uint32_t maxval;
    bool big_endian;    /* PFM */
    unsigned char *row; /* one row as stored, for a file that is not in memory */
    struct edgel_rows rows;
};

/* --- text --- */

static bool is_space(unsigned char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static void skip_space(struct text *t)
{
    while (t->at < t->n) {
        if (t->b[t->at] == '#')
            while (t->at < t->n && t->b[t->at] != '\n' && t->b[t->at] != '\r')
                t->at++;
        else if (is_space(t->b[t->at]))
            t->at++;
        else
            return;
    }
}

/* A decimal number below 2^31, ended by white space, a comment or the end of the file. */
static bool number(struct text *t, uint32_t *out)
{
    uint32_t v = 0;
    skip_space(t);
    size_t start = t->at;
    while (t->at < t->n && t->b[t->at] >= '0' && t->b[t->at] <= '9') {
        unsigned digit = t->b[t->at++] - '0';
        if (v > (INT32_MAX - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    *out = v;
    return t->at > start && (t->at == t->n || is_space(t->b[t->at]) || t->b[t->at] == '#');
}

/* --- headers --- */

static enum edgel_status malformed(const struct job *j, const char *what)
{
    return edgel_fail(j->src->err, EDGEL_EFORMAT, "%s: %s: %s", j->src->name,
                      j->src->info->format == EDGEL_FORMAT_PFM ? "PFM" : "PNM", what);
}

static bool plain(const struct job *j)
{
    return j->magic >= '1' && j->magic <= '3';
}

static bool bitmap(const struct job *j)
{
    return j->magic == '1' || j->magic == '4';
}

/* The white space byte that ends a header before binary samples. */
static enum edgel_status end_header(struct job *j)
{
    if (j->t.at >= j->t.n || !is_space(j->t.b[j->t.at]))
        return malformed(j, "no white space after the header");
    j->t.at++;
    return EDGEL_OK;
}

static enum edgel_status read_sides(struct job *j)
{
    uint32_t w, h;
    j->magic = (char)j->t.b[1];
    j->t.at = 2;
    if (!number(&j->t, &w) || !number(&j->t, &h) || w == 0 || h == 0)
        return malformed(j, "width and height must be numbers from 1 to 2147483647");
    bool color = j->magic == '3' || j->magic == '6' || j->magic == 'F';
    struct edgel_info *info = j->src->info;
    info->w = j->rows.raw.w = (int)w;
    info->h = j->rows.raw.h = (int)h;
    info->channels = j->rows.raw.samples = color ? 3 : 1;
    if (bitmap(j))
        info->bits = 1;
    return edgel_source_check_size(j->src, w, h);
}

/* The fewest bytes that can hold what the header claims: one byte for each digit, and white space between numbers. */
static enum edgel_status check_claim(const struct job *j)
{
    const struct edgel_raw *raw = &j->rows.raw;
    uint64_t samples = (uint64_t)raw->w * (uint64_t)raw->h * (uint64_t)raw->samples, need;
    if (bitmap(j))
        need = plain(j) ? samples : ((uint64_t)raw->w + 7) / 8 * (uint64_t)raw->h;
    else
        need = plain(j) ? 2 * samples - 1 : samples * edgel_type_size(raw->type);
    if (j->src->params->lenient || need <= j->src->size - j->t.at)
        return EDGEL_OK;
    return malformed(j, "the file is truncated");
}

static enum edgel_status read_pnm_header(struct job *j)
{
    struct edgel_raw *raw = &j->rows.raw;
    EDGEL_TRY(read_sides(j));
    j->maxval = 1;
    if (!bitmap(j) && (!number(&j->t, &j->maxval) || j->maxval < 1 || j->maxval > 65535))
        return malformed(j, "the largest value must be a number from 1 to 65535");
    raw->type = j->maxval > 255 ? EDGEL_U16 : EDGEL_U8;
    raw->bits = 8;
    if (!bitmap(j))
        j->src->info->bits = j->maxval > 255 ? 16 : 8;
    EDGEL_TRY(end_header(j));
    return check_claim(j);
}

static enum edgel_status read_pfm_header(struct job *j)
{
    EDGEL_TRY(read_sides(j));
    char scale[32];
    double v;
    size_t n = 0;
    skip_space(&j->t);
    while (j->t.at < j->t.n && !is_space(j->t.b[j->t.at]) && n < sizeof scale - 1)
        scale[n++] = (char)j->t.b[j->t.at++];
    scale[n] = '\0';
    if (edgel_parse_real("scale", scale, -INFINITY, INFINITY, &v, NULL) != EDGEL_OK || v == 0)
        return malformed(j, "the scale must be a number other than 0");
    j->big_endian = v > 0;
    j->rows.raw.type = EDGEL_F32;
    j->src->info->bits = 32;
    EDGEL_TRY(end_header(j));
    return check_claim(j);
}

/* --- rows --- : functions return NULL, or what is wrong with the row */

static const char *scale_row(const struct job *j, void *row, size_t n)
{
    bool labels = j->src->params->decode == EDGEL_DECODE_LABELS;
    uint32_t full = j->rows.raw.type == EDGEL_U16 ? 65535 : 255, maxval = j->maxval;
    if (maxval == full)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        uint32_t v = full == 255 ? ((uint8_t *)row)[i] : ((uint16_t *)row)[i];
        if (v > maxval)
            return "a sample is above the largest value";
        if (labels)
            continue;
        v = (uint32_t)((2 * (uint64_t)v * full + maxval) / (2 * (uint64_t)maxval));
        if (full == 255)
            ((uint8_t *)row)[i] = (uint8_t)v;
        else
            ((uint16_t *)row)[i] = (uint16_t)v;
    }
    return NULL;
}

static const char *read_plain_bits(struct job *j, uint8_t *row, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        skip_space(&j->t);
        if (j->t.at == j->t.n)
            return "the file is truncated";
        unsigned char c = j->t.b[j->t.at++];
        if (c != '0' && c != '1')
            return "a bit must be 0 or 1";
        row[i] = c == '0';
    }
    return NULL;
}

static const char *read_plain(struct job *j, void *row, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t v;
        if (!number(&j->t, &v))
            return j->t.at == j->t.n ? "the file is truncated" : "a sample must be a number";
        if (v > j->maxval)
            return "a sample is above the largest value";
        if (j->rows.raw.type == EDGEL_U16)
            ((uint16_t *)row)[i] = (uint16_t)v;
        else
            ((uint8_t *)row)[i] = (uint8_t)v;
    }
    return NULL;
}

/* The next n bytes (one row), or NULL. */
static const unsigned char *take(struct job *j, size_t n)
{
    struct text *t = &j->t;
    if (n > j->src->size - t->at)
        return NULL;
    t->at += n;
    if (!j->src->window)
        return t->b + t->at - n;
    return edgel_source_copy(j->src, t->at - n, j->row, n) ? j->row : NULL;
}

static const char *read_bits(struct job *j, uint8_t *row, size_t n)
{
    const unsigned char *p = take(j, (n + 7) / 8);
    for (size_t i = 0; p && i < n; i++)
        row[i] = (p[i / 8] >> (7 - i % 8) & 1) == 0;
    return p ? NULL : "the file is truncated";
}

static const char *read_binary(struct job *j, void *row, size_t n)
{
    size_t size = edgel_type_size(j->rows.raw.type);
    const unsigned char *p = take(j, n * size);
    if (!p)
        return "the file is truncated";
    if (size == 1)
        memcpy(row, p, n);
    else
        for (size_t i = 0; i < n; i++)
            ((uint16_t *)row)[i] = (uint16_t)(p[2 * i] << 8 | p[2 * i + 1]);
    return NULL;
}

static const char *read_pnm_row(struct job *j, void *row)
{
    size_t n = (size_t)j->rows.raw.w * (size_t)j->rows.raw.samples;
    const char *wrong;
    if (bitmap(j))
        wrong = plain(j) ? read_plain_bits(j, row, n) : read_bits(j, row, n);
    else
        wrong = plain(j) ? read_plain(j, row, n) : read_binary(j, row, n);
    return wrong ? wrong : scale_row(j, row, n);
}

static const char *read_pfm_row(struct job *j, void *row)
{
    size_t n = (size_t)j->rows.raw.w * (size_t)j->rows.raw.samples;
    const unsigned char *p = take(j, 4 * n);
    float *out = row;
    if (!p)
        return "the file is truncated";
    for (size_t i = 0; i < n; i++, p += 4) {
        uint32_t big = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
        uint32_t little = (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
        memcpy(&out[i], j->big_endian ? &big : &little, 4);
        if (!isfinite(out[i]))
            return "a sample is not finite";
    }
    return NULL;
}

/* After the last row there may be white space and comments; anything else is a remark. */
static void look_behind(struct job *j)
{
    if (j->src->window) {
        const uint64_t left = j->src->size - j->t.at;
        j->t.n = left < EDGEL_WINDOW ? (size_t)left : EDGEL_WINDOW;
        j->t.b = edgel_source_at(j->src, j->t.at, j->t.n);
        j->t.at = 0;
    }
    if (j->t.b)
        skip_space(&j->t);
    if (j->t.at < j->t.n)
        edgel_source_remark(j->src, "bytes after the image");
}

/* Rows in the order of the file. When lenient, the first bad row and all rows after it are 0. */
static enum edgel_status read_rows(struct job *j, struct edgel_image *out, bool bottom_up,
                                   const char *(*read_row)(struct job *j, void *row))
{
    int h = j->rows.raw.h;
    EDGEL_TRY(edgel_source_check_rows(j->src, !bottom_up, "PFM"));
    EDGEL_TRY(edgel_source_check_rows(j->src, !plain(j), "PNM in plain text"));
    EDGEL_TRY(edgel_rows_init(&j->rows, j->src, out, false));
    if (j->src->window) {
        j->row = edgel_alloc((size_t)j->rows.raw.w * (size_t)j->rows.raw.samples,
                             edgel_type_size(j->rows.raw.type));
        if (!j->row)
            return edgel_no_memory(j->src->err, j->src->name);
    }
    for (int i = 0; i < h; i++) {
        int y = bottom_up ? h - 1 - i : i;
        void *row = edgel_rows_at(&j->rows, y);
        const char *wrong = read_row(j, row);
        if (wrong && (!j->src->params->lenient || i == 0))
            return malformed(j, wrong);
        if (wrong) {
            edgel_source_damage(j->src, wrong);
            memset(row, 0, j->rows.raw_bytes);
            return EDGEL_OK;
        }
        if (!edgel_rows_put(&j->rows, y))
            return j->rows.refused;
    }
    look_behind(j);
    return EDGEL_OK;
}

/* The text of the header: the whole file, or its first window. */
static struct text text_of(const struct edgel_source *src)
{
    const size_t n = !src->window || src->size < EDGEL_WINDOW ? src->size : EDGEL_WINDOW;
    const unsigned char *b = edgel_source_at(src, 0, n);
    return (struct text){ b, b ? n : 0, 0 };
}

enum edgel_status edgel_pnm_decode(const struct edgel_source *src, struct edgel_image *out)
{
    struct job j = { .src = src, .t = text_of(src) };
    enum edgel_status st = read_pnm_header(&j);
    if (st == EDGEL_OK)
        st = read_rows(&j, out, false, read_pnm_row);
    edgel_rows_finish(&j.rows);
    edgel_free(j.row);
    return st;
}

enum edgel_status edgel_pfm_decode(const struct edgel_source *src, struct edgel_image *out)
{
    struct job j = { .src = src, .t = text_of(src) };
    enum edgel_status st = read_pfm_header(&j);
    if (st == EDGEL_OK)
        st = read_rows(&j, out, true, read_pfm_row);
    edgel_rows_finish(&j.rows);
    edgel_free(j.row);
    return st;
}
