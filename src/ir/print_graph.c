/* Floor 1. The styles seed, folded and torch: one statement for each node, blocks indented below their node. The depth
 * of blocks is bounded by the IR (OX__MAX_DEPTH), so the recursion here is. */
#include "ir/print.h"
#include "ir/parts.h"

/* ---- attributes ---- */

/* Blocks stand below the node. These names say no more than the operator does. */
static bool is_usual_block(const char *name)
{
    static const char *const usual[] = {"blocks", "then_branch", "else_branch", "body", "Subgraph"};
    for (size_t i = 0; i < OX__COUNT(usual); i++)
        if (strcmp(name, usual[i]) == 0) return true;
    return false;
}

/* The argument text of a Python operator. */
static const ox_attr *python_text(const ox__printer *p, ox_node n)
{
    if (strcmp(ox_str_text(p->m, ox_node_domain(p->m, n), NULL), "^") != 0) return NULL;
    const ox_attr *a = ox_node_attr(p->m, n, "args");
    return a && a->kind == OX_ATTR_RAW ? a : NULL;
}

static bool shows_attr(const ox__printer *p, const ox_attr *a)
{
    const char *name = ox_str_text(p->m, a->name, NULL);
    if (a->kind == OX_ATTR_GRAPH || a->kind == OX_ATTR_GRAPHS)
        return p->style != OX_STYLE_TORCH && !is_usual_block(name);
    return true;
}

static void attr_name(ox__printer *p, bool *open, const char *s, size_t n)
{
    ox__prints(p, *open ? ", " : "[");
    *open = true;
    ox__print_ink(p, OX_INK_ATTR);
    ox__print_text(p, s, n);
    ox__printc(p, '=');
}

/* PyTorch keeps the name of an ONNX node as its last attribute. */
static void onnx_name(ox__printer *p, ox_node n, bool *open)
{
    ox_str name = ox_node_name(p->m, n);
    size_t len;
    const char *text = ox_str_text(p->m, name, &len);
    if (p->style != OX_STYLE_TORCH || !len) return;
    attr_name(p, open, "onnx_name", 9);
    ox__print_quoted(p, text, len);
    ox__print_ink(p, OX_INK_PLAIN);
}

/* A constant list without elements has its type written out by torch, and so has any empty list of strings. */
static bool annotated(ox__printer *p, ox_node n, const ox_attr *a)
{
    if (p->style != OX_STYLE_TORCH || a->n) return false;
    if (!ox_node_is(p->m, n, "prim", "Constant")) {
        if (a->kind != OX_ATTR_STRINGS) return false;
        ox__prints(p, "annotate(List[str], [])");
        return true;
    }
    if (a->kind != OX_ATTR_INTS && a->kind != OX_ATTR_FLOATS && a->kind != OX_ATTR_BOOLS && a->kind != OX_ATTR_STRINGS)
        return false;
    ox_type_info t = ox_type_get(p->m, ox_value_type(p->m, ox_node_output(p->m, n, 0)));
    if (t.kind != OX_TYPE_LIST) return false;
    ox__prints(p, "annotate(List[");
    ox__print_type(p, t.items[0], (ox_layout){0});
    ox__prints(p, "], [])");
    return true;
}

static void attributes(ox__printer *p, ox_node n)
{
    const ox_attr *rows;
    size_t count = ox_node_attrs(p->m, n, &rows);
    const ox_attr *args = python_text(p, n);
    bool open = false;
    for (size_t i = 0; i < count; i++) {
        if (&rows[i] == args || !shows_attr(p, &rows[i])) continue;
        size_t len;
        const char *name = ox_str_text(p->m, rows[i].name, &len);
        attr_name(p, &open, name, len);
        if (!annotated(p, n, &rows[i])) ox__print_attr(p, &rows[i]);
        ox__print_ink(p, OX_INK_PLAIN);
    }
    onnx_name(p, n, &open);
    if (open) ox__printc(p, ']');
}

/* The text between the name of a Python operator and its values. */
static void python_args(ox__printer *p, ox_node n)
{
    const ox_attr *a = python_text(p, n);
    if (!a) return;
    ox__printc(p, '(');
    ox__print_str(p, a->u.s);
    ox__printc(p, ')');
}

/* ---- one statement ---- */

static void reference(ox__printer *p, ox_value v)
{
    if (p->style == OX_STYLE_FOLDED && ox__fold_value(p, v))
        ox__print_folded(p, v);
    else
        ox__print_value(p, v);
}

static void outputs(ox__printer *p, ox_graph g)
{
    size_t n = ox_graph_n_outputs(p->m, g);
    for (size_t i = 0; i < n; i++) {
        if (i) ox__prints(p, ", ");
        reference(p, ox_graph_output(p->m, g, i));
    }
}

static bool is_cuda(const ox_model *m, ox_value v)
{
    ox_layout l = ox_value_layout(m, v);
    return l.id && strncmp(ox_str_text(m, ox_layout_get(m, l).device, NULL), "cuda", 4) == 0;
}

static void tail(ox__printer *p, ox_node n)
{
    ox_scope s = ox_node_scope(p->m, n);
    ox_loc l = ox_node_loc(p->m, n);
    if (s.id) {
        ox__prints(p, ", scope: ");
        ox__print_ink(p, OX_INK_SCOPE);
        ox__print_scope(p, s);
        ox__print_ink(p, OX_INK_PLAIN);
    }
    if (!l.id || p->style == OX_STYLE_SEED) return;
    ox_loc_info info = ox_loc_get(p->m, l);
    ox__print_ink(p, OX_INK_COMMENT);
    ox__prints(p, " # ");
    ox__print_str(p, info.file);
    ox__printc(p, ':');
    ox__print_i64(p, info.line);
    if (p->style == OX_STYLE_TORCH) {
        ox__printc(p, ':');
        ox__print_i64(p, info.col);
    }
    ox__print_ink(p, OX_INK_PLAIN);
}

static void statement(ox__printer *p, ox_node n)
{
    size_t n_out = ox_node_n_outputs(p->m, n), n_in = ox_node_n_inputs(p->m, n);
    p->cuda = n_out && is_cuda(p->m, ox_node_output(p->m, n, 0));
    for (size_t i = 0; i < n_out; i++) {
        if (i) ox__prints(p, ", ");
        ox__print_declared(p, ox_node_output(p->m, n, i));
    }
    ox__prints(p, " = ");
    ox__print_ink(p, OX_INK_OP);
    /* the overload of a prim node is only the reader's mark of the section that is its body */
    ox__print_op(p, n, strcmp(ox_str_text(p->m, ox_node_domain(p->m, n), NULL), "prim") != 0);
    ox__print_ink(p, OX_INK_PLAIN);
    attributes(p, n);
    python_args(p, n);
    ox__printc(p, '(');
    for (size_t i = 0; i < n_in; i++) {
        if (i) ox__prints(p, ", ");
        reference(p, ox_node_input(p->m, n, i));
    }
    ox__printc(p, ')');
    tail(p, n);
}

/* ---- blocks and graphs ---- */

static void node_lines(ox__printer *p, ox_node n, size_t columns);

/* Initializers inside a block have no place in its header, which says what the block is called with. */
static void block_constant(ox__printer *p, ox_value v, size_t columns)
{
    ox__print_indent(p, columns);
    ox__print_declared(p, v);
    ox__prints(p, " = ");
    ox__print_ink(p, OX_INK_OP);
    ox__prints(p, "onnx::Constant");
    ox__print_ink(p, OX_INK_PLAIN);
    ox__prints(p, "[value=");
    ox__print_ink(p, OX_INK_ATTR);
    ox__print_tensor(p, ox_value_tensor(p->m, v));
    ox__print_ink(p, OX_INK_PLAIN);
    ox__prints(p, "]()\n");
}

static void block(ox__printer *p, ox_graph g, size_t number, size_t columns)
{
    size_t n_in = ox_graph_n_inputs(p->m, g), n_init = ox_graph_n_initializers(p->m, g);
    bool torch = p->style == OX_STYLE_TORCH;
    if (++p->depth > OX__MAX_DEPTH) { /* the IR makes none deeper */
        ox__print_fail(p, ox__fail(p->err, OX_E_LIMIT, "blocks are nested deeper than %d", OX__MAX_DEPTH));
        return;
    }
    ox__print_indent(p, columns);
    ox__prints(p, "block");
    ox__print_i64(p, (int64_t)number);
    ox__printc(p, '(');
    for (size_t i = 0; i < n_in; i++) {
        if (i) ox__prints(p, ", ");
        ox__print_declared(p, ox_graph_input(p->m, g, i));
    }
    ox__prints(p, torch ? "):\n" : ") {\n");
    for (size_t i = 0; i < n_init; i++) {
        ox_value v = ox_graph_initializer(p->m, g, i);
        if (!ox_value_is_input(p->m, v)) block_constant(p, v, columns + 2);
    }
    for (ox_node n = ox_graph_first(p->m, g); n.id && p->s == OX_OK; n = ox_node_next(p->m, n))
        node_lines(p, n, columns + 2);
    ox__print_indent(p, columns + 2);
    ox__prints(p, "-> (");
    outputs(p, g);
    ox__prints(p, ")\n");
    if (!torch) {
        ox__print_indent(p, columns);
        ox__prints(p, "}\n");
    }
    p->depth--;
}

static void blocks_of_attr(ox__printer *p, const ox_attr *a, size_t *number, size_t columns)
{
    for (uint32_t i = 0; i < ox__attr_n_graphs(a); i++) {
        ox_graph g = ox__attr_graph(a, i);
        if (ox_graph_get_kind(p->m, g) == OX_GRAPH_BLOCK) block(p, g, (*number)++, columns);
    }
}

/* Blocks in the order of their attributes, but that the first of an If is the one for true, whatever the file said. */
static void blocks(ox__printer *p, ox_node n, size_t columns)
{
    const ox_attr *rows, *first = NULL;
    size_t count = ox_node_attrs(p->m, n, &rows), number = 0;
    if (!ox_node_n_blocks(p->m, n)) return;
    if (ox_node_is(p->m, n, "", "If")) first = ox_node_attr(p->m, n, "then_branch");
    if (first) blocks_of_attr(p, first, &number, columns);
    for (size_t i = 0; i < count; i++)
        if (&rows[i] != first) blocks_of_attr(p, &rows[i], &number, columns);
}

static void node_lines(ox__printer *p, ox_node n, size_t columns)
{
    if (!ox__print_keeps(p, n) || (p->style == OX_STYLE_FOLDED && ox__fold_hides(p, n))) return;
    if (!ox__print_goes_on(p)) return;
    ox__print_indent(p, columns);
    statement(p, n);
    ox__printc(p, '\n');
    blocks(p, n, columns + 2);
}

/* The weights of an archive stand beside the graph of its code, which reads them from its modules. */
static bool is_apart(const ox__printer *p, ox_value v)
{
    return ox_model_get_kind(p->m) == OX_MODEL_TRACE && !ox_value_n_uses(p->m, v);
}

static void header(ox__printer *p, ox_graph g)
{
    size_t n_in = ox_graph_n_inputs(p->m, g), n_init = ox_graph_n_initializers(p->m, g);
    const char *between = p->style == OX_STYLE_TORCH ? ",\n      " : "\n      ";
    bool any = false;
    ox__prints(p, "graph(");
    for (size_t i = 0; i < n_in + n_init; i++) {
        ox_value v = i < n_in ? ox_graph_input(p->m, g, i) : ox_graph_initializer(p->m, g, i - n_in);
        if (i >= n_in && (ox_value_is_input(p->m, v) || is_apart(p, v))) continue;
        if (any) ox__prints(p, between);
        any = true;
        ox__print_declared(p, v);
    }
    ox__prints(p, p->style == OX_STYLE_TORCH ? "):\n" : ") {\n");
}

static void one_graph(ox__printer *p, ox_graph g)
{
    bool torch = p->style == OX_STYLE_TORCH;
    header(p, g);
    for (ox_node n = ox_graph_first(p->m, g); n.id && p->s == OX_OK; n = ox_node_next(p->m, n)) node_lines(p, n, 2);
    ox__prints(p, "  return (");
    outputs(p, g);
    ox__prints(p, torch ? ")\n" : ");\n}\n");
}

/* `with prim::fork_0 = graph(...)`, `with local::gelu = graph(...)`. */
static void function(ox__printer *p, ox_graph f)
{
    ox_function_info info = ox_function_get(p->m, f);
    size_t n;
    const char *domain = ox_str_text(p->m, info.domain, &n);
    ox__prints(p, "with ");
    ox__print_ink(p, OX_INK_OP);
    if (n)
        ox__print_text(p, domain, n);
    else
        ox__prints(p, "onnx");
    ox__prints(p, "::");
    ox__print_str(p, ox_graph_name(p->m, f));
    if (info.overload.id > 1 && strcmp(domain, "prim") != 0) {
        ox__printc(p, '.');
        ox__print_str(p, info.overload);
    }
    ox__print_ink(p, OX_INK_PLAIN);
    ox__prints(p, " = ");
    one_graph(p, f);
}

void ox__print_graph_text(ox__printer *p, ox_graph g)
{
    ox_graph_kind kind = ox_graph_get_kind(p->m, g);
    if (kind == OX_GRAPH_FUNCTION)
        function(p, g);
    else
        one_graph(p, g);
    if (kind != OX_GRAPH_MAIN) return;
    size_t n = ox_model_n_functions(p->m);
    for (size_t i = 0; i < n && p->s == OX_OK; i++) function(p, ox_model_function(p->m, i));
}

void ox__print_node_text(ox__printer *p, ox_node n)
{
    statement(p, n);
    if (!ox_node_n_blocks(p->m, n)) return;
    ox__printc(p, '\n');
    blocks(p, n, 2);
}
