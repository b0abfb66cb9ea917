/* The table of image formats: a format is one file of code and one row here. */
#include "io/io_priv.h"
#include <stdio.h>
#include <string.h>

static bool begins(const unsigned char *head, size_t n, const char *bytes, size_t count)
{
    return n >= count && memcmp(head, bytes, count) == 0;
}

static bool is_png(const unsigned char *head, size_t n)
{
    return begins(head, n, "\x89PNG\r\n\x1a\n", 8);
}

static bool is_jpeg(const unsigned char *head, size_t n)
{
    return begins(head, n, "\xff\xd8\xff", 3);
}

static bool is_tiff(const unsigned char *head, size_t n)
{
    return begins(head, n, "II*\0", 4) || begins(head, n, "MM\0*", 4) || begins(head, n, "II+\0", 4) ||
           begins(head, n, "MM\0+", 4);
}

/* 'P', one of the letters, then white space or a comment. */
static bool is_netpbm(const unsigned char *head, size_t n, const char *letters)
{
    return n >= 3 && head[0] == 'P' && head[1] && strchr(letters, head[1]) && head[2] &&
           strchr(" \t\n\v\f\r#", head[2]);
}

static bool is_pnm(const unsigned char *head, size_t n)
{
    return is_netpbm(head, n, "123456");
}

static bool is_pfm(const unsigned char *head, size_t n)
{
    return is_netpbm(head, n, "Ff");
}

static const struct edgel_format_row rows[] = {
    { .info = { EDGEL_FORMAT_PNG, "PNG", "png", NULL,
                EDGEL_HOLDS_U8 | EDGEL_HOLDS_U16 | EDGEL_HOLDS_ONE_BIT | EDGEL_HOLDS_PALETTE },
      .probe = is_png,
      .decode = edgel_png_decode,
      .writer = &edgel_png_writer },
    { .info = { EDGEL_FORMAT_JPEG, "JPEG", "jpg jpeg jpe jfif", NULL, 0 },
      .probe = is_jpeg,
      .decode = edgel_jpeg_decode },
    { .info = { EDGEL_FORMAT_TIFF, "TIFF", "tif tiff", EDGEL_HAVE_TIFF ? NULL : "libtiff",
                EDGEL_HOLDS_U8 | EDGEL_HOLDS_U16 | EDGEL_HOLDS_F32 | EDGEL_HOLDS_ONE_BIT | EDGEL_HOLDS_TILES |
                    EDGEL_HOLDS_PAGES },
#if EDGEL_HAVE_TIFF
      .decode = edgel_tiff_decode,
      .writer = &edgel_tiff_writer,
#endif
      .probe = is_tiff },
    { .info = { EDGEL_FORMAT_PNM, "PNM", "pnm pbm pgm ppm", NULL,
                EDGEL_HOLDS_U8 | EDGEL_HOLDS_U16 | EDGEL_HOLDS_ONE_BIT },
      .probe = is_pnm,
      .decode = edgel_pnm_decode,
      .writer = &edgel_pnm_writer },
    { .info = { EDGEL_FORMAT_PFM, "PFM", "pfm", NULL, EDGEL_HOLDS_F32 },
      .probe = is_pfm,
      .decode = edgel_pfm_decode,
      .writer = &edgel_pfm_writer,
      .last_row_first = true },
};

enum { ROWS = sizeof rows / sizeof *rows };

const struct edgel_format_row *edgel_format_rows(int *count)
{
    *count = ROWS;
    return rows;
}

const struct edgel_format_row *edgel_format_row_of(enum edgel_format format)
{
    for (int i = 0; i < ROWS; i++)
        if (rows[i].info.format == format)
            return &rows[i];
    return NULL;
}

const struct edgel_format_info *edgel_format_at(int i)
{
    return i >= 0 && i < ROWS ? &rows[i].info : NULL;
}

const struct edgel_format_info *edgel_format_find(enum edgel_format format)
{
    const struct edgel_format_row *row = edgel_format_row_of(format);
    return row ? &row->info : NULL;
}

void edgel_format_extensions(unsigned holds, char *buf, size_t size)
{
    struct list {
        const char *at;
        int n;
    } words[64];
    int n = 0;
    for (int i = 0; i < ROWS; i++) {
        const struct edgel_format_info *f = &rows[i].info;
        for (const char *s = f->extensions; f->holds && (f->holds & holds) == holds && *s && n < 64;) {
            words[n] = (struct list){ s, (int)strcspn(s, " ") };
            s += words[n].n;
            s += *s == ' ';
            n++;
        }
    }
    if (size > 0)
        buf[0] = '\0';
    for (int i = 0; i < n; i++) {
        const size_t at = strlen(buf);
        snprintf(buf + at, size - at, "%s%.*s",
                 i == 0       ? ""
                 : i == n - 1 ? " or "
                              : ", ",
                 words[i].n, words[i].at);
    }
}

const char *edgel_format_name(enum edgel_format format)
{
    const struct edgel_format_info *info = edgel_format_find(format);
    return info ? info->name : "no image";
}

bool edgel_format_built(enum edgel_format format)
{
    const struct edgel_format_info *info = edgel_format_find(format);
    return info && !info->lacks;
}

enum edgel_format edgel_format_of_bytes(const void *head, size_t n)
{
    for (int i = 0; head && i < ROWS; i++)
        if (rows[i].probe(head, n))
            return rows[i].info.format;
    return EDGEL_FORMAT_NONE;
}
