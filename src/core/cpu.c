#define _GNU_SOURCE /* sched_getaffinity */
#include "core/core_priv.h"
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

/* Levels in rising order, with the flags that each adds. Kernels exist for plain C only so far. */
static const struct {
    const char *name;
    unsigned flags;
} levels[] = { { "c", 0 } };

enum { LEVELS = sizeof levels / sizeof *levels };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int level = LEVELS - 1;

static int find_level(const char *name)
{
    for (int i = 0; i < LEVELS; i++)
        if (strcmp(name, levels[i].name) == 0)
            return i;
    return -1;
}

static void decide(void)
{
    const char *name = getenv("EDGEL_CPU");
    int asked = name ? find_level(name) : -1;
    if (asked >= 0 && asked < level)
        level = asked;
}

unsigned edgel_cpu_flags(void)
{
    pthread_once(&once, decide);
    return levels[level].flags;
}

const char *edgel_cpu_level(void)
{
    pthread_once(&once, decide);
    return levels[level].name;
}

enum edgel_status edgel_cpu_check(struct edgel_error *err)
{
    const char *name = getenv("EDGEL_CPU");
    if (!name || find_level(name) >= 0)
        return EDGEL_OK;
    char list[64] = "";
    for (int i = 0; i < LEVELS; i++) {
        if (i)
            strcat(list, ", ");
        strcat(list, levels[i].name);
    }
    return edgel_fail(err, EDGEL_EINVAL, "EDGEL_CPU=%s: unknown CPU level; known: %s", name, list);
}

int edgel_cpu_count(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    int n = CPU_COUNT(&set);
    return n < 1 ? 1 : n;
}
