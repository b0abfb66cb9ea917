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
        list.failed ? edgel_fail(err, EDGEL_ENOMEM, "%s: out of memory", o->key)
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
