/* Sizes of convolutions and of their transposes, and what their layers refuse. */
#include "nn/nn_priv.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

/* Places of the kernel inside the padded map, one by one. */
static int places(int n, int k, int stride, int pad, int dilation)
{
    int count = 0;
    for (int at = -pad; at + dilation * (k - 1) < n + pad; at += stride)
        count++;
    return count;
}

#define EACH_CASE                                       \
    for (int n = 1; n <= 12; n++)                       \
        for (int k = 1; k <= 5; k++)                    \
            for (int stride = 1; stride <= 4; stride++) \
                for (int pad = 0; pad <= 3; pad++)      \
                    for (int dilation = 1; dilation <= 3; dilation++)

static void a_side_is_the_places_of_the_kernel(void **state)
{
    (void)state;
    EACH_CASE
    assert_int_equal(edgel_conv_out_size(n, k, stride, pad, dilation), places(n, k, stride, pad, dilation));
    assert_int_equal(edgel_conv_out_size(0, 1, 1, 0, 1), 0);
    assert_int_equal(edgel_conv_out_size(5, 0, 1, 0, 1), 0);
    assert_int_equal(edgel_conv_out_size(5, 3, 0, 0, 1), 0);
    assert_int_equal(edgel_conv_out_size(5, 3, 1, -1, 1), 0);
    assert_int_equal(edgel_conv_out_size(5, 3, 1, 0, 0), 0);
    assert_int_equal(edgel_conv_out_size(INT32_MAX, 1, 1, INT32_MAX, 1), 0);
    assert_int_equal(edgel_conv_out_size(INT32_MAX, INT32_MAX, 1, 0, INT32_MAX), 0);
}

/* A size is refused if and only if no convolution leads back from it; with output padding all others are made. */
static void a_transposed_side_leads_back(void **state)
{
    (void)state;
    EACH_CASE
    {
        bool made[80] = { false };
        for (int more = 0; more < stride; more++) {
            const int size = edgel_conv_transpose_out_size(n, k, stride, pad, dilation, more);
            assert_true(size < 80);
            made[size] = size > 0;
        }
        for (int size = 1; size < 80; size++) {
            const bool leads_back = places(size, k, stride, pad, dilation) == n;
            const enum edgel_status s = edgel_conv_transpose_check(size, n, k, stride, pad, dilation, NULL);
            assert_int_equal(s, leads_back ? EDGEL_OK : EDGEL_EINVAL);
            assert_int_equal(made[size], leads_back);
        }
        assert_int_equal(edgel_conv_transpose_out_size(n, k, stride, pad, dilation, stride), 0);
        assert_int_equal(edgel_conv_transpose_out_size(n, k, stride, pad, dilation, -1), 0);
    }
    assert_int_equal(edgel_conv_transpose_out_size(INT32_MAX, 3, 4, 0, 1, 0), 0);
    assert_int_equal(edgel_conv_transpose_check(5, 0, 3, 2, 1, 1, NULL), EDGEL_EINVAL);
}

static void an_impossible_side_names_the_possible_ones(void **state)
{
    (void)state;
    static const struct {
        int size, n, k, stride, pad, dilation;
        const char *text;
    } cases[] = {
        { 7, 3, 3, 2, 1, 1,
          "output of 7: a side of 3 under k=3 stride=2 pad=1 dilation=1 comes from 5 or 6" },
        { 4, 3, 3, 2, 1, 1,
          "output of 4: a side of 3 under k=3 stride=2 pad=1 dilation=1 comes from 5 or 6" },
        { 4, 3, 3, 1, 1, 1, "output of 4: a side of 3 under k=3 stride=1 pad=1 dilation=1 comes from 3" },
        { 11, 2, 3, 4, 1, 2,
          "output of 11: a side of 2 under k=3 stride=4 pad=1 dilation=2 comes from 7 to 10" },
        { 4, 1, 1, 1, 1, 1, "output of 4: no side gives 1 under k=1 stride=1 pad=1 dilation=1" },
    };
    assert_int_equal(edgel_conv_transpose_check(5, 3, 3, 2, 1, 1, NULL), EDGEL_OK);
    assert_int_equal(edgel_conv_transpose_check(6, 3, 3, 2, 1, 1, NULL), EDGEL_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct edgel_error err = { .code = EDGEL_OK };
        assert_int_equal(edgel_conv_transpose_check(cases[i].size, cases[i].n, cases[i].k, cases[i].stride,
                                                    cases[i].pad, cases[i].dilation, &err),
                         EDGEL_EINVAL);
        assert_string_equal(err.msg, cases[i].text);
    }
}

/* Layers that are refused when the text is read, or when the size of the image is known. */
static void layers_say_what_they_cannot_be(void **state)
{
    (void)state;
    static const struct {
        const char *layer, *why;
    } cases[] = {
        { "conv out=6 groups=4", "groups=4: must divide the channels, 8 in and 6 out" },
        { "conv out=6 like=input", "conv has no like" },
        { "conv out=0", "out" },
        { "conv", "needs out=" },
        { "conv_transpose out=8 stride=2 output_pad=2", "output_pad=2: must be less than stride=2" },
        { "conv_transpose out=8 stride=2 output_pad=1 size=9x9", "only one of them" },
        { "conv_transpose out=8 stride=2 size=9x9 like=input", "only one of them" },
        { "conv out=8 k=7 pad=0", "input of 5x5: too small for k=7" },
        { "conv_transpose out=8 k=3 stride=2 size=9x11", "comes from 9 or 10" },
        { "conv_transpose out=8 k=1 pad=3", "side of 5: pad=3 leaves nothing" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[200];
        struct edgel_error err = { .code = EDGEL_OK };
        struct nn_network net;
        struct nn_shape shapes[2];
        snprintf(text, sizeof text, "input channels=8\n%s\n", cases[i].layer);
        if (nn_network_parse(text, strlen(text), "net", 2, &net, &err) == EDGEL_OK) {
            assert_int_equal(nn_network_shapes(&net, 5, 5, shapes, &err), EDGEL_EINVAL);
            nn_network_finish(&net);
        }
        if (!strstr(err.msg, cases[i].why))
            fail_msg("%s: %s", cases[i].layer, err.msg);
    }
    assert_int_equal(edgel_alloc_live(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_side_is_the_places_of_the_kernel),
        cmocka_unit_test(a_transposed_side_leads_back),
        cmocka_unit_test(an_impossible_side_names_the_possible_ones),
        cmocka_unit_test(layers_say_what_they_cannot_be),
    };
    return cmocka_run_group_tests_name("conv", tests, NULL, NULL);
}
