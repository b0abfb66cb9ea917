/* Which image belongs to which mask, and which are held out for validation. */
#include "train_data.h"
#include <stdlib.h>
#include <string.h>

int train_check_suffixes(const struct train_data *d)
{
    struct cli_suffix sides[] = {
        { .option = "image-suffix", .text = d->p.image_suffix, .what = "image" },
        { .option = "truth-suffix", .text = d->p.truth_suffix, .what = "mask", .truth = true },
    };
    int code = 0;
    for (int k = 0; k < 2 && code == 0; k++) {
        cli_suffix_look(&sides[k], d->sets[0].pairs);
        cli_suffix_look(&sides[k], d->sets[1].pairs);
        code = cli_suffix_check(&sides[k]);
    }
    return code;
}

int train_collect(struct train_data *d, struct train_set *s, const char *images, const char *truth)
{
    struct edgel_error err = { 0 };
    struct edgel_pairs_params params = { .prediction = images,
                                         .truth = truth,
                                         .valid = d->p.valid,
                                         .prediction_suffix = d->p.image_suffix,
                                         .truth_suffix = d->p.truth_suffix };
    if (edgel_pairs_collect(&params, &s->pairs, &err) != EDGEL_OK) {
        cli_message("%s", err.msg);
        return CLI_EXIT_USAGE;
    }
    const size_t all = edgel_pairs_count(s->pairs);
    s->index = cli_alloc(all + 1, sizeof *s->index);
    size_t unpaired = 0, lonely = 0;
    for (size_t i = 0; i < all; i++) {
        const struct edgel_pair *p = edgel_pairs_at(s->pairs, i);
        if (p->prediction && p->ntruth)
            s->index[s->n++] = i;
        else if (p->prediction && unpaired++ == 0)
            cli_message("%s: no truth for this image", p->prediction);
        lonely += !p->prediction;
    }
    if (unpaired) {
        cli_message("%s: %zu of %zu images have no truth in %s", images, unpaired, unpaired + s->n, truth);
        return CLI_EXIT_USAGE;
    }
    if (lonely && !d->p.run->quiet)
        cli_message(lonely == 1 ? "%s: %zu mask has no image in %s and is passed over"
                                : "%s: %zu masks have no image in %s and are passed over",
                    truth, lonely, images);
    if (s->n == 0) {
        cli_message("%s: no images with truth in %s", images, truth);
        return CLI_EXIT_NOTHING;
    }
    s->kept = cli_alloc(s->n, sizeof *s->kept);
    return 0;
}

struct drawn {
    uint64_t key;
    size_t index;
};

static int by_key(const void *a, const void *b)
{
    const struct drawn *x = a, *y = b;
    return x->key != y->key ? (x->key < y->key ? -1 : 1) : x->index < y->index ? -1 : x->index > y->index;
}

static int by_index(const void *a, const void *b)
{
    const size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return x < y ? -1 : x > y;
}

/* Holds out a share of the training images: those whose names have the lowest hashes under the seed, so that the choice
 * hangs on nothing but names, share and seed. */
int train_split(struct train_data *d)
{
    struct train_set *train = &d->sets[0], *val = &d->sets[1];
    const size_t n = train->n, held = (size_t)(d->p.val_split * (double)n + 0.5);
    if (held == 0 || held == n) {
        cli_message("--val-split %g of %zu images leaves %s empty", d->p.val_split, n,
                    held ? "training" : "validation");
        return CLI_EXIT_USAGE;
    }
    struct drawn *drawn = cli_alloc(n, sizeof *drawn);
    for (size_t i = 0; i < n; i++) {
        const char *key = train_pair_at(train, i)->key;
        const uint64_t start = EDGEL_HASH_START ^ d->p.seed * 0x9E3779B97F4A7C15u;
        const uint64_t hash = edgel_hash_bytes(start, key, strlen(key));
        drawn[i] = (struct drawn){ hash ^ hash >> 29, train->index[i] };
    }
    qsort(drawn, n, sizeof *drawn, by_key);
    val->pairs = train->pairs;
    val->index = cli_alloc(held, sizeof *val->index);
    val->kept = cli_alloc(held, sizeof *val->kept);
    val->n = held;
    train->n = n - held;
    for (size_t i = 0; i < n; i++)
        *(i < held ? &val->index[i] : &train->index[i - held]) = drawn[i].index;
    qsort(val->index, val->n, sizeof *val->index, by_index);
    qsort(train->index, train->n, sizeof *train->index, by_index);
    free(drawn);
    return 0;
}
