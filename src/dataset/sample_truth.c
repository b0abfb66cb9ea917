/*
 * Masks as the truth of samples: ids to classes; of MAT files of the Berkeley benchmark the boundaries of all
 * annotators. Of several annotators one is taken, or they vote; those who marked a pixel with an ignored value have no
 * vote on it, and a pixel without votes does not count:
 *
 *   any       foreground if one marked it            majority  if more than half of those who vote did
 *   mean      the share of those who vote; of boundaries, a share above 0 and below soft_ignore does not count, a
 *             larger one is a boundary
 */
#include "dataset/dataset_priv.h"

size_t edgel_truth_count(const struct edgel_mask_file *f)
{
    return f->is_mat ? f->mat.n : 1;
}

struct edgel_mask edgel_truth_at(const struct edgel_mask_file *f, size_t k)
{
    return f->is_mat ? (struct edgel_mask){ .view = edgel_image_view(&f->mat.boundaries[k]), .bits = 1 }
                     : edgel_mask_of_file(f);
}

static enum edgel_status check_size(const char *path, const char *role, struct edgel_view v, int w, int h,
                                    struct edgel_error *err)
{
    if (w == 0 || (v.w == w && v.h == h))
        return EDGEL_OK;
    return edgel_fail(err, EDGEL_EFORMAT, "%s: the %s is %dx%d, the image %dx%d", path, role, v.w, v.h, w, h);
}

enum edgel_status edgel_truth_file_read(const struct edgel_dataset *d, const char *path, int w, int h,
                                        struct edgel_mask_file *f, struct edgel_error *err)
{
    struct edgel_bytes bytes = { 0 };
    enum edgel_status status = edgel_mask_file_read(&d->p.read, path, EDGEL_MASK_TRUTH, w, h, &bytes, f, err);
    edgel_bytes_finish(&bytes);
    if (status == EDGEL_OK)
        edgel_mask_file_cut(d, f);
    for (size_t k = 0; f->is_mat && k < f->mat.n && status == EDGEL_OK; k++)
        if (!f->mat.boundaries[k].data)
            status = edgel_fail(err, EDGEL_EFORMAT, "%s: groundTruth{%zu} has no Boundaries", path, k + 1);
    for (size_t k = 0; status == EDGEL_OK && k < edgel_truth_count(f); k++)
        status = check_size(path, "truth", edgel_truth_at(f, k).view, w, h, err);
    return status;
}

/* --- labels --- */

/* Class of an id; -1: unknown. */
static int class_of(const struct edgel_dataset *d, uint16_t id)
{
    if (d->labels == EDGEL_LABELS_BINARY)
        return d->ignored[id] ? EDGEL_LABEL_IGNORE : id != 0;
    return d->known[id] || d->ignored[id] ? d->class_of[id] : -1;
}

/* The labels of a mask; its ids are read into them first. */
static enum edgel_status label_pixels(const struct edgel_dataset *d, const char *path,
                                      const struct edgel_mask *mask, uint16_t *label, struct edgel_error *err)
{
    const size_t n = (size_t)mask->view.w * (size_t)mask->view.h;
    struct edgel_error cause = { 0 };
    size_t unknown = 0;
    int first = 0;
    const enum edgel_status status = edgel_mask_ids(mask, d->p.colors, label, &cause);
    if (status != EDGEL_OK)
        return edgel_fail(err, status, "%s: %s", path, cause.msg);
    for (size_t i = 0; i < n; i++) {
        const int c = class_of(d, label[i]);
        if (c < 0 && unknown++ == 0)
            first = label[i];
        label[i] = (uint16_t)(c < 0 ? EDGEL_LABEL_IGNORE : c);
    }
    if (unknown == 0)
        return EDGEL_OK;
    return edgel_fail(err, EDGEL_EFORMAT,
                      "%s: %zu pixels have an id that is no class and not ignored, the first is %d", path,
                      unknown, first);
}

/* --- the annotators of a pair --- */

struct marking {
    const struct edgel_dataset *d;
    struct edgel_kept *k;
    size_t n;             /* pixels */
    size_t annotators;    /* so far */
    float *marks, *votes; /* [n] of them; NULL where one mask is the truth */
    uint16_t *label;      /* [n] of one annotator; k->label where one mask is the truth */
    struct edgel_error *err;
};

static enum edgel_status add_annotator(struct marking *m, const char *path, const struct edgel_mask *mask)
{
    const struct edgel_dataset_params *p = &m->d->p;
    const size_t k = ++m->annotators;
    if (p->annotator == EDGEL_ANNOTATOR_INDEX && k != (size_t)p->annotator_index)
        return EDGEL_OK;
    EDGEL_TRY(label_pixels(m->d, path, mask, m->label, m->err));
    for (size_t i = 0; m->votes && i < m->n; i++) {
        m->votes[i] += m->label[i] != EDGEL_LABEL_IGNORE;
        m->marks[i] += m->label[i] == 1;
    }
    return EDGEL_OK;
}

static enum edgel_status mark_by_file(struct marking *m, const char *path)
{
    struct edgel_mask_file f = { 0 };
    enum edgel_status status = edgel_truth_file_read(m->d, path, m->k->image.w, m->k->image.h, &f, m->err);
    for (size_t a = 0; status == EDGEL_OK && a < edgel_truth_count(&f); a++) {
        const struct edgel_mask mask = edgel_truth_at(&f, a);
        status = add_annotator(m, path, &mask);
    }
    edgel_mask_file_finish(&f);
    return status;
}

static void finish_soft(const struct marking *m)
{
    const struct edgel_dataset_params *p = &m->d->p;
    for (size_t i = 0; i < m->n; i++) {
        float mean = m->votes[i] > 0 ? m->marks[i] / m->votes[i] : -1;
        if (p->boundaries && mean > 0)
            mean = (double)mean < p->soft_ignore ? -1 : 1;
        m->k->soft[i] = mean;
    }
}

static void finish_votes(const struct marking *m)
{
    const bool any = m->d->p.annotator == EDGEL_ANNOTATOR_ANY;
    for (size_t i = 0; i < m->n; i++)
        m->k->label[i] = m->votes[i] <= 0 ? EDGEL_LABEL_IGNORE
                         : any            ? m->marks[i] > 0
                                          : 2 * m->marks[i] > m->votes[i];
}

static bool take_memory(struct marking *m)
{
    const enum edgel_annotator how = m->d->p.annotator;
    const bool soft = m->d->soft, vote = how == EDGEL_ANNOTATOR_ANY || how == EDGEL_ANNOTATOR_MAJORITY;
    if (soft)
        m->k->soft = edgel_calloc(m->n, sizeof *m->k->soft);
    else
        m->k->label = edgel_calloc(m->n, sizeof *m->k->label);
    m->label = soft || vote ? edgel_alloc(m->n, sizeof *m->label) : m->k->label;
    m->votes = soft || vote ? edgel_calloc(m->n, sizeof *m->votes) : NULL;
    m->marks = soft ? m->k->soft : vote ? edgel_calloc(m->n, sizeof *m->marks) : NULL;
    return m->label && (!(soft || vote) || (m->votes && m->marks)) && (m->k->soft || m->k->label);
}

static enum edgel_status mark_pixels(const struct edgel_dataset *d, const struct edgel_pair *p,
                                     struct edgel_kept *k, struct edgel_error *err)
{
    struct marking m = { .d = d, .k = k, .n = (size_t)k->image.w * (size_t)k->image.h, .err = err };
    enum edgel_status status =
        take_memory(&m) ? EDGEL_OK : edgel_fail(err, EDGEL_ENOMEM, "%s: out of memory", p->key);
    for (size_t i = 0; i < p->ntruth && status == EDGEL_OK; i++)
        status = mark_by_file(&m, p->truth[i]);
    if (status == EDGEL_OK && d->p.annotator == EDGEL_ANNOTATOR_INDEX &&
        m.annotators < (size_t)d->p.annotator_index)
        status = edgel_fail(err, EDGEL_EFORMAT, "%s: annotator %d: the image has %zu", p->key,
                            d->p.annotator_index, m.annotators);
    if (status == EDGEL_OK && d->soft)
        finish_soft(&m);
    else if (status == EDGEL_OK && m.votes)
        finish_votes(&m);
    if (m.label != k->label)
        edgel_free(m.label);
    if (m.marks != k->soft)
        edgel_free(m.marks);
    edgel_free(m.votes);
    return status;
}

static bool set(const struct edgel_view *v, int x, int y)
{
    const void *row = (const char *)v->data + (ptrdiff_t)y * v->stride;
    const size_t i = (size_t)x * (size_t)v->channels;
    return v->type == EDGEL_U8 ? ((const uint8_t *)row)[i] != 0 : ((const uint16_t *)row)[i] != 0;
}

/* Pixels that the validity mask leaves out do not count. */
static enum edgel_status apply_valid(const struct edgel_dataset *d, const struct edgel_pair *p,
                                     struct edgel_kept *k, struct edgel_error *err)
{
    struct edgel_bytes bytes = { 0 };
    struct edgel_mask_file f = { 0 };
    if (p->missing_valid)
        return edgel_fail(err, EDGEL_EFORMAT, "%s: no mask of valid pixels for it", p->key);
    if (!p->valid)
        return EDGEL_OK;
    enum edgel_status status =
        edgel_mask_file_read(&d->p.read, p->valid, EDGEL_MASK_VALID, 0, 0, &bytes, &f, err);
    const struct edgel_view v = edgel_image_view(&f.image);
    if (status == EDGEL_OK)
        status = check_size(p->valid, "validity mask", v, k->image.w, k->image.h, err);
    if (status == EDGEL_OK && v.type == EDGEL_F32)
        status = edgel_fail(err, EDGEL_EFORMAT, "%s: a float image has no ids", p->valid);
    for (int y = 0; status == EDGEL_OK && y < v.h; y++)
        for (int x = 0; x < v.w; x++) {
            const size_t i = (size_t)y * (size_t)v.w + (size_t)x;
            if (set(&v, x, y))
                continue;
            if (k->soft)
                k->soft[i] = -1;
            else
                k->label[i] = EDGEL_LABEL_IGNORE;
        }
    edgel_bytes_finish(&bytes);
    edgel_mask_file_finish(&f);
    return status;
}

enum edgel_status edgel_truth_read(const struct edgel_dataset *d, const struct edgel_pair *p,
                                   struct edgel_kept *k, struct edgel_error *err)
{
    EDGEL_TRY(mark_pixels(d, p, k, err));
    return apply_valid(d, p, k, err);
}
