/* Floor 3. Elements in the types that are computed in. Loops work on blocks of a few hundred elements that are widened
 * on the stack, so that a kernel is written for four types only: float and double for floats, int64 and uint64 for
 * integers and bool. Narrow floats are computed in float and rounded once; narrow integers in 64 bits, whose low bits
 * are what their own width would have given. */
#ifndef ONNXSH_OPS_BLOCKS_H
#define ONNXSH_OPS_BLOCKS_H

#include "ops/eval.h"

typedef enum ox__class {
    OX__IN_NONE, /* strings, complex numbers: not computed in */
    OX__IN_F32,
    OX__IN_F64,
    OX__IN_I64,
    OX__IN_U64 /* UINT64 alone: its order and division differ */
} ox__class;

enum {
    OX__BLOCK = 256, /* elements; a multiple of 8, so that blocks of packed elements share no byte */
    OX__EVAL_RANK = 64
};

ox__class ox__class_of(ox_dtype dtype);
bool ox__is_real(ox_dtype dtype); /* a float of 16 bits or more: what arithmetic is defined on */

/* Elements at..at+n-1 of any type of the class, as that class. */
void ox__load_f32(ox_dtype dtype, const void *data, uint64_t at, size_t n, float *out);
void ox__load_f64(ox_dtype dtype, const void *data, uint64_t at, size_t n, double *out);
void ox__load_i64(ox_dtype dtype, const void *data, uint64_t at, size_t n, int64_t *out); /* UINT64 keeps its bits */
/* The reverse: floats are rounded, integers keep their low bits, bool is "not zero". */
void ox__store_f32(ox_dtype dtype, void *data, uint64_t at, size_t n, const float *in);
void ox__store_f64(ox_dtype dtype, void *data, uint64_t at, size_t n, const double *in);
void ox__store_i64(ox_dtype dtype, void *data, uint64_t at, size_t n, const int64_t *in);
/* The same by class, `block` being of that class's type. */
void ox__load(ox__class c, ox_dtype dtype, const void *data, uint64_t at, size_t n, void *block);
void ox__store(ox__class c, ox_dtype dtype, void *data, uint64_t at, size_t n, const void *block);
/* True when elements of the type lie in memory as their class has them. */
bool ox__is_plain(ox_dtype dtype);
/* All elements of a as its class has them, in e->mem or the tensor itself. NULL when out of memory. */
const void *ox__ev_plain(ox__ev *e, const ox__dense *a);
/* A float as an integer type takes it on today's machines: truncated, the low bits kept. What does not fit the register
 * (32 bits for the types below uint32, else 64) is the lowest number of it. */
int64_t ox__float_bits(ox_dtype to, double v);
/* The float is a number that the type has: its cast is defined. */
bool ox__float_fits(ox_dtype to, double v);

#endif
