/* Floor 5. --unsupported fallthrough and aten: a node without a symbolic function stands as one of a custom domain, its
 * arguments as inputs where ONNX has a value for them, as attributes else. */
#include "convert/dispatch.h"

#include <stdio.h>

/* Strings and dtypes become attributes under the argument's name. */
static bool as_attr(ox__conv *c, const ox_arg *a, const char *name, ox_attr *out)
{
    *out = (ox_attr){.name = ox__conv_str(c, name), .kind = OX_ATTR_STRING};
    if (a->kind == OX_ARG_STR)
        out->u.s = ox_str_add(c->m, a->s, a->s_n);
    else if (a->kind == OX_ARG_DTYPE)
        out->u.s = ox__conv_str(c, ox_dtype_name(a->dtype, OX_DTYPE_NUMPY));
    else
        return false;
    return true;
}

static ox_status gather(ox__conv *c, ox_node n, const ox_aten_schema *schema, ox__emit *e, ox_value *in, ox_attr *attrs,
                        ox_error *err)
{
    size_t n_in = ox_node_n_inputs(c->m, n), n_schema = schema ? ox_aten_get(schema).n_args : 0;
    for (size_t i = 0; i < n_in; i++) {
        ox_arg a;
        char name[64];
        ox_aten_arg formal = {.name = name};
        snprintf(name, sizeof name, "arg%zu", i + 1);
        if (i < n_schema) formal = ox_aten_get_arg(schema, i);
        ox_value v = ox_node_input(c->m, n, i);
        ox_status s = i < n_schema ? ox__arg_read_as(c, v, &formal.type, &a, err) : ox__arg_read(c, v, &a, err);
        if (s != OX_OK) return s;
        if (as_attr(c, &a, formal.name, &attrs[e->n_attrs])) {
            e->n_attrs++;
            continue;
        }
        in[e->n_in] = (ox_value){0};
        if (a.kind != OX_ARG_NONE) s = ox__emit_tensor(c, n, e->graph, n, v, &in[e->n_in], err);
        if (s != OX_OK) return s;
        e->n_in++;
    }
    while (e->n_in && !in[e->n_in - 1].id) e->n_in--;
    return OX_OK;
}

ox_status ox__convert_standing(ox__conv *c, ox_node n, const ox_aten_schema *schema, ox_error *err)
{
    bool aten = c->opt->unsupported == OX_UNSUPPORTED_ATEN;
    size_t n_in = ox_node_n_inputs(c->m, n), n_out = ox_node_n_outputs(c->m, n);
    const char *domain = ox_str_text(c->m, ox_node_domain(c->m, n), NULL),
               *op = ox_str_text(c->m, ox_node_op(c->m, n), NULL);
    if (ox_node_n_blocks(c->m, n) || ox__unpack_of(c, n).id || (aten && strcmp(domain, "aten") != 0))
        return ox__fail(err, OX_E_UNSUPPORTED,
                        "there is no symbolic function of %s::%s, and it cannot stand as a custom operator", domain,
                        op);
    ox_value *in = ox__arena_alloc(&c->call, (n_in + 1) * sizeof *in);
    ox_attr *attrs = ox__arena_alloc(&c->call, (n_in + 3) * sizeof *attrs);
    if (!in || !attrs) return ox__nomem(err);
    ox__emit e = {.at = n,
                  .graph = ox_node_graph(c->m, n),
                  .before = n,
                  .op = aten ? "ATen" : op,
                  .in = in,
                  .attrs = attrs,
                  .n_out = n_out};
    e.domain = ox__conv_str(c, aten ? "org.pytorch.aten" : strcmp(domain, "^") == 0 ? "python" : domain);
    if (aten) {
        attrs[e.n_attrs++] =
            (ox_attr){.name = ox__conv_str(c, "operator"), .kind = OX_ATTR_STRING, .u.s = ox__conv_str(c, op)};
        attrs[e.n_attrs++] = (ox_attr){.name = ox__conv_str(c, "overload_name"),
                                       .kind = OX_ATTR_STRING,
                                       .u.s = ox__conv_str(c, schema ? ox_aten_get(schema).overload : "")};
    }
    ox_node made;
    ox_status s = gather(c, n, schema, &e, in, attrs, err);
    if (s == OX_OK) s = ox__emit_node(c, &e, &made, err);
    for (size_t i = 0; s == OX_OK && i < n_out; i++)
        s = ox__results_replace(c, n, ox_node_output(c->m, n, i), ox_node_output(c->m, made, i), err);
    if (s == OX_OK)
        s = ox__report_note(c, OX_FAILURE_WARNING, n, "a runtime needs this custom operator",
                            "there is no symbolic function of %s::%s: it stands as %s::%s", domain, op,
                            ox_str_text(c->m, e.domain, NULL), e.op);
    return s == OX_OK ? ox_node_delete(c->m, n, err) : s;
}
