/* Floor 3. Operators that move whole elements: Transpose, Concat, Split, Slice, Pad, CenterCropPad, DepthToSpace,
 * SpaceToDepth. What is computed: layout_eval.c, pad_eval.c. */
#include "ops/layout.h"

#include "ops/bounds.h"

/* ---- Transpose ---- */
static ox_status infer_transpose(ox__inf *c)
{
    size_t n;
    const int64_t *perm = ox__inf_ints(c, "perm", &n);
    if (!ox__inf_ranked(c, 0)) {
        if (perm)
            return ox__inf_out_unknown(c, 0, ox__inf_dtype(c, 0), (int32_t)OX__MIN(n, OX_MAX_RANK),
                                       "the input of Transpose is unknown");
        return ox__inf_out(c, 0, ox__inf_dtype(c, 0), OX_RANK_UNKNOWN, NULL);
    }
    int32_t rank = c->in[0].rank;
    if (perm && (int64_t)n != rank) return ox__inf_fail(c, "perm has %zu entries for %d dims", n, (int)rank);
    ox_dim *dims = ox__inf_dims(c, (size_t)rank);
    bool *seen = ox__arena_alloc(c->mem, (size_t)rank + 1);
    if (!dims || !seen) return ox__nomem(c->err);
    memset(seen, 0, (size_t)rank + 1);
    for (int32_t i = 0; i < rank; i++) {
        int64_t p = perm ? perm[i] : rank - 1 - i;
        if (p < 0 || p >= rank || seen[p]) return ox__inf_fail(c, "perm is no permutation of the %d dims", (int)rank);
        seen[p] = true;
        dims[i] = c->in[0].dims[p];
    }
    return ox__inf_out(c, 0, ox__inf_dtype(c, 0), rank, dims);
}

/* ---- Concat ---- */
static ox_status concat_vec(ox__inf *c)
{
    size_t n = 0;
    ox__vec_fact v;
    for (size_t i = 0; i < c->n_in; i++) {
        if (!ox__inf_vec(c, i, &v) || v.scalar) return OX_OK;
        n += v.n;
        if (n > OX__FACT_MAX_DIMS) return OX_OK;
    }
    ox_dim *d = ox__inf_dims(c, n);
    if (!d) return OX_E_NOMEM;
    n = 0;
    for (size_t i = 0; i < c->n_in; i++) {
        if (!ox__inf_vec(c, i, &v)) return OX_OK;
        if (v.n) memcpy(d + n, v.dims, v.n * sizeof *d);
        n += v.n;
    }
    return ox__inf_out_vec(c, 0, d, n, false);
}

static ox_status infer_concat(ox__inf *c)
{
    ox_dtype dtype = OX_UNDEFINED;
    int32_t rank = OX_RANK_UNKNOWN;
    bool all = true;
    for (size_t i = 0; i < c->n_in; i++) {
        ox_dtype d = ox__inf_dtype(c, i);
        if (d && dtype && d != dtype && !c->opt->lenient)
            return ox__inf_fail(c, "inputs of %s and %s", ox_dtype_name(dtype, OX_DTYPE_NUMPY),
                                ox_dtype_name(d, OX_DTYPE_NUMPY));
        dtype = ox__dtype_promote(dtype, d);
        if (!ox__inf_ranked(c, i)) {
            all = false;
            continue;
        }
        if (rank != OX_RANK_UNKNOWN && rank != c->in[i].rank)
            return ox__inf_fail(c, "inputs of %d and %d dims", (int)rank, (int)c->in[i].rank);
        rank = c->in[i].rank;
    }
    if (rank == OX_RANK_UNKNOWN) return ox__inf_out(c, 0, dtype, rank, NULL);
    int64_t axis = ox__inf_int(c, "axis", 1);
    ox_status s = ox__inf_axis(c, &axis, rank);
    ox_dim *dims = ox__inf_dims(c, (size_t)rank);
    if (s != OX_OK || !dims) return s != OX_OK ? s : OX_E_NOMEM;
    for (int32_t k = 0; k < rank; k++) dims[k] = (ox_dim){0};
    for (size_t i = 0; i < c->n_in; i++) {
        if (!ox__inf_ranked(c, i)) continue;
        for (int32_t k = 0; k < rank; k++) {
            ox_dim d = c->in[i].dims[k];
            if (!dims[k].id)
                dims[k] = d;
            else if (k == axis)
                dims[k] = ox_dim_add(c->m, dims[k], d);
            else if (ox_dim_differ(c->m, dims[k], d))
                return ox__inf_fail(c, "the inputs differ in dim %d, which is not the axis", (int)k);
            else if (ox_dim_get_kind(c->m, dims[k]) != OX_DIM_CONST && ox_dim_get_kind(c->m, d) != OX_DIM_UNKNOWN)
                dims[k] = d;
        }
    }
    if (!all) dims[axis] = ox__inf_unknown(c, "Concat of an input of unknown rank");
    s = ox__inf_out(c, 0, dtype, rank, dims);
    return s == OX_OK && rank == 1 ? concat_vec(c) : s;
}

/* ---- Split ---- */

/* The part sizes: given, or equal with a smaller last one (opset 18 on; before it must divide). */
static ox_status split_sizes(ox__inf *c, ox_dim total, const int64_t *given, size_t n_given, ox_dim *parts)
{
    size_t n = c->n_out;
    int64_t all = ox__inf_int(c, "num_outputs", (int64_t)n);
    if (given) {
        if (n_given != n) return ox__inf_fail(c, "%zu sizes for %zu outputs", n_given, n);
        int64_t sum = 0, v;
        for (size_t i = 0; i < n; i++) {
            parts[i] = ox__inf_const(c, given[i]);
            if (__builtin_add_overflow(sum, given[i], &sum)) return ox__inf_fail(c, "the sizes overflow");
        }
        if (ox_dim_is_const(c->m, total, &v) && v != sum)
            return ox__inf_fail(c, "the sizes sum up to %lld, the dim is %lld", (long long)sum, (long long)v);
        return OX_OK;
    }
    int64_t v;
    if (all < (int64_t)n || n == 0) return ox__inf_fail(c, "%lld parts for %zu outputs", (long long)all, n);
    if (!ox_dim_is_const(c->m, total, &v)) {
        for (size_t i = 0; i < n; i++)
            parts[i] = c->opset < 18 ? ox_dim_floordiv(c->m, total, ox__inf_const(c, all))
                                     : ox__inf_unknown(c, "a part of a dim that is not known");
        return OX_OK;
    }
    if (c->opset < 18 && v % all)
        return ox__inf_fail(c, "%lld cannot be split into %lld equal parts", (long long)v, (long long)all);
    int64_t part = v / all + (v % all != 0), left = v;
    for (size_t i = 0; i < n; i++) {
        parts[i] = ox__inf_const(c, OX__MIN(part, left));
        left -= OX__MIN(part, left);
    }
    return OX_OK;
}

static ox_status infer_split(ox__inf *c)
{
    ox_dtype dtype = ox__inf_dtype(c, 0);
    const int64_t *given;
    size_t n_given;
    bool known = ox__inf_list(c, "split", 1, &given, &n_given);
    for (size_t i = 0; !ox__inf_ranked(c, 0) && i < c->n_out; i++) {
        ox_status s = ox__inf_out(c, i, dtype, OX_RANK_UNKNOWN, NULL);
        if (s != OX_OK) return s;
    }
    if (!ox__inf_ranked(c, 0)) return OX_OK;
    int64_t axis = ox__inf_int(c, "axis", 0);
    int32_t rank = c->in[0].rank;
    ox_status s = ox__inf_axis(c, &axis, rank);
    ox_dim *dims = ox__inf_copy(c, 0), *parts = ox__inf_dims(c, c->n_out);
    if (s != OX_OK || !dims || !parts) return s != OX_OK ? s : OX_E_NOMEM;
    if (known)
        s = split_sizes(c, dims[axis], given, n_given, parts);
    else
        for (size_t i = 0; i < c->n_out; i++) parts[i] = ox__inf_unknown(c, "the sizes given to Split depend on data");
    ox__vec_fact v;
    bool vec = rank == 1 && ox__inf_vec(c, 0, &v);
    size_t at = 0;
    for (size_t i = 0; s == OX_OK && i < c->n_out; i++) {
        int64_t n;
        dims[axis] = parts[i];
        s = ox__inf_out(c, i, dtype, rank, dims);
        if (!vec || !ox_dim_is_const(c->m, parts[i], &n) || at + (size_t)n > v.n)
            vec = false;
        else if (s == OX_OK)
            s = ox__inf_out_vec(c, i, v.dims + at, (size_t)n, false);
        if (vec) at += (size_t)n;
    }
    return s;
}

/* ---- Slice ---- */
bool ox__slice_range(int64_t d, int64_t start, int64_t end, int64_t step, int64_t *first, int64_t *count)
{
    if (step == 0 || step == INT64_MIN) return false;
    if (start < 0) start = start < -d ? 0 : start + d; /* going down too, where numpy's slice would be empty */
    if (end < 0) end = end < -d ? -1 : end + d;
    if (step > 0) {
        start = OX__MIN(start, d);
        end = OX__MIN(OX__MAX(end, 0), d);
        *count = end > start ? (end - start - 1) / step + 1 : 0;
    } else {
        start = OX__MIN(start, d - 1); /* -1 where there is no element: as the end, so that none is taken */
        end = OX__MIN(OX__MAX(end, -1), d - 1);
        *count = start > end ? (start - end - 1) / -step + 1 : 0;
    }
    *first = start;
    return true;
}

static ox_status slice_vec(ox__inf *c, const ox__vec_fact *v, int64_t start, int64_t end, int64_t step)
{
    int64_t first, count;
    if (v->scalar || !ox__slice_range((int64_t)v->n, start, end, step, &first, &count)) return OX_OK;
    ox_dim *d = ox__inf_dims(c, (size_t)count);
    if (!d) return OX_E_NOMEM;
    for (int64_t i = 0; i < count; i++) d[i] = v->dims[first + i * step];
    return ox__inf_out_vec(c, 0, d, (size_t)count, false);
}

static ox_status infer_slice(ox__inf *c)
{
    ox_dtype dtype = ox__inf_dtype(c, 0);
    if (!ox__inf_ranked(c, 0)) return ox__inf_out(c, 0, dtype, OX_RANK_UNKNOWN, NULL);
    int32_t rank = c->in[0].rank;
    ox__vec_fact starts = {0}, ends = {0};
    const int64_t *axes = NULL, *steps = NULL;
    size_t n_axes = 0, n_steps = 0;
    bool known;
    if (c->opset < 10) {
        const int64_t *a = ox__inf_ints(c, "starts", &starts.n), *b = ox__inf_ints(c, "ends", &ends.n);
        axes = ox__inf_ints(c, "axes", &n_axes);
        ox_dim *da = ox__inf_dims(c, starts.n), *db = ox__inf_dims(c, ends.n);
        if (!da || !db) return OX_E_NOMEM;
        for (size_t i = 0; i < starts.n; i++) da[i] = ox__inf_const(c, a[i]);
        for (size_t i = 0; i < ends.n; i++) db[i] = ox__inf_const(c, b[i]);
        starts.dims = da;
        ends.dims = db;
        known = true;
    } else {
        known = ox__inf_vec(c, 1, &starts) && ox__inf_vec(c, 2, &ends) && ox__inf_list(c, NULL, 3, &axes, &n_axes) &&
                ox__inf_list(c, NULL, 4, &steps, &n_steps);
    }
    if (!known) return ox__inf_out_unknown(c, 0, dtype, rank, "the bounds of Slice depend on data");
    if (ends.n != starts.n || (axes && n_axes != starts.n) || (steps && n_steps != starts.n))
        return ox__inf_fail(c, "starts, ends, axes and steps differ in length");
    ox_dim *dims = ox__inf_copy(c, 0);
    if (!dims) return OX_E_NOMEM;
    for (size_t i = 0; i < starts.n; i++) {
        int64_t axis = axes ? axes[i] : (int64_t)i, step = steps ? steps[i] : 1, d, a, b, first, count;
        ox_status s = ox__inf_axis(c, &axis, rank);
        if (s != OX_OK) return s;
        if (step == 0) return ox__inf_fail(c, "a step of 0");
        bool bounds = ox_dim_is_const(c->m, starts.dims[i], &a) && ox_dim_is_const(c->m, ends.dims[i], &b);
        if (bounds && ox_dim_is_const(c->m, dims[axis], &d) && ox__slice_range(d, a, b, step, &first, &count))
            dims[axis] = ox__inf_const(c, count);
        else
            dims[axis] = ox__dim_slice(c->m, dims[axis], starts.dims[i], ends.dims[i], step, c->node);
        ox__vec_fact v;
        if (rank == 1 && bounds && starts.n == 1 && ox__inf_vec(c, 0, &v)) {
            s = slice_vec(c, &v, a, b, step);
            if (s != OX_OK) return s;
        }
    }
    return ox__inf_out(c, 0, dtype, rank, dims);
}

/* ---- Pad, DepthToSpace, SpaceToDepth ---- */
static ox_status infer_pad(ox__inf *c)
{
    ox_dtype dtype = ox__inf_dtype(c, 0);
    const int64_t *axes;
    size_t n_axes, n_pads = 0;
    if (!ox__inf_ranked(c, 0)) return ox__inf_out(c, 0, dtype, OX_RANK_UNKNOWN, NULL);
    int32_t rank = c->in[0].rank;
    ox__vec_fact pads = {0};
    bool known;
    if (c->opset < 11) {
        const int64_t *p = ox__inf_ints(c, c->opset < 2 ? "paddings" : "pads", &n_pads);
        ox_dim *d = ox__inf_dims(c, n_pads);
        if (!d) return OX_E_NOMEM;
        for (size_t i = 0; i < n_pads; i++) d[i] = ox__inf_const(c, p[i]);
        pads.dims = d;
        pads.n = n_pads;
        axes = NULL;
        n_axes = 0;
        known = true;
    } else {
        known = ox__inf_list(c, NULL, 3, &axes, &n_axes) && ox__inf_vec(c, 1, &pads);
    }
    if (!known) return ox__inf_out_unknown(c, 0, dtype, rank, "the widths given to Pad depend on data");
    size_t n = axes ? n_axes : (size_t)rank;
    if (pads.n != 2 * n) return ox__inf_fail(c, "%zu pads for %zu axes", pads.n, n);
    ox_dim *dims = ox__inf_copy(c, 0);
    if (!dims) return OX_E_NOMEM;
    for (size_t i = 0; i < n; i++) {
        int64_t axis = axes ? axes[i] : (int64_t)i;
        ox_status s = ox__inf_axis(c, &axis, rank);
        if (s != OX_OK) return s;
        dims[axis] = ox_dim_add(c->m, dims[axis], ox_dim_add(c->m, pads.dims[i], pads.dims[i + n]));
    }
    return ox__inf_out(c, 0, dtype, rank, dims);
}

static ox_status infer_depth(ox__inf *c)
{
    bool to_space = ox_node_is(c->m, c->node, "", "DepthToSpace");
    int64_t block = ox__inf_int(c, "blocksize", 0);
    if (!ox__inf_ranked(c, 0))
        return ox__inf_out_unknown(c, 0, ox__inf_dtype(c, 0), 4, "the rank of the input is unknown");
    if (c->in[0].rank != 4 || block <= 0 || block > INT32_MAX)
        return ox__inf_fail(c, "it needs 4 dims and a positive blocksize");
    ox_dim b = ox__inf_const(c, block), bb = ox__inf_const(c, block * block), dims[4];
    for (int i = 0; i < 4; i++) {
        ox_dim d = c->in[0].dims[i];
        if (i == 0)
            dims[i] = d;
        else if (i == 1)
            dims[i] = to_space ? ox_dim_floordiv(c->m, d, bb) : ox_dim_mul(c->m, d, bb);
        else
            dims[i] = to_space ? ox_dim_mul(c->m, d, b) : ox_dim_floordiv(c->m, d, b);
    }
    return ox__inf_out(c, 0, ox__inf_dtype(c, 0), 4, dims);
}

/* ---- CenterCropPad ---- */
static ox_status infer_center_crop_pad(ox__inf *c)
{
    ox_dtype dtype = ox__inf_dtype(c, 0);
    const char *why = "the shape given to CenterCropPad depends on data";
    size_t n_axes;
    const int64_t *axes = ox__inf_ints(c, "axes", &n_axes);
    ox__vec_fact v = {0};
    bool known = ox__inf_vec(c, 1, &v);
    if (!ox__inf_ranked(c, 0)) {
        if (!axes && known) return ox__inf_out(c, 0, dtype, (int32_t)v.n, v.dims);
        return ox__inf_out(c, 0, dtype, OX_RANK_UNKNOWN, NULL);
    }
    int32_t rank = c->in[0].rank;
    size_t n = axes ? n_axes : (size_t)rank;
    if (known && v.n != n) return ox__inf_fail(c, "a shape of %zu dims for %zu axes", v.n, n);
    ox_dim *dims = ox__inf_copy(c, 0);
    if (!dims) return OX_E_NOMEM;
    for (size_t i = 0; i < n; i++) {
        int64_t axis = axes ? axes[i] : (int64_t)i;
        ox_status s = ox__inf_axis(c, &axis, rank);
        if (s != OX_OK) return s;
        dims[axis] = known ? v.dims[i] : ox__inf_unknown(c, why);
    }
    return ox__inf_out(c, 0, dtype, rank, dims);
}

static const ox__op_row rows[] = {
    {"CenterCropPad", infer_center_crop_pad, ox__eval_center_crop_pad, 0},
    {"Concat", infer_concat, ox__eval_concat, OX__OP_MOVES | OX__OP_PROMOTES},
    {"DepthToSpace", infer_depth, ox__eval_depth_to_space, 0},
    {"Pad", infer_pad, ox__eval_pad, 0},
    {"Slice", infer_slice, ox__eval_slice, OX__OP_MOVES},
    {"SpaceToDepth", infer_depth, ox__eval_space_to_depth, 0},
    {"Split", infer_split, ox__eval_split, 0},
    {"Transpose", infer_transpose, ox__eval_transpose, OX__OP_MOVES},
};
const ox__op_family ox__ops_layout = {rows, OX__COUNT(rows), NULL};
