/* The reader of JSON: what RFC 8259 allows and forbids, values, memory that ends, mutated documents.
 *
 *     test_json [N [SEED]]     mutates N documents instead of 20,000 */
#include "core/core_priv.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static long mutants = 20000;
static uint64_t seed = 1;

static struct edgel_json *parse(const char *text, size_t n, enum edgel_status expected)
{
    struct edgel_json *j;
    struct edgel_error err = { 0 };
    char *copy = malloc(n + 1); /* no byte after the end: a sanitizer sees it read */
    memcpy(copy, text, n);
    char *exact = n ? realloc(copy, n) : copy;
    const enum edgel_status status = edgel_json_parse(exact, n, "t", &j, &err);
    free(exact);
    if (status != expected)
        print_message("%.*s: %s\n", (int)n, text, err.msg);
    assert_int_equal(status, expected);
    assert_true(status == EDGEL_OK ? j != NULL && err.code == EDGEL_OK : j == NULL && err.code == status);
    return j;
}

#define TEXT(s)          \
    {                    \
        s, sizeof(s) - 1 \
    }
struct text {
    const char *s;
    size_t n;
};

static void what_the_grammar_allows_is_read(void **state)
{
    (void)state;
    static const struct text fine[] = {
        TEXT("[]"),
        TEXT("{}"),
        TEXT("[[]   ]"),
        TEXT("[\"\"]"),
        TEXT("[false]"),
        TEXT("[null, 1, \"1\", {}]"),
        TEXT("[1\n]"),
        TEXT(" [1]"),
        TEXT("[1,null,null,null,2]"),
        TEXT("[2] "),
        TEXT("\t\r\n [ ]"),
        TEXT("[0e+1]"),
        TEXT("[0e1]"),
        TEXT("[ 4]"),
        TEXT("[-0.000000000000000000000000000000000000000000000000000000000000001]"),
        TEXT("[20e1]"),
        TEXT("[-0]"),
        TEXT("[-123]"),
        TEXT("[-1]"),
        TEXT("[1E22]"),
        TEXT("[1E-2]"),
        TEXT("[1E+2]"),
        TEXT("[123e45]"),
        TEXT("[123.456e78]"),
        TEXT("[1e-2]"),
        TEXT("[123.456789]"),
        TEXT("[9223372036854775807]"),
        TEXT("[18446744073709551616]"),
        TEXT("{\"asd\":\"sdf\", \"dfg\":\"fgh\"}"),
        TEXT("{\"\":0}"),
        TEXT("{\"a\":[]}"),
        TEXT("{\"min\": -1.0e+28, \"max\": 1.0e+28}"),
        TEXT("{\n\"a\": \"b\"\n}"),
        TEXT("{\"title\":\"\\u041f\\u043e\\u043b\" }"),
        TEXT("[\"\\u0060\\u012a\\u12AB\"]"),
        TEXT("[\"\\uD801\\udc37\"]"),
        TEXT("[\"\\ud83d\\ude39\\ud83d\\udc8d\"]"),
        TEXT("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]"),
        TEXT("[\"\\\\u0000\"]"),
        TEXT("[\"\\\"\"]"),
        TEXT("[\"a/*b*/c/*d//e\"]"),
        TEXT("[\"\\\\n\"]"),
        TEXT("[\"\\u0012\"]"),
        TEXT("[\"\\uFFFF\"]"),
        TEXT("[\"\xF4\x8F\xBF\xBF\"]"),
        TEXT("[\"\xEF\xBF\xBF\"]"),
        TEXT("[\"\x7F\"]"),
        TEXT("[\"\xCF\x80\"]"),
        TEXT("[\"\xF0\x9B\xBF\xBF\"]"),
        TEXT("[\"\xE2\x80\xA8\xE2\x80\xA9\"]"),
        TEXT("\" \""),
        TEXT("42"),
        TEXT("-0.1"),
        TEXT("null"),
        TEXT("true"),
        TEXT("\"\""),
        TEXT("[\"\\udc80\\udcff\"]"),
    };
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
        edgel_json_finish(parse(fine[i].s, fine[i].n, EDGEL_OK));
    assert_int_equal(edgel_alloc_live(), 0);
}

static void everything_else_is_refused(void **state)
{
    (void)state;
    static const struct text bad[] = {
        TEXT(""),
        TEXT(" "),
        TEXT("["),
        TEXT("]"),
        TEXT("{"),
        TEXT("}"),
        TEXT("[1"),
        TEXT("[1,"),
        TEXT("[1,]"),
        TEXT("[,1]"),
        TEXT("[1,,2]"),
        TEXT("[,]"),
        TEXT("[1 true]"),
        TEXT("[1]x"),
        TEXT("[1]]"),
        TEXT("[3[4]]"),
        TEXT("[1:2]"),
        TEXT("[\"x\", truth]"),
        TEXT("[tru]"),
        TEXT("[nul"),
        TEXT("[fals]"),
        TEXT("[True]"),
        TEXT("[NaN]"),
        TEXT("[nan]"),
        TEXT("[Infinity]"),
        TEXT("[-Infinity]"),
        TEXT("[+1]"),
        TEXT("[++1]"),
        TEXT("[-]"),
        TEXT("[- 1]"),
        TEXT("[-01]"),
        TEXT("[012]"),
        TEXT("[.5]"),
        TEXT("[-.5]"),
        TEXT("[1.]"),
        TEXT("[2.e3]"),
        TEXT("[0.e1]"),
        TEXT("[1e]"),
        TEXT("[1e+]"),
        TEXT("[0E+]"),
        TEXT("[1.0e-]"),
        TEXT("[1eE2]"),
        TEXT("[0x1]"),
        TEXT("[1 000]"),
        TEXT("[1a]"),
        TEXT("[-1x]"),
        TEXT("[1e400]"),
        TEXT("[-1e+9999999999]"),
        TEXT("[\xEF\xBC\x91]"),
        TEXT("\xEF\xBB\xBF[]"),
        TEXT("[\"a\n\"]"),
        TEXT("[\"\t\"]"),
        TEXT("[\"\x1F\"]"),
        TEXT("[\"a\0b\"]"),
        TEXT("[\"\\a\"]"),
        TEXT("[\"\\x00\"]"),
        TEXT("[\"\\\"]"),
        TEXT("[\"\\u\"]"),
        TEXT("[\"\\u12\"]"),
        TEXT("[\"\\u123\"]"),
        TEXT("[\"\\u12G4\"]"),
        TEXT("[\"\\U0041\"]"),
        TEXT("[\"\\u0000\"]"),
        TEXT("[\"\\ud800\"]"),
        TEXT("[\"\\ud800a\"]"),
        TEXT("[\"\\ud800\\n\"]"),
        TEXT("[\"\\ud800\\ud800\"]"),
        TEXT("[\"\\udc00\"]"),
        TEXT("[\"\\udfff\"]"),
        TEXT("[\"\\ud83d\\u\"]"),
        TEXT("[\"\\"),
        TEXT("[\"\\ud83d\\udc8"),
        TEXT("[\""),
        TEXT("\""),
        TEXT("[\"\xFF\"]"),
        TEXT("[\"\x80\"]"),
        TEXT("[\"\xC0\xAF\"]"),
        TEXT("[\"\xC1\xBF\"]"),
        TEXT("[\"\xE0\x80\xAF\"]"),
        TEXT("[\"\xED\xA0\x80\"]"),
        TEXT("[\"\xED\xB2\x80\"]"),
        TEXT("[\"\xF0\x8F\xBF\xBF\"]"),
        TEXT("[\"\xF4\x90\x80\x80\"]"),
        TEXT("[\"\xF5\x80\x80\x80\"]"),
        TEXT("[\"\xE2\x82\"]"),
        TEXT("[\"\xE2\x28\xA1\"]"),
        TEXT("[\"\xF0\x9F\x98"),
        TEXT("['a']"),
        TEXT("[a]"),
        TEXT("{\"a\"}"),
        TEXT("{\"a\":}"),
        TEXT("{\"a\" 1}"),
        TEXT("{\"a\",1}"),
        TEXT("{\"a\"::1}"),
        TEXT("{:1}"),
        TEXT("{1:1}"),
        TEXT("{a:1}"),
        TEXT("{null:1}"),
        TEXT("{\"a\":1,}"),
        TEXT("{,\"a\":1}"),
        TEXT("{\"a\":1,,\"b\":2}"),
        TEXT("{\"a\":1 \"b\":2}"),
        TEXT("{\"a\":1]"),
        TEXT("[1}"),
        TEXT("{\"a\":1}}"),
        TEXT("{\"a\":1}#"),
        TEXT("{\"a\":1}//"),
        TEXT("{\"a\":/**/1}"),
        TEXT("[1]\f"),
        TEXT("[\v1]"),
        TEXT("[\xE2\x81\xA0]"),
        TEXT("[\xC2\xA0]"),
        TEXT("[1]\0"),
        TEXT("\0"),
        TEXT("{\"a\":1,\"a\":1}"),
        TEXT("{\"a\":1,\"\\u0061\":2}"),
        TEXT("{\"a\":{\"b\":1,\"b\":2}}"),
        TEXT("1 2"),
        TEXT("nullnull"),
        TEXT("[1][2]"),
        TEXT("{\"1\":1,\"2\":1,\"3\":1,\"4\":1,\"5\":1,\"6\":1,\"7\":1,"
             "\"8\":1,\"9\":1,\"a\":1,\"b\":1,\"c\":1,\"d\":1,"
             "\"4\":2}"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        (void)parse(bad[i].s, bad[i].n, EDGEL_EFORMAT);
    assert_int_equal(edgel_alloc_live(), 0);
}

static void depth_is_bounded(void **state)
{
    (void)state;
    enum { MOST = EDGEL_JSON_DEPTH };
    char text[2 * (MOST + 1)];
    memset(text, '[', MOST + 1);
    memset(text + MOST + 1, ']', MOST + 1);
    struct edgel_json *j = parse(text + 1, 2 * MOST, EDGEL_OK);
    const struct edgel_json *v = j;
    for (int depth = 1; depth < MOST; depth++)
        assert_non_null(v = edgel_json_at(v, 0));
    assert_int_equal(edgel_json_count(v), 0);
    assert_true(edgel_json_is_array(v));
    edgel_json_finish(j);
    (void)parse(text, sizeof text, EDGEL_EFORMAT);
    memset(text, '[', sizeof text);
    (void)parse(text, sizeof text, EDGEL_EFORMAT);
}

static void members_come_in_order(void **state)
{
    (void)state;
    static const char text[] = "{\"b\":1,\"a\":[2],\"c\":{},\"long key of more than sixteen bytes\":-7}";
    struct edgel_json *j = parse(text, sizeof text - 1, EDGEL_OK);
    const char *key, *const keys[] = { "b", "a", "c", "long key of more than sixteen bytes" };
    int64_t i;
    assert_true(edgel_json_is_object(j));
    assert_int_equal(edgel_json_members(j), 4);
    for (size_t k = 0; k < 4; k++) {
        const struct edgel_json *v = edgel_json_member(j, k, &key);
        assert_string_equal(key, keys[k]);
        assert_ptr_equal(v, edgel_json_get(j, key));
    }
    assert_true(edgel_json_int(edgel_json_get(j, keys[3]), &i));
    assert_int_equal(i, -7);
    assert_null(edgel_json_member(j, 4, &key));
    assert_null(edgel_json_member(edgel_json_get(j, "a"), 0, &key));
    assert_null(edgel_json_member(edgel_json_get(j, "c"), 0, &key));
    assert_null(edgel_json_member(NULL, 0, &key));
    assert_null(edgel_json_get(j, "d"));
    assert_false(edgel_json_is_object(edgel_json_get(j, "a")));
    edgel_json_finish(j);
}

static void strings_are_decoded(void **state)
{
    (void)state;
    static const char text[] =
        "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\",\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00\",\"\\udcffx\\udc80\",\"\xC3\xA9\","
        "\"0123456789abcde\",\"0123456789abcdef\",\"\"]";
    static const char *const expected[] = { "\"\\/\b\f\n\r\t",
                                            "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80",
                                            "\xFFx\x80",
                                            "\xC3\xA9",
                                            "0123456789abcde",
                                            "0123456789abcdef",
                                            "" };
    struct edgel_json *j = parse(text, sizeof text - 1, EDGEL_OK);
    assert_int_equal(edgel_json_count(j), 7);
    for (size_t i = 0; i < 7; i++) {
        assert_string_equal(edgel_json_string(edgel_json_at(j, i)), expected[i]);
        char *copy = edgel_json_strdup(edgel_json_at(j, i));
        assert_string_equal(copy, expected[i]);
        edgel_free(copy);
    }
    assert_null(edgel_json_at(j, 7));
    assert_null(edgel_json_string(j));
    edgel_json_finish(j);
}

static void numbers_are_exact(void **state)
{
    (void)state;
    static const char *const reals[] = { "0.1",
                                         "1e22",
                                         "1e23",
                                         "123456789012345678",
                                         "0.000123456789012345",
                                         "4.9e-324",
                                         "2.2250738585072011e-308",
                                         "1.7976931348623157e308",
                                         "9007199254740993.0",
                                         "1.00000000000000011102230246251565404236316680908203125",
                                         "-0.0",
                                         "1e-22",
                                         "8.5e-23",
                                         "100000000000000000000000000000000000000e-38",
                                         "0e999",
                                         "0.5E+1",
                                         "3.14159265358979323846",
                                         "999999999999999e22",
                                         "9.99999999999999e-9",
                                         "0.0000000000000000000000000000001e31" };
    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++) {
        double v, expected = strtod(reals[i], NULL);
        struct edgel_json *j = parse(reals[i], strlen(reals[i]), EDGEL_OK);
        assert_true(edgel_json_real(j, &v));
        assert_memory_equal(&v, &expected, sizeof v);
        edgel_json_finish(j);
    }
    static const struct {
        const char *text;
        bool whole;
        int64_t v;
    } ints[] = { { "0", true, 0 },
                 { "-0", true, 0 },
                 { "9223372036854775807", true, INT64_MAX },
                 { "-9223372036854775808", true, INT64_MIN },
                 { "9223372036854775808", false, 0 },
                 { "-9223372036854775809", false, 0 },
                 { "1.0", false, 0 },
                 { "1e2", false, 0 } };
    for (size_t i = 0; i < sizeof ints / sizeof *ints; i++) {
        int64_t v = 0;
        double d;
        struct edgel_json *j = parse(ints[i].text, strlen(ints[i].text), EDGEL_OK);
        assert_int_equal(edgel_json_int(j, &v), ints[i].whole);
        assert_true(v == ints[i].v);
        assert_true(edgel_json_real(j, &d) && d == strtod(ints[i].text, NULL));
        edgel_json_finish(j);
    }
}

/* Random decimals against the C library, which rounds correctly. */
static void random_numbers_are_exact(void **state)
{
    (void)state;
    struct edgel_rng r = edgel_rng_seed(seed, 2, 0, 0);
    for (int i = 0; i < 20000; i++) {
        char text[64];
        int n = snprintf(text, sizeof text, "%s%llu", edgel_rng_below(&r, 2) ? "-" : "",
                         (unsigned long long)(edgel_rng_next(&r) >> edgel_rng_below(&r, 64)));
        if (edgel_rng_below(&r, 2))
            n += snprintf(text + n, sizeof text - (size_t)n, ".%0*llu", (int)edgel_rng_below(&r, 8) + 1,
                          (unsigned long long)edgel_rng_below(&r, 99999999));
        snprintf(text + n, sizeof text - (size_t)n, "e%d", (int)edgel_rng_below(&r, 80) - 40);
        double v, expected = strtod(text, NULL);
        struct edgel_json *j = parse(text, strlen(text), EDGEL_OK);
        assert_true(edgel_json_real(j, &v));
        if (memcmp(&v, &expected, sizeof v) != 0)
            fail_msg("%s: %.17g, not %.17g", text, v, expected);
        edgel_json_finish(j);
    }
}

static void failures_name_the_place(void **state)
{
    (void)state;
    struct edgel_json *j;
    struct edgel_error err = { 0 };
    assert_int_equal(edgel_json_parse("{\"a\":01}", 8, "f.json", &j, &err), EDGEL_EFORMAT);
    assert_string_equal(err.msg, "f.json: not valid JSON: a number with a leading zero at column 8");
    err = (struct edgel_error){ 0 };
    assert_int_equal(edgel_json_parse("{\n \"a\":\n  x}", 12, "f.json", &j, &err), EDGEL_EFORMAT);
    assert_string_equal(err.msg, "f.json: not valid JSON: no value at line 3, column 3");
}

static void memory_that_ends_is_said_so(void **state)
{
    (void)state;
    static const char text[] =
        "{\"a\":[1,2.5,\"a longer string than a slot\",[],{}],\"b\":null,\"c\":1,\"d\":1,\"e\":1,\"f\":1,"
        "\"g\":1,\"h\":1,\"i\":1,\"j\":1,\"k\":1,\"l\":1,\"m\":1,\"n\":1,\"o\":[[[[1,2,3,4,5,6,7,8,9]]]]}";
    enum edgel_status status = EDGEL_ENOMEM;
    long n = 0;
    for (; status != EDGEL_OK; n++) {
        struct edgel_json *j;
        struct edgel_error err = { 0 };
        edgel_alloc_fail_after(n);
        status = edgel_json_parse(text, sizeof text - 1, "t", &j, &err);
        edgel_alloc_fail_after(-1);
        assert_true(status == EDGEL_OK || (status == EDGEL_ENOMEM && !j && err.code == EDGEL_ENOMEM));
        edgel_json_finish(j);
        assert_int_equal(edgel_alloc_live(), 0);
    }
    assert_true(n > 4);
}

/* --- mutated documents --- */

/* Writes a value again as text: what was read must be read as the same once more. */
static void write_value(struct edgel_text *t, const struct edgel_json *v)
{
    int64_t i;
    double d;
    bool b;
    const char *key;
    if (edgel_json_is_null(v)) {
        edgel_text_str(t, "null");
    } else if (edgel_json_bool(v, &b)) {
        edgel_text_str(t, b ? "true" : "false");
    } else if (edgel_json_int(v, &i)) {
        edgel_text_printf(t, "%lld", (long long)i);
    } else if (edgel_json_real(v, &d)) {
        edgel_text_printf(t, "%a", d);
    } else if (edgel_json_is_string(v)) {
        edgel_text_json(t, edgel_json_string(v));
    } else if (edgel_json_is_array(v)) {
        edgel_text_str(t, "[");
        for (size_t k = 0; k < edgel_json_count(v); k++) {
            edgel_text_str(t, k ? "," : "");
            write_value(t, edgel_json_at(v, k));
        }
        edgel_text_str(t, "]");
    } else {
        assert_true(edgel_json_is_object(v));
        edgel_text_str(t, "{");
        for (size_t k = 0; k < edgel_json_members(v); k++) {
            const struct edgel_json *w = edgel_json_member(v, k, &key);
            edgel_text_str(t, k ? "," : "");
            edgel_text_json(t, key);
            edgel_text_str(t, ":");
            write_value(t, w);
        }
        edgel_text_str(t, "}");
    }
}

/* A cut, a copy, a swap, a flipped bit or a piece of grammar somewhere in the n bytes at s; returns the new length. */
static size_t mutate(struct edgel_rng *r, char *s, size_t n, size_t cap)
{
    static const char *const pieces[] = { "\"", "\\",        "{",   "}",       "[",       "]",
                                          ",",  ":",         "\\u", "\\udc80", "\\ud800", "-",
                                          "0",  "1e9",       ".",   "null",    "\xC3",    "\xE2\x82\xAC",
                                          "\t", "{\"a\":1}", "[[",  "1E400",   "\\n" };
    const size_t at = n ? (size_t)edgel_rng_below(r, n) : 0;
    switch (edgel_rng_below(r, 6)) {
    case 0: return at;
    case 1:
        if (n)
            s[at] = (char)(s[at] ^ (1 << edgel_rng_below(r, 8)));
        return n;
    case 2:
        if (n)
            memmove(s + at, s + at + 1, n - at - 1);
        return n ? n - 1 : 0;
    case 3:
        if (n)
            s[at] = s[edgel_rng_below(r, n)];
        return n;
    default: {
        const char *piece = pieces[edgel_rng_below(r, sizeof pieces / sizeof *pieces)];
        const size_t more = strlen(piece);
        if (n + more > cap)
            return n;
        memmove(s + at + more, s + at, n - at);
        memcpy(s + at, piece, more);
        return n + more;
    }
    }
}

static void mutants_are_refused_or_sound(void **state)
{
    (void)state;
    static const char *const seeds[] = {
        "{\"schema\":\"edgel.counts/1\",\"a\":[1,-2,3.5e-7,true,null],\"b\":{\"c\":\"\\u00e9\\ud83d\\ude00\\udc80\"}}",
        "[{\"image_id\":1,\"category_id\":2,\"segmentation\":{\"size\":[4,4],\"counts\":\"0:4\\\\2\"}},[],{},\"\"]",
        "{\"1\":1,\"2\":1,\"3\":1,\"4\":1,\"5\":1,\"6\":1,\"7\":1,"
        "\"8\":1,\"9\":1,\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":[[[[]]]]}",
    };
    struct edgel_rng r = edgel_rng_seed(seed, 1, 0, 0);
    long read = 0;
    for (long i = 0; i < mutants; i++) {
        char s[512];
        size_t n = strlen(seeds[i % 3]);
        memcpy(s, seeds[i % 3], n);
        for (uint64_t k = edgel_rng_below(&r, 4) + 1; k > 0; k--)
            n = mutate(&r, s, n, sizeof s);
        char *exact = malloc(n ? n : 1);
        memcpy(exact, s, n);
        struct edgel_json *j;
        enum edgel_status status = edgel_json_parse(exact, n, "t", &j, NULL);
        free(exact);
        assert_true(status == EDGEL_OK || status == EDGEL_EFORMAT);
        if (!j)
            continue;
        read++;
        struct edgel_text t = { 0 };
        write_value(&t, j);
        assert_false(t.failed);
        edgel_json_finish(j);
        edgel_text_finish(&t);
    }
    print_message("%ld of %ld mutants are valid\n", read, mutants);
    assert_true(read > mutants / 100 && read < mutants);
    assert_int_equal(edgel_alloc_live(), 0);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        mutants = atol(argv[1]);
    if (argc > 2)
        seed = (uint64_t)atoll(argv[2]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_grammar_allows_is_read),
        cmocka_unit_test(everything_else_is_refused),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(members_come_in_order),
        cmocka_unit_test(strings_are_decoded),
        cmocka_unit_test(numbers_are_exact),
        cmocka_unit_test(random_numbers_are_exact),
        cmocka_unit_test(failures_name_the_place),
        cmocka_unit_test(memory_that_ends_is_said_so),
        cmocka_unit_test(mutants_are_refused_or_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
