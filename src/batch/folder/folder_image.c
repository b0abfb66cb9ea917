/* One image of a run over folders: its outputs are written under temporary names, and only then do they appear, so that
 * an image that fails leaves none of them. */
#include "batch/folder/folder_priv.h"
#include "io/io_priv.h"
#include <string.h>

enum edgel_status edgel_folder_slots_create(const struct edgel_folder *f, size_t n,
                                            struct edgel_folder_slot **slots, struct edgel_error *err)
{
    *slots = edgel_calloc(n, sizeof **slots);
    if (!*slots)
        return edgel_fail(err, EDGEL_ENOMEM, "results of %zu images: out of memory", n);
    struct edgel_output **outputs =
        n > SIZE_MAX / f->run->noutputs ? NULL : edgel_calloc(n * f->run->noutputs, sizeof *outputs);
    struct edgel_edges *edges = outputs ? edgel_calloc(n * f->run->noutputs, sizeof *edges) : NULL;
    (*slots)->outputs = outputs; /* the first owns all */
    (*slots)->edges = edges;
    if (!outputs || !edges) {
        edgel_folder_slots_destroy(slots);
        return edgel_fail(err, EDGEL_ENOMEM, "outputs of %zu images: out of memory", n);
    }
    for (size_t k = 0; k < n; k++) {
        (*slots)[k].outputs = outputs + k * f->run->noutputs;
        (*slots)[k].edges = edges + k * f->run->noutputs;
    }
    return EDGEL_OK;
}

void edgel_folder_slots_destroy(struct edgel_folder_slot **slots)
{
    if (*slots) {
        edgel_free((*slots)->outputs);
        edgel_free((*slots)->edges);
    }
    edgel_free(*slots);
    *slots = NULL;
}

enum edgel_status edgel_folder_commit(const struct edgel_folder *f, size_t i,
                                      const struct edgel_folder_paths *paths, struct edgel_output **outputs,
                                      struct edgel_error *err)
{
    enum edgel_status s = EDGEL_OK;
    size_t m = 0;
    for (; m < f->run->noutputs && s == EDGEL_OK; m++)
        if (outputs[m])
            s = edgel_output_commit(&outputs[m], err);
    for (size_t done = 0; s != EDGEL_OK && f->out && done + 1 < m; done++)
        if (!edgel_plan_skips(f->plan, i, done))
            edgel_output_folder_remove(f->out, edgel_plan_below(f->plan, paths->at[done]));
    return s;
}

enum edgel_status edgel_folder_image_begin(struct edgel_folder_image *image, size_t m,
                                           struct edgel_error *err)
{
    EDGEL_REQUIRE(image);
    EDGEL_REQUIRE(image->paths && image->outputs);
    const char *path = image->paths[m];
    return image->folder ? edgel_output_folder_begin(image->folder, edgel_plan_below(image->plan, path),
                                                     &image->outputs[m], err)
                         : edgel_output_begin(path, &image->outputs[m], err);
}

static enum edgel_status flush_outputs(const struct edgel_folder *f, struct edgel_output **outputs,
                                       struct edgel_error *err)
{
    for (size_t m = 0; m < f->run->noutputs; m++)
        if (outputs[m])
            EDGEL_TRY(edgel_output_flush(outputs[m], err));
    return EDGEL_OK;
}

static enum edgel_status write_outputs(const struct edgel_folder *f, const struct edgel_folder_paths *paths,
                                       int thread, struct edgel_folder_image *image,
                                       struct edgel_folder_slot *slot)
{
    enum edgel_status s = f->run->write(f->run->user, thread, image, &slot->error);
    if (s == EDGEL_OK)
        s = f->run->durable ? flush_outputs(f, slot->outputs, &slot->error)
                            : edgel_folder_commit(f, image->i, paths, slot->outputs, &slot->error);
    slot->waits = s == EDGEL_OK && f->run->durable;
    for (size_t m = 0; m < f->run->noutputs && !slot->waits; m++)
        edgel_output_discard(&slot->outputs[m]);
    return s;
}

static bool skips_all(const struct edgel_folder *f, size_t i)
{
    for (size_t m = 0; m < f->run->noutputs; m++)
        if (!edgel_plan_skips(f->plan, i, m))
            return false;
    return true;
}

static void clear_slot(const struct edgel_folder *f, struct edgel_folder_slot *slot)
{
    *slot = (struct edgel_folder_slot){ .outcome = EDGEL_OUTCOME_OK,
                                        .outputs = slot->outputs,
                                        .edges = slot->edges };
    for (size_t m = 0; m < f->run->noutputs; m++)
        slot->edges[m] = (struct edgel_edges){ .share = -1 };
}

void edgel_folder_foresee(const struct edgel_folder *f, struct edgel_folder_paths *paths, size_t i,
                          struct edgel_folder_slot *slot)
{
    const struct edgel_input *in = edgel_inputs_at(f->inputs, i);
    clear_slot(f, slot);
    if (in->broken) {
        slot->outcome = EDGEL_OUTCOME_ERROR;
        (void)edgel_fail_system(&slot->error, in->path, "cannot open", in->error);
        return;
    }
    edgel_folder_paths_fill(paths, f, i);
    if (skips_all(f, i) || edgel_folder_record_has(f, i, paths, slot))
        slot->outcome = EDGEL_OUTCOME_SKIPPED;
}

static void describe(const struct edgel_folder_image *image, struct edgel_folder_slot *slot)
{
    memcpy(slot->remark, image->info.remark, sizeof slot->remark);
    memcpy(slot->damage, image->info.damage, sizeof slot->damage);
    memcpy(slot->note, image->note, sizeof slot->note);
    slot->width = image->w ? image->w : image->info.w;
    slot->height = image->h ? image->h : image->info.h;
    slot->pages = image->info.pages;
    slot->type = image->type ? image->type : EDGEL_U8;
}

void edgel_folder_work(const struct edgel_folder *f, struct edgel_folder_paths *paths, int thread, size_t i,
                       struct edgel_folder_slot *slot)
{
    const double start = edgel_clock();
    struct edgel_folder_image image = { .i = i,
                                        .input = edgel_inputs_at(f->inputs, i)->path,
                                        .plan = f->plan,
                                        .paths = (const char *const *)paths->at,
                                        .outputs = slot->outputs,
                                        .folder = f->out,
                                        .edges = slot->edges };
    edgel_folder_foresee(f, paths, i, slot);
    if (slot->outcome == EDGEL_OUTCOME_SKIPPED && !slot->marked)
        return; /* nothing was looked at */
    if (slot->outcome == EDGEL_OUTCOME_OK && write_outputs(f, paths, thread, &image, slot) != EDGEL_OK)
        slot->outcome = EDGEL_OUTCOME_ERROR;
    describe(&image, slot);
    slot->seconds = edgel_clock() - start;
}
