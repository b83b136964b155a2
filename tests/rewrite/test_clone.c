/* Copies of models: they print as the source does, know where each node came from, and share nothing with it. */
#include "ox_test.h"

#include "rewrite/clone.h"

#include <onnxsh/io.h>
#include <onnxsh/print.h>

typedef struct fixture {
    ox_model *m, *copy;
    ox__buf a, b;
    ox_error err;
} fixture;

static int setup(void **state)
{
    static fixture fx;
    memset(&fx, 0, sizeof fx);
    *state = &fx;
    return 0;
}

static void drop(fixture *fx)
{
    ox_model_free(fx->m);
    ox_model_free(fx->copy);
    fx->m = fx->copy = NULL;
    ox__buf_clear(&fx->a);
    ox__buf_clear(&fx->b);
}

static int teardown(void **state)
{
    fixture *fx = *state;
    drop(fx);
    ox__buf_free(&fx->a);
    ox__buf_free(&fx->b);
    return 0;
}

static ox_status put(void *ud, const char *s, size_t n, ox_error *err)
{
    (void)err;
    ox__buf_add(ud, s, n);
    return OX_OK;
}

static void print(fixture *fx, const ox_model *m, ox_style style, ox__buf *to)
{
    ox_print_options opt = {.style = style, .raw = true, .full = true};
    ox_sink sink = {put, to};
    assert_ok(ox_graph_print(m, ox_model_main(m), &opt, &sink, &fx->err), &fx->err);
}

static void same(fixture *fx, ox_style style)
{
    print(fx, fx->m, style, &fx->a);
    print(fx, fx->copy, style, &fx->b);
    assert_true(fx->a.n > 0);
    assert_string_equal(fx->a.p, fx->b.p);
}

static void test_traces(void **state)
{
    fixture *fx = *state;
    static const char *const files[] = {
        "cnn.aten.graph.txt",           "embattn.aten.graph.txt",   "scriptcf.aten.graph.txt", "lstm.verbose.graph.txt",
        "embattn_fn.verbose.graph.txt", "script_kitchen.graph.txt", "eras/e1_2018.txt",        "cnn.inlined.graph.txt"};
    for (size_t i = 0; i < OX__COUNT(files); i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/traces/%s", OX_TESTS_DIR, files[i]);
        drop(fx);
        assert_ok(ox_open(&fx->m, path, NULL, NULL, NULL, &fx->err), &fx->err);
        assert_ok(ox__model_clone(&fx->copy, fx->m, ox_model_get_kind(fx->m), NULL, &fx->err), &fx->err);
        same(fx, OX_STYLE_TORCH);
        assert_int_equal(ox_model_n_nodes(fx->m), ox_model_n_nodes(fx->copy));
        assert_int_equal(ox_model_n_values(fx->m), ox_model_n_values(fx->copy));
        /* provenance, and an empty journal */
        ox_node from = ox_graph_first(fx->m, ox_model_main(fx->m)),
                to = ox_graph_first(fx->copy, ox_model_main(fx->copy));
        for (; from.id; from = ox_node_next(fx->m, from), to = ox_node_next(fx->copy, to))
            assert_int_equal(ox_node_origin(fx->copy, to), from.id);
        assert_false(ox_journal_is_open(fx->copy));
        assert_int_equal(ox_journal_n_undo(fx->copy), 0);
    }
}

static ox_str str(ox_model *m, const char *s)
{
    return ox_str_addz(m, s);
}

/* A model of what traces do not have: initializers, a function, metadata, dims with reasons, tensors of all kinds. */
static void make(fixture *fx)
{
    ox_error *e = &fx->err;
    assert_ok(ox_model_create(&fx->m, OX_MODEL_ONNX, e), e);
    ox_model *m = fx->m;
    ox_graph g = ox_model_main(m), f;
    assert_ok(ox_graph_set_name(m, g, str(m, "main"), e), e);
    assert_ok(ox_graph_set_doc(m, g, str(m, "a graph"), e), e);
    assert_ok(ox_model_set_ir_version(m, 10, e), e);
    assert_ok(ox_model_set_opset(m, str(m, ""), 17, e), e);
    assert_ok(ox_model_set_opset(m, str(m, "my"), 2, e), e);
    assert_ok(ox_model_set_metadata(m, str(m, "author"), str(m, "nobody"), e), e);
    ox_dim dims[3] = {
        ox_dim_symbol(m, str(m, "N")), ox_dim_unknown(m, "it is not said"),
        ox_dim_add(m, ox_dim_mul(m, ox_dim_const(m, 2), ox_dim_symbol(m, str(m, "N"))), ox_dim_const(m, 1))};
    ox_value x, w, y;
    ox_node n;
    assert_ok(ox_graph_add_input(m, &x, g, SIZE_MAX, str(m, "x"), ox_type_tensor(m, OX_FLOAT, 3, dims), e), e);
    float data[2] = {1, 2};
    int64_t two[1] = {2};
    ox_tensor t;
    assert_ok(ox_tensor_add_raw(m, &t, OX_FLOAT, 1, two, data, sizeof data, e), e);
    assert_ok(ox_graph_add_initializer(m, &w, g, str(m, "w"), t, e), e);
    assert_ok(ox_graph_list_input(m, g, w, e), e);
    ox_value in[3] = {x, {0}, w};
    assert_ok(ox_node_create(m, &n, g, (ox_node){0}, str(m, "my"), str(m, "Fn"), 3, in, 2, e), e);
    ox_str words[2] = {str(m, "a"), str(m, "b")};
    double floats[2] = {0.5, 2};
    ox_attr attrs[] = {{.name = str(m, "words"), .kind = OX_ATTR_STRINGS, .n = 2, .u.strings = words},
                       {.name = str(m, "floats"), .kind = OX_ATTR_FLOATS, .n = 2, .u.floats = floats},
                       {.name = str(m, "tensors"), .kind = OX_ATTR_TENSORS, .n = 1, .u.tensors = &t},
                       {.name = str(m, "type"), .kind = OX_ATTR_TYPE, .u.type = ox_type_tensor(m, OX_INT64, 3, dims)}};
    for (size_t i = 0; i < OX__COUNT(attrs); i++) assert_ok(ox_node_set_attr(m, n, &attrs[i], e), e);
    assert_ok(ox_node_set_metadata(m, n, str(m, "k"), str(m, "v"), e), e);
    assert_ok(ox_node_set_doc(m, n, str(m, "doc"), e), e);
    y = ox_node_output(m, n, 0);
    assert_ok(ox_value_set_name(m, y, str(m, "y"), e), e);
    assert_ok(ox_value_set_name(m, ox_node_output(m, n, 1), str(m, "z"), e), e);
    assert_ok(ox_value_set_type(m, y, ox_type_tensor(m, OX_FLOAT, 3, dims), e), e);
    assert_ok(ox_value_set_declared(m, y, true, e), e);
    assert_ok(ox_graph_add_output(m, g, SIZE_MAX, y, e), e);
    assert_ok(ox_graph_create(m, &f, OX_GRAPH_FUNCTION, str(m, "Fn"), e), e);
    ox_opset import = {str(m, ""), 17};
    ox_function_info info = {.domain = str(m, "my"),
                             .n_attrs = 1,
                             .attrs = words,
                             .n_defaults = 1,
                             .defaults = &attrs[1],
                             .n_opsets = 1,
                             .opsets = &import};
    assert_ok(ox_function_set(m, f, &info, e), e);
    ox_value p;
    assert_ok(ox_graph_add_input(m, &p, f, SIZE_MAX, str(m, "p"), (ox_type){0}, e), e);
    assert_ok(ox_node_create(m, &n, f, (ox_node){0}, str(m, ""), str(m, "Relu"), 1, &p, 1, e), e);
    ox_attr ref = {.name = str(m, "alpha"), .kind = OX_ATTR_FLOAT, .ref = words[0]};
    assert_ok(ox_node_set_attr(m, n, &ref, e), e);
    assert_ok(ox_graph_add_output(m, f, SIZE_MAX, ox_node_output(m, n, 0), e), e);
}

static void test_onnx_model(void **state)
{
    fixture *fx = *state;
    make(fx);
    assert_ok(ox__model_clone(&fx->copy, fx->m, OX_MODEL_ONNX, NULL, &fx->err), &fx->err);
    const ox_model *c = fx->copy;
    same(fx, OX_STYLE_SEED);
    assert_int_equal(ox_model_ir_version(c), 10);
    assert_int_equal(ox_model_opset(c, "my"), 2);
    const ox_pair *pairs;
    assert_int_equal(ox_model_metadata(c, &pairs), 1);
    assert_string_equal(ox_str_text(c, pairs[0].value, NULL), "nobody");
    ox_graph g = ox_model_main(c);
    assert_string_equal(ox_str_text(c, ox_graph_doc(c, g), NULL), "a graph");
    assert_int_equal(ox_graph_n_inputs(c, g), 2);
    assert_int_equal(ox_graph_n_initializers(c, g), 1);
    ox_value w = ox_graph_input(c, g, 1), y = ox_graph_output(c, g, 0);
    float data[2];
    assert_ok(ox_tensor_read(c, ox_value_tensor(c, w), 0, data, sizeof data, &fx->err), &fx->err);
    assert_true(data[1] == 2);
    assert_true(ox_value_is_declared(c, y));
    ox_type_info t = ox_type_get(c, ox_value_type(c, y));
    assert_string_equal(ox_str_text(c, ox_dim_name(c, t.dims[1]), NULL), "it is not said");
    ox_node n = ox_graph_first(c, g);
    assert_int_equal(ox_node_input(c, n, 1).id, 0);
    assert_string_equal(ox_str_text(c, ox_node_doc(c, n), NULL), "doc");
    assert_int_equal(ox_node_metadata(c, n, &pairs), 1);
    assert_int_equal(ox_node_attr(c, n, "words")->n, 2);
    assert_int_equal(ox_node_attr(c, n, "tensors")->n, 1);
    assert_int_equal(ox_model_n_functions(c), 1);
    ox_graph f = ox_model_function(c, 0);
    assert_string_equal(ox_str_text(c, ox_function_get(c, f).domain, NULL), "my");
    assert_true(ox_node_attr(c, ox_graph_first(c, f), "alpha")->ref.id != 0);
    /* nothing is shared */
    ox_model_free(fx->m);
    fx->m = NULL;
    assert_ok(ox_tensor_read(c, ox_value_tensor(c, w), 0, data, sizeof data, &fx->err), &fx->err);
}

static bool never(void *ud, const char *what, uint64_t done, uint64_t total)
{
    (void)ud, (void)what, (void)done, (void)total;
    return false;
}

static void test_failures(void **state)
{
    fixture *fx = *state;
    make(fx);
    ox_task task = {never, NULL};
    assert_fails(ox__model_clone(&fx->copy, fx->m, OX_MODEL_ONNX, &task, &fx->err), OX_E_INTERRUPTED, "interrupted",
                 &fx->err);
    ox_status s = OX_OK;
    uint64_t n = 0;
    for (bool reached = true; reached;) {
        ox_model *copy = NULL;
        ox__alloc_fail_at(++n, true);
        s = ox__model_clone(&copy, fx->m, OX_MODEL_ONNX, NULL, &fx->err);
        reached = ox__alloc_count() >= n;
        ox__alloc_fail_at(0, false);
        assert_true(s == OX_OK || s == OX_E_NOMEM);
        if (s == OX_E_NOMEM) assert_null(copy);
        ox_model_free(copy);
    }
    assert_int_equal(s, OX_OK);
    assert_true(n > 50);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_traces, setup, teardown),
        cmocka_unit_test_setup_teardown(test_onnx_model, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failures, setup, teardown),
    };
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
