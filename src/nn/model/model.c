/* A model: a network with its weights and what is needed to run it. */
#include "nn/nn_priv.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

const char *edgel_model_labels_name(enum edgel_model_labels labels)
{
    switch (labels) {
    case EDGEL_MODEL_IDS: return "ids";
    case EDGEL_MODEL_BINARY: return "binary";
    case EDGEL_MODEL_BOUNDARY: return "boundary";
    }
    return "?";
}

/* --- making --- */

/* Sizes that tell whether outputs have the size of the image: one that halves often, one that does not. */
static const int probe_sizes[][2] = { { 256, 320 }, { 251, 199 } };

static enum edgel_status check_size(const struct nn_network *net, const char *name, int h, int w,
                                    struct nn_shape *shapes, struct edgel_error *err)
{
    EDGEL_TRY(nn_network_shapes(net, h, w, shapes, err));
    const struct nn_shape out = shapes[net->nlayers - 1];
    if (out.h != h || out.w != w)
        return edgel_fail(
            err, EDGEL_EINVAL,
            "%s: an image of %dx%d makes an output of %dx%d: the output must have the size of the image "
            "(an upsample with like=input gives it)",
            name, w, h, out.w, out.h);
    return EDGEL_OK;
}

static enum edgel_status check_network(const struct nn_network *net, const char *name,
                                       struct edgel_error *err)
{
    const struct nn_layer *last = &net->layers[net->nlayers - 1];
    if (last->op->flags & NN_PROBABILITIES)
        return edgel_fail(err, EDGEL_EINVAL,
                          "%s: the last layer is %s: it must make logits, probabilities are made of them",
                          name, last->op->name);
    if (last->channels != net->classes)
        return edgel_fail(
            err, EDGEL_EINVAL,
            "%s: the last layer makes %d channel%s, and %d %s wanted; out=classes makes what is wanted", name,
            last->channels, last->channels == 1 ? "" : "s", net->classes, net->classes == 1 ? "is" : "are");
    if (net->nparams > EDGEL_MODEL_FLOATS_MAX || net->nbuffers > EDGEL_MODEL_FLOATS_MAX - net->nparams)
        return edgel_fail(err, EDGEL_ELIMIT, "%s: %zu parameters: at most %d", name, net->nparams,
                          EDGEL_MODEL_FLOATS_MAX);
    struct nn_shape *shapes = edgel_calloc((size_t)net->nlayers, sizeof *shapes);
    if (!shapes)
        return edgel_fail(err, EDGEL_ENOMEM, "%s: out of memory", name);
    enum edgel_status s = EDGEL_OK;
    for (size_t i = 0; i < sizeof probe_sizes / sizeof *probe_sizes && s == EDGEL_OK; i++)
        s = check_size(net, name, probe_sizes[i][0], probe_sizes[i][1], shapes, err);
    edgel_free(shapes);
    return s;
}

static enum edgel_status out_of_memory(struct edgel_error *err)
{
    return edgel_fail(err, EDGEL_ENOMEM, "model: out of memory");
}

static enum edgel_status default_classes(struct edgel_model *m, struct edgel_error *err)
{
    const int n = m->net.classes;
    m->classes = edgel_calloc((size_t)n, sizeof *m->classes);
    if (!m->classes)
        return out_of_memory(err);
    for (int i = 0; i < n; i++) {
        char name[32] = "foreground";
        if (n > 1)
            snprintf(name, sizeof name, "class %d", i);
        m->classes[i] = (struct edgel_model_class){ n > 1 ? i : 1, edgel_strdup(name) };
        if (!m->classes[i].name)
            return out_of_memory(err);
    }
    return EDGEL_OK;
}

static enum edgel_status fill(struct edgel_model *m, struct edgel_error *err)
{
    const size_t in = (size_t)m->net.in_channels;
    m->params = edgel_calloc(m->net.nparams + 1, sizeof *m->params);
    m->buffers = edgel_calloc(m->net.nbuffers + 1, sizeof *m->buffers);
    m->mean = edgel_calloc(in, sizeof *m->mean);
    m->deviation = edgel_calloc(in, sizeof *m->deviation);
    if (!m->params || !m->buffers || !m->mean || !m->deviation)
        return out_of_memory(err);
    for (size_t c = 0; c < in; c++)
        m->deviation[c] = 1;
    m->labels = m->net.classes == 1 ? EDGEL_MODEL_BINARY : EDGEL_MODEL_IDS;
    m->threshold = 0.5;
    return default_classes(m, err);
}

enum edgel_status nn_model_of(struct nn_network *net, const char *name, struct edgel_model **out,
                              struct edgel_error *err)
{
    struct edgel_model *m = edgel_calloc(1, sizeof *m);
    enum edgel_status s;
    *out = NULL;
    if (m) {
        m->net = *net;
        *net = (struct nn_network){ 0 };
        s = check_network(&m->net, name, err);
        if (s == EDGEL_OK)
            s = fill(m, err);
    } else {
        nn_network_finish(net);
        s = out_of_memory(err);
    }
    if (s == EDGEL_OK)
        *out = m;
    else
        edgel_model_destroy(&m);
    return s;
}

void edgel_model_params_init(struct edgel_model_params *params)
{
    *params = (struct edgel_model_params){ .name = "architecture", .outputs = 1 };
}

enum edgel_status edgel_model_create(const struct edgel_model_params *p, struct edgel_model **out,
                                     struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    *out = NULL;
    EDGEL_REQUIRE(p);
    EDGEL_REQUIRE(p->text);
    EDGEL_REQUIRE(p->name);
    struct nn_network net;
    if (p->outputs < 1 || p->outputs > EDGEL_MODEL_OUTPUTS_MAX)
        return edgel_fail(err, EDGEL_EINVAL, "outputs %d: must be 1..%d", p->outputs,
                          EDGEL_MODEL_OUTPUTS_MAX);
    EDGEL_TRY(nn_network_parse(p->text, p->size, p->name, p->outputs, &net, err));
    EDGEL_TRY(nn_model_of(&net, p->name, out, err));
    nn_network_init(&(*out)->net, p->init, p->seed, (*out)->params, (*out)->buffers);
    return EDGEL_OK;
}

static void free_classes(struct edgel_model_class *classes, int n)
{
    for (int i = 0; classes && i < n; i++)
        edgel_free((char *)(uintptr_t)classes[i].name);
    edgel_free(classes);
}

void edgel_model_destroy(struct edgel_model **model)
{
    if (!model || !*model)
        return;
    struct edgel_model *m = *model;
    free_classes(m->classes, m->net.classes);
    nn_network_finish(&m->net);
    for (int i = 0; i < m->nnotes; i++) {
        edgel_free(m->notes[i].key);
        edgel_free(m->notes[i].value);
    }
    edgel_free(m->notes);
    edgel_free(m->params);
    edgel_free(m->buffers);
    edgel_free(m->mean);
    edgel_free(m->deviation);
    edgel_free(m);
    *model = NULL;
}

static enum edgel_status copy_parts(const struct edgel_model *from, struct edgel_model *to,
                                    struct edgel_error *err)
{
    memcpy(to->params, from->params, from->net.nparams * sizeof *to->params);
    memcpy(to->buffers, from->buffers, from->net.nbuffers * sizeof *to->buffers);
    to->labels = from->labels;
    to->threshold = from->threshold;
    EDGEL_TRY(edgel_model_set_classes(to, from->classes, from->net.classes, err));
    EDGEL_TRY(edgel_model_set_normalisation(to, from->mean, from->deviation, from->net.in_channels, err));
    to->unhashed = from->unhashed;
    for (int i = 0; i < from->nnotes; i++)
        EDGEL_TRY(edgel_model_set_note(to, from->notes[i].key, from->notes[i].value, err));
    return EDGEL_OK;
}

enum edgel_status edgel_model_copy(const struct edgel_model *from, struct edgel_model **out,
                                   struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    *out = NULL;
    EDGEL_REQUIRE(from);
    struct nn_network net = from->net;
    const size_t n = (size_t)net.nlayers;
    net.layers = edgel_alloc(n, sizeof *net.layers);
    if (!net.layers)
        return out_of_memory(err);
    memcpy(net.layers, from->net.layers, n * sizeof *net.layers);
    EDGEL_TRY(nn_model_of(&net, "copy of a model", out, err));
    enum edgel_status s = copy_parts(from, *out, err);
    if (s != EDGEL_OK)
        edgel_model_destroy(out);
    return s;
}

/* --- what it is --- */

void edgel_model_describe(const struct edgel_model *m, struct edgel_model_info *out)
{
    *out = (struct edgel_model_info){ .in_channels = m->net.in_channels,
                                      .outputs = m->net.classes,
                                      .layers = m->net.nlayers - 1,
                                      .params = m->net.nparams,
                                      .buffers = m->net.nbuffers,
                                      .sigmoid = m->net.classes == 1,
                                      .labels = m->labels,
                                      .threshold = m->threshold,
                                      .classes = m->classes,
                                      .mean = m->mean,
                                      .deviation = m->deviation,
                                      .unhashed = m->unhashed };
    for (int i = 0; i < m->net.nlayers; i++)
        out->drops |= (m->net.layers[i].op->flags & NN_DROPS) != 0;
    out->stages = nn_network_stages(&m->net);
}

char *edgel_model_text(const struct edgel_model *m)
{
    struct edgel_text t = { 0 };
    nn_network_text(&m->net, &t);
    if (!t.failed)
        return t.s;
    edgel_text_finish(&t);
    return NULL;
}

void edgel_model_free(void *text_or_bytes)
{
    edgel_free(text_or_bytes);
}

/* A string that stands in one line of a report: 1 byte or more, no control characters. */
static bool is_plain(const char *s)
{
    const size_t n = strlen(s);
    for (const unsigned char *p = (const unsigned char *)s; *p; p++)
        if (*p < 0x20 || *p == 0x7F)
            return false;
    return n >= 1 && n <= EDGEL_MODEL_STRING_MAX;
}

static enum edgel_status check_classes(const struct edgel_model *m, const struct edgel_model_class *classes,
                                       int count, struct edgel_error *err)
{
    if (count != m->net.classes)
        return edgel_fail(err, EDGEL_EINVAL, "%d classes: the model has %d outputs", count, m->net.classes);
    for (int i = 0; i < count; i++) {
        if (classes[i].id < 0 || classes[i].id > EDGEL_MODEL_ID_MAX)
            return edgel_fail(err, EDGEL_EINVAL, "class id %d: must be 0..%d", classes[i].id,
                              EDGEL_MODEL_ID_MAX);
        if (!is_plain(classes[i].name))
            return edgel_fail(err, EDGEL_EINVAL,
                              "name of class %d: must be 1..%d bytes without control characters",
                              classes[i].id, EDGEL_MODEL_STRING_MAX);
        for (int j = 0; j < i; j++)
            if (classes[j].id == classes[i].id)
                return edgel_fail(err, EDGEL_EINVAL, "two classes have id %d", classes[i].id);
    }
    return EDGEL_OK;
}

enum edgel_status edgel_model_set_classes(struct edgel_model *m, const struct edgel_model_class *classes,
                                          int count, struct edgel_error *err)
{
    EDGEL_REQUIRE(m);
    EDGEL_REQUIRE(classes);
    EDGEL_TRY(check_classes(m, classes, count, err));
    struct edgel_model_class *copy = edgel_calloc((size_t)count, sizeof *copy);
    bool ok = copy != NULL;
    for (int i = 0; i < count && ok; i++) {
        copy[i] = (struct edgel_model_class){ classes[i].id, edgel_strdup(classes[i].name) };
        ok = copy[i].name != NULL;
    }
    if (!ok) {
        free_classes(copy, count);
        return out_of_memory(err);
    }
    free_classes(m->classes, count);
    m->classes = copy;
    return EDGEL_OK;
}

enum edgel_status edgel_model_set_normalisation(struct edgel_model *m, const double *mean,
                                                const double *deviation, int count, struct edgel_error *err)
{
    EDGEL_REQUIRE(m);
    EDGEL_REQUIRE(mean);
    EDGEL_REQUIRE(deviation);
    if (count != m->net.in_channels)
        return edgel_fail(err, EDGEL_EINVAL, "normalisation of %d channels: the model takes %d", count,
                          m->net.in_channels);
    for (int c = 0; c < count; c++)
        if (!(mean[c] >= -1e6 && mean[c] <= 1e6 && deviation[c] >= 1e-6 && deviation[c] <= 1e6))
            return edgel_fail(err, EDGEL_EINVAL,
                              "normalisation: mean must be -1e6..1e6 and deviation 1e-6..1e6");
    memcpy(m->mean, mean, (size_t)count * sizeof *mean);
    memcpy(m->deviation, deviation, (size_t)count * sizeof *deviation);
    return EDGEL_OK;
}

enum edgel_status edgel_model_set_labels(struct edgel_model *m, enum edgel_model_labels labels,
                                         struct edgel_error *err)
{
    EDGEL_REQUIRE(m);
    if (labels != EDGEL_MODEL_IDS && labels != EDGEL_MODEL_BINARY && labels != EDGEL_MODEL_BOUNDARY)
        return edgel_fail(err, EDGEL_EINVAL, "labels: must be ids, binary or boundary");
    if (m->net.classes > 1 && labels == EDGEL_MODEL_BOUNDARY)
        return edgel_fail(err, EDGEL_EINVAL, "labels: a model of boundaries has one output, not %d",
                          m->net.classes);
    m->labels = labels;
    return EDGEL_OK;
}

enum edgel_status edgel_model_set_threshold(struct edgel_model *m, double threshold, struct edgel_error *err)
{
    EDGEL_REQUIRE(m);
    if (!(threshold >= 0 && threshold <= 1))
        return edgel_fail(err, EDGEL_EINVAL, "threshold: must be 0..1");
    m->threshold = threshold;
    return EDGEL_OK;
}

/* --- notes --- */

const char *const nn_model_keys[NN_MODEL_KEYS] = { "format", "architecture", "classes", "mean",
                                                   "std",    "head",         "labels",  "threshold" };
bool nn_model_is_key(const char *key)
{
    for (int k = 0; k < NN_MODEL_KEYS; k++)
        if (strcmp(nn_model_keys[k], key) == 0)
            return true;
    return strcmp(NN_KEY_HASH, key) == 0;
}

static int find_note(const struct edgel_model *m, const char *key)
{
    for (int i = 0; i < m->nnotes; i++)
        if (strcmp(m->notes[i].key, key) == 0)
            return i;
    return -1;
}

const char *edgel_model_note(const struct edgel_model *m, const char *key)
{
    const int i = find_note(m, key);
    return i < 0 ? NULL : m->notes[i].value;
}

const char *edgel_model_note_key(const struct edgel_model *m, int k)
{
    return k >= 0 && k < m->nnotes ? m->notes[k].key : NULL;
}

static void remove_note(struct edgel_model *m, int i)
{
    edgel_free(m->notes[i].key);
    edgel_free(m->notes[i].value);
    memmove(m->notes + i, m->notes + i + 1, (size_t)(m->nnotes - i - 1) * sizeof *m->notes);
    m->nnotes--;
}

static enum edgel_status add_note(struct edgel_model *m, const char *key, const char *value,
                                  struct edgel_error *err)
{
    const size_t n = (size_t)m->nnotes;
    struct nn_note *grown = edgel_realloc(m->notes, n * sizeof *grown, n + 1, sizeof *grown);
    if (!grown)
        return out_of_memory(err);
    m->notes = grown;
    struct nn_note note = { edgel_strdup(key), edgel_strdup(value) };
    if (!note.key || !note.value) {
        edgel_free(note.key);
        edgel_free(note.value);
        return out_of_memory(err);
    }
    m->notes[m->nnotes++] = note;
    return EDGEL_OK;
}

enum edgel_status edgel_model_set_note(struct edgel_model *m, const char *key, const char *value,
                                       struct edgel_error *err)
{
    EDGEL_REQUIRE(m);
    EDGEL_REQUIRE(key);
    const int i = find_note(m, key);
    if (!is_plain(key) || nn_model_is_key(key))
        return edgel_fail(err, EDGEL_EINVAL, "note \"%.60s\": this key is not allowed for a note", key);
    if (value && strlen(value) > EDGEL_MODEL_STRING_MAX)
        return edgel_fail(err, EDGEL_EINVAL, "note %.60s: at most %d bytes", key, EDGEL_MODEL_STRING_MAX);
    if (value && strncmp(value, NN_HASH_BEGINS, strlen(NN_HASH_BEGINS)) == 0)
        return edgel_fail(err, EDGEL_EINVAL, "note %.60s: must not begin with %s", key, NN_HASH_BEGINS);
    if (!value) {
        if (i >= 0)
            remove_note(m, i);
        return EDGEL_OK;
    }
    if (i < 0 && m->nnotes == EDGEL_MODEL_NOTES_MAX)
        return edgel_fail(err, EDGEL_EINVAL, "more than %d notes", EDGEL_MODEL_NOTES_MAX);
    if (i < 0)
        return add_note(m, key, value, err);
    char *copy = edgel_strdup(value);
    if (!copy)
        return out_of_memory(err);
    edgel_free(m->notes[i].value);
    m->notes[i].value = copy;
    return EDGEL_OK;
}

/* --- values --- */

void nn_model_normalise(const struct edgel_model *m, float *planar, size_t pixels)
{
    for (int c = 0; c < m->net.in_channels; c++) {
        const float mean = (float)m->mean[c], deviation = (float)m->deviation[c];
        float *restrict p = planar + (size_t)c * pixels;
        for (size_t i = 0; i < pixels; i++)
            p[i] = (p[i] - mean) / deviation;
    }
}

size_t nn_first_not_finite(const float *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(v[i]))
            return i;
    return n;
}
