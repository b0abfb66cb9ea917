/*
 * The arguments of a run, kept beside its results: the command line word for word, and the value of every option, given
 * or default. Reading gives both back, so that a run can be resumed and changed options be named.
 */
#include "batch/batch_priv.h"
#include "core/core_priv.h"
#include "io/io_priv.h"
#include <string.h>

#define SCHEMA "edgel.arguments/1"
enum { WORDS_MAX = 100000 };

static void add_words(struct edgel_text *t, const char *const *words, size_t n)
{
    edgel_text_str(t, "\"arguments\":[");
    for (size_t i = 0; i < n; i++) {
        edgel_text_str(t, i ? "," : "");
        edgel_text_json(t, words[i]);
    }
    edgel_text_str(t, "]");
}

enum edgel_status edgel_arguments_write(const char *path, const char *command, const char *const *words,
                                        size_t n, const struct edgel_setting *settings, size_t nsettings,
                                        struct edgel_error *err)
{
    EDGEL_REQUIRE(path);
    EDGEL_REQUIRE(command);
    EDGEL_REQUIRE(words || n == 0);
    EDGEL_REQUIRE(settings || nsettings == 0);
    struct edgel_text t = { 0 };
    struct edgel_output *out = NULL;
    edgel_text_str(&t, "{\"schema\":\"" SCHEMA "\",\"version\":");
    edgel_text_json(&t, edgel_version());
    edgel_text_str(&t, ",\"command\":");
    edgel_text_json(&t, command);
    edgel_text_str(&t, ",\n ");
    add_words(&t, words, n);
    edgel_text_str(&t, ",\n \"options\":{");
    for (size_t i = 0; i < nsettings; i++) {
        edgel_text_str(&t, i ? ",\n  " : "\n  ");
        edgel_text_json(&t, settings[i].name);
        edgel_text_str(&t, ":");
        edgel_text_json(&t, settings[i].value);
    }
    edgel_text_str(&t, "}}\n");
    enum edgel_status status = t.failed ? edgel_no_memory(err, path) : EDGEL_OK;
    if (status == EDGEL_OK)
        status = edgel_output_begin_itself(path, &out, err);
    if (status == EDGEL_OK)
        status = edgel_output_write(out, t.s, t.len, err);
    if (status == EDGEL_OK)
        status = edgel_output_commit(&out, err);
    edgel_output_discard(&out);
    edgel_text_finish(&t);
    return status;
}

/* EDGEL_EFORMAT unless the document's member is this string. */
static enum edgel_status expect(const struct edgel_json *doc, const char *key, const char *value,
                                const char *path, struct edgel_error *err)
{
    const struct edgel_json *v = edgel_json_get(doc, key);
    char *copy = edgel_json_strdup(v);
    const bool same = copy && strcmp(copy, value) == 0;
    if (!copy && edgel_json_is_string(v))
        return edgel_no_memory(err, path);
    edgel_free(copy);
    return same ? EDGEL_OK : edgel_fail(err, EDGEL_EFORMAT, "%s: not of the %s %s", path, key, value);
}

static enum edgel_status take_words(const struct edgel_json *doc, const char *path,
                                    struct edgel_arguments *out, struct edgel_error *err)
{
    const struct edgel_json *list = edgel_json_get(doc, "arguments");
    const size_t n = edgel_json_count(list);
    if (!edgel_json_is_array(list) || n > WORDS_MAX)
        return edgel_fail(err, EDGEL_EFORMAT, "%s: arguments: must be a list of at most %d strings", path,
                          WORDS_MAX);
    out->words = edgel_calloc(n + 1, sizeof *out->words);
    if (!out->words)
        return edgel_no_memory(err, path);
    for (; out->n < n; out->n++) {
        const struct edgel_json *v = edgel_json_at(list, out->n);
        if (!edgel_json_is_string(v))
            return edgel_fail(err, EDGEL_EFORMAT, "%s: arguments[%zu]: must be a string", path, out->n);
        out->words[out->n] = edgel_json_strdup(v);
        if (!out->words[out->n])
            return edgel_no_memory(err, path);
        if (strlen(out->words[out->n]) > 65536)
            return edgel_fail(err, EDGEL_EFORMAT, "%s: arguments[%zu]: too long", path, out->n++);
    }
    return EDGEL_OK;
}

static enum edgel_status take_options(const struct edgel_json *doc, const char *path,
                                      struct edgel_arguments *out, struct edgel_error *err)
{
    const struct edgel_json *all = edgel_json_get(doc, "options"), *v;
    const size_t n = edgel_json_members(all);
    const char *name;
    if (!edgel_json_is_object(all))
        return edgel_fail(err, EDGEL_EFORMAT, "%s: options: must be an object", path);
    for (size_t i = 0; (v = edgel_json_member(all, i, NULL)) != NULL; i++)
        if (!edgel_json_is_string(v) || n > WORDS_MAX)
            return edgel_fail(err, EDGEL_EFORMAT, "%s: options: must hold at most %d strings", path,
                              WORDS_MAX);
    out->options = edgel_calloc(n + 1, sizeof *out->options);
    for (size_t i = 0; out->options && (v = edgel_json_member(all, i, &name)) != NULL; i++) {
        struct edgel_setting *s = &out->options[out->noptions++];
        *s = (struct edgel_setting){ edgel_strdup(name), edgel_json_strdup(v) };
        if (!s->name || !s->value)
            return edgel_no_memory(err, path);
    }
    return out->options ? EDGEL_OK : edgel_no_memory(err, path);
}

enum edgel_status edgel_arguments_read(const char *path, const char *command, struct edgel_arguments *out,
                                       struct edgel_error *err)
{
    EDGEL_REQUIRE(path);
    EDGEL_REQUIRE(command);
    EDGEL_REQUIRE(out);
    struct edgel_bytes bytes = { 0 };
    struct edgel_json *doc = NULL;
    *out = (struct edgel_arguments){ 0 };
    enum edgel_status status = edgel_file_read(path, EDGEL_FILE_TEXT, NULL, &bytes, err);
    if (status == EDGEL_OK)
        status = edgel_json_parse((const char *)bytes.data, bytes.size, path, &doc, err);
    if (status == EDGEL_OK)
        status = expect(doc, "schema", SCHEMA, path, err);
    if (status == EDGEL_OK)
        status = expect(doc, "command", command, path, err);
    if (status == EDGEL_OK)
        status = take_words(doc, path, out, err);
    if (status == EDGEL_OK)
        status = take_options(doc, path, out, err);
    edgel_json_finish(doc);
    edgel_bytes_finish(&bytes);
    if (status != EDGEL_OK)
        edgel_arguments_finish(out);
    return status;
}

void edgel_arguments_finish(struct edgel_arguments *a)
{
    if (!a)
        return;
    for (size_t i = 0; i < a->n; i++)
        edgel_free(a->words[i]);
    edgel_free(a->words);
    for (size_t i = 0; i < a->noptions; i++) {
        edgel_free((char *)(uintptr_t)a->options[i].name);
        edgel_free((char *)(uintptr_t)a->options[i].value);
    }
    edgel_free(a->options);
    *a = (struct edgel_arguments){ 0 };
}
