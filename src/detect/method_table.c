/* The table of methods. A method is one file with its row and one line here; help, man page, completion, -m, tests and
 * benchmarks read the table. */
#include "detect/detect_priv.h"

#define ROWS(row) row(gaussian) row(sobel) row(roberts) row(prewitt) row(scharr) row(laplacian) row(canny)

#define DECLARE(name) extern const struct edgel_method_row edgel_##name##_row;
#define POINT(name)   &edgel_##name##_row,
ROWS(DECLARE)

static const struct edgel_method_row *const rows[] = { ROWS(POINT) NULL };

const struct edgel_method_row *edgel_method_row_at(int i)
{
    return i >= 0 && i < edgel_method_count() ? rows[i] : NULL;
}

int edgel_method_count(void)
{
    return (int)(sizeof rows / sizeof *rows) - 1;
}

const struct edgel_method_info *edgel_method_at(int i)
{
    const struct edgel_method_row *row = edgel_method_row_at(i);
    return row ? &row->info : NULL;
}

const struct edgel_method_info *edgel_method_find(const char *name)
{
    for (int i = 0; rows[i]; i++)
        if (strcmp(rows[i]->info.name, name) == 0)
            return &rows[i]->info;
    return NULL;
}

/* "a, b, c" */
static void list_names(struct edgel_text *t)
{
    for (int i = 0; rows[i]; i++) {
        edgel_text_str(t, i ? ", " : "");
        edgel_text_str(t, rows[i]->info.name);
    }
}

static enum edgel_status unknown(const char *name, struct edgel_error *err)
{
    const char *names[sizeof rows / sizeof *rows] = { NULL };
    struct edgel_text list = { 0 };
    for (int i = 0; rows[i]; i++)
        names[i] = rows[i]->info.name;
    list_names(&list);
    const char *near = edgel_nearest(name, names), *known = list.failed ? "" : list.s;
    if (near)
        edgel_fail(err, EDGEL_EINVAL, "unknown method '%s'; did you mean %s? Known: %s", name, near, known);
    else
        edgel_fail(err, EDGEL_EINVAL, "unknown method '%s'; known: %s", name, known);
    edgel_text_finish(&list);
    return EDGEL_EINVAL;
}

enum edgel_status edgel_method_init(struct edgel_method *m, const char *name, struct edgel_error *err)
{
    EDGEL_REQUIRE(m);
    EDGEL_REQUIRE(name);
    *m = (struct edgel_method){ .info = edgel_method_find(name) };
    if (!m->info)
        return unknown(name, err);
    edgel_params_reset(m);
    return EDGEL_OK;
}

/* Whether some method has the key. */
static bool known(const char *key)
{
    for (int i = 0; rows[i]; i++)
        if (edgel_param_index(&rows[i]->info, key) >= 0)
            return true;
    return false;
}

static enum edgel_status unused(const struct edgel_method *m, const char *key, struct edgel_error *err)
{
    return edgel_fail(err, EDGEL_EINVAL, "%s does not use %s here", m->info->name, key);
}

/* One "key=value", which is written to. given[i]: parameter i was in the text before. */
static enum edgel_status set_pair(struct edgel_method *m, char *pair, bool given[EDGEL_PARAMS_MAX],
                                  struct edgel_error *err)
{
    char *equals = strchr(pair, '=');
    if (!equals)
        return edgel_fail(err, EDGEL_EINVAL, "'%s' is not key=value", pair);
    *equals = '\0';
    const int i = edgel_param_index(m->info, pair);
    if (i < 0 && known(pair))
        return unused(m, pair, err);
    if (i >= 0 && given[i])
        return edgel_fail(err, EDGEL_EINVAL, "%s: given twice", pair);
    if (i >= 0)
        given[i] = true;
    return edgel_method_set(m, pair, equals + 1, err);
}

/* The keys of "key=value,..." must mean something to the method as it now is. */
static enum edgel_status check_uses(const struct edgel_method *m, const char *pairs, struct edgel_error *err)
{
    for (const char *p = pairs; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
        for (int i = 0; i < m->info->nparams; i++) {
            const char *key = m->info->params[i].key;
            const size_t n = strlen(key);
            if (strncmp(p, key, n) == 0 && p[n] == '=' && !edgel_method_uses(m, key))
                return unused(m, key, err);
        }
    return EDGEL_OK;
}

/* copy: of text, to be cut up. */
static enum edgel_status parse(struct edgel_method *m, const char *text, char *copy,
                               const struct edgel_param_text *plain, size_t n, struct edgel_error *err)
{
    char *pairs = strchr(copy, ':');
    bool given[EDGEL_PARAMS_MAX] = { false };
    if (pairs)
        *pairs++ = '\0';
    EDGEL_TRY(edgel_method_init(m, copy, err));
    for (size_t i = 0; i < n; i++)
        if (edgel_param_index(m->info, plain[i].key) >= 0)
            EDGEL_TRY(edgel_method_set(m, plain[i].key, plain[i].text, err));
    while (pairs) {
        char *next = strchr(pairs, ',');
        if (next)
            *next++ = '\0';
        EDGEL_TRY(set_pair(m, pairs, given, err));
        pairs = next;
    }
    EDGEL_TRY(check_uses(m, strchr(text, ':') ? strchr(text, ':') + 1 : NULL, err));
    return edgel_method_check(m, err);
}

enum edgel_status edgel_method_parse(struct edgel_method *m, const char *text,
                                     const struct edgel_param_text *plain, size_t n, struct edgel_error *err)
{
    EDGEL_REQUIRE(m);
    EDGEL_REQUIRE(text);
    if (n)
        EDGEL_REQUIRE(plain);
    char *copy = edgel_strdup(text);
    if (!copy)
        return edgel_fail(err, EDGEL_ENOMEM, "method %s: out of memory", text);
    const enum edgel_status s = parse(m, text, copy, plain, n, err);
    edgel_free(copy);
    return s;
}
