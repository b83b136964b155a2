/* Floor 4. The walk over the main graph and the functions: which names are in sight, and what is made before it is
 * used.
 *
 * A name is in sight from its definition to the end of its graph, blocks inside included. by_name holds what each name
 * means at the moment and `visible` what to put back at the end of a graph, so a walk costs one look per use. */
#include "check/check.h"

enum { MAX_DEPTH = 128 };

static bool is_named(const ox__check *c, ox_str s)
{
    size_t n;
    ox_str_text(c->m, s, &n);
    return n != 0;
}

static bool grow_names(ox__check *c, uint32_t str)
{
    if (str < c->n_names) return true;
    size_t n = OX__MAX((size_t)str + 1, c->n_names + c->n_names / 2 + 64);
    uint32_t *p = ox__realloc(c->by_name, n * sizeof *p);
    if (!p) return false;
    memset(p + c->n_names, 0, (n - c->n_names) * sizeof *p);
    c->by_name = p;
    c->n_names = n;
    return true;
}

typedef enum origin { FROM_INPUT, FROM_INITIALIZER, FROM_NODE } origin;

/* A name that means another value already: in this graph, or in one around it. */
static void report_clash(ox__check *c, ox_value v, ox_value other, origin from, ox_node maker)
{
    const char *name = ox__check_name(c, ox_value_name(c->m, v));
    ox__place_of at = {.node = maker, .value = v};
    bool here = ox_value_graph(c->m, other).id == ox_value_graph(c->m, v).id;
    if (here)
        ox__check_report(c, OX__CHECK_DUPLICATE_NAME, at, "rename one of them", "%s names two values of this graph",
                         name);
    else if (from == FROM_NODE)
        ox__check_report(c, OX__CHECK_DUPLICATE_NAME, at, "rename one of them",
                         "%s names a value of the graph around too", name);
    else
        ox__check_report(c, OX__CHECK_SHADOWED_NAME, at, "rename one of them", "%s hides a value of the graph around",
                         name);
}

/* v is made from here on. A value may be defined twice: as input and initializer. */
static void define(ox__check *c, ox_value v, origin from, ox_node maker)
{
    ox_str name = ox_value_name(c->m, v);
    if (c->made[v.id]) return;
    bool named = is_named(c, name);
    if (named && !grow_names(c, name.id)) {
        ox__check_fail(c, ox__nomem(c->err));
        return;
    }
    ox__visible row = {named ? name.id : 0, named ? c->by_name[name.id] : 0, v.id};
    if (!ox__vec_push(&c->visible, row)) {
        ox__check_fail(c, ox__nomem(c->err));
        return;
    }
    if (row.hidden) report_clash(c, v, ox_model_value_at(c->m, row.hidden), from, maker);
    if (named) c->by_name[name.id] = v.id;
    c->made[v.id] = 1;
}

static void end_graph(ox__check *c, size_t mark)
{
    while (c->visible.n > mark) {
        const ox__visible *row = &c->visible.p[--c->visible.n];
        if (row->str) c->by_name[row->str] = row->hidden;
        c->made[row->value] = 0;
    }
}

static void check_use(ox__check *c, ox_node n, size_t i, ox_value v)
{
    if (c->made[v.id]) return;
    ox_node maker = ox_value_node(c->m, v);
    ox__place_of at = {.node = n, .value = v};
    const char *name = ox__check_name(c, ox_value_name(c->m, v));
    if (!maker.id)
        ox__check_report(c, OX__CHECK_UNDEFINED_INPUT, at, NULL, "input %zu of %s, %s, is made by nothing", i,
                         ox__check_node_name(c, n), name);
    else if (maker.id == n.id)
        ox__check_report(c, OX__CHECK_NODE_ORDER, at, NULL, "input %zu of %s, %s, is its own output", i,
                         ox__check_node_name(c, n), name);
    else
        ox__check_report(c, OX__CHECK_NODE_ORDER, at, NULL, "input %zu of %s, %s, is made later or out of sight, by %s",
                         i, ox__check_node_name(c, n), name, ox__check_node_name(c, maker));
}

/* ---- the frame of a graph ---- */

static void check_declared(ox__check *c, ox_value v, const char *what)
{
    ox_type_info t = ox_type_get(c->m, ox_value_given_type(c->m, v));
    const char *name = ox__check_name(c, ox_value_name(c->m, v));
    if (t.kind == OX_TYPE_TENSOR && t.dtype && t.rank == OX_RANK_UNKNOWN)
        ox__check_report(c, OX__CHECK_MISSING_TYPE, OX__AT_VALUE(v), "ONNX wants a shape here; its dims may be unknown",
                         "%s %s has no shape", what, name);
    /* Items of sequences need no shape. */
    while ((t.kind == OX_TYPE_SEQUENCE || t.kind == OX_TYPE_OPTIONAL) && t.n_items == 1)
        t = ox_type_get(c->m, t.items[0]);
    if (t.kind == OX_TYPE_NONE_KNOWN)
        ox__check_report(c, OX__CHECK_MISSING_TYPE, OX__AT_VALUE(v), NULL, "%s %s has no type", what, name);
    else if (t.kind == OX_TYPE_TENSOR && t.dtype == OX_UNDEFINED)
        ox__check_report(c, OX__CHECK_MISSING_TYPE, OX__AT_VALUE(v), NULL, "%s %s has no element type", what, name);
    if (t.dtype) ox__check_ir(c, ox_ir_for_dtype((int)t.dtype), OX__AT_VALUE(v), ox_dtype_name(t.dtype, OX_DTYPE_ONNX));
}

static void check_named(ox__check *c, ox_graph g, ox_value v, const char *what, size_t i)
{
    if (!is_named(c, ox_value_name(c->m, v)))
        ox__check_report(c, OX__CHECK_VALUE_NAME, (ox__place_of){.graph = g, .value = v}, NULL, "%s %zu has no name",
                         what, i);
}

static void check_initializer(ox__check *c, ox_graph g, ox_value v, size_t i)
{
    ox_tensor t = ox_value_tensor(c->m, v);
    bool listed = ox_value_is_input(c->m, v);
    check_named(c, g, v, "initializer", i);
    if (!listed && c->onnx && ox_model_ir_version(c->m) > 0 && ox_model_ir_version(c->m) <= 3)
        ox__check_report(c, OX__CHECK_INITIALIZER_INPUT, OX__AT_VALUE(v),
                         "list it as input, or raise the IR version to 4", "initializer %s is no input of the graph",
                         ox__check_name(c, ox_value_name(c->m, v)));
    if (ox_tensor_get(c->m, t).storage == OX_STORAGE_SPARSE)
        ox__check_ir(c, ox_ir_for_feature(OX_IR_SPARSE), OX__AT_VALUE(v), "a sparse initializer");
    ox__check_tensor(c, t, OX__AT_VALUE(v));
    ox__check_initializer_type(c, v);
}

static void begin_graph(ox__check *c, ox_graph g, ox_graph_kind kind)
{
    size_t n_in = ox_graph_n_inputs(c->m, g), n_init = ox_graph_n_initializers(c->m, g);
    if (c->onnx && !is_named(c, ox_graph_name(c->m, g)))
        ox__check_report(c, OX__CHECK_GRAPH_NAME, OX__AT_GRAPH(g), NULL, "the %s has no name",
                         kind == OX_GRAPH_FUNCTION ? "function"
                         : kind == OX_GRAPH_BLOCK  ? "block"
                                                   : "graph");
    for (size_t i = 0; i < n_in && !c->stopped; i++) {
        ox_value v = ox_graph_input(c->m, g, i);
        if (c->onnx) check_named(c, g, v, "input", i);
        if (c->onnx && kind == OX_GRAPH_MAIN) check_declared(c, v, "input");
        define(c, v, FROM_INPUT, (ox_node){0});
    }
    for (size_t i = 0; i < n_init && !c->stopped; i++) {
        ox_value v = ox_graph_initializer(c->m, g, i);
        check_initializer(c, g, v, i);
        define(c, v, FROM_INITIALIZER, (ox_node){0});
    }
}

static void check_outputs(ox__check *c, ox_graph g, ox_graph_kind kind)
{
    size_t n = ox_graph_n_outputs(c->m, g);
    for (size_t i = 0; i < n && !c->stopped; i++) {
        ox_value v = ox_graph_output(c->m, g, i);
        if (c->onnx) check_named(c, g, v, "output", i);
        if (c->onnx && kind == OX_GRAPH_MAIN) check_declared(c, v, "output");
        bool inside = ox_value_graph(c->m, v).id == g.id;
        if (c->made[v.id] && (inside || !c->onnx)) continue;
        ox__check_report(c, OX__CHECK_UNDEFINED_OUTPUT, (ox__place_of){.graph = g, .value = v},
                         inside ? NULL : "an Identity node inside the block makes it the block's own",
                         "output %zu, %s, is made %s", i, ox__check_name(c, ox_value_name(c->m, v)),
                         inside ? "by nothing" : "outside this graph");
    }
}

/* ---- attributes ---- */

static bool function_has(const ox__check *c, ox_str attr)
{
    ox_function_info f = ox_function_get(c->m, c->root);
    for (uint32_t i = 0; i < f.n_attrs; i++)
        if (f.attrs[i].id == attr.id) return true;
    for (uint32_t i = 0; i < f.n_defaults; i++)
        if (f.defaults[i].name.id == attr.id) return true;
    return false;
}

static void check_tensors(ox__check *c, ox_node n, const ox_attr *a)
{
    ox__place_of at = OX__AT_NODE(n);
    if (a->kind == OX_ATTR_SPARSE || a->kind == OX_ATTR_SPARSES)
        ox__check_ir(c, ox_ir_for_feature(OX_IR_SPARSE), at, "a sparse attribute");
    if (a->kind == OX_ATTR_TENSOR || a->kind == OX_ATTR_SPARSE) ox__check_tensor(c, a->u.t, at);
    if (a->kind == OX_ATTR_TENSORS || a->kind == OX_ATTR_SPARSES)
        for (uint32_t i = 0; i < a->n && !c->stopped; i++) ox__check_tensor(c, a->u.tensors[i], at);
    if (a->kind == OX_ATTR_TYPE || a->kind == OX_ATTR_TYPES)
        ox__check_ir(c, ox_ir_for_feature(OX_IR_FUNCTIONS), at, "a type attribute");
}

static void check_attributes(ox__check *c, ox_node n)
{
    const ox_attr *rows;
    size_t count = ox_node_attrs(c->m, n, &rows);
    for (size_t i = 0; i < count && !c->stopped; i++) {
        for (size_t k = 0; k < i && k < 64; k++) { /* enough: a node of more attributes is refused by its schema */
            if (rows[k].name.id != rows[i].name.id) continue;
            ox__check_report(c, OX__CHECK_DUPLICATE_ATTRIBUTE, OX__AT_NODE(n), NULL, "%s has the attribute %s twice",
                             ox__check_node_name(c, n), ox__check_name(c, rows[i].name));
            break;
        }
        if (!rows[i].ref.id) {
            check_tensors(c, n, &rows[i]);
            continue;
        }
        const char *ref = ox__check_name(c, rows[i].ref);
        if (ox_graph_get_kind(c->m, c->root) != OX_GRAPH_FUNCTION)
            ox__check_report(c, OX__CHECK_ATTRIBUTE_REFERENCE, OX__AT_NODE(n), NULL,
                             "%s refers to the attribute %s of a function, and stands in none",
                             ox__check_node_name(c, n), ref);
        else if (!function_has(c, rows[i].ref))
            ox__check_report(c, OX__CHECK_ATTRIBUTE_REFERENCE, OX__AT_NODE(n), NULL,
                             "%s refers to %s, which is no attribute of the function", ox__check_node_name(c, n), ref);
    }
}

/* ---- nodes ---- */

static void walk_graph(ox__check *c, ox_graph g, int depth);

static void check_shape_of_node(ox__check *c, ox_node n)
{
    const ox_pair *pairs;
    if (!is_named(c, ox_node_op(c->m, n)))
        ox__check_report(c, OX__CHECK_EMPTY_NODE, OX__AT_NODE(n), NULL, "a node names no operator");
    if (ox_node_n_inputs(c->m, n) == 0 && ox_node_n_outputs(c->m, n) == 0)
        ox__check_report(c, OX__CHECK_EMPTY_NODE, OX__AT_NODE(n), NULL, "%s has neither inputs nor outputs",
                         ox__check_node_name(c, n));
    if (ox_node_overload(c->m, n).id > 1)
        ox__check_ir(c, ox_ir_for_feature(OX_IR_OVERLOADS), OX__AT_NODE(n), "an overload");
    if (ox_node_metadata(c->m, n, &pairs))
        ox__check_ir(c, ox_ir_for_feature(OX_IR_METADATA), OX__AT_NODE(n), "metadata of nodes");
}

static void walk_node(ox__check *c, ox_node n, int depth)
{
    size_t n_in = ox_node_n_inputs(c->m, n), n_out = ox_node_n_outputs(c->m, n), n_blocks = ox_node_n_blocks(c->m, n);
    ox__check_step(c);
    for (size_t i = 0; i < n_in && !c->stopped; i++) {
        ox_value v = ox_node_input(c->m, n, i);
        if (v.id) check_use(c, n, i, v);
    }
    if (c->onnx) {
        check_shape_of_node(c, n);
        check_attributes(c, n);
        ox__check_node(c, n);
    }
    for (size_t i = 0; i < n_blocks && !c->stopped; i++) walk_graph(c, ox_node_block(c->m, n, i), depth + 1);
    for (size_t i = 0; i < n_out && !c->stopped; i++) {
        ox_value v = ox_node_output(c->m, n, i);
        if (v.id && c->made[v.id])
            ox__check_report(c, OX__CHECK_DUPLICATE_NAME, (ox__place_of){.node = n, .value = v}, "rename one of them",
                             "%s names two outputs of %s", ox__check_name(c, ox_value_name(c->m, v)),
                             ox__check_node_name(c, n));
        else if (v.id)
            define(c, v, FROM_NODE, n);
    }
}

static void walk_graph(ox__check *c, ox_graph g, int depth)
{
    ox_graph_kind kind = ox_graph_get_kind(c->m, g);
    size_t mark = c->visible.n;
    if (depth > MAX_DEPTH || c->stopped) return;
    begin_graph(c, g, kind);
    for (ox_node n = ox_graph_first(c->m, g); n.id && !c->stopped; n = ox_node_next(c->m, n)) walk_node(c, n, depth);
    check_outputs(c, g, kind);
    end_graph(c, mark);
}

static void walk_root(ox__check *c, ox_graph g, const ox_opset *opsets, size_t n_opsets)
{
    c->root = g;
    c->opsets = opsets;
    c->n_opsets = n_opsets;
    walk_graph(c, g, 0);
}

void ox__check_graphs(ox__check *c)
{
    const ox_opset *opsets;
    size_t n_opsets = ox_model_opsets(c->m, &opsets), n = ox_model_n_functions(c->m);
    c->made = ox__calloc(ox_model_value_limit(c->m) + (size_t)1, 1);
    if (!c->made) {
        ox__check_fail(c, ox__nomem(c->err));
        return;
    }
    walk_root(c, ox_model_main(c->m), opsets, n_opsets);
    for (size_t i = 0; i < n && !c->stopped; i++) {
        ox_graph f = ox_model_function(c->m, i);
        ox_function_info info = ox_function_get(c->m, f);
        walk_root(c, f, info.opsets, info.n_opsets);
    }
}
