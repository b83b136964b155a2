/* Floor 3. Reductions, ArgMax and ArgMin, losses. */
#include "ops/reduce.h"
#include "ops/infer.h"

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

static const ox__op_row rows[] = {
    {"ArgMax", infer_arg, ox__eval_arg, 0},
    {"ArgMin", infer_arg, ox__eval_arg, 0},
    {"NegativeLogLikelihoodLoss", infer_loss, ox__eval_nll_loss, 0},
    {"ReduceL1", infer_reduce, ox__eval_reduce, 0},
    {"ReduceL2", infer_reduce, ox__eval_reduce, 0},
    {"ReduceLogSum", infer_reduce, ox__eval_reduce, 0},
    {"ReduceLogSumExp", infer_reduce, ox__eval_reduce, 0},
    {"ReduceMax", infer_reduce, ox__eval_reduce, 0},
    {"ReduceMean", infer_reduce, ox__eval_reduce, 0},
    {"ReduceMin", infer_reduce, ox__eval_reduce, 0},
    {"ReduceProd", infer_reduce, ox__eval_reduce, 0},
    {"ReduceSum", infer_reduce, ox__eval_reduce, 0},
    {"ReduceSumSquare", infer_reduce, ox__eval_reduce, 0},
    {"SoftmaxCrossEntropyLoss", infer_loss, ox__eval_cross_entropy, 0},
};
const ox__op_family ox__ops_reduce = {rows, OX__COUNT(rows), NULL};
