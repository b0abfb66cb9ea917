/* The record of a run over folders: what it depends on and what is finished, so that an interrupted run is resumed. */
#include "batch/folder/folder_priv.h"
#include <sys/stat.h>

static struct edgel_journal_params params_of(const struct edgel_folder *f)
{
    return (struct edgel_journal_params){ .folder = f->run->output,
                                          .shard = &f->shard,
                                          .settings = f->settings,
                                          .nsettings = f->nsettings,
                                          .held = f->out };
}

enum edgel_status edgel_folder_record_find(struct edgel_folder *f, struct edgel_error *err)
{
    const struct edgel_journal_params p = params_of(f);
    return edgel_journal_find(&p, &f->journal, err);
}

bool edgel_folder_record_exists(const struct edgel_folder *f)
{
    const struct edgel_journal_params p = { .folder = f->run->output, .shard = &f->shard };
    struct edgel_journal *journal;
    const bool there =
        edgel_journal_find(&p, &journal, NULL) == EDGEL_OK && journal && !edgel_journal_finished(journal);
    edgel_journal_close(&journal);
    return there;
}

static void warn(const struct edgel_folder *f, enum edgel_folder_warning warning,
                 const struct edgel_error *err)
{
    if (f->run->warn)
        f->run->warn(f->run->listener, warning, err->msg);
}

enum edgel_status edgel_folder_record_begin(struct edgel_folder *f, struct edgel_error *err)
{
    const struct edgel_journal_params p = params_of(f);
    struct edgel_error why = { 0 };
    if (f->journal && f->run->log)
        edgel_journal_clean(f->journal, f->run->log);
    if (!f->out || edgel_journal_begin(&p, &f->journal, &why) == EDGEL_OK)
        return EDGEL_OK;
    if (why.code == EDGEL_EINVAL && f->presence && edgel_presence_is_alone(f->presence))
        return edgel_fail(err, why.code, "%s", why.msg); /* something else is at work there */
    warn(f, EDGEL_FOLDER_NO_RECORD, &why);
    return EDGEL_OK;
}

void edgel_folder_record_note(struct edgel_folder *f, const struct edgel_folder_slot *slot)
{
    struct edgel_error err = { 0 };
    if (!f->journal || !slot->marked || slot->outcome != EDGEL_OUTCOME_OK)
        return;
    if (edgel_journal_add(f->journal, &slot->mark, &err) != EDGEL_OK && !f->journal_failed) {
        warn(f, EDGEL_FOLDER_RECORD_LOST, &err);
        f->journal_failed = true;
    }
}

void edgel_folder_record_end(struct edgel_folder *f)
{
    const struct edgel_journal_params p = params_of(f);
    (void)!edgel_journal_end(&p, &f->journal, f->run->durable,
                             NULL); /* what is there then still says what is done */
}

/* The mark of input i, whose outputs are paths; false when its file cannot be asked for. */
static bool mark_of(const struct edgel_folder *f, size_t i, const struct edgel_folder_paths *paths,
                    struct edgel_mark *mark)
{
    if (!edgel_mark_input(mark, edgel_inputs_at(f->inputs, i)->path))
        return false;
    for (size_t m = 0; m < f->run->noutputs; m++)
        edgel_mark_output(mark, edgel_plan_below(f->plan, paths->at[m]));
    return true;
}

/* Whether an output is there and as the record knows it: one that was written later than that is of another run. */
static bool is_ours(const struct edgel_folder *f, const char *path)
{
    struct stat st;
    return edgel_output_folder_stat(f->out, edgel_plan_below(f->plan, path), &st) &&
           !edgel_journal_is_older(f->journal, &st.st_mtim);
}

bool edgel_folder_record_has(const struct edgel_folder *f, size_t i, const struct edgel_folder_paths *paths,
                             struct edgel_folder_slot *slot)
{
    if (!f->journal || !f->out)
        return false;
    slot->marked = mark_of(f, i, paths, &slot->mark);
    bool finished = slot->marked && edgel_journal_has(f->journal, &slot->mark);
    for (size_t m = 0; m < f->run->noutputs && finished; m++)
        finished = is_ours(f, paths->at[m]);
    return finished;
}

bool edgel_folder_record_owns(const struct edgel_folder *f, size_t i, struct edgel_folder_paths *paths)
{
    struct edgel_mark mark;
    struct stat st;
    edgel_folder_paths_fill(paths, f, i);
    bool owned = mark_of(f, i, paths, &mark) && edgel_journal_knows(f->journal, &mark);
    for (size_t m = 0; m < f->run->noutputs && owned; m++)
        owned = is_ours(f, paths->at[m]) ||
                !edgel_output_folder_stat(f->out, edgel_plan_below(f->plan, paths->at[m]), &st);
    return owned;
}
