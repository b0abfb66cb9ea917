/* Which files are images: by their first bytes when they are read, by their names when a folder is walked. */
#include "io/io_priv.h"
#include <string.h>

enum edgel_format edgel_format_of_bytes(const void *head, size_t n)
{
    const unsigned char *b = head;
    if (n >= 8 && memcmp(b, "\x89PNG\r\n\x1a\n", 8) == 0)
        return EDGEL_FORMAT_PNG;
    if (n >= 3 && memcmp(b, "\xff\xd8\xff", 3) == 0)
        return EDGEL_FORMAT_JPEG;
    if (n >= 4 && (memcmp(b, "II*\0", 4) == 0 || memcmp(b, "MM\0*", 4) == 0 || memcmp(b, "II+\0", 4) == 0 ||
                   memcmp(b, "MM\0+", 4) == 0))
        return EDGEL_FORMAT_TIFF;
    if (n < 3 || b[0] != 'P' || !strchr(" \t\n\v\f\r#", b[2]) || b[2] == '\0')
        return EDGEL_FORMAT_NONE;
    if (b[1] >= '1' && b[1] <= '6')
        return EDGEL_FORMAT_PNM;
    return b[1] == 'F' || b[1] == 'f' ? EDGEL_FORMAT_PFM : EDGEL_FORMAT_NONE;
}

/* Images that are not read, so that a message can call them by their name. */
static const struct {
    const char *name;
    size_t at, n;
    const char *bytes;
} foreign[] = {
    { "GIF", 0, 4, "GIF8" },
    { "WebP", 8, 4, "WEBP" },
    { "PAM", 0, 3, "P7\n" },
    { "JPEG 2000", 4, 4, "jP  " },
    { "JPEG 2000", 0, 4, "\xff\x4f\xff\x51" },
    { "JPEG XL", 4, 4, "JXL " },
    { "JPEG XL", 0, 2, "\xff\x0a" },
    { "AVIF", 4, 7, "ftypavi" }, /* avif, avis */
    { "HEIF", 4, 7, "ftyphei" }, /* heic, heix, heim, heis */
    { "HEIF", 4, 8, "ftypmif1" },
    { "Photoshop", 0, 4, "8BPS" },
    { "OpenEXR", 0, 4, "v/1\x01" },
};

const char *edgel_foreign_format(const void *head, size_t n)
{
    const char *b = head;
    if (n >= 10 && memcmp(b, "BM", 2) == 0 && memcmp(b + 6, "\0\0\0\0", 4) == 0) /* two letters are few */
        return "BMP";
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        if (n >= foreign[i].at + foreign[i].n &&
            memcmp(b + foreign[i].at, foreign[i].bytes, foreign[i].n) == 0)
            return foreign[i].name;
    return NULL;
}

struct extension {
    const char *text;
    enum edgel_format format;
};

static const struct extension extensions[] = {
    { "png", EDGEL_FORMAT_PNG },   { "jpg", EDGEL_FORMAT_JPEG },  { "jpeg", EDGEL_FORMAT_JPEG },
    { "jpe", EDGEL_FORMAT_JPEG },  { "jfif", EDGEL_FORMAT_JPEG }, { "pnm", EDGEL_FORMAT_PNM },
    { "pbm", EDGEL_FORMAT_PNM },   { "pgm", EDGEL_FORMAT_PNM },   { "ppm", EDGEL_FORMAT_PNM },
    { "pfm", EDGEL_FORMAT_PFM },   { "tif", EDGEL_FORMAT_TIFF },  { "tiff", EDGEL_FORMAT_TIFF },
    { "gif", EDGEL_FORMAT_NONE },  { "bmp", EDGEL_FORMAT_NONE },  { "webp", EDGEL_FORMAT_NONE },
    { "apng", EDGEL_FORMAT_NONE }, { "jp2", EDGEL_FORMAT_NONE },  { "j2k", EDGEL_FORMAT_NONE },
    { "jxl", EDGEL_FORMAT_NONE },  { "avif", EDGEL_FORMAT_NONE }, { "heic", EDGEL_FORMAT_NONE },
    { "heif", EDGEL_FORMAT_NONE }, { "pam", EDGEL_FORMAT_NONE },  { "tga", EDGEL_FORMAT_NONE },
    { "hdr", EDGEL_FORMAT_NONE },  { "exr", EDGEL_FORMAT_NONE },  { "qoi", EDGEL_FORMAT_NONE },
    { "ico", EDGEL_FORMAT_NONE },  { "dib", EDGEL_FORMAT_NONE },  { "psd", EDGEL_FORMAT_NONE },
};

/* ASCII only: the answer must not hang on the locale. */
static bool same_letters(const char *a, const char *b)
{
    for (; *a && *b; a++, b++) {
        char lower = *a >= 'A' && *a <= 'Z' ? (char)(*a - 'A' + 'a') : *a;
        if (lower != *b)
            return false;
    }
    return *a == *b;
}

static const struct extension *find_extension(const char *name)
{
    const char *slash = strrchr(name, '/');
    const char *base = slash ? slash + 1 : name;
    const char *dot = strrchr(base, '.');
    if (!dot || dot == base)
        return NULL;
    for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++)
        if (same_letters(dot + 1, extensions[i].text))
            return &extensions[i];
    return NULL;
}

enum edgel_format edgel_format_of_name(const char *name)
{
    const struct extension *e = find_extension(name);
    return e ? e->format : EDGEL_FORMAT_NONE;
}

bool edgel_format_built(enum edgel_format format)
{
    return format != EDGEL_FORMAT_NONE && (format != EDGEL_FORMAT_TIFF || EDGEL_HAVE_TIFF);
}

bool edgel_mat_of_bytes(const void *head, size_t n)
{
    return n >= 16 &&
           (memcmp(head, "MATLAB 5.0 MAT-f", 16) == 0 || memcmp(head, "MATLAB 7.3 MAT-f", 16) == 0);
}

bool edgel_named_like_mat(const char *name)
{
    const size_t n = strlen(name);
    return n > 4 && name[n - 5] != '/' && same_letters(name + n - 4, ".mat");
}

bool edgel_named_like_image(const char *name)
{
    return find_extension(name) != NULL;
}
