/* folder_priv.h: what the files of a run over folders share. */
#ifndef EDGEL_FOLDER_PRIV_H
#define EDGEL_FOLDER_PRIV_H

#include "batch/presence_priv.h"
#include "edgel/batch_folder.h"
#include "io/io_priv.h"

/* --- folder_item.c: which images are worked on, and under which names --- */

/* What is the same for all images of a run. */
struct edgel_folder {
    const struct edgel_folder_run *run;
    struct edgel_inputs *inputs;
    struct edgel_plan *plan;
    struct edgel_output_folder
        *out;                 /* the output folder, held open; NULL: not made yet, or the output is a file */
    struct edgel_shard shard; /* the part to do, and the whole list */
    const char *range;        /* what survey() said; NULL: nothing */
    struct edgel_setting *settings; /* [nsettings] of the run, the version, the range */
    size_t nsettings;
    struct edgel_presence *presence; /* what others see of the run; NULL: nothing */
    struct edgel_journal *journal;   /* record of the run; NULL: none is kept */
    bool journal_failed;             /* it was told that it cannot be written */
};

/* The one place that hands out work: how many images there are, and which input the k-th is. */
size_t edgel_folder_count(const struct edgel_folder *f);
size_t edgel_folder_item(const struct edgel_folder *f, size_t k);

/* Room for the output paths of one image. Zero-initialise. */
struct edgel_folder_paths {
    char **at; /* [noutputs] */
    char *bytes;
};
enum edgel_status edgel_folder_paths_init(struct edgel_folder_paths *p, const struct edgel_folder *f,
                                          struct edgel_error *err);
void edgel_folder_paths_finish(struct edgel_folder_paths *p);
void edgel_folder_paths_fill(struct edgel_folder_paths *p, const struct edgel_folder *f, size_t i);

/* --- folder_image.c: one image --- */

/* What became of an image, until it is reported. */
struct edgel_folder_slot {
    enum edgel_outcome outcome;
    struct edgel_error error;
    char remark[160], damage[160], note[200];
    struct edgel_edges *edges; /* [noutputs] */
    int width, height, pages;
    enum edgel_type type;
    double seconds;
    bool marked; /* mark is that of the image */
    struct edgel_mark mark;
    bool waits;                    /* durable: outputs are written and wait for their names */
    struct edgel_output **outputs; /* [noutputs] */
};
/* n slots with room for their outputs. */
enum edgel_status edgel_folder_slots_create(const struct edgel_folder *f, size_t n,
                                            struct edgel_folder_slot **slots, struct edgel_error *err);
void edgel_folder_slots_destroy(struct edgel_folder_slot **slots);

/* Works on input i and makes its outputs appear together: an image that fails leaves none. */
void edgel_folder_work(const struct edgel_folder *f, struct edgel_folder_paths *paths, int thread, size_t i,
                       struct edgel_folder_slot *slot);
/* Makes all outputs of image i appear; should one of them refuse, those that did appear are taken back. */
enum edgel_status edgel_folder_commit(const struct edgel_folder *f, size_t i,
                                      const struct edgel_folder_paths *paths, struct edgel_output **outputs,
                                      struct edgel_error *err);
/* What would become of input i, without any work. */
void edgel_folder_foresee(const struct edgel_folder *f, struct edgel_folder_paths *paths, size_t i,
                          struct edgel_folder_slot *slot);

/* --- folder_group.c: durable outputs --- */

/* Images whose outputs are written and wait for their names. Zero-initialise. */
struct edgel_folder_group {
    struct edgel_folder_slot *slots;
    size_t *items; /* [cap] the input of each slot */
    size_t count, noutputs;
    struct edgel_sync *sync;
};
enum edgel_status edgel_folder_group_init(struct edgel_folder_group *g, const struct edgel_folder *f,
                                          struct edgel_error *err);
void edgel_folder_group_finish(struct edgel_folder_group *g);
/* Takes what became of input i out of its slot. True when the group is full. */
bool edgel_folder_group_add(struct edgel_folder_group *g, const struct edgel_folder *f, size_t i,
                            struct edgel_folder_slot *slot);
/* Makes the outputs of all its images durable and gives them their names; what fails becomes the error of its images.
 * The caller reports the images and sets count to 0. */
void edgel_folder_group_commit(struct edgel_folder_group *g, const struct edgel_folder *f,
                               struct edgel_folder_paths *paths);

/* --- folder_record.c: what is finished, for resume --- */

/* Looks for the record of an interrupted run; f->journal stays NULL when there is none. */
enum edgel_status edgel_folder_record_find(struct edgel_folder *f, struct edgel_error *err);
/* True when the output folder holds the record of a run that did not end. */
bool edgel_folder_record_exists(const struct edgel_folder *f);
/* Begins the record of this run in its output folder, or goes on with the one found. If it cannot be written, a warning
 * says so and the run continues without it. EDGEL_EINVAL: its file is in use, and not by a run like this. */
enum edgel_status edgel_folder_record_begin(struct edgel_folder *f, struct edgel_error *err);
/* Notes that an image is finished. */
void edgel_folder_record_note(struct edgel_folder *f, const struct edgel_folder_slot *slot);
/* The run has ended: what is finished stays on record. */
void edgel_folder_record_end(struct edgel_folder *f);
/* True when an earlier run finished input i, which has not changed since, and its outputs are there and nobody else's.
 * The slot's mark is set whenever the input can be asked for (then marked). */
bool edgel_folder_record_has(const struct edgel_folder *f, size_t i, const struct edgel_folder_paths *paths,
                             struct edgel_folder_slot *slot);

/* True when an earlier run finished input i, and what exists of its outputs is nobody else's; paths is overwritten. */
bool edgel_folder_record_owns(const struct edgel_folder *f, size_t i, struct edgel_folder_paths *paths);

/* --- folder_presence.c: one run does not mix its outputs with those of another --- */

/* Tells other runs of the outputs of the part, in the output folder. Returns as edgel_presence_announce(). */
enum edgel_status edgel_folder_announce(struct edgel_folder *f, struct edgel_folder_paths *paths,
                                        struct edgel_error *err);
/* False when there are outputs to write and none of them can be, for want of permission. */
bool edgel_folder_can_write(const struct edgel_folder *f, struct edgel_folder_paths *paths);

/* --- folder_check.c: what is refused before any work, besides what the plan refuses --- */

/* Every output's name fits what is written to it. */
enum edgel_status edgel_folder_check_names(const struct edgel_folder *f, struct edgel_folder_paths *paths,
                                           struct edgel_error *err);
/* The log is neither an input nor an output: it is written when all else is done. */
enum edgel_status edgel_folder_check_log(const struct edgel_folder *f, struct edgel_folder_paths *paths,
                                         struct edgel_error *err);

#endif
