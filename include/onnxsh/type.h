/* Types, dims, layouts: immutable, hash-consed, owned by a model.
 *
 * A dim is an expression: a constant, a symbol, an unknown with a reason, or a sum, product, floor division, max or
 * min of dims. It is simplified when made (constants folded, like terms collected, a canonical order) so that equal
 * expressions have equal ids; an expression that would grow beyond OX_DIM_MAX_TERMS becomes an unknown that says so.
 * Nothing is ever guessed: an unknown dim is unknown, not 1. Two unknowns are never known to be equal, even when
 * their ids are. */
#ifndef ONNXSH_TYPE_H
#define ONNXSH_TYPE_H

#include <onnxsh/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- dims ---- */
enum { OX_DIM_MAX_TERMS = 32 };

typedef enum ox_dim_kind {
    OX_DIM_NONE, /* id 0 */
    OX_DIM_CONST,
    OX_DIM_SYMBOL,
    OX_DIM_UNKNOWN,
    OX_DIM_ADD,      /* two or more operands, at most one constant, which stands last */
    OX_DIM_MUL,      /* two or more operands, at most one constant, which stands first */
    OX_DIM_FLOORDIV, /* numerator, denominator */
    OX_DIM_MAX,
    OX_DIM_MIN
} ox_dim_kind;

OX_API ox_dim ox_dim_const(ox_model *m, int64_t v); /* any value; negative ones occur inside sums */
OX_API ox_dim ox_dim_symbol(ox_model *m, ox_str name);
OX_API ox_dim ox_dim_unknown(ox_model *m, const char *reason); /* reason: a short clause, NULL = not recorded */
/* The same, and the node whose result is not known for that reason. Each node's unknowns are dims of their own. */
OX_API ox_dim ox_dim_unknown_at(ox_model *m, const char *reason, ox_node origin);
/* That node; {0} if none was given, or it is gone. */
OX_API ox_node ox_dim_origin(const ox_model *m, ox_dim d);
OX_API ox_dim ox_dim_add(ox_model *m, ox_dim a, ox_dim b);
OX_API ox_dim ox_dim_sub(ox_model *m, ox_dim a, ox_dim b);
OX_API ox_dim ox_dim_mul(ox_model *m, ox_dim a, ox_dim b);
OX_API ox_dim ox_dim_floordiv(ox_model *m, ox_dim a, ox_dim b); /* rounds toward minus infinity; by 0 is unknown */
OX_API ox_dim ox_dim_max(ox_model *m, ox_dim a, ox_dim b);
OX_API ox_dim ox_dim_min(ox_model *m, ox_dim a, ox_dim b);

OX_API ox_dim_kind ox_dim_get_kind(const ox_model *m, ox_dim d);
/* True and *v set if d is a constant. */
OX_API bool ox_dim_is_const(const ox_model *m, ox_dim d, int64_t *v);
OX_API ox_str ox_dim_name(const ox_model *m, ox_dim d); /* of a symbol; the reason of an unknown */
OX_API size_t ox_dim_operands(const ox_model *m, ox_dim d, const ox_dim **ops);
/* Known to be equal: the same id, and no unknown in it. */
OX_API bool ox_dim_equal(const ox_model *m, ox_dim a, ox_dim b);
/* Known to differ: their difference is a constant that is not 0. */
OX_API bool ox_dim_differ(const ox_model *m, ox_dim a, ox_dim b);
/* Replaces every symbol `name` inside d by `by`. */
OX_API ox_dim ox_dim_substitute(ox_model *m, ox_dim d, ox_str name, ox_dim by);
/* Parses what ox_dim_print writes: integers, symbols, + - * // max(,) min(,) parentheses, `*` or `?` alone = unknown.
 */
OX_API OX_MUST_USE ox_status ox_dim_parse(ox_model *m, const char *s, size_t n, ox_dim *out, ox_error *err);

/* ---- types ---- */
typedef enum ox_type_kind {
    OX_TYPE_NONE_KNOWN, /* id 0: nothing is known */
    OX_TYPE_TENSOR,     /* dtype may be UNDEFINED (unknown), rank may be unknown */
    OX_TYPE_SPARSE,     /* sparse tensor: dtype, rank, dims */
    OX_TYPE_SEQUENCE,   /* ONNX sequence: 1 item */
    OX_TYPE_OPTIONAL,   /* ONNX optional, or torch T?: 1 item */
    OX_TYPE_MAP,        /* ONNX map: dtype = key type, 1 item = value type */
    OX_TYPE_OPAQUE,     /* ONNX opaque (names: domain, name), or a torch type kept as text (names: text) */
    /* torch only */
    OX_TYPE_INT,
    OX_TYPE_FLOAT_SCALAR,
    OX_TYPE_BOOL_SCALAR,
    OX_TYPE_COMPLEX_SCALAR,
    OX_TYPE_NUMBER, /* Scalar: int, float, bool or complex */
    OX_TYPE_STR,
    OX_TYPE_DEVICE,
    OX_TYPE_NONETYPE,
    OX_TYPE_LIST,  /* 1 item */
    OX_TYPE_TUPLE, /* n items, with field names when it is a NamedTuple (names: type name, then the fields) */
    OX_TYPE_DICT,  /* 2 items: key, value */
    OX_TYPE_UNION, /* n items */
    OX_TYPE_CLASS, /* names: the qualified class, "__torch__...." */
    OX_N_TYPE_KINDS
} ox_type_kind;

enum { OX_RANK_UNKNOWN = -1, OX_MAX_RANK = 1024, OX_MAX_TYPE_DEPTH = 64 };

/* The parts of a type. Arrays are borrowed from the model. */
typedef struct ox_type_info {
    ox_type_kind kind;
    ox_dtype dtype; /* TENSOR, SPARSE: element type (UNDEFINED = unknown); MAP: key type */
    int32_t rank;   /* TENSOR, SPARSE: OX_RANK_UNKNOWN or the number of dims */
    const ox_dim *dims;
    uint32_t n_items;
    const ox_type *items;
    uint32_t n_names;
    const ox_str *names;
    ox_str denotation;             /* ONNX TypeProto.denotation, usually {0} */
    const ox_str *dim_denotations; /* `rank` of them, or NULL when none has one */
} ox_type_info;

/* Interns a type made of the given parts (arrays are copied). {0} when out of memory or a limit is exceeded. */
OX_API ox_type ox_type_add(ox_model *m, const ox_type_info *info);
/* A tensor type; rank OX_RANK_UNKNOWN and dtype OX_UNDEFINED are fine. */
OX_API ox_type ox_type_tensor(ox_model *m, ox_dtype dtype, int32_t rank, const ox_dim *dims);
/* A type without parts (INT, STR, NONETYPE, ...) or with one item (LIST, OPTIONAL, SEQUENCE). */
OX_API ox_type ox_type_simple(ox_model *m, ox_type_kind kind);
OX_API ox_type ox_type_of(ox_model *m, ox_type_kind kind, ox_type item);
/* The parts; kind OX_TYPE_NONE_KNOWN for {0}. */
OX_API ox_type_info ox_type_get(const ox_model *m, ox_type t);

/* ---- layouts: what a torch dump says beside a tensor's type ---- */
typedef struct ox_layout_info {
    int8_t requires_grad;   /* -1 = not printed */
    bool undefined;         /* "[Undefined]" */
    ox_str device;          /* "cpu", "cuda:0"; {0} = not printed */
    int32_t n_strides;      /* -1 = not printed */
    const int64_t *strides; /* elements; OX_STRIDE_UNKNOWN where `*` was printed */
    /* Of a list, tuple, ...: the layouts of the tensors inside, in the order in which the type's text names them
     * (ids of ox_layout, 0 = nothing printed). n_items is 0 for a tensor's own layout. */
    uint32_t n_items;
    const ox_layout *items;
} ox_layout_info;
#define OX_STRIDE_UNKNOWN INT64_MIN
OX_API ox_layout ox_layout_add(ox_model *m, const ox_layout_info *info);
OX_API ox_layout_info ox_layout_get(const ox_model *m, ox_layout l);

/* ---- source locations ---- */
typedef struct ox_loc_info {
    ox_str file;
    uint32_t line, col; /* line 1-based, column as the file wrote it (0-based in torch dumps) */
} ox_loc_info;
OX_API ox_loc ox_loc_add(ox_model *m, ox_str file, uint32_t line, uint32_t col);
OX_API ox_loc_info ox_loc_get(const ox_model *m, ox_loc l);

#ifdef __cplusplus
}
#endif
#endif
