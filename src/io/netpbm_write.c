/* PNM and PFM. 1 bit: P4, where 0 is white. 16 bits: the high byte first. PFM: rows from the bottom up, little-endian
 * (scale -1). */
#include "io/io_priv.h"
#include <stdio.h>
#include <string.h>

/* The text that begins the file. */
static enum edgel_status write_header(struct edgel_output *out, const char *magic, struct edgel_view v,
                                      const char *last, struct edgel_error *err)
{
    char text[64];
    int n = snprintf(text, sizeof text, "%s\n%d %d\n%s", magic, v.w, v.h, last);
    return edgel_output_write(out, text, (size_t)n, err);
}

static void pack16(const uint16_t *s, size_t n, uint8_t *bytes)
{
    for (size_t i = 0; i < n; i++) {
        bytes[2 * i] = (uint8_t)(s[i] >> 8);
        bytes[2 * i + 1] = (uint8_t)s[i];
    }
}

static void pack_float(const float *s, size_t n, uint8_t *bytes)
{
    for (size_t i = 0; i < n; i++, bytes += 4) {
        uint32_t v;
        memcpy(&v, &s[i], 4);
        for (int k = 0; k < 4; k++)
            bytes[k] = (uint8_t)(v >> (8 * k));
    }
}

static enum edgel_status pnm_begin(struct edgel_writer *w, struct edgel_error *err)
{
    const bool deep = w->image.type == EDGEL_U16;
    w->job = edgel_alloc((size_t)w->image.w * (size_t)w->image.channels, 4);
    if (!w->job)
        return edgel_no_memory(err, edgel_output_name(w->out));
    if (w->one_bit)
        return write_header(w->out, "P4", w->image, "", err);
    return write_header(w->out, w->image.channels == 3 ? "P6" : "P5", w->image, deep ? "65535\n" : "255\n",
                        err);
}

static enum edgel_status pfm_begin(struct edgel_writer *w, struct edgel_error *err)
{
    w->job = edgel_alloc((size_t)w->image.w * (size_t)w->image.channels, 4);
    if (!w->job)
        return edgel_no_memory(err, edgel_output_name(w->out));
    return write_header(w->out, w->image.channels == 3 ? "PF" : "Pf", w->image, "-1.0\n", err);
}

static enum edgel_status put_row(struct edgel_writer *w, const void *row, struct edgel_error *err)
{
    struct edgel_view v = w->image;
    const size_t n = (size_t)v.w * (size_t)v.channels;
    v.data = row;
    if (w->one_bit) {
        edgel_bits_pack(v, 0, true, w->job);
        return edgel_output_write(w->out, w->job, (n + 7) / 8, err);
    }
    if (v.type == EDGEL_U8)
        return edgel_output_write(w->out, row, n, err);
    if (v.type == EDGEL_U16)
        pack16(row, n, w->job);
    else
        pack_float(row, n, w->job);
    return edgel_output_write(w->out, w->job, n * edgel_type_size(v.type), err);
}

static enum edgel_status end(struct edgel_writer *w, struct edgel_error *err)
{
    (void)w, (void)err;
    return EDGEL_OK;
}

static void finish(struct edgel_writer *w)
{
    edgel_free(w->job);
}

const struct edgel_writer_kind edgel_pnm_writer = {
    .begin = pnm_begin, .row = put_row, .end = end, .finish = finish
};
const struct edgel_writer_kind edgel_pfm_writer = {
    .begin = pfm_begin, .row = put_row, .end = end, .finish = finish
};
