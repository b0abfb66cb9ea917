/*
 * One line of progress:
 *
 *     detect [#####-----] 120/240  50% 312/s ETA 0:05 1 failed
 *
 * The bar fills the remaining columns. Parts that do not fit are left out in this order: label, rate, time left,
 * percentage, failures. If done/total does not fit either, only the percentage is shown, or nothing.
 */
#include "batch/batch_priv.h"
#include <stdio.h>
#include <string.h>

enum { BAR_MIN = 5, BAR_MAX = 40, PART_BYTES = 64 };
enum part { DONE, FAILED, PERCENT, ETA, RATE, LABEL, NPARTS }; /* in order of need */
static const enum part shown[] = { LABEL, DONE, PERCENT, RATE, ETA, FAILED };

struct parts {
    char text[NPARTS][PART_BYTES];
    const char *label;
    bool use[NPARTS];
};

static const char *text_of(const struct parts *p, enum part part)
{
    return part == LABEL ? p->label : p->text[part];
}

/* Columns of the parts in use, with a blank between. A byte counts as a column: never too few. */
static size_t width_of(const struct parts *p)
{
    size_t width = 0;
    for (int k = 0; k < NPARTS; k++) {
        const char *s = text_of(p, (enum part)k);
        if (p->use[k] && *s)
            width += strlen(s) + (width > 0);
    }
    return width;
}

static void format_rate(char *s, double rate)
{
    if (rate > 1e9)
        rate = 1e9;
    unsigned tenths = (unsigned)(rate < 1e8 ? rate * 10 + 0.5 : 0);
    if (rate < 10)
        snprintf(s, PART_BYTES, "%u.%u/s", tenths / 10, tenths % 10);
    else
        snprintf(s, PART_BYTES, "%.0f/s", rate);
}

static void format_eta(char *s, double seconds)
{
    if (!(seconds < 100.0 * 3600)) {
        snprintf(s, PART_BYTES, "ETA >99h");
        return;
    }
    unsigned t = (unsigned)(seconds + 0.999);
    if (t >= 3600)
        snprintf(s, PART_BYTES, "ETA %u:%02u:%02u", t / 3600, t / 60 % 60, t % 60);
    else
        snprintf(s, PART_BYTES, "ETA %u:%02u", t / 60, t % 60);
}

static void format_parts(struct parts *p, size_t done, size_t total, size_t failed, size_t skipped,
                         double seconds)
{
    double part = total > 0 ? (double)done / (double)total : 1;
    snprintf(p->text[DONE], PART_BYTES, "%zu/%zu", done, total);
    snprintf(p->text[PERCENT], PART_BYTES, "%3d%%",
             done >= total ? 100
             : part < 0.99 ? (int)(part * 100)
                           : 99);
    if (failed > 0)
        snprintf(p->text[FAILED], PART_BYTES, "%zu failed", failed);
    const double worked = done > skipped ? (double)(done - skipped) : 0;
    if (!(seconds > 0) || worked < 1)
        return;
    format_rate(p->text[RATE], worked / seconds);
    format_eta(p->text[ETA], (double)(total - done) * (seconds / worked));
}

struct line {
    char *buf;
    size_t size, len;
};

static void append(struct line *l, const char *s, size_t n)
{
    for (size_t k = 0; k < n && l->len + 1 < l->size; k++)
        l->buf[l->len++] = s[k];
}

static void append_bar(struct line *l, size_t width, size_t done, size_t total)
{
    size_t full = total > 0 ? (size_t)((double)done / (double)total * (double)width) : width;
    append(l, "[", 1);
    for (size_t k = 0; k < width; k++)
        append(l, k < full ? "#" : "-", 1);
    append(l, "]", 1);
}

void edgel_progress_text(char *buf, size_t size, int columns, const char *label, size_t done, size_t total,
                         size_t failed, size_t skipped, double seconds)
{
    if (size == 0)
        return;
    buf[0] = '\0';
    size_t room = columns < 0 ? 0 : (size_t)columns;
    struct line l = { buf, size, 0 };
    struct parts p = { .label = label ? label : "" };
    if (room > size - 1)
        room = size - 1;
    if (done > total)
        done = total;
    format_parts(&p, done, total, failed, skipped, seconds);
    for (int k = 0; k < NPARTS; k++)
        p.use[k] = true;
    for (int k = NPARTS - 1; k >= 0 && width_of(&p) > room; k--)
        p.use[k] = false;
    if (!p.use[DONE]) {
        const char *percent = p.text[PERCENT] + strspn(p.text[PERCENT], " ");
        append(&l, percent, strlen(percent) <= room ? strlen(percent) : 0);
        buf[l.len] = '\0';
        return;
    }
    size_t left = room - width_of(&p), bar = left < BAR_MIN + 3 ? 0 : left - 3;
    for (size_t k = 0; k < sizeof shown / sizeof *shown; k++) {
        const char *s = text_of(&p, shown[k]);
        if (shown[k] == DONE && bar > 0) {
            append(&l, " ", l.len > 0);
            append_bar(&l, bar < BAR_MAX ? bar : BAR_MAX, done, total);
        }
        if (!p.use[shown[k]] || *s == '\0')
            continue;
        append(&l, " ", l.len > 0);
        append(&l, s, strlen(s));
    }
    buf[l.len] = '\0';
}
