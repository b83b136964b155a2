/* Operator schemas: every version of every ONNX operator (here), and PyTorch's overloads (aten.h).
 *
 * Both are compact read-only tables inside the library: looking up allocates nothing, is O(1) and safe from any thread;
 * texts and rows have static storage. */
#ifndef ONNXSH_SCHEMA_H
#define ONNXSH_SCHEMA_H

#include <onnxsh/aten.h>
#include <onnxsh/graph.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- ONNX: sets of allowed types ---- */

/* Bit d of a mask stands for the element type of ONNX number d. */
typedef struct ox_type_set {
    uint32_t tensor;            /* tensor(d) */
    uint32_t sequence;          /* seq(tensor(d)) */
    uint32_t optional;          /* optional(tensor(d)) */
    uint32_t optional_sequence; /* optional(seq(tensor(d))) */
    uint32_t other;             /* the few that are none of these: maps and sequences of maps; ox_type_set_admits */
} ox_type_set;

typedef enum ox_tri { OX_NO, OX_YES, OX_UNKNOWN } ox_tri;

/* Whether a type is in the set; OX_UNKNOWN when too little is known of it ({0}, or an unknown element type). */
OX_API ox_tri ox_type_set_admits(const ox_type_set *set, const ox_model *m, ox_type t);
/* The only tensor element type of the set, or OX_UNDEFINED when it has none, several, or other types too. */
OX_API ox_dtype ox_type_set_single(const ox_type_set *set);
/* Writes "tensor(float), tensor(double)" into buf, cut and terminated; returns the full length. */
OX_API size_t ox_type_set_print(const ox_type_set *set, char *buf, size_t size);

/* ---- ONNX: operators. A schema is one version of one operator ---- */
typedef struct ox_op_schema ox_op_schema;

typedef enum ox_param_option { OX_PARAM_SINGLE, OX_PARAM_OPTIONAL, OX_PARAM_VARIADIC } ox_param_option;

/* A formal input or output. */
typedef struct ox_op_param {
    const char *name;
    const char *type;  /* the type variable ("T") or a type ("tensor(int64)") */
    int var;           /* index of the type variable (ox_op_schema_var), -1 if `type` is a type */
    ox_type_set types; /* what it admits, variable or not */
    ox_param_option option;
    bool homogeneous;   /* VARIADIC: all actual values have one type */
    uint32_t min_arity; /* VARIADIC: least number of actual values */
} ox_op_param;

/* A type variable with what it may stand for. */
typedef struct ox_op_var {
    const char *name;
    ox_type_set types;
} ox_op_var;

/* An attribute. The default, if there is one, stands in the field of its kind. */
typedef struct ox_op_attr {
    const char *name;
    ox_attr_kind kind;
    bool required;
    bool has_default;
    uint32_t n;          /* elements of a list default */
    int64_t i;           /* INT */
    double f;            /* FLOAT: a float32 */
    const char *s;       /* STRING: the text; STRINGS: n texts one after another, each with its NUL */
    const int64_t *ints; /* INTS */
} ox_op_attr;

enum { OX_NO_VERSION = 0 };
#define OX_UNBOUNDED UINT32_MAX /* max_inputs, max_outputs of a variadic operator */

typedef struct ox_op_info {
    const char *domain; /* "" is ai.onnx */
    const char *name;
    int64_t since;   /* the opset that introduced this version */
    int64_t until;   /* the last opset that it serves, OX_NO_VERSION if it is the newest */
    bool deprecated; /* the operator is gone from `since` on: models of such opsets must not use it */
    bool experimental;
    bool has_function;                             /* the package defines it by other operators */
    uint32_t n_inputs, n_outputs, n_attrs, n_vars; /* formal ones */
    uint32_t min_inputs, max_inputs, min_outputs, max_outputs;
} ox_op_info;

/* The version of an operator that serves an opset: the highest `since` not above it. Domain "", "ai.onnx" and "onnx"
 * are one; opset 0 means the newest. NULL if there is none (a deprecated version is returned: see ox_op_info). */
OX_API const ox_op_schema *ox_op_schema_find(const char *domain, const char *op, int64_t opset);
/* The same for texts of known length, which may hold NULs. */
OX_API const ox_op_schema *ox_op_schema_find_n(const char *domain, size_t n_domain, const char *op, size_t n_op,
                                               int64_t opset);
/* The schema of a node of an ONNX model under the model's (or its function's) opset imports; NULL if none. */
OX_API const ox_op_schema *ox_op_schema_of(const ox_model *m, ox_node n);
/* The opset of the node's domain that its model (or function) imports; 0 if it is not imported or not in the table. */
OX_API int64_t ox_node_opset(const ox_model *m, ox_node n);
/* All schemas, sorted by domain, name and version. */
OX_API size_t ox_op_schema_count(void);
OX_API const ox_op_schema *ox_op_schema_at(size_t i);
/* The next older and newer version of the same operator, NULL at the ends. */
OX_API const ox_op_schema *ox_op_schema_older(const ox_op_schema *s);
OX_API const ox_op_schema *ox_op_schema_newer(const ox_op_schema *s);

OX_API ox_op_info ox_op_schema_info(const ox_op_schema *s);
/* Formal parameter i (i < n_inputs, n_outputs). A zeroed one (name NULL) out of range. */
OX_API ox_op_param ox_op_schema_input(const ox_op_schema *s, size_t i);
OX_API ox_op_param ox_op_schema_output(const ox_op_schema *s, size_t i);
/* The formal parameter of actual value i: a last variadic one serves all that follow. False beyond the maximum. */
OX_API bool ox_op_schema_input_for(const ox_op_schema *s, size_t i, ox_op_param *out);
OX_API bool ox_op_schema_output_for(const ox_op_schema *s, size_t i, ox_op_param *out);
/* Attributes, sorted by name. */
OX_API ox_op_attr ox_op_schema_attr(const ox_op_schema *s, size_t i);
OX_API bool ox_op_schema_find_attr(const ox_op_schema *s, const char *name, size_t n, ox_op_attr *out);
OX_API ox_op_var ox_op_schema_var(const ox_op_schema *s, size_t i);

/* ---- versions ---- */
/* The newest opset of a domain in the table; 0 for a domain that it does not know. */
OX_API int64_t ox_opset_newest(const char *domain);
/* The domains of the table, "" first; NULL beyond the last. */
OX_API const char *ox_opset_domain(size_t i);
/* The lowest IR version whose release had that opset of ai.onnx (any opset below 9 gives 3); the newest known one for
 * opsets beyond the table. ox_ir_for_domain: of "", "ai.onnx.ml" or "ai.onnx.preview.training"; 3 for other domains. */
OX_API int64_t ox_ir_for_opset(int64_t opset);
OX_API int64_t ox_ir_for_domain(const char *domain, int64_t opset);
/* The lowest IR version that has an element type (FLOAT 1, FLOAT8* 9, INT4 10, ...). */
OX_API int64_t ox_ir_for_dtype(int dtype);
/* The newest IR version known. */
OX_API int64_t ox_ir_newest(void);

/* What else raises the IR version; ox_ir_for_feature gives the lowest that has it. */
typedef enum ox_ir_feature {
    OX_IR_UNLISTED_INITIALIZERS, /* initializers that are no graph inputs */
    OX_IR_QUANTIZATION,          /* quantization_annotation */
    OX_IR_SPARSE,                /* sparse_initializer, sparse attributes */
    OX_IR_TRAINING,              /* training_info */
    OX_IR_FUNCTIONS,             /* local functions; optional and sparse types; type attributes */
    OX_IR_FUNCTION_DEFAULTS,     /* FunctionProto.attribute_proto */
    OX_IR_OVERLOADS,             /* overload of nodes and functions; value_info of functions */
    OX_IR_METADATA,              /* metadata_props of graphs, nodes, values, tensors, functions */
    OX_IR_DEVICES,               /* device configurations */
    OX_IR_OPAQUE,                /* opaque types */
    OX_N_IR_FEATURES
} ox_ir_feature;
OX_API int64_t ox_ir_for_feature(ox_ir_feature f);

/* ---- for people: the command `schema NAME` ---- */
typedef void (*ox_write_fn)(void *ud, const char *s, size_t n);
typedef struct ox_schema_print_options {
    int64_t opset; /* ONNX: only the version that serves it; 0 = all, the newest in full, older ones by what differs */
    bool json;     /* one JSON document instead */
    size_t width;  /* columns to wrap type lists at; 0 = 100 */
} ox_schema_print_options;
/* Prints what is known of NAME: "Conv", "onnx::Conv", "ai.onnx.ml::Scaler", "aten::elu", "aten::elu.out", "elu". A bare
 * name is looked for among ONNX operators, then as aten::NAME. OX_E_NOT_FOUND with names alike in the hint. */
OX_API OX_MUST_USE ox_status ox_schema_print(const char *name, const ox_schema_print_options *opt, ox_write_fn fn,
                                             void *ud, ox_error *err);

#ifdef __cplusplus
}
#endif
#endif
