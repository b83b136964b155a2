/* Floor 3. com.microsoft: evaluation of activations, products and quantized arithmetic. */
#include "ops/ms.h"

#include <math.h>

static bool is(const ox__ev *e, const char *op)
{
    return strcmp(ox__ev_op(e), op) == 0;
}

static ox_status need_floats(ox__ev *e, size_t n)
{
    ox_status s = ox__ev_need(e, 0, n);
    for (size_t i = 0; s == OX_OK && i < n; i++)
        if (!ox_dtype_is_float(e->in[i].dtype)) s = ox__ev_fail(e, "input %zu is not made of floats", i);
    return s;
}

/* ---- Gelu, BiasGelu, FastGelu, QuickGelu ---- */
static double gelu(double x)
{
    return 0.5 * x * (1 + erf(x * 0.70710678118654752440));
}

static double fast_gelu(double x)
{
    return 0.5 * x * (1 + tanh(0.79788456080286535588 * (x + 0.044715 * x * x * x)));
}

ox_status ox__ms_eval_gelu(ox__ev *e)
{
    bool quick = is(e, "QuickGelu"), fast = is(e, "FastGelu"), bias = !quick && !is(e, "Gelu") && ox__ev_has(e, 1);
    ox_status s = need_floats(e, bias ? 2 : 1);
    if (s != OX_OK) return s;
    const ox__dense *x = &e->in[0];
    const double *v = ox__ev_doubles_of(e, x), *b = bias ? ox__ev_doubles_of(e, &e->in[1]) : NULL;
    if (!v || (bias && !b)) return OX_E_NOMEM;
    uint64_t width = x->rank ? (uint64_t)x->dims[x->rank - 1] : 1;
    if (bias && (e->in[1].rank != 1 || e->in[1].n != width))
        return ox__ev_fail(e, "the bias does not fit the last dim");
    double alpha = ox__ev_float(e, "alpha", 1.702);
    void *out = ox__ev_out(e, 0, x->dtype, x->rank, x->dims, &s);
    for (uint64_t i = 0; out && i < x->n; i++) {
        double t = v[i] + (b ? b[i % width] : 0);
        ox_dtype_set_f64(x->dtype, out, i, quick ? t / (1 + exp(-alpha * t)) : fast ? fast_gelu(t) : gelu(t));
    }
    return s;
}

/* ---- products: rows of a by columns of b, each found by strides ---- */
typedef struct product {
    const double *a, *b;
    double *out;
    uint64_t m, n, k;
    uint64_t a_row, a_step, b_col, b_step; /* strides in elements */
    const uint64_t *a_at, *b_at;           /* where the matrices of each batch begin */
    double alpha;
} product;

/* Row number of all batches. */
static void multiply(void *ud, uint64_t from, uint64_t to)
{
    const product *p = ud;
    for (uint64_t r = from; r < to; r++) {
        const double *a = p->a + p->a_at[r / p->m] + r % p->m * p->a_row, *b = p->b + p->b_at[r / p->m];
        for (uint64_t j = 0; j < p->n; j++) {
            double sum = 0;
            for (uint64_t k = 0; k < p->k; k++) sum += a[k * p->a_step] * b[j * p->b_col + k * p->b_step];
            p->out[r * p->n + j] = sum * p->alpha;
        }
    }
}

static ox_status give_doubles(ox__ev *e, ox_dtype dtype, uint32_t rank, const int64_t *dims, const double *v)
{
    ox_status s;
    void *out = ox__ev_out(e, 0, dtype, rank, dims, &s);
    for (uint64_t i = 0; out && i < e->out[0].n; i++) ox_dtype_set_f64(dtype, out, i, v[i]);
    return s;
}

/* The broadcast of the batches into dims, and where each begins in a and in b. */
static ox_status batches(ox__ev *e, int64_t *dims, uint32_t rank, uint64_t *n, uint64_t **at)
{
    if (!ox__dims_product(dims, rank, n) || *n > e->max_bytes) return ox__ev_fail(e, "too many batches");
    for (size_t i = 0; i < 2; i++) {
        const ox__dense *t = &e->in[i];
        uint64_t matrix = (uint64_t)t->dims[t->rank - 1] * (uint64_t)t->dims[t->rank - 2];
        at[i] = ox__arena_alloc(e->mem, ((size_t)*n + 1) * sizeof(uint64_t));
        if (!at[i]) return ox__nomem(e->err);
        for (uint64_t k = 0; k < *n; k++) {
            uint64_t rest = k, place = 0, stride = matrix;
            for (uint32_t d = rank; d-- > 0;) {
                uint64_t here = rest % (uint64_t)dims[d];
                rest /= (uint64_t)dims[d];
                int64_t own = (int64_t)d - (rank - (t->rank - 2));
                if (own < 0) continue;
                if (t->dims[own] != 1) place += here * stride;
                stride *= (uint64_t)t->dims[own];
            }
            at[i][k] = place;
        }
    }
    return OX_OK;
}

static ox_status product_dims(ox__ev *e, const product *p, int64_t *dims, uint32_t rank)
{
    for (uint32_t d = 0; d < rank; d++) {
        int64_t i = (int64_t)d - (rank - (e->in[0].rank - 2)), j = (int64_t)d - (rank - (e->in[1].rank - 2));
        int64_t x = i < 0 ? 1 : e->in[0].dims[i], y = j < 0 ? 1 : e->in[1].dims[j];
        if (x != y && x != 1 && y != 1)
            return ox__ev_fail(e, "dims %lld and %lld cannot be broadcast", (long long)x, (long long)y);
        dims[d] = x == 1 ? y : x;
    }
    dims[rank] = (int64_t)p->m;
    dims[rank + 1] = (int64_t)p->n;
    return OX_OK;
}

/* Room for the result, which may be refused, and its rows. */
static ox_status run_product(ox__ev *e, product *p, uint64_t n_rows, uint32_t rank, const int64_t *dims)
{
    uint64_t n;
    if (!ox__dims_product(dims, rank, &n) || n > e->max_bytes / 2 || n > SIZE_MAX / 16)
        return ox__fail(e->err, OX_E_LIMIT, "%s: the result is too large", ox__ev_op(e));
    p->out = ox__arena_alloc(e->mem, ((size_t)n + 1) * sizeof(double));
    if (!p->out) return ox__nomem(e->err);
    if (n) ox__ev_parallel(e, n_rows, 1 + 65536 / (p->n * p->k + 1), multiply, p);
    return give_doubles(e, e->in[0].dtype, rank, dims, p->out);
}

ox_status ox__ms_eval_matmul(ox__ev *e)
{
    ox_status s = need_floats(e, 2);
    if (s != OX_OK) return s;
    const ox__dense *a = &e->in[0], *b = &e->in[1];
    bool ta = ox__ev_int(e, "transA", 0) != 0, tb = ox__ev_int(e, "transB", 0) != 0;
    product p = {.alpha = ox__ev_float(e, "alpha", 1)};
    if (ox__ev_int(e, "transBatchA", 0) || ox__ev_int(e, "transBatchB", 0) || a->rank < 2 || b->rank < 2)
        return ox__ev_unsupported(e, "transposed batches, or vectors");
    p.m = (uint64_t)a->dims[a->rank - (ta ? 1 : 2)];
    p.k = (uint64_t)a->dims[a->rank - (ta ? 2 : 1)];
    p.n = (uint64_t)b->dims[b->rank - (tb ? 2 : 1)];
    if (p.k != (uint64_t)b->dims[b->rank - (tb ? 1 : 2)]) return ox__ev_fail(e, "columns and rows differ");
    p.a_row = ta ? 1 : p.k, p.a_step = ta ? p.m : 1;
    p.b_col = tb ? p.k : 1, p.b_step = tb ? 1 : p.n;
    uint32_t rank = OX__MAX(a->rank, b->rank) - 2;
    int64_t *dims = ox__arena_alloc(e->mem, (rank + 2) * sizeof *dims);
    uint64_t n, *at[2];
    if (!dims) return ox__nomem(e->err);
    s = product_dims(e, &p, dims, rank);
    if (s == OX_OK) s = batches(e, dims, rank, &n, at);
    if (s != OX_OK) return s;
    p.a = ox__ev_doubles_of(e, a), p.b = ox__ev_doubles_of(e, b);
    if (!p.a || !p.b) return OX_E_NOMEM;
    p.a_at = at[0], p.b_at = at[1];
    return run_product(e, &p, n * p.m, rank + 2, dims);
}

/* ---- MatMulNBits: weights of a few bits in blocks, each with its scale and zero point ---- */
static ox_status unpack(ox__ev *e, uint64_t n, uint64_t k, uint64_t bits, uint64_t block, double *out)
{
    const ox__dense *b = &e->in[1], *scale = &e->in[2], *zero = ox__ev_has(e, 3) ? &e->in[3] : NULL;
    uint64_t blocks = (k + block - 1) / block, zero_bytes = (blocks * bits + 7) / 8;
    bool packed = zero && zero->dtype == OX_UINT8;
    if (b->dtype != OX_UINT8 || b->n < n * blocks * (block * bits / 8) || scale->n < n * blocks ||
        (zero && zero->n < (packed ? n * zero_bytes : n * blocks)))
        return ox__ev_fail(e, "the weights do not fit N, K and block_size");
    for (uint64_t r = 0; r < n; r++)
        for (uint64_t c = 0; c < k; c++) {
            uint64_t at = r * blocks + c / block;
            const uint8_t *bytes = (const uint8_t *)b->data + at * (block * bits / 8);
            double z = (double)(1u << (bits - 1));
            if (packed)
                z = ox__bits_get((const uint8_t *)zero->data + r * zero_bytes, c / block, (unsigned)bits);
            else if (zero)
                z = ox__ev_f64(zero, at);
            out[r * k + c] = (ox__bits_get(bytes, c % block, (unsigned)bits) - z) * ox__ev_f64(scale, at);
        }
    return OX_OK;
}

ox_status ox__ms_eval_nbits(ox__ev *e)
{
    int64_t n = ox__ev_int(e, "N", 0), k = ox__ev_int(e, "K", 0), bits = ox__ev_int(e, "bits", 4),
            block = ox__ev_int(e, "block_size", 0);
    ox_status s = ox__ev_need(e, 0, 3);
    if (s != OX_OK) return s;
    const ox__dense *a = &e->in[0];
    if ((bits != 2 && bits != 4 && bits != 8) || block < 16 || block > 65536 || n < 1 || k < 1 || n > INT32_MAX ||
        k > INT32_MAX || !a->rank || a->dims[a->rank - 1] != k || !ox_dtype_is_float(a->dtype))
        return ox__ev_fail(e, "N, K, bits or block_size do not fit");
    if (ox__ev_has(e, 4)) return ox__ev_unsupported(e, "a group index");
    if ((uint64_t)n > e->in[2].n || (uint64_t)n * (uint64_t)k > e->in[1].n * 8)
        return ox__ev_fail(e, "the weights do not fit N, K and block_size");
    double *w = ox__arena_alloc(e->mem, (size_t)(n * k) * sizeof *w);
    uint64_t rows = a->n / (uint64_t)k, *at = ox__arena_alloc(e->mem, ((size_t)rows + 1) * sizeof *at);
    int64_t *dims = ox__arena_alloc(e->mem, a->rank * sizeof *dims);
    if (!w || !at || !dims) return ox__nomem(e->err);
    s = unpack(e, (uint64_t)n, (uint64_t)k, (uint64_t)bits, (uint64_t)block, w);
    if (s != OX_OK) return s;
    memset(at, 0, ((size_t)rows + 1) * sizeof *at);
    memcpy(dims, a->dims, a->rank * sizeof *dims);
    dims[a->rank - 1] = n;
    uint64_t zero = 0;
    product p = {.a = ox__ev_doubles_of(e, a),
                 .b = w,
                 .m = OX__MAX(rows, 1u),
                 .n = (uint64_t)n,
                 .k = (uint64_t)k,
                 .a_row = (uint64_t)k,
                 .a_step = 1,
                 .b_col = (uint64_t)k,
                 .b_step = 1,
                 .a_at = &zero,
                 .b_at = &zero,
                 .alpha = 1};
    if (!p.a) return OX_E_NOMEM;
    s = run_product(e, &p, rows, a->rank, dims);
    if (s != OX_OK || !ox__ev_has(e, 5)) return s;
    if (e->in[5].n != (uint64_t)n) return ox__ev_fail(e, "the bias does not fit N");
    for (uint64_t i = 0; i < rows * (uint64_t)n; i++) p.out[i] += ox__ev_f64(&e->in[5], i % (uint64_t)n);
    return give_doubles(e, a->dtype, a->rank, dims, p.out);
}

/* ---- QLinearAdd, QLinearMul, QLinearSigmoid, QLinearLeakyRelu: one scale and zero point for each tensor ---- */
typedef struct quantum {
    double scale, zero;
} quantum;

static ox_status read_quantum(ox__ev *e, size_t scale, ox_dtype dtype, quantum *out)
{
    bool zero = ox__ev_has(e, scale + 1);
    if (!ox__ev_has(e, scale) || e->in[scale].n != 1 ||
        (zero && (e->in[scale + 1].n != 1 || e->in[scale + 1].dtype != dtype)))
        return ox__ev_fail(e, "scale and zero point at input %zu are not one number each", scale);
    *out = (quantum){ox__ev_f64(&e->in[scale], 0), zero ? ox__ev_f64(&e->in[scale + 1], 0) : 0};
    return OX_OK;
}

/* In floats, as ONNX Runtime has them: which way a number half way goes depends on it. */
static void put_quantum(ox_dtype dtype, void *out, uint64_t i, float v, quantum q)
{
    double low = dtype == OX_INT8 ? -128 : 0, high = dtype == OX_INT8 ? 127 : 255;
    double t = (double)rintf(v / (float)q.scale) + q.zero;
    ox_dtype_set_i64(dtype, out, i, (int64_t)(t > high ? high : t >= low ? t : low));
}

static ox_status q_unary(ox__ev *e, ox_dtype dtype)
{
    quantum in, to;
    ox_status s = read_quantum(e, 1, dtype, &in);
    if (s == OX_OK) s = read_quantum(e, 3, dtype, &to);
    if (s != OX_OK) return s;
    const ox__dense *x = &e->in[0];
    double alpha = ox__ev_float(e, "alpha", 0.01);
    bool sigmoid = is(e, "QLinearSigmoid");
    void *out = ox__ev_out(e, 0, dtype, x->rank, x->dims, &s);
    for (uint64_t i = 0; out && i < x->n; i++) {
        double v = ((double)ox__ev_i64(x, i) - in.zero) * in.scale;
        put_quantum(dtype, out, i, (float)(sigmoid ? 1 / (1 + exp(-v)) : v < 0 ? alpha * v : v), to);
    }
    return s;
}

/* The element of t that stands at place i of the result. */
static uint64_t place(const ox__dense *t, const int64_t *dims, uint32_t rank, uint64_t i)
{
    uint64_t at = 0, stride = 1;
    for (uint32_t d = rank; d-- > 0; i /= (uint64_t)dims[d]) {
        int64_t own = (int64_t)d - (rank - t->rank);
        if (own < 0) break;
        if (t->dims[own] != 1) at += i % (uint64_t)dims[d] * stride;
        stride *= (uint64_t)t->dims[own];
    }
    return at;
}

static ox_status q_binary(ox__ev *e, ox_dtype dtype)
{
    quantum qa, qb, to;
    const ox__dense *a = &e->in[0], *b = &e->in[3];
    ox_status s = ox__ev_need(e, 3, 4);
    if (s == OX_OK && b->dtype != dtype) s = ox__ev_fail(e, "the inputs differ in type");
    if (s == OX_OK) s = read_quantum(e, 1, dtype, &qa);
    if (s == OX_OK) s = read_quantum(e, 4, dtype, &qb);
    if (s == OX_OK) s = read_quantum(e, 6, dtype, &to);
    if (s != OX_OK) return s;
    uint32_t rank = OX__MAX(a->rank, b->rank);
    int64_t *dims = ox__arena_alloc(e->mem, (rank + 1) * sizeof *dims);
    if (!dims) return ox__nomem(e->err);
    for (uint32_t d = 0; d < rank; d++) {
        int64_t i = (int64_t)d - (rank - a->rank), j = (int64_t)d - (rank - b->rank);
        int64_t x = i < 0 ? 1 : a->dims[i], y = j < 0 ? 1 : b->dims[j];
        if (x != y && x != 1 && y != 1) return ox__ev_fail(e, "the inputs cannot be broadcast");
        dims[d] = x == 1 ? y : x;
    }
    bool add = is(e, "QLinearAdd");
    void *out = ox__ev_out(e, 0, dtype, rank, dims, &s);
    for (uint64_t i = 0; out && i < e->out[0].n; i++) {
        float x = ((float)ox__ev_i64(a, place(a, dims, rank, i)) - (float)qa.zero) * (float)qa.scale,
              y = ((float)ox__ev_i64(b, place(b, dims, rank, i)) - (float)qb.zero) * (float)qb.scale;
        put_quantum(dtype, out, i, add ? x + y : x * y, to);
    }
    return s;
}

ox_status ox__ms_eval_qlinear(ox__ev *e)
{
    ox_status s = ox__ev_need(e, 0, 1);
    if (s != OX_OK) return s;
    ox_dtype dtype = e->in[0].dtype;
    if (dtype != OX_UINT8 && dtype != OX_INT8)
        return ox__ev_unsupported(e, "of %s", ox_dtype_name(dtype, OX_DTYPE_NUMPY));
    return is(e, "QLinearAdd") || is(e, "QLinearMul") ? q_binary(e, dtype) : q_unary(e, dtype);
}

/* ---- CDist: distances of the rows of two matrices ---- */
ox_status ox__ms_eval_cdist(ox__ev *e)
{
    ox_status s = need_floats(e, 2);
    if (s != OX_OK) return s;
    const ox__dense *a = &e->in[0], *b = &e->in[1];
    if (a->rank != 2 || b->rank != 2 || a->dims[1] != b->dims[1])
        return ox__ev_fail(e, "the inputs are no rows of one width");
    bool root = !ox__ev_string_is(e, "metric", "sqeuclidean", "sqeuclidean");
    const double *x = ox__ev_doubles_of(e, a), *y = ox__ev_doubles_of(e, b);
    if (!x || !y) return OX_E_NOMEM;
    int64_t dims[2] = {a->dims[0], b->dims[0]}, width = a->dims[1];
    void *out = ox__ev_out(e, 0, a->dtype, 2, dims, &s);
    for (int64_t i = 0; out && i < dims[0]; i++)
        for (int64_t j = 0; j < dims[1]; j++) {
            double sum = 0;
            for (int64_t k = 0; k < width; k++) {
                double d = x[i * width + k] - y[j * width + k];
                sum += d * d;
            }
            ox_dtype_set_f64(a->dtype, out, (uint64_t)(i * dims[1] + j), root ? sqrt(sum) : sum);
        }
    return s;
}
