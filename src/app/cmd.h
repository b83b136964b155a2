/* Floor 7. What a command is: one row of commands.def, one file in cmd/. Help, completion, the man page and
 * tests are derived from the row. */
#ifndef ONNXSH_APP_CMD_H
#define ONNXSH_APP_CMD_H

#include "app/session.h"

#include <onnxsh/schema.h>

/* What completes a word. */
typedef enum ox_hint {
    OX_HINT_NONE,
    OX_HINT_FILE,
    OX_HINT_VALUE, /* %names of values */
    OX_HINT_NODE,  /* names of nodes, %names */
    OX_HINT_SCOPE,
    OX_HINT_OP, /* operators of the schema tables */
    OX_HINT_COMMAND,
    OX_HINT_QUERY, /* fields of the query language, then their values */
    OX_HINT_SETTING,
    OX_HINT_COLOR, /* a role of the screen, then words of a look */
    OX_HINT_WORDS  /* the option's own `words` */
} ox_hint;

typedef struct ox_opt {
    const char *name;  /* "--style" */
    const char *value; /* "STYLE"; NULL: takes none */
    const char *help;  /* one line */
    ox_hint hint;
    const char *words; /* OX_HINT_WORDS: blank-separated; a value must be one of them */
} ox_opt;

enum {
    OX_CMD_MODEL = 1,   /* works on a model: in the one-shot form its first argument is FILE */
    OX_CMD_EDITS = 2,   /* may change it: the one-shot form takes -o OUT or --in-place */
    OX_CMD_PAGE = 4,    /* long output goes through the pager */
    OX_CMD_CUT = 16,    /* on a terminal, lines that are wider are cut in the middle */
    OX_CMD_WRAP = 32,   /* they are wrapped at blanks */
    OX_CMD_LIST = 64,   /* a MODEL command that wants none with --list */
    OX_CMD_TYPES = 128, /* shows types: those of a trace are inferred first, unless --no-infer is given */
    OX_CMD_GRAPH = 256, /* works on the graph: where that of the file is not understood, the reason is the answer */
    OX_CMD_RAW = 8      /* after its options, the rest of the line is one argument, quotes included */
};

enum { OX_ARGS_MAX = 64 };

/* A parsed line: borrowed words. */
typedef struct ox_args {
    size_t n;
    const char *pos[OX_ARGS_MAX];
    size_t n_set;
    struct {
        const ox_opt *opt;
        const char *value;
    } set[OX_ARGS_MAX];
} ox_args;
/* The last value of an option, NULL if it was not given; "" for one without value. */
const char *ox_args_get(const ox_args *a, const char *name);
/* All values of an option in order; returns their number, at most max. */
size_t ox_args_all(const ox_args *a, const char *name, const char **out, size_t max);

typedef struct ox_cmd {
    const char *name;
    const char *usage;   /* "[OPTIONS] [SELECTOR]": what follows the name; "" for nothing */
    const char *summary; /* one line, lower case, no full stop */
    const char *help;    /* paragraphs; may be "" when the summary says all */
    const char *example; /* a line that the tests run on the example model */
    unsigned flags;
    const ox_opt *opts; /* ends with a NULL name; NULL = none */
    ox_hint hint;       /* of its arguments */
    size_t min_args, max_args;
    ox_status (*exec)(ox_session *s, const ox_args *a, ox_error *err);
} ox_cmd;

#define OX_CMD(name) extern const ox_cmd ox_cmd_##name;
#include "app/commands.def"
#undef OX_CMD

/* All commands, in the order of commands.def. */
size_t ox_commands(const ox_cmd *const **rows);
/* By exact name; NULL if there is none. */
const ox_cmd *ox_command_find(const char *name, size_t n);
/* The options of the program itself (DESIGN 3), as rows. */
extern const ox_opt ox_global_opts[];

/* Splits a line into words: blanks separate, "double quotes" group, inside them \" and \\ stand for the character.
 * Words live in *store, to be freed by the caller. */
ox_status ox_line_split(const char *line, char **store, const char **words, size_t max, size_t *n,
                        ox_error *err) OX_MUST_USE;
/* Sorts words into options and arguments by a command's row. */
ox_status ox_args_parse(const ox_cmd *cmd, size_t n, const char *const *words, ox_args *out, ox_error *err) OX_MUST_USE;
/* Runs a command whose line was split already. */
ox_status ox_command_run(ox_session *s, const ox_cmd *cmd, const ox_args *a, const char *line,
                         ox_error *err) OX_MUST_USE;
/* Splits, parses and runs the rest of a line. */
ox_status ox_command_line(ox_session *s, const ox_cmd *cmd, const char *rest, const char *line,
                          ox_error *err) OX_MUST_USE;

/* ---- selectors: how a person names a thing ---- */
/* `%name`, a bare value name, or `%17` by id. OX_E_NOT_FOUND with near names in the hint. */
ox_status ox_select_value(const ox_model *m, const char *word, ox_value *out, ox_error *err) OX_MUST_USE;
/* A node's name, `%value` that it makes, or `#17` by id. */
ox_status ox_select_node(const ox_model *m, const char *word, ox_node *out, ox_error *err) OX_MUST_USE;
/* A scope selector; OX_E_NOT_FOUND if no scope of the model is selected by it. The first that matches. */
ox_status ox_select_scope(const ox_model *m, const char *word, ox_scope *out, ox_error *err) OX_MUST_USE;
/* The model that is meant: --result, --beside, else the one that is open. */
ox_status ox_asked_model(const ox_session *s, const ox_args *a, ox_model **m, ox_error *err) OX_MUST_USE;
/* A whole number option value. */
ox_status ox_parse_int(const char *word, const char *what, int64_t min, int64_t max, int64_t *out,
                       ox_error *err) OX_MUST_USE;

/* ---- shared by several commands ---- */
/* Undoes or redoes as many steps as the argument says (1), and logs them. */
ox_status ox_undo_steps(ox_session *s, const ox_args *a, bool redo, ox_error *err) OX_MUST_USE;
/* Bytes for people: "244.4 MB". */
void ox_bytes_text(uint64_t n, char *buf, size_t size);
/* Scope and source of a node as cells: "Net/Conv2d[0]" and "net.py:12". */
void ox_node_scope_text(const ox_model *m, ox_node n, char *buf, size_t size);
void ox_node_loc_text(const ox_model *m, ox_node n, char *buf, size_t size);
/* The source as the next cell of a table: on a terminal without its directories. */
void ox_table_loc(ox_table *t, const ox_out *o, const ox_model *m, ox_node n);
/* The PyTorch overload that the node's arguments fit; NULL if none, or for other operators. */
const ox_aten_schema *ox_node_aten_schema(const ox_model *m, ox_node n);
/* The schema's name of input i: "self", "X"; "" when nothing tells. */
const char *ox_node_input_name(const ox_model *m, ox_node n, size_t i);
/* A node as a JSON object (inside a list when key is NULL). */
void ox_node_json(ox_json *j, const char *key, const ox_model *m, ox_node n);
void ox_value_json(ox_json *j, const char *key, const ox_model *m, ox_value v);
/* The opset that `ops` and `export` aim at: --opset N (which may be NULL), else the setting, else the model's own. */
ox_status ox_target_opset(const ox_session *s, const char *word, int64_t *out, ox_error *err) OX_MUST_USE;
/* Tries an export of the model with the options that hold, and keeps nothing in the session: *result is NULL if there
 * were failures, which *report holds. Both are the caller's to free. */
ox_status ox_try_export(ox_session *s, int64_t opset, ox_model **result, ox_report **report, ox_error *err) OX_MUST_USE;
/* Writes a trace as torch prints it, beside the target first; `given`: without types that were inferred. */
ox_status ox_trace_save(const ox_model *m, const char *path, bool given, ox_error *err) OX_MUST_USE;
/* A line speaks of a node, of the model or of the result: where the full screen goes. */
void ox_lead_to(ox_session *s, const ox_model *m, ox_node n);
/* "3 nodes", "1 node". */
void ox_out_count(ox_out *o, uint64_t n, const char *one, const char *many);

#endif
