/* journal_priv.h: what the files of the journal share. */
#ifndef EDGEL_JOURNAL_PRIV_H
#define EDGEL_JOURNAL_PRIV_H

#include "batch/batch_priv.h"
#include "io/io_priv.h"

/* A process that wrote the record: PID and TAG of its temporary names. */
struct edgel_journal_run {
    unsigned long pid, tag;
};

struct edgel_journal {
    int fd;
    char *path;                               /* for messages */
    const char *name;                         /* in the folder: the end of path */
    struct edgel_output_folder *folder, *own; /* own: to be closed; NULL: the caller's, or none */
    size_t whole_bytes;                       /* up to the last line that is not cut off */
    struct edgel_mark *marks;                 /* [count] rising hash */
    size_t count, cap;
    size_t added; /* by this run */
    struct edgel_journal_run *runs;
    size_t nruns;
    bool failed;
    bool finished;           /* what was found is of a run that ended */
    struct timespec written; /* when what was found was last written to */
};

/* The first line, up to the word that says whether the run has ended, of which both forms are as long. */
#define EDGEL_JOURNAL_HEAD "{\"schema\":\"edgel.journal/1\",\"finished\":"

/* --- journal_read.c --- */
/* Reads what j->fd holds into marks (in the order of lines), runs, whole_bytes, finished and written. params->settings
 * must be those of its first line, else EDGEL_EINVAL; a finished record of others is as none. *empty: not even a whole
 * first line. */
enum edgel_status edgel_journal_read(struct edgel_journal *j, const struct edgel_journal_params *params,
                                     bool *empty, struct edgel_error *err);
/* Brings marks into the order of their hashes. */
void edgel_journal_sort(struct edgel_journal *j);
/* Of each hash the mark that was added last, n in the order of hashes; *out is the caller's to free. Before marks are
 * sorted. */
enum edgel_status edgel_journal_last_marks(const struct edgel_journal *j, const struct edgel_mark ***out,
                                           size_t *n, struct edgel_error *err);

#endif
