/*
 * Methods and their parameters. The same rows read `--sigma 2` (for every method) and `-m canny:sigma=2` (for this
 * one, and stronger). A parameter that no chosen method uses is refused: it would be ignored in silence.
 */
#include "detect.h"
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIGMA, KSIZE, APERTURE, NORM, LOW, HIGH, NMS, EMIT, STRENGTH, DEPTH, GRAY, SETTINGS };

static const char *const aperture_names[] = { "3", "5", "7", NULL };
static const char *const norm_names[] = { "l1", "l2", NULL };
static const char *const nms_names[] = { "sector", "interp", NULL };
static const char *const emit_names[] = { "binary", "strength", NULL };
static const char *const strength_names[] = { "root", "linear", NULL };
static const char *const depth_names[] = { "1", "8", "16", "32", NULL };
static const int depths[] = { 1, 8, 16, 32 };
static const char *const gray_names[] = { "luma", "channels", NULL };

/* "auto", "P%" or a number. */
static enum edgel_status read_threshold(const char *what, const char *text, struct edgel_threshold *out,
                                        struct edgel_error *err)
{
    size_t n = strlen(text);
    if (strcmp(text, "auto") == 0) {
        *out = (struct edgel_threshold){ .kind = EDGEL_THRESHOLD_AUTO };
        return EDGEL_OK;
    }
    char number[64] = "";
    if (n == 0 || n > sizeof number || text[n - 1] != '%') {
        out->kind = EDGEL_THRESHOLD_VALUE;
        return edgel_parse_real(what, text, 0, 1e9, &out->value, err);
    }
    memcpy(number, text, n - 1);
    char quantile[64];
    snprintf(quantile, sizeof quantile, "%s quantile", what);
    out->kind = EDGEL_THRESHOLD_QUANTILE;
    return edgel_parse_real(quantile, number, 0, 100, &out->value, err);
}

static enum edgel_status call_low(void *options, const char *what, const char *text, struct edgel_error *err)
{
    return read_threshold(what, text, &((struct detect_settings *)options)->low, err);
}

static enum edgel_status call_high(void *options, const char *what, const char *text, struct edgel_error *err)
{
    return read_threshold(what, text, &((struct detect_settings *)options)->high, err);
}

#define FIELD(f) .at = offsetof(struct detect_settings, f)

const struct cli_option detect_setting_rows[] = {
    [SIGMA] = { .name = "sigma",
                .kind = CLI_REAL,
                .metavar = "S",
                FIELD(sigma),
                .min = 0,
                .max = 1000,
                .note = "1.4 for canny and gaussian, else 0",
                .help =
                    "Gaussian smoothing before the operator, in pixels; 0: none, or with --ksize the sigma that "
                    "OpenCV takes for that size." },
    [KSIZE] = { .name = "ksize",
                .kind = CLI_INT,
                .metavar = "N",
                FIELD(ksize),
                .min = 0,
                .max = 8191,
                .note = "0",
                .help = "Taps of the Gaussian, an odd number; 0: from sigma." },
    [APERTURE] = { .name = "aperture",
                   .kind = CLI_CHOICE,
                   FIELD(aperture),
                   .choices = aperture_names,
                   .note = "3",
                   .help = "Size of the Sobel operator of sobel and canny." },
    [NORM] = { .name = "norm",
               .kind = CLI_CHOICE,
               FIELD(norm),
               .choices = norm_names,
               .note = "l1",
               .help = "Gradient magnitude: |gx| + |gy|, or the square root of gx^2 + gy^2." },
    [LOW] = { .name = "low",
              .kind = CLI_CALL,
              .metavar = "T",
              .call = call_low,
              .note = "50",
              .help =
                  "Lower threshold of canny: a number in gradient units of 8-bit images, P% for that quantile "
                  "of the non-zero magnitudes, or auto. The smaller of the two is the lower one, as in OpenCV." },
    [HIGH] = { .name = "high",
               .kind = CLI_CALL,
               .metavar = "T",
               .call = call_high,
               .note = "100",
               .help =
                   "Upper threshold of canny; auto: the 70 % quantile over all pixels, and 0.4 of it as the "
                   "automatic lower one." },
    [NMS] = { .name = "nms",
              .kind = CLI_CHOICE,
              FIELD(nms),
              .choices = nms_names,
              .note = "sector",
              .help = "Thinning of canny: four sectors exactly as OpenCV, or comparison with interpolated "
                      "neighbours." },
    [EMIT] = { .name = "emit",
               .kind = CLI_CHOICE,
               FIELD(emit),
               .choices = emit_names,
               .note = "binary",
               .help = "What canny writes: the edge map, or the strength of the thinned gradient without "
                       "thresholds." },
    [STRENGTH] = { .name = "strength",
                   .kind = CLI_CHOICE,
                   FIELD(strength),
                   .choices = strength_names,
                   .note = "root",
                   .help =
                       "Scale of --emit strength: the square root of the share of the largest possible response, "
                       "or that share itself." },
    [DEPTH] = { .name = "depth",
                .kind = CLI_CHOICE,
                FIELD(depth),
                .choices = depth_names,
                .note = "1 for edge maps, 16 for strength, else the input's",
                .help =
                    "Bits per sample of what is written; values saturate. 32: float, 1.0 is full range (tif, pfm)." },
    [GRAY] = { .name = "gray",
               .kind = CLI_CHOICE,
               FIELD(gray),
               .choices = gray_names,
               .note = "luma",
               .help =
                   "Convert colour images to gray first, or take the strongest channel of each pixel (gaussian: "
                   "keep the channels)." },
    [SETTINGS] = { 0 },
};

/* Whether a parameter has a meaning for a method as it is set up. */
static bool uses(const struct detect_task *t, int setting)
{
    static const unsigned use[SETTINGS] = {
        [SIGMA] = EDGEL_USES_SIGMA, [KSIZE] = EDGEL_USES_SIGMA,    [APERTURE] = EDGEL_USES_APERTURE,
        [NORM] = EDGEL_USES_NORM,   [LOW] = EDGEL_USES_THRESHOLDS, [HIGH] = EDGEL_USES_THRESHOLDS,
        [NMS] = EDGEL_USES_NMS,     [EMIT] = EDGEL_USES_EMIT,      [STRENGTH] = EDGEL_USES_EMIT,
        [DEPTH] = EDGEL_USES_DEPTH, [GRAY] = EDGEL_USES_CHANNELS,
    };
    if (!(t->info->uses & use[setting]))
        return false;
    if (setting == STRENGTH)
        return t->method.emit == EDGEL_EMIT_STRENGTH;
    if (setting == LOW || setting == HIGH)
        return t->method.emit == EDGEL_EMIT_BINARY;
    return true;
}

static void apply(struct edgel_method *m, const struct detect_settings *s, int setting)
{
    switch (setting) {
    case SIGMA: m->sigma = s->sigma; break;
    case KSIZE: m->ksize = (int)s->ksize; break;
    case APERTURE: m->canny.aperture = 3 + 2 * s->aperture; break;
    case NORM: m->canny.norm = s->norm ? EDGEL_NORM_L2 : EDGEL_NORM_L1; break;
    case LOW: m->canny.low = s->low; break;
    case HIGH: m->canny.high = s->high; break;
    case NMS: m->canny.nms = s->nms ? EDGEL_NMS_INTERP : EDGEL_NMS_SECTOR; break;
    case EMIT: m->emit = s->emit ? EDGEL_EMIT_STRENGTH : EDGEL_EMIT_BINARY; break;
    case STRENGTH: m->linear = s->strength != 0; break;
    case DEPTH: m->depth = depths[s->depth]; break;
    case GRAY: m->channels = s->gray != 0; break;
    default: break;
    }
}

/* A threshold as the command line spells it. */
static void threshold_text(const struct edgel_threshold *t, char *buf, size_t size)
{
    if (t->kind == EDGEL_THRESHOLD_AUTO)
        snprintf(buf, size, "auto");
    else
        snprintf(buf, size, "%.17g%s", t->value, t->kind == EDGEL_THRESHOLD_QUANTILE ? "%" : "");
}

bool detect_setting_text(const struct detect_task *t, int setting, const char **name, char *buf, size_t size)
{
    const struct edgel_method *m = &t->method;
    if (setting >= SETTINGS)
        return false;
    *name = detect_setting_rows[setting].name;
    switch (setting) {
    case SIGMA: snprintf(buf, size, "%.17g", m->sigma); break;
    case KSIZE: snprintf(buf, size, "%d", m->ksize); break;
    case APERTURE: snprintf(buf, size, "%d", m->canny.aperture); break;
    case NORM: snprintf(buf, size, "%s", m->canny.norm == EDGEL_NORM_L2 ? "l2" : "l1"); break;
    case LOW: threshold_text(&m->canny.low, buf, size); break;
    case HIGH: threshold_text(&m->canny.high, buf, size); break;
    case NMS: snprintf(buf, size, "%s", m->canny.nms == EDGEL_NMS_INTERP ? "interp" : "sector"); break;
    case EMIT: snprintf(buf, size, "%s", m->emit == EDGEL_EMIT_STRENGTH ? "strength" : "binary"); break;
    case STRENGTH: snprintf(buf, size, "%s", m->linear ? "linear" : "root"); break;
    case DEPTH: snprintf(buf, size, "%d", m->depth); break;
    case GRAY: snprintf(buf, size, "%s", m->channels ? "channels" : "luma"); break;
    default: break;
    }
    return true;
}

static int find_setting(const char *name)
{
    for (int k = 0; k < SETTINGS; k++)
        if (strcmp(detect_setting_rows[k].name, name) == 0)
            return k;
    return -1;
}

static int unknown_method(const struct cli_command *c, const char *name)
{
    const char **names = cli_alloc((size_t)edgel_method_count() + 1, sizeof *names);
    for (int i = 0; i < edgel_method_count(); i++)
        names[i] = edgel_method_info(i)->name;
    const char *nearest = cli_nearest(name, names);
    char list[256] = "";
    for (int i = 0; names[i]; i++) {
        strncat(list, i ? ", " : "", sizeof list - strlen(list) - 1);
        strncat(list, names[i], sizeof list - strlen(list) - 1);
    }
    free(names);
    if (nearest)
        return cli_usage(c, "-m: unknown method '%s'; did you mean %s? Known: %s", name, nearest, list);
    return cli_usage(c, "-m: unknown method '%s'; known: %s", name, list);
}

static int unknown_key(const struct cli_command *c, const char *text, const char *key)
{
    const char *names[SETTINGS + 1] = { NULL };
    for (int k = 0; k < SETTINGS; k++)
        names[k] = detect_setting_rows[k].name;
    const char *nearest = cli_nearest(key, names);
    if (nearest)
        return cli_usage(c, "-m %s: unknown parameter '%s'; did you mean %s?", text, key, nearest);
    return cli_usage(c, "-m %s: unknown parameter '%s'", text, key);
}

/* Reads one "key=value" of -m TEXT into s; marks it in own. pair is written to. */
static int read_pair(const struct cli_command *c, const char *text, char *pair, struct detect_settings *s,
                     bool *own)
{
    char *equals = strchr(pair, '=');
    if (!equals)
        return cli_usage(c, "-m %s: '%s' is not key=value", text, pair);
    *equals = '\0';
    int k = find_setting(pair);
    if (k < 0)
        return unknown_key(c, text, pair);
    struct edgel_error err = { 0 };
    if (cli_option_set(&detect_setting_rows[k], s, pair, equals + 1, &err) != EDGEL_OK)
        return cli_usage(c, "-m %s: %s", text, err.msg);
    own[k] = true;
    return 0;
}

/* "METHOD[:key=value,...]" over the plain options `given`. copy is a copy of text to cut up. */
static int read_task(const struct cli_args *args, const char *text, char *copy,
                     const struct detect_settings *plain, const bool *given, struct detect_task *task)
{
    const struct cli_command *c = args->command;
    struct detect_settings s = *plain;
    bool own[SETTINGS] = { false };
    char *pairs = strchr(copy, ':');
    if (pairs)
        *pairs++ = '\0';
    task->info = edgel_method_find(copy);
    if (!task->info)
        return unknown_method(c, copy);
    while (pairs) {
        char *next = strchr(pairs, ',');
        if (next)
            *next++ = '\0';
        int bad = read_pair(c, text, pairs, &s, own);
        if (bad)
            return bad;
        pairs = next;
    }
    task->method = task->info->defaults;
    for (int k = 0; k < SETTINGS; k++)
        if (own[k] || given[k])
            apply(&task->method, &s, k);
    for (int k = 0; k < SETTINGS; k++)
        if (own[k] && !uses(task, k))
            return cli_usage(c, "-m %s: %s does not use %s here", text, task->info->name,
                             detect_setting_rows[k].name);
    struct edgel_error err = { 0 };
    if (edgel_method_check(&task->method, &err) != EDGEL_OK)
        return cli_usage(c, "-m %s: %s", text, err.msg);
    return 0;
}

/* Plain options must mean something to at least one method. */
static int refuse_unused(const struct cli_args *args, const bool *given, const struct detect_task *tasks,
                         size_t ntasks)
{
    for (int k = 0; k < SETTINGS; k++) {
        bool used = !given[k];
        for (size_t m = 0; m < ntasks && !used; m++)
            used = uses(&tasks[m], k);
        if (!used)
            return cli_usage(args->command, "--%s: no chosen method uses it here",
                             detect_setting_rows[k].name);
    }
    return 0;
}

int detect_tasks(const struct cli_args *args, const struct cli_list *texts,
                 const struct detect_settings *settings, struct detect_task **tasks, size_t *ntasks)
{
    static const char *const canny[] = { "canny" };
    const char *const *v = texts->n ? texts->v : canny;
    size_t n = texts->n ? texts->n : 1;
    bool given[SETTINGS];
    for (int k = 0; k < SETTINGS; k++)
        given[k] = cli_given(args, detect_setting_rows[k].name);
    *tasks = cli_alloc(n, sizeof **tasks);
    *ntasks = n;
    for (size_t m = 0; m < n; m++) {
        size_t size = strlen(v[m]) + 1;
        char *copy = cli_alloc(size, 1);
        memcpy(copy, v[m], size);
        int bad = read_task(args, v[m], copy, settings, given, &(*tasks)[m]);
        free(copy);
        if (bad)
            return bad;
    }
    return refuse_unused(args, given, *tasks, n);
}

/* True when the name ends in this extension, any letter case. */
static bool has_extension(const char *path, const char *extension)
{
    const char *dot = strrchr(path, '.');
    if (!dot || strlen(dot) != strlen(extension))
        return false;
    for (; *dot; dot++, extension++)
        if ((*dot >= 'A' && *dot <= 'Z' ? *dot + 32 : *dot) != *extension)
            return false;
    return true;
}

static enum edgel_status take_page(void *options, const char *what, const char *text, struct edgel_error *err)
{
    int64_t page = DETECT_ALL_PAGES;
    if (strcmp(text, "all") != 0 && edgel_parse_int(what, text, 1, 65535, &page, NULL) != EDGEL_OK)
        return cli_fail(err, "%s %s: must be a number from 1 to 65535, or all", what, text);
    ((struct detect_tiff *)options)->page = (int)page;
    return EDGEL_OK;
}

static enum edgel_status take_tile(void *options, const char *what, const char *text, struct edgel_error *err)
{
    int64_t side = 0;
    enum edgel_status s = edgel_parse_int(what, text, 16, EDGEL_TILE_MAX, &side, err);
    ((struct detect_tiff *)options)->tile = (int)side;
    return s == EDGEL_OK && side % 16 != 0 ? cli_fail(err, "%s %s: must be a multiple of 16", what, text) : s;
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
    write->tile = tiff->tile;
    if (write->format == EDGEL_FORMAT_TIFF)
        return EDGEL_OK;
    if (tiff->tile)
        return cli_fail(err, "%s: --tile: only .tif is written in tiles", path);
    if (tiff->page == DETECT_ALL_PAGES)
        return cli_fail(err, "%s: --page all: only .tif holds several pages", path);
    return EDGEL_OK;
}

enum edgel_status detect_fit(const struct detect_task *task, const char *path, const struct detect_tiff *tiff,
                             struct edgel_method *method, struct edgel_write *write, struct edgel_error *err)
{
    *method = task->method;
    *write = (struct edgel_write){ .format = edgel_format_of_name(path) };
    enum edgel_status s = fit_tiff(path, tiff, write, err);
    if (s != EDGEL_OK)
        return s;
    if (write->format != EDGEL_FORMAT_NONE && !edgel_format_built(write->format))
        return cli_fail(err, "%s: this build of edgel was made without libtiff", path);
    int depth = method->depth;
    bool map = method->id == EDGEL_METHOD_CANNY && method->emit == EDGEL_EMIT_BINARY;
    if (depth == 32 && write->format != EDGEL_FORMAT_PFM && write->format != EDGEL_FORMAT_TIFF)
        return cli_fail(err, "%s: --depth 32 is for float samples, which .tif and .pfm hold", path);
    if (write->format == EDGEL_FORMAT_PFM) {
        if (depth != 0 && depth != 32)
            return cli_fail(err, "%s: PFM holds float samples, --depth %d does not go with it", path, depth);
        method->depth = 32;
    } else if (has_extension(path, ".pbm")) {
        if (!map || depth > 1)
            return cli_fail(err, "%s: PBM holds 1-bit edge maps only", path);
        method->depth = 1;
    } else if (write->format == EDGEL_FORMAT_PNM) {
        if (depth == 1)
            return cli_fail(err, "%s: depth 1 needs a name in .png, .tif or .pbm", path);
        if (depth == 0 && map)
            method->depth = 8;
        if (has_extension(path, ".ppm") && !(method->id == EDGEL_METHOD_GAUSSIAN && method->channels))
            return cli_fail(err, "%s: PPM holds colour, %s writes gray; use .pgm or .pnm", path,
                            task->info->name);
    }
    return EDGEL_OK;
}
