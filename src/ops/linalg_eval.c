/* Floor 3. Evaluation of MatMul and its integer and quantized forms, Gemm and Det. */
#include "ops/gemm.h"
#include "ops/linalg.h"
#include "ops/wide.h"

#include <math.h>

enum { MAX_RANK = 64 };

/* Products of stacks of matrices whose leading dims are broadcast. */
typedef struct stacks {
    uint32_t rank; /* of the result, without what vectors leave out */
    int64_t dims[MAX_RANK], m, n, k;
    uint64_t batch;
    ox__gemm *g; /* batch of them; strides are those of row-major matrices */
} stacks;

static ox_status shapes(ox__ev *e, stacks *p, const ox__dense *a, const ox__dense *b)
{
    uint32_t la = a->rank > 2 ? a->rank - 2 : 0, lb = b->rank > 2 ? b->rank - 2 : 0, lead = OX__MAX(la, lb);
    if (!a->rank || !b->rank) return ox__ev_fail(e, "an input is a scalar");
    if (lead + 2 > MAX_RANK) return ox__ev_unsupported(e, "%u dims", (unsigned)lead + 2);
    p->m = a->rank > 1 ? a->dims[a->rank - 2] : 1;
    p->k = a->dims[a->rank - 1];
    p->n = b->rank > 1 ? b->dims[b->rank - 1] : 1;
    int64_t rows = b->dims[b->rank > 1 ? b->rank - 2 : 0];
    if (rows != p->k) return ox__ev_fail(e, "%lld columns by %lld rows", (long long)p->k, (long long)rows);
    for (uint32_t i = 0; i < lead; i++) {
        int64_t da = i + la >= lead ? a->dims[i + la - lead] : 1, db = i + lb >= lead ? b->dims[i + lb - lead] : 1;
        if (da != db && da != 1 && db != 1)
            return ox__ev_fail(e, "dims %lld and %lld cannot be broadcast", (long long)da, (long long)db);
        p->dims[i] = da == 1 ? db : da;
    }
    if (!ox__dims_product(p->dims, lead, &p->batch)) return ox__ev_fail(e, "the result is too large");
    p->rank = lead;
    if (a->rank > 1) p->dims[p->rank++] = p->m;
    if (b->rank > 1) p->dims[p->rank++] = p->n;
    return OX_OK;
}

/* Places of the matrices; the result is dense. Vectors that are repeated for a whole stack become one product. */
static ox_status products(ox__ev *e, stacks *p, const ox__dense *a, const ox__dense *b, const void *pa, const void *pb,
                          void *c, size_t item)
{
    uint32_t lead = p->rank - (a->rank > 1) - (b->rank > 1);
    if (b->rank <= 2 && p->batch > 1 && a->n) {
        p->m *= (int64_t)p->batch;
        p->batch = 1;
        lead = 0;
    }
    p->g = p->batch > SIZE_MAX / 256 ? NULL : ox__arena_alloc(e->mem, ((size_t)p->batch + 1) * sizeof *p->g);
    if (!p->g) return ox__nomem(e->err);
    for (uint64_t i = 0; i < p->batch; i++) {
        uint64_t at[2] = {0, 0}, rest = i, step[2] = {1, 1};
        for (uint32_t d = lead; d-- > 0; rest /= (uint64_t)p->dims[d])
            for (int s = 0; s < 2; s++) {
                const ox__dense *x = s ? b : a;
                int64_t back = (int64_t)d + x->rank - 2 - lead;
                if (x->rank < 2 || back < 0) continue;
                if (x->dims[back] != 1) at[s] += rest % (uint64_t)p->dims[d] * step[s];
                step[s] *= (uint64_t)x->dims[back];
            }
        p->g[i] = (ox__gemm){.m = p->m,
                             .n = p->n,
                             .k = p->k,
                             .alpha = 1,
                             .a = (const char *)pa + at[0] * (uint64_t)(p->m * p->k) * item,
                             .a_row = p->k,
                             .a_col = 1,
                             .b = (const char *)pb + at[1] * (uint64_t)(p->k * p->n) * item,
                             .b_row = p->n,
                             .b_col = 1,
                             .c = (char *)c + i * (uint64_t)(p->m * p->n) * item,
                             .c_row = p->n};
    }
    return OX_OK;
}

ox_status ox__eval_matmul(ox__ev *e)
{
    stacks p = {0};
    ox_status s = ox__ev_need(e, 0, 2);
    if (s != OX_OK) return s;
    const ox__dense *a = &e->in[0], *b = &e->in[1];
    ox_dtype in = ox__wide_type(a->dtype);
    bool integer = a->dtype == OX_INT32 || a->dtype == OX_UINT32 || a->dtype == OX_INT64 || a->dtype == OX_UINT64;
    if (!in && !integer) return ox__ev_unsupported(e, "this element type");
    if (a->dtype != b->dtype) return ox__ev_fail(e, "the inputs are of different element types");
    s = shapes(e, &p, a, b);
    if (s != OX_OK) return s;
    if (integer) {
        void *c = ox__ev_out(e, 0, a->dtype, p.rank, p.dims, &s);
        unsigned item = ox__ev_item(a->dtype);
        if (c) s = products(e, &p, a, b, a->data, b->data, c, item);
        if (c && s == OX_OK) ox__gemm_int(e, item, p.g, (size_t)p.batch);
        return s;
    }
    ox__wide y;
    const void *pa = ox__wide_of(e, a, in), *pb = pa ? ox__wide_of(e, b, in) : NULL;
    if (!pb) return OX_E_NOMEM;
    s = ox__wide_out(e, &y, 0, a->dtype, in, p.rank, p.dims);
    if (s == OX_OK && y.n) s = products(e, &p, a, b, pa, pb, y.p, in == OX_DOUBLE ? 8 : 4);
    if (s == OX_OK && y.n) s = ox__gemm_run(e, in, p.g, (size_t)p.batch);
    if (s == OX_OK) ox__wide_store(e, &y);
    return s;
}

/* ---- Gemm ---- */
/* beta * C, broadcast to the result. */
static ox_status add_term(ox__ev *e, const ox__dense *c, ox__wide *y, int64_t m, int64_t n, double beta)
{
    int64_t rows = c->rank > 1 ? c->dims[c->rank - 2] : 1, cols = c->rank ? c->dims[c->rank - 1] : 1;
    if (c->rank > 2 || (rows != m && rows != 1) || (cols != n && cols != 1))
        return ox__ev_fail(e, "C cannot be broadcast to %lld by %lld", (long long)m, (long long)n);
    const void *v = ox__wide_of(e, c, y->in);
    if (!v) return OX_E_NOMEM;
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            int64_t at = (rows == 1 ? 0 : i) * cols + (cols == 1 ? 0 : j);
            if (y->in == OX_DOUBLE)
                ((double *)y->p)[i * n + j] = ((const double *)v)[at] * beta;
            else
                ((float *)y->p)[i * n + j] = ((const float *)v)[at] * (float)beta;
        }
    return OX_OK;
}

/* Integers wrap around; the factors must be whole. */
static ox_status gemm_integer(ox__ev *e, ox__gemm *g, const int64_t *dims, double beta)
{
    ox_status s = OX_OK;
    unsigned item = ox__ev_item(e->in[0].dtype);
    void *y = ox__ev_out(e, 0, e->in[0].dtype, 2, dims, &s);
    if (!y) return s;
    double alpha = g->alpha;
    if (alpha != trunc(alpha) || beta != trunc(beta) || fabs(alpha) > 1e9 || fabs(beta) > 1e9)
        return ox__ev_unsupported(e, "fractional factors of integers");
    g->c = y;
    ox__gemm_int(e, item, g, 1);
    const ox__dense *c = ox__ev_has(e, 2) ? &e->in[2] : NULL;
    int64_t rows = c && c->rank > 1 ? c->dims[c->rank - 2] : 1, cols = c && c->rank ? c->dims[c->rank - 1] : 1;
    if (c && (c->rank > 2 || (rows != g->m && rows != 1) || (cols != g->n && cols != 1)))
        return ox__ev_fail(e, "C cannot be broadcast to %lld by %lld", (long long)g->m, (long long)g->n);
    for (int64_t i = 0; i < g->m; i++)
        for (int64_t j = 0; j < g->n; j++) {
            uint64_t at = (uint64_t)(i * g->n + j), term = 0;
            if (c) term = (uint64_t)ox__ev_i64(c, (uint64_t)((rows == 1 ? 0 : i) * cols + (cols == 1 ? 0 : j)));
            uint64_t v = item == 4 ? ((uint32_t *)y)[at] : ((uint64_t *)y)[at];
            v = v * (uint64_t)(int64_t)alpha + term * (uint64_t)(int64_t)beta;
            if (item == 4)
                ((uint32_t *)y)[at] = (uint32_t)v;
            else
                ((uint64_t *)y)[at] = v;
        }
    return OX_OK;
}

ox_status ox__eval_gemm(ox__ev *e)
{
    ox_status s = ox__ev_need(e, 0, 2);
    if (s != OX_OK) return s;
    const ox__dense *a = &e->in[0], *b = &e->in[1];
    bool ta = ox__ev_int(e, "transA", 0) != 0, tb = ox__ev_int(e, "transB", 0) != 0;
    double beta = ox__ev_float(e, "beta", 1);
    if (a->rank != 2 || b->rank != 2) return ox__ev_fail(e, "inputs of %u and %u dims", a->rank, b->rank);
    ox__gemm g = {.m = a->dims[ta],
                  .k = a->dims[!ta],
                  .n = b->dims[!tb],
                  .alpha = ox__ev_float(e, "alpha", 1),
                  .a_row = ta ? 1 : a->dims[1],
                  .a_col = ta ? a->dims[1] : 1,
                  .b_row = tb ? 1 : b->dims[1],
                  .b_col = tb ? b->dims[1] : 1};
    if (b->dims[tb] != g.k) return ox__ev_fail(e, "%lld columns by %lld rows", (long long)g.k, (long long)b->dims[tb]);
    int64_t dims[2] = {g.m, g.n};
    ox_dtype in = ox__wide_type(a->dtype);
    g.a = a->data;
    g.b = b->data;
    g.c_row = g.n;
    if (a->dtype != b->dtype) return ox__ev_fail(e, "the inputs are of different element types");
    if (!in && ox_dtype_is_integer(a->dtype) && ox_dtype_bits(a->dtype) >= 32) return gemm_integer(e, &g, dims, beta);
    if (!in) return ox__ev_unsupported(e, "this element type");
    ox__wide y;
    g.a = ox__wide_of(e, a, in);
    g.b = ox__wide_of(e, b, in);
    if (!g.a || !g.b) return OX_E_NOMEM;
    s = ox__wide_out(e, &y, 0, a->dtype, in, 2, dims);
    g.c = y.p;
    g.add = ox__ev_has(e, 2) && beta != 0;
    if (s == OX_OK && g.add) s = add_term(e, &e->in[2], &y, g.m, g.n, beta);
    if (s == OX_OK) s = ox__gemm_run(e, in, &g, 1);
    if (s == OX_OK) ox__wide_store(e, &y);
    return s;
}

/* ---- bytes ---- */
/* Elements less their zero point as double: sums of their products are exact. One zero point, or one for each row
 * (`rows`) or column of the last two dims, maybe of each matrix. */
static ox_status shifted(ox__ev *e, const ox__dense *a, const ox__dense *zero, bool rows, double **out)
{
    double *v = a->n > SIZE_MAX / 16 ? NULL : ox__arena_alloc(e->mem, OX__MAX((size_t)a->n, 1) * sizeof *v);
    if (!v) return ox__nomem(e->err);
    uint64_t cols = a->rank ? (uint64_t)a->dims[a->rank - 1] : 1, n = zero ? zero->n : 0,
             high = a->rank > 1 ? (uint64_t)a->dims[a->rank - 2] : 1, each = rows ? high : cols;
    uint64_t stacks_n = n && each ? n / each : 0;
    if (n > 1 && (stacks_n * each != n || (stacks_n != 1 && stacks_n * high * cols != a->n)))
        return ox__ev_fail(e, "%llu zero points do not fit", (unsigned long long)n);
    for (uint64_t i = 0; i < a->n; i++) {
        uint64_t stack = stacks_n > 1 ? i / (high * cols) * each : 0;
        uint64_t at = n > 1 ? stack + (rows ? i / cols % high : i % cols) : 0;
        v[i] = (double)(ox__ev_i64(a, i) - (n ? ox__ev_i64(zero, at) : 0));
    }
    *out = v;
    return OX_OK;
}

static bool is_byte(const ox__dense *a)
{
    return a->dtype == OX_INT8 || a->dtype == OX_UINT8;
}

/* Sums into scratch memory; shapes into p. */
static ox_status byte_sums(ox__ev *e, stacks *p, size_t ib, size_t iza, size_t izb, double **sums, uint64_t *n)
{
    const ox__dense *a = &e->in[0], *b = &e->in[ib];
    double *va, *vb;
    if (!is_byte(a) || !is_byte(b)) return ox__ev_unsupported(e, "this element type");
    ox_status s = shapes(e, p, a, b);
    if (s == OX_OK) s = shifted(e, a, ox__ev_has(e, iza) ? &e->in[iza] : NULL, true, &va);
    if (s == OX_OK) s = shifted(e, b, ox__ev_has(e, izb) ? &e->in[izb] : NULL, false, &vb);
    if (s != OX_OK) return s;
    if (!ox__dims_product(p->dims, p->rank, n) || *n > e->max_bytes)
        return ox__fail(e->err, OX_E_LIMIT, "%s: the result is too large to be computed here", ox__ev_op(e));
    *sums = ox__arena_alloc(e->mem, ((size_t)*n + 1) * sizeof(double));
    if (!*sums) return ox__nomem(e->err);
    if (!*n) return OX_OK;
    s = products(e, p, a, b, va, vb, *sums, sizeof(double));
    return s == OX_OK ? ox__gemm_f64(e, p->g, (size_t)p->batch) : s;
}

ox_status ox__eval_matmul_integer(ox__ev *e)
{
    stacks p = {0};
    double *sums;
    uint64_t n;
    ox_status s = ox__ev_need(e, 0, 2);
    if (s == OX_OK) s = byte_sums(e, &p, 1, 2, 3, &sums, &n);
    if (s != OX_OK) return s;
    int32_t *y = ox__ev_out(e, 0, OX_INT32, p.rank, p.dims, &s);
    for (uint64_t i = 0; y && i < n; i++) y[i] = (int32_t)(uint32_t)(int64_t)sums[i];
    return y ? OX_OK : s;
}

/* A scale or zero point for the element at (row, col) of matrix `stack`. */
static uint64_t point(const ox__dense *z, uint64_t each, uint64_t at, uint64_t stack)
{
    return z->n <= 1 ? 0 : z->n == each ? at : (stack * each + at) % z->n;
}

/* Inputs: a, its scale and zero point, b, its scale and zero point, y's scale and zero point. */
ox_status ox__eval_qlinear_matmul(ox__ev *e)
{
    stacks p = {0};
    double *sums;
    uint64_t n;
    ox_status s = ox__ev_need(e, 0, 8);
    if (s == OX_OK) s = byte_sums(e, &p, 3, 2, 5, &sums, &n);
    if (s != OX_OK) return s;
    const ox__dense *sa = &e->in[1], *sb = &e->in[4], *sy = &e->in[6], *zy = &e->in[7];
    if (!is_byte(zy)) return ox__ev_unsupported(e, "this element type");
    uint64_t rows = e->in[0].rank > 1 ? (uint64_t)e->in[0].dims[e->in[0].rank - 2] : 1, cols = (uint64_t)p.n;
    for (size_t i = 1; i < 8; i++)
        if (e->in[i].n == 0 && i != 3) return ox__ev_fail(e, "input %zu is empty", i);
    void *y = ox__ev_out(e, 0, zy->dtype, p.rank, p.dims, &s);
    double low = zy->dtype == OX_INT8 ? -128 : 0;
    for (uint64_t i = 0; y && i < n; i++) {
        uint64_t row = i / cols % rows, col = i % cols, stack = i / cols / rows;
        double scale = ox__ev_f64(sa, point(sa, rows, row, stack)) * ox__ev_f64(sb, point(sb, cols, col, stack)) /
                       ox__ev_f64(sy, point(sy, rows, row, stack));
        double v = nearbyint((double)(float)(sums[i] * scale)) + (double)ox__ev_i64(zy, point(zy, rows, row, stack));
        v = v < low ? low : v > low + 255 ? low + 255 : v;
        ox_dtype_set_i64(zy->dtype, y, i, v == v ? (int64_t)v : 0);
    }
    return y ? OX_OK : s;
}

/* ---- Det ---- */
/* By elimination with the largest pivot; destroys a. */
static double determinant(double *a, int64_t n)
{
    double det = 1;
    for (int64_t k = 0; k < n; k++) {
        int64_t best = k;
        for (int64_t i = k + 1; i < n; i++)
            if (fabs(a[i * n + k]) > fabs(a[best * n + k])) best = i;
        double pivot = a[best * n + k];
        if (pivot == 0) return 0;
        det *= best == k ? pivot : -pivot;
        for (int64_t j = k; j < n && best != k; j++) {
            double t = a[k * n + j];
            a[k * n + j] = a[best * n + j];
            a[best * n + j] = t;
        }
        for (int64_t i = k + 1; i < n; i++) {
            double f = a[i * n + k] / pivot;
            for (int64_t j = k + 1; j < n; j++) a[i * n + j] -= f * a[k * n + j];
        }
    }
    return det;
}

ox_status ox__eval_det(ox__ev *e)
{
    ox_status s = ox__ev_need(e, 0, 1);
    if (s != OX_OK) return s;
    const ox__dense *x = &e->in[0];
    if (!ox_dtype_is_float(x->dtype)) return ox__ev_unsupported(e, "this element type");
    if (x->rank < 2 || x->dims[x->rank - 1] != x->dims[x->rank - 2])
        return ox__ev_fail(e, "the input is no stack of square matrices");
    int64_t n = x->dims[x->rank - 1];
    uint64_t count;
    void *y = ox__ev_out(e, 0, x->dtype, x->rank - 2, x->dims, &s);
    if (!y || !ox__dims_product(x->dims, x->rank - 2, &count)) return s;
    double *a = ox__arena_alloc(e->mem, ((size_t)x->n + 1) * sizeof *a);
    if (!a) return ox__nomem(e->err);
    for (uint64_t i = 0; i < x->n; i++) a[i] = ox__ev_f64(x, i);
    for (uint64_t i = 0; i < count; i++) ox_dtype_set_f64(x->dtype, y, i, determinant(a + i * (uint64_t)(n * n), n));
    return OX_OK;
}
