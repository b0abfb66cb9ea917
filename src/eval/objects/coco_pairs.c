/*
 * Which image of a prediction belongs to which of the truth, where documents stand in place of folders of masks.
 *
 * Two documents are paired by the ids of their images. A document and masks are paired by name: the document's
 * file_name without extension, or its image id in digits, which a mask may write with leading zeros. The masks of a
 * panoptic document are in the folder beside it that has its name without extension. A list of results says nothing of
 * images where nothing was found, so that none of them is missing; a panoptic document has to name a mask for each
 * image.
 */
#include "eval/objects/objects_priv.h"
#include <stdlib.h>
#include <string.h>

/* An image of one side. */
struct item {
    const char *match;      /* what items of both sides are found by */
    const char *key, *path; /* path: of the mask, or what messages say */
    size_t image;           /* in the document; SIZE_MAX none */
    bool named;
};

struct side {
    const struct edgel_coco *document;
    struct item *items;
    size_t n;
    struct edgel_names names;
};

struct edgel_coco_pairs {
    struct side truth, prediction;
    struct edgel_coco_pair *v;
    size_t n;
    char *nothing; /* stands for the prediction of an image that a list of results does not name */
};

/* --- the images of a side --- */

static const char *joined(struct edgel_names *names, const char *a, size_t n, char between, const char *b)
{
    const size_t more = strlen(b) + 1;
    char *to = edgel_names_room(names, n + 1 + more);
    if (to) {
        memcpy(to, a, n);
        to[n] = between;
        memcpy(to + n + 1, b, more);
    }
    return to;
}

/* Length of a path without the extension of its last component. */
static size_t bare(const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *dot = strrchr(base, '.');
    return dot && dot > base ? (size_t)(dot - path) : strlen(path);
}

static bool list_document(struct side *s, const char *path)
{
    const bool panoptic = edgel_coco_panoptic(s->document);
    s->items = edgel_calloc(edgel_coco_count(s->document) + 1, sizeof *s->items);
    for (size_t i = 0; s->items && i < edgel_coco_count(s->document); i++) {
        const struct edgel_coco_image *image = edgel_coco_at(s->document, i);
        if (panoptic && !image->mask)
            continue;
        struct item *item = &s->items[s->n++];
        item->key = image->name;
        item->path = panoptic ? joined(&s->names, path, bare(path), '/', image->mask)
                              : joined(&s->names, path, strlen(path), '#', image->name);
        item->image = i;
        item->named = image->named;
        if (!item->path)
            return false;
    }
    return s->items != NULL;
}

static bool list_masks(struct side *s, const struct edgel_coco_side *given)
{
    s->items = edgel_calloc(given->n + 1, sizeof *s->items);
    for (size_t i = 0; s->items && i < given->n; i++) {
        struct item *item = &s->items[s->n++];
        *item = (struct item){ .key = edgel_names_add(&s->names, given->keys[i], strlen(given->keys[i])),
                               .path = edgel_names_add(&s->names, given->paths[i], strlen(given->paths[i])),
                               .image = SIZE_MAX,
                               .named = true };
        if (!item->key || !item->path)
            return false;
    }
    return s->items != NULL;
}

static bool list_side(struct side *s, const struct edgel_coco_side *given)
{
    s->document = given->document;
    return s->document ? list_document(s, given->path) : list_masks(s, given);
}

static void finish_side(struct side *s)
{
    edgel_names_finish(&s->names);
    edgel_free(s->items);
}

/* --- pairing --- */

/* The digits of a mask's name without leading zeros; NULL: other characters. */
static const char *number_of(const char *key)
{
    const char *slash = strrchr(key, '/'), *s = slash ? slash + 1 : key;
    if (*s == '\0' || s[strspn(s, "0123456789")])
        return NULL;
    while (s[0] == '0' && s[1])
        s++;
    return s;
}

/* Masks against a document whose images have no names are found by number. */
static void set_matches(struct side *s, const struct side *other)
{
    bool numbers = !s->document && other->n > 0;
    for (size_t i = 0; i < other->n; i++)
        numbers &= !other->items[i].named;
    for (size_t i = 0; i < s->n; i++) {
        const char *number = numbers ? number_of(s->items[i].key) : NULL;
        s->items[i].match = number ? number : s->items[i].key;
    }
}

static int by_match(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    return strcmp(x->match, y->match);
}

static int by_key(const void *a, const void *b)
{
    const struct edgel_coco_pair *x = a, *y = b;
    return strcmp(x->key, y->key);
}

/* The image of that id, documents having theirs in order. */
static const struct item *find_id(const struct side *s, int64_t id)
{
    size_t lo = 0, hi = s->n;
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if (edgel_coco_at(s->document, s->items[mid].image)->id < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < s->n && edgel_coco_at(s->document, s->items[lo].image)->id == id ? &s->items[lo] : NULL;
}

static const struct item *find(const struct side *in, const struct side *of, const struct item *item)
{
    if (in->document && of->document)
        return find_id(in, edgel_coco_at(of->document, item->image)->id);
    return in->n ? bsearch(item, in->items, in->n, sizeof *item, by_match) : NULL;
}

static struct edgel_coco_pair join(const struct item *truth, const struct item *prediction)
{
    const bool of_prediction = !truth || (!truth->named && prediction && prediction->named);
    return (struct edgel_coco_pair){ .key = of_prediction ? prediction->key : truth->key,
                                     .truth = truth ? truth->path : NULL,
                                     .prediction = prediction ? prediction->path : NULL,
                                     .truth_image = truth ? truth->image : SIZE_MAX,
                                     .image = prediction ? prediction->image : SIZE_MAX };
}

static void pair_sides(struct edgel_coco_pairs *p)
{
    struct side *truth = &p->truth, *prediction = &p->prediction;
    const bool results = prediction->document && !edgel_coco_panoptic(prediction->document);
    set_matches(truth, prediction);
    set_matches(prediction, truth);
    if (!truth->document || !prediction->document) {
        qsort(truth->items, truth->n, sizeof *truth->items, by_match);
        qsort(prediction->items, prediction->n, sizeof *prediction->items, by_match);
    }
    for (size_t i = 0; i < truth->n; i++) {
        p->v[p->n] = join(&truth->items[i], find(prediction, truth, &truth->items[i]));
        if (results && !p->v[p->n].prediction)
            p->v[p->n].prediction = p->nothing;
        p->n++;
    }
    for (size_t i = 0; i < prediction->n; i++)
        if (!find(truth, prediction, &prediction->items[i]))
            p->v[p->n++] = join(NULL, &prediction->items[i]);
    if (p->n > 1)
        qsort(p->v, p->n, sizeof *p->v, by_key);
}

void edgel_coco_side_init(struct edgel_coco_side *side)
{
    *side = (struct edgel_coco_side){ 0 };
}

enum edgel_status edgel_coco_pairs_make(const struct edgel_coco_side *truth,
                                        const struct edgel_coco_side *prediction,
                                        struct edgel_coco_pairs **out, struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    *out = NULL;
    EDGEL_REQUIRE(truth);
    EDGEL_REQUIRE(prediction);
    EDGEL_REQUIRE(prediction->path);
    struct edgel_coco_pairs *p = *out = edgel_calloc(1, sizeof *p);
    bool ok = p && list_side(&p->truth, truth) && list_side(&p->prediction, prediction);
    if (ok) {
        p->v = edgel_calloc(p->truth.n + p->prediction.n + 1, sizeof *p->v);
        p->nothing = edgel_strdup(prediction->path);
        ok = p->v && p->nothing;
    }
    if (!ok) {
        edgel_coco_pairs_destroy(out);
        return edgel_no_memory(err, prediction->path);
    }
    pair_sides(p);
    return EDGEL_OK;
}

size_t edgel_coco_pairs_count(const struct edgel_coco_pairs *p)
{
    return p->n;
}

const struct edgel_coco_pair *edgel_coco_pairs_at(const struct edgel_coco_pairs *p, size_t i)
{
    return &p->v[i];
}

void edgel_coco_pairs_destroy(struct edgel_coco_pairs **out)
{
    struct edgel_coco_pairs *p = out ? *out : NULL;
    if (!p)
        return;
    finish_side(&p->truth);
    finish_side(&p->prediction);
    edgel_free(p->v);
    edgel_free(p->nothing);
    edgel_free(p);
    *out = NULL;
}
