/* What every run over images shares: progress, totals, the exit code. */
#include "cli/cli.h"
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define BAR_SECONDS 0.1 /* between two updates */

static struct {
    const char *label;
    size_t total;
    struct edgel_totals totals;
    double start, drawn; /* drawn: when the bar was last written */
    bool bar;            /* wanted */
} state;

double cli_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void draw(double now)
{
    char line[512];
    const struct edgel_totals *t = &state.totals;
    edgel_progress_text(line, sizeof line, cli_bar_columns(), state.label, t->ok + t->failed + t->skipped,
                        state.total, t->failed, t->skipped, now - state.start);
    cli_bar_show(line);
    state.drawn = now;
}

void cli_run_begin(const char *label, const struct cli_run_options *o, size_t total)
{
    state.label = label;
    state.total = total;
    state.totals = (struct edgel_totals){ 0 };
    state.start = cli_clock();
    state.drawn = 0;
    state.bar = !o->quiet && (o->progress == CLI_PROGRESS_ALWAYS ||
                              (o->progress == CLI_PROGRESS_AUTO && isatty(STDERR_FILENO)));
    if (state.bar)
        draw(state.start);
}

void cli_run_show(const struct edgel_totals *so_far)
{
    const struct edgel_totals *t = &state.totals;
    state.totals = *so_far;
    if (!state.bar)
        return;
    double now = cli_clock();
    if (now - state.drawn >= BAR_SECONDS || t->ok + t->failed + t->skipped == state.total)
        draw(now);
}

void cli_run_step(enum edgel_outcome outcome)
{
    struct edgel_totals t = state.totals;
    switch (outcome) {
    case EDGEL_OUTCOME_OK: t.ok++; break;
    case EDGEL_OUTCOME_ERROR: t.failed++; break;
    case EDGEL_OUTCOME_SKIPPED: t.skipped++; break;
    }
    cli_run_show(&t);
}

void cli_run_end(struct edgel_totals *totals)
{
    cli_bar_clear();
    state.bar = false;
    *totals = state.totals;
    totals->seconds = cli_clock() - state.start;
    totals->interrupted = totals->ok + totals->failed + totals->skipped < state.total && cli_stop(NULL);
}

void cli_run_summary(const struct cli_run_options *o, const struct edgel_totals *totals)
{
    if (o->quiet || cli_reader_gone())
        return;
    fprintf(stderr, "edgel: %zu done, %zu failed, %zu skipped", totals->ok, totals->failed, totals->skipped);
    if (totals->not_images)
        fprintf(stderr, ", %zu not images", totals->not_images);
    fprintf(stderr, ", %.2f s%s\n", totals->seconds, totals->interrupted ? ", interrupted" : "");
}

int cli_run_exit(const struct edgel_totals *totals)
{
    if (totals->interrupted)
        return CLI_EXIT_INTERRUPTED;
    if (totals->failed)
        return CLI_EXIT_FAILED;
    if (totals->ok + totals->skipped == 0)
        return CLI_EXIT_NOTHING;
    return CLI_EXIT_OK;
}

/* --- a look at the files of a set --- */

static void begin_look(void *user, const char *what, size_t n)
{
    cli_run_begin(what, user, n);
}

static void step_look(void *user, bool failed)
{
    (void)user;
    cli_run_step(failed ? EDGEL_OUTCOME_ERROR : EDGEL_OUTCOME_OK);
}

static void end_look(void *user)
{
    struct edgel_totals totals;
    (void)user;
    cli_run_end(&totals);
}

struct edgel_dataset_run cli_dataset_run(const struct cli_run_options *o)
{
    struct edgel_dataset_run run;
    edgel_dataset_run_init(&run);
    run.threads = (int)o->jobs;
    run.user = (void *)o; /* the callbacks only read it */
    run.begin = begin_look;
    run.step = step_look;
    run.end = end_look;
    run.stop = cli_stop;
    return run;
}
