/* Degenerate shapes, which a quadratic step would turn into minutes: a chain, a star, thousands of initializers, equal
 * names, Ifs 30 deep, attempts that fail by the thousand. Each must end within a time that is generous for a loaded
 * machine with sanitizers, and far below that of n * n. */
#include "ox_ir_test.h"

#include <time.h>

enum { N = 100000, SECONDS = 60 };

static ox_error err;

typedef struct fixture {
    ox_model *m;
    ox_graph g;
    ox_value x;
    clock_t begin;
} fixture;

static int set_up(void **state)
{
    fixture *f = test_calloc(1, sizeof *f);
    f->m = ir_model();
    f->g = ox_model_main(f->m);
    f->x = ir_input(f->m, f->g, "x");
    f->begin = clock();
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    clock_t used = (clock() - f->begin) / CLOCKS_PER_SEC;
    ox_model_free(f->m);
    test_free(f);
    return used > SECONDS;
}

static void test_chain(void **state)
{
    fixture *f = *state;
    ox_model *m = f->m;
    ox_str op = ir_str(m, "Abs"), domain = ir_str(m, "");
    ox_value v = f->x;
    ox_node n, first = {0, 0};
    for (int i = 0; i < N; i++) {
        assert_ok(ox_node_create(m, &n, f->g, (ox_node){0, 0}, domain, op, 1, &v, 1, &err), &err);
        v = ox_node_output(m, n, 0);
        if (!first.id) first = n;
    }
    assert_int_equal(ox_graph_n_nodes(m, f->g), N);
    for (ox_node a = first; a.id; a = ox_node_next(m, a)) assert_true(a.id == n.id || ox_node_before(m, a, n));
    assert_ok(ox_journal_commit(m, "chain", &err), &err);
    while ((n = ox_graph_last(m, f->g)).id) assert_ok(ox_node_delete(m, n, &err), &err);
    assert_int_equal(ox_model_n_values(m), 1);
    assert_ok(ox_journal_undo(m, NULL, &err), &err);
    assert_int_equal(ox_graph_n_nodes(m, f->g), N);
    ir_check(m);
}

static void test_star(void **state)
{
    fixture *f = *state;
    ox_model *m = f->m;
    ox_str op = ir_str(m, "Abs");
    ox_value y = ir_input(m, f->g, "y");
    static ox_node all[N];
    for (int i = 0; i < N; i++)
        assert_ok(ox_node_create(m, &all[i], f->g, (ox_node){0, 0}, (ox_str){1}, op, 1, &f->x, 0, &err), &err);
    for (int i = 0; i < N; i += 3) assert_ok(ox_node_set_input(m, all[i], 0, y, &err), &err);      /* from the front */
    for (int i = N - 1; i > N / 2; i--) assert_ok(ox_node_set_input(m, all[i], 0, y, &err), &err); /* from the back */
    assert_int_equal(ox_value_n_uses(m, f->x) + ox_value_n_uses(m, y), N);
    assert_ok(ox_value_replace_uses(m, y, f->x, &err), &err);
    assert_int_equal(ox_value_n_uses(m, f->x), N);
    assert_ok(ox_value_set_name(m, f->x, ir_str(m, "renamed"), &err), &err);
    ir_check(m);
    for (int i = 0; i < N; i++) assert_ok(ox_node_delete(m, all[(i * 7919L) % N], &err), &err); /* from anywhere */
    assert_int_equal(ox_value_n_uses(m, f->x), 0);
}

static void test_initializers(void **state)
{
    fixture *f = *state;
    ox_model *m = f->m;
    enum { MANY = 26000 };
    static ox_value all[MANY];
    ox_tensor t = ir_tensor(m, 1);
    for (int i = 0; i < MANY; i++) assert_ok(ox_graph_add_initializer(m, &all[i], f->g, (ox_str){0}, t, &err), &err);
    for (int i = 0; i < MANY; i++) assert_int_equal(ox_graph_initializer(m, f->g, (size_t)i).id, all[i].id);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(ox_graph_initializer(m, f->g, (size_t)((i * 7919L) % MANY)).id, all[(i * 7919L) % MANY].id);
    for (int i = 0; i < MANY; i++) /* from anywhere, without asking for numbers in between */
        assert_ok(ox_graph_remove_initializer(m, f->g, all[(i * 7919L) % MANY], &err), &err);
    assert_int_equal(ox_graph_n_initializers(m, f->g), 0);
    for (int i = 0; i < MANY; i++) ir_input(m, f->g, NULL);
    for (size_t i = 0; i < MANY; i++) assert_int_equal(ox_value_index(m, ox_graph_input(m, f->g, i)), i);
}

static void test_equal_names(void **state)
{
    fixture *f = *state;
    ox_model *m = f->m;
    ox_str same = ir_str(m, "same"), other = ir_str(m, "other");
    ox_node n;
    assert_int_equal(ox_graph_find_node(m, f->g, same).id, 0); /* from here on there is an index */
    for (int i = 0; i < N; i++) {
        assert_ok(ox_node_create(m, &n, f->g, (ox_node){0, 0}, (ox_str){1}, same, 0, NULL, 1, &err), &err);
        assert_ok(ox_node_set_name(m, n, same, &err), &err);
        assert_ok(ox_value_set_name(m, ox_node_output(m, n, 0), same, &err), &err);
    }
    assert_int_equal(ox_graph_find_node(m, f->g, same).id, ox_graph_first(m, f->g).id);
    for (int i = 0; i < N; i++) assert_ok(ox_node_set_name(m, n, i % 2 ? same : other, &err), &err); /* to and fro */
    assert_int_equal(ox_graph_find_node(m, f->g, other).id, 0);
}

static void test_failed_attempts(void **state)
{
    fixture *f = *state;
    ox_model *m = f->m;
    ox_str op = ir_str(m, "Conv");
    for (int i = 0; i < N / 2; i++) {
        ox_mark mark = ox_journal_mark(m);
        ox_node n;
        assert_ok(ox_node_create(m, &n, f->g, ox_graph_last(m, f->g), (ox_str){1}, op, 1, &f->x, 1, &err), &err);
        assert_ok(ox_value_set_name(m, ox_node_output(m, n, 0), ox_value_fresh_name(m, "conv"), &err), &err);
        assert_true(ox_graph_find_value(m, f->g, ox_value_name(m, ox_node_output(m, n, 0))).id != 0);
        assert_false(ox_node_before(m, ox_graph_last(m, f->g), n));
        if (i % 4 == 3) ox_journal_rollback(m, mark);
    }
    assert_int_equal(ox_graph_n_nodes(m, f->g), N / 2 - N / 8);
    assert_int_equal(ox_model_node_limit(m) - 1, N / 2 - N / 8 + 1); /* every slot was given back */
    ir_check(m);
}

/* Each If captures a value of every level around it, and has a hundred nodes. */
static void test_deep_ifs(void **state)
{
    fixture *f = *state;
    ox_model *m = f->m;
    enum { DEEP = 30, WIDE = 100 };
    ox_value seen[DEEP + 1] = {f->x};
    ox_graph at = f->g;
    ox_str domain = ir_str(m, ""), add = ir_str(m, "Sum");
    ox_node n;
    for (int d = 0; d < DEEP; d++) {
        for (int i = 0; i < WIDE; i++) {
            assert_ok(ox_node_create(m, &n, at, (ox_node){0, 0}, domain, add, (size_t)d + 1, seen, 1, &err), &err);
            seen[d + 1] = ox_node_output(m, n, 0);
        }
        ox_node branch = ir_node(m, at, "If", 1, &f->x, NULL);
        ox_graph empty = ir_block(m, branch, "else_branch");
        assert_ok(ox_graph_add_output(m, empty, 0, f->x, &err), &err);
        at = ir_block(m, branch, "then_branch");
    }
    ir_check(m);
    assert_int_equal(ox__graph_depth(m, at.id), DEEP + 1);
    assert_ok(ox_journal_commit(m, "deep", &err), &err);
    char *before = ir_dump(m);
    assert_ok(ox_value_set_name(m, f->x, ir_str(m, "y"), &err), &err); /* used on every level */
    assert_ok(ox_node_delete(m, ox_graph_last(m, f->g), &err), &err);
    assert_int_equal(ox_graph_n_nodes(m, f->g), WIDE);
    assert_int_equal(ox_model_n_nodes(m), WIDE);
    ir_check(m);
    assert_ok(ox_journal_undo(m, NULL, &err), &err);
    char *after = ir_dump(m);
    bool same = strcmp(before, after) == 0;
    ox__free(before);
    ox__free(after);
    assert_true(same);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv)
{
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    const struct CMUnitTest tests[] = {
        T(test_chain),           T(test_star),     T(test_initializers), T(test_equal_names),
        T(test_failed_attempts), T(test_deep_ifs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
