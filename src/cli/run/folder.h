/* folder.h: a run of one operation over files and folders: what detect and segment share. A command embeds
 * struct folder_options, fills in what struct edgel_folder_run says of its operation, and calls folder_run(). */
#ifndef EDGEL_CLI_FOLDER_H
#define EDGEL_CLI_FOLDER_H

#include "cli/cli.h"
#include "edgel/batch_folder.h"

/* The command's rows for -o and --name name these fields. */
struct folder_options {
    const char *output, *name;
    uint64_t max_file; /* most bytes of standard input; set by the command */
    int existing;      /* enum edgel_existing */
    bool dry_run, resume, durable, follow_links;
    struct cli_input_options inputs;
    struct cli_shard_options part;
    struct cli_run_options run;
};
extern const struct cli_option folder_rows[]; /* --existing, --follow-links, --resume, --durable, --dry-run */

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

/* The range of the samples of a run, decided before it starts. */
struct folder_range {
    struct edgel_range range;
    char text[128];
};
/* For the operation's survey(): decides the range `asked`, of the whole list, and says so where it is automatic.
 * read: limits and page; all_pages: of each TIFF file all, from the first on. *text is r->text. */
enum edgel_status folder_decide_range(struct folder_range *r, const struct edgel_range *asked,
                                      const struct folder_options *o, const struct edgel_read *read,
                                      bool all_pages, const struct edgel_inputs *inputs, const char **text,
                                      struct edgel_error *err);

/* The rows for -o and --name in a table of a command whose struct OPTIONS has `folder`. ONE says when there is one
 * output, NOTE which name is the default, WORDS what the placeholders of the command mean. */
#define FOLDER_OUTPUT_ROWS(OPTIONS, ONE, NOTE, WORDS)                                                      \
    { .name = "output",                                                                                    \
      .letter = 'o',                                                                                       \
      .kind = CLI_STRING,                                                                                  \
      .metavar = "OUT",                                                                                    \
      .at = offsetof(struct OPTIONS, folder.output),                                                       \
      .help = "Folder to write to; it mirrors the tree of each input folder. With " ONE                    \
              " OUT may be the output file itself; - is standard output. Required." },                     \
    {                                                                                                      \
        .name = "name", .kind = CLI_STRING, .metavar = "TEMPLATE",                                         \
        .at = offsetof(struct OPTIONS, folder.name), .note = NOTE,                                         \
        .help = "Name of each output. {stem} and {ext} are the name and extension of the input, " WORDS    \
                ", {dir} the folder below INPUT. A template with {dir} or '/' is the path below OUT; any " \
                "other is a file name in the mirrored folder.",                                            \
        .more = cli_format_help                                                                            \
    }

/* --- format.c --- */

/* For `more` of an option that names outputs: the formats that there are. */
void cli_format_help(char *buf, size_t size);
/* b, g, p or n of .pbm, .pgm, .ppm and .pnm; 0 for a name of another format. */
char cli_pnm_letter(const char *path);
/* Sets write to the format that the output's name asks for, and fits the bits per sample to it (0: not asked for): they
 * become 32 where it holds floats only. EDGEL_EINVAL and EDGEL_EUNSUPPORTED name the path and the rule. */
enum edgel_status cli_format_fit(const char *path, int *depth, struct edgel_write *write,
                                 struct edgel_error *err);

#endif
