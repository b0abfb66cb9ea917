/* What a reducer keeps: the classes of pixels, and of each family its sums, over images and for each class. */
#include "eval/eval_priv.h"
#include <string.h>

static const struct edgel_summing *summing(int family)
{
    return edgel_family_of((enum edgel_family)family)->sums;
}

void edgel_reduce_init(struct edgel_reduce *reduce)
{
    *reduce = (struct edgel_reduce){ .reduce = EDGEL_REDUCE_POOLED,
                                     .empty = EDGEL_EMPTY_NAN,
                                     .missing = EDGEL_MISSING_ERROR,
                                     .nsd_tolerance = { 1 },
                                     .nnsd = 1 };
}

/* --- making one --- */

static bool add_fixed_classes(struct edgel_reducer *r)
{
    const struct edgel_classes *given = r->reduce->classes;
    const size_t n = edgel_reducer_binary(r) ? 2 : given->n;
    r->fixed = true;
    if (n == 0)
        return true;
    if (!(r->ids = edgel_calloc(n, sizeof *r->ids)))
        return false;
    for (size_t i = 0; i < n; i++) {
        int32_t id = edgel_reducer_binary(r) ? (int32_t)i : given->v[i].id;
        if (!edgel_reducer_binary(r) && r->known[id] & EDGEL_IS_IGNORED)
            continue;
        r->known[id] |= EDGEL_IS_CLASS;
        r->ids[r->nclasses++] = id;
    }
    return true;
}

static bool begin_families(struct edgel_reducer *r)
{
    for (int f = 0; f < EDGEL_FAMILIES; f++) {
        const struct edgel_summing *s = summing(f);
        if (!edgel_family_asked(edgel_family_of((enum edgel_family)f), r->measure))
            continue;
        if (s->sums_size > 0 && !(r->family[f].sums = edgel_calloc(1, s->sums_size)))
            return false;
        r->family[f].class_size = s->class_size;
        if (s->class_size > 0 && !(r->family[f].classes = edgel_calloc(r->nclasses + 1, s->class_size)))
            return false;
        if (s->begin && !s->begin(r, r->family[f].sums))
            return false;
    }
    return true;
}

static enum edgel_status check_reduce(const struct edgel_reduce *reduce, struct edgel_error *err)
{
    const struct edgel_classes *c = reduce->classes;
    if (!c)
        return EDGEL_OK;
    if (c->n > EDGEL_CLASSES_MAX)
        return edgel_fail(err, EDGEL_EINVAL, "classes: %zu are more than %d", c->n, EDGEL_CLASSES_MAX);
    for (size_t i = 0; i < c->n; i++)
        if (c->v[i].id < 0 || c->v[i].id >= EDGEL_IDS || (i > 0 && c->v[i].id <= c->v[i - 1].id))
            return edgel_fail(err, EDGEL_EINVAL, "classes: ids must rise from 0 to %d", EDGEL_IDS - 1);
    return EDGEL_OK;
}

enum edgel_status edgel_reducer_create(const struct edgel_measure *measure, const struct edgel_reduce *reduce,
                                       const char *prediction, struct edgel_reducer **out,
                                       struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    *out = NULL;
    EDGEL_REQUIRE(prediction);
    EDGEL_TRY(edgel_reduce_check(measure, reduce, err));
    EDGEL_TRY(check_reduce(reduce, err));
    struct edgel_reducer *r = edgel_calloc(1, sizeof *r);
    if (!r)
        return edgel_reduce_no_memory(err);
    r->measure = measure;
    r->reduce = reduce;
    r->prediction = edgel_strdup(prediction);
    r->known = edgel_calloc(EDGEL_IDS, 1);
    bool ok = r->prediction && r->known;
    for (size_t i = 0; ok && i < reduce->nignore; i++)
        r->known[reduce->ignore[i]] |= EDGEL_IS_IGNORED;
    if (!edgel_measure_counts_pixels(measure))
        r->fixed = true; /* no classes of pixels */
    else if (ok && (edgel_reducer_binary(r) || reduce->classes))
        ok = add_fixed_classes(r);
    if (!ok || !begin_families(r)) {
        edgel_reducer_destroy(&r);
        return edgel_reduce_no_memory(err);
    }
    *out = r;
    return EDGEL_OK;
}

void edgel_reducer_destroy(struct edgel_reducer **reducer)
{
    struct edgel_reducer *r = reducer ? *reducer : NULL;
    if (!r)
        return;
    edgel_free(r->prediction);
    edgel_free(r->ids);
    edgel_free(r->cells);
    edgel_free(r->known);
    for (int f = 0; f < EDGEL_FAMILIES; f++) {
        if (r->family[f].sums && summing(f)->finish)
            summing(f)->finish(r->family[f].sums);
        edgel_free(r->family[f].sums);
        edgel_free(r->family[f].classes);
    }
    edgel_free(r);
    *reducer = NULL;
}

/* --- classes seen for the first time --- */

static void mark_seen(const struct edgel_reducer *r, const struct edgel_row *row, uint8_t *seen)
{
    const struct edgel_pixels_counts *p = edgel_row_pixels(row);
    for (size_t i = 0; i < p->n; i++) {
        if (edgel_reducer_judged(r, &p->cells[i]) < 0)
            continue;
        seen[p->cells[i].truth] = 1;
        if (p->cells[i].prediction >= 0 && !edgel_reducer_ignores(r, p->cells[i].prediction))
            seen[p->cells[i].prediction] = 1;
    }
}

/* A family's sums by class, with room for those of ids[n], among them those there are. */
static char *grown(const struct edgel_reducer *r, int family, const int32_t *ids, size_t n)
{
    const size_t size = r->family[family].class_size;
    const char *from = r->family[family].classes, *absent = from + r->nclasses * size;
    char *to = edgel_alloc(n + 1, size);
    for (size_t i = 0, k = 0; to && i < n; i++) {
        const bool old = k < r->nclasses && r->ids[k] == ids[i];
        memcpy(to + i * size, old ? from + k * size : absent, size);
        k += old;
    }
    if (to)
        memcpy(to + n * size, absent, size);
    return to;
}

static bool grow(struct edgel_reducer *r, const uint8_t *seen, size_t fresh)
{
    char *classes[EDGEL_FAMILIES] = { NULL };
    int32_t *ids = edgel_alloc(r->nclasses + fresh, sizeof *ids);
    size_t n = 0;
    bool ok = ids != NULL;
    for (int32_t id = 0; ok && id < EDGEL_IDS; id++)
        if (seen[id] || r->known[id] & EDGEL_IS_CLASS)
            ids[n++] = id;
    for (int f = 0; f < EDGEL_FAMILIES && ok; f++)
        ok = !r->family[f].classes || (classes[f] = grown(r, f, ids, n));
    for (int f = 0; f < EDGEL_FAMILIES; f++) {
        if (ok && classes[f]) {
            edgel_free(r->family[f].classes);
            r->family[f].classes = classes[f];
        } else {
            edgel_free(classes[f]);
        }
    }
    if (!ok) {
        edgel_free(ids);
        return false;
    }
    for (size_t i = 0; i < n; i++)
        r->known[ids[i]] |= EDGEL_IS_CLASS;
    edgel_free(r->ids);
    r->ids = ids;
    r->nclasses = n;
    return true;
}

enum edgel_status edgel_reducer_learn(struct edgel_reducer *r, const struct edgel_row *row,
                                      struct edgel_error *err)
{
    uint8_t *seen = edgel_calloc(EDGEL_IDS, 1);
    size_t fresh = 0;
    if (!seen)
        return edgel_reduce_no_memory(err);
    mark_seen(r, row, seen);
    for (int32_t id = 0; id < EDGEL_IDS; id++)
        fresh += seen[id] && !(r->known[id] & EDGEL_IS_CLASS);
    enum edgel_status st = EDGEL_OK;
    if (fresh + r->nclasses > EDGEL_CLASSES_MAX)
        st = edgel_fail(err, EDGEL_EFORMAT, "more than %d different ids: no classes (say which there are)",
                        EDGEL_CLASSES_MAX);
    else if (fresh > 0 && !grow(r, seen, fresh))
        st = edgel_reduce_no_memory(err);
    edgel_free(seen);
    return st;
}
