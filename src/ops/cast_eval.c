/* Floor 3. Cast between any two types, BitCast. Numbers go through blocks of the class of their own type; what a float
 * narrower than float becomes is rounded once, from the source. */
#include "ops/unary.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

ox_dtype ox__cast_target(const ox_model *m, const ox_attr *to)
{
    if (!to || to->ref.id) return OX_UNDEFINED;
    if (to->kind == OX_ATTR_INT) return to->u.i > 0 && to->u.i < OX_N_DTYPES ? (ox_dtype)to->u.i : OX_UNDEFINED;
    size_t n;
    if (to->kind != OX_ATTR_STRING) return OX_UNDEFINED;
    const char *name = ox_str_text(m, to->u.s, &n);
    return ox_dtype_find(name, n, OX_DTYPE_ONNX);
}

typedef enum rounding { UP, DOWN, NEAREST } rounding;

typedef struct cast_job {
    ox_dtype from, to;
    ox__class c;
    const void *in;
    void *out;
    uint64_t n;
    bool saturate;
    rounding round;
    double most; /* the largest number of an 8-bit float */
} cast_job;

/* ---- numbers ---- */

/* 2^e as float8e8m0: the exponent alone, rounded as asked. A sign is dropped. */
static uint8_t to_scale(const cast_job *j, double v)
{
    int e;
    if (isnan(v)) return 0xFF;
    if (v == 0) return j->saturate ? 0 : 0xFF;
    double m = frexp(fabs(v), &e); /* in [0.5, 1) */
    if (isinf(v)) return j->saturate ? 0xFE : 0xFF;
    bool up = j->round == UP ? m != 0.5 : j->round == NEAREST && m >= 0.75;
    int code = e - 1 + up + 127;
    if (code < 0 || code > 0xFE) return !j->saturate ? 0xFF : code < 0 ? 0 : 0xFE;
    return (uint8_t)code;
}

static void floats_to_floats(const cast_job *j, uint64_t at, size_t n, double *v)
{
    if (j->to == OX_FLOAT8E8M0) {
        for (size_t i = 0; i < n; i++) ((uint8_t *)j->out)[at + i] = to_scale(j, v[i]);
        return;
    }
    for (size_t i = 0; j->saturate && j->most > 0 && i < n; i++)
        v[i] = v[i] > j->most ? j->most : v[i] < -j->most ? -j->most : v[i];
    ox__store_f64(j->to, j->out, at, n, v);
}

static void from_floats(const cast_job *j, uint64_t at, size_t n)
{
    double v[OX__BLOCK];
    int64_t k[OX__BLOCK];
    if (j->c == OX__IN_F32 && (ox__is_real(j->to) || j->to == OX_BOOL)) {
        float f[OX__BLOCK];
        ox__load_f32(j->from, j->in, at, n, f);
        if (j->to != OX_BOOL && j->to != OX_DOUBLE) {
            ox__store_f32(j->to, j->out, at, n, f);
            return;
        }
        for (size_t i = 0; i < n; i++) v[i] = (double)f[i];
    } else {
        ox__load_f64(j->from, j->in, at, n, v);
    }
    if (ox_dtype_is_float(j->to)) {
        floats_to_floats(j, at, n, v);
        return;
    }
    for (size_t i = 0; i < n; i++) k[i] = j->to == OX_BOOL ? v[i] != 0 : ox__float_bits(j->to, v[i]);
    ox__store_i64(j->to, j->out, at, n, k);
}

static void from_ints(const cast_job *j, uint64_t at, size_t n)
{
    int64_t k[OX__BLOCK];
    double v[OX__BLOCK];
    ox__load_i64(j->from, j->in, at, n, k);
    if (!ox_dtype_is_float(j->to)) {
        ox__store_i64(j->to, j->out, at, n, k);
    } else if (j->to == OX_FLOAT) {
        float *f = (float *)j->out + at;
        if (j->c == OX__IN_U64)
            for (size_t i = 0; i < n; i++) f[i] = (float)(uint64_t)k[i];
        else
            for (size_t i = 0; i < n; i++) f[i] = (float)k[i];
    } else if (ox__is_real(j->to) && j->to != OX_DOUBLE && j->c == OX__IN_I64) {
        for (size_t i = 0; i < n; i++) ox_dtype_set_i64(j->to, j->out, at + i, k[i]);
    } else {
        for (size_t i = 0; i < n; i++) v[i] = j->c == OX__IN_U64 ? (double)(uint64_t)k[i] : (double)k[i];
        floats_to_floats(j, at, n, v);
    }
}

static void blocks(void *ud, uint64_t from, uint64_t to)
{
    const cast_job *j = ud;
    for (uint64_t at = from * OX__BLOCK, end = OX__MIN(to * OX__BLOCK, j->n); at < end; at += OX__BLOCK) {
        size_t n = (size_t)OX__MIN(end - at, (uint64_t)OX__BLOCK);
        if (j->c == OX__IN_F32 || j->c == OX__IN_F64)
            from_floats(j, at, n);
        else
            from_ints(j, at, n);
    }
}

/* While constants are folded, a float that the integer type cannot hold stays what it is: its cast is not defined. */
static ox_status all_fit(ox__ev *e, const ox__dense *a, ox_dtype to)
{
    if (e->exec || !ox_dtype_is_float(a->dtype) || !ox_dtype_is_integer(to)) return OX_OK;
    for (uint64_t i = 0; i < a->n; i++)
        if (!ox__float_fits(to, ox__ev_f64(a, i)))
            return ox__ev_unsupported(e, "a float that %s cannot hold", ox_dtype_name(to, OX_DTYPE_NUMPY));
    return OX_OK;
}

static ox_status numbers(ox__ev *e, cast_job *j)
{
    const ox__dense *a = &e->in[0];
    ox_status s = all_fit(e, a, j->to);
    if (s != OX_OK) return s;
    j->c = ox__class_of(a->dtype);
    j->in = a->data;
    j->n = a->n;
    j->out = ox__ev_out(e, 0, j->to, a->rank, a->dims, &s);
    if (j->out) ox__ev_parallel(e, (a->n + OX__BLOCK - 1) / OX__BLOCK, 32, blocks, j);
    return s;
}

/* ---- strings ---- */

/* The shortest text that reads back as the same number of that type, as NumPy prints it. */
static void print_float(char *text, size_t size, ox_dtype dtype, double v)
{
    double back;
    uint8_t raw[8];
    if (isnan(v) || isinf(v)) {
        snprintf(text, size, "%s", isnan(v) ? "nan" : v < 0 ? "-inf" : "inf");
        return;
    }
    for (int digits = 1; digits <= 17; digits++) {
        memset(raw, 0, sizeof raw);
        snprintf(text, size, "%.*e", digits - 1, v);
        ox_dtype_set_f64(dtype, raw, 0, strtod(text, NULL));
        back = ox_dtype_get_f64(dtype, raw, 0);
        if (back == v) break;
    }
    const char *at = strchr(text, 'e');
    int exponent = at ? (int)strtol(at + 1, NULL, 10) : 0, digits = at ? (int)(at - text) - (v < 0 || signbit(v)) : 1;
    digits = digits > 1 ? digits - 1 : 1; /* without the point */
    if (v != 0 && (exponent < -4 || exponent >= 16)) return;
    double shown = strtod(text, NULL);
    int places = digits - 1 - exponent;
    snprintf(text, size, "%.*f", places > 0 ? places : 1, shown);
}

static void print_element(char *text, size_t size, const ox__dense *a, uint64_t i)
{
    if (ox_dtype_is_float(a->dtype))
        print_float(text, size, ox__is_real(a->dtype) ? a->dtype : OX_FLOAT, ox__ev_f64(a, i));
    else if (a->dtype == OX_BOOL)
        snprintf(text, size, "%s", ox__ev_i64(a, i) ? "True" : "False");
    else if (a->dtype == OX_UINT64)
        snprintf(text, size, "%llu", (unsigned long long)((const uint64_t *)a->data)[i]);
    else
        snprintf(text, size, "%lld", (long long)ox__ev_i64(a, i));
}

static ox_status to_strings(ox__ev *e)
{
    enum { SIZE = 48 };
    const ox__dense *a = &e->in[0];
    if (a->n > SIZE_MAX / 4 / SIZE || a->n * SIZE > e->max_bytes)
        return ox__fail(e->err, OX_E_LIMIT, "%s: the result is too large", ox__ev_op(e));
    ox_bytes *texts = ox__arena_alloc(e->mem, OX__MAX((size_t)a->n, 1) * sizeof *texts);
    char *room = ox__arena_alloc(e->mem, OX__MAX((size_t)a->n, 1) * SIZE);
    if (!texts || !room) return ox__nomem(e->err);
    for (uint64_t i = 0; i < a->n; i++) {
        char *text = room + i * SIZE;
        print_element(text, SIZE, a, i);
        texts[i] = (ox_bytes){text, strlen(text)};
    }
    return ox__ev_out_strings(e, 0, a->rank, a->dims, texts);
}

typedef struct number {
    bool is_int, is_negative;
    uint64_t i; /* the magnitude */
    double f;
} number;

/* A whole text as a number: an integer that 64 bits hold, or whatever strtod takes but hexadecimal forms. */
static bool parse(const ox_bytes *b, number *out)
{
    char text[256], *end;
    if (b->n == 0 || b->n >= sizeof text || memchr(b->p, 0, b->n)) return false;
    memcpy(text, b->p, b->n);
    text[b->n] = 0;
    if (strpbrk(text, "xXpP(")) return false;
    const char *digits = text + (*text == '-' || *text == '+');
    out->is_negative = *text == '-';
    out->is_int = false;
    if (isdigit((unsigned char)*digits)) {
        errno = 0;
        out->i = strtoull(digits, &end, 10);
        out->is_int = !*end && errno == 0 && (!out->is_negative || out->i <= UINT64_C(1) << 63);
    }
    out->f = strtod(text, &end);
    return end != text && !*end;
}

static ox_status from_strings(ox__ev *e, const cast_job *j)
{
    const ox__dense *a = &e->in[0];
    ox_status s = OX_OK;
    void *out = ox__ev_out(e, 0, j->to, a->rank, a->dims, &s);
    cast_job one = *j;
    one.from = OX_DOUBLE;
    for (uint64_t i = 0; s == OX_OK && i < a->n; i++) {
        const ox_bytes *b = (const ox_bytes *)a->data + i;
        number v;
        if (!parse(b, &v))
            return ox__ev_fail(e, "\"%.*s\" is no number", (int)OX__MIN(b->n, (size_t)60), b->n ? b->p : "");
        int64_t k = v.is_int ? (int64_t)(v.is_negative ? 0 - v.i : v.i) : ox__float_bits(j->to, v.f);
        if (j->to == OX_BOOL) k = v.f != 0;
        one.out = out;
        if (ox_dtype_is_float(j->to))
            floats_to_floats(&one, i, 1, &v.f);
        else
            ox__store_i64(j->to, out, i, 1, &k);
    }
    return s;
}

/* ---- the operators ---- */
static ox_status cast(ox__ev *e, ox_dtype to)
{
    const ox__dense *a = &e->in[0];
    const char *round = ox__ev_string(e, "round_mode", "up", NULL);
    if (ox_dtype_is_complex(a->dtype) || ox_dtype_is_complex(to))
        return ox__ev_unsupported(e, "of %s to %s", ox_dtype_name(a->dtype, OX_DTYPE_NUMPY),
                                  ox_dtype_name(to, OX_DTYPE_NUMPY));
    if (a->dtype == to) return ox__ev_out_reshaped(e, 0, 0, a->rank, a->dims);
    cast_job j = {.from = a->dtype, .to = to, .saturate = ox__ev_int(e, "saturate", 1) != 0};
    j.most = to == OX_FLOAT8E4M3FN                            ? 448
             : to == OX_FLOAT8E4M3FNUZ                        ? 240
             : to == OX_FLOAT8E5M2 || to == OX_FLOAT8E5M2FNUZ ? 57344
                                                              : 0;
    j.round = !strcmp(round, "down") ? DOWN : !strcmp(round, "nearest") ? NEAREST : UP;
    if (j.round == UP && strcmp(round, "up") != 0) return ox__ev_fail(e, "round_mode must be up, down or nearest");
    if (to == OX_STRING) return to_strings(e);
    return a->dtype == OX_STRING ? from_strings(e, &j) : numbers(e, &j);
}

ox_status ox__eval_cast(ox__ev *e)
{
    ox_status s = ox__ev_need(e, 0, 1);
    if (s != OX_OK) return s;
    const ox_attr *a = ox__ev_attr(e, "to", OX_ATTR_INT);
    ox_dtype to = ox__cast_target(e->m, a ? a : ox__ev_attr(e, "to", OX_ATTR_STRING));
    return to ? cast(e, to) : ox__ev_fail(e, "`to` is no element type");
}

ox_status ox__eval_cast_like(ox__ev *e)
{
    ox_status s = ox__ev_need(e, 0, 2);
    return s == OX_OK ? cast(e, e->in[1].dtype) : s;
}

ox_status ox__eval_bit_cast(ox__ev *e)
{
    ox_status s = ox__ev_need(e, 0, 1);
    if (s != OX_OK) return s;
    const ox__dense *a = &e->in[0];
    ox_dtype to = ox__cast_target(e->m, ox__ev_attr(e, "to", OX_ATTR_INT));
    unsigned bits = ox_dtype_bits(a->dtype);
    uint64_t bytes = 0;
    if (!bits || !to || bits != ox_dtype_bits(to)) return ox__ev_fail(e, "the types must be of one width");
    void *out = ox__ev_out(e, 0, to, a->rank, a->dims, &s);
    if (out && ox_dtype_bytes(to, a->n, &bytes)) memcpy(out, a->data, (size_t)bytes);
    return s;
}
