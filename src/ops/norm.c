/* Floor 3. Normalizations and softmaxes: the result has the shape of the input. */
#include "ops/infer.h"
#include "ops/norm.h"

static ox_status infer_same(ox__inf *c)
{
    return ox__inf_out_like(c, 0, 0, ox__inf_dtype(c, 0));
}

static ox_status infer_softmax(ox__inf *c)
{
    if (ox__inf_ranked(c, 0)) {
        int64_t axis = ox__inf_int(c, "axis", c->opset < 13 ? 1 : -1);
        int32_t rank = c->in[0].rank;
        /* before 13 the axis splits the dims in two: one behind the last is fine */
        if (axis < -(int64_t)rank || axis > rank || (axis == rank && c->opset >= 13 && rank > 0))
            return ox__inf_fail(c, "axis %lld is outside the %d dims of the input", (long long)axis, (int)rank);
    }
    return infer_same(c);
}

/* Outputs beyond the first are statistics of each channel. */
static ox_status infer_batch_norm(ox__inf *c)
{
    ox_status s = infer_same(c);
    for (size_t o = 1; s == OX_OK && o < c->n_out; o++) {
        ox_dim ch =
            ox__inf_ranked(c, 0) && c->in[0].rank > 1 ? c->in[0].dims[1] : ox__inf_unknown(c, "the number of channels");
        s = ox__inf_out(c, o, ox__inf_dtype(c, c->opset >= 15 ? 3 : 0), 1, &ch);
    }
    if (s == OX_OK && ox__inf_ranked(c, 0) && c->in[0].rank >= 2)
        for (size_t i = 1; i < 5; i++) {
            int64_t a, b;
            if (ox__inf_ranked(c, i) && c->in[i].rank == 1 && ox_dim_is_const(c->m, c->in[0].dims[1], &a) &&
                ox_dim_is_const(c->m, c->in[i].dims[0], &b) && a != b)
                return ox__inf_fail(c, "%lld channels, but input %zu has %lld", (long long)a, i, (long long)b);
        }
    return s;
}

/* The mean and the inverse deviation have 1 for each axis that was normalized. */
static ox_status infer_layer_norm(ox__inf *c)
{
    ox_status s = infer_same(c);
    if (s != OX_OK || !ox__inf_ranked(c, 0)) return s;
    int64_t axis = ox__inf_int(c, "axis", -1), stash = ox__inf_int(c, "stash_type", OX_FLOAT);
    s = ox__inf_axis(c, &axis, c->in[0].rank);
    ox_dim *dims = ox__inf_copy(c, 0);
    if (s != OX_OK || !dims) return s != OX_OK ? s : OX_E_NOMEM;
    for (int64_t i = axis; i < c->in[0].rank; i++) dims[i] = ox__inf_const(c, 1);
    for (size_t o = 1; s == OX_OK && o < c->n_out; o++) s = ox__inf_out(c, o, (ox_dtype)stash, c->in[0].rank, dims);
    return s;
}

static const ox__op_row rows[] = {
    {"BatchNormalization", infer_batch_norm, ox__eval_batch_norm, 0},
    {"GroupNormalization", infer_same, ox__eval_group_norm, 0},
    {"Hardmax", infer_softmax, ox__eval_hardmax, 0},
    {"InstanceNormalization", infer_same, ox__eval_instance_norm, 0},
    {"LRN", infer_same, ox__eval_lrn, 0},
    {"LayerNormalization", infer_layer_norm, ox__eval_layer_norm, 0},
    {"LogSoftmax", infer_softmax, ox__eval_log_softmax, 0},
    {"LpNormalization", infer_same, ox__eval_lp_norm, 0},
    {"MeanVarianceNormalization", infer_same, ox__eval_mean_variance, 0},
    {"RMSNormalization", infer_same, ox__eval_rms_norm, 0},
    {"Softmax", infer_softmax, ox__eval_softmax, 0},
};
const ox__op_family ox__ops_norm = {rows, OX__COUNT(rows), NULL};
