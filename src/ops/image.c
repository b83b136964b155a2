/* Floor 3. Operators over images: resizing, sampling, regions. */
#include "ops/image.h"

#include "ops/infer.h"

#include <math.h>

/* ---- Resize, Upsample ---- */
static ox_status scale_dims(ox__inf *c, ox_dim *dims, size_t n, ox_tensor t, const int64_t *axes)
{
    double scale[64];
    ox_tensor_info info = ox_tensor_get(c->m, t);
    if (info.n_elements != n || n > OX__COUNT(scale) || info.dtype != OX_FLOAT) return OX_E_UNSUPPORTED;
    float raw[64];
    if (ox_tensor_read(c->m, t, 0, raw, n * sizeof *raw, NULL) != OX_OK) return OX_E_UNSUPPORTED;
    for (size_t i = 0; i < n; i++) {
        int64_t v, axis = axes ? axes[i] : (int64_t)i, whole = (int64_t)raw[i];
        if (raw[i] == 1.0f) continue;
        if (ox_dim_is_const(c->m, dims[axis], &v))
            dims[axis] = ox__inf_const(c, (int64_t)floor((double)((float)v * raw[i])));
        else if (raw[i] > 0 && raw[i] < 1e6f && (float)whole == raw[i])
            dims[axis] = ox_dim_mul(c->m, dims[axis], ox__inf_const(c, whole));
        else
            dims[axis] = ox__inf_unknown(c, "a dim that is not known, scaled by a fraction");
    }
    return OX_OK;
}

static ox_status infer_resize(ox__inf *c)
{
    ox_dtype dtype = ox__inf_dtype(c, 0);
    if (!ox__inf_ranked(c, 0)) return ox__inf_out(c, 0, dtype, OX_RANK_UNKNOWN, NULL);
    int32_t rank = c->in[0].rank;
    size_t n_axes, scales = c->opset < 11 ? 1 : 2;
    const int64_t *given = ox__inf_ints(c, "axes", &n_axes);
    size_t n = given ? n_axes : (size_t)rank;
    int64_t *axes = ox__arena_alloc(c->mem, (n + 1) * sizeof *axes);
    ox_dim *dims = ox__inf_copy(c, 0);
    if (!dims || !axes) return ox__nomem(c->err);
    for (size_t i = 0; i < n; i++) {
        axes[i] = given ? given[i] : (int64_t)i;
        ox_status s = ox__inf_axis(c, &axes[i], rank);
        if (s != OX_OK) return s;
    }
    ox__vec_fact sizes;
    bool plain =
        !ox__inf_attr(c, "keep_aspect_ratio_policy") || ox__inf_string_is(c, "keep_aspect_ratio_policy", "stretch");
    if (ox__inf_has(c, 3)) {
        if (!ox__inf_vec(c, 3, &sizes) || !plain) {
            for (size_t i = 0; i < n; i++)
                dims[axes[i]] = ox__inf_unknown(c, "the sizes given to Resize depend on data");
            return ox__inf_out(c, 0, dtype, rank, dims);
        }
        if (sizes.n != n) return ox__inf_fail(c, "%zu sizes for %zu axes", sizes.n, n);
        for (size_t i = 0; i < n; i++) dims[axes[i]] = sizes.dims[i];
        return ox__inf_out(c, 0, dtype, rank, dims);
    }
    ox_tensor t = ox__inf_has(c, scales) ? ox__facts_tensor(c->facts, ox__inf_value(c, scales)) : (ox_tensor){0};
    if (!t.id || scale_dims(c, dims, n, t, axes) != OX_OK)
        return ox__inf_out_unknown(c, 0, dtype, rank, "the scales given to Resize depend on data");
    return ox__inf_out(c, 0, dtype, rank, dims);
}

/* Scales are an attribute before opset 9, an input at 9. */
static ox_status infer_upsample(ox__inf *c)
{
    ox_dtype dtype = ox__inf_dtype(c, 0);
    if (c->opset >= 9) return infer_resize(c);
    const ox_attr *a = ox__inf_attr(c, "scales");
    ox_dim *dims = ox__inf_ranked(c, 0) ? ox__inf_copy(c, 0) : NULL;
    if (!dims || !a || a->kind != OX_ATTR_FLOATS || (int64_t)a->n != c->in[0].rank)
        return ox__inf_out(c, 0, dtype, OX_RANK_UNKNOWN, NULL);
    for (uint32_t i = 0; i < a->n; i++) {
        int64_t v;
        if (ox_dim_is_const(c->m, dims[i], &v))
            dims[i] = ox__inf_const(c, (int64_t)floor((double)v * a->u.floats[i]));
        else if (a->u.floats[i] != 1)
            dims[i] = ox__inf_unknown(c, "a dim that is not known, scaled");
    }
    return ox__inf_out(c, 0, dtype, c->in[0].rank, dims);
}

/* ---- sampling ---- */
static ox_status infer_grid_sample(ox__inf *c)
{
    ox_dtype dtype = ox__inf_dtype(c, 0);
    if (!ox__inf_ranked(c, 0) || !ox__inf_ranked(c, 1)) return ox__inf_out(c, 0, dtype, OX_RANK_UNKNOWN, NULL);
    int32_t rank = c->in[0].rank;
    if (rank < 3 || c->in[1].rank != rank) return ox__inf_fail(c, "the input and the grid must have the same rank");
    ox_dim *dims = ox__inf_copy(c, 0);
    if (!dims) return OX_E_NOMEM;
    for (int32_t i = 2; i < rank; i++) dims[i] = c->in[1].dims[i - 1];
    return ox__inf_out(c, 0, dtype, rank, dims);
}

/* The spatial dims of an affine grid, 2 or 3, by what is known of either input; 0: not known. */
static size_t affine_dims(ox__inf *c, const ox__vec_fact *size)
{
    int64_t n = 0;
    if (size)
        n = (int64_t)size->n - 2;
    else if (ox__inf_ranked(c, 0) && c->in[0].rank == 3 && ox_dim_is_const(c->m, c->in[0].dims[1], &n))
        ;
    else if (ox__inf_ranked(c, 1) && c->in[1].rank == 1 && ox_dim_is_const(c->m, c->in[1].dims[0], &n))
        n -= 2;
    return n == 2 || n == 3 ? (size_t)n : 0;
}

static ox_status infer_affine_grid(ox__inf *c)
{
    ox_dtype dtype = ox__inf_dtype(c, 0);
    ox__vec_fact v;
    bool known = ox__inf_vec(c, 1, &v);
    size_t n = affine_dims(c, known ? &v : NULL);
    if (!n) return ox__inf_out(c, 0, dtype, OX_RANK_UNKNOWN, NULL);
    ox_dim dims[5];
    dims[0] = known ? v.dims[0]
              : ox__inf_ranked(c, 0) && c->in[0].rank == 3
                  ? c->in[0].dims[0]
                  : ox__inf_unknown(c, "the size given to AffineGrid depends on data");
    for (size_t i = 0; i < n; i++)
        dims[i + 1] = known ? v.dims[i + 2] : ox__inf_unknown(c, "the size given to AffineGrid depends on data");
    dims[n + 1] = ox__inf_const(c, (int64_t)n);
    return ox__inf_out(c, 0, dtype, (int32_t)n + 2, dims);
}

static ox_status infer_roi_align(ox__inf *c)
{
    ox_dim dims[4];
    dims[0] =
        ox__inf_ranked(c, 1) && c->in[1].rank > 0 ? c->in[1].dims[0] : ox__inf_unknown(c, "the number of regions");
    dims[1] =
        ox__inf_ranked(c, 0) && c->in[0].rank > 1 ? c->in[0].dims[1] : ox__inf_unknown(c, "the channels of the input");
    dims[2] = ox__inf_const(c, ox__inf_int(c, "output_height", 1));
    dims[3] = ox__inf_const(c, ox__inf_int(c, "output_width", 1));
    return ox__inf_out(c, 0, ox__inf_dtype(c, 0), 4, dims);
}

static ox_status infer_max_roi_pool(ox__inf *c)
{
    size_t n;
    const int64_t *shape = ox__inf_ints(c, "pooled_shape", &n);
    if (!shape || n != 2 || shape[0] <= 0 || shape[1] <= 0)
        return ox__inf_fail(c, "pooled_shape must be two positive numbers");
    ox_dim dims[4];
    dims[0] =
        ox__inf_ranked(c, 1) && c->in[1].rank == 2 ? c->in[1].dims[0] : ox__inf_unknown(c, "the number of regions");
    dims[1] =
        ox__inf_ranked(c, 0) && c->in[0].rank == 4 ? c->in[0].dims[1] : ox__inf_unknown(c, "the channels of the input");
    dims[2] = ox__inf_const(c, shape[0]);
    dims[3] = ox__inf_const(c, shape[1]);
    return ox__inf_out(c, 0, ox__inf_dtype(c, 0), 4, dims);
}

static ox_status infer_nms(ox__inf *c)
{
    ox_dim dims[2] = {ox__inf_unknown(c, "how many boxes are selected depends on data"), ox__inf_const(c, 3)};
    return ox__inf_out(c, 0, OX_INT64, 2, dims);
}

static const ox__op_row rows[] = {
    {"AffineGrid", infer_affine_grid, ox__eval_affine_grid, 0},
    {"GridSample", infer_grid_sample, ox__eval_grid_sample, 0},
    {"MaxRoiPool", infer_max_roi_pool, ox__eval_max_roi_pool, 0},
    {"NonMaxSuppression", infer_nms, ox__eval_nms, 0},
    {"Resize", infer_resize, ox__eval_resize, 0},
    {"RoiAlign", infer_roi_align, ox__eval_roi_align, 0},
    {"Upsample", infer_upsample, ox__eval_upsample, 0},
};
const ox__op_family ox__ops_image = {rows, OX__COUNT(rows), NULL};
