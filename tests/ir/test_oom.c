/* Out of memory: each allocation of a build, of edits, of commit and undo is failed in turn, once and from then on. The
 * step that meets it must say so and leave the model whole, and a rollback must lead back to what was. */
#include "ox_ir_test.h"

#include "ir/dim.h"

typedef struct work {
    ox_model *m;
    ox_graph g, block, f;
    ox_value x, w;
    ox_node n, user;
} work;

#define TRY(expr) \
    do { \
        ox_status try_s_ = (expr); \
        if (try_s_ != OX_OK) return try_s_; \
    } while (0)

/* A string, a dim, a type: these fail by giving 0 and setting the flag that every function after them reports. */
static ox_type some_type(ox_model *m, int64_t size)
{
    ox_dim n = ox_dim_symbol(m, ox_str_addz(m, "batch"));
    ox_dim dims[] = {ox_dim_floordiv(m, ox_dim_add(m, n, ox_dim_const(m, size)), ox_dim_const(m, -3)),
                     ox_dim_max(m, n, ox_dim_const(m, INT64_MAX))};
    return ox_type_of(m, OX_TYPE_SEQUENCE, ox_type_tensor(m, OX_FLOAT, 2, dims));
}

static ox_status build(work *w, ox_error *err)
{
    ox_model *m = w->m;
    int64_t dims[] = {2}, ints[] = {1, 2, 3};
    float data[] = {1, 2};
    ox_tensor t;
    ox_scope s = {0, 0};
    ox_value in[20];
    w->g = ox_model_main(m);
    TRY(ox_tensor_add_raw(m, &t, OX_FLOAT, 1, dims, data, sizeof data, err));
    TRY(ox_graph_add_input(m, &w->x, w->g, 0, ox_str_addz(m, "x"), some_type(m, 1), err));
    TRY(ox_graph_add_initializer(m, &w->w, w->g, ox_str_addz(m, "w"), t, err));
    for (int i = 0; i < 20; i++) in[i] = i % 2 ? w->x : w->w;
    TRY(ox_node_create(m, &w->n, w->g, (ox_node){0, 0}, ox_str_addz(m, "d"), ox_str_addz(m, "If"), 20, in, 2, err));
    TRY(ox_graph_create(m, &w->block, OX_GRAPH_BLOCK, ox_str_addz(m, "body"), err));
    ox_attr a = {.name = ox_str_addz(m, "then"), .kind = OX_ATTR_GRAPH, .u.g = w->block};
    TRY(ox_node_set_attr(m, w->n, &a, err));
    a = (ox_attr){.name = ox_str_addz(m, "ints"), .kind = OX_ATTR_INTS, .n = 3, .u.ints = ints};
    TRY(ox_node_set_attr(m, w->n, &a, err));
    TRY(ox_node_create(m, &w->user, w->block, (ox_node){0, 0}, ox_str_addz(m, ""), ox_str_addz(m, "Abs"), 1, in, 1,
                       err));
    TRY(ox_graph_add_output(m, w->block, 0, ox_node_output(m, w->user, 0), err));
    TRY(ox_scope_add(m, &s, s, ox_str_addz(m, "Net"), (ox_str){0}, err));
    TRY(ox_scope_add(m, &s, s, ox_str_addz(m, "Conv"), ox_str_addz(m, "0"), err));
    TRY(ox_node_set_scope(m, w->n, s, err));
    TRY(ox_node_set_loc(m, w->n, ox_loc_add(m, ox_str_addz(m, "net.py"), 1, 2), err));
    ox_layout_info l = {.requires_grad = 1, .n_strides = 3, .strides = ints};
    TRY(ox_value_set_layout(m, w->x, ox_layout_add(m, &l), err));
    return ox_model_status(m, err);
}

static ox_status edit(work *w, ox_error *err)
{
    ox_model *m = w->m;
    ox_value v, out = ox_node_output(m, w->n, 0), many[3] = {w->x, w->w, {0, 0}};
    ox_opset opset = {{1}, 17};
    ox_attr def = {.name = ox_str_addz(m, "alpha"), .kind = OX_ATTR_FLOAT};
    ox_function_info info = {.n_defaults = 1, .defaults = &def, .n_opsets = 1, .opsets = &opset};
    TRY(ox_value_set_name(m, out, ox_value_fresh_name(m, "x"), err));
    TRY(ox_value_set_type(m, out, some_type(m, 2), err));
    TRY(ox_value_set_doc(m, out, ox_str_addz(m, "doc"), err));
    TRY(ox_value_set_metadata(m, out, ox_str_addz(m, "k"), ox_str_addz(m, "v"), err));
    if (!ox_graph_find_value(m, w->g, ox_str_addz(m, "x_1")).id && ox_model_status(m, err) == OX_OK)
        return OX_E_NOT_FOUND;
    TRY(ox_node_set_name(m, w->n, ox_str_addz(m, "node"), err));
    TRY(ox_node_set_op(m, w->n, ox_str_addz(m, ""), ox_str_addz(m, "Loop"), ox_str_addz(m, "o"), err));
    TRY(ox_node_set_metadata(m, w->n, ox_str_addz(m, "k"), ox_str_addz(m, "v"), err));
    TRY(ox_node_add_output(m, &v, w->n,
                           ox_value_fresh_name(m, "a base that is longer than what fits the stack: "
                                                  "................................................................"
                                                  "................................................................"
                                                  "................................................................"),
                           (ox_type){0}, err));
    TRY(ox_graph_add_output(m, w->g, 0, v, err));
    TRY(ox_graph_set_output(m, w->g, 0, out, err));
    TRY(ox_node_set_inputs(m, w->n, 3, many, err));
    TRY(ox_value_replace_uses(m, w->x, w->w, err));
    TRY(ox_graph_list_input(m, w->g, w->w, err));
    TRY(ox_graph_create(m, &w->f, OX_GRAPH_FUNCTION, ox_str_addz(m, "f"), err));
    TRY(ox_function_set(m, w->f, &info, err));
    TRY(ox_graph_set_metadata(m, w->f, ox_str_addz(m, "k"), ox_str_addz(m, "v"), err));
    TRY(ox_model_set_opset(m, ox_str_addz(m, "d"), 3, err));
    TRY(ox_model_set_metadata(m, ox_str_addz(m, "k"), ox_str_addz(m, "v"), err));
    TRY(ox_graph_remove_output(m, w->g, 0, err));
    TRY(ox_node_drop_output(m, w->n, err));
    TRY(ox_node_remove_attr(m, w->n, "ints", err));
    TRY(ox_node_delete(m, w->n, err));
    return ox_model_status(m, err);
}

/* Fails allocation n of `fn` on a model where `before` was done; true when fn needs fewer. */
static bool one_failure(ox_status (*before)(work *, ox_error *), ox_status (*fn)(work *, ox_error *), uint64_t n,
                        bool persistent)
{
    ox_error err;
    ox_error_clear(&err);
    work w = {.m = ir_model()};
    if (before) {
        assert_ok(before(&w, &err), &err);
        assert_ok(ox_journal_commit(w.m, "before", &err), &err);
    }
    ox_mark mark = ox_journal_mark(w.m);
    char *dump = ir_dump(w.m);
    ox__alloc_fail_at(n, persistent);
    ox_status s = fn(&w, &err);
    bool reached = ox__alloc_count() >= n;
    ox__alloc_fail_at(0, false);
    if (s == OX_OK) {
        assert_true(!reached || !persistent ||
                    ox_model_status(w.m, NULL) == OX_OK); /* what failed was only derived data */
    } else {
        assert_int_equal(s, OX_E_NOMEM);
        assert_string_equal(err.msg, ox_status_text(OX_E_NOMEM));
    }
    ir_check(w.m);
    ox_journal_rollback(w.m, mark);
    assert_int_equal(ox_model_status(w.m, NULL), OX_OK);
    char *after = ir_dump(w.m);
    assert_string_equal(dump, after);
    ir_check(w.m);
    ox__free(dump);
    ox__free(after);
    assert_ok(fn(&w, &err), &err); /* with memory it works, after all that */
    ir_check(w.m);
    ox_model_free(w.m);
    return !reached;
}

static void test_build(void **state)
{
    (void)state;
    for (int persistent = 0; persistent < 2; persistent++) {
        uint64_t n = 1;
        while (!one_failure(NULL, build, n, persistent)) n++;
        assert_true(n > 5);
    }
}

static void test_edit(void **state)
{
    (void)state;
    for (int persistent = 0; persistent < 2; persistent++) {
        uint64_t n = 1;
        while (!one_failure(build, edit, n, persistent)) n++;
        assert_true(n > 5);
    }
}

/* Commit and undo change nothing when they fail. */
static void test_commit_and_undo(void **state)
{
    (void)state;
    ox_error err;
    for (uint64_t n = 1, passed = 0; !passed; n++) {
        work w = {.m = ir_model()};
        assert_ok(build(&w, &err), &err);
        char *dump = ir_dump(w.m);
        ox__alloc_fail_at(n, true);
        ox_status s = ox_journal_undo(w.m, NULL, &err); /* closes the step first */
        ox__alloc_fail_at(0, false);
        passed = s == OX_OK;
        if (!passed) {
            assert_int_equal(s, OX_E_NOMEM);
            char *after = ir_dump(w.m);
            assert_string_equal(dump, after);
            ox__free(after);
            assert_ok(ox_journal_undo(w.m, NULL, &err), &err);
        }
        assert_ok(ox_journal_redo(w.m, NULL, &err), &err);
        char *again = ir_dump(w.m);
        assert_string_equal(dump, again);
        ox__free(again);
        ox__free(dump);
        ox_model_free(w.m);
    }
}

static void test_create(void **state)
{
    (void)state;
    ox_error err;
    ox_model *m = NULL;
    uint64_t n = 1;
    for (;; n++) {
        ox__alloc_fail_at(n, n % 2);
        ox_status s = ox_model_create(&m, OX_MODEL_TRACE, &err);
        ox__alloc_fail_at(0, false);
        if (s == OX_OK) break;
        assert_int_equal(s, OX_E_NOMEM);
        assert_null(m);
    }
    assert_true(n > 10);
    ox_model_free(m);
}

/* The flag stays until a rollback, and nothing can be done meanwhile. */
static void test_sticky(void **state)
{
    (void)state;
    ox_error err;
    work w = {.m = ir_model()};
    assert_ok(build(&w, &err), &err);
    ox_mark mark = ox_journal_mark(w.m);
    ox__alloc_fail_at(1, true);
    char text[5000] = "";
    memset(text, 'a', sizeof text - 1); /* too long for what the tables have in store */
    ox_str s = ox_str_addz(w.m, text);
    ox__alloc_fail_at(0, false);
    assert_int_equal(s.id, 0);
    assert_fails(ox_model_status(w.m, &err), OX_E_NOMEM, "memory", &err);
    assert_fails(ox_value_set_name(w.m, w.x, ox_str_addz(w.m, "y"), &err), OX_E_NOMEM, "memory", &err);
    assert_fails(ox_node_create(w.m, &w.n, w.g, (ox_node){0, 0}, (ox_str){1}, ox_str_addz(w.m, "A"), 0, NULL, 1, &err),
                 OX_E_NOMEM, "memory", &err);
    assert_fails(ox_journal_commit(w.m, "x", &err), OX_E_NOMEM, "memory", &err);
    assert_fails(ox_journal_undo(w.m, NULL, &err), OX_E_NOMEM, "memory", &err);
    ox_tensor t;
    float v = 0;
    assert_fails(ox_tensor_add_raw(w.m, &t, OX_FLOAT, 0, NULL, &v, 4, &err), OX_E_NOMEM, "memory", &err);
    ox_journal_rollback(w.m, mark);
    assert_ok(ox_model_status(w.m, &err), &err);
    assert_ok(ox_value_set_name(w.m, w.x, ox_str_addz(w.m, "y"), &err), &err);
    ox_model_free(w.m);
}

int main(int argc, char **argv)
{
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create),          cmocka_unit_test(test_build),  cmocka_unit_test(test_edit),
        cmocka_unit_test(test_commit_and_undo), cmocka_unit_test(test_sticky),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
