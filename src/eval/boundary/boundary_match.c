/*
 * The matching of the boundary benchmark (boundary.c): the detections of all thresholds against each annotator by
 * itself.
 *
 * An annotator's matching follows the changes from one threshold to the next. Annotators are matched side by side where
 * there are threads for it: sums and unions over them do not depend on the order.
 */
#include "eval/boundary/boundary_priv.h"
#include <math.h>
#include <stdatomic.h>
#include <string.h>

typedef _Atomic uint64_t shared_count; /* added to, or united with, in any order */

struct offsets {
    int reach;     /* rows above and below */
    int64_t limit; /* largest squared distance */
    int *half;     /* [reach + 1] columns left and right in a row that far away */
};

struct outcome {
    enum edgel_status status;
    struct edgel_error err;
};

/* All annotators of an image. */
struct matching {
    const struct edgel_measure *params;
    const struct edgel_detections *found;
    const struct edgel_mask *truth;
    struct offsets offsets;
    size_t words;                /* of 64 detections */
    shared_count *matched;       /* [k * words] by some annotator */
    shared_count *matched_truth; /* [k] */
    shared_count pixels;         /* of truth */
    atomic_uint remarks;
    struct outcome *outcomes; /* [ntruth] */
};

/* One of them. */
struct annotator {
    struct matching *m;
    int w, h;
    struct edgel_bits mask, thin, gone;
    uint32_t *stamps;
    uint16_t *ids; /* a row */
    struct edgel_reach reach;
    struct edgel_error *err;
};

static enum edgel_status no_memory(int w, int h, struct edgel_error *err)
{
    return edgel_no_memory_for(err, "boundary", w, h);
}

/* Reads a truth mask; remarks on values and thickness. */
static enum edgel_status read_truth(struct annotator *b, const struct edgel_mask *truth)
{
    uint16_t value = 0;
    memset(b->mask.words, 0, ((size_t)b->h + 2) * b->mask.row * sizeof *b->mask.words);
    for (int y = 0; y < b->h; y++) {
        EDGEL_TRY(edgel_mask_read(truth, "truth", y, b->ids, b->err));
        for (int x = 0; x < b->w; x++) {
            if (b->ids[x] == 0)
                continue;
            edgel_bits_set(&b->mask, x, y);
            if (value != 0 && b->ids[x] != value)
                atomic_fetch_or(&b->m->remarks, EDGEL_REMARK_TRUTH_VALUES);
            value = b->ids[x];
        }
    }
    edgel_bits_copy(&b->thin, &b->mask);
    edgel_thin(&b->thin, &b->gone, b->stamps);
    const uint64_t n = edgel_bits_count(&b->mask);
    if (4 * edgel_bits_count(&b->thin) < 3 * n)
        atomic_fetch_or(&b->m->remarks, EDGEL_REMARK_TRUTH_THICK);
    atomic_fetch_add(&b->m->pixels, n);
    return EDGEL_OK;
}

enum { REACH_MAX = 1024 };

/* distance^2 <= (max_dist)^2 (w^2 + h^2), rounding aside: 1e-12 is far above the error and below the next integer. */
static enum edgel_status make_offsets(double share, int w, int h, struct offsets *o, struct edgel_error *err)
{
    const double diagonal2 = (double)w * w + (double)h * h;
    o->limit = (int64_t)floor(share * share * diagonal2 * (1 + 1e-12));
    if (o->limit > REACH_MAX * REACH_MAX)
        return edgel_fail(err, EDGEL_ELIMIT, "boundary: matches over more than %d px are not made",
                          REACH_MAX);
    o->reach = (int)floor(sqrt((double)o->limit));
    if (!(o->half = edgel_alloc((size_t)o->reach + 1, sizeof *o->half)))
        return no_memory(w, h, err);
    for (int dy = 0; dy <= o->reach; dy++) {
        int64_t rest = o->limit - (int64_t)dy * dy;
        int half = (int)sqrt((double)rest);
        while ((int64_t)half * half > rest)
            half--;
        while ((int64_t)(half + 1) * (half + 1) <= rest)
            half++;
        o->half[dy] = half;
    }
    return EDGEL_OK;
}

/* The set bits of row y from x0 to x1, moved to bit 0 on: at most 64. */
static uint64_t window(const struct edgel_bits *b, int y, int x0, int n)
{
    const uint64_t *row = edgel_bits_row(b, y) + (x0 >> 6);
    const int shift = x0 & 63;
    const uint64_t v = shift ? row[0] >> shift | row[1] << (64 - shift) : row[0];
    return n < 64 ? v & (((uint64_t)1 << n) - 1) : v;
}

/* Detections within reach of (x, y): counted, and written from `at` on if `write`. */
static size_t find_near(struct annotator *b, int x, int y, size_t at, bool write)
{
    const struct edgel_detections *f = b->m->found;
    const struct offsets *o = &b->m->offsets;
    const int y0 = y - o->reach > 0 ? y - o->reach : 0;
    const int y1 = y + o->reach < b->h - 1 ? y + o->reach : b->h - 1;
    size_t n = 0;
    for (int v = y0; v <= y1; v++) {
        const int dy = v > y ? v - y : y - v;
        const int x0 = x - o->half[dy] > 0 ? x - o->half[dy] : 0;
        const int x1 = x + o->half[dy] < b->w - 1 ? x + o->half[dy] : b->w - 1;
        for (int from = x0; from <= x1; from += 64) {
            const int width = x1 - from + 1;
            uint64_t bits = window(&f->all, v, from, width < 64 ? width : 64);
            if (!write) {
                n += (size_t)__builtin_popcountll(bits);
                continue;
            }
            for (; bits; bits &= bits - 1, n++) {
                const int u = from + edgel_bits_lowest(bits);
                b->reach.detection[at + n] = f->index[(size_t)v * (size_t)b->w + (size_t)u];
                b->reach.d2[at + n] = (uint32_t)((u - x) * (u - x) + dy * dy);
            }
        }
    }
    return n;
}

static void release_reach(struct annotator *b)
{
    edgel_free(b->reach.first);
    edgel_free(b->reach.detection);
    edgel_free(b->reach.d2);
    b->reach = (struct edgel_reach){ 0 };
}

/* Counts the pairs of every truth pixel, or (write) lists them. */
static enum edgel_status walk_truth(struct annotator *b, bool write)
{
    int32_t t = 0;
    for (int y = 0; y < b->h; y++) {
        EDGEL_TRY(edgel_measure_go_on(b->m->params, b->err));
        for (size_t i = 0; i + 2 < b->mask.row; i++)
            for (uint64_t v = edgel_bits_row(&b->mask, y)[i]; v; v &= v - 1, t++) {
                const int x = (int)i * 64 + edgel_bits_lowest(v);
                const size_t n = find_near(b, x, y, b->reach.first[t], write);
                if (!write)
                    b->reach.first[t + 1] = b->reach.first[t] + n;
            }
    }
    return EDGEL_OK;
}

/* The pairs of truth pixels and detections within reach of one another. */
static enum edgel_status find_pairs(struct annotator *b)
{
    const uint64_t n = edgel_bits_count(&b->mask);
    if (n > INT32_MAX / 2)
        return edgel_fail(b->err, EDGEL_ELIMIT, "boundary: %llu truth pixels are too many to match",
                          (unsigned long long)n);
    b->reach.ntruth = (int32_t)n;
    b->reach.ndetections = b->m->found->n;
    if (!(b->reach.first = edgel_calloc((size_t)n + 1, sizeof *b->reach.first)))
        return no_memory(b->w, b->h, b->err);
    EDGEL_TRY(walk_truth(b, false));
    b->reach.detection = edgel_alloc(b->reach.first[n] + 1, sizeof *b->reach.detection);
    b->reach.d2 = edgel_alloc(b->reach.first[n] + 1, sizeof *b->reach.d2);
    if (!b->reach.detection || !b->reach.d2)
        return no_memory(b->w, b->h, b->err);
    return walk_truth(b, true);
}

/* Follows the changes from the highest threshold down. What comes goes in first: then what goes mostly has no match. In
 * a large image thousands of changes take minutes, so that a stop is asked for at each. */
static enum edgel_status sweep(struct matching *m, struct edgel_assignment *a, struct edgel_error *err)
{
    const struct edgel_detections *f = m->found;
    const uint64_t *matched = edgel_assignment_matched(a);
    for (int l = f->k; l >= 1; l--) {
        for (size_t i = f->come[l]; i < f->come[l - 1]; i++) {
            EDGEL_TRY(edgel_measure_go_on(m->params, err));
            if (i < f->go[l])
                edgel_assignment_insert(a, f->index[f->changes[i]]);
            else
                edgel_assignment_remove(a, f->index[f->changes[i]]);
        }
        atomic_fetch_add(&m->matched_truth[l - 1], (uint64_t)edgel_assignment_size(a));
        shared_count *all = m->matched + (size_t)(l - 1) * m->words;
        for (size_t i = 0; i < m->words; i++)
            if (matched[i] & ~atomic_load_explicit(&all[i], memory_order_relaxed))
                atomic_fetch_or_explicit(&all[i], matched[i], memory_order_relaxed);
    }
    return EDGEL_OK;
}

static bool prepare(struct annotator *b)
{
    struct edgel_bits *const planes[] = { &b->mask, &b->thin, &b->gone };
    b->ids = edgel_alloc((size_t)b->w, sizeof *b->ids);
    b->stamps = edgel_alloc((size_t)b->h + 2, sizeof *b->stamps);
    bool ok = b->ids && b->stamps;
    for (int i = 0; i < 3 && ok; i++)
        ok = edgel_bits_init(planes[i], b->w, b->h);
    return ok;
}

static void release(struct annotator *b)
{
    edgel_bits_finish(&b->mask);
    edgel_bits_finish(&b->thin);
    edgel_bits_finish(&b->gone);
    edgel_free(b->ids);
    edgel_free(b->stamps);
    release_reach(b);
}

static enum edgel_status match(struct annotator *b, const struct edgel_mask *truth)
{
    struct edgel_assignment *a = NULL;
    EDGEL_TRY(read_truth(b, truth));
    EDGEL_TRY(find_pairs(b));
    EDGEL_TRY(edgel_assignment_create(b->m->params, &b->reach, b->m->found->tie, &a, b->err));
    release_reach(b);
    const enum edgel_status st = sweep(b->m, a, b->err);
    edgel_assignment_destroy(&a);
    return st;
}

static void match_annotator(void *user, size_t i)
{
    struct matching *m = user;
    struct outcome *o = &m->outcomes[i];
    struct annotator b = { .m = m, .w = m->found->w, .h = m->found->h, .err = &o->err };
    o->status = prepare(&b) ? match(&b, &m->truth[i]) : no_memory(b.w, b.h, b.err);
    release(&b);
}

/* The sums into the counts, or the error of the first annotator that has one. */
static enum edgel_status collect(struct matching *m, size_t ntruth, struct edgel_boundary_counts *c,
                                 unsigned *remarks, struct edgel_error *err)
{
    for (size_t i = 0; i < ntruth; i++)
        if (m->outcomes[i].status != EDGEL_OK)
            return edgel_fail(err, m->outcomes[i].status, "%s", m->outcomes[i].err.msg);
    c->truth = m->pixels;
    *remarks |= m->remarks;
    for (int l = 0; l < m->found->k; l++) {
        c->matched_truth[l] = m->matched_truth[l];
        for (size_t i = 0; i < m->words; i++)
            c->matched_prediction[l] += (uint64_t)__builtin_popcountll(m->matched[(size_t)l * m->words + i]);
    }
    return EDGEL_OK;
}

enum edgel_status edgel_boundary_match(const struct edgel_measure *params,
                                       const struct edgel_detections *found, const struct edgel_mask *truth,
                                       size_t ntruth, struct edgel_boundary_counts *out, unsigned *remarks,
                                       struct edgel_error *err)
{
    struct matching m = {
        .params = params, .found = found, .truth = truth, .words = (size_t)found->n / 64 + 1
    };
    m.matched = edgel_calloc((size_t)found->k * m.words, sizeof *m.matched);
    m.matched_truth = edgel_calloc((size_t)found->k, sizeof *m.matched_truth);
    m.outcomes = edgel_calloc(ntruth, sizeof *m.outcomes);
    enum edgel_status st =
        m.matched && m.matched_truth && m.outcomes
            ? make_offsets(edgel_boundary_option(params, EDGEL_MAX_DIST), found->w, found->h, &m.offsets, err)
            : no_memory(found->w, found->h, err);
    if (st == EDGEL_OK) {
        edgel_helpers_run(params->helpers, ntruth, match_annotator, &m);
        st = collect(&m, ntruth, out, remarks, err);
    }
    edgel_free(m.matched);
    edgel_free(m.matched_truth);
    edgel_free(m.outcomes);
    edgel_free(m.offsets.half);
    return st;
}
