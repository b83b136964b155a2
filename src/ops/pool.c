/* Floor 3. Pools: the largest, the mean or the norm of what a window covers. */
#include "ops/wide.h"
#include "ops/window.h"

#include <math.h>

typedef enum pool_kind { POOL_MAX, POOL_MEAN, POOL_LP } pool_kind;

typedef struct pool {
    ox__window w;
    pool_kind kind;
    double p;       /* of the norm */
    bool with_pads; /* the mean counts the cells of the padding */
    bool columns;   /* places of maxima are counted with the first spatial axis running fastest */
    int64_t lo, hi; /* taps of the last axis that meet the input anywhere */
    const void *x;
    void *y;
    int64_t *index;
} pool;

/* The taps of the window at that place which lie in from..to-1. */
static void taps_between(const ox__window *w, uint32_t a, int64_t place, int64_t from, int64_t to, int64_t *first,
                         int64_t *count)
{
    int64_t base = place * w->stride[a] - w->head[a], d = w->dilation[a];
    *first = base >= from ? 0 : (from - base + d - 1) / d;
    int64_t end = base >= to ? 0 : OX__MIN((to - 1 - base) / d + 1, w->kernel[a]);
    *count = OX__MAX(end - *first, 0);
}

static void taps_inside(const ox__window *w, uint32_t a, int64_t place, int64_t *first, int64_t *count)
{
    taps_between(w, a, place, 0, w->in[a], first, count);
}

/* What the mean divides by, along one axis. */
static int64_t cells(const pool *p, uint32_t a, int64_t place)
{
    int64_t first, count, head = p->with_pads ? p->w.head[a] : 0, tail = p->with_pads ? p->w.tail[a] : 0;
    taps_between(&p->w, a, place, -head, p->w.in[a] + tail, &first, &count);
    return count;
}

#define T float
#define NAME(x) f32_##x
#define ABS fabsf
#define POW powf
#define SQRT sqrtf
#define LOWEST (-INFINITY)
#include "ops/pool_type.h"
#undef NAME
#undef T
#undef ABS
#undef POW
#undef SQRT
#define T double
#define NAME(x) f64_##x
#define ABS fabs
#define POW pow
#define SQRT sqrt
#include "ops/pool_type.h"

/* Taps of the last axis beyond the padded input meet nothing: a kernel may be huge. */
static void limit_taps(pool *p)
{
    const ox__window *w = &p->w;
    uint32_t a = w->n - 1;
    int64_t first, count;
    taps_inside(w, a, w->out[a] - 1, &first, &count);
    p->lo = first;
    taps_inside(w, a, 0, &first, &count);
    p->hi = OX__MAX(first + count, p->lo);
}

static ox_dtype type_of(const ox__dense *x)
{
    bool byte = x->dtype == OX_INT8 || x->dtype == OX_UINT8;
    return byte ? OX_FLOAT : ox__wide_type(x->dtype);
}

static ox_status eval_pool(ox__ev *e, pool *p)
{
    size_t n;
    ox__wide y;
    const int64_t *kernel = ox__ev_ints(e, "kernel_shape", &n);
    ox_status s = ox__ev_need(e, 0, 1);
    if (s != OX_OK) return s;
    const ox__dense *x = &e->in[0];
    ox_dtype in = type_of(x);
    if (!in) return ox__ev_unsupported(e, "this element type");
    if (!kernel || !n || n + 2 != x->rank)
        return ox__ev_fail(e, "%zu kernel dims for an input of %u dims", n, (unsigned)x->rank);
    s = ox__window_read(e, &p->w, (uint32_t)n, x->dims + 2, kernel, true);
    if (s != OX_OK) return s;
    int64_t dims[OX__SPATIAL + 2] = {x->dims[0], x->dims[1]};
    memcpy(dims + 2, p->w.out, n * sizeof *dims);
    p->x = ox__wide_of(e, x, in);
    if (!p->x) return OX_E_NOMEM;
    s = ox__wide_out(e, &y, 0, x->dtype, in, x->rank, dims);
    if (s != OX_OK) return s;
    p->y = y.p;
    uint64_t planes = y.n ? (uint64_t)(dims[0] * dims[1]) : 0;
    uint64_t grain = (uint64_t)(1e4 / OX__MAX((double)p->w.out_size, 1)) + 1;
    if (p->kind == POOL_MAX && ox__ev_wants(e, 1)) {
        p->index = ox__ev_out(e, 1, OX_INT64, x->rank, dims, &s);
        if (!p->index) return s;
        ox__ev_parallel(e, planes, grain, in == OX_DOUBLE ? f64_max_places : f32_max_places, p);
    } else {
        limit_taps(p);
        ox__ev_parallel(e, planes, grain, in == OX_DOUBLE ? f64_pool_planes : f32_pool_planes, p);
    }
    ox__wide_store(e, &y);
    return OX_OK;
}

ox_status ox__eval_max_pool(ox__ev *e)
{
    pool p = {.kind = POOL_MAX, .columns = ox__ev_int(e, "storage_order", 0) != 0};
    return eval_pool(e, &p);
}

ox_status ox__eval_average_pool(ox__ev *e)
{
    pool p = {.kind = POOL_MEAN, .with_pads = ox__ev_int(e, "count_include_pad", 0) != 0};
    return eval_pool(e, &p);
}

/* The exponent is a float in the first version. */
static double exponent(const ox__ev *e)
{
    return e->opset < 2 ? ox__ev_float(e, "p", 2) : (double)ox__ev_int(e, "p", 2);
}

ox_status ox__eval_lp_pool(ox__ev *e)
{
    pool p = {.kind = POOL_LP, .p = exponent(e)};
    return eval_pool(e, &p);
}

static ox_status eval_global(ox__ev *e, pool *p)
{
    ox__wide y;
    int64_t dims[OX__SPATIAL + 2];
    ox_status s = ox__ev_need(e, 0, 1);
    if (s != OX_OK) return s;
    const ox__dense *x = &e->in[0];
    ox_dtype in = ox__wide_type(x->dtype);
    if (!in) return ox__ev_unsupported(e, "this element type");
    if (x->rank < 2 || x->rank > OX__SPATIAL + 2) return ox__ev_fail(e, "an input of %u dims", (unsigned)x->rank);
    p->w.in_size = 1;
    for (uint32_t i = 0; i < x->rank; i++) dims[i] = i < 2 ? x->dims[i] : 1;
    for (uint32_t i = 2; i < x->rank && x->n; i++) p->w.in_size *= x->dims[i];
    p->x = ox__wide_of(e, x, in);
    if (!p->x) return OX_E_NOMEM;
    s = ox__wide_out(e, &y, 0, x->dtype, in, x->rank, dims);
    if (s != OX_OK) return s;
    p->y = y.p;
    if (!x->n) p->w.in_size = 0;
    ox__ev_parallel(e, y.n, (uint64_t)(1e4 / OX__MAX((double)p->w.in_size, 1)) + 1,
                    in == OX_DOUBLE ? f64_global_planes : f32_global_planes, p);
    ox__wide_store(e, &y);
    return OX_OK;
}

ox_status ox__eval_global_average(ox__ev *e)
{
    pool p = {.kind = POOL_MEAN};
    return eval_global(e, &p);
}

ox_status ox__eval_global_max(ox__ev *e)
{
    pool p = {.kind = POOL_MAX};
    return eval_global(e, &p);
}

ox_status ox__eval_global_lp(ox__ev *e)
{
    pool p = {.kind = POOL_LP, .p = exponent(e)};
    return eval_global(e, &p);
}

/* ---- MaxUnpool ---- */
static ox_status unpooled(ox__ev *e, int64_t *dims)
{
    const ox__dense *x = &e->in[0];
    ox__window w;
    size_t n;
    const int64_t *kernel = ox__ev_ints(e, "kernel_shape", &n);
    if (!kernel || n + 2 != x->rank) return ox__ev_fail(e, "kernel_shape does not fit the input");
    ox_status s = ox__window_read(e, &w, (uint32_t)n, x->dims + 2, kernel, false);
    dims[0] = x->dims[0];
    dims[1] = x->dims[1];
    for (uint32_t i = 0; s == OX_OK && i < n; i++) {
        if (w.in[i] > INT32_MAX) return ox__ev_unsupported(e, "a dim of %lld", (long long)w.in[i]);
        dims[i + 2] = (w.in[i] - 1) * w.stride[i] + w.kernel[i] - w.head[i] - w.tail[i];
    }
    return s;
}

ox_status ox__eval_max_unpool(ox__ev *e)
{
    int64_t dims[OX__SPATIAL + 2];
    ox_status s = ox__ev_need(e, 0, 2);
    if (s != OX_OK) return s;
    const ox__dense *x = &e->in[0], *index = &e->in[1];
    unsigned item = ox__ev_item(x->dtype);
    if (x->rank < 3 || x->rank > OX__SPATIAL + 2 || index->n != x->n || index->dtype != OX_INT64 || !item ||
        x->dtype == OX_STRING)
        return ox__ev_fail(e, "the input and its indices do not fit");
    int64_t natural[OX__SPATIAL + 2], strides[OX__SPATIAL + 2];
    uint64_t total;
    s = unpooled(e, natural);
    if (s != OX_OK) return s;
    if (!ox__dims_product(natural, x->rank, &total)) return ox__ev_fail(e, "the result is too large");
    memcpy(dims, natural, x->rank * sizeof *dims);
    /* a larger shape has the natural one in its corner; indices count in the natural one */
    if (ox__ev_has(e, 2)) {
        if (e->in[2].n != x->rank || e->in[2].dtype != OX_INT64) return ox__ev_fail(e, "output_shape does not fit");
        memcpy(dims, e->in[2].data, x->rank * sizeof *dims);
        for (uint32_t i = 0; i < x->rank; i++)
            if (dims[i] < natural[i]) return ox__ev_fail(e, "output_shape is smaller than what was pooled");
    }
    char *y = ox__ev_out(e, 0, x->dtype, x->rank, dims, &s);
    if (!y) return s;
    ox__ev_strides(dims, x->rank, strides);
    for (uint64_t i = 0; i < x->n; i++) {
        int64_t at = ((const int64_t *)index->data)[i], to = 0;
        if (at < 0 || (uint64_t)at >= total) return ox__ev_fail(e, "index %lld is outside the result", (long long)at);
        for (uint32_t d = x->rank; d-- > 0; at /= natural[d]) to += at % natural[d] * strides[d];
        memcpy(y + (uint64_t)to * item, (const char *)x->data + i * item, item);
    }
    return OX_OK;
}
