/* Documents element by element: the same values as from the whole text, whatever the window; the same refusals; places
 * that can be read again. */
#define _XOPEN_SOURCE 700 /* nftw */
#include "core/core_priv.h"
#include "random.h"
#include "tree.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static uint64_t state_of = 7;
static unsigned rnd(unsigned n)
{
    return random_below(&state_of, n);
}

static bool same(const struct edgel_json *a, const struct edgel_json *b)
{
    int64_t i, k;
    double x, y;
    bool p, q;
    if (edgel_json_is_array(a)) {
        bool fine = edgel_json_is_array(b) && edgel_json_count(a) == edgel_json_count(b);
        for (size_t n = 0; fine && n < edgel_json_count(a); n++)
            fine = same(edgel_json_at(a, n), edgel_json_at(b, n));
        return fine;
    }
    if (edgel_json_is_object(a)) {
        bool fine = edgel_json_members(a) == edgel_json_members(b);
        for (size_t n = 0; fine && n < edgel_json_members(a); n++) {
            const char *ka = NULL, *kb = NULL;
            fine = same(edgel_json_member(a, n, &ka), edgel_json_member(b, n, &kb)) && strcmp(ka, kb) == 0;
        }
        return fine;
    }
    if (edgel_json_is_string(a))
        return edgel_json_is_string(b) && strcmp(edgel_json_string(a), edgel_json_string(b)) == 0;
    if (edgel_json_int(a, &i))
        return edgel_json_int(b, &k) && i == k;
    if (edgel_json_real(a, &x))
        return edgel_json_real(b, &y) && x == y;
    if (edgel_json_bool(a, &p))
        return edgel_json_bool(b, &q) && p == q;
    return edgel_json_is_null(a) && edgel_json_is_null(b);
}

/* One element of a list, often of a length that lets tokens meet the ends of windows. */
static void add_element(struct edgel_text *t)
{
    static const char *const tokens[] = { "true",
                                          "false",
                                          "null",
                                          "-12345678901",
                                          "0.1e-7",
                                          "\"\\ud83d\\ude00\\u00e9\"",
                                          "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"",
                                          "[]",
                                          "{}",
                                          "\"\\udc80\\\\\"",
                                          "[[1,{\"a\":[null]}],\"x\"]" };
    const size_t n = sizeof tokens / sizeof *tokens;
    if (rnd(4) > 0) {
        edgel_text_str(t, tokens[rnd((unsigned)n)]);
        return;
    }
    edgel_text_str(t, "{\"counts\":[");
    for (unsigned k = 0, most = rnd(40) == 0 ? 60000 : rnd(600); k <= most; k++)
        edgel_text_printf(t, "%s%u", k ? "," : "", rnd(100000));
    edgel_text_str(t, "],\"s\":\"");
    for (unsigned k = 0, most = rnd(300); k < most; k++)
        edgel_text_str(t, rnd(9) ? "\xe2\x82\xac" : "\\ud83d\\ude00");
    edgel_text_str(t, "\"}");
}

static void put_text(const char *path, const char *s, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_true(f && fwrite(s, 1, n, f) == n && fclose(f) == 0);
}

/* Reads a list of the file, compares it with the tree, and then reads each place again. */
static void compare(const struct edgel_document *d, const struct edgel_json *tree)
{
    struct edgel_error err = { 0 };
    struct edgel_json_stream s;
    struct edgel_json_scratch scratch = { 0 };
    const size_t n = edgel_json_count(tree);
    struct edgel_json_place *places = malloc((n + 1) * sizeof *places);
    size_t i = 0;
    edgel_json_stream_begin(&s, d, &err);
    assert_true(edgel_json_stream_char(&s, '['));
    do
        assert_true(i < n && same(edgel_json_stream_take(&s, &places[i]), edgel_json_at(tree, i)));
    while (i++, edgel_json_stream_more(&s, ']'));
    assert_int_equal(edgel_json_stream_end(&s), EDGEL_OK);
    assert_int_equal(i, n);
    edgel_json_stream_finish(&s);
    while (i-- > 0) {
        const struct edgel_json *v;
        assert_int_equal(edgel_json_again(d, places[i], &scratch, &v, &err), EDGEL_OK);
        assert_true(same(v, edgel_json_at(tree, i)));
    }
    edgel_json_scratch_finish(&scratch);
    free(places);
}

static void streams_are_what_the_text_is(void **state)
{
    (void)state;
    for (int round = 0; round < 6; round++) {
        struct edgel_text t = { 0 };
        struct edgel_json *tree;
        struct edgel_document file, text;
        edgel_text_str(&t, "[");
        for (int i = 0; i < 3000; i++) {
            edgel_text_str(&t, i ? (rnd(2) ? "," : " ,\n ") : "");
            add_element(&t);
        }
        edgel_text_str(&t, " ] \n");
        assert_int_equal(edgel_json_parse(t.s, t.len, "t", &tree, NULL), EDGEL_OK);
        put_text("t.json", t.s, t.len);
        text = (struct edgel_document){ .name = "t", .text = t.s, .fd = -1, .size = t.len };
        assert_int_equal(edgel_document_open("t.json", &file, NULL), EDGEL_OK);
        compare(&text, tree);
        compare(&file, tree);
        edgel_document_close(&file);
        edgel_json_finish(tree);
        edgel_text_finish(&t);
    }
}

/* What is refused, and where; a fault behind several windows as well. */
static void refusals_name_the_place(void **state)
{
    static const struct {
        const char *tail, *rule;
    } cases[] = { { "[tru]", "no value" },
                  { "[1,]", "no value" },
                  { "[1 2]", "no comma or end of an array" },
                  { "[\"\\u12\"]", "\\u without" },
                  { "[\"\xff\"]", "not UTF-8" },
                  { "[01]", "leading zero" },
                  { "[\"a", "without its end" },
                  { "[1", "no comma or end" },
                  { "[{\"a\":1,\"a\":2}]", "stands twice" },
                  { "[1] x", "text after the value" } };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int lines = 0; lines < 2; lines++) {
            struct edgel_text t = { 0 };
            struct edgel_error whole = { 0 }, err = { 0 };
            struct edgel_json *tree;
            struct edgel_json_stream s;
            struct edgel_json_place place;
            struct edgel_document file;
            for (int k = 0; k < lines * 300000; k++)
                edgel_text_str(&t, k % 70 == 69 ? "\n" : " ");
            edgel_text_str(&t, cases[i].tail);
            put_text("t.json", t.s, t.len);
            assert_int_equal(edgel_json_parse(t.s, t.len, "t.json", &tree, &whole), EDGEL_EFORMAT);
            assert_int_equal(edgel_document_open("t.json", &file, NULL), EDGEL_OK);
            edgel_json_stream_begin(&s, &file, &err);
            assert_true(edgel_json_stream_char(&s, '['));
            do
                (void)edgel_json_stream_take(&s, &place);
            while (edgel_json_stream_more(&s, ']'));
            assert_int_equal(edgel_json_stream_end(&s), EDGEL_EFORMAT);
            if (!strstr(err.msg, cases[i].rule) || (i > 0 && strcmp(err.msg, whole.msg) != 0))
                fail_msg("'%s' instead of '%s'", err.msg, whole.msg);
            edgel_json_stream_finish(&s);
            edgel_document_close(&file);
            edgel_text_finish(&t);
        }
}

static void elements_and_files_are_bounded(void **state)
{
    struct edgel_document file;
    struct edgel_error err = { 0 };
    struct edgel_json_stream s;
    struct edgel_json_place place = { 0 };
    struct edgel_json_scratch scratch = { 0 };
    const struct edgel_json *v;
    (void)state;
    tree_put("t.json", "[\"");
    FILE *f = fopen("t.json", "ab");
    for (int i = 0; i < 9 << 20; i++)
        fputc('a', f);
    fputs("\"]", f);
    fclose(f);
    assert_int_equal(edgel_document_open("t.json", &file, NULL), EDGEL_OK);
    edgel_json_stream_begin(&s, &file, &err);
    assert_true(edgel_json_stream_char(&s, '['));
    assert_null(edgel_json_stream_take(&s, &place));
    assert_int_equal(edgel_json_stream_end(&s), EDGEL_ELIMIT);
    assert_string_equal(err.msg, "t.json: an element of more than 8388608 bytes");
    edgel_json_stream_finish(&s);
    assert_int_equal(truncate("t.json", 3), 0);
    edgel_error_clear(&err);
    place = (struct edgel_json_place){ 1, 100 };
    assert_int_equal(edgel_json_again(&file, place, &scratch, &v, &err), EDGEL_EFORMAT);
    assert_string_equal(err.msg, "t.json: was changed while it was read");
    edgel_json_scratch_finish(&scratch);
    edgel_document_close(&file);
    assert_int_equal(edgel_document_open("none", &file, NULL), EDGEL_EIO);
    assert_int_equal(edgel_document_open(".", &file, &err), EDGEL_EIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = { TREE_TEST(streams_are_what_the_text_is),
                                        TREE_TEST(refusals_name_the_place),
                                        TREE_TEST(elements_and_files_are_bounded) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
