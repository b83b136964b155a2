/* Nodes: making, order, deleting, moving, inputs, outputs, attributes; and every refusal. */
#include "ox_ir_test.h"

static ox_error err;

typedef struct fixture {
    ox_model *m, *other;
    ox_graph g;
    ox_value x;
    ox_node a, b, c; /* a -> b -> c */
} fixture;

static int set_up(void **state)
{
    fixture *f = test_calloc(1, sizeof *f);
    f->m = ir_model();
    f->other = ir_model();
    f->g = ox_model_main(f->m);
    f->x = ir_input(f->m, f->g, "x");
    f->a = ir_node(f->m, f->g, "A", 1, &f->x, "va");
    ox_value v = ox_node_output(f->m, f->a, 0);
    f->b = ir_node(f->m, f->g, "B", 1, &v, "vb");
    v = ox_node_output(f->m, f->b, 0);
    f->c = ir_node(f->m, f->g, "C", 1, &v, "vc");
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    ox_model_free(f->m);
    ox_model_free(f->other);
    test_free(f);
    return 0;
}

static void test_create(void **state)
{
    fixture *f = *state;
    ox_model *m = f->m;
    ox_value in[] = {f->x, {0, 0}, ox_node_output(m, f->a, 0)};
    ox_node n;
    assert_ok(ox_node_create(m, &n, f->g, f->b, ir_str(m, "aten"), ir_str(m, "mul"), 3, in, 2, &err), &err);
    assert_int_equal(ox_node_next(m, f->a).id, n.id);
    assert_int_equal(ox_node_prev(m, f->b).id, n.id);
    assert_int_equal(ox_node_n_inputs(m, n), 3);
    assert_int_equal(ox_node_input(m, n, 1).id, 0);
    assert_int_equal(ox_node_input(m, n, 3).id, 0);
    assert_int_equal(ox_node_n_outputs(m, n), 2);
    assert_int_equal(ox_value_index(m, ox_node_output(m, n, 1)), 1);
    assert_int_equal(ox_value_node(m, ox_node_output(m, n, 1)).id, n.id);
    assert_int_equal(ox_node_output(m, n, 2).id, 0);
    assert_int_equal(ox_graph_n_nodes(m, f->g), 4);
    assert_true(ox_node_is(m, n, "aten", "mul"));
    assert_false(ox_node_is(m, n, "aten", "add"));
    assert_false(ox_node_is(m, n, "", "mul"));
    assert_true(ox_node_is(m, f->a, "onnx", "A"));
    assert_true(ox_node_is(m, f->a, "ai.onnx", "A"));
    assert_true(ox_node_is(m, f->a, NULL, "A"));
    ox_use u = ox_value_first_use(m, f->x);
    assert_int_equal(u.node.id, f->a.id);
    u = ox_value_next_use(m, u);
    assert_int_equal(u.node.id, n.id);
    assert_int_equal(u.index, 0);
    assert_int_equal(ox_value_next_use(m, u).node.id, 0);
    ir_check(m);
}

static void test_create_refused(void **state)
{
    fixture *f = *state;
    ox_model *m = f->m;
    ox_node n;
    ox_str op = ir_str(m, "Op"), none = {0};
    ox_value foreign = ir_input(f->other, ox_model_main(f->other), "x"), in[] = {f->x, foreign};
    ox_graph block;
    assert_ok(ox_graph_create(m, &block, OX_GRAPH_BLOCK, none, &err), &err);
    assert_fails(ox_node_create(m, &n, (ox_graph){0}, (ox_node){0}, none, op, 0, NULL, 1, &err), OX_E_INVALID, "graph",
                 &err);
    assert_fails(ox_node_create(m, &n, ox_model_main(f->other), (ox_node){0}, none, op, 0, NULL, 1, &err), OX_E_INVALID,
                 "graph", &err);
    assert_fails(ox_node_create(m, &n, block, f->a, none, op, 0, NULL, 1, &err), OX_E_INVALID, "another graph", &err);
    assert_fails(ox_node_create(m, &n, f->g, (ox_node){99, 1}, none, op, 0, NULL, 1, &err), OX_E_INVALID, "node 99",
                 &err);
    assert_fails(ox_node_create(m, &n, f->g, (ox_node){0}, none, none, 0, NULL, 1, &err), OX_E_INVALID, "operator",
                 &err);
    assert_fails(ox_node_create(m, &n, f->g, (ox_node){0}, (ox_str){9999}, op, 0, NULL, 1, &err), OX_E_INVALID,
                 "string", &err);
    assert_fails(ox_node_create(m, &n, f->g, (ox_node){0}, none, op, 2, in, 1, &err), OX_E_INVALID, "input 1", &err);
    assert_fails(ox_node_create(m, &n, f->g, (ox_node){0}, none, op, SIZE_MAX, in, 1, &err), OX_E_LIMIT, "inputs",
                 &err);
    assert_fails(ox_node_create(m, &n, f->g, (ox_node){0}, none, op, 0, NULL, SIZE_MAX, &err), OX_E_LIMIT, "outputs",
                 &err);
    assert_int_equal(ox_graph_n_nodes(m, f->g), 3);
    ir_check(m);
}

static void test_delete(void **state)
{
    fixture *f = *state;
    ox_model *m = f->m;
    assert_fails(ox_node_delete(m, f->a, &err), OX_E_INVALID, "%va is used by node", &err);
    assert_string_equal(err.node, "%va");
    ox_value va = ox_node_output(m, f->a, 0);
    assert_ok(ox_graph_add_output(m, f->g, 0, ox_node_output(m, f->c, 0), &err), &err);
    assert_fails(ox_node_delete(m, f->c, &err), OX_E_INVALID, "an output of the graph", &err);
    assert_ok(ox_graph_remove_output(m, f->g, 0, &err), &err);
    assert_ok(ox_node_delete(m, f->c, &err), &err);
    assert_ok(ox_node_delete(m, f->b, &err), &err);
    assert_ok(ox_node_delete(m, f->a, &err), &err);
    assert_false(ox_node_is_alive(m, f->a));
    assert_false(ox_value_is_alive(m, va));
    assert_int_equal(ox_value_n_uses(m, f->x), 0);
    assert_int_equal(ox_graph_first(m, f->g).id, 0);
    assert_int_equal(ox_graph_last(m, f->g).id, 0);
    assert_fails(ox_node_delete(m, f->a, &err), OX_E_INVALID, "deleted", &err);
    ir_check(m);
}

static void test_move(void **state)
{
    fixture *f = *state;
    ox_model *m = f->m;
    assert_true(ox_node_before(m, f->a, f->c));
    assert_false(ox_node_before(m, f->c, f->a));
    assert_false(ox_node_before(m, f->a, f->a));
    assert_ok(ox_node_move(m, f->c, f->a, &err), &err);
    assert_true(ox_node_before(m, f->c, f->a));
    assert_int_equal(ox_graph_first(m, f->g).id, f->c.id);
    assert_int_equal(ox_graph_last(m, f->g).id, f->b.id);
    assert_ok(ox_node_move(m, f->c, (ox_node){0}, &err), &err);
    assert_int_equal(ox_graph_last(m, f->g).id, f->c.id);
    ir_check(m);
    char *before = ir_dump(m);
    assert_ok(ox_node_move(m, f->c, (ox_node){0}, &err), &err); /* is there already */
    assert_ok(ox_node_move(m, f->a, f->b, &err), &err);
    assert_ok(ox_node_move(m, f->a, f->a, &err), &err);
    char *after = ir_dump(m);
    assert_string_equal(before, after);
    ox__free(before);
    ox__free(after);
    ox_graph block = ir_block(m, f->a, "body");
    ox_node inner = ir_node(m, block, "I", 0, NULL, NULL);
    assert_fails(ox_node_move(m, inner, f->a, &err), OX_E_INVALID, "within its graph", &err);
    assert_false(ox_node_before(m, inner, f->a));
}

/* Keys run out where nodes are put in one place again and again, at its front, at its end, or between. */
static void test_order_in_one_place(void **state)
{
    fixture *f = *state;
    ox_model *m = f->m;
    for (int way = 0; way < 3; way++) {
        ox_node before = f->b;
        for (int i = 0; i < 3000; i++) {
            ox_node n;
            if (way == 2) before = i % 2 ? ox_node_next(m, f->a) : f->b;
            assert_ok(ox_node_create(m, &n, f->g, before, ir_str(m, ""), ir_str(m, "N"), 0, NULL, 0, &err), &err);
            if (way == 1) before = n;
            assert_true(ox_node_before(m, f->a, n));
            assert_true(ox_node_before(m, n, f->b));
        }
    }
    ir_check(m); /* compares every neighbour */
}

/* Each right after a, until the keys there have been spread. */
static void insert_many(fixture *f)
{
    for (int i = 0; i < 1000; i++) {
        ox_node n;
        assert_ok(ox_node_create(f->m, &n, f->g, ox_node_next(f->m, f->a), ir_str(f->m, ""), ir_str(f->m, "N"), 0, NULL,
                                 0, &err),
                  &err);
    }
}

/* Moves mid as close to a as keys get. */
static void approach(fixture *f, ox_node mid)
{
    ox_model *m = f->m;
    while (ox__node_row_at(m, mid.id)->order - ox__node_row_at(m, f->a.id)->order > 1) {
        ox_node n;
        assert_ok(ox_node_create(m, &n, f->g, mid, ir_str(m, ""), ir_str(m, "N"), 0, NULL, 0, &err), &err);
        assert_ok(ox_node_move(m, mid, n, &err), &err);
        assert_ok(ox_node_delete(m, n, &err), &err);
    }
}

/* A node that comes back has the key of its time, while those of its neighbours were spread since. */
static void test_order_after_undo(void **state)
{
    fixture *f = *state;
    ox_model *m = f->m;
    ox_node mid = ir_node(m, f->g, "M", 0, NULL, NULL);
    assert_ok(ox_node_move(m, mid, f->b, &err), &err);
    approach(f, mid);
    assert_ok(ox_journal_commit(m, "one", &err), &err);
    assert_ok(ox_node_delete(m, mid, &err), &err);
    assert_ok(ox_journal_commit(m, "two", &err), &err);
    insert_many(f);
    assert_ok(ox_journal_undo(m, NULL, &err), &err);
    assert_ok(ox_journal_undo(m, NULL, &err), &err);
    assert_true(ox_node_before(m, f->a, mid) && ox_node_before(m, mid, f->b));
    ir_check(m);

    approach(f, mid);
    ox_mark mark = ox_journal_mark(m);
    assert_ok(ox_node_move(m, mid, (ox_node){0, 0}, &err), &err);
    insert_many(f);
    assert_true(ox_node_before(m, f->b, mid));
    ox_journal_rollback(m, mark);
    assert_true(ox_node_before(m, f->a, mid) && ox_node_before(m, mid, f->b));
    ir_check(m);
}

static void test_inputs(void **state)
{
    fixture *f = *state;
    ox_model *m = f->m;
    assert_ok(ox_node_set_input(m, f->c, 0, f->x, &err), &err);
    assert_int_equal(ox_value_n_uses(m, f->x), 2);
    assert_int_equal(ox_value_n_uses(m, ox_node_output(m, f->b, 0)), 0);
    assert_ok(ox_node_set_input(m, f->c, 0, (ox_value){0}, &err), &err);
    assert_int_equal(ox_node_input(m, f->c, 0).id, 0);
    assert_fails(ox_node_set_input(m, f->c, 1, f->x, &err), OX_E_INVALID, "1 inputs, there is no number 1", &err);
    assert_fails(ox_node_set_input(m, f->c, 0, (ox_value){77, 1}, &err), OX_E_INVALID, "value 77", &err);
    ox_value many[] = {f->x, ox_node_output(m, f->a, 0), f->x, {0, 0}};
    assert_ok(ox_node_set_inputs(m, f->c, 4, many, &err), &err);
    assert_int_equal(ox_node_n_inputs(m, f->c), 4);
    assert_int_equal(ox_value_n_uses(m, f->x), 3);
    ir_check(m);
    assert_ok(ox_node_set_inputs(m, f->c, 0, NULL, &err), &err);
    assert_int_equal(ox_node_n_inputs(m, f->c), 0);
    assert_int_equal(ox_value_n_uses(m, f->x), 1);
    many[3] = (ox_value){77, 1};
    assert_fails(ox_node_set_inputs(m, f->c, 4, many, &err), OX_E_INVALID, "value 77", &err);
    assert_int_equal(ox_node_n_inputs(m, f->c), 0);
    ir_check(m);
}

static void test_outputs(void **state)
{
    fixture *f = *state;
    ox_model *m = f->m;
    ox_value v;
    assert_ok(ox_node_add_output(m, &v, f->c, ir_str(m, "second"), ox_type_simple(m, OX_TYPE_INT), &err), &err);
    assert_int_equal(ox_node_n_outputs(m, f->c), 2);
    assert_int_equal(ox_value_index(m, v), 1);
    assert_int_equal(ox_graph_find_value(m, f->g, ir_str(m, "second")).id, v.id);
    ox_node user = ir_node(m, f->g, "U", 1, &v, NULL);
    assert_fails(ox_node_drop_output(m, f->c, &err), OX_E_INVALID, "%second is used", &err);
    assert_ok(ox_node_delete(m, user, &err), &err);
    assert_ok(ox_node_drop_output(m, f->c, &err), &err);
    assert_false(ox_value_is_alive(m, v));
    assert_ok(ox_node_drop_output(m, f->c, &err), &err);
    assert_fails(ox_node_drop_output(m, f->c, &err), OX_E_INVALID, "no output", &err);
    ir_check(m);
}

static void test_fields(void **state)
{
    fixture *f = *state;
    ox_model *m = f->m;
    ox_loc loc = ox_loc_add(m, ir_str(m, "net.py"), 3, 1);
    ox_scope s;
    assert_ok(ox_scope_add(m, &s, (ox_scope){0}, ir_str(m, "Net"), (ox_str){0}, &err), &err);
    assert_ok(ox_node_set_op(m, f->a, ir_str(m, "aten"), ir_str(m, "add"), ir_str(m, "Tensor"), &err), &err);
    assert_ok(ox_node_set_name(m, f->a, ir_str(m, "first"), &err), &err);
    assert_ok(ox_node_set_doc(m, f->a, ir_str(m, "why"), &err), &err);
    assert_ok(ox_node_set_scope(m, f->a, s, &err), &err);
    assert_ok(ox_node_set_loc(m, f->a, loc, &err), &err);
    assert_ok(ox_node_set_origin(m, f->a, 42, &err), &err);
    assert_ok(ox_node_set_metadata(m, f->a, ir_str(m, "k"), ir_str(m, "v"), &err), &err);
    assert_string_equal(ir_text(m, ox_node_overload(m, f->a)), "Tensor");
    assert_string_equal(ir_text(m, ox_node_doc(m, f->a)), "why");
    assert_int_equal(ox_node_scope(m, f->a).id, s.id);
    assert_int_equal(ox_node_loc(m, f->a).id, loc.id);
    assert_int_equal(ox_node_origin(m, f->a), 42);
    assert_int_equal(ox_graph_find_node(m, f->g, ir_str(m, "first")).id, f->a.id);
    const ox_pair *p;
    assert_int_equal(ox_node_metadata(m, f->a, &p), 1);
    assert_string_equal(ir_text(m, p[0].value), "v");
    assert_ok(ox_node_set_metadata(m, f->a, ir_str(m, "k"), ir_str(m, "w"), &err), &err);
    assert_int_equal(ox_node_metadata(m, f->a, &p), 1);
    assert_string_equal(ir_text(m, p[0].value), "w");
    assert_ok(ox_node_set_metadata(m, f->a, ir_str(m, "k"), (ox_str){0}, &err), &err);
    assert_int_equal(ox_node_metadata(m, f->a, &p), 0);
    assert_fails(ox_node_set_op(m, f->a, (ox_str){0}, (ox_str){0}, (ox_str){0}, &err), OX_E_INVALID, "operator", &err);
    assert_fails(ox_node_set_scope(m, f->a, (ox_scope){44, 1}, &err), OX_E_INVALID, "scope 44", &err);
    assert_fails(ox_node_set_loc(m, f->a, (ox_loc){44}, &err), OX_E_INVALID, "location", &err);
    assert_fails(ox_node_set_name(m, f->a, (ox_str){4444}, &err), OX_E_INVALID, "string", &err);
    ir_check(m);
}

static void test_attrs(void **state)
{
    fixture *f = *state;
    ox_model *m = f->m;
    int64_t pads[] = {1, 2, 3};
    ox_attr a = {.name = ir_str(m, "pads"), .kind = OX_ATTR_INTS, .n = 3, .u.ints = pads};
    assert_ok(ox_node_set_attr(m, f->a, &a, &err), &err);
    pads[0] = 9; /* it was copied */
    const ox_attr *kept = ox_node_attr(m, f->a, "pads");
    assert_int_equal(kept->u.ints[0], 1);
    assert_false(ox_attr_equal(kept, &a));
    a = (ox_attr){.name = ir_str(m, "axis"), .kind = OX_ATTR_INT, .u.i = -1};
    assert_ok(ox_node_set_attr(m, f->a, &a, &err), &err);
    a.u.i = 1;
    assert_ok(ox_node_set_attr(m, f->a, &a, &err), &err);
    const ox_attr *rows;
    assert_int_equal(ox_node_attrs(m, f->a, &rows), 2);
    assert_string_equal(ir_text(m, rows[0].name), "pads");
    assert_int_equal(rows[1].u.i, 1);
    assert_true(ox_attr_equal(&rows[1], &a));
    assert_ok(ox_node_remove_attr(m, f->a, "pads", &err), &err);
    assert_null(ox_node_attr(m, f->a, "pads"));
    assert_fails(ox_node_remove_attr(m, f->a, "pads", &err), OX_E_NOT_FOUND, "no attribute 'pads'", &err);
    assert_ok(ox_node_remove_attr(m, f->a, "axis", &err), &err);
    assert_int_equal(ox_node_attrs(m, f->a, &rows), 0);
    a.name.id = 0;
    assert_fails(ox_node_set_attr(m, f->a, &a, &err), OX_E_INVALID, "needs a name", &err);
    a = (ox_attr){.name = ir_str(m, "k"), .kind = 77};
    assert_fails(ox_node_set_attr(m, f->a, &a, &err), OX_E_INVALID, "no known kind", &err);
    a = (ox_attr){.name = ir_str(m, "k"), .kind = OX_ATTR_STRINGS, .n = 2};
    assert_fails(ox_node_set_attr(m, f->a, &a, &err), OX_E_INVALID, "2 elements", &err);
    a = (ox_attr){.name = ir_str(m, "k"), .kind = OX_ATTR_TENSOR, .u.t = {9}};
    assert_fails(ox_node_set_attr(m, f->a, &a, &err), OX_E_INVALID, "attribute 'k': there is no tensor", &err);
    a = (ox_attr){.name = ir_str(m, "k"), .kind = OX_ATTR_TENSORS, .n = 1, .lost = true};
    assert_ok(ox_node_set_attr(m, f->a, &a, &err), &err);
}

static void test_blocks(void **state)
{
    fixture *f = *state;
    ox_model *m = f->m;
    ox_graph block = ir_block(m, f->b, "then_branch"), fn, main = f->g;
    ox_value va = ox_node_output(m, f->a, 0);
    ox_node inner = ir_node(m, block, "I", 1, &va, "vi");
    assert_int_equal(ox_graph_owner(m, block).id, f->b.id);
    assert_int_equal(ox_graph_parent(m, block).id, f->g.id);
    assert_int_equal(ox_node_n_blocks(m, f->b), 1);
    assert_int_equal(ox_node_block(m, f->b, 0).id, block.id);
    assert_int_equal(ox_node_block(m, f->b, 1).id, 0);
    assert_int_equal(ox_graph_find_value(m, block, ir_str(m, "va")).id, va.id);
    assert_int_equal(ox_graph_find_value(m, f->g, ir_str(m, "vi")).id, 0);

    ox_attr a = {.name = ir_str(m, "else_branch"), .kind = OX_ATTR_GRAPH, .u.g = block};
    assert_fails(ox_node_set_attr(m, f->b, &a, &err), OX_E_INVALID, "two attributes", &err);
    assert_fails(ox_node_set_attr(m, f->c, &a, &err), OX_E_INVALID, "another node", &err);
    assert_fails(ox_node_set_attr(m, inner, &a, &err), OX_E_INVALID, "another node", &err);
    a.u.g = main;
    assert_fails(ox_node_set_attr(m, f->b, &a, &err), OX_E_INVALID, "only a block", &err);
    assert_ok(ox_graph_create(m, &fn, OX_GRAPH_FUNCTION, ir_str(m, "f"), &err), &err);
    a.u.g = fn;
    assert_fails(ox_node_set_attr(m, f->b, &a, &err), OX_E_INVALID, "only a block", &err);
    assert_fails(ox_graph_delete(m, block, &err), OX_E_INVALID, "block of a node", &err);

    assert_fails(ox_node_delete(m, f->a, &err), OX_E_INVALID, "is used by", &err); /* captured by the block too */
    assert_ok(ox_node_remove_attr(m, f->b, "then_branch", &err), &err);
    assert_true(ox_graph_is_alive(m, block)); /* on its own now */
    assert_int_equal(ox_graph_owner(m, block).id, 0);
    a.u.g = block;
    assert_fails(ox_node_set_attr(m, inner, &a, &err), OX_E_INVALID, "inside it", &err);
    assert_ok(ox_node_set_attr(m, f->c, &a, &err), &err);
    assert_ok(ox_node_delete(m, f->c, &err), &err);
    assert_false(ox_graph_is_alive(m, block));
    assert_false(ox_node_is_alive(m, inner));
    assert_int_equal(ox_value_n_uses(m, va), 1);
    ir_check(m);
}

static void test_dead_and_foreign(void **state)
{
    fixture *f = *state;
    ox_model *m = f->m;
    const ox_node bad[] = {{0, 0}, {f->a.id, f->a.gen + 1}, {1000000, f->a.gen}};
    for (size_t i = 0; i < OX__COUNT(bad); i++) {
        ox_node n = bad[i];
        assert_false(ox_node_is_alive(m, n) || ox_node_is_return(m, n) || ox_node_is(m, n, "", "A"));
        assert_int_equal(ox_node_graph(m, n).id + ox_node_next(m, n).id + ox_node_prev(m, n).id, 0);
        assert_int_equal(ox_node_domain(m, n).id + ox_node_op(m, n).id + ox_node_overload(m, n).id, 0);
        assert_int_equal(ox_node_name(m, n).id + ox_node_doc(m, n).id + ox_node_scope(m, n).id, 0);
        assert_int_equal(ox_node_loc(m, n).id + ox_node_origin(m, n), 0);
        assert_int_equal(ox_node_n_inputs(m, n) + ox_node_n_outputs(m, n) + ox_node_n_blocks(m, n), 0);
        assert_int_equal(ox_node_input(m, n, 0).id + ox_node_output(m, n, 0).id + ox_node_block(m, n, 0).id, 0);
        assert_int_equal(ox_node_metadata(m, n, NULL) + ox_node_attrs(m, n, NULL), 0);
        assert_null(ox_node_attr(m, n, "x"));
        assert_false(ox_node_before(m, n, f->b));
        assert_int_equal(ox_node_set_doc(m, n, (ox_str){0}, NULL), OX_E_INVALID);
        assert_int_equal(ox_node_move(m, n, f->b, NULL), OX_E_INVALID);
        assert_int_equal(ox_node_set_inputs(m, n, 0, NULL, NULL), OX_E_INVALID);
        assert_int_equal(ox_node_add_output(m, NULL, n, (ox_str){0}, (ox_type){0}, NULL), OX_E_INVALID);
    }
    assert_false(ox_node_is_alive(f->other, f->a)); /* of another model */
    assert_false(ox_node_is_alive(NULL, f->a));
}

static void test_return_node(void **state)
{
    fixture *f = *state;
    ox_model *m = f->m;
    assert_ok(ox_graph_add_output(m, f->g, 0, f->x, &err), &err);
    ox_use u = ox_value_first_use(m, f->x);
    u = ox_value_next_use(m, u);
    assert_true(ox_node_is_return(m, u.node));
    assert_true(ox_node_before(m, f->c, u.node));
    assert_false(ox_node_before(m, u.node, f->c));
    assert_int_equal(ox_model_node_at(m, u.node.id).id, 0);
    assert_fails(ox_node_delete(m, u.node, &err), OX_E_INVALID, "changed by its outputs", &err);
    assert_fails(ox_node_set_input(m, u.node, 0, f->x, &err), OX_E_INVALID, "changed by its outputs", &err);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv)
{
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    const struct CMUnitTest tests[] = {
        T(test_create),
        T(test_create_refused),
        T(test_delete),
        T(test_move),
        T(test_order_in_one_place),
        T(test_order_after_undo),
        T(test_inputs),
        T(test_outputs),
        T(test_fields),
        T(test_attrs),
        T(test_blocks),
        T(test_dead_and_foreign),
        T(test_return_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
