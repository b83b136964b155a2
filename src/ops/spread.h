/* Floor 3. Broadcasting: operands of several shapes walked as one. Neighbouring dims that all operands pass alike are
 * merged, so equal shapes are one row, a bias is rows of one operand, a channel's number is rows of one element. */
#ifndef ONNXSH_OPS_SPREAD_H
#define ONNXSH_OPS_SPREAD_H

#include "ops/blocks.h"

enum { OX__SPREAD_IN = 3 };

typedef struct ox__shape {
    uint32_t rank;
    const int64_t *dims;
} ox__shape;

typedef struct ox__spread {
    uint32_t rank; /* of the merged dims; at least 1 */
    int64_t dims[OX__EVAL_RANK];
    int64_t step[OX__SPREAD_IN][OX__EVAL_RANK]; /* in elements; 0 where the operand is repeated. Of the last: 0 or 1 */
    uint64_t n;                                 /* elements of the result */
    uint32_t out_rank;
    int64_t out[OX__EVAL_RANK]; /* dims of the result */
} ox__spread;

/* Fails when the shapes do not go together. */
ox_status ox__ev_spread(ox__ev *e, ox__spread *sp, size_t n_in, const ox__shape *in);
/* The shapes of inputs 0..1 (or more, for n > 2), for binary operators of every opset: before 7, `broadcast` and `axis`
 * place the second one, whose dims are written to room (OX__EVAL_RANK). */
ox_status ox__ev_operands(ox__ev *e, size_t n, ox__shape *in, int64_t *room);

/* Works on n elements of a row: the result's from `at` on, those of operand k from pos[k] on, which stay at the same
 * element where step[k] is 0. */
typedef void (*ox__row_fn)(void *ud, uint64_t at, const uint64_t *pos, const int64_t *step, size_t n);
/* All rows, in pieces of at most OX__ROW elements, on the threads of e->pool. cost: about how many nanoseconds an
 * element takes. */
enum { OX__ROW = 4096 };
void ox__ev_rows(ox__ev *e, const ox__spread *sp, unsigned cost, ox__row_fn fn, void *ud);

#endif
