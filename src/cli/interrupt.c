/*
 * The wish to stop. The first SIGINT, SIGTERM or SIGHUP sets a flag that a run asks for before each image, and eval and
 * train in the midst of long ones; a file that had been started is finished, so that none is torn. SIGINT and SIGTERM
 * are then as they were, and another one kills; SIGHUP is not: a terminal that is closed sends it, and so does the
 * shell that ends with it. Under nohup it stays ignored.
 *
 * SIGPIPE and SIGXFSZ are ignored: a closed pipe and a file over the limit of its size (ulimit -f) show as failed
 * writes, which are reported like any other. A shell without job control starts background jobs with SIGINT ignored;
 * who sends one to such a job all the same means it, so it is caught there as well.
 */
#define _XOPEN_SOURCE 700 /* SIGXFSZ */
#include "cli.h"
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>

static atomic_bool stop_asked; /* free of locks, so that a handler may set it; threads read it */

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
    return atomic_load(&stop_asked);
}
