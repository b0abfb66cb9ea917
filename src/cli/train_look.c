/*
 * A look at every file before the first step: what the masks hold decides labels and classes, and what cannot be
 * trained on is told file by file.
 */
#include "edgel/dataset.h"
#include "train_data.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What one image and its masks hold; a bit of ids for each id seen. */
struct look {
    struct edgel_mask_values values;
    uint64_t ids[TRAIN_IDS / 64];
    bool several;   /* annotators */
    bool mat;       /* a MAT file */
    bool colours;   /* a mask with colours */
    bool lossy;     /* a JPEG file as mask */
    bool counts[2]; /* a pixel of the training, of the validation counts */
    char error[512];
    char **remarks; /* [nremarks] of decoders, to be freed */
    size_t nremarks;
};

enum what { MASKS, IMAGES, SAMPLES }; /* IMAGES: beside masks that failed; SAMPLES: labels being decided */

struct looking {
    struct train_data *d;
    struct look *slots; /* [window] */
    struct look all;
    size_t window;
    enum what what;
    bool *bad; /* [all images] something of it cannot be used */
};

static struct train_set *set_of(struct train_data *d, size_t *i)
{
    struct train_set *s = &d->sets[*i >= d->sets[0].n];
    *i -= s == &d->sets[1] ? d->sets[0].n : 0;
    return s;
}

/* What a decoder said of a file that it took. */
static void add_remark(struct look *l, const char *path, const struct edgel_info *info)
{
    const char *said = info->damage[0] ? info->damage : info->remark;
    const char *how = info->damage[0] ? "damaged, taken as far as it decodes: " : "";
    if (!said[0])
        return;
    const size_t n = strlen(path) + strlen(how) + strlen(said) + 3;
    l->remarks = cli_realloc(l->remarks, l->nremarks + 1, sizeof *l->remarks);
    l->remarks[l->nremarks] = cli_alloc(n, 1);
    snprintf(l->remarks[l->nremarks++], n, "%s: %s%s", path, how, said);
}

static void tell_remarks(struct look *l, bool quiet)
{
    for (size_t k = 0; k < l->nremarks; k++) {
        if (!quiet)
            cli_message("%s", l->remarks[k]);
        free(l->remarks[k]);
    }
    free(l->remarks);
    l->remarks = NULL;
    l->nremarks = 0;
}

static void look_at_truth(struct train_data *d, const char *path, struct look *l, struct edgel_error *err)
{
    struct train_masks m;
    enum edgel_status status = train_masks_read(d, path, 0, 0, &m, err);
    l->several |= m.n > 1;
    l->mat |= m.is_mat;
    l->lossy |= m.info.format == EDGEL_FORMAT_JPEG;
    if (status == EDGEL_OK)
        add_remark(l, path, &m.info);
    for (size_t k = 0; k < m.n && status == EDGEL_OK; k++) {
        const struct edgel_image *image = train_masks_at(&m, k);
        const struct edgel_mask mask = { edgel_image_view(image), m.is_mat ? 1 : m.info.bits,
                                         m.info.indexed };
        int32_t *ids = NULL;
        l->colours |= image->channels > 1;
        status = train_masks_ids(d, &m, path, k, &ids, err);
        if (status == EDGEL_OK && image->channels == 1)
            edgel_mask_values_add(&l->values, &mask, NULL, 0);
        for (size_t i = 0; status == EDGEL_OK && i < (size_t)image->w * (size_t)image->h; i++)
            if (ids[i] >= 0)
                l->ids[ids[i] / 64] |= (uint64_t)1 << (ids[i] % 64);
        free(ids);
    }
    train_masks_finish(&m);
}

static void look_at_valid(struct train_data *d, const struct edgel_pair *p, struct look *l,
                          struct edgel_error *err)
{
    struct train_masks m;
    if (!p->valid)
        return;
    if (train_masks_read(d, p->valid, 0, 0, &m, err) == EDGEL_OK)
        add_remark(l, p->valid, &m.info);
    train_masks_finish(&m);
}

/* An image alone, and whether its masks, as far as they can be read, have its size. */
static void look_at_image(struct train_data *d, const struct edgel_pair *p, bool masks, struct look *l,
                          struct edgel_error *err)
{
    struct edgel_image image = { 0 };
    struct edgel_info info = { 0 };
    enum edgel_status status = train_read_image(d, p->prediction, EDGEL_DECODE_COLOR, &image, &info, err);
    if (status == EDGEL_OK)
        add_remark(l, p->prediction, &info);
    for (size_t a = 0; a < p->ntruth && masks && status == EDGEL_OK; a++) {
        struct train_masks m;
        status = train_masks_read(d, p->truth[a], image.w, image.h, &m, err);
        train_masks_finish(&m);
    }
    edgel_image_finish(&image);
}

static bool has_counted(const struct edgel_sample *s)
{
    const size_t pixels = (size_t)s->w * (size_t)s->h;
    size_t i = 0;
    while (i < pixels && (s->label ? s->label[i] == EDGEL_LABEL_IGNORE : !(s->soft[i] >= 0)))
        i++;
    return i < pixels;
}

static void look_work(void *user, int thread, size_t i)
{
    struct looking *job = user;
    struct look *l = &job->slots[i % job->window];
    const bool bad = job->bad[i];
    struct train_set *s = set_of(job->d, &i);
    const struct edgel_pair *p = train_pair_at(s, i);
    struct edgel_error err = { 0 };
    (void)thread;
    memset(l, 0, sizeof *l);
    l->several = p->ntruth > 1;
    if (job->what == IMAGES)
        look_at_image(job->d, p, !bad, l, &err);
    if (job->what == SAMPLES) {
        const bool validation = s == &job->d->sets[1];
        struct edgel_sample sample = { 0 };
        struct edgel_info info = { 0 };
        if (train_data_read(job->d, validation, i, &sample, &info, &err) == EDGEL_OK) {
            l->counts[validation] = has_counted(&sample);
            add_remark(l, p->prediction, &info);
        }
        edgel_sample_finish(&sample);
    }
    for (size_t a = 0; job->what == MASKS && a < p->ntruth && err.code == EDGEL_OK; a++)
        look_at_truth(job->d, p->truth[a], l, &err);
    const bool same = i > 0 && p->valid && train_pair_at(s, i - 1)->valid == p->valid; /* one for all */
    if (job->what == MASKS && err.code == EDGEL_OK && !same)
        look_at_valid(job->d, p, l, &err);
    memcpy(l->error, err.msg, sizeof l->error);
}

static void look_done(void *user, size_t i)
{
    struct looking *job = user;
    struct look *l = &job->slots[i % job->window];
    struct look *all = &job->all;
    all->several |= l->several;
    all->mat |= l->mat;
    all->colours |= l->colours;
    all->lossy |= l->lossy;
    all->counts[0] |= l->counts[0];
    all->counts[1] |= l->counts[1];
    all->values.above_one |= l->values.above_one;
    all->values.one |= l->values.one;
    all->values.full |= l->values.full;
    all->values.other |= l->values.other;
    for (size_t k = 0; k < TRAIN_IDS / 64; k++)
        all->ids[k] |= l->ids[k];
    tell_remarks(l, job->d->p.run->quiet);
    job->bad[i] |= l->error[0] != '\0';
    if (l->error[0])
        cli_message("%s", l->error);
    cli_run_step(l->error[0] ? EDGEL_OUTCOME_ERROR : EDGEL_OUTCOME_OK);
}

/* Looks at all files; those that cannot be used are reported one by one. bad: [all images]. */
static int look_through(struct train_data *d, enum what what, bool *bad, struct look *all)
{
    struct looking job = { .d = d, .what = what, .bad = bad };
    struct edgel_totals totals;
    const size_t n = d->sets[0].n + d->sets[1].n;
    struct edgel_run run = { .count = n,
                             .threads = cli_jobs(d->p.run),
                             .user = &job,
                             .work = look_work,
                             .done = look_done,
                             .stop = cli_stop };
    job.window = edgel_run_window(&run);
    job.slots = cli_alloc(job.window, sizeof *job.slots);
    cli_run_begin(what == MASKS ? "masks" : "images", d->p.run, n);
    enum edgel_status status = edgel_run_execute(&run, NULL, NULL);
    cli_run_end(&totals);
    for (size_t k = 0; k < job.window; k++)
        tell_remarks(&job.slots[k], true); /* those of a run that was stopped */
    free(job.slots);
    *all = job.all;
    if (status == EDGEL_EINTERRUPTED)
        return CLI_EXIT_INTERRUPTED;
    if (status != EDGEL_OK)
        cli_out_of_memory();
    return 0;
}

static size_t count_bad(const bool *bad, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += bad[i];
    return count;
}

/* When masks fail, labels cannot be decided: images are looked at for what can be said of them without. */
static int look_at_all(struct train_data *d, enum what what, struct look *all)
{
    const size_t n = d->sets[0].n + d->sets[1].n;
    bool *bad = cli_alloc(n, sizeof *bad);
    int code = look_through(d, what, bad, all);
    if (code == 0 && what == MASKS && count_bad(bad, n) > 0)
        code = look_through(d, IMAGES, bad, all);
    const size_t failed = count_bad(bad, n);
    if (code == 0 && failed > 0) {
        cli_message("%zu of %zu images cannot be trained on: nothing was done", failed, n);
        code = CLI_EXIT_USAGE;
    }
    free(bad);
    return code;
}

/* --- labels and classes --- */

static void add_class(struct train_data *d, int32_t id, const char *name)
{
    d->class_of[id] = (uint16_t)d->nclasses;
    d->known[id] = true;
    d->classes[d->nclasses++] = (struct edgel_model_class){ (int)id, name };
}

/* Ids that occur and are not ignored, called by their digits. */
static void take_seen_ids(struct train_data *d, const struct look *seen)
{
    for (int32_t id = 0; id < TRAIN_IDS; id++) {
        if (!(seen->ids[id / 64] >> (id % 64) & 1) || d->ignored[id])
            continue;
        snprintf(d->digits[d->nclasses], sizeof d->digits[0], "%d", (int)id);
        add_class(d, id, d->digits[d->nclasses]);
    }
}

static enum edgel_status set_classes(struct train_data *d, const struct look *seen, struct edgel_error *err)
{
    enum edgel_status status = EDGEL_OK;
    d->classes = cli_alloc(TRAIN_IDS, sizeof *d->classes);
    d->digits = cli_alloc(TRAIN_IDS, sizeof *d->digits);
    if (d->labels == EDGEL_LABELS_BINARY) {
        add_class(d, 0, "background");
        add_class(d, 1, "foreground");
    } else if (d->p.classes) {
        status = edgel_classes_read(d->p.classes, &d->given, err);
    } else {
        take_seen_ids(d, seen);
    }
    for (size_t k = 0; k < d->given.n; k++)
        if (d->given.v[k].id >= 0 && d->given.v[k].id < TRAIN_IDS && !d->ignored[d->given.v[k].id])
            add_class(d, d->given.v[k].id, d->given.v[k].name);
    if (status == EDGEL_OK && d->nclasses < 2)
        status = cli_fail(err, "%s: %d class in the masks that is not ignored: two or more are needed",
                          d->p.truth, d->nclasses);
    return status;
}

static void decide_labels(struct train_data *d, const struct look *seen)
{
    d->labels = d->p.labels;
    if (d->labels == EDGEL_LABELS_AUTO)
        d->labels = d->colors.n || d->p.classes ? EDGEL_LABELS_IDS : edgel_mask_values_labels(&seen->values);
    if (d->p.labels == EDGEL_LABELS_AUTO && !d->p.run->quiet)
        cli_message("labels: %s",
                    d->labels == EDGEL_LABELS_BINARY
                        ? "binary (the truth holds nothing but 0 and 1, or 0 and the full value)"
                        : "ids");
}

/* Classes, and whether annotators are several. */
int train_decide(struct train_data *d)
{
    struct edgel_error err = { 0 };
    struct look seen;
    int code = look_at_all(d, MASKS, &seen);
    if (code)
        return code;
    if (seen.lossy)
        cli_message(
            "%s: masks are JPEG files, whose values are not quite those that were drawn: PNG keeps them",
            d->p.truth);
    decide_labels(d, &seen);
    d->soft = seen.several;
    enum edgel_status status = set_classes(d, &seen, &err);
    if (status == EDGEL_OK && d->colors.n && !seen.colours)
        status = cli_fail(&err, "--colors %s has no use: no mask in %s has colours", d->p.colors, d->p.truth);
    if (status == EDGEL_OK && seen.mat && d->labels != EDGEL_LABELS_BINARY)
        status =
            cli_fail(&err, "%s: the truth of MAT files is boundaries, which are binary labels", d->p.truth);
    if (status == EDGEL_OK && d->soft && d->labels != EDGEL_LABELS_BINARY)
        status =
            cli_fail(&err, "%s: several annotators of an image: their mean is for binary labels", d->p.truth);
    if (status == EDGEL_OK && d->p.boundaries && d->labels != EDGEL_LABELS_BINARY)
        status = cli_fail(&err, "%s: --boundaries needs binary labels", d->p.truth);
    if (status != EDGEL_OK)
        cli_message("%s", err.msg);
    return status == EDGEL_OK ? 0 : CLI_EXIT_USAGE;
}

int train_check_all(struct train_data *d)
{
    struct look seen;
    const int code = look_at_all(d, SAMPLES, &seen);
    if (code == 0 && d->sets[1].n > 0 && !seen.counts[1]) {
        cli_message("%s: no pixel of the truth of the %zu validation images counts",
                    d->p.val_truth ? d->p.val_truth : d->p.truth, d->sets[1].n);
        return CLI_EXIT_USAGE;
    }
    return code;
}
