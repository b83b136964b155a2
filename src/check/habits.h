/* Floor 4. What the checks of habits share: a second walk over the nodes, after inference if it was wanted, so that
 * they see the types that it found. */
#ifndef ONNXSH_CHECK_HABITS_H
#define ONNXSH_CHECK_HABITS_H

#include "check/check.h"

/* ---- values that are known (known.c) ---- */
enum { OX__KNOWN_MAX = 64 };
/* The tensor that a value always is: of an initializer (not one that is an input too), of a Constant node. {0} if there
 * is none. */
ox_tensor ox__known_tensor(const ox__check *c, ox_value v);
/* The integers of a constant of at most `max` elements; false if it is none, or not read. */
bool ox__known_ints(ox__check *c, ox_value v, size_t max, int64_t *out, size_t *n);
/* An integer attribute, `def` without it. */
int64_t ox__known_attr(const ox__check *c, ox_node n, const char *name, int64_t def);
/* The schema of a node; in a trace, which states no opset, the newest one. NULL for other domains. */
const ox_op_schema *ox__known_schema(const ox__check *c, ox_node n);
/* The element type of a value as far as declarations, constants, casts and the schemas of the nodes before it tell. */
ox_dtype ox__known_dtype(const ox__check *c, ox_value v);
/* The rank of a value, OX_RANK_UNKNOWN if it is not known. */
int32_t ox__known_rank(const ox__check *c, ox_value v);

/* ---- the elements of a shape that nodes compute (sizes.c) ---- */
typedef enum ox__size_kind {
    OX__SIZE_CONST, /* value */
    OX__SIZE_OF,    /* dim `axis` of value `of` */
    OX__SIZE_MADE   /* by arithmetic, or unknown */
} ox__size_kind;
typedef struct ox__size {
    ox__size_kind kind;
    int64_t value, axis;
    ox_value of;
    ox_node maker; /* of a constant: its Constant node; {0} if it is an initializer */
} ox__size;
typedef struct ox__sizes {
    size_t n;
    ox__size at[OX__KNOWN_MAX];
} ox__sizes;
/* False if not even their number is known. Follows Shape, Gather, Slice, Concat, arithmetic, and in traces aten::size
 * and lists. */
bool ox__sizes_of(ox__check *c, ox_value v, ox__sizes *out);

/* ---- the checks: one look at a node ---- */
typedef void (*ox__habit_fn)(ox__check *c, ox_node n);
void ox__habit_cast(ox__check *c, ox_node n);       /* casts.c */
void ox__habit_dropout(ox__check *c, ox_node n);    /* runtime.c */
void ox__habit_batch_norm(ox__check *c, ox_node n); /* runtime.c */
void ox__habit_resize(ox__check *c, ox_node n);     /* runtime.c */
void ox__habit_block(ox__check *c, ox_node n);      /* runtime.c */
/* Inputs whose bit is set in `inputs` are indices. */
void ox__habit_indices(ox__check *c, ox_node n, uint32_t inputs);
/* ---- baked.c ---- */
enum { OX__BAKED_OPEN = 32 };
struct ox__baked {
    /* dims of inputs that are open and were above 1 in the trace, the first so many */
    size_t n_open;
    struct {
        ox_value input;
        int64_t axis, size;
    } open[OX__BAKED_OPEN];
    /* shapes that repeat a fixed batch size: how many, and the first */
    size_t n_fixed;
    ox_node node, maker;
    ox_value input;
    int64_t value;
};
void ox__habit_reshape(ox__check *c, ox_node n);
void ox__habit_expand(ox__check *c, ox_node n);
void ox__habit_concat(ox__check *c, ox_node n);
void ox__habit_slice(ox__check *c, ox_node n);
void ox__habit_resize_sizes(ox__check *c, ox_node n);
void ox__habit_baked_begin(ox__check *c, struct ox__baked *b); /* before the first node; b lives until the end */
void ox__habit_baked_end(ox__check *c); /* after the last: what is reported once, with its count */

/* unused.c: what nothing uses; after the walk. */
void ox__habit_unused(ox__check *c);

#endif
