/* Floor 3. Evaluation of ConvTranspose and Col2Im, which add columns to images. */
#include "ops/gemm.h"
#include "ops/wide.h"
#include "ops/window.h"

typedef struct scatter {
    const ox__window *w;
    const void *columns;
    void *images;
} scatter;

#define T float
#define NAME(x) f32_##x
#include "ops/scatter_type.h"
#undef T
#undef NAME
#define T double
#define NAME(x) f64_##x
#include "ops/scatter_type.h"
#undef T
#undef NAME
#define T uint64_t
#define NAME(x) u64_##x
#include "ops/scatter_type.h"
#undef T
#undef NAME

enum { ROOM = 1 << 22 }; /* elements of columns at one time, if one image needs no more */

typedef struct transposed {
    ox__window w;
    ox_dtype dtype;
    int64_t batch, group, channels, maps;
    const char *x, *weight;
    char *y;
} transposed;

/* The output's dims and the padding that follows from them. */
static ox_status out_sizes(ox__ev *e, ox__window *w, const int64_t *x)
{
    size_t n_shape, n_extra;
    const int64_t *shape = ox__ev_ints(e, "output_shape", &n_shape),
                  *extra = ox__ev_ints(e, "output_padding", &n_extra);
    bool upper = ox__ev_string_is(e, "auto_pad", "NOTSET", "SAME_UPPER"),
         lower = ox__ev_string_is(e, "auto_pad", "NOTSET", "SAME_LOWER");
    if (shape && n_shape != w->n && n_shape != w->n + 2) return ox__ev_fail(e, "output_shape has %zu dims", n_shape);
    if (extra && n_extra && n_extra != w->n) return ox__ev_fail(e, "output_padding has %zu entries", n_extra);
    for (uint32_t i = 0; i < w->n; i++) {
        int64_t add = extra && n_extra ? extra[i] : 0, last = OX__MAX(x[i] - 1, 0), extent;
        if (add < 0 || add > INT32_MAX || x[i] > INT32_MAX) return ox__ev_fail(e, "a result that is too large");
        extent = (w->kernel[i] - 1) * w->dilation[i] + 1;
        int64_t whole = last * w->stride[i];
        if (__builtin_add_overflow(whole, extent + add, &whole)) return ox__ev_fail(e, "a result that is too large");
        w->out[i] = x[i];
        if (shape || upper || lower) {
            w->in[i] = shape ? shape[n_shape - w->n + i] : x[i] * w->stride[i];
            int64_t pad = OX__MAX(whole - w->in[i], 0);
            w->head[i] = upper ? pad / 2 : pad - pad / 2;
        } else {
            w->in[i] = whole - w->head[i] - w->tail[i];
        }
        if (w->in[i] < 0) return ox__ev_fail(e, "dim %u of the result would be %lld", i + 2, (long long)w->in[i]);
    }
    return ox__window_sizes(e, w);
}

/* Rows m0..m1-1 (map and tap) of the columns of one group of one item, added to its images. */
static ox_status some_rows(ox__ev *e, const transposed *t, int64_t i, int64_t m0, int64_t m1, void *room)
{
    const ox__window *w = &t->w;
    const int64_t item = t->dtype == OX_DOUBLE ? 8 : 4, group = i % t->group, all = t->maps * w->taps;
    ox__gemm g = {.m = m1 - m0,
                  .n = w->out_size,
                  .k = t->channels,
                  .alpha = 1,
                  .a = t->weight + (group * t->channels * all + m0) * item,
                  .a_row = 1,
                  .a_col = all,
                  .b = t->x + i * t->channels * w->out_size * item,
                  .b_row = w->out_size,
                  .b_col = 1,
                  .c = room,
                  .c_row = w->out_size};
    ox_status s = ox__gemm_run(e, t->dtype, &g, 1);
    if (s != OX_OK) return s;
    char *image = t->y + (i * t->maps + m0 / w->taps) * w->in_size * item;
    scatter sc = {w, room, image};
    if (m0 % w->taps == 0 && (m1 - m0) % w->taps == 0) {
        ox__ev_parallel_long(e, (uint64_t)((m1 - m0) / w->taps), 1,
                             t->dtype == OX_DOUBLE ? f64_scatter_images : f32_scatter_images, &sc);
        return OX_OK;
    }
    for (int64_t m = m0; m < m1; m++) {
        int64_t tap[OX__SPATIAL], k = m % w->taps;
        for (uint32_t d = w->n; d-- > 0; k /= w->kernel[d]) tap[d] = k % w->kernel[d];
        image = t->y + (i * t->maps + m / w->taps) * w->in_size * item;
        if (t->dtype == OX_DOUBLE)
            f64_scatter(w, tap, (double *)room + (m - m0) * w->out_size, (double *)(void *)image);
        else
            f32_scatter(w, tap, (float *)room + (m - m0) * w->out_size, (float *)(void *)image);
    }
    return OX_OK;
}

static ox_status run(ox__ev *e, const transposed *t)
{
    const ox__window *w = &t->w;
    int64_t all = t->maps * w->taps, rows = OX__MAX(ROOM / OX__MAX(w->out_size, 1), 1);
    if (rows > w->taps) rows = rows / w->taps * w->taps;
    rows = OX__MIN(rows, all);
    if (!w->out_size || !w->in_size || !all) return OX_OK;
    size_t bytes;
    if (__builtin_mul_overflow((size_t)rows * (t->dtype == OX_DOUBLE ? 8 : 4), (size_t)w->out_size, &bytes))
        return ox__ev_unsupported(e, "an input of this size");
    void *room = ox__alloc(bytes);
    if (!room) return ox__nomem(e->err);
    ox_status s = OX_OK;
    for (int64_t i = 0; s == OX_OK && i < t->batch * t->group; i++)
        for (int64_t m = 0; s == OX_OK && m < all; m += rows) s = some_rows(e, t, i, m, OX__MIN(m + rows, all), room);
    ox__free(room);
    return s;
}

static void fill_bias(const transposed *t, const void *bias)
{
    for (int64_t p = 0; p < t->batch * t->group * t->maps; p++)
        for (int64_t i = p * t->w.in_size, b = p % (t->group * t->maps); i < (p + 1) * t->w.in_size; i++)
            if (t->dtype == OX_DOUBLE)
                ((double *)(void *)t->y)[i] = ((const double *)bias)[b];
            else
                ((float *)(void *)t->y)[i] = ((const float *)bias)[b];
}

ox_status ox__eval_conv_transpose(ox__ev *e)
{
    transposed t = {0};
    ox__wide y;
    int64_t dims[OX__SPATIAL + 2];
    ox_status s = ox__ev_need(e, 0, 2);
    if (s != OX_OK) return s;
    const ox__dense *x = &e->in[0], *w = &e->in[1];
    t.dtype = ox__wide_type(x->dtype);
    t.group = ox__ev_int(e, "group", 1);
    if (!t.dtype) return ox__ev_unsupported(e, "this element type");
    if (x->rank < 3 || w->rank != x->rank || x->rank - 2 > OX__SPATIAL || t.group <= 0 || x->dims[1] != w->dims[0] ||
        x->dims[1] % t.group || w->dims[1] > INT32_MAX || t.group > INT32_MAX)
        return ox__ev_fail(e, "the input, the weight and %lld groups do not fit together", (long long)t.group);
    t.batch = x->dims[0];
    t.channels = x->dims[1] / t.group;
    t.maps = w->dims[1];
    uint32_t n = x->rank - 2;
    s = ox__window_read(e, &t.w, n, x->dims + 2, w->dims + 2, false);
    if (s == OX_OK) s = out_sizes(e, &t.w, x->dims + 2);
    if (s != OX_OK) return s;
    dims[0] = t.batch;
    dims[1] = t.group * t.maps;
    memcpy(dims + 2, t.w.in, n * sizeof *dims);
    if (ox__ev_has(e, 2) && e->in[2].n != (uint64_t)dims[1]) return ox__ev_fail(e, "the bias does not fit the weight");
    t.x = ox__wide_of(e, x, t.dtype);
    t.weight = ox__wide_of(e, w, t.dtype);
    const void *bias = ox__ev_has(e, 2) ? ox__wide_of(e, &e->in[2], t.dtype) : NULL;
    if (!t.x || !t.weight || (ox__ev_has(e, 2) && !bias)) return OX_E_NOMEM;
    s = ox__wide_out(e, &y, 0, x->dtype, t.dtype, x->rank, dims);
    t.y = y.p;
    if (s == OX_OK && bias && y.n) fill_bias(&t, bias);
    if (s == OX_OK && y.n && x->n && w->n) s = run(e, &t);
    if (s == OX_OK) ox__wide_store(e, &y);
    return s;
}

/* ---- Col2Im ---- */
static ox_status read_image(ox__ev *e, ox__window *w)
{
    const ox__dense *image = &e->in[1], *block = &e->in[2];
    int64_t in[OX__SPATIAL], kernel[OX__SPATIAL];
    if (image->rank != 1 || block->rank != 1 || image->n != block->n || image->n == 0 || image->n > OX__SPATIAL ||
        !ox_dtype_is_integer(image->dtype) || !ox_dtype_is_integer(block->dtype))
        return ox__ev_fail(e, "image_shape and block_shape do not fit together");
    for (uint32_t i = 0; i < image->n; i++) {
        in[i] = ox__ev_i64(image, i);
        kernel[i] = ox__ev_i64(block, i);
        if (in[i] < 0) return ox__ev_fail(e, "an image of %lld", (long long)in[i]);
    }
    return ox__window_read(e, w, (uint32_t)image->n, in, kernel, true);
}

ox_status ox__eval_col2im(ox__ev *e)
{
    ox__window w;
    int64_t dims[OX__SPATIAL + 2];
    ox_status s = ox__ev_need(e, 0, 3);
    if (s == OX_OK) s = read_image(e, &w);
    if (s != OX_OK) return s;
    const ox__dense *x = &e->in[0];
    if (x->rank != 3 || x->dims[1] % w.taps || x->dims[2] != w.out_size)
        return ox__ev_fail(e, "the columns do not fit image_shape and block_shape");
    dims[0] = x->dims[0];
    dims[1] = x->dims[1] / w.taps;
    memcpy(dims + 2, w.in, w.n * sizeof *dims);
    ox_dtype in = ox__wide_type(x->dtype);
    bool integer = ox_dtype_is_integer(x->dtype) && ox_dtype_bits(x->dtype) >= 8;
    if (!in && !integer) return ox__ev_unsupported(e, "this element type");
    scatter sc = {.w = &w};
    uint64_t n = 0, count = (uint64_t)(dims[0] * dims[1]);
    if (in) {
        ox__wide y;
        sc.columns = ox__wide_of(e, x, in);
        if (!sc.columns) return OX_E_NOMEM;
        s = ox__wide_out(e, &y, 0, x->dtype, in, w.n + 2, dims);
        sc.images = y.p;
        if (s != OX_OK) return s;
        ox__ev_parallel_long(e, y.n ? count : 0, 1, in == OX_DOUBLE ? f64_scatter_images : f32_scatter_images, &sc);
        ox__wide_store(e, &y);
        return OX_OK;
    }
    void *y = ox__ev_out(e, 0, x->dtype, w.n + 2, dims, &s);
    if (!y || !ox__dims_product(dims, w.n + 2, &n)) return s;
    uint64_t *sums = n > SIZE_MAX / 16 ? NULL : ox__arena_alloc(e->mem, ((size_t)n + 1) * sizeof *sums);
    sc.columns = ox__ev_int64s_of(e, x);
    sc.images = sums;
    if (!sums || !sc.columns) return ox__nomem(e->err);
    memset(sums, 0, (size_t)n * sizeof *sums);
    ox__ev_parallel_long(e, n ? count : 0, 1, u64_scatter_images, &sc);
    unsigned item = ox__ev_item(x->dtype);
    for (uint64_t i = 0; i < n; i++) memcpy((char *)y + i * item, &sums[i], item); /* the low bytes: wrapped around */
    return OX_OK;
}
