/* Names of image files, and formats that edgel recognises and does not read. */
#include "io/io_priv.h"
#include <string.h>

/* Formats that edgel does not read, so that messages can name them. */
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

/* Extensions of formats that edgel does not read. */
static const char foreign_extensions[] =
    "gif bmp webp apng jp2 j2k jxl avif heic heif pam tga hdr exr qoi ico dib psd";

/* ASCII only: the result must not depend on the locale. */
static bool same_letters(const char *a, const char *b)
{
    for (; *a && *b; a++, b++) {
        char lower = *a >= 'A' && *a <= 'Z' ? (char)(*a - 'A' + 'a') : *a;
        if (lower != *b)
            return false;
    }
    return *a == *b;
}

/* The extension of a name without its dot, or NULL. */
static const char *extension_of(const char *name)
{
    const char *slash = strrchr(name, '/');
    const char *base = slash ? slash + 1 : name;
    const char *dot = strrchr(base, '.');
    return dot && dot != base ? dot + 1 : NULL;
}

/* Whether the extension is in a list of lower-case words with single spaces between. */
static bool is_one_of(const char *list, const char *extension)
{
    for (const char *word = list; *word;) {
        const size_t n = strcspn(word, " ");
        char one[8];
        if (n < sizeof one && strlen(extension) == n) {
            memcpy(one, word, n);
            one[n] = '\0';
            if (same_letters(extension, one))
                return true;
        }
        word += n + (word[n] == ' ');
    }
    return false;
}

enum edgel_format edgel_format_of_name(const char *name)
{
    int n;
    const struct edgel_format_row *rows = edgel_format_rows(&n);
    const char *extension = extension_of(name);
    for (int i = 0; extension && i < n; i++)
        if (is_one_of(rows[i].info.extensions, extension))
            return rows[i].info.format;
    return EDGEL_FORMAT_NONE;
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
    const char *extension = extension_of(name);
    return edgel_format_of_name(name) != EDGEL_FORMAT_NONE ||
           (extension && is_one_of(foreign_extensions, extension));
}
