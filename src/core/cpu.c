#define _GNU_SOURCE /* sched_getaffinity */
#include "core/core_priv.h"
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

/* The levels of this build in rising order; each includes the flags of the lower ones. */
static const struct edgel_cpu_row levels[] = {
    { "c", 0 },
#ifdef EDGEL_HAVE_AVX2
    { "avx2", EDGEL_CPU_AVX2 },
#endif
#ifdef EDGEL_HAVE_AVX512
    { "avx512", EDGEL_CPU_AVX2 | EDGEL_CPU_AVX512 },
#endif
#ifdef EDGEL_HAVE_AVX512VNNI
    { "avx512vnni", EDGEL_CPU_AVX2 | EDGEL_CPU_AVX512 | EDGEL_CPU_AVX512VNNI },
#endif
#ifdef EDGEL_HAVE_NEON
    { "neon", EDGEL_CPU_NEON },
#endif
};

enum { LEVELS = sizeof levels / sizeof *levels };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int level;

const struct edgel_cpu_row *edgel_cpu_levels(int *count)
{
    *count = LEVELS;
    return levels;
}

/* What the processor supports, and the system, which must save the wide registers. */
static unsigned present(void)
{
    unsigned flags = 0;
#if defined(EDGEL_HAVE_AVX2) || defined(EDGEL_HAVE_AVX512)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        flags |= EDGEL_CPU_AVX2;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        flags |= EDGEL_CPU_AVX512;
    if (__builtin_cpu_supports("avx512vnni"))
        flags |= EDGEL_CPU_AVX512VNNI;
#endif
#ifdef EDGEL_HAVE_NEON
    flags |= EDGEL_CPU_NEON; /* part of every 64-bit ARM */
#endif
    return flags;
}

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
    const int asked = name ? find_level(name) : -1;
    const unsigned flags = present();
    for (int i = 0; i < LEVELS; i++)
        if ((levels[i].flags & flags) == levels[i].flags)
            level = i;
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
