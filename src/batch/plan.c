/*
 * Decides where outputs go. Paths are made when asked for: the plan keeps the template and one bit per output (whether
 * it is skipped), but no paths.
 */
#include "batch/batch_priv.h"
#include "io/io_priv.h"
#include <string.h>
#include <sys/stat.h>

enum { LIST_BYTES = 64 };

/* The extensions that outputs may have, in buf[LIST_BYTES] unless there is only one. */
static const char *extensions(const char *only, char *buf)
{
    edgel_format_extensions(0, buf, LIST_BYTES);
    return only ? only : buf;
}

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* True for NAME.extension. */
static bool ends_in(const char *path, const char *extension)
{
    const char *name = path + edgel_path_base(path);
    const size_t bare = edgel_path_bare(name, strlen(name));
    return name[bare] == '.' && strcmp(name + bare + 1, extension) == 0;
}

static bool is_one_to_one(const struct edgel_plan_params *p)
{
    return edgel_inputs_count(p->inputs) == 1 && !edgel_inputs_at(p->inputs, 0)->folder && p->nmethods == 1;
}

/* OUT is the output file: one input file, one method, and a name like that of an image. */
static bool names_file(const struct edgel_plan_params *p)
{
    return is_one_to_one(p) && p->output[edgel_path_trim(p->output)] == '\0' &&
           (p->extension ? ends_in(p->output, p->extension) : edgel_named_like_image(p->output)) &&
           !is_folder(p->output);
}

static enum edgel_status copy_names(struct edgel_plan *plan, const char *const *from, size_t n,
                                    const char ***to, struct edgel_error *err)
{
    *to = edgel_calloc(n, sizeof **to);
    if (!*to)
        return edgel_no_memory(err, "plan of outputs");
    for (size_t m = 0; m < n; m++) {
        (*to)[m] = edgel_strings_add(&plan->strings, from[m], strlen(from[m]), "", 0);
        if (!(*to)[m])
            return edgel_no_memory(err, "plan of outputs");
    }
    return EDGEL_OK;
}

static enum edgel_status copy_methods(struct edgel_plan *plan, const struct edgel_plan_params *p,
                                      struct edgel_error *err)
{
    plan->nmethods = p->nmethods;
    EDGEL_TRY(copy_names(plan, p->methods, p->nmethods, &plan->methods, err));
    if (p->classes)
        EDGEL_TRY(copy_names(plan, p->classes, p->nmethods, &plan->classes, err));
    return EDGEL_OK;
}

static enum edgel_status set_output(struct edgel_plan *plan, const struct edgel_plan_params *p,
                                    struct edgel_error *err)
{
    struct stat st;
    char list[LIST_BYTES];
    size_t n = edgel_path_trim(p->output);
    plan->single = names_file(p);
    if (plan->single && p->name)
        return edgel_fail(err, EDGEL_EINVAL, "name '%s': has no use when the output is the file %s", p->name,
                          p->output);
    if (!plan->single && stat(p->output, &st) == 0 && !S_ISDIR(st.st_mode))
        return is_one_to_one(p)
                   ? edgel_fail(err, EDGEL_EINVAL, "output %s: is a file whose extension is none of %s",
                                p->output, extensions(p->extension, list))
                   : edgel_fail(err, EDGEL_EINVAL,
                                "output %s: is a file; several inputs or methods, or a folder, need a folder",
                                p->output);
    if (!plan->single && !p->extension && edgel_named_like_image(p->output) && p->output[n] == '\0' &&
        !is_folder(p->output) && !is_one_to_one(p))
        return edgel_fail(
            err, EDGEL_EINVAL,
            "output %s: is named like an image, but several inputs or methods, or a folder, need a "
            "folder; %s/ is one",
            p->output, p->output);
    plan->folder = edgel_strings_add(&plan->strings, p->output, n, "", 0);
    bool slash = !plan->single && p->output[n - 1] != '/';
    plan->prefix = edgel_strings_add(&plan->strings, p->output, n, "/", slash);
    return plan->prefix && plan->folder ? EDGEL_OK : edgel_no_memory(err, "plan of outputs");
}

static bool is_writable(const struct edgel_plan *plan, const char *path)
{
    if (plan->extension)
        return ends_in(path, plan->extension);
    const struct edgel_format_info *format = edgel_format_find(edgel_format_of_name(path));
    return format && format->holds;
}

/* Checks each path: it stays below OUT and has a format. Finds the length of the longest. */
static enum edgel_status check_names(struct edgel_plan *plan, struct edgel_error *err)
{
    struct edgel_text path = { 0 };
    enum edgel_status s = EDGEL_OK;
    for (size_t k = 0; s == EDGEL_OK && k < edgel_inputs_count(plan->inputs) * plan->nmethods; k++) {
        size_t i = k / plan->nmethods, m = k % plan->nmethods;
        const struct edgel_input *in = edgel_inputs_at(plan->inputs, i);
        char list[LIST_BYTES];
        bool climbs;
        size_t n = edgel_plan_fill(plan, i, m, path.s, path.cap, &climbs);
        if (n >= path.cap) {
            edgel_free(path.s);
            path.cap = n + n / 2 + 256;
            path.s = edgel_alloc(path.cap, 1);
            if (!path.s)
                return edgel_no_memory(err, "plan of outputs");
            edgel_plan_fill(plan, i, m, path.s, path.cap, &climbs);
        }
        if (n > plan->longest)
            plan->longest = n;
        if (in->broken)
            continue;
        if (climbs)
            s = edgel_fail(err, EDGEL_EINVAL, "%s: its output %s would lead out of its folder by '..'",
                           in->path, path.s);
        else if (!is_writable(plan, path.s))
            s = edgel_fail(err, EDGEL_EINVAL, "output %s (of %s): the extension must be %s", path.s, in->path,
                           extensions(plan->extension, list));
    }
    edgel_text_finish(&path);
    return s;
}

static enum edgel_status make(struct edgel_plan *plan, const struct edgel_plan_params *p,
                              struct edgel_error *err)
{
    if (p->nmethods < 1)
        return edgel_fail(err, EDGEL_EINVAL, "methods: there must be at least one");
    if (!p->output || *p->output == '\0')
        return edgel_fail(err, EDGEL_EINVAL, "output '': must name a file or a folder");
    EDGEL_TRY(copy_methods(plan, p, err));
    const char *other = p->default_name ? p->default_name : "{stem}.png";
    EDGEL_TRY(edgel_template_parse(&plan->name, p->name ? p->name : other, p->classes != NULL, err));
    if (p->extension &&
        !(plan->extension = edgel_strings_add(&plan->strings, p->extension, strlen(p->extension), "", 0)))
        return edgel_no_memory(err, "plan of outputs");
    EDGEL_TRY(set_output(plan, p, err));
    EDGEL_TRY(check_names(plan, err));
    return edgel_plan_check_alike(plan, err);
}

enum edgel_status edgel_plan_names(const struct edgel_plan_params *params, uint64_t hash_mask,
                                   struct edgel_plan **out, struct edgel_error *err)
{
    *out = NULL;
    struct edgel_plan *plan = edgel_calloc(1, sizeof *plan);
    if (!plan)
        return edgel_no_memory(err, "plan of outputs");
    plan->inputs = params->inputs;
    plan->hash_mask = hash_mask;
    enum edgel_status s = make(plan, params, err);
    if (s != EDGEL_OK)
        edgel_plan_destroy(&plan);
    *out = plan;
    return s;
}

enum edgel_status edgel_plan_create(const struct edgel_plan_params *params, struct edgel_plan **out,
                                    struct edgel_error *err)
{
    struct edgel_output_folder *folder = NULL;
    EDGEL_REQUIRE(params);
    EDGEL_REQUIRE(out);
    EDGEL_TRY(edgel_plan_names(params, UINT64_MAX, out, err));
    enum edgel_status s = EDGEL_OK;
    if (!(*out)->single)
        s = edgel_output_folder_find((*out)->folder, params->follow_links, &folder, err);
    const struct edgel_plan_rule rule = { .folder = folder,
                                          .existing = params->existing,
                                          .shard = params->shard };
    if (s == EDGEL_OK)
        s = edgel_plan_check_existing(*out, &rule, err);
    edgel_output_folder_close(&folder);
    if (s != EDGEL_OK)
        edgel_plan_destroy(out);
    return s;
}

void edgel_plan_destroy(struct edgel_plan **plan)
{
    if (!plan || !*plan)
        return;
    edgel_template_finish(&(*plan)->name);
    edgel_strings_finish(&(*plan)->strings);
    edgel_free((void *)(*plan)->methods);
    edgel_free((void *)(*plan)->classes);
    edgel_free((*plan)->skip);
    edgel_free(*plan);
    *plan = NULL;
}
