/* The text of graphs: the styles of `show --style`. Output goes to a sink in pieces; nothing is held whole. */
#ifndef ONNXSH_PRINT_H
#define ONNXSH_PRINT_H

#include <onnxsh/graph.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Where text goes. A write that does not return OX_OK stops the printer with that status. */
typedef struct ox_sink {
    ox_status (*write)(void *ud, const char *s, size_t n, ox_error *err);
    void *ud;
} ox_sink;

typedef enum ox_style {
    OX_STYLE_SEED,      /* the form of the PyTorch documentation of 2018; default for ONNX graphs */
    OX_STYLE_FOLDED,    /* for people: constants and lists folded into the operator's line; default for traces on a
                           terminal */
    OX_STYLE_TORCH,     /* what torch 1.13 and 2.x print */
    OX_STYLE_ONNX,      /* the ONNX textual syntax; ONNX models only */
    OX_STYLE_PRINTABLE, /* what onnx.helper.printable_graph prints */
    OX_N_STYLES
} ox_style;
/* "seed", "folded", ...; static. Finds by name: false if there is none. */
OX_API const char *ox_style_name(ox_style s);
OX_API const char *ox_style_help(ox_style s);
OX_API bool ox_style_find(const char *name, ox_style *out);

/* Kinds of text, for colour. */
typedef enum ox_ink {
    OX_INK_PLAIN,
    OX_INK_OP,
    OX_INK_VALUE,
    OX_INK_TYPE,
    OX_INK_ATTR,
    OX_INK_SCOPE,
    OX_INK_COMMENT,
    OX_N_INKS
} ox_ink;

typedef struct ox_print_options {
    ox_style style;
    bool full;              /* OX_STYLE_ONNX: with weights, all that the syntax can say */
    bool given;             /* the types that the file gives, without those that were inferred */
    bool raw;               /* do not sanitise names (for files); OFF prints safe text for people */
    const char *const *ink; /* OX_N_INKS escape sequences to switch to each ink, or NULL for plain text */
    ox_scope scope;         /* not {0}: only nodes of this scope and below (the frame of the graph stays) */
    const ox_task *task;
    /* What the style cannot say (OX_STYLE_ONNX), once for each kind of thing; may be NULL. */
    void (*note)(void *ud, const char *text);
    void *note_ud;
} ox_print_options;

/* A graph with its frame, its blocks, and (main graph) the functions that follow it. */
OX_API OX_MUST_USE ox_status ox_graph_print(const ox_model *m, ox_graph g, const ox_print_options *opt,
                                            const ox_sink *out, ox_error *err);
/* One node as a line of its own, without a newline at the end when it owns no block. */
OX_API OX_MUST_USE ox_status ox_node_print(const ox_model *m, ox_node n, const ox_print_options *opt,
                                           const ox_sink *out, ox_error *err);
/* A value's declaration `%x : Float(2, 3)`; a type; an attribute's value; a dim (`2*seq+1`, `*`). Seed and torch
 * styles. */
OX_API OX_MUST_USE ox_status ox_value_print(const ox_model *m, ox_value v, const ox_print_options *opt,
                                            const ox_sink *out, ox_error *err);
OX_API OX_MUST_USE ox_status ox_type_print(const ox_model *m, ox_type t, ox_layout l, const ox_print_options *opt,
                                           const ox_sink *out, ox_error *err);
OX_API OX_MUST_USE ox_status ox_attr_print(const ox_model *m, const ox_attr *a, const ox_print_options *opt,
                                           const ox_sink *out, ox_error *err);
/* Short forms into a buffer, sanitised, as snprintf: "Float(2, 3, N)" and "2*seq+1". */
OX_API size_t ox_type_text(const ox_model *m, ox_type t, char *buf, size_t size);
OX_API size_t ox_dim_text(const ox_model *m, ox_dim d, char *buf, size_t size);
/* How a value is called: "%name", or "%17" by its id when it has no name. Sanitised; as snprintf. */
OX_API size_t ox_value_label(const ox_model *m, ox_value v, char *buf, size_t size);
/* How a node's operator is called: "onnx::Conv", "aten::add.Tensor", "^Warp". Sanitised; as snprintf. */
OX_API size_t ox_node_op_text(const ox_model *m, ox_node n, char *buf, size_t size);

#ifdef __cplusplus
}
#endif
#endif
