/* Models by the path of their file, or by the name of a preset or architecture. */
#include "train/train_files.h"
#include <stdio.h>
#include <string.h>

enum { TEXT_MAX_BYTES = 1 << 20, PRESETS_MOST = 64 };

char *train_path(const char *folder, const char *name)
{
    const size_t n = strlen(folder) + strlen(name) + 2;
    char *path = edgel_alloc(n, 1);
    if (path)
        snprintf(path, n, "%s/%s", folder, name);
    return path;
}

static enum edgel_status write_and_commit(struct edgel_output *out, const void *bytes, size_t size,
                                          struct edgel_error *err)
{
    enum edgel_status status = edgel_output_write(out, bytes, size, err);
    if (status == EDGEL_OK)
        return edgel_output_commit(&out, err);
    edgel_output_discard(&out);
    return status;
}

enum edgel_status train_file_write(const char *path, const void *bytes, size_t size, struct edgel_error *err)
{
    struct edgel_output *out;
    EDGEL_TRY(edgel_output_begin(path, &out, err));
    return write_and_commit(out, bytes, size, err);
}

enum edgel_status train_folder_write(struct edgel_output_folder *folder, const char *name, const void *bytes,
                                     size_t size, struct edgel_error *err)
{
    struct edgel_output *out;
    EDGEL_TRY(edgel_output_folder_begin(folder, name, &out, err));
    return write_and_commit(out, bytes, size, err);
}

enum edgel_status edgel_model_read(const char *path, struct edgel_model **out, struct edgel_error *err)
{
    struct edgel_bytes bytes = { 0 };
    EDGEL_REQUIRE(out);
    *out = NULL;
    EDGEL_REQUIRE(path);
    enum edgel_status status = edgel_file_read(path, EDGEL_FILE_MODEL, NULL, &bytes, err);
    if (status == EDGEL_OK)
        status = edgel_model_decode(bytes.data, bytes.size, path, out, err);
    edgel_bytes_finish(&bytes);
    return status;
}

enum edgel_status edgel_model_write(const char *path, const struct edgel_model *model,
                                    struct edgel_error *err)
{
    unsigned char *bytes = NULL;
    size_t size;
    EDGEL_REQUIRE(path);
    EDGEL_REQUIRE(model);
    enum edgel_status status = edgel_model_encode(model, &bytes, &size, err);
    if (status == EDGEL_OK)
        status = train_file_write(path, bytes, size, err);
    edgel_model_free(bytes);
    return status;
}

enum edgel_status edgel_model_write_onnx(const char *path, const struct edgel_model *model,
                                         const struct edgel_onnx_params *params, struct edgel_error *err)
{
    unsigned char *bytes = NULL;
    size_t size;
    EDGEL_REQUIRE(path);
    EDGEL_REQUIRE(model);
    enum edgel_status status = edgel_model_onnx(model, params, &bytes, &size, err);
    if (status == EDGEL_OK)
        status = train_file_write(path, bytes, size, err);
    edgel_model_free(bytes);
    return status;
}

/* The header of a safetensors file follows its length; text has no NUL among its first bytes. */
static bool is_model_file(const struct edgel_bytes *bytes)
{
    return bytes->size > 9 && bytes->data[8] == '{' && memchr(bytes->data, '\0', 8);
}

static enum edgel_status create(const char *text, size_t size, const char *name,
                                const struct edgel_model_params *fresh, struct edgel_model **out,
                                struct edgel_error *err)
{
    struct edgel_model_params params = *fresh;
    params.text = text;
    params.size = size;
    params.name = name;
    return edgel_model_create(&params, out, err);
}

/* A name that is no file may be a preset's with a slip. */
static enum edgel_status read_file(const char *name, struct edgel_bytes *bytes, struct edgel_error *err)
{
    const char *names[PRESETS_MOST + 1] = { NULL };
    struct edgel_error cause = { 0 };
    const enum edgel_status status = edgel_file_read(name, EDGEL_FILE_MODEL, NULL, bytes, &cause);
    for (int k = 0; k < PRESETS_MOST && edgel_preset_name(k); k++)
        names[k] = edgel_preset_name(k);
    const char *near = status == EDGEL_EIO && !strchr(name, '/') ? edgel_nearest(name, names) : NULL;
    return status == EDGEL_OK
               ? EDGEL_OK
               : edgel_fail(err, status, "%s%s%s%s", cause.msg, near ? "; did you mean the preset " : "",
                            near ? near : "", near ? "?" : "");
}

enum edgel_status edgel_model_open(const char *name, const struct edgel_model_params *fresh,
                                   struct edgel_model **out, bool *trained, struct edgel_error *err)
{
    struct edgel_bytes bytes = { 0 };
    EDGEL_REQUIRE(out);
    *out = NULL;
    if (trained)
        *trained = false;
    EDGEL_REQUIRE(name);
    EDGEL_REQUIRE(fresh);
    const char *preset = edgel_preset(name);
    if (preset)
        return create(preset, strlen(preset), name, fresh, out, err);
    EDGEL_TRY(read_file(name, &bytes, err));
    const bool is_model = is_model_file(&bytes);
    enum edgel_status status;
    if (trained)
        *trained = is_model;
    if (is_model)
        status = edgel_model_decode(bytes.data, bytes.size, name, out, err);
    else if (bytes.size > TEXT_MAX_BYTES)
        status =
            edgel_fail(err, EDGEL_EFORMAT, "%s: neither a model file nor the text of an architecture", name);
    else
        status = create((const char *)bytes.data, bytes.size, name, fresh, out, err);
    edgel_bytes_finish(&bytes);
    return status;
}
