/* JSON lines of a run: one per image in input order, and a summary. */
#include "batch/batch_priv.h"
#include "edgel/image.h"
#include <math.h>
#include <string.h>

struct edgel_log {
    struct edgel_output *out; /* NULL: everything is dropped */
    bool follow;              /* standard output: each line is flushed, as a reader may follow along */
    struct edgel_text line;
};

enum edgel_status edgel_log_create(const char *path, struct edgel_log **out, struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    *out = NULL;
    struct edgel_log *log = edgel_calloc(1, sizeof *log);
    if (!log)
        return edgel_no_memory(err, "JSON lines");
    enum edgel_status s = path ? edgel_output_begin(path, &log->out, err) : EDGEL_OK;
    log->follow = path && strcmp(path, "-") == 0;
    if (s != EDGEL_OK)
        edgel_log_discard(&log);
    *out = log;
    return s;
}

void edgel_log_discard(struct edgel_log **log)
{
    if (!log || !*log)
        return;
    edgel_output_discard(&(*log)->out);
    edgel_text_finish(&(*log)->line);
    edgel_free(*log);
    *log = NULL;
}

/* In microseconds: a clock resolves no more. */
static void add_seconds(struct edgel_text *t, double seconds)
{
    edgel_text_str(t, ",\"seconds\":");
    edgel_text_real(t, round(seconds * 1e6) / 1e6);
}

static void add_string(struct edgel_text *t, const char *key, const char *value)
{
    edgel_text_printf(t, ",\"%s\":", key);
    if (value)
        edgel_text_json(t, value);
    else
        edgel_text_str(t, "null");
}

static void add_outputs(struct edgel_text *t, const struct edgel_record *r)
{
    if (r->noutputs <= 1) {
        add_string(t, "output", r->noutputs ? r->outputs[0] : NULL);
        return;
    }
    edgel_text_str(t, ",\"output\":[");
    for (size_t i = 0; i < r->noutputs; i++) {
        if (i > 0)
            edgel_text_str(t, ",");
        edgel_text_json(t, r->outputs[i]);
    }
    edgel_text_str(t, "]");
}

static void add_scale(struct edgel_text *t, const struct edgel_scale *scale)
{
    if (!(scale->full > 0)) {
        edgel_text_str(t, "null");
        return;
    }
    edgel_text_str(t, "{\"full\":");
    edgel_text_real(t, scale->full);
    edgel_text_printf(t, ",\"kind\":\"%s\"}", scale->linear ? "linear" : "root");
}

static void add_scales(struct edgel_text *t, const struct edgel_record *r)
{
    if (!r->scales || r->noutputs == 0)
        return;
    edgel_text_str(t, r->noutputs > 1 ? ",\"scale\":[" : ",\"scale\":");
    for (size_t i = 0; i < r->noutputs; i++) {
        if (i > 0)
            edgel_text_str(t, ",");
        add_scale(t, &r->scales[i]);
    }
    if (r->noutputs > 1)
        edgel_text_str(t, "]");
}

static void add_one_edges(struct edgel_text *t, const struct edgel_edges *e)
{
    if (!(e->share >= 0)) {
        edgel_text_str(t, "null");
        return;
    }
    edgel_text_str(t, "{\"low\":");
    edgel_text_real(t, e->low);
    edgel_text_str(t, ",\"high\":");
    edgel_text_real(t, e->high);
    edgel_text_str(t, ",\"share\":");
    edgel_text_real(t, e->share);
    edgel_text_str(t, "}");
}

static void add_edges(struct edgel_text *t, const struct edgel_record *r)
{
    if (!r->edges || r->noutputs == 0)
        return;
    edgel_text_str(t, r->noutputs > 1 ? ",\"edges\":[" : ",\"edges\":");
    for (size_t i = 0; i < r->noutputs; i++) {
        if (i > 0)
            edgel_text_str(t, ",");
        add_one_edges(t, &r->edges[i]);
    }
    if (r->noutputs > 1)
        edgel_text_str(t, "]");
}

static void add_side(struct edgel_text *t, const char *key, int side)
{
    if (side > 0)
        edgel_text_printf(t, ",\"%s\":%d", key, side);
    else
        edgel_text_printf(t, ",\"%s\":null", key);
}

static enum edgel_status write_line(struct edgel_log *log, struct edgel_error *err)
{
    edgel_text_str(&log->line, "}\n");
    if (log->line.failed)
        return edgel_no_memory(err, "JSON lines");
    EDGEL_TRY(edgel_output_write(log->out, log->line.s, log->line.len, err));
    return log->follow ? edgel_output_flush(log->out, err) : EDGEL_OK;
}

enum edgel_status edgel_log_line(struct edgel_log *log, const char *line, size_t n, struct edgel_error *err)
{
    EDGEL_TRY(edgel_output_write(log->out, line, n, err));
    EDGEL_TRY(edgel_output_write(log->out, "\n", 1, err));
    return log->follow ? edgel_output_flush(log->out, err) : EDGEL_OK;
}

void edgel_settings_text(struct edgel_text *t, const struct edgel_setting *settings, size_t n)
{
    edgel_text_str(t, "{");
    for (size_t i = 0; i < n; i++) {
        edgel_text_str(t, i ? "," : "");
        edgel_text_json(t, settings[i].name);
        edgel_text_str(t, ":");
        edgel_text_json(t, settings[i].value);
    }
    edgel_text_str(t, "}");
}

enum edgel_status edgel_log_shard(struct edgel_log *log, const struct edgel_shard *shard,
                                  const struct edgel_setting *settings, size_t nsettings,
                                  struct edgel_error *err)
{
    EDGEL_REQUIRE(log);
    EDGEL_REQUIRE(shard);
    EDGEL_REQUIRE(settings || nsettings == 0);
    if (!log->out || shard->count == 0)
        return EDGEL_OK;
    edgel_text_clear(&log->line);
    edgel_text_str(&log->line, "{\"type\":\"shard\",\"shard\":");
    edgel_shard_text(&log->line, shard);
    edgel_text_str(&log->line, ",\"settings\":");
    edgel_settings_text(&log->line, settings, nsettings);
    return write_line(log, err);
}

enum edgel_status edgel_log_image(struct edgel_log *log, const struct edgel_record *r,
                                  struct edgel_error *err)
{
    EDGEL_REQUIRE(log);
    EDGEL_REQUIRE(r);
    static const char *const status[] = {
        [EDGEL_OUTCOME_OK] = "ok", [EDGEL_OUTCOME_ERROR] = "error", [EDGEL_OUTCOME_SKIPPED] = "skipped"
    };
    if (!log->out)
        return EDGEL_OK;
    struct edgel_text *t = &log->line;
    edgel_text_clear(t);
    edgel_text_str(t, "{\"type\":\"image\"");
    add_string(t, "input", r->input);
    add_outputs(t, r);
    add_scales(t, r);
    add_edges(t, r);
    if (r->range)
        add_string(t, "range", r->range);
    add_string(t, "status", status[r->outcome]);
    add_string(t, "error", r->error);
    if (r->remark && *r->remark)
        add_string(t, "remark", r->remark);
    if (r->note && *r->note)
        add_string(t, "note", r->note);
    add_side(t, "width", r->width);
    add_side(t, "height", r->height);
    if (r->pages > 0)
        edgel_text_printf(t, ",\"pages\":%d", r->pages);
    add_seconds(t, r->seconds);
    return write_line(log, err);
}

static enum edgel_status write_summary(struct edgel_log *log, const struct edgel_totals *totals,
                                       struct edgel_error *err)
{
    struct edgel_text *t = &log->line;
    edgel_text_clear(t);
    edgel_text_printf(t, "{\"type\":\"summary\",\"ok\":%zu,\"failed\":%zu,\"skipped\":%zu,\"not_images\":%zu",
                      totals->ok, totals->failed, totals->skipped, totals->not_images);
    edgel_text_printf(t, ",\"interrupted\":%s", totals->interrupted ? "true" : "false");
    add_seconds(t, totals->seconds);
    EDGEL_TRY(write_line(log, err));
    return edgel_output_commit(&log->out, err);
}

enum edgel_status edgel_log_finish(struct edgel_log **log, const struct edgel_totals *totals,
                                   struct edgel_error *err)
{
    EDGEL_REQUIRE(log);
    EDGEL_REQUIRE(totals);
    enum edgel_status s = (*log)->out ? write_summary(*log, totals, err) : EDGEL_OK;
    edgel_log_discard(log);
    return s;
}
