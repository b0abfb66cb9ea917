/*
 * One-to-one matching of truth pixels and detections within reach: the largest number of pairs, then the smallest total
 * distance, exactly; kept while detections come and go.
 *
 * Problem. Truth pixels T, detections D, an edge for every pair at squared distance d2 within reach. Wanted is, in this
 * order, the matching with
 *   1. the most pairs,
 *   2. the smallest sum of round(2^32 sqrt(d2)) over its pairs (2^-33 px a pair at most from the real distance),
 *   3. the smallest sum of tie(d) over its matched detections, tie a fixed 31-bit number made of the pixel's x and y.
 * The third rule makes the set of matched detections the same whatever the order of the work, for all but one in some
 * 10^9 of equal choices; where even that sum is equal, the order of the sweep decides, which is fixed as well.
 *
 * As weights. With B larger than any sum of distances an edge has the gain g = (B - distance, -tie), pairs of whole
 * numbers compared from the left, and the matching of largest total gain is the one wanted. Its dual gives every pixel
 * a value v >= 0 with v(t) + v(d) >= g(t, d) on every edge; a matching is optimal if all its edges hold with equality
 * and all unmatched pixels have v = 0. This holds before and after every call.
 *
 * One step. Suppose it holds but for one unmatched pixel x with v(x) > 0. A Dijkstra search over alternating paths from
 * x, with the slack v + v - g as length, ends at the nearest of: an unmatched pixel of the other side (the path is
 * flipped, one pair more), a pixel z of x's side at distance + v(z) (z gives up its mate, same number of pairs), x
 * itself at v(x). With D that distance, values within it move by D - distance: down on x's side, up on the other. Then
 * the conditions hold.
 *   insert d   v(d) = the largest g - v(t) over its edges, at least 0: feasible, and the step from d
 *   remove d   its mate becomes unmatched: the step from the mate
 *
 * Cost. A step visits what lies nearer than its end, mostly a few pixels, since values of a sweep that goes down the
 * thresholds hardly change from one to the next; a whole connected part is visited when it changes from too few to too
 * many detections. One step is O(m log m) at worst, m edges; memory is O(m).
 *
 * Sources: H. W. Kuhn (1955) and J. Munkres (1957) for the primal-dual method, J. Edmonds and R. M. Karp (1972) for
 * values kept by shortest paths; U. Pferschy (1997) and others for keeping an assignment under changes.
 */
#include "eval/boundary/boundary_priv.h"
#include <math.h>
#include <string.h>

enum { NONE = -1, ABSENT = -2 };

/* A gain, value or distance: tie decides only between equal d. */
struct weight {
    int64_t d, tie;
};

struct entry {
    struct weight key;
    int32_t node;
};

/* Nodes 0..ntruth-1 are truth pixels, the others detections. */
struct edgel_assignment {
    int32_t ntruth, nodes;
    size_t *first;     /* [nodes + 1] */
    int32_t *to;       /* edges of both directions */
    uint32_t *d2;      /* of each */
    int64_t *distance; /* [largest d2 + 1] fixed point */
    int64_t big;       /* B */
    uint32_t *tie;     /* [nodes], 0 for truth */
    struct weight *value;
    int32_t *mate;
    int32_t size;
    uint64_t *matched; /* detections */
    /* of one step */
    struct weight *dist; /* from x; pixels of the other side */
    int32_t *parent;     /* the pixel of x's side before them */
    uint32_t *seen;      /* == step: dist and parent are of this step */
    uint32_t step;
    struct entry *heap;
    size_t heap_n;
    int32_t *settled; /* pixels of the other side whose mates were visited */
    size_t nsettled;
};

static bool less(struct weight a, struct weight b)
{
    return a.d < b.d || (a.d == b.d && a.tie < b.tie);
}

static struct weight plus(struct weight a, struct weight b)
{
    return (struct weight){ a.d + b.d, a.tie + b.tie };
}

static struct weight minus(struct weight a, struct weight b)
{
    return (struct weight){ a.d - b.d, a.tie - b.tie };
}

static bool positive(struct weight a)
{
    return less((struct weight){ 0, 0 }, a);
}

uint32_t edgel_assignment_tie(int x, int y)
{
    uint64_t z = (uint64_t)(uint32_t)y << 32 | (uint32_t)x;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u + 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (uint32_t)((z ^ (z >> 31)) >> 33);
}

/* --- heap of entries, smallest key first, then smallest node --- */

static bool before(const struct entry *a, const struct entry *b)
{
    return less(a->key, b->key) || (a->key.d == b->key.d && a->key.tie == b->key.tie && a->node < b->node);
}

/* There is room: a step pushes each edge at most once. */
static void push(struct edgel_assignment *a, struct weight key, int32_t node)
{
    const struct entry e = { key, node };
    size_t i = a->heap_n++;
    for (; i > 0 && before(&e, &a->heap[(i - 1) / 2]); i = (i - 1) / 2)
        a->heap[i] = a->heap[(i - 1) / 2];
    a->heap[i] = e;
}

static struct entry pop(struct edgel_assignment *a)
{
    const struct entry top = a->heap[0], last = a->heap[--a->heap_n];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < a->heap_n; i = child) {
        if (child + 1 < a->heap_n && before(&a->heap[child + 1], &a->heap[child]))
            child++;
        if (!before(&a->heap[child], &last))
            break;
        a->heap[i] = a->heap[child];
    }
    a->heap[i] = last;
    return top;
}

/* --- one step --- */

static struct weight gain(const struct edgel_assignment *a, int32_t x, size_t edge)
{
    const int64_t tie = (int64_t)a->tie[x] + a->tie[a->to[edge]];
    return (struct weight){ a->big - a->distance[a->d2[edge]], -tie };
}

static void set_matched(struct edgel_assignment *a, int32_t node, bool matched)
{
    if (node < a->ntruth)
        return;
    const uint32_t i = (uint32_t)(node - a->ntruth);
    const uint64_t bit = (uint64_t)1 << (i % 64);
    a->matched[i / 64] = matched ? a->matched[i / 64] | bit : a->matched[i / 64] & ~bit;
}

/* Where the search will end, as far as is known. */
struct end {
    struct weight dist;
    int32_t node;
};

/* Looks from x, at distance dist, at the pixels of the other side. */
static void look(struct edgel_assignment *a, int32_t x, struct weight dist, struct end *end)
{
    const struct weight base = plus(dist, a->value[x]);
    for (size_t e = a->first[x]; e < a->first[x + 1]; e++) {
        const int32_t y = a->to[e];
        if (a->mate[y] == ABSENT || a->mate[y] == x)
            continue;
        const struct weight d = minus(plus(base, a->value[y]), gain(a, x, e));
        if (!less(d, end->dist) || (a->seen[y] == a->step && !less(d, a->dist[y])))
            continue;
        a->seen[y] = a->step;
        a->dist[y] = d;
        a->parent[y] = x;
        if (a->mate[y] == NONE)
            *end = (struct end){ d, y };
        else
            push(a, d, y);
    }
}

/* Gives y to its parent, the parent's mate to the parent before, and so on up to x. */
static void flip(struct edgel_assignment *a, int32_t y, int32_t x)
{
    for (int32_t p = a->parent[y];; p = a->parent[y]) {
        const int32_t next = a->mate[p];
        a->mate[p] = y;
        a->mate[y] = p;
        if (p == x)
            return;
        y = next;
    }
}

static void finish_step(struct edgel_assignment *a, int32_t x, const struct end *end)
{
    for (size_t i = 0; i < a->nsettled; i++) {
        const int32_t y = a->settled[i];
        const struct weight move = minus(end->dist, a->dist[y]);
        a->value[y] = plus(a->value[y], move);
        a->value[a->mate[y]] = minus(a->value[a->mate[y]], move);
    }
    a->value[x] = minus(a->value[x], end->dist);
    if (end->node == x)
        return;
    int32_t y = end->node;
    set_matched(a, x, true);
    if (a->mate[end->node] == NONE) {
        set_matched(a, end->node, true);
        a->size++;
    } else { /* a pixel of x's side gives its mate away */
        y = a->mate[end->node];
        a->mate[end->node] = NONE;
        set_matched(a, end->node, false);
    }
    flip(a, y, x);
}

/* Makes the unmatched x with a value above 0 satisfy the conditions. */
static void settle(struct edgel_assignment *a, int32_t x)
{
    struct end end = { a->value[x], x };
    if (++a->step == 0) {
        memset(a->seen, 0, (size_t)a->nodes * sizeof *a->seen);
        a->step = 1;
    }
    a->heap_n = a->nsettled = 0;
    look(a, x, (struct weight){ 0, 0 }, &end);
    while (a->heap_n > 0 && less(a->heap[0].key, end.dist)) {
        const struct entry e = pop(a);
        if (less(a->dist[e.node], e.key))
            continue;
        const int32_t z = a->mate[e.node];
        const struct weight out = plus(e.key, a->value[z]);
        a->settled[a->nsettled++] = e.node;
        if (less(out, end.dist))
            end = (struct end){ out, z };
        look(a, z, e.key, &end);
    }
    finish_step(a, x, &end);
}

/* --- detections --- */

void edgel_assignment_insert(struct edgel_assignment *a, int32_t detection)
{
    const int32_t x = a->ntruth + detection;
    struct weight v = { 0, 0 };
    for (size_t e = a->first[x]; e < a->first[x + 1]; e++) {
        const struct weight need = minus(gain(a, x, e), a->value[a->to[e]]);
        if (less(v, need))
            v = need;
    }
    a->mate[x] = NONE;
    a->value[x] = v;
    if (positive(v))
        settle(a, x);
}

void edgel_assignment_remove(struct edgel_assignment *a, int32_t detection)
{
    const int32_t x = a->ntruth + detection, mate = a->mate[x];
    a->mate[x] = ABSENT;
    if (mate == NONE)
        return;
    set_matched(a, x, false);
    a->mate[mate] = NONE;
    a->size--;
    if (positive(a->value[mate]))
        settle(a, mate);
}

int32_t edgel_assignment_size(const struct edgel_assignment *a)
{
    return a->size;
}

const uint64_t *edgel_assignment_matched(const struct edgel_assignment *a)
{
    return a->matched;
}

int32_t edgel_assignment_mate(const struct edgel_assignment *a, int32_t truth)
{
    return a->mate[truth] < 0 ? -1 : a->mate[truth] - a->ntruth;
}

/* --- making one --- */

/* Edges of both directions from those of the truth pixels; hundreds of millions in large images. */
static enum edgel_status fill_edges(struct edgel_assignment *a, const struct edgel_reach *r,
                                    const struct edgel_measure *params, struct edgel_error *err)
{
    size_t *at = a->first + 1; /* shifted by one: at[i] grows from where node i begins to where it ends */
    memset(a->first, 0, ((size_t)a->nodes + 2) * sizeof *a->first);
    for (int32_t t = 0; t < r->ntruth; t++) {
        EDGEL_TRY(edgel_measure_go_on(params, err));
        for (size_t e = r->first[t]; e < r->first[t + 1]; e++)
            at[a->ntruth + r->detection[e] + 1]++;
        at[t + 1] += r->first[t + 1] - r->first[t];
    }
    for (int32_t i = 0; i < a->nodes; i++)
        at[i + 1] += at[i];
    for (int32_t t = 0; t < r->ntruth; t++) {
        EDGEL_TRY(edgel_measure_go_on(params, err));
        for (size_t e = r->first[t]; e < r->first[t + 1]; e++) {
            const int32_t d = a->ntruth + r->detection[e];
            a->d2[at[t]] = a->d2[at[d]] = r->d2[e];
            a->to[at[t]++] = d;
            a->to[at[d]++] = t;
        }
    }
    return EDGEL_OK;
}

static uint32_t farthest(const struct edgel_reach *r)
{
    uint32_t far = 0;
    for (size_t e = 0; e < r->first[r->ntruth]; e++)
        far = r->d2[e] > far ? r->d2[e] : far;
    return far;
}

static enum edgel_status check_size(const struct edgel_reach *r, uint32_t far, int64_t *big,
                                    struct edgel_error *err)
{
    const int32_t pairs = r->ntruth < r->ndetections ? r->ntruth : r->ndetections;
    const double sum = ((double)pairs + 1) * (sqrt(far) + 1);
    if (!(sum < 0x1p29) || r->ntruth > INT32_MAX / 2 - r->ndetections)
        return edgel_fail(
            err, EDGEL_ELIMIT,
            "boundary: %d truth pixels and %d detections at up to %.0f px are too many to match", r->ntruth,
            r->ndetections, sqrt(far));
    *big = (int64_t)(ceil(sum) * 0x1p32);
    return EDGEL_OK;
}

static bool allocate(struct edgel_assignment *a, size_t edges, uint32_t far)
{
    const size_t nodes = (size_t)a->nodes;
    a->first = edgel_alloc(nodes + 2, sizeof *a->first);
    a->to = edgel_alloc(2 * edges + 1, sizeof *a->to);
    a->d2 = edgel_alloc(2 * edges + 1, sizeof *a->d2);
    a->distance = edgel_alloc((size_t)far + 1, sizeof *a->distance);
    a->tie = edgel_calloc(nodes + 1, sizeof *a->tie);
    a->value = edgel_calloc(nodes + 1, sizeof *a->value);
    a->mate = edgel_alloc(nodes + 1, sizeof *a->mate);
    a->matched = edgel_calloc(nodes / 64 + 1, sizeof *a->matched);
    a->dist = edgel_alloc(nodes + 1, sizeof *a->dist);
    a->parent = edgel_alloc(nodes + 1, sizeof *a->parent);
    a->seen = edgel_calloc(nodes + 1, sizeof *a->seen);
    a->heap = edgel_alloc(edges + 1, sizeof *a->heap);
    a->settled = edgel_alloc(nodes + 1, sizeof *a->settled);
    return a->first && a->to && a->d2 && a->distance && a->tie && a->value && a->mate && a->matched &&
           a->dist && a->parent && a->seen && a->heap && a->settled;
}

enum edgel_status edgel_assignment_create(const struct edgel_measure *params, const struct edgel_reach *reach,
                                          const uint32_t *tie, struct edgel_assignment **out,
                                          struct edgel_error *err)
{
    int64_t big = 0;
    *out = NULL;
    const uint32_t far = farthest(reach);
    EDGEL_TRY(check_size(reach, far, &big, err));
    struct edgel_assignment *a = edgel_calloc(1, sizeof *a);
    if (a) {
        a->ntruth = reach->ntruth;
        a->nodes = reach->ntruth + reach->ndetections;
        a->big = big;
    }
    if (!a || !allocate(a, reach->first[reach->ntruth], far)) {
        edgel_assignment_destroy(&a);
        return edgel_no_memory(err, "boundary");
    }
    const enum edgel_status st = fill_edges(a, reach, params, err);
    if (st != EDGEL_OK) {
        edgel_assignment_destroy(&a);
        return st;
    }
    for (uint32_t d2 = 0; d2 <= far; d2++)
        a->distance[d2] = llround(ldexp(sqrt(d2), 32));
    for (int32_t i = 0; i < a->nodes; i++)
        a->mate[i] = i < a->ntruth ? NONE : ABSENT;
    for (int32_t i = 0; i < reach->ndetections; i++)
        a->tie[a->ntruth + i] = tie[i];
    *out = a;
    return EDGEL_OK;
}

void edgel_assignment_destroy(struct edgel_assignment **assignment)
{
    struct edgel_assignment *a = *assignment;
    if (!a)
        return;
    edgel_free(a->first);
    edgel_free(a->to);
    edgel_free(a->d2);
    edgel_free(a->distance);
    edgel_free(a->tie);
    edgel_free(a->value);
    edgel_free(a->mate);
    edgel_free(a->matched);
    edgel_free(a->dist);
    edgel_free(a->parent);
    edgel_free(a->seen);
    edgel_free(a->heap);
    edgel_free(a->settled);
    edgel_free(a);
    *assignment = NULL;
}
