/* Floor 3. Operators of several tensors that broadcast: arithmetic, comparisons, logic, choice. */
#include "ops/binary.h"
#include "ops/infer.h"

static const char *op_name(const ox_model *m, ox_node n)
{
    return ox_str_text(m, ox_node_op(m, n), NULL);
}

/* ---- inference ---- */

/* The dtype that inputs share. */
static ox_status common_dtype(ox__inf *c, size_t from, ox_dtype *out)
{
    *out = OX_UNDEFINED;
    for (size_t i = from; c->opt->certain && i < c->n_in; i++)
        if (!ox__inf_dtype(c, i)) return OX_OK;
    for (size_t i = from; i < c->n_in; i++) {
        ox_dtype d = ox__inf_dtype(c, i);
        if (!d || d == *out) continue;
        if (*out && !c->opt->lenient)
            return ox__inf_fail(c, "inputs of %s and %s", ox_dtype_name(*out, OX_DTYPE_NUMPY),
                                ox_dtype_name(d, OX_DTYPE_NUMPY));
        *out = ox__dtype_promote(*out, d);
    }
    return OX_OK;
}

/* Integer arithmetic on dims. Unknown where the rules of the two differ (division of what may be negative). */
static ox_dim dim_op(ox__inf *c, const char *op, ox_dim a, ox_dim b)
{
    int64_t va = 0, vb = 0;
    bool ca = ox_dim_is_const(c->m, a, &va), cb = ox_dim_is_const(c->m, b, &vb);
    if (!strcmp(op, "Add")) return ox_dim_add(c->m, a, b);
    if (!strcmp(op, "Sub")) return ox_dim_sub(c->m, a, b);
    if (!strcmp(op, "Mul")) return ox_dim_mul(c->m, a, b);
    if (!strcmp(op, "Max")) return ox_dim_max(c->m, a, b);
    if (!strcmp(op, "Min")) return ox_dim_min(c->m, a, b);
    if (ca && cb) {
        if (!strcmp(op, "Equal")) return ox__inf_const(c, va == vb);
        if (!strcmp(op, "Greater")) return ox__inf_const(c, va > vb);
        if (!strcmp(op, "Less")) return ox__inf_const(c, va < vb);
        if (!strcmp(op, "GreaterOrEqual")) return ox__inf_const(c, va >= vb);
        if (!strcmp(op, "LessOrEqual")) return ox__inf_const(c, va <= vb);
        if (!strcmp(op, "Div") && vb != 0 && !(va == INT64_MIN && vb == -1)) return ox__inf_const(c, va / vb);
        if (!strcmp(op, "Mod") && vb > 0 && va >= 0) return ox__inf_const(c, va % vb);
    } else if (!strcmp(op, "Mod") && cb && vb > 0 && !ox__inf_int(c, "fmod", 0)) {
        return ox_dim_sub(c->m, a, ox_dim_mul(c->m, b, ox_dim_floordiv(c->m, a, b))); /* of the sign of b */
    } else if (!strcmp(op, "Div") && cb && vb > 0) {
        return ox_dim_floordiv(c->m, a, b); /* dims are not negative */
    } else if (!strcmp(op, "Equal") && ox_dim_equal(c->m, a, b)) {
        return ox__inf_const(c, 1);
    }
    return ox__inf_unknown(c, "arithmetic that is not followed");
}

static ox_status binary_vec(ox__inf *c)
{
    ox__vec_fact a, b;
    if (c->n_in != 2 || !ox__inf_vec(c, 0, &a) || !ox__inf_vec(c, 1, &b)) return OX_OK;
    if (a.n != b.n && a.n != 1 && b.n != 1) return OX_OK;
    size_t n = a.n == 1 ? b.n : a.n;
    ox_dim *d = ox__inf_dims(c, n);
    if (!d) return OX_E_NOMEM;
    for (size_t i = 0; i < n; i++)
        d[i] = dim_op(c, op_name(c->m, c->node), a.dims[a.n == 1 ? 0 : i], b.dims[b.n == 1 ? 0 : i]);
    return ox__inf_out_vec(c, 0, d, n, a.scalar && b.scalar);
}

/* Before opset 7 the shape is the first input's: a second one that differs is placed in it by `broadcast` and `axis`.
 */
static ox_status combined(ox__inf *c, ox_dtype dtype)
{
    if (c->opset < 7 && c->n_in == 2 && ox__inf_int(c, "broadcast", 0)) return ox__inf_out_like(c, 0, 0, dtype);
    return ox__inf_broadcast(c, 0, 0, c->n_in, dtype);
}

static ox_status infer_arith(ox__inf *c)
{
    ox_dtype d;
    ox_status s = common_dtype(c, 0, &d);
    if (s == OX_OK) s = combined(c, d);
    return s == OX_OK && ox_dtype_is_integer(d) ? binary_vec(c) : s;
}

/* The exponent has a type of its own. */
static ox_status infer_pow(ox__inf *c)
{
    return combined(c, ox__inf_dtype(c, 0));
}

static ox_status infer_compare(ox__inf *c)
{
    ox_dtype d;
    ox_status s = common_dtype(c, 0, &d);
    if (s == OX_OK) s = combined(c, OX_BOOL);
    return s == OX_OK && ox_dtype_is_integer(d) ? binary_vec(c) : s;
}

static ox_status infer_logic(ox__inf *c)
{
    return combined(c, OX_BOOL);
}

static ox_status infer_where(ox__inf *c)
{
    ox_dtype d;
    ox_status s = common_dtype(c, 1, &d);
    if (s == OX_OK) s = ox__inf_broadcast(c, 0, 0, c->n_in, d);
    ox__vec_fact p, a, b;
    if (s != OX_OK || !ox__inf_vec(c, 0, &p) || !ox__inf_vec(c, 1, &a) || !ox__inf_vec(c, 2, &b)) return s;
    size_t n = OX__MAX(p.n, OX__MAX(a.n, b.n));
    if ((p.n != n && p.n != 1) || (a.n != n && a.n != 1) || (b.n != n && b.n != 1)) return OX_OK;
    ox_dim *out = ox__inf_dims(c, n);
    if (!out) return OX_E_NOMEM;
    for (size_t i = 0; i < n; i++) {
        int64_t v;
        ox_dim x = a.dims[a.n == 1 ? 0 : i], y = b.dims[b.n == 1 ? 0 : i];
        if (ox_dim_is_const(c->m, p.dims[p.n == 1 ? 0 : i], &v))
            out[i] = v ? x : y;
        else
            out[i] = ox_dim_equal(c->m, x, y) ? x : ox__inf_unknown(c, "a choice that depends on data");
    }
    return ox__inf_out_vec(c, 0, out, n, p.scalar && a.scalar && b.scalar);
}

static ox_status infer_prelu(ox__inf *c)
{
    return ox__inf_out_like(c, 0, 0, ox__inf_dtype(c, 0));
}

static const ox__op_row rows[] = {
    {"Add", infer_arith, ox__eval_arith, OX__OP_PROMOTES},
    {"And", infer_logic, ox__eval_logic, 0},
    {"BitShift", infer_arith, ox__eval_arith, 0},
    {"BitwiseAnd", infer_arith, ox__eval_arith, OX__OP_PROMOTES},
    {"BitwiseOr", infer_arith, ox__eval_arith, OX__OP_PROMOTES},
    {"BitwiseXor", infer_arith, ox__eval_arith, OX__OP_PROMOTES},
    {"Div", infer_arith, ox__eval_arith, OX__OP_PROMOTES},
    {"Equal", infer_compare, ox__eval_compare, OX__OP_PROMOTES},
    {"Greater", infer_compare, ox__eval_compare, OX__OP_PROMOTES},
    {"GreaterOrEqual", infer_compare, ox__eval_compare, OX__OP_PROMOTES},
    {"Less", infer_compare, ox__eval_compare, OX__OP_PROMOTES},
    {"LessOrEqual", infer_compare, ox__eval_compare, OX__OP_PROMOTES},
    {"Max", infer_arith, ox__eval_variadic, OX__OP_PROMOTES},
    {"Mean", infer_arith, ox__eval_variadic, OX__OP_PROMOTES},
    {"Min", infer_arith, ox__eval_variadic, OX__OP_PROMOTES},
    {"Mod", infer_arith, ox__eval_arith, OX__OP_PROMOTES},
    {"Mul", infer_arith, ox__eval_arith, OX__OP_PROMOTES},
    {"Or", infer_logic, ox__eval_logic, 0},
    {"PRelu", infer_prelu, ox__eval_arith, OX__OP_PROMOTES},
    {"Pow", infer_pow, ox__eval_pow, OX__OP_PROMOTES},
    {"Sub", infer_arith, ox__eval_arith, OX__OP_PROMOTES},
    {"Sum", infer_arith, ox__eval_variadic, OX__OP_PROMOTES},
    {"Where", infer_where, ox__eval_where, OX__OP_PROMOTES},
    {"Xor", infer_logic, ox__eval_logic, 0},
};
const ox__op_family ox__ops_binary = {rows, OX__COUNT(rows), NULL};
