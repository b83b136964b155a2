/* Floor 3. Evaluation of GridSample and AffineGrid. */
#include "ops/image.h"
#include "ops/wide.h"

#include <math.h>

enum { SPATIAL = 4, CORNERS = 256 }; /* spatial dims; 4 to that power */

typedef enum padding { ZEROS, BORDER, REFLECTION } padding;

typedef struct sampler {
    uint32_t n;
    int64_t in[SPATIAL];
    uint64_t channels, plane, points; /* elements of an input plane; places of the output */
    int taps;                         /* neighbours along each axis: 1, 2, 4 */
    padding padding;
    bool align;
    unsigned item; /* copied: bytes of an element; 0: summed */
    ox_dtype dtype;
    const void *x, *grid; /* grid: `grid_type` */
    ox_dtype grid_type;
    void *y;
} sampler;

/* Mirrored at the borders until it lies between them. */
static double reflect(double x, double lo, double hi)
{
    double range = hi - lo;
    if (range <= 0) return lo;
    if (x >= lo && x <= hi) return x;
    double d = x < lo ? lo - x : x - hi, times = floor(d / range), rest = d - times * range;
    bool even = fmod(times, 2) == 0;
    return (x < lo) == even ? lo + rest : hi - rest;
}

/* The neighbours of a place along one axis: element numbers (-1: a zero) and their weights. */
static void neighbours(const sampler *s, uint32_t axis, double at, int64_t *index, double *weight)
{
    const int64_t n = s->in[axis];
    double lo = s->align ? 0 : -0.5, hi = s->align ? (double)n - 1 : (double)n - 0.5;
    at = s->align ? (at + 1) / 2 * (double)(n - 1) : ((at + 1) * (double)n - 1) / 2;
    if (s->taps == 1) at = nearbyint(at);
    if (s->padding == BORDER && s->taps < 4 && (at < lo || at > hi))
        at = at < 0 ? 0 : at > (double)n - 1 ? (double)n - 1 : at;
    if (s->padding == REFLECTION) at = reflect(at, lo, hi);
    if (!(fabs(at) < 0x1p52)) at = s->padding == ZEROS ? -10 : at > 0 ? (double)n + 10 : 0;
    int64_t first = (int64_t)floor(at) - (s->taps == 4);
    double f = at - floor(at);
    static const double a = -0.75;
    weight[0] = s->taps == 2 ? 1 - f : 1;
    if (s->taps == 2) weight[1] = f;
    for (int k = 0; k < s->taps; k++) {
        int64_t i = first + k;
        if (s->taps == 4) {
            double d = fabs(f - (double)(k - 1));
            weight[k] = d <= 1 ? ((a + 2) * d - (a + 3)) * d * d + 1 : ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
        }
        if (s->padding == BORDER) i = i < 0 ? 0 : i >= n ? n - 1 : i;
        if (s->padding == REFLECTION) i = (int64_t)reflect((double)i, lo, hi);
        index[k] = i < 0 || i >= n ? -1 : i;
    }
}

/* All corners around a point: places in a plane and weights. Returns how many count. */
static size_t corners(const sampler *s, uint64_t point, int64_t *place, double *weight)
{
    size_t n = 1;
    place[0] = 0;
    weight[0] = 1;
    for (uint32_t axis = 0; axis < s->n; axis++) {
        int64_t index[4], was[CORNERS];
        double w[4], old[CORNERS];
        size_t had = n;
        /* the grid names the last axis first */
        double at = ox_dtype_get_f64(s->grid_type, s->grid, point * s->n + (s->n - 1 - axis));
        neighbours(s, axis, at, index, w);
        memcpy(was, place, had * sizeof *was);
        memcpy(old, weight, had * sizeof *old);
        n = 0;
        for (size_t i = 0; i < had; i++)
            for (int k = 0; k < s->taps; k++) {
                if (index[k] < 0) continue;
                place[n] = was[i] * s->in[axis] + index[k];
                weight[n++] = old[i] * w[k];
            }
    }
    return n;
}

static void sample_points(void *ud, uint64_t from, uint64_t to)
{
    const sampler *s = ud;
    int64_t place[CORNERS];
    double weight[CORNERS];
    for (uint64_t p = from; p < to; p++) {
        size_t n = corners(s, p, place, weight);
        uint64_t item = p / s->points;
        for (uint64_t c = 0; c < s->channels; c++) {
            uint64_t plane = (item * s->channels + c) * s->plane,
                     o = (item * s->channels + c) * s->points + p % s->points;
            if (s->item) {
                if (n)
                    memcpy((char *)s->y + o * s->item, (const char *)s->x + (plane + (uint64_t)place[0]) * s->item,
                           s->item);
                continue;
            }
            double sum = 0;
            if (s->dtype == OX_DOUBLE) {
                for (size_t i = 0; i < n; i++) sum += weight[i] * ((const double *)s->x)[plane + (uint64_t)place[i]];
                ((double *)s->y)[o] = sum;
            } else {
                for (size_t i = 0; i < n; i++)
                    sum += weight[i] * (double)((const float *)s->x)[plane + (uint64_t)place[i]];
                ((float *)s->y)[o] = (float)sum;
            }
        }
    }
}

static ox_status read_sampler(ox__ev *e, sampler *s)
{
    const char *mode = ox__ev_string(e, "mode", "linear", NULL), *pad = ox__ev_string(e, "padding_mode", "zeros", NULL);
    bool linear = !strcmp(mode, "linear") || !strcmp(mode, "bilinear"),
         cubic = !strcmp(mode, "cubic") || !strcmp(mode, "bicubic");
    if (!linear && !cubic && strcmp(mode, "nearest") != 0) return ox__ev_fail(e, "there is no mode %s", mode);
    s->taps = linear ? 2 : cubic ? 4 : 1;
    s->padding = !strcmp(pad, "border") ? BORDER : !strcmp(pad, "reflection") ? REFLECTION : ZEROS;
    if (s->padding == ZEROS && strcmp(pad, "zeros") != 0) return ox__ev_fail(e, "there is no padding_mode %s", pad);
    s->align = ox__ev_int(e, "align_corners", 0) != 0;
    return OX_OK;
}

ox_status ox__eval_grid_sample(ox__ev *e)
{
    sampler s = {.plane = 1, .points = 1};
    int64_t dims[SPATIAL + 2];
    ox_status st = ox__ev_need(e, 0, 2);
    if (st == OX_OK) st = read_sampler(e, &s);
    if (st != OX_OK) return st;
    const ox__dense *x = &e->in[0], *g = &e->in[1];
    if (x->rank < 3 || g->rank != x->rank || g->dims[0] != x->dims[0] || g->dims[g->rank - 1] != (int64_t)x->rank - 2 ||
        !ox_dtype_is_float(g->dtype))
        return ox__ev_fail(e, "the input and the grid do not fit together");
    s.n = x->rank - 2;
    if (s.n > SPATIAL) return ox__ev_unsupported(e, "%u spatial dims", (unsigned)s.n);
    dims[0] = x->dims[0];
    dims[1] = x->dims[1];
    for (uint32_t i = 0; i < s.n; i++) {
        s.in[i] = x->dims[i + 2];
        dims[i + 2] = g->dims[i + 1];
        if (x->n) s.plane *= (uint64_t)s.in[i];
        if (g->n) s.points *= (uint64_t)g->dims[i + 1];
    }
    s.channels = (uint64_t)x->dims[1];
    s.dtype = ox__wide_type(x->dtype);
    if (!s.dtype && s.taps > 1) return ox__ev_unsupported(e, "this element type");
    if (!s.dtype) s.item = ox__ev_item(x->dtype);
    if (!s.dtype && (!s.item || x->dtype == OX_STRING)) return ox__ev_unsupported(e, "this element type");
    ox__wide y = {0};
    s.x = s.item ? x->data : ox__wide_of(e, x, s.dtype);
    if (!s.x) return OX_E_NOMEM;
    s.grid = g->data;
    s.grid_type = g->dtype;
    if (s.item)
        s.y = ox__ev_out(e, 0, x->dtype, x->rank, dims, &st);
    else if ((st = ox__wide_out(e, &y, 0, x->dtype, s.dtype, x->rank, dims)) == OX_OK)
        s.y = y.p;
    if (st != OX_OK) return st;
    if (!x->n) return g->n ? ox__ev_fail(e, "an empty input") : OX_OK;
    ox__ev_parallel(e, g->n ? (uint64_t)dims[0] * s.points : 0, 1024 / (s.channels + 1) + 1, sample_points, &s);
    if (!s.item) ox__wide_store(e, &y);
    return OX_OK;
}

/* ---- AffineGrid ---- */
/* The coordinate of position i of n, from -1 to 1. */
static double coordinate(int64_t i, int64_t n, bool align)
{
    if (!align) return (2 * (double)i + 1) / (double)n - 1;
    return n == 1 ? -1 : 2 * (double)i / (double)(n - 1) - 1;
}

ox_status ox__eval_affine_grid(ox__ev *e)
{
    int64_t dims[5], n[3], place[3] = {0};
    ox_status s = ox__ev_need(e, 0, 2);
    if (s != OX_OK) return s;
    const ox__dense *theta = &e->in[0], *size = &e->in[1];
    bool align = ox__ev_int(e, "align_corners", 0) != 0;
    if (size->dtype != OX_INT64 || (size->n != 4 && size->n != 5))
        return ox__ev_fail(e, "size must have 4 or 5 entries");
    const int64_t *len = size->data;
    uint32_t k = (uint32_t)size->n - 2;
    if (theta->rank != 3 || theta->dims[0] != len[0] || theta->dims[1] != k || theta->dims[2] != k + 1 ||
        !ox_dtype_is_float(theta->dtype))
        return ox__ev_fail(e, "theta does not fit size");
    dims[0] = len[0];
    for (uint32_t i = 0; i < k; i++) dims[i + 1] = n[i] = len[i + 2];
    dims[k + 1] = k;
    void *y = ox__ev_out(e, 0, theta->dtype, k + 2, dims, &s);
    uint64_t total;
    if (!y || !ox__dims_product(dims, k + 2, &total)) return s;
    uint64_t each = len[0] > 0 ? total / (uint64_t)len[0] : 0;
    for (uint64_t o = 0; o < total; o += k) {
        uint64_t item = o / each;
        for (uint32_t r = 0; r < k; r++) {
            double sum = ox__ev_f64(theta, (item * k + r) * (k + 1) + k);
            for (uint32_t c = 0; c < k; c++)
                sum +=
                    ox__ev_f64(theta, (item * k + r) * (k + 1) + c) * coordinate(place[k - 1 - c], n[k - 1 - c], align);
            ox_dtype_set_f64(theta->dtype, y, o + r, sum);
        }
        for (uint32_t d = k; d-- > 0;) {
            if (++place[d] < n[d]) break;
            place[d] = 0;
        }
    }
    return OX_OK;
}
