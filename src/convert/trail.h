/* Floor 5. What becomes of the values of a trace while a copy of it is lowered: which value of the copy takes the place
 * of each. The types that conversion finds are mapped back by it. */
#ifndef ONNXSH_CONVERT_TRAIL_H
#define ONNXSH_CONVERT_TRAIL_H

#include "convert/internal.h"

/* A value of the copy that another took the place of. */
typedef struct ox__trail_row {
    ox_value from, by;
    uint32_t of;   /* the source's value that `from` stands for, 0 = none */
    uint32_t next; /* 1 + an earlier row of the same value */
} ox__trail_row;

struct ox__trail {
    ox__conv *c;
    ox_value *copy; /* by the source's value id: its twin in the copy as it was made */
    uint32_t *row;  /* by the source's value id: 1 + the last row of it */
    uint32_t n_copy;
    uint32_t *twin_of; /* by the copy's value id, the other way */
    uint32_t n_twin;
    OX__VEC(ox__trail_row) rows;
    OX__VEC(uint32_t) last; /* by the copy's value id: 1 + the last row from it */
    bool failed;            /* memory ran out */
};

/* Watches the copy that c has just made; to be freed before the copy is. */
ox_status ox__trail_start(ox__trail *t, ox__conv *c) OX_MUST_USE;
void ox__trail_free(ox__trail *t);
/* What stands for a value of the source in the end: calls fn for each such value of the copy (several if it was copied,
 * as a round of a loop is). A value that stems from a failure is among them. */
void ox__trail_ends(const ox__trail *t, ox_value of, void (*fn)(void *ud, ox_value end), void *ud);

/* Marks what is changed in place in g and its blocks and is not followed; to be called before conversion. */
ox_status ox__unfollowed_mark(ox__conv *c, ox_graph g) OX_MUST_USE;
bool ox__reads_unfollowed(const ox__conv *c, ox_node n);

#endif
