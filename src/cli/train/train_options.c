/* The options of `edgel train`, in the groups of its help. */
#include "cli/eval/score.h"
#include "cli/train/train.h"
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT(field) .at = offsetof(struct train_options, field)

static const char *const weights_names[] = { "he", "xavier", NULL };
static const char *const pretrain_names[] = { "none", "layerwise", NULL };
static const char *const optimizer_names[] = { "gd",      "sgd",  "momentum", "nesterov",
                                               "rmsprop", "adam", "adamw",    NULL };
static const char *const schedule_names[] = { "constant", "step", "cosine", "poly", NULL };
_Static_assert(sizeof optimizer_names / sizeof *optimizer_names == EDGEL_OPTIMIZERS + 1,
               "one for each optimizer");
_Static_assert(sizeof schedule_names / sizeof *schedule_names == EDGEL_SCHEDULES + 1,
               "one for each schedule");
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
        return edgel_error_set(err, EDGEL_EINVAL,
                               "%s %s: must be N or WIDTHxHEIGHT, whole numbers from %d to %d", what, text,
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
      .words = score_labels_words,
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
          "The truth is contours. A pixel is contour if at least a share of --soft-ignore "
          "of the annotators marked it, left out if fewer did, background if none did. The loss is balanced bce unless "
          "--loss says otherwise." },
    { .name = "soft-ignore",
      .kind = CLI_REAL,
      .metavar = "SHARE",
      AT(soft_ignore),
      .min = 0,
      .max = 1,
      .def = "0.3",
      .help = "Share of annotators from which on a pixel is contour; see --boundaries." },
    { .name = "cache",
      .kind = CLI_INT,
      .metavar = "MB",
      AT(cache_mb),
      .min = 0,
      .max = 1000000,
      .def = "1024",
      .help = "Megabytes of decoded images to keep; others are decoded again when they are needed." },
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

/* --- what the library's tables say --- */

static void add(char *buf, size_t size, const char *fmt, ...) EDGEL_PRINTF(3, 4);

/* Appends what fits. */
static void add(char *buf, size_t size, const char *fmt, ...)
{
    const size_t n = strlen(buf);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(buf + n, size - n, fmt, ap);
    va_end(ap);
}

/* "smooth-beta", in text that lives as long as the program. */
const char *train_loss_option(int i)
{
    static char names[TRAIN_LOSS_NUMBERS_MAX][32];
    snprintf(names[i], sizeof names[i], "%s", edgel_loss_param_at(i).name);
    for (char *c = names[i]; *c; c++)
        *c = *c == '_' ? '-' : *c;
    return names[i];
}

void train_list_losses(char *buf, size_t size, const char *last, bool (*has)(int kind, int i), int i)
{
    int n = 0, at = 0;
    for (int k = 0; edgel_loss_name(k); k++)
        n += has(k, i);
    for (int k = 0; edgel_loss_name(k); k++)
        if (has(k, i)) {
            if (at > 0)
                add(buf, size, at + 1 < n ? "," : " %s", last);
            add(buf, size, "%s%s", at > 0 ? " " : "", edgel_loss_name(k));
            at++;
        }
}

bool train_loss_weighted(int kind, int unused)
{
    (void)unused;
    return edgel_loss_at(kind).weighted;
}

static void tell_losses(char *buf, size_t size)
{
    *buf = '\0';
    for (int k = 0; edgel_loss_name(k); k++)
        add(buf, size, "%s%s (%s)", k ? ", " : "", edgel_loss_name(k), edgel_loss_at(k).what);
    add(buf, size, ".");
}

static void tell_weighted(char *buf, size_t size)
{
    *buf = '\0';
    train_list_losses(buf, size, "and", train_loss_weighted, 0);
    add(buf, size, ".");
}

static const struct cli_option loss_rows[] = {
    { .name = "loss",
      .kind = CLI_STRING,
      .metavar = "NAME[:WEIGHT],...",
      AT(loss),
      .note = "bce:1,iou:1 for binary labels, ce:1,iou:1 for ids",
      .help = "Weighted sum of losses:",
      .more = tell_losses },
    { .name = "class-weights",
      .kind = CLI_STRING,
      .metavar = "auto|W,W,...",
      AT(class_weights),
      .help =
          "Weights of the classes; auto: median frequency balancing. Binary labels: background, foreground. For",
      .more = tell_weighted },
    { .name = "balance",
      .kind = CLI_FLAG,
      AT(balance),
      .help = "Binary labels: in each image the weight of either class is the share of the other." },
    { 0 },
};

static struct cli_option number_rows[TRAIN_LOSS_NUMBERS_MAX + 1]; /* train_make_rows() fills them */

static const struct cli_option penalty_rows[] = {
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
      .help = "Raise the learning rate over this many epochs, from a hundredth of it." },
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
      .help =
          "Validate and keep a moving average of the weights: after each step, X times the average plus 1 - X "
          "times the weights." },
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
          "Stop after SECONDS. An epoch starts only if it would end in time; a running one is cut short. A "
          "validation that would not end in time is left to --resume. Estimates recomputed at the end and the "
          "pictures of the worst images are not counted." },
    { .name = "patience",
      .kind = CLI_INT,
      .metavar = "EPOCHS",
      AT(patience),
      .min = 0,
      .max = 1e9,
      .def = "0",
      .help = "Stop after this many epochs without improvement; 0: never." },
    { .name = "min-delta",
      .kind = CLI_REAL,
      .metavar = "X",
      AT(min_delta),
      .min = 0,
      .max = 1e9,
      .def = "0",
      .help = "An improvement is a change by more than this." },
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
          "Recompute the running estimates of batch normalisation over all training images: for the best weights "
          "at the end, or before each validation." },
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
          "Continue the run in this folder with its options, except --quiet. Options given now replace its own; "
          "more --epochs extend it." },
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

/* The numbers of losses as options. */
static void make_number_rows(void)
{
    static char defaults[TRAIN_LOSS_NUMBERS_MAX][32], helps[TRAIN_LOSS_NUMBERS_MAX][256];
    for (int i = 0; edgel_loss_param_at(i).name && i < TRAIN_LOSS_NUMBERS_MAX; i++) {
        const struct edgel_loss_param p = edgel_loss_param_at(i);
        snprintf(defaults[i], sizeof defaults[i], "%g", p.def);
        add(helps[i], sizeof helps[i], "Of ");
        train_list_losses(helps[i], sizeof helps[i], "and", edgel_loss_takes, i);
        add(helps[i], sizeof helps[i], ": %s.", p.what);
        number_rows[i] = (struct cli_option){ .name = train_loss_option(i),
                                              .kind = CLI_REAL,
                                              .metavar = "X",
                                              .at = offsetof(struct train_options, loss_numbers) +
                                                    (size_t)i * sizeof(double),
                                              .min = p.min,
                                              .max = p.max,
                                              .def = defaults[i],
                                              .help = helps[i] };
    }
}

void train_make_rows(void)
{
    if (number_rows[0].name)
        return;
    make_number_rows();
}

const struct cli_group train_groups[] = {
    { "Data", data_rows, 0 },
    { "Network", network_rows, 0 },
    { "Loss", loss_rows, 0 },
    { "Numbers of losses", number_rows, 0 },
    { "Penalties", penalty_rows, 0 },
    { "Steps", step_rows, 0 },
    { "End", end_rows, 0 },
    { "Outputs", output_rows, 0 },
    { "Reading", cli_read_rows, offsetof(struct train_options, read) },
    { "Running", run_rows, offsetof(struct train_options, run) },
    { 0 },
};
