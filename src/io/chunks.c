/* The list of PNG chunks: length, type, data, CRC. It is read before anything is unpacked, so that a file is refused
 * first if its sides or chunks are over the limits, or if its packed data cannot hold its pixels. libpng, which reads
 * every chunk, checks the CRCs. Source: PNG specification, 5 and 11. */
#include "io/io_priv.h"
#include <string.h>

enum { SIGNATURE = 8, CHUNK_FRAME = 12, IHDR_DATA = 13, PALETTE = 3 };

static uint32_t get32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool is(const unsigned char *type, const char *name)
{
    return memcmp(type, name, 4) == 0;
}

/* The type as text; bytes other than letters become '?'. */
static void type_name(const unsigned char *type, char name[5])
{
    for (int i = 0; i < 4; i++) {
        unsigned char lower = type[i] | 0x20;
        name[i] = (char)(lower >= 'a' && lower <= 'z' ? type[i] : '?');
    }
    name[4] = '\0';
}

/* Per pixel, by colour type. */
static int samples_of(const struct edgel_chunks *c)
{
    static const unsigned char samples[8] = { 1, 1, 3, 1, 2, 1, 4, 1 };
    return samples[c->color & 7];
}

static enum edgel_status read_ihdr(const struct edgel_source *src, struct edgel_chunks *c)
{
    const unsigned char *p = edgel_source_at(src, SIGNATURE, CHUNK_FRAME + IHDR_DATA);
    if (!p || get32(p) != IHDR_DATA || !is(p + 4, "IHDR"))
        return edgel_fail(src->err, EDGEL_EFORMAT, "%s: PNG without its IHDR chunk", src->name);
    c->w = get32(p + 8);
    c->h = get32(p + 12);
    c->bits = p[16];
    c->color = p[17];
    if (c->w == 0 || c->h == 0 || c->w > INT32_MAX || c->h > INT32_MAX)
        return edgel_fail(src->err, EDGEL_EFORMAT, "%s: PNG sides %lux%lu are not allowed", src->name,
                          (unsigned long)c->w, (unsigned long)c->h);
    src->info->w = (int)c->w;
    src->info->h = (int)c->h;
    src->info->channels = samples_of(c);
    src->info->bits = c->bits;
    src->info->indexed = c->color == PALETTE;
    return edgel_source_check_size(src, c->w, c->h);
}

static enum edgel_status read_exif(const struct edgel_source *src, struct edgel_chunks *c, uint64_t at,
                                   uint32_t len)
{
    unsigned char *exif = edgel_alloc(len ? len : 1, 1);
    if (!exif)
        return edgel_no_memory(src->err, src->name);
    if (edgel_source_copy(src, at, exif, len))
        c->orientation = edgel_exif_orientation(exif, len);
    edgel_free(exif);
    return EDGEL_OK;
}

/* chunk: the length and the type at an offset. */
static enum edgel_status visit(const struct edgel_source *src, struct edgel_chunks *c,
                               const unsigned char *chunk, uint64_t at)
{
    uint32_t len = get32(chunk);
    if (is(chunk + 4, "IDAT")) {
        c->idat_bytes += len;
        c->idat_end = at + 8 + len;
        return EDGEL_OK;
    }
    if (len > src->params->limits.max_chunk_bytes) {
        char name[5];
        type_name(chunk + 4, name);
        return edgel_fail(src->err, EDGEL_ELIMIT,
                          "%s: PNG chunk %s of %lu bytes is over the limit of %zu (%s)", src->name, name,
                          (unsigned long)len, src->params->limits.max_chunk_bytes,
                          edgel_source_limit_names(&src->params->limits)->max_chunk_bytes);
    }
    if (is(chunk + 4, "eXIf") && c->orientation == 0)
        return read_exif(src, c, at + 8, len);
    return EDGEL_OK;
}

/* Deflate packs at most 1032 bytes into one (258 bytes into two bits). A file with less packed data than that cannot
 * hold the pixels that its header claims. */
static enum edgel_status check_claim(const struct edgel_source *src, const struct edgel_chunks *c)
{
    enum { MOST_PER_BYTE = 1032 };
    uint64_t row = ((uint64_t)c->w * (uint64_t)c->bits * (uint64_t)samples_of(c) + 7) / 8;
    if (row * c->h / MOST_PER_BYTE <= c->idat_bytes)
        return EDGEL_OK;
    return edgel_fail(src->err, EDGEL_EFORMAT, "%s: %llu bytes of packed data cannot hold %lux%lu pixels",
                      src->name, (unsigned long long)c->idat_bytes, (unsigned long)c->w, (unsigned long)c->h);
}

enum edgel_status edgel_chunks_scan(const struct edgel_source *src, struct edgel_chunks *c)
{
    *c = (struct edgel_chunks){ 0 };
    EDGEL_TRY(read_ihdr(src, c));
    uint64_t at = SIGNATURE;
    while (!c->complete && src->size - at >= CHUNK_FRAME) {
        unsigned char chunk[8];
        if (!edgel_source_copy(src, at, chunk, sizeof chunk))
            break;
        uint32_t len = get32(chunk);
        if (len > src->size - at - CHUNK_FRAME)
            break;
        EDGEL_TRY(visit(src, c, chunk, at));
        c->complete = is(chunk + 4, "IEND");
        at += CHUNK_FRAME + (uint64_t)len;
    }
    if (c->orientation == 0)
        c->orientation = 1;
    if (c->complete && at < src->size)
        edgel_source_remark(src, "bytes after the end of the PNG data");
    if (src->params->lenient)
        return EDGEL_OK;
    if (!c->complete)
        return edgel_fail(src->err, EDGEL_EFORMAT, "%s: PNG is truncated: no IEND chunk", src->name);
    return check_claim(src, c);
}
