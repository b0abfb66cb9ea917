/*
 * The bytes of a compressed element of a MAT file, which is a zlib stream. The caller takes them in order, as many as
 * it asks for. A stream that is damaged, or ends before them, is refused. A stream needs about 40 KB, from
 * edgel_alloc().
 * Source: RFC 1950 and 1951.
 */
#include "io/io_priv.h"

#include <zlib.h>

struct edgel_mat_stream {
    z_stream z;
    const char *name;
};

static void *stream_alloc(void *user, unsigned n, unsigned size)
{
    (void)user;
    return edgel_alloc(n, size);
}

static void stream_free(void *user, void *p)
{
    (void)user;
    edgel_free(p);
}

static enum edgel_status no_memory(const char *name, struct edgel_error *err)
{
    return edgel_no_memory(err, name);
}

enum edgel_status edgel_mat_stream_create(struct edgel_mat_stream **out, const unsigned char *bytes,
                                          uint32_t n, const char *name, struct edgel_error *err)
{
    struct edgel_mat_stream *s = edgel_calloc(1, sizeof *s);
    if (!s)
        return no_memory(name, err);
    s->name = name;
    s->z = (z_stream){ .zalloc = stream_alloc, .zfree = stream_free };
    s->z.next_in = (z_const Bytef *)bytes;
    s->z.avail_in = n;
    if (inflateInit(&s->z) != Z_OK) {
        edgel_free(s);
        return no_memory(name, err);
    }
    *out = s;
    return EDGEL_OK;
}

enum edgel_status edgel_mat_stream_take(struct edgel_mat_stream *s, unsigned char *to, size_t n,
                                        struct edgel_error *err)
{
    s->z.next_out = to;
    s->z.avail_out = (uInt)n;
    while (s->z.avail_out > 0) {
        const int r = inflate(&s->z, Z_SYNC_FLUSH);
        if (r == Z_OK || (r == Z_STREAM_END && s->z.avail_out == 0))
            continue;
        if (r == Z_MEM_ERROR)
            return no_memory(s->name, err);
        return edgel_fail(err, EDGEL_EFORMAT, "%s: MAT: %s", s->name,
                          r == Z_BUF_ERROR    ? "a compressed element is cut short"
                          : r == Z_STREAM_END ? "an element is longer than the compressed one around it"
                                              : "damaged compressed data");
    }
    return EDGEL_OK;
}

enum edgel_status edgel_mat_stream_end(struct edgel_mat_stream *s, struct edgel_error *err)
{
    unsigned char rest;
    s->z.next_out = &rest;
    s->z.avail_out = 1;
    if (inflate(&s->z, Z_FINISH) == Z_STREAM_END && s->z.avail_out == 1 && s->z.avail_in == 0)
        return EDGEL_OK;
    return edgel_fail(err, EDGEL_EFORMAT, "%s: MAT: damaged compressed data, or more than one array in it",
                      s->name);
}

void edgel_mat_stream_destroy(struct edgel_mat_stream **s)
{
    if (*s)
        inflateEnd(&(*s)->z);
    edgel_free(*s);
    *s = NULL;
}
