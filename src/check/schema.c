/* Floor 4. A node against the schema of its operator at the opset that its graph imports. */
#include "check/check.h"

#include "schema/onnx_rows.h"

/* The version that the root graph imports of a domain, 0 if it does not; "" and ai.onnx are one. */
static int64_t import_of(const ox__check *c, ox_str domain, int known)
{
    for (size_t i = 0; i < c->n_opsets; i++) {
        size_t n;
        if (c->opsets[i].domain.id == domain.id) return c->opsets[i].version;
        const char *name = ox_str_text(c->m, c->opsets[i].domain, &n);
        if (known == 0 && ox__onnx_find_domain(name, n) == 0) return c->opsets[i].version;
    }
    return 0;
}

static bool imports(const ox__check *c, ox_str domain, int known)
{
    for (size_t i = 0; i < c->n_opsets; i++) {
        size_t n;
        const char *name = ox_str_text(c->m, c->opsets[i].domain, &n);
        if (c->opsets[i].domain.id == domain.id || (known == 0 && ox__onnx_find_domain(name, n) == 0)) return true;
    }
    return false;
}

static void report_unknown(ox__check *c, ox_node n, const char *domain, size_t n_domain, int64_t opset)
{
    size_t n_op;
    const char *op = ox_str_text(c->m, ox_node_op(c->m, n), &n_op);
    const char *shown = n_domain ? ox__check_name(c, ox_node_domain(c->m, n)) : "ai.onnx";
    const ox_op_schema *s = ox_op_schema_find_n(domain, n_domain, op, n_op, 0);
    while (s && ox_op_schema_older(s)) s = ox_op_schema_older(s);
    if (s)
        ox__check_report(c, OX__CHECK_UNKNOWN_OPERATOR, OX__AT_NODE(n), "import a newer opset",
                         "%s: the operator came to %s with opset %lld, the model imports %lld",
                         ox__check_node_name(c, n), shown, (long long)ox_op_schema_info(s).since, (long long)opset);
    else if (n_op)
        ox__check_report(c, OX__CHECK_UNKNOWN_OPERATOR, OX__AT_NODE(n), NULL, "%s: %s has no such operator",
                         ox__check_node_name(c, n), shown);
}

/* ---- inputs, outputs ---- */

static void check_count(ox__check *c, ox_node n, bool outputs, size_t count, uint32_t min, uint32_t max)
{
    ox__check_id id = outputs ? OX__CHECK_OUTPUT_COUNT : OX__CHECK_INPUT_COUNT;
    const char *what = outputs ? "output" : "input", *node;
    if (count >= min && count <= max) return;
    node = ox__check_node_name(c, n);
    if (min == max)
        ox__check_report(c, id, OX__AT_NODE(n), NULL, "%s has %zu %ss, the operator %u", node, count, what, min);
    else if (max == OX_UNBOUNDED)
        ox__check_report(c, id, OX__AT_NODE(n), NULL, "%s has %zu %ss, the operator %u or more", node, count, what,
                         min);
    else
        ox__check_report(c, id, OX__AT_NODE(n), NULL, "%s has %zu %ss, the operator %u to %u", node, count, what, min,
                         max);
}

static void check_values(ox__check *c, ox_node n, const ox_op_schema *s)
{
    ox_op_info info = ox_op_schema_info(s);
    size_t n_in = ox_node_n_inputs(c->m, n), n_out = ox_node_n_outputs(c->m, n);
    check_count(c, n, false, n_in, info.min_inputs, info.max_inputs);
    check_count(c, n, true, n_out, info.min_outputs, info.max_outputs);
    /* The one operator whose counts are no range: its training outputs come all together. */
    if (strcmp(info.name, "BatchNormalization") == 0 && n_out > info.min_outputs && n_out < info.max_outputs)
        ox__check_report(c, OX__CHECK_OUTPUT_COUNT, OX__AT_NODE(n), NULL, "%s has %zu outputs, the operator 1 or %u",
                         ox__check_node_name(c, n), n_out, info.max_outputs);
    for (size_t i = 0; i < n_in && i < info.n_inputs; i++) {
        if (ox_node_input(c->m, n, i).id || ox_op_schema_input(s, i).option != OX_PARAM_SINGLE) continue;
        ox__check_report(c, OX__CHECK_MISSING_INPUT, OX__AT_NODE(n), NULL, "%s lacks its input %zu, %s",
                         ox__check_node_name(c, n), i, ox_op_schema_input(s, i).name);
    }
    for (size_t i = 0; i < n_out && i < info.n_outputs; i++) {
        if (ox_node_output(c->m, n, i).id || ox_op_schema_output(s, i).option != OX_PARAM_SINGLE) continue;
        ox__check_report(c, OX__CHECK_MISSING_OUTPUT, OX__AT_NODE(n), NULL, "%s lacks its output %zu, %s",
                         ox__check_node_name(c, n), i, ox_op_schema_output(s, i).name);
    }
}

/* ---- attributes ---- */

static void check_attrs(ox__check *c, ox_node n, const ox_op_schema *s)
{
    const ox_attr *rows;
    size_t count = ox_node_attrs(c->m, n, &rows);
    uint64_t seen = 0;
    for (size_t i = 0; i < count && !c->stopped; i++) {
        size_t n_name;
        const char *name = ox_str_text(c->m, rows[i].name, &n_name);
        ox_op_attr want;
        int at = ox__schema_attr_index(s, name, n_name);
        if (at < 0) {
            /* Names with two underscores are for the tools' own use. */
            if (n_name >= 2 && memcmp(name, "__", 2) == 0) continue;
            ox__check_report(c, OX__CHECK_UNKNOWN_ATTRIBUTE, OX__AT_NODE(n), NULL,
                             "%s: the operator has no attribute %s", ox__check_node_name(c, n),
                             ox__check_name(c, rows[i].name));
            continue;
        }
        seen |= (uint64_t)1 << at;
        want = ox_op_schema_attr(s, (size_t)at);
        if (rows[i].kind != want.kind && !(rows[i].ref.id && rows[i].kind == OX_ATTR_NONE))
            ox__check_report(c, OX__CHECK_ATTRIBUTE_TYPE, OX__AT_NODE(n), NULL,
                             "%s: the attribute %s is %s, the operator wants %s", ox__check_node_name(c, n), want.name,
                             ox_attr_kind_name((ox_attr_kind)rows[i].kind), ox_attr_kind_name(want.kind));
    }
    uint32_t n_attrs = ox_op_schema_info(s).n_attrs;
    for (uint32_t i = 0; i < n_attrs && !c->stopped; i++) {
        ox_op_attr want = ox_op_schema_attr(s, i);
        if (want.required && !(seen >> i & 1))
            ox__check_report(c, OX__CHECK_MISSING_ATTRIBUTE, OX__AT_NODE(n), NULL, "%s lacks the attribute %s",
                             ox__check_node_name(c, n), want.name);
    }
}

/* An operator of a domain that no table knows and no function defines. Once for each operator. */
static void note_custom(ox__check *c, ox_node n)
{
    uint64_t key = ox__hash_mix(ox__hash_mix('c', ox_node_domain(c->m, n).id), ox_node_op(c->m, n).id);
    if (ox__check_once(c, key))
        ox__check_report(c, OX__CHECK_CUSTOM_OPERATOR, OX__AT_NODE(n), NULL, "%s of domain %s cannot be checked",
                         ox__check_node_name(c, n), ox__check_name(c, ox_node_domain(c->m, n)));
}

void ox__check_node(ox__check *c, ox_node n)
{
    const ox_model *m = c->m;
    ox_str domain = ox_node_domain(m, n);
    size_t n_domain, n_op;
    const char *text = ox_str_text(m, domain, &n_domain), *op = ox_str_text(m, ox_node_op(m, n), &n_op);
    int known = ox__onnx_find_domain(text, n_domain);
    int64_t opset = import_of(c, domain, known);
    if (!imports(c, domain, known)) {
        if (ox_model_ir_version(m) >= 3 && ox__check_once(c, ox__hash_mix(ox__hash_mix('n', domain.id), c->root.id)))
            ox__check_report(c, OX__CHECK_OPSET_MISSING, OX__AT_NODE(n), "add an opset import",
                             "%s: the domain %s is not imported", ox__check_node_name(c, n),
                             n_domain ? ox__check_name(c, domain) : "ai.onnx");
        return;
    }
    if (ox_model_n_functions(m)) {
        ox_graph f = ox_model_find_function(m, domain, ox_node_op(m, n), ox_node_overload(m, n));
        if (f.id) {
            ox__check_call(c, n, f);
            return;
        }
    }
    /* Opset 0 would mean the newest to the table. */
    const ox_op_schema *s = opset > 0 ? ox_op_schema_find_n(text, n_domain, op, n_op, opset) : NULL;
    if (!s && known >= 0)
        report_unknown(c, n, text, n_domain, opset);
    else if (!s)
        note_custom(c, n);
    else if (ox_op_schema_info(s).deprecated)
        ox__check_report(c, OX__CHECK_DEPRECATED_OPERATOR, OX__AT_NODE(n), NULL,
                         "%s: the operator is deprecated since opset %lld, the model imports %lld",
                         ox__check_node_name(c, n), (long long)ox_op_schema_info(s).since, (long long)opset);
    if (!s || ox_op_schema_info(s).deprecated) return;
    check_values(c, n, s);
    check_attrs(c, n, s);
    ox__check_types(c, n, s);
}
