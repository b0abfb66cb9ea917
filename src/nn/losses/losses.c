/* The list of losses and of the numbers they take; sums of losses as text. */
#include "nn/losses/losses.h"
#include "nn/training/train_priv.h"
#include <stdio.h>
#include <string.h>

static const struct nn_loss *const rows[EDGEL_LOSS_KINDS] = {
    [EDGEL_LOSS_CE] = &nn_loss_ce,         [EDGEL_LOSS_BCE] = &nn_loss_bce,
    [EDGEL_LOSS_IOU] = &nn_loss_iou,       [EDGEL_LOSS_DICE] = &nn_loss_dice,
    [EDGEL_LOSS_LOVASZ] = &nn_loss_lovasz, [EDGEL_LOSS_L1] = &nn_loss_l1,
    [EDGEL_LOSS_L2] = &nn_loss_l2,         [EDGEL_LOSS_SMOOTHL1] = &nn_loss_smoothl1,
    [EDGEL_LOSS_FOCAL] = &nn_loss_focal,   [EDGEL_LOSS_TVERSKY] = &nn_loss_tversky,
    [EDGEL_LOSS_CLDICE] = &nn_loss_cldice, [EDGEL_LOSS_BORDER] = &nn_loss_border,
};

const struct nn_loss *nn_loss_row(int kind)
{
    return kind >= 0 && kind < EDGEL_LOSS_KINDS ? rows[kind] : NULL;
}

const char *edgel_loss_name(int kind)
{
    return edgel_loss_at(kind).name;
}

struct edgel_loss_info edgel_loss_at(int kind)
{
    const struct nn_loss *row = nn_loss_row(kind);
    return row ? (struct edgel_loss_info){ row->name, row->what, row->weighted }
               : (struct edgel_loss_info){ 0 };
}

/* --- numbers --- */

#define AT(field) offsetof(struct edgel_loss_params, field)
static const struct nn_loss_number numbers[NN_LOSS_PARAMS] = {
    [NN_LOSS_SMOOTH] = { { "smooth", "added to numerator and denominator, in pixels", 0, 1e9, 1 },
                         "smooth",
                         true,
                         AT(smooth) },
    [NN_LOSS_SMOOTH_BETA] = { { "smooth_beta", "difference from which it is no longer square", 1e-6, 1e9,
                                0.1 },
                              "smooth beta",
                              true,
                              AT(smooth_beta) },
    [NN_LOSS_FOCAL_GAMMA] = { { "focal_gamma", "power of 1 - p that pixels are weighed by", 0, 10, 2 },
                              "focal gamma",
                              false,
                              AT(focal_gamma) },
    [NN_LOSS_TVERSKY_ALPHA] = { { "tversky_alpha", "weight of false positives", 0, 10, 0.3 },
                                "tversky alpha",
                                false,
                                AT(tversky_alpha) },
    [NN_LOSS_TVERSKY_BETA] = { { "tversky_beta", "weight of false negatives", 0, 10, 0.7 },
                               "tversky beta",
                               false,
                               AT(tversky_beta) },
    [NN_LOSS_CLDICE_STEPS] = { { "cldice_steps", "erosions, about half the width of what is thin, in pixels",
                                 1, 50, 3 },
                               "cldice steps",
                               false,
                               AT(cldice_steps) },
    [NN_LOSS_BORDER_WEIGHT] = { { "border_weight", "what a gap of no width counts for besides 1", 0, 1000,
                                  10 },
                                "border weight",
                                false,
                                AT(border_weight) },
    [NN_LOSS_BORDER_SIGMA] = { { "border_sigma", "pixels over which the weight of gaps falls", 0.1, 50, 5 },
                               "border sigma",
                               false,
                               AT(border_sigma) },
};

const struct nn_loss_number *nn_loss_number(int i)
{
    return i >= 0 && i < NN_LOSS_PARAMS ? &numbers[i] : NULL;
}

static double *number_at(struct edgel_loss_params *p, int i)
{
    return (double *)(void *)((char *)p + numbers[i].at);
}

double nn_loss_number_of(const struct edgel_loss_params *p, int i)
{
    return *(const double *)(const void *)((const char *)p + numbers[i].at);
}

struct edgel_loss_param edgel_loss_param_at(int i)
{
    return nn_loss_number(i) ? numbers[i].info : (struct edgel_loss_param){ 0 };
}

bool edgel_loss_takes(int kind, int i)
{
    const struct nn_loss *row = nn_loss_row(kind);
    return row && nn_loss_number(i) && row->numbers >> i & 1;
}

enum edgel_status edgel_loss_param_set(struct edgel_loss_params *params, int i, double value,
                                       struct edgel_error *err)
{
    EDGEL_REQUIRE(params);
    if (!nn_loss_number(i))
        return edgel_fail(err, EDGEL_EINVAL, "number %d of losses: not known", i);
    const struct edgel_loss_param *info = &numbers[i].info;
    if (!(value >= info->min && value <= info->max))
        return edgel_fail(err, EDGEL_EINVAL, "%s %g: must be %g..%g", info->name, value, info->min,
                          info->max);
    *number_at(params, i) = value;
    return EDGEL_OK;
}

void edgel_loss_params_init(struct edgel_loss_params *params)
{
    *params = (struct edgel_loss_params){ 0 };
    for (int i = 0; i < NN_LOSS_PARAMS; i++)
        *number_at(params, i) = numbers[i].info.def;
}

enum edgel_status nn_loss_check_numbers(const struct edgel_loss_params *p, struct edgel_error *err)
{
    struct edgel_loss_params checked;
    for (int i = 0; i < NN_LOSS_PARAMS; i++)
        EDGEL_TRY(edgel_loss_param_set(&checked, i, nn_loss_number_of(p, i), err));
    return EDGEL_OK;
}

/* --- text form --- */

/* "NAME" or "NAME:WEIGHT" of n bytes */
static enum edgel_status parse_term(const char *text, size_t n, struct edgel_loss_term *term,
                                    struct edgel_error *err)
{
    const char *colon = memchr(text, ':', n);
    const size_t name = colon ? (size_t)(colon - text) : n;
    char given[100];
    int kind;
    snprintf(given, sizeof given, "%.*s", (int)(name < sizeof given ? name : sizeof given), text);
    if (strcmp(given, "giou") == 0 || strcmp(given, "diou") == 0 || strcmp(given, "ciou") == 0)
        return edgel_fail(err, EDGEL_EINVAL,
                          "loss %s: compares boxes, and heads make masks; iou is that of masks", given);
    EDGEL_TRY(nn_find_name("loss", given, edgel_loss_name, &kind, err));
    *term = (struct edgel_loss_term){ (enum edgel_loss)kind, 1 };
    if (!colon)
        return EDGEL_OK;
    char what[32] = "weight of ", number[64];
    memcpy(what + 10, rows[kind]->name, strlen(rows[kind]->name) + 1);
    const size_t digits = n - name - 1;
    if (digits >= sizeof number)
        return edgel_fail(err, EDGEL_EINVAL, "%s: longer than a number", what);
    memcpy(number, colon + 1, digits);
    number[digits] = '\0';
    return edgel_parse_real(what, number, 0, 1e9, &term->weight, err);
}

enum edgel_status edgel_loss_parse(const char *text, struct edgel_loss_term terms[EDGEL_LOSS_KINDS],
                                   int *nterms, struct edgel_error *err)
{
    EDGEL_REQUIRE(nterms);
    *nterms = 0;
    EDGEL_REQUIRE(text);
    EDGEL_REQUIRE(terms);
    bool seen[EDGEL_LOSS_KINDS] = { false };
    for (const char *at = text;; at++) {
        const size_t n = strcspn(at, ",");
        struct edgel_loss_term term;
        EDGEL_TRY(parse_term(at, n, &term, err));
        if (seen[term.kind])
            return edgel_fail(err, EDGEL_EINVAL, "loss '%s': given twice", rows[term.kind]->name);
        seen[term.kind] = true;
        terms[(*nterms)++] = term;
        at += n;
        if (*at == '\0')
            return EDGEL_OK;
    }
}
