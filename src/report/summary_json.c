/*
 * The summary document, schema edgel.eval/2. Reals are written with the fewest digits that read back the same;
 * undefined ones are null. One line per class and per row of the confusion matrix, so that two documents can be
 * compared with diff.
 */
#include "report/report_priv.h"
#include <inttypes.h>
#include <math.h>

static void ids(struct edgel_text *t, const char *before, const int32_t *v, size_t n)
{
    edgel_text_printf(t, "%s[", before);
    for (size_t i = 0; i < n; i++)
        edgel_text_printf(t, "%s%" PRId32, i ? "," : "", v[i]);
    edgel_text_str(t, "]");
}

static void convention(struct edgel_text *t, const struct edgel_measure *m, const struct edgel_reduce *r)
{
    bool binary = m->labels == EDGEL_LABELS_BINARY;
    char annotator[16];
    edgel_text_printf(t, " \"convention\":{\"name\":\"edgel\",\"reduce\":\"%s\",\"empty\":\"%s\"",
                      edgel_convention_word(EDGEL_CONVENTION_REDUCE, (int)r->reduce),
                      edgel_convention_word(EDGEL_CONVENTION_EMPTY, (int)r->empty));
    ids(t, ",\"ignore\":", r->ignore, r->nignore);
    ids(t, ",\"exclude_from_mean\":", r->exclude_from_mean, r->nexclude);
    edgel_text_printf(t, ",\"labels\":\"%s\"",
                      edgel_convention_word(EDGEL_CONVENTION_LABELS, (int)m->labels));
    edgel_text_named(
        t, ",\"threshold\":", binary && !edgel_measure_asks(m, EDGEL_BOUNDARY) ? m->threshold : NAN);
    edgel_text_printf(t, ",\"thresholds\":%d,\"missing\":\"%s\"", m->thresholds,
                      edgel_convention_word(EDGEL_CONVENTION_MISSING, (int)r->missing));
    for (int f = 0; f < EDGEL_FAMILIES; f++)
        if (edgel_show_of((enum edgel_family)f)->convention_first)
            edgel_show_of((enum edgel_family)f)->convention_first(t, m);
    edgel_annotator_text(m, annotator, sizeof annotator);
    edgel_text_printf(t, ",\"valid\":%s,\"annotator\":\"%s\"", m->valid ? "true" : "false", annotator);
    for (int f = 0; f < EDGEL_FAMILIES; f++)
        if (edgel_show_of((enum edgel_family)f)->convention)
            edgel_show_of((enum edgel_family)f)->convention(t, m);
    edgel_text_str(t, "},\n");
}

static void summary(struct edgel_text *t, const struct edgel_summary *s)
{
    edgel_text_str(t, "{\"schema\":\"edgel.eval/2\",\n \"prediction\":");
    edgel_text_json(t, s->prediction);
    edgel_text_str(t, ",\n");
    convention(t, s->measure, s->reduce);
    edgel_text_printf(t, " \"images\":%" PRIu64 ",\"missing\":%" PRIu64 ",\"failed\":%" PRIu64, s->images,
                      s->missing, s->failed);
    for (int f = 0; f < EDGEL_FAMILIES; f++) {
        const struct edgel_show *show = edgel_show_of((enum edgel_family)f);
        if (show->json && s->results[f])
            show->json(t, s);
    }
    edgel_text_str(t, "}");
}

enum edgel_status edgel_report_json(struct edgel_output *out, const struct edgel_summary *s, size_t n,
                                    struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    if (n)
        EDGEL_REQUIRE(s);
    struct edgel_text t = { 0 };
    enum edgel_status status = EDGEL_OK;
    if (n != 1)
        edgel_text_str(&t, "{\"schema\":\"edgel.eval/2\",\"results\":[\n");
    for (size_t i = 0; i < n && status == EDGEL_OK; i++) {
        if (i)
            edgel_text_str(&t, ",\n");
        summary(&t, &s[i]);
        status = edgel_text_deliver(&t, out, err);
    }
    if (n != 1)
        edgel_text_str(&t, "]}");
    edgel_text_str(&t, "\n");
    if (status == EDGEL_OK)
        status = edgel_text_deliver(&t, out, err);
    edgel_text_finish(&t);
    return status;
}
