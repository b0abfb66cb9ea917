/*
 * Stopping a run. The first SIGINT, SIGTERM or SIGHUP sets a flag. A run looks at it before each image, eval and train
 * also within long work; the file being written is finished, so that no output is incomplete.
 *
 *   SIGINT, SIGTERM   then have their default action again: a second one kills
 *   SIGHUP            keeps its handler: a closed terminal sends it, and so does the shell that ends with it. Under
 *                     nohup it stays ignored
 *   SIGPIPE, SIGXFSZ  are ignored: a closed pipe and a file over the size limit (ulimit -f) show as failed writes,
 *                     which are reported like any other. Only when the closed pipe is standard output, the program ends
 *                     quietly by SIGPIPE as others do, once nothing is left half written
 *
 * A shell without job control starts background jobs with SIGINT ignored. Who sends SIGINT to such a job means it, so
 * it is caught there as well.
 */
#define _XOPEN_SOURCE 700 /* SIGXFSZ */
#include "cli/cli.h"
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

static atomic_bool stop_asked; /* lock-free, so that a handler may set it; threads read it */

static void set_handler(int sig, void (*handler)(int sig))
{
    struct sigaction a = { .sa_flags = SA_RESTART };
    sigemptyset(&a.sa_mask);
    a.sa_handler = handler;
    sigaction(sig, &a, NULL);
}

static void on_stop(int sig)
{
    (void)sig;
    atomic_store(&stop_asked, true);
    set_handler(SIGINT, SIG_DFL);
    set_handler(SIGTERM, SIG_DFL);
}

void cli_signals(void)
{
    struct sigaction hangup;
    set_handler(SIGINT, on_stop);
    set_handler(SIGTERM, on_stop);
    if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN)
        set_handler(SIGHUP, on_stop);
    set_handler(SIGPIPE, SIG_IGN);
    set_handler(SIGXFSZ, SIG_IGN);
}

bool cli_stop(void *user)
{
    (void)user;
    return atomic_load(&stop_asked) || cli_reader_gone();
}

void cli_end_by_pipe(void)
{
    set_handler(SIGPIPE, SIG_DFL);
    (void)raise(SIGPIPE);
    _exit(128 + SIGPIPE); /* it is blocked */
}
