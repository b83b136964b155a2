/* Floor 3. Results that are computed in float or double and rounded once to their own type. */
#ifndef ONNXSH_OPS_WIDE_H
#define ONNXSH_OPS_WIDE_H

#include "ops/eval.h"

typedef struct ox__wide {
    void *p; /* n elements of `in`, zeroes at first */
    ox_dtype in, dtype;
    uint64_t n;
    void *out;
} ox__wide;

/* What a float type is computed in: OX_DOUBLE, OX_FLOAT for it and the shorter ones; OX_UNDEFINED for other types. */
ox_dtype ox__wide_type(ox_dtype dtype);
/* Elements of an input in `in`. NULL when out of memory. */
const void *ox__wide_of(ox__ev *e, const ox__dense *a, ox_dtype in);
/* Makes output o. */
ox_status ox__wide_out(ox__ev *e, ox__wide *w, size_t o, ox_dtype dtype, ox_dtype in, uint32_t rank,
                       const int64_t *dims) OX_MUST_USE;
/* Stores what was computed. */
void ox__wide_store(ox__ev *e, const ox__wide *w);

#endif
