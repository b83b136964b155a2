/* Floor 4. Types of values against what operators allow, as far as they are known: declared, those of constants, or
 * found by inference. */
#include "check/check.h"

enum { MAX_VARS = 16, MAX_NEST = 8 };

/* Whether two types are the same, shapes aside. */
static ox_tri same_type(const ox_model *m, ox_type a, ox_type b, int nest)
{
    ox_type_info x = ox_type_get(m, a), y = ox_type_get(m, b);
    if (x.kind == OX_TYPE_NONE_KNOWN || y.kind == OX_TYPE_NONE_KNOWN || nest > MAX_NEST) return OX_UNKNOWN;
    if (x.kind == OX_TYPE_SPARSE || y.kind == OX_TYPE_SPARSE) return OX_UNKNOWN;
    if (x.kind != y.kind) return OX_NO;
    if (x.kind == OX_TYPE_TENSOR || x.kind == OX_TYPE_MAP) {
        if (!x.dtype || !y.dtype) return OX_UNKNOWN;
        if (x.dtype != y.dtype) return OX_NO;
    }
    if (x.n_items == 1 && y.n_items == 1) return same_type(m, x.items[0], y.items[0], nest + 1);
    return x.kind == OX_TYPE_TENSOR ? OX_YES : OX_UNKNOWN;
}

typedef struct binding {
    ox_type type;
    ox_value from;
} binding;

/* A node's types are looked at once more when inference has found some: what was said is not said again. */
static bool first_time(ox__check *c, ox_node n, ox_value v)
{
    return !c->full || ox__check_once(c, ox__hash_mix(ox__hash_mix('t', n.id), v.id));
}

static void report_not_allowed(ox__check *c, ox_node n, ox_value v, const ox_op_param *p, ox_type t)
{
    char allowed[400];
    if (!first_time(c, n, v)) return;
    size_t full = ox_type_set_print(&p->types, allowed, sizeof allowed);
    ox__check_report(c, OX__CHECK_TYPE_NOT_ALLOWED, (ox__place_of){.node = n, .value = v}, NULL,
                     "%s: %s is %s, %s of the operator is %s%s", ox__check_node_name(c, n),
                     ox__check_name(c, ox_value_name(c->m, v)), ox__check_type_name(c, t), p->name, allowed,
                     full >= sizeof allowed ? "…" : "");
}

static void check_value(ox__check *c, ox_node n, ox_value v, const ox_op_param *p, binding *bound)
{
    ox_type t = ox_value_type(c->m, v);
    ox_type_kind kind = ox_type_get(c->m, t).kind;
    /* A sparse initializer may stand where a tensor is asked for; nothing is said of opaque types. */
    if (kind == OX_TYPE_NONE_KNOWN || kind == OX_TYPE_SPARSE || kind == OX_TYPE_OPAQUE) return;
    if (ox_type_set_admits(&p->types, c->m, t) == OX_NO) {
        report_not_allowed(c, n, v, p, t);
        return;
    }
    if (p->var < 0 || p->var >= MAX_VARS || (p->option == OX_PARAM_VARIADIC && !p->homogeneous)) return;
    binding *b = &bound[p->var];
    if (b->type.id && same_type(c->m, b->type, t, 0) == OX_NO && first_time(c, n, v))
        ox__check_report(c, OX__CHECK_TYPE_MISMATCH, (ox__place_of){.node = n, .value = v}, NULL,
                         "%s: %s is %s, but %s is %s, and both are %s of the operator", ox__check_node_name(c, n),
                         ox__check_name(c, ox_value_name(c->m, v)), ox__check_type_name(c, t),
                         ox__check_name(c, ox_value_name(c->m, b->from)), ox__check_type_name(c, b->type), p->type);
    else if (!b->type.id)
        *b = (binding){t, v};
}

void ox__check_types(ox__check *c, ox_node n, const ox_op_schema *s)
{
    binding bound[MAX_VARS] = {0};
    size_t n_in = ox_node_n_inputs(c->m, n), n_out = ox_node_n_outputs(c->m, n);
    ox_op_param p;
    if (!c->wanted[OX__CHECK_TYPE_NOT_ALLOWED] && !c->wanted[OX__CHECK_TYPE_MISMATCH]) return;
    for (size_t i = 0; i < n_in && !c->stopped && ox_op_schema_input_for(s, i, &p); i++) {
        ox_value v = ox_node_input(c->m, n, i);
        if (v.id) check_value(c, n, v, &p, bound);
    }
    for (size_t i = 0; i < n_out && !c->stopped && ox_op_schema_output_for(s, i, &p); i++) {
        ox_value v = ox_node_output(c->m, n, i);
        if (v.id) check_value(c, n, v, &p, bound);
    }
}

void ox__check_initializer_type(ox__check *c, ox_value v)
{
    ox_type_info t = ox_type_get(c->m, ox_value_given_type(c->m, v));
    ox_tensor_info data = ox_tensor_get(c->m, ox_value_tensor(c->m, v));
    if (t.kind != OX_TYPE_TENSOR || data.storage == OX_STORAGE_SPARSE) return;
    const char *name = ox__check_name(c, ox_value_name(c->m, v));
    if (t.dtype && data.dtype && t.dtype != data.dtype) {
        ox__check_report(c, OX__CHECK_INITIALIZER_TYPE, OX__AT_VALUE(v), NULL, "%s is declared %s, its data is %s",
                         name, ox_dtype_name(t.dtype, OX_DTYPE_ONNX), ox_dtype_name(data.dtype, OX_DTYPE_ONNX));
        return;
    }
    if (t.rank == OX_RANK_UNKNOWN) return;
    bool differs = (uint32_t)t.rank != data.rank;
    for (uint32_t i = 0; !differs && i < data.rank; i++) {
        int64_t dim;
        differs = ox_dim_is_const(c->m, t.dims[i], &dim) && dim != data.dims[i];
    }
    if (differs)
        ox__check_report(c, OX__CHECK_INITIALIZER_TYPE, OX__AT_VALUE(v), NULL,
                         "%s is declared with another shape than its data has", name);
}
