/* The table of methods: every row has all its parts, texts become methods and back, and one image goes through several
 * methods as each of them is run by itself. */
#include "filter_twin.h"
#include "methods.h"

/* --- rows --- */

static void every_row_has_all_its_parts(void **state)
{
    (void)state;
    assert_true(edgel_method_count() > 0);
    for (int i = 0; i < edgel_method_count(); i++) {
        const char *fault = edgel_method_row_fault(edgel_method_row_at(i));
        if (fault)
            fail_msg("%s: %s", edgel_method_at(i)->name, fault);
        for (int k = 0; k < i; k++)
            assert_string_not_equal(edgel_method_at(i)->name, edgel_method_at(k)->name);
    }
}

static enum edgel_status refuses_all(const struct edgel_method *m, struct edgel_error *err)
{
    return edgel_fail(err, EDGEL_EINVAL, "%s", m->info->name);
}

static enum edgel_result another_result(const struct edgel_method *m)
{
    return edgel_method_row_of(m)->info.results == EDGEL_RESULT_IMAGE ? EDGEL_RESULT_EDGES
                                                                      : EDGEL_RESULT_IMAGE;
}

/* A row that lacks one part is found out, whichever it is. */
static void a_row_without_a_part_is_found_out(void **state)
{
    (void)state;
    for (int i = 0; i < edgel_method_count(); i++)
        for (int part = 0; part < 18; part++) {
            struct edgel_method_row row = *edgel_method_row_at(i);
            struct edgel_param params[EDGEL_PARAMS_MAX];
            memcpy(params, row.info.params, (size_t)row.info.nparams * sizeof *params);
            row.info.params = params;
            assert_null(edgel_method_row_fault(&row));
            switch (part) {
            case 0: row.info.name = NULL; break;
            case 1: row.info.summary = ""; break;
            case 2: row.info.params = NULL; break;
            case 3: row.info.nparams = EDGEL_PARAMS_MAX + 1; break;
            case 4: row.info.results = 0; break;
            case 5: row.check = NULL; break;
            case 6: row.check = refuses_all; break;
            case 7: row.result = NULL; break;
            case 8: row.result = another_result; break;
            case 9: row.uses = NULL; break;
            case 10: row.context = NULL; break;
            case 11: row.streams = NULL; break;
            case 12: row.steps = NULL; break;
            case 13: row.scale = NULL; break;
            case 14: row.run = NULL; break;
            case 15: params[0].help = NULL; break;
            case 16: params[0].def = "fast"; break;
            case 17: params[row.info.nparams - 1].choices = NULL; break; /* of gray */
            }
            if (!edgel_method_row_fault(&row))
                fail_msg("%s: part %d is missing, and nobody says so", edgel_method_at(i)->name, part);
        }
}

/* A key means the same in every method; only its default differs. */
static void keys_have_one_meaning(void **state)
{
    (void)state;
    for (int i = 0; i < edgel_method_count(); i++)
        for (int k = 0; k < edgel_method_at(i)->nparams; k++)
            for (int j = 0; j < i; j++) {
                const struct edgel_param *p = &edgel_method_at(i)->params[k];
                const int at = edgel_param_index(edgel_method_at(j), p->key);
                const struct edgel_param *q = at < 0 ? p : &edgel_method_at(j)->params[at];
                assert_true(p->kind == q->kind && p->min == q->min && p->max == q->max);
                assert_string_equal(p->help, q->help);
                for (int c = 0; p->kind == EDGEL_PARAM_CHOICE && (p->choices[c] || q->choices[c]); c++)
                    assert_string_equal(p->choices[c], q->choices[c]);
            }
}

/* --- texts --- */

static void texts_become_methods_and_back(void **state)
{
    (void)state;
    static const char *const texts[] = { "canny",
                                         "canny:sigma=2,low=30,high=90",
                                         "canny:low=12.5%,high=auto,nms=interp,norm=l2",
                                         "canny:emit=strength,strength=linear,depth=32",
                                         "sobel:aperture=5,gray=channels",
                                         "gaussian:ksize=7,sigma=0,depth=16" };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct edgel_method m, again;
        assert_int_equal(edgel_method_parse(&m, texts[i], NULL, 0, NULL), EDGEL_OK);
        again = method_of(m.info->name);
        for (int k = 0; k < m.info->nparams; k++) {
            char text[64];
            edgel_method_text(&m, k, text, sizeof text);
            assert_int_equal(edgel_method_set(&again, m.info->params[k].key, text, NULL), EDGEL_OK);
            assert_memory_equal(&m.value[k], &again.value[k], sizeof m.value[k]);
        }
    }
    struct edgel_method m;
    assert_int_equal(edgel_method_parse(&m, "canny:sigma=2,low=30,high=60%", NULL, 0, NULL), EDGEL_OK);
    assert_true(edgel_param_real(&m, "sigma") == 2);
    assert_true(edgel_param_threshold(&m, "low").kind == EDGEL_THRESHOLD_VALUE);
    assert_true(edgel_param_threshold(&m, "low").value == 30);
    assert_true(edgel_param_threshold(&m, "high").kind == EDGEL_THRESHOLD_QUANTILE);
    assert_true(edgel_param_threshold(&m, "high").value == 60);
    assert_int_equal(edgel_method_depth(&m), 0);
    assert_int_equal(edgel_method_set(&m, "depth", "16", NULL), EDGEL_OK);
    assert_int_equal(edgel_method_depth(&m), 16);
    assert_int_equal(edgel_method_set(&m, "depth", "0", NULL), EDGEL_OK);
    assert_int_equal(edgel_method_depth(&m), 0);
    assert_int_equal(edgel_method_set(&m, "norm", "0", NULL), EDGEL_EINVAL); /* has a default */
}

static void plain_values_come_before_those_of_the_text(void **state)
{
    (void)state;
    static const struct edgel_param_text plain[] = { { "sigma", "3" }, { "low", "20" }, { "depth", "16" } };
    struct edgel_method m;
    assert_int_equal(edgel_method_parse(&m, "canny:sigma=1", plain, 3, NULL), EDGEL_OK);
    assert_true(edgel_param_real(&m, "sigma") == 1 && edgel_param_threshold(&m, "low").value == 20);
    assert_int_equal(edgel_method_depth(&m), 16);
    assert_int_equal(edgel_method_parse(&m, "scharr", plain, 3, NULL), EDGEL_OK); /* which has no low */
    assert_true(edgel_param_real(&m, "sigma") == 3);
}

static void bad_texts_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } bad[] = {
        { "cany", "unknown method 'cany'; did you mean canny? Known: gaussian, " },
        { "", "unknown method ''" },
        { "canny:sigma", "'sigma' is not key=value" },
        { "canny:sigma=2,", "'' is not key=value" },
        { "canny:sigm=2", "unknown parameter 'sigm'; did you mean sigma?" },
        { "canny:sigma=-1", "sigma" },
        { "canny:sigma=2x", "sigma" },
        { "canny:norm=l3", "norm l3: must be one of l1, l2" },
        { "canny:low=101%", "low quantile" },
        { "canny:depth=2", "depth 2: must be one of 1, 8, 16, 32" },
        { "canny:sigma=2,sigma=3", "sigma: given twice" },
        { "canny:sigma=2,low=3,sigma=2", "sigma: given twice" },
        { "canny:ksize=4", "ksize 4: must be 0, or odd and at most 8191" },
        { "canny:strength=linear", "canny does not use strength here" },
        { "canny:emit=strength,low=3", "canny does not use low here" },
        { "sobel:low=3", "sobel does not use low here" },
        { "sobel:depth=1", "depth 1: too little for sobel; only edge maps fit one bit" },
        { "canny:emit=strength,depth=1",
          "depth 1: too little for canny strength; only edge maps fit one bit" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct edgel_error err = { 0 };
        struct edgel_method m;
        assert_int_equal(edgel_method_parse(&m, bad[i].text, NULL, 0, &err), EDGEL_EINVAL);
        if (strncmp(err.msg, bad[i].message, strlen(bad[i].message)) != 0)
            fail_msg("%s: '%s' instead of '%s'", bad[i].text, err.msg, bad[i].message);
        assert_int_equal(edgel_method_parse(&m, bad[i].text, NULL, 0, NULL), EDGEL_EINVAL);
    }
    struct edgel_method m = { 0 };
    assert_int_equal(edgel_method_check(&m, NULL), EDGEL_EINVAL);
    edgel_alloc_fail_after(0);
    assert_int_equal(edgel_method_parse(&m, "canny", NULL, 0, NULL), EDGEL_ENOMEM);
    edgel_alloc_fail_after(-1);
    assert_int_equal(edgel_alloc_live(), 0);
}

static void numbers_are_values_too(void **state)
{
    (void)state;
    struct edgel_method m = method_of("canny"), before = m;
    assert_int_equal(edgel_method_set_number(&m, "sigma", NAN, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_method_set_number(&m, "sigma", 1001, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_method_set_number(&m, "ksize", 2.5, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_method_set_number(&m, "ksize", 9000, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_method_set_number(&m, "norm", 2, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_method_set_number(&m, "norm", -1, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_method_set_number(&m, "low", INFINITY, NULL), EDGEL_EINVAL);
    assert_int_equal(edgel_method_set_number(&m, "neighbours of", 1, NULL), EDGEL_EINVAL);
    assert_memory_equal(&m, &before, sizeof m);
    assert_int_equal(edgel_method_set_number(&m, "norm", 1, NULL), EDGEL_OK);
    assert_int_equal(edgel_method_set_number(&m, "depth", 3, NULL), EDGEL_OK);
    assert_int_equal(edgel_method_depth(&m), 32);
    assert_int_equal(edgel_method_set_number(&m, "depth", -1, NULL), EDGEL_OK); /* not set */
    assert_int_equal(edgel_method_depth(&m), 0);
}

/* --- ranges of numbers --- */

static void ranges_are_methods(void **state)
{
    static const struct {
        const char *text;
        size_t n;
        const char *texts[7], *labels[7];
    } some[] = {
        { "canny", 1, { "canny" }, { "canny" } },
        { "canny:low=7", 1, { "canny:low=7" }, { "canny" } },
        { "canny:low=20..45/10,sigma=2",
          3,
          { "canny:low=20,sigma=2", "canny:low=30,sigma=2", "canny:low=40,sigma=2" },
          { "canny-low=20", "canny-low=30", "canny-low=40" } },
        { "x:a=0.1..0.3/0.1,b=5%..6%/1%",
          6,
          { "x:a=0.1,b=5%", "x:a=0.1,b=6%", "x:a=0.2,b=5%", "x:a=0.2,b=6%", "x:a=0.3,b=5%", "x:a=0.3,b=6%" },
          { "x-a=0.1,b=5%", "x-a=0.1,b=6%", "x-a=0.2,b=5%", "x-a=0.2,b=6%", "x-a=0.3,b=5%",
            "x-a=0.3,b=6%" } },
        { "c:a=-2..-2/1", 1, { "c:a=-2" }, { "c-a=-2" } },
    };
    static const char *const bad[] = { "canny:low=1..2",       "canny:low=../",
                                       "canny:low=1..2/0",     "canny:low=2..1/1",
                                       "canny:low=1..2%/1",    "canny:low=1..x/1",
                                       "canny:low=1..1001/1,", "c:a=0..31/1,b=0..31/1",
                                       "c:a=0..1e9/1e-9",      "c:a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q" };
    (void)state;
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        struct edgel_method_sweep s;
        assert_int_equal(edgel_method_sweep_parse(some[i].text, &s, NULL), EDGEL_OK);
        assert_int_equal(s.n, some[i].n);
        for (size_t k = 0; k < s.n; k++) {
            assert_string_equal(s.texts[k], some[i].texts[k]);
            assert_string_equal(s.labels[k], some[i].labels[k]);
        }
        edgel_method_sweep_finish(&s);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct edgel_method_sweep s;
        struct edgel_error err = { 0 };
        if (edgel_method_sweep_parse(bad[i], &s, &err) != EDGEL_EINVAL || s.texts || !err.msg[0])
            fail_msg("%s: taken", bad[i]);
    }
    enum edgel_status st = EDGEL_ENOMEM;
    for (long n = 0; st != EDGEL_OK && n < 100; n++) {
        struct edgel_method_sweep s;
        edgel_alloc_fail_after(n);
        st = edgel_method_sweep_parse(some[3].text, &s, NULL);
        edgel_alloc_fail_after(-1);
        assert_true(st == EDGEL_OK || (st == EDGEL_ENOMEM && !s.texts));
        edgel_method_sweep_finish(&s);
        assert_int_equal(edgel_alloc_live(), 0);
    }
    assert_int_equal(st, EDGEL_OK);
}

/* --- one image, several methods --- */

enum { METHODS = 5 };

struct gallery {
    struct edgel_image gray, color;
    int asked[2], passes[2];
    struct edgel_image results[METHODS];
    int rows[METHODS], fail_at; /* method whose result is refused; -1: none */
    bool deepen;                /* fit asks for 16 bits */
    struct edgel_edge_map maps[METHODS];
};

static enum edgel_status pixels_of(void *user, bool color, struct edgel_view *out, struct edgel_error *err)
{
    struct gallery *g = user;
    (void)err;
    g->asked[color]++;
    *out = edgel_image_view(color ? &g->color : &g->gray);
    return EDGEL_OK;
}

static enum edgel_status rows_of(void *user, bool color, const struct edgel_row_sink *sink,
                                 struct edgel_error *err)
{
    struct gallery *g = user;
    const struct edgel_image *img = color ? &g->color : &g->gray;
    g->passes[color]++;
    EDGEL_TRY(sink->begin(sink->user,
                          (struct edgel_view){ NULL, img->w, img->h, img->channels, img->type, 0 }, err));
    for (int y = 0; y < img->h; y++)
        EDGEL_TRY(sink->row(sink->user, (const char *)img->data + y * img->stride, err));
    return EDGEL_OK;
}

static void fit(void *user, size_t m, enum edgel_type type, struct edgel_method *method)
{
    const struct gallery *g = user;
    (void)m;
    if (g->deepen && type == EDGEL_U8)
        ask(method, "depth", "16");
}

static enum edgel_status begin(void *user, size_t m, struct edgel_view shape, int bits,
                               struct edgel_error *err)
{
    struct gallery *g = user;
    if ((int)m == g->fail_at)
        return edgel_fail(err, EDGEL_EIO, "no room for %zu", m);
    assert_int_equal(bits, shape.type == EDGEL_U1 ? 1 : 8 * (int)edgel_type_size(shape.type));
    g->rows[m] = 0;
    return edgel_image_init(&g->results[m], shape.w, shape.h, shape.channels, shape.type, err);
}

static enum edgel_status row(void *user, size_t m, const void *from, struct edgel_error *err)
{
    struct gallery *g = user;
    const struct edgel_image *img = &g->results[m];
    const size_t n = (size_t)img->w * (size_t)img->channels;
    (void)err;
    memcpy((char *)img->data + g->rows[m]++ * img->stride, from,
           img->type == EDGEL_U1 ? (n + 7) / 8 : n * edgel_type_size(img->type));
    return EDGEL_OK;
}

static enum edgel_status result(void *user, size_t m, struct edgel_view v, int bits, struct edgel_error *err)
{
    EDGEL_TRY(begin(user, m, v, bits, err));
    for (int y = 0; y < v.h; y++)
        EDGEL_TRY(row(user, m, (const char *)v.data + y * v.stride, err));
    return EDGEL_OK;
}

static void edges(void *user, size_t m, const struct edgel_edge_map *map)
{
    struct gallery *g = user;
    g->maps[m] = *map;
}

static struct edgel_detect_io io_of(struct gallery *g)
{
    return (struct edgel_detect_io){ g, "photo", pixels_of, rows_of, fit, result, begin, row, edges };
}

static struct gallery gallery_of(enum edgel_type type)
{
    return (struct gallery){ .gray = random_image(70, 50, 1, type, 3),
                             .color = random_image(70, 50, 3, type, 3),
                             .fail_at = -1 };
}

static void gallery_finish(struct gallery *g)
{
    edgel_image_finish(&g->gray);
    edgel_image_finish(&g->color);
    for (int m = 0; m < METHODS; m++)
        edgel_image_finish(&g->results[m]);
}

static void list_of(struct edgel_method *methods)
{
    static const char *const texts[METHODS] = { "canny:gray=luma", "sobel:gray=channels",
                                                "gaussian:gray=channels", "scharr", "canny:emit=strength" };
    for (int m = 0; m < METHODS; m++)
        assert_int_equal(edgel_method_parse(&methods[m], texts[m], NULL, 0, NULL), EDGEL_OK);
    methods[3].info = NULL;
}

/* How many edges there are, and the thresholds, which list_of() leaves as they are by default; nothing of others. */
static void check_edges(const struct edgel_edge_map *map, const struct edgel_image *result,
                        enum edgel_result kind)
{
    const struct edgel_method canny = method_of("canny");
    uint64_t edges = 0;
    if (kind != EDGEL_RESULT_EDGES) {
        assert_int_equal(map->pixels, 0);
        return;
    }
    for (int y = 0; y < result->h; y++)
        for (int x = 0; x < result->w; x++)
            edges += get(result, x, y, 0) > 0;
    assert_int_equal(map->edges, edges);
    assert_int_equal(map->pixels, 70 * 50);
    assert_true(edges > 0 && map->low == edgel_param_threshold(&canny, "low").value &&
                map->high == edgel_param_threshold(&canny, "high").value);
}

/* In memory and by rows, each result is what its method gives by itself. */
static void methods_share_one_image(void **state)
{
    static const enum edgel_type types[] = { EDGEL_U8, EDGEL_U16, EDGEL_F32 };
    struct edgel_method methods[METHODS];
    struct edgel_detector *d;
    (void)state;
    list_of(methods);
    assert_int_equal(edgel_detector_create(2, &d, NULL), EDGEL_OK);
    for (int i = 0; i < 12; i++) {
        struct gallery g = gallery_of(types[i % 3]);
        const struct edgel_detect_io io = io_of(&g);
        g.deepen = i / 6;
        if (i / 3 % 2) {
            assert_int_equal(edgel_detect_rows(methods, METHODS, &io, NULL), EDGEL_OK);
            assert_true(g.passes[0] == 1 && g.passes[1] == 1);
        } else {
            assert_int_equal(edgel_detector_run(d, methods, METHODS, &io, NULL), EDGEL_OK);
            assert_true(g.asked[0] == 1 && g.asked[1] == 1);
        }
        for (size_t m = 0; m < METHODS; m++) {
            struct edgel_method one = methods[m];
            struct edgel_image want = { 0 };
            if (!one.info) {
                assert_null(g.results[m].data);
                continue;
            }
            const struct edgel_image *in = edgel_method_takes_color(&one) ? &g.color : &g.gray;
            fit(&g, m, in->type, &one);
            assert_int_equal(edgel_method_run(NULL, edgel_image_view(in), &one, &want, NULL, NULL), EDGEL_OK);
            assert_same_image(&g.results[m], &want);
            assert_int_equal(g.rows[m], 50);
            check_edges(&g.maps[m], &want, edgel_method_result(&one));
            edgel_image_finish(&want);
        }
        gallery_finish(&g);
    }
    edgel_detector_destroy(&d);
    edgel_detector_destroy(&d);
    assert_int_equal(edgel_alloc_live(), 0);
}

static void failures_name_the_image_and_the_method(void **state)
{
    struct edgel_method methods[METHODS];
    struct edgel_detector *d;
    struct gallery g = gallery_of(EDGEL_U8);
    struct edgel_detect_io io = io_of(&g);
    struct edgel_error err = { 0 };
    (void)state;
    list_of(methods);
    assert_int_equal(edgel_detector_create(-1, &d, NULL), EDGEL_EINVAL);
    assert_null(d);
    assert_int_equal(edgel_detector_create(1, &d, NULL), EDGEL_OK);
    g.fail_at = 2; /* the text of a callback stays as it is */
    assert_int_equal(edgel_detector_run(d, methods, METHODS, &io, &err), EDGEL_EIO);
    assert_string_equal(err.msg, "no room for 2");
    edgel_error_clear(&err);
    assert_int_equal(edgel_detect_rows(methods, METHODS, &io, &err), EDGEL_EIO);
    assert_string_equal(err.msg, "no room for 2");
    g.fail_at = -1;
    g.gray.channels = 2; /* no method but gaussian takes them */
    g.gray.w /= 2;
    edgel_error_clear(&err);
    assert_int_equal(edgel_detector_run(d, methods, METHODS, &io, &err), EDGEL_EINVAL);
    assert_string_equal(
        err.msg, "photo: canny: canny: input with 2 channels: must have 1, or 3 with channels asked for");
    edgel_error_clear(&err);
    assert_int_equal(edgel_detect_rows(methods, METHODS, &io, &err), EDGEL_EINVAL);
    assert_string_equal(
        err.msg, "photo: canny: canny: input with 2 channels: must have 1, or 3 with channels asked for");
    g.gray.channels = 1;
    ask(&methods[0], "high", "auto");
    assert_false(edgel_methods_stream(methods, METHODS));
    assert_int_equal(edgel_detect_rows(methods, METHODS, &io, NULL), EDGEL_EUNSUPPORTED);
    edgel_detector_destroy(&d);
    gallery_finish(&g);
}

static void memory_may_run_out_anywhere(void **state)
{
    struct edgel_method methods[METHODS];
    struct gallery g = gallery_of(EDGEL_U8);
    const struct edgel_detect_io io = io_of(&g);
    const long live = edgel_alloc_live();
    (void)state;
    list_of(methods);
    for (int by_rows = 0; by_rows < 2; by_rows++) {
        enum edgel_status st = EDGEL_ENOMEM;
        for (long n = 0; st != EDGEL_OK; n++) {
            struct edgel_detector *d = NULL;
            assert_true(n < 1000);
            edgel_alloc_fail_after(n);
            st = edgel_detector_create(1, &d, NULL);
            if (st == EDGEL_OK)
                st = by_rows ? edgel_detect_rows(methods, METHODS, &io, NULL)
                             : edgel_detector_run(d, methods, METHODS, &io, NULL);
            edgel_alloc_fail_after(-1);
            assert_true(st == EDGEL_OK || st == EDGEL_ENOMEM);
            edgel_detector_destroy(&d);
            for (int m = 0; m < METHODS; m++)
                edgel_image_finish(&g.results[m]);
            assert_int_equal(edgel_alloc_live(), live);
        }
    }
    gallery_finish(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_has_all_its_parts),
        cmocka_unit_test(a_row_without_a_part_is_found_out),
        cmocka_unit_test(keys_have_one_meaning),
        cmocka_unit_test(texts_become_methods_and_back),
        cmocka_unit_test(plain_values_come_before_those_of_the_text),
        cmocka_unit_test(bad_texts_are_refused),
        cmocka_unit_test(numbers_are_values_too),
        cmocka_unit_test(ranges_are_methods),
        cmocka_unit_test(methods_share_one_image),
        cmocka_unit_test(failures_name_the_image_and_the_method),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
