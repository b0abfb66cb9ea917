/*
 * The options of families: their defaults, texts, numbers and ranges, read from the rows of the families. The options
 * of a family are the numbers options[family][i] of struct edgel_measure; no other file knows all of them.
 */
#include "eval/eval_priv.h"
#include <string.h>

const struct edgel_family_option *edgel_family_option_at(enum edgel_family family, int i)
{
    const bool there = (unsigned)family < EDGEL_FAMILIES && i >= 0 && i < edgel_family_of(family)->noptions;
    return there ? &edgel_family_of(family)->options[i] : NULL;
}

const struct edgel_family_option *edgel_option_find(const char *key, enum edgel_family *family, int *at)
{
    const struct edgel_family_option *o;
    for (int f = 0; f < EDGEL_FAMILIES; f++)
        for (int i = 0; (o = edgel_family_option_at((enum edgel_family)f, i)) != NULL; i++)
            if (strcmp(o->key, key) == 0) {
                *family = (enum edgel_family)f;
                *at = i;
                return o;
            }
    return NULL;
}

/* --- reading --- */

bool edgel_measure_asks(const struct edgel_measure *m, enum edgel_family family)
{
    return (unsigned)family < EDGEL_FAMILIES && edgel_family_asked(edgel_family_of(family), m);
}

bool edgel_measure_counts_pixels(const struct edgel_measure *m)
{
    for (int f = 0; f < EDGEL_FAMILIES; f++) {
        const struct edgel_family_row *family = edgel_family_of((enum edgel_family)f);
        if (family->in_place && edgel_family_asked(family, m) && family->in_place(m))
            return false;
    }
    return true;
}

const char *edgel_family_key(enum edgel_family family)
{
    if ((unsigned)family >= EDGEL_FAMILIES)
        return NULL;
    const struct edgel_family_row *f = edgel_family_of(family);
    return f->noptions > 0 && !f->asks ? f->options->key : f->asks;
}

double edgel_measure_value(const struct edgel_measure *m, const char *key)
{
    enum edgel_family f;
    int i;
    return edgel_option_find(key, &f, &i) ? m->options[f][i] : NAN;
}

const char *edgel_measure_word(const struct edgel_measure *m, const char *key)
{
    enum edgel_family f;
    int i;
    const struct edgel_family_option *o = edgel_option_find(key, &f, &i);
    return o && o->words ? edgel_option_word(o, m->options[f][i]) : "";
}

/* --- setting --- */

void edgel_measure_init(struct edgel_measure *m)
{
    const struct edgel_family_option *o;
    *m = (struct edgel_measure){
        .labels = EDGEL_LABELS_AUTO, .threshold = 0.5, .annotator = EDGEL_ANNOTATOR_NONE, .annotator_index = 1
    };
    for (int f = 0; f < EDGEL_FAMILIES; f++)
        for (int i = 0; (o = edgel_family_option_at((enum edgel_family)f, i)) != NULL; i++)
            m->options[f][i] = o->def;
}

enum edgel_status edgel_measure_set_number(struct edgel_measure *m, const char *key, double value,
                                           struct edgel_error *err)
{
    EDGEL_REQUIRE(m);
    EDGEL_REQUIRE(key);
    enum edgel_family f;
    int i;
    const struct edgel_family_option *o = edgel_option_find(key, &f, &i);
    if (!o)
        return edgel_fail(err, EDGEL_EINVAL, "%s: no family of measures has this option", key);
    EDGEL_TRY(edgel_option_check(o, value, err));
    m->options[f][i] = value;
    return EDGEL_OK;
}

static enum edgel_status no_such_word(const struct edgel_family_option *o, const char *text,
                                      struct edgel_error *err)
{
    struct edgel_text list = { 0 };
    for (int i = 0; o->words[i]; i++)
        edgel_text_printf(&list, "%s%s", i ? ", " : "", o->words[i]);
    const enum edgel_status st =
        list.failed ? edgel_no_memory(err, o->key)
                    : edgel_fail(err, EDGEL_EINVAL, "%s %s: must be one of %s", o->key, text, list.s);
    edgel_text_finish(&list);
    return st;
}

enum edgel_status edgel_measure_set(struct edgel_measure *m, const char *key, const char *text,
                                    struct edgel_error *err)
{
    EDGEL_REQUIRE(m);
    EDGEL_REQUIRE(key);
    EDGEL_REQUIRE(text);
    enum edgel_family f;
    int i, word = 0;
    double value;
    const struct edgel_family_option *o = edgel_option_find(key, &f, &i);
    if (o && o->words) {
        while (o->words[word] && strcmp(o->words[word], text) != 0)
            word++;
        return o->words[word] ? edgel_measure_set_number(m, key, word, err) : no_such_word(o, text, err);
    }
    if (strcmp(text, "none") == 0)
        return edgel_measure_set_number(m, key, NAN, err);
    EDGEL_TRY(edgel_parse_real(key, text, -HUGE_VAL, HUGE_VAL, &value, err));
    return edgel_measure_set_number(m, key, value, err);
}

/* --- which go together --- */

/*
 * Whether the options of families are in range, and which parameters do not go together. Each family says in its row
 * what has no use beside it and what needs it; the parameters are named by keys, those of options and "labels",
 * "colors", "threshold", "thresholds", "valid", "ignore", "votes" (annotator any or majority), and those of reducing
 * and of outputs.
 */
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

/* --- before an image is touched: all parameters --- */

enum edgel_status edgel_measure_check(const struct edgel_measure *p, size_t ntruth, struct edgel_error *err)
{
    if (p->labels == EDGEL_LABELS_AUTO)
        return edgel_fail(err, EDGEL_EINVAL, "labels: auto must be resolved before measuring");
    EDGEL_TRY(edgel_convention_check(EDGEL_CONVENTION_LABELS, "labels", (int)p->labels, err));
    EDGEL_TRY(edgel_convention_check(EDGEL_CONVENTION_ANNOTATOR, "annotator", (int)p->annotator, err));
    if (!(p->threshold >= 0 && p->threshold <= 1))
        return edgel_fail(err, EDGEL_EINVAL, "threshold: must be from 0 to 1");
    if (p->thresholds < 0 || p->thresholds > EDGEL_THRESHOLDS_MAX)
        return edgel_fail(err, EDGEL_EINVAL, "thresholds %d: must be from 0 to %d", p->thresholds,
                          EDGEL_THRESHOLDS_MAX);
    if (edgel_curve_thresholds(p) > 0 && p->labels != EDGEL_LABELS_BINARY)
        return edgel_fail(err, EDGEL_EINVAL, "thresholds: only binary masks can be swept");
    for (size_t i = 0; i < p->nignore; i++)
        if (p->ignore[i] < 0 || p->ignore[i] >= EDGEL_IDS)
            return edgel_fail(err, EDGEL_EINVAL, "ignore %d: ids are 0 to %d", p->ignore[i], EDGEL_IDS - 1);
    if (p->listed && !edgel_of_maps(p))
        return edgel_fail(err, EDGEL_EINVAL, "listed: lists of segmentations have boundaries, and no pixels");
    EDGEL_TRY(edgel_options_check(p, err));
    bool votes = p->annotator == EDGEL_ANNOTATOR_ANY || p->annotator == EDGEL_ANNOTATOR_MAJORITY;
    if (votes && p->labels != EDGEL_LABELS_BINARY)
        return edgel_fail(err, EDGEL_EINVAL, "annotator: any and majority need binary masks");
    if (ntruth < 1 || ntruth > INT16_MAX)
        return edgel_fail(err, EDGEL_EINVAL, "truth: %zu masks for one image", ntruth);
    if (ntruth > 1 && p->annotator == EDGEL_ANNOTATOR_NONE && !edgel_of_maps(p))
        return edgel_fail(err, EDGEL_EINVAL, "%zu annotators: say which to take (a number, any or majority)",
                          ntruth);
    if (p->annotator == EDGEL_ANNOTATOR_INDEX && p->annotator_index < 1)
        return edgel_fail(err, EDGEL_EINVAL, "annotator %d: counted from 1", p->annotator_index);
    return EDGEL_OK;
}
