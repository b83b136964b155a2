/* Floor 3. Operators that pick or place elements: how they are computed (gather_eval.c, scatter_eval.c,
 * select_eval.c), for their rows (gather.c), and what these share. */
#ifndef ONNXSH_OPS_GATHER_H
#define ONNXSH_OPS_GATHER_H

#include "ops/infer.h"

ox_status ox__eval_compress(ox__ev *e);
ox_status ox__eval_gather(ox__ev *e);
ox_status ox__eval_gather_elements(ox__ev *e);
ox_status ox__eval_gather_nd(ox__ev *e);
ox_status ox__eval_non_zero(ox__ev *e);
ox_status ox__eval_one_hot(ox__ev *e);
ox_status ox__eval_scatter_elements(ox__ev *e);
ox_status ox__eval_scatter_nd(ox__ev *e);
ox_status ox__eval_tensor_scatter(ox__ev *e);
ox_status ox__eval_top_k(ox__ev *e);
ox_status ox__eval_unique(ox__ev *e);

/* The elements of an integer tensor as indices of d things: negative ones count from the end. NULL with *s set when
 * one is outside, or memory is short. */
const int64_t *ox__indices_of(ox__ev *e, const ox__dense *idx, int64_t d, ox_status *s);
/* Rows idx[0], idx[1], ... of each of `outer` blocks of d rows of `bytes` bytes. */
void ox__gather_rows(ox__ev *e, void *dst, const void *src, uint64_t outer, uint64_t d, uint64_t bytes,
                     const int64_t *idx, uint64_t n);

/* Output 0: the n rows idx[0], idx[1], ... of input 0 along an axis; flat: of its elements as one row. */
ox_status ox__gather_out(ox__ev *e, bool flat, int64_t axis, const int64_t *idx, int64_t n);

/* A walk over a tensor of indices, row by row of its last dim, beside the data that they point into along an axis. */
typedef struct ox__index_walk {
    uint64_t n_rows, n; /* rows of n indices */
    uint32_t rank;
    const int64_t *dims; /* of the indices */
    int64_t *strides, *at;
    int64_t axis;
    int64_t base;       /* the row's place in the data without what the indices add */
    int64_t by, beside; /* an index adds that many elements each; so does each step in the row */
} ox__index_walk;
ox_status ox__index_walk_init(ox__ev *e, ox__index_walk *w, const ox__dense *data, const ox__dense *idx, int64_t axis);
void ox__index_walk_next(ox__index_walk *w);

#endif
