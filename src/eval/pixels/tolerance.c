/*
 * Pixels that have a partner on the other side within a distance, per class.
 *
 * matched_prediction = predicted pixels of the class with a truth pixel of the class at distance <= tolerance,
 * matched_truth the other way round; not one to one. Distances come from the exact transform (edt.c) of either side
 * inside the box that holds both, which no connection leaves; or, where that is less work, from all pairs of pixels, or
 * by looking at every place within reach of a pixel, so that many small scattered classes (noise taken for ids) do not
 * cost an image each. With A pixels in all, O(A) for each large class, and never more than O(A^1.5) or, for a reach
 * of D places, O(A D).
 */
#include "eval/eval_priv.h"
#include <math.h>
#include <stdlib.h>

enum { REACH_MAX = 64 }; /* beyond it places within reach are not looked at */

struct job {
    const int32_t *truth, *prediction;
    int w, h;
    int64_t limit;                  /* largest squared distance that counts */
    int reach, half[REACH_MAX + 1]; /* rows above and below, -1: too many; columns left and right in each */
    uint64_t places;                /* within reach */
    uint8_t *set;                   /* of the box */
    struct places {
        uint32_t *at;    /* pixels in rising order, id after id */
        uint32_t *first; /* [EDGEL_IDS + 1] where those of an id begin */
    } in_truth, in_prediction;
    int32_t *g, *s, *t;
    int64_t *d2;
};

/* Pixels of id in `of` that lie within reach of a pixel of id in `to`. */
static uint64_t within(const struct job *j, const struct edgel_id_box *b, const int32_t *of,
                       const int32_t *to, int32_t id)
{
    const int bw = b->x1 - b->x0 + 1, bh = b->y1 - b->y0 + 1;
    for (int y = 0; y < bh; y++) {
        const int32_t *row = to + (size_t)(b->y0 + y) * (size_t)j->w + (size_t)b->x0;
        for (int x = 0; x < bw; x++)
            j->set[(size_t)y * (size_t)bw + (size_t)x] = row[x] == id;
    }
    edgel_edt_columns(j->set, bw, bh, j->g);
    uint64_t n = 0;
    for (int y = 0; y < bh; y++) {
        const int32_t *row = of + (size_t)(b->y0 + y) * (size_t)j->w + (size_t)b->x0;
        edgel_edt_row(j->g + (size_t)y * (size_t)bw, bw, j->d2, j->s, j->t);
        for (int x = 0; x < bw; x++)
            n += row[x] == id && j->d2[x] <= j->limit;
    }
    return n;
}

/* The same by looking at all pairs. */
static uint64_t within_pairs(const struct job *j, const struct places *of, const struct places *to,
                             int32_t id)
{
    const uint32_t w = (uint32_t)j->w;
    uint64_t n = 0;
    for (uint32_t i = of->first[id]; i < of->first[id + 1]; i++) {
        const int64_t x = of->at[i] % w, y = of->at[i] / w;
        bool near = false;
        for (uint32_t k = to->first[id]; k < to->first[id + 1] && !near; k++) {
            const int64_t dx = to->at[k] % w - x, dy = to->at[k] / w - y;
            near = dx * dx + dy * dy <= j->limit;
        }
        n += near;
    }
    return n;
}

static bool is_near(const struct job *j, const int32_t *to, int x, int y, int32_t id)
{
    for (int dy = -j->reach; dy <= j->reach; dy++) {
        const int half = j->half[dy < 0 ? -dy : dy];
        const int x0 = x > half ? x - half : 0, x1 = x < j->w - 1 - half ? x + half : j->w - 1;
        if (y + dy < 0 || y + dy >= j->h)
            continue;
        const int32_t *row = to + (size_t)(y + dy) * (size_t)j->w;
        for (int u = x0; u <= x1; u++)
            if (row[u] == id)
                return true;
    }
    return false;
}

/* The same by looking at all places within reach. */
static uint64_t within_reach(const struct job *j, const struct places *of, const int32_t *to, int32_t id)
{
    const uint32_t w = (uint32_t)j->w;
    uint64_t n = 0;
    for (uint32_t i = of->first[id]; i < of->first[id + 1]; i++)
        n += is_near(j, to, (int)(of->at[i] % w), (int)(of->at[i] / w), id);
    return n;
}

static void find_reach(struct job *j)
{
    j->reach = -1;
    if (j->limit >= (REACH_MAX + 1) * (REACH_MAX + 1))
        return;
    int half = REACH_MAX;
    for (int dy = 0; dy <= REACH_MAX && (int64_t)dy * dy <= j->limit; dy++) {
        while ((int64_t)half * half + (int64_t)dy * dy > j->limit)
            half--;
        j->half[dy] = half;
        j->places += (uint64_t)(2 * half + 1) * (dy > 0 ? 2 : 1);
        j->reach = dy;
    }
}

/* Sorts the pixels of a plane by id (counting sort; stable). */
static bool find_places(const int32_t *plane, size_t n, struct places *p)
{
    p->at = edgel_alloc(n, sizeof *p->at);
    p->first = edgel_calloc(EDGEL_IDS + 2, sizeof *p->first);
    if (!p->at || !p->first)
        return false;
    uint32_t *next =
        p->first + 1; /* next[id] runs from the begin of id to that of id + 1, which it then is */
    for (size_t i = 0; i < n; i++)
        if (plane[i] >= 0)
            next[plane[i] + 1]++;
    for (int32_t id = 0; id < EDGEL_IDS; id++)
        next[id + 1] += next[id];
    for (size_t i = 0; i < n; i++)
        if (plane[i] >= 0)
            p->at[next[plane[i]]++] = (uint32_t)i;
    return true;
}

static bool prepare(struct job *j)
{
    size_t n = (size_t)j->w * (size_t)j->h, w = (size_t)j->w;
    if (n > UINT32_MAX || !find_places(j->truth, n, &j->in_truth) ||
        !find_places(j->prediction, n, &j->in_prediction))
        return false;
    j->set = edgel_alloc(n, 1);
    j->g = edgel_alloc(n, sizeof *j->g);
    j->s = edgel_alloc(w, sizeof *j->s);
    j->t = edgel_alloc(w, sizeof *j->t);
    j->d2 = edgel_alloc(w, sizeof *j->d2);
    return j->set && j->g && j->s && j->t && j->d2;
}

static void release(struct job *j)
{
    edgel_free(j->in_truth.at);
    edgel_free(j->in_truth.first);
    edgel_free(j->in_prediction.at);
    edgel_free(j->in_prediction.first);
    edgel_free(j->set);
    edgel_free(j->g);
    edgel_free(j->s);
    edgel_free(j->t);
    edgel_free(j->d2);
}

static void measure_id(const struct job *j, const struct edgel_id_box *b, struct edgel_tolerance_counts *c)
{
    const int32_t id = b->id;
    *c = (struct edgel_tolerance_counts){ .id = id, .truth = b->truth, .prediction = b->prediction };
    if (c->truth == 0 || c->prediction == 0)
        return;
    const uint64_t area = (uint64_t)(b->x1 - b->x0 + 1) * (uint64_t)(b->y1 - b->y0 + 1);
    const uint64_t pairs = c->truth * c->prediction, places = (c->truth + c->prediction) * j->places;
    if (j->reach >= 0 && places < pairs && places < area) {
        c->matched_prediction = within_reach(j, &j->in_prediction, j->truth, id);
        c->matched_truth = within_reach(j, &j->in_truth, j->prediction, id);
    } else if (pairs < area) {
        c->matched_prediction = within_pairs(j, &j->in_prediction, &j->in_truth, id);
        c->matched_truth = within_pairs(j, &j->in_truth, &j->in_prediction, id);
    } else {
        c->matched_prediction = within(j, b, j->prediction, j->truth, id);
        c->matched_truth = within(j, b, j->truth, j->prediction, id);
    }
}

enum edgel_status edgel_tolerance_measure(const int32_t *truth, const int32_t *prediction, int w, int h,
                                          double tolerance, int32_t only, struct edgel_tolerance_list *out,
                                          struct edgel_error *err)
{
    struct job j = { .truth = truth, .prediction = prediction, .w = w, .h = h };
    struct edgel_id_box *boxes = edgel_id_boxes(truth, prediction, w, h, only, &out->n);
    j.limit = (int64_t)floor(tolerance * tolerance);
    find_reach(&j);
    out->v = NULL;
    bool ok = boxes && prepare(&j);
    if (ok && out->n > 0)
        ok = (out->v = edgel_alloc(out->n, sizeof *out->v)) != NULL;
    for (size_t k = 0; ok && k < out->n; k++)
        measure_id(&j, &boxes[k], &out->v[k]);
    release(&j);
    edgel_free(boxes);
    if (!ok) {
        out->n = 0;
        return edgel_no_memory_for(err, "tolerance", w, h);
    }
    return EDGEL_OK;
}

/* --- over images --- */

/*
 * Pixels matched within a tolerance, summed over images; the scores of classes follow from them (pixels.c).
 */
static void add(const struct edgel_adding *a, void *sums)
{
    const struct edgel_reducer *r = a->reducer;
    const struct edgel_tolerance_list *list = edgel_row_tolerance(a->row);
    size_t k = 0;
    (void)sums;
    for (size_t i = 0; i < r->nclasses; i++) {
        while (k < list->n && list->v[k].id < r->ids[i])
            k++;
        if (k == list->n || list->v[k].id != r->ids[i])
            continue;
        struct edgel_tolerance_counts *c = edgel_reducer_class(r, EDGEL_TOLERANCE, i);
        c->matched_prediction += list->v[k].matched_prediction;
        c->prediction += list->v[k].prediction;
        c->matched_truth += list->v[k].matched_truth;
        c->truth += list->v[k].truth;
    }
}

static bool result(const struct edgel_reducer *r, void *out)
{
    const size_t first = edgel_reducer_first(r);
    struct edgel_tolerance_result *to = out;
    if (r->nclasses <= first)
        return true;
    if (!(to->classes = edgel_calloc(r->nclasses - first, sizeof *to->classes)))
        return false;
    to->n = r->nclasses - first;
    for (size_t i = 0; i < to->n; i++) {
        to->classes[i] =
            *(const struct edgel_tolerance_counts *)edgel_reducer_class(r, EDGEL_TOLERANCE, first + i);
        to->classes[i].id = r->ids[first + i];
    }
    return true;
}

static void finish_result(void *out)
{
    struct edgel_tolerance_result *r = out;
    edgel_free(r->classes);
}

static const struct edgel_summing summing = {
    .class_size = sizeof(struct edgel_tolerance_counts),
    .result_size = sizeof(struct edgel_tolerance_result),
    .add = add,
    .result = result,
    .finish_result = finish_result,
};

/* --- counts files --- */

/*
 * Pixels matched within a tolerance, of one image in a counts file.
 *
 *   "tolerance":[[id,matched_prediction,prediction,matched_truth,truth]...]
 *
 * Checked: ids rise and are those of the cells (BINARY: 1 alone), matched <= all, the totals of each id are those of
 * the cells, and pixels that agree are matched.
 */
static enum edgel_status measure(const struct edgel_measuring *k, void *counts)
{
    struct edgel_tolerance_list *list = counts;
    EDGEL_TRY(edgel_tolerance_measure(k->t_plane, k->p_plane, k->w, k->h,
                                      k->params->options[EDGEL_TOLERANCE][0], k->only, list, k->err));
    for (size_t i = 0; k->missing && i < list->n; i++) /* a missing one is near nothing */
        list->v[i].matched_prediction = list->v[i].matched_truth = 0;
    return EDGEL_OK;
}

static void write_counts(struct edgel_text *t, const void *counts)
{
    const struct edgel_tolerance_list *list = counts;
    edgel_entries_write(t, "tolerance", list->v, list->n, 4);
}

static enum edgel_status read_counts(const struct edgel_place *p, const struct edgel_json *line,
                                     const struct edgel_measure *m, void *counts)
{
    struct edgel_tolerance_list *list = counts;
    void *v = NULL;
    (void)m;
    const enum edgel_status st = edgel_entries_read(p, line, "tolerance", 4, &v, &list->n);
    list->v = v;
    return st;
}

static const char *odd_id(const struct edgel_row *row, const void *entry, const struct edgel_id_totals *of)
{
    const struct edgel_tolerance_counts *c = entry;
    (void)row;
    if (c->matched_prediction > c->prediction || c->matched_truth > c->truth)
        return "matched pixels must not exceed all";
    if (c->truth != of->truth || c->prediction != of->prediction)
        return "totals must be those of the cells";
    return c->matched_prediction < of->both || c->matched_truth < of->both
               ? "pixels that agree must be matched"
               : NULL;
}

static const char *check(const struct edgel_measure *m, const struct edgel_row *row,
                         const struct edgel_id_totals *of)
{
    const struct edgel_tolerance_list *list = edgel_row_tolerance(row);
    return edgel_entries_odd(m, row, of, list->v, list->n, sizeof *list->v, odd_id);
}

static const char *sound(const struct edgel_measure *m, const struct edgel_row *row)
{
    const struct edgel_tolerance_list *list = edgel_row_tolerance(row);
    (void)m;
    for (size_t i = 0; i < list->n; i++)
        if (list->v[i].id < 0 || list->v[i].id >= EDGEL_IDS)
            return "it has tolerance counts of an id beyond 65535";
    return NULL;
}

static void finish(void *counts)
{
    struct edgel_tolerance_list *list = counts;
    edgel_free(list->v);
}

static const struct edgel_family_option options[] = {
    { .key = "tolerance",
      .stored = "tolerance",
      .kind = EDGEL_OPTION_REAL,
      .lo = 0,
      .hi = EDGEL_TOLERANCE_MAX,
      .def = NAN },
};

const struct edgel_family_row edgel_tolerance_family = {
    .family = EDGEL_TOLERANCE,
    .name = "tolerance",
    .key = "tolerance",
    .measures = "pixels that have a partner within a distance",
    .options = options,
    .noptions = 1,
    .stored = EDGEL_STORED_HEAD,
    .null_when_off = true,
    .settles = "the tolerance",
    .needs = EDGEL_NEEDS_PLANES,
    .counts_size = sizeof(struct edgel_tolerance_list),
    .measure = measure,
    .write = write_counts,
    .read = read_counts,
    .check = check,
    .sound = sound,
    .finish = finish,
    .sums = &summing,
};
