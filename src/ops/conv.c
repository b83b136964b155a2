/* Floor 3. Operators over windows: convolutions, pools. */
#include "ops/infer.h"
#include "ops/window.h"

/* ---- windows ---- */
typedef struct window {
    size_t n;                                           /* spatial dims */
    const int64_t *kernel, *strides, *dilations, *pads; /* NULL = 1, 1, 0 */
    bool same_upper, same_lower, valid, ceil;
} window;

static ox_status window_attrs(ox__inf *c, window *w, size_t n)
{
    size_t n_strides, n_dilations, n_pads;
    w->n = n;
    w->strides = ox__inf_ints(c, "strides", &n_strides);
    w->dilations = ox__inf_ints(c, "dilations", &n_dilations);
    w->pads = ox__inf_ints(c, "pads", &n_pads);
    w->same_upper = ox__inf_string_is(c, "auto_pad", "SAME_UPPER");
    w->same_lower = ox__inf_string_is(c, "auto_pad", "SAME_LOWER");
    w->valid = ox__inf_string_is(c, "auto_pad", "VALID");
    w->ceil = ox__inf_int(c, "ceil_mode", 0) != 0;
    if ((w->strides && n_strides != n) || (w->dilations && n_dilations != n) || (w->pads && n_pads != 2 * n))
        return ox__inf_fail(c, "strides, dilations or pads do not fit %zu spatial dims", n);
    for (size_t i = 0; i < n; i++)
        if ((w->strides && w->strides[i] <= 0) || (w->dilations && w->dilations[i] <= 0))
            return ox__inf_fail(c, "strides and dilations must be positive");
    return OX_OK;
}

/* The output length along spatial axis i of a window over d. */
static ox_status window_dim(ox__inf *c, const window *w, size_t i, ox_dim d, ox_dim kernel, ox_dim *out)
{
    int64_t stride = w->strides ? w->strides[i] : 1, dilation = w->dilations ? w->dilations[i] : 1;
    ox_dim st = ox__inf_const(c, stride);
    if (w->same_upper || w->same_lower) {
        *out = ox_dim_floordiv(c->m, ox_dim_add(c->m, d, ox__inf_const(c, stride - 1)), st);
        return OX_OK;
    }
    int64_t pads = w->pads && !w->valid ? w->pads[i] + w->pads[i + w->n] : 0;
    /* extent of the window, then what is left to slide over */
    ox_dim one = ox__inf_const(c, 1);
    ox_dim extent = ox_dim_add(c->m, ox_dim_mul(c->m, ox_dim_sub(c->m, kernel, one), ox__inf_const(c, dilation)), one);
    ox_dim room = ox_dim_sub(c->m, ox_dim_add(c->m, d, ox__inf_const(c, pads)), extent);
    int64_t left, v, k;
    if (ox_dim_is_const(c->m, room, &left) && left < 0)
        return ox__inf_fail(c, "the window is larger than the padded input along spatial axis %zu", i);
    if (w->ceil) room = ox_dim_add(c->m, room, ox__inf_const(c, stride - 1));
    *out = ox_dim_add(c->m, ox_dim_floordiv(c->m, room, st), one);
    /* a window that begins in the right padding is left out */
    if (w->ceil && ox_dim_is_const(c->m, *out, &v) && ox_dim_is_const(c->m, d, &k)) {
        int64_t head = w->pads && !w->valid ? w->pads[i] : 0;
        if ((v - 1) * stride >= k + head && v > 1) *out = ox__inf_const(c, v - 1);
    }
    return OX_OK;
}

static ox_status kernel_of(ox__inf *c, size_t i, size_t weight, ox_dim *out)
{
    size_t n;
    const int64_t *k = ox__inf_ints(c, "kernel_shape", &n);
    if (k && i < n)
        *out = ox__inf_const(c, k[i]);
    else if (weight != SIZE_MAX && ox__inf_ranked(c, weight) && (int64_t)i + 2 < c->in[weight].rank)
        *out = c->in[weight].dims[i + 2];
    else
        *out = ox__inf_unknown(c, "a kernel whose shape is not known");
    return OX_OK;
}

/* ---- Conv, ConvTranspose ---- */
static ox_status conv_ranks(ox__inf *c, size_t weight, int32_t *rank)
{
    *rank = ox__inf_ranked(c, 0) ? c->in[0].rank : ox__inf_rank(c, weight);
    if (*rank == OX_RANK_UNKNOWN) return OX_OK;
    if (*rank < 3) return ox__inf_fail(c, "the input has %d dims, at least 3 are needed", (int)*rank);
    if (ox__inf_ranked(c, 0) && ox__inf_ranked(c, weight) && c->in[weight].rank != *rank)
        return ox__inf_fail(c, "the input has %d dims and the weight %d", (int)*rank, (int)c->in[weight].rank);
    return OX_OK;
}

static ox_status conv(ox__inf *c, size_t weight, ox_dtype dtype)
{
    int32_t rank;
    ox_status s = conv_ranks(c, weight, &rank);
    if (s != OX_OK) return s;
    if (!ox__inf_ranked(c, 0)) return ox__inf_out_unknown(c, 0, dtype, rank, "the input of the convolution is unknown");
    int64_t group = ox__inf_int(c, "group", 1), a, b;
    bool known = ox__inf_ranked(c, weight);
    if (known && ox_dim_is_const(c->m, c->in[0].dims[1], &a) && ox_dim_is_const(c->m, c->in[weight].dims[1], &b) &&
        (group <= 0 || b > INT64_MAX / group || b * group != a))
        return ox__inf_fail(c, "%lld input channels, but the weight takes %lld in each of %lld groups", (long long)a,
                            (long long)b, (long long)group);
    window w = {0};
    s = window_attrs(c, &w, (size_t)rank - 2);
    ox_dim *dims = ox__inf_dims(c, (size_t)rank);
    if (s != OX_OK || !dims) return s != OX_OK ? s : OX_E_NOMEM;
    dims[0] = c->in[0].dims[0];
    dims[1] = known ? c->in[weight].dims[0] : ox__inf_unknown(c, "the output channels of a weight that is not known");
    for (size_t i = 0; i < w.n; i++) {
        ox_dim k;
        s = kernel_of(c, i, weight, &k);
        if (s == OX_OK) s = window_dim(c, &w, i, c->in[0].dims[i + 2], k, &dims[i + 2]);
        if (s != OX_OK) return s;
    }
    return ox__inf_out(c, 0, dtype, rank, dims);
}

static ox_status infer_conv(ox__inf *c)
{
    return conv(c, 1, ox__inf_dtype(c, 0));
}
static ox_status infer_conv_integer(ox__inf *c)
{
    return conv(c, 1, OX_INT32);
}
static ox_status infer_qlinear_conv(ox__inf *c)
{
    return conv(c, 3, ox__inf_dtype(c, 7));
}

static ox_status infer_conv_transpose(ox__inf *c)
{
    ox_dtype dtype = ox__inf_dtype(c, 0);
    int32_t rank;
    ox_status s = conv_ranks(c, 1, &rank);
    if (s != OX_OK) return s;
    if (!ox__inf_ranked(c, 0)) return ox__inf_out_unknown(c, 0, dtype, rank, "the input of the convolution is unknown");
    window w = {0};
    s = window_attrs(c, &w, (size_t)rank - 2);
    ox_dim *dims = ox__inf_dims(c, (size_t)rank);
    if (s != OX_OK || !dims) return s != OX_OK ? s : OX_E_NOMEM;
    size_t n_shape, n_extra;
    const int64_t *shape = ox__inf_ints(c, "output_shape", &n_shape),
                  *extra = ox__inf_ints(c, "output_padding", &n_extra);
    dims[0] = c->in[0].dims[0];
    dims[1] = ox__inf_ranked(c, 1) ? ox_dim_mul(c->m, c->in[1].dims[1], ox__inf_const(c, ox__inf_int(c, "group", 1)))
                                   : ox__inf_unknown(c, "the output channels of a weight that is not known");
    for (size_t i = 0; i < w.n; i++) {
        int64_t stride = w.strides ? w.strides[i] : 1, dilation = w.dilations ? w.dilations[i] : 1;
        ox_dim k, d = c->in[0].dims[i + 2], one = ox__inf_const(c, 1);
        s = kernel_of(c, i, 1, &k);
        if (s != OX_OK) return s;
        if (shape && n_shape >= w.n) {
            dims[i + 2] = ox__inf_const(c, shape[n_shape - w.n + i]);
            continue;
        }
        if (w.same_upper || w.same_lower) {
            dims[i + 2] = ox_dim_mul(c->m, d, ox__inf_const(c, stride));
            continue;
        }
        int64_t pads = w.pads && !w.valid ? w.pads[i] + w.pads[i + w.n] : 0, add = extra && i < n_extra ? extra[i] : 0;
        ox_dim extent = ox_dim_add(c->m, ox_dim_mul(c->m, ox_dim_sub(c->m, k, one), ox__inf_const(c, dilation)), one);
        ox_dim len = ox_dim_mul(c->m, ox_dim_sub(c->m, d, one), ox__inf_const(c, stride));
        dims[i + 2] = ox_dim_add(c->m, ox_dim_add(c->m, len, extent), ox__inf_const(c, add - pads));
    }
    return ox__inf_out(c, 0, dtype, rank, dims);
}

/* ---- pools ---- */
static ox_status infer_pool(ox__inf *c)
{
    ox_dtype dtype = ox__inf_dtype(c, 0);
    size_t n;
    if (!ox__inf_ints(c, "kernel_shape", &n)) return ox__inf_fail(c, "kernel_shape is missing");
    int32_t rank = (int32_t)OX__MIN(n, OX_MAX_RANK - 2) + 2;
    if (!ox__inf_ranked(c, 0)) {
        ox_status s = ox__inf_out_unknown(c, 0, dtype, rank, "the input of the pool is unknown");
        return s == OX_OK ? ox__inf_out_unknown(c, 1, OX_INT64, rank, "the input of the pool is unknown") : s;
    }
    if (c->in[0].rank != rank) return ox__inf_fail(c, "%zu kernel dims for an input of %d dims", n, (int)c->in[0].rank);
    window w = {0};
    ox_status s = window_attrs(c, &w, n);
    ox_dim *dims = ox__inf_copy(c, 0);
    if (s != OX_OK || !dims) return s != OX_OK ? s : OX_E_NOMEM;
    for (size_t i = 0; i < n; i++) {
        ox_dim k;
        s = kernel_of(c, i, SIZE_MAX, &k);
        if (s == OX_OK) s = window_dim(c, &w, i, c->in[0].dims[i + 2], k, &dims[i + 2]);
        if (s != OX_OK) return s;
    }
    s = ox__inf_out(c, 0, dtype, rank, dims);
    return s == OX_OK ? ox__inf_out(c, 1, OX_INT64, rank, dims) : s;
}

static ox_status infer_global_pool(ox__inf *c)
{
    if (!ox__inf_ranked(c, 0)) return ox__inf_out(c, 0, ox__inf_dtype(c, 0), OX_RANK_UNKNOWN, NULL);
    if (c->in[0].rank < 2) return ox__inf_fail(c, "the input has %d dims, at least 2 are needed", (int)c->in[0].rank);
    ox_dim *dims = ox__inf_copy(c, 0);
    if (!dims) return OX_E_NOMEM;
    for (int32_t i = 2; i < c->in[0].rank; i++) dims[i] = ox__inf_const(c, 1);
    return ox__inf_out(c, 0, ox__inf_dtype(c, 0), c->in[0].rank, dims);
}

static ox_status infer_max_unpool(ox__inf *c)
{
    ox_dtype dtype = ox__inf_dtype(c, 0);
    if (!ox__inf_ranked(c, 0)) return ox__inf_out(c, 0, dtype, OX_RANK_UNKNOWN, NULL);
    int32_t rank = c->in[0].rank;
    ox__vec_fact v;
    if (ox__inf_vec(c, 2, &v) && (int64_t)v.n == rank) return ox__inf_out(c, 0, dtype, rank, v.dims);
    if (ox__inf_has(c, 2))
        return ox__inf_out_unknown(c, 0, dtype, rank, "the output shape of MaxUnpool depends on data");
    size_t n;
    const int64_t *kernel = ox__inf_ints(c, "kernel_shape", &n);
    window w = {0};
    ox_status s = window_attrs(c, &w, n);
    ox_dim *dims = ox__inf_copy(c, 0);
    if (s != OX_OK || !dims) return s != OX_OK ? s : OX_E_NOMEM;
    if ((int64_t)n + 2 != rank) return ox__inf_fail(c, "%zu kernel dims for an input of %d dims", n, (int)rank);
    for (size_t i = 0; i < n; i++) {
        int64_t pads = w.pads ? w.pads[i] + w.pads[i + n] : 0;
        ox_dim len = ox_dim_mul(c->m, ox_dim_sub(c->m, dims[i + 2], ox__inf_const(c, 1)),
                                ox__inf_const(c, w.strides ? w.strides[i] : 1));
        dims[i + 2] = ox_dim_add(c->m, len, ox__inf_const(c, kernel[i] - pads));
    }
    return ox__inf_out(c, 0, dtype, rank, dims);
}

/* The channels are what is left of dim 1 once the taps of a block are taken out. */
static ox_status infer_col2im(ox__inf *c)
{
    ox_dtype dtype = ox__inf_dtype(c, 0);
    ox__vec_fact image, block;
    bool known = ox__inf_vec(c, 1, &image), taps = ox__inf_vec(c, 2, &block);
    const char *why = "the shape of the image depends on data";
    if (!known) {
        if (!ox__inf_ranked(c, 1) || c->in[1].rank != 1) return ox__inf_out(c, 0, dtype, OX_RANK_UNKNOWN, NULL);
        int64_t n;
        if (!ox_dim_is_const(c->m, c->in[1].dims[0], &n) || n > OX_MAX_RANK - 2)
            return ox__inf_out(c, 0, dtype, OX_RANK_UNKNOWN, NULL);
        image.n = (size_t)n;
    }
    ox_dim *dims = ox__inf_dims(c, image.n + 2), all = ox__inf_const(c, 1);
    if (!dims) return OX_E_NOMEM;
    bool ranked = ox__inf_ranked(c, 0) && c->in[0].rank == 3;
    dims[0] = ranked ? c->in[0].dims[0] : ox__inf_unknown(c, "the batch of an unknown input");
    for (size_t i = 0; taps && i < block.n; i++) all = ox_dim_mul(c->m, all, block.dims[i]);
    int64_t n, channels;
    bool whole = !ranked || !taps || !ox_dim_is_const(c->m, all, &n) || n > 0;
    if (!whole) return ox__inf_fail(c, "block_shape has no elements");
    if (ranked && taps && ox_dim_is_const(c->m, all, &n) && ox_dim_is_const(c->m, c->in[0].dims[1], &channels) &&
        channels % n)
        return ox__inf_fail(c, "%lld rows of columns for blocks of %lld", (long long)channels, (long long)n);
    dims[1] = ranked && taps ? ox_dim_floordiv(c->m, c->in[0].dims[1], all)
                             : ox__inf_unknown(c, "the channels of columns whose blocks are not known");
    for (size_t i = 0; i < image.n; i++) dims[i + 2] = known ? image.dims[i] : ox__inf_unknown(c, why);
    return ox__inf_out(c, 0, dtype, (int32_t)image.n + 2, dims);
}

static const ox__op_row rows[] = {
    {"AveragePool", infer_pool, ox__eval_average_pool, 0},
    {"Col2Im", infer_col2im, ox__eval_col2im, 0},
    {"Conv", infer_conv, ox__eval_conv, 0},
    {"ConvInteger", infer_conv_integer, ox__eval_conv_integer, 0},
    {"ConvTranspose", infer_conv_transpose, ox__eval_conv_transpose, 0},
    {"DeformConv", infer_conv, ox__eval_deform_conv, 0},
    {"GlobalAveragePool", infer_global_pool, ox__eval_global_average, 0},
    {"GlobalLpPool", infer_global_pool, ox__eval_global_lp, 0},
    {"GlobalMaxPool", infer_global_pool, ox__eval_global_max, 0},
    {"LpPool", infer_pool, ox__eval_lp_pool, 0},
    {"MaxPool", infer_pool, ox__eval_max_pool, 0},
    {"MaxUnpool", infer_max_unpool, ox__eval_max_unpool, 0},
    {"QLinearConv", infer_qlinear_conv, ox__eval_qlinear_conv, 0},
};
const ox__op_family ox__ops_conv = {rows, OX__COUNT(rows), NULL};
