/* Floor 3. Evaluation of Resize and Upsample, one axis after the other: nearest picks elements of any type, linear and
 * cubic sum a few neighbours. */
#include "ops/image.h"
#include "ops/wide.h"

#include <math.h>

enum { MAX_RANK = 16 };

typedef enum how { NEAREST, LINEAR, CUBIC } how;
typedef enum place { HALF_PIXEL, SYMMETRIC, TORCH_HALF_PIXEL, ALIGN_CORNERS, ASYMMETRIC, CROP, TF_NEAREST } place;
typedef enum rounding { PREFER_FLOOR, PREFER_CEIL, FLOOR, CEIL, SIMPLE } rounding;

typedef struct resize {
    how how;
    place place;
    rounding rounding;
    bool antialias, exclude;
    double cubic, outside;
    uint32_t rank;
    int64_t in[MAX_RANK], out[MAX_RANK];
    double scale[MAX_RANK], roi[MAX_RANK][2];
} resize;

/* One axis at work: out position o sums `taps` neighbours, from start[o] on. */
typedef struct pass {
    uint64_t outer, inner;
    int64_t in, out, taps;
    const int64_t *start; /* INT64_MIN: outside of what is cropped */
    const double *weight;
    double outside;
    const void *x;
    void *y;
} pass;

void ox__resize_keep(const int64_t *from, int64_t *size, size_t n, bool larger, double *scale)
{
    double f = 0;
    for (size_t i = 0; i < n; i++) {
        double s = (double)size[i] / (double)from[i];
        if (i == 0 || (larger ? s > f : s < f)) f = s;
    }
    for (size_t i = 0; i < n; i++) {
        double v = floor(f * (double)from[i] + 0.5);
        size[i] = v >= 0 && v < 0x1p62 ? (int64_t)v : -1;
    }
    *scale = f;
}

/* The place in the input, as if it were continuous, of position o of an axis. */
#define ORIGIN(name, type) \
    static type name(const resize *r, uint32_t axis, int64_t o) \
    { \
        const type half = (type)0.5, in = (type)r->in[axis], scale = (type)r->scale[axis], len = scale * in; \
        const type x = (type)o, from = (type)r->roi[axis][0], span = (type)r->roi[axis][1] - from; \
        switch (r->place) { \
        case ALIGN_CORNERS: return len == 1 ? 0 : x * (in - 1) / (len - 1); \
        case ASYMMETRIC: return x / scale; \
        case TF_NEAREST: return (x + half) / scale; \
        case TORCH_HALF_PIXEL: return r->out[axis] > 1 ? (x + half) / scale - half : 0; \
        case SYMMETRIC: return in / 2 * (1 - (type)r->out[axis] / len) + (x + half) / scale - half; \
        case CROP: return (len == 1 ? span * (in - 1) / 2 : x * span * (in - 1) / (len - 1)) + from * (in - 1); \
        default: return (x + half) / scale - half; \
        } \
    }
ORIGIN(origin_f64, double)
ORIGIN(origin_f32, float)

/* Where nearest has to choose between two, the float of other runtimes decides. */
static double origin(const resize *r, uint32_t axis, int64_t o)
{
    return r->how == NEAREST ? (double)origin_f32(r, axis, o) : origin_f64(r, axis, o);
}

static double nearest(const resize *r, double x, double scale)
{
    switch (r->rounding) {
    case PREFER_CEIL: return floor(x + 0.5);
    case FLOOR: return floor(x);
    case CEIL: return ceil(x);
    case SIMPLE: return scale < 1 ? ceil(x) : floor(x);
    default: return ceil(x - 0.5);
    }
}

static double cubic(double a, double x)
{
    x = fabs(x);
    if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

/* Weights of the neighbours of x; *start is the first of them. */
static void weights(const resize *r, const pass *p, double x, double scale, int64_t *start, double *w)
{
    double base = ceil(x) - 1, sum = 0, narrow = r->antialias ? OX__MIN(scale, 1.0) : 1;
    *start = (int64_t)base - p->taps / 2 + 1;
    for (int64_t k = 0; k < p->taps; k++) {
        double d = ((double)(*start + k) - x) * narrow;
        w[k] = r->how == CUBIC ? cubic(r->cubic, d) : OX__MAX(1 - fabs(d), 0);
        if (r->exclude && (*start + k < 0 || *start + k >= p->in)) w[k] = 0;
        sum += w[k];
    }
    for (int64_t k = 0; k < p->taps && sum != 0 && (r->exclude || r->antialias); k++) w[k] /= sum;
}

static bool is_outside(const resize *r, double x, int64_t in)
{
    return !(x == x) || fabs(x) > 0x1p52 || (r->place == CROP && (x < 0 || x > (double)in - 1));
}

#define PASS(name, type) \
    static void name(void *ud, uint64_t from, uint64_t to) \
    { \
        const pass *p = ud; \
        for (uint64_t row = from; row < to; row++) { \
            uint64_t o = row % (uint64_t)p->out, inner = p->inner; \
            const type *x = (const type *)p->x + row / (uint64_t)p->out * (uint64_t)p->in * inner; \
            type *restrict y = (type *)p->y + row * inner; \
            int64_t start = p->start[o]; \
            for (uint64_t i = 0; i < inner; i++) y[i] = start == INT64_MIN ? (type)p->outside : 0; \
            for (int64_t k = 0; start != INT64_MIN && k < p->taps; k++) { \
                int64_t at = start + k; \
                const type *restrict v = x + (uint64_t)OX__MAX(OX__MIN(at, p->in - 1), 0) * inner; \
                type w = (type)p->weight[(int64_t)o * p->taps + k]; \
                for (uint64_t i = 0; w != 0 && i < inner; i++) y[i] += w * v[i]; \
            } \
        } \
    }
PASS(pass_f32, float)
PASS(pass_f64, double)

static int64_t taps_of(const resize *r, double scale)
{
    double reach = r->how == CUBIC ? 2 : 1, narrow = r->antialias ? OX__MIN(scale, 1.0) : 1;
    double half = -floor(-reach / narrow);
    return half < 0x1p40 ? 2 * (int64_t)half : INT64_MAX;
}

static ox_status resample(ox__ev *e, const resize *r, uint32_t axis, ox_dtype in, pass *p)
{
    double scale = r->scale[axis];
    p->in = r->in[axis];
    p->out = r->out[axis];
    p->taps = taps_of(r, scale);
    p->outside = r->outside;
    if (p->taps / 16 > p->in + 4) return ox__ev_unsupported(e, "a scale of %g", scale);
    uint64_t n;
    if (__builtin_mul_overflow((uint64_t)p->out, (uint64_t)p->taps, &n) || n > SIZE_MAX / 64)
        return ox__ev_unsupported(e, "a scale of %g", scale);
    int64_t *start = ox__arena_alloc(e->mem, ((size_t)p->out + 1) * sizeof *start);
    double *w = ox__arena_alloc(e->mem, ((size_t)n + 1) * sizeof *w);
    if (!start || !w) return ox__nomem(e->err);
    for (int64_t o = 0; o < p->out; o++) {
        double x = origin(r, axis, o);
        if (is_outside(r, x, p->in))
            start[o] = INT64_MIN;
        else
            weights(r, p, x, scale, &start[o], w + o * p->taps);
    }
    p->start = start;
    p->weight = w;
    ox__ev_parallel(e, p->outer * (uint64_t)p->out, 4096 / OX__MAX(p->inner * (uint64_t)p->taps, 1) + 1,
                    in == OX_DOUBLE ? pass_f64 : pass_f32, p);
    return OX_OK;
}

static bool is_unchanged(const resize *r, uint32_t axis)
{
    bool whole = r->place != CROP || (r->roi[axis][0] == 0 && r->roi[axis][1] == 1);
    return r->in[axis] == r->out[axis] && fabs(r->scale[axis] - 1) < 1e-9 && whole;
}

/* Linear and cubic. Integers are computed in double and rounded to nearest, within their range. */
static ox_status interpolate(ox__ev *e, const resize *r)
{
    const ox__dense *x = &e->in[0];
    ox_dtype in = ox__wide_type(x->dtype);
    bool integer = ox_dtype_is_integer(x->dtype) && ox_dtype_bits(x->dtype) >= 8;
    if (!in && !integer) return ox__ev_unsupported(e, "this element type");
    if (integer) in = OX_DOUBLE;
    size_t item = in == OX_DOUBLE ? 8 : 4;
    ox__wide y;
    const void *v = ox__wide_of(e, x, in);
    if (!v) return OX_E_NOMEM;
    ox_status s = ox__wide_out(e, &y, 0, x->dtype, in, x->rank, r->out);
    uint32_t left = 0;
    for (uint32_t a = 0; a < r->rank; a++) left += !is_unchanged(r, a);
    for (uint32_t a = 0; s == OX_OK && y.n && a < r->rank; a++) {
        pass p = {.outer = 1, .inner = 1, .x = v, .y = y.p};
        if (is_unchanged(r, a)) continue;
        for (uint32_t d = 0; d < r->rank; d++) {
            uint64_t *n = d < a ? &p.outer : &p.inner;
            if (d != a && __builtin_mul_overflow(*n, (uint64_t)(d < a ? r->out[d] : r->in[d]), n))
                return ox__ev_unsupported(e, "a result of this size");
        }
        uint64_t all;
        if (__builtin_mul_overflow(p.outer, p.inner, &all) || __builtin_mul_overflow(all, (uint64_t)r->out[a], &all) ||
            all > e->max_bytes)
            return ox__ev_unsupported(e, "a result of this size");
        if (--left > 0 && !(p.y = ox__arena_alloc(e->mem, (size_t)all * item))) return ox__nomem(e->err);
        s = resample(e, r, a, in, &p);
        v = p.y;
    }
    if (s != OX_OK) return s;
    if (y.n && v != y.p) memcpy(y.p, v, (size_t)y.n * item); /* nothing changed */
    if (!integer) {
        ox__wide_store(e, &y);
        return OX_OK;
    }
    for (uint64_t i = 0; i < y.n; i++) ox_dtype_set_f64(x->dtype, y.out, i, nearbyint(((double *)y.p)[i]));
    return OX_OK;
}

/* ---- nearest ---- */
typedef struct picks {
    const resize *r;
    unsigned item;
    const int64_t *at[MAX_RANK]; /* in strides of the axis; -1: outside */
    const char *x;
    char *y;
    char outside[16];
} picks;

/* The row of y number `row` (all axes but the last). */
static void pick_rows(void *ud, uint64_t from, uint64_t to)
{
    const picks *p = ud;
    const uint32_t last = p->r->rank - 1;
    const uint64_t n = (uint64_t)p->r->out[last];
    for (uint64_t row = from; row < to; row++) {
        int64_t base = 0;
        uint64_t rest = row;
        for (uint32_t a = last; a-- > 0; rest /= (uint64_t)p->r->out[a]) {
            int64_t at = p->at[a][rest % (uint64_t)p->r->out[a]];
            base = at < 0 || base < 0 ? -1 : base + at;
        }
        char *y = p->y + row * n * p->item;
        const int64_t *at = p->at[last];
        for (uint64_t i = 0; i < n; i++) {
            bool inside = base >= 0 && at[i] >= 0;
            const char *v = inside ? p->x + (uint64_t)(base + at[i]) * p->item : p->outside;
            switch (p->item) {
            case 1: y[i] = *v; break;
            case 4: memcpy(y + 4 * i, v, 4); break;
            default: memcpy(y + i * p->item, v, p->item); break;
            }
        }
    }
}

static ox_status pick(ox__ev *e, const resize *r)
{
    const ox__dense *x = &e->in[0];
    picks p = {.r = r, .item = ox__ev_item(x->dtype), .x = x->data};
    int64_t stride = 1;
    uint64_t n;
    ox_status s = OX_OK;
    if (!p.item || p.item > 16) return ox__ev_unsupported(e, "this element type");
    bool text = x->dtype == OX_STRING;
    if (text) {
        if (!ox__dims_product(r->out, r->rank, &n) || n > e->max_bytes / sizeof(ox_bytes))
            return ox__ev_unsupported(e, "a result of this size");
        p.y = ox__arena_alloc(e->mem, ((size_t)n + 1) * sizeof(ox_bytes));
        s = p.y ? OX_OK : ox__nomem(e->err);
    } else {
        p.y = ox__ev_out(e, 0, x->dtype, x->rank, r->out, &s);
        ox_dtype_set_f64(x->dtype, p.outside, 0, r->outside);
    }
    if (!p.y || !ox__dims_product(r->out, r->rank, &n)) return s;
    for (uint32_t a = r->rank; n && a-- > 0;) {
        int64_t *at = ox__arena_alloc(e->mem, (size_t)r->out[a] * sizeof *at);
        if (!at) return ox__nomem(e->err);
        for (int64_t o = 0; o < r->out[a]; o++) {
            double v = is_unchanged(r, a) ? (double)o : origin(r, a, o);
            bool out = is_outside(r, v, r->in[a]);
            v = out ? 0 : nearest(r, v, r->scale[a]);
            at[o] = out ? -1 : (int64_t)OX__MAX(OX__MIN(v, (double)r->in[a] - 1), 0) * stride;
        }
        p.at[a] = at;
        stride *= r->in[a];
    }
    uint64_t row = n ? (uint64_t)r->out[r->rank - 1] : 1;
    ox__ev_parallel(e, n / row, 4096 / row + 1, pick_rows, &p);
    return text ? ox__ev_out_strings(e, 0, r->rank, r->out, (const ox_bytes *)(const void *)p.y) : OX_OK;
}

/* ---- attributes ---- */
static ox_status read_how(ox__ev *e, resize *r)
{
    static const char *const places[] = {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel",  "align_corners",
                                         "asymmetric", "tf_crop_and_resize",   "tf_half_pixel_for_nn"};
    static const char *const roundings[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"};
    const char *mode = ox__ev_string(e, "mode", "nearest", NULL);
    bool linear = !strcmp(mode, "linear") || !strcmp(mode, "bilinear") || !strcmp(mode, "trilinear");
    r->how = linear ? LINEAR : !strcmp(mode, "cubic") ? CUBIC : NEAREST;
    if (r->how == NEAREST && strcmp(mode, "nearest") != 0) return ox__ev_fail(e, "there is no mode %s", mode);
    r->antialias = ox__ev_int(e, "antialias", 0) != 0;
    r->exclude = ox__ev_int(e, "exclude_outside", 0) != 0;
    r->cubic = ox__ev_float(e, "cubic_coeff_a", -0.75);
    r->outside = ox__ev_float(e, "extrapolation_value", 0);
    r->place = ASYMMETRIC;
    r->rounding = SIMPLE;
    if (e->opset < 11 || !strcmp(ox__ev_op(e), "Upsample")) return OX_OK;
    const char *p = ox__ev_string(e, "coordinate_transformation_mode", "half_pixel", NULL),
               *n = ox__ev_string(e, "nearest_mode", "round_prefer_floor", NULL);
    size_t i = 0, k = 0;
    while (i < OX__COUNT(places) && strcmp(p, places[i]) != 0) i++;
    while (k < OX__COUNT(roundings) && strcmp(n, roundings[k]) != 0) k++;
    r->place = (place)i;
    r->rounding = (rounding)k;
    return i < OX__COUNT(places) && k < OX__COUNT(roundings) ? OX_OK : ox__ev_fail(e, "there is no %s or %s", p, n);
}

/* Scales of some axes; sizes follow from them, in float as everywhere. */
static ox_status by_scales(ox__ev *e, resize *r, const double *scales, size_t n, const int64_t *axes)
{
    for (size_t i = 0; i < n; i++) {
        double len = floor((double)((float)r->in[axes[i]] * (float)scales[i]));
        if (!(scales[i] > 0) || !(len < 0x1p62)) return ox__ev_fail(e, "a scale of %g", scales[i]);
        r->scale[axes[i]] = scales[i];
        r->out[axes[i]] = (int64_t)len;
    }
    return OX_OK;
}

static ox_status by_sizes(ox__ev *e, resize *r, const ox__dense *sizes, const int64_t *axes)
{
    int64_t from[MAX_RANK], size[MAX_RANK];
    size_t n = (size_t)sizes->n;
    double same = 0;
    const char *policy = ox__ev_string(e, "keep_aspect_ratio_policy", "stretch", NULL);
    for (size_t i = 0; i < n; i++) {
        from[i] = r->in[axes[i]];
        size[i] = ox__ev_i64(sizes, i);
        if (size[i] < 0 || (from[i] == 0 && size[i] != 0))
            return ox__ev_fail(e, "a size of %lld for a dim of %lld", (long long)size[i], (long long)from[i]);
    }
    bool smaller = !strcmp(policy, "not_larger"), larger = !strcmp(policy, "not_smaller");
    if (smaller || larger)
        ox__resize_keep(from, size, n, larger, &same);
    else if (strcmp(policy, "stretch") != 0)
        return ox__ev_fail(e, "there is no policy %s", policy);
    for (size_t i = 0; i < n; i++) {
        if (size[i] < 0) return ox__ev_fail(e, "a result that is too large");
        r->out[axes[i]] = size[i];
        r->scale[axes[i]] = smaller || larger ? same : from[i] ? (double)size[i] / (double)from[i] : 1;
    }
    return OX_OK;
}

static ox_status begin(ox__ev *e, resize *r)
{
    ox_status s = ox__ev_need(e, 0, 1);
    if (s != OX_OK) return s;
    const ox__dense *x = &e->in[0];
    if (x->rank > MAX_RANK) return ox__ev_unsupported(e, "%u dims", (unsigned)x->rank);
    r->rank = x->rank;
    for (uint32_t i = 0; i < x->rank; i++) {
        r->in[i] = r->out[i] = x->dims[i];
        r->scale[i] = 1;
        r->roi[i][0] = 0;
        r->roi[i][1] = 1;
    }
    return read_how(e, r);
}

static ox_status finish(ox__ev *e, const resize *r)
{
    for (uint32_t i = 0; i < r->rank; i++)
        if (r->in[i] == 0 && r->out[i] != 0) return ox__ev_fail(e, "nothing can be resized to something");
    if (r->rank == 0) return ox__ev_out_reshaped(e, 0, 0, 0, NULL);
    return r->how == NEAREST ? pick(e, r) : interpolate(e, r);
}

/* Inputs: X, scales before version 11; X, roi, scales, sizes since. */
ox_status ox__eval_resize(ox__ev *e)
{
    resize r = {0};
    int64_t axes[MAX_RANK];
    size_t n_axes, i_scales = e->opset < 11 ? 1 : 2;
    ox_status s = begin(e, &r);
    if (s != OX_OK) return s;
    const int64_t *given = ox__ev_ints(e, "axes", &n_axes);
    if (!given) n_axes = r.rank;
    if (n_axes > r.rank) return ox__ev_fail(e, "%zu axes for %u dims", n_axes, (unsigned)r.rank);
    for (size_t i = 0; i < n_axes; i++) {
        axes[i] = given ? given[i] : (int64_t)i;
        s = ox__ev_axis(e, &axes[i], r.rank);
        if (s != OX_OK) return s;
    }
    if (r.place == CROP) {
        if (!ox__ev_has(e, 1) || e->in[1].n != 2 * n_axes) return ox__ev_fail(e, "roi does not fit the axes");
        for (size_t i = 0; i < n_axes; i++) {
            r.roi[axes[i]][0] = ox__ev_f64(&e->in[1], i);
            r.roi[axes[i]][1] = ox__ev_f64(&e->in[1], n_axes + i);
        }
    }
    bool by_size = i_scales == 2 && ox__ev_has(e, 3) && e->in[3].n > 0;
    const ox__dense *list = &e->in[by_size ? 3 : i_scales];
    if (!by_size && !ox__ev_has(e, i_scales)) return ox__ev_fail(e, "neither scales nor sizes are given");
    if (list->n != n_axes)
        return ox__ev_fail(e, "%llu scales or sizes for %zu axes", (unsigned long long)list->n, n_axes);
    if (by_size) {
        s = by_sizes(e, &r, list, axes);
    } else {
        const double *scales = ox__ev_doubles_of(e, list);
        if (!scales) return OX_E_NOMEM;
        s = by_scales(e, &r, scales, n_axes, axes);
    }
    return s == OX_OK ? finish(e, &r) : s;
}

/* Scales: two attributes in the first version, one in the second, an input since version 9. */
ox_status ox__eval_upsample(ox__ev *e)
{
    resize r = {0};
    int64_t axes[MAX_RANK];
    size_t n = 0;
    double two[4] = {1, 1, ox__ev_float(e, "height_scale", 0), ox__ev_float(e, "width_scale", 0)};
    ox_status s = begin(e, &r);
    if (s != OX_OK) return s;
    const double *scales = ox__ev_floats(e, "scales", &n);
    if (e->opset < 7 && !scales) {
        scales = two;
        n = 4;
    } else if (e->opset >= 9) {
        s = ox__ev_need(e, 1, 2);
        if (s != OX_OK) return s;
        scales = ox__ev_doubles_of(e, &e->in[1]);
        if (!scales) return OX_E_NOMEM;
        n = (size_t)e->in[1].n;
    }
    if (!scales || n != r.rank) return ox__ev_fail(e, "%zu scales for %u dims", n, (unsigned)r.rank);
    for (size_t i = 0; i < n; i++) axes[i] = (int64_t)i;
    s = by_scales(e, &r, scales, n, axes);
    return s == OX_OK ? finish(e, &r) : s;
}
