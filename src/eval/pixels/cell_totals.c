/* Totals of the judged cells of a row, which the counts of other families are held against. */
#include "eval/eval_priv.h"

size_t edgel_ids_there(const struct edgel_id_totals *of)
{
    size_t n = 0;
    for (int32_t id = 0; id < EDGEL_IDS; id++)
        n += of[id].truth + of[id].prediction > 0;
    return n;
}

void edgel_totals_by_id(const struct edgel_measure *m, const struct edgel_row *row,
                        struct edgel_id_totals *of)
{
    const struct edgel_pixels_counts *p = edgel_row_pixels(row);
    for (size_t i = 0; i < p->n; i++) {
        const struct edgel_cell *c = &p->cells[i];
        if (edgel_id_in(m->ignore, m->nignore, c->truth))
            continue;
        of[c->truth].truth += c->n;
        if (c->prediction != EDGEL_ID_NONE)
            of[c->prediction].prediction += c->n;
        if (c->truth == c->prediction)
            of[c->truth].both += c->n;
    }
}

struct edgel_cell_totals edgel_totals_of_cells(const struct edgel_measure *m, const struct edgel_row *row)
{
    const struct edgel_pixels_counts *p = edgel_row_pixels(row);
    struct edgel_cell_totals t = { 0 };
    for (size_t i = 0; i < p->n; i++) {
        const struct edgel_cell *c = &p->cells[i];
        if (edgel_id_in(m->ignore, m->nignore, c->truth))
            continue;
        t.judged += c->n;
        t.positives += c->truth == 1 ? c->n : 0;
        t.predicted += c->prediction != EDGEL_ID_NONE ? c->n : 0;
    }
    return t;
}
