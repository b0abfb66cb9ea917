/*
 * The folder of a run while it trains: results.csv, curves.svg and confusion.csv are written whole and anew, so that
 * each is complete whenever somebody looks; the models come from the trainer.
 */
#include "edgel/image.h"
#include "edgel/report.h"
#include "train.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COLUMNS = 15, FIELD = 32 };
static const char *const columns[COLUMNS] = { "epoch",      "steps",        "lr",
                                              "train_loss", "penalty",      "gradient_norm",
                                              "val_loss",   "val_accuracy", "val_iou",
                                              "val_f1",     "monitor",      "best",
                                              "seconds",    "val_seconds",  "images_per_second" };
enum {
    EPOCH,
    STEPS,
    LR,
    TRAIN_LOSS,
    PENALTY,
    NORM,
    VAL_LOSS,
    VAL_ACCURACY,
    VAL_IOU,
    VAL_F1,
    MONITOR,
    BEST,
    SECONDS,
    VAL_SECONDS,
    SPEED
};

struct record_row {
    double v[COLUMNS], terms[EDGEL_TRAIN_TERMS_MAX];
};

struct train_record {
    char *folder;
    const struct train_plan *plan;
    const struct train_options *o;
    const struct edgel_model_class *classes;
    struct record_row *rows;
    size_t n;
    bool live; /* a line that is drawn over */
    double drawn;
    struct edgel_error failed;
    enum edgel_status status;
};

char *train_path(const char *folder, const char *name)
{
    const size_t n = strlen(folder) + strlen(name) + 2;
    char *path = cli_alloc(n, 1);
    snprintf(path, n, "%s/%s", folder, name);
    return path;
}

/* --- writing whole files --- */

struct file {
    struct edgel_output *out;
    enum edgel_status status;
    struct edgel_error *err;
};

static void put(struct file *f, const char *s)
{
    if (f->status == EDGEL_OK)
        f->status = edgel_output_write(f->out, s, strlen(s), f->err);
}

/* NaN: an empty field. Shortest of 9 digits: what was a float reads back the same. */
static void put_number(struct file *f, double v, bool last)
{
    char s[FIELD];
    snprintf(s, sizeof s, "%.9g%s", v, last ? "\n" : ",");
    put(f, isnan(v) ? (last ? "\n" : ",") : s);
}

static struct file file_begin(const struct train_record *r, const char *name, struct edgel_error *err)
{
    struct file f = { .err = err };
    char *path = train_path(r->folder, name);
    f.status = edgel_output_begin(path, &f.out, err);
    free(path);
    return f;
}

static enum edgel_status file_end(struct file *f)
{
    if (f->status == EDGEL_OK)
        f->status = edgel_output_commit(&f->out, f->err);
    edgel_output_discard(&f->out);
    return f->status;
}

static enum edgel_status write_results(const struct train_record *r, struct edgel_error *err)
{
    const int nterms = r->plan->params.nterms;
    struct file f = file_begin(r, "results.csv", err);
    for (int c = 0; c < COLUMNS; c++) {
        put(&f, columns[c]);
        put(&f, ",");
    }
    for (int k = 0; k < nterms; k++) {
        put(&f, edgel_loss_name((int)r->plan->terms[k].kind));
        put(&f, k + 1 < nterms ? "," : "\n");
    }
    for (size_t i = 0; i < r->n; i++) {
        for (int c = 0; c < COLUMNS; c++)
            put_number(&f, r->rows[i].v[c], false);
        for (int k = 0; k < nterms; k++)
            put_number(&f, r->rows[i].terms[k], k + 1 == nterms);
    }
    return file_end(&f);
}

static double *column(const struct train_record *r, int c)
{
    double *y = cli_alloc(r->n + 1, sizeof *y);
    for (size_t i = 0; i < r->n; i++)
        y[i] = r->rows[i].v[c];
    return y;
}

static enum edgel_status write_curves(const struct train_record *r, struct edgel_error *err)
{
    struct edgel_curve loss[] = { { "training", column(r, TRAIN_LOSS) },
                                  { "validation", column(r, VAL_LOSS) } };
    struct edgel_curve score[] = { { "IoU", column(r, VAL_IOU) },
                                   { "F1", column(r, VAL_F1) },
                                   { "accuracy", column(r, VAL_ACCURACY) } };
    struct edgel_curve rate[] = { { "learning rate", column(r, LR) } };
    const struct edgel_curve_panel panels[] = { { "loss", loss, 2 },
                                                { "validation scores", score, 3 },
                                                { "learning rate", rate, 1 } };
    struct file f = file_begin(r, "curves.svg", err);
    if (f.status == EDGEL_OK)
        f.status = edgel_report_curves(f.out, panels, 3, r->n, err);
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < panels[i].nlines; k++)
            free((double *)(uintptr_t)panels[i].lines[k].y);
    return file_end(&f);
}

static void put_quoted(struct file *f, const char *s)
{
    put(f, "\"");
    for (; *s; s++) {
        const char c[3] = { *s, *s == '"' ? '"' : '\0', '\0' };
        put(f, c);
    }
    put(f, "\"");
}

/* Rows: truth; columns: prediction. */
static enum edgel_status write_confusion(const struct train_record *r, const struct edgel_epoch *row,
                                         struct edgel_error *err)
{
    struct file f = file_begin(r, "confusion.csv", err);
    put(&f, "truth");
    for (int c = 0; c < row->classes; c++) {
        put(&f, ",");
        put_quoted(&f, r->classes[c].name);
    }
    for (int t = 0; t < row->classes; t++) {
        put(&f, "\n");
        put_quoted(&f, r->classes[t].name);
        for (int p = 0; p < row->classes; p++) {
            char s[FIELD];
            snprintf(s, sizeof s, ",%llu", (unsigned long long)row->confusion[t * row->classes + p]);
            put(&f, s);
        }
    }
    put(&f, "\n");
    return file_end(&f);
}

/* --- taking up an earlier record --- */

static enum edgel_status read_row(const struct train_record *r, char *line, const char *path,
                                  struct record_row *row, struct edgel_error *err)
{
    const int n = COLUMNS + r->plan->params.nterms;
    struct edgel_error why = { 0 };
    for (int c = 0; c < n; c++) {
        double *v = c < COLUMNS ? &row->v[c] : &row->terms[c - COLUMNS];
        const size_t length = strcspn(line, ",");
        const bool last = line[length] == '\0';
        line[length] = '\0';
        if (last != (c == n - 1))
            return cli_fail(err, "%s: a row must have %d fields", path, n);
        *v = NAN;
        if (*line &&
            edgel_parse_real(columns[c < COLUMNS ? c : TRAIN_LOSS], line, -1e300, 1e300, v, &why) != EDGEL_OK)
            return cli_fail(err, "%s: %s", path, why.msg);
        line += length + 1;
    }
    return EDGEL_OK;
}

static void add_row(struct train_record *r, const struct record_row *row)
{
    if ((r->n & (r->n - 1)) == 0)
        r->rows = cli_realloc(r->rows, r->n ? 2 * r->n : 1, sizeof *r->rows);
    r->rows[r->n++] = *row;
}

static enum edgel_status read_rows(struct train_record *r, char *text, const char *path, int64_t epochs,
                                   struct edgel_error *err)
{
    char *save = NULL, *line = strtok_r(text, "\n", &save);
    if (!line || strncmp(line, "epoch,", 6) != 0)
        return cli_fail(err, "%s: must begin with the names of its columns", path);
    while ((line = strtok_r(NULL, "\n", &save)) != NULL) {
        struct record_row row = { 0 };
        if (read_row(r, line, path, &row, err) != EDGEL_OK)
            return EDGEL_EINVAL;
        if (r->n > 0 && row.v[EPOCH] != r->rows[r->n - 1].v[EPOCH] + 1 && row.v[EPOCH] <= (double)epochs)
            return cli_fail(err, "%s: epoch %g after %g", path, row.v[EPOCH], r->rows[r->n - 1].v[EPOCH]);
        if (row.v[EPOCH] <= (double)epochs)
            add_row(r, &row);
    }
    if (r->n == 0 || r->rows[r->n - 1].v[EPOCH] != (double)epochs)
        return cli_fail(err, "%s: has no row of epoch %lld", path, (long long)epochs);
    return EDGEL_OK;
}

/* Rows up to `epochs`; later ones are done again. Rows cannot be made again: the user decides to do without them. */
static enum edgel_status read_results(struct train_record *r, int64_t epochs, struct edgel_error *err)
{
    struct edgel_bytes bytes = { 0 };
    struct edgel_error why = { 0 };
    char *path = train_path(r->folder, "results.csv");
    enum edgel_status status = EDGEL_OK;
    if (access(path, F_OK) != 0) {
        cli_message("%s: lost; it goes on after epoch %lld", path, (long long)epochs);
    } else if (edgel_bytes_read(path, &bytes, err) != EDGEL_OK) {
        status = err->code;
    } else {
        char *text = cli_strndup((const char *)bytes.data, bytes.size);
        if (read_rows(r, text, path, epochs, &why) != EDGEL_OK)
            status = cli_fail(err, "%.300s; damaged: without the file the run goes on after epoch %lld",
                              why.msg, (long long)epochs);
        free(text);
    }
    free(path);
    edgel_bytes_finish(&bytes);
    return status;
}

size_t train_record_epochs(const char *folder)
{
    struct edgel_bytes bytes = { 0 };
    char *path = train_path(folder, "results.csv");
    size_t lines = 0;
    if (edgel_bytes_read(path, &bytes, NULL) == EDGEL_OK)
        for (size_t i = 0; i < bytes.size; i++)
            lines += bytes.data[i] == '\n';
    edgel_bytes_finish(&bytes);
    free(path);
    return lines ? lines - 1 : 0;
}

/* --- events --- */

static void keep_failure(struct train_record *r, enum edgel_status status, const struct edgel_error *err)
{
    if (r->status == EDGEL_OK && status != EDGEL_OK) {
        r->status = status;
        r->failed = *err;
    }
}

static void show_time(char *out, size_t size, double seconds)
{
    const long s = seconds < 0 ? 0 : seconds > 359999 ? 359999 : (long)seconds;
    snprintf(out, size, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
}

static void step_done(void *user, const struct edgel_step *s)
{
    struct train_record *r = user;
    const double now = cli_clock();
    if (!r->live || now - r->drawn < 0.1)
        return;
    char line[256], left[32] = "";
    const double done = (double)(s->epoch - 1) * (double)s->steps + (double)s->step;
    const double all = (double)s->epochs * (double)s->steps;
    const double epoch_seconds =
        r->n > 0 ? r->rows[r->n - 1].v[SECONDS] + r->rows[r->n - 1].v[VAL_SECONDS] : NAN;
    if (s->steps > 0 && isfinite(epoch_seconds))
        show_time(left, sizeof left, (all - done) / (double)s->steps * epoch_seconds);
    snprintf(line, sizeof line, "epoch %lld/%lld  step %lld/%lld  loss %.4f  %.1f images/s%s%s",
             (long long)s->epoch, (long long)s->epochs, (long long)s->step, (long long)s->steps, s->loss,
             s->images_per_second, *left ? "  left " : "", left);
    cli_bar_show(line);
    r->drawn = now;
}

static struct record_row row_of(const struct train_record *r, const struct edgel_epoch *e)
{
    struct record_row row = { .v = { (double)e->epoch, (double)e->steps, e->lr, e->train_loss, e->penalty,
                                     e->gradient_norm, e->val_loss, e->accuracy, e->iou, e->f1, e->watched,
                                     e->best, e->seconds, e->val_seconds, e->images_per_second } };
    for (int k = 0; k < r->plan->params.nterms; k++)
        row.terms[k] = e->terms[k];
    return row;
}

static void tell_epoch(const struct train_record *r, const struct edgel_epoch *e)
{
    char scores[128] = "";
    if (e->confusion)
        snprintf(scores, sizeof scores, "  val loss %.4f  IoU %.4f  F1 %.4f", e->val_loss, e->iou, e->f1);
    cli_message("epoch %lld/%lld  loss %.4f%s%s  %.1f images/s  %.1f s", (long long)e->epoch,
                (long long)r->o->epochs, e->train_loss, scores, e->best ? "  best" : "", e->images_per_second,
                e->seconds + e->val_seconds);
}

static void epoch_done(void *user, const struct edgel_epoch *e)
{
    struct train_record *r = user;
    struct edgel_error err = { 0 };
    const struct record_row row = row_of(r, e);
    add_row(r, &row);
    keep_failure(r, write_results(r, &err), &err);
    keep_failure(r, write_curves(r, &err), &err);
    if (e->best && e->confusion)
        keep_failure(r, write_confusion(r, e, &err), &err);
    if (!r->o->run.quiet)
        tell_epoch(r, e);
}

static bool asked_to_stop(void *user)
{
    const struct train_record *r = user;
    return r->status != EDGEL_OK || cli_stop(NULL);
}

static enum edgel_status save(void *user, enum edgel_save kind, const void *bytes, size_t size,
                              struct edgel_error *err)
{
    struct train_record *r = user;
    struct file f = file_begin(r, kind == EDGEL_SAVE_BEST ? "best.safetensors" : "last.safetensors", err);
    if (f.status == EDGEL_OK)
        f.status = edgel_output_write(f.out, bytes, size, err);
    return file_end(&f);
}

struct edgel_train_events train_record_events(struct train_record *r)
{
    return (struct edgel_train_events){
        .user = r, .step_done = step_done, .epoch_done = epoch_done, .stop = asked_to_stop, .save = save
    };
}

enum edgel_status train_record_open(struct train_record **out, const char *folder,
                                    const struct train_plan *plan, const struct train_options *o,
                                    const struct edgel_model_class *classes, int64_t epochs,
                                    struct edgel_error *err)
{
    struct train_record *r = *out = cli_alloc(1, sizeof *r);
    r->folder = cli_strndup(folder, strlen(folder));
    r->plan = plan;
    r->o = o;
    r->classes = classes;
    r->live = !o->run.quiet && (o->run.progress == CLI_PROGRESS_ALWAYS ||
                                (o->run.progress == CLI_PROGRESS_AUTO && isatty(STDERR_FILENO)));
    return epochs > 0 ? read_results(r, epochs, err) : EDGEL_OK;
}

enum edgel_status train_record_begin(const struct train_record *r, struct edgel_error *err)
{
    enum edgel_status status = write_results(r, err);
    return status == EDGEL_OK && r->n > 0 ? write_curves(r, err) : status;
}

void train_record_clear(const char *folder)
{
    static const char *const names[] = { "results.csv",      "curves.svg",       "confusion.csv",
                                         "best.safetensors", "last.safetensors", "args.json" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = train_path(folder, names[i]);
        (void)remove(path); /* it need not be there; one that stays is written over */
        free(path);
    }
    train_worst_clear(folder);
}

enum edgel_status train_record_status(const struct train_record *r, struct edgel_error *err)
{
    if (r->status != EDGEL_OK)
        *err = r->failed;
    return r->status;
}

void train_record_summary(const struct train_record *r, enum edgel_train_end end)
{
    static const char *const why[] = { "all epochs are done", "the patience is over", "the time is over",
                                       "stopped" };
    const struct record_row *best = NULL;
    cli_bar_clear();
    for (size_t i = 0; i < r->n; i++)
        if (r->rows[i].v[BEST] > 0)
            best = &r->rows[i];
    if (r->o->run.quiet)
        return;
    cli_message("%s: %zu epoch%s", why[end], r->n, r->n == 1 ? "" : "s");
    if (best)
        cli_message("best: epoch %.0f, %s %.4f; %s/best.safetensors", best->v[EPOCH],
                    isfinite(best->v[VAL_LOSS]) ? edgel_monitor_name(r->plan->params.monitor)
                                                : "training loss",
                    best->v[MONITOR], r->folder);
}

void train_record_close(struct train_record **r)
{
    if (!*r)
        return;
    cli_bar_clear();
    free((*r)->folder);
    free((*r)->rows);
    free(*r);
    *r = NULL;
}
