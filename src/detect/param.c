/* Parameters of methods: their texts, ranges and values. */
#include "detect/detect_priv.h"
#include <stdio.h>
#include <stdlib.h>

const char *const edgel_choices_gray[] = { "luma", "channels", NULL };
const char *const edgel_choices_depth[] = { "1", "8", "16", "32", NULL };
const char *const edgel_choices_norm[] = { "l1", "l2", NULL };
const char *const edgel_choices_aperture[] = { "3", "5", "7", NULL };

/* --- texts --- */

static enum edgel_status parse_choice(const struct edgel_param *p, const char *what, const char *text,
                                      int *out, struct edgel_error *err)
{
    for (int i = 0; p->choices[i]; i++)
        if (strcmp(p->choices[i], text) == 0) {
            *out = i;
            return EDGEL_OK;
        }
    return edgel_error_choice(err, what, text, p->choices);
}

/* "auto", "auto-matlab", "P%" or a number. */
static enum edgel_status parse_threshold(const char *what, const char *text, struct edgel_threshold *out,
                                         struct edgel_error *err)
{
    const size_t n = strlen(text);
    char number[64] = "", quantile[64];
    *out = (struct edgel_threshold){ .kind = EDGEL_THRESHOLD_AUTO };
    if (strcmp(text, "auto") == 0)
        return EDGEL_OK;
    out->kind = EDGEL_THRESHOLD_AUTO_MATLAB;
    if (strcmp(text, "auto-matlab") == 0)
        return EDGEL_OK;
    if (n == 0 || n > sizeof number || text[n - 1] != '%') {
        out->kind = EDGEL_THRESHOLD_VALUE;
        return edgel_parse_real(what, text, 0, 1e9, &out->value, err);
    }
    memcpy(number, text, n - 1);
    snprintf(quantile, sizeof quantile, "%s quantile", what);
    out->kind = EDGEL_THRESHOLD_QUANTILE;
    return edgel_parse_real(quantile, number, 0, 100, &out->value, err);
}

enum edgel_status edgel_param_parse(const struct edgel_param *p, const char *what, const char *text,
                                    union edgel_param_value *value, struct edgel_error *err)
{
    EDGEL_REQUIRE(p);
    EDGEL_REQUIRE(what);
    EDGEL_REQUIRE(text);
    union edgel_param_value own, *v = value ? value : &own;
    switch (p->kind) {
    case EDGEL_PARAM_REAL: return edgel_parse_real(what, text, p->min, p->max, &v->real, err);
    case EDGEL_PARAM_INT:
        return edgel_parse_int(what, text, (int64_t)p->min, (int64_t)p->max, &v->whole, err);
    case EDGEL_PARAM_CHOICE: return parse_choice(p, what, text, &v->choice, err);
    case EDGEL_PARAM_THRESHOLD: return parse_threshold(what, text, &v->threshold, err);
    }
    return edgel_fail(err, EDGEL_EINVAL, "%s: a parameter of kind %d", what, (int)p->kind);
}

void edgel_method_text(const struct edgel_method *m, int i, char *buf, size_t size)
{
    const struct edgel_param *p = &m->info->params[i];
    const union edgel_param_value *v = &m->value[i];
    switch (p->kind) {
    case EDGEL_PARAM_REAL: snprintf(buf, size, "%.17g", v->real); break;
    case EDGEL_PARAM_INT: snprintf(buf, size, "%lld", (long long)v->whole); break;
    case EDGEL_PARAM_CHOICE: snprintf(buf, size, "%s", v->choice < 0 ? "0" : p->choices[v->choice]); break;
    case EDGEL_PARAM_THRESHOLD:
        switch (v->threshold.kind) {
        case EDGEL_THRESHOLD_AUTO: snprintf(buf, size, "auto"); break;
        case EDGEL_THRESHOLD_AUTO_MATLAB: snprintf(buf, size, "auto-matlab"); break;
        case EDGEL_THRESHOLD_QUANTILE: snprintf(buf, size, "%.17g%%", v->threshold.value); break;
        case EDGEL_THRESHOLD_VALUE: snprintf(buf, size, "%.17g", v->threshold.value); break;
        }
        break;
    }
}

/* --- values --- */

int edgel_param_index(const struct edgel_method_info *info, const char *key)
{
    for (int i = 0; i < info->nparams; i++)
        if (strcmp(info->params[i].key, key) == 0)
            return i;
    return -1;
}

double edgel_param_real(const struct edgel_method *m, const char *key)
{
    const int i = edgel_param_index(m->info, key);
    return i < 0 ? 0 : m->value[i].real;
}

int edgel_param_int(const struct edgel_method *m, const char *key)
{
    const int i = edgel_param_index(m->info, key);
    return i < 0 ? 0 : (int)m->value[i].whole;
}

int edgel_param_choice(const struct edgel_method *m, const char *key)
{
    const int i = edgel_param_index(m->info, key);
    return i < 0 ? -1 : m->value[i].choice;
}

int edgel_param_number(const struct edgel_method *m, const char *key)
{
    const int choice = edgel_param_choice(m, key);
    return choice < 0
               ? 0
               : (int)strtol(m->info->params[edgel_param_index(m->info, key)].choices[choice], NULL, 10);
}

struct edgel_threshold edgel_param_threshold(const struct edgel_method *m, const char *key)
{
    const int i = edgel_param_index(m->info, key);
    return i < 0 ? (struct edgel_threshold){ 0 } : m->value[i].threshold;
}

struct edgel_smoothing edgel_param_smoothing(const struct edgel_method *m)
{
    return (struct edgel_smoothing){ edgel_param_real(m, "sigma"), edgel_param_int(m, "ksize") };
}

static int choices_of(const struct edgel_param *p)
{
    int n = 0;
    while (p->choices[n])
        n++;
    return n;
}

/* Whether a number, which may come from anywhere, lies in the range. */
static enum edgel_status check_value(const struct edgel_param *p, const union edgel_param_value *v,
                                     struct edgel_error *err)
{
    switch (p->kind) {
    case EDGEL_PARAM_REAL:
        if (v->real >= p->min && v->real <= p->max)
            return EDGEL_OK;
        return edgel_fail(err, EDGEL_EINVAL, "%s %g: must be %g to %g", p->key, v->real, p->min, p->max);
    case EDGEL_PARAM_INT:
        if ((double)v->whole >= p->min && (double)v->whole <= p->max)
            return EDGEL_OK;
        return edgel_fail(err, EDGEL_EINVAL, "%s %lld: must be %g to %g", p->key, (long long)v->whole, p->min,
                          p->max);
    case EDGEL_PARAM_CHOICE:
        if (v->choice >= (p->def ? 0 : -1) && v->choice < choices_of(p))
            return EDGEL_OK;
        return edgel_fail(err, EDGEL_EINVAL, "%s: choice %d of %d", p->key, v->choice, choices_of(p));
    case EDGEL_PARAM_THRESHOLD: return edgel_threshold_check(p->key, v->threshold, err);
    }
    return edgel_fail(err, EDGEL_EINVAL, "%s: a parameter of kind %d", p->key, (int)p->kind);
}

enum edgel_status edgel_params_check(const struct edgel_method *m, struct edgel_error *err)
{
    for (int i = 0; i < m->info->nparams; i++)
        EDGEL_TRY(check_value(&m->info->params[i], &m->value[i], err));
    return EDGEL_OK;
}

void edgel_params_reset(struct edgel_method *m)
{
    for (int i = 0; i < m->info->nparams; i++) {
        const struct edgel_param *p = &m->info->params[i];
        m->value[i] = (union edgel_param_value){ 0 };
        if (!p->def || edgel_param_parse(p, p->key, p->def, &m->value[i], NULL) != EDGEL_OK)
            m->value[i].choice = -1;
    }
}

static enum edgel_status find(const struct edgel_method *m, const char *key, int *i, struct edgel_error *err)
{
    *i = edgel_param_index(m->info, key);
    if (*i >= 0)
        return EDGEL_OK;
    const char *names[EDGEL_PARAMS_MAX + 1] = { NULL };
    for (int k = 0; k < m->info->nparams; k++)
        names[k] = m->info->params[k].key;
    const char *near = edgel_nearest(key, names);
    if (near)
        return edgel_fail(err, EDGEL_EINVAL, "unknown parameter '%s'; did you mean %s?", key, near);
    return edgel_fail(err, EDGEL_EINVAL, "unknown parameter '%s'", key);
}

enum edgel_status edgel_method_set(struct edgel_method *m, const char *key, const char *text,
                                   struct edgel_error *err)
{
    EDGEL_REQUIRE(m);
    EDGEL_REQUIRE(key);
    EDGEL_REQUIRE(text);
    int i;
    union edgel_param_value v = { 0 };
    EDGEL_TRY(find(m, key, &i, err));
    const struct edgel_param *p = &m->info->params[i];
    if (p->kind == EDGEL_PARAM_CHOICE && !p->def && strcmp(text, "0") == 0)
        v.choice = -1; /* as edgel_method_text() writes it */
    else
        EDGEL_TRY(edgel_param_parse(p, key, text, &v, err));
    m->value[i] = v;
    return EDGEL_OK;
}

enum edgel_status edgel_method_set_number(struct edgel_method *m, const char *key, double value,
                                          struct edgel_error *err)
{
    EDGEL_REQUIRE(m);
    EDGEL_REQUIRE(key);
    int i;
    union edgel_param_value v = { 0 };
    EDGEL_TRY(find(m, key, &i, err));
    const struct edgel_param *p = &m->info->params[i];
    const bool whole = p->kind == EDGEL_PARAM_INT || p->kind == EDGEL_PARAM_CHOICE;
    if (whole && !(value == rint(value) && fabs(value) <= INT32_MAX))
        return edgel_fail(err, EDGEL_EINVAL, "%s %g: must be a whole number", key, value);
    if (p->kind == EDGEL_PARAM_INT)
        v.whole = (int64_t)value;
    else if (p->kind == EDGEL_PARAM_CHOICE)
        v.choice = (int)value;
    else if (p->kind == EDGEL_PARAM_THRESHOLD)
        v.threshold = (struct edgel_threshold){ EDGEL_THRESHOLD_VALUE, value };
    else
        v.real = value;
    EDGEL_TRY(check_value(p, &v, err));
    m->value[i] = v;
    return EDGEL_OK;
}
