/* The options of `edgel train`, and what they make of the parameters of training. */
#include "score.h"
#include "train.h"
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define AT(field) .at = offsetof(struct train_options, field)

static const char *const labels_names[] = { "auto", "binary", "ids", NULL };
static const char *const weights_names[] = { "he", "xavier", NULL };
static const char *const pretrain_names[] = { "none", "layerwise", NULL };
static const char *const optimizer_names[] = { "gd",      "sgd",  "momentum", "nesterov",
                                               "rmsprop", "adam", "adamw",    NULL };
static const char *const schedule_names[] = { "constant", "step", "cosine", "poly", NULL };
static const char *const monitor_names[] = { "iou", "f1", "accuracy", "loss", NULL };
static const char *const recompute_names[] = { "never", "end", "epoch", NULL };
static const char *const existing_names[] = { "error", "overwrite", NULL };
static const char *const progress_names[] = { "auto", "always", "never", NULL };

/* N or WIDTHxHEIGHT. */
static enum edgel_status take_crop(void *options, const char *what, const char *text, struct edgel_error *err)
{
    enum { LEAST = 8, MOST = 65536 };
    struct train_options *o = options;
    struct edgel_error why = { 0 };
    const size_t n = strcspn(text, "x");
    char *first = cli_strndup(text, n);
    int64_t w = 0, h = 0;
    enum edgel_status status = edgel_parse_int(what, first, LEAST, MOST, &w, &why);
    if (status == EDGEL_OK)
        status = edgel_parse_int(what, text[n] ? text + n + 1 : first, LEAST, MOST, &h, &why);
    free(first);
    if (status != EDGEL_OK)
        return cli_fail(err, "%s %s: must be N or WIDTHxHEIGHT, whole numbers from %d to %d", what, text,
                        LEAST, MOST);
    o->crop_w = (int)w;
    o->crop_h = (int)h;
    return EDGEL_OK;
}

static const struct cli_option data_rows[] = {
    { .name = "truth",
      .kind = CLI_STRING,
      .metavar = "MASKS",
      AT(truth),
      .help =
          "Masks of the images, paired by relative path without extension. With several annotators (a folder per "
          "image, STEM_1, STEM_2, ..., or the boundaries in MAT files of the Berkeley benchmark) a pixel's truth is "
          "the mean of their marks. Required." },
    { .name = "val-images",
      .kind = CLI_STRING,
      .metavar = "DIR",
      AT(val_images),
      .help = "Images of the validation, which chooses the best epoch." },
    { .name = "val-truth",
      .kind = CLI_STRING,
      .metavar = "DIR",
      AT(val_truth),
      .help = "Masks of the validation." },
    { .name = "val-split",
      .kind = CLI_REAL,
      .metavar = "SHARE",
      AT(val_split),
      .min = 0,
      .max = 0.9,
      .def = "0",
      .help = "Without --val-images: hold out this share of the images, chosen by --seed and their names." },
    { .name = "image-suffix",
      .kind = CLI_STRING,
      .metavar = "TEXT",
      AT(image_suffix),
      .help = "Strip TEXT from image names before pairing." },
    { .name = "truth-suffix",
      .kind = CLI_STRING,
      .metavar = "TEXT",
      AT(truth_suffix),
      .help = "Strip TEXT from mask names before pairing." },
    { .name = "valid",
      .kind = CLI_STRING,
      .metavar = "DIR",
      AT(valid),
      .help = "Masks of the pixels that count, for training and validation." },
    { .name = "labels",
      .kind = CLI_CHOICE,
      AT(labels),
      .choices = labels_names,
      .def = "auto",
      .help =
          "What mask values are; auto: binary if the truth holds nothing but 0 and 1, or 0 and the full value." },
    { .name = "classes",
      .kind = CLI_STRING,
      .metavar = "FILE|N",
      AT(classes),
      .help =
          "Classes of id masks: their number, or a file of lines 'ID NAME'. Without it the ids that occur." },
    { .name = "ignore",
      .kind = CLI_STRING,
      .metavar = "IDS",
      AT(ignore),
      .help = "Ids whose pixels do not count." },
    { .name = "colors",
      .kind = CLI_STRING,
      .metavar = "FILE",
      AT(colors),
      .help = "Colours of RGB masks: lines 'R G B ID'." },
    { .name = "boundaries",
      .kind = CLI_FLAG,
      AT(boundaries),
      .help =
          "The truth is contours: pixels that a share of annotators below --soft-ignore marked are left out, others "
          "that any marked are contour; the loss is balanced bce unless --loss says otherwise." },
    { .name = "soft-ignore",
      .kind = CLI_REAL,
      .metavar = "SHARE",
      AT(soft_ignore),
      .min = 0,
      .max = 1,
      .def = "0.3",
      .help = "See --boundaries." },
    { .name = "cache",
      .kind = CLI_INT,
      .metavar = "MB",
      AT(cache_mb),
      .min = 0,
      .max = 1000000,
      .def = "1024",
      .help = "Keep so many megabytes of decoded images; others are decoded whenever they are needed." },
    { 0 },
};

static const struct cli_option network_rows[] = {
    { .name = "arch",
      .kind = CLI_STRING,
      .metavar = "NAME|FILE",
      AT(arch),
      .def = "unet-tiny",
      .help =
          "Architecture: linear, edge-tiny, unet-tiny, dilated-tiny, or a file of layers ('edgel model show NAME' "
          "prints one)." },
    { .name = "weights",
      .kind = CLI_CHOICE,
      AT(weights),
      .choices = weights_names,
      .def = "he",
      .help = "How starting weights are drawn." },
    { .name = "init",
      .kind = CLI_STRING,
      .metavar = "MODEL",
      AT(init),
      .help = "Start from the weights of MODEL wherever layer names and shapes are equal: fine-tuning." },
    { .name = "freeze",
      .kind = CLI_LIST,
      .metavar = "PREFIX",
      AT(freeze),
      .help = "Leave layers whose name begins with PREFIX as they are. May be repeated." },
    { .name = "pretrain",
      .kind = CLI_CHOICE,
      AT(pretrain),
      .choices = pretrain_names,
      .def = "none",
      .help = "layerwise: first train each convolution in turn under a 1x1 head, those before it frozen." },
    { .name = "pretrain-epochs",
      .kind = CLI_INT,
      .metavar = "N",
      AT(pretrain_epochs),
      .min = 1,
      .max = 1e6,
      .def = "2",
      .help = "Epochs of each stage of --pretrain." },
    { .name = "dropout",
      .kind = CLI_REAL,
      .metavar = "P",
      AT(dropout),
      .min = 0,
      .max = 0.95,
      .note = "as the architecture says",
      .help = "Probability of all dropout layers." },
    { 0 },
};

static const struct cli_option loss_rows[] = {
    { .name = "loss",
      .kind = CLI_STRING,
      .metavar = "NAME[:WEIGHT],...",
      AT(loss),
      .note = "bce:1,iou:1 for binary labels, ce:1,iou:1 for ids",
      .help = "Weighted sum of ce, bce, iou, dice, lovasz, l1, l2, smoothl1." },
    { .name = "class-weights",
      .kind = CLI_STRING,
      .metavar = "auto|W,W,...",
      AT(class_weights),
      .help =
          "Weights of the classes in ce, bce, l1, l2 and smoothl1; auto: median frequency balancing. Binary labels: "
          "background, foreground." },
    { .name = "balance",
      .kind = CLI_FLAG,
      AT(balance),
      .help = "Binary labels: in each image the weight of either class is the share of the other." },
    { .name = "smooth",
      .kind = CLI_REAL,
      .metavar = "PIXELS",
      AT(smooth),
      .min = 0,
      .max = 1e9,
      .def = "1",
      .help = "Added to numerator and denominator of iou and dice." },
    { .name = "l1",
      .kind = CLI_REAL,
      .metavar = "X",
      AT(l1),
      .min = 0,
      .max = 1e6,
      .def = "0",
      .help = "Penalty X times the sum of the absolute weights of convolutions." },
    { .name = "l2",
      .kind = CLI_REAL,
      .metavar = "X",
      AT(l2),
      .min = 0,
      .max = 1e6,
      .def = "0",
      .help = "Penalty X / 2 times the sum of their squares." },
    { 0 },
};

static const struct cli_option step_rows[] = {
    { .name = "optimizer",
      .kind = CLI_CHOICE,
      AT(optimizer),
      .choices = optimizer_names,
      .def = "adam",
      .help = "gd is one step an epoch along the gradient over all images." },
    { .name = "lr",
      .kind = CLI_REAL,
      .metavar = "X",
      AT(lr),
      .min = 0,
      .max = 1e6,
      .note = "0.001 for adam and adamw, else 0.01",
      .help = "Learning rate." },
    { .name = "momentum",
      .kind = CLI_REAL,
      .metavar = "X",
      AT(momentum),
      .min = 0,
      .max = 0.999999,
      .def = "0.9",
      .help = "Of momentum and nesterov." },
    { .name = "weight-decay",
      .kind = CLI_REAL,
      .metavar = "X",
      AT(weight_decay),
      .min = 0,
      .max = 1e6,
      .def = "0.01",
      .help = "Decoupled weight decay of adamw." },
    { .name = "schedule",
      .kind = CLI_CHOICE,
      AT(schedule),
      .choices = schedule_names,
      .def = "constant",
      .help = "How the learning rate changes." },
    { .name = "schedule-epochs",
      .kind = CLI_REAL,
      .metavar = "N",
      AT(schedule_epochs),
      .min = 0.001,
      .max = 1e9,
      .note = "the number of epochs",
      .help = "Length that cosine and poly are planned for." },
    { .name = "warmup",
      .kind = CLI_REAL,
      .metavar = "EPOCHS",
      AT(warmup),
      .min = 0,
      .max = 1e9,
      .def = "0",
      .help = "Let the learning rate rise for so long, from a hundredth of it." },
    { .name = "lr-every",
      .kind = CLI_REAL,
      .metavar = "EPOCHS",
      AT(every),
      .min = 0.001,
      .max = 1e9,
      .def = "30",
      .help = "Epochs between the steps of --schedule step." },
    { .name = "lr-gamma",
      .kind = CLI_REAL,
      .metavar = "X",
      AT(gamma),
      .min = 1e-9,
      .max = 1,
      .def = "0.1",
      .help = "Factor of each step of --schedule step." },
    { .name = "lr-power",
      .kind = CLI_REAL,
      .metavar = "X",
      AT(power),
      .min = 1e-3,
      .max = 10,
      .def = "0.9",
      .help = "Exponent of --schedule poly." },
    { .name = "clip-norm",
      .kind = CLI_REAL,
      .metavar = "X",
      AT(clip_norm),
      .min = 1e-12,
      .max = 1e12,
      .help = "Scale the gradient down to this Euclidean norm." },
    { .name = "clip-value",
      .kind = CLI_REAL,
      .metavar = "X",
      AT(clip_value),
      .min = 1e-12,
      .max = 1e12,
      .help = "Limit each component of the gradient." },
    { .name = "ema",
      .kind = CLI_REAL,
      .metavar = "X",
      AT(ema),
      .min = 0,
      .max = 0.999999,
      .def = "0",
      .help = "Validate and keep a running average of the weights, X being what stays of it at each step." },
    { .name = "batch",
      .kind = CLI_INT,
      .metavar = "N",
      AT(batch),
      .min = 1,
      .max = EDGEL_TRAIN_BATCH_MAX,
      .def = "8",
      .help = "Images in a step." },
    { .name = "crop",
      .kind = CLI_CALL,
      .metavar = "N|WxH",
      .call = take_crop,
      .note = "whole images",
      .help = "Train on random parts of this size." },
    { .name = "crops",
      .kind = CLI_INT,
      .metavar = "N",
      AT(crops),
      .min = 1,
      .max = EDGEL_TRAIN_CROPS_MAX,
      .def = "1",
      .help = "Parts of each image in an epoch." },
    { .name = "augment",
      .kind = CLI_STRING,
      .metavar = "NAME[:AMOUNT],...",
      AT(augment),
      .help =
          "Random changes of image and mask: flip, vflip, turn, rotate, scale, brightness, contrast, gamma, noise, "
          "blur, colour, and resample, which draws images with rare classes more often." },
    { .name = "seed",
      .kind = CLI_INT,
      .metavar = "N",
      AT(seed),
      .min = 0,
      .max = 9e15,
      .def = "1",
      .help = "Of weights, order, augmentation, dropout and the split." },
    { 0 },
};

static const struct cli_option end_rows[] = {
    { .name = "epochs",
      .kind = CLI_INT,
      .metavar = "N",
      AT(epochs),
      .min = 1,
      .max = 1e9,
      .def = "50",
      .help = "Epochs in all." },
    { .name = "steps",
      .kind = CLI_INT,
      .metavar = "N",
      AT(steps),
      .min = 0,
      .max = 1e9,
      .note = "all images",
      .help = "Steps in an epoch." },
    { .name = "max-time",
      .kind = CLI_REAL,
      .metavar = "SECONDS",
      AT(max_time),
      .min = 0.001,
      .max = 1e9,
      .help =
          "Begin no epoch that would end later, cut one that does all the same, and leave its validation to "
          "--resume if that takes longer yet. Estimates made anew at the end, and the pictures of the worst "
          "images, come on top." },
    { .name = "patience",
      .kind = CLI_INT,
      .metavar = "EPOCHS",
      AT(patience),
      .min = 0,
      .max = 1e9,
      .def = "0",
      .help = "Stop after so many epochs without a better value; 0: never." },
    { .name = "min-delta",
      .kind = CLI_REAL,
      .metavar = "X",
      AT(min_delta),
      .min = 0,
      .max = 1e9,
      .def = "0",
      .help = "A value is better when it is so by more than this." },
    { .name = "monitor",
      .kind = CLI_CHOICE,
      AT(monitor),
      .choices = monitor_names,
      .def = "iou",
      .help = "What chooses the best epoch on the validation images. Without them it is the training loss." },
    { .name = "recompute-bn",
      .kind = CLI_CHOICE,
      AT(recompute),
      .choices = recompute_names,
      .def = "never",
      .help =
          "Make the running estimates of batch normalisation anew from all training images: for the best weights at "
          "the end, or before each validation." },
    { 0 },
};

static const struct cli_option output_rows[] = {
    { .name = "output",
      .letter = 'o',
      .kind = CLI_STRING,
      .metavar = "RUN",
      AT(output),
      .help =
          "Folder of the run: args.json, results.csv, curves.svg, confusion.csv, best.safetensors, last.safetensors, "
          "worst/. Required." },
    { .name = "existing",
      .kind = CLI_CHOICE,
      AT(overwrite),
      .choices = existing_names,
      .def = "error",
      .help = "What to do when RUN holds a run already." },
    { .name = "resume",
      .kind = CLI_STRING,
      .metavar = "RUN",
      AT(resume),
      .help =
          "Go on with the run in this folder, with its options but --quiet; more --epochs extend it. Other "
          "options that are given take the place of its own." },
    { .name = "checkpoint",
      .kind = CLI_REAL,
      .metavar = "SECONDS",
      AT(checkpoint),
      .min = 0.001,
      .max = 1e9,
      .def = "60",
      .help = "Longest time within an epoch without writing last.safetensors." },
    { .name = "worst",
      .kind = CLI_INT,
      .metavar = "N",
      AT(worst),
      .min = 0,
      .max = 1e6,
      .def = "8",
      .help = "Pictures of the images with the lowest IoU, validation images if there are any." },
    { 0 },
};

#define RUN_AT(field) .at = offsetof(struct cli_run_options, field)
static const struct cli_option run_rows[] = {
    { .name = "jobs",
      .letter = 'j',
      .kind = CLI_INT,
      .metavar = "N",
      RUN_AT(jobs),
      .min = 1,
      .max = 1024,
      .note = "all cores",
      .help = "Threads. The results do not depend on it." },
    { .name = "progress",
      .kind = CLI_CHOICE,
      RUN_AT(progress),
      .choices = progress_names,
      .def = "auto",
      .help =
          "A line with loss, images a second and time left on standard error; auto: on a terminal only." },
    { .name = "quiet", .letter = 'q', .kind = CLI_FLAG, RUN_AT(quiet), .help = "Say nothing but errors." },
    { 0 },
};

const struct cli_group train_groups[] = {
    { "Data", data_rows, 0 },
    { "Network", network_rows, 0 },
    { "Loss", loss_rows, 0 },
    { "Steps", step_rows, 0 },
    { "End", end_rows, 0 },
    { "Outputs", output_rows, 0 },
    { "Reading", cli_read_rows, offsetof(struct train_options, read) },
    { "Running", run_rows, offsetof(struct train_options, run) },
    { 0 },
};

/* --- parameters --- */

static void fill_steps(struct edgel_train_params *p, const struct cli_args *args)
{
    const struct train_options *o = args->options;
    const enum edgel_optimizer_kind kind = (enum edgel_optimizer_kind)o->optimizer;
    p->optimizer = edgel_optimizer_defaults(kind);
    p->optimizer.momentum = o->momentum;
    if (kind == EDGEL_OPTIMIZER_ADAMW)
        p->optimizer.weight_decay = o->weight_decay;
    p->lr = cli_given(args, "lr") ? o->lr : edgel_optimizer_default_lr(kind);
    p->schedule = edgel_schedule_defaults(
        (enum edgel_schedule_kind)o->schedule,
        cli_given(args, "schedule-epochs") ? o->schedule_epochs : (double)(o->epochs > 0 ? o->epochs : 1));
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

/* Whether the loss has a term of one of these kinds (bits). Without --loss it is bce or ce, and iou but for
 * boundaries. */
static bool has_term(const struct train_plan *plan, const struct train_options *o, unsigned kinds)
{
    const unsigned rest = 1u << EDGEL_LOSS_CE | 1u << EDGEL_LOSS_BCE, iou = 1u << EDGEL_LOSS_IOU;
    if (!o->loss)
        return kinds & (o->boundaries ? rest : rest | iou);
    for (int i = 0; i < plan->params.nterms; i++)
        if (plan->terms[i].weight > 0 && kinds >> plan->terms[i].kind & 1)
            return true;
    return false;
}

/* Amounts that are all 0, with which nothing would be changed. */
static enum edgel_status check_augment(const struct edgel_augment *a, const char *text,
                                       struct edgel_error *err)
{
    const double sum = a->flip + a->vflip + a->turn + a->rotate + a->scale + a->brightness + a->contrast +
                       a->gamma + a->noise + a->blur + a->colour + a->resample;
    return sum > 0 ? EDGEL_OK : cli_fail(err, "--augment %s: all amounts are 0, one must be above", text);
}

/* A weight and an option of the loss that would change nothing. */
static enum edgel_status check_loss(const struct train_plan *plan, const struct cli_args *args,
                                    struct edgel_error *err)
{
    const struct train_options *o = args->options;
    const unsigned sums = 1u << EDGEL_LOSS_IOU | 1u << EDGEL_LOSS_DICE;
    const unsigned means = ~(sums | 1u << EDGEL_LOSS_LOVASZ);
    if (!has_term(plan, o, ~0u))
        return cli_fail(err, "--loss %s: all weights are 0, one must be above", o->loss);
    if (cli_given(args, "smooth") && !has_term(plan, o, sums))
        return cli_fail(err, "--smooth %g has no use without iou or dice in the loss", o->smooth);
    if (o->class_weights && !has_term(plan, o, means))
        return cli_fail(err, "--class-weights %s has no use without ce, bce, l1, l2 or smoothl1 in the loss",
                        o->class_weights);
    if (o->balance && !has_term(plan, o, means))
        return cli_fail(err, "--balance has no use without ce, bce, l1, l2 or smoothl1 in the loss");
    return EDGEL_OK;
}

enum edgel_status train_plan_make(struct train_plan *plan, const struct cli_args *args,
                                  struct edgel_error *err)
{
    const struct train_options *o = args->options;
    const struct edgel_loss_params loss = EDGEL_LOSS_DEFAULTS;
    *plan = (struct train_plan){ .loss = loss, .params = EDGEL_TRAIN_DEFAULTS };
    plan->loss.smooth = o->smooth;
    plan->loss.balance = o->balance || (o->boundaries && !o->loss);
    fill_steps(&plan->params, args);
    fill_end(&plan->params, args);
    fill_freeze(plan, o);
    enum edgel_status status = EDGEL_OK;
    if (o->loss)
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
            return cli_fail(err, "--class-weights %s: there are %d classes, each needs one", list, classes);
        any |= weights[c] > 0;
        text += n + 1;
    }
    return any ? EDGEL_OK : cli_fail(err, "--class-weights %s: all weights are 0, one must be above", list);
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
