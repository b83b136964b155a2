/* Floor 3. Elements in the types that are computed in: loops for the types that networks are made of, and the general
 * way for the rest. */
#include "ops/blocks.h"
#include "ops/fast.h"

#include <math.h>

ox__class ox__class_of(ox_dtype dtype)
{
    if (dtype == OX_DOUBLE) return OX__IN_F64;
    if (ox_dtype_is_float(dtype)) return OX__IN_F32;
    if (dtype == OX_UINT64) return OX__IN_U64;
    return ox_dtype_is_integer(dtype) || dtype == OX_BOOL ? OX__IN_I64 : OX__IN_NONE;
}

bool ox__is_real(ox_dtype dtype)
{
    return ox_dtype_is_float(dtype) && ox_dtype_bits(dtype) >= 16;
}

bool ox__is_plain(ox_dtype dtype)
{
    return dtype == OX_FLOAT || dtype == OX_DOUBLE || dtype == OX_INT64 || dtype == OX_UINT64;
}

/* ---- 16 bits ---- */
static inline float bits_float(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static inline uint32_t float_bits(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

/* Without branches, so that loops over them become vector code. */
static inline float from_half(uint16_t h)
{
    uint32_t body = (uint32_t)(h & 0x7FFF) << 13, sign = (uint32_t)(h & 0x8000) << 16;
    uint32_t finite = float_bits(bits_float(body) * 0x1p112f); /* subnormals come out right */
    return bits_float(sign | (body >= 0x7C00u << 13 ? 0x7F800000u | body : finite));
}

static inline uint16_t to_half(float f)
{
    uint32_t bits = float_bits(f), sign = bits >> 16 & 0x8000, body = bits & 0x7FFFFFFF;
    uint32_t normal = (body - 0x38000000 + 0xFFF + (body >> 13 & 1)) >> 13;
    uint32_t small = float_bits(bits_float(body) + 0.5f) - 0x3F000000; /* a subnormal half: the addition rounds */
    uint32_t half = body < 0x38800000 ? small : normal;
    half = body >= 0x477FF000 ? 0x7C00 : half; /* rounds to 65536 or more */
    return (uint16_t)(sign | (body > 0x7F800000 ? 0x7E00 : half));
}

static inline uint16_t to_bfloat(float f)
{
    uint32_t bits = float_bits(f), nan = (bits >> 16 & 0x8000) | 0x7FC0;
    return (uint16_t)((bits & 0x7FFFFFFF) > 0x7F800000 ? nan : (bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

OX__WIDE static void from_halves(float *out, const uint16_t *in, size_t n)
{
    for (size_t i = 0; i < n; i++) out[i] = from_half(in[i]);
}

OX__WIDE static void to_halves(uint16_t *out, const float *in, size_t n)
{
    for (size_t i = 0; i < n; i++) out[i] = to_half(in[i]);
}

OX__WIDE static void to_bfloats(uint16_t *out, const float *in, size_t n)
{
    for (size_t i = 0; i < n; i++) out[i] = to_bfloat(in[i]);
}

/* ---- floats ---- */
void ox__load_f32(ox_dtype dtype, const void *data, uint64_t at, size_t n, float *out)
{
    const uint16_t *h = data;
    switch (dtype) {
    case OX_FLOAT: memcpy(out, (const float *)data + at, n * sizeof *out); break;
    case OX_FLOAT16: from_halves(out, h + at, n); break;
    case OX_BFLOAT16:
        for (size_t i = 0; i < n; i++) out[i] = bits_float((uint32_t)h[at + i] << 16);
        break;
    default:
        for (size_t i = 0; i < n; i++) out[i] = (float)ox_dtype_get_f64(dtype, data, at + i);
    }
}

void ox__store_f32(ox_dtype dtype, void *data, uint64_t at, size_t n, const float *in)
{
    uint16_t *h = data;
    switch (dtype) {
    case OX_FLOAT: memcpy((float *)data + at, in, n * sizeof *in); break;
    case OX_FLOAT16: to_halves(h + at, in, n); break;
    case OX_BFLOAT16: to_bfloats(h + at, in, n); break;
    default:
        for (size_t i = 0; i < n; i++) ox_dtype_set_f64(dtype, data, at + i, (double)in[i]);
    }
}

void ox__load_f64(ox_dtype dtype, const void *data, uint64_t at, size_t n, double *out)
{
    const float *f = data;
    switch (dtype) {
    case OX_DOUBLE: memcpy(out, (const double *)data + at, n * sizeof *out); break;
    case OX_FLOAT:
        for (size_t i = 0; i < n; i++) out[i] = (double)f[at + i];
        break;
    default:
        for (size_t i = 0; i < n; i++) out[i] = ox_dtype_get_f64(dtype, data, at + i);
    }
}

void ox__store_f64(ox_dtype dtype, void *data, uint64_t at, size_t n, const double *in)
{
    if (dtype == OX_DOUBLE) {
        memcpy((double *)data + at, in, n * sizeof *in);
        return;
    }
    for (size_t i = 0; i < n; i++) ox_dtype_set_f64(dtype, data, at + i, in[i]);
}

/* ---- integers ---- */
#define INTEGERS(X) \
    X(OX_INT8, int8_t) \
    X(OX_INT16, int16_t) \
    X(OX_INT32, int32_t) \
    X(OX_INT64, int64_t) \
    X(OX_UINT8, uint8_t) \
    X(OX_UINT16, uint16_t) \
    X(OX_UINT32, uint32_t) \
    X(OX_UINT64, uint64_t)

void ox__load_i64(ox_dtype dtype, const void *data, uint64_t at, size_t n, int64_t *out)
{
    switch (dtype) {
#define LOAD(name, type) \
    case name: \
        for (size_t i = 0; i < n; i++) out[i] = (int64_t)((const type *)data)[at + i]; \
        break;
        INTEGERS(LOAD)
#undef LOAD
    default:
        for (size_t i = 0; i < n; i++) out[i] = ox_dtype_get_i64(dtype, data, at + i);
    }
}

void ox__store_i64(ox_dtype dtype, void *data, uint64_t at, size_t n, const int64_t *in)
{
    unsigned bits = ox_dtype_bits(dtype);
    switch (dtype) {
#define STORE(name, type) \
    case name: \
        for (size_t i = 0; i < n; i++) ((type *)data)[at + i] = (type)in[i]; \
        break;
        INTEGERS(STORE)
#undef STORE
    case OX_BOOL:
        for (size_t i = 0; i < n; i++) ((uint8_t *)data)[at + i] = in[i] != 0;
        break;
    default:
        for (size_t i = 0; bits && bits < 8 && i < n; i++)
            ox__bits_set(data, at + i, bits, (uint32_t)((uint64_t)in[i] & 0xFF));
    }
}

static bool is_signed(ox_dtype t)
{
    return t == OX_INT8 || t == OX_INT16 || t == OX_INT32 || t == OX_INT64 || t == OX_INT4 || t == OX_INT2;
}

int64_t ox__float_bits(ox_dtype to, double v)
{
    bool wide = to == OX_UINT32 || ox_dtype_bits(to) == 64;
    double limit = wide ? 0x1p63 : 0x1p31;
    if (to == OX_UINT64 && v >= 0x1p63 && v < 0x1p64) return (int64_t)(uint64_t)v;
    if (isnan(v) || v >= limit || (wide ? v < -limit : v <= -limit - 1)) return wide ? INT64_MIN : INT32_MIN;
    return (int64_t)v;
}

bool ox__float_fits(ox_dtype to, double v)
{
    int bits = (int)ox_dtype_bits(to) - is_signed(to);
    double high = ldexp(1, bits);
    v = trunc(v);
    return v < high && v >= (is_signed(to) ? -high : 0);
}

/* ---- by class ---- */
void ox__load(ox__class c, ox_dtype dtype, const void *data, uint64_t at, size_t n, void *block)
{
    if (c == OX__IN_F32)
        ox__load_f32(dtype, data, at, n, block);
    else if (c == OX__IN_F64)
        ox__load_f64(dtype, data, at, n, block);
    else
        ox__load_i64(dtype, data, at, n, block);
}

void ox__store(ox__class c, ox_dtype dtype, void *data, uint64_t at, size_t n, const void *block)
{
    if (c == OX__IN_F32)
        ox__store_f32(dtype, data, at, n, block);
    else if (c == OX__IN_F64)
        ox__store_f64(dtype, data, at, n, block);
    else
        ox__store_i64(dtype, data, at, n, block);
}

const void *ox__ev_plain(ox__ev *e, const ox__dense *a)
{
    ox__class c = ox__class_of(a->dtype);
    size_t item = c == OX__IN_F32 ? sizeof(float) : 8;
    if (ox__is_plain(a->dtype)) return a->data;
    void *v = a->n > SIZE_MAX / 2 / item ? NULL : ox__arena_alloc(e->mem, OX__MAX((size_t)a->n, 1) * item);
    if (v)
        ox__load(c, a->dtype, a->data, 0, (size_t)a->n, v);
    else
        (void)ox__nomem(e->err);
    return v;
}
