/* Floor 3. Evaluation of normalizations and softmaxes. */
#include "ops/norm.h"
#include "ops/wide.h"

#include <math.h>

typedef struct batch {
    const void *x;
    void *y;
    uint64_t n, channels, inner;
    double *mean, *var, *mul, *add; /* of each channel */
} batch;

typedef struct rows {
    const void *x, *scale, *bias;
    void *y;
    uint64_t size;   /* elements of a row */
    uint64_t repeat; /* neighbours of one channel; 0: each element of a row has its own scale */
    uint64_t turns;  /* rows after which the scales begin again */
    uint64_t share;  /* channels that have one scale together */
    double epsilon;
    bool rms;
    double *mean, *inverse;
} rows;

typedef enum soft_kind { SOFT_MAX, SOFT_LOG, SOFT_HARD } soft_kind;
enum { LANE = 32 };
typedef struct soft {
    const void *x;
    void *y;
    uint64_t outer, dim, inner;
    soft_kind kind;
    int64_t p;
} soft;

typedef struct lrn {
    const void *x;
    void *y;
    int64_t channels, size;
    uint64_t inner;
    double alpha, beta, bias;
} lrn;

#define T float
#define NAME(x) f32_##x
#define EXP expf
#define LOG logf
#include "ops/norm_type.h"
#undef T
#undef NAME
#undef EXP
#undef LOG
#define T double
#define NAME(x) f64_##x
#define EXP exp
#define LOG log
#include "ops/norm_type.h"
#define RUN(in, name) ((in) == OX_DOUBLE ? f64_##name : f32_##name)

static uint64_t grain_of(uint64_t each)
{
    return 4096 / OX__MAX(each, 1) + 1;
}

/* Input 0 and the output of the same shape. */
static ox_status begin(ox__ev *e, const void **x, ox__wide *y)
{
    ox_status s = ox__ev_need(e, 0, 1);
    if (s != OX_OK) return s;
    const ox__dense *a = &e->in[0];
    ox_dtype in = ox__wide_type(a->dtype);
    if (!in) return ox__ev_unsupported(e, "this element type");
    *x = ox__wide_of(e, a, in);
    return *x ? ox__wide_out(e, y, 0, a->dtype, in, a->rank, a->dims) : OX_E_NOMEM;
}

/* The product of dims from..to-1. What it multiplies exists: no overflow unless another dim is 0. */
static uint64_t span(const ox__dense *a, uint32_t from, uint32_t to)
{
    uint64_t n = 1;
    for (uint32_t i = from; i < to && a->n; i++) n *= (uint64_t)a->dims[i];
    return a->n ? n : 0;
}

/* ---- BatchNormalization ---- */
static ox_status statistic_out(ox__ev *e, size_t o, ox_dtype dtype, const double *v, const ox__dense *like)
{
    ox_status s = OX_OK;
    if (o >= e->n_out) return s;
    void *p = ox__ev_out(e, o, dtype, like->rank, like->dims, &s);
    for (uint64_t i = 0; p && i < like->n; i++) ox_dtype_set_f64(dtype, p, i, v[i]);
    return s;
}

/* Statistics of the batch, and the running ones in their order since version 14, or before it. */
static ox_status train(ox__ev *e, batch *b, ox_dtype in, double *mean, double *var)
{
    double momentum = ox__ev_float(e, "momentum", 0.9);
    ox_dtype dtype = e->in[e->opset >= 15 ? 3 : 0].dtype;
    b->mean = ox__arena_alloc(e->mem, (size_t)b->channels * 2 * sizeof(double));
    if (!b->mean) return ox__nomem(e->err);
    b->var = b->mean + b->channels;
    ox__ev_parallel(e, b->channels, grain_of(b->n * b->inner), RUN(in, statistics), b);
    for (uint64_t c = 0; c < b->channels; c++) {
        double m = b->mean[c], v = b->var[c];
        b->mean[c] = mean[c] * momentum + m * (1 - momentum);
        b->var[c] = var[c] * momentum + v * (1 - momentum);
        mean[c] = m;
        var[c] = v;
    }
    ox_status s = statistic_out(e, 1, dtype, b->mean, &e->in[3]);
    if (s == OX_OK) s = statistic_out(e, 2, dtype, b->var, &e->in[4]);
    if (s == OX_OK) s = statistic_out(e, 3, dtype, mean, &e->in[3]);
    return s == OX_OK ? statistic_out(e, 4, dtype, var, &e->in[4]) : s;
}

ox_status ox__eval_batch_norm(ox__ev *e)
{
    batch b = {0};
    ox__wide y;
    ox_status s = ox__ev_need(e, 0, 5);
    if (s != OX_OK) return s;
    const ox__dense *x = &e->in[0];
    if (x->rank < 1) return ox__ev_fail(e, "the input is a scalar");
    bool spatial = e->opset >= 9 || ox__ev_int(e, "spatial", 1) != 0;
    b.n = (uint64_t)x->dims[0];
    b.channels = !spatial ? span(x, 1, x->rank) : x->rank > 1 ? (uint64_t)x->dims[1] : 1;
    b.inner = spatial ? span(x, 2, x->rank) : 1;
    const double *v[5] = {NULL};
    double *stat[4];
    for (size_t i = 1; i < 5; i++) {
        if (x->n && e->in[i].n != b.channels)
            return ox__ev_fail(e, "%llu channels, but input %zu has %llu", (unsigned long long)b.channels, i,
                               (unsigned long long)e->in[i].n);
        v[i] = ox__ev_doubles_of(e, &e->in[i]);
        stat[i - 1] = ox__arena_alloc(e->mem, ((size_t)e->in[i].n + 1) * sizeof(double));
        if (!v[i] || !stat[i - 1]) return ox__nomem(e->err);
        memcpy(stat[i - 1], v[i], (size_t)e->in[i].n * sizeof(double));
    }
    s = begin(e, &b.x, &y);
    if (s != OX_OK) return s;
    b.y = y.p;
    if (!x->n) b.channels = 0;
    bool training = e->opset >= 14 ? ox__ev_int(e, "training_mode", 0) != 0
                                   : e->n_out > 1 && (e->opset >= 7 || !ox__ev_int(e, "is_test", 0));
    if (training && !x->n) return ox__ev_unsupported(e, "statistics of an empty batch");
    if (training) s = train(e, &b, y.in, stat[2], stat[3]);
    if (s != OX_OK) return s;
    b.mul = stat[2]; /* in place of what they are made from */
    b.add = stat[3];
    double epsilon = ox__ev_float(e, "epsilon", 1e-5);
    for (uint64_t c = 0; c < b.channels; c++) {
        double mean = stat[2][c], mul = stat[0][c] / sqrt(stat[3][c] + epsilon);
        b.mul[c] = mul;
        b.add[c] = stat[1][c] - mean * mul;
    }
    ox__ev_parallel(e, x->n ? b.n * b.channels : 0, grain_of(b.inner), RUN(y.in, scale_planes), &b);
    ox__wide_store(e, &y);
    return OX_OK;
}

/* ---- rows ---- */
static ox_status affine(ox__ev *e, rows *r, ox_dtype in, uint64_t n, bool bias)
{
    ox_status s = ox__ev_need(e, 1, bias ? 3 : 2);
    if (s != OX_OK) return s;
    if (e->in[1].n != n || (bias && e->in[2].n != n))
        return ox__ev_fail(e, "scale and bias must have %llu elements", (unsigned long long)n);
    r->scale = ox__wide_of(e, &e->in[1], in);
    r->bias = bias ? ox__wide_of(e, &e->in[2], in) : NULL;
    return r->scale && (r->bias || !bias) ? OX_OK : OX_E_NOMEM;
}

/* `groups` neighbouring channels have one mean; n scales. */
static ox_status grouped(ox__ev *e, int64_t groups, uint64_t scales)
{
    rows r = {.epsilon = ox__ev_float(e, "epsilon", 1e-5), .share = 1};
    const ox__dense *x = &e->in[0];
    ox__wide y;
    uint64_t channels = (uint64_t)x->dims[1];
    r.repeat = span(x, 2, x->rank);
    r.size = x->n ? channels / OX__MAX((uint64_t)groups, 1) * r.repeat : 0;
    r.turns = (uint64_t)groups;
    if (scales && scales < channels) r.share = channels / scales;
    ox_status s = begin(e, &r.x, &y);
    if (s == OX_OK) s = affine(e, &r, y.in, scales, true);
    if (s != OX_OK) return s;
    r.y = y.p;
    uint64_t n = x->n ? (uint64_t)x->dims[0] * (uint64_t)groups : 0;
    ox__ev_parallel(e, n, grain_of(r.size), RUN(y.in, rows), &r);
    ox__wide_store(e, &y);
    return OX_OK;
}

ox_status ox__eval_instance_norm(ox__ev *e)
{
    ox_status s = ox__ev_need(e, 0, 3);
    if (s != OX_OK) return s;
    if (e->in[0].rank < 2) return ox__ev_fail(e, "an input of %u dims", (unsigned)e->in[0].rank);
    return grouped(e, OX__MAX(e->in[0].dims[1], 1), (uint64_t)e->in[0].dims[1]);
}

/* Before version 21 a group has one scale, since then each channel. */
ox_status ox__eval_group_norm(ox__ev *e)
{
    ox_status s = ox__ev_need(e, 0, 3);
    if (s != OX_OK) return s;
    const ox__dense *x = &e->in[0];
    int64_t groups = ox__ev_int(e, "num_groups", 0);
    if (x->rank < 2 || groups <= 0 || x->dims[1] % groups || groups > x->dims[1])
        return ox__ev_fail(e, "%lld groups do not fit the input", (long long)groups);
    return grouped(e, groups, (uint64_t)(e->opset < 21 ? groups : x->dims[1]));
}

/* Scale or bias for each element of `turns` rows; how many rows there are is the result of its own broadcast. */
static ox_status spread(ox__ev *e, size_t i, uint32_t axis, ox_dtype in, const void **out, uint64_t *turns)
{
    const ox__dense *x = &e->in[0], *a = &e->in[i];
    uint32_t lead = x->rank - OX__MIN(a->rank, x->rank);
    bool same = a->rank >= x->rank - axis;
    if (a->rank > x->rank) return ox__ev_fail(e, "input %zu has more dims than the first", i);
    for (uint32_t d = lead; d < x->rank; d++) {
        int64_t v = a->dims[d - lead];
        if (v != x->dims[d] && v != 1) return ox__ev_fail(e, "input %zu cannot be broadcast to the first", i);
        if (v != (d < axis ? 1 : x->dims[d])) same = false;
    }
    const char *from = ox__wide_of(e, a, in);
    if (!from) return OX_E_NOMEM;
    *out = from;
    *turns = 1;
    if (same) return OX_OK;
    size_t item = in == OX_DOUBLE ? 8 : 4;
    char *to = x->n > SIZE_MAX / 16 ? NULL : ox__arena_alloc(e->mem, OX__MAX((size_t)x->n, 1) * item);
    if (!to) return ox__nomem(e->err);
    for (uint64_t k = 0; k < x->n; k++) {
        uint64_t rest = k, at = 0, step = 1;
        for (uint32_t d = x->rank; d-- > lead; rest /= (uint64_t)x->dims[d]) {
            if (a->dims[d - lead] != 1) at += rest % (uint64_t)x->dims[d] * step;
            step *= (uint64_t)a->dims[d - lead];
        }
        memcpy(to + k * item, from + at * item, item);
    }
    *out = to;
    *turns = OX__MAX(span(x, 0, axis), 1);
    return OX_OK;
}

static ox_status along_rows(ox__ev *e, bool rms)
{
    rows r = {.epsilon = ox__ev_float(e, "epsilon", 1e-5), .rms = rms, .share = 1};
    int64_t axis = ox__ev_int(e, "axis", -1), stash = ox__ev_int(e, "stash_type", OX_FLOAT), dims[64];
    ox__wide y;
    uint64_t turns = 1, bias_turns = 1;
    ox_status s = ox__ev_need(e, 0, 2);
    const ox__dense *x = &e->in[0];
    if (s == OX_OK) s = ox__ev_axis(e, &axis, x->rank);
    if (s != OX_OK) return s;
    if (x->rank > OX__COUNT(dims)) return ox__ev_unsupported(e, "%u dims", (unsigned)x->rank);
    if (!ox_dtype_is_float((ox_dtype)(stash > 0 && stash < OX_N_DTYPES ? stash : OX_UNDEFINED)))
        return ox__ev_fail(e, "stash_type is %lld", (long long)stash);
    s = begin(e, &r.x, &y);
    if (s == OX_OK) s = spread(e, 1, (uint32_t)axis, y.in, &r.scale, &turns);
    if (s == OX_OK && ox__ev_has(e, 2)) s = spread(e, 2, (uint32_t)axis, y.in, &r.bias, &bias_turns);
    if (s == OX_OK && r.bias && turns != bias_turns) {
        /* one is the same for all rows, the other is not: both for each element */
        s = spread(e, 1, 0, y.in, &r.scale, &turns);
        if (s == OX_OK) s = spread(e, 2, 0, y.in, &r.bias, &turns);
        turns = OX__MAX(span(x, 0, (uint32_t)axis), 1);
    }
    if (s != OX_OK) return s;
    uint64_t n = span(x, 0, (uint32_t)axis);
    r.size = span(x, (uint32_t)axis, x->rank);
    r.turns = turns;
    r.y = y.p;
    if (e->n_out > 1) {
        r.mean = ox__arena_alloc(e->mem, ((size_t)n + 1) * 2 * sizeof(double));
        if (!r.mean) return ox__nomem(e->err);
        r.inverse = r.mean + n;
        for (uint32_t i = 0; i < x->rank; i++) dims[i] = i < (uint32_t)axis ? x->dims[i] : 1;
    }
    ox__ev_parallel(e, n, grain_of(r.size), RUN(y.in, rows), &r);
    ox__wide_store(e, &y);
    const ox__dense like = {.rank = x->rank, .dims = dims, .n = n};
    for (size_t o = 1; s == OX_OK && o < OX__MIN(e->n_out, 3); o++)
        s = statistic_out(e, o, (ox_dtype)stash, o == 1 ? r.mean : r.inverse, &like);
    return s;
}

ox_status ox__eval_layer_norm(ox__ev *e)
{
    return along_rows(e, false);
}

ox_status ox__eval_rms_norm(ox__ev *e)
{
    return along_rows(e, true);
}

/* ---- softmaxes ---- */
/* Before version 13 the axis splits the dims in two, and the second half is normalized as a whole. */
static ox_status eval_soft(ox__ev *e, soft_kind kind)
{
    soft f = {.kind = kind};
    ox__wide y;
    ox_status s = begin(e, &f.x, &y);
    if (s != OX_OK) return s;
    const ox__dense *x = &e->in[0];
    bool split = e->opset < 13;
    int64_t axis = ox__ev_int(e, "axis", split ? 1 : -1);
    if (!(x->rank == 0 && (axis == 0 || axis == -1)) && !(split && axis == x->rank)) {
        s = ox__ev_axis(e, &axis, x->rank);
        if (s != OX_OK) return s;
    }
    f.outer = x->rank ? span(x, 0, (uint32_t)axis) : 1;
    f.dim = !x->rank ? 1 : split ? span(x, (uint32_t)axis, x->rank) : (uint64_t)x->dims[axis];
    f.inner = split || !x->rank ? 1 : span(x, (uint32_t)axis + 1, x->rank);
    f.y = y.p;
    if (!x->n) return OX_OK;
    uint64_t lanes = (f.inner + LANE - 1) / LANE;
    ox__ev_parallel(e, f.outer * lanes, grain_of(f.dim * OX__MIN(f.inner, (uint64_t)LANE) * 4), RUN(y.in, soft), &f);
    ox__wide_store(e, &y);
    return OX_OK;
}

ox_status ox__eval_softmax(ox__ev *e)
{
    return eval_soft(e, SOFT_MAX);
}

ox_status ox__eval_log_softmax(ox__ev *e)
{
    return eval_soft(e, SOFT_LOG);
}

ox_status ox__eval_hardmax(ox__ev *e)
{
    return eval_soft(e, SOFT_HARD);
}

/* ---- others ---- */
ox_status ox__eval_lp_norm(ox__ev *e)
{
    soft f = {.p = ox__ev_int(e, "p", 2)};
    ox__wide y;
    int64_t axis = ox__ev_int(e, "axis", -1);
    ox_status s = begin(e, &f.x, &y);
    const ox__dense *x = &e->in[0];
    if (s == OX_OK) s = ox__ev_axis(e, &axis, x->rank);
    if (s != OX_OK) return s;
    if (f.p != 1 && f.p != 2) return ox__ev_fail(e, "p is %lld, not 1 or 2", (long long)f.p);
    f.dim = (uint64_t)x->dims[axis];
    f.inner = span(x, (uint32_t)axis + 1, x->rank);
    f.y = y.p;
    ox__ev_parallel(e, span(x, 0, (uint32_t)axis) * f.inner, grain_of(f.dim), RUN(y.in, lp), &f);
    ox__wide_store(e, &y);
    return OX_OK;
}

ox_status ox__eval_lrn(ox__ev *e)
{
    lrn l = {.size = ox__ev_int(e, "size", 0),
             .alpha = ox__ev_float(e, "alpha", 1e-4),
             .beta = ox__ev_float(e, "beta", 0.75),
             .bias = ox__ev_float(e, "bias", 1)};
    ox__wide y;
    ox_status s = begin(e, &l.x, &y);
    if (s != OX_OK) return s;
    const ox__dense *x = &e->in[0];
    if (x->rank < 2 || l.size <= 0) return ox__ev_fail(e, "a size of %lld over %u dims", (long long)l.size, x->rank);
    l.channels = x->dims[1];
    l.inner = span(x, 2, x->rank);
    l.y = y.p;
    ox__ev_parallel(e, x->n ? (uint64_t)x->dims[0] * (uint64_t)l.channels : 0, grain_of(l.inner), RUN(y.in, lrn), &l);
    ox__wide_store(e, &y);
    return OX_OK;
}

ox_status ox__eval_mean_variance(ox__ev *e)
{
    static const int64_t usual[] = {0, 2, 3};
    size_t n_axes;
    const void *x;
    ox__wide y;
    const int64_t *axes = ox__ev_ints(e, "axes", &n_axes);
    if (!axes) {
        axes = usual;
        n_axes = OX__COUNT(usual);
    }
    ox_status s = begin(e, &x, &y);
    if (s != OX_OK) return s;
    const ox__dense *a = &e->in[0];
    int64_t stride[64], place[64] = {0}, kept = 1;
    if (a->rank > OX__COUNT(stride)) return ox__ev_unsupported(e, "%u dims", (unsigned)a->rank);
    for (uint32_t d = a->rank; d-- > 0;) {
        bool reduced = false;
        for (size_t i = 0; i < n_axes; i++) reduced = reduced || axes[i] == d || axes[i] == (int64_t)d - a->rank;
        stride[d] = reduced ? 0 : kept;
        if (!reduced && a->n) kept *= a->dims[d];
    }
    for (size_t i = 0; i < n_axes; i++) {
        int64_t axis = axes[i];
        s = ox__ev_axis(e, &axis, a->rank);
        if (s != OX_OK) return s;
    }
    double *sum = ox__arena_alloc(e->mem, (size_t)kept * 2 * sizeof *sum), *square = sum ? sum + kept : NULL;
    if (!sum) return ox__nomem(e->err);
    memset(sum, 0, (size_t)kept * 2 * sizeof *sum);
    for (int pass = 0; pass < 2; pass++) {
        int64_t at = 0;
        double n = (double)a->n / (double)kept;
        for (uint64_t i = 0; i < a->n; i++) {
            double v = y.in == OX_DOUBLE ? ((const double *)x)[i] : (double)((const float *)x)[i], mean = sum[at] / n;
            if (!pass) {
                sum[at] += v;
                square[at] += v * v;
            } else {
                double r = (v - mean) / (sqrt(OX__MAX(square[at] / n - mean * mean, 0)) + 1e-9);
                if (y.in == OX_DOUBLE)
                    ((double *)y.p)[i] = r;
                else
                    ((float *)y.p)[i] = (float)r;
            }
            for (uint32_t d = a->rank; d-- > 0;) {
                at += stride[d];
                if (++place[d] < a->dims[d]) break;
                at -= stride[d] * place[d];
                place[d] = 0;
            }
        }
    }
    ox__wide_store(e, &y);
    return OX_OK;
}
