/*
 * Lists of classes and of colours.
 *
 * Classes: lines "ID NAME" if any line starts with a number (then all must), else one NAME per line from id 0 on.
 * Colours: lines "R G B ID [NAME]", in a file or built in (color_sets.c). In both, "#" at the start of a line or
 * after a space starts a comment, empty lines count for nothing, ids are 0..65535 and none comes twice (nor a colour).
 * A byte order mark, which some editors put first, is no part of the first word.
 */
#include "dataset/dataset_priv.h"
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 65536 };

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Cuts byte order mark, comment and surrounding blanks; the start of what is left. */
static char *trim(char *s)
{
    if (strncmp(s, "\xEF\xBB\xBF", 3) == 0)
        s += 3;
    for (char *p = s; *p; p++)
        if (*p == '#' && (p == s || blank(p[-1]))) {
            *p = '\0';
            break;
        }
    while (blank(*s))
        s++;
    size_t n = strlen(s);
    while (n > 0 && blank(s[n - 1]))
        s[--n] = '\0';
    return s;
}

/* Splits off the first word of *s and moves *s to the next one. */
static char *word(char **s)
{
    char *w = *s;
    while (**s && !blank(**s))
        (*s)++;
    while (blank(**s))
        *(*s)++ = '\0';
    return w;
}

static bool digits(const char *s)
{
    return *s && strspn(s, "0123456789") == strlen(s);
}

/* Next line that holds something, in *s; NULL at the end. */
static enum edgel_status content(struct edgel_lines *l, char **s, struct edgel_error *err)
{
    size_t n;
    do {
        EDGEL_TRY(edgel_lines_next(l, s, &n, NULL, err));
        if (*s && strlen(*s) != n)
            return edgel_fail(err, EDGEL_EFORMAT, "%s: a NUL byte in a text file", edgel_lines_where(l));
        if (*s)
            *s = trim(*s);
    } while (*s && **s == '\0');
    return EDGEL_OK;
}

static int by_id(const void *a, const void *b)
{
    const struct edgel_class *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

static enum edgel_status add_class(struct edgel_classes *c, int64_t id, const char *name,
                                   struct edgel_error *err)
{
    if (c->n == EDGEL_CLASSES_MAX)
        return edgel_fail(err, EDGEL_EFORMAT, "more than %d classes", EDGEL_CLASSES_MAX);
    if ((c->n & (c->n - 1)) == 0) { /* full at 0, 1, 2, 4, ... */
        struct edgel_class *v = edgel_realloc(c->v, c->n * sizeof *v, c->n ? 2 * c->n : 1, sizeof *v);
        if (!v)
            return edgel_fail(err, EDGEL_ENOMEM, "classes: out of memory");
        c->v = v;
    }
    char *copy = edgel_strdup(name);
    if (!copy)
        return edgel_fail(err, EDGEL_ENOMEM, "classes: out of memory");
    c->v[c->n++] = (struct edgel_class){ (int32_t)id, copy };
    return EDGEL_OK;
}

static enum edgel_status count_classes(const char *text, struct edgel_classes *out, struct edgel_error *err)
{
    int64_t n;
    EDGEL_TRY(edgel_parse_int("classes", text, 1, EDGEL_CLASSES_MAX, &n, err));
    for (int64_t i = 0; i < n; i++) {
        struct edgel_text name = { 0 };
        edgel_text_printf(&name, "%d", (int)i);
        enum edgel_status st = name.failed ? edgel_fail(err, EDGEL_ENOMEM, "classes: out of memory")
                                           : add_class(out, i, name.s, err);
        edgel_text_finish(&name);
        EDGEL_TRY(st);
    }
    return EDGEL_OK;
}

/* True when some line's first word is a number. */
static enum edgel_status numbered(const char *path, bool *yes, struct edgel_error *err)
{
    struct edgel_lines *l;
    char *s;
    *yes = false;
    EDGEL_TRY(edgel_lines_open(path, LINE_MAX_BYTES, &l, err));
    enum edgel_status st;
    while ((st = content(l, &s, err)) == EDGEL_OK && s)
        *yes = *yes || digits(word(&s));
    edgel_lines_close(&l);
    return st;
}

/* The classes of a list of colours: ids with a name. */
static enum edgel_status color_classes(const char *name, const char *lines, struct edgel_classes *out,
                                       struct edgel_error *err)
{
    struct edgel_lines *l;
    char *s;
    EDGEL_TRY(edgel_lines_of(lines, strlen(lines), name, LINE_MAX_BYTES, &l, err));
    enum edgel_status st;
    while ((st = content(l, &s, err)) == EDGEL_OK && s) {
        int64_t id = 0;
        for (int i = 0; i < 3; i++)
            (void)word(&s);
        st = edgel_parse_int("id", word(&s), 0, EDGEL_IDS - 1, &id, err);
        if (st == EDGEL_OK && *s)
            st = add_class(out, id, s, err);
        if (st != EDGEL_OK)
            break;
    }
    edgel_lines_close(&l);
    return st;
}

static enum edgel_status class_line(struct edgel_lines *l, char *s, bool ids, struct edgel_classes *out,
                                    struct edgel_error *err)
{
    int64_t id = (int64_t)out->n;
    struct edgel_error cause = { 0 };
    if (ids) {
        char *first = word(&s);
        if (edgel_parse_int("id", first, 0, EDGEL_IDS - 1, &id, &cause) != EDGEL_OK)
            return edgel_fail(err, EDGEL_EFORMAT, "%s: %s", edgel_lines_where(l), cause.msg);
        if (*s == '\0')
            s = first;
    }
    for (size_t i = 0; i < out->n; i++)
        if (out->v[i].id == id)
            return edgel_fail(err, EDGEL_EFORMAT, "%s: id %d twice", edgel_lines_where(l), (int)id);
    enum edgel_status st = add_class(out, id, s, &cause);
    return st == EDGEL_OK ? st : edgel_fail(err, st, "%s: %s", edgel_lines_where(l), cause.msg);
}

enum edgel_status edgel_classes_read(const char *text, struct edgel_classes *out, struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    *out = (struct edgel_classes){ 0 };
    EDGEL_REQUIRE(text);
    struct edgel_lines *l = NULL;
    enum edgel_status st;
    bool ids;
    char *s;
    if (digits(text)) {
        st = count_classes(text, out, err);
        goto out;
    }
    if (edgel_color_set(text)) {
        st = color_classes(text, edgel_color_set(text), out, err);
        goto out;
    }
    if ((st = numbered(text, &ids, err)) != EDGEL_OK)
        goto out;
    if ((st = edgel_lines_open(text, LINE_MAX_BYTES, &l, err)) != EDGEL_OK)
        goto out;
    while ((st = content(l, &s, err)) == EDGEL_OK && s)
        if ((st = class_line(l, s, ids, out, err)) != EDGEL_OK)
            goto out;
    if (st == EDGEL_OK && out->n == 0)
        st = edgel_fail(err, EDGEL_EFORMAT, "%s: no classes in it", text);
    if (st == EDGEL_OK)
        qsort(out->v, out->n, sizeof *out->v, by_id);
out:
    edgel_lines_close(&l);
    if (st != EDGEL_OK)
        edgel_classes_finish(out);
    return st;
}

static enum edgel_status color_line(struct edgel_lines *l, char *s, struct edgel_color *out,
                                    struct edgel_error *err)
{
    static const char *const what[4] = { "red", "green", "blue", "id" };
    int64_t v[4];
    struct edgel_error cause = { 0 };
    for (int i = 0; i < 4; i++)
        if (edgel_parse_int(what[i], word(&s), 0, i < 3 ? 255 : EDGEL_IDS - 1, &v[i], &cause) != EDGEL_OK)
            return edgel_fail(err, EDGEL_EFORMAT, "%s: %s; a line is R G B ID [NAME]", edgel_lines_where(l),
                              cause.msg);
    *out = (struct edgel_color){ (uint8_t)v[0], (uint8_t)v[1], (uint8_t)v[2], (int32_t)v[3] };
    return EDGEL_OK;
}

static enum edgel_status add_color(struct edgel_lines *l, struct edgel_colors *c, struct edgel_color color,
                                   struct edgel_error *err)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->v[i].r == color.r && c->v[i].g == color.g && c->v[i].b == color.b)
            return edgel_fail(err, EDGEL_EFORMAT, "%s: colour %d %d %d twice", edgel_lines_where(l), color.r,
                              color.g, color.b);
    if (c->n == EDGEL_CLASSES_MAX)
        return edgel_fail(err, EDGEL_EFORMAT, "%s: more than %d colours", edgel_lines_where(l),
                          EDGEL_CLASSES_MAX);
    if ((c->n & (c->n - 1)) == 0) {
        struct edgel_color *v = edgel_realloc(c->v, c->n * sizeof *v, c->n ? 2 * c->n : 1, sizeof *v);
        if (!v)
            return edgel_fail(err, EDGEL_ENOMEM, "%s: out of memory", edgel_lines_where(l));
        c->v = v;
    }
    c->v[c->n++] = color;
    return EDGEL_OK;
}

enum edgel_status edgel_colors_read(const char *path, struct edgel_colors *out, struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    *out = (struct edgel_colors){ 0 };
    EDGEL_REQUIRE(path);
    struct edgel_lines *l;
    const char *lines = edgel_color_set(path);
    EDGEL_TRY(lines ? edgel_lines_of(lines, strlen(lines), path, LINE_MAX_BYTES, &l, err)
                    : edgel_lines_open(path, LINE_MAX_BYTES, &l, err));
    enum edgel_status st;
    struct edgel_color color;
    char *s;
    while ((st = content(l, &s, err)) == EDGEL_OK && s)
        if ((st = color_line(l, s, &color, err)) != EDGEL_OK ||
            (st = add_color(l, out, color, err)) != EDGEL_OK)
            break;
    if (st == EDGEL_OK && out->n == 0)
        st = edgel_fail(err, EDGEL_EFORMAT, "%s: no colours in it", path);
    edgel_lines_close(&l);
    if (st != EDGEL_OK)
        edgel_colors_finish(out);
    return st;
}
