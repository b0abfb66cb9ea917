#include "core/core_priv.h"
#include <stdio.h>

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

const char *edgel_version(void)
{
    return EDGEL_VERSION;
}

void edgel_error_clear(struct edgel_error *e)
{
    if (e) {
        e->code = EDGEL_OK;
        e->msg[0] = '\0';
    }
}

enum edgel_status edgel_fail(struct edgel_error *err, enum edgel_status code, const char *fmt, ...)
{
    if (err && err->code == EDGEL_OK) {
        va_list ap;
        va_start(ap, fmt);
        err->code = code;
        vsnprintf(err->msg, sizeof err->msg, fmt, ap);
        va_end(ap);
    }
    return code;
}
