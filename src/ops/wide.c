/* Floor 3. Results in a wider type than their own. */
#include "ops/wide.h"

ox_dtype ox__wide_type(ox_dtype dtype)
{
    if (dtype == OX_DOUBLE) return OX_DOUBLE;
    return dtype == OX_FLOAT || dtype == OX_FLOAT16 || dtype == OX_BFLOAT16 ? OX_FLOAT : OX_UNDEFINED;
}

const void *ox__wide_of(ox__ev *e, const ox__dense *a, ox_dtype in)
{
    return in == OX_DOUBLE ? (const void *)ox__ev_doubles_of(e, a) : (const void *)ox__ev_floats_of(e, a);
}

ox_status ox__wide_out(ox__ev *e, ox__wide *w, size_t o, ox_dtype dtype, ox_dtype in, uint32_t rank,
                       const int64_t *dims)
{
    ox_status s = OX_OK;
    size_t item = in == OX_DOUBLE ? 8 : 4;
    *w = (ox__wide){.in = in, .dtype = dtype, .n = 1};
    w->out = w->p = ox__ev_out(e, o, dtype, rank, dims, &s);
    if (!w->out) return s;
    for (uint32_t i = 0; i < rank; i++) w->n *= (uint64_t)dims[i];
    if (dtype == in) return OX_OK;
    w->p = w->n > SIZE_MAX / 2 / item ? NULL : ox__arena_alloc(e->mem, OX__MAX((size_t)w->n, 1) * item);
    if (!w->p) return ox__nomem(e->err);
    memset(w->p, 0, (size_t)w->n * item);
    return OX_OK;
}

static void store_some(void *ud, uint64_t from, uint64_t to)
{
    const ox__wide *w = ud;
    if (w->in == OX_DOUBLE)
        for (uint64_t i = from; i < to; i++) ox_dtype_set_f64(w->dtype, w->out, i, ((const double *)w->p)[i]);
    else
        for (uint64_t i = from; i < to; i++) ox_dtype_set_f64(w->dtype, w->out, i, (double)((const float *)w->p)[i]);
}

void ox__wide_store(ox__ev *e, const ox__wide *w)
{
    ox__wide copy = *w;
    bool packed = ox_dtype_bits(w->dtype) < 8; /* neighbours share a byte */
    if (w->p != w->out) ox__ev_parallel(e, w->n, packed ? w->n : 4096, store_some, &copy);
}
