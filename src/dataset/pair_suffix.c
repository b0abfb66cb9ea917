/* Suffixes that are stripped from names before these are paired. */
#include "batch/batch_priv.h"
#include "edgel/dataset.h"
#include <string.h>

/* Whether a file is named STEM SUFFIX . EXTENSION. */
static bool has_suffix(const char *path, const char *suffix)
{
    const char *name = path + edgel_path_base(path);
    const size_t n = edgel_path_bare(path, strlen(path)) - (size_t)(name - path), cut = strlen(suffix);
    return n > cut && memcmp(name + n - cut, suffix, cut) == 0;
}

size_t edgel_pairs_suffix(const struct edgel_pairs *pairs, const char *suffix, bool truth, size_t *files)
{
    size_t all = 0, used = 0;
    for (size_t i = 0; i < edgel_pairs_count(pairs); i++) {
        const struct edgel_pair *p = edgel_pairs_at(pairs, i);
        const char *const *paths = truth ? p->truth : &p->prediction;
        const size_t n = truth ? p->ntruth : p->prediction != NULL;
        for (size_t k = 0; k < n; k++, all++)
            used += has_suffix(paths[k], suffix);
    }
    if (files)
        *files = all;
    return used;
}
