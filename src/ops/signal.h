/* Floor 3. Fourier transforms: how they are computed (signal_eval.c), for their rows (signal.c). */
#ifndef ONNXSH_OPS_SIGNAL_H
#define ONNXSH_OPS_SIGNAL_H

#include "ops/infer.h"

ox_status ox__eval_dft(ox__ev *e);
ox_status ox__eval_stft(ox__ev *e);

/* A transform of one length, in double: powers of two by halving, any other length as a convolution of such. */
typedef struct ox__fft {
    uint64_t n, m;                /* the length; a power of two that holds the work */
    double *roots;                /* m / 2 complex numbers: exp(-2 pi i k / m) */
    double *chirp, *chirp_spread; /* n complex numbers, and their transform of m; NULL: n is m */
} ox__fft;
/* *work is the number of doubles that a call needs. */
ox_status ox__fft_init(ox__ev *e, ox__fft *f, uint64_t n, size_t *work);
/* Transforms n complex numbers in x in place; backwards without the factor 1 / n. */
void ox__fft_run(const ox__fft *f, double *x, double *work, bool backwards);

#endif
