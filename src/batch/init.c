/* The defaults of what callers fill in. */
#include "batch/batch_priv.h"

void edgel_inputs_params_init(struct edgel_inputs_params *params)
{
    *params = (struct edgel_inputs_params){ 0 };
}

void edgel_plan_params_init(struct edgel_plan_params *params)
{
    *params = (struct edgel_plan_params){ .default_name = "{stem}.png", .existing = EDGEL_EXISTING_ERROR };
}

void edgel_pairs_params_init(struct edgel_pairs_params *params)
{
    *params = (struct edgel_pairs_params){ 0 };
}

void edgel_run_init(struct edgel_run *run)
{
    *run = (struct edgel_run){ .threads = 1 };
}

void edgel_journal_params_init(struct edgel_journal_params *params)
{
    *params = (struct edgel_journal_params){ 0 };
}

void edgel_record_init(struct edgel_record *record)
{
    *record = (struct edgel_record){ .outcome = EDGEL_OUTCOME_OK };
}
