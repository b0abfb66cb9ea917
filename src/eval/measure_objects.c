/*
 * The objects of one image, from its masks to counts.
 *
 * By ids (MIXED: of the truth) every value but 0 is an object; of 8-bit colour masks the value is R + 256 G + 65536 B. Pixels of the truth that
 * are ignored, or not set in the mask of valid ones, are void; the objects of the prediction keep what lies there, which
 * object_match.c then leaves out.
 */
#include "eval/objects_priv.h"

enum edgel_status edgel_objects_params(const struct edgel_measure *p, struct edgel_error *err)
{
    const char *odd = NULL;
    if (p->objects == EDGEL_OBJECTS_NONE)
        return EDGEL_OK;
    if (p->boundary != EDGEL_BOUNDARY_NONE)
        odd = "boundaries of the benchmark";
    else if (p->objects == EDGEL_OBJECTS_COMPONENTS)
        return EDGEL_OK;
    else if (p->labels != EDGEL_LABELS_IDS)
        odd = "binary labels";
    else if (p->thresholds > 0)
        odd = "thresholds";
    else if (p->tolerance >= 0)
        odd = "a tolerance";
    else if (p->distances || p->band > 0 || p->davis)
        odd = "distances and boundaries";
    else if (p->colors)
        odd = "colours";
    if (!odd)
        return EDGEL_OK;
    return edgel_fail(err, EDGEL_EINVAL, "objects: have no use for %s", odd);
}

static enum edgel_status no_memory(struct edgel_error *err)
{
    return edgel_fail(err, EDGEL_ENOMEM, "objects: out of memory");
}

enum edgel_status edgel_components_measure(const int32_t *truth, const int32_t *prediction, int w, int h,
                                           struct edgel_row *row, struct edgel_error *err)
{
    struct edgel_object_set t = { 0 }, p = { 0 };
    enum edgel_status st = edgel_objects_of_components(truth, w, h, false, &t, err);
    if (st == EDGEL_OK && prediction)
        st = edgel_objects_of_components(prediction, w, h, false, &p, err);
    if (st == EDGEL_OK)
        st = edgel_objects_match(&t, &p, &row->objects, &row->nobjects, err);
    edgel_object_set_finish(&t);
    edgel_object_set_finish(&p);
    return st;
}

/* --- by ids --- */

static bool is_colored(const struct edgel_mask *mask)
{
    return mask->view.channels >= 3 && mask->view.type == EDGEL_U8;
}

/* ids: scratch of a row. */
static enum edgel_status value_row(const struct edgel_mask *mask, int y, uint16_t *ids, int32_t *values,
                                   struct edgel_error *err)
{
    const int w = mask->view.w, step = mask->view.channels;
    if (!is_colored(mask)) {
        EDGEL_TRY(edgel_mask_row(mask, NULL, y, ids, err));
        for (int x = 0; x < w; x++)
            values[x] = ids[x];
        return EDGEL_OK;
    }
    const uint8_t *p = (const uint8_t *)mask->view.data + y * mask->view.stride;
    for (int x = 0; x < w; x++, p += step)
        values[x] = p[0] + 256 * p[1] + 65536 * p[2];
    return EDGEL_OK;
}

static enum edgel_status read_plane(const struct edgel_mask *mask, int32_t **plane, struct edgel_error *err)
{
    const size_t w = (size_t)mask->view.w, h = (size_t)mask->view.h;
    uint16_t *ids = edgel_alloc(w, sizeof *ids);
    *plane = edgel_alloc(w * h, sizeof **plane);
    enum edgel_status st = ids && *plane ? EDGEL_OK : no_memory(err);
    for (size_t y = 0; y < h && st == EDGEL_OK; y++)
        st = value_row(mask, (int)y, ids, *plane + y * w, err);
    edgel_free(ids);
    return st;
}

static void void_pixels(const struct edgel_measure *params, const struct edgel_mask *valid, int w, int h,
                        int32_t *plane)
{
    int32_t last = -1; /* known not to be ignored */
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++, plane++) {
            const bool ignored = *plane != last && edgel_id_in(params->ignore, params->nignore, *plane);
            if (ignored || (valid && !edgel_mask_set(valid, x, y)))
                *plane = -1;
            else
                last = *plane;
        }
}

static enum edgel_status components_of_all(int32_t *plane, int w, int h, struct edgel_object_set *out,
                                           struct edgel_error *err)
{
    for (size_t i = 0; i < (size_t)w * (size_t)h; i++)
        plane[i] = plane[i] != 0;
    return edgel_objects_of_components(plane, w, h, false, out, err);
}

static enum edgel_status read_set(const struct edgel_measure *params, const struct edgel_mask *mask,
                                  const struct edgel_mask *valid, bool truth, struct edgel_object_set *out,
                                  struct edgel_error *err)
{
    int32_t *plane = NULL;
    const int w = mask->view.w, h = mask->view.h;
    enum edgel_status st = read_plane(mask, &plane, err);
    if (st == EDGEL_OK && truth)
        void_pixels(params, valid, w, h, plane);
    if (st == EDGEL_OK && !truth && params->objects == EDGEL_OBJECTS_MIXED)
        st = components_of_all(plane, w, h, out, err);
    else if (st == EDGEL_OK)
        st = edgel_objects_of_ids(plane, w, h, false, out, err);
    edgel_free(plane);
    return st;
}

enum edgel_status edgel_object_ids_measure(const struct edgel_measure *params,
                                           const struct edgel_mask *prediction,
                                           const struct edgel_mask *truth, const struct edgel_mask *valid,
                                           struct edgel_row *row, struct edgel_error *err)
{
    struct edgel_object_set t = { 0 }, p = { 0 };
    enum edgel_status st = read_set(params, truth, valid, true, &t, err);
    if (st == EDGEL_OK && prediction)
        st = read_set(params, prediction, NULL, false, &p, err);
    if (st == EDGEL_OK)
        st = edgel_objects_match(&t, &p, &row->objects, &row->nobjects, err);
    edgel_object_set_finish(&t);
    edgel_object_set_finish(&p);
    return st;
}
