/* Attribute-style ATen nodes of PyTorch 0.4 become nodes with positional arguments. */
#include "ox_text_test.h"

static tx x;

static int teardown(void **state)
{
    (void)state;
    tx_free(&x);
    return 0;
}

/* Opens `%o : Float(2) = LINE, scope: N` between three inputs, and finds the operator's node. */
static ox_node only(const char *line, const char *op)
{
    char text[1024];
    snprintf(
        text, sizeof text,
        "graph(%%0 : Float(2, 3)\n      %%1 : Float(2)\n      %%2 : Float(2)) {\n  %%3 : Float(2) = %s, scope: N/M[m]\n"
        "  return (%%3);\n}\n",
        line);
    assert_ok(tx_open(&x, text), &x.err);
    for (ox_node n = ox_graph_first(x.m, ox_model_main(x.m)); n.id; n = ox_node_next(x.m, n))
        if (ox_node_is(x.m, n, "aten", op)) return n;
    fail_msg("%s is not there", op);
    return (ox_node){0, 0};
}

/* The constant that input i of n is. */
static const ox_attr *arg(ox_node n, size_t i, ox_type_kind kind)
{
    ox_value v = ox_node_input(x.m, n, i);
    ox_node c = ox_value_node(x.m, v);
    assert_true(ox_node_is(x.m, c, "prim", "Constant"));
    assert_int_equal(ox_type_get(x.m, ox_value_type(x.m, v)).kind, kind);
    assert_int_equal(ox_node_scope(x.m, c).id, ox_node_scope(x.m, n).id);
    assert_true(ox_node_before(x.m, c, n));
    return ox_node_attr(x.m, c, "value");
}

static void convolution(void **state)
{
    (void)state;
    ox_node n =
        only("aten::_convolution[stride=[4, 4], padding=[2, 2], dilation=[1, 1], transposed=0, output_padding=[0, "
             "0], groups=1, benchmark=0, deterministic=0, cudnn_enabled=1](%0, %1, %2)",
             "_convolution");
    assert_int_equal(ox_node_n_inputs(x.m, n), 12);
    assert_string_equal(tx_str(&x, ox_value_name(x.m, ox_node_input(x.m, n, 2))), "2");
    const ox_attr *stride = arg(n, 3, OX_TYPE_LIST);
    assert_int_equal(stride->kind, OX_ATTR_INTS);
    assert_int_equal(stride->u.ints[0], 4);
    assert_int_equal(arg(n, 6, OX_TYPE_BOOL_SCALAR)->kind, OX_ATTR_BOOL);
    assert_int_equal(arg(n, 8, OX_TYPE_INT)->u.i, 1);
    assert_int_equal(arg(n, 11, OX_TYPE_BOOL_SCALAR)->u.i, 1);
    const ox_attr *attrs;
    assert_int_equal(ox_node_attrs(x.m, n, &attrs), 0);
    assert_int_equal(x.n_warnings, 0);
    assert_string_equal(tx_str(&x, ox_value_name(x.m, ox_node_input(x.m, n, 3))), "3.stride");
}

static void scalars(void **state)
{
    (void)state;
    ox_node n = only("aten::threshold[threshold={0}, value={0.5}](%0)", "threshold");
    assert_int_equal(ox_node_n_inputs(x.m, n), 3);
    assert_int_equal(arg(n, 1, OX_TYPE_NUMBER)->kind, OX_ATTR_INT);
    assert_true(arg(n, 2, OX_TYPE_NUMBER)->u.f == 0.5);
    n = only("aten::batch_norm[training=0, momentum=0.1, eps=1e-05, cudnn_enabled=1](%0, %1, %1, %2, %2)",
             "batch_norm");
    assert_int_equal(ox_node_n_inputs(x.m, n), 9);
    assert_true(arg(n, 6, OX_TYPE_FLOAT_SCALAR)->u.f == 0.1);
    n = only("aten::dropout[p=1, train=0](%0)", "dropout"); /* a float that was printed without a point */
    assert_int_equal(arg(n, 1, OX_TYPE_FLOAT_SCALAR)->kind, OX_ATTR_FLOAT);
    assert_int_equal(x.n_warnings, 0);
}

static void keyword_arguments(void **state)
{
    (void)state;
    ox_node n = only("aten::addmm[beta={1}, alpha={2}](%1, %0, %0)", "addmm");
    assert_int_equal(ox_node_n_inputs(x.m, n), 5);
    assert_int_equal(arg(n, 4, OX_TYPE_NUMBER)->u.i, 2);
    n = only("aten::expand[size=[2, 10], implicit=1](%1)", "expand");
    assert_int_equal(ox_node_n_inputs(x.m, n), 3);
}

static void loose_tensors(void **state)
{
    (void)state;
    ox_node n = only("aten::stack[dim=0](%0, %1, %2)", "stack");
    assert_int_equal(ox_node_n_inputs(x.m, n), 2);
    ox_node list = ox_value_node(x.m, ox_node_input(x.m, n, 0));
    assert_true(ox_node_is(x.m, list, "prim", "ListConstruct"));
    assert_int_equal(ox_node_n_inputs(x.m, list), 3);
    assert_int_equal(arg(n, 1, OX_TYPE_INT)->u.i, 0);
    n = only("aten::cat[dim=1](%0)", "cat");
    assert_int_equal(ox_node_n_inputs(x.m, ox_value_node(x.m, ox_node_input(x.m, n, 0))), 1);
}

static void an_empty_list_and_defaults(void **state)
{
    (void)state;
    ox_node n = only("aten::avg_pool2d[kernel_size=[7, 7], stride=[], padding=[0, 0], ceil_mode=0, "
                     "count_include_pad=1](%0)",
                     "avg_pool2d");
    assert_int_equal(ox_node_n_inputs(x.m, n), 6);
    assert_int_equal(arg(n, 2, OX_TYPE_LIST)->n, 0);
    /* an argument in front of one that is given takes its default */
    n = only("aten::softmax[dtype=6](%0, %1)", "softmax");
    assert_int_equal(ox_node_n_inputs(x.m, n), 3);
    n = only("aten::avg_pool2d[kernel_size=[7, 7], ceil_mode=1](%0)", "avg_pool2d");
    assert_int_equal(ox_node_n_inputs(x.m, n), 5);
    assert_int_equal(arg(n, 2, OX_TYPE_LIST)->n, 0);
    assert_int_equal(arg(n, 3, OX_TYPE_LIST)->kind, OX_ATTR_INTS);
    assert_int_equal(arg(n, 3, OX_TYPE_LIST)->n, 2);
}

static void strange_attributes(void **state)
{
    (void)state;
    ox_node n = only("aten::threshold[threshold={0}, value={0}, inplace=1](%0)", "threshold");
    assert_int_equal(ox_node_n_inputs(x.m, n), 3);
    assert_int_equal(ox_node_attr(x.m, n, "inplace")->kind, OX_ATTR_INT);
    assert_int_equal(x.n_warnings, 1);
    assert_non_null(strstr(x.warnings[0].msg, "no schema"));
    n = only("aten::relu[what=1, ever=\"a\"](%0)", "relu");
    assert_int_equal(ox_node_n_inputs(x.m, n), 1);
    assert_string_equal(tx_str(&x, ox_node_attr(x.m, n, "ever")->u.s), "a");
    assert_int_equal(x.n_warnings, 1);
    assert_non_null(strstr(x.warnings[0].msg, "could not be mapped"));
    n = only("aten::threshold[threshold={0}](%0)", "threshold"); /* one is missing */
    assert_int_equal(ox_node_n_inputs(x.m, n), 1);
    assert_non_null(ox_node_attr(x.m, n, "threshold"));
}

static void other_domains_keep_theirs(void **state)
{
    (void)state;
    assert_ok(tx_open(&x,
                      "graph(%x : Float(2)):\n  %y : Float(2) = onnx::Reshape[allowzero=0](%x, %x)\n"
                      "  %z : Float(2) = acme::warp[mode=1](%y)\n  %q : int = prim::foo[value=1]()\n  return (%z)\n"),
              &x.err);
    assert_int_equal(ox_graph_n_nodes(x.m, ox_model_main(x.m)), 3);
    assert_non_null(ox_node_attr(x.m, tx_main(&x, 0), "allowzero"));
    assert_non_null(ox_node_attr(x.m, tx_main(&x, 1), "mode"));
    assert_int_equal(x.n_warnings, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(convolution, teardown),
        cmocka_unit_test_teardown(scalars, teardown),
        cmocka_unit_test_teardown(keyword_arguments, teardown),
        cmocka_unit_test_teardown(loose_tensors, teardown),
        cmocka_unit_test_teardown(an_empty_list_and_defaults, teardown),
        cmocka_unit_test_teardown(strange_attributes, teardown),
        cmocka_unit_test_teardown(other_domains_keep_theirs, teardown),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
