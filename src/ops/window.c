/* Floor 3. Attributes of windows, checked. */
#include "ops/window.h"

static const int64_t far = INT32_MAX; /* of kernels, strides, dilations and pads: beyond it products may overflow */

static ox_status fill(ox__ev *e, const char *name, int64_t *to, size_t n, int64_t def, int64_t least)
{
    size_t given;
    const int64_t *v = ox__ev_ints(e, name, &given);
    if (v && given != n) return ox__ev_fail(e, "%s has %zu entries, %zu are needed", name, given, n);
    for (size_t i = 0; i < n; i++) {
        to[i] = v ? v[i] : def;
        if (to[i] < least || to[i] > far) return ox__ev_fail(e, "%s holds %lld", name, (long long)to[i]);
    }
    return OX_OK;
}

static ox_status slide(ox__ev *e, ox__window *w, bool same, bool lower, bool ceil)
{
    for (uint32_t i = 0; i < w->n; i++) {
        int64_t extent = (w->kernel[i] - 1) * w->dilation[i] + 1, st = w->stride[i];
        if (same) {
            w->out[i] = w->in[i] / st + (w->in[i] % st != 0);
            int64_t pad = OX__MAX((w->out[i] - 1) * st + extent - w->in[i], 0);
            w->head[i] = lower ? pad - pad / 2 : pad / 2;
            w->tail[i] = pad - w->head[i];
            continue;
        }
        int64_t room = w->in[i] + w->head[i] + w->tail[i] - extent;
        if (room < 0) return ox__ev_fail(e, "the window is larger than the padded input along spatial axis %u", i);
        w->out[i] = room / st + 1 + (ceil && room % st != 0);
        /* a window that begins in the right padding is left out */
        if (ceil && w->out[i] > 1 && (w->out[i] - 1) * st >= w->in[i] + w->head[i]) w->out[i]--;
    }
    return OX_OK;
}

ox_status ox__window_sizes(ox__ev *e, ox__window *w)
{
    uint64_t taps, in, out;
    if (!ox__dims_product(w->kernel, w->n, &taps) || !ox__dims_product(w->in, w->n, &in) ||
        !ox__dims_product(w->out, w->n, &out) || taps > INT64_MAX || in > INT64_MAX || out > INT64_MAX)
        return ox__ev_fail(e, "the window or its result is too large");
    w->taps = (int64_t)taps;
    w->in_size = (int64_t)in;
    w->out_size = (int64_t)out;
    return OX_OK;
}

ox_status ox__window_read(ox__ev *e, ox__window *w, uint32_t n, const int64_t *in, const int64_t *kernel, bool slides)
{
    int64_t pads[2 * OX__SPATIAL];
    if (n > OX__SPATIAL) return ox__ev_unsupported(e, "%u spatial dims", n);
    w->n = n;
    bool lower = ox__ev_string_is(e, "auto_pad", "NOTSET", "SAME_LOWER"),
         upper = ox__ev_string_is(e, "auto_pad", "NOTSET", "SAME_UPPER"),
         none = ox__ev_string_is(e, "auto_pad", "NOTSET", "VALID");
    ox_status s = fill(e, "strides", w->stride, n, 1, 1);
    if (s == OX_OK) s = fill(e, "dilations", w->dilation, n, 1, 1);
    if (s == OX_OK) s = fill(e, "pads", pads, 2 * n, 0, -far);
    if (s != OX_OK) return s;
    for (uint32_t i = 0; i < n; i++) {
        w->in[i] = in[i];
        w->kernel[i] = kernel[i];
        w->head[i] = none ? 0 : pads[i];
        w->tail[i] = none ? 0 : pads[n + i];
        w->out[i] = 1;
        if (kernel[i] <= 0 || kernel[i] > far || in[i] > INT64_MAX / 4)
            return ox__ev_fail(e, "a kernel of %lld over a dim of %lld", (long long)kernel[i], (long long)in[i]);
    }
    if (slides) s = slide(e, w, lower || upper, lower, ox__ev_int(e, "ceil_mode", 0) != 0);
    return s == OX_OK ? ox__window_sizes(e, w) : s;
}

void ox__window_range(const ox__window *w, uint32_t i, int64_t k, int64_t *from, int64_t *to, int64_t *at)
{
    int64_t st = w->stride[i], base = k * w->dilation[i] - w->head[i]; /* of output 0 */
    *from = base < 0 ? (-base + st - 1) / st : 0;
    *to = base >= w->in[i] ? 0 : OX__MIN((w->in[i] - 1 - base) / st + 1, w->out[i]);
    *to = OX__MAX(*to, *from);
    *at = base + *from * st;
}

void ox__window_reaches(const ox__window *w, ox__reach *table)
{
    for (int64_t k = 0; k < w->kernel[w->n - 1] && k < OX__REACHES; k++)
        ox__window_range(w, w->n - 1, k, &table[k].from, &table[k].to, &table[k].at);
}

bool ox__index_next(int64_t *index, const int64_t *dims, uint32_t n)
{
    while (n-- > 0) {
        if (++index[n] < dims[n]) return true;
        index[n] = 0;
    }
    return false;
}

int64_t ox__window_row(const ox__window *w, const int64_t *place, const int64_t *tap)
{
    int64_t row = 0;
    for (uint32_t i = 0; i + 1 < w->n; i++) {
        int64_t at = place[i] * w->stride[i] - w->head[i] + tap[i] * w->dilation[i];
        if (at < 0 || at >= w->in[i]) return -1;
        row = row * w->in[i] + at;
    }
    return row;
}
