/* What the options of `edgel train` make of the parameters of training. Those of the loss and of augmentation that
 * would change nothing are refused. */
#include "cli/train/train.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void fill_steps(struct edgel_train_params *p, const struct cli_args *args)
{
    const struct train_options *o = args->options;
    const enum edgel_optimizer_kind kind = (enum edgel_optimizer_kind)o->optimizer;
    edgel_optimizer_init(&p->optimizer, kind);
    p->optimizer.momentum = o->momentum;
    if (train_optimizer_has(o->optimizer, TRAIN_DECAY))
        p->optimizer.weight_decay = o->weight_decay;
    p->lr = cli_given(args, "lr") ? o->lr : edgel_optimizer_default_lr(kind);
    edgel_schedule_init(&p->schedule, (enum edgel_schedule_kind)o->schedule,
                        cli_given(args, "schedule-epochs") ? o->schedule_epochs
                                                           : (double)(o->epochs > 0 ? o->epochs : 1));
    p->schedule.warmup = o->warmup;
    p->schedule.every = o->every;
    p->schedule.gamma = o->gamma;
    p->schedule.power = o->power;
    p->l1 = o->l1;
    p->l2 = o->l2;
    p->clip_norm = cli_given(args, "clip-norm") ? o->clip_norm : HUGE_VAL;
    p->clip_value = cli_given(args, "clip-value") ? o->clip_value : HUGE_VAL;
    p->dropout = cli_given(args, "dropout") ? o->dropout : -1;
    p->batch = (int)o->batch;
    p->crop_w = o->crop_w;
    p->crop_h = o->crop_h;
    p->crops = (int)o->crops;
    p->steps = o->steps;
    p->ema = o->ema;
    p->seed = (uint64_t)o->seed;
}

static void fill_end(struct edgel_train_params *p, const struct cli_args *args)
{
    const struct train_options *o = args->options;
    p->epochs = o->epochs;
    p->max_seconds = cli_given(args, "max-time") ? o->max_time : HUGE_VAL;
    p->patience = o->patience;
    p->min_delta = o->min_delta;
    p->monitor = (enum edgel_monitor)o->monitor;
    p->recompute = (enum edgel_recompute)o->recompute;
    p->checkpoint_seconds = o->checkpoint;
}

static void fill_freeze(struct train_plan *plan, const struct train_options *o)
{
    plan->freeze = cli_alloc(o->freeze.n + 1, sizeof *plan->freeze);
    for (size_t i = 0; i < o->freeze.n; i++)
        plan->freeze[i] = o->freeze.v[i];
    plan->params.freeze = o->freeze.n ? plan->freeze : NULL;
}

/* Whether the loss has a term for which `has` says true. Without --loss it is bce or ce, and iou but for
 * boundaries. */
static bool has_term(const struct train_plan *plan, const struct train_options *o,
                     bool (*has)(int kind, int i), int i)
{
    if (!o->loss)
        return has(EDGEL_LOSS_CE, i) || has(EDGEL_LOSS_BCE, i) || (!o->boundaries && has(EDGEL_LOSS_IOU, i));
    for (int t = 0; t < plan->params.nterms; t++)
        if (plan->terms[t].weight > 0 && has((int)plan->terms[t].kind, i))
            return true;
    return false;
}

static bool any_loss(int kind, int i)
{
    (void)kind;
    (void)i;
    return true;
}

/* Amounts that are all 0, with which nothing would be changed. */
static enum edgel_status check_augment(const struct edgel_augment *a, const char *text,
                                       struct edgel_error *err)
{
    double sum = 0;
    for (int i = 0; edgel_augment_at(i).name; i++)
        sum += edgel_augment_amount(a, i);
    return sum > 0 ? EDGEL_OK
                   : edgel_error_set(err, EDGEL_EINVAL,
                                     "--augment %s: all amounts are 0, one must be above 0", text);
}

/* A weight and an option of the loss that would change nothing. */
static enum edgel_status check_loss(const struct train_plan *plan, const struct cli_args *args,
                                    struct edgel_error *err)
{
    const struct train_options *o = args->options;
    char losses[200] = "";
    if (!has_term(plan, o, any_loss, 0))
        return edgel_error_set(err, EDGEL_EINVAL, "--loss %s: all weights are 0, one must be above 0",
                               o->loss);
    for (int i = 0; edgel_loss_param_at(i).name; i++) {
        const char *name = train_loss_option(i);
        if (!cli_given(args, name) || has_term(plan, o, edgel_loss_takes, i))
            continue;
        train_list_names(losses, sizeof losses, "or", edgel_loss_name, edgel_loss_takes, i);
        return edgel_error_set(err, EDGEL_EINVAL, "--%s %g has no use without %s in the loss", name,
                               o->loss_numbers[i], losses);
    }
    if ((!o->class_weights && !o->balance) || has_term(plan, o, train_loss_weighted, 0))
        return EDGEL_OK;
    train_list_names(losses, sizeof losses, "or", edgel_loss_name, train_loss_weighted, 0);
    if (o->class_weights)
        return edgel_error_set(err, EDGEL_EINVAL, "--class-weights %s has no use without %s in the loss",
                               o->class_weights, losses);
    return edgel_error_set(err, EDGEL_EINVAL, "--balance has no use without %s in the loss", losses);
}

enum edgel_status train_plan_make(struct train_plan *plan, const struct cli_args *args,
                                  struct edgel_error *err)
{
    const struct train_options *o = args->options;
    *plan = (struct train_plan){ 0 };
    edgel_loss_params_init(&plan->loss);
    edgel_train_params_init(&plan->params);
    plan->loss.balance = o->balance || (o->boundaries && !o->loss);
    fill_steps(&plan->params, args);
    fill_end(&plan->params, args);
    fill_freeze(plan, o);
    enum edgel_status status = EDGEL_OK;
    for (int i = 0; edgel_loss_param_at(i).name && status == EDGEL_OK; i++)
        status = edgel_loss_param_set(&plan->loss, i, o->loss_numbers[i], err);
    if (status == EDGEL_OK && o->loss)
        status = edgel_loss_parse(o->loss, plan->terms, &plan->params.nterms, err);
    if (status == EDGEL_OK && o->augment)
        status = edgel_augment_parse(o->augment, &plan->augment, err);
    if (status == EDGEL_OK && o->augment)
        status = check_augment(&plan->augment, o->augment, err);
    plan->params.augment = o->augment ? &plan->augment : NULL;
    plan->params.terms = plan->terms;
    plan->params.loss = &plan->loss;
    return status == EDGEL_OK ? check_loss(plan, args, err) : status;
}

static enum edgel_status read_weights(const char *list, int classes, float *weights, struct edgel_error *err)
{
    const char *text = list;
    bool any = false;
    for (int c = 0; c < classes; c++) {
        const size_t n = strcspn(text, ",");
        char *number = cli_strndup(text, n);
        double v = 0;
        enum edgel_status status = edgel_parse_real("--class-weights", number, 0, 1e9, &v, err);
        free(number);
        if (status != EDGEL_OK)
            return status;
        weights[c] = (float)v;
        if ((text[n] == ',') != (c < classes - 1))
            return edgel_error_set(err, EDGEL_EINVAL,
                                   "--class-weights %s: there are %d classes, each needs one", list, classes);
        any |= weights[c] > 0;
        text += n + 1;
    }
    return any ? EDGEL_OK
               : edgel_error_set(err, EDGEL_EINVAL,
                                 "--class-weights %s: all weights are 0, one must be above 0", list);
}

enum edgel_status train_plan_weigh(struct train_plan *plan, const struct train_options *o,
                                   const int64_t *count, int classes, struct edgel_error *err)
{
    if (!o->class_weights)
        return EDGEL_OK;
    plan->class_weights = cli_alloc((size_t)classes, sizeof *plan->class_weights);
    plan->loss.class_weights = plan->class_weights;
    if (strcmp(o->class_weights, "auto") == 0)
        return edgel_class_weights(count, classes, plan->class_weights, err);
    return read_weights(o->class_weights, classes, plan->class_weights, err);
}

void train_plan_finish(struct train_plan *plan)
{
    free(plan->class_weights);
    free(plan->freeze);
}
