/* Floor 3. Reductions, ArgMax and ArgMin, losses. */
#include "ops/infer.h"

#include <math.h>

/* The dims with those of the axes gone, or 1. gone[i] per axis. */
static ox_status reduced(ox__inf *c, const bool *gone, bool keep, ox_dtype dtype)
{
    int32_t rank = c->in[0].rank, n = 0;
    ox_dim *dims = ox__inf_dims(c, (size_t)rank);
    if (!dims) return OX_E_NOMEM;
    for (int32_t i = 0; i < rank; i++) {
        if (!gone[i])
            dims[n++] = c->in[0].dims[i];
        else if (keep)
            dims[n++] = ox__inf_const(c, 1);
    }
    return ox__inf_out(c, 0, dtype, n, dims);
}

/* ReduceSum and ReduceProd of a shape. */
static ox_status reduce_vec(ox__inf *c, bool keep)
{
    ox__vec_fact v;
    bool prod = ox_node_is(c->m, c->node, "", "ReduceProd");
    if ((!prod && !ox_node_is(c->m, c->node, "", "ReduceSum")) || !ox__inf_vec(c, 0, &v) || v.scalar) return OX_OK;
    ox_dim d = ox__inf_const(c, prod);
    for (size_t i = 0; i < v.n; i++) d = prod ? ox_dim_mul(c->m, d, v.dims[i]) : ox_dim_add(c->m, d, v.dims[i]);
    return ox__inf_out_vec(c, 0, &d, 1, !keep);
}

static ox_status infer_reduce(ox__inf *c)
{
    ox_dtype dtype = ox__inf_dtype(c, 0);
    const int64_t *axes;
    size_t n;
    bool keep = ox__inf_int(c, "keepdims", 1) != 0, known = ox__inf_list(c, "axes", 1, &axes, &n);
    if (!ox__inf_ranked(c, 0)) {
        bool all = known && n == 0 && !keep && !ox__inf_int(c, "noop_with_empty_axes", 0);
        return ox__inf_out(c, 0, dtype, all ? 0 : OX_RANK_UNKNOWN, NULL);
    }
    int32_t rank = c->in[0].rank;
    if (!known)
        return ox__inf_out_unknown(c, 0, dtype, keep ? rank : OX_RANK_UNKNOWN,
                                   "the axes of a reduction depend on data");
    if (n == 0 && ox__inf_int(c, "noop_with_empty_axes", 0)) return ox__inf_out_like(c, 0, 0, dtype);
    bool *gone = ox__arena_alloc(c->mem, (size_t)rank + 1);
    if (!gone) return ox__nomem(c->err);
    memset(gone, n == 0, (size_t)rank + 1);
    for (size_t i = 0; i < n; i++) {
        int64_t axis = axes[i];
        ox_status s = ox__inf_axis(c, &axis, rank);
        if (s != OX_OK) return s;
        gone[axis] = true;
    }
    ox_status s = reduced(c, gone, keep, dtype);
    return s == OX_OK && rank == 1 && gone[0] ? reduce_vec(c, keep) : s;
}

static ox_status infer_arg(ox__inf *c)
{
    if (!ox__inf_ranked(c, 0)) return ox__inf_out(c, 0, OX_INT64, OX_RANK_UNKNOWN, NULL);
    int64_t axis = ox__inf_int(c, "axis", 0);
    ox_status s = ox__inf_axis(c, &axis, c->in[0].rank);
    bool *gone = ox__arena_alloc(c->mem, (size_t)c->in[0].rank + 1);
    if (s != OX_OK || !gone) return s != OX_OK ? s : ox__nomem(c->err);
    memset(gone, 0, (size_t)c->in[0].rank + 1);
    gone[axis] = true;
    return reduced(c, gone, ox__inf_int(c, "keepdims", 1) != 0, OX_INT64);
}

/* ---- losses ---- */
static ox_status infer_loss(ox__inf *c)
{
    ox_dtype dtype = ox__inf_dtype(c, 0);
    bool none = ox__inf_string_is(c, "reduction", "none");
    ox_status s = none ? ox__inf_out_like(c, 0, 1, dtype) : ox__inf_out(c, 0, dtype, 0, NULL);
    if (s == OX_OK && ox_node_is(c->m, c->node, "", "SoftmaxCrossEntropyLoss")) s = ox__inf_out_like(c, 1, 0, dtype);
    return s;
}

/* ---- evaluation ---- */
enum { MAX_RANK = 16 };

static double start_of(const char *op)
{
    return !strcmp(op, "ReduceProd")  ? 1
           : !strcmp(op, "ReduceMax") ? -INFINITY
           : !strcmp(op, "ReduceMin") ? INFINITY
                                      : 0;
}

static ox_status eval_reduce(ox__ev *e)
{
    const char *op = ox_str_text(e->m, ox_node_op(e->m, e->node), NULL);
    const ox__dense *a = &e->in[0];
    bool ints = a->dtype == OX_INT64 || a->dtype == OX_INT32,
         floats = ox_dtype_is_float(a->dtype) && ox_dtype_bits(a->dtype) >= 16;
    const int64_t *axes = NULL;
    size_t n = 0;
    bool given = ox__ev_list(e, "axes", 1, &axes, &n), keep = ox__ev_int(e, "keepdims", 1) != 0, gone[MAX_RANK];
    if ((!ints && !floats) || a->rank > MAX_RANK || a->n == 0 || (!n && ox__ev_int(e, "noop_with_empty_axes", 0)))
        return OX_E_UNSUPPORTED;
    (void)given;
    memset(gone, n == 0, sizeof gone);
    for (size_t i = 0; i < n; i++) {
        int64_t k = axes[i] < 0 ? axes[i] + a->rank : axes[i];
        if (k < 0 || k >= a->rank) return OX_E_UNSUPPORTED;
        gone[k] = true;
    }
    int64_t dims[MAX_RANK], strides[MAX_RANK], kept[MAX_RANK], at[MAX_RANK] = {0};
    uint32_t rank = 0;
    for (uint32_t i = 0; i < a->rank; i++) {
        kept[i] = gone[i] ? 1 : a->dims[i];
        if (!gone[i] || keep) dims[rank++] = kept[i];
    }
    ox__ev_strides(kept, a->rank, strides);
    ox_status s = OX_OK;
    void *out = ox__ev_out(e, 0, a->dtype, rank, dims, &s);
    double *acc = out ? ox__arena_alloc(e->mem, (size_t)e->out[0].n * sizeof *acc) : NULL;
    if (!acc) return out ? ox__nomem(e->err) : s;
    for (uint64_t i = 0; i < e->out[0].n; i++) acc[i] = start_of(op);
    bool mean = !strcmp(op, "ReduceMean"), l1 = !strcmp(op, "ReduceL1"), l2 = !strcmp(op, "ReduceL2");
    for (uint64_t i = 0; i < a->n; i++) {
        uint64_t o = 0;
        for (uint32_t d = 0; d < a->rank; d++)
            if (!gone[d]) o += (uint64_t)(at[d] * strides[d]);
        double v = ox__ev_f64(a, i);
        if (!strcmp(op, "ReduceProd"))
            acc[o] *= v;
        else if (!strcmp(op, "ReduceMax"))
            acc[o] = v > acc[o] ? v : acc[o];
        else if (!strcmp(op, "ReduceMin"))
            acc[o] = v < acc[o] ? v : acc[o];
        else
            acc[o] += l1 ? fabs(v) : l2 ? v * v : v;
        for (uint32_t d = a->rank; d-- > 0;) {
            if (++at[d] < a->dims[d]) break;
            at[d] = 0;
        }
    }
    uint64_t each = a->n / OX__MAX(e->out[0].n, 1); /* whole: every result comes from as many elements */
    double count = (double)each;
    for (uint64_t i = 0; i < e->out[0].n; i++) {
        double v = mean ? acc[i] / count : l2 ? sqrt(acc[i]) : acc[i];
        if (ints && (mean || l2 || fabs(v) > 4503599627370496.0)) return OX_E_UNSUPPORTED; /* not exact */
        if (ints)
            ox_dtype_set_i64(a->dtype, out, i, (int64_t)v);
        else
            ox_dtype_set_f64(a->dtype, out, i, v);
    }
    return OX_OK;
}

static const ox__op_row rows[] = {
    {"ArgMax", infer_arg, NULL, 0},
    {"ArgMin", infer_arg, NULL, 0},
    {"NegativeLogLikelihoodLoss", infer_loss, NULL, 0},
    {"ReduceL1", infer_reduce, eval_reduce, 0},
    {"ReduceL2", infer_reduce, eval_reduce, 0},
    {"ReduceLogSum", infer_reduce, NULL, 0},
    {"ReduceLogSumExp", infer_reduce, NULL, 0},
    {"ReduceMax", infer_reduce, eval_reduce, 0},
    {"ReduceMean", infer_reduce, eval_reduce, 0},
    {"ReduceMin", infer_reduce, eval_reduce, 0},
    {"ReduceProd", infer_reduce, eval_reduce, 0},
    {"ReduceSum", infer_reduce, eval_reduce, 0},
    {"ReduceSumSquare", infer_reduce, NULL, 0},
    {"SoftmaxCrossEntropyLoss", infer_loss, NULL, 0},
};
const ox__op_family ox__ops_reduce = {rows, OX__COUNT(rows), NULL};
