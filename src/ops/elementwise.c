/* Floor 3. Operators of one tensor, element by element: activations, roundings, casts, tests. */
#include "ops/infer.h"

#include <float.h>
#include <math.h>

/* ---- inference ---- */
static ox_status infer_same(ox__inf *c)
{
    return ox__inf_out_like(c, 0, 0, ox__inf_dtype(c, 0));
}

static ox_status infer_bool(ox__inf *c)
{
    return ox__inf_out_like(c, 0, 0, OX_BOOL);
}

/* An integer value keeps its elements; used by Identity, Cast and the like. */
static ox_status keep_vec(ox__inf *c)
{
    ox__vec_fact v;
    return ox__inf_vec(c, 0, &v) ? ox__inf_out_vec(c, 0, v.dims, v.n, v.scalar) : OX_OK;
}

static ox_status infer_identity(ox__inf *c)
{
    ox_status s = ox__inf_out_type(c, 0, ox_value_type(c->m, ox__inf_value(c, 0)));
    if (s != OX_OK) return s;
    ox_tensor t = ox__facts_tensor(c->facts, ox__inf_value(c, 0));
    if (t.id) return ox__facts_set_tensor(c->facts, ox_node_output(c->m, c->node, 0), t, c->err);
    return keep_vec(c);
}

static ox_status cast_to(ox__inf *c, ox_dtype to)
{
    ox_status s = ox__inf_out_like(c, 0, 0, to);
    if (s != OX_OK || !ox_dtype_is_integer(to) || ox_dtype_bits(to) < 32) return s;
    return keep_vec(c);
}

static ox_status infer_cast(ox__inf *c)
{
    int64_t to = ox__inf_int(c, "to", 0);
    if (!ox_dtype_is_valid((int)OX__MAX(0, OX__MIN(to, 1000))))
        return ox__inf_fail(c, "to = %lld is no element type", (long long)to);
    return cast_to(c, (ox_dtype)to);
}

static ox_status infer_cast_like(ox__inf *c)
{
    return cast_to(c, ox__inf_dtype(c, 1));
}

static ox_status infer_dropout(ox__inf *c)
{
    ox_status s = infer_same(c);
    if (s != OX_OK) return s;
    return ox__inf_out_like(c, 1, 0, c->opset < 10 ? ox__inf_dtype(c, 0) : OX_BOOL);
}

static ox_status infer_neg(ox__inf *c)
{
    ox_status s = infer_same(c);
    ox__vec_fact v;
    if (s != OX_OK || !ox__inf_vec(c, 0, &v)) return s;
    ox_dim *d = ox__inf_dims(c, v.n);
    if (!d) return OX_E_NOMEM;
    for (size_t i = 0; i < v.n; i++) d[i] = ox_dim_sub(c->m, ox__inf_const(c, 0), v.dims[i]);
    return ox__inf_out_vec(c, 0, d, v.n, v.scalar);
}

static ox_status infer_trilu(ox__inf *c)
{
    if (ox__inf_ranked(c, 0) && ox__inf_rank(c, 0) < 2) return ox__inf_fail(c, "the input must have at least 2 dims");
    return infer_same(c);
}

/* ---- evaluation ---- */
static double f_relu(double x)
{
    return x < 0 ? 0 : x;
}
static double f_sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}
static double f_softplus(double x)
{
    return x > 40 ? x : log1p(exp(x));
}
static double f_softsign(double x)
{
    return x / (1 + fabs(x));
}
static double f_reciprocal(double x)
{
    return 1 / x;
}
static double f_neg(double x)
{
    return -x;
}
static double f_sign(double x)
{
    return x > 0 ? 1 : x < 0 ? -1 : x;
}
static double f_round(double x)
{
    return nearbyint(x); /* to even, in the default rounding mode */
}
static double f_not(double x)
{
    return x == 0;
}

static const struct {
    const char *name;
    double (*f)(double);
    bool exact; /* on integers up to 2^53 too */
} unary[] = {
    {"Abs", fabs, true},
    {"Acos", acos, false},
    {"Acosh", acosh, false},
    {"Asin", asin, false},
    {"Asinh", asinh, false},
    {"Atan", atan, false},
    {"Atanh", atanh, false},
    {"Ceil", ceil, true},
    {"Cos", cos, false},
    {"Cosh", cosh, false},
    {"Erf", erf, false},
    {"Exp", exp, false},
    {"Floor", floor, true},
    {"Log", log, false},
    {"Neg", f_neg, true},
    {"Not", f_not, true},
    {"Reciprocal", f_reciprocal, false},
    {"Relu", f_relu, true},
    {"Round", f_round, true},
    {"Sigmoid", f_sigmoid, false},
    {"Sign", f_sign, true},
    {"Sin", sin, false},
    {"Sinh", sinh, false},
    {"Softplus", f_softplus, false},
    {"Softsign", f_softsign, false},
    {"Sqrt", sqrt, false},
    {"Tan", tan, false},
    {"Tanh", tanh, false},
};

static ox_status eval_unary(ox__ev *e)
{
    const char *op = ox_str_text(e->m, ox_node_op(e->m, e->node), NULL);
    const ox__dense *a = &e->in[0];
    bool is_float = ox_dtype_is_float(a->dtype) && ox_dtype_bits(a->dtype) >= 16;
    if (!is_float && !ox_dtype_is_integer(a->dtype) && a->dtype != OX_BOOL) return OX_E_UNSUPPORTED;
    for (size_t k = 0; k < OX__COUNT(unary); k++) {
        if (strcmp(op, unary[k].name) != 0) continue;
        ox_status s = OX_OK;
        void *out = ox__ev_out(e, 0, a->dtype, a->rank, a->dims, &s);
        for (uint64_t i = 0; out && i < a->n; i++) {
            int64_t v = is_float ? 0 : ox__ev_i64(a, i);
            if (is_float)
                ox_dtype_set_f64(a->dtype, out, i, unary[k].f(ox__ev_f64(a, i)));
            else if (v > (INT64_C(1) << 52) || v < -(INT64_C(1) << 52))
                return OX_E_UNSUPPORTED;
            else
                ox_dtype_set_i64(a->dtype, out, i, (int64_t)unary[k].f((double)v));
        }
        return out ? OX_OK : s;
    }
    return OX_E_UNSUPPORTED;
}

/* Of any kind: sequences and optionals pass too. */
static ox_status eval_identity(ox__ev *e)
{
    if (!e->n_in || !e->arg[0]) return ox__ev_fail(e, "the input is absent");
    return ox__ev_give(e, 0, ox_data_ref(e->arg[0]));
}

/* The bounds of an integer type as doubles; a float outside them has no defined cast. */
static bool fits(ox_dtype to, double v)
{
    unsigned bits = ox_dtype_bits(to);
    bool is_signed = to == OX_INT8 || to == OX_INT16 || to == OX_INT32 || to == OX_INT64;
    double high = is_signed ? ldexp(1, (int)bits - 1) : ldexp(1, (int)OX__MIN(bits, 63u));
    return v < high && (is_signed ? v >= -high : v > -1);
}

static ox_status cast_array(ox__ev *e, ox_dtype to)
{
    const ox__dense *a = &e->in[0];
    bool from_int = ox_dtype_is_integer(a->dtype) || a->dtype == OX_BOOL, to_int = ox_dtype_is_integer(to);
    bool known = (from_int || (ox_dtype_is_float(a->dtype) && ox_dtype_bits(a->dtype) >= 16)) &&
                 (to_int || to == OX_BOOL || (ox_dtype_is_float(to) && ox_dtype_bits(to) >= 16));
    if (!known || a->dtype == OX_UINT64 || ox_dtype_bits(a->dtype) < 8 || ox_dtype_bits(to) < 8)
        return OX_E_UNSUPPORTED;
    ox_status s = OX_OK;
    void *out = ox__ev_out(e, 0, to, a->rank, a->dims, &s);
    if (!out) return s;
    for (uint64_t i = 0; i < a->n; i++) {
        if (to == OX_BOOL) {
            ox_dtype_set_i64(to, out, i, ox__ev_f64(a, i) != 0);
        } else if (from_int) {
            int64_t v = ox__ev_i64(a, i);
            if (to_int && ox_dtype_bits(to) < 64 && !fits(to, (double)v)) return OX_E_UNSUPPORTED;
            if (to == OX_UINT64 && v < 0) return OX_E_UNSUPPORTED;
            if (to_int)
                ox_dtype_set_i64(to, out, i, v);
            else
                ox_dtype_set_f64(to, out, i, (double)v);
        } else {
            double v = ox__ev_f64(a, i);
            if (to_int && (isnan(v) || !fits(to, trunc(v)))) return OX_E_UNSUPPORTED;
            if (to_int)
                ox_dtype_set_i64(to, out, i, (int64_t)v);
            else
                ox_dtype_set_f64(to, out, i, v);
        }
    }
    return OX_OK;
}

static ox_status eval_cast(ox__ev *e)
{
    int64_t to = ox__ev_int(e, "to", 0);
    return to > 0 && to < OX_N_DTYPES ? cast_array(e, (ox_dtype)to) : OX_E_UNSUPPORTED;
}

static ox_status eval_cast_like(ox__ev *e)
{
    return e->n_in > 1 && e->in[1].dtype ? cast_array(e, e->in[1].dtype) : OX_E_UNSUPPORTED;
}

static ox_status eval_test(ox__ev *e)
{
    const ox__dense *a = &e->in[0];
    bool nan = strcmp(ox_str_text(e->m, ox_node_op(e->m, e->node), NULL), "IsNaN") == 0;
    if (!ox_dtype_is_float(a->dtype)) return OX_E_UNSUPPORTED;
    bool up = ox__ev_int(e, "detect_positive", 1) != 0, down = ox__ev_int(e, "detect_negative", 1) != 0;
    ox_status s = OX_OK;
    uint8_t *out = ox__ev_out(e, 0, OX_BOOL, a->rank, a->dims, &s);
    for (uint64_t i = 0; out && i < a->n; i++) {
        double v = ox__ev_f64(a, i);
        out[i] = nan ? isnan(v) : isinf(v) && (v > 0 ? up : down);
    }
    return out ? OX_OK : s;
}

/* Bounds are attributes before opset 11, inputs from it on. */
static ox_status eval_clip(ox__ev *e)
{
    const ox__dense *a = &e->in[0];
    if (!ox_dtype_is_float(a->dtype) || ox_dtype_bits(a->dtype) < 16) return OX_E_UNSUPPORTED;
    double lo = e->opset < 11      ? ox__ev_float(e, "min", -FLT_MAX)
                : ox__ev_has(e, 1) ? ox__ev_f64(&e->in[1], 0)
                                   : -INFINITY;
    double hi = e->opset < 11      ? ox__ev_float(e, "max", FLT_MAX)
                : ox__ev_has(e, 2) ? ox__ev_f64(&e->in[2], 0)
                                   : INFINITY;
    ox_status s = OX_OK;
    void *out = ox__ev_out(e, 0, a->dtype, a->rank, a->dims, &s);
    for (uint64_t i = 0; out && i < a->n; i++) {
        double v = ox__ev_f64(a, i);
        v = v < lo ? lo : v;
        ox_dtype_set_f64(a->dtype, out, i, v > hi ? hi : v);
    }
    return out ? OX_OK : s;
}

#define UNARY(name) \
    { \
        name, infer_same, eval_unary, 0 \
    }
#define PLAIN(name) \
    { \
        name, infer_same, NULL, 0 \
    }

static const ox__op_row rows[] = {
    UNARY("Abs"),
    UNARY("Acos"),
    UNARY("Acosh"),
    UNARY("Asin"),
    UNARY("Asinh"),
    UNARY("Atan"),
    UNARY("Atanh"),
    PLAIN("BitwiseNot"),
    UNARY("Ceil"),
    PLAIN("Celu"),
    {"Clip", infer_same, eval_clip, 0},
    UNARY("Cos"),
    UNARY("Cosh"),
    PLAIN("Elu"),
    UNARY("Erf"),
    UNARY("Exp"),
    UNARY("Floor"),
    PLAIN("Gelu"),
    PLAIN("HardSigmoid"),
    PLAIN("HardSwish"),
    PLAIN("LeakyRelu"),
    UNARY("Log"),
    PLAIN("Mish"),
    {"Neg", infer_neg, eval_unary, 0},
    UNARY("Not"),
    UNARY("Reciprocal"),
    UNARY("Relu"),
    UNARY("Round"),
    PLAIN("Selu"),
    PLAIN("Shrink"),
    UNARY("Sigmoid"),
    UNARY("Sign"),
    UNARY("Sin"),
    UNARY("Sinh"),
    UNARY("Softplus"),
    UNARY("Softsign"),
    UNARY("Sqrt"),
    PLAIN("Swish"),
    UNARY("Tan"),
    UNARY("Tanh"),
    PLAIN("ThresholdedRelu"),
    PLAIN("CumSum"),
    PLAIN("CumProd"),
    PLAIN("ReverseSequence"),
    {"Trilu", infer_trilu, NULL, 0},
    {"Identity", infer_identity, eval_identity, OX__OP_MOVES},
    {"Cast", infer_cast, eval_cast, 0},
    {"CastLike", infer_cast_like, eval_cast_like, 0},
    {"Dropout", infer_dropout, NULL, OX__OP_RANDOM},
    {"IsNaN", infer_bool, eval_test, 0},
    {"IsInf", infer_bool, eval_test, 0},
};
const ox__op_family ox__ops_elementwise = {rows, OX__COUNT(rows), NULL};
