/* The table of what families show, in the order of documents and of the printed table. */
#include "report/report_priv.h"

static const struct edgel_show *const shows[EDGEL_FAMILIES] = {
    [EDGEL_PIXELS] = &edgel_pixels_show,       [EDGEL_CURVE] = &edgel_curve_show,
    [EDGEL_TOLERANCE] = &edgel_tolerance_show, [EDGEL_DISTANCES] = &edgel_distances_show,
    [EDGEL_BOUNDARY] = &edgel_boundary_show,   [EDGEL_REGIONS] = &edgel_regions_show,
    [EDGEL_BANDS] = &edgel_bands_show,         [EDGEL_DAVIS] = &edgel_davis_show,
    [EDGEL_OBJECTS] = &edgel_objects_show,
};

const struct edgel_show *edgel_show_of(enum edgel_family family)
{
    return shows[family];
}

const char *edgel_shows_odd(const struct edgel_show *const *v, size_t n)
{
    if (n != EDGEL_FAMILIES)
        return "there must be one row for each family";
    for (size_t i = 0; i < n; i++) {
        if (!v[i])
            return "a family has no row";
        if ((size_t)v[i]->family != i)
            return "a row stands at the place of another family";
        if (v[i]->within ? v[i]->within->within != NULL : !v[i]->json || !v[i]->table)
            return "a family needs its part of the document and of the table, or another that shows it";
    }
    return NULL;
}
