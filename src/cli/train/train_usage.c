/* Command lines of `edgel train` that are refused before any file is read, and those that are doubtful. */
#include "cli/train/train.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int check_names(const struct cli_args *args)
{
    static const char *const names[] = { "truth",   "val-images", "val-truth", "image-suffix", "truth-suffix",
                                         "valid",   "classes",    "colors",    "arch",         "init",
                                         "augment", "ignore",     NULL };
    for (const char *const *name = names; *name; name++) {
        const char *text = cli_given_text(args, *name);
        if (text && !*text)
            return cli_usage(args->command, "--%s '': must not be empty", *name);
    }
    return 0;
}

static int check_data_usage(const struct cli_args *args)
{
    const struct train_options *o = args->options;
    if (args->noperands != 1)
        return cli_usage(args->command,
                         args->noperands ? "one folder of images is needed, %zu are given"
                                         : "no images given%.0zu",
                         args->noperands);
    if (!o->truth)
        return cli_usage(args->command, "no truth: --truth MASKS is needed");
    if (!o->output)
        return cli_usage(args->command, "no folder for the run: -o RUN is required");
    if (!*o->output)
        return cli_usage(args->command, "--output '': must name a folder");
    if (!o->val_images != !o->val_truth)
        return cli_usage(args->command, "--val-images and --val-truth go together");
    if (o->val_images && o->val_split > 0)
        return cli_usage(args->command, "--val-images and --val-split exclude each other");
    if (cli_given(args, "monitor") && !o->val_images && !(o->val_split > 0))
        return cli_usage(args->command, "--monitor has no use without images to validate on: --val-images or "
                                        "--val-split");
    if (cli_given(args, "soft-ignore") && !o->boundaries)
        return cli_usage(args->command, "--soft-ignore has no use without --boundaries");
    if (o->classes && o->labels == EDGEL_LABELS_BINARY)
        return cli_usage(args->command, "--classes is for ids, and --labels binary has foreground alone");
    return 0;
}

/* A learning rate that is planned to fall to 0 must have risen before, and epochs beyond that would train nothing. */
static int check_planned(const struct cli_args *args)
{
    const struct train_options *o = args->options;
    const bool given = cli_given(args, "schedule-epochs");
    const double planned = given ? o->schedule_epochs : (double)o->epochs;
    if (!edgel_schedule_uses_total((enum edgel_schedule_kind)o->schedule))
        return 0;
    if (o->warmup >= planned)
        return cli_usage(args->command,
                         "--warmup %g: must be below %g, the epochs that --schedule is planned for",
                         o->warmup, planned);
    if (planned <= (double)(o->epochs - 1))
        return cli_usage(args->command,
                         "--schedule-epochs %g: the learning rate would be 0 after %g of %lld --epochs",
                         planned, planned, (long long)o->epochs);
    return 0;
}

static int check_step_usage(const struct cli_args *args)
{
    static const struct {
        const char *option;
        bool optimizer; /* else the schedule */
        int field;
    } uses[] = {
        { "weight-decay", true, TRAIN_DECAY },     { "momentum", true, TRAIN_MOMENTUM },
        { "schedule-epochs", false, TRAIN_TOTAL }, { "lr-every", false, TRAIN_EVERY },
        { "lr-gamma", false, TRAIN_EVERY },        { "lr-power", false, TRAIN_POWER },
    };
    const struct train_options *o = args->options;
    if (cli_given(args, "crops") && o->steps > 0)
        return cli_usage(args->command,
                         "--crops %lld has no use with --steps, which says how many parts an epoch has",
                         (long long)o->crops);
    if (cli_given(args, "lr") && !(o->lr > 0))
        return cli_usage(args->command, "--lr %g: must be above 0", o->lr);
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++) {
        char names[200] = "";
        if (!cli_given(args, uses[i].option))
            continue;
        if (uses[i].optimizer && !train_optimizer_has(o->optimizer, uses[i].field)) {
            train_list_optimizers(names, sizeof names, uses[i].field);
            return cli_usage(args->command, "--%s is for --optimizer %s%s", uses[i].option, names,
                             uses[i].field == TRAIN_DECAY ? "; others have --l2" : "");
        }
        if (!uses[i].optimizer && !train_schedule_has(o->schedule, uses[i].field)) {
            train_list_schedules(names, sizeof names, uses[i].field);
            return cli_usage(args->command, "--%s is for --schedule %s", uses[i].option, names);
        }
    }
    return check_planned(args);
}

static int check_options(const struct cli_args *args)
{
    const struct train_options *o = args->options;
    if (cli_given(args, "pretrain-epochs") && !o->pretrain)
        return cli_usage(args->command, "--pretrain-epochs has no use without --pretrain");
    if (o->pretrain && o->freeze.n > 0)
        return cli_usage(args->command,
                         "--freeze and --pretrain exclude each other: pre-training moves all layers");
    int code = check_names(args);
    if (code == 0)
        code = check_data_usage(args);
    return code ? code : check_step_usage(args);
}

/* a/b -> a, a -> nothing, /a -> /, / stays */
static void cut_last(char *path)
{
    char *slash = strrchr(path, '/');
    *(!slash ? path : slash == path ? path + 1 : slash) = '\0';
}

/* Whether path, which need not exist, is the folder or lies in it. */
static bool lies_in(const char *path, const char *folder)
{
    char *at = cli_strndup(path, strlen(path));
    while (*at && access(at, F_OK) != 0)
        cut_last(at);
    if (!*at) {
        free(at);
        at = cli_strndup(".", 1);
    }
    bool inside = false;
    for (bool root = false; !root && !inside;) {
        char *above = train_path(at, "..");
        inside = edgel_same_file(at, folder);
        root = access(above, F_OK) != 0 || edgel_same_file(at, above); /* or a file, or barred */
        free(at);
        at = above;
    }
    free(at);
    return inside;
}

/* The pictures of a run would be images without truth, and it could not be resumed. */
static int check_place(const struct cli_args *args)
{
    const struct train_options *o = args->options;
    struct stat s;
    if (stat(o->output, &s) == 0 && !S_ISDIR(s.st_mode))
        return cli_usage(args->command, "--%s %s: is no folder", o->resume ? "resume" : "output", o->output);
    const char *const folders[] = { args->operands[0], o->val_images };
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        if (!o->resume && folders[i] && lies_in(o->output, folders[i]))
            return cli_usage(args->command,
                             "--output %s: lies in %s, and the run's pictures would be among its images",
                             o->output, folders[i]);
    return 0;
}

int train_check_usage(const struct cli_args *args)
{
    const int code = check_options(args);
    return code ? code : check_place(args);
}

void train_tell_doubts(const struct cli_args *args)
{
    const struct train_options *o = args->options;
    if (o->run.quiet)
        return;
    if (train_schedule_has(o->schedule, TRAIN_EVERY) && o->warmup + o->every >= (double)o->epochs)
        cli_message("--schedule %s: the first step comes %g epochs after the warm-up (--lr-every), and %lld "
                    "epochs end before it",
                    train_schedules[o->schedule], o->every, (long long)o->epochs);
    if (o->val_images && edgel_same_file(o->val_images, args->operands[0]))
        cli_message(
            "--val-images %s: these are the training images; the scores will say nothing about other images",
            o->val_images);
}
