#include "core/core_priv.h"
#include <stdio.h>
#include <string.h>

const char *edgel_status_name(enum edgel_status s)
{
    switch (s) {
    case EDGEL_OK: return "ok";
    case EDGEL_EINVAL: return "invalid argument";
    case EDGEL_ENOMEM: return "out of memory";
    case EDGEL_EIO: return "input/output error";
    case EDGEL_EFORMAT: return "malformed data";
    case EDGEL_ELIMIT: return "over a limit";
    case EDGEL_EUNSUPPORTED: return "not supported";
    case EDGEL_EINTERRUPTED: return "interrupted";
    }
    return "unknown status";
}

#define TEXT_OF(x)            #x
#define VERSION_TEXT(a, b, c) TEXT_OF(a) "." TEXT_OF(b) "." TEXT_OF(c)

const char *edgel_version(void)
{
    return VERSION_TEXT(EDGEL_VERSION_MAJOR, EDGEL_VERSION_MINOR, EDGEL_VERSION_PATCH);
}

int edgel_version_number(void)
{
    return EDGEL_VERSION_NUMBER;
}

void edgel_error_clear(struct edgel_error *e)
{
    if (e) {
        e->code = EDGEL_OK;
        e->msg[0] = '\0';
    }
}

/* A text is too long only because of a long name. It loses its middle: the end says what went wrong. */
static void store(struct edgel_error *err, const char *text)
{
    static const char gap[] = " ... ";
    enum { GAP = sizeof gap - 1, HEAD = 200, TAIL = sizeof err->msg - 1 - GAP - HEAD };
    size_t n = strlen(text);
    if (n < sizeof err->msg) {
        memcpy(err->msg, text, n + 1);
        return;
    }
    memcpy(err->msg, text, HEAD);
    memcpy(err->msg + HEAD, gap, GAP);
    memcpy(err->msg + HEAD + GAP, text + n - TAIL, TAIL + 1);
}

EDGEL_PRINTF(3, 0)
static void format(struct edgel_error *err, enum edgel_status code, const char *fmt, va_list ap)
{
    if (err && err->code == EDGEL_OK) {
        char text[3 * 4096]; /* two names of the greatest length, and the message about them */
        vsnprintf(text, sizeof text, fmt, ap);
        err->code = code;
        store(err, text);
    }
}

enum edgel_status edgel_fail(struct edgel_error *err, enum edgel_status code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    format(err, code, fmt, ap);
    va_end(ap);
    return code;
}

enum edgel_status edgel_error_set(struct edgel_error *e, enum edgel_status code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    format(e, code, fmt, ap);
    va_end(ap);
    return code;
}

enum edgel_status edgel_no_memory(struct edgel_error *err, const char *what)
{
    return edgel_fail(err, EDGEL_ENOMEM, "%s%sout of memory", what ? what : "", what ? ": " : "");
}
