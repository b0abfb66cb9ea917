/* The list of pairs while it grows, and files by their keys. Everything is looked up in arrays sorted by key. */
#include "batch/batch_priv.h"
#include <stdlib.h>
#include <string.h>

enum edgel_status edgel_pairs_add(struct edgel_pairs *p, const char *key, const char *prediction,
                                  struct edgel_error *err)
{
    if (p->count == p->cap) {
        size_t cap = p->cap + p->cap / 2 + 32;
        struct edgel_pair *at = edgel_realloc(p->at, p->count * sizeof *at, cap, sizeof *at);
        if (!at)
            return edgel_no_memory(err, "list of pairs");
        p->at = at;
        p->cap = cap;
    }
    p->at[p->count++] = (struct edgel_pair){ .key = key, .prediction = prediction };
    return EDGEL_OK;
}

enum edgel_status edgel_pairs_truth(struct edgel_pairs *p, const char *path, struct edgel_error *err)
{
    if (p->ntruths == p->truths_cap) {
        size_t cap = p->truths_cap + p->truths_cap / 2 + 32;
        const char **at = edgel_realloc((void *)p->truths, p->ntruths * sizeof *at, cap, sizeof *at);
        if (!at)
            return edgel_no_memory(err, "list of pairs");
        p->truths = at;
        p->truths_cap = cap;
    }
    p->truths[p->ntruths++] = path;
    p->at[p->count - 1].ntruth++;
    return EDGEL_OK;
}

static const char *file_of(const struct edgel_pair *pair)
{
    return pair->prediction ? pair->prediction : pair->truth[0];
}

static int by_pair_key(const void *a, const void *b)
{
    const struct edgel_pair *x = a, *y = b;
    int order = strcmp(x->key, y->key);
    return order ? order : strcmp(file_of(x), file_of(y));
}

enum edgel_status edgel_pairs_seal(struct edgel_pairs *p, struct edgel_error *err)
{
    size_t used = 0; /* pairs were added in the order of truths[], which no longer moves */
    for (size_t i = 0; i < p->count; i++) {
        p->at[i].truth = p->at[i].ntruth ? p->truths + used : NULL;
        used += p->at[i].ntruth;
    }
    if (p->count > 1)
        qsort(p->at, p->count, sizeof *p->at, by_pair_key);
    for (size_t i = 1; i < p->count; i++)
        if (strcmp(p->at[i - 1].key, p->at[i].key) == 0)
            return edgel_fail(err, EDGEL_EINVAL, "%s and %s have one key, %s: a key stands for one image",
                              file_of(&p->at[i - 1]), file_of(&p->at[i]), p->at[i].key);
    return EDGEL_OK;
}

/* --- keys --- */

const char *edgel_pairs_key(struct edgel_pairs *p, const char *rel, const char *suffix)
{
    size_t base = edgel_path_base(rel), n = edgel_path_bare(rel, strlen(rel));
    size_t cut = suffix ? strlen(suffix) : 0;
    if (cut > 0 && n - base > cut && memcmp(rel + n - cut, suffix, cut) == 0) /* a name is never emptied */
        n -= cut;
    return edgel_strings_add(&p->strings, rel, n, "", 0);
}

size_t edgel_keyed_from(const struct edgel_keyed_list *list, const char *key)
{
    size_t lo = 0, hi = list->count;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (strcmp(list->at[mid].key, key) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

struct edgel_keyed *edgel_keyed_find(const struct edgel_keyed_list *list, const char *key)
{
    size_t i = edgel_keyed_from(list, key);
    return i < list->count && strcmp(list->at[i].key, key) == 0 ? &list->at[i] : NULL;
}
