/*
 * The wish to stop. The first SIGINT or SIGTERM sets a flag that a run asks for before each image; what had started is
 * finished, so that no file is torn. The handler is then gone, and a second signal kills. SIGPIPE is ignored: a closed
 * pipe shows as a failed write, which is reported like any other. A shell without job control starts background jobs
 * with SIGINT ignored; who sends one to such a job all the same means it, so it is caught there as well.
 */
#include "cli.h"
#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t stop_asked;

static void on_signal(int sig)
{
    (void)sig;
    stop_asked = 1;
}

void cli_signals(void)
{
    struct sigaction a = { .sa_flags = SA_RESTART | SA_RESETHAND };
    sigemptyset(&a.sa_mask);
    a.sa_handler = on_signal;
    sigaction(SIGINT, &a, NULL);
    sigaction(SIGTERM, &a, NULL);
    a.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &a, NULL);
}

bool cli_stop(void *user)
{
    (void)user;
    return stop_asked != 0;
}
