/* Floor 3. The reader of PyTorch's textual graph dumps: what its files share.
 *
 * One graph is read in one pass over its lines. The reader borrows the mapped text (memos point into it), owns its
 * tables and scratch memory, and writes into a model that its caller owns; nothing is unwound when a fault of the map
 * ends the reading, so all it owns hangs on the ox__text that the caller frees. */
#ifndef ONNXSH_IO_TEXT_TEXT_H
#define ONNXSH_IO_TEXT_TEXT_H

#include "io/format.h"
#include "io/text/text_find.h"
#include "io/text/text_memo.h"

#include <onnxsh/schema.h>
#include <onnxsh/text.h>

enum {
    OX__TEXT_MAX_DEPTH = 100,     /* blocks inside blocks, the graph included; sections inside sections */
    OX__TEXT_MAX_BLOCKS = 1024,   /* of one node */
    OX__TEXT_MAX_ATTRS = 256,     /* of one node */
    OX__TEXT_MAX_CANDIDATES = 16, /* places where a name may end that are tried */
};

/* ---- the reader ---- */

/* Things that are said once, with their number and first place. */
typedef enum ox__text_note {
    OX__NOTE_LOST,     /* <Tensor>: data that is not in the dump */
    OX__NOTE_ROUNDED,  /* floats that were printed rounded */
    OX__NOTE_NOISE,    /* lines inside a graph that are no part of it */
    OX__NOTE_OLD_ATTR, /* attributes that no schema of the operator names */
    OX__NOTE_ATTR_OP,  /* attribute-style nodes that could not be mapped to arguments */
    OX__N_NOTES
} ox__text_note;

/* A declared value: `%name : type`. */
typedef struct ox__decl {
    ox_str name;
    ox_type type;
    ox_layout layout;
    const char *at; /* the `%` */
} ox__decl;

/* A name that can be referred to. */
typedef struct ox__name {
    ox_value value;
    ox_str name;
    uint32_t outer; /* the entry that it shadows + 1, 0 = none */
    uint32_t line;
} ox__name;

/* A graph being filled: the main one, a section, or a block. */
typedef struct ox__frame {
    ox_graph graph;
    ox_node last;       /* its newest node, which a `block0(` belongs to */
    size_t n_names;     /* names outside of it */
    uint32_t n_blocks;  /* of `last`, closed or open */
    size_t first_block; /* in ox__text.blocks */
    bool onnx;          /* `last` is an operator of ai.onnx */
} ox__frame;

typedef struct ox__text {
    ox_model *m;
    const char *file;       /* for errors */
    const char *text, *end; /* of the file; reading stops at `stop` */
    const char *stop;
    const char *next;       /* the line after the current one */
    const char *line, *eol; /* the current line, without its end */
    const char *p;          /* the next byte to read in it; what a log put in front is skipped */
    uint32_t line_no;
    const char *prefix;
    size_t prefix_n;
    const ox_task *task;
    const char *task_at;
    ox_error *err;
    bool oom; /* a table of the reader could not grow, where only `false` could be returned */

    OX__VEC(ox__name) names;
    OX__VEC(uint32_t) by_str; /* string id -> entry of `names` + 1 */
    size_t name_max;          /* longest name defined */
    uint32_t name_cuts;       /* most `, %` and `)` in one name */
    ox__memo types, scopes, ops, locs;
    ox__pairmap attr_kinds; /* (operator, attribute) -> what its schema says + 1 */

    ox__frame frames[OX__TEXT_MAX_DEPTH + 2];
    uint32_t depth; /* of the current frame */
    OX__VEC(ox_graph) blocks;
    ox__pairmap owners; /* (graph, "prim::fork_0") -> the node that a `with` section of that name belongs to */
    OX__VEC(ox_graph) open_sections; /* graphs whose sections may go on, outermost first */

    /* of the current statement */
    OX__VEC(ox__decl) outs;
    OX__VEC(ox_value) refs;
    OX__VEC(ox_attr) attrs;
    OX__VEC(ox__span) attr_texts; /* the values of `attrs` */
    OX__VEC(int64_t) ints;
    OX__VEC(double) floats;
    OX__VEC(ox_str) strs;
    OX__VEC(ox_type) type_items;
    OX__VEC(ox_layout) layouts; /* of the tensors in a type, in the order of its text */
    OX__VEC(char) bytes;
    ox__arena scratch; /* arrays of `attrs`, reset for each statement */

    struct {
        uint64_t n;
        uint32_t line, col;
        char first[96];
    } notes[OX__N_NOTES];
} ox__text;

/* Reads one graph into t->m, whose main graph is empty. t holds m, file, text, end, task and err; the caller frees t's
 * memory with ox__text_clear afterwards, however this ends. */
ox_status ox__text_read(ox__text *t, const ox__text_graph *g) OX_MUST_USE;
void ox__text_clear(ox__text *t);

/* Fills *t->err with a place in the current line and returns the code. */
ox_status ox__text_fail(ox__text *t, const char *at, ox_status code, const char *fmt, ...) OX_PRINTF(4, 5);
ox_status ox__text_nomem(ox__text *t);
/* OX_E_NOMEM if the reader or the model has run out of memory. */
ox_status ox__text_status(ox__text *t) OX_MUST_USE;
void ox__text_count(ox__text *t, ox__text_note note, const char *at, size_t n);
/* Moves on to the next line; false at the end. */
bool ox__text_next(ox__text *t);
/* Skips blanks from t->p on. */
void ox__text_blanks(ox__text *t);

/* ---- names and references (text_name.c) ---- */
typedef enum ox__decl_mode {
    OX__DECL_OUTS,  /* `%a : T, %b : T = ` */
    OX__DECL_HEADER /* inputs of a graph or block, up to the `)` */
} ox__decl_mode;
/* Reads one declaration at t->p ('%') and leaves t->p behind it. */
ox_status ox__text_decl(ox__text *t, ox__decl_mode mode, ox__decl *out) OX_MUST_USE;
/* Makes a name known in the current frame. */
ox_status ox__text_define(ox__text *t, const ox__decl *d, ox_value v) OX_MUST_USE;
/* Forgets all names from the n-th on. */
void ox__text_forget(ox__text *t, size_t n);
/* Reads `%a, %b)` at t->p into t->refs and leaves t->p behind the `)`. */
ox_status ox__text_refs(ox__text *t) OX_MUST_USE;

/* ---- types (text_type.c) ---- */
/* Reads a whole type; false if the text is not one (an unknown word is one: it is kept as text), or out of memory,
 * which ox__text_status tells. */
bool ox__text_type(ox__text *t, ox__span text, ox_type *type, ox_layout *layout);
/* The end of a type that begins at p, with all brackets closed: the first `,`, `)`, ` = ` or ` #` outside of brackets.
 * NULL if a bracket stays open. */
const char *ox__text_type_end(const ox__text *t, const char *p);
/* A type kept as the dump's text. */
ox_type ox__text_opaque(ox__text *t, ox__span text);

/* ---- attributes (text_attr.c, text_value.c, text_tensor.c) ---- */
/* Reads `[a=1, ...]` at t->p into t->attrs and t->attr_texts. `type` is that of the node's first output; *name becomes
 * what `onnx_name` says. `later`: only names and texts, the values wait for ox__text_aten. */
ox_status ox__text_attrs(ox__text *t, ox_str domain, ox_str op, ox_type type, bool later, ox_str *name) OX_MUST_USE;
/* The end of an attribute's value: the `, ident=` or `]` outside of brackets; NULL if there is none in the line. */
const char *ox__text_value_end(const ox__text *t, const char *p);
/* Reads a value. `want` is the ox_attr_kind that a schema or type asks for, OX_ATTR_NONE for none; `type` that of a
 * constant's output, {0} if it is no constant. */
ox_status ox__text_value(ox__text *t, ox__span text, ox_attr_kind want, ox_type type, ox_attr *a) OX_MUST_USE;
/* Decodes the inside of a string literal into t->bytes. */
bool ox__text_unescape(ox__text *t, ox__span text);
/* Whether a decimal looks cut to the six significant digits that PyTorch printed: it has five or six of them, and no
 * binary number is exactly that. (Shorter ones were most likely written so by somebody: 0.1, 1e-05.) */
bool ox__text_is_rounded(ox__span number);
/* Tensors: `{9216}`, ` 1 2 [ CPULongType{2} ]`, `<Tensor>`. *a becomes RAW where dtype or shape cannot be known. */
bool ox__text_is_pretty(ox__span text);
ox_status ox__text_tensor(ox__text *t, ox__span text, ox_type type, ox_attr *a) OX_MUST_USE;

/* ---- what follows a statement (text_tail.c) ---- */
ox_status ox__text_scope(ox__text *t, ox__span text, ox_scope *out) OX_MUST_USE;
/* Reads `, scope: ... # file:line:col` from t->p to the end of the line. */
ox_status ox__text_tail(ox__text *t, ox_scope *scope, ox_loc *loc) OX_MUST_USE;

/* ---- attribute-style ATen nodes of PyTorch 0.4 (text_aten.c) ---- */
/* The overloads of an operator whose attributes may be arguments; NULL for prim and onnx operators. */
const ox_aten_schema *ox__text_overloads(ox__span op, size_t *n);
/* Turns t->attrs that are arguments of the operator into prim::Constant nodes and t->refs into the whole argument
 * list; what is no argument stays in t->attrs. */
ox_status ox__text_aten(ox__text *t, ox_graph g, ox__span op, ox_scope scope) OX_MUST_USE;

extern const ox__format ox__format_text;

#endif
