/*
 * Counts of shards joined into those of the whole. Rows stand in the order of (method, name), in every part and in the
 * whole, so joining is a merge of sorted lists: N open files, one row of each in memory. What the first lines say of
 * the whole, the number of its rows and the hash of their names, is computed again from the joined rows.
 */
#include "eval/eval_priv.h"
#include <inttypes.h>
#include <string.h>

struct source {
    struct edgel_counts_reader *reader;
    struct edgel_row row; /* the next one */
    bool more;            /* there is one */
};

struct merge {
    const char *const *paths;
    size_t n;
    struct source *sources;
};

static int compare(const struct edgel_row *a, const struct edgel_row *b)
{
    if (a->prediction != b->prediction)
        return a->prediction < b->prediction ? -1 : 1;
    return strcmp(a->image, b->image);
}

/* --- first lines --- */

/* False: no memory. */
static bool compare_reduce(const struct edgel_reduce *a, const struct edgel_reduce *b, bool *same)
{
    struct edgel_text x = { 0 }, y = { 0 };
    edgel_counts_reduce_json(&x, a);
    edgel_counts_reduce_json(&y, b);
    const bool whole = !x.failed && !y.failed;
    *same = whole && x.len == y.len && memcmp(x.s, y.s, x.len) == 0;
    edgel_text_finish(&x);
    edgel_text_finish(&y);
    return whole;
}

static bool same_predictions(const struct edgel_counts_header *a, const struct edgel_counts_header *b)
{
    bool same = a->npredictions == b->npredictions;
    for (size_t i = 0; same && i < a->npredictions; i++)
        same = strcmp(a->predictions[i], b->predictions[i]) == 0;
    return same;
}

static bool same_reading(const struct edgel_counts_reading *a, const struct edgel_counts_reading *b)
{
    bool same = a->lenient == b->lenient && a->unoriented == b->unoriented;
    for (int k = 0; k < EDGEL_READING_LIMITS; k++)
        same = same && edgel_counts_reading_limit(a, k) == edgel_counts_reading_limit(b, k);
    return same;
}

static enum edgel_status agree(const struct merge *m, size_t i, struct edgel_error *err)
{
    const struct edgel_counts_header *a = edgel_counts_header_of(m->sources[0].reader),
                                     *b = edgel_counts_header_of(m->sources[i].reader);
    struct edgel_error detail = { 0 };
    const char *what = NULL;
    bool same;
    if (!compare_reduce(&a->reduce, &b->reduce, &same))
        return edgel_no_memory(err, m->paths[i]);
    if (edgel_measure_agree(&a->measure, &b->measure, &detail) != EDGEL_OK)
        what = detail.msg;
    else if (!same)
        what = "the conventions asked for (reduce) differ";
    else if (!same_reading(&a->reading, &b->reading))
        what = "images were read in different ways (lenient, orientation, limits)";
    else if (!same_predictions(a, b))
        what = "the predictions have different names";
    if (what)
        return edgel_fail(err, EDGEL_EINVAL, "%s and %s: %.200s", m->paths[0], m->paths[i], what);
    return EDGEL_OK;
}

static enum edgel_status check_parts(const struct merge *m, struct edgel_error *err)
{
    struct edgel_shard *shards = edgel_calloc(m->n, sizeof *shards);
    size_t *order = edgel_calloc(m->n, sizeof *order);
    enum edgel_status st =
        shards && order ? EDGEL_OK : edgel_fail(err, EDGEL_ENOMEM, "%zu counts files: out of memory", m->n);
    for (size_t i = 0; i < m->n && st == EDGEL_OK; i++) {
        shards[i] = edgel_counts_header_of(m->sources[i].reader)->shard;
        st = agree(m, i, err);
    }
    if (st == EDGEL_OK)
        st = edgel_shard_order(shards, m->n, m->paths, order, err);
    edgel_free(shards);
    edgel_free(order);
    return st;
}

static enum edgel_status open_all(struct merge *m, struct edgel_error *err)
{
    m->sources = edgel_calloc(m->n, sizeof *m->sources);
    if (!m->sources)
        return edgel_fail(err, EDGEL_ENOMEM, "%zu counts files: out of memory", m->n);
    for (size_t i = 0; i < m->n; i++)
        EDGEL_TRY(edgel_counts_open(m->paths[i], &m->sources[i].reader, err));
    return check_parts(m, err);
}

/* --- rows --- */

/* The next row of a source. */
static enum edgel_status advance(struct source *s, struct edgel_error *err)
{
    edgel_row_finish(&s->row);
    return edgel_counts_next(s->reader, &s->row, &s->more, err);
}

/* The source with the first row; NULL when all are at their end. A row in two of them is refused. */
static enum edgel_status find_first(const struct merge *m, struct source **first, struct edgel_error *err)
{
    *first = NULL;
    for (struct source *s = m->sources; s < m->sources + m->n; s++) {
        int c = s->more && *first ? compare(&s->row, &(*first)->row) : -1;
        if (s->more && c == 0)
            return edgel_fail(err, EDGEL_EFORMAT, "%s and %s: both have the row of %.200s",
                              m->paths[*first - m->sources], m->paths[s - m->sources], s->row.image);
        if (s->more && c < 0)
            *first = s;
    }
    return EDGEL_OK;
}

static enum edgel_status join(struct merge *m, struct edgel_output *out, bool (*stop)(void *user), void *user,
                              struct edgel_error *err)
{
    struct edgel_counts_header header = *edgel_counts_header_of(m->sources[0].reader);
    const struct edgel_shard whole = header.shard;
    struct edgel_shard seen = { .digest = whole.items == 0 ? whole.digest : 0 };
    struct source *s;
    header.shard = (struct edgel_shard){ 0 };
    header.rows = whole.items;
    EDGEL_TRY(edgel_counts_write_header(out, &header, err));
    for (size_t i = 0; i < m->n; i++)
        EDGEL_TRY(advance(&m->sources[i], err));
    EDGEL_TRY(find_first(m, &s, err));
    while (s) {
        if (stop && stop(user))
            return edgel_fail(err, EDGEL_EINTERRUPTED, "interrupted");
        EDGEL_TRY(edgel_counts_write_row(out, &s->row, err));
        edgel_shard_add(&seen, s->row.image);
        EDGEL_TRY(advance(s, err));
        EDGEL_TRY(find_first(m, &s, err));
    }
    if (seen.items != whole.items)
        return edgel_fail(err, EDGEL_EFORMAT,
                          "%s: with the other parts, %" PRIu64 " rows instead of %" PRIu64, m->paths[0],
                          seen.items, whole.items);
    if (seen.digest != whole.digest)
        return edgel_fail(err, EDGEL_EFORMAT,
                          "%s: its rows, with those of the other parts, are not those of the list",
                          m->paths[0]);
    return EDGEL_OK;
}

enum edgel_status edgel_counts_merge(const char *const *paths, size_t npaths, const char *output,
                                     bool (*stop)(void *user), void *user, struct edgel_error *err)
{
    struct merge m = { .paths = paths, .n = npaths };
    struct edgel_output *out = NULL;
    if (npaths == 0 || !output)
        return edgel_fail(err, EDGEL_EINVAL, "counts to join: there must be one at least, and an output");
    EDGEL_REQUIRE(paths);
    enum edgel_status st = open_all(&m, err);
    if (st == EDGEL_OK)
        st = edgel_output_begin(output, &out, err);
    if (st == EDGEL_OK)
        st = join(&m, out, stop, user, err);
    if (st == EDGEL_OK)
        st = edgel_output_commit(&out, err);
    edgel_output_discard(&out);
    for (size_t i = 0; m.sources && i < npaths; i++) {
        edgel_row_finish(&m.sources[i].row);
        edgel_counts_close(&m.sources[i].reader);
    }
    edgel_free(m.sources);
    return st;
}
