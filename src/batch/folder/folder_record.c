/* The record of a run over folders: what it depends on and what is finished, so that an interrupted run is resumed. */
#include "batch/folder/folder_priv.h"
#include <sys/stat.h>
#include <unistd.h>

static struct edgel_journal_params params_of(const struct edgel_folder *f, const char *folder)
{
    return (struct edgel_journal_params){
        .folder = folder, .shard = &f->shard, .settings = f->settings, .nsettings = f->nsettings
    };
}

enum edgel_status edgel_folder_record_find(struct edgel_folder *f, struct edgel_error *err)
{
    const struct edgel_journal_params p = params_of(f, f->run->output);
    return edgel_journal_find(&p, &f->journal, err);
}

bool edgel_folder_record_exists(const struct edgel_folder *f)
{
    const struct edgel_journal_params p = { .folder = f->run->output, .shard = &f->shard };
    struct edgel_journal *journal;
    const bool there = edgel_journal_find(&p, &journal, NULL) == EDGEL_OK && journal;
    edgel_journal_close(&journal);
    return there;
}

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void warn(const struct edgel_folder *f, enum edgel_folder_warning warning,
                 const struct edgel_error *err)
{
    if (f->run->warn)
        f->run->warn(f->run->listener, warning, err->msg);
}

enum edgel_status edgel_folder_record_begin(struct edgel_folder *f, struct edgel_error *err)
{
    const char *folder = edgel_plan_folder(f->plan);
    const struct edgel_journal_params p = params_of(f, folder);
    struct edgel_error why = { 0 };
    if (f->journal && f->run->log)
        edgel_journal_clean(f->journal, f->run->log);
    if (!folder || edgel_journal_begin(&p, &f->journal, &why) == EDGEL_OK)
        return EDGEL_OK;
    if (!is_folder(folder))
        return edgel_fail(err, why.code, "%s", why.msg);
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

bool edgel_folder_record_has(const struct edgel_folder *f, size_t i, const struct edgel_folder_paths *paths,
                             struct edgel_folder_slot *slot)
{
    if (!f->journal)
        return false;
    slot->marked = edgel_mark_input(&slot->mark, edgel_inputs_at(f->inputs, i)->path);
    for (size_t m = 0; m < f->run->noutputs && slot->marked; m++)
        edgel_mark_output(&slot->mark, paths->at[m]);
    bool finished = slot->marked && edgel_journal_has(f->journal, &slot->mark);
    for (size_t m = 0; m < f->run->noutputs && finished; m++)
        finished = access(paths->at[m], F_OK) == 0;
    return finished;
}
