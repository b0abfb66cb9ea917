/*
 * Names of outputs. A template is cut into pieces once; filling one writes the path in a single pass, dropping empty
 * components and "." as they end, so that no path needs memory of its own.
 */
#include "batch/batch_priv.h"
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    enum edgel_placeholder part;
} words[] = {
    { "stem", EDGEL_PART_STEM }, { "dir", EDGEL_PART_DIR }, { "ext", EDGEL_PART_EXT },
    { "op", EDGEL_PART_OP },     { "n", EDGEL_PART_N },     { "class", EDGEL_PART_CLASS },
};

static bool find_word(const char *s, size_t n, enum edgel_placeholder *part)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i].name) == n && memcmp(words[i].name, s, n) == 0) {
            *part = words[i].part;
            return true;
        }
    return false;
}

static void add_piece(struct edgel_template *t, enum edgel_placeholder part, size_t at, size_t n)
{
    t->piece[t->count++] = (struct edgel_piece){ part, at, n };
    t->whole |= part == EDGEL_PART_DIR || (part == EDGEL_PART_TEXT && memchr(t->source + at, '/', n));
    t->counts |= part == EDGEL_PART_OP || part == EDGEL_PART_N || part == EDGEL_PART_CLASS;
}

/* True when a component is "..", as far as text alone tells. */
static bool climbs(const char *s)
{
    for (; *s; s += strcspn(s, "/"), s += *s == '/')
        if (s[0] == '.' && s[1] == '.' && (s[2] == '/' || s[2] == '\0'))
            return true;
    return false;
}

static enum edgel_status cut(struct edgel_template *t, bool classes, struct edgel_error *err)
{
    for (const char *s = t->source; *s;) {
        size_t at = (size_t)(s - t->source), n = strcspn(s, "{");
        if (n > 0)
            add_piece(t, EDGEL_PART_TEXT, at, n);
        s += n;
        if (*s == '\0')
            break;
        const char *end = strchr(s, '}');
        if (!end)
            return edgel_fail(err, EDGEL_EINVAL, "name '%s': '%s' is not closed by '}'", t->source, s);
        size_t len = (size_t)(end - s) - 1;
        enum edgel_placeholder part;
        if (!find_word(s + 1, len, &part) || (part == EDGEL_PART_CLASS && !classes))
            return edgel_fail(err, EDGEL_EINVAL,
                              "name '%s': {%.*s} is unknown; known are {stem} {dir} {ext} {op} {n}%s",
                              t->source, len < 100 ? (int)len : 100, s + 1, classes ? " {class}" : "");
        add_piece(t, part, 0, 0);
        s = end + 1;
    }
    return EDGEL_OK;
}

enum edgel_status edgel_template_parse(struct edgel_template *t, const char *source, bool classes,
                                       struct edgel_error *err)
{
    *t = (struct edgel_template){ 0 };
    if (*source == '\0')
        return edgel_fail(err, EDGEL_EINVAL, "name '': must not be empty");
    if (*source == '/')
        return edgel_fail(err, EDGEL_EINVAL,
                          "name '%s': must not begin with '/': it is a path below the output folder", source);
    if (climbs(source))
        return edgel_fail(err, EDGEL_EINVAL, "name '%s': '..' must not be a folder of it", source);
    t->source = edgel_strdup(source);
    t->piece = edgel_alloc(strlen(source), sizeof *t->piece); /* each piece is at least one byte */
    enum edgel_status s = EDGEL_OK;
    if (!t->source || !t->piece)
        s = edgel_fail(err, EDGEL_ENOMEM, "name '%s': out of memory", source);
    else
        s = cut(t, classes, err);
    if (s != EDGEL_OK)
        edgel_template_finish(t);
    return s;
}

void edgel_template_finish(struct edgel_template *t)
{
    edgel_free(t->piece);
    edgel_free(t->source);
    *t = (struct edgel_template){ 0 };
}

/* --- filling --- */

struct pen {
    char *buf;
    size_t size, len;  /* len: of the whole path, also of what does not fit */
    size_t component;  /* bytes of the component that is being written */
    bool dots, climbs; /* it holds only dots so far; one was ".." */
};

static void put(struct pen *p, char c)
{
    if (p->len < p->size)
        p->buf[p->len] = c;
    p->len++;
}

static void end_component(struct pen *p)
{
    if (p->dots && p->component == 2)
        p->climbs = true;
    if (p->dots && p->component == 1)
        p->len--;
    else if (p->component > 0)
        put(p, '/');
    p->component = 0;
    p->dots = true;
}

static void write_bytes(struct pen *p, const char *s, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        if (s[k] == '/') {
            end_component(p);
            continue;
        }
        put(p, s[k]);
        p->component++;
        p->dots = p->dots && s[k] == '.';
    }
}

static void write_piece(struct pen *p, const struct edgel_template *t, const struct edgel_piece *piece,
                        const struct edgel_naming *v)
{
    size_t base = edgel_path_base(v->rel), end = strlen(v->rel), bare = edgel_path_bare(v->rel, end);
    char number[24];
    switch (piece->part) {
    case EDGEL_PART_TEXT: write_bytes(p, t->source + piece->at, piece->n); break;
    case EDGEL_PART_STEM: write_bytes(p, v->rel + base, bare - base); break;
    case EDGEL_PART_DIR: write_bytes(p, v->rel, base ? base - 1 : 0); break;
    case EDGEL_PART_EXT: write_bytes(p, v->rel + bare + 1, bare < end ? end - bare - 1 : 0); break;
    case EDGEL_PART_OP: write_bytes(p, v->method, strlen(v->method)); break;
    case EDGEL_PART_CLASS: write_bytes(p, v->class_name, strlen(v->class_name)); break;
    case EDGEL_PART_N:
        snprintf(number, sizeof number, "%zu", v->n);
        write_bytes(p, number, strlen(number));
        break;
    }
}

size_t edgel_template_fill(const struct edgel_template *t, const struct edgel_naming *v, char *buf,
                           size_t size, bool *climbed)
{
    struct pen p = { .buf = buf, .size = size, .dots = true };
    size_t prefix = strlen(v->prefix);
    for (size_t k = 0; k < prefix; k++)
        put(&p, v->prefix[k]);
    if (v->method_dir) {
        write_bytes(&p, v->method, strlen(v->method));
        end_component(&p);
    }
    if (!t->whole)
        write_bytes(&p, v->rel, edgel_path_base(v->rel));
    for (size_t i = 0; i < t->count; i++)
        write_piece(&p, t, &t->piece[i], v);
    end_component(&p);
    if (p.len > prefix) /* the slash behind the last component */
        p.len--;
    if (size > 0)
        buf[p.len < size ? p.len : size - 1] = '\0';
    if (climbed)
        *climbed = p.climbs;
    return p.len;
}
