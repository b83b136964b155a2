/* Floor 3. From the source of an archive to its graph, as PyTorch's own loader makes it. Functions are lowered one by
 * one into a graph of nodes in an arena, tidied and inlined into each other there as PyTorch does, and the graph that
 * was asked for is written into the model at the end: the model never holds what is not wanted.
 *
 * Functions that can fail return NULL or false and leave the status in ox__ts.s and the error in ox__ts.err. */
#ifndef ONNXSH_IO_TORCHSCRIPT_LOWER_H
#define ONNXSH_IO_TORCHSCRIPT_LOWER_H

#include "io/torchscript/object.h"
#include "io/torchscript/source.h"

#include <onnxsh/aten.h>
#include <onnxsh/graph.h>

enum {
    OX__TS_CALLS = 100,       /* functions that call each other */
    OX__TS_LIST = 64,         /* deepest type inside a type */
    OX__TS_NODES = 256 << 10, /* beside one for each 8 bytes of the archive that are no weights */
};

typedef struct ox__ts ox__ts;
typedef struct ox__ts_value ox__ts_value;
typedef struct ox__ts_node ox__ts_node;
typedef struct ox__ts_block ox__ts_block;
typedef struct ox__ts_fn ox__ts_fn;
typedef struct ox__ts_class ox__ts_class;
typedef struct ox__ts_file ox__ts_file;
typedef struct ox__ts_site ox__ts_site;

/* ---- what is lowered to ---- */
struct ox__ts_value {
    ox_type type;
    ox__ts_value *by;   /* what stands in its place since it was replaced */
    ox__ts_node *node;  /* that makes it; NULL: an input of a block */
    const char *name;   /* of the variable; NULL: none */
    uint32_t uses;      /* as last counted */
    bool live;          /* a pass's own, as first */
    uint64_t first;     /* where it is used first */
    ox__ts_value *twin; /* the copy's */
    ox_value made;      /* in the model */
    const ox__obj *is;  /* of the module tree: what the archive holds for it; NULL: not known */
};

typedef enum ox__ts_kind {
    OX__TS_OP,       /* op */
    OX__TS_CONSTANT, /* constant; or name: a function */
    OX__TS_GET_ATTR,
    OX__TS_SET_ATTR,
    OX__TS_CALL_METHOD,   /* name */
    OX__TS_CALL_FUNCTION, /* its first input is the constant that names it */
    OX__TS_IF,
    OX__TS_LOOP,
    OX__TS_FORK, /* one block, whose inputs are the node's */
    OX__TS_LIST_OF,
    OX__TS_DICT_OF,
    OX__TS_TUPLE_OF,
    OX__TS_UNPACK_LIST,
    OX__TS_UNPACK_TUPLE,
    OX__TS_TUPLE_INDEX,
    OX__TS_TUPLE_SLICE, /* from, to */
    OX__TS_UNINITIALIZED,
    OX__TS_CAST, /* prim::unchecked_cast */
    OX__TS_IS_INSTANCE,
    OX__TS_CREATE, /* prim::CreateObject */
    OX__TS_N_KINDS
} ox__ts_kind;

struct ox__ts_node {
    uint8_t kind; /* an ox__ts_kind */
    bool live;
    uint32_t pos; /* a pass's own */
    uint32_t n_in, n_out, n_blocks;
    ox__ts_value **in, **out;
    ox__ts_block **blocks;
    ox__ts_node *prev, *next;
    ox__ts_block *owner;
    const char *op; /* "aten::add" */
    const ox_aten_schema *schema;
    const char *name;
    const ox__obj *constant;
    ox__ts_fn *fn; /* that is called */
    const ox_type *types;
    int64_t from, to; /* TUPLE_SLICE; number of types */
    const ox__ts_file *file;
    uint32_t at;             /* byte in the file's text; UINT32_MAX: PyTorch states no place */
    const ox__ts_site *site; /* where it was inlined, innermost first; NULL: it was not */
};

struct ox__ts_block {
    ox__ts_node *owner;
    ox__ts_value **in, **out;
    uint32_t n_in, n_out;
    uint32_t pos; /* of its end; a pass's own */
    ox__ts_node *first, *last;
};

/* A call that was inlined. */
struct ox__ts_site {
    const ox__ts_site *outer;
    const ox__ts_node *call; /* in the graph that it was in before */
    bool method;
    uint32_t n_path; /* the attributes that lead to the object, from the caller's object on */
    const char *const *path;
    const ox_type *classes;
    ox__ts_site *twin; /* the copy's */
    uint64_t copy;
    bool counted; /* among the calls of its scope */
};

/* ---- what it is lowered from ---- */
struct ox__ts_file {
    ox__src_text text;
    const char *qualifier; /* "__torch__.torch.nn.functional" */
    const ox__src *tree;   /* NULL: there is no such file */
    const ox__obj *debug;  /* see source_debug.c; NULL: nothing is known */
    uint64_t *places;      /* by record of debug: line << 32 | column + 1; 0: not looked up yet */
};

struct ox__ts_fn {
    const char *name; /* "forward" */
    const ox__ts_file *file;
    const ox__src *def;
    ox__ts_class *of; /* NULL: a function */
    uint32_t n_params;
    ox_type *params; /* types, self included; NULL: not read yet */
    ox_type result;
    ox__ts_block *graph; /* as loaded; NULL: not lowered yet */
    ox__ts_block *whole; /* all calls inlined and tidied; NULL: not yet */
    bool busy;
};

typedef enum ox__ts_sort { OX__TS_MODULE, OX__TS_PLAIN, OX__TS_NAMED_TUPLE, OX__TS_ENUM, OX__TS_INTERFACE } ox__ts_sort;
typedef struct ox__ts_attr {
    const char *name;
    ox_type type;
    const ox__src *constant; /* Final: its value */
} ox__ts_attr;
struct ox__ts_class {
    const char *name; /* qualified */
    const ox__ts_file *file;
    const ox__src *def; /* NULL: bound in C++ */
    ox__ts_sort sort;
    ox_type type;
    uint32_t n_attrs;
    ox__ts_attr *attrs;
    bool busy;
};

/* The archive, as this needs it. */
typedef struct ox__ts_host {
    void *ud;
    const ox__obj *root, *constants; /* constants may be NULL */
    const ox__obj *inputs;           /* what each method was traced with, by its name; NULL: it is not told */
    int64_t version;                 /* of the format; 0: it is not told */
    uint64_t metadata;               /* bytes of the archive that are no weights */
    /* The file of code of a qualifier ("__torch__.a.b": code/__torch__/a/b.py). text->p is NULL if there is none;
     * *debug may become NULL. */
    ox_status (*file)(void *ud, const char *qualifier, ox__src_text *text, const ox__obj **debug, ox_error *err);
    /* A tensor of the constants, in the model. */
    ox_status (*tensor)(void *ud, const ox__obj_tensor *t, ox_tensor *out, ox_error *err);
} ox__ts_host;

/* What a name or expression can stand for beside a value. */
typedef enum ox__ts_what {
    OX__TS_NOTHING,
    OX__TS_VALUE,
    OX__TS_VALUES,    /* the outputs of `node`: a call of several results */
    OX__TS_NAMESPACE, /* text: "__torch__.a", "aten" (torch), "prim" (ops.prim) */
    OX__TS_OPS,
    OX__TS_CONSTANTS,
    OX__TS_FUNCTION, /* fn */
    OX__TS_CLASS,    /* cls */
    OX__TS_METHOD,   /* value, text */
    OX__TS_BUILTIN,  /* text: "aten::add", or a word of the language: "annotate" */
    OX__TS_CLOSURE   /* def */
} ox__ts_what;
typedef struct ox__ts_meant {
    ox__ts_what what;
    ox__ts_value *value;
    ox__ts_node *node;
    const char *text;
    ox__ts_fn *fn;
    ox__ts_class *cls;
    const ox__src *def;
    ox_type declared; /* VALUE: as what a variable was declared; {0}: as the value is */
} ox__ts_meant;

typedef struct ox__ts_item {
    ox_type type, item; /* Future[T], T */
} ox__ts_item;

typedef struct ox__ts_var {
    uint32_t name;   /* id in names */
    uint32_t before; /* the entry that it hides + 1 */
    ox__ts_meant is;
} ox__ts_var;

struct ox__ts {
    ox_model *m;
    ox_error *err;
    ox_status s;
    const ox_task *task;
    bool damaged; /* the failure is none of understanding: a record cannot be had or was cut, or no such method */
    ox__ts_host host;
    ox__arena arena;
    ox__intern names;
    OX__VEC(ox__ts_file *) files;
    struct ox__ts_defs {
        OX__VEC(void *) p; /* by id of names */
    } file_of, class_of, fn_of;
    OX__VEC(ox__ts_item) futures;
    OX__VEC(ox__ts_class *) texts; /* enums and interfaces: the IR keeps their types as text */
    OX__VEC(uint8_t) shared;       /* by id of an object; see source_shared.c */
    uint64_t n_nodes, max_nodes, n_copies, ticks;
    uint32_t depth;
    ox_type t_tensor, t_int, t_float, t_bool, t_complex, t_number, t_str, t_none, t_device, t_any, t_function;
    /* of the function at hand */
    ox__ts_fn *fn;
    const ox__ts_file *file;
    ox__ts_block *block, *top;
    ox__ts_node *before; /* nodes are added before it; NULL: at the end of the block */
    uint32_t at;
    OX__VEC(ox__ts_var) vars;
    OX__VEC(uint32_t) now; /* by id of names: entry of vars + 1 */
    size_t frame;          /* variables from here on belong to the suite at hand */
    bool returned;
    OX__VEC(ox__ts_node *) literals;
    ox__index literal_index;
    ox__ts_block *forked; /* the body of the innermost function that is forked; NULL: none */
};

/* ---- source_graph.c ---- */
bool ox__ts_nomem(ox__ts *t); /* false */
/* Fails at a place of the file at hand. */
bool ox__ts_refuse(ox__ts *t, uint32_t at, ox_status code, const char *fmt, ...) OX_PRINTF(4, 5); /* false */
void *ox__ts_alloc(ox__ts *t, size_t n);                                                          /* cleared */
char *ox__ts_text(ox__ts *t, const char *fmt, ...) OX_PRINTF(2, 3);
ox__ts_block *ox__ts_block_new(ox__ts *t, ox__ts_node *owner);
ox__ts_value *ox__ts_block_input(ox__ts *t, ox__ts_block *b, ox_type type, const char *name);
bool ox__ts_block_output(ox__ts *t, ox__ts_block *b, ox__ts_value *v);
/* A node at the place where nodes are added, its outputs of unknown type. */
ox__ts_node *ox__ts_node_new(ox__ts *t, ox__ts_kind kind, size_t n_in, ox__ts_value *const *in, size_t n_out);
/* A node with one output of that type: the output. */
ox__ts_value *ox__ts_one(ox__ts *t, ox__ts_kind kind, size_t n_in, ox__ts_value *const *in, ox_type type);
bool ox__ts_add_output(ox__ts *t, ox__ts_node *n, ox_type type);
bool ox__ts_add_input(ox__ts *t, ox__ts_node *n, ox__ts_value *v);
void ox__ts_link(ox__ts_block *b, ox__ts_node *n, ox__ts_node *before);
void ox__ts_unlink(ox__ts_node *n);
/* What a value is by now. */
ox__ts_value *ox__ts_now(ox__ts_value *v);
void ox__ts_replace(ox__ts_value *v, ox__ts_value *by);
ox__ts_value *ox__ts_constant(ox__ts *t, const ox__obj *o, ox_type type);
/* Numbers that code states are made once a function, at its top. */
ox__ts_value *ox__ts_literal(ox__ts *t, const ox__obj *o, ox_type type);
const ox__obj *ox__ts_obj_int(ox__ts *t, int64_t i);
const ox__obj *ox__ts_obj_float(ox__ts *t, double f);
const ox__obj *ox__ts_obj_bool(ox__ts *t, bool b);
const ox__obj *ox__ts_obj_str(ox__ts *t, const char *s, size_t n, ox__obj_kind kind);
/* The constant that makes a value; NULL if it is not made by one (or by one that names a function). */
const ox__obj *ox__ts_known(ox__ts_value *v);
bool ox__ts_same_constant(const ox__ts_node *a, const ox__ts_node *b);
uint64_t ox__ts_constant_hash(const ox__ts_node *n);

/* ---- types (source_type.c) ---- */
ox_type ox__ts_type(ox__ts *t, const ox__ts_file *file, const ox__src *e); /* {0}: failed */
ox_type ox__ts_list_of(ox__ts *t, ox_type item);
ox_type ox__ts_optional(ox__ts *t, ox_type item);
ox_type ox__ts_tuple(ox__ts *t, size_t n, const ox_type *items);
ox_type ox__ts_future(ox__ts *t, ox_type item);
ox_type ox__ts_future_item(const ox__ts *t, ox_type future); /* {0}: none */
/* The one type for what is a or b; {0} if there is none. */
ox_type ox__ts_unify(ox__ts *t, ox_type a, ox_type b);
bool ox__ts_is_subtype(const ox__ts *t, ox_type a, ox_type b);
ox_type_info ox__ts_info(const ox__ts *t, ox_type type);
ox_type ox__ts_type_of_obj(ox__ts *t, const ox__obj *o);

/* ---- names (source_names.c) ---- */
bool ox__ts_start(ox__ts *t);
void ox__ts_stop(ox__ts *t);
/* The class of a qualified name; NULL and no failure if there is none. */
ox__ts_class *ox__ts_class_of(ox__ts *t, const char *qualified);
ox__ts_fn *ox__ts_function(ox__ts *t, const char *qualified);
ox__ts_fn *ox__ts_method(ox__ts *t, ox__ts_class *of, const char *name);
ox__ts_class *ox__ts_class_of_type(ox__ts *t, ox_type type);
const ox__src *ox__ts_enum_value(const ox__ts_class *c, const char *name);
const ox__ts_attr *ox__ts_attr_of(const ox__ts_class *c, const char *name);
/* Reads the types of a function's parameters and result. */
bool ox__ts_signature(ox__ts *t, ox__ts_fn *f);
const ox__src *ox__ts_default(const ox__ts_fn *f, uint32_t i);

/* ---- operators (source_schema.c) ---- */
typedef struct ox__ts_arg {
    ox__ts_value *value;
    const char *key; /* NULL: by position */
} ox__ts_arg;
/* Calls "aten::add" with those arguments. NULL and no failure if there is no such operator. */
ox__ts_node *ox__ts_call_op(ox__ts *t, uint32_t at, const char *op, const ox__ts_arg *args, size_t n);
/* v as a value of that type, by the conversions that PyTorch makes itself; v where none is needed. */
ox__ts_value *ox__ts_convert(ox__ts *t, ox__ts_value *v, ox_type type);

/* ---- code (source_stmt.c, source_expr.c, source_call.c) ---- */
bool ox__ts_lower(ox__ts *t, ox__ts_fn *f); /* makes f->graph */
bool ox__ts_suite(ox__ts *t, const ox__src *suite);
/* True, with the reason as the failure, if the body of a function could not be read. */
bool ox__ts_broken(ox__ts *t, const ox__src *body);
const ox__ts_meant *ox__ts_find(ox__ts *t, const char *name);
bool ox__ts_bind(ox__ts *t, const char *name, const ox__ts_meant *is);
bool ox__ts_expr(ox__ts *t, const ox__src *e, ox_type want, ox__ts_meant *out);
ox__ts_value *ox__ts_value_of(ox__ts *t, const ox__src *e, ox_type want);
ox__ts_value *ox__ts_as_value(ox__ts *t, const ox__src *e, const ox__ts_meant *m);
bool ox__ts_call(ox__ts *t, const ox__src *e, ox_type want, ox__ts_meant *out);
bool ox__ts_fork(ox__ts *t, const ox__src *def, ox__ts_meant *out);
/* A literal as a constant: a default, the value of a Final attribute. */
const ox__obj *ox__ts_static(ox__ts *t, const ox__src *e);
ox__ts_value *ox__ts_default_value(ox__ts *t, const ox__ts_file *file, const ox__src *e);
void ox__ts_forget(ox__ts *t, size_t first); /* variables from number `first` on */

/* ---- tidying (source_tidy.c, source_order.c, source_fold.c, source_math.c, source_peep.c, source_ones.c,
 * source_inline.c) ---- */
bool ox__ts_tidy(ox__ts *t, ox__ts_block *top);      /* what PyTorch does to each function that it loads */
void ox__ts_settle(ox__ts_block *b);                 /* everybody uses what replaced others, and uses are counted */
void ox__ts_sweep(ox__ts_block *top);                /* removes what nobody needs */
void ox__ts_drop_output(ox__ts_node *n, uint32_t i); /* of an IF or LOOP, with what feeds it */
bool ox__ts_pool(ox__ts *t, ox__ts_block *top);      /* constants, each once, go to the front */
bool ox__ts_order(ox__ts *t, ox__ts_block *top); /* outputs of ifs and loops stand in the order of their first uses */
bool ox__ts_fold(ox__ts *t, ox__ts_block *top);  /* computes what is known */
/* The result of an operator whose inputs are known, as a constant; NULL if it is not computed here. */
const ox__obj *ox__ts_compute(ox__ts *t, const ox__ts_node *n, const ox__obj *const *in);
bool ox__ts_peep(ox__ts *t, ox__ts_block *top);
bool ox__ts_ones(ox__ts *t, ox__ts_block *top); /* x * 1, x + 0; true: something changed */
/* f->whole: a copy of its graph with all calls inlined. */
ox__ts_block *ox__ts_whole(ox__ts *t, ox__ts_fn *f);
/* A copy of a body in the place of a call, whose arguments begin with input number `first`. */
bool ox__ts_put(ox__ts *t, ox__ts_node *call, uint32_t first, ox__ts_block *body, const ox__ts_site *site);
/* A copy of f's graph with all calls inlined and nothing else done, as `inlined_graph` is. */
ox__ts_block *ox__ts_inlined(ox__ts *t, ox__ts_fn *f);

/* Puts the function that is called in the place of the call. */
bool ox__ts_inline_call(ox__ts *t, ox__ts_node *call);
/* As ox__ts_inlined, calls through interfaces too where the archive tells what stands behind them
 * (source_resolve.c). */
ox__ts_block *ox__ts_resolved(ox__ts *t, ox__ts_fn *f);

/* ---- older archives (source_upgrade.c) ---- */
bool ox__ts_upgraders(const char *qualifier, ox__src_text *text); /* false: it is a file of the archive */
bool ox__ts_upgrade(ox__ts *t, const ox__ts_fn *f, ox__ts_block *top);
/* Adds to the arguments of an operator what they lack in old archives; there is room for one more. */
bool ox__ts_old_steps(ox__ts *t, const char *op, ox__ts_arg *args, size_t *n);

/* ---- to the model (source_build.c, source_shared.c, source_literal.c, source_debug.c) ---- */
/* Plain data as one text, in *out, which is emptied first and may be short of memory. False if it is no such, or long.
 */
bool ox__ts_plain_text(ox__buf *out, const ox__obj *o);
/* *shared: the object is reached under more than one path. False when out of memory. */
bool ox__ts_is_shared(ox__ts *t, const ox__obj *o, bool *shared);
bool ox__ts_build(ox__ts *t, ox__ts_block *top, const ox__ts_fn *f); /* top is f's */
/* The name of a class without "__torch__" and what PyTorch puts between to tell classes of one name apart; its length.
 */
size_t ox__ts_class_text(const char *qualified, char *text, size_t size);
bool ox__ts_input_types(ox__ts *t, const char *method); /* source_inputs.c */
/* The Python line that a byte of the code comes from; *stack: where it is itself called from, as the tracer saw it, or
 * NULL. False if nothing is known (or memory is short, which t->s tells). */
typedef struct ox__ts_place {
    const char *file;
    size_t file_n;
    uint32_t line, col;
    const ox__obj *record;
} ox__ts_place;
bool ox__ts_place_of(ox__ts *t, const ox__ts_file *file, uint32_t at, ox__ts_place *out);
/* The Python stack of a traced place, innermost first, one line a frame; nothing for scripted code. */
void ox__ts_trace(const ox__ts_file *file, const ox__ts_place *place, ox__buf *out);

/* ---- all of it (source_open.c) ---- */
/* Lowers a method of the root object into the main graph of m. graph 0 is forward with all calls inlined, 1 the same
 * with its calls, 2 and 3 are the next method in the order of the code, ... A method
 * by its name (of a module inside: "features.0.forward") comes before the number, with its calls. *unread (may be
 * NULL): the archive is whole and has the method, but its code is not understood, or has no method at all. */
ox_status ox__ts_open(ox_model *m, const ox__ts_host *host, uint32_t graph, const char *method, bool *unread,
                      const ox_task *task, ox_error *err) OX_MUST_USE;
/* Tells the methods of the root object, forward first. */
ox_status ox__ts_list(const ox__ts_host *host, void (*row)(void *ud, const char *method), void *ud,
                      ox_error *err) OX_MUST_USE;

#endif
