/*
 * Whole files of a kind, with a ceiling for the kind.
 *
 * A file that a run cannot use must not cost it the file's size in memory and time: a sparse file of 20 GB takes no
 * room on a disk. What is larger than LARGE is therefore looked at first: an image by its header, a model by the length
 * of its header. An image needs at most BYTES_PER_PIXEL for each pixel (four floats) and what is stored beside them;
 * what is neither an image nor a MAT file is read no further than its head, by which the decoder refuses it. The file
 * is opened once: what was looked at is what is read.
 */
#include "io/io_priv.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LARGE       ((uint64_t)1 << 26)
#define MODEL_BYTES ((uint64_t)1 << 30) /* 2^28 parameters */
enum {
    BYTES_PER_PIXEL = 16,
    MAT_BYTES_PER_PIXEL = 8,
    HEAD = 1 << 16,
    TEXT_BYTES = 1 << 24,
    LENGTH_BYTES = 8
};
enum { MODEL_HEADER_MAX = 1 << 22 };

/* An open file, and what is known of it. */
struct opened {
    const char *path;
    int fd;
    uint64_t size;
    const struct edgel_limits *limits;
    bool named; /* the limits are the caller's */
    struct edgel_error *err;
    char what[64];   /* "an image of 16x16 pixels" */
    uint64_t most;   /* the ceiling */
    uint64_t wanted; /* bytes that are read */
};

/* A limit that the caller could not set is not named. */
static enum edgel_status over(const struct opened *f)
{
    const char *name = f->named ? edgel_source_limit_names(f->limits)->max_file_bytes : "";
    return edgel_fail(f->err, EDGEL_ELIMIT,
                      "%s: %" PRIu64 " bytes, over the limit of %" PRIu64 " for %s%s%s%s", f->path, f->size,
                      f->most, f->what, f->named ? " (" : "", name, f->named ? ")" : "");
}

/* The ceiling for so many pixels within the limits, max_pixels being one of them. */
static uint64_t room(const struct edgel_limits *limits, uint64_t pixels, uint64_t each)
{
    const uint64_t most = pixels < limits->max_pixels ? pixels : limits->max_pixels;
    return most > (UINT64_MAX >> 1) / each ? UINT64_MAX >> 1 : LARGE + most * each;
}

/* A large file that may be an image. */
static enum edgel_status look_at_image(struct opened *f)
{
    struct edgel_info info = { 0 };
    unsigned char head[16] = { 0 };
    EDGEL_TRY(edgel_file_at(f->fd, f->path, 0, head, sizeof head, f->err));
    if (edgel_mat_of_bytes(head, sizeof head)) {
        snprintf(f->what, sizeof f->what, "a MAT file");
        f->most = room(f->limits, UINT64_MAX, MAT_BYTES_PER_PIXEL);
        return EDGEL_OK;
    }
    if (edgel_format_of_bytes(head, sizeof head) == EDGEL_FORMAT_NONE) {
        f->wanted = HEAD;
        return EDGEL_OK;
    }
    EDGEL_TRY(edgel_info_of_file(f->fd, f->path, (size_t)f->size, f->limits, &info, f->err));
    const uint64_t first = (uint64_t)info.w * (uint64_t)info.h;
    const struct edgel_read params = { .limits = *f->limits };
    const struct edgel_source src = { .name = f->path, .params = &params, .err = f->err };
    if (info.pages == 1)
        EDGEL_TRY(edgel_source_check_size(&src, (uint32_t)info.w, (uint32_t)info.h));
    snprintf(f->what, sizeof f->what, "an image of %dx%d pixels%s", info.w, info.h,
             info.pages > 1 ? " a page" : "");
    f->most = room(f->limits, info.pages_pixels > first ? info.pages_pixels : first, BYTES_PER_PIXEL);
    return EDGEL_OK;
}

static enum edgel_status look_at_model(struct opened *f)
{
    unsigned char head[LENGTH_BYTES + 1] = { 0 };
    uint64_t length = 0;
    EDGEL_TRY(edgel_file_at(f->fd, f->path, 0, head, sizeof head, f->err));
    for (int i = LENGTH_BYTES - 1; i >= 0; i--)
        length = length << 8 | head[i];
    if (head[LENGTH_BYTES] != '{' || length > MODEL_HEADER_MAX)
        f->wanted = TEXT_BYTES; /* no model: enough for whoever refuses it */
    return EDGEL_OK;
}

static enum edgel_status look(struct opened *f, enum edgel_file_kind kind)
{
    static const struct {
        const char *what;
        uint64_t most;
    } kinds[] = { [EDGEL_FILE_MODEL] = { "a model", MODEL_BYTES + LARGE },
                  [EDGEL_FILE_TRAINING] = { "the state of a training", 4 * MODEL_BYTES + LARGE },
                  [EDGEL_FILE_TEXT] = { "a text", TEXT_BYTES } };
    snprintf(f->what, sizeof f->what, "%s", kind == EDGEL_FILE_IMAGE ? "an image" : kinds[kind].what);
    f->most = kind == EDGEL_FILE_IMAGE ? LARGE : kinds[kind].most;
    f->wanted = f->size;
    if (kind == EDGEL_FILE_IMAGE && f->size > LARGE)
        EDGEL_TRY(look_at_image(f));
    if ((kind == EDGEL_FILE_MODEL || kind == EDGEL_FILE_TRAINING) && f->size > LARGE)
        EDGEL_TRY(look_at_model(f));
    if (f->limits->max_file_bytes > 0)
        f->most = f->limits->max_file_bytes;
    return f->size > f->most && f->wanted == f->size ? over(f) : EDGEL_OK;
}

enum edgel_status edgel_file_read(const char *path, enum edgel_file_kind kind,
                                  const struct edgel_limits *limits, struct edgel_bytes *bytes,
                                  struct edgel_error *err)
{
    struct edgel_limits defaults;
    size_t size = 0;
    EDGEL_REQUIRE(path);
    EDGEL_REQUIRE(bytes);
    if ((int)kind < EDGEL_FILE_IMAGE || kind > EDGEL_FILE_TEXT)
        return edgel_fail(err, EDGEL_EINVAL, "%s: kind of file %d: unknown", path, (int)kind);
    edgel_limits_init(&defaults);
    struct opened f = {
        .path = path, .limits = limits ? limits : &defaults, .named = limits != NULL, .err = err
    };
    EDGEL_TRY(edgel_file_open(path, &f.fd, &size, err));
    f.size = size;
    enum edgel_status st = look(&f, kind);
    if (st == EDGEL_OK)
        st = edgel_bytes_take(f.fd, path, f.wanted, f.wanted < f.size ? f.wanted : f.most, bytes, err);
    if (st == EDGEL_OK && f.wanted < f.size) {
        bytes->size = bytes->size < f.wanted ? bytes->size : (size_t)f.wanted;
    } else if (st == EDGEL_OK && bytes->size > f.most) { /* it grew */
        f.size = bytes->size;
        st = over(&f);
    }
    edgel_file_close(f.fd);
    return st;
}

enum edgel_status edgel_image_read(const char *path, const struct edgel_read *params, struct edgel_image *out,
                                   struct edgel_info *info, struct edgel_error *err)
{
    EDGEL_REQUIRE(path);
    EDGEL_REQUIRE(params);
    EDGEL_REQUIRE(out);
    struct edgel_bytes bytes = { 0 };
    enum edgel_status st = edgel_file_read(path, EDGEL_FILE_IMAGE, &params->limits, &bytes, err);
    if (st == EDGEL_OK)
        st = edgel_image_decode(bytes.data, bytes.size, path, params, out, info, err);
    if (st != EDGEL_OK)
        edgel_image_finish(out);
    edgel_bytes_finish(&bytes);
    return st;
}
