/* PyTorch's operator schemas: ATen, prim, quantized, ... as PyTorch 1.13 and 2.13 register them, and schemas that a
 * user gives for custom operators. The table is static; only what ox_aten_parse made is owned by its caller. */
#ifndef ONNXSH_ATEN_H
#define ONNXSH_ATEN_H

#include <onnxsh/type.h>

#ifdef __cplusplus
extern "C" {
#endif

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
 * serves T?); otherwise the implicit conversions count too (a number as Tensor, a Tensor as number or list, int as
 * float). */
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

#ifdef __cplusplus
}
#endif
#endif
