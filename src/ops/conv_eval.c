/* Floor 3. Convolutions: a matrix product of the weights with columns that are made tile by tile. */
#include "ops/gemm.h"
#include "ops/wide.h"
#include "ops/window.h"

#include <math.h>

typedef struct columns {
    const ox__window *w;
    const void *x; /* the channels of one group of one item of the batch */
} columns;

/* Neighbouring places along the last axis. */
typedef struct run {
    int64_t place[OX__SPATIAL], n;
} run;

#define T float
#define NAME(x) f32_##x
#include "ops/conv_type.h"
#undef NAME
#undef T
#define T double
#define NAME(x) f64_##x
#include "ops/conv_type.h"
#undef NAME
#undef T

/* The columns are the input itself. */
static bool is_pointwise(const ox__window *w)
{
    for (uint32_t i = 0; i < w->n; i++)
        if (w->kernel[i] != 1 || w->stride[i] != 1 || w->head[i] || w->tail[i]) return false;
    return true;
}

ox_status ox__conv_run(ox__ev *e, const ox__conv *c)
{
    const ox__window *w = &c->w;
    bool f64 = c->dtype == OX_DOUBLE;
    int64_t item = f64 ? 8 : 4, k = c->channels * w->taps;
    uint64_t n = (uint64_t)(c->batch * c->group);
    if (!n || !w->out_size || !c->maps) return OX_OK;
    if (c->channels * c->maps <= 4 && w->taps > 1) {
        ox__conv copy = *c;
        double work = (double)w->out_size * (double)k;
        ox__ev_parallel_long(e, n * (uint64_t)c->maps, (uint64_t)(1e5 / OX__MAX(work, 1)) + 1,
                             f64 ? f64_planes : f32_planes, &copy);
        return OX_OK;
    }
    ox__gemm *g = n > SIZE_MAX / 256 ? NULL : ox__arena_alloc(e->mem, (size_t)n * sizeof *g);
    columns *col = n > SIZE_MAX / 256 ? NULL : ox__arena_alloc(e->mem, (size_t)n * sizeof *col);
    if (!g || !col) return ox__nomem(e->err);
    bool plain = is_pointwise(w);
    for (uint64_t i = 0; i < n; i++) {
        int64_t group = (int64_t)(i % (uint64_t)c->group);
        const char *x = (const char *)c->x + (int64_t)i * c->channels * w->in_size * item;
        col[i] = (columns){w, x};
        g[i] = (ox__gemm){.m = c->maps,
                          .n = w->out_size,
                          .k = k,
                          .alpha = 1,
                          .a = (const char *)c->weight + group * c->maps * k * item,
                          .a_row = k,
                          .a_col = 1,
                          .b = x,
                          .b_row = w->in_size,
                          .b_col = 1,
                          .pack = plain ? NULL
                                  : f64 ? f64_pack
                                        : f32_pack,
                          .ud = &col[i],
                          .c = (char *)c->y + (int64_t)i * c->maps * w->out_size * item,
                          .c_row = w->out_size,
                          .bias = c->bias ? (const char *)c->bias + group * c->maps * item : NULL};
    }
    return ox__gemm_run(e, c->dtype, g, (size_t)n);
}

/* Reads shapes of the input and of the weight (input iw) into c. */
static ox_status read_shapes(ox__ev *e, ox__conv *c, size_t iw)
{
    const ox__dense *x = &e->in[0], *w = &e->in[iw];
    if (x->rank < 3 || w->rank != x->rank || x->rank - 2 > OX__SPATIAL)
        return ox__ev_fail(e, "an input of %u dims and a weight of %u", (unsigned)x->rank, (unsigned)w->rank);
    c->group = ox__ev_int(e, "group", 1);
    if (c->group <= 0 || w->dims[1] > INT64_MAX / c->group || w->dims[1] * c->group != x->dims[1] ||
        w->dims[0] % c->group)
        return ox__ev_fail(e, "%lld input channels, a weight of %lld by %lld, %lld groups", (long long)x->dims[1],
                           (long long)w->dims[0], (long long)w->dims[1], (long long)c->group);
    size_t n;
    const int64_t *kernel = ox__ev_ints(e, "kernel_shape", &n);
    for (uint32_t i = 2; kernel && i < x->rank; i++)
        if (n != x->rank - 2 || kernel[i - 2] != w->dims[i])
            return ox__ev_fail(e, "kernel_shape is not the shape of the weight");
    c->batch = x->dims[0];
    c->channels = w->dims[1];
    c->maps = w->dims[0] / c->group;
    return ox__window_read(e, &c->w, x->rank - 2, x->dims + 2, w->dims + 2, true);
}

static void out_dims(const ox__conv *c, int64_t *dims)
{
    dims[0] = c->batch;
    dims[1] = c->group * c->maps;
    memcpy(dims + 2, c->w.out, c->w.n * sizeof *dims);
}

ox_status ox__eval_conv(ox__ev *e)
{
    ox__conv c = {0};
    ox__wide y;
    int64_t dims[OX__SPATIAL + 2];
    ox_status s = ox__ev_need(e, 0, 2);
    if (s != OX_OK) return s;
    c.dtype = ox__wide_type(e->in[0].dtype);
    if (!c.dtype) return ox__ev_unsupported(e, "this element type");
    s = read_shapes(e, &c, 1);
    if (s != OX_OK) return s;
    bool bias = ox__ev_has(e, 2);
    if (bias && e->in[2].n != (uint64_t)(c.group * c.maps))
        return ox__ev_fail(e, "a bias of %llu elements", (unsigned long long)e->in[2].n);
    out_dims(&c, dims);
    c.x = ox__wide_of(e, &e->in[0], c.dtype);
    c.weight = ox__wide_of(e, &e->in[1], c.dtype);
    c.bias = bias ? ox__wide_of(e, &e->in[2], c.dtype) : NULL;
    if (!c.x || !c.weight || (bias && !c.bias)) return OX_E_NOMEM;
    s = ox__wide_out(e, &y, 0, e->in[0].dtype, c.dtype, c.w.n + 2, dims);
    c.y = y.p;
    if (s == OX_OK) s = ox__conv_run(e, &c);
    if (s == OX_OK) ox__wide_store(e, &y);
    return s;
}

/* ---- integers ----
 * They are summed as double: every sum of products of 8 bits is exact there. */

/* Elements less their zero point (input iz), which is one number or one for each entry of the axis. */
static ox_status shifted(ox__ev *e, size_t i, size_t iz, uint32_t axis, const void **out)
{
    const ox__dense *a = &e->in[i];
    uint64_t inner = 1, n = ox__ev_has(e, iz) ? e->in[iz].n : 0;
    for (uint32_t d = axis + 1; d < a->rank; d++) inner *= (uint64_t)a->dims[d];
    if (n > 1 && n != (uint64_t)a->dims[axis])
        return ox__ev_fail(e, "%llu zero points for %lld entries", (unsigned long long)n, (long long)a->dims[axis]);
    double *v = a->n > SIZE_MAX / 16 ? NULL : ox__arena_alloc(e->mem, OX__MAX((size_t)a->n, 1) * sizeof *v);
    if (!v) return ox__nomem(e->err);
    for (uint64_t k = 0; k < a->n; k++) {
        uint64_t at = n > 1 ? k / inner % (uint64_t)a->dims[axis] : 0;
        v[k] = (double)(ox__ev_i64(a, k) - (n ? ox__ev_i64(&e->in[iz], at) : 0));
    }
    *out = v;
    return OX_OK;
}

static bool is_byte(const ox__dense *a)
{
    return a->dtype == OX_INT8 || a->dtype == OX_UINT8;
}

/* Sums of input 0 and weight iw into scratch. */
static ox_status sums(ox__ev *e, ox__conv *c, size_t iw, size_t x_zero, size_t w_zero)
{
    ox_status s = ox__ev_need(e, 0, 1);
    if (s == OX_OK) s = ox__ev_need(e, iw, iw + 1);
    if (s != OX_OK) return s;
    if (!is_byte(&e->in[0]) || !is_byte(&e->in[iw])) return ox__ev_unsupported(e, "this element type");
    c->dtype = OX_DOUBLE;
    s = read_shapes(e, c, iw);
    if (s != OX_OK) return s;
    int64_t dims[OX__SPATIAL + 2];
    uint64_t n;
    out_dims(c, dims);
    if (!ox__dims_product(dims, c->w.n + 2, &n) || n > e->max_bytes)
        return ox__fail(e->err, OX_E_LIMIT, "%s: the result is too large to be computed here", ox__ev_op(e));
    s = shifted(e, 0, x_zero, 0, &c->x);
    if (s == OX_OK) s = shifted(e, iw, w_zero, 0, &c->weight);
    if (s != OX_OK) return s;
    c->y = ox__arena_alloc(e->mem, OX__MAX((size_t)n, 1) * sizeof(double));
    if (!c->y) return ox__nomem(e->err);
    memset(c->y, 0, (size_t)n * sizeof(double));
    return ox__conv_run(e, c);
}

ox_status ox__eval_conv_integer(ox__ev *e)
{
    ox__conv c = {0};
    int64_t dims[OX__SPATIAL + 2];
    ox_status s = sums(e, &c, 1, 2, 3);
    if (s != OX_OK) return s;
    out_dims(&c, dims);
    int32_t *y = ox__ev_out(e, 0, OX_INT32, c.w.n + 2, dims, &s);
    for (int64_t i = 0; y && i < c.batch * c.group * c.maps * c.w.out_size; i++)
        y[i] = (int32_t)(uint32_t)(int64_t)((double *)c.y)[i];
    return y ? OX_OK : s;
}

/* Inputs: x, its scale and zero point, w, its scale and zero point, y's scale and zero point, bias. */
ox_status ox__eval_qlinear_conv(ox__ev *e)
{
    ox__conv c = {0};
    int64_t dims[OX__SPATIAL + 2];
    ox_status s = ox__ev_need(e, 0, 8);
    if (s != OX_OK) return s;
    const ox__dense *x_scale = &e->in[1], *w_scale = &e->in[4], *y_scale = &e->in[6], *y_zero = &e->in[7];
    bool bias = ox__ev_has(e, 8);
    s = sums(e, &c, 3, 2, 5);
    if (s != OX_OK) return s;
    int64_t maps = c.group * c.maps;
    if (x_scale->n != 1 || y_scale->n != 1 || y_zero->n != 1 || (w_scale->n != 1 && w_scale->n != (uint64_t)maps) ||
        (bias && e->in[8].n != (uint64_t)maps) || !is_byte(y_zero))
        return ox__ev_fail(e, "scales, zero points or bias do not fit");
    out_dims(&c, dims);
    void *y = ox__ev_out(e, 0, y_zero->dtype, c.w.n + 2, dims, &s);
    if (!y) return s;
    double zero = ox__ev_f64(y_zero, 0), low = y_zero->dtype == OX_INT8 ? -128 : 0;
    for (int64_t p = 0; p < c.batch * maps; p++) {
        uint64_t map = (uint64_t)(p % maps);
        double b = bias ? ox__ev_f64(&e->in[8], map) : 0;
        float scale = (float)ox__ev_f64(x_scale, 0) * (float)ox__ev_f64(w_scale, w_scale->n > 1 ? map : 0) /
                      (float)ox__ev_f64(y_scale, 0);
        for (int64_t i = p * c.w.out_size; i < (p + 1) * c.w.out_size; i++) {
            double v = nearbyint((double)((float)(((double *)c.y)[i] + b) * scale)) + zero;
            v = v < low ? low : v > low + 255 ? low + 255 : v;
            ox_dtype_set_i64(y_zero->dtype, y, (uint64_t)i, v == v ? (int64_t)v : 0);
        }
    }
    return OX_OK;
}
