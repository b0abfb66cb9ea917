/* report_priv.h: what the writers of table, JSON and CSV share. */
#ifndef EDGEL_REPORT_PRIV_H
#define EDGEL_REPORT_PRIV_H

#include "core/core_priv.h"
#include "edgel/report.h"

/* --- words.c --- */
size_t edgel_class_scores(void); /* scores of a class */
/* The words of the options, for printing a convention. */
const char *edgel_word_of_reduce(enum edgel_reduce_kind kind);
const char *edgel_word_of_empty(enum edgel_empty empty);
const char *edgel_word_of_missing(enum edgel_missing missing);
const char *edgel_word_of_labels(enum edgel_labels labels);
/* "none", "any", "majority" or the number of the annotator. */
void edgel_word_of_annotator(struct edgel_text *t, const struct edgel_measure *m);
/* The class's name, or its id in digits when it has none; buf holds at least 16 bytes. */
const char *edgel_class_label(const struct edgel_class_result *c, char *buf, size_t size);
/* Writes the text to out; EDGEL_ENOMEM when the text is incomplete. Empties the text. */
EDGEL_NODISCARD enum edgel_status edgel_text_deliver(struct edgel_text *t, struct edgel_output *out,
                                                     struct edgel_error *err);

/* --- distance_show.c --- : the section of the summary, from the comma on, and the part of the table; nothing where no
 * distances were measured */
void edgel_distances_json(struct edgel_text *t, const struct edgel_summary *s);
void edgel_distances_table(struct edgel_text *t, const struct edgel_summary *s);

/* --- band_show.c --- : the same for Boundary IoU and DAVIS */
void edgel_bands_json(struct edgel_text *t, const struct edgel_summary *s);
void edgel_bands_table(struct edgel_text *t, const struct edgel_summary *s);

/* --- object_show.c --- : the same for objects */
void edgel_objects_json(struct edgel_text *t, const struct edgel_summary *s);
void edgel_objects_table(struct edgel_text *t, const struct edgel_summary *s);
void edgel_objects_side_by_side(struct edgel_text *t, const struct edgel_summary *s, size_t n);

/* --- region_show.c --- : the same for regions, and the methods side by side */
void edgel_regions_json(struct edgel_text *t, const struct edgel_summary *s);
void edgel_regions_table(struct edgel_text *t, const struct edgel_summary *s);
void edgel_regions_side_by_side(struct edgel_text *t, const struct edgel_summary *s, size_t n);

/* --- grid.c --- : cells to aligned text. Zero-initialise, set columns, finish frees. */
struct edgel_grid {
    size_t columns;
    size_t left; /* so many columns from the first on are aligned left, the others right */
    size_t ncells;
    struct edgel_text cells; /* each followed by a NUL */
};
void edgel_grid_str(struct edgel_grid *g, const char *s);
void edgel_grid_count(struct edgel_grid *g, uint64_t n);
void edgel_grid_score(struct edgel_grid *g, double v); /* 4 decimals; "-" when undefined */
/* Adds the rows to t, two spaces between columns, no space at the end of a line; control characters of a cell become
 * \xNN. A started row must be full. */
void edgel_grid_print(const struct edgel_grid *g, struct edgel_text *t);
void edgel_grid_finish(struct edgel_grid *g);

#endif
