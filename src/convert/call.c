/* Floor 5. What a symbolic function can do: add nodes and constants, look at values, return results, refuse. */
#include "convert/recipe.h"

#include "ir/ir.h"

#include <onnxsh/print.h>

ox_model *ox_call_model(const ox_call *k)
{
    return k->c->m;
}

void ox_call_looks_at_type(ox_call *k, ox_value v)
{
    ox__record_type(k, v);
}

void ox_call_looks(ox_call *k)
{
    ox__record_fails(k);
}

ox_node ox_call_node(const ox_call *k)
{
    ox__record_fails((ox_call *)k);
    return k->node;
}

int64_t ox_call_opset(const ox_call *k, const char *domain)
{
    if (domain && *domain) ox__record_fails((ox_call *)k);
    return ox__conv_opset(k->c, domain ? domain : "");
}

bool ox_call_training(const ox_call *k)
{
    (void)k;
    return false; /* --training is refused before any call */
}

bool ox_call_is_trial(const ox_call *k)
{
    return k->c->trail != NULL;
}

ox_type ox_call_traced_type(const ox_call *k, size_t i)
{
    ox_value v = i < ox_node_n_outputs(k->c->m, k->node) ? ox_node_output(k->c->m, k->node, i) : (ox_value){0};
    return ox_value_type(k->c->m, v);
}

size_t ox_call_n_outputs(const ox_call *k)
{
    return k->n_outputs;
}

static ox_tensor tensor_of(const ox_call *k, ox_value v)
{
    ox_tensor t = {0};
    ox_node n = ox_value_node(k->c->m, v);
    if (n.id && ox_node_is(k->c->m, n, "prim", "Constant")) {
        const ox_attr *a = ox_node_attr(k->c->m, n, "value");
        bool held = a && a->kind == OX_ATTR_TENSOR && ox_tensor_get(k->c->m, a->u.t).storage != OX_STORAGE_LOST;
        return held ? a->u.t : t;
    }
    ox_status s = ox__facts_materialize(k->c->facts, v, &t, NULL);
    if (s == OX_E_NOMEM) ox__model_oom(k->c->m);
    return s == OX_OK ? t : (ox_tensor){0};
}

ox_tensor ox_call_value_tensor(const ox_call *k, ox_value v)
{
    ox_tensor t = tensor_of(k, v);
    if (t.id)
        ox__record_fails((ox_call *)k);
    else
        ox__record_no_tensor((ox_call *)k, v);
    return t;
}

ox_status ox_call_constant(ox_call *k, ox_tensor t, ox_value *out, ox_error *err)
{
    if (!t.id || !ox_tensor_get(k->c->m, t).dtype) return ox__fail(err, OX_E_INVALID, "no tensor was given");
    ox_status s = ox__emit_constant(k->c, k->node, ox_node_graph(k->c->m, k->node), k->node, t, out, err);
    if (s == OX_OK)
        ox__record_constant(k, t, *out);
    else
        ox__record_fails(k);
    return s;
}

/* ---- operators ---- */

/* "domain::Op" in parts; the domain of ai.onnx is "". */
static const char *split_op(const char *op, char *domain, size_t size)
{
    const char *colons = strstr(op, "::");
    domain[0] = '\0';
    if (!colons) return op;
    size_t n = (size_t)(colons - op);
    if (n >= size) return NULL;
    memcpy(domain, op, n);
    domain[n] = '\0';
    if (!strcmp(domain, "onnx") || !strcmp(domain, "ai.onnx")) domain[0] = '\0';
    return colons + 2;
}

static ox_status find_schema(ox__conv *c, const char *domain, const char *op, const ox_op_schema **out, ox_error *err)
{
    *out = NULL;
    if (ox_opset_newest(domain) == 0) return OX_OK; /* a custom domain */
    int64_t opset = ox__conv_opset(c, domain);
    *out = ox_op_schema_find(domain, op, opset);
    if (*out && !ox_op_schema_info(*out).deprecated) return OX_OK;
    const char *prefix = *domain ? domain : "ONNX";
    if (*out) {
        ox__fail(err, OX_E_INVALID, "%s is deprecated from opset %lld on, the target is %lld", op,
                 (long long)ox_op_schema_info(*out).since, (long long)opset);
        return OX_E_INVALID;
    }
    const ox_op_schema *s = ox_op_schema_find(domain, op, 0);
    if (!s) {
        ox__fail(err, OX_E_INVALID, "%s has no operator '%s'", prefix, op);
        ox_error_hint(err, "a custom operator has a domain: \"my.domain::%s\"", op);
        return OX_E_INVALID;
    }
    for (const ox_op_schema *o; (o = ox_op_schema_older(s)) != NULL;) s = o;
    ox__fail(err, OX_E_INVALID, "%s needs opset %lld, the target is %lld", op, (long long)ox_op_schema_info(s).since,
             (long long)opset);
    ox_error_hint(err, "export at --opset %lld, or write the function for older opsets",
                  (long long)ox_op_schema_info(s).since);
    return OX_E_INVALID;
}

/* Lists expand in place; absent inputs at the end go. */
static ox_status flatten(ox__conv *c, size_t n, const ox_arg *in, size_t *n_flat, ox_arg **flat, ox_error *err)
{
    size_t total = 0, k = 0;
    for (size_t i = 0; i < n; i++) total += in[i].kind == OX_ARG_LIST ? in[i].n : 1;
    *flat = ox__arena_alloc(&c->call, (total + 1) * sizeof **flat);
    if (!*flat) return ox__nomem(err);
    for (size_t i = 0; i < n; i++) {
        if (in[i].kind != OX_ARG_LIST) {
            (*flat)[k++] = in[i];
            continue;
        }
        for (size_t j = 0; j < in[i].n; j++) {
            if (in[i].items[j].kind == OX_ARG_LIST)
                return ox__fail(err, OX_E_INVALID, "input %zu is a list of lists", i + 1);
            (*flat)[k++] = in[i].items[j];
        }
    }
    while (k && (*flat)[k - 1].kind == OX_ARG_NONE) k--;
    for (size_t i = 0; i < k; i++) {
        ox_arg *a = &(*flat)[i];
        if (a->kind == OX_ARG_STR || a->kind == OX_ARG_DTYPE)
            return ox__fail(err, OX_E_INVALID, "input %zu is a string", i + 1);
        if (a->kind == OX_ARG_VALUE && !ox_value_is_alive(c->m, a->v))
            return ox__fail(err, OX_E_INVALID, "input %zu is a value that is deleted, or of another model", i + 1);
    }
    *n_flat = k;
    return OX_OK;
}

static ox_status add_op(ox_call *k, const char *op, size_t n_in, const ox_arg *in, size_t n_attrs, const ox_attr *attrs,
                        size_t n_out, ox_value *outs, ox_error *err)
{
    ox__conv *c = k->c;
    char domain[256];
    const char *name = split_op(op, domain, sizeof domain);
    const ox_op_schema *schema;
    size_t n = 0;
    ox_arg *flat = NULL;
    if (!name || !*name) return ox__fail(err, OX_E_INVALID, "'%s' is not the name of an operator", op);
    ox_status s = find_schema(c, domain, name, &schema, err);
    if (s == OX_OK) s = flatten(c, n_in, in, &n, &flat, err);
    if (s == OX_OK && schema) s = ox__check_shape_of_call(c, schema, name, n, flat, n_attrs, attrs, n_out, err);
    ox_value *values = s == OX_OK ? ox__arena_alloc(&c->call, (n + 1) * sizeof *values) : NULL;
    if (s == OX_OK && !values) s = ox__nomem(err);
    if (s == OX_OK) s = ox__type_inputs(k, schema, *domain ? op : name, n, flat, values, err);
    if (s != OX_OK) return s;
    ox_node made;
    ox__emit e = {.at = k->node,
                  .graph = ox_node_graph(c->m, k->node),
                  .before = k->node,
                  .domain = *domain ? ox__conv_str(c, domain) : c->s_onnx,
                  .op = name,
                  .n_in = n,
                  .in = values,
                  .n_attrs = n_attrs,
                  .attrs = attrs,
                  .n_out = n_out};
    s = ox__emit_node(c, &e, &made, err);
    for (size_t i = 0; s == OX_OK && i < n_out; i++) outs[i] = ox_node_output(c->m, made, i);
    return s;
}

ox_status ox_call_op(ox_call *k, const char *op, size_t n_in, const ox_arg *in, size_t n_attrs, const ox_attr *attrs,
                     size_t n_out, ox_value *outs, ox_error *err)
{
    ox_status s = add_op(k, op, n_in, in, n_attrs, attrs, n_out, outs, err);
    if (s == OX_OK)
        ox__record_op(k, op, n_in, in, n_attrs, attrs, n_out, outs);
    else
        ox__record_fails(k); /* it may go on in another way */
    return s;
}

/* ---- results ---- */
ox_status ox_call_return(ox_call *k, size_t n, const ox_arg *results, ox_error *err)
{
    if (k->returned) return ox__fail(err, OX_E_INVALID, "the results were returned already");
    k->results = ox__arena_dup(&k->c->call, results, n * sizeof *results);
    if (!k->results) return ox__nomem(err);
    for (size_t i = 0; i < n; i++) {
        if (results[i].kind != OX_ARG_LIST) continue;
        k->results[i].items = ox__arena_dup(&k->c->call, results[i].items, results[i].n * sizeof *results);
        if (!k->results[i].items) return ox__nomem(err);
    }
    k->n_results = n;
    k->returned = true;
    ox__record_return(k);
    return OX_OK;
}

ox_status ox_call_unsupported(ox_call *k, const char *why, ox_error *err)
{
    (void)k;
    return ox__fail(err, OX_E_UNSUPPORTED, "%s", why && *why ? why : "this case is not supported");
}
