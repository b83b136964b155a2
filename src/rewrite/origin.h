/* Floor 4. Where weights that were computed come from: their tensors say it (doc_string in the file). */
#ifndef ONNXSH_REWRITE_ORIGIN_H
#define ONNXSH_REWRITE_ORIGIN_H

#include "base/base.h"

#include <onnxsh/data.h>
#include <onnxsh/graph.h>

/* What is known of values made so far, by their ids. */
typedef struct ox__origin {
    ox_str from, by; /* "a.weight, b.weight" by "Slice, Concat" */
} ox__origin;
typedef struct ox__origins {
    OX__VEC(ox__origin) rows;
} ox__origins;

/* The tensor with another doc. */
ox_status ox__tensor_with_doc(ox_model *m, ox_tensor *t, const char *doc, ox_error *err) OX_MUST_USE;

/* What n computes from weights: "made of a.weight, b.weight by Slice, Concat". */
ox_status ox__origin_of(ox__origins *o, ox_model *m, ox_node n, ox__origin *out, ox_error *err) OX_MUST_USE;
ox_status ox__origin_doc(ox_model *m, const ox__origin *o, ox_tensor *t, ox_error *err) OX_MUST_USE;
ox_status ox__origin_keep(ox__origins *o, ox_value made, const ox__origin *of, ox_error *err) OX_MUST_USE;

#endif
