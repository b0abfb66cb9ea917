/*
 * The objects of one image, from its masks to counts.
 *
 * By ids (MIXED: of the truth) every value but 0 is an object; of 8-bit colour masks the value is R + 256 G + 65536 B.
 * Pixels of the truth that are ignored, or not set in the mask of valid ones, are void; the objects of the prediction
 * keep what lies there, which object_match.c then leaves out. Run lengths go along columns, and then so do the spans of
 * the other side.
 */
#include "eval/objects/objects_priv.h"

/* From planes of w * h ids: the truth's, -1 void, and the prediction's (NULL: missing). */
static enum edgel_status measure_components(const int32_t *truth, const int32_t *prediction, int w, int h,
                                            struct edgel_object_list *list, struct edgel_error *err)
{
    struct edgel_object_set t = { 0 }, p = { 0 };
    enum edgel_status st = edgel_objects_of_components(truth, w, h, false, &t, err);
    if (st == EDGEL_OK && prediction)
        st = edgel_objects_of_components(prediction, w, h, false, &p, err);
    if (st == EDGEL_OK)
        st = edgel_objects_match(&t, &p, &list->v, &list->n, err);
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
static enum edgel_status value_row(const struct edgel_mask *mask, const char *role, int y, uint16_t *ids,
                                   int32_t *values, struct edgel_error *err)
{
    const int w = mask->view.w, step = mask->view.channels;
    if (!is_colored(mask)) {
        EDGEL_TRY(edgel_mask_read(mask, role, y, ids, err));
        for (int x = 0; x < w; x++)
            values[x] = ids[x];
        return EDGEL_OK;
    }
    const uint8_t *p = (const uint8_t *)mask->view.data + y * mask->view.stride;
    for (int x = 0; x < w; x++, p += step)
        values[x] = p[0] + 256 * p[1] + 65536 * p[2];
    return EDGEL_OK;
}

static enum edgel_status read_plane(const struct edgel_mask *mask, const char *role, int32_t **plane,
                                    struct edgel_error *err)
{
    const size_t w = (size_t)mask->view.w, h = (size_t)mask->view.h;
    uint16_t *ids = edgel_alloc(w, sizeof *ids);
    *plane = edgel_alloc(w * h, sizeof **plane);
    enum edgel_status st = ids && *plane ? EDGEL_OK : edgel_no_memory(err, "objects");
    for (size_t y = 0; y < h && st == EDGEL_OK; y++)
        st = value_row(mask, role, (int)y, ids, *plane + y * w, err);
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

/* What is read on one side. */
struct reading {
    const struct edgel_measure *params;
    const struct edgel_object_source *source;
    const struct edgel_mask *valid;
    bool truth, columns, classes; /* classes: of the documents */
};

static void all_to_one(int32_t *plane, size_t n)
{
    for (size_t i = 0; i < n; i++)
        plane[i] = plane[i] != 0;
}

static void zero_to_void(int32_t *plane, size_t n)
{
    for (size_t i = 0; i < n; i++)
        plane[i] = plane[i] == 0 ? -1 : plane[i];
}

static enum edgel_status read_mask(const struct reading *r, struct edgel_object_set *out,
                                   struct edgel_error *err)
{
    const struct edgel_mask *mask = r->source->mask;
    const int w = mask->view.w, h = mask->view.h;
    const size_t n = (size_t)w * (size_t)h;
    const bool mixed = !r->truth && edgel_objects_kind(r->params) == EDGEL_OBJECTS_MIXED;
    int32_t *plane = NULL;
    enum edgel_status st = read_plane(mask, r->truth ? "truth" : "prediction", &plane, err);
    if (st == EDGEL_OK && r->truth)
        void_pixels(r->params, r->valid, w, h, plane);
    if (st == EDGEL_OK && r->truth && r->source->document)
        zero_to_void(plane, n);
    if (st == EDGEL_OK && mixed)
        all_to_one(plane, n);
    if (st == EDGEL_OK)
        st = (mixed ? edgel_objects_of_components : edgel_objects_of_ids)(plane, w, h, r->columns, out, err);
    edgel_free(plane);
    if (st == EDGEL_OK && r->source->document)
        st = edgel_coco_segments(r->source->document, r->source->image, out, err);
    return st;
}

static enum edgel_status read_side(const struct reading *r, int w, int h, struct edgel_object_set *out,
                                   struct edgel_error *err)
{
    const struct edgel_object_source *s = r->source;
    if (s->mask)
        EDGEL_TRY(read_mask(r, out, err));
    else
        EDGEL_TRY(edgel_coco_objects(s->document, s->image, w, h, out, err));
    for (size_t i = 0; !r->classes && i < out->nobjects; i++)
        out->objects[i].class_id = 1;
    return EDGEL_OK;
}

/* role: of what has the size w * h. */
static enum edgel_status sizes_differ(const char *role, const struct edgel_mask *mask, int w, int h,
                                      const struct edgel_mask *truth, const struct edgel_object_set *t,
                                      struct edgel_error *err)
{
    const char *name = mask && mask->name ? mask->name : "", *of = truth && truth->name ? truth->name : "";
    return edgel_fail(err, EDGEL_EFORMAT, "%s%s%s is %dx%d, truth%s%s is %dx%d: sizes differ", role,
                      *name ? " " : "", name, w, h, *of ? " " : "", of, t->w, t->h);
}

/* A side without objects may not know its size, and then has that of the other. */
static enum edgel_status read_sides(const struct reading *t, const struct reading *p,
                                    struct edgel_object_set sets[2], struct edgel_error *err)
{
    struct edgel_object_set *st = &sets[0], *sp = &sets[1];
    EDGEL_TRY(read_side(t, 0, 0, st, err));
    if (p->source)
        EDGEL_TRY(read_side(p, 0, 0, sp, err));
    const bool known = st->w > 0;
    if (!known && sp->w == 0)
        return edgel_fail(err, EDGEL_EFORMAT,
                          "the image's size is unknown: no objects, and no width and height");
    if (!known) {
        st->w = sp->w;
        st->h = sp->h;
    }
    if (p->source && sp->w > 0 && (sp->w != st->w || sp->h != st->h))
        return sizes_differ("prediction", p->source->mask, sp->w, sp->h, t->source->mask, st, err);
    const struct edgel_mask *valid = t->valid;
    if (valid && (valid->view.w != st->w || valid->view.h != st->h))
        return sizes_differ("validity mask", valid, valid->view.w, valid->view.h, t->source->mask, st, err);
    return EDGEL_OK;
}

enum edgel_status edgel_objects_match_sources(const struct edgel_measure *params, bool by_class,
                                              const struct edgel_object_source *prediction,
                                              const struct edgel_object_source *truth,
                                              const struct edgel_mask *valid, struct edgel_row *row,
                                              struct edgel_object_list *list, struct edgel_error *err)
{
    struct edgel_object_set sets[2] = { { 0 }, { 0 } };
    const bool columns = !truth->mask || (prediction && !prediction->mask);
    const struct reading t = { params, truth, valid, true, columns, by_class },
                         p = { params, prediction, NULL, false, columns, by_class };
    enum edgel_status st = read_sides(&t, &p, sets, err);
    if (st == EDGEL_OK) {
        row->w = sets[0].w;
        row->h = sets[0].h;
        st = edgel_objects_match(&sets[0], &sets[1], &list->v, &list->n, err);
    }
    edgel_object_set_finish(&sets[0]);
    edgel_object_set_finish(&sets[1]);
    return st;
}

enum edgel_status edgel_objects_family_measure(const struct edgel_measuring *k, void *counts)
{
    if (!edgel_objects_alone(k->params))
        return measure_components(k->t_plane, k->missing ? NULL : k->whole, k->w, k->h, counts, k->err);
    const struct edgel_object_source p = { .mask = k->prediction }, t = { .mask = k->truth };
    return edgel_objects_match_sources(k->params, false, k->missing ? NULL : &p, &t, k->valid, k->row, counts,
                                       k->err);
}
