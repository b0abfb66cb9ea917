/* One image of a run over folders: its outputs are written under temporary names, and only then do they appear, so that
 * an image that fails leaves none of them. */
#include "folder.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *folder_path(const struct edgel_plan *plan, size_t i, size_t m)
{
    for (size_t size = 512;; size *= 2) {
        char *path = cli_alloc(size, 1);
        if (edgel_plan_output(plan, i, m, path, size) > 0)
            return path;
        free(path);
    }
}

enum edgel_status folder_commit(const struct folder_job *job, size_t i, char *const *paths,
                                struct edgel_output **outputs, struct edgel_error *err)
{
    enum edgel_status s = EDGEL_OK;
    size_t m = 0;
    for (; m < job->run->noutputs && s == EDGEL_OK; m++)
        if (outputs[m])
            s = edgel_output_commit(&outputs[m], err);
    for (size_t done = 0; s != EDGEL_OK && done + 1 < m; done++)
        if (!edgel_plan_skips(job->plan, i, done))
            remove(paths[done]);
    return s;
}

/* Hands the written outputs over to who makes them appear: with --durable that is done for many images at once. */
static enum edgel_status hand_over(const struct folder_job *job, struct folder_worker *w,
                                   struct folder_result *result, struct edgel_error *err)
{
    enum edgel_status s = EDGEL_OK;
    for (size_t m = 0; m < job->run->noutputs && s == EDGEL_OK; m++)
        if (w->outputs[m])
            s = edgel_output_flush(w->outputs[m], err);
    if (s != EDGEL_OK)
        return s;
    result->outputs = w->outputs;
    w->outputs = cli_alloc(job->run->noutputs, sizeof *w->outputs);
    return EDGEL_OK;
}

static enum edgel_status work_on(const struct folder_job *job, struct folder_worker *w, int thread,
                                 struct folder_image *image, struct folder_result *result,
                                 struct edgel_error *err)
{
    enum edgel_status s = job->run->write(job->run->user, thread, image, err);
    if (s == EDGEL_OK)
        s = job->run->o->durable ? hand_over(job, w, result, err)
                                 : folder_commit(job, image->i, w->paths, w->outputs, err);
    for (size_t m = 0; m < job->run->noutputs; m++)
        edgel_output_discard(&w->outputs[m]);
    return s;
}

/* Fails with the reason why an input of the list cannot be opened. */
static enum edgel_status why_broken(const char *input, struct edgel_error *err)
{
    struct edgel_bytes bytes = { 0 };
    enum edgel_status s = edgel_bytes_read(input, &bytes, err);
    edgel_bytes_finish(&bytes);
    if (s == EDGEL_OK)
        return cli_fail(err, "%s: could not be opened at first", input);
    return s;
}

static bool skips_all(const struct folder_job *job, size_t i)
{
    for (size_t m = 0; m < job->run->noutputs; m++)
        if (!edgel_plan_skips(job->plan, i, m))
            return false;
    return true;
}

static void describe(const struct folder_image *image, struct folder_result *result)
{
    memcpy(result->remark, image->info.remark, sizeof result->remark);
    memcpy(result->damage, image->info.damage, sizeof result->damage);
    result->width = image->w ? image->w : image->info.w;
    result->height = image->h ? image->h : image->info.h;
    result->pages = image->info.pages;
    result->type = image->type ? image->type : EDGEL_U8;
}

void folder_image(const struct folder_job *job, struct folder_worker *w, int thread, size_t i,
                  struct folder_result *result)
{
    const double start = cli_clock();
    const struct edgel_input *in = edgel_inputs_at(job->inputs, i);
    struct folder_image image = {
        .i = i, .input = in->path, .plan = job->plan, .paths = w->paths, .outputs = w->outputs
    };
    struct edgel_error err = { 0 };
    *result = (struct folder_result){ .outcome = EDGEL_OUTCOME_OK };
    if (!in->broken && skips_all(job, i)) {
        result->outcome = EDGEL_OUTCOME_SKIPPED;
        return;
    }
    for (size_t m = 0; m < job->run->noutputs && !in->broken; m++)
        w->paths[m] = folder_path(job->plan, i, m);
    if (!in->broken && folder_finished(job, i, w->paths, &result->mark, &result->marked)) {
        result->outcome = EDGEL_OUTCOME_SKIPPED;
    } else if ((in->broken ? why_broken(in->path, &err) : work_on(job, w, thread, &image, result, &err)) !=
               EDGEL_OK) {
        result->outcome = EDGEL_OUTCOME_ERROR;
        snprintf(result->error, sizeof result->error, "%s", err.msg);
    }
    for (size_t m = 0; m < job->run->noutputs && !in->broken; m++) {
        free(w->paths[m]);
        w->paths[m] = NULL;
    }
    describe(&image, result);
    result->seconds = cli_clock() - start;
}
