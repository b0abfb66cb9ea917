/* A library to preload: makes one allocation of a program fail, or all from one on, whoever asks for it: the program,
 * its libraries, libc. Built as fail_alloc.so; scripts/torture alloc uses it.
 *
 *   FAIL_COUNT=FILE   writes there how many allocations there were
 *   FAIL_AT=N         the N-th fails, from 1 on
 *   FAIL_ON=1         and so do all after it
 *   FAIL_WHO=FILE     writes there the name of the library that asked for the first that failed
 *
 * Counted are the allocations after the loader's: from main on. What the C library needs to end a program counts too.
 */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *(*real_malloc)(size_t);
static void *(*real_calloc)(size_t, size_t);
static void *(*real_realloc)(void *, size_t);
static void *(*real_aligned)(size_t, size_t);
static int (*real_posix)(void **, size_t, size_t);
static void (*real_free)(void *);

static atomic_ulong count;
static unsigned long fail_at;
static bool fail_on;
static const char *count_file, *who_file;
static atomic_bool told;

/* dlsym() may allocate before there is an allocator. */
static unsigned char early[4096];
static size_t early_used;

static void *from_early(size_t n)
{
    n = (n + 15) & ~(size_t)15;
    if (n > sizeof early - early_used)
        return NULL;
    early_used += n;
    return early + early_used - n;
}

static bool is_early(const void *p)
{
    return (uintptr_t)p >= (uintptr_t)early && (uintptr_t)p < (uintptr_t)early + sizeof early;
}

static void find(void *to, const char *name)
{
    void *f = dlsym(RTLD_NEXT, name);
    memcpy(to, &f, sizeof f);
}

__attribute__((constructor)) static void begin(void)
{
    const char *at = getenv("FAIL_AT"), *on = getenv("FAIL_ON");
    find(&real_calloc, "calloc");
    find(&real_realloc, "realloc");
    find(&real_aligned, "aligned_alloc");
    find(&real_posix, "posix_memalign");
    find(&real_free, "free");
    find(&real_malloc, "malloc");
    fail_at = at ? strtoul(at, NULL, 10) : 0;
    fail_on = on && *on == '1';
    count_file = getenv("FAIL_COUNT");
    who_file = getenv("FAIL_WHO");
    atomic_store(&count, 0);
}

static void save(const char *file, const char *text)
{
    const ssize_t n = (ssize_t)strlen(text);
    const int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0 || write(fd, text, (size_t)n) != n)
        _exit(99);
    close(fd);
}

__attribute__((destructor)) static void end(void)
{
    char text[32];
    snprintf(text, sizeof text, "%lu\n", atomic_load(&count));
    if (count_file)
        save(count_file, text);
}

/* caller: where in the program or a library the allocation is asked for. */
static bool fails(const void *caller)
{
    Dl_info from;
    const unsigned long n = atomic_fetch_add(&count, 1) + 1;
    if (fail_at == 0 || (fail_on ? n < fail_at : n != fail_at))
        return false;
    if (who_file && !atomic_exchange(&told, true))
        save(who_file, dladdr(caller, &from) && from.dli_fname ? from.dli_fname : "?");
    errno = ENOMEM;
    return true;
}

void *malloc(size_t n)
{
    if (!real_malloc)
        return from_early(n);
    return fails(__builtin_return_address(0)) ? NULL : real_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    if (!real_malloc) /* early memory is zero */
        return from_early(n * size);
    return fails(__builtin_return_address(0)) ? NULL : real_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    if (is_early(p)) {
        void *moved = malloc(n);
        const size_t most = (size_t)(early + sizeof early - (unsigned char *)p);
        if (moved)
            memcpy(moved, p, n < most ? n : most);
        return moved;
    }
    return fails(__builtin_return_address(0)) ? NULL : real_realloc(p, n);
}

void *aligned_alloc(size_t alignment, size_t n)
{
    return fails(__builtin_return_address(0)) ? NULL : real_aligned(alignment, n);
}

int posix_memalign(void **p, size_t alignment, size_t n)
{
    return fails(__builtin_return_address(0)) ? ENOMEM : real_posix(p, alignment, n);
}

void free(void *p)
{
    if (!is_early(p) && real_free)
        real_free(p);
}
