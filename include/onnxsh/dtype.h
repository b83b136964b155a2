/* Element types of tensors; the constants are ONNX's TensorProto.DataType numbers. The rows stand in dtypes.def. */
#ifndef ONNXSH_DTYPE_H
#define ONNXSH_DTYPE_H

#include <onnxsh/error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ox_dtype {
#define OX_DTYPE(name, number, bits, onnx, numpy, torch, text) name = number,
#include <onnxsh/dtypes.def>
#undef OX_DTYPE
    OX_N_DTYPES
} ox_dtype;

/* The spelling families of an element type's name. */
typedef enum ox_dtype_style {
    OX_DTYPE_ONNX,  /* FLOAT */
    OX_DTYPE_NUMPY, /* float32: also what Lua sees */
    OX_DTYPE_TORCH, /* Float: what torch dumps print */
    OX_DTYPE_TEXT   /* float: the ONNX textual syntax */
} ox_dtype_style;

/* True for the types of the table but UNDEFINED. */
OX_API bool ox_dtype_is_valid(int dtype);
/* The name in a style; "" if that style has none; "?" for a number outside the table. Static storage. */
OX_API const char *ox_dtype_name(ox_dtype dtype, ox_dtype_style style);
/* Finds a type by its exact name in a style (length n, not terminated); OX_UNDEFINED if there is none. */
OX_API ox_dtype ox_dtype_find(const char *name, size_t n, ox_dtype_style style);
/* Bits per element, 0 for STRING and UNDEFINED. Sub-byte elements are packed, the first in the low bits;
 * one of 6 bits may stand in two bytes. */
OX_API unsigned ox_dtype_bits(ox_dtype dtype);
/* Bytes of n elements, ceil(n * bits / 8). Returns false on overflow or a variable-size type. */
OX_API bool ox_dtype_bytes(ox_dtype dtype, uint64_t n, uint64_t *bytes);
OX_API bool ox_dtype_is_float(ox_dtype dtype);   /* any binary floating point, 4 to 64 bits */
OX_API bool ox_dtype_is_integer(ox_dtype dtype); /* signed or unsigned, BOOL excluded */
OX_API bool ox_dtype_is_complex(ox_dtype dtype);
/* Reads element i of a canonical (little endian, packed) buffer. Complex gives its real part; STRING gives 0. */
OX_API double ox_dtype_get_f64(ox_dtype dtype, const void *data, uint64_t i);
/* The same as an integer: exact for integers and BOOL, truncated toward zero and clamped for floats (NaN is 0). */
OX_API int64_t ox_dtype_get_i64(ox_dtype dtype, const void *data, uint64_t i);
/* Stores a number as element i. Floats are rounded once, to nearest even; a number beyond the largest becomes infinity,
 * or NaN in a type without infinity, or the largest in the types of 4 and 6 bits, which have neither and keep NaN as
 * negative zero (that is ONNX's Cast with saturate=0; a caller that saturates clamps first). An integer type takes a
 * float truncated toward zero and clamped (NaN is 0). Complex types get the imaginary part 0, BOOL v != 0; UNDEFINED
 * and STRING take nothing. */
OX_API void ox_dtype_set_f64(ox_dtype dtype, void *data, uint64_t i, double v);
OX_API void ox_dtype_set_i64(ox_dtype dtype, void *data, uint64_t i, int64_t v);

#ifdef __cplusplus
}
#endif
#endif
