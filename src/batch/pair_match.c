/*
 * Which truth belongs to which prediction. For a prediction K the truth is one of
 *
 *     file     K.png
 *     numbers  K_1.png, K_2.png, ... up to the first gap
 *     folder   K/NAME.png, the files directly in it
 *
 * A file whose own key is that of a prediction belongs to that prediction only: "a.png" and "a/b.png" pair with "a.png"
 * and "a/b.png". A file that could belong to numbers and to a folder belongs to the numbers. Two forms for one K are
 * refused.
 *
 * Truth without a prediction becomes pairs without a prediction. Annotators of one image should count once, but no
 * prediction names the image, so such files are grouped as the matched ones are:
 *
 *     numbers  if some prediction has numbers (or nothing matched at all), and no truth is named T beside T_1, T_2, ...
 *     folder   if some prediction has a folder
 *     else     each file is a key of its own
 */
#include "batch/batch_priv.h"
#include <string.h>

struct match {
    struct edgel_pairs *pairs;
    struct edgel_keyed_list *truth;
    size_t files, numbers, folders; /* predictions that have each form */
    struct edgel_text name;         /* scratch */
    struct edgel_error *err;
};

/* The truth KEY_k if it has that claim; NULL none. */
static struct edgel_keyed *find_number(struct match *m, const char *key, size_t len, size_t k,
                                       enum edgel_claim claim)
{
    edgel_text_clear(&m->name);
    edgel_text_add(&m->name, key, len);
    edgel_text_printf(&m->name, "_%zu", k);
    if (m->name.failed)
        return NULL;
    struct edgel_keyed *t = edgel_keyed_find(m->truth, m->name.s);
    return t && t->claim == claim ? t : NULL;
}

static enum edgel_status mark_numbers(struct match *m, const char *key)
{
    struct edgel_keyed *t;
    for (size_t k = 1; (t = find_number(m, key, strlen(key), k, EDGEL_CLAIM_NONE)) != NULL; k++)
        t->claim = EDGEL_CLAIM_NUMBER;
    return m->name.failed ? edgel_no_memory(m->err, "matching of pairs") : EDGEL_OK;
}

/* Gives the files KEY_1, KEY_2, ... to the last pair. */
static enum edgel_status give_numbers(struct match *m, const char *key, size_t len, enum edgel_claim claim)
{
    struct edgel_keyed *t;
    for (size_t k = 1; (t = find_number(m, key, len, k, claim)) != NULL; k++) {
        t->claim = EDGEL_CLAIM_NUMBER;
        EDGEL_TRY(edgel_pairs_truth(m->pairs, t->path, m->err));
    }
    return m->name.failed ? edgel_no_memory(m->err, "matching of pairs") : EDGEL_OK;
}

/* The first unclaimed file directly in the folder KEY/, from index *i on; NULL none. m->name holds "KEY/". */
static struct edgel_keyed *next_in_folder(const struct match *m, size_t *i)
{
    const struct edgel_keyed_list *t = m->truth;
    for (; *i < t->count && strncmp(t->at[*i].key, m->name.s, m->name.len) == 0; ++*i)
        if (t->at[*i].claim == EDGEL_CLAIM_NONE && !strchr(t->at[*i].key + m->name.len, '/'))
            return &t->at[*i];
    return NULL;
}

static enum edgel_status enter_folder(struct match *m, const char *key, size_t len, size_t *i)
{
    edgel_text_clear(&m->name);
    edgel_text_add(&m->name, key, len);
    edgel_text_str(&m->name, "/");
    if (m->name.failed)
        return edgel_no_memory(m->err, "matching of pairs");
    *i = edgel_keyed_from(m->truth, m->name.s);
    return EDGEL_OK;
}

/* Gives the files of the folder KEY/ to the last pair. */
static enum edgel_status give_folder(struct match *m, const char *key, size_t len)
{
    size_t i = 0;
    struct edgel_keyed *t;
    EDGEL_TRY(enter_folder(m, key, len, &i));
    while ((t = next_in_folder(m, &i)) != NULL) {
        t->claim = EDGEL_CLAIM_FOLDER;
        EDGEL_TRY(edgel_pairs_truth(m->pairs, t->path, m->err));
    }
    return EDGEL_OK;
}

static enum edgel_status refuse_forms(struct match *m, const char *key, const struct edgel_keyed *a,
                                      const struct edgel_keyed *b)
{
    return edgel_fail(m->err, EDGEL_EINVAL, "truth of %s: could be %s or %s; one form must be used", key,
                      a->path, b->path);
}

static enum edgel_status match_one(struct match *m, const struct edgel_keyed *prediction)
{
    const char *key = prediction->key;
    size_t len = strlen(key), i = 0;
    EDGEL_TRY(edgel_pairs_add(m->pairs, key, prediction->path, m->err));
    const struct edgel_keyed *file = edgel_keyed_find(m->truth, key);
    const struct edgel_keyed *number = find_number(m, key, len, 1, EDGEL_CLAIM_NUMBER);
    if (m->name.failed)
        return edgel_no_memory(m->err, "matching of pairs");
    EDGEL_TRY(enter_folder(m, key, len, &i));
    const struct edgel_keyed *folder = next_in_folder(m, &i);
    if (file && (number || folder))
        return refuse_forms(m, key, file, number ? number : folder);
    if (number && folder)
        return refuse_forms(m, key, number, folder);
    m->files += file != NULL;
    m->numbers += number != NULL;
    m->folders += folder != NULL;
    if (file)
        return edgel_pairs_truth(m->pairs, file->path, m->err);
    if (number)
        return give_numbers(m, key, len, EDGEL_CLAIM_NUMBER);
    return folder ? give_folder(m, key, len) : EDGEL_OK;
}

/* --- truth without a prediction --- */

static bool has_truth(const struct match *m, const char *key)
{
    return edgel_keyed_find(m->truth, key) != NULL;
}

static enum edgel_status add_unclaimed(struct match *m, struct edgel_keyed *t)
{
    bool numbers = m->numbers > 0 || (m->files == 0 && m->folders == 0);
    size_t len = strlen(t->key), base = edgel_path_base(t->key);
    const char *group = NULL;
    if (numbers && len > base + 2 && strcmp(t->key + len - 2, "_1") == 0)
        group = edgel_strings_add(&m->pairs->strings, t->key, len - 2, "", 0);
    else if (m->folders > 0 && base > 0)
        group = edgel_strings_add(&m->pairs->strings, t->key, base - 1, "", 0);
    else
        group = t->key;
    if (!group)
        return edgel_no_memory(m->err, "matching of pairs");
    bool alone = group == t->key || has_truth(m, group);
    EDGEL_TRY(edgel_pairs_add(m->pairs, alone ? t->key : group, NULL, m->err));
    if (alone) {
        t->claim = EDGEL_CLAIM_FILE;
        return edgel_pairs_truth(m->pairs, t->path, m->err);
    }
    if (strlen(group) + 2 == len && t->key[len - 2] == '_')
        return give_numbers(m, group, len - 2, EDGEL_CLAIM_NONE);
    return give_folder(m, group, base - 1);
}

static enum edgel_status match(struct match *m, const struct edgel_keyed_list *prediction)
{
    for (size_t i = 0; i < prediction->count; i++) {
        struct edgel_keyed *t = edgel_keyed_find(m->truth, prediction->at[i].key);
        if (t)
            t->claim = EDGEL_CLAIM_FILE;
    }
    for (size_t i = 0; i < prediction->count; i++)
        EDGEL_TRY(mark_numbers(m, prediction->at[i].key));
    for (size_t i = 0; i < prediction->count; i++)
        EDGEL_TRY(match_one(m, &prediction->at[i]));
    for (size_t i = 0; i < m->truth->count; i++)
        if (m->truth->at[i].claim == EDGEL_CLAIM_NONE)
            EDGEL_TRY(add_unclaimed(m, &m->truth->at[i]));
    return EDGEL_OK;
}

enum edgel_status edgel_pairs_match(struct edgel_pairs *p, const struct edgel_keyed_list *prediction,
                                    struct edgel_keyed_list *truth, struct edgel_error *err)
{
    struct match m = { .pairs = p, .truth = truth, .err = err };
    enum edgel_status s = match(&m, prediction);
    edgel_text_finish(&m.name);
    return s;
}
