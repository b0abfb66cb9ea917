/* The results of a summary, by family. */
#include "eval/eval_priv.h"

void *edgel_summary_part(struct edgel_summary *s, enum edgel_family family, size_t size)
{
    if (!s->results[family])
        s->results[family] = edgel_calloc(1, size);
    return s->results[family];
}

enum edgel_status edgel_reduce_no_memory(struct edgel_error *err)
{
    return edgel_fail(err, EDGEL_ENOMEM, "reduce: out of memory");
}

const struct edgel_pixels_result *edgel_summary_pixels(const struct edgel_summary *s)
{
    static const struct edgel_pixels_result none;
    return s->results[EDGEL_PIXELS] ? s->results[EDGEL_PIXELS] : &none;
}

const struct edgel_curve_result *edgel_summary_curve(const struct edgel_summary *s)
{
    static const struct edgel_curve_result none;
    return s->results[EDGEL_CURVE] ? s->results[EDGEL_CURVE] : &none;
}

const struct edgel_tolerance_result *edgel_summary_tolerance(const struct edgel_summary *s)
{
    static const struct edgel_tolerance_result none;
    return s->results[EDGEL_TOLERANCE] ? s->results[EDGEL_TOLERANCE] : &none;
}

const struct edgel_distances_result *edgel_summary_distances(const struct edgel_summary *s)
{
    static const struct edgel_distances_result none;
    return s->results[EDGEL_DISTANCES] ? s->results[EDGEL_DISTANCES] : &none;
}

const struct edgel_boundary_result *edgel_summary_boundary(const struct edgel_summary *s)
{
    static const struct edgel_boundary_result none;
    return s->results[EDGEL_BOUNDARY] ? s->results[EDGEL_BOUNDARY] : &none;
}

const struct edgel_bands_result *edgel_summary_bands(const struct edgel_summary *s)
{
    static const struct edgel_bands_result none;
    return s->results[EDGEL_BANDS] ? s->results[EDGEL_BANDS] : &none;
}

const struct edgel_davis_result *edgel_summary_davis(const struct edgel_summary *s)
{
    static const struct edgel_davis_result none;
    return s->results[EDGEL_DAVIS] ? s->results[EDGEL_DAVIS] : &none;
}

const struct edgel_objects_result *edgel_summary_objects(const struct edgel_summary *s)
{
    static const struct edgel_objects_result none;
    return s->results[EDGEL_OBJECTS] ? s->results[EDGEL_OBJECTS] : &none;
}

const struct edgel_region_result *edgel_summary_regions(const struct edgel_summary *s)
{
    static const struct edgel_region_result none;
    const struct edgel_regions_result *r = s->results[EDGEL_REGIONS];
    return r ? &r->exact : &none;
}

const struct edgel_region_result *edgel_summary_regions_rounded(const struct edgel_summary *s)
{
    static const struct edgel_region_result none;
    const struct edgel_regions_result *r = s->results[EDGEL_REGIONS];
    return r ? &r->rounded : &none;
}
