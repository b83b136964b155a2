/* Floor 5. Recipes: what a symbolic function did with some arguments, as steps that can be repeated for equal ones
 * without calling it. So a conversion after a change calls the functions that changed, and those whose arguments did;
 * all else, and every layer that is like the one before, is repeated.
 *
 * The rule that makes this sound. Only functions that say so (ox_symbolic_def.repeats) have recipes: their results
 * follow from their arguments and from what they ask of their call. The key holds the function's own number, which no
 * other function gets, the opset, the types that the trace gives the outputs, and each argument: a constant as it is, a
 * value by its type and by which argument it equals. What a function asks beyond that is a step too, whose answer must
 * be the same again (the type of a value that it made, that a value is not constant), or makes it one that is called
 * each time (anything about nodes, uses and names, or the data of a constant). A step that fails when repeated is
 * undone, and the function is called. Whether Lua is still what it was when the functions were loaded, the script tells
 * at the beginning of each conversion (ox_symbolics_set_guard): functions of users, which may read anything, are always
 * called. */
#ifndef ONNXSH_CONVERT_RECIPE_H
#define ONNXSH_CONVERT_RECIPE_H

#include "convert/bind.h"
#include "convert/call.h"

/* The values of one call: those among its arguments, then those that it makes. */
enum { OX__RECIPE_SLOTS = 64 };
typedef struct ox__slots {
    uint32_t n;
    ox_value v[OX__RECIPE_SLOTS];
} ox__slots;

typedef struct ox__text {
    const char *p;
    size_t n;
} ox__text;

typedef struct ox__deed_attr {
    const char *name;
    ox_attr a;                    /* arrays of numbers owned */
    const ox__text *texts;        /* STRING, STRINGS */
    const ox_tensor_info *tensor; /* TENSOR */
} ox__deed_attr;

typedef enum ox__deed_kind {
    OX__DEED_OP,
    OX__DEED_CONSTANT,
    OX__DEED_RETURN,
    OX__DEED_TYPE,     /* it asked for the type of a value that it made */
    OX__DEED_NO_TENSOR /* it asked for a constant where there was none */
} ox__deed_kind;

typedef struct ox__deed {
    ox__deed_kind kind;
    uint32_t n_args, n_attrs, n_out, slot;
    const char *op;
    const ox_arg *args; /* of OP and RETURN; v.id of a VALUE is 1 + its slot */
    const ox__deed_attr *attrs;
    const ox_tensor_info *tensor; /* CONSTANT */
    ox__text type;                /* TYPE */
    struct ox__deed *next;
} ox__deed;

typedef struct ox__recipe {
    uint64_t hash;
    ox__text key;
    const ox__deed *first;
} ox__recipe;

/* All recipes of a registry. */
struct ox__recipes {
    ox__arena mem;
    ox__index index; /* by hash of the key: number in list + 1 */
    OX__VEC(const ox__recipe *) list;
    uint64_t bytes;
    unsigned users; /* conversions under way */
};
void ox__recipes_free(ox__recipes *r);

/* A call that is being recorded. */
typedef struct ox__recording {
    ox__recipes *to;
    ox__slots slots;
    uint32_t n_given; /* slots of arguments, whose types the key holds */
    ox__deed *first, *last;
    bool failed; /* it did something that no recipe can hold */
} ox__recording;

/* Recipes are used between these two, if the functions are what they were when they were loaded. */
void ox__recipes_begin(ox__conv *c);
void ox__recipes_end(ox__conv *c);
/* Runs the function of a binding, or repeats what it did. `mark` is where a repetition that fails goes back to. */
ox_status ox__recipe_call(ox_call *k, const ox__binding *b, ox_mark mark, ox_error *err) OX_MUST_USE;

/* ---- recipe_key.c ---- */
/* Appends a type as far as a function can see it; false if it cannot be told in few words. */
bool ox__recipe_type(const ox_model *m, ox_type t, ox__buf *out);
/* The key of a call and the values among its arguments; false: this call has none. */
bool ox__recipe_key(const ox_call *k, const ox__binding *b, ox__slots *slots, ox__buf *out);

/* ---- recipe_record.c: what call.c tells of a call; rec may be NULL ---- */
void ox__record_op(ox_call *k, const char *op, size_t n_in, const ox_arg *in, size_t n_attrs, const ox_attr *attrs,
                   size_t n_out, const ox_value *outs);
void ox__record_constant(ox_call *k, ox_tensor t, ox_value out);
void ox__record_return(ox_call *k);
void ox__record_no_tensor(ox_call *k, ox_value v);
void ox__record_type(ox_call *k, ox_value v);
void ox__record_fails(ox_call *k);

#endif
