/* Floor 5. Adds ONNX nodes; each is told where it came from and gets its types at once. */
#include "convert/emit.h"

#include "convert/args.h"
#include "convert/lists.h"
#include "ir/ir.h"

#include <math.h>

ox_attr ox__attr_int(ox__conv *c, const char *name, int64_t i)
{
    return (ox_attr){.name = ox__conv_str(c, name), .kind = OX_ATTR_INT, .u.i = i};
}

/* Values made from numbers alone are numbers themselves to type promotion. */
static ox_status mark_numbers(ox__conv *c, ox_node n, ox_error *err)
{
    size_t n_in = ox_node_n_inputs(c->m, n);
    for (size_t i = 0; i < n_in; i++) {
        ox_value v = ox_node_input(c->m, n, i);
        if (v.id && !(ox__conv_flags(c, v) & OX__V_NUMBER)) return OX_OK;
    }
    for (size_t i = 0; n_in && i < ox_node_n_outputs(c->m, n); i++) {
        ox_value v = ox_node_output(c->m, n, i);
        ox_type_info t = ox_type_get(c->m, ox_value_type(c->m, v));
        if (t.kind != OX_TYPE_TENSOR || t.rank != 0) continue;
        uint32_t flag = t.dtype == OX_BOOL ? OX__V_BOOL : ox_dtype_is_float(t.dtype) ? OX__V_FLOAT : OX__V_INT;
        ox_status s = ox__conv_set_flags(c, v, flag, err);
        if (s != OX_OK) return s;
    }
    return OX_OK;
}

ox_status ox__emit_node(ox__conv *c, const ox__emit *e, ox_node *out, ox_error *err)
{
    ox_node n;
    ox_status s = ox_node_create(c->m, &n, e->graph, e->before, e->domain.id ? e->domain : c->s_onnx,
                                 ox__conv_str(c, e->op), e->n_in, e->in, e->n_out, err);
    if (s == OX_OK && e->n_attrs) s = ox__node_set_attrs(c->m, n, (uint32_t)e->n_attrs, e->attrs, err);
    if (s == OX_OK) s = ox_node_set_scope(c->m, n, ox_node_scope(c->m, e->at), err);
    if (s == OX_OK) s = ox_node_set_loc(c->m, n, ox_node_loc(c->m, e->at), err);
    if (s == OX_OK) s = ox_node_set_origin(c->m, n, ox_node_origin(c->m, e->at), err);
    if (s == OX_OK) s = ox__infer_node(c->facts, n, &c->inf, NULL, err);
    if (s == OX_OK) s = mark_numbers(c, n, err);
    if (s == OX_OK && out) *out = n;
    return s;
}

ox_status ox__emit_one(ox__conv *c, ox_node at, const char *op, size_t n_in, const ox_value *in, const ox_attr *attr,
                       ox_value *out, ox_error *err)
{
    ox_node n;
    ox__emit e = {.at = at,
                  .graph = ox_node_graph(c->m, at),
                  .before = at,
                  .op = op,
                  .n_in = n_in,
                  .in = in,
                  .n_attrs = attr ? 1 : 0,
                  .attrs = attr,
                  .n_out = 1};
    ox_status s = ox__emit_node(c, &e, &n, err);
    if (s == OX_OK) *out = ox_node_output(c->m, n, 0);
    return s;
}

ox_status ox__emit_constant(ox__conv *c, ox_node at, ox_graph g, ox_node before, ox_tensor t, ox_value *out,
                            ox_error *err)
{
    ox_node n;
    ox_attr a = {.name = c->s_value, .kind = OX_ATTR_TENSOR, .rounded = ox_tensor_get(c->m, t).rounded, .u.t = t};
    ox__emit e = {.at = at, .graph = g, .before = before, .op = "Constant", .n_attrs = 1, .attrs = &a, .n_out = 1};
    ox_status s = ox__emit_node(c, &e, &n, err);
    if (s == OX_OK) *out = ox_node_output(c->m, n, 0);
    return s;
}

ox_status ox__number_tensor(ox__conv *c, const ox_arg *a, ox_dtype dtype, ox_tensor *out, ox_error *err)
{
    uint64_t raw[2] = {0}, bytes;
    bool is_float = a->kind == OX_ARG_FLOAT;
    if (!ox_dtype_bytes(dtype, 1, &bytes) || bytes > sizeof raw || ox_dtype_is_complex(dtype))
        return ox__fail(err, OX_E_INVALID, "a number cannot be %s", ox_dtype_name(dtype, OX_DTYPE_NUMPY));
    if (ox_dtype_is_float(dtype)) {
        ox_dtype_set_f64(dtype, raw, 0, is_float ? a->f : (double)a->i);
    } else if (dtype == OX_BOOL) {
        ox_dtype_set_i64(dtype, raw, 0, is_float ? a->f != 0 : a->i != 0);
    } else {
        if (is_float && (a->f != trunc(a->f) || !(fabs(a->f) < 9.2e18)))
            return ox__fail(err, OX_E_INVALID, "%g is no %s", a->f, ox_dtype_name(dtype, OX_DTYPE_NUMPY));
        int64_t i = is_float ? (int64_t)a->f : a->i;
        ox_dtype_set_i64(dtype, raw, 0, i);
        if (ox_dtype_get_i64(dtype, raw, 0) != i)
            return ox__fail(err, OX_E_INVALID, "%lld does not fit %s", (long long)i,
                            ox_dtype_name(dtype, OX_DTYPE_NUMPY));
    }
    ox_tensor_info info = {
        .dtype = dtype, .storage = OX_STORAGE_OWNED, .rounded = a->rounded, .n_bytes = bytes, .data = raw};
    return ox_tensor_add(c->m, out, &info, err);
}

ox_status ox__emit_cast(ox__conv *c, ox_node at, ox_graph g, ox_node before, ox_value v, ox_dtype to, ox_value *out,
                        ox_error *err)
{
    ox_node n;
    ox_attr a = ox__attr_int(c, "to", to);
    ox__emit e = {.at = at,
                  .graph = g,
                  .before = before,
                  .op = "Cast",
                  .n_in = 1,
                  .in = &v,
                  .n_attrs = 1,
                  .attrs = &a,
                  .n_out = 1};
    ox_status s = ox__emit_node(c, &e, &n, err);
    if (s == OX_OK) *out = ox_node_output(c->m, n, 0);
    return s;
}

/* ---- lists ---- */
static ox_status emit_vector(ox__conv *c, const ox__emit *at, ox_dtype dtype, size_t n, const ox_arg *items,
                             ox_value *out, ox_error *err)
{
    int64_t dims[1] = {(int64_t)n};
    uint64_t bytes;
    if (!ox_dtype_bytes(dtype, n, &bytes)) return ox__nomem(err);
    void *data = ox__arena_alloc(&c->call, (size_t)bytes + 8);
    if (!data) return ox__nomem(err);
    for (size_t i = 0; i < n; i++)
        if (dtype == OX_FLOAT)
            ox_dtype_set_f64(dtype, data, i, items[i].kind == OX_ARG_FLOAT ? items[i].f : (double)items[i].i);
        else
            ox_dtype_set_i64(dtype, data, i, items[i].i);
    ox_tensor t;
    ox_status s = ox_tensor_add_raw(c->m, &t, dtype, 1, dims, data, (size_t)bytes, err);
    return s == OX_OK ? ox__emit_constant(c, at->at, at->graph, at->before, t, out, err) : s;
}

static ox_status emit_with(ox__conv *c, ox__emit e, const char *op, size_t n_in, const ox_value *in,
                           const ox_attr *attr, ox_value *out, ox_error *err)
{
    ox_node made;
    e.op = op;
    e.n_in = n_in;
    e.in = in;
    e.n_attrs = attr ? 1 : 0;
    e.attrs = attr;
    e.n_out = 1;
    ox_status s = ox__emit_node(c, &e, &made, err);
    if (s == OX_OK) *out = ox_node_output(c->m, made, 0);
    return s;
}

/* Numbers that are computed: each becomes a vector of one, and these are joined. */
static ox_status emit_numbers(ox__conv *c, const ox__emit *e, ox_dtype dtype, size_t n, ox_value *in, ox_value *out,
                              ox_error *err)
{
    static const ox_arg one = {.kind = OX_ARG_INT, .i = 1};
    ox_value shape;
    ox_status s = emit_vector(c, e, OX_INT64, 1, &one, &shape, err);
    for (size_t i = 0; s == OX_OK && i < n; i++) {
        ox_value args[2] = {in[i], shape};
        ox_type_info t = ox_type_get(c->m, ox_value_type(c->m, in[i]));
        if (t.kind == OX_TYPE_TENSOR && t.dtype != dtype)
            s = ox__emit_cast(c, e->at, e->graph, e->before, in[i], dtype, &args[0], err);
        if (s == OX_OK) s = emit_with(c, *e, "Reshape", 2, args, NULL, &in[i], err);
    }
    ox_attr axis = ox__attr_int(c, "axis", 0);
    if (s == OX_OK) s = emit_with(c, *e, "Concat", n, in, &axis, out, err);
    return s;
}

static bool all_constant(const ox_arg *list)
{
    for (size_t i = 0; i < list->n; i++)
        if (list->items[i].kind != OX_ARG_INT && list->items[i].kind != OX_ARG_FLOAT &&
            list->items[i].kind != OX_ARG_BOOL)
            return false;
    return true;
}

static ox_status emit_empty(ox__conv *c, const ox__emit *e, ox_value list, ox_value *out, ox_error *err)
{
    ox_dtype dtype = ox__list_dtype(c, list);
    if (c->opset < 11) return ox__fail(err, OX_E_UNSUPPORTED, "lists of tensors need opset 11");
    ox_attr a = ox__attr_int(c, "dtype", dtype ? dtype : OX_FLOAT);
    return emit_with(c, *e, "SequenceEmpty", 0, NULL, &a, out, err);
}

/* A list of the trace as a value: a vector of its numbers, or a sequence of its tensors. */
static ox_status emit_list(ox__conv *c, ox__emit *e, ox_value v, const ox_arg *list, ox_value *out, ox_error *err)
{
    ox_type_info t = ox_type_get(c->m, ox_value_type(c->m, v));
    ox_type_kind item = t.kind == OX_TYPE_LIST ? ox_type_get(c->m, t.items[0]).kind : OX_TYPE_NONE_KNOWN;
    ox_dtype dtype = ox__number_dtype(item);
    if (!dtype && list->n && all_constant(list))
        dtype = list->items[0].kind == OX_ARG_INT ? OX_INT64 : list->items[0].kind == OX_ARG_BOOL ? OX_BOOL : OX_FLOAT;
    if (dtype && all_constant(list)) return emit_vector(c, e, dtype, list->n, list->items, out, err);
    ox_node n = ox_value_node(c->m, v);
    if (!list->n) return emit_empty(c, e, v, out, err);
    ox_value *in = ox__arena_alloc(&c->call, list->n * sizeof *in);
    if (!in) return ox__nomem(err);
    for (size_t i = 0; i < list->n; i++) {
        ox_status s = ox__emit_tensor(c, e->at, e->graph, e->before, ox_node_input(c->m, n, i), &in[i], err);
        if (s != OX_OK) return s;
    }
    if (dtype) return emit_numbers(c, e, dtype, list->n, in, out, err);
    if (c->opset < 11) return ox__fail(err, OX_E_UNSUPPORTED, "lists of tensors need opset 11");
    return emit_with(c, *e, "SequenceConstruct", list->n, in, NULL, out, err);
}

/* ---- values that are never read ---- */
ox_status ox__emit_dummy(ox__conv *c, ox_node at, ox_graph g, ox_node before, ox_type type, ox_value *out,
                         ox_error *err)
{
    ox_type_info t = ox_type_get(c->m, type);
    ox__emit e = {.at = at, .graph = g, .before = before};
    if (t.kind == OX_TYPE_SEQUENCE) {
        ox_type_info item = ox_type_get(c->m, t.items[0]);
        ox_attr a = ox__attr_int(c, "dtype", item.dtype ? item.dtype : OX_FLOAT);
        return emit_with(c, e, "SequenceEmpty", 0, NULL, &a, out, err);
    }
    ox_dtype dtype = t.kind == OX_TYPE_TENSOR ? t.dtype : ox__number_dtype(t.kind);
    if (!dtype) return ox__fail(err, OX_E_UNSUPPORTED, "a value that one branch does not set is of an unknown type");
    ox_arg zero = {.kind = OX_ARG_INT};
    if (t.kind != OX_TYPE_TENSOR || t.rank <= 0) {
        ox_tensor x;
        ox_status s = ox__number_tensor(c, &zero, dtype, &x, err);
        return s == OX_OK ? ox__emit_constant(c, at, g, before, x, out, err) : s;
    }
    ox_arg *sizes = ox__arena_alloc(&c->call, (size_t)t.rank * sizeof *sizes);
    if (!sizes) return ox__nomem(err);
    for (int32_t i = 0; i < t.rank; i++) {
        sizes[i] = zero;
        (void)ox_dim_is_const(c->m, t.dims[i], &sizes[i].i);
    }
    ox_value shape;
    ox_tensor fill = {0};
    int64_t one[1] = {1}, raw[2] = {0};
    uint64_t bytes = 0;
    ox_status s = emit_vector(c, &e, OX_INT64, (size_t)t.rank, sizes, &shape, err);
    if (s == OX_OK && !ox_dtype_bytes(dtype, 1, &bytes)) s = ox__nomem(err);
    if (s == OX_OK) s = ox_tensor_add_raw(c->m, &fill, dtype, 1, one, raw, (size_t)bytes, err);
    ox_attr a = {.name = c->s_value, .kind = OX_ATTR_TENSOR, .u.t = fill};
    return s == OX_OK ? emit_with(c, e, "ConstantOfShape", 1, &shape, &a, out, err) : s;
}

ox_status ox__emit_tensor(ox__conv *c, ox_node at, ox_graph g, ox_node before, ox_value v, ox_value *out, ox_error *err)
{
    *out = v;
    ox_node n = ox_value_node(c->m, v);
    if (!n.id || ox_node_domain(c->m, n).id != c->s_prim.id) return OX_OK;
    ox_arg a;
    ox_status s = ox__arg_read(c, v, &a, err);
    bool unset = ox_node_is(c->m, n, "prim", "Uninitialized");
    if (s != OX_OK || (a.kind == OX_ARG_VALUE && !unset)) return s;
    ox__emit e = {.at = at, .graph = g, .before = before};
    if (unset) return ox__emit_dummy(c, at, g, before, ox_value_type(c->m, v), out, err);
    if (a.kind == OX_ARG_LIST) return emit_list(c, &e, v, &a, out, err);
    ox_dtype dtype = a.kind == OX_ARG_INT ? OX_INT64 : a.kind == OX_ARG_FLOAT ? OX_FLOAT : OX_BOOL;
    if (a.kind != OX_ARG_INT && a.kind != OX_ARG_FLOAT && a.kind != OX_ARG_BOOL)
        return ox__fail(err, OX_E_UNSUPPORTED, "%s is no tensor", a.kind == OX_ARG_NONE ? "None" : "a string or dtype");
    ox_tensor t;
    s = ox__number_tensor(c, &a, dtype, &t, err);
    if (s == OX_OK) s = ox__emit_constant(c, at, g, before, t, out, err);
    uint32_t flag = a.kind == OX_ARG_INT ? OX__V_INT : a.kind == OX_ARG_FLOAT ? OX__V_FLOAT : OX__V_BOOL;
    return s == OX_OK ? ox__conv_set_flags(c, *out, flag, err) : s;
}
