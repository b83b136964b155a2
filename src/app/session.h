/* Floor 7. The session: what is open, the options in force, the places of output. main makes one; commands get it. */
#ifndef ONNXSH_APP_SESSION_H
#define ONNXSH_APP_SESSION_H

#include "app/journal.h"
#include "app/output.h"
#include "app/watch.h"

#include <onnxsh/convert.h>
#include <onnxsh/infer.h>
#include <onnxsh/io.h>
#include <onnxsh/script.h>

/* A list of words that the session owns (repeatable options). */
typedef struct ox_words {
    char **p;
    size_t n;
} ox_words;
/* Appends a copy; OX_E_NOMEM on failure. */
ox_status ox_words_add(ox_words *w, const char *word, ox_error *err) OX_MUST_USE;
void ox_words_free(ox_words *w);

/* The options of DESIGN's command line that hold for a whole session. */
typedef struct ox_globals {
    ox_words lua_files; /* -l */
    ox_words inputs;    /* --input */
    ox_words weights;   /* --weights */
    char *lua_dir;      /* --lua-dir */
    bool follow_links, json, strict, quiet, no_init, no_pager;
    int color; /* -1 auto, 0 never, 1 always */
} ox_globals;

typedef struct ox_debug ox_debug;
typedef struct ox_breakpoint ox_breakpoint;

/* A Lua file that was loaded, and what it was like then. */
typedef struct ox_lua_file {
    char *path;
    ox_stamp stamp; /* as it was loaded */
} ox_lua_file;

/* A command that Lua defined by command{...}. */
typedef struct ox_lua_command {
    char *name, *usage, *help;
    int run_id;
} ox_lua_command;

/* Words that the user bound to texts, the newest last: a key of the full screen to a line of the prompt, what text
 * means to its look. */
typedef struct ox_bound {
    char *key, *line;
} ox_bound;
typedef struct ox_bounds {
    ox_bound *p;
    size_t n;
    uint64_t revision; /* of every change another one */
} ox_bounds;
/* What a word is bound to; NULL: nothing. */
const char *ox_bounds_get(const ox_bounds *b, const char *key);
ox_status ox_bounds_put(ox_bounds *b, const char *key, const char *line, ox_error *err) OX_MUST_USE;
void ox_bounds_remove(ox_bounds *b, const char *key);
void ox_bounds_free(ox_bounds *b);

struct ox_session {
    ox_globals g;
    ox_out out; /* standard output, or the pager */
    ox_symbolics *symbolics;
    ox_script *script;    /* made on first need */
    ox_model *model;      /* NULL: nothing is open */
    char *path;           /* as it was opened, "-" = standard input */
    int graph;            /* which graph of the file, 0 = the default */
    ox_model *result;     /* what the last export made, bound to `model` by provenance; or NULL */
    ox_report *report;    /* of the last export, or NULL */
    int64_t report_opset; /* that it aimed at */
    char *result_path;
    ox_model *beside; /* a second model to look at (`beside`), or NULL; commands speak of `model` */
    char *beside_path;
    ox_typing *beside_typing; /* its types, if it is a trace and they were asked for; or NULL */
    ox_inference *inference;  /* `infer` was given: types follow the edits; or NULL */
    size_t inference_from;    /* the steps that can be undone while that of `infer` is not */
    bool inference_is_new;    /* that step is not closed yet */
    ox_typing *typing;        /* types of a trace, once they were asked for; or NULL */
    bool as_given;            /* `set infer off`: a trace has the types of its file only */
    bool typing_now;          /* they are being inferred */
    bool asked_types;         /* by the Lua of this line */
    ox_journal journal;       /* its edits on disk */
    ox_debug *debug;          /* a conversion that is stopped, or NULL */
    ox_breakpoint *breakpoints;
    size_t n_breakpoints;
    int last_breakpoint;    /* the number of the last one made */
    uint64_t n_stops;       /* of debugged conversions so far */
    ox_node led;            /* the node of `model` that a line spoke of last: the full screen goes there */
    bool led_beside;        /* it is one of `beside` */
    uint64_t n_led;         /* how often there was one */
    ox_lua_file *lua_files; /* init.lua, those of -l and of `lua --file`, in the order of loading */
    size_t n_lua_files;
    size_t failure; /* which failure of `report` was told last by `failure`, from 1; 0 = none */
    ox_lua_command *lua_commands;
    size_t n_lua_commands;
    /* While the full screen has the terminal: lends it to a program that needs it (away), and takes it back. NULL:
     * whoever asks has it already. */
    void (*lend)(void *ud, bool away);
    void *lend_ud;
    const char *theme; /* of the full screen (`set theme`); NULL = auto */
    ox_bounds bound;   /* keys of the full screen that the user bound */
    ox_bounds colors;  /* what `color` said of its theme */
    ox_watch watch;    /* of the model's file */
    ox_node cursor;    /* of the full screen, when the model was opened again */
    ox_node marks[26]; /* places that the user marked by a letter */
    ox_words chunks;   /* Lua of the prompt that defined something */
    ox_words typed;    /* lines typed in the full screen, for the history of the prompt around it */
    ox_style style;    /* of `show`; only if has_style (`set style`) */
    bool has_style;
    int64_t opset;    /* target of conversion (`set opset`) */
    bool interactive; /* at the prompt, or in the full screen */
    bool full_screen; /* in the full screen */
    bool whole;       /* `set cut off`: lines wider than the terminal are not cut */
    bool unwatched;   /* `set watch off`: Lua files that change are not loaded again by themselves */
    bool quit;        /* the `quit` command was given */
    bool one_shot;    /* COMMAND on the command line */
    bool kept;        /* ... and what it changes is saved: -o, --in-place */
};

/* Makes symbolics; nothing is opened. */
ox_status ox_session_init(ox_session *s, ox_error *err) OX_MUST_USE;
void ox_session_free(ox_session *s);
/* The Lua state, made on first use; -l files and init.lua are loaded then. */
ox_status ox_session_script(ox_session *s, ox_error *err) OX_MUST_USE;
/* Runs a Lua file of the user's and remembers it, so that it is loaded again when it changes. */
ox_status ox_session_lua_file(ox_session *s, const char *path, ox_error *err) OX_MUST_USE;
/* Loads again those Lua files that changed since, or all; *n says how many. The first that fails ends it. */
ox_status ox_session_reload(ox_session *s, bool all, size_t *n, ox_error *err) OX_MUST_USE;
/* Lua files that an editor wrote since the last line are loaded before the next one runs; what fails is reported. */
void ox_session_reload_changed(ox_session *s);
/* Opens a file as the model: format, --input and --weights applied. The earlier model is kept if this fails. */
ox_status ox_session_open(ox_session *s, const char *path, int graph, ox_error *err) OX_MUST_USE;
/* Makes the result of the last export the model. */
ox_status ox_session_open_result(ox_session *s, ox_error *err) OX_MUST_USE;
/* Opens a file as the second model, or closes that (NULL). If it cannot be opened, the earlier one is kept. */
ox_status ox_session_beside(ox_session *s, const char *path, int graph, ox_error *err) OX_MUST_USE;
/* Infers the types of the second model that its file does not give. */
ox_status ox_session_infer_beside(ox_session *s, ox_infer_counts *k, ox_error *err) OX_MUST_USE;
/* The model, or OX_E_INVALID saying that none is open. */
ox_status ox_session_model(ox_session *s, ox_model **m, ox_error *err) OX_MUST_USE;
/* Runs one prompt line, command or Lua; *incomplete (may be NULL): the Lua only lacks its end. */
ox_status ox_session_line(ox_session *s, const char *line, bool *incomplete, ox_error *err) OX_MUST_USE;
/* Runs a script of prompt lines (-f); errors have its name and line. */
ox_status ox_session_file(ox_session *s, const char *path, ox_error *err) OX_MUST_USE;
/* Closes the step of what a line changed, and writes it to the journal on disk. */
ox_status ox_session_commit(ox_session *s, const char *line, ox_error *err) OX_MUST_USE;
/* From now on types follow the edits. Takes `inf` over, NULL ends it. */
void ox_session_follow(ox_session *s, ox_inference *inf);
/* To be called before types of the model are shown: those of a trace are inferred, unless they are known and nothing
 * has changed. Where that fails, a warning says so; only Ctrl-C and want of memory are errors. */
ox_status ox_session_types(ox_session *s, ox_error *err) OX_MUST_USE;
/* The same now, and as `how` says; what is found goes to fn. */
ox_status ox_session_infer(ox_session *s, const ox_infer_options *how, ox_infer_fn fn, void *ud,
                           ox_error *err) OX_MUST_USE;
/* True if the next word of the line makes it a command (and not Lua): exactly a command's name, not followed by `=`. */
bool ox_session_is_command(const ox_session *s, const char *line);
/* Prints an error or a warning on standard error, sanitised, after what is pending on standard output. */
void ox_session_report(ox_session *s, const ox_error *err);
void ox_session_warn(void *session, const ox_error *warning);

/* Directories: $XDG_CONFIG_HOME/onnxsh and so on; `what` is "config", "state" or "data". The path name/leaf to be
 * freed, directories made if make; NULL when there is no home. */
char *ox_xdg_path(const char *what, const char *leaf, bool make);

/* --input SPEC applied to a model (see input_spec.c). */
/* How long a name is without the number that TorchScript puts behind it, as in x.1; 0: it has none. */
size_t ox_input_base(const char *name);
/* "table.key": the item of an input that is a dict or list, which becomes an input; *out {0}: there is none of that
 * name. */
ox_status ox_input_part(ox_model *m, const char *name, ox_value *out, ox_error *err) OX_MUST_USE;
/* "state.h": an attribute h of a module, which becomes an input that `export --state io` takes for it; *out {0}: the
 * graph has nothing to do with one. */
ox_status ox_input_state(ox_model *m, const char *name, ox_value *out, ox_error *err) OX_MUST_USE;
ox_status ox_input_apply(ox_model *m, const ox_words *specs, ox_error *err) OX_MUST_USE;

#endif
