#include "edgel/base.h"
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("edgel %s (CPU level %s)\n", edgel_version(), edgel_cpu_level());
        return 0;
    }
    fprintf(stderr, "usage: edgel COMMAND [OPTION]... [FILE]...\n");
    return 2;
}
