/* The pages of a TIFF are a chain of directories; each ends with the offset of the next one. libtiff finds page k by
 * following the chain from the header on. To read all pages at the same cost each, info->next_page gives the offset of
 * the next page, and with params->page_at libtiff sees a header that points to that page. The chain may end in a
 * circle, which libtiff detects and counts once, or point to nothing. */
#include "io/tiff_priv.h"
#include <string.h>

static bool is_big(const uint8_t *head)
{
    return head[2] + head[3] == 43;
}

void edgel_tiff_lead_to_page(const struct edgel_source *src, uint64_t at, uint8_t *bytes, size_t n)
{
    uint8_t head[4];
    const uint64_t page = src->params->page_at;
    if (page == 0 || at >= 16 || !edgel_source_copy(src, 0, head, sizeof head))
        return;
    const unsigned size =
        is_big(head) ? 8 : 4; /* of the offset of the first page, which stands at byte 4 or 8 */
    for (unsigned i = 0; i < size; i++)
        if (size + i >= at && size + i - at < n)
            bytes[size + i - at] = (uint8_t)(page >> 8 * (head[0] == 'M' ? size - 1 - i : i));
}

/* A number of the file; 0 past its end. */
static uint64_t number_at(const struct edgel_source *src, bool big_endian, uint64_t at, unsigned size)
{
    uint8_t b[8];
    uint64_t v = 0;
    if (!edgel_source_copy(src, at, b, size))
        return 0;
    for (unsigned i = 0; i < size; i++)
        v = v << 8 | b[big_endian ? i : size - 1 - i];
    return v;
}

/* A directory is the number of entries, the entries, and the offset of the next directory. */
static uint64_t next_page(TIFF *t, const struct edgel_source *src)
{
    const bool big_endian = TIFFIsBigEndian(t) != 0, big = TIFFIsBigTIFF(t) != 0;
    const uint64_t at = TIFFCurrentDirOffset(t), n = number_at(src, big_endian, at, big ? 8 : 2);
    return number_at(src, big_endian, at + (big ? 8 + 20 * n : 2 + 12 * n), big ? 8 : 4);
}

/* Stops at the first page whose directory cannot be read. */
static void add_up(TIFF *t, struct edgel_info *info)
{
    const uint64_t most = (uint64_t)1 << 56;
    uint16_t first[2] = { 0, 0 };
    bool more = TIFFSetDirectory(t, 0) == 1;
    for (int p = 0; p < info->pages && more; p++, more = p < info->pages && TIFFReadDirectory(t) == 1) {
        uint32_t w = 0, h = 0;
        uint16_t kind[2] = { 0, 0 };
        TIFFGetField(t, TIFFTAG_IMAGEWIDTH, &w);
        TIFFGetField(t, TIFFTAG_IMAGELENGTH, &h);
        TIFFGetFieldDefaulted(t, TIFFTAG_BITSPERSAMPLE, &kind[0]);
        TIFFGetFieldDefaulted(t, TIFFTAG_SAMPLESPERPIXEL, &kind[1]);
        if (p == 0)
            memcpy(first, kind, sizeof first);
        info->pages_differ = info->pages_differ || memcmp(first, kind, sizeof first) != 0;
        const uint64_t area = (uint64_t)w * h;
        info->pages_pixels = area < most - info->pages_pixels ? info->pages_pixels + area : most;
    }
}

/* Messages about other pages are dropped: they are reported when those pages are read. */
static enum edgel_status survey(struct edgel_tiff *t)
{
    const struct edgel_source *src = t->told->src;
    struct edgel_info *info = src->info;
    const struct edgel_tiff_told told = *t->told;
    char remark[sizeof info->remark];
    t->told->message[0] = '\0';
    info->pages = (int)TIFFNumberOfDirectories(t->tiff);
    if (t->told->message[0] && src->params->lenient)
        edgel_source_damage(src, t->told->message);
    else if (t->told->message[0])
        info->pages++;
    memcpy(remark, info->remark, sizeof remark);
    if (info->pages > 1)
        add_up(t->tiff, info);
    memcpy(info->remark, remark, sizeof remark);
    *t->told = told;
    return TIFFSetDirectory(t->tiff, 0) == 1
               ? EDGEL_OK
               : edgel_fail(src->err, EDGEL_EFORMAT, "%s: TIFF: has no page 1", src->name);
}

enum edgel_status edgel_tiff_look_for_pages(struct edgel_tiff *t)
{
    const struct edgel_source *src = t->told->src;
    src->info->next_page = next_page(t->tiff, src);
    if (src->params->page == 1)
        return survey(t);
    if (src->params->page == 0 && !TIFFLastDirectory(t->tiff))
        edgel_source_remark(src, "only the first page is read");
    return EDGEL_OK;
}
