/* Graphs: inputs, outputs, initializers, functions, nesting, deleting; and every refusal. */
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

static void test_inputs(void **state)
{
    ox_model *m = *state;
    ox_graph g = ox_model_main(m);
    ox_value a = ir_input(m, g, "a"), b = ir_input(m, g, "b"), c;
    assert_ok(ox_graph_add_input(m, &c, g, 1, ir_str(m, "c"), ox_type_simple(m, OX_TYPE_INT), &err), &err);
    assert_int_equal(ox_graph_n_inputs(m, g), 3);
    assert_int_equal(ox_graph_input(m, g, 0).id, a.id);
    assert_int_equal(ox_graph_input(m, g, 1).id, c.id);
    assert_int_equal(ox_graph_input(m, g, 2).id, b.id);
    assert_int_equal(ox_graph_input(m, g, 3).id, 0);
    assert_int_equal(ox_value_index(m, b), 2);
    assert_int_equal(ox_value_index(m, c), 1);
    assert_true(ox_value_is_input(m, c));
    ox_node n = ir_node(m, g, "Relu", 1, &c, NULL);
    assert_fails(ox_graph_remove_input(m, g, 1, &err), OX_E_INVALID, "%c is used", &err);
    assert_fails(ox_graph_remove_input(m, g, 3, &err), OX_E_INVALID, "no input number 3", &err);
    assert_ok(ox_node_delete(m, n, &err), &err);
    assert_ok(ox_graph_remove_input(m, g, 1, &err), &err);
    assert_false(ox_value_is_alive(m, c));
    assert_int_equal(ox_value_index(m, b), 1);
    assert_fails(ox_graph_add_input(m, &c, g, 0, (ox_str){5555}, (ox_type){0}, &err), OX_E_INVALID, "string", &err);
    assert_fails(ox_graph_add_input(m, &c, g, 0, (ox_str){0}, (ox_type){55}, &err), OX_E_INVALID, "type", &err);
    ir_check(m);
}

static void test_outputs(void **state)
{
    ox_model *m = *state;
    ox_graph g = ox_model_main(m);
    ox_value a = ir_input(m, g, "a"), b = ir_input(m, g, "b");
    assert_ok(ox_graph_add_output(m, g, SIZE_MAX, a, &err), &err);
    assert_ok(ox_graph_add_output(m, g, 0, b, &err), &err);
    assert_ok(ox_graph_add_output(m, g, 1, b, &err), &err); /* the same twice */
    assert_int_equal(ox_graph_n_outputs(m, g), 3);
    assert_int_equal(ox_graph_output(m, g, 0).id, b.id);
    assert_int_equal(ox_graph_output(m, g, 2).id, a.id);
    assert_int_equal(ox_graph_output(m, g, 3).id, 0);
    assert_true(ox_value_is_output(m, b));
    assert_int_equal(ox_value_n_uses(m, b), 2);
    assert_ok(ox_graph_set_output(m, g, 1, a, &err), &err);
    assert_int_equal(ox_value_n_uses(m, b), 1);
    assert_ok(ox_graph_remove_output(m, g, 0, &err), &err);
    assert_false(ox_value_is_output(m, b));
    assert_int_equal(ox_graph_n_outputs(m, g), 2);
    assert_fails(ox_graph_set_output(m, g, 2, a, &err), OX_E_INVALID, "2 outputs, there is no number 2", &err);
    assert_fails(ox_graph_remove_output(m, g, 2, &err), OX_E_INVALID, "no number 2", &err);
    assert_fails(ox_graph_add_output(m, g, 0, (ox_value){0}, &err), OX_E_INVALID, "no value", &err);
    ir_check(m);
    assert_ok(ox__graph_set_outputs(m, g, 2, (ox_value[]){b, b}, &err), &err);
    assert_int_equal(ox_value_n_uses(m, a), 0);
    assert_int_equal(ox_graph_output(m, g, 1).id, b.id);
    ir_check(m);
}

static void test_initializers(void **state)
{
    ox_model *m = *state;
    ox_graph g = ox_model_main(m);
    ox_value w = ir_initializer(m, g, "w", 1), x = ir_input(m, g, "x");
    int64_t dims[] = {2};
    float data[] = {1, 2};
    ox_tensor t;
    assert_ok(ox_tensor_add_raw(m, &t, OX_FLOAT, 1, dims, data, sizeof data, &err), &err);
    assert_true(ox_value_is_initializer(m, w));
    ox_type_info type = ox_type_get(m, ox_value_type(m, w));
    assert_int_equal(type.kind, OX_TYPE_TENSOR);
    assert_int_equal(type.dtype, OX_FLOAT);
    assert_int_equal(type.rank, 0);
    assert_ok(ox_value_set_tensor(m, w, t, &err), &err);
    assert_int_equal(ox_value_tensor(m, w).id, t.id);
    assert_fails(ox_value_set_tensor(m, x, t, &err), OX_E_INVALID, "only an initializer", &err);
    assert_fails(ox_value_set_tensor(m, w, (ox_tensor){0}, &err), OX_E_INVALID, "must have a tensor", &err);

    assert_ok(ox_graph_list_input(m, g, w, &err), &err); /* IR 3 */
    assert_true(ox_value_is_input(m, w));
    assert_int_equal(ox_value_index(m, w), 1);
    assert_fails(ox_graph_list_input(m, g, w, &err), OX_E_INVALID, "already", &err);
    assert_fails(ox_graph_list_input(m, g, x, &err), OX_E_INVALID, "only an initializer", &err);
    ox_node n = ir_node(m, g, "Relu", 1, &w, NULL);
    assert_ok(ox_graph_remove_input(m, g, 1, &err), &err); /* used, but stays as an initializer */
    assert_true(ox_value_is_alive(m, w));
    assert_fails(ox_graph_remove_initializer(m, g, w, &err), OX_E_INVALID, "%w is used", &err);
    assert_fails(ox_graph_remove_initializer(m, g, x, &err), OX_E_INVALID, "not an initializer", &err);
    assert_ok(ox_node_delete(m, n, &err), &err);
    assert_ok(ox_graph_remove_initializer(m, g, w, &err), &err);
    assert_false(ox_value_is_alive(m, w));
    assert_int_equal(ox_graph_n_initializers(m, g), 0);

    assert_ok(ox_graph_bind_input(m, g, x, t, true, &err), &err);
    assert_true(ox_value_is_input(m, x) && ox_value_is_initializer(m, x));
    assert_ok(ox_graph_bind_input(m, g, x, ir_tensor(m, 5), true, &err), &err); /* another one */
    assert_ok(ox_graph_remove_initializer(m, g, x, &err), &err);                /* stays as an input */
    assert_true(ox_value_is_input(m, x));
    assert_int_equal(ox_value_tensor(m, x).id, 0);
    assert_ok(ox_graph_bind_input(m, g, x, t, false, &err), &err);
    assert_false(ox_value_is_input(m, x));
    assert_int_equal(ox_graph_initializer(m, g, 0).id, x.id);
    assert_fails(ox_graph_bind_input(m, g, x, t, false, &err), OX_E_INVALID, "not an input", &err);
    assert_fails(ox_graph_add_initializer(m, &w, g, (ox_str){0}, (ox_tensor){0}, &err), OX_E_INVALID, "needs a tensor",
                 &err);
    assert_fails(ox_graph_add_initializer(m, &w, g, (ox_str){0}, (ox_tensor){99}, &err), OX_E_INVALID, "tensor", &err);
    ir_check(m);
}

static void test_values_of_other_graphs(void **state)
{
    ox_model *m = *state;
    ox_graph g = ox_model_main(m);
    ox_node n = ir_node(m, g, "If", 0, NULL, NULL);
    ox_graph block = ir_block(m, n, "body");
    ox_value w = ir_initializer(m, block, "w", 1), x = ir_input(m, block, "x");
    assert_fails(ox_graph_remove_initializer(m, g, w, &err), OX_E_INVALID, "another graph", &err);
    assert_fails(ox_graph_list_input(m, g, w, &err), OX_E_INVALID, "another graph", &err);
    assert_fails(ox_graph_bind_input(m, g, x, ir_tensor(m, 1), false, &err), OX_E_INVALID, "another graph", &err);
    assert_fails(ox__graph_adopt_input(m, g, w, &err), OX_E_INVALID, "another graph", &err);
}

/* Positions stay right through insertions and removals anywhere, whatever was asked before. */
static void test_many_initializers(void **state)
{
    ox_model *m = *state;
    ox_graph g = ox_model_main(m);
    enum { N = 2000 };
    static ox_value all[N];
    for (int i = 0; i < N; i++) {
        char name[16];
        snprintf(name, sizeof name, "w%d", i);
        all[i] = ir_initializer(m, g, name, (float)i);
    }
    assert_int_equal(ox_graph_initializer(m, g, 1234).id, all[1234].id);
    for (int i = 0; i < N; i += 3) assert_ok(ox_graph_remove_initializer(m, g, all[i], &err), &err);
    size_t at = 0;
    for (int i = 0; i < N; i++) {
        if (i % 3 == 0) continue;
        assert_int_equal(ox_graph_initializer(m, g, at++).id, all[i].id);
    }
    assert_int_equal(ox_graph_n_initializers(m, g), at);
    for (size_t i = 0; i < ox_graph_n_initializers(m, g);) { /* a loop that removes as it goes */
        ox_value v = ox_graph_initializer(m, g, i);
        if (v.id % 2)
            assert_ok(ox_graph_remove_initializer(m, g, v, &err), &err);
        else
            i++;
    }
    ir_check(m);
}

static void test_functions(void **state)
{
    ox_model *m = *state;
    ox_graph f[20];
    for (int i = 0; i < 20; i++) {
        char name[16];
        snprintf(name, sizeof name, "f%d", i);
        assert_ok(ox_graph_create(m, &f[i], OX_GRAPH_FUNCTION, ir_str(m, name), &err), &err);
    }
    assert_int_equal(ox_model_n_functions(m), 20);
    assert_int_equal(ox_model_function(m, 19).id, f[19].id);
    assert_int_equal(ox_model_function(m, 20).id, 0);
    ox_str domain = ir_str(m, "local"), overload = ir_str(m, "o"), attr = ir_str(m, "alpha");
    ox_attr def = {.name = ir_str(m, "beta"), .kind = OX_ATTR_FLOAT, .u.f = 0.5};
    ox_opset opset = {ir_str(m, ""), 17};
    ox_function_info info = {.domain = domain,
                             .overload = overload,
                             .n_attrs = 1,
                             .attrs = &attr,
                             .n_defaults = 1,
                             .defaults = &def,
                             .n_opsets = 1,
                             .opsets = &opset};
    assert_int_equal(ox_model_find_function(m, (ox_str){0}, ir_str(m, "f3"), (ox_str){0}).id, f[3].id);
    assert_ok(ox_function_set(m, f[3], &info, &err), &err);
    assert_int_equal(ox_model_find_function(m, (ox_str){0}, ir_str(m, "f3"), (ox_str){0}).id, 0);
    assert_int_equal(ox_model_find_function(m, domain, ir_str(m, "f3"), overload).id, f[3].id);
    ox_function_info got = ox_function_get(m, f[3]);
    assert_int_equal(got.attrs[0].id, attr.id);
    assert_true(got.defaults[0].u.f == 0.5);
    assert_int_equal(got.opsets[0].version, 17);
    assert_ok(ox_journal_commit(m, "made", &err), &err);
    ox_value in = ir_input(m, f[7], "x");
    ox_value out = ir_apply(m, f[7], "Relu", in, "y");
    assert_ok(ox_graph_add_output(m, f[7], 0, out, &err), &err);
    assert_ok(ox_graph_delete(m, f[7], &err), &err);
    assert_int_equal(ox_model_n_functions(m), 19);
    assert_int_equal(ox_model_function(m, 7).id, f[8].id);
    assert_false(ox_value_is_alive(m, in));
    assert_int_equal(ox_model_n_values(m), 0);
    assert_int_equal(ox_model_find_function(m, (ox_str){0}, ir_str(m, "f7"), (ox_str){0}).id, 0);
    assert_ok(ox_journal_undo(m, NULL, &err), &err);
    assert_int_equal(ox_model_function(m, 7).id, f[7].id);
    assert_int_equal(ox_model_find_function(m, (ox_str){0}, ir_str(m, "f7"), (ox_str){0}).id, f[7].id);
    assert_fails(ox_function_set(m, ox_model_main(m), &info, &err), OX_E_INVALID, "not a function", &err);
    assert_fails(ox_function_set(m, f[3], NULL, &err), OX_E_INVALID, "no description", &err);
    ox_graph block;
    assert_ok(ox_graph_create(m, &block, OX_GRAPH_BLOCK, (ox_str){0}, &err), &err);
    def = (ox_attr){.name = ir_str(m, "g"), .kind = OX_ATTR_GRAPH, .u.g = block};
    assert_fails(ox_function_set(m, f[3], &info, &err), OX_E_UNSUPPORTED, "default", &err);
    ir_check(m);
}

static void test_kinds_and_fields(void **state)
{
    ox_model *m = *state;
    ox_graph g, main = ox_model_main(m);
    assert_int_equal(ox_graph_get_kind(m, main), OX_GRAPH_MAIN);
    assert_fails(ox_graph_create(m, &g, OX_GRAPH_MAIN, (ox_str){0}, &err), OX_E_INVALID, "one main graph", &err);
    assert_fails(ox_graph_create(m, &g, (ox_graph_kind)9, (ox_str){0}, &err), OX_E_INVALID, "no such kind", &err);
    assert_fails(ox_graph_delete(m, main, &err), OX_E_INVALID, "main graph cannot", &err);
    assert_ok(ox_graph_create(m, &g, OX_GRAPH_TRAINING, ir_str(m, "init"), &err), &err);
    assert_int_equal(ox_graph_get_kind(m, g), OX_GRAPH_TRAINING);
    assert_ok(ox_graph_set_name(m, g, ir_str(m, "t"), &err), &err);
    assert_ok(ox_graph_set_doc(m, g, ir_str(m, "d"), &err), &err);
    assert_ok(ox_graph_set_metadata(m, g, ir_str(m, "k"), ir_str(m, "v"), &err), &err);
    assert_string_equal(ir_text(m, ox_graph_name(m, g)), "t");
    assert_string_equal(ir_text(m, ox_graph_doc(m, g)), "d");
    const ox_pair *p;
    assert_int_equal(ox_graph_metadata(m, g, &p), 1);
    assert_ok(ox_graph_delete(m, g, &err), &err);
    assert_false(ox_graph_is_alive(m, g));
    assert_int_equal(
        ox_graph_name(m, g).id + ox_graph_doc(m, g).id + ox_graph_owner(m, g).id + ox_graph_parent(m, g).id, 0);
    assert_int_equal(ox_graph_n_inputs(m, g) + ox_graph_n_outputs(m, g) + ox_graph_n_initializers(m, g), 0);
    assert_int_equal(ox_graph_input(m, g, 0).id + ox_graph_output(m, g, 0).id + ox_graph_initializer(m, g, 0).id, 0);
    assert_int_equal(ox_graph_first(m, g).id + ox_graph_last(m, g).id + ox_graph_n_nodes(m, g), 0);
    assert_int_equal(ox_graph_metadata(m, g, NULL) + ox_function_get(m, g).n_attrs, 0);
    assert_int_equal(ox_graph_find_value(m, g, ir_str(m, "x")).id + ox_graph_find_node(m, g, ir_str(m, "x")).id, 0);
    assert_fails(ox_graph_set_name(m, g, (ox_str){0}, &err), OX_E_INVALID, "deleted", &err);
    assert_fails(ox_graph_add_output(m, g, 0, (ox_value){0}, &err), OX_E_INVALID, "deleted", &err);
}

static void test_delete_with_users_outside(void **state)
{
    ox_model *m = *state;
    ox_graph g = ox_model_main(m), block;
    assert_ok(ox_graph_create(m, &block, OX_GRAPH_BLOCK, (ox_str){0}, &err), &err);
    ox_value inner = ir_apply(m, block, "Op", ir_input(m, block, "i"), "inner");
    ox_node user = ir_node(m, g, "Use", 1, &inner, NULL); /* not valid ONNX, and must not be left dangling */
    assert_fails(ox_graph_delete(m, block, &err), OX_E_INVALID, "%inner is used", &err);
    assert_ok(ox_node_delete(m, user, &err), &err);
    ox_value in = ox_graph_input(m, block, 0);
    user = ir_node(m, g, "Use", 1, &in, NULL);
    assert_fails(ox_graph_delete(m, block, &err), OX_E_INVALID, "%i is used", &err);
    assert_ok(ox_node_set_input(m, user, 0, (ox_value){0}, &err), &err);
    assert_ok(ox_graph_delete(m, block, &err), &err);
    assert_int_equal(ox_model_n_values(m), 1);
    ir_check(m);
}

/* Blocks nest as deep as the limit, from the inside out and from the outside in; a delete and its undo take all. */
static void test_nesting(void **state)
{
    ox_model *m = *state;
    ox_graph g = ox_model_main(m);
    ox_value x = ir_input(m, g, "x");
    ox_graph at = g;
    ox_node last = {0, 0};
    for (int i = 1; i < OX__MAX_DEPTH; i++) {
        last = ir_node(m, at, "If", 1, &x, NULL);
        at = ir_block(m, last, "body");
    }
    assert_int_equal(ox__graph_depth(m, at.id), OX__MAX_DEPTH);
    ox_node deepest = ir_node(m, at, "If", 0, NULL, NULL);
    ox_attr a = {.name = ir_str(m, "body"), .kind = OX_ATTR_GRAPH};
    assert_ok(ox_graph_create(m, &a.u.g, OX_GRAPH_BLOCK, (ox_str){0}, &err), &err);
    assert_fails(ox_node_set_attr(m, deepest, &a, &err), OX_E_LIMIT, "deeper than 100", &err);
    ox_node in_block = ir_node(m, a.u.g, "If", 0, NULL, NULL);
    ir_block(m, in_block, "more");
    assert_fails(ox_node_set_attr(m, last, &a, &err), OX_E_LIMIT, "deeper than 100", &err); /* a tower of two */
    assert_ok(ox_node_delete(m, in_block, &err), &err);
    assert_ok(ox_graph_delete(m, a.u.g, &err), &err);
    ir_check(m);
    assert_ok(ox_journal_commit(m, "built", &err), &err);
    char *before = ir_dump(m);
    assert_ok(ox_node_delete(m, ox_graph_first(m, g), &err), &err);
    assert_int_equal(ox_model_n_nodes(m), 0);
    assert_int_equal(ox_value_n_uses(m, x), 0);
    ir_check(m);
    assert_ok(ox_journal_undo(m, NULL, &err), &err);
    char *after = ir_dump(m);
    assert_string_equal(before, after);
    ox__free(before);
    ox__free(after);
    ir_check(m);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv)
{
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    const struct CMUnitTest tests[] = {
        T(test_inputs),
        T(test_outputs),
        T(test_initializers),
        T(test_values_of_other_graphs),
        T(test_many_initializers),
        T(test_functions),
        T(test_kinds_and_fields),
        T(test_delete_with_users_outside),
        T(test_nesting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
