/*
 * The text of an architecture. One layer a line, `#` starts a comment:
 *
 *     [NAME:] OPERATOR [INPUT ...] [KEY=VALUE ...]
 *
 * The first layer is `input channels=C`, named input. INPUT names an earlier layer; without one the layer takes the
 * output of the line before. Layers without a name are called by operator and number (conv1, conv2, ...). Keys are the
 * attributes of the operator; `out=classes` is the number of classes, pad=same is d (k - 1) / 2, `like=NAME` takes the
 * height and width of another layer, size=HxW gives them. The last layer is the output of the network; every
 * other one has a reader.
 */
#include "nn/nn_priv.h"
#include <stdio.h>
#include <string.h>

enum { LINE_MAX_BYTES = 1000, TEXT_MAX_BYTES = 1 << 20 };

struct parser {
    struct nn_network *net;
    const char *name; /* of the text */
    int line;
    struct edgel_error *err;
};

static enum edgel_status refuse(const struct parser *p, const char *fmt, ...) EDGEL_PRINTF(2, 3);

static enum edgel_status refuse(const struct parser *p, const char *fmt, ...)
{
    struct edgel_error e = { .code = EDGEL_OK };
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(e.msg, sizeof e.msg, fmt, ap);
    va_end(ap);
    return edgel_fail(p->err, EDGEL_EFORMAT, "%s:%d: %s", p->name, p->line, e.msg);
}

static int find_layer(const struct nn_network *net, const char *name)
{
    for (int i = 0; i < net->nlayers; i++)
        if (strcmp(net->layers[i].name, name) == 0)
            return i;
    return -1;
}

/* --- attributes --- */

static int *int_at(struct nn_layer *l, size_t at)
{
    return (int *)(void *)((char *)l + at);
}

static double *real_at(struct nn_layer *l, size_t at)
{
    return (double *)(void *)((char *)l + at);
}

static void set_defaults(struct nn_layer *l)
{
    l->like = -1;
    for (const struct nn_attr *a = l->op->attrs; a && a->name; a++)
        if (a->kind == NN_REAL)
            *real_at(l, a->at) = a->def;
        else
            *int_at(l, a->at) = (int)a->def;
}

static enum edgel_status set_size(const struct parser *p, const struct nn_attr *a, struct nn_layer *l,
                                  const char *text)
{
    char h[16] = "";
    const char *x = strchr(text, 'x');
    int64_t vh, vw;
    if (!x || (size_t)(x - text) >= sizeof h)
        return refuse(p, "%s=%s: must be HEIGHTxWIDTH", a->name, text);
    memcpy(h, text, (size_t)(x - text));
    if (edgel_parse_int(a->name, h, (int64_t)a->min, (int64_t)a->max, &vh, NULL) != EDGEL_OK ||
        edgel_parse_int(a->name, x + 1, (int64_t)a->min, (int64_t)a->max, &vw, NULL) != EDGEL_OK)
        return refuse(p, "%s=%s: must be HEIGHTxWIDTH, each %.0f..%.0f", a->name, text, a->min, a->max);
    int_at(l, a->at)[0] = (int)vh;
    int_at(l, a->at)[1] = (int)vw;
    return EDGEL_OK;
}

static enum edgel_status set_value(const struct parser *p, const struct nn_attr *a, struct nn_layer *l,
                                   const char *text)
{
    struct edgel_error e = { .code = EDGEL_OK };
    int64_t v;
    if (a->kind == NN_SIZE)
        return set_size(p, a, l, text);
    if (a->kind == NN_REAL) {
        if (edgel_parse_real(a->name, text, a->min, a->max, real_at(l, a->at), &e) != EDGEL_OK)
            return refuse(p, "%s", e.msg);
        return EDGEL_OK;
    }
    if (a->at == offsetof(struct nn_layer, out) && strcmp(text, "classes") == 0) {
        l->out = p->net->classes;
        l->out_classes = true;
        return EDGEL_OK;
    }
    if (a->at == offsetof(struct nn_layer, pad) && a->min < 0 && strcmp(text, "same") == 0) {
        l->pad = -1;
        return EDGEL_OK;
    }
    double lo = a->at == offsetof(struct nn_layer, pad) ? 0 : a->min;
    if (edgel_parse_int(a->name, text, (int64_t)lo, (int64_t)a->max, &v, &e) != EDGEL_OK)
        return refuse(p, "%s", e.msg);
    *int_at(l, a->at) = (int)v;
    return EDGEL_OK;
}

static enum edgel_status set_attribute(const struct parser *p, struct nn_layer *l, char *key, bool *given)
{
    char *value = strchr(key, '=');
    *value++ = '\0';
    if (strcmp(key, "like") == 0 && l->op->flags & NN_TAKES_LIKE) {
        l->like = find_layer(p->net, value);
        return l->like >= 0 ? EDGEL_OK : refuse(p, "like=%s: no earlier layer has this name", value);
    }
    for (const struct nn_attr *a = l->op->attrs; a && a->name; a++) {
        if (strcmp(a->name, key) != 0)
            continue;
        if (given[a - l->op->attrs])
            return refuse(p, "%s stands twice", key);
        given[a - l->op->attrs] = true;
        return set_value(p, a, l, value);
    }
    return refuse(p, "%s has no %s", l->op->name, key);
}

/* --- lines --- */

static bool name_ok(const char *s)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
    return n > 0 && s[n] == '\0' && n < NN_NAME_MAX;
}

static void name_by_number(const struct nn_network *net, struct nn_layer *l)
{
    int k = 1;
    do
        snprintf(l->name, sizeof l->name, "%s%d", l->op->name, k++);
    while (find_layer(net, l->name) >= 0);
}

static enum edgel_status name_layer(const struct parser *p, struct nn_layer *l, const char *name)
{
    if (p->net->nlayers == 0) {
        if (name && strcmp(name, "input") != 0)
            return refuse(p, "the input is named input, not %s", name);
        name = "input";
    }
    if (!name) {
        name_by_number(p->net, l);
        return EDGEL_OK;
    }
    if (!name_ok(name))
        return refuse(p, "layer name \"%s\": must be 1..%d letters, digits, _ and -", name, NN_NAME_MAX - 1);
    if (strcmp(name, "train") == 0) /* model files keep the state of a training under it */
        return refuse(p, "no layer may be named train");
    if (find_layer(p->net, name) >= 0)
        return refuse(p, "two layers are named %s", name);
    memcpy(l->name, name, strlen(name) + 1);
    return EDGEL_OK;
}

static enum edgel_status add_input(const struct parser *p, struct nn_layer *l, const char *name)
{
    if (l->ninputs == l->op->max_inputs)
        return refuse(p, "%s takes at most %d inputs", l->op->name, l->op->max_inputs);
    int at = find_layer(p->net, name);
    if (at < 0)
        return refuse(p, "no earlier layer is named %s", name);
    l->input[l->ninputs++] = at;
    return EDGEL_OK;
}

static enum edgel_status read_words(const struct parser *p, struct nn_layer *l, char *rest)
{
    bool given[16] = { false };
    char *save = NULL;
    for (char *word = strtok_r(rest, " \t", &save); word; word = strtok_r(NULL, " \t", &save))
        EDGEL_TRY(strchr(word, '=') ? set_attribute(p, l, word, given) : add_input(p, l, word));
    for (const struct nn_attr *a = l->op->attrs; a && a->name; a++)
        if (a->required && !given[a - l->op->attrs])
            return refuse(p, "%s needs %s=", l->op->name, a->name);
    if (l->ninputs == 0 && l->op->min_inputs > 0)
        l->input[l->ninputs++] = p->net->nlayers - 1;
    if (l->ninputs < l->op->min_inputs)
        return refuse(p, "%s needs %d inputs", l->op->name, l->op->min_inputs);
    return EDGEL_OK;
}

static enum edgel_status set_up(const struct parser *p, struct nn_layer *l)
{
    struct edgel_error e = { .code = EDGEL_OK };
    int channels[NN_INPUTS_MAX];
    for (int i = 0; i < l->ninputs; i++)
        channels[i] = p->net->layers[l->input[i]].channels;
    if (!l->op->setup)
        l->channels = channels[0];
    else if (l->op->setup(l, channels, &e) != EDGEL_OK)
        return refuse(p, "%s: %s", l->name, e.msg);
    if (l->channels > NN_CHANNELS_MAX)
        return refuse(p, "%s: %d channels: at most %d", l->name, l->channels, NN_CHANNELS_MAX);
    return EDGEL_OK;
}

static enum edgel_status read_line(const struct parser *p, char *line)
{
    line[strcspn(line, "#")] = '\0';
    char *save = NULL, *word = strtok_r(line, " \t\r", &save), *name = NULL;
    if (!word)
        return EDGEL_OK;
    if (word[strlen(word) - 1] == ':') {
        word[strlen(word) - 1] = '\0';
        name = word;
        word = strtok_r(NULL, " \t\r", &save);
    }
    struct nn_layer l = { .op = word ? nn_operator(word) : NULL };
    if (!l.op)
        return refuse(p, word ? "no operator is named %s" : "%s: an operator must follow",
                      word ? word : name);
    if (((l.op->flags & NN_IMAGE) != 0) != (p->net->nlayers == 0))
        return refuse(p, "the first layer, and no other, must be the input");
    if (p->net->nlayers == NN_LAYERS_MAX)
        return refuse(p, "more than %d layers", NN_LAYERS_MAX);
    set_defaults(&l);
    EDGEL_TRY(name_layer(p, &l, name));
    char *rest = strtok_r(NULL, "\r", &save);
    EDGEL_TRY(read_words(p, &l, rest ? rest : (char[1]){ "" }));
    EDGEL_TRY(set_up(p, &l));
    p->net->layers[p->net->nlayers++] = l;
    return EDGEL_OK;
}

/* A layer that nothing reads has no gradient: the text has a mistake. */
static enum edgel_status all_are_read(const struct parser *p)
{
    const struct nn_network *net = p->net;
    for (int i = 0; i < net->nlayers - 1; i++) {
        bool read = false;
        for (int j = i + 1; j < net->nlayers && !read; j++)
            for (int k = 0; k < net->layers[j].ninputs; k++)
                read |= net->layers[j].input[k] == i;
        if (!read)
            return refuse(p, "no layer reads %s, and it is not the last", net->layers[i].name);
    }
    return EDGEL_OK;
}

static enum edgel_status read_text(struct parser *p, const char *text, size_t size)
{
    if (size > TEXT_MAX_BYTES || memchr(text, '\0', size))
        return refuse(p, "an architecture is text of at most %d bytes", TEXT_MAX_BYTES);
    for (size_t at = 0; at < size; p->line++) {
        const char *end = memchr(text + at, '\n', size - at);
        size_t n = end ? (size_t)(end - text) - at : size - at;
        char line[LINE_MAX_BYTES + 1];
        if (n > LINE_MAX_BYTES)
            return refuse(p, "a line of more than %d bytes", LINE_MAX_BYTES);
        memcpy(line, text + at, n);
        line[n] = '\0';
        EDGEL_TRY(read_line(p, line));
        at += n + 1;
    }
    if (p->net->nlayers < 2)
        return refuse(p, "an architecture has an input and at least one layer");
    return all_are_read(p);
}

enum edgel_status nn_network_parse(const char *text, size_t size, const char *name, int classes,
                                   struct nn_network *out, struct edgel_error *err)
{
    *out = (struct nn_network){ .classes = classes };
    out->layers = edgel_calloc(NN_LAYERS_MAX, sizeof *out->layers);
    if (!out->layers)
        return edgel_fail(err, EDGEL_ENOMEM, "%s: out of memory", name);
    struct parser p = { .net = out, .name = name, .line = 1, .err = err };
    enum edgel_status status = read_text(&p, text, size);
    if (status == EDGEL_OK)
        status = nn_network_layout(out, name, err);
    if (status != EDGEL_OK)
        nn_network_finish(out);
    return status;
}

/* --- back to text --- */

static void add_attribute(const struct nn_layer *l, const struct nn_attr *a, struct edgel_text *out)
{
    struct nn_layer copy = *l;
    if (a->kind == NN_REAL) {
        if (*real_at(&copy, a->at) == a->def && !a->required)
            return;
        edgel_text_printf(out, " %s=", a->name);
        edgel_text_real(out, *real_at(&copy, a->at));
        return;
    }
    const int *v = int_at(&copy, a->at);
    if (*v == (int)a->def && !a->required)
        return;
    if (a->kind == NN_SIZE)
        edgel_text_printf(out, " %s=%dx%d", a->name, v[0], v[1]);
    else if (a->at == offsetof(struct nn_layer, out) && l->out_classes)
        edgel_text_printf(out, " %s=classes", a->name);
    else
        edgel_text_printf(out, " %s=%d", a->name, *v);
}

void nn_network_text(const struct nn_network *net, struct edgel_text *out)
{
    for (int i = 0; i < net->nlayers; i++) {
        const struct nn_layer *l = &net->layers[i];
        edgel_text_printf(out, "%s: %s", l->name, l->op->name);
        for (int k = 0; k < l->ninputs && !(l->ninputs == 1 && l->input[0] == i - 1); k++)
            edgel_text_printf(out, " %s", net->layers[l->input[k]].name);
        for (const struct nn_attr *a = l->op->attrs; a && a->name; a++)
            add_attribute(l, a, out);
        if (l->like >= 0)
            edgel_text_printf(out, " like=%s", net->layers[l->like].name);
        edgel_text_str(out, "\n");
    }
}
