/* Floor 5. A constant of a trace becomes what PyTorch would have recorded had the size not been a number: aten::size
 * and arithmetic on ints, in the list where the number stood. */
#include "convert/baked.h"

static ox_status number(ox__rebuild *r, ox_node at, int64_t i, ox_value *out)
{
    ox_model *m = r->m;
    ox_attr a = {.name = ox_str_addz(m, "value"), .kind = OX_ATTR_INT, .u.i = i};
    ox_status s = ox__rebuild_node(r, at, "prim", "Constant", 0, NULL, "number", ox_type_simple(m, OX_TYPE_INT), out);
    return s == OX_OK ? ox_node_set_attr(m, ox_value_node(m, *out), &a, r->err) : s;
}

static ox_status size_of(ox__rebuild *r, ox_node at, const ox__point *p, ox_value *out)
{
    ox_value in[2] = {p->v};
    *out = ox__rebuild_known(r, at, p->v, p->axis, 0);
    if (out->id) return OX_OK;
    ox_status s = number(r, at, p->axis, &in[1]);
    if (s == OX_OK) s = ox__rebuild_node(r, at, "aten", "size", 2, in, "size", ox_type_simple(r->m, OX_TYPE_INT), out);
    return s == OX_OK ? ox__rebuild_remember(r, p->v, p->axis, 0, *out) : s;
}

static ox_status apply(ox__rebuild *r, ox_node at, const char *op, ox_value a, ox_value b, ox_value *out)
{
    ox_value in[2] = {a, b};
    return ox__rebuild_node(r, at, "aten", op, 2, in, op, ox_type_simple(r->m, OX_TYPE_INT), out);
}

static ox_status with_number(ox__rebuild *r, ox_node at, const char *op, int64_t i, ox_value *v)
{
    ox_value k;
    ox_status s = number(r, at, i, &k);
    return s == OX_OK ? apply(r, at, op, *v, k, v) : s;
}

static ox_status make(ox__rebuild *r, ox_node at, const ox__form *form, ox_value *v)
{
    ox_status s = size_of(r, at, &form->at[0], v);
    for (uint32_t i = 1; s == OX_OK && i < form->n; i++) {
        ox_value x;
        s = size_of(r, at, &form->at[i], &x);
        if (s == OX_OK) s = apply(r, at, form->minus ? "sub" : form->sum ? "add" : "mul", *v, x, v);
    }
    if (s == OX_OK && form->mul != 1) s = with_number(r, at, "mul", form->mul, v);
    if (s == OX_OK && form->bias) s = with_number(r, at, "add", form->bias, v);
    if (s == OX_OK && form->div != 1) s = with_number(r, at, "floordiv", form->div, v);
    if (s == OX_OK && form->add > 0) s = with_number(r, at, "add", form->add, v);
    if (s == OX_OK && form->add < 0) s = with_number(r, at, "sub", -form->add, v);
    if (s == OX_OK && form->negative) s = with_number(r, at, "mul", -1, v);
    return s;
}

/* The list that n alone reads there, right before n, so that what n reads may stand in it. A list in one constant is
 * taken apart. */
static ox_status own_list(ox__rebuild *r, ox_node n, uint32_t input, ox_node *list)
{
    ox__const c;
    ox_value items[OX__BAKED_ITEMS], v = ox_node_input(r->m, n, input);
    *list = ox_value_node(r->m, v);
    if (ox_node_is(r->m, *list, "prim", "ListConstruct")) return ox_node_move(r->m, *list, n, r->err);
    ox__const_read(r->m, v, &c);
    ox_status s = OX_OK;
    for (size_t i = 0; i < c.n && s == OX_OK; i++) s = number(r, n, c.ints[i], &items[i]);
    if (s == OX_OK)
        s = ox__rebuild_node(r, n, "prim", "ListConstruct", c.n, items, "sizes", ox_value_type(r->m, v), &v);
    if (s == OX_OK) s = ox__rebuild_set(r, n, input, v);
    *list = ox_value_node(r->m, v);
    return s;
}

/* The list that a tensor is made of, where a tensor of numbers stood. */
static ox_status own_tensor(ox__rebuild *r, ox_node n, uint32_t input, ox_node *list)
{
    ox_model *m = r->m;
    ox__const c;
    ox_value items[OX__BAKED_ITEMS], in[4], v = ox_node_input(m, n, input);
    ox__const_read(m, v, &c);
    *list = ox_value_node(m, v);
    if (c.kind == OX__CONST_NOT) { /* by the site before */
        *list = ox_value_node(m, ox_node_input(m, *list, 0));
        return OX_OK;
    }
    ox_type ints = ox_type_of(m, OX_TYPE_LIST, ox_type_simple(m, OX_TYPE_INT));
    ox_dim length = ox_dim_const(m, (int64_t)c.n);
    ox_type type = ox_type_tensor(m, c.dtype, 1, &length);
    ox_status s = OX_OK;
    for (size_t i = 0; i < c.n && s == OX_OK; i++) s = number(r, n, c.ints[i], &items[i]);
    if (s == OX_OK)
        s = ox__rebuild_node(r, n, "prim", "Constant", 0, NULL, "none", ox_type_simple(m, OX_TYPE_NONETYPE), &in[1]);
    ox_attr no = {.name = ox_str_addz(m, "value"), .kind = OX_ATTR_BOOL};
    if (s == OX_OK)
        s = ox__rebuild_node(r, n, "prim", "Constant", 0, NULL, "no", ox_type_simple(m, OX_TYPE_BOOL_SCALAR), &in[3]);
    if (s == OX_OK) s = ox_node_set_attr(m, ox_value_node(m, in[3]), &no, r->err);
    if (s == OX_OK) s = ox__rebuild_node(r, n, "prim", "ListConstruct", c.n, items, "sizes", ints, &in[0]);
    if (s != OX_OK) return s;
    in[2] = in[1];
    *list = ox_value_node(m, in[0]);
    s = ox__rebuild_node(r, n, "aten", "tensor", 4, in, "tensor", type, &v);
    return s == OX_OK ? ox__rebuild_set(r, n, input, v) : s;
}

static bool is_tensor(const ox_model *m, ox_node n, uint32_t input)
{
    ox__const c;
    ox_value v = ox_node_input(m, n, input);
    ox__const_read(m, v, &c);
    return c.t.id || ox_node_is(m, ox_value_node(m, v), "aten", "tensor");
}

ox_status ox__rebuild_trace(ox__rebuild *r, const ox__site *s, const ox__form *form)
{
    ox_node at = s->node;
    ox__const c;
    ox_value v;
    ox_status st = OX_OK;
    if (s->item < 0) {
        ox__const_read(r->m, ox_node_input(r->m, at, s->input), &c);
        st = make(r, at, form, &v);
        bool real = c.kind == OX__CONST_FLOAT;
        if (st == OX_OK && real)
            st =
                ox__rebuild_node(r, at, "aten", "Float", 1, &v, "size", ox_type_simple(r->m, OX_TYPE_FLOAT_SCALAR), &v);
        ox_type type = ox_type_tensor(r->m, real ? OX_DOUBLE : OX_INT64, 0, NULL);
        if (st == OX_OK && c.t.id) st = ox__rebuild_node(r, at, "prim", "NumToTensor", 1, &v, "size", type, &v);
        return st == OX_OK ? ox__rebuild_set(r, at, s->input, v) : st;
    }
    st = is_tensor(r->m, at, s->input) ? own_tensor(r, at, s->input, &at) : own_list(r, at, s->input, &at);
    if (st == OX_OK) st = make(r, at, form, &v);
    return st == OX_OK ? ox__rebuild_set(r, at, (size_t)s->item, v) : st;
}
