/*
 * The objects of one image of a document: run lengths to spans, or the classes of the segments of a mask.
 *
 * Objects stand in the order of their ids; annotations without one are numbered from 1 as they come. A segment must be
 * in the document and in the mask.
 */
#include "eval/objects/objects_priv.h"
#include <inttypes.h>
#include <stdlib.h>

static enum edgel_status odd(const struct edgel_coco_entry *e, const char *rule, struct edgel_error *err)
{
    return edgel_fail(err, EDGEL_EFORMAT, "annotation %" PRIu32 ": %s", e->order, rule);
}

/* true, false, 0 and 1 */
static enum edgel_status read_crowd(const struct edgel_coco_entry *e, const struct edgel_json *v, bool *out,
                                    struct edgel_error *err)
{
    int64_t n = 0;
    *out = false;
    if (!v || edgel_json_bool(v, out))
        return EDGEL_OK;
    if (!edgel_json_int(v, &n) || n < 0 || n > 1)
        return odd(e, "iscrowd must be 0 or 1", err);
    *out = n == 1;
    return EDGEL_OK;
}

static enum edgel_status read_counts(const struct edgel_json *list, uint32_t object,
                                     struct edgel_object_set *s, size_t *room, struct edgel_error *err)
{
    const size_t n = edgel_json_count(list);
    int64_t *counts = edgel_alloc(n + 1, sizeof *counts);
    enum edgel_status st = counts ? EDGEL_OK : edgel_no_memory(err, "run lengths");
    for (size_t i = 0; i < n && st == EDGEL_OK; i++)
        if (!edgel_json_int(edgel_json_at(list, i), &counts[i]))
            st = edgel_fail(err, EDGEL_EFORMAT, "run lengths: must be whole numbers");
    if (st == EDGEL_OK)
        st = edgel_rle_counts(counts, n, object, s, room, err);
    edgel_free(counts);
    return st;
}

static enum edgel_status read_size(const struct edgel_coco_entry *e, const struct edgel_json *v,
                                   struct edgel_object_set *s, struct edgel_error *err)
{
    int64_t h, w;
    if (edgel_json_count(v) != 2 || !edgel_json_int(edgel_json_at(v, 0), &h) ||
        !edgel_json_int(edgel_json_at(v, 1), &w) || h < 1 || w < 1 || h > EDGEL_COCO_SIDE_MAX ||
        w > EDGEL_COCO_SIDE_MAX)
        return odd(e, "size must be a height and a width from 1 to 1000000", err);
    if (s->w > 0 && (w != s->w || h != s->h))
        return edgel_fail(err, EDGEL_EFORMAT, "annotation %" PRIu32 ": its mask is %dx%d, the image %dx%d",
                          e->order, (int)w, (int)h, s->w, s->h);
    s->w = (int)w;
    s->h = (int)h;
    return edgel_objects_limit(s->w, s->h, err);
}

static enum edgel_status read_runs(const struct edgel_coco_entry *e, const struct edgel_json *v,
                                   uint32_t object, struct edgel_object_set *s, size_t *room,
                                   struct edgel_error *err)
{
    const struct edgel_json *mask = edgel_json_get(v, "segmentation");
    const struct edgel_json *counts = edgel_json_get(mask, "counts");
    struct edgel_error detail = { 0 };
    enum edgel_status st;
    if (edgel_json_is_array(mask))
        return edgel_fail(err, EDGEL_EUNSUPPORTED,
                          "annotation %" PRIu32 ": a polygon; only run lengths are read", e->order);
    if (!edgel_json_is_array(counts) && !edgel_json_is_string(counts))
        return odd(e, "segmentation must have size and counts", err);
    EDGEL_TRY(read_size(e, edgel_json_get(mask, "size"), s, err));
    if (edgel_json_is_array(counts)) {
        st = read_counts(counts, object, s, room, &detail);
    } else {
        st = edgel_rle_string(edgel_json_string(counts), object, s, room, &detail);
    }
    return st == EDGEL_OK ? st : edgel_fail(err, st, "annotation %" PRIu32 ": %.300s", e->order, detail.msg);
}

static enum edgel_status read_object(const struct edgel_coco_entry *e, const struct edgel_json *v, size_t i,
                                     struct edgel_object_set *s, size_t *room, struct edgel_error *err)
{
    struct edgel_object *o = &s->objects[i];
    int64_t id = (int64_t)i + 1, category = 0;
    if (edgel_json_get(v, "id") && !edgel_coco_whole(v, "id", INT64_MAX, &id))
        return odd(e, "id must be a whole number that is not negative", err);
    if (!edgel_coco_whole(v, "category_id", EDGEL_IDS - 1, &category))
        return odd(e, "category_id must be a whole number from 0 to 65535", err);
    *o = (struct edgel_object){ .id = id, .class_id = (int32_t)category };
    EDGEL_TRY(read_crowd(e, edgel_json_get(v, "iscrowd"), &o->crowd, err));
    return read_runs(e, v, (uint32_t)i, s, room, err);
}

/* An object and where it stood. */
struct place {
    struct edgel_object o;
    uint32_t at;
};

static int by_object_id(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    return (x->o.id > y->o.id) - (x->o.id < y->o.id);
}

/* Brings the objects into the order of their ids. */
static enum edgel_status order_ids(struct edgel_object_set *s, struct edgel_error *err)
{
    struct place *v = edgel_alloc(s->nobjects + 1, sizeof *v);
    uint32_t *to = edgel_alloc(s->nobjects + 1, sizeof *to);
    enum edgel_status st = v && to ? EDGEL_OK : edgel_no_memory(err, "objects");
    for (size_t i = 0; i < s->nobjects && st == EDGEL_OK; i++)
        v[i] = (struct place){ s->objects[i], (uint32_t)i };
    if (st == EDGEL_OK && s->nobjects > 1)
        qsort(v, s->nobjects, sizeof *v, by_object_id);
    for (size_t i = 0; i < s->nobjects && st == EDGEL_OK; i++) {
        s->objects[i] = v[i].o;
        to[v[i].at] = (uint32_t)i;
        if (i > 0 && v[i].o.id == v[i - 1].o.id)
            st = edgel_fail(err, EDGEL_EFORMAT, "two annotations of the image have the id %" PRId64,
                            v[i].o.id);
    }
    for (size_t i = 0; i < s->nspans && st == EDGEL_OK; i++)
        s->spans[i].object = to[s->spans[i].object];
    edgel_free(v);
    edgel_free(to);
    return st;
}

enum edgel_status edgel_coco_objects(const struct edgel_coco *coco, size_t image, int w, int h,
                                     struct edgel_object_set *out, struct edgel_error *err)
{
    const struct edgel_coco_image *of = image == SIZE_MAX ? NULL : &coco->images[image];
    size_t room = 0;
    *out = (struct edgel_object_set){ .w = w, .h = h, .columns = true };
    if (!of)
        return EDGEL_OK;
    if (w == 0) {
        out->w = of->w;
        out->h = of->h;
    }
    if (!(out->objects = edgel_calloc(of->n + 1, sizeof *out->objects)))
        return edgel_coco_no_memory(coco, err);
    out->nobjects = of->n;
    enum edgel_status st = EDGEL_OK;
    struct edgel_json_scratch scratch = { 0 };
    for (size_t i = 0; i < of->n && st == EDGEL_OK; i++) {
        const struct edgel_coco_entry *e = &coco->entries[of->first + i];
        const struct edgel_json *v;
        st = edgel_coco_again(coco, e, &scratch, &v, err);
        if (st == EDGEL_OK)
            st = read_object(e, v, i, out, &room, err);
    }
    edgel_json_scratch_finish(&scratch);
    if (st == EDGEL_OK)
        st = order_ids(out, err);
    if (st != EDGEL_OK) {
        edgel_object_set_finish(out);
        return st;
    }
    edgel_objects_sort(out);
    edgel_objects_extents(out);
    return EDGEL_OK;
}

/* --- segments of a mask --- */

static enum edgel_status read_segments(const struct edgel_coco_entry *e, const struct edgel_json *list,
                                       struct place *v, size_t n, struct edgel_error *err)
{
    for (size_t i = 0; i < n; i++) {
        const struct edgel_json *segment = edgel_json_at(list, i);
        int64_t id, category;
        if (!edgel_coco_whole(segment, "id", 0xFFFFFF, &id) || id == 0)
            return odd(e, "a segment's id must be from 1 to 16777215", err);
        if (!edgel_coco_whole(segment, "category_id", EDGEL_IDS - 1, &category))
            return odd(e, "a segment's category_id must be from 0 to 65535", err);
        v[i] = (struct place){ { .id = id, .class_id = (int32_t)category }, 0 };
        EDGEL_TRY(read_crowd(e, edgel_json_get(segment, "iscrowd"), &v[i].o.crowd, err));
    }
    if (n > 1)
        qsort(v, n, sizeof *v, by_object_id);
    for (size_t i = 1; i < n; i++)
        if (v[i].o.id == v[i - 1].o.id)
            return odd(e, "two of its segments have one id", err);
    return EDGEL_OK;
}

/* Both in the order of their ids: what stands in one must stand in the other. */
static enum edgel_status name_objects(const struct edgel_coco_entry *e, const struct place *v, size_t n,
                                      struct edgel_object_set *s, struct edgel_error *err)
{
    for (size_t i = 0; i < n || i < s->nobjects; i++) {
        const bool told = i < n && (i >= s->nobjects || v[i].o.id <= s->objects[i].id);
        if (i < n && i < s->nobjects && v[i].o.id == s->objects[i].id) {
            s->objects[i].class_id = v[i].o.class_id;
            s->objects[i].crowd = v[i].o.crowd;
        } else if (told) {
            return edgel_fail(err, EDGEL_EFORMAT,
                              "annotation %" PRIu32 ": segment %" PRId64 " is not in the mask", e->order,
                              v[i].o.id);
        } else {
            return edgel_fail(err, EDGEL_EFORMAT,
                              "annotation %" PRIu32 ": has no segment %" PRId64 ", which the mask has",
                              e->order, s->objects[i].id);
        }
    }
    return EDGEL_OK;
}

enum edgel_status edgel_coco_segments(const struct edgel_coco *coco, size_t image, struct edgel_object_set *s,
                                      struct edgel_error *err)
{
    const struct edgel_coco_image *of = image == SIZE_MAX ? NULL : &coco->images[image];
    if (!of || of->n != 1)
        return edgel_fail(err, EDGEL_EINVAL, "a mask of an image that the document does not tell of");
    const struct edgel_coco_entry *e = &coco->entries[of->first];
    struct edgel_json_scratch scratch = { 0 };
    const struct edgel_json *annotation, *list = NULL;
    enum edgel_status st = edgel_coco_again(coco, e, &scratch, &annotation, err);
    if (st == EDGEL_OK)
        list = edgel_json_get(annotation, "segments_info");
    const size_t n = edgel_json_count(list);
    struct place *v = edgel_alloc(n + 1, sizeof *v);
    if (st == EDGEL_OK && !v)
        st = edgel_coco_no_memory(coco, err);
    if (st == EDGEL_OK)
        st = read_segments(e, list, v, n, err);
    if (st == EDGEL_OK)
        st = name_objects(e, v, n, s, err);
    edgel_free(v);
    edgel_json_scratch_finish(&scratch);
    return st;
}
