/* MAT files made at random from what the format knows, most of them damaged on the way: read or refused, and nothing
 * else.
 *
 *     mat_mutants [COUNT [SEED]]
 *
 * One in eight is left whole, and must give the values that were put into it: all three variables, every numeric class,
 * every type that holds its values, both byte orders, compressed or not, other variables around. The others are damaged
 * where a writer writes: types, sizes, small elements, dimensions, classes, names, fields, nesting; then bits, lost and
 * doubled blocks, cut ends, before and after compression, which is made anew over damaged bytes. Under sanitizers this
 * is the fuzzer of the reader. Exit code 0: all as it should be. */
#include "core/core_priv.h"
#include "edgel/image.h"
#include "random.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

enum { MAPS = 4, SIDE = 9, VALUES = SIDE * SIDE };

static uint64_t state;

static uint32_t dice(uint32_t n) /* 0..n-1 */
{
    return random_below(&state, n);
}

static void fail(const char *what, uint64_t round, const char *detail)
{
    fprintf(stderr, "mat_mutants: file %" PRIu64 ": %s: %s\n", round, what, detail);
    exit(1);
}

/* --- bytes --- */

struct bytes {
    unsigned char v[1 << 16];
    size_t n;
};

struct writer {
    struct bytes *b;
    bool big;
    uint32_t damage; /* one in so many numbers is damaged; 0: none */
};

static bool damaged(const struct writer *w)
{
    return w->damage && dice(w->damage) == 0;
}

static uint32_t odd_number(uint32_t v)
{
    static const uint32_t numbers[] = { 0,
                                        1,
                                        2,
                                        3,
                                        4,
                                        7,
                                        8,
                                        9,
                                        15,
                                        16,
                                        32,
                                        33,
                                        63,
                                        64,
                                        65,
                                        255,
                                        256,
                                        16384,
                                        16385,
                                        65535,
                                        1,
                                        1e6,
                                        1e9,
                                        1 << 20,
                                        1 << 28,
                                        1 << 30,
                                        INT32_MAX,
                                        1u << 31,
                                        UINT32_MAX - 7,
                                        UINT32_MAX };
    switch (dice(4)) {
    case 0: return v + 1 - 2 * dice(2);
    case 1: return v + 8 - 16 * dice(2);
    case 2: return v ^ 1u << dice(32);
    default: return numbers[dice(sizeof numbers / sizeof *numbers)];
    }
}

static void put(struct writer *w, const void *v, size_t n)
{
    if (w->b->n + n > sizeof w->b->v)
        n = sizeof w->b->v - w->b->n;
    memcpy(w->b->v + w->b->n, v, n);
    w->b->n += n;
}

/* An unsigned number of size bytes in the file's order. */
static void put_number(struct writer *w, uint64_t v, size_t size)
{
    unsigned char b[8];
    for (size_t i = 0; i < size; i++)
        b[w->big ? size - 1 - i : i] = (unsigned char)(v >> 8 * i);
    put(w, b, size);
}

static void put_u32(struct writer *w, uint32_t v)
{
    put_number(w, damaged(w) ? odd_number(v) : v, 4);
}

static void set_u32(struct writer *w, size_t at, uint32_t v)
{
    const size_t n = w->b->n;
    if (at + 4 > n)
        return;
    w->b->n = at;
    put_u32(w, v);
    w->b->n = n;
}

/* --- elements --- */

/* The tag of n bytes, and where the padding belongs: up to 4 bytes may stand in the tag. */
static bool put_tag(struct writer *w, uint32_t type, uint32_t n, bool small)
{
    if (damaged(w))
        type = dice(20);
    if (damaged(w))
        small = !small;
    if (small) {
        put_u32(w, type | n << 16);
    } else {
        put_u32(w, type);
        put_u32(w, n);
    }
    return small;
}

static void put_padding(struct writer *w, size_t n, bool small)
{
    static const unsigned char zeros[8];
    if (!damaged(w))
        put(w, zeros, small ? (4 - n % 4) % 4 : (8 - n % 8) % 8);
}

static void put_text(struct writer *w, uint32_t type, const char *text, size_t n)
{
    const bool small = put_tag(w, type, (uint32_t)n, n > 0 && n <= 4);
    put(w, text, n);
    put_padding(w, n, small);
}

static size_t begin(struct writer *w, uint32_t class_of, uint32_t h, uint32_t width, const char *name,
                    bool complex)
{
    const size_t at = w->b->n;
    const int rank = damaged(w) ? (int)dice(12) : 2;
    put_u32(w, 14);
    put_u32(w, 0);
    put_tag(w, 6, 8, false);
    put_u32(w, (damaged(w) ? dice(20) : class_of) | (uint32_t)complex << 11);
    put_u32(w, 0);
    put_tag(w, 5, 4 * (uint32_t)rank, false);
    for (int i = 0; i < rank; i++)
        put_u32(w, i == 0 ? h : i == 1 ? width : 1);
    put_padding(w, 4 * (size_t)rank, false);
    put_text(w, 1, name, damaged(w) ? dice(80) % (strlen(name) + 1) : strlen(name));
    return at;
}

static void end(struct writer *w, size_t at)
{
    set_u32(w, at + 4, (uint32_t)(w->b->n - at - 8));
}

/* --- matrices --- */

/* Types of elements: how many bytes, and which whole numbers they hold. */
static const struct {
    uint32_t type, size;
    bool is_float;
    double first, last;
} types[] = {
    { 1, 1, false, -128, 127 }, { 2, 1, false, 0, 255 },    { 3, 2, false, -32768, 32767 },
    { 4, 2, false, 0, 65535 },  { 5, 4, false, -1e9, 1e9 }, { 6, 4, false, 0, 1e9 },
    { 7, 4, true, -1e6, 1e6 },  { 9, 8, true, -1e9, 1e9 },  { 12, 8, false, -1e9, 1e9 },
    { 13, 8, false, 0, 1e9 },
};
enum { TYPES = sizeof types / sizeof *types, AS_SINGLE = 6, AS_DOUBLE = 7 };
static const int type_of_class[] = { AS_DOUBLE, AS_SINGLE, 0, 1, 2, 3, 4, 5, 8, 9 }; /* of classes 6 to 15 */

static void put_value(struct writer *w, int t, double v)
{
    uint64_t u;
    uint32_t single;
    const float f = (float)v;
    if (t == AS_SINGLE) {
        memcpy(&single, &f, 4);
        u = single;
    } else if (t == AS_DOUBLE) {
        memcpy(&u, &v, 8);
    } else {
        u = (uint64_t)(int64_t)v;
    }
    put_number(w, u, types[t].size);
}

/* Any type that holds all values, as MATLAB takes the smallest of them. */
static int type_for(const double *v, size_t n, uint32_t class_of, bool whole)
{
    for (;;) {
        const int t = dice(3) ? (int)dice(TYPES) : type_of_class[class_of - 6];
        bool holds = whole || t == AS_SINGLE || t == AS_DOUBLE;
        for (size_t i = 0; i < n && holds; i++)
            holds = v[i] >= types[t].first && v[i] <= types[t].last;
        if (holds)
            return t;
    }
}

/* v: rows. */
static void put_matrix(struct writer *w, const char *name, int width, int h, const double *v,
                       uint32_t class_of, bool whole)
{
    const int t = type_for(v, (size_t)width * (size_t)h, class_of, whole);
    const uint32_t n = (uint32_t)(width * h) * types[t].size;
    const bool complex = damaged(w);
    const size_t at = begin(w, class_of, (uint32_t)h, (uint32_t)width, name, complex);
    for (int part = 0; part <= (complex && dice(2)); part++) {
        const bool small = put_tag(w, types[t].type, n, n <= 4 && dice(2));
        for (int x = 0; x < width; x++)
            for (int y = 0; y < h; y++)
                put_value(w, t, damaged(w) && damaged(w) ? -0.5 : v[y * width + x]);
        put_padding(w, n, small);
    }
    end(w, at);
}

/* --- variables --- */

struct map {
    int w, h; /* 0: none */
    double v[VALUES];
};

/* What the file holds, for comparison. */
struct content {
    enum edgel_mat_kind kind;
    size_t n;
    struct map labels[MAPS], boundaries[MAPS], ucm2;
};

/* The class that labels up to `most` are stored in. */
static uint32_t class_for(uint32_t most)
{
    for (;;) {
        const uint32_t c = 6 + dice(10);
        if (types[type_of_class[c - 6]].last >= most)
            return c;
    }
}

static void fill(struct map *m, uint32_t most)
{
    m->w = 1 + (int)dice(SIDE);
    m->h = 1 + (int)dice(SIDE);
    for (int i = 0; i < m->w * m->h; i++)
        m->v[i] = dice(most + 1);
}

static void put_labels(struct writer *w, struct map *m)
{
    static const uint32_t most[] = { 1, 100, 200, 30000, 65535 };
    const uint32_t k = most[dice(5)];
    fill(m, k);
    put_matrix(w, "", m->w, m->h, m->v, class_for(k), true);
}

static void put_other(struct writer *w, const char *name, int depth);

static void put_annotator(struct writer *w, struct content *c, size_t i)
{
    static const char *const names[] = { "Segmentation", "Boundaries", "Remark", "Boundaries" };
    const uint32_t length = 13 + dice(40), first = dice(4), fields = 1 + dice(4);
    const size_t at = begin(w, 2, 1, 1, "", false);
    put_tag(w, 5, 4, true);
    put_u32(w, length);
    char text[4 * 64] = { 0 };
    bool has[2] = { false, false };
    for (uint32_t k = 0; k < fields; k++)
        memcpy(text + k * length, names[(first + k) % 4], strlen(names[(first + k) % 4]));
    put_text(w, 1, text, (size_t)fields * length);
    for (uint32_t k = 0; k < fields; k++) {
        struct map again;
        const uint32_t f = (first + k) % 4;
        if (f == 2) {
            put_other(w, "", 2);
        } else if (f == 0) {
            put_labels(w, has[0] ? &again : &c->labels[i]);
            has[0] = true;
        } else {
            struct map *m = has[1] ? &again : &c->boundaries[i]; /* the first of a name counts */
            fill(m, 2);
            put_matrix(w, "", m->w, m->h, m->v, class_for(2), true);
            for (int p = 0; p < m->w * m->h; p++)
                m->v[p] = m->v[p] != 0;
            has[1] = true;
        }
    }
    if (!has[0] && !has[1])
        c->kind = EDGEL_MAT_NONE; /* nothing but a remark: refused */
    end(w, at);
}

static void put_wanted(struct writer *w, struct content *c)
{
    c->kind = (enum edgel_mat_kind)(1 + dice(3));
    if (c->kind == EDGEL_MAT_UCM2) {
        fill(&c->ucm2, 1000);
        const bool whole = dice(2), single = dice(2);
        for (int i = 0; !whole && i < c->ucm2.w * c->ucm2.h; i++)
            c->ucm2.v[i] = (double)(float)(c->ucm2.v[i] / 1001);
        put_matrix(w, "ucm2", c->ucm2.w, c->ucm2.h, c->ucm2.v, single ? 7 : 6, whole);
        return;
    }
    c->n = 1 + dice(MAPS);
    const bool tall = dice(2);
    const enum edgel_mat_kind kind = c->kind;
    const size_t at = begin(w, 1, tall ? (uint32_t)c->n : 1, tall ? 1 : (uint32_t)c->n,
                            kind == EDGEL_MAT_TRUTH ? "groundTruth" : "segs", false);
    for (size_t i = 0; i < c->n; i++)
        if (kind == EDGEL_MAT_TRUTH)
            put_annotator(w, c, i);
        else
            put_labels(w, &c->labels[i]);
    end(w, at);
}

/* What is passed over: text, a number, cells, a structure, an empty cell. */
static void put_other(struct writer *w, const char *name, int depth)
{
    struct map m;
    size_t at;
    switch (dice(depth < 4 || damaged(w) ? 5 : 2)) {
    case 0:
        at = begin(w, 4, 1, 5, name, false);
        put_text(w, dice(2) ? 16 : 4, "abcde12345", dice(2) ? 5 : 10);
        end(w, at);
        break;
    case 1:
        fill(&m, 100);
        put_matrix(w, name, m.w, m.h, m.v, class_for(100), true);
        break;
    case 2:
        at = begin(w, 1, 1, 2, name, false);
        put_other(w, "", depth + 1);
        put_tag(w, 14, 0, false);
        end(w, at);
        break;
    case 3:
        at = begin(w, 2, 2, 1, name, false);
        put_tag(w, 5, 4, true);
        put_u32(w, 2);
        put_text(w, 1, "a\0b", 4);
        for (int i = 0; i < 4; i++)
            put_other(w, "", depth + 1);
        end(w, at);
        break;
    default: end(w, begin(w, 1, 0, 0, name, false)); break;
    }
}

/* --- files --- */

static void flip(struct bytes *b, size_t from, uint32_t times)
{
    for (; times > 0 && b->n > from; times--) {
        const size_t at = from + dice((uint32_t)(b->n - from));
        b->v[at] = (unsigned char)(dice(3) ? b->v[at] ^ 1u << dice(8) : dice(256));
    }
}

/* Loses, doubles or cuts whole blocks of 8 bytes, or single ones. */
static void move_blocks(struct bytes *b)
{
    const uint32_t size = dice(4) ? 8 : 1;
    const size_t at = dice((uint32_t)b->n + 1) / size * size;
    if (at + size > b->n || b->n + size > sizeof b->v)
        return;
    switch (dice(3)) {
    case 0:
        memmove(b->v + at, b->v + at + size, b->n - at - size);
        b->n -= size;
        break;
    case 1:
        memmove(b->v + at + size, b->v + at, b->n - at);
        b->n += size;
        break;
    default: b->n = at; break;
    }
}

/* A variable, as it is or compressed, to the end of the file. */
static void add_variable(struct writer *file, struct bytes *variable, bool harm)
{
    static unsigned char packed[1 << 17];
    uLongf n = sizeof packed;
    if (harm && dice(4) == 0)
        flip(variable, 0, 1 + dice(3));
    if (harm && dice(8) == 0)
        move_blocks(variable);
    if (dice(2)) {
        put(file, variable->v, variable->n);
        return;
    }
    if (compress2(packed, &n, variable->v, (uLong)variable->n, (int)dice(10)) != Z_OK)
        abort();
    if (harm && dice(4) == 0)
        packed[dice((uint32_t)n)] ^= (unsigned char)(1u << dice(8));
    if (harm && dice(16) == 0)
        n = dice((uint32_t)n);
    put_u32(file, 15);
    put_u32(file, (uint32_t)n);
    put(file, packed, n);
}

static void make_file(struct bytes *out, struct content *c, bool harm)
{
    static struct bytes variable;
    const bool big = dice(2);
    const uint32_t damage = harm && dice(4) ? 8u << dice(6) : 0;
    char header[124] = "MATLAB 5.0 MAT-file, made at random";
    struct writer file = { out, big, harm ? 256 : 0 }, w = { &variable, big, damage };
    out->n = 0;
    put(&file, header, sizeof header);
    put_number(&file, 0x0100, 2);
    put(&file, big ? "MI" : "IM", 2);
    const uint32_t before = dice(3), after = dice(3);
    for (uint32_t i = 0; i <= before + after; i++) {
        variable.n = 0;
        if (i == before)
            put_wanted(&w, c);
        else
            put_other(&w, i % 2 ? "other" : "x", 0);
        add_variable(&file, &variable, harm);
    }
    if (harm && dice(8) == 0)
        flip(out, dice(8) ? 128 : 0, 1 + dice(4));
    if (harm && dice(16) == 0)
        move_blocks(out);
}

/* --- checks --- */

static bool same_image(const struct edgel_image *image, const struct map *m)
{
    if (!image->data)
        return m->w == 0;
    if (image->w != m->w || image->h != m->h)
        return false;
    for (int y = 0; y < m->h; y++)
        for (int x = 0; x < m->w; x++) {
            const char *row = (const char *)image->data + y * image->stride;
            const double v = image->type == EDGEL_U8 ? ((const uint8_t *)row)[x]
                                                     : ((const uint16_t *)(const void *)row)[x];
            if (v != m->v[y * m->w + x])
                return false;
        }
    return true;
}

static void check_values(const struct edgel_mat *mat, const struct content *c, uint64_t round)
{
    bool same = mat->kind == c->kind && mat->n == c->n && mat->w == c->ucm2.w && mat->h == c->ucm2.h;
    for (size_t i = 0; i < c->n && same; i++)
        same = same_image(&mat->segmentations[i], &c->labels[i]) &&
               same_image(&mat->boundaries[i], &c->boundaries[i]);
    for (int i = 0; i < c->ucm2.w * c->ucm2.h && same; i++)
        same = mat->ucm2[i] == c->ucm2.v[i];
    if (!same)
        fail("other values than were put in", round, "");
}

/* The first bytes say what the whole is found to be; limits hold. */
static void check_read(const struct edgel_mat *mat, const void *bytes, size_t n, uint64_t most,
                       uint64_t round)
{
    struct edgel_mat_info info;
    struct edgel_error err = { 0 };
    uint64_t pixels = (uint64_t)mat->w * (uint64_t)mat->h;
    bool first = mat->kind == EDGEL_MAT_UCM2;
    if (edgel_mat_probe(bytes, n, "name", NULL, &info, &err) != EDGEL_OK)
        fail("read, but not probed", round, err.msg);
    if (first)
        first = info.w == mat->w && info.h == mat->h;
    for (size_t i = 0; i < mat->n; i++) {
        const struct edgel_image *s = &mat->segmentations[i], *b = &mat->boundaries[i];
        pixels += (uint64_t)s->w * (uint64_t)s->h + (uint64_t)b->w * (uint64_t)b->h;
        if (i == 0)
            first = (s->data && info.w == s->w && info.h == s->h) ||
                    (b->data && info.w == b->w && info.h == b->h);
    }
    if (info.kind != mat->kind || info.n != mat->n || !first)
        fail("probed as something else", round, "");
    if (pixels > most || pixels == 0)
        fail("over the limit", round, "");
}

int main(int argc, char **argv)
{
    const uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 4000;
    uint64_t taken = 0, whole = 0, refused[8] = { 0 };
    static struct bytes file;
    static struct content content;
    state = 88172645463325252u + (argc > 2 ? strtoull(argv[2], NULL, 10) : 0) * 2654435761u;
    for (uint64_t round = 0; round < count; round++) {
        const bool harm = round % 8 != 0;
        struct edgel_mat_params params;
        struct edgel_mat mat;
        struct edgel_error err = { 0 };
        memset(&content, 0, sizeof content);
        make_file(&file, &content, harm);
        edgel_mat_params_init(&params);
        params.limits.max_pixels = harm && dice(8) == 0 ? 50 + dice(200) : 1 << 20;
        unsigned char *exact = malloc(file.n ? file.n : 1); /* so that reading past it is seen */
        if (!exact)
            return 1;
        memcpy(exact, file.v, file.n);
        const enum edgel_status st = edgel_mat_decode(exact, file.n, "name", &params, &mat, &err);
        if (st == EDGEL_OK)
            check_read(&mat, exact, file.n, params.limits.max_pixels, round);
        else if (err.code != st || strncmp(err.msg, "name: ", 6) != 0 || mat.n || mat.segmentations ||
                 mat.ucm2)
            fail("refused without a word, or half made", round, err.msg);
        if (!harm && content.kind == EDGEL_MAT_NONE && st != EDGEL_EFORMAT)
            fail("read without fields", round, err.msg);
        if (!harm && content.kind != EDGEL_MAT_NONE) {
            if (st != EDGEL_OK)
                fail("not read", round, err.msg);
            check_values(&mat, &content, round);
            whole++;
        }
        taken += st == EDGEL_OK;
        refused[st]++;
        edgel_mat_finish(&mat);
        free(exact);
        if (edgel_alloc_live() != 0)
            fail("memory stays behind", round, err.msg);
    }
    printf("%" PRIu64 " files: %" PRIu64 " whole ones gave their values, %" PRIu64
           " damaged ones were read, %" PRIu64 " refused as damaged, %" PRIu64 " over a limit, %" PRIu64
           " of other kinds\n",
           count, whole, taken - whole, refused[EDGEL_EFORMAT], refused[EDGEL_ELIMIT],
           refused[EDGEL_EUNSUPPORTED]);
    return taken == whole || refused[EDGEL_EFORMAT] == 0 || fflush(stdout) != 0;
}
