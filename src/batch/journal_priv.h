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
    struct edgel_journal_run *runs;
    size_t nruns;
    bool failed;
};

/* --- journal_read.c --- */
/* Reads what j->fd holds into marks, runs and whole_bytes. params->settings must be those of its first line, else
 * EDGEL_EINVAL. *empty: not even a whole first line. */
enum edgel_status edgel_journal_read(struct edgel_journal *j, const struct edgel_journal_params *params,
                                     bool *empty, struct edgel_error *err);

#endif
