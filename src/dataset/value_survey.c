/*
 * The values of masks, looked at until no further file can change the answer: the truth's values decide between binary
 * and ids, the predictions' values tell masks of 0 and 1 from masks of 0 and 255. Of a 1-bit file the header is enough.
 */
#include "dataset/dataset_priv.h"
#include <stdatomic.h>

struct survey_worker {
    struct edgel_bytes bytes;
    struct edgel_image image;
};

struct survey {
    const struct edgel_dataset *d;
    const struct edgel_dataset_run *run;
    int threads;
    bool truth;
    const char **paths;
    size_t n, window;
    struct survey_worker *workers;
    struct edgel_mask_values *slots; /* [window] */
    struct edgel_mask_values merged;
    atomic_bool read_any; /* some file could be read */
    atomic_bool decided;
    atomic_bool no_memory;
};

/* With a limit of 0 pixels the decoder stops after the header, whose fields are then in info. */
static struct edgel_info header_of(const struct edgel_read *params, const struct edgel_bytes *b,
                                   const char *path)
{
    struct edgel_read read = *params;
    struct edgel_image none = { 0 };
    struct edgel_info info = { 0 };
    read.limits.max_pixels = 0;
    if (edgel_image_decode(b->data, b->size, path, &read, &none, &info, NULL) == EDGEL_OK)
        edgel_image_finish(&none);
    return info;
}

static void look(void *user, int thread, size_t i)
{
    struct survey *s = user;
    struct survey_worker *w = &s->workers[thread];
    struct edgel_mask_values *slot = &s->slots[i % s->window];
    struct edgel_read read = s->d->p.read;
    read.decode = EDGEL_DECODE_LABELS;
    *slot = (struct edgel_mask_values){ 0 };
    enum edgel_status status = edgel_file_read(s->paths[i], EDGEL_FILE_IMAGE, &read.limits, &w->bytes, NULL);
    if (status == EDGEL_ENOMEM)
        atomic_store(&s->no_memory, true);
    if (status != EDGEL_OK)
        return;
    struct edgel_info info = header_of(&read, &w->bytes, s->paths[i]);
    if (edgel_mat_of_bytes(w->bytes.data, w->bytes.size)) /* boundaries, unless labels say otherwise */
        atomic_store(&s->read_any, true);
    if ((info.bits == 1 && !info.indexed) || (!s->truth && info.indexed)) {
        atomic_store(&s->read_any, true);
        return;
    }
    status = edgel_image_decode(w->bytes.data, w->bytes.size, s->paths[i], &read, &w->image, &info, NULL);
    if (status == EDGEL_ENOMEM)
        atomic_store(&s->no_memory, true);
    if (status != EDGEL_OK)
        return;
    atomic_store(&s->read_any, true);
    const struct edgel_mask mask = { .view = edgel_image_view(&w->image),
                                     .bits = info.bits,
                                     .indexed = info.indexed };
    edgel_mask_values_add(slot, &mask, s->d->p.ignore, s->d->p.nignore);
}

static void merge(void *user, size_t i)
{
    struct survey *s = user;
    struct edgel_mask_values *to = &s->merged;
    const struct edgel_mask_values *from = &s->slots[i % s->window];
    to->above_one |= from->above_one;
    to->one |= from->one;
    to->full |= from->full;
    to->other |= from->other;
    if (s->run->step)
        s->run->step(s->run->user, false);
    if (s->truth ? edgel_mask_values_labels(to) == EDGEL_LABELS_IDS : to->above_one)
        atomic_store(&s->decided, true);
}

static bool asked_to_stop(const struct survey *s)
{
    return s->run->stop && s->run->stop(s->run->user);
}

static bool enough(void *user)
{
    struct survey *s = user;
    return atomic_load(&s->decided) || atomic_load(&s->no_memory) || asked_to_stop(s);
}

/* Every truth file of the pairs, or every prediction that has truth. */
static bool collect(struct survey *s, const struct edgel_pairs *pairs)
{
    size_t n = 0;
    for (size_t i = 0; i < edgel_pairs_count(pairs); i++)
        n += s->truth ? edgel_pairs_at(pairs, i)->ntruth : 1;
    if (!(s->paths = edgel_alloc(n + 1, sizeof *s->paths)))
        return false;
    for (size_t i = 0; i < edgel_pairs_count(pairs); i++) {
        const struct edgel_pair *p = edgel_pairs_at(pairs, i);
        for (size_t k = 0; s->truth && k < p->ntruth; k++)
            s->paths[s->n++] = p->truth[k];
        if (!s->truth && p->prediction && p->ntruth)
            s->paths[s->n++] = p->prediction;
    }
    return true;
}

static enum edgel_status execute(struct survey *s, struct edgel_error *err)
{
    const struct edgel_dataset_run *run = s->run;
    struct edgel_run job = {
        .count = s->n, .threads = s->threads, .user = s, .work = look, .done = merge, .stop = enough
    };
    s->window = edgel_run_window(&job);
    s->slots = edgel_calloc(s->window, sizeof *s->slots);
    s->workers = edgel_calloc((size_t)s->threads, sizeof *s->workers);
    if (!s->slots || !s->workers)
        return edgel_fail(err, EDGEL_ENOMEM, "survey of the masks: out of memory");
    if (run->begin)
        run->begin(run->user, "survey", s->n);
    struct edgel_error cause = { 0 };
    enum edgel_status status = s->n ? edgel_run_execute(&job, NULL, &cause) : EDGEL_OK;
    if (run->end)
        run->end(run->user);
    if (status == EDGEL_EINTERRUPTED && !asked_to_stop(s))
        status = EDGEL_OK;          /* no further file can change the answer */
    if (atomic_load(&s->no_memory)) /* a file was not read: the answer may be wrong */
        status = EDGEL_ENOMEM;
    if (status != EDGEL_OK)
        (void)edgel_fail(err, status, "survey of the masks: %s", edgel_status_name(status));
    return status;
}

enum edgel_status edgel_dataset_values(const struct edgel_dataset *d, bool truth,
                                       const struct edgel_dataset_run *run, struct edgel_mask_values *values,
                                       bool *read_any, struct edgel_error *err)
{
    EDGEL_REQUIRE(d);
    EDGEL_REQUIRE(run);
    EDGEL_REQUIRE(values);
    struct survey s = { .d = d, .run = run, .truth = truth };
    EDGEL_TRY(edgel_threads_resolve(run->threads, &s.threads, err));
    enum edgel_status status = collect(&s, d->parts[0].pairs) ? execute(&s, err) : EDGEL_ENOMEM;
    if (status == EDGEL_ENOMEM)
        (void)edgel_fail(err, EDGEL_ENOMEM, "survey of the masks: out of memory");
    *values = s.merged;
    if (read_any)
        *read_any = atomic_load(&s.read_any);
    for (int t = 0; s.workers && t < s.threads; t++) {
        edgel_bytes_finish(&s.workers[t].bytes);
        edgel_image_finish(&s.workers[t].image);
    }
    edgel_free(s.workers);
    edgel_free(s.slots);
    edgel_free(s.paths);
    return status;
}
