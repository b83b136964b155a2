/* Floor 3. Operators of several tensors that broadcast: arithmetic, comparisons, logic, choice. */
#include "ops/infer.h"

#include <math.h>

static const char *op_name(const ox_model *m, ox_node n)
{
    return ox_str_text(m, ox_node_op(m, n), NULL);
}

/* ---- inference ---- */

/* The dtype that inputs share. */
static ox_status common_dtype(ox__inf *c, size_t from, ox_dtype *out)
{
    *out = OX_UNDEFINED;
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

static ox_status infer_arith(ox__inf *c)
{
    ox_dtype d;
    ox_status s = common_dtype(c, 0, &d);
    if (s == OX_OK) s = ox__inf_broadcast(c, 0, 0, c->n_in, d);
    return s == OX_OK && ox_dtype_is_integer(d) ? binary_vec(c) : s;
}

/* The exponent has a type of its own. */
static ox_status infer_pow(ox__inf *c)
{
    return ox__inf_broadcast(c, 0, 0, c->n_in, ox__inf_dtype(c, 0));
}

static ox_status infer_compare(ox__inf *c)
{
    ox_dtype d;
    ox_status s = common_dtype(c, 0, &d);
    if (s == OX_OK) s = ox__inf_broadcast(c, 0, 0, c->n_in, OX_BOOL);
    return s == OX_OK && ox_dtype_is_integer(d) ? binary_vec(c) : s;
}

static ox_status infer_logic(ox__inf *c)
{
    return ox__inf_broadcast(c, 0, 0, c->n_in, OX_BOOL);
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

/* ---- evaluation ---- */
enum { EVAL_MAX_RANK = 16 };

/* An odometer over the broadcast of up to three arrays. */
typedef struct spread {
    uint32_t rank;
    int64_t dims[EVAL_MAX_RANK], at[EVAL_MAX_RANK];
    int64_t step[3][EVAL_MAX_RANK];
    uint64_t off[3], n;
} spread;

static bool spread_init(spread *sp, const ox__dense *in, size_t n_in)
{
    memset(sp, 0, sizeof *sp);
    for (size_t k = 0; k < n_in; k++) sp->rank = OX__MAX(sp->rank, in[k].rank);
    if (sp->rank > EVAL_MAX_RANK) return false;
    for (uint32_t d = 0; d < sp->rank; d++) sp->dims[d] = 1;
    for (size_t k = 0; k < n_in; k++) {
        int64_t stride = 1;
        for (uint32_t j = in[k].rank; j-- > 0;) {
            uint32_t d = sp->rank - in[k].rank + j;
            if (in[k].dims[j] != 1) {
                if (sp->dims[d] != 1 && sp->dims[d] != in[k].dims[j]) return false;
                sp->dims[d] = in[k].dims[j];
                sp->step[k][d] = stride;
            }
            stride *= in[k].dims[j];
        }
    }
    sp->n = 1;
    for (uint32_t d = 0; d < sp->rank; d++)
        if (__builtin_mul_overflow(sp->n, (uint64_t)sp->dims[d], &sp->n)) return false;
    return true;
}

static void spread_next(spread *sp)
{
    for (uint32_t d = sp->rank; d-- > 0;) {
        for (size_t k = 0; k < 3; k++) sp->off[k] += (uint64_t)sp->step[k][d];
        if (++sp->at[d] < sp->dims[d]) return;
        for (size_t k = 0; k < 3; k++) sp->off[k] -= (uint64_t)(sp->step[k][d] * sp->dims[d]);
        sp->at[d] = 0;
    }
}

static bool int_range(ox_dtype d, int64_t v)
{
    switch (d) {
    case OX_INT8: return v >= INT8_MIN && v <= INT8_MAX;
    case OX_INT16: return v >= INT16_MIN && v <= INT16_MAX;
    case OX_INT32: return v >= INT32_MIN && v <= INT32_MAX;
    case OX_INT64: return true;
    case OX_UINT8: return v >= 0 && v <= UINT8_MAX;
    case OX_UINT16: return v >= 0 && v <= UINT16_MAX;
    case OX_UINT32: return v >= 0 && v <= UINT32_MAX;
    default: return false;
    }
}

/* false: overflow, or not defined. */
static bool int_op(const char *op, int64_t a, int64_t b, int64_t *r)
{
    if (!strcmp(op, "Add") || !strcmp(op, "Sum")) return !__builtin_add_overflow(a, b, r);
    if (!strcmp(op, "Sub")) return !__builtin_sub_overflow(a, b, r);
    if (!strcmp(op, "Div")) {
        if (b == 0 || (a == INT64_MIN && b == -1)) return false;
        *r = a / b;
        return true;
    }
    if (!strcmp(op, "Mul")) return !__builtin_mul_overflow(a, b, r);
    if (!strcmp(op, "Max"))
        *r = OX__MAX(a, b);
    else if (!strcmp(op, "Min"))
        *r = OX__MIN(a, b);
    else if (!strcmp(op, "Mod") && a >= 0 && b > 0)
        *r = a % b;
    else
        return false;
    return true;
}

static bool float_op(const char *op, double a, double b, double *r)
{
    if (!strcmp(op, "Add") || !strcmp(op, "Sum"))
        *r = a + b;
    else if (!strcmp(op, "Sub"))
        *r = a - b;
    else if (!strcmp(op, "Mul"))
        *r = a * b;
    else if (!strcmp(op, "Div"))
        *r = a / b;
    else if (!strcmp(op, "Pow"))
        *r = pow(a, b);
    else if (!strcmp(op, "Max"))
        *r = isnan(a) || a > b ? a : b;
    else if (!strcmp(op, "Min"))
        *r = isnan(a) || a < b ? a : b;
    else
        return false;
    return true;
}

static bool real(ox_dtype d)
{
    return ox_dtype_is_float(d) && ox_dtype_bits(d) >= 16;
}

static ox_status eval_arith(ox__ev *e)
{
    const char *op = op_name(e->m, e->node);
    const ox__dense *a = &e->in[0], *b = &e->in[1];
    spread sp;
    if (e->n_in != 2 || (a->dtype != b->dtype && strcmp(op, "Pow") != 0) || !spread_init(&sp, e->in, 2))
        return OX_E_UNSUPPORTED;
    if (!real(a->dtype) && (!ox_dtype_is_integer(a->dtype) || !strcmp(op, "Pow"))) return OX_E_UNSUPPORTED;
    ox_status s = OX_OK;
    void *out = ox__ev_out(e, 0, a->dtype, sp.rank, sp.dims, &s);
    for (uint64_t i = 0; out && i < sp.n; i++, spread_next(&sp)) {
        double f;
        int64_t n;
        if (real(a->dtype)) {
            if (!float_op(op, ox__ev_f64(a, sp.off[0]), ox__ev_f64(b, sp.off[1]), &f)) return OX_E_UNSUPPORTED;
            ox_dtype_set_f64(a->dtype, out, i, f);
        } else {
            if (!int_op(op, ox__ev_i64(a, sp.off[0]), ox__ev_i64(b, sp.off[1]), &n) || !int_range(a->dtype, n))
                return OX_E_UNSUPPORTED;
            ox_dtype_set_i64(a->dtype, out, i, n);
        }
    }
    return out ? OX_OK : s;
}

static ox_status eval_compare(ox__ev *e)
{
    const char *op = op_name(e->m, e->node);
    const ox__dense *a = &e->in[0], *b = &e->in[1];
    spread sp;
    bool is_int = ox_dtype_is_integer(a->dtype) || a->dtype == OX_BOOL;
    if (e->n_in != 2 || a->dtype != b->dtype || (!is_int && !real(a->dtype)) || a->dtype == OX_UINT64 ||
        !spread_init(&sp, e->in, 2))
        return OX_E_UNSUPPORTED;
    bool greater = op[0] == 'G', less = op[0] == 'L', equal = op[0] == 'E' || strstr(op, "OrEqual") != NULL;
    ox_status s = OX_OK;
    uint8_t *out = ox__ev_out(e, 0, OX_BOOL, sp.rank, sp.dims, &s);
    for (uint64_t i = 0; out && i < sp.n; i++, spread_next(&sp)) {
        if (is_int) {
            int64_t x = ox__ev_i64(a, sp.off[0]), y = ox__ev_i64(b, sp.off[1]);
            out[i] = (greater && x > y) || (less && x < y) || (equal && x == y);
        } else {
            double x = ox__ev_f64(a, sp.off[0]), y = ox__ev_f64(b, sp.off[1]);
            out[i] = (greater && x > y) || (less && x < y) || (equal && x == y);
        }
    }
    return out ? OX_OK : s;
}

static ox_status eval_logic(ox__ev *e)
{
    const char *op = op_name(e->m, e->node);
    spread sp;
    if (e->n_in != 2 || e->in[0].dtype != OX_BOOL || e->in[1].dtype != OX_BOOL || !spread_init(&sp, e->in, 2))
        return OX_E_UNSUPPORTED;
    ox_status s = OX_OK;
    uint8_t *out = ox__ev_out(e, 0, OX_BOOL, sp.rank, sp.dims, &s);
    for (uint64_t i = 0; out && i < sp.n; i++, spread_next(&sp)) {
        bool x = ox__ev_i64(&e->in[0], sp.off[0]) != 0, y = ox__ev_i64(&e->in[1], sp.off[1]) != 0;
        out[i] = op[0] == 'A' ? x && y : op[0] == 'O' ? x || y : x != y;
    }
    return out ? OX_OK : s;
}

static ox_status eval_where(ox__ev *e)
{
    spread sp;
    if (e->n_in != 3 || e->in[0].dtype != OX_BOOL || e->in[1].dtype != e->in[2].dtype || !spread_init(&sp, e->in, 3))
        return OX_E_UNSUPPORTED;
    unsigned item = ox__ev_item(e->in[1].dtype);
    if (!item) return OX_E_UNSUPPORTED;
    ox_status s = OX_OK;
    uint8_t *out = ox__ev_out(e, 0, e->in[1].dtype, sp.rank, sp.dims, &s);
    for (uint64_t i = 0; out && i < sp.n; i++, spread_next(&sp)) {
        size_t k = ox__ev_i64(&e->in[0], sp.off[0]) ? 1 : 2;
        memcpy(out + i * item, (const uint8_t *)e->in[k].data + sp.off[k] * item, item);
    }
    return out ? OX_OK : s;
}

static const ox__op_row rows[] = {
    {"Add", infer_arith, eval_arith, OX__OP_PROMOTES},
    {"And", infer_logic, eval_logic, 0},
    {"BitShift", infer_arith, NULL, 0},
    {"BitwiseAnd", infer_arith, NULL, OX__OP_PROMOTES},
    {"BitwiseOr", infer_arith, NULL, OX__OP_PROMOTES},
    {"BitwiseXor", infer_arith, NULL, OX__OP_PROMOTES},
    {"Div", infer_arith, eval_arith, OX__OP_PROMOTES},
    {"Equal", infer_compare, eval_compare, OX__OP_PROMOTES},
    {"Greater", infer_compare, eval_compare, OX__OP_PROMOTES},
    {"GreaterOrEqual", infer_compare, eval_compare, OX__OP_PROMOTES},
    {"Less", infer_compare, eval_compare, OX__OP_PROMOTES},
    {"LessOrEqual", infer_compare, eval_compare, OX__OP_PROMOTES},
    {"Max", infer_arith, eval_arith, OX__OP_PROMOTES},
    {"Mean", infer_arith, NULL, OX__OP_PROMOTES},
    {"Min", infer_arith, eval_arith, OX__OP_PROMOTES},
    {"Mod", infer_arith, eval_arith, OX__OP_PROMOTES},
    {"Mul", infer_arith, eval_arith, OX__OP_PROMOTES},
    {"Or", infer_logic, eval_logic, 0},
    {"PRelu", infer_prelu, NULL, OX__OP_PROMOTES},
    {"Pow", infer_pow, eval_arith, OX__OP_PROMOTES},
    {"Sub", infer_arith, eval_arith, OX__OP_PROMOTES},
    {"Sum", infer_arith, eval_arith, OX__OP_PROMOTES},
    {"Where", infer_where, eval_where, OX__OP_PROMOTES},
    {"Xor", infer_logic, eval_logic, 0},
};
const ox__op_family ox__ops_binary = {rows, OX__COUNT(rows), NULL};
