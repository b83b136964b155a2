/* Floor 2. The rows of the generated table of ONNX operators (tables/onnx_table.c, written by gen_onnx.py).
 *
 * Texts are offsets into ox__onnx_text; lists of rows are runs of ox__onnx_lists that hold row numbers, so that equal
 * rows and equal lists stand there once. Nothing holds a pointer: the pages stay clean and need no relocation. */
#ifndef ONNXSH_SCHEMA_ONNX_ROWS_H
#define ONNXSH_SCHEMA_ONNX_ROWS_H

#include <onnxsh/schema.h>

enum { OX__ONNX_DEPRECATED = 1, OX__ONNX_EXPERIMENTAL = 2, OX__ONNX_FUNCTION = 4 };
enum { OX__ONNX_REQUIRED = 1, OX__ONNX_HAS_DEFAULT = 2 };
enum { OX__ONNX_OPTION_MASK = 3, OX__ONNX_HOMOGENEOUS = 4 };
enum { OX__ONNX_UNBOUNDED = 0xFFFF };

struct ox_op_schema {
    uint16_t op; /* row of ox__onnx_ops */
    uint16_t since;
    uint16_t params; /* run: inputs, then outputs */
    uint16_t attrs;  /* run */
    uint16_t vars;   /* run */
    uint16_t min_inputs, max_inputs, min_outputs, max_outputs;
    uint8_t n_inputs, n_outputs, n_attrs, n_vars;
    uint8_t flags;
};

typedef struct ox__onnx_op {
    uint16_t name, first;
    uint8_t n, domain;
} ox__onnx_op; /* schemas first..first+n-1 */
typedef struct ox__onnx_domain {
    uint16_t name, newest;
} ox__onnx_domain;
typedef struct ox__onnx_param {
    uint16_t name, type, set;
    uint8_t flags, min_arity;
} ox__onnx_param;
typedef struct ox__onnx_var {
    uint16_t name, set;
} ox__onnx_var;
typedef struct ox__onnx_ir {
    uint8_t domain;
    uint16_t opset, ir;
} ox__onnx_ir; /* from this opset on */
typedef struct ox__onnx_attr {
    uint16_t name;
    uint8_t kind, flags, n;
    uint32_t value; /* FLOAT: its bits; INT, INTS: at ox__onnx_ints; STRING, STRINGS: at ox__onnx_text */
} ox__onnx_attr;

typedef struct ox__onnx_sizes {
    uint16_t schemas, ops, domains, slots, dtype_names, other_types, irs, newest_ir;
} ox__onnx_sizes;

extern const char ox__onnx_text[];
extern const ox__onnx_domain ox__onnx_domains[];
extern const ox__onnx_op ox__onnx_ops[];
extern const ox_op_schema ox__onnx_schemas[];
extern const ox__onnx_param ox__onnx_params[];
extern const ox__onnx_attr ox__onnx_attrs[];
extern const ox__onnx_var ox__onnx_vars[];
extern const ox_type_set ox__onnx_sets[];
extern const uint16_t ox__onnx_lists[];
extern const int64_t ox__onnx_ints[];
extern const uint16_t ox__onnx_slots[];       /* op row + 1, 0 = empty; hashed by name and domain */
extern const uint16_t ox__onnx_dtype_names[]; /* by number: "float", ... */
extern const uint16_t ox__onnx_other_types[]; /* by bit of ox_type_set.other: "map(string, float)", ... */
extern const ox__onnx_ir ox__onnx_irs[];
extern const ox__onnx_sizes ox__onnx_n;

/* The row of a domain ("ai.onnx" and "onnx" are ""), -1 if the table does not know it. */
int ox__onnx_find_domain(const char *domain, size_t n);
/* The number of the attribute of that name, -1 if there is none. */
int ox__schema_attr_index(const ox_op_schema *s, const char *name, size_t n);

#endif
