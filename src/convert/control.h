/* Floor 5. What the conversion of branches and loops is made of. */
#ifndef ONNXSH_CONVERT_CONTROL_H
#define ONNXSH_CONVERT_CONTROL_H

#include "convert/internal.h"

/* Of a loop whose body is converted: the type, with that of its items, of each carried list that is empty before the
 * loop and has none yet; {0} for all others. True if there is one. */
bool ox__loop_items(ox__conv *c, ox_node n, ox_graph body, ox_type *types);
/* Gives what the loop takes those types. */
ox_status ox__loop_set_items(ox__conv *c, ox_node n, const ox_type *types, ox_error *err) OX_MUST_USE;

#endif
