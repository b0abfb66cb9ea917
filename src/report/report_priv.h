/* report_priv.h: what the writers of table, JSON and CSV share. */
#ifndef EDGEL_REPORT_PRIV_H
#define EDGEL_REPORT_PRIV_H

#include "core/core_priv.h"
#include "edgel/report.h"

/* --- words.c --- */
size_t edgel_class_scores(void); /* scores of a class */
/* A text as it stands, "KEY": of a document, and a number, null when undefined. */
void edgel_text_named(struct edgel_text *t, const char *before, double v);
/* The class's name, or its id in digits when it has none; buf holds at least 16 bytes. */
const char *edgel_class_label(const struct edgel_class_result *c, char *buf, size_t size);
/* Writes the text to out; EDGEL_ENOMEM when the text is incomplete. Empties the text. */
EDGEL_NODISCARD enum edgel_status edgel_text_deliver(struct edgel_text *t, struct edgel_output *out,
                                                     struct edgel_error *err);

/* --- shows.c: the table of what families show --- */

struct edgel_grid;

/* A family for readers. Nothing is called where it was not measured. */
struct edgel_show {
    enum edgel_family family;
    const struct edgel_show *within; /* the family that shows its results with its own; NULL: itself */
    /* Its keys of the summary document, from the comma on. */
    void (*json)(struct edgel_text *t, const struct edgel_summary *s);
    /* Its options, as keys of "convention" in the document, whether it was asked for or not: after "missing", and at
     * the end; NULL: none. */
    void (*convention_first)(struct edgel_text *t, const struct edgel_measure *m);
    void (*convention)(struct edgel_text *t, const struct edgel_measure *m);
    /* Its options, as lines above the tables, where it was asked for: what is measured, and how; NULL: none. */
    void (*what)(struct edgel_grid *g, const struct edgel_measure *m);
    void (*how)(struct edgel_grid *g, const struct edgel_measure *m);
    /* Its part of the table of one method. */
    void (*table)(struct edgel_text *t, const struct edgel_summary *s, size_t width);
    /* A line for each of several methods; NULL: none. */
    void (*side_by_side)(struct edgel_text *t, const struct edgel_summary *s, size_t n, size_t width);
    bool leads; /* its part of the table comes before those of the others */
};
const struct edgel_show *edgel_show_of(enum edgel_family family);
/* What a table of shows lacks; NULL: nothing. */
const char *edgel_shows_odd(const struct edgel_show *const *shows, size_t n);
extern const struct edgel_show edgel_pixels_show, edgel_curve_show, edgel_tolerance_show,
    edgel_distances_show, edgel_boundary_show, edgel_regions_show, edgel_bands_show, edgel_davis_show,
    edgel_objects_show;

/* --- points_show.c --- */
void edgel_points_table(struct edgel_text *t, const char *what, const struct edgel_operating_point *ods,
                        const struct edgel_operating_point *ois, size_t width);
void edgel_points_values(struct edgel_text *t, const char *a, double va, const char *b, double vb);
void edgel_points_best_json(struct edgel_text *t, const char *key, const struct edgel_operating_point *ods,
                            const struct edgel_operating_point *ois);
void edgel_points_json(struct edgel_text *t, const struct edgel_operating_point *v, int n);

/* --- grid.c --- : cells to aligned text. Zero-initialise, set columns, finish frees. */
struct edgel_grid {
    size_t columns;
    size_t left; /* so many columns from the first on are aligned left, the others right */
    size_t
        width; /* of the screen: what is wider is folded, the left columns (or the first one) in each part; 0: not */
    size_t ncells;
    struct edgel_text cells; /* each followed by a NUL */
};
void edgel_grid_str(struct edgel_grid *g, const char *s);
void edgel_grid_count(struct edgel_grid *g, uint64_t n);
void edgel_grid_score(struct edgel_grid *g, double v); /* 4 decimals; "-" when undefined */
/* Adds the rows to t, two spaces between columns, no space at the end of a line; control characters of a cell become
 * \xNN. A started row must be full. */
void edgel_grid_print(const struct edgel_grid *g, struct edgel_text *t);
/* Lines of two columns: a key and a text; a key, a number and what stands after it. */
void edgel_grid_pair(struct edgel_grid *g, const char *key, const char *value);
void edgel_grid_real(struct edgel_grid *g, const char *key, double v, const char *after);
void edgel_grid_finish(struct edgel_grid *g);
size_t edgel_grid_width(const struct edgel_grid *g);             /* of a line, without folding */
void edgel_grid_end(struct edgel_grid *g, struct edgel_text *t); /* prints and finishes */

#endif
