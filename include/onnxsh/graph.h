/* Graphs, nodes, values, scopes: the structure of a model. aten::conv2d, prim::If, onnx::Conv and
 * com.microsoft::Gelu are kinds of the same node, told apart by (domain, op).
 *
 *   domain text   "" is ai.onnx (printed onnx::Conv), "aten", "prim", "quantized", a custom domain; "^" marks a Python
 *                 operator `^Name(args)`, whose argument text is the RAW attribute "args".
 *   sub-blocks    the blocks of prim::If/prim::Loop and the graph attributes of onnx::If/Loop/Scan are both GRAPH(S)
 *                 attributes of their node: blocks of a trace are the GRAPHS attribute "blocks". A block sees the
 * values of the graphs around it; its names may shadow theirs. graph outputs are uses: each graph owns a hidden return
 * node whose inputs are the outputs, so use lists are whole across blocks. ox_use.node.id of such a use is the return
 * node; ox_node_is_return tells. inputs        {0} stands for an absent optional input. initializers  are values of a
 * graph with a tensor (ox_value_tensor); one that is also an input (IR 3) is both. */
#ifndef ONNXSH_GRAPH_H
#define ONNXSH_GRAPH_H

#include <onnxsh/attr.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- graphs ---- */
typedef enum ox_graph_kind {
    OX_GRAPH_MAIN,
    OX_GRAPH_BLOCK,    /* owned by a node through an attribute */
    OX_GRAPH_FUNCTION, /* body of a local function, or a `with prim::X_0 = graph(...)` section */
    OX_GRAPH_TRAINING  /* TrainingInfoProto.initialization or .algorithm */
} ox_graph_kind;

OX_API bool ox_graph_is_alive(const ox_model *m, ox_graph g);
OX_API ox_graph_kind ox_graph_get_kind(const ox_model *m, ox_graph g);
OX_API ox_str ox_graph_name(const ox_model *m, ox_graph g);
OX_API ox_str ox_graph_doc(const ox_model *m, ox_graph g);
OX_API OX_MUST_USE ox_status ox_graph_set_name(ox_model *m, ox_graph g, ox_str s, ox_error *err);
OX_API OX_MUST_USE ox_status ox_graph_set_doc(ox_model *m, ox_graph g, ox_str s, ox_error *err);
OX_API size_t ox_graph_metadata(const ox_model *m, ox_graph g, const ox_pair **rows);
OX_API OX_MUST_USE ox_status ox_graph_set_metadata(ox_model *m, ox_graph g, ox_str key, ox_str value, ox_error *err);
/* The node that owns a block; {0} for the other kinds. */
OX_API ox_node ox_graph_owner(const ox_model *m, ox_graph g);
/* The graph around a block; {0} for the other kinds. */
OX_API ox_graph ox_graph_parent(const ox_model *m, ox_graph g);

/* Makes a graph. A block is owned once an attribute of a node names it (ox_node_set_attr). */
OX_API OX_MUST_USE ox_status ox_graph_create(ox_model *m, ox_graph *out, ox_graph_kind kind, ox_str name,
                                             ox_error *err);
/* Deletes a block that no attribute names any more, or a function, with all inside. */
OX_API OX_MUST_USE ox_status ox_graph_delete(ox_model *m, ox_graph g, ox_error *err);

OX_API size_t ox_graph_n_inputs(const ox_model *m, ox_graph g);
OX_API ox_value ox_graph_input(const ox_model *m, ox_graph g, size_t i);
/* Adds a new value as input at position pos (SIZE_MAX = last). */
OX_API OX_MUST_USE ox_status ox_graph_add_input(ox_model *m, ox_value *out, ox_graph g, size_t pos, ox_str name,
                                                ox_type t, ox_error *err);
/* Takes an input off the list; refused while it has uses, unless it has a tensor (it stays as an initializer). */
OX_API OX_MUST_USE ox_status ox_graph_remove_input(ox_model *m, ox_graph g, size_t i, ox_error *err);
/* Makes an initializer an input too (IR 3, --keep-initializers-as-inputs), at the end. */
OX_API OX_MUST_USE ox_status ox_graph_list_input(ox_model *m, ox_graph g, ox_value initializer, ox_error *err);

OX_API size_t ox_graph_n_outputs(const ox_model *m, ox_graph g);
OX_API ox_value ox_graph_output(const ox_model *m, ox_graph g, size_t i);
OX_API OX_MUST_USE ox_status ox_graph_add_output(ox_model *m, ox_graph g, size_t pos, ox_value v, ox_error *err);
OX_API OX_MUST_USE ox_status ox_graph_set_output(ox_model *m, ox_graph g, size_t i, ox_value v, ox_error *err);
OX_API OX_MUST_USE ox_status ox_graph_remove_output(ox_model *m, ox_graph g, size_t i, ox_error *err);

OX_API size_t ox_graph_n_initializers(const ox_model *m, ox_graph g);
OX_API ox_value ox_graph_initializer(const ox_model *m, ox_graph g, size_t i);
/* Adds a new value with a tensor; its type is the tensor's. */
OX_API OX_MUST_USE ox_status ox_graph_add_initializer(ox_model *m, ox_value *out, ox_graph g, ox_str name, ox_tensor t,
                                                      ox_error *err);
/* Gives a graph input a tensor and takes it off the input list when keep_input is false. */
OX_API OX_MUST_USE ox_status ox_graph_bind_input(ox_model *m, ox_graph g, ox_value input, ox_tensor t, bool keep_input,
                                                 ox_error *err);
/* Removes an initializer; refused while it has uses. */
OX_API OX_MUST_USE ox_status ox_graph_remove_initializer(ox_model *m, ox_graph g, ox_value v, ox_error *err);

OX_API ox_node ox_graph_first(const ox_model *m, ox_graph g);
OX_API ox_node ox_graph_last(const ox_model *m, ox_graph g);
OX_API size_t ox_graph_n_nodes(const ox_model *m, ox_graph g);
/* The value of that name seen from g: g's own first, then those of the graphs around it. {0} if there is none. */
OX_API ox_value ox_graph_find_value(const ox_model *m, ox_graph g, ox_str name);
/* The first node of that name in g; {0} if there is none or the name is empty. */
OX_API ox_node ox_graph_find_node(const ox_model *m, ox_graph g, ox_str name);

/* What a function is besides its graph. */
typedef struct ox_function_info {
    ox_str domain, overload; /* its name is the graph's name */
    uint32_t n_attrs;
    const ox_str *attrs; /* attributes without a default */
    uint32_t n_defaults;
    const ox_attr *defaults; /* attributes with one */
    uint32_t n_opsets;
    const ox_opset *opsets;
} ox_function_info;
OX_API ox_function_info ox_function_get(const ox_model *m, ox_graph f);
OX_API OX_MUST_USE ox_status ox_function_set(ox_model *m, ox_graph f, const ox_function_info *info, ox_error *err);

/* ---- nodes ---- */
OX_API bool ox_node_is_alive(const ox_model *m, ox_node n);
OX_API bool ox_node_is_return(const ox_model *m, ox_node n);
OX_API ox_graph ox_node_graph(const ox_model *m, ox_node n);
OX_API ox_node ox_node_next(const ox_model *m, ox_node n); /* {0} after the last */
OX_API ox_node ox_node_prev(const ox_model *m, ox_node n);
OX_API ox_str ox_node_domain(const ox_model *m, ox_node n);
OX_API ox_str ox_node_op(const ox_model *m, ox_node n);
OX_API ox_str ox_node_overload(const ox_model *m, ox_node n);
OX_API ox_str ox_node_name(const ox_model *m, ox_node n);
OX_API ox_str ox_node_doc(const ox_model *m, ox_node n);
OX_API ox_scope ox_node_scope(const ox_model *m, ox_node n);
OX_API ox_loc ox_node_loc(const ox_model *m, ox_node n);
OX_API size_t ox_node_metadata(const ox_model *m, ox_node n, const ox_pair **rows);
/* True if (domain, op) are these; domain "onnx" and "ai.onnx" mean "". */
OX_API bool ox_node_is(const ox_model *m, ox_node n, const char *domain, const char *op);
OX_API size_t ox_node_n_inputs(const ox_model *m, ox_node n);
OX_API ox_value ox_node_input(const ox_model *m, ox_node n, size_t i); /* {0}: absent, or i out of range */
OX_API size_t ox_node_n_outputs(const ox_model *m, ox_node n);
OX_API ox_value ox_node_output(const ox_model *m, ox_node n, size_t i); /* an output named "" is {0}: absent */
OX_API size_t ox_node_attrs(const ox_model *m, ox_node n, const ox_attr **rows);
OX_API const ox_attr *ox_node_attr(const ox_model *m, ox_node n, const char *name); /* NULL if there is none */
/* The blocks that attributes of n name, in order. */
OX_API size_t ox_node_n_blocks(const ox_model *m, ox_node n);
OX_API ox_graph ox_node_block(const ox_model *m, ox_node n, size_t i);
/* True if a stands before b in the same graph. O(1) amortised. */
OX_API bool ox_node_before(const ox_model *m, ox_node a, ox_node b);

/* Makes a node before `before` ({0}: at the end of g), with n_out new unnamed outputs of unknown type. */
OX_API OX_MUST_USE ox_status ox_node_create(ox_model *m, ox_node *out, ox_graph g, ox_node before, ox_str domain,
                                            ox_str op, size_t n_in, const ox_value *inputs, size_t n_out,
                                            ox_error *err);
/* Deletes a node and the blocks that it owns. Refused (OX_E_INVALID, naming a user) while a value of it is used. */
OX_API OX_MUST_USE ox_status ox_node_delete(ox_model *m, ox_node n, ox_error *err);
/* Moves a node before `before` of the same graph ({0}: to the end). Order is not checked against uses. */
OX_API OX_MUST_USE ox_status ox_node_move(ox_model *m, ox_node n, ox_node before, ox_error *err);
OX_API OX_MUST_USE ox_status ox_node_set_op(ox_model *m, ox_node n, ox_str domain, ox_str op, ox_str overload,
                                            ox_error *err);
OX_API OX_MUST_USE ox_status ox_node_set_name(ox_model *m, ox_node n, ox_str name, ox_error *err);
OX_API OX_MUST_USE ox_status ox_node_set_doc(ox_model *m, ox_node n, ox_str doc, ox_error *err);
OX_API OX_MUST_USE ox_status ox_node_set_scope(ox_model *m, ox_node n, ox_scope s, ox_error *err);
OX_API OX_MUST_USE ox_status ox_node_set_loc(ox_model *m, ox_node n, ox_loc l, ox_error *err);
OX_API OX_MUST_USE ox_status ox_node_set_metadata(ox_model *m, ox_node n, ox_str key, ox_str value, ox_error *err);
OX_API OX_MUST_USE ox_status ox_node_set_input(ox_model *m, ox_node n, size_t i, ox_value v, ox_error *err);
/* Replaces the whole input list (any length). */
OX_API OX_MUST_USE ox_status ox_node_set_inputs(ox_model *m, ox_node n, size_t n_in, const ox_value *inputs,
                                                ox_error *err);
/* Adds an output at the end; drops the last one (refused while used). */
OX_API OX_MUST_USE ox_status ox_node_add_output(ox_model *m, ox_value *out, ox_node n, ox_str name, ox_type t,
                                                ox_error *err);
OX_API OX_MUST_USE ox_status ox_node_drop_output(ox_model *m, ox_node n, ox_error *err);
/* Adds or replaces the attribute a->name; arrays are copied. Graphs named by it become blocks of n. */
OX_API OX_MUST_USE ox_status ox_node_set_attr(ox_model *m, ox_node n, const ox_attr *a, ox_error *err);
OX_API OX_MUST_USE ox_status ox_node_remove_attr(ox_model *m, ox_node n, const char *name, ox_error *err);
/* Provenance: the id of the node of another model (the trace) that this one came from; 0 = none. */
OX_API uint32_t ox_node_origin(const ox_model *m, ox_node n);
OX_API OX_MUST_USE ox_status ox_node_set_origin(ox_model *m, ox_node n, uint32_t origin, ox_error *err);

/* ---- values ---- */
typedef struct ox_use {
    ox_node node; /* may be a return node */
    uint32_t index;
} ox_use;

OX_API bool ox_value_is_alive(const ox_model *m, ox_value v);
OX_API ox_str ox_value_name(const ox_model *m, ox_value v); /* {0} or "": unnamed */
OX_API ox_type ox_value_type(const ox_model *m, ox_value v);
OX_API ox_layout ox_value_layout(const ox_model *m, ox_value v);
OX_API ox_tensor ox_value_tensor(const ox_model *m, ox_value v); /* {0} unless an initializer */
OX_API ox_str ox_value_doc(const ox_model *m, ox_value v);
/* Provenance of an initializer: the id of the node of another model (the trace) that computed it, or was folded into
 * it; 0 = none. */
OX_API uint32_t ox_value_origin(const ox_model *m, ox_value v);
OX_API size_t ox_value_metadata(const ox_model *m, ox_value v, const ox_pair **rows);
OX_API ox_node ox_value_node(const ox_model *m, ox_value v); /* the node that makes it; {0} for inputs, initializers */
OX_API uint32_t ox_value_index(const ox_model *m, ox_value v); /* its output number there, or its input number */
OX_API ox_graph ox_value_graph(const ox_model *m, ox_value v); /* the graph that it belongs to */
OX_API bool ox_value_is_input(const ox_model *m, ox_value v);
OX_API bool ox_value_is_initializer(const ox_model *m, ox_value v);
OX_API bool ox_value_is_output(const ox_model *m, ox_value v); /* some graph returns it */
/* True if the file declared a type for it (value_info): then it is saved again. */
OX_API bool ox_value_is_declared(const ox_model *m, ox_value v);
OX_API OX_MUST_USE ox_status ox_value_set_declared(ox_model *m, ox_value v, bool declared, ox_error *err);
/* Uses, oldest first: for (u = first; u.node.id; u = next). The list must not change meanwhile. */
OX_API ox_use ox_value_first_use(const ox_model *m, ox_value v);
OX_API ox_use ox_value_next_use(const ox_model *m, ox_use u);
OX_API size_t ox_value_n_uses(const ox_model *m, ox_value v);

OX_API OX_MUST_USE ox_status ox_value_set_name(ox_model *m, ox_value v, ox_str name, ox_error *err);
OX_API OX_MUST_USE ox_status ox_value_set_type(ox_model *m, ox_value v, ox_type t, ox_error *err);
/* What inference found: kept beside the type that the file or an edit gave the value, which ox_value_given_type tells,
 * and no record of the file differs by it, unless `keep` is true: then it is saved, as value_info where a node makes
 * the value. ox_value_set_type drops it. */
OX_API OX_MUST_USE ox_status ox_value_set_inferred(ox_model *m, ox_value v, ox_type t, bool keep, ox_error *err);
OX_API ox_type ox_value_given_type(const ox_model *m, ox_value v);
OX_API OX_MUST_USE ox_status ox_value_set_layout(ox_model *m, ox_value v, ox_layout l, ox_error *err);
OX_API OX_MUST_USE ox_status ox_value_set_tensor(ox_model *m, ox_value v, ox_tensor t, ox_error *err);
OX_API OX_MUST_USE ox_status ox_value_set_doc(ox_model *m, ox_value v, ox_str doc, ox_error *err);
OX_API OX_MUST_USE ox_status ox_value_set_origin(ox_model *m, ox_value v, uint32_t origin, ox_error *err);
OX_API OX_MUST_USE ox_status ox_value_set_metadata(ox_model *m, ox_value v, ox_str key, ox_str value, ox_error *err);
/* Makes every use of v, graph outputs included, a use of by. */
OX_API OX_MUST_USE ox_status ox_value_replace_uses(ox_model *m, ox_value v, ox_value by, ox_error *err);
/* A name that no value of the model has: base, else base_1, base_2, ... */
OX_API ox_str ox_value_fresh_name(ox_model *m, const char *base);

/* ---- scopes: a tree of (class, attribute) pairs ---- */
/* The child of parent ({0}: a root) of that class and attribute, made on first use. class may be {0} (not known). */
OX_API OX_MUST_USE ox_status ox_scope_add(ox_model *m, ox_scope *out, ox_scope parent, ox_str cls, ox_str attr,
                                          ox_error *err);
OX_API ox_scope ox_scope_parent(const ox_model *m, ox_scope s);
OX_API ox_str ox_scope_class(const ox_model *m, ox_scope s);
OX_API ox_str ox_scope_attr(const ox_model *m, ox_scope s);
OX_API ox_scope ox_scope_first_child(const ox_model *m, ox_scope s); /* {0}: the first root */
OX_API ox_scope ox_scope_next(const ox_model *m, ox_scope s);        /* next sibling */
OX_API uint32_t ox_scope_depth(const ox_model *m, ox_scope s);       /* 1 for a root, 0 for {0} */
/* How often the module is called in one run of the graph that was opened; 0 where the file does not tell. */
OX_API uint32_t ox_scope_calls(const ox_model *m, ox_scope s);
/* Ids run from 1 to the limit - 1; for dense side tables. */
OX_API uint32_t ox_model_scope_limit(const ox_model *m);
OX_API ox_scope ox_model_scope_at(const ox_model *m, uint32_t id);
/* Writes "AlexNet/Sequential[features]/Conv2d[0]" (classes without their package) into buf, cut to size, terminated;
 * returns the full length. A scope of unknown class is its attribute alone, "[features]", which reads back as such.
 * Raw bytes: sanitise before printing. */
OX_API size_t ox_scope_print(const ox_model *m, ox_scope s, char *buf, size_t size);
/* The same as attributes only: "features.0"; "" for a root. */
OX_API size_t ox_scope_path(const ox_model *m, ox_scope s, char *buf, size_t size);
/* True if s is selected by sel: "features.0" or "features/0" select that path and all below, "features.0$" that level
 * alone; class forms as printed by ox_scope_print select too. */
OX_API bool ox_scope_matches(const ox_model *m, ox_scope s, const char *sel);

#ifdef __cplusplus
}
#endif
#endif
