/* Floor 5. A tensor of an ONNX model that was made of sizes becomes what makes it: Expand of the content that it
 * repeats, or Range, brought to its rank and expanded. Where its sizes stand then, they are rebuilt as any other
 * constant. */
#include "convert/baked.h"

enum { MAX_RANK = 16 };

static ox_status shape_constant(ox__rebuild *r, ox_node at, uint32_t rank, const int64_t *dims, ox_value *out)
{
    int64_t n = rank;
    ox_tensor t;
    ox_status s = ox_tensor_add_raw(r->m, &t, OX_INT64, 1, &n, dims, rank * sizeof *dims, r->err);
    return s == OX_OK ? ox__rebuild_constant(r, at, t, out) : s;
}

static ox_status with_shape(ox__rebuild *r, ox_node at, const char *op, uint32_t rank, const int64_t *dims, ox_value *v)
{
    ox_value in[2] = {*v};
    ox_status s = shape_constant(r, at, rank, dims, &in[1]);
    return s == OX_OK ? ox__rebuild_node(r, at, "", op, 2, in, "expanded", (ox_type){0}, v) : s;
}

/* 0, 1, 2, ... along axis d, of size 1 along all others. */
static ox_status count(ox__rebuild *r, ox_node at, const ox__const *c, uint32_t d, ox_value *v)
{
    int64_t dims[MAX_RANK];
    ox_value in[3];
    ox_status s = ox__rebuild_number(r, at, 0, 0, &in[0]);
    if (s == OX_OK) s = ox__rebuild_number(r, at, 0, c->dims[d], &in[1]);
    if (s == OX_OK) s = ox__rebuild_number(r, at, 0, 1, &in[2]);
    if (s == OX_OK) s = ox__rebuild_node(r, at, "", "Range", 3, in, "count", (ox_type){0}, v);
    r->tensor.range = ox_value_node(r->m, *v);
    if (s == OX_OK && c->dtype != OX_INT64) s = ox__rebuild_cast(r, at, c->dtype, v);
    for (uint32_t i = 0; i < c->rank && i < MAX_RANK; i++) dims[i] = i == d ? -1 : 1;
    return s == OX_OK && c->rank > 1 ? with_shape(r, at, "Reshape", c->rank, dims, v) : s;
}

static ox_status take_apart(ox__rebuild *r, const ox__site *s, const ox__const *c)
{
    ox_tensor t;
    ox_value v;
    int64_t dims[MAX_RANK];
    bool wide = false;
    ox_status st = OX_OK;
    for (uint32_t i = 0; i < c->rank && i < MAX_RANK; i++) {
        dims[i] = i + 1 == s->repeat.counts ? 1 : c->dims[i]; /* the count has its own size */
        wide = wide || dims[i] != 1;
    }
    if (s->repeat.counts) {
        st = count(r, s->node, c, s->repeat.counts - 1, &v);
        wide = wide || (s->repeat.axes & ~(UINT32_C(1) << (s->repeat.counts - 1)));
    } else {
        st = ox__repeat_base(r->m, c->t, s->repeat.axes, &t, r->err);
        if (st == OX_OK) st = ox__rebuild_constant(r, s->node, t, &v);
        wide = true;
    }
    if (st == OX_OK && wide) st = with_shape(r, s->node, "Expand", c->rank, dims, &v);
    if (st == OX_OK) r->tensor.expand = ox_value_node(r->m, v);
    return st == OX_OK ? ox__rebuild_set(r, s->node, s->input, v) : st;
}

ox_status ox__rebuild_tensor(ox__rebuild *r, const ox__site *s, ox__site *shape)
{
    ox__const c;
    ox_status st = OX_OK;
    if (r->tensor.node.id != s->node.id || r->tensor.input != s->input) {
        ox__const_read(r->m, ox_node_input(r->m, s->node, s->input), &c);
        r->tensor.node = s->node;
        r->tensor.input = s->input;
        st = take_apart(r, s, &c);
    }
    bool counted = s->repeat.counts == (uint32_t)s->item + 1;
    *shape =
        (ox__site){.node = counted ? r->tensor.range : r->tensor.expand, .input = 1, .item = counted ? -1 : s->item};
    return st;
}
