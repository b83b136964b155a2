/* Floor 3. Operators about shapes, which move no element: Shape, Size, Reshape, Flatten, Squeeze, Unsqueeze; and Expand
 * and Tile, which repeat elements. What is computed: shape_eval.c. */
#include "ops/shape.h"

/* ---- Shape, Size ---- */
static ox_status infer_shape(ox__inf *c)
{
    int32_t rank = ox__inf_rank(c, 0);
    if (rank == OX_RANK_UNKNOWN)
        return ox__inf_out_unknown(c, 0, OX_INT64, 1, "the rank of the input of Shape is unknown");
    int64_t start = ox__inf_int(c, "start", 0), end = ox__inf_int(c, "end", rank);
    if (start < 0) start += rank;
    if (end < 0) end += rank;
    start = OX__MIN(OX__MAX(start, 0), rank);
    end = OX__MIN(OX__MAX(end, start), rank);
    ox_dim n = ox__inf_const(c, end - start);
    ox_status s = ox__inf_out(c, 0, OX_INT64, 1, &n);
    return s == OX_OK ? ox__inf_out_vec(c, 0, c->in[0].dims + start, (size_t)(end - start), false) : s;
}

static ox_dim product(ox__inf *c, const ox_dim *dims, int64_t from, int64_t to)
{
    ox_dim p = ox__inf_const(c, 1);
    for (int64_t i = from; i < to; i++) p = ox_dim_mul(c->m, p, dims[i]);
    return p;
}

static ox_status infer_size(ox__inf *c)
{
    ox_status s = ox__inf_out(c, 0, OX_INT64, 0, NULL);
    if (s != OX_OK || !ox__inf_ranked(c, 0)) return s;
    ox_dim p = product(c, c->in[0].dims, 0, c->in[0].rank);
    return ox__inf_out_vec(c, 0, &p, 1, true);
}

/* ---- Reshape ---- */

/* The dim that -1 stands for: all of the input over the other dims. Equal factors cancel before anything is divided. */
static ox_dim rest_of(ox__inf *c, const ox_dim *dims, size_t n, size_t hole)
{
    if (!ox__inf_ranked(c, 0)) return ox__inf_unknown(c, "-1 in Reshape of an input of unknown rank");
    size_t n_in = (size_t)c->in[0].rank;
    ox_dim *left = ox__inf_dims(c, n_in), den = ox__inf_const(c, 1);
    if (!left) return (ox_dim){0};
    if (n_in) memcpy(left, c->in[0].dims, n_in * sizeof *left);
    for (size_t i = 0; i < n; i++) {
        if (i == hole) continue;
        size_t k = 0;
        while (k < n_in && !(left[k].id && ox_dim_equal(c->m, left[k], dims[i]))) k++;
        if (k < n_in)
            left[k] = (ox_dim){0};
        else
            den = ox_dim_mul(c->m, den, dims[i]);
    }
    ox_dim num = ox__inf_const(c, 1);
    for (size_t k = 0; k < n_in; k++)
        if (left[k].id) num = ox_dim_mul(c->m, num, left[k]);
    int64_t d;
    if (ox_dim_is_const(c->m, den, &d) && d == 1) return num;
    return ox_dim_floordiv(c->m, num, den);
}

/* Both element counts known and different: no reshape does that. */
static ox_status check_count(ox__inf *c, const ox_dim *dims, size_t n)
{
    int64_t a, b;
    if (!ox__inf_ranked(c, 0)) return OX_OK;
    if (!ox_dim_is_const(c->m, product(c, c->in[0].dims, 0, c->in[0].rank), &a) ||
        !ox_dim_is_const(c->m, product(c, dims, 0, (int64_t)n), &b) || a == b)
        return OX_OK;
    return ox__inf_fail(c, "%lld elements cannot be reshaped into %lld", (long long)a, (long long)b);
}

/* The shape asked for: before opset 5 an attribute. false: not known, or *s is set. */
static bool wanted_shape(ox__inf *c, ox__vec_fact *v, ox_status *s)
{
    if (c->opset >= 5) return ox__inf_vec(c, 1, v);
    const int64_t *shape = ox__inf_ints(c, "shape", &v->n);
    ox_dim *dims = shape ? ox__inf_dims(c, v->n) : NULL;
    if (shape && !dims) *s = OX_E_NOMEM;
    for (size_t i = 0; dims && i < v->n; i++) dims[i] = ox__inf_const(c, shape[i]);
    v->dims = dims;
    return dims != NULL;
}

static ox_status infer_reshape(ox__inf *c)
{
    ox_dtype dtype = ox__inf_dtype(c, 0);
    ox__vec_fact v;
    ox_status known = OX_OK;
    if (!wanted_shape(c, &v, &known)) {
        int64_t rank = OX_RANK_UNKNOWN;
        if (known != OX_OK) return known;
        if (ox__inf_rank(c, 1) == 1 && !ox_dim_is_const(c->m, ox__inf_dim(c, 1, 0), &rank)) rank = OX_RANK_UNKNOWN;
        if (rank > OX_MAX_RANK) return ox__inf_fail(c, "a shape of %lld dims", (long long)rank);
        return ox__inf_out_unknown(c, 0, dtype, (int32_t)rank, "the shape given to Reshape depends on data");
    }
    bool allow_zero = ox__inf_int(c, "allowzero", 0) != 0;
    ox_dim *dims = ox__inf_dims(c, v.n);
    if (!dims) return OX_E_NOMEM;
    size_t hole = SIZE_MAX;
    for (size_t i = 0; i < v.n; i++) {
        int64_t x = 1;
        dims[i] = v.dims[i];
        bool is_const = ox_dim_is_const(c->m, dims[i], &x);
        if (is_const && x == 0 && !allow_zero) {
            if (ox__inf_ranked(c, 0) && (int64_t)i >= c->in[0].rank)
                return ox__inf_fail(c, "0 at %zu copies a dim that the input does not have", i);
            dims[i] =
                ox__inf_ranked(c, 0) ? c->in[0].dims[i] : ox__inf_unknown(c, "copied from an input of unknown rank");
        } else if (is_const && x == -1) {
            if (hole != SIZE_MAX) return ox__inf_fail(c, "more than one -1 in the shape");
            hole = i;
        } else if (is_const && x < 0) {
            return ox__inf_fail(c, "%lld in the shape", (long long)x);
        }
    }
    if (hole != SIZE_MAX) dims[hole] = rest_of(c, dims, v.n, hole);
    ox_status s = check_count(c, dims, v.n);
    if (s == OX_OK) s = ox__inf_out(c, 0, dtype, (int32_t)v.n, dims);
    ox__vec_fact data;
    if (s == OX_OK && v.n <= 1 && ox__inf_vec(c, 0, &data)) return ox__inf_out_vec(c, 0, data.dims, data.n, v.n == 0);
    return s;
}

static ox_status infer_flatten(ox__inf *c)
{
    ox_dtype dtype = ox__inf_dtype(c, 0);
    if (!ox__inf_ranked(c, 0))
        return ox__inf_out_unknown(c, 0, dtype, 2, "the rank of the input of Flatten is unknown");
    int64_t axis = ox__inf_int(c, "axis", 1), rank = c->in[0].rank;
    if (axis < -rank || axis > rank) return ox__inf_fail(c, "axis %lld of %lld dims", (long long)axis, (long long)rank);
    if (axis < 0) axis += rank;
    ox_dim dims[2] = {product(c, c->in[0].dims, 0, axis), product(c, c->in[0].dims, axis, rank)};
    return ox__inf_out(c, 0, dtype, 2, dims);
}

/* ---- Squeeze, Unsqueeze ---- */
static ox_status keep_elements(ox__inf *c, bool scalar)
{
    ox__vec_fact v;
    return ox__inf_vec(c, 0, &v) ? ox__inf_out_vec(c, 0, v.dims, v.n, scalar) : OX_OK;
}

static ox_status infer_squeeze(ox__inf *c)
{
    ox_dtype dtype = ox__inf_dtype(c, 0);
    const int64_t *axes;
    size_t n;
    bool known = ox__inf_list(c, "axes", 1, &axes, &n);
    if (!ox__inf_ranked(c, 0) || !known) return ox__inf_out(c, 0, dtype, OX_RANK_UNKNOWN, NULL);
    int32_t rank = c->in[0].rank, out = 0;
    bool given = axes != NULL;
    bool *gone = ox__arena_alloc(c->mem, (size_t)rank + 1);
    ox_dim *dims = ox__inf_dims(c, (size_t)rank);
    if (!gone || !dims) return ox__nomem(c->err);
    memset(gone, 0, (size_t)rank + 1);
    for (size_t i = 0; i < n; i++) {
        int64_t axis = axes[i], v;
        ox_status s = ox__inf_axis(c, &axis, rank);
        if (s != OX_OK) return s;
        if (ox_dim_is_const(c->m, c->in[0].dims[axis], &v) && v != 1)
            return ox__inf_fail(c, "dim %lld is %lld and not 1", (long long)axis, (long long)v);
        gone[axis] = true;
    }
    for (int32_t i = 0; i < rank; i++) {
        int64_t v;
        bool is_const = ox_dim_is_const(c->m, c->in[0].dims[i], &v);
        if (!given && !is_const) return ox__inf_out(c, 0, dtype, OX_RANK_UNKNOWN, NULL); /* it may be 1 */
        if (given ? gone[i] : v == 1) continue;
        dims[out++] = c->in[0].dims[i];
    }
    ox_status s = ox__inf_out(c, 0, dtype, out, dims);
    return s == OX_OK && out <= 1 ? keep_elements(c, out == 0) : s;
}

static ox_status infer_unsqueeze(ox__inf *c)
{
    ox_dtype dtype = ox__inf_dtype(c, 0);
    const int64_t *axes;
    size_t n;
    if (!ox__inf_ranked(c, 0) || !ox__inf_list(c, "axes", 1, &axes, &n))
        return ox__inf_out(c, 0, dtype, OX_RANK_UNKNOWN, NULL);
    if (n > OX_MAX_RANK) return ox__inf_fail(c, "%zu axes", n);
    int32_t rank = c->in[0].rank + (int32_t)n, from = 0;
    bool *fresh = ox__arena_alloc(c->mem, (size_t)rank + 1);
    ox_dim *dims = ox__inf_dims(c, (size_t)rank);
    if (!fresh || !dims) return ox__nomem(c->err);
    memset(fresh, 0, (size_t)rank + 1);
    for (size_t i = 0; i < n; i++) {
        int64_t axis = axes[i];
        ox_status s = ox__inf_axis(c, &axis, rank);
        if (s != OX_OK) return s;
        if (fresh[axis]) return ox__inf_fail(c, "axis %lld is given twice", (long long)axis);
        fresh[axis] = true;
    }
    for (int32_t i = 0; i < rank; i++) dims[i] = fresh[i] ? ox__inf_const(c, 1) : c->in[0].dims[from++];
    ox_status s = ox__inf_out(c, 0, dtype, rank, dims);
    return s == OX_OK && rank == 1 ? keep_elements(c, false) : s;
}

/* ---- Expand, Tile ---- */
/* The shape depends on data: a dim of the input stays that is more than 1, or in front of the shape. */
static ox_status expand_unknown(ox__inf *c, ox_dtype dtype)
{
    int64_t n, v;
    bool rank_known =
        ox__inf_ranked(c, 0) && ox__inf_rank(c, 1) == 1 && ox_dim_is_const(c->m, ox__inf_dim(c, 1, 0), &n);
    if (!rank_known || n > OX_MAX_RANK) return ox__inf_out(c, 0, dtype, OX_RANK_UNKNOWN, NULL);
    int32_t rank = OX__MAX(c->in[0].rank, (int32_t)n);
    ox_dim *dims = ox__inf_dims(c, (size_t)rank);
    if (!dims) return OX_E_NOMEM;
    for (int32_t i = 0; i < rank; i++) {
        int32_t at = i - (rank - c->in[0].rank);
        bool stays = at >= 0 && (i < rank - (int32_t)n || (ox_dim_is_const(c->m, c->in[0].dims[at], &v) && v > 1));
        dims[i] = stays ? c->in[0].dims[at] : ox__inf_unknown(c, "the shape given to Expand depends on data");
    }
    return ox__inf_out(c, 0, dtype, rank, dims);
}

static ox_status infer_expand(ox__inf *c)
{
    ox_dtype dtype = ox__inf_dtype(c, 0);
    ox__vec_fact v;
    if (!ox__inf_vec(c, 1, &v) || !ox__inf_ranked(c, 0)) return expand_unknown(c, dtype);
    int32_t n = (int32_t)v.n, rank = OX__MAX(c->in[0].rank, n);
    ox_dim *dims = ox__inf_dims(c, (size_t)rank);
    if (!dims) return OX_E_NOMEM;
    for (int32_t i = 0; i < rank; i++) {
        int32_t a = i - (rank - c->in[0].rank), b = i - (rank - n);
        if (a < 0 || b < 0) {
            dims[i] = a < 0 ? v.dims[b] : c->in[0].dims[a];
            continue;
        }
        ox_status s = ox__inf_broadcast_dim(c, c->in[0].dims[a], v.dims[b], &dims[i]);
        if (s != OX_OK) return s;
    }
    ox_status s = ox__inf_out(c, 0, dtype, rank, dims);
    int64_t len;
    ox__vec_fact data;
    if (s != OX_OK || rank != 1 || !ox__inf_vec(c, 0, &data) || data.n != 1 || !ox_dim_is_const(c->m, dims[0], &len) ||
        len < 0 || len > OX__FACT_MAX_DIMS)
        return s;
    ox_dim *all = ox__inf_dims(c, (size_t)len);
    if (!all) return OX_E_NOMEM;
    for (int64_t i = 0; i < len; i++) all[i] = data.dims[0];
    return ox__inf_out_vec(c, 0, all, (size_t)len, false);
}

/* Opset 1 repeats one axis: inputs data, tiles, axis. */
static ox_status infer_tile_1(ox__inf *c, ox_dtype dtype)
{
    ox__vec_fact tiles;
    const int64_t *axis;
    size_t n = 0;
    if (!ox__inf_list(c, NULL, 2, &axis, &n) || n != 1)
        return ox__inf_out_unknown(c, 0, dtype, c->in[0].rank, "the axis of Tile depends on data");
    int64_t at = axis[0];
    ox_status s = ox__inf_axis(c, &at, c->in[0].rank);
    ox_dim *dims = ox__inf_copy(c, 0);
    if (s != OX_OK || !dims) return s != OX_OK ? s : OX_E_NOMEM;
    bool known = ox__inf_vec(c, 1, &tiles) && tiles.n == 1;
    dims[at] =
        known ? ox_dim_mul(c->m, dims[at], tiles.dims[0]) : ox__inf_unknown(c, "the repeats of Tile depend on data");
    return ox__inf_out(c, 0, dtype, c->in[0].rank, dims);
}

static ox_status infer_tile(ox__inf *c)
{
    ox_dtype dtype = ox__inf_dtype(c, 0);
    ox__vec_fact v;
    if (!ox__inf_ranked(c, 0)) return ox__inf_out(c, 0, dtype, OX_RANK_UNKNOWN, NULL);
    if (c->opset < 6) return infer_tile_1(c, dtype);
    if (!ox__inf_vec(c, 1, &v))
        return ox__inf_out_unknown(c, 0, dtype, c->in[0].rank, "the repeats of Tile depend on data");
    if ((int64_t)v.n != c->in[0].rank) return ox__inf_fail(c, "%zu repeats for %d dims", v.n, (int)c->in[0].rank);
    ox_dim *dims = ox__inf_dims(c, v.n);
    if (!dims) return OX_E_NOMEM;
    for (size_t i = 0; i < v.n; i++) dims[i] = ox_dim_mul(c->m, c->in[0].dims[i], v.dims[i]);
    return ox__inf_out(c, 0, dtype, c->in[0].rank, dims);
}

static const ox__op_row rows[] = {
    {"Expand", infer_expand, ox__eval_expand, 0},
    {"Flatten", infer_flatten, ox__eval_flatten, OX__OP_MOVES},
    {"Reshape", infer_reshape, ox__eval_reshape, OX__OP_MOVES},
    {"Shape", infer_shape, ox__eval_shape, 0},
    {"Size", infer_size, ox__eval_size, 0},
    {"Squeeze", infer_squeeze, ox__eval_squeeze, OX__OP_MOVES},
    {"Tile", infer_tile, ox__eval_tile, 0},
    {"Unsqueeze", infer_unsqueeze, ox__eval_unsqueeze, OX__OP_MOVES},
};
const ox__op_family ox__ops_shape = {rows, OX__COUNT(rows), NULL};
