/* Floor 3. Computing Gather, GatherElements, GatherND, Compress, NonZero and OneHot. */
#include "ops/gather.h"
#include "ops/move.h"

#include <inttypes.h>

/* ---- what they share ---- */
const int64_t *ox__indices_of(ox__ev *e, const ox__dense *idx, int64_t d, ox_status *s)
{
    *s = OX_OK;
    if (!ox_dtype_is_integer(idx->dtype)) *s = ox__ev_fail(e, "the indices are no integers");
    if (*s != OX_OK) return NULL;
    int64_t *v = idx->n > SIZE_MAX / 2 / sizeof *v ? NULL : ox__arena_alloc(e->mem, ((size_t)idx->n + 1) * sizeof *v);
    const int64_t *given = v ? ox__ev_int64s_of(e, idx) : NULL;
    if (!given) *s = ox__nomem(e->err);
    for (uint64_t i = 0; *s == OX_OK && i < idx->n; i++) {
        v[i] = given[i] < 0 ? given[i] + d : given[i];
        if (v[i] < 0 || v[i] >= d) *s = ox__ev_fail(e, "index %" PRId64 " of %" PRId64 " elements", given[i], d);
    }
    return *s == OX_OK ? v : NULL;
}

typedef struct picks {
    uint8_t *dst;
    const uint8_t *src;
    const int64_t *idx;
    uint64_t n, d, bytes;
} picks;

#define PICK(SIZE) \
    case SIZE: \
        for (uint64_t i = from; i < to; i++) \
            memcpy(p->dst + i * (SIZE), p->src + (i / p->n * p->d + (uint64_t)p->idx[i % p->n]) * (SIZE), SIZE); \
        break;
static void pick(void *ud, uint64_t from, uint64_t to)
{
    const picks *p = ud;
    switch (p->bytes) {
        PICK(1)
        PICK(2)
        PICK(4)
        PICK(8)
        PICK(16)
    default:
        for (uint64_t i = from; i < to; i++)
            memcpy(p->dst + i * p->bytes, p->src + (i / p->n * p->d + (uint64_t)p->idx[i % p->n]) * p->bytes,
                   (size_t)p->bytes);
    }
}

void ox__gather_rows(ox__ev *e, void *dst, const void *src, uint64_t outer, uint64_t d, uint64_t bytes,
                     const int64_t *idx, uint64_t n)
{
    picks p = {dst, src, idx, n, d, bytes};
    if (!outer || !n || !bytes) return;
    ox__ev_parallel(e, outer * n, 65536 / OX__MIN(bytes, 65536), pick, &p);
}

ox_status ox__gather_out(ox__ev *e, bool flat, int64_t axis, const int64_t *idx, int64_t n)
{
    const ox__dense *a = &e->in[0];
    ox_status s;
    ox__dest d;
    unsigned item;
    uint64_t outer = 1, inner = 1, all = flat ? a->n : (uint64_t)a->dims[axis];
    int64_t *dims = ox__mv_dims(e, a->rank + 1, &s);
    if (!dims) return s;
    if (!flat) memcpy(dims, a->dims, a->rank * sizeof *dims);
    if (!flat) ox__mv_around(a->dims, a->rank, axis, &outer, &inner);
    dims[flat ? 0 : axis] = n;
    s = ox__mv_begin(e, &d, 0, a->dtype, flat ? 1 : a->rank, dims);
    if (s != OX_OK) return s;
    const uint8_t *src = ox__mv_source(e, a, &item);
    if (!src) return OX_E_NOMEM;
    ox__gather_rows(e, d.data, src, outer, all, inner * item, idx, (uint64_t)n);
    return ox__mv_end(e, &d);
}

ox_status ox__index_walk_init(ox__ev *e, ox__index_walk *w, const ox__dense *data, const ox__dense *idx, int64_t axis)
{
    ox_status s = OX_OK;
    if (data->rank < 1 || idx->rank != data->rank)
        return ox__ev_fail(e, "indices of %u dims for data of %u", (unsigned)idx->rank, (unsigned)data->rank);
    for (uint32_t i = 0; i < data->rank; i++)
        if ((int64_t)i != axis && idx->dims[i] > data->dims[i])
            return ox__ev_fail(e, "dim %u of the indices is larger than that of the data", (unsigned)i);
    uint32_t last = data->rank - 1;
    *w = (ox__index_walk){.n = (uint64_t)idx->dims[last], .rank = data->rank, .dims = idx->dims, .axis = axis};
    w->strides = ox__mv_dims(e, data->rank, &s);
    w->at = w->strides ? ox__mv_dims(e, data->rank, &s) : NULL;
    if (!w->at) return s;
    memset(w->at, 0, data->rank * sizeof *w->at);
    ox__ev_strides(data->dims, data->rank, w->strides);
    w->n_rows = w->n ? idx->n / w->n : 0;
    w->by = w->strides[axis];
    w->beside = axis != (int64_t)last;
    return OX_OK;
}

void ox__index_walk_next(ox__index_walk *w)
{
    for (uint32_t d = w->rank - 1; d-- > 0;) {
        int64_t step = (int64_t)d == w->axis ? 0 : w->strides[d];
        w->base += step;
        if (++w->at[d] < w->dims[d]) return;
        w->base -= step * w->dims[d];
        w->at[d] = 0;
    }
}

/* ---- Gather ---- */
ox_status ox__eval_gather(ox__ev *e)
{
    const ox__dense *a = &e->in[0], *idx = &e->in[1];
    ox_status s = ox__ev_need(e, 0, 2);
    int64_t axis = ox__ev_int(e, "axis", 0);
    if (s == OX_OK) s = ox__ev_axis(e, &axis, a->rank);
    if (s != OX_OK) return s;
    const int64_t *k = ox__indices_of(e, idx, a->dims[axis], &s);
    int64_t *dims = k ? ox__mv_dims(e, (size_t)a->rank + idx->rank, &s) : NULL;
    if (!dims) return s;
    uint32_t n = 0;
    for (uint32_t i = 0; i < axis; i++) dims[n++] = a->dims[i];
    for (uint32_t i = 0; i < idx->rank; i++) dims[n++] = idx->dims[i];
    for (uint32_t i = (uint32_t)axis + 1; i < a->rank; i++) dims[n++] = a->dims[i];
    ox__dest d;
    unsigned item;
    s = ox__mv_begin(e, &d, 0, a->dtype, n, dims);
    if (s != OX_OK) return s;
    const uint8_t *src = ox__mv_source(e, a, &item);
    if (!src) return OX_E_NOMEM;
    uint64_t outer, inner;
    ox__mv_around(a->dims, a->rank, axis, &outer, &inner);
    if (d.n) ox__gather_rows(e, d.data, src, outer, (uint64_t)a->dims[axis], inner * item, k, idx->n);
    return ox__mv_end(e, &d);
}

/* ---- GatherElements ---- */

/* One row of indices; false when one is outside, which *idx then points at. */
#define PICK_ROW(SIZE) \
    case SIZE: \
        for (int64_t j = 0, n = (int64_t)w->n; j < n; j++, (*idx)++) { \
            int64_t k = **idx + (**idx < 0 ? d : 0); \
            if ((uint64_t)k >= (uint64_t)d) return false; \
            memcpy(out + j * (SIZE), src + (w->base + k * w->by + j * w->beside) * (SIZE), SIZE); \
        } \
        break;
static bool pick_row(const ox__index_walk *w, const int64_t **idx, int64_t d, uint8_t *out, const uint8_t *src,
                     unsigned item)
{
    switch (item) {
        PICK_ROW(1)
        PICK_ROW(2)
        PICK_ROW(4)
        PICK_ROW(8)
        PICK_ROW(16)
    }
    return true;
}

ox_status ox__eval_gather_elements(ox__ev *e)
{
    const ox__dense *a = &e->in[0], *idx = &e->in[1];
    ox_status s = ox__ev_need(e, 0, 2);
    int64_t axis = ox__ev_int(e, "axis", 0);
    if (s == OX_OK) s = ox__ev_axis(e, &axis, a->rank);
    ox__index_walk w;
    if (s == OX_OK) s = ox__index_walk_init(e, &w, a, idx, axis);
    if (s != OX_OK) return s;
    if (!ox_dtype_is_integer(idx->dtype)) return ox__ev_fail(e, "the indices are no integers");
    const int64_t *k = ox__ev_int64s_of(e, idx);
    if (!k) return OX_E_NOMEM;
    ox__dest d;
    unsigned item;
    s = ox__mv_begin(e, &d, 0, a->dtype, idx->rank, idx->dims);
    const uint8_t *src = s == OX_OK ? ox__mv_source(e, a, &item) : NULL;
    if (!src) return s != OX_OK ? s : OX_E_NOMEM;
    for (uint64_t r = 0; r < w.n_rows; r++, ox__index_walk_next(&w))
        if (!pick_row(&w, &k, a->dims[axis], d.data + r * w.n * item, src, item))
            return ox__ev_fail(e, "index %" PRId64 " of %" PRId64 " elements", *k, a->dims[axis]);
    return ox__mv_end(e, &d);
}

/* ---- GatherND ---- */

/* The places in the data that index tuples of `last` entries mean, `per` tuples for each of the first dims' batches. */
static ox_status places(ox__ev *e, const ox__dense *a, const ox__dense *idx, uint32_t batch, uint32_t last,
                        int64_t *out)
{
    ox_status s = OX_OK;
    uint64_t n = last ? idx->n / last : 0, per = n;
    const int64_t *v = ox__ev_int64s_of(e, idx);
    int64_t *strides = ox__mv_dims(e, a->rank, &s);
    if (!v || !strides) return s != OX_OK ? s : OX_E_NOMEM;
    ox__ev_strides(a->dims, a->rank, strides);
    for (uint32_t i = 0; i < batch; i++) per /= (uint64_t)OX__MAX(a->dims[i], 1);
    for (uint64_t i = 0; i < n; i++) {
        out[i] = batch ? (int64_t)(i / per) * strides[batch - 1] : 0;
        for (uint32_t j = 0; j < last; j++) {
            int64_t d = a->dims[batch + j], k = *v++, at = k < 0 ? k + d : k;
            if (at < 0 || at >= d) return ox__ev_fail(e, "index %" PRId64 " of %" PRId64 " elements", k, d);
            out[i] += at * strides[batch + j];
        }
    }
    return OX_OK;
}

ox_status ox__eval_gather_nd(ox__ev *e)
{
    const ox__dense *a = &e->in[0], *idx = &e->in[1];
    ox_status s = ox__ev_need(e, 0, 2);
    if (s != OX_OK) return s;
    int64_t batch = ox__ev_int(e, "batch_dims", 0);
    if (idx->rank < 1 || !ox_dtype_is_integer(idx->dtype)) return ox__ev_fail(e, "the indices are no integer vectors");
    int64_t last = idx->dims[idx->rank - 1];
    if (batch < 0 || batch >= idx->rank || batch > a->rank || last > (int64_t)a->rank - batch || last < 1)
        return ox__ev_fail(e, "indices of %" PRId64 " entries for %u dims", last, (unsigned)a->rank);
    for (int64_t i = 0; i < batch; i++)
        if (idx->dims[i] != a->dims[i]) return ox__ev_fail(e, "batch dim %" PRId64 " differs", i);
    int64_t *dims = ox__mv_dims(e, (size_t)a->rank + idx->rank, &s);
    if (!dims) return s;
    uint32_t n = 0;
    uint64_t slice = 1;
    for (uint32_t i = 0; i + 1 < idx->rank; i++) dims[n++] = idx->dims[i];
    for (uint32_t i = (uint32_t)(batch + last); i < a->rank; i++) {
        dims[n++] = a->dims[i];
        slice *= (uint64_t)a->dims[i];
    }
    ox__dest d;
    unsigned item;
    s = ox__mv_begin(e, &d, 0, a->dtype, n, dims);
    if (s != OX_OK) return s;
    uint64_t count = idx->n / (uint64_t)last;
    int64_t *at = ox__arena_alloc(e->mem, ((size_t)count + 1) * sizeof *at);
    const uint8_t *src = at ? ox__mv_source(e, a, &item) : NULL;
    if (!src) return ox__nomem(e->err);
    s = places(e, a, idx, (uint32_t)batch, (uint32_t)last, at);
    if (s != OX_OK) return s;
    for (uint64_t i = 0; i < count && slice; i++)
        memcpy(d.data + i * slice * item, src + (uint64_t)at[i] * item, (size_t)(slice * item));
    return ox__mv_end(e, &d);
}

/* ---- Compress ---- */
ox_status ox__eval_compress(ox__ev *e)
{
    const ox__dense *a = &e->in[0], *cond = &e->in[1];
    ox_status s = ox__ev_need(e, 0, 2);
    if (s != OX_OK) return s;
    bool flat = !ox__ev_attr(e, "axis", OX_ATTR_INT);
    int64_t axis = ox__ev_int(e, "axis", 0), kept = 0;
    if (!flat) s = ox__ev_axis(e, &axis, a->rank);
    if (s != OX_OK) return s;
    if (cond->dtype != OX_BOOL || cond->rank != 1) return ox__ev_fail(e, "the condition is no vector of bools");
    uint64_t n_cond = OX__MIN(flat ? a->n : (uint64_t)a->dims[axis], cond->n);
    int64_t *keep = ox__arena_alloc(e->mem, ((size_t)n_cond + 1) * sizeof *keep);
    if (!keep) return ox__nomem(e->err);
    for (uint64_t i = 0; i < n_cond; i++)
        if (((const uint8_t *)cond->data)[i]) keep[kept++] = (int64_t)i;
    return ox__gather_out(e, flat, axis, keep, kept);
}

/* ---- NonZero ---- */

/* The sign of a float zero does not count; types of odd floats are asked for the number. */
static bool is_set(const ox__dense *a, uint64_t i)
{
    const uint8_t *p = a->data;
    switch (a->dtype) {
    case OX_STRING: return ((const ox_bytes *)a->data)[i].n != 0;
    case OX_FLOAT: return ((const float *)a->data)[i] != 0;
    case OX_BOOL: return p[i] != 0;
    case OX_INT64: return ((const int64_t *)a->data)[i] != 0;
    case OX_COMPLEX64: return ((const float *)a->data)[2 * i] != 0 || ((const float *)a->data)[2 * i + 1] != 0;
    case OX_COMPLEX128: return ((const double *)a->data)[2 * i] != 0 || ((const double *)a->data)[2 * i + 1] != 0;
    default: return ox_dtype_is_float(a->dtype) ? ox__ev_f64(a, i) != 0 : ox__ev_i64(a, i) != 0;
    }
}

ox_status ox__eval_non_zero(ox__ev *e)
{
    const ox__dense *a = &e->in[0];
    ox_status s = ox__ev_need(e, 0, 1);
    uint64_t n = 0, k = 0;
    for (uint64_t i = 0; s == OX_OK && i < a->n; i++) n += is_set(a, i);
    int64_t dims[2] = {s == OX_OK ? a->rank : 0, (int64_t)n},
            *out = s == OX_OK ? ox__ev_out(e, 0, OX_INT64, 2, dims, &s) : NULL;
    if (!out) return s;
    int64_t *at = ox__mv_dims(e, a->rank, &s);
    if (!at) return s;
    memset(at, 0, a->rank * sizeof *at);
    for (uint64_t i = 0; i < a->n; i++) {
        if (is_set(a, i)) {
            for (uint32_t d = 0; d < a->rank; d++) out[d * n + k] = at[d];
            k++;
        }
        for (uint32_t d = a->rank; d-- > 0;) {
            if (++at[d] < a->dims[d]) break;
            at[d] = 0;
        }
    }
    return OX_OK;
}

/* ---- OneHot ---- */
ox_status ox__eval_one_hot(ox__ev *e)
{
    const ox__dense *idx = &e->in[0], *values = &e->in[2];
    ox_status s = ox__ev_need(e, 0, 3);
    if (s != OX_OK) return s;
    if (e->in[1].n != 1 || values->n != 2) return ox__ev_fail(e, "the depth is no scalar, or the values are no pair");
    int64_t depth = ox__ev_i64(&e->in[1], 0), axis = ox__ev_int(e, "axis", -1),
            *dims = ox__mv_dims(e, idx->rank + 1, &s);
    if (dims) s = ox__ev_axis(e, &axis, idx->rank + 1);
    if (s != OX_OK) return s;
    if (depth < 0) return ox__ev_fail(e, "a depth of %" PRId64, depth);
    for (uint32_t i = 0, k = 0; i <= idx->rank; i++) dims[i] = (int64_t)i == axis ? depth : idx->dims[k++];
    ox__dest d;
    unsigned item;
    s = ox__mv_begin(e, &d, 0, values->dtype, idx->rank + 1, dims);
    if (s != OX_OK) return s;
    const uint8_t *v = ox__mv_source(e, values, &item);
    if (!v) return OX_E_NOMEM;
    uint64_t outer, inner;
    ox__mv_around(dims, idx->rank + 1, axis, &outer, &inner);
    if (d.n) ox__mv_fill(d.data, v, item, d.n);
    for (uint64_t i = 0; d.n && i < idx->n; i++) {
        int64_t k = ox__ev_i64(idx, i);
        if (k < -depth || k >= depth) continue;
        uint64_t at = (i / inner * (uint64_t)depth + (uint64_t)(k < 0 ? k + depth : k)) * inner + i % inner;
        memcpy(d.data + at * item, v + item, item);
    }
    return ox__mv_end(e, &d);
}
