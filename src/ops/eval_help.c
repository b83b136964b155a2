/* Floor 3. Helpers of the evaluation functions: attributes, results, elements, random numbers. */
#include "ops/eval.h"

#include <math.h>
#include <stdio.h>

const char *ox__ev_op(const ox__ev *e)
{
    return ox_str_text(e->m, ox_node_op(e->m, e->node), NULL);
}

static ox_status fail_with(ox__ev *e, ox_status code, const char *fmt, va_list ap)
{
    char text[512];
    vsnprintf(text, sizeof text, fmt, ap);
    return ox__fail(e->err, code, "%s: %s", ox__ev_op(e), text);
}

ox_status ox__ev_fail(ox__ev *e, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    ox_status s = fail_with(e, OX_E_CHECK, fmt, ap);
    va_end(ap);
    return s;
}

ox_status ox__ev_unsupported(ox__ev *e, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    ox_status s = fail_with(e, OX_E_UNSUPPORTED, fmt, ap);
    va_end(ap);
    return s;
}

bool ox__ev_has(const ox__ev *e, size_t i)
{
    return i < e->n_in && e->in[i].data != NULL;
}

bool ox__ev_wants(const ox__ev *e, size_t o)
{
    return o < e->n_out && ox_node_output(e->m, e->node, o).id != 0;
}

ox_status ox__ev_need(ox__ev *e, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        if (!ox__ev_has(e, i)) return ox__ev_fail(e, "input %zu is absent or no tensor", i);
    return OX_OK;
}

/* ---- results ---- */
ox_status ox__ev_give(ox__ev *e, size_t o, ox_data *d)
{
    if (o >= e->n_out) {
        ox_data_free(d);
        return OX_OK;
    }
    ox_data_free(e->res[o]);
    e->res[o] = d;
    e->out[o] = (ox__dense){0};
    if (d->kind == OX_DATA_TENSOR) e->out[o] = (ox__dense){d->dtype, d->rank, d->dims, d->n, d->data};
    return OX_OK;
}

/* Results beyond the node's outputs are made in scratch memory, so that functions need not ask what is wanted. */
static void *unwanted(ox__ev *e, uint64_t bytes, ox_status *s)
{
    void *p = ox__arena_alloc(e->mem, OX__MAX((size_t)bytes, 1));
    *s = p ? OX_OK : ox__nomem(e->err);
    if (p) memset(p, 0, (size_t)bytes);
    return p;
}

void *ox__ev_out(ox__ev *e, size_t o, ox_dtype dtype, uint32_t rank, const int64_t *dims, ox_status *s)
{
    uint64_t n, bytes;
    if (!ox__dims_product(dims, rank, &n) || !ox_dtype_bytes(dtype, n, &bytes) || bytes > e->max_bytes) {
        *s = ox__fail(e->err, OX_E_LIMIT, "%s: output %zu is too large to be computed here", ox__ev_op(e), o);
        return NULL;
    }
    if (o >= e->n_out) return unwanted(e, bytes, s);
    ox_data *d;
    void *p;
    *s = ox_data_tensor(&d, dtype, rank, dims, &p, e->err);
    if (*s != OX_OK) return NULL;
    *s = ox__ev_give(e, o, d);
    return p;
}

ox_status ox__ev_out_strings(ox__ev *e, size_t o, uint32_t rank, const int64_t *dims, const ox_bytes *texts)
{
    ox_data *d;
    ox_status s = ox_data_strings(&d, rank, dims, texts, e->err);
    return s == OX_OK ? ox__ev_give(e, o, d) : s;
}

ox_status ox__ev_out_reshaped(ox__ev *e, size_t o, size_t i, uint32_t rank, const int64_t *dims)
{
    ox_data *d;
    if (!ox__ev_has(e, i)) return ox__ev_fail(e, "input %zu is absent or no tensor", i);
    ox_status s = ox_data_reshaped(&d, e->arg[i], rank, dims, e->err);
    return s == OX_OK ? ox__ev_give(e, o, d) : s;
}

/* ---- attributes ---- */
int64_t ox__ev_int(const ox__ev *e, const char *name, int64_t def)
{
    const ox_attr *a = ox__ev_attr(e, name, OX_ATTR_INT);
    return a ? a->u.i : def;
}

double ox__ev_float(const ox__ev *e, const char *name, double def)
{
    const ox_attr *a = ox__ev_attr(e, name, OX_ATTR_FLOAT);
    return a ? a->u.f : def;
}

static const ox_attr *list_attr(const ox__ev *e, const char *name, ox_attr_kind kind, size_t *n)
{
    const ox_attr *a = ox__ev_attr(e, name, kind);
    *n = a ? a->n : 0;
    return a;
}

const int64_t *ox__ev_ints(const ox__ev *e, const char *name, size_t *n)
{
    static const int64_t none[1] = {0};
    const ox_attr *a = list_attr(e, name, OX_ATTR_INTS, n);
    return !a ? NULL : a->n ? a->u.ints : none;
}

const double *ox__ev_floats(const ox__ev *e, const char *name, size_t *n)
{
    static const double none[1] = {0};
    const ox_attr *a = list_attr(e, name, OX_ATTR_FLOATS, n);
    return !a ? NULL : a->n ? a->u.floats : none;
}

const ox_str *ox__ev_strings(const ox__ev *e, const char *name, size_t *n)
{
    static const ox_str none[1];
    const ox_attr *a = list_attr(e, name, OX_ATTR_STRINGS, n);
    return !a ? NULL : a->n ? a->u.strings : none;
}

const char *ox__ev_string(const ox__ev *e, const char *name, const char *def, size_t *n)
{
    const ox_attr *a = ox__ev_attr(e, name, OX_ATTR_STRING);
    if (a) return ox_str_text(e->m, a->u.s, n);
    if (n) *n = def ? strlen(def) : 0;
    return def;
}

bool ox__ev_string_is(const ox__ev *e, const char *name, const char *def, const char *text)
{
    return strcmp(ox__ev_string(e, name, def, NULL), text) == 0;
}

bool ox__ev_list(ox__ev *e, const char *attr, size_t i, const int64_t **out, size_t *n)
{
    const ox_attr *a = attr ? ox__ev_attr(e, attr, OX_ATTR_INTS) : NULL;
    if (a) {
        *out = a->u.ints;
        *n = a->n;
        return true;
    }
    *n = 0;
    *out = NULL;
    if (!ox__ev_has(e, i)) return false;
    const ox__dense *in = &e->in[i];
    int64_t *v = ox__arena_alloc(e->mem, OX__MAX((size_t)in->n, 1) * sizeof *v);
    if (!v) {
        e->oom = true;
        return false;
    }
    for (uint64_t k = 0; k < in->n; k++) v[k] = ox__ev_i64(in, k);
    *out = v;
    *n = (size_t)in->n;
    return true;
}

ox_status ox__ev_axis(ox__ev *e, int64_t *axis, uint32_t rank)
{
    if (*axis < -(int64_t)rank || *axis >= (int64_t)rank)
        return ox__ev_fail(e, "axis %lld is outside the %u dims", (long long)*axis, (unsigned)rank);
    if (*axis < 0) *axis += rank;
    return OX_OK;
}

/* ---- elements ---- */
int64_t ox__ev_i64(const ox__dense *a, uint64_t i)
{
    return ox_dtype_get_i64(a->dtype, a->data, i);
}

double ox__ev_f64(const ox__dense *a, uint64_t i)
{
    return ox_dtype_get_f64(a->dtype, a->data, i);
}

unsigned ox__ev_item(ox_dtype dtype)
{
    if (dtype == OX_STRING) return sizeof(ox_bytes);
    unsigned bits = ox_dtype_bits(dtype);
    return bits % 8 == 0 ? bits / 8 : 0;
}

void ox__ev_strides(const int64_t *dims, uint32_t rank, int64_t *strides)
{
    int64_t n = 1;
    for (uint32_t i = rank; i-- > 0;) {
        strides[i] = n;
        n *= OX__MAX(dims[i], 1);
    }
}

#define ELEMENTS_OF(name, type, own, get) \
    const type *name(ox__ev *e, const ox__dense *a) \
    { \
        if (a->dtype == (own)) return a->data; \
        type *v = \
            a->n > SIZE_MAX / 2 / sizeof *v ? NULL : ox__arena_alloc(e->mem, OX__MAX((size_t)a->n, 1) * sizeof *v); \
        if (!v) (void)ox__nomem(e->err); \
        for (uint64_t i = 0; v && i < a->n; i++) v[i] = (type)get(a->dtype, a->data, i); \
        return v; \
    }
ELEMENTS_OF(ox__ev_floats_of, float, OX_FLOAT, ox_dtype_get_f64)
ELEMENTS_OF(ox__ev_doubles_of, double, OX_DOUBLE, ox_dtype_get_f64)
ELEMENTS_OF(ox__ev_int64s_of, int64_t, OX_INT64, ox_dtype_get_i64)

void ox__ev_parallel(ox__ev *e, uint64_t n, uint64_t grain, ox__parallel_fn fn, void *ud)
{
    ox__parallel(e->pool, n, grain, fn, ud);
}

void ox__ev_parallel_long(ox__ev *e, uint64_t n, uint64_t grain, ox__parallel_fn fn, void *ud)
{
    ox__parallel_long(e->pool, n, grain, fn, ud);
}

/* ---- random numbers: splitmix64 ---- */
uint64_t ox__random_next(ox__random *r)
{
    uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

double ox__random_unit(ox__random *r)
{
    return (double)(ox__random_next(r) >> 11) * 0x1p-53;
}

/* Box and Muller's way, one number of the two. */
double ox__random_normal(ox__random *r)
{
    double u = 1 - ox__random_unit(r), v = ox__random_unit(r);
    return sqrt(-2 * log(u)) * cos(2 * 3.14159265358979323846 * v);
}
