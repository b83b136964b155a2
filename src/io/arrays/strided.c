/* Floor 3. Arrays whose elements stand apart: read in the order of their indices from the mapped file. */
#include "io/arrays/arrays_in.h"

/* One run along the last dim. */
static void copy_run(uint8_t *to, const uint8_t *from, uint64_t n, uint64_t step, size_t unit)
{
    if (step == unit) {
        memcpy(to, from, (size_t)(n * unit));
        return;
    }
    for (uint64_t i = 0; i < n; i++, to += unit, from += step) {
        if (unit == 4) /* the usual sizes are copied without a call */
            memcpy(to, from, 4);
        else if (unit == 2)
            memcpy(to, from, 2);
        else if (unit == 8)
            memcpy(to, from, 8);
        else
            memcpy(to, from, unit);
    }
}

static void advance(ox__gather *g, uint64_t n)
{
    const ox__array *row = g->row;
    uint32_t d = row->rank - 1;
    g->index[d] += n;
    g->place += n * (uint64_t)row->strides[d];
    for (; d > 0 && g->index[d] == (uint64_t)row->dims[d]; d--) {
        g->place -= (uint64_t)row->strides[d] * g->index[d];
        g->index[d] = 0;
        g->index[d - 1]++;
        g->place += (uint64_t)row->strides[d - 1];
    }
}

static ox_status gather(void *ud, ox_error *err)
{
    ox__gather *g = ud;
    const ox__array *row = g->row;
    uint32_t last = row->rank - 1;
    size_t unit = ox_dtype_bits(row->dtype) / 8;
    (void)err;
    for (uint64_t left = g->n / unit; left;) {
        uint64_t n = OX__MIN(left, (uint64_t)row->dims[last] - g->index[last]);
        copy_run(g->to, g->from + g->place * unit, n, (uint64_t)row->strides[last] * unit, unit);
        g->to += n * unit;
        left -= n;
        advance(g, n);
    }
    return OX_OK;
}

ox_status ox__gather_next(ox__gather *g, const ox__map *map, void *to, size_t n, ox_error *err)
{
    g->from = map->p + g->row->skip;
    g->to = to;
    g->n = n;
    return ox__guarded(gather, g, map->path, err);
}
