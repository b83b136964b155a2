/* Floor 4. What is known of a value without inference: constants that are small enough to be looked at, element types.
 */
#include "check/habits.h"

enum { MAX_STEPS = 32 };

ox_tensor ox__known_tensor(const ox__check *c, ox_value v)
{
    ox_node maker = ox_value_node(c->m, v);
    if (!maker.id) return ox_value_is_input(c->m, v) ? (ox_tensor){0} : ox_value_tensor(c->m, v);
    if (!ox_node_is(c->m, maker, "", "Constant")) return (ox_tensor){0};
    const ox_attr *a = ox_node_attr(c->m, maker, "value");
    return a && a->kind == OX_ATTR_TENSOR && !a->ref.id ? a->u.t : (ox_tensor){0};
}

static bool tensor_ints(ox__check *c, ox_tensor t, size_t max, int64_t *out, size_t *n)
{
    uint64_t raw[OX__KNOWN_MAX];
    ox_tensor_info info = ox_tensor_get(c->m, t);
    uint64_t bytes = ox_tensor_raw_size(c->m, t);
    bool stored = info.storage == OX_STORAGE_FILE || info.storage == OX_STORAGE_OWNED;
    if (!t.id || !stored || !ox_dtype_is_integer(info.dtype) || ox_dtype_bits(info.dtype) < 32) return false;
    if (info.n_elements > max || bytes > sizeof raw) return false;
    ox_error err; /* what cannot be read is said by the family "data" */
    if (bytes && ox_tensor_read(c->m, t, 0, raw, bytes, &err) != OX_OK) return false;
    *n = (size_t)info.n_elements;
    for (size_t i = 0; i < *n; i++) out[i] = ox_dtype_get_i64(info.dtype, raw, i);
    return true;
}

static bool attr_ints(const ox_attr *a, size_t max, int64_t *out, size_t *n)
{
    if (!a || a->ref.id || (a->kind != OX_ATTR_INT && a->kind != OX_ATTR_INTS)) return false;
    *n = a->kind == OX_ATTR_INT ? 1 : a->n;
    if (*n > max) return false;
    if (a->kind == OX_ATTR_INT)
        out[0] = a->u.i;
    else if (*n)
        memcpy(out, a->u.ints, *n * sizeof *out);
    return true;
}

bool ox__known_ints(ox__check *c, ox_value v, size_t max, int64_t *out, size_t *n)
{
    ox_node maker = ox_value_node(c->m, v);
    max = OX__MIN(max, (size_t)OX__KNOWN_MAX);
    if (!v.id) return false;
    if (maker.id && ox_node_is(c->m, maker, "", "Constant") &&
        (attr_ints(ox_node_attr(c->m, maker, "value_int"), max, out, n) ||
         attr_ints(ox_node_attr(c->m, maker, "value_ints"), max, out, n)))
        return true;
    if (maker.id && ox_node_is(c->m, maker, "prim", "Constant"))
        return attr_ints(ox_node_attr(c->m, maker, "value"), max, out, n);
    return tensor_ints(c, ox__known_tensor(c, v), max, out, n);
}

int64_t ox__known_attr(const ox__check *c, ox_node n, const char *name, int64_t def)
{
    const ox_attr *a = ox_node_attr(c->m, n, name);
    return a && a->kind == OX_ATTR_INT && !a->ref.id ? a->u.i : def;
}

static ox_dtype stated(const ox__check *c, ox_value v)
{
    ox_type_info t = ox_type_get(c->m, ox_value_type(c->m, v));
    if (t.kind == OX_TYPE_TENSOR && t.dtype) return t.dtype;
    ox_tensor data = ox_value_tensor(c->m, v);
    return data.id ? ox_tensor_get(c->m, data).dtype : OX_UNDEFINED;
}

const ox_op_schema *ox__known_schema(const ox__check *c, ox_node n)
{
    size_t len;
    const char *op = ox_str_text(c->m, ox_node_op(c->m, n), &len);
    if (c->onnx) return ox_op_schema_of(c->m, n);
    return ox_node_is(c->m, n, "", op) ? ox_op_schema_find_n("", 0, op, len, 0) : NULL;
}

/* The input that has the type of output i by the schema, {0} if there is none; *fixed if the schema knows it outright.
 */
static ox_value same_as(const ox__check *c, ox_node n, uint32_t i, ox_dtype *fixed)
{
    const ox_op_schema *s = ox__known_schema(c, n);
    ox_op_param out, in;
    *fixed = OX_UNDEFINED;
    if (!s || !ox_op_schema_output_for(s, i, &out)) return (ox_value){0};
    *fixed = ox_type_set_single(&out.types);
    for (size_t k = 0; out.var >= 0 && k < ox_node_n_inputs(c->m, n) && ox_op_schema_input_for(s, k, &in); k++)
        if (in.var == out.var && ox_node_input(c->m, n, k).id) return ox_node_input(c->m, n, k);
    return (ox_value){0};
}

ox_dtype ox__known_dtype(const ox__check *c, ox_value v)
{
    for (int step = 0; v.id && step < MAX_STEPS; step++) {
        ox_dtype d = stated(c, v);
        ox_node n = ox_value_node(c->m, v);
        if (d || !n.id) return d;
        if (ox_node_is(c->m, n, "", "Cast")) {
            int64_t to = ox__known_attr(c, n, "to", 0);
            return ox_dtype_is_valid((int)to) ? (ox_dtype)to : OX_UNDEFINED;
        }
        if (ox_node_is(c->m, n, "", "Constant")) return ox_tensor_get(c->m, ox__known_tensor(c, v)).dtype;
        v = same_as(c, n, ox_value_index(c->m, v), &d);
        if (d) return d;
    }
    return OX_UNDEFINED;
}

int32_t ox__known_rank(const ox__check *c, ox_value v)
{
    ox_type_info t = ox_type_get(c->m, ox_value_type(c->m, v));
    if (t.kind == OX_TYPE_TENSOR) return t.rank;
    ox_tensor data = ox_value_tensor(c->m, v);
    return data.id ? (int32_t)ox_tensor_get(c->m, data).rank : OX_RANK_UNKNOWN;
}
