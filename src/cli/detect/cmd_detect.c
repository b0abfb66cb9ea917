/* `edgel detect`: edge and filter operators over files and folders. */
#include "cli/detect/detect.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct detect_options {
    struct cli_list methods;
    struct folder_options folder;
    union edgel_param_value unused; /* detect_tasks() reads the texts of parameters */
    struct cli_read_options read;
    struct cli_range_options range;
    struct detect_tiff tiff;
    int64_t stream_over;
};

/* --- the table --- */

static const struct cli_option output_rows[] = {
    FOLDER_OUTPUT_ROWS(detect_options, "a single input file and a single method", "{stem}.png",
                       "{op} and {n} the method (with the values of its ranges) and its number"),
    { 0 },
};

static const struct cli_option memory_rows[] = {
    { .name = "stream-over",
      .kind = CLI_INT,
      .metavar = "PIXELS",
      .at = offsetof(struct detect_options, stream_over),
      .min = 0,
      .max = 9e15,
      .def = "67108864",
      .help =
          "Images with more pixels are read, filtered and written row by row: the output is the same, and memory does "
          "not grow with the image (canny: two bits a pixel; TIFF: a packed strip or a row of tiles). Small pages of "
          "much larger files are treated alike. The whole image is needed for interlaced PNG, JPEG of several scans, "
          "images to be turned, --lenient, PFM, and thresholds in P% or auto." },
    { 0 },
};

static const struct cli_group groups[] = {
    { "Output", output_rows, 0 },
    { "Outputs that exist, and runs that were interrupted", folder_rows,
      offsetof(struct detect_options, folder) },
    { "Methods", detect_method_rows, offsetof(struct detect_options, methods) },
    { "Method parameters (for every chosen method; as key=value in -m for one)", detect_param_rows,
      offsetof(struct detect_options, unused) },
    { "Inputs", cli_input_rows, offsetof(struct detect_options, folder.inputs) },
    { "Reading", cli_read_rows, offsetof(struct detect_options, read) },
    { "Samples", cli_range_rows, offsetof(struct detect_options, range) },
    { "TIFF", detect_tiff_rows, offsetof(struct detect_options, tiff) },
    { "Parts of a run", cli_shard_rows, offsetof(struct detect_options, folder.part) },
    { "Large images", memory_rows, 0 },
    { "Running", cli_run_rows, offsetof(struct detect_options, folder.run) },
    { 0 },
};

/* --- the run --- */

static enum edgel_status begin(void *user, int threads, int inner, struct edgel_error *err)
{
    struct detect_job *job = user;
    job->workers = cli_alloc((size_t)threads, sizeof *job->workers);
    for (int t = 0; t < threads; t++)
        detect_worker_init(&job->workers[t], inner, job->ntasks);
    (void)err; /* the program ends when memory does */
    return EDGEL_OK;
}

static void end(void *user, int threads)
{
    struct detect_job *job = user;
    for (int t = 0; t < threads; t++)
        detect_worker_finish(&job->workers[t]);
    free(job->workers);
}

static enum edgel_status write_outputs(void *user, int thread, struct edgel_folder_image *image,
                                       struct edgel_error *err)
{
    const struct detect_job *job = user;
    return detect_image(job, &job->workers[thread], image, err);
}

static enum edgel_status check_name(void *user, size_t m, const char *path, struct edgel_error *err)
{
    const struct detect_job *job = user;
    struct edgel_method method = job->tasks[m];
    struct edgel_write write;
    enum edgel_status s = detect_fit(path, job->tiff, &method, &write, err);
    return s == EDGEL_OK ? edgel_method_check(&method, err) : s;
}

enum { NAME_BYTES = 64, VALUE_BYTES = 64 };

static void add_methods(struct folder_settings *s, const struct detect_job *job)
{
    size_t size = 1;
    for (size_t m = 0; m < job->ntasks; m++)
        size += strlen(job->tasks[m].info->name) + 1;
    char *names = cli_alloc(size, 1);
    for (size_t m = 0; m < job->ntasks; m++) {
        strcat(names, m ? "," : "");
        strcat(names, job->tasks[m].info->name);
    }
    folder_setting(s, "-m", names);
    free(names);
    for (size_t m = 0; m < job->ntasks; m++) {
        char name[NAME_BYTES], value[VALUE_BYTES];
        const struct edgel_method_info *info = job->tasks[m].info;
        for (int k = 0; k < info->nparams; k++) {
            const char *key = info->params[k].key;
            edgel_method_text(&job->tasks[m], k, value, sizeof value);
            snprintf(name, sizeof name, "--%s (%s)", key, info->name);
            if (job->ntasks > 1)
                snprintf(name, sizeof name, "--%s (%s, method %zu)", key, info->name, m + 1);
            folder_setting(s, name, value);
        }
    }
}

static void add_tiff(struct folder_settings *s, const struct detect_tiff *tiff)
{
    char page[VALUE_BYTES], tile[VALUE_BYTES];
    snprintf(page, sizeof page, "%d", tiff->page > 1 ? tiff->page : 1);
    snprintf(tile, sizeof tile, "%d", tiff->tile);
    folder_setting(s, "--page", tiff->page == DETECT_ALL_PAGES ? "all" : page);
    folder_setting(s, "--tile", tiff->tile ? tile : "none");
}

static void add_settings(const struct detect_job *job, struct folder_settings *s)
{
    add_methods(s, job);
    folder_setting(s, "--no-orient", job->read->orient ? "off" : "on");
    folder_setting(s, "--lenient", job->read->lenient ? "on" : "off");
    add_tiff(s, job->tiff);
}

static void take_scales(void *user, enum edgel_type type, struct edgel_scale *scales)
{
    const struct detect_job *job = user;
    for (size_t m = 0; m < job->ntasks; m++) {
        const struct edgel_method_scale scale = edgel_method_scale_of(&job->tasks[m], type);
        if (scale.full > 0)
            scales[m] = (struct edgel_scale){ scale.full, scale.linear };
    }
}

static enum edgel_status survey(void *user, const struct edgel_inputs *inputs, const char **range,
                                struct edgel_error *err)
{
    struct detect_job *job = user;
    const bool all = job->tiff->page == DETECT_ALL_PAGES;
    struct edgel_read read = cli_read_params(job->read, EDGEL_DECODE_COLOR);
    read.page = all ? 0 : job->tiff->page;
    return folder_decide_range(&job->range, job->asked, job->folder, &read, all, inputs, range, err);
}

static int run_with(const struct cli_args *args, const struct detect_tasks *tasks)
{
    const struct detect_options *o = args->options;
    struct detect_job job = { .tasks = tasks->v,
                              .labels = (const char *const *)tasks->labels,
                              .ntasks = tasks->n,
                              .read = &o->read,
                              .tiff = &o->tiff,
                              .folder = &o->folder,
                              .asked = &o->range.range,
                              .stream_over = (uint64_t)o->stream_over };
    struct folder_settings settings = { 0 };
    struct edgel_folder_run run;
    edgel_folder_run_init(&run);
    run.noutputs = job.ntasks;
    run.methods = job.labels;
    run.user = &job;
    run.begin = begin;
    run.end = end;
    run.write = write_outputs;
    run.check = check_name;
    run.scales = take_scales;
    run.survey = survey;
    add_settings(&job, &settings);
    return folder_run(args, &o->folder, "detect", &run, &settings);
}

static int run_detect(const struct cli_args *args)
{
    struct detect_options *o = args->options;
    o->folder.max_file = cli_file_bytes(&o->read);
    struct detect_tasks tasks = { 0 };
    int code = folder_check_usage(args, &o->folder);
    if (code == CLI_EXIT_OK)
        code = detect_tasks_make(args, &o->methods, &tasks);
    if (code == CLI_EXIT_OK)
        code = run_with(args, &tasks);
    detect_tasks_free(&tasks);
    return code;
}

const struct cli_command cli_command_detect = {
    .name = "detect",
    .summary = "find edges with Canny and other operators",
    .synopsis = "[-m METHOD[:key=value,...]]... [OPTION]... -o OUT INPUT...",
    .description =
        "Runs edge and filter operators over files and folders. Folders are read recursively in sorted order; images "
        "are recognised by their content, not by their names. Each image is decoded once and given to every method. "
        "Its outputs appear complete or not at all. An image that fails is reported, and the run goes on.\n\n"
        "With input folder 'in', in/a/b.jpg becomes OUT/a/b.png; with several methods OUT/METHOD/a/b.png. Inputs are "
        "never written to.",
    .more = detect_describe,
    .groups = groups,
    .make_rows = detect_make_rows,
    .examples =
        (const struct cli_example[]){
            { "Canny edge maps of a folder", "edgel detect -o edges data/scenes/images" },
            { "Two methods from one decode, each with its own parameters",
              "edgel detect -m canny:sigma=2,low=30,high=90 -m sobel:aperture=5 -o out data/scenes/images" },
            { "Nine pairs of thresholds, to be compared by edgel eval",
              "edgel detect -m canny:low=20..40/10,high=60..100/20 -o sweep data/scenes/images" },
            { "Thinned gradient strength, to be scored over many thresholds",
              "edgel detect --emit strength --sigma 2 -o soft data/scenes/images" },
            { "List what would be written, without writing",
              "edgel detect --dry-run --name '{stem}_{op}.png' -m canny -m scharr -o out2 data/scenes/images" },
            { 0 },
        },
    .exits = cli_batch_exits,
    .options_size = sizeof(struct detect_options),
    .run = run_detect,
};
