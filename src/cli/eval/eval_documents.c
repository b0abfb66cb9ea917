/*
 * Objects of COCO documents in `edgel eval`: PRED, TRUTH, or both are JSON files in place of folders of masks, which
 * edgel_coco_pairs_make() pairs.
 */
#include "cli/eval/score.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The masks of a folder. */
struct masks {
    struct edgel_inputs *files;
    char **keys;
    const char **paths;
    size_t n;
};

/* A file that begins as JSON does. What is not there, and what is no file, is no document: the readers of images say
 * so. */
static enum edgel_status look_for_document(const char *path, bool *found, struct edgel_error *err)
{
    char head[64];
    ssize_t n = 0, i = 0;
    *found = false;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == EACCES))
        return EDGEL_OK;
    do
        n = fd < 0 ? -1 : read(fd, head, sizeof head);
    while (n < 0 && errno == EINTR);
    const int error = n < 0 ? errno : 0;
    if (fd >= 0)
        close(fd);
    if (error != 0 && error != EISDIR)
        return edgel_error_set(err, EDGEL_EIO, "%s: cannot be read: %s", path, strerror(error));
    while (i < n && strchr(" \t\r\n", head[i]) && head[i])
        i++;
    *found = i < n && (head[i] == '{' || head[i] == '[');
    return EDGEL_OK;
}

int eval_documents_open(const struct cli_args *args, struct eval_run *run)
{
    static const char *const of_masks[] = { "ignore", "valid", "annotator", "truth-suffix" };
    const struct eval_options *o = args->options;
    struct edgel_error err = { 0 };
    bool document;
    if (!eval_objects_alone(o) || !o->truth || o->pairs)
        return 0;
    if (look_for_document(o->truth, &document, &err) != EDGEL_OK)
        return cli_usage(args->command, "%s", err.msg);
    if (!document)
        return 0;
    for (size_t i = 0; i < 4; i++)
        if (cli_given(args, of_masks[i]))
            return cli_usage(args->command, "--%s is for masks, and %s is a document", of_masks[i], o->truth);
    const struct edgel_limits limits = cli_read_params(&o->read, EDGEL_DECODE_LABELS).limits;
    if (edgel_coco_open(o->truth, &limits, &run->truth, &err) != EDGEL_OK)
        return cli_usage(args->command, "%s", err.msg);
    return 0;
}

/* --- pairs --- */

static char *key_of(const char *path, const char *suffix)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *dot = strrchr(base, '.');
    size_t n = dot && dot > base ? (size_t)(dot - path) : strlen(path), cut = suffix ? strlen(suffix) : 0;
    if (cut > 0 && n - (size_t)(base - path) > cut && memcmp(path + n - cut, suffix, cut) == 0)
        n -= cut;
    return cli_strndup(path, n);
}

static enum edgel_status list_masks(struct masks *m, const char *path, const char *suffix,
                                    struct edgel_error *err)
{
    const struct edgel_inputs_params params = { .paths = &path, .npaths = 1 };
    enum edgel_status status = edgel_inputs_collect(&params, &m->files, err);
    if (status != EDGEL_OK)
        return status;
    m->keys = cli_alloc(edgel_inputs_count(m->files) + 1, sizeof *m->keys);
    m->paths = cli_alloc(edgel_inputs_count(m->files) + 1, sizeof *m->paths);
    for (size_t i = 0; i < edgel_inputs_count(m->files); i++) {
        const struct edgel_input *file = edgel_inputs_at(m->files, i);
        if (file->broken && !file->folder)
            return edgel_error_set(err, EDGEL_EIO, "%s: cannot be read: %s", file->path,
                                   strerror(file->error));
        m->paths[m->n] = file->path;
        m->keys[m->n++] = key_of(file->rel, suffix);
    }
    return EDGEL_OK;
}

static void finish_masks(struct masks *m)
{
    for (size_t i = 0; i < m->n; i++)
        free(m->keys[i]);
    free(m->keys);
    free(m->paths);
    edgel_inputs_destroy(&m->files);
}

static struct edgel_coco_side side_of(const struct edgel_coco *document, const char *path,
                                      const struct masks *m)
{
    struct edgel_coco_side side;
    edgel_coco_side_init(&side);
    side.document = document;
    side.path = path;
    side.keys = (const char *const *)m->keys;
    side.paths = m->paths;
    side.n = m->n;
    return side;
}

/* Hands the pairs over in their order, which is that of the list, so that images stand by pair. */
static enum edgel_status build(const struct edgel_coco_pairs *found, const char *valid,
                               struct eval_method *method, struct edgel_error *err)
{
    const size_t n = edgel_coco_pairs_count(found);
    struct edgel_pair *pairs = cli_alloc(n + 1, sizeof *pairs);
    for (size_t i = 0; i < n; i++) {
        const struct edgel_coco_pair *p = edgel_coco_pairs_at(found, i);
        pairs[i] = (struct edgel_pair){
            .key = p->key, .prediction = p->prediction, .truth = &p->truth, .ntruth = p->truth != NULL
        };
    }
    enum edgel_status status = edgel_pairs_build(pairs, n, valid, &method->pairs, err);
    free(pairs);
    if (status != EDGEL_OK)
        return status;
    method->truth_images = cli_alloc(n + 1, sizeof *method->truth_images);
    method->images = cli_alloc(n + 1, sizeof *method->images);
    for (size_t i = 0; i < n; i++) {
        method->truth_images[i] = edgel_coco_pairs_at(found, i)->truth_image;
        method->images[i] = edgel_coco_pairs_at(found, i)->image;
    }
    return EDGEL_OK;
}

enum edgel_status eval_documents_pair(const struct cli_args *args, const struct eval_run *run,
                                      const char *prediction, struct eval_method *method,
                                      struct edgel_error *err)
{
    const struct eval_options *o = args->options;
    bool document;
    struct masks truth = { 0 }, own = { 0 };
    struct edgel_coco_pairs *pairs = NULL;
    enum edgel_status status = look_for_document(prediction, &document, err);
    if (status != EDGEL_OK)
        return status;
    if (!document && !run->truth)
        return EDGEL_OK;
    if (document && o->objects == EDGEL_OBJECTS_MIXED)
        return edgel_error_set(err, EDGEL_EINVAL, "%s: a document has no components (--objects ids)",
                               prediction);
    const struct edgel_limits limits = cli_read_params(&o->read, EDGEL_DECODE_LABELS).limits;
    status = document ? edgel_coco_open(prediction, &limits, &method->document, err)
                      : list_masks(&own, prediction, o->pred_suffix, err);
    if (status == EDGEL_OK && !run->truth)
        status = list_masks(&truth, o->truth, o->truth_suffix, err);
    if (status == EDGEL_OK) {
        const struct edgel_coco_side sides[] = { side_of(run->truth, o->truth, &truth),
                                                 side_of(method->document, prediction, &own) };
        status = edgel_coco_pairs_make(&sides[0], &sides[1], &pairs, err);
    }
    if (status == EDGEL_OK)
        status = build(pairs, o->valid, method, err);
    edgel_coco_pairs_destroy(&pairs);
    finish_masks(&truth);
    finish_masks(&own);
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
    if (!is_mask(method->document))
        masks.prediction = NULL;
    if (!is_mask(run->truth))
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
    struct edgel_object_source own, of_truth;
    edgel_object_source_init(&own);
    edgel_object_source_init(&of_truth);
    own.document = method->document;
    own.image = method->images[i];
    own.mask = prediction;
    of_truth.document = run->truth;
    of_truth.image = method->truth_images[i];
    of_truth.mask = truth;
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
