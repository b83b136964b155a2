/* Floor 5. A new node held against its schema: how many inputs and outputs, which attributes of which type. */
#include "convert/call.h"

static ox_status check_counts(const ox_op_schema *schema, const char *op, size_t n_in, const ox_arg *in, size_t n_out,
                              ox_error *err)
{
    ox_op_info info = ox_op_schema_info(schema);
    if (n_in > info.max_inputs)
        return ox__fail(err, OX_E_INVALID, "%s takes at most %u input%s at opset %lld and newer, not %zu", op,
                        info.max_inputs, info.max_inputs == 1 ? "" : "s", (long long)info.since, n_in);
    for (uint32_t i = 0; i < info.n_inputs; i++) {
        ox_op_param p = ox_op_schema_input(schema, i);
        bool needed = p.option == OX_PARAM_SINGLE || (p.option == OX_PARAM_VARIADIC && n_in < i + p.min_arity);
        if (needed && (i >= n_in || in[i].kind == OX_ARG_NONE))
            return ox__fail(err, OX_E_INVALID, "input %u (%s) of %s is missing", i + 1, p.name, op);
    }
    if (n_out > info.max_outputs || n_out < OX__MAX(info.min_outputs, 1u))
        return ox__fail(err, OX_E_INVALID, "%s has %u to %u outputs, not %zu", op, OX__MAX(info.min_outputs, 1u),
                        info.max_outputs, n_out);
    return OX_OK;
}

static void list_attrs(const ox_op_schema *schema, char *buf, size_t size)
{
    ox_op_info info = ox_op_schema_info(schema);
    size_t n = 0;
    buf[0] = '\0';
    for (uint32_t i = 0; i < info.n_attrs && n + 2 < size; i++) {
        ox_op_attr a = ox_op_schema_attr(schema, i);
        size_t len = strlen(a.name);
        if (n + len + 3 >= size) break;
        if (n) {
            memcpy(buf + n, ", ", 2);
            n += 2;
        }
        memcpy(buf + n, a.name, len + 1);
        n += len;
    }
}

static ox_status unknown_attr(ox__conv *c, const ox_op_schema *schema, const char *op, const char *name, ox_error *err)
{
    char known[300];
    list_attrs(schema, known, sizeof known);
    ox__fail(err, OX_E_INVALID, "%s has no attribute '%s' at opset %lld", op, name, (long long)c->opset);
    if (known[0])
        ox_error_hint(err, "it has %s", known);
    else
        ox_error_hint(err, "it has none");
    return OX_E_INVALID;
}

ox_status ox__check_shape_of_call(ox__conv *c, const ox_op_schema *schema, const char *op, size_t n_in,
                                  const ox_arg *in, size_t n_attrs, const ox_attr *attrs, size_t n_out, ox_error *err)
{
    ox_status s = check_counts(schema, op, n_in, in, n_out, err);
    if (s != OX_OK) return s;
    for (size_t i = 0; i < n_attrs; i++) {
        size_t n;
        const char *name = ox_str_text(c->m, attrs[i].name, &n);
        ox_op_attr a;
        if (!ox_op_schema_find_attr(schema, name, n, &a)) return unknown_attr(c, schema, op, name, err);
        if (a.kind != (ox_attr_kind)attrs[i].kind)
            return ox__fail(err, OX_E_INVALID, "the attribute '%s' of %s is of type %s, not %s", name, op,
                            ox_attr_kind_name(a.kind), ox_attr_kind_name((ox_attr_kind)attrs[i].kind));
        for (size_t j = 0; j < i; j++)
            if (attrs[j].name.id == attrs[i].name.id)
                return ox__fail(err, OX_E_INVALID, "the attribute '%s' of %s is given twice", name, op);
    }
    ox_op_info info = ox_op_schema_info(schema);
    for (uint32_t k = 0; k < info.n_attrs; k++) {
        ox_op_attr a = ox_op_schema_attr(schema, k);
        bool given = !a.required;
        for (size_t i = 0; i < n_attrs && !given; i++)
            given = strcmp(ox_str_text(c->m, attrs[i].name, NULL), a.name) == 0;
        if (!given) return ox__fail(err, OX_E_INVALID, "the attribute '%s' of %s is required", a.name, op);
    }
    return OX_OK;
}
