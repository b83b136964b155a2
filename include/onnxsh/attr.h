/* Attributes of nodes: immutable values. A node's attributes are an array sorted as the file had them; changing one
 * replaces the array. */
#ifndef ONNXSH_ATTR_H
#define ONNXSH_ATTR_H

#include <onnxsh/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* 1..14 are ONNX's AttributeProto.AttributeType numbers; the rest occur in traces only. */
typedef enum ox_attr_kind {
    OX_ATTR_NONE = 0,
    OX_ATTR_FLOAT = 1,
    OX_ATTR_INT = 2,
    OX_ATTR_STRING = 3,
    OX_ATTR_TENSOR = 4,
    OX_ATTR_GRAPH = 5,
    OX_ATTR_FLOATS = 6,
    OX_ATTR_INTS = 7,
    OX_ATTR_STRINGS = 8,
    OX_ATTR_TENSORS = 9,
    OX_ATTR_GRAPHS = 10,
    OX_ATTR_SPARSE = 11, /* a tensor of storage SPARSE */
    OX_ATTR_SPARSES = 12,
    OX_ATTR_TYPE = 13,
    OX_ATTR_TYPES = 14,
    OX_ATTR_BOOL = 32,    /* prim::Constant of type bool, in `i` */
    OX_ATTR_BOOLS = 33,   /* in `ints` */
    OX_ATTR_COMPLEX = 34, /* re in `floats[0]`, im in `floats[1]` */
    OX_ATTR_DEVICE = 35,  /* in `s` */
    OX_ATTR_RAW = 36      /* kept as the dump's text in `s`: dicts, tuples, objects, arguments of Python operators */
} ox_attr_kind;

typedef struct ox_attr {
    ox_str name;
    uint8_t kind; /* ox_attr_kind; the declared one for a reference */
    bool rounded; /* a float that a dump may have printed rounded */
    bool lost;    /* `<Tensor>`, `[<Tensors>]`: the dump does not hold the data */
    uint32_t n;   /* elements of a list kind */
    ox_str ref;   /* not {0}: a reference to this attribute of the enclosing function */
    ox_str doc;
    union {
        int64_t i;
        double f; /* a float32 for ONNX attributes */
        ox_str s; /* bytes */
        ox_tensor t;
        ox_graph g;
        ox_type type;
        const int64_t *ints;
        const double *floats;
        const ox_str *strings;
        const ox_tensor *tensors;
        const ox_graph *graphs;
        const ox_type *types;
    } u;
} ox_attr;

/* "float", "ints", "graph", ...: the name of a kind; static. */
OX_API const char *ox_attr_kind_name(ox_attr_kind kind);
/* Equal in name, kind and value (tensors and graphs by id). */
OX_API bool ox_attr_equal(const ox_attr *a, const ox_attr *b);

#ifdef __cplusplus
}
#endif
#endif
