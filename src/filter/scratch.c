/*
 * Working memory of the filters, the checks that every operation begins with, and the sharing of rows among threads.
 *
 * An image is cut into parts of whole rows; a thread that finishes a part takes the next one. A part is worked on like
 * a pass over the whole image that begins at its first row: it reads the same rows of the input, those of its
 * neighbours and the borders of the image included, and writes only its own rows. So the bytes depend neither on where
 * the image is cut nor on which thread works on a part.
 *
 * The last part is worked on first: what the caller wrote last is the most likely to be in the caches.
 *
 * The rows around a cut are worked on twice. Parts are therefore high compared with these, and there are only as many
 * as keep the threads busy when one of them is delayed.
 */
#include "filter/filter_priv.h"
#include <stdatomic.h>

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
    if (!scratch || !*scratch)
        return;
    finish_parts(*scratch);
    edgel_arena_finish(&(*scratch)->arena);
    edgel_free(*scratch);
    *scratch = NULL;
}

enum edgel_status edgel_scratch_use_pool(struct edgel_scratch *scratch, struct edgel_pool *pool,
                                         struct edgel_error *err)
{
    EDGEL_REQUIRE(scratch);
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

/* --- rows shared among threads --- */

enum {
    PARTS = 4,           /* of a thread */
    AGAINST_AROUND = 16, /* rows of a part for each row around it */
    SAMPLES = 1 << 15    /* of a part; waking a thread takes longer than working on fewer */
};

int edgel_share_threads(const struct edgel_scratch *scratch)
{
    return scratch->pool ? scratch->threads : 1;
}

static int divided_up(int a, int b)
{
    return a / b + (a % b != 0);
}

int edgel_share_rows(const struct edgel_scratch *scratch, int h, int n, int around)
{
    const int threads = edgel_share_threads(scratch), most = divided_up(SAMPLES, n);
    if (scratch->pool && scratch->rows > 0)
        return scratch->rows;
    if (threads == 1)
        return h;
    int parts = PARTS;
    while (parts > 1 && h / threads / parts < AGAINST_AROUND * around)
        parts--;
    const int rows = divided_up(h, parts * threads);
    return rows > most ? rows : most < h ? most : h;
}

struct sharing {
    struct edgel_scratch *scratch;
    int h, rows, parts;
    edgel_share_work *work;
    void *user;
    atomic_int failed;        /* a part has; which one is of no account: all fail for want of memory */
    enum edgel_status status; /* of the first to fail, as err */
    struct edgel_error err;
};

static void run_part(void *user, int thread, size_t i)
{
    struct sharing *s = user;
    const int from = (s->parts - 1 - (int)i) * s->rows, left = s->h - from;
    const struct edgel_part part = { &s->scratch->parts[thread], thread, from,
                                     from + (left < s->rows ? left : s->rows) };
    struct edgel_error err = { 0 };
    if (atomic_load(&s->failed))
        return;
    edgel_arena_reset(part.arena);
    const enum edgel_status st = s->work(s->user, &part, &err);
    if (st == EDGEL_OK || atomic_exchange(&s->failed, 1))
        return;
    s->status = st;
    s->err = err;
}

/* Each thread gets as much memory as any has used, so that the next image of the size takes none, whoever does what.
 * Room of a thread that does nothing is not touched, and so is address space alone. */
static void level_arenas(struct edgel_scratch *s)
{
    size_t most = 0;
    for (int t = 0; t < s->threads; t++) {
        edgel_arena_reset(&s->parts[t]);
        most = s->parts[t].total > most ? s->parts[t].total : most;
    }
    for (int t = 0; t < s->threads; t++)
        if (s->parts[t].total < most) {
            edgel_arena_finish(&s->parts[t]);
            const void *room = edgel_arena_alloc(&s->parts[t], most, 1);
            (void)room; /* on failure a part tries again and reports */
        }
}

enum edgel_status edgel_share(struct edgel_scratch *scratch, int h, int rows, edgel_share_work *work,
                              void *user, struct edgel_error *err)
{
    if (rows >= h)
        return work(user, &(struct edgel_part){ &scratch->arena, 0, 0, h }, err);
    const int parts = divided_up(h, rows);
    struct sharing s = {
        .scratch = scratch, .h = h, .rows = rows, .parts = parts, .work = work, .user = user
    };
    edgel_pool_run(scratch->pool, (size_t)parts, run_part, &s);
    level_arenas(scratch);
    return s.status == EDGEL_OK ? EDGEL_OK : edgel_fail(err, s.status, "%s", s.err.msg);
}
