/* --durable: outputs wait under their temporary names until a group of them is on the disk; then all get their
 * names. */
#include "folder.h"
#include <stdio.h>
#include <stdlib.h>

enum {
    OUTPUTS_OF_A_GROUP = 64,
    IMAGES_OF_A_GROUP = 256
}; /* each output holds a buffer of 64 KB and a descriptor */

bool folder_group_add(struct folder_group *g, const struct folder_job *job, size_t k,
                      const struct folder_result *result, char **paths)
{
    if (g->count == g->cap) {
        g->cap = g->cap + g->cap / 2 + 16;
        g->at = cli_realloc(g->at, g->cap, sizeof *g->at);
    }
    g->at[g->count++] = (struct folder_waiting){ .k = k, .result = *result, .paths = paths };
    g->noutputs += result->outputs ? job->run->noutputs : 0;
    return g->noutputs >= OUTPUTS_OF_A_GROUP || g->count >= IMAGES_OF_A_GROUP;
}

static void fail(struct folder_result *res, const struct edgel_error *err)
{
    res->outcome = EDGEL_OUTCOME_ERROR;
    snprintf(res->error, sizeof res->error, "%s", err->msg);
}

/* The bytes of all outputs are on the disk. */
static enum edgel_status sync_bytes(struct folder_group *g, const struct folder_job *job,
                                    struct edgel_error *err)
{
    enum edgel_status s = g->sync ? EDGEL_OK : edgel_sync_create(&g->sync, err);
    for (size_t w = 0; w < g->count; w++)
        for (size_t m = 0; g->at[w].result.outputs && m < job->run->noutputs && s == EDGEL_OK; m++)
            if (g->at[w].result.outputs[m])
                s = edgel_sync_add(g->sync, g->at[w].result.outputs[m], err);
    return s == EDGEL_OK ? edgel_sync_bytes(g->sync, err) : s;
}

void folder_group_commit(struct folder_group *g, const struct folder_job *job,
                         const struct edgel_shard *shard)
{
    struct edgel_error lost = { 0 }, unnamed = { 0 };
    if (g->noutputs == 0)
        return;
    bool written = sync_bytes(g, job, &lost) == EDGEL_OK;
    for (size_t w = 0; w < g->count; w++) {
        struct folder_waiting *at = &g->at[w];
        struct edgel_error err = { 0 };
        if (at->result.outputs && !written)
            fail(&at->result, &lost);
        else if (at->result.outputs && folder_commit(job, edgel_shard_at(shard, at->k), at->paths,
                                                     at->result.outputs, &err) != EDGEL_OK)
            fail(&at->result, &err);
    }
    bool named = !g->sync || edgel_sync_names(g->sync, &unnamed) == EDGEL_OK;
    for (size_t w = 0; w < g->count; w++) {
        struct folder_result *res = &g->at[w].result;
        if (res->outputs && res->outcome == EDGEL_OUTCOME_OK && !named)
            fail(res, &unnamed);
        for (size_t m = 0; res->outputs && m < job->run->noutputs; m++)
            edgel_output_discard(&res->outputs[m]);
        free(res->outputs);
        res->outputs = NULL;
    }
    g->noutputs = 0;
}

void folder_group_finish(struct folder_group *g)
{
    edgel_sync_destroy(&g->sync);
    free(g->at);
    *g = (struct folder_group){ 0 };
}
