/* Losses by name, sums of them as text, and class weights. */
#include "nn/kernels/loss_priv.h"
#include "nn/training/train_priv.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const names[EDGEL_LOSS_KINDS] = {
    [EDGEL_LOSS_CE] = "ce",     [EDGEL_LOSS_BCE] = "bce",           [EDGEL_LOSS_IOU] = "iou",
    [EDGEL_LOSS_DICE] = "dice", [EDGEL_LOSS_LOVASZ] = "lovasz",     [EDGEL_LOSS_L1] = "l1",
    [EDGEL_LOSS_L2] = "l2",     [EDGEL_LOSS_SMOOTHL1] = "smoothl1",
};

const char *edgel_loss_name(int kind)
{
    return kind >= 0 && kind < EDGEL_LOSS_KINDS ? names[kind] : NULL;
}

static int find_loss(const char *name, size_t n)
{
    for (int k = 0; k < EDGEL_LOSS_KINDS; k++)
        if (strlen(names[k]) == n && memcmp(names[k], name, n) == 0)
            return k;
    return -1;
}

/* "NAME" or "NAME:WEIGHT" of n bytes */
static enum edgel_status parse_term(const char *text, size_t n, struct edgel_loss_term *term,
                                    struct edgel_error *err)
{
    const char *colon = memchr(text, ':', n);
    const size_t name = colon ? (size_t)(colon - text) : n;
    const int kind = find_loss(text, name);
    if (kind < 0) {
        char given[100];
        snprintf(given, sizeof given, "%.*s", (int)(name < sizeof given ? name : sizeof given), text);
        return nn_refuse_name("loss", given, names, sizeof *names, EDGEL_LOSS_KINDS, err);
    }
    *term = (struct edgel_loss_term){ (enum edgel_loss)kind, 1 };
    if (!colon)
        return EDGEL_OK;
    char what[32] = "weight of ", number[64];
    memcpy(what + 10, names[kind], strlen(names[kind]) + 1);
    const size_t digits = n - name - 1;
    if (digits >= sizeof number)
        return edgel_fail(err, EDGEL_EINVAL, "%s: longer than a number", what);
    memcpy(number, colon + 1, digits);
    number[digits] = '\0';
    return edgel_parse_real(what, number, 0, 1e9, &term->weight, err);
}

enum edgel_status edgel_loss_parse(const char *text, struct edgel_loss_term terms[EDGEL_LOSS_KINDS],
                                   int *nterms, struct edgel_error *err)
{
    EDGEL_REQUIRE(nterms);
    *nterms = 0;
    EDGEL_REQUIRE(text);
    EDGEL_REQUIRE(terms);
    bool seen[EDGEL_LOSS_KINDS] = { false };
    for (const char *at = text;; at++) {
        const size_t n = strcspn(at, ",");
        struct edgel_loss_term term;
        EDGEL_TRY(parse_term(at, n, &term, err));
        if (seen[term.kind])
            return edgel_fail(err, EDGEL_EINVAL, "loss '%s': given twice", names[term.kind]);
        seen[term.kind] = true;
        terms[(*nterms)++] = term;
        at += n;
        if (*at == '\0')
            return EDGEL_OK;
    }
}

/* The k-th smallest (k from 0) of the counts above 0. */
static int64_t ranked_count(const int64_t *count, int classes, int k)
{
    for (int c = 0; c < classes; c++) {
        int below = 0, equal = 0;
        for (int i = 0; i < classes; i++) {
            below += count[i] > 0 && count[i] < count[c];
            equal += count[i] > 0 && count[i] == count[c];
        }
        if (count[c] > 0 && below <= k && k < below + equal)
            return count[c];
    }
    return 0;
}

enum edgel_status edgel_class_weights(const int64_t *count, int classes, float *weight,
                                      struct edgel_error *err)
{
    EDGEL_REQUIRE(count);
    EDGEL_REQUIRE(weight);
    int occur = 0;
    for (int c = 0; c < classes; c++) {
        if (count[c] < 0)
            return edgel_fail(err, EDGEL_EINVAL, "count %lld of class %d: must be >= 0", (long long)count[c],
                              c);
        occur += count[c] > 0;
    }
    if (occur == 0)
        return edgel_fail(err, EDGEL_EINVAL, "class weights: no class occurs");
    const double median = ((double)ranked_count(count, classes, (occur - 1) / 2) +
                           (double)ranked_count(count, classes, occur / 2)) /
                          2;
    for (int c = 0; c < classes; c++)
        weight[c] = count[c] > 0 ? (float)(median / (double)count[c]) : 0;
    return EDGEL_OK;
}
