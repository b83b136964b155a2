/* Floor 3. Computing Pad and CenterCropPad: for each axis a map from the elements of the result to those of the input.
 */
#include "ops/layout.h"
#include "ops/move.h"

#include <inttypes.h>

typedef enum pad_mode { PAD_CONSTANT, PAD_REFLECT, PAD_EDGE, PAD_WRAP } pad_mode;

/* Where element i of an axis of n comes from, i counted from the first one that is kept; n is positive unless the mode
 * is constant. */
static int64_t origin(pad_mode mode, int64_t i, int64_t n)
{
    if (i >= 0 && i < n) return i;
    switch (mode) {
    case PAD_EDGE: return i < 0 ? 0 : n - 1;
    case PAD_WRAP: return i % n < 0 ? i % n + n : i % n;
    case PAD_REFLECT: {
        int64_t period = OX__MAX(2 * (n - 1), 1), k = i % period;
        if (k < 0) k += period;
        return k < n ? k : period - k;
    }
    default: return -1;
    }
}

static bool mode_of(ox__ev *e, pad_mode *mode)
{
    static const char *const names[] = {"constant", "reflect", "edge", "wrap"};
    for (size_t i = 0; i < OX__COUNT(names); i++)
        if (ox__ev_string_is(e, "mode", "constant", names[i])) {
            *mode = (pad_mode)i;
            return true;
        }
    return false;
}

/* The widths before and after each axis; negative ones crop. */
static ox_status widths_of(ox__ev *e, int64_t *before, int64_t *after)
{
    const int64_t *pads, *axes;
    size_t n, n_axes;
    uint32_t rank = e->in[0].rank;
    const char *attr = e->opset < 2 ? "paddings" : e->opset < 11 ? "pads" : NULL;
    bool widths, given = false;
    ox_status s = ox__mv_list(e, attr, 1, &pads, &n, &widths);
    if (s == OX_OK && !attr) s = ox__mv_list(e, NULL, 3, &axes, &n_axes, &given);
    if (s != OX_OK || !widths) return s != OX_OK ? s : ox__ev_fail(e, "the widths are absent");
    if (!given) n_axes = rank;
    if (n != 2 * n_axes) return ox__ev_fail(e, "%zu pads for %zu axes", n, n_axes);
    for (uint32_t i = 0; i < rank; i++) before[i] = after[i] = INT64_MIN; /* not given yet */
    for (size_t i = 0; i < n_axes; i++) {
        int64_t axis = given ? axes[i] : (int64_t)i;
        s = ox__ev_axis(e, &axis, rank);
        if (s != OX_OK) return s;
        if (before[axis] != INT64_MIN) return ox__ev_fail(e, "axis %" PRId64 " is given twice", axis);
        before[axis] = pads[i];
        after[axis] = pads[i + n_axes];
        if (OX__MIN(before[axis], after[axis]) < -INT64_MAX / 4 || OX__MAX(before[axis], after[axis]) > INT64_MAX / 4)
            return ox__ev_fail(e, "pads of %" PRId64 " and %" PRId64, before[axis], after[axis]);
    }
    for (uint32_t i = 0; i < rank; i++)
        if (before[i] == INT64_MIN) before[i] = after[i] = 0;
    return OX_OK;
}

/* The map of one axis: what a negative width crops is gone before the other side is padded. */
static ox_status map_axis(ox__ev *e, pad_mode mode, int64_t d, int64_t before, int64_t n, int64_t after, int64_t *map)
{
    int64_t first = before < 0 ? -before : 0, kept = d - first - (after < 0 ? -after : 0);
    if (kept <= 0 && mode != PAD_CONSTANT) return ox__ev_fail(e, "there is nothing to pad with");
    for (int64_t i = 0; i < n; i++) {
        int64_t k = origin(mode, i - OX__MAX(before, 0), OX__MAX(kept, 0));
        map[i] = k < 0 ? -1 : k + first;
    }
    return OX_OK;
}

/* The element that fills the rest, as item bytes; NULL: it is all zero. */
static const void *filler(ox__ev *e, const ox__dest *d, uint8_t room[16], ox_status *s)
{
    *s = OX_OK;
    if (e->opset < 11) {
        double v = ox__ev_float(e, "value", 0);
        if (v == 0) return NULL;
        ox_dtype_set_f64(d->dtype, room, 0, v);
        return room;
    }
    if (!ox__ev_has(e, 2)) return NULL;
    const ox__dense *v = &e->in[2];
    unsigned item;
    if (v->dtype != d->dtype || v->n != 1) {
        *s = ox__ev_fail(e, "the constant is not one element of the input's type");
        return NULL;
    }
    const uint8_t *p = ox__mv_source(e, v, &item);
    if (!p) *s = OX_E_NOMEM;
    return p;
}

static ox_status map_all(ox__ev *e, ox__dest *d, const int64_t *const *map)
{
    unsigned item;
    const uint8_t *src = ox__mv_source(e, &e->in[0], &item);
    ox_status s = src ? ox__mv_mapped(e, d, src, e->in[0].dims, map) : OX_E_NOMEM;
    return s == OX_OK ? ox__mv_end(e, d) : s;
}

static ox_status alloc_maps(ox__ev *e, const ox__dest *d, int64_t ***out)
{
    int64_t **map = ox__arena_alloc(e->mem, (d->rank + 1) * sizeof *map);
    if (!map) return ox__nomem(e->err);
    for (uint32_t i = 0; i < d->rank; i++)
        if (!(map[i] = ox__arena_alloc(e->mem, (size_t)d->dims[i] * sizeof **map))) return ox__nomem(e->err);
    *out = map;
    return OX_OK;
}

/* ---- Pad ---- */
ox_status ox__eval_pad(ox__ev *e)
{
    const ox__dense *a = &e->in[0];
    pad_mode mode;
    ox_status s = ox__ev_need(e, 0, 1);
    if (s != OX_OK) return s;
    if (!mode_of(e, &mode)) return ox__ev_fail(e, "the mode is none of constant, reflect, edge, wrap");
    int64_t *dims = ox__mv_dims(e, a->rank, &s), *before = dims ? ox__mv_dims(e, a->rank, &s) : NULL,
            *after = before ? ox__mv_dims(e, a->rank, &s) : NULL, **map = NULL;
    if (!after) return s;
    s = widths_of(e, before, after);
    if (s != OX_OK) return s;
    for (uint32_t i = 0; i < a->rank; i++)
        if (__builtin_add_overflow(a->dims[i], before[i] + after[i], &dims[i]) || dims[i] < 0)
            return ox__ev_fail(e, "dim %u of the result would be negative", (unsigned)i);
    ox__dest d;
    s = ox__mv_begin(e, &d, 0, a->dtype, a->rank, dims);
    if (s != OX_OK || !d.n) return s != OX_OK ? s : ox__mv_end(e, &d);
    s = alloc_maps(e, &d, &map);
    for (uint32_t i = 0; s == OX_OK && i < a->rank; i++)
        s = map_axis(e, mode, a->dims[i], before[i], dims[i], after[i], map[i]);
    uint8_t room[16] = {0};
    const void *fill = s == OX_OK && mode == PAD_CONSTANT ? filler(e, &d, room, &s) : NULL;
    if (fill) ox__mv_fill(d.data, fill, d.item, d.n);
    return s == OX_OK ? map_all(e, &d, (const int64_t *const *)map) : s;
}

/* ---- CenterCropPad ---- */
ox_status ox__eval_center_crop_pad(ox__ev *e)
{
    const ox__dense *a = &e->in[0];
    const int64_t *want;
    size_t n, n_axes;
    ox_status s = ox__ev_need(e, 0, 2);
    if (s != OX_OK) return s;
    const int64_t *axes = ox__ev_ints(e, "axes", &n_axes);
    if (!ox__ev_list(e, NULL, 1, &want, &n)) return ox__nomem(e->err);
    if (n != (axes ? n_axes : a->rank)) return ox__ev_fail(e, "a shape of %zu dims", n);
    int64_t *dims = ox__mv_dims(e, a->rank, &s), **map = NULL;
    if (!dims) return s;
    if (a->rank) memcpy(dims, a->dims, a->rank * sizeof *dims);
    for (size_t i = 0; i < n; i++) {
        int64_t axis = axes ? axes[i] : (int64_t)i;
        s = ox__ev_axis(e, &axis, a->rank);
        if (s != OX_OK) return s;
        dims[axis] = want[i];
    }
    ox__dest d;
    s = ox__mv_begin(e, &d, 0, a->dtype, a->rank, dims);
    if (s != OX_OK || !d.n) return s != OX_OK ? s : ox__mv_end(e, &d);
    s = alloc_maps(e, &d, &map);
    for (uint32_t i = 0; s == OX_OK && i < a->rank; i++) {
        /* Both halves are rounded down: that of what goes, and that of what comes. */
        int64_t more = dims[i] - a->dims[i], shift = more < 0 ? -more / 2 : -(more / 2);
        for (int64_t k = 0; k < dims[i]; k++) map[i][k] = k + shift >= 0 && k + shift < a->dims[i] ? k + shift : -1;
    }
    return s == OX_OK ? map_all(e, &d, (const int64_t *const *)map) : s;
}
