/* `edgel train`: a segmentation head from a folder of images and masks. */
#include "cli/train/train.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* All that a run holds. */
struct job {
    const struct cli_args *args;
    const struct train_options *o;
    struct train_plan plan;
    struct train_data *data;
    struct edgel_train_data source;
    struct edgel_survey survey;
    struct edgel_model *model;
    struct edgel_pool *pool;
    struct edgel_trainer *trainer;
    struct train_progress progress;
    bool resumed;
};

/* --- the architecture --- */

static enum edgel_status create_model(const struct train_options *o, int outputs, struct edgel_model **out,
                                      struct edgel_error *err)
{
    struct edgel_model_params fresh;
    bool trained;
    edgel_model_params_init(&fresh);
    fresh.outputs = outputs;
    fresh.init = (enum edgel_init)o->weights;
    fresh.seed = (uint64_t)o->seed;
    enum edgel_status status = edgel_model_open(o->arch, &fresh, out, &trained, err);
    if (status == EDGEL_OK && trained) {
        edgel_model_destroy(out);
        return edgel_error_set(
            err, EDGEL_EINVAL,
            "--arch %s is a model, not an architecture: 'edgel model show' prints its own, --init takes its weights",
            o->arch);
    }
    return status;
}

/* Channels of the images that the architecture wants, 1 or 3; refuses options that it has no use for. */
static enum edgel_status check_network(const struct cli_args *args, int *channels, struct edgel_error *err)
{
    const struct train_options *o = args->options;
    struct edgel_model *model = NULL;
    struct edgel_model_info info;
    enum edgel_status status = create_model(o, 2, &model, err);
    if (status != EDGEL_OK)
        return status;
    edgel_model_describe(model, &info);
    *channels = info.in_channels;
    edgel_model_destroy(&model);
    if (*channels != 1 && *channels != 3)
        return edgel_error_set(err, EDGEL_EINVAL, "%s: the input has %d channels: images have 1 (gray) or 3",
                               o->arch, *channels);
    if (cli_given(args, "dropout") && !info.drops)
        return edgel_error_set(err, EDGEL_EINVAL, "--dropout %g: --arch %s has no layer of dropout",
                               o->dropout, o->arch);
    if (o->recompute && info.buffers == 0)
        return edgel_error_set(err, EDGEL_EINVAL, "--recompute-bn: --arch %s has no batch normalisation",
                               o->arch);
    if (o->pretrain && info.stages == 0)
        return edgel_error_set(
            err, EDGEL_EINVAL,
            "--pretrain: --arch %s has one stage of convolutions, which makes the classes; the "
            "training itself trains it",
            o->arch);
    return EDGEL_OK;
}

/* --- model from data --- */

static enum edgel_status describe_classes(struct job *j, struct edgel_error *err)
{
    int n;
    const struct edgel_model_class *classes = train_data_classes(j->data, &n);
    const bool binary = train_data_labels(j->data) == EDGEL_LABELS_BINARY;
    if (j->plan.loss.balance && !binary)
        return edgel_error_set(err, EDGEL_EINVAL, "--balance is for binary labels, and those of %s are ids",
                               j->o->truth);
    enum edgel_status status = create_model(j->o, binary ? 1 : n, &j->model, err);
    if (status == EDGEL_OK) /* the one output of a binary head is the foreground */
        status = edgel_model_set_classes(j->model, binary ? classes + 1 : classes, binary ? 1 : n, err);
    if (status == EDGEL_OK)
        status = edgel_model_set_labels(j->model,
                                        j->o->boundaries ? EDGEL_MODEL_BOUNDARY
                                        : binary         ? EDGEL_MODEL_BINARY
                                                         : EDGEL_MODEL_IDS,
                                        err);
    return status;
}

/* The range of the images goes with the model: "full" needs no note. */
static enum edgel_status note_range(struct job *j, struct edgel_error *err)
{
    char text[128];
    const struct edgel_range range = train_data_range(j->data);
    edgel_range_text(&range, text, sizeof text);
    return strcmp(text, "full") == 0 ? EDGEL_OK : edgel_model_set_note(j->model, "range", text, err);
}

static const char *range_of(const struct edgel_model *model)
{
    const char *note = edgel_model_note(model, "range");
    return note ? note : "full";
}

/* A run goes on with the range that it began with. A checkpoint that cannot be read is for what follows to tell. */
static enum edgel_status check_range(const struct job *j, struct edgel_error *err)
{
    struct edgel_model *last = NULL;
    char *path = train_path(j->o->output, "last.safetensors");
    enum edgel_status status = EDGEL_OK;
    if (edgel_model_read(path, &last, NULL) == EDGEL_OK && strcmp(range_of(last), range_of(j->model)) != 0)
        status = edgel_error_set(err, EDGEL_EINVAL, "--range: is %s, and %s was trained with %s",
                                 range_of(j->model), path, range_of(last));
    edgel_model_destroy(&last);
    free(path);
    return status;
}

/* Weights of another model, and its normalisation: its first layer was trained with that. */
static enum edgel_status take_weights(struct job *j, struct edgel_error *err)
{
    struct edgel_model *from = NULL;
    struct edgel_model_info info, own;
    struct edgel_model_taken taken;
    enum edgel_status status = edgel_model_read(j->o->init, &from, err);
    if (status != EDGEL_OK)
        return status;
    edgel_model_take(j->model, from, &taken);
    edgel_model_describe(from, &info);
    edgel_model_describe(j->model, &own);
    cli_tell_unhashed(j->o->init, info.unhashed && !j->o->run.quiet);
    if (strcmp(range_of(from), range_of(j->model)) != 0)
        cli_message("%s was trained with --range %s, these images are read with %s", j->o->init,
                    range_of(from), range_of(j->model));
    if (info.in_channels == own.in_channels)
        status = edgel_model_set_normalisation(j->model, info.mean, info.deviation, info.in_channels, err);
    if (taken.arrays_taken == 0 && status == EDGEL_OK)
        status = edgel_error_set(err, EDGEL_EINVAL, "%s: no layer of it has the name and shape of one of %s",
                                 j->o->init, j->o->arch);
    if (taken.arrays_taken == taken.arrays && cli_given(j->args, "weights") && status == EDGEL_OK)
        status = edgel_error_set(err, EDGEL_EINVAL,
                                 "--weights has no use: all layers of %s have their weights from --init %s",
                                 j->o->arch, j->o->init);
    if (status == EDGEL_OK && !j->o->run.quiet)
        cli_message("%s: %d of %d arrays taken%s%s", j->o->init, taken.arrays_taken, taken.arrays,
                    taken.left[0] ? "; not taken, the first: " : "", taken.left);
    edgel_model_destroy(&from);
    return status;
}

static enum edgel_status survey(struct job *j, struct edgel_error *err)
{
    int n;
    (void)train_data_classes(j->data, &n);
    struct edgel_model_info info;
    edgel_model_describe(j->model, &info);
    enum edgel_status status =
        edgel_survey_make(&j->source, false, n, info.in_channels, j->pool, &j->survey, err);
    if (status != EDGEL_OK)
        return status;
    struct edgel_error why = { 0 };
    if (edgel_model_set_normalisation(j->model, j->survey.mean, j->survey.deviation, info.in_channels,
                                      &why) != EDGEL_OK)
        status =
            edgel_error_set(err, why.code, "%s: values of the images: %s", j->args->operands[0], why.msg);
    memcpy(j->plan.augment.covariance, j->survey.covariance, sizeof j->survey.covariance);
    return status;
}

/* One line for all classes that never occur: they cannot be learned. */
static void tell_never(const struct job *j, const struct edgel_model_class *classes, int n, int never)
{
    size_t size = 1;
    for (int c = 0; c < n; c++)
        size += strlen(classes[c].name) + 16;
    char *names = cli_alloc(size, 1);
    for (int c = 0, at = 0; c < n; c++)
        if (j->survey.total[c] == 0)
            at += snprintf(names + at, size - (size_t)at, "%s%d (%s)", at ? ", " : "", classes[c].id,
                           classes[c].name);
    if (never == 1)
        cli_message("class %s never occurs in the truth: it cannot be learned", names);
    else if (never > 1)
        cli_message("classes %s never occur in the truth: they cannot be learned", names);
    free(names);
}

/* What the classes hold. */
static enum edgel_status tell_histogram(struct job *j, struct edgel_error *err)
{
    int n, never = 0;
    const struct edgel_model_class *classes = train_data_classes(j->data, &n);
    double all = 0;
    for (int c = 0; c < n; c++)
        all += (double)j->survey.total[c];
    if (all == 0)
        return edgel_error_set(err, EDGEL_EINVAL, "%s: no pixel of the truth counts", j->o->truth);
    if (!j->o->run.quiet)
        cli_message("%zu image%s to train on, %zu to validate, %d classes", j->source.ntrain,
                    j->source.ntrain == 1 ? "" : "s", j->source.nval, n);
    for (int c = 0; c < n; c++) {
        never += j->survey.total[c] == 0;
        if (j->survey.total[c] > 0 && !j->o->run.quiet)
            cli_message("class %d (%s): %.2f %% of the pixels", classes[c].id, classes[c].name,
                        100 * (double)j->survey.total[c] / all);
    }
    if (n - never < 2)
        return edgel_error_set(err, EDGEL_EINVAL, "%s: only one class occurs: there is nothing to learn",
                               j->o->truth);
    tell_never(j, classes, n, never);
    return EDGEL_OK;
}

static void choose_loss(struct job *j)
{
    if (j->plan.params.nterms > 0)
        return;
    const bool binary = train_data_labels(j->data) == EDGEL_LABELS_BINARY;
    j->plan.terms[0] = (struct edgel_loss_term){ binary ? EDGEL_LOSS_BCE : EDGEL_LOSS_CE, 1 };
    j->plan.terms[1] = (struct edgel_loss_term){ EDGEL_LOSS_IOU, 1 };
    j->plan.params.nterms = j->o->boundaries ? 1 : 2;
}

/* Images that are held at a time: no more than an epoch has. */
static int64_t largest_batch(const struct job *j)
{
    const struct edgel_train_params *p = &j->plan.params;
    const int64_t all = (int64_t)j->source.ntrain * p->crops;
    return p->steps == 0 && all < p->batch ? all : p->batch;
}

static enum edgel_status create_trainer(struct job *j, struct edgel_error *err)
{
    const struct edgel_train_params *p = &j->plan.params;
    const long long batch = largest_batch(j);
    struct edgel_error why = { 0 };
    const enum edgel_status status =
        edgel_trainer_create(j->model, p, &j->source, &j->survey, j->pool, &j->trainer, &why);
    if (status == EDGEL_ENOMEM && p->crop_w)
        return edgel_error_set(err, status, "%s; a smaller --batch than %lld or --crop than %dx%d takes less",
                               why.msg, batch, p->crop_w, p->crop_h);
    if (status == EDGEL_ENOMEM)
        return edgel_error_set(err, status, "%s; a smaller --batch than %lld, or --crop, takes less", why.msg,
                               batch);
    if (status != EDGEL_OK)
        return edgel_error_set(err, status, "%s", why.msg);
    return status;
}

/* For passes over all samples before the first step: the trainer itself asks for a stop, between steps. */
static enum edgel_status load_unless_stopped(void *user, bool validation, size_t i, struct edgel_sample *out,
                                             struct edgel_error *err)
{
    if (!cli_stop(NULL))
        return train_data_load(user, validation, i, out, err);
    return edgel_error_set(err, EDGEL_EINTERRUPTED, "interrupted");
}

static enum edgel_status prepare(struct job *j, struct edgel_error *err)
{
    int n;
    j->source.load = load_unless_stopped;
    enum edgel_status status = describe_classes(j, err);
    if (status == EDGEL_OK)
        status = edgel_pool_create((int)j->o->run.jobs, &j->pool, err);
    if (status == EDGEL_OK)
        status = note_range(j, err);
    if (status == EDGEL_OK)
        status = survey(j, err);
    if (status == EDGEL_OK && j->o->init)
        status = take_weights(j, err);
    if (status == EDGEL_OK)
        status = tell_histogram(j, err);
    (void)train_data_classes(j->data, &n);
    if (status == EDGEL_OK)
        status = train_plan_weigh(&j->plan, j->o, j->survey.total, n, err);
    if (status != EDGEL_OK)
        return status;
    choose_loss(j);
    j->plan.params.first_scored = train_data_labels(j->data) == EDGEL_LABELS_BINARY;
    status = create_trainer(j, err);
    j->source.load = train_data_load;
    return status;
}

/* --- the run --- */

static enum edgel_status write_arguments(struct job *j, struct edgel_error *err)
{
    char *path = train_path(j->o->output, "args.json");
    struct edgel_setting *settings;
    const size_t n = cli_settings(j->args, NULL, &settings);
    enum edgel_status status = edgel_arguments_write(path, "train", (const char *const *)j->args->argv,
                                                     (size_t)j->args->argc, settings, n, err);
    cli_settings_free(settings, n);
    free(path);
    return status;
}

static void stage_begins(void *user, int stage, int stages, const char *layer)
{
    (void)user;
    cli_message("pre-training %d of %d: %s", stage, stages, layer);
}

/* Pre-training; what is left of --max-time is the training's. */
static enum edgel_status pretrain(struct job *j, struct edgel_error *err)
{
    const double began = cli_clock();
    struct edgel_train_events events = edgel_train_record_events(j->progress.record);
    enum edgel_train_end end;
    events.epoch_done = NULL;
    events.save = NULL;
    edgel_trainer_destroy(&j->trainer);
    enum edgel_status status =
        edgel_pretrain_layerwise(j->model, &j->plan.params, j->o->pretrain_epochs, &j->source, &j->survey,
                                 j->pool, &events, j->o->run.quiet ? NULL : stage_begins, &end, err);
    if (status == EDGEL_EINTERRUPTED && !j->o->run.quiet)
        cli_message("stopped in pre-training, which --resume %s begins anew", j->o->output);
    if (status != EDGEL_OK)
        return status;
    const double left = j->plan.params.max_seconds - (cli_clock() - began);
    if (end == EDGEL_TRAIN_TIME && !j->o->run.quiet)
        cli_message("pre-training was cut short: time limit reached");
    j->plan.params.max_seconds = left > 0.001 ? left : 0.001;
    return create_trainer(j, err);
}

/* The best model of a resumed run, out of its checkpoint, when the file is not what the checkpoint says. */
static enum edgel_status restore_best(struct job *j, struct edgel_error *err)
{
    enum edgel_train_best found;
    const enum edgel_status status =
        edgel_train_record_restore(j->o->output, j->trainer, j->model, &found, err);
    if (status == EDGEL_OK && found != EDGEL_TRAIN_BEST_INTACT)
        cli_message("%s/best.safetensors: %s; made again out of last.safetensors", j->o->output,
                    found == EDGEL_TRAIN_BEST_LOST ? "lost" : "damaged, or not the best of what was trained");
    return status;
}

/* Takes up the run in RUN, or takes none up; nothing is written. */
static enum edgel_status take_up(struct job *j, struct edgel_error *err)
{
    int n;
    int64_t epochs = 0, steps;
    const struct edgel_model_class *classes = train_data_classes(j->data, &n);
    enum edgel_status status = j->resumed ? check_range(j, err) : EDGEL_OK;
    if (status == EDGEL_OK && j->resumed)
        status = edgel_train_record_resume(j->o->output, j->trainer, err);
    edgel_trainer_position(j->trainer, &epochs, &steps);
    if (status == EDGEL_OK && j->resumed && !j->o->run.quiet) {
        struct edgel_model_info info;
        edgel_model_describe(j->model, &info);
        char *path = train_path(j->o->output, "last.safetensors");
        cli_tell_unhashed(path, info.unhashed);
        free(path);
    }
    if (status == EDGEL_OK && epochs > j->o->epochs)
        status = edgel_error_set(err, EDGEL_EINVAL,
                                 "--epochs %lld: %s has done %lld already; a larger number goes on",
                                 (long long)j->o->epochs, j->o->output, (long long)epochs);
    if (status == EDGEL_OK)
        status = train_progress_open(&j->progress, &j->plan, j->o, classes, epochs, err);
    return status;
}

static enum edgel_status train(struct job *j, struct edgel_error *err)
{
    enum edgel_train_end end = EDGEL_TRAIN_STOPPED;
    enum edgel_status status = j->resumed ? EDGEL_OK : edgel_train_record_clear(j->o->output, err);
    if (!j->resumed)
        train_worst_clear(j->o->output);
    if (status == EDGEL_OK)
        status = write_arguments(j, err);
    if (status == EDGEL_OK)
        status = edgel_train_record_write(j->progress.record, err);
    if (status == EDGEL_OK && j->resumed)
        status = restore_best(j, err);
    if (status == EDGEL_OK && j->o->pretrain && !j->resumed)
        status = pretrain(j, err);
    if (status != EDGEL_OK)
        return status;
    const struct edgel_train_events events = edgel_train_record_events(j->progress.record);
    status = edgel_trainer_run(j->trainer, &events, &end, err);
    struct edgel_error files = { 0 };
    if (edgel_train_record_status(j->progress.record, &files) != EDGEL_OK) {
        *err = files;
        return err->code;
    }
    if (status == EDGEL_OK || status == EDGEL_EINTERRUPTED)
        train_progress_summary(&j->progress, &j->plan, end);
    if (status == EDGEL_OK && j->o->worst > 0 && edgel_trainer_best(j->trainer, j->model))
        status = train_worst(j->data, j->model, j->pool, j->o->output, (size_t)j->o->worst, err);
    return status;
}

static void finish(struct job *j)
{
    train_progress_close(&j->progress);
    edgel_trainer_destroy(&j->trainer);
    edgel_survey_finish(&j->survey);
    edgel_model_destroy(&j->model);
    edgel_pool_destroy(&j->pool);
    train_data_close(&j->data);
    train_plan_finish(&j->plan);
}

/* What is refused before anything is written. */
static int refuse(const struct edgel_error *err)
{
    if (err->code == EDGEL_EINTERRUPTED)
        return CLI_EXIT_INTERRUPTED;
    cli_message("%s", err->msg);
    return err->code == EDGEL_ENOMEM ? CLI_EXIT_FAILED : CLI_EXIT_USAGE;
}

static int fail(const struct edgel_error *err, enum edgel_status status)
{
    if (status == EDGEL_EINTERRUPTED)
        return CLI_EXIT_INTERRUPTED;
    cli_message("%s", err->msg);
    return CLI_EXIT_FAILED;
}

static int open_data(struct job *j, int channels)
{
    const struct train_options *o = j->o;
    const struct train_data_params p = { .images = j->args->operands[0],
                                         .truth = o->truth,
                                         .valid = o->valid,
                                         .val_images = o->val_images,
                                         .val_truth = o->val_truth,
                                         .image_suffix = o->image_suffix,
                                         .truth_suffix = o->truth_suffix,
                                         .val_split = o->val_split,
                                         .classes = o->classes,
                                         .ignore = o->ignore,
                                         .colors = o->colors,
                                         .labels = (enum edgel_labels)o->labels,
                                         .boundaries = o->boundaries,
                                         .soft_ignore = o->soft_ignore,
                                         .channels = channels,
                                         .cache_mb = o->cache_mb,
                                         .seed = (uint64_t)o->seed,
                                         .read = cli_read_params(&o->read, EDGEL_DECODE_COLOR),
                                         .range = o->range.range,
                                         .run = &o->run };
    const int code = train_data_open(&j->data, &p);
    if (code == 0 && cli_given(j->args, "soft-ignore") && !train_data_soft(j->data)) {
        cli_message("--soft-ignore %g has no use: each image has one mask", o->soft_ignore);
        return CLI_EXIT_USAGE;
    }
    edgel_train_data_init(&j->source);
    if (code != 0)
        return code;
    j->source.user = j->data;
    j->source.ntrain = train_data_count(j->data, false);
    j->source.nval = train_data_count(j->data, true);
    j->source.load = train_data_load;
    return 0;
}

/* A sampled value is ignored if any pixel it is interpolated from is ignored: thin contours next to ignored pixels lose
 * over half. */
static void tell_lost_contours(const struct job *j)
{
    const struct edgel_augment *a = &j->plan.augment;
    if (!j->o->run.quiet && j->o->boundaries && j->o->soft_ignore > 0 && train_data_soft(j->data) &&
        (a->scale > 0 || a->rotate > 0))
        cli_message(
            "--augment %s: contour pixels next to pixels that --boundaries ignores are ignored as well; thin "
            "contours lose over half",
            a->scale > 0 ? "scale" : "rotate");
}

static int run_job(struct job *j)
{
    struct edgel_error err = { 0 };
    int channels;
    train_tell_doubts(j->args);
    enum edgel_status status = train_plan_make(&j->plan, j->args, &err);
    if (status == EDGEL_OK)
        status = check_network(j->args, &channels, &err);
    if (status != EDGEL_OK)
        return refuse(&err);
    int code = open_data(j, channels);
    if (code)
        return code;
    tell_lost_contours(j);
    status = prepare(j, &err);
    if (status == EDGEL_OK)
        status = take_up(j, &err);
    if (status != EDGEL_OK)
        return refuse(&err);
    status = train(j, &err);
    return status == EDGEL_OK ? CLI_EXIT_OK : fail(&err, status);
}

/* --- the command line --- */

/* A run is there when its arguments are. */
static int check_existing(const struct cli_args *args)
{
    const struct train_options *o = args->options;
    char *path = train_path(o->output, "args.json");
    const bool there = access(path, F_OK) == 0;
    free(path);
    if (there && !o->overwrite && !o->resume)
        return cli_usage(args->command,
                         "%s holds a run: --resume %s goes on with it, --existing overwrite begins anew",
                         o->output, o->output);
    return 0;
}

/* Makes RUN, and keeps others out of it while this run is at work, as a record of `edgel detect` does. A record of such
 * a run that was interrupted is not this run's to remove. */
static int enter_folder(const char *folder, struct edgel_journal **at_work)
{
    const struct edgel_journal_params p = { .folder = folder };
    struct edgel_error err = { 0 };
    enum edgel_status status = edgel_journal_find(&p, at_work, &err);
    if (*at_work && edgel_journal_finished(*at_work)) /* all that it tells of is there */
        edgel_journal_close(at_work);
    const size_t images = *at_work ? edgel_journal_count(*at_work) : 0;
    if (images > 0) {
        edgel_journal_close(at_work);
        status =
            edgel_error_set(&err, EDGEL_EINVAL,
                            "%s: a run over images was interrupted there after %zu; take another folder, "
                            "or end it with its --resume",
                            folder, images);
    }
    if (status == EDGEL_OK)
        status = edgel_journal_begin(&p, at_work, &err);
    return status == EDGEL_OK ? 0 : refuse(&err);
}

/* A run without a checkpoint was stopped before its first one, and is begun anew: unless its results tell of more
 * epochs than the one whose checkpoint comes after its row. */
static int find_checkpoint(const char *folder, bool *found)
{
    char *path = train_path(folder, "last.safetensors");
    *found = access(path, F_OK) == 0;
    const bool lost = !*found && edgel_train_record_epochs(folder) > 1;
    if (lost)
        cli_message(
            "%s: lost, and without it this training cannot go on; -o %s --existing overwrite begins one "
            "anew, --init %s/best.safetensors with the best weights of this one",
            path, folder, folder);
    free(path);
    return lost ? CLI_EXIT_USAGE : 0;
}

static int run_with(const struct cli_args *args)
{
    struct job j = { .args = args, .o = args->options };
    struct edgel_journal *at_work = NULL;
    int code = train_check_usage(args);
    if (code == 0)
        code = enter_folder(j.o->output, &at_work);
    if (code == 0)
        code = check_existing(args);
    if (code == 0 && j.o->resume)
        code = find_checkpoint(j.o->output, &j.resumed);
    if (code == 0)
        code = run_job(&j);
    finish(&j);
    edgel_journal_remove(&at_work);
    return code;
}

static int run_train(const struct cli_args *args)
{
    const struct train_options *o = args->options;
    return o->resume ? train_resume(args, run_with) : run_with(args);
}

const struct cli_command cli_command_train = {
    .name = "train",
    .summary = "train a segmentation head on images and masks",
    .synopsis = "--truth MASKS [options] -o RUN IMAGES\n--resume RUN [options]",
    .description =
        "Trains a small convolutional network on the images of a folder and their masks, from nothing or from another "
        "model, and writes a folder with the model of the best epoch, a checkpoint, the results of every epoch and "
        "pictures of the worst images.\n\n"
        "All files are checked before the first step. A file that cannot be read, a mask of another size than its "
        "image and unknown ids are reported, and nothing is trained. Binary masks make a head of one output, ids one "
        "output for each class.\n\n"
        "The same command gives the same weights to the last bit, whatever the number of threads and the processor. "
        "Ctrl-C writes a checkpoint; --resume RUN continues with the same result as a run without a break, and with "
        "more --epochs extends a finished run.",
    .groups = train_groups,
    .make_rows = train_make_rows,
    .examples =
        (const struct cli_example[]){
            { "A few steps on the scenes of the source: objects against background",
              "edgel train --truth data/scenes/masks --labels binary --arch linear --epochs 2 --crop 128 -o run "
              "data/scenes/images" },
            { 0 } },
    .exits =
        (const struct cli_exit[]){
            { CLI_EXIT_OK, "The training ended." },
            { CLI_EXIT_FAILED,
              "It failed: a loss that is not a number, a file that cannot be written. What was trained "
              "so far is kept." },
            { CLI_EXIT_USAGE,
              "Wrong usage, data that cannot be trained on, or a run that cannot go on; nothing was written." },
            { CLI_EXIT_NOTHING, "No images." },
            { CLI_EXIT_INTERRUPTED, "Interrupted; a checkpoint was written." },
            { 0 } },
    .options_size = sizeof(struct train_options),
    .run = run_train,
};
