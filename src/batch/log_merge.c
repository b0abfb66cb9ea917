/*
 * Joins the logs of parts into that of the whole run. Part i of N holds the items i - 1, i - 1 + N, ... of the list,
 * one line each, so the whole takes one line of each part in turn. Every part holds a hash of all names in order; the
 * joined lines must give the same hash, so each line is in its place. The settings of all parts must be equal.
 */
#include "batch/batch_priv.h"
#include <string.h>

enum { LINE_MAX_BYTES = 1 << 26, LINES_BETWEEN_STOPS = 256 };

struct source {
    struct edgel_lines *lines;
    struct edgel_shard shard;
    struct edgel_json *head;    /* the first line, of a part */
    struct edgel_totals totals; /* of the lines read so far */
};

struct merge {
    const char *const *paths;
    size_t n;
    struct source *sources;
    size_t *order;               /* order[k]: the source that is part k + 1 */
    char *line;                  /* the last one read, */
    size_t length;               /* owned by its source, */
    struct edgel_json *doc;      /* as JSON, */
    char *type, *input, *status; /* and three of its strings; NULL where it has none */
};

static void forget_line(struct merge *m)
{
    edgel_json_finish(m->doc);
    edgel_free(m->type);
    edgel_free(m->input);
    edgel_free(m->status);
    m->doc = NULL;
    m->type = m->input = m->status = NULL;
}

static enum edgel_status take_string(const struct merge *m, const char *key, const char *where, char **out,
                                     struct edgel_error *err)
{
    const struct edgel_json *v = edgel_json_get(m->doc, key);
    *out = edgel_json_strdup(v);
    return *out || !edgel_json_is_string(v) ? EDGEL_OK : edgel_no_memory(err, where);
}

static enum edgel_status next_line(struct merge *m, struct source *s, struct edgel_error *err)
{
    bool ended;
    forget_line(m);
    EDGEL_TRY(edgel_lines_next(s->lines, &m->line, &m->length, &ended, err));
    const char *where = edgel_lines_where(s->lines);
    if (!m->line)
        return edgel_fail(err, EDGEL_EFORMAT,
                          "%s: ends without a summary: the run did not end, or the log was cut", where);
    if (!ended)
        return edgel_fail(err, EDGEL_EFORMAT, "%s: the line is cut off", where);
    EDGEL_TRY(edgel_json_parse(m->line, m->length, where, &m->doc, err));
    EDGEL_TRY(take_string(m, "type", where, &m->type, err));
    EDGEL_TRY(take_string(m, "input", where, &m->input, err));
    return take_string(m, "status", where, &m->status, err);
}

static bool is_type(const struct merge *m, const char *type)
{
    return m->type && strcmp(m->type, type) == 0;
}

/* --- opening --- */

static const struct edgel_json *settings_of(const struct source *s)
{
    return edgel_json_get(s->head, "settings");
}

static enum edgel_status check_settings(const struct source *s, struct edgel_error *err)
{
    const struct edgel_json *all = settings_of(s), *v;
    bool strings = edgel_json_is_object(all);
    for (size_t i = 0; strings && (v = edgel_json_member(all, i, NULL)) != NULL; i++)
        strings = edgel_json_is_string(v);
    return strings ? EDGEL_OK
                   : edgel_fail(err, EDGEL_EFORMAT, "%s: settings: must be an object of strings",
                                edgel_lines_where(s->lines));
}

/* One setting of two parts; v, w: its values, NULL where a part has none. */
static enum edgel_status agree_on(const struct merge *m, size_t i, const char *name,
                                  const struct edgel_json *v, const struct edgel_json *w,
                                  struct edgel_error *err)
{
    char *a = edgel_json_strdup(v), *b = edgel_json_strdup(w);
    enum edgel_status st = EDGEL_OK;
    if ((v && !a) || (w && !b))
        st = edgel_no_memory(err, m->paths[i]);
    else if (!a || !b || strcmp(a, b) != 0)
        st = edgel_fail(err, EDGEL_EINVAL, "%s has %.80s %.100s, %s has %.100s: not parts of one run",
                        m->paths[0], name, a ? a : "(none)", m->paths[i], b ? b : "(none)");
    edgel_free(a);
    edgel_free(b);
    return st;
}

static enum edgel_status agree(const struct merge *m, size_t i, struct edgel_error *err)
{
    const struct edgel_json *a = settings_of(&m->sources[0]), *b = settings_of(&m->sources[i]), *v;
    const char *name;
    for (size_t k = 0; (v = edgel_json_member(a, k, &name)) != NULL; k++)
        EDGEL_TRY(agree_on(m, i, name, v, edgel_json_get(b, name), err));
    for (size_t k = 0; (v = edgel_json_member(b, k, &name)) != NULL; k++)
        EDGEL_TRY(agree_on(m, i, name, edgel_json_get(a, name), v, err));
    return EDGEL_OK;
}

static enum edgel_status open_one(struct merge *m, size_t i, struct edgel_error *err)
{
    struct source *s = &m->sources[i];
    EDGEL_TRY(edgel_lines_open(m->paths[i], LINE_MAX_BYTES, &s->lines, err));
    EDGEL_TRY(next_line(m, s, err));
    if (is_type(m, "image") || is_type(m, "summary"))
        return EDGEL_OK; /* of a whole run: edgel_shard_order() says so */
    if (!is_type(m, "shard"))
        return edgel_fail(err, EDGEL_EFORMAT, "%s: is not the first line of a log",
                          edgel_lines_where(s->lines));
    s->head = m->doc;
    m->doc = NULL;
    EDGEL_TRY(
        edgel_shard_read(edgel_json_get(s->head, "shard"), edgel_lines_where(s->lines), &s->shard, err));
    return check_settings(s, err);
}

static enum edgel_status open_all(struct merge *m, struct edgel_error *err)
{
    struct edgel_shard *shards = edgel_calloc(m->n, sizeof *shards);
    enum edgel_status st = EDGEL_OK;
    m->sources = edgel_calloc(m->n, sizeof *m->sources);
    m->order = edgel_calloc(m->n, sizeof *m->order);
    if (!shards || !m->sources || !m->order)
        st = edgel_fail(err, EDGEL_ENOMEM, "%zu logs: out of memory", m->n);
    for (size_t i = 0; i < m->n && st == EDGEL_OK; i++) {
        st = open_one(m, i, err);
        shards[i] = m->sources[i].shard;
    }
    if (st == EDGEL_OK)
        st = edgel_shard_order(shards, m->n, m->paths, m->order, err);
    for (size_t i = 1; i < m->n && st == EDGEL_OK; i++)
        st = agree(m, i, err);
    edgel_free(shards);
    return st;
}

/* --- lines --- */

static enum edgel_status count_image(struct merge *m, struct source *s, struct edgel_error *err)
{
    const char *where = edgel_lines_where(s->lines);
    if (is_type(m, "summary"))
        return edgel_fail(err, EDGEL_EFORMAT,
                          "%s: the run did not reach all its images: finish it before it is joined", where);
    if (!is_type(m, "image") || !m->input || !m->status)
        return edgel_fail(err, EDGEL_EFORMAT, "%s: is not the line of an image", where);
    if (strcmp(m->status, "ok") == 0)
        s->totals.ok++;
    else if (strcmp(m->status, "error") == 0)
        s->totals.failed++;
    else if (strcmp(m->status, "skipped") == 0)
        s->totals.skipped++;
    else
        return edgel_fail(err, EDGEL_EFORMAT, "%s: status: is none of ok, error, skipped", where);
    return EDGEL_OK;
}

static enum edgel_status join_images(struct merge *m, struct edgel_log *log, bool (*stop)(void *), void *user,
                                     struct edgel_error *err)
{
    const struct edgel_shard *whole = &m->sources[0].shard;
    struct edgel_shard seen = { .digest = whole->items == 0 ? whole->digest : 0 };
    while (seen.items < whole->items) {
        struct source *s = &m->sources[m->order[seen.items % m->n]];
        if (seen.items % LINES_BETWEEN_STOPS == 0 && stop && stop(user))
            return edgel_fail(err, EDGEL_EINTERRUPTED, "interrupted");
        EDGEL_TRY(next_line(m, s, err));
        EDGEL_TRY(count_image(m, s, err));
        EDGEL_TRY(edgel_log_line(log, m->line, m->length, err));
        edgel_shard_add(&seen, m->input);
    }
    if (seen.digest != whole->digest)
        return edgel_fail(err, EDGEL_EFORMAT,
                          "%s: its names, with those of the other parts, are not those of the list",
                          m->paths[0]);
    return EDGEL_OK;
}

/* --- summaries --- */

static enum edgel_status take_count(const struct merge *m, const char *key, const char *where, size_t *out,
                                    struct edgel_error *err)
{
    int64_t v;
    if (!edgel_json_int(edgel_json_get(m->doc, key), &v) || v < 0)
        return edgel_fail(err, EDGEL_EFORMAT, "%s: %s: must be a whole number from 0 on", where, key);
    *out = (size_t)v;
    return EDGEL_OK;
}

static enum edgel_status add_summary(struct merge *m, struct source *s, struct edgel_totals *sum,
                                     struct edgel_error *err)
{
    struct edgel_totals t = { 0 };
    EDGEL_TRY(next_line(m, s, err));
    const char *where = edgel_lines_where(s->lines);
    if (!is_type(m, "summary"))
        return edgel_fail(err, EDGEL_EFORMAT, "%s: is not the summary that must stand here", where);
    EDGEL_TRY(take_count(m, "ok", where, &t.ok, err));
    EDGEL_TRY(take_count(m, "failed", where, &t.failed, err));
    EDGEL_TRY(take_count(m, "skipped", where, &t.skipped, err));
    EDGEL_TRY(take_count(m, "not_images", where, &t.not_images, err));
    if (t.ok != s->totals.ok || t.failed != s->totals.failed || t.skipped != s->totals.skipped)
        return edgel_fail(err, EDGEL_EFORMAT, "%s: does not count the lines above it", where);
    if (!edgel_json_real(edgel_json_get(m->doc, "seconds"), &t.seconds) || !(t.seconds >= 0))
        return edgel_fail(err, EDGEL_EFORMAT, "%s: seconds: must be a number from 0 on", where);
    char *line;
    size_t n;
    EDGEL_TRY(edgel_lines_next(s->lines, &line, &n, NULL, err));
    if (line)
        return edgel_fail(err, EDGEL_EFORMAT, "%s: follows the summary", edgel_lines_where(s->lines));
    sum->ok += t.ok;
    sum->failed += t.failed;
    sum->skipped += t.skipped;
    sum->not_images = t.not_images > sum->not_images ? t.not_images : sum->not_images;
    sum->seconds += t.seconds;
    return EDGEL_OK;
}

static enum edgel_status join(struct merge *m, struct edgel_log **log, bool (*stop)(void *), void *user,
                              struct edgel_totals *totals, struct edgel_error *err)
{
    *totals = (struct edgel_totals){ 0 };
    EDGEL_TRY(join_images(m, *log, stop, user, err));
    for (size_t k = 0; k < m->n; k++)
        EDGEL_TRY(add_summary(m, &m->sources[m->order[k]], totals, err));
    return edgel_log_finish(log, totals, err);
}

enum edgel_status edgel_log_merge(const char *const *paths, size_t npaths, const char *output,
                                  bool (*stop)(void *user), void *user, struct edgel_totals *totals,
                                  struct edgel_error *err)
{
    EDGEL_REQUIRE(paths || npaths == 0);
    EDGEL_REQUIRE(output);
    struct merge m = { .paths = paths, .n = npaths };
    struct edgel_log *log = NULL;
    struct edgel_totals sum = { 0 };
    if (npaths == 0 || !output)
        return edgel_fail(err, EDGEL_EINVAL, "logs to join: there must be one at least, and an output");
    enum edgel_status st = open_all(&m, err);
    if (st == EDGEL_OK)
        st = edgel_log_create(output, &log, err);
    if (st == EDGEL_OK)
        st = join(&m, &log, stop, user, &sum, err);
    if (totals)
        *totals = sum;
    edgel_log_discard(&log);
    forget_line(&m);
    for (size_t i = 0; m.sources && i < npaths; i++) {
        edgel_lines_close(&m.sources[i].lines);
        edgel_json_finish(m.sources[i].head);
    }
    edgel_free(m.sources);
    edgel_free(m.order);
    return st;
}
