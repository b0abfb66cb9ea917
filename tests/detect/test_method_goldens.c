/* Every method of the table against what another program gives, at every CPU level. */
#include "filter_twin.h"
#include "methods.h"

/* The 23 x 17 image of scripts/makers/make_methods.py. */
static struct edgel_image golden_image(void)
{
    struct edgel_image img = make(23, 17, 1, EDGEL_U8);
    for (int y = 0; y < 17; y++)
        for (int x = 0; x < 23; x++)
            set(&img, x, y, 0, (x * x * 7 + y * y * 3 + x * y * 5 + 120 * ((x / 6 + y / 5) % 2)) % 256);
    return img;
}

/* Of every row, tests/golden/method_NAME.txt: the method as text and the samples that another program gives. */
static void every_method_gives_what_is_stored(void **state)
{
    struct edgel_image img = golden_image(), out = { 0 };
    const char *source = getenv("EDGEL_SOURCE");
    (void)state;
    for (int i = 0; i < edgel_method_count(); i++) {
        char path[512], text[128];
        snprintf(path, sizeof path, "%s/tests/golden/method_%s.txt", source ? source : ".",
                 edgel_method_at(i)->name);
        FILE *f = fopen(path, "r");
        if (!f)
            fail_msg("%s is missing: what the method gives is stored nowhere", path);
        int cases = 0;
        for (; fscanf(f, "%127s", text) == 1; cases++) {
            struct edgel_method m;
            assert_int_equal(edgel_method_parse(&m, text, NULL, 0, NULL), EDGEL_OK);
            assert_string_equal(m.info->name, edgel_method_at(i)->name);
            assert_int_equal(edgel_method_run(NULL, edgel_image_view(&img), &m, &out, NULL, NULL), EDGEL_OK);
            for (int k = 0; k < 23 * 17; k++) {
                int want;
                assert_int_equal(fscanf(f, "%d", &want), 1);
                if (get(&out, k % 23, k / 23, 0) != want)
                    fail_msg("%s: %d, %d: %g instead of %d", text, k % 23, k / 23,
                             get(&out, k % 23, k / 23, 0), want);
            }
        }
        fclose(f);
        assert_true(cases > 0);
    }
    edgel_image_finish(&img);
    edgel_image_finish(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_method_gives_what_is_stored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
