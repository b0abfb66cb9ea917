/* The table of families: complete, and seen to be incomplete when a row lacks one of its parts. */
#include "eval/eval_priv.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct edgel_family_row *rows[EDGEL_FAMILIES];

static void the_table_is_complete(void **state)
{
    (void)state;
    for (int f = 0; f < EDGEL_FAMILIES; f++)
        rows[f] = edgel_family_of((enum edgel_family)f);
    const char *odd = edgel_families_odd(rows, EDGEL_FAMILIES);
    if (odd)
        fail_msg("%s", odd);
    for (int f = 0; f < EDGEL_FAMILIES; f++)
        for (int g = 0; g < f; g++)
            assert_true(strcmp(rows[f]->name, rows[g]->name) != 0 && strcmp(rows[f]->key, rows[g]->key) != 0);
}

static double no_score(const void *results)
{
    (void)results;
    return 0;
}
static const struct edgel_family_score unknown[] = { { "no such score", no_score }, { NULL, NULL } },
                                       foreign[] = { { "kappa", no_score }, { NULL, NULL } };

/* Takes one part out of a row. */
static bool plant(struct edgel_family_row *row, struct edgel_summing *sums, int part)
{
    const bool own = row->sums->scores != NULL;
    *sums = *row->sums;
    row->sums = sums;
    switch (part) {
    case 0: row->name = NULL; return true;
    case 1: row->key = ""; return true;
    case 2: row->measures = NULL; return true;
    case 3: row->options = NULL; return row->noptions > 0;
    case 4: row->noptions = EDGEL_OPTIONS_MAX + 1; return true;
    case 5:
        row->noptions = 0;
        row->asked = NULL;
        return true;
    case 6: row->measure = NULL; return true;
    case 7: row->write = NULL; return true;
    case 8: row->read = NULL; return true;
    case 9: row->check = NULL; return true;
    case 10: row->sound = NULL; return true;
    case 11: row->finish = NULL; return true;
    case 12: row->family = (enum edgel_family)((row->family + 1) % EDGEL_FAMILIES); return true;
    case 13: row->sums = NULL; return true;
    case 14: sums->add = NULL; return true;
    case 15: sums->result = NULL; return true;
    case 16: sums->finish_result = NULL; return true;
    case 17: sums->result_size = 0; return true;
    case 18: row->counts_size = 0; return true;
    case 19: sums->scores = NULL; return own;
    case 20: sums->scores = unknown; return true;
    case 21: sums->scores = foreign; return !own;
    case 22: sums->classes = NULL; return row->family == EDGEL_PIXELS;
    default: return false;
    }
}
enum { PARTS = 23 };

/* A row without one of its parts is seen, whichever row and whichever part. */
static void a_planted_row_is_seen(void **state)
{
    (void)state;
    for (int f = 0; f < EDGEL_FAMILIES; f++) {
        for (int part = 0; part < PARTS; part++) {
            struct edgel_family_row planted = *edgel_family_of((enum edgel_family)f);
            struct edgel_summing sums;
            rows[f] = &planted;
            if (!plant(&planted, &sums, part))
                continue;
            if (!edgel_families_odd(rows, EDGEL_FAMILIES))
                fail_msg("%s without part %d is not seen", edgel_family_of((enum edgel_family)f)->name, part);
        }
        rows[f] = NULL;
        assert_non_null(edgel_families_odd(rows, EDGEL_FAMILIES));
        rows[f] = edgel_family_of((enum edgel_family)f);
        assert_null(edgel_families_odd(rows, EDGEL_FAMILIES));
    }
    assert_non_null(edgel_families_odd(rows, EDGEL_FAMILIES - 1));
}

/* --- options --- */

/* Takes one part out of an option. */
static bool plant_option(struct edgel_family_option *o, int part, bool first)
{
    const bool words = o->words != NULL;
    switch (part) {
    case 0: o->key = NULL; return true;
    case 1: o->stored = ""; return true;
    case 2: o->words = NULL; return words;
    case 3: o->hi = o->lo; return !words;
    case 4: o->def = words ? 99 : o->hi + 1; return true;
    case 5: o->def = -1; return true;
    case 6: o->def = words ? 1 : (o->lo + o->hi) / 2; return first; /* asked for by default */
    default: return false;
    }
}

static void a_planted_option_is_seen(void **state)
{
    (void)state;
    int planted_parts = 0;
    for (int f = 0; f < EDGEL_FAMILIES; f++) {
        const struct edgel_family_row *row = edgel_family_of((enum edgel_family)f);
        for (int i = 0; i < row->noptions; i++)
            for (int part = 0; part < 7; part++) {
                struct edgel_family_row planted = *row;
                struct edgel_family_option options[EDGEL_OPTIONS_MAX];
                memcpy(options, row->options, (size_t)row->noptions * sizeof *options);
                planted.options = options;
                if (!plant_option(&options[i], part, i == 0 && !row->asked))
                    continue;
                rows[f] = &planted;
                if (!edgel_families_odd(rows, EDGEL_FAMILIES))
                    fail_msg("%s without part %d is not seen", row->options[i].key, part);
                planted_parts++;
            }
        rows[f] = row;
    }
    assert_true(planted_parts > 50);
    assert_null(edgel_families_odd(rows, EDGEL_FAMILIES));
}

/* What a row says has no use beside its family, or needs it, is a parameter that there is: of a family, or one of those
 * that the header names. */
static void rows_name_parameters_that_there_are(void **state)
{
    (void)state;
    static const char others[] =
        " labels colors threshold thresholds valid ignore votes reduce empty classes "
        "exclude_from_mean nsd_tolerance pairs_csv bsds_files ";
    for (int f = 0; f < EDGEL_FAMILIES; f++) {
        const struct edgel_family_row *row = edgel_family_of((enum edgel_family)f);
        const char *keys[64];
        int n = 0;
        for (const struct edgel_exclusion *e = row->excludes; e && e->key; e++)
            keys[n++] = e->key;
        for (const char *const *k = row->serves; k && *k; k++)
            keys[n++] = *k;
        for (int i = 0; i < n; i++) {
            char word[64];
            enum edgel_family family;
            int at;
            snprintf(word, sizeof word, " %s ", keys[i]);
            if (!edgel_option_find(keys[i], &family, &at) && !strstr(others, word))
                fail_msg("%s: there is no parameter %s", row->name, keys[i]);
        }
    }
}

/* Each option is set by its word or number and read back; what is out of its range is refused, and changes nothing. */
static void options_are_set_and_read(void **state)
{
    (void)state;
    struct edgel_measure m;
    const struct edgel_family_option *o;
    edgel_measure_init(&m);
    for (int f = 0; f < EDGEL_FAMILIES; f++) {
        assert_int_equal(edgel_measure_asks(&m, (enum edgel_family)f), f == EDGEL_PIXELS);
        for (int i = 0; (o = edgel_family_option_at((enum edgel_family)f, i)) != NULL; i++) {
            const double before = edgel_measure_value(&m, o->key);
            assert_true(before == o->def || (isnan(before) && isnan(o->def)));
            assert_int_equal(edgel_measure_set(&m, o->key, "nonsense", NULL), EDGEL_EINVAL);
            assert_int_equal(edgel_measure_set_number(&m, o->key, o->words ? 0.5 : o->hi + 1, NULL),
                             EDGEL_EINVAL);
            assert_int_equal(edgel_measure_set_number(&m, o->key, -1, NULL), EDGEL_EINVAL);
            assert_int_equal(edgel_measure_set_number(&m, o->key, NAN, NULL),
                             isnan(o->def) ? EDGEL_OK : EDGEL_EINVAL);
            const double after = edgel_measure_value(&m, o->key);
            assert_true(after == before || (isnan(after) && isnan(before)));
            for (int k = 0; o->words && o->words[k]; k++) {
                assert_int_equal(edgel_measure_set(&m, o->key, o->words[k], NULL), EDGEL_OK);
                assert_true(edgel_measure_value(&m, o->key) == k);
                assert_string_equal(edgel_measure_word(&m, o->key), o->words[k]);
            }
            assert_int_equal(edgel_measure_set(&m, o->key, o->words ? o->words[0] : "1", NULL), EDGEL_OK);
            assert_true(edgel_measure_value(&m, o->key) == (o->words ? 0 : 1));
        }
    }
    assert_true(isnan(edgel_measure_value(&m, "width")));
    assert_int_equal(edgel_measure_set(&m, "width", "1", NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_measure_set_number(&m, "width", 1, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_measure_set(&m, "max_dist", "0", NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_measure_set(&m, "band", "none", NULL), EDGEL_OK);
    assert_false(edgel_measure_asks(&m, EDGEL_BANDS));
    assert_true(edgel_measure_asks(&m, EDGEL_TOLERANCE));
}

/* --- what does not go together --- */

static bool is_key(void *user, const char *key)
{
    return strcmp(user, key) == 0;
}

static bool clashes(const struct edgel_measure *m, const char *given, struct edgel_clash *out)
{
    char key[64];
    snprintf(key, sizeof key, "%s", given);
    return edgel_measure_clash(m, is_key, key, out);
}

/* By hand, as the guide of eval tells it: beside what is asked for, whether a parameter is refused, and for what. */
static void what_does_not_go_together_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *asked, *word, *given, *other;
        bool needs;
        unsigned families;
    } t[] = {
        { NULL, NULL, "threshold", NULL, false, 0 },
        { "boundary", "bsds", "threshold", "boundary", false, 0 },
        { "boundary", "bsds", "ignore", "boundary", false, 0 },
        { "boundary", "bsds", "nms", NULL, false, 0 },
        { "boundary", "bsds", "max_dist", NULL, false, 0 },
        { "boundary", "bsds", "nms_ratio", "nms", true, 0 },
        { "boundary", "bsds", "bsds_files", NULL, false, 0 },
        { "regions", "on", "nms", "regions", false, 0 },
        { "regions", "on", "davis", "regions", false, 0 },
        { "regions", "on", "bsds_files", NULL, false, 0 },
        { "objects", "ids", "tolerance", "objects", false, 0 },
        { "objects", "ids", "reduce", "objects", false, 0 },
        { "objects", "components", "tolerance", NULL, false, 0 },
        { "objects", "components", "pairs_csv", NULL, false, 0 },
        { NULL, NULL, "max_dist", "boundary", true, 0 },
        { NULL, NULL, "nms_radius", "nms", true, 0 },
        { NULL, NULL, "pairs_csv", NULL, true, 1U << EDGEL_OBJECTS },
        { NULL, NULL, "nsd_tolerance", NULL, true, 1U << EDGEL_DISTANCES },
        { NULL, NULL, "bsds_files", NULL, true, 1U << EDGEL_BOUNDARY | 1U << EDGEL_REGIONS },
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct edgel_measure m;
        struct edgel_clash c = { 0 };
        edgel_measure_init(&m);
        if (t[i].asked)
            assert_int_equal(edgel_measure_set(&m, t[i].asked, t[i].word, NULL), EDGEL_OK);
        const bool refused = clashes(&m, t[i].given, &c);
        if (refused != (t[i].other || t[i].families))
            fail_msg("case %zu: %s", i, refused ? "is refused" : "is not refused");
        if (!refused)
            continue;
        assert_string_equal(c.key, t[i].given);
        assert_true(c.needs == t[i].needs && c.families == t[i].families);
        assert_true(c.other == t[i].other || strcmp(c.other, t[i].other) == 0);
    }
}

/* The same when it stands in the parameters of measuring. */
static void parameters_that_clash_are_not_measured(void **state)
{
    (void)state;
    static const char *const pairs[][4] = { { "boundary", "bsds", "tolerance", "2" },
                                            { "boundary", "bsds", "objects", "components" },
                                            { "objects", "ids", "distances", "on" },
                                            { "objects", "mixed", "band", "0.02" },
                                            { "regions", "on", "nms", "on" } };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        for (int both = 0; both < 2; both++) {
            struct edgel_measure m;
            edgel_measure_init(&m);
            m.labels = i < 2 ? EDGEL_LABELS_BINARY : EDGEL_LABELS_IDS;
            m.thresholds = i < 2 || i == 4 ? 3 : 0;
            assert_int_equal(edgel_measure_set(&m, pairs[i][0], pairs[i][1], NULL), EDGEL_OK);
            if (both)
                assert_int_equal(edgel_measure_set(&m, pairs[i][2], pairs[i][3], NULL), EDGEL_OK);
            assert_int_equal(edgel_options_check(&m, NULL), both ? EDGEL_EINVAL : EDGEL_OK);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_complete),
        cmocka_unit_test(a_planted_row_is_seen),
        cmocka_unit_test(a_planted_option_is_seen),
        cmocka_unit_test(rows_name_parameters_that_there_are),
        cmocka_unit_test(options_are_set_and_read),
        cmocka_unit_test(what_does_not_go_together_is_told),
        cmocka_unit_test(parameters_that_clash_are_not_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
