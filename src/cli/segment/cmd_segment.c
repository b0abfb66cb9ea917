/* `edgel segment`: a trained model over files and folders. */
#include "cli/segment/segment.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct segment_options {
    const char *model;
    int emit, depth; /* indices of the choices */
    double threshold;
    int64_t memory;
    struct folder_options folder;
    struct cli_read_options read;
    struct cli_range_options range;
};

/* --- the table --- */

static const char *const emit_names[] = { "mask", "probability", "overlay", "instances", "objects", NULL };
static const char *const depth_names[] = { "8", "16", "32", NULL };

static const struct cli_option output_rows[] = {
    FOLDER_OUTPUT_ROWS(segment_options, "a single input file",
                       "{stem}.png; probabilities of several classes {stem}_{class}.png; objects {stem}.csv",
                       "{op} the value of --emit, {class} and {n} the class and its number"),
    { 0 },
};

static const struct cli_option model_rows[] = {
    { .name = "model",
      .letter = 'm',
      .kind = CLI_STRING,
      .metavar = "MODEL",
      .at = offsetof(struct segment_options, model),
      .help = "Model file, as written by edgel train. Required." },
    { .name = "emit",
      .kind = CLI_CHOICE,
      .at = offsetof(struct segment_options, emit),
      .choices = emit_names,
      .def = "mask",
      .help =
          "What to write for each image. mask: the class of each pixel. probability: the probabilities. overlay: the "
          "image with the classes in colour over it. instances: a 16-bit map that numbers the connected components. "
          "objects: a CSV table of the components." },
    { .name = "threshold",
      .kind = CLI_REAL,
      .metavar = "T",
      .at = offsetof(struct segment_options, threshold),
      .min = 0,
      .max = 1,
      .note = "the model's, else 0.5",
      .help = "For models with one output: a pixel is foreground if its probability is T or more." },
    { .name = "depth",
      .kind = CLI_CHOICE,
      .at = offsetof(struct segment_options, depth),
      .choices = depth_names,
      .note = "8; PFM: 32",
      .help = "Bits per sample of probabilities; the full range stands for 1. 32: float samples." },
    { .name = "memory",
      .kind = CLI_INT,
      .metavar = "MIB",
      .at = offsetof(struct segment_options, memory),
      .min = 1,
      .max = 1 << 24,
      .def = "1024",
      .help =
          "Memory for running the network, all threads together. An image that needs more is cut into tiles, which "
          "overlap by the receptive field. The output does not depend on it." },
    { 0 },
};

static const struct cli_group groups[] = {
    { "Output", output_rows, 0 },
    { "Outputs that exist, and runs that were interrupted", folder_rows,
      offsetof(struct segment_options, folder) },
    { "Model", model_rows, 0 },
    { "Inputs", cli_input_rows, offsetof(struct segment_options, folder.inputs) },
    { "Reading", cli_read_rows, offsetof(struct segment_options, read) },
    { "Samples (unless --range is given, as the model was trained)", cli_range_rows,
      offsetof(struct segment_options, range) },
    { "Parts of a run", cli_shard_rows, offsetof(struct segment_options, folder.part) },
    { "Running", cli_run_rows, offsetof(struct segment_options, folder.run) },
    { 0 },
};

/* --- the run --- */

/* Which files an image has: the planes of probabilities, and what {op} and {class} stand for. */
struct outputs {
    int *planes;
    const char **ops, **classes;
    char **names; /* what classes point to */
    size_t n;
};

/* A class as part of a file name: slashes and control characters are "_". */
static char *as_file_name(const char *name)
{
    char *s = cli_strndup(name, strlen(name));
    for (char *p = s; *p; p++)
        if (*p == '/' || (unsigned char)*p < 0x20 || *p == 0x7F)
            *p = '_';
    return s;
}

static void add_output(struct outputs *o, const struct segment_job *job, int plane)
{
    o->planes[o->n] = plane;
    o->ops[o->n] = emit_names[job->emit];
    o->names[o->n] = as_file_name(job->info.classes[plane].name);
    o->classes[o->n] = o->names[o->n];
    o->n++;
}

/* Probabilities: all classes; of foreground or not, foreground. Else one file, whose {class} is that of the one
 * output. */
static void list_outputs(const struct segment_job *job, struct outputs *o)
{
    const size_t most = (size_t)job->info.outputs;
    *o = (struct outputs){ .planes = cli_alloc(most, sizeof *o->planes),
                           .ops = cli_alloc(most, sizeof *o->ops),
                           .classes = cli_alloc(most, sizeof *o->classes),
                           .names = cli_alloc(most, sizeof *o->names) };
    if (job->emit != EMIT_PROBABILITY) {
        add_output(o, job, 0);
        return;
    }
    for (int k = 0; k < job->info.outputs; k++)
        if (!segment_is_binary(job) || job->info.classes[k].id != 0)
            add_output(o, job, k);
}

static void free_outputs(struct outputs *o)
{
    for (size_t m = 0; m < o->n; m++)
        free(o->names[m]);
    free(o->names);
    free(o->planes);
    free((void *)o->ops);
    free((void *)o->classes);
}

static void add_settings(const struct segment_job *job, struct folder_settings *s)
{
    char text[64];
    snprintf(text, sizeof text, "%016llx", (unsigned long long)job->model_hash);
    folder_setting(s, "-m", text);
    folder_setting(s, "--emit", emit_names[job->emit]);
    snprintf(text, sizeof text, "%.17g", job->threshold);
    folder_setting(s, "--threshold", text);
    snprintf(text, sizeof text, "%d", job->depth);
    folder_setting(s, "--depth", text);
    folder_setting(s, "--no-orient", job->read->orient ? "off" : "on");
    folder_setting(s, "--lenient", job->read->lenient ? "on" : "off");
}

static enum edgel_status check_name(void *user, size_t m, const char *path, struct edgel_error *err)
{
    struct edgel_write write;
    int depth;
    (void)m;
    return segment_fit(user, path, &depth, &write, err);
}

static enum edgel_status load(const char *path, struct edgel_model **model, uint64_t *hash,
                              struct edgel_error *err)
{
    struct edgel_bytes bytes = { 0 };
    enum edgel_status s = edgel_file_read(path, EDGEL_FILE_MODEL, NULL, &bytes, err);
    if (s == EDGEL_OK) {
        *hash = edgel_hash_bytes(EDGEL_HASH_START, bytes.data, bytes.size);
        s = edgel_model_decode(bytes.data, bytes.size, path, model, err);
    }
    edgel_bytes_finish(&bytes);
    return s;
}

static int check_options(const struct cli_args *args, const struct segment_job *job)
{
    const struct segment_options *o = args->options;
    if (job->info.in_channels != 1 && job->info.in_channels != 3)
        return cli_usage(args->command, "%s: takes %d channels; images have 1 or 3", o->model,
                         job->info.in_channels);
    if (cli_given(args, "depth") && job->emit != EMIT_PROBABILITY)
        return cli_usage(args->command, "--depth: is for --emit probability");
    if (cli_given(args, "threshold") && job->emit == EMIT_PROBABILITY)
        return cli_usage(args->command, "--threshold: probabilities have none");
    if (cli_given(args, "threshold") && job->info.outputs > 1)
        return cli_usage(args->command, "--threshold: the model has %d outputs; the largest decides",
                         job->info.outputs);
    return CLI_EXIT_OK;
}

/* The files of one image need names of their own. */
static int check_template(const struct cli_args *args, const struct segment_job *job, const struct outputs *o)
{
    const char *name = ((const struct segment_options *)args->options)->folder.name;
    if (o->n == 1 || (name && strstr(name, "{n}")))
        return 0;
    if (name && !strstr(name, "{class}"))
        return cli_usage(args->command,
                         "--name %s: needs {class} or {n}, as each image gets %zu files, one a class", name,
                         o->n);
    for (size_t m = 1; m < o->n; m++)
        for (size_t k = 0; k < m; k++)
            if (strcmp(o->names[k], o->names[m]) == 0)
                return cli_usage(
                    args->command,
                    "classes %d and %d are both '%s' in names of files: --name with {n} tells them apart",
                    job->info.classes[o->planes[k]].id, job->info.classes[o->planes[m]].id, o->names[m]);
    return 0;
}

static enum edgel_status survey(void *user, const struct edgel_inputs *inputs, const char **range,
                                struct edgel_error *err)
{
    struct segment_job *job = user;
    const struct edgel_read read = cli_read_params(job->read, EDGEL_DECODE_COLOR);
    return folder_decide_range(&job->range, &job->asked, job->folder, &read, false, inputs, range, err);
}

/* --range, or the one that the model was trained with. */
static int choose_range(const struct cli_args *args, struct segment_job *job)
{
    const struct segment_options *o = args->options;
    const char *note = edgel_model_note(job->model, "range");
    struct edgel_error err = { 0 };
    job->asked = o->range.range;
    if (cli_given(args, "range") || !note)
        return CLI_EXIT_OK;
    if (edgel_range_parse("range", note, &job->asked, &err) != EDGEL_OK || job->asked.automatic) {
        cli_message("%s: the range %s that it names is none", o->model, note);
        return CLI_EXIT_USAGE;
    }
    return CLI_EXIT_OK;
}

static int run_with(const struct cli_args *args, struct segment_job *job)
{
    const struct segment_options *o = args->options;
    struct outputs outputs;
    list_outputs(job, &outputs);
    job->planes = outputs.planes;
    job->noutputs = outputs.n;
    const bool one_class = job->info.outputs == 1 || job->emit == EMIT_PROBABILITY;
    struct folder_settings settings = { 0 };
    struct edgel_folder_run run;
    edgel_folder_run_init(&run);
    run.noutputs = outputs.n;
    run.methods = outputs.ops;
    run.classes = one_class ? outputs.classes : NULL;
    if (job->emit == EMIT_OBJECTS)
        run.extension = "csv";
    if (job->emit == EMIT_OBJECTS || outputs.n > 1)
        run.default_name = job->emit == EMIT_OBJECTS ? "{stem}.csv" : "{stem}_{class}.png";
    run.user = job;
    run.begin = segment_begin;
    run.end = segment_end;
    run.write = segment_image;
    run.check = check_name;
    run.survey = survey;
    int code = check_template(args, job, &outputs);
    if (code == 0) {
        add_settings(job, &settings);
        code = folder_run(args, &o->folder, "segment", &run, &settings);
    }
    free_outputs(&outputs);
    return code;
}

static int run_segment(const struct cli_args *args)
{
    struct segment_options *o = args->options;
    o->folder.max_file = cli_file_bytes(&o->read);
    struct edgel_error err = { 0 };
    struct edgel_model *model = NULL;
    int code = o->model ? folder_check_usage(args, &o->folder)
                        : cli_usage(args->command, "no model: -m MODEL is required");
    if (code != CLI_EXIT_OK)
        return code;
    struct segment_job job = { .emit = (enum segment_emit)o->emit,
                               .depth = cli_given(args, "depth")
                                            ? (int)strtol(depth_names[o->depth], NULL, 10)
                                            : 0,
                               .read = &o->read,
                               .folder = &o->folder,
                               .memory_bytes = (size_t)o->memory << 20 };
    if (load(o->model, &model, &job.model_hash, &err) != EDGEL_OK) {
        cli_message("%s", err.msg);
        return CLI_EXIT_USAGE;
    }
    job.model = model;
    edgel_model_describe(model, &job.info);
    cli_tell_unhashed(o->model, job.info.unhashed && o->folder.run.verbose);
    job.threshold = cli_given(args, "threshold") ? o->threshold : job.info.threshold;
    edgel_palette_voc(&job.palette);
    code = check_options(args, &job);
    if (code == CLI_EXIT_OK)
        code = choose_range(args, &job);
    if (code == CLI_EXIT_OK)
        code = run_with(args, &job);
    edgel_model_destroy(&model);
    return code;
}

const struct cli_command cli_command_segment = {
    .name = "segment",
    .summary = "run a trained model: masks, probabilities, objects",
    .synopsis = "-m MODEL [OPTION]... -o OUT INPUT...",
    .description =
        "Runs a model over files and folders. Folders are read recursively in sorted order; images are recognised by "
        "their content, not by their names. Outputs appear complete or not at all. An image that fails is reported, "
        "and the run goes on. Outputs are the same bytes for any number of threads, CPU level and --memory.\n\n"
        "A mask holds for each pixel the id of the class with the largest probability, as a palette PNG with the "
        "colours of Pascal VOC (16-bit gray if an id is above 255). Binary models and models of boundaries write 1-bit "
        "PNG; foreground is white. Probabilities are gray images, one for each class; binary models write one, of the "
        "foreground.\n\n"
        "Instances and objects are connected components: pixels of one class, joined by sides or corners. Pixels of "
        "id 0 belong to none. The table has the columns id, class, name, area, x, y, w, h (bounding box) and cx, cy "
        "(centroid; pixel centres have whole coordinates).\n\n"
        "Each thread works on an image of its own. With fewer images than threads, several threads share an image.",
    .groups = groups,
    .examples =
        (const struct cli_example[]){
            { "Masks of a folder by a model (here one with random weights)",
              "edgel model new --outputs 3 -o m.safetensors linear && "
              "edgel segment -m m.safetensors -o masks data/scenes/images" },
            { "Probabilities as 16-bit images",
              "edgel model new -o m.safetensors linear && "
              "edgel segment -m m.safetensors --emit probability --depth 16 -o soft data/scenes/images" },
            { 0 },
        },
    .exits = cli_batch_exits,
    .options_size = sizeof(struct segment_options),
    .run = run_segment,
};
