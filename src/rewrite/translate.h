/* Floor 4. Translation of a model's plain ids (strings, dims, types, layouts, locations, scopes, tensors) into those of
 * another model, each once. */
#ifndef ONNXSH_REWRITE_TRANSLATE_H
#define ONNXSH_REWRITE_TRANSLATE_H

#include "base/base.h"

#include <onnxsh/graph.h>

typedef struct ox__id_map {
    OX__VEC(uint32_t) to;
} ox__id_map;

typedef struct ox__translate {
    const ox_model *src;
    ox_model *dst;
    ox__id_map str, dim, type, layout, loc, scope, tensor;
    ox__arena mem; /* what one call returns; the owner resets it */
    bool back;     /* src was made from dst: each of its nodes has one of dst as its origin */
    bool failed;   /* a type or layout is {0} because memory for its parts was short */
} ox__translate;

void ox__translate_init(ox__translate *t, const ox_model *src, ox_model *dst);
void ox__translate_free(ox__translate *t);
/* {0} stays {0}; {0} also when out of memory, which the target's sticky flag or `failed` then says. */
ox_str ox__translate_str(ox__translate *t, ox_str s);
ox_dim ox__translate_dim(ox__translate *t, ox_dim d);
ox_type ox__translate_type(ox__translate *t, ox_type y);
ox_layout ox__translate_layout(ox__translate *t, ox_layout l);
ox_loc ox__translate_loc(ox__translate *t, ox_loc l);
ox_status ox__translate_scope(ox__translate *t, ox_scope s, ox_scope *out, ox_error *err) OX_MUST_USE;
/* Spans of mapped files keep their file number: the target's files must be the source's, in order. */
ox_status ox__translate_tensor(ox__translate *t, ox_tensor x, ox_tensor *out, ox_error *err) OX_MUST_USE;
/* An attribute without its graphs, which the caller fills in. Arrays stand in t->mem. */
ox_status ox__translate_attr(ox__translate *t, ox_attr *out, const ox_attr *a, ox_error *err) OX_MUST_USE;
ox_status ox__translate_function(ox__translate *t, ox_function_info *f, ox_error *err) OX_MUST_USE; /* in place */
const ox_pair *ox__translate_pairs(ox__translate *t, size_t n,
                                   const ox_pair *p); /* in t->mem, NULL when out of memory */

#endif
