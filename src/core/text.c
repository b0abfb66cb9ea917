#include "core/core_priv.h"
#include <stdio.h>
#include <string.h>

static bool reserve(struct edgel_text *t, size_t more)
{
    if (t->failed || more >= SIZE_MAX / 4 - t->len)
        t->failed = true;
    if (t->failed)
        return false;
    size_t need = t->len + more + 1;
    if (need <= t->cap)
        return true;
    size_t cap = need < 256 ? 256 : need + need / 2;
    char *s = edgel_realloc(t->s, t->len, cap, 1);
    if (!s) {
        t->failed = true;
        return false;
    }
    t->s = s;
    t->cap = cap;
    return true;
}

void edgel_text_add(struct edgel_text *t, const char *bytes, size_t n)
{
    if (!reserve(t, n))
        return;
    if (n)
        memcpy(t->s + t->len, bytes, n);
    t->len += n;
    t->s[t->len] = '\0';
}

void edgel_text_str(struct edgel_text *t, const char *s)
{
    edgel_text_add(t, s, strlen(s));
}

void edgel_text_printf(struct edgel_text *t, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    if (n < 0)
        t->failed = true;
    else if (reserve(t, (size_t)n)) {
        vsnprintf(t->s + t->len, (size_t)n + 1, fmt, again);
        t->len += (size_t)n;
    }
    va_end(again);
    va_end(ap);
}

void edgel_text_clear(struct edgel_text *t)
{
    t->len = 0;
    t->failed = false;
    if (t->s)
        t->s[0] = '\0';
}

void edgel_text_finish(struct edgel_text *t)
{
    edgel_free(t->s);
    *t = (struct edgel_text){ 0 };
}

/* Length of the well-formed UTF-8 sequence at s (RFC 3629: shortest form, no surrogates), 0 if there is none. */
static int utf8_len(const unsigned char *s)
{
    if (s[0] < 0x80)
        return 1;
    int n = s[0] >= 0xC2 && s[0] <= 0xDF   ? 2
            : (s[0] & 0xF0) == 0xE0        ? 3
            : s[0] >= 0xF0 && s[0] <= 0xF4 ? 4
                                           : 0;
    for (int i = 1; i < n; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) || (s[0] == 0xF0 && s[1] < 0x90) ||
        (s[0] == 0xF4 && s[1] > 0x8F))
        return 0;
    /* U+10FF80..U+10FFFF stand for escaped bytes while a text is read (json.c), so they are escaped as well. */
    if (n == 4 && s[0] == 0xF4 && s[1] == 0x8F && s[2] >= 0xBE)
        return 0;
    return n;
}

void edgel_text_json(struct edgel_text *t, const char *s)
{
    edgel_text_str(t, "\"");
    for (const unsigned char *p = (const unsigned char *)s; *p;) {
        int n = utf8_len(p);
        if (n == 0)
            edgel_text_printf(t, "\\udc%02x", *p);
        else if (*p == '"' || *p == '\\')
            edgel_text_printf(t, "\\%c", *p);
        else if (*p < 0x20 || *p == 0x7F)
            edgel_text_printf(t, "\\u%04x", *p);
        else
            edgel_text_add(t, (const char *)p, (size_t)n);
        p += n ? n : 1;
    }
    edgel_text_str(t, "\"");
}

void edgel_csv_field(struct edgel_text *t, const char *s)
{
    if (strpbrk(s, ",\"\r\n"))
        edgel_csv_quoted(t, s);
    else
        edgel_text_str(t, s);
}

void edgel_csv_quoted(struct edgel_text *t, const char *s)
{
    edgel_text_str(t, "\"");
    for (; *s; s++) {
        if (*s == '"')
            edgel_text_str(t, "\"");
        edgel_text_add(t, s, 1);
    }
    edgel_text_str(t, "\"");
}

/* Levenshtein distance, at most 63 characters of each. */
static size_t distance(const char *a, const char *b)
{
    size_t row[64], na = strnlen(a, 63), nb = strnlen(b, 63);
    for (size_t j = 0; j <= nb; j++)
        row[j] = j;
    for (size_t i = 1; i <= na; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            size_t change = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            size_t best = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
            row[j] = change < best ? change : best;
        }
    }
    return row[nb];
}

const char *edgel_nearest(const char *typed, const char *const *names)
{
    const char *best = NULL;
    size_t limit = strlen(typed) / 3 + 2; /* distances below it are near */
    for (; *names; names++) {
        size_t d = distance(typed, *names);
        if (d < limit) {
            limit = d;
            best = *names;
        }
    }
    return best;
}

enum edgel_status edgel_error_choice(struct edgel_error *err, const char *what, const char *typed,
                                     const char *const *names)
{
    struct edgel_text list = { 0 };
    if (!what || !typed || !names)
        return edgel_fail(err, EDGEL_EINVAL, "a word without names to choose from");
    const char *near = strlen(typed) > 2 ? edgel_nearest(typed, names) : NULL;
    for (size_t i = 0; names[i]; i++)
        edgel_text_printf(&list, "%s%s", i ? ", " : "", names[i]);
    (void)edgel_fail(err, EDGEL_EINVAL, "%s %.100s: must be one of %s%s%s%s", what, typed,
                     list.failed ? "few" : list.s, near ? "; did you mean " : "", near ? near : "",
                     near ? "?" : "");
    edgel_text_finish(&list);
    return EDGEL_EINVAL;
}
