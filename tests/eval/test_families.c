/* The table of families: complete, and seen to be incomplete when a row lacks one of its parts. */
#include "eval/eval_priv.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct edgel_family_row *rows[EDGEL_FAMILIES];

static void the_table_is_complete(void **state)
{
    (void)state;
    for (int f = 0; f < EDGEL_FAMILIES; f++)
        rows[f] = edgel_family_row((enum edgel_family)f);
    const char *odd = edgel_families_odd(rows, EDGEL_FAMILIES);
    if (odd)
        fail_msg("%s", odd);
    for (int f = 0; f < EDGEL_FAMILIES; f++)
        for (int g = 0; g < f; g++)
            assert_true(strcmp(rows[f]->name, rows[g]->name) != 0 && strcmp(rows[f]->key, rows[g]->key) != 0);
}

/* A row without one of its parts is seen, whichever row and whichever part. */
static void a_planted_row_is_seen(void **state)
{
    (void)state;
    for (int f = 0; f < EDGEL_FAMILIES; f++) {
        struct edgel_family_row planted;
        for (int part = 0; part < 12; part++) {
            planted = *edgel_family_row((enum edgel_family)f);
            switch (part) {
            case 0: planted.name = NULL; break;
            case 1: planted.key = ""; break;
            case 2: planted.measures = NULL; break;
            case 3: planted.asked = NULL; break;
            case 4: planted.measure = NULL; break;
            case 5: planted.write = NULL; break;
            case 6: planted.read = NULL; break;
            case 7: planted.check = NULL; break;
            case 8: planted.sound = NULL; break;
            case 9: planted.finish = NULL; break;
            case 10: planted.family = (enum edgel_family)((f + 1) % EDGEL_FAMILIES); break;
            default: break;
            }
            rows[f] = part < 11 ? &planted : NULL;
            assert_non_null(edgel_families_odd(rows, EDGEL_FAMILIES));
        }
        rows[f] = edgel_family_row((enum edgel_family)f);
        assert_null(edgel_families_odd(rows, EDGEL_FAMILIES));
    }
    assert_non_null(edgel_families_odd(rows, EDGEL_FAMILIES - 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_complete),
        cmocka_unit_test(a_planted_row_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
