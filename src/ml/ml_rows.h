/* ml_rows.h: the loops of struct ml_dsp. Included once per CPU level with LEVEL(name) defined. */
#include "ml/ml_dsp.h"
#include <string.h>

/* Eight doubles; the compiler takes as many registers for them as the level needs. */
typedef double lanes __attribute__((vector_size(8 * ML_LANES)));
typedef float halves __attribute__((vector_size(4 * ML_LANES)));

static inline double LEVEL(sum)(lanes a)
{
    return ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7]));
}

static double LEVEL(dot)(const double *w, const float *x, size_t n)
{
    lanes acc = { 0 };
    size_t j = 0;
    for (; j + ML_LANES <= n; j += ML_LANES) {
        lanes a;
        halves b;
        memcpy(&a, w + j, sizeof a);
        memcpy(&b, x + j, sizeof b);
        acc += a * __builtin_convertvector(b, lanes);
    }
    for (size_t l = 0; j + l < n; l++)
        acc[l] += w[j + l] * (double)x[j + l];
    return LEVEL(sum)(acc);
}

static double LEVEL(dot_d)(const double *x, const double *y, size_t n)
{
    lanes acc = { 0 };
    size_t j = 0;
    for (; j + ML_LANES <= n; j += ML_LANES) {
        lanes a, b;
        memcpy(&a, x + j, sizeof a);
        memcpy(&b, y + j, sizeof b);
        acc += a * b;
    }
    for (size_t l = 0; j + l < n; l++)
        acc[l] += x[j + l] * y[j + l];
    return LEVEL(sum)(acc);
}

static void LEVEL(add)(double *restrict y, double a, const float *restrict x, size_t n)
{
    for (size_t j = 0; j < n; j++)
        y[j] += a * (double)x[j];
}

static void LEVEL(add_d)(double *restrict y, double a, const double *restrict x, size_t n)
{
    for (size_t j = 0; j < n; j++)
        y[j] += a * x[j];
}

/* Two rows and four columns of the result at a time, so that each load serves several sums. */
static void LEVEL(gram)(double *g, const double *a, const double *b, size_t d)
{
    for (size_t j = 0; j < d; j += 2)
        for (size_t k = 0; k <= j + 1 && k < d; k += 4) {
            const size_t nj = d - j < 2 ? d - j : 2, nk = d - k < 4 ? d - k : 4;
            lanes acc[2][4] = { 0 };
            if (nj == 2 && nk == 4)
                for (size_t r = 0; r < ML_GRAM_ROWS; r += ML_LANES) {
                    lanes p[2], q[4];
                    for (size_t i = 0; i < 2; i++)
                        memcpy(&p[i], a + (j + i) * ML_GRAM_ROWS + r, sizeof p[i]);
                    for (size_t i = 0; i < 4; i++)
                        memcpy(&q[i], b + (k + i) * ML_GRAM_ROWS + r, sizeof q[i]);
                    for (size_t i = 0; i < 2; i++)
                        for (size_t m = 0; m < 4; m++)
                            acc[i][m] += p[i] * q[m];
                }
            else
                for (size_t i = 0; i < nj; i++)
                    for (size_t m = 0; m < nk; m++)
                        for (size_t r = 0; r < ML_GRAM_ROWS; r += ML_LANES) {
                            lanes p, q;
                            memcpy(&p, a + (j + i) * ML_GRAM_ROWS + r, sizeof p);
                            memcpy(&q, b + (k + m) * ML_GRAM_ROWS + r, sizeof q);
                            acc[i][m] += p * q;
                        }
            for (size_t i = 0; i < nj; i++)
                for (size_t m = 0; m < nk && k + m <= j + i; m++)
                    g[(j + i) * d + k + m] += LEVEL(sum)(acc[i][m]);
        }
}

void LEVEL(ml_rows)(struct ml_dsp *t)
{
    *t = (struct ml_dsp){ .dot = LEVEL(dot),
                          .dot_d = LEVEL(dot_d),
                          .add = LEVEL(add),
                          .add_d = LEVEL(add_d),
                          .gram = LEVEL(gram) };
}
