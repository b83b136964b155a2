/* Floor 5. Binding of one node: the overload that its arguments fit, the function that serves it, the arguments in the
 * order of the function's parameters, and the check that no argument is dropped in silence. */
#include "convert/bind.h"

#include "convert/python_args.h"

#include <onnxsh/print.h>

/* ---- operators by name ---- */
ox_status ox__op_cache(ox__conv *c, ox_node n, const ox__opcache **out, ox_error *err)
{
    ox_str domain = ox_node_domain(c->m, n), op = ox_node_op(c->m, n);
    if (op.id >= c->ops.n) {
        size_t had = c->ops.n;
        if (!ox__vec_reserve(&c->ops, (size_t)op.id + 64)) return ox__nomem(err);
        c->ops.n = (size_t)op.id + 64;
        memset(c->ops.p + had, 0, (c->ops.n - had) * sizeof *c->ops.p);
    }
    for (ox__opcache *k = c->ops.p[op.id]; k; k = k->next)
        if (k->domain.id == domain.id) {
            *out = k;
            return OX_OK;
        }
    ox__opcache *k = ox__arena_alloc(&c->mem, sizeof *k);
    size_t n_domain, n_op;
    const char *d = ox_str_text(c->m, domain, &n_domain), *o = ox_str_text(c->m, op, &n_op);
    char *name = ox__arena_alloc(&c->mem, n_domain + n_op + 3);
    if (!k || !name) return ox__nomem(err);
    bool python = strcmp(d, "^") == 0;
    memcpy(name, d, n_domain);
    if (!python) memcpy(name + n_domain, "::", 2);
    memcpy(name + n_domain + (python ? 0 : 2), o, n_op + 1);
    *k = (ox__opcache){.domain = domain, .op = op, .name = name, .next = c->ops.p[op.id]};
    if (!python) k->schemas = ox_aten_find(name, &k->n_schemas);
    c->ops.p[op.id] = k;
    *out = k;
    return OX_OK;
}

ox_status ox__op_group(ox__conv *c, const ox__opcache *op, ox_error *err)
{
    ox__opcache *k = (ox__opcache *)op; /* ours: the const is for those who only read it */
    if (k->looked_up) return OX_OK;
    ox_status s = ox__symbolics_group(c->syms, k->name, strlen(k->name), &k->group, err);
    if (s == OX_OK) k->looked_up = true;
    return s;
}

/* ---- the overload ---- */
ox_status ox__match_schema(ox__conv *c, ox_node n, const ox__opcache *op, const ox_aten_schema **out, ox_error *err)
{
    *out = NULL;
    if (!op->schemas) return OX_OK;
    size_t n_overload, n_args = ox_node_n_inputs(c->m, n);
    const char *overload = ox_str_text(c->m, ox_node_overload(c->m, n), &n_overload);
    ox_aten_type few[24], *types = few;
    if (n_args > OX__COUNT(few) && !(types = ox__arena_alloc(&c->call, n_args * sizeof *types))) return ox__nomem(err);
    for (size_t i = 0; i < n_args; i++) types[i] = ox__arg_type(c, ox_node_input(c->m, n, i));
    if (!n_overload) {
        *out = ox_aten_match(op->schemas, op->n_schemas, types, NULL, n_args);
        return OX_OK;
    }
    /* named by the file: "default" is the one without a name */
    const char *want = strcmp(overload, "default") == 0 ? "" : overload;
    for (size_t i = 0; i < op->n_schemas; i++) {
        const ox_aten_schema *s = ox_aten_nth(op->schemas, i);
        if (strcmp(ox_aten_get(s).overload, want) != 0) continue;
        if (!*out) *out = s;
        if (ox_aten_match(s, 1, types, NULL, n_args)) {
            *out = s;
            return OX_OK;
        }
    }
    return OX_OK;
}

/* Arithmetic on numbers that are not constant (aten::add.int): they are tensors by now, which other overloads take. */
static ox_status match_tensors(ox__conv *c, ox_node n, ox__binding *b, ox__choice *want, ox_error *err)
{
    size_t n_args = ox_node_n_inputs(c->m, n);
    ox_aten_type *types = ox__arena_alloc(&c->call, (n_args + 1) * sizeof *types);
    if (!types) return ox__nomem(err);
    bool any = false;
    for (size_t i = 0; i < n_args; i++) {
        ox_arg a;
        ox_value v = ox_node_input(c->m, n, i);
        types[i] = ox__arg_type(c, v);
        ox_status s = ox__arg_read(c, v, &a, err);
        if (s != OX_OK) return s;
        if (a.kind != OX_ARG_VALUE || !(ox__conv_flags(c, v) & OX__V_NUMBER)) continue;
        types[i].kind = OX_ATEN_TENSOR;
        any = true;
    }
    const ox_aten_schema *schema = any ? ox_aten_match(b->op->schemas, b->op->n_schemas, types, NULL, n_args) : NULL;
    if (!schema) return OX_OK;
    want->schema = schema;
    want->overload = ox_aten_get(schema).overload;
    b->symbol = ox__symbolics_choose(b->op->group, want, NULL);
    if (b->symbol) b->schema = schema;
    return OX_OK;
}

static int64_t target_of(const void *ud, const char *domain)
{
    return ox__conv_opset(ud, domain);
}

ox_status ox__bind_find(ox__conv *c, ox_node n, ox__binding *b, ox_error *err)
{
    *b = (ox__binding){0};
    ox_status s = ox__op_cache(c, n, &b->op, err);
    if (s == OX_OK) s = ox__op_group(c, b->op, err);
    if (s == OX_OK) s = ox__match_schema(c, n, b->op, &b->schema, err);
    if (s != OX_OK) return s;
    ox__choice want = {.schema = b->schema, .target = target_of, .ud = c};
    if (b->schema)
        want.overload = ox_aten_get(b->schema).overload;
    else if (ox_node_overload(c->m, n).id)
        want.overload = ox_str_text(c->m, ox_node_overload(c->m, n), NULL);
    b->symbol = ox__symbolics_choose(b->op->group, &want, &b->later);
    if (!b->symbol && b->op->group && b->schema) s = match_tensors(c, n, b, &want, err);
    if (s != OX_OK || !b->symbol) return s;
    if (b->symbol->own) b->schema = b->symbol->own;
    if (b->schema && b->symbol->n_plans) b->plan = ox__plan_for(b->symbol, b->schema);
    if (b->plan) b->schema = b->plan->schema;
    return OX_OK;
}

/* ---- arguments ---- */

/* Argument i of the schema as the node has it, or its default. */
static ox_status actual(ox__conv *c, ox_node n, const ox_aten_schema *schema, size_t i, ox_arg *out, ox_error *err)
{
    ox_aten_arg a = ox_aten_get_arg(schema, i);
    if (i < ox_node_n_inputs(c->m, n)) return ox__arg_read_as(c, ox_node_input(c->m, n, i), &a.type, out, err);
    return ox__arg_default(c, &a, out, err);
}

/* Every argument that is not named must stand at its default. */
static ox_status check_left(ox__conv *c, ox_node n, const ox__binding *b, ox_error *err)
{
    for (size_t k = 0; k < b->plan->n_left; k++) {
        size_t i = (size_t)b->plan->left[k];
        ox_aten_arg a = ox_aten_get_arg(b->schema, i);
        if (i >= ox_node_n_inputs(c->m, n) || a.inert != OX_ATEN_MATTERS) continue;
        ox_arg x;
        ox_status s = ox__arg_read_as(c, ox_node_input(c->m, n, i), &a.type, &x, err);
        if (s != OX_OK) return s;
        if (ox__arg_is_default(&x, &a.def)) continue;
        ox__buf text = {0};
        ox__arg_print(c, &text, &x);
        ox__fail(err, OX_E_UNSUPPORTED, "%s=%s is not handled by the symbolic function of %s", a.name,
                 text.p ? text.p : "?", b->op->name);
        ox_error_hint(err, "name %s as a parameter of the function to handle it", a.name);
        bool short_of = text.failed;
        ox__buf_free(&text);
        return short_of ? ox__nomem(err) : OX_E_UNSUPPORTED;
    }
    return OX_OK;
}

static ox_status bind_plan(ox__conv *c, ox_node n, ox__binding *b, ox_error *err)
{
    b->n_args = b->symbol->def.n_params;
    b->args = ox__arena_alloc(&c->call, (b->n_args + 1) * sizeof *b->args);
    if (!b->args) return ox__nomem(err);
    for (size_t k = 0; k < b->n_args; k++) {
        ox_status s = actual(c, n, b->schema, (size_t)b->plan->arg_of[k], &b->args[k], err);
        if (s != OX_OK) return s;
    }
    return check_left(c, n, b, err);
}

/* Without a schema, or with `...`: the node's inputs in order, then what a Python operator has in its own list. */
static ox_status bind_positional(ox__conv *c, ox_node n, ox__binding *b, ox_error *err)
{
    size_t n_in = ox_node_n_inputs(c->m, n), n_schema = b->schema ? ox_aten_get(b->schema).n_args : 0;
    const ox_attr *raw = ox_node_attr(c->m, n, "args");
    ox_arg python = {.kind = OX_ARG_LIST};
    if (raw && raw->kind == OX_ATTR_RAW) {
        size_t len;
        const char *text = ox_str_text(c->m, raw->u.s, &len);
        ox_status s = ox__python_args(&c->call, text, len, &python, err);
        if (s != OX_OK) return s;
    }
    b->n_args = OX__MAX(n_in + python.n, n_schema);
    b->args = ox__arena_alloc(&c->call, (b->n_args + 1) * sizeof *b->args);
    if (!b->args) return ox__nomem(err);
    for (size_t i = 0; i < b->n_args; i++) {
        ox_status s = OX_OK;
        if (i < n_schema)
            s = actual(c, n, b->schema, i, &b->args[i], err);
        else if (i < n_in)
            s = ox__arg_read(c, ox_node_input(c->m, n, i), &b->args[i], err);
        else
            b->args[i] = python.items[i - n_in];
        if (s != OX_OK) return s;
    }
    size_t want = b->symbol->def.n_params;
    if (b->symbol->def.positional || want == b->n_args) return OX_OK;
    return ox__fail(err, OX_E_UNSUPPORTED, "the symbolic function of %s takes %zu arguments, the node has %zu",
                    b->op->name, want, b->n_args);
}

ox_status ox__bind_args(ox__conv *c, ox_node n, ox__binding *b, ox_error *err)
{
    if (b->plan) return bind_plan(c, n, b, err);
    if (!b->schema && b->op->schemas && !b->symbol->own && !b->symbol->def.positional) {
        ox__fail(err, OX_E_UNSUPPORTED, "the arguments fit no schema of %s", b->op->name);
        ox_error_hint(err, "schema %s lists them", b->op->name);
        return OX_E_UNSUPPORTED;
    }
    return bind_positional(c, n, b, err);
}

/* ---- for failures ---- */
void ox__bind_print(ox__conv *c, ox_node n, const ox_aten_schema *schema, ox__buf *out)
{
    size_t n_in = ox_node_n_inputs(c->m, n), n_schema = schema ? ox_aten_get(schema).n_args : 0;
    for (size_t i = 0; i < n_in; i++) {
        ox_value v = ox_node_input(c->m, n, i);
        ox_arg a;
        char text[256];
        ox_aten_arg formal = {0};
        if (i < n_schema) formal = ox_aten_get_arg(schema, i);
        ox_status s = i < n_schema ? ox__arg_read_as(c, v, &formal.type, &a, NULL) : ox__arg_read(c, v, &a, NULL);
        if (s == OX_E_NOMEM) out->failed = true;
        if (s != OX_OK) continue;
        if (out->n) ox__buf_addc(out, '\n');
        if (i < n_schema)
            ox__buf_addz(out, formal.name);
        else
            ox__buf_addf(out, "#%zu", i + 1);
        if (a.kind == OX_ARG_VALUE) {
            ox_type_text(c->m, ox_value_type(c->m, v), text, sizeof text);
            ox__buf_addf(out, " : %s", text);
        }
        ox__buf_addz(out, " = ");
        ox__arg_print(c, out, &a);
    }
    const ox_attr *rows;
    size_t n_rows = ox_node_attrs(c->m, n, &rows);
    for (size_t i = 0; i < n_rows; i++) {
        if (rows[i].kind != OX_ATTR_RAW) continue;
        ox__buf_addf(out, "%s%s = %.200s", out->n ? "\n" : "", ox_str_text(c->m, rows[i].name, NULL),
                     ox_str_text(c->m, rows[i].u.s, NULL));
    }
}
