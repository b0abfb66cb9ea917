/* Names and words that table, JSON and CSV have in common. */
#include "report/report_priv.h"
#include <inttypes.h>
#include <stdio.h>

size_t edgel_class_scores(void)
{
    size_t n = 0;
    while (edgel_score_at(n) && edgel_score_at(n)->of_class)
        n++;
    return n;
}

bool edgel_counts_pixels(const struct edgel_measure *m)
{
    return m->boundary == EDGEL_BOUNDARY_NONE && !m->regions && !edgel_objects_alone(m->objects);
}

const char *edgel_word_of_reduce(enum edgel_reduce_kind kind)
{
    return kind == EDGEL_REDUCE_IMAGE ? "image" : "pooled";
}

const char *edgel_word_of_empty(enum edgel_empty empty)
{
    return empty == EDGEL_EMPTY_ONE ? "one" : empty == EDGEL_EMPTY_ZERO ? "zero" : "nan";
}

const char *edgel_word_of_missing(enum edgel_missing missing)
{
    return missing == EDGEL_MISSING_WORST ? "worst" : missing == EDGEL_MISSING_SKIP ? "skip" : "error";
}

const char *edgel_word_of_labels(enum edgel_labels labels)
{
    return labels == EDGEL_LABELS_BINARY ? "binary" : labels == EDGEL_LABELS_IDS ? "ids" : "auto";
}

void edgel_word_of_annotator(struct edgel_text *t, const struct edgel_measure *m)
{
    if (m->annotator == EDGEL_ANNOTATOR_INDEX)
        edgel_text_printf(t, "%d", m->annotator_index);
    else
        edgel_text_str(t, m->annotator == EDGEL_ANNOTATOR_ANY        ? "any"
                          : m->annotator == EDGEL_ANNOTATOR_MAJORITY ? "majority"
                                                                     : "none");
}

const char *edgel_class_label(const struct edgel_class_result *c, char *buf, size_t size)
{
    if (c->name && *c->name)
        return c->name;
    snprintf(buf, size, "%" PRId32, c->id);
    return buf;
}

enum edgel_status edgel_text_deliver(struct edgel_text *t, struct edgel_output *out, struct edgel_error *err)
{
    if (t->failed)
        return edgel_fail(err, EDGEL_ENOMEM, "report: out of memory");
    EDGEL_TRY(edgel_output_write(out, t->s, t->len, err));
    edgel_text_clear(t);
    return EDGEL_OK;
}
