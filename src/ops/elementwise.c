/* Floor 3. Operators of one tensor, element by element: activations, roundings, casts, tests. */
#include "ops/infer.h"
#include "ops/unary.h"

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
    const ox_attr *to = ox__inf_attr(c, "to");
    ox_dtype dtype = ox__cast_target(c->m, to);
    if (!dtype && to) return ox__inf_fail(c, "`to` is no element type");
    return cast_to(c, dtype);
}

static ox_status infer_bit_cast(ox__inf *c)
{
    ox_dtype from = ox__inf_dtype(c, 0), to = ox__cast_target(c->m, ox__inf_attr(c, "to"));
    if (from && to && ox_dtype_bits(from) != ox_dtype_bits(to))
        return ox__inf_fail(c, "%s and %s are not of one width", ox_dtype_name(from, OX_DTYPE_NUMPY),
                            ox_dtype_name(to, OX_DTYPE_NUMPY));
    return ox__inf_out_like(c, 0, 0, to);
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

/* Both inputs have one shape: what is known of one of them is known of the result. */
static ox_status infer_swiglu(ox__inf *c)
{
    if (ox__inf_ranked(c, 0) && ox__inf_ranked(c, 1)) {
        if (c->in[0].rank != c->in[1].rank) return ox__inf_fail(c, "the inputs must be of one shape");
        ox_dim *dims = ox__inf_copy(c, 0);
        if (!dims) return OX_E_NOMEM;
        for (int32_t i = 0; i < c->in[0].rank; i++) {
            int64_t v;
            if (ox_dim_differ(c->m, dims[i], c->in[1].dims[i]))
                return ox__inf_fail(c, "the inputs must be of one shape");
            if (!ox_dim_is_const(c->m, dims[i], &v)) dims[i] = c->in[1].dims[i];
        }
        return ox__inf_out(c, 0, ox__inf_dtype(c, 0), c->in[0].rank, dims);
    }
    return ox__inf_out_like(c, 0, ox__inf_ranked(c, 0) ? 0 : 1, ox__inf_dtype(c, 0));
}

static ox_status infer_axis_of(ox__inf *c)
{
    const int64_t *axis;
    size_t n;
    int64_t a;
    if (ox__inf_ranked(c, 0) && ox__inf_has(c, 1) && ox__inf_list(c, NULL, 1, &axis, &n) && n == 1) {
        a = *axis;
        ox_status s = ox__inf_axis(c, &a, c->in[0].rank);
        if (s != OX_OK) return s;
    }
    return infer_same(c);
}

static ox_status infer_reverse_sequence(ox__inf *c)
{
    if (ox__inf_ranked(c, 0) && ox__inf_rank(c, 0) < 2) return ox__inf_fail(c, "the input must have at least 2 dims");
    if (ox__inf_ranked(c, 1) && ox__inf_rank(c, 1) != 1) return ox__inf_fail(c, "sequence_lens must have 1 dim");
    return infer_same(c);
}

static ox_status infer_trilu(ox__inf *c)
{
    if (ox__inf_ranked(c, 0) && ox__inf_rank(c, 0) < 2) return ox__inf_fail(c, "the input must have at least 2 dims");
    return infer_same(c);
}

/* ---- evaluation ---- */

/* Of any kind: sequences and optionals pass too. */
static ox_status eval_identity(ox__ev *e)
{
    if (!e->n_in || !e->arg[0]) return ox__ev_fail(e, "the input is absent");
    return ox__ev_give(e, 0, ox_data_ref(e->arg[0]));
}

#define UNARY(name) \
    { \
        name, infer_same, ox__eval_unary, 0 \
    }

static const ox__op_row rows[] = {
    UNARY("Abs"),
    UNARY("Acos"),
    UNARY("Acosh"),
    UNARY("Asin"),
    UNARY("Asinh"),
    UNARY("Atan"),
    UNARY("Atanh"),
    UNARY("BitwiseNot"),
    UNARY("Ceil"),
    UNARY("Celu"),
    {"Clip", infer_same, ox__eval_clip, 0},
    UNARY("Cos"),
    UNARY("Cosh"),
    UNARY("Elu"),
    UNARY("Erf"),
    UNARY("Exp"),
    UNARY("Floor"),
    UNARY("Gelu"),
    UNARY("HardSigmoid"),
    UNARY("HardSwish"),
    UNARY("LeakyRelu"),
    UNARY("Log"),
    UNARY("Mish"),
    {"Neg", infer_neg, ox__eval_unary, 0},
    UNARY("Not"),
    UNARY("Reciprocal"),
    UNARY("Relu"),
    UNARY("Round"),
    UNARY("Selu"),
    UNARY("Shrink"),
    UNARY("Sigmoid"),
    UNARY("Sign"),
    UNARY("Sin"),
    UNARY("Sinh"),
    UNARY("Softplus"),
    UNARY("Softsign"),
    UNARY("Sqrt"),
    UNARY("Swish"),
    {"SwiGLU", infer_swiglu, ox__eval_swiglu, 0},
    UNARY("Tan"),
    UNARY("Tanh"),
    UNARY("ThresholdedRelu"),
    {"CumSum", infer_axis_of, ox__eval_cumulate, 0},
    {"CumProd", infer_axis_of, ox__eval_cumulate, 0},
    {"ReverseSequence", infer_reverse_sequence, ox__eval_reverse_sequence, 0},
    {"Trilu", infer_trilu, ox__eval_trilu, 0},
    {"Identity", infer_identity, eval_identity, OX__OP_MOVES},
    {"BitCast", infer_bit_cast, ox__eval_bit_cast, 0},
    {"Cast", infer_cast, ox__eval_cast, 0},
    {"CastLike", infer_cast_like, ox__eval_cast_like, 0},
    {"Dropout", infer_dropout, ox__eval_dropout, OX__OP_RANDOM},
    {"IsNaN", infer_bool, ox__eval_float_test, 0},
    {"IsInf", infer_bool, ox__eval_float_test, 0},
};
const ox__op_family ox__ops_elementwise = {rows, OX__COUNT(rows), NULL};
