/*
 * The words of conventions: the one table that options, counts files, documents and printed tables read. And of one
 * option of a family: what its value may be, and its word.
 */
#include "eval/eval_priv.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const labels[] = {
    [EDGEL_LABELS_AUTO] = "auto", [EDGEL_LABELS_BINARY] = "binary", [EDGEL_LABELS_IDS] = "ids", NULL
};
/* An annotator that is taken by number has that number in place of a word. */
static const char *const annotators[] = { [EDGEL_ANNOTATOR_NONE] = "none",
                                          [EDGEL_ANNOTATOR_INDEX] = "K",
                                          [EDGEL_ANNOTATOR_ANY] = "any",
                                          [EDGEL_ANNOTATOR_MAJORITY] = "majority",
                                          NULL };
static const char *const reduces[] = {
    [EDGEL_REDUCE_POOLED] = "pooled", [EDGEL_REDUCE_IMAGE] = "image", NULL
};
static const char *const empties[] = {
    [EDGEL_EMPTY_NAN] = "nan", [EDGEL_EMPTY_ZERO] = "zero", [EDGEL_EMPTY_ONE] = "one", NULL
};
static const char *const missings[] = {
    [EDGEL_MISSING_ERROR] = "error", [EDGEL_MISSING_SKIP] = "skip", [EDGEL_MISSING_WORST] = "worst", NULL
};
static const char *const rows[] = {
    [EDGEL_ROW_MEASURED] = "measured", [EDGEL_ROW_MISSING] = "missing", [EDGEL_ROW_FAILED] = "failed", NULL
};

static const char *const *const table[] = {
    [EDGEL_CONVENTION_LABELS] = labels,    [EDGEL_CONVENTION_ANNOTATOR] = annotators,
    [EDGEL_CONVENTION_REDUCE] = reduces,   [EDGEL_CONVENTION_EMPTY] = empties,
    [EDGEL_CONVENTION_MISSING] = missings, [EDGEL_CONVENTION_ROW] = rows,
};

const char *const *edgel_convention_words(enum edgel_convention key)
{
    static const char *const none[] = { NULL };
    return (unsigned)key < sizeof table / sizeof *table ? table[key] : none;
}

const char *edgel_convention_word(enum edgel_convention key, int value)
{
    const char *const *words = edgel_convention_words(key);
    for (int i = 0; words[i]; i++)
        if (i == value)
            return words[i];
    return "unknown";
}

enum edgel_status edgel_convention_check(enum edgel_convention key, const char *name, int value,
                                         struct edgel_error *err)
{
    const char *const *words = edgel_convention_words(key);
    for (int i = 0; words[i]; i++)
        if (i == value)
            return EDGEL_OK;
    return edgel_fail(err, EDGEL_EINVAL, "%s %d: there is no such value", name, value);
}

void edgel_annotator_text(const struct edgel_measure *m, char *buf, size_t size)
{
    if (m->annotator == EDGEL_ANNOTATOR_INDEX)
        snprintf(buf, size, "%d", m->annotator_index);
    else
        snprintf(buf, size, "%s", edgel_convention_word(EDGEL_CONVENTION_ANNOTATOR, (int)m->annotator));
}

enum edgel_status edgel_annotator_parse(const char *what, const char *text, enum edgel_annotator *annotator,
                                        int *number, struct edgel_error *err)
{
    EDGEL_REQUIRE(what);
    EDGEL_REQUIRE(text);
    EDGEL_REQUIRE(annotator);
    EDGEL_REQUIRE(number);
    int64_t k;
    for (int i = EDGEL_ANNOTATOR_INDEX + 1; annotators[i]; i++)
        if (strcmp(text, annotators[i]) == 0) {
            *annotator = (enum edgel_annotator)i;
            *number = 1;
            return EDGEL_OK;
        }
    if (edgel_parse_int(what, text, 1, 10000, &k, NULL) != EDGEL_OK)
        return edgel_fail(err, EDGEL_EINVAL, "%s '%s': must be %s, %s, or a number from 1 on", what, text,
                          annotators[EDGEL_ANNOTATOR_ANY], annotators[EDGEL_ANNOTATOR_MAJORITY]);
    *annotator = EDGEL_ANNOTATOR_INDEX;
    *number = (int)k;
    return EDGEL_OK;
}

/* --- options --- */

/* The words of switches of families. */
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
