/* The data of `edgel train`: options to a data set (edgel/dataset.h), and the program's messages about it. */
#include "cli/eval/score.h"
#include "cli/train/train.h"
#include "edgel/dataset.h"
#include <stdlib.h>

struct train_data {
    struct train_data_params p;
    struct edgel_dataset *set;
    struct edgel_model_class *classes; /* [nclasses] */
    int nclasses;
    int32_t *ignore;
    struct edgel_classes given; /* --classes */
    struct edgel_colors colors;
};

/* --- pairs --- */

static int check_suffixes(const struct train_data *d)
{
    struct cli_suffix sides[] = {
        { .option = "image-suffix", .text = d->p.image_suffix, .what = "image" },
        { .option = "truth-suffix", .text = d->p.truth_suffix, .what = "mask", .truth = true },
    };
    int code = 0;
    for (int k = 0; k < 2 && code == 0; k++) {
        cli_suffix_look(&sides[k], edgel_dataset_pairs(d->set, false));
        cli_suffix_look(&sides[k], edgel_dataset_pairs(d->set, true));
        code = cli_suffix_check(&sides[k]);
    }
    return code;
}

/* Refuses images without a mask; masks without an image are only mentioned. */
static int check_pairs(const struct train_data *d, bool validation, const char *images, const char *truth)
{
    const struct edgel_pairs *pairs = edgel_dataset_pairs(d->set, validation);
    const size_t n = edgel_dataset_count(d->set, validation);
    size_t unpaired = 0, lonely = 0;
    for (size_t i = 0; i < edgel_pairs_count(pairs); i++) {
        const struct edgel_pair *p = edgel_pairs_at(pairs, i);
        if (p->prediction && !p->ntruth && unpaired++ == 0)
            cli_message("%s: no truth for this image", p->prediction);
        lonely += !p->prediction;
    }
    if (unpaired) {
        cli_message("%s: %zu of %zu images have no truth in %s", images, unpaired, unpaired + n, truth);
        return CLI_EXIT_USAGE;
    }
    if (lonely && !d->p.run->quiet)
        cli_message(lonely == 1 ? "%s: %zu mask has no image in %s and is passed over"
                                : "%s: %zu masks have no image in %s and are passed over",
                    truth, lonely, images);
    if (n == 0) {
        cli_message("%s: no images with truth in %s", images, truth);
        return CLI_EXIT_NOTHING;
    }
    return 0;
}

static int hold_out(const struct train_data *d)
{
    struct edgel_error err = { 0 };
    if (edgel_dataset_hold_out(d->set, d->p.val_split, d->p.seed, &err) == EDGEL_OK)
        return 0;
    cli_message("--val-split %s", err.msg);
    return CLI_EXIT_USAGE;
}

/* --- a look at all files --- */

static void tell_remark(void *user, const char *text)
{
    const struct cli_run_options *o = user;
    if (!o->quiet)
        cli_message("%s", text);
}

static void tell_fault(void *user, const char *text)
{
    (void)user;
    cli_message("%s", text);
}

static struct edgel_dataset_run look(const struct train_data *d)
{
    struct edgel_dataset_run run = cli_dataset_run(d->p.run);
    run.remark = tell_remark;
    run.fault = tell_fault;
    return run;
}

/* 0 or the exit code of a look that failed. */
static int refuse(const struct train_data *d, enum edgel_status status, size_t failed,
                  const struct edgel_error *err)
{
    if (status == EDGEL_EINTERRUPTED)
        return CLI_EXIT_INTERRUPTED;
    if (status == EDGEL_ENOMEM)
        cli_out_of_memory();
    if (failed)
        cli_message("%zu of %zu images cannot be trained on: nothing was done", failed,
                    edgel_dataset_count(d->set, false) + edgel_dataset_count(d->set, true));
    else if (status != EDGEL_OK)
        cli_message("%s", err->msg);
    return status == EDGEL_OK ? 0 : CLI_EXIT_USAGE;
}

static void tell_labels(const struct train_data *d, const struct edgel_dataset_seen *seen)
{
    if (seen->lossy)
        cli_message(
            "%s: masks are JPEG files, whose values are not quite those that were drawn: PNG keeps them",
            d->p.truth);
    if (d->p.labels == EDGEL_LABELS_AUTO && !d->p.run->quiet)
        cli_message("labels: %s",
                    edgel_dataset_labels(d->set) == EDGEL_LABELS_BINARY
                        ? "binary (the truth holds nothing but 0 and 1, or 0 and the full value)"
                        : "ids");
}

/* Labels, classes, and whether annotators are several. */
static int survey(struct train_data *d)
{
    const struct edgel_dataset_run run = look(d);
    struct edgel_dataset_seen seen;
    struct edgel_error err = { 0 };
    const enum edgel_status status = edgel_dataset_survey(d->set, &run, &seen, &err);
    if (seen.failed == 0 && status != EDGEL_EINTERRUPTED && status != EDGEL_ENOMEM)
        tell_labels(d, &seen);
    if (status == EDGEL_OK && d->p.colors && !seen.colors) {
        cli_message("--colors %s has no use: no mask in %s has colours", d->p.colors, d->p.truth);
        return CLI_EXIT_USAGE;
    }
    if (status == EDGEL_EFORMAT && seen.failed == 0 && score_odd_ids(&seen.ids)) {
        cli_message("%s", err.msg);
        cli_message("if they are classes: --classes FILE or N; to train what %s: --labels binary%s",
                    seen.ids.lossy ? "reaches half of the range against the rest" : "is not 0 against 0",
                    seen.ids.lossy ? "; better write the masks as PNG, from before they were JPEG" : "");
        return CLI_EXIT_USAGE;
    }
    return refuse(d, status, seen.failed, &err);
}

/* What black and white are in the images. */
static int decide_range(struct train_data *d)
{
    const struct edgel_dataset_run run = look(d);
    const bool automatic = edgel_dataset_range(d->set).automatic;
    struct edgel_range_found found;
    struct edgel_error err = { 0 };
    char text[128];
    const enum edgel_status status = edgel_dataset_decide_range(d->set, &run, &found, &err);
    const struct edgel_range range = edgel_dataset_range(d->set);
    edgel_range_text(&range, text, sizeof text);
    if (status == EDGEL_OK && automatic && !d->p.run->quiet)
        cli_range_say(text, &found);
    return refuse(d, status, 0, &err);
}

static int check_all(struct train_data *d)
{
    const struct edgel_dataset_run run = look(d);
    struct edgel_dataset_seen seen;
    struct edgel_error err = { 0 };
    const enum edgel_status status = edgel_dataset_check(d->set, &run, &seen, &err);
    const size_t n = edgel_dataset_count(d->set, true);
    if (status == EDGEL_OK && n > 0 && !seen.counted_validation) {
        cli_message("%s: no pixel of the truth of the %zu validation images counts",
                    d->p.val_truth ? d->p.val_truth : d->p.truth, n);
        return CLI_EXIT_USAGE;
    }
    return refuse(d, status, seen.failed, &err);
}

static void take_classes(struct train_data *d)
{
    const struct edgel_classes *c = edgel_dataset_classes(d->set);
    d->nclasses = (int)c->n;
    d->classes = cli_alloc(c->n, sizeof *d->classes);
    for (size_t i = 0; i < c->n; i++)
        d->classes[i] = (struct edgel_model_class){ c->v[i].id, c->v[i].name };
}

/* --- opening --- */

static enum edgel_status read_lists(struct train_data *d, struct edgel_dataset_params *p,
                                    struct edgel_error *err)
{
    enum edgel_status status = EDGEL_OK;
    if (d->p.ignore)
        status = score_parse_ids("--ignore", d->p.ignore, &d->ignore, &p->nignore, err);
    p->ignore = d->ignore;
    if (status == EDGEL_OK && d->p.colors) {
        status = edgel_colors_read(d->p.colors, &d->colors, err);
        p->colors = &d->colors;
    }
    const bool named = d->p.colors && score_built_in(d->p.colors);
    const char *classes = d->p.classes ? d->p.classes : named ? d->p.colors : NULL;
    if (status == EDGEL_OK && classes && d->p.labels != EDGEL_LABELS_BINARY) {
        status = edgel_classes_read(classes, &d->given, err);
        p->classes = &d->given;
    }
    return status;
}

static enum edgel_status open_set(struct train_data *d, struct edgel_error *err)
{
    struct edgel_dataset_params p;
    edgel_dataset_params_init(&p);
    p.images = d->p.images;
    p.truth = d->p.truth;
    p.valid = d->p.valid;
    p.image_suffix = d->p.image_suffix;
    p.truth_suffix = d->p.truth_suffix;
    p.labels = d->p.labels;
    p.boundaries = d->p.boundaries;
    p.soft_ignore = d->p.soft_ignore;
    p.read = d->p.read;
    p.read.range = d->p.range;
    p.channels = d->p.channels;
    p.cache_bytes = (size_t)d->p.cache_mb << 20;
    const enum edgel_status status = read_lists(d, &p, err);
    return status == EDGEL_OK ? edgel_dataset_open(&p, &d->set, err) : status;
}

static int add_validation(struct train_data *d)
{
    struct edgel_error err = { 0 };
    if (edgel_dataset_add_validation(d->set, d->p.val_images, d->p.val_truth, &err) != EDGEL_OK) {
        cli_message("%s", err.msg);
        return CLI_EXIT_USAGE;
    }
    return check_pairs(d, true, d->p.val_images, d->p.val_truth) ? CLI_EXIT_USAGE : 0;
}

static int open_all(struct train_data *d)
{
    struct edgel_error err = { 0 };
    if (open_set(d, &err) != EDGEL_OK) {
        cli_message("%s", err.msg);
        return CLI_EXIT_USAGE;
    }
    int code = check_pairs(d, false, d->p.images, d->p.truth);
    if (code == 0 && d->p.val_images)
        code = add_validation(d);
    if (check_suffixes(d) != 0) /* also after a failure: a wrong suffix is often its cause */
        code = CLI_EXIT_USAGE;
    if (code == 0 && !d->p.val_images && d->p.val_split > 0)
        code = hold_out(d);
    if (code == 0)
        code = decide_range(d);
    if (code == 0)
        code = survey(d);
    if (code == 0)
        take_classes(d);
    return code ? code : check_all(d);
}

int train_data_open(struct train_data **out, const struct train_data_params *params)
{
    struct train_data *d = *out = cli_alloc(1, sizeof *d);
    d->p = *params;
    const int code = open_all(d);
    if (code)
        train_data_close(out);
    return code;
}

void train_data_close(struct train_data **out)
{
    struct train_data *d = *out;
    if (!d)
        return;
    edgel_dataset_destroy(&d->set);
    edgel_classes_finish(&d->given);
    edgel_colors_finish(&d->colors);
    free(d->classes);
    free(d->ignore);
    free(d);
    *out = NULL;
}

/* --- what it is --- */

enum edgel_status train_data_load(void *user, bool validation, size_t i, struct edgel_sample *out,
                                  struct edgel_error *err)
{
    struct train_data *d = user;
    struct edgel_dataset_sample s;
    const enum edgel_status status = edgel_dataset_load(d->set, validation, i, &s, err);
    *out = (struct edgel_sample){ s.w, s.h, s.channels, s.image, s.label, s.soft };
    return status;
}

size_t train_data_count(const struct train_data *d, bool validation)
{
    return edgel_dataset_count(d->set, validation);
}

const char *train_data_key(const struct train_data *d, bool validation, size_t i)
{
    return edgel_dataset_pair(d->set, validation, i)->key;
}

enum edgel_labels train_data_labels(const struct train_data *d)
{
    return edgel_dataset_labels(d->set);
}

bool train_data_soft(const struct train_data *d)
{
    return edgel_dataset_soft(d->set);
}

struct edgel_range train_data_range(const struct train_data *d)
{
    return edgel_dataset_range(d->set);
}

const struct edgel_model_class *train_data_classes(const struct train_data *d, int *n)
{
    *n = d->nclasses;
    return d->classes;
}
