/* ml_rows.h: the loops of struct ml_dsp. Included once per CPU level with LEVEL(name) defined. */
#include "ml/ml_dsp.h"
#include <math.h>
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

/* atan2 by the ratio t in [0, 1] of the smaller to the larger; above tan(pi/8) turned by -pi/4, t' = (t - 1) / (t + 1),
 * so that the odd series of atan to t^21 is within 1e-10. Multiples of an eighth of a turn are exact. All choices by
 * masks, so that the loop becomes vector code. */
static void LEVEL(polar)(double *restrict length, double *restrict turn, const double *restrict x,
                         const double *restrict y, size_t n, int whole)
{
    const double over_pi = 0x1.45f306dc9c883p-2, period = whole ? 2 : 1;
    for (size_t i = 0; i < n; i++) {
        const double px = x[i], py = y[i], ax = fabs(px), ay = fabs(py);
        const double larger = ax > ay ? ax : ay, smaller = ax > ay ? ay : ax;
        const double ratio = smaller / (larger > 0 ? larger : 1);
        const double above = ratio > 0x1.a827999fcef32p-2 ? 1 : 0;
        const double t = (ratio - above) / (1 + above * ratio), square = t * t;
        double sum = 1.0 / 21;
        sum = 1.0 / 19 - square * sum;
        sum = 1.0 / 17 - square * sum;
        sum = 1.0 / 15 - square * sum;
        sum = 1.0 / 13 - square * sum;
        sum = 1.0 / 11 - square * sum;
        sum = 1.0 / 9 - square * sum;
        sum = 1.0 / 7 - square * sum;
        sum = 1.0 / 5 - square * sum;
        sum = 1.0 / 3 - square * sum;
        sum = 1.0 - square * sum;
        double a = above / 4 + t * sum * over_pi; /* half turns, 0..1/4 */
        a = ay > ax ? 0.5 - a : a;
        a = px < 0 ? 1 - a : a;
        a = py < 0 ? period - a : a; /* (x, -y) is at -a, and -a modulo the period is period - a */
        turn[i] = a >= period ? a - period : a;
        length[i] = sqrt(px * px + py * py);
    }
}

void LEVEL(ml_rows)(struct ml_dsp *t)
{
    *t = (struct ml_dsp){ .dot = LEVEL(dot),
                          .dot_d = LEVEL(dot_d),
                          .add = LEVEL(add),
                          .add_d = LEVEL(add_d),
                          .gram = LEVEL(gram),
                          .polar = LEVEL(polar) };
}
