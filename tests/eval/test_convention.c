/* The words of conventions, and back. */
#include "edgel/eval.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void each_value_has_a_word_of_its_own(void **state)
{
    (void)state;
    static const struct {
        enum edgel_convention key;
        const char *words; /* as options, counts files and documents have had them since the first version */
    } want[] = {
        { EDGEL_CONVENTION_LABELS, "auto binary ids " },
        { EDGEL_CONVENTION_ANNOTATOR, "none K any majority " },
        { EDGEL_CONVENTION_REDUCE, "pooled image " },
        { EDGEL_CONVENTION_EMPTY, "nan zero one " },
        { EDGEL_CONVENTION_MISSING, "error skip worst " },
        { EDGEL_CONVENTION_ROW, "measured missing failed " },
    };
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        const char *const *words = edgel_convention_words(want[i].key);
        char all[64] = "";
        int n = 0;
        for (; words[n]; n++) {
            strcat(strcat(all, edgel_convention_word(want[i].key, n)), " ");
            assert_ptr_equal(words[n], edgel_convention_word(want[i].key, n));
        }
        assert_string_equal(all, want[i].words);
        assert_string_equal(edgel_convention_word(want[i].key, n), "unknown");
        assert_string_equal(edgel_convention_word(want[i].key, -1), "unknown");
    }
    assert_null(edgel_convention_words((enum edgel_convention)99)[0]);
}

static void annotators_are_read_as_they_are_written(void **state)
{
    (void)state;
    static const char *const texts[] = { "any", "majority", "1", "7", "10000" };
    static const char *const bad[] = { "none", "K", "0", "-1", "10001", "", "2.5" };
    char buf[16];
    struct edgel_measure m;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(edgel_annotator_parse("a", texts[i], &m.annotator, &m.annotator_index, NULL),
                         EDGEL_OK);
        edgel_annotator_text(&m, buf, sizeof buf);
        assert_string_equal(buf, texts[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(edgel_annotator_parse("a", bad[i], &m.annotator, &m.annotator_index, NULL),
                         EDGEL_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_value_has_a_word_of_its_own),
        cmocka_unit_test(annotators_are_read_as_they_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
