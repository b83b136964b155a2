/* The model's own fields, strings, opsets, metadata, scopes. */
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

static void test_strings(void **state)
{
    ox_model *m = *state;
    ox_str empty = ox_str_add(m, "", 0), s = ox_str_add(m, "a\0b", 3);
    assert_int_equal(empty.id, 1);
    assert_int_equal(ox_str_add(m, "a\0b", 3).id, s.id);
    assert_int_equal(ox_str_find(m, "a\0b", 3).id, s.id);
    assert_int_equal(ox_str_find(m, "a", 1).id, 0);
    size_t n;
    assert_memory_equal(ox_str_text(m, s, &n), "a\0b", 4);
    assert_int_equal(n, 3);
    assert_string_equal(ox_str_text(m, (ox_str){0}, &n), "");
    assert_string_equal(ox_str_text(m, (ox_str){12345}, NULL), "");
    assert_string_equal(ox_str_text(NULL, s, &n), "");
    assert_int_equal(n, 0);
    assert_int_equal(ox_str_addz(m, NULL).id, 0);
    assert_int_equal(ox_model_status(m, &err), OX_OK);
    assert_fails(ox_model_status(NULL, &err), OX_E_INVALID, "no model", &err);
}

static void test_fields(void **state)
{
    ox_model *m = *state;
    assert_int_equal(ox_model_get_kind(m), OX_MODEL_ONNX);
    assert_ok(ox_model_set_ir_version(m, 8, &err), &err);
    assert_ok(ox_model_set_version(m, -3, &err), &err);
    for (int f = 0; f < OX_N_MODEL_FIELDS; f++) {
        char text[8];
        snprintf(text, sizeof text, "f%d", f);
        assert_ok(ox_model_set_text(m, (ox_model_field)f, ir_str(m, text), &err), &err);
        assert_string_equal(ir_text(m, ox_model_text(m, (ox_model_field)f)), text);
    }
    assert_int_equal(ox_model_ir_version(m), 8);
    assert_int_equal(ox_model_version(m), -3);
    assert_fails(ox_model_set_text(m, OX_N_MODEL_FIELDS, (ox_str){1}, &err), OX_E_INVALID, "no such field", &err);
    assert_fails(ox_model_set_text(m, OX_MODEL_DOC, (ox_str){999}, &err), OX_E_INVALID, "string", &err);
    assert_int_equal(ox_model_text(m, OX_N_MODEL_FIELDS).id, 0);
    assert_int_equal(ox_model_node_limit(NULL) + ox_model_value_limit(NULL) + ox_model_graph_limit(NULL), 0);
    assert_int_equal(ox_model_n_nodes(NULL) + ox_model_n_values(NULL) + ox_model_n_functions(NULL), 0);
    assert_int_equal(ox_model_main(NULL).id + ox_model_node_at(m, 0).id + ox_model_value_at(m, 99).id, 0);
    assert_int_equal(ox_model_graph_at(m, 1).id, 1);
    assert_int_equal(ox_model_graph_at(m, 2).id, 0);
}

static void test_opsets(void **state)
{
    ox_model *m = *state;
    ox_str onnx = ir_str(m, ""), long_onnx = ir_str(m, "ai.onnx"), ms = ir_str(m, "com.microsoft");
    const ox_opset *o;
    assert_int_equal(ox_model_opset(m, ""), 0);
    assert_ok(ox_model_set_opset(m, onnx, 0, &err), &err); /* not there: nothing to remove */
    assert_false(ox_journal_is_open(m));
    assert_ok(ox_model_set_opset(m, long_onnx, 13, &err), &err);
    assert_ok(ox_model_set_opset(m, onnx, 17, &err), &err); /* the same domain */
    assert_ok(ox_model_set_opset(m, ms, 1, &err), &err);
    assert_int_equal(ox_model_opsets(m, &o), 2);
    assert_int_equal(o[0].domain.id, long_onnx.id);
    assert_int_equal(ox_model_opset(m, ""), 17);
    assert_int_equal(ox_model_opset(m, "ai.onnx"), 17);
    assert_int_equal(ox_model_opset(m, "com.microsoft"), 1);
    assert_int_equal(ox_model_opset(m, "other"), 0);
    assert_ok(ox_model_set_opset(m, onnx, 0, &err), &err);
    assert_int_equal(ox_model_opsets(m, &o), 1);
    assert_ok(ox_model_set_opset(m, ms, 0, &err), &err);
    assert_int_equal(ox_model_opsets(m, &o), 0);
    assert_fails(ox_model_set_opset(m, ms, -1, &err), OX_E_INVALID, "cannot be -1", &err);
}

static void test_metadata(void **state)
{
    ox_model *m = *state;
    ox_str a = ir_str(m, "a"), b = ir_str(m, "b"), c = ir_str(m, "c");
    const ox_pair *p;
    assert_ok(ox_model_set_metadata(m, a, b, &err), &err);
    assert_ok(ox_model_set_metadata(m, b, c, &err), &err);
    assert_ok(ox_model_set_metadata(m, a, c, &err), &err);
    assert_int_equal(ox_model_metadata(m, &p), 2);
    assert_int_equal(p[0].value.id, c.id);
    assert_ok(ox_journal_commit(m, "x", &err), &err);
    assert_ok(ox_model_set_metadata(m, a, c, &err), &err); /* says nothing new */
    assert_false(ox_journal_is_open(m));
    assert_ok(ox_model_set_metadata(m, a, (ox_str){0}, &err), &err);
    assert_int_equal(ox_model_metadata(m, &p), 1);
    assert_int_equal(p[0].key.id, b.id);
    assert_ok(ox__model_set_pairs(m, 0, NULL, &err), &err);
    assert_int_equal(ox_model_metadata(m, &p), 0);
}

static ox_scope add_scope(ox_model *m, ox_scope parent, const char *cls, const char *attr)
{
    ox_scope s;
    assert_ok(ox_scope_add(m, &s, parent, ir_str(m, cls), ir_str(m, attr), &err), &err);
    return s;
}

static void test_scope_tree(void **state)
{
    ox_model *m = *state;
    ox_scope none = {0, 0}, net = add_scope(m, none, "torchvision.models.alexnet.AlexNet", NULL);
    ox_scope features = add_scope(m, net, "torch.nn.modules.container.Sequential", "features");
    ox_scope conv = add_scope(m, features, "Conv2d", "0"), relu = add_scope(m, features, "ReLU", "1");
    assert_int_equal(add_scope(m, features, "Conv2d", "0").id, conv.id); /* made once */
    assert_int_not_equal(add_scope(m, features, "Conv2d", "10").id, conv.id);
    assert_int_equal(ox_scope_first_child(m, none).id, net.id);
    assert_int_equal(ox_scope_first_child(m, features).id, conv.id);
    assert_int_equal(ox_scope_next(m, conv).id, relu.id);
    assert_int_equal(ox_scope_next(m, net).id, 0);
    assert_int_equal(ox_scope_parent(m, conv).id, features.id);
    assert_int_equal(ox_scope_depth(m, conv), 3);
    assert_int_equal(ox_scope_depth(m, none), 0);
    char text[64];
    assert_int_equal(ox_scope_print(m, conv, text, sizeof text), 38);
    assert_string_equal(text, "AlexNet/Sequential[features]/Conv2d[0]");
    assert_int_equal(ox_scope_print(m, conv, text, 8), 38);
    assert_string_equal(text, "AlexNet");
    assert_int_equal(ox_scope_print(m, conv, NULL, 0), 38);
    assert_int_equal(ox_scope_path(m, conv, text, sizeof text), 10);
    assert_string_equal(text, "features.0");
    assert_int_equal(ox_scope_path(m, net, text, sizeof text), 0);
    ox_scope unknown = add_scope(m, add_scope(m, none, NULL, "layer1"), "", "conv");
    ox_scope_print(m, unknown, text, sizeof text);
    assert_string_equal(text, "[layer1]/[conv]");
    ox_scope_path(m, unknown, text, sizeof text);
    assert_string_equal(text, "layer1.conv");
    ox_scope gone = {conv.id, conv.gen + 1};
    assert_int_equal(ox_scope_print(m, gone, text, sizeof text), 0);
    assert_int_equal(ox_scope_parent(m, gone).id + ox_scope_class(m, gone).id + ox_scope_attr(m, gone).id, 0);
    assert_int_equal(ox_scope_first_child(m, gone).id + ox_scope_next(m, gone).id, 0);
    assert_int_equal(ox_model_scope_at(m, conv.id).id, conv.id);
    assert_int_equal(ox_model_scope_at(m, 0).id + ox_model_scope_at(m, ox_model_scope_limit(m)).id, 0);
    assert_fails(ox_scope_add(m, &gone, (ox_scope){99, 1}, (ox_str){0}, (ox_str){0}, &err), OX_E_INVALID,
                 "parent scope", &err);
}

static void test_scope_selection(void **state)
{
    ox_model *m = *state;
    ox_scope net = add_scope(m, (ox_scope){0, 0}, "Net", NULL), f = add_scope(m, net, "Sequential", "features");
    ox_scope f0 = add_scope(m, f, "Conv2d", "0"), f10 = add_scope(m, f, "Conv2d", "10"),
             fn = add_scope(m, f0, "Function", NULL);
    assert_true(ox_scope_matches(m, f0, "features.0") && ox_scope_matches(m, f0, "features/0"));
    assert_true(ox_scope_matches(m, f0, "features") && ox_scope_matches(m, f0, "features/"));
    assert_true(ox_scope_matches(m, fn, "features.0"));
    assert_false(ox_scope_matches(m, f10, "features.1"));
    assert_false(ox_scope_matches(m, f, "features.0"));
    assert_true(ox_scope_matches(m, f0, "features.0$"));
    assert_false(ox_scope_matches(m, f0, "features$"));
    assert_false(ox_scope_matches(m, fn, "features.0$")); /* the same path, but a level deeper */
    assert_true(ox_scope_matches(m, f, "features$"));
    assert_true(ox_scope_matches(m, fn, "Net/Sequential[features]"));
    assert_true(ox_scope_matches(m, f, "Net/Sequential[features]$"));
    assert_true(ox_scope_matches(m, f, "Net"));
    assert_false(ox_scope_matches(m, f, "Other"));
    assert_true(ox_scope_matches(m, f, "")); /* all */
    assert_false(ox_scope_matches(m, (ox_scope){0, 0}, "features") || ox_scope_matches(m, f, NULL));
}

static void test_scope_depth_limit(void **state)
{
    ox_model *m = *state;
    ox_scope s = {0, 0};
    for (int i = 0; i < OX__MAX_DEPTH; i++) s = add_scope(m, s, "C", "a");
    assert_fails(ox_scope_add(m, &s, s, ir_str(m, "C"), (ox_str){0}, &err), OX_E_LIMIT, "deeper than 100", &err);
}

/* A scope made by a step that was undone is not found again, and comes back with redo. */
static void test_scope_undo(void **state)
{
    ox_model *m = *state;
    ox_scope a = add_scope(m, (ox_scope){0, 0}, "A", NULL);
    assert_ok(ox_journal_commit(m, "a", &err), &err);
    ox_scope b = add_scope(m, a, "B", "b");
    assert_ok(ox_journal_commit(m, "b", &err), &err);
    assert_ok(ox_journal_undo(m, NULL, &err), &err);
    assert_int_equal(ox_scope_first_child(m, a).id, 0);
    assert_int_equal(ox_scope_depth(m, b), 0);
    ox_mark mark = ox_journal_mark(m);
    ox_scope other = add_scope(m, a, "B", "b");
    assert_int_not_equal(other.id, b.id);
    ox_journal_rollback(m, mark);
    assert_ok(ox_journal_redo(m, NULL, &err), &err);
    assert_int_equal(ox_scope_first_child(m, a).id, b.id);
    assert_int_equal(add_scope(m, a, "B", "b").id, b.id);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv)
{
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    const struct CMUnitTest tests[] = {
        T(test_strings),           T(test_fields),     T(test_opsets),
        T(test_metadata),          T(test_scope_tree), T(test_scope_selection),
        T(test_scope_depth_limit), T(test_scope_undo),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
