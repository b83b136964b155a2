/* Floor 3. Tensors that follow a rule: one number, a diagonal, a range, windows, the weights of mel bands. */
#include "ops/create.h"

#include <math.h>

static const double pi = 3.14159265358979323846;

static ox_dtype dtype_of(const ox__ev *e, const char *attr, ox_dtype def)
{
    int64_t asked = ox__ev_int(e, attr, (int64_t)def);
    return asked > 0 && asked < OX_N_DTYPES ? (ox_dtype)asked : OX_UNDEFINED;
}

/* ---- ConstantOfShape ---- */
ox_status ox__eval_constant_of_shape(ox__ev *e)
{
    ox_status s = ox__ev_need(e, 0, 1);
    if (s != OX_OK) return s;
    const ox_attr *a = ox__ev_attr(e, "value", OX_ATTR_TENSOR);
    ox_dtype dtype = a ? ox_tensor_get(e->m, a->u.t).dtype : OX_FLOAT;
    uint8_t raw[16] = {0};
    const int64_t *dims;
    size_t n;
    unsigned bits = ox_dtype_bits(dtype);
    if (!bits) return ox__ev_unsupported(e, "of %s", ox_dtype_name(dtype, OX_DTYPE_NUMPY));
    if (a && ox_tensor_get(e->m, a->u.t).n_elements != 1) return ox__ev_fail(e, "`value` must be one element");
    if (a) s = ox_tensor_read(e->m, a->u.t, 0, raw, ox_tensor_raw_size(e->m, a->u.t), e->err);
    if (s != OX_OK) return s;
    if (!ox__ev_list(e, NULL, 0, &dims, &n)) return ox__nomem(e->err);
    if (e->in[0].rank != 1 || n > OX_MAX_RANK || !ox_dtype_is_integer(e->in[0].dtype))
        return ox__ev_fail(e, "the shape must be a list of integers");
    uint8_t *out = ox__ev_out(e, 0, dtype, (uint32_t)n, dims, &s);
    uint64_t count;
    if (!out || !ox__dims_product(dims, (uint32_t)n, &count)) return s;
    if (bits < 8) {
        for (uint64_t i = 0; i < count; i++) ox__bits_set(out, i, bits, ox__bits_get(raw, 0, bits));
        return OX_OK;
    }
    static const uint8_t zero[16];
    if (!memcmp(raw, zero, bits / 8)) return OX_OK; /* it was made so */
    for (uint64_t i = 0; i < count; i++) memcpy(out + i * (bits / 8), raw, bits / 8);
    return OX_OK;
}

/* ---- EyeLike ---- */
ox_status ox__eval_eye_like(ox__ev *e)
{
    ox_status s = ox__ev_need(e, 0, 1);
    if (s != OX_OK) return s;
    const ox__dense *a = &e->in[0];
    ox_dtype dtype = dtype_of(e, "dtype", a->dtype);
    int64_t k = ox__ev_int(e, "k", 0);
    if (a->rank != 2) return ox__ev_fail(e, "the input must have 2 dims");
    if (!ox_dtype_bits(dtype)) return ox__ev_unsupported(e, "of %s", ox_dtype_name(dtype, OX_DTYPE_NUMPY));
    void *out = ox__ev_out(e, 0, dtype, 2, a->dims, &s);
    for (int64_t i = 0; out && i < a->dims[0]; i++) {
        int64_t column;
        if (__builtin_add_overflow(i, k, &column) || column < 0 || column >= a->dims[1]) continue;
        ox_dtype_set_i64(dtype, out, (uint64_t)(i * a->dims[1] + column), 1);
    }
    return s;
}

/* ---- Range ---- */

/* The number of integers from `start` to before `limit`; what does not fit into 64 bits is as good as endless. */
static int64_t steps(int64_t start, int64_t limit, int64_t delta)
{
    uint64_t way = delta > 0 ? (uint64_t)limit - (uint64_t)start : (uint64_t)start - (uint64_t)limit;
    uint64_t step = delta > 0 ? (uint64_t)delta : 0 - (uint64_t)delta;
    if (delta > 0 ? limit <= start : limit >= start) return 0;
    uint64_t n = (way - 1) / step + 1;
    return n > INT64_MAX ? INT64_MAX : (int64_t)n;
}

static ox_status int_range(ox__ev *e, ox_dtype dtype)
{
    ox_status s = OX_OK;
    int64_t v[3];
    for (size_t i = 0; i < 3; i++) v[i] = ox__ev_i64(&e->in[i], 0);
    if (v[2] == 0) return ox__ev_fail(e, "delta is 0");
    int64_t n = steps(v[0], v[1], v[2]);
    void *out = ox__ev_out(e, 0, dtype, 1, &n, &s);
    for (int64_t i = 0; out && i < n; i++) {
        int64_t x = (int64_t)((uint64_t)v[0] + (uint64_t)i * (uint64_t)v[2]);
        ox__store_i64(dtype, out, (uint64_t)i, 1, &x);
    }
    return s;
}

ox_status ox__eval_range(ox__ev *e)
{
    ox_status s = ox__ev_need(e, 0, 3);
    if (s != OX_OK) return s;
    ox_dtype dtype = e->in[0].dtype;
    for (size_t i = 0; i < 3; i++)
        if (e->in[i].n != 1 || e->in[i].dtype != dtype) return ox__ev_fail(e, "the inputs must be scalars of one type");
    if (ox_dtype_is_integer(dtype) && ox_dtype_bits(dtype) >= 8) return int_range(e, dtype);
    if (!ox__is_real(dtype)) return ox__ev_unsupported(e, "of %s", ox_dtype_name(dtype, OX_DTYPE_NUMPY));
    double start = ox__ev_f64(&e->in[0], 0), limit = ox__ev_f64(&e->in[1], 0), delta = ox__ev_f64(&e->in[2], 0);
    double count = ceil((limit - start) / delta);
    if (delta == 0 || isnan(count)) return ox__ev_fail(e, "the range has no length");
    int64_t n = count >= 0x1p62 ? INT64_C(1) << 62 : count > 0 ? (int64_t)count : 0;
    void *out = ox__ev_out(e, 0, dtype, 1, &n, &s);
    for (int64_t i = 0; out && i < n; i++) {
        double x = start + (double)i * delta;
        ox__store_f64(dtype, out, (uint64_t)i, 1, &x);
    }
    return s;
}

/* ---- windows ---- */
static double window_at(char kind, double at, double whole)
{
    double a = whole > 0 ? 2 * pi * at / whole : pi; /* one element alone is the middle */
    switch (kind) {
    case 'B': return (0.08 * cos(2 * a) - 0.5 * cos(a)) + 0.42;
    case 'm': return 25.0 / 46 - (1 - 25.0 / 46) * cos(a);
    default: return sin(a / 2) * sin(a / 2);
    }
}

/* A number, as its conversion to the type makes it: integers are cut. */
static void store_cut(ox_dtype dtype, void *out, uint64_t i, double v)
{
    int64_t k = ox_dtype_is_float(dtype) ? 0 : ox__float_bits(dtype, v);
    if (ox_dtype_is_float(dtype))
        ox__store_f64(dtype, out, i, 1, &v);
    else
        ox__store_i64(dtype, out, i, 1, &k);
}

static bool is_target(ox_dtype d)
{
    return ox__is_real(d) || (ox_dtype_is_integer(d) && ox_dtype_bits(d) >= 8);
}

ox_status ox__eval_window(ox__ev *e)
{
    ox_status s = ox__ev_need(e, 0, 1);
    if (s != OX_OK) return s;
    const char *op = ox__ev_op(e);
    char kind = op[0] == 'B' ? 'B' : op[2]; /* BlackmanWindow, HammingWindow, HannWindow */
    ox_dtype dtype = dtype_of(e, "output_datatype", OX_FLOAT);
    if (e->in[0].n != 1 || !ox_dtype_is_integer(e->in[0].dtype)) return ox__ev_fail(e, "size must be one integer");
    int64_t n = ox__ev_i64(&e->in[0], 0);
    if (n < 0) return ox__ev_fail(e, "size is %lld", (long long)n);
    if (!is_target(dtype)) return ox__ev_unsupported(e, "of %s", ox_dtype_name(dtype, OX_DTYPE_NUMPY));
    void *out = ox__ev_out(e, 0, dtype, 1, &n, &s);
    double whole = (double)n - (ox__ev_int(e, "periodic", 1) == 0);
    for (int64_t i = 0; out && i < n; i++) store_cut(dtype, out, (uint64_t)i, window_at(kind, (double)i, whole));
    return s;
}

/* ---- MelWeightMatrix ---- */
typedef struct mel {
    int64_t n_mels, n_bins, length, rate;
    double low, step; /* in mels */
} mel;

/* The bin of the spectrogram where edge k of the triangles lies. */
static double bin_of(const mel *m, int64_t k)
{
    double hertz = 700 * expm1((m->low + (double)k * m->step) / 2595 * log(10));
    return floor((double)(m->length + 1) * hertz / (double)m->rate);
}

/* One column: up from the left edge to the middle, down to the right one. */
static void triangle(const mel *m, ox_dtype dtype, void *out, int64_t column, int64_t left, int64_t middle,
                     int64_t right)
{
    for (int64_t j = left; j < right || j == middle; j++) {
        double v = j == middle  ? 1
                   : j > middle ? (double)(right - j) / (double)(right - middle)
                                : (double)(j - left) / (double)(middle - left);
        store_cut(dtype, out, (uint64_t)(j * m->n_mels + column), v);
    }
}

ox_status ox__eval_mel_weights(ox__ev *e)
{
    ox_status s = ox__ev_need(e, 0, 5);
    if (s != OX_OK) return s;
    ox_dtype dtype = dtype_of(e, "output_datatype", OX_FLOAT);
    for (size_t i = 0; i < 5; i++)
        if (e->in[i].n != 1 || !(i < 3 ? ox_dtype_is_integer : ox_dtype_is_float)(e->in[i].dtype))
            return ox__ev_fail(e, "input %zu must be one number", i);
    if (!is_target(dtype)) return ox__ev_unsupported(e, "of %s", ox_dtype_name(dtype, OX_DTYPE_NUMPY));
    mel m = {.n_mels = ox__ev_i64(&e->in[0], 0), .length = ox__ev_i64(&e->in[1], 0), .rate = ox__ev_i64(&e->in[2], 0)};
    double low = ox__ev_f64(&e->in[3], 0), high = ox__ev_f64(&e->in[4], 0);
    if (m.n_mels < 0 || m.length < 0 || m.length == INT64_MAX || m.rate <= 0 || !(low >= 0) || !(high >= low))
        return ox__ev_fail(e, "the sizes and edges make no bands");
    m.n_bins = m.length / 2 + 1;
    int64_t dims[2] = {m.n_bins, m.n_mels};
    void *out = ox__ev_out(e, 0, dtype, 2, dims, &s);
    m.low = 2595 * log1p(low / 700) / log(10);
    m.step = (2595 * log1p(high / 700) / log(10) - m.low) / ((double)m.n_mels + 2);
    for (int64_t i = 0; out && i < m.n_mels; i++) {
        double edge[3] = {bin_of(&m, i), bin_of(&m, i + 1), bin_of(&m, i + 2)};
        if (!(edge[1] < (double)m.n_bins) || !(edge[2] <= (double)m.n_bins))
            return ox__ev_fail(e, "band %lld is beyond the spectrogram", (long long)i);
        triangle(&m, dtype, out, i, (int64_t)edge[0], (int64_t)edge[1], (int64_t)edge[2]);
    }
    return s;
}
