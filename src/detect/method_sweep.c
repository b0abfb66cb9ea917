/* A text with ranges of numbers, "canny:low=20..60/10,high=80..120/20", as the methods that it stands for: each value
 * of one with each of the others, the last range changing fastest. A value is FROM + k STEP, as far as it is not above
 * TO (by more than a billionth of STEP), to nine decimals. */
#include "detect/detect_priv.h"
#include <stdio.h>

struct range {
    const char *key;
    int key_length;
    double from, step;
    bool percent;
    size_t n, at; /* values; the current one */
};

/* A text cut at its commas; head is what comes before the colon. */
struct cut {
    char *copy;
    const char *head;
    const char *pairs[EDGEL_PARAMS_MAX];
    int range[EDGEL_PARAMS_MAX]; /* of each pair; -1: none */
    struct range ranges[EDGEL_PARAMS_MAX];
    int npairs, nranges;
};

/* Takes the percent sign off a number. */
static bool take_percent(char *number)
{
    const size_t n = strlen(number);
    if (n == 0 || number[n - 1] != '%')
        return false;
    number[n - 1] = '\0';
    return true;
}

/* value: FROM..TO/STEP, cut up. */
static enum edgel_status read_range(char *value, const char *text, struct range *r, struct edgel_error *err)
{
    char *dots = strstr(value, ".."), *slash = strchr(dots, '/');
    if (!slash)
        return edgel_fail(err, EDGEL_EINVAL, "'%s': a range is FROM..TO/STEP", text);
    *dots = *slash = '\0';
    char *parts[] = { value, dots + 2, slash + 1 };
    double v[3];
    int percents = 0;
    for (int i = 0; i < 3; i++)
        percents += take_percent(parts[i]);
    for (int i = 0; i < 3; i++)
        if (edgel_parse_real("range", parts[i], -1e9, 1e9, &v[i], NULL) != EDGEL_OK)
            return edgel_fail(err, EDGEL_EINVAL, "'%s': '%s' is no number", text, parts[i]);
    if (percents != 0 && percents != 3)
        return edgel_fail(err, EDGEL_EINVAL, "'%s': all three numbers are in percent, or none", text);
    if (!(v[1] >= v[0] && v[2] > 0))
        return edgel_fail(err, EDGEL_EINVAL, "'%s': TO must not be below FROM, and STEP must be above 0",
                          text);
    const double n = floor((v[1] - v[0]) / v[2] + 1e-9) + 1;
    if (n > EDGEL_SWEEP_MAX)
        return edgel_fail(err, EDGEL_EINVAL, "'%s': more than %d methods", text, (int)EDGEL_SWEEP_MAX);
    r->from = v[0];
    r->step = v[2];
    r->percent = percents == 3;
    r->n = (size_t)n;
    return EDGEL_OK;
}

static enum edgel_status read_pair(struct cut *c, char *pair, const char *text, struct edgel_error *err)
{
    char *value = strchr(pair, '=');
    if (c->npairs == EDGEL_PARAMS_MAX)
        return edgel_fail(err, EDGEL_EINVAL, "'%s': more than %d parameters", text, (int)EDGEL_PARAMS_MAX);
    c->range[c->npairs] = -1;
    c->pairs[c->npairs++] = pair;
    if (!value || !strstr(value, ".."))
        return EDGEL_OK;
    c->range[c->npairs - 1] = c->nranges;
    struct range *r = &c->ranges[c->nranges++];
    r->key = pair;
    r->key_length = (int)(value - pair);
    return read_range(value + 1, text, r, err);
}

static enum edgel_status read_text(struct cut *c, const char *text, size_t *n, struct edgel_error *err)
{
    c->copy = edgel_strdup(text);
    if (!c->copy)
        return edgel_fail(err, EDGEL_ENOMEM, "method %s: out of memory", text);
    char *pair = strchr(c->copy, ':');
    c->head = c->copy;
    if (pair)
        *pair++ = '\0';
    while (pair) {
        char *next = strchr(pair, ',');
        if (next)
            *next++ = '\0';
        EDGEL_TRY(read_pair(c, pair, text, err));
        pair = next;
    }
    *n = 1;
    for (int i = 0; i < c->nranges; i++) {
        *n *= c->ranges[i].n;
        if (*n > EDGEL_SWEEP_MAX)
            return edgel_fail(err, EDGEL_EINVAL, "'%s': more than %d methods", text, (int)EDGEL_SWEEP_MAX);
    }
    return EDGEL_OK;
}

/* "key=value" of a range. */
static void add_value(struct edgel_text *t, const struct range *r)
{
    const double v = r->from + (double)r->at * r->step, billionths = rint(v * 1e9) / 1e9;
    edgel_text_add(t, r->key, (size_t)r->key_length);
    edgel_text_str(t, "=");
    edgel_text_real(t, fabs(v) < 1e6 ? billionths : v); /* 0.3, not what 0.1 + 2 * 0.1 is */
    edgel_text_str(t, r->percent ? "%" : "");
}

/* The current values: the text of the method, and its label. */
static enum edgel_status write_one(const struct cut *c, struct edgel_text *text, struct edgel_text *label,
                                   struct edgel_error *err)
{
    edgel_text_clear(text);
    edgel_text_clear(label);
    edgel_text_str(text, c->head);
    edgel_text_str(label, c->head);
    for (int i = 0, shown = 0; i < c->npairs; i++) {
        edgel_text_str(text, i ? "," : ":");
        if (c->range[i] < 0) {
            edgel_text_str(text, c->pairs[i]);
            continue;
        }
        add_value(text, &c->ranges[c->range[i]]);
        edgel_text_str(label, shown++ ? "," : "-");
        add_value(label, &c->ranges[c->range[i]]);
    }
    return text->failed || label->failed ? edgel_no_memory(err, "methods") : EDGEL_OK;
}

/* The next values; the last range changes fastest. */
static void step(struct cut *c)
{
    for (int i = c->nranges - 1; i >= 0; i--) {
        if (++c->ranges[i].at < c->ranges[i].n)
            return;
        c->ranges[i].at = 0;
    }
}

static enum edgel_status write_all(struct cut *c, size_t n, struct edgel_method_sweep *out,
                                   struct edgel_error *err)
{
    struct edgel_text text = { 0 }, label = { 0 };
    enum edgel_status s = EDGEL_OK;
    out->texts = edgel_calloc(n, sizeof *out->texts);
    out->labels = edgel_calloc(n, sizeof *out->labels);
    if (!out->texts || !out->labels)
        return edgel_no_memory(err, "methods");
    for (; out->n < n && s == EDGEL_OK; step(c)) {
        s = write_one(c, &text, &label, err);
        if (s != EDGEL_OK)
            break;
        out->texts[out->n] = edgel_strdup(text.s);
        out->labels[out->n] = edgel_strdup(label.s);
        s = out->texts[out->n] && out->labels[out->n] ? EDGEL_OK : edgel_no_memory(err, "methods");
        out->n++;
    }
    edgel_text_finish(&text);
    edgel_text_finish(&label);
    return s;
}

enum edgel_status edgel_method_sweep_parse(const char *text, struct edgel_method_sweep *out,
                                           struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    *out = (struct edgel_method_sweep){ 0 };
    EDGEL_REQUIRE(text);
    struct cut c = { 0 };
    size_t n = 0;
    enum edgel_status s = read_text(&c, text, &n, err);
    if (s == EDGEL_OK)
        s = write_all(&c, n, out, err);
    if (s != EDGEL_OK)
        edgel_method_sweep_finish(out);
    edgel_free(c.copy);
    return s;
}

void edgel_method_sweep_finish(struct edgel_method_sweep *sweep)
{
    if (!sweep)
        return;
    for (size_t i = 0; i < sweep->n; i++) {
        edgel_free(sweep->texts[i]);
        edgel_free(sweep->labels[i]);
    }
    edgel_free(sweep->texts);
    edgel_free(sweep->labels);
    *sweep = (struct edgel_method_sweep){ 0 };
}
