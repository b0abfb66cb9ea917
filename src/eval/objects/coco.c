/*
 * Objects from the JSON documents of the COCO data set; edgel/eval.h says which forms there are.
 *
 * A document is read element by element. What stays of it is one entry for each annotation, sorted by image, with the
 * place where it stands, and the names of the images: the masks of an image are read once more, and decoded, when it is
 * measured. What a document says is checked where it is used: ids when it is read, run lengths, sizes and segments with
 * their image.
 */
#include "eval/objects/objects_priv.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MEMBERS_MAX = 256 };
#define BYTES_MAX ((uint64_t)1 << 31)

/* A document that is being read. */
struct reading {
    struct edgel_coco *c;
    struct edgel_json_stream s;
    struct edgel_error *err;
    size_t room_entries, room_images, room_categories;
    bool listed; /* annotations were there */
};

enum edgel_status edgel_coco_no_memory(const struct edgel_coco *c, struct edgel_error *err)
{
    return edgel_no_memory(err, c->name ? c->name : "document");
}

bool edgel_coco_whole(const struct edgel_json *object, const char *key, int64_t hi, int64_t *out)
{
    return edgel_json_int(edgel_json_get(object, key), out) && *out >= 0 && *out <= hi;
}

static enum edgel_status refuse(const struct edgel_coco *c, const char *what, size_t i, const char *rule,
                                struct edgel_error *err)
{
    return edgel_fail(err, EDGEL_EFORMAT, "%s: %s %zu: %s", c->name, what, i, rule);
}

/* Makes room for one more element of a list of n. */
static enum edgel_status grow(const struct edgel_coco *c, void **v, size_t n, size_t *room, size_t size,
                              struct edgel_error *err)
{
    if (n < *room)
        return EDGEL_OK;
    const size_t want = n + n / 2 + 16;
    void *bigger = edgel_realloc(*v, n * size, want, size);
    if (!bigger)
        return edgel_coco_no_memory(c, err);
    *v = bigger;
    *room = want;
    return EDGEL_OK;
}

/* --- names --- */

/* Length of a name without its extension. */
static size_t bare(const char *name)
{
    const char *dot = strrchr(name, '.'), *slash = strrchr(name, '/');
    const char *base = slash ? slash + 1 : name;
    return dot && dot > base ? (size_t)(dot - name) : strlen(name);
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

static enum edgel_status check_name(const struct edgel_coco *c, const struct edgel_json *v, const char *what,
                                    size_t i, struct edgel_error *err)
{
    if (!edgel_json_is_string(v))
        return refuse(c, what, i, "file_name must be a string", err);
    return stays_below(edgel_json_string(v))
               ? EDGEL_OK
               : refuse(c, what, i, "file_name must be a path below its folder", err);
}

static enum edgel_status keep(struct edgel_coco *c, const char *name, size_t n, const char **out,
                              struct edgel_error *err)
{
    *out = edgel_names_add(&c->names, name, n);
    return *out ? EDGEL_OK : edgel_coco_no_memory(c, err);
}

/* --- elements --- */

static enum edgel_status check_annotation(const struct edgel_coco *c, const struct edgel_json *v, size_t i,
                                          bool panoptic, int64_t *image, struct edgel_error *err)
{
    int64_t category;
    if (!edgel_coco_whole(v, "image_id", INT64_MAX, image))
        return refuse(c, "annotation", i, "image_id must be a whole number that is not negative", err);
    if (i > 0 && panoptic != c->panoptic)
        return refuse(c, "annotation", i, "some have segments_info and some have not", err);
    if (!panoptic && !edgel_coco_whole(v, "category_id", EDGEL_IDS - 1, &category))
        return refuse(c, "annotation", i, "category_id must be a whole number from 0 to 65535", err);
    if (panoptic && !edgel_json_is_array(edgel_json_get(v, "segments_info")))
        return refuse(c, "annotation", i, "segments_info must be a list", err);
    return panoptic ? check_name(c, edgel_json_get(v, "file_name"), "annotation", i, err) : EDGEL_OK;
}

static enum edgel_status add_annotation(struct reading *r, const struct edgel_json *v,
                                        struct edgel_json_place place)
{
    struct edgel_coco *c = r->c;
    const size_t i = c->nentries;
    struct edgel_coco_entry e = { .at = place.at, .n = (uint32_t)place.n, .order = (uint32_t)i };
    const bool panoptic = edgel_json_get(v, "segments_info") != NULL;
    EDGEL_TRY(check_annotation(c, v, i, panoptic, &e.image, r->err));
    if (i == UINT32_MAX)
        return edgel_fail(r->err, EDGEL_ELIMIT, "%s: more than 2^32 - 1 annotations", c->name);
    c->panoptic = panoptic;
    if (panoptic) {
        const char *mask = edgel_json_string(edgel_json_get(v, "file_name"));
        EDGEL_TRY(keep(c, mask, strlen(mask), &e.mask, r->err));
    }
    EDGEL_TRY(grow(c, (void **)&c->entries, i, &r->room_entries, sizeof *c->entries, r->err));
    c->entries[c->nentries++] = e;
    return EDGEL_OK;
}

static enum edgel_status add_image(struct reading *r, const struct edgel_json *v,
                                   struct edgel_json_place place)
{
    struct edgel_coco *c = r->c;
    const size_t i = c->nimages;
    const struct edgel_json *name = edgel_json_get(v, "file_name");
    struct edgel_coco_image image = { 0 };
    int64_t w = 0, h = 0;
    (void)place;
    if (!edgel_coco_whole(v, "id", INT64_MAX, &image.id))
        return refuse(c, "image", i, "id must be a whole number that is not negative", r->err);
    if ((edgel_json_get(v, "width") && (!edgel_coco_whole(v, "width", EDGEL_COCO_SIDE_MAX, &w) || w == 0)) ||
        (edgel_json_get(v, "height") && (!edgel_coco_whole(v, "height", EDGEL_COCO_SIDE_MAX, &h) || h == 0)))
        return refuse(c, "image", i, "width and height must be from 1 to 1000000", r->err);
    image.w = w > 0 && h > 0 ? (int)w : 0;
    image.h = w > 0 && h > 0 ? (int)h : 0;
    image.named = name != NULL;
    if (name) {
        EDGEL_TRY(check_name(c, name, "image", i, r->err));
        EDGEL_TRY(keep(c, edgel_json_string(name), bare(edgel_json_string(name)), &image.name, r->err));
    }
    EDGEL_TRY(grow(c, (void **)&c->images, i, &r->room_images, sizeof *c->images, r->err));
    c->images[c->nimages++] = image;
    return EDGEL_OK;
}

static enum edgel_status add_category(struct reading *r, const struct edgel_json *v,
                                      struct edgel_json_place place)
{
    struct edgel_coco *c = r->c;
    struct edgel_classes *to = &c->categories;
    const struct edgel_json *name = edgel_json_get(v, "name");
    int64_t id;
    (void)place;
    if (to->n == EDGEL_CLASSES_MAX)
        return edgel_fail(r->err, EDGEL_EFORMAT, "%s: more than %d categories", c->name, EDGEL_CLASSES_MAX);
    if (!edgel_coco_whole(v, "id", EDGEL_IDS - 1, &id) || !edgel_json_is_string(name))
        return refuse(c, "category", to->n, "must have an id from 0 to 65535 and a name", r->err);
    EDGEL_TRY(grow(c, (void **)&to->v, to->n, &r->room_categories, sizeof *to->v, r->err));
    to->v[to->n] = (struct edgel_class){ (int32_t)id, edgel_json_strdup(name) };
    return to->v[to->n++].name ? EDGEL_OK : edgel_coco_no_memory(c, r->err);
}

/* --- the document --- */

/* The elements of a list, of which the bracket is read; add NULL passes over them. */
static enum edgel_status read_list(struct reading *r,
                                   enum edgel_status (*add)(struct reading *r, const struct edgel_json *v,
                                                            struct edgel_json_place place))
{
    if (edgel_json_stream_char(&r->s, ']'))
        return EDGEL_OK;
    do {
        struct edgel_json_place place;
        const struct edgel_json *v = edgel_json_stream_take(&r->s, &place);
        if (v && add)
            EDGEL_TRY(add(r, v, place));
    } while (edgel_json_stream_more(&r->s, ']'));
    return edgel_json_stream_status(&r->s);
}

static enum edgel_status read_member(struct reading *r, const char *key)
{
    enum edgel_status (*add)(struct reading *, const struct edgel_json *, struct edgel_json_place) = NULL;
    struct edgel_json_place place;
    const bool annotations = strcmp(key, "annotations") == 0;
    if (annotations)
        add = add_annotation;
    else if (strcmp(key, "images") == 0)
        add = add_image;
    else if (strcmp(key, "categories") == 0)
        add = add_category;
    const bool list = edgel_json_stream_char(&r->s, '[');
    r->listed |= annotations && list;
    if (list)
        return read_list(r, add);
    (void)edgel_json_stream_take(&r->s, &place);
    return edgel_json_stream_status(&r->s);
}

/* Keeps the key, which must be a new one. */
static enum edgel_status take_key(struct reading *r, const char **keys, size_t n, struct edgel_names *names)
{
    const char *key = edgel_json_stream_key(&r->s);
    if (!key)
        return edgel_json_stream_status(&r->s);
    for (size_t i = 0; i < n; i++)
        if (strcmp(keys[i], key) == 0) {
            (void)edgel_json_refuse(&r->s.c, "a key that stands twice in an object");
            return edgel_json_stream_status(&r->s);
        }
    if (n == MEMBERS_MAX)
        return edgel_fail(r->err, EDGEL_ELIMIT, "%s: an object of more than %d members around all others",
                          r->c->name, MEMBERS_MAX);
    keys[n] = edgel_names_add(names, key, strlen(key));
    return keys[n] ? EDGEL_OK : edgel_coco_no_memory(r->c, r->err);
}

static enum edgel_status read_object(struct reading *r, struct edgel_names *names)
{
    const char *keys[MEMBERS_MAX];
    size_t n = 0;
    if (edgel_json_stream_char(&r->s, '}'))
        return EDGEL_OK;
    do {
        EDGEL_TRY(take_key(r, keys, n, names));
        EDGEL_TRY(read_member(r, keys[n++]));
    } while (edgel_json_stream_more(&r->s, '}'));
    return edgel_json_stream_status(&r->s);
}

static enum edgel_status read_whole(struct reading *r)
{
    struct edgel_names names = { 0 };
    struct edgel_json_place place;
    enum edgel_status st = EDGEL_OK;
    if (edgel_json_stream_char(&r->s, '[')) {
        r->listed = true;
        st = read_list(r, add_annotation);
    } else if (edgel_json_stream_char(&r->s, '{')) {
        st = read_object(r, &names);
    } else {
        (void)edgel_json_stream_take(&r->s, &place);
    }
    edgel_names_finish(&names);
    if (st == EDGEL_OK)
        st = edgel_json_stream_end(&r->s);
    if (st == EDGEL_OK && !r->listed)
        st = edgel_fail(r->err, EDGEL_EFORMAT, "%s: neither a list of results nor an object with annotations",
                        r->c->name);
    return st;
}

/* --- images and their annotations --- */

static int by_image(const void *a, const void *b)
{
    const struct edgel_coco_entry *x = a, *y = b;
    if (x->image != y->image)
        return x->image < y->image ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

static int by_id(const void *a, const void *b)
{
    const struct edgel_coco_image *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

static int by_class(const void *a, const void *b)
{
    const struct edgel_class *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

/* Both in the order of their ids; images that only annotations name go behind those that are listed. */
static enum edgel_status sort_all(struct reading *r)
{
    struct edgel_coco *c = r->c;
    struct edgel_classes *classes = &c->categories;
    const size_t listed = c->nimages;
    if (c->nentries > 1)
        qsort(c->entries, c->nentries, sizeof *c->entries, by_image);
    if (listed > 1)
        qsort(c->images, listed, sizeof *c->images, by_id);
    for (size_t i = 1; i < listed; i++)
        if (c->images[i].id == c->images[i - 1].id)
            return edgel_fail(r->err, EDGEL_EFORMAT, "%s: image id %" PRId64 " is there twice", c->name,
                              c->images[i].id);
    for (size_t i = 0; i < c->nentries; i++) {
        const struct edgel_coco_image key = { .id = c->entries[i].image };
        if ((i > 0 && key.id == c->entries[i - 1].image) ||
            (listed > 0 && bsearch(&key, c->images, listed, sizeof key, by_id)))
            continue;
        EDGEL_TRY(grow(c, (void **)&c->images, c->nimages, &r->room_images, sizeof *c->images, r->err));
        c->images[c->nimages++] = key;
    }
    if (c->nimages > 1)
        qsort(c->images, c->nimages, sizeof *c->images, by_id);
    if (classes->n > 1)
        qsort(classes->v, classes->n, sizeof *classes->v, by_class);
    for (size_t i = 1; i < classes->n; i++)
        if (classes->v[i].id == classes->v[i - 1].id)
            return edgel_fail(r->err, EDGEL_EFORMAT, "%s: category id %d is there twice", c->name,
                              classes->v[i].id);
    return EDGEL_OK;
}

/* The mask of a panoptic image, which names the image if nothing else does. */
static enum edgel_status name_mask(struct edgel_coco *c, struct edgel_coco_image *image,
                                   struct edgel_error *err)
{
    const struct edgel_coco_entry *e = &c->entries[image->first];
    if (image->n > 1)
        return refuse(c, "annotation", e[1].order, "its image has another one, with segments_info", err);
    image->mask = e->mask;
    if (image->named)
        return EDGEL_OK;
    image->named = true;
    return keep(c, e->mask, bare(e->mask), &image->name, err);
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
        enum edgel_status st =
            t.failed ? edgel_coco_no_memory(c, err) : keep(c, t.s, t.len, &image->name, err);
        edgel_text_finish(&t);
        EDGEL_TRY(st);
    }
    return EDGEL_OK;
}

static enum edgel_status read_document(struct edgel_coco *c, struct edgel_error *err)
{
    struct reading r = { .c = c, .err = err };
    edgel_json_stream_begin(&r.s, &c->document, err);
    enum edgel_status st = read_whole(&r);
    edgel_json_stream_finish(&r.s);
    if (st == EDGEL_OK)
        st = sort_all(&r);
    return st == EDGEL_OK ? join(c, err) : st;
}

static enum edgel_status create(const char *name, struct edgel_coco **out, struct edgel_error *err)
{
    struct edgel_coco *c = edgel_calloc(1, sizeof *c);
    if (c) {
        c->document.fd = -1;
        c->name = edgel_strdup(name);
    }
    if (c && c->name) {
        *out = c;
        return EDGEL_OK;
    }
    edgel_coco_destroy(&c);
    return edgel_no_memory(err, name);
}

/* Reads the document, of so many bytes; destroys it after a failure. */
static enum edgel_status take(struct edgel_coco **coco, const struct edgel_limits *limits,
                              struct edgel_error *err)
{
    struct edgel_coco *c = *coco;
    const uint64_t most = limits && limits->max_file_bytes > 0 ? limits->max_file_bytes : BYTES_MAX;
    const char *name = limits && limits->names ? limits->names->max_file_bytes : "max_file_bytes";
    enum edgel_status st =
        c->document.size > most
            ? edgel_fail(err, EDGEL_ELIMIT,
                         "%s: %" PRIu64 " bytes, over the limit of %" PRIu64 " for a document (%s)", c->name,
                         c->document.size, most, name)
            : read_document(c, err);
    if (st != EDGEL_OK)
        edgel_coco_destroy(coco);
    return st;
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
        return edgel_fail(err, EDGEL_ELIMIT, "%s: a document of more than 2^31 bytes", name);
    EDGEL_TRY(create(name, out, err));
    struct edgel_coco *c = *out;
    if (!(c->text = edgel_alloc(n + 1, 1))) {
        const enum edgel_status st = edgel_coco_no_memory(c, err);
        edgel_coco_destroy(out);
        return st;
    }
    if (n)
        memcpy(c->text, text, n);
    c->document = (struct edgel_document){ .name = c->name, .text = c->text, .fd = -1, .size = n };
    return take(out, NULL, err);
}

enum edgel_status edgel_coco_open(const char *path, const struct edgel_limits *limits,
                                  struct edgel_coco **out, struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    *out = NULL;
    EDGEL_REQUIRE(path);
    EDGEL_TRY(create(path, out, err));
    const enum edgel_status st = edgel_document_open((*out)->name, &(*out)->document, err);
    if (st != EDGEL_OK) {
        edgel_coco_destroy(out);
        return st;
    }
    return take(out, limits, err);
}

enum edgel_status edgel_coco_again(const struct edgel_coco *c, const struct edgel_coco_entry *e,
                                   struct edgel_json_scratch *s, const struct edgel_json **out,
                                   struct edgel_error *err)
{
    int64_t image;
    EDGEL_TRY(edgel_json_again(&c->document, (struct edgel_json_place){ e->at, e->n }, s, out, err));
    if (edgel_coco_whole(*out, "image_id", INT64_MAX, &image) && image == e->image)
        return EDGEL_OK;
    return edgel_fail(err, EDGEL_EFORMAT, "%s: was changed while it was read", c->name);
}

void edgel_coco_destroy(struct edgel_coco **coco)
{
    struct edgel_coco *c = coco ? *coco : NULL;
    if (!c)
        return;
    edgel_document_close(&c->document);
    edgel_names_finish(&c->names);
    edgel_free(c->images);
    edgel_free(c->entries);
    edgel_free(c->name);
    edgel_free(c->text);
    edgel_classes_finish(&c->categories);
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
