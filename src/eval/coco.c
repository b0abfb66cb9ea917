/*
 * Objects from the JSON documents of the COCO data set; edgel/eval.h says which forms there are.
 *
 * The document stays in memory as it was read; beside it stands one entry for each annotation, sorted by image, so that the
 * masks of an image are decoded when it is measured and not before. What a document says is checked where it is used: ids
 * when it is parsed, run lengths, sizes and segments with their image.
 */
#include "eval/objects_priv.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_MAX ((size_t)1 << 30)
enum { SIDE_MAX = 1000000 };

struct entry {
    int64_t image;
    size_t order; /* in the document */
    const struct edgel_json *v;
};

struct edgel_coco {
    struct edgel_json *doc;
    char *name;
    bool panoptic;
    struct entry *entries;
    size_t nentries;
    struct edgel_coco_image *images; /* rising id; strings owned */
    size_t nimages;
    struct edgel_classes categories;
};

static enum edgel_status no_memory(const struct edgel_coco *c, struct edgel_error *err)
{
    return edgel_fail(err, EDGEL_ENOMEM, "%s: out of memory", c->name ? c->name : "document");
}

static bool whole(const struct edgel_json *object, const char *key, int64_t hi, int64_t *out)
{
    return edgel_json_int(edgel_json_get(object, key), out) && *out >= 0 && *out <= hi;
}

/* --- parsing --- */

static enum edgel_status refuse(const struct edgel_coco *c, const char *what, size_t i, const char *rule,
                                struct edgel_error *err)
{
    return edgel_fail(err, EDGEL_EFORMAT, "%s: %s %zu: %s", c->name, what, i, rule);
}

static int by_image(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->image != y->image)
        return x->image < y->image ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

static enum edgel_status list_entries(struct edgel_coco *c, const struct edgel_json *list,
                                      struct edgel_error *err)
{
    const size_t n = edgel_json_count(list);
    if (!(c->entries = edgel_calloc(n + 1, sizeof *c->entries)))
        return no_memory(c, err);
    for (size_t i = 0; i < n; i++) {
        struct entry *e = &c->entries[i];
        const struct edgel_json *v = edgel_json_at(list, i);
        const bool panoptic = edgel_json_get(v, "segments_info") != NULL;
        int64_t category;
        *e = (struct entry){ .order = i, .v = v };
        if (!whole(v, "image_id", INT64_MAX, &e->image))
            return refuse(c, "annotation", i, "image_id must be a whole number that is not negative", err);
        if (i > 0 && panoptic != c->panoptic)
            return refuse(c, "annotation", i, "some have segments_info and some have not", err);
        c->panoptic = panoptic;
        if (!panoptic && !whole(v, "category_id", EDGEL_IDS - 1, &category))
            return refuse(c, "annotation", i, "category_id must be a whole number from 0 to 65535", err);
        if (panoptic && !edgel_json_is_array(edgel_json_get(v, "segments_info")))
            return refuse(c, "annotation", i, "segments_info must be a list", err);
        if (panoptic && !edgel_json_is_string(edgel_json_get(v, "file_name")))
            return refuse(c, "annotation", i, "file_name must be a string", err);
    }
    c->nentries = n;
    if (n > 1)
        qsort(c->entries, n, sizeof *c->entries, by_image);
    return EDGEL_OK;
}

/* A copy of text[n], NUL-terminated. */
static char *copy(const char *text, size_t n)
{
    char *s = edgel_alloc(n + 1, 1);
    if (s) {
        memcpy(s, text, n);
        s[n] = '\0';
    }
    return s;
}

static char *without_extension(const char *name)
{
    const char *dot = strrchr(name, '.'), *slash = strrchr(name, '/');
    const char *base = slash ? slash + 1 : name;
    return copy(name, dot && dot > base ? (size_t)(dot - name) : strlen(name));
}

/* A name is a path below some folder: it does not leave it. */
static bool stays_below(const char *name)
{
    if (name[0] == '\0' || name[0] == '/')
        return false;
    for (const char *s = name; s; s = strchr(s, '/')) {
        s += *s == '/';
        if (strncmp(s, "..", 2) == 0 && (s[2] == '/' || s[2] == '\0'))
            return false;
    }
    return true;
}

static enum edgel_status take_name(const struct edgel_coco *c, const struct edgel_json *v, const char *what,
                                   size_t i, char **out, struct edgel_error *err)
{
    *out = edgel_json_strdup(v);
    if (!*out)
        return edgel_json_is_string(v) ? no_memory(c, err)
                                       : refuse(c, what, i, "file_name must be a string", err);
    return stays_below(*out) ? EDGEL_OK
                             : refuse(c, what, i, "file_name must be a path below its folder", err);
}

static int by_id(const void *a, const void *b)
{
    const struct edgel_coco_image *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

static enum edgel_status read_image(const struct edgel_coco *c, const struct edgel_json *v, size_t i,
                                    struct edgel_coco_image *image, struct edgel_error *err)
{
    int64_t w = 0, h = 0;
    char *file = NULL;
    if (!whole(v, "id", INT64_MAX, &image->id))
        return refuse(c, "image", i, "id must be a whole number that is not negative", err);
    if ((edgel_json_get(v, "width") && (!whole(v, "width", SIDE_MAX, &w) || w == 0)) ||
        (edgel_json_get(v, "height") && (!whole(v, "height", SIDE_MAX, &h) || h == 0)))
        return refuse(c, "image", i, "width and height must be from 1 to 1000000", err);
    image->w = w > 0 && h > 0 ? (int)w : 0;
    image->h = w > 0 && h > 0 ? (int)h : 0;
    if (!edgel_json_get(v, "file_name"))
        return EDGEL_OK;
    enum edgel_status st = take_name(c, edgel_json_get(v, "file_name"), "image", i, &file, err);
    if (st == EDGEL_OK && !(image->name = without_extension(file)))
        st = no_memory(c, err);
    image->named = st == EDGEL_OK;
    edgel_free(file);
    return st;
}

/* The images that are listed; others of the annotations go behind them. */
static enum edgel_status list_images(struct edgel_coco *c, const struct edgel_json *list,
                                     struct edgel_error *err)
{
    const size_t listed = edgel_json_count(list);
    size_t n = listed;
    if (!(c->images = edgel_calloc(listed + c->nentries + 1, sizeof *c->images)))
        return no_memory(c, err);
    c->nimages = listed;
    for (size_t i = 0; i < listed; i++)
        EDGEL_TRY(read_image(c, edgel_json_at(list, i), i, &c->images[i], err));
    if (listed > 1)
        qsort(c->images, listed, sizeof *c->images, by_id);
    for (size_t i = 1; i < listed; i++)
        if (c->images[i].id == c->images[i - 1].id)
            return edgel_fail(err, EDGEL_EFORMAT, "%s: image id %" PRId64 " is there twice", c->name,
                              c->images[i].id);
    for (size_t i = 0; i < c->nentries; i++) {
        const struct edgel_coco_image key = { .id = c->entries[i].image };
        if ((i == 0 || key.id != c->entries[i - 1].image) &&
            !(listed > 0 && bsearch(&key, c->images, listed, sizeof key, by_id)))
            c->images[n++] = key;
    }
    c->nimages = n;
    if (n > 1)
        qsort(c->images, n, sizeof *c->images, by_id);
    return EDGEL_OK;
}

/* The mask of a panoptic image, which names the image if nothing else does. */
static enum edgel_status name_mask(const struct edgel_coco *c, struct edgel_coco_image *image,
                                   struct edgel_error *err)
{
    const struct entry *e = &c->entries[image->first];
    char *mask = NULL;
    if (image->n > 1)
        return refuse(c, "annotation", e[1].order, "its image has another one, with segments_info", err);
    enum edgel_status st =
        take_name(c, edgel_json_get(e->v, "file_name"), "annotation", e->order, &mask, err);
    image->mask = mask;
    if (st == EDGEL_OK && !image->named) {
        if (!(image->name = without_extension(mask)))
            return no_memory(c, err);
        image->named = true;
    }
    return st;
}

/* Shares the entries out to the images, both in the order of the images. */
static enum edgel_status join(struct edgel_coco *c, struct edgel_error *err)
{
    size_t k = 0;
    for (size_t i = 0; i < c->nimages; i++) {
        struct edgel_coco_image *image = &c->images[i];
        image->first = k;
        while (k < c->nentries && c->entries[k].image == image->id)
            k++;
        image->n = k - image->first;
        if (c->panoptic && image->n > 0)
            EDGEL_TRY(name_mask(c, image, err));
        if (image->name)
            continue;
        struct edgel_text t = { 0 };
        edgel_text_printf(&t, "%" PRId64, image->id);
        image->name = t.s;
        if (t.failed)
            return no_memory(c, err);
    }
    return EDGEL_OK;
}

static int by_class(const void *a, const void *b)
{
    const struct edgel_class *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

static enum edgel_status list_categories(struct edgel_coco *c, const struct edgel_json *list,
                                         struct edgel_error *err)
{
    const size_t n = edgel_json_count(list);
    struct edgel_classes *to = &c->categories;
    if (n > EDGEL_CLASSES_MAX)
        return edgel_fail(err, EDGEL_EFORMAT, "%s: more than %d categories", c->name, EDGEL_CLASSES_MAX);
    if (n > 0 && !(to->v = edgel_calloc(n, sizeof *to->v)))
        return no_memory(c, err);
    to->n = n;
    for (size_t i = 0; i < n; i++) {
        const struct edgel_json *v = edgel_json_at(list, i), *name = edgel_json_get(v, "name");
        int64_t id;
        if (!whole(v, "id", EDGEL_IDS - 1, &id) || !edgel_json_is_string(name))
            return refuse(c, "category", i, "must have an id from 0 to 65535 and a name", err);
        to->v[i].id = (int32_t)id;
        if (!(to->v[i].name = edgel_json_strdup(name)))
            return no_memory(c, err);
    }
    if (n > 1)
        qsort(to->v, n, sizeof *to->v, by_class);
    for (size_t i = 1; i < n; i++)
        if (to->v[i].id == to->v[i - 1].id)
            return edgel_fail(err, EDGEL_EFORMAT, "%s: category id %d is there twice", c->name, to->v[i].id);
    return EDGEL_OK;
}

static enum edgel_status read_document(struct edgel_coco *c, struct edgel_error *err)
{
    const struct edgel_json *list =
        edgel_json_is_array(c->doc) ? c->doc : edgel_json_get(c->doc, "annotations");
    if (!edgel_json_is_array(list))
        return edgel_fail(err, EDGEL_EFORMAT, "%s: neither a list of results nor an object with annotations",
                          c->name);
    EDGEL_TRY(list_entries(c, list, err));
    EDGEL_TRY(list_images(c, edgel_json_get(c->doc, "images"), err));
    EDGEL_TRY(join(c, err));
    return list_categories(c, edgel_json_get(c->doc, "categories"), err);
}

enum edgel_status edgel_coco_parse(const char *text, size_t n, const char *name, struct edgel_coco **out,
                                   struct edgel_error *err)
{
    *out = NULL;
    if (n > BYTES_MAX)
        return edgel_fail(err, EDGEL_ELIMIT, "%s: a document of more than 2^30 bytes", name);
    struct edgel_coco *c = edgel_calloc(1, sizeof *c);
    enum edgel_status st = EDGEL_OK;
    if (!c || !(c->name = edgel_strdup(name)))
        st = edgel_fail(err, EDGEL_ENOMEM, "%s: out of memory", name);
    if (st == EDGEL_OK)
        st = edgel_json_parse(text, n, name, &c->doc, err);
    if (st == EDGEL_OK)
        st = read_document(c, err);
    if (st != EDGEL_OK)
        edgel_coco_destroy(&c);
    *out = c;
    return st;
}

void edgel_coco_destroy(struct edgel_coco **coco)
{
    struct edgel_coco *c = *coco;
    if (!c)
        return;
    for (size_t i = 0; c->images && i < c->nimages; i++) {
        edgel_free((char *)c->images[i].name);
        edgel_free((char *)c->images[i].mask);
    }
    edgel_free(c->images);
    edgel_free(c->entries);
    edgel_free(c->name);
    edgel_classes_finish(&c->categories);
    edgel_json_finish(c->doc);
    edgel_free(c);
    *coco = NULL;
}

size_t edgel_coco_count(const struct edgel_coco *coco)
{
    return coco->nimages;
}

const struct edgel_coco_image *edgel_coco_at(const struct edgel_coco *coco, size_t i)
{
    return &coco->images[i];
}

bool edgel_coco_panoptic(const struct edgel_coco *coco)
{
    return coco->panoptic;
}

const struct edgel_classes *edgel_coco_categories(const struct edgel_coco *coco)
{
    return coco->categories.n > 0 ? &coco->categories : NULL;
}

/* --- objects of an image --- */

static enum edgel_status odd(const struct entry *e, const char *rule, struct edgel_error *err)
{
    return edgel_fail(err, EDGEL_EFORMAT, "annotation %zu: %s", e->order, rule);
}

/* true, false, 0 and 1 */
static enum edgel_status read_crowd(const struct entry *e, const struct edgel_json *v, bool *out,
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
    enum edgel_status st = counts ? EDGEL_OK : edgel_fail(err, EDGEL_ENOMEM, "run lengths: out of memory");
    for (size_t i = 0; i < n && st == EDGEL_OK; i++)
        if (!edgel_json_int(edgel_json_at(list, i), &counts[i]))
            st = edgel_fail(err, EDGEL_EFORMAT, "run lengths: must be whole numbers");
    if (st == EDGEL_OK)
        st = edgel_rle_counts(counts, n, object, s, room, err);
    edgel_free(counts);
    return st;
}

static enum edgel_status read_size(const struct entry *e, const struct edgel_json *v,
                                   struct edgel_object_set *s, struct edgel_error *err)
{
    int64_t h, w;
    if (edgel_json_count(v) != 2 || !edgel_json_int(edgel_json_at(v, 0), &h) ||
        !edgel_json_int(edgel_json_at(v, 1), &w) || h < 1 || w < 1 || h > SIDE_MAX || w > SIDE_MAX)
        return odd(e, "size must be a height and a width from 1 to 1000000", err);
    if (s->w > 0 && (w != s->w || h != s->h))
        return edgel_fail(err, EDGEL_EFORMAT, "annotation %zu: its mask is %dx%d, the image %dx%d", e->order,
                          (int)w, (int)h, s->w, s->h);
    s->w = (int)w;
    s->h = (int)h;
    return edgel_objects_limit(s->w, s->h, err);
}

static enum edgel_status read_runs(const struct entry *e, uint32_t object, struct edgel_object_set *s,
                                   size_t *room, struct edgel_error *err)
{
    const struct edgel_json *mask = edgel_json_get(e->v, "segmentation");
    const struct edgel_json *counts = edgel_json_get(mask, "counts");
    struct edgel_error detail = { 0 };
    enum edgel_status st;
    if (edgel_json_is_array(mask))
        return edgel_fail(err, EDGEL_EUNSUPPORTED, "annotation %zu: a polygon; only run lengths are read",
                          e->order);
    if (!edgel_json_is_array(counts) && !edgel_json_is_string(counts))
        return odd(e, "segmentation must have size and counts", err);
    EDGEL_TRY(read_size(e, edgel_json_get(mask, "size"), s, err));
    if (edgel_json_is_array(counts)) {
        st = read_counts(counts, object, s, room, &detail);
    } else {
        char *text = edgel_json_strdup(counts);
        st = text ? edgel_rle_string(text, object, s, room, &detail)
                  : edgel_fail(&detail, EDGEL_ENOMEM, "run lengths: out of memory");
        edgel_free(text);
    }
    return st == EDGEL_OK ? st : edgel_fail(err, st, "annotation %zu: %.300s", e->order, detail.msg);
}

static enum edgel_status read_object(const struct entry *e, size_t i, struct edgel_object_set *s,
                                     size_t *room, struct edgel_error *err)
{
    struct edgel_object *o = &s->objects[i];
    int64_t id = (int64_t)i + 1, category = 0;
    if (edgel_json_get(e->v, "id") && !whole(e->v, "id", INT64_MAX, &id))
        return odd(e, "id must be a whole number that is not negative", err);
    if (!whole(e->v, "category_id", EDGEL_IDS - 1, &category))
        return odd(e, "category_id must be a whole number from 0 to 65535", err);
    *o = (struct edgel_object){ .id = id, .class_id = (int32_t)category };
    EDGEL_TRY(read_crowd(e, edgel_json_get(e->v, "iscrowd"), &o->crowd, err));
    return read_runs(e, (uint32_t)i, s, room, err);
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
    enum edgel_status st = v && to ? EDGEL_OK : edgel_fail(err, EDGEL_ENOMEM, "objects: out of memory");
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
        return no_memory(coco, err);
    out->nobjects = of->n;
    enum edgel_status st = EDGEL_OK;
    for (size_t i = 0; i < of->n && st == EDGEL_OK; i++)
        st = read_object(&coco->entries[of->first + i], i, out, &room, err);
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

static enum edgel_status read_segments(const struct entry *e, struct place *v, size_t n,
                                       struct edgel_error *err)
{
    const struct edgel_json *list = edgel_json_get(e->v, "segments_info");
    for (size_t i = 0; i < n; i++) {
        const struct edgel_json *segment = edgel_json_at(list, i);
        int64_t id, category;
        if (!whole(segment, "id", 0xFFFFFF, &id) || id == 0)
            return odd(e, "a segment's id must be from 1 to 16777215", err);
        if (!whole(segment, "category_id", EDGEL_IDS - 1, &category))
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
static enum edgel_status name_objects(const struct entry *e, const struct place *v, size_t n,
                                      struct edgel_object_set *s, struct edgel_error *err)
{
    for (size_t i = 0; i < n || i < s->nobjects; i++) {
        const bool told = i < n && (i >= s->nobjects || v[i].o.id <= s->objects[i].id);
        if (i < n && i < s->nobjects && v[i].o.id == s->objects[i].id) {
            s->objects[i].class_id = v[i].o.class_id;
            s->objects[i].crowd = v[i].o.crowd;
        } else if (told) {
            return edgel_fail(err, EDGEL_EFORMAT, "annotation %zu: segment %" PRId64 " is not in the mask",
                              e->order, v[i].o.id);
        } else {
            return edgel_fail(err, EDGEL_EFORMAT,
                              "annotation %zu: has no segment %" PRId64 ", which the mask has", e->order,
                              s->objects[i].id);
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
    const struct entry *e = &coco->entries[of->first];
    const size_t n = edgel_json_count(edgel_json_get(e->v, "segments_info"));
    struct place *v = edgel_alloc(n + 1, sizeof *v);
    if (!v)
        return no_memory(coco, err);
    enum edgel_status st = read_segments(e, v, n, err);
    if (st == EDGEL_OK)
        st = name_objects(e, v, n, s, err);
    edgel_free(v);
    return st;
}
