/*
 * Logistic regression. Two classes: one f, loss log(1 + e^-f) for class 1, log(1 + e^f) for class 0. More classes: one
 * f for each, loss log sum_k e^f_k - f_y. Both by descent over weights and biases together; a row's loss and its part
 * of the gradient are made while the row is in the cache.
 */
#include "ml/ml_priv.h"
#include <math.h>
#include <string.h>

struct logistic {
    const struct ml_problem *p;
    int outputs;
    size_t size;     /* of one gradient: outputs (d + 1) */
    const double *x; /* [outputs][d + 1], the bias last */
    double *part;    /* [parts][1 + size]: loss, gradient */
    double *scores;  /* [threads][outputs] */
};

/* The loss of a row; scores become the derivatives of the loss by the scores. */
static double row_loss(double *scores, int outputs, double y)
{
    if (outputs == 1) {
        const double f = scores[0], e = edgel_exp(-fabs(f)), sigmoid = f >= 0 ? 1 / (1 + e) : e / (1 + e);
        const double margin = y > 0 ? f : -f;
        scores[0] = sigmoid - (y > 0 ? 1 : 0);
        return (margin < 0 ? -margin : 0) + edgel_ln(1 + e);
    }
    double top = scores[0], sum = 0;
    for (int k = 1; k < outputs; k++)
        top = scores[k] > top ? scores[k] : top;
    const double of_truth = scores[(int)y];
    for (int k = 0; k < outputs; k++)
        sum += scores[k] = edgel_exp(scores[k] - top);
    for (int k = 0; k < outputs; k++)
        scores[k] = scores[k] / sum - (k == (int)y ? 1 : 0);
    return edgel_ln(sum) + (top - of_truth);
}

static void add_part(void *user, int thread, size_t part)
{
    const struct logistic *l = user;
    const struct ml_problem *p = l->p;
    const size_t d = (size_t)p->d;
    double *loss = l->part + part * (1 + l->size), *gradient = loss + 1;
    double *scores = l->scores + (size_t)thread * (size_t)l->outputs;
    memset(loss, 0, (1 + l->size) * sizeof *loss);
    for (size_t i = ml_part_begin(p->n, part); i < ml_part_begin(p->n, part + 1); i++) {
        const float *row = ml_row(p, i);
        for (int k = 0; k < l->outputs; k++) {
            const double *w = l->x + (size_t)k * (d + 1);
            scores[k] = p->dsp.dot(w, row, d) + w[d];
        }
        *loss += p->weights[i] * row_loss(scores, l->outputs, p->y[i]);
        for (int k = 0; k < l->outputs; k++) {
            double *g = gradient + (size_t)k * (d + 1), by_score = p->weights[i] * scores[k];
            p->dsp.add(g, by_score, row, d);
            g[d] += by_score;
        }
    }
}

static double value(void *user, const double *x, double *gradient)
{
    struct logistic *l = user;
    const size_t parts = ml_parts(l->p->n), d = (size_t)l->p->d;
    l->x = x;
    edgel_pool_run(l->p->pool, parts, add_part, l);
    double loss = 0, penalty = 0;
    memset(gradient, 0, l->size * sizeof *gradient);
    for (size_t part = 0; part < parts; part++) {
        loss += l->part[part * (1 + l->size)];
        l->p->dsp.add_d(gradient, 1, l->part + part * (1 + l->size) + 1, l->size);
    }
    for (int k = 0; k < l->outputs; k++) {
        const double *w = x + (size_t)k * (d + 1);
        penalty += l->p->dsp.dot_d(w, w, d);
        l->p->dsp.add_d(gradient + (size_t)k * (d + 1), l->p->params->l2, w, d);
    }
    return loss + l->p->params->l2 / 2 * penalty;
}

enum edgel_status ml_logistic_solve(const struct ml_problem *p, double *w, double *b, struct edgel_fit *fit,
                                    struct edgel_error *err)
{
    const int outputs = p->params->classes > 2 ? p->params->classes : 1;
    const size_t d = (size_t)p->d, each = d + 1;
    struct logistic l = { .p = p, .outputs = outputs, .size = (size_t)outputs * each };
    double *x = edgel_calloc(l.size, sizeof *x), *l1 = edgel_calloc(l.size, sizeof *l1);
    l.part = edgel_alloc(ml_parts(p->n) * (1 + l.size), sizeof *l.part);
    l.scores = edgel_alloc((size_t)edgel_pool_threads(p->pool) * (size_t)outputs, sizeof *l.scores);
    enum edgel_status s = EDGEL_OK;
    if (!x || !l1 || !l.part || !l.scores) {
        s = edgel_no_memory(err, "logistic regression");
        goto out;
    }
    for (size_t i = 0; i < l.size; i++)
        l1[i] = i % each < d ? p->params->l1 : 0;
    const struct ml_objective o = { .n = l.size,
                                    .value = value,
                                    .user = &l,
                                    .l1 = p->params->l1 > 0 ? l1 : NULL,
                                    .tolerance = p->params->tolerance * p->total,
                                    .iterations = p->params->iterations };
    s = ml_descend(&o, x, fit, err);
    for (size_t k = 0; s == EDGEL_OK && k < (size_t)outputs; k++) {
        memcpy(w + k * d, x + k * each, d * sizeof *w);
        b[k] = x[k * each + d];
    }
out:
    edgel_free(l.scores);
    edgel_free(l.part);
    edgel_free(l1);
    edgel_free(x);
    return s;
}
