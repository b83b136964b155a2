/* Values: uses, replacement, names and their index, fresh names, fields. */
#include "ox_ir_test.h"

static ox_error err;

static int set_up(void **state)
{
    *state = ir_model();
    return 0;
}

static int tear_down(void **state)
{
    ox_model_free(*state);
    return 0;
}

static void test_replace_uses(void **state)
{
    ox_model *m = *state;
    ox_graph g = ox_model_main(m);
    ox_value a = ir_input(m, g, "a"), b = ir_input(m, g, "b"), in[] = {a, a, b};
    ox_node n = ir_node(m, g, "Op", 3, in, "c");
    ox_node other = ir_node(m, g, "If", 1, &b, NULL);
    ox_graph block = ir_block(m, other, "body");
    ox_node inner = ir_node(m, block, "I", 1, &a, NULL);
    assert_ok(ox_graph_add_output(m, g, 0, a, &err), &err);
    assert_ok(ox_journal_commit(m, "built", &err), &err);
    assert_ok(ox_value_replace_uses(m, a, b, &err), &err);
    assert_int_equal(ox_value_n_uses(m, a), 0);
    assert_int_equal(ox_value_n_uses(m, b), 6);
    assert_int_equal(ox_graph_output(m, g, 0).id, b.id);
    assert_int_equal(ox_node_input(m, inner, 0).id, b.id);
    assert_int_equal(ox_node_input(m, n, 1).id, b.id);
    ir_check(m);
    assert_ok(ox_value_replace_uses(m, a, b, &err), &err); /* nothing to do */
    assert_ok(ox_value_replace_uses(m, b, b, &err), &err);
    assert_int_equal(ox_value_n_uses(m, b), 6);
    assert_ok(ox_journal_undo(m, NULL, &err), &err);
    assert_int_equal(ox_value_n_uses(m, a), 4);
    assert_int_equal(ox_graph_output(m, g, 0).id, a.id);
    ir_check(m);
    assert_fails(ox_value_replace_uses(m, a, (ox_value){0}, &err), OX_E_INVALID, "no value", &err);
    assert_fails(ox_value_replace_uses(m, (ox_value){99, 1}, a, &err), OX_E_INVALID, "value 99", &err);
}

static void test_names(void **state)
{
    ox_model *m = *state;
    ox_graph g = ox_model_main(m);
    ox_value a = ir_input(m, g, "a"), b = ir_input(m, g, "b");
    ox_str sa = ir_str(m, "a"), sb = ir_str(m, "b"), sz = ir_str(m, "z");
    assert_int_equal(ox_graph_find_value(m, g, sa).id, a.id); /* the index is made here */
    assert_ok(ox_journal_commit(m, "built", &err), &err);
    ox_mark mark = ox_journal_mark(m);
    assert_ok(ox_value_set_name(m, a, sz, &err), &err);
    assert_int_equal(ox_graph_find_value(m, g, sa).id, 0);
    assert_int_equal(ox_graph_find_value(m, g, sz).id, a.id);
    ox_value again = ir_input(m, g, "a");
    assert_int_equal(ox_graph_find_value(m, g, sa).id, again.id);
    ox_journal_rollback(m, mark);
    assert_int_equal(ox_graph_find_value(m, g, sa).id, a.id);
    assert_int_equal(ox_graph_find_value(m, g, sz).id, 0);

    assert_ok(ox_value_set_name(m, b, sa, &err), &err); /* two of one name: the older row is found */
    assert_int_equal(ox_graph_find_value(m, g, sa).id, a.id);
    assert_int_equal(ox_graph_find_value(m, g, sb).id, 0);
    assert_ok(ox_value_set_name(m, a, sz, &err), &err);
    assert_int_equal(ox_graph_find_value(m, g, sa).id, b.id);
    assert_int_equal(ox_graph_find_value(m, g, sz).id, a.id);
    assert_ok(ox_journal_commit(m, "renamed", &err), &err);
    assert_ok(ox_journal_undo(m, NULL, &err), &err);
    assert_int_equal(ox_graph_find_value(m, g, sa).id, a.id);
    assert_int_equal(ox_graph_find_value(m, g, sb).id, b.id);
    assert_ok(ox_journal_redo(m, NULL, &err), &err);
    assert_int_equal(ox_graph_find_value(m, g, sa).id, b.id);
    assert_int_equal(ox_graph_find_value(m, g, (ox_str){0}).id, 0);
    assert_int_equal(ox_graph_find_value(m, g, ir_str(m, "")).id, 0);
    assert_fails(ox_value_set_name(m, a, (ox_str){7777}, &err), OX_E_INVALID, "string", &err);
}

/* An index that was built after the mark has not seen the names of before. */
static void test_index_built_within_an_attempt(void **state)
{
    ox_model *m = *state;
    ox_graph g = ox_model_main(m);
    ox_value a = ir_input(m, g, "a");
    ox_node n = ir_node(m, g, "N", 0, NULL, NULL);
    assert_ok(ox_node_set_name(m, n, ir_str(m, "node"), &err), &err);
    ox_mark mark = ox_journal_mark(m);
    assert_ok(ox_value_set_name(m, a, ir_str(m, "z"), &err), &err);
    assert_ok(ox_node_set_name(m, n, ir_str(m, "other"), &err), &err);
    assert_int_equal(ox_graph_find_value(m, g, ir_str(m, "z")).id, a.id);
    assert_int_equal(ox_graph_find_node(m, g, ir_str(m, "other")).id, n.id);
    ox_journal_rollback(m, mark);
    assert_int_equal(ox_graph_find_value(m, g, ir_str(m, "a")).id, a.id);
    assert_int_equal(ox_graph_find_node(m, g, ir_str(m, "node")).id, n.id);
}

static void test_shadowing(void **state)
{
    ox_model *m = *state;
    ox_graph g = ox_model_main(m);
    ox_value outer = ir_input(m, g, "x");
    ox_graph block = ir_block(m, ir_node(m, g, "Loop", 0, NULL, NULL), "body");
    assert_int_equal(ox_graph_find_value(m, block, ir_str(m, "x")).id, outer.id);
    ox_value inner = ir_input(m, block, "x");
    assert_int_equal(ox_graph_find_value(m, block, ir_str(m, "x")).id, inner.id);
    assert_int_equal(ox_graph_find_value(m, g, ir_str(m, "x")).id, outer.id);
}

static void test_node_names(void **state)
{
    ox_model *m = *state;
    ox_graph g = ox_model_main(m);
    ox_node a = ir_node(m, g, "A", 0, NULL, NULL), b = ir_node(m, g, "B", 0, NULL, NULL);
    ox_str s = ir_str(m, "same");
    assert_int_equal(ox_graph_find_node(m, g, s).id, 0);
    assert_ok(ox_node_set_name(m, b, s, &err), &err);
    assert_int_equal(ox_graph_find_node(m, g, s).id, b.id);
    assert_ok(ox_node_set_name(m, a, s, &err), &err);
    assert_int_equal(ox_graph_find_node(m, g, s).id, a.id); /* the first in the graph */
    assert_ok(ox_node_move(m, a, (ox_node){0}, &err), &err);
    assert_int_equal(ox_graph_find_node(m, g, s).id, b.id);
    assert_ok(ox_node_delete(m, b, &err), &err);
    assert_int_equal(ox_graph_find_node(m, g, s).id, a.id);
    assert_int_equal(ox_graph_find_node(m, g, ir_str(m, "")).id, 0);
}

static void test_fresh_names(void **state)
{
    ox_model *m = *state;
    ox_graph g = ox_model_main(m);
    ir_str(m, "w"); /* a string that no value has is no obstacle */
    assert_string_equal(ir_text(m, ox_value_fresh_name(m, "w")), "w");
    ox_value w = ir_input(m, g, "w");
    assert_string_equal(ir_text(m, ox_value_fresh_name(m, "w")), "w_1");
    ox_mark mark = ox_journal_mark(m);
    for (int i = 1; i < 50; i++) {
        char want[16];
        snprintf(want, sizeof want, "w_%d", i);
        ox_str s = ox_value_fresh_name(m, "w");
        assert_string_equal(ir_text(m, s), want);
        ir_input(m, g, want);
    }
    ox_journal_rollback(m, mark);
    assert_string_equal(ir_text(m, ox_value_fresh_name(m, "w")), "w_1"); /* a failed attempt leaves no trace in names */
    assert_ok(ox_value_set_name(m, w, ir_str(m, "v"), &err), &err);
    assert_string_equal(ir_text(m, ox_value_fresh_name(m, "w")), "w");
    assert_string_equal(ir_text(m, ox_value_fresh_name(m, "")), "value");
    assert_string_equal(ir_text(m, ox_value_fresh_name(m, NULL)), "value");
    assert_int_equal(ox_value_fresh_name(NULL, "w").id, 0);
    assert_ok(ox_journal_commit(m, "all", &err), &err);
    assert_ok(ox_journal_undo(m, NULL, &err), &err);
    assert_string_equal(ir_text(m, ox_value_fresh_name(m, "v")), "v");
    assert_ok(ox_journal_redo(m, NULL, &err), &err);
    assert_string_equal(ir_text(m, ox_value_fresh_name(m, "v")), "v_1");
    char longest[600];
    memset(longest, 'n', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    ir_input(m, g, longest);
    ox_str s = ox_value_fresh_name(m, longest);
    size_t n;
    ox_str_text(m, s, &n);
    assert_int_equal(n, sizeof longest - 1 + 2);
}

static void test_fields(void **state)
{
    ox_model *m = *state;
    ox_value v = ir_input(m, ox_model_main(m), "v");
    ox_type t = ox_type_simple(m, OX_TYPE_STR);
    ox_layout l = ox_layout_add(m, &(ox_layout_info){.requires_grad = 1, .device = ir_str(m, "cpu"), .n_strides = -1});
    assert_ok(ox_value_set_type(m, v, t, &err), &err);
    assert_ok(ox_value_set_layout(m, v, l, &err), &err);
    assert_ok(ox_value_set_doc(m, v, ir_str(m, "d"), &err), &err);
    assert_ok(ox_value_set_origin(m, v, 42, &err), &err);
    assert_ok(ox_value_set_metadata(m, v, ir_str(m, "k"), ir_str(m, "1"), &err), &err);
    assert_ok(ox_value_set_metadata(m, v, ir_str(m, "l"), ir_str(m, "2"), &err), &err);
    assert_ok(ox_value_set_metadata(m, v, ir_str(m, "none"), (ox_str){0}, &err), &err);
    assert_ok(ox_value_set_declared(m, v, true, &err), &err);
    const ox_pair *p;
    assert_int_equal(ox_value_type(m, v).id, t.id);
    assert_int_equal(ox_value_layout(m, v).id, l.id);
    assert_string_equal(ir_text(m, ox_value_doc(m, v)), "d");
    assert_int_equal(ox_value_origin(m, v), 42);
    assert_int_equal(ox_value_metadata(m, v, &p), 2);
    assert_string_equal(ir_text(m, p[1].key), "l");
    assert_true(ox_value_is_declared(m, v));
    assert_fails(ox_value_set_type(m, v, (ox_type){99}, &err), OX_E_INVALID, "type", &err);
    assert_fails(ox_value_set_layout(m, v, (ox_layout){99}, &err), OX_E_INVALID, "layout", &err);
    const ox_value bad[] = {{0, 0}, {v.id, v.gen + 1}, {1000000, v.gen}};
    for (size_t i = 0; i < OX__COUNT(bad); i++) {
        ox_value b = bad[i];
        assert_false(ox_value_is_alive(m, b) || ox_value_is_input(m, b) || ox_value_is_output(m, b));
        assert_false(ox_value_is_initializer(m, b) || ox_value_is_declared(m, b));
        assert_int_equal(ox_value_name(m, b).id + ox_value_type(m, b).id + ox_value_layout(m, b).id, 0);
        assert_int_equal(ox_value_tensor(m, b).id + ox_value_doc(m, b).id + ox_value_node(m, b).id, 0);
        assert_int_equal(ox_value_index(m, b) + ox_value_graph(m, b).id + ox_value_n_uses(m, b), 0);
        assert_int_equal(ox_value_first_use(m, b).node.id + ox_value_metadata(m, b, NULL), 0);
        assert_int_equal(ox_value_next_use(m, (ox_use){{b.id, b.gen}, 0}).node.id, 0);
        assert_int_equal(ox_value_set_declared(m, b, true, NULL), OX_E_INVALID);
        assert_int_equal(ox_value_set_doc(m, b, (ox_str){0}, NULL), OX_E_INVALID);
        assert_int_equal(ox_value_set_origin(m, b, 1, NULL), OX_E_INVALID);
        assert_int_equal(ox_value_origin(m, b), 0);
        assert_int_equal(ox_value_set_metadata(m, b, (ox_str){0}, (ox_str){0}, NULL), OX_E_INVALID);
    }
}

/* What a file uses and never defines. */
static void test_loose_values(void **state)
{
    ox_model *m = *state;
    ox_graph g = ox_model_main(m);
    ox_value a, b, c;
    assert_ok(ox__value_new(m, &a, g, ir_str(m, "a"), &err), &err);
    assert_ok(ox__value_new(m, &b, g, ir_str(m, "b"), &err), &err);
    assert_ok(ox__value_new(m, &c, g, ir_str(m, "c"), &err), &err);
    ox_value in[] = {a, a, b};
    ox_node n = ir_node(m, g, "N", 3, in, NULL);
    assert_ok(ox__graph_adopt_input(m, g, b, &err), &err);
    assert_fails(ox__graph_adopt_input(m, g, b, &err), OX_E_INVALID, "already", &err);
    uint32_t made, out[] = {c.id, 0};
    assert_ok(
        ox__node_add(m, &made, &(ox__node_spec){.graph = g.id, .op = ir_str(m, "M"), .n_out = 2, .out = out}, &err),
        &err);
    assert_int_equal(ox_value_node(m, c).id, made);
    assert_int_equal(ox_node_output(m, ox_model_node_at(m, made), 1).id, 0);
    assert_ok(ox_node_set_inputs(m, n, 1, &a, &err), &err); /* is used again before it is given up */
    assert_true(ox_value_is_alive(m, a));
    assert_ok(ox_node_delete(m, n, &err), &err);
    assert_false(ox_value_is_alive(m, a));
    assert_true(ox_value_is_alive(m, b));
    assert_ok(ox__value_new(m, &a, g, ir_str(m, "w"), &err), &err);
    assert_ok(ox__graph_adopt_initializer(m, g, a, ir_tensor(m, 1), &err), &err);
    assert_fails(ox__graph_adopt_initializer(m, g, c, ir_tensor(m, 1), &err), OX_E_INVALID, "already", &err);
    assert_true(ox_value_is_initializer(m, a));
    ir_check(m);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv)
{
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    const struct CMUnitTest tests[] = {
        T(test_replace_uses), T(test_names),        T(test_index_built_within_an_attempt),
        T(test_shadowing),    T(test_node_names),   T(test_fresh_names),
        T(test_fields),       T(test_loose_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
