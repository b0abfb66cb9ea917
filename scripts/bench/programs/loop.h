/* What the programs of scripts/bench/bench.py share: operators on pixels in memory, timed inside the program.
 *
 * A program says "NAME VERSION" and then answers each line
 *     OPERATION KSIZE SIGMA LOW HIGH THREADS CLOCK BUDGET FILE W H
 * with "NS HASH": the median time of one pixel in ns, and a hash of the result; or "none" when it has no such
 * operation. FILE holds w * h gray bytes. CLOCK is wall or cpu (of the whole process). The operation runs once to warm
 * up, and then for BUDGET ms, at least once. C and C++. */
#ifndef BENCH_LOOP_H
#define BENCH_LOOP_H

#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct bench_case {
    char operation[16];
    int ksize;
    double sigma, low, high;
    int threads;
    const uint8_t *pixels;
    int w, h;
};

/* w * h bytes, `stride` from row to row; valid until the next run. */
struct bench_result {
    const uint8_t *data;
    ptrdiff_t stride;
};

/* Runs one operation; returns 0 when the program has it. */
typedef int bench_run(const struct bench_case *c, struct bench_result *result);

static double bench_ms(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static int bench_compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sum over all pixels of (value + 1) times a weight that depends on the place, modulo 2^64. */
static uint64_t bench_hash(const struct bench_case *c, const struct bench_result *r)
{
    uint64_t h = 0, i = 0;
    for (int y = 0; y < c->h; y++)
        for (int x = 0; x < c->w; x++) {
            const uint64_t weight = ++i * UINT64_C(0x9E3779B97F4A7C15);
            h += (weight ^ weight >> 32) * (r->data[y * r->stride + x] + 1u);
        }
    return h;
}

static uint8_t *bench_load(const char *path, size_t n)
{
    uint8_t *p = (uint8_t *)aligned_alloc(64, (n + 63) / 64 * 64); /* as OpenCV and edgel do */
    FILE *f = fopen(path, "rb");
    if (!p || !f || fread(p, 1, n, f) != n) {
        fprintf(stderr, "%s: cannot read %zu bytes\n", path, n);
        exit(1);
    }
    fclose(f);
    return p;
}

static void bench_answer(const struct bench_case *c, bench_run *run, clockid_t clock, double budget)
{
    enum { MOST = 101 };
    struct bench_result result = { NULL, 0 };
    double times[MOST];
    int n = 0;
    if (run(c, &result) != 0) {
        printf("none\n");
        return;
    }
    const double until = bench_ms(CLOCK_MONOTONIC) + budget;
    do {
        const double start = bench_ms(clock);
        run(c, &result);
        times[n++] = bench_ms(clock) - start;
    } while (n < MOST && bench_ms(CLOCK_MONOTONIC) < until);
    qsort(times, (size_t)n, sizeof *times, bench_compare);
    printf("%.4f %016" PRIx64 "\n", times[n / 2] * 1e6 / c->w / c->h, bench_hash(c, &result));
}

/* Answers until the end of the input; the pixels of the last file are kept. */
static int bench_serve(const char *name, const char *version, bench_run *run)
{
    char line[4096], path[2048], held[2048] = "", clock[8];
    uint8_t *pixels = NULL;
    printf("%s %s\n", name, version);
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        struct bench_case c;
        double budget;
        memset(&c, 0, sizeof c);
        if (sscanf(line, "%15s %d %lf %lf %lf %d %7s %lf %2047s %d %d", c.operation, &c.ksize, &c.sigma,
                   &c.low, &c.high, &c.threads, clock, &budget, path, &c.w, &c.h) != 11) {
            fprintf(stderr, "%s: cannot read: %s", name, line);
            return 2;
        }
        if (strcmp(path, held) != 0) {
            free(pixels);
            pixels = bench_load(path, (size_t)c.w * (size_t)c.h);
            strcpy(held, path);
        }
        c.pixels = pixels;
        bench_answer(&c, run, strcmp(clock, "cpu") == 0 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, budget);
        fflush(stdout);
    }
    free(pixels);
    return 0;
}

#endif
