/* The scores of a summary, and bars that they have to reach. */
#include "eval/eval_priv.h"
#include <math.h>
#include <string.h>

double edgel_score_value(const struct edgel_score *score, const struct edgel_summary *summary)
{
    for (int f = 0; f < EDGEL_FAMILIES; f++) {
        const struct edgel_family_score *s = edgel_family_of((enum edgel_family)f)->sums->scores;
        const bool there = summary->results[f] && score->families >> f & 1;
        for (; there && s && s->key; s++)
            if (strcmp(s->key, score->key) == 0)
                return s->of(summary->results[f]);
    }
    for (size_t i = 0; score->of_class && edgel_score_at(i); i++)
        if (edgel_score_at(i) == score)
            return edgel_summary_pixels(summary)->mean.v[i];
    return NAN;
}

enum { MOST = 64, KEY_BYTES = 64 };

static enum edgel_status unknown(const char *what, const char *text, size_t n, struct edgel_error *err)
{
    const char *names[MOST + 1] = { NULL };
    char key[KEY_BYTES] = "";
    for (size_t i = 0; i < MOST && edgel_score_at(i); i++)
        names[i] = edgel_score_at(i)->key;
    if (n == 0)
        return edgel_fail(err, EDGEL_EINVAL, "%s '%s': must be KEY=V", what, text);
    memcpy(key, text, n < KEY_BYTES ? n : KEY_BYTES - 1);
    return edgel_error_choice(err, what, key, names);
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
    return unknown(what, text, n, err);
}

bool edgel_bar_reached(const struct edgel_bar *bar, const struct edgel_summary *summary, double *value)
{
    const double v = edgel_score_value(bar->score, summary);
    if (value)
        *value = v;
    return v >= bar->value;
}
