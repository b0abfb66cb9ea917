/* geometry_priv.h: what the files of src/geometry share. */
#ifndef EDGEL_GEOMETRY_PRIV_H
#define EDGEL_GEOMETRY_PRIV_H

#include "edgel/geometry.h"
#include "filter/filter_priv.h"

static inline const void *edgel_view_row(struct edgel_view v, int y)
{
    return (const char *)v.data + y * v.stride;
}

/* EDGEL_EINVAL unless v is a map of U8 or U16 with one channel; what names the operation. */
enum edgel_status edgel_labels_check(const char *what, struct edgel_view v, struct edgel_error *err);
/* Label x of a row of such a map. */
static inline int edgel_label_at(const void *row, enum edgel_type type, int x)
{
    return type == EDGEL_U8 ? ((const uint8_t *)row)[x] : ((const uint16_t *)row)[x];
}

#endif
