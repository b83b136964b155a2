/* Floor 3. Operators that pick or place elements by index: Gather*, Scatter*, OneHot, Compress, NonZero, TopK, Unique.
 * What is computed: gather_eval.c, scatter_eval.c, select_eval.c. */
#include "ops/gather.h"

/* ---- Gather ---- */
static ox_status gather_vec(ox__inf *c)
{
    ox__vec_fact data, idx;
    if (!ox__inf_vec(c, 0, &data) || data.scalar || !ox__inf_vec(c, 1, &idx)) return OX_OK;
    ox_dim *d = ox__inf_dims(c, idx.n);
    if (!d) return OX_E_NOMEM;
    for (size_t i = 0; i < idx.n; i++) {
        int64_t k;
        if (!ox_dim_is_const(c->m, idx.dims[i], &k)) return OX_OK;
        if (k < -(int64_t)data.n || k >= (int64_t)data.n)
            return ox__inf_fail(c, "index %lld of %zu elements", (long long)k, data.n);
        d[i] = data.dims[k < 0 ? k + (int64_t)data.n : k];
    }
    return ox__inf_out_vec(c, 0, d, idx.n, idx.scalar);
}

static ox_status infer_gather(ox__inf *c)
{
    ox_dtype dtype = ox__inf_dtype(c, 0);
    if (!ox__inf_ranked(c, 0) || !ox__inf_ranked(c, 1)) return ox__inf_out(c, 0, dtype, OX_RANK_UNKNOWN, NULL);
    int64_t axis = ox__inf_int(c, "axis", 0);
    int32_t r = c->in[0].rank, q = c->in[1].rank;
    ox_status s = ox__inf_axis(c, &axis, r);
    ox_dim *dims = ox__inf_dims(c, (size_t)(r + q));
    if (s != OX_OK || !dims) return s != OX_OK ? s : OX_E_NOMEM;
    size_t n = 0;
    for (int32_t i = 0; i < axis; i++) dims[n++] = c->in[0].dims[i];
    for (int32_t i = 0; i < q; i++) dims[n++] = c->in[1].dims[i];
    for (int32_t i = (int32_t)axis + 1; i < r; i++) dims[n++] = c->in[0].dims[i];
    s = ox__inf_out(c, 0, dtype, (int32_t)n, dims);
    return s == OX_OK && r == 1 && q <= 1 ? gather_vec(c) : s;
}

static ox_status infer_gather_elements(ox__inf *c)
{
    return ox__inf_out_like(c, 0, 1, ox__inf_dtype(c, 0));
}

static ox_status infer_gather_nd(ox__inf *c)
{
    ox_dtype dtype = ox__inf_dtype(c, 0);
    int64_t last, batch = ox__inf_int(c, "batch_dims", 0);
    if (!ox__inf_ranked(c, 0) || !ox__inf_ranked(c, 1)) return ox__inf_out(c, 0, dtype, OX_RANK_UNKNOWN, NULL);
    int32_t r = c->in[0].rank, q = c->in[1].rank;
    if (q < 1) return ox__inf_fail(c, "the indices must have at least one dim");
    if (!ox_dim_is_const(c->m, c->in[1].dims[q - 1], &last)) return ox__inf_out(c, 0, dtype, OX_RANK_UNKNOWN, NULL);
    if (batch < 0 || last < 0 || batch > r || last > r - batch)
        return ox__inf_fail(c, "indices of %lld entries for %d dims", (long long)last, (int)r);
    ox_dim *dims = ox__inf_dims(c, (size_t)(r + q));
    if (!dims) return OX_E_NOMEM;
    size_t n = 0;
    for (int32_t i = 0; i < q - 1; i++) dims[n++] = c->in[1].dims[i];
    for (int64_t i = batch + last; i < r; i++) dims[n++] = c->in[0].dims[i];
    return ox__inf_out(c, 0, dtype, (int32_t)n, dims);
}

/* Scatter*: the data, changed in places. */
static ox_status infer_data(ox__inf *c)
{
    return ox__inf_out_like(c, 0, 0, ox__inf_dtype(c, 0));
}

/* ---- OneHot, Compress, NonZero, TopK, Unique ---- */
static ox_status infer_one_hot(ox__inf *c)
{
    ox_dtype dtype = ox__inf_dtype(c, 2);
    if (!ox__inf_ranked(c, 0)) return ox__inf_out(c, 0, dtype, OX_RANK_UNKNOWN, NULL);
    int32_t rank = c->in[0].rank + 1;
    int64_t axis = ox__inf_int(c, "axis", -1);
    ox_status s = ox__inf_axis(c, &axis, rank);
    ox_dim *dims = ox__inf_dims(c, (size_t)rank);
    if (s != OX_OK || !dims) return s != OX_OK ? s : OX_E_NOMEM;
    ox__vec_fact depth;
    ox_dim d = ox__inf_vec(c, 1, &depth) && depth.n == 1 ? depth.dims[0]
                                                         : ox__inf_unknown(c, "the depth of OneHot depends on data");
    for (int32_t i = 0, k = 0; i < rank; i++) dims[i] = i == axis ? d : c->in[0].dims[k++];
    return ox__inf_out(c, 0, dtype, rank, dims);
}

static ox_status infer_compress(ox__inf *c)
{
    ox_dtype dtype = ox__inf_dtype(c, 0);
    const char *why = "how many Compress keeps depends on data";
    if (!ox__inf_attr(c, "axis")) return ox__inf_out_unknown(c, 0, dtype, 1, why);
    if (!ox__inf_ranked(c, 0)) return ox__inf_out(c, 0, dtype, OX_RANK_UNKNOWN, NULL);
    int64_t axis = ox__inf_int(c, "axis", 0);
    ox_status s = ox__inf_axis(c, &axis, c->in[0].rank);
    ox_dim *dims = ox__inf_copy(c, 0);
    if (s != OX_OK || !dims) return s != OX_OK ? s : OX_E_NOMEM;
    dims[axis] = ox__inf_unknown(c, why);
    return ox__inf_out(c, 0, dtype, c->in[0].rank, dims);
}

static ox_status infer_non_zero(ox__inf *c)
{
    ox_dim dims[2];
    dims[0] =
        ox__inf_ranked(c, 0) ? ox__inf_const(c, c->in[0].rank) : ox__inf_unknown(c, "the rank of the input of NonZero");
    dims[1] = ox__inf_unknown(c, "how many elements are not zero depends on data");
    return ox__inf_out(c, 0, OX_INT64, 2, dims);
}

static ox_status infer_top_k(ox__inf *c)
{
    ox_dtype dtype = ox__inf_dtype(c, 0);
    ox_status s = ox__inf_out_like(c, 1, 0, OX_INT64);
    if (s != OX_OK || !ox__inf_ranked(c, 0)) {
        if (s == OX_OK) s = ox__inf_out(c, 1, OX_INT64, OX_RANK_UNKNOWN, NULL);
        return s == OX_OK ? ox__inf_out(c, 0, dtype, OX_RANK_UNKNOWN, NULL) : s;
    }
    int32_t rank = c->in[0].rank;
    int64_t axis = ox__inf_int(c, "axis", -1);
    s = ox__inf_axis(c, &axis, rank);
    ox_dim *dims = ox__inf_copy(c, 0);
    if (s != OX_OK || !dims) return s != OX_OK ? s : OX_E_NOMEM;
    ox__vec_fact k;
    if (c->opset < 10)
        dims[axis] = ox__inf_const(c, ox__inf_int(c, "k", 0));
    else
        dims[axis] =
            ox__inf_vec(c, 1, &k) && k.n == 1 ? k.dims[0] : ox__inf_unknown(c, "the k of TopK depends on data");
    s = ox__inf_out(c, 0, dtype, rank, dims);
    return s == OX_OK ? ox__inf_out(c, 1, OX_INT64, rank, dims) : s;
}

static ox_status infer_unique(ox__inf *c)
{
    const char *why = "how many elements are unique depends on data";
    ox_status s = OX_OK;
    if (!ox__inf_attr(c, "axis")) {
        s = ox__inf_out_unknown(c, 0, ox__inf_dtype(c, 0), 1, why);
    } else if (!ox__inf_ranked(c, 0)) {
        s = ox__inf_out(c, 0, ox__inf_dtype(c, 0), OX_RANK_UNKNOWN, NULL);
    } else {
        int64_t axis = ox__inf_int(c, "axis", 0);
        s = ox__inf_axis(c, &axis, c->in[0].rank);
        ox_dim *dims = ox__inf_copy(c, 0);
        if (s != OX_OK || !dims) return s != OX_OK ? s : OX_E_NOMEM;
        dims[axis] = ox__inf_unknown(c, why);
        s = ox__inf_out(c, 0, ox__inf_dtype(c, 0), c->in[0].rank, dims);
    }
    for (size_t o = 1; s == OX_OK && o < 4; o++) s = ox__inf_out_unknown(c, o, OX_INT64, 1, why);
    return s;
}

static const ox__op_row rows[] = {
    {"Compress", infer_compress, ox__eval_compress, 0},
    {"Gather", infer_gather, ox__eval_gather, OX__OP_MOVES},
    {"GatherElements", infer_gather_elements, ox__eval_gather_elements, 0},
    {"GatherND", infer_gather_nd, ox__eval_gather_nd, 0},
    {"NonZero", infer_non_zero, ox__eval_non_zero, 0},
    {"OneHot", infer_one_hot, ox__eval_one_hot, 0},
    {"Scatter", infer_data, ox__eval_scatter_elements, 0},
    {"ScatterElements", infer_data, ox__eval_scatter_elements, 0},
    {"ScatterND", infer_data, ox__eval_scatter_nd, 0},
    {"TensorScatter", infer_data, ox__eval_tensor_scatter, 0},
    {"TopK", infer_top_k, ox__eval_top_k, 0},
    {"Unique", infer_unique, ox__eval_unique, 0},
};
const ox__op_family ox__ops_gather = {rows, OX__COUNT(rows), NULL};
