/*
 * Masks as run lengths: pixels column by column, runs of 0 and 1 by turns, the first of 0 (it may be empty).
 *
 * String form: each number in groups of 5 bits, lowest first, a character '0' + group, with 32 added when more follow;
 * 16 of the last group is the sign. From the fourth number on it is the difference to the number before the last.
 * Every number must be 0 or more, and they must sum to w * h; a number has at most 7 groups.
 * Source: the format of the COCO data set, https://cocodataset.org.
 */
#include "eval/objects/objects_priv.h"

enum { GROUPS_MAX = 7, SPANS_MAX = 1 << 21 }; /* spans of one image: 24 MB */

/* Where the runs of one object have got to. */
struct runs {
    struct edgel_object_set *s;
    size_t *room;
    uint32_t object;
    uint64_t at, all; /* pixels passed; of the image */
    bool set;         /* the next run is of the object */
    struct edgel_error *err;
};

static enum edgel_status add_span(const struct runs *r, uint64_t from, uint64_t to)
{
    struct edgel_object_set *s = r->s;
    if (s->nspans == SPANS_MAX)
        return edgel_fail(r->err, EDGEL_ELIMIT, "run lengths: more than %d runs of objects in one image",
                          SPANS_MAX);
    if (s->nspans == *r->room) {
        const size_t room = *r->room + *r->room / 2 + 64;
        struct edgel_span *v = edgel_realloc(s->spans, s->nspans * sizeof *v, room, sizeof *v);
        if (!v)
            return edgel_no_memory(r->err, "run lengths");
        s->spans = v;
        *r->room = room;
    }
    s->spans[s->nspans++] = (struct edgel_span){ (uint32_t)from, (uint32_t)to, r->object };
    return EDGEL_OK;
}

static enum edgel_status add_run(struct runs *r, int64_t n)
{
    if (n < 0)
        return edgel_fail(r->err, EDGEL_EFORMAT, "run lengths: one is negative");
    if ((uint64_t)n > r->all - r->at)
        return edgel_fail(r->err, EDGEL_EFORMAT,
                          "run lengths: they sum to more than the %dx%d pixels of the mask", r->s->w,
                          r->s->h);
    if (r->set && n > 0)
        EDGEL_TRY(add_span(r, r->at, r->at + (uint64_t)n));
    r->at += (uint64_t)n;
    r->set = !r->set;
    return EDGEL_OK;
}

static enum edgel_status end_runs(const struct runs *r)
{
    if (r->at == r->all)
        return EDGEL_OK;
    return edgel_fail(r->err, EDGEL_EFORMAT,
                      "run lengths: they sum to %llu, not to the %dx%d pixels of the mask",
                      (unsigned long long)r->at, r->s->w, r->s->h);
}

enum edgel_status edgel_rle_counts(const int64_t *counts, size_t n, uint32_t object,
                                   struct edgel_object_set *s, size_t *room, struct edgel_error *err)
{
    struct runs r = { s, room, object, 0, (uint64_t)s->w * (uint64_t)s->h, false, err };
    for (size_t i = 0; i < n; i++)
        EDGEL_TRY(add_run(&r, counts[i]));
    return end_runs(&r);
}

/* The number at *text, which then stands behind it. */
static bool next_number(const char **text, int64_t *out)
{
    int64_t v = 0;
    for (int k = 0; k < GROUPS_MAX; k++) {
        const int c = (unsigned char)*(*text)++ - '0';
        if (c < 0 || c > 63)
            return false;
        v |= (int64_t)(c & 31) << 5 * k;
        if (c & 32)
            continue;
        *out = c & 16 ? v - ((int64_t)1 << 5 * (k + 1)) : v;
        return true;
    }
    return false;
}

enum edgel_status edgel_rle_string(const char *text, uint32_t object, struct edgel_object_set *s,
                                   size_t *room, struct edgel_error *err)
{
    struct runs r = { s, room, object, 0, (uint64_t)s->w * (uint64_t)s->h, false, err };
    int64_t last[2] = { 0, 0 };
    for (size_t i = 0; *text; i++) {
        int64_t n;
        if (!next_number(&text, &n))
            return edgel_fail(err, EDGEL_EFORMAT, "run lengths: number %zu of the string is none", i + 1);
        n += i > 2 ? last[0] : 0;
        EDGEL_TRY(add_run(&r, n));
        last[0] = last[1];
        last[1] = n;
    }
    return end_runs(&r);
}
