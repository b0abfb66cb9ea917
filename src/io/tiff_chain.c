/*
 * Whether the pages of a TIFF lie within the file, those too that are not asked for.
 *
 * A file that was cut while it was copied often ends in a later page, and its first page still decodes. So the chain of
 * directories is followed from the first one to the last, and each directory, and the strips or tiles that it lists,
 * must lie within the file. Where a file is read without a page being named, the cut is an error; a page that is named
 * is read, and a remark says which one is not there. The pixels of other pages are not decoded: a changed byte there is
 * not seen. A circle ends the chain. What is looked at is bounded, because directories may share their lists.
 * Source: TIFF 6.0, section 2; the BigTIFF proposal.
 */
#include "io/tiff_priv.h"
#include <inttypes.h>
#include <stdio.h>

enum { OFFSETS_STRIPS = 273, COUNTS_STRIPS = 279, OFFSETS_TILES = 324, COUNTS_TILES = 325, RUN = 512 };
enum { LOOKED_MAX = 1 << 22, SHORT = 3, LONG = 4, LONG8 = 16 };

struct chain {
    const struct edgel_source *src;
    bool big, swapped; /* BigTIFF; numbers begin with their highest byte */
    uint64_t left;     /* numbers that may still be looked at */
};

/* A list of numbers of an entry. */
struct list {
    uint64_t at, n;
    unsigned size; /* bytes of one; 0: no list */
};

static bool number_at(const struct chain *c, uint64_t at, unsigned size, uint64_t *out)
{
    uint8_t b[8];
    *out = 0;
    if (at > c->src->size || size > c->src->size - at || !edgel_source_copy(c->src, at, b, size))
        return false;
    for (unsigned i = 0; i < size; i++)
        *out = *out << 8 | b[c->swapped ? i : size - 1 - i];
    return true;
}

static bool entry_at(const struct chain *c, uint64_t at, uint64_t *tag, struct list *list)
{
    static const uint8_t bytes[] = { 0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8 }; /* by type */
    const unsigned wide = c->big ? 8 : 4;
    uint64_t type, place;
    *list = (struct list){ 0 };
    if (!number_at(c, at, 2, tag) || !number_at(c, at + 2, 2, &type) || !number_at(c, at + 4, wide, &list->n))
        return false;
    const unsigned size = type < sizeof bytes ? bytes[type] : 0;
    list->size = type == SHORT || type == LONG || type == LONG8 ? size : 0;
    list->at = at + 4 + wide;
    if (size == 0 || list->n <= wide / size)
        return true;
    if (!number_at(c, list->at, wide, &place) || list->n > c->src->size / size)
        return false;
    list->at = place;
    return place <= c->src->size && list->n * size <= c->src->size - place;
}

/* n <= RUN numbers of a list from the i-th on. */
static bool numbers(const struct chain *c, const struct list *list, uint64_t i, size_t n, uint64_t *out)
{
    uint8_t b[8 * RUN];
    if (!edgel_source_copy(c->src, list->at + i * list->size, b, n * list->size))
        return false;
    for (size_t k = 0; k < n; k++) {
        out[k] = 0;
        for (unsigned j = 0; j < list->size; j++)
            out[k] = out[k] << 8 | b[k * list->size + (c->swapped ? j : list->size - 1 - j)];
    }
    return true;
}

/* Whether the strips or tiles lie within the file. */
static bool pixels_are_there(struct chain *c, const struct list *offsets, const struct list *counts)
{
    uint64_t at[RUN], n[RUN];
    const uint64_t all =
        offsets->size && counts->size ? (offsets->n < counts->n ? offsets->n : counts->n) : 0;
    for (uint64_t i = 0; i < all && c->left > 0; i += RUN) {
        const size_t run = all - i < RUN ? (size_t)(all - i) : RUN;
        if (!numbers(c, offsets, i, run, at) || !numbers(c, counts, i, run, n))
            return false;
        for (size_t k = 0; k < run; k++)
            if (n[k] > 0 && (at[k] > c->src->size || n[k] > c->src->size - at[k]))
                return false;
        c->left -= run < c->left ? run : c->left;
    }
    return true;
}

/* The directory at `at`; *next is the offset of the one after it, 0: none. *linked: next could be read. False: the page
 * does not lie within the file. */
static bool look_at_directory(struct chain *c, uint64_t at, uint64_t *next, bool *linked)
{
    const unsigned wide = c->big ? 8 : 2, entry = c->big ? 20 : 12;
    struct list offsets = { 0 }, counts = { 0 };
    uint64_t n;
    *linked = false;
    if (!number_at(c, at, wide, &n) || n > c->src->size / entry)
        return false;
    *linked = number_at(c, at + wide + n * entry, c->big ? 8 : 4, next);
    for (uint64_t i = 0; i < n && c->left > 0; i++, c->left--) {
        struct list list;
        uint64_t tag;
        if (!entry_at(c, at + wide + i * entry, &tag, &list))
            return false;
        if (tag == OFFSETS_STRIPS || tag == OFFSETS_TILES)
            offsets = list;
        if (tag == COUNTS_STRIPS || tag == COUNTS_TILES)
            counts = list;
    }
    return *linked && pixels_are_there(c, &offsets, &counts);
}

static enum edgel_status cut_off(const struct edgel_source *src, uint64_t page)
{
    char text[100];
    snprintf(text, sizeof text, "page %" PRIu64 " is cut off: it does not lie within the file", page);
    if (src->params->lenient)
        edgel_source_damage(src, text);
    else if (src->params->page == 0 || (uint64_t)src->params->page == page)
        return edgel_fail(src->err, EDGEL_EFORMAT, "%s: TIFF: %s", src->name, text);
    else
        edgel_source_remark(src, text);
    return EDGEL_OK;
}

enum edgel_status edgel_tiff_check_chain(const struct edgel_source *src)
{
    struct chain c = { .src = src, .left = LOOKED_MAX };
    uint8_t head[4];
    uint64_t at = 0, seen = 0, next, page = 1,
             until = 2; /* seen: a page of before, against circles (Brent) */
    if (!edgel_source_copy(src, 0, head, sizeof head))
        return EDGEL_OK;
    c.swapped = head[0] == 'M';
    c.big = head[2] + head[3] == 43;
    if (!number_at(&c, c.big ? 8 : 4, c.big ? 8 : 4, &at))
        return EDGEL_OK; /* libtiff has its own words for the first page */
    for (; at != 0 && at != seen && c.left > 0; at = next, page++) {
        bool linked;
        const bool whole = look_at_directory(&c, at, &next, &linked);
        if (!whole && (page > 1 || !linked)) /* of the first page itself, the decoder says what is wrong */
            return cut_off(src, page > 1 ? page : 2);
        if (page == until) {
            seen = at;
            until *= 2;
        }
    }
    return EDGEL_OK;
}
