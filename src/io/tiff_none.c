/* What a build without libtiff says of TIFF files. */
#include "io/io_priv.h"

enum edgel_status edgel_tiff_decode(const struct edgel_source *src, struct edgel_image *out)
{
    (void)out;
    return edgel_fail(src->err, EDGEL_EUNSUPPORTED, "%s: TIFF: this build of edgel was made without libtiff",
                      src->name);
}

static enum edgel_status writer_begin(struct edgel_writer *w, struct edgel_error *err)
{
    (void)w;
    return edgel_fail(err, EDGEL_EUNSUPPORTED,
                      "cannot write TIFF: this build of edgel was made without libtiff");
}

const struct edgel_writer_kind edgel_tiff_writer = { .begin = writer_begin };
