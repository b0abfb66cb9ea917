/* What `edgel train` says while it trains and at its end; the folder of the run is the library's (edgel/train.h). */
#include "cli/train/train.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *train_path(const char *folder, const char *name)
{
    const size_t n = strlen(folder) + strlen(name) + 2;
    char *path = cli_alloc(n, 1);
    snprintf(path, n, "%s/%s", folder, name);
    return path;
}

static void show_time(char *out, size_t size, double seconds)
{
    const long s = seconds < 0 ? 0 : seconds > 359999 ? 359999 : (long)seconds;
    snprintf(out, size, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
}

/* Seconds that the last epoch of the record took; NaN: there is none. */
static double last_epoch(const struct edgel_train_record *r)
{
    const size_t last = edgel_train_record_rows(r) - 1; /* none: beyond all rows */
    return edgel_train_record_value(r, last, EDGEL_COLUMN_SECONDS) +
           edgel_train_record_value(r, last, EDGEL_COLUMN_VAL_SECONDS);
}

static void step_done(void *user, const struct edgel_step *s)
{
    struct train_progress *p = user;
    const double now = cli_clock();
    if (!p->live || now - p->drawn < 0.1)
        return;
    char line[256], left[32] = "";
    const double done = (double)(s->epoch - 1) * (double)s->steps + (double)s->step;
    const double all = (double)s->epochs * (double)s->steps, epoch = last_epoch(p->record);
    if (s->steps > 0 && isfinite(epoch))
        show_time(left, sizeof left, (all - done) / (double)s->steps * epoch);
    snprintf(line, sizeof line, "epoch %lld/%lld  step %lld/%lld  loss %.4f  %.1f images/s%s%s",
             (long long)s->epoch, (long long)s->epochs, (long long)s->step, (long long)s->steps, s->loss,
             s->images_per_second, *left ? "  left " : "", left);
    cli_bar_show(line);
    p->drawn = now;
}

static void epoch_done(void *user, const struct edgel_epoch *e)
{
    const struct train_progress *p = user;
    char scores[128] = "", rate[32] = "";
    if (p->o->run.quiet)
        return;
    if (e->confusion)
        snprintf(scores, sizeof scores, "  val loss %.4f  IoU %.4f  F1 %.4f", e->val_loss, e->iou, e->f1);
    if (!isnan(e->images_per_second)) /* a run that went on at the validation trained no image */
        snprintf(rate, sizeof rate, "  %.1f images/s", e->images_per_second);
    cli_message("epoch %lld/%lld  loss %.4f%s%s%s  %.1f s", (long long)e->epoch, (long long)p->o->epochs,
                e->train_loss, scores, e->best ? "  best" : "", rate, e->seconds + e->val_seconds);
}

static bool asked_to_stop(void *user)
{
    (void)user;
    return cli_stop(NULL);
}

enum edgel_status train_progress_open(struct train_progress *p, const struct train_plan *plan,
                                      const struct train_options *o, const struct edgel_model_class *classes,
                                      int64_t epochs, struct edgel_error *err)
{
    struct edgel_train_record_params params;
    bool lost;
    p->o = o;
    p->live = !o->run.quiet && (o->run.progress == CLI_PROGRESS_ALWAYS ||
                                (o->run.progress == CLI_PROGRESS_AUTO && isatty(STDERR_FILENO)));
    edgel_train_record_params_init(&params);
    params.folder = o->output;
    params.terms = plan->terms;
    params.nterms = plan->params.nterms;
    params.classes = classes;
    edgel_train_events_init(&params.events);
    params.events.user = p;
    params.events.step_done = step_done;
    params.events.epoch_done = epoch_done;
    params.events.stop = asked_to_stop;
    const enum edgel_status status = edgel_train_record_open(&params, epochs, &p->record, &lost, err);
    if (status == EDGEL_OK && lost)
        cli_message("%s/results.csv: lost; it goes on after epoch %lld", o->output, (long long)epochs);
    return status;
}

void train_progress_summary(const struct train_progress *p, const struct train_plan *plan,
                            enum edgel_train_end end)
{
    const struct edgel_train_record *r = p->record;
    const size_t n = edgel_train_record_rows(r);
    size_t best = n;
    cli_bar_clear();
    for (size_t i = 0; i < n; i++)
        if (edgel_train_record_value(r, i, EDGEL_COLUMN_BEST) > 0)
            best = i;
    if (p->o->run.quiet)
        return;
    const char *epochs = n == 1 ? "" : "s";
    switch (end) {
    case EDGEL_TRAIN_EPOCHS: cli_message("all epochs are done: %zu epoch%s", n, epochs); break;
    case EDGEL_TRAIN_PATIENCE:
        cli_message("stopped early after %zu epoch%s: no improvement in %lld", n, epochs,
                    (long long)plan->params.patience);
        break;
    case EDGEL_TRAIN_TIME: cli_message("time limit reached after %zu epoch%s", n, epochs); break;
    case EDGEL_TRAIN_STOPPED:
        cli_message("stopped after %zu epoch%s; --resume %s goes on", n, epochs, p->o->output);
        break;
    }
    if (best < n)
        cli_message("best: epoch %.0f, %s %.4f; %s/best.safetensors",
                    edgel_train_record_value(r, best, EDGEL_COLUMN_EPOCH),
                    isfinite(edgel_train_record_value(r, best, EDGEL_COLUMN_VAL_LOSS))
                        ? edgel_monitor_name(plan->params.monitor)
                        : "training loss",
                    edgel_train_record_value(r, best, EDGEL_COLUMN_MONITOR), p->o->output);
}

void train_progress_close(struct train_progress *p)
{
    if (p->record)
        cli_bar_clear();
    edgel_train_record_close(&p->record);
}
