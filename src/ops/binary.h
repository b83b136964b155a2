/* Floor 3. What the rows of binary.c compute with: arithmetic and comparisons (arith_eval.c), powers, choice and logic
 * (choice_eval.c). */
#ifndef ONNXSH_OPS_BINARY_H
#define ONNXSH_OPS_BINARY_H

#include "ops/spread.h"

/* n numbers of two rows of a class; a step is 0 where the same element stands for all. */
typedef void (*ox__pair_fn)(void *out, const void *a, const void *b, int64_t step_a, int64_t step_b, size_t n);

/* The rows of two tensors through one kernel. Elements that are not plain are widened by blocks. */
typedef struct ox__pair_job {
    ox__pair_fn fn;
    ox__class c, out_class; /* of the operands; of the result, OX__IN_NONE = bytes of bool */
    ox_dtype a_type, b_type, out_type;
    const void *a, *b;
    void *out;
} ox__pair_job;
void ox__pair_rows(void *job, uint64_t at, const uint64_t *pos, const int64_t *step, size_t n);

ox_status ox__eval_arith(ox__ev *e);    /* Add Sub Mul Div Mod PRelu BitShift Bitwise* of two */
ox_status ox__eval_variadic(ox__ev *e); /* Max Min Sum Mean of any number */
ox_status ox__eval_compare(ox__ev *e);
ox_status ox__eval_logic(ox__ev *e);
ox_status ox__eval_pow(ox__ev *e);
ox_status ox__eval_where(ox__ev *e);

#endif
