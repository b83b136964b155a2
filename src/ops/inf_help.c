/* Floor 3. Helpers of the inference functions: inputs, attributes, dims, outputs, broadcasting. */
#include "ops/exec.h"
#include "ops/infer.h"

#include <onnxsh/print.h>

#include <stdio.h>

ox_status ox__inf_fail(ox__inf *c, const char *fmt, ...)
{
    char text[512], op[128];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    ox_node_op_text(c->m, c->node, op, sizeof op);
    return ox__fail(c->err, OX_E_CHECK, "%s: %s", op, text);
}

/* ---- inputs ---- */
ox_value ox__inf_value(const ox__inf *c, size_t i)
{
    return ox_node_input(c->m, c->node, i);
}

bool ox__inf_has(const ox__inf *c, size_t i)
{
    return i < c->n_in && ox_node_input(c->m, c->node, i).id != 0;
}

bool ox__inf_ranked(const ox__inf *c, size_t i)
{
    return i < c->n_in && c->in[i].kind == OX_TYPE_TENSOR && c->in[i].rank >= 0;
}

int32_t ox__inf_rank(const ox__inf *c, size_t i)
{
    return ox__inf_ranked(c, i) ? c->in[i].rank : OX_RANK_UNKNOWN;
}

ox_dtype ox__inf_dtype(const ox__inf *c, size_t i)
{
    return i < c->n_in && c->in[i].kind == OX_TYPE_TENSOR ? c->in[i].dtype : OX_UNDEFINED;
}

ox_dim ox__inf_dim(const ox__inf *c, size_t i, int64_t axis)
{
    return c->in[i].dims[axis];
}

/* ---- attributes ---- */
const ox_attr *ox__inf_attr(const ox__inf *c, const char *name)
{
    const ox_attr *a = ox_node_attr(c->m, c->node, name);
    return a && a->ref.id ? (c->frame ? ox__frame_attr(c->frame, a->ref) : NULL) : a;
}

static const ox_attr *attr_of(const ox__inf *c, const char *name, ox_attr_kind kind)
{
    const ox_attr *a = ox__inf_attr(c, name);
    return a && a->kind == kind ? a : NULL;
}

int64_t ox__inf_int(const ox__inf *c, const char *name, int64_t def)
{
    const ox_attr *a = attr_of(c, name, OX_ATTR_INT);
    return a ? a->u.i : def;
}

double ox__inf_float(const ox__inf *c, const char *name, double def)
{
    const ox_attr *a = attr_of(c, name, OX_ATTR_FLOAT);
    return a ? a->u.f : def;
}

const int64_t *ox__inf_ints(const ox__inf *c, const char *name, size_t *n)
{
    static const int64_t none[1] = {0};
    const ox_attr *a = attr_of(c, name, OX_ATTR_INTS);
    *n = a ? a->n : 0;
    return !a ? NULL : a->n ? a->u.ints : none;
}

bool ox__inf_string_is(const ox__inf *c, const char *name, const char *text)
{
    const ox_attr *a = attr_of(c, name, OX_ATTR_STRING);
    return a && strcmp(ox_str_text(c->m, a->u.s, NULL), text) == 0;
}

bool ox__inf_list(ox__inf *c, const char *attr, size_t i, const int64_t **out, size_t *n)
{
    *out = attr ? ox__inf_ints(c, attr, n) : NULL;
    if (*out) return true;
    *n = 0;
    if (!ox__inf_has(c, i)) return true;
    return ox__facts_ints(c->facts, ox__inf_value(c, i), out, n);
}

bool ox__inf_vec(ox__inf *c, size_t i, ox__vec_fact *out)
{
    return ox__inf_has(c, i) && ox__facts_vec(c->facts, ox__inf_value(c, i), out);
}

ox_status ox__inf_axis(ox__inf *c, int64_t *axis, int32_t rank)
{
    if (*axis < -(int64_t)rank || *axis >= rank)
        return ox__inf_fail(c, "axis %lld is outside the %d dims of the input", (long long)*axis, (int)rank);
    if (*axis < 0) *axis += rank;
    return OX_OK;
}

/* ---- dims ---- */
ox_dim *ox__inf_dims(ox__inf *c, size_t n)
{
    ox_dim *d = ox__arena_alloc(c->mem, OX__MAX(n, 1) * sizeof *d);
    if (!d) (void)ox__nomem(c->err);
    return d;
}

ox_dim *ox__inf_copy(ox__inf *c, size_t i)
{
    size_t n = (size_t)c->in[i].rank;
    ox_dim *d = ox__inf_dims(c, n);
    if (d && n) memcpy(d, c->in[i].dims, n * sizeof *d);
    return d;
}

ox_dim ox__inf_const(ox__inf *c, int64_t v)
{
    return ox_dim_const(c->m, v);
}

ox_dim ox__inf_unknown(ox__inf *c, const char *reason)
{
    return ox_dim_unknown_at(c->m, reason, c->node);
}

/* ---- outputs ---- */
ox_status ox__inf_out(ox__inf *c, size_t o, ox_dtype dtype, int32_t rank, const ox_dim *dims)
{
    if (o >= c->n_out) return OX_OK;
    if (rank > OX_MAX_RANK) return ox__inf_fail(c, "a rank of %d is beyond the limit of %d", (int)rank, OX_MAX_RANK);
    if (rank > 0 && !dims) return OX_E_NOMEM;
    for (int32_t i = 0; i < rank; i++) {
        int64_t v;
        if (ox_dim_is_const(c->m, dims[i], &v) && v < 0)
            return ox__inf_fail(c, "dim %d of the result would be %lld", (int)i, (long long)v);
    }
    c->out[o] = ox_type_tensor(c->m, dtype, rank, dims);
    return c->out[o].id ? OX_OK : ox_model_status(c->m, c->err);
}

ox_status ox__inf_out_like(ox__inf *c, size_t o, size_t i, ox_dtype dtype)
{
    if (i < c->n_in && c->in[i].kind == OX_TYPE_TENSOR) return ox__inf_out(c, o, dtype, c->in[i].rank, c->in[i].dims);
    return ox__inf_out(c, o, dtype, OX_RANK_UNKNOWN, NULL);
}

ox_status ox__inf_out_unknown(ox__inf *c, size_t o, ox_dtype dtype, int32_t rank, const char *reason)
{
    if (rank < 0) return ox__inf_out(c, o, dtype, OX_RANK_UNKNOWN, NULL);
    if (rank > OX_MAX_RANK) return ox__inf_fail(c, "a rank of %d is beyond the limit of %d", (int)rank, OX_MAX_RANK);
    ox_dim *d = ox__inf_dims(c, (size_t)rank);
    if (!d) return OX_E_NOMEM;
    for (int32_t i = 0; i < rank; i++) d[i] = ox__inf_unknown(c, reason);
    return ox__inf_out(c, o, dtype, rank, d);
}

ox_status ox__inf_out_type(ox__inf *c, size_t o, ox_type t)
{
    if (o < c->n_out) c->out[o] = t;
    return OX_OK;
}

ox_status ox__inf_out_vec(ox__inf *c, size_t o, const ox_dim *dims, size_t n, bool scalar)
{
    if (o >= c->n_out) return OX_OK;
    if (n && !dims) return OX_E_NOMEM;
    if (c->opt->no_data) return OX_OK;
    return ox__facts_set_vec(c->facts, ox_node_output(c->m, c->node, o), dims, n, scalar, c->err);
}

/* ---- broadcasting ---- */
ox_status ox__inf_broadcast_dim(ox__inf *c, ox_dim a, ox_dim b, ox_dim *out)
{
    int64_t va = 0, vb = 0;
    bool ca = ox_dim_is_const(c->m, a, &va), cb = ox_dim_is_const(c->m, b, &vb);
    if (ca && cb && va != vb && va != 1 && vb != 1)
        return ox__inf_fail(c, "dims %lld and %lld cannot be broadcast", (long long)va, (long long)vb);
    if (ca && va == 1)
        *out = b;
    else if (cb && vb == 1)
        *out = a;
    else if (ca)
        *out = a; /* the other one must be it, or 1 */
    else if (cb)
        *out = b;
    else if (ox_dim_equal(c->m, a, b) || ox_dim_get_kind(c->m, a) == OX_DIM_UNKNOWN)
        *out = a; /* an unknown keeps its reason */
    else if (ox_dim_get_kind(c->m, b) == OX_DIM_UNKNOWN)
        *out = b;
    else
        *out = ox__inf_unknown(c, "a broadcast of dims that are not known to be equal");
    return OX_OK;
}

ox_status ox__inf_broadcast(ox__inf *c, size_t o, size_t from, size_t to, ox_dtype dtype)
{
    int32_t rank = 0;
    for (size_t i = from; i < to; i++) {
        if (!ox__inf_has(c, i)) continue;
        if (!ox__inf_ranked(c, i)) return ox__inf_out(c, o, dtype, OX_RANK_UNKNOWN, NULL);
        rank = OX__MAX(rank, c->in[i].rank);
    }
    ox_dim *dims = ox__inf_dims(c, (size_t)rank);
    if (!dims) return OX_E_NOMEM;
    for (int32_t d = 0; d < rank; d++) {
        dims[d] = (ox_dim){0};
        for (size_t i = from; i < to; i++) {
            if (!ox__inf_has(c, i)) continue;
            int32_t at = d - (rank - c->in[i].rank);
            if (at < 0) continue;
            if (!dims[d].id) {
                dims[d] = c->in[i].dims[at];
                continue;
            }
            ox_status s = ox__inf_broadcast_dim(c, dims[d], c->in[i].dims[at], &dims[d]);
            if (s != OX_OK) return s;
        }
    }
    return ox__inf_out(c, o, dtype, rank, dims);
}
