/* An output of a plan: its path, made when asked for, and whether it is skipped. */
#include "batch/batch_priv.h"
#include <string.h>

size_t edgel_plan_fill(const struct edgel_plan *plan, size_t i, size_t m, char *buf, size_t size,
                       bool *climbs)
{
    static const struct edgel_template nothing = { .whole = true };
    struct edgel_naming v = { .prefix = plan->prefix,
                              .rel = edgel_inputs_at(plan->inputs, i)->rel,
                              .method = plan->methods[m],
                              .class_name = plan->classes ? plan->classes[m] : "",
                              .n = m + 1 };
    v.method_dir = !plan->single && plan->nmethods > 1 && !plan->name.whole && !plan->name.counts;
    return edgel_template_fill(plan->single ? &nothing : &plan->name, &v, buf, size, climbs);
}

size_t edgel_plan_output(const struct edgel_plan *plan, size_t i, size_t m, char *buf, size_t size)
{
    size_t n = edgel_plan_fill(plan, i, m, buf, size, NULL);
    return n < size ? n : 0;
}

const char *edgel_plan_below(const struct edgel_plan *plan, const char *path)
{
    return path + strlen(plan->prefix);
}

const char *edgel_plan_folder(const struct edgel_plan *plan)
{
    return plan->single ? NULL : plan->folder;
}

bool edgel_plan_skips(const struct edgel_plan *plan, size_t i, size_t m)
{
    size_t k = i * plan->nmethods + m;
    return plan->skip && (plan->skip[k / 8] >> k % 8 & 1);
}
