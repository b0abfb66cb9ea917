/* The list of inputs itself: entries are added at its end, and the last one may be taken back. */
#include "batch/batch_priv.h"
#include <string.h>

static bool make_room(struct edgel_inputs *in)
{
    if (in->count < in->cap)
        return true;
    size_t cap = in->cap + in->cap / 2 + 32;
    struct edgel_input *at = edgel_realloc(in->at, in->count * sizeof *at, cap, sizeof *at);
    if (!at)
        return false;
    in->at = at;
    in->cap = cap;
    return true;
}

enum edgel_status edgel_inputs_add(struct edgel_inputs *in, const char *prefix, const char *name, size_t rel,
                                   bool folder, int error, struct edgel_error *err)
{
    const char *path = NULL;
    if (make_room(in))
        path = edgel_strings_add(&in->strings, prefix, strlen(prefix), name, strlen(name));
    if (!path)
        return edgel_no_memory(err, "list of inputs");
    in->at[in->count++] = (struct edgel_input){
        .path = path, .rel = path + rel, .folder = folder, .broken = error != 0, .error = error
    };
    return EDGEL_OK;
}

void edgel_inputs_drop(struct edgel_inputs *in)
{
    edgel_strings_drop(&in->strings, in->at[--in->count].path);
}

void edgel_inputs_destroy(struct edgel_inputs **inputs)
{
    if (!inputs || !*inputs)
        return;
    edgel_strings_finish(&(*inputs)->strings);
    edgel_free((*inputs)->at);
    edgel_free(*inputs);
    *inputs = NULL;
}

size_t edgel_inputs_count(const struct edgel_inputs *inputs)
{
    return inputs->count;
}

const struct edgel_input *edgel_inputs_at(const struct edgel_inputs *inputs, size_t i)
{
    return &inputs->at[i];
}

size_t edgel_inputs_passed_over(const struct edgel_inputs *inputs)
{
    return inputs->passed_over;
}
