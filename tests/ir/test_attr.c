/* Attributes: every kind there and back through a node, and what makes two of them equal. */
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

static void test_every_kind(void **state)
{
    ox_model *m = *state;
    ox_graph g = ox_model_main(m);
    ox_node n = ir_node(m, g, "Op", 0, NULL, NULL);
    int64_t ints[] = {3, -1};
    double floats[] = {0.5, -2};
    ox_str strings[] = {ir_str(m, "a"), ir_str(m, "b")};
    ox_tensor tensors[] = {ir_tensor(m, 1), ir_tensor(m, 2)};
    ox_type types[] = {ox_type_simple(m, OX_TYPE_INT), ox_type_simple(m, OX_TYPE_STR)};
    ox_graph graphs[3];
    for (int i = 0; i < 3; i++) assert_ok(ox_graph_create(m, &graphs[i], OX_GRAPH_BLOCK, (ox_str){0}, &err), &err);
    const ox_attr rows[] = {
        {.kind = OX_ATTR_FLOAT, .u.f = 1.5},
        {.kind = OX_ATTR_INT, .u.i = -7},
        {.kind = OX_ATTR_STRING, .u.s = strings[0]},
        {.kind = OX_ATTR_TENSOR, .u.t = tensors[0]},
        {.kind = OX_ATTR_GRAPH, .u.g = graphs[0]},
        {.kind = OX_ATTR_FLOATS, .n = 2, .u.floats = floats},
        {.kind = OX_ATTR_INTS, .n = 2, .u.ints = ints},
        {.kind = OX_ATTR_STRINGS, .n = 2, .u.strings = strings},
        {.kind = OX_ATTR_TENSORS, .n = 2, .u.tensors = tensors},
        {.kind = OX_ATTR_GRAPHS, .n = 2, .u.graphs = graphs + 1},
        {.kind = OX_ATTR_SPARSE, .u.t = tensors[1]},
        {.kind = OX_ATTR_SPARSES, .n = 2, .u.tensors = tensors},
        {.kind = OX_ATTR_TYPE, .u.type = types[0]},
        {.kind = OX_ATTR_TYPES, .n = 2, .u.types = types},
        {.kind = OX_ATTR_BOOL, .u.i = 1},
        {.kind = OX_ATTR_BOOLS, .n = 2, .u.ints = ints},
        {.kind = OX_ATTR_COMPLEX, .u.floats = floats},
        {.kind = OX_ATTR_DEVICE, .u.s = strings[1]},
        {.kind = OX_ATTR_RAW, .u.s = strings[1]},
        {.kind = OX_ATTR_NONE},
        {.kind = OX_ATTR_INTS},                              /* an empty list */
        {.kind = OX_ATTR_GRAPHS, .n = 2, .ref = strings[0]}, /* a reference has no list, whatever n says */
        {.kind = OX_ATTR_INT, .ref = strings[0], .doc = strings[1]},
        {.kind = OX_ATTR_TENSORS, .n = 3, .lost = true},
    };
    for (size_t i = 0; i < OX__COUNT(rows); i++) {
        char name[16];
        snprintf(name, sizeof name, "attr%zu", i);
        ox_attr a = rows[i];
        a.name = ir_str(m, name);
        assert_ok(ox_node_set_attr(m, n, &a, &err), &err);
    }
    const ox_attr *kept;
    assert_int_equal(ox_node_attrs(m, n, &kept), OX__COUNT(rows));
    for (size_t i = 0; i < OX__COUNT(rows); i++)
        for (size_t k = 0; k < OX__COUNT(rows); k++) {
            ox_attr a = rows[k];
            a.name = kept[i].name;
            assert_int_equal(ox_attr_equal(&kept[i], &a), i == k);
        }
    assert_int_equal(ox_node_n_blocks(m, n), 3);
    assert_int_equal(ox_node_block(m, n, 2).id, graphs[2].id);
    ir_check(m);
}

static void test_equality(void **state)
{
    ox_model *m = *state;
    double nan[] = {0.0 / 0.0};
    ox_attr a = {.name = ir_str(m, "a"), .kind = OX_ATTR_FLOAT, .u.f = nan[0]}, b = a;
    assert_true(ox_attr_equal(&a, &b)); /* by its bits */
    b.u.f = 0;
    a.u.f = -0.0;
    assert_false(ox_attr_equal(&a, &b));
    b = a;
    b.rounded = true;
    assert_false(ox_attr_equal(&a, &b));
    b = a;
    b.name = ir_str(m, "b");
    assert_false(ox_attr_equal(&a, &b));
    int64_t x[] = {1, 2, 3};
    a = (ox_attr){.kind = OX_ATTR_INTS, .n = 3, .u.ints = x};
    b = (ox_attr){.kind = OX_ATTR_INTS, .n = 2, .u.ints = x};
    assert_false(ox_attr_equal(&a, &b));
    assert_true(ox_attr_equal(NULL, NULL));
    assert_false(ox_attr_equal(&a, NULL));
}

static void test_names_of_kinds(void **state)
{
    (void)state;
    assert_string_equal(ox_attr_kind_name(OX_ATTR_FLOATS), "floats");
    assert_string_equal(ox_attr_kind_name(OX_ATTR_SPARSE), "sparse_tensor");
    assert_string_equal(ox_attr_kind_name((ox_attr_kind)99), "?");
    for (int k = OX_ATTR_NONE; k <= OX_ATTR_TYPES; k++)
        assert_string_not_equal(ox_attr_kind_name((ox_attr_kind)k), "?");
    for (int k = OX_ATTR_BOOL; k <= OX_ATTR_RAW; k++) assert_string_not_equal(ox_attr_kind_name((ox_attr_kind)k), "?");
}

static void test_set_all(void **state)
{
    ox_model *m = *state;
    ox_node n = ir_node(m, ox_model_main(m), "Op", 0, NULL, NULL);
    ox_graph g;
    assert_ok(ox_graph_create(m, &g, OX_GRAPH_BLOCK, (ox_str){0}, &err), &err);
    ox_attr a[] = {{.name = ir_str(m, "a"), .kind = OX_ATTR_INT, .u.i = 1},
                   {.name = ir_str(m, "g"), .kind = OX_ATTR_GRAPH, .u.g = g}};
    assert_ok(ox__node_set_attrs(m, n, 2, a, &err), &err);
    assert_int_equal(ox_graph_owner(m, g).id, n.id);
    a[1].u.g.gen++;
    assert_fails(ox__node_set_attrs(m, n, 2, a, &err), OX_E_INVALID, "attribute 'g': graph", &err);
    assert_ok(ox__node_set_attrs(m, n, 1, a, &err), &err);
    assert_int_equal(ox_graph_owner(m, g).id, 0);
    assert_ok(ox__node_set_attrs(m, n, 0, NULL, &err), &err);
    assert_int_equal(ox_node_attrs(m, n, NULL), 0);
    ir_check(m);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv)
{
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    const struct CMUnitTest tests[] = {T(test_every_kind), T(test_equality), T(test_names_of_kinds), T(test_set_all)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
