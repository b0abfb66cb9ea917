/* Checks that decoders share: sizes against limits, and whether rows can go to a sink; and the remarks and damages they
 * report. */
#include "io/io_priv.h"
#include <inttypes.h>
#include <stdio.h>

void edgel_limits_init(struct edgel_limits *limits)
{
    *limits = (struct edgel_limits){
        .max_pixels = (uint64_t)1 << 28, .max_side = 1000000, .max_scans = 100, .max_chunk_bytes = 8000000
    };
}

const struct edgel_limit_names *edgel_source_limit_names(const struct edgel_limits *l)
{
    static const struct edgel_limit_names fields = { "max_pixels", "max_side", "max_scans", "max_chunk_bytes",
                                                     "max_file_bytes" };
    return l->names ? l->names : &fields;
}

enum edgel_status edgel_source_check_size(const struct edgel_source *src, uint32_t w, uint32_t h)
{
    const struct edgel_limits *l = &src->params->limits;
    uint32_t side = w > h ? w : h;
    if (l->max_side < 0 || side > (uint32_t)l->max_side)
        return edgel_fail(src->err, EDGEL_ELIMIT,
                          "%s: %" PRIu32 "x%" PRIu32 ": side over the limit of %d (%s)", src->name, w, h,
                          l->max_side, edgel_source_limit_names(l)->max_side);
    if ((uint64_t)w * h > l->max_pixels)
        return edgel_fail(
            src->err, EDGEL_ELIMIT,
            "%s: %" PRIu32 "x%" PRIu32 ": %" PRIu64 " pixels, over the limit of %" PRIu64 " (%s)", src->name,
            w, h, (uint64_t)w * h, l->max_pixels, edgel_source_limit_names(l)->max_pixels);
    return EDGEL_OK;
}

enum edgel_status edgel_source_check_rows(const struct edgel_source *src, bool in_order, const char *what)
{
    if (!src->sink || src->header_only ||
        (in_order && !src->params->lenient && (!src->params->orient || src->info->orientation == 1)))
        return EDGEL_OK;
    if (!in_order)
        return edgel_fail(src->err, EDGEL_EUNSUPPORTED, "%s: %s is not read row by row", src->name, what);
    return edgel_fail(src->err, EDGEL_EUNSUPPORTED, "%s: a %s image is not read row by row", src->name,
                      src->params->lenient ? "damaged" : "turned");
}

static void note(char *to, size_t size, const char *text)
{
    if (to[0] == '\0')
        snprintf(to, size, "%s", text);
}

void edgel_source_remark(const struct edgel_source *src, const char *text)
{
    note(src->info->remark, sizeof src->info->remark, text);
}

void edgel_source_damage(const struct edgel_source *src, const char *text)
{
    note(src->info->damage, sizeof src->info->damage, text);
}
