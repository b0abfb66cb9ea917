/* Whether two paths are one file: by device and inode, so that links and "./" do not matter. */
#include "batch/batch_priv.h"
#include <string.h>
#include <sys/stat.h>

enum { FOLDER_BYTES = 8192 }; /* more than a path may have */

/* The status of the folder that path[0..n) names with its slash; n 0: the current one. */
static bool stat_folder(const char *path, size_t n, struct stat *st)
{
    char folder[FOLDER_BYTES];
    if (n + 2 > sizeof folder)
        return false;
    memcpy(folder, path, n);
    memcpy(folder + n, ".", 2);
    return stat(folder, st) == 0;
}

bool edgel_same_file(const char *a, const char *b)
{
    struct stat sa, sb;
    const bool a_exists = stat(a, &sa) == 0, b_exists = stat(b, &sb) == 0;
    if (a_exists != b_exists)
        return false;
    if (!a_exists) { /* one name in one folder */
        const size_t na = edgel_path_base(a), nb = edgel_path_base(b);
        if (strcmp(a + na, b + nb) != 0 || !stat_folder(a, na, &sa) || !stat_folder(b, nb, &sb))
            return false;
    }
    return sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}
