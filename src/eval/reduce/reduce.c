/*
 * Rows of counts to scores under a convention.
 *
 * Judged are the pixels whose truth is not ignored; all = their number. Of class c: TP = truth c and predicted c,
 * FP = predicted c, truth another, FN = truth c, predicted anything else (another class, an ignored id, none),
 * TN = the rest of all.
 *
 *   accuracy    (TP + TN) / all          precision   TP / (TP + FP)         recall      TP / (TP + FN)
 *   f1          2TP / (2TP + FP + FN)    iou         TP / (TP + FP + FN)    specificity TN / (TN + FP)
 *   mcc         (TP TN - FP FN) / sqrt((TP + FP)(TP + FN)(TN + FP)(TN + FN))
 * Over the ids of the matrix (the classes; BINARY: 0 and 1), with T_c truth and P_c predicted pixels:
 *   accuracy    sum TP_c / all           kappa       (all sum TP_c - sum T_c P_c) / (all^2 - sum T_c P_c)
 *   fwiou       sum (T_c / all) iou_c over the c that occur in truth
 * With a tolerance: precision = matched_prediction / prediction, recall = matched_truth / truth, f1 = 2PR / (P + R), 0
 * when one side is empty; accuracy, iou, specificity, mcc of a class have no tolerant meaning and are undefined. Matrix
 * and overall values stay those of plain pixels.
 *
 * A value 0 / 0 follows the rule for empty ones: nan = undefined, it leaves every mean; zero = 0; one = 1.
 * POOLED: counts summed over images, then scores; mean = over the classes in the mean. IMAGE: per class the mean of the
 * images' scores, then the mean over classes; overall values are means over images. A class takes part in every image:
 * one that is absent from an image has its scores there from TP = FP = FN = 0, TN = all, also when the class first
 * occurs in a later image. Distances go their own way (distance_scores.c). Sums run over images in the order they are
 * added, then over classes by rising id.
 *
 * Classes: those given, less the ignored; else the ids that occur on judged pixels. BINARY: id 1, and any truth but 0
 * is 1.
 */
#include "eval/eval_priv.h"

bool edgel_reducer_binary(const struct edgel_reducer *r)
{
    return r->measure->labels == EDGEL_LABELS_BINARY;
}

bool edgel_reducer_ignores(const struct edgel_reducer *r, int32_t id)
{
    return id >= 0 && r->known[id] & EDGEL_IS_IGNORED;
}

size_t edgel_reducer_index(const struct edgel_reducer *r, int32_t id)
{
    size_t lo = 0, hi = r->nclasses;
    while (lo + 1 < hi) {
        size_t mid = (lo + hi) / 2;
        if (r->classes[mid].id <= id)
            lo = mid;
        else
            hi = mid;
    }
    return lo;
}

enum edgel_status edgel_reduce_no_memory(struct edgel_error *err)
{
    return edgel_fail(err, EDGEL_ENOMEM, "reduce: out of memory");
}

static bool add_fixed_classes(struct edgel_reducer *r)
{
    const struct edgel_classes *given = r->reduce->classes;
    const size_t n = edgel_reducer_binary(r) ? 2 : given->n;
    r->fixed = true;
    if (n == 0)
        return true;
    if (!(r->classes = edgel_calloc(n, sizeof *r->classes)))
        return false;
    for (size_t i = 0; i < n; i++) {
        int32_t id = edgel_reducer_binary(r) ? (int32_t)i : given->v[i].id;
        if (!edgel_reducer_binary(r) && r->known[id] & EDGEL_IS_IGNORED)
            continue;
        r->known[id] |= EDGEL_IS_CLASS;
        r->classes[r->nclasses++].id = id;
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
    *out = NULL;
    EDGEL_TRY(edgel_reduce_check(measure, reduce, err));
    EDGEL_TRY(check_reduce(reduce, err));
    struct edgel_reducer *r = edgel_calloc(1, sizeof *r);
    if (!r)
        return edgel_reduce_no_memory(err);
    r->measure = measure;
    r->reduce = reduce;
    r->prediction = edgel_strdup(prediction);
    r->known = edgel_calloc(EDGEL_IDS, 1);
    bool ok = r->prediction && r->known &&
              edgel_curve_sums_init(&r->curve, edgel_curve_thresholds(measure)) &&
              edgel_boundary_sums_init(&r->boundary,
                                       measure->boundary != EDGEL_BOUNDARY_NONE ? measure->thresholds : 0,
                                       measure->listed) &&
              edgel_region_sums_init(&r->regions, measure->regions ? measure->thresholds : 0, measure->listed,
                                     false) &&
              edgel_region_sums_init(&r->regions_rounded, measure->regions ? measure->thresholds : 0,
                                     measure->listed, true);
    for (size_t i = 0; ok && i < reduce->nignore; i++)
        r->known[reduce->ignore[i]] |= EDGEL_IS_IGNORED;
    ok = ok && edgel_objects_begin(r);
    if (edgel_of_maps(measure) || edgel_objects_alone(measure->objects))
        r->fixed = true; /* no classes of pixels */
    else if (ok && (edgel_reducer_binary(r) || reduce->classes))
        ok = add_fixed_classes(r);
    if (!ok) {
        edgel_reducer_destroy(&r);
        return edgel_reduce_no_memory(err);
    }
    *out = r;
    return EDGEL_OK;
}

void edgel_reducer_destroy(struct edgel_reducer **reducer)
{
    struct edgel_reducer *r = *reducer;
    if (!r)
        return;
    edgel_free(r->prediction);
    edgel_free(r->classes);
    edgel_free(r->cells);
    edgel_free(r->known);
    edgel_curve_sums_finish(&r->curve);
    edgel_boundary_sums_finish(&r->boundary);
    edgel_region_sums_finish(&r->regions);
    edgel_region_sums_finish(&r->regions_rounded);
    edgel_davis_finish(&r->davis);
    edgel_objects_sums_finish(&r->objects);
    edgel_free(r);
    *reducer = NULL;
}

/* --- one row --- */

/* Id under which a cell's truth is judged, or EDGEL_ID_NONE if it is ignored. */
static int32_t judged(const struct edgel_reducer *r, const struct edgel_cell *c)
{
    if (r->known[c->truth] & EDGEL_IS_IGNORED)
        return EDGEL_ID_NONE;
    return edgel_reducer_binary(r) && c->truth > 1 ? 1 : c->truth;
}

/* Pixels of an id that is no class, for the message. */
struct stranger {
    int32_t id;
    uint64_t n;
};
enum { STRANGERS = 8 };
struct strangers {
    struct stranger v[STRANGERS];
    size_t n, more;
};

static void meet(struct strangers *s, int32_t id, uint64_t n)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->v[i].id == id) {
            s->v[i].n += n;
            return;
        }
    if (s->n < STRANGERS)
        s->v[s->n++] = (struct stranger){ id, n };
    else
        s->more++;
}

static void tell(struct edgel_text *t, const char *side, const struct strangers *s)
{
    for (size_t i = 0; i < s->n; i++)
        edgel_text_printf(t, "%s%d (%llu pixels)", i ? ", " : side, s->v[i].id,
                          (unsigned long long)s->v[i].n);
    if (s->more)
        edgel_text_str(t, " and others");
}

static enum edgel_status check_known(const struct edgel_reducer *r, const struct edgel_row *row,
                                     struct edgel_error *err)
{
    struct strangers truth = { 0 }, prediction = { 0 };
    for (size_t i = 0; i < edgel_row_pixels(row)->n; i++) {
        const struct edgel_cell *c = &edgel_row_pixels(row)->cells[i];
        int32_t t = judged(r, c);
        if (t < 0)
            continue;
        if (!(r->known[t] & EDGEL_IS_CLASS))
            meet(&truth, t, c->n);
        if (c->prediction >= 0 && r->known[c->prediction] == 0)
            meet(&prediction, c->prediction, c->n);
    }
    if (truth.n + prediction.n == 0)
        return EDGEL_OK;
    struct edgel_text t = { 0 };
    tell(&t, "in the truth ", &truth);
    if (truth.n && prediction.n)
        edgel_text_str(&t, "; ");
    tell(&t, "in the prediction ", &prediction);
    enum edgel_status st =
        t.failed ? edgel_reduce_no_memory(err)
                 : edgel_fail(err, EDGEL_EFORMAT, "ids that are neither classes nor ignored: %s", t.s);
    edgel_text_finish(&t);
    return st;
}

/* What must hold of any row, whoever made it, before its numbers are used as indices. */
static enum edgel_status check_row(const struct edgel_reducer *r, const struct edgel_row *row,
                                   struct edgel_error *err)
{
    for (int f = 0; f < EDGEL_FAMILIES; f++) {
        const struct edgel_family_row *family = edgel_family_row((enum edgel_family)f);
        const char *odd = family->asked(r->measure) ? family->sound(r->measure, row) : NULL;
        if (odd)
            return edgel_fail(err, EDGEL_EINVAL, "row: %s", odd);
    }
    if (edgel_row_pixels(row)->pixels > UINT64_MAX / 8 - r->all)
        return edgel_fail(err, EDGEL_EFORMAT, "more than 2^61 pixels in all");
    return EDGEL_OK;
}

/* Makes room for the ids of a row as classes; those seen for the first time start as absent ones. */
static enum edgel_status learn_classes(struct edgel_reducer *r, const struct edgel_row *row,
                                       struct edgel_error *err)
{
    uint8_t *seen = edgel_calloc(EDGEL_IDS, 1);
    if (!seen)
        return edgel_reduce_no_memory(err);
    for (size_t i = 0; i < edgel_row_pixels(row)->n; i++) {
        if (judged(r, &edgel_row_pixels(row)->cells[i]) < 0)
            continue;
        seen[edgel_row_pixels(row)->cells[i].truth] = 1;
        if (edgel_row_pixels(row)->cells[i].prediction >= 0 &&
            !edgel_reducer_ignores(r, edgel_row_pixels(row)->cells[i].prediction))
            seen[edgel_row_pixels(row)->cells[i].prediction] = 1;
    }
    size_t fresh = 0;
    for (int32_t id = 0; id < EDGEL_IDS; id++)
        fresh += seen[id] && !(r->known[id] & EDGEL_IS_CLASS);
    enum edgel_status st = EDGEL_OK;
    if (fresh == 0)
        goto out;
    if (fresh + r->nclasses > EDGEL_CLASSES_MAX) {
        st = edgel_fail(err, EDGEL_EFORMAT, "more than %d different ids: no classes (say which there are)",
                        EDGEL_CLASSES_MAX);
        goto out;
    }
    struct edgel_class_sums *v = edgel_alloc(fresh + r->nclasses, sizeof *v);
    if (!v) {
        st = edgel_reduce_no_memory(err);
        goto out;
    }
    size_t from = 0, to = 0;
    for (int32_t id = 0; id < EDGEL_IDS; id++) {
        if (r->known[id] & EDGEL_IS_CLASS) {
            v[to++] = r->classes[from++];
        } else if (seen[id]) {
            v[to] = r->absent;
            v[to++].id = id;
            r->known[id] |= EDGEL_IS_CLASS;
        }
    }
    edgel_free(r->classes);
    r->classes = v;
    r->nclasses = to;
out:
    edgel_free(seen);
    return st;
}

static bool cell_before(const struct edgel_cell *a, const struct edgel_cell *b)
{
    return a->truth != b->truth ? a->truth < b->truth : a->prediction < b->prediction;
}

/* Adds one cell at the end of v[n], or to the last one if its ids are the same. */
static size_t append(struct edgel_cell *v, size_t n, struct edgel_cell c)
{
    if (n > 0 && v[n - 1].truth == c.truth && v[n - 1].prediction == c.prediction)
        v[n - 1].n += c.n;
    else
        v[n++] = c;
    return n;
}

/* The judged cells of a row under the ids they are judged as, rising. BINARY maps several truth ids to 1, which may
 * stand in any order, so there both cells are collected first. */
static size_t judged_cells(const struct edgel_reducer *r, const struct edgel_row *row, struct edgel_cell *out)
{
    size_t n = 0;
    for (int32_t pass = 0; pass < (edgel_reducer_binary(r) ? 4 : 1); pass++)
        for (size_t i = 0; i < edgel_row_pixels(row)->n; i++) {
            struct edgel_cell c = edgel_row_pixels(row)->cells[i];
            c.truth = judged(r, &edgel_row_pixels(row)->cells[i]);
            if (c.truth < 0 ||
                (edgel_reducer_binary(r) && (c.truth != pass / 2 || (c.prediction == 1) != pass % 2)))
                continue;
            n = append(out, n, c);
        }
    return n;
}

static size_t merge_cells(const struct edgel_cell *a, size_t na, const struct edgel_cell *b, size_t nb,
                          struct edgel_cell *out)
{
    size_t i = 0, k = 0, n = 0;
    while (i < na || k < nb)
        n = append(out, n, k == nb || (i < na && !cell_before(&b[k], &a[i])) ? a[i++] : b[k++]);
    return n;
}

static void count_pixels(const struct edgel_reducer *r, const struct edgel_cell *cells, size_t n,
                         struct edgel_pixel_counts *out)
{
    for (size_t i = 0; i < n; i++) {
        const struct edgel_cell *c = &cells[i];
        out[edgel_reducer_index(r, c->truth)].truth += c->n;
        if (c->prediction < 0 || edgel_reducer_ignores(r, c->prediction))
            continue;
        out[edgel_reducer_index(r, c->prediction)].prediction += c->n;
        if (c->truth == c->prediction)
            out[edgel_reducer_index(r, c->truth)].tp += c->n;
    }
}

static void add_image_scores(const struct edgel_reducer *r, struct edgel_class_sums *c,
                             const struct edgel_pixel_counts *pixels,
                             const struct edgel_tolerance_counts *tolerance, uint64_t all)
{
    struct edgel_scores s;
    if (r->measure->tolerance >= 0)
        edgel_scores_tolerance(tolerance, r->reduce->empty, &s, &c->touched);
    else
        edgel_scores_pixels(pixels, all, r->reduce->empty, &s, &c->touched);
    for (size_t i = 0; i < edgel_scores_count(); i++)
        edgel_mean_add(&c->scores[i], s.v[i]);
}

static void add_overall(struct edgel_reducer *r, struct edgel_overall o)
{
    edgel_mean_add(&r->overall[0], o.accuracy);
    edgel_mean_add(&r->overall[1], o.kappa);
    edgel_mean_add(&r->overall[2], o.fwiou);
}

static void add_class_counts(struct edgel_class_sums *c, const struct edgel_pixel_counts *p,
                             const struct edgel_tolerance_counts *t)
{
    c->pooled.tp += p->tp;
    c->pooled.truth += p->truth;
    c->pooled.prediction += p->prediction;
    c->tolerance.matched_prediction += t->matched_prediction;
    c->tolerance.prediction += t->prediction;
    c->tolerance.matched_truth += t->matched_truth;
    c->tolerance.truth += t->truth;
}

static void add_distances(struct edgel_reducer *r, const struct edgel_row *row)
{
    size_t k = 0;
    if (!r->measure->distances)
        return;
    for (size_t i = 0; i < r->nclasses; i++) {
        while (k < edgel_row_distances(row)->n && edgel_row_distances(row)->v[k].id < r->classes[i].id)
            k++;
        const bool here =
            k < edgel_row_distances(row)->n && edgel_row_distances(row)->v[k].id == r->classes[i].id;
        edgel_distance_sums_add(&r->classes[i].distance, here ? &edgel_row_distances(row)->v[k] : NULL,
                                row->w, row->h, r->reduce);
    }
    edgel_distance_sums_add(&r->absent.distance, NULL, row->w, row->h, r->reduce);
}

static void add_bands(struct edgel_reducer *r, const struct edgel_row *row)
{
    static const struct edgel_band_counts none;
    size_t k = 0;
    if (!(r->measure->band > 0))
        return;
    for (size_t i = 0; i < r->nclasses; i++) {
        while (k < edgel_row_bands(row)->n && edgel_row_bands(row)->v[k].id < r->classes[i].id)
            k++;
        const bool here = k < edgel_row_bands(row)->n && edgel_row_bands(row)->v[k].id == r->classes[i].id;
        const struct edgel_band_counts *c = here ? &edgel_row_bands(row)->v[k] : &none;
        r->classes[i].band.truth += c->truth;
        r->classes[i].band.prediction += c->prediction;
        r->classes[i].band.both += c->both;
        edgel_mean_add(&r->classes[i].boundary_iou, edgel_band_iou(c, r->reduce->empty));
    }
    edgel_mean_add(&r->absent.boundary_iou, edgel_band_iou(&none, r->reduce->empty));
}

/* Cannot fail: adds an image whose judged cells are cells[n]. pixels[nclasses] is zeroed scratch. */
static void commit_row(struct edgel_reducer *r, const struct edgel_row *row, const struct edgel_cell *cells,
                       size_t n, struct edgel_pixel_counts *pixels)
{
    static const struct edgel_pixel_counts no_pixels;
    static const struct edgel_tolerance_counts no_tolerance;
    uint64_t all = 0;
    for (size_t i = 0; i < n; i++) {
        all += cells[i].n;
        if (edgel_reducer_ignores(r, cells[i].prediction))
            r->ignored_predicted += cells[i].n;
    }
    count_pixels(r, cells, n, pixels);
    size_t k = 0;
    for (size_t i = 0; i < r->nclasses; i++) {
        const struct edgel_tolerance_counts *t = &no_tolerance;
        while (k < edgel_row_tolerance(row)->n && edgel_row_tolerance(row)->v[k].id < r->classes[i].id)
            k++;
        if (k < edgel_row_tolerance(row)->n && edgel_row_tolerance(row)->v[k].id == r->classes[i].id)
            t = &edgel_row_tolerance(row)->v[k];
        add_class_counts(&r->classes[i], &pixels[i], t);
        add_image_scores(r, &r->classes[i], &pixels[i], t, all);
    }
    add_distances(r, row);
    add_bands(r, row);
    edgel_objects_add(r, row);
    if (r->measure->davis)
        edgel_davis_add(&r->davis, row, r->classes, pixels, r->nclasses);
    add_image_scores(r, &r->absent, &no_pixels, &no_tolerance, all);
    add_overall(r, edgel_scores_overall(pixels, r->nclasses, all, r->reduce->empty));
    edgel_curve_sums_add(&r->curve, row);
    edgel_boundary_sums_add(&r->boundary, edgel_row_boundary(row));
    edgel_region_sums_add(&r->regions, row);
    edgel_region_sums_add(&r->regions_rounded, row);
    r->all += all;
    r->images++;
}

static enum edgel_status add_measured(struct edgel_reducer *r, const struct edgel_row *row,
                                      struct edgel_error *err)
{
    struct edgel_cell *cells = NULL, *sum = NULL;
    struct edgel_pixel_counts *pixels = NULL;
    EDGEL_TRY(check_row(r, row, err));
    enum edgel_status st = r->fixed ? check_known(r, row, err) : learn_classes(r, row, err);
    if (st != EDGEL_OK)
        return st;
    if ((st = edgel_objects_prepare(r, row, err)) != EDGEL_OK)
        return st;
    cells = edgel_alloc(edgel_row_pixels(row)->n + 1, sizeof *cells);
    sum = edgel_alloc(r->ncells + edgel_row_pixels(row)->n + 1, sizeof *sum);
    pixels = edgel_calloc(r->nclasses + 1, sizeof *pixels);
    if (!cells || !sum || !pixels || (r->measure->davis && !edgel_davis_prepare(&r->davis, row))) {
        st = edgel_reduce_no_memory(err);
        goto out;
    }
    size_t n = judged_cells(r, row, cells);
    r->ncells = merge_cells(r->cells, r->ncells, cells, n, sum);
    edgel_free(r->cells);
    r->cells = sum;
    sum = NULL;
    commit_row(r, row, cells, n, pixels);
out:
    edgel_free(cells);
    edgel_free(sum);
    edgel_free(pixels);
    return st;
}

enum edgel_status edgel_reducer_add(struct edgel_reducer *r, const struct edgel_row *row,
                                    struct edgel_error *err)
{
    const bool worst = row->kind == EDGEL_ROW_MISSING && r->reduce->missing == EDGEL_MISSING_WORST;
    if (worst && row->w == 0)
        return edgel_fail(err, EDGEL_EFORMAT,
                          "its prediction is missing and was not measured as the worst one: measure again");
    if (row->kind == EDGEL_ROW_MEASURED || worst)
        EDGEL_TRY(add_measured(r, row, err));
    r->missing += row->kind == EDGEL_ROW_MISSING;
    r->failed += row->kind == EDGEL_ROW_FAILED;
    return EDGEL_OK;
}
