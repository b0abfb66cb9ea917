/*
 * Rows of one image shared among threads. The image is cut into parts of whole rows; a thread takes the next part when
 * it is done with one. A part is worked on as in a pass over the whole image that begins at its first row: it looks at
 * the same rows of the input (its neighbours' as well, and the image's own borders), and writes its own rows alone. So
 * the bytes do not depend on where the image is cut, nor on who does what.
 *
 * The last part comes first: of what was written last, before this, most is still in the caches.
 *
 * What is repeated at a cut are the rows around it. Hence parts are high against those, and as few as keep threads busy
 * when one of them is held up.
 */
#include "filter/filter_priv.h"
#include <stdatomic.h>

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
