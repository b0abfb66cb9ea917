/* --resume: what results depend on, as text, and the record of what is finished. */
#include "folder.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *copy(const char *s)
{
    size_t size = strlen(s) + 1;
    return memcpy(cli_alloc(size, 1), s, size);
}

void folder_setting(struct folder_settings *s, const char *name, const char *value)
{
    s->v = cli_realloc(s->v, s->n + 1, sizeof *s->v);
    s->v[s->n++] = (struct edgel_setting){ copy(name), copy(value) };
}

void folder_settings_finish(struct folder_settings *s)
{
    for (size_t i = 0; i < s->n; i++) {
        free((char *)s->v[i].name);
        free((char *)s->v[i].value);
    }
    free(s->v);
}

struct folder_settings folder_settings_of(const struct folder_run *run)
{
    struct folder_settings s = { 0 };
    folder_setting(&s, "version", edgel_version());
    run->settings(run->user, &s);
    folder_setting(&s, "--name", run->o->name ? run->o->name : run->name);
    return s;
}

int folder_resume_find(struct folder_job *job, const char *folder, const struct edgel_shard *shard)
{
    struct folder_settings s = folder_settings_of(job->run);
    struct edgel_journal_params p = { .folder = folder, .shard = shard, .settings = s.v, .nsettings = s.n };
    struct edgel_error err = { 0 };
    enum edgel_status status = edgel_journal_find(&p, &job->journal, &err);
    folder_settings_finish(&s);
    if (status == EDGEL_OK)
        return 0;
    cli_message("--resume: %s", err.msg);
    return status == EDGEL_ENOMEM ? CLI_EXIT_FAILED : CLI_EXIT_USAGE;
}

bool folder_resume_exists(const char *folder, const struct edgel_shard *shard)
{
    struct edgel_journal_params p = { .folder = folder, .shard = shard };
    struct edgel_journal *journal;
    bool there = edgel_journal_find(&p, &journal, NULL) == EDGEL_OK && journal;
    edgel_journal_close(&journal);
    return there;
}

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool folder_resume_begin(struct folder_job *job, const struct edgel_shard *shard)
{
    struct folder_settings s = folder_settings_of(job->run);
    const char *folder = edgel_plan_folder(job->plan);
    struct edgel_journal_params p = { .folder = folder, .shard = shard, .settings = s.v, .nsettings = s.n };
    struct edgel_error err = { 0 };
    bool there = true;
    if (job->journal && job->run->o->run.jsonl)
        edgel_journal_clean(job->journal, job->run->o->run.jsonl);
    if (folder && edgel_journal_begin(&p, &job->journal, &err) != EDGEL_OK) {
        there = is_folder(folder);
        cli_message("%s%s", err.msg,
                    there ? "; should this run be interrupted, --resume cannot go on with it" : "");
    }
    folder_settings_finish(&s);
    return there;
}

void folder_resume_note(struct folder_job *job, const struct folder_result *result)
{
    struct edgel_error err = { 0 };
    if (!job->journal || !result->marked || result->outcome != EDGEL_OUTCOME_OK)
        return;
    if (edgel_journal_add(job->journal, &result->mark, &err) != EDGEL_OK && !job->journal_failed) {
        cli_message("%s; should this run be interrupted, --resume goes on from here", err.msg);
        job->journal_failed = true;
    }
}

void folder_resume_end(struct folder_job *job, bool all)
{
    if (all)
        edgel_journal_remove(&job->journal);
    edgel_journal_close(&job->journal);
}

bool folder_finished(const struct folder_job *job, size_t i, char *const *paths, struct edgel_mark *mark,
                     bool *marked)
{
    *marked = false;
    if (!job->journal)
        return false;
    *marked = edgel_mark_input(mark, edgel_inputs_at(job->inputs, i)->path);
    for (size_t m = 0; m < job->run->noutputs && *marked; m++)
        edgel_mark_output(mark, paths[m]);
    bool finished = *marked && edgel_journal_has(job->journal, mark);
    for (size_t m = 0; m < job->run->noutputs && finished; m++)
        finished = access(paths[m], F_OK) == 0;
    return finished;
}
