/* Floor 5. Constants replaced by what computes them: what traces and ONNX models share. Sizes are made once for each
 * dim of the main graph, where they are first needed: what is rebuilt later stands behind. */
#include "convert/baked.h"

bool ox__rebuild_can(const ox_model *m, const ox__site *s)
{
    ox__const c;
    if (!s->is_number || s->attr.id) return false;
    ox_value v = ox_node_input(m, s->list.id ? s->list : s->node, s->list.id ? (size_t)s->item : s->input);
    ox__const_read(m, v, &c);
    if (!ox_typing_is_for(m)) return c.kind == OX__CONST_TENSOR || c.kind == OX__CONST_FLOAT || s->repeat.axes;
    if (c.kind == OX__CONST_FLOAT) return c.dtype != OX_FLOAT; /* a number of Python is a double */
    return c.kind == OX__CONST_INT || c.kind == OX__CONST_INTS || c.kind == OX__CONST_TENSOR || s->item < 0;
}

ox_status ox__rebuild_site(ox__rebuild *r, const ox__site *s, const ox__form *form)
{
    return ox_typing_is_for(r->m) ? ox__rebuild_trace(r, s, form) : ox__rebuild_onnx(r, s, form);
}

void ox__rebuild_free(ox__rebuild *r)
{
    ox__index_free(&r->index);
    ox__vec_free(&r->made);
}

/* ---- sizes that are there ---- */
typedef struct key {
    const ox__rebuild *r;
    ox_value of;
    int32_t axis;
    uint32_t rank;
} key;

static bool is_key(const void *ud, uint32_t id)
{
    const key *k = ud;
    const ox__rebuilt *x = &k->r->made.p[id - 1];
    return x->of.id == k->of.id && x->axis == k->axis && x->rank == k->rank;
}

static uint64_t hash(ox_value of, int32_t axis, uint32_t rank)
{
    return ox__hash_mix(ox__hash_mix(of.id, (uint64_t)(uint32_t)axis), rank);
}

static uint32_t find(const ox__rebuild *r, ox_value of, int32_t axis, uint32_t rank)
{
    key k = {r, of, axis, rank};
    return ox__index_find(&r->index, hash(of, axis, rank), is_key, &k);
}

/* The node stands in front of `at`, or of the node of its graph that `at` is inside of. */
static bool is_before(const ox_model *m, ox_node n, ox_node at)
{
    while (at.id && ox_node_graph(m, at).id != ox_node_graph(m, n).id) at = ox_graph_owner(m, ox_node_graph(m, at));
    return at.id && ox_node_before(m, n, at);
}

ox_value ox__rebuild_known(const ox__rebuild *r, ox_node at, ox_value of, int32_t axis, uint32_t rank)
{
    uint32_t id = find(r, of, axis, rank);
    ox_value size = id ? r->made.p[id - 1].size : (ox_value){0};
    return id && is_before(r->m, ox_value_node(r->m, size), at) ? size : (ox_value){0};
}

ox_status ox__rebuild_remember(ox__rebuild *r, ox_value of, int32_t axis, uint32_t rank, ox_value size)
{
    ox__rebuilt x = {of, size, axis, rank};
    uint32_t id = find(r, of, axis, rank);
    if (ox_graph_get_kind(r->m, ox_value_graph(r->m, size)) != OX_GRAPH_MAIN) return OX_OK;
    if (id)
        r->made.p[id - 1] = x; /* which stands further in front */
    else if (!ox__vec_push(&r->made, x) || !ox__index_add(&r->index, hash(of, axis, rank), (uint32_t)r->made.n))
        return ox__nomem(r->err);
    return OX_OK;
}

/* ---- nodes ---- */
ox_status ox__rebuild_node(ox__rebuild *r, ox_node at, const char *domain, const char *op, size_t n, const ox_value *in,
                           const char *name, ox_type type, ox_value *out)
{
    ox_node made;
    ox_model *m = r->m;
    ox_status s = ox_node_create(m, &made, ox_node_graph(m, at), at, ox_str_addz(m, domain), ox_str_addz(m, op), n, in,
                                 1, r->err);
    if (s != OX_OK) return s;
    *out = ox_node_output(m, made, 0);
    s = ox_node_set_scope(m, made, ox_node_scope(m, at), r->err);
    if (s == OX_OK) s = ox_node_set_loc(m, made, ox_node_loc(m, at), r->err);
    if (s == OX_OK) s = ox_value_set_name(m, *out, ox_value_fresh_name(m, name), r->err);
    return s == OX_OK && type.id ? ox_value_set_type(m, *out, type, r->err) : s;
}

static ox_status drop(ox__rebuild *r, ox_value v)
{
    ox_node n = ox_value_node(r->m, v);
    ox_graph g = ox_value_graph(r->m, v);
    if (!v.id || ox_value_n_uses(r->m, v)) return OX_OK;
    if (n.id) return ox__node_is_constant(r->m, n) ? ox_node_delete(r->m, n, r->err) : OX_OK;
    bool weight = ox_value_is_initializer(r->m, v) && !ox_value_is_input(r->m, v);
    return weight ? ox_graph_remove_initializer(r->m, g, v, r->err) : OX_OK;
}

ox_status ox__rebuild_set(ox__rebuild *r, ox_node n, size_t i, ox_value v)
{
    ox_value old = ox_node_input(r->m, n, i);
    ox_status s = ox_node_set_input(r->m, n, i, v, r->err);
    return s == OX_OK ? drop(r, old) : s;
}
