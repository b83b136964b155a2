/* Which records an edit marks, that the marks go up to the model, and that undo takes every one back. */
#include "ox_ir_test.h"

static ox_error err;

typedef struct fixture {
    ox_model *m;
    ox_graph g, then, deep;
    ox_value x, w, captured;
    ox_node a, branch, inner, deepest, b;
    char *clean;
} fixture;

/* As a file would be loaded: x, w -> a -> If(then: inner uses a, holds another If) -> b, output b. */
static int set_up(void **state)
{
    fixture *f = test_calloc(1, sizeof *f);
    ox_model *m = f->m = ir_model();
    ox__journal_pause(m);
    f->g = ox_model_main(m);
    f->x = ir_input(m, f->g, "x");
    f->w = ir_initializer(m, f->g, "w", 1);
    ox_value in[] = {f->x, f->w};
    f->a = ir_node(m, f->g, "A", 2, in, "captured");
    f->captured = ox_node_output(m, f->a, 0);
    f->branch = ir_node(m, f->g, "If", 1, &f->x, "cond");
    f->then = ir_block(m, f->branch, "then_branch");
    f->inner = ir_node(m, f->then, "If", 1, &f->captured, "i");
    f->deep = ir_block(m, f->inner, "then_branch");
    f->deepest = ir_node(m, f->deep, "D", 1, &f->captured, "d");
    f->b = ir_node(m, f->g, "B", 1, &f->captured, "out");
    assert_ok(ox_graph_add_output(m, f->g, 0, ox_node_output(m, f->b, 0), &err), &err);
    assert_ok(ox_value_set_declared(m, f->captured, true, &err), &err);
    ox__journal_resume(m);
    f->clean = ir_dump(m);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    ox__free(f->clean);
    ox_model_free(f->m);
    test_free(f);
    return 0;
}

static uint32_t node_flags(const fixture *f, ox_node n)
{
    return ox__node_row_at(f->m, n.id)->flags & (OX__DIRTY | OX__BELOW);
}

static uint32_t graph_flags(const fixture *f, ox_graph g)
{
    return ox__graph_row_at(f->m, g.id)->flags & ~(uint32_t)OX__ALIVE;
}

static void undo_and_compare(fixture *f)
{
    ir_check(f->m);
    assert_true(ox_model_is_modified(f->m));
    assert_ok(ox_journal_undo(f->m, NULL, &err), &err);
    assert_false(ox_model_is_modified(f->m));
    char *now = ir_dump(f->m);
    bool same = strcmp(now, f->clean) == 0;
    ox__free(now);
    assert_true(same);
}

static void test_loaded_is_clean(void **state)
{
    fixture *f = *state;
    assert_int_equal(ox__top(f->m)->flags, 0);
    assert_int_equal(graph_flags(f, f->g) | graph_flags(f, f->deep), 0);
    assert_int_equal(node_flags(f, f->a) | node_flags(f, f->deepest), 0);
}

static void test_edit_of_a_node_deep_down(void **state)
{
    fixture *f = *state;
    assert_ok(ox_node_set_name(f->m, f->deepest, ir_str(f->m, "n"), &err), &err);
    assert_int_equal(node_flags(f, f->deepest), OX__DIRTY);
    assert_int_equal(graph_flags(f, f->deep), OX__BELOW);
    assert_int_equal(node_flags(f, f->inner), OX__BELOW);
    assert_int_equal(graph_flags(f, f->then), OX__BELOW);
    assert_int_equal(node_flags(f, f->branch), OX__BELOW);
    assert_int_equal(graph_flags(f, f->g), OX__BELOW);
    assert_int_equal(ox__top(f->m)->flags, OX__BELOW);
    assert_int_equal(node_flags(f, f->a) | node_flags(f, f->b), 0);
    undo_and_compare(f);
}

static void test_rename_of_a_captured_value(void **state)
{
    fixture *f = *state;
    assert_ok(ox_value_set_name(f->m, f->captured, ir_str(f->m, "renamed"), &err), &err);
    assert_int_equal(node_flags(f, f->a), OX__DIRTY);
    assert_int_equal(node_flags(f, f->inner), OX__DIRTY | OX__BELOW);
    assert_int_equal(node_flags(f, f->deepest), OX__DIRTY);
    assert_int_equal(node_flags(f, f->b), OX__DIRTY);
    assert_int_equal(node_flags(f, f->branch), OX__BELOW);
    assert_true(ox__value_row_at(f->m, f->captured.id)->flags & OX__DIRTY); /* its value_info */
    undo_and_compare(f);
}

static void test_records_of_inputs_and_outputs(void **state)
{
    fixture *f = *state;
    ox_model *m = f->m;
    ox_value out = ox_graph_output(m, f->g, 0);
    ox_type t = ox_type_tensor(m, OX_FLOAT, 0, NULL);
    assert_ok(ox_value_set_type(m, f->x, t, &err), &err);
    assert_ok(ox_value_set_type(m, out, t, &err), &err);
    assert_int_equal(ox__item_row_at(m, ox__value_row_at(m, f->x.id)->in_item)->flags, OX__DIRTY);
    assert_int_equal(ox__item_row_at(m, ox__graph_output_item(m, f->g.id, 0))->flags, OX__DIRTY);
    assert_int_equal(node_flags(f, f->a) | node_flags(f, f->b), 0); /* a node does not say types */
    assert_int_equal(graph_flags(f, f->g), OX__BELOW);
    undo_and_compare(f);
    assert_ok(ox_value_set_tensor(m, f->w, ir_tensor(m, 9), &err), &err);
    assert_int_equal(ox__item_row_at(m, ox__value_row_at(m, f->w.id)->init_item)->flags, OX__DIRTY);
    undo_and_compare(f);
    assert_ok(ox_graph_set_output(m, f->g, 0, f->captured, &err), &err);
    assert_int_equal(ox__item_row_at(m, ox__graph_output_item(m, f->g.id, 0))->flags, OX__DIRTY);
    assert_int_equal(ox__item_row_at(m, ox__graph_output_item(m, f->g.id, 0))->value, f->captured.id);
    undo_and_compare(f);
    assert_ok(ox_value_replace_uses(m, out, f->captured, &err), &err);
    assert_int_equal(ox__item_row_at(m, ox__graph_output_item(m, f->g.id, 0))->flags, OX__DIRTY);
    undo_and_compare(f);
}

static void test_lists(void **state)
{
    fixture *f = *state;
    ox_model *m = f->m;
    ir_node(m, f->then, "New", 0, NULL, NULL);
    assert_int_equal(graph_flags(f, f->then), OX__BELOW | OX__DIRTY_LISTS);
    assert_int_equal(graph_flags(f, f->g), OX__BELOW);
    undo_and_compare(f);
    assert_ok(ox_node_delete(m, f->deepest, &err), &err);
    assert_int_equal(graph_flags(f, f->deep), OX__BELOW | OX__DIRTY_LISTS);
    undo_and_compare(f);
    assert_ok(ox_node_move(m, f->b, f->a, &err), &err);
    assert_int_equal(graph_flags(f, f->g), OX__BELOW | OX__DIRTY_LISTS);
    assert_int_equal(node_flags(f, f->b), 0); /* its record is as it was, in another place */
    undo_and_compare(f);
    ir_input(m, f->g, "more");
    assert_int_equal(graph_flags(f, f->g), OX__BELOW | OX__DIRTY_LISTS);
    undo_and_compare(f);
    assert_ok(ox_value_set_declared(m, f->captured, false, &err), &err);
    assert_int_equal(graph_flags(f, f->g), OX__BELOW | OX__DIRTY_LISTS);
    undo_and_compare(f);
    assert_ok(ox_node_remove_attr(m, f->inner, "then_branch", &err), &err);
    assert_int_equal(node_flags(f, f->inner), OX__DIRTY);
    undo_and_compare(f);
    assert_ok(ox_node_delete(m, f->branch, &err), &err);
    undo_and_compare(f);
}

static void test_fields_of_graph_and_model(void **state)
{
    fixture *f = *state;
    ox_model *m = f->m;
    ox_str s = ir_str(m, "new");
    assert_ok(ox_graph_set_name(m, f->then, s, &err), &err);
    assert_int_equal(graph_flags(f, f->then), OX__BELOW | OX__DIRTY_NAME);
    undo_and_compare(f);
    assert_ok(ox_graph_set_doc(m, f->g, s, &err), &err);
    assert_ok(ox_graph_set_metadata(m, f->g, s, s, &err), &err);
    assert_int_equal(graph_flags(f, f->g), OX__BELOW | OX__DIRTY_DOC | OX__DIRTY_META);
    undo_and_compare(f);
    assert_ok(ox_model_set_text(m, OX_MODEL_DOMAIN, s, &err), &err);
    assert_ok(ox_model_set_version(m, 5, &err), &err);
    assert_int_equal(ox__top(m)->flags, (uint32_t)OX__DIRTY_TEXT << OX_MODEL_DOMAIN | OX__DIRTY_VERSION);
    undo_and_compare(f);
    assert_ok(ox_model_set_opset(m, s, 1, &err), &err);
    assert_ok(ox_model_set_metadata(m, s, s, &err), &err);
    assert_ok(ox_model_set_ir_version(m, 3, &err), &err);
    assert_int_equal(ox__top(m)->flags, OX__DIRTY_OPSETS | OX__DIRTY_META | OX__DIRTY_IR_VERSION);
    undo_and_compare(f);
    ox_graph fn;
    assert_ok(ox_graph_create(m, &fn, OX_GRAPH_FUNCTION, s, &err), &err);
    assert_int_equal(ox__top(m)->flags, OX__DIRTY_FUNCTIONS | OX__BELOW);
    undo_and_compare(f);
    assert_ok(ox_model_set_text(m, OX_MODEL_PATH, s, &err), &err); /* where the file lies is not in the file */
    assert_int_equal(ox__top(m)->flags, 0);
}

/* An edit that changes nothing marks nothing. */
static void test_no_change_no_mark(void **state)
{
    fixture *f = *state;
    ox_model *m = f->m;
    assert_ok(ox_value_set_name(m, f->x, ir_str(m, "x"), &err), &err);
    assert_ok(ox_value_set_type(m, f->x, ox_value_type(m, f->x), &err), &err);
    assert_ok(ox_node_set_input(m, f->b, 0, f->captured, &err), &err);
    assert_ok(ox_node_set_op(m, f->b, ir_str(m, ""), ir_str(m, "B"), (ox_str){0}, &err), &err);
    assert_ok(ox_node_set_attr(m, f->branch, ox_node_attr(m, f->branch, "then_branch"), &err), &err);
    assert_ok(ox_graph_set_output(m, f->g, 0, ox_graph_output(m, f->g, 0), &err), &err);
    assert_ok(ox_value_set_tensor(m, f->w, ox_value_tensor(m, f->w), &err), &err);
    assert_ok(ox_value_set_declared(m, f->captured, true, &err), &err);
    assert_ok(ox_graph_set_doc(m, f->g, (ox_str){0}, &err), &err);
    assert_ok(ox_node_set_metadata(m, f->b, ir_str(m, "k"), (ox_str){0}, &err), &err);
    assert_false(ox_journal_is_open(m));
    assert_false(ox_model_is_modified(m));
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv)
{
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    const struct CMUnitTest tests[] = {
        T(test_loaded_is_clean),
        T(test_edit_of_a_node_deep_down),
        T(test_rename_of_a_captured_value),
        T(test_records_of_inputs_and_outputs),
        T(test_lists),
        T(test_fields_of_graph_and_model),
        T(test_no_change_no_mark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
