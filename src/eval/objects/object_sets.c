/*
 * The objects of a plane of ids.
 *
 * Every pixel of a line (a row, or a column) that has the value of the one before belongs to its span. By ids, spans of
 * one value are one object. By components, spans of one value in neighbouring lines are joined where they touch by a
 * side or a corner (8 neighbours): union-find over spans, smaller index as the root, so that components are numbered
 * from 1 in the order of their first pixels. O(pixels) and a sort of the spans' values.
 */
#include "eval/objects/objects_priv.h"
#include <stdlib.h>
#include <string.h>

/* Positions are 32 bits. */
#define PIXELS_MAX ((uint64_t)1 << 31)

struct plane {
    const int32_t *v;
    int lines, length; /* lines of so many pixels */
    size_t line_step, pixel_step;
};

enum edgel_status edgel_objects_limit(int w, int h, struct edgel_error *err)
{
    if ((uint64_t)w * (uint64_t)h > PIXELS_MAX)
        return edgel_fail(err, EDGEL_ELIMIT, "objects: %dx%d is more than 2^31 pixels", w, h);
    return EDGEL_OK;
}

void edgel_object_set_finish(struct edgel_object_set *s)
{
    edgel_free(s->objects);
    edgel_free(s->spans);
    edgel_free(s->voids);
    *s = (struct edgel_object_set){ 0 };
}

/* --- spans --- */

static int32_t value_at(const struct plane *p, int line, int i)
{
    return p->v[(size_t)line * p->line_step + (size_t)i * p->pixel_step];
}

/* Writes spans (and their values) and voids when the set has memory for them, counts them in any case. */
static void scan(const struct plane *p, struct edgel_object_set *s, int32_t *values)
{
    s->nspans = s->nvoids = 0;
    for (int line = 0; line < p->lines; line++)
        for (int i = 0; i < p->length;) {
            const int from = i;
            const int32_t v = value_at(p, line, i);
            while (++i < p->length && value_at(p, line, i) == v)
                ;
            const uint32_t first = (uint32_t)line * (uint32_t)p->length;
            const struct edgel_span span = { first + (uint32_t)from, first + (uint32_t)i, 0 };
            if (v == 0)
                continue;
            struct edgel_span *to = v < 0 ? s->voids : s->spans;
            size_t *n = v < 0 ? &s->nvoids : &s->nspans;
            if (values) {
                to[*n] = span;
                if (v > 0)
                    values[*n] = v;
            }
            ++*n;
        }
}

static struct plane plane_of(const int32_t *v, int w, int h, bool columns)
{
    const size_t stride = (size_t)w;
    return columns ? (struct plane){ v, w, h, 1, stride } : (struct plane){ v, h, w, stride, 1 };
}

static enum edgel_status find_spans(const struct plane *p, int w, int h, bool columns,
                                    struct edgel_object_set *s, int32_t **values, struct edgel_error *err)
{
    *s = (struct edgel_object_set){ .w = w, .h = h, .columns = columns };
    *values = NULL;
    EDGEL_TRY(edgel_objects_limit(w, h, err));
    scan(p, s, NULL);
    s->spans = edgel_alloc(s->nspans + 1, sizeof *s->spans);
    s->voids = edgel_alloc(s->nvoids + 1, sizeof *s->voids);
    *values = edgel_alloc(s->nspans + 1, sizeof **values);
    if (!s->spans || !s->voids || !*values)
        return edgel_no_memory(err, "objects");
    scan(p, s, *values);
    return EDGEL_OK;
}

static int by_start(const void *a, const void *b)
{
    const struct edgel_span *x = a, *y = b;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    return (x->object > y->object) - (x->object < y->object);
}

void edgel_objects_sort(struct edgel_object_set *s)
{
    if (s->nspans > 1)
        qsort(s->spans, s->nspans, sizeof *s->spans, by_start);
}

/* --- extents --- */

static void stretch(struct edgel_object *o, int x0, int y0, int x1, int y1)
{
    const bool first = o->pixels == 0;
    o->box[0] = first || x0 < o->box[0] ? x0 : o->box[0];
    o->box[1] = first || y0 < o->box[1] ? y0 : o->box[1];
    o->box[2] = first || x1 > o->box[2] ? x1 : o->box[2];
    o->box[3] = first || y1 > o->box[3] ? y1 : o->box[3];
}

/* A span that goes on in further lines touches both ends of a line. */
void edgel_objects_extents(struct edgel_object_set *s)
{
    const uint32_t length = (uint32_t)(s->columns ? s->h : s->w);
    for (size_t i = 0; i < s->nspans; i++) {
        const struct edgel_span *span = &s->spans[i];
        struct edgel_object *o = &s->objects[span->object];
        const int line = (int)(span->start / length), last = (int)((span->end - 1) / length);
        const int from = line == last ? (int)(span->start % length) : 0;
        const int to = line == last ? (int)((span->end - 1) % length) + 1 : (int)length;
        if (s->columns)
            stretch(o, line, from, last + 1, to);
        else
            stretch(o, from, line, to, last + 1);
        o->pixels += span->end - span->start;
    }
}

/* --- by ids --- */

static int by_value(const void *a, const void *b)
{
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static enum edgel_status name_ids(struct edgel_object_set *s, const int32_t *values, struct edgel_error *err)
{
    int32_t *ids = edgel_alloc(s->nspans + 1, sizeof *ids);
    size_t n = 0;
    if (!ids)
        return edgel_no_memory(err, "objects");
    memcpy(ids, values, s->nspans * sizeof *ids);
    if (s->nspans > 1)
        qsort(ids, s->nspans, sizeof *ids, by_value);
    for (size_t i = 0; i < s->nspans; i++)
        if (i == 0 || ids[i] != ids[n - 1])
            ids[n++] = ids[i];
    s->objects = edgel_calloc(n + 1, sizeof *s->objects);
    s->nobjects = s->objects ? n : 0;
    for (size_t i = 0; i < s->nobjects; i++)
        s->objects[i] = (struct edgel_object){ .id = ids[i], .class_id = 1 };
    for (size_t i = 0; i < s->nspans && s->objects; i++) {
        const int32_t *at = bsearch(&values[i], ids, n, sizeof *ids, by_value);
        s->spans[i].object = (uint32_t)(at - ids);
    }
    edgel_free(ids);
    return s->objects ? EDGEL_OK : edgel_no_memory(err, "objects");
}

/* --- by components --- */

static uint32_t root_of(uint32_t *parent, uint32_t i)
{
    while (parent[i] != i) {
        parent[i] = parent[parent[i]];
        i = parent[i];
    }
    return i;
}

static void join(uint32_t *parent, uint32_t a, uint32_t b)
{
    a = root_of(parent, a);
    b = root_of(parent, b);
    if (a < b)
        parent[b] = a;
    else
        parent[a] = b;
}

/* Joins the spans of a line, [from, to), with those of the line before it, [before, from). */
static void join_lines(const struct edgel_object_set *s, const int32_t *values, uint32_t *parent,
                       uint32_t before, uint32_t from, uint32_t to, uint32_t length)
{
    uint32_t k = before;
    for (uint32_t i = from; i < to; i++) {
        const uint32_t start = s->spans[i].start - length, end = s->spans[i].end - length;
        while (k < from && s->spans[k].end < start)
            k++;
        for (uint32_t j = k; j < from && s->spans[j].start <= end; j++)
            if (values[j] == values[i])
                join(parent, i, j);
    }
}

static void join_all(const struct edgel_object_set *s, const int32_t *values, uint32_t *parent)
{
    const uint32_t length = (uint32_t)(s->columns ? s->h : s->w), n = (uint32_t)s->nspans;
    uint32_t before = 0, from = 0;
    for (uint32_t i = 0; i < n; i++)
        parent[i] = i;
    while (from < n) {
        const uint32_t line = s->spans[from].start / length;
        uint32_t to = from;
        while (to < n && s->spans[to].start / length == line)
            to++;
        if (from > before && s->spans[before].start / length + 1 == line)
            join_lines(s, values, parent, before, from, to, length);
        before = from;
        from = to;
    }
}

static enum edgel_status name_components(struct edgel_object_set *s, const int32_t *values,
                                         struct edgel_error *err)
{
    uint32_t *parent = edgel_alloc(s->nspans + 1, sizeof *parent);
    size_t n = 0;
    if (!parent)
        return edgel_no_memory(err, "objects");
    join_all(s, values, parent);
    for (uint32_t i = 0; i < s->nspans; i++)
        n += parent[i] == i;
    s->objects = edgel_calloc(n + 1, sizeof *s->objects);
    for (uint32_t i = 0; i < s->nspans && s->objects; i++) {
        const uint32_t root = root_of(parent, i);
        if (root == i) {
            s->objects[s->nobjects] =
                (struct edgel_object){ .id = (int64_t)s->nobjects + 1, .class_id = values[i] };
            s->spans[i].object = (uint32_t)s->nobjects++;
        } else {
            s->spans[i].object = s->spans[root].object; /* a root comes before what it is the root of */
        }
    }
    edgel_free(parent);
    return s->objects ? EDGEL_OK : edgel_no_memory(err, "objects");
}

static enum edgel_status make(const int32_t *v, int w, int h, bool columns, bool components,
                              struct edgel_object_set *out, struct edgel_error *err)
{
    const struct plane p = plane_of(v, w, h, columns);
    int32_t *values;
    enum edgel_status st = find_spans(&p, w, h, columns, out, &values, err);
    if (st == EDGEL_OK)
        st = components ? name_components(out, values, err) : name_ids(out, values, err);
    edgel_free(values);
    if (st == EDGEL_OK)
        edgel_objects_extents(out);
    else
        edgel_object_set_finish(out);
    return st;
}

enum edgel_status edgel_objects_of_ids(const int32_t *plane, int w, int h, bool columns,
                                       struct edgel_object_set *out, struct edgel_error *err)
{
    return make(plane, w, h, columns, false, out, err);
}

enum edgel_status edgel_objects_of_components(const int32_t *plane, int w, int h, bool columns,
                                              struct edgel_object_set *out, struct edgel_error *err)
{
    return make(plane, w, h, columns, true, out, err);
}
