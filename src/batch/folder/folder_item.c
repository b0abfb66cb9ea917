/* Which images a run over folders works on, and under which names their outputs appear. */
#include "batch/folder/folder_priv.h"

size_t edgel_folder_count(const struct edgel_folder *f)
{
    return edgel_shard_size(&f->shard, edgel_inputs_count(f->inputs));
}

size_t edgel_folder_item(const struct edgel_folder *f, size_t k)
{
    return edgel_shard_at(&f->shard, k);
}

enum edgel_status edgel_folder_paths_init(struct edgel_folder_paths *p, const struct edgel_folder *f,
                                          struct edgel_error *err)
{
    const size_t n = f->run->noutputs, size = f->plan->longest + 1;
    p->at = edgel_calloc(n, sizeof *p->at);
    p->bytes = edgel_calloc(n, size);
    if (!p->at || !p->bytes) {
        edgel_folder_paths_finish(p);
        return edgel_fail(err, EDGEL_ENOMEM, "paths of %zu outputs: out of memory", n);
    }
    for (size_t m = 0; m < n; m++)
        p->at[m] = p->bytes + m * size;
    return EDGEL_OK;
}

void edgel_folder_paths_finish(struct edgel_folder_paths *p)
{
    edgel_free(p->at);
    edgel_free(p->bytes);
    *p = (struct edgel_folder_paths){ 0 };
}

void edgel_folder_paths_fill(struct edgel_folder_paths *p, const struct edgel_folder *f, size_t i)
{
    for (size_t m = 0; m < f->run->noutputs; m++)
        edgel_plan_fill(f->plan, i, m, p->at[m], f->plan->longest + 1, NULL);
}
