/* The orientation in EXIF data: tag 0x0112 of a TIFF structure (byte order mark, offset of the first directory, 12-byte
 * entries). Offsets come from the file and are checked before they are used. Malformed data counts as absent: a picture
 * is not refused for it. Source: TIFF 6.0, EXIF 2.3. */
#include "io/io_priv.h"
#include <string.h>

struct tiff {
    const unsigned char *b;
    size_t n;
    bool big;
};

static unsigned get16(const struct tiff *t, size_t at)
{
    return t->big ? (unsigned)t->b[at] << 8 | t->b[at + 1] : (unsigned)t->b[at + 1] << 8 | t->b[at];
}

static uint32_t get32(const struct tiff *t, size_t at)
{
    uint32_t first = get16(t, at), second = get16(t, at + 2);
    return t->big ? first << 16 | second : second << 16 | first;
}

static bool has(const struct tiff *t, size_t at, size_t n)
{
    return at <= t->n && n <= t->n - at;
}

int edgel_exif_orientation(const unsigned char *tiff, size_t n)
{
    enum { ORIENTATION = 0x0112, SHORT = 3, LONG = 4 };
    struct tiff t = { tiff, n, n >= 1 && tiff[0] == 'M' };
    if (n < 8 || (memcmp(tiff, "II*\0", 4) != 0 && memcmp(tiff, "MM\0*", 4) != 0))
        return 1;
    size_t dir = get32(&t, 4);
    if (!has(&t, dir, 2))
        return 1;
    size_t count = get16(&t, dir);
    for (size_t i = 0; i < count; i++) {
        size_t entry = dir + 2 + 12 * i;
        if (!has(&t, entry, 12))
            return 1;
        if (get16(&t, entry) != ORIENTATION)
            continue;
        unsigned type = get16(&t, entry + 2);
        if (get32(&t, entry + 4) != 1 || (type != SHORT && type != LONG))
            return 1;
        uint32_t v = type == SHORT ? get16(&t, entry + 8) : get32(&t, entry + 8);
        return v >= 1 && v <= 8 ? (int)v : 1;
    }
    return 1;
}

/* The segments of a JPEG file up to its first scan: 0xFF (fill bytes 0xFF), marker, length, data. */
int edgel_exif_orientation_of_jpeg(const struct edgel_source *src)
{
    enum { SOS = 0xDA, EOI = 0xD9, APP1 = 0xE1 };
    uint64_t at = 2;
    const unsigned char *b;
    while ((b = edgel_source_at(src, at, 4)) != NULL && b[0] == 0xFF) {
        unsigned marker = b[1];
        if (marker == 0xFF) {
            at++;
            continue;
        }
        if (marker == SOS || marker == EOI)
            return 1;
        size_t len = (size_t)b[2] << 8 | b[3];
        if (len < 2 || (b = edgel_source_at(src, at + 2, len)) == NULL)
            return 1;
        if (marker == APP1 && len >= 8 && memcmp(b + 2, "Exif\0\0", 6) == 0)
            return edgel_exif_orientation(b + 8, len - 8);
        at += 2 + len;
    }
    return 1;
}
