/*
 * A confusion matrix as CSV, of any number of classes.
 *
 *   truth,"sky","road"[,none]      rows are truth, columns prediction, cells pixels
 *   "sky",12,3[,1]
 *
 * Names of classes are always in quotes, so that the column none, of pixels that were predicted as no class or as an
 * ignored id, cannot be one of them; it is there when there are such pixels. Lines end in LF.
 */
#include "report/report_priv.h"
#include <inttypes.h>

enum edgel_status edgel_report_confusion(struct edgel_output *out, const char *const *names, size_t n,
                                         const uint64_t *matrix, const uint64_t *other,
                                         struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    if (n) {
        EDGEL_REQUIRE(names);
        EDGEL_REQUIRE(matrix);
    }
    struct edgel_text t = { 0 };
    bool any = false;
    for (size_t i = 0; other && i < n; i++)
        any |= other[i] > 0;
    edgel_text_str(&t, "truth");
    for (size_t i = 0; i < n; i++) {
        edgel_text_str(&t, ",");
        edgel_csv_quoted(&t, names[i]);
    }
    edgel_text_str(&t, any ? ",none\n" : "\n");
    enum edgel_status status = edgel_text_deliver(&t, out, err);
    for (size_t i = 0; i < n && status == EDGEL_OK; i++) {
        edgel_csv_quoted(&t, names[i]);
        for (size_t k = 0; k < n; k++)
            edgel_text_printf(&t, ",%" PRIu64, matrix[i * n + k]);
        if (any)
            edgel_text_printf(&t, ",%" PRIu64, other[i]);
        edgel_text_str(&t, "\n");
        status = edgel_text_deliver(&t, out, err);
    }
    edgel_text_finish(&t);
    return status;
}

/* BINARY has a result of the foreground alone; its other row is the background. */
static const char *name_of(const struct edgel_pixels_result *p, int32_t id, bool binary, char *buf,
                           size_t size)
{
    for (size_t i = 0; i < p->nclasses; i++)
        if (p->classes[i].id == id)
            return edgel_class_label(&p->classes[i], buf, size);
    return binary ? "background" : "";
}

enum edgel_status edgel_report_summary_confusion(struct edgel_output *out, const struct edgel_summary *s,
                                                 struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    EDGEL_REQUIRE(s);
    EDGEL_REQUIRE(s->measure);
    enum { DIGITS = 16 };
    const struct edgel_pixels_result *p = edgel_summary_pixels(s);
    const bool binary = s->measure->labels == EDGEL_LABELS_BINARY;
    const char **names = edgel_alloc(p->nmatrix + 1, sizeof *names);
    char(*digits)[DIGITS] = edgel_alloc(p->nmatrix + 1, sizeof *digits);
    enum edgel_status status = EDGEL_OK;
    if (!names || !digits)
        status = edgel_fail(err, EDGEL_ENOMEM, "confusion: out of memory");
    for (size_t i = 0; i < p->nmatrix && status == EDGEL_OK; i++)
        names[i] = name_of(p, p->matrix_ids[i], binary, digits[i], DIGITS);
    if (status == EDGEL_OK)
        status = edgel_report_confusion(out, names, p->nmatrix, p->matrix, p->matrix_other, err);
    edgel_free(names);
    edgel_free(digits);
    return status;
}
