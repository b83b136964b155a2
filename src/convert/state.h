/* Floor 5. Attributes of modules that a graph sets, as values: what the parts of the pass share. pass_state.c tells how
 * it works. */
#ifndef ONNXSH_CONVERT_STATE_H
#define ONNXSH_CONVERT_STATE_H

#include "convert/pass.h"

typedef struct ox__slot {
    ox_str path;        /* of the attribute, "encoder.h" */
    ox_type_kind kind;  /* a tensor, or a number */
    ox_node set;        /* what sets or writes it first */
    const char *before; /* what the file holds for it, if that is no weight; "" = not told */
    bool refused;
    ox_str alias;   /* a weight that has the same memory in the file, {0} = none */
    ox_value input; /* what it is before the call */
    ox_value now;
} ox__slot;

typedef struct ox__slot_change {
    uint32_t slot;
    ox_value was;
} ox__slot_change;

typedef struct ox__keeper {
    ox__conv *c;
    OX__VEC(ox__slot) slots;
    OX__VEC(uint32_t) of; /* by string id of the path: its slot + 1 */
    OX__VEC(ox__slot_change) log;
    ox__buf path;
} ox__keeper;

/* The slot of what a GetAttr reads or a SetAttr sets; NULL if it is none. Memory may run out. */
ox__slot *ox__slot_of(ox__keeper *k, ox_node n);

/* Puts the values of the slots where they are read, from the first node of g to the last; the nodes that set them go.
 */
ox_status ox__state_walk(ox__keeper *k, ox_graph g) OX_MUST_USE;

#endif
