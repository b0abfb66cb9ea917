/* The option tables as completions for bash, zsh and fish. */
#include "cli/cli.h"
#include <stdio.h>

static void option_names(const struct cli_command *c)
{
    const struct cli_option *o;
    for (size_t k = 0; (o = cli_option_at(c, k, NULL)) != NULL; k++) {
        printf("%s--%s", k ? " " : "", o->name);
        if (o->letter)
            printf(" -%c", o->letter);
    }
}

static void choice_list(const struct cli_option *o)
{
    const char *const *choices = cli_choices(o);
    for (const char *const *s = choices; *s; s++)
        printf("%s%s", s == choices ? "" : " ", *s);
}

static void command_names(const struct cli_command *const *commands)
{
    for (const struct cli_command *const *c = commands; *c; c++)
        printf("%s%s", c == commands ? "" : " ", (*c)->name);
}

/* One case per command: its options, and the choices of those that have some; files otherwise. */
static void bash_command(const struct cli_command *c)
{
    printf("    %s)\n        case \"$prev\" in\n", c->name);
    const struct cli_option *o;
    for (size_t k = 0; (o = cli_option_at(c, k, NULL)) != NULL; k++) {
        if (!cli_takes_value(o))
            continue;
        printf("        --%s", o->name);
        if (o->letter)
            printf("|-%c", o->letter);
        if (cli_choices(o)) {
            fputs(") COMPREPLY=($(compgen -W '", stdout);
            choice_list(o);
            puts("' -- \"$cur\")); return ;;");
        } else {
            puts(") COMPREPLY=($(compgen -f -- \"$cur\")); return ;;");
        }
    }
    fputs("        esac\n        opts='", stdout);
    option_names(c);
    puts("' ;;");
}

void cli_complete_bash(const struct cli_command *const *commands)
{
    puts("# bash completion for edgel\n_edgel() {\n"
         "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} opts=''\n"
         "    if [ \"$prev\" = '=' ]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
         "    if [ \"$cur\" = '=' ]; then cur=''; fi\n"
         "    COMPREPLY=()\n    if [ \"$COMP_CWORD\" -eq 1 ]; then");
    fputs("        COMPREPLY=($(compgen -W '", stdout);
    command_names(commands);
    puts(" --help --version' -- \"$cur\"))\n        return\n    fi\n    case \"${COMP_WORDS[1]}\" in");
    for (const struct cli_command *const *c = commands; *c; c++)
        bash_command(*c);
    puts("    esac\n    case \"$cur\" in\n    -*) COMPREPLY=($(compgen -W \"$opts\" -- \"$cur\")) ;;");
    fputs("    *)\n        if [ \"${COMP_WORDS[1]}\" = help ]; then\n            COMPREPLY=($(compgen -W '",
          stdout);
    command_names(commands);
    puts(
        "' -- \"$cur\"))\n        else\n            COMPREPLY=($(compgen -f -- \"$cur\"))\n        fi ;;\n    esac\n}\n"
        "complete -o filenames -F _edgel edgel");
}

/* Text between single quotes of a shell. brackets: also what zsh's _arguments treats specially. */
static void quoted(const char *text, bool brackets)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs(brackets ? "'\\''" : "\\'", stdout);
        else if (brackets && (*text == '[' || *text == ']' || *text == ':' || *text == '\\'))
            printf("\\%c", *text);
        else if (*text == '\\')
            fputs("\\\\", stdout);
        else
            putchar(*text);
    }
}

static void zsh_value(const struct cli_option *o)
{
    if (!cli_takes_value(o))
        return;
    putchar(':');
    quoted(o->kind == CLI_CHOICE ? o->name : cli_metavar(o), true);
    if (cli_choices(o)) {
        fputs(":(", stdout);
        choice_list(o);
        putchar(')');
    } else {
        fputs(":_files", stdout);
    }
}

static void zsh_option(const struct cli_option *o)
{
    const char *star = o->kind == CLI_LIST ? "*" : "";
    printf("        '%s--%s%s[", star, o->name, cli_takes_value(o) ? "=" : "");
    quoted(o->help, true);
    putchar(']');
    zsh_value(o);
    puts("' \\");
    if (o->letter) {
        printf("        '%s-%c%s[", star, o->letter, cli_takes_value(o) ? "+" : "");
        quoted(o->help, true);
        putchar(']');
        zsh_value(o);
        puts("' \\");
    }
}

void cli_complete_zsh(const struct cli_command *const *commands)
{
    puts("#compdef edgel\n_edgel() {\n    local -a commands\n    commands=(");
    for (const struct cli_command *const *c = commands; *c; c++) {
        printf("        '%s:", (*c)->name);
        quoted((*c)->summary, true);
        puts("'");
    }
    puts(
        "    )\n    if (( CURRENT == 2 )); then\n        _describe command commands\n        return\n    fi\n"
        "    local command=$words[2]\n    shift words\n    (( CURRENT-- ))\n    case $command in");
    for (const struct cli_command *const *c = commands; *c; c++) {
        printf("    %s) _arguments -s -S \\\n", (*c)->name);
        const struct cli_option *o;
        for (size_t k = 0; (o = cli_option_at(*c, k, NULL)) != NULL; k++)
            zsh_option(o);
        puts("        '*:input:_files' ;;");
    }
    puts(
        "    esac\n}\nif [ \"$funcstack[1]\" = _edgel ]; then\n    _edgel \"$@\"\nelse\n    compdef _edgel edgel\nfi");
}

void cli_complete_fish(const struct cli_command *const *commands)
{
    puts("# fish completion for edgel");
    for (const struct cli_command *const *c = commands; *c; c++) {
        printf("complete -c edgel -n __fish_use_subcommand -f -a %s -d '", (*c)->name);
        quoted((*c)->summary, false);
        puts("'");
    }
    puts(
        "complete -c edgel -n __fish_use_subcommand -f -l help -s h -d 'Show the list of commands'\n"
        "complete -c edgel -n __fish_use_subcommand -f -l version -s V -d 'Show version, build and CPU level'");
    for (const struct cli_command *const *c = commands; *c; c++) {
        const struct cli_option *o;
        for (size_t k = 0; (o = cli_option_at(*c, k, NULL)) != NULL; k++) {
            printf("complete -c edgel -n '__fish_seen_subcommand_from %s' -l %s", (*c)->name, o->name);
            if (o->letter)
                printf(" -s %c", o->letter);
            if (cli_choices(o)) {
                fputs(" -x -a '", stdout);
                choice_list(o);
                putchar('\'');
            } else if (cli_takes_value(o)) {
                fputs(" -r", stdout);
            }
            fputs(" -d '", stdout);
            quoted(o->help, false);
            puts("'");
        }
    }
}
