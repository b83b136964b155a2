/* For the tests of the IR: short makers, a dump of all that a model says, and a check of its inner bonds. */
#ifndef OX_IR_TEST_H
#define OX_IR_TEST_H

#include "ox_test.h"

#include "ir/parts.h"

#include <inttypes.h>

static inline ox_str ir_str(ox_model *m, const char *s)
{
    return ox_str_addz(m, s);
}

static inline ox_model *ir_model(void)
{
    ox_error err;
    ox_model *m;
    assert_ok(ox_model_create(&m, OX_MODEL_ONNX, &err), &err);
    return m;
}

static inline ox_value ir_input(ox_model *m, ox_graph g, const char *name)
{
    ox_error err;
    ox_value v;
    assert_ok(ox_graph_add_input(m, &v, g, SIZE_MAX, ir_str(m, name), (ox_type){0}, &err), &err);
    return v;
}

/* A node of one output called `out` (NULL: unnamed) at the end of g. */
static inline ox_node ir_node(ox_model *m, ox_graph g, const char *op, size_t n, const ox_value *in, const char *out)
{
    ox_error err;
    ox_node node;
    assert_ok(ox_node_create(m, &node, g, (ox_node){0}, ir_str(m, ""), ir_str(m, op), n, in, 1, &err), &err);
    if (out) assert_ok(ox_value_set_name(m, ox_node_output(m, node, 0), ir_str(m, out), &err), &err);
    return node;
}

static inline ox_value ir_apply(ox_model *m, ox_graph g, const char *op, ox_value in, const char *out)
{
    return ox_node_output(m, ir_node(m, g, op, 1, &in, out), 0);
}

static inline ox_tensor ir_tensor(ox_model *m, float v)
{
    ox_error err;
    ox_tensor t;
    assert_ok(ox_tensor_add_raw(m, &t, OX_FLOAT, 0, NULL, &v, sizeof v, &err), &err);
    return t;
}

static inline ox_value ir_initializer(ox_model *m, ox_graph g, const char *name, float v)
{
    ox_error err;
    ox_value out;
    assert_ok(ox_graph_add_initializer(m, &out, g, ir_str(m, name), ir_tensor(m, v), &err), &err);
    return out;
}

static inline ox_graph ir_block(ox_model *m, ox_node owner, const char *attr)
{
    ox_error err;
    ox_graph g;
    assert_ok(ox_graph_create(m, &g, OX_GRAPH_BLOCK, ir_str(m, attr), &err), &err);
    ox_attr a = {.name = ir_str(m, attr), .kind = OX_ATTR_GRAPH, .u.g = g};
    assert_ok(ox_node_set_attr(m, owner, &a, &err), &err);
    return g;
}

/* ---- the dump: text that is equal for models that say the same, flags and ids included ---- */
static inline const char *ir_text(const ox_model *m, ox_str s)
{
    return s.id ? ox_str_text(m, s, NULL) : "~";
}

static inline void ir_dump_pairs(const ox_model *m, ox__buf *b, size_t n, const ox_pair *p)
{
    for (size_t i = 0; i < n; i++) ox__buf_addf(b, " {%s=%s}", ir_text(m, p[i].key), ir_text(m, p[i].value));
}

static inline void ir_dump_attr(const ox_model *m, ox__buf *b, const ox_attr *a)
{
    ox__buf_addf(b, " %s:%s", ir_text(m, a->name), ox_attr_kind_name((ox_attr_kind)a->kind));
    if (a->ref.id)
        ox__buf_addf(b, "@%s", ir_text(m, a->ref));
    else if (a->kind == OX_ATTR_INT)
        ox__buf_addf(b, "=%" PRId64, a->u.i);
    else if (a->kind == OX_ATTR_INTS)
        for (uint32_t i = 0; i < a->n; i++) ox__buf_addf(b, ",%" PRId64, a->u.ints[i]);
    else if (a->kind == OX_ATTR_GRAPH)
        ox__buf_addf(b, "=g%u", a->u.g.id);
    else if (a->kind == OX_ATTR_GRAPHS)
        for (uint32_t i = 0; i < a->n; i++) ox__buf_addf(b, ",g%u", a->u.graphs[i].id);
    else if (a->kind == OX_ATTR_TENSOR)
        ox__buf_addf(b, "=t%u", a->u.t.id);
}

static inline void ir_dump_graph(const ox_model *m, ox__buf *b, ox_graph g)
{
    const ox__graph_row *r = ox__graph_row_at(m, g.id);
    const ox_pair *p;
    ox_function_info f = ox_function_get(m, g);
    ox__buf_addf(b, "graph g%u.%u kind %d '%s' doc '%s' owner n%u parent g%u flags %x nodes %zu\n", g.id, g.gen,
                 ox_graph_get_kind(m, g), ir_text(m, ox_graph_name(m, g)), ir_text(m, ox_graph_doc(m, g)),
                 ox_graph_owner(m, g).id, ox_graph_parent(m, g).id, r->flags, ox_graph_n_nodes(m, g));
    ox__buf_addf(b, "  function %s/%s attrs %u defaults %u opsets %u meta", ir_text(m, f.domain),
                 ir_text(m, f.overload), f.n_attrs, f.n_defaults, f.n_opsets);
    {
        size_t n_pairs = ox_graph_metadata(m, g, &p);
        ir_dump_pairs(m, b, n_pairs, p);
    }
    ox__buf_addz(b, "\n  inputs");
    for (size_t i = 0; i < ox_graph_n_inputs(m, g); i++) {
        ox_value v = ox_graph_input(m, g, i);
        ox__buf_addf(b, " v%u/%x", v.id, ox__item_row_at(m, ox__value_row_at(m, v.id)->in_item)->flags);
    }
    ox__buf_addz(b, "\n  initializers");
    for (size_t i = 0; i < ox_graph_n_initializers(m, g); i++) {
        ox_value v = ox_graph_initializer(m, g, i);
        ox__buf_addf(b, " v%u/%x", v.id, ox__item_row_at(m, ox__value_row_at(m, v.id)->init_item)->flags);
    }
    ox__buf_addz(b, "\n  outputs");
    for (size_t i = 0; i < ox_graph_n_outputs(m, g); i++) {
        uint32_t item = ox__graph_output_item(m, g.id, (uint32_t)i);
        ox__buf_addf(b, " v%u/%u/%x", ox_graph_output(m, g, i).id, ox__item_row_at(m, item)->value,
                     ox__item_row_at(m, item)->flags);
    }
    ox__buf_addz(b, "\n");
    for (ox_node n = ox_graph_first(m, g); n.id; n = ox_node_next(m, n)) {
        const ox_attr *a;
        ox__buf_addf(b, "  n%u.%u %s::%s.%s '%s' doc '%s' scope %u loc %u origin %u flags %x in", n.id, n.gen,
                     ir_text(m, ox_node_domain(m, n)), ir_text(m, ox_node_op(m, n)), ir_text(m, ox_node_overload(m, n)),
                     ir_text(m, ox_node_name(m, n)), ir_text(m, ox_node_doc(m, n)), ox_node_scope(m, n).id,
                     ox_node_loc(m, n).id, ox_node_origin(m, n), ox__node_row_at(m, n.id)->flags);
        for (size_t i = 0; i < ox_node_n_inputs(m, n); i++) ox__buf_addf(b, " v%u", ox_node_input(m, n, i).id);
        ox__buf_addz(b, " out");
        for (size_t i = 0; i < ox_node_n_outputs(m, n); i++) ox__buf_addf(b, " v%u", ox_node_output(m, n, i).id);
        size_t n_attrs = ox_node_attrs(m, n, &a);
        for (size_t i = 0; i < n_attrs; i++) ir_dump_attr(m, b, &a[i]);
        {
            size_t n_pairs = ox_node_metadata(m, n, &p);
            ir_dump_pairs(m, b, n_pairs, p);
        }
        ox__buf_addz(b, "\n");
    }
}

static inline void ir_dump_value(const ox_model *m, ox__buf *b, ox_value v)
{
    const ox_pair *p;
    ox__buf_addf(b, "v%u.%u '%s' type %u layout %u tensor %u graph g%u node n%u.%u doc '%s' flags %x uses", v.id, v.gen,
                 ir_text(m, ox_value_name(m, v)), ox_value_type(m, v).id, ox_value_layout(m, v).id,
                 ox_value_tensor(m, v).id, ox_value_graph(m, v).id, ox_value_node(m, v).id, ox_value_index(m, v),
                 ir_text(m, ox_value_doc(m, v)), ox__value_row_at(m, v.id)->flags);
    for (ox_use u = ox_value_first_use(m, v); u.node.id; u = ox_value_next_use(m, u))
        ox__buf_addf(b, " n%u.%u", u.node.id, u.index);
    {
        size_t n_pairs = ox_value_metadata(m, v, &p);
        ir_dump_pairs(m, b, n_pairs, p);
    }
    ox__buf_addz(b, "\n");
}

/* The caller frees it with ox__free. */
static inline char *ir_dump(const ox_model *m)
{
    ox__buf b = {0};
    const ox_opset *o;
    const ox_pair *p;
    ox__buf_addf(&b, "model ir %" PRId64 " version %" PRId64 " nodes %zu values %zu flags %x", ox_model_ir_version(m),
                 ox_model_version(m), ox_model_n_nodes(m), ox_model_n_values(m), ox__top(m)->flags);
    for (int f = 0; f < OX_N_MODEL_FIELDS; f++)
        ox__buf_addf(&b, " '%s'", ir_text(m, ox_model_text(m, (ox_model_field)f)));
    for (size_t i = 0, n = ox_model_opsets(m, &o); i < n; i++)
        ox__buf_addf(&b, " %s:%" PRId64, ir_text(m, o[i].domain), o[i].version);
    {
        size_t n_pairs = ox_model_metadata(m, &p);
        ir_dump_pairs(m, &b, n_pairs, p);
    }
    for (size_t i = 0; i < ox_model_n_functions(m); i++) ox__buf_addf(&b, " g%u", ox_model_function(m, i).id);
    ox__buf_addz(&b, "\n");
    for (uint32_t id = 1; id < ox_model_graph_limit(m); id++)
        if (ox_model_graph_at(m, id).id) ir_dump_graph(m, &b, ox_model_graph_at(m, id));
    for (uint32_t id = 1; id < ox_model_value_limit(m); id++)
        if (ox_model_value_at(m, id).id) ir_dump_value(m, &b, ox_model_value_at(m, id));
    for (uint32_t id = 1; id < ox_model_scope_limit(m); id++) {
        ox_scope s = ox_model_scope_at(m, id);
        if (s.id)
            ox__buf_addf(&b, "s%u.%u %s[%s] in %u depth %u first %u next %u\n", s.id, s.gen,
                         ir_text(m, ox_scope_class(m, s)), ir_text(m, ox_scope_attr(m, s)), ox_scope_parent(m, s).id,
                         ox_scope_depth(m, s), ox_scope_first_child(m, s).id, ox_scope_next(m, s).id);
    }
    return b.p;
}

/* ---- the check: everything that is said twice is said the same ---- */
static inline void ir_check_uses(const ox_model *m, uint32_t node)
{
    const ox__node_row *r = ox__node_row_at(m, node);
    for (uint32_t i = 0; i < r->in_n; i++) {
        const ox__use_row *u = ox__use_row_at(m, r->in_first + i);
        assert_int_equal(u->node, node);
        if (u->value) assert_true(ox__value_row_at(m, u->value)->flags & OX__ALIVE);
    }
    for (uint32_t i = 0; i < r->out_n; i++) {
        uint32_t v = ox__id_at(m, r->out_first + i);
        if (!v) continue;
        assert_int_equal(ox__value_row_at(m, v)->node, node);
        assert_int_equal(ox__value_row_at(m, v)->index, i);
        assert_int_equal(ox__value_row_at(m, v)->graph, r->graph);
        assert_true(ox__value_row_at(m, v)->flags & OX__ALIVE);
    }
}

static inline void ir_check_list(const ox_model *m, uint32_t g, const ox__list *l, enum ox__list_kind k)
{
    uint32_t n = 0, prev = 0;
    for (uint32_t i = l->first; i; prev = i, i = ox__item_row_at(m, i)->next, n++) {
        const ox__item_row *r = ox__item_row_at(m, i);
        const ox__value_row *v = ox__value_row_at(m, r->value);
        assert_int_equal(r->prev, prev);
        assert_true(v->flags & OX__ALIVE);
        assert_int_equal(v->graph, g);
        assert_int_equal(k == OX__LIST_IN ? v->in_item : v->init_item, i);
        assert_int_equal(ox__list_at(m, g, k, n), r->value);
        assert_int_equal(ox__list_position(m, g, k, r->value), n);
    }
    assert_int_equal(l->last, prev);
    assert_int_equal(l->n, n);
}

static inline uint32_t ir_check_graph(const ox_model *m, uint32_t id)
{
    const ox__graph_row *g = ox__graph_row_at(m, id);
    uint32_t n = 0, prev = 0;
    for (uint32_t i = g->first; i; prev = i, i = ox__node_row_at(m, i)->next, n++) {
        const ox__node_row *r = ox__node_row_at(m, i);
        assert_true(r->flags & OX__ALIVE);
        assert_int_equal(r->graph, id);
        assert_int_equal(r->prev, prev);
        if (prev) assert_true(ox_node_before(m, ox__node_handle(m, prev), ox__node_handle(m, i)));
        if (r->flags & (OX__DIRTY | OX__BELOW)) assert_true(g->flags & OX__BELOW);
        ir_check_uses(m, i);
        for (size_t b = 0; b < ox_node_n_blocks(m, ox__node_handle(m, i)); b++) {
            ox_graph block = ox_node_block(m, ox__node_handle(m, i), b);
            assert_true(ox_graph_is_alive(m, block));
            assert_int_equal(ox__graph_row_at(m, block.id)->owner, i);
            if (ox__graph_row_at(m, block.id)->flags & OX__BELOW) assert_true(r->flags & (OX__BELOW | OX__DIRTY));
        }
    }
    assert_int_equal(g->last, prev);
    assert_int_equal(g->n_nodes, n);
    assert_int_equal(ox__node_row_at(m, g->ret)->flags & (OX__ALIVE | OX__RETURN), OX__ALIVE | OX__RETURN);
    ir_check_uses(m, g->ret);
    ir_check_list(m, id, &g->in, OX__LIST_IN);
    ir_check_list(m, id, &g->init, OX__LIST_INIT);
    if (g->owner) assert_true(ox__node_row_at(m, g->owner)->flags & OX__ALIVE);
    if (!g->owner && g->kind != OX_GRAPH_BLOCK && (g->flags & OX__BELOW)) assert_true(ox__top(m)->flags & OX__BELOW);
    return n;
}

static inline void ir_check_value(const ox_model *m, uint32_t id)
{
    const ox__value_row *v = ox__value_row_at(m, id);
    uint32_t n = 0, prev = 0;
    for (uint32_t u = v->use_first; u; prev = u, u = ox__use_row_at(m, u)->next, n++) {
        const ox__use_row *r = ox__use_row_at(m, u);
        const ox__node_row *node = ox__node_row_at(m, r->node);
        assert_int_equal(r->value, id);
        assert_int_equal(r->prev, prev);
        assert_true(node->flags & OX__ALIVE);
        assert_true(u >= node->in_first && u - node->in_first < node->in_n);
    }
    assert_int_equal(v->use_last, prev);
    assert_int_equal(v->use_n, n);
    if (v->node) assert_true(ox__node_row_at(m, v->node)->flags & OX__ALIVE);
    assert_true(!v->tensor == !v->init_item);
    bool homeless = !(ox__graph_row_at(m, v->graph)->flags & OX__ALIVE);
    if (homeless) assert_true(ox__value_is_loose(v)); /* only what nothing makes survives its graph */
    if (v->name > 1 && !homeless) {
        ox_value found = ox_graph_find_value(m, ox__graph_handle(m, v->graph), (ox_str){v->name});
        assert_true(ox_value_is_alive(m, found));
        assert_int_equal(ox__value_row_at(m, found.id)->name, v->name);
        assert_int_equal(ox__value_row_at(m, found.id)->graph, v->graph);
    }
}

static inline void ir_check(const ox_model *m)
{
    uint32_t nodes = 0, values = 0;
    for (uint32_t id = 1; id < ox_model_graph_limit(m); id++)
        if (ox_model_graph_at(m, id).id) nodes += ir_check_graph(m, id);
    for (uint32_t id = 1; id < ox_model_value_limit(m); id++)
        if (ox_model_value_at(m, id).id) {
            ir_check_value(m, id);
            values++;
        }
    assert_int_equal(nodes, ox_model_n_nodes(m));
    assert_int_equal(values, ox_model_n_values(m));
    if (m->fresh) { /* the counts of names, against the values */
        ox_str s = ox_value_fresh_name((ox_model *)m, "probe");
        assert_int_equal(ox_graph_find_value(m, ox_model_main(m), s).id, 0);
    }
}

#endif
