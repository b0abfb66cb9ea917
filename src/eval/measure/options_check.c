/*
 * Whether the options of families are in range, and which parameters do not go together. Each family says in its row
 * what has no use beside it and what needs it; the parameters are named by keys, those of options and "labels",
 * "colors", "threshold", "thresholds", "valid", "ignore", "votes" (annotator any or majority), and those of reducing
 * and of outputs.
 */
#include "eval/eval_priv.h"
#include <string.h>

static bool clash(struct edgel_clash *out, const char *key, const char *other, bool needs)
{
    *out = (struct edgel_clash){ .key = key, .other = other, .needs = needs };
    return true;
}

/* What has no use beside the family, which is asked for. */
static bool excluded(const struct edgel_family_row *f, const struct edgel_measure *m,
                     bool (*given)(void *user, const char *key), void *user, struct edgel_clash *out)
{
    for (const struct edgel_exclusion *e = f->excludes; e && e->key; e++)
        if (m->options[f->family][0] >= e->from && given(user, e->key))
            return clash(out, e->key, f->options->key, false);
    return false;
}

/* Options that need the one their family is asked for by, or the switch they are inside. */
static bool alone(const struct edgel_family_row *f, const struct edgel_measure *m,
                  bool (*given)(void *user, const char *key), void *user, struct edgel_clash *out)
{
    const double *v = m->options[f->family];
    int within = 0;
    for (int i = 1; i < f->noptions; i++) {
        const struct edgel_family_option *o = &f->options[i];
        within = o->inside ? within : 0;
        if (!edgel_option_on(&f->options[within], v[within]) && given(user, o->key))
            return clash(out, o->key, f->options[within].key, true);
        within = o->inside ? within : i;
    }
    return false;
}

/* What serves some families, of which none is asked for. */
static bool unserved(const struct edgel_family_row *f, const struct edgel_measure *m,
                     bool (*given)(void *user, const char *key), void *user, struct edgel_clash *out)
{
    for (const char *const *key = f->serves; key && *key; key++) {
        bool served = !given(user, *key);
        unsigned families = 0;
        for (int g = 0; g < EDGEL_FAMILIES && !served; g++)
            for (const char *const *k = edgel_family_of((enum edgel_family)g)->serves; k && *k; k++)
                if (strcmp(*k, *key) == 0) {
                    families |= 1U << g;
                    served |= edgel_measure_asks(m, (enum edgel_family)g);
                }
        if (!served) {
            *out = (struct edgel_clash){ .key = *key, .needs = true, .families = families };
            return true;
        }
    }
    return false;
}

bool edgel_measure_clash(const struct edgel_measure *m, bool (*given)(void *user, const char *key),
                         void *user, struct edgel_clash *out)
{
    for (int k = 0; k < EDGEL_FAMILIES; k++) {
        const struct edgel_family_row *f = edgel_family_of((enum edgel_family)k);
        if (f->noptions > 0 && edgel_option_on(f->options, m->options[k][0]) &&
            excluded(f, m, given, user, out))
            return true;
    }
    for (int k = 0; k < EDGEL_FAMILIES; k++) {
        const struct edgel_family_row *f = edgel_family_of((enum edgel_family)k);
        if (alone(f, m, given, user, out) || unserved(f, m, given, user, out))
            return true;
    }
    return false;
}

/* --- before anything is measured --- */

/* Whether the parameters themselves ask for it: of the options that do, and of switches that are off by default. */
static bool asked_for(void *user, const char *key)
{
    const struct edgel_measure *m = user;
    enum edgel_family f;
    int i;
    const struct edgel_family_option *o = edgel_option_find(key, &f, &i);
    if (o)
        return (i == 0 || (o->kind == EDGEL_OPTION_SWITCH && o->def == 0)) &&
               edgel_option_on(o, m->options[f][i]);
    return (strcmp(key, "thresholds") == 0 && m->thresholds > 0) || (strcmp(key, "valid") == 0 && m->valid) ||
           (strcmp(key, "ignore") == 0 && m->nignore > 0) || (strcmp(key, "colors") == 0 && m->colors) ||
           (strcmp(key, "votes") == 0 &&
            (m->annotator == EDGEL_ANNOTATOR_ANY || m->annotator == EDGEL_ANNOTATOR_MAJORITY));
}

enum edgel_status edgel_options_in_range(const struct edgel_measure *m, struct edgel_error *err)
{
    const struct edgel_family_option *o;
    for (int f = 0; f < EDGEL_FAMILIES; f++)
        for (int i = 0; (o = edgel_family_option_at((enum edgel_family)f, i)) != NULL; i++)
            EDGEL_TRY(edgel_option_check(o, m->options[f][i], err));
    return EDGEL_OK;
}

enum edgel_status edgel_options_check(const struct edgel_measure *m, struct edgel_error *err)
{
    struct edgel_measure own = *m;
    struct edgel_clash c;
    EDGEL_TRY(edgel_options_in_range(m, err));
    if (edgel_measure_clash(m, asked_for, &own, &c))
        return edgel_fail(err, EDGEL_EINVAL, "%s: %s %s", c.key, c.needs ? "needs" : "has no use with",
                          c.other);
    for (int k = 0; k < EDGEL_FAMILIES; k++) {
        const struct edgel_family_row *f = edgel_family_of((enum edgel_family)k);
        if (f->suits && edgel_family_asked(f, m))
            EDGEL_TRY(f->suits(m, err));
    }
    return EDGEL_OK;
}
