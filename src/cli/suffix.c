/* Suffixes that are stripped from names before these are paired. */
#include "cli.h"
#include <string.h>

/* Whether a file is named STEM SUFFIX . EXTENSION. */
static bool has_suffix(const char *path, const char *suffix)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *dot = strrchr(name, '.');
    const size_t n = dot && dot > name ? (size_t)(dot - name) : strlen(name), cut = strlen(suffix);
    return n > cut && memcmp(name + n - cut, suffix, cut) == 0;
}

void cli_suffix_look(struct cli_suffix *s, const struct edgel_pairs *pairs)
{
    for (size_t i = 0; s->text && pairs && !s->used && i < edgel_pairs_count(pairs); i++) {
        const struct edgel_pair *p = edgel_pairs_at(pairs, i);
        const char *const *paths = s->truth ? p->truth : &p->prediction;
        const size_t n = s->truth ? p->ntruth : p->prediction != NULL;
        for (size_t k = 0; k < n; k++) {
            s->files = true;
            s->used |= has_suffix(paths[k], s->text);
        }
    }
}

int cli_suffix_check(const struct cli_suffix *s)
{
    if (!s->text || !s->files || s->used)
        return 0;
    cli_message("--%s '%s': no %s has a name that ends in it", s->option, s->text, s->what);
    return CLI_EXIT_USAGE;
}
