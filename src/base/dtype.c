/* Floor 0. Element types: their names and sizes, and reading and storing one element of any of them. The narrow floats
 * share one decoder and one encoder, driven by a row that says how many bits mean what. */
#include <onnxsh/dtype.h>

#include "base/base.h"

#include <math.h>

static const struct {
    unsigned bits;
    const char *name[4]; /* by ox_dtype_style */
} rows[] = {
#define OX_DTYPE(constant, number, bits, onnx, numpy, torch, text) [number] = {bits, {onnx, numpy, torch, text}},
#include <onnxsh/dtypes.def>
#undef OX_DTYPE
};

bool ox_dtype_is_valid(int dtype)
{
    return dtype > OX_UNDEFINED && dtype < OX_N_DTYPES;
}

const char *ox_dtype_name(ox_dtype dtype, ox_dtype_style style)
{
    return (size_t)dtype < OX__COUNT(rows) && (size_t)style < 4 ? rows[dtype].name[style] : "?";
}

ox_dtype ox_dtype_find(const char *name, size_t n, ox_dtype_style style)
{
    if (n == 0 || (size_t)style >= 4) return OX_UNDEFINED;
    for (size_t i = 1; i < OX__COUNT(rows); i++) {
        const char *s = rows[i].name[style];
        if (strlen(s) == n && memcmp(s, name, n) == 0) return (ox_dtype)i;
    }
    return OX_UNDEFINED;
}

unsigned ox_dtype_bits(ox_dtype dtype)
{
    return (size_t)dtype < OX__COUNT(rows) ? rows[dtype].bits : 0;
}

bool ox_dtype_bytes(ox_dtype dtype, uint64_t n, uint64_t *bytes)
{
    unsigned bits = ox_dtype_bits(dtype);
    if (bits == 0) return false;
    if (bits >= 8) return !__builtin_mul_overflow(n, (uint64_t)(bits / 8), bytes);
    *bytes = n / 8 * bits + (n % 8 * bits + 7) / 8;
    return true;
}

/* ---- narrow floats ---- */
typedef enum kind {
    NO_FLOAT,
    IEEE,   /* the highest exponent is infinity and NaN */
    FN,     /* no infinity; all bits set is NaN */
    FNUZ,   /* no infinity, no negative zero: its code is NaN */
    FINITE, /* neither: too large is the largest */
    SCALE   /* exponent alone, no sign, no zero; all bits set is NaN */
} kind;

typedef struct layout {
    uint8_t exponent, mantissa, bias;
    uint8_t kind;
} layout;

static const layout layouts[OX_N_DTYPES] = {
    [OX_FLOAT16] = {5, 10, 15, IEEE},      [OX_BFLOAT16] = {8, 7, 127, IEEE},    [OX_FLOAT8E4M3FN] = {4, 3, 7, FN},
    [OX_FLOAT8E4M3FNUZ] = {4, 3, 8, FNUZ}, [OX_FLOAT8E5M2] = {5, 2, 15, IEEE},   [OX_FLOAT8E5M2FNUZ] = {5, 2, 16, FNUZ},
    [OX_FLOAT4E2M1] = {2, 1, 1, FINITE},   [OX_FLOAT8E8M0] = {8, 0, 127, SCALE}, [OX_FLOAT6E2M3] = {2, 3, 1, FINITE},
    [OX_FLOAT6E3M2] = {3, 2, 3, FINITE},
};

static double decode(const layout *l, uint32_t code)
{
    uint32_t sign = code >> (l->exponent + l->mantissa) & 1;
    uint32_t mask = (1u << (l->exponent + l->mantissa)) - 1, body = code & mask;
    int field = (int)(body >> l->mantissa);
    uint32_t fraction = body & ((1u << l->mantissa) - 1);
    if (l->kind == SCALE) return code == 0xFF ? (double)NAN : ldexp(1, (int)code - l->bias);
    if (l->kind == IEEE && field == (1 << l->exponent) - 1) {
        if (fraction) return (double)NAN;
        return sign ? -(double)INFINITY : (double)INFINITY;
    }
    if ((l->kind == FN && body == mask) || (l->kind == FNUZ && sign && body == 0)) return (double)NAN;
    if (field)
        fraction |= 1u << l->mantissa;
    else
        field = 1;
    double v = ldexp(fraction, field - l->bias - l->mantissa);
    return sign ? -v : v;
}

/* m * 2^-shift, rounded to nearest even. */
static uint64_t round_shift(uint64_t m, int shift)
{
    if (shift <= 0) return m << -shift;
    if (shift > 64) return 0;
    uint64_t whole = shift == 64 ? 0 : m >> shift;
    uint64_t rest = shift == 64 ? m : m & ((UINT64_C(1) << shift) - 1), half = UINT64_C(1) << (shift - 1);
    return whole + (rest > half || (rest == half && (whole & 1)));
}

static uint32_t nan_code(const layout *l)
{
    uint32_t all = (1u << (l->exponent + l->mantissa)) - 1;
    switch (l->kind) {
    case IEEE: return all - (l->mantissa ? (1u << (l->mantissa - 1)) - 1 : 0); /* the quiet bit alone */
    case FNUZ: return all + 1;
    case FINITE: return all + 1; /* there is no NaN: negative zero, as ml_dtypes has it */
    default: return all;
    }
}

/* The code of (-1)^sign * m * 2^e, m not 0. Exact until its one rounding, whatever the source was. */
static uint32_t encode(const layout *l, bool sign, uint64_t m, int e)
{
    int least = 1 - l->bias, top = e + 63 - __builtin_clzll(m);
    if (l->kind == SCALE) { /* the lowest code is 2^-127 itself, and there is no zero to fall to */
        if (sign) return nan_code(l);
        least = -l->bias;
    }
    int exponent = OX__MAX(top, least);
    uint64_t steps = round_shift(m, exponent - l->mantissa - e);
    uint64_t code = ((uint64_t)(exponent - least) << l->mantissa) + steps;
    uint64_t all = (UINT64_C(1) << (l->exponent + l->mantissa)) - 1, sign_bit = sign ? all + 1 : 0;
    switch (l->kind) {
    case SCALE: code = code ? code - 1 : 0; return (uint32_t)OX__MIN(code, all);
    case IEEE: {
        uint64_t infinity = all >> l->mantissa << l->mantissa;
        return (uint32_t)(OX__MIN(code, infinity) | sign_bit);
    }
    case FNUZ:
        if (code > all) return nan_code(l);
        return (uint32_t)(code ? code | sign_bit : 0);
    default: return (uint32_t)(OX__MIN(code, all) | sign_bit); /* FN: all set is NaN; FINITE: the largest */
    }
}

static uint32_t encode_f64(const layout *l, double v)
{
    bool sign = signbit(v);
    uint32_t sign_bit = sign && l->kind != FNUZ ? 1u << (l->exponent + l->mantissa) : 0;
    if (v == 0) return l->kind == SCALE ? nan_code(l) : sign_bit;
    if (isnan(v)) return nan_code(l) | (l->kind == SCALE || l->kind == FINITE ? 0 : sign_bit);
    if (isinf(v)) return l->kind == SCALE ? nan_code(l) : encode(l, sign, 1, 2000);
    int e;
    double m = frexp(fabs(v), &e);
    return encode(l, sign, (uint64_t)ldexp(m, 53), e - 53);
}

static uint32_t encode_i64(const layout *l, int64_t v)
{
    if (v == 0) return encode_f64(l, 0);
    return encode(l, v < 0, v < 0 ? -(uint64_t)v : (uint64_t)v, 0);
}

/* ---- access to elements, which need not be aligned ---- */
static uint64_t load(const void *data, uint64_t i, unsigned bits)
{
    const uint8_t *p = data;
    if (bits < 8) return ox__bits_get(data, i, bits);
    uint64_t v = 0;
    memcpy(&v, p + i * (bits / 8), OX__MIN(bits / 8, 8u));
    return v;
}

static void store(void *data, uint64_t i, unsigned bits, uint64_t v)
{
    uint8_t *p = data;
    if (bits < 8) {
        ox__bits_set(data, i, bits, (uint32_t)v);
        return;
    }
    memcpy(p + i * (bits / 8), &v, OX__MIN(bits / 8, 8u));
}

static float load_f32(const void *data, uint64_t at)
{
    float f;
    memcpy(&f, (const char *)data + at, sizeof f);
    return f;
}

static double load_f64(const void *data, uint64_t at)
{
    double d;
    memcpy(&d, (const char *)data + at, sizeof d);
    return d;
}

static bool is_signed(ox_dtype t)
{
    return t == OX_INT8 || t == OX_INT16 || t == OX_INT32 || t == OX_INT64 || t == OX_INT4 || t == OX_INT2;
}

bool ox_dtype_is_integer(ox_dtype t)
{
    return is_signed(t) || t == OX_UINT8 || t == OX_UINT16 || t == OX_UINT32 || t == OX_UINT64 || t == OX_UINT4 ||
           t == OX_UINT2;
}

bool ox_dtype_is_float(ox_dtype t)
{
    return t == OX_FLOAT || t == OX_DOUBLE || ((size_t)t < OX_N_DTYPES && layouts[t].kind != NO_FLOAT);
}

bool ox_dtype_is_complex(ox_dtype t)
{
    return t == OX_COMPLEX64 || t == OX_COMPLEX128;
}

static int64_t sign_extend(uint64_t v, unsigned bits)
{
    uint64_t top = UINT64_C(1) << (bits - 1);
    return (int64_t)((v ^ top) - top);
}

static float half_to_float(uint32_t h)
{
    uint32_t bits = (h & 0x7FFF) << 13, sign = (h & 0x8000) << 16;
    float f;
    memcpy(&f, &bits, sizeof f);
    f *= 0x1p112f; /* moves the exponent, and subnormals come out right */
    memcpy(&bits, &f, sizeof bits);
    if ((h & 0x7C00) == 0x7C00) bits = 0x7F800000 | (h & 0x3FF) << 13;
    bits |= sign;
    memcpy(&f, &bits, sizeof f);
    return f;
}

double ox_dtype_get_f64(ox_dtype t, const void *data, uint64_t i)
{
    unsigned bits = ox_dtype_bits(t);
    switch (t) {
    case OX_FLOAT: return (double)load_f32(data, i * 4);
    case OX_COMPLEX64: return (double)load_f32(data, i * 8);
    case OX_DOUBLE: return load_f64(data, i * 8);
    case OX_COMPLEX128: return load_f64(data, i * 16);
    case OX_BOOL: return load(data, i, 8) != 0;
    case OX_UINT64: return (double)load(data, i, 64);
    case OX_FLOAT16: return (double)half_to_float((uint32_t)load(data, i, 16));
    default: break;
    }
    if (bits == 0) return 0;
    if (layouts[t].kind != NO_FLOAT) return decode(&layouts[t], (uint32_t)load(data, i, bits));
    uint64_t v = load(data, i, bits);
    return is_signed(t) ? (double)sign_extend(v, bits) : (double)v;
}

static int64_t clamp_to_i64(double v)
{
    if (isnan(v)) return 0;
    if (v >= 0x1p63) return INT64_MAX;
    return v < -0x1p63 ? INT64_MIN : (int64_t)v;
}

int64_t ox_dtype_get_i64(ox_dtype t, const void *data, uint64_t i)
{
    unsigned bits = ox_dtype_bits(t);
    if (t == OX_BOOL) return load(data, i, 8) != 0;
    if (!ox_dtype_is_integer(t)) return clamp_to_i64(ox_dtype_get_f64(t, data, i));
    uint64_t v = load(data, i, bits);
    if (is_signed(t)) return sign_extend(v, bits);
    return v > INT64_MAX ? INT64_MAX : (int64_t)v;
}

static void store_f32(void *data, uint64_t at, float f)
{
    memcpy((char *)data + at, &f, sizeof f);
}

static void store_f64(void *data, uint64_t at, double d)
{
    memcpy((char *)data + at, &d, sizeof d);
}

/* The types that a float of any width goes into as itself; false for the others. */
static bool set_wide(ox_dtype t, void *data, uint64_t i, double v, float f)
{
    switch (t) {
    case OX_FLOAT: store_f32(data, i * 4, f); return true;
    case OX_DOUBLE: store_f64(data, i * 8, v); return true;
    case OX_COMPLEX64:
        store_f32(data, i * 8, f);
        store_f32(data, i * 8 + 4, 0);
        return true;
    case OX_COMPLEX128:
        store_f64(data, i * 16, v);
        store_f64(data, i * 16 + 8, 0);
        return true;
    default: return false;
    }
}

void ox_dtype_set_i64(ox_dtype t, void *data, uint64_t i, int64_t v)
{
    unsigned bits = ox_dtype_bits(t);
    if (bits == 0 || set_wide(t, data, i, (double)v, (float)v)) return;
    if (t == OX_BOOL) {
        store(data, i, 8, v != 0);
    } else if (layouts[t].kind != NO_FLOAT) {
        store(data, i, bits, encode_i64(&layouts[t], v));
    } else {
        int64_t least = is_signed(t) ? (int64_t)(UINT64_MAX << (bits - 1)) : 0;
        int64_t most = is_signed(t) ? ~least : (int64_t)(bits == 64 ? INT64_MAX : (INT64_C(1) << bits) - 1);
        store(data, i, bits, (uint64_t)(v < least ? least : v > most ? most : v));
    }
}

void ox_dtype_set_f64(ox_dtype t, void *data, uint64_t i, double v)
{
    unsigned bits = ox_dtype_bits(t);
    /* A double beyond the floats is infinity; said here, because the plain conversion is undefined in C. */
    float f = fabs(v) >= 0x1.ffffffp127 ? (v < 0 ? -INFINITY : INFINITY) : (float)v;
    if (bits == 0 || set_wide(t, data, i, v, f)) return;
    if (t == OX_BOOL)
        store(data, i, 8, v != 0);
    else if (layouts[t].kind != NO_FLOAT)
        store(data, i, bits, encode_f64(&layouts[t], v));
    else if (t == OX_UINT64 && v >= 0x1p63)
        store(data, i, 64, v >= 0x1p64 ? UINT64_MAX : (uint64_t)v);
    else
        ox_dtype_set_i64(t, data, i, clamp_to_i64(v));
}
