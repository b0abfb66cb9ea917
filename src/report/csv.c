/*
 * CSV as RFC 4180 has it: a header line, commas, lines that end in CR LF, a field in double quotes when it holds a
 * comma, a quote or a line break, a quote inside doubled. Names are written byte for byte. An undefined score is an
 * empty field. One row per image x class; a row of a missing prediction says so under "status". Pixels that are matched
 * within a distance have tp_prediction and tp_truth, the others tp and tn.
 */
#include "report/report_priv.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>

static void add_line(struct edgel_text *t, const char *prediction, const struct edgel_row *row,
                     const struct edgel_class_result *c)
{
    char digits[16];
    edgel_csv_field(t, prediction);
    edgel_text_str(t, ",");
    edgel_csv_field(t, row->image);
    edgel_text_printf(t, ",%s,%d,%d,%" PRId32 ",", row->kind == EDGEL_ROW_MISSING ? "missing" : "ok", row->w,
                      row->h, c->id);
    edgel_csv_field(t, edgel_class_label(c, digits, sizeof digits));
    if (c->matched)
        edgel_text_printf(t, ",,%" PRIu64 ",%" PRIu64 ",", c->fp, c->fn);
    else
        edgel_text_printf(t, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64, c->tp, c->fp, c->fn, c->tn);
    for (size_t i = 0; i < edgel_class_scores(); i++) {
        edgel_text_str(t, ",");
        if (isfinite(c->scores.v[i]))
            edgel_text_real(t, c->scores.v[i]);
    }
    if (c->matched)
        edgel_text_printf(t, ",%" PRIu64 ",%" PRIu64 "\r\n", c->tp_prediction, c->tp_truth);
    else
        edgel_text_str(t, ",,\r\n");
}

enum edgel_status edgel_report_csv_header(struct edgel_output *out, struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    struct edgel_text t = { 0 };
    edgel_text_str(&t, "prediction,image,status,width,height,class,name,tp,fp,fn,tn");
    for (size_t i = 0; i < edgel_class_scores(); i++)
        edgel_text_printf(&t, ",%s", edgel_score_at(i)->key);
    edgel_text_str(&t, ",tp_prediction,tp_truth\r\n");
    enum edgel_status s = edgel_text_deliver(&t, out, err);
    edgel_text_finish(&t);
    return s;
}

enum edgel_status edgel_report_csv_row(struct edgel_output *out, const char *prediction,
                                       const struct edgel_row *row, const struct edgel_class_result *results,
                                       size_t n, struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    EDGEL_REQUIRE(prediction);
    EDGEL_REQUIRE(row);
    if (n)
        EDGEL_REQUIRE(results);
    if (n == 0)
        return EDGEL_OK;
    struct edgel_text t = { 0 };
    for (size_t i = 0; i < n; i++)
        add_line(&t, prediction, row, &results[i]);
    enum edgel_status s = edgel_text_deliver(&t, out, err);
    edgel_text_finish(&t);
    return s;
}
