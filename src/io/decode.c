/* From the bytes of a file to an image: format, limits, decoder, orientation. */
#include "io/io_priv.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* For formats whose files hold one image. */
static enum edgel_status check_page(const struct edgel_source *src)
{
    const int page = src->params->page;
    if (page == 1)
        src->info->pages = 1;
    if (page <= 1)
        return EDGEL_OK;
    return edgel_fail(src->err, EDGEL_EINVAL, "%s: has one page, not page %d", src->name, page);
}

/* "PNG, JPEG and TIFF": the names of the table. */
static const char *names_of_formats(char *text, size_t size, const char *last)
{
    int n;
    const struct edgel_format_row *rows = edgel_format_rows(&n);
    text[0] = '\0';
    for (int i = 0; i < n; i++) {
        const size_t at = strlen(text);
        snprintf(text + at, size - at, "%s%s", i == 0 ? "" : i == n - 1 ? last : ", ", rows[i].info.name);
    }
    return text;
}

static enum edgel_status no_image(const struct edgel_source *src, const void *head, size_t n)
{
    char names[100];
    const char *foreign = head ? edgel_foreign_format(head, n) : NULL;
    if (foreign)
        return edgel_fail(src->err, EDGEL_EFORMAT, "%s: %s image; read are %s", src->name, foreign,
                          names_of_formats(names, sizeof names, " and "));
    if (src->size == 0)
        return edgel_fail(src->err, EDGEL_EFORMAT, "%s: the file is empty", src->name);
    return edgel_fail(src->err, EDGEL_EFORMAT, "%s: not a %s image", src->name,
                      names_of_formats(names, sizeof names, " or "));
}

static enum edgel_status decode_by_format(const struct edgel_source *src, struct edgel_image *out)
{
    const size_t n = src->size < 16 ? src->size : 16;
    const unsigned char *head = edgel_source_at(src, 0, n);
    const struct edgel_format_row *row = edgel_format_row_of(edgel_format_of_bytes(head, n));
    if (!row)
        return src->header_only ? EDGEL_OK : no_image(src, head, n);
    src->info->format = row->info.format;
    if (row->info.lacks)
        return edgel_fail(src->err, EDGEL_EUNSUPPORTED, "%s: %s: this build of edgel was made without %s",
                          src->name, row->info.name, row->info.lacks);
    if (!(row->info.holds & EDGEL_HOLDS_PAGES))
        EDGEL_TRY(check_page(src));
    return row->decode(src, out);
}

/* --- from memory --- */

static enum edgel_status decode(const struct edgel_source *src, struct edgel_image *out)
{
    *src->info = (struct edgel_info){ .orientation = 1 };
    enum edgel_status st = edgel_range_check(&src->params->range, src->err);
    if (st == EDGEL_OK)
        st = decode_by_format(src, out);
    if (st == EDGEL_OK && src->params->orient && !src->sink)
        st = edgel_image_orient(out, src->info->orientation, src->err);
    if (st != EDGEL_OK)
        edgel_image_finish(out);
    return st;
}

void edgel_read_init(struct edgel_read *params)
{
    *params = (struct edgel_read){ .decode = EDGEL_DECODE_GRAY, .orient = true };
    edgel_limits_init(&params->limits);
}

enum edgel_status edgel_image_decode(const void *bytes, size_t size, const char *name,
                                     const struct edgel_read *params, struct edgel_image *out,
                                     struct edgel_info *info, struct edgel_error *err)
{
    EDGEL_REQUIRE(bytes || size == 0);
    EDGEL_REQUIRE(name);
    EDGEL_REQUIRE(params);
    EDGEL_REQUIRE(out);
    struct edgel_info unused;
    const struct edgel_source src = { .bytes = bytes,
                                      .size = size,
                                      .name = name,
                                      .params = params,
                                      .info = info ? info : &unused,
                                      .err = err };
    return decode(&src, out);
}

/* Rows go to the sink of src through a ring. */
static enum edgel_status stream(const struct edgel_source *src)
{
    struct edgel_image ring = { 0 };
    const enum edgel_status st = decode(src, &ring);
    edgel_image_finish(&ring);
    return st;
}

enum edgel_status edgel_image_stream_bytes(const void *bytes, size_t size, const char *name,
                                           const struct edgel_read *params, const struct edgel_row_sink *sink,
                                           struct edgel_info *info, struct edgel_error *err)
{
    EDGEL_REQUIRE(bytes || size == 0);
    EDGEL_REQUIRE(name);
    EDGEL_REQUIRE(params);
    EDGEL_REQUIRE(sink && sink->begin && sink->row);
    struct edgel_info unused;
    const struct edgel_source src = { .bytes = bytes,
                                      .size = size,
                                      .name = name,
                                      .params = params,
                                      .info = info ? info : &unused,
                                      .err = err,
                                      .sink = sink };
    return stream(&src);
}

/* --- from a file, a window of it in memory --- */

/* Streams an open file; everything of src but the window is set. */
static enum edgel_status stream_open(struct edgel_source *src, int fd)
{
    struct edgel_window window = { .fd = fd };
    src->window = &window;
    window.bytes = edgel_alloc(EDGEL_WINDOW, 1);
    enum edgel_status st = window.bytes ? stream(src) : edgel_no_memory(src->err, src->name);
    if (window.failed)
        st = EDGEL_EIO;
    edgel_free(window.bytes);
    return st;
}

static enum edgel_status stream_file(struct edgel_source *src)
{
    int fd = -1;
    *src->info = (struct edgel_info){ .orientation = 1 };
    EDGEL_TRY(edgel_file_open(src->name, &fd, &src->size, src->err));
    const enum edgel_status st = stream_open(src, fd);
    edgel_file_close(fd);
    return st;
}

enum edgel_status edgel_image_stream(const char *path, const struct edgel_read *params,
                                     const struct edgel_row_sink *sink, struct edgel_info *info,
                                     struct edgel_error *err)
{
    EDGEL_REQUIRE(path);
    EDGEL_REQUIRE(params);
    EDGEL_REQUIRE(sink && sink->begin && sink->row);
    struct edgel_info unused;
    struct edgel_source src = {
        .name = path, .params = params, .info = info ? info : &unused, .err = err, .sink = sink
    };
    return stream_file(&src);
}

/* --- headers alone --- */

/* Takes the type of the pixels and ends the reading. */
static enum edgel_status take_type(void *user, struct edgel_view shape, struct edgel_error *err)
{
    (void)err;
    *(enum edgel_type *)user = shape.type;
    return EDGEL_EINTERRUPTED;
}

static enum edgel_status no_row(void *user, const void *row, struct edgel_error *err)
{
    (void)user, (void)row, (void)err;
    return EDGEL_EINTERRUPTED;
}

/* Reads up to the pixels, whatever their number, and whether or not they are there: of the open file fd, or (-1) of the
 * bytes of src. limits (may be NULL): for chunks. */
static enum edgel_status read_header(struct edgel_source *src, int fd, const struct edgel_limits *limits)
{
    enum edgel_type type = 0;
    const struct edgel_row_sink sink = { &type, take_type, no_row };
    struct edgel_read params;
    edgel_read_init(&params);
    params.decode = EDGEL_DECODE_FULL;
    params.lenient = true;
    params.page = 1;
    params.limits.max_pixels = UINT64_MAX;
    params.limits.max_side = INT_MAX;
    if (limits)
        params.limits.max_chunk_bytes = limits->max_chunk_bytes;
    src->params = &params;
    src->sink = &sink;
    src->header_only = true;
    enum edgel_status st = fd < 0 ? stream(src) : stream_open(src, fd);
    if (st == EDGEL_EINTERRUPTED && type != 0)
        st = EDGEL_OK;
    src->info->type = type;
    src->info->damage[0] = '\0';
    if (st != EDGEL_OK)
        *src->info = (struct edgel_info){ 0 };
    return st;
}

enum edgel_status edgel_info_decode(const void *bytes, size_t size, const char *name, struct edgel_info *info,
                                    struct edgel_error *err)
{
    EDGEL_REQUIRE(bytes || size == 0);
    EDGEL_REQUIRE(name);
    EDGEL_REQUIRE(info);
    struct edgel_source src = { .bytes = bytes, .size = size, .name = name, .info = info, .err = err };
    return read_header(&src, -1, NULL);
}

enum edgel_status edgel_info_of_file(int fd, const char *path, size_t size, const struct edgel_limits *limits,
                                     struct edgel_info *info, struct edgel_error *err)
{
    struct edgel_source src = { .name = path, .size = size, .info = info, .err = err };
    return read_header(&src, fd, limits);
}

enum edgel_status edgel_info_read(const char *path, struct edgel_info *info, struct edgel_error *err)
{
    int fd = -1;
    size_t size = 0;
    EDGEL_REQUIRE(path);
    EDGEL_REQUIRE(info);
    *info = (struct edgel_info){ 0 };
    EDGEL_TRY(edgel_file_open(path, &fd, &size, err));
    const enum edgel_status st = edgel_info_of_file(fd, path, size, NULL, info, err);
    edgel_file_close(fd);
    return st;
}
