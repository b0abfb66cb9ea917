/* `edgel model`: what a model is, whether a file is one, and other forms of it. */
#include "cli/cli.h"
#include "edgel/train.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct model_size {
    int w, h;
};

struct model_options {
    struct model_size size;
    int64_t outputs, seed;
    int init;      /* enum edgel_init */
    int overwrite; /* 1: over a file that is there */
    const char *output, *onnx;
    bool logits, unfolded;
};

/* --- the table --- */

static enum edgel_status take_size(void *options, const char *what, const char *text, struct edgel_error *err)
{
    struct model_size *size = &((struct model_options *)options)->size;
    const char *x = strchr(text, 'x');
    int64_t w, h;
    if (!x)
        return edgel_error_set(err, EDGEL_EINVAL, "%s %s: must be WIDTHxHEIGHT", what, text);
    char *width = cli_strndup(text, (size_t)(x - text));
    enum edgel_status s = edgel_parse_int(what, width, 1, 1 << 20, &w, err);
    free(width);
    if (s == EDGEL_OK)
        s = edgel_parse_int(what, x + 1, 1, 1 << 20, &h, err);
    if (s == EDGEL_OK)
        *size = (struct model_size){ (int)w, (int)h };
    return s;
}

static const char *const init_names[] = { "he", "xavier", NULL };
static const char *const existing_names[] = { "error", "overwrite", NULL };

static const struct cli_option model_rows[] = {
    { .name = "size",
      .kind = CLI_CALL,
      .metavar = "WxH",
      .call = take_size,
      .def = "256x256",
      .help = "summary: size of the image for which shapes, multiply-adds and memory are shown." },
    { .name = "outputs",
      .kind = CLI_INT,
      .metavar = "N",
      .at = offsetof(struct model_options, outputs),
      .min = 1,
      .max = EDGEL_MODEL_OUTPUTS_MAX,
      .def = "1",
      .help =
          "summary, new: number of outputs where a preset or architecture says out=classes: 1 for a binary model, "
          "else one for each class." },
    { .name = "output",
      .letter = 'o',
      .kind = CLI_STRING,
      .metavar = "FILE",
      .at = offsetof(struct model_options, output),
      .help = "new: the model file to write." },
    { .name = "seed",
      .kind = CLI_INT,
      .metavar = "N",
      .at = offsetof(struct model_options, seed),
      .min = 0,
      .max = 9e15,
      .def = "1",
      .help = "new: seed of the random starting weights." },
    { .name = "init",
      .kind = CLI_CHOICE,
      .at = offsetof(struct model_options, init),
      .choices = init_names,
      .def = "he",
      .help = "new: rule for the variance of the starting weights." },
    { .name = "onnx",
      .kind = CLI_STRING,
      .metavar = "FILE",
      .at = offsetof(struct model_options, onnx),
      .help = "export: the ONNX file to write." },
    { .name = "logits",
      .kind = CLI_FLAG,
      .at = offsetof(struct model_options, logits),
      .help = "export: end the graph with logits instead of probabilities." },
    { .name = "unfolded",
      .kind = CLI_FLAG,
      .at = offsetof(struct model_options, unfolded),
      .help =
          "export: keep batch normalisation as layers of its own instead of folding it into the convolutions." },
    { .name = "existing",
      .kind = CLI_CHOICE,
      .at = offsetof(struct model_options, overwrite),
      .choices = existing_names,
      .def = "error",
      .help = "new, export: if the file to write exists, refuse or replace it." },
    { 0 },
};

/* --- summary --- */

/* "1.23 G"; below 10,000 the number itself. */
static const char *with_prefix(double v, char buf[32])
{
    static const char *const prefixes[] = { "", " K", " M", " G", " T", " P", " E" };
    size_t k = 0;
    if (v < 10000) {
        snprintf(buf, 32, "%.0f", v);
        return buf;
    }
    for (; v >= 1000 && k + 1 < sizeof prefixes / sizeof *prefixes; k++)
        v /= 1000;
    snprintf(buf, 32, "%.*f%s", v < 10 ? 2 : v < 100 ? 1 : 0, v, prefixes[k]);
    return buf;
}

enum { COLUMNS = 7 };

struct summary_row {
    char cell[COLUMNS][176];
};

static void fill_row(const struct edgel_layer *l, struct summary_row *row)
{
    char macs[32];
    snprintf(row->cell[0], sizeof row->cell[0], "%s", l->name);
    snprintf(row->cell[1], sizeof row->cell[1], "%s", l->op);
    snprintf(row->cell[2], sizeof row->cell[2], "%s", l->text);
    snprintf(row->cell[3], sizeof row->cell[3], "%d x %d x %d", l->channels, l->h, l->w);
    snprintf(row->cell[4], sizeof row->cell[4], "%zu", l->params);
    snprintf(row->cell[5], sizeof row->cell[5], "%s", with_prefix(l->macs, macs));
    snprintf(row->cell[6], sizeof row->cell[6], l->field ? "%d" : "> 2^20", l->field);
}

static void print_rows(const struct summary_row *rows, size_t n)
{
    int width[COLUMNS] = { 0 };
    for (size_t i = 0; i < n; i++)
        for (int c = 0; c < COLUMNS; c++) {
            const int length = (int)strlen(rows[i].cell[c]);
            width[c] = length > width[c] ? length : width[c];
        }
    for (size_t i = 0; i < n; i++)
        for (int c = 0; c < COLUMNS; c++) {
            printf("%*s", c < 4 ? -width[c] : width[c], rows[i].cell[c]);
            fputs(c + 1 < COLUMNS ? "  " : "\n", stdout);
        }
}

static void print_layers(const struct edgel_layer *layers, size_t n)
{
    static const struct summary_row titles = { { "layer", "operator", "inputs, attributes", "output",
                                                 "parameters", "multiply-adds", "field" } };
    struct summary_row *rows = cli_alloc(n + 1, sizeof *rows);
    rows[0] = titles;
    for (size_t i = 0; i < n; i++)
        fill_row(&layers[i], &rows[i + 1]);
    print_rows(rows, n + 1);
    free(rows);
}

static enum edgel_status print_summary(const struct edgel_model *m, struct model_size size,
                                       struct edgel_error *err)
{
    struct edgel_model_info info;
    size_t bytes;
    char macs_text[32], bytes_text[32];
    double macs = 0;
    edgel_model_describe(m, &info);
    const size_t n = (size_t)info.layers + 1;
    struct edgel_layer *layers = cli_alloc(n, sizeof *layers);
    enum edgel_status s = edgel_model_layers(m, size.w, size.h, layers, err);
    if (s == EDGEL_OK)
        s = edgel_model_memory(m, size.w, size.h, &bytes, err);
    if (s == EDGEL_OK) {
        print_layers(layers, n);
        for (size_t i = 0; i < n; i++)
            macs += layers[i].macs;
        printf("\n%d output%s (%s), %zu parameters, %zu running estimates\n", info.outputs,
               info.outputs == 1 ? "" : "s", info.sigmoid ? "sigmoid" : "softmax", info.params, info.buffers);
        if (layers[n - 1].field)
            printf("each pixel depends on %d x %d pixels\n", layers[n - 1].field, layers[n - 1].field);
        printf("an image of %dx%d takes %s multiply-adds and %sB of memory\n", size.w, size.h,
               with_prefix(macs, macs_text), with_prefix((double)bytes, bytes_text));
    }
    free(layers);
    return s;
}

/* --- show --- */

static enum edgel_status print_architecture(const struct edgel_model *m, struct edgel_error *err)
{
    char *text = edgel_model_text(m);
    if (!text)
        return edgel_error_set(err, EDGEL_ENOMEM, "out of memory");
    printf("%s", text);
    edgel_model_free(text);
    return EDGEL_OK;
}

static void print_reals(const char *title, const double *v, int n)
{
    printf("%s", title);
    for (int i = 0; i < n; i++)
        printf(" %.6g", v[i]);
    puts("");
}

/* Notes come with the file: no control character of theirs reaches the terminal, but the end of a line. */
static void print_note(const char *key, const char *value)
{
    printf("note %s: ", key);
    for (const unsigned char *c = (const unsigned char *)value; *c; c++)
        if ((*c < 0x20 && *c != '\n') || *c == 0x7F)
            printf("\\x%02x", *c);
        else
            putchar(*c);
    putchar('\n');
}

static enum edgel_status print_model(const struct edgel_model *m, struct edgel_error *err)
{
    struct edgel_model_info info;
    const char *key;
    edgel_model_describe(m, &info);
    printf("inputs %d\noutputs %d (%s)\nlabels %s\n", info.in_channels, info.outputs,
           info.sigmoid ? "sigmoid" : "softmax", edgel_model_labels_name(info.labels));
    if (info.sigmoid)
        printf("threshold %g\n", info.threshold);
    print_reals("mean", info.mean, info.in_channels);
    print_reals("deviation", info.deviation, info.in_channels);
    for (int i = 0; i < info.outputs; i++)
        printf("class %d %s\n", info.classes[i].id, info.classes[i].name);
    for (int k = 0; (key = edgel_model_note_key(m, k)) != NULL; k++)
        print_note(key, edgel_model_note(m, key));
    printf("\n");
    return print_architecture(m, err);
}

/* --- actions --- */

static int fail_with(const struct edgel_error *err)
{
    cli_message("%s", err->msg);
    return CLI_EXIT_FAILED;
}

/* The model cannot be read: nothing begins. */
static int refuse(const struct edgel_error *err)
{
    cli_message("%s", err->msg);
    return err->code == EDGEL_ENOMEM ? CLI_EXIT_FAILED : CLI_EXIT_USAGE;
}

static struct edgel_model_params start_of(const struct model_options *o)
{
    struct edgel_model_params fresh;
    edgel_model_params_init(&fresh);
    fresh.outputs = (int)o->outputs;
    fresh.init = (enum edgel_init)o->init;
    fresh.seed = (uint64_t)o->seed;
    return fresh;
}

static int run_summary(const struct cli_args *args)
{
    const struct model_options *o = args->options;
    const struct edgel_model_params start = start_of(o);
    struct edgel_error err = { 0 };
    struct edgel_model *m;
    bool trained;
    if (args->noperands != 2)
        return cli_usage(args->command, "summary takes one model, preset or architecture");
    if (edgel_model_open(args->operands[1], &start, &m, &trained, &err) != EDGEL_OK)
        return refuse(&err);
    if (trained && cli_given(args, "outputs")) {
        edgel_model_destroy(&m);
        return cli_usage(args->command, "--outputs: %s is a model, its outputs are fixed", args->operands[1]);
    }
    const enum edgel_status s = print_summary(m, o->size, &err);
    edgel_model_destroy(&m);
    return s == EDGEL_OK ? CLI_EXIT_OK : fail_with(&err);
}

static int run_show(const struct cli_args *args)
{
    const struct edgel_model_params start = start_of(args->options);
    struct edgel_error err = { 0 };
    struct edgel_model *m;
    bool trained;
    if (args->noperands != 2)
        return cli_usage(args->command, "show takes one model, preset or architecture");
    if (edgel_model_open(args->operands[1], &start, &m, &trained, &err) != EDGEL_OK)
        return refuse(&err);
    const enum edgel_status s = trained ? print_model(m, &err) : print_architecture(m, &err);
    edgel_model_destroy(&m);
    return s == EDGEL_OK ? CLI_EXIT_OK : fail_with(&err);
}

static int run_check(const struct cli_args *args)
{
    int code = CLI_EXIT_OK;
    if (args->noperands < 2)
        return cli_usage(args->command, "check takes model files");
    for (size_t i = 1; i < args->noperands; i++) {
        struct edgel_error err = { 0 };
        struct edgel_model_info info;
        struct edgel_model *m;
        const enum edgel_status s = edgel_model_read(args->operands[i], &m, &err);
        if (s != EDGEL_OK) {
            const int bad = s == EDGEL_EIO ? refuse(&err) : fail_with(&err);
            code = bad > code ? bad : code;
            continue;
        }
        edgel_model_describe(m, &info);
        printf("%s: ok, %d layer%s, %zu parameters, %d output%s\n", args->operands[i], info.layers,
               info.layers == 1 ? "" : "s", info.params, info.outputs, info.outputs == 1 ? "" : "s");
        cli_tell_unhashed(args->operands[i], info.unhashed);
        edgel_model_destroy(&m);
    }
    return code;
}

/* Standard output, a device or a pipe is written into, not replaced. */
static int check_output(const struct cli_args *args, const char *option, const char *path)
{
    const struct model_options *o = args->options;
    struct stat s;
    if (strcmp(path, "-") == 0)
        return 0;
    if (edgel_same_file(args->operands[1], path))
        return cli_usage(args->command, "--%s %s: is the input; inputs are never written to", option, path);
    if (!o->overwrite && stat(path, &s) == 0 && S_ISREG(s.st_mode))
        return cli_usage(args->command, "--%s %s: exists already; --existing overwrite replaces it", option,
                         path);
    return 0;
}

static int run_new(const struct cli_args *args)
{
    const struct model_options *o = args->options;
    const struct edgel_model_params start = start_of(o);
    struct edgel_error err = { 0 };
    struct edgel_model *m;
    bool trained;
    if (args->noperands != 2)
        return cli_usage(args->command, "new takes one preset or architecture");
    if (!o->output)
        return cli_usage(args->command, "new: no output: -o FILE is required");
    if (check_output(args, "output", o->output) != 0)
        return CLI_EXIT_USAGE;
    if (edgel_model_open(args->operands[1], &start, &m, &trained, &err) != EDGEL_OK)
        return refuse(&err);
    if (trained) {
        edgel_model_destroy(&m);
        return cli_usage(args->command, "%s: is a model already", args->operands[1]);
    }
    const enum edgel_status s = edgel_model_write(o->output, m, &err);
    edgel_model_destroy(&m);
    return s == EDGEL_OK ? CLI_EXIT_OK : fail_with(&err);
}

static bool has_batch_norm(const struct edgel_model *m)
{
    struct edgel_model_info info;
    edgel_model_describe(m, &info);
    return info.buffers > 0;
}

static int run_export(const struct cli_args *args)
{
    const struct model_options *o = args->options;
    struct edgel_onnx_params params;
    struct edgel_error err = { 0 };
    struct edgel_model *m;
    edgel_onnx_params_init(&params);
    params.logits = o->logits;
    params.unfolded = o->unfolded;
    if (args->noperands != 2)
        return cli_usage(args->command, "export takes one model file");
    if (!o->onnx)
        return cli_usage(args->command, "export: no output: --onnx FILE is required");
    if (check_output(args, "onnx", o->onnx) != 0)
        return CLI_EXIT_USAGE;
    if (edgel_model_read(args->operands[1], &m, &err) != EDGEL_OK)
        return refuse(&err);
    if (o->unfolded && !has_batch_norm(m)) {
        edgel_model_destroy(&m);
        return cli_usage(args->command, "--unfolded has no use: %s has no batch normalisation",
                         args->operands[1]);
    }
    const enum edgel_status s = edgel_model_write_onnx(o->onnx, m, &params, &err);
    edgel_model_destroy(&m);
    return s == EDGEL_OK ? CLI_EXIT_OK : fail_with(&err);
}

static const struct action {
    const char *name;
    const char *options[8]; /* that it uses */
    int (*run)(const struct cli_args *args);
} actions[] = {
    { "summary", { "size", "outputs" }, run_summary },
    { "show", { NULL }, run_show },
    { "check", { NULL }, run_check },
    { "new", { "outputs", "output", "seed", "init", "existing" }, run_new },
    { "export", { "onnx", "logits", "unfolded", "existing" }, run_export },
};
enum { ACTIONS = sizeof actions / sizeof *actions };

static bool uses(const struct action *a, const char *option)
{
    for (int i = 0; a->options[i]; i++)
        if (strcmp(a->options[i], option) == 0)
            return true;
    return false;
}

static int run_model(const struct cli_args *args)
{
    const char *names[ACTIONS + 1] = { NULL };
    if (args->noperands == 0)
        return cli_usage(args->command, "no action given: summary, show, check, new or export");
    for (int i = 0; i < ACTIONS; i++) {
        const struct action *a = &actions[i];
        names[i] = a->name;
        if (strcmp(a->name, args->operands[0]) != 0)
            continue;
        for (const struct cli_option *o = model_rows; o->name; o++)
            if (cli_given(args, o->name) && !uses(a, o->name))
                return cli_usage(args->command, "--%s: %s does not use it", o->name, a->name);
        return a->run(args);
    }
    const char *nearest = edgel_nearest(args->operands[0], names);
    return nearest ? cli_usage(args->command, "unknown action '%s'; did you mean '%s'?", args->operands[0],
                               nearest)
                   : cli_usage(args->command, "unknown action '%s'", args->operands[0]);
}

void cli_tell_presets(char *buf, size_t size)
{
    size_t n = 0;
    for (int k = 0; edgel_preset_name(k) && n < size; k++)
        n += (size_t)snprintf(buf + n, size - n, "%s%s (%s)", k ? ", " : "", edgel_preset_name(k),
                              edgel_preset_what(k));
    if (n < size)
        snprintf(buf + n, size - n, ".");
}

static void describe_presets(char *buf, size_t size)
{
    const int n = snprintf(buf, size, "Presets: ");
    cli_tell_presets(buf + n, size - (size_t)n);
}

const struct cli_command cli_command_model = {
    .name = "model",
    .summary = "show, check and convert a model",
    .synopsis = "summary [OPTION]... MODEL|PRESET|ARCHITECTURE\n"
                "show MODEL|PRESET|ARCHITECTURE\n"
                "check MODEL...\n"
                "new [OPTION]... -o FILE PRESET|ARCHITECTURE\n"
                "export [OPTION]... --onnx FILE MODEL",
    .description =
        "summary lists the layers of a model file, a preset or an architecture file: output shape, parameters, "
        "multiply-adds and receptive field of each.\n\n"
        "show prints what a model file holds besides the weights: inputs, classes, labels, normalisation, notes, "
        "architecture. For a preset or an architecture file it prints the architecture with a name for every layer, "
        "as a start for one's own.\n\n"
        "check reads model files in full, trusts nothing in them, compares the hash of their contents, and reports the "
        "first fault of each.\n\n"
        "new writes a model with random starting weights: a start for training, or to time an architecture.\n\n"
        "export writes a model as ONNX (operator set 13): input 'image', float [N][C][H][W] of 0..1, any size; output "
        "'probabilities' [N][K][H][W].",
    .more = describe_presets,
    .groups = (const struct cli_group[]){ { "Options", model_rows, 0 }, { 0 } },
    .examples =
        (const struct cli_example[]){
            { "The layers of a preset on an image of 480x320",
              "edgel model summary --size 480x320 unet-tiny" },
            { "A model with starting weights, then checked and shown",
              "edgel model new --outputs 3 -o start.safetensors edge-tiny && edgel model check start.safetensors && "
              "edgel model show start.safetensors" },
            { "For other programs", "edgel model new -o m.safetensors unet-tiny && "
                                    "edgel model export --onnx m.onnx m.safetensors" },
            { 0 },
        },
    .exits =
        (const struct cli_exit[]){
            { CLI_EXIT_OK, "all was done; check: every file is a model" },
            { CLI_EXIT_FAILED, "a file cannot be written; check: a file is no model, each is reported" },
            { CLI_EXIT_USAGE,
              "wrong usage, a model or architecture that cannot be read, or the file to write exists" },
            { 0 },
        },
    .options_size = sizeof(struct model_options),
    .run = run_model,
};
