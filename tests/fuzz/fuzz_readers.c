/*
 * The readers of foreign files, each as a target of a fuzzer.
 *
 *     fuzz_readers --corpus FOLDER COUNT SEED           all targets: replays the files TARGET-NAME, then COUNT mutants
 *     fuzz_readers TARGET FILE...                       replays files
 *     fuzz_readers TARGET --mutate COUNT SEED FILE...   reads COUNT mutants of the files
 *     fuzz_readers TARGET --dictionary                  prints its words in the form of libFuzzer
 *     fuzz_readers --targets                            prints the names of the targets
 *
 * Compiled with -DFUZZ_TARGET=\"png\" and -fsanitize=fuzzer it is the libFuzzer program of that target. Mutants know
 * the structure of what they change: words of the format are put in, fields of 2, 4 and 8 bytes become numbers at the
 * edges, blocks are lost, doubled, moved and joined with another file; then the checksums of PNG chunks and the header
 * length of a model are made right again in half of them, so that what lies behind is reached.
 *
 * What must hold of every input: the reader returns; a failure has a text and leaves nothing; two ways to read the same
 * bytes agree; nothing stays allocated. tests/fuzz/corpus holds small files of each kind (make_corpus.py). A violation
 * aborts.
 */
#define _GNU_SOURCE /* memfd_create */
#include "core/core_priv.h"
#include "edgel/edgel.h"
#include "eval/objects/objects_priv.h"
#include "random.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <zlib.h>

static const char *doing = "";

static void must(bool holds, const char *rule)
{
    if (holds)
        return;
    fprintf(stderr, "fuzz_readers: %s: %s\n", doing, rule);
    abort();
}

static void must_say(enum edgel_status st, const struct edgel_error *err)
{
    must((st == EDGEL_OK) == (err->code == EDGEL_OK), "status and error disagree");
    must(st == EDGEL_OK || err->msg[0], "a failure without a text");
    must(st != EDGEL_EINVAL || strcmp(doing, "architecture") == 0 || strcmp(doing, "classes") == 0 ||
             strcmp(doing, "tiff") == 0,
         "a file is no wrong argument");
}

/* --- targets --- */

static void json(const uint8_t *data, size_t n)
{
    struct edgel_json *whole = NULL;
    struct edgel_error err = { 0 }, other = { 0 };
    const enum edgel_status st = edgel_json_parse((const char *)data, n, "f", &whole, &err);
    must_say(st, &err);
    const struct edgel_document d = { .name = "f", .text = n ? (const char *)data : "", .fd = -1, .size = n };
    struct edgel_json_stream s;
    struct edgel_json_place place;
    edgel_json_stream_begin(&s, &d, &other);
    (void)edgel_json_stream_take(&s, &place);
    must(edgel_json_stream_end(&s) == st && strcmp(err.msg, other.msg) == 0,
         "the stream says something else");
    edgel_json_stream_finish(&s);
    edgel_json_finish(whole);
}

static void coco(const uint8_t *data, size_t n)
{
    struct edgel_coco *c;
    struct edgel_error err = { 0 };
    must_say(edgel_coco_parse((const char *)data, n, "f", &c, &err), &err);
    for (size_t i = 0; c && i < edgel_coco_count(c) && i < 50; i++) {
        struct edgel_object_set s = { 0 };
        struct edgel_error why = { 0 };
        const enum edgel_status st = edgel_coco_panoptic(c) ? edgel_coco_segments(c, i, &s, &why)
                                                            : edgel_coco_objects(c, i, 0, 0, &s, &why);
        must(st == EDGEL_OK || why.msg[0], "a failure without a text");
        edgel_object_set_finish(&s);
    }
    edgel_coco_destroy(&c);
}

static void counts(const uint8_t *data, size_t n)
{
    struct edgel_counts_reader *r;
    struct edgel_error err = { 0 };
    enum edgel_status st = edgel_counts_open_bytes(data, n, "f", &r, &err);
    must_say(st, &err);
    for (bool more = st == EDGEL_OK; more;) {
        struct edgel_row row = { 0 };
        st = edgel_counts_next(r, &row, &more, &err);
        must_say(st, &err);
        edgel_row_finish(&row);
        more &= st == EDGEL_OK;
    }
    edgel_counts_close(&r);
}

/* Readers that take a path read a file in memory. */
static void with_file(const uint8_t *data, size_t n, void (*read)(const char *path))
{
    char path[64];
    const int fd = memfd_create("fuzz", 0);
    if (fd < 0)
        return;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (write(fd, data, n) == (ssize_t)n)
        read(path);
    close(fd);
}

static void read_classes(const char *path)
{
    struct edgel_classes classes;
    struct edgel_colors colors;
    struct edgel_error err = { 0 }, other = { 0 };
    must_say(edgel_classes_read(path, &classes, &err), &err);
    must_say(edgel_colors_read(path, &colors, &other), &other);
    edgel_classes_finish(&classes);
    edgel_colors_finish(&colors);
}

static void classes(const uint8_t *data, size_t n)
{
    with_file(data, n, read_classes);
}

static void read_settings(const char *path)
{
    struct edgel_arguments a;
    struct edgel_error err = { 0 };
    must_say(edgel_arguments_read(path, "train", &a, &err), &err);
    edgel_arguments_finish(&a);
}

static void settings(const uint8_t *data, size_t n)
{
    with_file(data, n, read_settings);
}

static void architecture(const uint8_t *data, size_t n)
{
    struct edgel_model_params p;
    struct edgel_model *m;
    struct edgel_error err = { 0 };
    edgel_model_params_init(&p);
    p.text = (const char *)data;
    p.size = n;
    must_say(edgel_model_create(&p, &m, &err), &err);
    edgel_model_destroy(&m);
}

/* What is read is written as it was. */
static void model(const uint8_t *data, size_t n)
{
    struct edgel_model *m, *again;
    struct edgel_error err = { 0 };
    unsigned char *bytes, *second;
    size_t size, more;
    must_say(edgel_model_decode(data, n, "f", &m, &err), &err);
    if (m) {
        must(edgel_model_encode(m, &bytes, &size, NULL) == EDGEL_OK, "a model that cannot be written");
        must(edgel_model_decode(bytes, size, "f", &again, NULL) == EDGEL_OK,
             "a written model that cannot be read");
        must(edgel_model_encode(again, &second, &more, NULL) == EDGEL_OK && more == size &&
                 memcmp(bytes, second, size) == 0,
             "a model that is written in two ways");
        edgel_model_free(bytes);
        edgel_model_free(second);
        edgel_model_destroy(&again);
    }
    edgel_model_destroy(&m);
}

static void mat(const uint8_t *data, size_t n)
{
    struct edgel_mat_params p;
    struct edgel_mat m;
    struct edgel_mat_info info;
    struct edgel_error err = { 0 }, other = { 0 };
    edgel_mat_params_init(&p);
    p.limits.max_pixels = 1 << 18;
    const enum edgel_status st = edgel_mat_decode(data, n, "f", &p, &m, &err);
    must_say(st, &err);
    const enum edgel_status probed = edgel_mat_probe(data, n, "f", &p.limits, &info, &other);
    must(st != EDGEL_OK || (probed == EDGEL_OK && info.kind == m.kind), "the head says something else");
    edgel_mat_finish(&m);
}

/* Rows as they come, compared with the image. */
struct rows {
    const struct edgel_image *image;
    int y;
    bool same;
};

static enum edgel_status begin_rows(void *user, struct edgel_view shape, struct edgel_error *err)
{
    struct rows *r = user;
    (void)err;
    r->same = r->image->data && shape.w == r->image->w && shape.h == r->image->h &&
              shape.channels == r->image->channels && shape.type == r->image->type;
    return EDGEL_OK;
}

static enum edgel_status take_row(void *user, const void *row, struct edgel_error *err)
{
    struct rows *r = user;
    const struct edgel_image *i = r->image;
    (void)err;
    const size_t n = i->type == EDGEL_U1 ? ((size_t)i->w + 7) / 8
                                         : (size_t)i->w * (size_t)i->channels * edgel_type_size(i->type);
    r->same = r->same && r->y < i->h && memcmp((const char *)i->data + r->y * i->stride, row, n) == 0;
    r->y++;
    return EDGEL_OK;
}

static void image(const uint8_t *data, size_t n)
{
    for (int k = 0; k < 5; k++) {
        struct edgel_read p;
        struct edgel_image out = { 0 };
        struct edgel_info info = { 0 };
        struct edgel_error err = { 0 }, other = { 0 };
        edgel_read_init(&p);
        p.decode = (enum edgel_decode)(k % 4);
        p.lenient = k == 4;
        p.orient = k % 2 == 0;
        p.limits.max_pixels = 1 << 18;
        p.limits.max_scans = 20;
        const enum edgel_status st = edgel_image_decode(data, n, "f", &p, &out, &info, &err);
        must_say(st, &err);
        must((st == EDGEL_OK) == (out.data != NULL), "an image after a failure, or none");
        struct rows r = { .image = &out };
        const struct edgel_row_sink sink = { &r, begin_rows, take_row };
        const enum edgel_status rows = edgel_image_stream_bytes(data, n, "f", &p, &sink, NULL, &other);
        must(rows != EDGEL_OK || (st == EDGEL_OK && r.same && r.y == out.h), "rows are another image");
        must(rows == EDGEL_OK || rows == EDGEL_EUNSUPPORTED || rows == EDGEL_ENOMEM || st != EDGEL_OK,
             "rows are refused of an image that is read");
        edgel_image_finish(&out);
    }
    struct edgel_info info;
    struct edgel_error err = { 0 };
    must_say(edgel_info_decode(data, n, "f", &info, &err), &err);
}

/* --- mutants --- */

static uint64_t state;

static uint32_t dice(size_t n)
{
    return random_below(&state, (uint32_t)n);
}

static void crc_png(uint8_t *b, size_t n)
{
    for (size_t at = 8; at + 12 <= n;) {
        const uint32_t len =
            (uint32_t)b[at] << 24 | (uint32_t)b[at + 1] << 16 | (uint32_t)b[at + 2] << 8 | b[at + 3];
        if (len > n - at - 12)
            return;
        const uint32_t sum = (uint32_t)crc32(0, b + at + 4, len + 4);
        for (int i = 0; i < 4; i++)
            b[at + 8 + len + (size_t)i] = (uint8_t)(sum >> (24 - 8 * i));
        at += 12 + len;
    }
}

/* The length before the header reaches to its last bracket, as a writer would have it. */
static void length_model(uint8_t *b, size_t n)
{
    size_t end = 8, depth = 0;
    bool text = false;
    for (; end < n; end++) {
        text ^= b[end] == '"' && b[end - 1] != '\\';
        depth += !text && b[end] == '{';
        if (!text && b[end] == '}' && depth > 0 && --depth == 0)
            break;
    }
    for (unsigned i = 0; i < 8 && n >= 8; i++)
        b[i] = (uint8_t)((uint64_t)(end + 1 - 8) >> (8 * i));
}

static const char *const words_json[] = { "{",
                                          "}",
                                          "[",
                                          "]",
                                          ",",
                                          ":",
                                          "\"",
                                          "\\",
                                          "\\u",
                                          "\\ud83d\\ude00",
                                          "\\udc80",
                                          "null",
                                          "true",
                                          "false",
                                          "-",
                                          "0",
                                          "1e999",
                                          "1E-5",
                                          "123456789012345678901234567890",
                                          "\xEF\xBB\xBF",
                                          "\xff",
                                          "\\u0000",
                                          "[[[[[[[[",
                                          " ",
                                          NULL };
static const char *const words_coco[] = { "\"images\"",
                                          "\"annotations\"",
                                          "\"categories\"",
                                          "\"segments_info\"",
                                          "\"id\"",
                                          "\"image_id\"",
                                          "\"category_id\"",
                                          "\"iscrowd\"",
                                          "\"segmentation\"",
                                          "\"counts\"",
                                          "\"size\"",
                                          "\"file_name\"",
                                          "\"width\"",
                                          "\"height\"",
                                          "65535",
                                          "65536",
                                          "1000001",
                                          "-1",
                                          "9223372036854775807",
                                          "\"../x\"",
                                          "{}",
                                          "[]",
                                          ",",
                                          "0",
                                          "1",
                                          NULL };
static const char *const words_counts[] = { "\"schema\"",
                                            "\"confusion\"",
                                            "\"pixels\"",
                                            "\"image\"",
                                            "\"w\"",
                                            "\"h\"",
                                            "\"sweep\"",
                                            "\"objects\"",
                                            "\"boundary\"",
                                            "\"edgel.counts/1\"",
                                            "\n",
                                            "[0,0,1]",
                                            "18446744073709551615",
                                            "-1",
                                            "1.5",
                                            "null",
                                            "{}",
                                            "[]",
                                            ",",
                                            NULL };
static const char *const words_lists[] = { "0 ",   "255 ", "65535 ", "65536 ",       "#",    "\n",
                                           "\r\n", "\t",   "-1 ",    "\xEF\xBB\xBF", "name", NULL };
static const char *const words_architecture[] = { "conv",   "relu",    "batchnorm",  "maxpool", "upsample",
                                                  "concat", "dropout", "out=",       "k=",      "s=",
                                                  "d=",     "classes", "2147483647", "-1",      "\n",
                                                  "#",      " ",       "input",      NULL };
static const char *const words_model[] = { "\"__metadata__\"",
                                           "\"dtype\"",
                                           "\"F32\"",
                                           "\"shape\"",
                                           "\"data_offsets\"",
                                           "[0,4]",
                                           "[1,18446744073709551615]",
                                           "\"I64\"",
                                           "{",
                                           "}",
                                           ",",
                                           "[",
                                           "]",
                                           "0",
                                           "4294967296",
                                           NULL };
static const char *const words_mat[] = { "groundTruth",  "segs", "ucm2", "Boundaries",
                                         "Segmentation", "IM",   "MI",   NULL };
static const char *const words_image[] = { "IHDR",     "PLTE",     "tRNS",     "IDAT",     "IEND",
                                           "eXIf",     "acTL",     "sBIT",     "\xff\xd8", "\xff\xc2",
                                           "\xff\xda", "\xff\xd9", "\xff\xe1", "Exif",     "II*",
                                           "MM",       "P5",       "P4",       "Pf",       "65535",
                                           "\n",       "-1.0",     NULL };

static const struct target {
    const char *name;
    void (*run)(const uint8_t *data, size_t n);
    const char *const *words;
    void (*mend)(uint8_t *b, size_t n);
} targets[] = {
    { "json", json, words_json, NULL },
    { "coco", coco, words_coco, NULL },
    { "counts", counts, words_counts, NULL },
    { "classes", classes, words_lists, NULL },
    { "settings", settings, words_json, NULL },
    { "architecture", architecture, words_architecture, NULL },
    { "model", model, words_model, length_model },
    { "mat", mat, words_mat, NULL },
    { "png", image, words_image, crc_png },
    { "jpeg", image, words_image, NULL },
    { "tiff", image, words_image, NULL },
    { "pnm", image, words_image, NULL },
    { "pfm", image, words_image, NULL },
};
enum { TARGETS = sizeof targets / sizeof *targets, MOST = 1 << 16 };

static void run(const struct target *t, const uint8_t *data, size_t n)
{
    uint8_t *exact = malloc(n ? n : 1); /* no byte after the end: a sanitizer sees it read */
    must(exact != NULL, "no memory");
    memcpy(exact, data, n);
    doing = t->name;
    t->run(exact, n);
    must(edgel_alloc_live() == 0, "memory was lost");
    free(exact);
}

struct bytes {
    uint8_t v[MOST];
    size_t n;
};

/* Puts k bytes in, over what is there or before it. */
static void put(struct bytes *b, size_t at, const uint8_t *from, size_t k, bool insert)
{
    if (insert && k <= MOST - b->n) {
        memmove(b->v + at + k, b->v + at, b->n - at);
        b->n += k;
    }
    k = k < b->n - at ? k : b->n - at;
    memcpy(b->v + at, from, k);
}

static void put_number(struct bytes *b, size_t at)
{
    static const uint64_t edges[] = {
        0,      1,   2,     3,     4,     7,     8,          15,         16,         127,          128,
        255,    256, 32767, 32768, 65535, 65536, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFFFF, UINT64_MAX,
        1 << 20
    };
    const unsigned size = 1u << dice(4);
    const bool big = dice(2);
    const uint64_t v = edges[dice(sizeof edges / sizeof *edges)] + dice(3) - 1;
    uint8_t to[8];
    for (unsigned i = 0; i < size; i++)
        to[i] = (uint8_t)(v >> 8 * (big ? size - 1 - i : i));
    put(b, at, to, size, false);
}

static void change(const struct target *t, struct bytes *b, const struct bytes *other)
{
    const size_t at = dice(b->n + 1), k = dice(16) ? dice(40) : dice(2000);
    size_t words = 0;
    while (t->words[words])
        words++;
    switch (dice(8)) {
    case 0:
        if (at < b->n)
            b->v[at] ^= (uint8_t)(1 << dice(8));
        break;
    case 1: put_number(b, at); break;
    case 2: {
        const char *w = t->words[dice(words)];
        put(b, at, (const uint8_t *)w, strlen(w), dice(2));
        break;
    }
    case 3: /* lost */
        if (at + k <= b->n) {
            memmove(b->v + at, b->v + at + k, b->n - at - k);
            b->n -= k;
        }
        break;
    case 4: /* doubled */
        if (at + k <= b->n) {
            uint8_t copy[2048];
            memcpy(copy, b->v + at, k);
            put(b, dice(b->n + 1), copy, k, true);
        }
        break;
    case 5: /* a piece of the other */
        if (other->n > 0) {
            const size_t from = dice(other->n), most = other->n - from;
            put(b, at, other->v + from, k < most ? k : most, dice(2));
        }
        break;
    case 6:
        if (dice(4) == 0)
            b->n = at;
        break;
    default:
        for (size_t i = 0; i < 4 && at + i < b->n; i++)
            b->v[at + i] = (uint8_t)dice(256);
    }
}

static void read_file(const char *path, struct bytes *b)
{
    FILE *f = fopen(path, "rb");
    b->n = f ? fread(b->v, 1, MOST, f) : 0;
    if (!f || ferror(f) || fclose(f) != 0) {
        fprintf(stderr, "fuzz_readers: %s: cannot be read\n", path);
        exit(1);
    }
}

static void mutate(const struct target *t, long count, char **files, int n)
{
    struct bytes *seeds = malloc((size_t)n * sizeof *seeds), *b = malloc(sizeof *b);
    must(seeds && b, "no memory");
    for (int i = 0; i < n; i++)
        read_file(files[i], &seeds[i]);
    for (long i = 0; i < count; i++) {
        *b = seeds[dice((size_t)n)];
        for (uint32_t k = 1 + dice(dice(4) ? 3 : 20); k > 0; k--)
            change(t, b, &seeds[dice((size_t)n)]);
        if (t->mend && dice(2))
            t->mend(b->v, b->n);
        run(t, b->v, b->n);
    }
    printf("%s: %ld mutants\n", t->name, count);
    free(seeds);
    free(b);
}

static bool is_of(const struct target *t, const char *name)
{
    const size_t n = strlen(t->name);
    return strncmp(name, t->name, n) == 0 && name[n] == '-';
}

/* Files in the order of their names. */
static void corpus(const char *folder, long count)
{
    struct dirent **names;
    const int n = scandir(folder, &names, NULL, alphasort);
    for (int k = 0; k < TARGETS; k++) {
        char *files[256];
        int most = 0;
        for (int i = 0; i < n && most < 256; i++)
            if (is_of(&targets[k], names[i]->d_name)) {
                char path[4096];
                snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
                files[most++] = strdup(path);
            }
        if (most == 0) {
            fprintf(stderr, "fuzz_readers: %s: no file of %s\n", folder, targets[k].name);
            exit(1);
        }
        struct bytes *b = malloc(sizeof *b);
        must(b != NULL, "no memory");
        for (int i = 0; i < most; i++) {
            read_file(files[i], b);
            run(&targets[k], b->v, b->n);
        }
        free(b);
        mutate(&targets[k], count, files, most);
        while (most > 0)
            free(files[--most]);
    }
    for (int i = 0; i < n; i++)
        free(names[i]);
    free(names);
}

static void print_words(const struct target *t)
{
    for (size_t i = 0; t->words[i]; i++) {
        putchar('"');
        for (const unsigned char *s = (const unsigned char *)t->words[i]; *s; s++)
            printf(*s == '"' || *s == '\\' ? "\\%c" : *s < 32 || *s > 126 ? "\\x%02x" : "%c", *s);
        printf("\"\n");
    }
}

static const struct target *find(const char *name)
{
    for (int i = 0; i < TARGETS; i++)
        if (strcmp(targets[i].name, name) == 0)
            return &targets[i];
    fprintf(stderr, "fuzz_readers: no target '%s'\n", name);
    exit(2);
}

#ifdef FUZZ_TARGET
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    run(find(FUZZ_TARGET), data, n);
    return 0;
}
#else
int main(int argc, char **argv)
{
    for (int i = 0; argc == 2 && strcmp(argv[1], "--targets") == 0 && i < TARGETS; i++)
        puts(targets[i].name);
    if (argc == 2)
        return strcmp(argv[1], "--targets") == 0 ? 0 : 2;
    if (argc < 3)
        return 2;
    if (strcmp(argv[1], "--corpus") == 0) {
        if (argc != 5)
            return 2;
        state = strtoull(argv[4], NULL, 10);
        corpus(argv[2], strtol(argv[3], NULL, 10));
        return 0;
    }
    const struct target *t = find(argv[1]);
    if (strcmp(argv[2], "--dictionary") == 0) {
        print_words(t);
    } else if (strcmp(argv[2], "--mutate") == 0 && argc > 5) {
        state = strtoull(argv[4], NULL, 10);
        mutate(t, strtol(argv[3], NULL, 10), argv + 5, argc - 5);
    } else {
        struct bytes *b = malloc(sizeof *b);
        must(b != NULL, "no memory");
        for (int i = 2; i < argc; i++) {
            read_file(argv[i], b);
            run(t, b->v, b->n);
        }
        printf("%s: %d files\n", t->name, argc - 2);
        free(b);
    }
    return 0;
}
#endif
