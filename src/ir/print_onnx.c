/* Floor 1. The ONNX textual syntax: models, graphs, functions and nodes, so that the newest onnx.parser reads them.
 * What the syntax has no words for is left out and told through opt->note. */
#include "ir/print_onnx.h"

static void graph_text(ox__printer *p, ox_graph g, size_t columns);

static void docs(ox__printer *p, ox_str doc, size_t n_metadata)
{
    if (doc.id > 1) ox__onnx_note_it(p, OX__ONNX_DOC);
    if (n_metadata) ox__onnx_note_it(p, OX__ONNX_METADATA);
}

/* ---- attributes ---- */

static const char *kind_word(uint8_t kind)
{
    static const char *const words[] = {
        [OX_ATTR_FLOAT] = "float",
        [OX_ATTR_INT] = "int",
        [OX_ATTR_STRING] = "string",
        [OX_ATTR_TENSOR] = "tensor",
        [OX_ATTR_GRAPH] = "graph",
        [OX_ATTR_FLOATS] = "floats",
        [OX_ATTR_INTS] = "ints",
        [OX_ATTR_STRINGS] = "strings",
        [OX_ATTR_TENSORS] = "tensors",
        [OX_ATTR_GRAPHS] = "graphs",
        [OX_ATTR_SPARSE] = "sparse_tensor",
        [OX_ATTR_SPARSES] = "sparse_tensors",
        [OX_ATTR_TYPE] = "type_proto",
        [OX_ATTR_TYPES] = "type_protos",
    };
    return kind < OX__COUNT(words) ? words[kind] : NULL;
}

static bool can_attr(ox__printer *p, const ox_attr *a)
{
    if (!kind_word(a->kind)) return false;
    if (a->ref.id) return true;
    switch ((ox_attr_kind)a->kind) {
    case OX_ATTR_SPARSE: return false;
    case OX_ATTR_TENSORS:
    case OX_ATTR_GRAPHS:
    case OX_ATTR_SPARSES:
    case OX_ATTR_TYPES: return a->n == 0;
    case OX_ATTR_TYPE: return ox__onnx_can_type(p->m, a->u.type);
    case OX_ATTR_TENSOR: {
        ox_tensor_info t = ox_tensor_get(p->m, a->u.t);
        return a->u.t.id && t.storage != OX_STORAGE_SPARSE && ox_dtype_is_valid(t.dtype);
    }
    default: return true;
    }
}

static void tensor_attr(ox__printer *p, const ox_attr *a)
{
    ox_tensor_info t = ox_tensor_get(p->m, a->u.t);
    size_t n;
    const char *name = ox_str_text(p->m, t.name, &n);
    ox__onnx_tensor_type(p, &t);
    ox__printc(p, ' ');
    if (ox__onnx_is_word(name, n)) {
        ox__print(p, name, n);
        ox__printc(p, ' ');
    } else if (n) {
        ox__onnx_note_it(p, OX__ONNX_TENSOR_NAME);
    }
    if (ox__onnx_has_data(p, a->u.t))
        ox__onnx_tensor_data(p, a->u.t);
    else
        ox__prints(p, "{}");
}

static void list_attr(ox__printer *p, const ox_attr *a)
{
    ox__printc(p, '[');
    for (uint32_t i = 0; i < a->n; i++) {
        if (i) ox__prints(p, ", ");
        if (a->kind == OX_ATTR_INTS) ox__print_i64(p, a->u.ints[i]);
        if (a->kind == OX_ATTR_FLOATS) ox__onnx_float(p, a->u.floats[i]);
        if (a->kind == OX_ATTR_STRINGS) ox__onnx_quoted_str(p, a->u.strings[i]);
    }
    ox__printc(p, ']');
}

static void attr_value(ox__printer *p, const ox_attr *a, size_t columns)
{
    if (a->ref.id) {
        ox__printc(p, '@');
        ox__onnx_id(p, a->ref);
        return;
    }
    switch ((ox_attr_kind)a->kind) {
    case OX_ATTR_FLOAT: ox__onnx_float(p, a->u.f); break;
    case OX_ATTR_INT: ox__print_i64(p, a->u.i); break;
    case OX_ATTR_STRING: ox__onnx_quoted_str(p, a->u.s); break;
    case OX_ATTR_TENSOR: tensor_attr(p, a); break;
    case OX_ATTR_GRAPH: graph_text(p, a->u.g, columns); break;
    case OX_ATTR_TYPE: ox__onnx_type(p, a->u.type); break;
    default: list_attr(p, a); break;
    }
}

static void attr(ox__printer *p, const ox_attr *a, size_t columns)
{
    size_t n;
    const char *name = ox_str_text(p->m, a->name, &n);
    docs(p, a->doc, 0);
    ox__onnx_word(p, name, n, false);
    ox__prints(p, ": ");
    ox__prints(p, kind_word(a->kind));
    ox__prints(p, " = ");
    ox__print_ink(p, OX_INK_ATTR);
    attr_value(p, a, columns);
    ox__print_ink(p, OX_INK_PLAIN);
}

static void attributes(ox__printer *p, ox_node n, size_t columns)
{
    const ox_attr *rows;
    size_t count = ox_node_attrs(p->m, n, &rows);
    bool open = false;
    for (size_t i = 0; i < count; i++) {
        if (!can_attr(p, &rows[i])) {
            ox__onnx_note_it(p, rows[i].kind == OX_ATTR_SPARSE ? OX__ONNX_SPARSE : OX__ONNX_ATTR);
            continue;
        }
        ox__prints(p, open ? ", " : " <");
        open = true;
        attr(p, &rows[i], columns);
    }
    if (open) ox__printc(p, '>');
}

/* ---- nodes ---- */

/* `ai.onnx.ml.Scaler`: each part must be an identifier. */
static void operator_name(ox__printer *p, ox_node n)
{
    size_t len;
    const char *s = ox_str_text(p->m, ox_node_domain(p->m, n), &len), *end = s + len;
    ox__print_ink(p, OX_INK_OP);
    while (s < end) {
        const char *dot = memchr(s, '.', (size_t)(end - s));
        ox__onnx_word(p, s, (size_t)((dot ? dot : end) - s), false);
        ox__printc(p, '.');
        s = dot ? dot + 1 : end;
    }
    s = ox_str_text(p->m, ox_node_op(p->m, n), &len);
    ox__onnx_word(p, s, len, false);
    s = ox_str_text(p->m, ox_node_overload(p->m, n), &len);
    if (len) {
        ox__printc(p, ':');
        ox__onnx_word(p, s, len, false);
    }
    ox__print_ink(p, OX_INK_PLAIN);
}

static void statement(ox__printer *p, ox_node n, size_t columns)
{
    const ox_pair *pairs;
    ox_str name = ox_node_name(p->m, n);
    size_t n_out = ox_node_n_outputs(p->m, n), n_in = ox_node_n_inputs(p->m, n);
    docs(p, ox_node_doc(p->m, n), ox_node_metadata(p->m, n, &pairs));
    if (name.id > 1) {
        ox__printc(p, '[');
        ox__onnx_id(p, name);
        ox__prints(p, "] ");
    }
    for (size_t i = 0; i < n_out; i++) {
        if (i) ox__prints(p, ", ");
        ox__onnx_value(p, ox_node_output(p->m, n, i));
    }
    ox__prints(p, n_out ? " = " : "= ");
    operator_name(p, n);
    bool blocks = ox_node_n_blocks(p->m, n) > 0;
    if (!blocks) attributes(p, n, columns);
    ox__prints(p, " (");
    for (size_t i = 0; i < n_in; i++) {
        if (i) ox__prints(p, ", ");
        ox__onnx_value(p, ox_node_input(p->m, n, i));
    }
    ox__printc(p, ')');
    if (blocks) attributes(p, n, columns); /* where they are long they stand behind the inputs */
}

static void body(ox__printer *p, ox_graph g, size_t columns)
{
    ox__prints(p, "{\n");
    for (ox_node n = ox_graph_first(p->m, g); n.id && p->s == OX_OK; n = ox_node_next(p->m, n)) {
        if (!ox__print_keeps(p, n)) continue;
        if (!ox__print_goes_on(p)) return;
        ox__print_indent(p, columns + 3);
        statement(p, n, columns + 3);
        ox__printc(p, '\n');
    }
    ox__print_indent(p, columns);
    ox__printc(p, '}');
}

/* ---- graphs ---- */

static void value_info(ox__printer *p, ox_value v)
{
    const ox_pair *pairs;
    docs(p, ox_value_doc(p->m, v), ox_value_metadata(p->m, v, &pairs));
    ox__onnx_type(p, ox_value_type(p->m, v));
    ox__onnx_value(p, v);
}

/* Opens the `<...>` in front of the body at its first item. */
static void next_item(ox__printer *p, bool *any, size_t columns)
{
    if (*any) {
        ox__prints(p, ",\n");
        ox__print_indent(p, columns + 4);
    } else {
        ox__printc(p, '\n');
        ox__print_indent(p, columns + 3);
        ox__printc(p, '<');
    }
    *any = true;
}

static void initializer(ox__printer *p, ox_value v, bool *any, size_t columns)
{
    ox_tensor t = ox_value_tensor(p->m, v);
    ox_tensor_info info = ox_tensor_get(p->m, t);
    if (ox__onnx_has_data(p, t)) {
        next_item(p, any, columns);
        ox__onnx_tensor_type(p, &info);
        ox__printc(p, ' ');
        ox__onnx_value(p, v);
        ox__prints(p, " = ");
        ox__onnx_tensor_data(p, t);
    } else if (!ox_value_is_input(p->m, v)) {
        next_item(p, any, columns);
        value_info(p, v);
    }
}

/* Initializers, then the declared types of values inside. */
static void declarations(ox__printer *p, ox_graph g, size_t columns, bool function)
{
    bool any = false;
    size_t n = ox_graph_n_initializers(p->m, g);
    for (size_t i = 0; i < n && p->s == OX_OK; i++) initializer(p, ox_graph_initializer(p->m, g, i), &any, columns);
    for (ox_node at = ox_graph_first(p->m, g); at.id && p->s == OX_OK; at = ox_node_next(p->m, at)) {
        if (!ox__print_keeps(p, at)) continue;
        for (size_t o = 0; o < ox_node_n_outputs(p->m, at); o++) {
            ox_value v = ox_node_output(p->m, at, o);
            if (!v.id || !ox_value_is_declared(p->m, v) || ox_value_is_output(p->m, v)) continue;
            if (function && !ox__onnx_can_type(p->m, ox_value_type(p->m, v))) continue; /* a name alone says nothing */
            next_item(p, &any, columns);
            value_info(p, v);
        }
    }
    if (any) {
        ox__prints(p, ">\n");
        ox__print_indent(p, columns);
    } else {
        ox__printc(p, ' ');
    }
}

static void parameters(ox__printer *p, ox_graph g, bool outputs, bool function)
{
    size_t n = outputs ? ox_graph_n_outputs(p->m, g) : ox_graph_n_inputs(p->m, g);
    ox__printc(p, '(');
    for (size_t i = 0; i < n; i++) {
        ox_value v = outputs ? ox_graph_output(p->m, g, i) : ox_graph_input(p->m, g, i);
        if (i) ox__prints(p, ", ");
        if (function && !ox_value_is_declared(p->m, v))
            ox__onnx_value(p, v);
        else
            value_info(p, v);
    }
    ox__printc(p, ')');
}

/* columns: where the line of the graph begins. An inner graph's name must be a plain identifier. */
static void graph_text(ox__printer *p, ox_graph g, size_t columns)
{
    const ox_pair *pairs;
    size_t len;
    const char *name = ox_str_text(p->m, ox_graph_name(p->m, g), &len);
    if (++p->depth > OX__MAX_DEPTH + 1) { /* the IR makes none deeper */
        ox__print_fail(p, ox__fail(p->err, OX_E_LIMIT, "blocks are nested deeper than %d", OX__MAX_DEPTH));
        return;
    }
    docs(p, ox_graph_doc(p->m, g), ox_graph_metadata(p->m, g, &pairs));
    if (p->depth > 1)
        ox__onnx_word(p, name, len, true);
    else
        ox__onnx_id(p, ox_graph_name(p->m, g));
    ox__printc(p, ' ');
    parameters(p, g, false, false);
    ox__prints(p, " => ");
    parameters(p, g, true, false);
    declarations(p, g, columns, false);
    body(p, g, columns);
    p->depth--;
}

/* ---- functions and the model ---- */

static void opsets(ox__printer *p, const ox_opset *rows, size_t n)
{
    ox__prints(p, "opset_import: [");
    for (size_t i = 0; i < n; i++) {
        if (i) ox__prints(p, ", ");
        ox__onnx_quoted_str(p, rows[i].domain);
        ox__prints(p, " : ");
        ox__print_i64(p, rows[i].version);
    }
    ox__printc(p, ']');
}

static void field(ox__printer *p, const char *key, ox_str s)
{
    if (s.id <= 1) return;
    ox__prints(p, ",\n   ");
    ox__prints(p, key);
    ox__prints(p, ": ");
    ox__onnx_quoted_str(p, s);
}

static void function_attrs(ox__printer *p, const ox_function_info *info)
{
    bool open = false;
    for (uint32_t i = 0; i < info->n_attrs; i++) {
        ox__prints(p, open ? ", " : "<");
        open = true;
        ox__onnx_id(p, info->attrs[i]);
    }
    for (uint32_t i = 0; i < info->n_defaults; i++) {
        if (!can_attr(p, &info->defaults[i])) {
            ox__onnx_note_it(p, OX__ONNX_ATTR);
            continue;
        }
        ox__prints(p, open ? ", " : "<");
        open = true;
        attr(p, &info->defaults[i], 0);
    }
    ox__prints(p, open ? "> " : "");
}

static void function(ox__printer *p, ox_graph f)
{
    const ox_pair *pairs;
    ox_function_info info = ox_function_get(p->m, f);
    docs(p, (ox_str){0}, ox_graph_metadata(p->m, f, &pairs));
    ox__prints(p, "<\n   domain: ");
    ox__onnx_quoted_str(p, info.domain);
    field(p, "overload", info.overload);
    ox__prints(p, ",\n   ");
    opsets(p, info.opsets, info.n_opsets);
    field(p, "doc_string", ox_graph_doc(p->m, f));
    ox__prints(p, "\n>\n");
    ox__onnx_id(p, ox_graph_name(p->m, f));
    ox__printc(p, ' ');
    function_attrs(p, &info);
    parameters(p, f, false, true);
    ox__prints(p, " => ");
    parameters(p, f, true, true);
    declarations(p, f, 0, true);
    p->depth = 1; /* graphs inside are inner ones */
    body(p, f, 0);
    p->depth = 0;
    ox__printc(p, '\n');
}

static bool has_training(const ox_model *m)
{
    for (uint32_t id = 1; id < m->table[OX__GRAPH].n; id++) {
        const ox__graph_row *g = ox__graph_row_at(m, id);
        if ((g->flags & OX__ALIVE) && g->kind == OX_GRAPH_TRAINING) return true;
    }
    return false;
}

static void model_header(ox__printer *p)
{
    const ox_model *m = p->m;
    const ox_opset *rows;
    const ox_pair *pairs;
    size_t n = ox_model_opsets(m, &rows);
    if (has_training(m)) ox__onnx_note_it(p, OX__ONNX_TRAINING);
    ox__prints(p, "<\n   ir_version: ");
    ox__print_i64(p, ox_model_ir_version(m));
    ox__prints(p, ",\n   ");
    opsets(p, rows, n);
    field(p, "producer_name", ox_model_text(m, OX_MODEL_PRODUCER_NAME));
    field(p, "producer_version", ox_model_text(m, OX_MODEL_PRODUCER_VERSION));
    field(p, "domain", ox_model_text(m, OX_MODEL_DOMAIN));
    if (ox_model_version(m)) {
        ox__prints(p, ",\n   model_version: ");
        ox__print_i64(p, ox_model_version(m));
    }
    field(p, "doc_string", ox_model_text(m, OX_MODEL_DOC));
    n = ox_model_metadata(m, &pairs);
    for (size_t i = 0; i < n; i++) {
        ox__prints(p, i ? ", " : ",\n   metadata_props: [");
        ox__onnx_quoted_str(p, pairs[i].key);
        ox__prints(p, ": ");
        ox__onnx_quoted_str(p, pairs[i].value);
    }
    ox__prints(p, n ? "]\n>\n" : "\n>\n");
}

void ox__print_graph_onnx(ox__printer *p, ox_graph g)
{
    ox_graph_kind kind = ox_graph_get_kind(p->m, g);
    if (kind == OX_GRAPH_FUNCTION) {
        function(p, g);
        return;
    }
    if (kind == OX_GRAPH_MAIN) model_header(p);
    graph_text(p, g, 0);
    ox__printc(p, '\n');
    size_t n = kind == OX_GRAPH_MAIN ? ox_model_n_functions(p->m) : 0;
    for (size_t i = 0; i < n && p->s == OX_OK; i++) function(p, ox_model_function(p->m, i));
}

void ox__print_node_onnx(ox__printer *p, ox_node n)
{
    p->depth = 1;
    statement(p, n, 0);
}
