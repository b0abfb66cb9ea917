/*
 * Objects from the JSON documents of the COCO data set; edgel/eval.h says which forms there are.
 *
 * The document stays in memory as it was read; beside it stands one entry for each annotation, sorted by image, so that
 * the masks of an image are decoded when it is measured and not before. What a document says is checked where it is
 * used: ids when it is parsed, run lengths, sizes and segments with their image.
 */
#include "eval/objects/objects_priv.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_MAX ((size_t)1 << 30)

enum edgel_status edgel_coco_no_memory(const struct edgel_coco *c, struct edgel_error *err)
{
    return edgel_fail(err, EDGEL_ENOMEM, "%s: out of memory", c->name ? c->name : "document");
}

bool edgel_coco_whole(const struct edgel_json *object, const char *key, int64_t hi, int64_t *out)
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
    const struct edgel_coco_entry *x = a, *y = b;
    if (x->image != y->image)
        return x->image < y->image ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

static enum edgel_status list_entries(struct edgel_coco *c, const struct edgel_json *list,
                                      struct edgel_error *err)
{
    const size_t n = edgel_json_count(list);
    if (!(c->entries = edgel_calloc(n + 1, sizeof *c->entries)))
        return edgel_coco_no_memory(c, err);
    for (size_t i = 0; i < n; i++) {
        struct edgel_coco_entry *e = &c->entries[i];
        const struct edgel_json *v = edgel_json_at(list, i);
        const bool panoptic = edgel_json_get(v, "segments_info") != NULL;
        int64_t category;
        *e = (struct edgel_coco_entry){ .order = i, .v = v };
        if (!edgel_coco_whole(v, "image_id", INT64_MAX, &e->image))
            return refuse(c, "annotation", i, "image_id must be a whole number that is not negative", err);
        if (i > 0 && panoptic != c->panoptic)
            return refuse(c, "annotation", i, "some have segments_info and some have not", err);
        c->panoptic = panoptic;
        if (!panoptic && !edgel_coco_whole(v, "category_id", EDGEL_IDS - 1, &category))
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
        return edgel_json_is_string(v) ? edgel_coco_no_memory(c, err)
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
    if (!edgel_coco_whole(v, "id", INT64_MAX, &image->id))
        return refuse(c, "image", i, "id must be a whole number that is not negative", err);
    if ((edgel_json_get(v, "width") && (!edgel_coco_whole(v, "width", EDGEL_COCO_SIDE_MAX, &w) || w == 0)) ||
        (edgel_json_get(v, "height") && (!edgel_coco_whole(v, "height", EDGEL_COCO_SIDE_MAX, &h) || h == 0)))
        return refuse(c, "image", i, "width and height must be from 1 to 1000000", err);
    image->w = w > 0 && h > 0 ? (int)w : 0;
    image->h = w > 0 && h > 0 ? (int)h : 0;
    if (!edgel_json_get(v, "file_name"))
        return EDGEL_OK;
    enum edgel_status st = take_name(c, edgel_json_get(v, "file_name"), "image", i, &file, err);
    if (st == EDGEL_OK && !(image->name = without_extension(file)))
        st = edgel_coco_no_memory(c, err);
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
        return edgel_coco_no_memory(c, err);
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
    const struct edgel_coco_entry *e = &c->entries[image->first];
    char *mask = NULL;
    if (image->n > 1)
        return refuse(c, "annotation", e[1].order, "its image has another one, with segments_info", err);
    enum edgel_status st =
        take_name(c, edgel_json_get(e->v, "file_name"), "annotation", e->order, &mask, err);
    image->mask = mask;
    if (st == EDGEL_OK && !image->named) {
        if (!(image->name = without_extension(mask)))
            return edgel_coco_no_memory(c, err);
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
            return edgel_coco_no_memory(c, err);
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
        return edgel_coco_no_memory(c, err);
    to->n = n;
    for (size_t i = 0; i < n; i++) {
        const struct edgel_json *v = edgel_json_at(list, i), *name = edgel_json_get(v, "name");
        int64_t id;
        if (!edgel_coco_whole(v, "id", EDGEL_IDS - 1, &id) || !edgel_json_is_string(name))
            return refuse(c, "category", i, "must have an id from 0 to 65535 and a name", err);
        to->v[i].id = (int32_t)id;
        if (!(to->v[i].name = edgel_json_strdup(name)))
            return edgel_coco_no_memory(c, err);
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
    EDGEL_REQUIRE(out);
    *out = NULL;
    if (n)
        EDGEL_REQUIRE(text);
    EDGEL_REQUIRE(name);
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
    struct edgel_coco *c = coco ? *coco : NULL;
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
