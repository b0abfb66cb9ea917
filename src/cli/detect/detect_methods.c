/*
 * Methods and their parameters, as the library's table has them. `--sigma 2` is for every method; `-m canny:sigma=2` is
 * for this one and wins. A parameter that no chosen method uses is refused, as it would be ignored in silence.
 */
#include "cli/detect/detect.h"
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the table of methods as options --- */

enum { MOST = DETECT_ROWS_MAX, TEXT_BYTES = 1024 };

static const struct edgel_param *params[MOST]; /* one for each key, in the order of the help */
static int nparams;

/* Appends what fits. */
static void add(char *buf, const char *s)
{
    strncat(buf, s, TEXT_BYTES - strlen(buf) - 1);
}

/* Collects the parameters of all methods. A new one is placed after its predecessor in its method. */
static void collect(void)
{
    for (int i = 0; i < edgel_method_count(); i++) {
        const struct edgel_method_info *info = edgel_method_at(i);
        int at = 0;
        for (int k = 0; k < info->nparams; k++) {
            int found = 0;
            while (found < nparams && strcmp(params[found]->key, info->params[k].key) != 0)
                found++;
            if (found == nparams && nparams + 1 < MOST) {
                memmove(params + at + 1, params + at, (size_t)(nparams - at) * sizeof *params);
                params[at] = &info->params[k];
                nparams++;
                found = at;
            }
            at = found + 1;
        }
    }
}

static const struct edgel_param *param_of(const struct edgel_method_info *info, const char *key)
{
    for (int k = 0; k < info->nparams; k++)
        if (strcmp(info->params[k].key, key) == 0)
            return &info->params[k];
    return NULL;
}

/* Appends "a, b and c". */
static void add_list(char *buf, const char *const *names, int n)
{
    for (int i = 0; i < n; i++) {
        add(buf, i == 0 ? "" : i + 1 < n ? ", " : " and ");
        add(buf, names[i]);
    }
}

/* Appends "a, b and c", the methods with the parameter and, unless def is NULL, with this default. Returns how many. */
static int list_methods(char *buf, const char *key, const char *def)
{
    const char *names[MOST];
    int n = 0;
    for (int i = 0; i < edgel_method_count() && n < MOST; i++) {
        const struct edgel_param *p = param_of(edgel_method_at(i), key);
        if (p && (!def || (p->def && strcmp(p->def, def) == 0)))
            names[n++] = edgel_method_at(i)->name;
    }
    add_list(buf, names, n);
    return n;
}

static int methods_with(const char *key, const char *def)
{
    char unused[TEXT_BYTES] = "";
    return list_methods(unused, key, def);
}

/* "1.4 for gaussian and canny, else 0": the defaults that differ from the most common one, with their methods, then the
 * most common one. */
static void describe_default(const struct edgel_param *param, char *buf)
{
    const char *usual = param->def, *seen[MOST];
    int n = 0;
    if (!usual) {
        add(buf, param->unset);
        return;
    }
    for (int i = 0; i < edgel_method_count(); i++) {
        const struct edgel_param *p = param_of(edgel_method_at(i), param->key);
        bool is_new = p && p->def;
        for (int k = 0; k < n && is_new; k++)
            is_new = strcmp(seen[k], p->def) != 0;
        if (is_new && n < MOST)
            seen[n++] = p->def;
        if (is_new && methods_with(param->key, p->def) > methods_with(param->key, usual))
            usual = p->def;
    }
    for (int k = 0; k < n; k++)
        if (strcmp(seen[k], usual) != 0) {
            add(buf, seen[k]);
            add(buf, " for ");
            list_methods(buf, param->key, seen[k]);
            add(buf, ", ");
        }
    add(buf, n > 1 ? "else " : "");
    add(buf, usual);
}

static enum edgel_status check_threshold(void *options, const char *what, const char *text,
                                         struct edgel_error *err)
{
    static const struct edgel_param threshold = { .kind = EDGEL_PARAM_THRESHOLD };
    (void)options;
    return edgel_param_parse(&threshold, what, text, NULL, err);
}

static struct cli_option option_of(const struct edgel_param *p, char *note, char *help)
{
    static const enum cli_kind kinds[] = { [EDGEL_PARAM_REAL] = CLI_REAL,
                                           [EDGEL_PARAM_INT] = CLI_INT,
                                           [EDGEL_PARAM_CHOICE] = CLI_CHOICE,
                                           [EDGEL_PARAM_THRESHOLD] = CLI_CALL };
    describe_default(p, note);
    add(help, p->help);
    if (methods_with(p->key, NULL) < edgel_method_count()) {
        add(help, " For ");
        list_methods(help, p->key, NULL);
        add(help, ".");
    }
    return (struct cli_option){ .name = p->key,
                                .kind = kinds[p->kind],
                                .metavar = p->metavar,
                                .min = p->min,
                                .max = p->max,
                                .choices = p->choices,
                                .call = check_threshold,
                                .note = note,
                                .help = help };
}

struct cli_option detect_param_rows[DETECT_ROWS_MAX];

static const char *method_names[MOST];
static char method_help[TEXT_BYTES];
struct cli_option detect_method_rows[2] = {
    { .name = "method",
      .letter = 'm',
      .kind = CLI_LIST,
      .metavar = "METHOD[:key=value,...]",
      .choices = method_names, /* for completion */
      .note = "canny",
      .help = method_help },
};

/* "sobel and scharr: |gx| + |gy|.": the methods that share the summary of method i; nothing unless it is the first. */
static void describe_method(int i, char *buf, size_t size)
{
    const char *text = edgel_method_at(i)->summary, *names[MOST];
    char list[TEXT_BYTES] = "";
    int n = 0;
    for (int k = 0; k < edgel_method_count() && n < MOST; k++)
        if (strcmp(edgel_method_at(k)->summary, text) == 0)
            names[n++] = edgel_method_at(k)->name;
    if (strcmp(names[0], edgel_method_at(i)->name) != 0)
        return;
    add_list(list, names, n);
    const size_t at = strlen(buf);
    snprintf(buf + at, size - at, "%s%s: %s.", at ? " " : "", list, text);
}

void detect_describe(char *buf, size_t size)
{
    buf[0] = '\0';
    for (int i = 0; i < edgel_method_count(); i++)
        describe_method(i, buf, size);
}

void detect_make_rows(void)
{
    static char notes[MOST][TEXT_BYTES], helps[MOST][TEXT_BYTES];
    if (nparams > 0)
        return;
    collect();
    for (int k = 0; k < nparams; k++)
        detect_param_rows[k] = option_of(params[k], notes[k], helps[k]);
    add(method_help, "One of ");
    for (int i = 0; i < edgel_method_count() && i + 1 < MOST; i++) {
        method_names[i] = edgel_method_at(i)->name;
        add(method_help, i ? ", " : "");
        add(method_help, method_names[i]);
    }
    add(method_help,
        ", with parameters of its own. Several -m write OUT/METHOD/..., unless --name holds {op} or {n}. A range of "
        "numbers, FROM..TO/STEP, is a method for each value, from one decode: canny:low=20..60/10 writes "
        "OUT/canny-low=20/..., and so on; several ranges are a grid of at most 1000.");
}

/* --- the methods of a run --- */

/* Plain options must mean something to at least one method. */
static int refuse_unused(const struct cli_args *args, const struct edgel_method *tasks, size_t ntasks)
{
    for (int k = 0; k < nparams; k++) {
        bool used = !cli_given(args, params[k]->key);
        for (size_t m = 0; m < ntasks && !used; m++)
            used = edgel_method_uses(&tasks[m], params[k]->key);
        if (!used)
            return cli_usage(args->command, "--%s: no chosen method uses it here", params[k]->key);
    }
    return 0;
}

/* The methods of one -m, several where it holds ranges. */
static int add_tasks(const struct cli_args *args, const char *text, const struct edgel_param_text *plain,
                     size_t n, struct detect_tasks *tasks)
{
    struct edgel_method_sweep sweep;
    struct edgel_error err = { 0 };
    enum edgel_status s = edgel_method_sweep_parse(text, &sweep, &err);
    if (s == EDGEL_OK && tasks->n + sweep.n > EDGEL_SWEEP_MAX)
        s = edgel_error_set(&err, EDGEL_EINVAL, "more than %d methods in all", (int)EDGEL_SWEEP_MAX);
    for (size_t i = 0; i < sweep.n && s == EDGEL_OK; i++) {
        tasks->v = cli_realloc(tasks->v, tasks->n + 1, sizeof *tasks->v);
        tasks->labels = cli_realloc(tasks->labels, tasks->n + 1, sizeof *tasks->labels);
        tasks->labels[tasks->n] = cli_strndup(sweep.labels[i], strlen(sweep.labels[i]));
        s = edgel_method_parse(&tasks->v[tasks->n++], sweep.texts[i], plain, n, &err);
    }
    edgel_method_sweep_finish(&sweep);
    if (s == EDGEL_ENOMEM)
        cli_out_of_memory();
    return s == EDGEL_OK ? 0 : cli_usage(args->command, "-m %s: %s", text, err.msg);
}

int detect_tasks_make(const struct cli_args *args, const struct cli_list *texts, struct detect_tasks *tasks)
{
    static const char *const canny[] = { "canny" };
    const char *const *v = texts->n ? texts->v : canny;
    struct edgel_param_text plain[MOST];
    size_t n = 0;
    int code = 0;
    *tasks = (struct detect_tasks){ 0 };
    for (int k = 0; k < nparams; k++)
        if (cli_given(args, params[k]->key))
            plain[n++] = (struct edgel_param_text){ params[k]->key, cli_given_text(args, params[k]->key) };
    for (size_t m = 0; m < (texts->n ? texts->n : 1) && code == 0; m++)
        code = add_tasks(args, v[m], plain, n, tasks);
    return code ? code : refuse_unused(args, tasks->v, tasks->n);
}

void detect_tasks_free(struct detect_tasks *tasks)
{
    for (size_t m = 0; m < tasks->n; m++)
        free(tasks->labels[m]);
    free(tasks->labels);
    free(tasks->v);
}

/* --- names of outputs --- */

static enum edgel_status take_page(void *options, const char *what, const char *text, struct edgel_error *err)
{
    int64_t page = DETECT_ALL_PAGES;
    if (strcmp(text, "all") != 0 && edgel_parse_int(what, text, 1, 65535, &page, NULL) != EDGEL_OK)
        return edgel_error_set(err, EDGEL_EINVAL, "%s %s: must be a number from 1 to 65535, or all", what,
                               text);
    ((struct detect_tiff *)options)->page = (int)page;
    return EDGEL_OK;
}

static enum edgel_status take_tile(void *options, const char *what, const char *text, struct edgel_error *err)
{
    int64_t side = 0;
    enum edgel_status s = edgel_parse_int(what, text, 16, EDGEL_TILE_MAX, &side, err);
    ((struct detect_tiff *)options)->tile = (int)side;
    return s == EDGEL_OK && side % 16 != 0
               ? edgel_error_set(err, EDGEL_EINVAL, "%s %s: must be a multiple of 16", what, text)
               : s;
}

const struct cli_option detect_tiff_rows[] = {
    { .name = "page",
      .kind = CLI_CALL,
      .metavar = "N|all",
      .call = take_page,
      .note = "the first, with a remark where there are more",
      .help =
          "Page of a TIFF of several, from 1 on; all: each becomes a page of the output, which is then to be .tif." },
    { .name = "tile",
      .kind = CLI_CALL,
      .metavar = "N",
      .call = take_tile,
      .note = "strips",
      .help =
          "Write .tif in square tiles of side N, a multiple of 16 up to 8192; none has more than 200 MiB." },
    { 0 },
};

static enum edgel_status fit_tiff(const char *path, const struct detect_tiff *tiff, struct edgel_write *write,
                                  struct edgel_error *err)
{
    const struct edgel_format_info *format = edgel_format_find(write->format);
    const unsigned holds = format ? format->holds : 0;
    char list[64];
    write->tile = tiff->tile;
    if (tiff->tile && !(holds & EDGEL_HOLDS_TILES)) {
        edgel_format_extensions(EDGEL_HOLDS_TILES, list, sizeof list);
        return edgel_error_set(err, EDGEL_EINVAL, "%s: --tile: only %s is written in tiles", path, list);
    }
    if (tiff->page == DETECT_ALL_PAGES && !(holds & EDGEL_HOLDS_PAGES)) {
        edgel_format_extensions(EDGEL_HOLDS_PAGES, list, sizeof list);
        return edgel_error_set(err, EDGEL_EINVAL, "%s: --page all: only %s holds several pages", path, list);
    }
    return EDGEL_OK;
}

/* Sets the depth; every method has this parameter. */
static enum edgel_status ask_depth(struct edgel_method *method, const char *depth, struct edgel_error *err)
{
    return edgel_method_set(method, "depth", depth, err);
}

enum edgel_status detect_fit(const char *path, const struct detect_tiff *tiff, struct edgel_method *method,
                             struct edgel_write *write, struct edgel_error *err)
{
    const int asked = edgel_method_depth(method);
    const enum edgel_result result = edgel_method_result(method);
    const bool map = result == EDGEL_RESULT_EDGES;
    const char pnm = cli_pnm_letter(path);
    int depth = asked;
    enum edgel_status s = cli_format_fit(path, &depth, write, err);
    if (s == EDGEL_OK)
        s = fit_tiff(path, tiff, write, err);
    if (s != EDGEL_OK)
        return s;
    if (depth != asked)
        return ask_depth(method, "32", err);
    if (!pnm)
        return EDGEL_OK;
    if (pnm == 'b') {
        if (!map || depth > 1)
            return edgel_error_set(err, EDGEL_EINVAL, "%s: PBM holds 1-bit edge maps only", path);
        return ask_depth(method, "1", err);
    }
    if (depth == 1)
        return edgel_error_set(err, EDGEL_EINVAL, "%s: depth 1: of PNM only .pbm holds it", path);
    if (pnm == 'p' && !(result == EDGEL_RESULT_IMAGE && edgel_method_takes_color(method)))
        return edgel_error_set(err, EDGEL_EINVAL, "%s: PPM holds colour, %s writes gray; use .pgm or .pnm",
                               path, method->info->name);
    return depth == 0 && map ? ask_depth(method, "8", err) : EDGEL_OK;
}
