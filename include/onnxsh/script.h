/* Lua: one state with the API of symbolic functions, models and commands. Nothing but src/script includes lua.h. */
#ifndef ONNXSH_SCRIPT_H
#define ONNXSH_SCRIPT_H

#include <onnxsh/convert.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ox_script ox_script;

/* What the state calls back for. */
typedef struct ox_script_host {
    void *ud;
    /* print() and the echo of expressions: text as it is, newline included. */
    ox_status (*print)(void *ud, const char *s, size_t n, ox_error *err);
    /* The model that `model` names, NULL if none is open; asked at each use. The state pins nothing: a handle whose
     * model was closed is refused. */
    ox_model *(*model)(void *ud);
    /* Runs a prompt command from Lua: command("show %x"). */
    ox_status (*command)(void *ud, const char *line, ox_error *err);
    /* A command defined in Lua by command{name=, usage=, help=, run=}: the host adds a row; run_id is for
     * ox_script_run. */
    ox_status (*define)(void *ud, const char *name, const char *usage, const char *help, int run_id, ox_error *err);
    /* Types of this model's values are about to be told: the host may infer them now. May be NULL. */
    ox_status (*types)(void *ud, const ox_model *m, ox_error *err);
} ox_script_host;

typedef struct ox_script_options {
    const char *lua_dir;     /* overrides the embedded Lua files, NULL = embedded */
    ox_symbolics *symbolics; /* where symbolic{...} registers; borrowed, outlives the state */
    ox_script_host host;
} ox_script_options;

/* Makes a state. Built-in symbolic functions are loaded by family on first dispatch. Free it before the models that
 * its values point to. */
OX_API OX_MUST_USE ox_status ox_script_create(ox_script **out, const ox_script_options *opt, ox_error *err);
OX_API void ox_script_free(ox_script *s);
/* Runs a file of the user's own (trusted). Errors have the Lua file and line. */
OX_API OX_MUST_USE ox_status ox_script_file(ox_script *s, const char *path, ox_error *err);
/* Runs a chunk of the prompt: first as an expression, whose values are printed, then as statements. *incomplete (may be
 * NULL) is set, and OX_E_SCRIPT returned, if the chunk only lacks its end. */
OX_API OX_MUST_USE ox_status ox_script_chunk(ox_script *s, const char *text, size_t n, const char *chunk_name,
                                             bool *incomplete, ox_error *err);
/* Runs the function of a command{...} with the words of its line. */
OX_API OX_MUST_USE ox_status ox_script_run(ox_script *s, int run_id, size_t n_words, const char *const *words,
                                           ox_error *err);
/* Stops what runs at the next instruction, inside coroutines too; async-signal-safe. It then ends with
 * OX_E_INTERRUPTED. */
OX_API void ox_script_interrupt(ox_script *s);
/* Registers all built-in functions at once, for listings: otherwise a family is loaded when one of its names is looked
 * up. */
OX_API OX_MUST_USE ox_status ox_script_load_all(ox_script *s, ox_error *err);
/* The source of the function that serves a name at an opset ("aten::elu"), as text; file and line of its beginning.
 * *text is allocated, to be freed with ox_script_free_text. OX_E_NOT_FOUND if there is none or it is in C. */
OX_API OX_MUST_USE ox_status ox_script_source(ox_script *s, const char *name, int64_t opset, char **text, char *where,
                                              size_t where_size, ox_error *err);
/* Whether that text means the same in another file: a call of `symbolic` whose function uses no local of its file but
 * `sym`. */
OX_API OX_MUST_USE ox_status ox_script_source_is_alone(ox_script *s, const char *name, int64_t opset, bool *alone,
                                                       ox_error *err);
OX_API void ox_script_free_text(char *text);
/* Completions of a Lua expression's end ("model:gr", "sym.sc"): calls fn for each full word. */
OX_API void ox_script_complete(ox_script *s, const char *text, size_t n, void (*fn)(void *ud, const char *word),
                               void *ud);
/* ---- stopping inside symbolic functions: what a debugger is made of ---- */
typedef struct ox_script_line {
    const char *file; /* as in messages: "onnxsh/symbolic/pad.lua", a path */
    uint32_t line;
    unsigned depth; /* functions around it since the symbolic function, which is 0 */
} ox_script_line;
/* Called before each line that a symbolic function and what it calls run; another status than OX_OK ends the function
 * with it. */
typedef ox_status (*ox_script_line_fn)(void *ud, const ox_script_line *at, ox_error *err);
/* From the next call of a symbolic function on; NULL ends it. */
OX_API void ox_script_watch_lines(ox_script *s, ox_script_line_fn fn, void *ud);
/* The following are for while the conversion rests: inside an ox_script_line_fn they see the locals of the innermost
 * function, inside ox_convert_watch.before the arguments of the call by name; rank(x), dtype(x), sizes(x) and dim(x, i)
 * are there too. _eval prints the value of an expression through the host; _test says whether it is true; _locals calls
 * fn for each name with its value as text. */
OX_API OX_MUST_USE ox_status ox_script_stop_eval(ox_script *s, const ox_call_site *site, const char *text,
                                                 ox_error *err);
OX_API OX_MUST_USE ox_status ox_script_stop_test(ox_script *s, const ox_call_site *site, const char *text, bool *yes,
                                                 ox_error *err);
typedef void (*ox_script_local_fn)(void *ud, const char *name, const char *value);
OX_API OX_MUST_USE ox_status ox_script_stop_locals(ox_script *s, const ox_call_site *site, ox_script_local_fn fn,
                                                   void *ud, ox_error *err);
/* A line of an embedded Lua file by its name in messages; NULL if there is no such file or line. *n gets its length. */
OX_API const char *ox_script_embedded_line(const ox_script *s, const char *file, uint32_t line, size_t *n);

/* Rows of documented functions, for help and its tests: {"g:op", usage, doc}. */
typedef struct ox_script_doc {
    const char *name, *usage, *doc;
} ox_script_doc;
OX_API size_t ox_script_docs(const ox_script_doc **rows);

#ifdef __cplusplus
}
#endif
#endif
