/* One option of a family: what its value may be, and its word. */
#include "eval/eval_priv.h"
#include <math.h>

const char *const edgel_option_switch[] = { "off", "on", NULL };

const char *edgel_option_word(const struct edgel_family_option *o, double value)
{
    for (int i = 0; o->words[i]; i++)
        if (i == value)
            return o->words[i];
    return "unknown";
}

static int words_of(const struct edgel_family_option *o)
{
    int n = 0;
    while (o->words[n])
        n++;
    return n;
}

static bool whole_from_to(double v, double lo, double hi)
{
    return v >= lo && v <= hi && v == rint(v);
}

enum edgel_status edgel_option_check(const struct edgel_family_option *o, double v, struct edgel_error *err)
{
    const bool none = isnan(v) && isnan(o->def);
    switch (o->kind) {
    case EDGEL_OPTION_SWITCH:
    case EDGEL_OPTION_WORD:
        if (whole_from_to(v, 0, words_of(o) - 1))
            return EDGEL_OK;
        return edgel_fail(err, EDGEL_EINVAL, "%s %g: must be from 0 to %d", o->key, v, words_of(o) - 1);
    case EDGEL_OPTION_WHOLE:
        if (whole_from_to(v, o->lo, o->hi))
            return EDGEL_OK;
        return edgel_fail(err, EDGEL_EINVAL, "%s %g: must be a whole number from %g to %g", o->key, v, o->lo,
                          o->hi);
    case EDGEL_OPTION_REAL:
        if (none || (v >= o->lo && v <= o->hi && !(o->above && v == o->lo)))
            return EDGEL_OK;
        return edgel_fail(err, EDGEL_EINVAL,
                          o->above ? "%s %g: must be above %g and at most %g"
                                   : "%s %g: must be from %g to %g",
                          o->key, v, o->lo, o->hi);
    }
    return edgel_fail(err, EDGEL_EINVAL, "%s: an option of kind %d", o->key, (int)o->kind);
}
