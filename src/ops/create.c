/* Floor 3. Operators that make tensors: Constant, ConstantOfShape, Range, EyeLike, random ones, windows. */
#include "ops/create.h"
#include "ops/infer.h"

#include <math.h>

/* ---- Constant ---- */
static ox_status infer_constant(ox__inf *c)
{
    ox_value v = ox_node_output(c->m, c->node, 0);
    ox_tensor t = ox__facts_tensor(c->facts, v);
    if (!t.id) {
        const ox_attr *a = ox__inf_attr(c, "value"); /* lost data still has a type */
        if (!a || a->kind != OX_ATTR_TENSOR || !a->u.t.id || a->ref.id) return OX_OK;
        t = a->u.t;
    }
    ox_tensor_info info = ox_tensor_get(c->m, t);
    if (info.rank > OX_MAX_RANK) return ox__inf_fail(c, "a tensor of %u dims", info.rank);
    ox_dim *dims = ox__inf_dims(c, info.rank);
    if (!dims) return OX_E_NOMEM;
    for (uint32_t i = 0; i < info.rank; i++) dims[i] = ox__inf_const(c, info.dims[i]);
    return ox__inf_out(c, 0, info.dtype, (int32_t)info.rank, dims);
}

/* The attribute of each kind; references to a function's attributes are followed. */
static ox_status eval_constant(ox__ev *e)
{
    const ox_attr *a = ox__ev_attr(e, "value", OX_ATTR_TENSOR);
    if (!a) a = ox__ev_attr(e, "sparse_value", OX_ATTR_SPARSE);
    if (a) {
        ox_data *d;
        ox_status s = ox_data_of_tensor(&d, e->m, a->u.t, e->max_bytes, e->err);
        return s == OX_OK ? ox__ev_give(e, 0, d) : s;
    }
    size_t n;
    int64_t len;
    ox_status s = OX_OK;
    const double *f = ox__ev_floats(e, "value_floats", &n);
    if (f || (a = ox__ev_attr(e, "value_float", OX_ATTR_FLOAT))) {
        len = f ? (int64_t)n : 1;
        float *out = ox__ev_out(e, 0, OX_FLOAT, f ? 1 : 0, &len, &s);
        for (int64_t i = 0; out && i < len; i++) out[i] = (float)(f ? f[i] : a->u.f);
        return s;
    }
    const int64_t *v = ox__ev_ints(e, "value_ints", &n);
    if (v || (a = ox__ev_attr(e, "value_int", OX_ATTR_INT))) {
        len = v ? (int64_t)n : 1;
        int64_t *out = ox__ev_out(e, 0, OX_INT64, v ? 1 : 0, &len, &s);
        for (int64_t i = 0; out && i < len; i++) out[i] = v ? v[i] : a->u.i;
        return s;
    }
    const ox_str *texts = ox__ev_strings(e, "value_strings", &n);
    if (!texts && (a = ox__ev_attr(e, "value_string", OX_ATTR_STRING))) n = 1;
    if (!texts && !a) return ox__ev_fail(e, "it has no value");
    ox_bytes *rows = ox__arena_alloc(e->mem, OX__MAX(n, 1) * sizeof *rows);
    if (!rows) return ox__nomem(e->err);
    for (size_t i = 0; i < n; i++) rows[i].p = ox_str_text(e->m, texts ? texts[i] : a->u.s, &rows[i].n);
    len = (int64_t)n;
    return ox__ev_out_strings(e, 0, texts ? 1 : 0, &len, rows);
}

/* ---- ConstantOfShape ---- */
static ox_dtype fill_dtype(const ox__inf *c, ox_tensor *t)
{
    const ox_attr *a = ox__inf_attr(c, "value");
    *t = a && a->kind == OX_ATTR_TENSOR ? a->u.t : (ox_tensor){0};
    return t->id ? ox_tensor_get(c->m, *t).dtype : OX_FLOAT;
}

static ox_status infer_constant_of_shape(ox__inf *c)
{
    ox_tensor t;
    ox_dtype dtype = fill_dtype(c, &t);
    ox__vec_fact v;
    if (!ox__inf_vec(c, 0, &v)) {
        int64_t rank;
        if (ox__inf_rank(c, 0) == 1 && ox_dim_is_const(c->m, c->in[0].dims[0], &rank) && rank <= OX_MAX_RANK)
            return ox__inf_out_unknown(c, 0, dtype, (int32_t)rank,
                                       "the shape given to ConstantOfShape depends on data");
        return ox__inf_out(c, 0, dtype, OX_RANK_UNKNOWN, NULL);
    }
    ox_status s = ox__inf_out(c, 0, dtype, (int32_t)v.n, v.dims);
    int64_t len = 1, fill = 0;
    if (s != OX_OK || v.n > 1 || !ox_dtype_is_integer(dtype)) return s;
    if (v.n == 1 && (!ox_dim_is_const(c->m, v.dims[0], &len) || len < 0 || len > OX__FACT_MAX_DIMS)) return s;
    uint8_t raw[16];
    if (ox_tensor_get(c->m, t).n_elements != 1 || ox_tensor_raw_size(c->m, t) > sizeof raw ||
        ox_tensor_read(c->m, t, 0, raw, ox_tensor_raw_size(c->m, t), NULL) != OX_OK)
        return OX_OK;
    fill = ox_dtype_get_i64(dtype, raw, 0);
    ox_dim *d = ox__inf_dims(c, (size_t)len);
    if (!d) return OX_E_NOMEM;
    for (int64_t i = 0; i < len; i++) d[i] = ox__inf_const(c, fill);
    return ox__inf_out_vec(c, 0, d, (size_t)len, v.n == 0);
}

/* ---- Range ---- */
/* Input i is a constant float scalar. */
static bool scalar_of(const ox__inf *c, size_t i, double *v)
{
    uint8_t raw[8];
    ox_tensor t = ox__facts_tensor(c->facts, ox__inf_value(c, i));
    ox_tensor_info info = ox_tensor_get(c->m, t);
    if (!t.id || info.n_elements != 1 || !ox_dtype_is_float(info.dtype) || ox_tensor_raw_size(c->m, t) > sizeof raw ||
        ox_tensor_read(c->m, t, 0, raw, ox_tensor_raw_size(c->m, t), NULL) != OX_OK)
        return false;
    *v = ox_dtype_get_f64(info.dtype, raw, 0);
    return true;
}

/* How many floats there are from `start` to before `limit`; 2^62 and more, or no number at all, is not said. */
static bool float_steps(const ox__inf *c, int64_t *n)
{
    double v[3];
    for (size_t i = 0; i < 3; i++)
        if (!scalar_of(c, i, &v[i])) return false;
    double steps = ceil((v[1] - v[0]) / v[2]);
    if (v[2] == 0 || !(steps < 0x1p62)) return false;
    *n = steps > 0 ? (int64_t)steps : 0;
    return true;
}

static ox_status infer_range(ox__inf *c)
{
    ox_dtype dtype = ox__inf_dtype(c, 0);
    ox__vec_fact a, b, d;
    bool ints =
        ox__inf_vec(c, 0, &a) && ox__inf_vec(c, 1, &b) && ox__inf_vec(c, 2, &d) && a.n == 1 && b.n == 1 && d.n == 1;
    int64_t start, limit, step;
    ox_dim len = ox__inf_unknown(c, "the length of a Range that depends on data");
    if (ints && ox_dim_is_const(c->m, d.dims[0], &step) && step == 1) len = ox_dim_sub(c->m, b.dims[0], a.dims[0]);
    ints = ints && ox_dim_is_const(c->m, a.dims[0], &start) && ox_dim_is_const(c->m, b.dims[0], &limit) &&
           ox_dim_is_const(c->m, d.dims[0], &step) && step != 0;
    if (ints) {
        const int64_t far = INT64_MAX / 4;
        if (start < -far || start > far || limit < -far || limit > far || step < -far || step > far)
            return ox__inf_fail(c, "the bounds are out of range");
        int64_t n = step > 0 ? (limit - start + step - 1) / step : (start - limit - step - 1) / -step;
        len = ox__inf_const(c, OX__MAX(n, 0));
    }
    int64_t n;
    if (!ints && float_steps(c, &n)) len = ox__inf_const(c, n);
    ox_status s = ox__inf_out(c, 0, dtype, 1, &len);
    if (s != OX_OK || !ints || !ox_dim_is_const(c->m, len, &n) || n > OX__FACT_MAX_DIMS) return s;
    ox_dim *v = ox__inf_dims(c, (size_t)n);
    if (!v) return OX_E_NOMEM;
    for (int64_t i = 0; i < n; i++) v[i] = ox__inf_const(c, start + i * step);
    return ox__inf_out_vec(c, 0, v, (size_t)n, false);
}

/* ---- EyeLike, random, windows ---- */
static ox_dtype dtype_attr(ox__inf *c, const char *name, ox_dtype def)
{
    int64_t d = ox__inf_int(c, name, 0);
    return d > 0 && d < OX_N_DTYPES ? (ox_dtype)d : def;
}

static ox_status infer_like(ox__inf *c)
{
    return ox__inf_out_like(c, 0, 0, dtype_attr(c, "dtype", ox__inf_dtype(c, 0)));
}

static ox_status infer_eye_like(ox__inf *c)
{
    if (ox__inf_ranked(c, 0) && ox__inf_rank(c, 0) != 2) return ox__inf_fail(c, "the input must have 2 dims");
    return infer_like(c);
}

static ox_status infer_random(ox__inf *c)
{
    size_t n;
    const int64_t *shape = ox__inf_ints(c, "shape", &n);
    ox_dim *dims = ox__inf_dims(c, n);
    if (!dims) return OX_E_NOMEM;
    if (n > OX_MAX_RANK) return ox__inf_fail(c, "a shape of %zu dims", n);
    for (size_t i = 0; i < n; i++) dims[i] = ox__inf_const(c, shape[i]);
    return ox__inf_out(c, 0, dtype_attr(c, "dtype", OX_FLOAT), (int32_t)n, dims);
}

static ox_status infer_multinomial(ox__inf *c)
{
    ox_dim dims[2] = {ox__inf_ranked(c, 0) && c->in[0].rank == 2 ? c->in[0].dims[0]
                                                                 : ox__inf_unknown(c, "the batch of an unknown input"),
                      ox__inf_const(c, ox__inf_int(c, "sample_size", 1))};
    return ox__inf_out(c, 0, dtype_attr(c, "dtype", OX_INT32), 2, dims);
}

static ox_status infer_window(ox__inf *c)
{
    ox__vec_fact v;
    ox_dim d =
        ox__inf_vec(c, 0, &v) && v.n == 1 ? v.dims[0] : ox__inf_unknown(c, "the size of a window depends on data");
    return ox__inf_out(c, 0, dtype_attr(c, "output_datatype", OX_FLOAT), 1, &d);
}

/* Bins of the spectrogram by bands. */
static ox_status infer_mel_weights(ox__inf *c)
{
    const char *reason = "the size of MelWeightMatrix depends on data";
    ox__vec_fact bands, length;
    ox_dim dims[2] = {ox__inf_unknown(c, reason), ox__inf_unknown(c, reason)};
    if (ox__inf_vec(c, 0, &bands) && bands.n == 1) dims[1] = bands.dims[0];
    if (ox__inf_vec(c, 1, &length) && length.n == 1)
        dims[0] = ox_dim_add(c->m, ox_dim_floordiv(c->m, length.dims[0], ox__inf_const(c, 2)), ox__inf_const(c, 1));
    return ox__inf_out(c, 0, dtype_attr(c, "output_datatype", OX_FLOAT), 2, dims);
}

static const ox__op_row rows[] = {
    {"Bernoulli", infer_like, ox__eval_bernoulli, OX__OP_RANDOM},
    {"BlackmanWindow", infer_window, ox__eval_window, 0},
    {"Constant", infer_constant, eval_constant, 0},
    {"ConstantOfShape", infer_constant_of_shape, ox__eval_constant_of_shape, 0},
    {"EyeLike", infer_eye_like, ox__eval_eye_like, 0},
    {"HammingWindow", infer_window, ox__eval_window, 0},
    {"HannWindow", infer_window, ox__eval_window, 0},
    {"MelWeightMatrix", infer_mel_weights, ox__eval_mel_weights, 0},
    {"Multinomial", infer_multinomial, ox__eval_multinomial, OX__OP_RANDOM},
    {"RandomNormal", infer_random, ox__eval_random_normal, OX__OP_RANDOM},
    {"RandomNormalLike", infer_like, ox__eval_random_normal, OX__OP_RANDOM},
    {"RandomUniform", infer_random, ox__eval_random_uniform, OX__OP_RANDOM},
    {"RandomUniformLike", infer_like, ox__eval_random_uniform, OX__OP_RANDOM},
    {"Range", infer_range, ox__eval_range, 0},
};
const ox__op_family ox__ops_create = {rows, OX__COUNT(rows), NULL};
