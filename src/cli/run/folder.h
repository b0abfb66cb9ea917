/* folder.h: a run of one operation over files and folders: what detect and segment share. A command embeds
 * struct folder_options, fills in what struct edgel_folder_run says of its operation, and calls folder_run(). */
#ifndef EDGEL_CLI_FOLDER_H
#define EDGEL_CLI_FOLDER_H

#include "cli/cli.h"
#include "edgel/batch_folder.h"

/* The command's rows for -o and --name name these fields. */
struct folder_options {
    const char *output, *name;
    int existing; /* enum edgel_existing */
    bool dry_run, resume, durable;
    struct cli_input_options inputs;
    struct cli_shard_options part;
    struct cli_run_options run;
};
extern const struct cli_option folder_rows[]; /* --existing, --resume, --durable, --dry-run */

/* Names and values on which the bytes of outputs or their names depend, the image aside. Zero-initialise. */
struct folder_settings {
    struct edgel_setting *v;
    size_t n;
};
void folder_setting(struct folder_settings *s, const char *name, const char *value); /* takes copies */

/* Whether the options go together and there is something to read and to write. Returns 0 or CLI_EXIT_USAGE after
 * telling the reason. */
int folder_check_usage(const struct cli_args *args, const struct folder_options *o);
/* Runs an operation: what the options say is filled in here, the operation's own fields by the caller; settings are
 * freed. label: of the progress bar. Returns the exit code. */
int folder_run(const struct cli_args *args, const struct folder_options *o, const char *label,
               struct edgel_folder_run *run, struct folder_settings *settings);

#endif
