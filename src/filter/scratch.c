/* Working memory of the filters, and the checks that every operation begins with. */
#include "filter/filter_priv.h"

struct edgel_scratch *edgel_scratch_create(void)
{
    return edgel_calloc(1, sizeof(struct edgel_scratch));
}

/* Back to one thread. The pool itself is not touched: it may have ended before. */
static void finish_parts(struct edgel_scratch *s)
{
    for (int t = 0; t < s->threads; t++)
        edgel_arena_finish(&s->parts[t]);
    edgel_free(s->parts);
    s->parts = NULL;
    s->pool = NULL;
    s->threads = 0;
}

void edgel_scratch_destroy(struct edgel_scratch **scratch)
{
    if (!*scratch)
        return;
    finish_parts(*scratch);
    edgel_arena_finish(&(*scratch)->arena);
    edgel_free(*scratch);
    *scratch = NULL;
}

enum edgel_status edgel_scratch_use_pool(struct edgel_scratch *scratch, struct edgel_pool *pool,
                                         struct edgel_error *err)
{
    finish_parts(scratch);
    if (!pool)
        return EDGEL_OK;
    const int threads = edgel_pool_threads(pool);
    scratch->parts = edgel_calloc((size_t)threads, sizeof *scratch->parts);
    if (!scratch->parts)
        return edgel_fail(err, EDGEL_ENOMEM, "scratch for %d threads: out of memory", threads);
    scratch->pool = pool;
    scratch->threads = threads;
    return EDGEL_OK;
}

struct edgel_scratch *edgel_scratch_begin(struct edgel_scratch *scratch, struct edgel_scratch *own)
{
    *own = (struct edgel_scratch){ 0 };
    if (!scratch)
        return own;
    edgel_arena_reset(&scratch->arena);
    return scratch;
}

void edgel_scratch_end(struct edgel_scratch *own)
{
    edgel_arena_finish(&own->arena);
}

enum edgel_status edgel_arena_image(struct edgel_arena *arena, struct edgel_image *img, int w, int h,
                                    int channels, enum edgel_type type, struct edgel_error *err)
{
    size_t row = ((size_t)w * (size_t)channels * edgel_type_size(type) + 63) & ~(size_t)63;
    *img =
        (struct edgel_image){ .w = w, .h = h, .channels = channels, .type = type, .stride = (ptrdiff_t)row };
    img->data = edgel_arena_alloc(arena, (size_t)h, row);
    if (!img->data)
        return edgel_fail(err, EDGEL_ENOMEM, "image %dx%d: out of memory", w, h);
    return EDGEL_OK;
}

/* Samples of a row stay far below INT_MAX, and rows by more than any operator reaches, so that positions beside an
 * image fit an int. */
enum { MAX_ROW_SAMPLES = 1 << 30, MAX_ROWS = INT32_MAX - (1 << 14) };

enum edgel_status edgel_layout_check(const char *what, struct edgel_view in, int max_channels,
                                     struct edgel_error *err)
{
    if (!in.data || in.w < 1 || in.h < 1)
        return edgel_fail(err, EDGEL_EINVAL, "%s: input %dx%d: sides must be >= 1 and pixels present", what,
                          in.w, in.h);
    if (in.channels < 1 || in.channels > max_channels)
        return edgel_fail(err, EDGEL_EINVAL, "%s: input with %d channels: must have 1 to %d", what,
                          in.channels, max_channels);
    if (in.w > MAX_ROW_SAMPLES / in.channels)
        return edgel_fail(err, EDGEL_EINVAL, "%s: input %d wide: must be at most %d", what, in.w,
                          MAX_ROW_SAMPLES / in.channels);
    if (in.h > MAX_ROWS)
        return edgel_fail(err, EDGEL_EINVAL, "%s: input %d high: must be at most %d", what, in.h, MAX_ROWS);
    ptrdiff_t size = (ptrdiff_t)edgel_type_size(in.type), row = (ptrdiff_t)in.w * in.channels * size;
    if ((in.h > 1 && in.stride < row && -in.stride < row) || in.stride % size != 0 ||
        (uintptr_t)in.data % (size_t)size != 0)
        return edgel_fail(err, EDGEL_EINVAL,
                          "%s: input stride %td: must hold a row, with samples at multiples of their size",
                          what, in.stride);
    return EDGEL_OK;
}

enum edgel_status edgel_view_check(const char *what, struct edgel_view in, int max_channels,
                                   struct edgel_error *err)
{
    if (in.type != EDGEL_U8 && in.type != EDGEL_U16 && in.type != EDGEL_F32)
        return edgel_fail(err, EDGEL_EINVAL, "%s: input type %d: must be U8, U16 or F32", what, (int)in.type);
    return edgel_layout_check(what, in, max_channels, err);
}

double edgel_type_range(enum edgel_type type)
{
    return type == EDGEL_U8 ? 255 : type == EDGEL_U16 ? 65535 : 1;
}
