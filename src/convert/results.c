/* Floor 5. The results of a symbolic function take the place of the trace node's outputs; what the trace knew of their
 * types is merged onto them and never lost. */
#include "convert/args.h"
#include "convert/dispatch.h"

#include <onnxsh/print.h>

ox_node ox__unpack_of(const ox__conv *c, ox_node n)
{
    if (ox_node_n_outputs(c->m, n) != 1) return (ox_node){0};
    ox_value out = ox_node_output(c->m, n, 0);
    if (ox_value_n_uses(c->m, out) != 1) return (ox_node){0};
    ox_node user = ox_value_first_use(c->m, out).node;
    /* a list that is built is no result of a function */
    if (!ox_node_is(c->m, user, "prim", "ListUnpack") || ox_node_graph(c->m, user).id != ox_node_graph(c->m, n).id)
        return (ox_node){0};
    return ox__node_in(c, n, c->s_prim) && ox_node_is(c->m, n, "prim", "ListConstruct") ? (ox_node){0} : user;
}

/* ---- types ---- */
static ox_status warn_clash(ox__conv *c, ox_node n, ox_type inferred, ox_type traced)
{
    char a[200], b[200];
    ox_type_text(c->m, inferred, a, sizeof a);
    ox_type_text(c->m, traced, b, sizeof b);
    return ox__report_note(c, OX_FAILURE_WARNING, n, "the symbolic function may compute something else",
                           "the result is %s, the trace says %s", a, b);
}

static ox_status merge_traced(ox__conv *c, ox_node n, ox_value out, ox_value by, ox_error *err)
{
    ox_type traced = ox_value_type(c->m, out), had = ox_value_type(c->m, by);
    ox_type_kind kind = ox_type_get(c->m, traced).kind;
    uint32_t flag = kind == OX_TYPE_INT            ? OX__V_INT
                    : kind == OX_TYPE_FLOAT_SCALAR ? OX__V_FLOAT
                    : kind == OX_TYPE_BOOL_SCALAR  ? OX__V_BOOL
                                                   : 0;
    if (flag || kind == OX_TYPE_NUMBER) {
        bool is_new = ox_node_origin(c->m, ox_value_node(c->m, by)) == ox_node_origin(c->m, n);
        return flag && is_new ? ox__conv_set_flags(c, by, flag, err) : OX_OK;
    }
    if (kind != OX_TYPE_TENSOR) return OX_OK;
    if (ox_node_domain(c->m, ox_value_node(c->m, by)).id == c->s_prim.id)
        return OX_OK; /* a number for a tensor: made when it is read */
    bool clash = false;
    ox_type now = ox__type_merge(c->m, had, traced, &clash);
    if (clash) {
        ox_status s = warn_clash(c, n, had, traced);
        if (s != OX_OK) return s;
    }
    return now.id == had.id ? OX_OK : ox_value_set_type(c->m, by, now, err);
}

ox_status ox__results_replace(ox__conv *c, ox_node n, ox_value out, ox_value by, ox_error *err)
{
    size_t cause = ox__dispatch_cause(c, n);
    ox_status s = merge_traced(c, n, out, by, err);
    size_t had;
    ox_str_text(c->m, ox_value_name(c->m, by), &had);
    bool is_new =
        ox_value_node(c->m, by).id && ox_node_origin(c->m, ox_value_node(c->m, by)) == ox_node_origin(c->m, n);
    /* the name of the trace, until it is named by scope: failures further on speak of it */
    if (s == OX_OK && !had && is_new) s = ox_value_set_name(c->m, by, ox_value_name(c->m, out), err);
    if (s == OX_OK && cause != SIZE_MAX) s = ox__dispatch_taint(c, cause, by);
    return s == OX_OK ? ox_value_replace_uses(c->m, out, by, err) : s;
}

/* ---- results that are no values ---- */
static ox_status make_const(ox__conv *c, ox_node n, const ox_arg *a, ox_type type, ox_value *out, ox_error *err)
{
    ox_node made;
    ox_status s =
        ox_node_create(c->m, &made, ox_node_graph(c->m, n), n, c->s_prim, ox__conv_str(c, "Constant"), 0, NULL, 1, err);
    if (s != OX_OK) return s;
    ox_attr x = {.name = c->s_value, .rounded = a->rounded};
    switch (a->kind) {
    case OX_ARG_INT: x.kind = OX_ATTR_INT, x.u.i = a->i; break;
    case OX_ARG_BOOL: x.kind = OX_ATTR_BOOL, x.u.i = a->i != 0; break;
    case OX_ARG_FLOAT: x.kind = OX_ATTR_FLOAT, x.u.f = a->f; break;
    case OX_ARG_DTYPE: x.kind = OX_ATTR_INT, x.u.i = ox__torch_of_dtype(a->dtype); break;
    default: x.kind = OX_ATTR_STRING, x.u.s = ox_str_add(c->m, a->s, a->s_n); break;
    }
    s = ox_node_set_attr(c->m, made, &x, err);
    *out = ox_node_output(c->m, made, 0);
    static const ox_type_kind kinds[] = {[OX_ARG_INT] = OX_TYPE_INT,
                                         [OX_ARG_FLOAT] = OX_TYPE_FLOAT_SCALAR,
                                         [OX_ARG_BOOL] = OX_TYPE_BOOL_SCALAR,
                                         [OX_ARG_STR] = OX_TYPE_STR,
                                         [OX_ARG_DTYPE] = OX_TYPE_INT};
    if (ox_type_get(c->m, type).kind == OX_TYPE_TENSOR || !type.id) type = ox_type_simple(c->m, kinds[a->kind]);
    if (s == OX_OK) s = ox_value_set_type(c->m, *out, type, err);
    if (s == OX_OK) s = ox_node_set_scope(c->m, made, ox_node_scope(c->m, n), err);
    if (s == OX_OK) s = ox_node_set_loc(c->m, made, ox_node_loc(c->m, n), err);
    return s == OX_OK ? ox_node_set_origin(c->m, made, ox_node_origin(c->m, n), err) : s;
}

/* A result as a value; lists that nobody unpacks stay lists of the trace until something needs a sequence. */
static ox_status as_value(ox__conv *c, ox_node n, const ox_arg *a, ox_type type, ox_value *out, ox_error *err)
{
    if (a->kind == OX_ARG_VALUE) {
        *out = a->v;
        return ox_value_is_alive(c->m, a->v)
                   ? OX_OK
                   : ox__fail(err, OX_E_INVALID, "a result is a value that is deleted, or of another model");
    }
    if (a->kind != OX_ARG_LIST) return make_const(c, n, a, type, out, err);
    ox_value *in = ox__arena_alloc(&c->call, (a->n + 1) * sizeof *in);
    if (!in) return ox__nomem(err);
    for (size_t i = 0; i < a->n; i++) {
        ox_status s = as_value(c, n, &a->items[i], (ox_type){0}, &in[i], err);
        if (a->items[i].kind == OX_ARG_LIST) s = ox__fail(err, OX_E_INVALID, "a result is a list of lists");
        if (s != OX_OK) return s;
    }
    ox_node made;
    ox_status s = ox_node_create(c->m, &made, ox_node_graph(c->m, n), n, c->s_prim, ox__conv_str(c, "ListConstruct"),
                                 a->n, in, 1, err);
    if (s != OX_OK) return s;
    *out = ox_node_output(c->m, made, 0);
    s = ox_value_set_type(c->m, *out, type, err);
    return s == OX_OK ? ox_node_set_origin(c->m, made, ox_node_origin(c->m, n), err) : s;
}

/* ---- all results ---- */
static ox_status refuse_count(ox__conv *c, ox_node n, size_t got, size_t want, ox_error *err)
{
    char op[128];
    ox_node_op_text(c->m, n, op, sizeof op);
    ox__fail(err, OX_E_INVALID, "the symbolic function of %s returned %zu result%s, the operator has %zu", op, got,
             got == 1 ? "" : "s", want);
    if (got < want) ox_error_hint(err, "return one value for each output, nil for one that ONNX cannot express");
    return OX_E_INVALID;
}

static ox_status refuse_none(ox__conv *c, ox_node n, size_t i, ox_value out, ox_error *err)
{
    char op[128], reader[128], label[128];
    ox_node_op_text(c->m, n, op, sizeof op);
    ox_value_label(c->m, out, label, sizeof label);
    ox_node by = ox_value_first_use(c->m, out).node;
    if (ox_node_is_return(c->m, by))
        return ox__fail(err, OX_E_UNSUPPORTED,
                        "output %zu of %s (%s) cannot be expressed in ONNX, but the graph returns it", i + 1, op,
                        label);
    ox_node_op_text(c->m, by, reader, sizeof reader);
    return ox__fail(err, OX_E_UNSUPPORTED, "output %zu of %s (%s) cannot be expressed in ONNX, but %s reads it", i + 1,
                    op, label, reader);
}

ox_status ox__results_apply(ox_call *k, ox_node unpack, ox_error *err)
{
    ox__conv *c = k->c;
    ox_node n = k->node, owner = unpack.id ? unpack : n;
    size_t n_out = ox_node_n_outputs(c->m, owner), got = k->n_results;
    const ox_arg *results = k->results;
    if (unpack.id && got == 1 && results[0].kind == OX_ARG_LIST) {
        got = results[0].n;
        results = results[0].items;
    }
    if (got != n_out) return refuse_count(c, n, got, n_out, err);
    for (size_t i = 0; i < n_out; i++) {
        ox_value out = ox_node_output(c->m, owner, i), by;
        if (results[i].kind == OX_ARG_NONE) {
            if (ox_value_n_uses(c->m, out)) return refuse_none(c, n, i, out, err);
            continue;
        }
        ox_status s = as_value(c, n, &results[i], ox_value_type(c->m, out), &by, err);
        if (s == OX_OK && ox_value_node(c->m, by).id == n.id)
            s = ox__fail(err, OX_E_INVALID, "a result is the output of the node that is being converted");
        if (s == OX_OK) s = ox__results_replace(c, n, out, by, err);
        if (s != OX_OK) return s;
    }
    ox_status s = unpack.id ? ox_node_delete(c->m, unpack, err) : OX_OK;
    return s == OX_OK ? ox_node_delete(c->m, n, err) : s;
}
