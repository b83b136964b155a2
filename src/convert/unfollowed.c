/* Floor 5. What a trace changes in place and no pass has followed: lists and dicts that grow, attributes of objects
 * that are set. A conversion fails at the change; where only types are wanted it goes on behind, so whoever reads such
 * a value must not be believed. */
#include "convert/memory.h"
#include "convert/trail.h"

static ox_status mark(ox__conv *c, ox_value v)
{
    return ox__conv_set_flags(c, v, OX__V_UNFOLLOWED, c->err);
}

static bool is_built(const ox__conv *c, ox_value v)
{
    ox_node n = ox_value_node(c->m, v);
    return n.id && (ox_node_is(c->m, n, "prim", "ListConstruct") || ox_node_is(c->m, n, "prim", "DictConstruct"));
}

/* A list that is written under another name than that of its maker may be any of its type. */
static ox_status mark_list(ox__conv *c, ox_value list)
{
    ox_status s = mark(c, list);
    for (uint32_t id = 1; s == OX_OK && !is_built(c, list) && id < ox_model_value_limit(c->m); id++) {
        ox_value v = ox_model_value_at(c->m, id);
        if (v.id && ox_value_type(c->m, v).id == ox_value_type(c->m, list).id) s = mark(c, v);
    }
    return s;
}

/* What is read from an attribute of that name: weights are called "path.name". */
static ox_status mark_attribute(ox__conv *c, ox_node set)
{
    const ox_attr *a = ox_node_attr(c->m, set, "name");
    ox_status s = OX_OK;
    size_t n = 0, len;
    const char *name = a && a->kind == OX_ATTR_STRING ? ox_str_text(c->m, a->u.s, &n) : "";
    for (uint32_t id = 1; s == OX_OK && id < ox_model_value_limit(c->m); id++) {
        ox_value v = ox_model_value_at(c->m, id);
        if (!v.id || ox_value_node(c->m, v).id) continue;
        const char *text = ox_str_text(c->m, ox_value_name(c->m, v), &len);
        bool ends = len >= n && memcmp(text + len - n, name, n) == 0;
        if (ends && (len == n || text[len - n - 1] == '.')) s = mark(c, v);
    }
    return s;
}

static ox_status look_at(ox__conv *c, ox_node n)
{
    const ox__opcache *op;
    ox__effect e;
    if (ox_node_is(c->m, n, "prim", "SetAttr")) return mark_attribute(c, n);
    if (!ox__node_in(c, n, c->s_aten) || !ox_node_n_inputs(c->m, n)) return OX_OK;
    ox_value first = ox_node_input(c->m, n, 0);
    ox_type_kind kind = ox_type_get(c->m, ox_value_type(c->m, first)).kind;
    if (kind != OX_TYPE_LIST && kind != OX_TYPE_DICT) return OX_OK;
    ox_status s = ox__effect_of(c, n, &e); /* which asks the schemas */
    if (s == OX_OK) s = ox__op_cache(c, n, &op, c->err);
    return s == OX_OK && op->mutates ? mark_list(c, first) : s;
}

ox_status ox__unfollowed_mark(ox__conv *c, ox_graph g)
{
    ox_status s = OX_OK;
    for (ox_node n = ox_graph_first(c->m, g); s == OX_OK && n.id; n = ox_node_next(c->m, n)) {
        s = ox__conv_tick(c, "convert");
        if (s == OX_OK) s = look_at(c, n);
        for (size_t i = 0; s == OX_OK && i < ox_node_n_blocks(c->m, n); i++)
            s = ox__unfollowed_mark(c, ox_node_block(c->m, n, i));
    }
    return s;
}

bool ox__reads_unfollowed(const ox__conv *c, ox_node n)
{
    for (size_t i = 0; i < ox_node_n_inputs(c->m, n); i++)
        if (ox__conv_flags(c, ox_node_input(c->m, n, i)) & OX__V_UNFOLLOWED) return true;
    return false;
}
