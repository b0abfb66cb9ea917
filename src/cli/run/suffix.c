/* Suffixes that are stripped from names before these are paired. */
#include "cli/cli.h"
#include "edgel/dataset.h"

void cli_suffix_look(struct cli_suffix *s, const struct edgel_pairs *pairs)
{
    size_t files = 0;
    if (!s->text || !pairs)
        return;
    s->used |= edgel_pairs_suffix(pairs, s->text, s->truth, &files) > 0;
    s->files |= files > 0;
}

int cli_suffix_check(const struct cli_suffix *s)
{
    if (!s->text || !s->files || s->used)
        return 0;
    cli_message("--%s '%s': no %s has a name that ends in it", s->option, s->text, s->what);
    return CLI_EXIT_USAGE;
}
