/*
 * Checks of a plan's outputs against each other and against what exists.
 *
 * Alike: each output is a 64-bit hash of its path and its number, 16 bytes. Sorting brings equal hashes together; only
 * their paths are made and compared. O(n log n), and exact whatever the hash. Of several collisions the one whose
 * second output comes first is named. An output whose path is a folder of another's is found by the same hashes.
 *
 * Existing: an output is an input if both have the same device and inode. Inputs are looked up only if an output
 * exists. Unless links are followed, a link in the place of an output is what exists, and one in the place of its
 * folder is refused: outputs would have to be written through it.
 */
#include "batch/batch_priv.h"
#include "io/io_priv.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static size_t count_outputs(const struct edgel_plan *plan)
{
    return edgel_inputs_count(plan->inputs) * plan->nmethods;
}

static const struct edgel_input *input_of(const struct edgel_plan *plan, size_t k)
{
    return edgel_inputs_at(plan->inputs, k / plan->nmethods);
}

static void fill(const struct edgel_plan *plan, size_t k, char *buf)
{
    edgel_plan_fill(plan, k / plan->nmethods, k % plan->nmethods, buf, plan->longest + 1, NULL);
}

/* --- alike --- */

struct entry {
    uint64_t hash;
    uint64_t k;
};

static int by_hash(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return x->k < y->k ? -1 : x->k > y->k;
}

/* Adds one byte, so that the hash at each slash of a path is that of the folder. */
static uint64_t with_byte(uint64_t h, char c)
{
    return edgel_hash_bytes(h, &c, 1);
}

static uint64_t hash_of(const char *s)
{
    return edgel_hash_bytes(EDGEL_HASH_START, s, strlen(s));
}

struct collision {
    size_t first, second; /* second SIZE_MAX: none yet */
};

/* Looks for two equal paths in a run of equal hashes; keeps the pair whose second comes first. */
static void search_run(const struct edgel_plan *plan, const struct entry *run, size_t n, char *a, char *b,
                       struct collision *found)
{
    for (size_t y = 1; y < n && run[y].k < found->second; y++) {
        fill(plan, run[y].k, b);
        for (size_t x = 0; x < y; x++) {
            fill(plan, run[x].k, a);
            if (strcmp(a, b) == 0) {
                *found = (struct collision){ run[x].k, run[y].k };
                return;
            }
        }
    }
}

/* Whether two paths are the same up to their extensions. */
static bool differ_in_extension(const char *a, const char *b)
{
    const size_t na = strlen(a), nb = strlen(b), bare = edgel_path_bare(a, na);
    return bare == edgel_path_bare(b, nb) && memcmp(a, b, bare) == 0 && strcmp(a, b) != 0;
}

static enum edgel_status name_collision(const struct edgel_plan *plan, const struct collision *c, char *path,
                                        struct edgel_error *err)
{
    fill(plan, c->first, path);
    const char *first = input_of(plan, c->first)->path, *second = input_of(plan, c->second)->path;
    size_t m = c->first % plan->nmethods, n = c->second % plan->nmethods;
    if (m != n)
        return edgel_fail(err, EDGEL_EINVAL,
                          "%s by method %zu (%s) and %s by method %zu (%s) would both be written to %s%s",
                          first, m + 1, plan->methods[m], second, n + 1, plan->methods[n], path,
                          strcmp(first, second) == 0 ? " ({n} in the name keeps them apart)" : "");
    return edgel_fail(err, EDGEL_EINVAL, "%s and %s would both be written to %s%s", first, second, path,
                      differ_in_extension(first, second) ? " ({ext} in the name keeps them apart)" : "");
}

/* The output that is the file path[0..n), which is a folder of another one; SIZE_MAX none. */
static size_t find_file(const struct edgel_plan *plan, const struct entry *e, size_t count, uint64_t hash,
                        const char *path, size_t n, char *scratch)
{
    size_t lo = 0, hi = count;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (e[mid].hash < hash)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (; lo < count && e[lo].hash == hash; lo++) {
        fill(plan, e[lo].k, scratch);
        if (strlen(scratch) == n && memcmp(scratch, path, n) == 0)
            return e[lo].k;
    }
    return SIZE_MAX;
}

/* Looks for an output that would have to be a folder of another one; of several, the first other one is taken. */
static void search_folders(const struct edgel_plan *plan, const struct entry *e, size_t n, char *a, char *b,
                           struct collision *found)
{
    size_t below = strlen(plan->prefix);
    for (size_t x = 0; x < n; x++) {
        uint64_t h = EDGEL_HASH_START;
        fill(plan, e[x].k, a);
        for (size_t len = 0; a[len] != '\0' && e[x].k < found->second; h = with_byte(h, a[len]), len++) {
            if (a[len] != '/' || len < below)
                continue;
            size_t file = find_file(plan, e, n, h & plan->hash_mask, a, len, b);
            if (file != SIZE_MAX)
                *found = (struct collision){ file, e[x].k };
        }
    }
}

static enum edgel_status name_folder(const struct edgel_plan *plan, const struct collision *c, char *path,
                                     struct edgel_error *err)
{
    fill(plan, c->first, path);
    return edgel_fail(err, EDGEL_EINVAL, "%s would be written to %s, which is a folder of the output of %s",
                      input_of(plan, c->first)->path, path, input_of(plan, c->second)->path);
}

static enum edgel_status check_sorted(const struct edgel_plan *plan, const struct entry *e, size_t n,
                                      struct edgel_error *err)
{
    char *a = edgel_alloc(2, plan->longest + 1), *b = a ? a + plan->longest + 1 : NULL;
    if (!a)
        return edgel_no_memory(err, "checks of outputs");
    struct collision found = { 0, SIZE_MAX };
    for (size_t x = 0, y; x < n; x = y) {
        for (y = x + 1; y < n && e[y].hash == e[x].hash; y++)
            ;
        search_run(plan, e + x, y - x, a, b, &found);
    }
    enum edgel_status s = EDGEL_OK;
    if (found.second != SIZE_MAX) {
        s = name_collision(plan, &found, a, err);
    } else {
        search_folders(plan, e, n, a, b, &found);
        if (found.second != SIZE_MAX)
            s = name_folder(plan, &found, a, err);
    }
    edgel_free(a);
    return s;
}

enum edgel_status edgel_plan_check_alike(const struct edgel_plan *plan, struct edgel_error *err)
{
    size_t all = count_outputs(plan), n = 0;
    if (all == 0)
        return EDGEL_OK;
    struct entry *e = edgel_alloc(all, sizeof *e);
    char *path = edgel_alloc(plan->longest + 1, 1);
    enum edgel_status s = e && path ? EDGEL_OK : edgel_no_memory(err, "checks of outputs");
    for (size_t k = 0; s == EDGEL_OK && k < all; k++)
        if (!input_of(plan, k)->broken) {
            fill(plan, k, path);
            e[n++] = (struct entry){ hash_of(path) & plan->hash_mask, k };
        }
    if (s == EDGEL_OK) {
        qsort(e, n, sizeof *e, by_hash);
        s = check_sorted(plan, e, n, err);
    }
    edgel_free(path);
    edgel_free(e);
    return s;
}

/* --- existing --- */

struct seen {
    dev_t dev;
    ino_t ino;
    size_t k;
};

struct existing {
    struct seen *at;
    size_t count, cap;
    size_t folder; /* first output that is a folder; SIZE_MAX none */
};

static int by_inode(const void *a, const void *b)
{
    const struct seen *x = a, *y = b;
    if (x->dev != y->dev)
        return x->dev < y->dev ? -1 : 1;
    if (x->ino != y->ino)
        return x->ino < y->ino ? -1 : 1;
    return 0;
}

static bool add_seen(struct existing *e, const struct stat *st, size_t k)
{
    if (e->count == e->cap) {
        size_t cap = e->cap + e->cap / 2 + 32;
        struct seen *at = edgel_realloc(e->at, e->count * sizeof *at, cap, sizeof *at);
        if (!at)
            return false;
        e->at = at;
        e->cap = cap;
    }
    e->at[e->count++] = (struct seen){ st->st_dev, st->st_ino, k };
    return true;
}

/* A dangling link exists as well: a rename would replace it. */
static bool exists(const struct edgel_plan *plan, const struct edgel_output_folder *folder, const char *path,
                   struct stat *st)
{
    if (!folder || edgel_output_folder_follows(folder))
        return stat(path, st) == 0 || lstat(path, st) == 0;
    return fstatat(edgel_output_folder_fd(folder), edgel_plan_below(plan, path), st, AT_SYMLINK_NOFOLLOW) ==
           0;
}

/* The first folder of path below OUT that is a link: where it ends in path; 0: none. path is as before after it. */
static size_t find_link(const struct edgel_plan *plan, const struct edgel_output_folder *folder, char *path)
{
    struct stat st = { .st_mode = S_IFDIR };
    const size_t below = strlen(plan->prefix);
    for (char *p = path + below; S_ISDIR(st.st_mode) && (p = strchr(p, '/')); p++) {
        *p = '\0';
        const bool there =
            fstatat(edgel_output_folder_fd(folder), path + below, &st, AT_SYMLINK_NOFOLLOW) == 0;
        *p = '/';
        if (!there)
            break;
        if (S_ISLNK(st.st_mode))
            return (size_t)(p - path);
    }
    return 0;
}

/* Whether a and b are in one folder. */
static bool are_beside(const char *a, const char *b)
{
    const size_t n = edgel_path_base(a);
    return n == edgel_path_base(b) && memcmp(a, b, n) == 0;
}

/* last: room for the path before, whose folder holds no link. */
static enum edgel_status refuse_link(const struct edgel_plan *plan, const struct edgel_output_folder *folder,
                                     size_t k, char *path, char *last, struct edgel_error *err)
{
    if (!folder || edgel_output_folder_follows(folder) || are_beside(path, last))
        return EDGEL_OK;
    const size_t n = find_link(plan, folder, path);
    strcpy(last, path);
    if (n == 0)
        return EDGEL_OK;
    path[n] = '\0';
    return edgel_fail(err, EDGEL_EINVAL,
                      "output %s (of %s): %s is a symbolic link; outputs are not written through links", last,
                      input_of(plan, k)->path, path);
}

static enum edgel_status find_existing(const struct edgel_plan *plan,
                                       const struct edgel_output_folder *folder, char *path, char *last,
                                       struct existing *e, struct edgel_error *err)
{
    *last = '\0';
    for (size_t k = 0; k < count_outputs(plan); k++) {
        struct stat st;
        if (input_of(plan, k)->broken)
            continue;
        fill(plan, k, path);
        EDGEL_TRY(refuse_link(plan, folder, k, path, last, err));
        if (!exists(plan, folder, path, &st))
            continue;
        if (S_ISDIR(st.st_mode) && e->folder == SIZE_MAX)
            e->folder = k;
        if (!S_ISDIR(st.st_mode) && !add_seen(e, &st, k))
            return edgel_no_memory(err, "checks of outputs");
    }
    return EDGEL_OK;
}

static const struct seen *look_up(const struct existing *e, const struct stat *st)
{
    const struct seen key = { st->st_dev, st->st_ino, 0 };
    return bsearch(&key, e->at, e->count, sizeof key, by_inode);
}

static enum edgel_status refuse_inputs(const struct edgel_plan *plan, char *path, struct existing *e,
                                       struct edgel_error *err)
{
    qsort(e->at, e->count, sizeof *e->at, by_inode);
    for (size_t i = 0; i < edgel_inputs_count(plan->inputs); i++) {
        const struct edgel_input *in = edgel_inputs_at(plan->inputs, i);
        struct stat st;
        const struct seen *hit = stat(in->path, &st) == 0 ? look_up(e, &st) : NULL;
        if (!hit && lstat(in->path, &st) == 0 && S_ISLNK(st.st_mode)) /* a link that would be replaced */
            hit = look_up(e, &st);
        if (!hit)
            continue;
        fill(plan, hit->k, path);
        return edgel_fail(err, EDGEL_EINVAL,
                          "output %s (of %s): is the input %s; inputs are never written to", path,
                          input_of(plan, hit->k)->path, in->path);
    }
    return EDGEL_OK;
}

/* Whether output k is of an image that the shard works on. */
static bool is_part(const struct edgel_plan *plan, size_t k, const struct edgel_shard *shard)
{
    return !shard || shard->count == 0 ||
           k / plan->nmethods % (size_t)shard->count == (size_t)shard->index - 1;
}

static enum edgel_status refuse_existing(const struct edgel_plan *plan, const struct edgel_plan_rule *rule,
                                         char *path, const struct existing *e, struct edgel_error *err)
{
    size_t first = SIZE_MAX, count = 0;
    for (size_t j = 0; j < e->count; j++) {
        const size_t k = e->at[j].k;
        if (!is_part(plan, k, rule->shard) || (rule->owns && rule->owns(rule->user, k / plan->nmethods)))
            continue;
        count++;
        if (k < first)
            first = k;
    }
    if (count == 0)
        return EDGEL_OK;
    fill(plan, first, path);
    char more[40] = "";
    if (count > 1)
        snprintf(more, sizeof more, ", and %zu more %s", count - 1, count == 2 ? "does" : "do");
    return edgel_fail(err, EDGEL_EINVAL,
                      "output %s: exists already%s (existing outputs can be skipped or overwritten)", path,
                      more);
}

static enum edgel_status mark_skipped(struct edgel_plan *plan, const struct existing *e,
                                      struct edgel_error *err)
{
    plan->skip = edgel_calloc(count_outputs(plan) / 8 + 1, 1);
    if (!plan->skip)
        return edgel_no_memory(err, "checks of outputs");
    for (size_t j = 0; j < e->count; j++)
        plan->skip[e->at[j].k / 8] |= (unsigned char)(1 << e->at[j].k % 8);
    return EDGEL_OK;
}

static enum edgel_status check(struct edgel_plan *plan, const struct edgel_plan_rule *rule, char *path,
                               struct existing *e, struct edgel_error *err)
{
    EDGEL_TRY(find_existing(plan, rule->folder, path, path + plan->longest + 1, e, err));
    if (e->count > 0)
        EDGEL_TRY(refuse_inputs(plan, path, e, err));
    if (e->folder != SIZE_MAX) {
        fill(plan, e->folder, path);
        return edgel_fail(err, EDGEL_EINVAL, "output %s (of %s): is a folder", path,
                          input_of(plan, e->folder)->path);
    }
    if (e->count == 0)
        return EDGEL_OK;
    switch (rule->existing) {
    case EDGEL_EXISTING_ERROR: return refuse_existing(plan, rule, path, e, err);
    case EDGEL_EXISTING_SKIP: return mark_skipped(plan, e, err);
    case EDGEL_EXISTING_OVERWRITE: break;
    }
    return EDGEL_OK;
}

enum edgel_status edgel_plan_check_existing(struct edgel_plan *plan, const struct edgel_plan_rule *rule,
                                            struct edgel_error *err)
{
    struct existing e = { .folder = SIZE_MAX };
    if (!plan->single && !rule->folder)
        return EDGEL_OK;
    char *paths = edgel_alloc(2, plan->longest + 1);
    const enum edgel_status s =
        paths ? check(plan, rule, paths, &e, err) : edgel_no_memory(err, "checks of outputs");
    edgel_free(e.at);
    edgel_free(paths);
    return s;
}
