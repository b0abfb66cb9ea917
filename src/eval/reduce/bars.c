/* Bars that scores have to reach. */
#include "eval/eval_priv.h"
#include <math.h>
#include <string.h>

static void keys(struct edgel_text *t)
{
    for (size_t i = 0; edgel_score_at(i); i++)
        edgel_text_printf(t, "%s%s", i ? ", " : "", edgel_score_at(i)->key);
}

static enum edgel_status unknown(const char *what, const char *text, struct edgel_error *err)
{
    struct edgel_text t = { 0 };
    keys(&t);
    enum edgel_status st =
        t.failed ? edgel_fail(err, EDGEL_ENOMEM, "%s: out of memory", what)
                 : edgel_fail(err, EDGEL_EINVAL, "%s '%s': must be KEY=V, KEY one of %s", what, text, t.s);
    edgel_text_finish(&t);
    return st;
}

enum edgel_status edgel_bar_parse(const char *what, const char *text, struct edgel_bar *out,
                                  struct edgel_error *err)
{
    EDGEL_REQUIRE(what);
    EDGEL_REQUIRE(text);
    EDGEL_REQUIRE(out);
    const char *equals = strchr(text, '=');
    const size_t n = equals ? (size_t)(equals - text) : 0;
    const struct edgel_score *score;
    *out = (struct edgel_bar){ 0 };
    for (size_t i = 0; equals && (score = edgel_score_at(i)) != NULL; i++)
        if (strlen(score->key) == n && memcmp(score->key, text, n) == 0) {
            out->score = score;
            out->text = text;
            return edgel_parse_real(what, equals + 1, score->lo, score->hi, &out->value, err);
        }
    return unknown(what, text, err);
}

bool edgel_bar_reached(const struct edgel_bar *bar, const struct edgel_summary *summary, double *value)
{
    const double v = edgel_score_value(bar->score, summary);
    if (value)
        *value = v;
    return v >= bar->value;
}
