/* Floor 6. The Lua state behind <onnxsh/script.h>: what the files of this folder share.
 *
 * Errors: a C function that Lua calls checks its arguments, does its work, and raises as its last statement; it owns no
 * memory when it raises, because raising is a longjmp. Scratch memory is therefore on the C stack or a userdata
 * (ox__scratch). ox__lua_raise keeps the code and the hint of an ox_error beside the Lua message; ox__lua_protect turns
 * whatever was raised back into an ox_error with the Lua file and line.
 *
 * Handles are userdata {serial of the model, id, generation}: they hold no pointer. The model is found among those that
 * live: the host's current model and those of the symbolic calls under way. */
#ifndef ONNXSH_SCRIPT_STATE_H
#define ONNXSH_SCRIPT_STATE_H

#include <lauxlib.h>
#include <lua.h>
#include <onnxsh/infer.h>
#include <onnxsh/journal.h>
#include <onnxsh/script.h>

#include "base/base.h"
#include "script/files.h"

#include <signal.h>

/* What kind of thing a userdata is; each has a metatable. */
typedef enum ox__lua_kind {
    OX__LUA_MODEL,
    OX__LUA_GRAPH,
    OX__LUA_NODE,
    OX__LUA_VALUE,
    OX__LUA_SCOPE,
    OX__LUA_TYPE,   /* id = ox_type, gen = ox_layout */
    OX__LUA_TENSOR, /* ox__lua_tensor */
    OX__LUA_CALL,   /* g: ox__lua_g */
    OX__LUA_N_KINDS
} ox__lua_kind;

typedef struct ox__lua_handle {
    uint64_t serial; /* of the model */
    uint32_t id, gen;
} ox__lua_handle;

/* A tensor of a model, or (serial 0) one made in Lua, whose dims and canonical bytes follow. The strings of a made
 * STRING tensor are the table in its user value. */
typedef struct ox__lua_tensor {
    uint64_t serial;
    ox_tensor t;
    ox_dtype dtype;
    uint32_t rank;
    uint64_t n, n_bytes; /* elements; bytes after the dims */
    int64_t dims[];
} ox__lua_tensor;

/* One call of a symbolic function. Frames are on the C stack of ox__lua_call_symbolic; `g` names its frame by number,
 * so that a g kept after its call is refused. */
typedef struct ox__lua_frame {
    struct ox__lua_frame *up;
    uint64_t number;
    ox_call *call;
    ox_model *model;
    uint64_t serial;
    bool refused; /* g:unsupported was called: whatever the function does then, the node fails with `why` */
    ox_error why;
} ox__lua_frame;

typedef struct ox__lua_g {
    uint64_t number;
} ox__lua_g;

/* A registered symbolic function: the ud of its ox_symbolic_def, owned by the registry. script is NULL once the state
 * is gone. */
typedef struct ox__lua_fn {
    struct ox__lua_fn *next, **link;
    ox_script *script;
    int ref; /* the function, in the registry table */
} ox__lua_fn;

enum { OX__LUA_CACHES = 4, OX__LUA_MAX_DEPTH = 24 };

/* The handles of one model that Lua holds: a table with weak values, so that one thing is one userdata. */
typedef struct ox__lua_cache {
    uint64_t serial, used;
    int ref;
} ox__lua_cache;

struct ox_script {
    lua_State *L;                /* the main thread */
    lua_State *volatile running; /* the thread that runs now, NULL if none: what an interrupt hooks */
    volatile sig_atomic_t interrupted;
    bool stopping;             /* the hook raised: pcall and coroutines pass the error on */
    int depth;                 /* of ox__lua_protect */
    ox_script_line_fn on_line; /* a debugger's, or NULL */
    void *on_line_ud;
    int line_base;             /* levels of the stack below the symbolic function */
    struct ox__lua_stop *stop; /* while on_line runs: where */
    ox_symbolics *symbolics;
    ox_script_host host;
    char *lua_dir; /* or NULL */
    ox__lua_frame *frame;
    uint64_t n_frames;
    bool loading;                    /* a built-in family is being loaded: its functions are built-in */
    unsigned char *loaded;           /* by family */
    ox__lua_fn *fns;                 /* all registered functions */
    const void *mt[OX__LUA_N_KINDS]; /* identities of the metatables */
    int mt_ref[OX__LUA_N_KINDS];     /* and their places in the registry */
    ox__lua_cache cache[OX__LUA_CACHES];
    uint64_t clock;
    ox_inference *inference; /* of the model of inference_serial that was inferred last; may be NULL */
    uint64_t inference_serial;
    ox_infer_options inference_options;
    ox_typing *typing; /* of the trace of typing_serial; may be NULL */
    uint64_t typing_serial;
    ox_mark mark; /* what a failing chunk rolls back to, in the model of mark_serial */
    uint64_t mark_serial;
    ox_error raised; /* what ox__lua_raise raised last; its text is also in the registry */
    ox_error fault;  /* what the message handler made of an error */
};

/* The script of a Lua state. */
static inline ox_script *ox__lua_script(lua_State *L)
{
    return *(ox_script **)lua_getextraspace(L);
}

/* ---- error.c ---- */
/* Raises an ox_error as a Lua error (its hint is kept) with the place of the Lua caller in front. */
_Noreturn void ox__lua_raise(lua_State *L, const ox_error *err);
/* The same for what a callback of the host returned: its code is kept too. */
_Noreturn void ox__lua_raise_host(lua_State *L, const ox_error *err);
/* Raises OX_E_SCRIPT with a hint. */
_Noreturn void ox__lua_fail(lua_State *L, const char *hint, const char *fmt, ...) OX_PRINTF(3, 4);
/* Gives err the place of a function's source. */
void ox__lua_set_place(ox_error *err, const lua_Debug *ar, int line);
/* True while an error must not be caught: an interrupt, or g:unsupported of the call under way. */
bool ox__lua_must_unwind(const ox_script *s);
/* Runs fn(ctx) (a light userdata, argument 1) protected. What is raised becomes *err. */
ox_status ox__lua_protect(ox_script *s, lua_CFunction fn, void *ctx, ox_error *err);
/* pcall, xpcall, coroutine.resume, coroutine.wrap: those of Lua, but an interrupt and g:unsupported pass through, and
 * an interrupt reaches the coroutine that runs. Stack: unchanged. */
void ox__lua_open_control(lua_State *L);

/* ---- handles.c ---- */
void ox__lua_open_handles(ox_script *s, lua_State *L);
/* The live model of a serial, NULL if it was closed. */
ox_model *ox__lua_model_of(ox_script *s, uint64_t serial);
/* The handle at idx if it is one of that kind, else NULL. */
void *ox__lua_test(lua_State *L, int idx, ox__lua_kind kind);
/* The same, raising if it is not, if its model is closed (*m gets it), or if the thing is deleted. */
ox_graph ox__lua_check_graph(lua_State *L, int idx, ox_model **m);
ox_node ox__lua_check_node(lua_State *L, int idx, ox_model **m);
ox_value ox__lua_check_value(lua_State *L, int idx, ox_model **m);
/* The same of one that is only passed on, or asked for what the call follows by itself: all others tell it that the
 * function under way looks at more than its arguments (ox_call_looks). */
ox_value ox__lua_given_value(lua_State *L, int idx, ox_model **m);
void ox__lua_looks(lua_State *L);
ox_scope ox__lua_check_scope(lua_State *L, int idx, ox_model **m);
ox_type ox__lua_check_type(lua_State *L, int idx, ox_model **m, ox_layout *layout);
ox_model *ox__lua_check_model(lua_State *L, int idx);
/* A value at idx that must be of model m. */
ox_value ox__lua_check_value_in(lua_State *L, int idx, const ox_model *m, const char *what);
/* Pushes a handle; the zero handle is pushed as nil. */
void ox__lua_push_model(lua_State *L, const ox_model *m);
void ox__lua_push_graph(lua_State *L, const ox_model *m, ox_graph g);
void ox__lua_push_node(lua_State *L, const ox_model *m, ox_node n);
void ox__lua_push_value(lua_State *L, const ox_model *m, ox_value v);
void ox__lua_push_scope(lua_State *L, const ox_model *m, ox_scope s);
void ox__lua_push_type(lua_State *L, const ox_model *m, ox_type t, ox_layout l);
void ox__lua_push_str(lua_State *L, const ox_model *m, ox_str s); /* "" for {0} */
/* The metatable of a kind onto the stack. */
void ox__lua_push_meta(lua_State *L, ox__lua_kind kind);
/* "a node", "a value", ... of what stands at idx, for messages. Static, or a string of the stack. */
const char *ox__lua_what(lua_State *L, int idx);

/* ---- args.c: Lua values to arguments and attributes, and back ---- */
/* Memory that needs no freeing: a piece of the caller's stack, then userdata left on the Lua stack. */
typedef struct ox__scratch {
    lua_State *L;
    char *p, *end;
} ox__scratch;
void *ox__scratch_alloc(ox__scratch *x, size_t count, size_t size);

/* The operator, inputs and attributes of g:op and graph:add. */
typedef struct ox__lua_op {
    const char *name;
    size_t n_in, n_attrs, n_out;
    ox_arg *in;
    ox_attr *attrs;
} ox__lua_op;
/* Where they go: a model, and how a tensor given as an input becomes a value there. */
typedef struct ox__lua_target {
    ox_model *m;
    ox_status (*constant)(void *ud, ox_tensor t, ox_value *out, ox_error *err);
    void *ud;
} ox__lua_target;
/* Reads arguments from index `first` (the name) to the top. */
void ox__lua_read_op(lua_State *L, int first, const ox__lua_target *to, ox__scratch *x, ox__lua_op *out);
/* Reads the attribute "alpha_f" = value at idx. */
void ox__lua_read_attr(lua_State *L, const char *key, size_t n_key, int idx, ox_model *m, ox__scratch *x, ox_attr *out);
/* Pushes what a symbolic function gets for an argument; a table for a list. */
void ox__lua_push_arg(lua_State *L, const ox_model *m, const ox_arg *a);
/* Pushes an attribute's value. */
void ox__lua_push_attr(lua_State *L, const ox_model *m, const ox_attr *a);
/* The length of a list at idx: its field n, else its border. */
size_t ox__lua_list_n(lua_State *L, int idx);

/* ---- tensor.c ---- */
void ox__lua_push_tensor(lua_State *L, const ox_model *m, ox_tensor t);
/* The tensor at idx as one of m: made tensors are added to it. Raises if it is none, or another model's. */
ox_tensor ox__lua_tensor_in(lua_State *L, int idx, ox_model *m);
/* Makes a tensor of the data at idx (a number, a boolean, a string, nested or flat tables) and pushes it. dtype may be
 * UNDEFINED (chosen by the data); dims is the index of a table or 0. */
void ox__lua_make_tensor(lua_State *L, int idx, ox_dtype dtype, int dims);
/* The dtype named at idx. */
ox_dtype ox__lua_check_dtype(lua_State *L, int idx);

/* ---- symbolic.c ---- */
/* The frame of the g at idx; raises when its call is over. */
ox__lua_frame *ox__lua_check_g(lua_State *L, int idx);
int ox__lua_symbolic(lua_State *L);

/* ---- files.c: the embedded Lua files ---- */
/* Pushes the compiled chunk of a file of the Lua directory or of the embedded ones; raises if there is none. */
void ox__lua_load_file(lua_State *L, const char *name);
/* The loader of the registry: loads the family of a name on its first dispatch. */
ox_status ox__lua_load_family(void *ud, const char *name, ox_error *err);
/* The text of an embedded file by its chunk name, NULL if it is none. */
const ox__lua_file *ox__lua_embedded(const ox_script *s, const char *name);

/* ---- pristine.c ---- */
/* Remembers the fields of the globals and of the tables among them; of one more table. */
void ox__lua_remember_globals(lua_State *L);
void ox__lua_remember(lua_State *L, int idx);
/* The guard of the registry (ud: the script): all is as it was remembered. */
bool ox__lua_is_pristine(void *script);

/* ---- api.c: the documented functions ---- */
typedef struct ox__lua_row {
    const char *owner; /* "g", "node", "sym", "" for a global */
    const char *name;
    lua_CFunction fn;
} ox__lua_row;
/* Fills the table at the top of the stack with the functions of an owner. */
void ox__lua_set_functions(lua_State *L, const char *owner);

#endif
