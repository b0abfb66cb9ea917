/*
 * Models as safetensors files. Numbers in __metadata__ are text that reads back as the same number; classes, mean and
 * std are JSON. A decoded model holds what was checked: a network within its limits whose every array is in the file,
 * of its shape and finite, and no tensor besides, those of a trainer ("train.*") excepted.
 */
#include "nn/nn_priv.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FORMAT "edgel.model/1"

static bool is_extra(const char *tensor)
{
    return strncmp(tensor, "train.", 6) == 0;
}

static const char *head_name(const struct nn_network *net)
{
    return net->classes == 1 ? "sigmoid" : "softmax";
}

/* --- writing --- */

static void list_reals(struct edgel_text *t, const double *v, int n)
{
    for (int i = 0; i < n; i++) {
        edgel_text_str(t, i ? "," : "[");
        edgel_text_real(t, v[i]);
    }
    edgel_text_str(t, "]");
}

static void list_classes(struct edgel_text *t, const struct edgel_model *m)
{
    for (int i = 0; i < m->net.classes; i++) {
        edgel_text_printf(t, "%s{\"id\":%d,\"name\":", i ? "," : "[", m->classes[i].id);
        edgel_text_json(t, m->classes[i].name);
        edgel_text_str(t, "}");
    }
    edgel_text_str(t, "]");
}

static void describe(const struct edgel_model *m, struct edgel_text values[NN_MODEL_KEYS])
{
    edgel_text_str(&values[NN_KEY_FORMAT], FORMAT);
    nn_network_text(&m->net, &values[NN_KEY_ARCHITECTURE]);
    list_classes(&values[NN_KEY_CLASSES], m);
    list_reals(&values[NN_KEY_MEAN], m->mean, m->net.in_channels);
    list_reals(&values[NN_KEY_STD], m->deviation, m->net.in_channels);
    edgel_text_str(&values[NN_KEY_HEAD], head_name(&m->net));
    edgel_text_str(&values[NN_KEY_LABELS], edgel_model_labels_name(m->labels));
    edgel_text_real(&values[NN_KEY_THRESHOLD], m->threshold);
}

static enum edgel_status check_finite(const struct edgel_model *m, enum edgel_status code, const char *file,
                                      struct edgel_error *err)
{
    struct nn_array_walk walk = { .net = &m->net };
    struct nn_named_array a;
    while (nn_array_next(&walk, &a)) {
        const float *v = (a.array.buffer ? m->buffers : m->params) + a.at;
        if (nn_first_not_finite(v, a.floats) < a.floats)
            return edgel_fail(err, code, "%s: %s holds a value that is not finite", file, a.name);
        for (size_t i = 0; a.array.buffer && strcmp(a.array.name, "running_var") == 0 && i < a.floats; i++)
            if (v[i] < 0)
                return edgel_fail(err, code, "%s: %s holds a negative variance", file, a.name);
    }
    return EDGEL_OK;
}

static size_t count_arrays(const struct nn_network *net)
{
    struct nn_array_walk walk = { .net = net };
    struct nn_named_array a;
    size_t n = 0;
    while (nn_array_next(&walk, &a))
        n++;
    return n;
}

static void list_tensors(const struct edgel_model *m, struct nn_named_array *names, struct nn_to_store *out)
{
    struct nn_array_walk walk = { .net = &m->net };
    for (size_t n = 0; nn_array_next(&walk, &names[n]); n++) {
        const struct nn_named_array *a = &names[n];
        out[n] = (struct nn_to_store){ .name = a->name,
                                       .ndims = a->array.ndims,
                                       .data = (a->array.buffer ? m->buffers : m->params) + a->at };
        for (int i = 0; i < a->array.ndims; i++)
            out[n].dims[i] = (size_t)a->array.dims[i];
    }
}

enum edgel_status nn_model_encode(const struct edgel_model *m, const struct nn_extra *extras, size_t nextras,
                                  unsigned char **bytes, size_t *size, struct edgel_error *err)
{
    const size_t narrays = count_arrays(&m->net), nmeta = NN_MODEL_KEYS + (size_t)m->nnotes;
    struct edgel_text values[NN_MODEL_KEYS] = { { 0 } };
    enum edgel_status s;
    *bytes = NULL;
    *size = 0;
    EDGEL_TRY(check_finite(m, EDGEL_EINVAL, "model", err));
    struct nn_named_array *names = edgel_calloc(narrays + 1, sizeof *names);
    struct nn_to_store *tensors = edgel_calloc(narrays + nextras + 1, sizeof *tensors);
    struct nn_note *meta = edgel_calloc(nmeta, sizeof *meta);
    describe(m, values);
    bool ok = names && tensors && meta;
    for (int k = 0; k < NN_MODEL_KEYS; k++)
        ok = ok && !values[k].failed;
    if (!ok) {
        s = edgel_fail(err, EDGEL_ENOMEM, "model: out of memory");
        goto out;
    }
    list_tensors(m, names, tensors);
    for (size_t i = 0; i < nextras; i++)
        tensors[narrays + i] =
            (struct nn_to_store){ extras[i].name, 1, { extras[i].floats }, extras[i].data };
    for (size_t k = 0; k < nmeta; k++)
        meta[k] = k < NN_MODEL_KEYS ? (struct nn_note){ (char *)(uintptr_t)nn_model_keys[k], values[k].s }
                                    : m->notes[k - NN_MODEL_KEYS];
    s = nn_stored_write(meta, nmeta, tensors, narrays + nextras, bytes, size, err);
out:
    for (int k = 0; k < NN_MODEL_KEYS; k++)
        edgel_text_finish(&values[k]);
    edgel_free(names);
    edgel_free(tensors);
    edgel_free(meta);
    return s;
}

enum edgel_status edgel_model_encode(const struct edgel_model *m, unsigned char **bytes, size_t *size,
                                     struct edgel_error *err)
{
    EDGEL_REQUIRE(bytes);
    EDGEL_REQUIRE(size);
    *bytes = NULL;
    *size = 0;
    EDGEL_REQUIRE(m);
    return nn_model_encode(m, NULL, 0, bytes, size, err);
}

/* --- reading --- */

struct decoding {
    struct nn_stored_file file;
    const char *name;
    struct edgel_error *err;
};

static enum edgel_status refuse(const struct decoding *d, enum edgel_status code, const char *fmt, ...)
    EDGEL_PRINTF(3, 4);

static enum edgel_status refuse(const struct decoding *d, enum edgel_status code, const char *fmt, ...)
{
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return edgel_fail(d->err, code, "%s: %s", d->name, text);
}

/* What was written is what is read. A hash under another key is one whose key was damaged. */
static enum edgel_status check_hash(const struct decoding *d)
{
    const char *hash = nn_stored_meta(&d->file, NN_KEY_HASH);
    char now[40];
    for (size_t i = 0; i < d->file.nmeta && !hash; i++)
        if (strncmp(d->file.meta[i].value, NN_HASH_BEGINS, strlen(NN_HASH_BEGINS)) == 0)
            return refuse(d, EDGEL_EFORMAT,
                          "__metadata__: %.40s: a hash stands under the key " NN_KEY_HASH " alone",
                          d->file.meta[i].key);
    snprintf(now, sizeof now, NN_HASH_BEGINS "%016" PRIx64, nn_stored_hash(&d->file));
    if (hash && strcmp(hash, now) != 0)
        return refuse(
            d, EDGEL_EFORMAT,
            "damaged, or changed by a program that left the old hash in: the hash of its contents is %s, "
            "and %.40s was written",
            now, hash);
    return EDGEL_OK;
}

static enum edgel_status check_meta(const struct decoding *d)
{
    const char *format = nn_stored_meta(&d->file, nn_model_keys[NN_KEY_FORMAT]);
    if (!format || strncmp(format, "edgel.model/", 12) != 0)
        return refuse(d, EDGEL_EUNSUPPORTED, "a safetensors file, but no model of edgel");
    if (strcmp(format, FORMAT) != 0)
        return refuse(d, EDGEL_EUNSUPPORTED, "format %.40s: this version reads %s", format, FORMAT);
    EDGEL_TRY(check_hash(d));
    for (int k = 0; k < NN_MODEL_KEYS; k++)
        if (!nn_stored_meta(&d->file, nn_model_keys[k]))
            return refuse(d, EDGEL_EFORMAT, "__metadata__ has no %s", nn_model_keys[k]);
    return EDGEL_OK;
}

/* The JSON array of a metadata string. */
static enum edgel_status parse_array(const struct decoding *d, enum nn_model_key k, struct edgel_json **out)
{
    const char *text = nn_stored_meta(&d->file, nn_model_keys[k]);
    enum edgel_status s = edgel_json_parse(text, strlen(text), nn_model_keys[k], out, NULL);
    if (s == EDGEL_OK && edgel_json_is_array(*out))
        return EDGEL_OK;
    edgel_json_finish(*out);
    *out = NULL;
    if (s == EDGEL_ENOMEM)
        return refuse(d, EDGEL_ENOMEM, "out of memory");
    return refuse(d, EDGEL_EFORMAT, "%s: must be a JSON array", nn_model_keys[k]);
}

static enum edgel_status read_reals(const struct decoding *d, enum nn_model_key k, int n, double *v)
{
    struct edgel_json *list;
    EDGEL_TRY(parse_array(d, k, &list));
    bool ok = edgel_json_count(list) == (size_t)n;
    for (int i = 0; i < n && ok; i++)
        ok = edgel_json_real(edgel_json_at(list, (size_t)i), &v[i]);
    edgel_json_finish(list);
    return ok ? EDGEL_OK : refuse(d, EDGEL_EFORMAT, "%s: must be %d numbers", nn_model_keys[k], n);
}

static enum edgel_status read_normalisation(const struct decoding *d, struct edgel_model *m)
{
    const int n = m->net.in_channels;
    double *v = edgel_alloc(2 * (size_t)n, sizeof *v);
    if (!v)
        return refuse(d, EDGEL_ENOMEM, "out of memory");
    struct edgel_error e = { .code = EDGEL_OK };
    enum edgel_status s = read_reals(d, NN_KEY_MEAN, n, v);
    if (s == EDGEL_OK)
        s = read_reals(d, NN_KEY_STD, n, v + n);
    if (s == EDGEL_OK && edgel_model_set_normalisation(m, v, v + n, n, &e) != EDGEL_OK)
        s = refuse(d, EDGEL_EFORMAT, "%s", e.msg);
    edgel_free(v);
    return s;
}

static enum edgel_status read_class(const struct decoding *d, const struct edgel_json *v,
                                    struct edgel_model_class *c)
{
    int64_t id;
    const struct edgel_json *name = edgel_json_get(v, "name");
    if (!edgel_json_int(edgel_json_get(v, "id"), &id) || id < 0 || id > EDGEL_MODEL_ID_MAX ||
        !edgel_json_is_string(name))
        return refuse(d, EDGEL_EFORMAT, "classes: each has an id 0..%d and a name", EDGEL_MODEL_ID_MAX);
    c->id = (int)id;
    c->name = edgel_json_strdup(name);
    return c->name ? EDGEL_OK : refuse(d, EDGEL_ENOMEM, "out of memory");
}

static enum edgel_status read_classes(const struct decoding *d, const struct edgel_json *list,
                                      struct edgel_model *m)
{
    const int n = m->net.classes;
    struct edgel_error e = { .code = EDGEL_OK };
    struct edgel_model_class *c = edgel_calloc((size_t)n, sizeof *c);
    enum edgel_status s = c ? EDGEL_OK : refuse(d, EDGEL_ENOMEM, "out of memory");
    for (int i = 0; i < n && s == EDGEL_OK; i++)
        s = read_class(d, edgel_json_at(list, (size_t)i), &c[i]);
    if (s == EDGEL_OK && edgel_model_set_classes(m, c, n, &e) != EDGEL_OK)
        s = refuse(d, e.code == EDGEL_ENOMEM ? EDGEL_ENOMEM : EDGEL_EFORMAT, "%s", e.msg);
    for (int i = 0; c && i < n; i++)
        edgel_free((char *)(uintptr_t)c[i].name);
    edgel_free(c);
    return s;
}

static enum edgel_status read_settings(const struct decoding *d, struct edgel_model *m)
{
    const char *labels = nn_stored_meta(&d->file, nn_model_keys[NN_KEY_LABELS]);
    struct edgel_error e = { .code = EDGEL_OK };
    double threshold;
    int l = 0;
    while (l <= EDGEL_MODEL_BOUNDARY &&
           strcmp(edgel_model_labels_name((enum edgel_model_labels)l), labels) != 0)
        l++;
    if (edgel_model_set_labels(m, (enum edgel_model_labels)l, &e) != EDGEL_OK ||
        edgel_parse_real("threshold", nn_stored_meta(&d->file, nn_model_keys[NN_KEY_THRESHOLD]), 0, 1,
                         &threshold, &e) != EDGEL_OK)
        return refuse(d, EDGEL_EFORMAT, "%s", e.msg);
    m->threshold = threshold;
    if (strcmp(nn_stored_meta(&d->file, nn_model_keys[NN_KEY_HEAD]), head_name(&m->net)) != 0)
        return refuse(d, EDGEL_EFORMAT, "head: %d outputs go with %s", m->net.classes, head_name(&m->net));
    return EDGEL_OK;
}

static enum edgel_status read_notes(const struct decoding *d, struct edgel_model *m)
{
    struct edgel_error e = { .code = EDGEL_OK };
    for (size_t i = 0; i < d->file.nmeta; i++) {
        const struct nn_note *note = &d->file.meta[i];
        if (nn_model_is_key(note->key))
            continue;
        if (edgel_model_set_note(m, note->key, note->value, &e) != EDGEL_OK)
            return refuse(d, e.code == EDGEL_ENOMEM ? EDGEL_ENOMEM : EDGEL_EFORMAT, "%s", e.msg);
    }
    return EDGEL_OK;
}

static bool shape_fits(const struct nn_stored *t, const struct nn_array *a)
{
    bool fits = t->f32 && t->ndims == a->ndims;
    for (int i = 0; i < a->ndims && fits; i++)
        fits = t->dims[i] == (size_t)a->dims[i];
    return fits;
}

/* Every array has its tensor, and every tensor its array. */
static enum edgel_status check_tensors(const struct decoding *d, const struct nn_network *net)
{
    struct nn_array_walk walk = { .net = net };
    struct nn_named_array a;
    size_t found = 0, extras = 0;
    while (nn_array_next(&walk, &a)) {
        const struct nn_stored *t = nn_stored_find(&d->file, a.name);
        if (!t)
            return refuse(d, EDGEL_EFORMAT, "tensor %s is missing", a.name);
        if (!shape_fits(t, &a.array))
            return refuse(d, EDGEL_EFORMAT, "tensor %s: type or shape is not that of the architecture",
                          a.name);
        found++;
    }
    for (size_t i = 0; i < d->file.ntensors; i++)
        extras += is_extra(d->file.tensors[i].name);
    if (found + extras != d->file.ntensors)
        return refuse(d, EDGEL_EFORMAT, "%zu tensors that the architecture does not have",
                      d->file.ntensors - found - extras);
    return EDGEL_OK;
}

static void copy_tensors(const struct decoding *d, struct edgel_model *m)
{
    struct nn_array_walk walk = { .net = &m->net };
    struct nn_named_array a;
    while (nn_array_next(&walk, &a))
        nn_stored_floats(nn_stored_find(&d->file, a.name), (a.array.buffer ? m->buffers : m->params) + a.at,
                         a.floats);
}

static enum edgel_status parse_network(const struct decoding *d, size_t classes, struct nn_network *net)
{
    const char *text = nn_stored_meta(&d->file, nn_model_keys[NN_KEY_ARCHITECTURE]);
    char name[256];
    if (classes < 1 || classes > EDGEL_MODEL_OUTPUTS_MAX)
        return refuse(d, EDGEL_EFORMAT, "%zu classes: must be 1..%d", classes, EDGEL_MODEL_OUTPUTS_MAX);
    const char *file =
        d->name + (strlen(d->name) > 220 ? strlen(d->name) - 217 : 0); /* the end tells files apart */
    while (file > d->name && ((unsigned char)*file & 0xC0) == 0x80)
        file++; /* not within a character */
    snprintf(name, sizeof name, "%s%s: architecture", file > d->name ? "..." : "", file);
    EDGEL_TRY(nn_network_parse(text, strlen(text), name, (int)classes, net, d->err));
    enum edgel_status s = check_tensors(d, net); /* before memory for the arrays is taken */
    if (s != EDGEL_OK)
        nn_network_finish(net);
    return s;
}

static enum edgel_status decode(const struct decoding *d, struct edgel_model **out)
{
    struct nn_network net;
    struct edgel_json *classes;
    EDGEL_TRY(check_meta(d));
    EDGEL_TRY(parse_array(d, NN_KEY_CLASSES, &classes));
    enum edgel_status s = parse_network(d, edgel_json_count(classes), &net);
    if (s == EDGEL_OK)
        s = nn_model_of(&net, d->name, out, d->err);
    if (s == EDGEL_OK)
        s = read_classes(d, classes, *out);
    edgel_json_finish(classes);
    EDGEL_TRY(s);
    EDGEL_TRY(read_normalisation(d, *out));
    EDGEL_TRY(read_settings(d, *out));
    EDGEL_TRY(read_notes(d, *out));
    copy_tensors(d, *out);
    (*out)->unhashed = !nn_stored_meta(&d->file, NN_KEY_HASH);
    return check_finite(*out, EDGEL_EFORMAT, d->name, d->err);
}

enum edgel_status edgel_model_decode(const void *bytes, size_t size, const char *name,
                                     struct edgel_model **out, struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    *out = NULL;
    EDGEL_REQUIRE(bytes);
    EDGEL_REQUIRE(name);
    struct decoding d = { .name = name, .err = err };
    EDGEL_TRY(nn_stored_read(bytes, size, name, &d.file, err));
    enum edgel_status s = decode(&d, out);
    nn_stored_finish(&d.file);
    if (s != EDGEL_OK)
        edgel_model_destroy(out);
    return s;
}

enum edgel_status nn_model_extras(const void *bytes, size_t size, const char *name, struct nn_extra *extras,
                                  size_t nextras, struct edgel_error *err)
{
    struct nn_stored_file file;
    EDGEL_TRY(nn_stored_read(bytes, size, name, &file, err));
    for (size_t i = 0; i < nextras; i++) {
        const struct nn_stored *t = nn_stored_find(&file, extras[i].name);
        extras[i].found = t && t->f32 && t->ndims == 1 && t->dims[0] == extras[i].floats;
        if (extras[i].found)
            nn_stored_floats(t, extras[i].data, extras[i].floats);
    }
    nn_stored_finish(&file);
    return EDGEL_OK;
}
