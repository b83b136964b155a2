/* Floor 3. Calls of local functions: their bodies are inferred with the types, the known values and the attributes of
 * the call, once for each such signature. What that says of the values inside is not kept, as calls may differ. */
#ifndef ONNXSH_OPS_INFER_CALL_H
#define ONNXSH_OPS_INFER_CALL_H

#include "ops/facts.h"

struct ox__infer_options;

/* What a call gave. */
typedef struct ox__call_result {
    uint32_t n; /* outputs */
    const ox_type *types;
    const ox__vec_fact *vecs; /* dims NULL: not known */
    const ox_tensor *tensors;
} ox__call_result;

typedef struct ox__calls {
    ox__intern keys;                 /* signatures */
    OX__VEC(ox__call_result) result; /* by the id of the key; n 0 = none */
    ox__arena mem;
    size_t depth;
    uint64_t work; /* nodes of bodies that were looked at */
} ox__calls;       /* all zero is empty */

void ox__calls_free(ox__calls *c);
/* out gets the types of the outputs of n, a call of `function`; what is known of their values goes to f. OX_E_INVALID:
 * the call does not fit the function, or comes to itself. */
ox_status ox__infer_call(ox__facts *f, ox_node n, ox_graph function, const struct ox__infer_options *opt, ox_type *out,
                         ox_error *err) OX_MUST_USE;

#endif
