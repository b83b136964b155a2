/* Floor 3. com.microsoft: evaluation of normalizations over the last dims, after a sum or without a mean. */
#include "ops/ms.h"

#include <math.h>

typedef struct norm {
    const double *x, *skip, *bias, *gamma, *beta; /* all but x and gamma may be NULL */
    uint64_t width, n_skip;                       /* skip repeats after so many elements */
    bool simple;                                  /* the mean is not taken off */
    double epsilon;
    double *sum, *y, *inverse;
} norm;

static void rows_of(void *ud, uint64_t from, uint64_t to)
{
    const norm *n = ud;
    for (uint64_t r = from; r < to; r++) {
        double *s = n->sum + r * n->width, mean = 0, square = 0;
        for (uint64_t i = 0; i < n->width; i++) {
            uint64_t at = r * n->width + i;
            s[i] = n->x[at] + (n->skip ? n->skip[at % n->n_skip] : 0) + (n->bias ? n->bias[i] : 0);
            mean += s[i] / (double)n->width;
        }
        if (n->simple) mean = 0;
        for (uint64_t i = 0; i < n->width; i++) square += (s[i] - mean) * (s[i] - mean) / (double)n->width;
        n->inverse[r] = 1 / sqrt(square + n->epsilon);
        for (uint64_t i = 0; i < n->width; i++)
            n->y[r * n->width + i] = (s[i] - mean) * n->inverse[r] * n->gamma[i] + (n->beta ? n->beta[i] : 0);
    }
}

/* Input i as doubles; it must have `want` elements. NULL with OX_OK: it is absent. */
static ox_status vector(ox__ev *e, size_t i, uint64_t want, const double **out)
{
    *out = NULL;
    if (!ox__ev_has(e, i)) return OX_OK;
    if (!ox_dtype_is_float(e->in[i].dtype) || e->in[i].n != want)
        return ox__ev_fail(e, "input %zu is not made of %llu floats", i, (unsigned long long)want);
    *out = ox__ev_doubles_of(e, &e->in[i]);
    return *out ? OX_OK : OX_E_NOMEM;
}

static ox_status run(ox__ev *e, norm *n, uint64_t rows)
{
    const ox__dense *x = &e->in[0];
    n->x = ox__ev_doubles_of(e, x);
    n->sum = ox__arena_alloc(e->mem, ((size_t)x->n + 1) * sizeof(double));
    n->y = ox__arena_alloc(e->mem, ((size_t)x->n + 1) * sizeof(double));
    n->inverse = ox__arena_alloc(e->mem, ((size_t)rows + 1) * sizeof(double));
    if (!n->x || !n->sum || !n->y || !n->inverse) return ox__nomem(e->err);
    ox__ev_parallel(e, rows, 1 + 4096 / (n->width + 1), rows_of, n);
    return OX_OK;
}

static ox_status give(ox__ev *e, size_t o, ox_dtype dtype, uint32_t rank, const int64_t *dims, const double *v,
                      uint64_t n)
{
    ox_status s = OX_OK;
    if (o >= e->n_out) return s;
    void *out = ox__ev_out(e, o, dtype, rank, dims, &s);
    for (uint64_t i = 0; out && i < n; i++) ox_dtype_set_f64(dtype, out, i, v[i]);
    return s;
}

static ox_status need_rows(ox__ev *e, size_t n_inputs)
{
    ox_status s = ox__ev_need(e, 0, n_inputs);
    if (s == OX_OK && (!ox_dtype_is_float(e->in[0].dtype) || e->in[0].rank < 1))
        s = ox__ev_fail(e, "the input has no rows of floats");
    return s;
}

/* Leading dims of 1 aside, the last dims of x are those of t. */
static bool repeats_in(const ox__dense *t, const ox__dense *x)
{
    uint32_t first = 0;
    if (t->rank > x->rank) return false;
    while (first < t->rank && t->dims[first] == 1) first++;
    for (uint32_t i = first; i < t->rank; i++)
        if (t->dims[i] != x->dims[x->rank - t->rank + i]) return false;
    return t->rank > 0 && t->dims[t->rank - 1] == x->dims[x->rank - 1];
}

/* SkipLayerNormalization(x, skip, gamma, beta, bias), SkipSimplifiedLayerNormalization(x, skip, gamma, bias). */
ox_status ox__ms_eval_skip_norm(ox__ev *e)
{
    norm n = {.simple = strcmp(ox__ev_op(e), "SkipLayerNormalization") != 0,
              .epsilon = ox__ev_float(e, "epsilon", 1e-12)};
    ox_status s = need_rows(e, 3);
    if (s != OX_OK) return s;
    const ox__dense *x = &e->in[0], *skip = &e->in[1];
    n.width = (uint64_t)x->dims[x->rank - 1];
    n.n_skip = OX__MAX(skip->n, 1);
    if (!repeats_in(skip, x)) return ox__ev_fail(e, "the inputs do not go together");
    s = vector(e, 1, skip->n, &n.skip);
    if (s == OX_OK) s = vector(e, 2, n.width, &n.gamma);
    if (s == OX_OK && !n.simple) s = vector(e, 3, n.width, &n.beta);
    if (s == OX_OK) s = vector(e, n.simple ? 3 : 4, n.width, &n.bias);
    if (s == OX_OK) s = run(e, &n, n.width ? x->n / n.width : 0);
    if (s == OX_OK) s = give(e, 0, x->dtype, x->rank, x->dims, n.y, x->n);
    return s == OX_OK ? give(e, 3, x->dtype, x->rank, x->dims, n.sum, x->n) : s;
}

ox_status ox__ms_eval_simplified_norm(ox__ev *e)
{
    norm n = {.simple = true, .epsilon = ox__ev_float(e, "epsilon", 1e-5)};
    int64_t axis = ox__ev_int(e, "axis", -1), stash = ox__ev_int(e, "stash_type", OX_FLOAT);
    ox_status s = need_rows(e, 2);
    if (s == OX_OK) s = ox__ev_axis(e, &axis, e->in[0].rank);
    if (s != OX_OK) return s;
    const ox__dense *x = &e->in[0];
    uint64_t rows = 1;
    n.width = 1;
    int64_t *dims = ox__arena_alloc(e->mem, x->rank * sizeof *dims);
    if (!dims) return ox__nomem(e->err);
    for (uint32_t i = 0; i < x->rank; i++) {
        dims[i] = i < axis ? x->dims[i] : 1;
        if (i >= axis && x->n) n.width *= (uint64_t)x->dims[i];
    }
    if (x->n)
        rows = x->n / n.width;
    else if (!ox__dims_product(dims, x->rank, &rows) || rows)
        return ox__ev_unsupported(e, "rows of nothing");
    if (stash != OX_FLOAT && stash != OX_DOUBLE) return ox__ev_unsupported(e, "stash_type %lld", (long long)stash);
    s = vector(e, 1, x->n ? n.width : e->in[1].n, &n.gamma);
    if (s == OX_OK) s = run(e, &n, rows);
    if (s == OX_OK) s = give(e, 0, e->in[1].dtype, x->rank, x->dims, n.y, x->n);
    return s == OX_OK ? give(e, 1, (ox_dtype)stash, x->rank, dims, n.inverse, rows) : s;
}
