/* The program: finds the command and runs it. */
#include "cli/cli.h"
#include "commands.h" /* COMMANDS(X), made from the list in meson.build */
#include <errno.h>
#include <fcntl.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DECLARE(name) extern const struct cli_command cli_command_##name;
#define POINT(name)   &cli_command_##name,
COMMANDS(DECLARE)

static const struct cli_command *const commands[] = { COMMANDS(POINT) NULL };

static int print_version(void)
{
    printf("edgel %s\nbuild: %s, %s\nCPU level: %s\n", edgel_version(), EDGEL_COMPILER, EDGEL_BUILDTYPE,
           edgel_cpu_level());
    return CLI_EXIT_OK;
}

/* -v is --verbose of the commands; without a command there is nothing to say more of. */
static bool is_version(const char *word)
{
    static const char *const words[] = { "--version", "-V", "-v", "version" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    return false;
}

static int run_command(const struct cli_command *command, int argc, char **argv)
{
    struct cli_args args;
    int code = cli_parse(command, argc, argv, &args);
    args.commands = commands;
    if (code == 0 && args.help)
        cli_help_command(command);
    else if (code == 0)
        code = command->run(&args);
    cli_args_finish(&args);
    return code;
}

static int run(int argc, char **argv)
{
    struct edgel_error err = { 0 };
    if (edgel_cpu_check(&err) != EDGEL_OK)
        return cli_usage(NULL, "%s", err.msg);
    if (argc < 2)
        return cli_usage(NULL, "no command given");
    if (is_version(argv[1]))
        return argc > 2 ? cli_usage(NULL, "%s takes nothing after it", argv[1]) : print_version();
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        cli_help_all(commands);
        return CLI_EXIT_OK;
    }
    const struct cli_command *command = cli_command_find(commands, argv[1]);
    if (!command)
        return cli_command_unknown(NULL, commands, argv[1]);
    return run_command(command, argc - 2, argv + 2);
}

/* If the caller closed a standard stream, the next file opened would get its number, and messages would go into that
 * file. Open a descriptor in its place that fails when used, as the closed one would. */
static void hold_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY); /* the lowest free one: fd */
}

/* Decoders and encoders of other libraries allocate and free some hundred KB for every image. By default glibc returns
 * them to the system and fetches them again: 24 page faults per image. Blocks over 32 MB are still returned. */
static void keep_freed_memory(void)
{
#ifdef __GLIBC__
    (void)mallopt(M_MMAP_THRESHOLD, 32 << 20);
    (void)mallopt(M_TRIM_THRESHOLD, 64 << 20);
#endif
}

int main(int argc, char **argv)
{
    hold_standard_streams();
    keep_freed_memory();
    cli_signals();
    int code = run(argc, argv);
    errno = 0;
    if (fflush(stdout) != 0 || ferror(stdout)) {
        cli_message("standard output: %s", errno ? strerror(errno) : "write failed");
        if (code == CLI_EXIT_OK)
            code = CLI_EXIT_FAILED;
    }
    if (cli_reader_gone())
        cli_end_by_pipe();
    return code;
}
