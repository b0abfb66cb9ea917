/* ml_dsp.h: sums over features in 8 lanes, the loops that all learners spend their time in.
 *
 * One text (ml_rows.h) is compiled for each CPU level. Every operation is an IEEE operation of its own and each sum
 * keeps to its lane, so all levels give the same bits. */
#ifndef EDGEL_ML_DSP_H
#define EDGEL_ML_DSP_H

#include <stddef.h>

enum { ML_LANES = 8, ML_GRAM_ROWS = 256 };

/* A sum of 8 lanes is ((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7)), where lane l has the products of index l modulo 8. */
struct ml_dsp {
    double (*dot)(const double *w, const float *x, size_t n);    /* sum of w[j] x[j] */
    double (*dot_d)(const double *a, const double *b, size_t n); /* sum of a[j] b[j] */
    void (*add)(double *y, double a, const float *x, size_t n);  /* y[j] += a x[j] */
    void (*add_d)(double *y, double a, const double *x, size_t n);
    /* g[j d + k] += sum_r a[j][r] b[k][r] for k <= j < d, of columns of ML_GRAM_ROWS rows each. */
    void (*gram)(double *g, const double *a, const double *b, size_t d);
    /* length = sqrt(x^2 + y^2), turn = angle of (x, y) in half turns: 0 <= turn < 1 modulo a half turn, or < 2 modulo a
     * whole one; 0 where both are 0. Within 1e-10. */
    void (*polar)(double *length, double *turn, const double *x, const double *y, size_t n, int whole);
};

void ml_dsp_init(struct ml_dsp *t, unsigned flags); /* flags of edgel_cpu_flags() */
void ml_rows_c(struct ml_dsp *t);
void ml_rows_avx2(struct ml_dsp *t);
void ml_rows_avx512(struct ml_dsp *t);

#endif
