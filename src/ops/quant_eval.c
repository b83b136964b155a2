/* Floor 3. Quantization. Scales are one for the tensor, one for each index of an axis, or one for each block along it;
 * all three are runs of elements with one scale, or with a row of scales. */
#include "ops/fast.h"
#include "ops/quant.h"

#include <math.h>

typedef struct quant {
    const ox__dense *x, *scale, *zero; /* zero NULL = none */
    void *out;
    ox_dtype out_type, precision; /* of the division, FLOAT16, BFLOAT16, FLOAT or DOUBLE */
    bool quantizes, saturate;
    double low, high;                     /* of the result's type; both 0 = there are no bounds */
    uint64_t outer, len, inner, n_blocks; /* n_blocks: along the axis, 0 = not blocked */
    int64_t block;
    enum { TENSOR, AXIS, BLOCKS } kind;
} quant;

/* ---- elements ---- */
static void round_all(ox_dtype precision, size_t n, double *v)
{
    if (precision == OX_DOUBLE) return;
    for (size_t i = 0; i < n; i++) {
        uint8_t raw[8] = {0};
        if (precision == OX_FLOAT) {
            v[i] = (double)(float)v[i];
            continue;
        }
        ox_dtype_set_f64(precision, raw, 0, v[i]);
        v[i] = ox_dtype_get_f64(precision, raw, 0);
    }
}

/* x / scale in the precision asked for, to the nearest even, the zero point, the bounds. */
static void quantize(const quant *q, uint64_t at, size_t n, double *x, const double *scale, const double *zero,
                     size_t step)
{
    bool ints = ox_dtype_is_integer(q->out_type);
    for (size_t i = 0; i < n; i++) x[i] /= scale[i * step];
    round_all(q->precision, n, x);
    for (size_t i = 0; i < n; i++) {
        double v = (ints ? nearbyint(x[i]) : x[i]) + zero[i * step];
        if (q->high != 0 && (ints || q->saturate))
            v = v > q->high ? q->high : v < q->low || (ints && v != v) ? q->low : v;
        x[i] = v;
    }
    ox__store_f64(q->out_type, q->out, at, n, x);
}

static void dequantize(const quant *q, uint64_t at, size_t n, double *x, const double *scale, const double *zero,
                       size_t step)
{
    for (size_t i = 0; i < n; i++) x[i] = (x[i] - zero[i * step]) * scale[i * step];
    ox__store_f64(q->out_type, q->out, at, n, x);
}

/* The ways that networks take, from and to one byte. */
static bool run_fast(const quant *q, uint64_t at, uint64_t n, uint64_t where)
{
    float scale = q->scale->dtype == OX_FLOAT ? ((const float *)q->scale->data)[where] : 0;
    int64_t zero = q->zero ? ox__ev_i64(q->zero, where) : 0;
    ox_dtype narrow = q->quantizes ? q->out_type : q->x->dtype, wide = q->quantizes ? q->x->dtype : q->out_type;
    if (q->scale->dtype != OX_FLOAT || wide != OX_FLOAT || (narrow != OX_UINT8 && narrow != OX_INT8) ||
        (q->quantizes && q->precision != OX_FLOAT))
        return false;
    const float *x = (const float *)q->x->data + at, low = (float)q->low, high = (float)q->high;
    uint8_t *o = (uint8_t *)q->out + at;
    if (q->quantizes) {
        for (uint64_t i = 0; i < n; i++) {
            float v = ox__fast_round(x[i] / scale) + (float)zero;
            v = v > high ? high : v >= low ? v : low;
            o[i] = (uint8_t)(int)v;
        }
    } else if (narrow == OX_UINT8) {
        for (uint64_t i = 0; i < n; i++)
            ((float *)q->out)[at + i] = (float)(((const uint8_t *)q->x->data)[at + i] - (int)zero) * scale;
    } else {
        for (uint64_t i = 0; i < n; i++)
            ((float *)q->out)[at + i] = (float)(((const int8_t *)q->x->data)[at + i] - (int)zero) * scale;
    }
    return true;
}

/* n elements, the scales of which begin at `where`, one for all (step 0) or one for each. */
static void run(const quant *q, uint64_t at, uint64_t n, uint64_t where, size_t step)
{
    if (step == 0 && run_fast(q, at, n, where)) return;
    for (uint64_t done = 0; done < n; done += OX__BLOCK) {
        double x[OX__BLOCK], scale[OX__BLOCK], zero[OX__BLOCK];
        size_t len = (size_t)OX__MIN(n - done, (uint64_t)OX__BLOCK), scales = step ? len : 1;
        uint64_t from = where + done * step;
        ox__load_f64(q->x->dtype, q->x->data, at + done, len, x);
        ox__load_f64(q->scale->dtype, q->scale->data, from, scales, scale);
        if (q->zero)
            ox__load_f64(q->zero->dtype, q->zero->data, from, scales, zero);
        else
            memset(zero, 0, scales * sizeof *zero);
        if (q->quantizes) {
            round_all(q->precision, len, x);
            round_all(q->precision, scales, scale);
            quantize(q, at + done, len, x, scale, zero, step);
        } else {
            dequantize(q, at + done, len, x, scale, zero, step);
        }
    }
}

/* Units of one outer index, or, with one scale for all, of a few thousand elements. */
static void units(void *ud, uint64_t from, uint64_t to)
{
    const quant *q = ud;
    if (q->kind == TENSOR) {
        run(q, from * OX__BLOCK, OX__MIN(to * OX__BLOCK, q->x->n) - from * OX__BLOCK, 0, 0);
        return;
    }
    for (uint64_t o = from; o < to; o++) {
        uint64_t at = o * q->len * q->inner;
        if (q->kind == AXIS && q->inner == 1) {
            run(q, at, q->len, 0, 1);
        } else if (q->kind == BLOCKS && q->inner == 1) {
            for (uint64_t b = 0; b < q->n_blocks; b++)
                run(q, at + b * (uint64_t)q->block, OX__MIN((uint64_t)q->block, q->len - b * (uint64_t)q->block),
                    o * q->n_blocks + b, 0);
        } else {
            for (uint64_t l = 0; l < q->len; l++)
                run(q, at + l * q->inner, q->inner,
                    q->kind == AXIS ? l : (o * q->n_blocks + l / (uint64_t)q->block) * q->inner, q->kind == BLOCKS);
        }
    }
}

/* ---- what goes with what ---- */
static bool same_dims(const ox__dense *a, const ox__dense *b)
{
    return a->rank == b->rank && (!a->rank || !memcmp(a->dims, b->dims, a->rank * sizeof *a->dims));
}

static ox_status blocked(ox__ev *e, quant *q, int64_t axis)
{
    const ox__dense *x = q->x, *s = q->scale;
    int64_t n = (x->dims[axis] + q->block - 1) / q->block;
    for (uint32_t i = 0; i < x->rank; i++)
        if (s->rank != x->rank || s->dims[i] != (i == axis ? n : x->dims[i]))
            return ox__ev_fail(e, "the scales are not those of blocks of %lld along axis %lld", (long long)q->block,
                               (long long)axis);
    q->kind = BLOCKS;
    q->n_blocks = (uint64_t)n;
    return OX_OK;
}

static ox_status place_scales(ox__ev *e, quant *q)
{
    const ox__dense *x = q->x, *s = q->scale;
    int64_t axis = ox__ev_int(e, "axis", 1);
    q->block = e->opset >= 21 ? ox__ev_int(e, "block_size", 0) : 0;
    if (q->zero && !same_dims(s, q->zero) && (s->n != 1 || q->zero->n != 1))
        return ox__ev_fail(e, "the scale and the zero point differ in shape");
    q->kind = TENSOR;
    if (s->n == 1 && q->block == 0) return OX_OK;
    ox_status st = ox__ev_axis(e, &axis, x->rank);
    if (st != OX_OK) return st;
    q->outer = q->inner = 1;
    q->len = (uint64_t)x->dims[axis];
    for (uint32_t i = 0; i < x->rank; i++) {
        if (i < axis) q->outer *= (uint64_t)x->dims[i];
        if (i > axis) q->inner *= (uint64_t)x->dims[i];
    }
    if (q->block < 0 || q->block > INT64_MAX / 2) return ox__ev_fail(e, "block_size is out of range");
    if (q->block) return blocked(e, q, axis);
    if (s->rank != 1 || s->n != q->len)
        return ox__ev_fail(e, "%llu scales for %llu indices of axis %lld", (unsigned long long)s->n,
                           (unsigned long long)q->len, (long long)axis);
    q->kind = AXIS;
    return OX_OK;
}

static void work(ox__ev *e, quant *q)
{
    const ox__dense *x = q->x;
    uint64_t n = q->kind == TENSOR ? (x->n + OX__BLOCK - 1) / OX__BLOCK : q->outer;
    uint64_t each = q->kind == TENSOR ? OX__BLOCK : OX__MAX(q->len * q->inner, 1);
    if (!x->n) return;
    /* Packed elements of two units may share a byte. */
    bool packed = ox_dtype_bits(q->out_type) < 8 && q->kind != TENSOR;
    ox__ev_parallel(e, n, packed ? n : 16384 / OX__MIN(each, 16384u) + 1, units, q);
}

static ox_status begin(ox__ev *e, quant *q)
{
    ox_status s = ox__ev_need(e, 0, 2);
    if (s != OX_OK) return s;
    *q = (quant){.x = &e->in[0], .scale = &e->in[1], .zero = ox__ev_has(e, 2) ? &e->in[2] : NULL};
    q->saturate = ox__ev_int(e, "saturate", 1) != 0;
    return place_scales(e, q);
}

static bool is_narrow(ox_dtype d)
{
    return d != OX_FLOAT8E8M0 &&
           ((ox_dtype_is_integer(d) && ox_dtype_bits(d) <= 16) || (ox_dtype_is_float(d) && ox_dtype_bits(d) <= 8));
}

static void bounds(quant *q)
{
    int bits = (int)ox_dtype_bits(q->out_type);
    ox_dtype t = q->out_type;
    if (ox_dtype_is_integer(t)) {
        bool is_signed = t == OX_INT16 || t == OX_INT8 || t == OX_INT4 || t == OX_INT2;
        q->high = ldexp(1, bits - is_signed) - 1;
        q->low = is_signed ? -q->high - 1 : 0;
    } else {
        q->high = t == OX_FLOAT8E4M3FN                           ? 448
                  : t == OX_FLOAT8E4M3FNUZ                       ? 240
                  : t == OX_FLOAT8E5M2 || t == OX_FLOAT8E5M2FNUZ ? 57344
                                                                 : 0;
        q->low = -q->high;
    }
}

/* The type in which x is divided: what `precision` says, or the scale's; integers are divided as double. */
static ox_dtype precision_of(ox__ev *e, const quant *q)
{
    int64_t asked = e->opset >= 23 ? ox__ev_int(e, "precision", 0) : 0;
    ox_dtype d = asked > 0 && asked < OX_N_DTYPES ? (ox_dtype)asked : q->scale->dtype;
    if (!ox__is_real(d)) d = q->x->dtype;
    return ox__is_real(d) && (asked || ox__is_real(q->x->dtype)) ? d : OX_DOUBLE;
}

ox_status ox__eval_quantize(ox__ev *e)
{
    quant q;
    ox_status s = begin(e, &q);
    if (s != OX_OK) return s;
    int64_t asked = e->opset >= 21 ? ox__ev_int(e, "output_dtype", 0) : 0;
    q.out_type = q.zero ? q.zero->dtype : asked > 0 && asked < OX_N_DTYPES ? (ox_dtype)asked : OX_UINT8;
    if (q.zero && asked && asked != (int64_t)q.out_type)
        return ox__ev_fail(e, "output_dtype is not the zero point's type");
    if (!is_narrow(q.out_type)) return ox__ev_unsupported(e, "to %s", ox_dtype_name(q.out_type, OX_DTYPE_NUMPY));
    if (!ox__is_real(q.x->dtype) && q.x->dtype != OX_INT32)
        return ox__ev_unsupported(e, "of %s", ox_dtype_name(q.x->dtype, OX_DTYPE_NUMPY));
    q.quantizes = true;
    q.precision = precision_of(e, &q);
    bounds(&q);
    q.out = ox__ev_out(e, 0, q.out_type, q.x->rank, q.x->dims, &s);
    if (q.out) work(e, &q);
    return s;
}

ox_status ox__eval_dequantize(ox__ev *e)
{
    quant q;
    ox_status s = begin(e, &q);
    if (s != OX_OK) return s;
    int64_t asked = e->opset >= 23 ? ox__ev_int(e, "output_dtype", 0) : 0;
    q.out_type = asked > 0 && asked < OX_N_DTYPES ? (ox_dtype)asked : q.scale->dtype;
    if (!ox__is_real(q.out_type))
        return ox__ev_fail(e, "the result would be %s", ox_dtype_name(q.out_type, OX_DTYPE_NUMPY));
    if (!is_narrow(q.x->dtype) && q.x->dtype != OX_INT32)
        return ox__ev_unsupported(e, "of %s", ox_dtype_name(q.x->dtype, OX_DTYPE_NUMPY));
    if (q.zero && q.zero->dtype != q.x->dtype) return ox__ev_fail(e, "the zero point is not of the input's type");
    q.out = ox__ev_out(e, 0, q.out_type, q.x->rank, q.x->dims, &s);
    if (q.out) work(e, &q);
    return s;
}

/* ---- DynamicQuantizeLinear: one scale that covers the numbers and zero ---- */
ox_status ox__eval_dynamic_quantize(ox__ev *e)
{
    ox_status s = ox__ev_need(e, 0, 1);
    if (s != OX_OK) return s;
    const ox__dense *a = &e->in[0];
    if (a->dtype != OX_FLOAT) return ox__ev_unsupported(e, "of %s", ox_dtype_name(a->dtype, OX_DTYPE_NUMPY));
    const float *x = a->data;
    float high = 0, low = 0;
    for (uint64_t i = 0; i < a->n; i++) {
        high = x[i] > high ? x[i] : high;
        low = x[i] < low ? x[i] : low;
    }
    float scale = high == low ? 1 : (high - low) / 255, middle = nearbyintf(0 - low / scale);
    middle = middle > 255 ? 255 : middle >= 0 ? middle : 0;
    uint8_t *out = ox__ev_out(e, 0, OX_UINT8, a->rank, a->dims, &s);
    if (!out) return s;
    for (uint64_t i = 0; i < a->n; i++) {
        float v = ox__fast_round(x[i] / scale) + middle;
        out[i] = (uint8_t)(v > 255 ? 255 : v >= 0 ? v : 0);
    }
    float *scale_out = ox__ev_out(e, 1, OX_FLOAT, 0, NULL, &s);
    if (!scale_out) return s;
    *scale_out = scale;
    uint8_t *zero_out = ox__ev_out(e, 2, OX_UINT8, 0, NULL, &s);
    if (zero_out) *zero_out = (uint8_t)middle;
    return s;
}
