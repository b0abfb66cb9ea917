/* The range of samples of a whole set, training and validation together. */
#include "dataset/dataset_priv.h"

struct looking {
    const struct edgel_dataset *d;
    const struct edgel_dataset_run *run;
};

static const char *path_of(void *user, size_t i)
{
    const struct looking *l = user;
    const size_t first = l->d->parts[0].n;
    return edgel_dataset_pair(l->d, i >= first, i >= first ? i - first : i)->prediction;
}

static bool stop(void *user)
{
    const struct looking *l = user;
    return l->run->stop && l->run->stop(l->run->user);
}

enum edgel_status edgel_dataset_decide_range(struct edgel_dataset *d, const struct edgel_dataset_run *run,
                                             struct edgel_range_found *found, struct edgel_error *err)
{
    EDGEL_REQUIRE(d);
    EDGEL_REQUIRE(run);
    if (found)
        *found = (struct edgel_range_found){ 0 };
    int threads;
    EDGEL_TRY(edgel_threads_resolve(run->threads, &threads, err));
    if (!d->p.read.range.automatic)
        return EDGEL_OK;
    struct looking l = { d, run };
    struct edgel_range_survey s;
    edgel_range_survey_init(&s);
    s.count = d->parts[0].n + d->parts[1].n;
    s.user = &l;
    s.path = path_of;
    s.read = d->p.read;
    s.threads = threads;
    s.stop = stop;
    return edgel_range_decide(&s, &d->p.read.range, found, err);
}

struct edgel_range edgel_dataset_range(const struct edgel_dataset *d)
{
    return d->p.read.range;
}
