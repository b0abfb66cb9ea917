/*
 * Which objects of the prediction are which of the truth.
 *
 * Of truth object t and prediction p of one class: both = |t and p|, either = |t| + |p| - both - |p and void|, IoU =
 * both / either; void are the pixels that are not judged. Matching is one to one, within a class: pairs with IoU >= 0.5
 * are taken in falling IoU, of equal ones first that of the lower truth object, then of the lower prediction, as long
 * as both are free. Where objects of one side do not overlap, a pair of IoU > 0.5 is the only one that either of its
 * objects is in, so that these are the segments matched by the panoptic quality; for overlapping ones (run-length
 * masks) greed decides. For a threshold T >= 0.5 the pairs of IoU >= T are those that the same greed would find from T
 * on.
 *
 * A crowd of the truth is no object. A prediction that is in no pair and has more than half of its pixels in void or in
 * crowds of its class is passed over: it is no mistake. Objects without pixels cannot be matched and are counted.
 *
 * Common pixels of objects of one class come from one sweep over the sorted spans of both sides, each with those of the
 * other side that are still open. O(spans + overlapping spans).
 * Source: A. Kirillov et al., "Panoptic segmentation", 2019.
 */
#include "eval/objects/objects_priv.h"
#include <stdlib.h>
#include <string.h>

/* Bounds of the work on one image, for objects that overlap without measure: 48 MB and half a second. */
enum { OVERLAPS_MAX = 1 << 20, MEETINGS_MAX = 1 << 27 };

struct overlap {
    uint32_t t, p;
    uint64_t n; /* pixels; 0: a free slot */
};

struct side {
    const struct edgel_span *spans;
    size_t n, next;
    uint32_t *open; /* spans that reach beyond the last start */
    size_t nopen;
};

struct candidate {
    uint32_t t, p;
    uint64_t both, either;
    double iou;
};

struct match {
    const struct edgel_object_set *truth, *prediction;
    struct overlap *slots; /* open addressing */
    size_t nslots, used;
    uint64_t meetings;
    uint64_t *voids;  /* [predictions] pixels in void */
    uint64_t *excuse; /* [predictions] pixels in void or in a crowd of the class */
    uint8_t *taken[2];
    struct candidate *candidates;
    size_t ncandidates;
    struct edgel_error *err;
};

static enum edgel_status no_memory(const struct match *m)
{
    return edgel_no_memory(m->err, "objects");
}

/* --- common pixels --- */

static size_t slot_of(const struct match *m, uint32_t t, uint32_t p)
{
    uint64_t z = ((uint64_t)t << 32 | p) * 0x9E3779B97F4A7C15u;
    size_t i = (size_t)(z >> 32) & (m->nslots - 1);
    while (m->slots[i].n > 0 && (m->slots[i].t != t || m->slots[i].p != p))
        i = (i + 1) & (m->nslots - 1);
    return i;
}

static enum edgel_status grow(struct match *m)
{
    struct overlap *old = m->slots;
    const size_t n = m->nslots;
    if (m->used >= OVERLAPS_MAX)
        return edgel_fail(m->err, EDGEL_ELIMIT, "objects: more than %d pairs of objects of one class overlap",
                          OVERLAPS_MAX);
    m->nslots = n ? 2 * n : 256;
    if (!(m->slots = edgel_calloc(m->nslots, sizeof *m->slots))) {
        m->slots = old;
        m->nslots = n;
        return no_memory(m);
    }
    for (size_t i = 0; i < n; i++)
        if (old[i].n > 0)
            m->slots[slot_of(m, old[i].t, old[i].p)] = old[i];
    edgel_free(old);
    return EDGEL_OK;
}

static enum edgel_status add_overlap(struct match *m, uint32_t t, uint32_t p, uint64_t n)
{
    if (2 * (m->used + 1) > m->nslots)
        EDGEL_TRY(grow(m));
    struct overlap *o = &m->slots[slot_of(m, t, p)];
    m->used += o->n == 0;
    *o = (struct overlap){ t, p, o->n + n };
    return EDGEL_OK;
}

static void close_before(struct side *s, uint32_t start)
{
    size_t n = 0;
    for (size_t i = 0; i < s->nopen; i++)
        if (s->spans[s->open[i]].end > start)
            s->open[n++] = s->open[i];
    s->nopen = n;
}

/* sides[0]: truth, or void, whose pixels are only counted. */
static enum edgel_status meet(struct match *m, struct side sides[2], bool voids)
{
    while (sides[0].next < sides[0].n || sides[1].next < sides[1].n) {
        const bool second = sides[0].next == sides[0].n ||
                            (sides[1].next < sides[1].n &&
                             sides[1].spans[sides[1].next].start < sides[0].spans[sides[0].next].start);
        struct side *own = &sides[second], *other = &sides[!second];
        const uint32_t i = (uint32_t)own->next++;
        const struct edgel_span *s = &own->spans[i];
        close_before(own, s->start);
        close_before(other, s->start);
        own->open[own->nopen++] = i;
        m->meetings += own->nopen + other->nopen;
        if (m->meetings > MEETINGS_MAX)
            return edgel_fail(m->err, EDGEL_ELIMIT, "objects: they overlap more than 2^27 times");
        for (size_t k = 0; k < other->nopen; k++) {
            const struct edgel_span *o = &other->spans[other->open[k]];
            const uint64_t n = (s->end < o->end ? s->end : o->end) - s->start;
            const uint32_t t = second ? o->object : s->object, p = second ? s->object : o->object;
            if (voids)
                m->voids[p] += n;
            else if (m->truth->objects[t].class_id == m->prediction->objects[p].class_id)
                EDGEL_TRY(add_overlap(m, t, p, n));
        }
    }
    return EDGEL_OK;
}

/* An object has one open span at most, and so has void. */
static enum edgel_status sweep(struct match *m, const struct edgel_span *spans, size_t n, size_t objects,
                               bool voids)
{
    struct side sides[2] = { { .spans = spans, .n = n },
                             { .spans = m->prediction->spans, .n = m->prediction->nspans } };
    enum edgel_status st;
    sides[0].open = edgel_alloc(objects + 1, sizeof *sides[0].open);
    sides[1].open = edgel_alloc(m->prediction->nobjects + 1, sizeof *sides[1].open);
    st = sides[0].open && sides[1].open ? meet(m, sides, voids) : no_memory(m);
    edgel_free(sides[0].open);
    edgel_free(sides[1].open);
    return st;
}

static enum edgel_status find_overlaps(struct match *m)
{
    const struct edgel_object_set *t = m->truth, *p = m->prediction;
    EDGEL_TRY(sweep(m, t->spans, t->nspans, t->nobjects, false));
    EDGEL_TRY(sweep(m, t->voids, t->nvoids, 1, true));
    for (size_t i = 0; i < p->nobjects; i++)
        m->excuse[i] = m->voids[i];
    for (size_t i = 0; i < m->nslots; i++) {
        const struct overlap *o = &m->slots[i];
        if (o->n > 0 && t->objects[o->t].crowd)
            m->excuse[o->p] += o->n;
    }
    return EDGEL_OK;
}

/* --- pairs --- */

static bool is_candidate(const struct match *m, const struct overlap *o, struct candidate *c)
{
    const struct edgel_object *t = &m->truth->objects[o->t], *p = &m->prediction->objects[o->p];
    const uint64_t either = t->pixels + p->pixels - o->n - m->voids[o->p];
    if (t->crowd || 2 * o->n < either)
        return false;
    *c = (struct candidate){ o->t, o->p, o->n, either, (double)o->n / (double)either };
    return true;
}

static int by_iou(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    if (x->iou != y->iou)
        return x->iou > y->iou ? -1 : 1;
    if (x->t != y->t)
        return x->t < y->t ? -1 : 1;
    return (x->p > y->p) - (x->p < y->p);
}

static int by_truth(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    return (x->t > y->t) - (x->t < y->t);
}

/* Leaves in candidates the pairs, by truth. */
static enum edgel_status choose(struct match *m)
{
    struct candidate c;
    size_t n = 0;
    for (size_t i = 0; i < m->nslots; i++)
        n += m->slots[i].n > 0 && is_candidate(m, &m->slots[i], &c);
    if (!(m->candidates = edgel_alloc(n + 1, sizeof *m->candidates)))
        return no_memory(m);
    for (size_t i = 0; i < m->nslots; i++)
        if (m->slots[i].n > 0 && is_candidate(m, &m->slots[i], &c))
            m->candidates[m->ncandidates++] = c;
    if (n > 1)
        qsort(m->candidates, n, sizeof *m->candidates, by_iou);
    n = m->ncandidates;
    m->ncandidates = 0;
    for (size_t i = 0; i < n; i++) {
        c = m->candidates[i];
        if (m->taken[0][c.t] || m->taken[1][c.p])
            continue;
        m->taken[0][c.t] = m->taken[1][c.p] = 1;
        m->candidates[m->ncandidates++] = c;
    }
    if (m->ncandidates > 1)
        qsort(m->candidates, m->ncandidates, sizeof *m->candidates, by_truth);
    return EDGEL_OK;
}

/* --- counts --- */

static int by_id(const void *a, const void *b)
{
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static struct edgel_object_counts *counts_of(struct edgel_object_counts *v, size_t n, int32_t id)
{
    size_t lo = 0;
    while (n > 1) {
        const size_t half = n / 2;
        if (v[lo + half].id <= id)
            lo += half;
        n -= half;
    }
    return &v[lo];
}

/* One entry for each class that has objects. */
static enum edgel_status list_classes(const struct match *m, struct edgel_object_counts **out, size_t *n)
{
    const struct edgel_object_set *t = m->truth, *p = m->prediction;
    int32_t *ids = edgel_alloc(t->nobjects + p->nobjects + 1, sizeof *ids);
    size_t all = 0, distinct = 0;
    if (!ids)
        return no_memory(m);
    for (size_t i = 0; i < t->nobjects; i++)
        if (!t->objects[i].crowd)
            ids[all++] = t->objects[i].class_id;
    for (size_t i = 0; i < p->nobjects; i++)
        ids[all++] = p->objects[i].class_id;
    if (all > 1)
        qsort(ids, all, sizeof *ids, by_id);
    for (size_t i = 0; i < all; i++)
        if (i == 0 || ids[i] != ids[distinct - 1])
            ids[distinct++] = ids[i];
    if ((*out = edgel_calloc(distinct + 1, sizeof **out)) != NULL) {
        *n = distinct;
        for (size_t i = 0; i < distinct; i++)
            (*out)[i].id = ids[i];
    }
    edgel_free(ids);
    return *out ? EDGEL_OK : no_memory(m);
}

static bool excused(const struct match *m, size_t p)
{
    return 2 * m->excuse[p] > m->prediction->objects[p].pixels;
}

static void count_objects(const struct match *m, struct edgel_object_counts *v, size_t n)
{
    const struct edgel_object_set *t = m->truth, *p = m->prediction;
    for (size_t i = 0; i < t->nobjects; i++)
        if (!t->objects[i].crowd)
            counts_of(v, n, t->objects[i].class_id)->truth++;
    for (size_t i = 0; i < p->nobjects; i++) {
        struct edgel_object_counts *c = counts_of(v, n, p->objects[i].class_id);
        c->prediction++;
        c->passed += !m->taken[1][i] && excused(m, i);
    }
    for (size_t i = 0; i < m->ncandidates; i++)
        counts_of(v, n, t->objects[m->candidates[i].t].class_id)->npairs++;
}

static struct edgel_object_pair pair_of(const struct match *m, const struct candidate *c)
{
    const struct edgel_object *t = &m->truth->objects[c->t], *p = &m->prediction->objects[c->p];
    struct edgel_object_pair pair = {
        .truth = t->id, .prediction = p->id, .both = c->both, .either = c->either
    };
    memcpy(pair.truth_box, t->box, sizeof pair.truth_box);
    memcpy(pair.prediction_box, p->box, sizeof pair.prediction_box);
    pair.excused = excused(m, c->p);
    return pair;
}

static enum edgel_status fill_pairs(const struct match *m, struct edgel_object_counts *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const size_t pairs = v[i].npairs;
        v[i].npairs = 0;
        if (pairs > 0 && !(v[i].pairs = edgel_alloc(pairs, sizeof *v[i].pairs)))
            return no_memory(m);
    }
    for (size_t i = 0; i < m->ncandidates; i++) {
        struct edgel_object_counts *c = counts_of(v, n, m->truth->objects[m->candidates[i].t].class_id);
        c->pairs[c->npairs++] = pair_of(m, &m->candidates[i]);
    }
    return EDGEL_OK;
}

static enum edgel_status run(struct match *m, struct edgel_object_counts **out, size_t *n)
{
    const size_t nt = m->truth->nobjects, np = m->prediction->nobjects;
    m->voids = edgel_calloc(np + 1, sizeof *m->voids);
    m->excuse = edgel_calloc(np + 1, sizeof *m->excuse);
    m->taken[0] = edgel_calloc(nt + 1, 1);
    m->taken[1] = edgel_calloc(np + 1, 1);
    if (!m->voids || !m->excuse || !m->taken[0] || !m->taken[1])
        return no_memory(m);
    EDGEL_TRY(find_overlaps(m));
    EDGEL_TRY(choose(m));
    EDGEL_TRY(list_classes(m, out, n));
    count_objects(m, *out, *n);
    return fill_pairs(m, *out, *n);
}

enum edgel_status edgel_objects_match(const struct edgel_object_set *truth,
                                      const struct edgel_object_set *prediction,
                                      struct edgel_object_counts **out, size_t *n, struct edgel_error *err)
{
    static const struct edgel_object_set nothing;
    struct match m = { .truth = truth, .prediction = prediction ? prediction : &nothing, .err = err };
    *out = NULL;
    *n = 0;
    enum edgel_status st = run(&m, out, n);
    edgel_free(m.slots);
    edgel_free(m.voids);
    edgel_free(m.excuse);
    edgel_free(m.taken[0]);
    edgel_free(m.taken[1]);
    edgel_free(m.candidates);
    if (st != EDGEL_OK) {
        edgel_objects_free(*out, *n);
        *out = NULL;
        *n = 0;
    }
    return st;
}

void edgel_objects_free(struct edgel_object_counts *v, size_t n)
{
    for (size_t i = 0; v && i < n; i++)
        edgel_free(v[i].pairs);
    edgel_free(v);
}
