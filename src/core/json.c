/*
 * Strict reading of JSON through jansson, in our own words so that its header is included here alone.
 *
 * Bytes that are not UTF-8 are written as lone surrogates \udc80..\udcff (text.c). A strict parser refuses
 * those, so before parsing each one is rewritten as the escape of U+10FF80..U+10FFFF, and edgel_json_strdup()
 * turns these back into bytes.
 */
#include "core/core_priv.h"
#include <jansson.h>
#include <string.h>

static const json_t *value(const struct edgel_json *v)
{
    return (const json_t *)(const void *)v;
}

static const struct edgel_json *wrap(const json_t *v)
{
    return (const struct edgel_json *)(const void *)v;
}

static bool one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

/* True when text[i..] is a lone low surrogate escape for a byte: \udc80..\udcff. */
static bool byte_escape(const char *s, size_t left)
{
    if (left < 6 || s[0] != '\\' || s[1] != 'u' || (s[2] | 0x20) != 'd' || (s[3] | 0x20) != 'c')
        return false;
    return one_of(s[4], "89abcdefABCDEF") && one_of(s[5], "0123456789abcdefABCDEF");
}

static bool high_surrogate(const char *s, size_t left)
{
    return left >= 6 && s[0] == '\\' && s[1] == 'u' && (s[2] | 0x20) == 'd' && one_of(s[3], "89abAB");
}

static void rewrite_byte_escapes(struct edgel_text *out, const char *s, size_t n)
{
    size_t from = 0;
    for (size_t i = 0; i < n;) {
        if (s[i] != '\\') {
            i++;
        } else if (high_surrogate(s + i, n - i)) {
            i += n - i >= 12 ? 12 : 6; /* a pair stays as it is; an unpaired one is jansson's to refuse */
        } else if (byte_escape(s + i, n - i)) {
            edgel_text_add(out, s + from, i - from);
            edgel_text_printf(out, "\\udbff\\udf%.2s", s + i + 4);
            i += 6;
            from = i;
        } else {
            i += 2;
        }
    }
    edgel_text_add(out, s + from, n - from);
}

enum edgel_status edgel_json_parse(const char *text, size_t n, const char *name, struct edgel_json **out,
                                   struct edgel_error *err)
{
    *out = NULL;
    struct edgel_text t = { 0 };
    rewrite_byte_escapes(&t, text, n);
    if (t.failed) {
        edgel_text_finish(&t);
        return edgel_fail(err, EDGEL_ENOMEM, "%s: out of memory", name);
    }
    json_error_t je;
    json_t *doc = json_loadb(t.s, t.len, JSON_REJECT_DUPLICATES, &je);
    edgel_text_finish(&t);
    if (!doc)
        return edgel_fail(err, EDGEL_EFORMAT, "%s: not valid JSON: %s at column %d", name, je.text,
                          je.column);
    *out = (struct edgel_json *)(void *)doc;
    return EDGEL_OK;
}

void edgel_json_finish(struct edgel_json *doc)
{
    json_decref((json_t *)(void *)doc);
}

const struct edgel_json *edgel_json_get(const struct edgel_json *object, const char *key)
{
    return wrap(json_object_get(value(object), key));
}

size_t edgel_json_count(const struct edgel_json *array)
{
    return json_array_size(value(array));
}

const struct edgel_json *edgel_json_at(const struct edgel_json *array, size_t i)
{
    return wrap(json_array_get(value(array), i));
}

const struct edgel_json *edgel_json_next(const struct edgel_json *object, const char **key)
{
    if (!object || !json_is_object(value(object)))
        return NULL;
    json_t *o = (json_t *)(void *)(uintptr_t)object; /* iterators want it so; nothing is changed */
    void *at = *key ? json_object_iter_next(o, json_object_key_to_iter(*key)) : json_object_iter(o);
    *key = at ? json_object_iter_key(at) : NULL;
    return at ? wrap(json_object_iter_value(at)) : NULL;
}

bool edgel_json_is_object(const struct edgel_json *v)
{
    return v && json_is_object(value(v));
}

bool edgel_json_is_array(const struct edgel_json *v)
{
    return v && json_is_array(value(v));
}

bool edgel_json_is_string(const struct edgel_json *v)
{
    return v && json_is_string(value(v));
}

bool edgel_json_is_null(const struct edgel_json *v)
{
    return v && json_is_null(value(v));
}

bool edgel_json_int(const struct edgel_json *v, int64_t *out)
{
    if (!v || !json_is_integer(value(v)))
        return false;
    *out = json_integer_value(value(v));
    return true;
}

bool edgel_json_real(const struct edgel_json *v, double *out)
{
    if (!v || !json_is_number(value(v)))
        return false;
    *out = json_number_value(value(v));
    return true;
}

bool edgel_json_bool(const struct edgel_json *v, bool *out)
{
    if (!v || !json_is_boolean(value(v)))
        return false;
    *out = json_is_true(value(v));
    return true;
}

char *edgel_json_strdup(const struct edgel_json *v)
{
    if (!v || !json_is_string(value(v)))
        return NULL;
    const unsigned char *s = (const unsigned char *)json_string_value(value(v));
    size_t n = json_string_length(value(v)), k = 0;
    char *p = edgel_alloc(n + 1, 1);
    if (!p)
        return NULL;
    for (size_t i = 0; i < n;) {
        if (n - i >= 4 && s[i] == 0xF4 && s[i + 1] == 0x8F && s[i + 2] >= 0xBE) {
            p[k++] = (char)(0x80 | (s[i + 2] & 1) << 6 | (s[i + 3] & 0x3F)); /* U+10FF80 + (byte - 0x80) */
            i += 4;
        } else {
            p[k++] = (char)s[i++];
        }
    }
    p[k] = '\0';
    return p;
}
