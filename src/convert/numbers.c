/* Floor 5. Numbers of the trace (int, float, bool) as tensors without dims: their types, and the operators that go
 * between the two. The marks of internal.h keep telling type promotion that they are numbers. */
#include "convert/dispatch.h"
#include "convert/lists.h"

static uint32_t flag_of(ox_type_kind kind)
{
    switch (kind) {
    case OX_TYPE_INT: return OX__V_INT;
    case OX_TYPE_FLOAT_SCALAR: return OX__V_FLOAT;
    case OX_TYPE_BOOL_SCALAR: return OX__V_BOOL;
    default: return 0;
    }
}

ox_status ox__erase_number(ox__conv *c, ox_value v, ox_error *err)
{
    ox_type_kind kind = ox_type_get(c->m, ox_value_type(c->m, v)).kind;
    uint32_t flag = flag_of(kind);
    ox_type list = ox__list_type(c, v);
    if (list.id) return ox_value_set_type(c->m, v, list, err);
    if (!flag) return OX_OK;
    ox_dtype dtype = ox__number_dtype(kind);
    ox_status s = ox_value_set_type(c->m, v, ox_type_tensor(c->m, dtype, 0, NULL), err);
    return s == OX_OK ? ox__conv_set_flags(c, v, flag, err) : s;
}

static const struct {
    const char *domain, *op;
    ox_dtype to; /* the category that the result must have; UNDEFINED: as it is */
} conversions[] = {
    {"prim", "NumToTensor", OX_UNDEFINED},
    {"prim", "TensorToNum", OX_UNDEFINED},
    {"prim", "unchecked_cast", OX_UNDEFINED},
    {"aten", "ScalarImplicit", OX_UNDEFINED},
    {"aten", "Int", OX_INT64},
    {"aten", "IntImplicit", OX_INT64},
    {"aten", "Float", OX_FLOAT},
    {"aten", "FloatImplicit", OX_FLOAT},
    {"aten", "Bool", OX_BOOL},
    {"aten", "item", OX_UNDEFINED},
    {"prim", "data", OX_UNDEFINED},
    {"prim", "unchecked_unwrap_optional", OX_UNDEFINED},
};

static bool of_category(ox_dtype d, ox_dtype want)
{
    if (want == OX_FLOAT) return ox_dtype_is_float(d);
    return want == OX_INT64 ? ox_dtype_is_integer(d) : d == OX_BOOL;
}

static bool has_function(ox__conv *c, ox_node n, ox_error *err)
{
    const ox__opcache *op;
    return ox__op_cache(c, n, &op, err) == OX_OK && ox__op_group(c, op, err) == OX_OK && op->group;
}

ox_status ox__convert_number(ox__conv *c, ox_node n, bool *done, ox_error *err)
{
    *done = false;
    size_t k = 0;
    while (k < OX__COUNT(conversions) && !ox_node_is(c->m, n, conversions[k].domain, conversions[k].op)) k++;
    if (k == OX__COUNT(conversions) || ox_node_n_inputs(c->m, n) < 1 || ox_node_n_outputs(c->m, n) != 1 ||
        has_function(c, n, err))
        return OX_OK;
    ox_value v, out = ox_node_output(c->m, n, 0);
    ox_status s = ox__emit_tensor(c, n, ox_node_graph(c->m, n), n, ox_node_input(c->m, n, 0), &v, err);
    if (s != OX_OK) return s;
    ox_type_info t = ox_type_get(c->m, ox_value_type(c->m, v));
    ox_dtype want = conversions[k].to;
    if (want && !(t.kind == OX_TYPE_TENSOR && t.dtype && of_category(t.dtype, want)))
        s = ox__emit_cast(c, n, ox_node_graph(c->m, n), n, v, want, &v, err);
    if (s == OX_OK) s = ox__results_replace(c, n, out, v, err);
    if (s == OX_OK) s = ox_node_delete(c->m, n, err);
    *done = s == OX_OK;
    return s;
}
