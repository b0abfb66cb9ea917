/*
 * Reads every file before the first step of a training: the values of the masks decide labels and classes, and each
 * file that cannot be used is reported.
 */
#include "dataset/dataset_priv.h"
#include <stdlib.h>
#include <string.h>

/* What one image and its masks hold. */
struct look {
    struct edgel_dataset_seen seen;
    uint64_t ids[EDGEL_IDS / 64]; /* a bit for each id seen */
    struct edgel_error err;
    struct edgel_text remarks; /* of decoders, each with its NUL */
};

/* What is read: masks, before labels are decided; images, after masks that cannot be used; samples, after survey. */
enum what { MASKS, IMAGES, SAMPLES };

struct looking {
    struct edgel_dataset *d;
    const struct edgel_dataset_run *run;
    struct look *slots; /* [window] */
    struct look *all;
    struct edgel_look *ids; /* MASKS: of all */
    size_t window;
    enum what what;
    bool *bad; /* [all images] something of it cannot be used */
    bool no_memory;
};

/* The i-th image of both parts together: *i becomes its index in its part. True: of the validation. */
static bool part_of(const struct edgel_dataset *d, size_t *i)
{
    const bool validation = *i >= d->parts[0].n;
    *i -= validation ? d->parts[0].n : 0;
    return validation;
}

static void add_remark(struct look *l, const char *path, const struct edgel_info *info)
{
    const char *how, *said = edgel_info_said(info, &how);
    if (!said)
        return;
    edgel_text_printf(&l->remarks, "%s: %s%s", path, how, said);
    edgel_text_add(&l->remarks, "", 1);
    if (l->remarks.failed)
        (void)edgel_fail(&l->err, EDGEL_ENOMEM, "%s: out of memory", path);
}

/* --- what one pair holds --- */

static void look_at_mask(const struct edgel_dataset *d, const char *path, const struct edgel_mask *mask,
                         struct look *l)
{
    const size_t n = (size_t)mask->view.w * (size_t)mask->view.h;
    struct edgel_error cause = { 0 };
    uint16_t *ids = edgel_alloc(n, sizeof *ids);
    l->seen.colors |= mask->view.channels > 1;
    const enum edgel_status status = ids ? edgel_mask_ids(mask, d->p.colors, ids, &cause) : EDGEL_ENOMEM;
    if (status != EDGEL_OK)
        (void)edgel_fail(&l->err, status, "%s: %s", path, ids ? cause.msg : "out of memory");
    else
        edgel_mask_values_add(&l->seen.values, mask, d->p.ignore, d->p.nignore);
    for (size_t i = 0; status == EDGEL_OK && i < n; i++)
        l->ids[ids[i] / 64] |= (uint64_t)1 << (ids[i] % 64);
    edgel_free(ids);
}

/* The size of the image as it is read: what the maps of a MAT file are compared with before they are unpacked. */
static void size_of_image(const struct edgel_dataset *d, const char *path, int *w, int *h)
{
    struct edgel_info info = { 0 };
    *w = *h = 0;
    if (!path || edgel_info_read(path, &info, NULL) != EDGEL_OK)
        return;
    const bool turned = d->p.read.orient && info.orientation >= 5;
    *w = turned ? info.h : info.w;
    *h = turned ? info.w : info.h;
}

static void look_at_truth(const struct edgel_dataset *d, const char *image, const char *path, struct look *l)
{
    struct edgel_mask_file f = { 0 };
    int w = 0, h = 0;
    if (edgel_named_like_mat(path))
        size_of_image(d, image, &w, &h);
    const enum edgel_status status = edgel_truth_file_read(d, path, w, h, &f, &l->err);
    l->seen.several |= edgel_truth_count(&f) > 1;
    l->seen.mat |= f.is_mat;
    l->seen.lossy |= f.info.format == EDGEL_FORMAT_JPEG;
    if (status == EDGEL_OK)
        add_remark(l, path, &f.info);
    for (size_t k = 0; l->err.code == EDGEL_OK && k < edgel_truth_count(&f); k++) {
        const struct edgel_mask mask = edgel_truth_at(&f, k);
        look_at_mask(d, path, &mask, l);
    }
    edgel_mask_file_finish(&f);
}

static void look_at_valid(const struct edgel_dataset *d, const struct edgel_pair *p, struct look *l)
{
    struct edgel_bytes bytes = { 0 };
    struct edgel_mask_file f = { 0 };
    if (p->valid &&
        edgel_mask_file_read(&d->p.read, p->valid, EDGEL_MASK_VALID, 0, 0, &bytes, &f, &l->err) == EDGEL_OK)
        add_remark(l, p->valid, &f.info);
    edgel_bytes_finish(&bytes);
    edgel_mask_file_finish(&f);
}

/* Reads an image, and compares its size with that of its masks unless these are faulty already. */
static void look_at_image(const struct edgel_dataset *d, const struct edgel_pair *p, bool masks,
                          struct look *l)
{
    struct edgel_image image = { 0 };
    struct edgel_info info = { 0 };
    if (edgel_dataset_image(d, p->prediction, EDGEL_DECODE_COLOR, &image, &info, &l->err) == EDGEL_OK)
        add_remark(l, p->prediction, &info);
    for (size_t a = 0; a < p->ntruth && masks && l->err.code == EDGEL_OK; a++) {
        struct edgel_mask_file f = { 0 };
        (void)(edgel_truth_file_read(d, p->truth[a], image.w, image.h, &f, &l->err) == EDGEL_OK);
        edgel_mask_file_finish(&f);
    }
    edgel_image_finish(&image);
}

static bool has_counted(const struct edgel_dataset_sample *s)
{
    const size_t pixels = (size_t)s->w * (size_t)s->h;
    size_t i = 0;
    while (i < pixels && (s->label ? s->label[i] == EDGEL_LABEL_IGNORE : !(s->soft[i] >= 0)))
        i++;
    return i < pixels;
}

static void look_at_sample(struct edgel_dataset *d, bool validation, size_t i, struct look *l)
{
    struct edgel_dataset_sample sample;
    struct edgel_info info = { 0 };
    if (edgel_sample_load(d, validation, i, &sample, &info, &l->err) == EDGEL_OK) {
        *(validation ? &l->seen.counted_validation : &l->seen.counted) = has_counted(&sample);
        add_remark(l, edgel_dataset_pair(d, validation, i)->prediction, &info);
    }
    edgel_dataset_sample_finish(&sample);
}

static void look_work(void *user, int thread, size_t i)
{
    struct looking *job = user;
    struct edgel_dataset *d = job->d;
    struct look *l = &job->slots[i % job->window];
    const bool bad = job->bad[i], validation = part_of(d, &i);
    const struct edgel_pair *p = edgel_dataset_pair(d, validation, i);
    (void)thread;
    edgel_text_finish(&l->remarks);
    memset(l, 0, sizeof *l);
    l->seen.several = p->ntruth > 1;
    if (job->what == IMAGES)
        look_at_image(d, p, !bad, l);
    if (job->what == SAMPLES)
        look_at_sample(d, validation, i, l);
    for (size_t a = 0; job->what == MASKS && a < p->ntruth && l->err.code == EDGEL_OK; a++)
        look_at_truth(d, p->prediction, p->truth[a], l);
    const bool same =
        i > 0 && p->valid &&
        edgel_dataset_pair(d, validation, i - 1)->valid == p->valid; /* one mask for all pairs */
    if (job->what == MASKS && l->err.code == EDGEL_OK && !same)
        look_at_valid(d, p, l);
}

/* --- over all pairs, in their order --- */

static void merge(struct look *all, const struct look *l)
{
    struct edgel_dataset_seen *to = &all->seen;
    const struct edgel_dataset_seen *from = &l->seen;
    to->several |= from->several;
    to->mat |= from->mat;
    to->colors |= from->colors;
    to->lossy |= from->lossy;
    to->counted |= from->counted;
    to->counted_validation |= from->counted_validation;
    to->values.above_one |= from->values.above_one;
    to->values.one |= from->values.one;
    to->values.full |= from->values.full;
    to->values.other |= from->values.other;
    for (size_t k = 0; k < EDGEL_IDS / 64; k++)
        all->ids[k] |= l->ids[k];
}

static void look_done(void *user, size_t i)
{
    struct looking *job = user;
    const struct edgel_dataset_run *run = job->run;
    const struct look *l = &job->slots[i % job->window];
    const bool failed = l->err.code != EDGEL_OK;
    merge(job->all, l);
    if (job->what == MASKS)
        edgel_look_add(job->ids, l->ids, job->d->ignored);
    for (const char *s = l->remarks.s; run->remark && s && s < l->remarks.s + l->remarks.len;
         s += strlen(s) + 1)
        run->remark(run->user, s);
    job->bad[i] |= failed;
    job->no_memory |= l->err.code == EDGEL_ENOMEM;
    if (failed && run->fault)
        run->fault(run->user, l->err.msg);
    if (run->step)
        run->step(run->user, failed);
}

static bool look_stop(void *user)
{
    const struct looking *job = user;
    return job->run->stop && job->run->stop(job->run->user);
}

static enum edgel_status look_through(struct edgel_dataset *d, const struct edgel_dataset_run *run,
                                      enum what what, bool *bad, struct look *all, struct edgel_error *err)
{
    struct edgel_look *ids = edgel_calloc(1, sizeof *ids);
    struct looking job = { .d = d, .run = run, .what = what, .bad = bad, .all = all, .ids = ids };
    const size_t n = d->parts[0].n + d->parts[1].n;
    struct edgel_run execute = { .count = n,
                                 .threads = run->threads,
                                 .user = &job,
                                 .work = look_work,
                                 .done = look_done,
                                 .stop = look_stop };
    memset(all, 0, sizeof *all);
    job.window = edgel_run_window(&execute);
    job.slots = edgel_calloc(job.window, sizeof *job.slots);
    if (!job.slots || !ids) {
        edgel_free(job.slots);
        edgel_free(ids);
        return edgel_fail(err, EDGEL_ENOMEM, "look at %zu images: out of memory", n);
    }
    if (run->begin)
        run->begin(run->user, what == MASKS ? "masks" : "images", n);
    enum edgel_status status = edgel_run_execute(&execute, NULL, err);
    if (run->end)
        run->end(run->user);
    for (size_t k = 0; k < job.window; k++)
        edgel_text_finish(&job.slots[k].remarks);
    edgel_free(job.slots);
    ids->seen.files = n;
    ids->seen.lossy = all->seen.lossy;
    if (what == MASKS)
        all->seen.ids = ids->seen;
    edgel_free(ids);
    if (status == EDGEL_OK && job.no_memory)
        status = edgel_fail(err, EDGEL_ENOMEM, "look at %zu images: out of memory", n);
    return status;
}

static size_t count_bad(const bool *bad, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += bad[i];
    return count;
}

/* When masks cannot be used, labels cannot be decided, and samples not be loaded. The images are read by themselves
 * then, so that the user learns of all faults at once. */
static enum edgel_status look_at_all(struct edgel_dataset *d, const struct edgel_dataset_run *run,
                                     enum what what, struct look *all, struct edgel_error *err)
{
    const size_t n = d->parts[0].n + d->parts[1].n;
    bool *bad = edgel_calloc(n + 1, sizeof *bad);
    if (!bad)
        return edgel_fail(err, EDGEL_ENOMEM, "look at %zu images: out of memory", n);
    enum edgel_status status = look_through(d, run, what, bad, all, err);
    if (status == EDGEL_OK && what == MASKS && count_bad(bad, n) > 0)
        status = look_through(d, run, IMAGES, bad, all, err);
    all->seen.failed = count_bad(bad, n);
    if (status == EDGEL_OK && all->seen.failed > 0)
        status = edgel_fail(err, EDGEL_EFORMAT, "%zu of %zu images cannot be used", all->seen.failed, n);
    edgel_free(bad);
    return status;
}

void edgel_dataset_run_init(struct edgel_dataset_run *run)
{
    *run = (struct edgel_dataset_run){ 0 };
}

static enum edgel_status look(struct edgel_dataset *d, const struct edgel_dataset_run *run, enum what what,
                              struct edgel_dataset_seen *seen, struct edgel_error *err)
{
    int threads;
    *seen = (struct edgel_dataset_seen){ 0 };
    EDGEL_TRY(edgel_threads_resolve(run->threads, &threads, err));
    struct look *all = edgel_calloc(1, sizeof *all);
    if (!all)
        return edgel_fail(err, EDGEL_ENOMEM, "look at the set: out of memory");
    enum edgel_status status = look_at_all(d, run, what, all, err);
    *seen = all->seen;
    if (status == EDGEL_OK && what == MASKS)
        status = edgel_dataset_decide(d, seen, all->ids, err);
    edgel_free(all);
    return status;
}

enum edgel_status edgel_dataset_survey(struct edgel_dataset *d, const struct edgel_dataset_run *run,
                                       struct edgel_dataset_seen *seen, struct edgel_error *err)
{
    EDGEL_REQUIRE(seen);
    *seen = (struct edgel_dataset_seen){ 0 };
    EDGEL_REQUIRE(d);
    EDGEL_REQUIRE(run);
    return look(d, run, MASKS, seen, err);
}

enum edgel_status edgel_dataset_check(struct edgel_dataset *d, const struct edgel_dataset_run *run,
                                      struct edgel_dataset_seen *seen, struct edgel_error *err)
{
    EDGEL_REQUIRE(seen);
    *seen = (struct edgel_dataset_seen){ 0 };
    EDGEL_REQUIRE(d);
    EDGEL_REQUIRE(run);
    if (!d->surveyed)
        return edgel_fail(err, EDGEL_EINVAL, "samples: the set has not been surveyed");
    return look(d, run, SAMPLES, seen, err);
}
