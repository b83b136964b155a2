/* Floor 3. Evaluation of DeformConv: a convolution whose taps are moved by offsets and weighed by a mask. */
#include "ops/gemm.h"
#include "ops/wide.h"
#include "ops/window.h"

#include <math.h>

typedef struct deform {
    ox__window w;
    ox_dtype dtype;
    int64_t batch, group, channels, maps, offset_groups;
    const void *x, *weight, *bias, *offset, *mask; /* bias and mask may be NULL */
    void *y;
} deform;

/* The columns of one group of one item of the batch. */
typedef struct moved {
    const deform *d;
    int64_t item, first; /* of the batch; its first channel in this group */
} moved;

static double at(ox_dtype dtype, const void *p, int64_t i)
{
    return dtype == OX_DOUBLE ? ((const double *)p)[i] : (double)((const float *)p)[i];
}

/* A point of a plane between its elements; outside is zero. */
static double sample(const deform *d, int64_t plane, double y, double x)
{
    const int64_t h = d->w.in[0], w = d->w.in[1];
    if (!(y > -1 && x > -1 && y < (double)h && x < (double)w)) return 0;
    int64_t y0 = (int64_t)floor(y), x0 = (int64_t)floor(x);
    double fy = y - (double)y0, fx = x - (double)x0, sum = 0;
    for (int k = 0; k < 4; k++) {
        int64_t yy = y0 + k / 2, xx = x0 + k % 2;
        if (yy < 0 || yy >= h || xx < 0 || xx >= w) continue;
        sum += (k / 2 ? fy : 1 - fy) * (k % 2 ? fx : 1 - fx) * at(d->dtype, d->x, (plane * h + yy) * w + xx);
    }
    return sum;
}

static void pack(const void *ud, int64_t k0, int64_t kc, int64_t n0, int64_t nc, int64_t width, void *dst)
{
    const moved *m = ud;
    const deform *d = m->d;
    const ox__window *w = &d->w;
    const int64_t per = d->group * d->channels / d->offset_groups;
    for (int64_t k = 0; k < kc; k++) {
        int64_t channel = m->first + (k0 + k) / w->taps, tap = (k0 + k) % w->taps;
        int64_t row = (m->item * d->offset_groups + channel / per) * w->taps + tap;
        int64_t ky = tap / w->kernel[1] * w->dilation[0], kx = tap % w->kernel[1] * w->dilation[1];
        for (int64_t n = 0; n < nc; n++) {
            int64_t place = n0 + n, oy = place / w->out[1], ox = place % w->out[1];
            double y = (double)(oy * w->stride[0] - w->head[0] + ky), x = (double)(ox * w->stride[1] - w->head[1] + kx);
            y += at(d->dtype, d->offset, 2 * row * w->out_size + place);
            x += at(d->dtype, d->offset, (2 * row + 1) * w->out_size + place);
            double v = sample(d, m->item * d->group * d->channels + channel, y, x);
            if (d->mask) v *= at(d->dtype, d->mask, row * w->out_size + place);
            int64_t to = n / width * kc * width + k * width + n % width;
            if (d->dtype == OX_DOUBLE)
                ((double *)dst)[to] = v;
            else
                ((float *)dst)[to] = (float)v;
        }
    }
}

static ox_status run(ox__ev *e, const deform *d)
{
    const ox__window *w = &d->w;
    const int64_t item = d->dtype == OX_DOUBLE ? 8 : 4, k = d->channels * w->taps, n = d->batch * d->group;
    ox__gemm *g = ox__arena_alloc(e->mem, ((size_t)n + 1) * sizeof *g);
    moved *m = ox__arena_alloc(e->mem, ((size_t)n + 1) * sizeof *m);
    if (!g || !m) return ox__nomem(e->err);
    for (int64_t i = 0; i < n; i++) {
        int64_t group = i % d->group;
        m[i] = (moved){d, i / d->group, group * d->channels};
        g[i] = (ox__gemm){.m = d->maps,
                          .n = w->out_size,
                          .k = k,
                          .alpha = 1,
                          .a = (const char *)d->weight + group * d->maps * k * item,
                          .a_row = k,
                          .a_col = 1,
                          .pack = pack,
                          .ud = &m[i],
                          .c = (char *)d->y + i * d->maps * w->out_size * item,
                          .c_row = w->out_size,
                          .bias = d->bias ? (const char *)d->bias + group * d->maps * item : NULL};
    }
    return ox__gemm_run(e, d->dtype, g, (size_t)n);
}

static bool has_dims(const ox__dense *a, int64_t d0, int64_t d1, int64_t d2, int64_t d3)
{
    return a->rank == 4 && a->dims[0] == d0 && a->dims[1] == d1 && a->dims[2] == d2 && a->dims[3] == d3;
}

/* Inputs: X, W, offset, B, mask. */
ox_status ox__eval_deform_conv(ox__ev *e)
{
    deform d = {0};
    ox__wide y;
    ox_status s = ox__ev_need(e, 0, 3);
    if (s != OX_OK) return s;
    const ox__dense *x = &e->in[0], *w = &e->in[1];
    d.dtype = ox__wide_type(x->dtype);
    d.group = ox__ev_int(e, "group", 1);
    d.offset_groups = ox__ev_int(e, "offset_group", 1);
    if (!d.dtype) return ox__ev_unsupported(e, "this element type");
    if (x->rank != 4 || w->rank != 4) return ox__ev_unsupported(e, "an input of %u dims", (unsigned)x->rank);
    if (d.group <= 0 || d.offset_groups <= 0 || x->dims[1] % d.group || x->dims[1] / d.group != w->dims[1] ||
        w->dims[0] % d.group || x->dims[1] % d.offset_groups || x->dims[1] == 0)
        return ox__ev_fail(e, "the input, the weight and the groups do not fit together");
    s = ox__window_read(e, &d.w, 2, x->dims + 2, w->dims + 2, true);
    if (s != OX_OK) return s;
    d.batch = x->dims[0];
    d.channels = w->dims[1];
    d.maps = w->dims[0] / d.group;
    int64_t rows = d.offset_groups * d.w.taps, dims[4] = {d.batch, w->dims[0], d.w.out[0], d.w.out[1]};
    if (!has_dims(&e->in[2], d.batch, 2 * rows, dims[2], dims[3])) return ox__ev_fail(e, "the offsets do not fit");
    if (ox__ev_has(e, 4) && !has_dims(&e->in[4], d.batch, rows, dims[2], dims[3]))
        return ox__ev_fail(e, "the mask does not fit");
    if (ox__ev_has(e, 3) && e->in[3].n != (uint64_t)dims[1]) return ox__ev_fail(e, "the bias does not fit");
    const void **to[] = {&d.x, &d.weight, &d.offset, &d.bias, &d.mask};
    for (size_t i = 0; i < OX__COUNT(to); i++)
        if (ox__ev_has(e, i) && !(*to[i] = ox__wide_of(e, &e->in[i], d.dtype))) return OX_E_NOMEM;
    s = ox__wide_out(e, &y, 0, x->dtype, d.dtype, 4, dims);
    d.y = y.p;
    if (s == OX_OK && y.n) s = run(e, &d);
    if (s == OX_OK) ox__wide_store(e, &y);
    return s;
}
