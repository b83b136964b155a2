/* Floor 3. Functions of one number: a kernel for float and one for double each, a few for integers. */
#include "ops/fast.h"
#include "ops/unary.h"

#include <float.h>
#include <math.h>

typedef struct params {
    double a, b;
    float fa, fb;
} params;
typedef void (*run_fn)(void *out, const void *in, size_t n, const params *p);

/* ---- kernels ---- */

static inline double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static inline double softplus(double x)
{
    return (x > 0 ? x : 0) + log1p(exp(-fabs(x)));
}

#define RUN(name, expr_f, expr_d) \
    OX__WIDE static void name##_f(void *out, const void *in, size_t n, const params *p) \
    { \
        const float *v = in, a = p->fa, b = p->fb; \
        float *o = out; \
        (void)a, (void)b; \
        for (size_t i = 0; i < n; i++) { \
            float x = v[i]; \
            o[i] = (expr_f); \
        } \
    } \
    static void name##_d(void *out, const void *in, size_t n, const params *p) \
    { \
        const double *v = in, a = p->a, b = p->b; \
        double *o = out; \
        (void)a, (void)b; \
        for (size_t i = 0; i < n; i++) { \
            double x = v[i]; \
            o[i] = (expr_d); \
        } \
    }
#define RUN1(name, expr) RUN(name, expr, expr)

RUN(k_abs, fabsf(x), fabs(x))
RUN(k_acos, acosf(x), acos(x))
RUN(k_acosh, acoshf(x), acosh(x))
RUN(k_asin, asinf(x), asin(x))
RUN(k_asinh, asinhf(x), asinh(x))
RUN(k_atan, atanf(x), atan(x))
RUN(k_atanh, atanhf(x), atanh(x))
RUN(k_ceil, ceilf(x), ceil(x))
RUN(k_celu, x > 0 ? x : a * ox__fast_expm1(x > 0 ? 0 : x / a), x > 0 ? x : a * expm1(x / a))
RUN(k_cos, cosf(x), cos(x))
RUN(k_cosh, coshf(x), cosh(x))
RUN(k_elu, x > 0 ? x : a * ox__fast_expm1(x), x > 0 ? x : a * expm1(x))
RUN(k_erf, ox__fast_erf(x), erf(x))
RUN(k_exp, ox__fast_exp(x), exp(x))
RUN(k_floor, floorf(x), floor(x))
RUN(k_gelu, x * 0.5f * (1 + ox__fast_erf(x * 0.70710678f)), x * 0.5 * (1 + erf(x * 0.70710678118654752440)))
RUN(k_gelu_tanh, x * 0.5f * (1 + ox__fast_tanh(0.79788456f * (x + 0.044715f * x * x * x))),
    x * 0.5 * (1 + tanh(0.79788456080286535588 * (x + 0.044715 * x * x * x))))
RUN1(k_hard_sigmoid, a *x + b < 0 ? 0 : a * x + b > 1 ? 1 : a * x + b)
RUN(k_hard_swish,
    x *(x / 6 + 0.5f < 0   ? 0
        : x / 6 + 0.5f > 1 ? 1
                           : x / 6 + 0.5f),
    x *(x / 6 + 0.5 < 0   ? 0
        : x / 6 + 0.5 > 1 ? 1
                          : x / 6 + 0.5))
RUN1(k_leaky_relu, x < 0 ? a * x : x)
RUN(k_log, logf(x), log(x))
RUN(k_mish, x *ox__fast_tanh(ox__fast_softplus(x)), x *tanh(softplus(x)))
RUN1(k_neg, -x)
RUN1(k_reciprocal, 1 / x)
RUN1(k_relu, x < 0 ? 0 : x)
RUN(k_round, ox__fast_round(x), nearbyint(x)) /* to even, in the default rounding mode */
RUN(k_selu, x > 0 ? b * x : b * (a * ox__fast_expm1(x)), x > 0 ? b * x : b * (a * expm1(x)))
RUN1(k_shrink, x<-b ? x + a : x> b ? x - a : 0)
RUN(k_sigmoid, ox__fast_sigmoid(x), sigmoid(x))
RUN1(k_sign, x > 0 ? 1 : x < 0 ? -1 : x)
RUN(k_sin, sinf(x), sin(x))
RUN(k_sinh, sinhf(x), sinh(x))
RUN(k_softplus, ox__fast_softplus(x), softplus(x))
RUN(k_softsign, x / (1 + fabsf(x)), x / (1 + fabs(x)))
RUN(k_sqrt, sqrtf(x), sqrt(x))
RUN(k_swish, x *ox__fast_sigmoid(a *x), x *sigmoid(a *x))
RUN(k_tan, tanf(x), tan(x))
RUN(k_tanh, ox__fast_tanh(x), tanh(x))
RUN1(k_thresholded_relu, x > a ? x : 0)
RUN1(k_clip, (x < a ? a : x) > b ? b : (x < a ? a : x))

#define RUN_INT(name, expr) \
    static void name(void *out, const void *in, size_t n, const params *p) \
    { \
        const int64_t *v = in; \
        int64_t *o = out; \
        (void)p; \
        for (size_t i = 0; i < n; i++) { \
            int64_t x = v[i]; \
            o[i] = (int64_t)(expr); \
        } \
    }
RUN_INT(i_abs, x < 0 ? 0 - (uint64_t)x : (uint64_t)x)
RUN_INT(i_neg, 0 - (uint64_t)x)
RUN_INT(i_sign, x > 0 ? 1 : x < 0 ? -1 : 0)
RUN_INT(i_relu, x < 0 ? 0 : x)
RUN_INT(i_not, ~x)
RUN_INT(i_erf, erf((double)x))
RUN_INT(i_zero, x == 0)
RUN_INT(u_same, x)
RUN_INT(u_sign, x != 0)
RUN_INT(u_erf, erf((double)(uint64_t)x))
/* Computed as floats and cut. */
RUN_INT(i_shrink, (double)x<-p->b ? ox__float_bits(OX_INT64, (double)x + p->a) : (double)x> p->b
                      ? ox__float_bits(OX_INT64, (double)x - p->a)
                      : 0)
RUN_INT(u_shrink,
        (double)(uint64_t)x<-p->b ? ox__float_bits(OX_UINT64, (double)(uint64_t)x + p->a) : (double)(uint64_t)x> p->b
            ? ox__float_bits(OX_UINT64, (double)(uint64_t)x - p->a)
            : 0)

typedef struct parameter {
    const char *name;
    double def;
} parameter;

typedef struct function {
    const char *op;
    run_fn f, d, i, u; /* i: of signed and narrow integers; u: of uint64 */
    parameter a, b;
} function;

#define BOTH(name) name##_f, name##_d
#define PLAIN(op, name) \
    { \
        op, BOTH(name), NULL, NULL, {NULL, 0}, \
        { \
            NULL, 0 \
        } \
    }
#define WITH_INTS(op, name, i, u) \
    { \
        op, BOTH(name), i, u, {NULL, 0}, \
        { \
            NULL, 0 \
        } \
    }
#define ALPHA(op, name, alpha) \
    { \
        op, BOTH(name), NULL, NULL, {"alpha", alpha}, \
        { \
            NULL, 0 \
        } \
    }
static const function functions[] = {
    WITH_INTS("Abs", k_abs, i_abs, u_same),
    PLAIN("Acos", k_acos),
    PLAIN("Acosh", k_acosh),
    PLAIN("Asin", k_asin),
    PLAIN("Asinh", k_asinh),
    PLAIN("Atan", k_atan),
    PLAIN("Atanh", k_atanh),
    {"BitwiseNot", NULL, NULL, i_not, i_not, {NULL, 0}, {NULL, 0}},
    PLAIN("Ceil", k_ceil),
    ALPHA("Celu", k_celu, 1),
    PLAIN("Cos", k_cos),
    PLAIN("Cosh", k_cosh),
    ALPHA("Elu", k_elu, 1),
    WITH_INTS("Erf", k_erf, i_erf, u_erf),
    PLAIN("Exp", k_exp),
    PLAIN("Floor", k_floor),
    PLAIN("Gelu", k_gelu),
    PLAIN("Gelu tanh", k_gelu_tanh),
    {"HardSigmoid", BOTH(k_hard_sigmoid), NULL, NULL, {"alpha", 0.2f}, {"beta", 0.5}},
    PLAIN("HardSwish", k_hard_swish),
    ALPHA("LeakyRelu", k_leaky_relu, 0.01f),
    PLAIN("Log", k_log),
    PLAIN("Mish", k_mish),
    WITH_INTS("Neg", k_neg, i_neg, NULL),
    {"Not", NULL, NULL, i_zero, NULL, {NULL, 0}, {NULL, 0}},
    PLAIN("Reciprocal", k_reciprocal),
    WITH_INTS("Relu", k_relu, i_relu, NULL),
    PLAIN("Round", k_round),
    {"Selu", BOTH(k_selu), NULL, NULL, {"alpha", 1.67326319217681884765625}, {"gamma", 1.05070102214813232421875}},
    {"Shrink", BOTH(k_shrink), i_shrink, u_shrink, {"bias", 0}, {"lambd", 0.5}},
    PLAIN("Sigmoid", k_sigmoid),
    WITH_INTS("Sign", k_sign, i_sign, u_sign),
    PLAIN("Sin", k_sin),
    PLAIN("Sinh", k_sinh),
    PLAIN("Softplus", k_softplus),
    PLAIN("Softsign", k_softsign),
    PLAIN("Sqrt", k_sqrt),
    ALPHA("Swish", k_swish, 1),
    PLAIN("Tan", k_tan),
    PLAIN("Tanh", k_tanh),
    ALPHA("ThresholdedRelu", k_thresholded_relu, 1),
};

static const function *function_of(const char *op)
{
    for (size_t k = 0; k < OX__COUNT(functions); k++)
        if (!strcmp(op, functions[k].op)) return &functions[k];
    return NULL;
}

/* ---- running them ---- */
typedef struct job {
    run_fn run;
    ox__class c;
    ox_dtype dtype;
    const void *in;
    void *out;
    uint64_t n;
    params p;
} job;

static void blocks(void *ud, uint64_t from, uint64_t to)
{
    const job *j = ud;
    uint64_t at = from * OX__BLOCK, end = OX__MIN(to * OX__BLOCK, j->n);
    if (ox__is_plain(j->dtype) && ox__class_of(j->dtype) == j->c) {
        size_t item = ox_dtype_bits(j->dtype) / 8;
        j->run((char *)j->out + at * item, (const char *)j->in + at * item, (size_t)(end - at), &j->p);
        return;
    }
    for (; at < end; at += OX__BLOCK) {
        uint64_t x[OX__BLOCK], y[OX__BLOCK]; /* apart, or the compiler's vectors would not be taken */
        size_t n = (size_t)OX__MIN(end - at, (uint64_t)OX__BLOCK);
        ox__load(j->c, j->dtype, j->in, at, n, x);
        j->run(y, x, n, &j->p);
        ox__store(j->c, j->dtype, j->out, at, n, y);
    }
}

static ox_status run(ox__ev *e, run_fn fn, ox__class c, params p)
{
    const ox__dense *a = &e->in[0];
    ox_status s = OX_OK;
    p.fa = (float)p.a;
    p.fb = (float)p.b;
    job j = {fn, c, a->dtype, a->data, NULL, a->n, p};
    j.out = ox__ev_out(e, 0, a->dtype, a->rank, a->dims, &s);
    if (j.out) ox__ev_parallel(e, (a->n + OX__BLOCK - 1) / OX__BLOCK, 32, blocks, &j);
    return s;
}

/* Floats of 16 bits and more, integers of 8 and more. */
static bool computed(ox_dtype d)
{
    return ox__is_real(d) || (ox_dtype_is_integer(d) && ox_dtype_bits(d) >= 8);
}

ox_status ox__eval_unary(ox__ev *e)
{
    ox_status s = ox__ev_need(e, 0, 1);
    if (s != OX_OK) return s;
    const char *op = ox__ev_op(e);
    ox_dtype dtype = e->in[0].dtype;
    if (!strcmp(op, "Gelu")) {
        const char *approximate = ox__ev_string(e, "approximate", "none", NULL);
        if (!strcmp(approximate, "tanh"))
            op = "Gelu tanh";
        else if (strcmp(approximate, "none") != 0)
            return ox__ev_fail(e, "approximate must be none or tanh");
    }
    const function *f = function_of(op);
    ox__class c = ox__class_of(dtype);
    if (!e->exec && c == OX__IN_F32) c = OX__IN_F64; /* constants are worth the last bit */
    run_fn fn = !f ? NULL : c == OX__IN_F32 ? f->f : c == OX__IN_F64 ? f->d : c == OX__IN_I64 ? f->i : f->u;
    bool known = strcmp(op, "Not") ? computed(dtype) : dtype == OX_BOOL;
    if (!fn || !known) return ox__ev_unsupported(e, "of %s", ox_dtype_name(dtype, OX_DTYPE_NUMPY));
    params p = {0};
    if (f->a.name) p.a = ox__ev_float(e, f->a.name, f->a.def);
    if (f->b.name) p.b = ox__ev_float(e, f->b.name, f->b.def);
    if (!strcmp(op, "Selu") && e->opset < 6) { /* the oldest version has other defaults */
        p.a = ox__ev_float(e, "alpha", 1.6732f);
        p.b = ox__ev_float(e, "gamma", 1.0507f);
    }
    return run(e, fn, c, p);
}

/* ---- Clip: bounds are attributes before opset 11, inputs from it on ---- */
typedef struct clip_job {
    ox_dtype dtype;
    const void *in;
    void *out;
    uint64_t n;
    int64_t low, high; /* of uint64 with the top bit turned, so that they compare as signed */
    uint64_t turn;
} clip_job;

static void clip_ints(void *ud, uint64_t from, uint64_t to)
{
    const clip_job *j = ud;
    for (uint64_t at = from * OX__BLOCK, end = OX__MIN(to * OX__BLOCK, j->n); at < end; at += OX__BLOCK) {
        int64_t block[OX__BLOCK];
        size_t n = (size_t)OX__MIN(end - at, (uint64_t)OX__BLOCK);
        ox__load_i64(j->dtype, j->in, at, n, block);
        for (size_t i = 0; i < n; i++) {
            int64_t v = (int64_t)((uint64_t)block[i] ^ j->turn);
            v = v < j->low ? j->low : v;
            v = v > j->high ? j->high : v;
            block[i] = (int64_t)((uint64_t)v ^ j->turn);
        }
        ox__store_i64(j->dtype, j->out, at, n, block);
    }
}

/* Input i, one number of the type of the first; false when it is absent. */
static ox_status bound(ox__ev *e, size_t i, bool *given)
{
    *given = e->opset >= 11 && ox__ev_has(e, i);
    if (*given && (e->in[i].dtype != e->in[0].dtype || e->in[i].n != 1))
        return ox__ev_fail(e, "a bound must be one number of the input's type");
    return OX_OK;
}

ox_status ox__eval_clip(ox__ev *e)
{
    bool low, high;
    ox_status s = ox__ev_need(e, 0, 1);
    if (s == OX_OK) s = bound(e, 1, &low);
    if (s == OX_OK) s = bound(e, 2, &high);
    if (s != OX_OK) return s;
    const ox__dense *a = &e->in[0];
    if (!computed(a->dtype)) return ox__ev_unsupported(e, "of %s", ox_dtype_name(a->dtype, OX_DTYPE_NUMPY));
    ox__class c = ox__class_of(a->dtype);
    if (c == OX__IN_F32 || c == OX__IN_F64) {
        params p = {.a = e->opset < 11 ? ox__ev_float(e, "min", -(double)FLT_MAX) : -(double)INFINITY,
                    .b = e->opset < 11 ? ox__ev_float(e, "max", (double)FLT_MAX) : (double)INFINITY};
        if (low) p.a = ox__ev_f64(&e->in[1], 0);
        if (high) p.b = ox__ev_f64(&e->in[2], 0);
        return run(e, c == OX__IN_F32 ? k_clip_f : k_clip_d, c, p);
    }
    clip_job j = {a->dtype, a->data, NULL, a->n, INT64_MIN, INT64_MAX, c == OX__IN_U64 ? UINT64_C(1) << 63 : 0};
    if (low) ox__load_i64(a->dtype, e->in[1].data, 0, 1, &j.low);
    if (high) ox__load_i64(a->dtype, e->in[2].data, 0, 1, &j.high);
    if (low) j.low = (int64_t)((uint64_t)j.low ^ j.turn);
    if (high) j.high = (int64_t)((uint64_t)j.high ^ j.turn);
    j.out = ox__ev_out(e, 0, a->dtype, a->rank, a->dims, &s);
    if (j.out) ox__ev_parallel(e, (a->n + OX__BLOCK - 1) / OX__BLOCK, 64, clip_ints, &j);
    return s;
}

/* ---- IsNaN, IsInf ---- */
ox_status ox__eval_float_test(ox__ev *e)
{
    ox_status s = ox__ev_need(e, 0, 1);
    if (s != OX_OK) return s;
    const ox__dense *a = &e->in[0];
    bool nan = !strcmp(ox__ev_op(e), "IsNaN");
    if (!ox_dtype_is_float(a->dtype)) return ox__ev_unsupported(e, "of %s", ox_dtype_name(a->dtype, OX_DTYPE_NUMPY));
    bool up = ox__ev_int(e, "detect_positive", 1) != 0, down = ox__ev_int(e, "detect_negative", 1) != 0;
    uint8_t *out = ox__ev_out(e, 0, OX_BOOL, a->rank, a->dims, &s);
    for (uint64_t at = 0; out && at < a->n; at += OX__BLOCK) {
        double v[OX__BLOCK];
        size_t n = (size_t)OX__MIN(a->n - at, (uint64_t)OX__BLOCK);
        ox__load_f64(a->dtype, a->data, at, n, v);
        for (size_t i = 0; i < n; i++)
            out[at + i] = nan ? v[i] != v[i] : (up && v[i] == (double)INFINITY) || (down && v[i] == -(double)INFINITY);
    }
    return s;
}

/* ---- SwiGLU: the gate, and what passes it ---- */
typedef struct gate_job {
    ox_dtype dtype;
    const void *gate, *value;
    void *out;
    uint64_t n;
    double alpha;
} gate_job;

static void gates(void *ud, uint64_t from, uint64_t to)
{
    const gate_job *j = ud;
    for (uint64_t at = from * OX__BLOCK, end = OX__MIN(to * OX__BLOCK, j->n); at < end; at += OX__BLOCK) {
        size_t n = (size_t)OX__MIN(end - at, (uint64_t)OX__BLOCK);
        if (j->dtype == OX_DOUBLE) {
            const double *g = (const double *)j->gate + at, *v = (const double *)j->value + at;
            double *o = (double *)j->out + at;
            for (size_t i = 0; i < n; i++) o[i] = g[i] * sigmoid(j->alpha * g[i]) * v[i];
        } else {
            float g[OX__BLOCK], v[OX__BLOCK], alpha = (float)j->alpha;
            ox__load_f32(j->dtype, j->gate, at, n, g);
            ox__load_f32(j->dtype, j->value, at, n, v);
            for (size_t i = 0; i < n; i++) g[i] = g[i] * ox__fast_sigmoid(alpha * g[i]) * v[i];
            ox__store_f32(j->dtype, j->out, at, n, g);
        }
    }
}

ox_status ox__eval_swiglu(ox__ev *e)
{
    ox_status s = ox__ev_need(e, 0, 2);
    if (s != OX_OK) return s;
    const ox__dense *a = &e->in[0], *b = &e->in[1];
    if (a->dtype != b->dtype || a->rank != b->rank ||
        (a->rank && memcmp(a->dims, b->dims, a->rank * sizeof *a->dims) != 0))
        return ox__ev_fail(e, "the inputs must be of one shape and type");
    if (!ox__is_real(a->dtype)) return ox__ev_unsupported(e, "of %s", ox_dtype_name(a->dtype, OX_DTYPE_NUMPY));
    gate_job j = {a->dtype, a->data, b->data, NULL, a->n, ox__ev_float(e, "alpha", 1)};
    j.out = ox__ev_out(e, 0, a->dtype, a->rank, a->dims, &s);
    if (j.out) ox__ev_parallel(e, (a->n + OX__BLOCK - 1) / OX__BLOCK, 32, gates, &j);
    return s;
}
