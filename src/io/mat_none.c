/* What a build without matio says of MAT files. */
#include "io/io_priv.h"

enum edgel_status edgel_mat_read(const char *path, const struct edgel_limits *limits, struct edgel_mat *out,
                                 struct edgel_error *err)
{
    (void)limits;
    *out = (struct edgel_mat){ 0 };
    return edgel_fail(err, EDGEL_EUNSUPPORTED, "%s: MAT: this build of edgel was made without matio", path);
}
