/* Floor 5. Arithmetic on the numbers of a trace. */
#include "convert/fold_number.h"

#include <math.h>

static double real(const ox_arg *a)
{
    return a->kind == OX_ARG_FLOAT ? a->f : (double)a->i;
}

static bool give_int(ox_arg *out, int64_t i)
{
    *out = (ox_arg){.kind = OX_ARG_INT, .i = i};
    return true;
}

static bool give_float(ox_arg *out, double f)
{
    *out = (ox_arg){.kind = OX_ARG_FLOAT, .f = f};
    return true;
}

static bool give_bool(ox_arg *out, bool b)
{
    *out = (ox_arg){.kind = OX_ARG_BOOL, .i = b};
    return true;
}

/* Rounded toward minus infinity, as Python's. */
static bool floor_div(int64_t a, int64_t b, int64_t *q, int64_t *r)
{
    if (b == 0 || (a == INT64_MIN && b == -1)) return false;
    *q = a / b;
    *r = a % b;
    if (*r && (*r < 0) != (b < 0)) {
        --*q;
        *r += b;
    }
    return true;
}

static bool int_power(int64_t a, int64_t e, int64_t *out)
{
    if (e < 0 || e > 64) return false;
    for (*out = 1; e > 0; e--)
        if (__builtin_mul_overflow(*out, a, out)) return false;
    return true;
}

static bool int_pair(const char *op, int64_t a, int64_t b, ox_arg *out)
{
    int64_t r, rest;
    if (!strcmp(op, "add")) return !__builtin_add_overflow(a, b, &r) && give_int(out, r);
    if (!strcmp(op, "sub")) return !__builtin_sub_overflow(a, b, &r) && give_int(out, r);
    if (!strcmp(op, "mul")) return !__builtin_mul_overflow(a, b, &r) && give_int(out, r);
    if (!strcmp(op, "div")) return b != 0 && give_float(out, (double)a / (double)b);
    if (!strcmp(op, "floordiv") || !strcmp(op, "floor_divide")) return floor_div(a, b, &r, &rest) && give_int(out, r);
    if (!strcmp(op, "remainder")) return floor_div(a, b, &r, &rest) && give_int(out, rest);
    if (!strcmp(op, "pow")) return int_power(a, b, &r) && give_int(out, r);
    if (!strcmp(op, "min")) return give_int(out, OX__MIN(a, b));
    if (!strcmp(op, "max")) return give_int(out, OX__MAX(a, b));
    return false;
}

static bool float_pair(const char *op, double a, double b, ox_arg *out)
{
    if (!strcmp(op, "add")) return give_float(out, a + b);
    if (!strcmp(op, "sub")) return give_float(out, a - b);
    if (!strcmp(op, "mul")) return give_float(out, a * b);
    if (!strcmp(op, "div")) return b != 0 && give_float(out, a / b);
    if (!strcmp(op, "floordiv") || !strcmp(op, "floor_divide")) return b != 0 && give_float(out, floor(a / b));
    if (!strcmp(op, "remainder")) return b != 0 && give_float(out, a - floor(a / b) * b);
    if (!strcmp(op, "pow")) return give_float(out, pow(a, b));
    if (!strcmp(op, "min")) return give_float(out, a < b ? a : b);
    if (!strcmp(op, "max")) return give_float(out, a > b ? a : b);
    return false;
}

static bool compare(const char *op, const ox_arg *x, const ox_arg *y, ox_arg *out)
{
    bool ints = x->kind != OX_ARG_FLOAT && y->kind != OX_ARG_FLOAT;
    double a = real(x), b = real(y);
    bool less = ints ? x->i < y->i : a < b, equal = ints ? x->i == y->i : a == b, more = ints ? x->i > y->i : a > b;
    if (!strcmp(op, "eq")) return give_bool(out, equal);
    if (!strcmp(op, "ne")) return give_bool(out, !equal);
    if (!strcmp(op, "lt")) return give_bool(out, less);
    if (!strcmp(op, "le")) return give_bool(out, less || equal);
    if (!strcmp(op, "gt")) return give_bool(out, more);
    if (!strcmp(op, "ge")) return give_bool(out, more || equal);
    return false;
}

static bool single(const char *op, const ox_arg *x, ox_arg *out)
{
    double v = real(x);
    if (!strcmp(op, "__not__")) return give_bool(out, v == 0);
    if (!strcmp(op, "sqrt")) return v >= 0 && give_float(out, sqrt(v));
    if (x->kind != OX_ARG_FLOAT) {
        if (!strcmp(op, "neg")) return x->i != INT64_MIN && give_int(out, -x->i);
        if (!strcmp(op, "abs")) return x->i != INT64_MIN && give_int(out, x->i < 0 ? -x->i : x->i);
        return (!strcmp(op, "ceil") || !strcmp(op, "floor") || !strcmp(op, "round")) && give_int(out, x->i);
    }
    if (!strcmp(op, "neg")) return give_float(out, -v);
    if (!strcmp(op, "abs")) return give_float(out, fabs(v));
    if (!(fabs(v) < 9e15)) return false;
    if (!strcmp(op, "ceil")) return give_int(out, (int64_t)ceil(v));
    if (!strcmp(op, "floor")) return give_int(out, (int64_t)floor(v));
    return !strcmp(op, "round") && give_float(out, nearbyint(v));
}

bool ox__fold_number(const char *op, size_t n, const ox_arg *in, ox_arg *out)
{
    if (n == 1) return single(op, &in[0], out);
    if (n != 2) return false;
    if (!strcmp(op, "__and__") && in[0].kind == OX_ARG_BOOL && in[1].kind == OX_ARG_BOOL)
        return give_bool(out, in[0].i && in[1].i);
    if (!strcmp(op, "__or__") && in[0].kind == OX_ARG_BOOL && in[1].kind == OX_ARG_BOOL)
        return give_bool(out, in[0].i || in[1].i);
    if (compare(op, &in[0], &in[1], out)) return true;
    if (in[0].kind != OX_ARG_FLOAT && in[1].kind != OX_ARG_FLOAT) return int_pair(op, in[0].i, in[1].i, out);
    return float_pair(op, real(&in[0]), real(&in[1]), out);
}

bool ox__fold_conversion(const char *op, const ox_arg *in, ox_arg *out)
{
    if (!strcmp(op, "Bool")) return give_bool(out, real(in) != 0);
    if (!strcmp(op, "Float") || !strcmp(op, "FloatImplicit")) return give_float(out, real(in));
    if (!strcmp(op, "Int") || !strcmp(op, "IntImplicit")) {
        if (in->kind != OX_ARG_FLOAT) return give_int(out, in->i);
        return fabs(in->f) < 9e15 && give_int(out, (int64_t)in->f);
    }
    *out = *in;
    return true;
}

bool ox__number_of_tensor(const ox_model *m, ox_tensor t, ox_arg *out)
{
    ox_tensor_info info = ox_tensor_get(m, t);
    uint8_t raw[16];
    if (info.n_elements != 1 || info.rank > 1 || ox_dtype_is_complex(info.dtype) ||
        ox_tensor_raw_size(m, t) > sizeof raw || ox_tensor_read(m, t, 0, raw, ox_tensor_raw_size(m, t), NULL) != OX_OK)
        return false;
    bool is_float = ox_dtype_is_float(info.dtype);
    *out = (ox_arg){.kind = info.dtype == OX_BOOL ? OX_ARG_BOOL
                            : is_float            ? OX_ARG_FLOAT
                                                  : OX_ARG_INT,
                    .i = ox_dtype_get_i64(info.dtype, raw, 0),
                    .f = ox_dtype_get_f64(info.dtype, raw, 0),
                    .rounded = is_float && info.rounded};
    return true;
}
