/* tree.h: folders of small files for tests; everything lies in one new folder under the temporary one, which is the
 * current folder while a test runs. */
#ifndef EDGEL_TESTS_TREE_H
#define EDGEL_TESTS_TREE_H

#include "core/core_priv.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char tree_root[64];

static void tree_make(void)
{
    strcpy(tree_root, "/tmp/edgel-test-XXXXXX");
    if (!mkdtemp(tree_root) || chdir(tree_root) != 0)
        abort();
}

static int tree_remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static void tree_remove(void)
{
    if (chdir("/tmp") != 0 || nftw(tree_root, tree_remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
        abort();
}

/* Makes the file with its folders; content may be NULL. */
static void tree_put(const char *path, const char *content)
{
    char folder[4096];
    for (const char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
        snprintf(folder, sizeof folder, "%.*s", (int)(p - path), path);
        if (mkdir(folder, 0777) != 0 && errno != EEXIST)
            abort();
    }
    if (path[strlen(path) - 1] == '/')
        return;
    FILE *f = fopen(path, "wb");
    if (!f || (content && fputs(content, f) == EOF) || fclose(f) != 0)
        abort();
}

/* A test in a folder of its own, that loses no memory. */
#define TREE_TEST(f) cmocka_unit_test_setup_teardown(f, tree_set_up, tree_tear_down)

static inline int tree_set_up(void **state)
{
    (void)state;
    tree_make();
    return 0;
}

static inline int tree_tear_down(void **state)
{
    (void)state;
    tree_remove();
    return edgel_alloc_live() != 0;
}

#endif
