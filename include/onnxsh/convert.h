/* Conversion: from a trace (or an ONNX model) to an ONNX model, by symbolic functions.
 *
 * A registry holds symbolic functions, written in C or, through script.h, in Lua. ox_convert clones the source, runs
 * the passes before, calls the symbolic function of every node in order (each call rolled back if it fails), runs the
 * passes after, and reports all failures at once. Parameters are bound by name against the ATen schema; see
 * ox_symbolic_def. */
#ifndef ONNXSH_CONVERT_H
#define ONNXSH_CONVERT_H

#include <onnxsh/graph.h>
#include <onnxsh/infer.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- arguments, as a symbolic function gets them ---- */
typedef enum ox_arg_kind {
    OX_ARG_NONE,  /* an absent optional */
    OX_ARG_VALUE, /* a tensor, or anything that is not constant */
    OX_ARG_INT,
    OX_ARG_FLOAT,
    OX_ARG_BOOL,
    OX_ARG_STR,   /* a string, or a device, layout or memory format as text */
    OX_ARG_DTYPE, /* a dtype, in `dtype` */
    OX_ARG_LIST   /* n items, mixed if need be; an absent element is NONE */
} ox_arg_kind;

typedef struct ox_arg {
    ox_arg_kind kind;
    bool rounded; /* a float constant that a dump printed rounded */
    int64_t i;    /* INT, BOOL */
    double f;     /* FLOAT */
    const char *s;
    size_t s_n;     /* STR */
    ox_dtype dtype; /* DTYPE */
    ox_value v;     /* VALUE; also set for constants that came from a value, else {0} */
    size_t n;       /* LIST */
    const struct ox_arg *items;
} ox_arg;

/* ---- one call of a symbolic function: what `g` is in Lua ---- */
typedef struct ox_call ox_call;

OX_API ox_model *ox_call_model(const ox_call *c); /* the model being made */
OX_API ox_node ox_call_node(const ox_call *c);    /* the node being converted; new nodes go before it */
OX_API int64_t ox_call_opset(const ox_call *c, const char *domain); /* the target opset, 0 if the domain has none */
OX_API bool ox_call_training(const ox_call *c);
/* The call is on a copy of which only the types are wanted: what the function says to people is not theirs to read. */
OX_API bool ox_call_is_trial(const ox_call *c);
/* The type that the trace gives output i of the node; {0} if there is none. */
OX_API ox_type ox_call_traced_type(const ox_call *c, size_t i);
/* How many results a list result was unpacked into; 1 if it was not. */
OX_API size_t ox_call_n_outputs(const ox_call *c);
/* Adds an ONNX node: op is "Elu" or "domain::Op". It is held against its schema at the target opset right here (arity,
 * attribute names and types, required ones; constant inputs made of numbers take their type as DESIGN's rules say), and
 * its output types are inferred at once. Inputs: VALUE, NONE (absent), INT/FLOAT/BOOL (become a Constant), LISTs expand
 * in place. outs gets n_out new values. */
OX_API OX_MUST_USE ox_status ox_call_op(ox_call *c, const char *op, size_t n_in, const ox_arg *in, size_t n_attrs,
                                        const ox_attr *attrs, size_t n_out, ox_value *outs, ox_error *err);
/* A Constant node holding a tensor (built with ox_tensor_add_raw on ox_call_model). */
OX_API OX_MUST_USE ox_status ox_call_constant(ox_call *c, ox_tensor t, ox_value *out, ox_error *err);
/* The constant behind a value: an initializer, a Constant node's tensor, or what folding gives; {0} if not constant. */
OX_API ox_tensor ox_call_value_tensor(const ox_call *c, ox_value v);
/* The results, one for each output of the node in order: a VALUE, NONE for one that ONNX cannot express (a failure
 * only if it is used), or for an unpacked list a LIST. To be called once before the function returns OX_OK. */
OX_API OX_MUST_USE ox_status ox_call_return(ox_call *c, size_t n, const ox_arg *results, ox_error *err);
/* Refuses the case: fills err so that returning the status makes `why` the failure of the node. */
OX_API ox_status ox_call_unsupported(ox_call *c, const char *why, ox_error *err);

/* For a function that is registered with `repeats`: what it did may be done again, without a call, for equal arguments
 * (in this conversion or a later one). Its arguments are what it gets; the types of values that it looks at are
 * followed if it says so here, and so are the other calls above. */
OX_API void ox_call_looks_at_type(ox_call *c, ox_value v);
/* It looks at anything else of the model, or at something outside: this call is not one to repeat. */
OX_API void ox_call_looks(ox_call *c);

/* ---- the registry ---- */
typedef struct ox_symbolics ox_symbolics;

/* A symbolic function: args are those of def->params, in that order. */
typedef ox_status (*ox_symbolic_fn)(ox_call *c, size_t n, const ox_arg *args, void *ud, ox_error *err);

/* One registration.
 * name     "aten::elu" (bare: serves every overload whose other arguments have defaults, are inert or are ignored,
 * never an .out form), "aten::add.Tensor" (one overload), "^MyFunction" (a Python operator). params   names of the
 * operator's schema in any order (those of older schemas, and `input` for `self`, are accepted; a trailing underscore
 * is stripped from Lua keywords). For a name without a schema they are positional. ignore   arguments that the function
 * knowingly leaves out. schema   a schema of its own for operators outside the table, or NULL. min_opset  the function
 * serves this opset and above until one with a higher min_opset does; 0 = all. */
typedef struct ox_symbolic_def {
    const char *name;
    int64_t min_opset;
    const char *domain; /* of min_opset; NULL = ai.onnx */
    size_t n_params;
    const char *const *params;
    bool positional; /* variadic: all arguments in schema or node order, params unused */
    size_t n_ignore;
    const char *const *ignore;
    const char *schema;
    bool repeats;     /* what it does follows from its arguments and what it asks of its call: see ox_call_looks */
    bool builtin;     /* a user's function comes before every built-in and replaces the user's earlier one */
    const char *file; /* where it was defined, for messages; NULL = C */
    uint32_t line;
    ox_symbolic_fn fn;
    void *ud;
    void (*free_ud)(void *ud); /* may be NULL */
} ox_symbolic_def;

OX_API OX_MUST_USE ox_status ox_symbolics_create(ox_symbolics **out, ox_error *err);
OX_API void ox_symbolics_free(ox_symbolics *r);
/* Registers a function (def is copied). OX_E_INVALID with the schemas in the message when its parameters fit none. */
OX_API OX_MUST_USE ox_status ox_symbolics_add(ox_symbolics *r, const ox_symbolic_def *def, ox_error *err);
/* Takes away the functions of that name (all of its opsets), built-in ones too. OX_E_NOT_FOUND if there is none. */
OX_API OX_MUST_USE ox_status ox_symbolics_remove(ox_symbolics *r, const char *name, ox_error *err);
/* Called when a name is looked up for the first time, so that a family of functions can be loaded then. The callback
 * may add functions. */
typedef ox_status (*ox_symbolics_load_fn)(void *ud, const char *name, ox_error *err);
OX_API void ox_symbolics_set_loader(ox_symbolics *r, ox_symbolics_load_fn fn, void *ud);
/* Asked before each conversion: false if what functions with `repeats` are made of has changed since they were
 * registered, so that each must be called. */
typedef bool (*ox_symbolics_guard_fn)(void *ud);
OX_API void ox_symbolics_set_guard(ox_symbolics *r, ox_symbolics_guard_fn fn, void *ud);
/* The registrations for a name (overload included or not), those of users first; calls fn until false. NULL = all that
 * are loaded, by name. An error is that of loading the family of the name; a name that serves nothing is none. */
typedef bool (*ox_symbolics_fn)(void *ud, const ox_symbolic_def *def);
OX_API OX_MUST_USE ox_status ox_symbolics_each(const ox_symbolics *r, const char *name, ox_symbolics_fn fn, void *ud,
                                               ox_error *err);

/* ---- missing operators ---- */
/* *yes: a node needs a symbolic function, or a pass, and finds one at that opset. Nodes of ONNX domains are fine. An
 * error is that of loading the family of the operator. */
OX_API OX_MUST_USE ox_status ox_node_is_convertible(bool *yes, ox_symbolics *r, const ox_model *m, ox_node n,
                                                    int64_t opset, ox_error *err);

/* Makes the parameters that a trace reads from module objects (prim::GetAttr) inputs of its main graph under their
 * paths
 * ("features.0.weight"), so that weights can be bound to them; *n gets how many were read. Nothing for other models. */
OX_API OX_MUST_USE ox_status ox_lift_parameters(ox_model *m, size_t *n, ox_error *err);

/* ---- conversion ---- */
typedef enum ox_unsupported_policy {
    OX_UNSUPPORTED_ERROR,
    OX_UNSUPPORTED_FALLTHROUGH,
    OX_UNSUPPORTED_ATEN
} ox_unsupported_policy;
typedef enum ox_params_policy { OX_PARAMS_AUTO, OX_PARAMS_INITIALIZER, OX_PARAMS_INPUT } ox_params_policy;

enum { OX_OPSET_MIN = 9, OX_OPSET_DEFAULT = 17, OX_UNROLL_DEFAULT = 1 << 15 };

/* `--dynamic x:0=batch`: dim `axis` of input `input` is the symbol `symbol`. */
typedef struct ox_dynamic_axis {
    const char *input;
    int64_t axis;
    const char *symbol;
} ox_dynamic_axis;

/* Who watches a conversion node by node: a debugger. While there is one, every function is called, none repeated. */
typedef struct ox_call_site {
    ox_node node;   /* in the source model */
    ox_model *made; /* the model being made: new nodes stand before `at` */
    ox_node at;
    ox_call *call;              /* NULL: no function serves the node */
    const ox_symbolic_def *def; /* of the function that is about to be called, or NULL */
    size_t n;
    const ox_arg *args; /* of def->params */
} ox_call_site;

typedef struct ox_convert_watch {
    void *ud;
    /* Before the function of a node is called, or where none is found. Another status than OX_OK ends the conversion.
     */
    ox_status (*before)(void *ud, const ox_call_site *site, ox_error *err);
} ox_convert_watch;

typedef struct ox_convert_options {
    int64_t opset;                        /* 0 = OX_OPSET_DEFAULT */
    size_t n_input_names, n_output_names; /* partial lists are fine */
    const char *const *input_names, *const *output_names;
    size_t n_dynamic;
    const ox_dynamic_axis *dynamic;
    size_t n_custom_opsets; /* --custom-opset domain=version */
    const char *const *custom_domains;
    const int64_t *custom_versions;
    ox_params_policy params;
    bool keep_initializers_as_inputs;
    bool no_fold;
    bool strict;    /* rounded constants are failures */
    size_t unroll;  /* nodes that the rounds of all loops may be copied to, 0 = OX_UNROLL_DEFAULT */
    bool no_unroll; /* loops stay loops */
    bool state_io;  /* attributes that the graph sets become inputs "state.h" and outputs "state.h.out" */
    bool doc;       /* keep source locations as doc_string */
    ox_unsupported_policy unsupported;
    const ox_task *task;
    const ox_convert_watch *watch; /* NULL = nobody */
} ox_convert_options;

/* One failure or warning. Strings live as long as the report. */
typedef enum ox_failure_kind {
    OX_FAILURE_MISSING,     /* no symbolic function */
    OX_FAILURE_REFUSED,     /* the function, or binding, refused this case */
    OX_FAILURE_SCRIPT,      /* an error inside the function */
    OX_FAILURE_CONSTANT,    /* a lost constant is needed */
    OX_FAILURE_VIEW,        /* a write through a view that is read later */
    OX_FAILURE_CONSEQUENCE, /* it stems from another failure */
    OX_FAILURE_WARNING      /* the export went on */
} ox_failure_kind;

typedef struct ox_failure {
    ox_failure_kind kind;
    ox_node node;      /* in the source model; {0} if it is about the whole graph */
    const char *op;    /* "aten::elu" */
    const char *scope; /* "Net/Sequential[features]/ELU[1]", "" = none */
    const char *file;
    uint32_t line, col; /* source of the node; "" = unknown */
    const char *message;
    const char *hint;      /* "" = none */
    const char *arguments; /* one line each: "alpha = 1.0", "self : Float(2, 3) = %5" */
    const char *lua_file;
    uint32_t lua_line; /* where the symbolic function failed; "" = not there */
    size_t cause;      /* CONSEQUENCE: index of the failure that it stems from, else SIZE_MAX */
} ox_failure;

typedef struct ox_pass_stat {
    const char *name, *help;
    uint64_t changed;
    uint64_t n_nodes_after;
} ox_pass_stat;

typedef struct ox_report ox_report;
OX_API void ox_report_free(ox_report *r);
OX_API size_t ox_report_n(const ox_report *r);
OX_API const ox_failure *ox_report_at(const ox_report *r, size_t i);
OX_API size_t ox_report_n_failures(const ox_report *r); /* all but warnings */
/* How many nodes a symbolic function was called for, and for how many what it did before was repeated. */
OX_API void ox_report_calls(const ox_report *r, uint64_t *called, uint64_t *repeated);
OX_API size_t ox_report_passes(const ox_report *r, const ox_pass_stat **rows);

/* Converts. *out (the caller frees it) is the ONNX model: on success, or when the policy lets unsupported nodes stand;
 * NULL otherwise. *report is always made unless OX_E_NOMEM. OX_E_CHECK: failures are in the report. The source is not
 * changed. ox_node_origin of a result node is the id of the source node. */
OX_API OX_MUST_USE ox_status ox_convert(ox_model **out, ox_report **report, const ox_model *source,
                                        ox_symbolics *symbolics, const ox_convert_options *opt, ox_error *err);

/* ---- the types of a trace ---- */

/* Inference of a trace, whose operators are not ONNX's: a copy is lowered by the passes and the symbolic functions, as
 * far as they go, and the types that ONNX's rules give are mapped back on the values of the trace, inside branches and
 * loops too. They stand beside the types of the file (ox_value_given_type) and beside the journal: no step is made and
 * nothing is marked as edited, unless `keep` asks for that. Where the file says something else, the file is right. */
typedef struct ox_typing ox_typing;
OX_API OX_MUST_USE ox_status ox_typing_create(ox_typing **out, ox_model *m, ox_symbolics *symbolics, ox_error *err);
/* True for a trace that holds operators of PyTorch; for other models there is ox_infer. */
OX_API bool ox_typing_is_for(const ox_model *m);
/* True if an update would have something to do. */
OX_API bool ox_typing_has_work(const ox_typing *t);
/* Finds the types anew if the model, or the user's symbolic functions, have changed since the last time, or if `how` is
 * given, of which strict, keep and forget count: what a conversion costs, but nothing if the file gives all types, or
 * the model is no trace. Of opt the custom opsets and the task count. fn is called for what contradicts, and for what a
 * value of unknown type stems from. These may all be NULL. After a failure the types are what they were. */
OX_API OX_MUST_USE ox_status ox_typing_update(ox_typing *t, const ox_infer_options *how, const ox_convert_options *opt,
                                              ox_infer_fn fn, void *ud, ox_error *err);
/* Takes back what was found: each value has the type of the file. */
OX_API void ox_typing_reset(ox_typing *t);
/* Of the model as it is; walks over all values. */
OX_API void ox_typing_count(const ox_typing *t, ox_infer_counts *out);
/* Why the type of a value is not known: "aten::foo: there is no symbolic function of aten::foo at Net/Foo[foo]".
 * Returns its length, 0 if nothing is recorded; as ox_dim_reason. */
OX_API size_t ox_typing_reason(const ox_typing *t, ox_value v, char *buf, size_t size);
OX_API void ox_typing_free(ox_typing *t);

/* The passes in order, for `help` and `export --verbose`. */
OX_API size_t ox_passes(const ox_pass_stat **rows);

#ifdef __cplusplus
}
#endif
#endif
