/* cli.h: what the commands of the program share: option tables, help, messages, the run over images.
 *
 * A command is one file and one row. The file cmd_NAME.c defines
 *
 *     const struct cli_command cli_command_NAME = { .name = "NAME", .run = run_NAME, ... };
 *
 * and the list of commands in meson.build gets NAME. Parsing, help, man page and completions come from its table. */
#ifndef EDGEL_CLI_H
#define EDGEL_CLI_H

#include "edgel/batch.h"
#include "edgel/dataset.h"

enum {
    CLI_EXIT_OK = 0,
    CLI_EXIT_FAILED = 1,
    CLI_EXIT_USAGE = 2,
    CLI_EXIT_NOTHING = 3,
    CLI_EXIT_BAR = 4,
    CLI_EXIT_INTERRUPTED = 130
};

/* --- options --- */

/* What an option stores, and the C type of the field that `at` points to. */
enum cli_kind {
    CLI_FLAG,     /* bool: true when given */
    CLI_FLAG_OFF, /* bool: false when given, true before */
    CLI_INT,      /* int64_t, min..max */
    CLI_REAL,     /* double, min..max */
    CLI_CHOICE,   /* int: index in choices; an enum field must have the size of an int */
    CLI_STRING,   /* const char *, the argument itself; NULL when not given */
    CLI_LIST,     /* struct cli_list; the one kind that may be given several times, the last wins elsewhere */
    CLI_CALL      /* whatever `call` stores */
};

struct cli_list {
    const char **v;
    size_t n;
};

/* One option. A table is an array of them that ends with a zeroed row. */
struct cli_option {
    const char *name; /* without the dashes */
    char letter;      /* 0: none */
    enum cli_kind kind;
    const char *metavar; /* of the value; not for flags; NULL for choices: "a|b|c" */
    size_t at;           /* offsetof the field in the group's struct; unused by CLI_CALL */
    double min, max;     /* CLI_INT, CLI_REAL: inclusive */
    /* CLI_CHOICE: all there are; elsewhere values that shells propose. Ends with NULL. */
    const char *const *choices;
    const char *const *(*words)(void); /* in place of choices: those of a table of the library */
    /* CLI_CALL: stores the value; options is the group's struct. what names the value ("--low") in the text of err,
     * which edgel_error_set() or the number parsers write. */
    enum edgel_status (*call)(void *options, const char *what, const char *text, struct edgel_error *err);
    const char *def;  /* value before the command line is read, given as text; NULL: the zeroed field */
    const char *note; /* shown as the default instead of def ("all cores"); NULL: def is shown */
    const char *help; /* one or two sentences */
    /* Writes a further sentence that is made from a table of the library; NULL: none. */
    void (*more)(char *buf, size_t size);
};

/* Options under one heading of the help. offset: of the group's struct within the command's options, so that rows that
 * several commands share are written once. */
struct cli_group {
    const char *title;
    const struct cli_option *rows;
    size_t offset;
};

struct cli_example {
    const char *text;    /* what it does */
    const char *command; /* runs as it stands, in a folder that holds data/scenes */
};

struct cli_exit {
    int code;
    const char *text;
};

/* An option that a command does not have and users of other programs look for: what there is in its place. */
struct cli_hint {
    const char *name, *text;
};

struct cli_args;

struct cli_command {
    const char *name;
    const char *summary;     /* a few words, no full stop */
    const char *synopsis;    /* what follows "edgel NAME"; several lines by '\n' */
    const char *description; /* paragraphs, separated by "\n\n" */
    /* Writes a further paragraph that is made from a table of the library; NULL: none. */
    void (*more)(char *buf, size_t size);
    const struct cli_group *groups;     /* ends with a zeroed row; --help is added by itself */
    void (*make_rows)(void);            /* fills rows that a table of the library has, once; NULL: none */
    const struct cli_example *examples; /* ends with a zeroed row */
    const struct cli_exit *exits;       /* ends with a row without text */
    const struct cli_hint *hints;       /* ends with a zeroed row; NULL: none */
    size_t options_size;                /* sizeof the command's options struct */
    int (*run)(const struct cli_args *args); /* returns the exit code */
};

/* A command line that was read. */
struct cli_args {
    const struct cli_command *command;
    const struct cli_command *const *commands; /* all there are, in the order of the help; ends with NULL */
    int argc;                                  /* what was read */
    char **argv;
    void *options; /* the command's options struct, defaults filled in */
    const char **operands;
    size_t noperands;
    bool help;          /* --help came first: nothing after it was read */
    bool *given_;       /* [option, over all groups] use cli_given() */
    const char **text_; /* [option] use cli_given_text() */
};

/* Reads argv[0..argc) (what follows the command's name). Returns 0, or CLI_EXIT_USAGE after telling the reason. The
 * caller finishes args in both cases. */
int cli_parse(const struct cli_command *command, int argc, char **argv, struct cli_args *args);
void cli_args_finish(struct cli_args *args);
/* True when the option was on the command line. */
bool cli_given(const struct cli_args *args, const char *name);
/* The value that was given last; NULL: none was, or it is a flag. */
const char *cli_given_text(const struct cli_args *args, const char *name);

/* Stores one value as the command line does. base: the struct of the row's group. what: name of the value in messages
 * ("sigma"). text: NULL for flags. */
enum edgel_status cli_option_set(const struct cli_option *option, void *base, const char *what,
                                 const char *text, struct edgel_error *err);

/* The values of the options as text: of those that were given, have a default, or are off. To be freed with
 * cli_settings_free(); returns how many. except: tables of options to leave out, ending with NULL; NULL: none. */
size_t cli_settings(const struct cli_args *args, const struct cli_option *const *except,
                    struct edgel_setting **out);
void cli_settings_free(struct edgel_setting *settings, size_t n);

/* One of several commands (NULL at the end) by name; NULL if there is none. */
const struct cli_command *cli_command_find(const struct cli_command *const *commands, const char *name);
/* Tells that a name is none of them, of the command line of `command`; returns CLI_EXIT_USAGE. */
int cli_command_unknown(const struct cli_command *command, const struct cli_command *const *commands,
                        const char *name);

/* The k-th option of a command over all groups, --help last; NULL after the last. *group may be NULL. */
const struct cli_option *cli_option_at(const struct cli_command *command, size_t k,
                                       const struct cli_group **group);
bool cli_takes_value(const struct cli_option *option);
/* "FILE", "a|b|c"; text that lives as long as the program. */
const char *cli_metavar(const struct cli_option *option);
/* The choices of an option, wherever they stand; NULL: it has none. */
const char *const *cli_choices(const struct cli_option *option);

/* --- shared groups: struct, rows. A command embeds the struct and names the rows in a group with its offset --- */

struct cli_input_options { /* cli_input_rows, "Inputs" */
    struct cli_list include, exclude;
    const char *files_from;
    bool nul;
};
extern const struct cli_option cli_input_rows[];

struct cli_read_options { /* cli_read_rows, "Reading" */
    int64_t max_pixels, max_side, max_scans, max_chunk, max_file;
    bool lenient;
    bool orient;
};
extern const struct cli_option cli_read_rows[];
/* The same as parameters of a decoder. */
struct edgel_read cli_read_params(const struct cli_read_options *o, enum edgel_decode decode);

struct cli_range_options { /* cli_range_rows */
    struct edgel_range range;
};
extern const struct cli_option cli_range_rows[];
/* Says which range was decided and from what. */
void cli_range_say(const char *text, const struct edgel_range_found *found);

enum cli_progress { CLI_PROGRESS_AUTO, CLI_PROGRESS_ALWAYS, CLI_PROGRESS_NEVER };

struct cli_run_options { /* cli_run_rows, "Running" */
    int64_t jobs;        /* 0: all cores */
    int progress;        /* enum cli_progress */
    bool quiet, verbose;
    const char *jsonl;
};
extern const struct cli_option cli_run_rows[];

struct cli_shard_options { /* cli_shard_rows, "Parts of a run" */
    struct edgel_shard shard;
};
extern const struct cli_option cli_shard_rows[];

extern const struct cli_exit cli_batch_exits[]; /* 0 1 2 3 130 */

/* The most bytes of a file that is read by these. */
uint64_t cli_file_bytes(const struct cli_read_options *o);

/* --- standard.c: "-" as standard input and output of one image --- */

/* Keeps what standard input holds, at most so many bytes, and puts the path of that in the place of "-" among n paths
 * (NULL: passed over). A file of that name is ./-. EDGEL_EINVAL: twice; EDGEL_ELIMIT, EDGEL_EIO. */
enum edgel_status cli_standard_input(const char **paths, size_t n, uint64_t most, struct edgel_error *err);

/* "-" for that path, else the path itself. */
const char *cli_standard_name(const char *path);

/* A file that becomes standard output when it is whole. name: its extension is that of the file; NULL: PNG. End it in
 * any case. */
struct cli_standard_output {
    char *path, *folder;
};
enum edgel_status cli_standard_output_begin(struct cli_standard_output *out, const char *name,
                                            struct edgel_error *err);
enum edgel_status cli_standard_output_end(struct cli_standard_output *out, bool whole,
                                          struct edgel_error *err);

/* --- suffix.c --- */

/* A suffix that an option asks to strip from names; what: "mask". The rest is filled by cli_suffix_look(). */
struct cli_suffix {
    const char *option, *text, *what; /* text NULL: none was asked for */
    bool truth;       /* of the truth; else of the predictions, or of the images of a training */
    bool files, used; /* there are such files; one of them has it */
};
void cli_suffix_look(struct cli_suffix *s, const struct edgel_pairs *pairs); /* NULL: no pairs */
/* 0, or CLI_EXIT_USAGE after telling of a suffix that no file has. */
int cli_suffix_check(const struct cli_suffix *s);

/* --- text forms of the tables --- */

enum { CLI_HELP_TEXT = 2048 };
/* help and more of an option, in buf[CLI_HELP_TEXT]. */
void cli_help_text(const struct cli_option *o, char *buf);
enum { CLI_DESCRIPTION_TEXT = 4096 };
/* description and more of a command, in buf[CLI_DESCRIPTION_TEXT]. */
void cli_description(const struct cli_command *c, char *buf);
/* For more of an option or a command: the presets of architectures and what each is, "a (...), b (...).". */
void cli_tell_presets(char *buf, size_t size);
/* commands: all there are, ending with NULL. */
void cli_help_all(const struct cli_command *const *commands); /* edgel help */
void cli_help_command(const struct cli_command *c);           /* edgel help CMD */
/* troff; c NULL: edgel(1) */
void cli_man(const struct cli_command *const *commands, const struct cli_command *c);
void cli_complete_bash(const struct cli_command *const *commands);
void cli_complete_zsh(const struct cli_command *const *commands);
void cli_complete_fish(const struct cli_command *const *commands);

/* --- memory and messages --- */

/* Exit with CLI_EXIT_FAILED and a message when memory is out, and leave no unfinished file. */
void *cli_alloc(size_t n, size_t size); /* zeroed */
void *cli_realloc(void *p, size_t n, size_t size);
char *cli_strndup(const char *s, size_t n); /* the first n bytes */
_Noreturn void cli_out_of_memory(void);
void cli_list_add(struct cli_list *list, const char *s);

/* "edgel NAME: text" and where to find help, on stderr; returns CLI_EXIT_USAGE. command may be NULL. */
int cli_usage(const struct cli_command *command, const char *fmt, ...) EDGEL_PRINTF(2, 3);
/* "edgel: text" on stderr, the progress line cleared before it. In both, control characters of the text are spelled. */
void cli_message(const char *fmt, ...) EDGEL_PRINTF(1, 2);
/* Messages call a path by another name from here on. Both must outlive them; of the last two the words count. */
void cli_call_path(const char *path, const char *as);
/* True once a message told that standard output is a pipe whose reader has gone. It and all after it are not shown. */
bool cli_reader_gone(void);

/* A remark on a model file without a hash of its contents; nothing if unhashed is false. */
void cli_tell_unhashed(const char *path, bool unhashed);

/* The line of a progress bar on stderr: written over the one before, and removed. */
void cli_bar_show(const char *line);
void cli_bar_clear(void);
int cli_bar_columns(void);
/* Width of the terminal that a descriptor is; 0: it is none, or does not know. */
int cli_terminal_columns(int fd);
/* Width of standard output where it is a terminal: COLUMNS, or what the terminal says; else 0. */
int cli_output_columns(void);

/* --- interrupt.c --- */

/* SIGINT and SIGTERM ask for a stop, a second one kills; installed by main. SIGPIPE and SIGXFSZ show as write
 * errors. */
void cli_signals(void);
bool cli_stop(
    void *
        user); /* for struct edgel_run; true once a stop was asked for, or the reader of the output is gone */
_Noreturn void cli_end_by_pipe(void); /* as SIGPIPE ends programs */

/* --- totals.c: what every run over images shares --- */

/* Progress and totals of a run. One at a time. Calls come from one thread at a time: edgel_run's done(). */
void cli_run_begin(const char *label, const struct cli_run_options *o, size_t total);
/* Moves the bar to these totals; or counts one input and moves it. */
void cli_run_show(const struct edgel_totals *so_far);
void cli_run_step(enum edgel_outcome outcome);
/* Removes the bar and fills totals: counts, interrupted, seconds. not_images is the caller's. */
void cli_run_end(struct edgel_totals *totals);
/* A look at the files of a set under these options: threads, progress, interruption. Its user is o, which must live as
 * long. */
struct edgel_dataset_run cli_dataset_run(const struct cli_run_options *o);
/* One line with the totals on stderr, unless quiet. what: "image". */
void cli_run_summary(const struct cli_run_options *o, const struct edgel_totals *totals);
/* 130, 1, 3 (no input at all) or 0. */
int cli_run_exit(const struct edgel_totals *totals);
/* Seconds, monotonic. */
double cli_clock(void);

#endif
