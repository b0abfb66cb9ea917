/* methods.h: methods of the table with parameters of their own, for tests. */
#ifndef EDGEL_METHODS_H
#define EDGEL_METHODS_H

#include "detect/detect_priv.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static inline struct edgel_method method_of(const char *name)
{
    struct edgel_method m;
    assert_int_equal(edgel_method_init(&m, name, NULL), EDGEL_OK);
    return m;
}

static inline struct edgel_method method_at(int i)
{
    return method_of(edgel_method_at(i)->name);
}

static inline bool is_method(const struct edgel_method *m, const char *name)
{
    return strcmp(m->info->name, name) == 0;
}

/* Sets what the method has; a key that it does not have is passed over. */
static inline void ask(struct edgel_method *m, const char *key, const char *text)
{
    if (edgel_param_index(m->info, key) >= 0)
        assert_int_equal(edgel_method_set(m, key, text, NULL), EDGEL_OK);
}

static inline void ask_number(struct edgel_method *m, const char *key, double v)
{
    if (edgel_param_index(m->info, key) >= 0)
        assert_int_equal(edgel_method_set_number(m, key, v, NULL), EDGEL_OK);
}

static inline void ask_choice(struct edgel_method *m, const char *key, unsigned choice)
{
    ask_number(m, key, choice);
}

/* 0: the default */
static inline void ask_depth(struct edgel_method *m, int depth)
{
    ask_number(m, "depth", depth == 0 ? -1 : depth == 1 ? 0 : depth == 8 ? 1 : depth == 16 ? 2 : 3);
}

/* The parameters of canny, by themselves. */
static inline struct edgel_canny_params canny_of_method(const struct edgel_method *m)
{
    return (struct edgel_canny_params){ .aperture = 3 + 2 * edgel_param_choice(m, "aperture"),
                                        .norm = (enum edgel_norm)edgel_param_choice(m, "norm"),
                                        .low = edgel_param_threshold(m, "low"),
                                        .high = edgel_param_threshold(m, "high"),
                                        .nms = (enum edgel_nms)edgel_param_choice(m, "nms") };
}

#endif
