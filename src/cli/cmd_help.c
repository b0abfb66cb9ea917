/* `edgel help`: the option tables as text, man page or completions. */
#include "cli/cli.h"
#include <stddef.h>

enum format { FORMAT_TEXT, FORMAT_MAN, FORMAT_BASH, FORMAT_ZSH, FORMAT_FISH };

struct help_options {
    int format;
};

static const char *const format_names[] = { "text", "man", "bash", "zsh", "fish", NULL };

static const struct cli_option rows[] = {
    { .name = "format",
      .kind = CLI_CHOICE,
      .at = offsetof(struct help_options, format),
      .choices = format_names,
      .def = "text",
      .help = "Text for reading, a man page, or completions for a shell (these are for all commands)." },
    { 0 },
};

static int run(const struct cli_args *args)
{
    const struct help_options *o = args->options;
    const struct cli_command *c = NULL;
    if (args->noperands > 1)
        return cli_usage(args->command, "one command at a time");
    if (args->noperands == 1 && (c = cli_command_find(args->commands, args->operands[0])) == NULL)
        return cli_command_unknown(args->command, args->commands, args->operands[0]);
    if (c && o->format != FORMAT_TEXT && o->format != FORMAT_MAN)
        return cli_usage(args->command, "--format %s is for all commands, it takes no COMMAND",
                         format_names[o->format]);
    switch ((enum format)o->format) {
    case FORMAT_TEXT:
        if (c)
            cli_help_command(c);
        else
            cli_help_all(args->commands);
        break;
    case FORMAT_MAN: cli_man(args->commands, c); break;
    case FORMAT_BASH: cli_complete_bash(args->commands); break;
    case FORMAT_ZSH: cli_complete_zsh(args->commands); break;
    case FORMAT_FISH: cli_complete_fish(args->commands); break;
    }
    return CLI_EXIT_OK;
}

const struct cli_command cli_command_help = {
    .name = "help",
    .summary = "show help, man pages and shell completions",
    .synopsis = "[--format FORMAT] [COMMAND]",
    .description =
        "Shows the options of COMMAND, or the list of commands. All forms come from one table per command.",
    .groups = (const struct cli_group[]){ { "Options", rows, 0 }, { 0 } },
    .examples =
        (const struct cli_example[]){
            { "The man page of a command", "edgel help --format man help | man -l -" },
            { "Completions for this bash", "source <(edgel help --format bash)" },
            { 0 },
        },
    .exits =
        (const struct cli_exit[]){
            { CLI_EXIT_OK, "help was shown" },
            { CLI_EXIT_FAILED, "standard output could not be written" },
            { CLI_EXIT_USAGE, "wrong usage" },
            { 0 },
        },
    .options_size = sizeof(struct help_options),
    .run = run,
};
