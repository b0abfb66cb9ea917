/* Durable runs: outputs wait under their temporary names until a group of them is on the disk; then all get their
 * names. */
#include "batch/folder/folder_priv.h"
#include <stdio.h>

enum {
    OUTPUTS_OF_A_GROUP = 64,
    IMAGES_OF_A_GROUP = 256
}; /* each output holds a buffer of 64 KB and a descriptor */

enum edgel_status edgel_folder_group_init(struct edgel_folder_group *g, const struct edgel_folder *f,
                                          struct edgel_error *err)
{
    g->items = edgel_calloc(IMAGES_OF_A_GROUP, sizeof *g->items);
    if (!g->items)
        return edgel_fail(err, EDGEL_ENOMEM, "group of %d images: out of memory", IMAGES_OF_A_GROUP);
    EDGEL_TRY(edgel_folder_slots_create(f, IMAGES_OF_A_GROUP, &g->slots, err));
    return edgel_sync_create(&g->sync, err);
}

void edgel_folder_group_finish(struct edgel_folder_group *g)
{
    edgel_sync_destroy(&g->sync);
    edgel_folder_slots_destroy(&g->slots);
    edgel_free(g->items);
    *g = (struct edgel_folder_group){ 0 };
}

bool edgel_folder_group_add(struct edgel_folder_group *g, const struct edgel_folder *f, size_t i,
                            struct edgel_folder_slot *slot)
{
    struct edgel_folder_slot *at = &g->slots[g->count];
    struct edgel_output **outputs = at->outputs;
    struct edgel_edges *edges = at->edges;
    *at = *slot;
    at->outputs = outputs;
    at->edges = edges;
    for (size_t m = 0; m < f->run->noutputs; m++) {
        edges[m] = slot->edges[m];
        outputs[m] = slot->outputs[m];
        slot->outputs[m] = NULL;
    }
    g->items[g->count++] = i;
    g->noutputs += slot->waits ? f->run->noutputs : 0;
    return g->noutputs >= OUTPUTS_OF_A_GROUP || g->count >= IMAGES_OF_A_GROUP;
}

static void fail(struct edgel_folder_slot *slot, const struct edgel_error *err)
{
    slot->outcome = EDGEL_OUTCOME_ERROR;
    slot->error = *err;
}

/* The bytes of all outputs are on the disk. */
static enum edgel_status sync_bytes(struct edgel_folder_group *g, const struct edgel_folder *f,
                                    struct edgel_error *err)
{
    for (size_t w = 0; w < g->count; w++)
        for (size_t m = 0; g->slots[w].waits && m < f->run->noutputs; m++)
            if (g->slots[w].outputs[m])
                EDGEL_TRY(edgel_sync_add(g->sync, g->slots[w].outputs[m], err));
    return edgel_sync_bytes(g->sync, err);
}

void edgel_folder_group_commit(struct edgel_folder_group *g, const struct edgel_folder *f,
                               struct edgel_folder_paths *paths)
{
    struct edgel_error lost = { 0 }, unnamed = { 0 };
    if (g->noutputs == 0)
        return;
    const bool written = sync_bytes(g, f, &lost) == EDGEL_OK;
    for (size_t w = 0; w < g->count; w++) {
        struct edgel_folder_slot *slot = &g->slots[w];
        struct edgel_error err = { 0 };
        if (!slot->waits)
            continue;
        edgel_folder_paths_fill(paths, f, g->items[w]);
        if (!written)
            fail(slot, &lost);
        else if (edgel_folder_commit(f, g->items[w], paths, slot->outputs, &err) != EDGEL_OK)
            fail(slot, &err);
    }
    const bool named = edgel_sync_names(g->sync, &unnamed) == EDGEL_OK;
    for (size_t w = 0; w < g->count; w++) {
        struct edgel_folder_slot *slot = &g->slots[w];
        if (slot->waits && slot->outcome == EDGEL_OUTCOME_OK && !named)
            fail(slot, &unnamed);
        for (size_t m = 0; slot->waits && m < f->run->noutputs; m++)
            edgel_output_discard(&slot->outputs[m]);
        slot->waits = false;
    }
    g->noutputs = 0;
}
