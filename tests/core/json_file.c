/* Reads lines of JSON from standard input, each of its own, and prints of each "no", or "yes" and its value in the
 * canonical form that scripts/oracles/check_json_python.py compares. */
#include "core/core_priv.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

static void hex(const char *s)
{
    putchar('s');
    for (; *s; s++)
        printf("%02x", (unsigned char)*s);
}

static void show(const struct edgel_json *v)
{
    int64_t i;
    double d;
    bool b;
    const char *key;
    if (edgel_json_is_null(v)) {
        putchar('n');
    } else if (edgel_json_bool(v, &b)) {
        putchar(b ? 't' : 'f');
    } else if (edgel_json_int(v, &i)) {
        printf("i%lld", (long long)i);
    } else if (edgel_json_real(v, &d)) {
        uint64_t bits;
        memcpy(&bits, &d, sizeof bits);
        printf("r%016llx", (unsigned long long)bits);
    } else if (edgel_json_is_string(v)) {
        hex(edgel_json_string(v));
    } else if (edgel_json_is_array(v)) {
        putchar('[');
        for (size_t k = 0; k < edgel_json_count(v); k++) {
            show(edgel_json_at(v, k));
            putchar(',');
        }
        putchar(']');
    } else {
        putchar('{');
        for (size_t k = 0; k < edgel_json_members(v); k++) {
            const struct edgel_json *w = edgel_json_member(v, k, &key);
            hex(key);
            putchar(':');
            show(w);
            putchar(',');
        }
        putchar('}');
    }
}

int main(void)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    while ((n = getline(&line, &cap, stdin)) > 0) {
        struct edgel_json *j;
        if (edgel_json_parse(line, (size_t)n - (line[n - 1] == '\n'), "line", &j, NULL) != EDGEL_OK) {
            puts("no");
            continue;
        }
        printf("yes ");
        show(j);
        putchar('\n');
        edgel_json_finish(j);
    }
    free(line);
    return 0;
}
