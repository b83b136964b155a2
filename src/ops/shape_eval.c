/* Floor 3. Computing the operators about shapes. Where only the dims change the elements are shared; Expand and Tile
 * walk them with steps of 0. */
#include "ops/move.h"
#include "ops/shape.h"

#include <inttypes.h>

/* ---- Shape, Size ---- */
ox_status ox__eval_shape(ox__ev *e)
{
    ox_status s = ox__ev_need(e, 0, 1);
    if (s != OX_OK) return s;
    int64_t rank = e->in[0].rank, start = ox__ev_int(e, "start", 0), end = ox__ev_int(e, "end", rank);
    if (start < 0) start += rank;
    if (end < 0) end += rank;
    start = OX__MIN(OX__MAX(start, 0), rank);
    end = OX__MIN(OX__MAX(end, start), rank);
    int64_t n = end - start, *out = ox__ev_out(e, 0, OX_INT64, 1, &n, &s);
    if (out && n) memcpy(out, e->in[0].dims + start, (size_t)n * sizeof *out);
    return s;
}

ox_status ox__eval_size(ox__ev *e)
{
    ox_status s = ox__ev_need(e, 0, 1);
    int64_t *out = s == OX_OK ? ox__ev_out(e, 0, OX_INT64, 0, NULL, &s) : NULL;
    if (out) *out = (int64_t)e->in[0].n;
    return s;
}

/* ---- the same elements under other dims ---- */
ox_status ox__eval_reshape(ox__ev *e)
{
    const int64_t *want;
    size_t n, hole = SIZE_MAX;
    const ox__dense *a = &e->in[0];
    ox_status s = ox__ev_need(e, 0, 1);
    if (s != OX_OK) return s;
    bool given;
    s = ox__mv_list(e, e->opset < 5 ? "shape" : NULL, 1, &want, &n, &given);
    if (s != OX_OK || !given) return s != OX_OK ? s : ox__ev_fail(e, "the shape is absent");
    int64_t *dims = ox__mv_dims(e, n, &s);
    if (!dims) return s;
    bool allow_zero = ox__ev_int(e, "allowzero", 0) != 0;
    for (size_t i = 0; i < n; i++) {
        dims[i] = want[i];
        if (want[i] == 0 && !allow_zero) {
            if (i >= a->rank) return ox__ev_fail(e, "0 at %zu copies a dim that the input does not have", i);
            dims[i] = a->dims[i];
        } else if (want[i] == -1) {
            if (hole != SIZE_MAX) return ox__ev_fail(e, "more than one -1 in the shape");
            hole = i;
            dims[i] = 1;
        }
    }
    uint64_t product;
    if (!ox__dims_product(dims, (uint32_t)n, &product)) return ox__ev_fail(e, "the shape is no shape");
    if (hole != SIZE_MAX) {
        if (!product || a->n % product)
            return ox__ev_fail(e, "%" PRIu64 " elements do not fill dims of %" PRIu64, a->n, product);
        dims[hole] = (int64_t)(a->n / product);
        product = a->n;
    }
    if (product != a->n) return ox__ev_fail(e, "%" PRIu64 " elements cannot be reshaped into %" PRIu64, a->n, product);
    return ox__ev_out_reshaped(e, 0, 0, (uint32_t)n, dims);
}

ox_status ox__eval_flatten(ox__ev *e)
{
    ox_status s = ox__ev_need(e, 0, 1);
    if (s != OX_OK) return s;
    int64_t axis = ox__ev_int(e, "axis", 1), rank = e->in[0].rank;
    if (axis < -rank || axis > rank) return ox__ev_fail(e, "axis %" PRId64 " of %" PRId64 " dims", axis, rank);
    if (axis < 0) axis += rank;
    uint64_t rows, columns;
    if (!ox__dims_product(e->in[0].dims, (uint32_t)axis, &rows) ||
        !ox__dims_product(e->in[0].dims + axis, (uint32_t)(rank - axis), &columns) || rows > INT64_MAX ||
        columns > INT64_MAX)
        return ox__ev_fail(e, "the dims are too large");
    return ox__ev_out_reshaped(e, 0, 0, 2, (int64_t[]){(int64_t)rows, (int64_t)columns});
}

/* Which of `rank` axes the list names; NULL with *s set. */
static bool *named_axes(ox__ev *e, const int64_t *axes, size_t n, uint32_t rank, bool once, ox_status *s)
{
    bool *named = ox__arena_alloc(e->mem, (size_t)rank + 1);
    *s = named ? OX_OK : ox__nomem(e->err);
    if (named) memset(named, 0, (size_t)rank + 1);
    for (size_t i = 0; *s == OX_OK && i < n; i++) {
        int64_t axis = axes[i];
        *s = ox__ev_axis(e, &axis, rank);
        if (*s == OX_OK && once && named[axis]) *s = ox__ev_fail(e, "axis %" PRId64 " is given twice", axis);
        if (*s == OX_OK) named[axis] = true;
    }
    return *s == OX_OK ? named : NULL;
}

ox_status ox__eval_squeeze(ox__ev *e)
{
    const int64_t *axes;
    size_t n;
    const ox__dense *a = &e->in[0];
    ox_status s = ox__ev_need(e, 0, 1);
    if (s != OX_OK) return s;
    bool given;
    s = ox__mv_list(e, "axes", 1, &axes, &n, &given);
    if (s != OX_OK) return s;
    bool *gone = named_axes(e, axes, n, a->rank, false, &s);
    int64_t *dims = gone ? ox__mv_dims(e, a->rank, &s) : NULL;
    if (!dims) return s;
    uint32_t rank = 0;
    for (uint32_t i = 0; i < a->rank; i++) {
        if (given && gone[i] && a->dims[i] != 1)
            return ox__ev_fail(e, "dim %u is %" PRId64 " and not 1", (unsigned)i, a->dims[i]);
        if (given ? !gone[i] : a->dims[i] != 1) dims[rank++] = a->dims[i];
    }
    return ox__ev_out_reshaped(e, 0, 0, rank, dims);
}

ox_status ox__eval_unsqueeze(ox__ev *e)
{
    const int64_t *axes;
    size_t n;
    const ox__dense *a = &e->in[0];
    ox_status s = ox__ev_need(e, 0, 1);
    if (s != OX_OK) return s;
    bool given;
    s = ox__mv_list(e, "axes", 1, &axes, &n, &given);
    if (s != OX_OK || !given) return s != OX_OK ? s : ox__ev_fail(e, "the axes are absent");
    int64_t *dims = ox__mv_dims(e, a->rank + n, &s);
    if (!dims) return s;
    uint32_t rank = a->rank + (uint32_t)n, from = 0;
    bool *fresh = named_axes(e, axes, n, rank, true, &s);
    for (uint32_t i = 0; fresh && i < rank; i++) dims[i] = fresh[i] ? 1 : a->dims[from++];
    return fresh ? ox__ev_out_reshaped(e, 0, 0, rank, dims) : s;
}

/* ---- Expand, Tile ---- */
static ox_status copy_view(ox__ev *e, const ox__view *v, uint32_t rank, const int64_t *dims)
{
    ox__dest d;
    ox_status s = ox__mv_begin(e, &d, 0, e->in[0].dtype, rank, dims);
    if (s != OX_OK) return s;
    unsigned item;
    const uint8_t *src = ox__mv_source(e, &e->in[0], &item);
    if (!src) return OX_E_NOMEM;
    if (d.n) ox__view_copy(e, d.data, src, item, v);
    return ox__mv_end(e, &d);
}

ox_status ox__eval_expand(ox__ev *e)
{
    const int64_t *want;
    size_t n;
    const ox__dense *a = &e->in[0];
    ox_status s = ox__ev_need(e, 0, 2);
    if (s != OX_OK) return s;
    if (!ox__ev_list(e, NULL, 1, &want, &n)) return ox__nomem(e->err);
    uint32_t rank = OX__MAX(a->rank, (uint32_t)OX__MIN(n, OX_MAX_RANK));
    int64_t *dims = ox__mv_dims(e, OX__MAX(n, rank), &s), *strides = dims ? ox__mv_dims(e, a->rank, &s) : NULL;
    if (!strides) return s;
    ox__view v = {0};
    ox__ev_strides(a->dims, a->rank, strides);
    for (uint32_t i = 0; i < rank; i++) {
        uint32_t at = i - (rank - a->rank);
        int64_t x = i < rank - a->rank ? 1 : a->dims[at], y = i < rank - n ? 1 : want[i - (rank - n)];
        if (x != y && x != 1 && y != 1)
            return ox__ev_fail(e, "dims %" PRId64 " and %" PRId64 " cannot be broadcast", x, y);
        dims[i] = x == 1 ? y : x;
        ox__view_dim(&v, dims[i], x != 1 ? strides[at] : 0);
    }
    return copy_view(e, &v, rank, dims);
}

/* Opset 1 repeats one axis: inputs data, tiles, axis. */
static ox_status repeats_of(ox__ev *e, const int64_t **out)
{
    const ox__dense *a = &e->in[0];
    size_t n;
    ox_status s = ox__ev_need(e, 0, e->opset < 6 ? 3 : 2);
    if (s != OX_OK) return s;
    if (e->opset < 6) {
        int64_t *r = ox__mv_dims(e, a->rank, &s), axis = 0;
        if (!r) return s;
        if (e->in[1].n != 1 || e->in[2].n != 1) return ox__ev_fail(e, "tiles and axis are no scalars");
        for (uint32_t i = 0; i < a->rank; i++) r[i] = 1;
        axis = ox__ev_i64(&e->in[2], 0);
        s = ox__ev_axis(e, &axis, a->rank);
        if (s == OX_OK) r[axis] = ox__ev_i64(&e->in[1], 0);
        *out = r;
        return s;
    }
    if (!ox__ev_list(e, NULL, 1, out, &n)) return ox__nomem(e->err);
    return n == a->rank ? OX_OK : ox__ev_fail(e, "%zu repeats for %u dims", n, (unsigned)a->rank);
}

ox_status ox__eval_tile(ox__ev *e)
{
    const int64_t *repeats;
    const ox__dense *a = &e->in[0];
    ox_status s = repeats_of(e, &repeats);
    if (s != OX_OK) return s;
    int64_t *dims = ox__mv_dims(e, a->rank, &s), *strides = dims ? ox__mv_dims(e, a->rank, &s) : NULL;
    if (!strides) return s;
    ox__view v = {0};
    ox__ev_strides(a->dims, a->rank, strides);
    for (uint32_t i = 0; i < a->rank; i++) {
        if (repeats[i] < 0 || __builtin_mul_overflow(a->dims[i], repeats[i], &dims[i]))
            return ox__ev_fail(e, "%" PRId64 " repeats of a dim of %" PRId64, repeats[i], a->dims[i]);
        ox__view_dim(&v, repeats[i], 0);
        ox__view_dim(&v, a->dims[i], strides[i]);
    }
    return copy_view(e, &v, a->rank, dims);
}
