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
    edgel_text_str(t, last ? "\n" : "  ");
}

void edgel_grid_print(const struct edgel_grid *g, struct edgel_text *t)
{
    size_t *width = g->cells.failed ? NULL : edgel_calloc(g->columns, sizeof *width);
    if (!width) {
        t->failed = true;
        return;
    }
    const char *cell = g->cells.s;
    for (size_t i = 0; i < g->ncells; i++, cell += strlen(cell) + 1) {
        size_t w = width_of(cell);
        if (w > width[i % g->columns])
            width[i % g->columns] = w;
    }
    cell = g->cells.s;
    for (size_t i = 0; i < g->ncells; i++, cell += strlen(cell) + 1) {
        size_t column = i % g->columns;
        print_cell(t, cell, width[column], column < g->left, column + 1 == g->columns);
    }
    edgel_free(width);
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
