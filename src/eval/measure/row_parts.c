/* The counts of one image, by family. */
#include "eval/eval_priv.h"

void *edgel_row_part(struct edgel_row *row, enum edgel_family family, size_t size)
{
    if (!row->counts[family])
        row->counts[family] = edgel_calloc(1, size);
    return row->counts[family];
}

const struct edgel_pixels_counts *edgel_row_pixels(const struct edgel_row *row)
{
    static const struct edgel_pixels_counts none;
    return row->counts[EDGEL_PIXELS] ? row->counts[EDGEL_PIXELS] : &none;
}

const struct edgel_curve_counts *edgel_row_curve(const struct edgel_row *row)
{
    static const struct edgel_curve_counts none;
    return row->counts[EDGEL_CURVE] ? row->counts[EDGEL_CURVE] : &none;
}

const struct edgel_tolerance_list *edgel_row_tolerance(const struct edgel_row *row)
{
    static const struct edgel_tolerance_list none;
    return row->counts[EDGEL_TOLERANCE] ? row->counts[EDGEL_TOLERANCE] : &none;
}

const struct edgel_distance_list *edgel_row_distances(const struct edgel_row *row)
{
    static const struct edgel_distance_list none;
    return row->counts[EDGEL_DISTANCES] ? row->counts[EDGEL_DISTANCES] : &none;
}

const struct edgel_boundary_counts *edgel_row_boundary(const struct edgel_row *row)
{
    static const struct edgel_boundary_counts none;
    return row->counts[EDGEL_BOUNDARY] ? row->counts[EDGEL_BOUNDARY] : &none;
}

const struct edgel_region_counts *edgel_row_regions(const struct edgel_row *row)
{
    static const struct edgel_region_counts none;
    return row->counts[EDGEL_REGIONS] ? row->counts[EDGEL_REGIONS] : &none;
}

const struct edgel_band_list *edgel_row_bands(const struct edgel_row *row)
{
    static const struct edgel_band_list none;
    return row->counts[EDGEL_BANDS] ? row->counts[EDGEL_BANDS] : &none;
}

const struct edgel_tolerance_list *edgel_row_davis(const struct edgel_row *row)
{
    static const struct edgel_tolerance_list none;
    return row->counts[EDGEL_DAVIS] ? row->counts[EDGEL_DAVIS] : &none;
}

const struct edgel_object_list *edgel_row_objects(const struct edgel_row *row)
{
    static const struct edgel_object_list none;
    return row->counts[EDGEL_OBJECTS] ? row->counts[EDGEL_OBJECTS] : &none;
}
