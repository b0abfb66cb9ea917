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

/* --- what a row must be --- */

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
        int32_t t = edgel_reducer_judged(r, c);
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
        const struct edgel_family_row *family = edgel_family_of((enum edgel_family)f);
        const char *odd = edgel_family_asked(family, r->measure) ? family->sound(r->measure, row) : NULL;
        if (odd)
            return edgel_fail(err, EDGEL_EINVAL, "row: %s", odd);
    }
    if (edgel_row_pixels(row)->pixels > UINT64_MAX / 8 - r->all)
        return edgel_fail(err, EDGEL_EFORMAT, "more than 2^61 pixels in all");
    return EDGEL_OK;
}

/* --- its cells --- */

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
            c.truth = edgel_reducer_judged(r, &edgel_row_pixels(row)->cells[i]);
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

/* --- adding it --- */

static enum edgel_status prepare_families(const struct edgel_reducer *r, const struct edgel_row *row,
                                          struct edgel_error *err)
{
    for (int f = 0; f < EDGEL_FAMILIES; f++) {
        const struct edgel_family_row *family = edgel_family_of((enum edgel_family)f);
        if (edgel_family_asked(family, r->measure) && family->sums->prepare)
            EDGEL_TRY(family->sums->prepare(r, r->family[f].sums, row, err));
    }
    return EDGEL_OK;
}

/* Cannot fail: adds an image whose judged cells are cells[n]. pixels[nclasses] is zeroed scratch. */
static void commit_row(struct edgel_reducer *r, const struct edgel_row *row, const struct edgel_cell *cells,
                       size_t n, struct edgel_pixel_counts *pixels)
{
    struct edgel_adding a = { .reducer = r, .row = row, .pixels = pixels };
    for (size_t i = 0; i < n; i++) {
        a.all += cells[i].n;
        if (edgel_reducer_ignores(r, cells[i].prediction))
            r->ignored_predicted += cells[i].n;
    }
    count_pixels(r, cells, n, pixels);
    for (int f = 0; f < EDGEL_FAMILIES; f++) {
        const struct edgel_family_row *family = edgel_family_of((enum edgel_family)f);
        if (edgel_family_asked(family, r->measure))
            family->sums->add(&a, r->family[f].sums);
    }
    r->all += a.all;
    r->images++;
}

static enum edgel_status add_measured(struct edgel_reducer *r, const struct edgel_row *row,
                                      struct edgel_error *err)
{
    struct edgel_cell *cells = NULL, *sum = NULL;
    struct edgel_pixel_counts *pixels = NULL;
    EDGEL_TRY(check_row(r, row, err));
    EDGEL_TRY(r->fixed ? check_known(r, row, err) : edgel_reducer_learn(r, row, err));
    EDGEL_TRY(prepare_families(r, row, err));
    const size_t ncells = edgel_row_pixels(row)->n;
    enum edgel_status st = EDGEL_OK;
    cells = edgel_alloc(ncells + 1, sizeof *cells);
    sum = edgel_alloc(r->ncells + ncells + 1, sizeof *sum);
    pixels = edgel_calloc(r->nclasses + 1, sizeof *pixels);
    if (!cells || !sum || !pixels) {
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
    EDGEL_REQUIRE(r);
    EDGEL_REQUIRE(row);
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
