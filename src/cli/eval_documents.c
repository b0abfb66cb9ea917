/*
 * Objects of COCO documents in `edgel eval`: PRED, TRUTH, or both are JSON files in place of folders of masks.
 *
 * Two documents are paired by the ids of their images. A document and masks are paired by name: the document's
 * file_name without extension, or its image id in digits, which a mask may write with leading zeros. The masks of a
 * panoptic document are in the folder beside it that has its name without extension. A list of results says nothing of
 * images where nothing was found, so that none of them is missing; a panoptic document has to name a mask for each
 * image.
 */
#include "score.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An image of one side. */
struct item {
    const char *match; /* what items of both sides are found by */
    char *key, *path;  /* path: of the mask, or what messages say */
    size_t image;      /* in the document; SIZE_MAX none */
    bool named;
};

struct side {
    const struct edgel_coco *document;
    struct edgel_inputs *files;
    struct item *items;
    size_t n;
};

/* A pair and its images. */
struct joint {
    const struct item *truth, *prediction;
    struct edgel_pair pair;
    const char *truth_path;
    size_t truth_image, image;
};

bool eval_is_document(const char *path)
{
    char head[64] = "";
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(head, 1, sizeof head, f) : 0, i = 0;
    if (f)
        fclose(f);
    while (i < n && strchr(" \t\r\n", head[i]) && head[i])
        i++;
    return i < n && (head[i] == '{' || head[i] == '[');
}

static enum edgel_status open_document(const char *path, struct edgel_coco **out, struct edgel_error *err)
{
    struct edgel_bytes bytes = { 0 };
    enum edgel_status status = edgel_bytes_read(path, &bytes, err);
    if (status == EDGEL_OK)
        status = edgel_coco_parse((const char *)bytes.data, bytes.size, path, out, err);
    edgel_bytes_finish(&bytes);
    return status;
}

int eval_documents_open(const struct cli_args *args, struct eval_run *run)
{
    static const char *const of_masks[] = { "ignore", "valid", "annotator", "truth-suffix" };
    const struct eval_options *o = args->options;
    struct edgel_error err = { 0 };
    if (!edgel_objects_alone((enum edgel_objects)o->objects) || !o->truth || o->pairs ||
        !eval_is_document(o->truth))
        return 0;
    for (size_t i = 0; i < 4; i++)
        if (cli_given(args, of_masks[i]))
            return cli_usage(args->command, "--%s is for masks, and %s is a document", of_masks[i], o->truth);
    if (open_document(o->truth, &run->truth, &err) != EDGEL_OK)
        return cli_usage(args->command, "%s", err.msg);
    return 0;
}

/* --- the images of a side --- */

static char *bare(const char *path, const char *suffix)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *dot = strrchr(base, '.');
    size_t n = dot && dot > base ? (size_t)(dot - path) : strlen(path), cut = suffix ? strlen(suffix) : 0;
    if (cut > 0 && n - (size_t)(base - path) > cut && memcmp(path + n - cut, suffix, cut) == 0)
        n -= cut;
    return cli_strndup(path, n);
}

static char *joined(const char *a, const char *between, const char *b)
{
    size_t n = strlen(a) + strlen(between) + strlen(b);
    char *s = cli_alloc(n + 1, 1);
    snprintf(s, n + 1, "%s%s%s", a, between, b);
    return s;
}

static void list_document(struct side *s, const char *path)
{
    char *folder = bare(path, NULL);
    const bool panoptic = edgel_coco_panoptic(s->document);
    s->items = cli_alloc(edgel_coco_count(s->document) + 1, sizeof *s->items);
    for (size_t i = 0; i < edgel_coco_count(s->document); i++) {
        const struct edgel_coco_image *image = edgel_coco_at(s->document, i);
        if (panoptic && !image->mask)
            continue;
        struct item *item = &s->items[s->n++];
        item->key = cli_strndup(image->name, strlen(image->name));
        item->path = panoptic ? joined(folder, "/", image->mask) : joined(path, "#", image->name);
        item->image = i;
        item->named = image->named;
    }
    free(folder);
}

static enum edgel_status list_files(struct side *s, const char *path, const char *suffix,
                                    struct edgel_error *err)
{
    const struct edgel_inputs_params params = { .paths = &path, .npaths = 1 };
    enum edgel_status status = edgel_inputs_collect(&params, &s->files, err);
    if (status != EDGEL_OK)
        return status;
    s->items = cli_alloc(edgel_inputs_count(s->files) + 1, sizeof *s->items);
    for (size_t i = 0; i < edgel_inputs_count(s->files); i++) {
        const struct edgel_input *file = edgel_inputs_at(s->files, i);
        if (file->broken && !file->folder)
            return cli_fail(err, "%s: cannot be read", file->path);
        s->items[s->n++] = (struct item){ .key = bare(file->rel, suffix),
                                          .path = cli_strndup(file->path, strlen(file->path)),
                                          .image = SIZE_MAX,
                                          .named = true };
    }
    return EDGEL_OK;
}

static void finish_side(struct side *s)
{
    for (size_t i = 0; i < s->n; i++) {
        free(s->items[i].key);
        free(s->items[i].path);
    }
    free(s->items);
    edgel_inputs_destroy(&s->files);
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
    const struct joint *x = a, *y = b;
    return strcmp(x->pair.key, y->pair.key);
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

static struct joint join(const struct item *truth, const struct item *prediction)
{
    struct joint j = { .truth = truth, .prediction = prediction, .truth_image = SIZE_MAX, .image = SIZE_MAX };
    const bool of_prediction = !truth || (!truth->named && prediction && prediction->named);
    j.pair.key = of_prediction ? prediction->key : truth->key;
    if (truth) {
        j.truth_path = truth->path;
        j.truth_image = truth->image;
        j.pair.ntruth = 1;
    }
    if (prediction) {
        j.pair.prediction = prediction->path;
        j.image = prediction->image;
    }
    return j;
}

/* Hands the pairs over in the order of their keys, which is that of the list, so that images stand by pair. */
static enum edgel_status build(struct joint *joints, size_t n, const char *valid, struct eval_method *method,
                               struct edgel_error *err)
{
    struct edgel_pair *pairs = cli_alloc(n + 1, sizeof *pairs);
    if (n > 1)
        qsort(joints, n, sizeof *joints, by_key);
    for (size_t i = 0; i < n; i++) {
        pairs[i] = joints[i].pair;
        pairs[i].truth = &joints[i].truth_path;
    }
    enum edgel_status status = edgel_pairs_build(pairs, n, valid, &method->pairs, err);
    free(pairs);
    if (status != EDGEL_OK)
        return status;
    method->truth_images = cli_alloc(n + 1, sizeof *method->truth_images);
    method->images = cli_alloc(n + 1, sizeof *method->images);
    for (size_t i = 0; i < n; i++) {
        method->truth_images[i] = joints[i].truth_image;
        method->images[i] = joints[i].image;
    }
    return EDGEL_OK;
}

static enum edgel_status pair_sides(struct side *truth, struct side *prediction, const char *path,
                                    const char *valid, struct eval_method *method, struct edgel_error *err)
{
    struct joint *joints = cli_alloc(truth->n + prediction->n + 1, sizeof *joints);
    char *nothing = joined(path, "", "");
    const bool results = prediction->document && !edgel_coco_panoptic(prediction->document);
    size_t n = 0;
    set_matches(truth, prediction);
    set_matches(prediction, truth);
    if (!truth->document || !prediction->document) {
        qsort(truth->items, truth->n, sizeof *truth->items, by_match);
        qsort(prediction->items, prediction->n, sizeof *prediction->items, by_match);
    }
    for (size_t i = 0; i < truth->n; i++) {
        joints[n] = join(&truth->items[i], find(prediction, truth, &truth->items[i]));
        if (results && !joints[n].prediction)
            joints[n].pair.prediction = nothing;
        n++;
    }
    for (size_t i = 0; i < prediction->n; i++)
        if (!find(truth, prediction, &prediction->items[i]))
            joints[n++] = join(NULL, &prediction->items[i]);
    enum edgel_status status = build(joints, n, valid, method, err);
    free(joints);
    free(nothing);
    return status;
}

enum edgel_status eval_documents_pair(const struct cli_args *args, const struct eval_run *run,
                                      const char *prediction, struct eval_method *method,
                                      struct edgel_error *err)
{
    const struct eval_options *o = args->options;
    const bool document = eval_is_document(prediction);
    struct side truth = { .document = run->truth }, own = { 0 };
    enum edgel_status status = EDGEL_OK;
    if (!document && !run->truth)
        return EDGEL_OK;
    if (document && o->objects == EDGEL_OBJECTS_MIXED)
        return cli_fail(err, "%s: a document has no components (--objects ids)", prediction);
    if (document)
        status = open_document(prediction, &method->document, err);
    own.document = method->document;
    if (status == EDGEL_OK && document)
        list_document(&own, prediction);
    else if (status == EDGEL_OK)
        status = list_files(&own, prediction, o->pred_suffix, err);
    if (status == EDGEL_OK && run->truth)
        list_document(&truth, o->truth);
    else if (status == EDGEL_OK)
        status = list_files(&truth, o->truth, o->truth_suffix, err);
    if (status == EDGEL_OK)
        status = pair_sides(&truth, &own, prediction, o->valid, method, err);
    finish_side(&truth);
    finish_side(&own);
    if (status != EDGEL_OK)
        edgel_coco_destroy(&method->document);
    return status;
}

/* --- measuring --- */

void eval_documents_name(struct eval_run *run)
{
    struct edgel_reduce *r = &run->score->reduce;
    bool all = run->truth && !r->classes;
    for (size_t m = 0; m < run->nmethods; m++)
        all &= run->methods[m].document != NULL;
    if (all)
        r->classes = edgel_coco_categories(run->truth);
}

static bool is_mask(const struct edgel_coco *document)
{
    return !document || edgel_coco_panoptic(document);
}

struct edgel_pair eval_documents_masks(const struct eval_run *run, const struct eval_method *method,
                                       const struct edgel_pair *p)
{
    struct edgel_pair masks = *p;
    if (method->images && !is_mask(method->document))
        masks.prediction = NULL;
    if (method->images && !is_mask(run->truth))
        masks.ntruth = 0;
    return masks;
}

enum edgel_status eval_documents_measure(const struct eval_run *run, const struct eval_method *method,
                                         size_t i, const struct edgel_mask *prediction,
                                         const struct edgel_mask *truth, const struct edgel_mask *valid,
                                         struct edgel_row *row, struct edgel_error *err)
{
    const bool by_class = run->truth && method->document;
    const bool there = edgel_pairs_at(method->pairs, i)->prediction != NULL;
    const struct edgel_object_source own = { method->document, method->images[i], prediction };
    const struct edgel_object_source of_truth = { run->truth, method->truth_images[i], truth };
    return edgel_measure_objects(&run->score->measure, by_class, there ? &own : NULL, &of_truth, valid, row,
                                 err);
}

void eval_documents_finish(struct eval_run *run)
{
    for (size_t m = 0; m < run->nmethods; m++) {
        edgel_coco_destroy(&run->methods[m].document);
        free(run->methods[m].truth_images);
        free(run->methods[m].images);
    }
    edgel_coco_destroy(&run->truth);
}
