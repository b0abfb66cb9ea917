/* samples.h: samples of random content, for the tests of augmentation. */
#ifndef EDGEL_SAMPLES_H
#define EDGEL_SAMPLES_H

#include "nn/training/train_priv.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Image, labels (some ignored) and soft truth (some not counted), a function of the seed. */
static inline struct edgel_sample random_sample(int w, int h, int channels, uint64_t seed)
{
    struct edgel_sample s;
    struct edgel_rng r = edgel_rng_seed(seed, 7, 0, 0);
    const size_t n = (size_t)w * (size_t)h;
    assert_int_equal(edgel_sample_init(&s, w, h, channels, true, true, NULL), EDGEL_OK);
    for (size_t i = 0; i < n * (size_t)channels; i++)
        s.image[i] = (float)edgel_rng_uniform(&r);
    for (size_t i = 0; i < n; i++) {
        s.label[i] = edgel_rng_below(&r, 8) ? (uint16_t)edgel_rng_below(&r, 1000) : EDGEL_LABEL_IGNORE;
        s.soft[i] = edgel_rng_below(&r, 8) ? (float)edgel_rng_uniform(&r) : -1;
    }
    return s;
}

/* Memory for a crop, filled with what no result may hold. */
static inline struct edgel_sample empty_like(const struct edgel_sample *in, int w, int h)
{
    struct edgel_sample s;
    const size_t n = (size_t)w * (size_t)h;
    assert_int_equal(edgel_sample_init(&s, w, h, in->channels, in->label, in->soft, NULL), EDGEL_OK);
    for (size_t i = 0; i < n * (size_t)s.channels; i++)
        s.image[i] = NAN;
    for (size_t i = 0; s.label && i < n; i++)
        s.label[i] = 12345;
    for (size_t i = 0; s.soft && i < n; i++)
        s.soft[i] = NAN;
    return s;
}

static inline void assert_same_sample(const struct edgel_sample *a, const struct edgel_sample *b)
{
    const size_t n = (size_t)a->w * (size_t)a->h;
    assert_true(a->w == b->w && a->h == b->h && a->channels == b->channels);
    assert_memory_equal(a->image, b->image, n * (size_t)a->channels * sizeof(float));
    if (a->label)
        assert_memory_equal(a->label, b->label, n * sizeof *a->label);
    if (a->soft)
        assert_memory_equal(a->soft, b->soft, n * sizeof *a->soft);
}

/* The text form, run with scratch of its own. */
static inline enum edgel_status run_text(const char *text, uint64_t seed, const struct edgel_sample *in,
                                         struct edgel_sample *out)
{
    struct edgel_augment a;
    struct edgel_augment_scratch *scratch = edgel_augment_scratch_create();
    assert_non_null(scratch);
    assert_int_equal(edgel_augment_parse(text, &a, NULL), EDGEL_OK);
    for (int i = 0; i < 3; i++)
        a.covariance[i][i] = 0.04;
    a.centred = true;
    const enum edgel_status st = edgel_augment_sample(&a, seed, in, out, scratch, NULL);
    edgel_augment_scratch_destroy(&scratch);
    assert_null(scratch);
    return st;
}

#endif
