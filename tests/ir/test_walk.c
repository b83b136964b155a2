/* Walks: every node of a graph and its blocks in order, without a deep stack; topological orders and cycles. */
#include "ox_ir_test.h"

#include <onnxsh/query.h>

static ox_model *m;
static ox_graph g;
static ox_error err;
static char seen[4096];

static int setup(void **state)
{
    (void)state;
    m = ir_model();
    g = ox_model_main(m);
    seen[0] = '\0';
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ox__alloc_fail_at(0, false);
    ox_model_free(m);
    return 0;
}

static void add(ox_node n)
{
    size_t len = strlen(seen);
    snprintf(seen + len, sizeof seen - len, len ? " %s" : "%s", ox_str_text(m, ox_node_op(m, n), NULL));
}

static bool see(void *ud, ox_node n)
{
    add(n);
    return !ud || --*(int *)ud > 0;
}

static ox_node node(ox_graph in, const char *op)
{
    return ir_node(m, in, op, 0, NULL, NULL);
}

static void test_order(void **state)
{
    (void)state;
    ox_graph_walk(m, g, see, NULL);
    assert_string_equal(seen, "");
    node(g, "a");
    ox_node b = node(g, "b");
    node(g, "c");
    ox_graph b0 = ir_block(m, b, "b0"), b1 = ir_block(m, b, "b1"), b2 = ir_block(m, b, "b2"), b3 = ir_block(m, b, "b3");
    node(b1, "d");
    ox_node e = node(b1, "e");
    node(ir_block(m, e, "x"), "f");
    node(b3, "h");
    (void)b0;
    (void)b2;
    ox_graph_walk(m, g, see, NULL);
    assert_string_equal(seen, "a b d e f h c");
    seen[0] = '\0';
    ox_graph_walk(m, b1, see, NULL); /* a block alone ends with it */
    assert_string_equal(seen, "d e f");
    seen[0] = '\0';
    int left = 4;
    ox_graph_walk(m, g, see, &left);
    assert_string_equal(seen, "a b d e");
}

/* A function that an attribute names is not part of the graph. */
static void test_functions_apart(void **state)
{
    (void)state;
    ox_graph f;
    assert_ok(ox_graph_create(m, &f, OX_GRAPH_FUNCTION, ir_str(m, "f"), &err), &err);
    node(f, "inside");
    node(g, "a");
    ox_graph_walk(m, g, see, NULL);
    assert_string_equal(seen, "a");
}

static bool count(void *ud, ox_node n)
{
    (void)n;
    ++*(size_t *)ud;
    return true;
}

static void test_deep_and_wide(void **state)
{
    (void)state;
    ox_graph at = g;
    size_t depth = 0, n = 0;
    for (;; depth++) { /* as deep as the IR allows */
        ox_node owner = node(at, "If");
        ox_graph in;
        assert_ok(ox_graph_create(m, &in, OX_GRAPH_BLOCK, (ox_str){0}, &err), &err);
        ox_attr a = {.name = ir_str(m, "then_branch"), .kind = OX_ATTR_GRAPH, .u.g = in};
        node(at, "after");
        if (ox_node_set_attr(m, owner, &a, &err) != OX_OK) break;
        at = in;
    }
    assert_true(depth >= 50);
    ox_graph_walk(m, g, count, &n);
    assert_int_equal(n, 2 * depth + 2);
    /* 2000 blocks of one node: the walk must know where it is without looking through them */
    static ox_graph wide[2000];
    for (size_t i = 0; i < OX__COUNT(wide); i++) {
        assert_ok(ox_graph_create(m, &wide[i], OX_GRAPH_BLOCK, (ox_str){0}, &err), &err);
        node(wide[i], "w");
    }
    ox_attr a = {.name = ir_str(m, "blocks"), .kind = OX_ATTR_GRAPHS, .n = OX__COUNT(wide), .u.graphs = wide};
    assert_ok(ox_node_set_attr(m, node(g, "many"), &a, &err), &err);
    size_t more = 0;
    ox_graph_walk(m, g, count, &more);
    assert_int_equal(more, n + 1 + OX__COUNT(wide));
}

/* ---- topological ---- */

static void sort(void)
{
    ox_node *nodes;
    size_t n;
    assert_ok(ox_graph_toposort(m, g, &nodes, &n, &err), &err);
    assert_int_equal(n, ox_graph_n_nodes(m, g));
    seen[0] = '\0';
    for (size_t i = 0; i < n; i++) add(nodes[i]);
    ox_query_free_nodes(nodes);
}

static void test_toposort(void **state)
{
    (void)state;
    ox_node *none;
    size_t n = 7;
    assert_ok(ox_graph_toposort(m, g, &none, &n, &err), &err);
    ox_query_free_nodes(none);
    assert_int_equal(n, 0);
    ox_value x = ir_input(m, g, "x"), a = ir_apply(m, g, "a", x, "a"), b = ir_apply(m, g, "b", a, "b");
    node(g, "free");
    ox_value c = ir_apply(m, g, "c", b, "c");
    sort();
    assert_string_equal(seen, "a b free c"); /* what is in order stays so */
    assert_ok(ox_node_move(m, ox_value_node(m, a), (ox_node){0}, &err), &err);
    assert_ok(ox_node_move(m, ox_value_node(m, c), ox_value_node(m, b), &err), &err);
    sort();
    assert_string_equal(seen, "free a b c");
}

/* A value that a block captures, however deep, or returns as it is, is needed by the block's owner. */
static void test_toposort_captures(void **state)
{
    (void)state;
    ox_value x = ir_input(m, g, "x");
    ox_node owner = node(g, "If"), deep = node(ir_block(m, owner, "then_branch"), "If");
    ox_value a = ir_apply(m, g, "a", x, "a"), b = ir_apply(m, g, "b", x, "b");
    ir_apply(m, ir_block(m, deep, "then_branch"), "uses_a", a, NULL);
    assert_ok(ox_graph_add_output(m, ir_block(m, owner, "else_branch"), SIZE_MAX, b, &err), &err);
    sort();
    assert_string_equal(seen, "a b If");
}

static void test_cycle(void **state)
{
    (void)state;
    ox_node *nodes;
    size_t n;
    ox_value x = ir_input(m, g, "x"), a = ir_apply(m, g, "a", x, "va"), b = ir_apply(m, g, "b", a, "vb"),
             c = ir_apply(m, g, "c", b, "vc");
    ir_apply(m, g, "behind", c, "vd");
    assert_ok(ox_node_set_name(m, ox_value_node(m, b), ir_str(m, "node b"), &err), &err);
    assert_ok(ox_node_set_input(m, ox_value_node(m, a), 0, c, &err), &err);
    assert_fails(ox_graph_toposort(m, g, &nodes, &n, &err), OX_E_FORMAT, "cycle", &err);
    assert_null(nodes);
    assert_non_null(strstr(err.msg, "%va"));
    assert_non_null(strstr(err.msg, "%vb"));
    assert_non_null(strstr(err.msg, "%vc"));
    assert_null(strstr(err.msg, "%vd"));
    assert_ok(ox_node_set_input(m, ox_value_node(m, a), 0, a, &err), &err);
    assert_fails(ox_graph_toposort(m, g, &nodes, &n, &err), OX_E_FORMAT, "%va needs %va", &err);
    assert_fails(ox_graph_toposort(m, (ox_graph){9, 9}, &nodes, &n, &err), OX_E_INVALID, "no such graph", &err);
}

static void test_toposort_no_memory(void **state)
{
    (void)state;
    ox_value x = ir_input(m, g, "x");
    for (int i = 0; i < 100; i++) x = ir_apply(m, g, "a", x, NULL);
    for (uint64_t at = 1;; at++) {
        ox_node *nodes;
        size_t n;
        ox__alloc_fail_at(at, false);
        ox_status s = ox_graph_toposort(m, g, &nodes, &n, &err);
        ox__alloc_fail_at(0, false);
        ox_query_free_nodes(nodes);
        if (s == OX_OK) {
            assert_in_range(at, 5, 50);
            return;
        }
        assert_int_equal(s, OX_E_NOMEM);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        T(test_order), T(test_functions_apart),    T(test_deep_and_wide), T(test_toposort), T(test_toposort_captures),
        T(test_cycle), T(test_toposort_no_memory),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
