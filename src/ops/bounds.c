/* Floor 3. Bounds of dims. An expression is taken apart as far as its leaves bound it; what is not certain is not said.
 */
#include "ops/bounds.h"

enum { FAR = INT32_MAX }; /* what exporters write for "to the end" begins here */

bool ox__dim_is_size(const ox_model *m, ox_dim d)
{
    const ox_dim *ops;
    size_t n = ox_dim_operands(m, d, &ops), sizes = 0;
    int64_t v;
    switch (ox_dim_get_kind(m, d)) {
    case OX_DIM_CONST: return ox_dim_is_const(m, d, &v) && v >= 0;
    case OX_DIM_SYMBOL: return true;
    case OX_DIM_NONE:
    case OX_DIM_UNKNOWN: return false;
    default: break;
    }
    for (size_t i = 0; i < n; i++) sizes += ox__dim_is_size(m, ops[i]);
    return ox_dim_get_kind(m, d) == OX_DIM_MAX ? sizes > 0 : sizes == n;
}

bool ox__dim_at_most(ox_model *m, ox_dim a, ox_dim b)
{
    const ox_dim *ops;
    int64_t by;
    size_t n = ox_dim_operands(m, a, &ops);
    if (ox_dim_equal(m, a, b) || ox__dim_is_size(m, ox_dim_sub(m, b, a))) return true;
    if (ox_dim_get_kind(m, a) == OX_DIM_FLOORDIV && ox_dim_is_const(m, ops[1], &by) && by >= 1)
        return ox__dim_is_size(m, ops[0]) && ox__dim_at_most(m, ops[0], b);
    for (size_t i = 0; i < n && ox_dim_get_kind(m, a) == OX_DIM_MIN; i++)
        if (ox__dim_at_most(m, ops[i], b)) return true;
    return false;
}

/* ---- slices ---- */
static ox_dim zero(ox_model *m)
{
    return ox_dim_const(m, 0);
}

static ox_dim at_least_zero(ox_model *m, ox_dim d)
{
    return ox__dim_is_size(m, d) ? d : ox_dim_max(m, d, zero(m));
}

static ox_dim at_most(ox_model *m, ox_dim d, ox_dim size)
{
    return ox__dim_at_most(m, d, size) ? d : ox__dim_at_most(m, size, d) ? size : ox_dim_min(m, size, d);
}

static bool is_far(const ox_model *m, ox_dim d)
{
    int64_t v;
    return ox_dim_is_const(m, d, &v) && v >= FAR;
}

/* A constant below zero, which counts from the end. */
static bool from_end(const ox_model *m, ox_dim d)
{
    int64_t v;
    return ox_dim_is_const(m, d, &v) && v < 0;
}

/* The place before which a slice ends, at most the size; below zero it may be, as nothing is there. */
static ox_dim stop_of(ox_model *m, ox_dim size, ox_dim end)
{
    if (is_far(m, end)) return size;
    return from_end(m, end) ? ox_dim_add(m, size, end) : at_most(m, end, size);
}

/* With a step of 1. A start beyond the size leaves nothing, as does the difference then. */
static ox_dim length(ox_model *m, ox_dim size, ox_dim start, ox_dim end, bool *certain)
{
    ox_dim stop = stop_of(m, size, end);
    int64_t s;
    bool whole = ox_dim_is_const(m, start, &s) && s == 0;
    if (whole && !from_end(m, end)) return stop; /* an end that is no constant is taken for a size: x[:, :n] */
    *certain = (from_end(m, start) || ox__dim_is_size(m, start)) &&
               (is_far(m, end) || from_end(m, end) || ox__dim_is_size(m, end));
    if (!from_end(m, start)) return at_least_zero(m, ox_dim_sub(m, stop, start));
    ox_dim back = ox_dim_sub(m, zero(m), start);
    if (is_far(m, end)) return at_most(m, back, size);
    if (from_end(m, end)) /* what is between them, if there is as much before the end */
        return at_most(m, at_least_zero(m, ox_dim_sub(m, end, start)), at_least_zero(m, stop));
    return at_least_zero(m, ox_dim_sub(m, stop, at_least_zero(m, ox_dim_sub(m, size, back))));
}

ox_dim ox__dim_slice(ox_model *m, ox_dim size, ox_dim start, ox_dim end, int64_t step, ox_node at)
{
    int64_t s = 0, e = 0;
    bool certain = true, cs = ox_dim_is_const(m, start, &s), ce = ox_dim_is_const(m, end, &e);
    if (step == -1 && cs && ce && (s == -1 || s >= FAR) && e <= -FAR) return size; /* turned around */
    if (step < 1) return ox_dim_unknown_at(m, "a slice that goes down a dim that is not known", at);
    if ((cs && s >= FAR) || (ce && e < -FAR)) return zero(m);
    if (cs && s < -FAR) start = zero(m);
    ox_dim n = length(m, size, start, end, &certain);
    if (!certain) return ox_dim_unknown_at(m, "a slice with bounds that depend on data", at);
    if (step == 1) return n;
    return ox_dim_floordiv(m, ox_dim_add(m, n, ox_dim_const(m, step - 1)), ox_dim_const(m, step));
}
