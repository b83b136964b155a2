/* Marks, rollbacks, steps, undo and redo, generations, and what counts as modified. */
#include "ox_ir_test.h"

static ox_error err;

static void test_rollback_refuses_old_handles(void **state)
{
    (void)state;
    ox_model *m = ir_model();
    ox_graph g = ox_model_main(m);
    ox_value x = ir_input(m, g, "x");
    ox_mark mark = ox_journal_mark(m);
    ox_node n = ir_node(m, g, "Relu", 1, &x, "y");
    ox_value y = ox_node_output(m, n, 0);
    ox_scope s;
    assert_ok(ox_scope_add(m, &s, (ox_scope){0}, ir_str(m, "Net"), (ox_str){0}, &err), &err);
    ox_graph f;
    assert_ok(ox_graph_create(m, &f, OX_GRAPH_FUNCTION, ir_str(m, "f"), &err), &err);
    ox_journal_rollback(m, mark);
    assert_false(ox_node_is_alive(m, n));
    assert_false(ox_value_is_alive(m, y));
    assert_false(ox_graph_is_alive(m, f));
    assert_int_equal(ox_scope_depth(m, s), 0);
    assert_int_equal(ox_model_n_functions(m), 0);
    assert_int_equal(ox_value_n_uses(m, x), 0);

    ox_node again = ir_node(m, g, "Relu", 1, &x, "y"); /* takes the same slot */
    assert_int_equal(again.id, n.id);
    assert_int_not_equal(again.gen, n.gen);
    assert_false(ox_node_is_alive(m, n));
    assert_int_equal(ox_node_op(m, n).id, 0);
    assert_fails(ox_node_set_name(m, n, ir_str(m, "z"), &err), OX_E_INVALID, "deleted", &err);
    assert_fails(ox_value_set_name(m, y, ir_str(m, "z"), &err), OX_E_INVALID, "deleted", &err);
    assert_true(ox_value_is_alive(m, x));
    ox_model_free(m);
}

static void test_undo_keeps_ids(void **state)
{
    (void)state;
    ox_model *m = ir_model();
    ox_graph g = ox_model_main(m);
    ox_value x = ir_input(m, g, "x");
    assert_ok(ox_journal_commit(m, "one", &err), &err);
    ox_node n = ir_node(m, g, "Relu", 1, &x, "y");
    ox_value y = ox_node_output(m, n, 0);
    ox_node other = ir_node(m, g, "Abs", 1, &y, NULL);
    assert_ok(ox_node_delete(m, other, &err), &err); /* born and dead in one step: redo must not revive it */
    assert_ok(ox_journal_commit(m, "two", &err), &err);
    const char *label;
    assert_ok(ox_journal_undo(m, &label, &err), &err);
    assert_string_equal(label, "two");
    assert_false(ox_node_is_alive(m, n));
    assert_int_equal(ox_model_n_nodes(m), 0);
    ox_node fresh = ir_node(m, g, "Neg", 1, &x, NULL);
    assert_true(fresh.id > other.id); /* nothing but a rollback gives a slot back */
    ox_mark none = ox_journal_mark(m);
    none.pos = 0;
    none.nodes = none.values = none.uses = 1;
    ox_journal_rollback(m, none); /* goes back to the last step and no further */
    assert_true(ox_value_is_alive(m, x));
    assert_ok(ox_journal_redo(m, &label, &err), &err);
    assert_string_equal(label, "two");
    assert_true(ox_node_is_alive(m, n));
    assert_true(ox_value_is_alive(m, y));
    assert_false(ox_node_is_alive(m, other));
    assert_int_equal(ox_value_n_uses(m, x), 1);
    ir_check(m);
    ox_model_free(m);
}

static void test_steps(void **state)
{
    (void)state;
    ox_model *m = ir_model();
    assert_fails(ox_journal_undo(m, NULL, &err), OX_E_NOT_FOUND, "nothing to undo", &err);
    assert_fails(ox_journal_redo(m, NULL, &err), OX_E_NOT_FOUND, "nothing to redo", &err);
    assert_ok(ox_journal_commit(m, "nothing", &err), &err); /* makes no step */
    assert_int_equal(ox_journal_n_undo(m), 0);
    for (int i = 1; i <= 3; i++) {
        assert_ok(ox_model_set_ir_version(m, i, &err), &err);
        assert_true(ox_journal_is_open(m));
        assert_ok(ox_journal_commit(m, "set", &err), &err);
        assert_false(ox_journal_is_open(m));
    }
    assert_int_equal(ox_journal_n_undo(m), 3);
    assert_ok(ox_journal_undo(m, NULL, &err), &err);
    assert_ok(ox_journal_undo(m, NULL, &err), &err);
    assert_int_equal(ox_model_ir_version(m), 1);
    assert_int_equal(ox_journal_n_redo(m), 2);

    ox_mark mark = ox_journal_mark(m); /* an attempt that fails leaves what can be redone */
    assert_ok(ox_model_set_ir_version(m, 9, &err), &err);
    assert_fails(ox_journal_redo(m, NULL, &err), OX_E_NOT_FOUND, "nothing to redo", &err);
    ox_journal_rollback(m, mark);
    assert_int_equal(ox_journal_n_redo(m), 2);
    assert_ok(ox_journal_redo(m, NULL, &err), &err);
    assert_int_equal(ox_model_ir_version(m), 2);

    assert_ok(ox_model_set_ir_version(m, 7, &err), &err); /* a new step ends the other future */
    assert_ok(ox_journal_commit(m, NULL, &err), &err);
    assert_int_equal(ox_journal_n_redo(m), 0);
    assert_int_equal(ox_journal_n_undo(m), 3);

    assert_ok(ox_model_set_ir_version(m, 8, &err), &err); /* an open step is closed by undo */
    const char *label;
    assert_ok(ox_journal_undo(m, &label, &err), &err);
    assert_string_equal(label, "changes outside a command");
    assert_int_equal(ox_model_ir_version(m), 7);
    ox_model_free(m);
}

static void test_modified(void **state)
{
    (void)state;
    ox_model *m = ir_model();
    assert_false(ox_model_is_modified(m));
    assert_ok(ox_model_set_ir_version(m, 1, &err), &err);
    assert_true(ox_model_is_modified(m));
    ox_model_set_saved(m); /* in the middle of a step */
    assert_false(ox_model_is_modified(m));
    assert_ok(ox_journal_commit(m, "a", &err), &err);
    assert_false(ox_model_is_modified(m));
    assert_ok(ox_model_set_ir_version(m, 2, &err), &err);
    assert_ok(ox_journal_commit(m, "b", &err), &err);
    assert_true(ox_model_is_modified(m));
    assert_ok(ox_journal_undo(m, NULL, &err), &err);
    assert_false(ox_model_is_modified(m));
    assert_ok(ox_journal_undo(m, NULL, &err), &err);
    assert_true(ox_model_is_modified(m));
    assert_ok(ox_journal_redo(m, NULL, &err), &err);
    assert_false(ox_model_is_modified(m));
    assert_ok(ox_journal_undo(m, NULL, &err), &err);
    assert_ok(ox_model_set_ir_version(m, 5, &err), &err); /* as many words as the way to the saved state */
    assert_true(ox_model_is_modified(m));
    assert_ok(ox_journal_commit(m, "c", &err), &err);
    assert_true(ox_model_is_modified(m)); /* there is no way back to what was saved */
    assert_ok(ox_journal_undo(m, NULL, &err), &err);
    assert_true(ox_model_is_modified(m));

    ox_model_set_saved(m);
    ox_mark mark = ox_journal_mark(m);
    assert_ok(ox_model_set_ir_version(m, 6, &err), &err);
    ox_model_set_saved(m);
    ox_journal_rollback(m, mark); /* what was saved is gone */
    assert_true(ox_model_is_modified(m));

    assert_ok(ox_model_set_version(m, 1, &err), &err);
    mark = ox_journal_mark(m);
    assert_ok(ox_model_set_ir_version(m, 6, &err), &err);
    ox_model_set_saved(m);
    ox_journal_rollback(m, mark);
    assert_ok(ox_model_set_ir_version(m, 7, &err), &err); /* as far from the beginning as what was saved, but not it */
    assert_true(ox_model_is_modified(m));
    ox_model_free(m);
}

/* A change of a row that was made in the same step must count as one after a save in between. */
static void test_saved_between_changes_of_a_new_row(void **state)
{
    (void)state;
    ox_model *m = ir_model();
    ox_node n = ir_node(m, ox_model_main(m), "Relu", 0, NULL, NULL);
    ox_model_set_saved(m);
    assert_false(ox_model_is_modified(m));
    assert_ok(ox_node_set_name(m, n, ir_str(m, "a"), &err), &err);
    assert_true(ox_model_is_modified(m));
    ox_model_free(m);
}

static void test_nested_marks(void **state)
{
    (void)state;
    ox_model *m = ir_model();
    ox_graph g = ox_model_main(m);
    ox_node n = ir_node(m, g, "Op", 0, NULL, NULL);
    char *dumps[4];
    ox_mark marks[4];
    for (int i = 0; i < 4; i++) {
        marks[i] = ox_journal_mark(m);
        dumps[i] = ir_dump(m);
        char name[8];
        snprintf(name, sizeof name, "n%d", i);
        assert_ok(ox_node_set_name(m, n, ir_str(m, name), &err), &err);
        assert_ok(ox_node_set_name(m, n, ir_str(m, "again"), &err), &err);
        ir_node(m, g, name, 0, NULL, NULL);
    }
    const int order[] = {3, 3, 1, 0};
    for (int i = 0; i < 4; i++) {
        ox_journal_rollback(m, marks[order[i]]);
        char *now = ir_dump(m);
        assert_string_equal(now, dumps[order[i]]);
        ox__free(now);
    }
    for (int i = 0; i < 4; i++) ox__free(dumps[i]);
    ox_model_free(m);
}

static void test_loading_is_not_recorded(void **state)
{
    (void)state;
    ox_model *m = ir_model();
    ox_graph g = ox_model_main(m);
    ox__journal_pause(m);
    ox_value x = ir_input(m, g, "x");
    ox_node n = ir_node(m, g, "Relu", 1, &x, "y");
    assert_ok(ox_graph_add_output(m, g, 0, ox_node_output(m, n, 0), &err), &err);
    ox__journal_resume(m);
    assert_false(ox_journal_is_open(m));
    assert_false(ox_model_is_modified(m));
    assert_int_equal(ox__node_row_at(m, n.id)->flags, OX__ALIVE);
    assert_int_equal(ox__top(m)->flags, 0);
    char *before = ir_dump(m);
    assert_ok(ox_node_set_name(m, n, ir_str(m, "relu"), &err), &err);
    assert_int_equal(ox__top(m)->flags, OX__BELOW);
    assert_ok(ox_journal_undo(m, NULL, &err), &err);
    char *after = ir_dump(m);
    assert_string_equal(after, before);
    ox__free(before);
    ox__free(after);
    ox_model_free(m);
}

static void test_null_model(void **state)
{
    (void)state;
    assert_int_equal(ox_journal_mark(NULL).pos, 0);
    ox_journal_rollback(NULL, (ox_mark){0});
    assert_fails(ox_journal_commit(NULL, "", &err), OX_E_INVALID, "no model", &err);
    assert_fails(ox_journal_undo(NULL, NULL, &err), OX_E_INVALID, "no model", &err);
    assert_fails(ox_journal_redo(NULL, NULL, &err), OX_E_INVALID, "no model", &err);
    assert_false(ox_journal_is_open(NULL));
    assert_false(ox_model_is_modified(NULL));
    assert_int_equal(ox_journal_n_undo(NULL) + ox_journal_n_redo(NULL), 0);
    ox_model_set_saved(NULL);
}

int main(int argc, char **argv)
{
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rollback_refuses_old_handles),
        cmocka_unit_test(test_undo_keeps_ids),
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_modified),
        cmocka_unit_test(test_saved_between_changes_of_a_new_row),
        cmocka_unit_test(test_nested_marks),
        cmocka_unit_test(test_loading_is_not_recorded),
        cmocka_unit_test(test_null_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
