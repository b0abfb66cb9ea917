/* Files as libtiff sees them: it reads and writes through functions of this module. Each file has its own message
 * handlers, so that nothing is printed. The blocks of memory that libtiff may allocate are limited. */
#include "io/tiff_priv.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { BLOCK = 1 << 28 /* the most that libtiff may allocate at once */ };

/* --- messages --- : the handlers return 1, so that libtiff does not call its own, which print */

/* Keeps the first message, without the empty name of the file and without row numbers that libtiff does not know: ":
 * Can not read ...", "Read error at row 4294967295, col 4294967295; got 5 bytes, expected 8". */
EDGEL_PRINTF(2, 0) static void keep(struct edgel_tiff_told *t, const char *format, va_list args)
{
    char text[sizeof t->message - sizeof "pixels are cut off:"];
    t->no_memory = t->no_memory || errno == ENOMEM;
    if (t->message[0] != '\0')
        return;
    vsnprintf(text, sizeof text, format, args);
    const char *got = strncmp(text, "Read error", 10) == 0 ? strstr(text, "; got ") : NULL;
    snprintf(t->message, sizeof t->message, "%s%s", got ? "pixels are cut off:" : "",
             got                           ? got + 1
             : strncmp(text, ": ", 2) == 0 ? text + 2
                                           : text);
}

EDGEL_PRINTF(4, 0)
static int on_error(TIFF *tiff, void *user, const char *module, const char *format, va_list args)
{
    (void)tiff, (void)module;
    keep(user, format, args);
    return 1;
}

EDGEL_PRINTF(4, 0)
static int on_warning(TIFF *tiff, void *user, const char *module, const char *format, va_list args)
{
    struct edgel_tiff_told *t = user;
    char text[160];
    (void)tiff, (void)module;
    if (!t->src || strncmp(format, "Unknown field", 13) == 0)
        return 1;
    if (t->in_pixels)
        keep(t, format, args);
    else {
        vsnprintf(text, sizeof text, format, args);
        edgel_source_remark(t->src, text);
    }
    return 1;
}

/* --- memory --- */

void edgel_tiff_forget_memory(void)
{
    errno = 0;
}

bool edgel_tiff_lacked_memory(const struct edgel_tiff_told *told)
{
    return told->no_memory || errno == ENOMEM;
}

/* --- the file --- */

static int on_close(thandle_t user)
{
    (void)user;
    return 0;
}

toff_t edgel_tiff_seek(struct edgel_tiff *t, toff_t to, int whence, uint64_t end)
{
    t->at = to + (whence == SEEK_CUR ? t->at : whence == SEEK_END ? end : 0);
    return t->at;
}

bool edgel_tiff_open(struct edgel_tiff *t, const char *mode, const struct edgel_tiff_access *access)
{
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (!options)
        return false;
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, BLOCK);
    TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, t->told);
    TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, t->told);
    t->tiff = TIFFClientOpenExt("", mode, t, access->read, access->write, access->seek, on_close,
                                access->size, NULL, NULL, options);
    TIFFOpenOptionsFree(options);
    return t->tiff;
}

void edgel_tiff_close(struct edgel_tiff *t)
{
    if (t->tiff)
        TIFFClose(t->tiff);
    t->tiff = NULL;
}
