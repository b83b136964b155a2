/* Operator schemas: every version of every ONNX operator, and PyTorch's (ATen, prim, quantized, ...) overloads.
 *
 * Both are compact read-only tables inside the library: looking up allocates nothing, is O(1) and safe from any thread;
 * texts and rows have static storage. Only a schema that ox_aten_parse made is owned by its caller. */
#ifndef ONNXSH_SCHEMA_H
#define ONNXSH_SCHEMA_H

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
/* The domains of the table: "" first. */
OX_API size_t ox_opset_domains(const char *const **names);
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

/* ---- PyTorch operators ---- */
typedef enum ox_aten_kind {
    OX_ATEN_UNKNOWN, /* as an actual argument: nothing known, matches all */
    OX_ATEN_ANY,     /* Any, and type variables (t, tVal) */
    OX_ATEN_TENSOR,
    OX_ATEN_INT,   /* int, SymInt */
    OX_ATEN_FLOAT, /* float, SymFloat */
    OX_ATEN_BOOL,  /* bool, SymBool */
    OX_ATEN_COMPLEX,
    OX_ATEN_SCALAR, /* Scalar: int, float or complex */
    OX_ATEN_STR,
    OX_ATEN_DTYPE,         /* ScalarType; a trace holds an int */
    OX_ATEN_LAYOUT,        /* the same */
    OX_ATEN_MEMORY_FORMAT, /* the same */
    OX_ATEN_DEVICE,
    OX_ATEN_GENERATOR,
    OX_ATEN_STORAGE,
    OX_ATEN_NONE,  /* NoneType: what an absent optional is */
    OX_ATEN_CLASS, /* __torch__.... */
    OX_ATEN_OTHER  /* dicts, tuples, futures, enums, streams, ...: told apart by their text */
} ox_aten_kind;

enum { OX_ATEN_MAX_WRAPS = 4 };
typedef enum ox_aten_wrap { OX_ATEN_WRAP_NONE, OX_ATEN_WRAP_LIST, OX_ATEN_WRAP_OPTIONAL } ox_aten_wrap;

/* A type: a kind, and lists and optionals around it from the inside out. int[2]? is INT, {LIST, OPTIONAL}, size 2. */
typedef struct ox_aten_type {
    uint8_t kind;                    /* ox_aten_kind */
    uint8_t wrap[OX_ATEN_MAX_WRAPS]; /* ox_aten_wrap */
    uint8_t size;                    /* N of int[N] (one int serves as N of them), 0 = none */
    bool mutates;                    /* Tensor(a!): the operator writes to it */
    bool aliases;                    /* Tensor(a), Tensor(a!), Tensor(*): shares memory with another */
    const char *text;                /* "Tensor(a!)[]", as PyTorch writes it; NULL in actual types */
} ox_aten_type;

/* A default value. */
typedef enum ox_aten_const_kind {
    OX_ATEN_CONST_ABSENT, /* there is no default: the argument is required */
    OX_ATEN_CONST_NONE,
    OX_ATEN_CONST_BOOL,  /* i */
    OX_ATEN_CONST_INT,   /* i */
    OX_ATEN_CONST_FLOAT, /* f */
    OX_ATEN_CONST_STR,   /* s, n bytes, unescaped */
    OX_ATEN_CONST_INTS,  /* ints, n of them; an empty list is one too */
    OX_ATEN_CONST_OTHER  /* anything else: `text` alone */
} ox_aten_const_kind;

typedef struct ox_aten_const {
    ox_aten_const_kind kind;
    uint32_t n;
    int64_t i;
    double f;
    const char *s;
    const int64_t *ints;
    const char *text; /* as PyTorch writes it; NULL if ABSENT */
} ox_aten_const;

/* Whether an argument can change what the ONNX graph computes. */
typedef enum ox_aten_inert {
    OX_ATEN_MATTERS,
    OX_ATEN_INERT,     /* never: it picks a kernel, a device, a memory layout, ... */
    OX_ATEN_INERT_EVAL /* not outside training */
} ox_aten_inert;

typedef struct ox_aten_arg {
    const char *name; /* "" for an unnamed result */
    ox_aten_type type;
    ox_aten_const def; /* default */
    bool kwarg_only;   /* behind the `*` */
    ox_aten_inert inert;
    const char *reason; /* why it is inert, a short clause; NULL if it matters */
} ox_aten_arg;

/* One overload. */
typedef struct ox_aten_schema ox_aten_schema;

typedef struct ox_aten_info {
    const char *name;     /* "aten::elu" */
    const char *overload; /* "out", "Tensor"; "" if it has none */
    uint32_t n_args, n_returns;
    uint16_t first, last; /* PyTorch versions that have it, major * 100 + minor (113, 213); 0 = given by the user */
    bool vararg, varret;  /* `...` ends the list */
    bool is_out;          /* writes into `out` arguments: never what a node without overload means */
    bool is_inplace;      /* add_, with a first argument that it writes to */
} ox_aten_info;

/* The overloads of "aten::elu", NULL and *n = 0 if there are none: those of the newest PyTorch in its order of
 * registration, then those that only the older one had, in its order. Index them with ox_aten_nth. */
OX_API const ox_aten_schema *ox_aten_find(const char *name, size_t *n);
OX_API const ox_aten_schema *ox_aten_find_n(const char *name, size_t len, size_t *n);
OX_API const ox_aten_schema *ox_aten_nth(const ox_aten_schema *first, size_t i);
/* The newest overload of that name ("elu", "out"; overload "" is the one without); NULL if there is none. */
OX_API const ox_aten_schema *ox_aten_find_overload(const char *name, const char *overload);
/* All operator names, sorted, for completion: each is the argument of ox_aten_find. */
OX_API size_t ox_aten_count(void);
OX_API const char *ox_aten_name(size_t i);

OX_API ox_aten_info ox_aten_get(const ox_aten_schema *s);
OX_API ox_aten_arg ox_aten_get_arg(const ox_aten_schema *s, size_t i);
OX_API ox_aten_arg ox_aten_get_return(const ox_aten_schema *s, size_t i);
/* The index of the argument of that name, -1 if there is none. "input" finds `self` where there is no `input`. */
OX_API int ox_aten_arg_index(const ox_aten_schema *s, const char *name);
/* The twin of an in-place overload: aten::add.Tensor for aten::add_.Tensor; NULL if s is no in-place form or has none.
 */
OX_API const ox_aten_schema *ox_aten_functional(const ox_aten_schema *s);
/* The other way: aten::add_.Tensor for aten::add.Tensor; NULL if there is none. */
OX_API const ox_aten_schema *ox_aten_inplace(const ox_aten_schema *s);

/* The type of an actual argument as the IR knows it; kind UNKNOWN if nothing is known. */
OX_API ox_aten_type ox_aten_type_of(const ox_model *m, ox_type t);
/* Whether an actual type serves a formal one. `exact` is TorchScript's subtyping (int serves Scalar and int[2], None
 * serves T?); otherwise the implicit conversions count too (a number as Tensor, a Tensor as number, int as float). */
OX_API bool ox_aten_type_fits(const ox_aten_type *formal, const ox_aten_type *actual, bool exact);
/* The first of n overloads that n_args actual arguments fit by count and type; those that fit exactly come before those
 * that need a conversion. `names` is NULL or holds a keyword for each argument (NULL = by position; then all positional
 * arguments come first). Fewer arguments are fine where the rest have defaults, or are inert; an .out form never
 * matches unless its `out` argument is among the actual ones by name. NULL if none matches. */
OX_API const ox_aten_schema *ox_aten_match(const ox_aten_schema *first, size_t n, const ox_aten_type *args,
                                           const char *const *names, size_t n_args);

/* Parses "acme::warp(Tensor x, Tensor grid, int mode=0) -> Tensor" (n bytes). The caller frees it with ox_aten_free.
 * Errors are OX_E_FORMAT with the column. */
OX_API OX_MUST_USE ox_status ox_aten_parse(ox_aten_schema **out, const char *text, size_t n, ox_error *err);
/* Frees what ox_aten_parse made. NULL is fine; a schema of the table must not be passed. */
OX_API void ox_aten_free(ox_aten_schema *s);
/* Writes a schema as PyTorch does, cut and terminated; returns the full length. */
OX_API size_t ox_aten_print(const ox_aten_schema *s, char *buf, size_t size);

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
