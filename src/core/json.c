/*
 * Strict reading of JSON (RFC 8259): one value from a text, as a tree in one block of memory.
 *
 * What is refused, with the place: anything outside the grammar, text after the value, bytes that are not UTF-8, a
 * surrogate without its partner, two members of one key, U+0000 in a string (no name can hold it), a number beyond
 * double, more than EDGEL_JSON_DEPTH containers inside each other.
 *
 * One exception to UTF-8: text.c writes bytes of file names that are not UTF-8 as lone surrogates \udc80..\udcff, and
 * these come back as the bytes they stand for.
 *
 * The block is an array of slots of 16 bytes. Values wait on a stack until their container ends; then they move into
 * the block, next to each other, and the container keeps the distance to the first of them, so that any element is
 * reached at once and the block may move while it grows. Strings lie in slots as well, decoded, with a NUL at the end.
 * Slot 0 is the root. Time is linear in the text, n log n in the members of an object; memory is at most 16 bytes for a
 * value and the decoded strings.
 */
#include "core/core_priv.h"
#include <stdlib.h>
#include <string.h>

enum kind { NOTHING, FALSE_, TRUE_, INTEGER, REAL, STRING, ARRAY, OBJECT };

struct edgel_json {
    uint32_t kind;
    uint32_t n; /* elements; members; bytes of a string */
    union {
        int64_t integer;
        double real;
        int64_t at; /* slots from this one to its elements, members (key, value, key, value, ...) or bytes;
                       on the stack: their index in the block */
    } u;
};

/* --- memory --- */

static bool grow(struct edgel_json **v, size_t used, size_t *cap, size_t more)
{
    if (more <= *cap - used)
        return true;
    const size_t want = used + more + used / 2 + 16;
    struct edgel_json *bigger = edgel_realloc(*v, used * sizeof *bigger, want, sizeof *bigger);
    if (!bigger)
        return false;
    *v = bigger;
    *cap = want;
    return true;
}

static bool out_of_memory(struct edgel_json_cursor *c)
{
    c->status = EDGEL_ENOMEM;
    return false;
}

bool edgel_json_refuse(struct edgel_json_cursor *c, const char *why)
{
    if (c->status == EDGEL_OK) {
        c->status = EDGEL_EFORMAT;
        c->why = why;
    }
    return false;
}

static bool push(struct edgel_json_cursor *c, struct edgel_json_block *b, struct edgel_json v)
{
    if (!grow(&b->stack, b->depth, &b->stack_cap, 1))
        return out_of_memory(c);
    b->stack[b->depth++] = v;
    return true;
}

/* --- characters --- */

void edgel_json_skip_space(struct edgel_json_cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\n' || *c->at == '\r' || *c->at == '\t'))
        c->at++;
}

/* Bytes of the UTF-8 character at s (RFC 3629), 0 if it is none: overlong, a surrogate, above U+10FFFF, cut. */
static size_t utf8_length(const unsigned char *s, size_t left)
{
    const unsigned char a = s[0];
    const size_t n = a < 0x80 ? 1 : a < 0xC2 ? 0 : a < 0xE0 ? 2 : a < 0xF0 ? 3 : a < 0xF5 ? 4 : 0;
    if (n == 0 || n > left)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    if ((a == 0xE0 && s[1] < 0xA0) || (a == 0xED && s[1] > 0x9F) || (a == 0xF0 && s[1] < 0x90) ||
        (a == 0xF4 && s[1] > 0x8F))
        return 0;
    return n;
}

static size_t utf8_write(char *to, uint32_t code)
{
    if (code < 0x80) {
        to[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        to[0] = (char)(0xC0 | code >> 6);
        to[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        to[0] = (char)(0xE0 | code >> 12);
        to[1] = (char)(0x80 | (code >> 6 & 0x3F));
        to[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    to[0] = (char)(0xF0 | code >> 18);
    to[1] = (char)(0x80 | (code >> 12 & 0x3F));
    to[2] = (char)(0x80 | (code >> 6 & 0x3F));
    to[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

/* The four hexadecimal digits after \u; false if they are none. */
static bool hex4(const char *s, size_t left, uint32_t *out)
{
    uint32_t v = 0;
    if (left < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        const unsigned char d = (unsigned char)s[i], letter = d | 0x20;
        if (d >= '0' && d <= '9')
            v = v << 4 | (uint32_t)(d - '0');
        else if (letter >= 'a' && letter <= 'f')
            v = v << 4 | (uint32_t)(letter - 'a' + 10);
        else
            return false;
    }
    *out = v;
    return true;
}

/* Decodes \uXXXX, with its partner if it is half of a pair; c->at stands on the 'u'. Writes at most 4 bytes. */
static size_t unicode_escape(struct edgel_json_cursor *c, char *to)
{
    uint32_t code, low;
    if (!hex4(c->at + 1, (size_t)(c->end - c->at) - 1, &code))
        return (void)edgel_json_refuse(c, "\\u without four hexadecimal digits"), 0;
    if (code == 0)
        return (void)edgel_json_refuse(c, "U+0000 in a string"), 0;
    if (code >= 0xDC80 && code <= 0xDCFF) { /* a byte that was not UTF-8 */
        to[0] = (char)(code - 0xDC00);
        c->at += 5;
        return 1;
    }
    if (code < 0xD800 || code > 0xDFFF) {
        c->at += 5;
        return utf8_write(to, code);
    }
    if (code > 0xDBFF || c->end - c->at < 11 || c->at[5] != '\\' || c->at[6] != 'u' ||
        !hex4(c->at + 7, 4, &low) || low < 0xDC00 || low > 0xDFFF)
        return (void)edgel_json_refuse(c, "half of a surrogate pair"), 0;
    c->at += 11;
    return utf8_write(to, 0x10000 + ((code & 0x3FF) << 10 | (low & 0x3FF)));
}

/* Decodes the escape at c->at, which stands behind the backslash. Writes at most 4 bytes; 0: refused. */
static size_t escape(struct edgel_json_cursor *c, char *to)
{
    static const char from[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
    if (c->at == c->end)
        return (void)edgel_json_refuse(c, "a string without its end"), 0;
    if (*c->at == 'u')
        return unicode_escape(c, to);
    const char *which = *c->at ? strchr(from, *c->at) : NULL;
    if (!which)
        return (void)edgel_json_refuse(c, "an unknown escape"), 0;
    to[0] = means[which - from];
    c->at++;
    return 1;
}

/* The end of the run of bytes at c->at that stand for themselves. */
static bool plain_run(struct edgel_json_cursor *c)
{
    while (c->at < c->end) {
        const unsigned char b = (unsigned char)*c->at;
        if (b == '"' || b == '\\')
            return true;
        if (b < 0x20)
            return edgel_json_refuse(c, "a control character in a string");
        const size_t n = b < 0x80 ? 1 : utf8_length((const unsigned char *)c->at, (size_t)(c->end - c->at));
        if (n == 0)
            return edgel_json_refuse(c, "bytes that are not UTF-8");
        c->at += n;
    }
    return edgel_json_refuse(c, "a string without its end");
}

/* Closing quote of the string that begins at `at`, or the end of the text: how many bytes it needs at most. */
static size_t string_room(const char *at, const char *end)
{
    const char *p = at;
    while (p < end && *p != '"')
        p += *p == '\\' && p + 1 < end ? 2 : 1;
    return (size_t)(p - at);
}

/* Reads a string; c->at stands on its quote. */
static bool take_string(struct edgel_json_cursor *c, struct edgel_json_block *b, struct edgel_json *out)
{
    const size_t room = string_room(++c->at, c->end), slots = (room + 1 + sizeof *out - 1) / sizeof *out;
    if (room >= UINT32_MAX)
        return edgel_json_refuse(c, "a string of 4 GB");
    if (!grow(&b->v, b->used, &b->cap, slots))
        return out_of_memory(c);
    char *to = (char *)(void *)&b->v[b->used];
    size_t n = 0;
    for (;;) {
        const char *from = c->at;
        if (!plain_run(c))
            return false;
        memcpy(to + n, from, (size_t)(c->at - from));
        n += (size_t)(c->at - from);
        if (*c->at++ == '"')
            break;
        const size_t more = escape(c, to + n); /* never longer than the escape itself */
        if (more == 0)
            return false;
        n += more;
    }
    to[n] = '\0';
    *out = (struct edgel_json){ .kind = STRING, .n = (uint32_t)n, .u.at = (int64_t)b->used };
    b->used += (n + 1 + sizeof *out - 1) / sizeof *out;
    return true;
}

/* --- numbers --- */

static bool digit(const struct edgel_json_cursor *c)
{
    return c->at < c->end && *c->at >= '0' && *c->at <= '9';
}

static bool digits(struct edgel_json_cursor *c)
{
    if (!digit(c))
        return edgel_json_refuse(c, "a number without a digit");
    while (digit(c))
        c->at++;
    return true;
}

/* The digits from..to as an integer. */
static bool whole(const char *from, const char *to, bool negative, int64_t *out)
{
    const uint64_t most = (uint64_t)INT64_MAX + negative;
    uint64_t v = 0;
    for (; from < to; from++) {
        const uint64_t d = (uint64_t)(*from - '0');
        if (v > (most - d) / 10)
            return false;
        v = v * 10 + d;
    }
    *out = negative ? (int64_t)(0 - v) : (int64_t)v;
    return true;
}

/* A number by its value as double, correctly rounded. The text is copied, for it has no end of its own. */
static bool take_real(struct edgel_json_cursor *c, struct edgel_json_block *b, const char *from, double *out)
{
    const size_t n = (size_t)(c->at - from), slots = n / sizeof *b->v + 1;
    if (!grow(&b->v, b->used, &b->cap, slots))
        return out_of_memory(c);
    char *copy = (char *)(void *)&b->v[b->used];
    memcpy(copy, from, n);
    copy[n] = '\0';
    return edgel_real_of_text(copy, out) || edgel_json_refuse(c, "a number beyond the range of double");
}

static bool take_number(struct edgel_json_cursor *c, struct edgel_json_block *b, struct edgel_json *out)
{
    const char *from = c->at;
    const bool negative = *from == '-';
    c->at += negative;
    const char *first = c->at;
    if (!digits(c))
        return false;
    if (*first == '0' && c->at > first + 1)
        return edgel_json_refuse(c, "a number with a leading zero");
    const char *point = c->at;
    if (c->at < c->end && *c->at == '.' && (c->at++, !digits(c)))
        return false;
    if (c->at < c->end && (*c->at == 'e' || *c->at == 'E')) {
        c->at++;
        c->at += c->at < c->end && (*c->at == '+' || *c->at == '-');
        if (!digits(c))
            return false;
    }
    *out = (struct edgel_json){ .kind = INTEGER };
    if (c->at == point && whole(first, point, negative, &out->u.integer))
        return true;
    out->kind = REAL;
    return take_real(c, b, from, &out->u.real);
}

/* --- containers --- */

static const char *key_at(const struct edgel_json *members, size_t i)
{
    const struct edgel_json *key = &members[2 * i];
    return (const char *)(const void *)(key + key->u.at);
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Whether the members have keys of their own. */
static bool keys_differ(struct edgel_json_cursor *c, const struct edgel_json *members, size_t n)
{
    enum { FEW = 12 };
    bool differ = true;
    if (n <= FEW) {
        for (size_t i = 1; i < n; i++)
            for (size_t k = 0; k < i; k++)
                if (strcmp(key_at(members, i), key_at(members, k)) == 0)
                    return edgel_json_refuse(c, "a key that stands twice in an object");
        return true;
    }
    const char **keys = edgel_alloc(n, sizeof *keys);
    if (!keys)
        return out_of_memory(c);
    for (size_t i = 0; i < n; i++)
        keys[i] = key_at(members, i);
    qsort(keys, n, sizeof *keys, compare_keys);
    for (size_t i = 1; i < n && differ; i++)
        differ =
            strcmp(keys[i - 1], keys[i]) != 0 || edgel_json_refuse(c, "a key that stands twice in an object");
    edgel_free(keys);
    return differ;
}

/* Moves v to slot `to` of the block. */
static void settle(struct edgel_json_block *b, size_t to, struct edgel_json v)
{
    if (v.kind >= STRING)
        v.u.at -= (int64_t)to;
    b->v[to] = v;
}

/* Ends the container whose values stand on the stack from `first` on, and puts it in their place. */
static bool close_container(struct edgel_json_cursor *c, struct edgel_json_block *b, size_t first,
                            bool object)
{
    const size_t n = b->depth - first, at = b->used;
    if (n >= UINT32_MAX)
        return edgel_json_refuse(c, "4,294,967,295 elements in one array");
    if (!grow(&b->v, b->used, &b->cap, n))
        return out_of_memory(c);
    for (size_t i = 0; i < n; i++)
        settle(b, at + i, b->stack[first + i]);
    b->used += n;
    b->depth = first;
    if (object && !keys_differ(c, b->v + at, n / 2))
        return false;
    return push(c, b,
                (struct edgel_json){ .kind = object ? OBJECT : ARRAY,
                                     .n = (uint32_t)(object ? n / 2 : n),
                                     .u.at = (int64_t)at });
}

static bool take_word(struct edgel_json_cursor *c, const char *word, enum kind kind, struct edgel_json *out)
{
    const size_t n = strlen(word);
    if ((size_t)(c->end - c->at) < n || memcmp(c->at, word, n) != 0)
        return edgel_json_refuse(c, "no value");
    c->at += n;
    *out = (struct edgel_json){ .kind = kind };
    return true;
}

static bool take_scalar(struct edgel_json_cursor *c, struct edgel_json_block *b)
{
    struct edgel_json v;
    bool fine;
    switch (*c->at) {
    case '"': fine = take_string(c, b, &v); break;
    case 't': fine = take_word(c, "true", TRUE_, &v); break;
    case 'f': fine = take_word(c, "false", FALSE_, &v); break;
    case 'n': fine = take_word(c, "null", NOTHING, &v); break;
    case '-': fine = take_number(c, b, &v); break;
    default: fine = digit(c) ? take_number(c, b, &v) : edgel_json_refuse(c, "no value");
    }
    return fine && push(c, b, v);
}

bool edgel_json_take_char(struct edgel_json_cursor *c, char which)
{
    edgel_json_skip_space(c);
    if (c->at == c->end || *c->at != which)
        return false;
    c->at++;
    return true;
}

/* A key and its colon. */
static bool take_key(struct edgel_json_cursor *c, struct edgel_json_block *b)
{
    edgel_json_skip_space(c);
    if (c->at == c->end || *c->at != '"')
        return edgel_json_refuse(c, "a member without a key");
    if (!take_scalar(c, b))
        return false;
    return edgel_json_take_char(c, ':') || edgel_json_refuse(c, "a key without a colon");
}

struct frame {
    size_t first; /* of the container's values on the stack */
    bool object;
};

/* After a value: ends all containers that end here. True with *more when another value follows. */
static bool after_value(struct edgel_json_cursor *c, struct edgel_json_block *b, struct frame *frames,
                        size_t *open, bool *more)
{
    *more = false;
    while (*open > 0) {
        const struct frame *f = &frames[*open - 1];
        if (edgel_json_take_char(c, ',')) {
            *more = true;
            return !f->object || take_key(c, b);
        }
        if (!edgel_json_take_char(c, f->object ? '}' : ']'))
            return edgel_json_refuse(c, f->object ? "no comma or end of an object"
                                                  : "no comma or end of an array");
        if (!close_container(c, b, f->first, f->object))
            return false;
        --*open;
    }
    return true;
}

/* Reads one value onto the stack of the block. */
static bool take_value(struct edgel_json_cursor *c, struct edgel_json_block *b)
{
    struct frame frames[EDGEL_JSON_DEPTH];
    size_t open = 0;
    for (bool more = true; more;) {
        edgel_json_skip_space(c);
        if (c->at == c->end)
            return edgel_json_refuse(c, "the text ends where a value is due");
        if (*c->at == '{' || *c->at == '[') {
            const bool object = *c->at++ == '{';
            if (open == EDGEL_JSON_DEPTH)
                return edgel_json_refuse(c, "more containers inside each other than are read");
            frames[open++] = (struct frame){ b->depth, object };
            if (!edgel_json_take_char(c, object ? '}' : ']')) {
                if (object && !take_key(c, b))
                    return false;
                continue;
            }
            if (!close_container(c, b, b->depth, object))
                return false;
            open--;
        } else if (!take_scalar(c, b)) {
            return false;
        }
        if (!after_value(c, b, frames, &open, &more))
            return false;
    }
    return true;
}

const struct edgel_json *edgel_json_take(struct edgel_json_cursor *c, struct edgel_json_block *b)
{
    b->used = b->depth = 0;
    if (c->status != EDGEL_OK)
        return NULL;
    if (!grow(&b->v, 0, &b->cap, 1)) {
        (void)out_of_memory(c);
        return NULL;
    }
    b->used = 1;
    if (!take_value(c, b))
        return NULL;
    settle(b, 0, b->stack[0]);
    return b->v;
}

void edgel_json_block_finish(struct edgel_json_block *b)
{
    edgel_free(b->v);
    edgel_free(b->stack);
    *b = (struct edgel_json_block){ 0 };
}

enum edgel_status edgel_json_cursor_status(const struct edgel_json_cursor *c, const char *name,
                                           struct edgel_error *err)
{
    if (c->status == EDGEL_OK)
        return EDGEL_OK;
    if (c->status == EDGEL_ENOMEM)
        return edgel_no_memory(err, name);
    size_t line = c->lines + 1, column = c->columns + 1;
    for (const char *p = c->text; p < c->at && p < c->end; p++) {
        column = *p == '\n' ? 1 : column + 1;
        line += *p == '\n';
    }
    if (line == 1)
        return edgel_fail(err, c->status, "%s: not valid JSON: %s at column %zu", name, c->why, column);
    return edgel_fail(err, c->status, "%s: not valid JSON: %s at line %zu, column %zu", name, c->why, line,
                      column);
}

enum edgel_status edgel_json_parse(const char *text, size_t n, const char *name, struct edgel_json **out,
                                   struct edgel_error *err)
{
    struct edgel_json_cursor c = { .text = text, .at = text, .end = text + n };
    struct edgel_json_block b = { 0 };
    *out = NULL;
    if (edgel_json_take(&c, &b)) {
        edgel_json_skip_space(&c);
        if (c.at < c.end)
            (void)edgel_json_refuse(&c, "text after the value");
    }
    if (c.status == EDGEL_OK) {
        *out = b.v;
        b.v = NULL;
    }
    edgel_json_block_finish(&b);
    return edgel_json_cursor_status(&c, name, err);
}

void edgel_json_finish(struct edgel_json *doc)
{
    edgel_free(doc);
}

/* --- values --- */

static bool is(const struct edgel_json *v, enum kind kind)
{
    return v && v->kind == (uint32_t)kind;
}

size_t edgel_json_count(const struct edgel_json *array)
{
    return is(array, ARRAY) ? array->n : 0;
}

const struct edgel_json *edgel_json_at(const struct edgel_json *array, size_t i)
{
    return i < edgel_json_count(array) ? array + array->u.at + i : NULL;
}

size_t edgel_json_members(const struct edgel_json *object)
{
    return is(object, OBJECT) ? object->n : 0;
}

const struct edgel_json *edgel_json_member(const struct edgel_json *object, size_t i, const char **key)
{
    if (i >= edgel_json_members(object))
        return NULL;
    const struct edgel_json *members = object + object->u.at;
    if (key)
        *key = key_at(members, i);
    return &members[2 * i + 1];
}

const struct edgel_json *edgel_json_get(const struct edgel_json *object, const char *key)
{
    const char *name;
    const struct edgel_json *v;
    for (size_t i = 0; (v = edgel_json_member(object, i, &name)) != NULL; i++)
        if (strcmp(name, key) == 0)
            return v;
    return NULL;
}

bool edgel_json_is_object(const struct edgel_json *v)
{
    return is(v, OBJECT);
}

bool edgel_json_is_array(const struct edgel_json *v)
{
    return is(v, ARRAY);
}

bool edgel_json_is_string(const struct edgel_json *v)
{
    return is(v, STRING);
}

bool edgel_json_is_null(const struct edgel_json *v)
{
    return is(v, NOTHING);
}

bool edgel_json_int(const struct edgel_json *v, int64_t *out)
{
    if (!is(v, INTEGER))
        return false;
    *out = v->u.integer;
    return true;
}

bool edgel_json_real(const struct edgel_json *v, double *out)
{
    if (!is(v, INTEGER) && !is(v, REAL))
        return false;
    *out = v->kind == INTEGER ? (double)v->u.integer : v->u.real;
    return true;
}

bool edgel_json_bool(const struct edgel_json *v, bool *out)
{
    if (!is(v, TRUE_) && !is(v, FALSE_))
        return false;
    *out = v->kind == TRUE_;
    return true;
}

const char *edgel_json_string(const struct edgel_json *v)
{
    return is(v, STRING) ? (const char *)(const void *)(v + v->u.at) : NULL;
}

char *edgel_json_strdup(const struct edgel_json *v)
{
    const char *s = edgel_json_string(v);
    return s ? edgel_strdup(s) : NULL;
}
