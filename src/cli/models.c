/* Model files and architectures by name. */
#include "models.h"
#include <string.h>

enum { TEXT_MAX_BYTES = 1 << 20 };

enum edgel_status cli_model_read(const char *path, struct edgel_model **out, struct edgel_error *err)
{
    struct edgel_bytes bytes = { 0 };
    *out = NULL;
    enum edgel_status s = edgel_bytes_read(path, &bytes, err);
    if (s == EDGEL_OK)
        s = edgel_model_decode(bytes.data, bytes.size, path, out, err);
    edgel_bytes_finish(&bytes);
    return s;
}

/* The header of a safetensors file follows its length; text has no NUL among its first bytes. */
static bool is_model_file(const struct edgel_bytes *bytes)
{
    return bytes->size > 9 && bytes->data[8] == '{' && memchr(bytes->data, '\0', 8);
}

static enum edgel_status create(const char *text, size_t size, const char *name,
                                const struct cli_start *start, struct edgel_model **out,
                                struct edgel_error *err)
{
    const struct edgel_model_params params = { .text = text,
                                               .size = size,
                                               .name = name,
                                               .outputs = start->outputs,
                                               .init = start->init,
                                               .seed = start->seed };
    return edgel_model_create(&params, out, err);
}

enum edgel_status cli_model_find(const char *name, const struct cli_start *start, struct edgel_model **out,
                                 bool *trained, struct edgel_error *err)
{
    struct edgel_bytes bytes = { 0 };
    const char *preset = edgel_preset(name);
    *out = NULL;
    *trained = false;
    if (preset)
        return create(preset, strlen(preset), name, start, out, err);
    enum edgel_status s = edgel_bytes_read(name, &bytes, err);
    if (s != EDGEL_OK)
        return s;
    *trained = is_model_file(&bytes);
    if (*trained)
        s = edgel_model_decode(bytes.data, bytes.size, name, out, err);
    else if (bytes.size > TEXT_MAX_BYTES)
        s = edgel_error_set(err, EDGEL_EFORMAT, "%s: neither a model file nor the text of an architecture",
                            name);
    else
        s = create((const char *)bytes.data, bytes.size, name, start, out, err);
    edgel_bytes_finish(&bytes);
    return s;
}

enum edgel_status cli_write_file(const char *path, const void *bytes, size_t size, struct edgel_error *err)
{
    struct edgel_output *out;
    enum edgel_status s = edgel_output_begin(path, &out, err);
    if (s == EDGEL_OK)
        s = edgel_output_write(out, bytes, size, err);
    if (s == EDGEL_OK)
        return edgel_output_commit(&out, err);
    edgel_output_discard(&out);
    return s;
}

enum edgel_status cli_model_write(const char *path, const struct edgel_model *model, struct edgel_error *err)
{
    unsigned char *bytes;
    size_t size;
    enum edgel_status s = edgel_model_encode(model, &bytes, &size, err);
    if (s == EDGEL_OK)
        s = cli_write_file(path, bytes, size, err);
    edgel_model_free(bytes);
    return s;
}
