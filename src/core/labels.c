/* What masks mean: ids, the names of classes, colours, and the value that stands for the full range. */
#include "core/core_priv.h"
#include "edgel/image.h"

bool edgel_id_in(const int32_t *ids, size_t n, int32_t id)
{
    for (size_t i = 0; i < n; i++)
        if (ids[i] == id)
            return true;
    return false;
}

char *edgel_class_name(const struct edgel_classes *given, int32_t id, const char *instead)
{
    for (size_t i = 0; given && i < given->n; i++)
        if (given->v[i].id == id)
            return edgel_strdup(given->v[i].name);
    if (instead)
        return edgel_strdup(instead);
    struct edgel_text t = { 0 };
    edgel_text_printf(&t, "%d", id);
    if (t.failed) {
        edgel_text_finish(&t);
        return NULL;
    }
    return t.s;
}

void edgel_classes_finish(struct edgel_classes *c)
{
    for (size_t i = 0; i < c->n; i++)
        edgel_free(c->v[i].name);
    edgel_free(c->v);
    *c = (struct edgel_classes){ 0 };
}

void edgel_colors_finish(struct edgel_colors *c)
{
    edgel_free(c->v);
    *c = (struct edgel_colors){ 0 };
}

int edgel_mask_largest(const struct edgel_mask *mask)
{
    if (mask->view.type == EDGEL_U16)
        return 65535;
    return mask->bits == 2 ? 3 : mask->bits == 4 ? 15 : 255;
}
