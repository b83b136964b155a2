/* Floor 5. ONNX nodes of the source, of an ONNX model or of a dump: they pass as they are where their operator means
 * the same at the target opset. */
#include "convert/dispatch.h"

/* The newest version of an operator, at or below the target, that has the attributes of the node. */
static const ox_op_schema *accepts(const ox__conv *c, ox_node n, const ox_op_schema *s, const char **odd)
{
    const ox_attr *attrs;
    size_t k = ox_node_attrs(c->m, n, &attrs);
    for (; s; s = ox_op_schema_older(s)) {
        size_t i = 0;
        for (; i < k; i++) {
            size_t len;
            ox_op_attr a;
            const char *name = ox_str_text(c->m, attrs[i].name, &len);
            if (ox_op_schema_find_attr(s, name, len, &a)) continue;
            if (!*odd) *odd = name;
            break;
        }
        if (i == k && ox_node_n_inputs(c->m, n) <= ox_op_schema_info(s).max_inputs) return s;
    }
    return NULL;
}

/* A dump says no opset: the node must be one of the target's by its looks. */
static ox_status check_dump(ox__conv *c, ox_node n, const ox_op_schema *target, const char *op, ox_error *err)
{
    const char *odd = NULL;
    const ox_op_schema *fits = accepts(c, n, target, &odd);
    if (fits == target) return OX_OK;
    ox__fail(err, OX_E_UNSUPPORTED, "%s %s%s%s is not that of opset %lld", op, odd ? "with the attribute '" : "",
             odd ? odd : "", odd ? "'" : "", (long long)c->opset);
    if (fits)
        ox_error_hint(err, "it is that of opset %lld: export with --opset of that time",
                      (long long)ox_op_schema_info(fits).since);
    return OX_E_UNSUPPORTED;
}

static bool same_param(const ox_op_param *a, const ox_op_param *b)
{
    return strcmp(a->name, b->name) == 0 && a->option == b->option && a->min_arity == b->min_arity &&
           a->homogeneous == b->homogeneous;
}

static bool same_attr(const ox_op_attr *a, const ox_op_attr *b)
{
    if (strcmp(a->name, b->name) != 0 || a->kind != b->kind || a->required != b->required ||
        a->has_default != b->has_default || a->n != b->n || a->i != b->i || a->f != b->f)
        return false;
    if ((a->s == NULL) != (b->s == NULL) || (a->s && a->kind == OX_ATTR_STRING && strcmp(a->s, b->s) != 0))
        return false;
    return !a->ints || (b->ints && memcmp(a->ints, b->ints, a->n * sizeof *a->ints) == 0);
}

/* Two versions with the same inputs, outputs and attributes: only the types that they take differ. */
static bool same_signature(const ox_op_schema *a, const ox_op_schema *b)
{
    ox_op_info x = ox_op_schema_info(a), y = ox_op_schema_info(b);
    bool same = x.n_inputs == y.n_inputs && x.n_outputs == y.n_outputs && x.n_attrs == y.n_attrs;
    for (uint32_t i = 0; same && i < x.n_inputs; i++) {
        ox_op_param p = ox_op_schema_input(a, i), q = ox_op_schema_input(b, i);
        same = same_param(&p, &q);
    }
    for (uint32_t i = 0; same && i < x.n_outputs; i++) {
        ox_op_param p = ox_op_schema_output(a, i), q = ox_op_schema_output(b, i);
        same = same_param(&p, &q);
    }
    for (uint32_t i = 0; same && i < x.n_attrs; i++) {
        ox_op_attr p = ox_op_schema_attr(a, i), q = ox_op_schema_attr(b, i);
        same = same_attr(&p, &q);
    }
    return same;
}

/* The types of the node's inputs are among those of a version. */
static bool takes_inputs(const ox__conv *c, ox_node n, const ox_op_schema *s)
{
    for (size_t i = 0; i < ox_node_n_inputs(c->m, n); i++) {
        ox_op_param p;
        ox_value v = ox_node_input(c->m, n, i);
        if (!v.id) continue;
        if (!ox_op_schema_input_for(s, i, &p) || ox_type_set_admits(&p.types, c->m, ox_value_type(c->m, v)) == OX_NO)
            return false;
    }
    return true;
}

ox_status ox__check_onnx(ox__conv *c, ox_node n, ox_error *err)
{
    size_t n_op;
    const char *op = ox_str_text(c->m, ox_node_op(c->m, n), &n_op);
    int64_t from = ox_model_opset(c->src, "");
    if (from == c->opset) return OX_OK;
    if (ox_model_find_function(c->m, ox_node_domain(c->m, n), ox_node_op(c->m, n), ox_node_overload(c->m, n)).id)
        return OX_OK;
    const ox_op_schema *target = ox_op_schema_find_n("", 0, op, n_op, c->opset);
    if (!target || ox_op_schema_info(target).deprecated) {
        ox__fail(err, OX_E_UNSUPPORTED, "opset %lld has no %s", (long long)c->opset, op);
        if (from) ox_error_hint(err, "the model is of opset %lld", (long long)from);
        return OX_E_UNSUPPORTED;
    }
    if (!from) return check_dump(c, n, target, op, err);
    const ox_op_schema *had = ox_op_schema_find_n("", 0, op, n_op, from);
    if (had == target || (had && same_signature(had, target) && takes_inputs(c, n, target))) return OX_OK;
    ox__fail(err, OX_E_UNSUPPORTED, "%s is not the same at opset %lld as at %lld, and there is no adapter for it", op,
             (long long)c->opset, (long long)from);
    ox_error_hint(err, "export with --opset %lld", (long long)from);
    return OX_E_UNSUPPORTED;
}
