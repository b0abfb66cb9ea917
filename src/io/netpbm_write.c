/* PNM and PFM. 1 bit: P4, where 0 is white. 16 bits: the high byte first. PFM: rows from the bottom up, little-endian
 * (scale -1). */
#include "io/io_priv.h"
#include <stdio.h>
#include <string.h>

/* Text that starts the file, then one row at a time through a buffer. */
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

static enum edgel_status write_rows(struct edgel_view v, bool bits, struct edgel_output *out,
                                    struct edgel_error *err)
{
    size_t n = (size_t)v.w * (size_t)v.channels;
    size_t size = bits ? (n + 7) / 8 : n * edgel_type_size(v.type);
    enum edgel_status st = EDGEL_OK;
    uint8_t *packed = edgel_alloc(size, 1);
    if (!packed)
        return edgel_fail(err, EDGEL_ENOMEM, "image %dx%d: out of memory", v.w, v.h);
    for (int y = 0; y < v.h && st == EDGEL_OK; y++) {
        const void *row = edgel_view_row(v, v.type == EDGEL_F32 ? v.h - 1 - y : y);
        if (bits)
            edgel_bits_pack(v, y, true, packed);
        else if (v.type == EDGEL_U16)
            pack16(row, n, packed);
        else if (v.type == EDGEL_F32)
            pack_float(row, n, packed);
        else
            memcpy(packed, row, n);
        st = edgel_output_write(out, packed, size, err);
    }
    edgel_free(packed);
    return st;
}

enum edgel_status edgel_pnm_encode(struct edgel_view image, const struct edgel_write *params,
                                   struct edgel_output *out, struct edgel_error *err)
{
    bool bits = params->bits == 1 || image.type == EDGEL_U1;
    EDGEL_TRY(write_header(out,
                           bits                  ? "P4"
                           : image.channels == 3 ? "P6"
                                                 : "P5",
                           image,
                           bits                      ? ""
                           : image.type == EDGEL_U16 ? "65535\n"
                                                     : "255\n",
                           err));
    return write_rows(image, bits, out, err);
}

enum edgel_status edgel_pfm_encode(struct edgel_view image, struct edgel_output *out, struct edgel_error *err)
{
    EDGEL_TRY(write_header(out, image.channels == 3 ? "PF" : "Pf", image, "-1.0\n", err));
    return write_rows(image, false, out, err);
}
