/*
 * The folder of a training: results.csv, curves.svg and confusion.csv are written whole and anew after each epoch, so
 * that each is complete whenever somebody looks; the models come from the trainer.
 */
#include "edgel/report.h"
#include "train/train_files.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FIELD = 32 };
static const char *const columns[EDGEL_COLUMNS] = { "epoch",      "steps",        "lr",
                                                    "train_loss", "penalty",      "gradient_norm",
                                                    "val_loss",   "val_accuracy", "val_iou",
                                                    "val_f1",     "monitor",      "best",
                                                    "seconds",    "val_seconds",  "images_per_second" };

struct row {
    double v[EDGEL_COLUMNS], terms[EDGEL_TRAIN_TERMS_MAX];
};

struct edgel_train_record {
    struct edgel_train_record_params params;
    struct edgel_output_folder *out; /* the folder, held open */
    struct row *rows;
    size_t n, room;
    struct edgel_error failed;
    enum edgel_status status; /* of the first file that could not be written */
};

const char *edgel_train_column_name(int column)
{
    return column >= 0 && column < EDGEL_COLUMNS ? columns[column] : NULL;
}

void edgel_train_record_params_init(struct edgel_train_record_params *params)
{
    *params = (struct edgel_train_record_params){ .nterms = 0 };
}

static enum edgel_status out_of_memory(struct edgel_error *err)
{
    return edgel_fail(err, EDGEL_ENOMEM, "record of a training: out of memory");
}

/* --- writing whole files --- */

static enum edgel_status write_text(const struct edgel_train_record *r, const char *name,
                                    const struct edgel_text *text, struct edgel_error *err)
{
    return text->failed ? out_of_memory(err) : train_folder_write(r->out, name, text->s, text->len, err);
}

/* NaN: an empty field. With 9 digits a float reads back the same. */
static void put_number(struct edgel_text *t, double v, bool last)
{
    char s[FIELD];
    if (!isnan(v)) {
        snprintf(s, sizeof s, "%.9g", v);
        edgel_text_str(t, s);
    }
    edgel_text_str(t, last ? "\n" : ",");
}

static enum edgel_status write_results(const struct edgel_train_record *r, struct edgel_error *err)
{
    const int nterms = r->params.nterms;
    struct edgel_text t = { 0 };
    for (int c = 0; c < EDGEL_COLUMNS; c++)
        edgel_text_printf(&t, "%s,", columns[c]);
    for (int k = 0; k < nterms; k++)
        edgel_text_printf(&t, "%s%s", edgel_loss_name((int)r->params.terms[k].kind),
                          k + 1 < nterms ? "," : "\n");
    for (size_t i = 0; i < r->n; i++) {
        for (int c = 0; c < EDGEL_COLUMNS; c++)
            put_number(&t, r->rows[i].v[c], false);
        for (int k = 0; k < nterms; k++)
            put_number(&t, r->rows[i].terms[k], k + 1 == nterms);
    }
    const enum edgel_status status = write_text(r, "results.csv", &t, err);
    edgel_text_finish(&t);
    return status;
}

static const double *column(const struct edgel_train_record *r, double *y, int c)
{
    for (size_t i = 0; i < r->n; i++)
        y[(size_t)c * r->n + i] = r->rows[i].v[c];
    return y + (size_t)c * r->n;
}

static enum edgel_status draw_curves(const struct edgel_train_record *r, double *y, struct edgel_error *err)
{
    const struct edgel_curve loss[] = { { "training", column(r, y, EDGEL_COLUMN_LOSS) },
                                        { "validation", column(r, y, EDGEL_COLUMN_VAL_LOSS) } };
    const struct edgel_curve score[] = { { "IoU", column(r, y, EDGEL_COLUMN_VAL_IOU) },
                                         { "F1", column(r, y, EDGEL_COLUMN_VAL_F1) },
                                         { "accuracy", column(r, y, EDGEL_COLUMN_VAL_ACCURACY) } };
    const struct edgel_curve rate[] = { { "learning rate", column(r, y, EDGEL_COLUMN_LR) } };
    const struct edgel_curve_panel panels[] = { { "loss", loss, 2 },
                                                { "validation scores", score, 3 },
                                                { "learning rate", rate, 1 } };
    struct edgel_output *out = NULL;
    EDGEL_TRY(edgel_output_folder_begin(r->out, "curves.svg", &out, err));
    enum edgel_status status = edgel_report_curves(out, panels, 3, r->n, err);
    if (status == EDGEL_OK)
        return edgel_output_commit(&out, err);
    edgel_output_discard(&out);
    return status;
}

static enum edgel_status write_curves(const struct edgel_train_record *r, struct edgel_error *err)
{
    double *y = edgel_alloc(r->n + 1, EDGEL_COLUMNS * sizeof *y);
    const enum edgel_status status = y ? draw_curves(r, y, err) : out_of_memory(err);
    edgel_free(y);
    return status;
}

static enum edgel_status write_confusion(const struct edgel_train_record *r, const struct edgel_epoch *row,
                                         struct edgel_error *err)
{
    const size_t n = (size_t)row->classes;
    const char **names = edgel_alloc(n + 1, sizeof *names);
    struct edgel_output *out = NULL;
    enum edgel_status status =
        names ? edgel_output_folder_begin(r->out, "confusion.csv", &out, err) : out_of_memory(err);
    for (size_t i = 0; i < n && status == EDGEL_OK; i++)
        names[i] = r->params.classes[i].name;
    if (status == EDGEL_OK)
        status = edgel_report_confusion(out, names, n, row->confusion, NULL, err);
    if (status == EDGEL_OK)
        status = edgel_output_commit(&out, err);
    edgel_output_discard(&out);
    edgel_free(names);
    return status;
}

enum edgel_status edgel_train_record_write(const struct edgel_train_record *r, struct edgel_error *err)
{
    EDGEL_REQUIRE(r);
    EDGEL_TRY(write_results(r, err));
    return r->n > 0 ? write_curves(r, err) : EDGEL_OK;
}

/* --- taking up an earlier record --- */

static enum edgel_status add_row(struct edgel_train_record *r, const struct row *row, struct edgel_error *err)
{
    if (r->n == r->room) {
        const size_t room = r->room ? 2 * r->room : 16;
        struct row *grown = edgel_realloc(r->rows, r->n * sizeof *grown, room, sizeof *grown);
        if (!grown)
            return out_of_memory(err);
        r->rows = grown;
        r->room = room;
    }
    r->rows[r->n++] = *row;
    return EDGEL_OK;
}

static enum edgel_status read_row(const struct edgel_train_record *r, char *line, const char *path,
                                  struct row *row, struct edgel_error *err)
{
    const int n = EDGEL_COLUMNS + r->params.nterms;
    struct edgel_error why = { .code = EDGEL_OK };
    for (int c = 0; c < n; c++) {
        double *v = c < EDGEL_COLUMNS ? &row->v[c] : &row->terms[c - EDGEL_COLUMNS];
        const size_t length = strcspn(line, ",");
        const bool last = line[length] == '\0';
        line[length] = '\0';
        if (last != (c == n - 1))
            return edgel_fail(err, EDGEL_EINVAL, "%s: a row must have %d fields", path, n);
        *v = NAN;
        if (*line && edgel_parse_real(columns[c < EDGEL_COLUMNS ? c : EDGEL_COLUMN_LOSS], line, -1e300, 1e300,
                                      v, &why) != EDGEL_OK)
            return edgel_fail(err, EDGEL_EINVAL, "%s: %s", path, why.msg);
        line += length + 1;
    }
    return EDGEL_OK;
}

static enum edgel_status read_rows(struct edgel_train_record *r, char *text, const char *path, int64_t epochs,
                                   struct edgel_error *err)
{
    char *save = NULL, *line = strtok_r(text, "\n", &save);
    if (!line || strncmp(line, "epoch,", 6) != 0)
        return edgel_fail(err, EDGEL_EINVAL, "%s: must begin with the names of its columns", path);
    while ((line = strtok_r(NULL, "\n", &save)) != NULL) {
        struct row row = { { 0 }, { 0 } };
        EDGEL_TRY(read_row(r, line, path, &row, err));
        const double epoch = row.v[EDGEL_COLUMN_EPOCH];
        if (r->n > 0 && epoch != r->rows[r->n - 1].v[EDGEL_COLUMN_EPOCH] + 1 && epoch <= (double)epochs)
            return edgel_fail(err, EDGEL_EINVAL, "%s: epoch %g after %g", path, epoch,
                              r->rows[r->n - 1].v[EDGEL_COLUMN_EPOCH]);
        if (epoch <= (double)epochs)
            EDGEL_TRY(add_row(r, &row, err));
    }
    if (r->n == 0 || r->rows[r->n - 1].v[EDGEL_COLUMN_EPOCH] != (double)epochs)
        return edgel_fail(err, EDGEL_EINVAL, "%s: has no row of epoch %lld", path, (long long)epochs);
    return EDGEL_OK;
}

/* Reads the rows up to `epochs`; later epochs are trained again. A damaged file is refused: its rows cannot be computed
 * again, so the user decides whether to go on without them. */
static enum edgel_status read_results(struct edgel_train_record *r, const char *path, int64_t epochs,
                                      struct edgel_error *err)
{
    struct edgel_bytes bytes = { 0 };
    struct edgel_error why = { .code = EDGEL_OK };
    EDGEL_TRY(edgel_file_read(path, EDGEL_FILE_TEXT, NULL, &bytes, err));
    char *text = edgel_alloc(bytes.size + 1, 1);
    enum edgel_status status = EDGEL_OK;
    if (text) {
        memcpy(text, bytes.data, bytes.size);
        text[bytes.size] = '\0';
        status = read_rows(r, text, path, epochs, &why);
        if (status == EDGEL_EINVAL)
            (void)edgel_fail(err, status,
                             "%.300s; damaged: without the file the run goes on after epoch %lld", why.msg,
                             (long long)epochs);
    }
    if (!text || status == EDGEL_ENOMEM)
        status = out_of_memory(err);
    edgel_free(text);
    edgel_bytes_finish(&bytes);
    return status;
}

enum edgel_status edgel_train_record_open(const struct edgel_train_record_params *params, int64_t epochs,
                                          struct edgel_train_record **out, bool *lost,
                                          struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    *out = NULL;
    if (lost)
        *lost = false;
    EDGEL_REQUIRE(params);
    EDGEL_REQUIRE(params->folder);
    EDGEL_REQUIRE(params->terms);
    EDGEL_REQUIRE(params->classes);
    if (params->nterms < 1 || params->nterms > EDGEL_TRAIN_TERMS_MAX)
        return edgel_fail(err, EDGEL_EINVAL, "%d terms of a loss: must be 1..%d", params->nterms,
                          EDGEL_TRAIN_TERMS_MAX);
    struct edgel_train_record *r = edgel_calloc(1, sizeof *r);
    char *path = train_path(params->folder, "results.csv");
    enum edgel_status status = EDGEL_OK;
    if (r)
        r->params = *params;
    if (!r || !path)
        status = out_of_memory(err);
    else if (epochs > 0 && access(path, F_OK) == 0)
        status = read_results(r, path, epochs, err);
    else if (lost)
        *lost = epochs > 0;
    edgel_free(path);
    if (status == EDGEL_OK)
        status = edgel_output_folder_open(params->folder, false, &r->out, err);
    if (status != EDGEL_OK)
        edgel_train_record_close(&r);
    *out = r;
    return status;
}

void edgel_train_record_close(struct edgel_train_record **record)
{
    if (!record || !*record)
        return;
    struct edgel_train_record *r = *record;
    edgel_output_folder_close(&r->out);
    edgel_free(r->rows);
    edgel_free(r);
    *record = NULL;
}

/* --- events --- */

static void keep_failure(struct edgel_train_record *r, enum edgel_status status,
                         const struct edgel_error *err)
{
    if (r->status == EDGEL_OK && status != EDGEL_OK) {
        r->status = status;
        r->failed = *err;
    }
}

static void step_done(void *user, const struct edgel_step *step)
{
    const struct edgel_train_record *r = user;
    if (r->params.events.step_done)
        r->params.events.step_done(r->params.events.user, step);
}

static void epoch_done(void *user, const struct edgel_epoch *e)
{
    struct edgel_train_record *r = user;
    struct edgel_error err = { .code = EDGEL_OK };
    struct row row = { .v = { (double)e->epoch, (double)e->steps, e->lr, e->train_loss, e->penalty,
                              e->gradient_norm, e->val_loss, e->accuracy, e->iou, e->f1, e->watched, e->best,
                              e->seconds, e->val_seconds, e->images_per_second } };
    for (int k = 0; k < r->params.nterms; k++)
        row.terms[k] = e->terms[k];
    keep_failure(r, add_row(r, &row, &err), &err);
    keep_failure(r, write_results(r, &err), &err);
    keep_failure(r, write_curves(r, &err), &err);
    if (e->best && e->confusion)
        keep_failure(r, write_confusion(r, e, &err), &err);
    if (r->params.events.epoch_done)
        r->params.events.epoch_done(r->params.events.user, e);
}

static bool stop(void *user)
{
    const struct edgel_train_record *r = user;
    return r->status != EDGEL_OK || (r->params.events.stop && r->params.events.stop(r->params.events.user));
}

/* After tables that could not be written no state is kept, so that a resumed training does their epoch again. */
static enum edgel_status save(void *user, enum edgel_save kind, const void *bytes, size_t size,
                              struct edgel_error *err)
{
    const struct edgel_train_record *r = user;
    if (r->status != EDGEL_OK)
        return edgel_fail(err, r->status, "%s", r->failed.msg);
    return train_folder_write(r->out, kind == EDGEL_SAVE_BEST ? "best.safetensors" : "last.safetensors",
                              bytes, size, err);
}

struct edgel_train_events edgel_train_record_events(struct edgel_train_record *r)
{
    struct edgel_train_events events;
    edgel_train_events_init(&events);
    events.user = r;
    events.step_done = step_done;
    events.epoch_done = epoch_done;
    events.stop = stop;
    events.save = save;
    return events;
}

enum edgel_status edgel_train_record_status(const struct edgel_train_record *r, struct edgel_error *err)
{
    EDGEL_REQUIRE(r);
    return r->status == EDGEL_OK ? EDGEL_OK : edgel_fail(err, r->status, "%s", r->failed.msg);
}

size_t edgel_train_record_rows(const struct edgel_train_record *r)
{
    return r->n;
}

double edgel_train_record_value(const struct edgel_train_record *r, size_t k, enum edgel_train_column column)
{
    return k < r->n && (int)column >= 0 && column < EDGEL_COLUMNS ? r->rows[k].v[column] : NAN;
}
