/*
 * A range of samples for a whole list of images, decided from all of them: the largest value of the 16-bit ones and of
 * the float ones, each the larger of what the file says and what its samples have. A file that says more than it has is
 * believed, as a dark frame of a 12-bit camera is; one that says less is not, as a PNG with sBIT has to hold samples
 * that are scaled up. 8-bit images are not looked at. Files that cannot be read are passed over: the run reports them.
 */
#include "batch/batch_priv.h"
#include "edgel/image.h"
#include <math.h>
#include <stdatomic.h>

/* The largest value of an image on its way, row by row. */
struct largest {
    struct edgel_view shape;
    double value;
    bool eight; /* it is 8-bit, and reading was ended */
};

static enum edgel_status begin_rows(void *user, struct edgel_view shape, struct edgel_error *err)
{
    struct largest *l = user;
    l->shape = shape;
    l->eight = shape.type == EDGEL_U8;
    (void)err;
    return l->eight ? EDGEL_EINTERRUPTED : EDGEL_OK;
}

static enum edgel_status take_row(void *user, const void *row, struct edgel_error *err)
{
    struct largest *l = user;
    struct edgel_view v = l->shape;
    (void)err;
    v.data = row;
    v.h = 1;
    const double most = edgel_view_largest(v);
    l->value = most > l->value ? most : l->value;
    return EDGEL_OK;
}

/* A file whose rows do not come in order. */
static enum edgel_status look_at_whole(const char *path, const struct edgel_read *read, struct largest *l,
                                       struct edgel_info *info)
{
    struct edgel_image img = { 0 };
    enum edgel_status s = edgel_info_read(path, info, NULL);
    l->eight = info->type == EDGEL_U8;
    if (s != EDGEL_OK || l->eight)
        return s;
    s = edgel_image_read(path, read, &img, info, NULL);
    l->shape = edgel_image_view(&img);
    l->value = edgel_view_largest(l->shape);
    edgel_image_finish(&img);
    return s;
}

static enum edgel_status look_at(const char *path, const struct edgel_read *read, struct largest *l,
                                 struct edgel_info *info)
{
    const struct edgel_row_sink sink = { l, begin_rows, take_row };
    *l = (struct largest){ 0 };
    const enum edgel_status s = edgel_image_stream(path, read, &sink, info, NULL);
    if (l->eight)
        return EDGEL_OK;
    return s == EDGEL_EUNSUPPORTED ? look_at_whole(path, read, l, info) : s;
}

struct survey {
    const struct edgel_range_survey *p;
    struct edgel_range_found *found; /* [threads] */
    atomic_bool no_memory;
};

static void add(struct edgel_range_found *f, const struct largest *l, const struct edgel_info *info)
{
    const double v = info->largest_said > l->value ? info->largest_said : l->value;
    if (l->eight)
        return;
    if (l->shape.type == EDGEL_U16) {
        f->whole++;
        f->largest_whole = v > f->largest_whole ? v : f->largest_whole;
    } else {
        f->real++;
        f->largest_real = v > f->largest_real ? v : f->largest_real;
    }
}

static void work(void *user, int thread, size_t i)
{
    struct survey *s = user;
    const char *path = s->p->path(s->p->user, i);
    struct edgel_read read = s->p->read;
    read.decode = EDGEL_DECODE_COLOR;
    read.orient = false;
    read.range = (struct edgel_range){ 0 };
    read.page = s->p->all_pages ? 1 : read.page;
    int pages = 1;
    for (int page = 0; path && page < pages; page++) {
        struct largest l;
        struct edgel_info info = { 0 };
        const enum edgel_status st = look_at(path, &read, &l, &info);
        if (st == EDGEL_ENOMEM)
            atomic_store(&s->no_memory, true);
        if (st != EDGEL_OK) {
            s->found[thread].failed++;
            return;
        }
        add(&s->found[thread], &l, &info);
        pages = s->p->all_pages && page == 0 ? info.pages : pages;
        read.page++;
        read.page_at = info.next_page;
    }
}

static bool stop(void *user)
{
    const struct survey *s = user;
    return s->p->stop && s->p->stop(s->p->user);
}

void edgel_range_survey_init(struct edgel_range_survey *survey)
{
    *survey = (struct edgel_range_survey){ 0 };
    edgel_read_init(&survey->read);
}

static enum edgel_status look_at_all(struct survey *s, int threads, struct edgel_range_found *sum,
                                     struct edgel_error *err)
{
    const struct edgel_run run = {
        .count = s->p->count, .threads = threads, .user = s, .work = work, .stop = stop
    };
    EDGEL_TRY(edgel_run_execute(&run, NULL, err));
    if (atomic_load(&s->no_memory))
        return edgel_no_memory(err, "range");
    for (int t = 0; t < threads; t++) {
        const struct edgel_range_found *f = &s->found[t];
        sum->whole += f->whole;
        sum->real += f->real;
        sum->failed += f->failed;
        sum->largest_whole = fmax(sum->largest_whole, f->largest_whole);
        sum->largest_real = fmax(sum->largest_real, f->largest_real);
    }
    return EDGEL_OK;
}

enum edgel_status edgel_range_decide(const struct edgel_range_survey *survey, struct edgel_range *range,
                                     struct edgel_range_found *found, struct edgel_error *err)
{
    EDGEL_REQUIRE(survey);
    EDGEL_REQUIRE(range);
    EDGEL_REQUIRE(survey->path || survey->count == 0);
    struct edgel_range_found sum = { 0 };
    int most;
    EDGEL_TRY(edgel_threads_resolve(survey->threads, &most, err));
    const int threads = survey->count < (size_t)most ? (survey->count ? (int)survey->count : 1) : most;
    struct survey s = { .p = survey, .found = edgel_calloc((size_t)threads, sizeof *s.found) };
    if (!s.found)
        return edgel_no_memory(err, "range");
    const enum edgel_status st = look_at_all(&s, threads, &sum, err);
    edgel_free(s.found);
    if (st != EDGEL_OK)
        return st;
    *range = edgel_range_for(sum.largest_whole, sum.largest_real);
    if (found)
        *found = sum;
    return EDGEL_OK;
}
