/* Floor 3. Computing Scatter, ScatterElements, ScatterND and TensorScatter: the data, changed in places. */
#include "ops/gather.h"
#include "ops/move.h"

#include <inttypes.h>

/* ---- what an update does to what is there ---- */
typedef enum reduction { REDUCE_NONE, REDUCE_ADD, REDUCE_MUL, REDUCE_MIN, REDUCE_MAX } reduction;

/* Applies n updates to n elements that lie in a row. */
typedef void (*combine_fn)(ox_dtype dtype, void *data, const void *update, uint64_t n);

#define COMBINE(NAME, TYPE, EXPR) \
    static void NAME(ox_dtype dtype, void *data, const void *update, uint64_t n) \
    { \
        (void)dtype; \
        TYPE *d = data; \
        const TYPE *u = update; \
        for (uint64_t i = 0; i < n; i++) d[i] = (TYPE)(EXPR); \
    }
#define LESSER(TYPE) \
    COMBINE(min_##TYPE, TYPE, u[i] < d[i] ? u[i] : d[i]) \
    COMBINE(max_##TYPE, TYPE, d[i] < u[i] ? u[i] : d[i])
#define FLOATS(TYPE) COMBINE(add_##TYPE, TYPE, d[i] + u[i]) COMBINE(mul_##TYPE, TYPE, d[i] * u[i]) LESSER(TYPE)
/* Integers wrap around. */
#define INTEGERS(TYPE) \
    COMBINE(add_##TYPE, TYPE, (uint64_t)d[i] + (uint64_t)u[i]) \
    COMBINE(mul_##TYPE, TYPE, (uint64_t)d[i] * (uint64_t)u[i]) LESSER(TYPE)
FLOATS(float)
FLOATS(double)
INTEGERS(int8_t)
INTEGERS(int16_t)
INTEGERS(int32_t)
INTEGERS(int64_t)
INTEGERS(uint8_t)
INTEGERS(uint16_t)
INTEGERS(uint32_t)
INTEGERS(uint64_t)
COMBINE(any_bool, uint8_t, d[i] | u[i])
COMBINE(all_bool, uint8_t, d[i] & u[i])

/* Small floats are rounded after each step. */
#define ROUNDED(NAME, EXPR) \
    static void NAME(ox_dtype dtype, void *data, const void *update, uint64_t n) \
    { \
        for (uint64_t i = 0; i < n; i++) { \
            double d = ox_dtype_get_f64(dtype, data, i), u = ox_dtype_get_f64(dtype, update, i); \
            ox_dtype_set_f64(dtype, data, i, EXPR); \
        } \
    }
ROUNDED(add_small, d + u)
ROUNDED(mul_small, d *u)
ROUNDED(min_small, u < d ? u : d)
ROUNDED(max_small, d < u ? u : d)

#define OF(TYPE) \
    { \
        add_##TYPE, mul_##TYPE, min_##TYPE, max_##TYPE \
    }
static combine_fn combine_of(ox_dtype dtype, reduction r)
{
    static const combine_fn table[OX_N_DTYPES][4] = {
        [OX_FLOAT] = OF(float),
        [OX_DOUBLE] = OF(double),
        [OX_INT8] = OF(int8_t),
        [OX_INT16] = OF(int16_t),
        [OX_INT32] = OF(int32_t),
        [OX_INT64] = OF(int64_t),
        [OX_UINT8] = OF(uint8_t),
        [OX_UINT16] = OF(uint16_t),
        [OX_UINT32] = OF(uint32_t),
        [OX_UINT64] = OF(uint64_t),
        [OX_FLOAT16] = OF(small),
        [OX_BFLOAT16] = OF(small),
        [OX_BOOL] = {any_bool, all_bool, all_bool, any_bool},
    };
    return table[dtype][r - REDUCE_ADD];
}

/* *fn stays NULL for plain replacement. */
static ox_status reduction_of(ox__ev *e, combine_fn *fn)
{
    static const char *const names[] = {"none", "add", "mul", "min", "max"};
    *fn = NULL;
    for (size_t i = 0; i < OX__COUNT(names); i++) {
        if (!ox__ev_string_is(e, "reduction", "none", names[i])) continue;
        if (i != REDUCE_NONE) *fn = combine_of(e->in[0].dtype, (reduction)i);
        return i == REDUCE_NONE || *fn ? OX_OK
                                       : ox__ev_unsupported(e, "reduction %s of elements of %s", names[i],
                                                            ox_dtype_name(e->in[0].dtype, OX_DTYPE_NUMPY));
    }
    return ox__ev_fail(e, "the reduction is none of none, add, mul, min, max");
}

/* Output 0 begins as a copy of the data; *update are the elements of input i. */
static ox_status begin(ox__ev *e, ox__dest *d, size_t i, const uint8_t **update)
{
    const ox__dense *a = &e->in[0];
    unsigned item;
    if (e->in[i].dtype != a->dtype) return ox__ev_fail(e, "the updates differ from the data in type");
    ox_status s = ox__mv_begin(e, d, 0, a->dtype, a->rank, a->dims);
    if (s != OX_OK) return s;
    const uint8_t *src = ox__mv_source(e, a, &item);
    *update = src ? ox__mv_source(e, &e->in[i], &item) : NULL;
    if (!*update) return OX_E_NOMEM;
    memcpy(d->data, src, (size_t)a->n * item);
    return OX_OK;
}

/* ---- Scatter, ScatterElements ---- */
ox_status ox__eval_scatter_elements(ox__ev *e)
{
    const ox__dense *a = &e->in[0], *idx = &e->in[1];
    ox_status s = ox__ev_need(e, 0, 3);
    int64_t axis = ox__ev_int(e, "axis", 0);
    if (s == OX_OK) s = ox__ev_axis(e, &axis, a->rank);
    ox__index_walk w;
    if (s == OX_OK) s = ox__index_walk_init(e, &w, a, idx, axis);
    if (s != OX_OK) return s;
    if (e->in[2].rank != idx->rank || memcmp(e->in[2].dims, idx->dims, idx->rank * sizeof *idx->dims) != 0)
        return ox__ev_fail(e, "the updates differ from the indices in their dims");
    const int64_t *k = ox__indices_of(e, idx, a->dims[axis], &s);
    if (!k) return s;
    combine_fn combine;
    ox__dest d;
    const uint8_t *update;
    s = reduction_of(e, &combine);
    if (s == OX_OK) s = begin(e, &d, 2, &update);
    if (s != OX_OK) return s;
    for (uint64_t r = 0; r < w.n_rows; r++, ox__index_walk_next(&w))
        for (uint64_t j = 0; j < w.n; j++, update += d.item) {
            uint8_t *at = d.data + (w.base + *k++ * w.by + (int64_t)j * w.beside) * (int64_t)d.item;
            if (combine)
                combine(a->dtype, at, update, 1);
            else
                memcpy(at, update, d.item);
        }
    return ox__mv_end(e, &d);
}

/* ---- ScatterND ---- */

/* The updates are as many slices as there are index tuples. */
static ox_status check_updates(ox__ev *e, const ox__dense *a, const ox__dense *idx, const ox__dense *update,
                               uint32_t last)
{
    uint32_t q = idx->rank - 1;
    bool fits = update->rank == q + a->rank - last;
    for (uint32_t i = 0; fits && i < q; i++) fits = update->dims[i] == idx->dims[i];
    for (uint32_t i = last; fits && i < a->rank; i++) fits = update->dims[q + i - last] == a->dims[i];
    return fits ? OX_OK : ox__ev_fail(e, "the dims of the updates do not fit data and indices");
}

ox_status ox__eval_scatter_nd(ox__ev *e)
{
    const ox__dense *a = &e->in[0], *idx = &e->in[1];
    ox_status s = ox__ev_need(e, 0, 3);
    if (s != OX_OK) return s;
    if (idx->rank < 1 || idx->dims[idx->rank - 1] > (int64_t)a->rank || !ox_dtype_is_integer(idx->dtype))
        return ox__ev_fail(e, "the indices do not fit data of %u dims", (unsigned)a->rank);
    uint32_t last = (uint32_t)idx->dims[idx->rank - 1];
    s = check_updates(e, a, idx, &e->in[2], last);
    combine_fn combine;
    ox__dest d;
    const uint8_t *update;
    if (s == OX_OK) s = reduction_of(e, &combine);
    if (s == OX_OK) s = begin(e, &d, 2, &update);
    if (s != OX_OK) return s;
    int64_t *strides = ox__mv_dims(e, a->rank, &s);
    const int64_t *v = strides ? ox__ev_int64s_of(e, idx) : NULL;
    if (!v) return s != OX_OK ? s : OX_E_NOMEM;
    ox__ev_strides(a->dims, a->rank, strides);
    uint64_t slice = 1, count = 1;
    for (uint32_t i = last; i < a->rank; i++) slice *= (uint64_t)a->dims[i];
    for (uint32_t i = 0; i + 1 < idx->rank; i++) count *= (uint64_t)idx->dims[i];
    for (uint64_t i = 0; slice && i < count; i++, update += slice * d.item) {
        int64_t at = 0;
        for (uint32_t j = 0; j < last; j++) {
            int64_t k = *v++, n = a->dims[j], pos = k < 0 ? k + n : k;
            if (pos < 0 || pos >= n) return ox__ev_fail(e, "index %" PRId64 " of %" PRId64 " elements", k, n);
            at += pos * strides[j];
        }
        if (combine)
            combine(a->dtype, d.data + (uint64_t)at * d.item, update, slice);
        else
            memcpy(d.data + (uint64_t)at * d.item, update, (size_t)(slice * d.item));
    }
    return ox__mv_end(e, &d);
}

/* ---- TensorScatter ---- */
ox_status ox__eval_tensor_scatter(ox__ev *e)
{
    const ox__dense *a = &e->in[0], *up = &e->in[1];
    ox_status s = ox__ev_need(e, 0, 2);
    int64_t axis = ox__ev_int(e, "axis", -2);
    if (s == OX_OK) s = ox__ev_axis(e, &axis, a->rank);
    if (s != OX_OK) return s;
    if (axis == 0) return ox__ev_fail(e, "the axis is that of the batch");
    if (up->rank != a->rank) return ox__ev_fail(e, "the update differs from the cache in rank");
    for (uint32_t i = 0; i < a->rank; i++)
        if ((int64_t)i == axis ? up->dims[i] > a->dims[i] : up->dims[i] != a->dims[i])
            return ox__ev_fail(e, "dim %u of the update does not fit the cache", (unsigned)i);
    bool circular = ox__ev_string_is(e, "mode", "linear", "circular"), has_at = ox__ev_has(e, 2);
    int64_t len = up->dims[axis], max = a->dims[axis], batch = a->dims[0];
    if (has_at && (e->in[2].n != (uint64_t)batch || !ox_dtype_is_integer(e->in[2].dtype)))
        return ox__ev_fail(e, "the write indices are not one for each of the batch");
    ox__dest d;
    const uint8_t *update;
    s = begin(e, &d, 1, &update);
    if (s != OX_OK || !up->n) return s != OX_OK ? s : ox__mv_end(e, &d);
    uint64_t outer, inner;
    ox__mv_around(a->dims, a->rank, axis, &outer, &inner);
    uint64_t row = inner * d.item, per = outer / (uint64_t)batch;
    for (uint64_t o = 0; o < outer; o++, update += (uint64_t)len * row) {
        int64_t at = has_at ? ox__ev_i64(&e->in[2], o / per) : 0;
        if (at < 0 || (!circular && at > max - len))
            return ox__ev_fail(e, "%" PRId64 " elements at %" PRId64 " do not fit a cache of %" PRId64, len, at, max);
        at %= OX__MAX(max, 1);
        int64_t first = OX__MIN(len, max - at);
        memcpy(d.data + (o * (uint64_t)max + (uint64_t)at) * row, update, (size_t)((uint64_t)first * row));
        memcpy(d.data + o * (uint64_t)max * row, update + (uint64_t)first * row,
               (size_t)((uint64_t)(len - first) * row));
    }
    return ox__mv_end(e, &d);
}
