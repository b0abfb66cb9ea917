/* What a build without libtiff says of TIFF files. */
#include "io/io_priv.h"

enum edgel_status edgel_tiff_decode(const struct edgel_source *src, struct edgel_image *out)
{
    (void)out;
    return edgel_fail(src->err, EDGEL_EUNSUPPORTED, "%s: TIFF: this build of edgel was made without libtiff",
                      src->name);
}

enum edgel_status edgel_tiff_encode(struct edgel_view image, const struct edgel_write *params,
                                    struct edgel_output *out, struct edgel_error *err)
{
    (void)image, (void)params, (void)out;
    return edgel_fail(err, EDGEL_EUNSUPPORTED,
                      "cannot write TIFF: this build of edgel was made without libtiff");
}
