/* The table of image formats: a format is one file of code and one row here. */
#include "io/io_priv.h"
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
    { .format = EDGEL_FORMAT_PNG,
      .name = "PNG",
      .extensions = "png",
      .probe = is_png,
      .decode = edgel_png_decode,
      .writer = &edgel_png_writer,
      .takes = { .u8 = true, .u16 = true, .one_bit = true, .palette = true } },
    { .format = EDGEL_FORMAT_JPEG,
      .name = "JPEG",
      .extensions = "jpg jpeg jpe jfif",
      .probe = is_jpeg,
      .decode = edgel_jpeg_decode },
    { .format = EDGEL_FORMAT_TIFF,
      .name = "TIFF",
      .extensions = "tif tiff",
      .probe = is_tiff,
      .pages = true,
#if EDGEL_HAVE_TIFF
      .decode = edgel_tiff_decode,
      .writer = &edgel_tiff_writer,
#else
      .lacks = "libtiff",
#endif
      .takes = { .u8 = true, .u16 = true, .f32 = true, .one_bit = true, .tiles = true } },
    { .format = EDGEL_FORMAT_PNM,
      .name = "PNM",
      .extensions = "pnm pbm pgm ppm",
      .probe = is_pnm,
      .decode = edgel_pnm_decode,
      .writer = &edgel_pnm_writer,
      .takes = { .u8 = true, .u16 = true, .one_bit = true } },
    { .format = EDGEL_FORMAT_PFM,
      .name = "PFM",
      .extensions = "pfm",
      .probe = is_pfm,
      .decode = edgel_pfm_decode,
      .writer = &edgel_pfm_writer,
      .last_row_first = true,
      .takes = { .f32 = true } },
};

enum { ROWS = sizeof rows / sizeof *rows };

const struct edgel_format_row *edgel_format_rows(int *count)
{
    *count = ROWS;
    return rows;
}

const struct edgel_format_row *edgel_format_row(enum edgel_format format)
{
    for (int i = 0; i < ROWS; i++)
        if (rows[i].format == format)
            return &rows[i];
    return NULL;
}

const char *edgel_format_name(enum edgel_format format)
{
    const struct edgel_format_row *row = edgel_format_row(format);
    return row ? row->name : "no image";
}

bool edgel_format_built(enum edgel_format format)
{
    const struct edgel_format_row *row = edgel_format_row(format);
    return row && !row->lacks;
}

enum edgel_format edgel_format_of_bytes(const void *head, size_t n)
{
    for (int i = 0; head && i < ROWS; i++)
        if (rows[i].probe(head, n))
            return rows[i].format;
    return EDGEL_FORMAT_NONE;
}
