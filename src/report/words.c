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

void edgel_text_named(struct edgel_text *t, const char *before, double v)
{
    edgel_text_str(t, before);
    edgel_text_real(t, v);
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
        return edgel_no_memory(err, "report");
    EDGEL_TRY(edgel_output_write(out, t->s, t->len, err));
    edgel_text_clear(t);
    return EDGEL_OK;
}
