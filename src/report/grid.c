/* Aligned columns. Width is counted in UTF-8 characters; wide and combining ones are taken as one column each. */
#include "report/report_priv.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>

void edgel_grid_str(struct edgel_grid *g, const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7F)
            edgel_text_printf(&g->cells, "\\x%02x", (unsigned char)*s);
        else
            edgel_text_add(&g->cells, s, 1);
    edgel_text_add(&g->cells, "", 1);
    g->ncells++;
}

void edgel_grid_count(struct edgel_grid *g, uint64_t n)
{
    edgel_text_printf(&g->cells, "%" PRIu64, n);
    edgel_text_add(&g->cells, "", 1);
    g->ncells++;
}

void edgel_grid_score(struct edgel_grid *g, double v)
{
    if (isfinite(v))
        edgel_text_fixed(&g->cells, v, 4);
    else
        edgel_text_str(&g->cells, "-");
    edgel_text_add(&g->cells, "", 1);
    g->ncells++;
}

void edgel_grid_pair(struct edgel_grid *g, const char *key, const char *value)
{
    edgel_grid_str(g, key);
    edgel_grid_str(g, value);
}

void edgel_grid_real(struct edgel_grid *g, const char *key, double v, const char *after)
{
    struct edgel_text word = { 0 };
    edgel_text_real(&word, v);
    edgel_text_str(&word, after);
    edgel_grid_pair(g, key, word.failed ? "" : word.s);
    g->cells.failed |= word.failed;
    edgel_text_finish(&word);
}

/* Bytes that start a character: all but the continuation bytes 10xxxxxx. */
static size_t width_of(const char *s)
{
    size_t n = 0;
    for (; *s; s++)
        n += ((unsigned char)*s & 0xC0) != 0x80;
    return n;
}

static void pad(struct edgel_text *t, size_t n)
{
    while (n--)
        edgel_text_add(t, " ", 1);
}

static void print_cell(struct edgel_text *t, const char *cell, size_t width, bool left, bool last)
{
    size_t space = width - width_of(cell);
    if (!left)
        pad(t, space);
    edgel_text_str(t, cell);
    if (left && !last)
        pad(t, space);
    while (last && !t->failed && t->len > 0 && t->s[t->len - 1] == ' ') /* of cells without a text */
        t->len--;
    edgel_text_str(t, last ? "\n" : "  ");
}

/* The widest cell of each column, to be freed; NULL: memory is out, or a cell is incomplete. */
static size_t *column_widths(const struct edgel_grid *g)
{
    size_t *width = g->cells.failed ? NULL : edgel_calloc(g->columns, sizeof *width);
    const char *cell = g->cells.s;
    for (size_t i = 0; width && i < g->ncells; i++, cell += strlen(cell) + 1) {
        size_t w = width_of(cell);
        if (w > width[i % g->columns])
            width[i % g->columns] = w;
    }
    return width;
}

/* All rows, of the columns below keep and of those from first to before end. */
static void print_part(const struct edgel_grid *g, struct edgel_text *t, const size_t *width, size_t keep,
                       size_t first, size_t end)
{
    const char *cell = g->cells.s;
    for (size_t i = 0; i < g->ncells; i++, cell += strlen(cell) + 1) {
        const size_t column = i % g->columns;
        if (column < keep || (column >= first && column < end))
            print_cell(t, cell, width[column], column < g->left, column + 1 == end);
    }
}

void edgel_grid_print(const struct edgel_grid *g, struct edgel_text *t)
{
    size_t *width = column_widths(g);
    if (!width) {
        t->failed = true;
        return;
    }
    const size_t limit = g->width ? g->width : SIZE_MAX, keep = g->left ? g->left : 1;
    size_t kept = 0, first = keep < g->columns ? keep : g->columns;
    for (size_t i = 0; i < first; i++)
        kept += width[i] + (i > 0 ? 2 : 0);
    do {
        size_t end = first, line = kept;
        while (end < g->columns && (end == first || line + 2 + width[end] <= limit))
            line += 2 + width[end++];
        if (first > keep)
            edgel_text_str(t, "\n");
        print_part(g, t, width, keep, first, end);
        first = end;
    } while (first < g->columns);
    edgel_free(width);
}

size_t edgel_grid_width(const struct edgel_grid *g)
{
    size_t *width = column_widths(g), sum = 0;
    for (size_t i = 0; width && i < g->columns; i++)
        sum += width[i] + (i > 0 ? 2 : 0);
    edgel_free(width);
    return sum;
}

void edgel_grid_finish(struct edgel_grid *g)
{
    edgel_text_finish(&g->cells);
    *g = (struct edgel_grid){ 0 };
}

void edgel_grid_end(struct edgel_grid *g, struct edgel_text *t)
{
    edgel_grid_print(g, t);
    edgel_grid_finish(g);
}
