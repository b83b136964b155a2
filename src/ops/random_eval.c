/* Floor 3. Random tensors: from the attribute `seed`, or from the run's seed, always the same. */
#include "ops/create.h"

#include <math.h>

/* The result of the operators whose numbers do not depend on an input: of the dims of `shape`, or of input 0. */
static void *result(ox__ev *e, ox_dtype *dtype, uint64_t *n, ox_status *s)
{
    const char *op = ox__ev_op(e);
    size_t rank = strlen(op), n_dims;
    bool like = rank > 4 && !strcmp(op + rank - 4, "Like");
    const int64_t *dims = ox__ev_ints(e, "shape", &n_dims);
    *s = OX_OK;
    if (like) *s = ox__ev_need(e, 0, 1);
    if (*s == OX_OK && !like && (!dims || n_dims > OX_MAX_RANK))
        *s = ox__ev_fail(e, "`shape` is missing, or is too long");
    if (*s != OX_OK) return NULL;
    int64_t asked = ox__ev_int(e, "dtype", like ? (int64_t)e->in[0].dtype : (int64_t)OX_FLOAT);
    *dtype = asked > 0 && asked < OX_N_DTYPES ? (ox_dtype)asked : OX_UNDEFINED;
    if (!ox__is_real(*dtype)) {
        *s = ox__ev_unsupported(e, "of %s", ox_dtype_name(*dtype, OX_DTYPE_NUMPY));
        return NULL;
    }
    void *out = ox__ev_out(e, 0, *dtype, like ? e->in[0].rank : (uint32_t)n_dims, like ? e->in[0].dims : dims, s);
    if (out && !ox__dims_product(like ? e->in[0].dims : dims, like ? e->in[0].rank : (uint32_t)n_dims, n)) *n = 0;
    return out;
}

ox_status ox__eval_random_normal(ox__ev *e)
{
    ox__random r;
    ox_dtype dtype;
    uint64_t n;
    ox_status s;
    void *out = result(e, &dtype, &n, &s);
    if (out) s = ox__ev_random(e, &r);
    double mean = ox__ev_float(e, "mean", 0), scale = ox__ev_float(e, "scale", 1);
    for (uint64_t i = 0; s == OX_OK && i < n; i++)
        ox_dtype_set_f64(dtype, out, i, mean + scale * ox__random_normal(&r));
    return s;
}

ox_status ox__eval_random_uniform(ox__ev *e)
{
    ox__random r;
    ox_dtype dtype;
    uint64_t n;
    ox_status s;
    void *out = result(e, &dtype, &n, &s);
    if (out) s = ox__ev_random(e, &r);
    double low = ox__ev_float(e, "low", 0), high = ox__ev_float(e, "high", 1);
    for (uint64_t i = 0; s == OX_OK && i < n; i++)
        ox_dtype_set_f64(dtype, out, i, low + (high - low) * ox__random_unit(&r));
    return s;
}

ox_status ox__eval_bernoulli(ox__ev *e)
{
    ox__random r;
    ox_status s = ox__ev_need(e, 0, 1);
    if (s != OX_OK) return s;
    const ox__dense *a = &e->in[0];
    int64_t asked = ox__ev_int(e, "dtype", (int64_t)a->dtype);
    ox_dtype dtype = asked > 0 && asked < OX_N_DTYPES ? (ox_dtype)asked : OX_UNDEFINED;
    if (!ox__is_real(a->dtype) || !ox_dtype_bits(dtype))
        return ox__ev_unsupported(e, "of %s to %s", ox_dtype_name(a->dtype, OX_DTYPE_NUMPY),
                                  ox_dtype_name(dtype, OX_DTYPE_NUMPY));
    void *out = ox__ev_out(e, 0, dtype, a->rank, a->dims, &s);
    if (out) s = ox__ev_random(e, &r);
    for (uint64_t i = 0; s == OX_OK && i < a->n; i++) {
        double p = ox__ev_f64(a, i);
        if (!(p >= 0 && p <= 1)) return ox__ev_fail(e, "element %llu is no probability", (unsigned long long)i);
        ox_dtype_set_i64(dtype, out, i, ox__random_unit(&r) < p);
    }
    return s;
}

/* A row of log-probabilities, not normalized, as sums of probabilities up to each class; the last one is their sum. */
static double sums_of(const double *row, uint64_t n, double *sums)
{
    double most = -(double)INFINITY, sum = 0;
    for (uint64_t c = 0; c < n; c++) most = row[c] > most ? row[c] : most;
    for (uint64_t c = 0; c < n; c++) sums[c] = sum += isinf(most) && most < 0 ? 1 : exp(row[c] - most);
    return sum;
}

ox_status ox__eval_multinomial(ox__ev *e)
{
    ox__random r;
    ox_status s = ox__ev_need(e, 0, 1);
    if (s != OX_OK) return s;
    const ox__dense *a = &e->in[0];
    int64_t size = ox__ev_int(e, "sample_size", 1), asked = ox__ev_int(e, "dtype", (int64_t)OX_INT32);
    if (!ox__is_real(a->dtype) || (asked != (int64_t)OX_INT32 && asked != (int64_t)OX_INT64))
        return ox__ev_unsupported(e, "of %s", ox_dtype_name(a->dtype, OX_DTYPE_NUMPY));
    if (a->rank != 2 || a->dims[1] == 0) return ox__ev_fail(e, "the input must be of rank 2, with classes");
    int64_t dims[2] = {a->dims[0], size};
    uint64_t n = (uint64_t)a->dims[1];
    const double *p = ox__ev_doubles_of(e, a);
    double *sums = ox__arena_alloc(e->mem, (size_t)n * sizeof *sums);
    if (!p || !sums) return ox__nomem(e->err);
    void *out = ox__ev_out(e, 0, (ox_dtype)asked, 2, dims, &s);
    if (out) s = ox__ev_random(e, &r);
    for (int64_t b = 0; s == OX_OK && b < dims[0]; b++) {
        double sum = sums_of(p + (uint64_t)b * n, n, sums);
        for (int64_t k = 0; k < size; k++) {
            double x = ox__random_unit(&r) * sum;
            uint64_t low = 0, high = n - 1;
            while (low < high) {
                uint64_t middle = (low + high) / 2;
                if (sums[middle] > x)
                    high = middle;
                else
                    low = middle + 1;
            }
            ox_dtype_set_i64((ox_dtype)asked, out, (uint64_t)(b * size + k), (int64_t)low);
        }
    }
    return s;
}
