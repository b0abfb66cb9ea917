/* Formats of outputs, as the library's table has them: what the help says of them, and which depths they hold. */
#include "cli/run/folder.h"
#include <stdio.h>
#include <string.h>

enum { LIST_BYTES = 64 };

void cli_format_help(char *buf, size_t size)
{
    char all[LIST_BYTES], floats[LIST_BYTES];
    edgel_format_extensions(0, all, sizeof all);
    edgel_format_extensions(EDGEL_HOLDS_F32, floats, sizeof floats);
    snprintf(buf, size, "The extension selects the format: %s (float samples: %s).", all, floats);
}

char cli_pnm_letter(const char *path)
{
    return edgel_format_of_name(path) == EDGEL_FORMAT_PNM ? (char)(path[strlen(path) - 2] | 0x20) : '\0';
}

enum edgel_status cli_format_fit(const char *path, int *depth, struct edgel_write *write,
                                 struct edgel_error *err)
{
    edgel_write_init(write);
    write->format = edgel_format_of_name(path);
    const struct edgel_format_info *format = edgel_format_find(write->format);
    if (!format)
        return EDGEL_OK; /* a table of objects */
    if (format->lacks)
        return edgel_error_set(err, EDGEL_EUNSUPPORTED, "%s: this build of edgel was made without %s", path,
                               format->lacks);
    if (*depth == 32 && !(format->holds & EDGEL_HOLDS_F32)) {
        char list[LIST_BYTES];
        edgel_format_extensions(EDGEL_HOLDS_F32, list, sizeof list);
        return edgel_error_set(err, EDGEL_EINVAL,
                               "%s: --depth 32 is for float samples; the name must end in %s", path, list);
    }
    if (format->holds & EDGEL_HOLDS_U8)
        return EDGEL_OK;
    if (*depth != 0 && *depth != 32)
        return edgel_error_set(err, EDGEL_EINVAL,
                               "%s: %s holds float samples, --depth %d does not go with it", path,
                               format->name, *depth);
    *depth = 32;
    return EDGEL_OK;
}
