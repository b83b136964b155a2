/* Floor 3. Matrix products, the work inside convolutions, recurrent layers and attention. */
#ifndef ONNXSH_OPS_GEMM_H
#define ONNXSH_OPS_GEMM_H

#include "ops/eval.h"

/* Writes rows k0..k0+kc-1 and columns n0..n0+nc-1 of B in panels of w columns: element (k, n), counted from the block's
 * corner, goes to dst[n / w * kc * w + k * w + n % w]. What the last panel has too many stays as it is. nc is at most
 * OX__GEMM_TILE. Called by worker threads. */
typedef void (*ox__gemm_pack)(const void *ud, int64_t k0, int64_t kc, int64_t n0, int64_t nc, int64_t w, void *dst);

enum { OX__GEMM_TILE = 256 };

/* C = alpha * A * B + (bias of the row, or C itself, or nothing). Strides count elements. */
typedef struct ox__gemm {
    int64_t m, n, k;
    double alpha;
    const void *a, *b; /* m x k, k x n */
    int64_t a_row, a_col, b_row, b_col;
    ox__gemm_pack pack; /* gives B instead of b; may be NULL */
    const void *ud;
    void *c; /* m x n, columns side by side */
    int64_t c_row;
    const void *bias; /* m numbers, or NULL */
    bool add;         /* C is added to; then no bias */
} ox__gemm;

/* `count` products of the same m, n and k. OX_E_NOMEM. */
ox_status ox__gemm_f32(ox__ev *e, const ox__gemm *g, size_t count) OX_MUST_USE;
ox_status ox__gemm_f64(ox__ev *e, const ox__gemm *g, size_t count) OX_MUST_USE;
/* By dtype: OX_FLOAT, OX_DOUBLE. */
static inline ox_status ox__gemm_run(ox__ev *e, ox_dtype dtype, const ox__gemm *g, size_t count)
{
    return dtype == OX_DOUBLE ? ox__gemm_f64(e, g, count) : ox__gemm_f32(e, g, count);
}
/* The same for integers of 4 or 8 bytes, wrapping around; A and B dense or strided, no pack, no bias, alpha 1. */
void ox__gemm_int(ox__ev *e, unsigned item, const ox__gemm *g, size_t count);

#endif
