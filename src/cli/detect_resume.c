/* --resume: what results depend on, as text, and the record of what is finished. */
#include "detect.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAME_BYTES = 64, VALUE_BYTES = 64 };

/* A list of settings whose texts it owns. */
struct settings {
    struct edgel_setting *v;
    size_t n;
};

static char *copy(const char *s)
{
    size_t size = strlen(s) + 1;
    return memcpy(cli_alloc(size, 1), s, size);
}

static void add(struct settings *s, const char *name, const char *value)
{
    s->v = cli_realloc(s->v, s->n + 1, sizeof *s->v);
    s->v[s->n++] = (struct edgel_setting){ copy(name), copy(value) };
}

static void finish(struct settings *s)
{
    for (size_t i = 0; i < s->n; i++) {
        free((char *)s->v[i].name);
        free((char *)s->v[i].value);
    }
    free(s->v);
}

static void add_methods(struct settings *s, const struct detect_job *job)
{
    size_t size = 1;
    for (size_t m = 0; m < job->ntasks; m++)
        size += strlen(job->tasks[m].info->name) + 1;
    char *names = cli_alloc(size, 1);
    for (size_t m = 0; m < job->ntasks; m++) {
        strcat(names, m ? "," : "");
        strcat(names, job->tasks[m].info->name);
    }
    add(s, "-m", names);
    free(names);
    for (size_t m = 0; m < job->ntasks; m++) {
        char name[NAME_BYTES], value[VALUE_BYTES];
        const char *key;
        for (int k = 0; detect_setting_text(&job->tasks[m], k, &key, value, sizeof value); k++) {
            snprintf(name, sizeof name, "--%s (%s)", key, job->tasks[m].info->name);
            if (job->ntasks > 1)
                snprintf(name, sizeof name, "--%s (%s, method %zu)", key, job->tasks[m].info->name, m + 1);
            add(s, name, value);
        }
    }
}

/* Everything on which the bytes of an output or its name depend, the image aside. Limits are not among them: an image
 * that was over one is not finished. */
static struct settings settings_of(const struct detect_job *job)
{
    struct settings s = { 0 };
    add(&s, "version", edgel_version());
    add_methods(&s, job);
    add(&s, "--name", job->name ? job->name : "{stem}.png");
    add(&s, "--no-orient", job->read->orient ? "off" : "on");
    add(&s, "--lenient", job->read->lenient ? "on" : "off");
    return s;
}

int detect_resume_find(struct detect_job *job, const char *folder, const struct edgel_shard *shard)
{
    struct settings s = settings_of(job);
    struct edgel_journal_params p = { .folder = folder, .shard = shard, .settings = s.v, .nsettings = s.n };
    struct edgel_error err = { 0 };
    enum edgel_status status = edgel_journal_find(&p, &job->journal, &err);
    finish(&s);
    if (status == EDGEL_OK)
        return 0;
    cli_message("--resume: %s", err.msg);
    return status == EDGEL_ENOMEM ? CLI_EXIT_FAILED : CLI_EXIT_USAGE;
}

bool detect_resume_exists(const char *folder, const struct edgel_shard *shard)
{
    struct edgel_journal_params p = { .folder = folder, .shard = shard };
    struct edgel_journal *journal;
    bool there = edgel_journal_find(&p, &journal, NULL) == EDGEL_OK && journal;
    edgel_journal_close(&journal);
    return there;
}

void detect_resume_begin(struct detect_job *job, const struct edgel_shard *shard)
{
    struct settings s = settings_of(job);
    const char *folder = edgel_plan_folder(job->plan);
    struct edgel_journal_params p = { .folder = folder, .shard = shard, .settings = s.v, .nsettings = s.n };
    struct edgel_error err = { 0 };
    if (folder && edgel_journal_begin(&p, &job->journal, &err) != EDGEL_OK)
        cli_message("%s; should this run be interrupted, --resume cannot go on with it", err.msg);
    finish(&s);
}

void detect_resume_note(struct detect_job *job, const struct detect_result *result)
{
    struct edgel_error err = { 0 };
    if (!job->journal || !result->marked || result->outcome != EDGEL_OUTCOME_OK)
        return;
    if (edgel_journal_add(job->journal, &result->mark, &err) != EDGEL_OK && !job->journal_failed) {
        cli_message("%s; should this run be interrupted, --resume goes on from here", err.msg);
        job->journal_failed = true;
    }
}

void detect_resume_end(struct detect_job *job, bool all)
{
    if (all)
        edgel_journal_remove(&job->journal);
    edgel_journal_close(&job->journal);
}

bool detect_finished(const struct detect_job *job, size_t i, char *const *paths, struct edgel_mark *mark,
                     bool *marked)
{
    *marked = false;
    if (!job->journal)
        return false;
    *marked = edgel_mark_input(mark, edgel_inputs_at(job->inputs, i)->path);
    for (size_t m = 0; m < job->ntasks && *marked; m++)
        edgel_mark_output(mark, paths[m]);
    bool finished = *marked && edgel_journal_has(job->journal, mark);
    for (size_t m = 0; m < job->ntasks && finished; m++)
        finished = access(paths[m], F_OK) == 0;
    return finished;
}
