/* Floor 2. ONNX operator schemas: look-ups in the generated table. Everything is static; nothing is owned. */
#include "schema/onnx_rows.h"

#include "base/base.h"
#include "schema/tables.h"

static const char *text(uint32_t at)
{
    return ox__onnx_text + at;
}

static bool text_is(uint32_t at, const char *s, size_t n)
{
    return strncmp(text(at), s, n) == 0 && text(at)[n] == '\0' && memchr(s, '\0', n) == NULL;
}

int ox__onnx_find_domain(const char *domain, size_t n)
{
    if ((n == 7 && memcmp(domain, "ai.onnx", 7) == 0) || (n == 4 && memcmp(domain, "onnx", 4) == 0)) n = 0;
    for (int i = 0; i < ox__onnx_n.domains; i++)
        if (text_is(ox__onnx_domains[i].name, domain, n)) return i;
    return -1;
}

static const ox__onnx_op *find_op(int domain, const char *op, size_t n)
{
    uint32_t mask = ox__onnx_n.slots - 1u;
    for (uint32_t at = ox__table_hash(op, n, (uint32_t)domain) & mask; ox__onnx_slots[at]; at = (at + 1) & mask) {
        const ox__onnx_op *row = &ox__onnx_ops[ox__onnx_slots[at] - 1];
        if (row->domain == domain && text_is(row->name, op, n)) return row;
    }
    return NULL;
}

const ox_op_schema *ox_op_schema_find_n(const char *domain, size_t n_domain, const char *op, size_t n_op, int64_t opset)
{
    int d = ox__onnx_find_domain(domain, n_domain);
    const ox__onnx_op *row = d < 0 ? NULL : find_op(d, op, n_op);
    if (!row) return NULL;
    for (const ox_op_schema *s = ox__onnx_schemas + row->first + row->n; s-- > ox__onnx_schemas + row->first;)
        if (opset == 0 || s->since <= opset) return s;
    return NULL;
}

const ox_op_schema *ox_op_schema_find(const char *domain, const char *op, int64_t opset)
{
    return ox_op_schema_find_n(domain, strlen(domain), op, strlen(op), opset);
}

/* The opset that a list of imports gives a domain, 0 if it does not. */
static int64_t import_of(const ox_model *m, size_t n, const ox_opset *rows, int domain)
{
    for (size_t i = 0; i < n; i++) {
        size_t len;
        const char *name = ox_str_text(m, rows[i].domain, &len);
        if (ox__onnx_find_domain(name, len) == domain) return rows[i].version;
    }
    return 0;
}

/* The import of domain number d under which a node stands. */
static int64_t opset_of(const ox_model *m, ox_node n, int d)
{
    ox_graph g = ox_node_graph(m, n);
    while (ox_graph_parent(m, g).id) g = ox_graph_parent(m, g);
    if (ox_graph_get_kind(m, g) == OX_GRAPH_FUNCTION) {
        ox_function_info f = ox_function_get(m, g);
        return import_of(m, f.n_opsets, f.opsets, d);
    }
    const ox_opset *rows;
    size_t n_rows = ox_model_opsets(m, &rows);
    return import_of(m, n_rows, rows, d);
}

int64_t ox_node_opset(const ox_model *m, ox_node n)
{
    size_t n_domain;
    const char *domain = ox_str_text(m, ox_node_domain(m, n), &n_domain);
    int d = ox__onnx_find_domain(domain, n_domain);
    return d < 0 ? 0 : opset_of(m, n, d);
}

const ox_op_schema *ox_op_schema_of(const ox_model *m, ox_node n)
{
    size_t n_domain, n_op;
    const char *domain = ox_str_text(m, ox_node_domain(m, n), &n_domain);
    const char *op = ox_str_text(m, ox_node_op(m, n), &n_op);
    int d = ox__onnx_find_domain(domain, n_domain);
    if (d < 0) return NULL;
    int64_t opset = opset_of(m, n, d);
    return opset > 0 ? ox_op_schema_find_n(domain, n_domain, op, n_op, opset) : NULL;
}

size_t ox_op_schema_count(void)
{
    return ox__onnx_n.schemas;
}

const ox_op_schema *ox_op_schema_at(size_t i)
{
    return i < ox__onnx_n.schemas ? &ox__onnx_schemas[i] : NULL;
}

const ox_op_schema *ox_op_schema_older(const ox_op_schema *s)
{
    return s > ox__onnx_schemas && s[-1].op == s->op ? s - 1 : NULL;
}

const ox_op_schema *ox_op_schema_newer(const ox_op_schema *s)
{
    return s + 1 < ox__onnx_schemas + ox__onnx_n.schemas && s[1].op == s->op ? s + 1 : NULL;
}

static uint32_t unbounded(uint16_t n)
{
    return n == OX__ONNX_UNBOUNDED ? OX_UNBOUNDED : n;
}

ox_op_info ox_op_schema_info(const ox_op_schema *s)
{
    const ox__onnx_op *op = &ox__onnx_ops[s->op];
    const ox_op_schema *newer = ox_op_schema_newer(s);
    return (ox_op_info){
        .domain = text(ox__onnx_domains[op->domain].name),
        .name = text(op->name),
        .since = s->since,
        .until = newer ? newer->since - 1 : OX_NO_VERSION,
        .deprecated = s->flags & OX__ONNX_DEPRECATED,
        .experimental = s->flags & OX__ONNX_EXPERIMENTAL,
        .has_function = s->flags & OX__ONNX_FUNCTION,
        .n_inputs = s->n_inputs,
        .n_outputs = s->n_outputs,
        .n_attrs = s->n_attrs,
        .n_vars = s->n_vars,
        .min_inputs = s->min_inputs,
        .max_inputs = unbounded(s->max_inputs),
        .min_outputs = s->min_outputs,
        .max_outputs = unbounded(s->max_outputs),
    };
}

static ox_op_param param(const ox_op_schema *s, size_t i)
{
    const ox__onnx_param *row = &ox__onnx_params[ox__onnx_lists[s->params + i]];
    ox_op_param p = {
        .name = text(row->name),
        .type = text(row->type),
        .var = -1,
        .types = ox__onnx_sets[row->set],
        .option = (ox_param_option)(row->flags & OX__ONNX_OPTION_MASK),
        .homogeneous = row->flags & OX__ONNX_HOMOGENEOUS,
        .min_arity = row->min_arity,
    };
    for (int v = 0; v < s->n_vars; v++) {
        const ox__onnx_var *var = &ox__onnx_vars[ox__onnx_lists[s->vars + v]];
        if (var->name != row->type) continue;
        p.var = v;
        p.types = ox__onnx_sets[var->set];
    }
    return p;
}

ox_op_param ox_op_schema_input(const ox_op_schema *s, size_t i)
{
    return i < s->n_inputs ? param(s, i) : (ox_op_param){.var = -1};
}

ox_op_param ox_op_schema_output(const ox_op_schema *s, size_t i)
{
    return i < s->n_outputs ? param(s, s->n_inputs + i) : (ox_op_param){.var = -1};
}

bool ox_op_schema_input_for(const ox_op_schema *s, size_t i, ox_op_param *out)
{
    if (s->n_inputs == 0) return false;
    *out = ox_op_schema_input(s, OX__MIN(i, s->n_inputs - 1u));
    return i < s->n_inputs || out->option == OX_PARAM_VARIADIC;
}

bool ox_op_schema_output_for(const ox_op_schema *s, size_t i, ox_op_param *out)
{
    if (s->n_outputs == 0) return false;
    *out = ox_op_schema_output(s, OX__MIN(i, s->n_outputs - 1u));
    return i < s->n_outputs || out->option == OX_PARAM_VARIADIC;
}

ox_op_attr ox_op_schema_attr(const ox_op_schema *s, size_t i)
{
    if (i >= s->n_attrs) return (ox_op_attr){0};
    const ox__onnx_attr *row = &ox__onnx_attrs[ox__onnx_lists[s->attrs + i]];
    ox_op_attr a = {
        .name = text(row->name),
        .kind = (ox_attr_kind)row->kind,
        .required = row->flags & OX__ONNX_REQUIRED,
        .has_default = row->flags & OX__ONNX_HAS_DEFAULT,
        .n = row->n,
    };
    if (!a.has_default) return a;
    switch (a.kind) {
    case OX_ATTR_INT: a.i = ox__onnx_ints[row->value]; break;
    case OX_ATTR_INTS: a.ints = ox__onnx_ints + row->value; break;
    case OX_ATTR_FLOAT: {
        float f;
        memcpy(&f, &row->value, sizeof f);
        a.f = (double)f;
        break;
    }
    default: a.s = text(row->value); break;
    }
    return a;
}

int ox__schema_attr_index(const ox_op_schema *s, const char *name, size_t n)
{
    for (int i = 0; i < s->n_attrs; i++)
        if (text_is(ox__onnx_attrs[ox__onnx_lists[s->attrs + i]].name, name, n)) return i;
    return -1;
}

bool ox_op_schema_find_attr(const ox_op_schema *s, const char *name, size_t n, ox_op_attr *out)
{
    int i = ox__schema_attr_index(s, name, n);
    if (i >= 0) *out = ox_op_schema_attr(s, (size_t)i);
    return i >= 0;
}

ox_op_var ox_op_schema_var(const ox_op_schema *s, size_t i)
{
    if (i >= s->n_vars) return (ox_op_var){0};
    const ox__onnx_var *row = &ox__onnx_vars[ox__onnx_lists[s->vars + i]];
    return (ox_op_var){text(row->name), ox__onnx_sets[row->set]};
}
