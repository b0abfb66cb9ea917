/* Augmentation of a sample: settings, their text form, and the run of the two steps, geometry and colour. The formulas
 * are in edgel/nn_sample.h. */
#include "nn/training/train_priv.h"
#include <math.h>
#include <string.h>

enum { SIDE_MAX = 1 << 20, CHANNELS_MAX = 4096 };

static const struct nn_change resample = {
    .info = { "resample", "images with rare classes more often, at 1 classes count the same", 0.5, 1,
              "share" },
    .at = offsetof(struct edgel_augment, resample),
    .draws = true,
};

static const struct nn_change *const changes[] = {
    &nn_flip,       &nn_vflip,    &nn_turn,  &nn_rotate, &nn_scale,  &nn_gamma,
    &nn_brightness, &nn_contrast, &nn_noise, &nn_blur,   &nn_colour, &resample,
};
enum { CHANGES = sizeof changes / sizeof *changes };

const struct nn_change *nn_change_at(int i)
{
    return i >= 0 && i < CHANGES ? changes[i] : NULL;
}

struct edgel_augment_info edgel_augment_at(int i)
{
    return nn_change_at(i) ? changes[i]->info : (struct edgel_augment_info){ 0 };
}

static double amount_of(const struct nn_change *c, const struct edgel_augment *a)
{
    return *(const double *)(const void *)((const char *)a + c->at);
}

double edgel_augment_amount(const struct edgel_augment *a, int i)
{
    return nn_change_at(i) ? amount_of(changes[i], a) : 0;
}

/* --- text form --- */

static const char *name_at(int i)
{
    return edgel_augment_at(i).name;
}

static enum edgel_status parse_item(const char *item, size_t n, struct edgel_augment *out, bool seen[CHANGES],
                                    struct edgel_error *err)
{
    char text[80], what[32] = "augment ";
    if (n >= sizeof text)
        return edgel_fail(err, EDGEL_EINVAL, "augment %.60s...: must be NAME or NAME:AMOUNT", item);
    memcpy(text, item, n);
    text[n] = '\0';
    char *amount = strchr(text, ':');
    if (amount)
        *amount++ = '\0';
    int i;
    EDGEL_TRY(nn_find_name("augment", text, name_at, &i, err));
    if (seen[i])
        return edgel_fail(err, EDGEL_EINVAL, "augment %s: given twice", text);
    seen[i] = true;
    strcat(what, text);
    double *value = (double *)(void *)((char *)out + changes[i]->at);
    *value = changes[i]->info.amount;
    return amount ? edgel_parse_real(what, amount, 0, changes[i]->info.most, value, err) : EDGEL_OK;
}

enum edgel_status edgel_augment_parse(const char *text, struct edgel_augment *out, struct edgel_error *err)
{
    EDGEL_REQUIRE(out);
    *out = (struct edgel_augment){ 0 };
    EDGEL_REQUIRE(text);
    bool seen[CHANGES] = { false };
    while (*text) {
        const size_t n = strcspn(text, ",");
        EDGEL_TRY(parse_item(text, n, out, seen, err));
        if (text[n] == ',' && text[n + 1] == '\0')
            return edgel_fail(err, EDGEL_EINVAL, "augment: nothing stands after the last comma");
        text += n + (text[n] == ',');
    }
    return EDGEL_OK;
}

static enum edgel_status check_covariance(const double c[3][3], struct edgel_error *err)
{
    double trace = 0;
    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < 3; k++)
            if (!(isfinite(c[i][k]) && c[i][k] == c[k][i] && c[i][i] >= 0))
                return edgel_fail(err, EDGEL_EINVAL,
                                  "augment colour: the covariance must be finite, symmetric and positive");
        trace += c[i][i];
    }
    if (!(trace > 0))
        return edgel_fail(err, EDGEL_EINVAL,
                          "augment colour: needs the covariance of the training set's colours");
    return EDGEL_OK;
}

enum edgel_status edgel_augment_check(const struct edgel_augment *a, struct edgel_error *err)
{
    EDGEL_REQUIRE(a);
    for (int i = 0; i < CHANGES; i++) {
        const double v = amount_of(changes[i], a);
        if (!(v >= 0 && v <= changes[i]->info.most))
            return edgel_fail(err, EDGEL_EINVAL, "augment %s %g: must be 0..%g", changes[i]->info.name, v,
                              changes[i]->info.most);
    }
    return a->colour > 0 ? check_covariance(a->covariance, err) : EDGEL_OK;
}

void edgel_augment_init(struct edgel_augment *a)
{
    *a = (struct edgel_augment){ 0 };
}

/* --- samples --- */

static enum edgel_status check_sides(const char *what, const struct edgel_sample *s, struct edgel_error *err)
{
    if (s->w < 1 || s->h < 1 || s->w > SIDE_MAX || s->h > SIDE_MAX)
        return edgel_fail(err, EDGEL_EINVAL, "%s %dx%d: sides must be 1..%d", what, s->w, s->h,
                          (int)SIDE_MAX);
    if (s->channels < 1 || s->channels > CHANNELS_MAX)
        return edgel_fail(err, EDGEL_EINVAL, "%s with %d channels: must have 1..%d", what, s->channels,
                          (int)CHANNELS_MAX);
    return EDGEL_OK;
}

enum edgel_status edgel_sample_init(struct edgel_sample *s, int w, int h, int channels, bool label, bool soft,
                                    struct edgel_error *err)
{
    EDGEL_REQUIRE(s);
    *s = (struct edgel_sample){ 0 };
    const struct edgel_sample size = { .w = w, .h = h, .channels = channels };
    EDGEL_TRY(check_sides("sample", &size, err));
    const size_t plane = (size_t)w * (size_t)h;
    *s = size;
    s->image = edgel_alloc(plane, (size_t)channels * sizeof *s->image);
    s->label = label ? edgel_alloc(plane, sizeof *s->label) : NULL;
    s->soft = soft ? edgel_alloc(plane, sizeof *s->soft) : NULL;
    if (s->image && !s->label == !label && !s->soft == !soft)
        return EDGEL_OK;
    edgel_sample_finish(s);
    return edgel_fail(err, EDGEL_ENOMEM, "sample %dx%d with %d channels: out of memory", w, h, channels);
}

void edgel_sample_finish(struct edgel_sample *s)
{
    if (!s)
        return;
    edgel_free(s->image);
    edgel_free(s->label);
    edgel_free(s->soft);
    *s = (struct edgel_sample){ 0 };
}

/* --- run --- */

struct nn_geometry nn_geometry_draw(const struct edgel_augment *a, uint64_t seed,
                                    const struct edgel_sample *in, int w, int h)
{
    struct nn_geometry g = { .scale = 1 };
    for (int i = 0; i < CHANGES; i++)
        if (changes[i]->place && amount_of(changes[i], a) > 0)
            changes[i]->place(amount_of(changes[i], a), seed, &g);
    nn_geometry_place(&g, a, seed, in, w, h);
    return g;
}

/* The change of an image that comes next after `turn`; NULL: none. */
static const struct nn_change *next_change(const struct edgel_augment *a, int turn)
{
    const struct nn_change *next = NULL;
    for (int i = 0; i < CHANGES; i++) {
        const struct nn_change *c = changes[i];
        if (c->image && c->turn > turn && (!next || c->turn < next->turn) && amount_of(c, a) > 0)
            next = c;
    }
    return next;
}

/* Light, then the changes of the image one after the other. */
static enum edgel_status change_image(const struct edgel_augment *a, uint64_t seed, struct edgel_sample *s,
                                      struct edgel_arena *arena, struct edgel_error *err)
{
    struct nn_light light = { .rest = 0 };
    bool lit = false;
    for (int i = 0; i < CHANGES; i++)
        if (changes[i]->light && amount_of(changes[i], a) > 0) {
            changes[i]->light(a, seed, s->channels, &light);
            lit = true;
        }
    if (lit)
        nn_light_add(&light, s);
    const struct nn_change *first = next_change(a, 0);
    for (const struct nn_change *c = first; c; c = next_change(a, c->turn))
        EDGEL_TRY(c->image(amount_of(c, a), seed, s, arena, err));
    if (lit || first)
        nn_limit(s);
    return EDGEL_OK;
}

struct edgel_augment_scratch {
    struct edgel_arena arena;
};

struct edgel_augment_scratch *edgel_augment_scratch_create(void)
{
    return edgel_calloc(1, sizeof(struct edgel_augment_scratch));
}

void edgel_augment_scratch_destroy(struct edgel_augment_scratch **scratch)
{
    if (!scratch || !*scratch)
        return;
    edgel_arena_finish(&(*scratch)->arena);
    edgel_free(*scratch);
    *scratch = NULL;
}

enum edgel_status edgel_augment_sample(const struct edgel_augment *a, uint64_t seed,
                                       const struct edgel_sample *in, struct edgel_sample *out,
                                       struct edgel_augment_scratch *scratch, struct edgel_error *err)
{
    EDGEL_REQUIRE(a);
    EDGEL_REQUIRE(in);
    EDGEL_REQUIRE(out);
    EDGEL_TRY(edgel_augment_check(a, err));
    EDGEL_TRY(check_sides("augment: sample", in, err));
    EDGEL_TRY(check_sides("augment: crop", out, err));
    if (in->channels != out->channels || !in->label != !out->label || !in->soft != !out->soft)
        return edgel_fail(err, EDGEL_EINVAL,
                          "augment: crop and sample must have the same channels and truth");
    if (a->colour > 0 && in->channels > 3)
        return edgel_fail(err, EDGEL_EINVAL, "augment colour: %d channels: must be 1..3", in->channels);
    struct edgel_augment_scratch own = { 0 };
    struct edgel_arena *arena = scratch ? &scratch->arena : &own.arena;
    const struct nn_geometry g = nn_geometry_draw(a, seed, in, out->w, out->h);
    edgel_arena_reset(arena);
    enum edgel_status status = nn_geometry_apply(&g, in, out, arena, err);
    if (status == EDGEL_OK)
        status = change_image(a, seed, out, arena, err);
    edgel_arena_finish(&own.arena);
    return status;
}
