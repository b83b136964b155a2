/* Floor 5. A constant of an ONNX model becomes Shape, Gather and arithmetic; elements of a shape that stay numbers are
 * joined with it by Concat. */
#include "convert/baked.h"

/* A number as a tensor of one element, of rank 0 or 1. */
ox_status ox__rebuild_number(ox__rebuild *r, ox_node at, uint32_t rank, int64_t i, ox_value *out)
{
    ox_model *m = r->m;
    ox_tensor t;
    int64_t one = 1;
    ox_status s = ox_tensor_add_raw(m, &t, OX_INT64, rank, &one, &i, sizeof i, r->err);
    if (s != OX_OK) return s;
    ox_attr a = {.name = ox_str_addz(m, "value"), .kind = OX_ATTR_TENSOR, .u.t = t};
    s = ox__rebuild_node(r, at, "", "Constant", 0, NULL, "number", (ox_type){0}, out);
    return s == OX_OK ? ox_node_set_attr(m, ox_value_node(m, *out), &a, r->err) : s;
}

ox_status ox__rebuild_constant(ox__rebuild *r, ox_node at, ox_tensor t, ox_value *out)
{
    ox_attr a = {.name = ox_str_addz(r->m, "value"), .kind = OX_ATTR_TENSOR, .u.t = t};
    ox_status s = ox__rebuild_node(r, at, "", "Constant", 0, NULL, "content", (ox_type){0}, out);
    return s == OX_OK ? ox_node_set_attr(r->m, ox_value_node(r->m, *out), &a, r->err) : s;
}

ox_status ox__rebuild_cast(ox__rebuild *r, ox_node at, ox_dtype to, ox_value *v)
{
    ox_attr a = {.name = ox_str_addz(r->m, "to"), .kind = OX_ATTR_INT, .u.i = to};
    ox_status s = ox__rebuild_node(r, at, "", "Cast", 1, v, "size", (ox_type){0}, v);
    return s == OX_OK ? ox_node_set_attr(r->m, ox_value_node(r->m, *v), &a, r->err) : s;
}

/* The shape is remembered as that of no axis. */
static ox_status shape_of(ox__rebuild *r, ox_node at, ox_value v, ox_value *out)
{
    *out = ox__rebuild_known(r, at, v, -1, 1);
    if (out->id) return OX_OK;
    ox_status s = ox__rebuild_node(r, at, "", "Shape", 1, &v, "shape", (ox_type){0}, out);
    return s == OX_OK ? ox__rebuild_remember(r, v, -1, 1, *out) : s;
}

static ox_status size_of(ox__rebuild *r, ox_node at, uint32_t rank, const ox__point *p, ox_value *out)
{
    ox_value in[2];
    *out = ox__rebuild_known(r, at, p->v, p->axis, rank);
    if (out->id) return OX_OK;
    ox_status s = shape_of(r, at, p->v, &in[0]);
    if (s == OX_OK) s = ox__rebuild_number(r, at, rank, p->axis, &in[1]);
    if (s == OX_OK) s = ox__rebuild_node(r, at, "", "Gather", 2, in, "size", (ox_type){0}, out);
    return s == OX_OK ? ox__rebuild_remember(r, p->v, p->axis, rank, *out) : s;
}

static ox_status apply(ox__rebuild *r, ox_node at, const char *op, ox_value b, ox_value *v)
{
    ox_value in[2] = {*v, b};
    return ox__rebuild_node(r, at, "", op, 2, in, "size", (ox_type){0}, v);
}

static ox_status with_number(ox__rebuild *r, ox_node at, uint32_t rank, const char *op, int64_t i, ox_value *v)
{
    ox_value k;
    ox_status s = ox__rebuild_number(r, at, rank, i, &k);
    return s == OX_OK ? apply(r, at, op, k, v) : s;
}

/* int64; a narrower consumer gets a Cast. What is divided is not negative, so that Div rounds as floor does. */
static ox_status make(ox__rebuild *r, ox_node at, uint32_t rank, const ox__form *form, ox_dtype dtype, ox_value *v)
{
    ox_status s = size_of(r, at, rank, &form->at[0], v);
    for (uint32_t i = 1; s == OX_OK && i < form->n; i++) {
        ox_value x;
        s = size_of(r, at, rank, &form->at[i], &x);
        if (s == OX_OK) s = apply(r, at, form->minus ? "Sub" : form->sum ? "Add" : "Mul", x, v);
    }
    if (s == OX_OK && form->mul != 1) s = with_number(r, at, rank, "Mul", form->mul, v);
    if (s == OX_OK && form->bias) s = with_number(r, at, rank, "Add", form->bias, v);
    if (s == OX_OK && form->div != 1) s = with_number(r, at, rank, "Div", form->div, v);
    if (s == OX_OK && form->add) s = with_number(r, at, rank, "Add", form->add, v);
    if (s == OX_OK && form->negative) s = with_number(r, at, rank, "Mul", -1, v);
    if (s != OX_OK || dtype == OX_INT64) return s;
    return ox__rebuild_cast(r, at, dtype, v);
}

/* The Concat that makes the shape, of one element each. */
static ox_status join(ox__rebuild *r, ox_node n, uint32_t input, const ox__const *c, ox_node *out)
{
    ox_value items[OX__BAKED_ITEMS], v;
    ox_status s = OX_OK;
    for (size_t i = 0; i < c->n && s == OX_OK; i++) {
        s = ox__rebuild_number(r, n, 1, c->ints[i], &items[i]);
        if (s == OX_OK && c->dtype != OX_INT64) s = ox__rebuild_cast(r, n, c->dtype, &items[i]);
    }
    ox_attr axis = {.name = ox_str_addz(r->m, "axis"), .kind = OX_ATTR_INT, .u.i = 0};
    ox_dim length = ox_dim_const(r->m, (int64_t)c->n);
    ox_type type = ox_type_tensor(r->m, c->dtype, 1, &length); /* which the next element asks for */
    if (s == OX_OK) s = ox__rebuild_node(r, n, "", "Concat", c->n, items, "shape", type, &v);
    if (s == OX_OK) s = ox_node_set_attr(r->m, ox_value_node(r->m, v), &axis, r->err);
    if (s == OX_OK) s = ox__rebuild_set(r, n, input, v);
    *out = ox_value_node(r->m, ox_node_input(r->m, n, input));
    return s;
}

static ox_status rebuild(ox__rebuild *r, const ox__site *s, const ox__form *form)
{
    ox__const c;
    ox_value v = ox_node_input(r->m, s->node, s->input);
    ox_node at = s->node, made = ox_value_node(r->m, v);
    ox_status st = OX_OK;
    ox__const_read(r->m, v, &c);
    bool joined = c.kind == OX__CONST_NOT; /* by the site before this one */
    if (joined) at = made;
    ox_dtype dtype = joined ? ox_type_get(r->m, ox_value_type(r->m, ox_node_output(r->m, made, 0))).dtype : c.dtype;
    if (joined || c.n > 1) {
        if (!joined) st = join(r, s->node, s->input, &c, &at);
        if (st == OX_OK) st = make(r, at, 1, form, dtype, &v);
        return st == OX_OK ? ox__rebuild_set(r, at, (size_t)s->item, v) : st;
    }
    st = make(r, at, c.rank, form, dtype, &v);
    return st == OX_OK ? ox__rebuild_set(r, at, s->input, v) : st;
}

ox_status ox__rebuild_onnx(ox__rebuild *r, const ox__site *s, const ox__form *form)
{
    ox__site shape;
    if (!s->repeat.axes) return rebuild(r, s, form);
    ox_status st = ox__rebuild_tensor(r, s, &shape);
    return st == OX_OK ? rebuild(r, &shape, form) : st;
}
