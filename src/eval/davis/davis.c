/*
 * J and F of DAVIS: the quality of objects along sequences.
 *
 * A sequence is a folder of images, in their order; an object is a class but id 0, if the truth of some frame of the
 * sequence has it. Of an object in a frame:
 *   J  intersection over union of its pixels; 1 when neither side has any
 *   F  2PR / (P + R), 0 when both are 0; P and R are the matched shares of the predicted and the true boundary pixels
 *      (contours.c); one side without any: it has 1, the other 0; both: F = 1
 * Of an object in a sequence of N frames:
 *   mean    over all frames                  recall  share of the frames with a value above 0.5
 *   decay   mean of the first quarter less mean of the last one: of the frames e_0..e_1 and e_3..e_4, ends included,
 *           with e_i = (N - 1) i / 4 rounded to the nearest frame (halves up)
 * Overall each is the mean over all objects of all sequences. All frames that are given count; the benchmark itself
 * leaves out the first and the last one. The rule for empty ones does not apply: the protocol has its own.
 * Source: as contours.c.
 */
#include "eval/eval_priv.h"
#include <math.h>
#include <string.h>

static void finish(void *sums)
{
    struct edgel_davis_sums *s = sums;
    for (size_t i = 0; i < s->nsequences; i++) {
        edgel_free(s->sequences[i].name);
        edgel_free(s->sequences[i].values);
    }
    edgel_free(s->sequences);
    *s = (struct edgel_davis_sums){ 0 };
}

static size_t folder_length(const char *image)
{
    const char *slash = strrchr(image, '/');
    return slash ? (size_t)(slash - image) : 0;
}

static bool find(const struct edgel_davis_sums *s, const char *image, size_t n, size_t *at)
{
    for (size_t i = s->nsequences; i-- > 0;)
        if (strlen(s->sequences[i].name) == n && memcmp(s->sequences[i].name, image, n) == 0) {
            *at = i;
            return true;
        }
    return false;
}

/* v with room for one more than n of size; NULL: out of memory, v stays. Grows by doubling from powers of two. */
static void *room(void *v, size_t n, size_t more, size_t size)
{
    size_t have = 0, need = n + more;
    for (size_t k = 1; n > 0 && have < n; k *= 2)
        have = k;
    if (v && need <= have)
        return v;
    for (have = 1; have < need; have *= 2)
        continue;
    char *grown = edgel_alloc(have, size);
    if (grown && n > 0)
        memcpy(grown, v, n * size);
    if (grown)
        edgel_free(v);
    return grown;
}

static bool room_for_values(struct edgel_davis_sequence *q, size_t more)
{
    struct edgel_davis_value *v = room(q->values, q->nvalues, more + 1, sizeof *v);
    if (v)
        q->values = v;
    return v != NULL;
}

static bool make_room(struct edgel_davis_sums *s, const struct edgel_row *row)
{
    const char *image = row->image ? row->image : "";
    const size_t n = folder_length(image);
    size_t at;
    if (find(s, image, n, &at))
        return room_for_values(&s->sequences[at], edgel_row_davis(row)->n);
    struct edgel_davis_sequence *sequences = room(s->sequences, s->nsequences, 1, sizeof *sequences);
    char *name = edgel_alloc(n + 1, 1);
    if (sequences)
        s->sequences = sequences;
    if (!sequences || !name) {
        edgel_free(name);
        return false;
    }
    memcpy(name, image, n);
    name[n] = '\0';
    s->sequences[s->nsequences++] = (struct edgel_davis_sequence){ .name = name };
    return room_for_values(&s->sequences[s->nsequences - 1], edgel_row_davis(row)->n);
}

static double contour_f(const struct edgel_tolerance_counts *c)
{
    if (c->truth == 0 && c->prediction == 0)
        return 1;
    const double p = c->prediction == 0 ? 1 : (double)c->matched_prediction / (double)c->prediction;
    const double r = c->truth == 0 ? 1 : (double)c->matched_truth / (double)c->truth;
    return p + r > 0 ? 2 * p * r / (p + r) : 0;
}

static void add(const struct edgel_adding *a, void *sums)
{
    const struct edgel_row *row = a->row;
    const struct edgel_reducer *r = a->reducer;
    struct edgel_davis_sums *s = sums;
    const char *image = row->image ? row->image : "";
    size_t at = 0, k = 0;
    if (!find(s, image, folder_length(image), &at))
        return;
    struct edgel_davis_sequence *q = &s->sequences[at];
    const uint64_t frame = q->frames++;
    for (size_t i = 0; i < edgel_row_davis(row)->n; i++) {
        const struct edgel_tolerance_counts *c = &edgel_row_davis(row)->v[i];
        while (k < r->nclasses && r->ids[k] < c->id)
            k++;
        if (c->id == 0 || k == r->nclasses || r->ids[k] != c->id)
            continue;
        const struct edgel_pixel_counts *p = &a->pixels[k];
        const double all = (double)p->truth + (double)p->prediction - (double)p->tp;
        q->values[q->nvalues++] = (struct edgel_davis_value){ .frame = frame,
                                                              .id = c->id,
                                                              .truth = p->truth > 0,
                                                              .j = all > 0 ? (double)p->tp / all : 1,
                                                              .f = contour_f(c) };
    }
}

/* --- result --- */

static void statistics(const double *v, uint64_t n, struct edgel_davis_scores *out)
{
    double sum = 0, above = 0, first = 0, last = 0;
    uint64_t e[5];
    for (uint64_t i = 0; i < 5; i++)
        e[i] = (n - 1) / 4 * i + ((n - 1) % 4 * i + 2) / 4;
    for (uint64_t i = 0; i < n; i++) {
        sum += v[i];
        above += v[i] > 0.5;
        if (i <= e[1])
            first += v[i];
        if (i >= e[3])
            last += v[i];
    }
    out->mean = sum / (double)n;
    out->recall = above / (double)n;
    out->decay = first / (double)(e[1] + 1) - last / (double)(e[4] - e[3] + 1);
}

/* The values of one object; false: the truth never has it. j, f: [frames of the sequence]. */
static bool gather(const struct edgel_davis_sequence *q, int32_t id, double *j, double *f)
{
    bool truth = false;
    for (uint64_t i = 0; i < q->frames; i++)
        j[i] = f[i] = 1;
    for (size_t i = 0; i < q->nvalues; i++) {
        const struct edgel_davis_value *v = &q->values[i];
        if (v->id != id)
            continue;
        j[v->frame] = v->j;
        f[v->frame] = v->f;
        truth |= v->truth;
    }
    return truth;
}

static bool add_object(const struct edgel_davis_sequence *q, int32_t id, struct edgel_davis_result *out)
{
    const uint64_t n = q->frames;
    double *j = edgel_alloc(n, 2 * sizeof *j);
    if (!j)
        return false;
    struct edgel_davis_object o = { .id = id, .frames = n };
    bool ok = true;
    if (gather(q, id, j, j + n)) {
        struct edgel_davis_object *objects = room(out->objects, out->nobjects, 1, sizeof *objects);
        if (objects)
            out->objects = objects;
        ok = objects && (o.sequence = edgel_strdup(q->name));
        if (ok) {
            statistics(j, n, &o.j);
            statistics(j + n, n, &o.f);
            out->objects[out->nobjects++] = o;
        }
    }
    edgel_free(j);
    return ok;
}

static void add_scores(struct edgel_davis_scores *sum, const struct edgel_davis_scores *s)
{
    sum->mean += s->mean;
    sum->recall += s->recall;
    sum->decay += s->decay;
}

/* No objects: undefined. */
static void divide(struct edgel_davis_scores *s, size_t n)
{
    const double by = n ? (double)n : NAN;
    s->mean /= by;
    s->recall /= by;
    s->decay /= by;
}

static bool result(const struct edgel_reducer *r, void *to)
{
    const struct edgel_davis_sums *s = r->family[EDGEL_DAVIS].sums;
    struct edgel_davis_result *out = to;
    uint8_t *seen = edgel_alloc(EDGEL_IDS, 1);
    bool ok = seen != NULL;
    *out = (struct edgel_davis_result){ .sequences = s->nsequences };
    for (size_t i = 0; ok && i < s->nsequences; i++) {
        const struct edgel_davis_sequence *q = &s->sequences[i];
        memset(seen, 0, EDGEL_IDS);
        for (size_t k = 0; k < q->nvalues; k++)
            seen[q->values[k].id] = 1;
        for (int32_t id = 1; ok && id < EDGEL_IDS; id++)
            ok = !seen[id] || add_object(q, id, out);
    }
    edgel_free(seen);
    for (size_t i = 0; ok && i < out->nobjects; i++) {
        add_scores(&out->j, &out->objects[i].j);
        add_scores(&out->f, &out->objects[i].f);
    }
    divide(&out->j, out->nobjects);
    divide(&out->f, out->nobjects);
    return ok;
}

static void finish_result(void *out)
{
    struct edgel_davis_result *r = out;
    for (size_t i = 0; i < r->nobjects; i++)
        edgel_free(r->objects[i].sequence);
    edgel_free(r->objects);
}

static enum edgel_status prepare(const struct edgel_reducer *r, void *sums, const struct edgel_row *row,
                                 struct edgel_error *err)
{
    (void)r;
    return make_room(sums, row) ? EDGEL_OK : edgel_reduce_no_memory(err);
}

static const struct edgel_summing summing = {
    .sums_size = sizeof(struct edgel_davis_sums),
    .result_size = sizeof(struct edgel_davis_result),
    .prepare = prepare,
    .add = add,
    .result = result,
    .finish = finish,
    .finish_result = finish_result,
};

/* --- counts files --- */

/*
 * Counts of contours of one image in a counts file.
 *
 *   "contours":[[id,matched_prediction,prediction,matched_truth,truth]...]      as contours.c measures them
 *
 * Checked: ids rise and are those of the cells (BINARY: 1 alone); matched at most all, at most as many as the image has
 * pixels, and none where the other side has none.
 */
static enum edgel_status measure(const struct edgel_measuring *k, void *counts)
{
    return edgel_contours_measure(k->t_plane, k->missing ? NULL : k->p_plane, k->w, k->h, k->only, counts,
                                  k->err);
}

static void write_counts(struct edgel_text *t, const void *counts)
{
    const struct edgel_tolerance_list *list = counts;
    edgel_entries_write(t, "contours", list->v, list->n, 4);
}

static enum edgel_status read_counts(const struct edgel_place *p, const struct edgel_json *line,
                                     const struct edgel_measure *m, void *counts)
{
    struct edgel_tolerance_list *list = counts;
    void *v = NULL;
    (void)m;
    const enum edgel_status st = edgel_entries_read(p, line, "contours", 4, &v, &list->n);
    list->v = v;
    return st;
}

static const char *odd_contour(const struct edgel_row *row, const void *entry,
                               const struct edgel_id_totals *of)
{
    const struct edgel_tolerance_counts *c = entry;
    const uint64_t all = (uint64_t)row->w * (uint64_t)row->h;
    const bool predicted = row->kind != EDGEL_ROW_MISSING && of->prediction > 0;
    if (c->truth > all || c->prediction > all || (c->truth > 0 && of->truth == 0) ||
        (c->prediction > 0 && !predicted))
        return "must be pixels of the image, of an id in the cells";
    if (c->matched_truth > c->truth || c->matched_prediction > c->prediction ||
        (c->matched_truth > 0) != (c->matched_prediction > 0))
        return "matched pixels must not exceed all, and be there on both sides or none";
    return NULL;
}

static const char *check(const struct edgel_measure *m, const struct edgel_row *row,
                         const struct edgel_id_totals *of)
{
    const struct edgel_tolerance_list *list = edgel_row_davis(row);
    return edgel_entries_odd(m, row, of, list->v, list->n, sizeof *list->v, odd_contour);
}

static const char *sound(const struct edgel_measure *m, const struct edgel_row *row)
{
    const struct edgel_tolerance_list *list = edgel_row_davis(row);
    (void)m;
    for (size_t i = 0; i < list->n; i++) {
        const struct edgel_tolerance_counts *c = &list->v[i];
        if (c->id < 0 || c->id >= EDGEL_IDS || c->matched_truth > c->truth ||
            c->matched_prediction > c->prediction)
            return "its contours have more pixels matched than there are";
    }
    return NULL;
}

static void finish_counts(void *counts)
{
    struct edgel_tolerance_list *list = counts;
    edgel_free(list->v);
}

static const struct edgel_family_option options[] = {
    { .key = "davis", .stored = "davis", .kind = EDGEL_OPTION_SWITCH, .words = edgel_option_switch },
};

const struct edgel_family_row edgel_davis_family = {
    .family = EDGEL_DAVIS,
    .name = "davis",
    .key = "contours",
    .measures = "J and F of objects along sequences",
    .options = options,
    .noptions = 1,
    .stored = EDGEL_STORED_BODY,
    .settles = "the boundaries",
    .needs = EDGEL_NEEDS_PLANES,
    .counts_size = sizeof(struct edgel_tolerance_list),
    .measure = measure,
    .write = write_counts,
    .read = read_counts,
    .check = check,
    .sound = sound,
    .finish = finish_counts,
    .sums = &summing,
};
