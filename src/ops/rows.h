/* Floor 3. Looking up the row of an operator. */
#ifndef ONNXSH_OPS_ROWS_H
#define ONNXSH_OPS_ROWS_H

#include "base/base.h"

#include <onnxsh/graph.h>

typedef struct ox__op_row ox__op_row;

typedef struct ox__rows {
    ox__index names;              /* rows by domain and name: family << 16 | row, plus 1 */
    OX__VEC(uint32_t) row_of_str; /* of ai.onnx, by id of the operator's string: entry of `names`, UINT32_MAX = none */
} ox__rows;                       /* all zero is empty */

ox_status ox__rows_init(ox__rows *r, ox_error *err) OX_MUST_USE;
void ox__rows_free(ox__rows *r);
/* The row of that operator, NULL if there is none. Domain "" is ai.onnx. */
const ox__op_row *ox__rows_named(const ox__rows *r, const char *domain, const char *op);
/* The row of a node; NULL if there is none. *oom (may be NULL) says that memory ran out instead. A table serves one
 * model. */
const ox__op_row *ox__rows_of(ox__rows *r, const ox_model *m, ox_node n, bool *oom);

#endif
