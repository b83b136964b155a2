/* Floor 3. Field numbers of TensorProto, and which of its fields may hold the elements of a type. */
#ifndef ONNXSH_IO_ONNX_TENSOR_H
#define ONNXSH_IO_ONNX_TENSOR_H

#include <onnxsh/dtype.h>

enum {
    OX__T_DIMS = 1,
    OX__T_TYPE = 2,
    OX__T_SEGMENT = 3,
    OX__T_FLOATS = 4,
    OX__T_INT32S = 5,
    OX__T_STRINGS = 6,
    OX__T_INT64S = 7,
    OX__T_NAME = 8,
    OX__T_RAW = 9,
    OX__T_DOUBLES = 10,
    OX__T_UINT64S = 11,
    OX__T_DOC = 12,
    OX__T_EXTERNAL = 13,
    OX__T_LOCATION = 14,
    OX__T_METADATA = 16,
    OX__T_N = 17
};

/* The typed field that may hold a dtype. */
static inline uint32_t ox__tensor_field(ox_dtype t)
{
    switch (t) {
    case OX_FLOAT:
    case OX_COMPLEX64: return OX__T_FLOATS;
    case OX_DOUBLE:
    case OX_COMPLEX128: return OX__T_DOUBLES;
    case OX_INT64: return OX__T_INT64S;
    case OX_UINT32:
    case OX_UINT64: return OX__T_UINT64S;
    case OX_STRING: return OX__T_STRINGS;
    default: return OX__T_INT32S;
    }
}

#endif
