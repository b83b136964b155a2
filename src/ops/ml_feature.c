/* Floor 3. ai.onnx.ml: operators that prepare features. */
#include "ops/ml.h"

#include <math.h>

/* ---- ArrayFeatureExtractor ---- */
static ox_status infer_extractor(ox__inf *c)
{
    if (!ox__inf_ranked(c, 0) || c->in[0].rank < 1)
        return ox__inf_out(c, 0, ox__inf_dtype(c, 0), OX_RANK_UNKNOWN, NULL);
    int32_t rank = c->in[0].rank, out_rank = OX__MAX(rank, 2);
    ox_dim *dims = ox__inf_dims(c, (size_t)out_rank), n = ox__inf_unknown(c, "how many indices there are");
    if (!dims) return OX_E_NOMEM;
    dims[0] = ox__inf_const(c, 1);
    for (int32_t i = 0; rank > 1 && i < rank; i++) dims[i] = c->in[0].dims[i];
    if (ox__inf_ranked(c, 1)) {
        n = ox__inf_const(c, 1);
        for (int32_t i = 0; i < c->in[1].rank; i++) n = ox_dim_mul(c->m, n, c->in[1].dims[i]);
    }
    dims[out_rank - 1] = n;
    return ox__inf_out(c, 0, ox__inf_dtype(c, 0), out_rank, dims);
}

/* One element each of the last axis, by indices that were checked. */
static ox_status extract(ox__ev *e, const int64_t *at, uint64_t n, uint64_t width, uint32_t rank, const int64_t *dims)
{
    const ox__dense *x = &e->in[0];
    uint64_t outer = width ? x->n / width : 0, total;
    unsigned item = ox__ev_item(x->dtype);
    bool strings = x->dtype == OX_STRING;
    ox_status s = OX_OK;
    if (!item) return ox__ev_unsupported(e, "elements of less than a byte");
    if (!ox__dims_product(dims, rank, &total) || total > e->max_bytes / item)
        return ox__fail(e->err, OX_E_LIMIT, "%s: the result is too large", ox__ev_op(e));
    char *out = strings ? ox__arena_alloc(e->mem, OX__MAX((size_t)total, 1) * item)
                        : ox__ev_out(e, 0, x->dtype, rank, dims, &s);
    if (!out) return strings ? ox__nomem(e->err) : s;
    char *p = out;
    for (uint64_t i = 0; i < outer; i++)
        for (uint64_t k = 0; k < n; k++, p += item)
            memcpy(p, (const char *)x->data + (i * width + (uint64_t)at[k]) * item, item);
    return strings ? ox__ev_out_strings(e, 0, rank, dims, (const ox_bytes *)(void *)out) : OX_OK;
}

static ox_status eval_extractor(ox__ev *e)
{
    ox_status s = ox__ev_need(e, 0, 2);
    if (s != OX_OK) return s;
    const ox__dense *x = &e->in[0];
    const int64_t *at = ox__ev_int64s_of(e, &e->in[1]);
    uint64_t n = e->in[1].n;
    if (!at) return OX_E_NOMEM;
    if (x->rank < 1) return ox__ev_fail(e, "the input is a scalar");
    uint32_t rank = OX__MAX(x->rank, 2u);
    int64_t *dims = ox__arena_alloc(e->mem, rank * sizeof *dims), width = x->dims[x->rank - 1];
    if (!dims) return ox__nomem(e->err);
    for (uint64_t k = 0; k < n; k++)
        if (at[k] < 0 || at[k] >= width)
            return ox__ev_fail(e, "index %lld is outside the %lld elements of the last axis", (long long)at[k],
                               (long long)width);
    dims[0] = 1;
    if (x->rank > 1) memcpy(dims, x->dims, rank * sizeof *dims);
    dims[rank - 1] = (int64_t)n;
    return extract(e, at, n, (uint64_t)width, rank, dims);
}

/* ---- Binarizer, Imputer ---- */
static ox_status infer_same(ox__inf *c)
{
    return ox__inf_out_like(c, 0, 0, ox__inf_dtype(c, 0));
}

static ox_status need_numbers(ox__ev *e)
{
    ox_status s = ox__ev_need(e, 0, 1);
    if (s == OX_OK && !ox_dtype_is_float(e->in[0].dtype) && !ox_dtype_is_integer(e->in[0].dtype))
        s = ox__ev_fail(e, "the input is not made of numbers");
    return s;
}

static ox_status eval_binarizer(ox__ev *e)
{
    ox_status s = need_numbers(e);
    if (s != OX_OK) return s;
    const ox__dense *x = &e->in[0];
    double limit = ox__ev_float(e, "threshold", 0);
    void *out = ox__ev_out(e, 0, x->dtype, x->rank, x->dims, &s);
    for (uint64_t i = 0; out && i < x->n; i++) ox_dtype_set_i64(x->dtype, out, i, ox__ev_f64(x, i) > limit);
    return s;
}

/* Lists of one number hold for every feature, else there is one for each. */
static ox_status features_match(ox__ev *e, const char *name, size_t n, uint64_t *f)
{
    const ox__dense *x = &e->in[0];
    *f = x->rank ? (uint64_t)x->dims[x->rank - 1] : 1;
    if (n == 1 || n == *f) return OX_OK;
    return ox__ev_fail(e, "%s has %zu numbers, the input %llu features", name, n, (unsigned long long)*f);
}

static ox_status impute_ints(ox__ev *e, void *out)
{
    size_t n;
    uint64_t f;
    const ox__dense *x = &e->in[0];
    const int64_t *v = ox__ev_ints(e, "imputed_value_int64s", &n);
    int64_t old = ox__ev_int(e, "replaced_value_int64", 0);
    ox_status s = features_match(e, "imputed_value_int64s", n, &f);
    for (uint64_t i = 0; s == OX_OK && i < x->n; i++) {
        int64_t now = ox__ev_i64(x, i);
        ox_dtype_set_i64(x->dtype, out, i, now == old ? v[n == 1 ? 0 : i % f] : now);
    }
    return s;
}

static ox_status impute_floats(ox__ev *e, void *out)
{
    size_t n;
    uint64_t f;
    const ox__dense *x = &e->in[0];
    const double *v = ox__ev_floats(e, "imputed_value_floats", &n);
    double old = ox__ev_float(e, "replaced_value_float", 0);
    ox_status s = features_match(e, "imputed_value_floats", n, &f);
    for (uint64_t i = 0; s == OX_OK && i < x->n; i++) {
        double now = ox__ev_f64(x, i);
        bool replaced = isnan(old) ? isnan(now) : now == old;
        ox_dtype_set_f64(x->dtype, out, i, replaced ? v[n == 1 ? 0 : i % f] : now);
    }
    return s;
}

static ox_status eval_imputer(ox__ev *e)
{
    ox_status s = need_numbers(e);
    if (s != OX_OK) return s;
    const ox__dense *x = &e->in[0];
    void *out = ox__ev_out(e, 0, x->dtype, x->rank, x->dims, &s);
    if (!out) return s;
    return ox_dtype_is_float(x->dtype) ? impute_floats(e, out) : impute_ints(e, out);
}

/* ---- Scaler, Normalizer: the result is float ---- */
static ox_status infer_float(ox__inf *c)
{
    return ox__inf_out_like(c, 0, 0, OX_FLOAT);
}

static ox_status eval_scaler(ox__ev *e)
{
    size_t n_offset, n_scale;
    uint64_t f;
    ox_status s = need_numbers(e);
    const double *offset = ox__ev_floats(e, "offset", &n_offset), *scale = ox__ev_floats(e, "scale", &n_scale);
    if (s == OX_OK) s = features_match(e, "offset", n_offset, &f);
    if (s == OX_OK) s = features_match(e, "scale", n_scale, &f);
    if (s != OX_OK) return s;
    const ox__dense *x = &e->in[0];
    float *out = ox__ev_out(e, 0, OX_FLOAT, x->rank, x->dims, &s);
    for (uint64_t i = 0; out && i < x->n; i++)
        out[i] = (float)((ox__ev_f64(x, i) - offset[n_offset == 1 ? 0 : i % f]) * scale[n_scale == 1 ? 0 : i % f]);
    return s;
}

typedef enum norm { NORM_MAX, NORM_L1, NORM_L2 } norm;

static void normalize(norm kind, const double *x, uint64_t n, float *out)
{
    double by = kind == NORM_MAX ? -INFINITY : 0;
    for (uint64_t i = 0; i < n; i++)
        by = kind == NORM_MAX ? OX__MAX(by, x[i]) : by + (kind == NORM_L1 ? fabs(x[i]) : x[i] * x[i]);
    if (kind == NORM_L2) by = sqrt(by);
    for (uint64_t i = 0; i < n; i++) out[i] = (float)(by == 0 ? x[i] : x[i] / by);
}

static ox_status eval_normalizer(ox__ev *e)
{
    static const char *const names[] = {"MAX", "L1", "L2"};
    const char *name = ox__ev_string(e, "norm", "MAX", NULL);
    size_t kind = 0;
    while (kind < OX__COUNT(names) && strcmp(name, names[kind]) != 0) kind++;
    if (kind == OX__COUNT(names)) return ox__ev_fail(e, "norm is none of MAX, L1, L2");
    ox__ml_rows x;
    ox_status s = ox__ml_rows_of(e, &x);
    if (s != OX_OK) return s;
    float *out = ox__ev_out(e, 0, OX_FLOAT, e->in[0].rank, e->in[0].dims, &s);
    for (uint64_t i = 0; out && i < x.n; i++) normalize((norm)kind, x.x + i * x.f, x.f, out + i * x.f);
    return s;
}

/* ---- FeatureVectorizer ---- */
static ox_status infer_vectorizer(ox__inf *c)
{
    size_t n;
    const int64_t *widths = ox__inf_ints(c, "inputdimensions", &n);
    ox_dim dims[2], f;
    if (!ox__ml_inf_rows(c, &dims[0], &f)) dims[0] = ox__inf_unknown(c, "how many rows the input has");
    dims[1] = ox__inf_const(c, 0);
    for (size_t i = 0; i < n; i++) dims[1] = ox_dim_add(c->m, dims[1], ox__inf_const(c, widths[i]));
    return ox__inf_out(c, 0, OX_FLOAT, 2, dims);
}

/* Columns `at` to `at` + width - 1 of the result; what an input does not have stays 0. */
static ox_status vectorize(ox__ev *e, size_t i, float *out, uint64_t n, uint64_t stride, uint64_t at, uint64_t width)
{
    const ox__dense *x = &e->in[i];
    if (!ox_dtype_is_float(x->dtype) && !ox_dtype_is_integer(x->dtype))
        return ox__ev_fail(e, "input %zu is not made of numbers", i);
    uint64_t rows = x->rank < 2 ? 1 : (uint64_t)x->dims[0], has = rows ? x->n / rows : 0;
    if (rows != n)
        return ox__ev_fail(e, "inputs of %llu and %llu rows", (unsigned long long)n, (unsigned long long)rows);
    for (uint64_t r = 0; r < n; r++)
        for (uint64_t k = 0; k < OX__MIN(has, width); k++) out[r * stride + at + k] = (float)ox__ev_f64(x, r * has + k);
    return OX_OK;
}

static ox_status eval_vectorizer(ox__ev *e)
{
    size_t n;
    const int64_t *widths = ox__ev_ints(e, "inputdimensions", &n);
    ox_status s = ox__ev_need(e, 0, e->n_in);
    if (s != OX_OK) return s;
    if (n != e->n_in || !n) return ox__ev_fail(e, "%zu inputs, but %zu inputdimensions", e->n_in, n);
    int64_t dims[2] = {e->in[0].rank < 2 ? 1 : e->in[0].dims[0], 0};
    for (size_t i = 0; i < n; i++)
        if (widths[i] < 0 || __builtin_add_overflow(dims[1], widths[i], &dims[1]))
            return ox__ev_fail(e, "inputdimensions %zu is %lld", i, (long long)widths[i]);
    float *out = ox__ev_out(e, 0, OX_FLOAT, 2, dims, &s);
    for (size_t i = 0, at = 0; s == OX_OK && i < n; at += (size_t)widths[i++])
        s = vectorize(e, i, out, (uint64_t)dims[0], (uint64_t)dims[1], at, (uint64_t)widths[i]);
    return s;
}

static const ox__op_row rows[] = {
    {"ArrayFeatureExtractor", infer_extractor, eval_extractor, 0},
    {"Binarizer", infer_same, eval_binarizer, 0},
    {"FeatureVectorizer", infer_vectorizer, eval_vectorizer, 0},
    {"Imputer", infer_same, eval_imputer, 0},
    {"Normalizer", infer_float, eval_normalizer, 0},
    {"Scaler", infer_float, eval_scaler, 0},
};
const ox__op_family ox__ops_ml_feature = {rows, OX__COUNT(rows), "ai.onnx.ml"};
