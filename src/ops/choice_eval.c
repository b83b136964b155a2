/* Floor 3. Powers, choice and logic of broadcast tensors. */
#include "ops/binary.h"

#include <math.h>

/* ---- Pow: the exponent has a type of its own ---- */
static void pow_f32(void *out, const void *pa, const void *pb, int64_t step_a, int64_t step_b, size_t n)
{
    const float *a = pa, *b = pb;
    float *o = out;
    float y = *b;
    if (!step_b && y == 2) {
        for (size_t i = 0; i < n; i++) o[i] = a[i * (size_t)step_a] * a[i * (size_t)step_a];
    } else if (!step_b && y == 3) {
        for (size_t i = 0; i < n; i++) {
            double x = (double)a[i * (size_t)step_a];
            o[i] = (float)(x * x * x);
        }
    } else if (!step_b && y == -0.5f) {
        for (size_t i = 0; i < n; i++) {
            float x = a[i * (size_t)step_a];
            o[i] = x > 0 ? (float)(1 / sqrt((double)x)) : powf(x, y);
        }
    } else if (!step_b && y == 0.5f) {
        for (size_t i = 0; i < n; i++) {
            float x = a[i * (size_t)step_a];
            o[i] = x > 0 ? sqrtf(x) : powf(x, y);
        }
    } else {
        for (size_t i = 0; i < n; i++) o[i] = powf(a[i * (size_t)step_a], b[i * (size_t)step_b]);
    }
}

static void pow_f64(void *out, const void *pa, const void *pb, int64_t step_a, int64_t step_b, size_t n)
{
    const double *a = pa, *b = pb;
    double *o = out;
    for (size_t i = 0; i < n; i++) o[i] = pow(a[i * (size_t)step_a], b[i * (size_t)step_b]);
}

/* Negative powers are what is left of a fraction: 0, but of 1 and -1. */
static int64_t int_pow(int64_t x, int64_t y)
{
    if (y < 0) return x == 1 ? 1 : x == -1 ? (y & 1 ? -1 : 1) : 0;
    uint64_t r = 1, f = (uint64_t)x;
    for (; y; y >>= 1, f *= f)
        if (y & 1) r *= f;
    return (int64_t)r;
}

static void pow_i64(void *out, const void *pa, const void *pb, int64_t step_a, int64_t step_b, size_t n)
{
    const int64_t *a = pa, *b = pb;
    int64_t *o = out;
    for (size_t i = 0; i < n; i++) o[i] = int_pow(a[i * (size_t)step_a], b[i * (size_t)step_b]);
}

/* An integer to the power of a float, as a float that is cut. */
#define POW_CUT(name, type) \
    static void name(void *out, const void *pa, const void *pb, int64_t step_a, int64_t step_b, size_t n) \
    { \
        const double *a = pa, *b = pb; \
        int64_t *o = out; \
        for (size_t i = 0; i < n; i++) o[i] = ox__float_bits(type, pow(a[i * (size_t)step_a], b[i * (size_t)step_b])); \
    }
POW_CUT(pow_cut_32, OX_INT32)
POW_CUT(pow_cut_64, OX_INT64)

ox_status ox__eval_pow(ox__ev *e)
{
    ox__spread sp;
    ox__shape in[2];
    int64_t room[OX__EVAL_RANK];
    ox_status s = ox__ev_operands(e, 2, in, room);
    if (s == OX_OK) s = ox__ev_spread(e, &sp, 2, in);
    if (s != OX_OK) return s;
    ox_dtype x = e->in[0].dtype, y = e->in[1].dtype;
    bool int_x = ox_dtype_is_integer(x) && ox_dtype_bits(x) >= 8,
         int_y = ox_dtype_is_integer(y) && ox_dtype_bits(y) >= 8;
    if ((!int_x && !ox__is_real(x)) || (!int_y && !ox__is_real(y)))
        return ox__ev_unsupported(e, "of %s and %s", ox_dtype_name(x, OX_DTYPE_NUMPY),
                                  ox_dtype_name(y, OX_DTYPE_NUMPY));
    ox__pair_job j = {pow_f64, OX__IN_F64, OX__IN_F64, x, y, x, e->in[0].data, e->in[1].data, NULL};
    if (int_x) {
        j.fn = int_y ? pow_i64 : ox_dtype_bits(x) == 64 ? pow_cut_64 : pow_cut_32;
        j.c = int_y ? OX__IN_I64 : OX__IN_F64;
        j.out_class = OX__IN_I64;
    } else if (x != OX_DOUBLE && ox__class_of(y) == OX__IN_F32) {
        j.fn = pow_f32;
        j.c = j.out_class = OX__IN_F32;
    }
    j.out = ox__ev_out(e, 0, x, sp.out_rank, sp.out, &s);
    if (j.out) ox__ev_rows(e, &sp, 10, ox__pair_rows, &j);
    return s;
}

/* ---- And, Or, Xor ---- */
#define LOGIC(name, expr) \
    static void name(void *ud, uint64_t at, const uint64_t *pos, const int64_t *step, size_t n) \
    { \
        const ox__pair_job *j = ud; \
        const uint8_t *a = (const uint8_t *)j->a + pos[0], *b = (const uint8_t *)j->b + pos[1]; \
        uint8_t *o = (uint8_t *)j->out + at; \
        for (size_t i = 0; i < n; i++) { \
            bool x = a[i * (size_t)step[0]] != 0, y = b[i * (size_t)step[1]] != 0; \
            o[i] = (expr); \
        } \
    }
LOGIC(logic_and, x &y)
LOGIC(logic_or, x | y)
LOGIC(logic_xor, x ^ y)

ox_status ox__eval_logic(ox__ev *e)
{
    ox__spread sp;
    ox__shape in[2];
    int64_t room[OX__EVAL_RANK];
    const char *op = ox__ev_op(e);
    ox_status s = ox__ev_operands(e, 2, in, room);
    if (s == OX_OK && (e->in[0].dtype != OX_BOOL || e->in[1].dtype != OX_BOOL))
        s = ox__ev_fail(e, "the inputs must be bool");
    if (s == OX_OK) s = ox__ev_spread(e, &sp, 2, in);
    if (s != OX_OK) return s;
    ox__pair_job j = {.a = e->in[0].data, .b = e->in[1].data};
    j.out = ox__ev_out(e, 0, OX_BOOL, sp.out_rank, sp.out, &s);
    if (j.out) ox__ev_rows(e, &sp, 1, *op == 'A' ? logic_and : *op == 'O' ? logic_or : logic_xor, &j);
    return s;
}

/* ---- Where ---- */
typedef struct where_job {
    const uint8_t *c;
    const void *a, *b;
    void *out;
} where_job;

typedef struct wide {
    uint64_t half[2];
} wide;

#define WHERE(name, type) \
    static void name(void *ud, uint64_t at, const uint64_t *pos, const int64_t *step, size_t n) \
    { \
        const where_job *j = ud; \
        const uint8_t *c = j->c + pos[0]; \
        const type *a = (const type *)j->a + pos[1], *b = (const type *)j->b + pos[2]; \
        type *o = (type *)j->out + at; \
        for (size_t i = 0; i < n; i++) \
            o[i] = c[i * (size_t)step[0]] ? a[i * (size_t)step[1]] : b[i * (size_t)step[2]]; \
    }
WHERE(where_1, uint8_t)
WHERE(where_2, uint16_t)
WHERE(where_4, uint32_t)
WHERE(where_8, uint64_t)
WHERE(where_16, wide)
WHERE(where_text, ox_bytes)

ox_status ox__eval_where(ox__ev *e)
{
    ox__spread sp;
    ox__shape in[3];
    ox_status s = ox__ev_operands(e, 3, in, NULL);
    if (s != OX_OK) return s;
    ox_dtype dtype = e->in[1].dtype;
    if (e->in[0].dtype != OX_BOOL) return ox__ev_fail(e, "the condition must be bool");
    if (dtype != e->in[2].dtype)
        return ox__ev_fail(e, "inputs of %s and %s", ox_dtype_name(dtype, OX_DTYPE_NUMPY),
                           ox_dtype_name(e->in[2].dtype, OX_DTYPE_NUMPY));
    unsigned item = ox__ev_item(dtype);
    if (!item) return ox__ev_unsupported(e, "of %s", ox_dtype_name(dtype, OX_DTYPE_NUMPY));
    s = ox__ev_spread(e, &sp, 3, in);
    if (s != OX_OK) return s;
    where_job j = {e->in[0].data, e->in[1].data, e->in[2].data, NULL};
    if (dtype == OX_STRING) {
        uint64_t bytes;
        if (__builtin_mul_overflow(sp.n, (uint64_t)sizeof(ox_bytes), &bytes) || bytes > e->max_bytes)
            return ox__fail(e->err, OX_E_LIMIT, "Where: the result is too large");
        j.out = ox__arena_alloc(e->mem, OX__MAX((size_t)bytes, 1));
        if (!j.out) return ox__nomem(e->err);
        ox__ev_rows(e, &sp, 2, where_text, &j);
        return ox__ev_out_strings(e, 0, sp.out_rank, sp.out, j.out);
    }
    j.out = ox__ev_out(e, 0, dtype, sp.out_rank, sp.out, &s);
    ox__row_fn fn = item == 1 ? where_1 : item == 2 ? where_2 : item == 4 ? where_4 : item == 8 ? where_8 : where_16;
    if (j.out) ox__ev_rows(e, &sp, 1, fn, &j);
    return s;
}
