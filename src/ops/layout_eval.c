/* Floor 3. Computing Transpose, Concat, Split, Slice, DepthToSpace and SpaceToDepth. */
#include "ops/layout.h"
#include "ops/move.h"

#include <inttypes.h>

static ox_status copy_view(ox__ev *e, const ox__view *v, uint32_t rank, const int64_t *dims)
{
    ox__dest d;
    unsigned item;
    ox_status s = ox__mv_begin(e, &d, 0, e->in[0].dtype, rank, dims);
    if (s != OX_OK) return s;
    const uint8_t *src = ox__mv_source(e, &e->in[0], &item);
    if (!src) return OX_E_NOMEM;
    if (d.n) ox__view_copy(e, d.data, src, item, v);
    return ox__mv_end(e, &d);
}

/* ---- Transpose ---- */
ox_status ox__eval_transpose(ox__ev *e)
{
    const ox__dense *a = &e->in[0];
    size_t n;
    const int64_t *perm = ox__ev_ints(e, "perm", &n);
    ox_status s = ox__ev_need(e, 0, 1);
    if (s != OX_OK) return s;
    if (perm && n != a->rank) return ox__ev_fail(e, "perm has %zu entries for %u dims", n, (unsigned)a->rank);
    int64_t *dims = ox__mv_dims(e, a->rank, &s), *strides = dims ? ox__mv_dims(e, a->rank, &s) : NULL;
    bool *seen = ox__arena_alloc(e->mem, a->rank + 1);
    if (!strides || !seen) return s != OX_OK ? s : ox__nomem(e->err);
    memset(seen, 0, a->rank + 1);
    ox__view v = {0};
    ox__ev_strides(a->dims, a->rank, strides);
    for (uint32_t i = 0; i < a->rank; i++) {
        int64_t p = perm ? perm[i] : (int64_t)a->rank - 1 - i;
        if (p < 0 || p >= (int64_t)a->rank || seen[p])
            return ox__ev_fail(e, "perm is no permutation of the %u dims", (unsigned)a->rank);
        seen[p] = true;
        dims[i] = a->dims[p];
        ox__view_dim(&v, dims[i], strides[p]);
    }
    return copy_view(e, &v, a->rank, dims);
}

/* ---- Concat ---- */
ox_status ox__eval_concat(ox__ev *e)
{
    const ox__dense *a = &e->in[0];
    ox_status s = ox__ev_need(e, 0, OX__MAX(e->n_in, 1));
    if (s != OX_OK) return s;
    int64_t axis = ox__ev_int(e, "axis", 1), *dims = ox__mv_dims(e, a->rank, &s);
    if (!dims) return s;
    s = ox__ev_axis(e, &axis, a->rank);
    if (s != OX_OK) return s;
    memcpy(dims, a->dims, a->rank * sizeof *dims);
    dims[axis] = 0;
    for (size_t k = 0; k < e->n_in; k++) {
        const ox__dense *b = &e->in[k];
        if (b->dtype != a->dtype || b->rank != a->rank) return ox__ev_fail(e, "input %zu differs in type or rank", k);
        for (uint32_t i = 0; i < a->rank; i++)
            if (i != axis && b->dims[i] != a->dims[i])
                return ox__ev_fail(e, "input %zu differs in dim %u, which is not the axis", k, (unsigned)i);
        if (__builtin_add_overflow(dims[axis], b->dims[axis], &dims[axis]))
            return ox__ev_fail(e, "the dims are too large");
    }
    ox__dest d;
    s = ox__mv_begin(e, &d, 0, a->dtype, a->rank, dims);
    uint64_t outer, inner, at = 0;
    for (size_t k = 0; s == OX_OK && d.n && k < e->n_in; k++) {
        unsigned item;
        const uint8_t *src = ox__mv_source(e, &e->in[k], &item);
        if (!src) return OX_E_NOMEM;
        ox__mv_around(dims, a->rank, axis, &outer, &inner);
        uint64_t bytes = (uint64_t)e->in[k].dims[axis] * inner * item;
        ox__mv_rows(e, d.data + at, (uint64_t)dims[axis] * inner * item, src, bytes, bytes, outer);
        at += bytes;
    }
    return s == OX_OK ? ox__mv_end(e, &d) : s;
}

/* ---- Split ---- */

/* The part sizes: given, or equal with a smaller last one (opset 18 on; before it must divide). */
static ox_status split_sizes(ox__ev *e, int64_t total, const int64_t **out, size_t *n)
{
    bool given;
    ox_status s = ox__mv_list(e, "split", 1, out, n, &given);
    if (s != OX_OK) return s;
    if (given) {
        int64_t sum = 0;
        for (size_t i = 0; i < *n; i++)
            if ((*out)[i] < 0 || __builtin_add_overflow(sum, (*out)[i], &sum))
                return ox__ev_fail(e, "a part of %" PRId64, (*out)[i]);
        return sum == total ? OX_OK
                            : ox__ev_fail(e, "the sizes sum up to %" PRId64 ", the dim is %" PRId64, sum, total);
    }
    int64_t parts = ox__ev_int(e, "num_outputs", (int64_t)e->n_out), left = total;
    if (parts < (int64_t)e->n_out || parts > OX__MAX((int64_t)e->n_out, total))
        return ox__ev_fail(e, "%" PRId64 " parts for %zu outputs", parts, e->n_out);
    if (e->opset < 18 && total % parts)
        return ox__ev_fail(e, "%" PRId64 " cannot be split into %" PRId64 " equal parts", total, parts);
    int64_t part = total / parts + (total % parts != 0),
            *sizes = ox__arena_alloc(e->mem, (e->n_out + 1) * sizeof *sizes);
    if (!sizes) return ox__nomem(e->err);
    for (size_t i = 0; i < e->n_out; i++, left -= sizes[i - 1]) sizes[i] = OX__MIN(part, left);
    *out = sizes;
    *n = e->n_out;
    return OX_OK;
}

ox_status ox__eval_split(ox__ev *e)
{
    const ox__dense *a = &e->in[0];
    const int64_t *sizes;
    size_t n;
    unsigned item;
    ox_status s = ox__ev_need(e, 0, 1);
    if (s != OX_OK) return s;
    int64_t axis = ox__ev_int(e, "axis", 0), *dims = ox__mv_dims(e, a->rank, &s);
    if (!dims) return s;
    s = ox__ev_axis(e, &axis, a->rank);
    if (s == OX_OK) s = split_sizes(e, a->dims[axis], &sizes, &n);
    if (s == OX_OK && n < e->n_out) s = ox__ev_fail(e, "%zu sizes for %zu outputs", n, e->n_out);
    if (s != OX_OK) return s;
    const uint8_t *src = ox__mv_source(e, a, &item);
    if (!src) return OX_E_NOMEM;
    uint64_t outer, inner;
    if (a->rank) memcpy(dims, a->dims, a->rank * sizeof *dims);
    ox__mv_around(a->dims, a->rank, axis, &outer, &inner);
    for (size_t i = 0; s == OX_OK && i < e->n_out; i++) {
        ox__dest d;
        dims[axis] = sizes[i];
        uint64_t bytes = (uint64_t)sizes[i] * inner * item;
        s = ox__mv_begin(e, &d, i, a->dtype, a->rank, dims);
        if (s == OX_OK) ox__mv_rows(e, d.data, bytes, src, (uint64_t)a->dims[axis] * inner * item, bytes, outer);
        if (s == OX_OK) s = ox__mv_end(e, &d);
        src += bytes;
    }
    return s;
}

/* ---- Slice ---- */
typedef struct bounds {
    const int64_t *starts, *ends, *axes, *steps; /* axes, steps may be NULL */
    size_t n;
} bounds;

static ox_status bounds_of(ox__ev *e, bounds *b)
{
    size_t n_ends, n_axes, n_steps;
    bool attrs = e->opset < 10;
    bool starts, ends, axes, steps = false;
    ox_status s = ox__mv_list(e, attrs ? "starts" : NULL, 1, &b->starts, &b->n, &starts);
    if (s == OX_OK) s = ox__mv_list(e, attrs ? "ends" : NULL, 2, &b->ends, &n_ends, &ends);
    if (s == OX_OK) s = ox__mv_list(e, attrs ? "axes" : NULL, 3, &b->axes, &n_axes, &axes);
    if (s == OX_OK && !attrs) s = ox__mv_list(e, NULL, 4, &b->steps, &n_steps, &steps);
    if (s != OX_OK) return s;
    if (!starts || !ends) return ox__ev_fail(e, "the bounds are absent");
    if (n_ends != b->n || (axes && n_axes != b->n) || (steps && n_steps != b->n))
        return ox__ev_fail(e, "starts, ends, axes and steps differ in length");
    if (!axes) b->axes = NULL;
    if (!steps) b->steps = NULL;
    return OX_OK;
}

ox_status ox__eval_slice(ox__ev *e)
{
    const ox__dense *a = &e->in[0];
    bounds b = {0};
    ox_status s = ox__ev_need(e, 0, 1);
    if (s == OX_OK) s = bounds_of(e, &b);
    if (s != OX_OK) return s;
    int64_t *dims = ox__mv_dims(e, a->rank, &s), *step = dims ? ox__mv_dims(e, a->rank, &s) : NULL;
    bool *seen = ox__arena_alloc(e->mem, a->rank + 1);
    if (!step || !seen) return s != OX_OK ? s : ox__nomem(e->err);
    ox__view v = {0};
    memset(seen, 0, a->rank + 1);
    if (a->rank) memcpy(dims, a->dims, a->rank * sizeof *dims);
    ox__ev_strides(a->dims, a->rank, step);
    for (size_t i = 0; i < b.n; i++) {
        int64_t axis = b.axes ? b.axes[i] : (int64_t)i, by = b.steps ? b.steps[i] : 1, first, count;
        s = ox__ev_axis(e, &axis, a->rank);
        if (s != OX_OK) return s;
        if (seen[axis]) return ox__ev_fail(e, "axis %" PRId64 " is given twice", axis);
        seen[axis] = true;
        if (!ox__slice_range(a->dims[axis], b.starts[i], b.ends[i], by, &first, &count))
            return ox__ev_fail(e, "a step of %" PRId64, by);
        dims[axis] = count;
        v.from += count ? first * step[axis] : 0;
        if (count > 1) step[axis] *= by;
    }
    for (uint32_t i = 0; i < a->rank; i++) ox__view_dim(&v, dims[i], step[i]);
    return copy_view(e, &v, a->rank, dims);
}

/* ---- DepthToSpace, SpaceToDepth: transposes of six dims ---- */
static ox_status regroup(ox__ev *e, const int64_t split[6], const int perm[6], const int64_t dims[4])
{
    int64_t strides[6];
    ox__view v = {0};
    ox__ev_strides(split, 6, strides);
    for (int i = 0; i < 6; i++) ox__view_dim(&v, split[perm[i]], strides[perm[i]]);
    return copy_view(e, &v, 4, dims);
}

static ox_status blocks_of(ox__ev *e, int64_t *block)
{
    ox_status s = ox__ev_need(e, 0, 1);
    *block = ox__ev_int(e, "blocksize", 0);
    if (s == OX_OK && (e->in[0].rank != 4 || *block <= 0 || *block > INT32_MAX))
        s = ox__ev_fail(e, "it needs 4 dims and a positive blocksize");
    return s;
}

ox_status ox__eval_depth_to_space(ox__ev *e)
{
    int64_t b;
    ox_status s = blocks_of(e, &b);
    if (s != OX_OK) return s;
    const int64_t *d = e->in[0].dims;
    if (d[1] % (b * b)) return ox__ev_fail(e, "%" PRId64 " channels are no blocks of %" PRId64, d[1], b);
    int64_t c = d[1] / (b * b), dims[4] = {d[0], c};
    if (__builtin_mul_overflow(d[2], b, &dims[2]) || __builtin_mul_overflow(d[3], b, &dims[3]))
        return ox__ev_fail(e, "the dims are too large");
    if (ox__ev_string_is(e, "mode", "DCR", "CRD"))
        return regroup(e, (int64_t[]){d[0], c, b, b, d[2], d[3]}, (int[]){0, 1, 4, 2, 5, 3}, dims);
    if (!ox__ev_string_is(e, "mode", "DCR", "DCR")) return ox__ev_fail(e, "the mode is neither DCR nor CRD");
    return regroup(e, (int64_t[]){d[0], b, b, c, d[2], d[3]}, (int[]){0, 3, 4, 1, 5, 2}, dims);
}

ox_status ox__eval_space_to_depth(ox__ev *e)
{
    int64_t b;
    ox_status s = blocks_of(e, &b);
    if (s != OX_OK) return s;
    const int64_t *d = e->in[0].dims;
    if (d[2] % b || d[3] % b)
        return ox__ev_fail(e, "%" PRId64 " by %" PRId64 " is no whole number of blocks of %" PRId64, d[2], d[3], b);
    int64_t dims[4] = {d[0], 0, d[2] / b, d[3] / b};
    if (__builtin_mul_overflow(d[1], b * b, &dims[1])) return ox__ev_fail(e, "the dims are too large");
    const int64_t split[6] = {d[0], d[1], d[2] / b, b, d[3] / b, b};
    if (ox__ev_string_is(e, "mode", "DCR", "CRD")) return regroup(e, split, (int[]){0, 1, 3, 5, 2, 4}, dims);
    if (!ox__ev_string_is(e, "mode", "DCR", "DCR")) return ox__ev_fail(e, "the mode is neither DCR nor CRD");
    return regroup(e, split, (int[]){0, 3, 5, 1, 2, 4}, dims);
}
